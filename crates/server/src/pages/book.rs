//! One participant's casebook: registrations, what is due, every form, every value with its history.

use super::Wait;
use super::links::{anchor, form_href, participant};
use super::queries::{Shown as QueryShown, show as show_query};
use crate::ask::{Ask, blocking, segment};
use crate::error::Trouble;
use crate::fields;
use crate::shell::{Shell, page as render};
use crate::told::{self, Mark};
use askama::Template;
use axum::response::Response;
use conduct::{
    Action, Expectation, Expected, FactFound, Filled, FormKey, FormStatus, Given, ParticipantId,
    ParticipantView, QueryStatus, View, WithdrawalScope,
};
use ledger::Entry;
use protocol::{Item, Protocol};
use std::collections::BTreeMap;
use words::PartialDate;

#[derive(Template)]
#[template(path = "casebook.html")]
struct BookPage {
    s: Shell,
    list: String,
    site: String,
    id: String,
    done: Option<String>,
    steps: Vec<StepTold>,
    arms: Vec<ArmTold>,
    standing: Vec<Mark>,
    waits: Vec<Wait>,
    expected: Vec<Visit>,
    may_enter: bool,
    further: Vec<Wait>,
    queries: Vec<QueryShown>,
    forms: Vec<FormTold>,
}

struct StepTold {
    label: String,
    number: Option<String>,
    on: String,
    cancelled: bool,
    href: Option<String>,
    entry: Option<String>,
}

struct ArmTold {
    label: String,
    arm: String,
    imported: Option<String>,
    replay: Option<String>,
}

struct Visit {
    visit: String,
    form: String,
    href: Option<String>,
    due: String,
    window: String,
    state: Mark,
}

struct FormTold {
    anchor: String,
    title: String,
    state: Mark,
    day: Option<String>,
    edit: Option<String>,
    items: Vec<ItemTold>,
}

struct ItemTold {
    label: String,
    lines: Vec<String>,
    absent: bool,
    unit: Option<String>,
    changes: usize,
    last: String,
    history: Vec<Was>,
    /// The results that the value enters.
    results: Option<String>,
}

/// One value that held, with the entry that tells who, when and why.
struct Was {
    value: String,
    at: String,
    entry: Option<String>,
    who: String,
    why: String,
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeParticipants)?;
        let view = ask.view()?;
        let p = &participant(&ask, &view)?;
        let protocol = &view.protocol().protocol;
        let (t, lang) = (ask.t, ask.t.0);
        let expected = p.expected(ask.day());
        let queries: Vec<_> = view.queries().into_iter().filter(|q| q.participant == p.id()).collect();
        let mut seqs: Vec<u64> =
            p.forms().iter().flat_map(|(_, f)| f.values.values().flatten()).map(|given| given.seq).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let trail = Trail { ask: &ask, entries: ask.study.pick(&seqs)? };
        let forms: Result<Vec<FormTold>, Trouble> = p
            .forms_in_order()
            .into_iter()
            .map(|(key, filled)| form_told(&trail, &view, p, key, filled))
            .collect();
        let back = ask.to(&format!("participants/{}", p.id()));
        let shown: Result<Vec<_>, Trouble> = queries
            .iter()
            .filter(|q| q.status != QueryStatus::Closed)
            .map(|q| show_query(&ask, &view, q, &format!("{back}#queries")))
            .collect();
        let may_enter = ask.may_now(Action::SaveForm);
        let further = protocol
            .forms
            .iter()
            .filter(|(_, form)| form.repeats)
            .map(|(id, form)| {
                let number = 1 + p
                    .forms()
                    .iter()
                    .filter(|(key, _)| key.form.as_str() == id && key.visit.is_none())
                    .map(|(key, _)| key.number)
                    .max()
                    .unwrap_or(0);
                let key = FormKey { form: id.as_str().into(), visit: None, number };
                Wait {
                    text: told::name(lang, &form.ja, &form.en).to_owned(),
                    href: form_href(&ask, p.id(), &key),
                }
            })
            .collect();
        render(&BookPage {
            s: Shell::of(&ask, "participants"),
            list: ask.to("participants"),
            site: ask.site_name(p.site()),
            id: p.id().to_string(),
            done: (!ask.asked("done").is_empty()).then(|| t.say("back-done").into_owned()),
            steps: steps(&ask, &view, p),
            arms: arms(&ask, protocol, p),
            standing: standing(&ask, &view, p),
            waits: waits(&ask, &view, p, &expected),
            expected: expected.iter().map(|e| visit(&ask, protocol, p, e)).collect(),
            may_enter,
            further,
            queries: shown?,
            forms: forms?,
        })
    })
    .await
}

fn steps(ask: &Ask, view: &View<'_>, p: &ParticipantView<'_>) -> Vec<StepTold> {
    let protocol = &view.protocol().protocol;
    protocol
        .steps
        .iter()
        .map(|(id, step)| {
            let held = p.registration(id);
            let cancelled = p.cancelled(id);
            let open = held.is_none()
                && ask.may_now(Action::Register)
                && step.after.as_ref().is_none_or(|after| p.registration(after).is_some());
            let shown = held.or(cancelled);
            StepTold {
                label: told::name(ask.t.0, &step.ja, &step.en).to_owned(),
                number: shown.map(|r| r.number.to_string()),
                on: shown.map(|r| r.on.to_string()).unwrap_or_default(),
                cancelled: held.is_none() && cancelled.is_some(),
                href: open.then(|| ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id)))),
                entry: shown
                    .filter(|_| ask.may(Action::SeeLedger))
                    .map(|r| ask.to(&format!("ledger/{}", r.seq))),
            }
        })
        .collect()
}

fn arms(ask: &Ask, protocol: &Protocol, p: &ParticipantView<'_>) -> Vec<ArmTold> {
    protocol
        .allocation
        .iter()
        .filter_map(|(id, allocation)| {
            let arm = p.arm(id)?;
            Some(ArmTold {
                label: told::name(ask.t.0, &allocation.ja, &allocation.en).to_owned(),
                arm: told::arm_name(ask.t.0, protocol, arm.as_str()),
                // An arm that a file told was not drawn here: there is nothing to replay.
                imported: told_by_file(ask, p.id(), id).then(|| ask.t.say("imported-arm").into_owned()),
                replay: (ask.may(Action::SeeReplay) && !told_by_file(ask, p.id(), id))
                    .then(|| ask.to(&format!("participants/{}/allocation/{}", p.id(), segment(id)))),
            })
        })
        .collect()
}

fn told_by_file(ask: &Ask, id: ParticipantId, allocation: &str) -> bool {
    let given = ask.picture.state.participant(id).and_then(|p| p.allocations.get(allocation));
    given.is_some_and(|a| a.imported)
}

fn standing(ask: &Ask, view: &View<'_>, p: &ParticipantView<'_>) -> Vec<Mark> {
    let t = ask.t;
    let protocol = &view.protocol().protocol;
    let mut out = Vec::new();
    for consent in p.consents() {
        out.push(Mark::new("done", t.with("consented-on", &consent.on.to_string())));
    }
    for (_, criterion, _) in p.ineligible() {
        out.push(Mark::new("no", t.with("found-ineligible", criterion)));
    }
    if let Some((on, why)) = p.off_treatment() {
        out.push(Mark::new("stop", t.with2("off-treatment-on", &on.to_string(), why)));
    }
    for w in p.withdrawals() {
        let key = match w.scope {
            WithdrawalScope::Treatment => "withdrawn-treatment",
            WithdrawalScope::FollowUp => "withdrawn-follow_up",
            WithdrawalScope::DataAndSpecimens => "withdrawn-data_and_specimens",
        };
        out.push(Mark::new("stop", t.with(key, &w.on.to_string())));
    }
    for (id, fact) in &protocol.facts {
        let name = told::name(t.0, &fact.ja, &fact.en);
        let mark = match p.fact(id) {
            FactFound::On(day) => Mark::new("done", t.with2("fact-on", name, &day.to_string())),
            FactFound::Within(day) => Mark::new("due", t.with2("fact-on", name, &day.to_string())),
            FactFound::Unknown(_) => Mark::new("unsure", t.with("fact-unknown", name)),
            FactFound::Absent => continue,
        };
        out.push(mark);
    }
    out
}

fn waits(ask: &Ask, view: &View<'_>, p: &ParticipantView<'_>, expected: &[Expected]) -> Vec<Wait> {
    let t = ask.t;
    let protocol = &view.protocol().protocol;
    let mut out = Vec::new();
    for (id, step) in &protocol.steps {
        if ask.may_now(Action::Register) && super::register::may_come(ask, view, p, id) {
            out.push(Wait {
                text: t.with("wait-step", told::name(t.0, &step.ja, &step.en)).into_owned(),
                href: ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id))),
            });
        }
    }
    for e in expected {
        if let Expectation::Overdue { days } = e.status {
            out.push(Wait {
                text: t
                    .with2(
                        "wait-form-overdue",
                        &told::key_name(t.0, protocol, &e.form),
                        &t.count("overdue-days", &days),
                    )
                    .into_owned(),
                href: form_href(ask, p.id(), &e.form),
            });
        }
    }
    for q in view.queries().into_iter().filter(|q| q.participant == p.id()) {
        let key = match q.status {
            QueryStatus::Open if ask.may(Action::AnswerQuery) => "wait-query",
            QueryStatus::Answered if ask.may(Action::CloseQuery) => "wait-close",
            _ => continue,
        };
        out.push(Wait { text: t.with(key, &q.id.0.to_string()).into_owned(), href: format!("#q{}", q.id.0) });
    }
    out
}

/// A state of an expected form.
pub(crate) fn expectation(ask: &Ask, e: &Expected) -> Mark {
    let t = ask.t;
    match &e.status {
        Expectation::NotYetDue => Mark::new("", t.say("not-yet-due")),
        Expectation::Due => Mark::new("due", t.say("is-due")),
        Expectation::Overdue { days } => Mark::new("late", t.count("overdue-days", days)),
        Expectation::Done { on, in_window } => {
            let day = on.map(|d| d.to_string()).unwrap_or_else(|| t.say("part-unknown").into_owned());
            let key = if *in_window == Some(false) { "form-done-outside" } else { "form-done" };
            Mark::new("done", t.with(key, &day))
        }
        Expectation::NotApplicable => Mark::new("none", t.say("form-not-applicable")),
        Expectation::Ended => Mark::new("none", t.say("expectation-ended")),
    }
}

fn visit(ask: &Ask, protocol: &Protocol, p: &ParticipantView<'_>, e: &Expected) -> Visit {
    let repeats = protocol.schedule.get(e.visit.as_str()).is_some_and(|v| v.every.is_some());
    let name = told::visit_name(ask.t.0, protocol, &e.visit);
    Visit {
        visit: if repeats { format!("{name} #{}", e.form.number) } else { name },
        form: told::form_name(ask.t.0, protocol, &e.form.form),
        href: match p.filled(&e.form) {
            Some(_) => Some(format!("#{}", anchor(&e.form))),
            None => ask.may_now(Action::SaveForm).then(|| form_href(ask, p.id(), &e.form)),
        },
        due: e.due.to_string(),
        window: if e.from == e.to { String::new() } else { format!("{} – {}", e.from, e.to) },
        state: expectation(ask, e),
    }
}

/// The entries that this page names.
struct Trail<'a> {
    ask: &'a Ask,
    entries: BTreeMap<u64, Entry>,
}

impl Trail<'_> {
    fn was(&self, item: &Item, given: &Given) -> Was {
        let ask = self.ask;
        let entry = self.entries.get(&given.seq);
        Was {
            value: fields::told(ask.t, item, &given.value, given.columns.as_deref()).0.join(" / "),
            at: entry.map(|e| ask.moment(&e.at)).unwrap_or_default(),
            entry: ask.may(Action::SeeLedger).then(|| ask.to(&format!("ledger/{}", given.seq))),
            who: entry.map(|e| ask.person(&e.actor)).unwrap_or_default(),
            why: entry.and_then(|e| e.reason.clone()).unwrap_or_default(),
        }
    }
}

fn form_told(
    trail: &Trail<'_>,
    view: &View<'_>,
    p: &ParticipantView<'_>,
    key: &FormKey,
    filled: &Filled,
) -> Result<FormTold, Trouble> {
    let ask = trail.ask;
    let t = ask.t;
    let protocol = &view.protocol().protocol;
    let form = protocol.forms.get(key.form.as_str()).ok_or(Trouble::Missing)?;
    let day: Option<PartialDate> = match filled.value(&form.dated_by) {
        Some(rules::Value::Date(day)) => Some(*day),
        _ => None,
    };
    let straddles = p.straddling().contains(&key);
    let derived = derived(view, p, key);
    let mut items = Vec::new();
    for item in form.items() {
        if item.derive.is_some() {
            let Some(value) = derived.get(&item.id) else { continue };
            let (lines, absent) = fields::told(t, item, value, None);
            let last = t.say("computed").into_owned();
            items.push(ItemTold {
                label: fields::label(t, item),
                lines,
                absent,
                unit: fields::unit(t, item).filter(|_| !absent),
                changes: 0,
                last: last.clone(),
                history: vec![Was {
                    value: String::new(),
                    at: last,
                    entry: None,
                    who: String::new(),
                    why: String::new(),
                }],
                results: None,
            });
            continue;
        }
        let Some(given) = filled.values.get(item.id.as_str()) else { continue };
        let Some(now) = given.last() else { continue };
        let (lines, absent) = fields::told(t, item, &now.value, now.columns.as_deref());
        let history: Vec<Was> = given.iter().rev().map(|g| trail.was(item, g)).collect();
        items.push(ItemTold {
            label: fields::label(t, item),
            lines,
            absent,
            unit: fields::unit(t, item).filter(|_| !absent),
            changes: history.len().saturating_sub(1),
            last: history.first().map(|w| format!("{} {}", w.at, w.who)).unwrap_or_default(),
            history,
            results: ask
                .may(Action::SeeResultsByArm)
                .then(|| super::links::value_href(ask, p.id(), key, &item.id)),
        });
    }
    let told_day = if straddles {
        Some(t.say("straddles").into_owned())
    } else {
        day.map(|d| t.with("dated", &d.to_string()).into_owned())
    };
    Ok(FormTold {
        anchor: anchor(key),
        title: told::key_name(t.0, protocol, key),
        state: told::form_mark(ask, Some(filled.status)),
        day: told_day,
        edit: (ask.may_now(Action::SaveForm) && filled.status != FormStatus::NotApplicable)
            .then(|| form_href(ask, p.id(), key)),
        items,
    })
}

/// The computed items of one filling.
pub(crate) fn derived(
    view: &View<'_>,
    p: &ParticipantView<'_>,
    key: &FormKey,
) -> BTreeMap<String, rules::Value> {
    let compiled = view.protocol();
    let mut out = BTreeMap::new();
    let Some(form) = compiled.protocol.forms.get(key.form.as_str()) else { return out };
    let wanted = form.items().filter(|i| i.derive.is_some());
    if compiled.protocol.repeats(key.form.as_str()) {
        let Some(kind) = compiled.record_type(key.form.as_str()) else { return out };
        let records = p.records(key.form.as_str());
        let Some((_, record)) = records.iter().find(|(k, _)| k == key) else { return out };
        for item in wanted {
            if let Some(value) = kind.field(&item.id).and_then(|(at, _)| record.get(at)) {
                out.insert(item.id.clone(), value.clone());
            }
        }
    } else {
        for item in wanted {
            if let Some(slot) = compiled.dictionary.slot(&format!("{}.{}", key.form, item.id)) {
                out.insert(item.id.clone(), p.environment().get(slot).clone());
            }
        }
    }
    out
}
