//! Ways to a treatment outside of the labels: trials, patient-proposed care, expanded access. Dated facts like approvals,
//! and asked of a finding only where no label answers.

use crate::Patient;
use crate::findings::FindingClass;
use crate::knowledge::{Certainty, Place, Query, View};
use jiff::civil::Date;
use rules::Rule;
use serde::Serialize;
use words::Text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    Trial,
    PatientProposed,
    ExpandedAccess,
    AdvancedMedicalCare,
    OffLabel,
}

impl RouteKind {
    const ALL: [(&'static str, RouteKind); 5] = [
        ("trial", RouteKind::Trial),
        ("patient_proposed", RouteKind::PatientProposed),
        ("expanded_access", RouteKind::ExpandedAccess),
        ("advanced_medical_care", RouteKind::AdvancedMedicalCare),
        ("off_label", RouteKind::OffLabel),
    ];

    pub fn from_code(code: &str) -> Option<RouteKind> {
        RouteKind::ALL.iter().find(|(c, _)| *c == code).map(|(_, k)| *k)
    }

    pub fn code(self) -> &'static str {
        RouteKind::ALL.iter().find(|(_, k)| *k == self).map_or("", |(c, _)| c)
    }

    /// The reason of class 2 that it gives.
    pub(crate) fn reason(self) -> &'static str {
        if self == RouteKind::Trial { "trial_open" } else { "route" }
    }
}

/// One row of `routes.csv`.
#[derive(Clone, Debug)]
pub struct Route {
    pub id: String,
    pub kind: RouteKind,
    pub place: Place,
    /// Findings that it is for; `*` is any; none if it is told of the case and gives no class.
    pub findings: Vec<String>,
    pub drugs: Vec<String>,
    /// The evidence for this pair on the Japanese scale; from the published evidence if empty.
    pub level: String,
    pub when: Rule,
    pub opened: Date,
    /// The last day on which it was seen open. Later nobody has looked: what is said is then unverified.
    pub seen_open: Date,
    /// The first day on which nobody can enter any more.
    pub closed: Option<Date>,
    pub known_from: Date,
    pub text: Text,
    pub certainty: Certainty,
    pub source: String,
    pub line: u64,
}

impl Route {
    /// How sure it is that it was open on the day; `None` if it was not.
    pub fn open(&self, query: &Query) -> Option<Certainty> {
        let known = |day: Date| query.known_at.is_none_or(|at| day <= at);
        let over = self.closed.is_some_and(|closed| closed <= query.as_of && known(closed));
        if self.place != query.place || self.opened > query.as_of || over || !known(self.known_from) {
            return None;
        }
        Some(if query.as_of > self.seen_open { Certainty::Low } else { self.certainty })
    }

    pub(crate) fn is_for(&self, finding: &str) -> bool {
        self.findings.iter().any(|f| f == finding || f == "*")
    }
}

/// A route that is open in the place on the day, and whether it is this patient's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenRoute {
    pub id: String,
    pub kind: RouteKind,
    /// Whether its condition holds; false while something is missing.
    pub applies: bool,
    pub missing: Vec<String>,
    /// Findings of this patient for which it is.
    pub findings: Vec<String>,
    pub drugs: Vec<String>,
    pub text: Text,
    pub opened: String,
    pub seen_open: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
    pub unverified: bool,
    pub source: String,
}

impl View<'_> {
    /// What is missing before a route's condition can be told; `None` if it is known not to hold.
    pub(crate) fn route_missing(&self, patient: &Patient, route: &Route) -> Option<Vec<String>> {
        match route.when.verdict(&patient.values) {
            rules::Verdict::True => Some(Vec::new()),
            rules::Verdict::Unknown(m) => Some(m.iter().map(|m| m.path.to_string()).collect()),
            rules::Verdict::False => None,
            // A rule that errs is never "not there": it is told in place of what is missing.
            rules::Verdict::Error(_) => Some(vec![format!("rule_error:{}", route.id)]),
        }
    }

    /// Routes that are open and not known to be closed to this patient. One for findings is told only if the patient has
    /// such a finding that no label answers now.
    pub fn routes(&self, patient: &Patient, findings: &[FindingClass]) -> Vec<OpenRoute> {
        let mut out = Vec::new();
        for route in &self.knowledge.routes {
            let Some(certainty) = route.open(&self.query) else { continue };
            let unanswered =
                |f: &&FindingClass| f.class == Some(2) || f.reason == "no_route" || f.reason == "used_up";
            let own: Vec<String> = findings
                .iter()
                .filter(unanswered)
                .filter(|f| route.is_for(&f.finding))
                .map(|f| f.finding.clone())
                .collect();
            if own.is_empty() && !route.findings.is_empty() {
                continue;
            }
            let Some(missing) = self.route_missing(patient, route) else { continue };
            out.push(OpenRoute {
                id: route.id.clone(),
                kind: route.kind,
                applies: missing.is_empty(),
                missing,
                findings: own,
                drugs: route.drugs.clone(),
                text: route.text.clone(),
                opened: route.opened.to_string(),
                seen_open: route.seen_open.to_string(),
                closed: route.closed.map(|d| d.to_string()),
                unverified: certainty != Certainty::High,
                source: route.source.clone(),
            });
        }
        out
    }
}
