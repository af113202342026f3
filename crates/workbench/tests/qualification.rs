//! The reference records of `tests/reference` (sources and licences in its README), recomputed.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use workbench::{Format, Qualification, qualify, reference};

/// The folder is recomputed once for all tests.
static OUTCOME: LazyLock<Qualification> = LazyLock::new(|| qualify(&folder()).unwrap());

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

/// Methods of which every number is matched.
const COVERED: &[&str] = &[
    "km",
    "km_quantile",
    "km_checksum",
    "km_curve",
    "landmark",
    "logrank",
    "logrank_weighted",
    "logrank_one_sample",
    "cox",
    "cox_zph",
    "cox_basehaz",
    "cox_survival",
    "concordance",
    "rmst",
    "rmst_compare",
    "rmst_adjusted",
    "cuminc",
    "gray",
    "aalen_johansen",
    "aj_restricted_mean",
    "fine_gray",
    "fine_gray_expanded",
    "cox_cause_specific",
    "binomial_ci",
    "binomial_test",
    "fisher_2x2",
    "fisher_rxc",
    "barnard_boschloo",
    "risk_difference_ci",
    "two_sample_binomial",
    "mantel_haenszel",
    "cochran_armitage",
    "mcnemar",
    "signed_rank",
    "rank_sum",
    "kruskal_wallis",
    "clustered_proportion",
    "rao_scott",
    "clustered_mcnemar",
    "gee",
    "gee_jackknife",
    "paired_diagnostic",
    "delong",
];

#[test]
fn no_reference_number_is_wrong_and_every_listed_method_is_covered() {
    let outcome = &*OUTCOME;
    assert!(outcome.wrong.is_empty(), "{:#?}", outcome.wrong);
    for method in COVERED {
        let count = &outcome.methods[*method];
        assert!(count.matched > 0, "{method}");
        assert_eq!(count.not_covered, 0, "{method}");
    }
}

#[test]
fn further_records_on_synthetic_data_are_all_matched() {
    let outcome = qualify(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/more")).unwrap();
    assert!(outcome.wrong.is_empty(), "{:#?}", outcome.wrong);
    assert!(outcome.not_covered.is_empty(), "{:#?}", outcome.not_covered);
    assert!(outcome.total().matched > 10_000, "{}", outcome.summary());
}

#[test]
fn records_on_tiny_random_tables_are_matched_or_not_covered_with_a_reason() {
    let outcome = qualify(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/random")).unwrap();
    assert!(outcome.wrong.is_empty(), "{:#?}", outcome.wrong);
    assert!(outcome.total().matched > 5_000, "{}", outcome.summary());
    let reasons = format!("{:?}", outcome.not_covered);
    for rule in
        ["a coefficient is infinite", "a group adds nothing to the variance", "no variance in either group"]
    {
        assert!(reasons.contains(rule), "{rule}: {reasons}");
    }
}

#[test]
fn a_time_of_seventeen_digits_is_read_from_a_record_as_from_a_table() {
    for text in ["14.000000014000001", "0.30000000000000004", "7.0000000070000006", "2.0041067761806981"] {
        let record: f64 = serde_json::from_str(text).unwrap();
        assert_eq!(record.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
}

#[test]
fn the_last_line_counts_the_numbers() {
    let copy = tempfile::tempdir().unwrap();
    std::fs::write(copy.path().join("x.json"), r#"[{"id": "a", "method": "new", "values": {"x": [1, 2]}}]"#)
        .unwrap();
    let mut out = Vec::new();
    reference(copy.path(), Format::Text, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().last(), Some("matched 0 of 2 numbers; wrong 0; not covered 2"));
}

/// A copy of one data file and one record, changed by `change`.
fn changed(id: &str, change: impl Fn(&mut serde_json::Value)) -> workbench::Qualification {
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("reference")).unwrap();
    for file in ["km_logrank.json", "cox.json", "competing_risks.json"] {
        let text = std::fs::read_to_string(folder().join("reference").join(file)).unwrap();
        let records: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        if let Some(mut record) = records.into_iter().find(|r| r["id"] == id) {
            change(&mut record);
            let list = serde_json::to_string(&[record]).unwrap();
            std::fs::write(copy.path().join("reference").join(file), list).unwrap();
        }
    }
    std::fs::create_dir(copy.path().join("data")).unwrap();
    for entry in std::fs::read_dir(folder().join("data")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join("data").join(entry.file_name())).unwrap();
    }
    qualify(copy.path()).unwrap()
}

#[test]
fn a_changed_digit_in_any_number_is_found() {
    let touch = |x: f64| serde_json::json!(x * (1.0 + 3e-7));
    for (id, name) in
        [("km.lung.at.log-log", "surv"), ("cox.lung_sex.efron", "coef"), ("gray.mgus2_sex", "stat")]
    {
        let clean = changed(id, |_| {});
        assert_eq!(clean.total().wrong, 0, "{id}");
        let outcome = changed(id, |r| {
            let x = r["values"][name][0].as_f64().unwrap();
            r["values"][name][0] = touch(x);
        });
        assert_eq!(outcome.wrong.len(), 1, "{id}");
        assert_eq!(outcome.wrong[0].place, format!("{name}[0]"));
    }
}

/// Every number by 2.5 times its tolerance; how many were changed.
fn touch_all(value: &mut serde_json::Value, relative: f64, absolute: f64) -> usize {
    match value {
        serde_json::Value::Number(x) => {
            let x = x.as_f64().unwrap();
            let far = if x.abs() >= 1e-6 { x * (1.0 + 2.5 * relative) } else { x + 3.0 * absolute + 1e-15 };
            *value = serde_json::json!(far);
            1
        }
        serde_json::Value::Array(list) => list.iter_mut().map(|v| touch_all(v, relative, absolute)).sum(),
        serde_json::Value::Object(map) => map.values_mut().map(|v| touch_all(v, relative, absolute)).sum(),
        _ => 0,
    }
}

#[test]
fn every_number_that_is_changed_beyond_its_tolerance_is_found() {
    let copy = tempfile::tempdir().unwrap();
    for part in ["reference", "data"] {
        std::fs::create_dir(copy.path().join(part)).unwrap();
    }
    for entry in std::fs::read_dir(folder().join("data")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join("data").join(entry.file_name())).unwrap();
    }
    let mut changed = 0;
    for entry in std::fs::read_dir(folder().join("reference")).unwrap() {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let mut records: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        // Designs are recomputed elsewhere.
        records.retain(|r| {
            OUTCOME.methods.get(r["method"].as_str().unwrap()).is_some_and(|c| c.not_covered == 0)
        });
        for record in &mut records {
            let tolerance = record["tol"].clone();
            for (name, value) in record["values"].as_object_mut().unwrap() {
                if let Some(relative) = tolerance.get(name).unwrap_or(&tolerance["default"]).as_f64() {
                    changed += touch_all(value, relative, tolerance["abs"].as_f64().unwrap_or(0.0));
                }
            }
        }
        let list = serde_json::to_string(&records).unwrap();
        std::fs::write(copy.path().join("reference").join(entry.file_name()), list).unwrap();
    }
    let outcome = qualify(copy.path()).unwrap();
    assert_eq!(outcome.total().wrong, changed, "{}", outcome.summary());
    assert!(changed > 11_000, "{changed}");
}

#[test]
fn one_condition_needs_no_list() {
    let clean = changed("km.lung.at.log-log", |r| r["filter"] = serde_json::json!(["age > 0"]));
    let single = changed("km.lung.at.log-log", |r| r["filter"] = "age > 0".into());
    assert_eq!(single.total(), clean.total());
    assert!(single.total().matched > 0);
}

#[test]
fn a_record_that_asks_for_something_unknown_is_not_covered_and_never_wrong() {
    type Change = fn(&mut serde_json::Value);
    let changes: [Change; 6] = [
        |r| r["method"] = "kaplan_meier_of_the_future".into(),
        |r| r["params"]["conf_type"] = "complementary".into(),
        |r| r["model"]["frailty"] = "inst".into(),
        |r| r["model"]["time"] = "nowhere".into(),
        |r| r["data"] = "data/missing.csv".into(),
        |r| r["derive"]["ev"] = "if(status, 2)".into(),
    ];
    for (k, change) in changes.into_iter().enumerate() {
        let outcome = changed("km.lung.at.log-log", change);
        let t = outcome.total();
        assert_eq!((t.matched, t.wrong), (0, 0), "change {k}");
        assert!(t.not_covered > 0 && outcome.not_covered.len() == 1, "change {k}");
    }
}

#[test]
fn the_printable_record_names_the_engine_the_date_and_the_counts() {
    let outcome = &*OUTCOME;
    let page = workbench::qualification_record(outcome, "records <2026>", "2026-11-20");
    for part in [env!("CARGO_PKG_VERSION"), "2026-11-20", "records &lt;2026&gt;", &outcome.summary()] {
        assert!(page.contains(part), "{part}");
    }
}
