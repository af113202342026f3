//! The examples of `docs/protocol.md` work as they stand.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use protocol::{load_texts, render};
use std::collections::BTreeMap;
use std::path::Path;
use words::Lang;

/// Fenced blocks ```` ```yaml study/file ```` by study, then by file.
fn examples(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut out: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for block in text.split("\n```yaml ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let (study, file) = name.split_once('/').unwrap();
        let body = rest.split("\n```").next().unwrap();
        out.entry(study.into()).or_default().insert(file.into(), format!("{body}\n"));
    }
    out
}

#[test]
fn the_examples_of_the_manual_load_without_findings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let studies = examples(&std::fs::read_to_string(path).unwrap());
    assert_eq!(studies.keys().collect::<Vec<_>>(), ["first", "second"]);
    for (study, files) in studies {
        let found = match load_texts(files.iter().map(|(name, text)| (name.as_str(), text.as_bytes()))) {
            Ok(loaded) => loaded.warnings,
            Err(found) => found,
        };
        assert!(found.is_empty(), "{study}\n{}", render(&found, Lang::En, false));
    }
}
