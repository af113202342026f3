//! What to weigh beside the labels: local treatment, order, safety, comorbidity, what the patient values.

use crate::Patient;
use crate::knowledge::{Certainty, View};
use crate::options::{Options, Verdict};
use serde::Serialize;
use words::Text;

/// A consideration that applies, or could.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Considered {
    pub id: String,
    /// `local`, `sequence`, `after`, `safety`, `comorbidity`, `values`, `test`.
    pub kind: String,
    pub applies: bool,
    /// What must be known before it can be told whether it applies.
    pub missing: Vec<String>,
    pub text: Text,
    /// Those of its regimens that are eligible or open.
    pub regimens: Vec<String>,
    pub unverified: bool,
    pub source: String,
}

impl View<'_> {
    /// The considerations for a patient. Those about regimens are left out when none of them is eligible or open.
    pub fn considerations(&self, patient: &Patient, options: &Options) -> Vec<Considered> {
        let knowledge = self.knowledge;
        let mut out = Vec::new();
        for one in &knowledge.considerations {
            let regimens: Vec<String> = one
                .regimens
                .iter()
                .map(|at| &options.regimens[*at])
                .filter(|o| o.verdict != Verdict::NotEligible)
                .map(|o| o.id.clone())
                .collect();
            let asked = self.query.known_at.unwrap_or(self.query.as_of);
            if one.known_from.is_some_and(|day| day > asked) {
                continue;
            }
            let about_drugs = matches!(one.kind.as_str(), "safety" | "comorbidity");
            if about_drugs && !one.regimens.is_empty() && regimens.is_empty() {
                continue;
            }
            let (applies, missing) = match one.when.verdict(&patient.values) {
                rules::Verdict::True => (true, Vec::new()),
                rules::Verdict::Unknown(m) => (false, m.iter().map(|m| m.path.to_string()).collect()),
                rules::Verdict::False => continue,
                rules::Verdict::Error(error) => (false, vec![error.message.en]),
            };
            out.push(Considered {
                id: one.id.clone(),
                kind: one.kind.clone(),
                applies,
                missing,
                text: one.text.clone(),
                regimens,
                unverified: one.certainty != Certainty::High,
                source: one.source.clone(),
            });
        }
        out
    }
}
