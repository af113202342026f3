//! A verdict on every criterion, as the page shows it.

use super::super::{Because, because};
use crate::ask::Ask;
use crate::error::Trouble;
use crate::told;
use conduct::{Assessment, CriterionOutcome, Outcome as Verdict, View};
use jiff::civil::Date;
use protocol::Step;
use rules::{Explanation, Value};
use std::collections::BTreeMap;

/// A verdict as the page shows it.
pub(crate) struct Judged {
    pub class: &'static str,
    pub shape: &'static str,
    pub word: String,
    pub what: String,
    pub reasons: Vec<Because>,
    pub criteria: Vec<CriterionShown>,
    pub may_register: bool,
    pub confirm: String,
    pub button: String,
}

pub(crate) struct CriterionShown {
    pub id: String,
    pub text: String,
    pub shape: &'static str,
    pub word: String,
    pub because: Vec<String>,
}

/// A verdict in words: the criteria that fail first, then those that cannot be told, then the rest.
pub(super) fn judged(ask: &Ask, view: &View<'_>, step: &Step, a: &Assessment) -> Judged {
    let t = ask.t;
    let blocked = a.outcome == Verdict::Eligible && !a.reasons.is_empty();
    let name = if blocked { "blocked" } else { told::outcome_name(a.outcome) };
    let mut criteria: Vec<(usize, CriterionShown)> = a
        .criteria
        .iter()
        .map(|(c, why)| (rank(c.outcome), criterion(ask, view, step, c, Some(why))))
        .collect();
    criteria.sort_by_key(|(rank, _)| *rank);
    let allocates = step.allocate.is_some();
    Judged {
        class: verdict_class(a.outcome, blocked),
        shape: if blocked { "no" } else { told::outcome_shape(a.outcome) },
        word: t.say(&format!("verdict-{name}")).into_owned(),
        what: t.say(&format!("verdict-{name}-what")).into_owned(),
        reasons: because(t, &a.reasons),
        criteria: criteria.into_iter().map(|(_, c)| c).collect(),
        may_register: a.outcome == Verdict::Eligible && a.reasons.is_empty(),
        confirm: t.say("confirm-register").into_owned(),
        button: t.say(if allocates { "button-register-allocate" } else { "button-register" }).into_owned(),
    }
}

pub(super) fn verdict_class(outcome: Verdict, blocked: bool) -> &'static str {
    match outcome {
        Verdict::Eligible if !blocked => "",
        Verdict::CannotTell => "unsure",
        _ => "no",
    }
}

pub(super) fn rank(outcome: Verdict) -> usize {
    match outcome {
        Verdict::Ineligible => 0,
        Verdict::CannotTell => 1,
        Verdict::Eligible => 2,
    }
}

pub(super) fn criterion(
    ask: &Ask,
    view: &View<'_>,
    step: &Step,
    c: &CriterionOutcome,
    why: Option<&Explanation>,
) -> CriterionShown {
    let t = ask.t;
    let written = step.criteria.iter().find(|w| w.id == c.id);
    let mut because = Vec::new();
    if let Some(why) = why {
        because.push(t.of(&why.text).to_owned());
    }
    if !c.missing.is_empty() {
        let names: Vec<String> = c
            .missing
            .iter()
            .map(|path| {
                view.protocol()
                    .dictionary
                    .get(path)
                    .map_or_else(|| path.clone(), |i| t.of(&i.label).to_owned())
            })
            .collect();
        because.push(t.with("criterion-missing", &names.join(&t.say("record-comma"))).into_owned());
    }
    let text = written.map(|w| told::name(t.0, &w.ja, &w.en).to_owned()).unwrap_or_default();
    // An exclusion is not "met" by someone whom it lets pass: it does not apply.
    let (kind, text) = match written {
        Some(w) if w.exclude => ("exclusion", t.with("exclusion", &text).into_owned()),
        _ => ("criterion", text),
    };
    CriterionShown {
        id: c.id.clone(),
        text,
        shape: told::outcome_shape(c.outcome),
        word: t.say(&format!("{kind}-{}", told::outcome_name(c.outcome))).into_owned(),
        because,
    }
}

/// Everything that a verdict rests on, as one text: when it changes, the verdict is asked for again.
pub(super) fn digest(on: Date, values: &BTreeMap<String, Value>) -> Result<String, Trouble> {
    let all = serde_json::to_string(&(on, values)).map_err(|e| Trouble::Broken(e.to_string()))?;
    Ok(ledger::Hash::of(all.as_bytes()).to_string())
}
