//! What an allocation, a registration, a view and a verification cost with 10,000 participants in.
//!
//! `cargo run --release --manifest-path bench/conduct/Cargo.toml [folder on the disk to be measured]`. Exit code 1 when
//! the next allocation takes 50 microseconds or more, or a durable registration reaches less than 0.7 of SQLite's own
//! commits of equal bytes on a disk where such a commit takes over a millisecond.
#![forbid(unsafe_code)]

mod decades;

use conduct::allocation::{Purpose, Rng, Scheme, arm_at, minimise};
use conduct::*;
use jiff::civil::{Date, date};
use ledger::{Mode, Sqlite, Store};
use rules::Value;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use words::Text;

type Outcome<T> = Result<T, Box<dyn Error>>;

const FILES: [(&str, &str); 7] = [
    ("protocol.yaml", include_str!("../../../crates/conduct/tests/study/protocol.yaml")),
    ("forms/enrolment.yaml", include_str!("../../../crates/conduct/tests/study/forms/enrolment.yaml")),
    ("forms/baseline.yaml", include_str!("../../../crates/conduct/tests/study/forms/baseline.yaml")),
    ("forms/follow_up.yaml", include_str!("../../../crates/conduct/tests/study/forms/follow_up.yaml")),
    ("forms/operation.yaml", include_str!("../../../crates/conduct/tests/study/forms/operation.yaml")),
    (
        "forms/adverse_event.yaml",
        include_str!("../../../crates/conduct/tests/study/forms/adverse_event.yaml"),
    ),
    ("forms/death.yaml", include_str!("../../../crates/conduct/tests/study/forms/death.yaml")),
];

const SITES: u32 = 100;
const ENROLLED: Date = date(2024, 2, 1);
const RANDOMISED: Date = date(2024, 4, 1);

fn main() -> Outcome<()> {
    let at = std::env::args().nth(1);
    // A process of its own, so that only the folded state is in memory.
    if let (Some("--memory"), Some(place)) = (at.as_deref(), std::env::args().nth(2)) {
        return memory(&place);
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--decades"] => return decades::decades(1_000_000),
        ["--decades", events] => return decades::decades(events.parse()?),
        ["--opened", how, place, snapshot] => return decades::opened(how, place, snapshot),
        ["--keep", place, events] => return decades::keep(place, events.parse()?),
        ["--viewed", place, study] => return decades::viewed(place, study),
        _ => {}
    }
    println!("processor time, unless a disk is named");
    let folder = match &at {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let allocation = pure();
    reference()?;
    let decision = large(10_000)?;
    let (commit, ratio) = durable(folder.path())?;
    let slow = Duration::from_micros(50);
    if allocation >= slow || decision >= slow {
        return Err("the next allocation takes 50 µs or more".into());
    }
    if commit > Duration::from_millis(1) && ratio < 0.7 {
        return Err("a durable registration reaches less than 0.7 of SQLite's own commits".into());
    }
    Ok(())
}

fn show(what: &str, took: Duration) {
    println!("{what:<58} {:>12.1} µs", took.as_secs_f64() * 1e6);
}

/// Processor time of this thread so far: what else the machine does is not counted. Without it the clock.
fn processor(clock: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().next().and_then(|n| n.parse().ok());
    nanoseconds.map_or_else(|| clock.elapsed(), Duration::from_nanos)
}

/// Processor time: the median of several rounds, each the mean of `times`.
fn median(times: u32, mut work: impl FnMut()) -> Duration {
    let clock = Instant::now();
    let mut rounds: Vec<Duration> = (0..9)
        .map(|_| {
            let start = processor(clock);
            (0..times).for_each(|_| work());
            (processor(clock) - start) / times
        })
        .collect();
    rounds.sort();
    rounds[rounds.len() / 2]
}

/// The algorithm alone: 2:1 as virtual arms, four factors, counts of 10,000 participants, the draw.
fn pure() -> Duration {
    let Ok(scheme) =
        Scheme::new([("A", 2), ("B", 1)], [1, 1, 1, 1], false, true, words::Decimal::new(8, 1), false)
    else {
        return Duration::MAX;
    };
    let counts = vec![vec![33, 34, 33], vec![1670, 1660, 1670], vec![1111, 1112, 1110], vec![900, 901, 902]];
    let mut number = 0;
    let took = median(10_000, || {
        number += 1;
        let choice = minimise(&scheme, black_box(&counts));
        if let Ok(choice) = choice {
            let drawn = Rng::new(&[7; 32], "S", "a", Purpose::Arm).draw(number, choice.total);
            black_box(arm_at(&choice.probabilities, drawn));
        }
    });
    show("minimisation and draw alone", took);
    took
}

/// The simulation reference of the field notes, from 200,000 trials: 1:1, range, factors of 10, 2, 2, 2 levels, 200
/// newcomers; mean |A - B| and mean worst marginal difference. Must be met within 4 standard errors.
fn reference() -> Outcome<()> {
    const TRIALS: u64 = 4000;
    let levels = [10u64, 2, 2, 2];
    for (follow, expected) in [(7, [1.97, 6.32]), (8, [1.19, 4.90]), (9, [0.75, 3.87]), (10, [0.44, 3.05])] {
        let follow = words::Decimal::new(follow, 1);
        let scheme = Scheme::new([("A", 1), ("B", 1)], [1; 4], false, false, follow, true)?;
        let rng = Rng::new(&[9; 32], "reference", "a", Purpose::Arm);
        let mut found = [Vec::new(), Vec::new()];
        for trial in 0..TRIALS {
            let mut table: Vec<Vec<Vec<u32>>> =
                levels.iter().map(|l| vec![vec![0; 2]; *l as usize]).collect();
            let mut overall = 0i32;
            for newcomer in 0..200 {
                let at = (trial * 200 + newcomer) * 5;
                let own: Vec<usize> =
                    levels.iter().enumerate().map(|(f, l)| rng.draw(at + f as u64, *l) as usize).collect();
                let counts: Vec<Vec<u32>> =
                    own.iter().enumerate().map(|(f, l)| table[f][*l].clone()).collect();
                let choice = minimise(&scheme, &counts)?;
                let arm = arm_at(&choice.probabilities, rng.draw(at + 4, choice.total)).ok_or("arm")?;
                own.iter().enumerate().for_each(|(f, l)| table[f][*l][arm] += 1);
                overall += if arm == 0 { 1 } else { -1 };
            }
            found[0].push(f64::from(overall.abs()));
            found[1].push(table.iter().flatten().map(|r| f64::from(r[0].abs_diff(r[1]))).fold(0.0, f64::max));
        }
        for (values, expected) in found.iter().zip(expected) {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let error = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
            println!("minimisation, follow {follow}: {mean:.3} ± {error:.3}, reference {expected}");
            if (mean - expected).abs() > 4.0 * error + 0.005 {
                return Err("the simulation reference is not met".into());
            }
        }
    }
    Ok(())
}

fn noon(on: Date) -> Outcome<jiff::Timestamp> {
    Ok(on.at(12, 0, 0, 0).in_tz("Asia/Tokyo")?.timestamp())
}

fn centre(on: Date) -> Outcome<Context> {
    Ok(Context::new(noon(on)?, "dm", Role::DataManager, [1; 32]))
}

fn site(n: u32) -> String {
    format!("s{:03}", n % SITES)
}

fn seeds() -> Seeds {
    Seeds([("treatment".into(), [42; 32])].into())
}

/// The study with its sites, papers and people.
fn open(store: Box<dyn Store>) -> Outcome<Trial> {
    let mut files: Vec<(&str, String)> = FILES.iter().map(|(n, t)| (*n, (*t).to_owned())).collect();
    files[0].1 = files[0].1.replace("cap: 300", "cap: 1000000");
    let loaded = protocol::load_texts(files.iter().map(|(n, t)| (*n, t.as_bytes())))
        .map_err(|e| protocol::render(&e, words::Lang::En, false))?;
    let start = date(2024, 1, 10);
    let centre = centre(start)?;
    let trial = Trial::create(store, &loaded, Nature::Simulated, seeds(), &centre)?;
    let mut commands = Vec::new();
    for n in 0..SITES {
        let site: SiteId = site(n).as_str().into();
        commands.push(Command::JoinSite {
            site: site.clone(),
            name: Text::same(site.as_str()),
            country: "JP".into(),
        });
        for approval in ["ethics", "start_notice"] {
            commands.push(Command::RecordApproval {
                site: site.clone(),
                approval: approval.into(),
                version: "1.0".into(),
                decided_on: start,
                effective_from: start,
                expires_on: None,
                document: None,
                received_on: start,
            });
        }
    }
    let done = trial.execute_all(commands.into_iter().map(|c| (c, centre.clone())).collect())?;
    done.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(trial)
}

fn consent(n: u32) -> Command {
    Command::GiveConsent {
        site: site(n).as_str().into(),
        participant: None,
        document: "consent".into(),
        version: "1.0".into(),
        on: ENROLLED,
        explained_by: "dm".into(),
    }
}

fn enrol(n: u32) -> Command {
    let values = [
        ("seen_on", Value::Date(ENROLLED.into())),
        ("age", Value::Integer(20 + i64::from(n * 7 % 60))),
        ("ps", Value::Integer(i64::from(n % 2))),
        ("sex", Value::code(if n.is_multiple_of(3) { "male" } else { "female" })),
        ("pregnant", Value::Boolean(false)),
        ("creatinine", Value::Decimal(words::Decimal::new(8, 1))),
    ];
    register(n, "enrol", ENROLLED, values.into_iter().map(|(i, v)| (i.into(), v)).collect())
}

fn randomise(n: u32) -> Command {
    let values = [
        ("assessed_on", Value::Date(RANDOMISED.into())),
        ("stage", Value::code(if n.is_multiple_of(5) { "II" } else { "III" })),
        ("progressed", Value::Boolean(false)),
    ];
    register(n, "randomise", RANDOMISED, values.into_iter().map(|(i, v)| (i.into(), v)).collect())
}

fn register(n: u32, step: &str, on: Date, values: Values) -> Command {
    Command::Register { participant: ParticipantId(n + 1), step: step.into(), on, values, confirmed: true }
}

/// Participants 0 to `n` - 1 enrolled, and all but the last thousand randomised, a thousand commands a commit.
fn fill(trial: &Trial, n: u32) -> Outcome<()> {
    let (first, second) = (centre(ENROLLED)?, centre(RANDOMISED)?);
    let run = |commands: Vec<Command>, context: &Context| -> Outcome<()> {
        for some in commands.chunks(1000) {
            let some = some.iter().map(|c| (c.clone(), context.clone())).collect();
            trial.execute_all(some)?.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        Ok(())
    };
    run((0..n).flat_map(|n| [consent(n), enrol(n)]).collect(), &first)?;
    run((0..n.saturating_sub(1000)).map(randomise).collect(), &second)
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn memory(place: &str) -> Outcome<()> {
    let store = Sqlite::open(place, Mode::ReadOnly)?;
    let before = resident();
    let (state, adopted) = load(&store, "GARDEN", u64::MAX)?;
    let grown = resident().saturating_sub(before) * 1024;
    black_box(&adopted);
    println!("{:.0} bytes of memory an event", grown as f64 / state.head.seq as f64);
    Ok(())
}

fn large(n: u32) -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("large.db");
    let place = path.to_str().ok_or("path")?;
    {
        let trial = open(Box::new(Sqlite::open(place, Mode::Create)?))?;
        let start = Instant::now();
        fill(&trial, n + 1000)?;
        let events = trial.head().seq;
        println!(
            "{events} events of {} participants decided and written in {:.1} s",
            n + 1000,
            start.elapsed().as_secs_f64()
        );
    }
    let store = Sqlite::open(place, Mode::ReadOnly)?;
    let clock = Instant::now();
    let start = processor(clock);
    let (state, adopted) = load(&store, "GARDEN", u64::MAX)?;
    println!("folded {} events in {:.2} s", state.head.seq, (processor(clock) - start).as_secs_f64());
    std::process::Command::new(std::env::current_exe()?).args(["--memory", place]).status()?;
    let start = processor(clock);
    let report = verify(&store, "GARDEN", Some(&seeds()));
    if !report.holds() {
        return Err(format!("{:?}", report.findings.first()).into());
    }
    println!(
        "verified them in {:.2} s: {} decided again, {} draws repeated",
        (processor(clock) - start).as_secs_f64(),
        report.re_decided,
        report.draws_checked
    );
    let context = centre(RANDOMISED)?;
    let seeds = seeds();
    let compiled = adopted.current(&state).ok_or("protocol")?;
    let newcomer: Vec<(String, String)> =
        [("site", "s007"), ("baseline.stage", "III"), ("enrolment.age", "old")]
            .map(|(factor, level)| (factor.to_owned(), level.to_owned()))
            .into();
    let allocated = median(2000, || {
        let next =
            next_allocation(compiled, &state, ParticipantId(n + 1), "treatment", newcomer.clone(), &[42; 32]);
        assert!(black_box(next).is_ok_and(|a| a.counter == u64::from(n)));
    });
    show("the next allocation with 10,000 participants in", allocated);
    show("a copy of the state", median(1000, || drop(black_box(state.clone()))));
    // The next thousand, each decided on the state with 10,000 allocations in it.
    let mut next = n;
    let decided = median(100, || {
        let command = randomise(next);
        next = n + (next + 1 - n) % 1000;
        let decision = decide(&adopted, &state, &command, &context, &seeds);
        assert!(matches!(decision, Ok(Decision { answer: Answer::Registered { arm: Some(_), .. }, .. })));
    });
    show("whole second registration decided, allocation included", decided);
    let viewer = Viewer::new("dm", Role::DataManager);
    let view = median(3, || drop(black_box(View::new(&adopted, &state, Some(RANDOMISED), &viewer))));
    show("a view of all participants at a cut-off", view);
    let expected = median(1, || {
        if let Ok(view) = View::new(&adopted, &state, Some(date(2025, 1, 1)), &viewer) {
            black_box(view.expected(date(2025, 1, 1)));
        }
    });
    show("everything that is due or overdue of all participants", expected);
    Ok(allocated)
}

/// Registrations with allocation by one client on a disk, beside SQLite's own commits of as many bytes.
fn durable(folder: &Path) -> Outcome<(Duration, f64)> {
    const ROUNDS: u32 = 6;
    const EACH: u32 = 50;
    let path = folder.join("trial.db");
    let trial = open(Box::new(Sqlite::open(path.to_str().ok_or("path")?, Mode::Create)?))?;
    let first = centre(ENROLLED)?;
    let people: Vec<_> =
        (0..2000u32).flat_map(|n| [consent(n), enrol(n)]).map(|c| (c, first.clone())).collect();
    trial.execute_all(people)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let context = centre(RANDOMISED)?;
    let raw = rusqlite::Connection::open(folder.join("raw.db"))?;
    raw.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row(id INTEGER PRIMARY KEY, bytes BLOB) STRICT;",
    )?;
    // A registration's four events, as large as they are in the ledger.
    let sizes: Vec<usize> = trial.handle().with(|store| {
        let mut sizes = Vec::new();
        let _ = store.read("GARDEN", 0, u64::MAX, &mut |e| {
            sizes.push(e.payload.map_or(0, |p| p.len()) + 400);
            Ok(())
        });
        sizes.into_iter().rev().take(3).chain([1400]).collect()
    })?;
    let (mut ours, mut theirs, mut next) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..EACH {
            trial.execute(&randomise(next), &context)?;
            next += 1;
        }
        ours += start.elapsed();
        let start = Instant::now();
        for _ in 0..EACH {
            let transaction = raw.unchecked_transaction()?;
            for size in &sizes {
                transaction
                    .prepare_cached("INSERT INTO row(bytes) VALUES (?1)")?
                    .execute([vec![7u8; *size]])?;
            }
            transaction.commit()?;
        }
        theirs += start.elapsed();
    }
    let commit = theirs / (ROUNDS * EACH);
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    show("SQLite's own commit of equal bytes (WAL, FULL)", commit);
    show("registration with allocation, durable, one client", ours / (ROUNDS * EACH));
    println!("ratio of the rates {ratio:.2}");
    for clients in [2u32, 8, 32] {
        let start = Instant::now();
        let (from, each) = (next, 256 / clients);
        std::thread::scope(|scope| {
            for client in 0..clients {
                let (trial, context) = (&trial, &context);
                scope.spawn(move || {
                    for n in 0..each {
                        let done = trial.execute(&randomise(from + client * each + n), context);
                        assert!(done.is_ok());
                    }
                });
            }
        });
        next += clients * each;
        let took = start.elapsed() / (clients * each);
        show(&format!("the same, {clients} clients"), took);
    }
    Ok((commit, ratio))
}
