//! Whatever is written into a study's files, loading answers and does not panic.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use proptest::prelude::*;
use protocol::{Compiled, load_texts, render};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use words::Lang;

static SOUND: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sound");
    let names = [
        "protocol.yaml",
        "test-patients.yaml",
        "forms/screening.yaml",
        "forms/entry.yaml",
        "forms/check_up.yaml",
    ];
    names
        .iter()
        .map(|name| ((*name).to_owned(), std::fs::read_to_string(folder.join(name)).unwrap()))
        .collect()
});

/// One thing that a hand may do to a file.
#[derive(Clone, Debug)]
enum Slip {
    DeleteLine(usize),
    DoubleLine(usize),
    SwapLines(usize, usize),
    Indent(usize, usize),
    /// The value of one line in another.
    MoveValue(usize, usize),
    Replace(usize, String),
    Insert(usize, String),
    Cut(usize),
}

fn slip() -> impl Strategy<Value = Slip> {
    let n = 0..2000usize;
    let text = prop_oneof![
        "[-:,{}\\[\\]'\"|>&*!%#?@` \\t\\n]{1,3}",
        "[０-９：　「」a-zA-Z_<>=.0-9]{1,6}",
        Just("~".to_owned()),
        Just("null".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("9000 years".to_owned()),
        Just("0 days".to_owned()),
        Just("(((((((((((((((((((((((((((((((((((((((".to_owned()),
        "\\PC{1,5}",
    ];
    prop_oneof![
        n.clone().prop_map(Slip::DeleteLine),
        n.clone().prop_map(Slip::DoubleLine),
        (n.clone(), n.clone()).prop_map(|(a, b)| Slip::SwapLines(a, b)),
        (n.clone(), 0..8usize).prop_map(|(a, b)| Slip::Indent(a, b)),
        (n.clone(), n.clone()).prop_map(|(a, b)| Slip::MoveValue(a, b)),
        (n.clone(), text.clone()).prop_map(|(a, t)| Slip::Replace(a, t)),
        (n.clone(), text).prop_map(|(a, t)| Slip::Insert(a, t)),
        n.prop_map(Slip::Cut),
    ]
}

fn apply(text: &str, slip: &Slip) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    let value = |line: &str| line.split_once(": ").map(|(_, v)| v.to_owned());
    let write =
        |line: &str, v: &str| line.split_once(": ").map_or(line.to_owned(), |(k, _)| format!("{k}: {v}"));
    match slip {
        _ if lines.is_empty() => {}
        Slip::DeleteLine(a) => {
            lines.remove(a % count);
        }
        Slip::DoubleLine(a) => lines.insert(a % count, lines[a % count].clone()),
        Slip::SwapLines(a, b) => lines.swap(a % count, b % count),
        Slip::Indent(a, n) => {
            lines[a % count] = format!("{}{}", " ".repeat(*n), lines[a % count].trim_start())
        }
        Slip::MoveValue(a, b) => {
            if let Some(v) = value(&lines[b % count]) {
                lines[a % count] = write(&lines[a % count], &v);
            }
        }
        Slip::Replace(a, t) => lines[a % count] = write(&lines[a % count], t),
        Slip::Insert(a, t) => {
            let mut chars: Vec<char> = text.chars().collect();
            let at = (a * 7) % (chars.len() + 1);
            chars.splice(at..at, t.chars());
            return chars.into_iter().collect();
        }
        Slip::Cut(a) => lines.truncate(a % count),
    }
    lines.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_slip_of_the_hand_is_told_in_a_line_that_exists(
        slips in prop::collection::vec((0..5usize, slip()), 1..4)
    ) {
        let mut texts = SOUND.clone();
        for (file, slip) in &slips {
            if let Some(text) = texts.values_mut().nth(*file) {
                *text = apply(text, slip);
            }
        }
        match load_texts(texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes()))) {
            Err(found) => {
                prop_assert!(found.iter().any(|d| d.is_error()));
                for place in found.iter().filter_map(|d| d.place.as_ref()) {
                    let lines = texts.get(&place.file).map_or(0, |text| text.matches('\n').count() + 1);
                    prop_assert!((1..=lines).contains(&place.line), "{place:?}");
                    prop_assert!(place.column >= 1 && place.width >= 1);
                }
                for lang in Lang::ALL {
                    prop_assert!(!render(&found, lang, false).is_empty());
                }
            }
            // What loads is what the ledger can read back.
            Ok(loaded) => {
                let again = Compiled::from_canonical(&loaded.canonical).unwrap();
                prop_assert_eq!(&again.protocol, &loaded.compiled.protocol);
            }
        }
    }

    #[test]
    fn any_bytes_are_told_as_no_protocol(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load_texts([("protocol.yaml", &bytes[..])]).is_err());
        prop_assert!(Compiled::from_canonical(&bytes).is_err());
    }
}

#[test]
fn deep_nesting_and_long_files_are_refused_in_time() {
    let deep = "[".repeat(100_000);
    let long = format!("study: {}\n", "x".repeat(1_000_000));
    let keys: String = (0..100_000).map(|i| format!("k{i}: 1\n")).collect();
    let one_line: String =
        format!("{{ {} }}", (0..100_000).map(|i| format!("k{i}: 1, ")).collect::<String>());
    for text in [deep, long, keys, one_line] {
        let found = load_texts([("protocol.yaml", text.as_bytes())]).unwrap_err();
        assert!(found.len() <= 220, "{}", found.len());
        assert!(render(&found, Lang::Ja, true).len() < 400_000);
    }
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_read() {
    let texts: Vec<(String, String)> =
        SOUND.iter().map(|(n, t)| (n.clone(), format!("\u{feff}{}", t.replace('\n', "\r\n")))).collect();
    let plain = load_texts(SOUND.iter().map(|(n, t)| (n.as_str(), t.as_bytes()))).unwrap();
    let loaded = load_texts(texts.iter().map(|(n, t)| (n.as_str(), t.as_bytes()))).unwrap();
    assert_eq!(loaded.hash, plain.hash);
}
