//! What is expected of a participant on a day: a function of the schedule and the facts, stored nowhere.

use super::participant::{ParticipantView, tells_arm};
use crate::ids::*;
use crate::state::FormStatus;
use jiff::civil::Date;
use protocol::Visit;
use rules::{Duration, Verdict};

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

impl ParticipantView<'_> {
    /// Everything that has fallen due by `day`, and of each visit the next that has not.
    pub fn expected(&self, day: Date) -> Vec<Expected> {
        let mut out = Vec::new();
        let ended = self.ended();
        for (id, visit) in &self.compiled.protocol.schedule {
            self.visit(id, visit, day, ended, &mut out);
        }
        out
    }

    fn visit(&self, id: &str, visit: &Visit, day: Date, ended: Option<Date>, out: &mut Vec<Expected>) {
        let Some(anchor) = self.registration(&visit.anchor).map(|r| r.on) else { return };
        if !self.sees_arms() && tells_arm(self.compiled, &visit.form) {
            return;
        }
        let wanted = self.compiled.visits.get(id).map_or(Verdict::True, |w| w.verdict(self.environment()));
        let until = visit.until.iter().filter_map(|u| match self.registration(u) {
            Some(r) => Some(r.on),
            None => self.fact_day(u),
        });
        let until = until.chain(ended).min();
        for number in 1..=MOST {
            let Some(due) = due(visit, anchor, number) else { return };
            if visit.last.is_some_and(|last| last.add_to(anchor).is_none_or(|last| due > last)) {
                return;
            }
            let from = visit.window.before.and_then(|b| b.negated().add_to(due)).unwrap_or(due);
            let to = visit.window.after.and_then(|a| a.add_to(due)).unwrap_or(due);
            let form = FormKey { form: visit.form.as_str().into(), visit: Some(id.into()), number };
            let status = self.status(&form, day, (from, to), until, &wanted);
            let next = from > day;
            if let Some(status) = status {
                // A visit that ended before it could begin is not listed.
                if !(status == Expectation::Ended && until.is_some_and(|u| u < from)) {
                    let (participant, site) = (self.id(), self.site().clone());
                    out.push(Expected { participant, site, form, visit: id.into(), due, from, to, status });
                }
            }
            if next || visit.every.is_none() {
                return;
            }
        }
    }

    fn status(
        &self,
        form: &FormKey,
        day: Date,
        (from, to): (Date, Date),
        until: Option<Date>,
        wanted: &Verdict,
    ) -> Option<Expectation> {
        if self.straddling.contains(form) {
            return None;
        }
        let found = self.forms.binary_search_by(|(k, _)| (*k).cmp(form)).ok();
        if let Some((key, filled)) = found.and_then(|at| self.forms.get(at)) {
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
        if *wanted != Verdict::True {
            return None;
        }
        Some(if until.is_some_and(|until| until <= to) {
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
