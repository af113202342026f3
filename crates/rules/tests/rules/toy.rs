//! Random rules over a few items with small domains, and random values for them.

use rules::*;
use std::sync::Arc;
use words::Text;

/// SplitMix64 (Steele, Lea & Flood 2014): small, and the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn text(&mut self, from: &[&str]) -> String {
        self.pick(from).to_owned()
    }
}

pub fn dictionary() -> Dictionary {
    let mut d = Dictionary::new();
    let record = RecordType::new([
        Field::new("v", Type::Integer, Text::same("v")),
        Field::new("k", Type::codes(["x", "y", "z"]), Text::same("k")),
    ]);
    let kinds = [
        ("b0 b1 b2 b3 b4 b5", Type::Boolean),
        ("c0 c1 c2", Type::codes(["x", "y", "z"])),
        ("n0 n1 n2 n3", Type::Integer),
        ("d0 d1 d2", Type::Date),
        ("l0 l1", Type::List(Arc::new(record))),
    ];
    for (names, kind) in kinds {
        for name in names.split(' ') {
            d.add(Item::new(name, kind.clone(), Text::same(name))).unwrap();
        }
    }
    d
}

pub fn day(s: &str) -> Value {
    Value::Date(s.parse().unwrap())
}

/// Values that an item of this type may be filled with.
pub fn domain(kind: &Type) -> Vec<Value> {
    match kind {
        Type::Boolean => vec![Value::Boolean(true), Value::Boolean(false)],
        Type::Code { codes } => codes.iter().map(|c| Value::code(c)).collect(),
        Type::Integer => [-10, 0, 10].map(Value::Integer).to_vec(),
        Type::Date => ["2000-01-01", "2026-03-10", "2050-12-31"].map(day).to_vec(),
        _ => Vec::new(),
    }
}

fn present(kind: &Type, dice: &mut Dice) -> Value {
    match kind {
        Type::Date => day(dice.pick(&[
            "2026-03-01",
            "2026-03-10",
            "2026-03-31",
            "2026-03-UK",
            "2026-UK-UK",
            "2026-02-UK",
        ])),
        Type::List(record) => {
            let records = (0..dice.below(4))
                .map(|_| record.fields.iter().map(|f| value(&f.kind, dice)).collect::<Vec<_>>().into())
                .collect();
            Value::List(List { complete: !dice.one_in(3), records })
        }
        kind => dice.pick(&domain(kind)),
    }
}

/// A random value, missing one time in three.
pub fn value(kind: &Type, dice: &mut Dice) -> Value {
    if dice.one_in(3) { Value::Missing(dice.pick(&Missing::ALL)) } else { present(kind, dice) }
}

pub fn values(d: &Dictionary, dice: &mut Dice) -> Values {
    let mut all = Values::new(d);
    for (slot, item) in d.iter() {
        all.put(slot, value(&item.kind, dice));
    }
    all
}

/// Fills some of what is missing: `only_new` fills only what is "not yet known".
pub fn refine(value: &Value, kind: &Type, only_new: bool, dice: &mut Dice) -> Value {
    match value {
        Value::Missing(Missing::NotYetKnown) => match dice.below(4) {
            0 => value.clone(),
            1 => Value::Missing(dice.pick(&Missing::ALL)),
            _ => present(kind, dice),
        },
        Value::Missing(_) if only_new || dice.one_in(3) => value.clone(),
        Value::Missing(_) => present(kind, dice),
        Value::Date(d) if d.day().is_none() && !dice.one_in(3) => {
            Value::Date(dice.pick(&[d.earliest(), d.latest()]).into())
        }
        Value::List(list) => {
            let Type::List(record) = kind else { panic!("a list where {kind:?} is declared") };
            let mut records: Vec<Arc<[Value]>> = list
                .records
                .iter()
                .map(|r| {
                    r.iter().zip(&record.fields).map(|(v, f)| refine(v, &f.kind, only_new, dice)).collect()
                })
                .collect();
            let mut complete = list.complete;
            if !list.complete {
                for _ in 0..dice.below(3) {
                    records.push(record.fields.iter().map(|f| self::value(&f.kind, dice)).collect());
                }
                complete = dice.one_in(2);
            }
            Value::List(List { complete, records })
        }
        other => other.clone(),
    }
}

/// Makes random rules.
pub struct Maker<'d> {
    pub dice: &'d mut Dice,
    /// Whether `unknown`, `not_done` and `not_applicable` occur.
    pub tests: bool,
    /// Whether a division may fail.
    pub errors: bool,
}

impl Maker<'_> {
    pub fn condition(&mut self, depth: usize) -> String {
        if depth == 0 || self.dice.one_in(4) {
            return self.leaf(depth);
        }
        let d = depth - 1;
        match self.dice.below(8) {
            0 => format!("!({})", self.condition(d)),
            1 | 2 => format!("({}) && ({})", self.condition(d), self.condition(d)),
            3 => format!("({}) && ({}) && ({})", self.condition(d), self.condition(d), self.condition(d)),
            4 | 5 => format!("({}) || ({})", self.condition(d), self.condition(d)),
            6 => format!("(({}) ? ({}) : ({}))", self.condition(d), self.condition(d), self.condition(d)),
            _ => format!("({}) == ({})", self.condition(d), self.condition(d)),
        }
    }

    fn leaf(&mut self, depth: usize) -> String {
        let b = self.dice.text(&["b0", "b1", "b2", "b3"]);
        let c = self.dice.text(&["c0", "c1"]);
        let list = self.dice.text(&["l0", "l1"]);
        let op = self.dice.text(&["<", "<=", "==", "!=", ">=", ">"]);
        let eq = self.dice.text(&["==", "!="]);
        let code = self.dice.text(&["x", "y", "z"]);
        match self.dice.below(if self.tests { 14 } else { 13 }) {
            0 | 1 => b,
            2 => format!("{c} {eq} '{code}'"),
            3 => format!("{c} in ['x', c2]"),
            4 | 5 => format!("{} {op} {}", self.number(depth), self.number(depth)),
            6 => format!("{} {op} {}", self.date(), self.date()),
            7 | 8 => {
                let quantifier = self.dice.text(&["all", "exists", "exists_one"]);
                format!("{list}.{quantifier}(r, {})", self.of_record())
            }
            9 => format!("'{code}' in {list}.map(r, r.k)"),
            10 => format!("{list}.filter(r, {}).size() {op} {}", self.of_record(), self.dice.below(3)),
            11 => format!("days_between({}, {}) {op} {}", self.date(), self.date(), self.number(0)),
            12 => format!("{list}.filter(r, {}).first(k) {eq} '{code}'", self.of_record()),
            _ => {
                let test = self.dice.text(&["unknown", "not_done", "not_applicable"]);
                format!("{test}({})", self.dice.text(&["b0", "c0", "n0", "d0", "l0"]))
            }
        }
    }

    fn of_record(&mut self) -> String {
        let op = self.dice.text(&["<", "==", ">="]);
        match self.dice.below(5) {
            0 => format!("r.v {op} {}", self.number(0)),
            1 => "r.k == 'x'".into(),
            2 => format!("r.k == c0 && r.v {op} n0"),
            3 => "l1.exists(s, s.k == r.k)".into(),
            _ => format!("r.v {op} 0 || b0"),
        }
    }

    fn date(&mut self) -> String {
        let date = self.dice.text(&["d0", "d1", "d2", "date('2026-03-10')"]);
        match self.dice.below(5) {
            0 => format!("{date} + '1 month'"),
            1 => format!("{date} - '10 days'"),
            2 => format!("max({date}, d0)"),
            _ => date,
        }
    }

    pub fn number(&mut self, depth: usize) -> String {
        if depth == 0 || self.dice.one_in(3) {
            return match self.dice.below(5) {
                0 => self.dice.text(&["0", "1", "10", "0.5"]),
                _ => self.dice.text(&["n0", "n1", "n2", "n3"]),
            };
        }
        let d = depth - 1;
        match self.dice.below(if self.errors { 11 } else { 10 }) {
            0 | 1 => format!("({} + {})", self.number(d), self.number(d)),
            2 => format!("({} - {})", self.number(d), self.number(d)),
            3 => format!("({} * {})", self.number(d), self.number(d)),
            4 => format!("min({}, {})", self.number(d), self.number(d)),
            5 => format!("max({}, {})", self.number(d), self.number(d)),
            6 => format!("(({}) ? {} : {})", self.condition(d), self.number(d), self.number(d)),
            7 => format!("count({}, {}, b0)", self.condition(d), self.condition(d)),
            8 => format!("l0.{}(v)", self.dice.text(&["sum", "min", "max", "first", "last"])),
            9 => "size(l0)".into(),
            _ => format!("({} / {})", self.number(d), self.number(d)),
        }
    }
}
