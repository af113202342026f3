//! Opening a ledger's file: everything that is refused, before anything is touched.

use super::told;
use crate::error::LedgerError;
use crate::store::Mode;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const SCHEMA: &str = include_str!("schema.sql");
/// "Shrb": marks the file as a ledger in SQLite's header.
pub const APPLICATION_ID: i64 = 0x5368_7262;
/// The newest format that this program writes and reads.
pub const FORMAT: i64 = 1;

/// File systems on which SQLite's locks do not hold between machines.
const NETWORK: [&str; 8] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs"];

pub fn open(path: &str, mode: Mode) -> Result<Connection, LedgerError> {
    let place = || path.to_owned();
    if path.is_empty() {
        return Err(LedgerError::Missing { place: place() });
    }
    // SQLite would take ":memory:" for no file at all: as a path, it is a file of that name.
    let file = &Path::new(".").join(path);
    let cannot = |detail: String| LedgerError::CannotOpen { place: place(), detail };
    let fresh = match fs::metadata(file) {
        Ok(found) if found.is_dir() => return Err(LedgerError::Folder { place: place() }),
        Ok(found) if !found.is_file() => return Err(LedgerError::NotALedger { place: place() }),
        Ok(found) if mode != Mode::ReadOnly && found.permissions().readonly() => {
            return Err(LedgerError::ReadOnlyFile { place: place() });
        }
        Ok(found) if found.len() == 0 && !has_wal(file) => {
            if mode != Mode::Create {
                return Err(LedgerError::NotALedger { place: place() });
            }
            true
        }
        Ok(_) => {
            look_at_header(file, path, mode)?;
            false
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            if mode != Mode::Create {
                return Err(LedgerError::Missing { place: place() });
            }
            let folder = folder_of(file);
            if !folder.is_dir() {
                return Err(LedgerError::Missing { place: folder.display().to_string() });
            }
            true
        }
        Err(e) => return Err(cannot(e.to_string())),
    };
    if mode != Mode::ReadOnly
        && let Some(kind) = network(file)
    {
        return Err(LedgerError::NetworkFolder { place: place(), kind });
    }
    let at = |e: rusqlite::Error| match told(e) {
        LedgerError::Io { detail } => cannot(detail),
        LedgerError::Damaged { .. } => LedgerError::NotALedger { place: place() },
        e => e,
    };
    if !fresh {
        // Opening for writing folds a write-ahead log into its file: only ever do that to a ledger.
        let probe = connect(file, Mode::ReadOnly).map_err(at)?;
        recognise(&probe, path, mode)?;
        if mode == Mode::ReadOnly {
            return Ok(probe);
        }
    }
    let mut connection = connect(file, mode).map_err(at)?;
    let (_, before): (i64, i64) = identity(&connection).map_err(at)?;
    if before == 0 {
        connection.pragma_update(None, "journal_mode", "WAL").map_err(at)?;
        create(&mut connection).map_err(at)?;
        fs::File::open(folder_of(file)).and_then(|f| f.sync_all()).map_err(|e| cannot(e.to_string()))?;
    }
    recognise(&connection, path, mode)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(at)?;
    if let Some(object) = altered(&connection).map_err(at)?.into_iter().next() {
        return Err(LedgerError::Schema { place: place(), object });
    }
    Ok(connection)
}

/// Opens the file without regard to what it is, and sets what every connection needs.
fn connect(file: &Path, mode: Mode) -> rusqlite::Result<Connection> {
    let flags = match mode {
        Mode::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Existing => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Mode::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    let connection = match readable(&connection) {
        // A log cannot be set up beside the file on a read-only disk; without one, nobody writes and none is needed.
        Err(_) if mode == Mode::ReadOnly && !has_wal(file) => {
            let escaped: String = file
                .to_string_lossy()
                .chars()
                .map(|c| match c {
                    '%' => "%25".to_owned(),
                    '?' => "%3f".to_owned(),
                    '#' => "%23".to_owned(),
                    c => c.to_string(),
                })
                .collect();
            let uri = format!("file:{escaped}?immutable=1");
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        }
        _ => connection,
    };
    connection.busy_timeout(Duration::from_millis(5000))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    for (name, value) in SETTINGS {
        connection.pragma_update(None, name, value)?;
    }
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// What every connection sets: (pragma, value). See <https://www.sqlite.org/pragma.html> and
/// <https://www.sqlite.org/security.html>.
pub const SETTINGS: [(&str, &str); 8] = [
    ("synchronous", "FULL"),
    ("fullfsync", "ON"),
    ("checkpoint_fullfsync", "ON"),
    ("foreign_keys", "ON"),
    ("trusted_schema", "OFF"),
    ("cell_size_check", "ON"),
    // What is erased is overwritten with zeros.
    ("secure_delete", "ON"),
    // A REPLACE must not delete around the triggers.
    ("recursive_triggers", "ON"),
];

fn readable(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

fn identity(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let application = connection.pragma_query_value(None, "application_id", |r| r.get(0))?;
    let objects = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    Ok((application, objects))
}

fn recognise(connection: &Connection, path: &str, mode: Mode) -> Result<(), LedgerError> {
    let place = || path.to_owned();
    let (application, objects) = identity(connection).map_err(|e| match told(e) {
        LedgerError::Damaged { .. } => LedgerError::NotALedger { place: place() },
        e => e,
    })?;
    if mode == Mode::Create && application == 0 && objects == 0 {
        return Ok(()); // Left by a creation that was cut off.
    }
    if application != APPLICATION_ID {
        return Err(LedgerError::NotALedger { place: place() });
    }
    let found: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(told)?;
    if found > FORMAT {
        return Err(LedgerError::Newer { place: place(), found, known: FORMAT });
    }
    if found < 1 {
        return Err(LedgerError::NotALedger { place: place() });
    }
    Ok(())
}

/// Makes the tables in one transaction; whoever comes second finds them there.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    if identity(&tx)?.1 == 0 {
        tx.execute_batch(SCHEMA)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", FORMAT)?;
    }
    tx.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// The tables, indices and triggers that are missing, altered or not the ledger's, by name.
pub fn altered(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let list = |c: &Connection| -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
        let mut query = c.prepare("SELECT name, type, sql FROM sqlite_schema ORDER BY name, type")?;
        query.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect()
    };
    let wanted = Connection::open_in_memory()?;
    wanted.execute_batch(SCHEMA)?;
    let (wanted, found) = (list(&wanted)?, list(connection)?);
    let differ =
        wanted.iter().filter(|w| !found.contains(w)).chain(found.iter().filter(|f| !wanted.contains(f)));
    let mut names: Vec<String> = differ.map(|(name, _, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Refuses, without opening it as a database, what is not a ledger and a file that is shorter than its header says.
/// Header: <https://www.sqlite.org/fileformat2.html#the_database_header>.
fn look_at_header(file: &Path, path: &str, mode: Mode) -> Result<(), LedgerError> {
    let place = || path.to_owned();
    let io = |e: std::io::Error| LedgerError::CannotOpen { place: place(), detail: e.to_string() };
    let mut header = Vec::new();
    let opened = fs::File::open(file).map_err(io)?;
    let found = opened.metadata().map_err(io)?.len();
    opened.take(100).read_to_end(&mut header).map_err(io)?;
    let magic = b"SQLite format 3\0";
    if !header.starts_with(magic) {
        return Err(LedgerError::NotALedger { place: place() });
    }
    let be = |from: usize, n: usize| {
        header.get(from..from + n).map(|b| b.iter().fold(0u64, |sum, &b| sum << 8 | u64::from(b)))
    };
    let (Some(page), Some(pages)) = (be(16, 2), be(28, 4)) else {
        return Err(LedgerError::Truncated { place: place(), expected: 512, found });
    };
    // With a log beside it, the file's own header may be behind, and a checkpoint may have been cut off.
    if has_wal(file) {
        return Ok(());
    }
    let page = if page == 1 { 65536 } else { page };
    if let (Some(format), Some(application)) = (be(60, 4), be(68, 4)) {
        let empty = mode == Mode::Create && application == 0;
        if application != APPLICATION_ID as u64 && !empty {
            return Err(LedgerError::NotALedger { place: place() });
        }
        if format > FORMAT as u64 && !empty {
            return Err(LedgerError::Newer { place: place(), found: format as i64, known: FORMAT });
        }
    }
    if found < page * pages {
        return Err(LedgerError::Truncated { place: place(), expected: page * pages, found });
    }
    Ok(())
}

fn has_wal(file: &Path) -> bool {
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    fs::metadata(PathBuf::from(wal)).is_ok_and(|m| m.len() > 0)
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The kind of the network file system on which the file lies; `None` for a local one, or where the system does not say.
fn network(file: &Path) -> Option<String> {
    let kind = file_system(file)?;
    NETWORK.contains(&kind.as_str()).then_some(kind)
}

/// The kind of file system below `file`, from `/proc/self/mountinfo` (proc(5)); `None` where there is no such file.
pub fn file_system(file: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder_of(file)).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mut best: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let (head, tail) = line.split_once(" - ")?;
        let (Some(point), Some(kind)) = (head.split(' ').nth(4), tail.split(' ').next()) else { continue };
        let point = point.replace("\\040", " ");
        // A later mount on the same point hides the earlier one.
        if folder.starts_with(&point) && best.as_ref().is_none_or(|(length, _)| point.len() >= *length) {
            best = Some((point.len(), kind.to_owned()));
        }
    }
    best.map(|(_, kind)| kind)
}
