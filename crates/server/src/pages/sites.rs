//! Sites: their papers, what is missing, what they have registered, what is overdue.

use super::list::counts;
use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::shell::{Shell, page as render};
use crate::told::{self, Mark};
use askama::Template;
use axum::response::Response;
use conduct::{Action, SiteApproval, SiteView, View};
use jiff::civil::Date;
use protocol::Protocol;

#[derive(Template)]
#[template(path = "sites.html")]
struct SitesPage {
    s: Shell,
    found: String,
    approvals: Vec<String>,
    steps: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    name: String,
    href: String,
    joined: String,
    papers: Vec<Mark>,
    may: Mark,
    numbers: Vec<String>,
    overdue: usize,
    queries: usize,
}

/// Sites that lack a paper for some step.
pub(crate) fn lacking(ask: &Ask, view: &View<'_>) -> usize {
    view.sites().iter().filter(|s| !may_register(ask, view, s)).count()
}

fn may_register(ask: &Ask, view: &View<'_>, site: &SiteView<'_>) -> bool {
    let steps = view.protocol().protocol.steps.keys();
    steps.into_iter().all(|step| view.missing_papers(site.id, step, ask.day()).is_empty())
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeStudy)?;
        let view = ask.view()?;
        let protocol = &view.protocol().protocol;
        let (t, lang, day) = (ask.t, ask.t.0, ask.day());
        let counts = counts(&view, day);
        let count = |site: &SiteView<'_>, of: &std::collections::BTreeMap<conduct::ParticipantId, usize>| {
            view.participants()
                .iter()
                .filter(|p| p.site() == site.id)
                .filter_map(|p| of.get(&p.id()))
                .sum::<usize>()
        };
        let sites = view.sites();
        let rows = sites
            .iter()
            .map(|site| {
                let may = may_register(&ask, &view, site);
                Row {
                    id: site.id.to_string(),
                    name: t.of(&site.site.name).to_owned(),
                    href: ask.to_with("participants", &[("site", site.id.as_str())]),
                    joined: site.site.joined.to_string(),
                    papers: protocol
                        .approvals
                        .iter()
                        .map(|(kind, paper)| paper_mark(&ask, protocol, site, kind, paper.per_version, day))
                        .collect(),
                    may: if may {
                        Mark::new("yes", t.say("may-yes"))
                    } else {
                        Mark::new("no", t.say("may-no"))
                    },
                    numbers: protocol
                        .steps
                        .keys()
                        .map(|step| t.n(&site.registered.get(step.as_str()).copied().unwrap_or(0)))
                        .collect(),
                    overdue: count(site, &counts.overdue),
                    queries: count(site, &counts.queries),
                }
            })
            .collect();
        render(&SitesPage {
            s: Shell::of(&ask, "sites"),
            found: t.count("found-sites", &sites.len()).into_owned(),
            approvals: protocol
                .approvals
                .values()
                .map(|a| told::name(lang, &a.ja, &a.en).to_owned())
                .collect(),
            steps: protocol.steps.values().map(|s| told::name(lang, &s.ja, &s.en).to_owned()).collect(),
            rows,
        })
    })
    .await
}

/// The latest paper of a kind, for the present version where each version needs its own.
fn paper_mark(
    ask: &Ask,
    protocol: &Protocol,
    site: &SiteView<'_>,
    kind: &str,
    per_version: bool,
    day: Date,
) -> Mark {
    let t = ask.t;
    let all: Vec<&SiteApproval> = site.site.approvals.iter().filter(|a| a.approval == kind).collect();
    let fits = |a: &&&SiteApproval| !per_version || a.version == protocol.version;
    match (all.iter().rfind(fits), all.last()) {
        (Some(a), _) if a.expires_on.is_some_and(|until| until < day) => {
            let until = a.expires_on.map(|d| d.to_string()).unwrap_or_default();
            Mark::new("no", t.with("paper-expired", &until))
        }
        (Some(a), _) if a.effective_from > day || a.received_on > day => {
            Mark::new("due", t.with("paper-later", &a.effective_from.max(a.received_on).to_string()))
        }
        (Some(a), _) => Mark::new("yes", t.with("paper-from", &a.effective_from.to_string())),
        (None, Some(older)) => Mark::new("no", t.with("paper-other-version", &older.version)),
        (None, None) => Mark::new("no", t.say("paper-missing")),
    }
}
