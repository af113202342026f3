//! Participant flow after CONSORT 2025: enrolment, allocation, follow-up, analysis, with the reason at each exit.

use super::{SIZE, WIDTH, arm};
use crate::scene::{Anchor, Role, Scene, measure};
use crate::{phrase, say};
use analysis::Rows;
use protocol::Protocol;
use words::{Lang, Text, thousands};

const LINE: f64 = 18.0;
const PAD: f64 = 10.0;
const GAP: f64 = 28.0;
/// As wide as the column of the first of two arms, so that the way runs straight down.
const MAIN: (f64, f64) = (0.0, 348.0);
const SIDE: (f64, f64) = (392.0, 328.0);

/// A box: its heading with a number, and lines below.
struct Card {
    lines: Vec<(Role, Text)>,
}

impl Card {
    fn new(heading: Text, width: f64) -> Card {
        let mut card = Card { lines: Vec::new() };
        card.push(Role::Strong, heading, 0.0, width);
        card
    }

    fn push(&mut self, role: Role, text: Text, indent: f64, width: f64) {
        let ja = wrap(&text.ja, width - 2.0 * PAD - indent);
        let en = wrap(&text.en, width - 2.0 * PAD - indent);
        for i in 0..ja.len().max(en.len()) {
            let line = |all: &[String]| all.get(i).cloned().unwrap_or_default();
            self.lines.push((role, Text::new(line(&ja), line(&en))));
        }
    }

    /// The lines of one language: where the other wraps into more, no gap is left.
    fn of(&self, lang: Lang) -> Vec<(Role, &str)> {
        let said = self.lines.iter().filter(|(_, t)| !t.get(lang).is_empty());
        said.map(|(role, t)| (*role, t.get(lang))).collect()
    }

    fn height(&self) -> f64 {
        let longest = Lang::ALL.into_iter().map(|l| self.of(l).len()).max().unwrap_or(0);
        longest as f64 * LINE + 2.0 * PAD - 4.0
    }

    fn draw(&self, scene: &mut Scene, role: Role, x: f64, y: f64, width: f64) {
        scene.rect(role, None, x, y, width, self.height());
        let (ja, en) = (self.of(Lang::Ja), self.of(Lang::En));
        for i in 0..ja.len().max(en.len()) {
            let y = y + PAD + 11.0 + i as f64 * LINE;
            let mut put = |role, text| scene.text(role, x + PAD, y, Anchor::Start, text);
            match (ja.get(i), en.get(i)) {
                (Some((a, ja)), Some((b, en))) if a == b => put(*a, Text::new(*ja, *en)),
                (ja, en) => {
                    ja.iter().for_each(|(role, ja)| put(*role, Text::new(*ja, "")));
                    en.iter().for_each(|(role, en)| put(*role, Text::new("", *en)));
                }
            }
        }
    }
}

/// The flow chart of one `flow` analysis; `None` when nobody was assessed.
pub fn flow(rows: &Rows<'_>, protocol: &Protocol, analysis: &str) -> Option<Scene> {
    let total =
        |variable: &str, level: &str| rows.variable(variable).group(None).level(Some(level)).count("n");
    if rows.variable("assessed").iter().all(|r| r.value == Some(0.0)) {
        return None;
    }
    let mut scene = Scene::new(analysis, WIDTH, 0.0, say::text("figure-flow"));
    let mut said = vec![say::text("figure-flow")];
    let mut y = 1.0;
    let centre = MAIN.0 + MAIN.1 / 2.0;
    let mut drawn = false;

    for (id, step) in &protocol.steps {
        let Some(registered) = total("registered", id) else { continue };
        // who came, and who of them did not get through
        if let Some(assessed) = total("assessed", id).filter(|_| step.after.is_none()) {
            let card = Card::new(counted("box-assessed", &step.title(), assessed), MAIN.1);
            said.push(counted("box-assessed", &step.title(), assessed));
            card.draw(&mut scene, Role::Box, MAIN.0, y, MAIN.1);
            y += card.height();
            drawn = true;
        }
        let exits = if step.after.is_none() { "not_registered" } else { "not_continued" };
        let left = total(exits, id).unwrap_or(0);
        if drawn {
            let side = (left > 0).then(|| {
                let key = if step.after.is_none() { "box-not-registered" } else { "box-not-continued" };
                exit_card(rows, protocol, exits, None, id, counted(key, &step.title(), left), SIDE.1)
            });
            let room = side.as_ref().map_or(GAP, |s| s.height() + GAP).max(GAP);
            arrow_down(&mut scene, centre, y, y + room);
            if let Some(side) = side {
                let top = y + (room - side.height()) / 2.0;
                side.draw(&mut scene, Role::Side, SIDE.0, top, SIDE.1);
                arrow_right(&mut scene, centre, SIDE.0, top + side.height() / 2.0);
                said.extend(side.lines.into_iter().map(|l| l.1));
            }
            y += room;
        }
        let card = Card::new(counted("box-registered", &step.title(), registered), MAIN.1);
        said.extend(card.lines.iter().map(|l| l.1.clone()));
        card.draw(&mut scene, Role::Box, MAIN.0, y, MAIN.1);
        y += card.height();
        drawn = true;
    }
    if !drawn {
        return None;
    }
    y = arms(&mut scene, &mut said, rows, protocol, centre, y);
    scene.height = y + 1.0;
    scene.description = phrase::sentences(&said);
    Some(scene)
}

/// Allocation, follow-up and analysis, one column per arm (or one column when nobody is allocated).
fn arms(
    scene: &mut Scene,
    said: &mut Vec<Text>,
    rows: &Rows<'_>,
    protocol: &Protocol,
    centre: f64,
    y: f64,
) -> f64 {
    let groups: Vec<Option<&str>> =
        rows.filter(|r| r.variable == "follow_up" || r.variable == "analysed").groups();
    if groups.is_empty() {
        return y;
    }
    let gap = 24.0;
    let width = ((WIDTH - gap * (groups.len() - 1) as f64) / groups.len() as f64).min(348.0);
    let x = |i: usize| i as f64 * (width + gap);
    let mut columns: Vec<Vec<Card>> = Vec::new();
    for group in &groups {
        let mine = rows.group(*group);
        let name = arm(protocol, *group);
        let mut cards = Vec::new();
        if let Some(n) = mine.variable("allocated").count("n") {
            let mut card = Card::new(counted("box-allocated", &name, n), width);
            for set in mine.variable("treated").levels() {
                let n = mine.variable("treated").level(Some(set)).count("n").unwrap_or(0);
                card.push(Role::Label, counted("box-treated", &Text::default(), n), 0.0, width);
                let open = mine.variable("treatment_unknown").level(Some(set)).count("n").unwrap_or(0);
                let out = mine.variable("not_treated").level(Some(set)).count("n").unwrap_or(0);
                if out > 0 {
                    let heading = counted("box-not-treated", &Text::default(), out);
                    let reasons = exit_card(rows, protocol, "not_treated", *group, set, heading, width);
                    let lines = reasons.lines.into_iter().enumerate();
                    card.lines
                        .extend(lines.map(|(i, (_, t))| (Role::Label, if i == 0 { t } else { indented(t) })));
                }
                if open > 0 {
                    let unknown = counted("box-treatment-unknown", &Text::default(), open);
                    card.push(Role::Label, unknown, 0.0, width);
                }
            }
            cards.push(card);
        }
        let states = mine.variable("follow_up").stat("n");
        if !states.is_empty() {
            let mut card = Card::new(say::text("box-follow-up"), width);
            for r in states.iter().filter(|r| r.value.is_some_and(|v| v > 0.0)) {
                let line = entry(&phrase::state(protocol, r.level.as_deref().unwrap_or("")), r.value);
                card.push(Role::Label, line, 0.0, width);
            }
            cards.push(card);
        }
        for set in mine.variable("analysed").levels() {
            let n = mine.variable("analysed").level(Some(set)).count("n").unwrap_or(0);
            let out = mine.variable("not_analysed").level(Some(set)).count("n").unwrap_or(0);
            let mut card = Card::new(counted("box-analysed", &phrase::set(protocol, set), n), width);
            if out > 0 {
                let heading = counted("box-not-analysed", &Text::default(), out);
                let reasons = exit_card(rows, protocol, "not_analysed", *group, set, heading, width);
                card.lines.extend(reasons.lines.into_iter().map(|(_, t)| (Role::Label, t)));
            }
            cards.push(card);
        }
        columns.push(cards);
    }
    // rows of boxes: equal height across the arms
    let depth = columns.iter().map(Vec::len).max().unwrap_or(0);
    let mut top = y;
    for level in 0..depth {
        let height = columns.iter().filter_map(|c| c.get(level)).map(Card::height).fold(0.0, f64::max);
        let from = top;
        top += GAP + if level == 0 && groups.len() > 1 { 8.0 } else { 0.0 };
        let bar = from + 14.0;
        for (i, cards) in columns.iter().enumerate() {
            let Some(card) = cards.get(level) else { continue };
            let middle = x(i) + width / 2.0;
            if level == 0 {
                if (middle - centre).abs() > 0.5 {
                    scene.path(
                        Role::Arrow,
                        None,
                        vec![(centre, bar), (middle, bar), (middle, top - 1.0)],
                        false,
                    );
                    head_down(scene, middle, top);
                } else {
                    arrow_down(scene, middle, from, top);
                }
                if i == 0 {
                    scene.line(Role::Arrow, None, (centre, from), (centre, bar));
                }
            } else {
                arrow_down(scene, middle, from, top);
            }
            card.draw(scene, Role::Box, x(i), top, width);
            said.extend(card.lines.iter().map(|l| l.1.clone()));
            // the box below starts at the same height in all arms
            if card.height() < height && level + 1 < cards.len() {
                scene.line(Role::Arrow, None, (middle, top + card.height()), (middle, top + height));
            }
        }
        top += height;
    }
    top
}

/// A box of reasons, from rows whose level is `of/reason`.
fn exit_card(
    rows: &Rows<'_>,
    protocol: &Protocol,
    variable: &str,
    group: Option<&str>,
    of: &str,
    heading: Text,
    width: f64,
) -> Card {
    let mut card = Card::new(heading, width);
    let prefix = format!("{of}/");
    for row in rows.variable(variable).group(group).iter() {
        let Some(reason) = row.level.as_deref().and_then(|l| l.strip_prefix(&prefix)) else { continue };
        if row.value.is_some_and(|v| v > 0.0) {
            card.push(Role::Label, entry(&phrase::reason(protocol, of, reason), row.value), 0.0, width);
        }
    }
    card
}

/// A reason under the line that it belongs to.
fn indented(text: Text) -> Text {
    Text::new(format!("　{}", text.ja), format!("  {}", text.en))
}

fn counted(key: &str, what: &Text, n: u64) -> Text {
    let n = Text::same(thousands(i64::try_from(n).unwrap_or(i64::MAX)));
    say::text_with(key, &[("what", what), ("n", &n)])
}

fn entry(what: &Text, value: Option<f64>) -> Text {
    counted("box-entry", what, value.map_or(0, |v| v as u64))
}

fn arrow_down(scene: &mut Scene, x: f64, from: f64, to: f64) {
    scene.line(Role::Arrow, None, (x, from), (x, to - 1.0));
    head_down(scene, x, to);
}

fn head_down(scene: &mut Scene, x: f64, y: f64) {
    scene.path(Role::ArrowHead, None, vec![(x - 4.0, y - 8.0), (x + 4.0, y - 8.0), (x, y - 0.5)], true);
}

fn arrow_right(scene: &mut Scene, from: f64, to: f64, y: f64) {
    scene.line(Role::Arrow, None, (from, y), (to - 1.0, y));
    scene.path(Role::ArrowHead, None, vec![(to - 8.0, y - 4.0), (to - 8.0, y + 4.0), (to - 0.5, y)], true);
}

/// Breaks `s` into lines no wider than `width`: at spaces in English, between any two characters in Japanese, but
/// never before closing punctuation.
fn wrap(s: &str, width: f64) -> Vec<String> {
    let japanese = s.chars().any(|c| c as u32 > 0x2E80);
    let pieces: Vec<String> = if japanese {
        let mut pieces: Vec<String> = Vec::new();
        for c in s.chars() {
            match pieces.last_mut() {
                Some(last)
                    if "、。）」』】：ー".contains(c)
                        || (c.is_ascii() && last.ends_with(|l: char| l.is_ascii() && l != ' ')) =>
                {
                    last.push(c)
                }
                _ => pieces.push(c.to_string()),
            }
        }
        pieces
    } else {
        s.split_inclusive(' ').map(str::to_owned).collect()
    };
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if measure(&format!("{line}{}", piece.trim_end()), SIZE) <= width => {
                line.push_str(&piece)
            }
            _ => lines.push(piece),
        }
    }
    lines.iter().map(|l| l.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_broken_within_its_box_in_either_language() {
        for s in [
            "Bone metastases only, or pleural effusion only, without a measurable lesion",
            "骨転移のみ、または胸水のみで、測定可能病変がない（CTまたはMRI）",
        ] {
            let lines = wrap(s, 200.0);
            assert!(lines.len() > 1);
            assert!(lines.iter().all(|l| measure(l, SIZE) <= 200.0), "{lines:?}");
            assert!(!lines.iter().any(|l| l.starts_with(['、', '。', '）'])), "{lines:?}");
        }
        assert!(wrap("", 100.0).is_empty());
    }
}
