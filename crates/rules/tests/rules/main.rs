//! Tests of the rule language as its users see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails says so")]

mod explanations;
mod language;
mod mistakes;
mod trial;
