//! A folder of knowledge about drugs as the commands read it, and what is said of a file that cannot be read.

use crate::failure::Failure;
use panel::{Files, Knowledge, Problem};
use std::path::Path;
use words::Lang;

pub fn load(folder: Option<&Path>, lang: Lang) -> Result<Knowledge, Failure> {
    let refused = |problems: Vec<Problem>| Failure::Refused(told(&problems, folder, lang));
    let files = folder.map_or_else(|| Ok(Files::breast()), Files::read).map_err(refused)?;
    Knowledge::load(&files).map_err(refused)
}

/// The files as they are, with what they say.
pub fn files(folder: &Path, lang: Lang) -> Result<(Files, Knowledge), Failure> {
    let refused = |problems: Vec<Problem>| Failure::Refused(told(&problems, Some(folder), lang));
    let files = Files::read(folder).map_err(refused)?;
    let knowledge = Knowledge::load(&files).map_err(refused)?;
    Ok((files, knowledge))
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
