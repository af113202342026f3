//! Registrations over time and by site, against the plan.

use crate::Row;
use crate::cohort::Cohort;
use crate::draft::Draft;
use crate::endpoint::days;
use jiff::civil::Date;
use protocol::Protocol;

/// All rows of an accrual analysis. A month is `2011-05`; the plan grows evenly by days from its first to its last day.
pub(crate) fn accrual(cohort: &Cohort, protocol: &Protocol, id: &str) -> Vec<Row> {
    let plan = &protocol.accrual;
    let draft = Draft::new(id, "", "registrations", "count").option("step", plan.step.as_str());
    let mut dates: Vec<(Date, &str)> =
        cohort.people.iter().filter_map(|p| Some((p.registered(&plan.step)?, p.site.as_str()))).collect();
    dates.sort_unstable();

    let first = dates.first().map_or(plan.from, |(d, _)| plan.from.min(*d)).first_of_month();
    // Actual months run to the last registration or, while accrual is planned, to the cut-off; planned ones to the plan's end.
    let open_until = cohort.cutoff.min(plan.to);
    let actual_end = dates.last().map_or(open_until, |(d, _)| open_until.max(*d));
    let end = actual_end.max(plan.to);
    let mut rows = Vec::new();
    let mut month = first;
    let mut before = 0usize;
    // A plan of centuries would be a mistake in the protocol; it must not become an endless table.
    for _ in 0..1200 {
        if month > end {
            break;
        }
        let last = month.last_of_month();
        let draft =
            draft.level(format!("{:04}-{:02}", month.year(), month.month())).time(days(plan.from, last));
        if month <= actual_end {
            let so_far = dates.partition_point(|(d, _)| *d <= last);
            rows.push(draft.count("n", so_far - before));
            rows.push(draft.count("cumulative", so_far));
            before = so_far;
        }
        if month <= plan.to {
            let length = days(plan.from, plan.to) + 1.0;
            let share =
                if length > 0.0 { ((days(plan.from, last) + 1.0) / length).clamp(0.0, 1.0) } else { 1.0 };
            let draft = draft.method("linear plan");
            rows.push(draft.stat("planned", Some(share * f64::from(plan.planned))));
        }
        let Ok(next) = last.tomorrow() else { break };
        month = next;
    }
    rows.push(draft.count("total", dates.len()));
    rows.push(draft.count("planned_total", plan.planned as usize));
    for (site, name) in &cohort.sites {
        let mine: Vec<Date> = dates.iter().filter(|(_, s)| s == site).map(|(d, _)| *d).collect();
        let draft = draft.variable("site").level(site.as_str());
        let draft = draft.option("name_ja", name.ja.as_str()).option("name_en", name.en.as_str());
        rows.push(draft.count("n", mine.len()));
    }
    rows
}
