//! One suite, every store.

#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;
mod suite;

use common::Bench;
use ledger::{Memory, Mode, Sqlite, Store};

struct InMemory(Memory);

impl Bench for InMemory {
    fn store(&mut self) -> &mut dyn Store {
        &mut self.0
    }
    fn reopen(&mut self) {}
}

struct OnDisk {
    store: Option<Sqlite>,
    path: String,
    _folder: tempfile::TempDir,
}

impl OnDisk {
    fn new() -> OnDisk {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db").to_str().unwrap().to_owned();
        OnDisk { store: Some(Sqlite::open(&path, Mode::Create).unwrap()), path, _folder: folder }
    }
}

impl Bench for OnDisk {
    fn store(&mut self) -> &mut dyn Store {
        self.store.as_mut().unwrap()
    }
    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Sqlite::open(&self.path, Mode::Existing).unwrap());
    }
}

store_conformance!(memory, InMemory(Memory::new()));
store_conformance!(sqlite, OnDisk::new());
