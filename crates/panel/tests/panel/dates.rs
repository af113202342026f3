//! Every dated fact: the day before, the day itself, in its own place and in the others.

use crate::world::*;
use panel::*;
use std::collections::BTreeMap;

/// One row of approvals.csv, read without the crate's own reader.
struct Fact {
    regimen: String,
    place: String,
    event: String,
    effective: String,
    certainty: String,
    drug: String,
}

fn facts() -> Vec<Fact> {
    let files = Files::breast();
    let rows = |name: &str| -> Vec<BTreeMap<String, String>> {
        csv::Reader::from_reader(files.0[name].as_bytes()).deserialize().map(Result::unwrap).collect()
    };
    let drugs: BTreeMap<String, String> = rows("regimens.csv")
        .into_iter()
        .map(|r| (r["regimen_id"].clone(), r["drugs"].split(';').next().unwrap().to_owned()))
        .collect();
    rows("approvals.csv")
        .into_iter()
        .map(|r| {
            let plan = ["target_date", "expected_listing"].contains(&r["event"].as_str());
            let effective = match (plan, r["date_precision"].as_str()) {
                (true, _) => r["known_from"].clone(),
                (_, "day") => r["date"].clone(),
                (_, "month") => day(&format!("{}-01", r["date"])).last_of_month().to_string(),
                _ => format!("{}-12-31", r["date"]),
            };
            Fact {
                drug: drugs[&r["regimen_id"]].clone(),
                regimen: r["regimen_id"].clone(),
                place: r["jurisdiction"].clone(),
                event: r["event"].clone(),
                effective,
                certainty: r["certainty"].clone(),
            }
        })
        .collect()
}

const STARTS: [&str; 6] = [
    "approved",
    "approved_accelerated",
    "converted_regular",
    "extended",
    "restriction_lifted",
    "in_force_seen",
];

/// The status by the words of the field notes: what happened last decides, and dates are compared as texts.
fn expected(facts: &[Fact], regimen: &str, place: &str, on: &str) -> &'static str {
    let before: Vec<&Fact> = facts
        .iter()
        .filter(|f| f.certainty == "H" && f.place == place && f.effective.as_str() <= on)
        .collect();
    let own: Vec<&&Fact> = before.iter().filter(|f| f.regimen == regimen).collect();
    let last = |events: &[&str]| {
        own.iter().filter(|f| events.contains(&f.event.as_str())).map(|f| f.effective.as_str()).max()
    };
    let (start, end) = (last(&STARTS), last(&["withdrawn"]));
    if start.is_some() && start > end {
        let drug = &facts.iter().find(|f| f.regimen == regimen).unwrap().drug;
        let listed = before
            .iter()
            .any(|f| f.drug == *drug && ["listed", "launched", "in_force_seen"].contains(&f.event.as_str()));
        return if place != "JP" || listed { "in_force" } else { "in_force_not_reimbursed" };
    }
    if end.is_some() {
        return "withdrawn";
    }
    let opinion = last(&["committee_positive"]);
    let review = last(&["filed", "priority_review", "target_date", "committee_negative", "review_extended"]);
    match (opinion, review) {
        (Some(o), r) if Some(o) >= r => "positive_opinion",
        (_, Some(_)) => "under_review",
        (Some(_), None) | (None, None) => "none_on_file",
    }
}

#[test]
fn the_day_before_and_the_day_of_every_dated_fact_in_all_three_places() {
    let facts = facts();
    // The days of unverified facts are asked too: on them nothing may happen.
    let mut days: Vec<String> = facts
        .iter()
        .flat_map(|f| {
            let on = day(&f.effective);
            [on.yesterday().unwrap().to_string(), on.to_string(), on.tomorrow().unwrap().to_string()]
        })
        .collect();
    days.sort();
    days.dedup();
    let mut asked = 0;
    for on in &days {
        for place in ["JP", "US", "EU"] {
            let view = KNOWLEDGE.view(query(on, place));
            for (at, regimen) in KNOWLEDGE.regimens.iter().enumerate() {
                let got = view.firm[at].status.code();
                assert_eq!(got, expected(&facts, &regimen.id, place, on), "{} {place} {on}", regimen.id);
                asked += 1;
            }
        }
    }
    assert!(asked > 30_000, "{asked}");
}

/// Days that the field notes and the seed name, by hand.
const NAMED: [(&str, &str, &str, &str); 48] = [
    ("capi_fulv", "JP", "2024-03-25", "none_on_file"),
    ("capi_fulv", "JP", "2024-03-26", "in_force_not_reimbursed"),
    ("capi_fulv", "JP", "2024-05-21", "in_force_not_reimbursed"),
    ("capi_fulv", "JP", "2024-05-22", "in_force"),
    ("talazoparib_gbrca", "JP", "2024-01-17", "none_on_file"),
    ("talazoparib_gbrca", "JP", "2024-01-18", "in_force_not_reimbursed"),
    ("talazoparib_gbrca", "JP", "2024-04-16", "in_force_not_reimbursed"),
    ("talazoparib_gbrca", "JP", "2024-04-17", "in_force"),
    ("olaparib_gbrca", "JP", "2018-07-01", "none_on_file"),
    ("olaparib_gbrca", "JP", "2018-07-02", "in_force"),
    ("dato_hrpos", "JP", "2024-12-26", "none_on_file"),
    ("dato_hrpos", "JP", "2024-12-27", "in_force_not_reimbursed"),
    ("dato_hrpos", "JP", "2025-03-18", "in_force_not_reimbursed"),
    ("dato_hrpos", "JP", "2025-03-19", "in_force"),
    ("atezo_nabpac_tnbc", "JP", "2019-09-20", "in_force_not_reimbursed"),
    ("atezo_nabpac_tnbc", "JP", "2019-11-26", "in_force_not_reimbursed"),
    ("atezo_nabpac_tnbc", "JP", "2019-11-27", "in_force"),
    ("atezo_nabpac_tnbc", "US", "2021-08-26", "in_force"),
    ("atezo_nabpac_tnbc", "US", "2021-08-27", "withdrawn"),
    ("atezo_nabpac_tnbc", "EU", "2021-08-27", "in_force"),
    ("tucatinib_tras_cape", "JP", "2026-01-28", "none_on_file"),
    ("tucatinib_tras_cape", "JP", "2026-01-29", "positive_opinion"),
    ("tucatinib_tras_cape", "JP", "2026-02-18", "positive_opinion"),
    ("tucatinib_tras_cape", "JP", "2026-02-19", "in_force_not_reimbursed"),
    ("tucatinib_tras_cape", "US", "2020-04-16", "none_on_file"),
    ("tucatinib_tras_cape", "US", "2020-04-17", "in_force"),
    ("tucatinib_tras_cape", "EU", "2021-02-11", "in_force"),
    ("cami_switch", "US", "2026-04-29", "none_on_file"),
    ("cami_switch", "US", "2026-04-30", "under_review"),
    ("cami_switch", "EU", "2026-05-20", "none_on_file"),
    ("cami_switch", "EU", "2026-05-21", "positive_opinion"),
    ("cami_switch", "EU", "2026-11-20", "positive_opinion"),
    ("geda_fulv", "US", "2026-01-19", "none_on_file"),
    ("geda_fulv", "US", "2026-01-20", "under_review"),
    ("geda_fulv", "US", "2026-07-17", "under_review"),
    ("gire_evero", "US", "2026-03-30", "none_on_file"),
    ("gire_evero", "US", "2026-12-18", "under_review"),
    ("imlunestrant", "JP", "2025-12-21", "none_on_file"),
    ("imlunestrant", "JP", "2025-12-22", "in_force_not_reimbursed"),
    ("imlunestrant", "JP", "2026-11-20", "in_force_not_reimbursed"),
    ("sg_hrpos", "JP", "2025-04-23", "none_on_file"),
    ("sg_hrpos", "JP", "2026-11-20", "under_review"),
    ("dato_tnbc_1l", "EU", "2026-11-20", "none_on_file"),
    ("thp", "JP", "2013-06-29", "none_on_file"),
    ("thp", "JP", "2013-06-30", "in_force_not_reimbursed"),
    ("thp", "JP", "2013-09-30", "in_force"),
    ("tdxd_her2pos", "JP", "2020-05-19", "in_force_not_reimbursed"),
    ("tdxd_her2pos", "JP", "2020-05-20", "in_force"),
];

#[test]
fn the_days_that_the_notes_name() {
    for (regimen, place, on, status) in NAMED {
        let view = KNOWLEDGE.view(query(on, place));
        let at = KNOWLEDGE.regimen(regimen).unwrap();
        assert_eq!(view.firm[at].status.code(), status, "{regimen} {place} {on}");
    }
}

#[test]
fn a_plan_is_never_an_approval_and_counts_from_the_day_it_was_known() {
    for approval in KNOWLEDGE.approvals.iter().filter(|a| a.event.is_plan()) {
        assert!(!approval.event.starts());
        assert_eq!(approval.effective(), approval.known_from);
    }
}

#[test]
fn what_could_not_be_known_on_a_day_is_left_out_when_that_is_asked() {
    let at = KNOWLEDGE.regimen("capi_fulv").unwrap();
    let status = |known: &str| {
        let query = Query { known_at: Some(day(known)), ..query("2024-03-26", "JP") };
        KNOWLEDGE.view(query).firm[at].status.code()
    };
    assert_eq!(status("2024-03-26"), "none_on_file", "the announcement came a day after the approval");
    assert_eq!(status("2024-03-27"), "in_force_not_reimbursed");
}

#[test]
fn in_force_ends_only_by_a_withdrawal() {
    for place in ["JP", "US", "EU"] {
        let mut days: Vec<jiff::civil::Date> = KNOWLEDGE.approvals.iter().map(Approval::effective).collect();
        days.sort();
        days.dedup();
        let mut before: Vec<Status> = vec![Status::NoneOnFile; KNOWLEDGE.regimens.len()];
        for on in days {
            let view = KNOWLEDGE.view(query(&on.to_string(), place));
            for (at, was) in before.iter_mut().enumerate() {
                let now = view.firm[at].status;
                if was.is_in_force() && !now.is_in_force() {
                    assert_eq!(
                        (KNOWLEDGE.regimens[at].id.as_str(), place, on.to_string().as_str()),
                        ("atezo_nabpac_tnbc", "US", "2021-08-27")
                    );
                }
                if *was == Status::InForce {
                    assert!(now == Status::InForce || now == Status::Withdrawn, "a listed drug stays listed");
                }
                *was = now;
            }
        }
    }
}

#[test]
fn stale_knowledge_locks() {
    assert!(KNOWLEDGE.stale(query("2026-11-20", "JP")).is_none());
    assert!(KNOWLEDGE.stale(query("2027-05-19", "JP")).is_none());
    assert!(KNOWLEDGE.stale(query("2027-05-20", "JP")).is_some());
}

#[test]
fn dated_considerations_and_evidence_are_told_from_the_day_on_which_they_could_be_known() {
    let p = patient(
        &serde_json::json!({"disease.extent": "advanced", "patient.sex": "female", "er.percent": 90, "pgr.percent": 0,
            "her2.ihc": "1+", "variant.AKT1": {"value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue"},
            "prior": {"complete": true, "items": [{"drugs": ["letrozole", "palbociclib"], "setting": "metastatic", "outcome": "progression"}]}}),
        "2026-11-20",
    );
    let mut dated = 0;
    for one in &KNOWLEDGE.considerations {
        let Some(on) = one.known_from else { continue };
        dated += 1;
        let told = |on: jiff::civil::Date| {
            let view = KNOWLEDGE.view(Query { as_of: on, place: Place::Jp, known_at: None });
            view.considerations(&p, &view.options(&p)).iter().any(|c| c.id == one.id)
        };
        assert!(!told(on.yesterday().unwrap()) && told(on), "{}", one.id);
    }
    assert!(dated > 0);
    let erbb2 = serde_json::json!({"variant.ERBB2": {"value": "pathogenic", "hgvs": "p.V777L", "assay_id": "F1CDX", "specimen": "tissue"}});
    let known =
        KNOWLEDGE.evidence.iter().find(|e| e.gene == "ERBB2" && e.variant == "MUTATION").unwrap().known_from;
    let class = |on: jiff::civil::Date| finding(&options(&erbb2, &on.to_string(), "EU"), "ERBB2").reason;
    assert_eq!(class(known.yesterday().unwrap()), "no_route");
    assert_eq!(class(known), "evidence_B");
}
