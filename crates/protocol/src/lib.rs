//! The study as text: model, YAML, diagnostics with source spans.
//!
//! ```text
//! load(folder) -> Loaded { compiled, canonical, hash, warnings }, or every Diagnostic with its place
//! Compiled::from_canonical(bytes)          the version that a ledger has adopted
//! render(&diagnostics, Lang::Ja, color)    as a person reads them
//! schema()                                 JSON Schema for editors, by which `load` checks the shape too
//! ```
#![forbid(unsafe_code)]

mod check;
mod compile;
mod concepts;
mod diagnostic;
mod difference;
mod files;
mod load;
mod lookup;
pub mod model;
mod patients;
mod schema;
mod shape;
mod syntax;
mod tree;
mod value;
mod yaml;

pub use compile::{BadProtocol, Compiled, CompiledCheck, CompiledCriterion, CompiledForm, RecordEnvironment};
pub use concepts::{concept, concepts};
pub use diagnostic::{Diagnostic, Place, Severity, render};
pub use difference::{Change, ChangeKind, difference, part_name};
pub use load::{Loaded, canonical, load, load_texts, load_with};
pub use model::*;
pub use schema::{above_0, between_0_and_1, decimal, duration, durations, schema, tidy};
pub use tree::Part;
pub use value::read;
pub use yaml::{Places, read_yaml, read_yaml_placed};
