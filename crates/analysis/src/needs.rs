//! What planned analyses read of a participant: only that is gathered, and only that leads home from a number.

use crate::Row;
use protocol::{Analysis, Endpoint, Exposure, Protocol, Sensitivity, Survival, What};
use std::collections::BTreeSet;

/// Names of what is read, besides registrations, arms and withdrawals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub facts: BTreeSet<String>,
    /// Sets with their conditions.
    pub sets: BTreeSet<String>,
    /// Items by path.
    pub paths: BTreeSet<String>,
    /// Proportions, whose rules are judged.
    pub rules: BTreeSet<String>,
    /// Tables of grades, whose records are read.
    pub records: BTreeSet<String>,
}

impl Needs {
    /// What these analyses read together; an id that the protocol does not have reads nothing.
    pub(crate) fn of<'i>(protocol: &Protocol, ids: impl IntoIterator<Item = &'i str>) -> Needs {
        let mut needs = Needs::default();
        for id in ids {
            if let Some(analysis) = protocol.analyses.get(id) {
                needs.add(protocol, id, analysis);
            }
        }
        needs
    }

    /// What one analysis reads as it is planned here.
    pub(crate) fn of_planned(protocol: &Protocol, id: &str, planned: &Analysis) -> Needs {
        let mut needs = Needs::default();
        needs.add(protocol, id, planned);
        needs
    }

    fn add(&mut self, protocol: &Protocol, id: &str, analysis: &Analysis) {
        match &analysis.what {
            What::Accrual => {}
            What::Flow => {
                self.facts.extend(protocol.facts.iter().filter(|(_, f)| f.ends).map(|(id, _)| id.clone()));
                if let Some((last, _)) = protocol.steps.last() {
                    self.sets.extend(crate::flow::sets(protocol, last));
                }
                let received = protocol.allocation.values().filter_map(|a| a.received.as_ref());
                self.paths.extend(received.flat_map(|r| r.why_not.clone()));
                self.paths.extend(protocol.steps.values().filter_map(|s| s.not_reached.clone()));
            }
            What::Baseline(plan) => {
                self.sets.insert(plan.set.clone());
                self.paths.extend(plan.items.iter().cloned());
            }
            What::Survival(plan) => {
                self.sets.insert(plan.set.clone());
                self.paths.extend(plan.strata.iter().chain(&plan.subgroups).cloned());
                self.endpoint(protocol, plan);
            }
            What::WorstGrade(plan) => {
                self.sets.insert(plan.set.clone());
                self.records.insert(id.to_owned());
            }
            What::Exposure(plan) => {
                self.sets.insert(plan.set.clone());
                self.paths.extend(plan.told().map(|item| plan.path(item)));
                self.paths.extend(exposed(protocol, plan, ""));
            }
            What::Proportion(plan) => {
                self.sets.insert(plan.set.clone());
                self.rules.insert(id.to_owned());
            }
            What::Sensitivity(plan) => self.sensitivity(protocol, plan),
        }
    }

    fn sensitivity(&mut self, protocol: &Protocol, plan: &Sensitivity) {
        if let Some(base) =
            protocol.analyses.get(&plan.of).filter(|a| !matches!(a.what, What::Sensitivity(_)))
        {
            self.add(protocol, &plan.of, base);
        }
        for switch in plan.switches.values() {
            self.sets.extend(switch.set.clone());
            let events = switch.intercurrent.keys().filter_map(|e| protocol.intercurrent.get(e));
            self.facts.extend(events.map(|e| e.fact.clone()));
            for name in &switch.covariates {
                let of = if protocol.facts.contains_key(name) { &mut self.facts } else { &mut self.paths };
                of.insert(name.clone());
            }
        }
    }

    fn endpoint(&mut self, protocol: &Protocol, plan: &Survival) {
        if let Some(endpoint) = protocol.endpoints.get(&plan.endpoint) {
            self.facts.extend(facts(protocol, endpoint));
        }
    }

    /// What one row of an analysis rests on: of a table of characteristics its own item, of a curve no subgroup.
    pub(crate) fn of_row(protocol: &Protocol, row: &Row) -> Needs {
        let mut needs = Needs::of(protocol, [row.analysis.as_str()]);
        match protocol.analyses.get(&row.analysis).map(|a| &a.what) {
            Some(What::Baseline(_)) => needs.paths.retain(|path| *path == row.variable),
            Some(What::Exposure(plan)) => {
                let own = exposed(protocol, plan, &row.variable);
                needs.paths.retain(|path| *path == row.variable || own.contains(path));
            }
            Some(What::Survival(plan)) => {
                let level = row.level.as_deref().unwrap_or("");
                let item = level.split_once('=').map_or(level, |(item, _)| item);
                let strata = ["stratified log-rank", "cox"].contains(&row.method.as_str());
                needs.paths.retain(|path| {
                    strata && plan.strata.contains(path) || row.method == "cox-subgroup" && path == item
                });
            }
            // Of a switch: the analysis that it changes, and what this switch looks at besides.
            Some(What::Sensitivity(plan)) => {
                let mut own = plan.clone();
                own.switches.retain(|name, _| *name == row.variable);
                needs = Needs::default();
                needs.sensitivity(protocol, &own);
                if let Some(What::Survival(base)) = protocol.analyses.get(&plan.of).map(|a| &a.what) {
                    let covariates =
                        |path: &String| own.switches.values().any(|s| s.covariates.contains(path));
                    needs.paths.retain(|path| base.strata.contains(path) || covariates(path));
                }
                let replaced = own.switches.values().any(|s| s.set.is_some());
                needs.sets.retain(|set| !replaced || *set == row.set);
            }
            _ => {}
        }
        if row.variable == "analysis_set" {
            needs.facts.clear();
            needs.paths.clear();
            needs.rules.clear();
            needs.records.clear();
        }
        needs
    }
}

/// Items from which a number of exposure is worked out: of `duration`, of `dose_intensity`, or (empty) of both.
fn exposed(protocol: &Protocol, plan: &Exposure, of: &str) -> Vec<String> {
    let mut items: Vec<&str> = Vec::new();
    if ["", "duration"].contains(&of) {
        items.extend([plan.start.as_str(), plan.end.as_str()]);
        items.extend(plan.ongoing.as_deref());
        let dated_by = protocol.forms.get(&plan.form).map(|f| f.dated_by.as_str());
        items.extend(dated_by.filter(|_| plan.ongoing.is_some()));
    }
    if ["", "dose_intensity"].contains(&of) {
        items.extend(plan.dose.iter().flat_map(|d| [d.given.as_str(), d.planned.as_str()]));
    }
    items.into_iter().map(|item| plan.path(item)).collect()
}

/// Every fact that an endpoint looks at.
fn facts(protocol: &Protocol, endpoint: &Endpoint) -> BTreeSet<String> {
    let arms = protocol.arms.keys().map(|arm| Some(arm.as_str())).chain([None]);
    let events = arms.flat_map(|arm| endpoint.event.facts(arm));
    let others = endpoint.competing.iter().chain(&endpoint.censor_at).chain([&endpoint.censor]);
    events.chain(others).cloned().collect()
}
