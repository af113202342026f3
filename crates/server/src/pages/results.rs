//! Results by number, and each followed home: row, participants, values, ledger entries; and back from a value.

use super::links::{analysis_href, anchor, key_href, participant as participant_of};
use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::fields;
use crate::shell::{Shell, page as render};
use crate::study::{RESULTS, ROWS};
use crate::told;
use analysis::{Contribution, Origin, Part, Results, Row, Rows, Tracer};
use askama::Template;
use axum::response::Response;
use conduct::{Action, FormKey, ParticipantId, SiteId, View};
use jiff::civil::Date;
use protocol::Protocol;
use report::home;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "results.html")]
struct IndexPage {
    s: Shell,
    report: String,
    analyses: Vec<Link>,
}

struct Link {
    href: String,
    text: String,
}

#[derive(Template)]
#[template(path = "analysis.html")]
struct AnalysisPage {
    s: Shell,
    index: String,
    title: String,
    lines: Vec<LineTold>,
    refused: Vec<String>,
    files: Vec<(String, String)>,
}

/// Rows that differ only in their statistic.
struct LineTold {
    analysis: String,
    method: String,
    about: String,
    numbers: Vec<Number>,
}

struct Number {
    href: String,
    stat: String,
    value: String,
}

#[derive(Template)]
#[template(path = "row.html")]
struct RowPage {
    s: Shell,
    index: String,
    analysis: Link,
    stat: String,
    value: String,
    /// The other statistics of the same line.
    beside: Vec<Number>,
    facts: Vec<(String, String)>,
    warning: Option<String>,
    counts: bool,
    sums: Vec<(String, String)>,
    parts: Vec<PartTold>,
    one: Option<OneTold>,
    by_arm: bool,
}

struct PartTold {
    id: String,
    book: String,
    site: String,
    arm: String,
    contribution: String,
    href: String,
}

/// One participant's values behind the row.
struct OneTold {
    title: String,
    book: String,
    contribution: String,
    sources: Vec<SourceTold>,
}

struct SourceTold {
    what: String,
    href: Option<String>,
    value: String,
    decides: bool,
    entry: Option<Link>,
}

#[derive(Template)]
#[template(path = "value.html")]
struct ValuePage {
    s: Shell,
    book: Link,
    form: String,
    item: String,
    value: String,
    lines: Vec<LineTold>,
}

/// The rows of one planned analysis, worked out once for each (position, cut-off, viewer).
fn found(ask: &Ask, view: &View<'_>, day: Date, id: &str) -> Result<Arc<Vec<Row>>, Trouble> {
    let make = || Ok(analysis::analyse_one(view, id));
    ask.study.cached(&ask.picture, day, &ask.viewer, (&format!("rows {id}"), ROWS), make)
}

/// The rows of all planned analyses, worked out once.
pub(crate) fn whole(ask: &Ask, view: &View<'_>, day: Date) -> Result<Arc<Results>, Trouble> {
    ask.study.cached(&ask.picture, day, &ask.viewer, ("results", RESULTS), || Ok(analysis::analyse(view)))
}

pub(crate) async fn index(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let day = ask.day();
        let protocol = &ask.protocol()?.protocol;
        let analyses = protocol.analyses.iter().map(|(id, a)| Link {
            href: analysis_href(&ask, id),
            text: told::name(ask.t.0, &a.ja, &a.en).to_owned(),
        });
        let analyses = analyses.collect();
        render(&IndexPage { s: Shell::of(&ask, "report").at_day(day), report: ask.to("report"), analyses })
    })
    .await
}

pub(crate) async fn analysis(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let day = ask.day();
        let view = ask.view_at(Some(day))?;
        let id = ask.part("analysis")?;
        let protocol = &view.protocol().protocol;
        let planned = protocol.analyses.get(id).ok_or(Trouble::Missing)?;
        let found = found(&ask, &view, day, id)?;
        let rows = Rows::new(&found).filter(|r| r.level.as_deref() != Some("curve"));
        let refused = rows.iter().filter(|r| r.method == "refused").filter_map(|r| r.warning.as_ref());
        let refused = refused.map(|w| ask.t.of(w).to_owned()).collect();
        let lines = by_line(&ask, protocol, rows.iter().filter(|r| r.method != "refused"));
        render(&AnalysisPage {
            lines,
            s: Shell::of(&ask, "report").at_day(day),
            index: ask.to("results"),
            title: told::name(ask.t.0, &planned.ja, &planned.en).to_owned(),
            refused,
            files: super::links::files(&ask, id, &["csv", "json"]),
        })
    })
    .await
}

pub(crate) async fn row(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        let day = ask.day();
        let view = ask.view_at(Some(day))?;
        let id = ask.part("analysis")?;
        let protocol = &view.protocol().protocol;
        let planned = protocol.analyses.get(id).ok_or(Trouble::Missing)?;
        let rows = found(&ask, &view, day, id)?;
        let key = ask.asked("row");
        let open = |r: &&Row| home::has_address(r, key) && r.method != "refused";
        let row = rows.iter().find(open).ok_or(Trouble::Missing)?;
        let beside = home::address(row);
        let beside = rows.iter().filter(|r| home::address(r) == beside && r.stat != row.stat);
        let beside = beside.map(|r| number(&ask, r)).collect();
        let tracer = Tracer::of(&view, id);
        let trace = tracer.row(row);
        let mut sums: Vec<(String, usize)> = Vec::new();
        for part in &trace.parts {
            let kind = kind(&ask, part);
            match sums.iter_mut().find(|(k, _)| *k == kind) {
                Some((_, n)) => *n += 1,
                None => sums.push((kind, 1)),
            }
        }
        let wanted = ask.asked("participant").parse::<u32>().ok().map(ParticipantId);
        let one = wanted.and_then(|id| trace.parts.iter().find(|p| p.id == id));
        let one = one.map(|part| one_told(&ask, &view, &tracer, row, part));
        let parts = trace.parts.iter().map(|p| part_told(&ask, protocol, row, p)).collect();
        render(&RowPage {
            s: Shell::of(&ask, "report").at_day(day),
            index: ask.to("results"),
            analysis: Link {
                href: analysis_href(&ask, id),
                text: told::name(ask.t.0, &planned.ja, &planned.en).to_owned(),
            },
            stat: home::stat(&row.stat, ask.t.0),
            value: home::value(row),
            beside,
            facts: facts(&ask, protocol, row),
            warning: row.warning.as_ref().map(|w| ask.t.of(w).to_owned()),
            counts: trace.counts,
            sums: sums.into_iter().map(|(k, n)| (k, ask.t.n(&n))).collect(),
            by_arm: trace.parts.iter().any(|p| p.group.is_some()),
            parts,
            one,
        })
    })
    .await
}

/// The results that a value enters.
pub(crate) async fn of_value(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeResultsByArm)?;
        ask.must(Action::SeeParticipants)?;
        let day = ask.day();
        let view = ask.view_at(Some(day))?;
        let p = participant_of(&ask, &view)?;
        let protocol = &view.protocol().protocol;
        let visit = Some(ask.asked("visit")).filter(|v| !v.is_empty()).map(Into::into);
        let number = ask.asked("number").parse().unwrap_or(1);
        let key = FormKey { form: ask.asked("form").into(), visit, number };
        let item = protocol.forms.get(key.form.as_str()).and_then(|f| f.item(ask.asked("item")));
        let item = item.ok_or(Trouble::Missing)?;
        let given = p.filled(&key).and_then(|f| f.values.get(item.id.as_str())).and_then(|v| v.last());
        let given = given.ok_or(Trouble::Missing)?;
        let results = whole(&ask, &view, day)?;
        let rows = Tracer::new(&view).rows(&results, p.id(), &key, &item.id);
        let (lines, _) = fields::told(ask.t, item, &given.value, given.columns.as_deref());
        let book = format!("{}#{}", ask.to(&format!("participants/{}", p.id())), anchor(&key));
        render(&ValuePage {
            s: Shell::of(&ask, "participants").at_day(day),
            book: Link { href: book, text: ask.t.with("participant-n", &p.id().to_string()).into_owned() },
            form: told::key_name(ask.t.0, protocol, &key),
            item: fields::label(ask.t, item),
            value: lines.join(" / "),
            lines: by_line(&ask, protocol, rows),
        })
    })
    .await
}

fn row_href(ask: &Ask, row: &Row, participant: Option<ParticipantId>) -> String {
    let id = participant.map(|p| p.to_string());
    key_href(ask, &row.key(), id.as_deref())
}

fn number(ask: &Ask, row: &Row) -> Number {
    let stat = home::stat(&row.stat, ask.t.0);
    Number { href: row_href(ask, row, None), stat, value: home::value(row) }
}

/// Rows one after the other, those that differ only in their statistic in one line.
fn by_line<'r>(ask: &Ask, protocol: &Protocol, rows: impl IntoIterator<Item = &'r Row>) -> Vec<LineTold> {
    let mut lines: Vec<(String, LineTold)> = Vec::new();
    for row in rows {
        let address = home::address(row);
        match lines.last_mut().filter(|(last, _)| *last == address) {
            Some((_, line)) => line.numbers.push(number(ask, row)),
            None => {
                let analysis = protocol.analyses.get(&row.analysis);
                let line = LineTold {
                    analysis: analysis
                        .map_or_else(String::new, |a| told::name(ask.t.0, &a.ja, &a.en).to_owned()),
                    method: home::method(&row.method, ask.t.0),
                    about: home::about(protocol, row, ask.t.0),
                    numbers: vec![number(ask, row)],
                };
                lines.push((address, line));
            }
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

fn facts(ask: &Ask, protocol: &Protocol, row: &Row) -> Vec<(String, String)> {
    let t = ask.t;
    let count = |n: Option<u32>| n.map(|n| t.n(&n)).unwrap_or_default();
    let mut out = vec![
        ("row-about", home::about(protocol, row, t.0)),
        ("row-set", home::set(protocol, row, t.0)),
        ("row-method", home::method(&row.method, t.0)),
        ("row-options", home::options(row)),
        ("row-n", count(row.n)),
        ("row-missing", count(row.missing)),
        ("cutoff", row.cutoff.to_string()),
        ("position", t.n(&row.seq)),
        ("row-key", row.key()),
    ];
    out.retain(|(_, v)| !v.is_empty());
    out.into_iter().map(|(k, v)| (t.say(k).into_owned(), v)).collect()
}

/// What a participant is to the row, without the day.
fn kind(ask: &Ask, part: &Part) -> String {
    let key = match &part.contribution {
        Contribution::Counted => "part-counted",
        Contribution::Otherwise => "part-otherwise",
        Contribution::Event { .. } => "part-event",
        Contribution::Competing { .. } => "part-competing",
        Contribution::Censored { .. } => "part-censored",
        Contribution::Value(_) => "part-value",
        Contribution::LeftOut(_) => "part-left-out",
    };
    ask.t.say(key).into_owned()
}

fn part_told(ask: &Ask, protocol: &Protocol, row: &Row, part: &Part) -> PartTold {
    PartTold {
        id: part.id.to_string(),
        book: ask.to(&format!("participants/{}", part.id)),
        site: ask.site_name(&SiteId::from(part.site.as_str())),
        arm: part.group.as_deref().map_or_else(String::new, |g| told::arm_name(ask.t.0, protocol, g)),
        contribution: ask.t.of(&part.contribution.text()).to_owned(),
        href: format!("{}#behind", row_href(ask, row, Some(part.id))),
    }
}

fn one_told(ask: &Ask, view: &View<'_>, tracer: &Tracer<'_, '_>, row: &Row, part: &Part) -> OneTold {
    let (t, protocol) = (ask.t, &view.protocol().protocol);
    let book = ask.to(&format!("participants/{}", part.id));
    let sources = tracer.sources(row, part.id).into_iter().map(|source| {
        let step = |s: &str| told::step_name(t.0, protocol, s);
        let (what, href, value) = match &source.origin {
            Origin::Registered { step: s, on } => {
                (t.with("source-registered", &step(s)).into_owned(), None, on.to_string())
            }
            Origin::Allocated { on, .. } => (t.say("source-allocated").into_owned(), None, on.to_string()),
            Origin::Refused { step: s, on } => {
                (t.with("source-refused", &step(s)).into_owned(), None, on.to_string())
            }
            Origin::Withdrew { on, .. } => (t.say("source-withdrew").into_owned(), None, on.to_string()),
            Origin::Value { form, item } => {
                let name = told::key_name(t.0, protocol, form);
                let found = protocol.forms.get(form.form.as_str()).and_then(|f| f.item(item));
                let label = found.map_or_else(|| item.clone(), |i| fields::label(t, i));
                let value = found
                    .zip(source.value.as_ref())
                    .map(|(item, value)| fields::told(t, item, value, None).0.join(" / "));
                let href = format!("{book}#{}", anchor(form));
                (format!("{name} · {label}"), Some(href), value.unwrap_or_default())
            }
        };
        SourceTold {
            what,
            href,
            value,
            decides: source.decides,
            entry: ask
                .may(Action::SeeLedger)
                .then(|| Link { href: ask.to(&format!("ledger/{}", source.seq)), text: t.n(&source.seq) }),
        }
    });
    OneTold {
        title: t.with("participant-n", &part.id.to_string()).into_owned(),
        sources: sources.collect(),
        contribution: t.of(&part.contribution.text()).to_owned(),
        book,
    }
}
