//! `shirube demo`: the first thing that a newcomer runs.

use crate::failure::{Answer, Failure};
use crate::{ledger_file, run, told};
use conduct::{Nature, Trial};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ledger::Mode;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use words::Lang;

/// The example study as it was when the program was built, so that the demo runs from anywhere.
static STUDY: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../../studies/jcog1017");

pub fn run(
    port: Option<u16>,
    seed: u64,
    ledger: Option<PathBuf>,
    and_serve: bool,
) -> Result<Answer, Failure> {
    let started = Instant::now();
    let folder = std::env::temp_dir().join(format!("shirube-demo-{}", std::process::id()));
    let study = folder.join("jcog1017");
    unpack(&study)?;
    let ledger = ledger.unwrap_or_else(|| folder.join("jcog1017.db"));
    let ledger = ledger.display().to_string();
    let say =
        |what: &str, text: &str| println!("{:>6.1} s  {what:<10}  {text}", started.elapsed().as_secs_f64());

    let loaded = run::load(&study, Lang::En)?;
    let p = &loaded.compiled.protocol;
    say(
        "protocol",
        &format!("{} version {}, {} forms, {} steps", p.study, p.version, p.forms.len(), p.steps.len()),
    );
    let (summary, calibration) = run::simulate_into(&study, &loaded, seed, &ledger, None)?;
    say("simulated", &told::summary(&summary));
    let trial = ledger_file::trial(&ledger, &p.study, Mode::Existing, Lang::En)?;
    let results = run::results(&trial, &trial.state(), None, Lang::En)?;
    for line in told::primary(&results, p) {
        say("analysed", &line);
    }
    for (n, line) in told::folded(&calibration.en, 88).into_iter().enumerate() {
        if n == 0 { say("note", &line) } else { println!("{:22}{line}", "") }
    }
    if and_serve { serve_on(trial, port, &say) } else { Ok(Answer::Done) }
}

fn unpack(to: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(to)
        .and_then(|()| STUDY.extract(to))
        .map_err(|e| Failure::unusable(to.display(), e))
}

/// Serves the one study of a ledger.
pub fn serve(ledger: &str, port: Option<u16>) -> Result<Answer, Failure> {
    let trial = ledger_file::only_trial(ledger, Mode::Existing, Lang::En)?;
    serve_on(trial, port, &|_, text| println!("{text}"))
}

fn serve_on(trial: Trial, port: Option<u16>, say: &dyn Fn(&str, &str)) -> Result<Answer, Failure> {
    let listener = listen(port)?;
    let address = listener.local_addr().map_err(|e| Failure::unusable("the address", e))?;
    say("pages", &format!("http://{address}/   (stop with Ctrl-C)"));
    let failed = |e: server::StartError| Failure::unusable(format!("http://{address}/"), e);
    let clock = clock(&trial);
    if let Some(day) = trial.state().last_at.filter(|_| simulated(&trial)) {
        let zone = trial.state().opening.as_ref().map_or(TimeZone::UTC, |o| o.timezone.clone());
        say("clock", &format!("starts where the simulation ended, {}", day.to_zoned(zone).date()));
    }
    let mut app = server::App::new(clock).map_err(failed)?;
    app.open(trial).map_err(failed)?;
    let unusable = |e: std::io::Error| Failure::unusable(format!("http://{address}/"), e);
    let runtime = tokio::runtime::Runtime::new().map_err(unusable)?;
    runtime.block_on(async {
        listener.set_nonblocking(true).map_err(unusable)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(unusable)?;
        tokio::select! {
            served = server::serve(listener, app) => served.map_err(failed),
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })?;
    Ok(Answer::Done)
}

fn simulated(trial: &Trial) -> bool {
    trial.state().nature() == Some(Nature::Simulated)
}

/// A simulated world goes on from its last entry; every other study has the time of day.
fn clock(trial: &Trial) -> server::Clock {
    match trial.state().last_at.filter(|_| simulated(trial)) {
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
