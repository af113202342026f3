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
    println!("ratios beside reading, hashing and parsing the same bytes: wall time, processor time");
    println!(
        "{:>9}  {:>8}  {:>7}  {:>17}  {:>17}  {:>7}  {:>7}  {:>8}  {:>15}  {:>7}  {:>8}  {:>8}  {:>7}",
        "events",
        "append/s",
        "plain s",
        "fold s",
        "snapshot s",
        "B/event",
        "B/snap",
        "B/recall",
        "verify s (cpu)",
        "view ms",
        "recall s",
        "past ms",
        "next ms"
    );
    let mut found = Vec::new();
    for events in [most / 100, most / 10, most].into_iter().filter(|n| *n >= 100) {
        found.push(decade(events)?);
    }
    let Some(last) = found.last() else { return Ok(()) };
    let n = last.events as u64;
    at_most(&format!("opening {n} events without a snapshot, times plain reading"), last.fold, 2.0);
    at_most("... with a snapshot", last.snapshot, 0.3);
    at_most("memory of opening without a snapshot, bytes an event", last.memory[0], 1000.0);
    at_most("... with a snapshot", last.memory[1], 1000.0);
    at_most("... and while the past is read in the background", last.memory[2], 1000.0);
    at_most(&format!("an earlier position of {n} events, worst of seven, ms"), last.past, 1000.0);
    // A straight line: an event costs in the last decade what it costs in the one before. Half of it more is let pass,
    // since what lies in the processor's cache is read more quickly.
    if let [.., before, last] = found.as_slice() {
        let lines = ["opening", "verifying", "all that is expected", "memory"];
        for (what, (a, b)) in lines.iter().zip(before.line.iter().zip(last.line)) {
            let growth = (b / last.events) / (a / before.events);
            at_most(&format!("straight line, last decade: {what}, cost of an event, times"), growth, 1.5);
        }
    }
    Ok(())
}

/// A figure of the issue beside what was wanted of it.
fn at_most(what: &str, measured: f64, most: f64) {
    let word = if measured <= most { "ok" } else { "MISSED" };
    println!("target: {what}: {measured:.2}, wanted at most {most}: {word}");
}

/// What one size gave.
struct Found {
    events: f64,
    /// Wall time beside plain reading.
    fold: f64,
    snapshot: f64,
    /// Bytes an event: fold, snapshot, with the past.
    memory: [f64; 3],
    /// Milliseconds.
    past: f64,
    /// Processor seconds of opening, verifying, and working out what is expected; bytes.
    line: [f64; 4],
}

/// The row as bytes with its payload last, behind the payload's length.
fn row(e: &Entry) -> Vec<u8> {
    let payload = e.payload.as_deref().unwrap_or_default();
    let mut row = (payload.len() as u32).to_be_bytes().to_vec();
    for hash in [&e.previous, &e.hash, &e.commitment] {
        row.extend(hash.0);
    }
    row.extend(e.at.as_microsecond().to_be_bytes());
    for text in
        [Some(&e.study), Some(&e.actor), Some(&e.role), e.site.as_ref(), Some(&e.kind), e.request.as_ref()]
    {
        row.extend(text.map_or(&[][..], |t| t.as_bytes()));
    }
    row.extend(e.salt.unwrap_or_default());
    row.extend(payload);
    row
}

/// Wall time, and processor time of all threads of this process: the second does not see what else the machine does.
/// The system counts it in hundredths of a second.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    processor: f64,
}

fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Took)> {
    let (start, used) = (Instant::now(), processor());
    let done = work()?;
    Ok((done, Took { wall: start.elapsed(), processor: processor() - used }))
}

/// Of several rounds the quickest, wall and processor time each.
fn best<T>(times: u32, mut work: impl FnMut() -> Outcome<T>) -> Outcome<(T, Took)> {
    let mut best: Option<(T, Took)> = None;
    for _ in 0..times {
        let (done, took) = timed(&mut work)?;
        let least = best.map_or(took, |(_, b)| Took {
            wall: took.wall.min(b.wall),
            processor: took.processor.min(b.processor),
        });
        best = Some((done, least));
    }
    best.ok_or_else(|| "no round".into())
}

fn plain(raw: &Connection) -> Outcome<()> {
    let mut query = raw.prepare("SELECT bytes FROM raw ORDER BY n")?;
    let mut rows = query.query([])?;
    let (mut parsed, mut sum) = (0u64, 0u8);
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob()?;
        sum ^= Sha256::digest(bytes)[0];
        let (length, rest) = bytes.split_at(4);
        let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        parsed +=
            u64::from(serde_json::from_slice::<serde_json::Value>(&rest[rest.len() - length..]).is_ok());
    }
    black_box((sum, parsed));
    Ok(())
}

fn decade(events: u64) -> Outcome<Found> {
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
    let ((), plain) = best(rounds, || plain(&raw))?;
    let writer = Writer::start(Box::new(Sqlite::open(place, Mode::Existing)?))?;
    let (trial, folded) = best(rounds, || Ok(Trial::open_with(writer.handle(), "GARDEN", seeds())?))?;
    let snapshot = folder.path().join("snapshot");
    std::fs::write(&snapshot, snapshot::pack(&trial.state()))?;
    let (resumed, quick) = best(rounds, || {
        let kept =
            snapshot::unpack(&std::fs::read(&snapshot)?, "GARDEN").ok_or("the snapshot does not fit")?;
        Ok(Trial::resume(writer.handle(), "GARDEN", seeds(), Some(kept))?)
    })?;
    if resumed.state() != trial.state() {
        return Err("the snapshot gives another state".into());
    }
    // What a server does in the background after a quick start, so that the first question about the past need not.
    let (same, recalled) = timed(|| Ok(resumed.recall()?))?;
    if !same {
        return Err("the snapshot is not what the ledger gives".into());
    }
    // From the state before, worst: just before the next that is kept (of 1,000,000 entries every 50,000th is).
    let mut worst = Duration::ZERO;
    for part in 1..8 {
        let seq = (head.seq * part / 8 / 50_000 * 50_000 + 49_999).min(head.seq - 1);
        let (state, took) = timed(|| Ok(resumed.as_of(seq)?.head.seq))?;
        if state != seq {
            return Err("the wrong position".into());
        }
        worst = worst.max(took.wall);
    }
    drop(resumed);
    let memory = |how: &str| -> Outcome<f64> {
        let out = std::process::Command::new(std::env::current_exe()?)
            .args(["--opened", how, place, &snapshot.display().to_string()])
            .output()?;
        Ok(String::from_utf8(out.stdout)?.trim().parse()?)
    };
    let (of_fold, of_snapshot, of_recall) = (memory("fold")?, memory("snapshot")?, memory("recall")?);
    let (report, verified) =
        timed(|| Ok(writer.handle().with(|store| verify(store, "GARDEN", Some(&seeds())))?))?;
    if !report.holds() {
        return Err("the ledger does not hold".into());
    }
    let (state, adopted) = (trial.state(), trial.adopted());
    let viewer = Viewer::new("dm", Role::DataManager);
    let day = date(2024, 6, 1);
    let (_, viewed) = best(rounds, || {
        let view = View::new(&adopted, &state, Some(day), &viewer).map_err(|r| format!("{r:?}"))?;
        Ok(black_box(view.expected(day).len()))
    })?;
    let context = crate::centre(RANDOMISED)?;
    let mut next = participants - 1000;
    let (_, appended) = best(20, || {
        trial.execute(&randomise(next), &context)?;
        next += 1;
        Ok(())
    })?;
    let ratio = |a: Took| {
        format!("{:.2} {:.2}", a.wall.as_secs_f64() / plain.wall.as_secs_f64(), a.processor / plain.processor)
    };
    println!(
        "{:>9}  {:>8.0}  {:>7.3}  {:>7.3} {:>9}  {:>7.3} {:>9}  {:>7.0}  {:>7.0}  {:>8.0}  {:>7.2} {:>7.2}  {:>7.1}  {:>8.2}  {:>8.1}  {:>7.2}",
        head.seq,
        head.seq as f64 / filled.as_secs_f64(),
        plain.wall.as_secs_f64(),
        folded.wall.as_secs_f64(),
        ratio(folded),
        quick.wall.as_secs_f64(),
        ratio(quick),
        of_fold / head.seq as f64,
        of_snapshot / head.seq as f64,
        of_recall / head.seq as f64,
        verified.wall.as_secs_f64(),
        verified.processor,
        viewed.wall.as_secs_f64() * 1e3,
        recalled.wall.as_secs_f64(),
        worst.as_secs_f64() * 1e3,
        appended.wall.as_secs_f64() * 1e3,
    );
    let events = head.seq as f64;
    Ok(Found {
        events,
        fold: folded.wall.as_secs_f64() / plain.wall.as_secs_f64(),
        snapshot: quick.wall.as_secs_f64() / plain.wall.as_secs_f64(),
        memory: [of_fold, of_snapshot, of_recall].map(|b| b / events),
        past: worst.as_secs_f64() * 1e3,
        line: [folded.processor, verified.processor, viewed.processor.max(0.01), of_fold],
    })
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
    if how == "recall" {
        trial.recall()?;
    }
    println!("{}", peak() - before);
    black_box(trial.head());
    Ok(())
}

/// Makes the study of so many events and keeps it, with its snapshot beside it.
pub fn keep(place: &str, events: u64) -> Outcome<()> {
    let trial = open(Box::new(Sqlite::open(place, Mode::Create)?))?;
    fill(&trial, u32::try_from(events / EVENTS_EACH)? + 1000)?;
    Ok(std::fs::write(format!("{place}.snapshot"), snapshot::pack(&trial.state()))?)
}

/// What of a page at another cut-off takes how long, in a study that is there.
pub fn viewed(place: &str, study: &str) -> Outcome<()> {
    let store = Sqlite::open(place, Mode::ReadOnly)?;
    let (state, adopted) = load(&store, study, u64::MAX)?;
    let viewer = Viewer::new("dm", Role::DataManager);
    let last = state.day(state.last_at.ok_or("an empty ledger")?);
    println!("{} events, {} participants, up to {last}", state.head.seq, state.participants.len());
    for back in [0, 400, 800, 30] {
        let day = last.checked_sub(jiff::Span::new().days(back))?;
        let (view, made) =
            timed(|| View::new(&adopted, &state, Some(day), &viewer).map_err(|r| format!("{r:?}").into()))?;
        let (expected, took) = timed(|| Ok(view.expected(day).len()))?;
        let (again, once_more) = timed(|| Ok(view.expected(day).len()))?;
        let (_, sites) = timed(|| Ok(view.sites().len()))?;
        let show =
            |t: Took| format!("{:.0} ms ({:.0} of processor)", t.wall.as_secs_f64() * 1e3, t.processor * 1e3);
        println!(
            "{day}: view {}, {expected} expected {}, {again} again {}, sites {}",
            show(made),
            show(took),
            show(once_more),
            show(sites)
        );
    }
    Ok(())
}
