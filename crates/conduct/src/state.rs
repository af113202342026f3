//! The folded state of one study: what `apply` makes of the ledger. It knows no protocol.

use crate::event::*;
use crate::ids::*;
use crate::reason::Reason;
use crate::role::Role;
use crate::shelf::Shelf;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use ledger::{Hash, Head};
use rules::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use words::Text;

/// A copy costs next to nothing: what can be large is shared until it changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The study's name in the ledger; empty before the first entry.
    pub study: Arc<str>,
    pub head: Head,
    pub last_at: Option<Timestamp>,
    pub opening: Option<Arc<Opening>>,
    pub protocols: Arc<Vec<ProtocolVersion>>,
    pub sites: Arc<BTreeMap<SiteId, Site>>,
    pub people: Arc<BTreeMap<PersonId, Person>>,
    /// Index = participant id - 1.
    pub participants: Shelf<Participant>,
    /// Per step, index = number - 1: who holds the number.
    pub numbers: BTreeMap<StepId, Shelf<ParticipantId>>,
    /// Per step: how many registrations hold, cancelled ones left out.
    pub registered: BTreeMap<StepId, u32>,
    pub tables: BTreeMap<AllocationId, Arc<Table>>,
    /// Index = query id - 1.
    pub queries: Shelf<Query>,
    /// Steps at which accrual is held.
    pub held: BTreeSet<StepId>,
    pub looks: Arc<Vec<Look>>,
    /// Files from which data were taken over.
    pub imports: Arc<Vec<Import>>,
    pub refused: Shelf<Attempt>,
    /// Entries whose content was erased.
    pub erased: Arc<BTreeSet<u64>>,
    pub letters: Arc<crate::letter::Letters>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    pub nature: Nature,
    pub timezone: TimeZone,
    pub seeds: BTreeMap<AllocationId, Hash>,
    pub revealed: BTreeMap<AllocationId, [u8; 32]>,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProtocolVersion {
    pub version: String,
    pub protocol: Hash,
    pub effective: Date,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub name: Text,
    pub country: String,
    pub joined: Date,
    pub approvals: Vec<SiteApproval>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SiteApproval {
    pub approval: String,
    pub version: String,
    pub decided_on: Date,
    pub effective_from: Date,
    pub expires_on: Option<Date>,
    pub received_on: Date,
    pub document: Option<Hash>,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub name: Text,
    /// Roles held now, each with its site for a site role.
    pub roles: Vec<(Role, Option<SiteId>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    pub id: ParticipantId,
    pub site: SiteId,
    pub consents: Vec<Consent>,
    pub withdrawals: Vec<Withdrawal>,
    // Shared between earlier and later states, and small where there are few: a map keeps room for eleven.
    pub registrations: BTreeMap<StepId, Arc<Registration>>,
    pub allocations: BTreeMap<AllocationId, Arc<ArmGiven>>,
    /// Found ineligible after registration: step, criterion, day it was recorded.
    pub ineligible: Vec<(StepId, String, Date)>,
    /// Day, why, and the entry that says so; the last word holds.
    pub off_treatment: Option<(Date, String, u64)>,
    pub forms: BTreeMap<FormKey, Arc<Filled>>,
    /// Index in `State::queries` of this participant's queries.
    pub queries: Vec<QueryId>,
    /// The entry that took the participant over from a file, and what the file calls them.
    pub imported: Option<(u64, Arc<str>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    pub document: String,
    pub version: String,
    pub on: Date,
    pub explained_by: PersonId,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Withdrawal {
    pub scope: WithdrawalScope,
    pub on: Date,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    pub number: u32,
    pub on: Date,
    pub seq: u64,
    pub protocol: Hash,
    pub cancelled: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ArmGiven {
    pub arm: ArmId,
    /// The (virtual) arm in the tables.
    pub chosen: String,
    /// The entry that tells how.
    pub seq: u64,
    pub on: Date,
    pub factors: Vec<(String, String)>,
    /// Told by a file; not drawn here.
    pub imported: bool,
}

/// A filled form with the whole history of every value.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    pub status: FormStatus,
    pub values: BTreeMap<ItemId, Vec<Given>>,
    /// The day on which it was opened, in the study's time zone.
    pub opened: Date,
    /// The last entry that touched it.
    pub seq: u64,
    pub protocol: Hash,
}

impl Filled {
    /// The value that holds now.
    pub fn value(&self, item: &str) -> Option<&Value> {
        self.values.get(item).and_then(|v| v.last()).map(|g| &g.value)
    }
}

/// One value as it was given: the entry `seq` tells who, when and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub value: Value,
    pub seq: u64,
    /// For a list of records: the names of its columns.
    pub columns: Option<Arc<[String]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormStatus {
    Incomplete,
    Complete,
    NotApplicable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryStatus {
    Open,
    Answered,
    Closed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub id: QueryId,
    pub participant: ParticipantId,
    pub form: FormKey,
    pub item: ItemId,
    /// The check that raised it; empty when a person did.
    pub check: String,
    pub text: Text,
    pub status: QueryStatus,
    pub raised: (Timestamp, u64),
    pub answers: Vec<(String, Timestamp, u64)>,
    /// What the data manager wrote when an answer did not settle it.
    pub returns: Vec<(String, Timestamp, u64)>,
    pub closed: Option<(Timestamp, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub cutoff: Date,
    pub opened: String,
    pub for_whom: String,
    pub at: Timestamp,
    pub seq: u64,
}

/// A file from which data were taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    pub name: String,
    /// SHA-256 of the file.
    pub file: Hash,
    pub rows: u64,
    /// SHA-256 of the map, whose text the ledger holds.
    pub map: Hash,
    pub source: Text,
    /// What is no fact of the file.
    pub constructed: Vec<Text>,
    pub at: Timestamp,
    pub seq: u64,
}

/// A registration that was refused, for the flow chart and the monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub participant: ParticipantId,
    pub step: StepId,
    /// The day for which registration was asked.
    pub on: Date,
    pub at: Timestamp,
    pub seq: u64,
    pub outcome: Outcome,
    pub criteria: Vec<CriterionOutcome>,
    pub reasons: Vec<Reason>,
}

/// Running counts of one allocation. Kept in state for speed, rebuilt from the ledger by `verify`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// How many allocations were made: the next generator counter.
    pub made: u64,
    /// Factor, level, (virtual) arm: how many were allocated.
    pub counts: Counts,
    /// Of these, the ones found ineligible afterwards.
    pub ineligible: Counts,
    /// Blocks: stratum to its open block.
    pub blocks: BTreeMap<Arc<str>, Arc<OpenBlock>>,
}

/// Factor, level, (virtual) arm: a count.
pub type Counts = BTreeMap<Arc<str>, Arc<Levels>>;

/// Level, (virtual) arm: a count.
pub type Levels = BTreeMap<Arc<str>, Arc<BTreeMap<Arc<str>, u32>>>;

/// The last block of a stratum and what was given from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenBlock {
    /// Dense from 1.
    pub block: u32,
    pub size: u32,
    pub given: BTreeMap<Arc<str>, u32>,
}

impl OpenBlock {
    /// How many of the block's places are taken.
    pub fn taken(&self) -> u32 {
        self.given.values().sum()
    }
}

impl State {
    pub fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.participants.get((id.0 as usize).checked_sub(1)?)
    }

    pub fn query(&self, id: QueryId) -> Option<&Query> {
        self.queries.get((id.0 as usize).checked_sub(1)?)
    }

    /// Holds what is the same in another state of this study once for both; changes nothing. Two states that were made
    /// apart, one from a snapshot and one from the ledger, then take hardly more memory than one.
    pub fn share_with(&mut self, other: &State) {
        self.participants.share_with(&other.participants, Participant::with_parts_of);
        self.queries.share_with(&other.queries, |_, _| None);
        self.refused.share_with(&other.refused, |_, _| None);
        for (step, numbers) in &mut self.numbers {
            if let Some(theirs) = other.numbers.get(step) {
                numbers.share_with(theirs, |_, _| None);
            }
        }
    }

    /// The day on which this moment lies in the study's time zone. Before the study is opened: in UTC.
    pub fn day(&self, at: Timestamp) -> Date {
        let zone = self.opening.as_ref().map_or(TimeZone::UTC, |o| o.timezone.clone());
        at.to_zoned(zone).date()
    }

    /// Whether the person holds this role now, for a site role at this site.
    pub fn holds(&self, person: &str, role: Role, site: Option<&SiteId>) -> bool {
        let wanted = if role.of_a_site() { site } else { None };
        (!role.of_a_site() || site.is_some())
            && self
                .people
                .get(person)
                .is_some_and(|p| p.roles.iter().any(|(r, s)| *r == role && s.as_ref() == wanted))
    }

    pub fn nature(&self) -> Option<Nature> {
        self.opening.as_ref().map(|o| o.nature)
    }
}

impl Participant {
    /// The same, with those parts of the other that are equal; none where there are no more of them.
    fn with_parts_of(&self, other: &Participant) -> Option<Participant> {
        fn equal<K: Ord + Clone, V: PartialEq>(
            mine: &BTreeMap<K, Arc<V>>,
            theirs: &BTreeMap<K, Arc<V>>,
        ) -> Vec<(K, Arc<V>)> {
            let other = |key, part: &Arc<V>| theirs.get(key).filter(|t| !Arc::ptr_eq(t, part) && *t == part);
            mine.iter().filter_map(|(key, part)| Some((key.clone(), other(key, part)?.clone()))).collect()
        }
        let registrations = equal(&self.registrations, &other.registrations);
        let allocations = equal(&self.allocations, &other.allocations);
        let forms = equal(&self.forms, &other.forms);
        if registrations.is_empty() && allocations.is_empty() && forms.is_empty() {
            return None;
        }
        let mut out = self.clone();
        out.registrations.extend(registrations);
        out.allocations.extend(allocations);
        out.forms.extend(forms);
        Some(out)
    }

    /// The registration at this step, unless it was cancelled.
    pub fn registration(&self, step: &str) -> Option<&Registration> {
        self.registrations.get(step).map(Arc::as_ref).filter(|r| !r.cancelled)
    }
}
