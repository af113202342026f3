//! Data in and out of a study: CSV files that are taken over by a map.
//!
//! ```text
//! import(&loaded, &File { name, bytes }, &File { map.yaml }, store)    all of a file, or nothing and every mistake
//! ```
//! A map says what each column of the file is; a column that it does not account for is a mistake. What it gives goes
//! through the same commands and the same law as what people enter. Nothing reads a clock or a generator: the same
//! study, file and map give the same ledger.
#![forbid(unsafe_code)]

mod check;
mod decode;
mod map;
mod read;
mod run;
mod schema;
mod table;

pub use map::{Encoding, Map};
pub use run::{ImportError, Imported, import};
pub use schema::schema;

/// A file by its name and bytes.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}
