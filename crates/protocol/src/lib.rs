//! The study as text: model, YAML, diagnostics with source spans.
#![forbid(unsafe_code)]

pub mod model;

pub use model::*;
