//! The run: an agenda of what people do next, in order of time, sent as commands like any other.

use crate::draw::Stream;
use crate::generate::{Drawn, GenerateError, Sight, draw, later, number, value};
use crate::latent;
use crate::person::{Person, people};
use crate::plan::{Gen, Plan, RefusalPlan, StepPlan};
use conduct::{
    AllocationId, Answer, Command, Context, FormKey, ItemId, Nature, ParticipantId, PersonId, QueryId,
    QueryStatus, Role, Seeds, SiteId, Trial, TrialError, Values,
};
use indexmap::IndexMap;
use jiff::civil::{Date, Time};
use jiff::{Timestamp, tz::TimeZone};
use protocol::{Item, ItemKind, Loaded, Protocol};
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
    // Only a whole run is written: a plan that fails half-way leaves the store as it was.
    let study = protocol.study.clone();
    trial
        .handle()
        .with(move |from| ledger::copy(from, store.as_mut(), &study))
        .map_err(TrialError::from)?
        .map_err(TrialError::from)?;
    Ok(summary)
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

    fn register(
        &mut self,
        at: Timestamp,
        who: usize,
        step: &str,
        attempt: u32,
    ) -> Result<(), SimulationError> {
        if self.withdrawn[who] {
            return Ok(());
        }
        let today = self.day(at);
        let protocol_step = self
            .protocol
            .steps
            .get(step)
            .ok_or_else(|| SimulationError::Unknown { what: "step", name: step.to_owned() })?;
        let plan = self.plan.steps.get(step);
        let mut context = self.person_at(at, who, Role::Investigator);
        if attempt > 1 && self.ids[who].is_some() {
            // The form of the first attempt is there; its values are changed.
            context.reason = Some("再確認のうえ再申請 / Asked again after reassessment".to_owned());
        }
        self.people[who].days.insert(step.to_owned(), today);
        let participant = match self.ids[who] {
            Some(id) => id,
            None => {
                let id = self.consent(who, protocol_step.consent.as_deref(), step, today, &context)?;
                self.ids[who] = Some(id);
                self.by_id.insert(id, who);
                id
            }
        };
        let mut s = self.stream(who, &format!("step {step}"));
        let refusal: Option<&RefusalPlan> = if attempt == 1 {
            plan.into_iter().flat_map(|p| &p.refusals).find(|r| s.chance(r.chance))
        } else {
            None
        };
        let mut s = self.stream(who, &format!("form {step}"));
        let values = self.fill(
            who,
            &protocol_step.form,
            (today, None),
            &IndexMap::new(),
            refusal.map(|r| &r.values),
            &mut s,
        )?;
        let command =
            Command::Register { participant, step: step.into(), on: today, values, confirmed: true };
        match self.send(command, context)? {
            Answer::Registered { arm, .. } => {
                *self.summary.registered.entry(step.to_owned()).or_default() += 1;
                if let Some(arm) = arm {
                    self.people[who].arm = Some(arm.to_string());
                }
                self.after_step(who, step, today)?;
            }
            answer => {
                self.summary.refused += 1;
                self.people[who].days.remove(step);
                if let Some(refusal) = refusal {
                    let wait = self.days(who, &refusal.again, today, "again")?.max(1);
                    if !refusal.same_person {
                        // The next person comes in this one's stead.
                        self.ids[who] = None;
                    }
                    let act = Act::Register { who, step: step.to_owned(), attempt: attempt + 1 };
                    self.put(later(today, wait), who as u32, "register again", act);
                } else if self.passes(who, plan) {
                    // A plan at odds with the protocol.
                    return Err(SimulationError::Refused {
                        on: today,
                        refusal: format!("participant {participant} at {step} was to pass: {answer:?}"),
                    });
                }
            }
        }
        Ok(())
    }

    fn consent(
        &mut self,
        who: usize,
        document: Option<&str>,
        step: &str,
        today: Date,
        context: &Context,
    ) -> Result<ParticipantId, SimulationError> {
        let before = match self.plan.steps.get(step) {
            Some(p) => self.days(who, &p.after, today, "consent")?,
            None => 0,
        };
        let document = document.unwrap_or_default();
        let on = later(today, -before.max(0));
        let versions = self.protocol.documents.get(document).map(|d| &d.versions);
        let version = versions
            .and_then(|v| v.iter().rev().find(|(_, from)| **from <= on))
            .map_or("", |(v, _)| v.as_str());
        let command = Command::GiveConsent {
            site: SiteId::from(self.site(who)),
            participant: None,
            document: document.to_owned(),
            version: version.to_owned(),
            on,
            explained_by: context.person.clone(),
        };
        match self.send(command, context.clone())? {
            Answer::Participant(id) => Ok(id),
            other => Err(SimulationError::Refused {
                on: today,
                refusal: format!("consent was answered with {other:?}"),
            }),
        }
    }

    fn days(&self, who: usize, g: &Gen, today: Date, purpose: &str) -> Result<i64, SimulationError> {
        let person = &self.people[who];
        let nothing = IndexMap::new();
        let sight = self.sight(person, &nothing, today, None);
        Ok(number(g, &sight, &mut self.stream(who, &format!("{purpose} {today}")))?.round() as i64)
    }

    /// What a passed step starts: clocks of the body, visits, the next step, forms outside the schedule.
    fn after_step(&mut self, who: usize, step: &str, today: Date) -> Result<(), SimulationError> {
        self.start_clocks(who, step, today);
        for (visit, v) in &self.protocol.schedule {
            if v.anchor == step {
                self.plan_visit(who, visit, 1)?;
            }
        }
        for (next, s) in &self.protocol.steps {
            if s.after.as_deref() != Some(step) {
                continue;
            }
            let Some(plan) = self.plan.steps.get(next) else { continue };
            let passes = self.passes(who, Some(plan));
            let tries = passes || self.stream(who, &format!("tries {next}")).chance(plan.tries);
            if tries {
                let on = later(today, self.days(who, &plan.after, today, next)?.max(0));
                self.put(on, who as u32, next, Act::Register { who, step: next.clone(), attempt: 1 });
            }
        }
        self.plan_unscheduled(who, step)?;
        let mut started: Vec<&String> = self
            .plan
            .latent
            .iter()
            .filter(|(_, l)| l.from == step)
            .map(|(id, l)| l.event.as_ref().unwrap_or(id))
            .collect();
        started.sort();
        started.dedup();
        for event in started {
            if self.people[who].days.contains_key(event) {
                self.plan_unscheduled(who, event)?;
            }
        }
        for (index, w) in self.plan.withdrawals.iter().enumerate() {
            if w.after == step {
                let years = -self.stream(who, &format!("withdrawal {index}")).unit().ln() / w.rate;
                let on = later(today, (years * 365.25).min(200_000.0) as i64);
                if on <= self.plan.until {
                    self.put(on, who as u32, "withdraw", Act::Withdraw { who, index });
                }
            }
        }
        Ok(())
    }

    fn passes(&self, who: usize, plan: Option<&StepPlan>) -> bool {
        plan.and_then(|p| p.pass.as_ref())
            .is_none_or(|v| self.people[who].vars.get(v) == Some(&Drawn::Boolean(true)))
    }

    fn start_clocks(&mut self, who: usize, step: &str, today: Date) {
        for (id, l) in &self.plan.latent {
            let p = &self.people[who];
            if l.from != step
                || l.unless.as_ref().is_some_and(|v| p.vars.get(v) == Some(&Drawn::Boolean(true)))
            {
                continue;
            }
            let mut s = self.stream(who, &format!("latent {id}"));
            if let Some(on) = latent::day(l, today, p.arm.as_deref(), &p.vars, p.constitution, &mut s) {
                let cut = l.before.iter().any(|b| self.people[who].days.get(b).is_some_and(|d| *d <= on));
                if !cut {
                    self.people[who].days.insert(l.event.as_ref().unwrap_or(id).clone(), on);
                }
            }
        }
    }

    fn plan_visit(&mut self, who: usize, visit: &str, number: u32) -> Result<(), SimulationError> {
        let Some(v) = self.protocol.schedule.get(visit) else { return Ok(()) };
        let Some(anchor) = self.people[who].days.get(&v.anchor).copied() else { return Ok(()) };
        let mut due = v.at.add_to(anchor);
        for _ in 1..number {
            due = due.and_then(|d| v.every.and_then(|e| e.add_to(d)));
        }
        let Some(due) = due else { return Ok(()) };
        if v.last.is_some_and(|l| l.add_to(anchor).is_some_and(|end| due > end)) || due > self.plan.until {
            return Ok(());
        }
        let plan = self.plan.visits.get(visit).cloned().unwrap_or_default();
        if plan.arm.is_some() && plan.arm != self.people[who].arm {
            return Ok(());
        }
        let shift = match &plan.shift {
            Some(g) => self.days(who, g, due, &format!("shift {visit}"))?,
            None => 0,
        };
        let on = later(due, shift).max(anchor);
        // The first visit after the end (death) is the one that reports it; then no more.
        let ended = v.until.iter().any(|u| self.people[who].days.get(u).is_some_and(|d| *d <= on));
        let previous = if number > 1 {
            v.every.map(|e| later(due, -i64::from(e.months) * 30 - i64::from(e.days)))
        } else {
            Some(anchor)
        };
        let reported = v
            .until
            .iter()
            .any(|u| self.people[who].days.get(u).is_some_and(|d| previous.is_some_and(|p| *d <= p)));
        if ended && (reported || !self.plan.latent.keys().any(|l| v.until.contains(l))) {
            return Ok(());
        }
        let mut s = self.stream(who, &format!("visit {visit} {number}"));
        if s.chance(plan.never) {
            return self.plan_visit(who, visit, number + 1);
        }
        let lag = self.days(who, &self.plan.noise.lag, on, &format!("lag {visit}"))?.max(0);
        let act = Act::Visit { who, visit: visit.to_owned(), number, on };
        self.put(later(on, lag), who as u32, &format!("visit {visit}"), act);
        if v.every.is_some() && !ended { self.plan_visit(who, visit, number + 1) } else { Ok(()) }
    }

    fn visit(
        &mut self,
        at: Timestamp,
        who: usize,
        visit: &str,
        number: u32,
        on: Date,
    ) -> Result<(), SimulationError> {
        let Some(v) = self.protocol.schedule.get(visit) else { return Ok(()) };
        // Planned when its clock began; a step passed since may have ended it.
        let days = &self.people[who].days;
        if v.until
            .iter()
            .any(|u| self.protocol.steps.contains_key(u) && days.get(u).is_some_and(|d| *d <= on))
        {
            return Ok(());
        }
        let key = FormKey { form: v.form.as_str().into(), visit: Some(visit.into()), number };
        let form = v.form.clone();
        self.save(at, who, &form, key, on, &IndexMap::new(), &format!("values {visit} {number}"))
    }

    fn plan_unscheduled(&mut self, who: usize, after: &str) -> Result<(), SimulationError> {
        let plan = self.plan;
        for (index, u) in plan.unscheduled.iter().enumerate() {
            let person = &self.people[who];
            if u.after != after
                || (u.arm.is_some() && u.arm != person.arm)
                || u.only.as_ref().is_some_and(|v| person.vars.get(v) != Some(&Drawn::Boolean(true)))
            {
                continue;
            }
            let Some(start) = person.days.get(after).copied() else { continue };
            let count = match &u.count {
                Some(g) => self.days(who, g, start, &format!("count {index}"))?,
                None => 1,
            };
            for k in 1..=count.max(0) as u32 {
                let on =
                    later(start, self.days(who, &u.days, start, &format!("unscheduled {index} {k}"))?.max(0));
                let person = &self.people[who];
                if on > self.plan.until
                    || u.before.iter().any(|b| person.days.get(b).is_some_and(|d| *d <= on))
                {
                    continue;
                }
                let lag = self.days(who, &self.plan.noise.lag, on, &format!("lag {index} {k}"))?.max(0);
                self.put(
                    later(on, lag),
                    who as u32,
                    "unscheduled",
                    Act::Unscheduled { who, index, number: k, on },
                );
            }
        }
        Ok(())
    }

    fn unscheduled(
        &mut self,
        at: Timestamp,
        who: usize,
        index: usize,
        k: u32,
        on: Date,
    ) -> Result<(), SimulationError> {
        let Some(u) = self.plan.unscheduled.get(index) else { return Ok(()) };
        let mut s = self.stream(who, &format!("draw {index} {k}"));
        let person = &self.people[who];
        let mut drawn = IndexMap::new();
        for (name, g) in &u.draw {
            let sight = self.sight(person, &drawn, on, None);
            let v = draw(g, &sight, &mut s)?;
            drawn.insert(name.clone(), v);
        }
        let number = self.form_counts.entry((who, u.form.clone())).or_default();
        *number += 1;
        let key = FormKey { form: u.form.as_str().into(), visit: None, number: *number };
        self.save(at, who, &u.form, key, on, &drawn, &format!("values {index} {k}"))
    }

    #[allow(clippy::too_many_arguments)]
    fn save(
        &mut self,
        at: Timestamp,
        who: usize,
        form: &str,
        key: FormKey,
        on: Date,
        drawn: &IndexMap<String, Drawn>,
        purpose: &str,
    ) -> Result<(), SimulationError> {
        let Some(participant) = self.ids[who] else { return Ok(()) };
        if self.withdrawn[who] {
            return Ok(());
        }
        let mut s = self.stream(who, purpose);
        let last = key.visit.as_ref().and_then(|v| self.last_visit.insert((who, v.to_string()), on));
        let mut values = self.fill(who, form, (on, last), drawn, None, &mut s)?;
        self.slip(form, &mut values, &mut s);
        let context = self.person_at(at, who, Role::Coordinator);
        self.send(Command::SaveForm { participant, form: key, values, complete: true }, context)?;
        self.summary.forms += 1;
        Ok(())
    }

    fn withdraw(&mut self, at: Timestamp, who: usize, index: usize) -> Result<(), SimulationError> {
        let (Some(w), Some(participant)) = (self.plan.withdrawals.get(index), self.ids[who]) else {
            return Ok(());
        };
        let on = self.day(at);
        let dead = self.plan.latent.keys().any(|l| {
            self.protocol.facts.get(l).is_some_and(|f| f.ends)
                && self.people[who].days.get(l).is_some_and(|d| *d <= on)
        });
        if dead || self.withdrawn[who] {
            return Ok(());
        }
        let mut context = self.person_at(at, who, Role::Investigator);
        context.reason = Some("本人の申し出 / At the participant's wish".to_owned());
        self.send(Command::WithdrawConsent { participant, scope: w.scope, on }, context)?;
        self.withdrawn[who] = w.scope != conduct::WithdrawalScope::Treatment;
        Ok(())
    }

    /// New queries go on the agenda of the site that must answer.
    fn see_queries(&mut self, at: Timestamp) -> Result<(), SimulationError> {
        let state = self.trial.state();
        let all = state.queries.len();
        for q in self.known_queries..all {
            self.summary.queries += 1;
            let Some(query) = state.queries.get(q).cloned() else { continue };
            let Some(&who) = self.by_id.get(&query.participant) else { continue };
            let mut s = self.stream(who, &format!("query {q}"));
            if s.chance(self.plan.noise.unanswered) {
                continue;
            }
            let today = self.day(at);
            let wait = self.days(who, &self.plan.noise.answer, today, &format!("answer {q}"))?.max(1);
            self.put(later(today, wait), who as u32, "answer", Act::Answer { query: query.id.0 });
        }
        self.known_queries = all;
        Ok(())
    }

    /// The site looks at its source, corrects what it finds wrong, and answers.
    fn answer(&mut self, at: Timestamp, query: u32) -> Result<(), SimulationError> {
        let state = self.trial.state();
        let Some(q) = state.queries.get(query as usize - 1).cloned() else { return Ok(()) };
        let Some(&who) = self.by_id.get(&q.participant) else { return Ok(()) };
        if q.status != QueryStatus::Open || self.withdrawn[who] {
            return Ok(());
        }
        let mut context = self.person_at(at, who, Role::Coordinator);
        let now = state
            .participants
            .get(q.participant.0 as usize - 1)
            .and_then(|p| p.forms.get(&q.form).and_then(|f| f.value(q.item.as_str()).cloned()));
        let slipped = self
            .protocol
            .forms
            .get(q.form.form.as_str())
            .and_then(|f| items(f).find(|i| i.id == q.item.as_str()))
            .and_then(|i| corrected(i, now.as_ref()?));
        let text = match slipped {
            Some(value) => {
                context.reason = Some("転記誤り / Transcription error".to_owned());
                let values = [(q.item.clone(), value)].into_iter().collect();
                let command = Command::SaveForm {
                    participant: q.participant,
                    form: q.form.clone(),
                    values,
                    complete: true,
                };
                self.send(command, context.clone())?;
                context.reason = None;
                "原資料を確認し訂正しました。 / Checked against the source and corrected."
            }
            None => "原資料のとおりです。 / As in the source.",
        };
        self.send(Command::AnswerQuery { query: QueryId(query), text: text.to_owned() }, context)?;
        let today = self.day(at);
        let wait = self.days(who, &self.plan.noise.close, today, &format!("close {query}"))?.max(1);
        self.put(later(today, wait), who as u32, "close", Act::Close { query });
        Ok(())
    }

    fn close(&mut self, at: Timestamp, query: u32) -> Result<(), SimulationError> {
        self.send(Command::CloseQuery { query: QueryId(query) }, self.manager(at)).map(|_| ())
    }
}

/// The value as it should have been, when the hand slipped by a factor of ten.
fn corrected(item: &Item, value: &Value) -> Option<Value> {
    let range = item.range.as_ref()?;
    let max = range.max?;
    match (item.kind, value) {
        (ItemKind::Integer, Value::Integer(n)) if Decimal::from(*n) > max => Some(Value::Integer(n / 10)),
        (ItemKind::Decimal, Value::Decimal(d)) if *d > max => {
            Some(Value::Decimal((d / Decimal::TEN).normalize()))
        }
        _ => None,
    }
}
