//! Kills, full disks, failing calls, power cuts: whatever was acknowledged is there, nothing is half there.
//!
//! The short forms run always; `SHIRUBE_SLOW=1` runs all rounds. A test that needs a tool or a right which is missing
//! says so, and fails where `SHIRUBE_REQUIRE_FAULTS` is set.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::{batch, draft, slow};
use ledger::*;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn rounds(short: usize, long: usize) -> usize {
    if slow() { long } else { short }
}

// The process that is killed is this test program itself, run again with these variables.
const CHILD: &str = "SHIRUBE_FAULT_LEDGER";
const LIMIT: &str = "SHIRUBE_FAULT_EVENTS";

/// Not a test of its own: appends to the ledger in `SHIRUBE_FAULT_LEDGER` and prints each acknowledged seq, until it is
/// killed, fails, or has done as many as it was told. Pairs of events, so that half a batch would show.
#[test]
fn child_that_appends() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let most: u64 = std::env::var(LIMIT).unwrap().parse().unwrap();
    let mut out = std::io::stdout().lock();
    let result = open(&url, Mode::Create).and_then(|mut store| {
        loop {
            let n = store.head("S")?.seq;
            if n >= most {
                return Ok(());
            }
            store.append(&[batch("S", n, &[draft(n + 1), draft(n + 2)])])?;
            writeln!(out, "ACK {}", n + 2).unwrap();
            out.flush().unwrap();
        }
    });
    writeln!(out, "END {result:?}").unwrap();
}

fn child(url: &str, events: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child_that_appends", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, url).env(LIMIT, events.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The last acknowledged seq of a child's output, and what it said at its end.
fn acknowledged(output: &[u8]) -> (u64, String) {
    let text = String::from_utf8_lossy(output);
    let last = text.lines().filter_map(|l| l.rsplit_once("ACK ")?.1.parse().ok()).max();
    let end = text.lines().find_map(|l| Some(l.split_once("END ")?.1.to_owned()));
    (last.unwrap_or(0), end.unwrap_or_default())
}

/// Everything acknowledged is there, whole, and the chain holds; gives the head's seq.
fn sound(store: &dyn Store, acknowledged: u64) -> u64 {
    let head = store.head("S").unwrap();
    if acknowledged > 0 || head != Head::GENESIS {
        verify_all(store, &mut |_| ()).unwrap();
    }
    assert!(head.seq >= acknowledged, "acknowledged {acknowledged}, there {}", head.seq);
    assert_eq!(head.seq % 2, 0, "half a batch");
    head.seq
}

/// Reads lines until so many acknowledgements have come, then kills.
fn kill_after(mut child: Child, wanted: usize) -> u64 {
    let mut last = 0;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..wanted {
        let Some(Ok(line)) = lines.find(|l| l.as_ref().is_ok_and(|l| l.contains("ACK "))) else { break };
        last = line.rsplit_once("ACK ").unwrap().1.parse().unwrap();
    }
    child.kill().unwrap();
    // What it wrote before the kill counts, too.
    for line in lines.map_while(Result::ok) {
        last = line.rsplit_once("ACK ").and_then(|(_, n)| n.parse().ok()).unwrap_or(last);
    }
    child.wait().unwrap();
    last
}

fn killed_again_and_again(url: &str, short: usize, long: usize) {
    let (mut there, mut kills) = (0, 0);
    for round in 0..rounds(short, long) {
        let done = child(url, u64::MAX).spawn().unwrap();
        let wanted = 1 + (round * 7919) % 23;
        let acknowledged = kill_after(done, wanted);
        // A failure shows it: killed after so many acknowledgements of this round.
        println!("round {round}: killed after {wanted}, acknowledged up to {acknowledged}");
        kills += 1;
        let store = open(url, Mode::Existing).unwrap();
        let now = sound(store.as_ref(), acknowledged.max(there));
        assert!(now >= there, "nothing that was there is gone");
        there = now;
    }
    println!("figures: {kills} kills, {there} events, each acknowledged one is there");
    assert!(there > 0);
}

#[test]
fn a_ledger_file_survives_kills_at_random_moments() {
    let folder = tempfile::tempdir().unwrap();
    killed_again_and_again(folder.path().join("a.db").to_str().unwrap(), 12, 200);
}

#[cfg(feature = "postgres")]
#[test]
fn a_ledger_on_a_server_survives_kills_of_its_client() {
    let Some(db) = common::server::Database::new() else { return };
    killed_again_and_again(&db.program, 8, 200);
}

/// Says why a test cannot run here; fails where it must run.
fn cannot(why: &str) {
    assert!(std::env::var_os("SHIRUBE_REQUIRE_FAULTS").is_none(), "{why}");
    eprintln!("not run: {why}");
}

/// How often each call is made in one run of the child, from a trace; `None` without strace.
fn strace(url: &str, events: u64, arguments: &[&str], trace: Option<&Path>) -> Option<std::process::Output> {
    let inner = child(url, events);
    let mut command = Command::new("strace");
    command.arg("-f").args(arguments);
    match trace {
        Some(path) => command.arg("-o").arg(path),
        None => command.args(["-o", "/dev/null"]),
    };
    command.arg(inner.get_program()).args(inner.get_args());
    command.env(CHILD, url).env(LIMIT, events.to_string());
    command.output().ok().filter(|o| !o.stdout.is_empty())
}

/// Calls by which SQLite changes what is on the disk.
const CALLS: [&str; 7] = ["pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "rename"];

/// Every call of `CALLS` on the ledger and its log fails once, in a run that starts from `template`, or from nothing;
/// gives how many faults there were and how many of them the client was told.
fn each_call_fails(path: &str, template: Option<&str>, events: u64) -> Option<(usize, usize)> {
    let fresh = || {
        for beside in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(format!("{path}{beside}"));
        }
        if let Some(template) = template {
            fs::copy(template, path).unwrap();
        }
    };
    fresh();
    let (wal, journal) = (format!("{path}-wal"), format!("{path}-journal"));
    let trace = format!("{path}.trace");
    let calls = format!("trace={}", CALLS.join(","));
    let files = ["-P", path, "-P", &wal, "-P", &journal];
    strace(path, events, &[&["-e", &calls][..], &files].concat(), Some(Path::new(&trace)))?;
    let text = fs::read_to_string(&trace).unwrap();
    let (mut tried, mut refused) = (0, 0);
    for call in CALLS {
        let made = text.lines().filter(|l| l.contains(&format!(" {call}("))).count();
        let step = if slow() { 1 } else { made.div_ceil(3).max(1) };
        for n in (1..=made).step_by(step) {
            for fault in ["error=EIO", "error=ENOSPC", "signal=KILL"] {
                fresh();
                let inject = format!("inject={call}:{fault}:when={n}");
                let scope = [&["-e", &inject, "-e", &calls][..], &files].concat();
                let output = strace(path, events, &scope, None);
                let (last, end) = acknowledged(&output.map(|o| o.stdout).unwrap_or_default());
                // Also a ledger whose making was interrupted is one, or none yet.
                let mode = if template.is_some() { Mode::Existing } else { Mode::Create };
                let store = open(path, mode).unwrap_or_else(|e| panic!("{inject}: {}", e.told().en));
                let there = sound(store.as_ref(), last.max(if template.is_some() { 2 } else { 0 }));
                assert!(there <= events);
                tried += 1;
                refused += usize::from(end.contains("Err"));
            }
        }
    }
    Some((tried, refused))
}

/// After tessera's fault test: the n-th call of each kind fails, for every n, on a fresh copy each.
#[test]
fn a_failing_call_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.db").to_str().unwrap().to_owned();
    open(&template, Mode::Create).unwrap().append(&[batch("S", 0, &[draft(1), draft(2)])]).unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    let (mut tried, mut refused) = (0, 0);
    for (template, events) in [(Some(template.as_str()), if slow() { 30 } else { 6 }), (None, 4)] {
        let Some(found) = each_call_fails(&path, template, events) else {
            return cannot("strace does not work here");
        };
        (tried, refused) = (tried + found.0, refused + found.1);
    }
    println!("figures: {tried} faults, {refused} told to the client, nothing lost");
    assert!(tried >= 24 && refused > 0, "{tried} {refused}");
}

/// A disk of its own size, where the system lets us make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(kilobytes: u32) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={kilobytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|s| s.success()).then_some(SmallDisk(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::new(2048) else { return cannot("no small file system could be mounted") };
    let path = disk.0.path().join("a.db").to_str().unwrap().to_owned();
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; 1_000_000]).unwrap();
    let mut store = open(&path, Mode::Create).unwrap();
    let (mut n, mut refusals) = (0u64, 0);
    let big = |n: u64| Draft { payload: vec![7; 20_000], ..draft(n) };
    while refusals < 5 {
        match store.append(&[batch("S", n, &[big(n + 1), big(n + 2)])]) {
            Ok(done) => n = done[0].head.seq,
            Err(LedgerError::Full) => {
                refusals += 1;
                assert_eq!(store.head("S").unwrap().seq, n, "still answers, and as before");
            }
            Err(e) => panic!("{e:?}"),
        }
    }
    assert!(n > 4);
    sound(store.as_ref(), n);
    println!("figures: a full disk refused {refusals} times, {n} events before it stayed");
    fs::remove_file(&ballast).unwrap();
    store.append(&[batch("S", n, &[draft(n + 1), draft(n + 2)])]).unwrap();
    drop(store);
    assert_eq!(sound(open(&path, Mode::Existing).unwrap().as_ref(), n + 2), n + 2);
}

/// One write or sync of the traced program, in order.
enum Step {
    Write { wal: bool, at: u64, bytes: Vec<u8> },
    Truncate { wal: bool, length: u64 },
    Sync { wal: bool },
    Acknowledged(u64),
}

/// The bytes of a string as strace prints it with `-xx`.
fn unhex(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|h| u8::from_str_radix(&h[..2], 16).unwrap()).collect()
}

/// Reads a trace of `pwrite64`, `ftruncate`, `fdatasync`, `fsync` and `write` made with `-y -xx -s …`.
fn steps(trace: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((_, line)) = line.split_once(' ') else { continue };
        let line = line.trim_start();
        let Some((call, rest)) = line.split_once('(') else { continue };
        let name = rest.split_once('<').map_or("", |(_, r)| r.split('>').next().unwrap());
        let name =
            if name.contains("\\x") { String::from_utf8(unhex(name)).unwrap() } else { name.to_owned() };
        let wal = name.ends_with("a.db-wal");
        let ours = wal || name.ends_with("a.db");
        let data = || unhex(rest.split('"').nth(1).unwrap_or(""));
        let last = || -> u64 {
            let arguments = rest.rsplit_once(") = ").unwrap().0;
            arguments.rsplit(", ").next().unwrap().parse().unwrap()
        };
        match call {
            "pwrite64" if ours => steps.push(Step::Write { wal, at: last(), bytes: data() }),
            "ftruncate" if ours => steps.push(Step::Truncate { wal, length: last() }),
            "fdatasync" | "fsync" if ours => steps.push(Step::Sync { wal }),
            "write" => {
                let text = String::from_utf8_lossy(&data()).into_owned();
                if let Some(n) = text.rsplit_once("ACK ").and_then(|(_, n)| n.trim().parse().ok()) {
                    steps.push(Step::Acknowledged(n));
                }
            }
            _ => {}
        }
    }
    steps
}

#[derive(Clone, Default)]
struct Image([Vec<u8>; 2]);

impl Image {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Write { wal, at, bytes } => {
                let (file, at) = (&mut self.0[usize::from(*wal)], *at as usize);
                if file.len() < at + bytes.len() {
                    file.resize(at + bytes.len(), 0);
                }
                file[at..at + bytes.len()].copy_from_slice(bytes);
            }
            Step::Truncate { wal, length } => self.0[usize::from(*wal)].resize(*length as usize, 0),
            _ => {}
        }
    }
}

/// A kill loses nothing that was written; a power cut loses what was not synchronised, in any order. So: every write and
/// sync of a run is recorded, and at each point images are built in which a pseudo-random part of the writes since the
/// last sync of their file is lost, or torn in the middle. Each must open with every event acknowledged by then.
#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    open(&path, Mode::Create).unwrap().append(&[batch("S", 0, &[draft(1), draft(2)])]).unwrap();
    let mut durable = Image([fs::read(&path).unwrap(), Vec::new()]);
    let trace = folder.path().join("trace");
    let arguments = ["-e", "trace=pwrite64,ftruncate,fdatasync,fsync,write", "-y", "-xx", "-s", "100000"];
    let events = if slow() { 200 } else { 16 };
    let Some(output) = strace(&path, events, &arguments, Some(&trace)) else {
        return cannot("strace does not work here");
    };
    let steps = steps(&fs::read_to_string(&trace).unwrap());
    let acknowledgements = steps.iter().filter(|s| matches!(s, Step::Acknowledged(_))).count();
    assert_eq!(acknowledgements as u64 * 2, acknowledged(&output.stdout).0 - 2, "the trace was read whole");
    let image = folder.path().join("image.db").to_str().unwrap().to_owned();
    let (mut seed, mut images, mut pending, mut safe) = (1u64, 0, Vec::<&Step>::new(), 2);
    let mut random = move || {
        // SplitMix64 (Steele, Lea, Flood 2014).
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    for step in &steps {
        match step {
            Step::Write { .. } | Step::Truncate { .. } => pending.push(step),
            Step::Sync { wal: synced } => {
                let (now, later) = pending.into_iter().partition(|s| match s {
                    Step::Write { wal, .. } | Step::Truncate { wal, .. } => wal == synced,
                    _ => true,
                });
                let now: Vec<&Step> = now;
                now.iter().for_each(|s| durable.apply(s));
                pending = later;
            }
            Step::Acknowledged(n) => safe = *n,
        }
        for variant in 0..rounds(3, 8) {
            let mut cut = durable.clone();
            for step in &pending {
                match (variant, random() % 3, step) {
                    // Nothing of it, or all of it.
                    (0, ..) => {}
                    (1, ..) => cut.apply(step),
                    (_, 0, _) => {}
                    (_, 1, Step::Write { wal, at, bytes }) => {
                        // Torn: only whole sectors from its beginning.
                        let sectors = random() as usize % (bytes.len() / 512 + 1);
                        cut.apply(&Step::Write {
                            wal: *wal,
                            at: *at,
                            bytes: bytes[..sectors * 512].to_vec(),
                        });
                    }
                    _ => cut.apply(step),
                }
            }
            fs::write(&image, &cut.0[0]).unwrap();
            fs::write(format!("{image}-wal"), &cut.0[1]).unwrap();
            let _ = fs::remove_file(format!("{image}-shm"));
            let store = open(&image, Mode::Existing).unwrap();
            sound(store.as_ref(), safe);
            images += 1;
        }
    }
    println!("figures: {images} images of power cuts over {} writes and syncs, nothing lost", steps.len());
    assert!(images > 100);
}
