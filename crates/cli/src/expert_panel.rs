//! What the commands about the expert panel and its knowledge do.

use crate::args::{CaseOf, KnowledgeCommand, PanelCommand};
use crate::failure::{Answer, Failure};
use crate::knowledge_files::{files, load, told};
use crate::options::Format;
use crate::output::{print, write_whole};
use crate::{molecular_files, registry_cases, treatment_lines};
use panel::{Files, Place, Problem, Profile, Query};
use std::path::{Path, PathBuf};
use words::Lang;

pub fn run(command: PanelCommand) -> Result<Answer, Failure> {
    match command {
        PanelCommand::Import(args) => molecular_files::import(&args),
        PanelCommand::Lines(args) => treatment_lines::run(&args),
        PanelCommand::Export { case, out, lang } => {
            let json = one_of(&case, lang)?.to_json();
            write_whole(&out, format!("{json:#}\n").as_bytes())?;
            Ok(Answer::Done)
        }
        PanelCommand::Options {
            profile,
            case,
            as_of,
            jurisdiction,
            known_at,
            knowledge,
            allow_stale,
            format,
            lang,
        } => {
            let knowledge = load(knowledge.as_deref(), lang)?;
            let query = Query { as_of, place: jurisdiction, known_at };
            if let Some(stale) = knowledge.stale(query).filter(|_| !allow_stale) {
                return Err(Failure::Refused(stale.get(lang).to_owned()));
            }
            let told = |problems: Vec<Problem>| Failure::Refused(told(&problems, profile.as_deref(), lang));
            let read = match &profile {
                Some(file) => {
                    let text =
                        std::fs::read_to_string(file).map_err(|e| Failure::unusable(file.display(), e))?;
                    Profile::from_json(&text).map_err(told)?
                }
                None => one_of(&case, lang)?,
            };
            let patient = knowledge.patient(&read, as_of).map_err(told)?;
            let view = knowledge.view(query);
            let options = view.options(&patient);
            let out = match format {
                Format::Json => {
                    serde_json::to_string_pretty(&panel::json(&view, &read, &patient, &options))
                        .map_err(|e| Failure::unusable("options", e))?
                        + "\n"
                }
                Format::Text => panel::text(&view, &read, &patient, &options, lang),
            };
            print(&out)?;
            for fault in &options.faults {
                eprintln!("{}: {}", fault.rule, fault.message.get(lang));
            }
            Ok(if options.faults.is_empty() { Answer::Done } else { Answer::No })
        }
    }
}

pub fn knowledge(command: KnowledgeCommand) -> Result<Answer, Failure> {
    match command {
        KnowledgeCommand::Check { folder, lang } => {
            let knowledge = load(Some(&folder), lang)?;
            print(&panel::summary(&knowledge, lang))
        }
        KnowledgeCommand::Civic(args) => molecular_files::civic(&args),
        KnowledgeCommand::Diff { before, after, cases, ledger, study, as_of, jurisdiction, format, lang } => {
            let mut open = Vec::new();
            for case in cases {
                let text =
                    std::fs::read_to_string(&case).map_err(|e| Failure::unusable(case.display(), e))?;
                let profile = Profile::from_json(&text)
                    .map_err(|problems| Failure::Refused(told(&problems, Some(&case), lang)))?;
                open.push((case, profile));
            }
            if let Some(ledger) = ledger {
                let held = registry_cases::cases(&ledger, study.as_deref(), lang)?;
                open.extend(
                    held.into_iter().map(|(n, profile)| (PathBuf::from(format!("{ledger} {n}")), profile)),
                );
            }
            diff(&before, &after, &open, as_of.zip(jurisdiction), format, lang)
        }
        KnowledgeCommand::Release { folder, key, out, draft, lang } => {
            release(&folder, &key, &out, draft, lang)
        }
        KnowledgeCommand::Verify { folder, note, key } => verify(&folder, &note, &key),
    }
}

/// The case of a registry that is named.
fn one_of(case: &CaseOf, lang: Lang) -> Result<Profile, Failure> {
    match (&case.ledger, case.participant) {
        (Some(ledger), Some(n)) => registry_cases::case(ledger, case.study.as_deref(), n, lang),
        _ => Err(Failure::Usage("name a case by --ledger and --participant".into())),
    }
}

fn diff(
    before: &Path,
    after: &Path,
    cases: &[(PathBuf, Profile)],
    question: Option<(jiff::civil::Date, Place)>,
    format: Format,
    lang: Lang,
) -> Result<Answer, Failure> {
    let ((old_files, old), (new_files, new)) = (files(before, lang)?, files(after, lang)?);
    let changes = panel::changes(&old_files, &new_files);
    let mut touched = Vec::new();
    if !cases.is_empty() {
        let Some((as_of, place)) = question else {
            return Err(Failure::Usage("--case and --ledger need --as-of and --jurisdiction".into()));
        };
        let query = Query { as_of, place, known_at: None };
        for (case, profile) in cases {
            let refused = |problems: Vec<Problem>| Failure::Refused(told(&problems, Some(case), lang));
            let (a, b) = (
                old.patient(profile, as_of).map_err(refused)?,
                new.patient(profile, as_of).map_err(refused)?,
            );
            touched.extend(panel::compare(&case.display().to_string(), (&old, &a, query), (&new, &b, query)));
        }
    }
    if format == Format::Json {
        let json = serde_json::json!({ "changes": changes, "cases": touched });
        let text = serde_json::to_string_pretty(&json).map_err(|e| Failure::unusable("difference", e))?;
        return print(&format!("{text}\n"));
    }
    let mut out = match lang {
        Lang::Ja => format!("{} → {}: {} 行が変わりました\n", old.version, new.version, changes.len()),
        Lang::En => format!("{} to {}: {} rows differ\n", old.version, new.version, changes.len()),
    };
    for change in &changes {
        out += &format!("  {} {} {}\n", change.file, change.id, change.what);
        for (column, was, is) in &change.cells {
            out += &format!("      {column}: {was} → {is}\n");
        }
    }
    if !cases.is_empty() {
        out += &match lang {
            Lang::Ja => format!("{} 症例のうち {} 症例に影響します\n", cases.len(), touched.len()),
            Lang::En => format!("{} of {} cases are touched\n", touched.len(), cases.len()),
        };
    }
    for case in &touched {
        out += &format!("  {}\n", case.case);
        for (what, was, is) in case.regimens.iter().chain(&case.findings) {
            out += &format!("      {what}: {was} → {is}\n");
        }
    }
    print(&out)
}

fn release(folder: &Path, key: &Path, out: &Path, draft: bool, lang: Lang) -> Result<Answer, Failure> {
    let (files, knowledge) = files(folder, lang)?;
    let open = knowledge.not_releasable();
    if !open.is_empty() && !draft {
        return Err(Failure::Refused(told(&open, Some(folder), lang)));
    }
    let secret = std::fs::read_to_string(key).map_err(|e| Failure::unusable(key.display(), e))?;
    let signer =
        ledger::Signer::from_secret_text(&secret).map_err(|e| Failure::unusable(key.display(), e))?;
    write_whole(out, files.sign(&signer).as_bytes())?;
    let draft = if open.is_empty() {
        String::new()
    } else {
        format!(" (draft: {} rows without two reviews)", open.len())
    };
    print(&format!("{} {}{draft}\n", knowledge.version, files.hash()))
}

fn verify(folder: &Path, note: &Path, key: &Path) -> Result<Answer, Failure> {
    let files = Files::read(folder).map_err(|p| Failure::Refused(told(&p, Some(folder), Lang::En)))?;
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| Failure::unusable(path.display(), e));
    let (note, text) = (read(note)?, read(key)?);
    let key: ledger::Verifier = text.trim().parse().map_err(|e| Failure::unusable(key.display(), e))?;
    match files.verify(&note, &[key]) {
        Ok(true) => print(&format!("the signature holds: {}\n", files.hash())),
        Ok(false) => {
            Err(Failure::Refused(format!("the files are not those that were signed: {}", files.hash())))
        }
        Err(e) => Err(Failure::Refused(e.to_string())),
    }
}
