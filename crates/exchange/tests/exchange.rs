//! Real data through forms and ledger, and everything that a file and its map can get wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "exchange/broken.rs"]
mod broken;
#[path = "exchange/int0035.rs"]
mod int0035;
#[path = "exchange/other.rs"]
mod other;
#[path = "exchange/schema.rs"]
mod schema;

use exchange::{File, ImportError, Imported, import};
use ledger::Memory;
use protocol::Loaded;
use std::path::PathBuf;

fn study() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../studies/int0035")
}

fn loaded() -> Loaded {
    protocol::load(&study()).unwrap_or_else(|e| panic!("{}", protocol::render(&e, words::Lang::En, false)))
}

fn text(name: &str) -> String {
    std::fs::read_to_string(study().join(name)).unwrap()
}

/// The file's first participants, two rows each.
fn few(participants: usize) -> String {
    text("data/colon.csv").lines().take(1 + 2 * participants).map(|l| format!("{l}\n")).collect()
}

/// The map without the hash of the whole file.
fn map() -> String {
    let lines = text("map.yaml");
    lines.lines().filter(|l| !l.contains("sha256")).map(|l| format!("{l}\n")).collect()
}

fn take(csv: &[u8], map: &str, store: &mut Memory) -> Result<Imported, ImportError> {
    let file = File { name: "colon.csv", bytes: csv };
    import(&loaded(), &file, &File { name: "map.yaml", bytes: map.as_bytes() }, Some(store))
}
