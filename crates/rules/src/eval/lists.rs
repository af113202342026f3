//! Walking over records: what holds for some, for all, how many, and what they come to.

use super::known::{Extreme, Tally};
use super::{Evaluator, Frame, Truth, Up, V};
use crate::ast::Operation;
use crate::program::{Aggregate, Id, Node};
use crate::{RuleError, Value};

impl<'e> Evaluator<'e> {
    /// Calls `each` with every record of a list and whether it belongs (it may be filtered), until `each` says
    /// stop. Answers whether these are all records.
    pub fn walk(
        &self,
        list: Id,
        up: Up<'e, '_>,
        each: &mut dyn FnMut(&Frame<'e, '_>, Truth) -> bool,
    ) -> Result<bool, Box<RuleError>> {
        match self.program.node(list) {
            Node::Filter(inner, predicate) => self.walk(*inner, up, &mut |frame, belongs| {
                let belongs = match belongs {
                    Truth::False => Truth::False,
                    belongs => belongs.and(self.truth(*predicate, Some(frame))),
                };
                each(frame, belongs)
            }),
            _ => match self.stored(list, up) {
                Some(Value::List(found)) => {
                    let origin = self.program.origin(list);
                    for (number, record) in found.records.iter().enumerate() {
                        let frame = Frame { record, number, list: origin, up };
                        if !each(&frame, Truth::True) {
                            break;
                        }
                    }
                    Ok(found.complete)
                }
                Some(Value::Missing(_)) => Ok(false),
                _ => Err(self.wrong_kind(list)),
            },
        }
    }

    pub(super) fn exists(&self, list: Id, up: Up<'e, '_>, holds: &dyn Fn(&Frame<'e, '_>) -> Truth) -> Truth {
        // Kept negated: "no record holds".
        let mut none = Truth::True;
        let complete = self.walk(list, up, &mut |frame, belongs| {
            if matches!(belongs, Truth::False) {
                return true;
            }
            let hit = belongs.and(holds(frame));
            none = std::mem::replace(&mut none, Truth::True).and(hit.not());
            !matches!(none, Truth::False)
        });
        match complete {
            Err(error) => Truth::Error(error),
            Ok(true) => none.not(),
            Ok(false) => none.and(Truth::Unknown).not(),
        }
    }

    pub(super) fn fallible(&self, id: Id) -> bool {
        self.program.fallible.get(id as usize).copied().unwrap_or(true)
    }

    /// The fewest and the most records of which `holds` is true; see [`Tally::result`].
    pub(super) fn count(
        &self,
        list: Id,
        predicate: Option<Id>,
        up: Up<'e, '_>,
        holds: &dyn Fn(&Frame<'e, '_>) -> Truth,
    ) -> Result<Option<(i64, i64)>, Box<RuleError>> {
        let mut tally = Tally::default();
        let complete = self.walk(list, up, &mut |frame, belongs| {
            if !matches!(belongs, Truth::False) {
                tally.add(belongs.and(holds(frame)));
            }
            true
        });
        let fallible = self.fallible(list) || predicate.is_some_and(|p| self.fallible(p));
        match complete {
            Err(error) => Err(error),
            Ok(complete) => tally.result(complete, fallible),
        }
    }

    pub(super) fn aggregate(
        &self,
        id: Id,
        aggregate: Aggregate,
        list: Id,
        each: Id,
        up: Up<'e, '_>,
    ) -> V<'e> {
        let mut extreme = Extreme::new(aggregate == Aggregate::Maximum);
        // Of a sum the total so far; of first and last the value of the record chosen so far.
        let mut found: Option<V<'e>> = None;
        let complete = self.walk(list, up, &mut |frame, belongs| {
            let value = match belongs {
                Truth::False => return true,
                Truth::Unknown => V::Unknown,
                Truth::Error(error) => V::Error(error),
                Truth::True => self.value(each, Some(frame)),
            };
            match aggregate {
                Aggregate::Minimum | Aggregate::Maximum => extreme.add(value),
                Aggregate::Sum => {
                    found = Some(match found.take() {
                        None => value,
                        Some(sum) => self.arithmetic(id, Operation::Add, sum, value),
                    });
                }
                Aggregate::First => {
                    found = Some(value);
                    return false;
                }
                Aggregate::Last => found = Some(value),
            }
            true
        });
        match (complete, aggregate) {
            (Err(error), _) => V::Error(error),
            (Ok(complete), Aggregate::Minimum | Aggregate::Maximum) => {
                extreme.result(complete, self.fallible(list) || self.fallible(each))
            }
            (Ok(true), Aggregate::Sum) => found.unwrap_or(V::Integer(0)),
            (Ok(true), _) => found.unwrap_or(V::Unknown),
            (Ok(false), _) => V::Unknown,
        }
    }
}
