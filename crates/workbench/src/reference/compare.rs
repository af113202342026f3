//! Comparison of a record with what was computed: the tolerance rule of the format.
use serde_json::{Map, Value};

use super::case::{Skip, Values};
use super::{Count, Qualification, Wrong};

/// From this size on a tolerance is relative; below it is `abs`.
const RELATIVE_FROM: f64 = 1e-6;

pub(super) fn record(
    outcome: &mut Qualification,
    id: &str,
    method: &str,
    expected: &Value,
    tolerance: &Map<String, Value>,
    computed: Result<Values, Skip>,
) {
    let mut count = outcome.methods.remove(method).unwrap_or_default();
    count.records += 1;
    let empty = Map::new();
    for (name, reference) in expected.as_object().unwrap_or(&empty) {
        let own = tolerance.get(name).or_else(|| tolerance.get("default"));
        if own.is_some_and(Value::is_null) {
            // The record says: do not compare.
            continue;
        }
        let number = |v: Option<&Value>| v.and_then(Value::as_f64).unwrap_or(0.0);
        let mut walk = Walk {
            relative: number(own),
            absolute: number(tolerance.get("abs")),
            id,
            count: &mut count,
            wrong: &mut outcome.wrong,
        };
        let answer = match &computed {
            Ok(values) => values.get(name).ok_or_else(|| match values.why_skipped(name) {
                Some(why) => format!("{name}: {why}"),
                None => format!("{name} is not computed"),
            }),
            Err(skip) => Err(skip.reason.clone()),
        };
        match answer {
            Ok(answer) => walk.compare(name, reference, answer),
            Err(why) => {
                count.not_covered += leaves(reference);
                let entry = (id.to_string(), why);
                if outcome.not_covered.last() != Some(&entry) {
                    outcome.not_covered.push(entry);
                }
            }
        }
    }
    outcome.methods.insert(method.to_string(), count);
}

/// Numbers, texts and nulls in a value.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Object(items) => items.values().map(leaves).sum(),
        _ => 1,
    }
}

struct Walk<'a> {
    relative: f64,
    absolute: f64,
    id: &'a str,
    count: &'a mut Count,
    wrong: &'a mut Vec<Wrong>,
}

impl Walk<'_> {
    fn compare(&mut self, place: &str, reference: &Value, computed: &Value) {
        match (reference, computed) {
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (i, (x, y)) in a.iter().zip(b).enumerate() {
                    self.compare(&format!("{place}[{i}]"), x, y);
                }
            }
            (Value::Object(a), Value::Object(b)) => {
                for (name, x) in a {
                    self.compare(&format!("{place}.{name}"), x, b.get(name).unwrap_or(&Value::Null));
                }
            }
            // A list of one stands for its number and the other way round.
            (Value::Array(a), y) if a.len() == 1 && !y.is_array() => self.compare(place, &a[0], y),
            (x, Value::Array(b)) if b.len() == 1 && !x.is_array() => self.compare(place, x, &b[0]),
            _ if self.equal(reference, computed) => self.count.matched += 1,
            _ => {
                self.count.wrong += leaves(reference);
                self.wrong.push(Wrong {
                    id: self.id.to_string(),
                    place: place.to_string(),
                    reference: shorten(reference),
                    computed: shorten(computed),
                });
            }
        }
    }

    fn equal(&mut self, reference: &Value, computed: &Value) -> bool {
        let (Some(x), Some(y)) = (reference.as_f64(), computed.as_f64()) else {
            return reference == computed;
        };
        let difference = (x - y).abs();
        if x.abs() < RELATIVE_FROM {
            return difference <= self.absolute;
        }
        let ok = difference <= self.relative * x.abs();
        self.count.largest = self.count.largest.max(difference / x.abs());
        ok
    }
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome(values: Value, tol: Value, computed: Value) -> Qualification {
        let mut q = Qualification::default();
        let computed = computed.as_object().cloned().unwrap();
        record(&mut q, "x", "m", &values, tol.as_object().unwrap(), Ok(Values::from_map(computed)));
        q
    }

    #[test]
    fn a_number_of_size_1e_6_is_compared_relatively_and_a_smaller_one_absolutely() {
        let tol = json!({"default": 1e-3, "abs": 1e-12});
        let q = outcome(json!({"a": [1e-6, 9e-7]}), tol, json!({"a": [1.0005e-6, 9.0005e-7]}));
        assert_eq!((q.total().matched, q.total().wrong), (1, 1));
    }

    #[test]
    fn texts_nulls_and_infinities_must_be_equal() {
        let tol = json!({"default": 1e-3});
        let q = outcome(
            json!({"a": [null, "Inf", "x", 1.0, null]}),
            tol,
            json!({"a": [null, "Inf", "y", null, 1.0]}),
        );
        assert_eq!((q.total().matched, q.total().wrong), (2, 3));
    }

    #[test]
    fn a_null_tolerance_means_do_not_compare_and_a_list_of_another_length_is_wrong() {
        let tol = json!({"default": 1e-3, "a": null});
        let q = outcome(json!({"a": 1.0, "b": [1.0, 2.0]}), tol, json!({"a": 5.0, "b": [1.0]}));
        assert_eq!((q.total().matched, q.total().wrong), (0, 2));
    }

    #[test]
    fn a_value_that_is_not_computed_is_not_covered() {
        let q = outcome(json!({"a": [1.0, 2.0]}), json!({"default": 1e-9}), json!({}));
        assert_eq!(q.summary(), "matched 0 of 2 numbers; wrong 0; not covered 2");
    }
}
