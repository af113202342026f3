//! A planned analysis again, with one thing decided otherwise each time: another set, another answer to an intercurrent
//! event, the worst or the best of what is not known.
//!
//! Rows carry the switch as their variable (`planned` for the analysis as it is planned) and, as options, the strategy
//! for every intercurrent event of the protocol: the estimand that the row belongs to.

use crate::Row;
use crate::cohort::{Cohort, Found, Person};
use crate::draft::{Draft, refused};
use crate::endpoint::{Ended, Observed, Untimed, days, observe};
use crate::set;
use crate::survival::{Seen, Work, any_arm, days_of};
use crate::{proportion, switching};
use protocol::{
    Endpoint, EndpointEvent, MissingCase, Protocol, Sensitivity, Strategy, Survival, Switch, What,
};
use words::Text;

/// The analysis as planned, first of the rows.
pub(crate) const PLANNED: &str = "planned";

/// Without event, somebody last seen longer before the cut-off than this counts as missing, unless said otherwise.
const LOST_AFTER_MONTHS: f64 = 12.0;

/// All rows of a sensitivity analysis.
pub(crate) fn sensitivity(cohort: &Cohort, protocol: &Protocol, id: &str, plan: &Sensitivity) -> Vec<Row> {
    let mut rows = Vec::new();
    let switches = plan.switches.iter().map(|(name, switch)| (name.as_str(), Some(switch)));
    for (name, switch) in std::iter::once((PLANNED, None)).chain(switches) {
        match protocol.analyses.get(&plan.of).map(|a| &a.what) {
            Some(What::Survival(base)) => {
                survival(cohort, protocol, id, &plan.of, base, name, switch, &mut rows);
            }
            Some(What::Proportion(base)) => {
                let base = protocol::Proportion { set: set_of(&base.set, switch).to_owned(), ..base.clone() };
                let draft =
                    labelled(Draft::new(id, &base.set, name, "clopper-pearson"), protocol, &plan.of, switch);
                let missing = switch.and_then(|s| s.missing);
                rows.extend(proportion::again(cohort, protocol, &plan.of, &base, missing, true, draft));
            }
            _ => {
                let why = Text::new("元の解析がありません。", "There is no such analysis.");
                rows.push(Draft::new(id, "", name, "count").none("n", why));
            }
        }
    }
    rows
}

fn set_of<'a>(planned: &'a str, switch: Option<&'a Switch>) -> &'a str {
    switch.and_then(|s| s.set.as_deref()).unwrap_or(planned)
}

/// The estimand by name: what every intercurrent event does, what is done with what is missing.
fn labelled(draft: Draft, protocol: &Protocol, of: &str, switch: Option<&Switch>) -> Draft {
    let mut draft = draft.option("of", of);
    for event in protocol.intercurrent.keys() {
        let strategy = strategy(switch, event);
        draft = draft.option(&format!("intercurrent:{event}"), strategy.name());
    }
    match switch.and_then(|s| Some((s, s.missing?))) {
        None => draft,
        Some((switch, case)) => {
            let case = if case == MissingCase::Worst { "worst" } else { "best" };
            let lost = switch.lost_after.map_or_else(|| "12 months".to_owned(), |d| d.to_string());
            draft.option("missing", case).option("lost_after", lost)
        }
    }
}

fn strategy(switch: Option<&Switch>, event: &str) -> Strategy {
    switch.and_then(|s| s.intercurrent.get(event)).copied().unwrap_or(Strategy::TreatmentPolicy)
}

/// What the members of the set show under a switch: the same observations that the rows are worked out from.
pub(crate) fn seen<'a>(
    cohort: &Cohort,
    protocol: &Protocol,
    base: &Survival,
    switch: Option<&Switch>,
    members: &[&'a Person],
) -> Vec<Seen<'a>> {
    let arms = set::compared(protocol, base);
    let Some(planned) = protocol.endpoints.get(&base.endpoint) else { return Vec::new() };
    let endpoints: Vec<Endpoint> =
        arms.iter().map(|arm| under(planned, protocol, switch, arm.as_deref())).collect();
    let (members, _) = set::of_compared(members, base, &arms);
    let seen = members.iter().map(|person| {
        let arm = set::arm_of(person, base.by.as_deref(), &arms);
        let name = arm.and_then(|a| arms.get(a)).and_then(Option::as_deref).or_else(|| any_arm(person));
        let endpoint = arm.and_then(|a| endpoints.get(a)).unwrap_or(planned);
        let mut time = observe(person, endpoint, name);
        if let Some((switch, case)) = switch.and_then(|s| Some((s, s.missing?))) {
            let reference = base.by.is_some() && name == base.reference.as_deref();
            let worst = (case == MissingCase::Worst) != reference;
            time = told(time, person, endpoint, switch, worst, cohort);
        }
        Seen { person, arm, time }
    });
    seen.collect()
}

/// The endpoint of one arm under a switch.
fn under(planned: &Endpoint, protocol: &Protocol, switch: Option<&Switch>, arm: Option<&str>) -> Endpoint {
    let mut endpoint = planned.clone();
    for (id, event) in protocol.intercurrent.iter().filter(|(_, e)| e.in_arm(arm)) {
        match strategy(switch, id) {
            Strategy::TreatmentPolicy | Strategy::Rpsft => {}
            Strategy::Composite => {
                let mut events = endpoint.event.facts(arm).to_vec();
                events.push(event.fact.clone());
                endpoint.event = EndpointEvent::Same(events);
            }
            Strategy::WhileOnTreatment => endpoint.competing.push(event.fact.clone()),
            Strategy::Censor | Strategy::Ipcw => endpoint.censor_at.push(event.fact.clone()),
        }
    }
    endpoint
}

/// What is not known, at its worst or at its best: a day known in part at its first or last possible day, somebody of
/// whom it cannot be told with the event on the last day known or without it to the cut-off, and so somebody who was
/// last seen long before the cut-off. An event is taken to be bad.
fn told(
    time: Result<Observed, Untimed>,
    person: &Person,
    endpoint: &Endpoint,
    switch: &Switch,
    worst: bool,
    cohort: &Cohort,
) -> Result<Observed, Untimed> {
    let start = person.registered(&endpoint.from).ok_or(Untimed::NotStarted)?;
    let open = days(start, cohort.cutoff).max(0.0);
    let last = match person.fact(&endpoint.censor) {
        Found::On(d) => days(start, *d).max(0.0),
        Found::Within(p) => days(start, p.earliest()).max(0.0),
        Found::Absent | Found::Unknown(_) => 0.0,
    };
    let event = |days| Ok(Observed { days, outcome: Ended::Event, no_follow_up: false });
    let without = || Ok(Observed { days: open, outcome: Ended::Censored, no_follow_up: open == 0.0 });
    let lost_after = switch.lost_after.map_or(LOST_AFTER_MONTHS * crate::DAYS_PER_MONTH, days_of);
    match time {
        Ok(o) if o.outcome == Ended::Censored && o.days == last && open - last > lost_after => {
            if worst {
                event(o.days)
            } else {
                without()
            }
        }
        Err(Untimed::PartialDate(fact)) => match person.fact(&fact) {
            Found::Within(p) if worst => event(days(start, p.earliest()).max(0.0)),
            Found::Within(p) => event(days(start, p.latest()).clamp(0.0, open)),
            _ => Err(Untimed::PartialDate(fact)),
        },
        Err(Untimed::Unknown(_)) if worst => event(last),
        Err(Untimed::Unknown(_)) => without(),
        other => other,
    }
}

#[allow(clippy::too_many_arguments, reason = "one row of a table of switches")]
fn survival(
    cohort: &Cohort,
    protocol: &Protocol,
    id: &str,
    of: &str,
    base: &Survival,
    name: &str,
    switch: Option<&Switch>,
    rows: &mut Vec<Row>,
) {
    let set_id = set_of(&base.set, switch);
    let draft = labelled(Draft::new(id, set_id, name, "kaplan-meier"), protocol, of, switch);
    let Some(set) = set::members(cohort, protocol, set_id) else {
        return rows.push(set::undefined(&draft, "survival"));
    };
    rows.extend(set.rows_of_switch(&draft));
    let (members, _) = set::of_compared(&set.members, base, &set::compared(protocol, base));
    let seen = seen(cohort, protocol, base, switch, &members);
    let uses = |wanted| protocol.intercurrent.keys().find(|e| strategy(switch, e) == wanted);
    let competing = protocol.endpoints.get(&base.endpoint).is_some_and(|e| !e.competing.is_empty())
        || uses(Strategy::WhileOnTreatment).is_some();
    let work = match Work::new(protocol, base, &members, seen, draft, true, rows) {
        Ok(work) => work,
        Err(row) => return rows.push(*row),
    };
    if competing {
        return crate::incidence::rows(&work, rows);
    }
    work.curves(rows);
    if base.by.is_none() {
        return;
    }
    let weighted = uses(Strategy::Ipcw).and_then(|e| protocol.intercurrent.get(e));
    let structural = uses(Strategy::Rpsft).and_then(|e| protocol.intercurrent.get(e));
    match (weighted.zip(switch), structural) {
        (Some((event, switch)), _) => switching::weighted(&work, event, &switch.covariates, rows),
        (None, Some(event)) => switching::structural(&work, event, protocol, cohort.cutoff, rows),
        (None, None) => work.compare(rows),
    }
}

/// Whether this person's observation ends with the intercurrent event that is weighed away.
pub(crate) fn switched(
    protocol: &Protocol,
    base: &Survival,
    switch: Option<&Switch>,
    placed: &crate::trace::Placed<'_>,
) -> bool {
    let from = protocol.endpoints.get(&base.endpoint).map_or("", |e| e.from.as_str());
    let mut weighed = protocol.intercurrent.iter().filter(|(id, _)| strategy(switch, id) == Strategy::Ipcw);
    let Some((start, days_seen)) = placed.person.registered(from).zip(placed.contribution.days()) else {
        return false;
    };
    matches!(placed.contribution, crate::Contribution::Censored { .. })
        && days_seen > 0.0
        && weighed.any(|(_, e)| {
            e.in_arm(placed.group.as_deref())
                && matches!(placed.person.fact(&e.fact), Found::On(d) if days(start, *d) == days_seen)
        })
}

pub(crate) fn cannot(draft: &Draft, stat: &str, e: &stats::StatsError) -> Row {
    draft.none(stat, refused(e))
}
