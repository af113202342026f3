//! Databases of their own on the PostgreSQL server that `SHIRUBE_TEST_POSTGRES` names (`tools/postgres-test.sh start`).

use ledger::{Mode, Postgres};
use std::sync::atomic::{AtomicU32, Ordering};

pub struct Database {
    /// As the role that owns the tables.
    pub owner: String,
    /// As the role of the running program.
    pub program: String,
    admin: String,
    name: String,
}

/// The server's URL. `./test` sets it; without it, `SHIRUBE_REQUIRE_POSTGRES` makes the tests fail instead of passing.
pub fn server() -> Option<String> {
    let url = std::env::var("SHIRUBE_TEST_POSTGRES").ok();
    if url.is_none() {
        let needed = std::env::var_os("SHIRUBE_REQUIRE_POSTGRES").is_some();
        assert!(!needed, "SHIRUBE_TEST_POSTGRES is not set: start a server with tools/postgres-test.sh");
        eprintln!("not run: SHIRUBE_TEST_POSTGRES is not set");
    }
    url
}

impl Database {
    /// `None` when there is no server to test on.
    pub fn new() -> Option<Database> {
        let database = Database::empty()?;
        let mut store = Postgres::open(&database.owner, Mode::Create).unwrap();
        store.admit_role("program").unwrap();
        Some(database)
    }

    /// A database without a ledger.
    pub fn empty() -> Option<Database> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let admin = server()?;
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut client = postgres::Client::connect(&admin, postgres::NoTls).unwrap();
        // The role is shared by all tests; several may try to make it at once.
        let _ = client.batch_execute("CREATE ROLE program LOGIN");
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).unwrap();
        let at = |role: &str| {
            let (scheme, rest) = admin.split_once("://").unwrap();
            let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
            let (_, host) = before.split_once('@').unwrap_or(("", before));
            let host = host.split('/').next().unwrap();
            format!("{scheme}://{role}@{host}/{name}?{query}")
        };
        Some(Database { owner: at("owner"), program: at("program"), admin, name })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut client) = postgres::Client::connect(&self.admin, postgres::NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}
