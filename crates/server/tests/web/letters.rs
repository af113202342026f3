//! Letters in the pages: read, commented, signed, asked for, handed over, by those who may and by nobody else.

use crate::common::{LETTER, LETTER_HASH, STUDY, TODAY, Web, at, study};
use axum::http::{StatusCode, header};
use report::letter::Letters;
use server::App;
use std::collections::BTreeMap;
use std::sync::Arc;

fn path(rest: &str) -> String {
    format!("/en/{STUDY}/letters{rest}")
}

/// Sends a form as its page would; the token is that of the page.
async fn send(web: &Web, who: &str, rest: &str, fields: &[(&str, &str)]) -> crate::common::Reply {
    let token = format!("9-{who}{}", rest.len() + fields.iter().map(|f| f.1.len()).sum::<usize>() * 100);
    let back = path("");
    let mut form = vec![("token", token.as_str()), ("back", back.as_str())];
    form.extend(fields);
    web.post(who, &path(rest), &form).await
}

#[tokio::test]
async fn a_letter_goes_from_the_reviewers_to_the_participants_of_each_hospital() {
    let web = Web::new();
    let text = format!("/{LETTER_HASH}");
    // The chair reads and signs; the data centre records what patients said; hospitals see a letter that is signed.
    web.get("chair", &path("")).await.has("Sign off");
    web.get("dm", &path("")).await.lacks(">Sign off<");
    assert_eq!(web.get("inv011", &path(&format!("{text}/document"))).await.status, StatusCode::NOT_FOUND);
    let early = send(&web, "chair", &format!("{text}/sign"), &[]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    early.has("no_comment");
    let said = "<b>Say what “arm” means</b> & spell # out";
    let done = send(&web, "dm", &format!("{text}/comment"), &[("text", said)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = web.get("chair", &path("")).await;
    page.has("spell # out");
    page.lacks("<b>Say");
    for (who, status) in [
        ("dm", StatusCode::UNPROCESSABLE_ENTITY),
        ("inv011", StatusCode::NOT_FOUND),
        ("monitor", StatusCode::NOT_FOUND),
        ("chair", StatusCode::SEE_OTHER),
    ] {
        assert_eq!(send(&web, who, &format!("{text}/sign"), &[]).await.status, status, "{who}");
    }
    web.get("dm", &path("")).await.has("Signed off 2021-03-01");
    // A hospital asks and hands over, for its own participants.
    let page = web.get("inv011", &path("?participant=1")).await;
    page.has("Participant 1");
    page.has("/letters?participant=3");
    page.lacks("/letters?participant=2#");
    let hand = [("participant", "1"), ("text", LETTER_HASH), ("on", "2021-03-01"), ("how", "at the visit")];
    let unasked = send(&web, "inv011", "/hand-over", &hand).await;
    assert_eq!(unasked.status, StatusCode::UNPROCESSABLE_ENTITY);
    unasked.has("not_asked");
    let ask = [("participant", "1"), ("vital", "alive"), ("wishes", "yes"), ("on", "2021-03-01")];
    for (who, participant, status) in [
        ("inv011", "2", StatusCode::NOT_FOUND),
        ("inv011", "99", StatusCode::NOT_FOUND),
        ("dm", "1", StatusCode::UNPROCESSABLE_ENTITY),
        ("inv011", "1", StatusCode::SEE_OTHER),
    ] {
        let mut ask = ask;
        ask[0].1 = participant;
        assert_eq!(send(&web, who, "/ask", &ask).await.status, status, "{who} {participant}");
    }
    let unanswered = [("participant", "1"), ("vital", ""), ("wishes", "yes"), ("on", "2021-03-01")];
    assert_eq!(send(&web, "inv011", "/ask", &unanswered).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send(&web, "inv011", "/hand-over", &hand).await.status, StatusCode::SEE_OTHER);
    // The log, for all sites and for one's own.
    for who in ["dm", "inv011"] {
        let page = web.get(who, &path("")).await;
        page.has("Sapporo Hospital");
        page.has("at the visit");
    }
    web.get("inv012", &path("")).await.lacks("at the visit");
    let ja = web.get("inv011", &format!("/ja/{STUDY}/letters")).await;
    ja.has("参加者へのお知らせ");
    ja.has("お渡し");
    ja.lacks("⟦");
    // The words, of which the folder has none, are kept in the ledger.
    let words = web.get("inv011", &path(&format!("{text}/files/words.json"))).await;
    assert_eq!(words.body.as_bytes(), LETTER);
    // Nothing is entered while one looks at the past.
    let past = web.get("inv011", &path("?participant=1&as_of=100")).await;
    past.lacks("/letters/ask");
}

/// A press release of the little study: readings are for letters only, so that it can be signed off.
fn texts() -> Letters {
    let numbers = "numbers:\n  study: { run: study, as: words }\n  all: { row: { analysis: flow, variable: registered, level: entry, stat: n }, as: people }\nembargo: 2021-06-01\n";
    let press = |title: &str, said: &str| {
        format!(
            "title: '{title}'\nsections:\n  - id: points\n    elements: [results]\n    heading: '{title}'\n    blocks:\n      - p: '{said}'\n"
        )
    };
    let files: BTreeMap<String, Vec<u8>> = [
        ("numbers.yaml", numbers.to_owned()),
        ("press.en.yaml", press("What {study} found <#*@>", "There were {all} in the trial.")),
        ("press.ja.yaml", press("{study}の結果", "試験に{all}が参加しました。")),
        ("letter.en.yaml", press("What {study} found", "There were {all} in the trial.")),
        ("letter.ja.yaml", press("{study}の結果", "試験に{all}が参加しました。")),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .collect();
    Letters::read(&files).unwrap_or_else(|d| panic!("{}", protocol::render(&d, words::Lang::En, false)))
}

fn with_texts() -> Web {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("try.db");
    let mut app = App::new(Arc::new(|| at(TODAY))).unwrap();
    app.open_with(study(&file), Some(texts())).unwrap();
    Web::around(app, file, folder)
}

#[tokio::test]
async fn a_draft_is_read_adopted_and_stays_under_embargo() {
    let web = with_texts();
    for who in ["chair", "inv011"] {
        web.get(who, &path("")).await.lacks("id=\"drafts\"");
        let draft = web.get(who, &path("/draft-press-en-participant/document")).await;
        assert_eq!(draft.status, StatusCode::NOT_FOUND, "{who}");
    }
    let page = web.get("dm", &path("")).await;
    page.has("id=\"drafts\"");
    page.has("Put before the reviewers");
    let draft = web.get("dm", &path("/draft-press-en-participant/document")).await;
    draft.has("There were 10 people in the trial.");
    draft.has("&#60;#*@&#62;");
    draft.has("Under embargo until 1 June 2021");
    // Letters carry readings on the page, and come in large print; what the rules find is counted beside them.
    let letter = "/draft-letter-ja-participant/document";
    web.get("dm", &path(letter)).await.has("<ruby>試<rp>(</rp><rt>し</rt>");
    let large = web.get("dm", &format!("/ja/{STUDY}/letters{letter}?large=1")).await;
    large.has("class=\"report letter large\"");
    web.get("dm", &path("/draft-letter-ja-bereaved/document")).await.has("10");
    assert!(draft.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sha256-"));
    let adopt = [("cutoff", "2021-03-01"), ("kind", "press"), ("lang", "en"), ("reader", "participant")];
    assert_eq!(send(&web, "stat", "/adopt", &adopt).await.status, StatusCode::NOT_FOUND);
    let done = send(&web, "dm", "/adopt", &adopt).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = web.get("dm", &path("")).await;
    page.has("Under embargo until 2021-06-01");
    let marker = format!("/en/{STUDY}/letters/");
    let ours = page.body.split(&marker).skip(1).filter_map(|p| p.split('/').next());
    let text = ours.filter(|t| t.len() == 64).find(|t| *t != LETTER_HASH).unwrap().to_owned();
    // The chair reads the very words, made again from the position and cut-off of the adoption.
    web.get("chair", &path(&format!("/{text}/document"))).await.has("There were 10 people in the trial.");
    send(&web, "dm", &format!("/{text}/comment"), &[("text", "none")]).await;
    let signed = send(&web, "chair", &format!("/{text}/sign"), &[]).await;
    // What the rules for texts found stands against it, and then nothing is issued; else the embargo does.
    let issued = send(&web, "dm", &format!("/{text}/issue"), &[("how", "press club")]).await;
    assert_eq!(issued.status, StatusCode::UNPROCESSABLE_ENTITY);
    issued.has("embargo");
    assert!([StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY].contains(&signed.status));
    web.get("inv011", &path(&format!("/{text}/document"))).await.has("404");
    if report::Typesetter::available() {
        let pdf = web.get("chair", &path(&format!("/{text}/files/text.pdf"))).await;
        assert!(pdf.status == StatusCode::OK && pdf.body.starts_with("%PDF-"));
    }
}
