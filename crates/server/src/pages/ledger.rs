//! The ledger: latest entries, one entry whole, and its verification.

use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::shell::{Shell, page as render};
use crate::told;
use askama::Template;
use axum::response::Response;
use conduct::{Action, View};
use jiff::Timestamp;
use ledger::Entry;
use std::time::Instant;

/// Entries on one page.
const PAGE: usize = 100;
/// Entries that one page looks through at most, for those who may see few of them.
const LOOK: u64 = 5_000;
/// How far the entry before or after is looked for.
const NEAR: u64 = 200;
/// Findings shown; the rest is counted.
const FINDINGS: usize = 50;

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    s: Shell,
    seq: String,
    hash: String,
    may_verify: bool,
    verify: String,
    verified: Option<Verified>,
    /// What durability rests on: name, value, what it must be when it is not.
    settings: Vec<(String, String, Option<String>)>,
    rows: Vec<Row>,
    older: Option<String>,
}

pub(crate) struct Row {
    pub href: String,
    pub seq: String,
    pub at: String,
    pub on: String,
    pub who: String,
    pub told: String,
    pub reason: String,
    pub hash: String,
}

struct Verified {
    class: &'static str,
    shape: &'static str,
    word: String,
    lines: Vec<(String, String)>,
    findings: Vec<Finding>,
}

struct Finding {
    href: String,
    seq: String,
    text: String,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    s: Shell,
    seq: String,
    ledger: String,
    told: String,
    lines: Vec<Field>,
    payload: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

struct Field {
    label: String,
    value: String,
    hash: bool,
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || show(&ask, None)).await
}

pub(crate) async fn verify(ask: Ask) -> Result<Response, Trouble> {
    ask.must(Action::Verify)?;
    blocking(move || {
        let begun = Instant::now();
        let report = ask.study.verify()?;
        let took = begun.elapsed();
        let t = ask.t;
        let good = report.holds();
        let lines = vec![
            (t.say("verified-entries").into_owned(), t.n(&report.entries)),
            (
                t.say("verified-head").into_owned(),
                report.head.map(|h| h.hash.to_string()).unwrap_or_default(),
            ),
            (t.say("verified-root").into_owned(), report.root.map(|r| r.to_string()).unwrap_or_default()),
            (t.say("verified-decided").into_owned(), t.n(&report.re_decided)),
            (t.say("verified-draws").into_owned(), t.n(&report.draws_checked)),
            (t.say("verified-sealed").into_owned(), t.n(&report.draws_sealed)),
            (t.say("verified-cannot").into_owned(), t.n(&report.cannot_recheck)),
            (t.say("verified-took").into_owned(), format!("{:.2} s", took.as_secs_f64())),
        ];
        let findings = report
            .findings
            .iter()
            .take(FINDINGS)
            .map(|f| Finding {
                href: ask.to(&format!("ledger/{}", f.seq)),
                seq: f.seq.to_string(),
                text: t.of(&f.told).to_owned(),
            })
            .collect();
        let verified = Verified {
            class: if good { "" } else { "no" },
            shape: if good { "yes" } else { "no" },
            word: t.say(if good { "verified-ok" } else { "verified-bad" }).into_owned(),
            lines,
            findings,
        };
        show(&ask, Some(verified))
    })
    .await
}

fn show(ask: &Ask, verified: Option<Verified>) -> Result<Response, Trouble> {
    ask.must(Action::SeeLedger)?;
    let head = ask.picture.state.head;
    let before = ask.asked("before").parse::<u64>().unwrap_or(u64::MAX).min(head.seq + 1);
    let (rows, last) = latest(ask, before, PAGE)?;
    let older = last.filter(|seq| *seq > 1).map(|seq| ask.to_with("ledger", &[("before", &seq.to_string())]));
    render(&LedgerPage {
        s: Shell::of(ask, "ledger"),
        seq: ask.t.n(&head.seq),
        hash: head.hash.to_string(),
        may_verify: ask.may(Action::Verify),
        verify: ask.to_bare("ledger/verify"),
        verified,
        settings: settings(ask)?,
        rows,
        older,
    })
}

/// The store's settings, for those who see the whole ledger.
fn settings(ask: &Ask) -> Result<Vec<(String, String, Option<String>)>, Trouble> {
    if ask.reach(Action::SeeLedger) != conduct::Reach::Everything {
        return Ok(Vec::new());
    }
    let found = ask.study.settings()?;
    Ok(found.into_iter().map(|s| (s.name, s.value, (!s.ok).then_some(s.wanted))).collect())
}

/// Up to `want` entries before `before` that this viewer may see, latest first, and the last seq looked at.
pub(crate) fn latest(ask: &Ask, before: u64, want: usize) -> Result<(Vec<Row>, Option<u64>), Trouble> {
    // The ledger goes by its position alone: what was written after the cut-off day may tell of a day before it.
    let view = ask.view_at(None)?;
    let protocol = &ask.protocol()?.protocol;
    let mut rows = Vec::new();
    let mut upper = before.saturating_sub(1);
    let floor = before.saturating_sub(LOOK);
    let mut last = None;
    while upper > floor && rows.len() < want {
        let lower = upper.saturating_sub(2 * want as u64).max(floor) + 1;
        for entry in ask.study.entries(lower..=upper)?.into_iter().rev() {
            if rows.len() == want {
                break;
            }
            last = Some(entry.seq);
            let event = conduct::read(&entry).ok().flatten();
            let Some(event) = event.filter(|e| view.may_see_entry(&entry, e)) else { continue };
            rows.push(Row {
                href: ask.to(&format!("ledger/{}", entry.seq)),
                seq: ask.t.n(&entry.seq),
                at: ask.moment(&entry.at),
                on: ask.picture.state.day(entry.at).to_string(),
                who: who(ask, &entry),
                told: told::event(ask, protocol, &event),
                reason: entry.reason.clone().unwrap_or_default(),
                hash: entry.hash.to_string().chars().take(8).collect(),
            });
        }
        upper = lower - 1;
    }
    Ok((rows, last))
}

/// Person and role of an entry.
pub(crate) fn who(ask: &Ask, entry: &Entry) -> String {
    let role = ask.t.say(&format!("role-{}", entry.role));
    format!("{} ({role})", ask.person(&entry.actor))
}

pub(crate) async fn entry(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeLedger)?;
        let seq = ask.part_number("seq")?;
        let head = ask.picture.state.head.seq;
        let entry = ask.study.entry(seq)?.filter(|e| e.seq <= head).ok_or(Trouble::Missing)?;
        let protocol = &ask.protocol()?.protocol;
        let view = ask.view_at(None)?;
        let event = conduct::read(&entry).ok().flatten();
        let told = match &event {
            Some(event) if view.may_see_entry(&entry, event) => told::event(&ask, protocol, event),
            Some(_) => return Err(Trouble::Missing),
            // An erased or unreadable entry of the chain is shown to those who see all entries.
            None if ask.reach(Action::SeeLedger) == conduct::Reach::Everything => entry.kind.clone(),
            None => return Err(Trouble::Missing),
        };
        render(&EntryPage {
            s: Shell::of(&ask, "ledger"),
            seq: ask.t.n(&seq),
            ledger: ask.to("ledger"),
            told,
            lines: lines(&ask, &entry),
            payload: entry.payload.as_deref().map(pretty),
            before: neighbour(
                &ask,
                &view,
                ask.study.entries(seq.saturating_sub(NEAR)..=seq - 1)?.into_iter().rev(),
            ),
            after: neighbour(&ask, &view, ask.study.entries(seq + 1..=head.min(seq + NEAR))?.into_iter()),
        })
    })
    .await
}

/// The first of these entries that this viewer may see.
fn neighbour(ask: &Ask, view: &View<'_>, mut near: impl Iterator<Item = Entry>) -> Option<String> {
    let found = near.find(|entry| match conduct::read(entry).ok().flatten() {
        Some(event) => view.may_see_entry(entry, &event),
        None => ask.reach(Action::SeeLedger) == conduct::Reach::Everything,
    })?;
    Some(ask.to(&format!("ledger/{}", found.seq)))
}

fn lines(ask: &Ask, entry: &Entry) -> Vec<Field> {
    let t = ask.t;
    let plain = |key: &str, value: String| Field { label: t.say(key).into_owned(), value, hash: false };
    let hash = |key: &str, value: String| Field { label: t.say(key).into_owned(), value, hash: true };
    let at: Timestamp = entry.at;
    let mut lines = vec![
        plain("field-at", format!("{} · {at}", ask.moment(&at))),
        plain("field-actor", format!("{} · {}", ask.person(&entry.actor), entry.actor)),
        plain("field-role", t.say(&format!("role-{}", entry.role)).into_owned()),
    ];
    let optional = [
        ("field-site", entry.site.clone()),
        ("field-on_behalf", entry.on_behalf.clone()),
        ("field-reason", entry.reason.clone()),
        ("field-meaning", entry.meaning.clone()),
        ("field-request", entry.request.clone()),
    ];
    lines.extend(optional.into_iter().filter_map(|(key, value)| Some(plain(key, value?))));
    lines.push(hash("field-kind", format!("{}/{}", entry.kind, entry.kind_version)));
    if !entry.attachments.is_empty() {
        let all: Vec<String> = entry.attachments.iter().map(ToString::to_string).collect();
        lines.push(hash("field-attachments", all.join(" ")));
    }
    lines.push(hash("field-previous", entry.previous.to_string()));
    lines.push(hash("field-commitment", entry.commitment.to_string()));
    if let Some(salt) = entry.salt {
        lines.push(hash("field-salt", salt.iter().map(|b| format!("{b:02x}")).collect()));
    }
    lines.push(hash("field-hash", entry.hash.to_string()));
    lines
}

/// The stored bytes, set out in lines where they are JSON.
fn pretty(bytes: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(bytes)
        .and_then(|json| serde_json::to_string_pretty(&json))
        .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned())
}
