//! Numbers, shares, p-values and intervals as people write them. Rounding is half away from zero on the decimal
//! expansion of the binary64 value, as clinical tables round. Nothing here prints `NaN`: what is not a finite
//! number is [`NONE`].

use crate::Lang;
use rust_decimal::{Decimal, RoundingStrategy};

/// Stands where there is no number.
pub const NONE: &str = "–";

/// `x` with exactly `decimals` decimal places, thousands separated, with a true minus sign: `−1,234.50`.
pub fn fixed(x: f64, decimals: u32) -> String {
    signed(&plain(x, decimals))
}

/// A share (0 to 1) as a percentage: `0.554` gives `55.4%`.
pub fn percent(share: f64, decimals: u32) -> String {
    percent_digits(share, decimals).map_or_else(|| NONE.to_owned(), |p| signed(&p) + "%")
}

/// The same without the sign, for a column whose header says %.
pub fn percent_bare(share: f64, decimals: u32) -> String {
    percent_digits(share, decimals).map_or_else(|| NONE.to_owned(), |p| signed(&p))
}

/// A p-value to four places, `<0.0001` below, `>0.9999` above.
pub fn p_value(p: f64) -> String {
    if !(0.0..=1.0).contains(&p) {
        NONE.to_owned()
    } else if p < 0.0001 {
        "<0.0001".to_owned()
    } else if p > 0.9999 {
        ">0.9999".to_owned()
    } else {
        plain(p, 4)
    }
}

/// Two limits, either of which may not exist: `0.686–1.072`, `31.2–未到達`.
pub fn interval(lower: Option<String>, upper: Option<String>, lang: Lang) -> String {
    let none = match lang {
        Lang::Ja => "推定不能",
        Lang::En => "NE",
    };
    match (lower, upper) {
        (None, None) => none.to_owned(),
        (l, u) => {
            let (l, u) = (l.unwrap_or_else(|| none.into()), u.unwrap_or_else(|| none.into()));
            // An en dash before a minus sign cannot be read.
            if l.starts_with('−') || u.starts_with('−') {
                match lang {
                    Lang::Ja => format!("{l}～{u}"),
                    Lang::En => format!("{l} to {u}"),
                }
            } else {
                format!("{l}–{u}")
            }
        }
    }
}

/// Columns that `s` takes on a terminal: 2 for a character of full width, 0 for a combining mark.
pub fn width(s: &str) -> usize {
    s.chars()
        .map(|c| match c as u32 {
            0x0300..=0x036F | 0x200B..=0x200F | 0x3099..=0x309A => 0,
            0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0x33FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF => 2,
            0xA000..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 => 2,
            0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD => 2,
            _ => 1,
        })
        .sum()
}

/// `s` filled with spaces on the right to `columns` terminal columns.
pub fn pad_right(s: &str, columns: usize) -> String {
    format!("{s}{}", " ".repeat(columns.saturating_sub(width(s))))
}

/// `s` filled with spaces on the left to `columns` terminal columns.
pub fn pad_left(s: &str, columns: usize) -> String {
    format!("{}{s}", " ".repeat(columns.saturating_sub(width(s))))
}

fn percent_digits(share: f64, decimals: u32) -> Option<String> {
    if !share.is_finite() {
        return None;
    }
    match decimal(share) {
        Some(exact) => Some(round(exact * Decimal::ONE_HUNDRED, decimals)),
        None => Some(plain(share * 100.0, decimals)).filter(|p| p != NONE),
    }
}

fn plain(x: f64, decimals: u32) -> String {
    if !x.is_finite() {
        return NONE.to_owned();
    }
    match decimal(x) {
        Some(exact) => round(exact, decimals),
        None => format!("{x:.*}", decimals as usize),
    }
}

/// The decimal expansion; none where 28 digits do not hold it, and a tie cannot occur either.
fn decimal(x: f64) -> Option<Decimal> {
    (x.abs() < 1e13).then(|| Decimal::from_f64_retain(x)).flatten()
}

fn round(exact: Decimal, decimals: u32) -> String {
    let rounded = exact.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    let rounded = if rounded.is_zero() { Decimal::ZERO } else { rounded };
    format!("{rounded:.*}", decimals as usize)
}

fn signed(plain: &str) -> String {
    match plain.strip_prefix('-') {
        Some(rest) => format!("−{}", group(rest)),
        None => group(plain),
    }
}

fn group(digits: &str) -> String {
    let (whole, rest) = digits.find('.').map_or((digits, ""), |dot| digits.split_at(dot));
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && whole.is_ascii() {
            out.push(',');
        }
        out.push(c);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_rounded_as_a_clinical_table_rounds() {
        assert_eq!(percent(0.3125, 1), "31.3%"); // 5 of 16: 31.25 goes up
        assert_eq!(percent(0.554, 1), "55.4%");
        assert_eq!(fixed(2.5, 0), "3");
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(fixed(-1234.5, 1), "−1,234.5");
        assert_eq!(fixed(1.0 / 0.857, 2), "1.17");
        assert_eq!(percent_bare(1.0, 1), "100.0");
    }

    #[test]
    fn a_p_value_is_never_printed_as_zero_or_one() {
        assert_eq!(p_value(0.1283), "0.1283");
        assert_eq!(p_value(1e-60), "<0.0001");
        assert_eq!(p_value(0.0), "<0.0001");
        assert_eq!(p_value(1.0), ">0.9999");
        assert_eq!(p_value(f64::NAN), NONE);
    }

    #[test]
    fn an_interval_says_which_limit_cannot_be_estimated() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(interval(some("0.686"), some("1.072"), Lang::Ja), "0.686–1.072");
        assert_eq!(interval(some("31.2"), None, Lang::En), "31.2–NE");
        assert_eq!(interval(some("−0.10"), some("0.20"), Lang::En), "−0.10 to 0.20");
        assert_eq!(interval(None, None, Lang::Ja), "推定不能");
    }

    #[test]
    fn full_width_characters_take_two_columns() {
        assert_eq!(width("割付 A群"), 8);
        assert_eq!(pad_right("年", 4), "年  ");
        assert_eq!(pad_left("12", 4), "  12");
    }

    proptest! {
        #[test]
        fn no_number_prints_as_nan_and_none_panics(x in proptest::num::f64::ANY, d in 0u32..8) {
            for s in [fixed(x, d), percent(x, d), percent_bare(x, d), p_value(x)] {
                prop_assert!(!s.contains("NaN") && !s.contains("inf") && !s.is_empty());
            }
        }
    }
}
