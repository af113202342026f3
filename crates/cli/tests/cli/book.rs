//! The book's console blocks run, page by page, and print what the page shows. (The pages on statistics have a test of
//! their own, which writes their blocks.)

use super::root;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// A command as the page has it, and what the page shows below it.
struct Block {
    line: usize,
    command: String,
    shown: Vec<String>,
}

/// Commands begin with `$ `; a line that ends in `\` goes on.
fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    let mut goes_on = false;
    for (at, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            (inside, goes_on) = (line == "```console", false);
            continue;
        }
        let begun = line.strip_prefix("$ ");
        match (inside, begun, found.last_mut()) {
            (true, Some(command), _) => {
                found.push(Block { line: at + 1, command: command.to_owned(), shown: Vec::new() });
            }
            (true, None, Some(block)) if goes_on => write!(block.command, "\n{line}").unwrap(),
            (true, None, Some(block)) => block.shown.push(line.to_owned()),
            _ => {}
        }
        goes_on = inside && line.ends_with('\\');
    }
    found
}

/// Whether a line printed is the line shown: spaces count once, `…` stands for anything.
fn is(printed: &str, shown: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (printed, shown) = (words(printed), words(shown));
    let mut parts = shown.split('…');
    let Some(mut rest) = printed.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || shown.ends_with('…')
}

/// The first line shown that is not among those printed, in their order.
fn absent<'s>(printed: &str, shown: &'s [String]) -> Option<&'s String> {
    let mut lines = printed.lines();
    shown.iter().filter(|s| !s.trim().is_empty()).find(|s| !lines.any(|line| is(line, s)))
}

/// Runs a page's commands one after the other in a folder of its own, in which the repository's folders can be named.
fn run(page: &Path) -> (usize, Vec<String>) {
    let own = tempfile::tempdir().unwrap();
    for folder in ["studies", "knowledge", "crates", "docs"] {
        std::os::unix::fs::symlink(root().join(folder).canonicalize().unwrap(), own.path().join(folder))
            .unwrap();
    }
    let programs = Path::new(env!("CARGO_BIN_EXE_shirube")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let (mut count, mut wrong) = (0, Vec::new());
    for block in blocks(&std::fs::read_to_string(page).unwrap()) {
        // Typst is built apart: without it, pages on PDF are run by the step that has it.
        if block.command.contains(".pdf") && std::env::var_os("SHIRUBE_TYPESET").is_none() {
            continue;
        }
        count += 1;
        let out = Command::new("bash")
            .args(["-c", &format!("{} 2>&1", block.command)])
            .current_dir(own.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&out.stdout);
        let place = format!("{}:{}: {}", page.display(), block.line, block.command);
        if !out.status.success() {
            wrong.push(format!("{place}\n{} {printed}", out.status));
        } else if let Some(line) = absent(&printed, &block.shown) {
            wrong.push(format!("{place}\ndoes not print, at its place,\n{line}\nbut\n{printed}"));
        }
    }
    (count, wrong)
}

#[test]
fn the_book_runs_and_prints_what_its_pages_show() {
    let (mut count, mut wrong) = (0, Vec::new());
    for page in std::fs::read_dir(root().join("docs")).unwrap() {
        let page = page.unwrap().path();
        if page.extension().is_some_and(|e| e == "md") {
            let (ran, faults) = run(&page);
            count += ran;
            wrong.extend(faults);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count >= 8, "only {count} commands were found");
}

#[test]
fn a_line_shown_is_found_only_as_it_was_printed_and_in_its_order() {
    let printed = "one  line\nhead 12 of 3f9a\n";
    let shown = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert!(absent(printed, &shown(&["one line", "head … of 3f…"])).is_none());
    assert!(absent(printed, &shown(&["head 12 of 3f9a", "one line"])).is_some());
    assert!(absent(printed, &shown(&["head 12 of 3f9"])).is_some());
    assert!(absent(printed, &shown(&["one"])).is_some());
    let page = "text\n\n```console\n$ a \\\n  b\nshown\n$ c\n```\n\n```text\n$ not run\n```\n";
    let found = blocks(page);
    assert_eq!(found.iter().map(|b| b.command.as_str()).collect::<Vec<_>>(), ["a \\\n  b", "c"]);
    assert_eq!(found[0].shown, ["shown"]);
}
