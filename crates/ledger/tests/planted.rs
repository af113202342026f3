//! Defects planted in a copy of the code, each of which a test must catch: a check that cannot fail is a defect.
//! Runs with `SHIRUBE_SLOW=1`: every defect is a build of its own.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// (file under `src`, what stands there once, what it is replaced by, the tests that must fail)
const DEFECTS: [(&str, &str, &str, &str); 24] = [
    // The format.
    ("event.rs", ".bytes(self.role.as_bytes())", "", "lib"),
    ("event.rs", "Fields::new(CONTENT).raw(salt)", "Fields::new(CONTENT)", "lib"),
    ("hash.rs", "self.raw(&(bytes.len() as u64).to_be_bytes()).raw(bytes)", "self.raw(bytes)", "lib"),
    ("hash.rs", "None => self.raw(&[0])", "None => self.raw(&[1]).bytes(b\"\")", "laws"),
    // Verification.
    ("verify.rs", "if entry.previous != self.head.hash {", "if false {", "tampering"),
    ("verify.rs", "if entry.computed_commitment() != Some(entry.commitment) {", "if false {", "tampering"),
    (
        "verify.rs",
        "if let Some(&seq) = self.missing.first() {",
        "if let Some(&seq) = self.missing.get(&0) {",
        "tampering",
    ),
    (
        "verify.rs",
        "if !self.missing.remove(&seq) {",
        "if !self.missing.remove(&seq) && seq == 0 {",
        "tampering",
    ),
    (
        "verify.rs",
        "Err(Fault::new(study, head.seq + 1, FaultKind::CutOff { size: checkpoint.size }))",
        "Ok(Verified { head, root: checkpoint.root })",
        "evidence",
    ),
    ("sqlite/rows.rs", "if !attached.contains(&(study.clone(), hash)) {", "if false {", "tampering"),
    // The stores.
    ("store.rs", "if head.seq != batch.expected {", "if head.seq < batch.expected {", "conformance"),
    ("sqlite/rows.rs", "AND ?3 ORDER BY e.seq\"", "AND ?3 ORDER BY e.at\"", "conformance"),
    (
        "sqlite/mod.rs",
        "DELETE FROM file WHERE hash = ?1 AND study = ?2",
        "DELETE FROM file WHERE hash = ?1 AND study <> ?2",
        "conformance",
    ),
    ("sqlite/opening.rs", "(\"synchronous\", \"FULL\")", "(\"synchronous\", \"NORMAL\")", "faults"),
    ("sqlite/opening.rs", "(\"secure_delete\", \"ON\")", "(\"secure_delete\", \"OFF\")", "tampering"),
    ("sqlite/opening.rs", "if found < page * pages {", "if false {", "opening"),
    (
        "sqlite/opening.rs",
        "Ok(found) if found.is_dir() => return Err(LedgerError::Folder { place: place() }),",
        "",
        "opening",
    ),
    ("postgres/mod.rs", "REPEATABLE READ, READ ONLY", "READ COMMITTED, READ ONLY", "postgres"),
    ("postgres/mod.rs", "SELECT pg_advisory_xact_lock(k) FROM unnest", "SELECT k FROM unnest", "postgres"),
    // The writer.
    ("actor.rs", "head.seq + request.drafts.len() as u64, ..head }", "head.seq, ..head }", "writer"),
    (
        "actor.rs",
        "Err(LedgerError::Conflict { .. }) if attempt < 100",
        "Err(LedgerError::Conflict { .. }) if attempt > 100",
        "writer",
    ),
    // Evidence.
    (
        "checkpoint.rs",
        "key.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::WrongSignature)?;",
        "let _ = signature;",
        "lib",
    ),
    ("merkle.rs", "Sha256::new_with_prefix([0])", "Sha256::new_with_prefix([1])", "lib"),
    ("copy.rs", "next += PAGE;", "next += PAGE + 1;", "evidence"),
];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_planted_defect_stands_in_the_code_once() {
    for (file, old, new, _) in DEFECTS {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let text = fs::read_to_string(source).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{file}: {old}");
        assert_ne!(old, new);
    }
}

#[test]
fn every_planted_defect_is_caught() {
    if !std::env::var("SHIRUBE_SLOW").is_ok_and(|v| v == "1") {
        return;
    }
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../.."].iter().collect();
    // The same place each time, so that what the copy depends on is built once and kept.
    let kept = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = kept.join("planted/copy");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for part in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root.join(part), folder.join(part)).unwrap();
    }
    for part in ["words", "ledger"] {
        copy(&root.join("crates").join(part), &folder.join("crates").join(part));
    }
    copy(&root.join("tools"), &folder.join("tools"));
    let run = |tests: &str| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["test", "--offline", "--quiet", "-p", "ledger"]).current_dir(&folder);
        match tests {
            "lib" => cargo.arg("--lib"),
            name => cargo.args(["--test", name]),
        };
        cargo.env_remove("SHIRUBE_SLOW").env("CARGO_TARGET_DIR", &kept);
        let done = cargo.output().unwrap();
        (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    };
    let server = std::env::var_os("SHIRUBE_TEST_POSTGRES").is_some();
    let (mut caught, mut missed) = (0, Vec::new());
    for (file, old, new, tests) in DEFECTS.iter().filter(|d| server || d.3 != "postgres") {
        let path = folder.join("crates/ledger/src").join(file);
        let begun = std::time::Instant::now();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(old, new)).unwrap();
        let (passed, said) = run(tests);
        fs::write(&path, text).unwrap();
        assert!(passed || said.contains("test result: FAILED"), "{file}: {old}: does not build: {said}");
        if passed {
            missed.push(format!("{file}: {old}"));
        } else {
            let test = said.lines().find_map(|l| l.strip_prefix("---- ")?.split(' ').next()).unwrap_or("?");
            println!("caught by {test} in {:.0} s: {file}: {old}", begun.elapsed().as_secs_f64());
            caught += 1;
        }
    }
    assert!(missed.is_empty(), "missed: {missed:#?}");
    println!("{caught} planted defects, each caught");
}
