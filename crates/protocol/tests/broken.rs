//! A folder of broken protocols: what is told of each is a snapshot, in both languages.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use protocol::{Diagnostic, load, render};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use words::Lang;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<_> = std::fs::read_dir(folder("broken")).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    cases
}

fn found(case: &Path) -> Vec<Diagnostic> {
    match load(case) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    }
}

#[test]
fn the_sound_protocol_from_which_the_broken_ones_differ_has_no_finding() {
    assert_eq!(found(&folder("sound")), vec![]);
}

#[test]
fn every_broken_protocol_is_told_with_place_expectation_and_hint() {
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let found = found(&case);
        assert!(!found.is_empty(), "{name} has no finding");
        assert_eq!(load(&case).is_ok(), name.starts_with("warnings_"), "{name}");
        let text = Lang::ALL.map(|lang| render(&found, lang, false)).join("\n");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn every_finding_speaks_both_languages_and_ends_its_sentences() {
    for d in cases().iter().flat_map(|case| found(case)) {
        let texts = [Some(&d.message), d.expected.as_ref(), d.hint.as_ref()];
        for text in texts.into_iter().flatten() {
            assert!(text.ja.chars().any(|c| c > '\u{3000}'), "not Japanese: {text:?}");
            assert!(!text.en.is_empty() && !text.en.chars().any(|c| ('ぁ'..='ん').contains(&c)), "{text:?}");
        }
    }
}

/// Codes of findings that no broken folder can show.
const NOT_BY_A_FOLDER: [&str; 5] = [
    "P0108", // a file of more than 8 MB
    "P0199", // more than 200 errors
    "P0299", // a gap between schema and model
    "P0322", // stored bytes with a step whose form is missing
    "P0320", // an id that passed the check and is no name for a rule
];

#[test]
fn every_code_is_shown_by_a_broken_protocol() {
    let shown: BTreeSet<String> = cases().iter().flat_map(|case| found(case)).map(|d| d.code).collect();
    let mut sources = vec![folder("../src")];
    let mut missing = BTreeSet::new();
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            sources.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
            continue;
        }
        for code in
            std::fs::read_to_string(&path).unwrap().split('"').filter(|s| s.len() == 5 && s.starts_with("P0"))
        {
            let known = shown.contains(code) || NOT_BY_A_FOLDER.contains(&code) || code == "P0000";
            if code[1..].bytes().all(|b| b.is_ascii_digit()) && !known {
                missing.insert(code.to_owned());
            }
        }
    }
    assert_eq!(missing, BTreeSet::new(), "codes without a broken protocol");
}
