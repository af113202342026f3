//! What a rule reads: values, the kinds of missing, lists that know whether they are complete.

use crate::{Dictionary, Duration, Slot, Type};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use words::{Decimal, PartialDate, Text};

/// Why there is no value. Each kind is stated by a person with a reason, except the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nobody has said anything yet; a value or another kind of missing may still come.
    NotYetKnown,
    /// Asked, and nobody knows.
    Unknown,
    /// The examination was not done.
    NotDone,
    /// The question does not apply to this participant.
    NotApplicable,
}

impl Missing {
    pub const ALL: [Missing; 4] =
        [Missing::NotYetKnown, Missing::Unknown, Missing::NotDone, Missing::NotApplicable];

    /// The kind of a value derived from two missing values: the same kind if they agree; otherwise "not yet
    /// known" if either may still come; otherwise "unknown". Commutative and associative.
    pub fn join(self, other: Missing) -> Missing {
        match (self, other) {
            (a, b) if a == b => a,
            (Missing::NotYetKnown, _) | (_, Missing::NotYetKnown) => Missing::NotYetKnown,
            _ => Missing::Unknown,
        }
    }

    /// As the rest of a sentence: "is not yet known" without the verb.
    pub fn text(self) -> Text {
        match self {
            Missing::NotYetKnown => Text::new("未入力", "not yet known"),
            Missing::Unknown => Text::new("不明", "unknown"),
            Missing::NotDone => Text::new("未実施", "not done"),
            Missing::NotApplicable => Text::new("該当せず", "not applicable"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Missing::NotYetKnown => "not_yet_known",
            Missing::Unknown => "unknown",
            Missing::NotDone => "not_done",
            Missing::NotApplicable => "not_applicable",
        })
    }
}

/// The value of one item: known, or missing with its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Missing(Missing),
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Code(Arc<str>),
    Text(Arc<str>),
    Date(PartialDate),
    Duration(Duration),
    List(List),
}

impl Value {
    pub const NOT_YET_KNOWN: Value = Value::Missing(Missing::NotYetKnown);

    pub fn missing(&self) -> Option<Missing> {
        match self {
            Value::Missing(kind) => Some(*kind),
            _ => None,
        }
    }

    pub fn code(code: &str) -> Value {
        Value::Code(code.into())
    }

    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Checks that this value may stand where `kind` is declared. Missing may stand anywhere, a whole number
    /// also where a decimal is declared.
    pub fn check(&self, kind: &Type) -> Result<(), ValueError> {
        let wrong = || ValueError::Kind { expected: kind.name(), found: self.kind_name() };
        match (self, kind) {
            (Value::Missing(_), _)
            | (Value::Boolean(_), Type::Boolean)
            | (Value::Integer(_), Type::Integer | Type::Decimal { .. })
            | (Value::Decimal(_), Type::Decimal { .. })
            | (Value::Text(_), Type::Text)
            | (Value::Date(_), Type::Date)
            | (Value::Duration(_), Type::Duration) => Ok(()),
            (Value::Code(code), Type::Code { codes }) => {
                if codes.iter().any(|c| **c == **code) {
                    Ok(())
                } else {
                    Err(ValueError::Code { code: code.to_string(), codes: codes.join(", ") })
                }
            }
            (Value::List(list), Type::List(record)) => list.records.iter().try_for_each(|fields| {
                if fields.len() != record.fields.len() {
                    return Err(ValueError::Fields { expected: record.fields.len(), found: fields.len() });
                }
                fields.iter().zip(&record.fields).try_for_each(|(value, field)| value.check(&field.kind))
            }),
            _ => Err(wrong()),
        }
    }

    fn kind_name(&self) -> Text {
        match self {
            Value::Missing(kind) => kind.text(),
            Value::Boolean(_) => Type::Boolean.name(),
            Value::Integer(_) => Type::Integer.name(),
            Value::Decimal(_) => Type::Decimal { unit: None }.name(),
            Value::Code(_) => Text::new("コード", "code"),
            Value::Text(_) => Type::Text.name(),
            Value::Date(_) => Type::Date.name(),
            Value::Duration(_) => Type::Duration.name(),
            Value::List(_) => Text::new("リスト", "list"),
        }
    }
}

/// Why a value may not stand for an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("expected {}, found {}", .expected.en, .found.en)]
    Kind { expected: Text, found: Text },
    #[error("`{code}` is not one of the codes {codes}")]
    Code { code: String, codes: String },
    #[error("a record has {found} fields instead of {expected}")]
    Fields { expected: usize, found: usize },
    #[error("there is no item `{0}`")]
    NoItem(String),
}

/// Records of one kind, such as prior therapies or lesions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct List {
    /// Whether these are known to be all records that exist.
    pub complete: bool,
    /// Each record's values in the order of the fields of its `RecordType`.
    pub records: Vec<Arc<[Value]>>,
}

/// Where a rule finds the values of items.
pub trait Environment {
    /// The present value of an item of the dictionary against which the rule was compiled.
    fn value(&self, slot: Slot) -> &Value;
}

/// One value for each item of a dictionary; all are "not yet known" at first.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(Vec<Value>);

impl Values {
    pub fn new(dictionary: &Dictionary) -> Values {
        Values(vec![Value::NOT_YET_KNOWN; dictionary.len()])
    }

    /// Sets a value. Refused if the item does not exist or the value is not of the item's type.
    pub fn set(&mut self, dictionary: &Dictionary, path: &str, value: Value) -> Result<(), ValueError> {
        let no_item = || ValueError::NoItem(path.to_owned());
        let slot = dictionary.slot(path).ok_or_else(no_item)?;
        value.check(&dictionary.item(slot).ok_or_else(no_item)?.kind)?;
        *self.0.get_mut(slot.0 as usize).ok_or_else(no_item)? = value;
        Ok(())
    }

    /// Sets a value that was checked before; a slot outside the dictionary is ignored.
    pub fn put(&mut self, slot: Slot, value: Value) {
        if let Some(place) = self.0.get_mut(slot.0 as usize) {
            *place = value;
        }
    }

    pub fn get(&self, slot: Slot) -> &Value {
        self.0.get(slot.0 as usize).unwrap_or(&Value::NOT_YET_KNOWN)
    }
}

impl Environment for Values {
    fn value(&self, slot: Slot) -> &Value {
        self.get(slot)
    }
}
