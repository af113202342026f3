//! `shirube serve`: takes the studies of a ledger, or stands by until another process lets go of them, and serves them.

use crate::failure::{Answer, Failure};
use crate::ledger_file;
use conduct::{Nature, Trial};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ledger::actor::{Handle, Writer};
use ledger::{LedgerError, Mode, Store};
use report::letter::Letters;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use words::Lang;

/// How often a process that stands by asks again, and how often one that serves sees that it still may.
const ASK: Duration = Duration::from_secs(1);
/// So many entries after the last snapshot make another.
const WORTH_KEEPING: u64 = 10_000;
/// How often that is looked at.
const KEEP: Duration = Duration::from_secs(300);

type Say<'a> = &'a dyn Fn(&str, &str);

/// What is to be served, and where.
pub struct Wanted {
    pub ledger: String,
    /// All of the ledger when empty.
    pub studies: Vec<String>,
    pub seeds: Option<PathBuf>,
    pub port: Option<u16>,
    /// Where snapshots are kept; beside the ledger when it is a file.
    pub snapshots: Option<PathBuf>,
    /// Folders of studies whose letters are served with them.
    pub texts: Vec<PathBuf>,
}

pub fn run(wanted: &Wanted) -> Result<Answer, Failure> {
    let say: Say<'_> = &|_, text| println!("{text}");
    let (store, studies) = claimed(wanted, say)?;
    for setting in store.check_settings().map_err(|e| Failure::Unusable(e.told().en))? {
        if !setting.ok {
            eprintln!("warning: {} is {}; wanted: {}", setting.name, setting.value, setting.wanted);
        }
    }
    let writer = Writer::start(store).map_err(|e| Failure::Unusable(e.told().en))?;
    let reader = ledger::open(&wanted.ledger, Mode::ReadOnly).and_then(Writer::start);
    let reader = reader.map_err(|e| Failure::Unusable(e.told().en))?;
    let seeds = ledger_file::seeds(&wanted.ledger, wanted.seeds.as_deref())?.unwrap_or_default();
    let mut open = Vec::new();
    for study in studies {
        let begun = Instant::now();
        let place = ledger_file::snapshot_path(&wanted.ledger, &study, wanted.snapshots.as_deref());
        let kept = place.as_deref().and_then(|p| ledger_file::kept(p, &study));
        let from = kept.as_ref().map_or(0, |s| s.head.seq);
        let trial = Trial::resume(writer.handle(), &study, seeds.clone(), kept)
            .map_err(|e| Failure::Unusable(format!("{}: {}", wanted.ledger, e.told().en)))?
            .reading_by(reader.handle());
        let head = trial.head().seq;
        let texts = texts(&wanted.texts, &study)?;
        let how = if from > 0 { format!(" from a snapshot of {from}") } else { String::new() };
        say("opened", &format!("{study}: {head} entries{how} in {:.1} s", begun.elapsed().as_secs_f64()));
        open.push(Open { study, trial: Arc::new(trial), place, kept: Arc::new(Mutex::new(from)), texts });
    }
    on(open, Some(writer.handle()), wanted.port, say)
}

/// The store with a claim to every study that is wanted. While another process has one of them, none is held.
fn claimed(wanted: &Wanted, say: Say<'_>) -> Result<(Box<dyn Store>, Vec<String>), Failure> {
    let mut standing_by = false;
    loop {
        match try_claim(wanted) {
            Ok((_, studies)) if studies.is_empty() => {
                return Err(Failure::Unusable(format!("{}: the ledger holds no study", wanted.ledger)));
            }
            Ok(found) => return Ok(found),
            Err(LedgerError::Taken { study }) => {
                if !standing_by {
                    say("standing by", &format!("standing by: another process serves {study}"));
                }
                standing_by = true;
            }
            // A database that restarts is no reason for the one who stands by to go.
            Err(LedgerError::CannotOpen { .. } | LedgerError::Disconnected { .. }) if standing_by => {}
            Err(e) => return Err(Failure::Unusable(e.told().en)),
        }
        std::thread::sleep(ASK);
    }
}

fn try_claim(wanted: &Wanted) -> Result<(Box<dyn Store>, Vec<String>), LedgerError> {
    let mut store = ledger::open(&wanted.ledger, Mode::Existing)?;
    let studies = if wanted.studies.is_empty() { store.studies()? } else { wanted.studies.clone() };
    for study in &studies {
        store.claim(study)?;
    }
    Ok((store, studies))
}

/// A study being served, and the snapshot that is kept of it.
pub struct Open {
    pub study: String,
    pub trial: Arc<Trial>,
    place: Option<PathBuf>,
    /// The position of the snapshot.
    kept: Arc<Mutex<u64>>,
    texts: Option<Letters>,
}

/// The letters of a study, from the folder that is of this study.
fn texts(folders: &[PathBuf], study: &str) -> Result<Option<Letters>, Failure> {
    for folder in folders {
        if crate::opened::load(folder, Lang::En)?.compiled.protocol.study == study {
            return crate::letter::texts(folder, Lang::En);
        }
    }
    Ok(None)
}

impl Open {
    pub fn alone(trial: Trial, texts: Option<Letters>) -> Open {
        let study = trial.study().to_owned();
        Open { study, trial: Arc::new(trial), place: None, kept: Arc::default(), texts }
    }

    fn has_snapshot(&self) -> bool {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) > 0
    }

    /// Keeps a snapshot when enough was written after the last; one that cannot be written is only a slower start.
    fn keep(&self) {
        let Some(place) = &self.place else { return };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.trial.state();
        if state.head.seq < *kept + WORTH_KEEPING {
            return;
        }
        match ledger_file::keep(place, &conduct::snapshot::pack(&state)) {
            Ok(()) => *kept = state.head.seq,
            Err(e) => eprintln!("warning: no snapshot of {}: {e}", self.study),
        }
    }
}

/// Serves until it is told to stop, or another process has taken a study.
pub fn on(
    mut open: Vec<Open>,
    claims: Option<Handle>,
    port: Option<u16>,
    say: Say<'_>,
) -> Result<Answer, Failure> {
    let listener = listen(port)?;
    let address = listener.local_addr().map_err(|e| Failure::unusable("the address", e))?;
    let failed = |e: server::StartError| Failure::unusable(format!("http://{address}/"), e);
    let all_simulated = open.iter().all(|o| simulated(&o.trial));
    let last = open.iter().filter_map(|o| o.trial.state().last_at).max().filter(|_| all_simulated);
    let mut app = server::App::new(clock(last)).map_err(failed)?;
    for o in &mut open {
        app.open_with(Arc::clone(&o.trial), o.texts.take()).map_err(failed)?;
    }
    say("pages", &format!("http://{address}/   (stop with Ctrl-C)"));
    if let (Some(day), [only]) = (last, open.as_slice()) {
        let zone = only.trial.state().opening.as_ref().map_or(TimeZone::UTC, |o| o.timezone.clone());
        say("clock", &format!("starts where the simulation ended, {}", day.to_zoned(zone).date()));
    }
    let open = Arc::new(open);
    let keeper = Arc::clone(&open);
    let unusable = |e: std::io::Error| Failure::unusable(format!("http://{address}/"), e);
    let runtime = tokio::runtime::Runtime::new().map_err(unusable)?;
    for o in open.iter().filter(|o| o.has_snapshot()) {
        let (trial, study) = (Arc::clone(&o.trial), o.study.clone());
        // What cannot be read now fails again, and is told, when somebody asks for an earlier position.
        runtime.spawn_blocking(move || {
            if let Ok(false) = trial.recall() {
                eprintln!("warning: the snapshot of {study} was not what the ledger gives; it was replaced");
            }
        });
    }
    runtime.spawn(async move {
        loop {
            let now = Arc::clone(&keeper);
            let _ = tokio::task::spawn_blocking(move || now.iter().for_each(Open::keep)).await;
            tokio::time::sleep(KEEP).await;
        }
    });
    let ended = runtime.block_on(async {
        listener.set_nonblocking(true).map_err(unusable)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(unusable)?;
        tokio::select! {
            served = server::serve(listener, app) => served.map_err(failed),
            taken = taken(claims, open.iter().map(|o| o.study.clone()).collect()) => Err(Failure::Unusable(
                format!("{taken}: another process has taken the study; this one stops"),
            )),
            () = told_to_stop() => Ok(()),
        }
    });
    open.iter().for_each(Open::keep);
    // Nobody waits for a connection that a browser keeps open.
    runtime.shutdown_background();
    ended.map(|()| Answer::Done)
}

/// Returns when a claim is lost: the connection was cut, and somebody else was quicker.
async fn taken(claims: Option<Handle>, studies: Vec<String>) -> String {
    let Some(handle) = claims else { return std::future::pending().await };
    loop {
        tokio::time::sleep(ASK).await;
        let (handle, studies) = (handle.clone(), studies.clone());
        let seen = tokio::task::spawn_blocking(move || {
            handle.with(move |store| studies.iter().try_for_each(|s| store.claim(s)))
        });
        if let Ok(Ok(Err(LedgerError::Taken { study }))) = seen.await {
            return study;
        }
    }
}

/// Ctrl-C, or what a service manager sends.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn simulated(trial: &Trial) -> bool {
    trial.state().nature() == Some(Nature::Simulated)
}

/// A simulated world goes on from its last entry; every other study has the time of day.
fn clock(last: Option<Timestamp>) -> server::Clock {
    match last {
        Some(last) => {
            let started = Instant::now();
            Arc::new(move || {
                last.saturating_add(SignedDuration::try_from(started.elapsed()).unwrap_or_default())
                    .unwrap_or(last)
            })
        }
        None => Arc::new(Timestamp::now),
    }
}

/// The port asked for, or 8017, or whichever is free. Loopback only.
fn listen(port: Option<u16>) -> Result<std::net::TcpListener, Failure> {
    let on = |p: u16| std::net::TcpListener::bind(("127.0.0.1", p));
    match port {
        Some(p) => on(p).map_err(|e| Failure::unusable(format!("port {p}"), e)),
        None => on(8017).or_else(|_| on(0)).map_err(|e| Failure::unusable("no free port", e)),
    }
}

/// As [`run`], with a trial that is open already.
pub fn one(trial: Trial, texts: Option<Letters>, port: Option<u16>, say: Say<'_>) -> Result<Answer, Failure> {
    on(vec![Open::alone(trial, texts)], None, port, say)
}
