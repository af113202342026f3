//! Figures, tables and pages from result rows; only lays out, never computes.
//!
//! [`html`] is a whole report, [`text`] its short form for a terminal. [`figure`] makes scenes from rows, and
//! [`Scene::svg`] draws them for a page that has [`css`]. Words stand in `words/{ja,en}.ftl`.
#![forbid(unsafe_code)]

pub mod figure;
mod html;
mod page;
mod phrase;
mod say;
pub mod scene;
mod section;
pub mod style;
mod text;

pub use html::{html, nature};
pub use scene::Scene;
pub use style::css;
pub use text::text;
