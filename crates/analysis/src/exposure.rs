//! Exposure to a treatment: how long, how much of what was planned, and how it was changed, as far as a form tells it.

use crate::Row;
use crate::baseline::{self, share};
use crate::cohort::{Cohort, Person, listed};
use crate::draft::Draft;
use crate::set;
use protocol::{Exposure as Plan, Protocol};
use rules::{Missing, Value};
use words::Text;

/// One participant's number, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    Number(f64),
    Missing(Missing),
    /// What was entered contradicts itself: the end before the start, a dose of nothing planned.
    Contradicted,
}

/// What was entered at `path`, or why there is nothing.
fn entered<'a>(person: &'a Person, path: &str) -> Result<&'a Value, Told> {
    let value = person.values.get(path).unwrap_or(&Value::NOT_YET_KNOWN);
    value.missing().map_or(Ok(value), |why| Err(Told::Missing(why)))
}

fn day(person: &Person, path: &str) -> Result<jiff::civil::Date, Told> {
    match entered(person, path)? {
        Value::Date(d) => d.day().ok_or(Told::Missing(Missing::Unknown)),
        _ => Err(Told::Missing(Missing::Unknown)),
    }
}

fn number(person: &Person, path: &str) -> Result<f64, Told> {
    match entered(person, path)? {
        Value::Integer(n) => Ok(*n as f64),
        Value::Decimal(d) => d.to_string().parse().map_err(|_| Told::Contradicted),
        _ => Err(Told::Missing(Missing::Unknown)),
    }
}

/// Whether treatment goes on, as far as it is told.
pub(crate) fn goes_on(person: &Person, plan: &Plan) -> bool {
    let item = plan.ongoing.as_ref().and_then(|item| person.values.get(&plan.path(item)));
    matches!(item, Some(Value::Boolean(true)))
}

/// Days of treatment, the first and the last counted. While it goes on: up to the day that dates the form.
pub(crate) fn duration(person: &Person, protocol: &Protocol, plan: &Plan) -> Told {
    let last = match protocol.forms.get(&plan.form) {
        Some(form) if goes_on(person, plan) => plan.path(&form.dated_by),
        _ => plan.path(&plan.end),
    };
    match (day(person, &plan.path(&plan.start)), day(person, &last)) {
        (Ok(from), Ok(to)) if to < from => Told::Contradicted,
        (Ok(from), Ok(to)) => Told::Number(f64::from((to - from).get_days() + 1)),
        (Err(told), _) | (_, Err(told)) => told,
    }
}

/// Dose given over dose planned: 1 is all of it.
pub(crate) fn intensity(person: &Person, plan: &Plan) -> Told {
    let Some(dose) = &plan.dose else { return Told::Missing(Missing::NotApplicable) };
    match (number(person, &plan.path(&dose.given)), number(person, &plan.path(&dose.planned))) {
        (Ok(given), Ok(planned)) if planned > 0.0 && given >= 0.0 => Told::Number(given / planned),
        (Ok(_), Ok(_)) => Told::Contradicted,
        (Err(told), _) | (_, Err(told)) => told,
    }
}

/// All rows of a table of exposure: each arm, then all together.
pub(crate) fn exposure(cohort: &Cohort, protocol: &Protocol, id: &str, plan: &Plan) -> Vec<Row> {
    let draft = Draft::new(id, &plan.set, "", "count");
    let Some(set) = set::members(cohort, protocol, &plan.set) else {
        return vec![set::undefined(&draft, "n")];
    };
    let (mut rows, groups) = baseline::opening(protocol, plan.by.as_deref(), &set, &draft);
    for (group, people) in &groups {
        let of =
            draft.variable("duration").group(group.as_deref()).option("unit", "days, first and last counted");
        let days: Vec<(u32, Told)> = people.iter().map(|p| (p.id, duration(p, protocol, plan))).collect();
        let mut of_days = of.clone();
        if plan.ongoing.is_some() {
            let n = people.iter().filter(|p| goes_on(p, plan)).count();
            let of = of.level("ongoing").option("denominator", "all of the set in the group");
            rows.push(of.count("n", n));
            rows.push(share(&of, n, people.len()));
            of_days = of_days.option("while ongoing", "up to the day of the report");
        }
        summary(&days, &of_days, &mut rows);
        let sum: f64 =
            days.iter().filter_map(|(_, t)| if let Told::Number(d) = t { Some(d) } else { None }).sum();
        rows.push(of_days.stat("sum", Some(sum)));
    }
    if plan.dose.is_some() {
        for (group, people) in &groups {
            let of =
                draft.variable("dose_intensity").group(group.as_deref()).option("ratio", "given / planned");
            let all: Vec<(u32, Told)> = people.iter().map(|p| (p.id, intensity(p, plan))).collect();
            summary(&all, &of, &mut rows);
        }
    }
    for item in plan.told() {
        baseline::item(protocol, &plan.path(item), &groups, &set.members, &draft, &mut rows);
    }
    let absent = [
        ("cycles", plan.cycles.is_none(), "サイクル数", "The number of cycles is"),
        (
            "dose_intensity",
            plan.dose.is_none(),
            "投与量（相対用量強度）",
            "Doses (relative dose intensity) are",
        ),
        (
            "modifications",
            plan.modifications.is_empty(),
            "減量・延期・休薬",
            "Reductions, delays and interruptions of doses are",
        ),
    ];
    for (variable, _, ja, en) in absent.into_iter().filter(|a| a.1) {
        let why = Text::new(
            format!("{ja}：この試験の症例報告書では収集していません。"),
            format!("{en} not collected by the forms of this study."),
        );
        rows.push(draft.variable(variable).level("not_collected").none("value", why));
    }
    rows
}

/// Quantiles of the numbers, and how many have none, by kind.
fn summary(all: &[(u32, Told)], draft: &Draft, rows: &mut Vec<Row>) {
    let known: Vec<f64> =
        all.iter().filter_map(|(_, t)| if let Told::Number(x) = t { Some(*x) } else { None }).collect();
    baseline::quantiles(known, all.len(), draft, rows);
    for kind in Missing::ALL {
        let n = all.iter().filter(|(_, t)| *t == Told::Missing(kind)).count();
        left_out(n, all.len(), &draft.level(format!("missing:{kind}")), rows);
    }
    let wrong: Vec<u32> = all.iter().filter(|(_, t)| *t == Told::Contradicted).map(|(id, _)| *id).collect();
    let who = listed(&wrong);
    let warning = Text::new(
        format!("入力が矛盾しているため除いた患者：{}。", who.ja),
        format!("Left out because what was entered contradicts itself: participants {}.", who.en),
    );
    left_out(wrong.len(), all.len(), &draft.level("missing:contradicted").warn(Some(warning)), rows);
}

fn left_out(n: usize, of: usize, draft: &Draft, rows: &mut Vec<Row>) {
    if n > 0 {
        let draft = draft.method("count").option("denominator", "all of the set in the group");
        rows.push(draft.count("n", n));
        rows.push(share(&draft, n, of));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cohort::Registered;
    use jiff::civil::{Date, date};
    use serde_json::json;

    fn protocol() -> Protocol {
        let mut made: serde_json::Value = serde_json::to_value(crate::tests::trial()).unwrap();
        made["forms"]["drug"] = json!({
            "ja": "治療", "en": "Drug", "dated_by": "seen_on",
            "sections": [{ "ja": "a", "en": "a", "items": [
                { "id": "seen_on", "ja": "日", "en": "Day", "type": "date" },
                { "id": "from", "ja": "開始", "en": "From", "type": "date" },
                { "id": "to", "ja": "終了", "en": "To", "type": "date" },
                { "id": "on", "ja": "継続", "en": "On", "type": "boolean" },
                { "id": "given", "ja": "投与量", "en": "Given", "type": "decimal" },
                { "id": "planned", "ja": "予定量", "en": "Planned", "type": "decimal" },
                { "id": "reduced", "ja": "減量", "en": "Reduced", "type": "boolean" },
            ] }],
        });
        serde_json::from_value(made).unwrap()
    }

    fn plan(more: serde_json::Value) -> Plan {
        let mut plan = json!({ "set": "all", "form": "drug", "start": "from", "end": "to", "ongoing": "on" });
        for (k, v) in more.as_object().unwrap() {
            plan[k] = v.clone();
        }
        serde_json::from_value(plan).unwrap()
    }

    fn person(id: u32, values: &[(&str, Value)]) -> Person {
        let mut p = Person { id, site: "s".into(), ..Person::default() };
        p.steps.insert("second".into(), Registered { on: date(2020, 1, 1), cancelled: false });
        for (item, value) in values {
            p.values.insert(format!("drug.{item}"), value.clone());
        }
        p
    }

    fn on(d: Date) -> Value {
        Value::Date(d.into())
    }

    fn four() -> Cohort {
        let people = vec![
            // 1 to 10 January: ten days, both ends counted
            person(
                1,
                &[
                    ("from", on(date(2020, 1, 1))),
                    ("to", on(date(2020, 1, 10))),
                    ("on", Value::Boolean(false)),
                    ("given", Value::Integer(80)),
                    ("planned", Value::Integer(100)),
                    ("reduced", Value::Boolean(true)),
                ],
            ),
            // goes on: up to the day of the report
            person(
                2,
                &[
                    ("from", on(date(2020, 1, 1))),
                    ("seen_on", on(date(2020, 1, 31))),
                    ("on", Value::Boolean(true)),
                    ("given", Value::Integer(100)),
                    ("planned", Value::Integer(0)),
                    ("reduced", Value::Boolean(false)),
                ],
            ),
            // ended before it began
            person(
                3,
                &[
                    ("from", on(date(2020, 1, 5))),
                    ("to", on(date(2020, 1, 1))),
                    ("on", Value::Boolean(false)),
                ],
            ),
            // the last day is not known
            person(
                4,
                &[
                    ("from", on(date(2020, 1, 5))),
                    ("to", Value::Missing(Missing::Unknown)),
                    ("on", Value::Boolean(false)),
                ],
            ),
        ];
        Cohort { cutoff: date(2021, 1, 1), sites: Vec::new(), people }
    }

    fn find<'a>(rows: &'a [Row], variable: &str, level: Option<&str>, stat: &str) -> &'a Row {
        rows.iter().find(|r| r.variable == variable && r.level.as_deref() == level && r.stat == stat).unwrap()
    }

    #[test]
    fn duration_counts_both_ends_and_runs_to_the_report_while_treatment_goes_on() {
        let rows = exposure(&four(), &protocol(), "x", &plan(json!({})));
        let value = |level, stat| find(&rows, "duration", level, stat).value;
        assert_eq!(
            [value(None, "n"), value(None, "min"), value(None, "max")],
            [Some(2.0), Some(10.0), Some(31.0)]
        );
        assert_eq!(value(None, "sum"), Some(41.0));
        assert_eq!([value(Some("ongoing"), "n"), value(Some("ongoing"), "share")], [Some(1.0), Some(0.25)]);
        assert_eq!(value(Some("missing:unknown"), "n"), Some(1.0));
        let wrong = find(&rows, "duration", Some("missing:contradicted"), "n");
        assert!(
            wrong.value == Some(1.0)
                && wrong.warning.as_ref().is_some_and(|w| w.en.ends_with("participants 3."))
        );
    }

    #[test]
    fn what_the_forms_do_not_hold_is_said_and_nothing_stands_in_for_it() {
        let rows = exposure(&four(), &protocol(), "x", &plan(json!({})));
        for variable in ["cycles", "dose_intensity", "modifications"] {
            let row = find(&rows, variable, Some("not_collected"), "value");
            assert!(
                row.value.is_none() && row.warning.as_ref().is_some_and(|w| w.en.contains("not collected"))
            );
        }
        let more =
            json!({ "dose": { "given": "given", "planned": "planned" }, "modifications": ["reduced"] });
        let rows = exposure(&four(), &protocol(), "x", &plan(more));
        assert_eq!(find(&rows, "dose_intensity", None, "median").value, Some(0.8));
        assert_eq!(find(&rows, "dose_intensity", Some("missing:contradicted"), "n").value, Some(1.0));
        assert_eq!(find(&rows, "drug.reduced", Some("true"), "n").value, Some(1.0));
        let absent: Vec<&str> = rows
            .iter()
            .filter(|r| r.level.as_deref() == Some("not_collected"))
            .map(|r| r.variable.as_str())
            .collect();
        assert_eq!(absent, ["cycles"]);
    }

    #[test]
    fn with_nobody_treated_nothing_is_estimated() {
        let nobody = Cohort { people: Vec::new(), ..four() };
        let rows = exposure(&nobody, &protocol(), "x", &plan(json!({})));
        let median = find(&rows, "duration", None, "median");
        assert!(median.value.is_none() && median.warning.is_some());
        assert_eq!(find(&rows, "duration", None, "n").value, Some(0.0));
    }
}
