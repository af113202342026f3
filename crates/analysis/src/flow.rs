//! Participant flow after CONSORT 2025. Everybody who was assessed stands in exactly one place at each split, so the
//! boxes add up:
//!
//! - assessed = registered + not_registered (by reason)
//! - registered at a step = registered at the next + not_continued (by reason)
//! - registered at an allocating step = allocated to the arms + not allocated
//! - allocated = sum of follow_up states = analysed + not_analysed (by reason)

use crate::Row;
use crate::cohort::{Cohort, Found, Person};
use crate::draft::Draft;
use crate::set::{self, Out};
use jiff::civil::Date;
use protocol::{Protocol, Step, What};
use std::collections::BTreeMap;
use words::Text;

/// All rows of a flow analysis. With `by_arm` false (results by arm are not open) nothing is told below allocation.
pub(crate) fn flow(cohort: &Cohort, protocol: &Protocol, id: &str, by_arm: bool) -> Vec<Row> {
    let draft = Draft::new(id, "", "", "count");
    let mut rows = Vec::new();
    for (step_id, step) in &protocol.steps {
        let registered = cohort.people.iter().filter(|p| p.registered(step_id).is_some()).count();
        match &step.after {
            None => {
                let assessed: Vec<&Person> = cohort
                    .people
                    .iter()
                    .filter(|p| p.steps.contains_key(step_id) || p.refused.contains_key(step_id))
                    .collect();
                let out = assessed.iter().filter(|p| p.registered(step_id).is_none());
                rows.push(draft.variable("assessed").level(step_id.as_str()).count("n", assessed.len()));
                let reasons = out.map(|p| first_exit(p, step_id)).collect();
                exits(&draft.variable("not_registered"), protocol, step_id, reasons, &mut rows);
            }
            Some(before) => {
                let out = cohort
                    .people
                    .iter()
                    .filter(|p| p.registered(before).is_some() && p.registered(step_id).is_none());
                let reasons =
                    out.map(|p| later_exit(p, protocol, before, step_id, step, cohort.cutoff)).collect();
                exits(&draft.variable("not_continued"), protocol, step_id, reasons, &mut rows);
            }
        }
        rows.push(draft.variable("registered").level(step_id.as_str()).count("n", registered));
    }
    let Some((last, step)) = protocol.steps.last() else { return rows };
    let people: Vec<&Person> = cohort.people.iter().filter(|p| p.registered(last).is_some()).collect();
    let by = step.allocate.as_deref();
    if by.is_some() && !by_arm {
        return rows;
    }
    let arms = set::arms(protocol, by);
    if let Some(allocation) = by {
        let without = people.iter().filter(|p| set::arm_of(p, by, &arms).is_none()).count();
        rows.push(draft.variable("not_allocated").level(allocation).count("n", without));
    }
    let sets = sets_of_flow(protocol, last);
    for (i, arm) in arms.iter().enumerate() {
        let mine: Vec<&Person> =
            people.iter().copied().filter(|p| set::arm_of(p, by, &arms) == Some(i)).collect();
        let draft = draft.group(arm.as_deref());
        if let Some(allocation) = by {
            rows.push(draft.variable("allocated").level(allocation).count("n", mine.len()));
        }
        follow_up(&mine, protocol, &draft.variable("follow_up"), &mut rows);
        for set_id in &sets {
            let Some(set) = set::members(cohort, protocol, set_id) else { continue };
            let within = |p: &Person| mine.iter().any(|m| m.id == p.id);
            let n = set.members.iter().filter(|p| within(p)).count();
            rows.push(draft.variable("analysed").level(set_id.as_str()).count("n", n));
            let out: Vec<Out> = set.out.iter().filter(|(p, _)| within(p)).map(|(_, why)| *why).collect();
            let draft = draft.variable("not_analysed");
            rows.push(draft.level(set_id.as_str()).count("n", out.len()));
            for why in Out::ALL {
                let n = out.iter().filter(|o| **o == why).count();
                if n > 0 {
                    rows.push(draft.level(format!("{set_id}/{}", why.name())).count("n", n));
                }
            }
        }
    }
    rows
}

/// The sets of the primary analyses at the last step; without any, all sets at that step.
fn sets_of_flow(protocol: &Protocol, last: &str) -> Vec<String> {
    let at_last = |id: &&str| protocol.sets.get(*id).is_some_and(|s| s.step == last);
    let primary = protocol.analyses.values().filter(|a| a.primary).filter_map(|a| match &a.what {
        What::Survival(s) => Some(s.set.as_str()),
        What::Proportion(p) => Some(p.set.as_str()),
        What::WorstGrade(w) => Some(w.set.as_str()),
        What::Baseline(b) => Some(b.set.as_str()),
        What::Flow | What::Accrual => None,
    });
    let mut sets: Vec<&str> = primary.filter(at_last).collect();
    if sets.is_empty() {
        sets = protocol.sets.keys().map(String::as_str).filter(at_last).collect();
    }
    let mut seen = Vec::new();
    for set in sets {
        if !seen.contains(&set.to_owned()) {
            seen.push(set.to_owned());
        }
    }
    seen
}

/// The total of a split, then each reason: criteria in the protocol's order first, then the others by name.
fn exits(draft: &Draft, protocol: &Protocol, step: &str, reasons: Vec<String>, rows: &mut Vec<Row>) {
    rows.push(draft.level(step).count("n", reasons.len()));
    let criteria = protocol.steps.get(step).map_or(&[][..], |s| s.criteria.as_slice());
    let place = |reason: &str| {
        let criterion = reason.strip_prefix("criterion:");
        criteria.iter().position(|c| Some(c.id.as_str()) == criterion).unwrap_or(usize::MAX)
    };
    let mut counts: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry((place(&reason), reason)).or_default() += 1;
    }
    for ((_, reason), n) in counts {
        rows.push(draft.level(format!("{step}/{reason}")).count("n", n));
    }
}

/// Why somebody who asked for the first registration does not hold one.
fn first_exit(person: &Person, step: &str) -> String {
    if person.steps.get(step).is_some_and(|r| r.cancelled) {
        "cancelled".to_owned()
    } else {
        person.refused.get(step).cloned().unwrap_or_else(|| "refused".to_owned())
    }
}

/// Why somebody did not reach a later step: the first of these that holds. Only what happened while the step was open
/// can be the reason.
fn later_exit(
    person: &Person,
    protocol: &Protocol,
    before: &str,
    id: &str,
    step: &Step,
    cutoff: Date,
) -> String {
    if person.steps.get(id).is_some_and(|r| r.cancelled) {
        return "cancelled".to_owned();
    }
    if let Some(reason) = person.refused.get(id) {
        return reason.clone();
    }
    let closes = person
        .registered(before)
        .zip(step.window.as_ref().and_then(|w| w.to))
        .and_then(|(start, to)| to.add_to(start));
    let in_time = |day: Date| closes.is_none_or(|c| day <= c);
    if person.withdrew_data.is_some() {
        return "withdrew_data".to_owned();
    }
    for (fact_id, fact) in protocol.facts.iter().filter(|(_, f)| f.ends) {
        let _ = fact;
        match person.fact(fact_id) {
            Found::On(day) if in_time(*day) => return format!("fact:{fact_id}"),
            Found::Within(p) if in_time(p.earliest()) => return format!("fact:{fact_id}"),
            _ => {}
        }
    }
    if [person.withdrew_follow_up, person.withdrew_treatment].into_iter().flatten().any(in_time) {
        return "withdrew".to_owned();
    }
    if person.ineligible.contains(before) {
        return "ineligible".to_owned();
    }
    if person.off_treatment.is_some_and(in_time) {
        return "off_treatment".to_owned();
    }
    if closes.is_none_or(|c| cutoff <= c) { "window_open".to_owned() } else { "window_passed".to_owned() }
}

/// Where each stands at the cut-off.
fn follow_up(people: &[&Person], protocol: &Protocol, draft: &Draft, rows: &mut Vec<Row>) {
    let ends: Vec<&String> = protocol.facts.iter().filter(|(_, f)| f.ends).map(|(id, _)| id).collect();
    let state = |p: &Person| -> String {
        if p.withdrew_data.is_some() {
            return "withdrew_data".to_owned();
        }
        for id in &ends {
            match p.fact(id) {
                Found::On(_) | Found::Within(_) => return format!("fact:{id}"),
                Found::Unknown(_) => return "status_unknown".to_owned(),
                Found::Absent => {}
            }
        }
        if p.withdrew_follow_up.is_some() {
            "withdrew_follow_up".to_owned()
        } else {
            "in_follow_up".to_owned()
        }
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for person in people {
        *counts.entry(state(person)).or_default() += 1;
    }
    if counts.is_empty() {
        let why = Text::new("この群に患者がいません。", "There is nobody in this arm.");
        rows.push(draft.level("in_follow_up").warn(Some(why)).count("n", 0));
    }
    for (state, n) in counts {
        rows.push(draft.level(state).count("n", n));
    }
}
