//! The law of events about participants, their forms and queries.

use super::study::no_site;
use super::{Author, Law, filled_in, future, version};
use crate::adopted::{Adopted, never_approved, no_step, normal};
use crate::allocate::{Source, allocate};
use crate::environment::Reading;
use crate::event::*;
use crate::gate::{judge, version_in_use};
use crate::ids::*;
use crate::machine::{FormMove, QueryMove, form_after, query_after};
use crate::reason::{Reason, Refusal};
use crate::role::{Action, Role};
use crate::state::*;
use crate::values;
use jiff::civil::Date;
use ledger::Hash;
use rules::{Missing, Value};
use std::collections::BTreeMap;

pub(super) fn lawful(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    event: &Event,
) -> Result<Law, Law> {
    let action = event.action();
    match event {
        Event::ConsentGiven { participant, site, document, version: given, on, explained_by } => {
            author.permit(state, action, Some(site))?;
            if !state.sites.contains_key(site) {
                return Err(no_site(site).into());
            }
            let next = participant.0 as usize == state.participants.len() + 1;
            if !next && state.participant(*participant).is_none_or(|p| p.site != *site) {
                return Err(no_participant(*participant).into());
            }
            consent(adopted, state, author, site, (document, given), *on, explained_by)?;
        }
        Event::ConsentWithdrawn { participant, on, .. } => {
            let p = author.participant(state, *participant, action)?;
            future(*on, author.day, "撤回日", "The day of withdrawal")?;
            if p.consents.iter().all(|c| c.on > *on) {
                return Err(Reason::new(
                    "date_order",
                    "同意より前の日付です。",
                    "It lies before any consent.",
                )
                .into());
            }
        }
        Event::Registered(r) => registered(adopted, state, author, r)?,
        Event::RegistrationRefused { participant, step, on, protocol, outcome, criteria, reasons } => {
            let p = author.participant(state, *participant, action)?;
            day_of_registration(state, author, *on)?;
            let compiled = version(adopted, state, &p.site, *on, Some(protocol))?;
            let judged = judge(compiled, state, *participant, step.as_str(), *on)
                .ok_or_else(|| Law::from(no_step(step.as_str())))?;
            // Words may be put better in a later release; what is said may not change.
            let said = |r: &[Reason]| r.iter().map(|r| (r.code.clone(), r.about.clone())).collect::<Vec<_>>();
            let same = judged.outcome == *outcome
                && judged.criteria == *criteria
                && said(&judged.reasons) == said(reasons);
            if !same || (*outcome == Outcome::Eligible && reasons.is_empty()) {
                return Err(otherwise("verdict", "判定").into());
            }
        }
        Event::RegistrationCancelled { participant, step, number } => {
            let p = author.participant(state, *participant, action)?;
            author.with_reason()?;
            let Some(r) = p.registration(step.as_str()).filter(|r| r.number == *number) else {
                return Err(not_registered(step).into());
            };
            if let Some(compiled) = adopted.get(&r.protocol) {
                let later = compiled.protocol.steps.iter().find(|(id, s)| {
                    s.after.as_deref() == Some(step.as_str()) && p.registration(id).is_some()
                });
                if let Some((later, _)) = later {
                    return Err(Reason::new(
                        "later_step",
                        "後の段階に登録されているため、取り消せません。",
                        "A later step has been registered; cancel that first.",
                    )
                    .about([later.as_str()])
                    .into());
                }
            }
        }
        Event::Allocated(a) => allocated(adopted, state, author, a)?,
        Event::FoundIneligible { participant, step, criterion } => {
            let p = author.participant(state, *participant, action)?;
            let Some(r) = p.registration(step.as_str()) else { return Err(not_registered(step).into()) };
            let compiled = adopted.get(&r.protocol).ok_or(Law::Unchecked(r.protocol))?;
            let known = compiled.protocol.steps.get(step.as_str());
            if !known.is_some_and(|s| s.criteria.iter().any(|c| c.id == *criterion)) {
                return Err(Reason::new(
                    "no_criterion",
                    format!("規準「{criterion}」はこの段階にありません。"),
                    format!("This step has no criterion \"{criterion}\"."),
                )
                .into());
            }
            if p.ineligible.iter().any(|(s, c, _)| s == step && c == criterion) {
                return Err(
                    Reason::new("known", "すでに記録されています。", "It is recorded already.").into()
                );
            }
        }
        Event::OffTreatment { participant, on, why } => {
            let p = author.participant(state, *participant, action)?;
            filled_in(why, "治療中止の理由", "why treatment ended")?;
            future(*on, author.day, "治療中止日", "The day on which treatment ended")?;
            let first = p.registrations.values().filter(|r| !r.cancelled).map(|r| r.on).min();
            if first.is_none_or(|first| *on < first) {
                return Err(Reason::new(
                    "date_order",
                    "登録より前に治療中止とすることはできません。",
                    "Treatment cannot end before a registration.",
                )
                .into());
            }
            if p.off_treatment.is_some() {
                author.with_reason()?;
            }
        }
        Event::FormSaved { participant, form, protocol, values, columns } => {
            let p = author.participant(state, *participant, action)?;
            save(adopted, state, author, p, form, protocol, values, columns)?;
        }
        Event::FormCompleted { participant, form } => {
            let p = author.participant(state, *participant, action)?;
            step_form(p, form, FormMove::Complete)?;
            let compiled = version(adopted, state, &p.site, author.day, None)?;
            if let Some(filled) = p.forms.get(form) {
                let environment = Reading::all(compiled, p, values::day(compiled, p, form)).environment();
                let open = values::unanswered(compiled, form, filled, &environment);
                if !open.is_empty() {
                    return Err(Law::Broken(open));
                }
            }
        }
        Event::FormReopened { participant, form } => {
            let p = author.participant(state, *participant, action)?;
            step_form(p, form, FormMove::Reopen)?;
            author.with_reason()?;
        }
        Event::FormNotApplicable { participant, form } => {
            let p = author.participant(state, *participant, action)?;
            step_form(p, form, FormMove::NotApplicable)?;
            author.with_reason()?;
            let compiled = version(adopted, state, &p.site, author.day, None)?;
            if let Some(reason) = values::key(compiled, p, form) {
                return Err(reason.into());
            }
        }
        Event::QueryRaised { query, participant, form, item, check, text } => {
            let p = author.participant(state, *participant, action)?;
            if query.0 as usize != state.queries.len() + 1 {
                return Err(otherwise("query_number", "問い合わせ番号").into());
            }
            filled_in(&text.ja, "問い合わせの内容", "what you ask")?;
            if check.is_empty() == (author.role == Role::System) {
                return Err(otherwise("query_check", "チェック").into());
            }
            let compiled = version(adopted, state, &p.site, author.day, None)?;
            let known = compiled
                .protocol
                .forms
                .get(form.form.as_str())
                .is_some_and(|f| f.item(item.as_str()).is_some());
            if !known {
                return Err(Reason::new("no_item", "その項目はありません。", "There is no such item.")
                    .about([item.as_str()])
                    .into());
            }
        }
        Event::QueryAnswered { query, text } => {
            step_query(state, author, *query, QueryMove::Answer, action)?;
            filled_in(text, "回答", "the answer")?;
        }
        Event::QueryReturned { query, text } => {
            step_query(state, author, *query, QueryMove::Return, action)?;
            filled_in(text, "再問い合わせの内容", "what is still open")?;
        }
        Event::QueryClosed { query } => step_query(state, author, *query, QueryMove::Close, action)?,
        _ => {}
    }
    Ok(Law::Lawful)
}

fn no_participant(id: ParticipantId) -> Reason {
    Reason::new(
        "no_participant",
        format!("患者 {id} は登録されていません。"),
        format!("There is no participant {id}."),
    )
}

fn not_registered(step: &StepId) -> Reason {
    Reason::new("not_registered", "この段階に登録されていません。", "Not registered at this step.")
        .about([step.as_str()])
}

/// What is stored is not what the engine decides from the same state.
fn otherwise(code: &str, ja: &str) -> Reason {
    Reason::new(
        code,
        format!("{ja}が、同じ状態から決め直した結果と一致しません。"),
        format!("Decided again from the same state it comes out otherwise ({code})."),
    )
}

fn consent(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    site: &SiteId,
    (document, given): (&str, &str),
    on: Date,
    explained_by: &PersonId,
) -> Result<(), Law> {
    future(on, author.day, "同意日", "The day of consent")?;
    let compiled = version(adopted, state, site, on, None)?;
    let refuse =
        |code: &str, ja: String, en: String| Err(Law::from(Reason::new(code, ja, en).about([document])));
    match compiled.protocol.documents.get(document) {
        Some(d) if d.kind == protocol::DocumentKind::Consent => {}
        _ => {
            return refuse(
                "no_document",
                format!("「{document}」という同意説明文書はありません。"),
                format!("There is no consent document \"{document}\"."),
            );
        }
    }
    match version_in_use(compiled, document, on) {
        Some(v) if v == given => {}
        Some(v) => {
            return refuse(
                "document_version",
                format!("{on} に使われるのは第 {v} 版です(第 {given} 版ではありません)。"),
                format!("On {on} version {v} is in use, not {given}."),
            );
        }
        None => {
            return refuse(
                "document_version",
                format!("{on} に使える版がありません。"),
                format!("No version is in use on {on}."),
            );
        }
    }
    if !state.people.contains_key(explained_by) {
        return refuse(
            "no_person",
            format!("説明者 {explained_by} さんはこの試験に登録されていません。"),
            format!("{explained_by}, who explained, is not known to this study."),
        );
    }
    Ok(())
}

fn registered(adopted: &Adopted, state: &State, author: &Author<'_>, r: &Registered) -> Result<(), Law> {
    let p = author.participant(state, r.participant, Action::Register)?;
    let compiled = version(adopted, state, &p.site, r.on, Some(&r.protocol))?;
    day_of_registration(state, author, r.on)?;
    let judged = judge(compiled, state, r.participant, r.step.as_str(), r.on)
        .ok_or_else(|| Law::from(no_step(r.step.as_str())))?;
    if !judged.reasons.is_empty() {
        return Err(Law::Broken(judged.reasons));
    }
    if judged.outcome != Outcome::Eligible || judged.criteria != r.criteria {
        return Err(otherwise("verdict", "適格性の判定").into());
    }
    if state.numbers.get(&r.step).map_or(0, |n| n.len()) + 1 != r.number as usize {
        return Err(otherwise("number", "登録番号").into());
    }
    Ok(())
}

/// A real registration is of today. Only the data centre may enter one of an earlier day, as after a failure of the
/// line, and says why.
pub(crate) fn day_of_registration(state: &State, author: &Author<'_>, on: Date) -> Result<(), Reason> {
    future(on, author.day, "登録日", "The day of registration")?;
    if on < author.day && state.nature() == Some(Nature::Real) {
        if author.role != Role::DataManager {
            return Err(Reason::new(
                "day_past",
                "過去の日付での登録はデータセンターに依頼してください。",
                "Ask the data centre to register for a day in the past.",
            ));
        }
        author.with_reason()?;
    }
    Ok(())
}

fn allocated(adopted: &Adopted, state: &State, author: &Author<'_>, a: &Allocated) -> Result<(), Law> {
    let p = author.participant(state, a.participant, Action::Register)?;
    if p.allocations.contains_key(&a.allocation) {
        return Err(
            Reason::new("already_allocated", "すでに割付を受けています。", "Allocated before.").into()
        );
    }
    let compiled = adopted.get(&a.protocol).ok_or(Law::Unchecked(a.protocol))?;
    let step = compiled.protocol.allocating_step(a.allocation.as_str()).map(|(id, _)| id);
    let Some(r) = step.and_then(|s| p.registration(s)).filter(|r| r.protocol == a.protocol) else {
        return Err(Reason::new(
            "not_registered",
            "割付を行う段階に登録されていません。",
            "Not registered at the step that allocates.",
        )
        .into());
    };
    // As it was when the gate was judged: this registration had not taken place.
    let mut before = p.clone();
    before.registrations.retain(|id, _| Some(id.as_str()) != step);
    let environment = Reading::all(compiled, &before, Some(r.on)).environment();
    let factors =
        crate::allocate::factors(compiled, a.allocation.as_str(), p, &environment).map_err(Law::Broken)?;
    let told = Source::Told { drawn: a.drawn, size: a.block.as_ref().map(|b| b.size) };
    let again = allocate(compiled, state, a.participant, a.allocation.as_str(), factors, &told)?;
    if again != *a {
        return Err(otherwise("allocation", "割付").into());
    }
    Ok(())
}

fn step_form(p: &Participant, form: &FormKey, by: FormMove) -> Result<FormStatus, Reason> {
    let from = p.forms.get(form).map(|f| f.status);
    form_after(from, by).ok_or_else(|| {
        let (ja, en) = match from {
            None => ("未入力の症例報告書です。", "Nothing has been entered on this form."),
            Some(FormStatus::Incomplete) => ("入力中の症例報告書です。", "The form is being entered."),
            Some(FormStatus::Complete) => ("完了した症例報告書です。", "The form is complete."),
            Some(FormStatus::NotApplicable) => (
                "「該当なし」とされた症例報告書です。先に再開してください。",
                "The form was declared not applicable; reopen it first.",
            ),
        };
        Reason::new("form_state", ja, en).about([form.form.as_str()])
    })
}

fn step_query(
    state: &State,
    author: &Author<'_>,
    id: QueryId,
    by: QueryMove,
    action: Action,
) -> Result<(), Reason> {
    author.permit(state, action, None)?;
    let none = || {
        Reason::new(
            "no_query",
            format!("問い合わせ {} はありません。", id.0),
            format!("There is no query {}.", id.0),
        )
    };
    let query = state.query(id).ok_or_else(none)?;
    author.participant(state, query.participant, action).map_err(|_| none())?;
    query_after(query.status, by).map(|_| ()).ok_or_else(|| {
        let (ja, en) = match query.status {
            QueryStatus::Open => ("まだ回答がありません。", "It has not been answered."),
            QueryStatus::Answered => ("すでに回答されています。", "It is answered already."),
            QueryStatus::Closed => ("すでに解決済みです。", "It is closed."),
        };
        Reason::new("query_state", ja, en)
    })
}

/// Of `values`, those that differ from what is stored, as the event that saves them; `None` when nothing would change.
/// Refused with everything that is wrong.
pub(crate) fn saved(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    participant: ParticipantId,
    form: &FormKey,
    values: &Values,
) -> Result<Option<Event>, Refusal> {
    let p = author.participant(state, participant, Action::SaveForm)?;
    let compiled = match version(adopted, state, &p.site, author.day, None) {
        Ok(compiled) => compiled,
        Err(law) => return Result::from(law).map(|()| None),
    };
    let key = normal(compiled, form);
    let filled = p.forms.get(&key);
    let changed = |(id, value): &(&ItemId, &Value)| filled.and_then(|f| f.value(id.as_str())) != Some(*value);
    // "Not yet known" says nothing where nothing was said.
    let says = |(id, value): &(&ItemId, &Value)| {
        **value != Value::NOT_YET_KNOWN || filled.is_some_and(|f| f.values.contains_key(*id))
    };
    let values: Values =
        values.iter().filter(changed).filter(says).map(|(id, value)| (id.clone(), value.clone())).collect();
    if values.is_empty() {
        return match values::key(compiled, p, &key) {
            Some(reason) => Err(reason.into()),
            None => Ok(None),
        };
    }
    let columns = values::columns(compiled, key.form.as_str(), &values);
    let protocol = Hash(compiled.hash);
    match save(adopted, state, author, p, &key, &protocol, &values, &columns) {
        Ok(()) => Ok(Some(Event::FormSaved { participant, form: key, protocol, values, columns })),
        Err(law) => Result::from(law).map(|()| None),
    }
}

#[allow(clippy::too_many_arguments)]
fn save(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    p: &Participant,
    form: &FormKey,
    protocol: &Hash,
    values: &Values,
    columns: &BTreeMap<ItemId, Vec<String>>,
) -> Result<(), Law> {
    let compiled = version(adopted, state, &p.site, author.day, Some(protocol))?;
    let mut reasons: Vec<Reason> =
        never_approved(state, compiled, p.site.as_str(), author.day).into_iter().collect();
    reasons.extend(values::key(compiled, p, form));
    if !reasons.is_empty() {
        return Err(Law::Broken(reasons));
    }
    let filled = p.forms.get(form);
    // A stated value is changed, or anything on a form that was said to be complete.
    let restated = values.keys().any(|id| {
        let before = filled.and_then(|f| f.value(id.as_str()));
        before.is_some_and(|v| v.missing() != Some(Missing::NotYetKnown))
    });
    let complete = filled.is_some_and(|f| f.status == FormStatus::Complete);
    let correction = restated || complete;
    if let Err(reason) = step_form(p, form, if correction { FormMove::Correct } else { FormMove::Save }) {
        reasons.push(reason);
    }
    if correction && author.reason.is_none() {
        reasons.push(Reason::new(
            "reason_needed",
            "入力済みの値を変えるときは、理由を記入してください。",
            "Give a reason for changing what was entered before.",
        ));
    }
    if restated && author.role == Role::DataManager && !author.on_behalf {
        reasons.push(Reason::new(
            "on_behalf_needed",
            "データセンターは施設の値を上書きできません。依頼した施設の担当者を記入してください。",
            "The data centre does not overwrite a site's value; say on whose behalf.",
        ));
    }
    let mut after = state.clone();
    let event = Event::FormSaved {
        participant: p.id,
        form: form.clone(),
        protocol: *protocol,
        values: values.clone(),
        columns: columns.clone(),
    };
    crate::apply::happen(&mut after, state.head.seq + 1, author.at, &event);
    if let Some(then) = after.participant(p.id) {
        let environment = Reading::all(compiled, then, values::day(compiled, then, form)).environment();
        reasons.extend(values::faults(compiled, form, values, &environment, author.day));
    }
    if *columns != values::columns(compiled, form.form.as_str(), values) {
        reasons.push(otherwise("columns", "列名"));
    }
    if let Some(late) = after_withdrawal(compiled, p, form, values) {
        reasons.push(late);
    }
    if reasons.is_empty() { Ok(()) } else { Err(Law::Broken(reasons)) }
}

/// After a withdrawal from follow-up nothing that happened later is collected.
fn after_withdrawal(
    compiled: &protocol::Compiled,
    p: &Participant,
    form: &FormKey,
    values: &Values,
) -> Option<Reason> {
    let left = p.withdrawals.iter().filter(|w| w.scope != WithdrawalScope::Treatment).map(|w| w.on).min()?;
    let dated_by = &compiled.protocol.forms.get(form.form.as_str())?.dated_by;
    match values.get(dated_by.as_str()) {
        Some(Value::Date(day)) if day.earliest() > left => Some(Reason::new(
            "after_withdrawal",
            format!("{left} に追跡への同意が撤回されているため、それより後のデータは入力できません。"),
            format!("Follow-up was withdrawn on {left}; nothing later is collected."),
        )),
        _ => None,
    }
}
