//! Bad input: named, explained, nothing guessed.

use crate::world::*;
use panel::*;
use serde_json::{Value as Json, json};

fn problems(profile: Json) -> Vec<Problem> {
    match Profile::from_value(&profile) {
        Err(problems) => problems,
        Ok(profile) => KNOWLEDGE.patient(&profile, day("2026-01-26")).unwrap_err(),
    }
}

fn one(profile: Json) -> (String, &'static str) {
    let all = problems(profile);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(!all[0].message.ja.is_empty() && !all[0].message.en.is_empty());
    (all[0].place.clone(), all[0].code)
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let cases: Vec<(Json, &str, &str)> = vec![
        (json!({"er.percnt": 5}), "er.percnt", "unknown_concept"),
        (json!({"variant.pik3ca": "pathogenic"}), "variant.pik3ca", "unknown_concept"),
        (json!({"er.percent": 101}), "er.percent", "value"),
        (json!({"er.percent": -1}), "er.percent", "value"),
        (json!({"er.percent": "90"}), "er.percent", "value"),
        (json!({"her2.ihc": {"value": "1", "assay_id": "4B5_PATHWAY"}}), "her2.ihc", "value"),
        (json!({"her2.ihc": 1}), "her2.ihc", "value"),
        (json!({"patient.et_suitable_next": "yes"}), "patient.et_suitable_next", "value"),
        (json!({"her2.ish.recount_group": 6}), "her2.ish.recount_group", "value"),
        (json!({"her2.ish.recount_group": 2.5}), "her2.ish.recount_group", "value"),
        (json!({"pdl1.cps": {"value": 10, "assay_id": "22C3"}}), "pdl1.cps.assay_id", "unknown_assay"),
        (
            json!({"variant.ESR1": {"value": "none_found", "specimen": "plasma"}}),
            "variant.ESR1.specimen",
            "unknown_code",
        ),
        (
            json!({"variant.ESR1": {"value": "pathogenic", "date": "2026-01-27"}}),
            "variant.ESR1.date",
            "future",
        ),
        (json!({"variant.ESR1": {"value": "pathogenic", "date": "2026-02"}}), "variant.ESR1.date", "future"),
        (json!({"variant.ESR1": {"value": "pathogenic", "date": "2026-02-30"}}), "variant.ESR1.date", "date"),
        (json!({"her2.ihc": {"state": "unknown"}}), "her2.ihc.state", "form"),
        (json!({"her2.ihc": {"value": "1+", "state": "pending"}}), "her2.ihc", "form"),
        (json!({"disease.site": "other"}), "disease.site", "site"),
        (json!({"prior": []}), "prior", "form"),
        (json!({"prior": {"complete": "yes", "items": []}}), "prior.complete", "form"),
        (json!({"prior": {"complete": true, "items": [{"drugs": []}]}}), "prior.items[0].drugs", "form"),
        (
            json!({"prior": {"complete": true, "items": [{"drugs": ["letrozol"]}]}}),
            "prior.items[0].drugs",
            "unknown_drug",
        ),
        (
            json!({"prior": {"complete": true, "items": [{"drugs": ["letrozole"], "setting": "first line"}]}}),
            "prior.items[0].setting",
            "unknown_code",
        ),
        (
            json!({"prior": {"complete": true, "items": [{"drugs": ["letrozole"], "outcome": "PD"}]}}),
            "prior.items[0].outcome",
            "unknown_code",
        ),
        (
            json!({"prior": {"complete": true, "items": [{"drugs": ["letrozole"], "start": "2026-03-01"}]}}),
            "prior.items[0].start",
            "future",
        ),
        (json!({"ctdna.samples": {}}), "ctdna.samples", "form"),
        (json!([1, 2]), "(profile)", "form"),
    ];
    for (profile, place, code) in cases {
        assert_eq!(one(profile.clone()), (place.to_owned(), code), "{profile}");
    }
}

#[test]
fn text_that_is_not_json_is_told_with_line_and_column() {
    for (text, place) in
        [("{\n  \"er.percent\": 5,\n}", "3:1"), ("", "1:0"), ("{\"er.percent\": 05}", "1:17")]
    {
        let problems = Profile::from_json(text).unwrap_err();
        assert_eq!((problems[0].place.as_str(), problems[0].code), (place, "json"), "{text}");
    }
}

#[test]
fn a_key_that_stands_twice_and_a_number_with_too_many_digits_are_refused() {
    let twice = Profile::from_json("{\"er.percent\": 5, \"er.percent\": 90}").unwrap_err();
    assert!(twice[0].message.en.contains("er.percent"), "{twice:?}");
    let digits = Profile::from_json("{\"her2.ish.ratio\": 1.99999999999999999999}").unwrap_err();
    assert_eq!(digits[0].code, "number", "it would be read as 2");
    assert!(Profile::from_json("{\"her2.ish.ratio\": 1.9999999999999}").is_ok());
}

#[test]
fn null_is_the_same_as_left_out() {
    let with = options(
        &json!({"er.percent": null, "disease.extent": "advanced", "her2.ihc": {"value": null}}),
        "2026-01-26",
        "JP",
    );
    let without = options(&json!({"disease.extent": "advanced"}), "2026-01-26", "JP");
    assert_eq!(with, without);
}

#[test]
fn a_knowledge_file_without_source_is_refused_with_its_place() {
    let mut files = Files::breast();
    let line = "http://www.biocentury.com/dailynews/company/2015-02-03/fda-approves-pfizers-ibrance ; https://oncoinfo.it/news/approvazione-accelerata-fda-per-palbociclib/";
    let text = files.0["approvals.csv"].replace(line, "");
    assert_ne!(text, files.0["approvals.csv"]);
    files.0.insert("approvals.csv".into(), text);
    let problems = Knowledge::load(&files).err().unwrap();
    assert_eq!((problems[0].place.as_str(), problems[0].code), ("approvals.csv:2 source", "source"));
}

#[test]
fn mistakes_in_labels_are_told_with_row_and_excerpt() {
    for (from, to, code, place) in [
        ("her2.is_low('4B5_PATHWAY')", "her2.is_low('4B5')", "rule", "labels.csv"),
        ("prior.had('chemo')", "prior.had('chemotherapy')", "rule", "labels.csv"),
        ("patient.menopause == 'post'", "patient.menopause == 'postmenopausal'", "rule", "labels.csv"),
        ("disease.symptomatic_visceral", "disease.symptomatic_viscera", "rule", "labels.csv"),
        ("thp.US.1", "thp.US.9", "unknown", "labels.csv"),
    ] {
        let mut files = Files::breast();
        let text = files.0["labels.csv"].replace(from, to);
        assert_ne!(text, files.0["labels.csv"]);
        files.0.insert("labels.csv".into(), text);
        let problems = Knowledge::load(&files).err().unwrap();
        assert!(
            problems.iter().any(|p| p.code == code && p.place.starts_with(place)),
            "{from}: {problems:?}"
        );
    }
    let mut files = Files::breast();
    let text = files.0["regimens.csv"].replace("olaparib_gbrca,olaparib", "olaparib_gbrca,olaparib,extra");
    files.0.insert("regimens.csv".into(), text);
    assert!(Knowledge::load(&files).is_err());
    let mut files = Files::breast();
    files.0.remove("drugs.csv");
    assert!(Knowledge::load(&files).is_err());
}

#[test]
fn a_name_that_cannot_be_read_and_a_specimen_that_is_not_the_tests_are_flagged_and_guess_nothing() {
    let braf = |hgvs: &str| {
        let p = json!({"disease.extent": "advanced", "patient.no_satisfactory_alternative": true,
            "variant.BRAF": {"value": "pathogenic", "hgvs": hgvs, "assay_id": "F1CDX", "specimen": "tissue"}});
        let all = options(&p, "2026-01-26", "US");
        (option(&all, "agn_brafv600e_dt").verdict, all.flags)
    };
    let named = |flags: &[String]| flags.iter().any(|f| f == "unreadable_name:variant.BRAF");
    for (hgvs, verdict, unreadable) in [
        ("p.V600E", Verdict::Eligible, false),
        ("p.(Val600Glu)", Verdict::Eligible, false),
        ("p.V600K", Verdict::NotEligible, false),
        ("p.V6OOE", Verdict::Open, true),
        ("p.Foo1", Verdict::Open, true),
        ("V600", Verdict::Open, true),
        ("NM_004333.4:c.1799T>A", Verdict::Open, false),
    ] {
        let (got, flags) = braf(hgvs);
        assert_eq!((got, named(&flags)), (verdict, unreadable), "{hgvs} {flags:?}");
    }
    let p = json!({"variant.AKT1": {"value": "pathogenic", "assay_id": "G360CDX", "specimen": "tissue"}});
    let flags = options(&p, "2026-01-26", "US").flags;
    assert_eq!(flags, ["specimen_contradicts_assay:variant.AKT1"]);
}
