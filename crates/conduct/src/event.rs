//! What the ledger holds. Kinds and their payloads are settled: a change is a new kind version with an upcaster,
//! and the stored bytes stay as they were written.
//!
//! An event carries its decision: verdict, frozen factors, draw, and the hash of the protocol version under which
//! it was taken. When and by whom stands in the entry around it.

use crate::ids::*;
use crate::letter::{LetterAdopted, Vital};
use crate::reason::Reason;
use crate::role::{Action, Role};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::Hash;
use rules::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use words::Text;

/// Is this a real trial? Written in the opening event; printed wherever data are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// Real participants, trial under way: results by arm only at planned looks.
    Real,
    /// Virtual participants throughout.
    Simulated,
    /// A finished trial entered afterwards from its published data.
    Completed,
}

/// Values of a form by item. Items that are absent have not been touched.
pub type Values = BTreeMap<ItemId, Value>;

/// What happened. The variant's name is the entry's kind, its fields are the entry's payload (see [`crate::write`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    // the study
    StudyOpened {
        nature: Nature,
        /// IANA name. A day ends at midnight there.
        #[serde(with = "jiff::fmt::serde::tz::required")]
        timezone: TimeZone,
        /// SHA-256 of each allocation's sealed seed.
        seeds: BTreeMap<AllocationId, Hash>,
        /// Engine that opened the study.
        engine: String,
    },
    /// The canonical protocol is the blob `protocol`.
    ProtocolAdopted {
        version: String,
        protocol: Hash,
        effective: Date,
        /// SHA-256 of the sealed seeds of allocations that came with this version.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        seeds: BTreeMap<AllocationId, Hash>,
    },
    AccrualHeld {
        step: StepId,
    },
    AccrualReleased {
        step: StepId,
    },
    /// A look at results by arm: what was opened, for whom.
    LookHeld {
        cutoff: Date,
        opened: String,
        for_whom: String,
    },
    /// The sealed seed, told at the end so that anyone can recompute every draw (hex).
    SeedRevealed {
        allocation: AllocationId,
        seed: String,
    },
    /// The server's clock stood before the last entry's time.
    ClockWentBack {
        by_seconds: i64,
    },

    // sites and people
    SiteJoined {
        site: SiteId,
        name: Text,
        country: String,
    },
    ApprovalRecorded {
        site: SiteId,
        approval: String,
        version: String,
        decided_on: Date,
        effective_from: Date,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_on: Option<Date>,
        document: Option<Hash>,
        received_on: Date,
    },
    RoleGranted {
        person: PersonId,
        name: Text,
        role: Role,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<SiteId>,
    },
    RoleRevoked {
        person: PersonId,
        role: Role,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<SiteId>,
    },

    // data of a finished trial, taken over
    /// What follows comes from a file that is kept elsewhere, by the map that is the blob `map`.
    DataImported {
        /// The file's name and the SHA-256 of its bytes.
        name: String,
        file: Hash,
        bytes: u64,
        /// Rows of data in it.
        rows: u64,
        map: Hash,
        /// Where the file is from, and under which licence.
        source: Text,
        /// What the file does not tell and the map made up, such as the day from which its day numbers count.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        constructed: Vec<Text>,
    },
    /// A participant of an imported file. What consent there was is recorded elsewhere.
    ParticipantImported {
        participant: ParticipantId,
        site: SiteId,
        /// The entry that tells of the file.
        import: u64,
        /// What the file calls the participant.
        key: String,
    },
    /// The arm as the file tells it. Nothing was drawn here, so nothing can be drawn again.
    AllocationImported {
        participant: ParticipantId,
        allocation: AllocationId,
        arm: ArmId,
        /// The day of registration at the step that allocates.
        on: Date,
        protocol: Hash,
        import: u64,
    },

    // participants
    ConsentGiven {
        participant: ParticipantId,
        site: SiteId,
        document: String,
        version: String,
        on: Date,
        explained_by: PersonId,
    },
    ConsentWithdrawn {
        participant: ParticipantId,
        scope: WithdrawalScope,
        on: Date,
    },
    Registered(Registered),
    /// An attempt that did not register: ineligible, or it cannot be told.
    RegistrationRefused {
        participant: ParticipantId,
        step: StepId,
        /// The day for which registration was asked.
        on: Date,
        protocol: Hash,
        outcome: Outcome,
        criteria: Vec<CriterionOutcome>,
        /// Refusals that are not about criteria: consent, approval, window, cap, hold.
        reasons: Vec<Reason>,
    },
    /// A mistaken registration: the number stays used.
    RegistrationCancelled {
        participant: ParticipantId,
        step: StepId,
        number: u32,
    },
    Allocated(Allocated),
    /// Found ineligible after registration.
    FoundIneligible {
        participant: ParticipantId,
        step: StepId,
        criterion: String,
    },
    OffTreatment {
        participant: ParticipantId,
        on: Date,
        why: String,
    },

    // forms
    /// One save of one form: the values that this save sets. Changing an earlier value needs the entry's reason.
    FormSaved {
        participant: ParticipantId,
        form: FormKey,
        protocol: Hash,
        values: Values,
        /// For a value that is a list of records: the names of its columns, in order.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        columns: BTreeMap<ItemId, Vec<String>>,
    },
    /// The site says that the form is complete.
    FormCompleted {
        participant: ParticipantId,
        form: FormKey,
    },
    FormReopened {
        participant: ParticipantId,
        form: FormKey,
    },
    /// An expected form that will not come; the entry's reason says why.
    FormNotApplicable {
        participant: ParticipantId,
        form: FormKey,
    },

    // queries
    QueryRaised {
        query: QueryId,
        participant: ParticipantId,
        form: FormKey,
        item: ItemId,
        check: String,
        text: Text,
    },
    QueryAnswered {
        query: QueryId,
        text: String,
    },
    /// The answer did not settle it: it is open again.
    QueryReturned {
        query: QueryId,
        text: String,
    },
    QueryClosed {
        query: QueryId,
    },

    // letters
    /// The words of a letter, as they were put before the reviewers.
    LetterAdopted(LetterAdopted),
    /// What the patient representatives say of it.
    LetterCommented {
        text: Hash,
        comment: String,
    },
    /// Signed off: it may be handed over.
    LetterSigned {
        text: Hash,
    },
    /// A press release or summary left the group as final: how, and to whom.
    LetterIssued {
        text: Hash,
        how: String,
    },
    /// Whether a participant lives, and whether she or her family wishes to know the results.
    LetterAsked {
        participant: ParticipantId,
        vital: Vital,
        wishes: bool,
        on: Date,
    },
    LetterHandedOver {
        participant: ParticipantId,
        text: Hash,
        on: Date,
        how: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalScope {
    /// No more protocol treatment; follow-up goes on.
    Treatment,
    /// No more treatment and no more follow-up; what was collected stays.
    FollowUp,
    /// Data and specimens are not to be used.
    DataAndSpecimens,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    pub participant: ParticipantId,
    pub step: StepId,
    /// Dense per step from 1, never used twice.
    pub number: u32,
    /// The day of registration in the study's time zone.
    pub on: Date,
    pub protocol: Hash,
    pub criteria: Vec<CriterionOutcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Eligible,
    Ineligible,
    CannotTell,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionOutcome {
    pub id: String,
    pub outcome: Outcome,
    /// For `CannotTell`: the missing items, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// One allocation with all that is needed to check it without the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocated {
    pub participant: ParticipantId,
    pub allocation: AllocationId,
    pub arm: ArmId,
    pub protocol: Hash,
    /// Name and version of the algorithm: `minimisation/1`, `blocks/1`.
    pub algorithm: String,
    /// Factor item to level, frozen.
    pub factors: Vec<(String, String)>,
    /// Minimisation: per factor, counts by arm at the newcomer's level before this allocation, in the order of `arms`.
    pub counts: Vec<Vec<u32>>,
    /// The (virtual) arms in order, as `A` or `A#2`.
    pub arms: Vec<String>,
    /// Minimisation: imbalance per (virtual) arm, G times [`scale`](crate::allocation::Scheme::scale): whole numbers.
    pub imbalance: Vec<u64>,
    pub preferred: Vec<String>,
    /// Probability of each arm as numerators over `probability_total`.
    pub probabilities: Vec<u64>,
    pub probability_total: u64,
    /// Generator counter and the whole number drawn, 0 to `probability_total` - 1.
    pub counter: u64,
    pub drawn: u64,
    /// The (virtual) arm that the drawn number names.
    pub chosen: String,
    /// Blocks: stratum, block number, size, and position, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<BlockPlace>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockPlace {
    /// Levels of the factors in order, joined by ` / `.
    pub stratum: String,
    /// Dense from 1 within the stratum.
    pub block: u32,
    pub size: u32,
    pub position: u32,
}

impl Event {
    /// The right that writing this event takes.
    pub fn action(&self) -> Action {
        match self {
            Event::StudyOpened { .. } => Action::OpenStudy,
            Event::ProtocolAdopted { .. } => Action::AdoptProtocol,
            Event::AccrualHeld { .. } => Action::HoldAccrual,
            Event::AccrualReleased { .. } => Action::ReleaseAccrual,
            Event::LookHeld { .. } => Action::HoldLook,
            Event::SeedRevealed { .. } => Action::RevealSeed,
            Event::ClockWentBack { .. } => Action::WarnOfClock,
            Event::SiteJoined { .. } => Action::JoinSite,
            Event::ApprovalRecorded { .. } => Action::RecordApproval,
            Event::RoleGranted { .. } => Action::GrantRole,
            Event::RoleRevoked { .. } => Action::RevokeRole,
            Event::DataImported { .. }
            | Event::ParticipantImported { .. }
            | Event::AllocationImported { .. } => Action::ImportData,
            Event::ConsentGiven { .. } => Action::GiveConsent,
            Event::ConsentWithdrawn { .. } => Action::WithdrawConsent,
            Event::Registered(_) | Event::RegistrationRefused { .. } | Event::Allocated(_) => {
                Action::Register
            }
            Event::RegistrationCancelled { .. } => Action::CancelRegistration,
            Event::FoundIneligible { .. } => Action::FindIneligible,
            Event::OffTreatment { .. } => Action::GoOffTreatment,
            Event::FormSaved { .. } | Event::FormCompleted { .. } => Action::SaveForm,
            Event::FormReopened { .. } => Action::ReopenForm,
            Event::FormNotApplicable { .. } => Action::DeclareNotApplicable,
            Event::QueryRaised { .. } => Action::RaiseQuery,
            Event::QueryAnswered { .. } => Action::AnswerQuery,
            Event::QueryReturned { .. } => Action::ReturnQuery,
            Event::QueryClosed { .. } => Action::CloseQuery,
            Event::LetterAdopted(_) => Action::AdoptLetter,
            Event::LetterCommented { .. } => Action::CommentLetter,
            Event::LetterSigned { .. } => Action::SignLetter,
            Event::LetterIssued { .. } => Action::IssueLetter,
            Event::LetterAsked { .. } => Action::AskForLetter,
            Event::LetterHandedOver { .. } => Action::HandOverLetter,
        }
    }
}
