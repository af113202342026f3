//! Defects planted in a copy of the code, each of which a test must catch: a check that cannot fail is a defect.
//! Runs with `SHIRUBE_SLOW=1`: every defect is a build of its own. `SHIRUBE_PLANTED=actor.rs` tries those only whose
//! package, file or text has this in it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Crate, file under its `src`, what stands there once, what it is replaced by, and the tests that must fail: `lib`, or
/// a file of `tests`, with a filter behind a blank.
type Defect = (&'static str, &'static str, &'static str, &'static str, &'static str);

const DEFECTS: &[Defect] = &[
    // The format.
    ("ledger", "event.rs", ".bytes(self.role.as_bytes())", "", "lib"),
    ("ledger", "event.rs", "Fields::new(CONTENT).raw(salt)", "Fields::new(CONTENT)", "lib"),
    (
        "ledger",
        "hash.rs",
        "self.raw(&(bytes.len() as u64).to_be_bytes()).raw(bytes)",
        "self.raw(bytes)",
        "lib",
    ),
    ("ledger", "hash.rs", "None => self.raw(&[0])", "None => self.raw(&[1]).bytes(b\"\")", "laws"),
    // Verification.
    ("ledger", "verify.rs", "if entry.previous != self.head.hash {", "if false {", "tampering"),
    (
        "ledger",
        "verify.rs",
        "if entry.computed_commitment() != Some(entry.commitment) {",
        "if false {",
        "tampering",
    ),
    (
        "ledger",
        "verify.rs",
        "if let Some(&seq) = self.missing.first() {",
        "if let Some(&seq) = self.missing.get(&0) {",
        "tampering",
    ),
    (
        "ledger",
        "verify.rs",
        "if !self.missing.remove(&seq) {",
        "if !self.missing.remove(&seq) && seq == 0 {",
        "tampering",
    ),
    (
        "ledger",
        "verify.rs",
        "Err(Fault::new(study, head.seq + 1, FaultKind::CutOff { size: checkpoint.size }))",
        "Ok(Verified { head, root: checkpoint.root })",
        "evidence",
    ),
    (
        "ledger",
        "sqlite/rows.rs",
        "if !attached.contains(&(study.clone(), hash)) {",
        "if false {",
        "tampering",
    ),
    (
        "ledger",
        "postgres/rows.rs",
        "if !attached.contains(&(study.clone(), hash)) {",
        "if false {",
        "postgres",
    ),
    // The stores.
    (
        "ledger",
        "store.rs",
        "if head.seq != batch.expected {",
        "if head.seq < batch.expected {",
        "conformance",
    ),
    ("ledger", "sqlite/rows.rs", "AND ?3 ORDER BY e.seq\"", "AND ?3 ORDER BY e.at\"", "conformance"),
    (
        "ledger",
        "sqlite/mod.rs",
        "DELETE FROM file WHERE hash = ?1 AND study = ?2",
        "DELETE FROM file WHERE hash = ?1 AND study <> ?2",
        "conformance",
    ),
    ("ledger", "sqlite/opening.rs", "(\"synchronous\", \"FULL\")", "(\"synchronous\", \"NORMAL\")", "faults"),
    (
        "ledger",
        "sqlite/opening.rs",
        "(\"secure_delete\", \"ON\")",
        "(\"secure_delete\", \"OFF\")",
        "tampering",
    ),
    ("ledger", "sqlite/opening.rs", "if found < page * pages {", "if false {", "opening"),
    (
        "ledger",
        "sqlite/opening.rs",
        "Ok(found) if found.is_dir() => return Err(LedgerError::Folder { place: place() }),",
        "",
        "opening",
    ),
    ("ledger", "postgres/mod.rs", "REPEATABLE READ, READ ONLY", "READ COMMITTED, READ ONLY", "postgres"),
    (
        "ledger",
        "postgres/mod.rs",
        "SELECT pg_advisory_xact_lock(k) FROM unnest",
        "SELECT k FROM unnest",
        "postgres",
    ),
    // The writer.
    (
        "ledger",
        "actor.rs",
        "head.seq + request.drafts.len() as u64, ..head }",
        "head.seq, ..head }",
        "writer",
    ),
    (
        "ledger",
        "actor.rs",
        "Err(LedgerError::Conflict { .. }) if attempt < 100",
        "Err(LedgerError::Conflict { .. }) if attempt > 100",
        "writer",
    ),
    // Evidence.
    (
        "ledger",
        "checkpoint.rs",
        "key.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::WrongSignature)?;",
        "let _ = signature;",
        "lib",
    ),
    ("ledger", "merkle.rs", "Sha256::new_with_prefix([0])", "Sha256::new_with_prefix([1])", "lib"),
    ("ledger", "copy.rs", "next += PAGE;", "next += PAGE + 1;", "evidence"),
    ("verify", "main.rs", "Ok(()) if report.faults == 0 => HOLDS,", "Ok(()) => HOLDS,", "program"),
    // Allocation.
    (
        "conduct",
        "allocation/minimise.rs",
        "(u64::from(*n) + u64::from(k == arm))",
        "(u64::from(*n) + u64::from(k != arm))",
        "lib minimise",
    ),
    (
        "conduct",
        "allocation/minimise.rs",
        "q * (sum - least) - (q - p) * (sum - chosen)",
        "p * (sum - least)",
        "lib minimise",
    ),
    ("conduct", "allocation/draw.rs", "if word <= u64::MAX - surplus {", "if word < u64::MAX {", "lib draw"),
    (
        "conduct",
        "allocate.rs",
        "of(&table.counts, arm).saturating_sub(left_out)",
        "of(&table.counts, arm) + 0 * left_out",
        "conduct allocation",
    ),
    // What is not known passes nobody.
    ("conduct", "gate.rs", "(Outcome::CannotTell, paths)", "(Outcome::Eligible, paths)", "conduct gates"),
    // Who is told the arm.
    (
        "conduct",
        "view/participant.rs",
        "self.allocated(allocation).map(|a| &a.arm).filter(|_| self.sees_arm)",
        "self.allocated(allocation).map(|a| &a.arm)",
        "conduct rights",
    ),
    (
        "conduct",
        "view/participant.rs",
        "!sees_arm && tells_arm(compiled, key.form.as_str())",
        "sees_arm && tells_arm(compiled, key.form.as_str())",
        "conduct rights",
    ),
    ("conduct", "view.rs", "return self.may(Action::SeeReplay);", "return true;", "conduct rights"),
    ("conduct", "view.rs", "if held.is_empty() {", "if false {", "conduct rights"),
    // Judging again.
    (
        "conduct",
        "verify.rs",
        "let mut same = again(Purpose::Arm, a.probability_total) == a.drawn;",
        "let mut same = again(Purpose::Arm, a.probability_total) <= a.probability_total;",
        "conduct integrity",
    ),
    (
        "conduct",
        "verify.rs",
        "Law::Broken(_) if !self.state.erased.is_empty() =>",
        "Law::Broken(_) if self.state.erased.is_empty() =>",
        "conduct integrity",
    ),
    // What is kept.
    ("conduct", "snapshot.rs", "if Hash::of(body).0 != hash {", "if false {", "conduct snapshots"),
    (
        "conduct",
        "trial.rs",
        "if start > 0 && entry.kind == REDACTION {",
        "if false && entry.kind == REDACTION {",
        "conduct snapshots",
    ),
];

/// The crates that stand in the copy.
const CRATES: [&str; 6] = ["words", "rules", "protocol", "ledger", "conduct", "verify"];

fn source(root: &Path, defect: &Defect) -> PathBuf {
    root.join("crates").join(defect.0).join("src").join(defect.1)
}

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

fn root() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../.."].iter().collect()
}

#[test]
fn every_planted_defect_stands_in_the_code_once() {
    for defect in DEFECTS {
        let (package, file, old, new, _) = defect;
        let text = fs::read_to_string(source(&root(), defect)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{package}/{file}: {old}");
        assert_ne!(old, new);
    }
}

/// What became of a run of tests.
enum Ran {
    Passed,
    /// What was said.
    Failed(String),
    /// They did not end in five minutes, which is many times what the sound code needs.
    Hung,
}

/// Builds the tests, which must succeed, and runs them.
fn run(folder: &Path, kept: &Path, package: &str, tests: &str) -> Ran {
    let (binary, filter) = tests.split_once(' ').unwrap_or((tests, ""));
    let cargo = |before: &[&str], after: &[&str]| {
        let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let binary = if binary == "lib" { vec!["--lib"] } else { vec!["--test", binary] };
        let words =
            [before, &[&program, "test", "--offline", "--quiet", "-p", package], &binary, after].concat();
        let (first, rest) = words.split_first().unwrap();
        let mut command = Command::new(first);
        command.args(rest).current_dir(folder).env_remove("SHIRUBE_SLOW").env("CARGO_TARGET_DIR", kept);
        let done = command.output().unwrap();
        (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };
    let (built, said) = cargo(&[], &["--no-run"]);
    assert_eq!(built, Some(0), "{package} {tests} does not build: {said}");
    let (ended, said) = cargo(&["timeout", "--kill-after=10", "300"], &["--", filter]);
    assert!(!said.contains("running 0 tests"), "{package} {tests}: no test");
    match ended {
        Some(0) => Ran::Passed,
        Some(124 | 137) => Ran::Hung,
        _ => Ran::Failed(said),
    }
}

#[test]
fn every_planted_defect_is_caught() {
    if !std::env::var("SHIRUBE_SLOW").is_ok_and(|v| v == "1") {
        return;
    }
    let (root, begun) = (root(), Instant::now());
    // The same place each time, so that what the copy depends on is built once and kept. A target folder of its own: in
    // a shared one cargo would take a crate with a defect for the sound one of the same name and place.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let (folder, kept) = (target.join("planted/copy"), target.join("planted/target"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for part in ["Cargo.toml", "Cargo.lock", "docs/conduct.md"] {
        fs::create_dir_all(folder.join(part).parent().unwrap()).unwrap();
        fs::copy(root.join(part), folder.join(part)).unwrap();
    }
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest.replace(", \"typeset\"]", "]")).unwrap();
    for part in CRATES {
        copy(&root.join("crates").join(part), &folder.join("crates").join(part));
    }
    copy(&root.join("tools"), &folder.join("tools"));
    let server = std::env::var_os("SHIRUBE_TEST_POSTGRES").is_some();
    let wanted = std::env::var("SHIRUBE_PLANTED").unwrap_or_default();
    let chosen: Vec<&Defect> = DEFECTS
        .iter()
        .filter(|d| server || d.4 != "postgres")
        .filter(|(package, file, old, ..)| format!("{package} {file} {old}").contains(&wanted))
        .collect();
    // A test that fails anyway would catch everything.
    let mut suites: Vec<(&str, &str)> = chosen.iter().map(|d| (d.0, d.4)).collect();
    suites.sort_unstable();
    suites.dedup();
    for (package, tests) in suites {
        let ran = run(&folder, &kept, package, tests);
        assert!(matches!(ran, Ran::Passed), "{package} {tests} does not pass with nothing planted");
    }
    println!("built, and sound, in {:.0} s", begun.elapsed().as_secs_f64());
    let (mut caught, mut missed) = (0, Vec::new());
    for defect in chosen {
        let (package, file, old, new, tests) = defect;
        let (path, planted) = (source(&folder, defect), Instant::now());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(old, new)).unwrap();
        let ran = run(&folder, &kept, package, tests);
        fs::write(&path, text).unwrap();
        let by = match &ran {
            Ran::Passed => {
                println!("MISSED: {package}/{file}: {old}");
                missed.push(format!("{package}/{file}: {old}"));
                continue;
            }
            Ran::Failed(said) => {
                let failed = said.lines().find_map(|l| l.strip_prefix("---- ")?.split(' ').next());
                let crashed = said.contains("(signal: ").then_some("a crash");
                failed.or(crashed).unwrap_or_else(|| panic!("{package} {tests}: no test failed: {said}"))
            }
            Ran::Hung => "having no end",
        };
        println!("caught by {by} in {:.0} s: {package}/{file}: {old}", planted.elapsed().as_secs_f64());
        caught += 1;
    }
    let all = caught + missed.len();
    println!("figures: planted defects, {caught} of {all} caught, in {:.0} s", begun.elapsed().as_secs_f64());
    assert!(missed.is_empty(), "missed: {missed:#?}");
}
