//! Virtual participants: who they are and when they come, before the trial begins.

use crate::draw::Stream;
use crate::generate::{Drawn, GenerateError, Sight, draw, later};
use crate::plan::{AccrualPlan, Plan};
use crate::run::SimulationError;
use indexmap::IndexMap;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The day on which a person first comes, as generators call it.
pub const COMES: &str = "comes";

/// One virtual participant. `days` fills as steps are passed; events of the body are drawn when their clock starts.
#[derive(Clone, Debug)]
pub struct Person {
    pub index: u32,
    /// Index into the plan's sites.
    pub site: usize,
    pub comes: Date,
    pub vars: BTreeMap<String, Drawn>,
    pub days: BTreeMap<String, Date>,
    pub arm: Option<String>,
    pub constitution: f64,
}

/// Everyone who will come, in order of the day.
pub fn people(plan: &Plan, seed: u64, n: u32, condition: bool) -> Result<Vec<Person>, SimulationError> {
    let days = arrivals(&plan.accrual, seed, n);
    let mut people = Vec::with_capacity(days.len());
    for (index, comes) in (0u32..).zip(days) {
        let mut s = Stream::new(seed, index, "site");
        let site = site_open_on(plan, comes, s.unit()).ok_or(SimulationError::NoSiteOpen { on: comes })?;
        let constitution = Stream::new(seed, index, "constitution").normal();
        let mut person = Person {
            index,
            site,
            comes,
            vars: BTreeMap::new(),
            days: [(COMES.to_owned(), comes)].into_iter().collect(),
            arm: None,
            constitution,
        };
        person.vars = variables(plan, &person, seed, &BTreeMap::new())?;
        people.push(person);
    }
    if condition {
        for (step, p) in &plan.steps {
            if let (Some(pass), Some(wanted)) = (&p.pass, p.n) {
                exactly(plan, &mut people, seed, step, pass, wanted as usize)?;
            }
        }
    }
    Ok(people)
}

/// Draws a person's variables in the plan's order; those in `given` are settled beforehand.
fn variables(
    plan: &Plan,
    person: &Person,
    seed: u64,
    given: &BTreeMap<String, Drawn>,
) -> Result<BTreeMap<String, Drawn>, GenerateError> {
    let mut vars = BTreeMap::new();
    for (name, g) in &plan.person {
        // A stream each: settling one variable leaves the others as they were.
        let mut s = Stream::new(seed, person.index, name);
        let v = match given.get(name) {
            Some(v) => v.clone(),
            None => {
                let sight = Sight {
                    vars: &vars,
                    local: &IndexMap::new(),
                    days: &person.days,
                    known_days: &[],
                    arm: None,
                    today: person.comes,
                    last: None,
                };
                draw(g, &sight, &mut s)?
            }
        };
        vars.insert(name.clone(), v);
    }
    Ok(vars)
}

/// Conditions the flow: exactly `wanted` people pass. Those turned round are chosen at random.
fn exactly(
    plan: &Plan,
    people: &mut [Person],
    seed: u64,
    step: &str,
    pass: &str,
    wanted: usize,
) -> Result<(), SimulationError> {
    let passes = |p: &Person| p.vars.get(pass) == Some(&Drawn::Boolean(true));
    let have = people.iter().filter(|p| passes(p)).count();
    let too_many = have > wanted;
    let mut order: Vec<(f64, usize)> = people
        .iter()
        .enumerate()
        .filter(|(_, p)| passes(p) == too_many)
        .map(|(i, p)| (Stream::new(seed, p.index, &format!("condition {step}")).unit(), i))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, i) in order.into_iter().take(have.abs_diff(wanted)) {
        let given = [(pass.to_owned(), Drawn::Boolean(!too_many))].into_iter().collect();
        if let Some(p) = people.get_mut(i) {
            p.vars = variables(plan, p, seed, &given)?;
        }
    }
    Ok(())
}

/// `n` days of arrival: uniform over the accrual period, but for a linear rise over its first days.
fn arrivals(plan: &AccrualPlan, seed: u64, n: u32) -> Vec<Date> {
    let span = f64::from((plan.to - plan.from).get_days()).max(1.0);
    let ramp = plan.ramp_days.clamp(0.0, span);
    let whole = span - ramp / 2.0;
    let mut days: Vec<Date> = (0..n)
        .map(|i| {
            let area = Stream::new(seed, i, "arrival").unit() * whole;
            let t = if area < ramp / 2.0 { (2.0 * area * ramp).sqrt() } else { area + ramp / 2.0 };
            later(plan.from, t as i64)
        })
        .collect();
    days.sort();
    days
}

fn site_open_on(plan: &Plan, day: Date, u: f64) -> Option<usize> {
    let open: Vec<(usize, f64)> =
        plan.sites.iter().enumerate().filter(|(_, s)| s.opens <= day).map(|(i, s)| (i, s.weight)).collect();
    let total: f64 = open.iter().map(|(_, w)| w).sum();
    let mut left = u * total;
    let mut chosen = None;
    for (i, w) in open {
        chosen = Some(i);
        if left < w {
            break;
        }
        left -= w;
    }
    chosen
}
