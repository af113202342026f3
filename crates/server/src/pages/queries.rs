//! Queries: the list, raising, answering, returning, closing.

use super::links::back;
use super::links::{anchor, participant};
use crate::ask::{Ask, blocking, execute};
use crate::error::Trouble;
use crate::fields::Choice;
use crate::shell::{Shell, page as render};
use crate::told::{self, Mark};
use askama::Template;
use axum::extract::Form;
use axum::response::{IntoResponse, Redirect, Response};
use conduct::{Action, Command, FormKey, Query, QueryId, QueryStatus, View};
use std::collections::BTreeMap;
use words::Text;

/// Queries on one page.
const PAGE: usize = 200;

const STATES: &[(&str, &str)] =
    &[("open", "query-open"), ("answered", "query-answered"), ("closed", "query-closed"), ("", "state-any")];

#[derive(Template)]
#[template(path = "queries.html")]
struct QueriesPage {
    s: Shell,
    action: String,
    hidden: Vec<(&'static str, String)>,
    states: Vec<Choice>,
    found: String,
    queries: Vec<Shown>,
}

/// A query as the pages show it.
pub(crate) struct Shown {
    pub id: u32,
    pub class: &'static str,
    pub state: Mark,
    pub href: String,
    pub place: String,
    pub text: String,
    pub raised: String,
    pub answers: Vec<Said>,
    pub may_answer: bool,
    pub may_return: bool,
    pub may_close: bool,
    pub action: String,
    pub token: String,
    pub back: String,
}

/// What was written to a query, oldest first.
pub(crate) struct Said {
    pub sign: &'static str,
    pub text: String,
    pub at: String,
}

pub(crate) fn show(ask: &Ask, view: &View<'_>, q: &Query, back: &str) -> Result<Shown, Trouble> {
    let t = ask.t;
    let protocol = &view.protocol().protocol;
    let form = told::key_name(t.0, protocol, &q.form);
    let item = protocol
        .forms
        .get(q.form.form.as_str())
        .and_then(|f| f.item(q.item.as_str()))
        .map_or_else(|| q.item.to_string(), |i| told::name(t.0, &i.ja, &i.en).to_owned());
    let raised = ask.moment(&q.raised.0);
    let mut said: Vec<(u64, Said)> = Vec::new();
    for (sign, lines) in [("↩", &q.answers), ("↪", &q.returns)] {
        for (text, at, seq) in lines {
            said.push((*seq, Said { sign, text: text.clone(), at: ask.moment(at) }));
        }
    }
    said.sort_by_key(|(seq, _)| *seq);
    let now = !ask.is_past();
    Ok(Shown {
        id: q.id.0,
        class: match q.status {
            QueryStatus::Open => "",
            QueryStatus::Answered => "answered",
            QueryStatus::Closed => "closed",
        },
        state: told::query_mark(ask, q),
        href: format!("{}#{}", ask.to(&format!("participants/{}", q.participant)), anchor(&q.form)),
        place: t.with2("query-place", &q.participant.to_string(), &format!("{form} · {item}")).into_owned(),
        text: t.of(&q.text).to_owned(),
        raised: if q.check.is_empty() {
            raised
        } else {
            t.with2("query-raised-check", &q.check, &raised).into_owned()
        },
        answers: said.into_iter().map(|(_, said)| said).collect(),
        may_answer: now && q.status == QueryStatus::Open && ask.may(Action::AnswerQuery),
        may_return: now && q.status == QueryStatus::Answered && ask.may(Action::ReturnQuery),
        may_close: now && q.status != QueryStatus::Closed && ask.may(Action::CloseQuery),
        action: ask.to_bare(&format!("queries/{}", q.id.0)),
        token: ask.new_token()?,
        back: back.to_owned(),
    })
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeParticipants)?;
        let view = ask.view()?;
        let state = ask.query.get("state").map_or("open", String::as_str);
        let wanted: Vec<&Query> = view
            .queries()
            .into_iter()
            .filter(|q| match state {
                "open" => q.status == QueryStatus::Open,
                "answered" => q.status == QueryStatus::Answered,
                "closed" => q.status == QueryStatus::Closed,
                _ => true,
            })
            .collect();
        let back = ask.to_with("queries", &[("state", state)]);
        let queries: Result<Vec<Shown>, Trouble> =
            wanted.iter().rev().take(PAGE).map(|q| show(&ask, &view, q, &back)).collect();
        render(&QueriesPage {
            s: Shell::of(&ask, "queries"),
            action: ask.to_bare("queries"),
            hidden: ask.kept(),
            states: STATES.iter().map(|(value, key)| Choice::new(value, &ask.t.say(key), state)).collect(),
            found: ask.t.count("found-queries", &wanted.len()).into_owned(),
            queries: queries?,
        })
    })
    .await
}

type Typed = BTreeMap<String, String>;

/// The query that the address names, if this viewer may see it.
fn named(ask: &Ask) -> Result<QueryId, Trouble> {
    let id = QueryId(u32::try_from(ask.part_number("query")?).map_err(|_| Trouble::Missing)?);
    let view = ask.view()?;
    if view.queries().iter().any(|q| q.id == id) { Ok(id) } else { Err(Trouble::Missing) }
}

fn text(typed: &Typed, name: &str) -> Result<String, Trouble> {
    let text = typed.get(name).map_or("", |t| t.trim());
    if text.is_empty() { Err(Trouble::Bad("text")) } else { Ok(text.to_owned()) }
}

async fn carry_out(ask: &Ask, typed: &Typed, command: Command) -> Result<Response, Trouble> {
    ask.must_be_now()?;
    let context = ask.context(typed.get("token").map_or("", String::as_str), None)?;
    execute(&ask.study, command, context).await?;
    Ok(Redirect::to(back(ask, typed.get("back"))).into_response())
}

pub(crate) async fn answer(ask: Ask, Form(typed): Form<Typed>) -> Result<Response, Trouble> {
    let command = Command::AnswerQuery { query: named(&ask)?, text: text(&typed, "text")? };
    carry_out(&ask, &typed, command).await
}

pub(crate) async fn send_back(ask: Ask, Form(typed): Form<Typed>) -> Result<Response, Trouble> {
    let command = Command::ReturnQuery { query: named(&ask)?, text: text(&typed, "text")? };
    carry_out(&ask, &typed, command).await
}

pub(crate) async fn close(ask: Ask, Form(typed): Form<Typed>) -> Result<Response, Trouble> {
    carry_out(&ask, &typed, Command::CloseQuery { query: named(&ask)? }).await
}

/// The filling of a form that was named in a form's hidden fields or in the address.
pub(crate) fn key(form: &str, fields: &Typed) -> Result<FormKey, Trouble> {
    let number = match fields.get("number").map(String::as_str).filter(|n| !n.is_empty()) {
        Some(n) => n.parse().ok().filter(|n| *n >= 1).ok_or(Trouble::Missing)?,
        None => 1,
    };
    let visit = fields.get("visit").filter(|v| !v.is_empty()).map(|v| v.as_str().into());
    Ok(FormKey { form: form.into(), visit, number })
}

pub(crate) async fn raise(ask: Ask, Form(typed): Form<Typed>) -> Result<Response, Trouble> {
    let participant = {
        let view = ask.view()?;
        participant(&ask, &view)?.id()
    };
    let form = typed.get("form").ok_or(Trouble::Bad("form"))?;
    let item = typed.get("item").ok_or(Trouble::Bad("item"))?;
    let command = Command::RaiseQuery {
        participant,
        form: key(form, &typed)?,
        item: item.as_str().into(),
        text: Text::same(text(&typed, "text")?),
    };
    carry_out(&ask, &typed, command).await
}
