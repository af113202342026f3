//! Calendar durations: `3 months`, `28 days`, `2 weeks`, `5 years`.

use jiff::{Span, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use words::Text;

/// A length of time in calendar months and days. A month has no fixed number of days, so months and days are
/// kept apart; years are 12 months and weeks are 7 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Duration {
    pub months: i32,
    pub days: i32,
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error(
        "`{0}` is not a duration; write `28 days`, `2 weeks`, `3 months`, `5 years` or `1 year 6 months`"
    )]
    Form(String),
    #[error("`{0}` is longer than the calendar")]
    TooLong(String),
}

/// No duration reaches further than the calendar of years 1000 to 9999 could hold.
const LONGEST_MONTHS: i32 = 12 * 9_000;
const LONGEST_DAYS: i32 = 366 * 9_000;

impl Duration {
    pub const fn days(days: i32) -> Duration {
        Duration { months: 0, days }
    }

    pub const fn months(months: i32) -> Duration {
        Duration { months, days: 0 }
    }

    /// The parts: calendar months, then days.
    pub fn parts(self) -> (i32, i32) {
        (self.months, self.days)
    }

    /// The same length backwards.
    pub fn negated(self) -> Duration {
        Duration { months: self.months.saturating_neg(), days: self.days.saturating_neg() }
    }

    /// The day that lies this far after `date`: months first (31 January + 1 month is the last day of
    /// February), then days. `None` outside the calendar.
    pub fn add_to(self, date: Date) -> Option<Date> {
        let span = Span::new().try_months(self.months).ok()?.try_days(self.days).ok();
        match span {
            // A span has one sign; mixed parts are applied one after the other.
            Some(span) if self.months.signum() * self.days.signum() >= 0 => date.checked_add(span).ok(),
            _ => {
                let after = date.checked_add(Span::new().try_months(self.months).ok()?).ok()?;
                after.checked_add(Span::new().try_days(self.days).ok()?).ok()
            }
        }
    }

    /// The fewest and the most days that this duration can be, whatever day it starts on.
    pub fn day_bounds(self) -> (i64, i64) {
        let months = i64::from(self.months.unsigned_abs());
        let (years, rest) = (months / 12, months % 12);
        let (low, high) = (years * 365 + rest * 28, years * 366 + rest * 31);
        let days = i64::from(self.days);
        if self.months < 0 { (days - high, days - low) } else { (days + low, days + high) }
    }

    /// In words: "3 months" / 「3か月」.
    pub fn text(self) -> Text {
        let (years, months) = (self.months / 12, self.months % 12);
        let parts = [(years, "year", "年"), (months, "month", "か月"), (self.days, "day", "日")];
        let shown: Vec<_> = parts.iter().filter(|p| p.0 != 0).collect();
        if shown.is_empty() {
            return Text::new("0日", "0 days");
        }
        let ja: Vec<_> = shown.iter().map(|(n, _, ja)| format!("{n}{ja}")).collect();
        let en: Vec<_> = shown
            .iter()
            .map(|(n, en, _)| format!("{n} {en}{}", if n.abs() == 1 { "" } else { "s" }))
            .collect();
        Text::new(ja.concat(), en.join(" "))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    /// Reads one or more of `N years`, `N months`, `N weeks`, `N days` (singular or plural, N a whole number,
    /// possibly negative), separated by spaces.
    fn from_str(s: &str) -> Result<Duration, DurationError> {
        let form = || DurationError::Form(s.to_owned());
        let long = || DurationError::TooLong(s.to_owned());
        let mut words = s.split_ascii_whitespace().peekable();
        if words.peek().is_none() {
            return Err(form());
        }
        let (mut months, mut days) = (0i32, 0i32);
        while let Some(number) = words.next() {
            let digits = number.strip_prefix('-').unwrap_or(number);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(form());
            }
            let n: i32 = number.parse().map_err(|_| long())?;
            let (total, factor) = match words.next() {
                Some("year" | "years") => (&mut months, 12),
                Some("month" | "months") => (&mut months, 1),
                Some("week" | "weeks") => (&mut days, 7),
                Some("day" | "days") => (&mut days, 1),
                _ => return Err(form()),
            };
            *total = n.checked_mul(factor).and_then(|n| total.checked_add(n)).ok_or_else(long)?;
        }
        if months.abs() > LONGEST_MONTHS || days.abs() > LONGEST_DAYS {
            return Err(long());
        }
        Ok(Duration { months, days })
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = std::borrow::Cow::<str>::deserialize(d)?;
        s.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_duration_is_read_as_people_write_it_and_shown_the_same() {
        for (written, shown, ja) in [
            ("3 months", "3 months", "3か月"),
            ("1 month", "1 month", "1か月"),
            ("28 days", "28 days", "28日"),
            ("2 weeks", "14 days", "14日"),
            ("5 years", "5 years", "5年"),
            ("18 months", "1 year 6 months", "1年6か月"),
            ("-7 days", "-7 days", "-7日"),
            ("0 days", "0 days", "0日"),
        ] {
            let d: Duration = written.parse().unwrap();
            assert_eq!((d.text().en.as_str(), d.text().ja.as_str()), (shown, ja));
            assert_eq!(d.to_string().parse::<Duration>().unwrap(), d);
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in
            ["", "3", "months", "3 month s", "3.5 months", "three months", "3months", "+3 days", "３ days"]
        {
            assert_eq!(text.parse::<Duration>(), Err(DurationError::Form(text.into())), "{text}");
        }
        for text in ["99999999999 days", "200000 months", "2147483647 years"] {
            assert_eq!(text.parse::<Duration>(), Err(DurationError::TooLong(text.into())), "{text}");
        }
    }

    #[test]
    fn months_are_added_before_days_and_end_on_the_last_day_of_a_short_month() {
        let add = |d: &str, from| d.parse::<Duration>().unwrap().add_to(from);
        assert_eq!(add("1 month", date(2026, 1, 31)), Some(date(2026, 2, 28)));
        assert_eq!(add("1 month 1 day", date(2026, 1, 31)), Some(date(2026, 3, 1)));
        assert_eq!(add("1 year", date(2024, 2, 29)), Some(date(2025, 2, 28)));
        assert_eq!(add("1 month -1 days", date(2026, 1, 31)), Some(date(2026, 2, 27)));
        assert_eq!(add("9000 years", date(2026, 1, 1)), None);
    }
}
