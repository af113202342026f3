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
