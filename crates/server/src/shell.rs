//! The frame of every page: which study, what data, up to when, seen by whom, in which language.

use crate::ask::Ask;
use crate::error::Trouble;
use crate::tongue::Tongue;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use conduct::Nature;
use jiff::civil::Date;
use words::Lang;

/// The pages of a study that the frame links, in order: path below the study, message key.
const WAYS: &[(&str, &str)] = &[
    ("", "way-overview"),
    ("participants", "way-participants"),
    ("register", "way-register"),
    ("queries", "way-queries"),
    ("sites", "way-sites"),
    ("report", "way-report"),
    ("letters", "way-letters"),
    ("ledger", "way-ledger"),
];

pub struct Shell {
    pub t: Tongue,
    pub home: String,
    pub tongues: Vec<OtherTongue>,
    pub study: Option<Frame>,
}

pub struct OtherTongue {
    pub tag: &'static str,
    pub name: &'static str,
    pub href: String,
    pub current: bool,
}

/// The frame's part about the study.
pub struct Frame {
    pub name: String,
    pub title: String,
    pub nature: Option<NatureTold>,
    pub ways: Vec<Way>,
    pub cutoff: Option<String>,
    pub seq: String,
    pub head: String,
    pub past: bool,
    pub moved: bool,
    pub now_href: String,
    pub viewer: String,
    pub act_as: String,
    pub back: String,
    pub cast: Vec<Person>,
}

pub struct NatureTold {
    pub name: &'static str,
    pub what: &'static str,
}

pub struct Way {
    pub href: String,
    pub key: &'static str,
    pub n: Option<String>,
    pub current: bool,
}

pub struct Person {
    pub key: String,
    pub name: String,
    pub role: String,
    pub current: bool,
}

/// How a language calls itself.
fn own_name(lang: Lang) -> &'static str {
    match lang {
        Lang::Ja => "日本語",
        Lang::En => "English",
    }
}

/// The same address in every language. `path` begins with the language's tag.
pub fn tongues(lang: Lang, path_and_query: &str) -> Vec<OtherTongue> {
    let rest = path_and_query.trim_start_matches('/');
    let rest = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    Lang::ALL
        .into_iter()
        .map(|other| OtherTongue {
            tag: other.tag(),
            name: own_name(other),
            href: format!("/{}{rest}", other.tag()),
            current: other == lang,
        })
        .collect()
}

pub fn nature_key(nature: Nature) -> &'static str {
    match nature {
        Nature::Real => "nature-real",
        Nature::Simulated => "nature-simulated",
        Nature::Completed => "nature-completed",
    }
}

fn nature_told(nature: Nature) -> NatureTold {
    let what = match nature {
        Nature::Real => "nature-real-what",
        Nature::Simulated => "nature-simulated-what",
        Nature::Completed => "nature-completed-what",
    };
    NatureTold { name: nature_key(nature), what }
}

impl Shell {
    /// A page that belongs to no study.
    pub fn bare(t: Tongue, path_and_query: &str) -> Shell {
        Shell { t, home: format!("/{}", t.tag()), tongues: tongues(t.0, path_and_query), study: None }
    }

    /// A page of a study. `way` is the path of the frame's link to be marked, such as `participants`.
    pub fn of(ask: &Ask, way: &str) -> Shell {
        let t = ask.t;
        let state = &ask.picture.state;
        let here = ask.uri.path_and_query().map_or("/", |p| p.as_str());
        let ways = WAYS
            .iter()
            .filter(|(path, _)| ask.may_open(path))
            .map(|(path, key)| Way { href: ask.to(path), key, n: None, current: *path == way })
            .collect();
        let cast = ask
            .cast()
            .into_iter()
            .map(|viewer| Person {
                key: crate::ask::cast_key(&viewer),
                name: ask.person(viewer.person.as_str()),
                role: ask.role(viewer.role, viewer.site.as_ref()),
                current: viewer == ask.viewer,
            })
            .collect();
        let head = state.head.hash.to_string();
        let frame = Frame {
            name: ask.study.name.clone(),
            title: ask.title(),
            nature: state.nature().map(nature_told),
            ways,
            cutoff: ask.cutoff.map(|d| t.day(&d)),
            seq: t.n(&state.head.seq),
            head: head.chars().take(8).collect(),
            past: ask.is_past(),
            moved: ask.cutoff_asked || ask.is_past(),
            now_href: ask.uri.path().to_owned(),
            viewer: format!(
                "{} ({})",
                ask.person(ask.viewer.person.as_str()),
                ask.role(ask.viewer.role, ask.viewer.site.as_ref())
            ),
            act_as: ask.to_bare("act-as"),
            back: here.to_owned(),
            cast,
        };
        Shell { t, home: ask.to(""), tongues: tongues(t.0, here), study: Some(frame) }
    }
}

impl Shell {
    /// The frame names the day that the page stands at although the address does not.
    pub fn at_day(mut self, day: Date) -> Shell {
        if let Some(frame) = &mut self.study {
            frame.cutoff = Some(day.to_string());
        }
        self
    }
}

/// A rendered page. Nothing of a study is ever kept by a browser or a proxy.
pub fn page(template: &impl Template) -> Result<Response, Trouble> {
    page_with(StatusCode::OK, template)
}

pub fn page_with(status: StatusCode, template: &impl Template) -> Result<Response, Trouble> {
    let html = template.render()?;
    Ok((
        status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")],
        html,
    )
        .into_response())
}

#[derive(Template)]
#[template(path = "trouble.html")]
pub struct TroublePage {
    pub s: Shell,
    pub title: &'static str,
    pub what: &'static str,
    pub detail: Option<String>,
    pub code: &'static str,
    pub status: String,
}
