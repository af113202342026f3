//! Kaplan-Meier and cumulative-incidence curves after KMunicate (T. P. Morris et al., BMJ Open 2019;9:e030215): steps, pointwise
//! bands, ticks for censored times, and under the axis the numbers at risk, censored and with event, which add up.

use super::axis::{Scale, spread};
use super::{SIZE, WIDTH, arm, series};
use crate::say;
use crate::scene::{Anchor, Role, Scene, measure_text};
use analysis::Rows;
use protocol::Protocol;
use words::{Text, number};

const PLOT_TOP: f64 = 40.0;
const PLOT_HEIGHT: f64 = 288.0;
const ROW: f64 = 18.0;
const YEAR: f64 = 365.25;
const MONTH: f64 = 30.4375;

/// Curves stop where fewer than this many are at risk, when the group began with five times as many.
const FEWEST_AT_RISK: f64 = 10.0;

/// What the table under the axis counts; the last only where events compete.
const COUNTED: [(&str, &str); 4] =
    [("at-risk", "at_risk"), ("censored", "censored"), ("events", "events"), ("competing", "competing")];

struct Step {
    time: f64,
    at_risk: f64,
    censored: f64,
    estimate: f64,
    lower: Option<f64>,
    upper: Option<f64>,
}

struct Curve<'a> {
    group: Option<&'a str>,
    label: Text,
    series: u8,
    steps: Vec<Step>,
}

/// The curves of one `survival` analysis; `None` when nobody has a time.
pub fn survival(rows: &Rows<'_>, protocol: &Protocol, analysis: &str) -> Option<Scene> {
    let incidence = rows.iter().any(|r| r.stat == "incidence");
    let estimate = if incidence { "incidence" } else { "survival" };
    let curves = curves(rows, protocol, estimate);
    let table = rows.level(Some("table"));
    let tick_times = times(&table);
    let drawn = curves.iter().flat_map(|c| c.steps.iter()).map(|s| s.time);
    let longest = drawn.chain(tick_times.iter().copied()).fold(0.0, f64::max);
    if longest <= 0.0 || curves.is_empty() {
        return None;
    }

    let endpoint = table.first().map_or("", |r| r.variable.as_str());
    let endpoint_name =
        protocol.endpoints.get(endpoint).map_or_else(|| Text::same(endpoint), |e| Text::new(&e.ja, &e.en));
    let years = longest > 2.0 * YEAR;
    let (unit, axis_key) = if years { (YEAR, "axis-years") } else { (MONTH, "axis-months") };

    let labels = curves.iter().map(|c| measure_text(&c.label, SIZE)).fold(0.0, f64::max).min(168.0);
    let counted: &[(&str, &str)] = &COUNTED[..if incidence { 4 } else { 3 }];
    let left =
        counted.iter().map(|(key, _)| measure_text(&say::text(key), SIZE) + 32.0).fold(104.0, f64::max);
    let right = WIDTH - if curves.len() > 1 { labels + 16.0 } else { 16.0 };
    let x = Scale { from: (0.0, longest), to: (left, right) };
    let y = Scale { from: (0.0, 1.0), to: (PLOT_TOP + PLOT_HEIGHT, PLOT_TOP) };
    let bottom = PLOT_TOP + PLOT_HEIGHT;
    let table_top = bottom + 56.0;
    let height = table_top + curves.len() as f64 * (if incidence { 5.0 } else { 4.0 } * ROW + 8.0);

    let title_key = if incidence { "figure-incidence" } else { "figure-survival" };
    let mut scene =
        Scene::new(analysis, WIDTH, height, say::text_with(title_key, &[("endpoint", &endpoint_name)]));

    // axes
    let y_key = if incidence { "axis-incidence" } else { "axis-share" };
    scene.text(Role::Soft, 0.0, 16.0, Anchor::Start, say::text_with(y_key, &[("endpoint", &endpoint_name)]));
    for percent in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let at = y.at(percent);
        if percent > 0.0 {
            scene.line(Role::Grid, None, (left, at), (right, at));
        }
        let label = number::percent_bare(percent, 0);
        scene.text(Role::Label, left - 8.0, at + 4.5, Anchor::End, Text::same(label));
    }
    scene.line(Role::Axis, None, (left, bottom), (right, bottom));
    for &t in &tick_times {
        scene.line(Role::Axis, None, (x.at(t), bottom), (x.at(t), bottom + 5.0));
        let label = number::fixed(t / unit, if years && (t / unit).fract() > 0.01 { 1 } else { 0 });
        scene.text(Role::Label, x.at(t), bottom + 20.0, Anchor::Middle, Text::same(label));
    }
    let from = protocol
        .endpoints
        .get(endpoint)
        .and_then(|e| protocol.steps.get(&e.from))
        .map_or_else(Text::default, |s| s.title());
    scene.text(
        Role::Soft,
        (left + right) / 2.0,
        bottom + 38.0,
        Anchor::Middle,
        say::text_with(axis_key, &[("from", &from)]),
    );

    // bands first, so that no band covers a curve
    for c in &curves {
        scene.path(Role::Band, Some(c.series), band(c, &x, &y), true);
    }
    for c in &curves {
        scene.path(Role::Curve, Some(c.series), steps(c, &x, &y), false);
        for s in c.steps.iter().filter(|s| s.censored > 0.0) {
            let at = (x.at(s.time), y.at(s.estimate));
            scene.line(Role::Censor, Some(c.series), (at.0, at.1 - 4.0), (at.0, at.1 + 4.0));
        }
    }
    if curves.len() > 1 {
        let ends: Vec<f64> =
            curves.iter().map(|c| c.steps.last().map_or(PLOT_TOP, |s| y.at(s.estimate)) + 4.5).collect();
        let end = curves.iter().filter_map(|c| c.steps.last()).map(|s| x.at(s.time)).fold(left, f64::max);
        for (c, at) in curves.iter().zip(spread(&ends, ROW, PLOT_TOP, bottom)) {
            scene.text(Role::Strong, end + 8.0, at, Anchor::Start, c.label.clone());
        }
    }
    // Below the curves on the left, unless one of them comes down there; then above them on the right.
    let low = curves.iter().flat_map(|c| &c.steps).any(|s| s.estimate < 0.2 && s.time < 0.8 * longest);
    match (incidence, low) {
        (false, false) => {
            let last = crate::phrase::comparison(rows).len().saturating_sub(1) as f64;
            comparison(&mut scene, rows, (left + 12.0, Anchor::Start), bottom - 12.0 - last * ROW);
        }
        (true, _) => comparison(&mut scene, rows, (left + 12.0, Anchor::Start), PLOT_TOP + 20.0),
        (false, true) => comparison(&mut scene, rows, (right, Anchor::End), PLOT_TOP + 20.0),
    }

    // the table under the axis
    let mut at = table_top;
    for c in &curves {
        let n = table.group(c.group).filter(|r| r.time == Some(0.0)).value("at_risk").unwrap_or(0.0);
        let n = Text::same(number::fixed(n, 0));
        let name = if curves.len() > 1 { c.label.clone() } else { arm(protocol, None) };
        let head = say::text_with("arm-with-n", &[("arm", &name), ("n", &n)]);
        scene.text(Role::Strong, left - 28.0, at + 12.0, Anchor::Start, head);
        if curves.len() > 1 {
            scene.path(Role::Curve, Some(c.series), vec![(0.0, at + 8.0), (left - 40.0, at + 8.0)], false);
        }
        for (key, stat) in counted {
            at += ROW;
            scene.text(Role::Soft, left - 28.0, at + 12.0, Anchor::End, say::text(key));
            for r in table.group(c.group).stat(stat).iter() {
                if let (Some(t), Some(v)) = (r.time, r.value) {
                    let v = Text::same(number::fixed(v, 0));
                    scene.text(Role::Label, x.at(t), at + 12.0, Anchor::Middle, v);
                }
            }
        }
        at += ROW + 8.0;
    }
    scene.description = describe(rows, protocol, &endpoint_name, estimate);
    Some(scene)
}

fn curves<'a>(rows: &Rows<'a>, protocol: &Protocol, estimate: &str) -> Vec<Curve<'a>> {
    let curve = rows.level(Some("curve"));
    let mut all = Vec::new();
    for group in curve.groups() {
        let mine = curve.group(group);
        let mut steps: Vec<Step> = Vec::new();
        for row in mine.iter() {
            let Some(time) = row.time else { continue };
            if steps.last().is_none_or(|s| s.time != time) {
                steps.push(Step {
                    time,
                    at_risk: 0.0,
                    censored: 0.0,
                    estimate: f64::NAN,
                    lower: None,
                    upper: None,
                });
            }
            let Some(step) = steps.last_mut() else { continue };
            match (row.stat.as_str(), row.value) {
                ("at_risk", Some(v)) => step.at_risk = v,
                ("censored", Some(v)) => step.censored = v,
                ("lower", v) => step.lower = v,
                ("upper", v) => step.upper = v,
                (stat, Some(v)) if stat == estimate => step.estimate = v,
                _ => {}
            }
        }
        steps.retain(|s| s.estimate.is_finite());
        let n = steps.first().map_or(0.0, |s| s.at_risk);
        let fewest = if n >= 5.0 * FEWEST_AT_RISK { FEWEST_AT_RISK } else { 1.0 };
        steps.retain(|s| s.at_risk >= fewest);
        if !steps.is_empty() {
            all.push(Curve { group, label: arm(protocol, group), series: series(protocol, group), steps });
        }
    }
    all
}

/// The distinct times of the table rows, in order.
fn times(table: &Rows<'_>) -> Vec<f64> {
    let mut times: Vec<f64> = table.iter().filter_map(|r| r.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

fn steps(c: &Curve<'_>, x: &Scale, y: &Scale) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut level: Option<f64> = None;
    for s in &c.steps {
        if let Some(before) = level {
            points.push((x.at(s.time), y.at(before)));
        }
        points.push((x.at(s.time), y.at(s.estimate)));
        level = Some(s.estimate);
    }
    points
}

/// The band as one outline: forward along the upper limits, back along the lower ones; it ends where limits end.
fn band(c: &Curve<'_>, x: &Scale, y: &Scale) -> Vec<(f64, f64)> {
    let mut upper = Vec::new();
    let mut lower = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for s in &c.steps {
        let at = x.at(s.time);
        if let Some((l, u)) = before {
            upper.push((at, y.at(u)));
            lower.push((at, y.at(l)));
        }
        let (Some(l), Some(u)) = (s.lower, s.upper) else { break };
        upper.push((at, y.at(u)));
        lower.push((at, y.at(l)));
        before = Some((l, u));
    }
    upper.extend(lower.into_iter().rev());
    upper
}

/// Hazard ratio and p-value as planned, in a corner that the curves leave empty.
fn comparison(scene: &mut Scene, rows: &Rows<'_>, (x, anchor): (f64, Anchor), y: f64) {
    for (i, line) in crate::phrase::comparison(rows).into_iter().enumerate() {
        scene.text(Role::Label, x, y + i as f64 * ROW, anchor, line);
    }
}

fn describe(rows: &Rows<'_>, protocol: &Protocol, endpoint: &Text, estimate: &str) -> Text {
    let mut parts = vec![say::text_with(
        if estimate == "incidence" { "figure-incidence" } else { "figure-survival" },
        &[("endpoint", endpoint)],
    )];
    let curve = rows.level(Some("curve"));
    for group in curve.groups() {
        let mine = rows.group(group);
        let plain = mine.level(None);
        let number =
            |stat: &str| Text::same(plain.value(stat).map_or(number::NONE.into(), |v| number::fixed(v, 0)));
        parts.push(say::text_with(
            "alt-arm",
            &[("arm", &arm(protocol, group)), ("n", &number("n")), ("events", &number("events"))],
        ));
        for level in mine.levels().into_iter().filter(|l| *l != "curve" && *l != "table") {
            let at = mine.level(Some(level));
            if let (Some(v), Some(time)) = (at.value(estimate), crate::phrase::duration(level)) {
                let v = Text::same(number::percent(v, 1));
                parts.push(say::text_with("alt-at", &[("time", &time), ("share", &v)]));
            }
        }
    }
    parts.extend(crate::phrase::comparison(rows));
    crate::phrase::sentences(&parts)
}
