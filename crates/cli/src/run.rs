//! What each command does.

use crate::args::{At, Command, Format, Kind, Program};
use crate::failure::{Answer, Failure};
use crate::progress::Progress;
use crate::{demo, ledger_file};
use analysis::Results;
use conduct::{Role, State, Trial, View, Viewer};
use ledger::Mode;
use protocol::{Compiled, Loaded};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use words::{Lang, Text};

pub fn run(program: Program) -> Result<Answer, Failure> {
    match program.command {
        Command::Demo { port, seed, ledger, no_serve } => demo::run(port, seed, ledger, !no_serve),
        Command::Check { study, lang } => check(&study, lang),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&protocol::schema())
                .map_err(|e| Failure::unusable("schema", e))?;
            print(&format!("{schema}\n"))
        }
        Command::Simulate { study, seed, ledger, participants } => {
            simulate(&study, seed, &ledger, participants)
        }
        Command::Analyse { study, at, format, lang } => {
            let opened = Opened::new(&study, &at, lang)?;
            let results = opened.results()?;
            match format {
                Format::Json => {
                    let json = serde_json::to_string_pretty(&results)
                        .map_err(|e| Failure::unusable("results", e))?;
                    print(&format!("{json}\n"))
                }
                Format::Text => print(&report::text(&results, opened.compiled(), lang)),
            }
        }
        Command::Report { study, at, kind: Kind::Final, lang, out } => {
            let opened = Opened::new(&study, &at, lang)?;
            let html = report::html(&opened.results()?, opened.compiled(), lang);
            write_whole(&out, html.as_bytes())?;
            eprintln!("{}", out.display());
            Ok(Answer::Done)
        }
        Command::Verify { ledger, lang } => verify(&ledger, lang),
        Command::Serve { ledger, port } => demo::serve(&ledger, Some(port)),
        Command::Stats(args) => {
            workbench::run(&args, &mut std::io::stdout().lock()).map_err(statistics)?;
            Ok(Answer::Done)
        }
    }
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

fn print(text: &str) -> Result<Answer, Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::unusable("standard output", e)),
        _ => Ok(Answer::Done),
    }
}

/// Writes a whole file or nothing.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = path.with_extension("part");
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|e| Failure::unusable(path.display(), e))
}

fn check(study: &Path, lang: Lang) -> Result<Answer, Failure> {
    let color = std::io::stdout().is_terminal();
    match protocol::load(study) {
        Ok(loaded) => {
            let p = &loaded.compiled.protocol;
            let mut out = protocol::render(&loaded.warnings, lang, color);
            out.push_str(&in_order(p, &loaded.hash, lang));
            print(&out)
        }
        Err(diagnostics) => {
            print(&protocol::render(&diagnostics, lang, color))?;
            Ok(Answer::No)
        }
    }
}

/// What a folder in order holds, in one line.
fn in_order(p: &protocol::Protocol, hash: &[u8; 32], lang: Lang) -> String {
    let criteria: usize = p.steps.values().map(|s| s.criteria.len()).sum();
    let (forms, steps, patients) = (p.forms.len(), p.steps.len(), p.test_patients.len());
    let hash = ledger::Hash(*hash);
    match lang {
        Lang::Ja => format!(
            "{} 第{}版: 登録段階 {steps}、適格規準 {criteria}、症例報告書 {forms}、解析 {}、テスト患者 {patients} 名はすべて期待どおり。SHA-256 {hash}\n",
            p.study,
            p.version,
            p.analyses.len()
        ),
        Lang::En => format!(
            "{} version {}: {steps} steps, {criteria} criteria, {forms} forms, {} analyses; all {patients} test patients as expected. SHA-256 {hash}\n",
            p.study,
            p.version,
            p.analyses.len()
        ),
    }
}

/// A study folder that must be in order before anything else happens.
pub fn load(study: &Path, lang: Lang) -> Result<Loaded, Failure> {
    protocol::load(study)
        .map_err(|d| Failure::Refused(protocol::render(&d, lang, std::io::stderr().is_terminal())))
}

fn simulate(study: &Path, seed: u64, ledger: &str, participants: Option<u32>) -> Result<Answer, Failure> {
    let loaded = load(study, Lang::En)?;
    let (summary, calibration) = simulate_into(study, &loaded, seed, ledger, participants)?;
    print(&format!("{}\n{}\n", demo::told(&summary), calibration.en))
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
struct Opened {
    trial: Trial,
    state: Arc<State>,
    compiled: Arc<Compiled>,
    cutoff: Option<jiff::civil::Date>,
    lang: Lang,
}

impl Opened {
    /// The folder must be the version that the ledger has adopted: another one is a draft, and a draft has no results.
    fn new(study: &Path, at: &At, lang: Lang) -> Result<Opened, Failure> {
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
        Ok(Opened { trial, state, compiled, cutoff: at.cutoff, lang })
    }

    fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    fn results(&self) -> Result<Results, Failure> {
        let viewer = Viewer::new("stat", Role::Statistician);
        let refused = |r: conduct::Refusal| Failure::Refused(demo::reasons(&r, self.lang));
        let adopted = self.trial.adopted();
        let view = View::new(&adopted, &self.state, self.cutoff, &viewer).map_err(refused)?;
        Ok(analysis::analyse(&view))
    }
}

fn verify(ledger: &str, lang: Lang) -> Result<Answer, Failure> {
    let store = ledger_file::store(ledger, Mode::ReadOnly, lang)?;
    let seeds = ledger_file::seeds(ledger)?;
    let studies = store.studies().map_err(|e| Failure::Unusable(e.told().get(lang).to_owned()))?;
    if studies.is_empty() {
        return Err(Failure::Unusable(format!("{ledger}: the ledger holds no study")));
    }
    let mut answer = Answer::Done;
    for study in studies {
        let report = conduct::verify(store.as_ref(), &study, seeds.as_ref());
        print(&verified(&report, lang))?;
        if !report.holds() {
            answer = Answer::No;
        }
    }
    Ok(answer)
}

/// A verification in aligned lines.
fn verified(report: &conduct::Report, lang: Lang) -> String {
    let head = report.head.map_or("-".to_owned(), |h| format!("{} {}", h.seq, h.hash));
    let ja = lang == Lang::Ja;
    let line = |label_ja: &str, label_en: &str, text: String| {
        format!("{}  {text}\n", if ja { format!("{label_ja:　<6}") } else { format!("{label_en:<12}") })
    };
    let mut out = line("試験", "study", report.study.clone());
    out += &line("先頭", "head", head);
    out += &line("記録数", "entries", report.entries.to_string());
    let (judged, not) = (report.re_decided, report.cannot_recheck);
    let (drawn, sealed) = (report.draws_checked, report.draws_sealed);
    let [judged, drawn] = if ja {
        [format!("{judged}（再判定できないもの {not}）"), format!("{drawn} 件を再現（封印中 {sealed} 件）")]
    } else {
        [format!("{judged} ({not} cannot be re-checked)"), format!("{drawn} repeated, {sealed} still sealed")]
    };
    out += &line("再判定", "re-decided", judged);
    out += &line("抽選", "draws", drawn);
    for (hash, why) in &report.unreadable {
        out += &line("読めない版", "unreadable", format!("{hash}: {}", why.get(lang)));
    }
    for finding in &report.findings {
        out += &line("指摘", "finding", format!("{}: {}", finding.seq, finding.told.get(lang)));
    }
    let (good, bad) = if ja {
        ("台帳に問題はありません", "台帳に問題があります")
    } else {
        ("the ledger holds", "the ledger does NOT hold")
    };
    out += &line("結果", "verdict", if report.holds() { good } else { bad }.to_owned());
    out
}
