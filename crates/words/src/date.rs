//! Dates whose parts may be unknown: `2026-03-14`, `2026-03-UK`, `2026-UK-UK`.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A calendar date of which the day, or the month and the day, may be unknown.
///
/// There is deliberately no `Ord`: two partial dates may not be comparable. Compare [`earliest`](Self::earliest)
/// and [`latest`](Self::latest), and say "unknown" when the bounds do not settle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartialDate {
    Day(Date),
    /// Year and month (1 to 12).
    Month(i16, i8),
    Year(i16),
}

/// Why a text is not a date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    #[error("`{0}` is not a date; write YYYY-MM-DD, YYYY-MM-UK or YYYY-UK-UK")]
    Form(String),
    #[error("`{0}` does not exist in the calendar")]
    NoSuchDay(String),
}

impl PartialDate {
    /// The first day that this date can be.
    pub fn earliest(self) -> Date {
        match self {
            PartialDate::Day(d) => d,
            PartialDate::Month(y, m) => Date::constant(y, m, 1),
            PartialDate::Year(y) => Date::constant(y, 1, 1),
        }
    }

    /// The last day that this date can be.
    pub fn latest(self) -> Date {
        match self {
            PartialDate::Day(d) => d,
            PartialDate::Month(y, m) => Date::constant(y, m, 1).last_of_month(),
            PartialDate::Year(y) => Date::constant(y, 12, 31),
        }
    }

    /// The day, when it is fully known.
    pub fn day(self) -> Option<Date> {
        match self {
            PartialDate::Day(d) => Some(d),
            _ => None,
        }
    }

    /// Whether `day` may be the true date.
    pub fn may_be(self, day: Date) -> bool {
        self.earliest() <= day && day <= self.latest()
    }

    /// Whether the date is on or before `day`: `None` when its unknown parts straddle `day`.
    pub fn on_or_before(self, day: Date) -> Option<bool> {
        if self.latest() <= day {
            Some(true)
        } else if self.earliest() > day {
            Some(false)
        } else {
            None
        }
    }
}

impl From<Date> for PartialDate {
    fn from(d: Date) -> Self {
        PartialDate::Day(d)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartialDate::Day(d) => write!(f, "{d}"),
            PartialDate::Month(y, m) => write!(f, "{y:04}-{m:02}-UK"),
            PartialDate::Year(y) => write!(f, "{y:04}-UK-UK"),
        }
    }
}

impl FromStr for PartialDate {
    type Err = DateError;

    /// Reads `YYYY-MM-DD`, with `UK` for an unknown day, or an unknown month and day; also `YYYY-MM` and `YYYY`.
    /// Years run from 1000 to 9999.
    fn from_str(s: &str) -> Result<Self, DateError> {
        let form = || DateError::Form(s.to_owned());
        let digits = |part: &str, width: usize| -> Result<i16, DateError> {
            if part.len() == width && part.bytes().all(|b| b.is_ascii_digit()) {
                part.parse().map_err(|_| form())
            } else {
                Err(form())
            }
        };
        let mut parts = s.split('-');
        let year = digits(parts.next().unwrap_or(""), 4)?;
        if year < 1000 {
            return Err(form());
        }
        let (month, day) = (parts.next().unwrap_or("UK"), parts.next().unwrap_or("UK"));
        if parts.next().is_some() {
            return Err(form());
        }
        if month == "UK" {
            return if day == "UK" { Ok(PartialDate::Year(year)) } else { Err(form()) };
        }
        let month = digits(month, 2)? as i8;
        if !(1..=12).contains(&month) {
            return Err(DateError::NoSuchDay(s.to_owned()));
        }
        if day == "UK" {
            return Ok(PartialDate::Month(year, month));
        }
        let day = digits(day, 2)? as i8;
        Date::new(year, month, day).map(PartialDate::Day).map_err(|_| DateError::NoSuchDay(s.to_owned()))
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = std::borrow::Cow::<str>::deserialize(d)?;
        s.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unknown_parts_are_written_uk_and_read_back() {
        for text in ["2026-03-14", "2026-03-UK", "2026-UK-UK", "2024-02-29"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
        assert_eq!("2026".parse::<PartialDate>().unwrap(), PartialDate::Year(2026));
        assert_eq!("2026-03".parse::<PartialDate>().unwrap(), PartialDate::Month(2026, 3));
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in ["2026-13-01", "2026-02-30", "2025-02-29"] {
            assert_eq!(text.parse::<PartialDate>(), Err(DateError::NoSuchDay(text.into())));
        }
        for text in
            ["", "26-01-01", "2026-1-1", "2026-UK-03", "2026/01/01", "2026-01-01-01", "２０２６-01-01"]
        {
            assert_eq!(text.parse::<PartialDate>(), Err(DateError::Form(text.into())), "{text}");
        }
    }

    #[test]
    fn a_partial_date_that_straddles_a_day_is_neither_before_nor_after() {
        let d: PartialDate = "2026-03-UK".parse().unwrap();
        assert_eq!(d.on_or_before(jiff::civil::date(2026, 3, 30)), None);
        assert_eq!(d.on_or_before(jiff::civil::date(2026, 3, 31)), Some(true));
        assert_eq!(d.on_or_before(jiff::civil::date(2026, 2, 28)), Some(false));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(s in "\\PC{0,14}") {
            let _ = s.parse::<PartialDate>();
        }

        #[test]
        fn bounds_hold_the_date(y in 1000i16..9999, m in 1i8..=12, d in 1i8..=28) {
            let day = Date::new(y, m, d).unwrap();
            for p in [PartialDate::Day(day), PartialDate::Month(y, m), PartialDate::Year(y)] {
                prop_assert!(p.may_be(day));
                prop_assert_eq!(p.to_string().parse::<PartialDate>().unwrap(), p);
            }
        }
    }
}
