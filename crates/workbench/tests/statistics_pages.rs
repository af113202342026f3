//! The pages `docs/stats/*.md`: every command on them runs and prints what the page shows.
//! `WRITE_PAGES=1 cargo test -p workbench --test statistics_pages` writes the output into the pages.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a page that does not run fails the test")]
#[path = "pages/hostile.rs"]
mod hostile;

use std::path::{Path, PathBuf};

use clap::Parser;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    stats: workbench::StatsArgs,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Words of a command line; quotes of either kind keep spaces.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut open) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                open = true;
            }
            (' ', None) => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            _ => {
                word.push(c);
                open = true;
            }
        }
    }
    if open {
        words.push(word);
    }
    words
}

fn output(command: &str) -> String {
    let mut program = Program::try_parse_from(words(command)).unwrap_or_else(|e| panic!("{command}: {e}"));
    program.stats.data = program.stats.data.map(|path| root().join(path));
    program.stats.folder = program.stats.folder.map(|path| root().join(path));
    let mut out = Vec::new();
    workbench::run(&program.stats, &mut out).unwrap_or_else(|e| panic!("{command}: {e}"));
    String::from_utf8(out).unwrap().trim_end().to_string()
}

#[test]
fn every_example_on_the_statistics_pages_prints_what_the_page_shows() {
    let write = std::env::var_os("WRITE_PAGES").is_some();
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs/stats"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    let mut examples = 0;
    let mut methods = std::collections::BTreeSet::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let mut fresh = String::new();
        let mut blocks = text.split("```console\n");
        fresh.push_str(blocks.next().unwrap());
        for block in blocks {
            let (body, after) = block.split_once("\n```").unwrap_or((block, ""));
            let (first, shown) = body.split_once('\n').unwrap_or((body, ""));
            match first.strip_prefix("$ shirube stats ") {
                None => fresh.push_str(&format!("```console\n{body}\n```{after}")),
                Some(_) => {
                    examples += 1;
                    let command = first.strip_prefix("$ shirube ").unwrap();
                    methods.insert(command.split(' ').nth(1).unwrap_or_default().to_string());
                    let got = output(command);
                    if !write {
                        assert_eq!(got, shown.trim_end(), "{}: {first}", page.display());
                    }
                    fresh.push_str(&format!("```console\n{first}\n{got}\n```{after}"));
                }
            }
        }
        if write && fresh != text {
            std::fs::write(&page, fresh).unwrap();
        }
    }
    assert!(examples > 0, "no example was found");
    for command in workbench::commands::commands() {
        assert!(methods.contains(command.name), "no page has an example of {}", command.name);
    }
}

#[test]
fn every_page_is_named_in_the_contents_and_every_link_leads_to_a_page() {
    let folder = root().join("docs/stats");
    let mut linked = std::collections::BTreeSet::new();
    for name in ["README.md", "coverage.md"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        for link in text.split("](").skip(1).filter_map(|part| part.split_once(')')).map(|part| part.0) {
            assert!(folder.join(link).exists(), "{name}: {link} is not there");
            linked.insert(link.to_string());
        }
    }
    for page in std::fs::read_dir(&folder).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && name != "README.md" {
            assert!(linked.contains(&name), "{name} is in no list of contents");
        }
    }
}
