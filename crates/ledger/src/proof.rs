//! A few entries of a study, shown to be in a signed ledger without showing the rest.

use crate::checkpoint::{Checkpoint, NoteError, Signer, Verifier};
use crate::error::LedgerError;
use crate::event::Entry;
use crate::hash::Hash;
use crate::merkle;
use crate::store::Store;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Entries with their audit paths, and the signed checkpoint that they lead to. Kept as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The signed note.
    pub checkpoint: String,
    pub entries: Vec<Shown>,
}

/// One entry as a proof shows it: every field that its hash covers, its content, and its audit path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    pub study: String,
    pub seq: u64,
    pub at: Timestamp,
    pub actor: String,
    pub role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<String>,
    pub kind: String,
    pub kind_version: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The payload, when it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The payload in base64, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_base64: Option<String>,
    /// Absent, like the payload, when the content was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Hash>,
    pub commitment: Hash,
    pub previous: Hash,
    pub hash: Hash,
    /// From the leaf upwards (RFC 6962, 2.1.1).
    pub path: Vec<Hash>,
}

/// Makes the proof for the entries `seqs` of a study, under a new checkpoint of its present head.
pub fn prove(
    store: &dyn Store,
    study: &str,
    seqs: &BTreeSet<u64>,
    signer: &Signer,
) -> Result<Proof, LedgerError> {
    let (mut hashes, mut wanted) = (Vec::new(), Vec::new());
    store.read(study, 0, u64::MAX, &mut |entry| {
        hashes.push(entry.hash);
        if seqs.contains(&entry.seq) {
            wanted.push(entry);
        }
        Ok(())
    })?;
    let mut entries = Vec::with_capacity(wanted.len());
    for entry in wanted {
        let index = usize::try_from(entry.seq).unwrap_or(0).saturating_sub(1);
        entries.extend(merkle::inclusion(&hashes, index).map(|path| Shown::of(entry, path)));
    }
    let size = hashes.len() as u64;
    let checkpoint = Checkpoint { origin: signer.origin(study), size, root: merkle::root(&hashes) };
    Ok(Proof { checkpoint: signer.sign(&checkpoint), entries })
}

impl Proof {
    /// Checks the signature, each entry's hash and commitment, and its place under the checkpoint's root. Gives the
    /// checkpoint and the entries; or the reason, with the seq of the entry that does not fit.
    pub fn check(&self, keys: &[Verifier]) -> Result<(Checkpoint, Vec<Entry>), (Option<u64>, NoteError)> {
        let checkpoint = Checkpoint::open(&self.checkpoint, keys).map_err(|e| (None, e))?;
        let study = checkpoint.study(keys).ok_or((None, NoteError::OtherOrigin))?;
        let mut entries = Vec::with_capacity(self.entries.len());
        for shown in &self.entries {
            let refuse = |why| Err((Some(shown.seq), why));
            let Some(entry) = shown.entry() else { return refuse(NoteError::Form) };
            if entry.study != study {
                return refuse(NoteError::OtherOrigin);
            }
            let content = match entry.computed_commitment() {
                Some(commitment) => commitment == entry.commitment,
                None => entry.payload.is_none() && entry.salt.is_none() && entry.reason.is_none(),
            };
            let (index, size) = (entry.seq.checked_sub(1), checkpoint.size);
            let leads = index.and_then(|i| merkle::root_of_inclusion(&entry.hash, i, size, &shown.path));
            if !content || entry.computed_hash() != entry.hash || leads != Some(checkpoint.root) {
                return refuse(NoteError::NotIncluded);
            }
            entries.push(entry);
        }
        Ok((checkpoint, entries))
    }
}

impl Shown {
    fn of(entry: Entry, path: Vec<Hash>) -> Shown {
        let (payload, payload_base64) = match entry.payload.map(String::from_utf8) {
            None => (None, None),
            Some(Ok(text)) => (Some(text), None),
            Some(Err(bytes)) => (None, Some(BASE64.encode(bytes.as_bytes()))),
        };
        Shown {
            study: entry.study,
            seq: entry.seq,
            at: entry.at,
            actor: entry.actor,
            role: entry.role,
            site: entry.site,
            on_behalf: entry.on_behalf,
            kind: entry.kind,
            kind_version: entry.kind_version,
            meaning: entry.meaning,
            request: entry.request,
            attachments: entry.attachments,
            reason: entry.reason,
            payload,
            payload_base64,
            salt: entry.salt.map(Hash),
            commitment: entry.commitment,
            previous: entry.previous,
            hash: entry.hash,
            path,
        }
    }

    /// `None` when the payload is given twice or is not base64.
    fn entry(&self) -> Option<Entry> {
        let payload = match (&self.payload, &self.payload_base64) {
            (Some(_), Some(_)) => return None,
            (Some(text), None) => Some(text.clone().into_bytes()),
            (None, Some(text)) => Some(BASE64.decode(text).ok()?),
            (None, None) => None,
        };
        Some(Entry {
            study: self.study.clone(),
            seq: self.seq,
            previous: self.previous,
            hash: self.hash,
            commitment: self.commitment,
            at: self.at,
            actor: self.actor.clone(),
            role: self.role.clone(),
            site: self.site.clone(),
            on_behalf: self.on_behalf.clone(),
            kind: self.kind.clone(),
            kind_version: self.kind_version,
            meaning: self.meaning.clone(),
            request: self.request.clone(),
            attachments: self.attachments.clone(),
            payload,
            reason: self.reason.clone(),
            salt: self.salt.map(|s| s.0),
        })
    }
}
