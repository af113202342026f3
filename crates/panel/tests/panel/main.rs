//! The panel against its scenarios and its laws.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod beside;
mod dates;
mod input;
mod labels;
mod laws;
mod markers;
mod registry;
mod scenarios;
mod world;
