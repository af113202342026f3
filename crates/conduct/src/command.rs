//! What people ask for, with whom and when around it.

use crate::event::{Outcome, Values, WithdrawalScope};
use crate::ids::*;
use crate::letter::LetterAct;
use crate::reason::Reason;
use crate::role::Role;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use words::Text;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    AdoptProtocol {
        protocol: Hash,
    },
    JoinSite {
        site: SiteId,
        name: Text,
        country: String,
    },
    RecordApproval {
        site: SiteId,
        approval: String,
        version: String,
        decided_on: Date,
        effective_from: Date,
        expires_on: Option<Date>,
        document: Option<Hash>,
        received_on: Date,
    },
    GrantRole {
        person: PersonId,
        name: Text,
        role: Role,
        site: Option<SiteId>,
    },
    RevokeRole {
        person: PersonId,
        role: Role,
        site: Option<SiteId>,
    },
    /// Tells the ledger from which file the commands that follow are. The map's text goes with it as a file.
    ImportData {
        name: String,
        file: Hash,
        bytes: u64,
        rows: u64,
        map: Hash,
        source: Text,
        constructed: Vec<Text>,
    },
    /// Takes over a participant of the last imported file.
    ImportParticipant {
        site: SiteId,
        key: String,
    },
    /// Registers as [`Register`](Command::Register) does, by the same criteria, but with the arm that the file tells.
    ImportRegistration {
        participant: ParticipantId,
        step: StepId,
        on: Date,
        values: Values,
        arm: Option<ArmId>,
    },
    GiveConsent {
        site: SiteId,
        participant: Option<ParticipantId>,
        document: String,
        version: String,
        on: Date,
        explained_by: PersonId,
    },
    WithdrawConsent {
        participant: ParticipantId,
        scope: WithdrawalScope,
        on: Date,
    },
    /// Fills the step's form and asks for registration in one go. `confirmed` is the person's word that the verdict
    /// shown before was read; without it nothing is registered.
    Register {
        participant: ParticipantId,
        step: StepId,
        on: Date,
        values: Values,
        confirmed: bool,
    },
    CancelRegistration {
        participant: ParticipantId,
        step: StepId,
    },
    FindIneligible {
        participant: ParticipantId,
        step: StepId,
        criterion: String,
    },
    GoOffTreatment {
        participant: ParticipantId,
        on: Date,
        why: String,
    },
    SaveForm {
        participant: ParticipantId,
        form: FormKey,
        values: Values,
        complete: bool,
    },
    ReopenForm {
        participant: ParticipantId,
        form: FormKey,
    },
    DeclareNotApplicable {
        participant: ParticipantId,
        form: FormKey,
    },
    RaiseQuery {
        participant: ParticipantId,
        form: FormKey,
        item: ItemId,
        text: Text,
    },
    AnswerQuery {
        query: QueryId,
        text: String,
    },
    ReturnQuery {
        query: QueryId,
        text: String,
    },
    CloseQuery {
        query: QueryId,
    },
    HoldAccrual {
        step: StepId,
    },
    ReleaseAccrual {
        step: StepId,
    },
    HoldLook {
        cutoff: Date,
        opened: String,
        for_whom: String,
    },
    RevealSeed {
        allocation: AllocationId,
    },
    /// About a letter to the participants and what goes with it.
    Letter {
        letter: LetterAct,
    },
}

/// The world around a command: clock, identity and salt come in from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    pub now: Timestamp,
    /// Who asks, from the authenticated session only.
    pub person: PersonId,
    pub role: Role,
    /// The site for which a site role acts.
    pub site: Option<SiteId>,
    pub on_behalf: Option<PersonId>,
    pub reason: Option<String>,
    pub meaning: Option<String>,
    pub request: Option<String>,
    /// Thirty-two fresh random bytes: each event's salt is made from them. Real use takes them from the operating
    /// system, a simulation from its seed.
    pub salt: [u8; 32],
}

impl Context {
    pub fn new(now: Timestamp, person: &str, role: Role, salt: [u8; 32]) -> Context {
        Context {
            now,
            person: person.into(),
            role,
            site: None,
            on_behalf: None,
            reason: None,
            meaning: None,
            request: None,
            salt,
        }
    }

    pub fn at_site(mut self, site: &str) -> Context {
        self.site = Some(site.into());
        self
    }

    pub fn because(mut self, reason: &str) -> Context {
        self.reason = Some(reason.to_owned());
        self
    }

    pub fn on_behalf_of(mut self, person: &str) -> Context {
        self.on_behalf = Some(person.into());
        self
    }
}

/// Sealed seeds of the allocations, kept outside the ledger. Never printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds(pub BTreeMap<AllocationId, [u8; 32]>);

impl std::fmt::Debug for Seeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seeds({} sealed)", self.0.len())
    }
}

/// What a command brought about.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Done,
    Participant(ParticipantId),
    Registered {
        number: u32,
        arm: Option<ArmId>,
    },
    /// Recorded, but nobody was registered.
    NotRegistered {
        outcome: Outcome,
        reasons: Vec<Reason>,
    },
    Query(QueryId),
    /// The values are saved, but these required items keep the form from being complete.
    SavedIncomplete {
        reasons: Vec<Reason>,
    },
}
