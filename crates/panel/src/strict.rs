//! What a JSON reader passes over in silence: keys that stand twice, numbers that it would round.

use crate::Problem;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// Significant digits that a binary double always keeps.
const DIGITS: usize = 15;

/// Numbers with more digits than can be kept: 1.99999999999999999 must not become 2.
pub fn long_numbers(text: &str) -> Vec<Problem> {
    let mut out = Vec::new();
    let (mut inside, mut escaped, mut start) = (false, false, None);
    let mut check = |from: usize, to: usize| {
        let number = text.get(from..to).unwrap_or("");
        let mantissa = number.split(['e', 'E']).next().unwrap_or("");
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        if digits.trim_start_matches('0').trim_end_matches('0').len() > DIGITS {
            let before = text.get(..from).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
            out.push(Problem::new(
                format!("{line}:{column}"),
                "number",
                format!("{number} は有効数字が{DIGITS}桁を超えるため正確に扱えません"),
                format!("{number} has more than {DIGITS} significant digits and cannot be held exactly"),
            ));
        }
    };
    for (at, c) in text.char_indices() {
        if inside {
            match (escaped, c) {
                (true, _) => escaped = false,
                (_, '\\') => escaped = true,
                (_, '"') => inside = false,
                _ => {}
            }
            continue;
        }
        let numeric = c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
        match (start, numeric) {
            (None, true) if c.is_ascii_digit() || c == '-' => start = Some(at),
            (Some(from), false) => {
                check(from, at);
                start = None;
            }
            _ => {}
        }
        inside = c == '"';
    }
    if let Some(from) = start {
        check(from, text.len());
    }
    out
}

/// Fails on an object with a key that stands twice.
pub struct NoTwins;

impl<'de> DeserializeSeed<'de> for NoTwins {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NoTwins {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(NoTwins)?;
            if let Some(twin) = seen.replace(key) {
                return Err(A::Error::custom(format!("the key `{twin}` stands twice")));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(NoTwins)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
