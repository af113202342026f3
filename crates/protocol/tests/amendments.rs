//! What a new version of a protocol changes, told line by line.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use protocol::{ChangeKind, Protocol, difference, load};
use std::path::Path;

fn small() -> Protocol {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sound")).unwrap().compiled.protocol.clone()
}

#[test]
fn a_version_does_not_differ_from_itself() {
    assert_eq!(difference(&small(), &small()), vec![]);
}

#[test]
fn an_amendment_is_told_part_by_part_in_both_languages() {
    let (before, mut after) = (small(), small());
    after.version = "1.1".into();
    after.steps["screening"].criteria[0].rule = "age >= 18".into();
    after.steps["entry"].criteria.remove(1);
    after.steps["entry"].window = None;
    let mut criterion = after.steps["entry"].criteria[0].clone();
    criterion.id = "I2".into();
    after.steps["entry"].criteria.push(criterion);
    after.allocation["treatment"].ratio["A"] = 2;
    after.forms["screening"].sections[0].items[1].required = false;
    let lines: Vec<String> =
        difference(&before, &after).into_iter().map(|c| format!("{}\n{}", c.text.ja, c.text.en)).collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("an_amendment", lines.join("\n"));
    });
}

#[test]
fn criteria_that_change_places_are_told_as_reordered_and_not_as_removed() {
    let (before, mut after) = (small(), small());
    after.steps["entry"].criteria.reverse();
    let changes = difference(&before, &after);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].kind, ChangeKind::Reordered);
    assert_eq!(changes[0].path, ["steps", "entry", "criteria"]);
}

#[test]
fn arms_that_change_places_are_told() {
    let (before, mut after) = (small(), small());
    after.arms.reverse();
    assert_eq!(difference(&before, &after)[0].path, ["arms"]);
}
