//! Registration in steps, and how arms are given.

use super::{joined, listed, rule, sentence, step, with_rule};
use crate::document::{Block, Inline, Words};
use crate::phrase;
use crate::say::Tell;
use protocol::{AllocationMethod, Criterion, Protocol, Step};
use words::Lang;

pub(super) fn registration(p: &Protocol, t: Tell) -> Vec<Block> {
    let mut out = vec![Block::heading(1, "registration", t.say("read-registration"))];
    for (id, step) in &p.steps {
        out.push(Block::heading(2, format!("step-{id}"), t.of(&step.ja, &step.en)));
        out.extend(listed(conditions(p, step, t)));
        for (key, exclude) in [("read-inclusion", false), ("read-exclusion", true)] {
            let chosen: Vec<&Criterion> = step.criteria.iter().filter(|c| c.exclude == exclude).collect();
            if !chosen.is_empty() {
                out.push(Block::heading(3, "", t.say(key)));
                out.push(Block::Terms { terms: chosen.into_iter().map(|c| criterion(c, t)).collect() });
            }
        }
    }
    if !p.approvals.is_empty() {
        out.push(Block::heading(2, "approvals", t.say("read-approvals")));
        let per = |version: bool| t.say(if version { "read-per-version" } else { "read-once" });
        let items = p
            .approvals
            .values()
            .map(|a| t.with("read-approval", &[("name", &t.of(&a.ja, &a.en)), ("how", &per(a.per_version))]));
        out.push(Block::list(items));
    }
    out
}

/// A source written in both languages, "Japanese / English", in the reader's; any other as it is.
fn in_language(source: &str, t: Tell) -> &str {
    let japanese = |s: &str| s.contains(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'));
    match source.split_once(" / ") {
        Some((ja, en)) if japanese(ja) && !japanese(en) => {
            if t.0 == Lang::Ja {
                ja
            } else {
                en
            }
        }
        _ => source,
    }
}

fn criterion(c: &Criterion, t: Tell) -> (Words, Words) {
    let term = vec![Inline::text(format!("{}　", c.id)), Inline::text(t.of(&c.ja, &c.en))];
    let mut said = vec![rule(&c.rule)];
    if let Some(source) = &c.source {
        said.push(Inline::text(t.with("read-source", &[("source", in_language(source, t))])));
    }
    (term, said)
}

fn conditions(p: &Protocol, s: &Step, t: Tell) -> Vec<Words> {
    let mut out = Vec::new();
    if let Some(form) = p.forms.get(&s.form) {
        out.push(sentence(t.with("read-step-form", &[("form", &t.of(&form.ja, &form.en))])));
    }
    if let Some(after) = &s.after {
        let window = s.window.as_ref();
        let bound = |d: Option<rules::Duration>| d.map(|d| d.text().get(t.0).to_owned());
        let (from, to) = (bound(window.and_then(|w| w.from)), bound(window.and_then(|w| w.to)));
        let after = step(p, after, t);
        out.push(sentence(match (from, to) {
            (None, None) => t.with("read-after", &[("step", &after)]),
            (Some(from), None) => t.with("read-after-from", &[("step", &after), ("from", &from)]),
            (None, Some(to)) => t.with("read-after-to", &[("step", &after), ("to", &to)]),
            (Some(from), Some(to)) => {
                t.with("read-after-between", &[("step", &after), ("from", &from), ("to", &to)])
            }
        }));
    }
    if let Some(document) = s.consent.as_ref().and_then(|c| p.documents.get(c)) {
        out.push(sentence(t.with("read-consent", &[("document", &t.of(&document.ja, &document.en))])));
    }
    if !s.approvals.is_empty() {
        let names = s.approvals.iter().map(|a| p.approvals.get(a).map_or(a.clone(), |a| t.of(&a.ja, &a.en)));
        out.push(sentence(t.with("read-papers", &[("papers", &joined(t, names))])));
    }
    if let Some(cap) = s.cap {
        out.push(sentence(t.with("read-cap", &[("n", &cap.to_string())])));
    }
    if let Some(allocation) = s.allocate.as_ref().and_then(|a| p.allocation.get(a)) {
        let name = t.of(&allocation.ja, &allocation.en);
        out.push(sentence(t.with("read-allocates", &[("allocation", &name)])));
    }
    out
}

pub(super) fn allocation(p: &Protocol, t: Tell) -> Vec<Block> {
    if p.allocation.is_empty() {
        return Vec::new();
    }
    let mut out = vec![Block::heading(1, "allocation", t.say("read-allocation"))];
    for (id, a) in &p.allocation {
        out.push(Block::heading(2, format!("allocation-{id}"), t.of(&a.ja, &a.en)));
        let arms: Vec<String> = a.ratio.keys().map(|arm| phrase::arm_name(p, arm, t.0)).collect();
        let ratio: Vec<String> = a.ratio.values().map(u32::to_string).collect();
        let (arms, ratio) = (joined(t, arms), ratio.join(":"));
        out.push(Block::paragraph(t.with("read-ratio", &[("arms", &arms), ("ratio", &ratio)])));
        let how = match a.method {
            AllocationMethod::Minimisation => {
                let follow = a.follow.map_or_else(|| "–".to_owned(), |f| f.to_string());
                t.with("read-minimisation", &[("follow", &follow)])
            }
            AllocationMethod::Blocks => {
                let sizes = a.blocks.iter().map(u32::to_string);
                t.with("read-blocks", &[("sizes", &joined(t, sizes))])
            }
            AllocationMethod::Outside => t.say("read-outside"),
        };
        out.push(Block::paragraph(how));
        let mut factors: Vec<Words> = Vec::new();
        for f in &a.factors {
            let name = phrase::item(p, &f.item).get(t.0).to_owned();
            let weight = f.weight.to_string();
            let said = match a.method {
                AllocationMethod::Minimisation => {
                    t.with("read-factor", &[("name", &name), ("weight", &weight)])
                }
                AllocationMethod::Blocks | AllocationMethod::Outside => name,
            };
            factors.push(sentence(said));
            for level in &f.levels {
                let said = t.with("read-level", &[("name", &t.of(&level.ja, &level.en))]);
                factors.push(with_rule(said, &level.rule));
            }
        }
        if !factors.is_empty() {
            out.push(Block::heading(3, "", t.say("read-factors")));
            out.extend(listed(factors));
        }
    }
    out
}
