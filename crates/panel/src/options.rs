//! The options of one patient: subtype, verdict on every regimen, class of every finding.

use crate::adequacy::Judgement;
use crate::findings::{self, FindingClass};
use crate::knowledge::{Certainty, Knowledge, Standing, Status, View};
use crate::{Contradiction, Patient};
use biomarkers::{Her2, Her2Question, Receptors, Told, subtype};
use rules::{Missing, Value};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Eligible,
    NotEligible,
    Open,
}

impl Verdict {
    pub fn code(self) -> &'static str {
        match self {
            Verdict::Eligible => "eligible",
            Verdict::NotEligible => "not_eligible",
            Verdict::Open => "open",
        }
    }
}

/// What follows when facts that nobody has verified are believed too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unverified {
    pub verdict: Verdict,
    pub status: Status,
    pub missing: Vec<String>,
    /// Ids of the facts.
    pub rows: Vec<String>,
}

/// The verdict on one regimen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegimenOption {
    pub id: String,
    pub verdict: Verdict,
    pub status: Status,
    /// Inputs whose answer can change the verdict.
    pub missing: Vec<String>,
    /// `population_met`, `population_not_met`, `used_up`, `missing_inputs`, `rule_error`, or the status that is in the way.
    pub reason: &'static str,
    /// Whether the wording of the label, or the regimen itself, is not verified (certainty M or L).
    pub unverified: bool,
    /// Id of the rule and of the facts on which this rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    pub rows: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified_view: Option<Unverified>,
}

/// A rule that failed: a bug in the knowledge, never a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleFault {
    pub rule: String,
    pub message: words::Text,
}

/// What a table of codes and missing inputs says of the disease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MissingFor {
    pub subtype: Vec<String>,
    pub her2_category: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    pub subtype: &'static str,
    pub her2_category: &'static str,
    pub missing: MissingFor,
    pub flags: Vec<String>,
    pub regimens: Vec<RegimenOption>,
    pub findings: Vec<FindingClass>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<RuleFault>,
}

/// Whether the population holds, and what else bears on a regimen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Population {
    Holds,
    Fails,
    UsedUp,
    Open(Vec<String>),
    Fault(words::Text),
}

/// What the profile says of the disease.
pub(crate) struct Disease {
    pub her2: Her2,
    pub receptors: Receptors,
    pub her2_result: Told,
    pub her2_missing: Vec<String>,
}

fn names(needs: &[biomarkers::Need]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for need in needs {
        if !out.iter().any(|name| *name == need.name) {
            out.push(need.name.to_string());
        }
    }
    out
}

impl Knowledge {
    fn number(&self, patient: &Patient, path: &str) -> Result<words::Decimal, Missing> {
        match self.dictionary.slot(path).map(|slot| patient.values.get(slot)) {
            Some(Value::Decimal(n)) => Ok(*n),
            Some(Value::Integer(n)) => Ok((*n).into()),
            Some(Value::Missing(why)) => Err(*why),
            _ => Err(Missing::NotYetKnown),
        }
    }

    pub(crate) fn disease(&self, patient: &Patient) -> Disease {
        let value = |path: &str| {
            self.dictionary.slot(path).map_or(&Value::NOT_YET_KNOWN, |slot| patient.values.get(slot))
        };
        let question: Her2Question<'_> = biomarkers::her2_question(
            [
                value("her2.ihc"),
                value("her2.ihc0_staining"),
                value("her2.ish.method"),
                value("her2.ish.ratio"),
                value("her2.ish.copies"),
                value("her2.ish.recount_group"),
                value("her2.adjudication"),
            ],
            None,
        );
        let her2 = question.overall();
        Disease {
            her2,
            her2_result: question.positive(),
            her2_missing: names(&question.named(her2.missing)),
            receptors: Receptors {
                er: self.number(patient, "er.percent"),
                pgr: self.number(patient, "pgr.percent"),
            },
        }
    }
}

impl View<'_> {
    /// The verdict of a label, and whether the leading drug is used up.
    pub(crate) fn population(&self, patient: &Patient, regimen: usize, label: Option<usize>) -> Population {
        let knowledge = self.knowledge;
        let used = knowledge.used_up(patient, regimen);
        if used == Ok(true) {
            return Population::UsedUp;
        }
        let Some(label) = label.and_then(|at| knowledge.labels.get(at)) else {
            return Population::Open(Vec::new());
        };
        let missing = match label.rule.verdict(&patient.values) {
            rules::Verdict::False => return Population::Fails,
            rules::Verdict::Error(error) => return Population::Fault(error.message),
            rules::Verdict::True => Vec::new(),
            rules::Verdict::Unknown(missing) => missing.iter().map(|m| m.path.to_string()).collect(),
        };
        let mut all: BTreeSet<String> = missing.into_iter().collect();
        all.extend(used.err().map(|needs| names(&needs)).unwrap_or_default());
        if all.is_empty() { Population::Holds } else { Population::Open(all.into_iter().collect()) }
    }

    fn verdict(
        &self,
        patient: &Patient,
        regimen: usize,
        standing: &Standing,
    ) -> (Verdict, &'static str, Vec<String>, Option<words::Text>) {
        if !standing.status.is_in_force() {
            return (Verdict::NotEligible, standing.status.code(), Vec::new(), None);
        }
        match self.population(patient, regimen, standing.label) {
            Population::Holds => (Verdict::Eligible, "population_met", Vec::new(), None),
            Population::Fails => (Verdict::NotEligible, "population_not_met", Vec::new(), None),
            Population::UsedUp => (Verdict::NotEligible, "used_up", Vec::new(), None),
            Population::Open(missing) => (Verdict::Open, "missing_inputs", missing, None),
            Population::Fault(message) => (Verdict::Open, "rule_error", Vec::new(), Some(message)),
        }
    }

    fn option(&self, patient: &Patient, regimen: usize, faults: &mut Vec<RuleFault>) -> RegimenOption {
        let knowledge = self.knowledge;
        let standing = &self.firm[regimen];
        let (verdict, reason, missing, fault) = self.verdict(patient, regimen, standing);
        let rule = standing.label.and_then(|at| knowledge.labels.get(at));
        if let (Some(message), Some(label)) = (fault, rule) {
            faults.push(RuleFault { rule: label.id.clone(), message });
        }
        let ids = |rows: &[usize]| rows.iter().map(|at| knowledge.approvals[*at].id.clone()).collect();
        let unverified_view = self.all[regimen].as_ref().and_then(|all| {
            let (other, _, also_missing, _) = self.verdict(patient, regimen, all);
            let differs = other != verdict || all.status != standing.status || also_missing != missing;
            differs.then(|| Unverified {
                verdict: other,
                status: all.status,
                missing: also_missing,
                rows: ids(&all.rows),
            })
        });
        let weak = |c: Certainty| c != Certainty::High;
        RegimenOption {
            id: knowledge.regimens[regimen].id.clone(),
            verdict,
            status: standing.status,
            missing,
            reason,
            unverified: standing.status.is_in_force()
                && (rule.is_some_and(|l| weak(l.certainty)) || weak(knowledge.regimens[regimen].certainty)),
            rule: rule.map(|l| l.id.clone()),
            rows: ids(&standing.rows),
            unverified_view,
        }
    }

    /// All that follows for a patient. Regimens stand in the order of the knowledge, which is no order of preference.
    pub fn options(&self, patient: &Patient) -> Options {
        let disease = self.knowledge.disease(patient);
        let subtype = subtype(&disease.receptors, &disease.her2_result);
        let mut flags: Vec<String> = disease.her2.flag.iter().map(|f| f.code().to_owned()).collect();
        if disease.her2.positive == Ok(false) && findings::is_amplified(self.knowledge, patient, "ERBB2") {
            flags.push("ihc_ngs_discordant".to_owned());
        }
        flags.extend(
            patient.contradictions.iter().map(|Contradiction { concept }| format!("contradiction:{concept}")),
        );
        let poor = patient.specimens.iter().filter(|s| s.judgement == Judgement::Inadequate);
        let poor = poor.map(|s| format!("inadequate_specimen:{}", s.concept));
        for flag in poor.chain(patient.oddities.iter().cloned()) {
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        let mut faults = Vec::new();
        let regimens: Vec<RegimenOption> =
            (0..self.knowledge.regimens.len()).map(|r| self.option(patient, r, &mut faults)).collect();
        let findings = findings::classify(self, patient, &disease);
        Options {
            subtype: subtype.code,
            her2_category: disease.her2.category.code(),
            missing: MissingFor { subtype: names(&subtype.missing), her2_category: disease.her2_missing },
            flags,
            regimens,
            findings,
            faults,
        }
    }
}
