//! Endpoints with competing facts: cumulative incidence (Aalen and Johansen 1978) and Gray's test.

use super::survival::{Case, Work, limit_of, ticks};
use crate::Row;
use crate::draft::{Draft, refused};
use protocol::Sided;
use stats::survival::{
    Competing, CumulativeIncidence, CumulativeIncidenceOptions, IncidenceAt, NearTies, cumulative_incidence,
    gray,
};
use words::Text;

/// The event is cause 1; all competing facts together are cause 2.
const EVENT: usize = 1;

pub(crate) fn rows(work: &Work<'_>, rows: &mut Vec<Row>) {
    let time: Vec<f64> = work.cases.iter().map(|c| c.days).collect();
    let cause: Vec<u32> = work.cases.iter().map(cause).collect();
    let arm: Vec<usize> = work.cases.iter().map(|c| c.arm).collect();
    let data = Competing { time: &time, cause: &cause };
    let options =
        CumulativeIncidenceOptions { conf_level: work.level, ..CumulativeIncidenceOptions::default() };
    let draft = work
        .draft
        .method("aalen-johansen")
        .option("level", work.plan.level.normalize().to_string())
        .option("conf_type", options.conf_type.name())
        .option("unit", "day");
    let curves = match cumulative_incidence(&data, &arm, work.arms.len(), 2, &options) {
        Ok(curves) => curves,
        Err(e) => return rows.push(draft.none("incidence", refused(&e))),
    };
    let ticks = ticks(time.iter().copied().fold(0.0, f64::max));
    for (i, (curve, name)) in curves.iter().zip(&work.arms).enumerate() {
        let mine: Vec<&Case<'_>> = work.cases.iter().filter(|c| c.arm == i).collect();
        let missing = work.left_out.get(i).copied().unwrap_or(0);
        let draft = draft.group(name.as_deref()).counted(mine.len(), missing);
        rows.push(draft.count("n", mine.len()));
        if mine.is_empty() {
            let why =
                Text::new("この群に解析対象の患者がいません。", "There are no participants in this arm.");
            rows.push(draft.none("incidence", why));
            continue;
        }
        counts(&mine, |_| true, &draft, rows);
        for at in &work.plan.at {
            let days = crate::days_of(*at);
            let draft = draft
                .level(at.to_string())
                .time(days)
                .option("days_per_month", crate::DAYS_PER_MONTH.to_string());
            for found in curve.at(&[days]) {
                let beyond = found.carried_on.then(|| {
                    Text::new(
                        "最後の観察時点より後のため、最後の値を延長しています。",
                        "After the last observation: the last value is carried on.",
                    )
                });
                let draft = draft.warn(beyond);
                estimate(&found, &draft, rows);
                rows.push(draft.stat("std_err", found.std_err.get(EVENT).copied()));
                rows.push(draft.stat("at_risk", Some(found.n_risk)));
            }
        }
        if work.brief {
            continue;
        }
        whole_curve(curve, &mine, &draft.level("curve"), rows);
        for &t in &ticks {
            let draft = draft.level("table").time(t);
            rows.push(draft.count("at_risk", mine.iter().filter(|c| c.days >= t).count()));
            counts(&mine, |c| c.days < t, &draft, rows);
        }
    }
    if work.arms.len() > 1 {
        test(work, &data, &arm, rows);
    }
}

fn cause(case: &Case<'_>) -> u32 {
    match (case.event, case.competing) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    }
}

fn counts(cases: &[&Case<'_>], when: impl Fn(&Case<'_>) -> bool, draft: &Draft, rows: &mut Vec<Row>) {
    for (stat, code) in [("events", 1), ("competing", 2), ("censored", 0)] {
        rows.push(draft.count(stat, cases.iter().filter(|c| when(c) && cause(c) == code).count()));
    }
}

fn estimate(at: &IncidenceAt, draft: &Draft, rows: &mut Vec<Row>) {
    let p = at.probability.get(EVENT).copied();
    rows.push(draft.stat("incidence", p));
    for (stat, limits) in [("lower", &at.lower), ("upper", &at.upper)] {
        let value = limits.get(EVENT).copied().flatten();
        rows.push(limit_of(draft, stat, value, p == Some(0.0), 0.0));
    }
}

fn whole_curve(curve: &CumulativeIncidence, mine: &[&Case<'_>], draft: &Draft, rows: &mut Vec<Row>) {
    let mut times = curve.time.clone();
    if times.first().is_none_or(|t| *t > 0.0) {
        times.insert(0, 0.0);
    }
    for found in curve.at(&times) {
        let draft = draft.time(found.time);
        rows.push(draft.stat("at_risk", Some(found.n_risk)));
        counts(mine, |c| c.days == found.time, &draft, rows);
        estimate(&found, &draft, rows);
    }
}

fn test(work: &Work<'_>, data: &Competing<'_>, arm: &[usize], rows: &mut Vec<Row>) {
    let draft = work.draft.method("gray").level("all").option("sided", "two").option("rho", "0");
    let draft = draft.warn((work.plan.sided == Sided::One).then(|| {
        Text::new(
            "Gray検定のp値は両側です（計画は片側）。",
            "The p-value of Gray's test is two-sided (one-sided was planned).",
        )
    }));
    let draft = draft.warn(
        (!work.plan.strata.is_empty())
            .then(|| Text::new("Gray検定は層別していません。", "Gray's test is not stratified here.")),
    );
    match gray(data, arm, work.arms.len(), None, 1, 0.0, NearTies::default()) {
        Ok(found) => {
            let draft = draft.option("df", found.test.df.to_string());
            rows.push(draft.stat("chi_square", Some(found.test.chi_square)));
            rows.push(draft.stat("p", Some(found.test.p)));
        }
        Err(e) => rows.push(draft.none("p", refused(&e))),
    }
}
