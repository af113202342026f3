//! The program as an outsider runs it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn fixture(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../ledger/tests/fixtures", name].iter().collect();
    path.to_str().unwrap().to_owned()
}

/// Exit code, and everything that was said.
fn run(arguments: &[&str]) -> (i32, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_shirube-verify"))
        .args(arguments)
        .env("LC_ALL", "en_GB.UTF-8")
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn copied(folder: &Path) -> String {
    let to = folder.join("copy.db");
    fs::copy(fixture("v1.db"), &to).unwrap();
    to.to_str().unwrap().to_owned()
}

fn tampered(path: &str, sql: &str) {
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let mut query = raw.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers: Vec<(String, String)> =
        query.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (name, _) in &triggers {
        raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    raw.execute_batch(sql).unwrap();
    for (_, sql) in &triggers {
        raw.execute_batch(sql).unwrap();
    }
}

#[test]
fn a_sound_ledger_is_said_to_hold_with_its_heads() {
    let folder = tempfile::tempdir().unwrap();
    let path = copied(folder.path());
    let (code, said) = run(&[&path]);
    assert_eq!(code, 0, "{said}");
    for words in [
        "holds   JCOG1017",
        "entries 40",
        "head    0084067fb6806a37e36fb60af6b5ec7df320fab50b5faa01b5555ce7a12ade64",
        "erased  2, each on record: 3, 20",
        "holds   試験 二",
        "Verified: 2 studies.",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written beside it");
    let (code, said) = run(&["--lang", "ja", &path]);
    assert!(code == 0 && said.contains("正しい  JCOG1017"), "{said}");
}

#[test]
fn a_checkpoint_must_fit_and_its_signature_is_checked_with_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = copied(folder.path());
    let (checkpoint, key) = (fixture("v1.checkpoint"), fixture("v1.key"));
    let (code, said) = run(&[&path, "--checkpoint", &checkpoint, "--key", &key]);
    assert!(code == 0 && said.contains("signed  up to entry 40"), "{said}");
    assert!(!said.contains("NOT"), "{said}");
    let (code, said) = run(&[&path, "--checkpoint", &checkpoint]);
    assert!(code == 0 && said.contains("signature was NOT checked: give --key"), "{said}");
    // A tail cut off is no fault of the chain, but the checkpoint tells.
    let cut = "DELETE FROM content WHERE study = 'JCOG1017' AND seq > 38;
               DELETE FROM entry WHERE study = 'JCOG1017' AND seq > 38;";
    tampered(&path, cut);
    assert_eq!(run(&[&path]).0, 0);
    let (code, said) = run(&[&path, "--checkpoint", &checkpoint, "--key", &key]);
    assert!(code == 1 && said.contains("Entry 39 of JCOG1017"), "{said}");
    // So does a whole study that is gone.
    tampered(
        &path,
        "DELETE FROM content WHERE study = 'JCOG1017'; DELETE FROM file;
                     DELETE FROM entry WHERE study = 'JCOG1017'",
    );
    assert_eq!(run(&[&path]).0, 0);
    let (code, said) = run(&[&path, "--checkpoint", &checkpoint, "--key", &key]);
    assert!(code == 1 && said.contains("no study of this name"), "{said}");
    // A wrong key, an altered checkpoint.
    let other = "data-centre.example.org+00000000+AQ==";
    assert_eq!(run(&[&path, "--checkpoint", &checkpoint, "--key", other]).0, 2);
    let forged = folder.path().join("forged");
    fs::write(&forged, fs::read_to_string(&checkpoint).unwrap().replace("\n40\n", "\n38\n")).unwrap();
    let (code, said) = run(&[&path, "--checkpoint", forged.to_str().unwrap(), "--key", &key]);
    assert!(code == 1 && said.contains("altered"), "{said}");
    // Without the key the forged size is found by its root.
    assert_eq!(run(&[&path, "--checkpoint", forged.to_str().unwrap()]).0, 1);
}

#[test]
fn the_first_bad_entry_is_named() {
    for (sql, words) in [
        ("UPDATE entry SET actor = 'forger' WHERE study = 'JCOG1017' AND seq = 17", "Entry 17 of JCOG1017"),
        ("UPDATE content SET payload = x'7b7d' WHERE study = 'JCOG1017' AND seq = 5", "Entry 5 of JCOG1017"),
        ("DELETE FROM content WHERE study = 'JCOG1017' AND seq = 6", "Entry 6 of JCOG1017"),
        ("UPDATE file SET bytes = x'00'", "attachment"),
        ("CREATE TABLE extra (x)", "extra"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = copied(folder.path());
        tampered(&path, sql);
        let (code, said) = run(&[&path]);
        assert!(code == 1 && said.contains("FAULT") && said.contains(words), "{sql}: {said}");
    }
}

#[test]
fn a_proof_shows_its_entries_and_an_altered_one_is_refused() {
    let (proof, key) = (fixture("v1.proof.json"), fixture("v1.key"));
    let (code, said) = run(&["--proof", &proof, "--key", &key]);
    assert!(code == 0 && said.contains("3 entries of data-centre.example.org/JCOG1017"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let forged = folder.path().join("forged.json");
    let text = fs::read_to_string(&proof).unwrap();
    fs::write(&forged, text.replace(r#"{\"n\":1,"#, r#"{\"n\":2,"#)).unwrap();
    assert_ne!(fs::read_to_string(&forged).unwrap(), text);
    let (code, said) = run(&["--proof", forged.to_str().unwrap(), "--key", &key]);
    assert!(code == 1 && said.contains("not in the ledger that was signed"), "{said}");
    fs::write(&forged, "{}").unwrap();
    assert_eq!(run(&["--proof", forged.to_str().unwrap(), "--key", &key]).0, 2);
}

#[test]
fn what_cannot_be_checked_is_said_and_is_not_a_pass() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("text"), "no ledger").unwrap();
    let whole = fs::read(fixture("v1.db")).unwrap();
    fs::write(path("cut"), &whole[..whole.len() - 1]).unwrap();
    let (missing, text, cut) = (path("missing"), path("text"), path("cut"));
    let cases: [(&[&str], &str); 9] = [
        (&[], "Name the ledger"),
        (&[&missing], "no ledger at"),
        (&[&text], "not a Shirube ledger"),
        (&[&cut], "cut short"),
        (&[&text, &cut], "one ledger only"),
        (&["--frobnicate"], "no option --frobnicate"),
        (&["--study"], "needs a value"),
        (&[&text, "--lang", "fr"], "ja or en"),
        (&["postgres://localhost/x"], "ledger files only"),
    ];
    for (arguments, words) in cases {
        let (code, said) = run(arguments);
        assert!(code == 2 && said.contains(words), "{arguments:?}: {code} {said}");
    }
    let path = copied(folder.path());
    assert_eq!(run(&[&path, "--study", "NONE"]).0, 1, "a study that is not there does not hold");
    assert_eq!(run(&["--help"]).0, 0);
}
