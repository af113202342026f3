//! The commands of the pages on spoiled files: an answer without a silent gap, or a sentence that says what is wrong.
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Parser;

use super::{Program, root, words};

type Cells = Vec<Vec<String>>;

/// The commands of the pages that read a file.
fn examples() -> Vec<String> {
    let mut pages: Vec<_> =
        std::fs::read_dir(root().join("docs/stats")).unwrap().map(|e| e.unwrap().path()).collect();
    pages.sort();
    let text: String =
        pages.iter().filter(|p| p.is_file()).map(|p| std::fs::read_to_string(p).unwrap()).collect();
    text.lines()
        .filter_map(|l| l.strip_prefix("$ shirube "))
        .filter(|l| l.starts_with("stats "))
        .map(str::to_string)
        .collect()
}

fn read(path: &std::path::Path, rows: usize) -> Cells {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(path).unwrap();
    reader.records().take(rows).map(|r| r.unwrap().iter().map(str::to_string).collect()).collect()
}

fn written(cells: &Cells) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    cells.iter().for_each(|r| out.write_record(r).unwrap());
    out.into_inner().unwrap()
}

/// What was done, and the file.
type Spoilt = (String, Vec<u8>);

/// What a cell of a column becomes, by row.
type Spoil = fn(usize, &str) -> String;

const SPOILT: &[(&str, Spoil)] = &[
    ("constant", |_, _| "3".into()),
    ("zero", |_, _| "0".into()),
    ("one", |_, _| "1".into()),
    ("missing", |_, _| String::new()),
    ("half missing", |r, c| if r % 2 == 0 { "NA".into() } else { c.into() }),
    ("enormous", |_, _| "1e300".into()),
    ("enormous and tiny", |r, _| if r % 2 == 0 { "1e300".into() } else { "1e-300".into() }),
    ("far apart", |r, c| if r % 5 == 0 { "-1e155".into() } else { c.into() }),
    ("infinite", |r, c| if r % 3 == 0 { "Inf".into() } else { c.into() }),
    ("not a number", |r, c| if r % 3 == 0 { "NaN".into() } else { c.into() }),
    ("negative", |r, _| format!("-{r}")),
    ("different", |r, _| format!("{}", r as f64 + 0.5)),
    ("two values", |r, _| format!("{}", r % 2)),
    ("first only", |r, _| format!("{}", u8::from(r == 1))),
    ("Japanese", |r, _| ["治療群", "対照群, \"併用\""][r % 2].into()),
    ("one label", |_, _| "あ".into()),
    ("spaces", |r, c| if r % 2 == 0 { "  ".into() } else { c.into() }),
];

/// Whole files.
fn files(cells: &Cells) -> Vec<Spoilt> {
    let mut out: Vec<Spoilt> = vec![
        ("empty".into(), Vec::new()),
        ("blank lines".into(), b"\n\n\n".to_vec()),
        ("not text".into(), vec![0xff, 0xfe, 0, 1, b'\n', 0x80]),
        ("nul".into(), b"time,event\n\0,\0\n".to_vec()),
    ];
    for n in [1, 2, 3, 4, 6] {
        out.push((format!("{} rows", n - 1), written(&cells[..n].to_vec())));
    }
    let same: Cells =
        std::iter::once(cells[0].clone()).chain(std::iter::repeat_n(cells[1].clone(), 9)).collect();
    out.push(("equal rows".into(), written(&same)));
    let mut twice = cells.clone();
    twice.iter_mut().for_each(|r| r.push(r[0].clone()));
    out.push(("a header twice".into(), written(&twice)));
    let mut ragged = cells.clone();
    ragged[2].pop();
    out.push(("a short row".into(), written(&ragged)));
    out.push((
        "semicolons".into(),
        written(cells).into_iter().map(|b| if b == b',' { b';' } else { b }).collect(),
    ));
    let named: Cells = cells
        .iter()
        .enumerate()
        .map(|(k, r)| if k == 0 { r.iter().map(|h| format!("{h}の値")).collect() } else { r.clone() })
        .collect();
    out.push(("other headers".into(), written(&named)));
    for (j, header) in cells[0].iter().enumerate() {
        for (what, spoil) in SPOILT {
            let mut changed = cells.clone();
            changed.iter_mut().enumerate().skip(1).for_each(|(r, row)| row[j] = spoil(r, &row[j]));
            out.push((format!("{header}: {what}"), written(&changed)));
        }
    }
    for (what, spoil) in SPOILT {
        let mut changed = cells.clone();
        changed
            .iter_mut()
            .enumerate()
            .skip(1)
            .for_each(|(r, row)| row.iter_mut().for_each(|c| *c = spoil(r, c)));
        out.push((format!("every column: {what}"), written(&changed)));
    }
    out
}

fn run(command: &str, path: &std::path::Path, format: &str) -> Result<Result<String, String>, String> {
    let mut program = Program::try_parse_from(words(command)).unwrap();
    program.stats.data = Some(path.to_path_buf());
    program.stats.format = format.into();
    if let Some(k) = program.stats.set.iter().position(|s| s.starts_with("replicates=")) {
        program.stats.set[k] = "replicates=50".into();
    }
    catch_unwind(AssertUnwindSafe(|| {
        let mut out = Vec::new();
        workbench::run(&program.stats, &mut out)
            .map(|()| String::from_utf8(out).unwrap())
            .map_err(|e| e.to_string())
    }))
    .map_err(|p| {
        p.downcast_ref::<String>()
            .cloned()
            .or(p.downcast_ref::<&str>().map(|s| s.to_string()))
            .unwrap_or_default()
    })
}

/// What is wrong with an outcome.
fn fault(outcome: &Result<Result<String, String>, String>, format: &str, label: bool) -> Option<String> {
    match outcome {
        Err(panic) => Some(format!("panic: {panic}")),
        Ok(Err(refusal)) => {
            (refusal.len() < 12 || refusal.contains("= NaN")).then(|| format!("refusal: {refusal}"))
        }
        Ok(Ok(text)) => {
            // A group may be called NaN; a number may not.
            let gap = text.contains("no number exists") || format == "text" && !label && text.contains("NaN");
            let read = format == "text"
                || serde_json::from_str::<Vec<serde_json::Value>>(text).is_ok_and(|r| !r.is_empty());
            (gap || !read || text.is_empty()).then(|| {
                text.lines()
                    .filter(|l| l.contains("NaN") || l.contains("no number") || l.contains("null"))
                    .collect::<Vec<_>>()
                    .join(" | ")
            })
        }
    }
}

#[test]
fn every_method_answers_on_spoiled_files_or_says_what_is_wrong_with_them() {
    let only = std::env::var("HOSTILE_ONLY").ok();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spoilt.csv");
    let (mut faults, mut tried, mut answered) = (Vec::new(), 0, 0);
    let mut seen = std::collections::BTreeSet::new();
    std::panic::set_hook(Box::new(|_| {}));
    for command in examples() {
        let parsed = Program::try_parse_from(words(&command)).unwrap().stats;
        let method = parsed.method.clone();
        if only.as_ref().is_some_and(|o| *o != method) {
            continue;
        }
        let Some(data) = &parsed.data else { continue };
        // The first page of each method is enough by default.
        if !seen.insert(method) && only.is_none() {
            continue;
        }
        let cells = read(&root().join(data), 31);
        let used: Vec<bool> =
            cells[0].iter().map(|h| words(&command).iter().any(|w| w.contains(h.as_str()))).collect();
        for (what, bytes) in files(&cells) {
            if let Some(j) = cells[0].iter().position(|h| what.starts_with(&format!("{h}: ")))
                && !used[j]
            {
                continue;
            }
            std::fs::write(&path, &bytes).unwrap();
            for format in if what.contains(": ") { &["json"][..] } else { &["json", "text"] } {
                tried += 1;
                let outcome = run(&command, &path, format);
                answered += usize::from(matches!(outcome, Ok(Ok(_))));
                if let Some(fault) = fault(&outcome, format, what.ends_with("not a number")) {
                    faults.push(format!("{command}\n    {what}, {format}: {fault}"));
                }
            }
        }
    }
    drop(std::panic::take_hook());
    assert!(faults.is_empty(), "{} of {tried} ({answered} answered):\n{}", faults.len(), faults.join("\n"));
    assert!(only.is_some() || tried > 2000 && answered > 400, "{tried} tried, {answered} answered");
}

#[test]
fn a_byte_order_mark_line_ends_of_windows_and_quotes_change_nothing() {
    let command = "stats km --data x --time 時間 --event 死亡 --group 群";
    let plain = "時間,死亡,群\n1,1,A群\n2,0,\"B群\"\n3,1,A群\n4,1,B群\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let answer = |text: &str| {
        std::fs::write(&path, text).unwrap();
        run(command, &path, "json").unwrap().unwrap()
    };
    let expected = answer(plain);
    assert!(expected.contains("B群"));
    assert_eq!(answer(&format!("\u{feff}{plain}")), expected);
    assert_eq!(answer(&plain.replace('\n', "\r\n")), expected);
    assert_eq!(
        answer(&format!("\u{feff}{}", plain.replace("時間,死亡", "\"時間\",\"死亡\"").replace('\n', "\r\n"))),
        expected
    );
    assert_eq!(answer(plain.trim_end()), expected);
}
