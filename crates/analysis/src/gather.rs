//! From the view of one person to the plain data that analyses read.

use crate::cohort::{Cohort, Found, Graded, Person, Registered, Tri};
use crate::needs::Needs;
use conduct::{Attempt, FactFound, Outcome, ParticipantView, View, WithdrawalScope};
use jiff::civil::Date;
use protocol::{Compiled, What, WorstGrade};
use rayon::prelude::*;
use rules::{Rule, Value, Verdict};
use std::collections::BTreeMap;
use words::Text;

/// The cut-off day of a view: without one, the day of the last event.
pub(crate) fn cutoff(view: &View<'_>) -> Date {
    view.cutoff().or(view.last_day()).unwrap_or(view.protocol().protocol.effective)
}

/// Whether results by arm may be told to this viewer, otherwise why not.
pub(crate) fn by_arm(view: &View<'_>) -> Result<(), Text> {
    view.results_by_arm().map_err(|refusal| {
        let join = |pick: fn(&Text) -> &str| {
            refusal.reasons.iter().map(|r| pick(&r.text)).collect::<Vec<_>>().join(" ")
        };
        Text::new(join(|t| &t.ja), join(|t| &t.en))
    })?;
    // Somebody who does not see arms would get an analysis of nobody.
    let allocations = &view.protocol().protocol.allocation;
    let hidden = |p: &ParticipantView<'_>| {
        allocations.keys().any(|a| p.allocated_on(a).is_some() && p.arm(a).is_none())
    };
    if view.participants().iter().any(hidden) {
        return Err(Text::new(
            "あなたの役割には割付群が開示されていないため、群別の結果は示せません。",
            "Allocated arms are not open to your role, so results by arm are not shown.",
        ));
    }
    Ok(())
}

/// Everybody, with what `needs` names.
pub(crate) fn cohort(view: &View<'_>, needs: &Needs) -> Cohort {
    let compiled = view.protocol();
    let attempts = view.attempts();
    let mut refused: BTreeMap<u32, Vec<&Attempt>> = BTreeMap::new();
    for attempt in &attempts {
        refused.entry(attempt.participant.0).or_default().push(attempt);
    }
    let people = view.participants().par_iter().map(|p| {
        let mut person = person(compiled, needs, &p.afresh());
        for attempt in refused.get(&person.id).into_iter().flatten() {
            // The last attempt counts; a later one replaces an earlier one.
            person.refused.insert(attempt.step.to_string(), reason(attempt));
        }
        person
    });
    let mut people: Vec<Person> = people.collect();
    people.sort_by_key(|p| p.id);
    let sites = view.sites().into_iter().map(|s| (s.id.to_string(), s.site.name.clone())).collect();
    Cohort { cutoff: cutoff(view), sites, people }
}

fn person(compiled: &Compiled, needs: &Needs, p: &ParticipantView<'_>) -> Person {
    let protocol = &compiled.protocol;
    let mut person = Person { id: p.id().0, site: p.site().to_string(), ..Person::default() };
    for step in protocol.steps.keys() {
        let found = match p.registration(step) {
            Some(r) => Some(Registered { on: r.on, cancelled: false }),
            None => p.cancelled(step).map(|r| Registered { on: r.on, cancelled: true }),
        };
        person.steps.extend(found.map(|r| (step.clone(), r)));
    }
    for allocation in protocol.allocation.keys() {
        person.arms.extend(p.arm(allocation).map(|arm| (allocation.clone(), arm.to_string())));
    }
    for fact in &needs.facts {
        let found = match p.fact(fact) {
            FactFound::On(day) => Found::On(day),
            FactFound::Within(day) => Found::Within(day),
            FactFound::Absent => Found::Absent,
            FactFound::Unknown(missing) => Found::Unknown(missing),
        };
        person.facts.insert(fact.clone(), found);
    }
    person.ineligible = p.ineligible().iter().map(|(step, _, _)| step.to_string()).collect();
    person.off_treatment = p.off_treatment().map(|(on, _)| on);
    for withdrawal in p.withdrawals() {
        let place = match withdrawal.scope {
            WithdrawalScope::Treatment => &mut person.withdrew_treatment,
            WithdrawalScope::FollowUp => &mut person.withdrew_follow_up,
            WithdrawalScope::DataAndSpecimens => &mut person.withdrew_data,
        };
        *place = Some(place.map_or(withdrawal.on, |on| on.min(withdrawal.on)));
    }
    for id in &needs.sets {
        if let Some(rule) = compiled.sets.get(id) {
            person.sets.insert(id.clone(), told(p.verdict(rule)));
        }
    }
    for path in &needs.paths {
        let name = if path == "site" { "participant.site" } else { path };
        if let Some(slot) = compiled.dictionary.slot(name) {
            person.values.insert(path.clone(), p.value(slot));
        }
    }
    for id in &needs.rules {
        if let Some(rule) = compiled.analyses.get(id) {
            person.rules.insert(id.clone(), told(p.verdict(rule)));
        }
    }
    for id in &needs.records {
        if let Some(What::WorstGrade(plan)) = protocol.analyses.get(id).map(|a| &a.what) {
            person.records.insert(id.clone(), graded(compiled, plan, compiled.analyses.get(id), p));
        }
    }
    person
}

/// The records of a form of adverse events; those that do not meet the analysis' condition are left out.
fn graded(
    compiled: &Compiled,
    plan: &WorstGrade,
    rule: Option<&Rule>,
    p: &ParticipantView<'_>,
) -> Vec<Graded> {
    let field = |name: &str| match compiled.record_type(&plan.form) {
        Some(record) => record.field(name).map(|(index, _)| index),
        None => compiled.protocol.forms.get(&plan.form).and_then(|f| f.items().position(|i| i.id == name)),
    };
    let (grade, term) = (field(&plan.grade), field(&plan.term));
    let system = plan.system.as_deref().and_then(field);
    let repeats = compiled.record_type(&plan.form).is_some();
    let mut out = Vec::new();
    for (_, record) in p.records(&plan.form) {
        let counts = match rule {
            None => Tri::True,
            Some(rule) if repeats => told(rule.verdict(&compiled.in_record(p.environment(), &record))),
            Some(rule) => told(p.verdict(rule)),
        };
        if counts == Tri::False {
            continue;
        }
        let value = |at: Option<usize>| at.and_then(|i| record.get(i));
        out.push(Graded {
            term: value(term).and_then(crate::cohort::level),
            system: value(system).and_then(crate::cohort::level),
            grade: value(grade).and_then(grade_of),
            counts,
        });
    }
    out
}

/// A grade of 0 to 5, entered as a number or as a code.
fn grade_of(value: &Value) -> Option<u8> {
    let grade: u8 = crate::cohort::level(value)?.parse().ok()?;
    (grade <= 5).then_some(grade)
}

fn told(verdict: Verdict) -> Tri {
    match verdict {
        Verdict::True => Tri::True,
        Verdict::False => Tri::False,
        Verdict::Unknown(missing) => Tri::Unknown(missing.iter().map(|m| m.path.to_string()).collect()),
        // A bug in a rule is never an answer.
        Verdict::Error(_) => Tri::Unknown(Vec::new()),
    }
}

/// The reason of a refused registration as the flow counts it: the first criterion that failed.
fn reason(attempt: &Attempt) -> String {
    match attempt.outcome {
        Outcome::Ineligible => {
            let failed = attempt.criteria.iter().find(|c| c.outcome == Outcome::Ineligible);
            failed.map_or_else(|| "refused".to_owned(), |c| format!("criterion:{}", c.id))
        }
        Outcome::CannotTell => "cannot_tell".to_owned(),
        Outcome::Eligible => "refused".to_owned(),
    }
}
