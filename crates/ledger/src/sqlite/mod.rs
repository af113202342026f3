//! A ledger in one SQLite file.

mod opening;
mod rows;

use crate::error::LedgerError;
use crate::event::{Appended, Batch, Draft, Entry, Erase, Head};
use crate::hash::Hash;
use crate::memory::whole;
use crate::store::{Files, Mode, Setting, Store, Stray, admit, admit_redaction};
use crate::verify::Chain;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// A ledger in one SQLite file, with a write-ahead log beside it while it is open. One writer at a time; readers open
/// the file once more with [`Mode::ReadOnly`] and never wait for the writer.
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    mode: Mode,
    /// The file beside the ledger that is locked while its studies are claimed.
    serving: Option<File>,
}

impl Sqlite {
    /// Opens the file. Every refusal is typed and leaves everything as it was.
    pub fn open(path: &str, mode: Mode) -> Result<Sqlite, LedgerError> {
        let connection = opening::open(path, mode)?;
        Ok(Sqlite { connection, path: PathBuf::from(path), mode, serving: None })
    }

    /// Folds the log into the file and leaves it complete by itself, readable from a read-only disk, too.
    pub fn close_into_one_file(self) -> Result<(), LedgerError> {
        let mode: String = self
            .connection
            .pragma_update_and_check(None, "journal_mode", "DELETE", |r| r.get(0))
            .map_err(told)?;
        if mode != "delete" {
            return Err(LedgerError::Busy);
        }
        self.connection.close().map_err(|(_, e)| told(e))
    }

    /// Writes all studies, as they are at this moment, into a new ledger file, while others read and write. An existing
    /// file is refused. Verify the copy before you rely on it ([`verify_all`](crate::verify_all)).
    pub fn back_up(&self, path: &str) -> Result<(), LedgerError> {
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(LedgerError::Exists { place: path.to_owned() });
        }
        let target = Path::new(".").join(path).display().to_string();
        let written = self.connection.execute("VACUUM INTO ?1", [&target]).map_err(told).and_then(|_| {
            let file = std::fs::File::open(&target).and_then(|f| f.sync_all());
            file.map_err(|e| LedgerError::Io { detail: e.to_string() })
        });
        if written.is_err() {
            let _ = std::fs::remove_file(&target);
        }
        written
    }

    fn begin(&mut self) -> Result<Transaction<'_>, LedgerError> {
        if self.mode == Mode::ReadOnly {
            return Err(LedgerError::ReadOnly);
        }
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)
    }
}

/// SQLite's errors as the ledger's.
fn told(e: rusqlite::Error) -> LedgerError {
    let detail = e.to_string();
    match e.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LedgerError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => LedgerError::Damaged { detail },
        Some(ErrorCode::ReadOnly) => LedgerError::ReadOnly,
        _ => LedgerError::Io { detail },
    }
}

fn head(connection: &Connection, study: &str) -> Result<Head, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT seq, hash FROM entry WHERE study = ?1 ORDER BY seq DESC LIMIT 1")
        .map_err(told)?;
    let found = query.query_row([study], |r| Ok(rows::head(r, study))).optional().map_err(told)?;
    found.unwrap_or(Ok(Head::GENESIS))
}

fn has_file(connection: &Connection, study: &str, hash: &Hash) -> Result<bool, LedgerError> {
    let mut query =
        connection.prepare_cached("SELECT 1 FROM file WHERE hash = ?1 AND study = ?2").map_err(told)?;
    query.exists(params![hash.0, study]).map_err(told)
}

fn put_file(connection: &Connection, study: &str, hash: &Hash, bytes: &[u8]) -> Result<(), LedgerError> {
    if has_file(connection, study, hash)? {
        return Ok(());
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO file (hash, study, bytes) VALUES (?1, ?2, ?3)")
        .map_err(told)?;
    insert.execute(params![hash.0, study, bytes]).map_err(told)?;
    Ok(())
}

impl Store for Sqlite {
    fn append(&mut self, batches: &[Batch<'_>]) -> Result<Vec<Appended>, LedgerError> {
        let tx = self.begin()?;
        let mut done = Vec::with_capacity(batches.len());
        for batch in batches {
            let start = head(&tx, batch.study)?;
            admit(batch, start, |h| has_file(&tx, batch.study, h))?;
            let mut last = start;
            let mut hashes = Vec::with_capacity(batch.drafts.len());
            for draft in batch.drafts {
                last = rows::put(&tx, batch.study, &last, draft)?;
                hashes.push(last.hash);
            }
            for blob in batch.blobs {
                put_file(&tx, batch.study, &blob.hash(), blob.bytes())?;
            }
            done.push(Appended { study: batch.study.to_owned(), first: start.seq + 1, head: last, hashes });
        }
        tx.commit().map_err(told)?;
        Ok(done)
    }

    fn head(&self, study: &str) -> Result<Head, LedgerError> {
        head(&self.connection, study)
    }

    fn studies(&self) -> Result<Vec<String>, LedgerError> {
        // A study is also named where only its files or contents are left, so that nothing hides from verification.
        let mut found = Vec::new();
        let mut last: Option<String> = None;
        loop {
            let mut next = self
                .connection
                .prepare_cached(
                    "SELECT min(study) FROM (SELECT min(study) AS study FROM entry WHERE ?1 IS NULL OR study > ?1
                     UNION ALL SELECT min(study) FROM content WHERE ?1 IS NULL OR study > ?1)",
                )
                .map_err(told)?;
            let study: Option<String> = next.query_row([&last], |r| Ok(rows::study(r))).map_err(told)??;
            let Some(study) = study else { return Ok(found) };
            found.push(study.clone());
            last = Some(study);
        }
    }

    fn read(
        &self,
        study: &str,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        rows::read(&self.connection, study, from, to, each)
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT bytes FROM file WHERE hash = ?1 ORDER BY study LIMIT 1")
            .map_err(told)?;
        let found: Option<Vec<u8>> = query.query_row([hash.0], |r| r.get(0)).optional().map_err(told)?;
        found.map(|bytes| whole(hash, bytes)).transpose()
    }

    fn attachment(&self, study: &str, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT bytes FROM file WHERE hash = ?1 AND study = ?2")
            .map_err(told)?;
        let found: Option<Vec<u8>> =
            query.query_row(params![hash.0, study], |r| r.get(0)).optional().map_err(told)?;
        found.map(|bytes| whole(hash, bytes)).transpose()
    }

    fn redact(
        &mut self,
        study: &str,
        expected: u64,
        erase: &Erase,
        by: Draft,
    ) -> Result<Appended, LedgerError> {
        let tx = self.begin()?;
        let start = head(&tx, study)?;
        let (by, erase) = admit_redaction(
            study,
            expected,
            start,
            erase,
            by,
            |seq| rows::kind_and_content(&tx, study, seq),
            |hash| has_file(&tx, study, hash),
        )?;
        let last = rows::put(&tx, study, &start, &by)?;
        for seq in erase.seqs {
            let mut delete =
                tx.prepare_cached("DELETE FROM content WHERE study = ?1 AND seq = ?2").map_err(told)?;
            delete.execute(params![study, rows::number(seq)]).map_err(told)?;
        }
        for hash in erase.attachments {
            let mut delete =
                tx.prepare_cached("DELETE FROM file WHERE hash = ?1 AND study = ?2").map_err(told)?;
            delete.execute(params![hash.0, study]).map_err(told)?;
        }
        tx.commit().map_err(told)?;
        // The log still holds the erased pages. A reader may keep it busy: then the next checkpoint does it.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(Appended { study: study.to_owned(), first: last.seq, head: last, hashes: vec![last.hash] })
    }

    fn adopt(
        &mut self,
        study: &str,
        next: &mut dyn FnMut() -> Result<Option<Entry>, LedgerError>,
        file: &mut Files<'_>,
    ) -> Result<Head, LedgerError> {
        let tx = self.begin()?;
        let start = head(&tx, study)?;
        if start != Head::GENESIS {
            return Err(LedgerError::Occupied { study: study.to_owned(), head: start });
        }
        let mut chain = Chain::new(study);
        while let Some(entry) = next()? {
            chain.push(&entry).map_err(|f| LedgerError::Reader(f.told))?;
            rows::put_entry(&tx, &entry)?;
            for hash in &entry.attachments {
                if !has_file(&tx, study, hash)?
                    && let Some(bytes) = file(hash)?
                {
                    put_file(&tx, study, hash, &whole(hash, bytes)?)?;
                }
            }
        }
        let last =
            chain.finish(&mut |hash| has_file(&tx, study, hash)).map_err(|f| LedgerError::Reader(f.told))?;
        tx.commit().map_err(told)?;
        Ok(last)
    }

    /// All studies of a file go together: the lock is on `<file>-serving`, and ends with this process, however it ends.
    fn claim(&mut self, study: &str) -> Result<(), LedgerError> {
        if self.serving.is_some() {
            return Ok(());
        }
        let io = |e: std::io::Error| LedgerError::Io { detail: e.to_string() };
        let mut beside = self.path.clone().into_os_string();
        beside.push("-serving");
        let file = File::options().create(true).truncate(false).write(true).open(beside).map_err(io)?;
        match file.try_lock() {
            Ok(()) => self.serving = Some(file),
            Err(TryLockError::WouldBlock) => return Err(LedgerError::Taken { study: study.to_owned() }),
            Err(TryLockError::Error(e)) => return Err(io(e)),
        }
        Ok(())
    }

    fn strays(&self) -> Result<Vec<Stray>, LedgerError> {
        let mut found: Vec<Stray> = opening::altered(&self.connection)
            .map_err(told)?
            .into_iter()
            .map(|object| Stray::Schema { object })
            .collect();
        let mut check = self.connection.prepare("PRAGMA integrity_check(20)").map_err(told)?;
        let mut lines = check.query([]).map_err(told)?;
        while let Some(line) = lines.next().map_err(told)? {
            let detail: String = line.get(0).map_err(told)?;
            if detail != "ok" {
                found.push(Stray::Structure { detail });
            }
        }
        found.extend(rows::strays(&self.connection)?);
        Ok(found)
    }

    fn check_settings(&self) -> Result<Vec<Setting>, LedgerError> {
        let numbered = [("OFF", "0"), ("ON", "1"), ("FULL", "2")];
        let mut settings = Vec::new();
        // A ledger that is only read may be an export, which has no log.
        let log: &[_] = if self.mode == Mode::ReadOnly { &[] } else { &[("journal_mode", "wal")] };
        for (name, wanted) in log.iter().chain(&opening::SETTINGS) {
            let value: String = self
                .connection
                .pragma_query_value(None, name, |r| {
                    let value = r.get_ref(0)?;
                    Ok(match value.as_i64() {
                        Ok(number) => number.to_string(),
                        Err(_) => value.as_str().unwrap_or("").to_owned(),
                    })
                })
                .map_err(told)?;
            let ok = numbered.iter().find(|(word, _)| word == wanted).map_or(*wanted, |(_, n)| n) == value;
            let shown = numbered.iter().find(|(_, n)| *n == value).map_or(value.as_str(), |(word, _)| word);
            settings.push(Setting {
                name: (*name).to_owned(),
                value: shown.to_owned(),
                wanted: (*wanted).to_owned(),
                ok,
            });
        }
        let altered = opening::altered(&self.connection).map_err(told)?;
        settings.push(Setting {
            name: "tables and triggers".to_owned(),
            value: if altered.is_empty() { "as made".to_owned() } else { altered.join(", ") },
            wanted: "as made".to_owned(),
            ok: altered.is_empty(),
        });
        let kind = opening::file_system(Path::new(&self.path));
        settings.push(Setting {
            name: "file system".to_owned(),
            ok: kind.as_deref().is_none_or(|k| !matches!(k, "9p" | "tmpfs" | "overlay")),
            value: kind.unwrap_or_else(|| "not told".to_owned()),
            wanted: "a local disk".to_owned(),
        });
        Ok(settings)
    }
}
