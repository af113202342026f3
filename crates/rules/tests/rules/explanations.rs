//! What a clinician reads, in both languages: reviewed snapshots.

use crate::trial::*;
use rules::{Explanation, List, Missing, Value};
use std::fmt::Write;
use words::Lang;

fn tell(explanation: &Explanation, lang: Lang, depth: usize, out: &mut String) {
    writeln!(out, "{}{:?}: {}", "  ".repeat(depth), explanation.verdict, explanation.text.get(lang)).unwrap();
    for child in &explanation.children {
        tell(child, lang, depth + 1, out);
    }
}

fn told(trial: &Trial, rules: &[&str]) -> String {
    let mut out = String::new();
    for source in rules {
        let explanation = trial.value_rule(source).explain(&trial.values, &trial.dictionary);
        writeln!(out, "> {source}").unwrap();
        for lang in [Lang::En, Lang::Ja] {
            tell(&explanation, lang, 0, &mut out);
        }
        out.push('\n');
    }
    out
}

#[test]
fn a_criterion_that_fails_says_what_is_and_what_must_be() {
    let mut trial = Trial::new();
    trial.set("age", Value::Integer(84));
    trial.set("ps", Value::code("3"));
    trial.set("sex", Value::code("male"));
    trial.set("creatinine", decimal("1.8"));
    trial.set("consented", Value::Boolean(false));
    snapshot!(told(
        &trial,
        &[
            "age >= 20 && age <= 80",
            "20 <= age && age < 80",
            "age > 20 && age <= 80",
            "sex == 'female' && age >= 20 && age <= 80 && ps in ['0', '1']",
            "ps in ['0', '1', '2']",
            "!(ps == '3')",
            "!(ps in ['2', '3'])",
            "creatinine <= 1.5",
            "creatinine >= 0.4 && creatinine <= 1.5",
            "consented",
            "!consented || pregnant",
            "!(age > 80 || creatinine > 1.5)",
            "ps in ['0', '1'] || ps == '2' && age < 70",
            "age(birth, registered_on) > 70",
            "scan_on >= registered_on - '7 days'",
            "scan_on >= '2026-03-10' && scan_on <= '2026-03-14'",
            "days_between(scan_on, registered_on) < 10",
            "week12.weight >= baseline.weight * 0.98",
            "lesions.all(l, l.size >= 20)",
            "lesions.exists(l, l.site == 'lung' || l.size > 40)",
            "!lesions.exists(l, l.site == 'bone')",
            "lesions.filter(l, l.size >= 10).size() >= 3",
            "lesions.max(size) < 30",
            "'lung' in lesions.map(l, l.site)",
            "count(age > 80, ps == '3', creatinine > 3) == 0",
            "known(note) && !not_done(scan_on) && missing(ps)",
            "age > 80 ? ps in ['0'] : ps in ['0', '1']",
            "note == '特記事項'",
            "treatment >= '6 months'",
        ],
    ));
}

#[test]
fn a_criterion_that_holds_says_so() {
    let trial = Trial::new();
    snapshot!(told(
        &trial,
        &[
            "age >= 20 && age <= 80",
            "sex == 'female' && age >= 20 && age <= 80 && ps in ['0', '1']",
            "ps in ['0', '1'] || age < 20",
            "lesions.exists(l, l.size >= 20)",
            "!pregnant",
            "age * 2",
            "round(creatinine * 2, 1)",
            "registered_on + '6 months'",
            "age > 60 ? 'old' : 'young'",
        ],
    ));
}

#[test]
fn a_criterion_that_cannot_be_told_says_because_of_what() {
    let mut trial = Trial::new();
    trial.set("ps", Value::NOT_YET_KNOWN);
    trial.set("creatinine", Value::Missing(Missing::NotDone));
    trial.set("scan_on", day("2026-03-UK"));
    trial.set("birth", Value::Missing(Missing::Unknown));
    let records = vec![lesion("liver", "12.5", "2026-03-01"), {
        let mut fields = lesion("bone", "30", "2026-UK-UK").to_vec();
        fields[1] = Value::Missing(Missing::NotDone);
        fields.into()
    }];
    trial.set("lesions", Value::List(List { complete: false, records }));
    snapshot!(told(
        &trial,
        &[
            "ps in ['0', '1']",
            "creatinine <= 1.5 && ps in ['0', '1'] && age >= 20",
            "creatinine > 1.5 || ps == '2'",
            "scan_on >= '2026-03-10'",
            "scan_on + '28 days' >= registered_on",
            "age(birth, registered_on) >= 20",
            "days_between(scan_on, registered_on) <= 10",
            "lesions.exists(l, l.size >= 20)",
            "lesions.all(l, l.size >= 10)",
            "lesions.size() == 2",
            "lesions.max(size) < 30",
            "lesions.exists(l, l.seen_on < '2026-03-01')",
            "creatinine * 2 > 3",
            "creatinine * 2",
            "unknown(ps)",
            "not_done(ps)",
        ],
    ));
}

#[test]
fn a_bug_in_a_rule_is_told_as_one() {
    let mut trial = Trial::new();
    trial.set("age", Value::Integer(0));
    snapshot!(told(&trial, &["creatinine / age > 1", "age * 9223372036854775807 + 1 > 2 && 10 / age > 1"]));
}
