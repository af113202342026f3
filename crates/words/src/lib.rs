//! Bilingual text, names, dates and numbers as people write them.
#![forbid(unsafe_code)]

mod date;
mod messages;
mod text;

pub use date::{DateError, PartialDate};
pub use messages::{Arg, MessageError, Messages, thousands};
pub use rust_decimal::Decimal;
pub use text::{Lang, Text};
