//! Laws that hold for every rule, tried on random rules and values.

use crate::toy::*;
use proptest::prelude::*;
use rules::*;
use std::sync::Arc;

fn compile(source: &str, d: &Dictionary) -> Rule {
    Rule::compile(source, &Scope::new(d), &Functions::standard())
        .unwrap_or_else(|e| panic!("{source}: {e:#?}"))
}

fn refined(all: &Values, d: &Dictionary, only_new: bool, dice: &mut Dice) -> Values {
    let mut filled = all.clone();
    for (slot, item) in d.iter() {
        filled.put(slot, refine(all.get(slot), &item.kind, only_new, dice));
    }
    filled
}

/// Outcome, and what is missing.
fn said(rule: &Rule, all: &Values) -> (Outcome, Vec<(Slot, Part)>) {
    let verdict = rule.verdict(all);
    let missing = match &verdict {
        Verdict::Unknown(missing) => missing.iter().map(|m| (m.slot, m.part.clone())).collect(),
        _ => Vec::new(),
    };
    (verdict.outcome(), missing)
}

/// Something that is missing and can be filled.
#[derive(Clone, Debug, PartialEq)]
struct Hole {
    slot: Slot,
    part: Part,
    fills: Vec<Value>,
}

/// Everything that is missing, each with the values it may have. Fields that are filled change the record; further
/// records are a list of them.
fn holes(all: &Values, d: &Dictionary, tested: &str) -> Vec<Hole> {
    let mut out = Vec::new();
    for (slot, item) in d.iter() {
        match (all.get(slot), &item.kind) {
            (Value::Missing(_), Type::List(_)) => {}
            (Value::Missing(why), kind) => {
                let mut fills = domain(kind);
                if *kind == Type::Integer {
                    // Far enough to outweigh any known number.
                    fills.extend([-100, 100].map(Value::Integer));
                }
                if *kind == Type::Date {
                    // Days inside of the months that may be partly known, and a month before and after.
                    fills.extend(["2026-01-15", "2026-02-15", "2026-04-15"].map(day));
                }
                if item.path == tested && *why == Missing::NotYetKnown {
                    fills.push(Value::Missing(Missing::Unknown));
                }
                if item.path != tested || *why == Missing::NotYetKnown {
                    out.push(Hole { slot, part: Part::Value, fills });
                }
            }
            (Value::Date(p), _) if p.day().is_none() => {
                let inside = ["2026-02-15", "2026-03-10", "2026-04-15"].map(|day| day.parse().unwrap());
                let ends = [p.earliest(), p.earliest().tomorrow().unwrap(), p.latest()];
                let fills = ends.into_iter().chain(inside.into_iter().filter(|day| p.may_be(*day)));
                let fills = fills.map(|day| Value::Date(day.into())).collect();
                out.push(Hole { slot, part: Part::DayOfDate, fills });
            }
            (Value::List(list), Type::List(record)) => {
                for (r, fields) in list.records.iter().enumerate() {
                    for (f, _) in fields.iter().enumerate().filter(|(_, v)| v.missing().is_some()) {
                        let fills = domain(&record.fields[f].kind);
                        out.push(Hole { slot, part: Part::Field { record: r, field: f }, fills });
                    }
                }
                if !list.complete {
                    let one = |v: i64, k: &str| Arc::from([Value::Integer(v), Value::code(k)]);
                    let more =
                        [vec![], vec![one(10, "x")], vec![one(-10, "y")], vec![one(10, "x"), one(10, "x")]];
                    let fills = more.map(|records| Value::List(List { complete: true, records })).to_vec();
                    out.push(Hole { slot, part: Part::Records, fills });
                }
            }
            _ => {}
        }
    }
    out
}

fn fill(all: &mut Values, hole: &Hole, with: &Value) {
    match (&hole.part, all.get(hole.slot).clone(), with) {
        (Part::Field { record, field }, Value::List(mut list), with) => {
            let mut fields = list.records[*record].to_vec();
            fields[*field] = with.clone();
            list.records[*record] = fields.into();
            all.put(hole.slot, Value::List(list));
        }
        (Part::Records, Value::List(mut list), Value::List(more)) => {
            list.complete = true;
            list.records.extend(more.records.iter().cloned());
            all.put(hole.slot, Value::List(list));
        }
        (_, _, with) => all.put(hole.slot, with.clone()),
    }
}

/// A random rule that names each item once, whose conditions can all come out either way. Answers the rule and the
/// item whose kind of missing it asks for.
fn read_once(dice: &mut Dice) -> String {
    let mut atoms: Vec<&str> = vec![
        "b0",
        "b1",
        "!b2",
        "c0 == 'x'",
        "unknown(c1)",
        "c2 in ['x', 'y']",
        "n0 > 0",
        "n1 + n2 > 0",
        "n3 * 2 != 20",
        "d0 >= '2026-03-10'",
        "d1 + '1 month' > d2",
        "count(b3, b4, b5) >= 2",
        "l0.exists(r, r.v > 0)",
        "l1.filter(r, r.k == 'x').size() >= 2",
    ];
    let mut parts = Vec::new();
    for _ in 0..2 + dice.below(4) {
        let at = dice.below(atoms.len());
        parts.push(atoms.swap_remove(at).to_owned());
    }
    while parts.len() > 1 {
        let (a, b) = (parts.remove(dice.below(parts.len())), parts.remove(dice.below(parts.len())));
        let joined = match dice.below(5) {
            0 | 1 => format!("({a} && {b})"),
            2 | 3 => format!("({a} || {b})"),
            _ if !parts.is_empty() => {
                let c = parts.remove(dice.below(parts.len()));
                format!("({a} ? {b} : {c})")
            }
            _ => format!("!({a} && {b})"),
        };
        parts.push(joined);
    }
    parts.remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, ..ProptestConfig::default() })]

    #[test]
    fn filling_what_is_missing_never_changes_a_settled_verdict(seed: u64) {
        let (d, mut dice) = (dictionary(), Dice(seed));
        let tests = dice.one_in(2);
        let source = Maker { dice: &mut dice, tests, errors: true }.condition(3);
        let rule = compile(&source, &d);
        let before = values(&d, &mut dice);
        let after = refined(&before, &d, tests, &mut dice);
        let (was, is) = (rule.verdict(&before).outcome(), rule.verdict(&after).outcome());
        prop_assert!(was == Outcome::Unknown || was == is, "{source}: {was:?} became {is:?}\n{before:?}\n{after:?}");
    }

    #[test]
    fn filling_what_is_missing_never_changes_a_settled_value(seed: u64) {
        let (d, mut dice) = (dictionary(), Dice(seed));
        let source = Maker { dice: &mut dice, tests: false, errors: true }.number(3);
        let rule = Rule::compile_value(&source, &Scope::new(&d), &Functions::standard(), None).unwrap();
        let before = values(&d, &mut dice);
        let after = refined(&before, &d, false, &mut dice);
        let (was, is) = (rule.value(&before), rule.value(&after));
        let open = matches!(was, Ok(Value::Missing(_)));
        prop_assert!(open || was == is || was.is_err() && is.is_err(), "{source}: {was:?} became {is:?}");
        prop_assert_eq!(open, !rule.missing_for(&before).is_empty(), "{}", source);
    }

    #[test]
    fn not_both_is_the_same_as_either_not(seed: u64) {
        let (d, mut dice) = (dictionary(), Dice(seed));
        let mut make = Maker { dice: &mut dice, tests: true, errors: true };
        let (a, b) = (make.condition(2), make.condition(2));
        let all = values(&d, &mut dice);
        for (left, right) in [
            (format!("!(({a}) && ({b}))"), format!("!({a}) || !({b})")),
            (format!("!(({a}) || ({b}))"), format!("!({a}) && !({b})")),
            (format!("!!({a})"), a.clone()),
            (format!("({a}) ? true : false"), a.clone()),
        ] {
            prop_assert_eq!(said(&compile(&left, &d), &all), said(&compile(&right, &d), &all), "{} / {}", left, right);
        }
    }

    #[test]
    fn the_order_of_conditions_does_not_matter(seed: u64) {
        let (d, mut dice) = (dictionary(), Dice(seed));
        let mut make = Maker { dice: &mut dice, tests: true, errors: true };
        let (a, b, c) = (make.condition(2), make.condition(2), make.condition(1));
        let all = values(&d, &mut dice);
        for (left, right) in [
            (format!("({a}) && ({b}) && ({c})"), format!("({c}) && (({b}) && ({a}))")),
            (format!("({a}) || ({b}) || ({c})"), format!("({c}) || (({b}) || ({a}))")),
            (format!("({a}) == ({b})"), format!("({b}) == ({a})")),
            (format!("count({a}, {b}, {c}) >= 2"), format!("2 <= count({c}, {a}, {b})")),
        ] {
            prop_assert_eq!(said(&compile(&left, &d), &all), said(&compile(&right, &d), &all), "{} / {}", left, right);
        }
    }

    #[test]
    fn what_is_not_reported_as_missing_cannot_settle_the_verdict(seed: u64) {
        let (d, mut dice) = (dictionary(), Dice(seed));
        let source = Maker { dice: &mut dice, tests: false, errors: true }.condition(3);
        let rule = compile(&source, &d);
        let all = values(&d, &mut dice);
        let Verdict::Unknown(missing) = rule.verdict(&all) else { return Ok(()) };
        prop_assert!(!missing.is_empty(), "{source} is unknown because of nothing\n{all:?}");
        let mut filled = all.clone();
        for (slot, item) in d.iter().filter(|(slot, _)| missing.iter().all(|m| m.slot != *slot)) {
            filled.put(slot, refine(all.get(slot), &item.kind, false, &mut dice));
        }
        prop_assert_eq!(rule.verdict(&filled).outcome(), Outcome::Unknown, "{}\n{:?}\n{:?}", source, all, filled);
    }

    #[test]
    fn an_explanation_agrees_with_the_verdict(seed: u64) {
        let (d, mut dice) = (dictionary(), Dice(seed));
        let source = Maker { dice: &mut dice, tests: true, errors: true }.condition(3);
        let rule = compile(&source, &d);
        let all = values(&d, &mut dice);
        let explanation = rule.explain(&all, &d);
        prop_assert_eq!(explanation.verdict, rule.verdict(&all).outcome(), "{}", source);
        prop_assert!(!explanation.text.ja.is_empty() && !explanation.text.en.is_empty());
        // Parentheses and white space around it do not change what is read.
        prop_assert_eq!(said(&compile(&format!("({})", source.replace(" && ", "\n  &&\t")), &d), &all), said(&rule, &all));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    /// The law of `docs/rules.md`, "What is missing".
    #[test]
    fn each_reported_item_can_change_the_verdict_of_a_rule_that_names_each_item_once(seed: u64) {
        let (d, mut dice) = (dictionary(), Dice(seed));
        let source = read_once(&mut dice);
        let rule = compile(&source, &d);
        let all = values(&d, &mut dice);
        let Verdict::Unknown(missing) = rule.verdict(&all) else { return Ok(()) };
        let reported: Vec<(Slot, Part)> = missing.iter().map(|m| (m.slot, m.part.clone())).collect();
        // Lists that are missing as a whole have no small domain.
        if missing.iter().any(|m| matches!(d.item(m.slot).map(|i| &i.kind), Some(Type::List(_))) && m.part == Part::Value) {
            return Ok(());
        }
        let open: Vec<Hole> =
            holes(&all, &d, "c1").into_iter().filter(|h| reported.contains(&(h.slot, h.part.clone()))).collect();
        prop_assert_eq!(open.len(), reported.len(), "{}: {:?} against {:?}", source, open, reported);
        let completions: usize = open.iter().map(|h| h.fills.len()).product();
        if completions > 3000 {
            return Ok(());
        }
        for (at, hole) in open.iter().enumerate() {
            let can = (0..completions / hole.fills.len()).any(|mut number| {
                let mut others = all.clone();
                for (_, other) in open.iter().enumerate().filter(|(i, _)| *i != at) {
                    fill(&mut others, other, &other.fills[number % other.fills.len()]);
                    number /= other.fills.len();
                }
                let outcomes: Vec<Outcome> = hole
                    .fills
                    .iter()
                    .map(|with| {
                        let mut filled = others.clone();
                        fill(&mut filled, hole, with);
                        rule.verdict(&filled).outcome()
                    })
                    .collect();
                outcomes.contains(&Outcome::True) && outcomes.contains(&Outcome::False)
            });
            prop_assert!(can, "{source}: {hole:?} cannot change the verdict\n{all:?}");
        }
    }

    #[test]
    fn any_text_is_compiled_or_refused_without_a_panic(text in "\\PC{0,60}") {
        let _ = Rule::compile(&text, &Scope::new(&dictionary()), &Functions::standard());
    }

    #[test]
    fn any_heap_of_tokens_is_compiled_or_refused_with_places_inside_the_text(seed: u64) {
        const TOKENS: [&str; 52] = [
            "b0", "c0", "n0", "d0", "l0", "r", "r.v", ".", ",", "(", ")", "[", "]", "&&", "||", "!", "==", "=", "!=", "<",
            ">=", "+", "-", "*", "/", "?", ":", "in", "and", "not", "or", "1", "2.5", "'x'", "\"y", "'", "'1 month'",
            "＝", "≧", "「", "１", "all", "exists(r, ", "filter(r, ", "map(r, ", "size()", "count(", "age(", "known(",
            "date('2026-01-01')", "　", "歳",
        ];
        let mut dice = Dice(seed);
        let text: String = (0..dice.below(25)).map(|_| dice.text(&TOKENS) + dice.pick(&["", " "])).collect();
        let d = dictionary();
        match Rule::compile(&text, &Scope::new(&d), &Functions::standard()) {
            Ok(rule) => {
                let all = values(&d, &mut dice);
                prop_assert_eq!(rule.explain(&all, &d).verdict, rule.verdict(&all).outcome());
            }
            Err(found) => {
                prop_assert!(!found.is_empty());
                for d in found {
                    prop_assert!(text.get(d.span.clone()).is_some(), "{d:?} in {text}");
                    prop_assert!(!d.message.ja.is_empty() && !d.message.en.is_empty());
                }
            }
        }
    }
}
