//! The language, case by case.

use crate::trial::*;
use rules::{Missing, Value, Verdict};

#[test]
fn a_criterion_over_known_items_is_true_or_false() {
    let trial = Trial::new();
    for (rule, expected) in [
        ("sex == 'female' && age >= 20 && age <= 80", true),
        ("ps in ['0', '1']", true),
        ("ps != '2'", true),
        ("creatinine <= 1.5", true),
        ("creatinine <= 1.19", false),
        ("creatinine * 2 > 2.3", true),
        ("age / 2 == 32.5", true),
        ("consented", true),
        ("!consented", false),
        ("registered_on - '28 days' <= scan_on", true),
        ("age(birth, registered_on) == 65", true),
        ("days_between(scan_on, registered_on) <= 14", true),
        ("lesions.exists(l, l.size >= 20)", true),
        ("lesions.all(l, l.size >= 20)", false),
        ("lesions.exists_one(l, l.size >= 20)", true),
        ("size(lesions) == 2 && lesions.size() == 2 && count(lesions) == 2", true),
        ("lesions.filter(l, l.site == 'liver').size() == 1", true),
        ("lesions.sum(size) == 42.5", true),
        ("lesions.map(l, l.size).max() == 30", true),
        ("'liver' in lesions.map(l, l.site)", true),
        ("lesions.last(site) == 'bone'", true),
        ("age > 70 ? ps == '0' : ps in ['0', '1']", true),
        ("count(age > 60, ps == '1', creatinine > 1) >= 2", true),
        ("round(creatinine * 3, 1) == 3.6 && abs(-3) == 3 && min(1, 2.5) == 1 && max(age, 3) == 65", true),
    ] {
        let verdict = trial.verdict(rule);
        assert_eq!(verdict, if expected { Verdict::True } else { Verdict::False }, "{rule}");
    }
}

#[test]
fn a_missing_item_makes_a_rule_unknown_only_where_it_matters() {
    let mut trial = Trial::new();
    trial.set("ps", Value::Missing(Missing::NotDone));
    trial.set("creatinine", Value::NOT_YET_KNOWN);
    assert_eq!(trial.missing("ps in ['0', '1'] && creatinine <= 1.5"), ["ps", "creatinine"]);
    assert_eq!(trial.verdict("age > 80 && creatinine <= 1.5"), Verdict::False);
    assert_eq!(trial.verdict("age < 80 || creatinine <= 1.5"), Verdict::True);
    assert_eq!(trial.missing("!(ps == '2')"), ["ps"]);
    assert_eq!(trial.verdict("not_done(ps) && missing(ps) && !known(ps) && !unknown(ps)"), Verdict::True);
    assert_eq!(trial.missing("not_done(creatinine)"), ["creatinine"]);
}

/// `T`, `F`, `U` or `E`.
fn letter(verdict: &Verdict) -> char {
    match verdict {
        Verdict::True => 'T',
        Verdict::False => 'F',
        Verdict::Unknown(_) => 'U',
        Verdict::Error(_) => 'E',
    }
}

/// Asserts what each rule says.
fn table(trial: &Trial, rows: &[(&str, char)]) {
    for (rule, expected) in rows {
        let verdict = trial.verdict(rule);
        assert_eq!(letter(&verdict), *expected, "{rule}: {verdict:?}");
    }
}

#[test]
fn conjunction_and_disjunction_follow_kleenes_tables_and_put_unknown_before_error() {
    let mut trial = Trial::new();
    trial.set("pregnant", Value::NOT_YET_KNOWN);
    trial.set("age", Value::Integer(0));
    // T: consented, F: its opposite, U: pregnant, E: division by zero.
    let terms = [("consented", 'T'), ("!consented", 'F'), ("pregnant", 'U'), ("1 / age > 1", 'E')];
    let and = ["TFUE", "FFFF", "UFUU", "EFUE"];
    let or = ["TTTT", "TFUE", "TUUU", "TEUE"];
    for (i, (a, _)) in terms.iter().enumerate() {
        for (j, (b, _)) in terms.iter().enumerate() {
            let cell = |rows: [&str; 4]| rows[i].chars().nth(j).unwrap();
            table(&trial, &[(&format!("{a} && {b}"), cell(and)), (&format!("{a} || {b}"), cell(or))]);
        }
        let not = ['F', 'T', 'U', 'E'][i];
        table(&trial, &[(&format!("!({a})"), not), (&format!("({a}) == ({a})"), ['T', 'T', 'U', 'E'][i])]);
    }
    table(
        &trial,
        &[
            ("pregnant ? consented : consented", 'T'),
            ("pregnant ? consented : !consented", 'U'),
            ("1 / age > 1 ? consented : consented", 'T'),
            ("1 / age > 1 ? consented : !consented", 'E'),
            ("consented ? consented : pregnant", 'T'),
            ("(pregnant ? 1 : 1) == 1", 'T'),
            ("(pregnant ? 1 : 2) == 1", 'U'),
        ],
    );
}

#[test]
fn a_partial_date_decides_when_both_of_its_ends_agree() {
    let mut trial = Trial::new();
    trial.set("scan_on", day("2026-03-UK"));
    trial.set("birth", day("1960-UK-UK"));
    trial.set("registered_on", day("2026-03-14"));
    table(
        &trial,
        &[
            ("scan_on < '2026-04-01'", 'T'),
            ("scan_on <= '2026-03-31'", 'T'),
            ("scan_on < '2026-03-31'", 'U'),
            ("scan_on >= '2026-03-01'", 'T'),
            ("scan_on > '2026-03-01'", 'U'),
            ("scan_on > '2026-03-31'", 'F'),
            ("scan_on == '2026-03-10'", 'U'),
            ("scan_on == '2026-04-10'", 'F'),
            ("scan_on != '2026-04-10'", 'T'),
            ("scan_on == scan_on", 'U'),
            ("scan_on + '1 month' <= '2026-04-30'", 'T'),
            ("scan_on + '1 month' <= '2026-04-29'", 'U'),
            ("scan_on - '1 month' >= '2026-02-01'", 'T'),
            ("days_between(scan_on, registered_on) <= 13", 'T'),
            ("days_between(scan_on, registered_on) >= -17", 'T'),
            ("days_between(scan_on, registered_on) <= 12", 'U'),
            ("age(birth, registered_on) >= 65", 'T'),
            ("age(birth, registered_on) >= 66", 'U'),
            ("age(birth, registered_on) <= 66", 'T'),
            ("age(birth, registered_on) in [20, 30]", 'F'),
            ("max(scan_on, registered_on) >= registered_on", 'T'),
            ("known(scan_on)", 'T'),
        ],
    );
    assert_eq!(trial.missing("age(birth, registered_on) >= 66 && ps == '1'"), ["birth"]);
    let value = |source: &str| trial.value_rule(source).value(&trial.values).unwrap();
    assert_eq!(value("scan_on"), day("2026-03-UK"));
    assert_eq!(value("scan_on + '1 month'"), day("2026-04-UK"));
    assert_eq!(value("scan_on + '10 days'"), Value::Missing(Missing::Unknown));
    assert_eq!(value("age(birth, registered_on)"), Value::Missing(Missing::Unknown));
}

#[test]
fn an_incomplete_list_decides_only_what_further_records_cannot_change() {
    let mut trial = Trial::new();
    let records = vec![lesion("liver", "12.5", "2026-03-01"), lesion("bone", "30", "2026-03-02")];
    trial.set("lesions", Value::List(rules::List { complete: false, records }));
    table(
        &trial,
        &[
            ("lesions.exists(l, l.size >= 20)", 'T'),
            ("lesions.exists(l, l.size >= 40)", 'U'),
            ("lesions.all(l, l.size >= 20)", 'F'),
            ("lesions.all(l, l.size >= 10)", 'U'),
            ("lesions.exists_one(l, l.size >= 20)", 'U'),
            ("lesions.exists_one(l, l.size >= 10)", 'F'),
            ("lesions.size() >= 2", 'T'),
            ("lesions.size() > 2", 'U'),
            ("lesions.size() < 2", 'F'),
            ("lesions.size() == 1", 'F'),
            ("lesions.filter(l, l.site == 'bone').size() >= 1", 'T'),
            ("lesions.count(l, l.site == 'bone') == 0", 'F'),
            ("lesions.max(size) >= 30", 'T'),
            ("lesions.max(size) < 30", 'F'),
            ("lesions.max(size) <= 30", 'U'),
            ("lesions.min(l, l.size) <= 12.5", 'T'),
            ("lesions.max(seen_on) >= '2026-03-02'", 'T'),
            ("lesions.max(seen_on) + '1 day' > '2026-03-03'", 'U'),
            ("lesions.sum(size) > 40", 'U'),
            ("lesions.last(size) == 30", 'U'),
            ("'liver' in lesions.map(l, l.site)", 'T'),
            ("'lung' in lesions.map(l, l.site)", 'U'),
            ("known(lesions)", 'F'),
        ],
    );
    trial.set("lesions", Value::List(rules::List { complete: true, records: vec![] }));
    table(
        &trial,
        &[
            ("lesions.exists(l, l.size > 1)", 'F'),
            ("lesions.all(l, l.size > 1)", 'T'),
            ("lesions.size() == 0", 'T'),
            ("lesions.sum(size) == 0", 'T'),
            ("lesions.max(size) > 1", 'U'),
            ("lesions.first(site) == 'bone'", 'U'),
            ("lesions.size() > 0 && lesions.max(size) > 1", 'F'),
        ],
    );
    let Verdict::Unknown(missing) = trial.verdict("lesions.max(size) > 1") else {
        panic!("an empty list has a maximum")
    };
    assert!(missing.iter().all(|m| m.part == rules::Part::AnyRecord) && missing.len() == 1);
}

#[test]
fn numbers_are_exact_and_what_cannot_be_held_is_an_error() {
    let mut trial = Trial::new();
    trial.set("age", Value::Integer(i64::MAX));
    trial.set("creatinine", decimal("0.1"));
    table(
        &trial,
        &[
            ("creatinine + 0.2 == 0.3", 'T'),
            ("creatinine * 3 == 0.3", 'T'),
            ("7 / 2 == 3.5", 'T'),
            ("1 == 1.0", 'T'),
            ("1.50 == 1.5", 'T'),
            ("round(2.5) == 3 && round(-2.5) == -3 && round(0.125, 2) == 0.13", 'T'),
            ("age == 9223372036854775807", 'T'),
            ("age + 1 > 0", 'E'),
            ("age * 2 > 0", 'E'),
            ("age > creatinine", 'T'),
            ("creatinine / (age - age) > 1", 'E'),
            ("7000000000000000000000000000.5 * 100 > 1", 'E'),
            ("registered_on + '8999 years' > scan_on", 'E'),
            ("treatment > duration('90 days')", 'E'),
            ("treatment > duration('2 months') && treatment >= duration('80 days')", 'T'),
        ],
    );
    let Verdict::Error(error) = trial.verdict("consented && age + 1 > 0") else {
        panic!("an overflow passes")
    };
    assert_eq!(
        (error.kind, &"consented && age + 1 > 0"[error.span]),
        (rules::RuleErrorKind::Overflow, "age + 1")
    );
}

#[test]
fn remarks_escapes_and_line_breaks_are_read_as_meant() {
    let mut trial = Trial::new();
    trial.set("note", Value::text("it's \\ 「＝」"));
    table(
        &trial,
        &[
            ("age > 20 // adults only && nothing else", 'T'),
            ("// the first line\n  age > 20\n  && // and\n  consented", 'T'),
            (r"note == 'it\'s \\ 「＝」'", 'T'),
            (r#"note == "it's \\ 「＝」""#, 'T'),
            ("note == 'it'", 'F'),
        ],
    );
}

#[test]
fn a_bare_name_means_the_item_of_the_form_where_the_rule_stands() {
    let trial = Trial::new();
    table(
        &trial,
        &[("weight == 52.4", 'T'), ("week12.weight == 50.1", 'T'), ("weight == baseline.weight", 'T')],
    );
    let rule = trial.rule("weight > 1 && age > 1 && weight < 100");
    let paths: Vec<_> =
        rule.slots().iter().map(|s| trial.dictionary.item(*s).unwrap().path.clone()).collect();
    assert_eq!(paths, ["age", "baseline.weight"]);
}

#[test]
fn a_registered_function_is_typed_reads_items_and_sees_missing_only_if_it_asks_to() {
    use rules::{Kind, Signature, Type};
    let mut trial = Trial::new();
    let sites = Signature::returning(Type::Integer)
        .takes("list", Kind::List)
        .takes("site", Kind::Code(["liver".to_owned(), "bone".to_owned()].into()));
    trial
        .functions
        .register("count_site", sites, |arguments| {
            let (Value::List(list), Some(site)) = (arguments.value(0), arguments.text(1)) else {
                return Err(words::Text::same("not a list and a text"));
            };
            let (at, _) = arguments.record_type(0).and_then(|r| r.field("site")).unwrap();
            Ok(Value::Integer(list.records.iter().filter(|r| r[at] == Value::code(site)).count() as i64))
        })
        .unwrap();
    let fit = Signature::returning(Type::Boolean).reads("ps").reads("age");
    trial
        .functions
        .register("panel.fit", fit, |a| {
            Ok(Value::Boolean(a.value(0) == &Value::code("1") && a.value(1) == &Value::Integer(65)))
        })
        .unwrap();
    let lenient = Signature::returning(Type::Boolean).takes("x", Kind::Number).seeing_missing();
    trial
        .functions
        .register("given", lenient, |a| Ok(Value::Boolean(a.value(0).missing().is_none())))
        .unwrap();
    table(
        &trial,
        &[
            ("count_site(lesions, 'liver') == 1", 'T'),
            ("lesions.count_site('bone') == 1", 'T'),
            ("panel.fit()", 'T'),
            ("given(age)", 'T'),
        ],
    );
    trial.set("ps", Value::Missing(Missing::NotDone));
    trial.set("age", Value::NOT_YET_KNOWN);
    table(&trial, &[("panel.fit()", 'U'), ("given(age)", 'F'), ("given(age + 1)", 'F')]);
    assert_eq!(trial.missing("panel.fit()"), ["age", "ps"]);
    let codes = |source: &str| trial.diagnostics(source).into_iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes("count_site(lesions, 'lungs') == 1"), ["unknown-code"]);
    assert_eq!(codes("count_site(age, 'liver') == 1"), ["type"]);
    assert_eq!(codes("count_site(lesions) == 1"), ["arguments"]);
    assert_eq!(codes("count_site(lesions, 'liver')"), ["not-boolean"]);
    assert!(
        trial
            .functions
            .register("age", Signature::returning(Type::Integer), |_| Ok(Value::Integer(1)))
            .is_err()
    );
}

#[test]
fn a_value_is_kept_only_if_it_is_of_the_declared_type() {
    let mut trial = Trial::new();
    let mut refused = |path: &str, value: Value| trial.values.set(&trial.dictionary, path, value).is_err();
    assert!(refused("sex", Value::code("f")));
    assert!(refused("age", decimal("1.5")));
    assert!(refused("scan_on", Value::text("2026-03-14")));
    assert!(refused("nothing", Value::Boolean(true)));
    assert!(refused(
        "lesions",
        Value::List(rules::List { complete: true, records: vec![[Value::Boolean(true)].into()] })
    ));
    assert!(!refused("creatinine", Value::Integer(1)));
    // An environment that does not keep the types is found out, not believed.
    trial.values.put(trial.dictionary.slot("age").unwrap(), Value::text("65"));
    table(&trial, &[("age > 20", 'E'), ("consented", 'T')]);
}

#[test]
fn values_and_verdicts_are_written_as_json_and_read_back() {
    let mut trial = Trial::new();
    trial.set("ps", Value::NOT_YET_KNOWN);
    let verdict = trial.verdict("ps == '1'");
    let json = serde_json::to_string(&verdict).unwrap();
    assert_eq!(json, r#"{"unknown":[{"slot":2,"path":"ps","part":"value","why":"not_yet_known"}]}"#);
    assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
    for (value, json) in [
        (decimal("1.20"), r#"{"decimal":"1.20"}"#),
        (day("2026-03-UK"), r#"{"date":"2026-03-UK"}"#),
        (Value::Missing(Missing::NotDone), r#"{"missing":"not_done"}"#),
        (Value::Duration("3 months".parse().unwrap()), r#"{"duration":"3 months"}"#),
    ] {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value);
    }
}
