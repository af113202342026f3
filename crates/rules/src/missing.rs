//! Which missing items keep a rule from a verdict: a second pass, only when the first said unknown.

use crate::eval::{Evaluator, Frame, Truth, Up, V};
use crate::function::Voice;
use crate::program::{Aggregate, Custom, Id, Node};
use crate::{Missing, Slot, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One thing that must be known before the rule can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MissingItem {
    pub slot: Slot,
    /// Path of the item in the dictionary; or a finer name that a function gave, such as `pdl1.cps@22C3_PHARMDX`.
    pub path: Arc<str>,
    /// What of the item is missing.
    pub part: Part,
    pub why: Missing,
}

/// What of an item is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The value.
    Value,
    /// The day, or the month and the day, of a date.
    DayOfDate,
    /// Further records: the list is not known to be complete.
    Records,
    /// Any record: the list is complete and empty, and something is asked of its records.
    AnyRecord,
    /// The value of a field of a record (counted from 0).
    Field { record: usize, field: usize },
    /// The day, or the month and the day, of a date in a record.
    DayOfField { record: usize, field: usize },
}

impl Evaluator<'_> {
    /// The missing items that matter at `root`, which evaluates to unknown.
    pub fn missing(&self, root: Id) -> BTreeSet<MissingItem> {
        self.missing_at(root, None)
    }
}

impl<'e> Evaluator<'e> {
    pub fn missing_at(&self, id: Id, up: Up<'e, '_>) -> BTreeSet<MissingItem> {
        let mut out = BTreeSet::new();
        self.collect(id, up, &mut out);
        out
    }

    fn add(&self, slot: Slot, part: Part, why: Missing, out: &mut BTreeSet<MissingItem>) {
        out.insert(MissingItem { slot, path: self.program.path(slot), part, why });
    }

    /// Adds what keeps node `id` from being known. Nothing is added below a part that is settled.
    fn collect(&self, id: Id, up: Up<'e, '_>, out: &mut BTreeSet<MissingItem>) {
        if self.settled(id, up) {
            return;
        }
        match self.program.node(id) {
            Node::Constant(_) => {}
            Node::Item(slot) => match self.environment.value(*slot) {
                Value::Missing(why) => self.add(*slot, Part::Value, *why, out),
                Value::Date(d) if d.day().is_none() => {
                    self.add(*slot, Part::DayOfDate, Missing::Unknown, out)
                }
                Value::List(list) if !list.complete => {
                    self.add(*slot, Part::Records, Missing::NotYetKnown, out)
                }
                _ => {}
            },
            Node::Field { up: levels, index } => self.collect_field(id, *levels, *index, up, out),
            Node::Not(inner) | Node::Negative(inner) | Node::Test(_, inner) => self.collect(*inner, up, out),
            Node::Compare(_, left, right) | Node::Arithmetic(_, left, right) => {
                self.collect(*left, up, out);
                self.collect(*right, up, out);
            }
            Node::In(needle, options) => {
                self.collect(*needle, up, out);
                for option in options {
                    self.collect(*option, up, out);
                }
            }
            Node::If(condition, yes, no) => match self.truth(*condition, up) {
                Truth::True => self.collect(*yes, up, out),
                Truth::False => self.collect(*no, up, out),
                _ => {
                    self.collect(*condition, up, out);
                    self.collect(*yes, up, out);
                    self.collect(*no, up, out);
                }
            },
            Node::And(arguments) | Node::Or(arguments) | Node::Call(_, arguments) => {
                for argument in arguments {
                    self.collect(*argument, up, out);
                }
            }
            Node::Custom(custom) => match &custom.function.voice {
                Some(voice) => self.collect_named(custom, voice, up, out),
                None => {
                    for argument in &custom.arguments {
                        self.collect(*argument, up, out);
                    }
                }
            },
            Node::InRecords(needle, list, each) => {
                self.collect(*needle, up, out);
                self.collect_records(*list, Some(*each), up, out);
            }
            Node::Quantify(_, list, predicate) => self.collect_records(*list, Some(*predicate), up, out),
            Node::Filter(..) | Node::Size(_) => {
                let list = if let Node::Size(list) = self.program.node(id) { *list } else { id };
                self.collect_records(list, None, up, out);
            }
            Node::Aggregate(aggregate, list, each) => {
                let mut found = BTreeSet::new();
                self.collect_records(*list, Some(*each), up, &mut found);
                // First and last of nothing, least and greatest of nothing: a record is missing.
                if found.is_empty()
                    && *aggregate != Aggregate::Sum
                    && !self.value(id, up).is_exact()
                    && let Some(slot) = self.program.origin(*list)
                {
                    self.add(slot, Part::AnyRecord, Missing::NotApplicable, &mut found);
                }
                out.append(&mut found);
            }
        }
    }

    /// Adds what a function itself names; each name belongs to the item that it begins with, else to the first item.
    fn collect_named(
        &self,
        custom: &'e Custom,
        voice: &Voice,
        up: Up<'e, '_>,
        out: &mut BTreeSet<MissingItem>,
    ) {
        let items: Vec<(Slot, Arc<str>)> = custom
            .arguments
            .iter()
            .filter_map(|id| match self.program.node(*id) {
                Node::Item(slot) => Some((*slot, self.program.path(*slot))),
                _ => None,
            })
            .collect();
        for (name, why) in self.with_arguments(custom, up, |arguments, _, _| (voice.missing)(arguments)) {
            let own =
                items.iter().filter(|(_, path)| name.starts_with(&**path)).max_by_key(|(_, path)| path.len());
            if let Some((slot, _)) = own.or(items.first()) {
                out.insert(MissingItem { slot: *slot, path: name.into(), part: Part::Value, why });
            }
        }
    }

    /// Whether the bounds of what is known are enough here, or the fault lies in the rule.
    fn settled(&self, id: Id, up: Up<'e, '_>) -> bool {
        match self.program.node(id) {
            // A list may be known and yet not complete.
            Node::Item(_) | Node::Field { .. } | Node::Filter(..) => false,
            _ => match self.value(id, up) {
                V::Error(_) => true,
                value => value.is_exact(),
            },
        }
    }

    fn collect_field(
        &self,
        id: Id,
        levels: usize,
        field: usize,
        up: Up<'e, '_>,
        out: &mut BTreeSet<MissingItem>,
    ) {
        let mut frame = up;
        for _ in 0..levels {
            frame = frame.and_then(|f| f.up);
        }
        let Some((frame, value)) = frame.zip(self.stored(id, up)) else { return };
        let (part, why) = match value {
            Value::Missing(why) => (Part::Field { record: frame.number, field }, *why),
            Value::Date(d) if d.day().is_none() => {
                (Part::DayOfField { record: frame.number, field }, Missing::Unknown)
            }
            Value::List(list) if !list.complete => {
                (Part::Field { record: frame.number, field }, Missing::NotYetKnown)
            }
            _ => return,
        };
        // A list inside a record is reported by the item that holds the record.
        let mut holder = Some(frame);
        while let Some(found) = holder {
            if let Some(slot) = found.list {
                self.add(slot, part, why, out);
                return;
            }
            holder = found.up;
        }
    }

    /// Adds what keeps the records, or an expression over them, from being known.
    fn collect_records(&self, list: Id, each: Option<Id>, up: Up<'e, '_>, out: &mut BTreeSet<MissingItem>) {
        let mut inner = list;
        while let Node::Filter(below, _) = self.program.node(inner) {
            inner = *below;
        }
        self.collect(inner, up, out);
        let _ = self.walk(list, up, &mut |frame: &Frame<'e, '_>, belongs: Truth| {
            if matches!(belongs, Truth::Unknown) {
                self.collect_filters(list, Some(frame), out);
            }
            if let (false, Some(each)) = (matches!(belongs, Truth::False), each) {
                self.collect(each, Some(frame), out);
            }
            true
        });
    }

    /// Adds what keeps the filters of a list from telling whether the record of `up` belongs.
    fn collect_filters(&self, list: Id, up: Up<'e, '_>, out: &mut BTreeSet<MissingItem>) {
        if let Node::Filter(inner, predicate) = self.program.node(list) {
            if matches!(self.truth(*predicate, up), Truth::Unknown) {
                self.collect(*predicate, up, out);
            }
            self.collect_filters(*inner, up, out);
        }
    }
}
