//! Forms and their items.

use super::Ordered;
use crate::schema;
use rules::Missing;
use serde::{Deserialize, Serialize};
use words::{Decimal, Text};

/// One case report form. Its items are named `form.item` in rules; inside the form's own rules `item` is enough.
///
/// In rules, a form that is filled once gives single items; a form that repeats (by `repeats` or by a repeating
/// visit) is a list of records `form`, each with the form's items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub ja: String,
    pub en: String,
    /// The item (a date) that says when what the form tells was true. The cut-off looks at it.
    pub dated_by: String,
    /// Filled as often as needed, such as adverse events.
    #[serde(default)]
    pub repeats: bool,
    /// Parts of the form under a heading.
    pub sections: Vec<Section>,
    /// Statements that must hold; one that is false raises a query by itself.
    #[serde(default)]
    pub checks: Vec<Check>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub ja: String,
    pub en: String,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name in rules.
    pub id: String,
    pub ja: String,
    pub en: String,
    /// What kind of value is asked for.
    #[serde(rename = "type")]
    pub kind: ItemKind,
    /// Unit of measurement in UCUM spelling, for integer and decimal: `mg/dL`.
    #[serde(default)]
    pub unit: Option<String>,
    /// Decimal places asked for, for decimal.
    #[serde(default)]
    pub decimals: Option<u8>,
    /// Codes with their words, for code: `female: { ja: 女性, en: Female }`.
    #[serde(default)]
    pub codes: Ordered<Text>,
    /// The concept of the common dictionary, so that rules of other studies can ask for this item.
    #[serde(default)]
    pub concept: Option<String>,
    /// Outside these limits a value raises a query.
    #[serde(default)]
    pub range: Option<Range>,
    /// Must be answered (a kind of missing counts as an answer) before the form is complete.
    #[serde(default)]
    pub required: bool,
    /// Asked for only when this rule is true.
    #[serde(default)]
    pub when: Option<String>,
    /// Computed by this expression and never typed.
    #[serde(default)]
    pub derive: Option<String>,
    /// For date: day, or month and day, may be unknown.
    #[serde(default)]
    pub partial: bool,
    /// A help line under the field.
    #[serde(default)]
    pub note: Option<Text>,
    /// For group: the items of each record.
    #[serde(default)]
    pub items: Vec<Item>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    Integer,
    Decimal,
    Code,
    Boolean,
    Text,
    Date,
    /// Records of the same items, such as prior therapies.
    Group,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    #[serde(default)]
    #[schemars(schema_with = "schema::decimal")]
    pub min: Option<Decimal>,
    #[serde(default)]
    #[schemars(schema_with = "schema::decimal")]
    pub max: Option<Decimal>,
}

/// A statement over this form's items and those of other forms. False raises a query on `item`; unknown does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub id: String,
    pub ja: String,
    pub en: String,
    pub rule: String,
    /// The item that is queried.
    pub item: String,
}

/// A value as it is written in a test patient, an import or a web form: text, number, boolean, or records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Entered {
    Boolean(bool),
    Integer(i64),
    /// Up to 15 significant digits.
    Number(f64),
    Text(String),
    /// `{ missing: not_done }`: no value, and why.
    Missing(Reason),
    /// `{ so_far: [...] }`: records of which more may exist.
    Incomplete(SoFar),
    /// All records that exist.
    Records(Vec<Ordered<Entered>>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    #[schemars(schema_with = "schema::missing")]
    pub missing: Missing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SoFar {
    pub so_far: Vec<Ordered<Entered>>,
}
