//! Markers at their cuts, assays exchanged, tested against untested, histories, differences between labels.

use crate::world::*;
use panel::*;
use serde_json::{Value as Json, json};

/// A postmenopausal woman with advanced disease.
fn base() -> Json {
    json!({"patient.sex": "female", "patient.menopause": "post", "disease.extent": "advanced"})
}

fn with(base: &Json, more: Json) -> Json {
    let mut out = base.clone();
    for (key, value) in more.as_object().unwrap() {
        out[key] = value.clone();
    }
    out
}

fn hr_pos(ihc: &str) -> Json {
    with(
        &base(),
        json!({"er.percent": 90, "pgr.percent": 40, "her2.ihc": {"value": ihc, "assay_id": "4B5_PATHWAY"}}),
    )
}

fn tnbc() -> Json {
    with(
        &base(),
        json!({"er.percent": 0, "pgr.percent": 0, "her2.ihc": {"value": "0", "assay_id": "4B5_PATHWAY"}, "her2.ihc0_staining": "none"}),
    )
}

fn her2_pos() -> Json {
    with(
        &base(),
        json!({"er.percent": 0, "pgr.percent": 0, "her2.ihc": {"value": "3+", "assay_id": "4B5_PATHWAY"}}),
    )
}

fn item(drugs: &[&str], setting: &str, outcome: &str) -> Json {
    json!({"drugs": drugs, "setting": setting, "outcome": outcome})
}

fn prior(complete: bool, items: &[Json]) -> Json {
    json!({"prior": {"complete": complete, "items": items}})
}

fn ai_cdk() -> Json {
    item(&["letrozole", "palbociclib"], "metastatic", "progression")
}

fn verdict(profile: &Json, id: &str, as_of: &str, at: &str) -> (Verdict, Vec<String>) {
    let all = options(profile, as_of, at);
    let own = option(&all, id);
    (own.verdict, own.missing.clone())
}

const TODAY: &str = "2026-11-20";
const YES: (Verdict, Vec<String>) = (Verdict::Eligible, Vec::new());
const NO: (Verdict, Vec<String>) = (Verdict::NotEligible, Vec::new());

fn open(names: &[&str]) -> (Verdict, Vec<String>) {
    (Verdict::Open, names.iter().map(|n| (*n).to_owned()).collect())
}

#[test]
fn the_twenty_cells_through_json_at_every_limit() {
    let ratios = [("1.95", false), ("1.99", false), ("2.0", true), ("2.01", true)];
    let copies = ["3.99", "4.0", "4.01", "5.99", "6.0", "6.01"];
    let mut cells = 0;
    for (ratio, high) in ratios {
        for copy in copies {
            let c: f64 = copy.parse().unwrap();
            let group = match (high, c) {
                (true, c) if c >= 4.0 => 1,
                (true, _) => 2,
                (false, c) if c >= 6.0 => 3,
                (false, c) if c >= 4.0 => 4,
                _ => 5,
            };
            for ihc in ["0", "1+", "2+", "3+"] {
                for recount in [None, Some(group)] {
                    let text = format!(
                        r#"{{"er.percent": 0, "pgr.percent": 0, "disease.extent": "advanced",
                        "her2.ihc": {{"value": "{ihc}", "assay_id": "4B5_PATHWAY"}}, "her2.ihc0_staining": "present",
                        "her2.ish.method": "dual", "her2.ish.ratio": {ratio}, "her2.ish.copies": {copy},
                        "her2.ish.recount_group": {}}}"#,
                        recount.map_or("null".to_owned(), |g| g.to_string())
                    );
                    let profile = Profile::from_json(&text).unwrap();
                    let patient = KNOWLEDGE.patient(&profile, day(TODAY)).unwrap();
                    let got = KNOWLEDGE.view(query(TODAY, "JP")).options(&patient);
                    let waits = ihc == "2+" && (2..=4).contains(&group) && recount.is_none();
                    let positive = group == 1 || ihc == "3+" || (ihc == "2+" && group == 3);
                    let category = match ihc {
                        _ if waits => "undetermined",
                        _ if positive => "positive",
                        "0" => "ultralow",
                        _ => "low",
                    };
                    assert_eq!(got.her2_category, category, "{text}");
                    let subtype = if waits {
                        "undetermined"
                    } else if positive {
                        "HR-/HER2+"
                    } else {
                        "TNBC"
                    };
                    assert_eq!(got.subtype, subtype, "{text}");
                    let has = |flag: &str| got.flags.iter().any(|f| f == flag);
                    let a = (group == 1 && ["0", "1+"].contains(&ihc)) || (group == 5 && ihc == "3+");
                    assert_eq!(has("ihc_ish_discordant"), a, "{text}");
                    let b = (2..=4).contains(&group) && !positive && !waits;
                    assert_eq!(has("negative_with_comment"), b, "{text}");
                    let expected: &[&str] = if waits { &["her2.ish.recount_group"] } else { &[] };
                    assert_eq!(got.missing.her2_category, expected, "{text}");
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 192);
}

#[test]
fn cps_and_ic_cut_without_rounding_and_say_nothing_of_each_other() {
    let patient = with(&tnbc(), prior(true, &[]));
    for (cps, expected) in [(9.99, NO), (9.999999, NO), (10.0, YES), (10.01, YES)] {
        let p = with(&patient, json!({"pdl1.cps": {"value": cps, "assay_id": "22C3_PHARMDX"}}));
        for at in ["JP", "US", "EU"] {
            assert_eq!(verdict(&p, "pembro_chemo_tnbc", TODAY, at), expected, "{cps} {at}");
            if at != "US" {
                assert_eq!(verdict(&p, "atezo_nabpac_tnbc", TODAY, at), open(&["pdl1.ic@SP142"]), "{cps}");
            }
        }
        let class = finding(&options(&p, TODAY, "JP"), "PD-L1_CPS").class;
        assert_eq!(class, Some(if cps >= 10.0 { 1 } else { 3 }));
    }
    for (ic, expected) in [(0.99, NO), (0.999999, NO), (1.0, YES), (1.01, YES)] {
        let p = with(&patient, json!({"pdl1.ic": {"value": ic, "assay_id": "SP142"}}));
        for at in ["JP", "EU"] {
            assert_eq!(verdict(&p, "atezo_nabpac_tnbc", TODAY, at), expected, "{ic} {at}");
            assert_eq!(verdict(&p, "pembro_chemo_tnbc", TODAY, at), open(&["pdl1.cps@22C3_PHARMDX"]));
        }
    }
}

#[test]
fn another_assay_turns_neither_a_pass_nor_a_fail_into_the_reverse() {
    let first = with(&tnbc(), prior(true, &[]));
    let chemo = with(&tnbc(), prior(true, &[item(&["paclitaxel"], "metastatic", "progression")]));
    let after_et =
        with(&hr_pos("1+"), prior(true, &[ai_cdk(), item(&["capecitabine"], "metastatic", "progression")]));
    let germline =
        |v: &str, assay: &str| json!({"gbrca.status": {"value": v, "assay_id": assay, "gene": "BRCA2"}});
    for cps in [5, 50] {
        for assay in ["28-8_PHARMDX", "SP142", "SP263"] {
            let p = with(&first, json!({"pdl1.cps": {"value": cps, "assay_id": assay}}));
            assert_eq!(verdict(&p, "pembro_chemo_tnbc", TODAY, "JP"), open(&["pdl1.cps@22C3_PHARMDX"]));
            let all = options(&p, TODAY, "JP");
            let class = finding(&all, "PD-L1_CPS");
            assert_eq!(
                (class.class, &class.missing),
                (None, &vec!["pdl1.cps@22C3_PHARMDX".to_owned()]),
                "{cps} {assay}"
            );
            let p = with(&first, json!({"pdl1.ic": {"value": cps, "assay_id": "SP263"}}));
            assert_eq!(verdict(&p, "atezo_nabpac_tnbc", TODAY, "JP"), open(&["pdl1.ic@SP142"]));
        }
    }
    for ihc in ["0", "1+"] {
        let p = with(
            &after_et,
            json!({"her2.ihc": {"value": ihc, "assay_id": "HER2_IHC_OTHER"}, "her2.ihc0_staining": "present"}),
        );
        for at in ["JP", "US"] {
            for id in ["tdxd_her2low", "tdxd_hrpos_low_ultralow"] {
                assert_eq!(verdict(&p, id, TODAY, at), open(&["her2.ihc@4B5_PATHWAY"]), "{ihc} {at} {id}");
            }
        }
        let expected = if ihc == "1+" { YES } else { NO };
        assert_eq!(verdict(&p, "tdxd_her2low", TODAY, "EU"), expected, "the EU text names no assay");
    }
    for status in ["pathogenic", "none_found"] {
        let p = with(&chemo, germline(status, "NCC_OP"));
        for at in ["JP", "US"] {
            assert_eq!(verdict(&p, "talazoparib_gbrca", TODAY, at), open(&["gbrca.status@BRACANALYSIS"]));
        }
        let expected = if status == "pathogenic" { YES } else { NO };
        assert_eq!(verdict(&p, "talazoparib_gbrca", TODAY, "EU"), expected);
    }
    for status in ["pathogenic", "none_found"] {
        for assay in ["F1LIQUID", "NCC_OP", "GENMINETOP", "G360CDX"] {
            let p = with(
                &after_et,
                json!({"variant.AKT1": {"value": status, "assay_id": assay},
                "variant.PIK3CA": {"value": "none_found", "assay_id": "F1CDX"}, "variant.PTEN": {"value": "none_found", "assay_id": "F1CDX"}}),
            );
            assert_eq!(verdict(&p, "capi_fulv", TODAY, "JP"), open(&["variant.AKT1@F1CDX"]), "{assay}");
        }
        let p = with(
            &after_et,
            json!({"variant.ESR1": {"value": status, "assay_id": "F1LIQUID", "specimen": "blood"}}),
        );
        assert_eq!(verdict(&p, "imlunestrant", TODAY, "JP"), open(&["variant.ESR1@G360CDX"]));
        let p = with(&first, json!({"her2.ihc": {"value": "3+", "assay_id": "HER2_IHC_OTHER"}}));
        assert_eq!(verdict(&p, "thp", TODAY, "JP"), YES, "positive by any assay");
    }
}

#[test]
fn an_untested_marker_is_open_and_a_tested_one_is_not() {
    let chemo = with(&tnbc(), prior(true, &[item(&["paclitaxel"], "metastatic", "progression")]));
    let after =
        with(&hr_pos("1+"), prior(true, &[ai_cdk(), item(&["capecitabine"], "metastatic", "progression")]));
    let first = with(&tnbc(), prior(true, &[]));
    let genes = ["variant.AKT1", "variant.PIK3CA", "variant.PTEN"];
    for state in [None, Some("not_tested"), Some("pending"), Some("indeterminate")] {
        let unknown = |concepts: &[&str]| {
            let mut out = json!({});
            for concept in concepts {
                if let Some(state) = state {
                    out[*concept] = json!({"state": state});
                }
            }
            out
        };
        let of = |p: &Json, concepts: &[&str], id, at| verdict(&with(p, unknown(concepts)), id, TODAY, at);
        assert_eq!(of(&chemo, &["gbrca.status"], "olaparib_gbrca", "JP"), open(&["gbrca.status"]));
        assert_eq!(of(&chemo, &["gbrca.status"], "talazoparib_gbrca", "US"), open(&["gbrca.status"]));
        assert_eq!(of(&after, &genes, "capi_fulv", "JP"), open(&genes));
        assert_eq!(of(&after, &["variant.ESR1"], "imlunestrant", "US"), open(&["variant.ESR1@blood"]));
        assert_eq!(of(&first, &["pdl1.cps"], "pembro_chemo_tnbc", "EU"), open(&["pdl1.cps@22C3_PHARMDX"]));
        assert_eq!(of(&first, &["pdl1.ic"], "atezo_nabpac_tnbc", "EU"), open(&["pdl1.ic@SP142"]));
        let mut no_er = hr_pos("1+");
        no_er.as_object_mut().unwrap().retain(|k, _| !["er.percent", "pgr.percent"].contains(&k.as_str()));
        let got = of(&no_er, &["er.percent", "pgr.percent"], "tdxd_hrpos_low_ultralow", "JP");
        assert_eq!(got, open(&["er.percent", "pgr.percent"]));
        let mut no_her2 = after.clone();
        no_her2.as_object_mut().unwrap().remove("her2.ihc");
        assert_eq!(of(&no_her2, &["her2.ihc"], "dato_hrpos", "JP"), open(&["her2.ihc"]));
        assert_eq!(of(&no_her2, &["her2.ihc"], "tdxd_her2low", "EU"), open(&["her2.ihc"]));
        assert_eq!(
            of(&no_her2, &["her2.ihc"], "tdxd_her2low", "JP"),
            open(&["her2.ihc", "her2.ihc@4B5_PATHWAY"])
        );
    }
    let all = options(&chemo, TODAY, "JP");
    assert!(
        !all.findings.iter().any(|f| f.finding.starts_with("gBRCA")),
        "what was not tested is no finding"
    );
}

#[test]
fn wild_type_is_a_result_and_never_the_absence_of_a_test() {
    let p = biomarkers::wild_type(&[], "PIK3CA");
    assert!(p.is_err());
}

#[test]
fn germline_brca_in_three_places() {
    let germline =
        |v: &str| json!({"gbrca.status": {"value": v, "assay_id": "BRACANALYSIS", "gene": "BRCA1"}});
    let none = with(&tnbc(), prior(true, &[]));
    let chemo = with(&tnbc(), prior(true, &[item(&["docetaxel"], "adjuvant", "completed")]));
    for v in ["pathogenic", "likely_pathogenic"] {
        let (none, chemo) = (with(&none, germline(v)), with(&chemo, germline(v)));
        assert_eq!(verdict(&none, "talazoparib_gbrca", TODAY, "US"), YES, "no chemotherapy asked");
        assert_eq!(verdict(&none, "olaparib_gbrca", TODAY, "US"), NO);
        assert_eq!(verdict(&none, "talazoparib_gbrca", TODAY, "JP"), NO);
        assert_eq!(verdict(&none, "olaparib_gbrca", TODAY, "JP"), NO);
        assert_eq!(
            verdict(&none, "talazoparib_gbrca", TODAY, "EU"),
            open(&["patient.anthracycline_unsuitable", "patient.taxane_unsuitable"])
        );
        for id in ["olaparib_gbrca", "talazoparib_gbrca"] {
            assert_eq!(verdict(&chemo, id, TODAY, "US"), YES);
            assert_eq!(verdict(&chemo, id, TODAY, "JP"), YES);
        }
        assert_eq!(verdict(&chemo, "talazoparib_gbrca", TODAY, "EU"), YES, "a taxane is enough");
        assert_eq!(
            verdict(&chemo, "olaparib_gbrca", TODAY, "EU"),
            open(&["patient.anthracycline_unsuitable"]),
            "both are asked"
        );
        assert_eq!(finding(&options(&chemo, TODAY, "JP"), "gBRCA1").class, Some(1));
        let line = options(&none, TODAY, "JP");
        assert_eq!(
            (finding(&line, "gBRCA1").class, finding(&line, "gBRCA1").reason),
            (Some(2), "line_not_reached")
        );
    }
    for v in ["vus", "none_found"] {
        assert_eq!(verdict(&with(&chemo, germline(v)), "olaparib_gbrca", TODAY, "JP"), NO);
    }
    assert_eq!(finding(&options(&with(&chemo, germline("vus")), TODAY, "JP"), "gBRCA1").class, Some(3));
    let tumour = with(
        &chemo,
        json!({"variant.BRCA1": {"value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue"}}),
    );
    assert_eq!(verdict(&tumour, "olaparib_gbrca", TODAY, "JP"), open(&["gbrca.status"]));
    let all = options(&tumour, TODAY, "JP");
    assert_eq!(
        (finding(&all, "BRCA1").class, &finding(&all, "BRCA1").missing),
        (None, &vec!["gbrca.status".to_owned()])
    );
}

#[test]
fn hormone_receptor_positive_patients_need_endocrine_treatment_first_where_the_label_says_so() {
    let p = with(
        &hr_pos("1+"),
        json!({"gbrca.status": {"value": "pathogenic", "assay_id": "BRACANALYSIS"},
        "prior": {"complete": true, "items": [item(&["doxorubicin", "docetaxel"], "metastatic", "progression")]}}),
    );
    assert_eq!(verdict(&p, "olaparib_gbrca", TODAY, "JP"), YES);
    assert_eq!(verdict(&p, "olaparib_gbrca", TODAY, "US"), open(&["patient.et_suitable_next"]));
    assert_eq!(verdict(&p, "olaparib_gbrca", TODAY, "EU"), open(&["patient.et_suitable_next"]));
    let unfit = with(&p, json!({"patient.et_suitable_next": false}));
    let fit = with(&p, json!({"patient.et_suitable_next": true}));
    for at in ["US", "EU"] {
        assert_eq!(verdict(&unfit, "olaparib_gbrca", TODAY, at), YES);
        assert_eq!(verdict(&fit, "olaparib_gbrca", TODAY, at), NO);
    }
}

fn esr1(results: Json) -> Json {
    with(&hr_pos("1+"), json!({"variant.ESR1": results, "prior": {"complete": true, "items": [ai_cdk()]}}))
}

#[test]
fn esr1_in_old_tissue_in_blood_and_indeterminate() {
    let of = |results: Json, at: &str| verdict(&esr1(results), "imlunestrant", TODAY, at);
    let block =
        json!({"value": "none_found", "assay_id": "F1CDX", "specimen": "tissue", "date": "2020-01-01"});
    let blood =
        json!({"value": "pathogenic", "assay_id": "G360CDX", "specimen": "blood", "date": "2026-01-05"});
    let clean =
        json!({"value": "none_found", "assay_id": "G360CDX", "specimen": "blood", "date": "2026-01-05"});
    for at in ["JP", "US", "EU"] {
        assert_eq!(of(block.clone(), at), open(&["variant.ESR1@blood"]), "an old block does not exclude");
        assert_eq!(of(blood.clone(), at), YES);
        assert_eq!(of(json!([block, blood]), at), YES, "no contradiction");
        assert_eq!(of(clean.clone(), at), NO);
        assert_eq!(of(json!([block, clean]), at), NO);
        assert_eq!(
            of(json!({"state": "indeterminate", "assay_id": "G360CDX", "specimen": "blood"}), at),
            open(&["variant.ESR1@blood"])
        );
        assert_eq!(
            of(json!([block, {"state": "indeterminate", "assay_id": "G360CDX", "specimen": "blood"}]), at),
            open(&["variant.ESR1@blood"])
        );
    }
    let later =
        json!({"value": "none_found", "assay_id": "G360CDX", "specimen": "blood", "date": "2026-06-05"});
    assert_eq!(
        of(json!([blood, later]), "JP"),
        open(&["variant.ESR1@blood"]),
        "it went away: a person decides"
    );
    let vus = json!({"value": "vus", "assay_id": "G360CDX", "specimen": "blood"});
    assert_eq!(of(vus.clone(), "JP"), NO);
    assert_eq!(finding(&options(&esr1(vus), TODAY, "JP"), "ESR1").class, Some(3));
}

#[test]
fn an_emergent_mutation_without_progression_reaches_no_approved_drug() {
    let p = with(
        &hr_pos("1+"),
        json!({"variant.ESR1": {"value": "pathogenic", "assay_id": "G360CDX", "specimen": "blood", "date": "2026-06-01"},
        "ctdna.samples": [{"date": "2026-03-01", "findings": {"ESR1": "none_found"}}, {"date": "2026-06-01", "findings": {"ESR1": "pathogenic"}}],
        "prior": {"complete": true, "items": [item(&["letrozole", "ribociclib"], "metastatic", "ongoing")]}}),
    );
    for (at, reason) in
        [("US", "line_not_reached"), ("EU", "line_not_reached"), ("JP", "approved_not_listed")]
    {
        let all = options(&p, TODAY, at);
        for id in ["elacestrant", "imlunestrant", "vepdegestrant", "cami_switch"] {
            assert_eq!(option(&all, id).verdict, Verdict::NotEligible, "{id} {at}");
        }
        assert_eq!((finding(&all, "ESR1").class, finding(&all, "ESR1").reason), (Some(2), reason), "{at}");
    }
}

#[test]
fn pten_counts_by_sequencing_and_not_by_immunohistochemistry() {
    let negative = json!({"value": "none_found", "assay_id": "F1CDX", "specimen": "tissue"});
    let p = with(
        &hr_pos("1+"),
        json!({"pten.ihc": {"value": "lost"}, "variant.PIK3CA": negative, "variant.AKT1": negative,
        "prior": {"complete": true, "items": [ai_cdk()]}}),
    );
    assert_eq!(verdict(&p, "capi_fulv", TODAY, "JP"), open(&["variant.PTEN"]));
    let loss = with(
        &p,
        json!({"variant.PTEN": {"value": "pathogenic", "kind": "homozygous_deletion", "assay_id": "F1CDX", "specimen": "tissue"}}),
    );
    assert_eq!(verdict(&loss, "capi_fulv", TODAY, "JP"), YES);
    assert_eq!(finding(&options(&loss, TODAY, "JP"), "PTEN").class, Some(1));
    let intact = with(&p, json!({"variant.PTEN": negative}));
    assert_eq!(verdict(&intact, "capi_fulv", TODAY, "JP"), NO);
}

#[test]
fn histories_complete_incomplete_and_with_a_hit() {
    let ihc = hr_pos("1+");
    let chemo = item(&["capecitabine"], "metastatic", "progression");
    let of = |complete, items: &[Json], id, at| verdict(&with(&ihc, prior(complete, items)), id, TODAY, at);
    for at in ["JP", "US", "EU"] {
        assert_eq!(of(true, &[], "tdxd_her2low", at), NO);
        assert_eq!(of(false, &[], "tdxd_her2low", at), open(&["prior.complete"]));
        assert_eq!(of(false, std::slice::from_ref(&chemo), "tdxd_her2low", at), YES);
        assert_eq!(verdict(&ihc, "tdxd_her2low", TODAY, at), open(&["prior.complete"]));
    }
    assert_eq!(
        of(false, &[], "palbo_ai", "JP"),
        open(&["prior.complete"]),
        "a first line cannot be seen on a partial list"
    );
    assert_eq!(of(true, &[], "palbo_ai", "JP"), YES);
    let adjuvant = json!({"drugs": ["docetaxel"], "setting": "adjuvant", "outcome": "completed", "months_to_recurrence": 6});
    let late = json!({"drugs": ["docetaxel"], "setting": "adjuvant", "outcome": "completed", "months_to_recurrence": 7});
    let unsaid = json!({"drugs": ["docetaxel"], "setting": "adjuvant", "outcome": "completed"});
    for at in ["US", "EU"] {
        assert_eq!(of(true, std::slice::from_ref(&adjuvant), "tdxd_her2low", at), YES);
        assert_eq!(of(true, std::slice::from_ref(&late), "tdxd_her2low", at), NO);
        assert_eq!(
            of(true, std::slice::from_ref(&unsaid), "tdxd_her2low", at),
            open(&["prior.months_to_recurrence"])
        );
    }
    assert_eq!(of(true, &[late], "tdxd_her2low", "JP"), YES, "a chemotherapy history of any kind");
    let no_outcome = json!({"drugs": ["letrozole"], "setting": "metastatic"});
    assert_eq!(of(true, &[no_outcome], "tdxd_hrpos_low_ultralow", "US"), open(&["prior.outcome"]));
}

#[test]
fn a_used_up_drug_is_not_an_option_again_and_one_without_outcome_is_open() {
    let p = |outcome: Option<&str>| {
        let mut given = json!({"drugs": ["trastuzumab_deruxtecan"], "setting": "metastatic"});
        if let Some(outcome) = outcome {
            given["outcome"] = outcome.into();
        }
        with(
            &hr_pos("1+"),
            prior(true, &[ai_cdk(), item(&["capecitabine"], "metastatic", "progression"), given]),
        )
    };
    for id in ["tdxd_her2low", "tdxd_hrpos_low_ultralow"] {
        let all = options(&p(Some("progression")), TODAY, "JP");
        assert_eq!((option(&all, id).verdict, option(&all, id).reason), (Verdict::NotEligible, "used_up"));
        assert_eq!(verdict(&p(Some("toxicity")), id, TODAY, "JP"), YES);
        assert_eq!(verdict(&p(None), id, TODAY, "JP"), open(&["prior.outcome"]));
    }
    let all = options(&p(Some("progression")), TODAY, "JP");
    assert_eq!((finding(&all, "HER2_low").class, finding(&all, "HER2_low").reason), (Some(3), "used_up"));
}

#[test]
fn the_differences_between_labels_that_must_stay_visible() {
    let her2 = |items: &[Json]| with(&her2_pos(), prior(true, items));
    let thp = item(&["trastuzumab", "pertuzumab", "docetaxel"], "metastatic", "progression");
    let tdxd = item(&["trastuzumab_deruxtecan"], "metastatic", "progression");
    let one = her2(std::slice::from_ref(&thp));
    assert_eq!(verdict(&one, "tucatinib_tras_cape", TODAY, "US"), YES);
    assert_eq!(verdict(&one, "tucatinib_tras_cape", TODAY, "EU"), NO);
    assert_eq!(verdict(&one, "tucatinib_tras_cape", TODAY, "JP"), YES);
    assert_eq!(verdict(&her2(&[thp.clone(), tdxd.clone()]), "tucatinib_tras_cape", TODAY, "EU"), YES);
    assert_eq!(
        verdict(&her2(&[tdxd]), "tucatinib_tras_cape", TODAY, "JP"),
        NO,
        "a conjugate is no chemotherapy"
    );

    let et_only = item(&["letrozole"], "metastatic", "progression");
    let esr = json!({"variant.ESR1": {"value": "pathogenic", "assay_id": "G360CDX", "specimen": "blood"}});
    let p = with(&hr_pos("1+"), esr.clone());
    let alone = with(&p, prior(true, std::slice::from_ref(&et_only)));
    let cdk = with(&p, prior(true, &[ai_cdk()]));
    assert_eq!(verdict(&alone, "elacestrant", TODAY, "US"), YES);
    assert_eq!(verdict(&alone, "elacestrant", TODAY, "EU"), NO, "a CDK4/6 inhibitor is asked");
    assert_eq!(verdict(&cdk, "elacestrant", TODAY, "EU"), YES);
    for at in ["US", "EU"] {
        assert_eq!(verdict(&with(&cdk, json!({"patient.menopause": "pre"})), "elacestrant", TODAY, at), NO);
        assert_eq!(
            verdict(
                &with(&cdk, json!({"patient.menopause": "pre", "patient.sex": "male"})),
                "elacestrant",
                TODAY,
                at
            ),
            YES
        );
    }

    let ultralow = with(&hr_pos("0"), json!({"her2.ihc0_staining": "present"}));
    let after = with(&ultralow, prior(true, std::slice::from_ref(&et_only)));
    let id = "tdxd_hrpos_low_ultralow";
    assert_eq!(verdict(&after, id, TODAY, "US"), YES);
    assert_eq!(verdict(&after, id, TODAY, "EU"), open(&["patient.et_suitable_next"]));
    assert_eq!(verdict(&with(&after, json!({"patient.et_suitable_next": true})), id, TODAY, "EU"), NO);
    assert_eq!(verdict(&with(&after, json!({"patient.et_suitable_next": false})), id, TODAY, "EU"), YES);
    assert_eq!(verdict(&with(&ultralow, prior(true, &[])), id, TODAY, "JP"), YES);
    assert_eq!(verdict(&with(&ultralow, prior(true, &[])), id, TODAY, "US"), NO);

    let nsai = with(&hr_pos("0"), prior(true, std::slice::from_ref(&et_only)));
    assert_eq!(verdict(&nsai, "evero_exe", TODAY, "US"), YES);
    assert_eq!(verdict(&nsai, "evero_exe", TODAY, "JP"), YES);
    assert_eq!(verdict(&nsai, "evero_exe", TODAY, "EU"), open(&["disease.symptomatic_visceral"]));
    assert_eq!(
        verdict(&with(&nsai, json!({"disease.symptomatic_visceral": true})), "evero_exe", TODAY, "EU"),
        NO
    );
    assert_eq!(verdict(&with(&nsai, json!({"patient.menopause": "pre"})), "evero_exe", TODAY, "JP"), YES);
    assert_eq!(verdict(&with(&nsai, json!({"patient.menopause": "pre"})), "evero_exe", TODAY, "US"), NO);

    let pgr = with(
        &base(),
        json!({"er.percent": 0, "pgr.percent": 40, "her2.ihc": {"value": "1+", "assay_id": "4B5_PATHWAY"},
        "variant.AKT1": {"value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue"}, "prior": {"complete": true, "items": [ai_cdk()]}}),
    );
    assert_eq!(verdict(&pgr, "capi_fulv", TODAY, "US"), YES, "HR positive");
    assert_eq!(verdict(&pgr, "capi_fulv", TODAY, "EU"), NO, "ER positive is asked");

    let hr = |items: &[Json]| with(&hr_pos("0"), prior(true, items));
    let chemo = item(&["capecitabine"], "adjuvant", "completed");
    assert_eq!(verdict(&hr(&[ai_cdk(), chemo.clone()]), "dato_hrpos", TODAY, "JP"), YES);
    assert_eq!(
        verdict(&hr(&[ai_cdk(), chemo]), "dato_hrpos", TODAY, "US"),
        NO,
        "chemotherapy for advanced disease"
    );
}

#[test]
fn early_disease_and_other_sites_fit_no_label() {
    let p = with(
        &hr_pos("1+"),
        json!({"disease.extent": "early", "prior": {"complete": true, "items": [ai_cdk(), item(&["capecitabine"], "metastatic", "progression")]}}),
    );
    for at in ["JP", "US", "EU"] {
        assert!(options(&p, TODAY, at).regimens.iter().all(|r| r.verdict == Verdict::NotEligible));
    }
}

#[test]
fn a_panel_amplification_never_overrides_ihc() {
    let amplified = json!({"variant.ERBB2": {"value": "pathogenic", "kind": "amplification", "assay_id": "F1CDX", "specimen": "tissue"}});
    let all = options(&with(&hr_pos("1+"), amplified.clone()), TODAY, "JP");
    assert_eq!((all.her2_category, all.flags.as_slice()), ("low", &["ihc_ngs_discordant".to_owned()][..]));
    let all = options(&with(&her2_pos(), amplified.clone()), TODAY, "JP");
    assert!(all.flags.is_empty());
    let without = options(&with(&base(), amplified), TODAY, "JP");
    assert_eq!(without.her2_category, "undetermined", "without IHC the category stays undetermined");
}

#[test]
fn several_observations_the_latest_speaks_and_a_contradiction_is_a_state() {
    let old = json!({"value": "0", "assay_id": "4B5_PATHWAY", "date": "2020-01-01"});
    let new = json!({"value": "1+", "assay_id": "4B5_PATHWAY", "date": "2025-01-01"});
    let of = |her2: Json| options(&with(&hr_pos("0"), json!({"her2.ihc": her2})), TODAY, "JP");
    assert_eq!(of(json!([old, new])).her2_category, "low");
    assert_eq!(of(json!([new, old])).her2_category, "low");
    let undated = json!({"value": "1+", "assay_id": "4B5_PATHWAY"});
    let all = of(json!([old, undated]));
    assert_eq!(all.her2_category, "undetermined");
    assert_eq!(all.flags, ["contradiction:her2.ihc"]);
    assert_eq!(all.missing.her2_category, ["her2.ihc"]);
    let er = options(&with(&hr_pos("0"), json!({"er.percent": [{"value": 0}, {"value": 90}]})), TODAY, "JP");
    assert_eq!(er.flags, ["contradiction:er.percent"]);
    assert_eq!(er.subtype, "undetermined");
}

#[test]
fn considerations_are_shown_where_they_apply_and_are_never_a_score() {
    let ids = |p: &Json, at: &str| -> Vec<(String, bool)> {
        let view = KNOWLEDGE.view(query(TODAY, at));
        let patient = patient(p, TODAY);
        let all = view.options(&patient);
        view.considerations(&patient, &all).into_iter().map(|c| (c.id, c.applies)).collect()
    };
    let thp = item(&["trastuzumab", "pertuzumab", "docetaxel"], "metastatic", "progression");
    let tdxd = item(&["trastuzumab_deruxtecan"], "metastatic", "progression");
    let brain = with(
        &her2_pos(),
        json!({"disease.brain_metastases": true, "disease.oligometastatic": false,
        "patient.goal": "quality_of_life", "prior": {"complete": true, "items": [thp.clone(), tdxd]}}),
    );
    let got = ids(&brain, "JP");
    let applies = |all: &[(String, bool)], id: &str| all.iter().find(|c| c.0 == id).map(|c| c.1);
    assert_eq!(applies(&got, "local.brain"), Some(true));
    assert_eq!(applies(&got, "local.brain.her2"), Some(true));
    assert_eq!(applies(&got, "after.her2.tdxd"), Some(true));
    assert_eq!(applies(&got, "values.goal"), Some(true));
    assert_eq!(applies(&got, "local.oligometastatic"), None);
    assert_eq!(applies(&got, "safety.tdxd.ild"), None, "trastuzumab deruxtecan is used up");
    let second = with(&her2_pos(), prior(true, &[thp]));
    let got = ids(&second, "JP");
    assert_eq!(applies(&got, "safety.tdxd.ild"), Some(true));
    assert_eq!(applies(&got, "comorbidity.ild"), Some(false), "nobody asked: open, with the input named");
    assert_eq!(applies(&got, "local.brain"), Some(false));
    let without = options(
        &with(&second, json!({"patient.goal": "survival", "patient.ild_history": true})),
        TODAY,
        "JP",
    );
    let with_none = options(&second, TODAY, "JP");
    assert_eq!(with_none.regimens, without.regimens, "values and comorbidity change no verdict");
}

#[test]
fn a_release_is_signed_as_it_is_and_a_difference_names_the_touched_cases() {
    let files = Files::breast();
    let signer = ledger::Signer::new("panel", &[7; 32]).unwrap();
    let note = files.sign(&signer);
    assert!(files.verify(&note, &[signer.verifier()]).unwrap());
    let mut newer = files.clone();
    let old = newer.0["approvals.csv"].clone();
    let line: String =
        old.lines().find(|l| l.starts_with("tucatinib_tras_cape.JP.2,")).unwrap().to_owned() + "\n";
    let mut before = files.clone();
    before.0.insert("approvals.csv".into(), old.replace(&line, ""));
    let labels = before.0["labels.csv"].replace(",tucatinib_tras_cape.JP.2,", ",,");
    before.0.insert("labels.csv".into(), labels);
    assert!(!before.verify(&note, &[signer.verifier()]).unwrap(), "other files than were signed");
    let other = ledger::Signer::new("panel", &[8; 32]).unwrap();
    assert!(files.verify(&note, &[other.verifier()]).is_err());

    let changes = panel::changes(&before, &files);
    let ids: Vec<(&str, &str)> = changes.iter().map(|c| (c.id.as_str(), c.what)).collect();
    assert_eq!(ids, [("tucatinib_tras_cape.JP.2", "added"), ("tucatinib_tras_cape.JP.L1", "changed")]);
    let earlier = Knowledge::load(&before).unwrap_or_else(|p| panic!("{p:?}"));
    let thp = item(&["trastuzumab", "pertuzumab", "docetaxel"], "metastatic", "progression");
    let case = |p: &Json| {
        let profile = Profile::from_value(p).unwrap();
        let (a, b) = (
            earlier.patient(&profile, day(TODAY)).unwrap(),
            KNOWLEDGE.patient(&profile, day(TODAY)).unwrap(),
        );
        compare("case", (&earlier, &a, query(TODAY, "JP")), (&KNOWLEDGE, &b, query(TODAY, "JP")))
    };
    let touched = case(&with(&her2_pos(), prior(true, &[thp]))).unwrap();
    assert_eq!(
        touched.regimens,
        [(
            "tucatinib_tras_cape".to_owned(),
            "not_eligible (positive_opinion)".to_owned(),
            "eligible (in_force_not_reimbursed)".to_owned()
        )]
    );
    let untouched = case(&hr_pos("1+")).unwrap();
    assert_eq!(untouched.regimens.len(), 1, "the status of the regimen changes for everybody");
    newer.0.insert("release.csv".into(), newer.0["release.csv"].replace("0.1.0", "0.1.1"));
    assert_eq!(panel::changes(&files, &newer).len(), 1);
    assert!(!KNOWLEDGE.not_releasable().is_empty(), "no row has been reviewed by two yet");
}
