//! From the view of one person to the plain data that analyses read.

use crate::cohort::{Cohort, Found, Graded, Person, Registered, Tri};
use conduct::{Attempt, FactFound, Outcome, ParticipantView, View, WithdrawalScope};
use jiff::civil::Date;
use protocol::{Compiled, What, WorstGrade};
use rules::{Environment, Rule, Value, Verdict};
use std::collections::{BTreeMap, BTreeSet};
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

pub(crate) fn cohort(view: &View<'_>) -> Cohort {
    let compiled = view.protocol();
    let paths = paths(compiled);
    let attempts = view.attempts();
    let mut refused: BTreeMap<u32, Vec<&Attempt>> = BTreeMap::new();
    for attempt in &attempts {
        refused.entry(attempt.participant.0).or_default().push(attempt);
    }
    let people = view.participants().iter().map(|p| {
        let mut person = person(compiled, &paths, p);
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

/// Every item that some planned analysis names.
fn paths(compiled: &Compiled) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for analysis in compiled.protocol.analyses.values() {
        match &analysis.what {
            What::Baseline(p) => paths.extend(p.items.iter().cloned()),
            What::Survival(p) => paths.extend(p.strata.iter().chain(&p.subgroups).cloned()),
            What::Flow | What::Accrual | What::WorstGrade(_) | What::Proportion(_) => {}
        }
    }
    paths
}

fn person(compiled: &Compiled, paths: &BTreeSet<String>, p: &ParticipantView<'_>) -> Person {
    let protocol = &compiled.protocol;
    let environment = p.environment();
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
    for fact in protocol.facts.keys() {
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
    person.sets = compiled.sets.iter().map(|(id, rule)| (id.clone(), told(rule, environment))).collect();
    for path in paths {
        let name = if path == "site" { "participant.site" } else { path };
        if let Some(slot) = compiled.dictionary.slot(name) {
            person.values.insert(path.clone(), environment.get(slot).clone());
        }
    }
    for (id, analysis) in &protocol.analyses {
        let rule = compiled.analyses.get(id);
        match &analysis.what {
            What::Proportion(_) => {
                person.rules.extend(rule.map(|rule| (id.clone(), told(rule, environment))));
            }
            What::WorstGrade(plan) => {
                person.records.insert(id.clone(), graded(compiled, plan, rule, p));
            }
            What::Flow | What::Accrual | What::Baseline(_) | What::Survival(_) => {}
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
    let repeats = compiled.record_type(&plan.form).is_some();
    let mut out = Vec::new();
    for (_, record) in p.records(&plan.form) {
        let counts = match rule {
            None => Tri::True,
            Some(rule) if repeats => told(rule, &compiled.in_record(p.environment(), &record)),
            Some(rule) => told(rule, p.environment()),
        };
        if counts == Tri::False {
            continue;
        }
        let value = |at: Option<usize>| at.and_then(|i| record.get(i));
        out.push(Graded {
            term: value(term).and_then(crate::cohort::level),
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

fn told(rule: &Rule, environment: &dyn Environment) -> Tri {
    match rule.verdict(environment) {
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
