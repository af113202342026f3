//! Forms, items, and the study's own lines.

use super::{Checker, Named};
use crate::tree::{Path, path};
use crate::{Form, Item, ItemKind};
use words::Text;

/// Words that stand for other things in rules.
const TAKEN: [&str; 4] = ["participant", "registered", "on", "visit"];

/// Letters, digits and `_`, not starting with a digit: what a rule can name.
fn is_rule_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !matches!(name, "true" | "false" | "in" | "null")
}

/// What may stand for an arm, a code, a document: also with digits first, and `-`, `.`, `+`.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.+".contains(&b))
}

impl Checker<'_> {
    pub(super) fn study(&mut self) {
        let p = self.protocol;
        if !is_plain_name(&p.study) {
            self.name(path!["study"], &p.study, false);
            if let Some(last) = self.found.last_mut() {
                last.on_key = false;
            }
        }
        if jiff::tz::TimeZone::get(&p.timezone).is_err() {
            self.error(
                path!["timezone"],
                "P0305",
                Text::new(
                    format!("時間帯「{}」は知られていません。", p.timezone),
                    format!("Time zone \"{}\" is not known.", p.timezone),
                ),
                Text::new(
                    "Asia/Tokyo のような IANA の名前で書きます。",
                    "Write an IANA name such as Asia/Tokyo.",
                ),
            );
        }
        let lists: [(&str, Vec<&String>, bool); 10] = [
            ("arms", p.arms.keys().collect(), false),
            ("documents", p.documents.keys().collect(), false),
            ("approvals", p.approvals.keys().collect(), false),
            ("steps", p.steps.keys().collect(), true),
            ("schedule", p.schedule.keys().collect(), false),
            ("allocation", p.allocation.keys().collect(), false),
            ("facts", p.facts.keys().collect(), false),
            ("endpoints", p.endpoints.keys().collect(), false),
            ("sets", p.sets.keys().collect(), false),
            ("analyses", p.analyses.keys().collect(), false),
        ];
        for (list, ids, in_rules) in lists {
            for id in ids {
                let fits = if in_rules { is_rule_name(id) } else { is_plain_name(id) };
                if !fits {
                    self.name(path![list, id], id, in_rules);
                }
            }
        }
        for (id, document) in &p.documents {
            if document.versions.is_empty() {
                self.error(
                    path!["documents", id, "versions"],
                    "P0306",
                    Text::new(
                        format!("文書「{id}」に版がありません。"),
                        format!("Document \"{id}\" has no version."),
                    ),
                    Text::new(
                        "「'1.0': 2011-05-11」のように、版とその使用開始日を書いてください。",
                        "Write each version with its first day: `'1.0': 2011-05-11`.",
                    ),
                );
            }
        }
        if p.steps.is_empty() {
            self.error(
                path!["steps"],
                "P0307",
                Text::new("登録段階がありません。", "There is no registration step."),
                Text::new("少なくとも 1 つの登録段階を書いてください。", "Write at least one step."),
            );
        }
    }

    fn name(&mut self, path: Path, id: &str, in_rules: bool) {
        let rest = if in_rules { ("と「_」", " and `_`") } else { ("と「_ - . +」", " and `_ - . +`") };
        self.key_error(
            path,
            "P0303",
            Text::new(format!("「{id}」は id として使えません。"), format!("\"{id}\" cannot be an id.")),
            Text::new(
                format!("半角の英数字{}で書いてください。規則で使う名前は数字で始められません。", rest.0),
                format!(
                    "Write ASCII letters, digits{}; a name used in rules does not begin with a digit.",
                    rest.1
                ),
            ),
        );
    }

    pub(super) fn forms(&mut self) {
        let p = self.protocol;
        for (id, form) in &p.forms {
            if !is_rule_name(id) || TAKEN.contains(&id.as_str()) {
                self.key_error(
                    path!["forms", id],
                    "P0303",
                    Text::new(
                        format!("症例報告書のファイル名「{id}」は id として使えません。"),
                        format!("Form file name \"{id}\" cannot be an id."),
                    ),
                    Text::new(
                        "半角の英数字と「_」で、participant、registered、on、visit 以外の名前にしてください。",
                        "Use ASCII letters, digits and `_`, but not participant, registered, on or visit.",
                    ),
                );
            }
            self.form(id, form);
        }
    }

    fn form(&mut self, id: &str, form: &Form) {
        let mut ids = vec![];
        for (s, section) in form.sections.iter().enumerate() {
            for (i, item) in section.items.iter().enumerate() {
                let at = path!["forms", id, "sections", s, "items", i];
                ids.push((join(&at, "id"), item.id.as_str()));
                self.item(at, item, false);
            }
        }
        if ids.is_empty() {
            self.error(
                path!["forms", id, "sections"],
                "P0310",
                Text::new(
                    format!("症例報告書「{id}」に項目がありません。"),
                    format!("Form \"{id}\" has no items."),
                ),
                Text::new(
                    "少なくとも日付の項目を 1 つ書いてください。",
                    "Write at least the item that dates it.",
                ),
            );
            return;
        }
        let names: Vec<&str> = ids.iter().map(|(_, id)| *id).collect();
        self.twice(ids.into_iter());
        match form.item(&form.dated_by) {
            None => self.unknown(
                path!["forms", id, "dated_by"],
                &Text::new("項目", "item"),
                &form.dated_by,
                names.clone(),
            ),
            Some(item) if item.kind != ItemKind::Date => self.error(
                path!["forms", id, "dated_by"],
                "P0311",
                Text::new(
                    format!("「{}」は日付の項目ではないので、この用紙の日付になれません。", item.id),
                    format!("Item \"{}\" is not a date and cannot date this form.", item.id),
                ),
                Text::new(
                    "データカットオフはこの日付で用紙を選びます。型が date の項目を指定してください。",
                    "The cut-off chooses forms by this day. Name an item of type date.",
                ),
            ),
            Some(item) if item.when.is_some() || !(item.required || item.derive.is_some()) => self.warning(
                path!["forms", id, "dated_by"],
                "P0902",
                Text::new(
                    format!("この用紙の日付「{}」は必須ではありません。", item.id),
                    format!("Item \"{}\", which dates this form, may stay empty.", item.id),
                ),
                Text::new(
                    "日付のない用紙はどのカットオフでも不明として扱われます。required: true とし、when は外してください。",
                    "A form without its day is unknown at every cut-off. Write `required: true` and no `when`.",
                ),
            ),
            Some(_) => {}
        }
        for (c, check) in form.checks.iter().enumerate() {
            if form.item(&check.item).is_none() {
                self.unknown(
                    path!["forms", id, "checks", c, "item"],
                    &Text::new("項目", "item"),
                    &check.item,
                    names.clone(),
                );
            }
        }
        let checks = form.checks.iter().enumerate();
        self.twice(checks.map(|(c, check)| (path!["forms", id, "checks", c, "id"], check.id.as_str())));
    }

    fn item(&mut self, at: Path, item: &Item, in_group: bool) {
        if !is_rule_name(&item.id) || TAKEN.contains(&item.id.as_str()) {
            self.error(
                join(&at, "id"),
                "P0303",
                Text::new(
                    format!("「{}」は項目の id として使えません。", item.id),
                    format!("\"{}\" cannot be the id of an item.", item.id),
                ),
                Text::new(
                    "半角の英数字と「_」で、participant、registered、on、visit 以外の名前にしてください。",
                    "Use ASCII letters, digits and `_`, but not participant, registered, on or visit.",
                ),
            );
        }
        // Which keys belong to which types of item.
        use ItemKind::{Code, Date, Decimal, Group, Integer};
        let written: [(&str, bool, &[ItemKind]); 6] = [
            ("codes", !item.codes.is_empty(), &[Code]),
            ("unit", item.unit.is_some(), &[Integer, Decimal]),
            ("decimals", item.decimals.is_some(), &[Decimal]),
            ("range", item.range.is_some(), &[Integer, Decimal]),
            ("partial", item.partial, &[Date]),
            ("items", !item.items.is_empty(), &[Group]),
        ];
        for (key, present, kinds) in written {
            if present && !kinds.contains(&item.kind) {
                let kinds: Vec<&str> = kinds.iter().map(|k| k.name()).collect();
                self.key_error(
                    join(&at, key),
                    "P0312",
                    Text::new(
                        format!("型 {} の項目に「{key}」は書けません。", item.kind.name()),
                        format!("An item of type {} has no \"{key}\".", item.kind.name()),
                    ),
                    Text::new(
                        format!("「{key}」は型 {} の項目に書きます。", kinds.join("、")),
                        format!("\"{key}\" belongs to items of type {}.", kinds.join(" or ")),
                    ),
                );
            }
        }
        let empty = match item.kind {
            Code if item.codes.is_empty() => Some("codes"),
            Group if item.items.is_empty() => Some("items"),
            _ => None,
        };
        if let Some(key) = empty {
            self.error(
                join(&at, "type"),
                "P0313",
                Text::new(
                    format!("型 {} の項目「{}」に {key} がありません。", item.kind.name(), item.id),
                    format!("Item \"{}\" of type {} has no {key}.", item.id, item.kind.name()),
                ),
                Text::new(format!("「{key}: …」を書き足してください。"), format!("Add `{key}: …`.")),
            );
        }
        if item.range.as_ref().is_some_and(|r| r.min.zip(r.max).is_some_and(|(min, max)| min > max)) {
            self.error(
                join(&at, "range"),
                "P0314",
                Text::new("下限が上限を超えています。", "The lower limit is above the upper limit."),
                Text::new("min と max を確かめてください。", "Check min and max."),
            );
        }
        let forbidden = match item.kind {
            _ if in_group && item.kind == Group => {
                Some(("type", "グループの中のグループ", "a group within a group"))
            }
            _ if in_group && item.when.is_some() => {
                Some(("when", "グループの中の条件表示", "`when` within a group"))
            }
            _ if in_group && item.derive.is_some() => {
                Some(("derive", "グループの中の計算項目", "a derived item within a group"))
            }
            Group if item.derive.is_some() => Some(("derive", "グループの計算", "a derived group")),
            _ => None,
        };
        if let Some((key, ja, en)) = forbidden {
            self.key_error(
                join(&at, key),
                "P0315",
                Text::new(format!("{ja}は使えません。"), format!("There is no {en}.")),
                Text::new(
                    "グループの外の項目にするか、繰り返し用紙（repeats: true）にしてください。",
                    "Make it an item outside of the group, or a repeating form (`repeats: true`).",
                ),
            );
        }
        if item.derive.is_some() && (item.required || item.range.is_some()) {
            self.warning(
                join(&at, "derive"),
                "P0903",
                Text::new(
                    format!("計算項目「{}」に required や range は効きません。", item.id),
                    format!("Item \"{}\" is derived; `required` and `range` do nothing.", item.id),
                ),
                Text::new(
                    "計算の元になる項目に書いてください。",
                    "Write them at the items that it is computed from.",
                ),
            );
        }
        for (code, _) in item.codes.iter().filter(|(c, _)| !is_plain_name(c)) {
            self.name(join(&join(&at, "codes"), code), code, false);
        }
        let inner = item.items.iter().enumerate();
        self.twice(inner.map(|(i, inner)| (join(&join(&join(&at, "items"), i), "id"), inner.id.as_str())));
        for (i, inner) in item.items.iter().enumerate() {
            self.item(join(&join(&at, "items"), i), inner, true);
        }
    }

    /// Whether `form` has a date item `item`; tells if not.
    pub(super) fn date_item(&mut self, at: Path, form: &str, item: &str) {
        let Some(found) = self.protocol.forms.get(form) else { return };
        let kind = found.item(item).map(|i| i.kind);
        let names: Vec<&str> = found.items().map(|i| i.id.as_str()).collect();
        match kind {
            Some(ItemKind::Date) => {}
            None => self.unknown(at, &Text::new("項目", "item"), item, names),
            Some(_) => self.error(
                at,
                "P0311",
                Text::new(
                    format!("「{item}」は日付の項目ではありません。"),
                    format!("Item \"{item}\" is not a date."),
                ),
                Text::new("型が date の項目を指定してください。", "Name an item of type date."),
            ),
        }
    }

    pub(super) fn facts(&mut self) {
        let p = self.protocol;
        for (id, fact) in &p.facts {
            if fact.from.is_empty() {
                self.error(
                    path!["facts", id, "from"],
                    "P0316",
                    Text::new(
                        format!("事象「{id}」の出どころがありません。"),
                        format!("Fact \"{id}\" is found nowhere."),
                    ),
                    Text::new(
                        "「- { form: …, date: … }」を書いてください。",
                        "Write `- { form: …, date: … }`.",
                    ),
                );
            }
            for (i, source) in fact.from.iter().enumerate() {
                if self.refers(path!["facts", id, "from", i, "form"], Named::Form, &source.form) {
                    self.date_item(path!["facts", id, "from", i, "date"], &source.form, &source.date);
                }
            }
        }
    }
}

pub(super) fn join(path: &Path, part: impl Into<crate::tree::Part>) -> Path {
    let mut out = path.clone();
    out.push(part.into());
    out
}
