//! The table of routes, and what surrounds every answer: headers, limits, protection against foreign forms.

use crate::App;
use crate::assets::asset;
use crate::error::Trouble;
use crate::pages::{
    allocation, api, book, cast, enter, ledger, letters, list, overview, panel, queries, register, report,
    results, sites,
};
use crate::shell::{Shell, TroublePage, page_with};
use crate::tongue::Tongue;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use words::Lang;

/// A form with free text and many records stays far below this.
const LARGEST_BODY: usize = 2 << 20;

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Every page of a study, below `/{lang}/{study}`. The tests walk this list: a route without a case fails.
pub const PAGES: &[&str] = &[
    "",
    "/participants",
    "/participants/{participant}",
    "/participants/{participant}/forms/{form}",
    "/participants/{participant}/register/{step}",
    "/participants/{participant}/registered/{step}",
    "/participants/{participant}/allocation/{allocation}",
    "/participants/{participant}/results",
    "/register",
    "/queries",
    "/sites",
    "/report",
    "/report/document",
    "/report/files/{file}",
    "/letters",
    "/letters/{text}/document",
    "/letters/{text}/files/{file}",
    "/results",
    "/results/{analysis}",
    "/results/{analysis}/row",
    "/ledger",
    "/ledger/{seq}",
];

pub(crate) fn router(app: App) -> Router {
    let study = Router::new()
        .route("/", get(overview::page))
        .route("/participants", get(list::page))
        .route("/participants/{participant}", get(book::page))
        .route("/participants/{participant}/forms/{form}", get(enter::page).post(enter::save))
        .route("/participants/{participant}/queries", post(queries::raise))
        .route("/participants/{participant}/register/{step}", get(register::step).post(register::submit))
        .route("/participants/{participant}/registered/{step}", get(register::registered))
        .route("/participants/{participant}/allocation/{allocation}", get(allocation::page))
        .route("/participants/{participant}/results", get(results::of_value))
        .route("/register", get(register::start).post(register::consent))
        .route("/queries", get(queries::page))
        .route("/queries/{query}/answer", post(queries::answer))
        .route("/queries/{query}/return", post(queries::send_back))
        .route("/queries/{query}/close", post(queries::close))
        .route("/sites", get(sites::page))
        .route("/report", get(report::page))
        .route("/report/document", get(report::document))
        .route("/report/files/{file}", get(report::file))
        .route("/letters", get(letters::page))
        .route("/letters/adopt", post(letters::adopt))
        .route("/letters/ask", post(letters::asked))
        .route("/letters/hand-over", post(letters::hand_over))
        .route("/letters/{text}/comment", post(letters::comment))
        .route("/letters/{text}/sign", post(letters::sign))
        .route("/letters/{text}/issue", post(letters::issue))
        .route("/letters/{text}/document", get(letters::read))
        .route("/letters/{text}/files/{file}", get(letters::file))
        .route("/results", get(results::index))
        .route("/results/{analysis}", get(results::analysis))
        .route("/results/{analysis}/row", get(results::row))
        .route("/ledger", get(ledger::page))
        .route("/ledger/verify", post(ledger::verify))
        .route("/ledger/{seq}", get(ledger::entry))
        .route("/act-as", post(cast::act_as));
    let mut router = Router::new()
        .route("/", get(first))
        .route("/{lang}", get(overview::studies))
        .route("/{lang}/panel", get(panel::page))
        .route("/{lang}/panel/own", post(panel::own))
        .route("/{lang}/panel/{case}", get(panel::example))
        .route("/{lang}/panel/of/{study}", get(panel::registry::list))
        .route("/{lang}/panel/of/{study}/{participant}", get(panel::registry::case))
        .route("/assets/{name}", get(asset))
        .route("/api/{study}/moment", get(api::moment))
        .nest("/{lang}/{study}", study)
        .fallback(|| async { Trouble::Missing })
        .layer(from_fn(dress))
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(CsrfLayer::new())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ));
    for (name, value) in ALWAYS {
        router = router.layer(SetResponseHeaderLayer::overriding(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        ));
    }
    router.with_state(app)
}

/// The language that the browser asks for first, among ours; Japanese when it asks for none of them.
fn preferred(request: &Request) -> Lang {
    request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(',').find_map(|l| Lang::from_tag(l.split(';').next().unwrap_or("").trim())))
        .unwrap_or(Lang::Ja)
}

async fn first(State(_): State<App>, request: Request) -> Redirect {
    Redirect::to(&format!("/{}", preferred(&request)))
}

/// Makes a page of every trouble, in the language of the address.
async fn dress(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let plain = uri.path().starts_with("/api/") || uri.path().starts_with("/assets/");
    let lang = lang_of(&uri).unwrap_or_else(|| preferred(&request));
    let response = next.run(request).await;
    match response.extensions().get::<Trouble>() {
        Some(trouble) if !plain => trouble_page(trouble, Tongue(lang), &uri).unwrap_or(response),
        _ => response,
    }
}

fn lang_of(uri: &Uri) -> Option<Lang> {
    let tag = uri.path().split('/').nth(1)?;
    Lang::ALL.into_iter().find(|l| l.tag() == tag)
}

fn trouble_page(trouble: &Trouble, t: Tongue, uri: &Uri) -> Option<Response> {
    let (code, title, what) = trouble.told();
    let detail = match trouble {
        Trouble::Refused(reasons) => Some(
            reasons.iter().map(|r| format!("{} {}", r.code, t.of(&r.text))).collect::<Vec<_>>().join(" "),
        ),
        _ => None,
    };
    if let Trouble::Store(what) | Trouble::Broken(what) = trouble {
        eprintln!("{code} {}: {what}", uri.path());
    }
    let status = trouble.status();
    let shell = Shell::bare(t, uri.path_and_query().map_or("/", |p| p.as_str()));
    let page = TroublePage { s: shell, title, what, detail, code, status: status.as_u16().to_string() };
    let mut response = page_with(status, &page).ok()?;
    response.extensions_mut().insert(trouble.clone());
    Some(response.into_response())
}
