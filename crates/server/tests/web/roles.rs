//! What blinded people and people of a site never receive.

use crate::common::{STUDY, Web};
use axum::http::StatusCode;
use conduct::ParticipantId;

/// Every page a person can reach by following the links from the overview.
async fn all_pages(web: &Web, who: &str) -> Vec<(String, String)> {
    let mut open = vec![format!("/en/{STUDY}"), format!("/en/{STUDY}?cutoff=2020-12-31")];
    let mut seen: Vec<(String, String)> = Vec::new();
    while let Some(path) = open.pop() {
        if seen.iter().any(|(p, _)| *p == path) || seen.len() > 400 {
            continue;
        }
        let reply = web.get(who, &path).await;
        assert!(
            reply.status == StatusCode::OK || reply.status.is_redirection(),
            "{who}: a link leads to {path}, which answers {}",
            reply.status
        );
        for marker in ["href=\"", "src=\""] {
            for part in reply.body.split(marker).skip(1) {
                let href = part.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
                let href = href.split('#').next().unwrap().to_owned();
                if href.starts_with(&format!("/en/{STUDY}")) {
                    open.push(href);
                }
            }
        }
        seen.push((path, reply.body));
    }
    assert!(seen.len() > 10, "{who} reached {} pages only", seen.len());
    seen
}

#[tokio::test]
async fn blinded_roles_find_no_arm_of_anybody_on_any_page_they_can_reach() {
    let web = Web::new();
    for who in ["monitor", "chair"] {
        for (path, body) in all_pages(&web, who).await {
            for arm in [
                "A Observation",
                "B Added treatment",
                "Added treatment form",
                "Report of the added treatment",
            ] {
                assert!(!body.contains(arm), "{who}: {path} tells `{arm}`");
            }
        }
    }
}

#[tokio::test]
async fn people_of_a_site_see_the_arm_and_never_how_it_was_chosen() {
    let web = Web::new();
    let casebook = web.get("inv011", &format!("/en/{STUDY}/participants/1")).await;
    assert!(casebook.body.contains("A Observation") || casebook.body.contains("B Added treatment"));
    for (path, body) in all_pages(&web, "inv011").await {
        assert!(!path.contains("/allocation/"), "{path}");
        for secret in ["mbalance", "robabilit", "preferred", "Drawn number", "drawn&#34;", "minimisation/1"] {
            assert!(!body.contains(secret), "{path} tells `{secret}`");
        }
        // Nobody of the other hospital.
        for other in [2u32, 4, 6, 8, 10, 11] {
            let other = ParticipantId(other);
            assert!(!body.contains(&format!("/participants/{other}\"")), "{path} links participant {other}");
            assert!(!body.contains(&format!("Participant {other} ")), "{path} names participant {other}");
        }
    }
}

#[tokio::test]
async fn auditor_and_statistician_can_replay_an_allocation() {
    let web = Web::new();
    for who in ["auditor", "stat"] {
        let reply = web.get(who, &format!("/en/{STUDY}/participants/3/allocation/main")).await;
        for word in [
            "Imbalance if chosen",
            "Probability",
            "Generator counter",
            "lies in this arm",
            "Sapporo Hospital",
        ] {
            reply.has(word);
        }
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_no_longer_opens_anything() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("try.db");
    let trial = crate::common::study(&file);
    let context = conduct::Context::new(
        crate::common::at(crate::common::TODAY),
        "dm",
        conduct::Role::DataManager,
        [9; 32],
    );
    let revoke =
        conduct::Command::RevokeRole { person: "auditor".into(), role: conduct::Role::Auditor, site: None };
    trial.execute(&revoke, &context).unwrap();
    let app = crate::common::app(trial);
    let web = Web::around(app, file, folder);
    // The cookie still says auditor; the study does not. One acts as the default person again.
    let reply = web.get("auditor", &format!("/en/{STUDY}/sites")).await;
    reply.lacks("Auditor)</b>");
}
