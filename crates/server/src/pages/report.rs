//! The report at a cut-off: a page around it, and the report itself as a document of its own.

use super::links::{analysis_href, files, key_href};
use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::figures;
use crate::pages::overview::slider;
use crate::pages::results::whole;
use crate::shell::{Shell, page as render};
use askama::Template;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conduct::Action;
use jiff::civil::Date;
use ledger::Hash;
use report::TypesetError;

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
    /// The whole report as files: name and address.
    files: Vec<(String, String)>,
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let day = ask.day();
        let m = slider(&ask, day);
        render(&ReportPage {
            s: Shell::of(&ask, "report").at_day(day),
            action: ask.to_bare("report"),
            day: m.day,
            position: m.position,
            head: m.head,
            document: ask.to("report/document"),
            results: ask.to("results"),
            files: files(&ask, "report", &["pdf", "xlsx", "csv", "json"]),
        })
    })
    .await
}

/// The same as links in a document of its own.
fn linked(files: &[(String, String)]) -> String {
    let link = |(name, href): &(String, String)| {
        format!("<a href=\"{}\" target=\"_top\">{name}</a>", href.replace('&', "&amp;"))
    };
    files.iter().map(link).collect::<Vec<_>>().join(" ")
}

/// The report stands alone with its style inside: its policy allows exactly that style, by its digest, and the digits
/// that it carries.
pub(crate) fn policy(html: &str) -> String {
    let styles = html.split("<style>").skip(1).filter_map(|rest| rest.split("</style>").next());
    let digests: Vec<String> =
        styles.map(|style| format!("'sha256-{}'", STANDARD.encode(Hash::of(style.as_bytes()).0))).collect();
    let style = if digests.is_empty() { "'none'".to_owned() } else { digests.join(" ") };
    format!(
        "default-src 'none'; style-src {style}; font-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'"
    )
}

/// Under each figure the files of it. A scene names its title by its own id and `-t`.
fn with_drawings(ask: &Ask, html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 4096);
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("aria-labelledby=\"") {
        out.push_str(before);
        out.push_str("aria-labelledby=\"");
        rest = after;
        let id = after.split_once("-t ").map(|(id, _)| id).filter(|id| is_id(id));
        let (Some(id), Some(end)) = (id, after.find("</figure>")) else { continue };
        out.push_str(&after[..end]);
        let drawing = linked(&files(ask, id, &["svg", "png"]));
        out.push_str(&format!("<p class=\"note\">{} {drawing}</p>", ask.t.say("figure-as-file")));
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

/// What a scene or an analysis is called: nothing in it needs quoting.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

pub(crate) async fn document(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let day = ask.day();
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
        Ok((headers, with_drawings(&ask, &html)).into_response())
    })
    .await
}

/// A file that is kept, not shown.
pub(crate) fn kept(kind: &'static str, name: &str, bytes: Vec<u8>) -> Result<Response, Trouble> {
    let clean: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let named = HeaderValue::from_str(&format!("attachment; filename=\"{clean}\""));
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_DISPOSITION, named.map_err(|_| Trouble::Missing)?),
    ];
    Ok((headers, bytes).into_response())
}

/// Without the program there is no such file; anything else that fails is told.
pub(crate) fn not_set(e: TypesetError) -> Trouble {
    match e {
        TypesetError::Absent => Trouble::Missing,
        other => Trouble::Broken(other.to_string()),
    }
}

/// The report, one of its figures, or the rows of one analysis as a file to be kept.
pub(crate) async fn file(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let (stem, end) = ask.part("file")?.rsplit_once('.').ok_or(Trouble::Missing)?;
        let day = ask.day();
        let name = |results: &analysis::Results| format!("{}-{day}-{stem}.{end}", results.study);
        if ["csv", "json"].contains(&end) {
            let results = rows(&ask, day, stem)?;
            let (kind, bytes) = match end {
                "csv" => ("text/csv; charset=utf-8", report::csv(&results).into_bytes()),
                _ => (
                    "application/json",
                    serde_json::to_vec_pretty(&results).map_err(|e| Trouble::Broken(e.to_string()))?,
                ),
            };
            return kept(kind, &name(&results), bytes);
        }
        let lang = ask.t.0;
        let (document, results) = figures::document(&ask.view_at(Some(day))?, lang);
        let scene = || document.figures().map(|f| &f.scene).find(|s| s.id == stem).ok_or(Trouble::Missing);
        let (kind, bytes) = match (stem, end) {
            ("report", "pdf") => {
                ("application/pdf", figures::typeset(|t| t.pdf(&document)).map_err(not_set)?.bytes)
            }
            ("report", "xlsx") => (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                report::workbook(&document, Some(&results)).map_err(|e| Trouble::Broken(e.to_string()))?,
            ),
            (_, "svg") => ("image/svg+xml", scene()?.svg_file(lang).into_bytes()),
            (_, "png") => {
                let scene = scene()?;
                ("image/png", figures::typeset(|t| t.png(scene, lang, 2.0)).map_err(not_set)?)
            }
            _ => return Err(Trouble::Missing),
        };
        kept(kind, &name(&results), bytes)
    })
    .await
}

/// The rows of all analyses (`report`), or of one, with what they are a function of.
fn rows(ask: &Ask, day: Date, of: &str) -> Result<analysis::Results, Trouble> {
    let view = ask.view_at(Some(day))?;
    if of == "report" {
        return Ok(analysis::analyse(&view));
    }
    if !ask.protocol()?.protocol.analyses.contains_key(of) {
        return Err(Trouble::Missing);
    }
    let rows = analysis::analyse_one(&view, of);
    Ok(analysis::Results { rows, ..report::basis(&view, day, analysis::ENGINE) })
}
