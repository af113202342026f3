//! Lines of therapy from treatments, by stated rules: every step says which rule took it, and a person can correct it.
//!
//! A line is what was given for advanced disease from one progression to the next. The rules are the house's own; where
//! they leave the answer open the line is marked uncertain, so that a count of lines becomes a range and never a guess.

use crate::{Drug, Treatment};
use serde::Serialize;
use std::collections::BTreeMap;
use words::{PartialDate, Text};

/// Days within which drugs that are started together make one regimen.
pub const TOGETHER_DAYS: i32 = 28;
/// Days without treatment after which the same drugs may be a new line.
pub const PAUSE_DAYS: i32 = 180;

/// The rules, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A person has decided.
    Corrected,
    /// Given before or after surgery: no line of advanced disease.
    Early,
    /// Supports other treatment only (LHRH agonist): opens no line.
    Supporting,
    /// The first treatment of advanced disease.
    First,
    /// The line before ended with progression.
    AfterProgression,
    /// Started within [`TOGETHER_DAYS`] of the line.
    Together,
    /// A part of the line's drugs goes on.
    Continued,
    /// The same drugs again, without progression in between.
    Resumed,
    /// The same drugs again after a pause of more than [`PAUSE_DAYS`].
    ResumedLate,
    /// A drug of the same class in place of one that was not tolerated.
    Substituted,
    /// Endocrine treatment after chemotherapy, without progression: maintenance.
    Maintenance,
    /// New drugs without a stated progression.
    Unexplained,
    /// Setting or dates do not tell.
    NotTold,
}

impl Rule {
    /// Joins the line that is open.
    fn joins(self) -> bool {
        use Rule::{Continued, Maintenance, Resumed, Substituted, Supporting, Together};
        matches!(self, Supporting | Together | Continued | Resumed | Substituted | Maintenance)
    }

    fn certain(self) -> bool {
        !matches!(self, Rule::ResumedLate | Rule::Unexplained | Rule::NotTold)
    }

    pub fn text(self) -> Text {
        let (ja, en) = match self {
            Rule::Corrected => ("担当者が訂正した", "a person has corrected it"),
            Rule::Early => (
                "術前・術後の治療であり、進行・再発の治療ラインに数えない",
                "given before or after surgery: no line of advanced disease",
            ),
            Rule::Supporting => (
                "併用の補助薬（LHRH アゴニスト）だけでは治療ラインにならない",
                "an LHRH agonist alone opens no line",
            ),
            Rule::First => ("進行・再発に対する最初の治療である", "the first treatment of advanced disease"),
            Rule::AfterProgression => {
                ("前の治療ラインが増悪で終わった", "the line before ended with progression")
            }
            Rule::Together => {
                ("治療ラインの開始から28日以内に始まった", "started within 28 days of the line")
            }
            Rule::Continued => ("治療ラインの薬剤の一部を続けている", "a part of the line's drugs goes on"),
            Rule::Resumed => ("増悪がないまま同じ薬剤を再開した", "the same drugs again without progression"),
            Rule::ResumedLate => (
                "180日を超える中断の後に同じ薬剤を再開した。新しいラインかどうか確認が必要",
                "the same drugs after a pause of more than 180 days: a new line or not must be decided",
            ),
            Rule::Substituted => (
                "毒性で中止した薬剤を同じ種類の薬剤に替えた",
                "a drug of the same class replaces one that was not tolerated",
            ),
            Rule::Maintenance => (
                "化学療法後、増悪がないまま内分泌療法で維持している",
                "endocrine maintenance after chemotherapy without progression",
            ),
            Rule::Unexplained => (
                "増悪の記録がないまま薬剤が変わった。新しいラインかどうか確認が必要",
                "drugs change without a stated progression: a new line or not must be decided",
            ),
            Rule::NotTold => (
                "治療の時期または日付が不明で、どのラインか決められない",
                "setting or dates are missing: which line it belongs to cannot be told",
            ),
        };
        Text::new(ja, en)
    }
}

/// What one treatment did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Index of the treatment in the list, from 0.
    pub treatment: usize,
    /// Number of its line, from 1; `None` for early treatment.
    pub line: Option<u32>,
    pub rule: Rule,
    pub certain: bool,
    pub why: Text,
    /// Who corrected it and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A line of therapy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    pub number: u32,
    /// In the order in which they were given.
    pub drugs: Vec<String>,
    pub start: Option<PartialDate>,
    pub end: Option<PartialDate>,
    pub outcome: Option<String>,
    pub treatments: Vec<usize>,
}

/// A person's decision on one treatment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub new_line: bool,
    pub by: String,
    pub reason: String,
}

/// The decisions that stand with the treatments themselves: `line_decided` (`new`, `same`), `line_decided_by`,
/// `line_decided_reason`. One that is not whole is no decision; reading a patient refuses it.
pub fn decided(treatments: &[Treatment]) -> BTreeMap<usize, Correction> {
    let one = |t: &Treatment| {
        let word = |key: &str| t.other.get(key)?.as_str().map(str::trim).filter(|w| !w.is_empty());
        let new_line = match word("line_decided")? {
            "new" => true,
            "same" => false,
            _ => return None,
        };
        let (by, reason) = (word("line_decided_by")?.to_owned(), word("line_decided_reason")?.to_owned());
        Some(Correction { new_line, by, reason })
    };
    treatments.iter().enumerate().filter_map(|(i, t)| Some((i, one(t)?))).collect()
}

/// Whether a treatment speaks of a decision on its line and does not say it whole.
pub(crate) fn half_decided(treatment: &Treatment) -> bool {
    let keys = ["line_decided", "line_decided_by", "line_decided_reason"];
    keys.iter().any(|k| treatment.other.get(*k).is_some_and(|v| !v.is_null()))
        && decided(std::slice::from_ref(treatment)).is_empty()
}

/// Lines with the way to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lines {
    pub lines: Vec<Line>,
    pub steps: Vec<Step>,
    /// Fewest and most lines that the uncertain steps allow.
    pub count: (u32, u32),
}

struct Open<'a> {
    line: Line,
    members: Vec<&'a Treatment>,
}

/// Derives lines. Treatments are taken by their start where every start of advanced treatment is a date that can be
/// ordered, else in the order of the list. `drugs` gives the classes.
pub fn derive(
    treatments: &[Treatment],
    drugs: &BTreeMap<String, Drug>,
    corrections: &BTreeMap<usize, Correction>,
) -> Lines {
    let mut order: Vec<usize> = (0..treatments.len()).collect();
    let start = |i: &usize| treatments.get(*i).and_then(|t| t.start);
    if order.iter().all(|i| start(i).is_some()) {
        order.sort_by_key(|i| start(i).map(|d| (d.earliest(), d.latest())));
    }
    let mut out = Lines::default();
    let mut open: Option<Open<'_>> = None;
    for i in order {
        let Some(t) = treatments.get(i) else { continue };
        let rule = match corrections.get(&i) {
            Some(_) => Rule::Corrected,
            None => step(t, open.as_ref(), drugs),
        };
        let joins = match corrections.get(&i) {
            Some(c) => !c.new_line && open.is_some(),
            None => rule.joins() && open.is_some(),
        };
        let early = rule == Rule::Early || (rule == Rule::Supporting && open.is_none());
        let line = if early {
            None
        } else {
            if !joins {
                out.lines.extend(open.take().map(|o| o.line));
            }
            let number = u32::try_from(out.lines.len()).unwrap_or(u32::MAX).saturating_add(1);
            let of = open.get_or_insert_with(|| Open { line: new_line(number), members: Vec::new() });
            add(of, i, t);
            Some(number)
        };
        let certain = rule.certain();
        if line.is_some() {
            let new = !joins;
            out.count.0 += u32::from(new && certain);
            out.count.1 += u32::from(new || !certain);
        }
        let by = corrections.get(&i).map(|c| format!("{}: {}", c.by, c.reason));
        out.steps.push(Step { treatment: i, line, rule, certain, why: rule.text(), by });
    }
    out.lines.extend(open.map(|o| o.line));
    out
}

fn new_line(number: u32) -> Line {
    Line { number, drugs: Vec::new(), start: None, end: None, outcome: None, treatments: Vec::new() }
}

fn add<'a>(open: &mut Open<'a>, index: usize, t: &'a Treatment) {
    let line = &mut open.line;
    for d in &t.drugs {
        if !line.drugs.contains(d) {
            line.drugs.push(d.clone());
        }
    }
    line.start = line.start.or(t.start);
    line.end = t.end;
    // Progression on any part ends the line; a drug stopped for toxicity does not, while another goes on.
    if line.outcome.as_deref() != Some("progression") {
        line.outcome.clone_from(&t.outcome);
    }
    line.treatments.push(index);
    open.members.push(t);
}

/// Is `later` surely within `days` of `earlier`? `None`: the dates do not tell.
fn within(earlier: Option<PartialDate>, later: Option<PartialDate>, days: i32) -> Option<bool> {
    let (a, b) = (earlier?, later?);
    let span = |from: jiff::civil::Date, to: jiff::civil::Date| from.until(to).ok().map(|s| s.get_days());
    let (least, most) = (span(a.latest(), b.earliest())?, span(a.earliest(), b.latest())?);
    if most <= days {
        Some(true)
    } else if least > days {
        Some(false)
    } else {
        None
    }
}

fn step(t: &Treatment, open: Option<&Open<'_>>, drugs: &BTreeMap<String, Drug>) -> Rule {
    match t.setting.as_deref() {
        Some("adjuvant" | "neoadjuvant") => return Rule::Early,
        Some("metastatic") => {}
        _ => return Rule::NotTold,
    }
    let has = |drug: &str, class: &str| drugs.get(drug).is_some_and(|d| d.classes.iter().any(|c| c == class));
    let all = |list: &[String], class: &str| list.iter().all(|d| has(d, class));
    let supporting = all(&t.drugs, "LHRH_agonist");
    let Some(open) = open else { return if supporting { Rule::Supporting } else { Rule::First } };
    if supporting {
        return Rule::Supporting;
    }
    let before = &open.line;
    if before.outcome.as_deref() == Some("progression") {
        return Rule::AfterProgression;
    }
    let new: Vec<&String> = t.drugs.iter().filter(|d| !before.drugs.contains(d)).collect();
    if !new.is_empty() {
        match within(before.start, t.start, TOGETHER_DAYS) {
            Some(true) => return Rule::Together,
            None if before.start.is_none() || t.start.is_none() => {}
            None => return Rule::NotTold,
            Some(false) => {}
        }
        let stopped_for_toxicity = open.members.iter().filter(|m| m.outcome.as_deref() == Some("toxicity"));
        let replaced: Vec<&String> = stopped_for_toxicity.flat_map(|m| &m.drugs).collect();
        let alike = |a: &str, b: &str| match (drugs.get(a), drugs.get(b)) {
            // The last class is the narrowest.
            (Some(a), Some(b)) => a.classes.last().is_some() && a.classes.last() == b.classes.last(),
            _ => false,
        };
        if new.iter().all(|d| replaced.iter().any(|r| alike(d, r))) {
            return Rule::Substituted;
        }
        let chemo_before = before.drugs.iter().any(|d| has(d, "chemo"));
        let completed = before.outcome.as_deref() == Some("completed");
        if chemo_before && completed && new.iter().all(|d| has(d, "ET")) {
            return Rule::Maintenance;
        }
        return Rule::Unexplained;
    }
    if t.drugs.len() < before.drugs.len() {
        return Rule::Continued;
    }
    match within(before.end, t.start, PAUSE_DAYS) {
        Some(true) => Rule::Resumed,
        Some(false) => Rule::ResumedLate,
        None => Rule::NotTold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Files, Knowledge};

    fn given(drugs: &str, setting: &str, outcome: &str, start: &str, end: &str) -> Treatment {
        Treatment {
            drugs: drugs.split('+').map(str::to_owned).collect(),
            setting: (!setting.is_empty()).then(|| setting.to_owned()),
            outcome: (!outcome.is_empty()).then(|| outcome.to_owned()),
            start: start.parse().ok(),
            end: end.parse().ok(),
            ..Treatment::default()
        }
    }

    fn lines(treatments: &[Treatment]) -> Lines {
        derive(treatments, &Knowledge::load(&Files::breast()).unwrap().drugs, &BTreeMap::new())
    }

    fn rules(l: &Lines) -> Vec<Rule> {
        l.steps.iter().map(|s| s.rule).collect()
    }

    const M: &str = "metastatic";

    #[test]
    fn adjuvant_treatment_is_no_line_and_progression_opens_the_next() {
        let l = lines(&[
            given("doxorubicin+cyclophosphamide", "adjuvant", "completed", "2018-01-10", "2018-04-10"),
            given("letrozole+palbociclib", M, "progression", "2023-02-01", "2024-05-01"),
            given("capecitabine", M, "progression", "2024-05-20", "2024-12-01"),
        ]);
        assert_eq!(rules(&l), [Rule::Early, Rule::First, Rule::AfterProgression]);
        assert_eq!(l.lines.len(), 2);
        assert_eq!(l.count, (2, 2));
        assert_eq!(l.lines[0].drugs, ["letrozole", "palbociclib"]);
    }

    #[test]
    fn drugs_started_within_28_days_are_one_line_and_a_day_later_they_are_not() {
        let with = |start: &str| {
            lines(&[
                given("letrozole", M, "ongoing", "2024-01-01", ""),
                given("palbociclib", M, "ongoing", start, ""),
            ])
        };
        assert_eq!(rules(&with("2024-01-29"))[1], Rule::Together);
        let later = with("2024-01-30");
        assert_eq!(rules(&later)[1], Rule::Unexplained);
        // Uncertain: one line or two.
        assert_eq!(later.count, (1, 2));
        // A month alone cannot tell.
        assert_eq!(rules(&with("2024-01"))[1], Rule::NotTold);
    }

    #[test]
    fn a_change_for_toxicity_within_the_class_and_maintenance_stay_in_the_line() {
        let l = lines(&[
            given("trastuzumab+pertuzumab+docetaxel", M, "toxicity", "2024-01-01", "2024-03-01"),
            given("paclitaxel", M, "completed", "2024-03-10", "2024-06-01"),
            given("trastuzumab+pertuzumab", M, "ongoing", "2024-06-02", ""),
        ]);
        assert_eq!(rules(&l), [Rule::First, Rule::Substituted, Rule::Continued]);
        assert_eq!(l.lines.len(), 1);
        let l = lines(&[
            given("paclitaxel", M, "completed", "2024-01-01", "2024-06-01"),
            given("letrozole", M, "ongoing", "2024-06-10", ""),
        ]);
        assert_eq!(rules(&l)[1], Rule::Maintenance);
    }

    #[test]
    fn the_same_drugs_after_a_long_pause_and_a_missing_setting_are_asked_about() {
        let l = lines(&[
            given("capecitabine", M, "completed", "2023-01-01", "2023-06-01"),
            given("capecitabine", M, "ongoing", "2024-06-01", ""),
        ]);
        assert_eq!(rules(&l)[1], Rule::ResumedLate);
        assert_eq!(l.count, (1, 2));
        let l = lines(&[given("capecitabine", "", "progression", "2023-01-01", "")]);
        assert_eq!((rules(&l)[0], l.count), (Rule::NotTold, (0, 1)));
    }

    #[test]
    fn a_correction_stands_with_its_author_and_settles_the_count() {
        let given = [
            given("letrozole", M, "ongoing", "2024-01-01", ""),
            given("fulvestrant", M, "ongoing", "2024-06-01", ""),
        ];
        let drugs = Knowledge::load(&Files::breast()).unwrap().drugs;
        assert_eq!(derive(&given, &drugs, &BTreeMap::new()).count, (1, 2));
        let c = Correction { new_line: true, by: "dr.a".into(), reason: "progression in the liver".into() };
        let l = derive(&given, &drugs, &BTreeMap::from([(1, c)]));
        assert_eq!((l.count, l.lines.len()), ((2, 2), 2));
        assert_eq!(l.steps[1].by.as_deref(), Some("dr.a: progression in the liver"));
        assert!(Rule::Corrected.text().ja.contains("訂正"));
    }
}
