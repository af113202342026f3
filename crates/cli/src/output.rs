//! Where a command's answer goes: standard output, or a file that is there whole or not at all.

use crate::failure::{Answer, Failure};
use std::io::Write;
use std::path::Path;

pub fn print(text: &str) -> Result<Answer, Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::unusable("standard output", e)),
        _ => Ok(Answer::Done),
    }
}

/// Writes a whole file or nothing.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = path.with_extension("part");
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|e| Failure::unusable(path.display(), e))
}
