//! Append-only, hash-chained events on SQLite or PostgreSQL; verify; as-of.
//!
//! The event format is described byte by byte in `docs/ledger.md`. As-of a position is [`Store::read`] up to a seq.
#![forbid(unsafe_code)]

pub mod actor;
mod checkpoint;
mod copy;
mod error;
mod event;
mod hash;
mod mail;
mod memory;
pub mod merkle;
#[cfg(feature = "postgres")]
mod postgres;
pub mod printed;
mod proof;
mod sqlite;
mod store;
mod verify;

pub use checkpoint::{Checkpoint, NoteError, Signer, Verifier};
pub use copy::{copy, export};
pub use error::{CannotErase, LedgerError};
pub use event::{
    Appended, Batch, Blob, Draft, Entry, Erase, Head, MAX_ATTACHMENTS, MAX_CONTENT, MAX_TEXT, REDACTION,
    RESERVED, Unfit, commitment, seal,
};
pub use hash::{Hash, NotAHash};
pub use memory::Memory;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
pub use proof::{Proof, Shown, prove};
pub use sqlite::Sqlite;
pub use store::{Files, Mode, Setting, Store, Stray, open};
pub use verify::{Chain, Fault, FaultKind, Verified, checkpoint, verify, verify_against, verify_all};
