//! What is said of a mistaken rule, in both languages: reviewed snapshots.

use crate::trial::*;
use rules::{Functions, Rule, Scope, Type, Verdict};
use std::fmt::Write;

/// Each diagnostic with its place marked below the source.
fn told(rules: &[&str]) -> String {
    let trial = Trial::new();
    let mut out = String::new();
    for source in rules {
        writeln!(out, "> {source}").unwrap();
        let found = trial.diagnostics(source);
        assert!(!found.is_empty(), "nothing is said of {source}");
        for d in found {
            let before = words::number::width(&source[..d.span.start]);
            let marked = words::number::width(&source[d.span.clone()]).max(1);
            writeln!(out, "  {}{} {}", " ".repeat(before), "^".repeat(marked), d.code).unwrap();
            for lang in words::Lang::ALL.into_iter().rev() {
                write!(out, "    {}", d.message.get(lang)).unwrap();
                if let Some(expected) = &d.expected {
                    write!(out, " | {}", expected.get(lang)).unwrap();
                }
                if let Some(hint) = &d.hint {
                    write!(out, " | {}", hint.get(lang)).unwrap();
                }
                out.push('\n');
            }
        }
        out.push('\n');
    }
    out
}

#[test]
fn a_slip_in_a_name_or_a_code_is_told_with_what_was_probably_meant() {
    snapshot!(told(&[
        "agee >= 20",
        "Sex == 'female'",
        "creatinin <= 1.5",
        "haemoglobin >= 8",
        "baseline.wieght > 40",
        "week12.creatinine > 1",
        "female == sex",
        "sex == 'Female'",
        "'4+' == ps",
        "ps in ['0', '1', '5']",
        "agee(birth, registered_on) > 20",
        "is_known(ps)",
        "all(lesions, l, l.size > 10)",
        "lesions.any(l, l.size > 10)",
        "lesions.all(l, l.sise > 10)",
        "lesions.all(l, l > 10)",
        "lesions.exists(age, age.size > 10)",
        "lesions.exists(week12, week12.size > 10)",
        "lesions.exists(l, lesions.all(l, l.size > 10))",
    ]));
}

#[test]
fn values_of_different_kinds_are_not_compared() {
    snapshot!(told(&[
        "ps >= '2'",
        "ps <= 1",
        "ps == 1",
        "sex == true",
        "consented == 'yes'",
        "registered_on > 20",
        "registered_on - birth > 20",
        "registered_on + 28 <= scan_on",
        "registered_on + '28 dys' <= scan_on",
        "scan_on > '2026-02-30'",
        "scan_on > '2026-02'",
        "creatinine > platelets",
        "creatinine + platelets > 3",
        "age + 'x' > 3",
        "lesions > 2",
        "age.size() > 1",
        "age",
        "age && consented",
        "!age",
        "-consented",
        "consented > pregnant",
        "sex == ps",
        "age in [20, '30']",
        "age in lesions",
        "[1, 2] == age",
        "consented ? 1 : 'x'",
        "known(age + 1)",
        "date(age) > registered_on",
        "age(birth) > 20",
        "round(creatinine, 99) > 1",
        "lesions.sum(site) > 1",
        "lesions.map(l, l.size).all(x, x > 1)",
        "lesions.exists(l.size > 3)",
        "lesions.filter(l, l.size > 3)",
    ]));
}

#[test]
fn habits_of_other_languages_and_keyboards_are_understood_and_corrected() {
    snapshot!(told(&[
        "20 <= age <= 80",
        "20 < age < 80 < 90",
        "age = 20",
        "age >= 20 and age <= 80",
        "age < 20 OR age > 80",
        "not consented",
        "not (age > 20) && consented",
        "age <> 20",
        "age => 20",
        "age > 20 & consented",
        "age　≧　２０",
        "sex ＝ 'female'",
        "sex ＝＝ ‘female’",
        "age ≥ 20 ＆＆ age ≤ 80",
        "note == “特記”",
        "年齢 >= 20",
        "age >= 20歳",
        "registered_on + 3months > scan_on",
        "creatinine <= 1.5mg",
        "age is 20",
        "age between 20 and 80",
        "ps == null",
        "consented == TRUE",
        "age > 007",
    ]));
}

#[test]
fn a_broken_text_is_told_where_it_breaks() {
    snapshot!(told(&[
        "",
        "   ",
        "age >=",
        ">= 20",
        "(age >= 20",
        "age >= 20)",
        "age >= 20 &&",
        "&& age >= 20",
        "sex == 'female",
        "age in [20, 30",
        "age in []",
        "age in [20 30] && consented",
        "lesions.",
        "lesions.all(l, )",
        "consented ? age > 20",
        "age # 20",
        "note == 'a\\q'",
        "age > 99999999999999999999",
        "creatinine > 0.12345678901234567890123456789012345",
        "age(birth, registered_on).years > 20",
    ]));
}

#[test]
fn every_mistake_of_a_rule_is_reported_with_its_place() {
    let found = Trial::new().diagnostics("agee >= 20 && sex == 'femal' and ps = 1");
    let codes: Vec<_> = found.iter().map(|d| (d.code, d.span.clone())).collect();
    assert_eq!(
        codes,
        [
            ("unknown-item", 0..4),
            ("unknown-code", 21..28),
            ("word-operator", 29..32),
            ("type", 33..39),
            ("single-equals", 36..37)
        ]
    );
}

#[test]
fn a_rule_made_to_exhaust_is_refused() {
    let trial = Trial::new();
    let deep = "lesions.exists(a, lesions.exists(b, lesions.exists(c, lesions.exists(d, d.size > 1))))";
    for source in [
        "(".repeat(4000) + "age > 1",
        "!".repeat(8000) + "consented",
        "-".repeat(8000) + "age > 1",
        "not ".repeat(2000) + "consented",
        "1+".repeat(4000) + "1 > age",
        "consented ? ".repeat(600) + "consented",
        "consented ? consented : ".repeat(300) + "consented",
        "abs(".repeat(2000) + "age",
        "[".repeat(8000),
        "age.".repeat(2000),
        "age < ".repeat(1000) + "1",
        "age".to_owned() + &".size()".repeat(1000),
        "a".repeat(9000),
        "'a' in [".repeat(900),
        "'a' in [".repeat(60) + "age" + &"]".repeat(60),
        "agge + crreatinine > platlets && ".repeat(200) + "consented",
        "＝".repeat(2700),
        deep.to_owned(),
    ] {
        let found = trial.diagnostics(&source);
        assert!((1..=20).contains(&found.len()), "{} diagnostics for {}", found.len(), &source[..20]);
    }
    // Long, but not deep.
    let long = vec!["age > 1"; 500].join(" && ");
    assert_eq!(trial.verdict(&long), Verdict::True);
}

#[test]
fn a_derived_value_must_have_the_declared_type() {
    let trial = Trial::new();
    let compile = |source: &str, kind: &Type| {
        Rule::compile_value(source, &Scope::new(&trial.dictionary), &Functions::standard(), Some(kind))
            .map(|rule| rule.value(&trial.values).unwrap())
            .map_err(|found| found.into_iter().map(|d| d.code).collect::<Vec<_>>())
    };
    let group = Type::codes(["young", "old"]);
    assert_eq!(compile("age >= 65 ? 'old' : 'young'", &group), Ok(rules::Value::code("old")));
    assert_eq!(compile("age >= 65 ? 'older' : 'young'", &group), Err(vec!["unknown-code"]));
    assert_eq!(compile("age", &Type::decimal("years")), Ok(decimal("65")));
    assert_eq!(compile("creatinine", &Type::decimal("umol/L")), Err(vec!["type"]));
    assert_eq!(compile("creatinine * 88.4", &Type::decimal("umol/L")), Err(vec!["type"]));
    assert_eq!(compile("creatinine", &Type::Integer), Err(vec!["type"]));
    assert_eq!(compile("registered_on + '3 months'", &Type::Date), Ok(day("2026-06-14")));
    assert_eq!(compile("age", &Type::Boolean), Err(vec!["not-boolean"]));
}
