//! Bilingual text, names, dates and numbers as people write them.
#![forbid(unsafe_code)]

pub mod calendar;
mod date;
mod messages;
pub mod number;
mod text;

pub use date::{DateError, PartialDate};
pub use messages::{Arg, MessageError, Messages, thousands};
pub use rust_decimal::Decimal;
pub use text::{Lang, Text};
