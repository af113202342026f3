//! How long a five-clause rule takes, beside the `cel` crate, in one run.
//!
//! `cargo run --release --manifest-path bench/rules/Cargo.toml`. Exit code 1 when the first ratio is above one tenth.
#![forbid(unsafe_code)]

use rules::{
    Dictionary, Field, Functions, Item, List, RecordType, Rule, Scope, Type, Value, Values, Verdict,
};
use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use words::Text;

/// Each rule is true of the values below in both languages, so that every clause is looked at.
const RULES: [(&str, &str); 3] = [
    ("five clauses", "sex == 'female' && age >= 20 && age <= 80 && ps in ['0', '1'] && creatinine <= 15"),
    (
        "five clauses with exists",
        "sex == 'female' && age >= 20 && age <= 80 && ps in ['0', '1'] && lesions.exists(l, l.size >= 20)",
    ),
    ("one clause", "age >= 20"),
];

const ROUNDS: usize = 15;
const AT_MOST: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    let (dictionary, values, context) = world()?;
    let scope = Scope::new(&dictionary);
    let mut first_ratio = 0.0;
    println!(
        "{:<26} {:>10} {:>10} {:>8} {:>12} {:>12}",
        "evaluation", "rules", "cel", "ratio", "compile", "cel compile"
    );
    for (at, (name, source)) in RULES.into_iter().enumerate() {
        let rule =
            Rule::compile(source, &scope, &Functions::standard()).map_err(|d| format!("{source}: {d:?}"))?;
        let program = cel::Program::compile(source)?;
        // Both must say the same before either is timed.
        if rule.verdict(&values) != Verdict::True || program.execute(&context)? != cel::Value::Bool(true) {
            return Err(format!("`{source}` is not true").into());
        }
        let (ours, theirs) =
            alternate(&mut || drop(black_box(black_box(&rule).verdict(black_box(&values)))), &mut || {
                drop(black_box(black_box(&program).execute(black_box(&context))))
            });
        let (our_compile, their_compile) = alternate(
            &mut || drop(black_box(Rule::compile(black_box(source), &scope, &Functions::standard()))),
            &mut || drop(black_box(cel::Program::compile(black_box(source)))),
        );
        let ratio = ours / theirs;
        if at == 0 {
            first_ratio = ratio;
        }
        println!(
            "{name:<26} {ours:>7.0} ns {theirs:>7.0} ns {ratio:>8.3} {:>9.1} µs {:>9.1} µs",
            our_compile / 1000.0,
            their_compile / 1000.0
        );
    }
    if first_ratio > AT_MOST {
        return Err(format!(
            "a five-clause rule takes {first_ratio:.3} of cel's time, at most {AT_MOST} is allowed"
        )
        .into());
    }
    Ok(())
}

/// Least nanoseconds per call of each, measured in turns so that a busy machine hurts both alike.
fn alternate(a: &mut dyn FnMut(), b: &mut dyn FnMut()) -> (f64, f64) {
    let mut least = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        least.0 = least.0.min(per_call(a));
        least.1 = least.1.min(per_call(b));
    }
    least
}

fn per_call(run: &mut dyn FnMut()) -> f64 {
    let (mut calls, start) = (0u32, Instant::now());
    while start.elapsed() < Duration::from_millis(20) {
        for _ in 0..64 {
            run();
        }
        calls += 64;
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn world() -> Result<(Dictionary, Values, cel::Context<'static, 'static>), Box<dyn Error>> {
    let mut dictionary = Dictionary::new();
    let lesion = RecordType::new([Field::new("size", Type::Integer, Text::same("size"))]);
    for (path, kind) in [
        ("sex", Type::codes(["female", "male"])),
        ("age", Type::Integer),
        ("ps", Type::codes(["0", "1", "2", "3", "4"])),
        ("creatinine", Type::Integer),
        ("lesions", Type::List(Arc::new(lesion))),
    ] {
        dictionary.add(Item::new(path, kind, Text::same(path)))?;
    }
    let sizes = [12i64, 15, 30];
    let records = sizes.map(|size| Arc::from([Value::Integer(size)])).to_vec();
    let mut values = Values::new(&dictionary);
    for (path, value) in [
        ("sex", Value::code("female")),
        ("age", Value::Integer(65)),
        ("ps", Value::code("1")),
        ("creatinine", Value::Integer(12)),
        ("lesions", Value::List(List { complete: true, records })),
    ] {
        values.set(&dictionary, path, value)?;
    }
    let mut context = cel::Context::default();
    context.add_variable_from_value("sex", "female");
    context.add_variable_from_value("age", 65i64);
    context.add_variable_from_value("ps", "1");
    context.add_variable_from_value("creatinine", 12i64);
    let maps: Vec<cel::Value> = sizes
        .iter()
        .map(|size| HashMap::from([("size".to_owned(), cel::Value::from(*size))]).into())
        .collect();
    context.add_variable_from_value("lesions", maps);
    Ok((dictionary, values, context))
}
