//! Full years, months and days between dates.

use crate::Duration;
use jiff::civil::Date;

/// Days from `from` to `to`; negative if `to` is earlier.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

/// The greatest n such that `from` + n months is on or before `to`; negative if `to` is earlier, counted from it.
/// So someone born on 29 February is a year older on 28 February of a common year, as Japanese law counts
/// (Civil Code, article 143), and `age(b, d) >= 20` agrees with `b + '20 years' <= d`.
pub(crate) fn months_between(from: Date, to: Date) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let months = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month())
        - i32::from(from.month());
    let reached = Duration::months(months).add_to(from).is_some_and(|day| day <= to);
    i64::from(if reached { months } else { months - 1 })
}

/// Full years, as [`months_between`].
pub(crate) fn years_between(from: Date, to: Date) -> i64 {
    months_between(from, to) / 12
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn a_year_is_full_on_the_birthday() {
        let birth = date(1960, 3, 15);
        assert_eq!(years_between(birth, date(2026, 3, 14)), 65);
        assert_eq!(years_between(birth, date(2026, 3, 15)), 66);
        assert_eq!(years_between(date(2004, 2, 29), date(2025, 2, 27)), 20);
        assert_eq!(years_between(date(2004, 2, 29), date(2025, 2, 28)), 21);
        assert_eq!(years_between(date(2004, 2, 29), date(2024, 2, 28)), 19);
    }

    #[test]
    fn days_are_counted_between_midnights() {
        assert_eq!(days_between(date(2026, 1, 1), date(2026, 3, 1)), 59);
        assert_eq!(days_between(date(2024, 1, 1), date(2024, 3, 1)), 60);
        assert_eq!(days_between(date(2026, 3, 1), date(2026, 1, 1)), -59);
        assert_eq!(days_between(date(1000, 1, 1), date(9999, 12, 31)), 3_287_181);
    }

    fn any_day() -> impl Strategy<Value = Date> {
        (1900i16..2100, 1i8..=12, 1i8..=31)
            .prop_filter_map("a day of the calendar", |(y, m, d)| Date::new(y, m, d).ok())
    }

    proptest! {
        #[test]
        fn an_age_is_reached_exactly_when_birth_plus_that_many_years_is_reached(b in any_day(), d in any_day(), n in 1i32..120) {
            let reached = Duration::months(12 * n).add_to(b).unwrap() <= d;
            prop_assert_eq!(years_between(b, d) >= i64::from(n), reached);
        }

        #[test]
        fn counts_grow_with_the_later_date(a in any_day(), b in any_day(), c in any_day()) {
            let (b, c) = (b.min(c), b.max(c));
            prop_assert!(months_between(a, b) <= months_between(a, c));
            prop_assert!(months_between(b, a) >= months_between(c, a));
            prop_assert_eq!(days_between(a, b) + days_between(b, c), days_between(a, c));
        }
    }
}
