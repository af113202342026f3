//! The run: an agenda of what people do next, in order of time, sent as commands like any other.

mod acts;
mod queries;

use crate::draw::Stream;
use crate::generate::{Drawn, GenerateError, Sight, draw, later, latest, number, value};
use crate::person::{Person, people};
use crate::plan::{Gen, Plan};
use conduct::{
    AllocationId, Answer, Command, Context, ItemId, Nature, ParticipantId, PersonId, Role, Seeds, SiteId,
    Trial, TrialError, Values,
};
use indexmap::IndexMap;
use jiff::civil::{Date, Time};
use jiff::{Timestamp, tz::TimeZone};
use protocol::{Item, Loaded, Protocol};
use rules::Value;
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use words::{Decimal, Text};

#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error("simulation.yaml: {0}")]
    Plan(#[from] GenerateError),
    #[error("simulation.yaml: {what} `{name}` is not in the protocol")]
    Unknown { what: &'static str, name: String },
    #[error("no site is open on {on}: give one an earlier `opens`")]
    NoSiteOpen { on: Date },
    #[error("time zone `{0}` is not known")]
    TimeZone(String),
    #[error("a virtual person's command was refused on {on}: {refusal}")]
    Refused { on: Date, refusal: String },
    #[error(transparent)]
    Trial(#[from] TrialError),
}

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub seed: u64,
    /// So many people come, and the flow is left free; without it the plan's numbers hold and the flow is conditioned on them.
    pub participants: Option<u32>,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub came: u32,
    pub registered: BTreeMap<String, u32>,
    pub refused: u32,
    pub forms: u64,
    pub queries: u64,
    pub events: u64,
}

/// The sealed seeds of a simulated study: derived from the simulation's seed, so that a run repeats.
pub fn seeds(protocol: &Protocol, seed: u64) -> Seeds {
    let of = |id: &String| {
        let digest = Sha256::new()
            .chain_update(b"shirube simulated allocation seed\0")
            .chain_update(seed.to_be_bytes())
            .chain_update(protocol.study.as_bytes())
            .chain_update([0])
            .chain_update(id.as_bytes())
            .finalize();
        (AllocationId::from(id.as_str()), digest.into())
    };
    Seeds(protocol.allocation.keys().map(of).collect())
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Register { who: usize, step: String, attempt: u32 },
    Visit { who: usize, visit: String, number: u32, on: Date },
    Unscheduled { who: usize, index: usize, number: u32, on: Date },
    Withdraw { who: usize, index: usize },
    Answer { query: u32 },
    Close { query: u32 },
}

struct Run<'a> {
    plan: &'a Plan,
    protocol: &'a Protocol,
    seed: u64,
    zone: TimeZone,
    trial: Trial,
    /// Commands sent so far.
    sent: u64,
    people: Vec<Person>,
    ids: Vec<Option<ParticipantId>>,
    /// Who is who, the other way round.
    by_id: BTreeMap<ParticipantId, usize>,
    agenda: BinaryHeap<Reverse<(Timestamp, u64, Act)>>,
    serial: u64,
    known_queries: usize,
    day_names: Vec<String>,
    withdrawn: Vec<bool>,
    form_counts: BTreeMap<(usize, String), u32>,
    last_visit: BTreeMap<(usize, String), Date>,
    summary: Summary,
}

/// Runs the plan in memory and writes the study to the store when it is whole. `progress` is told (acts done, day
/// reached) now and then.
pub fn simulate(
    mut store: Box<dyn ledger::Store>,
    loaded: &Loaded,
    plan: &Plan,
    request: Request,
    progress: &mut dyn FnMut(u64, Date),
) -> Result<Summary, SimulationError> {
    let (trial, summary) = rehearse(loaded, plan, request, progress)?;
    // Only a whole run is written: a plan that fails half-way leaves the store as it was.
    let study = loaded.compiled.protocol.study.clone();
    trial
        .handle()
        .with(move |from| ledger::copy(from, store.as_mut(), &study))
        .map_err(TrialError::from)?
        .map_err(TrialError::from)?;
    Ok(summary)
}

/// As [`simulate`], kept in memory only: for looking at many runs.
pub fn rehearse(
    loaded: &Loaded,
    plan: &Plan,
    request: Request,
    progress: &mut dyn FnMut(u64, Date),
) -> Result<(Trial, Summary), SimulationError> {
    let protocol = &loaded.compiled.protocol;
    check_against(plan, protocol)?;
    let zone = TimeZone::get(&protocol.timezone)
        .map_err(|_| SimulationError::TimeZone(protocol.timezone.clone()))?;
    let n = request.participants.unwrap_or(plan.accrual.n);
    let people = people(plan, request.seed, n, request.participants.is_none())?;
    let seeds = seeds(protocol, request.seed);
    let opening = moment(&zone, opening_day(plan, protocol), Time::constant(9, 0, 0, 0));
    let memory = Box::new(ledger::Memory::new());
    let trial = Trial::create(memory, loaded, Nature::Simulated, seeds, &manager(opening, request.seed, 0))?;
    let day_names: Vec<String> = protocol.steps.keys().chain(plan.latent.keys()).cloned().collect();
    let count = people.len();
    let mut run = Run {
        plan,
        protocol,
        seed: request.seed,
        zone,
        trial,
        sent: 0,
        people,
        ids: vec![None; count],
        by_id: BTreeMap::new(),
        agenda: BinaryHeap::new(),
        serial: 0,
        known_queries: 0,
        day_names,
        withdrawn: vec![false; count],
        form_counts: BTreeMap::new(),
        last_visit: BTreeMap::new(),
        summary: Summary { came: n, ..Summary::default() },
    };
    run.open_sites(opening)?;
    for who in 0..count {
        let on = run.people[who].comes;
        run.put(
            on,
            who as u32,
            "register",
            Act::Register { who, step: plan.accrual.step.clone(), attempt: 1 },
        );
    }
    run.work(progress)?;
    let Run { trial, mut summary, .. } = run;
    summary.events = trial.head().seq;
    Ok((trial, summary))
}

/// The first day of the study: well before anybody comes, and not before the protocol is in force.
fn opening_day(plan: &Plan, protocol: &Protocol) -> Date {
    let first = plan.sites.iter().map(|s| s.opens).min().unwrap_or(plan.accrual.from).min(plan.accrual.from);
    protocol.effective.min(later(first, -30))
}

fn moment(zone: &TimeZone, day: Date, at: Time) -> Timestamp {
    zone.to_ambiguous_zoned(day.to_datetime(at)).compatible().map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
}

/// The data manager who opens the study. Each command's salt comes from the seed and its serial number.
fn manager(now: Timestamp, seed: u64, command: u64) -> Context {
    Context::new(now, "dm", Role::DataManager, salt(seed, command))
}

fn salt(seed: u64, command: u64) -> [u8; 32] {
    Stream::new(seed, command as u32, "salt").bytes()
}

/// Names in the plan that the protocol does not have, before anything is written.
fn check_against(plan: &Plan, protocol: &Protocol) -> Result<(), SimulationError> {
    let unknown = |what, name: &String| SimulationError::Unknown { what, name: name.clone() };
    for step in plan.steps.keys().chain([&plan.accrual.step]).chain(plan.latent.values().map(|l| &l.from)) {
        if !protocol.steps.contains_key(step) {
            return Err(unknown("step", step));
        }
    }
    for (id, f) in &plan.forms {
        let form = protocol.forms.get(id).ok_or_else(|| unknown("form", id))?;
        for item in f.values.keys() {
            if !items(form).any(|i| i.id == *item) {
                return Err(unknown("item", &format!("{id}.{item}")));
            }
        }
    }
    for visit in plan.visits.keys() {
        if !protocol.schedule.contains_key(visit) {
            return Err(unknown("visit", visit));
        }
    }
    for u in &plan.unscheduled {
        if !protocol.forms.contains_key(&u.form) {
            return Err(unknown("form", &u.form));
        }
        if !protocol.steps.contains_key(&u.after) && !plan.latent.contains_key(&u.after) {
            return Err(unknown("step or latent event", &u.after));
        }
    }
    Ok(())
}

fn items(form: &protocol::Form) -> impl Iterator<Item = &Item> {
    form.sections.iter().flat_map(|s| &s.items)
}

impl Run<'_> {
    fn work(&mut self, progress: &mut dyn FnMut(u64, Date)) -> Result<(), SimulationError> {
        let end = moment(&self.zone, self.plan.until, Time::constant(23, 59, 0, 0));
        let mut done = 0u64;
        while let Some(Reverse((at, _, act))) = self.agenda.pop() {
            if at > end {
                break;
            }
            self.act(at, act)?;
            self.see_queries(at)?;
            done += 1;
            if done.is_multiple_of(256) {
                progress(done, self.day(at));
            }
        }
        Ok(())
    }

    fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Puts an act on the agenda at a working hour of the day.
    fn put(&mut self, on: Date, who: u32, purpose: &str, act: Act) {
        self.serial += 1;
        let mut s = Stream::new(self.seed, who, &format!("hour {purpose} {on}"));
        let second = (s.unit() * 8.0 * 3600.0) as i32;
        let time = Time::constant(9, 0, 0, 0);
        let at = moment(&self.zone, on, time).as_second() + i64::from(second);
        let at = Timestamp::from_second(at).unwrap_or(Timestamp::MAX);
        self.agenda.push(Reverse((at, self.serial, act)));
    }

    fn send(&mut self, command: Command, mut context: Context) -> Result<Answer, SimulationError> {
        self.sent += 1;
        context.salt = salt(self.seed, self.sent);
        match self.trial.execute(&command, &context) {
            Ok(receipt) => Ok(receipt.answer),
            Err(TrialError::Refused(refusal)) => Err(SimulationError::Refused {
                on: self.day(context.now),
                refusal: format!("{refusal} ({command:?})"),
            }),
            Err(other) => Err(other.into()),
        }
    }

    fn open_sites(&mut self, at: Timestamp) -> Result<(), SimulationError> {
        let opened = self.day(at);
        let staff = [
            ("stat", Text::new("統計担当者", "Trial statistician"), Role::Statistician),
            ("chair", Text::new("研究代表者", "Study chair"), Role::StudyChair),
            ("monitor", Text::new("モニター", "Monitor"), Role::Monitor),
            ("audit", Text::new("監査担当者", "Auditor"), Role::Auditor),
            ("dsmc", Text::new("効果・安全性評価委員", "Safety committee member"), Role::SafetyCommittee),
        ];
        for (person, name, role) in staff {
            let command = Command::GrantRole { person: person.into(), name, role, site: None };
            self.send(command, self.manager(at))?;
        }
        // Sites join on the day they open; the ledger is in order of time.
        let mut order: Vec<usize> = (0..self.plan.sites.len()).collect();
        order.sort_by_key(|&i| (self.plan.sites[i].opens, i));
        for i in order {
            let site = &self.plan.sites[i];
            let id = SiteId::from(site.id.as_str());
            let context = self.manager(at);
            let name = Text::new(&site.ja, &site.en);
            self.send(
                Command::JoinSite { site: id.clone(), name, country: site.country.clone() },
                context.clone(),
            )?;
            for (role, code, ja, en) in [
                (Role::Investigator, "inv", "施設研究責任者", "Investigator"),
                (Role::Coordinator, "crc", "施設CRC", "Coordinator"),
            ] {
                let person = PersonId::from(format!("{code}-{}", site.id).as_str());
                let name = Text::new(format!("{} {ja}", site.ja), format!("{en}, {}", site.en));
                self.send(
                    Command::GrantRole { person, name, role, site: Some(id.clone()) },
                    context.clone(),
                )?;
            }
            for approval in self.protocol.approvals.keys() {
                let mut s = Stream::new(self.seed, i as u32, approval);
                let command = Command::RecordApproval {
                    site: id.clone(),
                    approval: approval.clone(),
                    version: self.protocol.version.clone(),
                    decided_on: later(site.opens, -20 - (s.unit() * 40.0) as i64).min(opened),
                    effective_from: site.opens,
                    expires_on: None,
                    document: None,
                    received_on: opened,
                };
                self.send(command, context.clone())?;
            }
        }
        Ok(())
    }

    fn manager(&self, at: Timestamp) -> Context {
        manager(at, self.seed, self.sent)
    }

    fn act(&mut self, at: Timestamp, act: Act) -> Result<(), SimulationError> {
        match act {
            Act::Register { who, step, attempt } => self.register(at, who, &step, attempt),
            Act::Visit { who, visit, number, on } => self.visit(at, who, &visit, number, on),
            Act::Unscheduled { who, index, number, on } => self.unscheduled(at, who, index, number, on),
            Act::Withdraw { who, index } => self.withdraw(at, who, index),
            Act::Answer { query } => self.answer(at, query),
            Act::Close { query } => self.close(at, query),
        }
    }

    /// The day after which nothing happens to this participant any more: of the first event that is a fact of the
    /// protocol and ends it.
    fn end(&self, who: usize) -> Option<Date> {
        let days = &self.people[who].days;
        let ends = self.protocol.facts.iter().filter(|(_, f)| f.ends);
        ends.filter_map(|(id, _)| days.get(id)).min().copied()
    }

    fn ended(&self, who: usize, on: Date) -> bool {
        self.end(who).is_some_and(|end| end <= on)
    }

    fn stream(&self, who: usize, purpose: &str) -> Stream {
        Stream::new(self.seed, who as u32, purpose)
    }

    fn site(&self, who: usize) -> &str {
        &self.plan.sites[self.people[who].site].id
    }

    fn person_at(&self, at: Timestamp, who: usize, role: Role) -> Context {
        let site = self.site(who);
        let code = if role == Role::Investigator { "inv" } else { "crc" };
        Context::new(at, &format!("{code}-{site}"), role, [0; 32]).at_site(site)
    }

    fn sight<'a>(
        &'a self,
        person: &'a Person,
        local: &'a IndexMap<String, Drawn>,
        today: Date,
        last: Option<Date>,
    ) -> Sight<'a> {
        Sight {
            vars: &person.vars,
            local,
            days: &person.days,
            known_days: &self.day_names,
            arm: person.arm.as_deref(),
            today,
            last,
        }
    }

    /// Draws a form's values for a participant on a day. `changed` overrides single items.
    fn fill(
        &self,
        who: usize,
        form: &str,
        (today, last): (Date, Option<Date>),
        drawn: &IndexMap<String, Drawn>,
        changed: Option<&IndexMap<String, Gen>>,
        s: &mut Stream,
    ) -> Result<Values, SimulationError> {
        let mut values = Values::new();
        let (Some(plan), Some(form)) = (self.plan.forms.get(form), self.protocol.forms.get(form)) else {
            return Err(SimulationError::Unknown { what: "form", name: form.to_owned() });
        };
        let person = &self.people[who];
        let mut local = drawn.clone();
        for (name, g) in &plan.values {
            let g = changed.and_then(|c| c.get(name)).unwrap_or(g);
            let sight = self.sight(person, &local, today, last);
            let v = draw(g, &sight, s)?;
            if let Some(item) = items(form).find(|i| i.id == *name)
                && let Some(value) = value(item, &v)?
            {
                // A form cannot tell of what is still to come: the plan is at odds with time.
                if let Some(day) = latest(&value).filter(|d| *d > today) {
                    return Err(GenerateError::Ahead { item: name.clone(), day, today }.into());
                }
                values.insert(ItemId::from(name.as_str()), value);
            }
            local.insert(name.clone(), v);
        }
        Ok(values)
    }

    /// The hand that slips: some numbers are entered ten times too large, some dates a year off.
    fn slip(&self, form: &str, values: &mut Values, s: &mut Stream) {
        let Some(form) = self.protocol.forms.get(form) else { return };
        for item in items(form).filter(|i| i.range.is_some() && i.derive.is_none()) {
            if !s.chance(self.plan.noise.wrong) {
                continue;
            }
            if let Some(v) = values.get_mut(item.id.as_str()) {
                match v {
                    Value::Integer(n) => *n = n.saturating_mul(10),
                    Value::Decimal(d) => *d = d.saturating_mul(Decimal::TEN),
                    _ => {}
                }
            }
        }
    }

    fn days(&self, who: usize, g: &Gen, today: Date, purpose: &str) -> Result<i64, SimulationError> {
        let person = &self.people[who];
        let nothing = IndexMap::new();
        let sight = self.sight(person, &nothing, today, None);
        Ok(number(g, &sight, &mut self.stream(who, &format!("{purpose} {today}")))?.round() as i64)
    }
}
