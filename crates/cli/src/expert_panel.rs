//! What the commands about the expert panel and its knowledge do.

use crate::args::{Format, KnowledgeCommand, PanelCommand};
use crate::failure::{Answer, Failure};
use crate::{molecular_files, treatment_lines};
use panel::{Files, Knowledge, Place, Problem, Profile, Query};
use std::io::Write;
use std::path::Path;
use words::Lang;

pub fn run(command: PanelCommand) -> Result<Answer, Failure> {
    match command {
        PanelCommand::Import(args) => molecular_files::import(&args),
        PanelCommand::Lines(args) => treatment_lines::run(&args),
        PanelCommand::Options {
            profile,
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
            let text =
                std::fs::read_to_string(&profile).map_err(|e| Failure::unusable(profile.display(), e))?;
            let told = |problems: Vec<Problem>| Failure::Refused(told(&problems, Some(&profile), lang));
            let read = Profile::from_json(&text).map_err(told)?;
            let patient = knowledge.patient(&read, as_of).map_err(told)?;
            let view = knowledge.view(query);
            let options = view.options(&patient);
            let out = match format {
                Format::Json => {
                    serde_json::to_string_pretty(&panel::json(&view, &options))
                        .map_err(|e| Failure::unusable("options", e))?
                        + "\n"
                }
                Format::Text => panel::text(&view, &patient, &options, lang),
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
    }
}

pub fn place(code: &str) -> Result<Place, String> {
    Place::from_code(code)
        .ok_or_else(|| format!("`{code}` is not a jurisdiction that is on file; use JP, US or EU"))
}

pub fn load(folder: Option<&Path>, lang: Lang) -> Result<Knowledge, Failure> {
    let refused = |problems: Vec<Problem>| Failure::Refused(told(&problems, folder, lang));
    let files = folder.map_or_else(|| Ok(Files::breast()), Files::read).map_err(refused)?;
    Knowledge::load(&files).map_err(refused)
}

pub fn told(problems: &[Problem], file: Option<&Path>, lang: Lang) -> String {
    let of = file.map(|f| f.display().to_string()).unwrap_or_default();
    let head = match lang {
        Lang::Ja => format!("{of}: {} 件の問題があります", problems.len()),
        Lang::En => format!("{of}: {} problem(s)", problems.len()),
    };
    let lines: Vec<String> = problems.iter().map(|p| format!("  {}", p.told(lang))).collect();
    format!("{head}\n{}", lines.join("\n"))
}

pub fn print(text: &str) -> Result<Answer, Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::unusable("standard output", e)),
        _ => Ok(Answer::Done),
    }
}
