//! `shirube ledger …`, `shirube verify` and two `shirube serve` on one ledger, as an operator calls them from a shell.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "evidence/commands.rs"]
mod commands;
#[path = "evidence/releases.rs"]
mod releases;
#[path = "evidence/serving.rs"]
mod serving;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shirube(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shirube")).current_dir(root()).args(arguments).output().unwrap()
}

/// Standard output of a command that must succeed.
fn done(arguments: &[&str]) -> String {
    let out = shirube(arguments);
    assert!(out.status.success(), "{arguments:?}: {}", told(&out));
    String::from_utf8(out.stdout).unwrap()
}

/// Exit code and all that was said by a command that must not succeed.
fn refused(arguments: &[&str]) -> (i32, String) {
    let out = shirube(arguments);
    assert!(!out.status.success(), "{arguments:?} was to fail: {}", told(&out));
    (out.status.code().unwrap(), told(&out))
}

fn told(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn at(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// A small simulated JCOG1017.
fn small(folder: &Path, name: &str) -> String {
    let ledger = at(folder, name);
    done(&["simulate", "studies/jcog1017", "--seed", "1", "--ledger", &ledger, "--participants", "30"]);
    ledger
}
