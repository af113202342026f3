//! What an event is made of, and how it is sealed into the chain. Settled for good: see `docs/ledger.md`.

use crate::LedgerError;
use crate::hash::{Fields, Hash};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Kinds that begin with this belong to the ledger itself; an ordinary append may not use them.
pub const RESERVED: &str = "ledger.";
/// The kind of the event that records an erasure. Its payload is an [`Erase`] as JSON.
pub const REDACTION: &str = "ledger.redaction";

/// Greatest length of the free texts `payload` and `reason`, and of an attachment, in bytes.
pub const MAX_CONTENT: usize = 64 << 20;
/// Greatest length of every other text, in bytes.
pub const MAX_TEXT: usize = 1000;
/// Greatest number of attachments of one event.
pub const MAX_ATTACHMENTS: usize = 1000;

/// An event before it has a place in the chain.
///
/// `payload`, `reason` and `salt` can be erased later ([`Store::redact`](crate::Store::redact)); everything else stays
/// readable for ever, so personal text belongs into the first two only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// When, by the server's clock. Kept to the microsecond; what is finer is cut off, towards 1970.
    pub at: Timestamp,
    pub actor: String,
    pub role: String,
    pub site: Option<String>,
    /// For whom the actor acted, as a data centre that types in a form which came on paper.
    pub on_behalf: Option<String>,
    pub kind: String,
    pub kind_version: u16,
    /// The bytes that are committed to. They are stored and hashed as they are, never parsed and written again.
    pub payload: Vec<u8>,
    /// Why: free text by a person, committed to together with the payload.
    pub reason: Option<String>,
    /// What a signature means, as "I approve this form".
    pub meaning: Option<String>,
    /// The request that caused the event, so that a repeated request is recognised.
    pub request: Option<String>,
    /// Digests of the files that belong to the event, in order.
    pub attachments: Vec<Hash>,
    /// Thirty-two random bytes, fresh for each event: without them a short payload could be guessed from its commitment.
    pub salt: [u8; 32],
}

/// An event in its place in the chain of one study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub study: String,
    /// 1, 2, 3, … without a gap. The order of events is this, never the clock.
    pub seq: u64,
    /// The hash of the entry before; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    pub hash: Hash,
    /// What the chain holds of payload and reason.
    pub commitment: Hash,
    pub at: Timestamp,
    pub actor: String,
    pub role: String,
    pub site: Option<String>,
    pub on_behalf: Option<String>,
    pub kind: String,
    pub kind_version: u16,
    pub meaning: Option<String>,
    pub request: Option<String>,
    pub attachments: Vec<Hash>,
    /// `None` when it was erased.
    pub payload: Option<Vec<u8>>,
    /// `None` when there was none, or when it was erased together with the payload.
    pub reason: Option<String>,
    /// `None` when payload and reason were erased.
    pub salt: Option<[u8; 32]>,
}

/// The end of one study's chain: the number and hash of its last entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Head {
    pub seq: u64,
    pub hash: Hash,
}

impl Head {
    /// The head of a study in which nothing has happened yet.
    pub const GENESIS: Head = Head { seq: 0, hash: Hash::ZERO };
}

/// A file, addressed by the SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    hash: Hash,
    bytes: Vec<u8>,
}

impl Blob {
    pub fn new(bytes: Vec<u8>) -> Blob {
        Blob { hash: Hash::of(&bytes), bytes }
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Events for one study that stand or fall together, and the files that they attach.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    pub study: &'a str,
    /// The seq of the study's head as the writer knew it; any other head is a conflict.
    pub expected: u64,
    pub drafts: &'a [Draft],
    /// Every file must be attached by one of the drafts.
    pub blobs: &'a [Blob],
}

/// What became of a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    pub study: String,
    /// The seq of the batch's first event; `head.seq + 1` when the batch was empty.
    pub first: u64,
    /// The study's head after the batch.
    pub head: Head,
    /// The hash of each event of the batch, in order.
    pub hashes: Vec<Hash>,
}

/// What a redaction takes away; stored as JSON in the payload of the event that records it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    /// Entries whose payload, reason and salt are erased.
    pub seqs: Vec<u64>,
    /// Files that are erased from this study.
    pub attachments: Vec<Hash>,
}

/// What is hashed, and its format version: these never change.
const ENTRY: &str = "shirube ledger entry 1\n";
const CONTENT: &str = "shirube ledger content 1\n";

/// The commitment to what can be erased: SHA-256 over a domain tag, the salt, the payload and the reason.
pub fn commitment(salt: &[u8; 32], payload: &[u8], reason: Option<&str>) -> Hash {
    Fields::new(CONTENT).raw(salt).bytes(payload).optional(reason).finish()
}

/// What an entry's hash covers beside its place and its commitment.
#[derive(Clone, Copy)]
pub(crate) struct Sealed<'a> {
    pub at: Timestamp,
    pub actor: &'a str,
    pub role: &'a str,
    pub site: Option<&'a str>,
    pub on_behalf: Option<&'a str>,
    pub kind: &'a str,
    pub kind_version: u16,
    pub meaning: Option<&'a str>,
    pub request: Option<&'a str>,
    pub attachments: &'a [Hash],
}

impl Sealed<'_> {
    fn hash(&self, study: &str, seq: u64, previous: &Hash, commitment: &Hash) -> Hash {
        let mut fields = Fields::new(ENTRY)
            .bytes(study.as_bytes())
            .raw(&seq.to_be_bytes())
            .raw(&previous.0)
            .raw(&self.at.as_microsecond().to_be_bytes())
            .bytes(self.actor.as_bytes())
            .bytes(self.role.as_bytes())
            .optional(self.site)
            .optional(self.on_behalf)
            .bytes(self.kind.as_bytes())
            .raw(&self.kind_version.to_be_bytes())
            .optional(self.meaning)
            .optional(self.request)
            .raw(&(self.attachments.len() as u64).to_be_bytes());
        for attachment in self.attachments {
            fields = fields.raw(&attachment.0);
        }
        fields.raw(&commitment.0).finish()
    }
}

impl Draft {
    pub(crate) fn sealed(&self) -> Sealed<'_> {
        Sealed {
            at: self.at,
            actor: &self.actor,
            role: &self.role,
            site: self.site.as_deref(),
            on_behalf: self.on_behalf.as_deref(),
            kind: &self.kind,
            kind_version: self.kind_version,
            meaning: self.meaning.as_deref(),
            request: self.request.as_deref(),
            attachments: &self.attachments,
        }
    }

    /// The commitment, and the head after this event has followed `previous`.
    pub(crate) fn follow(&self, study: &str, previous: &Head) -> (Hash, Head) {
        let commitment = commitment(&self.salt, &self.payload, self.reason.as_deref());
        let seq = previous.seq + 1;
        (commitment, Head { seq, hash: self.sealed().hash(study, seq, &previous.hash, &commitment) })
    }

    /// Whether the event can be stored: the same answer on every store.
    pub fn check(&self, study: &str) -> Result<(), LedgerError> {
        let refuse = |field, why| Err(LedgerError::Draft { study: study.to_owned(), field, why });
        let texts: [(&'static str, Option<&str>, bool); 8] = [
            ("study", Some(study), true),
            ("actor", Some(&self.actor), true),
            ("role", Some(&self.role), true),
            ("kind", Some(&self.kind), true),
            ("site", self.site.as_deref(), false),
            ("on_behalf", self.on_behalf.as_deref(), false),
            ("meaning", self.meaning.as_deref(), false),
            ("request", self.request.as_deref(), false),
        ];
        for (field, text, required) in texts {
            let Some(text) = text else { continue };
            if required && text.is_empty() {
                return refuse(field, Unfit::Empty);
            }
            if text.len() > MAX_TEXT {
                return refuse(field, Unfit::Long);
            }
            if text.contains(char::is_control) {
                return refuse(field, Unfit::Control);
            }
        }
        if study.trim() != study || study.len() > 200 {
            return refuse("study", if study.len() > 200 { Unfit::Long } else { Unfit::Space });
        }
        // PostgreSQL's text cannot hold NUL.
        if self.reason.as_deref().is_some_and(|r| r.contains('\0')) {
            return refuse("reason", Unfit::Control);
        }
        for (field, length) in
            [("payload", self.payload.len()), ("reason", self.reason.as_ref().map_or(0, String::len))]
        {
            if length > MAX_CONTENT {
                return refuse(field, Unfit::Long);
            }
        }
        if micro(self.at).is_none() {
            return refuse("at", Unfit::Time);
        }
        if self.attachments.len() > MAX_ATTACHMENTS {
            return refuse("attachments", Unfit::Long);
        }
        Ok(())
    }
}

/// Why a field of a draft cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Empty,
    Long,
    /// A control character.
    Control,
    /// White space at either end.
    Space,
    /// A moment in the last second before the year 10,000.
    Time,
    /// The kind is one of the ledger's own.
    Reserved,
    /// A blob that no draft of its batch attaches.
    Unattached,
    /// An attachment whose file is neither in the batch nor in the store.
    NoFile,
}

impl Entry {
    pub(crate) fn sealed(&self) -> Sealed<'_> {
        Sealed {
            at: self.at,
            actor: &self.actor,
            role: &self.role,
            site: self.site.as_deref(),
            on_behalf: self.on_behalf.as_deref(),
            kind: &self.kind,
            kind_version: self.kind_version,
            meaning: self.meaning.as_deref(),
            request: self.request.as_deref(),
            attachments: &self.attachments,
        }
    }

    /// The hash that the entry's own fields give, whatever `self.hash` says.
    pub fn computed_hash(&self) -> Hash {
        self.sealed().hash(&self.study, self.seq, &self.previous, &self.commitment)
    }

    /// The commitment that payload, reason and salt give; `None` when they were erased.
    pub fn computed_commitment(&self) -> Option<Hash> {
        Some(commitment(self.salt.as_ref()?, self.payload.as_deref()?, self.reason.as_deref()))
    }

    /// The head of the study when this was its last entry.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// Whether payload and reason were erased.
    pub fn is_erased(&self) -> bool {
        self.payload.is_none()
    }
}

/// The entry that `draft` becomes after `previous`: pure.
pub fn seal(study: &str, previous: &Head, draft: Draft) -> Entry {
    let (commitment, head) = draft.follow(study, previous);
    Entry {
        study: study.to_owned(),
        seq: head.seq,
        previous: previous.hash,
        hash: head.hash,
        commitment,
        at: micro(draft.at).unwrap_or(draft.at),
        actor: draft.actor,
        role: draft.role,
        site: draft.site,
        on_behalf: draft.on_behalf,
        kind: draft.kind,
        kind_version: draft.kind_version,
        meaning: draft.meaning,
        request: draft.request,
        attachments: draft.attachments,
        payload: Some(draft.payload),
        reason: draft.reason,
        salt: Some(draft.salt),
    }
}

/// `at` without what is finer than a microsecond; `None` in the last second that a timestamp can hold, whose
/// microseconds cannot be read back.
fn micro(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_microsecond(at.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    pub(crate) fn draft() -> Draft {
        Draft {
            at: "2026-04-01T09:00:00.123456789Z".parse().unwrap(),
            actor: "yamada".into(),
            role: "investigator".into(),
            site: Some("011".into()),
            kind: "registered".into(),
            kind_version: 1,
            payload: br#"{"step":"first"}"#.to_vec(),
            reason: Some("訂正".into()),
            request: Some("R-1".into()),
            attachments: vec![Hash::of(b"consent.pdf")],
            salt: [7; 32],
            ..Draft::default()
        }
    }

    /// The bytes of docs/ledger.md, written out by hand.
    #[test]
    fn the_hashed_bytes_are_those_of_the_book() {
        let lp = |s: &[u8]| [&(s.len() as u64).to_be_bytes()[..], s].concat();
        let d = draft();
        let content = [
            b"shirube ledger content 1\n".to_vec(),
            vec![7; 32],
            lp(br#"{"step":"first"}"#),
            vec![1],
            lp("訂正".as_bytes()),
        ]
        .concat();
        let commitment = Sha256::digest(&content);
        let previous = Head { seq: 41, hash: Hash([9; 32]) };
        let bytes = [
            b"shirube ledger entry 1\n".to_vec(),
            lp(b"JCOG1017"),
            42u64.to_be_bytes().to_vec(),
            vec![9; 32],
            1_775_034_000_123_456i64.to_be_bytes().to_vec(),
            lp(b"yamada"),
            lp(b"investigator"),
            vec![1],
            lp(b"011"),
            vec![0],
            lp(b"registered"),
            1u16.to_be_bytes().to_vec(),
            vec![0],
            vec![1],
            lp(b"R-1"),
            1u64.to_be_bytes().to_vec(),
            Hash::of(b"consent.pdf").0.to_vec(),
            commitment.to_vec(),
        ]
        .concat();
        let entry = seal("JCOG1017", &previous, d);
        assert_eq!(entry.commitment.0[..], commitment[..]);
        assert_eq!(entry.hash.0[..], Sha256::digest(&bytes)[..]);
        assert_eq!(entry.at.as_nanosecond() % 1000, 0, "what is finer than a microsecond is cut off");
        assert_eq!(entry.computed_hash(), entry.hash);
    }

    /// A known answer: if this changes, every ledger ever written stops verifying.
    #[test]
    fn the_hash_of_a_known_event_never_changes() {
        let entry = seal("JCOG1017", &Head::GENESIS, draft());
        assert_eq!(
            entry.commitment.to_string(),
            "29b94585458124513f6f9f4e41b497aa1da966129db1775b526e5fa351512503"
        );
        assert_eq!(
            entry.hash.to_string(),
            "7fb90f6cb8314ca3433a664779b4f79b86dda2c5e03cfe8a74db61600d6bbf86"
        );
    }

    #[test]
    fn a_draft_that_no_store_could_keep_is_refused() {
        type Spoil = fn(&mut Draft);
        let cases: [(&str, Spoil, Unfit); 8] = [
            ("actor", |d| d.actor.clear(), Unfit::Empty),
            ("role", |d| d.role.clear(), Unfit::Empty),
            ("kind", |d| d.kind.clear(), Unfit::Empty),
            ("site", |d| d.site = Some("a\0b".into()), Unfit::Control),
            ("reason", |d| d.reason = Some("a\0b".into()), Unfit::Control),
            ("at", |d| d.at = Timestamp::MAX, Unfit::Time),
            ("meaning", |d| d.meaning = Some("x".repeat(MAX_TEXT + 1)), Unfit::Long),
            ("attachments", |d| d.attachments = vec![Hash::ZERO; MAX_ATTACHMENTS + 1], Unfit::Long),
        ];
        for (field, spoil, why) in cases {
            let mut d = draft();
            assert_eq!(d.check("S"), Ok(()));
            spoil(&mut d);
            assert_eq!(d.check("S"), Err(LedgerError::Draft { study: "S".into(), field, why }));
        }
        for (study, why) in [("", Unfit::Empty), (" S", Unfit::Space), ("S\n", Unfit::Control)] {
            let refused = draft().check(study);
            assert_eq!(refused, Err(LedgerError::Draft { study: study.into(), field: "study", why }));
        }
    }
}
