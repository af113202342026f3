//! Evaluation: strong Kleene, without allocation unless a function or an error asks for it.

mod known;
mod lists;

use known::{Extreme, Tally, between, durations, interval};
pub(crate) use known::{Truth, V, partial};

use crate::ast::{Comparison, Operation};
use crate::built_in::{Standard, Test};
use crate::function::{Arguments, MAX_ARGUMENTS};
use crate::program::{Constant, Custom, Id, Node, Program, Quantifier};
use crate::{Duration, Environment, Missing, RuleError, RuleErrorKind, Slot, Type, Value, calendar};
use jiff::civil::Date;
use rust_decimal::RoundingStrategy;
use std::borrow::Cow;
use words::{Decimal, Text};

/// The record that a macro stands at, and those around it.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'e, 'f> {
    pub record: &'e [Value],
    /// Number of the record in its list, from 0.
    pub number: usize,
    pub list: Option<Slot>,
    pub up: Option<&'f Frame<'e, 'f>>,
}

pub(crate) struct Evaluator<'e> {
    pub program: &'e Program,
    pub environment: &'e dyn Environment,
}

pub(crate) type Up<'e, 'f> = Option<&'f Frame<'e, 'f>>;

impl<'e> Evaluator<'e> {
    pub fn error(&self, id: Id, kind: RuleErrorKind, ja: &str, en: &str) -> Box<RuleError> {
        let source = self.program.text(id);
        Box::new(RuleError {
            kind,
            span: self.program.span(id),
            message: Text::new(format!("`{source}`: {ja}"), format!("`{source}`: {en}")),
        })
    }

    pub(super) fn wrong_kind(&self, id: Id) -> Box<RuleError> {
        self.error(
            id,
            RuleErrorKind::WrongKind,
            "値の型が項目の定義と合いません",
            "the value is not of the declared type",
        )
    }

    fn overflow<'v>(&self, id: Id) -> V<'v> {
        let (ja, en) = ("計算結果が扱える範囲を超えました", "the result is outside of what can be held");
        V::Error(self.error(id, RuleErrorKind::Overflow, ja, en))
    }

    pub fn truth(&self, id: Id, up: Up<'e, '_>) -> Truth {
        match self.program.node(id) {
            Node::And(parts) => {
                let mut out = Truth::True;
                for part in parts {
                    match self.truth(*part, up) {
                        Truth::False => return Truth::False,
                        Truth::True => {}
                        Truth::Unknown => out = Truth::Unknown,
                        error => {
                            if matches!(out, Truth::True) {
                                out = error;
                            }
                        }
                    }
                }
                out
            }
            Node::Or(parts) => {
                let mut out = Truth::False;
                for part in parts {
                    match self.truth(*part, up) {
                        Truth::True => return Truth::True,
                        Truth::False => {}
                        Truth::Unknown => out = Truth::Unknown,
                        error => {
                            if matches!(out, Truth::False) {
                                out = error;
                            }
                        }
                    }
                }
                out
            }
            Node::Not(inner) => self.truth(*inner, up).not(),
            Node::Compare(comparison, left, right) => {
                self.quick(*comparison, *left, *right, up).unwrap_or_else(|| {
                    self.compare(id, *comparison, self.value(*left, up), self.value(*right, up))
                })
            }
            Node::In(needle, options) => {
                if let Some(truth) = self.quick_in(*needle, options, up) {
                    return truth;
                }
                let needle = self.value(*needle, up);
                self.any(
                    options
                        .iter()
                        .map(|o| self.compare(id, Comparison::Equal, needle.clone(), self.value(*o, up))),
                )
            }
            Node::InRecords(needle, list, each) => {
                let needle = self.value(*needle, up);
                self.exists(*list, up, &|frame| {
                    self.compare(id, Comparison::Equal, needle.clone(), self.value(*each, Some(frame)))
                })
            }
            Node::Quantify(quantifier, list, predicate) => {
                let holds = |frame: &Frame<'e, '_>| self.truth(*predicate, Some(frame));
                match quantifier {
                    Quantifier::Exists => self.exists(*list, up, &holds),
                    Quantifier::All => self.exists(*list, up, &|frame| holds(frame).not()).not(),
                    Quantifier::ExistsOne => match self.count(*list, Some(*predicate), up, &holds) {
                        Ok(Some((1, 1))) => Truth::True,
                        Ok(Some((low, high))) if low > 1 || high < 1 => Truth::False,
                        Ok(_) => Truth::Unknown,
                        Err(error) => Truth::Error(error),
                    },
                }
            }
            Node::Item(slot) => match self.environment.value(*slot) {
                Value::Boolean(b) => Truth::of(*b),
                Value::Missing(_) => Truth::Unknown,
                _ => Truth::Error(self.wrong_kind(id)),
            },
            Node::Test(test, inner) => self.test(*test, *inner, up),
            Node::If(condition, yes, no) => match self.truth(*condition, up) {
                Truth::True => self.truth(*yes, up),
                Truth::False => self.truth(*no, up),
                // Branches that agree decide without the condition, even if it fails.
                open => match (self.truth(*yes, up), self.truth(*no, up)) {
                    (Truth::True, Truth::True) => Truth::True,
                    (Truth::False, Truth::False) => Truth::False,
                    (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
                    _ => open,
                },
            },
            _ => match self.value(id, up) {
                V::Boolean(b) => Truth::of(b),
                V::Unknown => Truth::Unknown,
                V::Error(error) => Truth::Error(error),
                _ => Truth::Error(self.wrong_kind(id)),
            },
        }
    }

    pub fn value(&self, id: Id, up: Up<'e, '_>) -> V<'e> {
        match self.program.node(id) {
            Node::Constant(constant) => match constant {
                Constant::Boolean(b) => V::Boolean(*b),
                Constant::Integer(n) => V::Integer(*n),
                Constant::Decimal(n) => V::Decimal(*n),
                Constant::Text(s) => V::Text(s),
                Constant::Date(d) => V::Date(*d, *d),
                Constant::Duration(d) => V::Duration(*d),
            },
            Node::Item(slot) => self.read(self.environment.value(*slot)),
            Node::Field { .. } => match self.stored(id, up) {
                Some(value) => self.read(value),
                None => V::Error(self.wrong_kind(id)),
            },
            Node::Negative(inner) => match self.value(*inner, up) {
                V::Integer(n) => n.checked_neg().map_or_else(|| self.overflow(id), V::Integer),
                V::Decimal(n) => V::Decimal(-n),
                V::Duration(d) => V::Duration(d.negated()),
                V::Unknown | V::Between(..) => V::Unknown,
                V::Error(error) => V::Error(error),
                _ => V::Error(self.wrong_kind(id)),
            },
            Node::Arithmetic(operation, left, right) => {
                self.arithmetic(id, *operation, self.value(*left, up), self.value(*right, up))
            }
            Node::If(condition, yes, no) => match self.truth(*condition, up) {
                Truth::True => self.value(*yes, up),
                Truth::False => self.value(*no, up),
                open => {
                    let (yes, no) = (self.value(*yes, up), self.value(*no, up));
                    match (self.compare(id, Comparison::Equal, yes.clone(), no), open) {
                        (Truth::True, _) => yes,
                        (Truth::Unknown, _) | (_, Truth::Unknown) => V::Unknown,
                        (_, Truth::Error(error)) | (Truth::Error(error), _) => V::Error(error),
                        _ => V::Unknown,
                    }
                }
            },
            Node::Call(function, arguments) => self.call(id, *function, arguments, up),
            Node::Custom(custom) => self.custom(id, custom, up),
            Node::Size(list) => self.count(*list, None, up, &|_| Truth::True).map_or_else(V::Error, interval),
            Node::Aggregate(aggregate, list, each) => self.aggregate(id, *aggregate, *list, *each, up),
            // Stands only where a list is expected, and there it is walked record by record.
            Node::Filter(..) => V::Error(self.wrong_kind(id)),
            _ => match self.truth(id, up) {
                Truth::True => V::Boolean(true),
                Truth::False => V::Boolean(false),
                Truth::Unknown => V::Unknown,
                Truth::Error(error) => V::Error(error),
            },
        }
    }

    /// The value as it is stored, for an item or a field.
    pub fn stored(&self, id: Id, up: Up<'e, '_>) -> Option<&'e Value> {
        match self.program.node(id) {
            Node::Item(slot) => Some(self.environment.value(*slot)),
            Node::Field { up: levels, index } => {
                let mut frame = up?;
                for _ in 0..*levels {
                    frame = frame.up?;
                }
                frame.record.get(*index)
            }
            _ => None,
        }
    }

    fn read(&self, value: &'e Value) -> V<'e> {
        match value {
            Value::Missing(_) => V::Unknown,
            Value::Boolean(b) => V::Boolean(*b),
            Value::Integer(n) => V::Integer(*n),
            Value::Decimal(n) => V::Decimal(*n),
            Value::Code(s) | Value::Text(s) => V::Text(s),
            Value::Date(d) => V::Date(d.earliest(), d.latest()),
            Value::Duration(d) => V::Duration(*d),
            Value::List(list) => V::List(list),
        }
    }

    /// `not_done(x)` and the like cannot be told while nobody has said anything; `known` and `missing` speak of
    /// the record as it is and are always true or false.
    fn test(&self, test: Test, inner: Id, up: Up<'e, '_>) -> Truth {
        let Some(value) = self.stored(inner, up) else { return Truth::Error(self.wrong_kind(inner)) };
        let known = match value {
            Value::Missing(_) => false,
            Value::List(list) => list.complete,
            _ => true,
        };
        let is = |kind: Missing| match value {
            Value::Missing(Missing::NotYetKnown) => Truth::Unknown,
            value => Truth::of(value.missing() == Some(kind)),
        };
        match test {
            Test::Known => Truth::of(known),
            Test::Missing => Truth::of(!known),
            Test::Unknown => is(Missing::Unknown),
            Test::NotDone => is(Missing::NotDone),
            Test::NotApplicable => is(Missing::NotApplicable),
        }
    }

    /// A stored value against a constant: most conditions of most rules, decided without a copy. `None` leaves it
    /// to [`compare`](Self::compare).
    fn quick(&self, comparison: Comparison, left: Id, right: Id, up: Up<'e, '_>) -> Option<Truth> {
        let Node::Constant(constant) = self.program.node(right) else { return None };
        let order = match (self.stored(left, up)?, constant) {
            (Value::Missing(_), _) => return Some(Truth::Unknown),
            (Value::Integer(a), Constant::Integer(b)) => a.cmp(b),
            (Value::Decimal(a), Constant::Decimal(b)) => a.cmp(b),
            (Value::Decimal(a), Constant::Integer(b)) => a.cmp(&Decimal::from(*b)),
            (Value::Integer(a), Constant::Decimal(b)) => Decimal::from(*a).cmp(b),
            (Value::Code(a) | Value::Text(a), Constant::Text(b)) => (**a).cmp(b),
            (Value::Boolean(a), Constant::Boolean(b)) => a.cmp(b),
            _ => return None,
        };
        Some(Truth::of(comparison.holds(order)))
    }

    /// The same for a code among constants.
    fn quick_in(&self, needle: Id, options: &[Id], up: Up<'e, '_>) -> Option<Truth> {
        let (Value::Code(needle) | Value::Text(needle)) = self.stored(needle, up)? else { return None };
        for option in options {
            match self.program.node(*option) {
                Node::Constant(Constant::Text(option)) if option == needle => return Some(Truth::True),
                Node::Constant(Constant::Text(_)) => {}
                _ => return None,
            }
        }
        Some(Truth::False)
    }

    fn any(&self, parts: impl Iterator<Item = Truth>) -> Truth {
        let mut out = Truth::True;
        for part in parts {
            out = out.and(part.not());
            if matches!(out, Truth::False) {
                return Truth::True;
            }
        }
        out.not()
    }

    pub fn compare(&self, id: Id, comparison: Comparison, left: V<'_>, right: V<'_>) -> Truth {
        let order = match (&left, &right) {
            (V::Unknown, V::Error(_)) | (V::Error(_), V::Unknown) => return Truth::Unknown,
            (V::Error(error), _) | (_, V::Error(error)) => return Truth::Error(error.clone()),
            (V::Unknown, _) | (_, V::Unknown) => return Truth::Unknown,
            (V::Integer(a), V::Integer(b)) => a.cmp(b),
            (V::Boolean(a), V::Boolean(b)) => a.cmp(b),
            (V::Date(a, b), V::Date(c, d)) => return between(comparison, (*a, *b), (*c, *d)),
            (V::Between(..), _) | (_, V::Between(..)) => {
                let (Some(a), Some(b)) = (left.bounds(), right.bounds()) else {
                    return Truth::Error(self.wrong_kind(id));
                };
                return between(comparison, a, b);
            }
            (V::Duration(a), V::Duration(b)) => match durations(*a, *b) {
                Some(order) => order,
                None => {
                    let (ja, en) = (
                        "この2つの期間の長短は暦によって変わります。days_between で比べてください",
                        "which of these durations is longer depends on the calendar; compare with days_between",
                    );
                    return Truth::Error(self.error(id, RuleErrorKind::DurationOrder, ja, en));
                }
            },
            _ => match (left.text(), right.text(), left.decimal(), right.decimal()) {
                (Some(a), Some(b), ..) => a.cmp(b),
                (_, _, Some(a), Some(b)) => a.cmp(&b),
                _ => return Truth::Error(self.wrong_kind(id)),
            },
        };
        Truth::of(comparison.holds(order))
    }

    pub(super) fn arithmetic(&self, id: Id, operation: Operation, left: V<'e>, right: V<'e>) -> V<'e> {
        match (left, right) {
            (V::Unknown | V::Between(..), _) | (_, V::Unknown | V::Between(..)) => V::Unknown,
            (V::Error(error), _) | (_, V::Error(error)) => V::Error(error),
            (V::Integer(a), V::Integer(b)) if operation != Operation::Divide => match operation {
                Operation::Add => a.checked_add(b),
                Operation::Subtract => a.checked_sub(b),
                _ => a.checked_mul(b),
            }
            .map_or_else(|| self.overflow(id), V::Integer),
            (V::Date(first, last), V::Duration(d)) => {
                self.shift(id, first, last, if operation == Operation::Subtract { d.negated() } else { d })
            }
            (V::Duration(d), V::Date(first, last)) => self.shift(id, first, last, d),
            (left, right) => {
                let (Some(a), Some(b)) = (left.decimal(), right.decimal()) else {
                    return V::Error(self.wrong_kind(id));
                };
                if operation == Operation::Divide && b.is_zero() {
                    let (ja, en) = ("0で割っています", "division by zero");
                    return V::Error(self.error(id, RuleErrorKind::DivisionByZero, ja, en));
                }
                match operation {
                    Operation::Add => a.checked_add(b),
                    Operation::Subtract => a.checked_sub(b),
                    Operation::Multiply => a.checked_mul(b),
                    Operation::Divide => a.checked_div(b),
                }
                .map_or_else(|| self.overflow(id), V::Decimal)
            }
        }
    }

    fn shift<'v>(&self, id: Id, first: Date, last: Date, by: Duration) -> V<'v> {
        let first = if first == Date::MIN { Some(first) } else { by.add_to(first) };
        let last = if last == Date::MAX { Some(last) } else { by.add_to(last) };
        first.zip(last).map_or_else(|| self.overflow(id), |(first, last)| V::Date(first, last))
    }

    /// The first error, or else the first unknown, among arguments: unknown decides before error.
    fn strict(&self, arguments: &[V<'e>]) -> Option<V<'e>> {
        if arguments.iter().any(|a| matches!(a, V::Unknown)) {
            return Some(V::Unknown);
        }
        arguments.iter().find(|a| matches!(a, V::Error(_))).cloned()
    }

    fn call(&self, id: Id, function: Standard, arguments: &[Id], up: Up<'e, '_>) -> V<'e> {
        match function {
            Standard::CountTrue => {
                let mut tally = Tally::default();
                for argument in arguments {
                    tally.add(self.truth(*argument, up));
                }
                let fallible = arguments.iter().any(|a| self.fallible(*a));
                tally.result(true, fallible).map_or_else(V::Error, interval)
            }
            Standard::Minimum | Standard::Maximum => {
                let mut extreme = Extreme::new(function == Standard::Maximum);
                for argument in arguments {
                    extreme.add(self.value(*argument, up));
                }
                extreme.result(true, arguments.iter().any(|a| self.fallible(*a)))
            }
            Standard::Absolute => match self.value(arguments[0], up) {
                V::Integer(n) => n.checked_abs().map_or_else(|| self.overflow(id), V::Integer),
                V::Decimal(n) => V::Decimal(n.abs()),
                V::Between(..) => V::Unknown,
                other => other,
            },
            Standard::Round => {
                let number = self.value(arguments[0], up);
                let places = arguments.get(1).map_or(V::Integer(0), |a| self.value(*a, up));
                if let Some(decided) = self.strict(&[number.clone(), places.clone()]) {
                    return decided;
                }
                match (number.decimal(), places) {
                    (Some(n), V::Integer(places @ 0..=28)) => {
                        let rounded =
                            n.round_dp_with_strategy(places as u32, RoundingStrategy::MidpointAwayFromZero);
                        V::Decimal(rounded)
                    }
                    (Some(_), V::Integer(_)) => self.overflow(id),
                    _ => V::Unknown,
                }
            }
            Standard::Years | Standard::Months | Standard::Days => {
                let (from, to) = (self.value(arguments[0], up), self.value(arguments[1], up));
                if let Some(decided) = self.strict(&[from.clone(), to.clone()]) {
                    return decided;
                }
                let (V::Date(a, b), V::Date(c, d)) = (from, to) else { return V::Error(self.wrong_kind(id)) };
                let between = match function {
                    Standard::Years => calendar::years_between,
                    Standard::Months => calendar::months_between,
                    _ => calendar::days_between,
                };
                let (low, high) = (between(b, c), between(a, d));
                interval(Some((low, high)))
            }
        }
    }

    /// Calls `each` with the arguments of a call. The first says whether one of them is missing, the second is the
    /// first error among them.
    pub fn with_arguments<R>(
        &self,
        custom: &'e Custom,
        up: Up<'e, '_>,
        each: impl FnOnce(&Arguments<'_>, bool, Option<Box<RuleError>>) -> R,
    ) -> R {
        let mut values: [Cow<'e, Value>; MAX_ARGUMENTS] =
            std::array::from_fn(|_| Cow::Borrowed(&Value::NOT_YET_KNOWN));
        let (mut unknown, mut fault) = (false, None);
        for (place, argument) in values.iter_mut().zip(custom.arguments.iter()) {
            if let Some(stored) = self.stored(*argument, up) {
                unknown |= stored.missing().is_some();
                *place = Cow::Borrowed(stored);
                continue;
            }
            match self.value(*argument, up) {
                V::Error(error) => fault = Some(error),
                // A code is a text to a function.
                other => match other.into_value(&Type::Text) {
                    Some(value) => *place = Cow::Owned(value),
                    None => {
                        unknown = true;
                        *place = Cow::Owned(Value::Missing(Missing::Unknown));
                    }
                },
            }
        }
        let count = custom.arguments.len().min(MAX_ARGUMENTS);
        each(&Arguments { values: &values[..count], records: &custom.records }, unknown, fault)
    }

    fn custom(&self, id: Id, custom: &'e Custom, up: Up<'e, '_>) -> V<'e> {
        self.with_arguments(custom, up, |arguments, unknown, fault| {
            if unknown && !custom.function.signature.sees_missing {
                return V::Unknown;
            }
            if let Some(error) = fault {
                return V::Error(error);
            }
            match (custom.function.body)(arguments) {
                Err(message) => {
                    let error = self.error(id, RuleErrorKind::Function, &message.ja, &message.en);
                    V::Error(error)
                }
                Ok(answer) if answer.check(&custom.function.signature.returns).is_err() => {
                    V::Error(self.wrong_kind(id))
                }
                Ok(answer) => match answer {
                    Value::Missing(_) => V::Unknown,
                    Value::Boolean(b) => V::Boolean(b),
                    Value::Integer(n) => V::Integer(n),
                    Value::Decimal(n) => V::Decimal(n),
                    Value::Code(s) | Value::Text(s) => V::Shared(s),
                    Value::Date(d) => V::Date(d.earliest(), d.latest()),
                    Value::Duration(d) => V::Duration(d),
                    Value::List(_) => V::Error(self.wrong_kind(id)),
                },
            }
        })
    }
}
