//! From what was written to what rules read.

use crate::{Entered, Item, ItemKind, Ordered};
use rules::{Field, List, RecordType, Type, Value};
use std::sync::Arc;
use words::{Decimal, PartialDate, Text};

impl Item {
    /// The type that rules see.
    pub fn rule_type(&self) -> Type {
        match self.kind {
            ItemKind::Integer => Type::Integer,
            ItemKind::Decimal => Type::Decimal { unit: self.unit.clone() },
            ItemKind::Code => Type::codes(self.codes.keys().cloned()),
            ItemKind::Boolean => Type::Boolean,
            ItemKind::Text => Type::Text,
            ItemKind::Date => Type::Date,
            ItemKind::Group => Type::List(Arc::new(RecordType::new(self.items.iter().map(Item::field)))),
        }
    }

    /// The item as a field of a record.
    pub fn field(&self) -> Field {
        let mut field = Field::new(&self.id, self.rule_type(), self.label());
        field.code_labels = self.codes.iter().map(|(code, text)| (code.clone(), text.clone())).collect();
        field
    }

    /// Reads what was entered for this item. Refused with what was expected: a value of another type, a code that
    /// is not listed, an unknown part in a date that must be full.
    pub fn read(&self, entered: &Entered) -> Result<Value, Text> {
        let value = read(&self.rule_type(), entered)?;
        match &value {
            Value::Date(date) if date.day().is_none() && !self.partial => Err(Text::new(
                "年月日がすべて分かる日付（この項目では不明な部分を書けません）",
                "a full date (this item takes no unknown parts)",
            )),
            _ => Ok(value),
        }
    }

    /// Whether a value lies within the item's range; a value that is not a number does.
    pub fn in_range(&self, value: &Value) -> bool {
        let number = match value {
            Value::Integer(n) => Decimal::from(*n),
            Value::Decimal(d) => *d,
            _ => return true,
        };
        self.range.as_ref().is_none_or(|range| {
            range.min.is_none_or(|min| number >= min) && range.max.is_none_or(|max| number <= max)
        })
    }
}

/// Reads what was entered as a value of `kind`; the error says what was expected.
pub fn read(kind: &Type, entered: &Entered) -> Result<Value, Text> {
    let wrong = || kind.name();
    Ok(match (kind, entered) {
        (_, Entered::Missing(reason)) => Value::Missing(reason.missing),
        (Type::Boolean, Entered::Boolean(b)) => Value::Boolean(*b),
        (Type::Integer, Entered::Integer(n)) => Value::Integer(*n),
        (Type::Decimal { .. }, Entered::Integer(n)) => Value::Decimal(Decimal::from(*n)),
        (Type::Decimal { .. }, Entered::Number(n)) => {
            // The shortest digits that give this number are the digits that were written.
            Value::Decimal(Decimal::from_str_exact(&n.to_string()).map_err(|_| wrong())?)
        }
        (Type::Code { codes }, Entered::Text(_) | Entered::Integer(_) | Entered::Boolean(_)) => {
            let written = plain(entered);
            let known = codes.iter().find(|c| **c == written);
            Value::code(known.ok_or_else(wrong)?)
        }
        // Not a number with a point: `1.10` would have lost its last digit.
        (Type::Text, Entered::Text(_) | Entered::Integer(_) | Entered::Boolean(_)) => {
            Value::text(&plain(entered))
        }
        (Type::Date, Entered::Text(text)) => Value::Date(text.parse::<PartialDate>().map_err(|_| wrong())?),
        (Type::List(record), Entered::Records(records)) => list(record, records, true)?,
        (Type::List(record), Entered::Incomplete(so_far)) => list(record, &so_far.so_far, false)?,
        _ => return Err(wrong()),
    })
}

fn plain(entered: &Entered) -> String {
    match entered {
        Entered::Text(text) => text.clone(),
        Entered::Integer(n) => n.to_string(),
        Entered::Boolean(b) => b.to_string(),
        _ => String::new(),
    }
}

fn list(record: &RecordType, records: &[Ordered<Entered>], complete: bool) -> Result<Value, Text> {
    let mut out = vec![];
    for written in records {
        let mut values = vec![Value::NOT_YET_KNOWN; record.fields.len()];
        for (name, entered) in written {
            let Some((i, field)) = record.field(name) else {
                let known = crate::diagnostic::listed(record.fields.iter().map(|f| f.name.as_str()));
                return Err(Text::new(
                    format!("記録の項目 {}（「{name}」はありません）", known.ja),
                    format!("records of {} (there is no \"{name}\")", known.en),
                ));
            };
            values[i] = read(&field.kind, entered).map_err(|expected| {
                Text::new(format!("「{name}」には{}", expected.ja), format!("{} for \"{name}\"", expected.en))
            })?;
        }
        out.push(values.into());
    }
    Ok(Value::List(List { complete, records: out }))
}
