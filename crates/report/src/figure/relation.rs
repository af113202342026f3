//! Two measurements and their relation: pairs before and after, boxes, scatter with a fit, calibration. What is fitted or
//! summarised comes from result rows; nothing is computed here.

use super::WIDTH;
use super::plot::{Plot, key, plain, steps};
use crate::scene::{Anchor, Role, Scene};
use crate::{phrase, say};
use analysis::Rows;
use protocol::Protocol;
use words::{Text, number};

/// One participant before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub series: u8,
    pub before: f64,
    pub after: f64,
}

/// Each participant as a line from before to after, group by group; the bar across is the median that a row gave.
/// `medians`: per series before and after. `None` without a pair.
pub fn pairs(
    id: &str,
    all: &[Pair],
    names: &[(u8, Text)],
    medians: &[(u8, f64, f64)],
    ends: (&Text, &Text),
    measured: &Text,
) -> Option<Scene> {
    let all: Vec<&Pair> = all.iter().filter(|p| p.before.is_finite() && p.after.is_finite()).collect();
    if all.is_empty() {
        return None;
    }
    let values = || all.iter().flat_map(|p| [p.before, p.after]);
    let ys = steps(values().fold(0.0, f64::min), values().fold(f64::MIN, f64::max), 6);
    let plot = Plot::new((64.0, WIDTH - 16.0, 48.0, 328.0), &[0.0, 1.0], &ys);
    let mut scene = Scene::new(id, WIDTH, plot.bottom + 48.0, say::text("figure-pairs"));
    plot.y_axis(&mut scene, &ys, plain, measured.clone());
    let slot = (plot.right - plot.left) / names.len().max(1) as f64;
    let mut said = vec![say::text("figure-pairs"), measured.clone()];
    for (i, (series, name)) in names.iter().enumerate() {
        let (a, b) = (plot.left + slot * (i as f64 + 0.28), plot.left + slot * (i as f64 + 0.72));
        let mine: Vec<&&Pair> = all.iter().filter(|p| p.series == *series).collect();
        for pair in &mine {
            let (from, to) = ((a, plot.y.at(pair.before)), (b, plot.y.at(pair.after)));
            scene.path(Role::Censor, Some(*series), vec![from, to], false);
            scene.symbol(*series, from.0, from.1, 8.0);
            scene.symbol(*series, to.0, to.1, 8.0);
        }
        for (at, end) in [(a, ends.0), (b, ends.1)] {
            scene.text(Role::Label, at, plot.bottom + 20.0, Anchor::Middle, end.clone());
        }
        let n = Text::same(mine.len().to_string());
        let named = say::text_with("arm-with-n", &[("arm", name), ("n", &n)]);
        scene.text(Role::Strong, (a + b) / 2.0, plot.bottom + 40.0, Anchor::Middle, named.clone());
        said.push(named);
        if let Some((_, before, after)) = medians.iter().find(|m| m.0 == *series) {
            for (at, value, side) in [(a, before, -1.0), (b, after, 1.0)] {
                let y = plot.y.at(*value);
                let (out, anchor) =
                    if side < 0.0 { (at - 24.0, Anchor::End) } else { (at + 24.0, Anchor::Start) };
                scene.line(Role::Whisker, None, (at + side * 8.0, y), (at + side * 20.0, y));
                scene.text(Role::Strong, out, y + 4.5, anchor, Text::same(plain(*value)));
            }
            let change = Text::same(format!("{} → {}", plain(*before), plain(*after)));
            said.push(say::text_with("median-change", &[("change", &change)]));
        }
    }
    scene.line(Role::Axis, None, (plot.left, plot.bottom), (plot.right, plot.bottom));
    scene.description = phrase::sentences(&said);
    Some(scene)
}

/// The five numbers of one group, as rows give them, and the values themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Quartiles {
    pub name: Text,
    pub series: u8,
    /// Minimum, first quartile, median, third quartile, maximum.
    pub five: [f64; 5],
    /// How many values the five numbers sum up.
    pub n: u32,
    /// The values themselves, where they are at hand.
    pub values: Vec<f64>,
}

/// The days of treatment of each arm as boxes, from the rows of one `exposure` analysis. `None` where nobody has any.
pub fn durations(rows: &Rows<'_>, protocol: &Protocol, analysis: &str) -> Option<Scene> {
    let all = rows.variable("duration").method("quantiles");
    let arms: Vec<Option<&str>> = all.groups().into_iter().filter(Option::is_some).collect();
    let groups = if arms.is_empty() { vec![None] } else { arms };
    let boxed = groups.into_iter().filter_map(|group| {
        let here = all.group(group);
        let mut five = [0.0; 5];
        for (place, stat) in five.iter_mut().zip(["min", "q1", "median", "q3", "max"]) {
            *place = here.value(stat)?;
        }
        let n = here.count("n").and_then(|n| u32::try_from(n).ok())?;
        let name = super::arm(protocol, group);
        Some(Quartiles { name, series: super::series(protocol, group), five, n, values: Vec::new() })
    });
    let boxed: Vec<Quartiles> = boxed.collect();
    boxes(&format!("{analysis}-duration"), &boxed, &say::text("axis-days"))
}

/// Boxes from quartile to quartile with the median, whiskers to the ends, and every value beside. `None` without a group.
pub fn boxes(id: &str, groups: &[Quartiles], measured: &Text) -> Option<Scene> {
    let groups: Vec<&Quartiles> =
        groups.iter().filter(|g| g.five.iter().all(|v| v.is_finite()) && g.n > 0).collect();
    if groups.is_empty() {
        return None;
    }
    let ends = || groups.iter().flat_map(|g| [g.five[0], g.five[4]]);
    let ys = steps(ends().fold(f64::MAX, f64::min).min(0.0), ends().fold(f64::MIN, f64::max), 6);
    let plot = Plot::new((64.0, WIDTH - 16.0, 48.0, 328.0), &[0.0, 1.0], &ys);
    let mut scene = Scene::new(id, WIDTH, plot.bottom + 32.0, say::text("figure-boxes"));
    plot.y_axis(&mut scene, &ys, plain, measured.clone());
    let slot = (plot.right - plot.left) / groups.len() as f64;
    let mut said = vec![say::text("figure-boxes"), measured.clone()];
    for (i, g) in groups.iter().enumerate() {
        let middle = plot.left + slot * (i as f64 + 0.5);
        let half = (slot * 0.18).min(40.0);
        let [low, q1, median, q3, high] = g.five.map(|v| plot.y.at(v));
        scene.line(Role::Whisker, None, (middle, low), (middle, q1));
        scene.line(Role::Whisker, None, (middle, q3), (middle, high));
        for end in [low, high] {
            scene.line(Role::Whisker, None, (middle - half / 2.0, end), (middle + half / 2.0, end));
        }
        scene.area(g.series, middle - half, q3, 2.0 * half, (q1 - q3).max(1.0));
        scene.rect(Role::Open, None, middle - half - 3.0, median - 2.0, 2.0 * half + 6.0, 4.0);
        // Values beside the box, spread by their order so that equal ones are seen.
        let mut values = g.values.clone();
        values.sort_by(f64::total_cmp);
        for (k, value) in values.iter().enumerate() {
            let x = middle + half + 16.0 + (k % 5) as f64 * 5.0;
            scene.disc(Role::Mark, Some(g.series), x, plot.y.at(*value), 3.0);
        }
        let n = Text::same(g.n.to_string());
        let named = say::text_with("arm-with-n", &[("arm", &g.name), ("n", &n)]);
        scene.text(Role::Strong, middle, plot.bottom + 20.0, Anchor::Middle, named.clone());
        let five: Vec<String> = g.five.iter().map(|v| plain(*v)).collect();
        said.push(named.map(|_, s| format!("{s}: {}", five.join(", "))));
    }
    scene.line(Role::Axis, None, (plot.left, plot.bottom), (plot.right, plot.bottom));
    scene.description = phrase::sentences(&said);
    Some(scene)
}

/// A fitted line with its band: x, estimate, lower, upper, in order of x.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fit {
    pub points: Vec<(f64, f64, f64, f64)>,
    /// What was fitted, in words with its numbers.
    pub told: Text,
}

/// Points with the fit through them. `None` without a point.
pub fn scatter(
    id: &str,
    points: &[(f64, f64, u8)],
    names: &[(u8, Text)],
    fit: Option<&Fit>,
    axes: (&Text, &Text),
) -> Option<Scene> {
    let points: Vec<&(f64, f64, u8)> = points.iter().filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
    if points.is_empty() {
        return None;
    }
    let range = |f: &dyn Fn(&(f64, f64, u8)) -> f64| {
        let (low, high) =
            points.iter().fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(f(p)), high.max(f(p))));
        if high > low { steps(low, high, 6) } else { steps(low - 0.5, low + 0.5, 4) }
    };
    let (xs, ys) = (range(&|p| p.0), range(&|p| p.1));
    let plot = Plot::new((64.0, WIDTH - 24.0, 64.0, 360.0), &xs, &ys);
    let mut scene = Scene::new(id, WIDTH, plot.bottom + 48.0, say::text("figure-scatter"));
    key(&mut scene, names, 0.0, 16.0, false);
    plot.y_axis(&mut scene, &ys, plain, axes.1.clone());
    let mut said = vec![say::text("figure-scatter"), axes.0.clone(), axes.1.clone()];
    if let Some(fit) = fit {
        let inside = |y: f64| plot.y.at(y).clamp(plot.top, plot.bottom);
        let mut band: Vec<(f64, f64)> = fit.points.iter().map(|p| (plot.x.at(p.0), inside(p.3))).collect();
        band.extend(fit.points.iter().rev().map(|p| (plot.x.at(p.0), inside(p.2))));
        scene.path(Role::Band, Some(0), band, true);
        let line = fit.points.iter().map(|p| (plot.x.at(p.0), inside(p.1))).collect();
        scene.path(Role::Curve, Some(0), line, false);
        scene.text(Role::Label, plot.right, plot.top - 8.0, Anchor::End, fit.told.clone());
        said.push(fit.told.clone());
    }
    for (x, y, series) in points.iter().copied() {
        scene.symbol(*series, plot.x.at(*x), plot.y.at(*y), 9.0);
    }
    plot.x_axis(&mut scene, &xs, plain, axes.0.clone());
    let n = Text::same(points.len().to_string());
    said.push(say::text_with("points-count", &[("n", &n)]));
    scene.description = phrase::sentences(&said);
    Some(scene)
}

/// Participants of alike prediction: mean predicted, share observed, its limits, how many.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    pub predicted: f64,
    pub observed: f64,
    pub lower: f64,
    pub upper: f64,
    pub n: u32,
}

/// Predicted against observed; on the dotted line both agree. `None` without a bin.
pub fn calibration(id: &str, bins: &[Bin]) -> Option<Scene> {
    let finite = |b: &&Bin| [b.predicted, b.observed, b.lower, b.upper].iter().all(|v| v.is_finite());
    let bins: Vec<&Bin> = bins.iter().filter(finite).collect();
    if bins.is_empty() {
        return None;
    }
    let marks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
    let side = 400.0;
    let plot = Plot::new((64.0, 64.0 + side, 40.0, 40.0 + side), &marks, &marks);
    let mut scene = Scene::new(id, WIDTH, plot.bottom + 48.0, say::text("figure-calibration"));
    let percent = |v: f64| number::percent_bare(v, 0);
    plot.y_axis(&mut scene, &marks, percent, say::text("axis-observed"));
    plot.x_axis(&mut scene, &marks, percent, say::text("axis-predicted"));
    scene.line(Role::Reference, None, (plot.left, plot.bottom), (plot.right, plot.top));
    let mut said = vec![say::text("figure-calibration")];
    for b in bins {
        let (x, y) = (plot.x.at(b.predicted), plot.y.at(b.observed));
        scene.line(Role::Whisker, None, (x, plot.y.at(b.lower)), (x, plot.y.at(b.upper)));
        scene.symbol(1, x, y, 10.0);
        scene.text(Role::Soft, x + 8.0, y + 14.0, Anchor::Start, Text::same(format!("n={}", b.n)));
        let told =
            format!("{} → {} (n={})", number::percent(b.predicted, 0), number::percent(b.observed, 0), b.n);
        said.push(Text::same(told));
    }
    scene.description = phrase::sentences(&said);
    Some(scene)
}
