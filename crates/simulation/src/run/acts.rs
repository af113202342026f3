//! What participants and their sites do: come, register, are seen, withdraw.

use super::{Act, Run, SimulationError};
use crate::generate::{Drawn, GenerateError, draw, later};
use crate::latent;
use crate::plan::{RefusalPlan, StepPlan};
use conduct::{Answer, Command, Context, FormKey, ParticipantId, Role, SiteId};
use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::civil::Date;

impl Run<'_> {
    pub(super) fn register(
        &mut self,
        at: Timestamp,
        who: usize,
        step: &str,
        attempt: u32,
    ) -> Result<(), SimulationError> {
        let today = self.day(at);
        if self.withdrawn[who] || self.ended(who, today) {
            return Ok(());
        }
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
        let versions = self.protocol.documents.get(document).map(|d| &d.versions);
        // Nobody is asked before there is a protocol and a document to explain.
        let first = versions.and_then(|v| v.values().min()).copied().unwrap_or(self.protocol.effective);
        let on = later(today, -before.max(0)).max(first.max(self.protocol.effective)).min(today);
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

    /// What a passed step starts: clocks of the body, visits, the next step, forms outside the schedule.
    fn after_step(&mut self, who: usize, step: &str, today: Date) -> Result<(), SimulationError> {
        self.start_clocks(who, step, today)?;
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

    fn start_clocks(&mut self, who: usize, step: &str, today: Date) -> Result<(), SimulationError> {
        for (id, l) in &self.plan.latent {
            let p = &self.people[who];
            let is = |v: &String| p.vars.get(v) == Some(&Drawn::Boolean(true));
            if l.from != step || l.unless.as_ref().is_some_and(is) || l.only.as_ref().is_some_and(|v| !is(v))
            {
                continue;
            }
            let mut s = self.stream(who, &format!("latent {id}"));
            let on = match &l.on {
                Some(on) => match draw(on, &self.sight(p, &IndexMap::new(), today, None), &mut s)? {
                    Drawn::Day(on) => Some(on),
                    Drawn::Nothing => None,
                    other => {
                        return Err(GenerateError::NotA { wanted: "a day", got: format!("{other:?}") }.into());
                    }
                },
                None => latent::day(l, today, p.arm.as_deref(), &p.vars, p.constitution, &mut s),
            };
            if let Some(on) = on {
                let cut = l.before.iter().any(|b| self.people[who].days.get(b).is_some_and(|d| *d <= on));
                if !cut {
                    self.people[who].days.insert(l.event.as_ref().unwrap_or(id).clone(), on);
                }
            }
        }
        Ok(())
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
        let ended = v.until.iter().any(|u| self.people[who].days.get(u).is_some_and(|d| *d <= on));
        // The first visit after the end (death) may be the one that reports it; then no more.
        let previous = if number > 1 {
            v.every.map(|e| later(due, -i64::from(e.months) * 30 - i64::from(e.days)))
        } else {
            Some(anchor)
        };
        let end = self.end(who).filter(|_| plan.tells_end);
        let reports = end.is_some_and(|e| e <= on && previous.is_some_and(|p| p < e));
        if ended && !reports {
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

    pub(super) fn visit(
        &mut self,
        at: Timestamp,
        who: usize,
        visit: &str,
        number: u32,
        on: Date,
    ) -> Result<(), SimulationError> {
        let Some(v) = self.protocol.schedule.get(visit) else { return Ok(()) };
        // Planned when its clock began; a step passed since, or the end, may have ended it.
        let days = &self.people[who].days;
        if v.until
            .iter()
            .any(|u| self.protocol.steps.contains_key(u) && days.get(u).is_some_and(|d| *d <= on))
        {
            return Ok(());
        }
        let end = self.end(who).filter(|e| *e <= on);
        if end.is_some() && !self.plan.visits.get(visit).is_some_and(|p| p.tells_end) {
            return Ok(());
        }
        let on = end.unwrap_or(on);
        let key = FormKey { form: v.form.as_str().into(), visit: Some(visit.into()), number };
        self.save(at, who, key, on, &IndexMap::new(), &format!("values {visit} {number}"))
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

    pub(super) fn unscheduled(
        &mut self,
        at: Timestamp,
        who: usize,
        index: usize,
        k: u32,
        on: Date,
    ) -> Result<(), SimulationError> {
        let Some(u) = self.plan.unscheduled.get(index) else { return Ok(()) };
        // On the day of the end itself only what tells of the end.
        if self.end(who).is_some_and(|end| end < on) {
            return Ok(());
        }
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
        self.save(at, who, key, on, &drawn, &format!("values {index} {k}"))
    }

    fn save(
        &mut self,
        at: Timestamp,
        who: usize,
        key: FormKey,
        on: Date,
        drawn: &IndexMap<String, Drawn>,
        purpose: &str,
    ) -> Result<(), SimulationError> {
        let Some(participant) = self.ids[who] else { return Ok(()) };
        if self.withdrawn[who] {
            return Ok(());
        }
        let form = key.form.clone();
        let mut s = self.stream(who, purpose);
        let last = key.visit.as_ref().and_then(|v| self.last_visit.insert((who, v.to_string()), on));
        let mut values = self.fill(who, form.as_str(), (on, last), drawn, None, &mut s)?;
        self.slip(form.as_str(), &mut values, &mut s);
        let context = self.person_at(at, who, Role::Coordinator);
        self.send(Command::SaveForm { participant, form: key, values, complete: true }, context)?;
        self.summary.forms += 1;
        Ok(())
    }

    pub(super) fn withdraw(
        &mut self,
        at: Timestamp,
        who: usize,
        index: usize,
    ) -> Result<(), SimulationError> {
        let (Some(w), Some(participant)) = (self.plan.withdrawals.get(index), self.ids[who]) else {
            return Ok(());
        };
        let on = self.day(at);
        if self.ended(who, on) || self.withdrawn[who] {
            return Ok(());
        }
        let mut context = self.person_at(at, who, Role::Investigator);
        context.reason = Some("本人の申し出 / At the participant's wish".to_owned());
        self.send(Command::WithdrawConsent { participant, scope: w.scope, on }, context)?;
        self.withdrawn[who] = w.scope != conduct::WithdrawalScope::Treatment;
        Ok(())
    }
}
