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

#[cfg(feature = "postgres")]
mod on_server {
    use super::common::Bench;
    use super::common::server::Database;
    use crate::store_conformance;
    use ledger::{Mode, Postgres, Store};

    /// A database of its own, used as the role that only may insert, read, and erase on record.
    struct OnServer {
        store: Option<Postgres>,
        database: Database,
    }

    impl OnServer {
        fn new() -> Option<OnServer> {
            let database = Database::new()?;
            let store = Some(Postgres::open(&database.program, Mode::Existing).unwrap());
            Some(OnServer { store, database })
        }
    }

    impl Bench for OnServer {
        fn store(&mut self) -> &mut dyn Store {
            self.store.as_mut().unwrap()
        }
        fn reopen(&mut self) {
            self.store = None;
            self.store = Some(Postgres::open(&self.database.program, Mode::Existing).unwrap());
        }
    }

    store_conformance!(
        postgres,
        match OnServer::new() {
            Some(bench) => bench,
            None => return,
        }
    );
}
