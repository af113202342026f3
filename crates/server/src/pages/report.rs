//! The report at a cut-off: a page around it, and the report itself as a document of its own.

use super::list::day as day_of;
use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::pages::overview::slider;
use crate::pages::results::{analysis_href, key_href, whole};
use crate::shell::{Shell, page as render};
use askama::Template;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conduct::Action;
use ledger::Hash;

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    s: Shell,
    action: String,
    day: String,
    position: String,
    head: u64,
    document: String,
    results: String,
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let day = day_of(&ask);
        let m = slider(&ask, day);
        render(&ReportPage {
            s: Shell::of(&ask, "report").at_day(day),
            action: ask.to_bare("report"),
            day: m.day,
            position: m.position,
            head: m.head,
            document: ask.to("report/document"),
            results: ask.to("results"),
        })
    })
    .await
}

/// The report stands alone with its style inside: its policy allows exactly that style, by its digest, and the digits
/// that it carries.
fn policy(html: &str) -> String {
    let styles = html.split("<style>").skip(1).filter_map(|rest| rest.split("</style>").next());
    let digests: Vec<String> =
        styles.map(|style| format!("'sha256-{}'", STANDARD.encode(Hash::of(style.as_bytes()).0))).collect();
    let style = if digests.is_empty() { "'none'".to_owned() } else { digests.join(" ") };
    format!(
        "default-src 'none'; style-src {style}; font-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'"
    )
}

pub(crate) async fn document(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let day = day_of(&ask);
        // The ways to rows keep what the address names of cut-off and position.
        let asked = (ask.cutoff_asked, ask.as_of.is_some());
        let key = format!("report {} {asked:?}", ask.t.tag());
        let html = ask.study.cached(&ask.picture, day, &ask.viewer, (&key, 4), || {
            let view = ask.view_at(Some(day))?;
            let found = whole(&ask, &view, day)?;
            let row = |key: &str| key_href(&ask, key, None);
            let analysis = |id: &str| analysis_href(&ask, id);
            let ways = ::report::Ways { row: &row, analysis: &analysis };
            Ok::<_, Trouble>(::report::html_with(&found, view.protocol(), ask.t.0, &ways))
        })?;
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy(&html)),
        ];
        Ok((headers, html.as_str().to_owned()).into_response())
    })
    .await
}
