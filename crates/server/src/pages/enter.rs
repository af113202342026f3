//! Entering one form: fields with kinds of missing, mistakes at the fields, corrections with a reason.

use super::book::derived;
use super::links::{form_href, participant};
use super::queries::{Shown as QueryShown, key as key_of, show as show_query};
use super::{Because, because};
use crate::ask::{Ask, blocking, execute};
use crate::error::Trouble;
use crate::fields::{self, Choice, Fault, Field, Typed};
use crate::shell::{Shell, page_with};
use crate::told::{self, Mark};
use askama::Template;
use axum::extract::Form as Posted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use conduct::{
    Action, Command, Filled, FormKey, FormStatus, ParticipantView, Person, PersonId, QueryStatus, Reach,
    Role, TrialError, View,
};
use protocol::{Form, Item};
use rules::{Value, Verdict};
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "form.html")]
struct EnterPage {
    s: Shell,
    book: String,
    participant: String,
    title: String,
    done: Option<String>,
    refused: Vec<Because>,
    faults: Vec<Fault>,
    conflict: Option<String>,
    state: Mark,
    due: Option<String>,
    queries: Vec<QueryShown>,
    action: String,
    token: String,
    seen: u64,
    sections: Vec<Sheet>,
    may_save: bool,
    correction: Option<Correction>,
    may_query: bool,
    query_action: String,
    form: String,
    visit: String,
    number: u32,
    items: Vec<Choice>,
    /// Whether a profile can be read into this form.
    reads: bool,
    profile: String,
}

/// A section of a form with its fields, each already set.
pub(crate) struct Sheet {
    pub title: String,
    pub fields: Vec<Field>,
}

/// What a page shows beside the form itself.
#[derive(Default)]
struct Shown {
    typed: Option<Typed>,
    faults: Vec<Fault>,
    refused: Vec<Because>,
    conflict: bool,
    done: Option<String>,
}

/// The sections of `form` with what was typed. Items whose condition is known to be false are left out.
pub(crate) fn sheets(
    ask: &Ask,
    view: &View<'_>,
    p: Option<&ParticipantView<'_>>,
    key: &FormKey,
    typed: &Typed,
    faults: &[Fault],
) -> Vec<Sheet> {
    let Some((form, rules)) = view.protocol().form(key.form.as_str()) else { return Vec::new() };
    let computed: BTreeMap<String, Value> = p.map(|p| derived(view, p, key)).unwrap_or_default();
    let records = p.filter(|_| rules.repeats).map(|p| p.records(key.form.as_str())).unwrap_or_default();
    let condition = |item: &Item| {
        let (rule, p) = (rules.when.get(&item.id)?, p?);
        if !rules.repeats {
            return Some((rule, rule.verdict(p.environment())));
        }
        // In a form that repeats, conditions are about the record that is being written.
        let (_, record) = records.iter().find(|(k, _)| k == key)?;
        Some((rule, rule.verdict(&view.protocol().in_record(p.environment(), record))))
    };
    let mut number = 0;
    form.sections
        .iter()
        .map(|section| {
            let mut shown = Vec::new();
            for item in &section.items {
                number += 1;
                let condition = condition(item);
                let filled_in =
                    typed.keys().any(|k| k == &item.id || k.starts_with(&format!("{}.", item.id)));
                let faulty = faults.iter().any(|f| f.name == item.id);
                if matches!(condition, Some((_, Verdict::False))) && !filled_in && !faulty {
                    continue;
                }
                let mut field = fields::show(ask.t, item, Some(number.to_string()), typed, faults);
                if let Some((rule, Verdict::Unknown(_))) = condition
                    && let Some(p) = p.filter(|_| !rules.repeats)
                {
                    let why = rule.explain(p.environment(), &view.protocol().dictionary);
                    field.tells.push(ask.t.with("only-when", ask.t.of(&why.text)).into_owned());
                }
                if let (fields::Widget::Computed(text), Some(value)) =
                    (&mut field.widget, computed.get(&item.id))
                {
                    *text = fields::told(ask.t, item, value, None).0.join(" / ");
                }
                shown.push(field);
            }
            Sheet { title: told::name(ask.t.0, &section.ja, &section.en).to_owned(), fields: shown }
        })
        .collect()
}

/// The values that hold now, by item.
pub(crate) fn present(filled: Option<&Filled>) -> BTreeMap<String, &Value> {
    filled
        .iter()
        .flat_map(|f| f.values.iter())
        .filter_map(|(item, given)| Some((item.to_string(), &given.last()?.value)))
        .collect()
}

/// What `typed` changes of what holds: only these values are sent. A field that was emptied becomes "not yet known".
pub(crate) fn changes(
    form: &Form,
    now: &BTreeMap<String, &Value>,
    typed: BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    form.items()
        .filter(|i| i.derive.is_none())
        .filter_map(|item| match (typed.get(&item.id), now.get(&item.id)) {
            (Some(value), Some(held)) if value == *held => None,
            (Some(value), _) => Some((item.id.clone(), value.clone())),
            (None, Some(held)) if **held != Value::NOT_YET_KNOWN => {
                Some((item.id.clone(), Value::NOT_YET_KNOWN))
            }
            (None, _) => None,
        })
        .collect()
}

/// Whether a value that was stated is replaced.
fn restates(now: &BTreeMap<String, &Value>, changed: &BTreeMap<String, Value>) -> bool {
    changed.keys().any(|item| now.get(item).is_some_and(|v| **v != Value::NOT_YET_KNOWN))
}

/// What is asked for when earlier values are changed: why, and for the data centre on whose behalf.
pub(crate) struct Correction {
    pub reason: String,
    pub reason_error: Option<String>,
    pub behalf: Vec<Choice>,
    pub behalf_error: Option<String>,
}

/// People of the participant's site on whose behalf the data centre may correct a value.
fn principals(ask: &Ask, view: &View<'_>, p: &ParticipantView<'_>) -> Vec<(PersonId, String)> {
    if ask.reach(Action::SaveForm) != Reach::Everything {
        return Vec::new();
    }
    let of_site = |person: &Person| person.roles.iter().any(|(_, site)| site.as_ref() == Some(p.site()));
    let people = view.people().iter().filter(|(_, person)| of_site(person));
    people.map(|(id, person)| (id.clone(), ask.t.of(&person.name).to_owned())).collect()
}

/// None when nothing on this form has been stated yet.
pub(crate) fn correction(
    ask: &Ask,
    view: &View<'_>,
    p: &ParticipantView<'_>,
    key: &FormKey,
    typed: &Typed,
    faults: &[Fault],
) -> Option<Correction> {
    let now = present(p.filled(key));
    now.values().find(|v| ***v != Value::NOT_YET_KNOWN)?;
    let fault = |name: &str| faults.iter().find(|f| f.name == name).map(|f| f.what.clone());
    let chosen = typed.get("on_behalf").map_or("", String::as_str);
    Some(Correction {
        reason: typed.get("reason").cloned().unwrap_or_default(),
        reason_error: fault("reason"),
        behalf: principals(ask, view, p)
            .iter()
            .map(|(id, name)| Choice::new(id.as_str(), name, chosen))
            .collect(),
        behalf_error: fault("on_behalf"),
    })
}

/// The person on whose behalf it is done, if one of the site was chosen.
pub(crate) fn on_behalf(ask: &Ask, typed: &Typed) -> Result<Option<PersonId>, Trouble> {
    let view = ask.view()?;
    let p = &participant(ask, &view)?;
    let chosen = typed.get("on_behalf").map_or("", String::as_str);
    Ok(principals(ask, &view, p).into_iter().map(|(id, _)| id).find(|id| id.as_str() == chosen))
}

/// What a correction lacks.
pub(crate) fn correction_faults(
    ask: &Ask,
    filled: Option<&Filled>,
    changed: &BTreeMap<String, Value>,
    typed: &Typed,
) -> Vec<Fault> {
    let restated = restates(&present(filled), changed);
    let complete = filled.is_some_and(|f| f.status == FormStatus::Complete) && !changed.is_empty();
    let blank = |name: &str| typed.get(name).is_none_or(|text| text.trim().is_empty());
    let fault = |name: &str, label: Cow<'static, str>, what: Cow<'static, str>| Fault {
        name: name.to_owned(),
        label: label.into_owned(),
        what: what.into_owned(),
    };
    let mut faults = Vec::new();
    if (restated || complete) && blank("reason") {
        faults.push(fault("reason", ask.t.say("reason"), ask.t.say("fault-reason")));
    }
    if restated && ask.viewer.role == Role::DataManager && blank("on_behalf") {
        faults.push(fault("on_behalf", ask.t.say("on-behalf"), ask.t.say("fault-on-behalf")));
    }
    faults
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeParticipants)?;
        let done = match ask.asked("saved") {
            "" => None,
            "0" => Some(ask.t.say("saved-nothing").into_owned()),
            seq => Some(ask.t.with("saved", seq).into_owned()),
        };
        let key = key_of(ask.part("form")?, &ask.query)?;
        show(&ask, &key, StatusCode::OK, Shown { done, ..Shown::default() })
    })
    .await
}

fn show(ask: &Ask, key: &FormKey, status: StatusCode, with: Shown) -> Result<Response, Trouble> {
    let t = ask.t;
    let view = ask.view()?;
    let p = &participant(ask, &view)?;
    let compiled = view.protocol();
    let (form, _) = compiled.form(key.form.as_str()).ok_or(Trouble::Missing)?;
    let filled = p.filled(key);
    if p.straddling().contains(&key) {
        // Seen or not cannot be told at this cut-off: nothing to show or to change here.
        return Err(Trouble::Missing);
    }
    let expected = p.expected(ask.today()).into_iter().find(|e| e.form == *key);
    let known = filled.is_some()
        || expected.is_some()
        || (key.visit.is_none() && (key.number == 1 || compiled.protocol.repeats(key.form.as_str())))
        || key.visit.as_ref().is_some_and(|v| {
            compiled.protocol.schedule.get(v.as_str()).is_some_and(|v| v.form == key.form.as_str())
        });
    if !known {
        return Err(Trouble::Missing);
    }
    let now = present(filled);
    let items: Vec<&Item> = form.items().collect();
    let typed = match with.typed {
        Some(typed) => typed,
        None => fields::type_out(&items, &now),
    };
    let mut sections = sheets(ask, &view, Some(p), key, &typed, &with.faults);
    if with.conflict {
        let held = fields::type_out(&items, &now);
        for field in sections.iter_mut().flat_map(|s| &mut s.fields) {
            let of = |all: &Typed| -> Typed {
                let inside = |k: &str| k == field.name || k.starts_with(&format!("{}.", field.name));
                all.iter()
                    .filter(|(k, v)| inside(k) && !v.is_empty())
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            };
            let item = items.iter().find(|i| i.id == field.name);
            if let (Some(item), true) = (item, of(&held) != of(&typed)) {
                let text = now.get(&field.name).map_or_else(
                    || t.say("form-empty").into_owned(),
                    |v| fields::told(t, item, v, None).0.join(" / "),
                );
                field.tells.push(t.with("holds-now", &text).into_owned());
            }
        }
    }
    let back = form_href(ask, p.id(), key);
    let queries: Result<Vec<QueryShown>, Trouble> = view
        .queries()
        .into_iter()
        .filter(|q| q.participant == p.id() && q.form == *key && q.status != QueryStatus::Closed)
        .map(|q| show_query(ask, &view, q, &back))
        .collect();
    let correction = correction(ask, &view, p, key, &typed, &with.faults);
    let page = EnterPage {
        s: Shell::of(ask, "participants"),
        book: ask.to_bare(&format!("participants/{}", p.id())),
        participant: t.with("participant-n", &p.id().to_string()).into_owned(),
        title: told::key_name(t.0, &compiled.protocol, key),
        done: with.done,
        refused: with.refused,
        faults: with.faults,
        conflict: with.conflict.then(|| t.say("conflict").into_owned()),
        state: told::form_mark(ask, filled.map(|f| f.status)),
        due: expected.map(|e| t.with("due-on", &e.due.to_string()).into_owned()),
        queries: queries?,
        action: back,
        token: match typed.get("token") {
            Some(token) => token.clone(),
            None => ask.new_token()?,
        },
        seen: filled.map_or(0, |f| f.seq),
        sections,
        may_save: ask.may_now(Action::SaveForm),
        correction,
        may_query: ask.may_now(Action::RaiseQuery),
        query_action: ask.to_bare(&format!("participants/{}/queries", p.id())),
        form: key.form.to_string(),
        visit: key.visit.as_ref().map(ToString::to_string).unwrap_or_default(),
        number: key.number,
        items: items.iter().map(|i| Choice::new(&i.id, &fields::label(t, i), "")).collect(),
        reads: panel::registry::holds_cases(compiled.protocol.forms.get_key_value(key.form.as_str()))
            && ask.may_now(Action::SaveForm),
        profile: typed.get("profile").cloned().unwrap_or_default(),
    };
    page_with(status, &page)
}

/// A profile put into the fields, to be looked over and saved. What other forms say otherwise is told and not touched.
fn read_profile(
    ask: &Ask,
    view: &View<'_>,
    p: &ParticipantView<'_>,
    key: &FormKey,
    mut typed: Typed,
) -> Shown {
    let t = ask.t;
    let forms = &view.protocol().protocol.forms;
    let label = t.say("panel-read").into_owned();
    let fault = |what: String| Fault { name: "profile".to_owned(), label: label.clone(), what };
    let read = panel::Profile::from_json(typed.get("profile").map_or("", String::as_str));
    let profile = match read {
        Ok(profile) => profile,
        Err(problems) => {
            let faults = problems.iter().map(|problem| fault(problem.told(t.0))).collect();
            return Shown { typed: Some(typed), faults, ..Shown::default() };
        }
    };
    let (mut values, lost) = panel::registry::to_forms(&profile, forms);
    let mut faults: Vec<Fault> = lost.iter().map(|problem| fault(problem.told(t.0))).collect();
    let own = values.remove(key.form.as_str()).unwrap_or_default();
    for (other, values) in &values {
        let held = FormKey { form: other.as_str().into(), visit: None, number: 1 };
        let held = present(p.filled(&held));
        let differs = values.iter().filter(|(item, value)| held.get(*item) != Some(value));
        for (item, _) in differs {
            let item = forms.get(other).and_then(|f| f.item(item));
            let name = item.map_or(other.as_str(), |i| told::name(t.0, &i.ja, &i.en));
            faults.push(fault(t.with("panel-read-differs", name).into_owned()));
        }
    }
    let items: Vec<&Item> = forms.get(key.form.as_str()).map(|f| f.items().collect()).unwrap_or_default();
    let now: BTreeMap<String, &Value> = own.iter().map(|(item, value)| (item.clone(), value)).collect();
    // The day of the form, the token and the reason stay as they were typed.
    typed.retain(|name, _| {
        let root = name.split('.').next().unwrap_or(name);
        !own.contains_key(root)
    });
    typed.remove("profile");
    typed.extend(fields::type_out(&items, &now));
    let done = Some(t.say("panel-read-done").into_owned()).filter(|_| faults.is_empty());
    Shown { typed: Some(typed), faults, done, ..Shown::default() }
}

/// What is to be done with what was typed.
enum Next {
    Show(StatusCode, Shown),
    Save { values: BTreeMap<String, Value>, complete: bool },
}

fn judge(ask: &Ask, key: &FormKey, mut typed: Typed) -> Result<Next, Trouble> {
    let t = ask.t;
    let view = ask.view()?;
    let p = &participant(ask, &view)?;
    let form = view.protocol().protocol.forms.get(key.form.as_str()).ok_or(Trouble::Missing)?;
    let filled = p.filled(key);
    let now = present(filled);
    if typed.remove("read").is_some() {
        return Ok(Next::Show(StatusCode::OK, read_profile(ask, &view, p, key, typed)));
    }
    if let Some(group) = typed.get("add").cloned() {
        fields::add_record(&group, &mut typed);
        return Ok(Next::Show(StatusCode::OK, Shown { typed: Some(typed), ..Shown::default() }));
    }
    let items: Vec<&Item> = form.items().collect();
    let mut faults = Vec::new();
    let values = fields::read(t, &items, &typed).unwrap_or_else(|found| {
        faults = found;
        BTreeMap::new()
    });
    let changed = if faults.is_empty() { changes(form, &now, values) } else { BTreeMap::new() };
    faults.extend(correction_faults(ask, filled, &changed, &typed));
    if !faults.is_empty() {
        return Ok(Next::Show(
            StatusCode::UNPROCESSABLE_ENTITY,
            Shown { typed: Some(typed), faults, ..Shown::default() },
        ));
    }
    let seen = typed.get("seen").and_then(|s| s.parse::<u64>().ok()).ok_or(Trouble::Bad("seen"))?;
    if seen != filled.map_or(0, |f| f.seq) {
        return Ok(Next::Show(
            StatusCode::CONFLICT,
            Shown { typed: Some(typed), conflict: true, ..Shown::default() },
        ));
    }
    let complete = typed.get("do").is_some_and(|d| d == "complete");
    Ok(Next::Save { values: changed, complete })
}

pub(crate) async fn save(ask: Ask, Posted(typed): Posted<Typed>) -> Result<Response, Trouble> {
    ask.must_be_now()?;
    ask.must(Action::SeeParticipants)?;
    let key = key_of(ask.part("form")?, &ask.query)?;
    let (id, key) = {
        let view = ask.view()?;
        let p = &participant(&ask, &view)?;
        view.protocol().form(key.form.as_str()).ok_or(Trouble::Missing)?;
        (p.id(), key)
    };
    let to = |seq: u64| {
        let href = form_href(&ask, id, &key);
        let sign = if href.contains('?') { '&' } else { '?' };
        Redirect::to(&format!("{href}{sign}saved={seq}")).into_response()
    };
    let mut context =
        ask.context(typed.get("token").map_or("", String::as_str), typed.get("reason").map(String::as_str))?;
    context.on_behalf = on_behalf(&ask, &typed)?;
    if !typed.contains_key("add")
        && !typed.contains_key("read")
        && let Some(done) = ask.study.repeated(&context)
    {
        return Ok(to(done.seq));
    }
    match judge(&ask, &key, typed.clone())? {
        Next::Show(status, with) => blocking(move || show(&ask, &key, status, with)).await,
        Next::Save { values, complete: false } if values.is_empty() => Ok(to(0)),
        Next::Save { values, complete } => {
            let values = values.into_iter().map(|(item, value)| (item.as_str().into(), value)).collect();
            let command = Command::SaveForm { participant: id, form: key.clone(), values, complete };
            match execute(&ask.study, command, context).await {
                Ok(done) => Ok(to(done.seq)),
                Err(TrialError::Refused(refusal)) => {
                    let t = ask.t;
                    let mut refused = because(t, &refusal.reasons);
                    let faults = faults_of(&ask, &key, &refusal.reasons)?;
                    if !faults.is_empty() {
                        refused.truncate(1);
                    }
                    let with = Shown { typed: Some(typed), faults, refused, ..Shown::default() };
                    blocking(move || show(&ask, &key, StatusCode::UNPROCESSABLE_ENTITY, with)).await
                }
                Err(other) => Err(other.into()),
            }
        }
    }
}

/// A refusal's reasons at the fields that they are about.
pub(crate) fn faults_of(
    ask: &Ask,
    key: &FormKey,
    reasons: &[conduct::Reason],
) -> Result<Vec<Fault>, Trouble> {
    let view = ask.view()?;
    let Some((form, _)) = view.protocol().form(key.form.as_str()) else { return Ok(Vec::new()) };
    Ok(reasons
        .iter()
        .flat_map(|reason| reason.about.iter().map(move |about| (reason, about)))
        .filter_map(|(reason, about)| {
            let id = about.rsplit('.').next().unwrap_or(about);
            let item = form.item(id)?;
            Some(Fault {
                name: id.to_owned(),
                label: fields::label(ask.t, item),
                what: ask.t.of(&reason.text).to_owned(),
            })
        })
        .collect())
}
