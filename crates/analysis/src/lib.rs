//! Analysis sets, endpoints and the planned analyses: from state to result rows.
#![forbid(unsafe_code)]

mod row;

pub use row::*;
