//! Evaluation: strong Kleene, without allocation unless a function or an error asks for it.

use crate::ast::{Comparison, Operation};
use crate::function::{Arguments, MAX_ARGUMENTS};
use crate::program::{Aggregate, Constant, Custom, Id, Node, Program, Quantifier, Standard, Test};
use crate::{Duration, Environment, List, Missing, RuleError, RuleErrorKind, Slot, Type, Value, calendar};
use jiff::civil::Date;
use rust_decimal::RoundingStrategy;
use std::borrow::Cow;
use std::sync::Arc;
use words::{Decimal, PartialDate, Text};

/// The four outcomes of a condition. As information, `Unknown` may become any other when an item is filled.
///
/// In a conjunction False comes before Unknown, Unknown before Error, Error before True: a false clause decides
/// whatever the others do (so `n != 0 && x / n > 2` is safe in either order), and an error counts only when no
/// unknown clause could still decide. A disjunction is the mirror image.
#[derive(Clone, Debug)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
    Error(Box<RuleError>),
}

impl Truth {
    pub fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            other => other,
        }
    }

    /// Three-valued and: see [`Truth`].
    pub fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
            (e @ Truth::Error(_), _) | (_, e @ Truth::Error(_)) => e,
            (Truth::True, Truth::True) => Truth::True,
        }
    }

    fn of(known: bool) -> Truth {
        if known { Truth::True } else { Truth::False }
    }
}

/// A value while it is computed. Partly known numbers of records and dates are kept as intervals, so that a
/// comparison is decided as soon as both ends agree.
#[derive(Clone, Debug)]
pub(crate) enum V<'e> {
    Unknown,
    Error(Box<RuleError>),
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    /// A number from the first to the second; `Decimal::MIN` and `MAX` are no bound.
    Between(Decimal, Decimal),
    /// A code or a text.
    Text(&'e str),
    Shared(Arc<str>),
    /// Earliest and latest day that it can be; `Date::MIN` and `MAX` are no bound.
    Date(Date, Date),
    Duration(Duration),
    List(&'e List),
}

impl V<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            V::Text(s) => Some(s),
            V::Shared(s) => Some(s),
            _ => None,
        }
    }

    fn decimal(&self) -> Option<Decimal> {
        match self {
            V::Integer(n) => Some(Decimal::from(*n)),
            V::Decimal(n) => Some(*n),
            _ => None,
        }
    }

    /// The least and the greatest number that this can be.
    fn bounds(&self) -> Option<(Decimal, Decimal)> {
        match self {
            V::Between(low, high) => Some((*low, *high)),
            other => other.decimal().map(|n| (n, n)),
        }
    }

    /// Whether this is one value and no interval.
    pub fn is_exact(&self) -> bool {
        match self {
            V::Unknown | V::Error(_) | V::Between(..) => false,
            V::Date(first, last) => first == last,
            _ => true,
        }
    }

    /// As a value of the declared type; `None` when it is not known well enough.
    pub fn into_value(self, kind: &Type) -> Option<Value> {
        Some(match self {
            V::Unknown | V::Error(_) | V::Between(..) => return None,
            V::Boolean(b) => Value::Boolean(b),
            V::Integer(n) if matches!(kind, Type::Decimal { .. }) => Value::Decimal(n.into()),
            V::Integer(n) => Value::Integer(n),
            V::Decimal(n) => Value::Decimal(n),
            V::Text(s) if matches!(kind, Type::Code { .. }) => Value::Code(s.into()),
            V::Shared(s) if matches!(kind, Type::Code { .. }) => Value::Code(s),
            V::Text(s) => Value::Text(s.into()),
            V::Shared(s) => Value::Text(s),
            V::Date(first, last) => Value::Date(partial(first, last)?),
            V::Duration(d) => Value::Duration(d),
            V::List(list) => Value::List(list.clone()),
        })
    }
}

/// The partial date that is exactly these days.
pub(crate) fn partial(first: Date, last: Date) -> Option<PartialDate> {
    [
        PartialDate::Day(first),
        PartialDate::Month(first.year(), first.month()),
        PartialDate::Year(first.year()),
    ]
    .into_iter()
    .find(|p| p.earliest() == first && p.latest() == last)
}

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

    fn wrong_kind(&self, id: Id) -> Box<RuleError> {
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
                self.compare(id, *comparison, self.value(*left, up), self.value(*right, up))
            }
            Node::In(needle, options) => {
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
                    Quantifier::ExistsOne => match self.count(*list, up, &holds) {
                        Ok((1, 1)) => Truth::True,
                        Ok((low, high)) if low > 1 || high < 1 => Truth::False,
                        Ok(_) => Truth::Unknown,
                        Err(error) => Truth::Error(error),
                    },
                }
            }
            Node::Test(test, inner) => self.test(*test, *inner, up),
            Node::If(condition, yes, no) => match self.truth(*condition, up) {
                Truth::True => self.truth(*yes, up),
                Truth::False => self.truth(*no, up),
                Truth::Unknown => match (self.truth(*yes, up), self.truth(*no, up)) {
                    (Truth::True, Truth::True) => Truth::True,
                    (Truth::False, Truth::False) => Truth::False,
                    _ => Truth::Unknown,
                },
                error => error,
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
                Truth::Unknown => {
                    let (yes, no) = (self.value(*yes, up), self.value(*no, up));
                    match self.compare(id, Comparison::Equal, yes.clone(), no) {
                        Truth::True => yes,
                        _ => V::Unknown,
                    }
                }
                Truth::Error(error) => V::Error(error),
            },
            Node::Call(function, arguments) => self.call(id, *function, arguments, up),
            Node::Custom(custom) => self.custom(id, custom, up),
            Node::Size(list) => self.count(*list, up, &|_| Truth::True).map_or_else(V::Error, interval),
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

    fn arithmetic(&self, id: Id, operation: Operation, left: V<'e>, right: V<'e>) -> V<'e> {
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
                tally.result(true).map_or_else(V::Error, interval)
            }
            Standard::Minimum | Standard::Maximum => {
                let mut extreme = Extreme::new(function == Standard::Maximum);
                for argument in arguments {
                    extreme.add(self.value(*argument, up));
                }
                extreme.result(true)
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
                interval((low, high))
            }
        }
    }

    fn custom(&self, id: Id, custom: &'e Custom, up: Up<'e, '_>) -> V<'e> {
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
        if unknown && !custom.function.signature.sees_missing {
            return V::Unknown;
        }
        if let Some(error) = fault {
            return V::Error(error);
        }
        let count = custom.arguments.len().min(MAX_ARGUMENTS);
        let arguments = Arguments { values: &values[..count], records: &custom.records };
        match (custom.function.body)(&arguments) {
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
    }

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

    fn exists(&self, list: Id, up: Up<'e, '_>, holds: &dyn Fn(&Frame<'e, '_>) -> Truth) -> Truth {
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

    /// The fewest and the most records of which `holds` is true; `i64::MAX` when the list is not complete.
    fn count(
        &self,
        list: Id,
        up: Up<'e, '_>,
        holds: &dyn Fn(&Frame<'e, '_>) -> Truth,
    ) -> Result<(i64, i64), Box<RuleError>> {
        let mut tally = Tally::default();
        let complete = self.walk(list, up, &mut |frame, belongs| {
            if !matches!(belongs, Truth::False) {
                tally.add(belongs.and(holds(frame)));
            }
            true
        });
        match complete {
            Err(error) => Err(error),
            Ok(complete) => tally.result(complete),
        }
    }

    fn aggregate(&self, id: Id, aggregate: Aggregate, list: Id, each: Id, up: Up<'e, '_>) -> V<'e> {
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
            (Ok(complete), Aggregate::Minimum | Aggregate::Maximum) => extreme.result(complete),
            (Ok(true), Aggregate::Sum) => found.unwrap_or(V::Integer(0)),
            (Ok(true), _) => found.unwrap_or(V::Unknown),
            (Ok(false), _) => V::Unknown,
        }
    }
}

/// The least or greatest of values of which some may be unknown: those that are known bound it on one side.
struct Extreme<'v> {
    greatest: bool,
    best: Option<V<'v>>,
    open: bool,
    fault: Option<Box<RuleError>>,
}

impl<'v> Extreme<'v> {
    fn new(greatest: bool) -> Self {
        Extreme { greatest, best: None, open: false, fault: None }
    }

    fn add(&mut self, value: V<'v>) {
        let best = match (self.best.take(), value) {
            (best, V::Unknown) => {
                self.open = true;
                best
            }
            (best, V::Error(error)) => {
                self.fault = Some(error);
                best
            }
            (None, value) => Some(value),
            (Some(V::Date(a, b)), V::Date(c, d)) => {
                Some(if self.greatest { V::Date(a.max(c), b.max(d)) } else { V::Date(a.min(c), b.min(d)) })
            }
            (Some(a), b) => match (a.bounds(), b.bounds()) {
                (Some((low, high)), Some((c, d))) if !a.is_exact() || !b.is_exact() => {
                    Some(if self.greatest {
                        V::Between(low.max(c), high.max(d))
                    } else {
                        V::Between(low.min(c), high.min(d))
                    })
                }
                (Some((x, _)), Some((y, _))) if x != y && (y > x) == self.greatest => Some(b),
                _ => Some(a),
            },
        };
        self.best = best;
    }

    fn result(self, complete: bool) -> V<'v> {
        match (self.fault, self.best) {
            (Some(error), _) if complete && !self.open => V::Error(error),
            (None, Some(best)) if complete && !self.open => best,
            (_, Some(V::Date(first, last))) => {
                if self.greatest {
                    V::Date(first, Date::MAX)
                } else {
                    V::Date(Date::MIN, last)
                }
            }
            (_, Some(best)) => match best.bounds() {
                Some((low, _)) if self.greatest => V::Between(low, Decimal::MAX),
                Some((_, high)) => V::Between(Decimal::MIN, high),
                None => V::Unknown,
            },
            (_, None) => V::Unknown,
        }
    }
}

/// Counts truths.
#[derive(Default)]
struct Tally {
    yes: i64,
    unknown: i64,
    fault: Option<Box<RuleError>>,
}

impl Tally {
    fn add(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.yes += 1,
            Truth::False => {}
            Truth::Unknown => self.unknown += 1,
            Truth::Error(error) => self.fault = Some(error),
        }
    }

    /// The least and the greatest count; an error only if nothing unknown could still decide.
    fn result(self, complete: bool) -> Result<(i64, i64), Box<RuleError>> {
        match self.fault {
            Some(error) if complete && self.unknown == 0 => Err(error),
            // What a failing clause would have counted is not known either.
            Some(_) => Ok((self.yes, i64::MAX)),
            None if complete => Ok((self.yes, self.yes + self.unknown)),
            None => Ok((self.yes, i64::MAX)),
        }
    }
}

fn interval<'v>((low, high): (i64, i64)) -> V<'v> {
    match (low, high) {
        (low, high) if low == high => V::Integer(low),
        (low, i64::MAX) => V::Between(low.into(), Decimal::MAX),
        (low, high) => V::Between(low.into(), high.into()),
    }
}

/// A comparison of two things of which only the ends are known.
fn between<T: Ord>(comparison: Comparison, (a, b): (T, T), (c, d): (T, T)) -> Truth {
    let (always, never) = match comparison {
        Comparison::Less => (b < c, a >= d),
        Comparison::LessOrEqual => (b <= c, a > d),
        Comparison::Greater => (a > d, b <= c),
        Comparison::GreaterOrEqual => (a >= d, b < c),
        Comparison::Equal => (a == b && c == d && a == c, b < c || a > d),
        Comparison::NotEqual => (b < c || a > d, a == b && c == d && a == c),
    };
    match (always, never) {
        (true, _) => Truth::True,
        (_, true) => Truth::False,
        _ => Truth::Unknown,
    }
}

/// The order of two durations, if it does not depend on the calendar.
fn durations(a: Duration, b: Duration) -> Option<std::cmp::Ordering> {
    if a.parts() == b.parts() {
        return Some(std::cmp::Ordering::Equal);
    }
    if a.parts().0 == b.parts().0 {
        return Some(a.parts().1.cmp(&b.parts().1));
    }
    let ((a_low, a_high), (b_low, b_high)) = (a.day_bounds(), b.day_bounds());
    if a.parts().1 == b.parts().1 {
        Some(a.parts().0.cmp(&b.parts().0))
    } else if a_high < b_low {
        Some(std::cmp::Ordering::Less)
    } else if a_low > b_high {
        Some(std::cmp::Ordering::Greater)
    } else {
        None
    }
}
