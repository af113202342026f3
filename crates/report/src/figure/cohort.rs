//! One line or bar per participant: waterfall, swimmer and spider.

use super::plot::{Plot, key, plain, steps};
use super::{SIZE, WIDTH};
use crate::scene::{Anchor, Role, Scene, measure_text};
use crate::{phrase, say};
use words::{Text, number};

/// Best change of one participant's sum of diameters, as a share of the baseline: −0.3 is 30 % smaller.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub label: String,
    pub series: u8,
    pub change: f64,
    /// A new lesion makes progression of it, whatever the sum says.
    pub new_lesion: bool,
}

/// Best change of each participant, sorted from growth to shrinkage, with the limits of progression (+20 %) and response
/// (−30 %). `without` participants have no later measurement and are counted in words. `None` without a bar.
pub fn waterfall(id: &str, bars: &[Bar], names: &[(u8, Text)], without: usize) -> Option<Scene> {
    let mut sorted: Vec<&Bar> = bars.iter().filter(|b| b.change.is_finite()).collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by(|a, b| b.change.total_cmp(&a.change).then(a.label.cmp(&b.label)));
    // A sum cannot shrink by more than all of it; growth beyond the double ends in an arrow.
    let clip = |v: f64| v.clamp(-1.0, 1.0);
    let low = sorted.iter().map(|b| clip(b.change)).fold(-0.3, f64::min);
    let high = sorted.iter().map(|b| clip(b.change)).fold(0.2, f64::max);
    let ys = steps(low, high, 6);
    let top = 72.0;
    let plot = Plot::new((56.0, WIDTH - 8.0, top, top + 280.0), &[0.0, sorted.len() as f64], &ys);
    let mut scene = Scene::new(id, WIDTH, plot.bottom + 32.0, say::text("figure-waterfall"));
    key(&mut scene, names, 0.0, 16.0, true);
    plot.y_axis(&mut scene, &ys, |v| number::percent_bare(v, 0), say::text("axis-best-change"));
    let slot = (plot.right - plot.left) / sorted.len() as f64;
    let width = (slot * 0.84).min(36.0);
    let zero = plot.y.at(0.0);
    for (i, bar) in sorted.iter().enumerate() {
        let x = plot.left + (i as f64 + 0.5) * slot - width / 2.0;
        let y = plot.y.at(clip(bar.change));
        let (from, height) = (y.min(zero), (y - zero).abs().max(1.0));
        scene.area(bar.series, x, from, width, height);
        let middle = x + width / 2.0;
        if bar.change > 1.0 {
            let head = vec![(middle - 4.0, from), (middle + 4.0, from), (middle, from - 6.0)];
            scene.path(Role::ArrowHead, None, head, true);
        }
        if bar.new_lesion {
            let at = if bar.change >= 0.0 { from - 5.0 } else { zero - 5.0 };
            scene.text(Role::Strong, middle, at, Anchor::Middle, Text::same("N"));
        }
    }
    for limit in [0.2, -0.3] {
        let at = plot.y.at(limit);
        scene.line(Role::Reference, None, (plot.left, at), (plot.right, at));
        let label =
            Text::same(format!("{}{}", if limit > 0.0 { "+" } else { "" }, number::percent(limit, 0)));
        // Growth stands on the left and shrinkage on the right: each label where no bar is.
        let (x, anchor) =
            if limit > 0.0 { (plot.right, Anchor::End) } else { (plot.left + 4.0, Anchor::Start) };
        scene.text(Role::Soft, x, at - 4.0, anchor, label);
    }
    scene.line(Role::Axis, None, (plot.left, zero), (plot.right, zero));
    let count = |n: usize| Text::same(n.to_string());
    let told = say::text_with(
        "waterfall-count",
        &[
            ("n", &count(sorted.len())),
            ("without", &count(without)),
            ("new", &count(sorted.iter().filter(|b| b.new_lesion).count())),
        ],
    );
    scene.text(Role::Soft, plot.left, plot.bottom + 24.0, Anchor::Start, told.clone());
    let changes: Vec<String> = sorted.iter().map(|b| number::percent(b.change, 0)).collect();
    scene.description =
        phrase::sentences(&[say::text("figure-waterfall"), told, Text::same(changes.join(", "))]);
    Some(scene)
}

/// Something that happened to a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    Response,
    Progression,
    Death,
}

/// One participant's time, in months.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    pub label: String,
    pub series: u8,
    pub months: f64,
    /// Still on treatment at the cut-off.
    pub ongoing: bool,
    pub signs: Vec<(f64, Sign)>,
}

/// A bar per participant by duration, arm by pattern, what happened by symbol, an arrow where it goes on. `None` without
/// a lane.
pub fn swimmer(id: &str, lanes: &[Lane], names: &[(u8, Text)]) -> Option<Scene> {
    let mut sorted: Vec<&Lane> = lanes.iter().filter(|l| l.months.is_finite() && l.months >= 0.0).collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by(|a, b| b.months.total_cmp(&a.months).then(a.label.cmp(&b.label)));
    let row = if sorted.len() > 40 { 12.0 } else { 18.0 };
    let longest =
        sorted.iter().flat_map(|l| l.signs.iter().map(|s| s.0).chain([l.months])).fold(0.0, f64::max);
    let xs = steps(0.0, longest.max(1.0), 8);
    let left =
        sorted.iter().map(|l| crate::scene::measure(&l.label, SIZE)).fold(0.0, f64::max).min(120.0) + 12.0;
    let top = 56.0;
    let bottom = top + row * sorted.len() as f64 + 6.0;
    let plot = Plot::new((left, WIDTH - 24.0, top, bottom), &xs, &[0.0, 1.0]);
    let mut scene = Scene::new(id, WIDTH, bottom + 48.0, say::text("figure-swimmer"));
    key(&mut scene, names, 0.0, 16.0, true);
    let mut at = 0.0;
    for sign in [Sign::Response, Sign::Progression, Sign::Death] {
        draw(&mut scene, sign, at + 8.0, 35.0);
        let name = say::text(sign_key(sign));
        scene.text(Role::Label, at + 20.0, 40.0, Anchor::Start, name.clone());
        at += 20.0 + measure_text(&name, SIZE) + 24.0;
    }
    arrow(&mut scene, at, 35.0);
    scene.text(Role::Label, at + 20.0, 40.0, Anchor::Start, say::text("sign-ongoing"));
    let mut said = vec![say::text("figure-swimmer")];
    for (i, lane) in sorted.iter().enumerate() {
        let y = top + i as f64 * row + 3.0;
        let end = plot.x.at(lane.months);
        let middle = y + (row - 6.0) / 2.0;
        if row > 14.0 {
            scene.text(Role::Label, left - 8.0, middle + 4.5, Anchor::End, Text::same(&*lane.label));
        }
        scene.area(lane.series, left, y, (end - left).max(1.0), row - 6.0);
        if lane.ongoing {
            arrow(&mut scene, end, middle);
        }
        let mut told = format!("{} {}", lane.label, number::fixed(lane.months, 1));
        for (when, sign) in &lane.signs {
            draw(&mut scene, *sign, plot.x.at(*when), middle);
            told += &format!(" {}{}", letter(*sign), number::fixed(*when, 1));
        }
        said.push(Text::same(told));
    }
    plot.x_axis(&mut scene, &xs, plain, say::text("axis-months-plain"));
    scene.description = phrase::sentences(&said);
    Some(scene)
}

fn sign_key(sign: Sign) -> &'static str {
    match sign {
        Sign::Response => "sign-response",
        Sign::Progression => "sign-progression",
        Sign::Death => "sign-death",
    }
}

fn letter(sign: Sign) -> &'static str {
    match sign {
        Sign::Response => "R",
        Sign::Progression => "P",
        Sign::Death => "†",
    }
}

fn draw(scene: &mut Scene, sign: Sign, x: f64, y: f64) {
    match sign {
        Sign::Response => scene.disc(Role::Open, None, x, y, 4.5),
        Sign::Progression => {
            scene.path(Role::Open, None, vec![(x, y - 5.5), (x + 5.0, y + 4.0), (x - 5.0, y + 4.0)], true);
        }
        Sign::Death => {
            scene.disc(Role::Open, None, x, y, 5.0);
            scene.line(Role::Whisker, None, (x - 3.0, y - 3.0), (x + 3.0, y + 3.0));
            scene.line(Role::Whisker, None, (x - 3.0, y + 3.0), (x + 3.0, y - 3.0));
        }
    }
}

fn arrow(scene: &mut Scene, x: f64, y: f64) {
    scene.line(Role::Arrow, None, (x, y), (x + 9.0, y));
    scene.path(Role::ArrowHead, None, vec![(x + 8.0, y - 4.0), (x + 8.0, y + 4.0), (x + 15.0, y)], true);
}

/// One participant's changes over time: months and share of the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub label: String,
    pub series: u8,
    pub points: Vec<(f64, f64)>,
}

/// Change of each participant over time, from 0 at the baseline; the last point is marked. `None` without a point.
pub fn spider(id: &str, traces: &[Trace], names: &[(u8, Text)]) -> Option<Scene> {
    let finite = |t: &Trace| -> Vec<(f64, f64)> {
        t.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
    };
    let drawn: Vec<(&Trace, Vec<(f64, f64)>)> =
        traces.iter().map(|t| (t, finite(t))).filter(|(_, p)| !p.is_empty()).collect();
    if drawn.is_empty() {
        return None;
    }
    let all = || drawn.iter().flat_map(|(_, p)| p.iter().copied());
    let clip = |v: f64| v.clamp(-1.0, 2.0);
    let ys =
        steps(all().map(|p| clip(p.1)).fold(-0.3, f64::min), all().map(|p| clip(p.1)).fold(0.2, f64::max), 6);
    let xs = steps(0.0, all().map(|p| p.0).fold(1.0, f64::max), 8);
    let top = 72.0;
    let plot = Plot::new((56.0, WIDTH - 24.0, top, top + 280.0), &xs, &ys);
    let mut scene = Scene::new(id, WIDTH, plot.bottom + 48.0, say::text("figure-spider"));
    key(&mut scene, names, 0.0, 16.0, false);
    plot.y_axis(&mut scene, &ys, |v| number::percent_bare(v, 0), say::text("axis-change"));
    for limit in [0.2, -0.3] {
        let at = plot.y.at(limit);
        scene.line(Role::Reference, None, (plot.left, at), (plot.right, at));
    }
    let mut said = vec![say::text("figure-spider")];
    for (trace, points) in &drawn {
        let mut line = vec![(plot.x.at(0.0), plot.y.at(0.0))];
        line.extend(points.iter().map(|(x, y)| (plot.x.at(*x), plot.y.at(clip(*y)))));
        let last = line.last().copied();
        scene.path(Role::Curve, Some(trace.series), line, false);
        if let Some((x, y)) = last {
            scene.symbol(trace.series, x, y, 9.0);
        }
        let changes: Vec<String> = points.iter().map(|p| number::percent(p.1, 0)).collect();
        said.push(Text::same(format!("{} {}", trace.label, changes.join(" "))));
    }
    scene.line(Role::Axis, None, (plot.left, plot.y.at(0.0)), (plot.right, plot.y.at(0.0)));
    plot.x_axis(&mut scene, &xs, plain, say::text("axis-months-plain"));
    scene.description = phrase::sentences(&said);
    Some(scene)
}
