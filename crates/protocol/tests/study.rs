//! The studies of this repository load as they are.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use protocol::{Compiled, Expected, Loaded, load};
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
