//! What is not verified never carries a verdict.

use crate::world::*;
use panel::*;
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

/// The knowledge without any fact of certainty M or L.
fn verified_only() -> Knowledge {
    let mut files = Files::breast();
    let text = &files.0["approvals.csv"];
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    let mut dropped = Vec::new();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    for record in reader.records().map(Result::unwrap) {
        if &record[at("certainty")] == "H" {
            writer.write_record(&record).unwrap();
        } else {
            dropped.push(record[at("approval_id")].to_owned());
        }
    }
    assert!(dropped.len() > 40);
    let kept = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    let mut reader = csv::Reader::from_reader(files.0["labels.csv"].as_bytes());
    let header = reader.headers().unwrap().clone();
    let since = header.iter().position(|h| h == "since").unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    for record in reader.records().map(Result::unwrap) {
        let own: Vec<&str> = record[since].split(';').filter(|id| !dropped.iter().any(|d| d == id)).collect();
        let own = own.join(";");
        writer
            .write_record(record.iter().enumerate().map(|(i, v)| if i == since { own.as_str() } else { v }))
            .unwrap();
    }
    let labels = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    files.0.insert("approvals.csv".into(), kept);
    files.0.insert("labels.csv".into(), labels);
    for name in ["routes.csv", "adequacy.csv"] {
        let mut reader = csv::Reader::from_reader(files.0[name].as_bytes());
        let header = reader.headers().unwrap().clone();
        let at = header.iter().position(|h| h == "certainty").unwrap();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&header).unwrap();
        for record in reader.records().map(Result::unwrap).filter(|r| &r[at] == "H") {
            writer.write_record(&record).unwrap();
        }
        let kept = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        assert_ne!(kept, files.0[name]);
        files.0.insert(name.into(), kept);
    }
    Knowledge::load(&files).unwrap_or_else(|p| panic!("{p:?}"))
}

#[test]
fn unverified_facts_switched_on_and_off_change_no_verdict_and_what_they_would_change_is_marked() {
    let firm = verified_only();
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../data/scenarios_visible.json")).unwrap();
    let mut marked = 0;
    for scenario in file["scenarios"].as_array().unwrap() {
        let profile = Profile::from_value(&scenario["profile"]).unwrap();
        for on in [
            "2016-06-01",
            "2018-06-01",
            "2020-06-01",
            "2021-06-01",
            "2022-12-15",
            "2024-04-01",
            "2026-01-25",
            "2026-01-26",
            "2026-11-20",
        ] {
            // The history of the scenarios is dated by one blood sample only.
            let profile = &Profile {
                observations: profile
                    .observations
                    .iter()
                    .map(|(k, v)| {
                        let undated = v.iter().map(|o| Observation { date: None, ..o.clone() }).collect();
                        (k.clone(), undated)
                    })
                    .collect(),
                ..profile.clone()
            };
            for at in Place::ALL {
                let query = Query { as_of: day(on), place: at, known_at: None };
                let with = KNOWLEDGE.view(query).options(&KNOWLEDGE.patient(profile, day(on)).unwrap());
                let without = firm.view(query).options(&firm.patient(profile, day(on)).unwrap());
                for (a, b) in with.regimens.iter().zip(&without.regimens) {
                    assert_eq!(
                        (&a.id, a.verdict, a.status, &a.missing, a.reason),
                        (&b.id, b.verdict, b.status, &b.missing, b.reason),
                        "{on} {at:?}"
                    );
                    assert!(b.unverified_view.is_none());
                    if let Some(other) = &a.unverified_view {
                        marked += 1;
                        let weak = other
                            .rows
                            .iter()
                            .all(|r| KNOWLEDGE.approval(r).unwrap().certainty == Certainty::High);
                        assert!(!weak || other.verdict == a.verdict || !other.rows.is_empty());
                    }
                }
                // When a class would change may be told from an unverified plan, marked as such; the class may not.
                let classes = |o: &Options| -> Vec<_> {
                    o.findings
                        .iter()
                        .map(|f| (f.finding.clone(), f.class, f.reason, f.missing.clone(), f.rows.clone()))
                        .collect()
                };
                assert_eq!(classes(&with), classes(&without));
            }
        }
    }
    assert!(marked > 100, "{marked}");
}

#[test]
fn a_verdict_that_rests_on_an_unread_label_is_marked() {
    let p = json!({"patient.sex": "female", "patient.menopause": "post", "disease.extent": "advanced", "er.percent": 90, "pgr.percent": 40,
        "her2.ihc": {"value": "1+", "assay_id": "4B5_PATHWAY"},
        "variant.ESR1": {"value": "pathogenic", "assay_id": "G360CDX", "specimen": "blood"},
        "prior": {"complete": true, "items": [{"drugs": ["letrozole", "palbociclib"], "setting": "metastatic", "outcome": "progression"}]}});
    let all = options(&p, "2026-11-20", "US");
    let vepdegestrant = option(&all, "vepdegestrant");
    assert_eq!((vepdegestrant.verdict, vepdegestrant.unverified), (Verdict::Eligible, true));
    assert!(!option(&all, "elacestrant").unverified);
    for at in ["JP", "US", "EU"] {
        for own in options(&p, "2026-11-20", at)
            .regimens
            .iter()
            .filter(|r| r.verdict != Verdict::NotEligible && !r.unverified)
        {
            let label = KNOWLEDGE.labels.iter().find(|l| Some(&l.id) == own.rule.as_ref()).unwrap();
            assert_eq!(label.certainty, Certainty::High, "{own:?}");
            for row in &own.rows {
                assert_eq!(KNOWLEDGE.approval(row).unwrap().certainty, Certainty::High);
            }
        }
    }
}

#[test]
fn every_start_has_one_label_and_all_regimens_have_a_rule_somewhere() {
    for approval in KNOWLEDGE.approvals.iter().filter(|a| a.event.starts()) {
        let own = KNOWLEDGE.labels.iter().filter(|l| l.since.contains(&approval.id)).count();
        assert_eq!(own, 1, "{}", approval.id);
    }
    for (at, regimen) in KNOWLEDGE.regimens.iter().enumerate() {
        assert!(KNOWLEDGE.labels.iter().any(|l| l.regimen == at), "{}", regimen.id);
    }
    assert_eq!(KNOWLEDGE.regimens.len(), 44);
}

static FIRM: LazyLock<Knowledge> = LazyLock::new(verified_only);

/// Every day on which something dated begins or ends, and the day before it.
static DAYS: LazyLock<Vec<jiff::civil::Date>> = LazyLock::new(|| {
    let facts = KNOWLEDGE.approvals.iter().map(Approval::effective);
    let routes = KNOWLEDGE.routes.iter().flat_map(|r| [Some(r.opened), r.closed]).flatten();
    let mut days: Vec<_> = facts.chain(routes).flat_map(|d| [d.yesterday().unwrap(), d]).collect();
    days.sort();
    days.dedup();
    days
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn on_any_dated_day_unverified_facts_change_no_verdict_status_class_or_subtype(
        json in crate::registry::profile(),
        on in 0..DAYS.len(),
        at in 0..3usize,
    ) {
        // The patient is described as of the last day; only the world moves.
        let last = day("2026-11-20");
        let profile = Profile::from_value(&json).unwrap();
        let Ok(with) = KNOWLEDGE.patient(&profile, last) else { return Ok(()) };
        let without = FIRM.patient(&profile, last).unwrap();
        let q = Query { as_of: DAYS[on], place: Place::ALL[at], known_at: None };
        let (a, b) = (KNOWLEDGE.view(q).options(&with), FIRM.view(q).options(&without));
        prop_assert_eq!((a.subtype, a.her2_category, &a.flags), (b.subtype, b.her2_category, &b.flags));
        for (a, b) in a.regimens.iter().zip(&b.regimens) {
            prop_assert_eq!((&a.id, a.verdict, a.status, &a.missing), (&b.id, b.verdict, b.status, &b.missing));
        }
        for (a, b) in a.findings.iter().zip(&b.findings) {
            prop_assert_eq!((&a.finding, a.class, a.reason, &a.missing, &a.rows), (&b.finding, b.class, b.reason, &b.missing, &b.rows));
        }
    }
}
