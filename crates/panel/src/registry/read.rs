//! From the values of the forms to a profile.

use super::write::number;
use super::{FormValues, QUALIFIERS, at};
use crate::Problem;
use crate::profile::{Profile, UNCLASSIFIED};
use protocol::{Form, Item};
use rules::{List, Missing, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// What a cell says, as JSON; `None` if it says nothing.
pub(super) fn said(value: &Value) -> Option<Json> {
    match value {
        Value::Boolean(b) => Some(Json::Bool(*b)),
        Value::Integer(n) => Some((*n).into()),
        Value::Decimal(n) => Some(number(n)),
        Value::Code(text) | Value::Text(text) => Some(Json::String(text.to_string())),
        Value::Date(day) => Some(day.to_string().into()),
        Value::Missing(_) | Value::Duration(_) | Value::List(_) => None,
    }
}

fn json_of(text: &str, place: &str, problems: &mut Vec<Problem>) -> Json {
    serde_json::from_str(text).unwrap_or_else(|e| {
        problems.push(Problem::new(
            place,
            "json",
            format!("JSON として読めません: {e}"),
            format!("this is not JSON: {e}"),
        ));
        Json::Null
    })
}

/// The cells of a row by the id of their item, as far as they say something.
fn cells<'r>(group: &'r Item, record: &'r [Value]) -> impl Iterator<Item = (&'r Item, &'r Value)> {
    group.items.iter().zip(record)
}

/// What a row says of a specimen and of how the observation was made.
fn qualifiers(group: &Item, record: &[Value], place: &str, problems: &mut Vec<Problem>) -> Map<String, Json> {
    let mut out = Map::new();
    for (item, value) in cells(group, record) {
        let apart =
            item.concept.is_some() || ["state", "value", "measure", "result"].contains(&item.id.as_str());
        let Some(json) = said(value).filter(|_| !apart) else { continue };
        match (item.id.as_str(), &json) {
            ("other", Json::String(text)) => match json_of(text, place, problems) {
                Json::Object(rest) => out.extend(rest),
                _ => problems.push(Problem::new(
                    format!("{place}.other"),
                    "form",
                    "JSON オブジェクトではありません",
                    "this is not a JSON object",
                )),
            },
            (id, _) => {
                let key = QUALIFIERS.iter().find(|(item, _)| *item == id).map_or(id, |(_, key)| key);
                out.insert(key.to_owned(), json);
            }
        }
    }
    out
}

/// The observations of one row: concept and what is said of it.
fn observations(
    group: &Item,
    record: &[Value],
    place: &str,
    problems: &mut Vec<Problem>,
) -> Vec<(String, Json)> {
    let text = |id: &str| at(group, id).and_then(|i| record.get(i)).and_then(said);
    let word = |id: &str| text(id).and_then(|j| j.as_str().map(str::to_owned));
    let mut shared = qualifiers(group, record, place, problems);
    let own: Vec<(String, &Value)> = match (group.id.as_str(), word("measure"), word("gene")) {
        ("variants", _, Some(gene)) => {
            shared.remove("gene");
            at(group, "result")
                .and_then(|i| record.get(i))
                .map(|v| (format!("variant.{gene}"), v))
                .into_iter()
                .collect()
        }
        (family, Some(measure), _) => at(group, "value")
            .and_then(|i| record.get(i))
            .map(|v| (format!("{family}.{measure}"), v))
            .into_iter()
            .collect(),
        _ => cells(group, record).filter_map(|(i, v)| Some((i.concept.clone()?, v))).collect(),
    };
    let state = word("state");
    let speaks = |v: &Value| *v != Value::NOT_YET_KNOWN;
    // A state beside empty cells is one of the row's first concept.
    let none = !own.iter().any(|(_, v)| speaks(v));
    let mut out = Vec::new();
    for (i, (concept, value)) in own.into_iter().enumerate() {
        let mut o = shared.clone();
        match (said(value), &state) {
            (Some(json), None) => {
                o.insert("value".into(), json);
            }
            // A value beside another state than known is refused where the profile is read.
            (Some(json), Some(state)) => {
                o.insert("value".into(), json);
                if state != "known" {
                    o.insert("state".into(), state.clone().into());
                }
            }
            (None, Some(state)) if speaks(value) && state != "known" || none && i == 0 => {
                o.insert("state".into(), state.clone().into());
            }
            (None, _) if speaks(value) => {
                let code = match value {
                    Value::Missing(Missing::NotDone) => "not_tested",
                    Value::Missing(Missing::NotApplicable) => "not_asked",
                    _ => "indeterminate",
                };
                o.insert("state".into(), code.into());
            }
            (None, _) => continue,
        }
        out.push((concept, Json::Object(o)));
    }
    out
}

fn of_prior(group: &Item, list: &List, place: &str, problems: &mut Vec<Problem>) -> Json {
    let mut items = Vec::new();
    for record in &list.records {
        let mut own = qualifiers(group, record, place, problems);
        if let Some(Json::String(drugs)) = own.get("drugs") {
            let all: Vec<String> =
                drugs.split(';').map(str::trim).filter(|d| !d.is_empty()).map(str::to_owned).collect();
            own.insert("drugs".into(), all.into());
        }
        items.push(Json::Object(own));
    }
    serde_json::json!({ "complete": list.complete, "items": items })
}

fn of_samples(group: &Item, list: &List, place: &str, problems: &mut Vec<Problem>) -> Json {
    let mut samples: BTreeMap<i64, Map<String, Json>> = BTreeMap::new();
    for record in &list.records {
        let cell = |id: &str| at(group, id).and_then(|i| record.get(i)).and_then(said);
        let Some(number) = cell("sample").and_then(|n| n.as_i64()) else {
            problems.push(Problem::new(
                place,
                "form",
                "検体の番号がない行があります",
                "a row has no number of the sample",
            ));
            continue;
        };
        let sample = samples.entry(number).or_default();
        for (id, key) in [
            ("collected", "date"),
            ("assay", "assay_id"),
            ("tumour_fraction", "tumour_fraction"),
            ("adequate", "adequate"),
        ] {
            let Some(value) = cell(id) else { continue };
            if sample.get(key).is_some_and(|was| *was != value) {
                problems.push(Problem::new(
                    format!("{place}[{number}].{id}"),
                    "twice",
                    "同じ検体の行どうしで値が違います",
                    "rows of one sample say different things",
                ));
            }
            sample.insert(key.to_owned(), value);
        }
        let findings = sample.entry("findings").or_insert_with(|| Json::Object(Map::new()));
        if let (Json::Object(findings), Some(Json::String(gene))) = (findings, cell("gene")) {
            findings.insert(gene, cell("result").unwrap_or_else(|| UNCLASSIFIED.into()));
        }
    }
    samples.into_values().map(Json::Object).collect()
}

/// The profile that the values of the forms make. Every mistake is told with its place.
pub fn from_forms<'f>(
    values: &BTreeMap<String, FormValues>,
    forms: impl IntoIterator<Item = (&'f String, &'f Form)>,
) -> Result<Profile, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut out: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    let mut whole = Map::new();
    for (id, form) in forms.into_iter().filter(|(_, f)| !f.repeats) {
        let Some(own) = values.get(id) else { continue };
        for item in form.items() {
            let Some(value) = own.get(&item.id) else { continue };
            let place = format!("{id}.{}", item.id);
            match (value, item.concept.as_deref(), item.id.as_str()) {
                (Value::List(list), _, "prior") => {
                    whole.insert("prior".into(), of_prior(item, list, &place, &mut problems));
                }
                (Value::List(list), _, "ctdna") => {
                    whole.insert("ctdna.samples".into(), of_samples(item, list, &place, &mut problems));
                }
                (Value::List(list), _, "more") => {
                    for record in &list.records {
                        let cell = |id: &str| match at(item, id).and_then(|i| record.get(i)) {
                            Some(Value::Text(text)) => Some(text.to_string()),
                            _ => None,
                        };
                        let (Some(concept), Some(text)) = (cell("concept"), cell("observation")) else {
                            continue;
                        };
                        let json = json_of(&text, &place, &mut problems);
                        match concept.as_str() {
                            "ctdna.samples" => {
                                whole.insert(concept, json);
                            }
                            _ => out.entry(concept).or_default().push(json),
                        }
                    }
                }
                (Value::List(list), ..) => {
                    for record in &list.records {
                        for (concept, json) in observations(item, record, &place, &mut problems) {
                            out.entry(concept).or_default().push(json);
                        }
                    }
                }
                (Value::Text(text), _, "cgp_history") => {
                    whole.insert("cgp.history".into(), json_of(text, &place, &mut problems));
                }
                (Value::Missing(why), Some(concept), _) => {
                    let state = match why {
                        Missing::NotYetKnown => continue,
                        Missing::NotDone => "not_tested",
                        Missing::Unknown => "indeterminate",
                        Missing::NotApplicable => "not_asked",
                    };
                    out.entry(concept.to_owned()).or_default().push(serde_json::json!({ "state": state }));
                }
                (value, Some(concept), _) => {
                    out.entry(concept.to_owned()).or_default().extend(said(value));
                }
                _ => {}
            }
        }
    }
    whole.extend(out.into_iter().map(|(concept, all)| (concept, Json::Array(all))));
    match Profile::from_value(&Json::Object(whole)) {
        Err(more) => problems.extend(more),
        Ok(profile) if problems.is_empty() => return Ok(profile),
        Ok(_) => {}
    }
    Err(problems)
}
