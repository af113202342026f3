//! The rows that the report's tests lay out: a made-up study with made-up participants, analysed here.

use crate::cohort::{Cohort, Found, Graded, Person, Registered, Tri};
use crate::{Results, plan};
use jiff::Span;
use jiff::civil::date;
use protocol::Protocol;
use rules::{Missing, Value};
use std::path::Path;
use words::{Decimal, Text};

/// Numbers that look random and are the same on every machine (Lehmer, modulus 2^31 - 1, multiplier 48271).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 * n / 2_147_483_647
    }

    fn uniform(&mut self) -> f64 {
        self.below(1_000_000) as f64 / 1_000_000.0 + 5e-7
    }
}

pub(crate) fn people() -> Vec<Person> {
    let mut dice = Dice(20_110_511);
    (1..=130).map(|id| one(id, &mut dice)).collect()
}

fn one(id: u32, dice: &mut Dice) -> Person {
    let first = date(2011, 5, 1)
        .checked_add(Span::new().days((id as i64 * 81) / 10 + dice.below(20) as i64))
        .unwrap();
    let mut p = Person { id, site: format!("S{}", dice.below(5) + 1), ..Person::default() };
    let hold = |on| Registered { on, cancelled: false };
    let code = |c: &str| Value::code(c);
    p.values.insert("first.age".into(), Value::Integer(35 + dice.below(45) as i64));
    let subtype = ["luminal", "luminal", "luminal", "her2", "triple"][dice.below(5) as usize];
    p.values.insert("first.subtype".into(), code(subtype));
    p.values.insert(
        "first.menopause".into(),
        match dice.below(12) {
            0 => Value::Missing(Missing::Unknown),
            n if n < 5 => code("pre"),
            _ => code("post"),
        },
    );
    p.values.insert(
        "first.tumour_size".into(),
        match dice.below(15) {
            0 => Value::Missing(Missing::NotDone),
            n => Value::Decimal(Decimal::new(12 + 5 * n as i64 + dice.below(5) as i64, 1)),
        },
    );
    match dice.below(20) {
        0 => {
            p.refused.insert("first".into(), "criterion:E1".into());
            return p;
        }
        1 if id.is_multiple_of(2) => {
            p.refused.insert("first".into(), "cannot_tell".into());
            return p;
        }
        _ => {}
    }
    p.steps.insert("first".into(), hold(first));
    let second = first.checked_add(Span::new().days(85 + dice.below(30) as i64)).unwrap();
    match dice.below(12) {
        0 | 1 => {
            p.refused.insert("second".into(), "criterion:II1".into());
            return p;
        }
        2 if id.is_multiple_of(3) => {
            p.facts.insert("death".into(), Found::On(first.checked_add(Span::new().days(60)).unwrap()));
            return p;
        }
        2 => {
            p.withdrew_follow_up = Some(first.checked_add(Span::new().days(40)).unwrap());
            return p;
        }
        _ => {}
    }
    p.steps.insert("second".into(), hold(second));
    let arm = if dice.below(2) == 0 { "A" } else { "B" };
    p.arms.insert("surgery".into(), arm.into());
    let hazard = if arm == "A" { 0.000_33 } else { 0.000_28 } * if subtype == "triple" { 2.0 } else { 1.0 };
    let death = (-dice.uniform().ln() / hazard) as i64 + 1;
    let last = 200 + dice.below(2600) as i64;
    let day = |n: i64| second.checked_add(Span::new().days(n)).unwrap();
    if (40..45).contains(&id) {
        p.facts.insert("death".into(), Found::Within("2014-UK-UK".parse().unwrap()));
    } else if death <= last {
        p.facts.insert("death".into(), Found::On(day(death)));
    } else {
        p.facts.insert("alive".into(), Found::On(day(last)));
    }
    if id.is_multiple_of(37) {
        p.ineligible.insert("first".into());
    }
    let mut records = Vec::new();
    for term in ["neutropenia", "nausea", "ulcer", "bleeding"] {
        let grade = dice.below(9);
        if (1..=4).contains(&grade) {
            let grade = (!id.is_multiple_of(29)).then_some(if grade == 4 { 3 } else { grade as u8 });
            records.push(Graded { term: Some(term.into()), system: None, grade, counts: Tri::True });
        }
    }
    let ulcer = records.iter().any(|r| r.term.as_deref() == Some("ulcer"));
    p.rules.insert("ulcer".into(), if ulcer { Tri::True } else { Tri::False });
    p.records.insert("ae".into(), records);
    p
}

pub(crate) fn protocol() -> Protocol {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("../report/tests/study");
    protocol::load(&study).unwrap().compiled.protocol.clone()
}

fn results(people: Vec<Person>, by_arm: Result<(), Text>) -> Results {
    let sites = (1..=5)
        .map(|i| (format!("S{i}"), Text::new(format!("第{i}病院"), format!("Hospital {i}"))))
        .collect();
    let cohort = Cohort { cutoff: date(2019, 1, 31), sites, people };
    Results {
        study: "MADEUP-01".into(),
        nature: "simulated".into(),
        protocol_version: "1.2".into(),
        protocol: "00".repeat(32),
        cutoff: cohort.cutoff,
        seq: 4321,
        head: "0123456789abcdef".repeat(4),
        engine: "shirube 0.1.0".into(),
        imported: Vec::new(),
        rows: plan::all(&cohort, &protocol(), &by_arm),
        reference: None,
    }
}

/// Set BLESS=1 to write the files anew after a change that is meant.
#[test]
fn the_rows_that_the_report_lays_out_are_those_that_the_analysis_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../report/tests/data");
    let refused = Err(Text::new("計画された中間解析の記録がありません。", "No planned look was recorded."));
    let one =
        people().into_iter().find(|p| p.arms.get("surgery").is_some_and(|a| a == "A")).into_iter().collect();
    for (name, found) in [
        ("full.json", results(people(), Ok(()))),
        ("empty.json", results(Vec::new(), Ok(()))),
        ("one_patient.json", results(one, Ok(()))),
        ("refused.json", results(people(), refused)),
    ] {
        let rows: Vec<String> = found.rows.iter().map(|r| serde_json::to_string(r).unwrap()).collect();
        let head = serde_json::to_string(&Results { rows: Vec::new(), ..found }).unwrap();
        let text = head.replace("\"rows\":[]", &format!("\"rows\":[\n{}\n]", rows.join(",\n"))) + "\n";
        let path = folder.join(name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "{name} differs; look at it with BLESS=1 and git diff");
    }
}
