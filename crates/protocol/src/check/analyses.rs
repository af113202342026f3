//! Endpoints, sets, planned analyses and published numbers.

use super::{Checker, Named};
use crate::tree::{Path, path};
use crate::{Analysis, EndpointEvent, Exposure, ItemKind, Survival, What, WorstGrade};
use words::Text;

impl Checker<'_> {
    pub(super) fn endpoints(&mut self) {
        let p = self.protocol;
        for (id, endpoint) in &p.endpoints {
            self.refers(path!["endpoints", id, "from"], Named::Step, &endpoint.from);
            match &endpoint.event {
                EndpointEvent::Same(facts) => {
                    self.events(path!["endpoints", id, "event"], facts, &endpoint.competing)
                }
                EndpointEvent::ByArm(by) => {
                    for (arm, facts) in by {
                        self.refers(path!["endpoints", id, "event", arm], Named::Arm, arm);
                        self.events(path!["endpoints", id, "event", arm], facts, &endpoint.competing);
                    }
                    for arm in p.arms.keys().filter(|arm| !by.contains_key(*arm)) {
                        self.error(
                            path!["endpoints", id, "event"],
                            "P0601",
                            Text::new(
                                format!("群「{arm}」のイベントがありません。"),
                                format!("Arm \"{arm}\" has no event."),
                            ),
                            Text::new(
                                "群ごとに書くときは、すべての群について書いてください。",
                                "When events differ by arm, every arm is named.",
                            ),
                        );
                    }
                }
            }
            for (key, facts) in [("competing", &endpoint.competing), ("censor_at", &endpoint.censor_at)] {
                for (i, fact) in facts.iter().enumerate() {
                    self.refers(path!["endpoints", id, key, i], Named::Fact, fact);
                }
            }
            self.refers(path!["endpoints", id, "censor"], Named::Fact, &endpoint.censor);
            let mut arms: Vec<Option<&str>> = p.arms.keys().map(|arm| Some(arm.as_str())).collect();
            arms.push(None);
            if arms.iter().any(|arm| endpoint.event.facts(*arm).contains(&endpoint.censor)) {
                self.error(
                    path!["endpoints", id, "censor"],
                    "P0612",
                    Text::new(
                        format!("「{}」がイベントでもあり打切りでもあります。", endpoint.censor),
                        format!(
                            "\"{}\" is both the event and what ends observation without one.",
                            endpoint.censor
                        ),
                    ),
                    Text::new(
                        "最終生存確認のような事象を書いてください。",
                        "Name a fact such as the last day known alive.",
                    ),
                );
            }
        }
        for (id, set) in &p.sets {
            self.refers(path!["sets", id, "step"], Named::Step, &set.step);
        }
    }

    fn events(&mut self, at: Path, facts: &[String], competing: &[String]) {
        if facts.is_empty() {
            self.error(
                at.clone(),
                "P0602",
                Text::new("イベントとなる事象がありません。", "No fact counts as the event."),
                Text::new("facts の名前を書いてください。", "Name one or more of `facts`."),
            );
        }
        for (i, fact) in facts.iter().enumerate() {
            let here = super::forms::join(&at, i);
            self.refers(here.clone(), Named::Fact, fact);
            if competing.contains(fact) {
                self.error(
                    here,
                    "P0603",
                    Text::new(
                        format!("「{fact}」がイベントでもあり競合イベントでもあります。"),
                        format!("\"{fact}\" is both event and competing event."),
                    ),
                    Text::new("どちらかから消してください。", "Remove it from one of the two."),
                );
            }
        }
    }

    pub(super) fn analyses(&mut self) {
        let p = self.protocol;
        for (id, analysis) in &p.analyses {
            self.analysis(id, analysis);
        }
        let mut primary = p.analyses.iter().filter(|(_, a)| a.primary).map(|(id, _)| id);
        if let (Some(first), Some(second)) = (primary.next(), primary.next()) {
            self.warning(
                path!["analyses", second, "primary"],
                "P0905",
                Text::new(
                    format!("主たる解析が「{first}」と「{second}」の 2 つ以上あります。"),
                    format!("There is more than one primary analysis: \"{first}\" and \"{second}\"."),
                ),
                Text::new(
                    "多重性の扱いをプロトコルで決めていますか。",
                    "Does the protocol say how multiplicity is dealt with?",
                ),
            );
        }
        if let Some(design) = &p.design
            && design.events.is_some_and(|events| events > design.n)
        {
            self.error(
                path!["design", "events"],
                "P0604",
                Text::new(
                    "必要イベント数が症例数を超えています。",
                    "More events are planned than participants.",
                ),
                Text::new("events と n を確かめてください。", "Check events and n."),
            );
        }
    }

    fn analysis(&mut self, id: &str, analysis: &Analysis) {
        let at = |kind: &str, key: &str| path!["analyses", id, "what", kind, key];
        match &analysis.what {
            What::Flow | What::Accrual => {}
            What::Baseline(b) => {
                self.of(id, "baseline", &b.set, b.by.as_deref());
                self.items(at("baseline", "items"), &b.items);
            }
            What::Survival(s) => self.survival(id, s),
            What::WorstGrade(w) => {
                self.of(id, "worst_grade", &w.set, w.by.as_deref());
                self.grades(id, w);
            }
            What::Exposure(x) => {
                self.of(id, "exposure", &x.set, x.by.as_deref());
                self.exposure(id, x);
            }
            What::Proportion(x) => self.of(id, "proportion", &x.set, x.by.as_deref()),
            What::Sensitivity(s) => self.sensitivity(id, s),
        }
    }

    /// The set and the allocation of an analysis; by arm only where every member of the set has an arm.
    fn of(&mut self, id: &str, kind: &str, set: &str, by: Option<&str>) {
        let p = self.protocol;
        let known = self.refers(path!["analyses", id, "what", kind, "set"], Named::Set, set);
        let Some(by) = by else { return };
        let at = path!["analyses", id, "what", kind, "by"];
        if !self.refers(at.clone(), Named::Allocation, by) || !known {
            return;
        }
        let step = p.sets[set].step.as_str();
        let mut reached = p.steps_before(step);
        reached.push(step);
        let nowhere = p.allocating_step(by).is_none();
        let allocated = nowhere
            || reached.iter().any(|s| p.steps.get(*s).is_some_and(|s| s.allocate.as_deref() == Some(by)));
        if !allocated && p.steps.contains_key(step) {
            self.error(
                at,
                "P0605",
                Text::new(
                    format!("解析対象集団「{set}」（登録段階 {step}）の患者は、まだ「{by}」で割り付けられていません。"),
                    format!("Participants of set \"{set}\" (step {step}) are not yet allocated by \"{by}\"."),
                ),
                Text::new("割付以後の登録段階の集団を使ってください。", "Use a set of the allocating step or a later one."),
            );
        }
    }

    fn items(&mut self, at: Path, items: &[String]) {
        let p = self.protocol;
        for (i, item) in items.iter().enumerate() {
            if p.item(item).is_none() && item != "participant.site" {
                let mut known = p.single_paths();
                known.push("participant.site".into());
                let known = known.iter().map(String::as_str).collect();
                self.unknown(super::forms::join(&at, i), &Text::new("項目", "item"), item, known);
            }
        }
    }

    /// Items whose values are groups of participants.
    fn groups(&mut self, at: Path, items: &[String]) {
        self.items(at.clone(), items);
        for (i, path) in items.iter().enumerate() {
            let Some((_, item)) = self.protocol.item(path) else { continue };
            if !matches!(item.kind, ItemKind::Code | ItemKind::Boolean) {
                self.error(
                    super::forms::join(&at, i),
                    "P0613",
                    Text::new(
                        format!("型 {} の項目では患者を分けられません。", item.kind.name()),
                        format!("An item of type {} does not make groups.", item.kind.name()),
                    ),
                    Text::new(
                        "型 code か boolean の項目を使ってください。数を区切るには derive で code の項目を作ります。",
                        "Use an item of type code or boolean; `derive` makes a code from a number.",
                    ),
                );
            }
        }
    }

    fn survival(&mut self, id: &str, s: &Survival) {
        let p = self.protocol;
        let at = |key: &str| path!["analyses", id, "what", "survival", key];
        self.of(id, "survival", &s.set, s.by.as_deref());
        let known = self.refers(at("endpoint"), Named::Endpoint, &s.endpoint);
        self.groups(at("strata"), &s.strata);
        self.groups(at("subgroups"), &s.subgroups);
        if let (true, Some(set)) = (known, p.sets.get(&s.set)) {
            let from = p.endpoints[&s.endpoint].from.as_str();
            if from != set.step && !p.steps_before(&set.step).contains(&from) && p.steps.contains_key(from) {
                self.error(
                    at("endpoint"),
                    "P0606",
                    Text::new(
                        format!(
                            "「{}」の起点（{from}）は、集団「{}」の登録（{}）より後です。",
                            s.endpoint, s.set, set.step
                        ),
                        format!(
                            "\"{}\" starts at {from}, later than {} of set \"{}\".",
                            s.endpoint, set.step, s.set
                        ),
                    ),
                    Text::new(
                        "起点に達した患者の集団を使ってください。",
                        "Use a set of participants who have reached it.",
                    ),
                );
            }
        }
        match (&s.reference, s.by.as_ref().and_then(|by| p.allocation.get(by))) {
            (Some(reference), Some(allocation)) if !allocation.ratio.contains_key(reference) => {
                let known = allocation.ratio.keys().map(String::as_str).collect();
                self.unknown(at("reference"), &Text::new("群", "arm"), reference, known);
            }
            (None, Some(_)) => self.error(
                at("by"),
                "P0607",
                Text::new(
                    "どの群を基準にハザード比を出すか（reference）がありません。",
                    "It is not said against which arm hazard ratios are given (`reference`).",
                ),
                Text::new("「reference: A」のように書いてください。", "Write, for example, `reference: A`."),
            ),
            (Some(_), None) if s.by.is_none() => self.error(
                at("reference"),
                "P0608",
                Text::new("by がないのに reference があります。", "There is a reference arm, but no `by`."),
                Text::new("by を書くか、reference を消してください。", "Write `by`, or remove it."),
            ),
            _ => {}
        }
        self.compared(id, s);
        for (i, time) in s.at.iter().enumerate() {
            if time.day_bounds().0 <= 0 {
                self.error(
                    super::forms::join(&at("at"), i),
                    "P0609",
                    Text::new("時点が 0 以下です。", "The time is not positive."),
                    Text::new("「5 years」のように書いてください。", "Write, for example, `5 years`."),
                );
            }
        }
    }

    /// The arms that are compared are arms of the allocation, more than one, and the reference is among them.
    fn compared(&mut self, id: &str, s: &Survival) {
        let p = self.protocol;
        let at = |key: &str| path!["analyses", id, "what", "survival", key];
        if s.arms.is_empty() {
            return;
        }
        self.twice(s.arms.iter().enumerate().map(|(i, a)| (super::forms::join(&at("arms"), i), a.as_str())));
        let allocation = s.by.as_ref().and_then(|by| p.allocation.get(by));
        for (i, arm) in s.arms.iter().enumerate() {
            if let Some(allocation) = allocation.filter(|a| !a.ratio.contains_key(arm)) {
                let known = allocation.ratio.keys().map(String::as_str).collect();
                self.unknown(super::forms::join(&at("arms"), i), &Text::new("群", "arm"), arm, known);
            }
        }
        if s.by.is_none() || s.arms.len() < 2 || s.reference.as_ref().is_some_and(|r| !s.arms.contains(r)) {
            self.key_error(
                at("arms"),
                "P0614",
                Text::new("比べる群の指定が正しくありません。", "These arms cannot be compared."),
                Text::new(
                    "by を書き、reference の群を含めて 2 群以上を挙げてください。",
                    "Write `by`, and name two arms or more with the reference arm among them.",
                ),
            );
        }
    }

    fn grades(&mut self, id: &str, w: &WorstGrade) {
        let p = self.protocol;
        let at = |key: &str| path!["analyses", id, "what", "worst_grade", key];
        if self.refers(at("form"), Named::Form, &w.form) {
            let names: Vec<&str> = p.forms[&w.form].items().map(|i| i.id.as_str()).collect();
            for (key, name) in
                [("grade", Some(&w.grade)), ("term", Some(&w.term)), ("system", w.system.as_ref())]
            {
                let Some(name) = name else { continue };
                if !names.contains(&name.as_str()) {
                    self.unknown(at(key), &Text::new("項目", "item"), name, names.clone());
                }
            }
            if let Some(item) = p.forms[&w.form].item(&w.grade) {
                let numbered = item.codes.keys().all(|c| c.parse::<u8>().is_ok());
                if !(item.kind == ItemKind::Integer || item.kind == ItemKind::Code && numbered) {
                    self.error(
                        at("grade"),
                        "P0610",
                        Text::new(
                            format!("項目「{}」はグレードの数ではありません。", item.id),
                            format!("Item \"{}\" does not hold grades as numbers.", item.id),
                        ),
                        Text::new(
                            "型 integer、またはコードが 0 から 5 の数である項目を指定してください。",
                            "Use an integer item, or one whose codes are the numbers 0 to 5.",
                        ),
                    );
                }
            }
        }
        for (i, grade) in w.at_least.iter().enumerate() {
            if !(1..=5).contains(grade) {
                self.error(
                    super::forms::join(&at("at_least"), i),
                    "P0611",
                    Text::new(
                        format!("グレード {grade} はありません。"),
                        format!("There is no grade {grade}."),
                    ),
                    Text::new("CTCAE のグレードは 1 から 5 です。", "Grades of CTCAE run from 1 to 5."),
                );
            }
        }
    }

    fn exposure(&mut self, id: &str, x: &Exposure) {
        let p = self.protocol;
        let at = |key: &str| path!["analyses", id, "what", "exposure", key];
        if !self.refers(at("form"), Named::Form, &x.form) {
            return;
        }
        let form = &p.forms[&x.form];
        if form.repeats {
            self.error(
                at("form"),
                "P0621",
                Text::new(
                    format!(
                        "フォーム「{}」は繰り返し記入するため、治療曝露を 1 人 1 件で数えられません。",
                        x.form
                    ),
                    format!("Form \"{}\" repeats: exposure is not told once for each participant.", x.form),
                ),
                Text::new("1 人に 1 件のフォームを指定してください。", "Use a form that is filled once."),
            );
        }
        let number = [ItemKind::Integer, ItemKind::Decimal];
        let flag = [ItemKind::Boolean];
        let told = [ItemKind::Integer, ItemKind::Decimal, ItemKind::Boolean, ItemKind::Code, ItemKind::Text];
        let date = [ItemKind::Date];
        let dose = x.dose.iter().flat_map(|d| [("dose", &d.given), ("dose", &d.planned)]);
        let mut named: Vec<(&str, &String, &[ItemKind])> =
            vec![("start", &x.start, &date), ("end", &x.end, &date)];
        named.extend(x.ongoing.iter().map(|i| ("ongoing", i, &flag[..])));
        named.extend(x.cycles.iter().map(|i| ("cycles", i, &number[..])));
        named.extend(dose.map(|(key, i)| (key, i, &number[..])));
        named.extend(x.modifications.iter().map(|i| ("modifications", i, &told[..])));
        named.extend(x.items.iter().map(|i| ("items", i, &told[..])));
        for (key, name, kinds) in named {
            match form.item(name) {
                None => {
                    let known = form.items().map(|i| i.id.as_str()).collect();
                    self.unknown(at(key), &Text::new("項目", "item"), name, known);
                }
                Some(item) if !kinds.contains(&item.kind) => self.error(
                    at(key),
                    "P0622",
                    Text::new(
                        format!("項目「{name}」の型は、ここでは使えません。"),
                        format!("Item \"{name}\" is of a type that has no meaning here."),
                    ),
                    Text::new(
                        "start と end は date、ongoing は boolean、cycles と dose は数の項目です。",
                        "start and end are dates, ongoing is boolean, cycles and doses are numbers.",
                    ),
                ),
                Some(_) => {}
            }
        }
    }

    pub(super) fn published(&mut self) {
        let p = self.protocol;
        let all = p.published.iter().enumerate();
        self.twice(all.map(|(i, x)| (path!["published", i, "id"], x.id.as_str())));
        for (i, number) in p.published.iter().enumerate() {
            if let Some(row) = &number.row {
                self.refers(path!["published", i, "row", "analysis"], Named::Analysis, &row.analysis);
                if let Some(group) = &row.group {
                    self.refers(path!["published", i, "row", "group"], Named::Arm, group);
                }
            }
            if let Some(other) = &number.conflicts_with
                && !p.published.iter().any(|x| x.id == *other && x.id != number.id)
            {
                let known = p.published.iter().map(|x| x.id.as_str()).collect();
                self.unknown(
                    path!["published", i, "conflicts_with"],
                    &Text::new("公表値", "published number"),
                    other,
                    known,
                );
            }
        }
    }
}
