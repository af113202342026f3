//! What is expected of a participant on a day: a function of the schedule and the facts, stored nowhere.

use super::participant::{ParticipantView, tells_arm};
use crate::ids::*;
use crate::state::FormStatus;
use jiff::civil::Date;
use protocol::Visit;
use rules::{Duration, Verdict};
use std::cell::LazyCell;

/// One visit's form of one participant, whether anybody opened it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub participant: ParticipantId,
    pub site: SiteId,
    pub form: FormKey,
    pub visit: VisitId,
    pub due: Date,
    /// The window in which the visit is as planned, both ends included.
    pub from: Date,
    pub to: Date,
    pub status: Expectation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Its window has not opened.
    NotYetDue,
    /// Its window is open and nothing complete is there.
    Due,
    /// Its window closed this many days ago.
    Overdue {
        days: i32,
    },
    /// The form is complete; on the day it tells of, if that is fully known.
    Done {
        on: Option<Date>,
        in_window: Option<bool>,
    },
    NotApplicable,
    /// The participant's observation, or what the visit is for, ended before its window closed.
    Ended,
}

/// No schedule repeats more often than this.
const MOST: u32 = 1000;

/// A form that is overdue on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue<'a> {
    pub participant: ParticipantId,
    pub site: &'a SiteId,
    /// Its window closed this many days ago.
    pub days: i32,
}

/// One visit's form of one participant: [`Expected`] before anything is copied.
struct Occasion<'v> {
    visit: &'v str,
    form: &'v str,
    number: u32,
    due: Date,
    from: Date,
    to: Date,
    status: Expectation,
}

impl<'a> ParticipantView<'a> {
    /// Everything that has fallen due by `day`, and of each visit the next that has not.
    pub fn expected(&self, day: Date) -> Vec<Expected> {
        let mut out = Vec::new();
        self.occasions(day, &mut |o| {
            let visit: VisitId = o.visit.into();
            let form = FormKey { form: o.form.into(), visit: Some(visit.clone()), number: o.number };
            let (participant, site) = (self.id(), self.site().clone());
            let Occasion { due, from, to, status, .. } = o;
            out.push(Expected { participant, site, form, visit, due, from, to, status });
        });
        out
    }

    /// Of [`expected`](Self::expected) what is overdue.
    pub fn overdue(&self, day: Date) -> Vec<Overdue<'a>> {
        let mut out = Vec::new();
        self.occasions(day, &mut |o| {
            if let Expectation::Overdue { days } = o.status {
                out.push(Overdue { participant: self.id(), site: self.site(), days });
            }
        });
        out
    }

    fn occasions(&self, day: Date, each: &mut dyn FnMut(Occasion<'_>)) {
        // The forms are read only where the answer depends on what they say.
        let ended = LazyCell::new(|| self.ended());
        for (id, visit) in &self.compiled.protocol.schedule {
            self.visit(id, visit, day, &|| *ended, each);
        }
    }

    fn visit(
        &self,
        id: &str,
        visit: &Visit,
        day: Date,
        ended: &dyn Fn() -> Option<Date>,
        each: &mut dyn FnMut(Occasion<'_>),
    ) {
        let Some(anchor) = self.registration(&visit.anchor).map(|r| r.on) else { return };
        if !self.sees_arms() && tells_arm(self.compiled, &visit.form) {
            return;
        }
        let wanted = LazyCell::new(|| {
            self.compiled.visits.get(id).is_none_or(|rule| self.verdict(rule) == Verdict::True)
        });
        let until = LazyCell::new(|| {
            let until = visit.until.iter().filter_map(|u| match self.registration(u) {
                Some(r) => Some(r.on),
                None => self.fact_day(u),
            });
            until.chain(ended()).min()
        });
        for number in 1..=MOST {
            let Some(due) = due(visit, anchor, number) else { return };
            if visit.last.is_some_and(|last| last.add_to(anchor).is_none_or(|last| due > last)) {
                return;
            }
            let from = visit.window.before.and_then(|b| b.negated().add_to(due)).unwrap_or(due);
            let to = visit.window.after.and_then(|a| a.add_to(due)).unwrap_or(due);
            let form = visit.form.as_str();
            let status = self.status((form, id, number), day, (from, to), &|| *until, &|| *wanted);
            if let Some(status) = status {
                // A visit that ended before it could begin is not listed.
                if !(status == Expectation::Ended && until.is_some_and(|u| u < from)) {
                    each(Occasion { visit: id, form, number, due, from, to, status });
                }
            }
            if from > day || visit.every.is_none() {
                return;
            }
        }
    }

    fn status(
        &self,
        form: (&str, &str, u32),
        day: Date,
        (from, to): (Date, Date),
        until: &dyn Fn() -> Option<Date>,
        wanted: &dyn Fn() -> bool,
    ) -> Option<Expectation> {
        // In the order of form keys.
        let compared = |key: &FormKey| {
            let visit = key.visit.as_ref().map(VisitId::as_str);
            (key.form.as_str(), visit, key.number).cmp(&(form.0, Some(form.1), form.2))
        };
        if self.straddling().iter().any(|key| compared(key).is_eq()) {
            return None;
        }
        let found = self.forms().binary_search_by(|(key, _)| compared(key)).ok();
        if let Some((key, filled)) = found.and_then(|at| self.forms().get(at)) {
            match filled.status {
                FormStatus::Complete => {
                    let on = self.form_day(key, filled);
                    let in_window = on.and_then(|on| {
                        let (after, before) = (on.earliest() >= from, on.latest() <= to);
                        let outside = on.latest() < from || on.earliest() > to;
                        if after && before { Some(true) } else { outside.then_some(false) }
                    });
                    return Some(Expectation::Done { on: on.and_then(|d| d.day()), in_window });
                }
                FormStatus::NotApplicable => return Some(Expectation::NotApplicable),
                FormStatus::Incomplete => {}
            }
        }
        // Whether it is expected cannot be told: it is not demanded, nor is it called done.
        if !wanted() {
            return None;
        }
        Some(if until().is_some_and(|until| until <= to) {
            Expectation::Ended
        } else if day < from {
            Expectation::NotYetDue
        } else if day <= to {
            Expectation::Due
        } else {
            Expectation::Overdue { days: (day - to).get_days() }
        })
    }
}

/// The due day of occurrence `number`: months are counted from the anchor, so that the 31st does not drift.
pub(crate) fn due(visit: &Visit, anchor: Date, number: u32) -> Option<Date> {
    let repeats = i32::try_from(number.checked_sub(1)?).ok()?;
    let (months, days) = visit.at.parts();
    let (more_months, more_days) = match visit.every {
        Some(every) => every.parts(),
        None if repeats == 0 => (0, 0),
        None => return None,
    };
    let months = months.checked_add(more_months.checked_mul(repeats)?)?;
    let days = days.checked_add(more_days.checked_mul(repeats)?)?;
    Duration::days(days).add_to(Duration::months(months).add_to(anchor)?)
}
