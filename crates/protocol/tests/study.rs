//! The studies of this repository load as they are.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use protocol::{Compiled, Expected, Loaded, load, load_texts, read_yaml};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn jcog1017() -> Loaded {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../studies/jcog1017");
    load(&folder).map_err(|found| protocol::render(&found, words::Lang::En, false)).unwrap()
}

#[test]
fn jcog1017_loads_without_errors_and_without_warnings() {
    assert_eq!(jcog1017().warnings, vec![]);
}

#[test]
fn the_canonical_json_gives_the_same_protocol_with_the_same_hash() {
    let loaded = jcog1017();
    let again = Compiled::from_canonical(&loaded.canonical).unwrap();
    assert_eq!(again.protocol, loaded.compiled.protocol);
    assert_eq!(again.hash, loaded.hash);
    assert_eq!(protocol::canonical(&again.protocol), loaded.canonical);
}

#[test]
fn the_canonical_json_leaves_out_what_only_repeats_a_default() {
    let text = String::from_utf8(jcog1017().canonical).unwrap();
    for default in ["null", ":[]", ":{}", "\"partial\":false", "\"per_version\":true", "\"weight\":1"] {
        assert!(!text.contains(default), "{default}");
    }
}

#[test]
fn bytes_that_are_no_protocol_are_refused() {
    for bytes in [&b""[..], b"{}", b"null", b"{\"study\":1}", b"\xff"] {
        assert!(Compiled::from_canonical(bytes).is_err());
    }
}

#[test]
fn every_criterion_of_jcog1017_has_a_test_patient_who_fails_it_alone() {
    let protocol = jcog1017().compiled.protocol.clone();
    let criteria =
        |step: &str| protocol.steps[step].criteria.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
    let expected = |step: &str| {
        let step = step.to_owned();
        protocol.test_patients.values().filter_map(move |p| p.expect.get(&step)).collect::<Vec<_>>()
    };
    for step in ["first_registration", "second_registration"] {
        for id in criteria(step) {
            let alone = Expected::Ineligible(vec![id.clone()]);
            assert!(expected(step).contains(&&alone), "nobody fails {id} of {step} alone");
        }
        let open = expected(step).into_iter().filter(|e| matches!(e, Expected::CannotTell(_))).count();
        assert!(open >= 3, "{step}");
        assert!(expected(step).contains(&&Expected::Eligible), "{step}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_does_not_pass_for_a_file_that_was_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let sound = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sound");
    for name in ["protocol.yaml", "forms"] {
        std::os::unix::fs::symlink(sound.join(name), folder.path().join(name)).unwrap();
    }
    assert!(load(folder.path()).is_ok());
    std::os::unix::fs::symlink("nowhere", folder.path().join("test-patients.yaml")).unwrap();
    let found = load(folder.path()).unwrap_err();
    assert_eq!(found.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["P0106"]);
}

#[test]
fn two_ways_of_writing_the_same_protocol_have_one_hash() {
    let sound = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sound");
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for name in ["protocol.yaml", "forms/screening.yaml", "forms/entry.yaml", "forms/check_up.yaml"] {
        texts.insert(name.into(), std::fs::read_to_string(sound.join(name)).unwrap());
    }
    let hash = |texts: &BTreeMap<String, String>| {
        load_texts(texts.iter().map(|(n, t)| (n.as_str(), t.as_bytes()))).unwrap().hash
    };
    let before = hash(&texts);
    let same = [
        ("power: 0.8,", "power: 0.800,"),
        ("to: 8 weeks", "to: 56 days"),
        ("rule: age >= 20 }", "rule: 'age >= 20', exclude: false } # a comment"),
        ("      - item: site\n", "      - item: site\n        weight: 1\n"),
    ];
    for (from, to) in same {
        let text = texts["protocol.yaml"].replacen(from, to, 1);
        assert_ne!(text, texts["protocol.yaml"], "{from}");
        texts.insert("protocol.yaml".into(), text);
        assert_eq!(hash(&texts), before, "{to}");
    }
    let other = texts["protocol.yaml"].replacen("age >= 20", "age >= 21", 1);
    texts.insert("protocol.yaml".into(), other);
    assert_ne!(hash(&texts), before);
}

#[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    sites: u32,
    #[schemars(schema_with = "protocol::duration")]
    lag: rules::Duration,
}

#[test]
fn other_files_of_a_study_are_read_with_the_same_placed_findings() {
    let read = |text: &str| read_yaml::<Settings>("simulation.yaml", text.as_bytes());
    assert_eq!(
        read("sites: 3\nlag: 2 weeks\n").unwrap(),
        Settings { sites: 3, lag: rules::Duration::days(14) }
    );
    let found = read("sites: -3\nlag: soon\nseed: 1\n").unwrap_err();
    let told: Vec<_> = found.iter().map(|d| (d.code.as_str(), d.place.as_ref().map(|p| p.line))).collect();
    assert_eq!(told, [("P0206", Some(1)), ("P0210", Some(2)), ("P0201", Some(3))]);
}

#[test]
fn a_line_break_within_a_japanese_sentence_is_no_space_and_a_typed_one_stays() {
    let read = |yaml: &str| {
        protocol::read_yaml_placed::<BTreeMap<String, String>>("texts.yaml", yaml.as_bytes()).unwrap()
    };
    let (told, places) = read(
        "a: >-\n  原発巣も転移巣も\n  大きくなって、\n  いない Stage\n  IV の 方\n\n  次の段\nb: 一行目\n  二行目\nc: \"三行\n  目\"\nd: |-\n  四行\n  目\ne: >-\n  two\n  words\n",
    );
    assert_eq!(told["a"], "原発巣も転移巣も大きくなって、いない Stage IV の 方\n次の段");
    assert_eq!((told["b"].as_str(), told["c"].as_str()), ("一行目二行目", "三行目"));
    assert_eq!((told["d"].as_str(), told["e"].as_str()), ("四行\n目", "two words"));
    // A finding on the second line of a folded text still has its place.
    let at = told["a"].find("大").unwrap();
    let place = places.within(&["a".into()], at, at + "大".len());
    assert_eq!((place.line, place.column), (3, 3));
}

/// The smallest allocation probability that is no allocation by chance, and the greatest (field notes, case M9).
#[test]
fn the_probability_of_the_preferred_arm_lies_above_its_share_and_below_one() {
    let sound = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sound");
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for name in ["protocol.yaml", "forms/screening.yaml", "forms/entry.yaml", "forms/check_up.yaml"] {
        texts.insert(name.into(), std::fs::read_to_string(sound.join(name)).unwrap());
    }
    let written = texts["protocol.yaml"].clone();
    let mut codes = |ratio: &str, follow: &str| -> Vec<String> {
        let text = written
            .replace("ratio: { A: 1, B: 1 }", &format!("ratio: {ratio}"))
            .replace("follow: 0.8", &format!("follow: {follow}"));
        texts.insert("protocol.yaml".into(), text);
        match load_texts(texts.iter().map(|(n, t)| (n.as_str(), t.as_bytes()))) {
            Ok(_) => vec![],
            Err(found) => found.into_iter().map(|d| d.code).collect(),
        }
    };
    for (ratio, follow, expected) in [
        ("{ A: 1, B: 1 }", "0", "P0508"),
        ("{ A: 1, B: 1 }", "0.3", "P0508"),
        ("{ A: 1, B: 1 }", "0.5", "P0508"),
        ("{ A: 1, B: 1 }", "1", "P0507"),
        ("{ A: 1, B: 1 }", "1.0", "P0507"),
        ("{ A: 1, B: 1 }", "1.01", "P0508"),
        ("{ A: 1, B: 1 }", "-0.8", "P0508"),
        ("{ A: 2, B: 1 }", "0.333", "P0508"),
    ] {
        assert_eq!(codes(ratio, follow), [expected], "{ratio} {follow}");
    }
    for (ratio, follow) in [
        ("{ A: 1, B: 1 }", "0.51"),
        ("{ A: 1, B: 1 }", "0.99"),
        ("{ A: 2, B: 1 }", "0.34"),
        ("{ A: 1, B: 1 }", "1\n    deterministic: true"),
    ] {
        assert_eq!(codes(ratio, follow), Vec::<String>::new(), "{ratio} {follow}");
    }
}

/// The hash of a protocol names it in every event of its ledger. If this fails, a folder that a ledger has adopted
/// would count as another protocol after an update: give the new field of the model a default instead.
#[test]
fn the_hash_of_a_protocol_is_the_same_in_every_release() {
    let loaded = load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sound")).unwrap();
    let hex: String = loaded.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "ea41e15e92345d072103ad1ea1364b2211bdb5ff97e4ef393a774a79ecd9f21e");
}

#[test]
fn stored_bytes_in_which_a_criterion_would_not_run_are_refused() {
    let text = String::from_utf8(jcog1017().canonical).unwrap();
    let renamed = text.replacen("\"form\":\"second_registration\"", "\"form\":\"third_registration\"", 1);
    let repeating = text.replacen("\"form\":\"second_registration\"", "\"form\":\"follow_up\"", 1);
    for changed in [renamed, repeating] {
        assert_ne!(changed, text);
        assert!(Compiled::from_canonical(changed.as_bytes()).is_err());
    }
}
