//! Registration: consent, the step's form, the verdict on every criterion, confirmation, number and arm.

use super::book::{expectation, participant};
use super::enter::{Correction, Sheet, changes, correction, correction_faults, on_behalf, present, sheets};
use super::{Because, because};
use crate::ask::{Ask, blocking, execute, new_token, segment};
use crate::error::Trouble;
use crate::fields::{self, Choice, Fault, Field, Typed, Widget};
use crate::shell::{Shell, page_with};
use crate::told;
use askama::Template;
use axum::extract::Form as Posted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use conduct::{
    Action, Answer, Assessment, Command, CriterionOutcome, Expectation, FormKey, Outcome as Verdict,
    ParticipantId, ParticipantView, Reach, Role, SiteId, TrialError, View,
};
use jiff::civil::Date;
use protocol::{Item, Step};
use rules::{Explanation, Value};
use std::collections::BTreeMap;

/// Candidates shown for one step.
const CANDIDATES: usize = 20;

#[derive(Template)]
#[template(path = "register.html")]
struct StartPage {
    s: Shell,
    faults: Vec<Fault>,
    refused: Vec<Because>,
    steps: Vec<StepShown>,
}

struct StepShown {
    title: String,
    about: String,
    held: Option<String>,
    consent: Option<Consent>,
    candidates: Vec<Candidate>,
    rest: Option<String>,
}

pub(crate) struct Consent {
    pub action: String,
    pub token: String,
    pub fields: Vec<Field>,
}

struct Candidate {
    href: String,
    id: String,
    site: String,
    since: String,
    window: String,
    attempt: String,
}

#[derive(Template)]
#[template(path = "step.html")]
struct StepPage {
    s: Shell,
    book: String,
    participant: String,
    title: String,
    faults: Vec<Fault>,
    refused: Vec<Because>,
    consent: Option<Consent>,
    verdict: Option<Judged>,
    action: String,
    token: String,
    judged: String,
    on: Field,
    sections: Vec<Sheet>,
    correction: Option<Correction>,
}

/// A verdict as the page shows it.
pub(crate) struct Judged {
    pub class: &'static str,
    pub shape: &'static str,
    pub word: String,
    pub what: String,
    pub reasons: Vec<Because>,
    pub criteria: Vec<CriterionShown>,
    pub may_register: bool,
    pub confirm: String,
    pub button: String,
}

pub(crate) struct CriterionShown {
    pub id: String,
    pub text: String,
    pub shape: &'static str,
    pub word: String,
    pub because: Vec<String>,
}

#[derive(Template)]
#[template(path = "registered.html")]
struct ResultPage {
    s: Shell,
    book: String,
    participant: String,
    title: String,
    result: Outcome,
    again: String,
}

enum Outcome {
    Registered(Registered),
    Refused(Judged),
}

struct Registered {
    number_label: String,
    number: String,
    arm: Option<String>,
    on: String,
    entry: Option<String>,
    seq: String,
    replay: Option<String>,
    next: Vec<Next>,
}

struct Next {
    visit: String,
    form: String,
    due: String,
}

/// Whether this participant may come to `step` today: the step before was passed, its window is open, and nothing
/// has ended it. Papers, consent and criteria are judged when registration is asked for.
pub(crate) fn may_come(ask: &Ask, view: &View<'_>, p: &ParticipantView<'_>, id: &str) -> bool {
    let protocol = &view.protocol().protocol;
    let Some(step) = protocol.steps.get(id) else { return false };
    let ended =
        protocol.facts.iter().any(|(fact, f)| f.ends && matches!(p.fact(fact), conduct::FactFound::On(_)));
    if p.registration(id).is_some() || p.withdrawals().next().is_some() || ended {
        return false;
    }
    match since(p, step) {
        Some(since) => window(step, since).is_none_or(|(_, to)| to.is_none_or(|to| ask.today() <= to)),
        None => false,
    }
}

/// The day from which the step counts: the registration before it, or the first consent.
fn since(p: &ParticipantView<'_>, step: &Step) -> Option<Date> {
    match &step.after {
        Some(after) => p.registration(after).map(|r| r.on),
        None => p.consents().next().map(|c| c.on),
    }
}

/// First and last day on which the step is open.
fn window(step: &Step, since: Date) -> Option<(Date, Option<Date>)> {
    let window = step.window.as_ref()?;
    let from = window.from.and_then(|d| d.add_to(since)).unwrap_or(since);
    Some((from, window.to.and_then(|d| d.add_to(since))))
}

/// Participants who may come to `step`, those whose window closes first at the top.
pub(crate) fn candidates(ask: &Ask, view: &View<'_>, step: &str) -> Vec<ParticipantId> {
    let Some(found) = view.protocol().protocol.steps.get(step) else { return Vec::new() };
    let mut all: Vec<(Option<Date>, ParticipantId)> = view
        .participants()
        .iter()
        .filter(|p| may_come(ask, view, p, step))
        .map(|p| (since(p, found).and_then(|s| window(found, s)).and_then(|(_, to)| to), p.id()))
        .collect();
    all.sort_by_key(|(to, id)| (to.is_none(), *to, *id));
    all.into_iter().map(|(_, id)| id).collect()
}

pub(crate) async fn start(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || show_start(&ask, StatusCode::OK, &Typed::new(), Vec::new(), Vec::new())).await
}

fn show_start(
    ask: &Ask,
    status: StatusCode,
    typed: &Typed,
    faults: Vec<Fault>,
    refused: Vec<Because>,
) -> Result<Response, Trouble> {
    ask.must(Action::Register)?;
    let t = ask.t;
    let view = ask.view()?;
    let protocol = &view.protocol().protocol;
    let attempts = view.attempts();
    let mut steps = Vec::new();
    for (id, step) in &protocol.steps {
        let all = candidates(ask, &view, id);
        let shown = all.iter().take(CANDIDATES).filter_map(|p| view.participant(*p)).map(|p| {
            let since = since(p, step);
            let open = since.and_then(|s| window(step, s));
            let last = attempts.iter().rev().find(|a| a.participant == p.id() && a.step.as_str() == id);
            Candidate {
                href: ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id))),
                id: p.id().to_string(),
                site: ask.site_name(p.site()),
                since: since.map(|d| d.to_string()).unwrap_or_default(),
                window: open
                    .map(|(from, to)| format!("{from} – {}", to.map(|d| d.to_string()).unwrap_or_default()))
                    .unwrap_or_default(),
                attempt: last
                    .map(|a| t.say(&format!("criterion-{}", told::outcome_name(a.outcome))).into_owned())
                    .unwrap_or_default(),
            }
        });
        let shown: Vec<Candidate> = shown.collect();
        let registered = super::overview::registrations(&view, id);
        let mut about = match step.cap {
            Some(cap) => t.with2("step-cap", &t.n(&registered), &t.n(&cap)).into_owned(),
            None => t.with("step-count", &t.n(&registered)).into_owned(),
        };
        if let (Some(after), Some(window)) = (&step.after, &step.window) {
            let span = |d: Option<rules::Duration>| d.map(|d| told::duration(t, d)).unwrap_or_default();
            let span = format!("{} – {}", span(window.from), span(window.to));
            about = format!(
                "{about} · {}",
                t.with2("step-window", &told::step_name(t.0, protocol, after), &span)
            );
        }
        let rest = all.len().saturating_sub(shown.len());
        let consent = match &step.consent {
            Some(document) if step.after.is_none() && ask.may_now(Action::GiveConsent) => {
                Some(consent_form(ask, &view, document, None, typed, &faults)?)
            }
            _ => None,
        };
        steps.push(StepShown {
            title: told::name(t.0, &step.ja, &step.en).to_owned(),
            about,
            held: view.held().any(|s| s.as_str() == id).then(|| t.say("accrual-held").into_owned()),
            consent,
            candidates: shown,
            rest: (rest > 0).then(|| t.count("further-candidates", &rest).into_owned()),
        });
    }
    page_with(status, &StartPage { s: Shell::of(ask, "register"), faults, refused, steps })
}

/// The fields of a consent: site, document version, day, and who explained.
fn consent_form(
    ask: &Ask,
    view: &View<'_>,
    document: &str,
    of: Option<&ParticipantView<'_>>,
    typed: &Typed,
    faults: &[Fault],
) -> Result<Consent, Trouble> {
    let t = ask.t;
    let get = |name: &str| typed.get(name).map_or("", String::as_str);
    let own = match ask.reach(Action::GiveConsent) {
        Reach::Everything => None,
        _ => ask.viewer.site.as_ref(),
    };
    let only = of.map(|p| p.site()).or(own);
    let mut sites: Vec<Choice> = view
        .sites()
        .iter()
        .filter(|s| only.is_none_or(|own| own == s.id))
        .map(|s| Choice::new(s.id.as_str(), t.of(&s.site.name), get("site")))
        .collect();
    if let [one] = sites.as_mut_slice() {
        one.chosen = true;
    }
    let mut versions: Vec<Choice> = view
        .protocol()
        .protocol
        .documents
        .get(document)
        .map(|d| d.versions.keys().map(|v| Choice::new(v, v, get("version"))).collect())
        .unwrap_or_default();
    if let (true, Some(last)) = (get("version").is_empty(), versions.last_mut()) {
        last.chosen = true;
    }
    let explainers = view
        .people()
        .iter()
        .filter(|(_, person)| {
            person.roles.iter().any(|(role, site)| {
                matches!(role, Role::Investigator | Role::Coordinator)
                    && only.is_none_or(|own| site.as_ref() == Some(own))
            })
        })
        .map(|(id, person)| {
            let at: Vec<String> =
                person.roles.iter().filter_map(|(_, s)| s.as_ref()).map(|s| ask.site_name(s)).collect();
            Choice::new(
                id.as_str(),
                &format!("{} · {}", t.of(&person.name), at.join(" / ")),
                get("explained_by"),
            )
        })
        .collect();
    let name = view.protocol().protocol.documents.get(document);
    let note = name.map(|d| told::name(t.0, &d.ja, &d.en).to_owned());
    let field = |name: &str, key: &str, widget: Widget, note: Option<String>| Field {
        t,
        name: name.to_owned(),
        number: None,
        label: t.say(key).into_owned(),
        required: true,
        unit: None,
        note,
        widget,
        missing: Vec::new(),
        error: faults.iter().find(|f| f.name == name).map(|f| f.what.clone()),
        tells: Vec::new(),
    };
    let on = Widget::Day(fields::day(t, "on", false, &day_or(typed, "on", ask.today())));
    Ok(Consent {
        action: match of {
            Some(p) => {
                ask.to_bare(&format!("register?participant={}&document={}", p.id(), segment(document)))
            }
            None => ask.to_bare(&format!("register?document={}", segment(document))),
        },
        token: new_token()?,
        fields: vec![
            field("site", "consent-site", Widget::Pick(sites), None),
            field("version", "consent-version", Widget::Pick(versions), note),
            field("on", "consent-on", on, None),
            field("explained_by", "consent-by", Widget::Pick(explainers), None),
        ],
    })
}

/// What was typed for a day, or this day.
fn day_or(typed: &Typed, name: &str, day: Date) -> Typed {
    if typed.keys().any(|k| k.starts_with(&format!("{name}."))) {
        return typed.clone();
    }
    let mut out = typed.clone();
    for (part, text) in ["y", "m", "d"].iter().zip(day.to_string().split('-')) {
        out.insert(format!("{name}.{part}"), text.to_owned());
    }
    out
}

/// Records a consent and goes on to the form of the first step that asks for it.
pub(crate) async fn consent(ask: Ask, Posted(typed): Posted<Typed>) -> Result<Response, Trouble> {
    ask.must_be_now()?;
    ask.must(Action::GiveConsent)?;
    let t = ask.t;
    let document = ask.asked("document").to_owned();
    let participant = match ask.asked("participant") {
        "" => None,
        id => {
            let id = ParticipantId(id.parse().map_err(|_| Trouble::Missing)?);
            ask.view()?.participant(id).ok_or(Trouble::Missing)?;
            Some(id)
        }
    };
    let protocol = ask.protocol()?.clone();
    let step = protocol.protocol.steps.iter().find(|(_, s)| s.consent.as_deref() == Some(&document));
    let (first, _) = step.ok_or(Trouble::Missing)?;
    let mut faults = Vec::new();
    let mut need = |name: &str, key: &str| {
        let text = typed.get(name).map_or("", |v| v.trim());
        if text.is_empty() {
            faults.push(Fault {
                name: name.to_owned(),
                label: t.say(key).into_owned(),
                what: t.say("fault-required").into_owned(),
            });
        }
        text.to_owned()
    };
    let (site, version, by) = (
        need("site", "consent-site"),
        need("version", "consent-version"),
        need("explained_by", "consent-by"),
    );
    let on = fields::read_date(t, "on", false, &typed);
    let on = match on.map(|d| d.and_then(|d| d.day())) {
        Ok(Some(day)) => Some(day),
        Ok(None) => {
            need("on", "consent-on");
            None
        }
        Err(what) => {
            faults.push(Fault { name: "on".into(), label: t.say("consent-on").into_owned(), what });
            None
        }
    };
    let (Some(on), true) = (on, faults.is_empty()) else {
        return blocking(move || {
            show_start(&ask, StatusCode::UNPROCESSABLE_ENTITY, &typed, faults, Vec::new())
        })
        .await;
    };
    let command = Command::GiveConsent {
        site: SiteId::from(site.as_str()),
        participant,
        document,
        version,
        on,
        explained_by: by.as_str().into(),
    };
    let context = ask.context(typed.get("token").map_or("", String::as_str), None)?;
    match execute(&ask.study, command, context).await {
        Ok(done) => {
            let id = match (done.answer, participant) {
                (Answer::Participant(id), _) | (_, Some(id)) => id,
                _ => return Err(Trouble::Broken("a consent without a participant".into())),
            };
            let to = ask.to_bare(&format!("participants/{id}/register/{}", segment(first)));
            Ok(Redirect::to(&to).into_response())
        }
        Err(TrialError::Refused(refusal)) => {
            let refused = because(t, &refusal.reasons);
            blocking(move || show_start(&ask, StatusCode::UNPROCESSABLE_ENTITY, &typed, Vec::new(), refused))
                .await
        }
        Err(other) => Err(other.into()),
    }
}

/// What a step's page shows beside the form.
#[derive(Default)]
struct Shown {
    typed: Option<Typed>,
    faults: Vec<Fault>,
    refused: Vec<Because>,
    assessed: Option<(Assessment, String)>,
}

pub(crate) async fn step(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || show_step(&ask, StatusCode::OK, Shown::default())).await
}

fn show_step(ask: &Ask, status: StatusCode, with: Shown) -> Result<Response, Trouble> {
    ask.must(Action::Register)?;
    let t = ask.t;
    let view = ask.view()?;
    let p = participant(ask, &view)?;
    let protocol = &view.protocol().protocol;
    let id = ask.part("step")?;
    let step = protocol.steps.get(id).ok_or(Trouble::Missing)?;
    if p.registration(id).is_some() {
        let to = ask.to_bare(&format!("participants/{}/registered/{}", p.id(), segment(id)));
        return Ok(Redirect::to(&to).into_response());
    }
    ask.must_be_now()?;
    let key = FormKey::once(&step.form);
    let form = protocol.forms.get(&step.form).ok_or(Trouble::Missing)?;
    let items: Vec<&Item> = form.items().collect();
    let typed = match with.typed {
        Some(typed) => typed,
        None => fields::type_out(&items, &present(p.filled(&key))),
    };
    let consent = match &step.consent {
        Some(document)
            if !p.consents().any(|c| c.document == *document) && ask.may_now(Action::GiveConsent) =>
        {
            Some(consent_form(ask, &view, document, Some(p), &Typed::new(), &[])?)
        }
        _ => None,
    };
    let (judged, verdict) = match &with.assessed {
        Some((assessment, digest)) => (digest.clone(), Some(judged(ask, &view, step, id, assessment))),
        None => (String::new(), None),
    };
    let on_typed = day_or(&typed, "registered_on", ask.today());
    let page = StepPage {
        s: Shell::of(ask, "register"),
        book: ask.to_bare(&format!("participants/{}", p.id())),
        participant: format!(
            "{} · {}",
            t.with("participant-n", &p.id().to_string()),
            ask.site_name(p.site())
        ),
        title: t.with2("register-at", told::name(t.0, &step.ja, &step.en), &p.id().to_string()).into_owned(),
        refused: with.refused,
        consent,
        verdict,
        action: ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id))),
        token: match typed.get("token") {
            Some(token) => token.clone(),
            None => new_token()?,
        },
        judged,
        on: Field {
            t,
            name: "registered_on".into(),
            number: None,
            label: t.say("registration-day").into_owned(),
            required: true,
            unit: None,
            note: None,
            widget: Widget::Day(fields::day(t, "registered_on", false, &on_typed)),
            missing: Vec::new(),
            error: with.faults.iter().find(|f| f.name == "registered_on").map(|f| f.what.clone()),
            tells: Vec::new(),
        },
        sections: sheets(ask, &view, Some(p), &key, &typed, &with.faults),
        correction: correction(ask, &view, p, &key, &typed, &with.faults),
        faults: with.faults,
    };
    page_with(status, &page)
}

/// A verdict in words: the criteria that fail first, then those that cannot be told, then the rest.
fn judged(ask: &Ask, view: &View<'_>, step: &Step, _id: &str, a: &Assessment) -> Judged {
    let t = ask.t;
    let blocked = a.outcome == Verdict::Eligible && !a.reasons.is_empty();
    let name = if blocked { "blocked" } else { told::outcome_name(a.outcome) };
    let mut criteria: Vec<(usize, CriterionShown)> = a
        .criteria
        .iter()
        .map(|(c, why)| (rank(c.outcome), criterion(ask, view, step, c, Some(why))))
        .collect();
    criteria.sort_by_key(|(rank, _)| *rank);
    let allocates = step.allocate.is_some();
    Judged {
        class: verdict_class(a.outcome, blocked),
        shape: if blocked { "no" } else { told::outcome_shape(a.outcome) },
        word: t.say(&format!("verdict-{name}")).into_owned(),
        what: t.say(&format!("verdict-{name}-what")).into_owned(),
        reasons: because(t, &a.reasons),
        criteria: criteria.into_iter().map(|(_, c)| c).collect(),
        may_register: a.outcome == Verdict::Eligible && a.reasons.is_empty(),
        confirm: t.say("confirm-register").into_owned(),
        button: t.say(if allocates { "button-register-allocate" } else { "button-register" }).into_owned(),
    }
}

fn verdict_class(outcome: Verdict, blocked: bool) -> &'static str {
    match outcome {
        Verdict::Eligible if !blocked => "",
        Verdict::CannotTell => "unsure",
        _ => "no",
    }
}

fn rank(outcome: Verdict) -> usize {
    match outcome {
        Verdict::Ineligible => 0,
        Verdict::CannotTell => 1,
        Verdict::Eligible => 2,
    }
}

fn criterion(
    ask: &Ask,
    view: &View<'_>,
    step: &Step,
    c: &CriterionOutcome,
    why: Option<&Explanation>,
) -> CriterionShown {
    let t = ask.t;
    let written = step.criteria.iter().find(|w| w.id == c.id);
    let mut because = Vec::new();
    if let Some(why) = why {
        because.push(t.of(&why.text).to_owned());
    }
    if !c.missing.is_empty() {
        let names: Vec<String> = c
            .missing
            .iter()
            .map(|path| {
                view.protocol()
                    .dictionary
                    .get(path)
                    .map_or_else(|| path.clone(), |i| t.of(&i.label).to_owned())
            })
            .collect();
        because.push(t.with("criterion-missing", &names.join(&t.say("record-comma"))).into_owned());
    }
    let text = written.map(|w| told::name(t.0, &w.ja, &w.en).to_owned()).unwrap_or_default();
    // An exclusion is not "met" by someone whom it lets pass: it does not apply.
    let (kind, text) = match written {
        Some(w) if w.exclude => ("exclusion", t.with("exclusion", &text).into_owned()),
        _ => ("criterion", text),
    };
    CriterionShown {
        id: c.id.clone(),
        text,
        shape: told::outcome_shape(c.outcome),
        word: t.say(&format!("{kind}-{}", told::outcome_name(c.outcome))).into_owned(),
        because,
    }
}

/// Everything that a verdict rests on, as one text: when it changes, the verdict is asked for again.
fn digest(on: Date, values: &BTreeMap<String, Value>) -> Result<String, Trouble> {
    let all = serde_json::to_string(&(on, values)).map_err(|e| Trouble::Broken(e.to_string()))?;
    Ok(ledger::Hash::of(all.as_bytes()).to_string())
}

pub(crate) async fn submit(ask: Ask, Posted(mut typed): Posted<Typed>) -> Result<Response, Trouble> {
    ask.must_be_now()?;
    ask.must(Action::Register)?;
    let t = ask.t;
    let id = ask.part("step")?.to_owned();
    let (who, step_form) = {
        let view = ask.view()?;
        let p = participant(&ask, &view)?;
        let step = view.protocol().protocol.steps.get(&id).ok_or(Trouble::Missing)?;
        (p.id(), step.form.clone())
    };
    let to = ask.to_bare(&format!("participants/{who}/registered/{}", segment(&id)));
    let mut context =
        ask.context(typed.get("token").map_or("", String::as_str), typed.get("reason").map(String::as_str))?;
    context.on_behalf = on_behalf(&ask, &typed)?;
    if ask.study.repeated(&context).is_some() {
        return Ok(Redirect::to(&to).into_response());
    }
    if let Some(group) = typed.get("add").cloned() {
        fields::add_record(&group, &mut typed);
        let with = Shown { typed: Some(typed), ..Shown::default() };
        return blocking(move || show_step(&ask, StatusCode::OK, with)).await;
    }
    let compiled = ask.protocol()?.clone();
    let form = compiled.protocol.forms.get(&step_form).ok_or(Trouble::Missing)?;
    let items: Vec<&Item> = form.items().collect();
    let (mut values, mut faults) = match fields::read(t, &items, &typed) {
        Ok(values) => (values, Vec::new()),
        Err(faults) => (BTreeMap::new(), faults),
    };
    let on = fields::read_date(t, "registered_on", false, &typed).map(|d| d.and_then(|d| d.day()));
    let on_fault = match &on {
        Ok(Some(_)) => None,
        Ok(None) => Some(t.say("fault-required").into_owned()),
        Err(what) => Some(what.clone()),
    };
    if let Some(what) = on_fault {
        faults.push(Fault {
            name: "registered_on".into(),
            label: t.say("registration-day").into_owned(),
            what,
        });
    }
    let (Ok(Some(on)), true) = (on, faults.is_empty()) else {
        let with = Shown { typed: Some(typed), faults, ..Shown::default() };
        return blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await;
    };
    let digest = digest(on, &values)?;
    // Only what changes is sent; a form that an earlier attempt filled is corrected, with a reason.
    {
        let view = ask.view()?;
        let p = participant(&ask, &view)?;
        let filled = p.filled(&FormKey::once(&step_form));
        values = changes(form, &present(filled), values);
        faults.extend(correction_faults(&ask, filled, &values, &typed));
    }
    if !faults.is_empty() {
        let with = Shown { typed: Some(typed), faults, ..Shown::default() };
        return blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await;
    }
    let values: conduct::Values = values.into_iter().map(|(i, v)| (i.as_str().into(), v)).collect();
    let assessment = {
        let picture = ask.study.now();
        let adopted = &picture.adopted;
        conduct::assess(adopted, &picture.state, who, &id, on, &values, &context)
    };
    let assessment = match assessment {
        Ok(assessment) => assessment,
        Err(refusal) => {
            let refused = because(t, &refusal.reasons);
            let with = Shown { typed: Some(typed), refused, ..Shown::default() };
            return blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await;
        }
    };
    let asked = typed.get("do").is_some_and(|d| d == "register");
    let confirmed = typed.get("confirmed").is_some_and(|c| c == "yes");
    let same = typed.get("judged").is_some_and(|j| *j == digest);
    if !asked || !confirmed || !same {
        let mut faults = Vec::new();
        if asked {
            let key = if same { "fault-confirm" } else { "fault-judged-changed" };
            faults.push(Fault {
                name: "verdict".into(),
                label: t.say("outcome").into_owned(),
                what: t.say(key).into_owned(),
            });
        }
        let status = if asked { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let with =
            Shown { typed: Some(typed), faults, assessed: Some((assessment, digest)), ..Shown::default() };
        return blocking(move || show_step(&ask, status, with)).await;
    }
    let command =
        Command::Register { participant: who, step: id.as_str().into(), on, values, confirmed: true };
    match execute(&ask.study, command, context).await {
        Ok(_) => Ok(Redirect::to(&to).into_response()),
        Err(TrialError::Refused(refusal)) => {
            let refused = because(t, &refusal.reasons);
            let with = Shown { typed: Some(typed), refused, ..Shown::default() };
            blocking(move || show_step(&ask, StatusCode::UNPROCESSABLE_ENTITY, with)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The number and the arm; or, when the last attempt did not register, why.
pub(crate) async fn registered(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeParticipants)?;
        let t = ask.t;
        let view = ask.view()?;
        let p = participant(&ask, &view)?;
        let protocol = &view.protocol().protocol;
        let id = ask.part("step")?;
        let step = protocol.steps.get(id).ok_or(Trouble::Missing)?;
        let name = told::name(t.0, &step.ja, &step.en);
        let result = match p.registration(id) {
            Some(r) => Outcome::Registered(number_and_arm(&ask, &view, p, step, name, r)),
            None => {
                let attempts = view.attempts();
                let last = attempts.iter().rev().find(|a| a.participant == p.id() && a.step.as_str() == id);
                let a = last.ok_or(Trouble::Missing)?;
                let blocked = a.outcome == Verdict::Eligible;
                let key = if blocked { "blocked" } else { told::outcome_name(a.outcome) };
                let mut shown: Vec<(usize, CriterionShown)> = a
                    .criteria
                    .iter()
                    .filter(|c| c.outcome != Verdict::Eligible)
                    .map(|c| (rank(c.outcome), criterion(&ask, &view, step, c, None)))
                    .collect();
                shown.sort_by_key(|(rank, _)| *rank);
                Outcome::Refused(Judged {
                    class: verdict_class(a.outcome, blocked),
                    shape: if blocked { "no" } else { told::outcome_shape(a.outcome) },
                    word: t.say(&format!("verdict-{key}")).into_owned(),
                    what: t.say("refused-recorded").into_owned(),
                    reasons: because(t, &a.reasons),
                    criteria: shown.into_iter().map(|(_, c)| c).collect(),
                    may_register: false,
                    confirm: String::new(),
                    button: String::new(),
                })
            }
        };
        let page = ResultPage {
            s: Shell::of(&ask, "register"),
            book: ask.to(&format!("participants/{}", p.id())),
            participant: format!(
                "{} · {}",
                t.with("participant-n", &p.id().to_string()),
                ask.site_name(p.site())
            ),
            title: t.with2("register-at", name, &p.id().to_string()).into_owned(),
            result,
            again: ask.to_bare(&format!("participants/{}/register/{}", p.id(), segment(id))),
        };
        page_with(StatusCode::OK, &page)
    })
    .await
}

fn number_and_arm(
    ask: &Ask,
    view: &View<'_>,
    p: &ParticipantView<'_>,
    step: &Step,
    name: &str,
    r: &conduct::Registration,
) -> Registered {
    let t = ask.t;
    let protocol = &view.protocol().protocol;
    let allocation = step.allocate.as_deref();
    let next = p
        .expected(ask.cutoff.unwrap_or_else(|| ask.today()))
        .into_iter()
        .filter(|e| {
            matches!(e.status, Expectation::NotYetDue | Expectation::Due | Expectation::Overdue { .. })
        })
        .map(|e| Next {
            visit: told::visit_name(t.0, protocol, &e.visit),
            form: format!("{} · {}", told::form_name(t.0, protocol, &e.form.form), expectation(ask, &e).word),
            due: e.due.to_string(),
        })
        .collect();
    Registered {
        number_label: t.with("number-of-step", name).into_owned(),
        number: r.number.to_string(),
        arm: allocation.and_then(|a| p.arm(a)).map(|arm| told::arm_name(t.0, protocol, arm.as_str())),
        on: r.on.to_string(),
        entry: ask.may(Action::SeeLedger).then(|| ask.to(&format!("ledger/{}", r.seq))),
        seq: t.n(&r.seq),
        replay: allocation
            .filter(|a| ask.may(Action::SeeReplay) && p.arm(a).is_some())
            .map(|a| ask.to(&format!("participants/{}/allocation/{}", p.id(), segment(a)))),
        next,
    }
}
