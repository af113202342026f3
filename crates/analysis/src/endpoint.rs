//! Endpoints: time from a step to the first of some facts, or to the end of observation.

use crate::cohort::{Found, Person};
use jiff::civil::Date;
use protocol::Endpoint;

/// A participant's observation of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Observed {
    /// Days from the step's day; the step's day itself is 0.
    pub days: f64,
    pub outcome: Ended,
    /// Nothing was known after the step's day: observation ends on day 0.
    pub no_follow_up: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Event,
    /// By the competing fact with this place in the endpoint's list.
    Competing(usize),
    Censored,
}

/// Why a participant has no time: never turned into censoring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Untimed {
    /// Not registered at the endpoint's step.
    NotStarted,
    /// The fact happened, but its day is not known well enough.
    PartialDate(String),
    /// It cannot be told whether the fact happened.
    Unknown(String),
    /// The fact is dated before the step.
    BeforeStart(String),
}

impl Untimed {
    /// As the level of the row that counts it.
    pub(crate) fn level(&self) -> String {
        match self {
            Untimed::NotStarted => "missing:not_started".to_owned(),
            Untimed::PartialDate(f) => format!("missing:partial_date:{f}"),
            Untimed::Unknown(f) => format!("missing:unknown:{f}"),
            Untimed::BeforeStart(f) => format!("missing:before_start:{f}"),
        }
    }
}

/// The earliest of some facts, when the known dates settle it.
fn first(person: &Person, facts: &[String], start: Date) -> Result<Option<(Date, usize)>, Untimed> {
    let mut best: Option<(Date, usize)> = None;
    for (i, fact) in facts.iter().enumerate() {
        if let Found::On(day) = person.fact(fact) {
            if *day < start {
                return Err(Untimed::BeforeStart(fact.clone()));
            }
            if best.is_none_or(|(d, _)| *day < d) {
                best = Some((*day, i));
            }
        }
    }
    for fact in facts {
        match person.fact(fact) {
            // A partly known day that lies wholly after the first known fact changes nothing.
            Found::Within(p) if best.is_some_and(|(d, _)| d <= p.earliest()) => {}
            Found::Within(_) => return Err(Untimed::PartialDate(fact.clone())),
            Found::Unknown(_) => return Err(Untimed::Unknown(fact.clone())),
            Found::On(_) | Found::Absent => {}
        }
    }
    Ok(best)
}

/// Observes `endpoint` in one participant of `arm`.
///
/// On one day an event comes before a competing fact, and both before the end of observation. An event after the last
/// day known alive still counts. Without event the last certain day ends observation: of a partly known day the first
/// day that it can be.
pub(crate) fn observe(person: &Person, endpoint: &Endpoint, arm: Option<&str>) -> Result<Observed, Untimed> {
    let start = person.registered(&endpoint.from).ok_or(Untimed::NotStarted)?;
    let event = first(person, endpoint.event.facts(arm), start)?;
    let competing = first(person, &endpoint.competing, start)?;
    let stop = first(person, &endpoint.censor_at, start)?.map(|(d, _)| d);
    let end = match (event, competing) {
        (Some((e, _)), Some((c, _))) if e <= c => Some((e, Ended::Event)),
        (_, Some((c, i))) => Some((c, Ended::Competing(i))),
        (Some((e, _)), None) => Some((e, Ended::Event)),
        (None, None) => None,
    };
    let (day, outcome) = match (end, stop) {
        (Some((day, outcome)), stop) if stop.is_none_or(|s| day <= s) => (day, outcome),
        (_, Some(stop)) => (stop, Ended::Censored),
        (_, None) => {
            let last = match person.fact(&endpoint.censor) {
                Found::On(d) => *d,
                Found::Within(p) => p.earliest(),
                Found::Absent => start,
                Found::Unknown(_) => return Err(Untimed::Unknown(endpoint.censor.clone())),
            };
            let last = last.max(start);
            return Ok(Observed {
                days: days(start, last),
                outcome: Ended::Censored,
                no_follow_up: last == start,
            });
        }
    };
    Ok(Observed { days: days(start, day), outcome, no_follow_up: false })
}

/// Whole days between two civil days.
pub(crate) fn days(from: Date, to: Date) -> f64 {
    f64::from((to - from).get_days())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cohort::Registered;
    use jiff::civil::date;
    use protocol::EndpointEvent;

    fn pfs() -> Endpoint {
        Endpoint {
            ja: "無増悪生存".into(),
            en: "Progression-free survival".into(),
            from: "reg".into(),
            event: EndpointEvent::Same(vec!["progression".into(), "death".into()]),
            competing: vec![],
            censor: "alive".into(),
            censor_at: vec![],
        }
    }

    fn person(facts: &[(&str, Found)]) -> Person {
        let mut p = Person::default();
        p.steps.insert("reg".into(), Registered { on: date(2024, 1, 31), cancelled: false });
        p.facts = facts.iter().map(|(f, v)| ((*f).to_owned(), v.clone())).collect();
        p
    }

    #[test]
    fn time_runs_in_days_from_the_step_to_the_first_event() {
        let p = person(&[
            ("progression", Found::On(date(2024, 3, 1))),
            ("death", Found::On(date(2024, 6, 1))),
            ("alive", Found::On(date(2024, 6, 1))),
        ]);
        let o = observe(&p, &pfs(), None).unwrap();
        assert_eq!((o.days, o.outcome), (30.0, Ended::Event)); // 2024 has a 29 February
    }

    #[test]
    fn without_event_observation_ends_on_the_last_day_known() {
        let o = observe(&person(&[("alive", Found::On(date(2025, 1, 31)))]), &pfs(), None).unwrap();
        assert_eq!((o.days, o.outcome, o.no_follow_up), (366.0, Ended::Censored, false));
        let o = observe(&person(&[]), &pfs(), None).unwrap();
        assert_eq!((o.days, o.outcome, o.no_follow_up), (0.0, Ended::Censored, true));
    }

    #[test]
    fn an_event_of_unknown_day_is_missing_and_never_censored() {
        let p = person(&[
            ("death", Found::Within("2024-05-UK".parse().unwrap())),
            ("alive", Found::On(date(2024, 4, 1))),
        ]);
        assert_eq!(observe(&p, &pfs(), None), Err(Untimed::PartialDate("death".into())));
        let p = person(&[("death", Found::Unknown(vec!["follow_up.status".into()]))]);
        assert_eq!(observe(&p, &pfs(), None), Err(Untimed::Unknown("death".into())));
    }

    #[test]
    fn an_unknown_later_day_does_not_hide_a_known_earlier_event() {
        let p = person(&[
            ("progression", Found::On(date(2024, 3, 1))),
            ("death", Found::Within("2024-05-UK".parse().unwrap())),
        ]);
        assert_eq!(observe(&p, &pfs(), None).unwrap().days, 30.0);
        // but an unknown day that may lie before it does
        let p = person(&[
            ("progression", Found::On(date(2024, 5, 20))),
            ("death", Found::Within("2024-05-UK".parse().unwrap())),
        ]);
        assert_eq!(observe(&p, &pfs(), None), Err(Untimed::PartialDate("death".into())));
    }

    #[test]
    fn an_event_before_the_step_is_a_mistake_to_be_listed() {
        let p = person(&[("death", Found::On(date(2024, 1, 30)))]);
        assert_eq!(observe(&p, &pfs(), None), Err(Untimed::BeforeStart("death".into())));
        assert_eq!(observe(&Person::default(), &pfs(), None), Err(Untimed::NotStarted));
    }

    #[test]
    fn on_one_day_the_event_comes_before_the_competing_fact_and_before_the_end_of_observation() {
        let mut e = pfs();
        e.event = EndpointEvent::Same(vec!["relapse".into()]);
        e.competing = vec!["death".into()];
        e.censor_at = vec!["switch".into()];
        let on = |d| Found::On(date(2024, d, 1));
        let p = person(&[("relapse", on(5)), ("death", on(5)), ("switch", on(5))]);
        assert_eq!(observe(&p, &e, None).unwrap().outcome, Ended::Event);
        let p = person(&[("relapse", on(6)), ("death", on(5)), ("switch", on(5))]);
        assert_eq!(observe(&p, &e, None).unwrap().outcome, Ended::Competing(0));
        let p = person(&[("relapse", on(6)), ("death", on(6)), ("switch", on(5))]);
        assert_eq!(observe(&p, &e, None).unwrap().outcome, Ended::Censored);
    }

    #[test]
    fn what_counts_as_event_may_differ_by_arm() {
        let mut e = pfs();
        e.event = EndpointEvent::ByArm([("B".to_owned(), vec!["relapse".to_owned()])].into_iter().collect());
        let p = person(&[("relapse", Found::On(date(2024, 5, 1))), ("alive", Found::On(date(2024, 6, 1)))]);
        assert_eq!(observe(&p, &e, Some("B")).unwrap().outcome, Ended::Event);
        assert_eq!(observe(&p, &e, Some("A")).unwrap().outcome, Ended::Censored);
    }
}
