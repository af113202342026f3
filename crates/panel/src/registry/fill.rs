//! From a profile to the values of the forms.

use super::read::said;
use super::write::{datum, sample, state_code, treatment};
use super::{FormValues, Place, QUALIFIERS, at, place};
use crate::Problem;
use crate::profile::{Observation, Prior, Profile, Sample, State};
use protocol::{Form, Item, ItemKind};
use rules::{List, Missing, Value};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use words::{Decimal, PartialDate};

/// A JSON value as an item takes it; `None` if it would not come back as it was.
fn cell(item: &Item, json: &Json) -> Option<Value> {
    match (item.kind, json) {
        (ItemKind::Boolean, Json::Bool(b)) => Some(Value::Boolean(*b)),
        (ItemKind::Decimal, Json::Number(n)) => {
            let text = n.to_string();
            text.parse().or_else(|_| Decimal::from_scientific(&text)).ok().map(Value::Decimal)
        }
        (ItemKind::Integer, Json::Number(n)) => n.as_i64().map(Value::Integer),
        (ItemKind::Code, Json::String(code)) if item.codes.contains_key(code) => Some(Value::code(code)),
        (ItemKind::Text, Json::String(text)) if !text.is_empty() && text.trim() == text => {
            Some(Value::text(text))
        }
        (ItemKind::Date, Json::String(day)) => day.parse().ok().map(|d: PartialDate| Value::Date(d)),
        _ => None,
    }
}

/// A row of a group that is being filled.
struct Row<'f> {
    group: &'f Item,
    cells: Vec<Value>,
}

impl<'f> Row<'f> {
    fn new(group: &'f Item) -> Row<'f> {
        Row { group, cells: vec![Value::NOT_YET_KNOWN; group.items.len()] }
    }

    /// Puts a value where the row has a place that takes it.
    fn put(&mut self, id: &str, json: &Json) -> Option<()> {
        let index = at(self.group, id)?;
        // What would come back in another notation (201.0) stays JSON.
        let value = cell(self.group.items.get(index)?, json).filter(|v| said(v).as_ref() == Some(json))?;
        *self.cells.get_mut(index)? = value;
        Some(())
    }

    /// Puts what has a place of its own, and the rest as JSON into `other`.
    fn put_all(&mut self, entries: &Map<String, Json>, taken: &BTreeSet<&str>) -> Option<()> {
        let mut rest = Map::new();
        for (key, value) in entries {
            let own = !taken.contains(key.as_str()) && key != "other";
            if !own || self.put(key, value).is_none() {
                rest.insert(key.clone(), value.clone());
            }
        }
        if rest.is_empty() {
            Some(())
        } else {
            self.put("other", &Json::String(Json::Object(rest).to_string()))
        }
    }
}

fn row(place: &Place<'_>, o: &Observation) -> Option<Arc<[Value]>> {
    let mut row = Row::new(place.group);
    let mut taken: BTreeSet<&str> =
        place.group.items.iter().filter(|i| i.concept.is_some()).map(|i| i.id.as_str()).collect();
    taken.extend(["state", "value", "measure", "result", "gene"]);
    taken.extend(QUALIFIERS.iter().map(|(item, _)| *item));
    if let Some((index, value)) = &place.says {
        *row.cells.get_mut(*index)? = value.clone();
    }
    let item = place.group.items.get(place.value)?;
    *row.cells.get_mut(place.value)? = match &o.state {
        State::Known(value) => cell(item, &datum(value))?,
        State::NotTested => Value::Missing(Missing::NotDone),
        State::NotAsked => Value::Missing(Missing::NotApplicable),
        _ => Value::Missing(Missing::Unknown),
    };
    if at(place.group, "state").is_some() || !matches!(o.state, State::Known(_)) {
        row.put("state", &state_code(&o.state).into())?;
    }
    let stated = o.to_json();
    for (id, key) in QUALIFIERS {
        if let Some(value) = stated.get(key) {
            row.put(id, value)?;
        }
    }
    if let Some(gene) = &o.gene {
        // In a row of a variant the gene is the concept.
        if place.says.is_some() {
            return None;
        }
        row.put("gene", &gene.clone().into())?;
    }
    row.put_all(&o.other, &taken)?;
    Some(row.cells.into())
}

/// A single item's value for one plain observation.
fn single(item: &Item, all: &[Observation]) -> Option<Value> {
    let [one] = all else { return None };
    if *one != Observation::new(one.state.clone()) {
        return None;
    }
    match &one.state {
        State::Known(value) => cell(item, &datum(value)),
        State::NotTested => Some(Value::Missing(Missing::NotDone)),
        State::Indeterminate => Some(Value::Missing(Missing::Unknown)),
        State::NotAsked => Some(Value::Missing(Missing::NotApplicable)),
        State::Absent | State::Pending => None,
    }
}

struct Filling<'f> {
    forms: Vec<(&'f str, &'f Form)>,
    out: BTreeMap<String, FormValues>,
    rows: BTreeMap<(String, String), List>,
}

impl<'f> Filling<'f> {
    fn group(&self, id: &str) -> Option<(&'f str, &'f Item)> {
        let found = |(form, f): &(&'f str, &'f Form)| {
            f.item(id).filter(|i| i.kind == ItemKind::Group).map(|i| (*form, i))
        };
        self.forms.iter().find_map(found)
    }

    fn push(&mut self, form: &str, group: &str, rows: impl IntoIterator<Item = Arc<[Value]>>) {
        let list = self.rows.entry((form.to_owned(), group.to_owned())).or_default();
        list.records.extend(rows);
    }

    fn single(&mut self, concept: &str, all: &[Observation]) -> Option<()> {
        let (form, item, value) = self.forms.iter().find_map(|(form, f)| {
            let item = f.items().find(|i| i.concept.as_deref() == Some(concept))?;
            Some((*form, item, single(item, all)?))
        })?;
        self.out.entry(form.to_owned()).or_default().insert(item.id.clone(), value);
        Some(())
    }

    fn several(&mut self, concept: &str, all: &[Observation]) -> Option<()> {
        let place = place(&self.forms, concept)?;
        // All of a concept or none: their order is part of what was stated.
        let rows = all.iter().map(|o| row(&place, o)).collect::<Option<Vec<_>>>()?;
        self.push(place.form, &place.group.id, rows);
        Some(())
    }

    fn more(&mut self, concept: &str, all: &[Json]) -> Option<()> {
        let (form, group) = self.group("more")?;
        for one in all {
            let mut row = Row::new(group);
            row.put("concept", &concept.into())?;
            row.put("observation", &one.to_string().into())?;
            self.push(form, "more", [row.cells.into()]);
        }
        Some(())
    }

    fn prior(&mut self, prior: &Prior) -> Option<()> {
        let (form, group) = self.group("prior")?;
        let taken = BTreeSet::from(["drugs", "setting", "outcome", "months_to_recurrence", "start", "end"]);
        let mut rows: Vec<Arc<[Value]>> = Vec::new();
        for item in &prior.items {
            let mut row = Row::new(group);
            if item.drugs.iter().any(|d| d.contains(';') || d.trim() != d || d.is_empty()) {
                return None;
            }
            row.put("drugs", &item.drugs.join("; ").into())?;
            let mut rest = item.other.clone();
            let stated = treatment(item);
            for key in taken.iter().filter(|k| **k != "drugs") {
                let Some(value) = stated.get(*key) else { continue };
                if row.put(key, value).is_none() {
                    rest.insert((*key).to_owned(), value.clone());
                }
            }
            row.put_all(&rest, &taken)?;
            rows.push(row.cells.into());
        }
        self.push(form, "prior", rows);
        self.rows.get_mut(&(form.to_owned(), "prior".to_owned()))?.complete = prior.complete;
        Some(())
    }

    fn samples(&mut self, samples: &[Sample]) -> Option<()> {
        let (form, group) = self.group("ctdna")?;
        let mut rows: Vec<Arc<[Value]>> = Vec::new();
        for (i, one) in samples.iter().enumerate() {
            let json = sample(one);
            let mut head = Row::new(group);
            head.put("sample", &(i + 1).into())?;
            for (id, key) in [
                ("collected", "date"),
                ("assay", "assay_id"),
                ("tumour_fraction", "tumour_fraction"),
                ("adequate", "adequate"),
            ] {
                if let Some(value) = json.get(key) {
                    head.put(id, value)?;
                }
            }
            if one.findings.is_empty() {
                rows.push(head.cells.clone().into());
            }
            for (gene, call) in &one.findings {
                let mut row = Row { group, cells: head.cells.clone() };
                row.put("gene", &gene.clone().into())?;
                row.put("result", &call.clone().into())?;
                rows.push(row.cells.into());
            }
        }
        self.push(form, "ctdna", rows);
        Some(())
    }
}

/// The profile as values of the forms, by form and item. What the forms have no place for at all is told; with a group
/// `more` that is nothing.
pub fn to_forms<'f>(
    profile: &Profile,
    forms: impl IntoIterator<Item = (&'f String, &'f Form)>,
) -> (BTreeMap<String, FormValues>, Vec<Problem>) {
    let forms = forms.into_iter().filter(|(_, f)| !f.repeats).map(|(id, f)| (id.as_str(), f)).collect();
    let mut filling = Filling { forms, out: BTreeMap::new(), rows: BTreeMap::new() };
    let mut lost = Vec::new();
    let mut lose = |what: &str| {
        lost.push(Problem::new(
            what,
            "lost",
            "この項目を入れる欄が症例報告書にありません",
            "the forms have no place for this",
        ));
    };
    for (concept, all) in &profile.observations {
        if filling.single(concept, all).is_some() || filling.several(concept, all).is_some() {
            continue;
        }
        let json: Vec<Json> = all.iter().map(Observation::to_json).collect();
        if filling.more(concept, &json).is_none() {
            lose(concept);
        }
    }
    if let Some(prior) = &profile.prior
        && filling.prior(prior).is_none()
    {
        lose("prior");
    }
    if !profile.samples.is_empty() && filling.samples(&profile.samples).is_none() {
        let json: Json = profile.samples.iter().map(sample).collect();
        if filling.more("ctdna.samples", &[json]).is_none() {
            lose("ctdna.samples");
        }
    }
    if let Some(history) = &profile.cgp_history {
        let item = filling.forms.iter().find_map(|(id, f)| f.item("cgp_history").map(|_| id.to_string()));
        match item {
            Some(form) => {
                let text = Value::text(&history.to_string());
                filling.out.entry(form).or_default().insert("cgp_history".to_owned(), text);
            }
            None => lose("cgp.history"),
        }
    }
    for ((form, group), list) in filling.rows {
        filling.out.entry(form).or_default().insert(group, Value::List(list));
    }
    (filling.out, lost)
}
