//! Side effects: the worst grade of each participant, in all and by term.

use crate::Row;
use crate::baseline::{find_item, share};
use crate::cohort::{Cohort, Graded, Person, Tri, listed};
use crate::draft::Draft;
use crate::set;
use protocol::{Protocol, WorstGrade as Plan};
use std::collections::BTreeSet;
use words::Text;

/// What is known of somebody's worst grade among some records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Worst {
    /// The highest grade among records that certainly count; 0 without any.
    pub known: u8,
    /// Whether a record with unknown grade, or of which it cannot be told whether it counts, may be worse.
    pub open: bool,
}

/// Which records are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of<'a> {
    All,
    Term(&'a str),
    System(&'a str),
}

impl<'a> Of<'a> {
    /// As the rows of a table write it: the variable, and the name before the grade in the level.
    pub(crate) fn named(variable: &str, plan: &Plan, name: &'a str) -> Of<'a> {
        let item = variable.strip_prefix(plan.form.as_str()).and_then(|v| v.strip_prefix('.'));
        match item {
            None => Of::All,
            Some(item) if item == plan.term => Of::Term(name),
            Some(_) => Of::System(name),
        }
    }

    fn takes(self, record: &Graded) -> bool {
        match self {
            Of::All => true,
            Of::Term(term) => record.term.as_deref() == Some(term),
            Of::System(system) => record.system.as_deref() == Some(system),
        }
    }
}

/// Somebody's worst grade among these records of one analysis.
pub(crate) fn worst_of(person: &Person, id: &str, of: Of<'_>) -> Worst {
    worst(&records(person, id, of))
}

fn worst(records: &[&Graded]) -> Worst {
    let sure = records.iter().filter(|r| r.counts == Tri::True).filter_map(|r| r.grade);
    let known = sure.max().unwrap_or(0);
    let may_be_worse = |r: &&Graded| match r.counts {
        Tri::False => false,
        Tri::True => r.grade.is_none(),
        Tri::Unknown(_) => r.grade.is_none_or(|g| g > known),
    };
    // Nothing is worse than death.
    Worst { known, open: known < 5 && records.iter().any(may_be_worse) }
}

/// All rows of a table of worst grades.
pub(crate) fn worst_grade(cohort: &Cohort, protocol: &Protocol, id: &str, plan: &Plan) -> Vec<Row> {
    let draft = Draft::new(id, &plan.set, "worst_grade", "worst-grade");
    let Some(set) = set::members(cohort, protocol, &plan.set) else {
        return vec![set::undefined(&draft, "n")];
    };
    let mut rows = set.rows(&draft);
    let by = plan.by.as_deref();
    let arms = set::arms(protocol, by);
    let draft =
        draft.option("denominator", "all of the set in the group").option("no record", "counted as grade 0");
    let mut named = Vec::new();
    for item in plan.system.iter().chain([&plan.term]) {
        named.push((item.as_str(), names(&set.members, protocol, id, plan, item)));
    }
    for (i, arm) in arms.iter().enumerate() {
        let people: Vec<&Person> =
            set.members.iter().copied().filter(|p| set::arm_of(p, by, &arms) == Some(i)).collect();
        let draft = draft.group(arm.as_deref());
        let each: Vec<(u32, Worst)> = people.iter().map(|p| (p.id, worst_of(p, id, Of::All))).collect();
        let open: Vec<u32> = each.iter().filter(|(_, w)| w.open).map(|(id, _)| *id).collect();
        let draft = draft.counted(people.len(), open.len());
        rows.push(draft.variable("participants").count("n", people.len()));
        let without = people.iter().filter(|p| records(p, id, Of::All).is_empty()).count();
        rows.push(draft.level("no_record").count("n", without));
        for grade in 0..=5u8 {
            let n = each.iter().filter(|(_, w)| !w.open && w.known == grade).count();
            let draft = draft.level(grade.to_string());
            rows.push(draft.count("n", n));
            rows.push(share(&draft, n, people.len()));
        }
        if !open.is_empty() {
            let who = listed(&open);
            let draft = draft.level("unknown").warn(Some(Text::new(
                format!("グレード不明の記録があり最悪グレードを決められない患者：{}。", who.ja),
                format!("Worst grade cannot be told because a grade is unknown: participants {}.", who.en),
            )));
            rows.push(draft.count("n", open.len()));
            rows.push(share(&draft, open.len(), people.len()));
        }
        at_least(&each, plan, "", people.len(), &draft, &mut rows);
        for (item, names) in &named {
            for name in names {
                let variable = format!("{}.{item}", plan.form);
                let of = Of::named(&variable, plan, name);
                let each: Vec<(u32, Worst)> = people.iter().map(|p| (p.id, worst_of(p, id, of))).collect();
                at_least(&each, plan, name, people.len(), &draft.variable(&variable), &mut rows);
            }
        }
    }
    rows
}

/// A participant's records for one analysis, of one term or of all.
fn records<'a>(person: &'a Person, id: &str, of: Of<'_>) -> Vec<&'a Graded> {
    person.records.get(id).into_iter().flatten().filter(|r| of.takes(r)).collect()
}

/// Shares with this grade or worse: level `>=3`, or `ulcer>=2` for a term. Somebody whose known grade reaches it
/// counts even if another grade is unknown; who may reach it or not is counted as missing.
fn at_least(each: &[(u32, Worst)], plan: &Plan, term: &str, of: usize, draft: &Draft, rows: &mut Vec<Row>) {
    for grade in &plan.at_least {
        let n = each.iter().filter(|(_, w)| w.known >= *grade).count();
        let open: Vec<u32> =
            each.iter().filter(|(_, w)| w.known < *grade && w.open).map(|(id, _)| *id).collect();
        let who = listed(&open);
        let draft = draft.level(format!("{term}>={grade}")).counted(of, open.len()).warn(
            (!open.is_empty()).then(|| {
                Text::new(
                    format!("グレード不明のため数えていない患者：{}。", who.ja),
                    format!("Not counted because a grade is unknown: participants {}.", who.en),
                )
            }),
        );
        rows.push(draft.count("n", n));
        rows.push(share(&draft, n, of));
    }
}

/// The terms or systems that were recorded: in the order of the item's codes, or sorted.
fn names(members: &[&Person], protocol: &Protocol, id: &str, plan: &Plan, item: &str) -> Vec<String> {
    let of = |r: &Graded| if item == plan.term { r.term.clone() } else { r.system.clone() };
    let seen: BTreeSet<String> =
        members.iter().filter_map(|p| p.records.get(id)).flatten().filter_map(of).collect();
    match find_item(protocol, &format!("{}.{item}", plan.form)) {
        Some(item) if !item.codes.is_empty() => {
            item.codes.keys().filter(|c| seen.contains(*c)).cloned().collect()
        }
        _ => seen.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(grade: Option<u8>, counts: Tri) -> Graded {
        Graded { term: None, system: None, grade, counts }
    }

    #[test]
    fn the_worst_grade_counts_once_and_an_unknown_grade_leaves_it_open() {
        let of = |records: &[Graded]| worst(&records.iter().collect::<Vec<_>>());
        let known = [record(Some(2), Tri::True), record(Some(3), Tri::True), record(Some(1), Tri::True)];
        assert_eq!(of(&known), Worst { known: 3, open: false });
        assert_eq!(
            of(&[record(Some(2), Tri::True), record(None, Tri::True)]),
            Worst { known: 2, open: true }
        );
        assert_eq!(
            of(&[record(Some(5), Tri::True), record(None, Tri::True)]),
            Worst { known: 5, open: false }
        );
        assert_eq!(of(&[record(Some(3), Tri::Unknown(vec![]))]), Worst { known: 0, open: true });
        // whatever the order, a doubtful record that is no worse changes nothing
        let doubtful = [record(Some(3), Tri::Unknown(vec![])), record(Some(4), Tri::True)];
        assert_eq!(of(&doubtful), Worst { known: 4, open: false });
    }
}
