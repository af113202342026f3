//! A profile as its file has it.

use crate::profile::{Datum, Observation, Prior, Profile, Sample, State, Treatment};
use serde_json::{Map, Value as Json};
use words::Decimal;

pub(super) fn number(n: &Decimal) -> Json {
    serde_json::from_str(&n.normalize().to_string()).unwrap_or(Json::Null)
}

pub(super) fn datum(value: &Datum) -> Json {
    match value {
        Datum::Boolean(b) => Json::Bool(*b),
        Datum::Number(n) => number(n),
        Datum::Code(code) => Json::String(code.clone()),
    }
}

pub(super) fn state_code(state: &State) -> &'static str {
    match state {
        State::Known(_) => "known",
        State::Absent => "absent",
        State::NotAsked => "not_asked",
        State::NotTested => "not_tested",
        State::Pending => "pending",
        State::Indeterminate => "indeterminate",
    }
}

impl Observation {
    /// The observation as a profile's file has it.
    pub fn to_json(&self) -> Json {
        let mut out = self.other.clone();
        match &self.state {
            State::Known(value) => out.insert("value".into(), datum(value)),
            other => out.insert("state".into(), state_code(other).into()),
        };
        let mut put = |key: &str, value: Option<String>| {
            value.map(|v| out.insert(key.into(), Json::String(v)));
        };
        put("assay_id", self.assay_id.clone());
        put("specimen", self.specimen.clone());
        put("date", self.date.map(|d| d.to_string()));
        put("reported", self.reported.map(|d| d.to_string()));
        put("gene", self.gene.clone());
        put("kind", self.kind.clone());
        put("hgvs", self.hgvs.clone());
        Json::Object(out)
    }
}

pub(super) fn treatment(t: &Treatment) -> Json {
    let mut out = t.other.clone();
    out.insert("drugs".into(), t.drugs.clone().into());
    let mut put = |key: &str, value: Option<Json>| {
        value.map(|v| out.insert(key.into(), v));
    };
    put("setting", t.setting.clone().map(Json::from));
    put("outcome", t.outcome.clone().map(Json::from));
    put("months_to_recurrence", t.months_to_recurrence.as_ref().map(number));
    put("start", t.start.map(|d| d.to_string().into()));
    put("end", t.end.map(|d| d.to_string().into()));
    Json::Object(out)
}

pub(super) fn sample(s: &Sample) -> Json {
    let mut out = Map::new();
    s.date.map(|d| out.insert("date".into(), d.to_string().into()));
    s.assay_id.clone().map(|a| out.insert("assay_id".into(), a.into()));
    s.tumour_fraction.as_ref().map(|f| out.insert("tumour_fraction".into(), number(f)));
    out.insert("adequate".into(), s.adequate.into());
    let findings: Map<String, Json> =
        s.findings.iter().map(|(gene, call)| (gene.clone(), call.clone().into())).collect();
    out.insert("findings".into(), findings.into());
    Json::Object(out)
}

impl Profile {
    /// The profile as its file has it; reading it gives the same profile.
    pub fn to_json(&self) -> Json {
        let mut out = Map::new();
        for (concept, all) in &self.observations {
            let json = match all.as_slice() {
                [one] => one.to_json(),
                all => all.iter().map(Observation::to_json).collect(),
            };
            out.insert(concept.clone(), json);
        }
        if let Some(Prior { complete, items }) = &self.prior {
            let items: Vec<Json> = items.iter().map(treatment).collect();
            out.insert("prior".into(), serde_json::json!({ "complete": complete, "items": items }));
        }
        if !self.samples.is_empty() {
            out.insert("ctdna.samples".into(), self.samples.iter().map(sample).collect());
        }
        if let Some(history) = &self.cgp_history {
            out.insert("cgp.history".into(), history.clone());
        }
        Json::Object(out)
    }
}
