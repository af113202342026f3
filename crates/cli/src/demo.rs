//! `shirube demo`: the first thing that a newcomer runs.

use crate::failure::{Answer, Failure};
use crate::{ledger_file, opened, run, serve, told};
use ledger::Mode;
use std::path::{Path, PathBuf};
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

    let loaded = opened::load(&study, Lang::En)?;
    let p = &loaded.compiled.protocol;
    say(
        "protocol",
        &format!("{} version {}, {} forms, {} steps", p.study, p.version, p.forms.len(), p.steps.len()),
    );
    let (summary, calibration) = run::simulate_into(&study, &loaded, seed, &ledger, None)?;
    say("simulated", &told::summary(&summary));
    let trial = ledger_file::trial(&ledger, &p.study, Mode::Existing, Lang::En)?;
    let results = opened::results(&trial, &trial.state(), None, Lang::En)?;
    for line in told::primary(&results, p) {
        say("analysed", &line);
    }
    for (n, line) in told::folded(&calibration.en, 88).into_iter().enumerate() {
        if n == 0 { say("note", &line) } else { println!("{:22}{line}", "") }
    }
    if and_serve {
        let texts = crate::letter::texts(&study, Lang::En)?;
        serve::one(trial, texts, port, &say)
    } else {
        Ok(Answer::Done)
    }
}

fn unpack(to: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(to)
        .and_then(|()| STUDY.extract(to))
        .map_err(|e| Failure::unusable(to.display(), e))
}
