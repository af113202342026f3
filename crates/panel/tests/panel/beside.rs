//! Beside the labels: specimens that cannot carry a negative, and routes outside of the labels.

use crate::world::*;
use panel::adequacy::{Effect, Judgement, Outcome};
use panel::*;
use serde_json::{Value as Json, json};

const HR: &str = r#"{"patient.sex": "female", "patient.menopause": "post", "disease.extent": "advanced", "er.percent": 90,
    "pgr.percent": 40, "her2.ihc": {"value": "1+", "assay_id": "4B5_PATHWAY"},
    "prior": {"complete": true, "items": [{"drugs": ["letrozole", "palbociclib"], "setting": "metastatic", "outcome": "progression"}]}}"#;

fn hr(changes: Json) -> Json {
    let mut p: Json = serde_json::from_str(HR).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        p[key] = value.clone();
    }
    p
}

/// A gene panel that found nothing in the three genes of capivasertib, on a specimen of which this is stated.
fn nothing_found(assay: &str, stated: Json) -> Json {
    let mut o = json!({"value": "none_found", "assay_id": assay, "specimen": "tissue"});
    for (key, value) in stated.as_object().unwrap() {
        o[key] = value.clone();
    }
    hr(json!({"variant.PIK3CA": o, "variant.AKT1": o, "variant.PTEN": o}))
}

fn capivasertib(p: &Json) -> (Verdict, Vec<String>) {
    let all = options(p, "2026-06-01", "JP");
    let own = option(&all, "capi_fulv");
    (own.verdict, own.missing.clone())
}

#[test]
fn each_limit_of_a_specimen_turns_a_negative_into_no_answer_and_the_value_beside_it_does_not() {
    for (stated, adequate) in [
        (json!({"tumour_content": 20}), true),
        (json!({"tumour_content": 19.9}), false),
        (json!({"fixation_hours": 6}), true),
        (json!({"fixation_hours": 5.9}), false),
        (json!({"fixation_hours": 72}), true),
        (json!({"fixation_hours": 72.1}), false),
        (json!({"fixative": "nbf10"}), true),
        (json!({"fixative": "other"}), false),
        (json!({"decalcification": "none"}), true),
        (json!({"decalcification": "edta"}), false),
        (json!({"decalcification": "acid"}), false),
    ] {
        let (verdict, missing) = capivasertib(&nothing_found("F1CDX", stated.clone()));
        match adequate {
            true => assert_eq!(verdict, Verdict::NotEligible, "{stated}"),
            false => {
                assert_eq!(verdict, Verdict::Open, "{stated}");
                for gene in ["PIK3CA", "AKT1", "PTEN"] {
                    assert!(missing.iter().any(|m| m.starts_with(&format!("variant.{gene}"))), "{missing:?}");
                }
            }
        }
    }
    // Three years are the laboratory's limit for a block: stated, or from taking the tissue to the report.
    for (stated, judgement) in [
        (json!({"tumour_content": 40, "block_age_months": 36}), Judgement::Adequate),
        (json!({"tumour_content": 40, "block_age_months": 37}), Judgement::Inadequate),
        (json!({"tumour_content": 40, "date": "2023-01-31", "reported": "2026-01-31"}), Judgement::Adequate),
        (
            json!({"tumour_content": 40, "date": "2022-12-30", "reported": "2026-01-31"}),
            Judgement::Inadequate,
        ),
        (json!({"tumour_content": 40, "date": "2022-12", "reported": "2026-01-31"}), Judgement::NotStated),
    ] {
        let p = patient(&nothing_found("NCC_OP", stated.clone()), "2026-06-01");
        let of_gene = p.specimens.iter().find(|s| s.concept == "variant.PIK3CA").unwrap();
        assert_eq!(of_gene.judgement, judgement, "{stated}");
    }
}

#[test]
fn a_positive_on_a_poor_specimen_stands_and_is_flagged() {
    let p = hr(
        json!({"variant.AKT1": {"value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue", "tumour_content": 5}}),
    );
    let all = options(&p, "2026-06-01", "JP");
    assert_eq!(option(&all, "capi_fulv").verdict, Verdict::Eligible);
    assert!(all.flags.contains(&"inadequate_specimen:variant.AKT1".to_owned()), "{:?}", all.flags);
    let p = patient(&p, "2026-06-01");
    let of_gene = p.specimens.iter().find(|s| s.concept == "variant.AKT1").unwrap();
    assert_eq!((of_gene.judgement, of_gene.effect), (Judgement::Inadequate, Effect::PositiveFlagged));
    let failed = of_gene.checks.iter().find(|c| c.outcome == Outcome::Fail).unwrap();
    assert_eq!((failed.found.as_deref(), failed.accept.as_str()), (Some("5"), ">=20"));
    assert!(!failed.source.is_empty() && !of_gene.action.is_empty());
}

#[test]
fn what_nobody_stated_is_said_and_changes_nothing() {
    let p = nothing_found("F1CDX", json!({}));
    assert_eq!(capivasertib(&p).0, Verdict::NotEligible);
    let p = patient(&p, "2026-06-01");
    let of_gene = p.specimens.iter().find(|s| s.concept == "variant.PIK3CA").unwrap();
    assert_eq!((of_gene.judgement, of_gene.effect), (Judgement::NotStated, Effect::None));
    let her2 = p.specimens.iter().find(|s| s.concept == "her2.ihc").unwrap();
    assert_eq!(her2.judgement, Judgement::NotStated);
    // An assay of which no check is on file is not called adequate.
    let p = patient(&nothing_found("THERASCREEN_PIK3CA", json!({"tumour_content": 1})), "2026-06-01");
    let of_gene = p.specimens.iter().find(|s| s.concept == "variant.PIK3CA").unwrap();
    assert_eq!(of_gene.judgement, Judgement::NotJudged);
}

#[test]
fn a_poorly_fixed_block_makes_nobody_triple_negative() {
    let tn = json!({"patient.sex": "female", "disease.extent": "advanced", "prior": {"complete": true, "items": []},
        "pdl1.cps": {"value": 22, "assay_id": "22C3_PHARMDX"},
        "er.percent": {"value": 0, "fixation_hours": 20}, "pgr.percent": {"value": 0, "fixation_hours": 20},
        "her2.ihc": {"value": "0", "assay_id": "4B5_PATHWAY", "fixation_hours": 20}});
    let good = options(&tn, "2026-01-26", "JP");
    assert_eq!((good.subtype, option(&good, "pembro_chemo_tnbc").verdict), ("TNBC", Verdict::Eligible));
    for (concept, key, value) in [
        ("er.percent", "fixation_hours", json!(4)),
        ("er.percent", "controls", json!("failed")),
        ("pgr.percent", "cold_ischaemia_minutes", json!(90)),
        ("her2.ihc", "decalcification", json!("acid")),
    ] {
        let mut poor = tn.clone();
        poor[concept][key] = value;
        let all = options(&poor, "2026-01-26", "JP");
        assert_eq!(all.subtype, "undetermined", "{concept} {key}");
        assert!(all.missing.subtype.iter().any(|m| m == concept), "{:?}", all.missing.subtype);
        let own = option(&all, "pembro_chemo_tnbc");
        assert_eq!(own.verdict, Verdict::Open, "{concept} {key}");
        assert!(own.missing.iter().any(|m| m == concept), "{:?}", own.missing);
    }
    // Below 100 viable cells a low score is no negative; a high one stands.
    for (score, verdict) in [(3, Verdict::Open), (22, Verdict::Eligible)] {
        let mut few = tn.clone();
        few["pdl1.cps"] = json!({"value": score, "assay_id": "22C3_PHARMDX", "viable_cells": 99});
        assert_eq!(option(&options(&few, "2026-01-26", "JP"), "pembro_chemo_tnbc").verdict, verdict);
    }
}

#[test]
fn a_better_specimen_answers_what_a_poor_one_left_open_and_does_not_contradict_it() {
    let one = |value: &str, content: u8, date: &str| json!({"value": value, "assay_id": "F1CDX", "specimen": "tissue", "tumour_content": content, "date": date});
    let p = hr(
        json!({"variant.AKT1": [one("none_found", 5, "2025-01-01"), one("pathogenic", 60, "2025-01-01")]}),
    );
    let all = options(&p, "2026-06-01", "JP");
    assert_eq!(option(&all, "capi_fulv").verdict, Verdict::Eligible);
    let p = hr(
        json!({"er.percent": [{"value": 0, "fixation_hours": 2, "date": "2026-01-01"}, {"value": 90, "date": "2025-01-01"}]}),
    );
    assert_eq!(options(&p, "2026-06-01", "JP").subtype, "HR+/HER2-", "the later negative is no answer");
}

#[test]
fn removing_or_spoiling_what_is_stated_of_a_specimen_makes_nobody_newly_eligible() {
    let base = nothing_found("F1CDX", json!({"tumour_content": 40, "fixation_hours": 24}));
    let clean = options(&base, "2026-06-01", "US");
    for (key, value) in
        [("tumour_content", json!(3)), ("fixation_hours", json!(200)), ("decalcification", json!("acid"))]
    {
        for concept in ["variant.PIK3CA", "variant.AKT1", "variant.PTEN", "her2.ihc"] {
            let mut spoilt = base.clone();
            spoilt[concept][key] = value.clone();
            let now = options(&spoilt, "2026-06-01", "US");
            for (a, b) in clean.regimens.iter().zip(&now.regimens) {
                let newly = b.verdict == Verdict::Eligible && a.verdict != Verdict::Eligible;
                assert!(!newly, "{concept} {key} {}", b.id);
            }
        }
    }
}

#[test]
fn a_property_that_is_no_number_or_no_code_is_refused_with_its_place() {
    for (key, value) in [
        ("tumour_content", json!("high")),
        ("tumour_content", json!(101)),
        ("fixation_hours", json!(-1)),
        ("fixative", json!("formalin")),
        ("decalcification", json!(true)),
        ("tumour_fraction", json!(4)),
    ] {
        let profile = Profile::from_value(&nothing_found("F1CDX", json!({key: value}))).unwrap();
        let problems = KNOWLEDGE.patient(&profile, day("2026-06-01")).unwrap_err();
        assert!(problems.iter().any(|p| p.place == format!("variant.AKT1.{key}")), "{problems:?}");
    }
}

/// The built-in release with other rows of one table.
fn with(name: &str, rows: &str) -> Knowledge {
    let mut files = Files::breast();
    let head = files.0[name].lines().next().unwrap().to_owned();
    files.0.insert(name.into(), format!("{head}\n{rows}\n"));
    Knowledge::load(&files).unwrap_or_else(|p| panic!("{p:?}"))
}

fn found(knowledge: &Knowledge, p: &Json, on: &str, at: &str, known_at: Option<&str>) -> FindingClass {
    let profile = Profile::from_value(p).unwrap();
    let q = Query { known_at: known_at.map(day), ..query(on, at) };
    let all = knowledge.view(q).options(&knowledge.patient(&profile, day(on)).unwrap());
    all.findings.into_iter().find(|f| f.finding == "NF2").unwrap()
}

const NF2: &str = r#"{"variant.NF2": {"value": "pathogenic", "hgvs": "p.K159fs", "assay_id": "F1CDX", "specimen": "tissue"}}"#;

#[test]
fn a_route_gives_class_2_from_its_opening_to_the_day_before_it_closes_and_only_in_its_place() {
    let p = hr(serde_json::from_str(NF2).unwrap());
    let rows = "T1,trial,JP,NF2,everolimus,D,disease.extent == 'advanced',2024-02-01,2026-11-01,,2024-02-10,治験,trial,H,https://example.org,";
    let open = with("routes.csv", rows);
    for (on, at, known_at, class, reason) in [
        ("2024-01-31", "JP", None, 3, "no_route"),
        ("2024-02-01", "JP", None, 2, "trial_open"),
        ("2024-02-09", "JP", Some("2024-02-09"), 3, "no_route"),
        ("2024-02-10", "JP", Some("2024-02-10"), 2, "trial_open"),
        ("2024-02-01", "US", None, 3, "no_route"),
        ("2026-11-01", "JP", None, 2, "trial_open"),
        // Nobody has looked since.
        ("2026-11-02", "JP", None, 3, "no_route"),
    ] {
        let f = found(&open, &p, on, at, known_at);
        assert_eq!((f.class, f.reason), (Some(class), reason), "{on} {at}");
        assert_eq!(f.rows, if class == 2 { vec!["T1".to_owned()] } else { Vec::new() });
    }
    let seen = found(&open, &p, "2026-11-02", "JP", None).unverified_view.unwrap();
    assert_eq!((seen.class, seen.reason, seen.rows), (2, "trial_open", vec!["T1".to_owned()]));
    let closed = with("routes.csv", &rows.replace("2026-11-01,,", "2025-06-30,2025-07-01,"));
    assert_eq!(found(&closed, &p, "2025-06-30", "JP", None).reason, "trial_open");
    assert_eq!(found(&closed, &p, "2025-07-01", "JP", None).reason, "no_route");
    for (kind, reason) in
        [("patient_proposed", "route"), ("expanded_access", "route"), ("off_label", "route")]
    {
        let own = with("routes.csv", &rows.replace("trial,JP", &format!("{kind},JP")));
        assert_eq!(found(&own, &p, "2025-01-01", "JP", None).reason, reason);
    }
}

#[test]
fn a_route_that_nobody_has_verified_never_gives_a_class() {
    let p = hr(serde_json::from_str(NF2).unwrap());
    for certainty in ["M", "L"] {
        let rows = format!(
            "T1,trial,JP,NF2,everolimus,D,disease.extent == 'advanced',2024-02-01,2026-11-01,,2024-02-01,治験,trial,{certainty},https://example.org,"
        );
        let f = found(&with("routes.csv", &rows), &p, "2025-01-01", "JP", None);
        assert_eq!((f.class, f.reason), (Some(3), "no_route"));
        assert_eq!(f.unverified_view.unwrap().reason, "trial_open");
    }
    for at in ["JP", "US", "EU"] {
        let all = options(&p, "2021-01-01", at);
        let f = finding(&all, "NF2");
        assert_eq!((f.class, f.reason), (Some(3), "no_route"), "{at}");
    }
}

#[test]
fn a_route_asks_for_evidence_for_its_condition_and_for_a_drug_that_is_not_used_up() {
    let row = |level: &str, when: &str| {
        format!(
            "T1,off_label,JP,NF2,everolimus,{level},{when},2024-02-01,2026-11-01,,2024-02-01,経路,route,H,https://example.org,"
        )
    };
    let p = hr(serde_json::from_str(NF2).unwrap());
    let other = hr(json!({"variant.NF2": {"value": "pathogenic", "hgvs": "p.L64P", "assay_id": "F1CDX"}}));
    let advanced = "disease.extent == 'advanced'";
    // CIViC has one case of this change (level C there, D in Japan) and nothing of the other.
    assert_eq!(found(&with("routes.csv", &row("", advanced)), &p, "2025-01-01", "JP", None).reason, "route");
    assert_eq!(
        found(&with("routes.csv", &row("", advanced)), &other, "2025-01-01", "JP", None).reason,
        "no_route"
    );
    assert_eq!(
        found(&with("routes.csv", &row("C", advanced)), &other, "2025-01-01", "JP", None).reason,
        "route"
    );
    let open = found(
        &with("routes.csv", &row("D", "patient.no_satisfactory_alternative")),
        &p,
        "2025-01-01",
        "JP",
        None,
    );
    assert_eq!(
        (open.reason, open.missing),
        ("route", vec!["patient.no_satisfactory_alternative".to_owned()])
    );
    let none = with("routes.csv", &row("D", "disease.extent == 'early'"));
    assert_eq!(found(&none, &p, "2025-01-01", "JP", None).reason, "no_route");
    let mut used = p.clone();
    used["prior"]["items"] =
        json!([{"drugs": ["everolimus", "exemestane"], "setting": "metastatic", "outcome": "progression"}]);
    assert_eq!(
        found(&with("routes.csv", &row("D", advanced)), &used, "2025-01-01", "JP", None).reason,
        "no_route"
    );
    // A finding that a label answers is not sent elsewhere.
    let akt1 =
        hr(json!({"variant.AKT1": {"value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue"}}));
    assert_eq!(finding(&options(&akt1, "2026-06-01", "JP"), "AKT1").reason, "standard_now");
}

#[test]
fn patient_proposed_care_for_braf_ends_on_the_day_it_closed() {
    let p = hr(
        json!({"variant.BRAF": {"value": "pathogenic", "hgvs": "p.V600E", "assay_id": "F1CDX", "specimen": "tissue"},
        "patient.no_satisfactory_alternative": true, "her2.ihc": "1+"}),
    );
    for (on, at, reason) in [
        ("2019-10-01", "JP", "no_route"),
        ("2019-10-02", "JP", "route"),
        ("2021-10-17", "JP", "route"),
        ("2021-10-18", "JP", "no_route"),
        ("2021-01-01", "EU", "no_route"),
    ] {
        let all = options(&p, on, at);
        assert_eq!(finding(&all, "BRAF").reason, reason, "{on} {at}");
    }
    let all = options(&p, "2021-01-01", "JP");
    assert_eq!(finding(&all, "BRAF").rows, ["NCCH1901.BRAF"]);
}

#[test]
fn every_dated_route_of_the_release_is_told_from_its_day_and_not_the_day_before() {
    let p = patient(&hr(json!({"patient.no_satisfactory_alternative": true})), "2026-11-20");
    for route in &KNOWLEDGE.routes {
        let open = |on: jiff::civil::Date, at: Place, known_at: Option<jiff::civil::Date>| {
            route.open(&Query { as_of: on, place: at, known_at })
        };
        let before = route.opened.yesterday().unwrap();
        assert_eq!(open(before, route.place, None), None, "{}", route.id);
        assert_eq!(open(route.opened, route.place, None), Some(route.certainty), "{}", route.id);
        assert_eq!(open(route.opened, route.place, Some(route.known_from.yesterday().unwrap())), None);
        for at in Place::ALL.into_iter().filter(|at| *at != route.place) {
            assert_eq!(open(route.opened, at, None), None, "{}", route.id);
        }
        match route.closed {
            Some(closed) => {
                assert!(open(closed.yesterday().unwrap(), route.place, None).is_some());
                assert_eq!(open(closed, route.place, None), None, "{}", route.id);
            }
            None => {
                let later = route.seen_open.tomorrow().unwrap();
                assert_eq!(open(later, route.place, None), Some(Certainty::Low), "{}", route.id);
            }
        }
    }
    let view = KNOWLEDGE.view(query("2020-01-01", "JP"));
    let told: Vec<String> = view.routes(&p, &[]).into_iter().map(|r| r.id).collect();
    assert_eq!(told, ["JP.patient_proposed", "JP.expanded_access"]);
}

#[test]
fn a_route_or_a_check_without_source_or_with_an_unknown_word_is_refused_with_its_row() {
    for (name, from, to, column) in [
        (
            "routes.csv",
            "https://gemmed.ghc-j.com/?p=43664 ; https://medical-tribune.co.jp/kenko100/articles/191015529636/",
            "",
            "source",
        ),
        ("routes.csv", "patient_proposed,JP,BRAF", "compassion,JP,BRAF", "kind"),
        ("routes.csv", "dabrafenib;trametinib", "dabrafenip", "drugs"),
        ("routes.csv", "2019-10-02,2021-10-18,2021-10-18", "2019-10-02,2019-10-01,2021-10-18", "seen_open"),
        ("routes.csv", "gene.has_change('BRAF', 'V600E')", "gene.has_chnge('BRAF', 'V600E')", "when"),
        ("adequacy.csv", "tumour_content,>=20,none_found", "tumor_content,>=20,none_found", "property"),
        ("adequacy.csv", "tumour_content,>=20,none_found", "tumour_content,20,none_found", "accept"),
        ("adequacy.csv", "fixative,nbf10,none_found", "fixative,formalin,none_found", "accept"),
        ("adequacy.csv", "variant.*,F1CDX,tissue", "variant.*,F1CDX,plasma", "specimen"),
        ("adequacy.csv", "variant.*,F1CDX,tissue", "variant.*,F1,tissue", "assays"),
    ] {
        let mut files = Files::breast();
        let text = files.0[name].replacen(from, to, 1);
        assert_ne!(text, files.0[name], "{from}");
        files.0.insert(name.into(), text);
        let problems = Knowledge::load(&files).err().unwrap();
        let place = &problems[0].place;
        assert!(place.starts_with(name) && place.contains(column), "{from}: {problems:?}");
    }
    // A release made before these tables existed is whole.
    let mut files = Files::breast();
    files.0.retain(|name, _| name != "routes.csv" && name != "adequacy.csv");
    let old = Knowledge::load(&files).unwrap_or_else(|p| panic!("{p:?}"));
    assert!(old.routes.is_empty() && old.adequacy.is_empty());
}
