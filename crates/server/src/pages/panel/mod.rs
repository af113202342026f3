//! The expert panel's case on one screen: what is known, what follows here and now, and what is missing.

mod case;
pub(crate) mod registry;

use crate::App;
use crate::ask::blocking;
use crate::desk::{Case, desk};
use crate::error::Trouble;
use crate::shell::{Shell, page as render, page_with};
use crate::tongue::Tongue;
use askama::Template;
use axum::extract::{Form as Posted, OriginalUri, Path, Query as Asked, State};
use axum::http::StatusCode;
use axum::response::Response;
use case::CasePage;
use jiff::civil::Date;
use panel::{Place, Problem, Profile, Query};
use serde::Deserialize;
use words::Lang;

#[derive(Template)]
#[template(path = "panel.html")]
struct DeskPage {
    s: Shell,
    banner: String,
    release: String,
    cases: Vec<CaseRow>,
    action: String,
    as_of: String,
    places: Vec<PlaceShown>,
    profile: String,
    problems: Vec<String>,
    registries: Vec<registry::Held>,
}

struct CaseRow {
    href: String,
    title: String,
    as_of: String,
    place: String,
}

/// One jurisdiction to choose.
pub(crate) struct PlaceShown {
    pub code: &'static str,
    pub name: String,
    pub chosen: bool,
}

/// What is asked beside the case: the day, the place, and what could be known.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Moment {
    /// A study's page has `on`: there `as_of` is a position of the ledger.
    #[serde(default, alias = "on")]
    pub as_of: String,
    #[serde(default)]
    pub place: String,
    #[serde(default)]
    pub known_at: String,
    #[serde(default)]
    pub profile: String,
}

impl Moment {
    /// The question, and what of it could not be read. What is left out is what the case was written for.
    fn query(&self, t: Tongue, as_of: Date, place: Place) -> (Query, Vec<String>) {
        let mut faults = Vec::new();
        let mut day = |text: &str, or: Option<Date>| match text.trim() {
            "" => or,
            text => text.parse().ok().or_else(|| {
                faults.push(t.with("panel-no-day", text).into_owned());
                or
            }),
        };
        let as_of = day(&self.as_of, Some(as_of)).unwrap_or(as_of);
        let known_at = day(&self.known_at, None);
        let place = match self.place.as_str() {
            "" => place,
            code => Place::from_code(code).unwrap_or_else(|| {
                faults.push(t.with("panel-no-place", code).into_owned());
                place
            }),
        };
        (Query { as_of, place, known_at }, faults)
    }
}

fn tongue(tag: &str) -> Result<Tongue, Trouble> {
    Lang::ALL.into_iter().find(|l| l.tag() == tag).map(Tongue).ok_or(Trouble::Missing)
}

pub(crate) fn places(t: Tongue, chosen: Place) -> Vec<PlaceShown> {
    Place::ALL
        .into_iter()
        .map(|place| PlaceShown { code: place.code(), name: place_name(t, place), chosen: place == chosen })
        .collect()
}

pub(crate) fn place_name(t: Tongue, place: Place) -> String {
    t.say(match place {
        Place::Jp => "panel-place-jp",
        Place::Us => "panel-place-us",
        Place::Eu => "panel-place-eu",
    })
    .into_owned()
}

fn told(t: Tongue, problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|p| p.told(t.0)).collect()
}

/// The example cases, and a place to put one's own.
pub(crate) async fn page(
    State(app): State<App>,
    Path(tag): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Trouble> {
    let t = tongue(&tag)?;
    blocking(move || {
        let mut page = first(t, uri.path(), String::new(), Vec::new())?;
        page.registries = registry::held(&app, t);
        render(&page)
    })
    .await
}

fn first(t: Tongue, path: &str, profile: String, problems: Vec<String>) -> Result<DeskPage, Trouble> {
    let desk = desk()?;
    let home = format!("/{}/panel", t.tag());
    let release = &desk.knowledge;
    Ok(DeskPage {
        s: Shell::bare(t, path),
        banner: t.of(&panel::banner()).to_owned(),
        release: t.with2("panel-release", &release.version, &release.complete_to.to_string()).into_owned(),
        cases: desk
            .cases
            .iter()
            .map(|case| CaseRow {
                href: format!("{home}/{}", case.name),
                title: t.of(&case.title).to_owned(),
                as_of: case.as_of.to_string(),
                place: place_name(t, case.place),
            })
            .collect(),
        action: format!("{home}/own"),
        as_of: release.complete_to.to_string(),
        places: places(t, Place::Jp),
        profile,
        problems,
        registries: Vec::new(),
    })
}

/// One of the example cases at any day in any place.
pub(crate) async fn example(
    Path((tag, name)): Path<(String, String)>,
    Asked(moment): Asked<Moment>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Trouble> {
    let t = tongue(&tag)?;
    blocking(move || {
        let desk = desk()?;
        let case: &Case = desk.cases.iter().find(|c| c.name == name).ok_or(Trouble::Missing)?;
        let (query, faults) = moment.query(t, case.as_of, case.place);
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let mut page = CasePage::new(t, path, t.of(&case.title), &desk.knowledge, &case.profile, query);
        page.action = uri.path().to_owned();
        page.problems.extend(faults);
        let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        page_with(status, &page)
    })
    .await
}

/// A profile that was put in. It is answered and not kept: the next question carries it again.
pub(crate) async fn own(
    Path(tag): Path<String>,
    OriginalUri(uri): OriginalUri,
    Posted(moment): Posted<Moment>,
) -> Result<Response, Trouble> {
    let t = tongue(&tag)?;
    blocking(move || {
        let desk = desk()?;
        let (query, faults) = moment.query(t, desk.knowledge.complete_to, Place::Jp);
        let home = format!("/{}/panel", t.tag());
        let profile = match Profile::from_json(&moment.profile) {
            Ok(profile) => profile,
            Err(problems) => {
                let page = first(t, &home, moment.profile.clone(), told(t, &problems))?;
                return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
            }
        };
        let title = t.say("panel-own-case");
        let mut page = CasePage::new(t, &home, &title, &desk.knowledge, &profile, query);
        page.action = uri.path().to_owned();
        page.own = Some(moment.profile.clone());
        page.problems.extend(faults);
        let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        page_with(status, &page)
    })
    .await
}
