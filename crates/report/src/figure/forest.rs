//! Hazard ratios by subgroup on a log axis: the area of a square is its weight, the line at 1 is no difference.

use super::axis::Scale;
use super::{SIZE, WIDTH, arm};
use crate::scene::{Anchor, Role, Scene, measure, measure_text};
use crate::{phrase, say};
use analysis::Rows;
use protocol::{Protocol, What};
use words::{Lang, Text, number};

const ROW: f64 = 22.0;
/// Between the columns of the two arms.
const COLUMN: f64 = 92.0;
/// Right end of the axis; the hazard ratios stand beyond it.
const RIGHT: f64 = 548.0;

struct Line {
    label: Text,
    indent: f64,
    counts: Vec<(f64, f64)>,
    ratio: Option<(f64, f64, f64)>,
    interaction: Option<f64>,
    heading: bool,
}

/// The forest of one `survival` analysis with subgroups; `None` when it has none, or none with an estimate.
pub fn forest(rows: &Rows<'_>, protocol: &Protocol, analysis: &str) -> Option<Scene> {
    let subgroups = rows.filter(|r| r.method == "cox-subgroup");
    let arms: Vec<&str> = subgroups.groups().into_iter().flatten().collect();
    if arms.len() != 2 {
        return None;
    }
    let mut lines = Vec::new();
    let overall = rows.filter(|r| r.method == "cox" && r.group.is_none());
    lines.push(Line {
        label: say::text("all-participants"),
        indent: 0.0,
        counts: arms.iter().map(|a| counts(&rows.group(Some(a)).level(None))).collect(),
        ratio: ratio(&overall),
        interaction: None,
        heading: false,
    });
    let mut item_before = "";
    for level in subgroups.levels() {
        let Some((item, code)) = level.split_once('=') else { continue };
        if item != item_before {
            lines.push(Line {
                label: phrase::item(protocol, item),
                indent: 0.0,
                counts: Vec::new(),
                ratio: None,
                interaction: rows.level(Some(item)).value("interaction_p"),
                heading: true,
            });
            item_before = item;
        }
        let mine = subgroups.level(Some(level));
        lines.push(Line {
            label: phrase::code(protocol, item, code),
            indent: 12.0,
            counts: arms.iter().map(|a| counts(&mine.group(Some(a)))).collect(),
            ratio: ratio(&mine.group(None)),
            interaction: None,
            heading: false,
        });
    }
    let level = phrase::level(&overall).or_else(|| phrase::level(&subgroups));
    let reference = phrase::option(&overall, "reference").or_else(|| phrase::option(&subgroups, "reference"));
    draw(lines, "figure-forest", &format!("{analysis}-forest"), &arms, level, reference, protocol)
}

/// The hazard ratios of a `sensitivity` analysis, one line per switch, the planned analysis first.
pub fn switches(rows: &Rows<'_>, protocol: &Protocol, analysis: &str) -> Option<Scene> {
    let What::Sensitivity(plan) = &protocol.analyses.get(analysis)?.what else { return None };
    let names: Vec<(&str, Text)> = std::iter::once(("planned", say::text("as-planned")))
        .chain(plan.switches.iter().map(|(id, s)| (id.as_str(), Text::new(&s.ja, &s.en))))
        .collect();
    let arms: Vec<&str> = rows.filter(|r| r.group.is_some()).groups().into_iter().flatten().collect();
    if arms.len() != 2 {
        return None;
    }
    let ratios = |id: &str| rows.variable(id).filter(|r| r.group.is_none() && r.level.is_some());
    let lines = names.into_iter().map(|(id, label)| Line {
        label,
        indent: 0.0,
        counts: arms.iter().map(|a| counts(&rows.variable(id).group(Some(a)).level(None))).collect(),
        ratio: ratio(&ratios(id)),
        interaction: None,
        heading: false,
    });
    let lines = lines.collect();
    let planned = ratios("planned");
    let level = phrase::level(&planned);
    let reference = phrase::option(&planned, "reference");
    draw(lines, "figure-switches", &format!("{analysis}-switches"), &arms, level, reference, protocol)
}

/// `None` when no line has an estimate.
fn draw(
    lines: Vec<Line>,
    title: &str,
    id: &str,
    arms: &[&str],
    level: Option<Text>,
    reference: Option<&str>,
    protocol: &Protocol,
) -> Option<Scene> {
    let drawn: Vec<(f64, f64, f64)> = lines.iter().filter_map(|l| l.ratio).collect();
    if drawn.is_empty() {
        return None;
    }
    // symmetric about 1, at least 0.5 to 2, at most 0.1 to 10: an interval that leaves the axis ends in an arrow
    let reach = drawn.iter().flat_map(|(_, l, u)| [l.ln().abs(), u.ln().abs()]).fold(2f64.ln(), f64::max);
    let reach = reach.min(10f64.ln());
    // The names of the lines take what they need, the axis gives way.
    let named = lines.iter().filter(|l| !l.heading).map(|l| l.indent + measure_text(&l.label, SIZE));
    let counted = lines.iter().flat_map(|l| &l.counts).map(|c| measure(&told(c), SIZE)).fold(0.0, f64::max);
    let first = (named.fold(0.0, f64::max) + 16.0 + counted).clamp(232.0, 320.0);
    let column = |i: usize| first + i as f64 * COLUMN;
    let left = column(arms.len() - 1) + 12.0;
    let x = Scale { from: (-reach, reach), to: (left, RIGHT) };
    let heaviest = drawn.iter().map(weight).fold(0.0, f64::max);

    // Long names of arms stand one under the other, each over its own column.
    let gap = COLUMN - 8.0;
    let names: Vec<Text> = arms.iter().map(|a| arm(protocol, Some(a))).collect();
    let crowded = names.iter().skip(1).any(|name| measure_text(name, SIZE) > gap);
    let step = if crowded { 16.0 } else { 0.0 };
    let rise = step * arms.len().saturating_sub(1) as f64;
    let top = 44.0 + rise;
    let bottom = top + lines.len() as f64 * ROW;
    let mut scene = Scene::new(id, WIDTH, bottom + 56.0, say::text(title));
    for (i, name) in names.into_iter().enumerate() {
        scene.text(Role::Strong, column(i), 14.0 + step * i as f64, Anchor::End, name);
        scene.text(Role::Soft, column(i), 32.0 + rise, Anchor::End, say::text("events-of-n"));
    }
    scene.text(Role::Strong, WIDTH, 14.0 + rise, Anchor::End, say::text("hazard-ratio"));
    if let Some(level) = level {
        scene.text(
            Role::Soft,
            WIDTH,
            32.0 + rise,
            Anchor::End,
            say::text_with("interval-of", &[("level", &level)]),
        );
    }
    scene.line(Role::Reference, None, (x.at(0.0), top - 4.0), (x.at(0.0), bottom));
    for (i, line) in lines.iter().enumerate() {
        let y = top + (i as f64 + 0.5) * ROW;
        let role = if line.heading || i == 0 { Role::Strong } else { Role::Label };
        scene.text(role, line.indent, y + 4.5, Anchor::Start, line.label.clone());
        for (j, counts) in line.counts.iter().enumerate() {
            scene.text(Role::Label, column(j), y + 4.5, Anchor::End, Text::same(told(counts)));
        }
        if let Some(p) = line.interaction {
            let p = Text::same(number::p_value(p));
            let words = say::text_with("interaction-p", &[("p", &p)]);
            scene.text(Role::Soft, WIDTH, y + 4.5, Anchor::End, words);
        }
        match line.ratio {
            Some((hr, lower, upper)) => {
                let (l, u) = (lower.ln().max(-reach), upper.ln().min(reach));
                scene.line(Role::Whisker, None, (x.at(l), y), (x.at(u), y));
                for (cut, at, way) in
                    [(lower.ln() < -reach, x.at(l), 1.0), (upper.ln() > reach, x.at(u), -1.0)]
                {
                    if cut {
                        let head = vec![(at + way * 6.0, y - 4.0), (at + way * 6.0, y + 4.0), (at, y)];
                        scene.path(Role::ArrowHead, None, head, true);
                    }
                }
                if hr.ln().abs() <= reach {
                    let side = 4.0 + 8.0 * (weight(&(hr, lower, upper)) / heaviest).sqrt();
                    scene.rect(Role::Point, None, x.at(hr.ln()) - side / 2.0, y - side / 2.0, side, side);
                }
                let text = |lang| {
                    let ci =
                        number::interval(Some(number::fixed(lower, 2)), Some(number::fixed(upper, 2)), lang);
                    phrase::parens(&number::fixed(hr, 2), &ci)
                };
                scene.text(
                    Role::Label,
                    WIDTH,
                    y + 4.5,
                    Anchor::End,
                    Text::new(text(Lang::Ja), text(Lang::En)),
                );
            }
            None if !line.heading => {
                scene.text(Role::Soft, WIDTH, y + 4.5, Anchor::End, say::text("not-estimable"));
            }
            None => {}
        }
    }
    scene.line(Role::Axis, None, (left, bottom), (RIGHT, bottom));
    for value in [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0] {
        let at: f64 = f64::ln(value);
        if at.abs() <= reach + 1e-9 {
            scene.line(Role::Axis, None, (x.at(at), bottom), (x.at(at), bottom + 5.0));
            let label = number::fixed(value, if value < 1.0 { 1 } else { 0 });
            scene.text(Role::Label, x.at(at), bottom + 20.0, Anchor::Middle, Text::same(label));
        }
    }
    if let Some(reference) = reference {
        let experimental = arms.iter().find(|a| **a != reference).copied();
        let one = x.at(0.0);
        for (id, at, anchor) in
            [(experimental, one - 12.0, Anchor::End), (Some(reference), one + 12.0, Anchor::Start)]
        {
            let words = say::text_with("favours", &[("arm", &arm(protocol, id))]);
            scene.text(Role::Soft, at, bottom + 42.0, anchor, words);
        }
    }
    let mut said = vec![say::text(title)];
    for line in lines.iter().filter(|l| !l.heading) {
        let value = line.ratio.map_or(number::NONE.to_owned(), |(hr, _, _)| number::fixed(hr, 2));
        said.push(line.label.map(|_, s| format!("{s} {value}")));
    }
    scene.description = phrase::sentences(&said);
    Some(scene)
}

fn told((events, n): &(f64, f64)) -> String {
    format!("{}/{}", number::fixed(*events, 0), number::fixed(*n, 0))
}

/// (events, n)
fn counts(rows: &Rows<'_>) -> (f64, f64) {
    (rows.value("events").unwrap_or(0.0), rows.value("n").unwrap_or(0.0))
}

fn ratio(rows: &Rows<'_>) -> Option<(f64, f64, f64)> {
    let found = (rows.value("hazard_ratio")?, rows.value("lower")?, rows.value("upper")?);
    (found.1 > 0.0 && found.2.is_finite()).then_some(found)
}

/// Inverse variance of the log hazard ratio, up to a constant.
fn weight(r: &(f64, f64, f64)) -> f64 {
    let width = r.2.ln() - r.1.ln();
    if width > 0.0 { 1.0 / (width * width) } else { 0.0 }
}
