//! Statistics: pure functions on slices; no I/O, no clock, no global state.
#![forbid(unsafe_code)]

pub mod special;
