//! Items as fields on a page, and what was typed into them as values.
//!
//! Names in a form: `item` for the value, `item.y`, `item.m`, `item.d` for a date, `item.missing` for the kind of
//! missing, and `item.0.sub` for an item of the first record of a group.

use crate::tongue::Tongue;
use askama::Template;
use protocol::{Item, ItemKind};
use rules::{List, Missing, Value};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use words::{Decimal, PartialDate};

/// What a person typed, by the field's name.
pub type Typed = BTreeMap<String, String>;

/// One choice of a list.
pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

impl Choice {
    pub fn new(value: &str, label: &str, chosen: &str) -> Choice {
        Choice { value: value.to_owned(), label: label.to_owned(), chosen: value == chosen }
    }
}

pub enum Widget {
    Line(Line),
    /// A list to open, for many codes.
    Pick(Vec<Choice>),
    /// All choices at once, for few.
    Choose(Vec<Choice>),
    Day(Day),
    Computed(String),
    Records(Records),
}

pub struct Line {
    pub value: String,
    pub digits: bool,
    pub mode: &'static str,
}

pub struct Day {
    pub year: String,
    pub months: Vec<Choice>,
    pub days: Vec<Choice>,
}

pub struct Records {
    pub rows: Vec<Row>,
    pub complete: bool,
}

pub struct Row {
    pub n: usize,
    pub html: String,
}

/// A field as the page shows it.
#[derive(Template)]
#[template(path = "field.html")]
pub struct Field {
    pub t: Tongue,
    pub name: String,
    pub number: Option<String>,
    pub label: String,
    pub required: bool,
    pub unit: Option<String>,
    pub note: Option<String>,
    pub widget: Widget,
    pub missing: Vec<Choice>,
    pub error: Option<String>,
    /// Further lines: limits, what somebody else entered meanwhile.
    pub tells: Vec<String>,
}

/// One mistake in what was typed: the field, its label, what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub name: String,
    pub label: String,
    pub what: String,
}

/// Lists with more codes than this are opened instead of shown.
const FEW: usize = 6;
/// Records of a group that one page takes at most.
const MOST_RECORDS: usize = 200;
const UNKNOWN: &str = "UK";

/// Reads what was typed for `items`. An item left blank is absent from the answer.
pub fn read(t: Tongue, items: &[&Item], typed: &Typed) -> Result<BTreeMap<String, Value>, Vec<Fault>> {
    let mut values = BTreeMap::new();
    let mut faults = Vec::new();
    for item in items.iter().filter(|i| i.derive.is_none()) {
        match read_item(t, item, &item.id, typed, &mut faults) {
            Some(value) => {
                values.insert(item.id.clone(), value);
            }
            None => continue,
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

fn read_item(t: Tongue, item: &Item, name: &str, typed: &Typed, faults: &mut Vec<Fault>) -> Option<Value> {
    let before = faults.len();
    let found = match item.kind {
        ItemKind::Group => read_records(t, item, name, typed, faults),
        ItemKind::Date => read_day(t, item, name, typed).transpose(),
        _ => read_line(t, item, name, typed).transpose(),
    };
    let found = match found {
        Some(Ok(value)) => Some(value),
        Some(Err(what)) => {
            faults.push(Fault { name: name.to_owned(), label: label(t, item), what });
            None
        }
        None => None,
    };
    let missing = get(typed, &format!("{name}.missing"));
    match Missing::ALL.into_iter().find(|m| m.to_string() == missing) {
        Some(_) if found.is_some() && item.kind != ItemKind::Group => {
            faults.push(Fault {
                name: name.to_owned(),
                label: label(t, item),
                what: t.say("fault-both").into_owned(),
            });
            None
        }
        Some(kind) if faults.len() == before => Some(Value::Missing(kind)),
        Some(_) => None,
        None => found,
    }
}

fn read_line(t: Tongue, item: &Item, name: &str, typed: &Typed) -> Result<Option<Value>, String> {
    let text = get(typed, name).trim();
    if text.is_empty() {
        return Ok(None);
    }
    let fault = |key: &str| t.with(key, text).into_owned();
    let value = match item.kind {
        ItemKind::Integer => narrow(text).parse().map(Value::Integer).map_err(|_| fault("fault-integer"))?,
        ItemKind::Decimal => {
            let number = Decimal::from_str(&narrow(text)).map_err(|_| fault("fault-decimal"))?;
            match item.decimals {
                Some(places) if number.normalize().scale() > u32::from(places) => {
                    return Err(t.count("fault-decimals", &places).into_owned());
                }
                _ => Value::Decimal(number),
            }
        }
        ItemKind::Boolean => match text {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => return Err(fault("fault-choice")),
        },
        ItemKind::Code if item.codes.contains_key(text) => Value::code(text),
        ItemKind::Code => return Err(fault("fault-choice")),
        ItemKind::Text => Value::text(text),
        ItemKind::Date | ItemKind::Group => return Ok(None),
    };
    Ok(Some(value))
}

fn read_day(t: Tongue, item: &Item, name: &str, typed: &Typed) -> Result<Option<Value>, String> {
    read_date(t, name, item.partial, typed).map(|d| d.map(Value::Date))
}

/// A date typed in three parts. Parts may be `UK` only where `partial` allows it.
pub fn read_date(t: Tongue, name: &str, partial: bool, typed: &Typed) -> Result<Option<PartialDate>, String> {
    let part = |p: &str| narrow(get(typed, &format!("{name}.{p}")).trim());
    let (year, month, day) = (part("y"), part("m"), part("d"));
    if year.is_empty() && month.is_empty() && day.is_empty() {
        return Ok(None);
    }
    if year.is_empty() || month.is_empty() || (day.is_empty() && month != UNKNOWN) {
        return Err(t.say(if partial { "fault-day-part" } else { "fault-day-whole" }).into_owned());
    }
    let two = |p: &str| if p == UNKNOWN { p.to_owned() } else { format!("{p:0>2}") };
    let text = if month == UNKNOWN {
        format!("{year}-{UNKNOWN}-{UNKNOWN}")
    } else {
        format!("{year}-{}-{}", two(&month), two(&day))
    };
    let date: PartialDate = text.parse().map_err(|_| t.with("fault-day", &text).into_owned())?;
    if date.day().is_none() && !partial {
        return Err(t.say("fault-day-whole").into_owned());
    }
    Ok(Some(date))
}

fn read_records(
    t: Tongue,
    item: &Item,
    name: &str,
    typed: &Typed,
    faults: &mut Vec<Fault>,
) -> Option<Result<Value, String>> {
    let rows = row_count(name, typed);
    let complete = get(typed, &format!("{name}.complete")) == "yes";
    let mut records: Vec<Arc<[Value]>> = Vec::new();
    for row in 0..rows {
        let cells: Vec<Option<Value>> = item
            .items
            .iter()
            .map(|sub| read_item(t, sub, &format!("{name}.{row}.{}", sub.id), typed, faults))
            .collect();
        if cells.iter().any(Option::is_some) {
            records.push(cells.into_iter().map(|c| c.unwrap_or(Value::NOT_YET_KNOWN)).collect());
        }
    }
    // An untouched group says nothing; "these are all", even of none, is a statement.
    (complete || !records.is_empty()).then_some(Ok(Value::List(List { complete, records })))
}

fn row_count(name: &str, typed: &Typed) -> usize {
    get(typed, &format!("{name}.rows")).parse::<usize>().unwrap_or(0).min(MOST_RECORDS)
}

/// What a person would have typed to give `values`.
pub fn type_out(items: &[&Item], values: &BTreeMap<String, &Value>) -> Typed {
    let mut typed = Typed::new();
    for item in items {
        if let Some(value) = values.get(&item.id) {
            type_item(item, &item.id, value, &mut typed);
        }
    }
    typed
}

fn type_item(item: &Item, name: &str, value: &Value, typed: &mut Typed) {
    match value {
        Value::Missing(kind) => {
            typed.insert(format!("{name}.missing"), kind.to_string());
        }
        Value::Boolean(b) => {
            typed.insert(name.to_owned(), b.to_string());
        }
        Value::Integer(n) => {
            typed.insert(name.to_owned(), n.to_string());
        }
        Value::Decimal(d) => {
            typed.insert(name.to_owned(), d.to_string());
        }
        Value::Code(s) | Value::Text(s) => {
            typed.insert(name.to_owned(), s.to_string());
        }
        Value::Date(date) => {
            let text = date.to_string();
            for (part, text) in ["y", "m", "d"].iter().zip(text.split('-')) {
                typed.insert(format!("{name}.{part}"), text.to_owned());
            }
        }
        Value::List(list) => {
            typed.insert(format!("{name}.rows"), list.records.len().to_string());
            if list.complete {
                typed.insert(format!("{name}.complete"), "yes".into());
            }
            for (row, record) in list.records.iter().enumerate() {
                for (sub, value) in item.items.iter().zip(record.iter()) {
                    type_item(sub, &format!("{name}.{row}.{}", sub.id), value, typed);
                }
            }
        }
        Value::Duration(_) => {}
    }
}

/// One more blank record for the group `name`.
pub fn add_record(name: &str, typed: &mut Typed) {
    let rows = row_count(name, typed) + 1;
    typed.insert(format!("{name}.rows"), rows.min(MOST_RECORDS).to_string());
}

/// Shows `item` with what was typed, its mistakes, and further lines below it.
pub fn show(t: Tongue, item: &Item, number: Option<String>, typed: &Typed, faults: &[Fault]) -> Field {
    show_named(t, item, &item.id, number, typed, faults)
}

fn show_named(
    t: Tongue,
    item: &Item,
    name: &str,
    number: Option<String>,
    typed: &Typed,
    faults: &[Fault],
) -> Field {
    let text = get(typed, name);
    let widget = if item.derive.is_some() {
        Widget::Computed(text.to_owned())
    } else {
        match item.kind {
            ItemKind::Integer => line(text, "numeric"),
            ItemKind::Decimal => line(text, "decimal"),
            ItemKind::Text => Widget::Line(Line { value: text.to_owned(), digits: false, mode: "text" }),
            ItemKind::Boolean => Widget::Choose(vec![
                Choice::new("true", &t.say("yes"), text),
                Choice::new("false", &t.say("no"), text),
            ]),
            ItemKind::Code => {
                let codes: Vec<Choice> =
                    item.codes.iter().map(|(code, words)| Choice::new(code, t.of(words), text)).collect();
                if codes.len() > FEW { Widget::Pick(codes) } else { Widget::Choose(codes) }
            }
            ItemKind::Date => Widget::Day(day(t, name, item.partial, typed)),
            ItemKind::Group => Widget::Records(records(t, item, name, typed, faults)),
        }
    };
    let may_miss = item.derive.is_none() && item.kind != ItemKind::Group;
    let missing = get(typed, &format!("{name}.missing"));
    Field {
        t,
        name: name.to_owned(),
        number,
        label: label(t, item),
        required: item.required,
        unit: unit(t, item),
        note: item.note.as_ref().map(|n| t.of(n).to_owned()),
        widget,
        missing: if may_miss { missing_choices(t, missing) } else { Vec::new() },
        error: faults.iter().find(|f| f.name == name).map(|f| f.what.clone()),
        tells: limits(t, item).into_iter().collect(),
    }
}

fn missing_choices(t: Tongue, chosen: &str) -> Vec<Choice> {
    Missing::ALL.into_iter().map(|m| Choice::new(&m.to_string(), t.of(&m.text()), chosen)).collect()
}

fn limits(t: Tongue, item: &Item) -> Option<String> {
    let range = item.range.as_ref()?;
    let unit = unit(t, item).map(|u| format!(" {u}")).unwrap_or_default();
    let text = match (range.min, range.max) {
        (Some(min), Some(max)) => format!("{min} – {max}{unit}"),
        (Some(min), None) => format!("≥ {min}{unit}"),
        (None, Some(max)) => format!("≤ {max}{unit}"),
        (None, None) => return None,
    };
    Some(t.with("usual-range", &text).into_owned())
}

fn line(text: &str, mode: &'static str) -> Widget {
    Widget::Line(Line { value: text.to_owned(), digits: true, mode })
}

/// The three parts of a date as fields.
pub fn day(t: Tongue, name: &str, partial: bool, typed: &Typed) -> Day {
    let part = |p: &str| get(typed, &format!("{name}.{p}"));
    let list = |last: usize, chosen: &str| {
        let mut list: Vec<Choice> = (1..=last)
            .map(|n| Choice {
                value: format!("{n:02}"),
                label: n.to_string(),
                chosen: format!("{n:02}") == chosen,
            })
            .collect();
        if partial {
            list.push(Choice::new(UNKNOWN, &t.say("part-unknown"), chosen));
        }
        list
    };
    Day { year: part("y").to_owned(), months: list(12, part("m")), days: list(31, part("d")) }
}

fn records(t: Tongue, item: &Item, name: &str, typed: &Typed, faults: &[Fault]) -> Records {
    let rows = (0..row_count(name, typed).max(1))
        .map(|row| Row {
            n: row + 1,
            html: item
                .items
                .iter()
                .map(|sub| {
                    let field = show_named(t, sub, &format!("{name}.{row}.{}", sub.id), None, typed, faults);
                    field.render().unwrap_or_default()
                })
                .collect(),
        })
        .collect();
    Records { rows, complete: get(typed, &format!("{name}.complete")) == "yes" }
}

/// The value in the reader's words: lines, and whether it is a kind of missing.
///
/// `columns` names the columns of a list as it was stored, where they may differ from the item's present ones.
pub fn told(t: Tongue, item: &Item, value: &Value, columns: Option<&[String]>) -> (Vec<String>, bool) {
    match value {
        Value::Missing(kind) => (vec![t.of(&kind.text()).to_owned()], true),
        Value::Boolean(b) => (vec![t.say(if *b { "yes" } else { "no" }).into_owned()], false),
        Value::Integer(n) => (vec![n.to_string()], false),
        Value::Decimal(d) => (vec![d.to_string()], false),
        Value::Code(code) => {
            (vec![item.codes.get(&**code).map_or_else(|| code.to_string(), |w| t.of(w).to_owned())], false)
        }
        Value::Text(s) => (vec![s.to_string()], false),
        Value::Date(d) => (vec![d.to_string()], false),
        Value::Duration(d) => (vec![d.to_string()], false),
        Value::List(list) => {
            let mut lines: Vec<String> = list
                .records
                .iter()
                .map(|record| {
                    let cells: Vec<String> = record
                        .iter()
                        .enumerate()
                        .filter_map(|(at, value)| {
                            let sub = match columns {
                                Some(names) => item.items.iter().find(|i| names.get(at) == Some(&i.id)),
                                None => item.items.get(at),
                            }?;
                            let unit = unit(t, sub).map(|u| format!(" {u}")).unwrap_or_default();
                            let (lines, missing) = told(t, sub, value, None);
                            let unit = if missing { "" } else { &unit };
                            Some(format!("{}: {}{unit}", label(t, sub), lines.join(" / ")))
                        })
                        .collect();
                    cells.join(&t.say("record-comma"))
                })
                .collect();
            if lines.is_empty() {
                lines.push(t.say("no-records").into_owned());
            }
            if !list.complete {
                lines.push(t.say("records-so-far").into_owned());
            }
            (lines, false)
        }
    }
}

/// The unit as people write it; UCUM's spelling where that is the same.
pub fn unit(t: Tongue, item: &Item) -> Option<String> {
    let ucum = item.unit.as_deref()?;
    let key = match ucum {
        "1" => return None,
        "a" => "unit-a",
        "mo" => "unit-mo",
        "wk" => "unit-wk",
        "d" => "unit-d",
        "/mm3" | "/uL" => "unit-mm3",
        "10*4/uL" | "10*4/mm3" => "unit-10-4",
        _ => return Some(ucum.to_owned()),
    };
    Some(t.say(key).into_owned())
}

pub fn label(t: Tongue, item: &Item) -> String {
    match t.0 {
        words::Lang::Ja => item.ja.clone(),
        words::Lang::En => item.en.clone(),
    }
}

fn get<'a>(typed: &'a Typed, name: &str) -> &'a str {
    typed.get(name).map_or("", String::as_str)
}

/// Full-width digits, points and signs as plain ones: what a Japanese keyboard gives.
fn narrow(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '０'..='９' => char::from(b'0' + (u32::from(c) - u32::from('０')) as u8),
            '．' => '.',
            '－' | '−' => '-',
            '＋' => '+',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use words::Lang;

    fn item(yaml: serde_json::Value) -> Item {
        let mut whole = serde_json::json!({ "id": "x", "ja": "項目", "en": "Item" });
        let (Some(whole_map), Some(more)) = (whole.as_object_mut(), yaml.as_object()) else { panic!() };
        whole_map.extend(more.clone());
        serde_json::from_value(whole).unwrap()
    }

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    fn value(item: &Item, pairs: &[(&str, &str)]) -> Result<Option<Value>, String> {
        crate::tongue::prepare().unwrap();
        read(Tongue(Lang::En), &[item], &typed(pairs))
            .map(|mut v| v.remove("x"))
            .map_err(|f| f.into_iter().map(|f| f.what).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn full_width_digits_are_read_as_digits() {
        let decimal = item(serde_json::json!({ "type": "decimal", "decimals": 1 }));
        assert_eq!(value(&decimal, &[("x", "１２．５")]), Ok(Some(Value::Decimal("12.5".parse().unwrap()))));
        assert!(value(&decimal, &[("x", "12.55")]).is_err());
        assert!(value(&decimal, &[("x", "1e3x")]).is_err());
        let integer = item(serde_json::json!({ "type": "integer" }));
        assert_eq!(value(&integer, &[("x", "－３")]), Ok(Some(Value::Integer(-3))));
        assert!(value(&integer, &[("x", "3.0")]).is_err());
    }

    #[test]
    fn a_date_may_lack_parts_only_where_the_item_allows_it() {
        let whole = item(serde_json::json!({ "type": "date" }));
        let partial = item(serde_json::json!({ "type": "date", "partial": true }));
        let march = [("x.y", "2026"), ("x.m", "03"), ("x.d", "UK")];
        assert_eq!(value(&partial, &march), Ok(Some(Value::Date("2026-03-UK".parse().unwrap()))));
        assert!(value(&whole, &march).is_err());
        assert_eq!(
            value(&partial, &[("x.y", "2026"), ("x.m", "UK"), ("x.d", "")]),
            Ok(Some(Value::Date("2026-UK-UK".parse().unwrap())))
        );
        assert!(value(&whole, &[("x.y", "2025"), ("x.m", "02"), ("x.d", "29")]).is_err());
        assert!(value(&whole, &[("x.y", "2025"), ("x.m", ""), ("x.d", "29")]).is_err());
        assert_eq!(value(&whole, &[("x.y", ""), ("x.m", ""), ("x.d", "")]), Ok(None));
    }

    #[test]
    fn a_kind_of_missing_is_a_value_and_does_not_stand_beside_another() {
        let integer = item(serde_json::json!({ "type": "integer" }));
        assert_eq!(value(&integer, &[("x.missing", "not_done")]), Ok(Some(Value::Missing(Missing::NotDone))));
        assert!(value(&integer, &[("x", "3"), ("x.missing", "not_done")]).is_err());
    }

    #[test]
    fn a_code_that_the_list_does_not_have_is_refused() {
        let code = item(serde_json::json!({ "type": "code", "codes": { "f": { "ja": "女", "en": "F" } } }));
        assert_eq!(value(&code, &[("x", "f")]), Ok(Some(Value::code("f"))));
        assert!(value(&code, &[("x", "q")]).is_err());
    }

    #[test]
    fn a_group_says_nothing_until_a_record_or_its_completeness_is_stated() {
        let group = item(serde_json::json!({ "type": "group", "items": [
            { "id": "drug", "ja": "薬", "en": "Drug", "type": "text" },
            { "id": "from", "ja": "開始", "en": "From", "type": "date", "partial": true } ] }));
        assert_eq!(value(&group, &[("x.rows", "2")]), Ok(None));
        assert_eq!(
            value(&group, &[("x.rows", "1"), ("x.complete", "yes")]),
            Ok(Some(Value::List(List { complete: true, records: vec![] })))
        );
        let filled = [("x.rows", "2"), ("x.1.drug", "DTX"), ("x.1.from.y", "2020"), ("x.1.from.m", "UK")];
        let Ok(Some(list)) = value(&group, &filled) else { panic!() };
        let typed = type_out(&[&group], &[("x".to_string(), &list)].into());
        assert_eq!(typed["x.0.drug"], "DTX");
        assert_eq!(read(Tongue(Lang::En), &[&group], &typed).unwrap()["x"], list, "typed out and read again");
    }
}
