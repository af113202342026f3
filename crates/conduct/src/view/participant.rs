//! One participant as a viewer sees them at a cut-off.

use crate::environment::{Environment, Reading, Record, of_form};
use crate::event::WithdrawalScope;
use crate::ids::*;
use crate::state::*;
use jiff::civil::Date;
use protocol::Compiled;
use rules::{Rule, Slot, Value, Verdict};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use words::PartialDate;

pub struct ParticipantView<'a> {
    pub(super) compiled: &'a Compiled,
    pub(super) participant: &'a Participant,
    pub(super) cutoff: Option<Date>,
    sees_arm: bool,
    // Worked out when they are first asked for: of most participants a page needs neither.
    dated: OnceLock<Box<Dated<'a>>>,
    environment: OnceLock<Box<Environment>>,
}

/// The filled forms by what their date tells.
#[derive(Default)]
struct Dated<'a> {
    /// Dated up to the cut-off, in the order of their keys.
    forms: Vec<(&'a FormKey, &'a Filled)>,
    straddling: Vec<&'a FormKey>,
}

impl<'a> ParticipantView<'a> {
    pub(crate) fn new(
        compiled: &'a Compiled,
        participant: &'a Participant,
        cutoff: Option<Date>,
        sees_arm: bool,
    ) -> ParticipantView<'a> {
        let (dated, environment) = (OnceLock::new(), OnceLock::new());
        ParticipantView { compiled, participant, cutoff, sees_arm, dated, environment }
    }

    /// The same with nothing worked out yet: for going through many, so that what each takes is given back at once.
    pub fn afresh(&self) -> ParticipantView<'a> {
        ParticipantView::new(self.compiled, self.participant, self.cutoff, self.sees_arm)
    }

    fn dated(&self) -> &Dated<'a> {
        self.dated.get_or_init(|| {
            let mut dated = Dated::default();
            if self.data_withdrawn() {
                return Box::new(dated);
            }
            for (key, filled) in self.participant.forms.iter().filter(|(k, _)| !self.keeps_arm(k)) {
                match self.dated_by_cutoff(key, filled) {
                    Some(true) => dated.forms.push((key, filled.as_ref())),
                    Some(false) => {}
                    None => dated.straddling.push(key),
                }
            }
            Box::new(dated)
        })
    }

    /// Forms of which it cannot be told whether they are dated up to the cut-off: partly or not dated.
    pub fn straddling(&self) -> &[&'a FormKey] {
        &self.dated().straddling
    }

    /// Whether the form is dated up to the cut-off; `None` when its date does not tell.
    fn dated_by_cutoff(&self, key: &FormKey, filled: &Filled) -> Option<bool> {
        let Some(cutoff) = self.cutoff else { return Some(true) };
        match self.form_day(key, filled) {
            Some(day) => day.on_or_before(cutoff),
            // Declared not applicable: there will be no date.
            None if filled.status == FormStatus::NotApplicable => Some(filled.opened <= cutoff),
            None => None,
        }
    }

    /// The day that the form tells of: its dating item, or for the form of a registration the day of that.
    pub(super) fn form_day(&self, key: &FormKey, filled: &Filled) -> Option<PartialDate> {
        let form = self.compiled.protocol.forms.get(key.form.as_str())?;
        if let Some(Value::Date(day)) = filled.value(&form.dated_by) {
            return Some(*day);
        }
        let mut steps = self.compiled.protocol.steps.iter().filter(|(_, s)| s.form == key.form.as_str());
        steps.find_map(|(id, _)| self.participant.registration(id)).map(|r| r.on.into())
    }

    fn seen(&self, day: Date) -> bool {
        self.cutoff.is_none_or(|d| day <= d)
    }

    pub fn id(&self) -> ParticipantId {
        self.participant.id
    }

    pub fn site(&self) -> &'a SiteId {
        &self.participant.site
    }

    /// The registration at a step that holds: not cancelled, on or before the cut-off.
    pub fn registration(&self, step: &str) -> Option<&'a Registration> {
        self.participant.registration(step).filter(|r| self.seen(r.on))
    }

    /// A registration whose number was given by mistake.
    pub fn cancelled(&self, step: &str) -> Option<&'a Registration> {
        let found = self.participant.registrations.get(step).map(Arc::as_ref);
        found.filter(|r| r.cancelled && self.seen(r.on))
    }

    /// The arm given, unless the viewer must not see it or it was given after the cut-off.
    pub fn arm(&self, allocation: &str) -> Option<&'a ArmId> {
        self.allocated(allocation).map(|a| &a.arm).filter(|_| self.sees_arm)
    }

    /// The day of the allocation: also for those who must not see the arm.
    pub fn allocated_on(&self, allocation: &str) -> Option<Date> {
        self.allocated(allocation).map(|a| a.on)
    }

    /// The ledger entry of the allocation.
    pub fn allocated_seq(&self, allocation: &str) -> Option<u64> {
        self.allocated(allocation).map(|a| a.seq)
    }

    /// Factor values as they were frozen; like the arm not for everyone.
    pub fn factors(&self, allocation: &str) -> Option<&'a [(String, String)]> {
        self.allocated(allocation).map(|a| a.factors.as_slice()).filter(|_| self.sees_arm)
    }

    fn allocated(&self, allocation: &str) -> Option<&'a ArmGiven> {
        self.participant.allocations.get(allocation).map(Arc::as_ref).filter(|a| self.seen(a.on))
    }

    /// Values by path of the dictionary of [`View::protocol`](super::View::protocol).
    pub fn environment(&self) -> &rules::Values {
        &self.full().values
    }

    pub(super) fn full(&self) -> &Environment {
        self.environment.get_or_init(|| Box::new(self.reading().environment()))
    }

    pub(super) fn reading(&self) -> Reading<'_> {
        Reading {
            compiled: self.compiled,
            participant: self.participant,
            forms: Cow::Borrowed(self.forms()),
            until: self.cutoff,
            arm: self.sees_arm,
            on: None,
        }
    }

    /// Whether all forms were read already; then nothing is worked out by itself.
    pub(super) fn is_read(&self) -> bool {
        self.environment.get().is_some()
    }

    /// What a rule of [`View::protocol`](super::View::protocol) says of this participant. One that asks for little does
    /// not have all forms read.
    pub fn verdict(&self, rule: &Rule) -> Verdict {
        let few = if self.is_read() { None } else { self.reading().verdict(rule) };
        few.unwrap_or_else(|| rule.verdict(self.environment()))
    }

    /// The value at a slot of the dictionary of [`View::protocol`](super::View::protocol).
    pub fn value(&self, slot: Slot) -> Value {
        let alone = if self.is_read() { None } else { self.reading().value(slot) };
        alone.unwrap_or_else(|| self.environment().get(slot).clone())
    }

    /// Values of earlier protocol versions that have no place in this one; they count as missing.
    pub fn misfits(&self) -> &[String] {
        &self.full().misfits
    }

    /// The records of a form: of one that repeats, with the fields of its record type in the order of the schedule; of
    /// one that is filled once, at most one, with its items in order.
    pub fn records(&self, form: &str) -> Vec<Record> {
        if let Some(records) = self.full().records.get(form) {
            return records.clone();
        }
        let Some(slots) = self.compiled.forms.get(form).map(|f| &f.slots) else { return Vec::new() };
        let value = |slot: &Option<rules::Slot>| {
            slot.map_or(Value::NOT_YET_KNOWN, |s| self.full().values.get(s).clone())
        };
        self.given(form).map(|(key, _)| (key.clone(), slots.iter().map(value).collect())).collect()
    }

    /// The fillings of a form that were not declared not to come.
    pub(super) fn given(&self, form: &str) -> impl Iterator<Item = (&'a FormKey, &'a Filled)> {
        let mine = of_form(self.forms(), form).iter().copied();
        mine.filter(|(_, filled)| filled.status != FormStatus::NotApplicable)
    }

    /// One filled form with the history of its values.
    pub fn filled(&self, key: &FormKey) -> Option<&'a Filled> {
        let key = crate::adopted::normal(self.compiled, key);
        let at = self.forms().binary_search_by(|(k, _)| (*k).cmp(&key)).ok()?;
        self.forms().get(at).map(|(_, f)| *f)
    }

    /// Every filled form that is dated up to the cut-off.
    pub fn forms(&self) -> &[(&'a FormKey, &'a Filled)] {
        &self.dated().forms
    }

    /// These forms as a participant comes to them: those of the steps, those of the schedule, the others; within a form
    /// in the order of filling.
    pub fn forms_in_order(&self) -> Vec<(&'a FormKey, &'a Filled)> {
        let protocol = &self.compiled.protocol;
        let mut sorted = self.forms().to_vec();
        sorted.sort_by_key(|(key, _)| {
            let step = protocol.steps.values().position(|s| s.form == key.form.as_str());
            let visit = key.visit.as_ref().and_then(|v| protocol.schedule.get_index_of(v.as_str()));
            let form = protocol.forms.get_index_of(key.form.as_str());
            (step.is_none(), step, visit.is_none(), visit, form, key.number)
        });
        sorted
    }

    pub fn consents(&self) -> impl Iterator<Item = &'a Consent> {
        self.participant.consents.iter().filter(|c| self.seen(c.on))
    }

    /// Steps at which the participant was found ineligible afterwards, with the criterion: a judgement about the day of
    /// registration, whenever it was made.
    pub fn ineligible(&self) -> &'a [(StepId, String, Date)] {
        &self.participant.ineligible
    }

    pub fn off_treatment(&self) -> Option<(Date, &'a str)> {
        let (on, why, _) = self.participant.off_treatment.as_ref()?;
        self.seen(*on).then_some((*on, why.as_str()))
    }

    pub fn withdrawals(&self) -> impl Iterator<Item = &'a Withdrawal> {
        self.participant.withdrawals.iter().filter(|w| self.seen(w.on))
    }

    /// Whether data and specimens are not to be used: then no form is seen, only that the participant took part.
    pub fn data_withdrawn(&self) -> bool {
        self.withdrawals().any(|w| w.scope == WithdrawalScope::DataAndSpecimens)
    }

    pub(super) fn sees_arms(&self) -> bool {
        self.sees_arm
    }

    /// Whether a form is kept from this viewer because its being there would tell the arm.
    pub(super) fn keeps_arm(&self, key: &FormKey) -> bool {
        view_hides(self.compiled, key, self.sees_arm)
    }

    /// Whether a form is not shown: for its arm, or because the data may no longer be used.
    pub(super) fn hides(&self, key: &FormKey) -> bool {
        self.data_withdrawn() || self.keeps_arm(key)
    }
}

/// A form that is expected of some arms only tells the arm by being there.
fn view_hides(compiled: &Compiled, key: &FormKey, sees_arm: bool) -> bool {
    !sees_arm && tells_arm(compiled, key.form.as_str())
}

pub(super) fn tells_arm(compiled: &Compiled, form: &str) -> bool {
    let Some(arm) = compiled.dictionary.slot("participant.arm") else { return false };
    let mut visits = compiled.protocol.schedule.iter().filter(|(_, v)| v.form == form);
    visits.any(|(id, _)| compiled.visits.get(id).is_some_and(|rule| rule.slots().contains(&arm)))
}
