//! Bad input: every mistake is told in its place, and nothing is half taken over.

use crate::*;
use ledger::{Head, Store};
use protocol::Diagnostic;

/// Codes and lines of what is told, in order; nothing may have been written.
fn told(csv: &[u8], map: &str) -> Vec<(String, usize)> {
    findings(csv, map).into_iter().map(|d| (d.code, d.place.map_or(0, |p| p.line))).collect()
}

fn findings(csv: &[u8], map: &str) -> Vec<Diagnostic> {
    let mut store = Memory::new();
    match take(csv, map, &mut store) {
        Err(ImportError::Wrong(found)) => {
            assert_eq!(store.head("INT0035").unwrap(), Head::GENESIS, "something was written");
            for d in &found {
                assert!(!d.message.ja.is_empty() && !d.message.en.is_empty() && d.message.ja != d.message.en);
            }
            found
        }
        other => panic!("{other:?}"),
    }
}

/// The file with a text replaced on one line (from 1).
fn with(csv: &str, line: usize, from: &str, to: &str) -> String {
    csv.lines()
        .enumerate()
        .map(|(n, l)| {
            if n + 1 != line {
                return format!("{l}\n");
            }
            assert!(l.contains(from), "line {line}: {l}");
            format!("{}\n", l.replacen(from, to, 1))
        })
        .collect()
}

fn codes(found: &[(String, usize)]) -> Vec<(&str, usize)> {
    found.iter().map(|(c, l)| (c.as_str(), *l)).collect()
}

#[test]
fn wrong_types_codes_dates_and_kinds_of_rows_are_told_with_row_and_column() {
    let csv = few(4);
    for (line, from, to, code) in [
        (2, ",5,1,2,3,0,1,1521,2", ",five,1,2,3,0,1,1521,2", "X406"),
        (6, "\"Obs\"", "\"Placebo\"", "X406"),
        (3, "968,1", "968.5,1", "X409"),
        (3, "968,1", ",1", "X409"),
        (3, "968,1", "-99999999,1", "X409"),
        (3, "968,1", "968,3", "X402"),
        (2, "1,1,\"Lev", ",1,\"Lev", "X401"),
    ] {
        let found = told(with(&csv, line, from, to).as_bytes(), &map());
        assert!(
            found.iter().any(|(c, l)| c == code && (*l == line || *l == line + 1)),
            "{from} {to}: {found:?}"
        );
    }
    // The same in both rows of the participant: then it is the value that is wrong, told once.
    let both = |from: &str, to: &str| with(&with(&csv, 2, from, to), 3, from, to);
    assert_eq!(codes(&told(both(",43,", ",forty,").as_bytes(), &map())), [("X411", 2)]);
    assert_eq!(codes(&told(both(",43,", ",43.0,").as_bytes(), &map())), [("X411", 2)]);
    assert_eq!(codes(&told(both(",43,", ", 43,").as_bytes(), &map())), [("X411", 2)]);
    assert_eq!(codes(&told(both(",43,", ",,").as_bytes(), &map())), [("X411", 2)]);
    assert_eq!(codes(&told(both("Lev+5FU", "Lev+6FU").as_bytes(), &map())), [("X408", 2)]);
    let found = findings(both(",43,", ",forty,").as_bytes(), &map());
    let place = found[0].place.as_ref().unwrap();
    assert_eq!((place.file.as_str(), place.column, place.width), ("colon.csv", 17, 5));
    assert!(place.excerpt.starts_with("1,1,\"Lev+5FU\",1,forty,"));
}

#[test]
fn every_mistake_is_told_not_the_first_only() {
    let mut csv = few(6);
    for (line, from, to) in [(3, "968,1", "?,1"), (5, "3087,1", "x,1"), (7, ",2\n", ",2\n")] {
        csv = if line == 7 { csv } else { with(&csv, line, from, to) };
    }
    csv = with(&csv, 8, ",2", ",9");
    let found = told(csv.as_bytes(), &map());
    let lines: Vec<usize> = found.iter().map(|f| f.1).collect();
    assert!([3, 5, 8].iter().all(|l| lines.contains(l)), "{found:?}");
    assert!(found.is_sorted_by_key(|f| f.1), "{found:?}");
}

#[test]
fn a_participant_with_a_row_too_many_or_too_few_is_told() {
    let csv = few(3);
    let doubled = format!("{csv}{}\n", csv.lines().nth(2).unwrap());
    assert_eq!(codes(&told(doubled.as_bytes(), &map())), [("X404", 8)]);
    let short: String = csv.lines().take(6).map(|l| format!("{l}\n")).collect();
    assert_eq!(codes(&told(short.as_bytes(), &map())), [("X403", 6)]);
}

#[test]
fn a_map_that_loses_a_column_or_names_one_that_is_not_there_is_refused() {
    let csv = few(2);
    let more: String = csv
        .lines()
        .enumerate()
        .map(|(n, l)| format!("{l},{}\n", if n == 0 { "\"site\"" } else { "7" }))
        .collect();
    assert_eq!(codes(&told(more.as_bytes(), &map())), [("X326", 1)]);
    let renamed = csv.replacen("\"age\"", "\"Age\"", 1);
    let found = told(renamed.as_bytes(), &map());
    assert!(found.iter().any(|f| f.0 == "X323") && found.iter().any(|f| f.0 == "X326"), "{found:?}");
    let twice = csv.replacen("\"sex\"", "\"age\"", 1);
    assert_eq!(codes(&told(twice.as_bytes(), &map())), [("X203", 1)]);
    let both = map().replace("ignore:\n", "ignore:\n  age: { ja: 使わない, en: Not used }\n");
    assert!(told(csv.as_bytes(), &both).iter().any(|f| f.0 == "X324"));
}

#[test]
fn encodings_are_declared_and_never_guessed() {
    let csv = few(2);
    // Japanese for "observation" as Shift_JIS, and an e with an accent as Latin-1.
    for (bytes, guess) in [(&b"\x8a\xcf\x8e@"[..], "shift_jis"), (&b"caf\xe9"[..], "windows-1252")] {
        let mut raw = csv.replacen("\"Lev+5FU\"", "@", 1).into_bytes();
        let at = raw.iter().position(|b| *b == b'@').unwrap();
        raw.splice(at..=at, bytes.iter().copied());
        let found = findings(&raw, &map());
        assert_eq!((found[0].code.as_str(), found[0].place.as_ref().unwrap().line), ("X105", 2));
        assert!(found[0].hint.as_ref().unwrap().en.contains(guess), "{:?}", found[0].hint);
        // Declared, the bytes are text; then it is the code that the map does not know.
        let declared = map().replace("encoding: utf-8", &format!("encoding: {guess}"));
        assert!(told(&raw, &declared).iter().all(|f| f.0 != "X105"));
    }
    let marked = [b"\xef\xbb\xbf", csv.as_bytes()].concat();
    let done = take(&marked, &map(), &mut Memory::new()).unwrap();
    assert_eq!(done.warnings.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["X104"]);
    let wide: Vec<u8> = csv.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(codes(&told(&wide, &map())), [("X102", 1)]);
    let damaged = csv.replacen("Lev+5FU", "L\u{fffd}v", 1);
    assert_eq!(codes(&told(damaged.as_bytes(), &map())), [("X106", 2)]);
    // Declared as something that it is not.
    let utf8 = csv.replacen("Lev+5FU", "観察", 1);
    let declared = map().replace("encoding: utf-8", "encoding: shift_jis");
    assert_eq!(codes(&told(utf8.as_bytes(), &declared)), [("X103", 1)]);
}

#[test]
fn what_the_law_refuses_is_told_at_the_row_it_came_from() {
    // Nobody is registered whose eligibility cannot be told.
    let csv = few(2);
    let both = with(&with(&csv, 2, ",3,0,1,1521", ",3,NA,1,1521"), 3, ",3,0,1,968", ",3,NA,1,968");
    let found = findings(both.as_bytes(), &map());
    assert_eq!((found[0].code.as_str(), found[0].place.as_ref().unwrap().line), ("X501", 2));
    assert!(found[0].message.en.contains("cannot be told"), "{:?}", found[0].message);
}

#[test]
fn mistakes_of_the_map_are_told_in_the_map() {
    let csv = few(2);
    for (from, to, code) in [
        ("study: INT0035", "study: OTHER", "X301"),
        ("role: statistician", "role: investigator", "X302"),
        ("by: import", "by: stat", "X304"),
        ("2026-11-20T00:00:00Z", "yesterday", "X303"),
        ("Lev+5FU: lev_5fu", "Lev+5FU: lev5fu", "X302"),
        ("'1': well", "'1': excellent", "X318"),
        ("unit: a }", "unit: mo }", "X321"),
        ("{ column: age, unit: a }", "{ column: age }", "X320"),
        ("{ column: nodes }", "{ column: nodes, unit: mm }", "X322"),
        ("      age: {", "      aged: {", "X302"),
        ("rows: death\n", "rows: deaths\n", "X302"),
        ("form: survival", "form: survive", "X302"),
        ("      randomised_on: { day_zero: true }\n", "", "X315"),
        ("nodes: { column: nodes }", "nodes: { column: nodes, constant: 3 }", "X316"),
        ("    arm: { column: rx, codes: { Obs: obs, Lev: lev, Lev+5FU: lev_5fu } }\n", "", "X309"),
        ("nodes: { column: nodes }", "nodes: { column: nodes, days_after_day_zero: true }", "X319"),
        ("file:\n", "file:\n  sha256: abc\n", "X107"),
    ] {
        let broken = map().replacen(from, to, 1);
        assert_ne!(broken, map(), "{from}");
        let found = findings(csv.as_bytes(), &broken);
        let hit = found.iter().find(|d| d.code == code);
        let hit = hit.unwrap_or_else(|| {
            panic!("{from} -> {to}: {}", protocol::render(&found, words::Lang::En, false))
        });
        assert_eq!(hit.place.as_ref().unwrap().file, "map.yaml");
    }
    // A key that the map does not have is told by the reader of YAML.
    let found = findings(csv.as_bytes(), &map().replace("participant:", "patient:"));
    assert!(found.iter().all(|d| d.code.starts_with('P')), "{found:?}");
    // One date for everybody is made up and must say so.
    let silent: String = {
        let map = map();
        let start = map.find("  constructed:").unwrap();
        let end = map.find("\nparticipant:").unwrap();
        format!("{}{}", &map[..start], &map[end..])
    };
    assert!(told(csv.as_bytes(), &silent).iter().any(|f| f.0 == "X306"));
}
