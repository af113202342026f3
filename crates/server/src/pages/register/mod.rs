//! Registration: who may come to which step, then consent, verdict, number and arm.

mod consent;
mod result;
mod step;
mod verdict;

pub(crate) use consent::consent;
pub(crate) use result::registered;
pub(crate) use step::{step, submit};

use super::Because;
use crate::ask::{Ask, blocking, segment};
use crate::error::Trouble;
use crate::fields::{Fault, Typed};
use crate::shell::{Shell, page_with};
use crate::told;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use conduct::{Action, ParticipantId, ParticipantView, View};
use consent::{Consent, consent_form};
use jiff::civil::Date;
use protocol::Step;

/// Candidates shown for one step.
const CANDIDATES: usize = 20;

#[derive(Template)]
#[template(path = "register.html")]
struct StartPage {
    s: Shell,
    faults: Vec<Fault>,
    refused: Vec<Because>,
    steps: Vec<StepShown>,
}

struct StepShown {
    title: String,
    about: String,
    held: Option<String>,
    consent: Option<Consent>,
    candidates: Vec<Candidate>,
    rest: Option<String>,
}

struct Candidate {
    href: String,
    id: String,
    site: String,
    since: String,
    window: String,
    attempt: String,
}

/// Whether this participant may come to `step` today: the step before was passed, its window is open, and nothing
/// has ended it. Papers, consent and criteria are judged when registration is asked for.
pub(crate) fn may_come(ask: &Ask, view: &View<'_>, p: &ParticipantView<'_>, id: &str) -> bool {
    let protocol = &view.protocol().protocol;
    let Some(step) = protocol.steps.get(id) else { return false };
    if p.registration(id).is_some() || p.withdrawals().next().is_some() {
        return false;
    }
    let open = since(p, step)
        .is_some_and(|since| window(step, since).is_none_or(|(_, to)| to.is_none_or(|to| ask.today() <= to)));
    // Facts last: for them the forms are read.
    let ends = |fact: &String| matches!(p.fact(fact), conduct::FactFound::On(_));
    open && !protocol.facts.iter().any(|(fact, f)| f.ends && ends(fact))
}

/// The day from which the step counts: the registration before it, or the first consent.
pub(super) fn since(p: &ParticipantView<'_>, step: &Step) -> Option<Date> {
    match &step.after {
        Some(after) => p.registration(after).map(|r| r.on),
        None => p.consents().next().map(|c| c.on),
    }
}

/// First and last day on which the step is open.
fn window(step: &Step, since: Date) -> Option<(Date, Option<Date>)> {
    let window = step.window.as_ref()?;
    let from = window.from.and_then(|d| d.add_to(since)).unwrap_or(since);
    Some((from, window.to.and_then(|d| d.add_to(since))))
}

/// Participants who may come to `step`, those whose window closes first at the top.
pub(crate) fn candidates(ask: &Ask, view: &View<'_>, step: &str) -> Vec<ParticipantId> {
    let Some(found) = view.protocol().protocol.steps.get(step) else { return Vec::new() };
    let mut all: Vec<(Option<Date>, ParticipantId)> = view
        .participants()
        .iter()
        .filter(|p| may_come(ask, view, p, step))
        .map(|p| (since(p, found).and_then(|s| window(found, s)).and_then(|(_, to)| to), p.id()))
        .collect();
    all.sort_by_key(|(to, id)| (to.is_none(), *to, *id));
    all.into_iter().map(|(_, id)| id).collect()
}

pub(crate) async fn start(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || show_start(&ask, StatusCode::OK, &Typed::new(), Vec::new(), Vec::new())).await
}

pub(super) fn show_start(
    ask: &Ask,
    status: StatusCode,
    typed: &Typed,
    faults: Vec<Fault>,
    refused: Vec<Because>,
) -> Result<Response, Trouble> {
    ask.must(Action::Register)?;
    let t = ask.t;
    let view = ask.view()?;
    let protocol = &view.protocol().protocol;
    let attempts = view.attempts();
    let mut steps = Vec::new();
    for (id, step) in &protocol.steps {
        let all = candidates(ask, &view, id);
        let shown = all.iter().take(CANDIDATES).filter_map(|p| view.participant(*p)).map(|p| {
            let since = since(&p, step);
            let open = since.and_then(|s| window(step, s));
            let last = attempts.iter().rev().find(|a| a.participant == p.id() && a.step.as_str() == id);
            Candidate {
                href: ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id))),
                id: p.id().to_string(),
                site: ask.site_name(p.site()),
                since: since.map(|d| d.to_string()).unwrap_or_default(),
                window: open
                    .map(|(from, to)| format!("{from} – {}", to.map(|d| d.to_string()).unwrap_or_default()))
                    .unwrap_or_default(),
                attempt: last
                    .map(|a| t.say(&format!("criterion-{}", told::outcome_name(a.outcome))).into_owned())
                    .unwrap_or_default(),
            }
        });
        let shown: Vec<Candidate> = shown.collect();
        let registered = view.registrations(id);
        let mut about = match step.cap {
            Some(cap) => t.with2("step-cap", &t.n(&registered), &t.n(&cap)).into_owned(),
            None => t.with("step-count", &t.n(&registered)).into_owned(),
        };
        if let (Some(after), Some(window)) = (&step.after, &step.window) {
            let span = |d: Option<rules::Duration>| d.map(|d| told::duration(t, d)).unwrap_or_default();
            let span = format!("{} – {}", span(window.from), span(window.to));
            about = format!(
                "{about} · {}",
                t.with2("step-window", &told::step_name(t.0, protocol, after), &span)
            );
        }
        let rest = all.len().saturating_sub(shown.len());
        let consent = match &step.consent {
            Some(document) if step.after.is_none() && ask.may_now(Action::GiveConsent) => {
                Some(consent_form(ask, &view, document, None, typed, &faults)?)
            }
            _ => None,
        };
        steps.push(StepShown {
            title: told::name(t.0, &step.ja, &step.en).to_owned(),
            about,
            held: view.held().any(|s| s.as_str() == id).then(|| t.say("accrual-held").into_owned()),
            consent,
            candidates: shown,
            rest: (rest > 0).then(|| t.count("further-candidates", &rest).into_owned()),
        });
    }
    page_with(status, &StartPage { s: Shell::of(ask, "register"), faults, refused, steps })
}
