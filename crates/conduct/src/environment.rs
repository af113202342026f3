//! What rules read of a participant: from the stored values to the dictionary of one protocol version.

use crate::ids::*;
use crate::state::*;
use jiff::civil::Date;
use protocol::Compiled;
use rules::{List, Missing, Slot, Type, Value, Verdict};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One filling of a form that repeats: its key, and its values in the order of the record type.
pub type Record = (FormKey, Arc<[Value]>);

/// The values of one participant, as far as a reader sees them.
#[derive(Clone, Debug)]
pub struct Environment {
    pub values: rules::Values,
    /// The records of forms that repeat, each with the fields of its record type, in the order of the schedule.
    pub records: BTreeMap<FormId, Vec<Record>>,
    /// Values of earlier protocol versions that have no place in this one; rules see them as missing.
    pub misfits: Vec<String>,
}

/// Which part of a participant is read.
pub(crate) struct Reading<'a> {
    pub compiled: &'a Compiled,
    pub participant: &'a Participant,
    /// In the order of their keys.
    pub forms: Cow<'a, [(&'a FormKey, &'a Filled)]>,
    /// Registrations after this day are not seen.
    pub until: Option<Date>,
    /// Whether `participant.arm` is seen.
    pub arm: bool,
    /// The day of the registration or of the form that is judged.
    pub on: Option<Date>,
}

impl<'a> Reading<'a> {
    /// Everything that is known of the participant.
    pub fn all(compiled: &'a Compiled, participant: &'a Participant, on: Option<Date>) -> Reading<'a> {
        let forms = participant.forms.iter().map(|(k, f)| (k, f.as_ref())).collect();
        Reading { compiled, participant, forms, until: None, arm: true, on }
    }

    fn sees(&self, day: Date) -> bool {
        self.until.is_none_or(|until| day <= until)
    }

    pub fn environment(&self) -> Environment {
        let mut out = Environment {
            values: rules::Values::new(&self.compiled.dictionary),
            records: BTreeMap::new(),
            misfits: vec![],
        };
        self.pseudo_items(&mut |slot, value| out.values.put(slot, value));
        self.single_forms(&mut out);
        self.repeating_forms(&mut out);
        self.settle(&mut out);
        out
    }

    /// What is no item of a form: each with the value that holds, also when that is none.
    pub fn pseudo_items(&self, out: &mut dyn FnMut(Slot, Value)) {
        let dictionary = &self.compiled.dictionary;
        let mut put = |path: &str, value: Option<Value>| {
            if let Some(slot) = dictionary.slot(path) {
                out(slot, value.unwrap_or(Value::NOT_YET_KNOWN));
            }
        };
        put("participant.site", Some(Value::text(self.participant.site.as_str())));
        put("on", self.on.map(|on| Value::Date(on.into())));
        for step in self.compiled.protocol.steps.keys() {
            let registered = self.participant.registration(step).filter(|r| self.sees(r.on));
            put(&format!("registered.{step}"), registered.map(|r| Value::Date(r.on.into())));
        }
        // Of several allocations the last of the protocol gives the arm.
        let given = self.compiled.protocol.allocation.keys();
        let mut given =
            given.filter_map(|id| self.participant.allocations.get(id.as_str())).filter(|a| self.sees(a.on));
        let given = given.next_back().filter(|_| self.arm);
        put("participant.arm", given.map(|given| Value::code(given.arm.as_str())));
    }

    fn single_forms(&self, out: &mut Environment) {
        for (key, filled) in self.forms.iter() {
            let Some((form, compiled)) = self.compiled.form(key.form.as_str()) else {
                out.misfits.push(key.form.to_string());
                continue;
            };
            if compiled.repeats {
                continue;
            }
            for (item, slot) in form.items().zip(&compiled.slots) {
                let Some(slot) = *slot else { continue };
                let kind = self.compiled.dictionary.item(slot).map(|i| &i.kind);
                let value = match filled.values.get(item.id.as_str()).and_then(|v| v.last()).zip(kind) {
                    Some((given, kind)) => match fit(given, kind) {
                        Some(value) => value,
                        None => {
                            out.misfits.push(format!("{}.{}", key.form, item.id));
                            continue;
                        }
                    },
                    None if filled.status == FormStatus::NotApplicable => {
                        Value::Missing(Missing::NotApplicable)
                    }
                    None => continue,
                };
                out.values.put(slot, value);
            }
        }
    }

    fn repeating_forms(&self, out: &mut Environment) {
        let order = |key: &FormKey| {
            let visit =
                key.visit.as_ref().and_then(|v| self.compiled.protocol.schedule.get_index_of(v.as_str()));
            (visit, key.number)
        };
        for (id, form) in &self.compiled.protocol.forms {
            let Some(kind) = self.compiled.record_type(id) else { continue };
            let Some(slot) = self.compiled.dictionary.slot(id) else { continue };
            let mut mine: Vec<_> = of_form(&self.forms, id).iter().collect();
            mine.sort_by_key(|(key, _)| order(key));
            // A record that is still being entered may be joined by others.
            let complete = mine.iter().all(|(_, f)| f.status != FormStatus::Incomplete);
            let mut records = Vec::with_capacity(mine.len());
            for (key, filled) in mine.iter().filter(|(_, f)| f.status != FormStatus::NotApplicable) {
                let mut record = vec![Value::NOT_YET_KNOWN; kind.fields.len()];
                // The fields of a record are the form's items, in their order.
                for (index, (item, field)) in form.items().zip(&kind.fields).enumerate() {
                    let Some(given) = filled.values.get(item.id.as_str()).and_then(|v| v.last()) else {
                        continue;
                    };
                    match fit(given, &field.kind) {
                        Some(value) => record[index] = value,
                        None => out.misfits.push(format!("{id}.{}", item.id)),
                    }
                }
                if let (Some((index, _)), Some(visit)) = (kind.field("visit"), &key.visit) {
                    record[index] = Value::text(visit.as_str());
                }
                records.push(((*key).clone(), Arc::from(record)));
            }
            let list = List { complete, records: records.iter().map(|(_, r): &Record| r.clone()).collect() };
            out.values.put(slot, Value::List(list));
            out.records.insert(id.as_str().into(), records);
        }
    }

    /// Derived items, and items that are not asked for.
    fn settle(&self, out: &mut Environment) {
        let compiled = self.compiled;
        compiled.settle(&mut out.values);
        let mut changed = false;
        for (key, _) in self.forms.iter() {
            let Some((form, rules)) = compiled.form(key.form.as_str()).filter(|(_, r)| !r.repeats) else {
                continue;
            };
            for (item, slot) in form.items().zip(&rules.slots) {
                let (Some(when), Some(slot)) = (rules.when.get(&item.id), *slot) else { continue };
                if when.verdict(&out.values) == Verdict::False {
                    out.values.put(slot, Value::Missing(Missing::NotApplicable));
                    changed = true;
                }
            }
        }
        if changed {
            compiled.settle(&mut out.values);
        }
        for (id, rules) in compiled.forms.iter().filter(|(_, r)| r.repeats) {
            if rules.when.is_empty() && rules.derive.is_empty() {
                continue;
            }
            let (Some((form, _)), Some(kind), Some(slot)) =
                (compiled.form(id), compiled.record_type(id), compiled.dictionary.slot(id))
            else {
                continue;
            };
            let Some(records) = out.records.get_mut(id.as_str()) else { continue };
            for (_, record) in records.iter_mut() {
                let mut own = record.to_vec();
                compiled.settle_record(id, &out.values, &mut own);
                for item in form.items() {
                    let (Some(when), Some((index, _))) = (rules.when.get(&item.id), kind.field(&item.id))
                    else {
                        continue;
                    };
                    if when.verdict(&compiled.in_record(&out.values, &own)) == Verdict::False {
                        own[index] = Value::Missing(Missing::NotApplicable);
                    }
                }
                compiled.settle_record(id, &out.values, &mut own);
                *record = own.into();
            }
            let complete = matches!(out.values.get(slot), Value::List(l) if l.complete);
            let list = List { complete, records: records.iter().map(|(_, r)| r.clone()).collect() };
            out.values.put(slot, Value::List(list));
        }
        compiled.settle(&mut out.values);
    }
}

/// Of forms in the order of their keys, those of one kind.
pub(crate) fn of_form<'f, 'a>(
    forms: &'f [(&'a FormKey, &'a Filled)],
    id: &str,
) -> &'f [(&'a FormKey, &'a Filled)] {
    let start = forms.partition_point(|(k, _)| k.form.as_str() < id);
    let after = forms.get(start..).unwrap_or_default();
    after.get(..after.partition_point(|(k, _)| k.form.as_str() == id)).unwrap_or_default()
}

/// A stored value as an item of this type; a list of records by the names of its columns. `None` when it has no place.
pub(crate) fn fit(given: &Given, kind: &Type) -> Option<Value> {
    let value = match (&given.value, kind, &given.columns) {
        (Value::List(list), Type::List(record), Some(columns)) => {
            let at: Vec<Option<usize>> =
                record.fields.iter().map(|f| columns.iter().position(|c| *c == f.name)).collect();
            let row = |old: &Arc<[Value]>| -> Arc<[Value]> {
                at.iter()
                    .map(|i| i.and_then(|i| old.get(i)).cloned().unwrap_or(Value::NOT_YET_KNOWN))
                    .collect()
            };
            Value::List(List { complete: list.complete, records: list.records.iter().map(row).collect() })
        }
        (value, _, _) => value.clone(),
    };
    value.check(kind).ok().map(|()| value)
}
