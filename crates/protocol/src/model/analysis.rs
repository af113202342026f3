//! Endpoints, analysis sets, the design and the planned analyses.

use super::Ordered;
use crate::schema;
use rules::Duration;
use serde::{Deserialize, Serialize};
use words::Decimal;

/// Time from a step to the first of some facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    pub ja: String,
    pub en: String,
    /// The step whose day is time 0.
    pub from: String,
    /// The first of these facts is the event. By arm where the arms differ in what counts: `{ A: [...], B: [...] }`.
    pub event: EndpointEvent,
    /// Facts that end observation with another outcome; then the analysis is of cumulative incidence.
    #[serde(default)]
    pub competing: Vec<String>,
    /// Without an event, the day of this fact ends observation.
    pub censor: String,
    /// Facts at which observation ends on purpose (an intercurrent event under a hypothetical estimand).
    #[serde(default)]
    pub censor_at: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum EndpointEvent {
    Same(Vec<String>),
    ByArm(Ordered<Vec<String>>),
}

impl EndpointEvent {
    /// The facts that count as event for this arm; an arm not named has none.
    pub fn facts(&self, arm: Option<&str>) -> &[String] {
        match self {
            EndpointEvent::Same(facts) => facts,
            EndpointEvent::ByArm(by) => arm.and_then(|a| by.get(a)).map_or(&[], Vec::as_slice),
        }
    }
}

/// Something that may happen after the start and changes what a time means: an operation in the arm without one. How an
/// analysis deals with it is its estimand (ICH E9(R1)); without a switch it is ignored (treatment policy).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Intercurrent {
    pub ja: String,
    pub en: String,
    /// The fact that dates it.
    pub fact: String,
    /// The arms in which it counts as such; none named: all.
    #[serde(default)]
    pub arms: Vec<String>,
}

impl Intercurrent {
    /// Whether it counts in this arm.
    pub fn in_arm(&self, arm: Option<&str>) -> bool {
        self.arms.is_empty() || arm.is_some_and(|a| self.arms.iter().any(|b| b == a))
    }
}

/// Who is counted: everyone registered at `step` (cancelled numbers left out), less the ineligible if so said,
/// for whom `when` is true. A participant for whom `when` cannot be told is left out and listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalysisSet {
    pub ja: String,
    pub en: String,
    pub step: String,
    #[serde(default)]
    pub eligible_only: bool,
    #[serde(default)]
    pub when: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// `log-rank` and the like, for the reader.
    pub test: String,
    pub alpha: Alpha,
    #[schemars(schema_with = "schema::between_0_and_1")]
    pub power: Decimal,
    /// Hazard ratio to be shown.
    #[serde(default)]
    #[schemars(schema_with = "schema::above_0")]
    pub hr: Option<Decimal>,
    #[serde(default)]
    pub events: Option<u32>,
    pub n: u32,
    #[serde(default)]
    pub source: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Alpha {
    OneSided(#[schemars(schema_with = "schema::between_0_and_1")] Decimal),
    TwoSided(#[schemars(schema_with = "schema::between_0_and_1")] Decimal),
}

/// One planned analysis: which kind, of what, in whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    pub ja: String,
    pub en: String,
    #[serde(default)]
    pub primary: bool,
    /// `flow`, `accrual`, or one of the others with its settings: `survival: { endpoint: os, ... }`.
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Participant flow through steps, allocation, follow-up and analysis.
    Flow,
    /// Registrations over time against plan, by site.
    Accrual,
    /// Characteristics at a step by arm.
    Baseline(Baseline),
    /// Kaplan-Meier curves, log-rank, Cox; cumulative incidence where the endpoint has competing facts.
    Survival(Survival),
    /// Worst grade per participant of a repeating form.
    WorstGrade(WorstGrade),
    /// How long and how much of a treatment was given.
    Exposure(Exposure),
    /// Share of participants for whom a rule is true.
    Proportion(Proportion),
    /// Another analysis again, each time with something decided otherwise.
    Sensitivity(Sensitivity),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    pub set: String,
    #[serde(default)]
    pub by: Option<String>,
    pub items: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Survival {
    pub endpoint: String,
    pub set: String,
    /// The allocation whose arms are compared; none gives one curve.
    #[serde(default)]
    pub by: Option<String>,
    /// Only these arms are compared, such as two of three; without it all.
    #[serde(default)]
    pub arms: Vec<String>,
    /// The arm against which hazard ratios are given.
    #[serde(default)]
    pub reference: Option<String>,
    /// Items by which log-rank and Cox are stratified.
    #[serde(default)]
    pub strata: Vec<String>,
    /// Items whose levels are analysed one by one, with interaction.
    #[serde(default)]
    pub subgroups: Vec<String>,
    /// Confidence level of all intervals of this analysis: 0.90.
    #[schemars(schema_with = "schema::between_0_and_1")]
    pub level: Decimal,
    /// One- or two-sided p-value of the log-rank test.
    pub sided: Sided,
    /// Times at which survival is told.
    #[serde(default)]
    #[schemars(schema_with = "schema::durations")]
    pub at: Vec<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sided {
    One,
    Two,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorstGrade {
    pub set: String,
    #[serde(default)]
    pub by: Option<String>,
    /// The repeating form of adverse events and its items.
    pub form: String,
    pub grade: String,
    pub term: String,
    /// Item with the system to which the term belongs (CTCAE: system organ class); then it is told by system too.
    #[serde(default)]
    pub system: Option<String>,
    /// Only records for which this is true, such as one treatment phase.
    #[serde(default)]
    pub when: Option<String>,
    /// Grades told as "this or worse".
    pub at_least: Vec<u8>,
}

/// Exposure to a treatment as one form tells it, which is filled once for each participant. What the form does not hold
/// (cycles, doses, modifications) is told as not collected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    pub set: String,
    #[serde(default)]
    pub by: Option<String>,
    pub form: String,
    /// Date items of the form: first and last day of treatment.
    pub start: String,
    pub end: String,
    /// Boolean item: treatment goes on. Then it is counted up to the day that dates the form.
    #[serde(default)]
    pub ongoing: Option<String>,
    /// Number item: cycles given.
    #[serde(default)]
    pub cycles: Option<String>,
    /// Number items: dose given and dose planned; their ratio is the relative dose intensity.
    #[serde(default)]
    pub dose: Option<Dose>,
    /// Items that tell delays, reductions and interruptions.
    #[serde(default)]
    pub modifications: Vec<String>,
    /// Further items of the form: regimen, reason for the end.
    #[serde(default)]
    pub items: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dose {
    pub given: String,
    pub planned: String,
}

impl Exposure {
    /// An item of the form as a path.
    pub fn path(&self, item: &str) -> String {
        format!("{}.{item}", self.form)
    }

    /// Items that are told one by one, as characteristics are.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        let first = self.cycles.iter().chain(&self.modifications).chain(&self.items);
        first.map(String::as_str)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proportion {
    pub set: String,
    #[serde(default)]
    pub by: Option<String>,
    pub rule: String,
    #[schemars(schema_with = "schema::between_0_and_1")]
    pub level: Decimal,
}

/// A survival analysis or a proportion as planned, and once more for each switch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// The analysis of which this is the sensitivity.
    pub of: String,
    pub switches: Ordered<Switch>,
}

/// What is decided otherwise than planned; what is not named stays as planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    pub ja: String,
    pub en: String,
    /// Another analysis set, such as that of those treated per protocol.
    #[serde(default)]
    pub set: Option<String>,
    /// Intercurrent event to what it does.
    #[serde(default)]
    pub intercurrent: Ordered<Strategy>,
    /// For `ipcw`: items, and facts that count from their day on, on which it depends who has the event.
    #[serde(default)]
    pub covariates: Vec<String>,
    /// What is not known is taken at its worst, or at its best, for every arm but the reference; at the opposite for that.
    #[serde(default)]
    pub missing: Option<MissingCase>,
    /// With `missing`: without event, somebody last seen longer than this before the cut-off counts as missing (12 months).
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub lost_after: Option<Duration>,
}

/// What an intercurrent event does to a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Nothing: it is part of the treatment.
    TreatmentPolicy,
    /// It counts as the event.
    Composite,
    /// It ends observation with another outcome: then cumulative incidence is told.
    WhileOnTreatment,
    /// Hypothetical, as if it did not happen: observation ends there, taken to say nothing about the rest.
    Censor,
    /// Hypothetical: observation ends there, those like them weigh more (inverse probability of censoring).
    Ipcw,
    /// Hypothetical: rank-preserving structural failure time model of the time since the event's fact.
    Rpsft,
}

impl Strategy {
    pub fn name(self) -> &'static str {
        match self {
            Strategy::TreatmentPolicy => "treatment_policy",
            Strategy::Composite => "composite",
            Strategy::WhileOnTreatment => "while_on_treatment",
            Strategy::Censor => "censor",
            Strategy::Ipcw => "ipcw",
            Strategy::Rpsft => "rpsft",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingCase {
    Worst,
    Best,
}
