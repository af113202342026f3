//! Entries as rows of PostgreSQL and back.

use super::any;
use super::session::{Statements, told};
use crate::error::LedgerError;
use crate::event::{Draft, Entry, Head, Sealed};
use crate::hash::Hash;
use crate::store::Stray;
use jiff::Timestamp;
use postgres::GenericClient;
use postgres::types::FromSql;
use std::collections::BTreeSet;

/// Greatest number of entries that are fetched at once.
const PAGE: i64 = 500;

/// Greatest number of entries in one statement.
const MANY: usize = 1000;

/// A seq as a signed integer; beyond its range is beyond every entry.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub fn head(client: &mut impl GenericClient, s: &Statements, study: &str) -> Result<Head, LedgerError> {
    let Some(row) = client.query_opt(&s.head, &[&study]).map_err(told)? else { return Ok(Head::GENESIS) };
    let cells = Cells { row: &row, study, seq: 0 };
    Ok(Head { seq: cells.seq()?, hash: cells.hash(1, "hash")? })
}

pub fn has_file(
    client: &mut impl GenericClient,
    s: &Statements,
    study: &str,
    hash: &Hash,
) -> Result<bool, LedgerError> {
    any(client, &s.has_file, &[&hash.0.as_slice(), &study])
}

pub fn put_file(
    client: &mut impl GenericClient,
    s: &Statements,
    study: &str,
    hash: &Hash,
    bytes: &[u8],
) -> Result<(), LedgerError> {
    if !has_file(client, s, study, hash)? {
        client.execute(&s.put_file, &[&hash.0.as_slice(), &study, &bytes]).map_err(told)?;
    }
    Ok(())
}

/// An entry on its way into the tables.
pub struct Row<'a> {
    pub study: &'a str,
    pub head: Head,
    pub previous: Hash,
    pub commitment: Hash,
    pub sealed: Sealed<'a>,
    /// Salt, payload, reason; `None` when they were erased.
    pub content: Option<(&'a [u8; 32], &'a [u8], Option<&'a str>)>,
}

impl<'a> Row<'a> {
    /// `draft` after `last`.
    pub fn following(study: &'a str, last: &Head, draft: &'a Draft) -> Row<'a> {
        let (commitment, head) = draft.follow(study, last);
        let content = Some((&draft.salt, &*draft.payload, draft.reason.as_deref()));
        Row { study, head, previous: last.hash, commitment, sealed: draft.sealed(), content }
    }

    /// An entry that was sealed elsewhere.
    pub fn sealed(entry: &'a Entry) -> Row<'a> {
        let content = entry.salt.as_ref().zip(entry.payload.as_deref());
        Row {
            study: &entry.study,
            head: entry.head(),
            previous: entry.previous,
            commitment: entry.commitment,
            sealed: entry.sealed(),
            content: content.map(|(salt, payload)| (salt, payload, entry.reason.as_deref())),
        }
    }
}

/// Stores entries in order, many to a statement: what costs is the way to the server and back.
pub fn put(client: &mut impl GenericClient, s: &Statements, rows: &[Row<'_>]) -> Result<(), LedgerError> {
    for rows in rows.chunks(MANY) {
        let attachments: Vec<Vec<u8>> =
            rows.iter().map(|r| r.sealed.attachments.iter().flat_map(|h| h.0).collect()).collect();
        client
            .execute(
                &s.put_entries,
                &[
                    &column(rows, |r| r.study),
                    &column(rows, |r| number(r.head.seq)),
                    &column(rows, |r| r.previous.0.as_slice()),
                    &column(rows, |r| r.head.hash.0.as_slice()),
                    &column(rows, |r| r.commitment.0.as_slice()),
                    &column(rows, |r| r.sealed.at.as_microsecond()),
                    &column(rows, |r| r.sealed.actor),
                    &column(rows, |r| r.sealed.role),
                    &column(rows, |r| r.sealed.site),
                    &column(rows, |r| r.sealed.on_behalf),
                    &column(rows, |r| r.sealed.kind),
                    &column(rows, |r| i32::from(r.sealed.kind_version)),
                    &column(rows, |r| r.sealed.meaning),
                    &column(rows, |r| r.sealed.request),
                    &attachments,
                ],
            )
            .map_err(told)?;
        let contents: Vec<_> = rows.iter().filter_map(|r| Some((r.study, r.head.seq, r.content?))).collect();
        client
            .execute(
                &s.put_contents,
                &[
                    &column(&contents, |c| c.0),
                    &column(&contents, |c| number(c.1)),
                    &column(&contents, |c| c.2.0.as_slice()),
                    &column(&contents, |c| c.2.1),
                    &column(&contents, |c| c.2.2),
                ],
            )
            .map_err(told)?;
    }
    Ok(())
}

fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

pub fn studies(client: &mut impl GenericClient) -> Result<Vec<String>, LedgerError> {
    // One index look-up per study. A study is also named where only its contents are left, so that nothing hides.
    let rows = client
        .query(
            "WITH RECURSIVE next AS (
               (SELECT least((SELECT min(study) FROM ledger.entry), (SELECT min(study) FROM ledger.content)) AS study)
               UNION ALL
               SELECT least((SELECT min(e.study) FROM ledger.entry e WHERE e.study > next.study),
                            (SELECT min(c.study) FROM ledger.content c WHERE c.study > next.study))
               FROM next WHERE next.study IS NOT NULL)
             SELECT study FROM next WHERE study IS NOT NULL",
            &[],
        )
        .map_err(told)?;
    rows.iter().map(|r| r.try_get(0).map_err(told)).collect()
}

/// The next entries, a page at most; one that cannot be read is the last of its page.
pub fn page(
    client: &mut impl GenericClient,
    s: &Statements,
    study: &str,
    from: u64,
    to: u64,
) -> Result<Vec<Result<Entry, LedgerError>>, LedgerError> {
    let rows = client.query(&s.page, &[&study, &number(from), &number(to), &PAGE]).map_err(told)?;
    let mut page = Vec::with_capacity(rows.len());
    for row in &rows {
        let entry = entry(study, row);
        let bad = entry.is_err();
        page.push(entry);
        if bad {
            break;
        }
    }
    Ok(page)
}

fn entry(study: &str, row: &postgres::Row) -> Result<Entry, LedgerError> {
    let seq = Cells { row, study, seq: 0 }.seq()?;
    let cells = Cells { row, study, seq };
    let integer = |at, column| cells.get::<i64>(at, column);
    Ok(Entry {
        study: study.to_owned(),
        seq,
        previous: cells.hash(1, "previous")?,
        hash: cells.hash(2, "hash")?,
        commitment: cells.hash(3, "commitment")?,
        at: Timestamp::from_microsecond(integer(4, "at")?).map_err(|_| cells.bad("at"))?,
        actor: cells.get(5, "actor")?,
        role: cells.get(6, "role")?,
        site: cells.get(7, "site")?,
        on_behalf: cells.get(8, "on_behalf")?,
        kind: cells.get(9, "kind")?,
        kind_version: u16::try_from(cells.get::<i32>(10, "kind_version")?)
            .map_err(|_| cells.bad("kind_version"))?,
        meaning: cells.get(11, "meaning")?,
        request: cells.get(12, "request")?,
        attachments: cells.hashes(13, "attachments")?,
        salt: cells
            .get::<Option<&[u8]>>(14, "salt")?
            .map(|s| s.try_into().map_err(|_| cells.bad("salt")))
            .transpose()?,
        payload: cells.get(15, "payload")?,
        reason: cells.get(16, "reason")?,
    })
}

/// The cells of one row; whatever is not what its column must hold is an error that names entry and column.
struct Cells<'a> {
    row: &'a postgres::Row,
    study: &'a str,
    seq: u64,
}

impl<'a> Cells<'a> {
    fn bad(&self, column: &'static str) -> LedgerError {
        LedgerError::Row { study: self.study.to_owned(), seq: self.seq, column }
    }

    fn get<T: FromSql<'a>>(&self, at: usize, column: &'static str) -> Result<T, LedgerError> {
        self.row.try_get(at).map_err(|_| self.bad(column))
    }

    fn seq(&self) -> Result<u64, LedgerError> {
        u64::try_from(self.get::<i64>(0, "seq")?).map_err(|_| self.bad("seq"))
    }

    fn hash(&self, at: usize, column: &'static str) -> Result<Hash, LedgerError> {
        Hash::from_slice(self.get(at, column)?).ok_or_else(|| self.bad(column))
    }

    fn hashes(&self, at: usize, column: &'static str) -> Result<Vec<Hash>, LedgerError> {
        let bytes: &[u8] = self.get(at, column)?;
        bytes.chunks(32).map(|c| Hash::from_slice(c).ok_or_else(|| self.bad(column))).collect()
    }
}

/// The kind of an entry, and whether its content is there; `None` for no such entry.
pub fn kind_and_content(
    client: &mut impl GenericClient,
    study: &str,
    seq: u64,
) -> Result<Option<(String, bool)>, LedgerError> {
    let sql = "SELECT kind, EXISTS (SELECT 1 FROM ledger.content c WHERE c.study = e.study AND c.seq = e.seq)
               FROM ledger.entry e WHERE study = $1 AND seq = $2";
    let row = client.query_opt(sql, &[&study, &number(seq)]).map_err(told)?;
    row.map(|r| Ok((r.try_get(0).map_err(told)?, r.try_get(1).map_err(told)?))).transpose()
}

/// Contents without an entry, files that nothing attaches, files that changed.
pub fn strays(client: &mut impl GenericClient) -> Result<Vec<Stray>, LedgerError> {
    let mut found = Vec::new();
    let orphans = "SELECT c.study, c.seq FROM ledger.content c WHERE NOT EXISTS
        (SELECT 1 FROM ledger.entry e WHERE e.study = c.study AND e.seq = c.seq) ORDER BY 1, 2";
    for row in client.query(orphans, &[]).map_err(told)? {
        let seq: i64 = row.try_get(1).map_err(told)?;
        let study = row.try_get(0).map_err(told)?;
        found.push(Stray::Content { study, seq: u64::try_from(seq).unwrap_or(0) });
    }
    let misplaced = "SELECT study, seq FROM ledger.entry WHERE seq < 1 ORDER BY 1, 2";
    for row in client.query(misplaced, &[]).map_err(told)? {
        let (study, seq) = (row.try_get(0).map_err(told)?, row.try_get(1).map_err(told)?);
        found.push(Stray::Entry { study, seq });
    }
    let mut attached: BTreeSet<(String, Hash)> = BTreeSet::new();
    for row in client
        .query("SELECT study, attachments FROM ledger.entry WHERE length(attachments) > 0", &[])
        .map_err(told)?
    {
        let study: String = row.try_get(0).map_err(told)?;
        let hashes = Cells { row: &row, study: &study, seq: 0 }.hashes(1, "attachments")?;
        attached.extend(hashes.into_iter().map(|h| (study.clone(), h)));
    }
    let files = "SELECT study, hash, sha256(bytes) = hash FROM ledger.file ORDER BY study, hash";
    for row in client.query(files, &[]).map_err(told)? {
        let study: String = row.try_get(0).map_err(told)?;
        let hash = Cells { row: &row, study: &study, seq: 0 }.hash(1, "hash")?;
        if !row.try_get::<_, bool>(2).map_err(told)? {
            found.push(Stray::BlobChanged { study: study.clone(), hash });
        }
        if !attached.contains(&(study.clone(), hash)) {
            found.push(Stray::Blob { study, hash });
        }
    }
    Ok(found)
}
