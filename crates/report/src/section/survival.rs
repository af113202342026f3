//! Time to event: curve, table by arm, comparison, subgroups.

use super::Sheet;
use crate::page::{Cell, Line, Section, Table, Told};
use crate::{figure, phrase};
use analysis::{DAYS_PER_MONTH, Rows};
use protocol::{Alpha, EndpointEvent, Survival};
use words::{Arg, number};

pub(super) fn survival(
    sheet: Sheet<'_>,
    id: &str,
    plan: &Survival,
    primary: bool,
    rows: &Rows<'_>,
    section: &mut Section,
) {
    section.lead.extend(definition(sheet, &plan.endpoint));
    if primary {
        section.lead.extend(design(sheet, rows));
    }
    let km = rows.filter(|r| r.method == "kaplan-meier" || r.method == "aalen-johansen");
    match figure::survival(rows, sheet.protocol, id) {
        Some(scene) => section.figures.push(sheet.figure(scene, "caption-survival")),
        None => {
            let why = rows.stat("survival").first().or_else(|| rows.stat("incidence").first());
            let why = why.and_then(|r| r.warning.as_ref()).map(|w| w.get(sheet.lang).to_owned());
            section.notice = Some(why.unwrap_or_else(|| sheet.say("nothing-to-draw")));
            return;
        }
    }
    section.tables.push(by_arm(sheet, plan, rows, &km));
    section.tables.extend(comparison(sheet, rows));
    if let Some(scene) = figure::forest(rows, sheet.protocol, id) {
        section.figures.push(sheet.figure(scene, "caption-forest"));
    }
}

/// What counts as the event, by arm where arms differ, and what ends observation.
fn definition(sheet: Sheet<'_>, id: &str) -> Option<String> {
    let endpoint = sheet.protocol.endpoints.get(id)?;
    let facts = |ids: &[String]| phrase::facts(sheet.protocol, ids).get(sheet.lang).to_owned();
    let mut said = match &endpoint.event {
        EndpointEvent::Same(events) => {
            vec![sheet.fill("definition-event", &[("events", Arg::Text(&facts(events)))])]
        }
        EndpointEvent::ByArm(by) => {
            let one = |(arm, events): (&String, &Vec<String>)| {
                let (arm, events) = (sheet.arm(Some(arm)), facts(events));
                sheet.fill("definition-arm", &[("arm", Arg::Text(&arm)), ("events", Arg::Text(&events))])
            };
            by.iter().map(one).collect()
        }
    };
    for (key, ids) in
        [("definition-competing", &endpoint.competing), ("definition-censor-at", &endpoint.censor_at)]
    {
        if !ids.is_empty() {
            said.push(sheet.fill(key, &[("facts", Arg::Text(&facts(ids)))]));
        }
    }
    let joint = if sheet.lang == words::Lang::Ja { "" } else { " " };
    Some(said.join(joint))
}

/// What was planned for the primary analysis beside the events that were seen.
fn design(sheet: Sheet<'_>, rows: &Rows<'_>) -> Option<String> {
    let design = sheet.protocol.design.as_ref()?;
    let (key, alpha) = match design.alpha {
        Alpha::OneSided(a) => ("design-one", a),
        Alpha::TwoSided(a) => ("design-two", a),
    };
    let percent = |d: words::Decimal| number::percent(d.to_string().parse().unwrap_or(f64::NAN), 0);
    let planned = design.events.map_or(number::NONE.to_owned(), |e| e.to_string());
    let events: f64 =
        rows.method("kaplan-meier").level(None).stat("events").iter().filter_map(|r| r.value).sum();
    Some(sheet.fill(
        key,
        &[
            ("test", Arg::Text(&design.test)),
            ("alpha", Arg::Text(&percent(alpha))),
            ("power", Arg::Text(&percent(design.power))),
            ("planned", Arg::Text(&planned)),
            ("events", Arg::Text(&number::fixed(events, 0))),
        ],
    ))
}

fn by_arm(sheet: Sheet<'_>, plan: &Survival, rows: &Rows<'_>, km: &Rows<'_>) -> Table {
    let groups = km.groups();
    let level = phrase::level(km).unwrap_or_default();
    let level = level.get(sheet.lang);
    let interval = sheet.fill("interval", &[("level", Arg::Text(level))]);
    let mut head = vec![Cell::words("")];
    for g in &groups {
        let n = km.group(*g).level(None).count("n");
        head.push(sheet.column(*g, n));
        head.push(Cell::number(interval.clone()));
    }
    let mut table = Table { caption: String::new(), head, rows: Vec::new() };
    let plain = |stat: &str| -> Vec<Told> {
        let cell = |g: &Option<&str>| {
            sheet.value(km.group(*g).level(None).stat(stat).first(), |v| number::fixed(v, 0))
        };
        groups.iter().flat_map(|g| [cell(g), Told::default()]).collect()
    };
    table.rows.push(Line::new("", sheet.say("events"), plain("events")));
    let incidence = !km.stat("competing").is_empty();
    if incidence {
        table.rows.push(Line::new("", sheet.say("competing"), plain("competing")));
    }
    table.rows.push(Line::new("", sheet.say("censored"), plain("censored")));
    let years =
        km.level(Some("table")).iter().filter_map(|r| r.time).fold(0.0, f64::max) >= 24.0 * DAYS_PER_MONTH;
    let (unit, unit_key) =
        if years { (12.0 * DAYS_PER_MONTH, "median-years") } else { (DAYS_PER_MONTH, "median-months") };
    let time = |v: f64| number::fixed(v / unit, 1);
    if !incidence {
        let medians = groups.iter().flat_map(|g| {
            let here = km.group(*g).level(None);
            [
                sheet.value(here.stat("median").first(), time),
                sheet.limits(&here, "median_lower", "median_upper", time),
            ]
        });
        table.rows.push(Line::new("", sheet.say(unit_key), medians));
        let reverse = rows.method("reverse-kaplan-meier");
        let follow = groups
            .iter()
            .flat_map(|g| [sheet.value(reverse.group(*g).stat("median").first(), time), Told::default()]);
        let key = if years { "follow-up-years" } else { "follow-up-months" };
        table.rows.push(Line::new("", sheet.say(key), follow));
    }
    let percent = |v: f64| number::percent_bare(v, 1);
    for at in &plan.at {
        let name = at.to_string();
        let words = at.text();
        let key = if incidence { "incidence-at" } else { "survival-at" };
        let header = sheet.fill(key, &[("time", Arg::Text(words.get(sheet.lang)))]);
        let cells = groups.iter().flat_map(|g| {
            let here = km.group(*g).level(Some(&name));
            [
                sheet.value(here.filter(|r| r.stat == "survival" || r.stat == "incidence").first(), percent),
                sheet.limits(&here, "lower", "upper", percent),
            ]
        });
        table.rows.push(Line::new("", header, cells));
    }
    table
}

fn comparison(sheet: Sheet<'_>, rows: &Rows<'_>) -> Option<Table> {
    let cox = rows.filter(|r| r.method == "cox" && r.group.is_none());
    let test = rows.filter(|r| ["log-rank", "stratified log-rank", "gray"].contains(&r.method.as_str()));
    if cox.is_empty() && test.is_empty() {
        return None;
    }
    // Gray's test alone: there is no model beside it.
    if cox.is_empty() && !test.method("gray").is_empty() {
        let p = sheet.value(test.stat("p").first(), number::p_value);
        let chi = sheet.value(test.stat("chi_square").first(), |v| number::fixed(v, 3));
        let head = vec![
            Cell::words(""),
            Cell::number("χ²"),
            Cell::number(sheet.say("gray-p")).under(sheet.say("two-sided")),
        ];
        let line = Line::new("", sheet.say("all-arms"), [chi, p]);
        return Some(Table { caption: sheet.say("comparison"), head, rows: vec![line] });
    }
    let level = phrase::level(&cox).unwrap_or_default();
    let interval = sheet.fill("interval", &[("level", Arg::Text(level.get(sheet.lang)))]);
    let sided =
        if phrase::option(&test.stat("p"), "sided") == Some("one") { "one-sided" } else { "two-sided" };
    let mut table = Table {
        caption: sheet.say("comparison"),
        head: vec![
            Cell::words(""),
            Cell::number(sheet.say("hazard-ratio")),
            Cell::number(interval),
            Cell::number("Z"),
            Cell::number(sheet.say("log-rank-p")).under(sheet.say(sided)),
        ],
        rows: Vec::new(),
    };
    let three = |v: f64| number::fixed(v, 3);
    let z = sheet.value(test.stat("z").first(), three);
    let p = sheet.value(test.stat("p").first(), number::p_value);
    let contrasts = cox.levels();
    if contrasts.is_empty() {
        let hr = sheet.value(cox.stat("hazard_ratio").first(), three);
        table.rows.push(Line::new(
            "",
            test.levels().first().copied().unwrap_or(""),
            [hr, number::NONE.into(), z, p],
        ));
        return Some(table);
    }
    // Of two arms the test is that of the one ratio; of more it is of all arms, and of none of the ratios.
    let (beside, own) = if contrasts.len() == 1 { (Some([z, p]), None) } else { (None, Some([z, p])) };
    for contrast in contrasts {
        let here = cox.level(Some(contrast));
        let mut cells = vec![
            sheet.value(here.stat("hazard_ratio").first(), three),
            sheet.limits(&here, "lower", "upper", three),
        ];
        cells.extend(beside.clone().unwrap_or_default());
        table.rows.push(Line::new("", contrast, cells));
    }
    if let Some([_, p]) = own.filter(|_| !test.is_empty()) {
        let cells = [Told::default(), Told::default(), Told::default(), p];
        table.rows.push(Line::new("", sheet.say("all-arms"), cells));
    }
    Some(table)
}
