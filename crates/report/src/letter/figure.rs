//! Pictures of a letter: the course of the trial, and a hundred people per arm. Readings stand over their characters
//! here too.

use super::readings::{Readings, Stretch};
use crate::scene::{Anchor, Role, Scene, measure};
use words::{Text, number};

const WIDTH: f64 = 576.0;
const SIZE: f64 = 13.0;
/// Readings, as the style sheet sets them.
const SMALL: f64 = 7.0;
const LINE: f64 = 26.0;
const PAD: f64 = 12.0;
const GAP: f64 = 26.0;

/// What never breaks: a base with its reading over it.
struct Unit {
    base: String,
    reading: String,
}

/// Lines of units.
type Lines = Vec<Vec<Unit>>;

impl Unit {
    fn width(&self) -> f64 {
        measure(&self.base, SIZE).max(measure(&self.reading, SMALL))
    }
}

fn units(text: &str, readings: Option<&Readings>) -> Vec<Unit> {
    let plain = |text: &str| -> Vec<Unit> {
        let japanese = text.chars().any(|c| c as u32 > 0x2E80);
        let mut out: Vec<Unit> = Vec::new();
        let mut pieces: Vec<String> = Vec::new();
        if japanese {
            pieces.extend(text.chars().map(String::from));
        } else {
            pieces.extend(text.split_inclusive(' ').map(str::to_owned));
        }
        for piece in pieces {
            let closes = piece.starts_with(['、', '。', '）', '」', 'ー', 'ッ', 'ャ', 'ュ', 'ョ']);
            let latin = |s: &str| s.chars().all(|c| c.is_ascii_graphic());
            match out.last_mut() {
                Some(last) if closes || (japanese && latin(&piece) && latin(&last.base)) => {
                    last.base.push_str(&piece);
                }
                _ => out.push(Unit { base: piece, reading: String::new() }),
            }
        }
        out
    };
    let Some(readings) = readings else { return plain(text) };
    let mut out = Vec::new();
    for stretch in readings.read(text) {
        match stretch {
            Stretch::Plain(t) | Stretch::Open(t) => out.extend(plain(t)),
            Stretch::Read { units, .. } => {
                out.extend(units.iter().map(|(b, r)| Unit { base: b.clone(), reading: r.clone() }))
            }
        }
    }
    out
}

/// Lines no wider than `width`.
fn lines(text: &str, width: f64, readings: Option<&Readings>) -> Lines {
    let mut out: Vec<(f64, Vec<Unit>)> = Vec::new();
    for unit in units(text, readings) {
        let w = unit.width();
        match out.last_mut() {
            Some((used, line)) if *used + w <= width || line.is_empty() => {
                *used += w;
                line.push(unit);
            }
            _ => out.push((w, vec![unit])),
        }
    }
    out.into_iter().map(|l| l.1).collect()
}

/// Draws lines centred on `x`, the first baseline at `y`.
fn write(scene: &mut Scene, role: Role, x: f64, y: f64, lines: &[Vec<Unit>]) {
    for (i, line) in lines.iter().enumerate() {
        let y = y + i as f64 * LINE;
        let mut at = x - line.iter().map(Unit::width).sum::<f64>() / 2.0;
        let mut run = String::new();
        let mut from = at;
        for unit in line {
            let w = unit.width();
            if unit.reading.is_empty() {
                run.push_str(&unit.base);
            } else {
                put(scene, role, from, y, &mut run);
                let middle = at + w / 2.0;
                scene.text(role, middle, y, Anchor::Middle, Text::same(&*unit.base));
                scene.text(Role::Reading, middle, y - 13.0, Anchor::Middle, Text::same(&*unit.reading));
            }
            at += w;
            if run.is_empty() {
                from = at;
            }
        }
        put(scene, role, from, y, &mut run);
    }
}

fn put(scene: &mut Scene, role: Role, x: f64, y: f64, run: &mut String) {
    if !run.trim().is_empty() {
        scene.text(role, x, y, Anchor::Start, Text::same(run.trim_end()));
    }
    run.clear();
}

/// The course of the trial: the words before the arms from above to below, then one box per arm.
pub(super) fn schema(
    id: &str,
    title: &str,
    words: &[String],
    arms: &[String],
    readings: Option<&Readings>,
) -> Scene {
    let mut scene = Scene::new(id, WIDTH, 0.0, Text::same(title));
    let common = words.len().saturating_sub(arms.len());
    let (steps, last) = words.split_at(common);
    let (left, width) = (128.0, WIDTH - 256.0);
    let middle = WIDTH / 2.0;
    let mut y = 1.0;
    for (i, step) in steps.iter().enumerate() {
        if i > 0 {
            arrow(&mut scene, middle, y, y + GAP);
            y += GAP;
        }
        let text = lines(step, width - 2.0 * PAD, readings);
        let height = text.len() as f64 * LINE + PAD;
        scene.rect(Role::Box, None, left, y, width, height);
        write(&mut scene, Role::Label, middle, y + LINE - 2.0, &text);
        y += height;
    }
    let n = arms.len().max(1) as f64;
    let gap = 32.0;
    let box_width = (WIDTH - gap * (n - 1.0)) / n - 2.0;
    let columns: Vec<(Lines, Lines)> = arms
        .iter()
        .zip(last)
        .map(|(arm, what)| {
            (lines(arm, box_width - 2.0 * PAD, readings), lines(what, box_width - 2.0 * PAD, readings))
        })
        .collect();
    let tallest = columns.iter().map(|(a, b)| a.len() + b.len()).max().unwrap_or(0) as f64 * LINE + PAD;
    let (bar, top) = (y + 16.0, y + 16.0 + GAP);
    if !columns.is_empty() {
        scene.line(Role::Arrow, None, (middle, y), (middle, bar));
    }
    for (i, (name, what)) in columns.iter().enumerate() {
        let x = 1.0 + i as f64 * (box_width + gap);
        let centre = x + box_width / 2.0;
        scene.line(Role::Arrow, None, (middle, bar), (centre, bar));
        arrow(&mut scene, centre, bar, top);
        scene.rect(Role::Box, None, x, top, box_width, tallest);
        write(&mut scene, Role::Strong, centre, top + LINE - 2.0, name);
        write(&mut scene, Role::Label, centre, top + LINE - 2.0 + name.len() as f64 * LINE, what);
    }
    scene.height = if columns.is_empty() { y } else { top + tallest } + 1.0;
    let japanese = title.chars().any(|c| c as u32 > 0x2E80);
    let mut said = steps.join(" → ") + if japanese { "。" } else { ". " };
    for (arm, what) in arms.iter().zip(last) {
        said.push_str(&if japanese { format!("{arm}：{what}。") } else { format!("{arm}: {what}. ") });
    }
    scene.description = Text::same(said.trim_end());
    scene
}

fn arrow(scene: &mut Scene, x: f64, from: f64, to: f64) {
    scene.line(Role::Arrow, None, (x, from), (x, to - 1.0));
    scene.path(Role::ArrowHead, None, vec![(x - 4.0, to - 8.0), (x + 4.0, to - 8.0), (x, to - 0.5)], true);
}

/// A hundred circles per arm; as many dark ones as the share says in whole people of 100.
pub(super) fn of_100(
    id: &str,
    title: &str,
    words: &[String],
    arms: &[String],
    shares: &[(String, Option<f64>)],
    readings: Option<&Readings>,
) -> Scene {
    let mut scene = Scene::new(id, WIDTH, 0.0, Text::same(title));
    let (step, radius) = (22.0, 7.5);
    let n = shares.len().max(1) as f64;
    let column = WIDTH / n;
    let japanese = title.chars().any(|c| c as u32 > 0x2E80);
    let colon = if japanese { "：" } else { ": " };
    let mut said = String::new();
    let mut deepest: f64 = 0.0;
    for (i, (told, share)) in shares.iter().enumerate() {
        let centre = column * (i as f64 + 0.5);
        let name = arms.get(i).map_or("", String::as_str);
        let mut y = LINE;
        let heading = lines(name, column - 2.0 * PAD, readings);
        write(&mut scene, Role::Strong, centre, y, &heading);
        y += heading.len() as f64 * LINE;
        let told_lines = lines(told, column - 2.0 * PAD, readings);
        write(&mut scene, Role::Label, centre, y, &told_lines);
        y += told_lines.len() as f64 * LINE - 8.0;
        if let Some(share) = share {
            let dark: usize = number::percent_bare(*share, 0).parse().unwrap_or(0);
            for k in 0..100usize {
                let (row, place) = (k / 10, k % 10);
                let x = centre + (place as f64 - 4.5) * step;
                let role = if k < dark { Role::Point } else { Role::Box };
                circle(&mut scene, role, x, y + row as f64 * step, radius);
            }
            y += 10.0 * step;
        }
        deepest = deepest.max(y);
        said.push_str(&format!("{name}{colon}{told}{}", if japanese { "。" } else { ". " }));
    }
    scene.height = deepest;
    let label = words.first().map_or(String::new(), |w| format!("{w}{colon}"));
    scene.description = Text::same(format!("{label}{}", said.trim_end()));
    scene
}

fn circle(scene: &mut Scene, role: Role, x: f64, y: f64, radius: f64) {
    let points = (0..24).map(|i| {
        let angle = f64::from(i) * std::f64::consts::TAU / 24.0;
        (x + radius * angle.cos(), y + radius * angle.sin())
    });
    scene.path(role, None, points.collect(), true);
}
