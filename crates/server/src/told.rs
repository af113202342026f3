//! Events, outcomes and states in the reader's words.

use crate::ask::Ask;
use crate::tongue::Tongue;
use conduct::{Action, Event, FormId, FormKey, FormStatus, Outcome, Query, QueryStatus, VisitId};
use protocol::Protocol;
use words::{Lang, Text};

/// A state as a word with a shape; the shape is a class of the stylesheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub shape: &'static str,
    pub word: String,
}

impl Mark {
    pub fn new(shape: &'static str, word: impl Into<String>) -> Mark {
        Mark { shape, word: word.into() }
    }
}

/// The Japanese or English name of something that carries both.
pub fn name<'a>(lang: Lang, ja: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Ja => ja,
        Lang::En => en,
    }
}

/// A span of time as people say it: "2 months", 「2か月」.
pub fn duration(t: Tongue, span: rules::Duration) -> String {
    let (years, months) = (span.months / 12, span.months % 12);
    let parts = [("span-years", years), ("span-months", months), ("span-days", span.days)];
    let told: Vec<_> = parts.iter().filter(|(_, n)| *n != 0).map(|(key, n)| t.count(key, n)).collect();
    if told.is_empty() { t.count("span-days", &0).into_owned() } else { told.join(" ") }
}

pub fn step_name(lang: Lang, protocol: &Protocol, step: &str) -> String {
    protocol.steps.get(step).map_or_else(|| step.to_owned(), |s| name(lang, &s.ja, &s.en).to_owned())
}

pub fn form_name(lang: Lang, protocol: &Protocol, form: &FormId) -> String {
    protocol
        .forms
        .get(form.as_str())
        .map_or_else(|| form.to_string(), |f| name(lang, &f.ja, &f.en).to_owned())
}

pub fn visit_name(lang: Lang, protocol: &Protocol, visit: &VisitId) -> String {
    protocol
        .schedule
        .get(visit.as_str())
        .map_or_else(|| visit.to_string(), |v| name(lang, &v.ja, &v.en).to_owned())
}

/// Form, visit and number of one filling.
pub fn key_name(lang: Lang, protocol: &Protocol, key: &FormKey) -> String {
    let mut out = form_name(lang, protocol, &key.form);
    if let Some(visit) = &key.visit {
        let visit = visit_name(lang, protocol, visit);
        if visit != out {
            out = format!("{out} · {visit}");
        }
    }
    if key.number > 1 || protocol.forms.get(key.form.as_str()).is_some_and(|f| f.repeats) {
        out.push_str(&format!(" #{}", key.number));
    }
    out
}

pub fn arm_name(lang: Lang, protocol: &Protocol, arm: &str) -> String {
    protocol.arms.get(arm).map_or_else(|| arm.to_owned(), |a| format!("{arm} {}", name(lang, &a.ja, &a.en)))
}

pub fn approval_name(lang: Lang, protocol: &Protocol, approval: &str) -> String {
    protocol
        .approvals
        .get(approval)
        .map_or_else(|| approval.to_owned(), |a| name(lang, &a.ja, &a.en).to_owned())
}

pub fn form_mark(ask: &Ask, status: Option<FormStatus>) -> Mark {
    let t = ask.t;
    match status {
        None => Mark::new("", t.say("form-empty")),
        Some(FormStatus::Incomplete) => Mark::new("due", t.say("form-incomplete")),
        Some(FormStatus::Complete) => Mark::new("done", t.say("form-complete")),
        Some(FormStatus::NotApplicable) => Mark::new("none", t.say("form-not-applicable")),
    }
}

pub fn query_mark(ask: &Ask, query: &Query) -> Mark {
    match query.status {
        QueryStatus::Open => Mark::new("open", ask.t.say("query-open")),
        QueryStatus::Answered => Mark::new("answered", ask.t.say("query-answered")),
        QueryStatus::Closed => Mark::new("done", ask.t.say("query-closed")),
    }
}

pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Eligible => "eligible",
        Outcome::Ineligible => "ineligible",
        Outcome::CannotTell => "cannot_tell",
    }
}

pub fn outcome_shape(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Eligible => "yes",
        Outcome::Ineligible => "no",
        Outcome::CannotTell => "unsure",
    }
}

/// One sentence for an event. The arm is named only for those who may see arms.
pub fn event(ask: &Ask, protocol: &Protocol, event: &Event) -> String {
    let (t, lang) = (ask.t, ask.t.0);
    let own = |text: &Text| t.of(text).to_owned();
    let step = |s: &conduct::StepId| step_name(lang, protocol, s.as_str());
    let form = |f: &FormKey| key_name(lang, protocol, f);
    let role = |r: &conduct::Role| t.say(&crate::tongue::role_key(*r)).into_owned();
    let (kind, x, y): (&str, String, String) = match event {
        Event::StudyOpened { .. } => ("study_opened", String::new(), String::new()),
        Event::ProtocolAdopted { version, .. } => ("protocol_adopted", version.clone(), String::new()),
        Event::AccrualHeld { step: s } => ("accrual_held", step(s), String::new()),
        Event::AccrualReleased { step: s } => ("accrual_released", step(s), String::new()),
        Event::LookHeld { cutoff, .. } => ("look_held", cutoff.to_string(), String::new()),
        Event::SeedRevealed { allocation, .. } => ("seed_revealed", allocation.to_string(), String::new()),
        Event::ClockWentBack { by_seconds } => ("clock_went_back", by_seconds.to_string(), String::new()),
        Event::SiteJoined { name, .. } => ("site_joined", own(name), String::new()),
        Event::ApprovalRecorded { site, approval, .. } => {
            ("approval_recorded", ask.site_name(site), approval_name(lang, protocol, approval))
        }
        Event::RoleGranted { name, role: r, .. } => ("role_granted", own(name), role(r)),
        Event::RoleRevoked { person, role: r, .. } => ("role_revoked", ask.person(person.as_str()), role(r)),
        Event::DataImported { name, rows, .. } => ("data_imported", name.clone(), t.n(rows)),
        Event::ParticipantImported { participant, key, .. } => {
            ("participant_imported", participant.to_string(), key.clone())
        }
        Event::AllocationImported { participant, arm, .. } => {
            ("allocation_imported", participant.to_string(), arm_name(lang, protocol, arm.as_str()))
        }
        Event::ConsentGiven { participant, .. } => ("consent_given", participant.to_string(), String::new()),
        Event::ConsentWithdrawn { participant, .. } => {
            ("consent_withdrawn", participant.to_string(), String::new())
        }
        Event::Registered(r) => {
            ("registered", r.participant.to_string(), format!("{} {}", step(&r.step), r.number))
        }
        Event::RegistrationRefused { participant, step: s, .. } => {
            ("registration_refused", participant.to_string(), step(s))
        }
        Event::RegistrationCancelled { participant, step: s, number } => {
            ("registration_cancelled", participant.to_string(), format!("{} {number}", step(s)))
        }
        Event::Allocated(a) if ask.may(Action::SeeArm) => {
            ("allocated-arm", a.participant.to_string(), arm_name(lang, protocol, a.arm.as_str()))
        }
        Event::Allocated(a) => ("allocated", a.participant.to_string(), String::new()),
        Event::FoundIneligible { participant, criterion, .. } => {
            ("found_ineligible", participant.to_string(), criterion.clone())
        }
        Event::OffTreatment { participant, .. } => ("off_treatment", participant.to_string(), String::new()),
        Event::FormSaved { participant, form: f, .. } => ("form_saved", participant.to_string(), form(f)),
        Event::FormCompleted { participant, form: f } => ("form_completed", participant.to_string(), form(f)),
        Event::FormReopened { participant, form: f } => ("form_reopened", participant.to_string(), form(f)),
        Event::FormNotApplicable { participant, form: f } => {
            ("form_not_applicable", participant.to_string(), form(f))
        }
        Event::QueryRaised { participant, query, .. } => {
            ("query_raised", participant.to_string(), query.0.to_string())
        }
        Event::QueryAnswered { query, .. } => ("query_answered", query.0.to_string(), String::new()),
        Event::QueryReturned { query, .. } => ("query_returned", query.0.to_string(), String::new()),
        Event::QueryClosed { query } => ("query_closed", query.0.to_string(), String::new()),
        Event::LetterAdopted(a) => {
            ("letter_adopted", format!("{} {}", a.letter.kind, a.letter.lang), a.version.to_string())
        }
        Event::LetterCommented { .. } => ("letter_commented", String::new(), String::new()),
        Event::LetterSigned { .. } => ("letter_signed", String::new(), String::new()),
        Event::LetterIssued { .. } => ("letter_issued", String::new(), String::new()),
        Event::LetterAsked { participant, .. } => ("letter_asked", participant.to_string(), String::new()),
        Event::LetterHandedOver { participant, .. } => {
            ("letter_handed_over", participant.to_string(), String::new())
        }
    };
    t.with2(&format!("told-{kind}"), &x, &y).into_owned()
}
