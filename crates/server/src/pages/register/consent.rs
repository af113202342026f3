//! Consent: site, version of the document, day, and who explained.

use super::super::because;
use super::show_start;
use crate::ask::{Ask, blocking, execute, segment};
use crate::error::Trouble;
use crate::fields::{self, Choice, Fault, Field, Typed, Widget};
use crate::told;
use axum::extract::Form as Posted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use conduct::{
    Action, Answer, Command, ParticipantId, ParticipantView, Reach, Role, SiteId, TrialError, View,
};
use jiff::civil::Date;

pub(crate) struct Consent {
    pub action: String,
    pub token: String,
    pub fields: Vec<Field>,
}

/// The fields of a consent: site, document version, day, and who explained.
pub(super) fn consent_form(
    ask: &Ask,
    view: &View<'_>,
    document: &str,
    of: Option<&ParticipantView<'_>>,
    typed: &Typed,
    faults: &[Fault],
) -> Result<Consent, Trouble> {
    let t = ask.t;
    let get = |name: &str| typed.get(name).map_or("", String::as_str);
    let own = match ask.reach(Action::GiveConsent) {
        Reach::Everything => None,
        _ => ask.viewer.site.as_ref(),
    };
    let only = of.map(|p| p.site()).or(own);
    let mut sites: Vec<Choice> = view
        .sites()
        .iter()
        .filter(|s| only.is_none_or(|own| own == s.id))
        .map(|s| Choice::new(s.id.as_str(), t.of(&s.site.name), get("site")))
        .collect();
    if let [one] = sites.as_mut_slice() {
        one.chosen = true;
    }
    let mut versions: Vec<Choice> = view
        .protocol()
        .protocol
        .documents
        .get(document)
        .map(|d| d.versions.keys().map(|v| Choice::new(v, v, get("version"))).collect())
        .unwrap_or_default();
    if let (true, Some(last)) = (get("version").is_empty(), versions.last_mut()) {
        last.chosen = true;
    }
    let explainers = view
        .people()
        .iter()
        .filter(|(_, person)| {
            person.roles.iter().any(|(role, site)| {
                matches!(role, Role::Investigator | Role::Coordinator)
                    && only.is_none_or(|own| site.as_ref() == Some(own))
            })
        })
        .map(|(id, person)| {
            let at: Vec<String> =
                person.roles.iter().filter_map(|(_, s)| s.as_ref()).map(|s| ask.site_name(s)).collect();
            Choice::new(
                id.as_str(),
                &format!("{} · {}", t.of(&person.name), at.join(" / ")),
                get("explained_by"),
            )
        })
        .collect();
    let name = view.protocol().protocol.documents.get(document);
    let note = name.map(|d| told::name(t.0, &d.ja, &d.en).to_owned());
    let field = |name: &str, key: &str, widget: Widget, note: Option<String>| Field {
        t,
        name: name.to_owned(),
        number: None,
        label: t.say(key).into_owned(),
        required: true,
        unit: None,
        note,
        widget,
        missing: Vec::new(),
        error: faults.iter().find(|f| f.name == name).map(|f| f.what.clone()),
        tells: Vec::new(),
    };
    let on = Widget::Day(fields::day(t, "on", false, &day_or(typed, "on", ask.today())));
    Ok(Consent {
        action: match of {
            Some(p) => {
                ask.to_bare(&format!("register?participant={}&document={}", p.id(), segment(document)))
            }
            None => ask.to_bare(&format!("register?document={}", segment(document))),
        },
        token: ask.new_token()?,
        fields: vec![
            field("site", "consent-site", Widget::Pick(sites), None),
            field("version", "consent-version", Widget::Pick(versions), note),
            field("on", "consent-on", on, None),
            field("explained_by", "consent-by", Widget::Pick(explainers), None),
        ],
    })
}

/// What was typed for a day, or this day.
pub(super) fn day_or(typed: &Typed, name: &str, day: Date) -> Typed {
    if typed.keys().any(|k| k.starts_with(&format!("{name}."))) {
        return typed.clone();
    }
    let mut out = typed.clone();
    for (part, text) in ["y", "m", "d"].iter().zip(day.to_string().split('-')) {
        out.insert(format!("{name}.{part}"), text.to_owned());
    }
    out
}

/// Records a consent and goes on to the form of the first step that asks for it.
pub(crate) async fn consent(ask: Ask, Posted(typed): Posted<Typed>) -> Result<Response, Trouble> {
    ask.must_be_now()?;
    ask.must(Action::GiveConsent)?;
    let t = ask.t;
    let document = ask.asked("document").to_owned();
    let participant = match ask.asked("participant") {
        "" => None,
        id => {
            let id = ParticipantId(id.parse().map_err(|_| Trouble::Missing)?);
            ask.view()?.participant(id).ok_or(Trouble::Missing)?;
            Some(id)
        }
    };
    let protocol = ask.protocol()?.clone();
    let step = protocol.protocol.steps.iter().find(|(_, s)| s.consent.as_deref() == Some(&document));
    let (first, _) = step.ok_or(Trouble::Missing)?;
    let mut faults = Vec::new();
    let mut need = |name: &str, key: &str| {
        let text = typed.get(name).map_or("", |v| v.trim());
        if text.is_empty() {
            faults.push(Fault {
                name: name.to_owned(),
                label: t.say(key).into_owned(),
                what: t.say("fault-required").into_owned(),
            });
        }
        text.to_owned()
    };
    let (site, version, by) = (
        need("site", "consent-site"),
        need("version", "consent-version"),
        need("explained_by", "consent-by"),
    );
    let on = fields::read_date(t, "on", false, &typed);
    let on = match on.map(|d| d.and_then(|d| d.day())) {
        Ok(Some(day)) => Some(day),
        Ok(None) => {
            need("on", "consent-on");
            None
        }
        Err(what) => {
            faults.push(Fault { name: "on".into(), label: t.say("consent-on").into_owned(), what });
            None
        }
    };
    let (Some(on), true) = (on, faults.is_empty()) else {
        return blocking(move || {
            show_start(&ask, StatusCode::UNPROCESSABLE_ENTITY, &typed, faults, Vec::new())
        })
        .await;
    };
    let command = Command::GiveConsent {
        site: SiteId::from(site.as_str()),
        participant,
        document,
        version,
        on,
        explained_by: by.as_str().into(),
    };
    let context = ask.context(typed.get("token").map_or("", String::as_str), None)?;
    match execute(&ask.study, command, context).await {
        Ok(done) => {
            let id = match (done.answer, participant) {
                (Answer::Participant(id), _) | (_, Some(id)) => id,
                _ => return Err(Trouble::Broken("a consent without a participant".into())),
            };
            let to = ask.to_bare(&format!("participants/{id}/register/{}", segment(first)));
            Ok(Redirect::to(&to).into_response())
        }
        Err(TrialError::Refused(refusal)) => {
            let refused = because(t, &refusal.reasons);
            blocking(move || show_start(&ask, StatusCode::UNPROCESSABLE_ENTITY, &typed, Vec::new(), refused))
                .await
        }
        Err(other) => Err(other.into()),
    }
}
