//! A ledger in the schema `ledger` of a PostgreSQL database.

mod opening;
mod rows;
mod session;

use crate::error::LedgerError;
use crate::event::{Appended, Batch, Blob, Draft, Entry, Erase, Head, Unfit};
use crate::hash::Hash;
use crate::memory::whole;
use crate::store::{Files, Mode, Setting, Store, Stray, admit, admit_redaction};
use crate::verify::Chain;
use postgres::{GenericClient, IsolationLevel, Transaction};
use session::{Session, told};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// A ledger in a PostgreSQL database. One connection; it is opened again by itself when it was cut. Use it on a thread
/// of its own ([`actor`](crate::actor)), never inside an asynchronous runtime.
///
/// Studies spread over processes by [`claim`](Store::claim): whoever holds a study's advisory lock serves it, and the
/// lock goes with the connection. Appends by a process that has no claim are still safe: each carries the head it knew.
pub struct Postgres {
    session: RefCell<Session>,
    mode: Mode,
    claimed: BTreeSet<String>,
    /// Whether a reading holds a transaction open, so that a nested one joins it.
    reading: Cell<bool>,
}

impl Postgres {
    /// Opens `postgres://…`; the connection is not encrypted: use a Unix socket, loopback or a tunnel.
    /// [`Mode::Create`] makes the tables in a database where they are not.
    pub fn open(url: &str, mode: Mode) -> Result<Postgres, LedgerError> {
        let session = RefCell::new(opening::open(url, mode)?);
        Ok(Postgres { session, mode, claimed: BTreeSet::new(), reading: Cell::new(false) })
    }

    /// Gives `role` what the running program needs and no more: to insert, to read, to erase on record.
    /// Call as the owner; the role must exist.
    pub fn admit_role(&mut self, role: &str) -> Result<(), LedgerError> {
        let role = format!("\"{}\"", role.replace('"', "\"\""));
        let sql = include_str!("grants.sql").replace("program", &role);
        self.session()?.client.batch_execute(&sql).map_err(told)
    }

    /// The session for writing, connected again if it was cut. A claim that somebody else has taken meanwhile is told
    /// once, and is then no longer held.
    fn session(&mut self) -> Result<&mut Session, LedgerError> {
        let session = self.session.get_mut();
        session.revive()?;
        if std::mem::take(&mut session.claims_lost) {
            let mut taken = None;
            for study in std::mem::take(&mut self.claimed) {
                if session.claim(&study)? {
                    self.claimed.insert(study);
                } else {
                    taken = Some(study);
                }
            }
            if let Some(study) = taken {
                return Err(LedgerError::Taken { study });
            }
        }
        Ok(session)
    }

    /// Reads; reading needs no claim.
    fn ask<T>(
        &self,
        question: impl FnOnce(&mut Session) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let result = {
            let mut session = self.session.try_borrow_mut().map_err(|_| LedgerError::Busy)?;
            // Within a reading, a new connection would not see the same moment.
            if !self.reading.get() {
                session.revive()?;
            }
            question(&mut session)
        };
        self.noted(result)
    }

    /// Hands on what came back; remembers when it says that the connection is gone.
    fn noted<T>(&self, result: Result<T, LedgerError>) -> Result<T, LedgerError> {
        if let (Err(LedgerError::Disconnected { .. }), Ok(mut session)) =
            (&result, self.session.try_borrow_mut())
        {
            session.cut = true;
        }
        result
    }

    fn write<T>(
        &mut self,
        studies: BTreeSet<&str>,
        work: impl FnOnce(&mut Transaction<'_>, &session::Statements) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        if self.mode == Mode::ReadOnly {
            return Err(LedgerError::ReadOnly);
        }
        let session = self.session()?;
        let result = write(session, studies, work);
        self.noted(result)
    }
}

fn write<T>(
    session: &mut Session,
    studies: BTreeSet<&str>,
    work: impl FnOnce(&mut Transaction<'_>, &session::Statements) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let Session { client, statements, .. } = session;
    let begin = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).read_only(false);
    let mut tx = begin.start().map_err(told)?;
    // In one order everywhere, so that two writers never wait for each other.
    let mut keys: Vec<i64> = studies.iter().map(|s| session::key("appends to", s)).collect();
    keys.sort_unstable();
    tx.execute("SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) k", &[&keys]).map_err(told)?;
    let done = work(&mut tx, statements)?;
    tx.commit().map_err(told)?;
    Ok(done)
}

impl Store for Postgres {
    fn append(&mut self, batches: &[Batch<'_>]) -> Result<Vec<Appended>, LedgerError> {
        // PostgreSQL's text cannot even be asked for a name with NUL.
        if let Some(unfit) = batches.iter().find(|b| b.study.contains('\0')) {
            let study = unfit.study.to_owned();
            return Err(LedgerError::Draft { study, field: "study", why: Unfit::Control });
        }
        self.write(batches.iter().map(|b| b.study).collect(), |tx, statements| {
            let mut heads: BTreeMap<&str, Head> = BTreeMap::new();
            let mut files: BTreeMap<(&str, Hash), &Blob> = BTreeMap::new();
            let (mut rows, mut done) = (Vec::new(), Vec::with_capacity(batches.len()));
            for batch in batches {
                let start = match heads.get(batch.study) {
                    Some(head) => *head,
                    None => rows::head(tx, statements, batch.study)?,
                };
                admit(batch, start, |h| {
                    let brought = files.contains_key(&(batch.study, *h));
                    Ok(brought || rows::has_file(tx, statements, batch.study, h)?)
                })?;
                let mut last = start;
                let mut hashes = Vec::with_capacity(batch.drafts.len());
                for draft in batch.drafts {
                    let row = rows::Row::following(batch.study, &last, draft);
                    last = row.head;
                    hashes.push(last.hash);
                    rows.push(row);
                }
                files.extend(batch.blobs.iter().map(|b| ((batch.study, b.hash()), b)));
                heads.insert(batch.study, last);
                done.push(Appended {
                    study: batch.study.to_owned(),
                    first: start.seq + 1,
                    head: last,
                    hashes,
                });
            }
            rows::put(tx, statements, &rows)?;
            for ((study, hash), blob) in files {
                rows::put_file(tx, statements, study, &hash, blob.bytes())?;
            }
            Ok(done)
        })
    }

    fn head(&self, study: &str) -> Result<Head, LedgerError> {
        self.ask(|session| rows::head(&mut session.client, &session.statements, study))
    }

    fn studies(&self) -> Result<Vec<String>, LedgerError> {
        self.ask(|session| rows::studies(&mut session.client))
    }

    fn read(
        &self,
        study: &str,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let _snapshot = Snapshot::of(self)?;
        let mut next = from;
        loop {
            let page = self.ask(|s| rows::page(&mut s.client, &s.statements, study, next, to))?;
            let Some(last) = page.last().map(|e| e.as_ref().map_or(u64::MAX, |e| e.seq)) else {
                return Ok(());
            };
            for entry in page {
                each(entry?)?;
            }
            let Some(after) = last.checked_add(1) else { return Ok(()) };
            next = after;
        }
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let sql = "SELECT bytes FROM ledger.file WHERE hash = $1 ORDER BY study LIMIT 1";
        let found = self.ask(|s| s.client.query_opt(sql, &[&hash.0.as_slice()]).map_err(told))?;
        found.map(|row| whole(hash, row.try_get(0).map_err(told)?)).transpose()
    }

    fn attachment(&self, study: &str, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let sql = "SELECT bytes FROM ledger.file WHERE hash = $1 AND study = $2";
        let found = self.ask(|s| s.client.query_opt(sql, &[&hash.0.as_slice(), &study]).map_err(told))?;
        found.map(|row| whole(hash, row.try_get(0).map_err(told)?)).transpose()
    }

    fn redact(
        &mut self,
        study: &str,
        expected: u64,
        erase: &Erase,
        by: Draft,
    ) -> Result<Appended, LedgerError> {
        self.write(BTreeSet::from([study]), |tx, statements| {
            let start = rows::head(tx, statements, study)?;
            let tx = RefCell::new(tx);
            let (by, _) = admit_redaction(
                study,
                expected,
                start,
                erase,
                by,
                |seq| rows::kind_and_content(*tx.borrow_mut(), study, seq),
                |hash| rows::has_file(*tx.borrow_mut(), statements, study, hash),
            )?;
            let tx = tx.into_inner();
            let row = rows::Row::following(study, &start, &by);
            let last = row.head;
            rows::put(tx, statements, &[row])?;
            tx.execute("SELECT ledger.erase($1)", &[&study]).map_err(told)?;
            Ok(Appended { study: study.to_owned(), first: last.seq, head: last, hashes: vec![last.hash] })
        })
    }

    fn adopt(
        &mut self,
        study: &str,
        next: &mut dyn FnMut() -> Result<Option<Entry>, LedgerError>,
        file: &mut Files<'_>,
    ) -> Result<Head, LedgerError> {
        self.write(BTreeSet::from([study]), |tx, statements| {
            let start = rows::head(tx, statements, study)?;
            if start != Head::GENESIS {
                return Err(LedgerError::Occupied { study: study.to_owned(), head: start });
            }
            let mut chain = Chain::new(study);
            let mut page: Vec<Entry> = Vec::new();
            loop {
                let entry = next()?;
                if entry.is_none() || page.len() >= 500 {
                    let rows: Vec<_> = page.iter().map(rows::Row::sealed).collect();
                    rows::put(tx, statements, &rows)?;
                    page.clear();
                }
                let Some(entry) = entry else { break };
                chain.push(&entry).map_err(|f| LedgerError::Reader(f.told))?;
                for hash in &entry.attachments {
                    if !rows::has_file(tx, statements, study, hash)?
                        && let Some(bytes) = file(hash)?
                    {
                        rows::put_file(tx, statements, study, hash, &whole(hash, bytes)?)?;
                    }
                }
                page.push(entry);
            }
            chain
                .finish(&mut |hash| rows::has_file(tx, statements, study, hash))
                .map_err(|f| LedgerError::Reader(f.told))
        })
    }

    fn claim(&mut self, study: &str) -> Result<(), LedgerError> {
        let held = self.claimed.contains(study);
        let session = self.session()?;
        // A claim is as good as its connection: see whether that still lives.
        let got = if held {
            session.client.batch_execute("").map(|()| true).map_err(told)
        } else {
            session.claim(study)
        };
        if !self.noted(got)? {
            return Err(LedgerError::Taken { study: study.to_owned() });
        }
        self.claimed.insert(study.to_owned());
        Ok(())
    }

    fn strays(&self) -> Result<Vec<Stray>, LedgerError> {
        let altered = self.ask(|s| opening::altered(&mut s.client))?;
        let mut found: Vec<Stray> = altered.into_iter().map(|object| Stray::Schema { object }).collect();
        found.extend(self.ask(|s| rows::strays(&mut s.client))?);
        Ok(found)
    }

    fn check_settings(&self) -> Result<Vec<Setting>, LedgerError> {
        self.ask(|s| opening::settings(&mut s.client))
    }
}

/// A read-only transaction that sees one moment of the database; ends with the value.
struct Snapshot<'a>(Option<&'a Postgres>);

impl Snapshot<'_> {
    fn of(store: &Postgres) -> Result<Snapshot<'_>, LedgerError> {
        if store.reading.get() {
            return Ok(Snapshot(None));
        }
        let begin = "START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        store.ask(|s| s.client.batch_execute(begin).map_err(told))?;
        store.reading.set(true);
        Ok(Snapshot(Some(store)))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if let Some(store) = self.0 {
            store.reading.set(false);
            if let Ok(mut session) = store.session.try_borrow_mut() {
                // A cut connection has ended the transaction by itself.
                let _ = session.client.batch_execute("ROLLBACK");
            }
        }
    }
}

/// Whether any row comes back.
fn any(
    client: &mut impl GenericClient,
    statement: &postgres::Statement,
    parameters: &[&(dyn postgres::types::ToSql + Sync)],
) -> Result<bool, LedgerError> {
    Ok(client.query_opt(statement, parameters).map_err(told)?.is_some())
}
