//! Figures, tables and pages from result rows; only lays out, never computes.
//!
//! A [`Document`] is what every layout starts from: [`page()`] sets it as HTML, the program `typeset` as PDF.
//! [`document()`] is the final report, [`text`] its short form for a terminal. [`figure`] makes scenes from rows, and
//! [`Scene::svg`] draws them for a page that has [`css`]. Words stand in `words/{ja,en}.ftl`.
#![forbid(unsafe_code)]

pub mod casebook;
pub mod comparison;
pub mod document;
pub mod figure;
pub mod home;
mod html;
pub mod letter;
pub mod listings;
mod page;
mod phrase;
pub mod read;
mod rows;
mod say;
pub mod scene;
mod section;
pub mod style;
mod text;
mod typesetter;
mod whole;
mod workbook;

pub use document::Document;
pub use html::{Ways, page, page_with};
pub use rows::csv;
pub use scene::Scene;
pub use style::css;
pub use text::text;
pub use typesetter::{Typeset, TypesetError, Typesetter};
pub use whole::{basis, checkpoint, document, facts, html, html_with, nature, stamp};
pub use workbook::workbook;
