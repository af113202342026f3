//! Registrations over time: plan and what came.

use super::axis::{Scale, spread, ticks};
use super::{SIZE, WIDTH};
use crate::scene::{Anchor, Role, Scene, measure_text};
use crate::{phrase, say};
use analysis::Rows;
use protocol::Protocol;
use words::{Text, number, thousands};

const TOP: f64 = 40.0;
const HEIGHT: f64 = 240.0;

/// The accrual curve of one `accrual` analysis; `None` without a single month.
pub fn accrual(rows: &Rows<'_>, protocol: &Protocol, analysis: &str) -> Option<Scene> {
    let monthly = rows.variable("registrations");
    let months = monthly.stat("cumulative").levels();
    let planned_months = monthly.stat("planned").levels();
    let axis = if months.len() >= planned_months.len() { &months } else { &planned_months };
    if axis.is_empty() {
        return None;
    }
    let value = |level: &str, stat: &str| monthly.level(Some(level)).value(stat);
    let largest = axis
        .iter()
        .flat_map(|m| [value(m, "cumulative"), value(m, "planned")])
        .flatten()
        .fold(f64::from(protocol.accrual.planned), f64::max);
    let steps = ticks(largest, 5);
    let (plan, actual) = (say::text("accrual-plan"), say::text("accrual-actual"));
    let right = WIDTH - measure_text(&plan, SIZE).max(measure_text(&actual, SIZE)) - 56.0;
    let left = 48.0;
    let bottom = TOP + HEIGHT;
    let x = Scale { from: (0.0, axis.len() as f64), to: (left, right) };
    let y = Scale { from: (0.0, steps.last().copied().unwrap_or(1.0)), to: (bottom, TOP) };

    let mut scene = Scene::new(analysis, WIDTH, bottom + 32.0, say::text("figure-accrual"));
    scene.text(Role::Soft, 0.0, 16.0, Anchor::Start, say::text("axis-registrations"));
    for &t in &steps {
        if t > 0.0 {
            scene.line(Role::Grid, None, (left, y.at(t)), (right, y.at(t)));
        }
        scene.text(Role::Label, left - 8.0, y.at(t) + 4.5, Anchor::End, Text::same(number::fixed(t, 0)));
    }
    scene.line(Role::Axis, None, (left, bottom), (right, bottom));
    // a tick where a year begins; with less than two years, one per quarter
    let every = if axis.len() > 24 { 12 } else { 3 };
    let mut last = f64::NEG_INFINITY;
    for (i, month) in axis.iter().enumerate() {
        let Some((year, m)) = month.split_once('-').and_then(|(y, m)| Some((y, m.parse::<u32>().ok()?)))
        else {
            continue;
        };
        if (m + 11) % every == 0 {
            let at = x.at(i as f64);
            scene.line(Role::Axis, None, (at, bottom), (at, bottom + 5.0));
            let label = if every == 12 { year.to_owned() } else { format!("{year}-{m:02}") };
            if at - last > if every == 12 { 40.0 } else { 64.0 } {
                scene.text(Role::Label, at, bottom + 20.0, Anchor::Middle, Text::same(label));
                last = at;
            }
        }
    }
    let curve = |stat: &str| -> Vec<(f64, f64)> {
        let mut points = vec![(x.at(0.0), y.at(0.0))];
        for (i, month) in axis.iter().enumerate() {
            if let Some(v) = value(month, stat) {
                points.push((x.at(i as f64 + 1.0), y.at(v)));
            }
        }
        points
    };
    let (plan_points, actual_points) = (curve("planned"), curve("cumulative"));
    let ends = [&plan_points, &actual_points].map(|p| p.last().map_or(bottom, |p| p.1) + 4.5);
    scene.path(Role::Curve, Some(2), plan_points, false);
    scene.path(Role::Curve, Some(0), actual_points, false);
    let total = monthly.stat("cumulative").iter().last().and_then(|r| r.value);
    let placed = spread(&ends, 18.0, TOP, bottom);
    let numbers = [Some(f64::from(protocol.accrual.planned)), total];
    for ((name, at), n) in [&plan, &actual].into_iter().zip(&placed).zip(numbers) {
        let n = n.map_or(number::NONE.to_owned(), |n| thousands(n as i64));
        let label = name.map(|_, s| format!("{s} {n}"));
        scene.text(Role::Strong, right + 8.0, *at, Anchor::Start, label);
    }
    let n = |v: Option<f64>| Text::same(v.map_or(number::NONE.to_owned(), |v| thousands(v as i64)));
    scene.description = phrase::sentences(&[
        say::text("figure-accrual"),
        say::text_with("alt-accrual", &[("actual", &n(total)), ("planned", &n(numbers[0]))]),
    ]);
    Some(scene)
}
