//! Intercurrent events, sensitivity switches, and the reasons and treatments that the participant flow tells.

use super::{Checker, Named};
use crate::tree::{Path, path};
use crate::{ItemKind, Sensitivity, Strategy, Survival, Switch, What};
use words::Text;

impl Checker<'_> {
    pub(super) fn estimands(&mut self) {
        let p = self.protocol;
        for (id, event) in &p.intercurrent {
            self.refers(path!["intercurrent", id, "fact"], Named::Fact, &event.fact);
            for (i, arm) in event.arms.iter().enumerate() {
                self.refers(path!["intercurrent", id, "arms", i], Named::Arm, arm);
            }
        }
        for (id, step) in &p.steps {
            if let Some(item) = &step.not_reached {
                self.reason(path!["steps", id, "not_reached"], item);
            }
        }
        for (id, allocation) in &p.allocation {
            let Some(received) = &allocation.received else { continue };
            let at = |key: &str| path!["allocation", id, "received", key];
            let known = self.refers(at("set"), Named::Set, &received.set);
            let step = p.allocating_step(id).map(|(step, _)| step);
            if known && step.is_some_and(|step| p.sets[&received.set].step != step) {
                self.error(
                    at("set"),
                    "P0614",
                    Text::new(
                        format!("集団「{}」は、この割付を行う登録段階の集団ではありません。", received.set),
                        format!("Set \"{}\" is not of the step that makes this allocation.", received.set),
                    ),
                    Text::new(
                        "割付を行う登録段階の集団（step）を使ってください。",
                        "Use a set whose `step` makes the allocation.",
                    ),
                );
            }
            for (i, item) in received.why_not.iter().enumerate() {
                self.reason(super::forms::join(&at("why_not"), i), item);
            }
        }
    }

    /// A reason is counted by its codes, so it must have some.
    fn reason(&mut self, at: Path, path: &str) {
        let p = self.protocol;
        match p.item(path) {
            None => {
                let known = p.single_paths();
                let known = known.iter().map(String::as_str).collect();
                self.unknown(at, &Text::new("項目", "item"), path, known);
            }
            Some((_, item)) if item.kind != ItemKind::Code => self.error(
                at,
                "P0615",
                Text::new(
                    format!("理由の項目「{path}」は型 {} で、数えられません。", item.kind.name()),
                    format!(
                        "Item \"{path}\" of type {} gives no reasons that can be counted.",
                        item.kind.name()
                    ),
                ),
                Text::new("型 code の項目を使ってください。", "Use an item of type code."),
            ),
            Some(_) => {}
        }
    }

    pub(super) fn sensitivity(&mut self, id: &str, plan: &Sensitivity) {
        let p = self.protocol;
        let at = path!["analyses", id, "what", "sensitivity", "of"];
        if !self.refers(at.clone(), Named::Analysis, &plan.of) {
            return;
        }
        let (survival, by) = match p.analyses.get(&plan.of).map(|a| &a.what) {
            Some(What::Survival(s)) => (Some(s), s.by.as_deref()),
            Some(What::Proportion(x)) => (None, x.by.as_deref()),
            _ => {
                return self.error(
                    at,
                    "P0616",
                    Text::new(
                        format!("「{}」は生存時間の解析でも割合の解析でもありません。", plan.of),
                        format!("\"{}\" is neither a survival analysis nor a proportion.", plan.of),
                    ),
                    Text::new(
                        "what が survival か proportion の解析を指定してください。",
                        "Name an analysis whose `what` is `survival` or `proportion`.",
                    ),
                );
            }
        };
        for (name, switch) in &plan.switches {
            let at = |key: &str| path!["analyses", id, "what", "sensitivity", "switches", name, key];
            if let Some(set) = &switch.set {
                self.refers(at("set"), Named::Set, set);
            }
            for (event, _) in &switch.intercurrent {
                let place =
                    path!["analyses", id, "what", "sensitivity", "switches", name, "intercurrent", event];
                self.refers(place, Named::Intercurrent, event);
            }
            if switch.set.is_none() && switch.missing.is_none() && switch.intercurrent.is_empty() {
                self.key_error(
                    path!["analyses", id, "what", "sensitivity", "switches", name],
                    "P0617",
                    Text::new(
                        format!("「{name}」は計画どおりの解析と何も違いません。"),
                        format!("\"{name}\" decides nothing otherwise than planned."),
                    ),
                    Text::new(
                        "set、intercurrent、missing のどれかを書いてください。",
                        "Write `set`, `intercurrent` or `missing`.",
                    ),
                );
            }
            match survival {
                Some(plan) => self.switch(&at, plan, by, switch),
                None if !switch.intercurrent.is_empty() => self.error(
                    at("intercurrent"),
                    "P0618",
                    Text::new(
                        "割合の解析では中間事象の扱いを変えられません。",
                        "A proportion has no time at which an intercurrent event could change anything.",
                    ),
                    Text::new(
                        "中間事象は集団（set の when）に書いてください。",
                        "Say it in the condition (`when`) of an analysis set.",
                    ),
                ),
                None => {}
            }
        }
    }

    /// Methods for hypothetical estimands have needs of their own.
    fn switch(&mut self, at: &dyn Fn(&str) -> Path, plan: &Survival, by: Option<&str>, switch: &Switch) {
        let p = self.protocol;
        let uses = |wanted: Strategy| switch.intercurrent.values().filter(|s| **s == wanted).count();
        let (weighted, structural) = (uses(Strategy::Ipcw), uses(Strategy::Rpsft));
        let all = by.and_then(|by| p.allocation.get(by)).map_or(0, |a| a.ratio.len());
        let arms = if plan.arms.is_empty() { all } else { plan.arms.len() };
        let competing = p.endpoints.get(&plan.endpoint).is_some_and(|e| !e.competing.is_empty());
        if weighted + structural > 0 && (arms != 2 || competing || weighted + structural > 1) {
            self.error(
                at("intercurrent"),
                "P0619",
                Text::new(
                    "ipcw と rpsft は、競合事象のない2群の比較で、1つの感度解析に1つだけ使えます。",
                    "`ipcw` and `rpsft` need a comparison of two arms without competing facts, one of them per switch.",
                ),
                Text::new(
                    "ほかの中間事象は censor などにするか、感度解析を分けてください。",
                    "Use `censor` and the like for the others, or make switches of their own.",
                ),
            );
        }
        if (weighted > 0) == switch.covariates.is_empty() {
            self.error(
                at(if weighted > 0 { "intercurrent" } else { "covariates" }),
                "P0620",
                Text::new(
                    "covariates は ipcw のためのもので、ipcw には 1 つ以上必要です。",
                    "`covariates` are for `ipcw`, which needs at least one.",
                ),
                Text::new(
                    "中間事象の起こりやすさに関わる項目や事象を書いてください。",
                    "Name items and facts on which it depends who has the intercurrent event.",
                ),
            );
        }
        for (i, name) in switch.covariates.iter().enumerate() {
            if p.item(name).is_none() && !p.facts.contains_key(name) {
                let mut known = p.single_paths();
                known.extend(p.facts.keys().cloned());
                let known = known.iter().map(String::as_str).collect();
                let place = super::forms::join(&at("covariates"), i);
                self.unknown(place, &Text::new("項目・事象", "item or fact"), name, known);
            }
        }
    }
}
