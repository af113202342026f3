//! What every store of a ledger can do, and the rules that are the same on each.

use crate::error::{CannotErase, LedgerError};
use crate::event::{Appended, Batch, Draft, Entry, Erase, Head, REDACTION, RESERVED, Unfit};
use crate::hash::Hash;
use serde::Serialize;
use std::collections::BTreeSet;

/// Gives an attachment's bytes by its digest; `None` when it was erased.
pub type Files<'a> = dyn FnMut(&Hash) -> Result<Option<Vec<u8>>, LedgerError> + 'a;

/// How to open a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Makes a new ledger where nothing (or an empty file) is; opens one that is there.
    Create,
    /// Opens a ledger that must be there, for reading and writing.
    Existing,
    /// Opens a ledger that must be there and writes nothing, not even beside it where that can be avoided.
    ReadOnly,
}

/// One setting of the store on which durability or honesty rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    pub name: String,
    pub value: String,
    pub wanted: String,
    pub ok: bool,
}

/// A ledger's store: append-only chains of events, one per study, and the files they attach.
pub trait Store: Send {
    /// Appends all batches in **one** durable transaction, all or nothing. When this returns `Ok`, the events are on
    /// the disk. Several batches may continue the same study, each expecting the head that the one before leaves.
    fn append(&mut self, batches: &[Batch<'_>]) -> Result<Vec<Appended>, LedgerError>;

    /// The study's last seq and hash; [`Head::GENESIS`] for a study of which nothing is stored.
    fn head(&self, study: &str) -> Result<Head, LedgerError>;

    /// Every study of which anything is stored, sorted by the bytes of its name.
    fn studies(&self) -> Result<Vec<String>, LedgerError>;

    /// Gives the entries with `from <= seq <= to` to `each`, in order of seq, one at a time, from one snapshot of the
    /// store: a reader never sees half of an append. Nothing is checked; [`verify`](crate::verify()) does that.
    /// An error from `each` ends the reading and is handed back.
    fn read(
        &self,
        study: &str,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError>;

    /// The file with this digest, from whichever study has it; refused when its bytes do not give the digest.
    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Like [`blob`](Store::blob), of one study only.
    fn attachment(&self, study: &str, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Erases payload, reason and salt of entries, and attached files, for good. The event `by`, which must give a
    /// reason, records it in the same transaction; its kind, kind version and payload are set here. The chain goes on
    /// verifying: it holds commitments only. The record of an erasure cannot be erased.
    fn redact(
        &mut self,
        study: &str,
        expected: u64,
        erase: &Erase,
        by: Draft,
    ) -> Result<Appended, LedgerError>;

    /// Takes a whole study from elsewhere, entry by entry as it was sealed there, in one transaction. `next` gives the
    /// entries in order, then `None`; `file` gives an attachment's bytes, `None` when it was erased. The chain is
    /// verified on the way in; a study that is already here is refused.
    fn adopt(
        &mut self,
        study: &str,
        next: &mut dyn FnMut() -> Result<Option<Entry>, LedgerError>,
        file: &mut Files<'_>,
    ) -> Result<Head, LedgerError>;

    /// Takes the study for this store, as long as it is open: [`LedgerError::Taken`] when another process serves it, or
    /// has taken it over since. Asking again sees whether the claim still holds. A file is claimed with all its studies;
    /// memory has no claims.
    fn claim(&mut self, _study: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    /// What stands in the store beside well-placed entries: broken pages, altered tables or triggers, content or files
    /// that belong to no entry. Empty when all is well.
    fn strays(&self) -> Result<Vec<Stray>, LedgerError>;

    /// The settings on which durability rests, each with what it should be.
    fn check_settings(&self) -> Result<Vec<Setting>, LedgerError>;
}

/// Something in the store that no chain accounts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stray {
    /// An entry with a number below 1, where no chain looks.
    Entry { study: String, seq: i64 },
    /// Payload, reason and salt without an entry.
    Content { study: String, seq: u64 },
    /// A file that no entry of the study attaches.
    Blob { study: String, hash: Hash },
    /// The file's bytes do not give its digest.
    BlobChanged { study: String, hash: Hash },
    /// A table, index or trigger that is missing, altered or not the ledger's.
    Schema { object: String },
    /// The store's own structure check found this.
    Structure { detail: String },
}

/// Opens the ledger at a file path or a `postgres://` URL.
pub fn open(url_or_path: &str, mode: Mode) -> Result<Box<dyn Store>, LedgerError> {
    if ["postgres://", "postgresql://"].iter().any(|p| url_or_path.starts_with(p)) {
        #[cfg(feature = "postgres")]
        return Ok(Box::new(crate::Postgres::open(url_or_path, mode)?));
        #[cfg(not(feature = "postgres"))]
        return Err(LedgerError::CannotOpen {
            place: "postgres://…".to_owned(),
            detail: "this program reads ledger files only".to_owned(),
        });
    }
    Ok(Box::new(crate::Sqlite::open(url_or_path, mode)?))
}

/// Whether `batch` may follow `head`: the same answer on every store. `has` tells whether the study's file is stored.
pub(crate) fn admit(
    batch: &Batch<'_>,
    head: Head,
    mut has: impl FnMut(&Hash) -> Result<bool, LedgerError>,
) -> Result<(), LedgerError> {
    let study = batch.study;
    if head.seq != batch.expected {
        return Err(LedgerError::Conflict { study: study.to_owned(), expected: batch.expected, head });
    }
    let refuse = |field, why| Err(LedgerError::Draft { study: study.to_owned(), field, why });
    let brought: BTreeSet<Hash> = batch.blobs.iter().map(|b| b.hash()).collect();
    let mut attached = BTreeSet::new();
    for draft in batch.drafts {
        draft.check(study)?;
        if draft.kind.starts_with(RESERVED) {
            return refuse("kind", Unfit::Reserved);
        }
        attached.extend(&draft.attachments);
    }
    for blob in batch.blobs {
        if !attached.contains(&blob.hash()) {
            return refuse("attachments", Unfit::Unattached);
        }
        if blob.bytes().len() > crate::event::MAX_CONTENT {
            return refuse("attachments", Unfit::Long);
        }
    }
    for hash in attached {
        if !brought.contains(hash) && !has(hash)? {
            return refuse("attachments", Unfit::NoFile);
        }
    }
    Ok(())
}

/// Checks a redaction and makes the event that records it. `at` gives the kind of an entry and whether its content is
/// there, `None` for no such entry; `has` tells whether the study's file is stored.
pub(crate) fn admit_redaction(
    study: &str,
    expected: u64,
    head: Head,
    erase: &Erase,
    mut by: Draft,
    mut at: impl FnMut(u64) -> Result<Option<(String, bool)>, LedgerError>,
    mut has: impl FnMut(&Hash) -> Result<bool, LedgerError>,
) -> Result<(Draft, Erase), LedgerError> {
    if head.seq != expected {
        return Err(LedgerError::Conflict { study: study.to_owned(), expected, head });
    }
    let refuse = |why| Err(LedgerError::Redaction { study: study.to_owned(), why });
    if by.reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
        return refuse(CannotErase::NoReason);
    }
    let mut erase = erase.clone();
    erase.seqs.sort_unstable();
    erase.seqs.dedup();
    erase.attachments.sort_unstable();
    erase.attachments.dedup();
    if erase.seqs.is_empty() && erase.attachments.is_empty() {
        return refuse(CannotErase::Nothing);
    }
    for &seq in &erase.seqs {
        match at(seq)? {
            None => return refuse(CannotErase::NoSuchEntry(seq)),
            Some((kind, _)) if kind == REDACTION => return refuse(CannotErase::IsRedaction(seq)),
            Some((_, false)) => return refuse(CannotErase::Already(seq)),
            Some((_, true)) => {}
        }
    }
    for hash in &erase.attachments {
        if !has(hash)? {
            return refuse(CannotErase::NoSuchAttachment(*hash));
        }
    }
    REDACTION.clone_into(&mut by.kind);
    by.kind_version = 1;
    by.attachments.clear();
    by.payload = serde_json::to_vec(&erase).map_err(|e| LedgerError::Io { detail: e.to_string() })?;
    by.check(study)?;
    Ok((by, erase))
}
