//! How an indication stands on a day, in a place, as known at a time.

use super::{Approval, Certainty, Event, Knowledge, Place};
use jiff::civil::Date;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    InForce,
    /// In force in Japan and not on the price list.
    InForceNotReimbursed,
    Withdrawn,
    PositiveOpinion,
    UnderReview,
    NoneOnFile,
}

impl Status {
    pub fn code(self) -> &'static str {
        match self {
            Status::InForce => "in_force",
            Status::InForceNotReimbursed => "in_force_not_reimbursed",
            Status::Withdrawn => "withdrawn",
            Status::PositiveOpinion => "positive_opinion",
            Status::UnderReview => "under_review",
            Status::NoneOnFile => "none_on_file",
        }
    }

    pub fn is_in_force(self) -> bool {
        matches!(self, Status::InForce | Status::InForceNotReimbursed)
    }
}

/// What is asked: the state of things on a day, in a place, from the facts that could be known by a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    pub as_of: Date,
    pub place: Place,
    /// Only facts that could be known on that day; without it everything in the release, which answers "what do we
    /// think today of that day".
    pub known_at: Option<Date>,
}

/// How one regimen stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub status: Status,
    /// The wording in force, by its place in [`Knowledge::labels`].
    pub label: Option<usize>,
    /// The facts that carry the status, by their place in [`Knowledge::approvals`].
    pub rows: Vec<usize>,
}

/// The knowledge on one day in one place.
pub struct View<'k> {
    pub knowledge: &'k Knowledge,
    pub query: Query,
    /// From facts of certainty H alone, by regimen. Verdicts rest on these.
    pub firm: Vec<Standing>,
    /// From all facts, where they say something else; shown as unverified.
    pub all: Vec<Option<Standing>>,
}

impl Knowledge {
    /// Fixes the day and the place.
    pub fn view(&self, query: Query) -> View<'_> {
        let firm: Vec<Standing> =
            (0..self.regimens.len()).map(|r| self.standing(r, &query, Certainty::High)).collect();
        let all = firm
            .iter()
            .enumerate()
            .map(|(r, firm)| {
                let all = self.standing(r, &query, Certainty::Low);
                (all.status != firm.status || all.label != firm.label).then_some(all)
            })
            .collect();
        View { knowledge: self, query, firm, all }
    }

    /// How a regimen stands by the facts of at least this certainty.
    pub fn standing(&self, regimen: usize, query: &Query, least: Certainty) -> Standing {
        let counts = |a: &Approval| {
            a.place == query.place
                && a.certainty <= least
                && a.effective() <= query.as_of
                && query.known_at.is_none_or(|day| a.known_from <= day)
        };
        let mut own: Vec<usize> = (0..self.approvals.len())
            .filter(|i| self.approvals[*i].regimen == regimen && counts(&self.approvals[*i]))
            .collect();
        own.sort_by_key(|i| self.approvals[*i].effective());
        let (mut status, mut label, mut rows) = (Status::NoneOnFile, None, Vec::new());
        for at in own {
            let approval = &self.approvals[at];
            let in_force = status == Status::InForce;
            match approval.event {
                event if event.starts() => {
                    status = Status::InForce;
                    rows = vec![at];
                    label = self.labels.iter().position(|l| l.since.contains(&approval.id));
                }
                Event::Withdrawn => {
                    status = Status::Withdrawn;
                    rows = vec![at];
                    label = None;
                }
                Event::CommitteePositive if !in_force => {
                    status = Status::PositiveOpinion;
                    rows = vec![at];
                }
                Event::Filed
                | Event::PriorityReview
                | Event::TargetDate
                | Event::CommitteeNegative
                | Event::ReviewExtended
                    if !in_force =>
                {
                    status = Status::UnderReview;
                    rows = vec![at];
                }
                _ => {}
            }
        }
        if status == Status::InForce && query.place == Place::Jp {
            match self.listing(regimen, counts) {
                Some(row) if !rows.contains(&row) => rows.push(row),
                Some(_) => {}
                None => status = Status::InForceNotReimbursed,
            }
        }
        Standing { status, label, rows }
    }

    /// The fact by which the leading drug of a regimen is on the price list. Listing counts per drug; an indication that
    /// was seen in use is one of a listed drug.
    fn listing(&self, regimen: usize, counts: impl Fn(&Approval) -> bool) -> Option<usize> {
        let drug = self.regimens[regimen].leading_drug();
        (0..self.approvals.len()).find(|at| {
            let approval = &self.approvals[*at];
            matches!(approval.event, Event::Listed | Event::Launched | Event::InForceSeen)
                && self.regimens[approval.regimen].leading_drug() == drug
                && counts(approval)
        })
    }
}
