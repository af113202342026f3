//! Every page in both languages, for every role, with what is there and what is not.

use crate::common::{PEOPLE, STUDY, Web, cookie};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};

/// Every route of the study with an address that exists, one that does not, and one of another site
/// (seen from site 011). Paths are below `/{lang}/TRY01`.
struct Case {
    route: &'static str,
    own: &'static str,
    other_site: Option<&'static str>,
    none: Option<&'static str>,
}

impl Case {
    /// Whether it is a page of the server: the report stands alone, and its files are no pages.
    fn is_page(&self) -> bool {
        ![
            "/report/document",
            "/report/files/{file}",
            "/letters/{text}/document",
            "/letters/{text}/files/{file}",
        ]
        .contains(&self.route)
    }
}

const fn case(
    route: &'static str,
    own: &'static str,
    other_site: Option<&'static str>,
    none: Option<&'static str>,
) -> Case {
    Case { route, own, other_site, none }
}

const CASES: &[Case] = &[
    case("", "", None, None),
    case("/participants", "/participants", None, None),
    case("/participants/{participant}", "/participants/1", Some("/participants/2"), Some("/participants/99")),
    case(
        "/participants/{participant}/forms/{form}",
        "/participants/1/forms/entry",
        Some("/participants/2/forms/entry"),
        Some("/participants/1/forms/nothing"),
    ),
    case(
        "/participants/{participant}/register/{step}",
        "/participants/12/register/entry",
        Some("/participants/11/register/entry"),
        Some("/participants/12/register/nothing"),
    ),
    case(
        "/participants/{participant}/registered/{step}",
        "/participants/1/registered/allocation",
        Some("/participants/2/registered/allocation"),
        Some("/participants/12/registered/entry"),
    ),
    case(
        "/participants/{participant}/allocation/{allocation}",
        "/participants/1/allocation/main",
        Some("/participants/2/allocation/main"),
        Some("/participants/12/allocation/main"),
    ),
    case(
        "/participants/{participant}/results",
        "/participants/1/results?form=entry&item=age",
        None,
        Some("/participants/1/results?form=entry&item=nothing"),
    ),
    case("/register", "/register", None, None),
    case("/queries", "/queries", None, None),
    case("/sites", "/sites", None, None),
    case("/report", "/report", None, None),
    case("/report/document", "/report/document", None, None),
    case("/report/files/{file}", "/report/files/flow.svg", None, Some("/report/files/nothing.svg")),
    case("/letters", "/letters", None, None),
    case(
        "/letters/{text}/document",
        "/letters/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/document",
        None,
        Some("/letters/00/document"),
    ),
    case(
        "/letters/{text}/files/{file}",
        "/letters/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/files/words.json",
        None,
        Some("/letters/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/files/nothing.pdf"),
    ),
    case("/results", "/results", None, None),
    case("/results/{analysis}", "/results/os", None, Some("/results/nothing")),
    case(
        "/results/{analysis}/row",
        "/results/os/row?row=os%7Crandomised%7CA%7Cos%7C%7C%7Cevents%7Ckaplan-meier",
        None,
        Some("/results/os/row?row=os"),
    ),
    case("/ledger", "/ledger", None, None),
    case("/ledger/{seq}", "/ledger/5", None, Some("/ledger/99999")),
];

/// Routes that a role does not have.
fn closed(who: &str, route: &str) -> bool {
    let allocation = route.contains("{allocation}");
    let report = route.starts_with("/report") || route.contains("/results");
    let register = route == "/register" || route.contains("/register/");
    // The letter of the study is before the reviewers: hospitals see the page, and its words when they are signed off.
    if route.starts_with("/letters") {
        return who == "monitor" || ["inv011", "crc011"].contains(&who) && route != "/letters";
    }
    match who {
        "dm" => false,
        "stat" | "auditor" => register,
        "inv011" | "crc011" => allocation || report,
        "monitor" => allocation || register || report,
        "chair" => allocation || register || report || route.starts_with("/ledger"),
        "safety" => allocation || register || route.starts_with("/ledger"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn each_page_is_there_for_those_who_may_see_it_and_does_not_exist_for_others() {
    let web = Web::new();
    for who in ["dm", "stat", "chair", "inv011", "crc011", "monitor", "auditor", "safety"] {
        for case in CASES {
            // Participant 12 is the only one who waits for the first step; a page that registers is for today only.
            for lang in ["ja", "en"] {
                let path = format!("/{lang}/{STUDY}{}", case.own);
                let reply = web.get(who, &path).await;
                let wanted = if closed(who, case.route) { StatusCode::NOT_FOUND } else { StatusCode::OK };
                assert_eq!(reply.status, wanted, "{who} {path}\n{}", reply.body);
                if wanted == StatusCode::OK {
                    reply.lacks("⟦");
                    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store", "{path}");
                }
                if let Some(none) = case.none {
                    let reply = web.get(who, &format!("/{lang}/{STUDY}{none}")).await;
                    assert_eq!(reply.status, StatusCode::NOT_FOUND, "{who} {none}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_participant_of_another_site_is_answered_like_one_that_does_not_exist() {
    let web = Web::new();
    for who in ["inv011", "crc011"] {
        for case in CASES {
            let (Some(other), Some(_)) = (case.other_site, case.none) else { continue };
            let path = format!("/en/{STUDY}{other}");
            let theirs = web.get(who, &path).await;
            assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{who} {path}");
            let nobody = web.get(who, &path.replace(&other[..other.len().min(15)], "/participants/98")).await;
            assert_eq!(nobody.status, StatusCode::NOT_FOUND);
            // Only the addresses of the language links differ.
            let words = |body: &str| body.split('<').filter(|t| !t.contains("href")).collect::<String>();
            assert_eq!(words(&theirs.body), words(&nobody.body), "{who} {path}");
        }
    }
}

#[test]
fn every_route_has_a_case() {
    let cased: Vec<&str> = CASES.iter().map(|c| c.route).collect();
    assert_eq!(cased, server::PAGES);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_foreign_code_out() {
    let web = Web::new();
    for path in [
        format!("/en/{STUDY}"),
        format!("/ja/{STUDY}/participants/1"),
        "/assets/server.css".into(),
        "/nothing".into(),
        format!("/api/{STUDY}/moment"),
    ] {
        let reply = web.get("dm", &path).await;
        let policy = reply.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(reply.headers["referrer-policy"], "same-origin", "{path}");
    }
    // No page needs what the policy forbids.
    for case in CASES.iter().filter(|c| c.is_page()) {
        let body = web.get("dm", &format!("/en/{STUDY}{}", case.own)).await.body;
        for inline in ["style=\"", "<style", "onclick", "javascript:"] {
            assert!(!body.contains(inline), "{} holds {inline}", case.route);
        }
        assert_eq!(
            body.matches("<script").count(),
            body.matches("<script src=\"/assets/server.js\"").count()
        );
    }
}

#[tokio::test]
async fn a_form_sent_from_a_foreign_page_is_refused() {
    let web = Web::new();
    for path in ["/act-as", "/register?document=consent", "/participants/1/forms/entry", "/queries/1/close"] {
        let request = Request::post(format!("/en/{STUDY}{path}"))
            .header(header::COOKIE, cookie("dm"))
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::ORIGIN, "http://elsewhere.example")
            .header("sec-fetch-site", "cross-site")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from("token=abc"))
            .unwrap();
        assert_eq!(web.send(request).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn every_page_says_what_the_data_are_and_up_to_when() {
    let web = Web::new();
    for case in CASES.iter().filter(|c| c.is_page()) {
        let reply = web.get("dm", &format!("/ja/{STUDY}{}", case.own)).await;
        reply.has("合成データ");
        reply.has("データカットオフ");
        reply.has("台帳の位置");
        reply.has(STUDY);
    }
}

#[tokio::test]
async fn the_start_page_speaks_the_language_that_the_browser_asks_for() {
    let web = Web::new();
    for (asked, to) in [("en-GB,en;q=0.9", "/en"), ("fr, ja;q=0.5", "/ja"), ("fr", "/ja")] {
        let request = Request::get("/").header(header::ACCEPT_LANGUAGE, asked).body(Body::empty()).unwrap();
        assert_eq!(web.send(request).await.to(), to, "{asked}");
    }
    assert_eq!(web.get("dm", "/en").await.to(), format!("/en/{STUDY}"));
    assert_eq!(web.get("dm", "/fr").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_language_changes_and_everything_else_stays() {
    let web = Web::new();
    let reply = web.get("dm", &format!("/ja/{STUDY}/participants?site=011&cutoff=2020-08-01")).await;
    reply.has(&format!("href=\"/en/{STUDY}/participants?site=011&#38;cutoff=2020-08-01\""));
}

#[tokio::test]
async fn the_cut_off_moves_registrations_and_overdue_forms_together() {
    let web = Web::new();
    let ask = async |cutoff: &str| -> serde_json::Value {
        let reply = web.get("dm", &format!("/api/{STUDY}/moment?cutoff={cutoff}&lang=en")).await;
        assert_eq!(reply.status, StatusCode::OK);
        serde_json::from_str(&reply.body).unwrap()
    };
    let early = ask("2020-02-02").await;
    assert_eq!((early["registered"]["entry"].as_u64(), early["overdue"].as_u64()), (Some(0), Some(0)));
    // Participant n registers on 3 February + 9 n days, and again 61 days later.
    let middle = ask("2020-04-13").await;
    assert_eq!(middle["registered"]["entry"], 8);
    assert_eq!(middle["registered"]["allocation"], 2);
    assert_eq!(middle["overdue"], 0);
    let late = ask("2021-02-28").await;
    assert_eq!(late["registered"]["entry"], 10);
    assert_eq!(late["registered"]["allocation"], 10);
    assert!(late["overdue"].as_u64().unwrap() > 10, "{}", late["overdue"]);
    // The page says the same numbers.
    let page = web.get("dm", &format!("/en/{STUDY}?cutoff=2020-04-13")).await;
    page.has(
        "<dt><a href=\"/en/TRY01/participants?cutoff=2020-04-13\">First registration</a></dt><dd><b>8</b>",
    );
}

#[tokio::test]
async fn an_earlier_position_of_the_ledger_shows_what_was_known_then_and_takes_no_entries() {
    let web = Web::new();
    let then = web.get("dm", &format!("/en/{STUDY}/participants?as_of=60")).await;
    let now = web.get("dm", &format!("/en/{STUDY}/participants")).await;
    now.has(">12 participants<");
    then.has("participants<");
    assert!(then.body.matches("<tr>").count() < now.body.matches("<tr>").count());
    let form = web.get("dm", &format!("/en/{STUDY}/participants/1/forms/entry?as_of=40")).await;
    form.lacks("value=\"save\"");
    let save =
        web.post("dm", &format!("/en/{STUDY}/participants/1/forms/entry?as_of=40"), &[("token", "t1")]).await;
    assert_eq!(save.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_value_is_shown_with_its_whole_history() {
    let web = Web::new();
    let reply = web.get("dm", &format!("/ja/{STUDY}/participants/2")).await;
    reply.has("53.2");
    reply.has("51.5");
    reply.has("カルテを再確認");
    reply.has("変更 1回");
    // Text that somebody typed is text, whatever it looks like.
    reply.lacks("<b>&'");
    reply.has("&#60;b&#62;");
}

#[tokio::test]
async fn the_ledger_verifies_and_an_entry_shows_all_its_fields() {
    let web = Web::new();
    let reply = web.post("auditor", &format!("/en/{STUDY}/ledger/verify"), &[]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.has("The ledger is sound");
    let entry = web.get("auditor", &format!("/en/{STUDY}/ledger/1")).await;
    for word in ["Commitment to the content", "Previous hash", "study_opened/1", "simulated"] {
        entry.has(word);
    }
}

#[tokio::test]
async fn a_flipped_byte_in_the_file_is_shown_by_the_page() {
    let web = Web::new();
    // A second connection alters a stored payload behind the server's back.
    let store = rusqlite::Connection::open(&web.file).unwrap();
    let triggers: Vec<String> = store
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        store.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap();
    }
    let table: String = store
        .query_row(
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'payload'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    let changed = store
        .execute(
            &format!("UPDATE \"{table}\" SET payload = CAST(replace(CAST(payload AS TEXT), '53.2', '43.2') AS BLOB) WHERE instr(CAST(payload AS TEXT), '53.2') > 0"),
            [],
        )
        .unwrap();
    assert_eq!(changed, 1);
    let reply = web.post("auditor", &format!("/en/{STUDY}/ledger/verify"), &[]).await;
    reply.has("The ledger is not sound");
}

#[tokio::test]
async fn acting_as_somebody_is_a_choice_of_those_who_hold_a_role() {
    let web = Web::new();
    let home = web.get("dm", &format!("/en/{STUDY}")).await;
    assert_eq!(home.body.matches("name=\"who\"").count(), PEOPLE.len() + 1);
    let key = cookie("inv011");
    let key = key.split_once('=').unwrap().1;
    let back = format!("/en/{STUDY}/sites");
    let reply = web.post("dm", &format!("/en/{STUDY}/act-as"), &[("who", key), ("back", &back)]).await;
    assert_eq!(reply.to(), back);
    assert!(reply.headers[header::SET_COOKIE].to_str().unwrap().contains("HttpOnly; SameSite=Strict"));
    let nobody = web.post("dm", &format!("/en/{STUDY}/act-as"), &[("who", "ab"), ("back", "/")]).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
    let away = web
        .post("dm", &format!("/en/{STUDY}/act-as"), &[("who", key), ("back", "//elsewhere.example")])
        .await;
    assert!(!away.to().contains("elsewhere"), "{}", away.to());
}

#[tokio::test]
async fn the_server_is_not_served_where_other_machines_could_reach_it() {
    let folder = tempfile::tempdir().unwrap();
    let trial = crate::common::study(&folder.path().join("try.db"));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = server::serve(listener, crate::common::app(trial)).await;
    assert!(matches!(refused, Err(server::StartError::NotLoopback(_))), "{refused:?}");
}

#[tokio::test]
async fn the_report_its_figures_and_its_rows_are_there_as_files() {
    let web = Web::new();
    let path = |name: &str| format!("/en/{STUDY}/report/files/{name}");
    web.get("dm", &format!("/en/{STUDY}/report")).await.has("report/files/report.xlsx");
    let document = web.get("dm", &format!("/en/{STUDY}/report/document")).await;
    for name in ["flow.svg", "os.svg"] {
        document.has(&format!("report/files/{name}"));
    }
    let rows = web.get("dm", &format!("/en/{STUDY}/results/os")).await;
    rows.has("report/files/os.csv");
    rows.has("report/files/os.json");
    for (name, kind, begins) in [
        ("flow.svg", "image/svg+xml", "<svg "),
        ("os.csv", "text/csv; charset=utf-8", "study,cutoff,"),
        ("report.csv", "text/csv; charset=utf-8", "study,cutoff,"),
        ("report.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK"),
    ] {
        let reply = web.get("dm", &path(name)).await;
        assert!(reply.status == StatusCode::OK && reply.body.starts_with(begins), "{name}");
        assert_eq!(reply.headers[header::CONTENT_TYPE], kind);
        let kept = reply.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(kept.starts_with("attachment; filename=\"TRY01-") && kept.ends_with(&format!("-{name}\"")));
    }
    let svg = web.get("dm", &path("flow.svg")).await;
    svg.has("@font-face");
    let json: serde_json::Value = serde_json::from_str(&web.get("dm", &path("os.json")).await.body).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|r| r["analysis"] == "os"));
    for name in ["report.doc", "nothing.svg", "nothing.csv", "flow", "..%2Fflow.svg"] {
        assert_eq!(web.get("dm", &path(name)).await.status, StatusCode::NOT_FOUND, "{name}");
    }
}
