//! Worst grade of side effects per participant: one bar per arm, dark means severe, each part with its number.

use super::axis::Scale;
use super::{SIZE, WIDTH, arm};
use crate::scene::{Anchor, Role, Scene, measure, measure_text};
use crate::{phrase, say};
use analysis::Rows;
use protocol::Protocol;
use words::{Text, number};

const BAR: f64 = 32.0;
const GAP: f64 = 16.0;

/// The bars of one `worst_grade` analysis; `None` when the set is empty.
pub fn grades(rows: &Rows<'_>, protocol: &Protocol, analysis: &str) -> Option<Scene> {
    let worst = rows.variable("worst_grade");
    let groups: Vec<Option<&str>> = worst.groups();
    let total = |g: Option<&str>| worst.group(g).first().and_then(|r| r.n).unwrap_or(0);
    let groups: Vec<Option<&str>> = groups.into_iter().filter(|g| total(*g) > 0).collect();
    if groups.is_empty() {
        return None;
    }
    let names: Vec<Text> = groups
        .iter()
        .map(|g| {
            let n = Text::same(total(*g).to_string());
            say::text_with("arm-with-n", &[("arm", &arm(protocol, *g)), ("n", &n)])
        })
        .collect();
    let left = names.iter().map(|n| measure_text(n, SIZE)).fold(0.0, f64::max).min(240.0) + 16.0;
    let x = Scale { from: (0.0, 1.0), to: (left, WIDTH - 16.0) };
    let top = 40.0;
    let bottom = top + groups.len() as f64 * (BAR + GAP);
    let mut scene = Scene::new(analysis, WIDTH, bottom + 48.0, say::text("figure-grades"));
    let mut said = vec![say::text("figure-grades")];
    // what the shades mean, above the bars
    let mut at = 0.0;
    for grade in 0..=5u8 {
        let name = say::text_with("grade", &[("grade", &Text::same(grade.to_string()))]);
        let name = if grade == 0 { say::text("grade-none") } else { name };
        scene.rect(Role::Bar, Some(grade), at, 6.0, 12.0, 12.0);
        scene.text(Role::Soft, at + 16.0, 16.5, Anchor::Start, name.clone());
        at += measure_text(&name, SIZE) + 36.0;
    }
    for (i, (group, name)) in groups.iter().zip(&names).enumerate() {
        let y = top + i as f64 * (BAR + GAP);
        scene.text(Role::Strong, 0.0, y + BAR / 2.0 + 4.5, Anchor::Start, name.clone());
        let mine = worst.group(*group);
        let mut from = 0.0;
        let mut parts = Vec::new();
        for grade in 0..=5u8 {
            let level = grade.to_string();
            let here = mine.level(Some(&level));
            let (Some(share), Some(n)) = (here.value("share"), here.value("n")) else { continue };
            if share <= 0.0 {
                continue;
            }
            let (a, b) = (x.at(from), x.at(from + share));
            scene.rect(Role::Bar, Some(grade), a, y, b - a, BAR);
            let label = number::fixed(n, 0);
            if b - a > measure(&label, SIZE) + 4.0 {
                let role = if grade >= 4 { Role::Over } else { Role::Label };
                scene.text(
                    role,
                    (a + b) / 2.0,
                    y + BAR / 2.0 + 4.5,
                    Anchor::Middle,
                    Text::same(label.clone()),
                );
            }
            parts.push(format!("G{grade} {label}"));
            from += share;
        }
        said.push(name.map(|_, s| format!("{s}: {}", parts.join(", "))));
    }
    scene.line(Role::Axis, None, (left, bottom), (WIDTH - 16.0, bottom));
    for share in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        scene.line(Role::Axis, None, (x.at(share), bottom), (x.at(share), bottom + 5.0));
        let label = Text::same(number::percent_bare(share, 0));
        scene.text(Role::Label, x.at(share), bottom + 20.0, Anchor::Middle, label);
    }
    let middle = (left + WIDTH - 16.0) / 2.0;
    scene.text(Role::Soft, middle, bottom + 38.0, Anchor::Middle, say::text("axis-participants-share"));
    scene.description = phrase::sentences(&said);
    Some(scene)
}
