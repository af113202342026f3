//! One participant's casebook: registrations, what is expected, every form with every value and its changes, queries.

use crate::document::{Block, Cell, Document, Figure, Form, Line, Manner, Table, words};
use crate::figure::{self, Kind, Moment};
use crate::phrase;
use crate::say::Tell;
use crate::whole;
use conduct::{
    Expectation, FactFound, Filled, FormKey, FormStatus, ParticipantView, Query, QueryStatus, View,
    WithdrawalScope,
};
use jiff::civil::Date;
use protocol::{Item, Protocol};
use std::collections::{BTreeMap, BTreeSet};
use words::{Lang, PartialDate, Text, calendar, number};

/// When and by whom an entry of the ledger was made, and why, in the reader's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    pub at: String,
    pub who: String,
    pub why: Option<String>,
}

/// Entries by position.
pub type Origins = BTreeMap<u64, Origin>;

/// The casebook of one participant as the viewer of `view` may see it. `facts` and `stamp` say what it is a function of,
/// as reports of results do.
pub fn document(
    view: &View<'_>,
    p: &ParticipantView<'_>,
    day: Date,
    origins: &Origins,
    engine: &str,
    lang: Lang,
) -> Document {
    let t = Tell(lang);
    let protocol = &view.protocol().protocol;
    let basis = whole::basis(view, day, engine);
    let site = view.sites().into_iter().find(|s| s.id == p.site());
    let site = site.map_or_else(|| p.site().to_string(), |s| s.site.name.get(lang).to_owned());
    let id = p.id().to_string();
    let mut facts =
        vec![(t.say("case-participant"), id.clone()), (t.say("site"), format!("{site} ({})", p.site()))];
    facts.extend(whole::facts(&basis, view.protocol(), lang));
    let mut stamp = whole::stamp(&basis, lang);
    stamp.insert(1, t.with("case-stamp", &[("id", &id)]));

    let mut blocks = vec![Block::heading(1, "standing", t.say("case-standing"))];
    if p.data_withdrawn() {
        blocks.push(Block::notice(t.say("case-data-withdrawn")));
    }
    blocks.push(Block::Table { table: registrations(protocol, p, t) });
    let standing = standing(protocol, p, t);
    if !standing.is_empty() {
        blocks.push(Block::list(standing));
    }
    blocks.extend(course(protocol, p, lang));
    blocks.extend(expected(protocol, p, day, t));
    blocks.extend(forms(view, protocol, p, origins, t));
    let queries: Vec<&Query> = view.queries().into_iter().filter(|q| q.participant == p.id()).collect();
    blocks.extend(asked(protocol, &queries, t));
    Document {
        form: Form::Report,
        lang,
        study: view.study().to_owned(),
        title: t.with("case-title", &[("id", &id)]),
        nature: whole::nature(&basis, lang),
        facts,
        stamp,
        day: Some(day),
        contents: false,
        blocks,
        home: crate::document::Home::default(),
    }
}

fn date(d: Date, t: Tell) -> String {
    calendar::day(d, t.0)
}

fn registrations(protocol: &Protocol, p: &ParticipantView<'_>, t: Tell) -> Table {
    let head = ["case-step", "case-number", "case-day", "case-state"];
    let mut table = Table {
        caption: String::new(),
        head: head.into_iter().map(|key| Cell::words(t.say(key))).collect(),
        rows: Vec::new(),
    };
    for (id, step) in &protocol.steps {
        let (held, cancelled) = (p.registration(id), p.cancelled(id));
        let (number, on, state) = match (held, cancelled) {
            (Some(r), _) => (r.number.to_string(), date(r.on, t), t.say("case-registered")),
            (None, Some(r)) => (r.number.to_string(), date(r.on, t), t.say("case-cancelled")),
            (None, None) => (String::new(), String::new(), t.say("case-not-registered")),
        };
        let cells = [t.of(&step.ja, &step.en), number, on, state].map(Cell::words);
        table.rows.push(Line { class: "", cells: cells.into() });
    }
    table
}

/// Arm, consent, withdrawal, facts: a line each.
fn standing(protocol: &Protocol, p: &ParticipantView<'_>, t: Tell) -> Vec<String> {
    let mut out = Vec::new();
    for (id, allocation) in &protocol.allocation {
        let name = t.of(&allocation.ja, &allocation.en);
        match (p.arm(id), p.allocated_on(id)) {
            (Some(arm), _) => {
                let arm = phrase::arm_name(protocol, arm.as_str(), t.0);
                out.push(t.with("case-arm", &[("allocation", &name), ("arm", &arm)]));
            }
            (None, Some(on)) => {
                out.push(t.with("case-allocated", &[("allocation", &name), ("on", &date(on, t))]));
            }
            (None, None) => {}
        }
    }
    for consent in p.consents() {
        let name = protocol
            .documents
            .get(&consent.document)
            .map_or(consent.document.clone(), |d| t.of(&d.ja, &d.en));
        out.push(t.with(
            "case-consent",
            &[("on", &date(consent.on, t)), ("document", &name), ("version", &consent.version)],
        ));
    }
    for (step, criterion, on) in p.ineligible() {
        let criterion = phrase::reason(protocol, step.as_str(), &format!("criterion:{criterion}"));
        out.push(t.with("case-ineligible", &[("on", &date(*on, t)), ("criterion", criterion.get(t.0))]));
    }
    if let Some((on, why)) = p.off_treatment() {
        out.push(t.with("case-off-treatment", &[("on", &date(on, t)), ("why", why)]));
    }
    for w in p.withdrawals() {
        let key = match w.scope {
            WithdrawalScope::Treatment => "case-withdrew-treatment",
            WithdrawalScope::FollowUp => "case-withdrew-follow-up",
            WithdrawalScope::DataAndSpecimens => "case-withdrew-data",
        };
        out.push(format!("{}: {}", t.say(key), date(w.on, t)));
    }
    for (id, fact) in &protocol.facts {
        let name = t.of(&fact.ja, &fact.en);
        out.push(match p.fact(id) {
            FactFound::On(day) => format!("{name}: {}", date(day, t)),
            FactFound::Within(day) => format!("{name}: {}", calendar::partial(day, t.0)),
            FactFound::Unknown(_) => t.with("case-fact-unknown", &[("fact", &name)]),
            FactFound::Absent => continue,
        });
    }
    out
}

/// The same days as a picture, in the order in which they came. Where the data were withdrawn, nothing is drawn.
fn course(protocol: &Protocol, p: &ParticipantView<'_>, lang: Lang) -> Option<Block> {
    if p.data_withdrawn() {
        return None;
    }
    let words = |partial: PartialDate| {
        Text::new(calendar::partial(partial, Lang::Ja), calendar::partial(partial, Lang::En))
    };
    let steps = protocol.steps.iter().filter_map(|(id, step)| {
        Some((Text::new(&step.ja, &step.en), PartialDate::Day(p.registration(id)?.on), Kind::Step))
    });
    let facts = protocol.facts.iter().filter_map(|(id, fact)| {
        let on = match p.fact(id) {
            FactFound::On(day) => PartialDate::Day(day),
            FactFound::Within(partial) => partial,
            FactFound::Unknown(_) | FactFound::Absent => return None,
        };
        Some((Text::new(&fact.ja, &fact.en), on, if fact.ends { Kind::End } else { Kind::Fact }))
    });
    let mut found: Vec<(Text, PartialDate, Kind)> = steps.chain(facts).collect();
    found.sort_by_key(|(_, on, _)| (on.earliest(), on.latest()));
    let origin = found.iter().find(|(.., kind)| *kind == Kind::Step)?.1.earliest();
    let months = |day: Date| f64::from((day - origin).get_days()) / analysis::DAYS_PER_MONTH;
    let moments: Vec<Moment> = found
        .into_iter()
        .map(|(name, on, kind)| {
            let (from, to) = (months(on.earliest()), months(on.latest()));
            Moment { name, day: words(on), from, to, kind }
        })
        .collect();
    let scene = figure::course("course", &moments)?;
    let caption = scene.title.get(lang).to_owned();
    Some(Block::Figure { figure: Figure::new(scene, lang, caption) })
}

fn expected(protocol: &Protocol, p: &ParticipantView<'_>, day: Date, t: Tell) -> Vec<Block> {
    let all = p.expected(day);
    if all.is_empty() {
        return Vec::new();
    }
    let head = ["read-visit", "read-form", "read-due", "read-window", "case-state"];
    let mut table = Table {
        caption: String::new(),
        head: head.into_iter().map(|key| Cell::words(t.say(key))).collect(),
        rows: Vec::new(),
    };
    for e in all {
        let visit = protocol.schedule.get(e.visit.as_str());
        let mut name = visit.map_or(e.visit.to_string(), |v| t.of(&v.ja, &v.en));
        if visit.is_some_and(|v| v.every.is_some()) {
            name = format!("{name} #{}", e.form.number);
        }
        let state = match e.status {
            Expectation::NotYetDue => t.say("case-not-yet-due"),
            Expectation::Due => t.say("case-due"),
            Expectation::Overdue { days } => t.with("case-overdue", &[("days", &days.to_string())]),
            Expectation::Done { on, in_window } => {
                let on = on.map_or_else(|| number::NONE.to_owned(), |d| date(d, t));
                let key = if in_window == Some(false) { "case-done-outside" } else { "case-done" };
                t.with(key, &[("on", &on)])
            }
            Expectation::NotApplicable => t.say("case-not-applicable"),
            Expectation::Ended => t.say("case-ended"),
        };
        let window =
            if e.from == e.to { String::new() } else { format!("{}～{}", date(e.from, t), date(e.to, t)) };
        let form = form_name(protocol, e.form.form.as_str(), t);
        let cells = [name, form, date(e.due, t), window, state].map(Cell::words);
        table.rows.push(Line { class: "", cells: cells.into() });
    }
    vec![Block::heading(1, "expected", t.say("case-expected")), Block::Table { table }]
}

fn form_name(protocol: &Protocol, form: &str, t: Tell) -> String {
    protocol.forms.get(form).map_or_else(|| form.to_owned(), |f| t.of(&f.ja, &f.en))
}

fn key_name(protocol: &Protocol, key: &FormKey, t: Tell) -> String {
    let mut out = form_name(protocol, key.form.as_str(), t);
    if let Some(visit) = key.visit.as_ref().and_then(|v| protocol.schedule.get(v.as_str())) {
        let visit = t.of(&visit.ja, &visit.en);
        if visit != out {
            out = format!("{out} · {visit}");
        }
    }
    if key.number > 1 || protocol.forms.get(key.form.as_str()).is_some_and(|f| f.repeats) {
        out.push_str(&format!(" #{}", key.number));
    }
    out
}

fn forms(
    view: &View<'_>,
    protocol: &Protocol,
    p: &ParticipantView<'_>,
    origins: &Origins,
    t: Tell,
) -> Vec<Block> {
    let mut out = Vec::new();
    for (key, filled) in p.forms_in_order() {
        let Some(form) = protocol.forms.get(key.form.as_str()) else { continue };
        let anchor =
            format!("f-{}-{}-{}", key.form, key.visit.as_ref().map_or("", |v| v.as_str()), key.number);
        let anchor: String =
            anchor.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        out.push(Block::heading(1, anchor, key_name(protocol, key, t)));
        let status = match filled.status {
            FormStatus::Incomplete => "form-status-incomplete",
            FormStatus::Complete => "form-status-complete",
            FormStatus::NotApplicable => "form-status-not-applicable",
        };
        out.push(Block::paragraph(t.say(status)));
        // Who wrote it stands once above the table; beside a value it stands where the value was changed.
        let entries: BTreeSet<u64> = filled.values.values().flatten().map(|given| given.seq).collect();
        let entries: Vec<String> = entries.into_iter().map(|seq| origin(seq, origins, t)).collect();
        if !entries.is_empty() {
            let said = t.with("case-entries", &[("entries", &entries.join(t.say("semicolon").as_str()))]);
            out.push(Block::Paragraph { text: words(said), manner: Manner::Small });
        }
        let head = ["read-item", "case-value", "case-entered"];
        let mut table = Table {
            caption: String::new(),
            head: head.into_iter().map(|key| Cell::words(t.say(key))).collect(),
            rows: Vec::new(),
        };
        let computed = computed(view, p, key);
        for section in &form.sections {
            let before = table.rows.len();
            for item in &section.items {
                table.rows.extend(line(item, filled, &computed, origins, t));
            }
            if table.rows.len() > before {
                let name = t.of(&section.ja, &section.en);
                let cells = [&name, "", ""].map(Cell::words);
                table.rows.insert(before, Line { class: "head", cells: cells.into() });
            }
        }
        if table.rows.is_empty() {
            out.push(Block::paragraph(t.say("case-nothing-entered")));
        } else {
            out.push(Block::Table { table });
        }
    }
    out
}

fn line(
    item: &Item,
    filled: &Filled,
    computed: &BTreeMap<String, rules::Value>,
    origins: &Origins,
    t: Tell,
) -> Option<Line> {
    let label = t.of(&item.ja, &item.en);
    let told = |value: &rules::Value, columns: Option<&[String]>| {
        let said = phrase::value(item, value, columns, t.0);
        match phrase::unit(t.0, item.unit.as_deref().filter(|u| *u != "1")) {
            Some(unit) if value.missing().is_none() => format!("{said} {unit}"),
            _ => said,
        }
    };
    if item.derive.is_some() {
        let value = computed.get(&item.id)?;
        let cells = [label, told(value, None), t.say("case-computed")].map(Cell::words);
        return Some(Line { class: "sub", cells: cells.into() });
    }
    let given = filled.values.get(item.id.as_str())?;
    let now = given.last()?;
    let mut value = told(&now.value, now.columns.as_deref());
    let changed = given.len() > 1;
    let mut entered = if changed {
        origin(now.seq, origins, t)
    } else {
        t.with("case-entry", &[("seq", &now.seq.to_string())])
    };
    // What stood before, the latest first, each with the entry that wrote it.
    for was in given.iter().rev().skip(1) {
        let before = told(&was.value, was.columns.as_deref());
        value.push('\n');
        value.push_str(&t.with("case-before", &[("value", &before)]));
        entered.push('\n');
        entered.push_str(&origin(was.seq, origins, t));
    }
    Some(Line { class: "sub", cells: [label, value, entered].map(Cell::words).into() })
}

fn origin(seq: u64, origins: &Origins, t: Tell) -> String {
    let number = seq.to_string();
    match origins.get(&seq) {
        None => t.with("case-entry", &[("seq", &number)]),
        Some(o) => {
            let said = t.with("case-entry-by", &[("seq", &number), ("at", &o.at), ("who", &o.who)]);
            match &o.why {
                Some(why) => t.with("case-entry-why", &[("entry", &said), ("why", why)]),
                None => said,
            }
        }
    }
}

/// The computed items of one filling.
fn computed(view: &View<'_>, p: &ParticipantView<'_>, key: &FormKey) -> BTreeMap<String, rules::Value> {
    let compiled = view.protocol();
    let mut out = BTreeMap::new();
    let Some(form) = compiled.protocol.forms.get(key.form.as_str()) else { return out };
    let wanted: Vec<&Item> = form.items().filter(|i| i.derive.is_some()).collect();
    if wanted.is_empty() {
        return out;
    }
    let repeats = compiled.protocol.repeats(key.form.as_str());
    let records = if repeats { p.records(key.form.as_str()) } else { Vec::new() };
    let record = records.iter().find(|(k, _)| k == key).map(|(_, values)| values);
    let kind = compiled.record_type(key.form.as_str());
    for item in wanted {
        let value = if repeats {
            let at = kind.as_ref().and_then(|k| Some(k.field(&item.id)?.0));
            record.zip(at).and_then(|(values, at)| values.get(at)).cloned()
        } else {
            let slot = compiled.dictionary.slot(&format!("{}.{}", key.form, item.id));
            slot.map(|s| p.environment().get(s).clone())
        };
        out.extend(value.map(|v| (item.id.clone(), v)));
    }
    out
}

fn asked(protocol: &Protocol, queries: &[&Query], t: Tell) -> Vec<Block> {
    if queries.is_empty() {
        return Vec::new();
    }
    let mut items = Vec::new();
    for q in queries {
        let status = t.say(match q.status {
            QueryStatus::Open => "case-query-open",
            QueryStatus::Answered => "case-query-answered",
            QueryStatus::Closed => "case-query-closed",
        });
        let form = key_name(protocol, &q.form, t);
        let item = protocol.forms.get(q.form.form.as_str()).and_then(|f| f.item(q.item.as_str()));
        let item = item.map_or(q.item.to_string(), |i| t.of(&i.ja, &i.en));
        let mut said = vec![q.text.get(t.0).to_owned()];
        said.extend(q.answers.iter().map(|(a, ..)| t.with("case-answer", &[("text", a)])));
        said.extend(q.returns.iter().map(|(a, ..)| t.with("case-return", &[("text", a)])));
        let term = t.with(
            "case-query",
            &[("id", &q.id.0.to_string()), ("status", &status), ("form", &form), ("item", &item)],
        );
        items.push((words(term), words(said.join("\n"))));
    }
    vec![Block::heading(1, "queries", t.say("case-queries")), Block::Terms { terms: items }]
}
