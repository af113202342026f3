//! Verification: is each entry what its hash says, in its place, and is everything missing accounted for?

use crate::checkpoint::{Checkpoint, Signer};
use crate::error::LedgerError;
use crate::event::{Entry, Erase, Head, REDACTION};
use crate::hash::Hash;
use crate::merkle::Tree;
use crate::store::{Store, Stray};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use words::Text;

/// The first bad entry of a study, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub study: String,
    /// Where: the entry's seq; 0 when it is the study or the store as a whole.
    pub seq: u64,
    pub what: FaultKind,
    pub told: Text,
}

/// What can be wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing is stored under the study's name.
    NoSuchStudy,
    /// The next entry is not the one after the last; `seq` of the fault is the one that was due.
    Gap { found: u64 },
    /// The entry stands in another study's chain.
    OtherStudy,
    /// `previous` is not the hash of the entry before.
    Previous,
    /// The entry's fields do not give its hash.
    Hash,
    /// Payload, reason and salt do not give the commitment.
    Commitment,
    /// Payload and salt are gone, or one of them, and no later event says that they were erased.
    ContentMissing,
    /// An event says that the content was erased, but it is there.
    NotErased,
    /// The file is gone and no event says that it was erased.
    AttachmentMissing(Hash),
    /// The file's bytes do not give its digest.
    AttachmentChanged(Hash),
    /// The record of an erasure is itself erased, unreadable, or names what cannot be erased.
    Redaction,
    /// The entries up to a checkpoint's size are not those that were signed.
    Rewritten { size: u64 },
    /// A checkpoint was signed over more entries than there are.
    CutOff { size: u64 },
    /// A stored value cannot be read.
    Unreadable(Box<LedgerError>),
    /// Something that no chain accounts for.
    Stray(Box<Stray>),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told.en)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    pub fn new(study: &str, seq: u64, what: FaultKind) -> Fault {
        let (ja, en) = what.words();
        let told = match (study, seq) {
            ("", _) => Text::new(format!("台帳: {ja}。"), format!("The ledger: {en}.")),
            (_, 0) => Text::new(format!("試験「{study}」: {ja}。"), format!("Study {study}: {en}.")),
            _ => Text::new(
                format!("試験「{study}」の {seq} 番: {ja}。"),
                format!("Entry {seq} of {study}: {en}."),
            ),
        };
        Fault { study: study.to_owned(), seq, what, told }
    }
}

impl FaultKind {
    fn words(&self) -> (String, String) {
        use FaultKind::*;
        let t = |ja: &str, en: &str| (ja.to_owned(), en.to_owned());
        match self {
            NoSuchStudy => t("この名前の試験は台帳にありません", "the ledger holds no study of this name"),
            Gap { found } => (
                format!("この番号がなく、次にあるのは {found} 番です"),
                format!("it is not there; the next one found is {found}"),
            ),
            OtherStudy => t("ほかの試験の記録です", "it belongs to another study"),
            Previous => t(
                "直前の記録のハッシュとつながりません",
                "it does not continue from the hash of the entry before",
            ),
            Hash => t("内容とハッシュが一致しません", "its fields do not give its hash"),
            Commitment => t(
                "本文または理由が、記録されたコミットメントと一致しません",
                "its payload or reason is not what the chain committed to",
            ),
            ContentMissing => {
                t("本文がなく、消去の記録もありません", "its payload is gone and no event records an erasure")
            }
            NotErased => t(
                "消去されたはずの本文が残っています",
                "its payload was recorded as erased but is still there",
            ),
            AttachmentMissing(h) => (
                format!("添付ファイル {} がなく、消去の記録もありません", h.short()),
                format!("its attachment {} is gone and no event records an erasure", h.short()),
            ),
            AttachmentChanged(h) => (
                format!("添付ファイル {} の内容が変わっています", h.short()),
                format!("its attachment {} has changed", h.short()),
            ),
            Redaction => t("消去の記録として読めません", "it cannot be read as the record of an erasure"),
            Rewritten { size } => (
                format!(
                    "ここから署名済みチェックポイント({size} 番まで)の間のどこかが、署名後に書き換えられています"
                ),
                format!("between here and entry {size}, the ledger is not the one that was signed"),
            ),
            CutOff { size } => (
                format!("署名済みチェックポイントは {size} 番までありますが、ここから後がありません"),
                format!("the ledger ends before it, but a checkpoint was signed over {size} entries"),
            ),
            Unreadable(e) => {
                let told = e.told();
                (format!("読めません({})", told.ja), format!("it cannot be read ({})", told.en))
            }
            Stray(stray) => stray.words(),
        }
    }
}

impl crate::store::Stray {
    fn words(&self) -> (String, String) {
        use Stray::*;
        match self {
            Entry { study, seq } => (
                format!("試験「{study}」に番号 {seq} の記録があります"),
                format!("there is an entry of {study} with the number {seq}"),
            ),
            Content { study, seq } => (
                format!("試験「{study}」の {seq} 番の本文がありますが、その記録がありません"),
                format!("there is a payload for entry {seq} of {study}, but no such entry"),
            ),
            Blob { study, hash } => (
                format!("試験「{study}」のファイル {} はどの記録にも添付されていません", hash.short()),
                format!("the file {} of {study} is attached to no entry", hash.short()),
            ),
            BlobChanged { study, hash } => (
                format!("試験「{study}」のファイル {} の内容が変わっています", hash.short()),
                format!("the file {} of {study} has changed", hash.short()),
            ),
            Schema { object } => (
                format!("表またはトリガー「{object}」が本来の定義と異なります"),
                format!("the table or trigger `{object}` is not as a ledger has it"),
            ),
            Structure { detail } => (
                format!("ファイルの構造が壊れています({detail})"),
                format!("its structure is broken ({detail})"),
            ),
        }
    }
}

/// Follows one study's chain entry by entry; keeps a few words per erased entry and nothing per other entry.
#[derive(Debug)]
pub struct Chain {
    study: String,
    head: Head,
    /// Entries seen without content, not yet accounted for.
    missing: BTreeSet<u64>,
    /// Files erased by the redactions seen so far, and the seq of the last that erased each.
    files_erased: BTreeMap<Hash, u64>,
    /// Files attached, and the last entry that attaches each.
    files: BTreeMap<Hash, u64>,
}

impl Chain {
    pub fn new(study: &str) -> Chain {
        Chain {
            study: study.to_owned(),
            head: Head::GENESIS,
            missing: BTreeSet::new(),
            files_erased: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    pub fn head(&self) -> Head {
        self.head
    }

    fn fault(&self, seq: u64, what: FaultKind) -> Fault {
        Fault::new(&self.study, seq, what)
    }

    /// Checks the next entry. Redactions erase earlier entries only, so content that is missing here is accounted for
    /// at the end, by [`finish`](Chain::finish).
    pub fn push(&mut self, entry: &Entry) -> Result<(), Fault> {
        let due = self.head.seq + 1;
        if entry.seq != due {
            return Err(self.fault(due, FaultKind::Gap { found: entry.seq }));
        }
        if entry.study != self.study {
            return Err(self.fault(due, FaultKind::OtherStudy));
        }
        if entry.previous != self.head.hash {
            return Err(self.fault(due, FaultKind::Previous));
        }
        if entry.computed_hash() != entry.hash {
            return Err(self.fault(due, FaultKind::Hash));
        }
        match (&entry.payload, &entry.salt, &entry.reason) {
            (Some(_), Some(_), _) => {
                if entry.computed_commitment() != Some(entry.commitment) {
                    return Err(self.fault(due, FaultKind::Commitment));
                }
            }
            (None, None, None) if entry.kind != REDACTION => {
                self.missing.insert(due);
            }
            (None, None, None) => return Err(self.fault(due, FaultKind::Redaction)),
            _ => return Err(self.fault(due, FaultKind::ContentMissing)),
        }
        self.head = entry.head();
        for hash in &entry.attachments {
            self.files.insert(*hash, due);
        }
        if entry.kind == REDACTION {
            let read = entry.payload.as_deref().and_then(|p| serde_json::from_slice::<Erase>(p).ok());
            let Some(erase) = read else { return Err(self.fault(due, FaultKind::Redaction)) };
            if erase.seqs.iter().any(|&s| s == 0 || s >= due)
                || erase.attachments.iter().any(|h| !self.files.contains_key(h))
            {
                return Err(self.fault(due, FaultKind::Redaction));
            }
            for seq in erase.seqs {
                if !self.missing.remove(&seq) {
                    return Err(self.fault(seq, FaultKind::NotErased));
                }
            }
            for hash in erase.attachments {
                self.files_erased.insert(hash, due);
            }
        }
        Ok(())
    }

    /// Accounts for what is missing. `has` tells whether the study's file is stored; its bytes are checked elsewhere.
    pub fn finish(self, has: &mut dyn FnMut(&Hash) -> Result<bool, LedgerError>) -> Result<Head, Fault> {
        if self.head == Head::GENESIS {
            return Err(self.fault(0, FaultKind::NoSuchStudy));
        }
        if let Some(&seq) = self.missing.first() {
            return Err(self.fault(seq, FaultKind::ContentMissing));
        }
        for (hash, &seq) in &self.files {
            let stored = has(hash).map_err(|e| match e {
                LedgerError::Blob { hash } => self.fault(seq, FaultKind::AttachmentChanged(hash)),
                e => self.fault(seq, FaultKind::Unreadable(Box::new(e))),
            })?;
            // A file that was erased may have been attached once more afterwards.
            let erased = self.files_erased.get(hash).is_some_and(|&by| by > seq);
            if !stored && !erased {
                return Err(self.fault(seq, FaultKind::AttachmentMissing(*hash)));
            }
            if stored && erased {
                return Err(self.fault(seq, FaultKind::NotErased));
            }
        }
        Ok(self.head)
    }
}

/// Verifies one study: every entry in its place, every hash and commitment recomputed, every erasure recorded, every
/// attached file there. `each` sees every entry that holds so far, in order, so that a caller can re-decide it.
/// The fault names the first bad entry; for content that is missing without a record this is known only at the end.
pub fn verify(store: &dyn Store, study: &str, each: &mut dyn FnMut(&Entry)) -> Result<Head, Fault> {
    walk(store, study, &mut |entry| {
        each(entry);
        Ok(())
    })
}

/// What a verification against checkpoints found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub head: Head,
    /// The root of the Merkle tree over all entries' hashes.
    pub root: Hash,
}

/// Like [`verify`], and each of the study's `checkpoints` must fit: the entries up to its size give its root. This is
/// what finds a tail that was cut off, or rewritten and hashed again; the fault then names the first entry that the
/// checkpoints which do fit leave open.
pub fn verify_against(
    store: &dyn Store,
    study: &str,
    checkpoints: &[Checkpoint],
    each: &mut dyn FnMut(&Entry),
) -> Result<Verified, Fault> {
    let mut due: Vec<&Checkpoint> = checkpoints.iter().collect();
    due.sort_by_key(|c| std::cmp::Reverse(c.size));
    let (mut tree, mut sure) = (Tree::default(), 0);
    let mut fits = |tree: &Tree| {
        while let Some(checkpoint) = due.pop_if(|c| c.size == tree.size()) {
            if checkpoint.root != tree.root() {
                let size = checkpoint.size;
                return Err(Fault::new(study, sure + 1, FaultKind::Rewritten { size }));
            }
            sure = checkpoint.size;
        }
        Ok(())
    };
    fits(&tree)?;
    let head = walk(store, study, &mut |entry| {
        tree.push(&entry.hash);
        fits(&tree)?;
        each(entry);
        Ok(())
    })?;
    match due.last() {
        Some(checkpoint) => Err(Fault::new(study, head.seq + 1, FaultKind::CutOff { size: checkpoint.size })),
        None => Ok(Verified { head, root: tree.root() }),
    }
}

fn walk(
    store: &dyn Store,
    study: &str,
    each: &mut dyn FnMut(&Entry) -> Result<(), Fault>,
) -> Result<Head, Fault> {
    let mut chain = Chain::new(study);
    let mut fault = None;
    let read = store.read(study, 0, u64::MAX, &mut |entry| {
        chain.push(&entry).and_then(|()| each(&entry)).map_err(|found| {
            fault = Some(found);
            LedgerError::Closed
        })
    });
    if let Some(fault) = fault {
        return Err(fault);
    }
    if let Err(e) = read {
        let seq = match &e {
            LedgerError::Row { seq, .. } => (*seq).min(chain.head.seq + 1),
            _ => chain.head.seq + 1,
        };
        return Err(Fault::new(study, seq, FaultKind::Unreadable(Box::new(e))));
    }
    chain.finish(&mut |hash| Ok(store.attachment(study, hash)?.is_some()))
}

/// The checkpoint over all entries of a verified study, to be signed by `signer`.
pub fn checkpoint(store: &dyn Store, study: &str, signer: &Signer) -> Result<Checkpoint, Fault> {
    let Verified { head, root } = verify_against(store, study, &[], &mut |_| ())?;
    Ok(Checkpoint { origin: signer.origin(study), size: head.seq, root })
}

/// Verifies every study of a store, and that nothing stands in it which no chain accounts for. Gives each study's head,
/// or every fault found (the first of each study).
pub fn verify_all(
    store: &dyn Store,
    each: &mut dyn FnMut(&Entry),
) -> Result<BTreeMap<String, Head>, Vec<Fault>> {
    let whole = |e| vec![Fault::new("", 0, FaultKind::Unreadable(Box::new(e)))];
    let mut faults: Vec<Fault> = Vec::new();
    let mut heads = BTreeMap::new();
    for study in store.studies().map_err(whole)? {
        match verify(store, &study, each) {
            Ok(head) => {
                heads.insert(study, head);
            }
            Err(fault) => faults.push(fault),
        }
    }
    match store.strays() {
        Ok(strays) => {
            faults.extend(strays.into_iter().map(|s| Fault::new("", 0, FaultKind::Stray(Box::new(s)))))
        }
        Err(e) => faults.extend(whole(e)),
    }
    if faults.is_empty() { Ok(heads) } else { Err(faults) }
}
