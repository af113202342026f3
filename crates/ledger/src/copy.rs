//! A whole study from one store to another: export, import, moving between SQLite and PostgreSQL.

use crate::error::LedgerError;
use crate::event::{Entry, Head};
use crate::sqlite::Sqlite;
use crate::store::{Mode, Store};
use std::collections::VecDeque;

/// Greatest number of entries that are held at once.
const PAGE: u64 = 500;

/// Copies a study, entry for entry as it was sealed, with its files and its erasures, and verifies it on the way. The
/// target must not have the study yet. What is appended to the source meanwhile is not copied.
pub fn copy(from: &dyn Store, to: &mut dyn Store, study: &str) -> Result<Head, LedgerError> {
    let end = from.head(study)?.seq;
    let mut page: VecDeque<Entry> = VecDeque::new();
    let mut next = 1;
    to.adopt(
        study,
        &mut || {
            if page.is_empty() && next <= end {
                from.read(study, next, end.min(next + PAGE - 1), &mut |entry| {
                    page.push_back(entry);
                    Ok(())
                })?;
                next += PAGE;
            }
            Ok(page.pop_front())
        },
        &mut |hash| from.attachment(study, hash),
    )
}

/// Writes a study into a new file of its own: a ledger like any other, complete in one file, that can be verified
/// ([`verify_all`](crate::verify_all)), read, or taken in elsewhere by [`copy`]. An existing file is refused; of an
/// export that fails, nothing is left.
pub fn export(from: &dyn Store, study: &str, path: &str) -> Result<Head, LedgerError> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(LedgerError::Exists { place: path.to_owned() });
    }
    let written = Sqlite::open(path, Mode::Create).and_then(|mut to| {
        let head = copy(from, &mut to, study)?;
        to.close_into_one_file()?;
        Ok(head)
    });
    if written.is_err() {
        for beside in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(format!("{path}{beside}"));
        }
    }
    written
}
