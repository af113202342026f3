//! Steps and allocation.

use super::{Checker, Named};
use crate::tree::path;
use crate::{Allocation, AllocationMethod, DocumentKind, Factor, ItemKind};
use words::{Decimal, Text};

impl<'a> Checker<'a> {
    pub(super) fn steps(&mut self) {
        let p = self.protocol;
        self.refers(path!["accrual", "step"], Named::Step, &p.accrual.step);
        if p.accrual.from > p.accrual.to {
            self.error(
                path!["accrual", "to"],
                "P0401",
                Text::new("登録の終わりが始まりより前です。", "Accrual ends before it begins."),
                Text::new("from と to を確かめてください。", "Check from and to."),
            );
        }
        let mut forms: Vec<(&str, &str)> = vec![];
        for (id, step) in &p.steps {
            if self.refers(path!["steps", id, "form"], Named::Form, &step.form) {
                if p.repeats(&step.form) {
                    self.error(
                        path!["steps", id, "form"],
                        "P0402",
                        Text::new(
                            format!("登録用紙「{}」は繰り返し記入する用紙です。", step.form),
                            format!("Form \"{}\" of this step is filled more than once.", step.form),
                        ),
                        Text::new(
                            "登録には 1 回だけ記入する用紙が要ります。来院予定や repeats に使う用紙とは分けてください。",
                            "A step needs a form that is filled once; keep it apart from visits and `repeats`.",
                        ),
                    );
                }
                if let Some((_, other)) = forms.iter().find(|(form, _)| *form == step.form) {
                    self.error(
                        path!["steps", id, "form"],
                        "P0403",
                        Text::new(
                            format!("用紙「{}」は登録段階「{other}」でも使われています。", step.form),
                            format!("Form \"{}\" is also the form of step \"{other}\".", step.form),
                        ),
                        Text::new(
                            "登録段階ごとに用紙を分けてください。",
                            "Give each step a form of its own.",
                        ),
                    );
                }
                forms.push((&step.form, id));
            }
            if let Some(after) = &step.after {
                let known = self.refers(path!["steps", id, "after"], Named::Step, after);
                if known && p.steps_before(id).contains(&id.as_str()) {
                    self.error(
                        path!["steps", id, "after"],
                        "P0404",
                        Text::new(
                            format!("登録段階「{id}」が、めぐりめぐって自分自身を待っています。"),
                            format!("Step \"{id}\" waits, in the end, for itself."),
                        ),
                        Text::new(
                            "after をたどると最初の登録に着くようにしてください。",
                            "Following `after` must end at a first step.",
                        ),
                    );
                }
            }
            if let Some(window) = &step.window {
                if step.after.is_none() {
                    self.key_error(
                        path!["steps", id, "window"],
                        "P0405",
                        Text::new(
                            "前の登録段階がないのに window があります。",
                            "There is a window, but no earlier step to count from.",
                        ),
                        Text::new(
                            "after を書くか、window を消してください。",
                            "Write `after`, or remove the window.",
                        ),
                    );
                }
                for (key, value) in [("from", window.from), ("to", window.to)] {
                    if value.is_some_and(|d| d.day_bounds().0 < 0) {
                        self.error(
                            path!["steps", id, "window", key],
                            "P0409",
                            Text::new(
                                "この登録は前の登録より前には行えません。",
                                "This registration cannot come before the one that it follows.",
                            ),
                            Text::new("0 days 以上で書いてください。", "Write 0 days or more."),
                        );
                    }
                }
                if reversed(window.from, window.to) {
                    self.error(
                        path!["steps", id, "window", "to"],
                        "P0406",
                        Text::new("期間の終わりが始まりより前です。", "The window closes before it opens."),
                        Text::new("from と to を確かめてください。", "Check from and to."),
                    );
                }
            }
            if let Some(consent) = &step.consent
                && self.refers(path!["steps", id, "consent"], Named::Document, consent)
                && p.documents[consent].kind != DocumentKind::Consent
            {
                self.error(
                    path!["steps", id, "consent"],
                    "P0407",
                    Text::new(
                        format!("文書「{consent}」は同意説明文書ではありません。"),
                        format!("Document \"{consent}\" is not a consent document."),
                    ),
                    Text::new(
                        "documents の kind を consent にしてください。",
                        "Its kind under `documents` must be `consent`.",
                    ),
                );
            }
            for (i, approval) in step.approvals.iter().enumerate() {
                self.refers(path!["steps", id, "approvals", i], Named::Approval, approval);
            }
            let criteria = step.criteria.iter().enumerate();
            self.twice(criteria.map(|(i, c)| (path!["steps", id, "criteria", i, "id"], c.id.as_str())));
            if let Some(allocation) = &step.allocate {
                let known = self.refers(path!["steps", id, "allocate"], Named::Allocation, allocation);
                let first = p.steps.iter().find(|(_, s)| s.allocate.as_ref() == Some(allocation));
                if known && first.is_some_and(|(other, _)| other != id) {
                    self.error(
                        path!["steps", id, "allocate"],
                        "P0408",
                        Text::new(
                            format!("割付「{allocation}」は別の登録段階で済んでいます。"),
                            format!("Allocation \"{allocation}\" is made by an earlier step already."),
                        ),
                        Text::new(
                            "割付は 1 つの登録段階で 1 回だけ行います。",
                            "An allocation is made by one step.",
                        ),
                    );
                }
            }
        }
    }

    pub(super) fn allocations(&mut self) {
        let p = self.protocol;
        for (id, allocation) in &p.allocation {
            for arm in allocation.ratio.keys() {
                self.refers(path!["allocation", id, "ratio", arm], Named::Arm, arm);
            }
            if allocation.ratio.len() < 2
                || allocation.ratio.values().any(|share| *share == 0 || *share > 100)
            {
                self.error(
                    path!["allocation", id, "ratio"],
                    "P0501",
                    Text::new("割付比が成り立ちません。", "This is not an allocation ratio."),
                    Text::new(
                        "2 つ以上の群に 1 から 100 の整数で書いてください: { A: 2, B: 1 }。",
                        "Give two or more arms whole shares from 1 to 100: { A: 2, B: 1 }.",
                    ),
                );
            } else {
                self.method(id, allocation);
            }
            let step =
                p.steps.iter().find(|(_, s)| s.allocate.as_deref() == Some(id)).map(|(s, _)| s.as_str());
            if step.is_none() {
                self.warning(
                    path!["allocation", id],
                    "P0904",
                    Text::new(
                        format!("割付「{id}」を行う登録段階がありません。"),
                        format!("No step makes allocation \"{id}\"."),
                    ),
                    Text::new(
                        format!("登録段階に「allocate: {id}」を書いてください。"),
                        format!("Write `allocate: {id}` at a step."),
                    ),
                );
            }
            for (i, factor) in allocation.factors.iter().enumerate() {
                self.factor(id, i, factor, step);
            }
            let factors = allocation.factors.iter().enumerate();
            self.twice(
                factors.map(|(i, f)| (path!["allocation", id, "factors", i, "item"], f.item.as_str())),
            );
        }
    }

    fn method(&mut self, id: &str, a: &Allocation) {
        let total: u32 = a.ratio.values().sum();
        let least = a.ratio.values().min().copied().unwrap_or(1);
        match a.method {
            AllocationMethod::Minimisation => {
                if !a.blocks.is_empty() {
                    self.stray(id, "blocks", "minimisation");
                }
                if a.factors.is_empty() || a.factors.iter().all(|f| f.weight == 0) {
                    self.error(
                        path!["allocation", id, "factors"],
                        "P0502",
                        Text::new(
                            "最小化法に、重みのある割付調整因子が 1 つもありません。",
                            "Minimisation has no balancing factor with a weight.",
                        ),
                        Text::new(
                            "因子を書くか、method: blocks にしてください。",
                            "Write factors, or use `method: blocks`.",
                        ),
                    );
                }
                self.follow(id, a, total, least);
            }
            AllocationMethod::Outside => {
                let written = [
                    ("factors", !a.factors.is_empty()),
                    ("follow", a.follow.is_some()),
                    ("blocks", !a.blocks.is_empty()),
                ];
                for (key, _) in written.into_iter().filter(|(_, there)| *there) {
                    self.stray(id, key, "outside");
                }
            }
            AllocationMethod::Blocks => {
                if a.follow.is_some() {
                    self.stray(id, "follow", "blocks");
                }
                if a.blocks.is_empty() {
                    self.error(
                        path!["allocation", id, "method"],
                        "P0503",
                        Text::new("ブロックの大きさがありません。", "There is no block size."),
                        Text::new(
                            format!(
                                "割付比の和 {total} の倍数を書いてください: blocks: [{}, {}]。",
                                total * 2,
                                total * 3
                            ),
                            format!(
                                "Write multiples of the ratio's sum {total}: blocks: [{}, {}].",
                                total * 2,
                                total * 3
                            ),
                        ),
                    );
                }
                for (i, size) in a.blocks.iter().enumerate() {
                    if *size == 0 || size % total != 0 {
                        self.error(
                            path!["allocation", id, "blocks", i],
                            "P0504",
                            Text::new(
                                format!(
                                    "ブロックの大きさ {size} は割付比の和 {total} の倍数ではありません。"
                                ),
                                format!(
                                    "Block size {size} is not a multiple of {total}, the sum of the ratio."
                                ),
                            ),
                            Text::new(
                                format!("{}、{} などにしてください。", total * 2, total * 3),
                                format!("Use {}, {} or the like.", total * 2, total * 3),
                            ),
                        );
                    }
                }
            }
        }
    }

    fn stray(&mut self, id: &str, key: &str, method: &str) {
        self.key_error(
            path!["allocation", id, key],
            "P0505",
            Text::new(
                format!("method: {method} の割付に「{key}」は書けません。"),
                format!("An allocation by {method} has no \"{key}\"."),
            ),
            Text::new(format!("「{key}」を消してください。"), format!("Remove \"{key}\".")),
        );
    }

    /// `r_min/R < p < 1`; 1 only with the override, since ICH E9 2.3.2 asks for a random element.
    fn follow(&mut self, id: &str, a: &Allocation, total: u32, least: u32) {
        let low = format!("{least}/{total}");
        let Some(p) = a.follow else {
            return self.error(
                path!["allocation", id, "method"],
                "P0506",
                Text::new(
                    "最小化法に follow（優先群に割り付ける確率）がありません。",
                    "Minimisation needs `follow`, the probability of the preferred arm.",
                ),
                Text::new(
                    format!("{low} より大きく 1 より小さい数を書いてください: follow: 0.8。"),
                    format!("Write a number above {low} and below 1: follow: 0.8."),
                ),
            );
        };
        if p == Decimal::ONE && a.deterministic {
            return;
        }
        if p == Decimal::ONE {
            return self.error(
                path!["allocation", id, "follow"],
                "P0507",
                Text::new(
                    "follow: 1 では割付に偶然の要素がなくなり、次の群が予想できます。",
                    "With follow: 1 nothing is left to chance and the next arm can be foreseen.",
                ),
                Text::new(
                    "ICH E9 2.3.2 は偶然の要素を求めています。意図したものなら deterministic: true を書いてください。",
                    "ICH E9 2.3.2 asks for a random element. If it is meant, write `deterministic: true`.",
                ),
            );
        }
        if p > Decimal::ONE || p * Decimal::from(total) <= Decimal::from(least) {
            self.error(
                path!["allocation", id, "follow"],
                "P0508",
                Text::new(
                    format!("follow: {p} は許される範囲の外です。"),
                    format!("follow: {p} is out of range."),
                ),
                Text::new(
                    format!("この割付比では {low} より大きく 1 より小さい数です。小さすぎると釣り合いを崩す群が選ばれます。"),
                    format!("With this ratio it is above {low} and below 1; a lower one would prefer the arm that unbalances."),
                ),
            );
        } else if a.deterministic {
            self.error(
                path!["allocation", id, "deterministic"],
                "P0509",
                Text::new(
                    format!("deterministic: true と follow: {p} は両立しません。"),
                    format!("deterministic: true contradicts follow: {p}."),
                ),
                Text::new("どちらかを消してください。", "Remove one of them."),
            );
        }
    }

    fn factor(&mut self, id: &str, i: usize, factor: &Factor, step: Option<&str>) {
        let p = self.protocol;
        let levels = factor.levels.iter().enumerate();
        self.twice(
            levels.map(|(l, level)| {
                (path!["allocation", id, "factors", i, "levels", l, "id"], level.id.as_str())
            }),
        );
        if factor.item == "site" {
            return;
        }
        let at = path!["allocation", id, "factors", i, "item"];
        let Some((form, item)) = p.item(&factor.item) else {
            let mut known = vec!["site".to_owned()];
            known.extend(p.single_paths());
            let known = known.iter().map(String::as_str).collect();
            return self.unknown(at, &Text::new("項目", "item"), &factor.item, known);
        };
        if !matches!(item.kind, ItemKind::Code | ItemKind::Boolean) && factor.levels.is_empty() {
            return self.error(
                at,
                "P0510",
                Text::new(
                    format!("型 {} の項目を因子にするには levels が要ります。", item.kind.name()),
                    format!("A factor of type {} needs `levels`.", item.kind.name()),
                ),
                Text::new(
                    "「levels: [{ id: young, ja: …, en: …, rule: age < 50 }, …]」のように水準を書いてください。",
                    "Write the levels: `[{ id: young, ja: …, en: …, rule: age < 50 }, …]`.",
                ),
            );
        }
        let Some(step) = step else { return };
        let mut steps = p.steps_before(step);
        steps.push(step);
        let at_hand = steps.iter().any(|s| p.steps.get(*s).is_some_and(|s| s.form == form));
        if !at_hand {
            self.error(
                at,
                "P0511",
                Text::new(
                    format!("因子「{}」は、割付の時点で記入済みとは限りません。", factor.item),
                    format!("Factor \"{}\" need not be known when the allocation is made.", factor.item),
                ),
                Text::new(
                    "割付を行う登録段階か、その前の登録段階の用紙の項目にしてください。",
                    "Use an item of the form of the allocating step or of a step before it.",
                ),
            );
        }
    }
}

/// Whether no day can lie between `from` and `to`, whatever the anchor day is.
pub(super) fn reversed(from: Option<rules::Duration>, to: Option<rules::Duration>) -> bool {
    from.zip(to).is_some_and(|(from, to)| from.day_bounds().0 > to.day_bounds().1)
}
