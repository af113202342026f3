//! The panel's cases that a served study holds: its participants, judged from what its forms say.

use super::case::CasePage;
use super::{Moment, told};
use crate::App;
use crate::ask::{Ask, blocking, segment};
use crate::desk::desk;
use crate::error::Trouble;
use crate::pages::links::participant;
use crate::shell::{Shell, page_with};
use askama::Template;
use axum::extract::Query as Asked;
use axum::http::StatusCode;
use axum::response::Response;
use conduct::{Action, ParticipantView, View};
use panel::registry::{FormValues, from_forms, holds_cases};
use panel::{Place, Problem, Profile};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "panel_registry.html")]
struct RegistryPage {
    s: Shell,
    banner: String,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    name: String,
    site: String,
    subtype: String,
    her2: String,
    missing: String,
    problem: bool,
}

/// A study whose forms hold cases for the panel.
pub(super) struct Held {
    pub href: String,
    pub name: String,
    pub title: String,
}

pub(super) fn held(app: &App, t: crate::tongue::Tongue) -> Vec<Held> {
    let mut out = Vec::new();
    for study in app.studies() {
        let picture = study.now();
        let Some(current) = picture.adopted.current(&picture.state) else { continue };
        if holds_cases(&current.protocol.forms) {
            out.push(Held {
                href: format!("/{}/panel/of/{}", t.tag(), segment(&study.name)),
                name: study.name.clone(),
                title: t.of(&current.protocol.title).to_owned(),
            });
        }
    }
    out
}

/// The profile of a participant, from the forms that this viewer sees.
fn profile(view: &View<'_>, p: &ParticipantView<'_>) -> Result<Profile, Vec<Problem>> {
    let forms = &view.protocol().protocol.forms;
    let mut values: BTreeMap<String, FormValues> = BTreeMap::new();
    for (id, form) in forms.iter().filter(|(id, f)| !f.repeats && !view.protocol().protocol.repeats(id)) {
        for (_, record) in p.records(id) {
            let own = form.items().map(|i| i.id.clone()).zip(record.iter().cloned());
            values.entry(id.clone()).or_default().extend(own);
        }
    }
    from_forms(&values, forms)
}

fn must_hold(ask: &Ask) -> Result<(), Trouble> {
    ask.must(Action::SeeParticipants)?;
    if holds_cases(&ask.protocol()?.protocol.forms) { Ok(()) } else { Err(Trouble::Missing) }
}

/// All cases of a study.
pub(crate) async fn list(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        must_hold(&ask)?;
        let (t, view, knowledge) = (ask.t, ask.view()?, &desk()?.knowledge);
        let home = format!("/{}/panel/of/{}", t.tag(), segment(&ask.study.name));
        let mut rows = Vec::new();
        let steps = &view.protocol().protocol.steps;
        let registered = |p: &&ParticipantView<'_>| steps.keys().any(|step| p.registration(step).is_some());
        for p in view.participants().iter().filter(registered) {
            let query = panel::Query { as_of: ask.today(), place: Place::Jp, known_at: None };
            let answer = profile(&view, p).and_then(|profile| knowledge.patient(&profile, query.as_of));
            let mut row = Row {
                href: format!("{home}/{}", p.id()),
                name: t.with("participant-n", &p.id().to_string()).into_owned(),
                site: ask.site_name(p.site()),
                subtype: String::new(),
                her2: String::new(),
                missing: String::new(),
                problem: answer.is_err(),
            };
            if let Ok(patient) = answer {
                let options = knowledge.view(query).options(&patient);
                row.subtype = super::case::subtype(t, options.subtype);
                row.her2 = super::case::code(t, "her2", options.her2_category);
                row.missing = super::case::inputs(t, &options.missing.subtype).join("; ");
            }
            rows.push(row);
        }
        let page = RegistryPage { s: Shell::of(&ask, ""), banner: t.of(&panel::banner()).to_owned(), rows };
        page_with(StatusCode::OK, &page)
    })
    .await
}

/// One case of a study, on any day in any place.
pub(crate) async fn case(ask: Ask, Asked(moment): Asked<Moment>) -> Result<Response, Trouble> {
    blocking(move || {
        must_hold(&ask)?;
        let (t, view, knowledge) = (ask.t, ask.view()?, &desk()?.knowledge);
        let p = &participant(&ask, &view)?;
        let (query, faults) = moment.query(t, ask.today(), Place::Jp);
        let title = format!("{} · {}", t.with("participant-n", &p.id().to_string()), ask.study.name);
        let path = ask.uri.path_and_query().map_or("/", |p| p.as_str());
        let (profile, wrong) = match profile(&view, p) {
            Ok(profile) => (profile, Vec::new()),
            Err(problems) => (Profile::default(), told(t, &problems)),
        };
        let mut page = CasePage::new(t, path, &title, knowledge, &profile, query);
        if !wrong.is_empty() {
            page.told = None;
            page.problems = wrong;
        }
        page.problems.extend(faults);
        page.s = Shell::of(&ask, "participants");
        page.action = ask.uri.path().to_owned();
        page.day_name = "on";
        page.back = Some(format!("/{}/panel/of/{}", t.tag(), segment(&ask.study.name)));
        page.book = Some(ask.to_bare(&format!("participants/{}", p.id())));
        page.json = serde_json::to_string_pretty(&profile.to_json()).ok();
        let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        page_with(status, &page)
    })
    .await
}
