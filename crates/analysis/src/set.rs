//! Analysis sets with named denominators: who is in, who is out and why.

use crate::Row;
use crate::cohort::{Cohort, Person, Tri, listed};
use crate::draft::Draft;
use protocol::{Protocol, Survival};
use words::Text;

/// Why somebody registered at the set's step is not in the set. Each person has one reason: the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Out {
    Cancelled,
    WithdrewData,
    Ineligible,
    WhenFalse,
    WhenUnknown,
}

impl Out {
    pub(crate) const ALL: [Out; 5] =
        [Out::Cancelled, Out::WithdrewData, Out::Ineligible, Out::WhenFalse, Out::WhenUnknown];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Out::Cancelled => "cancelled",
            Out::WithdrewData => "withdrew_data",
            Out::Ineligible => "ineligible",
            Out::WhenFalse => "when_false",
            Out::WhenUnknown => "when_unknown",
        }
    }
}

/// The members of a set, and those registered at its step who are not members.
pub(crate) struct Set<'a> {
    pub members: Vec<&'a Person>,
    pub out: Vec<(&'a Person, Out)>,
}

/// `None` if the protocol has no such set.
pub(crate) fn members<'a>(cohort: &'a Cohort, protocol: &Protocol, id: &str) -> Option<Set<'a>> {
    let set = protocol.sets.get(id)?;
    let mut found = Set { members: Vec::new(), out: Vec::new() };
    for person in &cohort.people {
        let Some(registered) = person.steps.get(&set.step) else { continue };
        let out = if registered.cancelled {
            Some(Out::Cancelled)
        } else if person.withdrew_data.is_some() {
            Some(Out::WithdrewData)
        } else if set.eligible_only && !person.ineligible.is_empty() {
            Some(Out::Ineligible)
        } else if set.when.is_some() {
            match person.sets.get(id) {
                Some(Tri::True) => None,
                Some(Tri::False) => Some(Out::WhenFalse),
                Some(Tri::Unknown(_)) | None => Some(Out::WhenUnknown),
            }
        } else {
            None
        };
        match out {
            None => found.members.push(person),
            Some(why) => found.out.push((person, why)),
        }
    }
    Some(found)
}

/// In place of a result over a set that the protocol does not have.
pub(crate) fn undefined(draft: &Draft, stat: &str) -> Row {
    draft.none(stat, Text::new("解析対象集団が定義されていません。", "There is no such analysis set."))
}

impl Set<'_> {
    /// How many are in, and how many are out for each reason. Those for whom it cannot be told are listed.
    pub(crate) fn rows(&self, draft: &Draft) -> Vec<Row> {
        self.told(&draft.variable("analysis_set").method("count"), None)
    }

    /// The same of one switch of a sensitivity analysis: under its own name, how many are in at the level `members`.
    pub(crate) fn rows_of_switch(&self, draft: &Draft) -> Vec<Row> {
        self.told(&draft.method("count"), Some("members"))
    }

    fn told(&self, draft: &Draft, members: Option<&str>) -> Vec<Row> {
        let whole = members.map_or_else(|| draft.clone(), |level| draft.level(level));
        let mut rows = vec![whole.count("n", self.members.len())];
        for why in Out::ALL {
            let ids: Vec<u32> = self.out.iter().filter(|(_, w)| *w == why).map(|(p, _)| p.id).collect();
            if ids.is_empty() {
                continue;
            }
            let warning = (why == Out::WhenUnknown).then(|| {
                let ids = listed(&ids);
                Text::new(
                    format!("解析対象かどうか判定できない患者：{}。", ids.ja),
                    format!("Membership cannot be told for participants {}.", ids.en),
                )
            });
            rows.push(draft.level(why.name()).warn(warning).count("left_out", ids.len()));
        }
        rows
    }
}

/// The arms of an allocation in the protocol's order; one nameless group when nothing is compared.
pub(crate) fn arms(protocol: &Protocol, by: Option<&str>) -> Vec<Option<String>> {
    match by.and_then(|a| protocol.allocation.get(a)) {
        Some(allocation) => {
            let mut arms: Vec<String> =
                protocol.arms.keys().filter(|a| allocation.ratio.contains_key(*a)).cloned().collect();
            arms.extend(allocation.ratio.keys().filter(|a| !protocol.arms.contains_key(*a)).cloned());
            arms.into_iter().map(Some).collect()
        }
        None => vec![None],
    }
}

/// The arms that a survival analysis compares: all, or those that it names.
pub(crate) fn compared(protocol: &Protocol, plan: &Survival) -> Vec<Option<String>> {
    let mut arms = arms(protocol, plan.by.as_deref());
    if !plan.arms.is_empty() {
        arms.retain(|arm| arm.as_ref().is_some_and(|a| plan.arms.contains(a)));
    }
    arms
}

/// Members without those of arms that are not compared, and how many these are. Somebody of another arm is not missing;
/// somebody without an arm is, and stays.
pub(crate) fn of_compared<'a>(
    members: &[&'a Person],
    plan: &Survival,
    arms: &[Option<String>],
) -> (Vec<&'a Person>, usize) {
    let by = plan.by.as_deref();
    let elsewhere = |p: &Person| {
        !plan.arms.is_empty() && by.is_some_and(|b| p.arms.contains_key(b)) && arm_of(p, by, arms).is_none()
    };
    let kept: Vec<&Person> = members.iter().copied().filter(|p| !elsewhere(p)).collect();
    let others = members.len() - kept.len();
    (kept, others)
}

/// Which of `arms` a person belongs to.
pub(crate) fn arm_of(person: &Person, by: Option<&str>, arms: &[Option<String>]) -> Option<usize> {
    match by {
        None => Some(0),
        Some(allocation) => {
            let arm = person.arms.get(allocation)?;
            arms.iter().position(|a| a.as_deref() == Some(arm))
        }
    }
}
