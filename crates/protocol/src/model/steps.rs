//! Registration in steps, allocation, and the schedule of visits.

use super::{Ordered, yes};
use crate::schema;
use rules::Duration;
use serde::{Deserialize, Serialize};
use words::Text;

/// One registration: who may pass this gate, when, and what happens then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub ja: String,
    pub en: String,
    /// The form that is filled for this gate.
    pub form: String,
    /// The step that must come first.
    #[serde(default)]
    pub after: Option<String>,
    /// How long after the earlier step this one is open, both ends included.
    #[serde(default)]
    pub window: Option<Window>,
    /// The consent document without which nobody is registered.
    #[serde(default)]
    pub consent: Option<String>,
    /// Kinds of approval that the site must have on the day.
    #[serde(default)]
    pub approvals: Vec<String>,
    /// Item of a form filled once that says why somebody did not reach this step: `not_continued.reason`.
    #[serde(default)]
    pub not_reached: Option<String>,
    /// Who may pass.
    pub criteria: Vec<Criterion>,
    /// The allocation that this step makes.
    #[serde(default)]
    pub allocate: Option<String>,
    /// No registration beyond this number.
    #[serde(default)]
    pub cap: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub from: Option<Duration>,
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub to: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    pub id: String,
    pub ja: String,
    pub en: String,
    /// Must be true. In an exclusion the rule says what must not be: `exclude: true` turns it round.
    pub rule: String,
    #[serde(default)]
    pub exclude: bool,
    /// Where the protocol or a publication says so.
    #[serde(default)]
    pub source: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    pub ja: String,
    pub en: String,
    /// Minimisation, permuted blocks, or decided elsewhere.
    pub method: AllocationMethod,
    /// Arm to its share, whole numbers.
    pub ratio: Ordered<u32>,
    /// Balancing factors; for blocks, the strata.
    #[serde(default)]
    pub factors: Vec<Factor>,
    /// Minimisation: probability of following the preferred arm (that of the smallest arm, Han 2009).
    #[serde(default)]
    #[schemars(schema_with = "schema::decimal")]
    pub follow: Option<words::Decimal>,
    /// Minimisation: how the imbalance of a factor is measured.
    #[serde(default)]
    pub measure: Measure,
    /// Minimisation: how unequal ratios are treated.
    #[serde(default)]
    pub unequal: Unequal,
    /// Blocks: permitted block sizes, each a multiple of the ratio's sum; chosen at random.
    #[serde(default)]
    pub blocks: Vec<u32>,
    /// `follow: 1` leaves no random element (against ICH E9 2.3.2) and needs this.
    #[serde(default)]
    pub deterministic: bool,
    /// Whether ineligible participants found later still count.
    #[serde(default = "yes")]
    pub count_ineligible: bool,
    /// Who got the treatment that was allocated; the participant flow then tells it.
    #[serde(default)]
    pub received: Option<Received>,
}

/// Who was treated as allocated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// The analysis set of those who were.
    pub set: String,
    /// Items of forms filled once that say why somebody was not; the first with an answer holds.
    #[serde(default)]
    pub why_not: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllocationMethod {
    Minimisation,
    /// Permuted blocks within strata of the factors.
    Blocks,
    /// Decided elsewhere: the arms come in with imported data, and nobody is drawn here.
    Outside,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    #[default]
    Range,
    Variance,
}

/// How minimisation treats unequal ratios (field notes, case M8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unequal {
    /// Split each arm into arms of ratio 1, minimise, merge: keeps the ratio at every participant.
    #[default]
    VirtualArms,
    /// Han, Enas and McEntegart 2009: probabilities by arm, counts over ratio after adding.
    Han,
}

/// An allocation factor. `item` is `site` or a path such as `second_registration.subtype`, of type code or boolean;
/// for a number or a date, `levels` say which rule makes which level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    pub item: String,
    /// Weight in minimisation; 0 leaves the factor out of the sum but keeps it in the record.
    #[serde(default = "one")]
    pub weight: u32,
    /// Levels by rule; without them the item's codes are the levels.
    #[serde(default)]
    pub levels: Vec<Level>,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Level {
    pub id: String,
    pub ja: String,
    pub en: String,
    pub rule: String,
}

/// A form that falls due: once, or repeating, counted from a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    pub ja: String,
    pub en: String,
    pub form: String,
    /// The step that starts the clock.
    pub anchor: String,
    /// From the anchor to the (first) due day.
    #[schemars(schema_with = "schema::duration")]
    pub at: Duration,
    /// Then again after each such interval.
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub every: Option<Duration>,
    /// No visit falls due later than this after the anchor.
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub last: Option<Duration>,
    /// Days around the due day in which the visit is as planned.
    #[serde(default)]
    pub window: VisitWindow,
    /// Facts or steps that end the expectation: `[death, second_registration]`.
    #[serde(default)]
    pub until: Vec<String>,
    /// Expected only when this rule over the participant is true.
    #[serde(default)]
    pub when: Option<String>,
}

/// Overdue begins the day after due + `after`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitWindow {
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub before: Option<Duration>,
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub after: Option<Duration>,
}

/// Something dated that forms tell, such as death. It is found in any of `from`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub ja: String,
    pub en: String,
    /// Where it is found.
    pub from: Vec<FactSource>,
    /// Which of several days counts.
    #[serde(default)]
    pub take: Take,
    /// After this fact nothing more is expected of the participant (death).
    #[serde(default)]
    pub ends: bool,
}

/// In every record of `form` for which `when` is true, `date` is the day of the fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactSource {
    pub form: String,
    pub date: String,
    #[serde(default)]
    pub when: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    #[default]
    First,
    Last,
}

impl Step {
    pub fn title(&self) -> Text {
        Text::new(&self.ja, &self.en)
    }
}
