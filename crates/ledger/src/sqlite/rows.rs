//! Entries as rows of SQLite and back.

use super::told;
use crate::error::LedgerError;
use crate::event::{Draft, Entry, Head, Sealed};
use crate::hash::Hash;
use crate::store::Stray;
use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A seq as SQLite's signed integer; beyond its range is beyond every entry.
pub fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Stores `draft` after `last`; gives the new head.
pub fn put(tx: &Connection, study: &str, last: &Head, draft: &Draft) -> Result<Head, LedgerError> {
    let (commitment, head) = draft.follow(study, last);
    put_sealed(tx, study, &head, &last.hash, &commitment, &draft.sealed())?;
    put_content(tx, study, head.seq, &draft.salt, &draft.payload, draft.reason.as_deref())?;
    Ok(head)
}

/// Stores an entry that was sealed elsewhere.
pub fn put_entry(tx: &Connection, entry: &Entry) -> Result<(), LedgerError> {
    put_sealed(tx, &entry.study, &entry.head(), &entry.previous, &entry.commitment, &entry.sealed())?;
    if let (Some(salt), Some(payload)) = (&entry.salt, &entry.payload) {
        put_content(tx, &entry.study, entry.seq, salt, payload, entry.reason.as_deref())?;
    }
    Ok(())
}

fn put_sealed(
    tx: &Connection,
    study: &str,
    head: &Head,
    previous: &Hash,
    commitment: &Hash,
    sealed: &Sealed<'_>,
) -> Result<(), LedgerError> {
    let attachments: Vec<u8> = sealed.attachments.iter().flat_map(|h| h.0).collect();
    let mut insert = tx
        .prepare_cached(
            "INSERT INTO entry (study, seq, previous, hash, commitment, at, actor, role, site, on_behalf, kind,
               kind_version, meaning, request, attachments)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )
        .map_err(told)?;
    insert
        .execute(params![
            study,
            number(head.seq),
            previous.0,
            head.hash.0,
            commitment.0,
            sealed.at.as_microsecond(),
            sealed.actor,
            sealed.role,
            sealed.site,
            sealed.on_behalf,
            sealed.kind,
            sealed.kind_version,
            sealed.meaning,
            sealed.request,
            attachments,
        ])
        .map_err(told)?;
    Ok(())
}

fn put_content(
    tx: &Connection,
    study: &str,
    seq: u64,
    salt: &[u8; 32],
    payload: &[u8],
    reason: Option<&str>,
) -> Result<(), LedgerError> {
    let mut insert = tx
        .prepare_cached("INSERT INTO content (study, seq, salt, payload, reason) VALUES (?1, ?2, ?3, ?4, ?5)")
        .map_err(told)?;
    insert.execute(params![study, number(seq), salt, payload, reason]).map_err(told)?;
    Ok(())
}

pub fn read(
    connection: &Connection,
    study: &str,
    from: u64,
    to: u64,
    each: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut query = connection
        .prepare_cached(
            "SELECT e.seq, e.previous, e.hash, e.commitment, e.at, e.actor, e.role, e.site, e.on_behalf, e.kind,
               e.kind_version, e.meaning, e.request, e.attachments, c.salt, c.payload, c.reason
             FROM entry e LEFT JOIN content c ON c.study = e.study AND c.seq = e.seq
             WHERE e.study = ?1 AND e.seq BETWEEN ?2 AND ?3 ORDER BY e.seq",
        )
        .map_err(told)?;
    let mut rows = query.query(params![study, number(from), number(to)]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        each(entry(study, row)?)?;
    }
    Ok(())
}

fn entry(study: &str, row: &Row<'_>) -> Result<Entry, LedgerError> {
    let seq = row.get::<_, i64>(0).ok().and_then(|s| u64::try_from(s).ok());
    let cells = Cells { row, study, seq: seq.unwrap_or(0) };
    Ok(Entry {
        study: study.to_owned(),
        seq: seq.ok_or_else(|| cells.bad("seq"))?,
        previous: cells.hash(1, "previous")?,
        hash: cells.hash(2, "hash")?,
        commitment: cells.hash(3, "commitment")?,
        at: cells
            .integer(4, "at")
            .and_then(|at| Timestamp::from_microsecond(at).map_err(|_| cells.bad("at")))?,
        actor: cells.text(5, "actor")?,
        role: cells.text(6, "role")?,
        site: cells.optional_text(7, "site")?,
        on_behalf: cells.optional_text(8, "on_behalf")?,
        kind: cells.text(9, "kind")?,
        kind_version: cells
            .integer(10, "kind_version")
            .and_then(|v| u16::try_from(v).map_err(|_| cells.bad("kind_version")))?,
        meaning: cells.optional_text(11, "meaning")?,
        request: cells.optional_text(12, "request")?,
        attachments: cells.hashes(13, "attachments")?,
        salt: cells
            .optional_bytes(14, "salt")?
            .map(|s| s.try_into().map_err(|_| cells.bad("salt")))
            .transpose()?,
        payload: cells.optional_bytes(15, "payload")?.map(<[u8]>::to_vec),
        reason: cells.optional_text(16, "reason")?,
    })
}

/// The cells of one row; whatever is not what its column must hold is an error that names entry and column.
struct Cells<'a> {
    row: &'a Row<'a>,
    study: &'a str,
    seq: u64,
}

impl<'a> Cells<'a> {
    fn bad(&self, column: &'static str) -> LedgerError {
        LedgerError::Row { study: self.study.to_owned(), seq: self.seq, column }
    }

    fn value(&self, at: usize, column: &'static str) -> Result<ValueRef<'a>, LedgerError> {
        self.row.get_ref(at).map_err(|_| self.bad(column))
    }

    fn integer(&self, at: usize, column: &'static str) -> Result<i64, LedgerError> {
        self.value(at, column)?.as_i64().map_err(|_| self.bad(column))
    }

    fn optional_bytes(&self, at: usize, column: &'static str) -> Result<Option<&'a [u8]>, LedgerError> {
        self.value(at, column)?.as_blob_or_null().map_err(|_| self.bad(column))
    }

    fn hash(&self, at: usize, column: &'static str) -> Result<Hash, LedgerError> {
        self.optional_bytes(at, column)?.and_then(Hash::from_slice).ok_or_else(|| self.bad(column))
    }

    fn hashes(&self, at: usize, column: &'static str) -> Result<Vec<Hash>, LedgerError> {
        let bytes = self.optional_bytes(at, column)?.ok_or_else(|| self.bad(column))?;
        bytes.chunks(32).map(|c| Hash::from_slice(c).ok_or_else(|| self.bad(column))).collect()
    }

    fn optional_text(&self, at: usize, column: &'static str) -> Result<Option<String>, LedgerError> {
        let text = self.value(at, column)?.as_str_or_null().map_err(|_| self.bad(column))?;
        Ok(text.map(str::to_owned))
    }

    fn text(&self, at: usize, column: &'static str) -> Result<String, LedgerError> {
        self.optional_text(at, column)?.ok_or_else(|| self.bad(column))
    }
}

pub fn head(row: &Row<'_>, study: &str) -> Result<Head, LedgerError> {
    let cells = Cells { row, study, seq: 0 };
    let seq = cells.integer(0, "seq").and_then(|s| u64::try_from(s).map_err(|_| cells.bad("seq")))?;
    Ok(Head { seq, hash: Cells { seq, ..cells }.hash(1, "hash")? })
}

/// A study's name in the first cell.
pub fn study(row: &Row<'_>) -> Result<Option<String>, LedgerError> {
    Cells { row, study: "?", seq: 0 }.optional_text(0, "study")
}

/// The kind of an entry, and whether its content is there; `None` for no such entry.
pub fn kind_and_content(
    connection: &Connection,
    study: &str,
    seq: u64,
) -> Result<Option<(String, bool)>, LedgerError> {
    let mut query = connection
        .prepare_cached(
            "SELECT kind, EXISTS (SELECT 1 FROM content c WHERE c.study = e.study AND c.seq = e.seq)
             FROM entry e WHERE study = ?1 AND seq = ?2",
        )
        .map_err(told)?;
    query.query_row(params![study, number(seq)], |r| Ok((r.get(0)?, r.get(1)?))).optional().map_err(told)
}

/// Contents without an entry, files that nothing attaches, files that changed.
pub fn strays(connection: &Connection) -> Result<Vec<Stray>, LedgerError> {
    let mut found = Vec::new();
    let mut query = connection
        .prepare(
            "SELECT c.study, c.seq FROM content c
             WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.study = c.study AND e.seq = c.seq) ORDER BY 1, 2",
        )
        .map_err(told)?;
    let mut rows = query.query([]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let seq = row.get::<_, i64>(1).map_err(told)?;
        let study = study(row)?.unwrap_or_default();
        found.push(Stray::Content { study, seq: u64::try_from(seq).unwrap_or(0) });
    }
    drop(rows);
    let mut query =
        connection.prepare("SELECT study, seq FROM entry WHERE seq < 1 ORDER BY 1, 2").map_err(told)?;
    let mut rows = query.query([]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let (study, seq) = (study(row)?.unwrap_or_default(), row.get(1).map_err(told)?);
        found.push(Stray::Entry { study, seq });
    }
    let attached = attached(connection)?;
    let mut query =
        connection.prepare("SELECT study, hash, bytes FROM file ORDER BY study, hash").map_err(told)?;
    let mut rows = query.query([]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let study = study(row)?.unwrap_or_default();
        let cells = Cells { row, study: &study, seq: 0 };
        let hash = cells.hash(1, "hash")?;
        if cells.optional_bytes(2, "bytes")?.is_none_or(|bytes| Hash::of(bytes) != hash) {
            found.push(Stray::BlobChanged { study: study.clone(), hash });
        }
        if !attached.contains(&(study.clone(), hash)) {
            found.push(Stray::Blob { study, hash });
        }
    }
    Ok(found)
}

fn attached(connection: &Connection) -> Result<std::collections::BTreeSet<(String, Hash)>, LedgerError> {
    let mut all = std::collections::BTreeSet::new();
    let mut query =
        connection.prepare("SELECT study, attachments FROM entry WHERE attachments <> x''").map_err(told)?;
    let mut rows = query.query([]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let study = study(row)?.unwrap_or_default();
        let hashes = Cells { row, study: &study, seq: 0 }.hashes(1, "attachments")?;
        all.extend(hashes.into_iter().map(|h| (study.clone(), h)));
    }
    Ok(all)
}
