//! The life of a small made-up study, from opening to verification.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "conduct/allocation.rs"]
mod allocation;
#[path = "conduct/forms.rs"]
mod forms;
#[path = "conduct/gates.rs"]
mod gates;
#[path = "conduct/harness.rs"]
mod harness;
#[path = "conduct/imports.rs"]
mod imports;
#[path = "conduct/integrity.rs"]
mod integrity;
#[path = "conduct/laws.rs"]
mod laws;
#[path = "conduct/letters.rs"]
mod letters;
#[path = "conduct/path.rs"]
mod path;
#[path = "conduct/rights.rs"]
mod rights;
#[path = "conduct/simulated.rs"]
mod simulated;
#[path = "conduct/snapshots.rs"]
mod snapshots;
#[path = "conduct/together.rs"]
mod together;
#[path = "conduct/views.rs"]
mod views;
