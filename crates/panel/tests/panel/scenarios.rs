//! The scenarios of `tests/data/scenarios_visible.json`, with the meaning that its conventions give.

use crate::world::*;
use panel::Verdict;
use serde_json::Value as Json;

fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::String(s) => vec![s.clone()],
        Json::Array(all) => all.iter().map(|v| v.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_visible_scenario_is_answered_as_expected() {
    let file: Json = serde_json::from_str(include_str!("../data/scenarios_visible.json")).unwrap();
    let mut wrong = Vec::new();
    for scenario in file["scenarios"].as_array().unwrap() {
        let id = scenario["id"].as_str().unwrap();
        let got = options(
            &scenario["profile"],
            scenario["as_of"].as_str().unwrap(),
            scenario["jurisdiction"].as_str().unwrap(),
        );
        let expect = scenario["expect"].as_object().unwrap();
        let mut check = |holds: bool, told: String| {
            if !holds {
                wrong.push(format!("{id}: {told}"));
            }
        };
        for (key, wanted) in expect {
            match key.as_str() {
                "subtype" => {
                    check(texts(wanted).iter().any(|w| w == got.subtype), format!("subtype {}", got.subtype))
                }
                "her2_category" => check(
                    texts(wanted).iter().any(|w| w == got.her2_category),
                    format!("category {}", got.her2_category),
                ),
                "flags" => {
                    for flag in texts(wanted) {
                        check(got.flags.contains(&flag), format!("no flag {flag}"));
                    }
                }
                "eligible_regimens" | "not_eligible_regimens" => {
                    let verdict =
                        if key == "eligible_regimens" { Verdict::Eligible } else { Verdict::NotEligible };
                    for regimen in texts(wanted) {
                        let own = option(&got, &regimen);
                        check(own.verdict == verdict, format!("{own:?}"));
                    }
                }
                "approval_status" => {
                    for (regimen, status) in wanted.as_object().unwrap() {
                        let own = option(&got, regimen);
                        check(texts(status).iter().any(|s| s == own.status.code()), format!("{own:?}"));
                    }
                }
                "unknown_missing" => {
                    for (of, inputs) in wanted.as_object().unwrap() {
                        let missing = match of.as_str() {
                            "subtype" => &got.missing.subtype,
                            "her2_category" => &got.missing.her2_category,
                            regimen => {
                                let own = option(&got, regimen);
                                check(own.verdict == Verdict::Open, format!("{own:?}"));
                                &own.missing
                            }
                        };
                        for input in texts(inputs) {
                            check(missing.contains(&input), format!("{of} misses {missing:?}, not {input}"));
                        }
                    }
                }
                "finding_class" => {
                    for (name, class) in wanted.as_object().unwrap() {
                        let own = finding(&got, name);
                        let fits = match class {
                            Json::Array(all) => all.iter().any(|c| c.as_u64() == own.class.map(u64::from)),
                            one => one.as_u64() == own.class.map(u64::from),
                        };
                        check(fits, format!("{own:?}"));
                    }
                }
                other => check(false, format!("unknown expectation {other}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
