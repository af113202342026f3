//! The planned analyses, one after the other.

use crate::Row;
use crate::cohort::Cohort;
use crate::draft::Draft;
use crate::{accrual, baseline, exposure, flow, grades, proportion, sensitivity, survival};
use protocol::{Analysis, Protocol, What};
use words::Text;

/// The analysis set and the allocation whose arms are compared; no set for flow and accrual.
pub(crate) fn set_and_by(what: &What) -> (&str, Option<&str>) {
    match what {
        What::Flow | What::Accrual => ("", None),
        What::Baseline(p) => (p.set.as_str(), p.by.as_deref()),
        What::Survival(p) => (p.set.as_str(), p.by.as_deref()),
        What::WorstGrade(p) => (p.set.as_str(), p.by.as_deref()),
        What::Exposure(p) => (p.set.as_str(), p.by.as_deref()),
        What::Proportion(p) => (p.set.as_str(), p.by.as_deref()),
        // The set differs by switch; the arms are those of the analysis that it is about.
        What::Sensitivity(_) => ("", None),
    }
}

/// The allocation whose arms an analysis compares.
pub(crate) fn by<'p>(protocol: &'p Protocol, what: &'p What) -> Option<&'p str> {
    match what {
        What::Sensitivity(plan) => set_and_by(&protocol.analyses.get(&plan.of)?.what).1,
        other => set_and_by(other).1,
    }
}

/// The rows of one planned analysis. `by_arm`: whether results by arm are open, otherwise why not; an analysis that
/// compares arms then gives one row that says so, and the flow ends before allocation.
pub(crate) fn one(
    cohort: &Cohort,
    protocol: &Protocol,
    id: &str,
    analysis: &Analysis,
    by_arm: &Result<(), Text>,
) -> Vec<Row> {
    let (set, _) = set_and_by(&analysis.what);
    if let (Some(_), Err(why)) = (by(protocol, &analysis.what), by_arm) {
        return vec![Draft::new(id, set, "by_arm", "refused").none("refused", why.clone())];
    }
    match &analysis.what {
        What::Flow => {
            let mut rows = flow::flow(cohort, protocol, id, by_arm.is_ok());
            if let Err(why) = by_arm {
                rows.push(Draft::new(id, "", "by_arm", "refused").none("refused", why.clone()));
            }
            rows
        }
        What::Accrual => accrual::accrual(cohort, protocol, id),
        What::Baseline(plan) => baseline::baseline(cohort, protocol, id, plan),
        What::Survival(plan) => survival::survival(cohort, protocol, id, plan),
        What::WorstGrade(plan) => grades::worst_grade(cohort, protocol, id, plan),
        What::Exposure(plan) => exposure::exposure(cohort, protocol, id, plan),
        What::Proportion(plan) => proportion::proportion(cohort, protocol, id, plan),
        What::Sensitivity(plan) => sensitivity::sensitivity(cohort, protocol, id, plan),
    }
}

#[cfg(test)]
pub(crate) fn all(cohort: &Cohort, protocol: &Protocol, by_arm: &Result<(), Text>) -> Vec<Row> {
    protocol.analyses.iter().flat_map(|(id, analysis)| one(cohort, protocol, id, analysis, by_arm)).collect()
}
