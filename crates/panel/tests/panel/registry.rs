//! The registry's forms and the profile are two shapes of the same thing.

use crate::world::*;
use panel::registry::{FormValues, from_forms, to_forms};
use panel::*;
use proptest::prelude::*;
use protocol::Loaded;
use rules::{List, Missing, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

static STUDY: LazyLock<Loaded> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../studies/panel-breast");
    protocol::load(&folder).unwrap_or_else(|all| panic!("{}", protocol::render(&all, words::Lang::En, false)))
});

fn forms(profile: &Profile) -> BTreeMap<String, FormValues> {
    let (values, lost) = to_forms(profile, &STUDY.compiled.protocol.forms);
    assert_eq!(lost, []);
    for (form, own) in &values {
        for (item, value) in own {
            let item = STUDY.compiled.protocol.forms[form].item(item).unwrap();
            value.check(&item.rule_type()).unwrap_or_else(|e| panic!("{form}.{}: {e}", item.id));
        }
    }
    values
}

fn back(values: &BTreeMap<String, FormValues>) -> Result<Profile, Vec<Problem>> {
    from_forms(values, &STUDY.compiled.protocol.forms)
}

fn there_and_back(profile: &Profile) {
    let values = forms(profile);
    assert_eq!(back(&values).unwrap(), *profile, "{values:?}");
    assert_eq!(Profile::from_value(&profile.to_json()).unwrap(), *profile);
}

#[test]
fn the_example_cases_and_the_visible_scenarios_stay_as_they_are_on_the_way_through_the_forms() {
    let file: Json = serde_json::from_str(include_str!("../data/scenarios_visible.json")).unwrap();
    for scenario in file["scenarios"].as_array().unwrap() {
        let profile = Profile::from_value(&scenario["profile"]).unwrap();
        there_and_back(&profile);
        let values = forms(&profile);
        let more = values.get("profile").and_then(|f| f.get("more"));
        assert_eq!(more, None, "{}: a person can read it in the form", scenario["id"]);
    }
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../knowledge/breast/cases");
    let mut read = 0;
    for entry in std::fs::read_dir(cases).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        there_and_back(&Profile::from_json(&text).unwrap());
        read += 1;
    }
    assert_eq!(read, 6);
}

#[test]
fn every_concept_of_the_knowledge_has_a_place_in_the_forms() {
    for (name, concept) in &KNOWLEDGE.concepts {
        let value = match &concept.domain {
            Domain::Boolean => json!(true),
            Domain::Code(codes) => json!(codes[0]),
            Domain::Integer { low, .. } | Domain::Decimal { low, .. } => json!(low),
            Domain::List => continue,
        };
        let profile = Profile::from_value(&json!({ name: value })).unwrap();
        let values = forms(&profile);
        assert!(values.values().all(|f| !f.contains_key("more")), "{name} has no item of its own");
        there_and_back(&profile);
    }
    let all: Vec<&String> = KNOWLEDGE.assays.keys().collect();
    for assay in all {
        for (concept, value) in [("variant.ESR1", json!("none_found")), ("her2.ihc", json!("1+"))] {
            there_and_back(
                &Profile::from_value(&json!({ concept: {"value": value, "assay_id": assay} })).unwrap(),
            );
        }
    }
}

fn word() -> impl Strategy<Value = Json> {
    prop_oneof![
        "[a-zA-Z肝生検 ;:{}\"]{0,12}".prop_map(Json::from),
        (0..5000u32).prop_map(|n| json!(f64::from(n) / 16.0)),
        any::<bool>().prop_map(Json::from),
        Just(Json::Null),
        Just(json!({"a": [1, null]})),
    ]
}

fn date() -> impl Strategy<Value = Json> {
    prop_oneof![Just(json!("2025-12-31")), Just(json!("2024-02")), Just(json!("2020"))]
}

fn extra() -> impl Strategy<Value = Map<String, Json>> {
    let key = prop_oneof![
        Just("tumour_content"),
        Just("laboratory"),
        Just("fixative"),
        Just("vaf"),
        Just("note"),
        Just("other"),
        Just("measure"),
        Just("result"),
        Just("ratio"),
        Just("collected_by"),
    ];
    prop::collection::vec((key, word()), 0..4)
        .prop_map(|all| all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

fn observation(values: Vec<Json>) -> impl Strategy<Value = Json> {
    let state = prop_oneof![
        Just("not_tested"),
        Just("pending"),
        Just("indeterminate"),
        Just("absent"),
        Just("not_asked")
    ];
    let value = prop_oneof![
        4 => prop::sample::select(values).prop_map(|v| ("value", v)),
        1 => state.prop_map(|s| ("state", json!(s)))
    ];
    let assay = prop::option::of(prop::sample::select(vec![
        "4B5_PATHWAY",
        "F1CDX",
        "G360CDX",
        "SP142",
        "22C3_PHARMDX",
    ]));
    let specimen = prop::option::of(prop_oneof![Just("tissue"), Just("blood")]);
    let plain = prop::option::of(prop_oneof![Just("BRCA2"), Just("amplification"), Just("p.E542K")]);
    (value, assay, specimen, prop::option::of(date()), prop::option::of(date()), plain, extra()).prop_map(
        |((key, value), assay, specimen, day, reported, text, extra)| {
            let mut o = extra;
            o.insert(key.into(), value);
            let mut put = |k: &str, v: Option<Json>| v.map(|v| o.insert(k.into(), v));
            put("assay_id", assay.map(Json::from));
            put("specimen", specimen.map(Json::from));
            put("date", day);
            put("reported", reported);
            put("gene", text.filter(|t| *t == "BRCA2").map(Json::from));
            put("kind", text.filter(|t| *t == "amplification").map(Json::from));
            put("hgvs", text.filter(|t| t.starts_with("p.")).map(Json::from));
            Json::Object(o)
        },
    )
}

fn concept() -> impl Strategy<Value = (String, Vec<Json>)> {
    let all: Vec<(String, Vec<Json>)> = KNOWLEDGE
        .concepts
        .iter()
        .filter_map(|(name, c)| {
            let values = match &c.domain {
                Domain::Boolean => vec![json!(true), json!(false)],
                Domain::Code(codes) => codes.iter().map(|c| json!(c)).collect(),
                Domain::Integer { low, .. } => vec![json!(low), json!(low + 1)],
                Domain::Decimal { low, .. } => vec![json!(low), json!(1.99), json!(0.125)],
                Domain::List => return None,
            };
            Some((name.clone(), values))
        })
        .chain([("variant.GATA3".to_owned(), vec![json!("vus"), json!("none_found")])])
        .collect();
    prop::sample::select(all).prop_flat_map(|(name, values)| {
        let plain = prop::sample::select(values.clone()).prop_map(|v| vec![v]);
        let several = prop::collection::vec(observation(values), 1..4);
        (Just(name), prop_oneof![plain, several])
    })
}

fn treatment() -> impl Strategy<Value = Json> {
    let drugs =
        prop::collection::vec(prop::sample::select(vec!["letrozole", "palbociclib", "capecitabine"]), 1..3);
    let setting = prop::option::of(prop::sample::select(vec!["adjuvant", "metastatic"]));
    let outcome = prop::option::of(prop::sample::select(vec!["progression", "ongoing"]));
    (drugs, setting, outcome, prop::option::of(0..40u32), prop::option::of(date()), extra()).prop_map(
        |(drugs, setting, outcome, months, start, extra)| {
            let mut t = extra;
            t.insert("drugs".into(), json!(drugs));
            let mut put = |k: &str, v: Option<Json>| v.map(|v| t.insert(k.into(), v));
            put("setting", setting.map(Json::from));
            put("outcome", outcome.map(Json::from));
            put("months_to_recurrence", months.map(|m| json!(f64::from(m) / 2.0)));
            put("start", start);
            Json::Object(t)
        },
    )
}

fn sample() -> impl Strategy<Value = Json> {
    let call = prop::sample::select(vec!["pathogenic", "none_found", "vus"]);
    let gene = prop::sample::select(vec!["ESR1", "PIK3CA"]);
    let findings = prop::collection::btree_map(gene, call, 0..3);
    (prop::option::of(date()), prop::option::of(0..4u32), any::<bool>(), findings).prop_map(
        |(date, fraction, adequate, findings)| {
            let mut s = json!({"adequate": adequate, "findings": findings, "assay_id": "G360CDX"});
            if let Some(date) = date {
                s["date"] = date;
            }
            if let Some(f) = fraction {
                s["tumour_fraction"] = json!(f64::from(f) / 8.0);
            }
            s
        },
    )
}

pub fn profile() -> impl Strategy<Value = Json> {
    let prior = prop::option::of((any::<bool>(), prop::collection::vec(treatment(), 0..4)));
    let samples = prop::collection::vec(sample(), 0..4);
    let history = prop::option::of(Just(json!([{"assay": "F1CDX", "claimed": true}])));
    (prop::collection::vec(concept(), 0..8), prior, samples, history).prop_map(
        |(all, prior, samples, history)| {
            let mut out = Map::new();
            for (name, values) in all {
                out.insert(name, if values.len() == 1 { values[0].clone() } else { values.into() });
            }
            prior.map(|(complete, items)| {
                out.insert("prior".into(), json!({"complete": complete, "items": items}))
            });
            if !samples.is_empty() {
                out.insert("ctdna.samples".into(), samples.into());
            }
            history.map(|h| out.insert("cgp.history".into(), h));
            Json::Object(out)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_goes_through_the_forms_comes_back_the_same_and_is_judged_the_same(json in profile()) {
        let profile = Profile::from_value(&json).unwrap();
        there_and_back(&profile);
        let through = back(&forms(&profile)).unwrap();
        let on = day("2026-11-20");
        if let (Ok(a), Ok(b)) = (KNOWLEDGE.patient(&profile, on), KNOWLEDGE.patient(&through, on)) {
            let view = KNOWLEDGE.view(query("2026-11-20", "JP"));
            prop_assert_eq!(view.options(&a), view.options(&b));
        }
    }
}

fn group(group: &str, complete: bool, rows: &[&[(&str, Value)]]) -> (String, Value) {
    let item = STUDY.compiled.protocol.forms["profile"].item(group).unwrap();
    let records = rows
        .iter()
        .map(|row| {
            item.items
                .iter()
                .map(|i| {
                    row.iter().find(|(id, _)| *id == i.id).map_or(Value::NOT_YET_KNOWN, |(_, v)| v.clone())
                })
                .collect()
        })
        .collect();
    (group.to_owned(), Value::List(List { complete, records }))
}

fn entered(items: impl IntoIterator<Item = (String, Value)>) -> BTreeMap<String, FormValues> {
    BTreeMap::from([("profile".to_owned(), items.into_iter().collect())])
}

#[test]
fn what_is_entered_in_the_form_is_what_the_rules_judge() {
    let code = Value::code;
    let mut values = entered([
        ("sex".to_owned(), code("female")),
        ("menopause".to_owned(), code("post")),
        ("diabetes".to_owned(), Value::Missing(Missing::NotDone)),
        group(
            "receptors",
            false,
            &[&[("er", Value::Integer(90)), ("pgr", Value::Missing(Missing::NotDone))]],
        ),
        group(
            "her2_ihc",
            false,
            &[&[("score", code("1+")), ("state", code("known")), ("assay", code("4B5_PATHWAY"))]],
        ),
        group("pdl1", false, &[&[("measure", code("cps")), ("state", code("pending"))]]),
        group(
            "variants",
            false,
            &[&[
                ("gene", Value::text("AKT1")),
                ("result", code("pathogenic")),
                ("state", code("known")),
                ("assay", code("F1CDX")),
                ("specimen", code("tissue")),
            ]],
        ),
        group(
            "prior",
            true,
            &[&[
                ("drugs", Value::text("letrozole; palbociclib")),
                ("setting", code("metastatic")),
                ("outcome", code("progression")),
            ]],
        ),
    ]);
    values.insert(
        "submission".into(),
        BTreeMap::from([("extent".to_owned(), code("advanced")), ("site".to_owned(), code("breast"))]),
    );
    let got = back(&values).unwrap();
    let wanted = json!({"patient.sex": "female", "patient.menopause": "post", "disease.extent": "advanced", "disease.site": "breast",
        "patient.diabetes": {"state": "not_tested"}, "er.percent": 90, "pgr.percent": {"state": "not_tested"},
        "her2.ihc": {"value": "1+", "assay_id": "4B5_PATHWAY"}, "pdl1.cps": {"state": "pending"},
        "variant.AKT1": {"value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue"},
        "prior": {"complete": true, "items": [{"drugs": ["letrozole", "palbociclib"], "setting": "metastatic", "outcome": "progression"}]}});
    assert_eq!(got, Profile::from_value(&wanted).unwrap());
    assert_eq!(option(&options(&got.to_json(), "2026-06-01", "JP"), "capi_fulv").verdict, Verdict::Eligible);
}

#[test]
fn a_row_that_contradicts_itself_is_told_with_its_place() {
    let code = Value::code;
    for (row, place) in [
        (vec![("score", code("1+")), ("state", code("pending"))], "her2.ihc"),
        (vec![("state", code("known"))], "her2.ihc"),
        (
            vec![("score", code("1+")), ("state", code("known")), ("other", Value::text("{"))],
            "profile.her2_ihc",
        ),
    ] {
        let problems = back(&entered([group("her2_ihc", false, &[&row])])).unwrap_err();
        assert!(problems[0].place.starts_with(place), "{problems:?}");
    }
    let rows: &[&[(&str, Value)]] = &[
        &[
            ("sample", Value::Integer(1)),
            ("adequate", Value::Boolean(true)),
            ("gene", Value::text("ESR1")),
            ("result", code("vus")),
        ],
        &[
            ("sample", Value::Integer(1)),
            ("adequate", Value::Boolean(false)),
            ("gene", Value::text("AKT1")),
            ("result", code("vus")),
        ],
    ];
    let problems = back(&entered([group("ctdna", false, rows)])).unwrap_err();
    assert_eq!(problems[0].place, "profile.ctdna[1].adequate");
}
