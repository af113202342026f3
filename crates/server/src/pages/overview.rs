//! Where the study stands, what waits, what changed; and the cut-off that moves the figures.

use super::{Line, Wait, ledger};
use crate::App;
use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::pages::api;
use crate::shell::{Shell, nature_key, page as render};
use crate::told;
use crate::tongue::Tongue;
use askama::Template;
use axum::extract::{OriginalUri, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use conduct::{Action, QueryStatus, Role, View};
use jiff::civil::Date;
use words::Lang;

/// Entries under "what changed".
const CHANGES: usize = 5;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    s: Shell,
    title: String,
    summary: Option<String>,
    where_am_i: Vec<Line>,
    waits: Vec<Wait>,
    changed: Vec<ledger::Row>,
    m: Slider,
    moves: String,
}

/// The cut-off slider and its plain form.
pub(crate) struct Slider {
    pub action: String,
    pub api: String,
    pub day: String,
    pub first: String,
    pub last: String,
    pub span: i32,
    pub offset: i32,
    pub position: String,
    pub head: u64,
}

#[derive(Template)]
#[template(path = "studies.html")]
struct StudiesPage {
    s: Shell,
    rows: Vec<StudyRow>,
}

struct StudyRow {
    href: String,
    name: String,
    title: String,
    nature: String,
    entries: String,
}

/// All studies of this server; with a single one, its overview.
pub(crate) async fn studies(
    State(app): State<App>,
    Path(tag): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Trouble> {
    let lang = Lang::ALL.into_iter().find(|l| l.tag() == tag).ok_or(Trouble::Missing)?;
    let t = Tongue(lang);
    let href = |name: &str| format!("/{lang}/{}", crate::ask::segment(name));
    let studies: Vec<_> = app.studies().collect();
    if let [only] = studies.as_slice() {
        return Ok(Redirect::to(&href(&only.name)).into_response());
    }
    let rows = studies
        .into_iter()
        .map(|study| {
            let now = study.now();
            let title = now.adopted.current(&now.state).map(|c| t.of(&c.protocol.title).to_owned());
            StudyRow {
                href: href(&study.name),
                name: study.name.clone(),
                title: title.unwrap_or_default(),
                nature: now.state.nature().map(|n| t.say(nature_key(n)).into_owned()).unwrap_or_default(),
                entries: t.n(&now.state.head.seq),
            }
        })
        .collect();
    render(&StudiesPage { s: Shell::bare(t, uri.path()), rows })
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeStudy)?;
        let protocol = ask.protocol()?.clone();
        let (t, lang) = (ask.t, ask.t.0);
        let day = ask.day();
        let view = ask.view_at(Some(day))?;
        let changed = match ask.may(Action::SeeLedger) {
            true => ledger::latest(&ask, ask.picture.state.head.seq + 1, CHANGES)?.0,
            false => Vec::new(),
        };
        let summary = &protocol.protocol.summary;
        render(&OverviewPage {
            s: Shell::of(&ask, "").at_day(day),
            title: t.of(&protocol.protocol.title).to_owned(),
            summary: (!summary.is_empty()).then(|| summary.get(lang).to_owned()),
            where_am_i: where_am_i(&ask, &view),
            waits: kept_waits(&ask, &view, day)?,
            changed,
            m: slider(&ask, day),
            moves: api::kept_moves(&ask, &view, day)?.to_string(),
        })
    })
    .await
}

/// Registrations at each step up to `day`, sites, and the day of the latest entry.
fn where_am_i(ask: &Ask, view: &View<'_>) -> Vec<Line> {
    let t = ask.t;
    let mut lines = api::registered(ask, view);
    let sites = view.sites();
    let with = sites.iter().filter(|s| !s.registered.is_empty()).count();
    lines.push(Line {
        label: t.say("sites-registering").into_owned(),
        value: t.n(&with),
        of: Some(t.count("sites-of-n", &sites.len()).into_owned()),
        href: Some(ask.to("sites")),
    });
    lines.push(Line {
        label: t.say("data-up-to").into_owned(),
        value: String::new(),
        of: Some(ask.last_day().to_string()),
        href: None,
    });
    lines
}

/// As [`waits`], made once for everyone for whom the same waits.
fn kept_waits(ask: &Ask, view: &View<'_>, day: Date) -> Result<Vec<Wait>, Trouble> {
    let broken = |e: serde_json::Error| Trouble::Broken(e.to_string());
    let part = format!("waits {} {} {:?} {}", ask.t.tag(), ask.cutoff_asked, ask.as_of, ask.today());
    let kept = ask.study.cached(&ask.picture, day, &ask.viewer, (&part, 1), || {
        serde_json::to_string(&waits(ask, view)?).map_err(broken)
    })?;
    serde_json::from_str(&kept).map_err(broken)
}

/// What this person can do next.
fn waits(ask: &Ask, view: &View<'_>) -> Result<Vec<Wait>, Trouble> {
    let t = ask.t;
    let mut waits = Vec::new();
    let mut add = |n: usize, text: &dyn Fn(usize) -> String, path: &str, more: &[(&str, &str)]| {
        if n > 0 {
            waits.push(Wait { text: text(n), href: ask.to_with(path, more) });
        }
    };
    if ask.may(Action::SeeParticipants) {
        let overdue = view.overdue(ask.day()).len();
        add(overdue, &|n| t.count("wait-overdue", &n).into_owned(), "participants", &[("state", "overdue")]);
        let queries = view.queries();
        let count = |status| queries.iter().filter(|q| q.status == status).count();
        if matches!(ask.viewer.role, Role::DataManager | Role::Monitor) {
            let answered = count(QueryStatus::Answered);
            add(answered, &|n| t.count("wait-answers", &n).into_owned(), "queries", &[("state", "answered")]);
        }
        let open = count(QueryStatus::Open);
        add(open, &|n| t.count("wait-queries", &n).into_owned(), "queries", &[("state", "open")]);
    }
    if ask.may(Action::Register) {
        for (id, step) in &view.protocol().protocol.steps {
            let n = super::register::candidates(ask, view, id).len();
            let name = told::name(t.0, &step.ja, &step.en);
            let text =
                |n: usize| t.fill("wait-register", &[("n", n.into()), ("x", name.into())]).into_owned();
            add(n, &text, "register", &[]);
        }
    }
    if ask.may(Action::RecordApproval) {
        let lacking = super::sites::lacking(ask, view);
        add(lacking, &|n| t.count("wait-approvals", &n).into_owned(), "sites", &[]);
    }
    Ok(waits)
}

/// From the first day of accrual or registration to the last day of the ledger.
pub(crate) fn slider(ask: &Ask, day: Date) -> Slider {
    let last = ask.last_day();
    let opened = ask.picture.state.opening.as_ref().map_or(last, |o| ask.picture.state.day(o.at));
    let planned = ask.protocol().map_or(opened, |c| c.protocol.accrual.from);
    let first = opened.min(planned).min(last);
    let days = |to: Date| (to - first).get_days();
    Slider {
        action: ask.to_bare(""),
        api: format!("/api/{}/moment", crate::ask::segment(&ask.study.name)),
        day: day.to_string(),
        first: first.to_string(),
        last: last.to_string(),
        span: days(last),
        offset: days(day.clamp(first, last)),
        position: ask.as_of.map(|n| n.to_string()).unwrap_or_default(),
        head: ask.study.now().state.head.seq,
    }
}
