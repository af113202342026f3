//! The studies of this repository load as they are.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use protocol::{Compiled, Loaded, load};
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
