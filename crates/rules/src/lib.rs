//! Typed, three-valued expressions in CEL syntax.
//!
//! A [`Rule`] is compiled once against a [`Dictionary`] of items, so that an unknown item, a wrong code or a date
//! compared with a number is a [`Diagnostic`] before the first patient. It is evaluated many times in an
//! [`Environment`] and answers [`Verdict::True`], [`Verdict::False`], [`Verdict::Unknown`] with the items that are
//! missing, or [`Verdict::Error`] for a bug in the rule. Logic is strong Kleene (S. C. Kleene, *Introduction to
//! Metamathematics*, 1952, §64). The language for people who write protocols is told in `docs/rules.md`.
#![forbid(unsafe_code)]

mod ast;
mod built_in;
mod calendar;
mod check;
mod diagnostic;
mod dictionary;
mod duration;
mod eval;
mod explain;
mod function;
mod lex;
mod missing;
mod parse;
mod program;
mod rule;
mod value;

pub use diagnostic::Diagnostic;
pub use dictionary::{Dictionary, DictionaryError, Field, Item, RecordType, Scope, Slot, Type};
pub use duration::{Duration, DurationError};
pub use explain::{Explanation, Shown};
pub use function::{Answer, Arguments, Asks, FunctionError, Functions, Kind, Names, Signature, Voice};
pub use missing::{MissingItem, Part};
pub use rule::{Outcome, Rule, RuleError, RuleErrorKind, Verdict};
pub use value::{Environment, List, Missing, Value, ValueError, Values};
