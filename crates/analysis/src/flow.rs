//! Participant flow after CONSORT 2025. Everybody who was assessed stands in exactly one place at each split, so the
//! boxes add up:
//!
//! - assessed = registered + not_registered (by reason)
//! - registered at a step = registered at the next + not_continued (by reason)
//! - registered at an allocating step = allocated to the arms + not_allocated
//! - allocated = treated as allocated + not_treated (by reason) + treatment_unknown
//! - allocated = sum of follow_up states = analysed + not_analysed (by reason)

use crate::Row;
use crate::cohort::{Cohort, Found, Person, level};
use crate::draft::Draft;
use crate::set::{self, Out};
use jiff::civil::Date;
use protocol::{Protocol, Step};
use std::collections::BTreeMap;
use words::Text;

/// One box, or one line of a box: the row's name and who is in it.
pub(crate) struct Card<'a> {
    pub variable: &'static str,
    pub group: Option<String>,
    pub level: String,
    pub people: Vec<&'a Person>,
}

/// All rows of a flow analysis. With `by_arm` false (results by arm are not open) nothing is told below allocation.
pub(crate) fn flow(cohort: &Cohort, protocol: &Protocol, id: &str, by_arm: bool) -> Vec<Row> {
    let draft = Draft::new(id, "", "", "count");
    let rows = boxes(cohort, protocol, by_arm).into_iter().map(|b| {
        let nobody = b.variable == "follow_up" && b.people.is_empty();
        let why = nobody.then(|| Text::new("この群に患者がいません。", "There is nobody in this arm."));
        let draft = draft.variable(b.variable).group(b.group.as_deref()).level(b.level);
        draft.warn(why).count("n", b.people.len())
    });
    rows.collect()
}

/// All boxes from the top to the bottom.
pub(crate) fn boxes<'a>(cohort: &'a Cohort, protocol: &Protocol, by_arm: bool) -> Vec<Card<'a>> {
    let mut cards: Vec<Card<'a>> = Vec::new();
    let everybody = || cohort.people.iter();
    for (step_id, step) in &protocol.steps {
        let registered: Vec<&Person> = everybody().filter(|p| p.registered(step_id).is_some()).collect();
        match &step.after {
            None => {
                let assessed: Vec<&Person> = everybody()
                    .filter(|p| p.steps.contains_key(step_id) || p.refused.contains_key(step_id))
                    .collect();
                let exit = assessed.iter().filter(|p| p.registered(step_id).is_none());
                let reasons = exit.map(|p| (*p, first_exit(p, step_id))).collect();
                cards.push(Card {
                    variable: "assessed",
                    group: None,
                    level: step_id.clone(),
                    people: assessed,
                });
                exits("not_registered", None, protocol, step_id, reasons, &mut cards);
            }
            Some(before) => {
                let exit =
                    everybody().filter(|p| p.registered(before).is_some() && p.registered(step_id).is_none());
                let reasons = exit
                    .map(|p| (p, later_exit(p, protocol, before, step_id, step, cohort.cutoff)))
                    .collect();
                exits("not_continued", None, protocol, step_id, reasons, &mut cards);
            }
        }
        cards.push(Card { variable: "registered", group: None, level: step_id.clone(), people: registered });
    }
    let Some((last, step)) = protocol.steps.last() else { return cards };
    let people: Vec<&Person> = everybody().filter(|p| p.registered(last).is_some()).collect();
    let by = step.allocate.as_deref();
    if by.is_some() && !by_arm {
        return cards;
    }
    let arms = set::arms(protocol, by);
    if let Some(allocation) = by {
        let without = people.iter().copied().filter(|p| set::arm_of(p, by, &arms).is_none()).collect();
        let level = allocation.to_owned();
        cards.push(Card { variable: "not_allocated", group: None, level, people: without });
    }
    let received = by.and_then(|a| protocol.allocation.get(a)).and_then(|a| a.received.as_ref());
    let sets = primary_sets(protocol, last);
    for (i, arm) in arms.iter().enumerate() {
        let mine: Vec<&Person> =
            people.iter().copied().filter(|p| set::arm_of(p, by, &arms) == Some(i)).collect();
        if let Some(allocation) = by {
            let level = allocation.to_owned();
            cards.push(Card { variable: "allocated", group: arm.clone(), level, people: mine.clone() });
        }
        if let Some(received) = received
            && let Some(set) = set::members(cohort, protocol, &received.set)
        {
            let (yes, no): (Vec<&Person>, Vec<&Person>) =
                mine.iter().copied().partition(|p| set.members.iter().any(|m| m.id == p.id));
            let out = |p: &Person| set.out.iter().find(|(o, _)| o.id == p.id).map(|(_, why)| *why);
            // Not known is not the same as not treated.
            let (open, no): (Vec<&Person>, Vec<&Person>) =
                no.into_iter().partition(|p| out(p) == Some(Out::WhenUnknown));
            let reasons = no.into_iter().map(|p| (p, not_treated(p, &received.why_not, out(p)))).collect();
            let level = received.set.clone();
            cards.push(Card { variable: "treated", group: arm.clone(), level, people: yes });
            exits("not_treated", arm.as_deref(), protocol, &received.set, reasons, &mut cards);
            let level = received.set.clone();
            cards.push(Card { variable: "treatment_unknown", group: arm.clone(), level, people: open });
        }
        follow_up(&mine, protocol, arm.as_deref(), &mut cards);
        for set_id in &sets {
            let Some(set) = set::members(cohort, protocol, set_id) else { continue };
            let within = |p: &&Person| mine.iter().any(|m| m.id == p.id);
            let members = set.members.iter().copied().filter(within).collect();
            let (group, level) = (arm.clone(), set_id.clone());
            cards.push(Card { variable: "analysed", group, level, people: members });
            let left: Vec<(&Person, Out)> = set.out.iter().filter(|(p, _)| within(p)).copied().collect();
            let (group, level) = (arm.clone(), set_id.clone());
            let all = left.iter().map(|(p, _)| *p).collect();
            cards.push(Card { variable: "not_analysed", group, level, people: all });
            for why in Out::ALL {
                let people: Vec<&Person> = left.iter().filter(|(_, o)| *o == why).map(|(p, _)| *p).collect();
                if !people.is_empty() {
                    let level = format!("{set_id}/{}", why.name());
                    cards.push(Card { variable: "not_analysed", group: arm.clone(), level, people });
                }
            }
        }
    }
    cards
}

/// Every set that the flow looks at: those of the primary analyses, and those who were treated as allocated.
pub(crate) fn sets(protocol: &Protocol, last: &str) -> Vec<String> {
    let received = protocol.allocation.values().filter_map(|a| a.received.as_ref()).map(|r| r.set.clone());
    primary_sets(protocol, last).into_iter().chain(received).collect()
}

/// The sets of the primary analyses at the last step; without any, all sets at that step.
fn primary_sets(protocol: &Protocol, last: &str) -> Vec<String> {
    let at_last = |id: &&str| protocol.sets.get(*id).is_some_and(|s| s.step == last);
    let primary =
        protocol.analyses.values().filter(|a| a.primary).map(|a| crate::plan::set_and_by(&a.what).0);
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

/// The total of a split, then each reason: criteria and codes in the protocol's order first, then the others by name.
fn exits<'a>(
    variable: &'static str,
    group: Option<&str>,
    protocol: &Protocol,
    of: &str,
    reasons: Vec<(&'a Person, String)>,
    out: &mut Vec<Card<'a>>,
) {
    let group = group.map(str::to_owned);
    let people = reasons.iter().map(|(p, _)| *p).collect();
    out.push(Card { variable, group: group.clone(), level: of.to_owned(), people });
    let criteria = protocol.steps.get(of).map_or(&[][..], |s| s.criteria.as_slice());
    let place = |reason: &str| {
        if let Some(code) = reason.strip_prefix("item:") {
            let (path, code) = code.split_once('=').unwrap_or((code, ""));
            let item = crate::baseline::find_item(protocol, path);
            return item.and_then(|i| i.codes.get_index_of(code)).unwrap_or(usize::MAX);
        }
        let criterion = reason.strip_prefix("criterion:");
        let at = criteria.iter().position(|c| Some(c.id.as_str()) == criterion);
        at.map_or(usize::MAX, |at| 1000 + at)
    };
    let mut by_reason: BTreeMap<(usize, String), Vec<&Person>> = BTreeMap::new();
    for (person, reason) in reasons {
        by_reason.entry((place(&reason), reason)).or_default().push(person);
    }
    for ((_, reason), people) in by_reason {
        out.push(Card { variable, group: group.clone(), level: format!("{of}/{reason}"), people });
    }
}

/// What a form gives as the reason: `item:not_continued.reason=condition`.
fn told(person: &Person, path: Option<&str>) -> Option<String> {
    let path = path?;
    Some(format!("item:{path}={}", person.values.get(path).and_then(level)?))
}

/// Why somebody who asked for the first registration does not hold one.
fn first_exit(person: &Person, step: &str) -> String {
    if person.steps.get(step).is_some_and(|r| r.cancelled) {
        "cancelled".to_owned()
    } else {
        person.refused.get(step).cloned().unwrap_or_else(|| "refused".to_owned())
    }
}

/// Why somebody did not reach a later step: the first of these that holds. What the site reported comes before what
/// can be concluded; of the latter only what happened while the step was open can be the reason. Nobody is counted as
/// without a reason for whom one is recorded anywhere.
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
    if person.withdrew_data.is_some() {
        return "withdrew_data".to_owned();
    }
    if let Some(reason) = told(person, step.not_reached.as_deref()) {
        return reason;
    }
    if let Some(reason) = person.refused.get(id) {
        return reason.clone();
    }
    let closes = person
        .registered(before)
        .zip(step.window.as_ref().and_then(|w| w.to))
        .and_then(|(start, to)| to.add_to(start));
    let in_time = |day: Date| closes.is_none_or(|c| day <= c);
    if let Some(fact) = ended(person, protocol, in_time) {
        return fact;
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

/// The first ending fact of the protocol that happened on such a day.
fn ended(person: &Person, protocol: &Protocol, when: impl Fn(Date) -> bool) -> Option<String> {
    let mut ends = protocol.facts.iter().filter(|(_, f)| f.ends).map(|(id, _)| id);
    let happened = ends.find(|id| match person.fact(id) {
        Found::On(day) => when(*day),
        Found::Within(p) => when(p.earliest()),
        Found::Absent | Found::Unknown(_) => false,
    });
    happened.map(|id| format!("fact:{id}"))
}

/// Why somebody was certainly not treated as allocated: what a form says, then what can be concluded.
fn not_treated(person: &Person, why_not: &[String], out: Option<Out>) -> String {
    match out {
        Some(why @ (Out::Cancelled | Out::WithdrewData | Out::Ineligible)) => return why.name().to_owned(),
        Some(Out::WhenFalse | Out::WhenUnknown) | None => {}
    }
    if let Some(reason) = why_not.iter().find_map(|path| told(person, Some(path))) {
        return reason;
    }
    let withdrew = person.withdrew_treatment.or(person.withdrew_follow_up).is_some();
    if withdrew { "withdrew".to_owned() } else { "not_treated".to_owned() }
}

/// Where each stands at the cut-off.
fn follow_up<'a>(people: &[&'a Person], protocol: &Protocol, group: Option<&str>, out: &mut Vec<Card<'a>>) {
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
    let mut states: BTreeMap<String, Vec<&Person>> = BTreeMap::new();
    for person in people {
        states.entry(state(person)).or_default().push(person);
    }
    if states.is_empty() {
        states.insert("in_follow_up".to_owned(), Vec::new());
    }
    for (level, people) in states {
        out.push(Card { variable: "follow_up", group: group.map(str::to_owned), level, people });
    }
}
