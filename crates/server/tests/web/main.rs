//! The pages as people and browsers meet them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod common;
mod entering;
mod letters;
mod pages;
mod panel;
mod registering;
mod roles;
mod vanishing;
mod words;
