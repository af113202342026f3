//! What the commands about a study and its ledger do.

use crate::failure::{Answer, Failure};
use crate::opened::{Opened, load};
use crate::options::{At, Format};
use crate::output::print;
use crate::progress::Progress;
use crate::{ledger_file, told};
use ledger::Mode;
use protocol::Loaded;
use std::io::IsTerminal;
use std::path::Path;
use words::{Lang, Text};

pub fn schema() -> Result<Answer, Failure> {
    let schema =
        serde_json::to_string_pretty(&protocol::schema()).map_err(|e| Failure::unusable("schema", e))?;
    print(&format!("{schema}\n"))
}

pub fn analyse(study: &Path, at: &At, format: Format, lang: Lang) -> Result<Answer, Failure> {
    let opened = Opened::new(study, at, lang)?;
    let results = opened.results()?;
    match format {
        Format::Json => {
            let json = serde_json::to_string_pretty(&results).map_err(|e| Failure::unusable("results", e))?;
            print(&format!("{json}\n"))
        }
        Format::Text => print(&report::text(&results, opened.compiled(), lang)),
    }
}

pub fn stats(args: &workbench::StatsArgs) -> Result<Answer, Failure> {
    workbench::run(args, &mut std::io::stdout().lock()).map_err(statistics)?;
    Ok(Answer::Done)
}

fn statistics(e: workbench::WorkbenchError) -> Failure {
    use workbench::WorkbenchError as E;
    let told = e.to_string();
    match e {
        E::File { .. } | E::Csv { .. } | E::Records { .. } | E::Write(_) => Failure::Unusable(told),
        E::NoColumn { .. } | E::Usage(_) => Failure::Usage(told),
        E::NotNumeric { .. } | E::Expression { .. } | E::Data(_) | E::Wrong { .. } | E::Stats(_) => {
            Failure::Refused(told)
        }
    }
}

pub fn check(study: &Path, lang: Lang) -> Result<Answer, Failure> {
    let color = std::io::stdout().is_terminal();
    match protocol::load(study) {
        Ok(loaded) => {
            let p = &loaded.compiled.protocol;
            let texts = crate::letter::findings(study);
            let wrong = texts.iter().any(protocol::Diagnostic::is_error);
            let found: Vec<_> = loaded.warnings.iter().cloned().chain(texts).collect();
            let mut out = protocol::render(&found, lang, color);
            out.push_str(&told::in_order(p, &loaded.hash, lang));
            print(&out)?;
            Ok(if wrong { Answer::No } else { Answer::Done })
        }
        Err(diagnostics) => {
            print(&protocol::render(&diagnostics, lang, color))?;
            Ok(Answer::No)
        }
    }
}

pub fn simulate(study: &Path, seed: u64, ledger: &str, participants: Option<u32>) -> Result<Answer, Failure> {
    let loaded = load(study, Lang::En)?;
    let (summary, calibration) = simulate_into(study, &loaded, seed, ledger, participants)?;
    print(&format!("{}\n{}\n", told::summary(&summary), calibration.en))
}

/// Simulates into a new ledger; gives the numbers and what the plan was tuned to. A ledger that already holds the study is refused and left as it is.
pub fn simulate_into(
    study: &Path,
    loaded: &Loaded,
    seed: u64,
    ledger: &str,
    participants: Option<u32>,
) -> Result<(simulation::Summary, Text), Failure> {
    let plan = simulation::Plan::load(study).map_err(|e| Failure::Refused(e.to_string()))?;
    let name = &loaded.compiled.protocol.study;
    let store = ledger_file::store(ledger, Mode::Create, Lang::En)?;
    let studies = store.studies().map_err(|e| Failure::unusable(ledger, e))?;
    if studies.iter().any(|s| s == name) {
        return Err(Failure::Refused(format!("{ledger}: already holds {name}; simulate into a new ledger")));
    }
    ledger_file::keep_seeds(ledger, &simulation::seeds(&loaded.compiled.protocol, seed))?;
    let mut progress = Progress::new();
    let request = simulation::Request { seed, participants };
    let summary = simulation::simulate(store, loaded, &plan, request, &mut |done, day| {
        progress.tell(|| format!("{name}: {day}, {done} acts"));
    });
    Ok((summary.map_err(|e| Failure::Refused(e.to_string()))?, plan.calibration))
}
