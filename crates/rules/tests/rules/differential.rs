//! On fully known values our evaluator and the `cel` crate agree wherever both speak the same language.

use crate::toy::Dice;
use proptest::prelude::*;
use rules::*;
use std::collections::HashMap;
use std::sync::Arc;
use words::Text;

/// What both languages have, with the same meaning: no quotients (ours are exact), no decimals, no dates.
struct Common<'d>(&'d mut Dice);

impl Common<'_> {
    fn condition(&mut self, depth: usize, record: bool) -> String {
        if depth == 0 || self.0.one_in(4) {
            return self.leaf(depth, record);
        }
        let d = depth - 1;
        match self.0.below(7) {
            0 => format!("!({})", self.condition(d, record)),
            1 | 2 => format!("{} && {}", self.part(d, record), self.part(d, record)),
            3 | 4 => format!("{} || {}", self.part(d, record), self.part(d, record)),
            5 => format!("({} ? {} : {})", self.part(d, record), self.part(d, record), self.part(d, record)),
            _ => format!("{} == {}", self.part(d, record), self.part(d, record)),
        }
    }

    fn part(&mut self, depth: usize, record: bool) -> String {
        format!("({})", self.condition(depth, record))
    }

    fn leaf(&mut self, depth: usize, record: bool) -> String {
        let op = self.0.text(&["<", "<=", "==", "!=", ">=", ">"]);
        let code = self.0.text(&["x", "y", "z"]);
        let d = depth.saturating_sub(1);
        match self.0.below(if record { 6 } else { 10 }) {
            0 | 1 => self.0.text(&["p", "q", "true", "false"]),
            2 => format!("{} {op} {}", self.number(depth, record), self.number(depth, record)),
            3 => format!("c {} '{code}'", self.0.text(&["==", "!="])),
            4 => format!("c in ['{code}', 'y']"),
            5 if record => format!("r.k == {}", self.0.text(&["c", "'x'", "\"z\""])),
            5 => format!("{} in [1, {}, m]", self.number(d, record), self.number(d, record)),
            6 | 7 => {
                let quantifier = self.0.text(&["all", "exists", "exists_one"]);
                format!("l.{quantifier}(r, {})", self.condition(d, true))
            }
            8 => format!("l.filter(r, {}).size() {op} {}", self.condition(d, true), self.0.below(3)),
            _ => format!("'{code}' in l.map(r, r.k)"),
        }
    }

    fn number(&mut self, depth: usize, record: bool) -> String {
        if depth == 0 || self.0.one_in(3) {
            let from: &[&str] = if record { &["n", "m", "r.v", "3"] } else { &["n", "m", "0", "7"] };
            return self.0.text(from);
        }
        let d = depth - 1;
        match self.0.below(6) {
            0 => format!("({} + {})", self.number(d, record), self.number(d, record)),
            1 => format!("{} - {}", self.number(d, record), self.number(d, record)),
            2 => format!("({} * {})", self.number(d, record), self.number(d, record)),
            3 => format!("-({})", self.number(d, record)),
            4 => "size(l)".into(),
            _ => format!(
                "({} ? {} : {})",
                self.part(d, record),
                self.number(d, record),
                self.number(d, record)
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, ..ProptestConfig::default() })]

    #[test]
    fn a_fully_known_rule_says_what_cel_says(seed: u64) {
        let mut dice = Dice(seed);
        let mut d = Dictionary::new();
        let codes = Type::codes(["x", "y", "z"]);
        let record = RecordType::new([
            Field::new("v", Type::Integer, Text::same("v")),
            Field::new("k", codes.clone(), Text::same("k")),
        ]);
        let mut values = Vec::new();
        let mut theirs = cel::Context::default();
        for (name, kind) in [("p", Type::Boolean), ("q", Type::Boolean), ("n", Type::Integer), ("m", Type::Integer)] {
            d.add(Item::new(name, kind.clone(), Text::same(name))).unwrap();
            let number = dice.below(9) as i64 - 4;
            if kind == Type::Boolean {
                values.push((name, Value::Boolean(number > 0)));
                theirs.add_variable_from_value(name, number > 0);
            } else {
                values.push((name, Value::Integer(number)));
                theirs.add_variable_from_value(name, number);
            }
        }
        let code = dice.text(&["x", "y", "z"]);
        d.add(Item::new("c", codes, Text::same("c"))).unwrap();
        values.push(("c", Value::code(&code)));
        theirs.add_variable_from_value("c", code);
        d.add(Item::new("l", Type::List(Arc::new(record)), Text::same("l"))).unwrap();
        let rows: Vec<(i64, String)> =
            (0..dice.below(4)).map(|_| (dice.below(9) as i64 - 4, dice.text(&["x", "y", "z"]))).collect();
        let records = rows.iter().map(|(v, k)| Arc::from([Value::Integer(*v), Value::code(k)])).collect();
        values.push(("l", Value::List(List { complete: true, records })));
        let maps: Vec<cel::Value> = rows
            .iter()
            .map(|(v, k)| {
                let map: HashMap<String, cel::Value> =
                    [("v".to_owned(), (*v).into()), ("k".to_owned(), k.as_str().into())].into();
                map.into()
            })
            .collect();
        theirs.add_variable_from_value("l", maps);

        let mut known = Values::new(&d);
        for (name, value) in values {
            known.set(&d, name, value).unwrap();
        }
        let source = Common(&mut dice).condition(4, false);
        let ours = Rule::compile(&source, &Scope::new(&d), &Functions::standard())
            .unwrap_or_else(|e| panic!("{source}: {e:#?}"));
        let program = cel::Program::compile(&source).unwrap();
        let expected = match program.execute(&theirs) {
            Ok(cel::Value::Bool(true)) => Verdict::True,
            Ok(cel::Value::Bool(false)) => Verdict::False,
            other => panic!("{source}: cel says {other:?}"),
        };
        prop_assert_eq!(ours.verdict(&known), expected, "{}", source);
    }
}
