//! What the study is, what it counts, and how it is analysed.

use super::{joined, listed, occasion, rule, sentence, step};
use crate::document::{Block, Cell, Inline, Line, Table, Words};
use crate::phrase;
use crate::say::Tell;
use protocol::{Alpha, EndpointEvent, Expected, Protocol, Sensitivity, What};
use serde_json::Value;
use words::{Decimal, calendar, number};

pub(super) fn summary(p: &Protocol, t: Tell) -> Vec<Block> {
    let mut out = vec![Block::heading(1, "summary", t.say("read-summary"))];
    if !p.summary.is_empty() {
        out.push(Block::paragraph(p.summary.get(t.0)));
    }
    if !p.arms.is_empty() {
        out.push(Block::heading(2, "arms", t.say("read-arms")));
        let arms = p
            .arms
            .iter()
            .map(|(id, arm)| t.with("read-arm", &[("id", id), ("name", &t.of(&arm.ja, &arm.en))]));
        out.push(Block::list(arms));
    }
    let a = &p.accrual;
    let (n, step_name) = (a.planned.to_string(), step(p, &a.step, t));
    let (from, to) = (calendar::day(a.from, t.0), calendar::day(a.to, t.0));
    let accrual = t.with("read-accrual", &[("n", &n), ("step", &step_name), ("from", &from), ("to", &to)]);
    out.push(Block::heading(2, "design", t.say("read-design-title")));
    let mut items = vec![sentence(accrual)];
    if let Some(d) = &p.design {
        let (key, alpha) = match d.alpha {
            Alpha::OneSided(a) => ("read-design-one", a),
            Alpha::TwoSided(a) => ("read-design-two", a),
        };
        let percent = |d: Decimal| number::percent(d.to_string().parse().unwrap_or(f64::NAN), 0);
        items.push(sentence(
            t.with(key, &[("test", &d.test), ("alpha", &percent(alpha)), ("power", &percent(d.power))]),
        ));
        if let Some(hr) = d.hr {
            items.push(sentence(t.with("read-design-hr", &[("hr", &hr.to_string())])));
        }
        if let Some(events) = d.events {
            items.push(sentence(
                t.with("read-design-events", &[("events", &events.to_string()), ("n", &d.n.to_string())]),
            ));
        }
    }
    out.extend(listed(items));
    out
}

pub(super) fn facts(p: &Protocol, t: Tell) -> Vec<Block> {
    let mut out = Vec::new();
    if !p.facts.is_empty() {
        out.push(Block::heading(1, "facts", t.say("read-facts")));
        let terms = p.facts.values().map(|fact| {
            let mut said: Words = Vec::new();
            for source in &fact.from {
                if !said.is_empty() {
                    said.push(Inline::Break);
                }
                let form = p.forms.get(&source.form);
                let name = form.map_or(source.form.clone(), |f| t.of(&f.ja, &f.en));
                let date = form
                    .and_then(|f| f.item(&source.date))
                    .map_or(source.date.clone(), |i| t.of(&i.ja, &i.en));
                let found = t.with("read-fact-from", &[("form", &name), ("date", &date)]);
                said.push(Inline::text(found));
                said.extend(source.when.as_deref().map(rule));
            }
            (sentence(t.of(&fact.ja, &fact.en)), said)
        });
        out.push(Block::Terms { terms: terms.collect() });
    }
    if !p.endpoints.is_empty() {
        out.push(Block::heading(1, "endpoints", t.say("read-endpoints")));
        let names = |ids: &[String]| joined(t, ids.iter().map(|id| occasion(p, id, t)));
        let terms = p.endpoints.values().map(|e| {
            let events = match &e.event {
                EndpointEvent::Same(facts) => names(facts),
                EndpointEvent::ByArm(by) => {
                    let parts = by.iter().map(|(arm, facts)| format!("{arm}: {}", names(facts)));
                    parts.collect::<Vec<_>>().join("; ")
                }
            };
            let (from, censor) = (step(p, &e.from, t), occasion(p, &e.censor, t));
            let mut said =
                t.with("read-endpoint", &[("from", &from), ("events", &events), ("censor", &censor)]);
            if !e.competing.is_empty() {
                said += &t.with("read-competing", &[("facts", &names(&e.competing))]);
            }
            if !e.censor_at.is_empty() {
                said += &t.with("read-censor-at", &[("facts", &names(&e.censor_at))]);
            }
            (sentence(t.of(&e.ja, &e.en)), sentence(said))
        });
        out.push(Block::Terms { terms: terms.collect() });
    }
    out
}

pub(super) fn analyses(p: &Protocol, t: Tell) -> Vec<Block> {
    let mut out = Vec::new();
    if !p.sets.is_empty() {
        out.push(Block::heading(1, "sets", t.say("read-sets")));
        let terms = p.sets.values().map(|set| {
            let mut said = t.with("read-set", &[("step", &step(p, &set.step, t))]);
            if set.eligible_only {
                said += &t.say("read-set-eligible");
            }
            let mut words = vec![Inline::text(said)];
            if let Some(when) = set.when.as_deref() {
                words.extend([Inline::text(t.say("read-set-when")), rule(when)]);
            }
            (sentence(t.of(&set.ja, &set.en)), words)
        });
        out.push(Block::Terms { terms: terms.collect() });
    }
    if !p.analyses.is_empty() {
        out.push(Block::heading(1, "analyses", t.say("read-analyses")));
        let terms = p.analyses.values().map(|a| {
            let mut name = t.of(&a.ja, &a.en);
            if a.primary {
                name += &t.say("read-primary");
            }
            let said = match &a.what {
                What::Sensitivity(plan) => switches(p, plan, t),
                what => settings(p, &serde_json::to_value(what).unwrap_or_default(), t),
            };
            (sentence(name), said)
        });
        out.push(Block::Terms { terms: terms.collect() });
    }
    out
}

/// Which analysis is done again, and what is decided otherwise each time.
fn switches(p: &Protocol, plan: &Sensitivity, t: Tell) -> Words {
    let of = p.analyses.get(&plan.of).map_or(plan.of.clone(), |a| t.of(&a.ja, &a.en));
    let mut words = sentence(t.with("read-switches", &[("of", &of)]));
    for switch in plan.switches.values() {
        let otherwise = crate::section::sensitivity::otherwise(p, switch, t.0);
        let said = [("name", t.of(&switch.ja, &switch.en)), ("otherwise", otherwise)];
        words.push(Inline::Break);
        words.push(Inline::text(t.with("read-switch", &[(said[0].0, &said[0].1), (said[1].0, &said[1].1)])));
        if !switch.covariates.is_empty() {
            let name = |c: &String| match p.facts.get(c) {
                Some(fact) => t.of(&fact.ja, &fact.en),
                None => phrase::item(p, c).get(t.0).to_owned(),
            };
            let all = joined(t, switch.covariates.iter().map(name));
            words.push(Inline::text(t.with("read-covariates", &[("items", &all)])));
        }
    }
    words
}

/// Settings that name an item of the analysis' form.
const OF_FORM: [&str; 10] =
    ["grade", "term", "system", "start", "end", "ongoing", "cycles", "modifications", "items", "given"];

/// The kind of an analysis and its settings, as the file has them, ids by their names.
fn settings(p: &Protocol, what: &Value, t: Tell) -> Words {
    let kind = |id: &str| {
        let key = format!("what-{}", id.replace('_', "-"));
        if crate::say::has(&key) { t.say(&key) } else { id.to_owned() }
    };
    let (name, settings) = match what {
        Value::String(name) => return sentence(kind(name)),
        Value::Object(map) => match map.iter().next() {
            Some((name, Value::Object(settings))) => (name, settings),
            _ => return Words::new(),
        },
        _ => return Words::new(),
    };
    let form = settings.get("form").and_then(Value::as_str);
    let mut parts = Vec::new();
    for (key, value) in settings {
        let empty = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if empty {
            continue;
        }
        let word = format!("key-{}", key.replace('_', "-"));
        let word = if crate::say::has(&word) { t.say(&word) } else { key.clone() };
        parts.push(t.with("read-setting", &[("key", &word), ("value", &told(p, form, key, value, t))]));
    }
    sentence(t.with("read-settings", &[("kind", &kind(name)), ("settings", &joined_wide(t, parts))]))
}

fn joined_wide(t: Tell, parts: Vec<String>) -> String {
    parts.join(t.say("semicolon").as_str())
}

fn told(p: &Protocol, form: Option<&str>, key: &str, value: &Value, t: Tell) -> String {
    match value {
        Value::Array(items) => joined(t, items.iter().map(|i| told(p, form, key, i, t))),
        Value::String(id) => match key {
            _ if form.is_some() && (OF_FORM.contains(&key) || key == "planned") => {
                phrase::item(p, &format!("{}.{id}", form.unwrap_or_default())).get(t.0).to_owned()
            }
            "set" => phrase::set(p, id).get(t.0).to_owned(),
            "endpoint" => p.endpoints.get(id).map_or(id.clone(), |e| t.of(&e.ja, &e.en)),
            "by" => p.allocation.get(id).map_or(id.clone(), |a| t.of(&a.ja, &a.en)),
            "reference" => phrase::arm_name(p, id, t.0),
            "form" => p.forms.get(id).map_or(id.clone(), |f| t.of(&f.ja, &f.en)),
            "items" | "strata" | "subgroups" => phrase::item(p, id).get(t.0).to_owned(),
            "at" => phrase::duration(id).map_or(id.clone(), |d| d.get(t.0).to_owned()),
            "sided" => t.say(if id == "one" { "one-sided" } else { "two-sided" }),
            "level" => id.parse().map_or(id.clone(), |l: f64| number::percent(l, 0)),
            _ => id.split_whitespace().collect::<Vec<_>>().join(" "),
        },
        Value::Object(map) => {
            let inner = map.iter().map(|(k, v)| format!("{k} {}", told(p, form, k, v, t)));
            inner.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

pub(super) fn patients(p: &Protocol, t: Tell) -> Vec<Block> {
    if p.test_patients.is_empty() {
        return Vec::new();
    }
    let steps: Vec<&String> = p.steps.keys().collect();
    let mut head = vec![Cell::words(t.say("read-patient"))];
    head.extend(steps.iter().map(|id| Cell::words(step(p, id, t))));
    let mut table = Table { caption: String::new(), head, rows: Vec::new() };
    for patient in p.test_patients.values() {
        let mut cells = vec![Cell::words(t.of(&patient.ja, &patient.en))];
        for id in &steps {
            let said = match patient.expect.get(*id) {
                None => number::NONE.to_owned(),
                Some(Expected::Eligible) => t.say("read-eligible"),
                Some(Expected::Ineligible(criteria)) => {
                    t.with("read-ineligible", &[("criteria", &joined(t, criteria.iter().cloned()))])
                }
                Some(Expected::CannotTell(items)) => {
                    let items = items.iter().map(|i| phrase::item(p, i).get(t.0).to_owned());
                    t.with("read-cannot-tell", &[("items", &joined(t, items))])
                }
            };
            cells.push(Cell::words(said));
        }
        table.rows.push(Line { class: "", cells });
    }
    vec![
        Block::heading(1, "test-patients", t.say("read-patients")),
        Block::paragraph(t.with("read-patients-lead", &[("n", &p.test_patients.len().to_string())])),
        Block::Table { table },
    ]
}
