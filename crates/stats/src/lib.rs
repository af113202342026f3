//! Statistics: pure functions on slices; no I/O, no clock, no global state.
#![forbid(unsafe_code)]
#![allow(clippy::needless_range_loop, reason = "matrices read better by index")]

pub mod cluster;
pub mod descriptive;
pub mod diagnostic;
mod error;
pub mod inference;
pub mod linalg;
pub mod model;
pub mod multiplicity;
pub mod proportion;
pub mod random;
pub mod rank;
pub mod special;
pub mod survival;

pub use error::{Conventions, Result, StatsError, Warning};
