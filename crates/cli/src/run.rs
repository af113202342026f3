//! What the commands about a study and its ledger do.

use crate::args::{At, Format};
use crate::failure::{Answer, Failure};
use crate::progress::Progress;
use crate::{evidence, ledger_file, told};
use analysis::Results;
use conduct::{Role, State, Trial, View, Viewer};
use ledger::Mode;
use protocol::{Compiled, Loaded};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
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

pub fn print(text: &str) -> Result<Answer, Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::unusable("standard output", e)),
        _ => Ok(Answer::Done),
    }
}

/// Writes a whole file or nothing.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = path.with_extension("part");
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|e| Failure::unusable(path.display(), e))
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

/// A study folder that must be in order before anything else happens.
pub fn load(study: &Path, lang: Lang) -> Result<Loaded, Failure> {
    protocol::load(study)
        .map_err(|d| Failure::Refused(protocol::render(&d, lang, std::io::stderr().is_terminal())))
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

/// A study at (P, D), as the statistician sees it.
pub struct Opened {
    pub trial: Trial,
    pub state: Arc<State>,
    compiled: Arc<Compiled>,
    pub cutoff: Option<jiff::civil::Date>,
    lang: Lang,
    /// Numbers of other software that stand in the study folder, for the whole of the data.
    reference: Option<analysis::Reference>,
}

impl Opened {
    /// The folder must be the version that the ledger has adopted: another one is a draft, and a draft has no results.
    pub fn new(study: &Path, at: &At, lang: Lang) -> Result<Opened, Failure> {
        let loaded = load(study, lang)?;
        let trial = ledger_file::trial(&at.ledger, &loaded.compiled.protocol.study, Mode::ReadOnly, lang)?;
        let state = ledger_file::as_of(&trial, at.as_of.as_deref(), lang)?;
        let compiled =
            trial.adopted().current(&state).cloned().ok_or_else(|| {
                Failure::Refused(format!("{}: the ledger has adopted no protocol", at.ledger))
            })?;
        if compiled.hash != loaded.hash {
            return Err(Failure::Refused(match lang {
                Lang::Ja => format!(
                    "{} は台帳が採用したプロトコルではありません（第 {} 版を採用）。内容の変わったフォルダーは草案です。",
                    study.display(),
                    compiled.protocol.version
                ),
                Lang::En => format!(
                    "{} is not the protocol that the ledger has adopted (it adopted version {}); a changed folder is a draft",
                    study.display(),
                    compiled.protocol.version
                ),
            }));
        }
        let whole = at.cutoff.is_none() && at.as_of.is_none();
        let reference = if whole { reference(study)? } else { None };
        Ok(Opened { trial, state, compiled, cutoff: at.cutoff, lang, reference })
    }

    /// A checkpoint of the ledger as it is now, to be printed on a report.
    pub fn signed(&self, key: &Path) -> Result<String, Failure> {
        let (signer, study) = (evidence::signer(key)?, self.trial.study().to_owned());
        let signed = self.trial.handle().with(move |store| evidence::sign(store, &study, &signer, &[]));
        let (_, note) = signed.map_err(|e| Failure::Unusable(e.told().get(self.lang).to_owned()))??;
        Ok(note)
    }

    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    pub fn results(&self) -> Result<Results, Failure> {
        let mut found = results(&self.trial, &self.state, self.cutoff, self.lang)?;
        found.reference = self.reference.as_ref().and_then(|r| r.beside(&found));
        Ok(found)
    }
}

/// `reference.json` of a study folder, if it is there.
fn reference(study: &Path) -> Result<Option<analysis::Reference>, Failure> {
    let path = study.join("reference.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            analysis::Reference::read(&text).map(Some).map_err(|why| Failure::unusable(path.display(), why))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Failure::unusable(path.display(), e)),
    }
}

/// The planned analyses as the statistician sees them.
pub fn results(
    trial: &Trial,
    state: &State,
    cutoff: Option<jiff::civil::Date>,
    lang: Lang,
) -> Result<Results, Failure> {
    let viewer = Viewer::new("stat", Role::Statistician);
    let refused = |r: conduct::Refusal| Failure::Refused(told::reasons(&r, lang));
    let adopted = trial.adopted();
    let view = View::new(&adopted, state, cutoff, &viewer).map_err(refused)?;
    Ok(analysis::analyse(&view))
}
