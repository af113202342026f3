//! Truths and values while they are computed, some of them only partly known.

use crate::ast::Comparison;
use crate::{Duration, List, RuleError, Type, Value};
use jiff::civil::Date;
use std::sync::Arc;
use words::{Decimal, PartialDate};

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

    pub(super) fn of(known: bool) -> Truth {
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
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            V::Text(s) => Some(s),
            V::Shared(s) => Some(s),
            _ => None,
        }
    }

    pub(super) fn decimal(&self) -> Option<Decimal> {
        match self {
            V::Integer(n) => Some(Decimal::from(*n)),
            V::Decimal(n) => Some(*n),
            _ => None,
        }
    }

    /// The least and the greatest number that this can be.
    pub(super) fn bounds(&self) -> Option<(Decimal, Decimal)> {
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

/// The least or greatest of values of which some may be unknown: those that are known bound it on one side.
pub(super) struct Extreme<'v> {
    greatest: bool,
    best: Option<V<'v>>,
    open: bool,
    fault: Option<Box<RuleError>>,
}

impl<'v> Extreme<'v> {
    pub(super) fn new(greatest: bool) -> Self {
        Extreme { greatest, best: None, open: false, fault: None }
    }

    pub(super) fn add(&mut self, value: V<'v>) {
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
                        span(low.max(c), high.max(d))
                    } else {
                        span(low.min(c), high.min(d))
                    })
                }
                (Some((x, _)), Some((y, _))) if x != y && (y > x) == self.greatest => Some(b),
                _ => Some(a),
            },
        };
        self.best = best;
    }

    /// The value or its bounds. There are no bounds when what is unknown may yet fail.
    pub(super) fn result(self, complete: bool, fallible: bool) -> V<'v> {
        if complete && !self.open {
            return self.fault.map(V::Error).or(self.best).unwrap_or(V::Unknown);
        }
        match self.best {
            Some(V::Date(first, last)) if !fallible => {
                if self.greatest {
                    V::Date(first, Date::MAX)
                } else {
                    V::Date(Date::MIN, last)
                }
            }
            Some(best) if !fallible => match best.bounds() {
                Some((low, _)) if self.greatest => V::Between(low, Decimal::MAX),
                Some((_, high)) => V::Between(Decimal::MIN, high),
                None => V::Unknown,
            },
            _ => V::Unknown,
        }
    }
}

/// Counts truths.
#[derive(Default)]
pub(super) struct Tally {
    yes: i64,
    unknown: i64,
    fault: Option<Box<RuleError>>,
}

impl Tally {
    pub(super) fn add(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.yes += 1,
            Truth::False => {}
            Truth::Unknown => self.unknown += 1,
            Truth::Error(error) => self.fault = Some(error),
        }
    }

    /// The least and the greatest count (`i64::MAX` when records may be missing). `None` when what is unknown may
    /// yet fail; an error only when nothing is unknown.
    pub(super) fn result(self, complete: bool, fallible: bool) -> Result<Option<(i64, i64)>, Box<RuleError>> {
        match self.fault {
            Some(error) if complete && self.unknown == 0 => Err(error),
            None if complete => Ok(if fallible && self.unknown > 0 {
                None
            } else {
                Some((self.yes, self.yes + self.unknown))
            }),
            _ => Ok(if fallible { None } else { Some((self.yes, i64::MAX)) }),
        }
    }
}

/// From `low` to `high`, or the number if they are one.
fn span<'v>(low: Decimal, high: Decimal) -> V<'v> {
    match i64::try_from(low) {
        _ if low != high => V::Between(low, high),
        Ok(n) if low.fract().is_zero() => V::Integer(n),
        _ => V::Decimal(low),
    }
}

pub(super) fn interval<'v>(bounds: Option<(i64, i64)>) -> V<'v> {
    match bounds {
        None => V::Unknown,
        Some((low, high)) if low == high => V::Integer(low),
        Some((low, i64::MAX)) => V::Between(low.into(), Decimal::MAX),
        Some((low, high)) => V::Between(low.into(), high.into()),
    }
}

/// A comparison of two things of which only the ends are known.
pub(super) fn between<T: Ord>(comparison: Comparison, (a, b): (T, T), (c, d): (T, T)) -> Truth {
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
pub(super) fn durations(a: Duration, b: Duration) -> Option<std::cmp::Ordering> {
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
