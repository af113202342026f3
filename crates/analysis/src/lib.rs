//! Analysis sets, endpoints and the planned analyses: from state to result rows.
//!
//! Every number comes from a public function of `stats` and stands in a [`Row`] that names its set, its method and the
//! conventions it was computed with. What cannot be estimated is a row too: without value, with the reason.
#![forbid(unsafe_code)]

mod accrual;
mod baseline;
mod cohort;
mod draft;
mod endpoint;
#[cfg(test)]
mod estimands;
mod exposure;
mod flow;
mod gather;
mod grades;
mod incidence;
#[cfg(test)]
mod made_up;
mod needs;
mod plan;
mod proportion;
mod reference;
mod row;
mod select;
mod sensitivity;
mod set;
mod survival;
mod switching;
#[cfg(test)]
mod tests;
mod trace;

pub use reference::{Agreed, Agreement, Record, Reference, ReferenceData};
pub use row::*;
pub use select::Rows;
pub use survival::{DAYS_PER_MONTH, days_of};
pub use trace::{Contribution, Origin, Part, Source, Trace, Tracer};

use cohort::Cohort;
use conduct::{Nature, View};
use needs::Needs;
use protocol::{Analysis, What};
use words::Text;

/// The name and version of the program, as results print it.
pub const ENGINE: &str = concat!("shirube ", env!("CARGO_PKG_VERSION"));

/// All planned analyses of a study as its viewer may see it. Analyses by arm that are not open to the viewer give one
/// row with the refusal. The same view gives the same rows in the same order.
pub fn analyse(view: &View<'_>) -> Results {
    let compiled = view.protocol();
    let all = &compiled.protocol.analyses;
    let cohort = gather::cohort(view, &Needs::of(&compiled.protocol, all.keys().map(String::as_str)));
    let by_arm = gather::by_arm(view);
    let rows = all.iter().flat_map(|(id, planned)| rows_of(view, &cohort, id, planned, &by_arm)).collect();
    Results {
        study: view.study().to_owned(),
        nature: match view.nature() {
            Some(Nature::Simulated) => "simulated",
            Some(Nature::Completed) => "completed",
            Some(Nature::Real) | None => "real",
        }
        .to_owned(),
        protocol_version: compiled.protocol.version.clone(),
        protocol: compiled.hash.iter().map(|b| format!("{b:02x}")).collect(),
        cutoff: cohort.cutoff,
        seq: view.head().seq,
        head: view.head().hash.to_string(),
        engine: ENGINE.to_owned(),
        imported: imported(view),
        rows,
        reference: None,
    }
}

/// The files from which the study's data come.
pub fn imported(view: &View<'_>) -> Vec<ImportedFile> {
    let told = view.imports().iter().map(|i| ImportedFile {
        name: i.name.clone(),
        file: i.file.to_string(),
        source: i.source.clone(),
        constructed: i.constructed.clone(),
    });
    told.collect()
}

/// The rows of one planned analysis; none if the protocol has no such analysis. Only what it needs is read.
pub fn analyse_one(view: &View<'_>, id: &str) -> Vec<Row> {
    let Some(planned) = view.protocol().protocol.analyses.get(id) else { return Vec::new() };
    alone(view, id, planned)
}

/// Of [`analyse_one`] what a figure of curves shows: a survival analysis without its subgroups, whose models take most of
/// the time.
pub fn analyse_curves(view: &View<'_>, id: &str) -> Vec<Row> {
    let Some(mut planned) = view.protocol().protocol.analyses.get(id).cloned() else { return Vec::new() };
    if let What::Survival(plan) = &mut planned.what {
        plan.subgroups.clear();
    }
    alone(view, id, &planned)
}

fn alone(view: &View<'_>, id: &str, planned: &Analysis) -> Vec<Row> {
    let cohort = gather::cohort(view, &Needs::of_planned(&view.protocol().protocol, id, planned));
    rows_of(view, &cohort, id, planned, &gather::by_arm(view))
}

fn rows_of(
    view: &View<'_>,
    cohort: &Cohort,
    id: &str,
    planned: &Analysis,
    by_arm: &Result<(), Text>,
) -> Vec<Row> {
    let protocol = &view.protocol().protocol;
    let mut rows = plan::one(cohort, protocol, id, planned, by_arm);
    // Part of a trial must never pass for the whole.
    if let Some(site) = view.viewer().site.as_ref().filter(|_| view.viewer().role.of_a_site()) {
        let why =
            Text::new("自施設の患者だけの集計です。", "Only the participants of your own site are counted.");
        rows.push(draft::Draft::new(id, "", "site", "scope").level(site.as_str()).none("only_site", why));
    }
    let seq = view.head().seq;
    for row in &mut rows {
        (row.cutoff, row.seq) = (cohort.cutoff, seq);
    }
    rows
}
