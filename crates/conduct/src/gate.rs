//! Whether a participant may pass a gate: papers, consent, order, window, cap, and the criteria.

use crate::adopted::missing_papers;
use crate::allocate::factors;
use crate::environment::{Environment, Reading};
use crate::event::*;
use crate::ids::*;
use crate::reason::Reason;
use crate::state::*;
use crate::view::ParticipantView;
use jiff::civil::Date;
use protocol::Compiled;
use rules::Verdict;

/// What a gate says.
pub(crate) struct Judged {
    pub outcome: Outcome,
    pub criteria: Vec<CriterionOutcome>,
    pub reasons: Vec<Reason>,
    pub environment: Environment,
    /// Factor values, when the step allocates and all are known.
    pub factors: Option<Vec<(String, String)>>,
}

/// Judges the participant at a step on a day, with the values that the state holds. `None` when there is no such
/// participant or step.
pub(crate) fn judge(
    compiled: &Compiled,
    state: &State,
    participant: ParticipantId,
    step: &str,
    on: Date,
) -> Option<Judged> {
    let p = state.participant(participant)?;
    let found = compiled.protocol.steps.get(step)?;
    let mut reading = Reading::all(compiled, p, Some(on));
    reading.arm = true;
    let environment = reading.environment();
    let mut reasons = gate(compiled, state, p, step, on);
    let mut criteria = Vec::new();
    for (criterion, verdict) in compiled.judge(step, &environment.values) {
        let (outcome, missing) = match verdict {
            Verdict::True => (Outcome::Eligible, Vec::new()),
            Verdict::False => (Outcome::Ineligible, Vec::new()),
            Verdict::Unknown(items) => {
                let mut paths: Vec<String> = items.iter().map(|m| m.path.to_string()).collect();
                paths.dedup();
                (Outcome::CannotTell, paths)
            }
            Verdict::Error(error) => {
                reasons.push(
                    Reason::new(
                        "rule_error",
                        format!("規準 {} の規則に誤りがあります: {}", criterion.id, error.message.ja),
                        format!("The rule of criterion {} has a bug: {}", criterion.id, error.message.en),
                    )
                    .about([criterion.id.as_str()]),
                );
                (Outcome::CannotTell, Vec::new())
            }
        };
        criteria.push(CriterionOutcome { id: criterion.id.clone(), outcome, missing });
    }
    let outcome = if criteria.iter().any(|c| c.outcome == Outcome::Ineligible) {
        Outcome::Ineligible
    } else if criteria.iter().any(|c| c.outcome == Outcome::CannotTell) {
        Outcome::CannotTell
    } else {
        Outcome::Eligible
    };
    let mut levels = None;
    if let Some(allocation) = &found.allocate {
        if p.allocations.contains_key(allocation.as_str()) {
            reasons.push(Reason::new(
                "already_allocated",
                "この患者はすでに割付を受けています。割付は取り消せず、やり直せません。",
                "This participant has been allocated before; an allocation is neither undone nor repeated.",
            ));
        }
        match factors(compiled, allocation, p, &environment) {
            Ok(found) => levels = Some(found),
            Err(missing) => reasons.extend(missing),
        }
    }
    Some(Judged { outcome, criteria, reasons, environment, factors: levels })
}

/// Everything but the criteria.
fn gate(compiled: &Compiled, state: &State, p: &Participant, step: &str, on: Date) -> Vec<Reason> {
    let mut out = Vec::new();
    let Some(found) = compiled.protocol.steps.get(step) else { return out };
    if p.registration(step).is_some() {
        out.push(Reason::new(
            "already_registered",
            "この段階にはすでに登録されています。",
            "The participant is already registered at this step.",
        ));
    }
    let ends = compiled.protocol.facts.values().filter(|f| f.ends).flat_map(|f| &f.from);
    let told = ends.into_iter().any(|source| p.forms.keys().any(|k| k.form.as_str() == source.form));
    if told && ParticipantView::new(compiled, p, None, true).ended().is_some_and(|end| end <= on) {
        out.push(Reason::new(
            "ended",
            "死亡などにより観察が終了している患者です。",
            "The participant's observation has ended, as by death.",
        ));
    }
    out.extend(missing_papers(state, compiled, p.site.as_str(), step, on));
    out.extend(consent(compiled, p, found.consent.as_deref(), on));
    if let Some(earlier) = &found.after {
        let title = compiled.protocol.steps.get(earlier).map_or(words::Text::same(earlier), |s| s.title());
        match p.registration(earlier) {
            None => out.push(
                Reason::new(
                    "earlier_step_missing",
                    format!("先に「{}」が必要です。", title.ja),
                    format!("\"{}\" must come first.", title.en),
                )
                .about([earlier.as_str()]),
            ),
            Some(before) => out.extend(window(found.window.as_ref(), &title, before.on, on)),
        }
    }
    if state.held.contains(step) {
        out.push(Reason::new(
            "accrual_held",
            "登録は一時中断中です。データセンターの再開の連絡をお待ちください。",
            "Accrual is on hold. Wait for the data centre's notice that it goes on.",
        ));
    }
    let registered = state.registered.get(step).copied().unwrap_or(0);
    if let Some(cap) = found.cap.filter(|cap| registered >= *cap) {
        out.push(Reason::new(
            "cap_reached",
            format!("予定登録数 {cap} 例に達しています。"),
            format!("The planned number of {cap} has been reached."),
        ));
    }
    out
}

/// Whether the step's form may be filled for this attempt: papers and consent are there.
pub(crate) fn may_collect(
    compiled: &Compiled,
    state: &State,
    id: ParticipantId,
    step: &str,
    on: Date,
) -> bool {
    let (Some(p), Some(found)) = (state.participant(id), compiled.protocol.steps.get(step)) else {
        return false;
    };
    missing_papers(state, compiled, p.site.as_str(), step, on).is_empty()
        && consent(compiled, p, found.consent.as_deref(), on).is_none()
}

fn window(window: Option<&protocol::Window>, title: &words::Text, before: Date, on: Date) -> Option<Reason> {
    if on < before {
        return Some(Reason::new(
            "window",
            format!("登録日 {on} が「{}」({before})より前です。", title.ja),
            format!("{on} lies before \"{}\" on {before}.", title.en),
        ));
    }
    let window = window?;
    let first = window.from.and_then(|d| d.add_to(before));
    let last = window.to.and_then(|d| d.add_to(before));
    if first.is_none_or(|f| f <= on) && last.is_none_or(|l| on <= l) {
        return None;
    }
    let show = |d: Option<Date>| d.map_or(String::new(), |d| d.to_string());
    Some(Reason::new(
        "window",
        format!("登録できる期間({}〜{})の外です({on})。", show(first), show(last)),
        format!("{on} lies outside of the window from {} to {}.", show(first), show(last)),
    ))
}

/// Consent that holds on the day: to this document, in the version in use on the day it was given, not withdrawn since.
fn consent(compiled: &Compiled, p: &Participant, document: Option<&str>, on: Date) -> Option<Reason> {
    // A withdrawal of any scope stands against every later registration until there is a new consent.
    let withdrawn = p.withdrawals.iter().map(|w| w.seq).max();
    let fresh = |c: &&Consent| withdrawn.is_none_or(|w| c.seq > w);
    let Some(document) = document else {
        let taken_back = withdrawn.is_some() && !p.consents.iter().any(|c| fresh(&c));
        return taken_back.then(withdrawn_reason);
    };
    let name = compiled.protocol.documents.get(document);
    let name = name.map_or(words::Text::same(document), |d| words::Text::new(&d.ja, &d.en));
    let given: Vec<&Consent> = p.consents.iter().filter(|c| c.document == document).collect();
    if given.iter().any(|c| fresh(c) && c.on <= on) {
        return None;
    }
    if !given.is_empty() && withdrawn.is_some() && !given.iter().any(fresh) {
        return Some(withdrawn_reason());
    }
    let late = given.iter().map(|c| c.on).filter(|d| *d > on).min();
    Some(
        match late {
            Some(day) => Reason::new(
                "consent_missing",
                format!("「{}」への同意({day})が登録日 {on} より後です。", name.ja),
                format!("Consent to \"{}\" was given on {day}, after {on}.", name.en),
            ),
            None => Reason::new(
                "consent_missing",
                format!("「{}」への同意が記録されていません。", name.ja),
                format!("Consent to \"{}\" is not recorded.", name.en),
            ),
        }
        .about([document]),
    )
}

fn withdrawn_reason() -> Reason {
    Reason::new(
        "consent_withdrawn",
        "同意は撤回されています。登録するには新たな同意が必要です。",
        "Consent was withdrawn; a new consent is needed.",
    )
}

/// The version of a document that is in use on a day: the last whose day has come.
pub(crate) fn version_in_use<'c>(compiled: &'c Compiled, document: &str, on: Date) -> Option<&'c str> {
    let document = compiled.protocol.documents.get(document)?;
    document
        .versions
        .iter()
        .filter(|(_, from)| **from <= on)
        .max_by_key(|(_, from)| **from)
        .map(|(v, _)| v.as_str())
}
