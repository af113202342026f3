//! Side effects by term: shares of the arms as symbols on one line, or as bars to both sides.

use super::axis::{Scale, ticks};
use super::plot::key;
use super::{SIZE, WIDTH, arm, series};
use crate::scene::{Anchor, Role, Scene, measure_text};
use crate::{phrase, say};
use analysis::Rows;
use protocol::{Protocol, WorstGrade};
use words::{Text, number};

const ROW: f64 = 26.0;
/// A longer list is told in the table.
const MOST: usize = 20;

/// One arm's share of participants with a term at or above a grade.
struct Share {
    n: f64,
    of: f64,
}

impl Share {
    fn value(&self) -> f64 {
        if self.of > 0.0 { self.n / self.of } else { 0.0 }
    }

    fn told(&self) -> String {
        format!("{}/{}", number::fixed(self.n, 0), number::fixed(self.of, 0))
    }
}

struct Line {
    name: Text,
    /// Per arm, per grade asked for.
    shares: Vec<Vec<Share>>,
}

fn lines(
    rows: &Rows<'_>,
    protocol: &Protocol,
    plan: &WorstGrade,
    grades: &[u8],
) -> Option<(Vec<String>, Vec<Line>)> {
    let path = format!("{}.{}", plan.form, plan.term);
    let here = rows.variable(&path);
    let arms: Vec<String> = here.groups().into_iter().flatten().map(str::to_owned).collect();
    let mut terms: Vec<&str> = Vec::new();
    for level in here.levels() {
        let Some((term, _)) = level.rsplit_once(">=") else { continue };
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    if arms.is_empty() || terms.is_empty() {
        return None;
    }
    let mut lines: Vec<Line> = terms
        .into_iter()
        .map(|term| Line {
            name: phrase::code(protocol, &path, term),
            shares: arms
                .iter()
                .map(|arm| {
                    let mine = here.group(Some(arm));
                    grades
                        .iter()
                        .map(|grade| {
                            let rows = mine.level(Some(&format!("{term}>={grade}")));
                            let of = rows.first().and_then(|r| r.n).unwrap_or(0);
                            Share { n: rows.value("n").unwrap_or(0.0), of: f64::from(of) }
                        })
                        .collect()
                })
                .collect(),
        })
        .collect();
    let top = |l: &Line| l.shares.iter().flatten().map(Share::value).fold(0.0, f64::max);
    lines.retain(|l| top(l) > 0.0);
    lines.sort_by(|a, b| top(b).total_cmp(&top(a)));
    lines.truncate(MOST);
    (!lines.is_empty()).then_some((arms, lines))
}

/// A symbol per arm at its share of participants with the term at or above the lowest grade asked for; n/N stand
/// beside. `None` without a term that anybody had, or without arms.
pub fn dots(rows: &Rows<'_>, protocol: &Protocol, plan: &WorstGrade, analysis: &str) -> Option<Scene> {
    let grade = plan.at_least.iter().copied().min()?;
    let (arms, lines) = lines(rows, protocol, plan, &[grade])?;
    let names: Vec<Text> = arms.iter().map(|a| arm(protocol, Some(a))).collect();
    let left = lines.iter().map(|l| measure_text(&l.name, SIZE)).fold(0.0, f64::max).min(280.0) + 16.0;
    let column = names.iter().map(|n| measure_text(n, SIZE) + 16.0).fold(84.0, f64::max);
    let beside = column * arms.len() as f64;
    let right = WIDTH - beside - 24.0;
    let top = 64.0;
    let bottom = top + ROW * lines.len() as f64;
    let most = lines.iter().flat_map(|l| &l.shares).flatten().map(Share::value).fold(0.0, f64::max);
    let steps = ticks(most, 5);
    let x = Scale { from: (0.0, steps.last().copied().unwrap_or(1.0)), to: (left, right) };
    let at_least = say::text_with("grade-at-least", &[("grade", &Text::same(grade.to_string()))]);
    let title = say::text_with("figure-dots", &[("grade", &at_least)]);
    let mut scene = Scene::new(&format!("{analysis}-dots"), WIDTH, bottom + 48.0, title.clone());
    let with_series: Vec<(u8, Text)> =
        arms.iter().zip(&names).map(|(a, n)| (series(protocol, Some(a)), n.clone())).collect();
    key(&mut scene, &with_series, 0.0, 16.0, false);
    for (j, name) in names.iter().enumerate() {
        let at = right + 24.0 + column * (j as f64 + 1.0);
        scene.text(Role::Soft, at, top - 12.0, Anchor::End, name.clone());
    }
    for &v in &steps {
        scene.line(Role::Grid, None, (x.at(v), top), (x.at(v), bottom));
        let label = Text::same(number::percent_bare(v, 0));
        scene.text(Role::Label, x.at(v), bottom + 20.0, Anchor::Middle, label);
    }
    scene.line(Role::Axis, None, (left, bottom), (right, bottom));
    let mut said = vec![title];
    for (i, line) in lines.iter().enumerate() {
        let y = top + (i as f64 + 0.5) * ROW;
        scene.text(Role::Label, 0.0, y + 4.5, Anchor::Start, line.name.clone());
        let at: Vec<f64> = line.shares.iter().flatten().map(|s| x.at(s.value())).collect();
        let ends = (at.iter().copied().fold(right, f64::min), at.iter().copied().fold(left, f64::max));
        if ends.1 > ends.0 {
            scene.line(Role::Whisker, None, (ends.0, y), (ends.1, y));
        }
        let mut parts = Vec::new();
        for (j, (share, at)) in line.shares.iter().flatten().zip(&at).enumerate() {
            scene.symbol(with_series.get(j).map_or(0, |s| s.0), *at, y, 11.0);
            let told = share.told();
            let beside = right + 24.0 + column * (j as f64 + 1.0);
            scene.text(Role::Label, beside, y + 4.5, Anchor::End, Text::same(told.clone()));
            parts.push(told);
        }
        said.push(line.name.map(|_, s| format!("{s} {}", parts.join(" : "))));
    }
    scene.text(
        Role::Soft,
        (left + right) / 2.0,
        bottom + 38.0,
        Anchor::Middle,
        say::text("axis-participants-share"),
    );
    scene.description = phrase::sentences(&said);
    Some(scene)
}

/// Two arms back to back: the long bar is the lowest grade asked for, the dark one inside the highest. `None` unless
/// there are two arms.
pub fn butterfly(rows: &Rows<'_>, protocol: &Protocol, plan: &WorstGrade, analysis: &str) -> Option<Scene> {
    let (low, high) = (plan.at_least.iter().copied().min()?, plan.at_least.iter().copied().max()?);
    let grades: Vec<u8> = if low == high { vec![low] } else { vec![low, high] };
    let (arms, lines) = lines(rows, protocol, plan, &grades)?;
    if arms.len() != 2 {
        return None;
    }
    let names: Vec<Text> = arms.iter().map(|a| arm(protocol, Some(a))).collect();
    let half =
        (lines.iter().map(|l| measure_text(&l.name, SIZE)).fold(0.0, f64::max) / 2.0).min(120.0) + 12.0;
    let centre = WIDTH / 2.0;
    let top = 64.0;
    let bottom = top + ROW * lines.len() as f64;
    let most = lines.iter().flat_map(|l| &l.shares).flatten().map(Share::value).fold(0.0, f64::max);
    let steps = ticks(most, 4);
    let far = steps.last().copied().unwrap_or(1.0);
    let sides = [
        Scale { from: (0.0, far), to: (centre - half, 40.0) },
        Scale { from: (0.0, far), to: (centre + half, WIDTH - 40.0) },
    ];
    let grade_words =
        |grade: u8| say::text_with("grade-at-least", &[("grade", &Text::same(grade.to_string()))]);
    let title = say::text("figure-butterfly");
    let mut scene = Scene::new(&format!("{analysis}-butterfly"), WIDTH, bottom + 48.0, title.clone());
    // light for the lowest grade asked for, dark for the highest, as in the bars of worst grades
    let mut at = 0.0;
    for (i, grade) in grades.iter().enumerate() {
        let name = grade_words(*grade);
        scene.rect(Role::Bar, Some(if i == 0 { 2 } else { 5 }), at, 4.0, 18.0, 12.0);
        scene.text(Role::Label, at + 24.0, 15.0, Anchor::Start, name.clone());
        at += 24.0 + measure_text(&name, SIZE) + 24.0;
    }
    let mut said = vec![title];
    for (side, (scale, name)) in sides.iter().zip(&names).enumerate() {
        let middle = (scale.to.0 + scale.to.1) / 2.0;
        scene.text(Role::Strong, middle, top - 16.0, Anchor::Middle, name.clone());
        for &v in &steps {
            scene.line(Role::Grid, None, (scale.at(v), top), (scale.at(v), bottom));
            let label = Text::same(number::percent_bare(v, 0));
            scene.text(Role::Label, scale.at(v), bottom + 20.0, Anchor::Middle, label);
        }
        for (i, line) in lines.iter().enumerate() {
            let y = top + i as f64 * ROW + 4.0;
            let Some(shares) = line.shares.get(side) else { continue };
            for (k, share) in shares.iter().enumerate() {
                let end = scale.at(share.value());
                let (x, width) = (scale.to.0.min(end), (end - scale.to.0).abs());
                let inset = if k == 0 { 0.0 } else { 4.0 };
                if width > 0.0 {
                    let tone = Some(if k == 0 { 2 } else { 5 });
                    scene.rect(Role::Bar, tone, x, y + inset, width, ROW - 8.0 - 2.0 * inset);
                }
            }
            let label = shares.first().map_or(String::new(), |s| number::percent_bare(s.value(), 0));
            let end = scale.at(shares.first().map_or(0.0, Share::value));
            let (x, anchor) = if side == 0 { (end - 5.0, Anchor::End) } else { (end + 5.0, Anchor::Start) };
            scene.text(Role::Label, x, y + 13.5, anchor, Text::same(label));
        }
        scene.line(Role::Axis, None, (scale.to.0, top), (scale.to.0, bottom));
    }
    for (i, line) in lines.iter().enumerate() {
        let y = top + (i as f64 + 0.5) * ROW + 4.5;
        scene.text(Role::Label, centre, y, Anchor::Middle, line.name.clone());
        let told: Vec<String> =
            line.shares.iter().map(|s| s.iter().map(Share::told).collect::<Vec<_>>().join(", ")).collect();
        said.push(line.name.map(|_, s| format!("{s} {}", told.join(" : "))));
    }
    scene.text(Role::Soft, centre, bottom + 38.0, Anchor::Middle, say::text("axis-participants-share"));
    scene.description = phrase::sentences(&said);
    Some(scene)
}
