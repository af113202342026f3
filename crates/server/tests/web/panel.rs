//! The panel's case on one screen.

use crate::common::{Web, cookie};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};

const CASES: [&str; 6] = ["esr1", "brain", "tnbc", "pending", "gbrca", "akt1"];

async fn put_in(web: &Web, lang: &str, fields: &[(&str, &str)]) -> crate::common::Reply {
    let escaped = |s: &str| s.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", escaped(v))).collect();
    let request = Request::post(format!("/{lang}/panel/own"))
        .header(header::COOKIE, cookie("dm"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body.join("&")))
        .unwrap();
    web.send(request).await
}

#[tokio::test]
async fn every_example_case_is_told_in_both_languages_with_what_this_is_above_it() {
    let web = Web::new();
    for lang in ["ja", "en"] {
        let reply = web.get("dm", &format!("/{lang}/panel")).await;
        assert_eq!(reply.status, StatusCode::OK);
        for case in CASES {
            let path = format!("/{lang}/panel/{case}");
            reply.has(&path);
            let page = web.get("dm", &path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            page.lacks("⟦");
            page.has(if lang == "ja" { "推奨ではありません" } else { "no recommendation" });
            page.has(if lang == "ja" { "架空のもの" } else { "made-up case" });
            page.has(if lang == "ja" { "医師氏名 ____" } else { "Physician ____" });
            for inline in ["style=\"", "<style", "onclick"] {
                page.lacks(inline);
            }
        }
    }
    assert_eq!(web.get("dm", "/en/panel/nothing").await.status, StatusCode::NOT_FOUND);
}

/// The row of a regimen among the options.
fn row<'b>(body: &'b str, id: &str) -> &'b str {
    let from = body.find(&format!("id=\"r-{id}\"")).expect(id);
    &body[from..from + body[from..].find("</tr>").unwrap()]
}

/// The heading under which a regimen's row stands.
fn group(body: &str, id: &str) -> String {
    let before = &body[..body.find(&format!("id=\"r-{id}\"")).expect(id)];
    let head = &before[before.rfind("<details class=\"group\"").unwrap()..];
    head.split("</span>").next().unwrap().rsplit('>').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_same_patient_three_months_later_reaches_what_was_approved_meanwhile() {
    let web = Web::new();
    let before = web.get("dm", "/en/panel/brain?as_of=2026-01-26&place=JP").await.body;
    assert_eq!(group(&before, "tucatinib_tras_cape"), "Does not fit");
    let after = web.get("dm", "/en/panel/brain?as_of=2026-04-26&place=JP").await.body;
    assert_eq!(group(&after, "tucatinib_tras_cape"), "Label fits");
    assert!(row(&after, "tucatinib_tras_cape").contains("in force, not on the price list"));
    // The list of changes names the day.
    assert!(before.contains("2026-02-19"), "the approval day is among the changes to come");
}

#[tokio::test]
async fn an_option_that_is_open_names_what_is_missing_and_its_sources() {
    let web = Web::new();
    let body = web.get("dm", "/en/panel/tnbc").await.body;
    assert_eq!(group(&body, "atezo_nabpac_tnbc"), "Cannot tell yet");
    let row = row(&body, "atezo_nabpac_tnbc");
    assert!(row.contains("PD-L1 IC (%) by SP142") && row.contains("atezo_nabpac_tnbc.JP.L1"), "{row}");
    assert_eq!(group(&body, "pembro_chemo_tnbc"), "Label fits");
}

#[tokio::test]
async fn a_profile_that_is_put_in_is_answered_and_bad_ones_are_told_by_place() {
    let web = Web::new();
    let good = r#"{"patient.sex":"female","disease.extent":"advanced","er.percent":5,"pgr.percent":0,
        "her2.ihc":{"value":"0","assay_id":"4B5_PATHWAY"},"her2.ihc0_staining":"none"}"#;
    let reply = put_in(&web, "en", &[("profile", good), ("as_of", "2026-01-26"), ("place", "JP")]).await;
    assert_eq!(reply.status, StatusCode::OK);
    reply.has("HR+(ER-low)/HER2-");
    // The next question carries it again; nothing was kept.
    reply.has("name=\"profile\"");

    for (profile, as_of, told) in [
        ("{", "2026-01-26", "1:1"),
        (r#"{"er.percnt": 5}"#, "2026-01-26", "er.percnt"),
        (r#"{"er.percent": {"value": 5, "date": "2027-01-01"}}"#, "2026-01-26", "2027-01-01"),
        (good, "26.1.2026", "26.1.2026"),
    ] {
        let reply = put_in(&web, "ja", &[("profile", profile), ("as_of", as_of), ("place", "JP")]).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{profile}");
        reply.has(told);
        reply.lacks("⟦");
    }
    // Hostile words come back as words.
    let hostile = r#"{"<script>alert(1)</script>": 5}"#;
    let reply = put_in(&web, "en", &[("profile", hostile), ("place", "JP")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    reply.lacks("<script>alert");
}

/// A server with the virtual cases of the registry.
fn registry() -> Web {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../studies/panel-breast");
    let loaded = protocol::load(&root).map_err(|d| protocol::render(&d, words::Lang::En, false)).unwrap();
    let plan = simulation::Plan::load(&root).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("panel.db");
    let open = |mode| ledger::open(file.to_str().unwrap(), mode).unwrap();
    let request = simulation::Request { seed: 3, participants: None };
    simulation::simulate(open(ledger::Mode::Create), &loaded, &plan, request, &mut |_, _| {}).unwrap();
    let seeds = simulation::seeds(&loaded.compiled.protocol, 3);
    let trial = conduct::Trial::open(open(ledger::Mode::Existing), "PANEL-BREAST", seeds).unwrap();
    let mut app =
        server::App::new(std::sync::Arc::new(|| crate::common::at(jiff::civil::date(2026, 11, 16)))).unwrap();
    app.open(trial).unwrap();
    Web::around(app, file.clone(), folder)
}

#[tokio::test]
async fn a_registrys_participants_stand_on_the_panels_screen_as_simulated_cases() {
    let web = registry();
    for lang in ["ja", "en"] {
        web.get("dm", &format!("/{lang}/panel")).await.has(&format!("/{lang}/panel/of/PANEL-BREAST"));
        let list = web.get("dm", &format!("/{lang}/panel/of/PANEL-BREAST")).await;
        assert_eq!(list.status, StatusCode::OK);
        list.lacks("⟦");
        assert_eq!(list.body.matches(&format!("/{lang}/panel/of/PANEL-BREAST/")).count(), 24);
        let simulated = if lang == "ja" { "合成データ" } else { "Synthetic data" };
        list.has(simulated);
        let start = format!("/{lang}/panel/of/PANEL-BREAST/");
        for n in list.body.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let page = web.get("dm", &format!("{start}{n}?on=2026-11-15&place=EU")).await;
            assert_eq!(page.status, StatusCode::OK, "{n}");
            page.lacks("⟦");
            page.has(simulated);
            page.has(if lang == "ja" { "検体の適否" } else { "Specimens" });
        }
    }
    // A day before the specimens were taken is refused with their places.
    let early = web.get("dm", "/en/panel/of/PANEL-BREAST/1?on=2020-01-01").await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    early.has("is after the day of the question");
    assert_eq!(web.get("dm", "/en/panel/of/PANEL-BREAST/999").await.status, StatusCode::NOT_FOUND);
    assert_eq!(web.get("dm", "/en/panel/of/OTHER").await.status, StatusCode::NOT_FOUND);
    // A study that holds no cases has no such page.
    assert_eq!(Web::new().get("dm", "/en/panel/of/TRY01").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_profile_is_put_into_the_fields_of_the_form_and_nothing_is_recorded_before_it_is_saved() {
    let web = registry();
    let list = web.get("dm", "/en/panel/of/PANEL-BREAST").await.body;
    let first =
        list.split("/en/panel/of/PANEL-BREAST/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/en/PANEL-BREAST/participants/{first}/forms/profile?visit=profile");
    let form = web.get("dm", &path).await;
    form.has("Fill in from a profile (JSON)");
    let (token, seen) = (form.hidden("token"), form.hidden("seen"));
    let profile = r#"{"patient.sex": "male", "disease.extent": "advanced",
        "variant.AKT1": {"value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue", "tumour_content": 12.5},
        "er.percent": {"state": "pending"}}"#;
    let filled = |profile: &str| {
        let fields = [
            ("token", token.clone()),
            ("seen", seen.clone()),
            ("read", "profile".into()),
            ("profile", profile.to_owned()),
        ];
        let (web, path) = (&web, &path);
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            web.post("dm", path, &fields).await
        }
    };
    let page = filled(profile).await;
    assert_eq!(page.status, StatusCode::OK);
    page.has("The profile was put into the fields");
    page.has("value=\"AKT1\"");
    page.has("value=\"12.5\"");
    assert_eq!(web.get("dm", &path).await.hidden("seen"), seen, "nothing was recorded");
    filled(r#"{"disease.extent": "early"}"#).await.has("differs from what another form says");
    filled(r#"{"er.percent": }"#).await.has("this is not JSON");
}
