//! What is said of a mistaken rule.

use crate::trial::*;

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
fn a_value_has_the_type_of_its_expression() {
    let trial = Trial::new();
    let rule = trial.value_rule("round(creatinine * 2, 1)");
    assert_eq!(rule.value(&trial.values).unwrap(), decimal("2.4"));
}
