//! The participants this viewer may see, by site and state.

use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::fields::Choice;
use crate::shell::{Shell, page as render};
use crate::told::{Mark, arm_name, name};
use askama::Template;
use axum::response::Response;
use conduct::{Action, ParticipantId, ParticipantView, QueryStatus, View};
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::BTreeMap;

const PAGE: usize = 200;

#[derive(Template)]
#[template(path = "participants.html")]
struct ListPage {
    s: Shell,
    action: String,
    hidden: Vec<(&'static str, String)>,
    sites: Vec<Choice>,
    states: Vec<Choice>,
    find: String,
    found: String,
    steps: Vec<String>,
    arms: bool,
    rows: Vec<Row>,
    pages: Option<Vec<Choice>>,
}

struct Row {
    href: String,
    id: String,
    site: String,
    steps: Vec<StepCell>,
    arm: String,
    state: Mark,
    overdue: usize,
    queries: usize,
}

struct StepCell {
    number: String,
    on: String,
}

/// States by which the list is narrowed: value in the address, message key.
const STATES: &[(&str, &str)] = &[
    ("", "state-any"),
    ("overdue", "state-overdue"),
    ("queried", "state-queried"),
    ("consented", "state-consented"),
    ("registered", "state-registered"),
    ("allocated", "state-allocated"),
    ("off-treatment", "state-off-treatment"),
    ("withdrawn", "state-withdrawn"),
    ("ineligible", "state-ineligible"),
    ("ended", "state-ended"),
];

/// Overdue forms and open queries by participant.
pub(crate) struct Counts {
    pub overdue: BTreeMap<ParticipantId, usize>,
    pub queries: BTreeMap<ParticipantId, usize>,
}

pub(crate) fn counts(view: &View<'_>, day: Date) -> Counts {
    let mut counts = Counts { overdue: BTreeMap::new(), queries: BTreeMap::new() };
    for overdue in view.overdue(day).iter() {
        *counts.overdue.entry(overdue.participant).or_default() += 1;
    }
    for query in view.queries() {
        if query.status == QueryStatus::Open {
            *counts.queries.entry(query.participant).or_default() += 1;
        }
    }
    counts
}

/// The one word for where a participant stands, and its value in the address.
pub(crate) fn standing(ask: &Ask, view: &View<'_>, p: &ParticipantView<'_>) -> (&'static str, Mark) {
    let protocol = &view.protocol().protocol;
    let ended = protocol
        .facts
        .iter()
        .filter(|(_, fact)| fact.ends)
        .any(|(id, _)| matches!(p.fact(id), conduct::FactFound::On(_) | conduct::FactFound::Within(_)));
    let (value, key, shape) = if p.withdrawals().next().is_some() {
        ("withdrawn", "state-withdrawn", "stop")
    } else if !p.ineligible().is_empty() {
        ("ineligible", "state-ineligible", "no")
    } else if ended {
        ("ended", "state-ended", "stop")
    } else if p.off_treatment().is_some() {
        ("off-treatment", "state-off-treatment", "none")
    } else if protocol.steps.iter().any(|(id, s)| s.allocate.is_some() && p.registration(id).is_some()) {
        ("allocated", "state-allocated", "done")
    } else if protocol.steps.keys().any(|id| p.registration(id).is_some()) {
        ("registered", "state-registered", "due")
    } else {
        ("consented", "state-consented", "")
    };
    (value, Mark::new(shape, ask.t.say(key)))
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeParticipants)?;
        let (t, lang) = (ask.t, ask.t.0);
        let view = ask.view()?;
        let protocol = &view.protocol().protocol;
        let counts = counts(&view, ask.day());
        let (site, state, find) = (ask.asked("site"), ask.asked("state"), ask.asked("find").trim());
        let arms = ask.may(Action::SeeArm) && !protocol.allocation.is_empty();
        let at_site = |p: &&ParticipantView<'_>| site.is_empty() || p.site().as_str() == site;
        let named = |p: &&ParticipantView<'_>| {
            let number = |n| {
                p.id().0 == n
                    || protocol.steps.keys().any(|s| p.registration(s).is_some_and(|r| r.number == n))
            };
            find.is_empty() || find.parse::<u32>().is_ok_and(number)
        };
        let fits = |p: &&ParticipantView<'_>| match state {
            "" => true,
            "overdue" => counts.overdue.contains_key(&p.id()),
            "queried" => counts.queries.contains_key(&p.id()),
            // For it the forms are read: only of those who are left.
            other => standing(&ask, &view, &p.afresh()).0 == other,
        };
        let all = view.participants().par_iter();
        let found: Vec<&ParticipantView<'_>> = all.filter(at_site).filter(named).filter(fits).collect();
        let at = ask.asked("page").parse::<usize>().unwrap_or(1).max(1);
        let pages = found.len().div_ceil(PAGE);
        let mut rows = Vec::new();
        for p in found.iter().skip((at - 1) * PAGE).take(PAGE) {
            rows.push(Row {
                href: ask.to(&format!("participants/{}", p.id())),
                id: p.id().to_string(),
                site: ask.site_name(p.site()),
                steps: protocol
                    .steps
                    .keys()
                    .map(|step| match p.registration(step) {
                        Some(r) => StepCell { number: r.number.to_string(), on: r.on.to_string() },
                        None => StepCell { number: String::new(), on: String::new() },
                    })
                    .collect(),
                arm: protocol
                    .allocation
                    .keys()
                    .filter_map(|a| p.arm(a))
                    .map(|arm| arm_name(lang, protocol, arm.as_str()))
                    .collect::<Vec<_>>()
                    .join(" / "),
                state: standing(&ask, &view, p).1,
                overdue: counts.overdue.get(&p.id()).copied().unwrap_or(0),
                queries: counts.queries.get(&p.id()).copied().unwrap_or(0),
            });
        }
        let more = |n: &str| {
            ask.to_with("participants", &[("site", site), ("state", state), ("find", find), ("page", n)])
        };
        let mut sites: Vec<Choice> =
            view.sites().iter().map(|s| Choice::new(s.id.as_str(), t.of(&s.site.name), site)).collect();
        sites.sort_by(|a, b| a.label.cmp(&b.label));
        render(&ListPage {
            s: Shell::of(&ask, "participants"),
            action: ask.to_bare("participants"),
            hidden: ask.kept(),
            sites,
            states: STATES.iter().map(|(value, key)| Choice::new(value, &t.say(key), state)).collect(),
            find: find.to_owned(),
            found: t.count("found-n", &found.len()).into_owned(),
            steps: protocol.steps.values().map(|s| name(lang, &s.ja, &s.en).to_owned()).collect(),
            arms,
            rows,
            pages: (pages > 1).then(|| {
                (1..=pages)
                    .map(|n| Choice { value: more(&n.to_string()), label: n.to_string(), chosen: n == at })
                    .collect()
            }),
        })
    })
    .await
}
