//! Some of a participant's values, worked out alone: the same as reading everything gives, for the few that a rule asks.
//!
//! Reading everything takes tens of microseconds, and a page goes through every participant of a study. What rests on an
//! item's condition, on a list of records, or on a derivation that reads such, is not worked out here but left to
//! [`Reading::environment`].

use crate::environment::{Reading, fit, of_form};
use crate::state::{Filled, FormStatus};
use rules::{Missing, Rule, Slot, Value, Verdict};

/// The values at some slots; rules that ask for no other can be judged on them.
pub(crate) struct Few(Vec<(Slot, Value)>);

impl rules::Environment for Few {
    fn value(&self, slot: Slot) -> &Value {
        self.0.iter().find(|(s, _)| *s == slot).map_or(&Value::NOT_YET_KNOWN, |(_, value)| value)
    }
}

impl Reading<'_> {
    /// What a rule says; none when it asks for more than a few.
    pub fn verdict(&self, rule: &Rule) -> Option<Verdict> {
        Some(rule.verdict(&self.few(rule.slots(), &|slot| self.value(slot))?))
    }

    fn few(&self, slots: &[Slot], value: &dyn Fn(Slot) -> Option<Value>) -> Option<Few> {
        slots.iter().map(|slot| Some((*slot, value(*slot)?))).collect::<Option<_>>().map(Few)
    }

    /// The value at a slot of the dictionary.
    pub fn value(&self, slot: Slot) -> Option<Value> {
        let item = self.compiled.dictionary.item(slot)?;
        let Some((form, id)) = item.path.split_once('.') else { return self.pseudo_item(slot) };
        let Some(rules) = self.compiled.forms.get(form).filter(|f| f.slots.contains(&Some(slot))) else {
            return self.pseudo_item(slot);
        };
        if rules.when.contains_key(id) {
            return None;
        }
        if let Some(rule) = rules.derive.get(id) {
            let few = self.few(rule.slots(), &|slot| self.value(slot))?;
            return Some(rule.value(&few).unwrap_or(Value::Missing(Missing::Unknown)));
        }
        let mut value = Value::NOT_YET_KNOWN;
        for (_, filled) in of_form(&self.forms, form) {
            match filled.values.get(id).and_then(|v| v.last()) {
                Some(given) => value = fit(given, &item.kind).unwrap_or(value),
                None if filled.status == FormStatus::NotApplicable => {
                    value = Value::Missing(Missing::NotApplicable);
                }
                None => {}
            }
        }
        Some(value)
    }

    fn pseudo_item(&self, slot: Slot) -> Option<Value> {
        let mut found = None;
        self.pseudo_items(&mut |s, value| {
            if s == slot {
                found = Some(value);
            }
        });
        found
    }

    /// What a rule says of one record of a form that repeats, and one of the record's fields; none when either rests on
    /// more than a few.
    pub fn of_record(
        &self,
        form: &str,
        filled: &Filled,
        rule: Option<&Rule>,
        field: Option<usize>,
    ) -> Option<(Verdict, Option<Value>)> {
        let first = self.compiled.dictionary.len();
        let value = |slot: Slot| match (slot.0 as usize).checked_sub(first) {
            Some(field) => self.field(form, filled, field),
            None => self.value(slot),
        };
        let verdict = match rule {
            Some(rule) => rule.verdict(&self.few(rule.slots(), &value)?),
            None => Verdict::True,
        };
        match field {
            Some(field) => Some((verdict, Some(self.field(form, filled, field)?))),
            None => Some((verdict, None)),
        }
    }

    /// A field of a record: the form's items in their order.
    fn field(&self, form: &str, filled: &Filled, index: usize) -> Option<Value> {
        let kind = self.compiled.record_type(form)?;
        let (form, rules) = self.compiled.form(form)?;
        let item = form.items().nth(index)?;
        if rules.when.contains_key(&item.id) || rules.derive.contains_key(&item.id) {
            return None;
        }
        let field = kind.fields.get(index).filter(|f| f.name == item.id)?;
        let given = filled.values.get(item.id.as_str()).and_then(|v| v.last());
        Some(given.and_then(|given| fit(given, &field.kind)).unwrap_or(Value::NOT_YET_KNOWN))
    }
}
