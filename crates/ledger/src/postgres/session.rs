//! One connection to PostgreSQL with its prepared statements.

use crate::error::LedgerError;
use crate::hash::Hash;
use crate::store::Mode;
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, Statement};
use std::time::Duration;

pub struct Session {
    pub client: Client,
    pub statements: Statements,
    /// Whether an answer said that the connection is gone.
    pub cut: bool,
    /// Whether this is a new connection, which has none of the claims of the one before.
    pub claims_lost: bool,
    config: Config,
    mode: Mode,
}

/// The statements of the ordinary way, prepared once per connection.
pub struct Statements {
    pub head: Statement,
    pub put_entries: Statement,
    pub put_contents: Statement,
    pub has_file: Statement,
    pub put_file: Statement,
    pub page: Statement,
}

impl Statements {
    fn prepare(client: &mut Client) -> Result<Statements, postgres::Error> {
        Ok(Statements {
            head: client
                .prepare("SELECT seq, hash FROM ledger.entry WHERE study = $1 ORDER BY seq DESC LIMIT 1")?,
            put_entries: client.prepare(
                "INSERT INTO ledger.entry (study, seq, previous, hash, commitment, at, actor, role, site, on_behalf,
                   kind, kind_version, meaning, request, attachments)
                 SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[],
                   $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::integer[], $13::text[],
                   $14::text[], $15::bytea[])",
            )?,
            put_contents: client.prepare(
                "INSERT INTO ledger.content (study, seq, salt, payload, reason)
                 SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[], $5::text[])",
            )?,
            has_file: client.prepare("SELECT 1 FROM ledger.file WHERE hash = $1 AND study = $2")?,
            put_file: client.prepare("INSERT INTO ledger.file (hash, study, bytes) VALUES ($1, $2, $3)")?,
            page: client.prepare(
                "SELECT e.seq, e.previous, e.hash, e.commitment, e.at, e.actor, e.role, e.site, e.on_behalf, e.kind,
                   e.kind_version, e.meaning, e.request, e.attachments, c.salt, c.payload, c.reason
                 FROM ledger.entry e LEFT JOIN ledger.content c ON c.study = e.study AND c.seq = e.seq
                 WHERE e.study = $1 AND e.seq BETWEEN $2 AND $3 ORDER BY e.seq LIMIT $4",
            )?,
        })
    }
}

/// A connection without the ledger's tables being needed.
pub fn connect(config: &Config, place: &str, mode: Mode) -> Result<Client, LedgerError> {
    let mut client = config.connect(NoTls).map_err(|e| match e.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => LedgerError::Missing { place: place.to_owned() },
        _ => LedgerError::CannotOpen { place: place.to_owned(), detail: words(&e) },
    })?;
    // A server that is set to lose acknowledged commits is overruled; stricter settings are left.
    let mut sql = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning; SET search_path = pg_catalog;
        SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');"
        .to_owned();
    if mode == Mode::ReadOnly {
        sql.push_str("SET default_transaction_read_only = on;");
    }
    client.batch_execute(&sql).map_err(told)?;
    Ok(client)
}

impl Session {
    pub fn new(mut client: Client, config: Config, mode: Mode) -> Result<Session, LedgerError> {
        let statements = Statements::prepare(&mut client).map_err(told)?;
        Ok(Session { client, statements, cut: false, claims_lost: false, config, mode })
    }

    /// Connects again if the connection is gone.
    pub fn revive(&mut self) -> Result<(), LedgerError> {
        if !self.cut && !self.client.is_closed() {
            return Ok(());
        }
        (self.cut, self.claims_lost) = (true, true);
        let mut client = connect(&self.config, &place(&self.config), self.mode)
            .map_err(|e| LedgerError::Disconnected { detail: e.told().en })?;
        self.statements = Statements::prepare(&mut client).map_err(told)?;
        self.client = client;
        self.cut = false;
        Ok(())
    }

    /// Takes the study's lock for this connection; `false` when another process has it.
    pub fn claim(&mut self, study: &str) -> Result<bool, LedgerError> {
        let row = self
            .client
            .query_one("SELECT pg_try_advisory_lock($1)", &[&key("serves", study)])
            .map_err(told)?;
        row.try_get(0).map_err(told)
    }
}

/// Where the database is, without the password: for messages.
pub fn place(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(postgres::config::Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(postgres::config::Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    format!("postgres://{host}/{}", config.get_dbname().unwrap_or(""))
}

/// Reads the URL; adds a time limit so that a silent host does not hold up the program.
pub fn config(url: &str) -> Result<Config, LedgerError> {
    let mut config: Config = url.parse().map_err(|_| LedgerError::CannotOpen {
        // The text itself may hold a password.
        place: "postgres://…".to_owned(),
        detail: "not a PostgreSQL URL (postgres://user@host:port/database)".to_owned(),
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    // A network that has gone silent must not hold the writer for hours.
    config.keepalives_idle(Duration::from_secs(30)).tcp_user_timeout(Duration::from_secs(30));
    config.application_name("shirube");
    Ok(config)
}

/// The number of an advisory lock: the first eight bytes of a digest, so that every process computes the same.
pub fn key(purpose: &str, study: &str) -> i64 {
    let digest = Hash::of(format!("shirube {purpose} {study}").as_bytes());
    digest.0.iter().take(8).fold(0i64, |sum, b| sum << 8 | i64::from(*b))
}

/// PostgreSQL's own words, without the values that its details may hold.
fn words(e: &postgres::Error) -> String {
    match e.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(e) {
            Some(cause) => format!("{e}: {cause}"),
            None => e.to_string(),
        },
    }
}

/// PostgreSQL's errors as the ledger's. Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub fn told(e: postgres::Error) -> LedgerError {
    let detail = words(&e);
    let Some(code) = e.code() else { return LedgerError::Disconnected { detail } };
    match code.code() {
        "53100" => LedgerError::Full,
        "25006" => LedgerError::ReadOnly,
        "55P03" | "40P01" | "40001" | "57014" | "23505" => LedgerError::Busy,
        "XX001" | "XX002" => LedgerError::Damaged { detail },
        c if c.starts_with("08") || c.starts_with("57P") => LedgerError::Disconnected { detail },
        _ => LedgerError::Io { detail },
    }
}
