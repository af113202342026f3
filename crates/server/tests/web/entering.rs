//! Entering forms: mistakes at the fields, reasons, kinds of missing, partial dates, queries, repeats.

use crate::common::{STUDY, Web};
use axum::http::StatusCode;

fn form(participant: u32) -> String {
    format!("/en/{STUDY}/participants/{participant}/forms/follow_up?visit=follow_up")
}

#[tokio::test]
async fn mistakes_are_told_at_their_fields_and_nothing_that_was_typed_is_lost() {
    let web = Web::new();
    let path = form(3);
    let page = web.get("inv011", &path).await;
    let (token, seen) = (page.hidden("token"), page.hidden("seen"));
    let reply = web
        .post(
            "inv011",
            &path,
            &[
                ("token", &token),
                ("seen", &seen),
                ("do", "save"),
                ("contact_on.y", "2020"),
                ("contact_on.m", "13"),
                ("contact_on.d", "01"),
                ("weight", "fifty"),
                ("progressed", "false"),
            ],
        )
        .await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    reply.has("2 places to mend");
    reply.has("<a href=\"#weight\">Weight</a> “fifty” is not a number.");
    reply.has("aria-invalid=\"true\"");
    reply.has("value=\"fifty\"");
    reply.has("value=\"false\" checked");
    reply.has("value=\"2020\"");
    // Nothing was saved.
    web.get("inv011", &path).await.lacks("value=\"false\" checked");
}

#[tokio::test]
async fn a_repeated_save_is_answered_with_the_first_result() {
    let web = Web::new();
    let path = form(3);
    let page = web.get("inv011", &path).await;
    let (token, seen) = (page.hidden("token"), page.hidden("seen"));
    let fields = [
        ("token", token.as_str()),
        ("seen", seen.as_str()),
        ("do", "save"),
        ("contact_on.y", "2020"),
        ("contact_on.m", "UK"),
        ("contact_on.d", ""),
        ("weight", "５１．５"),
        ("progressed", "false"),
    ];
    let first = web.post("inv011", &path, &fields).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
    let again = web.post("inv011", &path, &fields).await;
    assert_eq!((again.status, again.to()), (StatusCode::SEE_OTHER, first.to()));
    let casebook = web.get("inv011", &format!("/en/{STUDY}/participants/3")).await;
    casebook.has("2020-UK-UK");
    casebook.has("51.5");
    casebook.lacks("changed once");
}

#[tokio::test]
async fn two_saves_of_the_same_token_at_once_write_once() {
    let web = Web::new();
    let path = form(3);
    let page = web.get("inv011", &path).await;
    let (token, seen) = (page.hidden("token"), page.hidden("seen"));
    let fields = [("token", token.as_str()), ("seen", &seen), ("do", "save"), ("weight", "61.0")];
    let (a, b) = tokio::join!(web.post("inv011", &path, &fields), web.post("inv011", &path, &fields));
    assert_eq!((a.status, b.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}{}", a.body, b.body);
    assert_eq!(a.to(), b.to());
}

#[tokio::test]
async fn changing_a_stated_value_needs_a_reason() {
    let web = Web::new();
    let path = form(1);
    let page = web.get("inv011", &path).await;
    let (token, seen) = (page.hidden("token"), page.hidden("seen"));
    let mut fields = vec![
        ("token", token.as_str()),
        ("seen", seen.as_str()),
        ("do", "save"),
        ("contact_on.y", "2020"),
        ("contact_on.m", "07"),
        ("contact_on.d", "UK"),
        ("weight", "48.0"),
        ("progressed", "false"),
    ];
    let refused = web.post("inv011", &path, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.has("Changing an earlier value needs a reason.");
    refused.has("href=\"#reason\"");
    refused.has("value=\"48.0\"");
    fields.push(("reason", "misread the scale"));
    let saved = web.post("inv011", &path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let casebook = web.get("inv011", &format!("/en/{STUDY}/participants/1")).await;
    casebook.has("misread the scale");
    casebook.has("51.5");
}

#[tokio::test]
async fn a_form_that_somebody_else_saved_meanwhile_shows_both_values_and_asks() {
    let web = Web::new();
    let path = form(1);
    let (mine, theirs) = (web.get("inv011", &path).await, web.get("crc011", &path).await);
    let send = async |who: &str, page: &crate::common::Reply, weight: &str| {
        let (token, seen) = (page.hidden("token"), page.hidden("seen"));
        let fields = [
            ("token", token.as_str()),
            ("seen", seen.as_str()),
            ("do", "save"),
            ("contact_on.y", "2020"),
            ("contact_on.m", "07"),
            ("contact_on.d", "UK"),
            ("weight", weight),
            ("progressed", "false"),
            ("reason", "checked again"),
        ];
        web.post(who, &path, &fields).await
    };
    assert_eq!(send("crc011", &theirs, "49.9").await.status, StatusCode::SEE_OTHER);
    let conflict = send("inv011", &mine, "47.7").await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    conflict.has("value=\"47.7\"");
    conflict.has("holds now: 49.9");
    assert_eq!(send("inv011", &conflict, "47.7").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_kind_of_missing_is_kept_as_such() {
    let web = Web::new();
    let path = form(3);
    let page = web.get("inv011", &path).await;
    let (token, seen) = (page.hidden("token"), page.hidden("seen"));
    let fields = [
        ("token", token.as_str()),
        ("seen", &seen),
        ("do", "save"),
        ("weight", ""),
        ("weight.missing", "not_done"),
    ];
    assert_eq!(web.post("inv011", &path, &fields).await.status, StatusCode::SEE_OTHER);
    let page = web.get("inv011", &path).await;
    page.has("<option value=\"not_done\" selected>");
}

#[tokio::test]
async fn a_query_is_raised_by_a_check_answered_by_the_site_and_closed_by_the_data_manager() {
    let web = Web::new();
    let list = format!("/en/{STUDY}/queries");
    let open = web.get("dm", &list).await;
    open.has("Progression is not after the last contact");
    let token = web.get("inv011", &list).await.hidden("token");
    let back = list.as_str();
    let nothing = web.post("inv011", &format!("{list}/1/answer"), &[("token", &token), ("text", " ")]).await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
    let fields = [("token", token.as_str()), ("back", back), ("text", "The visit was on the 9th")];
    let answered = web.post("inv011", &format!("{list}/1/answer"), &fields).await;
    assert_eq!((answered.status, answered.to()), (StatusCode::SEE_OTHER, back), "{}", answered.body);
    web.get("dm", &format!("{list}?state=answered")).await.has("The visit was on the 9th");
    let token = web.get("dm", &format!("{list}?state=answered")).await.hidden("token");
    let closed = web.post("inv011", &format!("{list}/1/close"), &[("token", &token)]).await;
    assert_eq!(closed.status, StatusCode::UNPROCESSABLE_ENTITY, "a site cannot close");
    let closed = web.post("dm", &format!("{list}/1/close"), &[("token", &token), ("back", back)]).await;
    assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.body);
    web.get("dm", &list).await.lacks("Progression is not after the last contact");
    // A query of another site does not exist.
    let foreign = web.post("inv012", &format!("{list}/1/answer"), &[("token", "x1"), ("text", "?")]).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_data_manager_raises_a_query_on_an_empty_item() {
    let web = Web::new();
    let page = web.get("dm", &form(3)).await;
    let token = page.hidden("token");
    let fields = [
        ("token", token.as_str()),
        ("form", "follow_up"),
        ("visit", "follow_up"),
        ("number", "1"),
        ("item", "weight"),
        ("text", "Please weigh"),
        ("back", "/en/TRY01/queries"),
    ];
    let path = format!("/en/{STUDY}/participants/3/queries");
    let raised = web.post("dm", &path, &fields).await;
    assert_eq!(raised.status, StatusCode::SEE_OTHER, "{}", raised.body);
    web.get("inv011", &form(3)).await.has("Please weigh");
    assert_eq!(
        web.post(
            "inv011",
            &path,
            &[("token", "zz9"), ("form", "follow_up"), ("item", "weight"), ("text", "?")]
        )
        .await
        .status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn the_data_centre_corrects_a_value_only_on_behalf_of_somebody_at_the_site() {
    let web = Web::new();
    let path = form(1);
    let page = web.get("dm", &path).await;
    let (token, seen) = (page.hidden("token"), page.hidden("seen"));
    let mut fields = vec![
        ("token", token.as_str()),
        ("seen", seen.as_str()),
        ("do", "save"),
        ("contact_on.y", "2020"),
        ("contact_on.m", "07"),
        ("contact_on.d", "UK"),
        ("weight", "50.0"),
        ("progressed", "false"),
        ("reason", "by telephone"),
    ];
    let refused = web.post("dm", &path, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.has("href=\"#on_behalf\"");
    // Somebody of another hospital is nobody here.
    fields.push(("on_behalf", "inv012"));
    assert_eq!(web.post("dm", &path, &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    fields.pop();
    fields.push(("on_behalf", "inv011"));
    let saved = web.post("dm", &path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let seq = saved.to().rsplit("saved=").next().unwrap();
    let entry = web.get("dm", &format!("/en/{STUDY}/ledger/{seq}")).await;
    entry.has("On behalf of</dt><dd>inv011");
}
