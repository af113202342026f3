//! Statistics on tables: CSV in, result rows out, and the recomputation of reference records.
#![forbid(unsafe_code)]

pub mod commands;
mod error;
pub mod expression;
pub mod model;
pub mod prepare;
pub mod reference;
pub mod table;

pub use commands::{StatsArgs, run};
pub use error::WorkbenchError;
pub use reference::{Format, Qualification, qualification_record, qualify, reference};
