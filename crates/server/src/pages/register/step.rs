//! The form of one step: filled, judged, confirmed, registered.

use super::super::enter::{
    Correction, Sheet, changes, correction, correction_faults, on_behalf, present, sheets,
};
use super::super::links::participant;
use super::super::{Because, because};
use super::consent::{Consent, consent_form, day_or};
use super::verdict::{Judged, digest, judged};
use crate::ask::{Ask, blocking, execute, segment};
use crate::error::Trouble;
use crate::fields::{self, Fault, Field, Typed, Widget};
use crate::shell::{Shell, page_with};
use crate::told;
use askama::Template;
use axum::extract::Form as Posted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use conduct::{Action, Assessment, Command, FormKey, TrialError};
use protocol::Item;
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "step.html")]
struct StepPage {
    s: Shell,
    book: String,
    participant: String,
    title: String,
    faults: Vec<Fault>,
    refused: Vec<Because>,
    consent: Option<Consent>,
    verdict: Option<Judged>,
    action: String,
    token: String,
    judged: String,
    on: Field,
    sections: Vec<Sheet>,
    correction: Option<Correction>,
}

/// What a step's page shows beside the form.
#[derive(Default)]
struct Shown {
    typed: Option<Typed>,
    faults: Vec<Fault>,
    refused: Vec<Because>,
    assessed: Option<(Assessment, String)>,
}

pub(crate) async fn step(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || show_step(&ask, StatusCode::OK, Shown::default())).await
}

fn show_step(ask: &Ask, status: StatusCode, with: Shown) -> Result<Response, Trouble> {
    ask.must(Action::Register)?;
    let t = ask.t;
    let view = ask.view()?;
    let p = &participant(ask, &view)?;
    let protocol = &view.protocol().protocol;
    let id = ask.part("step")?;
    let step = protocol.steps.get(id).ok_or(Trouble::Missing)?;
    if p.registration(id).is_some() {
        let to = ask.to_bare(&format!("participants/{}/registered/{}", p.id(), segment(id)));
        return Ok(Redirect::to(&to).into_response());
    }
    ask.must_be_now()?;
    let key = FormKey::once(&step.form);
    let form = protocol.forms.get(&step.form).ok_or(Trouble::Missing)?;
    let items: Vec<&Item> = form.items().collect();
    let typed = match with.typed {
        Some(typed) => typed,
        None => fields::type_out(&items, &present(p.filled(&key))),
    };
    let consent = match &step.consent {
        Some(document)
            if !p.consents().any(|c| c.document == *document) && ask.may_now(Action::GiveConsent) =>
        {
            Some(consent_form(ask, &view, document, Some(p), &Typed::new(), &[])?)
        }
        _ => None,
    };
    let (judged, verdict) = match &with.assessed {
        Some((assessment, digest)) => (digest.clone(), Some(judged(ask, &view, step, assessment))),
        None => (String::new(), None),
    };
    let on_typed = day_or(&typed, "registered_on", ask.today());
    let page = StepPage {
        s: Shell::of(ask, "register"),
        book: ask.to_bare(&format!("participants/{}", p.id())),
        participant: format!(
            "{} · {}",
            t.with("participant-n", &p.id().to_string()),
            ask.site_name(p.site())
        ),
        title: t.with2("register-at", told::name(t.0, &step.ja, &step.en), &p.id().to_string()).into_owned(),
        refused: with.refused,
        consent,
        verdict,
        action: ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id))),
        token: match typed.get("token") {
            Some(token) => token.clone(),
            None => ask.new_token()?,
        },
        judged,
        on: Field {
            t,
            name: "registered_on".into(),
            number: None,
            label: t.say("registration-day").into_owned(),
            required: true,
            unit: None,
            note: None,
            widget: Widget::Day(fields::day(t, "registered_on", false, &on_typed)),
            missing: Vec::new(),
            error: with.faults.iter().find(|f| f.name == "registered_on").map(|f| f.what.clone()),
            tells: Vec::new(),
        },
        sections: sheets(ask, &view, Some(p), &key, &typed, &with.faults),
        correction: correction(ask, &view, p, &key, &typed, &with.faults),
        faults: with.faults,
    };
    page_with(status, &page)
}

pub(crate) async fn submit(ask: Ask, Posted(mut typed): Posted<Typed>) -> Result<Response, Trouble> {
    ask.must_be_now()?;
    ask.must(Action::Register)?;
    let t = ask.t;
    let id = ask.part("step")?.to_owned();
    let (who, step_form) = {
        let view = ask.view()?;
        let p = &participant(&ask, &view)?;
        let step = view.protocol().protocol.steps.get(&id).ok_or(Trouble::Missing)?;
        (p.id(), step.form.clone())
    };
    let to = ask.to_bare(&format!("participants/{who}/registered/{}", segment(&id)));
    let mut context =
        ask.context(typed.get("token").map_or("", String::as_str), typed.get("reason").map(String::as_str))?;
    context.on_behalf = on_behalf(&ask, &typed)?;
    if ask.study.repeated(&context).is_some() {
        return Ok(Redirect::to(&to).into_response());
    }
    if let Some(group) = typed.get("add").cloned() {
        fields::add_record(&group, &mut typed);
        let with = Shown { typed: Some(typed), ..Shown::default() };
        return blocking(move || show_step(&ask, StatusCode::OK, with)).await;
    }
    let compiled = ask.protocol()?.clone();
    let form = compiled.protocol.forms.get(&step_form).ok_or(Trouble::Missing)?;
    let items: Vec<&Item> = form.items().collect();
    let (mut values, mut faults) = match fields::read(t, &items, &typed) {
        Ok(values) => (values, Vec::new()),
        Err(faults) => (BTreeMap::new(), faults),
    };
    let on = fields::read_date(t, "registered_on", false, &typed).map(|d| d.and_then(|d| d.day()));
    let on_fault = match &on {
        Ok(Some(_)) => None,
        Ok(None) => Some(t.say("fault-required").into_owned()),
        Err(what) => Some(what.clone()),
    };
    if let Some(what) = on_fault {
        faults.push(Fault {
            name: "registered_on".into(),
            label: t.say("registration-day").into_owned(),
            what,
        });
    }
    let (Ok(Some(on)), true) = (on, faults.is_empty()) else {
        let with = Shown { typed: Some(typed), faults, ..Shown::default() };
        return blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await;
    };
    let digest = digest(on, &values)?;
    // Only what changes is sent; a form that an earlier attempt filled is corrected, with a reason.
    {
        let view = ask.view()?;
        let p = &participant(&ask, &view)?;
        let filled = p.filled(&FormKey::once(&step_form));
        values = changes(form, &present(filled), values);
        faults.extend(correction_faults(&ask, filled, &values, &typed));
    }
    if !faults.is_empty() {
        let with = Shown { typed: Some(typed), faults, ..Shown::default() };
        return blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await;
    }
    let values: conduct::Values = values.into_iter().map(|(i, v)| (i.as_str().into(), v)).collect();
    let assessment = {
        let picture = ask.study.now();
        let adopted = &picture.adopted;
        conduct::assess(adopted, &picture.state, who, &id, on, &values, &context)
    };
    let assessment = match assessment {
        Ok(assessment) => assessment,
        Err(refusal) => {
            let refused = because(t, &refusal.reasons);
            let with = Shown { typed: Some(typed), refused, ..Shown::default() };
            return blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await;
        }
    };
    let asked = typed.get("do").is_some_and(|d| d == "register");
    let confirmed = typed.get("confirmed").is_some_and(|c| c == "yes");
    let same = typed.get("judged").is_some_and(|j| *j == digest);
    if !asked || !confirmed || !same {
        let mut faults = Vec::new();
        if asked {
            let key = if same { "fault-confirm" } else { "fault-judged-changed" };
            faults.push(Fault {
                name: "verdict".into(),
                label: t.say("outcome").into_owned(),
                what: t.say(key).into_owned(),
            });
        }
        let status = if asked { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let with =
            Shown { typed: Some(typed), faults, assessed: Some((assessment, digest)), ..Shown::default() };
        return blocking(move || show_step(&ask, status, with)).await;
    }
    let command =
        Command::Register { participant: who, step: id.as_str().into(), on, values, confirmed: true };
    match execute(&ask.study, command, context).await {
        Ok(_) => Ok(Redirect::to(&to).into_response()),
        Err(TrialError::Refused(refusal)) => {
            let refused = because(t, &refusal.reasons);
            let with = Shown { typed: Some(typed), refused, ..Shown::default() };
            blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await
        }
        Err(other) => Err(other.into()),
    }
}
