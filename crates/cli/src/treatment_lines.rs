//! `panel lines`: lines of therapy from the treatments of a profile, shown with their rules, correctable.

use crate::failure::{Answer, Failure};
use crate::knowledge_files;
use crate::options::Format;
use crate::output::{print, write_whole};
use clap::Args;
use panel::lines::{self, Correction, Lines};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use words::Lang;

#[derive(Args)]
pub struct LinesArgs {
    profile: PathBuf,
    /// Decisions of a person: [{"treatment": 2, "line": "new|same", "by": "…", "reason": "…"}], counted from 1
    #[arg(long, value_name = "FILE.json")]
    correct: Option<PathBuf>,
    /// Write the profile with the line of every treatment
    #[arg(long, value_name = "PROFILE.json")]
    out: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[arg(long, value_parser = crate::options::lang, default_value = "en")]
    lang: Lang,
}

fn json_of(path: &Path) -> Result<Value, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::unusable(path.display(), e))?;
    serde_json::from_slice(&bytes).map_err(|e| Failure::unusable(path.display(), e))
}

pub fn run(args: &LinesArgs) -> Result<Answer, Failure> {
    let mut json = json_of(&args.profile)?;
    if let Some(inner) = json.get_mut("profile") {
        json = inner.take();
    }
    let refused = |problems: Vec<panel::Problem>| {
        Failure::Refused(knowledge_files::told(&problems, Some(&args.profile), args.lang))
    };
    let profile = panel::Profile::from_value(&json).map_err(refused)?;
    let knowledge = knowledge_files::load(None, args.lang)?;
    let prior = profile.prior.unwrap_or_default();
    let mut decided = lines::decided(&prior.items);
    let new = match &args.correct {
        Some(path) => corrections(&json_of(path)?, prior.items.len()).ok_or_else(|| {
            Failure::unusable(
                path.display(),
                "[{\"treatment\": 1, \"line\": \"new|same\", \"by\": \"…\", \"reason\": \"…\"}]",
            )
        })?,
        None => BTreeMap::new(),
    };
    decided.extend(new);
    let derived = lines::derive(&prior.items, &knowledge.drugs, &decided);
    if let Some(out) = &args.out {
        mark(&mut json, &derived, &decided);
        write_whole(out, format!("{json:#}\n").as_bytes())?;
    }
    print(&match args.format {
        Format::Json => format!("{:#}\n", json!({ "complete": prior.complete, "derived": derived })),
        Format::Text => text(&derived, &prior, args.lang),
    })
}

/// `None`: not the shape, or a treatment that is not there.
fn corrections(json: &Value, treatments: usize) -> Option<BTreeMap<usize, Correction>> {
    let mut out = BTreeMap::new();
    for one in json.as_array()? {
        let at = usize::try_from(one.get("treatment")?.as_u64()?).ok()?.checked_sub(1)?;
        let new_line = match one.get("line")?.as_str()? {
            "new" => true,
            "same" => false,
            _ => return None,
        };
        let word =
            |k: &str| one.get(k).and_then(Value::as_str).filter(|t| !t.trim().is_empty()).map(str::to_owned);
        if at >= treatments {
            return None;
        }
        out.insert(at, Correction { new_line, by: word("by")?, reason: word("reason")? });
    }
    Some(out)
}

/// Writes line, rule and certainty beside every treatment, and the decisions so that they are read again.
fn mark(profile: &mut Value, derived: &Lines, decided: &BTreeMap<usize, Correction>) {
    let items = profile.pointer_mut("/prior/items").and_then(Value::as_array_mut);
    for (i, item) in items.into_iter().flatten().enumerate() {
        let step = derived.steps.iter().find(|s| s.treatment == i);
        if let (Some(step), Some(map)) = (step, item.as_object_mut()) {
            map.insert("line".into(), step.line.map_or(Value::Null, Value::from));
            map.insert("line_rule".into(), serde_json::to_value(step.rule).unwrap_or(Value::Null));
            map.insert("line_certain".into(), Value::from(step.certain));
            if let Some(c) = decided.get(&i) {
                map.insert("line_decided".into(), Value::from(if c.new_line { "new" } else { "same" }));
                map.insert("line_decided_by".into(), Value::from(c.by.as_str()));
                map.insert("line_decided_reason".into(), Value::from(c.reason.as_str()));
            }
        }
    }
}

fn text(derived: &Lines, prior: &panel::Prior, lang: Lang) -> String {
    let mut out = String::new();
    let ja = lang == Lang::Ja;
    let (least, most) = derived.count;
    let count = if least == most { least.to_string() } else { format!("{least}-{most}") };
    let _ = match (ja, prior.complete) {
        (true, true) => writeln!(out, "治療ライン数: {count}"),
        (true, false) => {
            writeln!(out, "治療ライン数: {count}（治療歴が完全でないため、これより多いことがあります）")
        }
        (false, true) => writeln!(out, "Lines of therapy: {count}"),
        (false, false) => {
            writeln!(out, "Lines of therapy: {count} (the history is not complete: there may be more)")
        }
    };
    for step in &derived.steps {
        let drugs = prior.items.get(step.treatment).map(|t| t.drugs.join(" + ")).unwrap_or_default();
        let line = step.line.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let mark = if step.certain { " " } else { "?" };
        let _ = writeln!(out, "  {}{mark} {line:>2}  {drugs:<44} {}", step.treatment + 1, step.why.get(lang));
        if let Some(by) = &step.by {
            let _ = writeln!(out, "         {by}");
        }
    }
    out
}
