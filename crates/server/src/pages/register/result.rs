//! After registration: number and arm; or, when the last attempt did not register, why.

use super::super::because;
use super::super::book::expectation;
use super::super::links::participant;
use super::verdict::{CriterionShown, Judged, criterion, rank, verdict_class};
use crate::ask::{Ask, blocking, segment};
use crate::error::Trouble;
use crate::shell::{Shell, page_with};
use crate::told;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use conduct::{Action, Expectation, Outcome as Verdict, ParticipantView, View};
use protocol::Step;

#[derive(Template)]
#[template(path = "registered.html")]
struct ResultPage {
    s: Shell,
    book: String,
    participant: String,
    title: String,
    result: Outcome,
    again: String,
}

enum Outcome {
    Registered(Registered),
    Refused(Judged),
}

struct Registered {
    number_label: String,
    number: String,
    arm: Option<String>,
    on: String,
    entry: Option<String>,
    seq: String,
    replay: Option<String>,
    next: Vec<Next>,
}

struct Next {
    visit: String,
    form: String,
    due: String,
}

/// The number and the arm; or, when the last attempt did not register, why.
pub(crate) async fn registered(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeParticipants)?;
        let t = ask.t;
        let view = ask.view()?;
        let p = &participant(&ask, &view)?;
        let protocol = &view.protocol().protocol;
        let id = ask.part("step")?;
        let step = protocol.steps.get(id).ok_or(Trouble::Missing)?;
        let name = told::name(t.0, &step.ja, &step.en);
        let result = match p.registration(id) {
            Some(r) => Outcome::Registered(number_and_arm(&ask, &view, p, step, name, r)),
            None => {
                let attempts = view.attempts();
                let last = attempts.iter().rev().find(|a| a.participant == p.id() && a.step.as_str() == id);
                let a = last.ok_or(Trouble::Missing)?;
                let blocked = a.outcome == Verdict::Eligible;
                let key = if blocked { "blocked" } else { told::outcome_name(a.outcome) };
                let mut shown: Vec<(usize, CriterionShown)> = a
                    .criteria
                    .iter()
                    .filter(|c| c.outcome != Verdict::Eligible)
                    .map(|c| (rank(c.outcome), criterion(&ask, &view, step, c, None)))
                    .collect();
                shown.sort_by_key(|(rank, _)| *rank);
                Outcome::Refused(Judged {
                    class: verdict_class(a.outcome, blocked),
                    shape: if blocked { "no" } else { told::outcome_shape(a.outcome) },
                    word: t.say(&format!("verdict-{key}")).into_owned(),
                    what: t.say("refused-recorded").into_owned(),
                    reasons: because(t, &a.reasons),
                    criteria: shown.into_iter().map(|(_, c)| c).collect(),
                    may_register: false,
                    confirm: String::new(),
                    button: String::new(),
                })
            }
        };
        let page = ResultPage {
            s: Shell::of(&ask, "register"),
            book: ask.to(&format!("participants/{}", p.id())),
            participant: format!(
                "{} · {}",
                t.with("participant-n", &p.id().to_string()),
                ask.site_name(p.site())
            ),
            title: t.with2("register-at", name, &p.id().to_string()).into_owned(),
            result,
            again: ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id))),
        };
        page_with(StatusCode::OK, &page)
    })
    .await
}

fn number_and_arm(
    ask: &Ask,
    view: &View<'_>,
    p: &ParticipantView<'_>,
    step: &Step,
    name: &str,
    r: &conduct::Registration,
) -> Registered {
    let t = ask.t;
    let protocol = &view.protocol().protocol;
    let allocation = step.allocate.as_deref();
    let next = p
        .expected(ask.cutoff.unwrap_or_else(|| ask.today()))
        .into_iter()
        .filter(|e| {
            matches!(e.status, Expectation::NotYetDue | Expectation::Due | Expectation::Overdue { .. })
        })
        .map(|e| Next {
            visit: told::visit_name(t.0, protocol, &e.visit),
            form: format!("{} · {}", told::form_name(t.0, protocol, &e.form.form), expectation(ask, &e).word),
            due: e.due.to_string(),
        })
        .collect();
    Registered {
        number_label: t.with("number-of-step", name).into_owned(),
        number: r.number.to_string(),
        arm: allocation.and_then(|a| p.arm(a)).map(|arm| told::arm_name(t.0, protocol, arm.as_str())),
        on: r.on.to_string(),
        entry: ask.may(Action::SeeLedger).then(|| ask.to(&format!("ledger/{}", r.seq))),
        seq: t.n(&r.seq),
        replay: allocation
            .filter(|a| ask.may(Action::SeeReplay) && p.arm(a).is_some())
            .map(|a| ask.to(&format!("participants/{}/allocation/{}", p.id(), segment(a)))),
        next,
    }
}
