//! What moves with the cut-off: as a part of the overview, and as JSON for the slider.

use super::Line;
use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::figures;
use crate::told;
use crate::tongue::Tongue;
use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use conduct::{Action, View};
use jiff::civil::Date;
use protocol::What;
use std::collections::BTreeMap;
use std::sync::Arc;
use words::Arg;

/// Sites shown in the table of overdue forms.
const SITES: usize = 12;

#[derive(Template)]
#[template(path = "moves.html")]
struct Moves<'a> {
    t: Tongue,
    accrual: String,
    accrual_args: Vec<(&'a str, Arg<'a>)>,
    survival: Option<Curve>,
    closed: Option<String>,
    registered: Vec<Line>,
    overdue: Vec<Overdue>,
    overdue_rest: Option<String>,
}

struct Curve {
    title: String,
    svg: String,
}

struct Overdue {
    href: String,
    site: String,
    participants: String,
    forms: String,
    longest: String,
}

/// `GET /api/{study}/moment?cutoff=…&as_of=…&lang=…`: numbers, result rows and the same part of the page as HTML. Made
/// once for everyone who sees the same.
pub(crate) async fn moment(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeStudy)?;
        let day = ask.day();
        // The links in it carry the cut-off and position that were asked for.
        let part = format!("moment {} {} {:?}", ask.t.tag(), ask.cutoff_asked, ask.as_of);
        let body = ask.study.cached(&ask.picture, day, &ask.viewer, (&part, 1), || tell_moment(&ask, day))?;
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let fresh = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(([json, fresh], body.to_string()).into_response())
    })
    .await
}

fn tell_moment(ask: &Ask, day: Date) -> Result<String, Trouble> {
    let view = ask.view_at(Some(day))?;
    let overdue = overdue(ask, &view, day);
    let html = kept_moves_with(ask, &view, day, || overdue.clone())?;
    let steps = view.protocol().protocol.steps.keys();
    let registered: BTreeMap<&String, u32> = steps.map(|s| (s, view.registrations(s))).collect();
    let body = serde_json::json!({
        "study": ask.study.name,
        "cutoff": day.to_string(),
        "seq": ask.picture.state.head.seq,
        "head": ask.picture.state.head.hash.to_string(),
        "registered": registered,
        "overdue": overdue.values().map(|o| o.forms).sum::<usize>(),
        "overdue_by_site": overdue.iter().map(|(site, o)| (site.to_string(), o.forms)).collect::<BTreeMap<_, _>>(),
        "html": &*html,
    });
    serde_json::to_string(&body).map_err(|e| Trouble::Broken(e.to_string()))
}

#[derive(Clone, Default)]
struct OverdueCount {
    forms: usize,
    longest: i64,
}

fn overdue(ask: &Ask, view: &View<'_>, day: Date) -> OverdueBySite {
    let mut by_site = OverdueBySite::new();
    if !ask.may(Action::SeeParticipants) {
        return by_site;
    }
    for overdue in view.overdue(day).iter() {
        let count = by_site.entry(overdue.site.clone()).or_default();
        count.forms += 1;
        count.longest = count.longest.max(i64::from(overdue.days));
    }
    by_site
}

type OverdueBySite = BTreeMap<conduct::SiteId, OverdueCount>;

/// As [`moves`], made once for everyone who sees the same.
pub(crate) fn kept_moves(ask: &Ask, view: &View<'_>, day: Date) -> Result<Arc<String>, Trouble> {
    kept_moves_with(ask, view, day, || overdue(ask, view, day))
}

fn kept_moves_with(
    ask: &Ask,
    view: &View<'_>,
    day: Date,
    overdue: impl FnOnce() -> OverdueBySite,
) -> Result<Arc<String>, Trouble> {
    let part = format!("moves {} {} {:?}", ask.t.tag(), ask.cutoff_asked, ask.as_of);
    ask.study.cached(&ask.picture, day, &ask.viewer, (&part, 1), || moves(ask, view, overdue()))
}

/// Registrations at each step up to `day`.
pub(crate) fn registered(ask: &Ask, view: &View<'_>) -> Vec<Line> {
    let protocol = &view.protocol().protocol;
    let planned = &protocol.accrual;
    protocol
        .steps
        .iter()
        .map(|(id, step)| {
            let n = view.registrations(id);
            Line {
                label: told::name(ask.t.0, &step.ja, &step.en).to_owned(),
                value: ask.t.n(&n),
                of: (planned.step == *id).then(|| ask.t.count("planned-n", &planned.planned).into_owned()),
                href: Some(ask.to("participants")),
            }
        })
        .collect()
}

/// The part of the overview that the slider replaces.
fn moves(ask: &Ask, view: &View<'_>, overdue: OverdueBySite) -> Result<String, Trouble> {
    let day = view.cutoff().unwrap_or_else(|| ask.day());
    let compiled = ask.protocol()?.clone();
    let protocol = &compiled.protocol;
    let (t, lang) = (ask.t, ask.t.0);
    let participants = view.participants();
    let mut accrual = String::new();
    let mut survival = None;
    for (id, planned) in &protocol.analyses {
        match &planned.what {
            What::Accrual if accrual.is_empty() => {
                accrual = figures::accrual(view, id, lang);
            }
            What::Survival(_)
                if survival.is_none()
                    && planned.primary
                    && ask.may(Action::SeeResultsByArm)
                    && view.results_by_arm().is_ok() =>
            {
                let title = told::name(lang, &planned.ja, &planned.en).to_owned();
                survival = Some(Curve { title, svg: figures::survival(view, id, lang) });
            }
            _ => {}
        }
    }
    let closed = view
        .results_by_arm()
        .err()
        .map(|refusal| refusal.reasons.iter().map(|r| t.of(&r.text)).collect::<Vec<_>>().join(" "));
    let mut by_site: Vec<_> = overdue.into_iter().collect();
    by_site.sort_by(|a, b| b.1.forms.cmp(&a.1.forms).then_with(|| a.0.cmp(&b.0)));
    let rest = by_site.len().saturating_sub(SITES);
    let step = told::step_name(lang, protocol, &protocol.accrual.step);
    let day_text = day.to_string();
    let n = view.registrations(&protocol.accrual.step);
    let moves = Moves {
        t,
        accrual,
        accrual_args: vec![
            ("day", Arg::from(&day_text)),
            ("step", Arg::from(&step)),
            ("n", Arg::from(n)),
            ("planned", Arg::from(protocol.accrual.planned)),
        ],
        survival,
        closed,
        registered: registered(ask, view),
        overdue: by_site
            .into_iter()
            .take(SITES)
            .map(|(site, count)| Overdue {
                href: ask.to_with("participants", &[("site", site.as_str()), ("state", "overdue")]),
                participants: t.n(&participants.iter().filter(|p| *p.site() == site).count()),
                site: ask.site_name(&site),
                forms: t.n(&count.forms),
                longest: t.n(&count.longest),
            })
            .collect(),
        overdue_rest: (rest > 0).then(|| t.count("further-sites", &rest).into_owned()),
    };
    Ok(moves.render()?)
}
