//! Tests of the rule language as its users see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails says so")]

/// A snapshot without the expression that made it.
macro_rules! snapshot {
    ($value:expr) => {
        insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!($value) })
    };
}

mod differential;
mod explanations;
mod language;
mod laws;
mod mistakes;
mod toy;
mod trial;
