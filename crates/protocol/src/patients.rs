//! The protocol's own test patients: entered, judged, and compared with what they must give.

use crate::check::Finding;
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, did_you_mean, listed};
use crate::tree::{Path, path};
use crate::{Entered, Expected, TestPatient};
use rules::{Value, Values, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use words::Text;

/// What a test patient gave at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Judged {
    Eligible,
    /// The criteria that fail.
    Ineligible(BTreeSet<String>),
    /// No criterion fails, and these items are missing.
    CannotTell(BTreeSet<String>),
    /// A rule has a bug.
    Error(String),
}

/// Runs all test patients; each verdict that differs from what is expected is a finding.
pub(crate) fn run(compiled: &Compiled, found: &mut Vec<Finding>) {
    for (id, patient) in &compiled.protocol.test_patients {
        let before = found.len();
        let Some(written) = written(compiled, id, found) else { continue };
        let values = enter(compiled, &written, found);
        let entered = found.len() == before;
        for (step, expected) in &patient.expect {
            let at = path!["test_patients", id, "expect", step];
            if !compiled.protocol.steps.contains_key(step) {
                let known: Vec<&str> = compiled.protocol.steps.keys().map(String::as_str).collect();
                found.push(unknown(at, &Text::new("登録段階", "registration step"), step, known, true));
                continue;
            }
            let sound = names(compiled, &at, step, expected, found);
            if !entered || !sound {
                continue;
            }
            let values = on_the_day(compiled, step, values.clone());
            let judged = judge(compiled, step, &values);
            if !agrees(expected, &judged) {
                let why = reasons(compiled, step, &values);
                found.push(differs(id, at, expected, &judged, why));
            }
        }
    }
}

/// A patient's values by path, each with where it is written: those of the patients that it is like, then its own.
fn written<'a>(
    compiled: &'a Compiled,
    id: &str,
    found: &mut Vec<Finding>,
) -> Option<BTreeMap<&'a str, (Path, &'a Entered)>> {
    let patients = &compiled.protocol.test_patients;
    let mut chain: Vec<(&String, &TestPatient)> = vec![];
    let mut next = patients.get_key_value(id);
    while let Some((id, patient)) = next {
        chain.push((id, patient));
        let Some(like) = &patient.like else { break };
        next = patients.get_key_value(like);
        let at = path!["test_patients", id, "like"];
        if next.is_none() {
            let known = patients.keys().map(String::as_str).collect();
            found.push(unknown(at, &Text::new("テスト患者", "test patient"), like, known, false));
            return None;
        }
        if chain.iter().any(|(seen, _)| *seen == like) {
            let message = Text::new(
                "テスト患者どうしが互いを手本にしています。",
                "Test patients are like each other in a circle.",
            );
            let hint =
                Text::new("どれか 1 人から like を消してください。", "Remove `like` from one of them.");
            let diagnostic = Diagnostic::error("P0704", message).hint(hint);
            found.push(Finding { path: at, inside: None, on_key: false, diagnostic });
            return None;
        }
    }
    let mut out = BTreeMap::new();
    for (id, patient) in chain.into_iter().rev() {
        for (name, entered) in &patient.values {
            out.insert(name.as_str(), (path!["test_patients", id, "values", name], entered));
        }
    }
    Some(out)
}

/// The values, derived items computed. Values that do not fit are findings.
fn enter(
    compiled: &Compiled,
    written: &BTreeMap<&str, (Path, &Entered)>,
    found: &mut Vec<Finding>,
) -> Values {
    let mut values = Values::new(&compiled.dictionary);
    for (name, (at, entered)) in written {
        let at = at.clone();
        let Some(item) = compiled.dictionary.get(name) else {
            let known = compiled.dictionary.iter().map(|(_, item)| item.path.as_str()).collect();
            found.push(unknown(at, &Text::new("項目", "item"), name, known, true));
            continue;
        };
        let read = match compiled.protocol.item(name) {
            Some((_, item)) if item.derive.is_some() => {
                let message = Text::new(
                    format!("「{name}」は計算される項目なので、値を書けません。"),
                    format!("\"{name}\" is derived and takes no value."),
                );
                found.push(Finding {
                    path: at,
                    inside: None,
                    on_key: true,
                    diagnostic: Diagnostic::error("P0702", message).hint(Text::new(
                        "計算の元になる項目に値を書いてください。",
                        "Give the items that it is computed from.",
                    )),
                });
                continue;
            }
            Some((_, item)) => item.read(entered),
            None => crate::value::read(&item.kind, entered),
        };
        let set = read.and_then(|value| {
            values.set(&compiled.dictionary, name, value).map_err(|error| Text::same(error.to_string()))
        });
        if let Err(expected) = set {
            let message = Text::new(
                format!("「{name}」の値が合いません。"),
                format!("The value of \"{name}\" does not fit."),
            );
            let diagnostic = Diagnostic::error("P0701", message).expected(Text::new(
                format!("書けるもの: {}。", expected.ja),
                format!("Expected: {}.", expected.en),
            ));
            found.push(Finding { path: at, inside: None, on_key: false, diagnostic });
        }
    }
    compiled.settle(&mut values);
    values
}

/// `on` is the day on which the patient is registered at the step, if that is told.
fn on_the_day(compiled: &Compiled, step: &str, mut values: Values) -> Values {
    let slots = (compiled.dictionary.slot(&format!("registered.{step}")), compiled.dictionary.slot("on"));
    if let (Some(registered), Some(on)) = slots
        && values.get(registered).missing().is_none()
    {
        let day = values.get(registered).clone();
        values.put(on, day);
        values.put(registered, Value::NOT_YET_KNOWN);
        compiled.settle(&mut values);
    }
    values
}

fn judge(compiled: &Compiled, step: &str, values: &Values) -> Judged {
    let (mut failing, mut missing) = (BTreeSet::new(), BTreeSet::new());
    for (criterion, verdict) in compiled.judge(step, values) {
        match verdict {
            Verdict::True => {}
            Verdict::False => {
                failing.insert(criterion.id.clone());
            }
            Verdict::Unknown(items) => missing.extend(items.iter().map(|m| m.path.to_string())),
            Verdict::Error(_) => return Judged::Error(criterion.id.clone()),
        }
    }
    match (failing.is_empty(), missing.is_empty()) {
        (false, _) => Judged::Ineligible(failing),
        (true, false) => Judged::CannotTell(missing),
        (true, true) => Judged::Eligible,
    }
}

/// Why the criteria that do not hold, do not.
fn reasons(compiled: &Compiled, step: &str, values: &Values) -> Text {
    let (mut ja, mut en) = (vec![], vec![]);
    for (criterion, verdict) in compiled.judge(step, values) {
        let why = match verdict {
            Verdict::True => continue,
            Verdict::Error(error) => error.message,
            _ => criterion.rule.explain(values, &compiled.dictionary).text,
        };
        ja.push(format!("{}: {}", criterion.id, why.ja));
        en.push(format!("{}: {}", criterion.id, why.en));
    }
    Text::new(ja.join("／"), en.join("; "))
}

fn agrees(expected: &Expected, judged: &Judged) -> bool {
    let set = |list: &Vec<String>| list.iter().cloned().collect::<BTreeSet<_>>();
    match (expected, judged) {
        (Expected::Eligible, Judged::Eligible) => true,
        (Expected::Ineligible(criteria), Judged::Ineligible(failing)) => set(criteria) == *failing,
        (Expected::CannotTell(items), Judged::CannotTell(missing)) => set(items) == *missing,
        _ => false,
    }
}

/// Tells names in an expected verdict that refer to nothing; true if there are none.
fn names(compiled: &Compiled, at: &Path, step: &str, expected: &Expected, found: &mut Vec<Finding>) -> bool {
    let before = found.len();
    let (key, list, known, what) = match expected {
        Expected::Eligible => return true,
        Expected::Ineligible(list) => {
            let known =
                compiled.protocol.steps[step].criteria.iter().map(|c| c.id.as_str()).collect::<Vec<_>>();
            ("ineligible", list, known, Text::new("適格規準", "criterion"))
        }
        Expected::CannotTell(list) => {
            let known = compiled.dictionary.iter().map(|(_, item)| item.path.as_str()).collect();
            ("cannot_tell", list, known, Text::new("項目", "item"))
        }
    };
    for (i, name) in list.iter().enumerate().filter(|(_, name)| !known.contains(&name.as_str())) {
        let mut path = at.clone();
        path.extend(path![key, i]);
        found.push(unknown(path, &what, name, known.clone(), false));
    }
    found.len() == before
}

fn unknown(path: Path, what: &Text, name: &str, known: Vec<&str>, on_key: bool) -> Finding {
    let message = Text::new(
        format!("「{name}」という{}はありません。", what.ja),
        format!("There is no {} \"{name}\".", what.en),
    );
    let all = listed(known.iter().copied());
    let diagnostic = Diagnostic::error("P0301", message)
        .expected(Text::new(format!("あるもの: {}。", all.ja), format!("Known: {}.", all.en)))
        .maybe_hint(did_you_mean(name, known));
    Finding { path, inside: None, on_key, diagnostic }
}

fn differs(id: &str, path: Path, expected: &Expected, judged: &Judged, why: Text) -> Finding {
    fn row<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
        names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
    let wanted = match expected {
        Expected::Eligible => Text::new("適格", "eligible"),
        Expected::Ineligible(list) => {
            Text::new(format!("不適格（{}）", row(list)), format!("ineligible ({})", row(list)))
        }
        Expected::CannotTell(list) => {
            Text::new(format!("判定不能（{}）", row(list)), format!("cannot tell ({})", row(list)))
        }
    };
    let got = match judged {
        Judged::Eligible => Text::new("適格", "eligible"),
        Judged::Ineligible(set) => {
            Text::new(format!("不適格（{}）", row(set)), format!("ineligible ({})", row(set)))
        }
        Judged::CannotTell(set) => {
            Text::new(format!("判定不能（{}）", row(set)), format!("cannot tell ({})", row(set)))
        }
        Judged::Error(c) => Text::new(format!("規則 {c} の誤り"), format!("a bug in rule {c}")),
    };
    let message = Text::new(
        format!("テスト患者「{id}」の判定が違います。期待: {}、結果: {}。", wanted.ja, got.ja),
        format!("Test patient \"{id}\": expected {}, found {}.", wanted.en, got.en),
    );
    let mut diagnostic = Diagnostic::error("P0703", message);
    if !why.is_empty() {
        diagnostic =
            diagnostic.expected(Text::new(format!("理由: {}", why.ja), format!("Because: {}", why.en)));
    }
    diagnostic = diagnostic.hint(Text::new(
        "プロトコルの文と見比べ、規則か、この患者の期待する判定を直してください。",
        "Compare with the protocol's text; mend the rule, or what is expected of this patient.",
    ));
    Finding { path, inside: None, on_key: false, diagnostic }
}
