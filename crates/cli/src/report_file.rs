//! Reports as files: which kind of document, and in which format.

use crate::failure::{Answer, Failure};
use crate::opened::{Opened, load};
use crate::options::At;
use crate::output::write_whole;
use crate::progress::Progress;
use analysis::{ENGINE, Results};
use conduct::{Adopted, ParticipantId, Role, View, Viewer};
use jiff::civil::Date;
use report::casebook::{Origin, Origins};
use report::comparison::Beside;
use report::{Document, Scene, TypesetError, Typesetter};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use words::Lang;

/// What a file's name asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Html,
    Pdf,
    Xlsx,
    Csv,
    Json,
}

impl Format {
    /// `None` where the name ends in nothing that is written here.
    fn of(path: &Path) -> Option<Format> {
        let end = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match end.as_str() {
            "html" | "htm" => Format::Html,
            "pdf" => Format::Pdf,
            "xlsx" => Format::Xlsx,
            "csv" => Format::Csv,
            "json" => Format::Json,
            _ => return None,
        })
    }
}

/// The format, if it is one of those that this kind of report has.
pub fn format(out: &Path, lang: Lang, allowed: &[Format]) -> Result<Format, Failure> {
    match Format::of(out).filter(|f| allowed.contains(f)) {
        Some(format) => Ok(format),
        None => {
            let names = [
                (Format::Html, ".html"),
                (Format::Pdf, ".pdf"),
                (Format::Xlsx, ".xlsx"),
                (Format::Csv, ".csv"),
                (Format::Json, ".json"),
            ];
            let names: Vec<&str> = names.iter().filter(|(f, _)| allowed.contains(f)).map(|n| n.1).collect();
            let (out, names) = (out.display(), names.join(", "));
            Err(Failure::Usage(match lang {
                Lang::Ja => format!("{out}: 名前の終わりで形式を指定してください。書き出せる形式: {names}"),
                Lang::En => format!("{out}: the name says the format; this report is written as {names}"),
            }))
        }
    }
}

pub fn told(e: &TypesetError, lang: Lang) -> Failure {
    let said = e.told().get(lang).to_owned();
    match e {
        TypesetError::Refused(_) => Failure::Refused(said),
        TypesetError::Absent | TypesetError::Start { .. } | TypesetError::Broken(_) => {
            Failure::Unusable(said)
        }
    }
}

/// A figure as a file of its own: SVG, or PNG by the typesetter.
pub fn write_scene(scene: &Scene, lang: Lang, out: &Path) -> Result<Answer, Failure> {
    let png = out.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
    let bytes = if png {
        let mut typesetter = Typesetter::start().map_err(|e| told(&e, lang))?;
        typesetter.png(scene, lang, 2.0).map_err(|e| told(&e, lang))?
    } else {
        scene.svg_file(lang).into_bytes()
    };
    write_whole(out, &bytes)?;
    eprintln!("{}", out.display());
    Ok(Answer::Done)
}

/// Writes a document as a page or as PDF, and says what a reader should know.
pub fn write(document: &Document, format_is_pdf: bool, out: &Path) -> Result<Answer, Failure> {
    if format_is_pdf {
        let mut typesetter = Typesetter::start().map_err(|e| told(&e, document.lang))?;
        let made = typesetter.pdf(document).map_err(|e| told(&e, document.lang))?;
        write_whole(out, &made.bytes)?;
        for warning in made.warnings {
            eprintln!("{warning}");
        }
    } else {
        write_whole(out, report::page(document).as_bytes())?;
    }
    eprintln!("{}", out.display());
    Ok(Answer::Done)
}

const ROWS: [Format; 5] = [Format::Html, Format::Pdf, Format::Xlsx, Format::Csv, Format::Json];
const TABLES: [Format; 3] = [Format::Html, Format::Pdf, Format::Xlsx];
pub const WORDS: [Format; 2] = [Format::Html, Format::Pdf];

/// With `key`, a signed checkpoint of the ledger is the last part of the report.
pub fn results(study: &Path, at: &At, lang: Lang, out: &Path, key: Option<&Path>) -> Result<Answer, Failure> {
    let format = format(out, lang, if key.is_some() { &WORDS } else { &ROWS })?;
    let opened = Opened::new(study, at, lang)?;
    let results = opened.results()?;
    if let Some(answer) = rows(&results, format, out)? {
        return Ok(answer);
    }
    let mut document = report::document(&results, opened.compiled(), lang);
    if let Some(key) = key {
        document.blocks.extend(report::checkpoint(&opened.signed(key)?, lang));
    }
    write_as(&document, Some(&results), format, out)
}

/// One figure of the final report as a file of its own.
pub fn figure(study: &Path, at: &At, lang: Lang, id: &str, out: &Path) -> Result<Answer, Failure> {
    if !out.extension().is_some_and(|e| e.eq_ignore_ascii_case("svg") || e.eq_ignore_ascii_case("png")) {
        return Err(Failure::Usage(format!("{}: a figure is written as .svg or .png", out.display())));
    }
    let opened = Opened::new(study, at, lang)?;
    let document = report::document(&opened.results()?, opened.compiled(), lang);
    let known: Vec<&str> = document.figures().map(|f| f.scene.id.as_str()).collect();
    let Some(found) = document.figures().find(|f| f.scene.id == id) else {
        let known = known.join(", ");
        return Err(Failure::Refused(match lang {
            Lang::Ja => format!("図「{id}」はこの報告書にありません。ある図: {known}"),
            Lang::En => format!("this report has no figure `{id}`; it has {known}"),
        }));
    };
    write_scene(&found.scene, lang, out)
}

/// A document in any of its formats.
fn write_as(
    document: &Document,
    results: Option<&Results>,
    format: Format,
    out: &Path,
) -> Result<Answer, Failure> {
    if format != Format::Xlsx {
        return write(document, format == Format::Pdf, out);
    }
    let book = report::workbook(document, results).map_err(|e| Failure::unusable(out.display(), e))?;
    write_whole(out, &book)?;
    eprintln!("{}", out.display());
    Ok(Answer::Done)
}

/// What a data manager sees at the cut-off, and the day of it.
fn of_data_manager<'a>(
    opened: &'a Opened,
    adopted: &'a Adopted,
    lang: Lang,
) -> Result<(View<'a>, Date), Failure> {
    let viewer = Viewer::new("data", Role::DataManager);
    let view = View::new(adopted, &opened.state, opened.cutoff, &viewer)
        .map_err(|r| Failure::Refused(crate::told::reasons(&r, lang)))?;
    let day = opened.cutoff.or_else(|| view.last_day()).unwrap_or(opened.compiled().protocol.effective);
    Ok((view, day))
}

pub fn listings(study: &Path, at: &At, lang: Lang, out: &Path) -> Result<Answer, Failure> {
    let format = format(out, lang, &TABLES)?;
    let opened = Opened::new(study, at, lang)?;
    let adopted = opened.trial.adopted();
    let (view, day) = of_data_manager(&opened, &adopted, lang)?;
    write_as(&report::listings::document(&view, day, ENGINE, lang), None, format, out)
}

/// The rows themselves, where the format is one for rows.
fn rows(results: &Results, format: Format, out: &Path) -> Result<Option<Answer>, Failure> {
    let bytes = match format {
        Format::Csv => report::csv(results).into_bytes(),
        Format::Json => {
            serde_json::to_vec_pretty(results).map_err(|e| Failure::unusable(out.display(), e))?
        }
        Format::Html | Format::Pdf | Format::Xlsx => return Ok(None),
    };
    write_whole(out, &bytes)?;
    eprintln!("{}", out.display());
    Ok(Some(Answer::Done))
}

pub fn comparison(
    study: &Path,
    at: &At,
    lang: Lang,
    replicates: Option<&Path>,
    out: &Path,
) -> Result<Answer, Failure> {
    let format = format(out, lang, &TABLES)?;
    let opened = Opened::new(study, at, lang)?;
    let results = opened.results()?;
    let mut beside = Beside::default();
    if results.nature == "simulated" {
        let plan = simulation::Plan::load(study).map_err(|e| Failure::Refused(e.to_string()))?;
        let published = &opened.compiled().protocol.published;
        if let Some(unknown) = plan.calibrated.iter().find(|id| !published.iter().any(|p| p.id == **id)) {
            return Err(Failure::Refused(format!(
                "simulation.yaml: calibrated: `{unknown}` is no published number of this study"
            )));
        }
        beside.calibrated = Some(plan.calibrated.into_iter().collect());
        beside.tuning = Some(plan.calibration);
    }
    if let Some(path) = replicates {
        beside.replicates = read_replicates(path, &results)?;
    }
    write_as(&report::comparison::document(&results, opened.compiled(), &beside, lang), None, format, out)
}

/// Results one after the other in one file. Runs of another study or protocol are refused.
fn read_replicates(path: &Path, results: &Results) -> Result<Vec<Results>, Failure> {
    let unusable = |e: &dyn std::fmt::Display| Failure::unusable(path.display(), e);
    let text = std::fs::read_to_string(path).map_err(|e| unusable(&e))?;
    let mut all = Vec::new();
    for one in serde_json::Deserializer::from_str(&text).into_iter::<Results>() {
        let one = one.map_err(|e| unusable(&e))?;
        if one.study != results.study || one.protocol != results.protocol {
            return Err(unusable(&format!(
                "holds a run of {} version {}, not of this protocol",
                one.study, one.protocol_version
            )));
        }
        all.push(one);
    }
    if all.is_empty() {
        return Err(unusable(&"holds no run"));
    }
    Ok(all)
}

pub fn protocol(study: &Path, since: Option<&Path>, lang: Lang, out: &Path) -> Result<Answer, Failure> {
    let format = format(out, lang, &WORDS)?;
    let now = load(study, lang)?;
    let document = match since {
        None => report::read::document(&now.compiled, ENGINE, lang),
        Some(before) => report::read::changes(&load(before, lang)?.compiled, &now.compiled, ENGINE, lang),
    };
    write(&document, format == Format::Pdf, out)
}

/// One participant's casebook into a file, or those of all into a folder, several at once.
pub fn casebooks(
    study: &Path,
    at: &At,
    lang: Lang,
    participant: Option<u32>,
    out: &Path,
) -> Result<Answer, Failure> {
    let opened = Opened::new(study, at, lang)?;
    let adopted = opened.trial.adopted();
    let (view, day) = of_data_manager(&opened, &adopted, lang)?;
    let origins = origins(&opened, lang)?;
    let made = |id: ParticipantId| {
        view.participant(id).map(|p| report::casebook::document(&view, &p, day, &origins, ENGINE, lang))
    };
    if let Some(n) = participant {
        let format = format(out, lang, &WORDS)?;
        let document = made(ParticipantId(n)).ok_or_else(|| {
            Failure::Refused(match lang {
                Lang::Ja => format!("患者 {n} はこの台帳にいません。"),
                Lang::En => format!("there is no participant {n} in this ledger"),
            })
        })?;
        return write(&document, format == Format::Pdf, out);
    }
    if Format::of(out).is_some() {
        return Err(Failure::Usage(match lang {
            Lang::Ja => format!(
                "{}: 全員の症例ファイルはフォルダーに書き出します。フォルダー名を指定するか、--participant で患者を選んでください。",
                out.display()
            ),
            Lang::En => format!(
                "{}: casebooks of all go into a folder, one file each; name a folder, or one participant by --participant",
                out.display()
            ),
        }));
    }
    std::fs::create_dir_all(out).map_err(|e| Failure::unusable(out.display(), e))?;
    let ids: Vec<ParticipantId> = view.participants().iter().map(|p| p.id()).collect();
    let path = |id: ParticipantId| -> PathBuf { out.join(format!("{:04}.pdf", id.0)) };
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<Failure>> = Mutex::new(None);
    let progress = Mutex::new(Progress::new());
    let work = || -> Result<(), Failure> {
        let mut typesetter = Typesetter::start().map_err(|e| told(&e, lang))?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(id) = ids.get(at).copied() else { return Ok(()) };
            let Some(document) = made(id) else { continue };
            let made = typesetter.pdf(&document).map_err(|e| told(&e, lang))?;
            write_whole(&path(id), &made.bytes)?;
            for warning in made.warnings {
                eprintln!("{}: {warning}", path(id).display());
            }
            if let Ok(mut progress) = progress.lock() {
                progress.tell(|| format!("{} / {}", at + 1, ids.len()));
            }
        }
    };
    let hands = std::thread::available_parallelism().map_or(1, |n| n.get()).min(ids.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                if let Err(e) = work() {
                    // One failure ends the batch; the others stop at their next participant.
                    next.store(ids.len(), Ordering::Relaxed);
                    if let Ok(mut failed) = failed.lock() {
                        failed.get_or_insert(e);
                    }
                }
            });
        }
    });
    drop(progress);
    if let Some(failure) = failed.into_inner().unwrap_or(None) {
        return Err(failure);
    }
    eprintln!("{}: {}", out.display(), ids.len());
    Ok(Answer::Done)
}

/// When, by whom and why each entry was made.
fn origins(opened: &Opened, lang: Lang) -> Result<Origins, Failure> {
    let study = opened.trial.study().to_owned();
    let zone = opened.state.opening.as_ref().map_or(jiff::tz::TimeZone::UTC, |o| o.timezone.clone());
    let people = opened.state.people.clone();
    let until = opened.state.head.seq;
    let found = opened.trial.handle().with(move |store| {
        let mut all = Origins::new();
        store.read(&study, 1, until, &mut |entry| {
            let who = people
                .get(entry.actor.as_str())
                .map_or_else(|| entry.actor.clone(), |person| person.name.get(lang).to_owned());
            let at = entry.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
            all.insert(entry.seq, Origin { at, who, why: entry.reason.clone() });
            Ok(())
        })?;
        Ok::<Origins, ledger::LedgerError>(all)
    });
    let unusable = |e: &dyn std::fmt::Display| Failure::unusable("ledger", e);
    found.map_err(|e| unusable(&e))?.map_err(|e| unusable(&e))
}
