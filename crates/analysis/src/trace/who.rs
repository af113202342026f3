//! Who stands behind a row: the same sets, observations and answers that made it, looked at person by person.

use super::Contribution;
use crate::Row;
use crate::cohort::{Cohort, Person, level};
use crate::endpoint::Ended;
use crate::grades::{self, Worst};
use crate::set;
use crate::survival::{Seen, observe_all};
use protocol::{
    Analysis, Exposure, MissingCase, Proportion, Protocol, Sensitivity, Survival, What, WorstGrade,
};
use words::Text;

pub(crate) struct Placed<'a> {
    pub person: &'a Person,
    pub group: Option<String>,
    pub contribution: Contribution,
}

impl<'a> Placed<'a> {
    fn new(person: &'a Person, group: Option<&str>, contribution: Contribution) -> Placed<'a> {
        Placed { person, group: group.map(str::to_owned), contribution }
    }
}

/// Statistics that count participants.
const COUNTS: [&str; 11] = [
    "switched",
    "n",
    "events",
    "censored",
    "competing",
    "at_risk",
    "observed",
    "missing",
    "left_out",
    "denominator",
    "cumulative",
];

/// Whether the row is a count of participants, and who they are; or everybody who entered.
pub(crate) fn behind<'a>(
    cohort: &'a Cohort,
    protocol: &Protocol,
    by_arm: &Result<(), Text>,
    row: &Row,
) -> (bool, Vec<Placed<'a>>) {
    let counts = COUNTS.contains(&row.stat.as_str()) || row.stat == "total";
    let nothing = (counts, Vec::new());
    let Some(analysis) = protocol.analyses.get(&row.analysis) else { return nothing };
    let by = crate::plan::by(protocol, &analysis.what);
    if row.method == "refused" || row.method == "scope" || by.is_some() && by_arm.is_err() {
        return nothing;
    }
    if row.variable == "analysis_set" {
        return (counts, in_set(cohort, protocol, &row.set, row));
    }
    let placed = match &analysis.what {
        What::Flow => flow(cohort, protocol, by_arm.is_ok(), row),
        What::Accrual => accrual(cohort, protocol, row),
        What::Baseline(plan) => baseline(cohort, protocol, &plan.set, plan.by.as_deref(), row),
        What::Exposure(plan) => exposure(cohort, protocol, plan, row),
        What::Survival(plan) => survival(cohort, protocol, plan, row),
        What::WorstGrade(plan) => worst_grade(cohort, protocol, analysis, plan, row),
        What::Proportion(plan) => proportion(cohort, protocol, plan, &row.analysis, None, row),
        What::Sensitivity(plan) => sensitivity(cohort, protocol, plan, row),
    };
    (counts, placed)
}

/// The cohort with one participant only: behind a row stand they, or nobody, as in the whole.
pub(crate) fn alone(cohort: &Cohort, id: u32) -> Cohort {
    let people = cohort.people.iter().filter(|p| p.id == id).cloned().collect();
    Cohort { cutoff: cohort.cutoff, sites: cohort.sites.clone(), people }
}

/// `n` of a set, or those left out for one reason.
fn in_set<'a>(cohort: &'a Cohort, protocol: &Protocol, id: &str, row: &Row) -> Vec<Placed<'a>> {
    let Some(set) = set::members(cohort, protocol, id) else { return Vec::new() };
    match &row.level {
        None => set.members.into_iter().map(|p| Placed::new(p, None, Contribution::Counted)).collect(),
        Some(why) => {
            let out = set.out.into_iter().filter(|(_, w)| w.name() == why);
            out.map(|(p, w)| Placed::new(p, None, Contribution::LeftOut(w.name().to_owned()))).collect()
        }
    }
}

fn flow<'a>(cohort: &'a Cohort, protocol: &Protocol, by_arm: bool, row: &Row) -> Vec<Placed<'a>> {
    let boxes = crate::flow::boxes(cohort, protocol, by_arm);
    let mine = boxes
        .into_iter()
        .find(|b| b.variable == row.variable && b.group == row.group && Some(&b.level) == row.level.as_ref());
    let people = mine.map(|b| b.people).unwrap_or_default();
    people.into_iter().map(|p| Placed::new(p, row.group.as_deref(), Contribution::Counted)).collect()
}

fn accrual<'a>(cohort: &'a Cohort, protocol: &Protocol, row: &Row) -> Vec<Placed<'a>> {
    if row.stat.starts_with("planned") {
        return Vec::new();
    }
    let level = row.level.as_deref();
    let month = |d: jiff::civil::Date| format!("{:04}-{:02}", d.year(), d.month());
    let counted = cohort.people.iter().filter(|p| {
        let Some(on) = p.registered(&protocol.accrual.step) else { return false };
        match (row.variable.as_str(), row.stat.as_str(), level) {
            ("site", _, Some(site)) => p.site == site,
            (_, "cumulative", Some(until)) => month(on).as_str() <= until,
            (_, "n", Some(this)) => month(on) == this,
            (_, "total", None) => true,
            _ => false,
        }
    });
    counted.map(|p| Placed::new(p, None, Contribution::Counted)).collect()
}

/// Members of a set with their arm; those of the row's group, where it names one.
fn grouped<'a>(
    cohort: &'a Cohort,
    protocol: &Protocol,
    set: &str,
    by: Option<&str>,
    row: &Row,
) -> Vec<(&'a Person, Option<String>)> {
    let arms = set::arms(protocol, by);
    let members = set::members(cohort, protocol, set).map(|s| s.members).unwrap_or_default();
    let with_arm = members.into_iter().map(|p| {
        let arm = set::arm_of(p, by, &arms).and_then(|i| arms.get(i).cloned()).flatten();
        (p, arm)
    });
    with_arm.filter(|(_, arm)| row.group.is_none() || *arm == row.group).collect()
}

/// Exposure: numbers that are worked out for each participant; items as characteristics.
fn exposure<'a>(cohort: &'a Cohort, protocol: &Protocol, plan: &Exposure, row: &Row) -> Vec<Placed<'a>> {
    use crate::exposure::{Told, duration, goes_on, intensity};
    let by = plan.by.as_deref();
    if row.level.as_deref() == Some("not_collected") {
        return Vec::new();
    }
    let of: &dyn Fn(&Person) -> Told = match row.variable.as_str() {
        "duration" => &|p| duration(p, protocol, plan),
        "dose_intensity" => &|p| intensity(p, plan),
        _ => return baseline(cohort, protocol, &plan.set, by, row),
    };
    let level = row.level.as_deref();
    let placed = grouped(cohort, protocol, &plan.set, by, row).into_iter().filter_map(|(p, group)| {
        let told = of(p);
        let here = match (level, &told) {
            (None, Told::Number(x)) => {
                return Some(Placed { person: p, group, contribution: Contribution::Value(x.to_string()) });
            }
            (None, _) => false,
            (Some("ongoing"), _) => goes_on(p, plan),
            (Some(kind), Told::Missing(m)) => kind == format!("missing:{m}"),
            (Some(kind), Told::Contradicted) => kind == "missing:contradicted",
            (Some(_), Told::Number(_)) => false,
        };
        let contribution = match (here, row.stat == "n", level) {
            (true, ..) => Contribution::Counted,
            (false, true, _) => return None,
            (false, false, Some(_)) => Contribution::Otherwise,
            (false, false, None) => Contribution::LeftOut(match told {
                Told::Missing(m) => format!("missing:{m}"),
                _ => "missing:contradicted".to_owned(),
            }),
        };
        Some(Placed { person: p, group, contribution })
    });
    placed.collect()
}

fn baseline<'a>(
    cohort: &'a Cohort,
    protocol: &Protocol,
    set: &str,
    by: Option<&str>,
    row: &Row,
) -> Vec<Placed<'a>> {
    let people = grouped(cohort, protocol, set, by, row);
    let placed = people.into_iter().filter_map(|(p, arm)| {
        let value = p.values.get(&row.variable);
        let known = value.and_then(level);
        let missing = value.map_or(Some(rules::Missing::NotYetKnown), rules::Value::missing);
        let contribution = match row.level.as_deref() {
            _ if row.variable == "participants" => Contribution::Counted,
            Some(code) => {
                let here = match code.strip_prefix("missing:") {
                    Some(kind) => missing.is_some_and(|m| m.to_string() == kind),
                    None => known.as_deref() == Some(code),
                };
                match (here, row.stat == "n") {
                    (true, _) => Contribution::Counted,
                    (false, true) => return None,
                    (false, false) => Contribution::Otherwise,
                }
            }
            None => match (known, missing, row.stat == "n") {
                (Some(v), _, _) => Contribution::Value(v),
                (None, _, true) => return None,
                (None, m, false) => {
                    Contribution::LeftOut(m.map_or_else(String::new, |m| format!("missing:{m}")))
                }
            },
        };
        Some(Placed { person: p, group: arm, contribution })
    });
    placed.collect()
}

fn worst_grade<'a>(
    cohort: &'a Cohort,
    protocol: &Protocol,
    analysis: &Analysis,
    plan: &WorstGrade,
    row: &Row,
) -> Vec<Placed<'a>> {
    let Some(id) = protocol.analyses.iter().find(|(_, a)| std::ptr::eq(*a, analysis)).map(|(id, _)| id)
    else {
        return Vec::new();
    };
    let level = row.level.as_deref().unwrap_or("");
    // `>=2`, `ulcer>=2`, `3`, `no_record`, `unknown`
    let limit = level.split_once(">=").map(|(name, grade)| (name, grade.parse::<u8>().unwrap_or(u8::MAX)));
    let people = grouped(cohort, protocol, &plan.set, plan.by.as_deref(), row);
    let placed = people.into_iter().filter_map(|(p, arm)| {
        let name = limit.map_or("", |(name, _)| name);
        let of = grades::Of::named(&row.variable, plan, name);
        let Worst { known, open } = grades::worst_of(p, id, of);
        let counted = match (limit, level) {
            (Some((_, grade)), _) => known >= grade,
            (None, "") => row.variable == "participants",
            (None, "no_record") => p.records.get(id).is_none_or(Vec::is_empty),
            (None, "unknown") => open,
            (None, grade) => !open && grade.parse() == Ok(known),
        };
        let contribution = match (counted, row.stat == "n") {
            (true, _) => Contribution::Counted,
            (false, true) => return None,
            (false, false) => Contribution::Otherwise,
        };
        Some(Placed { person: p, group: arm, contribution })
    });
    placed.collect()
}

fn proportion<'a>(
    cohort: &'a Cohort,
    protocol: &Protocol,
    plan: &Proportion,
    of: &str,
    missing: Option<MissingCase>,
    row: &Row,
) -> Vec<Placed<'a>> {
    let by = plan.by.as_deref();
    let arms = set::arms(protocol, by);
    let people = grouped(cohort, protocol, &row.set, by, row);
    let placed = people.into_iter().filter_map(|(p, arm)| {
        let taken = set::arm_of(p, by, &arms).and_then(|i| crate::proportion::takes(missing, by, i));
        let contribution = match (crate::proportion::answer(p, of, taken), row.stat.as_str()) {
            (Some(true), _) => Contribution::Counted,
            (_, "n") | (None, "denominator") => return None,
            (Some(false), _) => Contribution::Otherwise,
            (None, _) => Contribution::LeftOut("missing:cannot_tell".to_owned()),
        };
        Some(Placed { person: p, group: arm, contribution })
    });
    placed.collect()
}

fn sensitivity<'a>(
    cohort: &'a Cohort,
    protocol: &Protocol,
    plan: &Sensitivity,
    row: &Row,
) -> Vec<Placed<'a>> {
    let switch = plan.switches.get(&row.variable);
    let level = row.level.as_deref();
    if row.method == "count" && (level == Some("members") || row.stat == "left_out") {
        let whole = Row { level: row.level.clone().filter(|_| row.stat == "left_out"), ..row.clone() };
        return in_set(cohort, protocol, &row.set, &whole);
    }
    match protocol.analyses.get(&plan.of).map(|a| &a.what) {
        Some(What::Proportion(base)) => {
            proportion(cohort, protocol, base, &plan.of, switch.and_then(|s| s.missing), row)
        }
        Some(What::Survival(base)) => {
            let members = set::members(cohort, protocol, &row.set).map(|s| s.members).unwrap_or_default();
            let seen = crate::sensitivity::seen(cohort, protocol, base, switch, &members);
            let mut placed = placed(seen, &set::compared(protocol, base), base, row);
            if row.stat == "switched" {
                placed.retain(|p| crate::sensitivity::switched(protocol, base, switch, p));
            }
            placed
        }
        _ => Vec::new(),
    }
}

fn survival<'a>(cohort: &'a Cohort, protocol: &Protocol, plan: &Survival, row: &Row) -> Vec<Placed<'a>> {
    let Some(endpoint) = protocol.endpoints.get(&plan.endpoint) else { return Vec::new() };
    let members = set::members(cohort, protocol, &plan.set).map(|s| s.members).unwrap_or_default();
    let arms = set::compared(protocol, plan);
    let (members, _) = set::of_compared(&members, plan, &arms);
    let all = observe_all(&members, endpoint, plan.by.as_deref(), &arms);
    placed(all, &arms, plan, row)
}

/// Those of some observations whom a row of a survival analysis is about.
pub(crate) fn placed<'a>(
    all: Vec<Seen<'a>>,
    arms: &[Option<String>],
    plan: &Survival,
    row: &Row,
) -> Vec<Placed<'a>> {
    let level_name = row.level.as_deref().unwrap_or("");
    let subgroup =
        (row.method == "cox-subgroup").then(|| level_name.split_once('=').unwrap_or((level_name, "")));
    let strata = ["stratified log-rank", "cox"].contains(&row.method.as_str());
    let placed = all.into_iter().filter_map(|seen| {
        let arm = seen.arm.and_then(|a| arms.get(a)).and_then(Option::as_deref);
        let make = |contribution| Some(Placed::new(seen.person, arm, contribution));
        // The events expected in one arm follow from the times of all.
        if row.group.is_some() && row.group.as_deref() != arm && row.stat != "expected" {
            return None;
        }
        if row.method == "count" {
            return match (row.stat.as_str(), &seen.time) {
                ("n", Ok(o)) if o.no_follow_up && level_name == "no_follow_up" => make(outcome(&seen)?),
                ("missing", _) if seen.left_out().as_deref() == Some(level_name) => make(outcome(&seen)?),
                _ => None,
            };
        }
        let mut contribution = outcome(&seen)?;
        if let Some((item, code)) = subgroup {
            let known = seen.person.values.get(item).and_then(level);
            match known {
                None if code.is_empty() => contribution = Contribution::LeftOut(format!("missing:{item}")),
                Some(known) if code.is_empty() || known == code => {}
                _ => return None,
            }
        }
        let unknown = |path: &&String| seen.person.values.get(*path).and_then(level).is_none();
        if let Some(path) = plan.strata.iter().find(unknown).filter(|_| strata) {
            contribution = Contribution::LeftOut(format!("missing:{path}"));
        }
        counted(row, &contribution).then(|| make(contribution)).flatten()
    });
    placed.collect()
}

/// Whether somebody with this contribution is counted in the row; in an estimate everybody is.
fn counted(row: &Row, contribution: &Contribution) -> bool {
    let days = contribution.days();
    let at = row.time.unwrap_or(f64::INFINITY);
    // A step of the curve tells of its day, the table under it of the days before.
    let here = |d: f64| match row.level.as_deref() {
        Some("curve") => d == at,
        Some("table") => d < at,
        _ => true,
    };
    let within = days.is_some_and(here);
    match row.stat.as_str() {
        "n" => days.is_some(),
        "at_risk" => days.is_some_and(|d| d >= at),
        "events" | "observed" => within && matches!(contribution, Contribution::Event { .. }),
        "competing" => within && matches!(contribution, Contribution::Competing { .. }),
        "censored" => within && matches!(contribution, Contribution::Censored { .. }),
        _ => true,
    }
}

fn outcome(seen: &Seen<'_>) -> Option<Contribution> {
    if let Some(why) = seen.left_out() {
        return Some(Contribution::LeftOut(why));
    }
    let o = seen.time.as_ref().ok()?;
    Some(match o.outcome {
        Ended::Event => Contribution::Event { days: o.days },
        Ended::Competing(_) => Contribution::Competing { days: o.days },
        Ended::Censored => Contribution::Censored { days: o.days },
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::made_up;
    use jiff::civil::date;
    use std::collections::BTreeSet;

    fn cohort(people: Vec<Person>) -> Cohort {
        let sites = (1..=5).map(|i| (format!("S{i}"), Text::same(format!("Hospital {i}")))).collect();
        Cohort { cutoff: date(2019, 1, 31), sites, people }
    }

    /// Leads every row home; how many counts and how many estimates there were.
    pub(crate) fn led_home(cohort: &Cohort, protocol: &Protocol, rows: &[Row]) -> (usize, usize) {
        let (mut led, mut estimates) = (0, 0);
        for row in rows {
            let (counts, placed) = behind(cohort, protocol, &Ok(()), row);
            let who: BTreeSet<u32> = placed.iter().map(|p| p.person.id).collect();
            assert_eq!(who.len(), placed.len(), "somebody twice behind {}", row.key());
            if counts {
                assert_eq!(Some(placed.len() as f64), row.value, "{}", row.key());
                led += 1;
            } else if let (Some(n), Some(_)) = (row.n, row.value) {
                let entered = placed.iter().filter(|p| !matches!(p.contribution, Contribution::LeftOut(_)));
                // The shares of a table of characteristics are of everybody, missing values included.
                let missing =
                    if row.analysis == "baseline" && row.stat == "share" { row.missing } else { None };
                assert_eq!(entered.count(), (n + missing.unwrap_or(0)) as usize, "{}", row.key());
                estimates += 1;
            }
        }
        (led, estimates)
    }

    #[test]
    fn every_count_is_led_home_to_exactly_as_many_participants_as_it_counts() {
        let (protocol, cohort) = (made_up::protocol(), cohort(made_up::people()));
        let rows = crate::plan::all(&cohort, &protocol, &Ok(()));
        let (counts, estimates) = led_home(&cohort, &protocol, &rows);
        assert!(counts > 500 && estimates > 400, "{counts} counts, {estimates} estimates");
    }

    #[test]
    fn somebody_stands_behind_the_same_rows_alone_as_among_all() {
        let (protocol, cohort) = (made_up::protocol(), cohort(made_up::people()));
        let rows = crate::plan::all(&cohort, &protocol, &Ok(()));
        for id in [1, 7, 20, 33, 64, 101, 130] {
            let alone = alone(&cohort, id);
            assert_eq!(alone.people.len(), 1);
            let mut found = 0;
            for row in &rows {
                let of = |cohort: &Cohort| {
                    let (_, placed) = behind(cohort, &protocol, &Ok(()), row);
                    placed.into_iter().find(|p| p.person.id == id).map(|p| (p.group, p.contribution))
                };
                let whole = of(&cohort);
                assert_eq!(of(&alone), whole, "{id} behind {}", row.key());
                found += usize::from(whole.is_some());
            }
            assert!(found > 0, "{id}");
        }
    }

    #[test]
    fn each_row_of_a_run_has_an_address_of_its_own() {
        let rows = crate::plan::all(&cohort(made_up::people()), &made_up::protocol(), &Ok(()));
        let keys: BTreeSet<String> = rows.iter().map(Row::key).collect();
        assert_eq!(keys.len(), rows.len());
    }

    #[test]
    fn behind_rows_that_are_not_open_stands_nobody() {
        let (protocol, cohort) = (made_up::protocol(), cohort(made_up::people()));
        let closed = Err(Text::new("未開示。", "Not open."));
        for row in crate::plan::all(&cohort, &protocol, &Ok(())) {
            let by = protocol.analyses.get(&row.analysis).and_then(|a| crate::plan::set_and_by(&a.what).1);
            let below = ["allocated", "not_allocated", "follow_up", "analysed", "not_analysed"];
            if by.is_some() || row.analysis == "flow" && below.contains(&row.variable.as_str()) {
                assert!(behind(&cohort, &protocol, &closed, &row).1.is_empty(), "{}", row.key());
            }
        }
    }
}
