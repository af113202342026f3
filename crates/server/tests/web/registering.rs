//! From consent to number and arm, by plain forms.

use crate::common::{STUDY, Web};
use axum::http::StatusCode;

const CONSENT: [(&str, &str); 6] = [
    ("site", "011"),
    ("version", "1.0"),
    ("on.y", "2021"),
    ("on.m", "02"),
    ("on.d", "28"),
    ("explained_by", "inv011"),
];

fn entry<'a>(
    token: &'a str,
    age: &'a str,
    creatinine: &'a str,
    sets: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("token", token),
        ("registered_on.y", "2021"),
        ("registered_on.m", "03"),
        ("registered_on.d", "01"),
        ("assessed_on.y", "2021"),
        ("assessed_on.m", "03"),
        ("assessed_on.d", "01"),
        ("sex", "female"),
        ("age", age),
        ("ps", "1"),
        ("creatinine", creatinine),
        ("therapies.rows", "1"),
        ("therapies.complete", "yes"),
    ];
    fields.extend(sets);
    fields
}

#[tokio::test]
async fn from_consent_over_a_refusal_to_the_number_all_by_plain_forms() {
    let web = Web::new();
    let start = web.get("inv011", &format!("/en/{STUDY}/register")).await;
    start.has("Record the consent");
    let mut fields = CONSENT.to_vec();
    let token = start.hidden("token");
    fields.push(("token", &token));
    let action = format!("/en/{STUDY}/register?document=consent");
    let consented = web.post("inv011", &action, &fields).await;
    let step = format!("/en/{STUDY}/participants/13/register/entry");
    assert_eq!(
        (consented.status, consented.to()),
        (StatusCode::SEE_OTHER, step.as_str()),
        "{}",
        consented.body
    );

    // One criterion fails, another cannot be told.
    let token = web.get("inv011", &step).await.hidden("token");
    let typed = entry(&token, "85", "", &[("do", "assess")]);
    let judged = web.post("inv011", &step, &typed).await;
    assert_eq!(judged.status, StatusCode::OK, "{}", judged.body);
    judged.has("Cannot register: not eligible");
    judged.has("<b>I1</b> Aged 20 to 80</th><td><span class=\"state no\">not met</span>");
    judged.has(
        "<b>I3</b> Creatinine at most 1.5 mg/dL</th><td><span class=\"state unsure\">cannot be told</span>",
    );
    judged.has("missing: Creatinine");
    judged.lacks("name=\"confirmed\"");

    // Unknown alone does not register either.
    let typed = entry(&token, "58", "", &[("do", "assess")]);
    let judged = web.post("inv011", &step, &typed).await;
    judged.has("some criteria cannot be told");
    judged.lacks("name=\"confirmed\"");

    // Eligible: a verdict to confirm, and nothing without the confirmation.
    let typed = entry(&token, "58", "0.8", &[("do", "assess")]);
    let judged = web.post("inv011", &step, &typed).await;
    judged.has("Every criterion is met");
    let verdict = judged.hidden("judged");
    let typed = entry(&token, "58", "0.8", &[("do", "register"), ("judged", &verdict)]);
    let unconfirmed = web.post("inv011", &step, &typed).await;
    assert_eq!(unconfirmed.status, StatusCode::UNPROCESSABLE_ENTITY);
    unconfirmed.has("tick that the verdict was read");

    // Values that changed after the verdict are judged again instead of registered.
    let sly = entry(&token, "59", "0.8", &[("do", "register"), ("judged", &verdict), ("confirmed", "yes")]);
    let sly = web.post("inv011", &step, &sly).await;
    assert_eq!(sly.status, StatusCode::UNPROCESSABLE_ENTITY);
    sly.has("The values changed after they were judged");

    let typed = entry(&token, "58", "0.8", &[("do", "register"), ("judged", &verdict), ("confirmed", "yes")]);
    let registered = web.post("inv011", &step, &typed).await;
    let result = format!("/en/{STUDY}/participants/13/registered/entry");
    assert_eq!(
        (registered.status, registered.to()),
        (StatusCode::SEE_OTHER, result.as_str()),
        "{}",
        registered.body
    );
    // A repeat registers nobody else.
    let again = web.post("inv011", &step, &typed).await;
    assert_eq!(again.to(), result);
    let page = web.get("inv011", &result).await;
    page.has("Number at First registration</dt><dd class=\"big\">11</dd>");
    // The step's page now leads to the result.
    assert_eq!(web.get("inv011", &step).await.to(), result);
}

#[tokio::test]
async fn a_second_registration_gives_the_arm_and_the_visits_that_fall_due() {
    let web = Web::new();
    // Participant 12 has consented; registers first today, and cannot come to the second step before a month.
    let step = format!("/en/{STUDY}/participants/12/register/entry");
    let token = web.get("inv011", &step).await.hidden("token");
    let judged = web.post("inv011", &step, &entry(&token, "58", "0.8", &[("do", "assess")])).await;
    let verdict = judged.hidden("judged");
    let typed = entry(&token, "58", "0.8", &[("do", "register"), ("judged", &verdict), ("confirmed", "yes")]);
    assert_eq!(web.post("inv011", &step, &typed).await.status, StatusCode::SEE_OTHER);
    let second = format!("/en/{STUDY}/participants/12/register/allocation");
    let token = web.get("inv011", &second).await.hidden("token");
    let early = [
        ("token", token.as_str()),
        ("registered_on.y", "2021"),
        ("registered_on.m", "03"),
        ("registered_on.d", "01"),
        ("assessed_on.y", "2021"),
        ("assessed_on.m", "03"),
        ("assessed_on.d", "01"),
        ("response", "stable"),
        ("do", "assess"),
    ];
    let judged = web.post("inv011", &second, &early).await;
    judged.has("Something other than the criteria stands in the way");
    judged.lacks("name=\"confirmed\"");
    // One who did come to it has an arm, and the visits that follow.
    let result = web.get("inv011", &format!("/en/{STUDY}/participants/1/registered/allocation")).await;
    result.has("<dt>Arm</dt><dd class=\"big\">");
    result.has("Follow-up");
    result.lacks("How the arm was allocated");
    web.get("auditor", &format!("/en/{STUDY}/participants/1/registered/allocation"))
        .await
        .has("How the arm was allocated");
}

#[tokio::test]
async fn a_consent_with_mistakes_is_shown_again_with_what_was_typed() {
    let web = Web::new();
    let action = format!("/ja/{STUDY}/register?document=consent");
    let fields = [("token", "t5"), ("site", "011"), ("on.y", "2021"), ("on.m", "02"), ("on.d", "30")];
    let reply = web.post("inv011", &action, &fields).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    reply.has("「2021-02-30」という日はありません。");
    reply.has("href=\"#explained_by\"");
    reply.has("value=\"2021\"");
}

#[tokio::test]
async fn a_site_without_its_papers_is_told_which_one_is_missing() {
    let web = Web::new();
    let sites = web.get("dm", &format!("/en/{STUDY}/sites")).await;
    sites.has("papers missing");
    let fields: Vec<(&str, &str)> = CONSENT
        .iter()
        .map(|(k, v)| match *k {
            "site" => ("site", "013"),
            "explained_by" => ("explained_by", "inv013"),
            _ => (*k, *v),
        })
        .chain([("token", "t6")])
        .collect();
    let reply = web.post("inv013", &format!("/en/{STUDY}/register?document=consent"), &fields).await;
    if reply.status == StatusCode::SEE_OTHER {
        let step = reply.to().to_owned();
        let token = web.get("inv013", &step).await.hidden("token");
        let judged = web.post("inv013", &step, &entry(&token, "58", "0.8", &[("do", "assess")])).await;
        judged.has("Ethics approval");
        judged.lacks("name=\"confirmed\"");
    } else {
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        reply.has("Ethics approval");
    }
}

#[tokio::test]
async fn after_a_refused_attempt_other_values_need_a_reason() {
    let web = Web::new();
    let step = format!("/en/{STUDY}/participants/11/register/entry");
    let page = web.get("inv012", &step).await;
    page.has("Reason for the change");
    let token = page.hidden("token");
    let mut fields = vec![
        ("token", token.as_str()),
        ("registered_on.y", "2021"),
        ("registered_on.m", "03"),
        ("registered_on.d", "01"),
        ("assessed_on.y", "2020"),
        ("assessed_on.m", "12"),
        ("assessed_on.d", "14"),
        ("sex", "female"),
        ("age", "52"),
        ("ps", "1"),
        ("creatinine", "0.8"),
        ("do", "assess"),
    ];
    let refused = web.post("inv012", &step, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.has("href=\"#reason\"");
    fields.push(("reason", "measured again"));
    let judged = web.post("inv012", &step, &fields).await;
    assert_eq!(judged.status, StatusCode::OK, "{}", judged.body);
    judged.has("Every criterion is met");
    let verdict = judged.hidden("judged");
    fields.retain(|(name, _)| *name != "do");
    fields.extend([("do", "register"), ("judged", verdict.as_str()), ("confirmed", "yes")]);
    let registered = web.post("inv012", &step, &fields).await;
    assert_eq!(registered.status, StatusCode::SEE_OTHER, "{}", registered.body);
    web.get("inv012", registered.to())
        .await
        .has("Number at First registration</dt><dd class=\"big\">11</dd>");
}
