//! Nothing happens after a death, nothing before what it follows from; and where a site writes such a day, it is asked.

use super::jcog1017;
use conduct::{Command, Context, FormKey, Participant, Role, State, Trial};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use protocol::{ItemKind, Loaded};
use rules::Value;
use simulation::{Plan, Request, rehearse};
use std::collections::BTreeSet;
use words::PartialDate;

/// The plan of JCOG1017 with deaths so many times as frequent: in some seconds everybody dies at every turn.
fn frail(plan: &Plan, times: f64) -> Plan {
    let mut plan = plan.clone();
    for (id, latent) in &mut plan.latent {
        if id.starts_with("death") {
            latent.hazard.values_mut().flatten().for_each(|p| p.rate *= times);
        }
    }
    plan
}

fn told(filled: &conduct::Filled, item: &str) -> Option<Date> {
    match filled.value(item)? {
        Value::Date(PartialDate::Day(d)) => Some(*d),
        _ => None,
    }
}

fn run(loaded: &Loaded, plan: &Plan, seed: u64, participants: u32) -> Trial {
    rehearse(loaded, plan, Request { seed, participants: Some(participants) }, &mut |_, _| {}).unwrap().0
}

fn day(p: &Participant, form: &str, item: &str) -> Option<Date> {
    p.forms.iter().filter(|(k, _)| k.form.as_str() == form).find_map(|(_, f)| told(f, item))
}

/// Every day that anything about a participant tells of, and where it stands. Births and consents are earlier by nature.
fn days(p: &Participant) -> Vec<(String, Date)> {
    let mut out = Vec::new();
    for (key, filled) in &p.forms {
        for (item, given) in &filled.values {
            for g in given {
                let told = match &g.value {
                    Value::Date(PartialDate::Day(d)) => vec![*d],
                    Value::List(list) => {
                        let fields = list.records.iter().flat_map(|r| r.iter());
                        let days = fields.filter_map(|v| match v {
                            Value::Date(PartialDate::Day(d)) => Some(*d),
                            _ => None,
                        });
                        days.collect()
                    }
                    _ => vec![],
                };
                out.extend(told.into_iter().map(|d| (format!("{key:?} {item}"), d)));
            }
        }
    }
    out.extend(p.registrations.iter().map(|(s, r)| (format!("registered {s}"), r.on)));
    out.extend(p.withdrawals.iter().map(|w| ("withdrawn".to_owned(), w.on)));
    out.extend(p.ineligible.iter().map(|(s, _, d)| (format!("found ineligible {s}"), *d)));
    out.extend(p.off_treatment.iter().map(|(d, _, _)| ("off treatment".to_owned(), *d)));
    out
}

#[derive(Default)]
struct Seen {
    dead: usize,
    not_operated: usize,
    not_begun: usize,
    last_contacts: usize,
}

fn holds(seed: u64, state: &State, seen: &mut Seen) {
    for p in state.participants.iter() {
        let who = |what: &str| format!("seed {seed}, participant {}: {what}", p.id);
        if let Some(died) = day(p, "death", "died_on") {
            seen.dead += 1;
            for (what, d) in days(p) {
                assert!(d <= died, "{} on {d} after the death on {died}", who(&what));
            }
            seen.last_contacts += usize::from(day_of_dead_contact(p) == Some(died));
        }
        let said = |form: &str, item: &str, code: &str| {
            p.forms.iter().any(|(k, f)| k.form.as_str() == form && f.value(item) == Some(&Value::code(code)))
        };
        seen.not_operated += usize::from(said("surgery", "why_not", "death"));
        seen.not_begun += usize::from(said("second_line_treatment", "why_not", "death"));
        // What follows does not come before what it follows from.
        let registered = |step: &str| p.registrations.get(step).map(|r| r.on);
        let order = [
            (
                "first-line start",
                registered("first_registration"),
                day(p, "first_line_treatment", "started_on"),
            ),
            (
                "first-line end",
                day(p, "first_line_treatment", "started_on"),
                day(p, "first_line_treatment", "ended_on"),
            ),
            ("operation", registered("second_registration"), day(p, "surgery", "operated_on")),
            (
                "second-line start",
                registered("second_registration"),
                day(p, "second_line_treatment", "started_on"),
            ),
            (
                "second-line end",
                day(p, "second_line_treatment", "started_on"),
                day(p, "second_line_treatment", "ended_on"),
            ),
        ];
        for (what, before, after) in order {
            if let (Some(before), Some(after)) = (before, after) {
                assert!(before <= after, "{}: {after} before {before}", who(what));
            }
        }
        let operated = p.forms.iter().any(|(k, f)| {
            k.form.as_str() == "surgery" && f.value("performed") == Some(&Value::Boolean(true))
        });
        let operated_on = day(p, "surgery", "operated_on").filter(|_| operated);
        if let (Some(started), Some(operated)) = (day(p, "second_line_treatment", "started_on"), operated_on)
        {
            assert!(operated < started, "{}", who("second-line therapy before the operation"));
        }
        let resected = p.forms.iter().find_map(|(_, f)| told(f, "resection_on"));
        for (key, filled) in p.forms.iter().filter(|(k, _)| k.form.as_str() == "follow_up") {
            let told = |item: &str| told(filled, item);
            let contact = told("contact_on").unwrap();
            for item in ["local_progression_on", "skin_ulcer_on", "bleeding_on", "metastatic_progression_on"]
            {
                assert!(told(item).is_none_or(|d| d <= contact), "{}", who(&format!("{key:?} {item}")));
            }
            if let Some(back) = told("local_recurrence_on") {
                let out = operated_on.or(resected).unwrap();
                assert!(out < back, "{}", who("a local recurrence before there was a resection"));
            }
            if let (Some(grown), Some(out)) = (told("local_progression_on"), operated_on.or(resected)) {
                assert!(grown <= out, "{}", who("growth of a primary tumour that is out"));
            }
        }
        for (key, filled) in p.forms.iter().filter(|(k, _)| k.form.as_str() == "adverse_events") {
            let Some(onset) = told(filled, "onset_on") else { continue };
            let from = match filled.value("phase") {
                Some(v) if *v == Value::code("surgery") => operated_on,
                Some(v) if *v == Value::code("second_line") => day(p, "second_line_treatment", "started_on"),
                _ => day(p, "first_line_treatment", "started_on"),
            };
            assert!(from.is_none_or(|from| from <= onset), "{}", who(&format!("{key:?} before its phase")));
        }
    }
}

/// The day of last contact of the follow-up that tells of a death.
fn day_of_dead_contact(p: &Participant) -> Option<Date> {
    let mut forms = p.forms.iter().filter(|(k, _)| k.form.as_str() == "follow_up");
    forms.find_map(|(_, f)| {
        let dead = f.value("vital_status") == Some(&Value::code("dead"));
        told(f, "contact_on").filter(|_| dead)
    })
}

#[test]
fn nothing_happens_after_a_death_and_nothing_before_what_it_follows_from() {
    let (loaded, plan) = jcog1017();
    let mut seen = Seen::default();
    for (seed, times) in [(1, 1.0), (2, 1.0), (3, 8.0), (4, 40.0), (5, 120.0)] {
        let trial = run(&loaded, &frail(&plan, times), seed, 40);
        holds(seed, &trial.state(), &mut seen);
    }
    // The rounds reach what they are for.
    assert!(seen.dead > 100 && seen.last_contacts > 40, "{} {}", seen.dead, seen.last_contacts);
    assert!(seen.not_operated > 3 && seen.not_begun > 3, "{} {}", seen.not_operated, seen.not_begun);
}

#[test]
fn a_plan_whose_form_tells_of_a_day_to_come_is_refused() {
    let (loaded, _) = jcog1017();
    let text = std::fs::read_to_string(super::study().join("simulation.yaml")).unwrap();
    let broken = text.replacen(
        "contact_on: { day: { of: today } }",
        "contact_on: { day: { of: today, plus: { is: 1 } } }",
        1,
    );
    assert_ne!(text, broken);
    let plan = Plan::read(&broken).unwrap();
    let why = rehearse(&loaded, &plan, Request { seed: 1, participants: Some(5) }, &mut |_, _| {});
    let why = why.err().unwrap().to_string();
    assert!(why.contains("contact_on"), "{why}");
}

/// A day after the death in any form, whichever of the two is entered first, raises a query at the item.
#[test]
fn every_day_after_a_death_is_asked_about_whichever_is_entered_first() {
    let (loaded, plan) = jcog1017();
    let forms = &loaded.compiled.protocol.forms;
    let steps: Vec<&str> = loaded.compiled.protocol.steps.values().map(|s| s.form.as_str()).collect();
    let mut due: BTreeSet<(String, String)> = BTreeSet::new();
    for (id, form) in forms.iter().filter(|(id, _)| !steps.contains(&id.as_str()) && *id != "death") {
        let items = form.sections.iter().flat_map(|s| &s.items).filter(|i| i.kind == ItemKind::Date);
        due.extend(items.map(|i| (id.clone(), i.id.clone())));
    }
    // At the item, or at the day of the form itself, which no other day of it may be after.
    let asked = |trial: &Trial, p: &Participant, form: &FormKey, item: &str| {
        let dated_by = forms[form.form.as_str()].dated_by.as_str();
        let state = trial.state();
        let mine = state.queries.iter().filter(|q| q.participant == p.id && q.form == *form);
        mine.filter(|q| [item, dated_by].contains(&q.item.as_str()) && !q.check.is_empty()).count()
    };
    let save = |trial: &Trial, p: &Participant, form: &FormKey, item: &str, day: Date| {
        let now: Timestamp = "2023-03-01T03:00:00Z".parse().unwrap();
        let site = p.site.as_str();
        let mut context = Context::new(now, &format!("crc-{site}"), Role::Coordinator, [7; 32]).at_site(site);
        context.reason = Some("原資料と照合".into());
        let values = [(item.into(), Value::Date(PartialDate::Day(day)))].into_iter().collect();
        let command = Command::SaveForm { participant: p.id, form: form.clone(), values, complete: false };
        trial.execute(&command, &context).unwrap();
    };
    let later = |d: Date| d.saturating_add(Span::new().days(1));
    let earlier = |d: Date| d.saturating_sub(Span::new().days(1));
    let mut left = [due.clone(), due];
    for seed in 1..=3 {
        let trial = run(&loaded, &frail(&plan, 3.0), seed, 40);
        let state = trial.state();
        for p in state.participants.iter() {
            let Some(died) = day(p, "death", "died_on") else { continue };
            if !p.withdrawals.is_empty() {
                continue;
            }
            let death = p.forms.keys().find(|k| k.form.as_str() == "death").unwrap();
            for (key, filled) in &p.forms {
                for item in filled.values.keys() {
                    let place = (key.form.to_string(), item.to_string());
                    let Some(told) = told(filled, item.as_str()) else { continue };
                    // An open query is not raised again.
                    if asked(&trial, p, key, item.as_str()) > 0 {
                        continue;
                    }
                    if left[0].remove(&place) {
                        save(&trial, p, key, item.as_str(), later(died));
                        assert!(asked(&trial, p, key, item.as_str()) > 0, "{place:?}");
                        save(&trial, p, key, item.as_str(), told);
                    } else if left[1].remove(&place) {
                        save(&trial, p, death, "died_on", earlier(told));
                        assert!(asked(&trial, p, key, item.as_str()) > 0, "{place:?}, the death last");
                        save(&trial, p, death, "died_on", died);
                    }
                }
            }
        }
    }
    assert!(left[0].is_empty() && left[1].is_empty(), "not tried: {left:?}");
}
