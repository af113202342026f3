//! Hypothetical estimands of an intercurrent event: as if it had not happened.

use crate::Row;
use crate::cohort::{Found, level};
use crate::draft::{Draft, told};
use crate::endpoint::days;
use crate::sensitivity::cannot;
use crate::survival::{Case, Work, ratio};
use jiff::civil::Date;
use protocol::{Intercurrent, Protocol};
use stats::special::{norm_quantile, norm_sf};
use stats::survival::{CoxData, NearTies, Survival, Switching, cox, rpsft, switch_weights};
use std::borrow::Cow;
use words::Text;

/// Structural failure time model (Robins and Tsiatis 1991; limits of the hazard ratio after White et al. 1999): the times
/// of the reference arm as they would have been without the treatment, against the other arm as observed. Time on the
/// treatment runs from the day of the event's fact, in both arms.
pub(crate) fn structural(
    work: &Work<'_>,
    event: &Intercurrent,
    protocol: &Protocol,
    cutoff: Date,
    rows: &mut Vec<Row>,
) {
    let Some(endpoint) = protocol.endpoints.get(&work.plan.endpoint) else { return };
    let reference = work.reference();
    let mut kept: Vec<(&Case<'_>, f64, f64)> = Vec::new();
    for case in &work.cases {
        let Some(start) = case.person.registered(&endpoint.from) else { continue };
        let on = match case.person.fact(&event.fact) {
            Found::On(day) => (case.days - days(start, *day)).clamp(0.0, case.days),
            Found::Absent => 0.0,
            Found::Within(_) | Found::Unknown(_) => continue,
        };
        kept.push((case, on, days(start, cutoff).max(case.days)));
    }
    let draft = work
        .comparison("rpsft", kept.len(), work.cases.len() - kept.len())
        .level(work.contrast())
        .option("treatment_from", event.fact.as_str());
    let time: Vec<f64> = kept.iter().map(|k| k.0.days).collect();
    let happened: Vec<bool> = kept.iter().map(|k| k.0.event).collect();
    let experimental: Vec<bool> = kept.iter().map(|k| k.0.arm != reference).collect();
    let on: Vec<f64> = kept.iter().map(|k| k.1).collect();
    let end: Vec<f64> = kept.iter().map(|k| k.2).collect();
    let data = Switching {
        time: &time,
        event: &happened,
        experimental: &experimental,
        time_on: &on,
        planned_end: Some(&end),
    };
    let fit = match rpsft(&data, work.level) {
        Ok(fit) => fit,
        Err(e) => return rows.push(cannot(&draft, "hazard_ratio", &e)),
    };
    let draft = draft
        .option("recensored", "min(C, C exp(psi)), C to the cut-off")
        .option("level", work.plan.level.normalize().to_string())
        .warn(told(&fit.warnings));
    rows.push(draft.stat("psi", Some(fit.psi)));
    rows.push(draft.stat("psi_lower", fit.lower));
    rows.push(draft.stat("psi_upper", fit.upper));
    rows.push(draft.stat("acceleration_factor", Some((-fit.psi).exp())));
    let pick = |own: f64, model: f64, e: bool| if e { own } else { model };
    let times: Vec<f64> =
        (0..kept.len()).map(|i| pick(time[i], fit.untreated_time[i], experimental[i])).collect();
    let events: Vec<bool> =
        (0..kept.len()).map(|i| if experimental[i] { happened[i] } else { fit.untreated_event[i] }).collect();
    let column: Vec<f64> = experimental.iter().map(|e| f64::from(u8::from(*e))).collect();
    let z = fit.z_intention_to_treat;
    match cox(CoxData::new(Survival::new(&times, &events), vec![Cow::Borrowed(&column)]), &work.cox_options())
    {
        Ok(found) => {
            let log = found.coefficients.first().and_then(|c| c.estimate);
            let half =
                log.filter(|_| z != 0.0).map(|b| norm_quantile(0.5 + work.level / 2.0) * (b / z).abs());
            let draft = draft
                .option("ties", "efron")
                .option("limits", "test-based: log hazard ratio over Z as randomised");
            rows.push(draft.stat("hazard_ratio", log.map(f64::exp)));
            rows.push(draft.stat("lower", log.zip(half).map(|(b, h)| (b - h).exp())));
            rows.push(draft.stat("upper", log.zip(half).map(|(b, h)| (b + h).exp())));
        }
        Err(e) => rows.push(cannot(&draft, "hazard_ratio", &e)),
    }
    let draft = draft.option("test", "log-rank as randomised");
    rows.push(draft.stat("z", Some(z)));
    rows.push(match work.plan.sided {
        protocol::Sided::One => draft.option("sided", "one").stat("p", Some(norm_sf(-z))),
        protocol::Sided::Two => draft.option("sided", "two").stat("p", Some(2.0 * norm_sf(z.abs()))),
    });
}

/// Observation ends at the event, and those who go on stand for those like them who had it (Robins and Finkelstein
/// 2000): Cox model of the event in its arms, stabilised weights, Cox model of the endpoint with robust variance.
pub(crate) fn weighted(work: &Work<'_>, event: &Intercurrent, covariates: &[String], rows: &mut Vec<Row>) {
    let Some(endpoint) = work.protocol.endpoints.get(&work.plan.endpoint) else { return };
    // A baseline item with a missing value leaves nothing to weigh by.
    let known = |c: &&Case<'_>| {
        covariates
            .iter()
            .filter(|name| work.protocol.item(name).is_some())
            .all(|path| c.person.values.get(path).and_then(level).is_some())
    };
    let cases: Vec<&Case<'_>> = work.cases.iter().filter(known).filter(|c| c.days > 0.0).collect();
    let draft: Draft = work
        .comparison("cox-ipcw", cases.len(), work.cases.len() - cases.len())
        .level(work.contrast())
        .option("covariates", covariates.join(", "))
        .option("weights", "stabilised");
    let mut cuts: Vec<f64> = cases.iter().filter(|c| c.event).map(|c| c.days).collect();
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let at_risk = |c: &Case<'_>| event.in_arm(work.arms.get(c.arm).and_then(Option::as_deref));
    let day = |c: &Case<'_>, fact: &str| -> Option<f64> {
        let start = c.person.registered(&endpoint.from)?;
        match c.person.fact(fact) {
            Found::On(d) => Some(days(start, *d)),
            Found::Within(p) => Some(days(start, p.earliest())),
            Found::Absent | Found::Unknown(_) => None,
        }
    };
    let levels: Vec<(&String, Vec<String>)> = covariates
        .iter()
        .filter(|name| work.protocol.item(name).is_some())
        .map(|path| {
            let seen: Vec<String> =
                cases.iter().filter_map(|c| c.person.values.get(path).and_then(level)).collect();
            let all = crate::baseline::ordered_levels(work.protocol, path, seen.iter().map(String::as_str));
            (path, all.into_iter().filter(|l| seen.contains(l)).skip(1).collect())
        })
        .collect();
    let facts: Vec<&String> = covariates.iter().filter(|n| work.protocol.facts.contains_key(*n)).collect();
    // One row per interval between events, for those who can have the event.
    let (mut entry, mut exit, mut id, mut switched) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let width = levels.iter().map(|(_, l)| l.len()).sum::<usize>() + facts.len();
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); width];
    for (i, case) in cases.iter().enumerate().filter(|(_, c)| at_risk(c)) {
        let ended = !case.event && !case.competing && day(case, &event.fact) == Some(case.days);
        let mut from = 0.0;
        for to in cuts.iter().copied().filter(|t| *t < case.days).chain([case.days]) {
            entry.push(from);
            exit.push(to);
            id.push(i);
            switched.push(ended && to == case.days);
            let mut at = columns.iter_mut();
            for (path, levels) in &levels {
                let value = case.person.values.get(*path).and_then(level);
                for code in levels {
                    if let Some(column) = at.next() {
                        column.push(f64::from(u8::from(value.as_ref() == Some(code))));
                    }
                }
            }
            for fact in &facts {
                if let Some(column) = at.next() {
                    column.push(f64::from(u8::from(day(case, fact).is_some_and(|d| d <= from))));
                }
            }
            from = to;
        }
    }
    let columns: Vec<Cow<'_, [f64]>> = columns.into_iter().map(Cow::Owned).collect();
    let survival = Survival::with_entry(&entry, &exit, &switched);
    let n_switched = switched.iter().filter(|s| **s).count();
    rows.push(draft.count("switched", n_switched));
    if n_switched == 0 {
        let why = Text::new(
            "中間事象がないため重みはありません（すべて1）。",
            "Nobody had the intercurrent event: all weights are 1.",
        );
        rows.push(draft.warn(Some(why)).stat("max_weight", Some(1.0)));
        return work.compare(rows);
    }
    let weights = match switch_weights(&survival, &id, &switched, columns, true, NearTies::default()) {
        Ok(weights) => weights,
        Err(e) => return rows.push(cannot(&draft, "hazard_ratio", &e)),
    };
    let draft = draft.warn(told(&weights.warnings));
    rows.push(draft.stat("max_weight", weights.weight.iter().copied().reduce(f64::max)));
    let mut happened: Vec<bool> =
        (0..id.len()).map(|r| cases.get(id[r]).is_some_and(|c| c.event && exit[r] == c.days)).collect();
    let mut weight = weights.weight;
    let reference = work.reference();
    let mut arm: Vec<f64> =
        id.iter().map(|i| f64::from(u8::from(cases.get(*i).is_some_and(|c| c.arm != reference)))).collect();
    for (i, case) in cases.iter().enumerate().filter(|(_, c)| !at_risk(c)) {
        entry.push(0.0);
        exit.push(case.days);
        id.push(i);
        happened.push(case.event);
        weight.push(1.0);
        arm.push(f64::from(u8::from(case.arm != reference)));
    }
    let mut data = CoxData::new(Survival::with_entry(&entry, &exit, &happened), vec![Cow::Owned(arm)]);
    data.weights = Some(&weight);
    data.cluster = Some(&id);
    let draft = draft
        .option("ties", "efron")
        .option("level", work.plan.level.normalize().to_string())
        .option("limits", "wald, robust by participant");
    match cox(data, &work.cox_options()) {
        Ok(fit) => ratio(&fit, 0, &draft, rows),
        Err(e) => rows.push(cannot(&draft, "hazard_ratio", &e)),
    }
}
