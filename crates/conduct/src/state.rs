//! The folded state of one study: what `apply` makes of the ledger. It knows no protocol.

use crate::event::*;
use crate::ids::*;
use crate::role::Role;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use ledger::{Hash, Head};
use rules::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use words::Text;

#[derive(Clone, Debug, Default)]
pub struct State {
    pub head: Option<Head>,
    pub last_at: Option<Timestamp>,
    pub opening: Option<Opening>,
    pub protocols: Vec<ProtocolVersion>,
    pub sites: BTreeMap<SiteId, Site>,
    pub people: BTreeMap<PersonId, Person>,
    /// Index = participant id - 1. Shared, so that a reader's copy of the state is cheap.
    pub participants: Vec<Arc<Participant>>,
    /// Per step, index = number - 1: who holds the number.
    pub numbers: BTreeMap<StepId, Vec<ParticipantId>>,
    pub tables: BTreeMap<AllocationId, Table>,
    pub queries: Vec<Arc<Query>>,
    pub held: BTreeMap<StepId, bool>,
    pub looks: Vec<Look>,
    pub refused: Vec<Attempt>,
}

#[derive(Clone, Debug)]
pub struct Opening {
    pub nature: Nature,
    pub timezone: TimeZone,
    pub seeds: BTreeMap<AllocationId, Hash>,
    pub revealed: BTreeMap<AllocationId, [u8; 32]>,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct ProtocolVersion {
    pub version: String,
    pub protocol: Hash,
    pub effective: Date,
    pub seq: u64,
}

#[derive(Clone, Debug)]
pub struct Site {
    pub name: Text,
    pub country: String,
    pub joined: Date,
    pub approvals: Vec<SiteApproval>,
}

#[derive(Clone, Debug)]
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

#[derive(Clone, Debug)]
pub struct Person {
    pub name: Text,
    /// Roles held now, each with its site for a site role.
    pub roles: Vec<(Role, Option<SiteId>)>,
}

#[derive(Clone, Debug)]
pub struct Participant {
    pub id: ParticipantId,
    pub site: SiteId,
    pub consents: Vec<Consent>,
    pub withdrawals: Vec<Withdrawal>,
    pub registrations: BTreeMap<StepId, Registration>,
    pub allocations: BTreeMap<AllocationId, ArmGiven>,
    pub ineligible: Vec<(StepId, String, Date)>,
    pub off_treatment: Option<(Date, String)>,
    pub forms: BTreeMap<FormKey, Filled>,
}

#[derive(Clone, Debug)]
pub struct Consent {
    pub document: String,
    pub version: String,
    pub on: Date,
    pub explained_by: PersonId,
    pub seq: u64,
}

#[derive(Clone, Debug)]
pub struct Withdrawal {
    pub scope: WithdrawalScope,
    pub on: Date,
    pub seq: u64,
}

#[derive(Clone, Debug)]
pub struct Registration {
    pub number: u32,
    pub on: Date,
    pub seq: u64,
    pub protocol: Hash,
    pub cancelled: bool,
}

#[derive(Clone, Debug)]
pub struct ArmGiven {
    pub arm: ArmId,
    /// The entry that tells how.
    pub seq: u64,
    pub on: Date,
    pub factors: Vec<(String, String)>,
}

/// A filled form with the whole history of every value.
#[derive(Clone, Debug)]
pub struct Filled {
    pub status: FormStatus,
    pub values: BTreeMap<ItemId, Vec<Given>>,
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
#[derive(Clone, Debug)]
pub struct Given {
    pub value: Value,
    pub seq: u64,
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

#[derive(Clone, Debug)]
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
    pub closed: Option<(Timestamp, u64)>,
}

#[derive(Clone, Debug)]
pub struct Look {
    pub cutoff: Date,
    pub opened: String,
    pub for_whom: String,
    pub at: Timestamp,
    pub seq: u64,
}

/// A registration that was refused, for the flow chart and the monitor.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub participant: ParticipantId,
    pub step: StepId,
    pub at: Timestamp,
    pub seq: u64,
    pub outcome: Outcome,
    pub criteria: Vec<CriterionOutcome>,
    pub reasons: Vec<Reason>,
}

/// Running counts of one allocation. Kept in state for speed, rebuilt from the ledger by `verify`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// How many allocations were made: the next generator counter.
    pub made: u64,
    /// (factor, level) to counts by (virtual) arm name.
    pub counts: BTreeMap<(String, String), BTreeMap<String, u32>>,
    /// Blocks: stratum to the arms still to give in the open block.
    pub blocks: BTreeMap<String, OpenBlock>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OpenBlock {
    pub block: u32,
    pub size: u32,
    pub left: BTreeMap<String, u32>,
}
