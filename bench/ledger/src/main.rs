//! How much the ledger costs beside SQLite's own commits and beside reading the same bytes. Ratios are of one run.
//!
//! `cargo run --release [events]` (default 1,000,000; 0 leaves the openings out); the folder of `TMPDIR` must be on the
//! disk that counts. With `SHIRUBE_TEST_POSTGRES` set, commits and an opening are measured on that server, too.
//! `bench/ledger/run` does all of it.

use ledger::actor::{Request, Writer};
use ledger::{Draft, Entry, Hash, Mode, Postgres, Sqlite, Store, verify};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A figure of the issue beside what was wanted of it.
fn target(what: &str, measured: f64, wanted: &str, met: bool) {
    println!("target: {what}: {measured:.2}, wanted {wanted}: {}", if met { "ok" } else { "MISSED" });
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let events: u64 = match std::env::args().nth(1) {
        Some(n) => n.parse()?,
        None => 1_000_000,
    };
    let folder = tempfile::tempdir()?;
    println!("folder {}", folder.path().display());
    one_client(folder.path())?;
    many_clients(&folder.path().join("many.db"))?;
    if let Ok(url) = std::env::var("SHIRUBE_TEST_POSTGRES") {
        postgres(&url)?;
    }
    for n in [events / 100, events / 10, events].into_iter().filter(|n| *n > 0) {
        opening(folder.path(), n)?;
        if let (true, Ok(url)) = (n == events / 10, std::env::var("SHIRUBE_TEST_POSTGRES")) {
            opening_on_both(&url, folder.path(), n)?;
        }
    }
    Ok(())
}

/// Reading and verifying the same study on PostgreSQL and in a file, in turns.
fn opening_on_both(url: &str, folder: &Path, events: u64) -> Outcome<()> {
    let file = Sqlite::open(&folder.join(format!("{events}.db")).display().to_string(), Mode::ReadOnly)?;
    let study = format!("open {}", std::process::id());
    let mut server = Postgres::open(url, Mode::Create)?;
    let fill = Instant::now();
    for from in (0..events).step_by(5000) {
        let drafts: Vec<Draft> = (from..events.min(from + 5000)).map(draft).collect();
        server.append(&[ledger::Batch { study: &study, expected: from, drafts: &drafts, blobs: &[] }])?;
    }
    let fill = fill.elapsed();
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        let start = Instant::now();
        verify(&server, &study, &mut |_| ())?;
        ours = ours.min(start.elapsed());
        let start = Instant::now();
        verify(&file, "S", &mut |_| ())?;
        theirs = theirs.min(start.elapsed());
    }
    println!(
        "verifying {events:7} events on postgres {:6.2} s, in a file {:6.2} s, ratio {:.2}  (filled at {:.0}/s)",
        ours.as_secs_f64(),
        theirs.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64(),
        events as f64 / fill.as_secs_f64(),
    );
    Ok(())
}

/// An event such as one saved form: about 600 bytes of JSON.
fn draft(n: u64) -> Draft {
    let items: Vec<String> = (0..14)
        .map(|i| format!(r#"{{"item":"lab_{i:02}","value":"{}.{}","unit":"mg/dL"}}"#, n % 97, i))
        .collect();
    Draft {
        at: jiff::Timestamp::from_second(1_775_000_000 + n as i64).unwrap_or_default(),
        actor: format!("crc-{:03}", n % 200),
        role: "coordinator".to_owned(),
        site: Some(format!("site-{:03}", n % 100)),
        kind: "form_saved".to_owned(),
        kind_version: 1,
        payload: format!(
            r#"{{"participant":"P{:05}","form":"visit","items":[{}]}}"#,
            n % 5000,
            items.join(",")
        )
        .into_bytes(),
        request: Some(format!("{n:016x}")),
        salt: Hash::of(&n.to_be_bytes()).0,
        ..Draft::default()
    }
}

/// The bytes of an entry as a row holds them.
fn row_bytes(e: &Entry) -> Vec<u8> {
    let mut row = [e.previous.0, e.hash.0, e.commitment.0].concat();
    row.extend(e.at.as_microsecond().to_be_bytes());
    for text in
        [Some(&e.study), Some(&e.actor), Some(&e.role), e.site.as_ref(), Some(&e.kind), e.request.as_ref()]
    {
        row.extend(text.map_or(&[][..], |t| t.as_bytes()));
    }
    row.extend(e.salt.unwrap_or_default());
    row.extend(e.payload.as_deref().unwrap_or_default());
    row
}

fn raw(path: &Path) -> Outcome<Connection> {
    let raw = Connection::open(path)?;
    raw.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE raw (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",
    )?;
    Ok(raw)
}

/// One client, one event per commit, in turns with SQLite's own commits of rows of the same bytes.
fn one_client(folder: &Path) -> Outcome<()> {
    let mut store = Sqlite::open(&folder.join("one.db").display().to_string(), Mode::Create)?;
    let raw = raw(&folder.join("raw.db"))?;
    let mut insert = raw.prepare("INSERT INTO raw VALUES (?1, ?2)")?;
    let mut last = ledger::Head::GENESIS;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for n in 0..1500u64 {
        let draft = [draft(n)];
        let bytes = row_bytes(&ledger::seal("S", &last, draft[0].clone()));
        let start = Instant::now();
        let done = store.append(&[ledger::Batch { study: "S", expected: n, drafts: &draft, blobs: &[] }])?;
        ours.push(start.elapsed());
        last = done.first().map_or(last, |d| d.head);
        let start = Instant::now();
        insert.execute((n as i64, &bytes))?;
        theirs.push(start.elapsed());
    }
    let rate = |times: &[Duration]| times.len() as f64 / times.iter().sum::<Duration>().as_secs_f64();
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let (a, b) = (rate(&ours), rate(&theirs));
    let (ma, mb) = (median(&mut ours), median(&mut theirs));
    println!(
        "one client, sqlite   {a:8.0} events/s  raw rows {b:8.0}/s  ratio {:.2}  (medians {ma:.2} and {mb:.2} ms)",
        a / b
    );
    target("one client, rate beside SQLite's own commits", a / b, "at least 0.7", a / b >= 0.7);
    Ok(())
}

/// Events per second through the writer, with so many clients that each wait for their answer.
fn through_writer(
    store: Box<dyn Store>,
    clients: u64,
    round: u64,
    each: Duration,
) -> Outcome<(f64, Box<dyn Store>)> {
    let writer = Writer::start(store)?;
    let count = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let threads: Vec<_> = (0..clients)
        .map(|c| {
            let (handle, count) = (writer.handle(), count.clone());
            thread::spawn(move || -> Result<(), ledger::LedgerError> {
                let study = format!("S{}-{round}-{clients}-{c}", std::process::id());
                let mut expected = 0;
                while start.elapsed() < each {
                    let drafts = vec![draft(expected)];
                    let request = Request { study: study.clone(), expected, drafts, blobs: Vec::new() };
                    expected = handle.append(request)?.head.seq;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        })
        .collect();
    for t in threads {
        t.join().map_err(|_| "a client panicked")??;
    }
    let rate = count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    Ok((rate, writer.stop()?))
}

/// In turns, so that a disk that is slow for a while is slow for all.
fn clients(name: &str, mut store: Box<dyn Store>) -> Outcome<()> {
    const CLIENTS: [u64; 4] = [1, 4, 16, 64];
    let mut rates = [0.0; 4];
    const ROUNDS: u64 = 6;
    for round in 0..ROUNDS {
        for (n, sum) in CLIENTS.iter().zip(&mut rates) {
            let (rate, back) = through_writer(store, *n, round, Duration::from_millis(1500))?;
            store = back;
            *sum += rate / ROUNDS as f64;
        }
    }
    for (n, rate) in CLIENTS.iter().zip(rates) {
        println!("{n:2} clients, {name:8}  {rate:8.0} events/s  {:5.1} times one client", rate / rates[0]);
    }
    let gain = rates[3] / rates[0];
    if name == "sqlite" {
        target("64 clients beside one on SQLite, times", gain, "at least 10", gain >= 10.0);
    }
    Ok(())
}

fn many_clients(path: &Path) -> Outcome<()> {
    clients("sqlite", Box::new(Sqlite::open(&path.display().to_string(), Mode::Create)?))
}

fn postgres(url: &str) -> Outcome<()> {
    let store = Postgres::open(url, Mode::Create)?;
    let first = format!("bench {}", std::process::id());
    let (mut store, start) = (store, Instant::now());
    for n in 0..500 {
        store.append(&[ledger::Batch { study: &first, expected: n, drafts: &[draft(n)], blobs: &[] }])?;
    }
    println!("one client, postgres {:8.0} events/s", 500.0 / start.elapsed().as_secs_f64());
    clients("postgres", Box::new(store))
}

/// Bytes of memory that this process has ever used at most, as the system counts them.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Opening a study: every entry read, its chain and content verified, its payload parsed; beside reading, hashing and
/// parsing the same bytes from a plain table.
fn opening(folder: &Path, events: u64) -> Outcome<()> {
    let path = folder.join(format!("{events}.db")).display().to_string();
    let raw = raw(&folder.join(format!("{events}.raw")))?;
    let mut store = Sqlite::open(&path, Mode::Create)?;
    let fill = Instant::now();
    for from in (0..events).step_by(5000) {
        let drafts: Vec<Draft> = (from..events.min(from + 5000)).map(draft).collect();
        store.append(&[ledger::Batch { study: "S", expected: from, drafts: &drafts, blobs: &[] }])?;
    }
    let fill = fill.elapsed();
    raw.execute_batch("BEGIN")?;
    {
        let mut insert = raw.prepare("INSERT INTO raw VALUES (?1, ?2)")?;
        store.read("S", 1, events, &mut |e| {
            let payload = e.payload.as_ref().map_or(0, Vec::len) as u32;
            let row = [&payload.to_be_bytes()[..], &row_bytes(&e)].concat();
            insert
                .execute((e.seq as i64, &row))
                .map_err(|e| ledger::LedgerError::Io { detail: e.to_string() })?;
            Ok(())
        })?;
    }
    raw.execute_batch("COMMIT")?;
    drop(store);
    let size = std::fs::metadata(&path)?.len();
    let before = peak();
    let store = Sqlite::open(&path, Mode::ReadOnly)?;
    // In turns, and the quicker of three each: the first run of either warms the disk's cache.
    let (mut ours, mut theirs, mut plain) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        let (start, mut parsed) = (Instant::now(), 0u64);
        verify(&store, "S", &mut |e| {
            let read = e.payload.as_deref().map(serde_json::from_slice::<serde_json::Value>);
            parsed += u64::from(matches!(read, Some(Ok(_))));
        })?;
        ours = ours.min(start.elapsed());
        assert_eq!(parsed, events);

        let start = Instant::now();
        let mut query = raw.prepare("SELECT bytes FROM raw ORDER BY n")?;
        let mut rows = query.query([])?;
        let (mut parsed, mut sum) = (0u64, 0u8);
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(0)?.as_blob()?;
            sum ^= Sha256::digest(bytes)[0];
            let (length, rest) = bytes.split_at(4);
            let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
            let payload = &rest[rest.len() - length..];
            parsed += u64::from(serde_json::from_slice::<serde_json::Value>(payload).is_ok());
        }
        theirs = theirs.min(start.elapsed());
        assert_eq!(parsed, events);
        std::hint::black_box(sum);

        let start = Instant::now();
        store.read("S", 1, events, &mut |_| Ok(()))?;
        plain = plain.min(start.elapsed());
    }
    let grown = peak().saturating_sub(before);
    println!(
        "opening {events:8} events  {:6.2} s  plain bytes {:6.2} s  ratio {:.2}  (read only {:.2} s, filled at {:.0}/s, {} bytes on disk and {} in memory per event)",
        ours.as_secs_f64(),
        theirs.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64(),
        plain.as_secs_f64(),
        events as f64 / fill.as_secs_f64(),
        size / events,
        grown / events,
    );
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    target(
        &format!("reading and verifying {events} events beside reading, hashing and parsing them, times"),
        ratio,
        "at most 2",
        ratio <= 2.0,
    );
    Ok(())
}
