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
