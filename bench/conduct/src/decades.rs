//! Opening, appending, verifying and viewing one study over three decades of events: what grows with them grows in a
//! straight line, and a snapshot opens a study in a fraction of reading, hashing and parsing the same bytes.
//!
//! `cargo run --release --manifest-path bench/conduct/Cargo.toml -- --decades [events]` (default 1,000,000)

use crate::{Outcome, RANDOMISED, fill, open, randomise, seeds};
use conduct::*;
use jiff::civil::date;
use ledger::actor::Writer;
use ledger::{Entry, Mode, Sqlite, Store};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A participant of this study leaves about this many events.
const EVENTS_EACH: u64 = 8;

pub fn decades(most: u64) -> Outcome<()> {
    println!(
        "{:>9}  {:>9}  {:>8}  {:>8}  {:>5}  {:>8}  {:>5}  {:>7}  {:>7}  {:>8}  {:>8}  {:>8}  {:>8}",
        "events", "append/s", "plain s", "fold s", "ratio", "snap s", "ratio", "B/event", "B/snap", "verify s",
        "view ms", "past s", "next ms"
    );
    for events in [most / 100, most / 10, most].into_iter().filter(|n| *n >= 100) {
        decade(events)?;
    }
    Ok(())
}

/// The row as bytes with its payload last, behind the payload's length.
fn row(e: &Entry) -> Vec<u8> {
    let payload = e.payload.as_deref().unwrap_or_default();
    let mut row = (payload.len() as u32).to_be_bytes().to_vec();
    for hash in [&e.previous, &e.hash, &e.commitment] {
        row.extend(hash.0);
    }
    row.extend(e.at.as_microsecond().to_be_bytes());
    for text in [Some(&e.study), Some(&e.actor), Some(&e.role), e.site.as_ref(), Some(&e.kind), e.request.as_ref()] {
        row.extend(text.map_or(&[][..], |t| t.as_bytes()));
    }
    row.extend(e.salt.unwrap_or_default());
    row.extend(payload);
    row
}

fn plain(raw: &Connection) -> Outcome<Duration> {
    let start = Instant::now();
    let mut query = raw.prepare("SELECT bytes FROM raw ORDER BY n")?;
    let mut rows = query.query([])?;
    let (mut parsed, mut sum) = (0u64, 0u8);
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob()?;
        sum ^= Sha256::digest(bytes)[0];
        let (length, rest) = bytes.split_at(4);
        let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        parsed += u64::from(serde_json::from_slice::<serde_json::Value>(&rest[rest.len() - length..]).is_ok());
    }
    black_box((sum, parsed));
    Ok(start.elapsed())
}

fn best(times: u32, mut work: impl FnMut() -> Outcome<Duration>) -> Outcome<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..times {
        best = best.min(work()?);
    }
    Ok(best)
}

fn decade(events: u64) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("study.db");
    let place = path.to_str().ok_or("path")?;
    let n = u32::try_from(events / EVENTS_EACH)?;
    let filled = Instant::now();
    let (head, participants) = {
        let trial = open(Box::new(Sqlite::open(place, Mode::Create)?))?;
        fill(&trial, n + 1000)?;
        (trial.head(), n + 1000)
    };
    let filled = filled.elapsed();
    let raw = Connection::open(folder.path().join("raw.db"))?;
    raw.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE raw (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT; BEGIN")?;
    {
        let store = Sqlite::open(place, Mode::ReadOnly)?;
        let mut insert = raw.prepare("INSERT INTO raw VALUES (?1, ?2)")?;
        store.read("GARDEN", 1, head.seq, &mut |e| {
            insert
                .execute((e.seq as i64, row(&e)))
                .map(drop)
                .map_err(|e| ledger::LedgerError::Io { detail: e.to_string() })
        })?;
    }
    raw.execute_batch("COMMIT")?;

    let rounds = 3;
    let plain = best(rounds, || plain(&raw))?;
    let writer = Writer::start(Box::new(Sqlite::open(place, Mode::Existing)?))?;
    let folded = best(rounds, || {
        let start = Instant::now();
        black_box(Trial::open_with(writer.handle(), "GARDEN", seeds())?);
        Ok(start.elapsed())
    })?;
    let trial = Trial::open_with(writer.handle(), "GARDEN", seeds())?;
    let snapshot = folder.path().join("snapshot");
    std::fs::write(&snapshot, snapshot::pack(&trial.state()))?;
    let resumed = best(rounds, || {
        let start = Instant::now();
        let kept = snapshot::unpack(&std::fs::read(&snapshot)?, "GARDEN").ok_or("the snapshot does not fit")?;
        let resumed = Trial::resume(writer.handle(), "GARDEN", seeds(), Some(kept))?;
        let took = start.elapsed();
        if resumed.state() != trial.state() {
            return Err("the snapshot gives another state".into());
        }
        Ok(took)
    })?;
    let memory = |how: &str| -> Outcome<f64> {
        let out = std::process::Command::new(std::env::current_exe()?)
            .args(["--opened", how, place, &snapshot.display().to_string()])
            .output()?;
        Ok(String::from_utf8(out.stdout)?.trim().parse()?)
    };
    let (of_fold, of_snapshot) = (memory("fold")?, memory("snapshot")?);
    let verified = Instant::now();
    let report = writer.handle().with(|store| verify(store, "GARDEN", Some(&seeds())))?;
    let verified = verified.elapsed();
    if !report.holds() {
        return Err("the ledger does not hold".into());
    }
    let (state, adopted) = (trial.state(), trial.adopted());
    let viewer = Viewer::new("dm", Role::DataManager);
    let day = date(2024, 6, 1);
    let viewed = best(rounds, || {
        let start = Instant::now();
        let view = View::new(&adopted, &state, Some(day), &viewer).map_err(|r| format!("{r:?}"))?;
        black_box(view.expected(day));
        Ok(start.elapsed())
    })?;
    // Another position: the first question reads from the beginning, the next from a state on the way.
    trial.as_of(head.seq - 1)?;
    let past = Instant::now();
    let seq = head.seq * 2 / 3;
    black_box(trial.as_of(seq)?);
    let past = past.elapsed();
    let context = crate::centre(RANDOMISED)?;
    let mut next = participants - 1000;
    let appended = best(20, || {
        let start = Instant::now();
        trial.execute(&randomise(next), &context)?;
        next += 1;
        Ok(start.elapsed())
    })?;
    println!(
        "{:>9}  {:>9.0}  {:>8.3}  {:>8.3}  {:>5.2}  {:>8.3}  {:>5.2}  {:>7.0}  {:>7.0}  {:>8.2}  {:>8.1}  {:>8.3}  {:>8.2}",
        head.seq,
        head.seq as f64 / filled.as_secs_f64(),
        plain.as_secs_f64(),
        folded.as_secs_f64(),
        folded.as_secs_f64() / plain.as_secs_f64(),
        resumed.as_secs_f64(),
        resumed.as_secs_f64() / plain.as_secs_f64(),
        of_fold / head.seq as f64,
        of_snapshot / head.seq as f64,
        verified.as_secs_f64(),
        viewed.as_secs_f64() * 1e3,
        past.as_secs_f64(),
        appended.as_secs_f64() * 1e3,
    );
    Ok(())
}

/// The greatest memory, in bytes, that opening the study takes in a process of its own.
pub fn opened(how: &str, place: &str, snapshot: &str) -> Outcome<()> {
    let peak = || -> f64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0");
        line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
    };
    let writer = Writer::start(Box::new(Sqlite::open(place, Mode::ReadOnly)?))?;
    let before = peak();
    let kept = match how {
        "fold" => None,
        _ => snapshot::unpack(&std::fs::read(snapshot)?, "GARDEN"),
    };
    let trial = Trial::resume(writer.handle(), "GARDEN", seeds(), kept)?;
    println!("{}", peak() - before);
    black_box(trial.head());
    Ok(())
}
