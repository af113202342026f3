//! Days and months as people write them.

use crate::{Lang, PartialDate};
use jiff::civil::Date;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// 「2023年1月15日」, "15 January 2023".
pub fn day(d: Date, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{}年{}月{}日", d.year(), d.month(), d.day()),
        Lang::En => format!("{} {} {}", d.day(), month_name(d.month()), d.year()),
    }
}

/// 「2023年1月」, "January 2023".
pub fn month(year: i16, month: i8, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{year}年{month}月"),
        Lang::En => format!("{} {year}", month_name(month)),
    }
}

/// A date whose parts may be unknown, with a word for what is unknown.
pub fn partial(d: PartialDate, lang: Lang) -> String {
    match (d, lang) {
        (PartialDate::Day(d), _) => day(d, lang),
        (PartialDate::Month(y, m), Lang::Ja) => format!("{}（日不明）", month(y, m, lang)),
        (PartialDate::Month(y, m), Lang::En) => format!("{} (day unknown)", month(y, m, lang)),
        (PartialDate::Year(y), Lang::Ja) => format!("{y}年（月日不明）"),
        (PartialDate::Year(y), Lang::En) => format!("{y} (month and day unknown)"),
    }
}

fn month_name(month: i8) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or(crate::number::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_in_the_order_of_its_language() {
        let d: PartialDate = "2023-01-05".parse().unwrap();
        assert_eq!(partial(d, Lang::Ja), "2023年1月5日");
        assert_eq!(partial(d, Lang::En), "5 January 2023");
        let d: PartialDate = "2023-01-UK".parse().unwrap();
        assert_eq!(partial(d, Lang::Ja), "2023年1月（日不明）");
        assert_eq!(partial(d, Lang::En), "January 2023 (day unknown)");
        assert_eq!(partial("2023".parse().unwrap(), Lang::En), "2023 (month and day unknown)");
    }
}
