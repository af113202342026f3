//! Who may do and see what: one constant table.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    DataManager,
    Statistician,
    StudyChair,
    Investigator,
    Coordinator,
    Monitor,
    Auditor,
    SafetyCommittee,
    /// The engine itself: queries it raises, warnings it writes.
    System,
}

impl Role {
    pub const ALL: [Role; 9] = [
        Role::DataManager,
        Role::Statistician,
        Role::StudyChair,
        Role::Investigator,
        Role::Coordinator,
        Role::Monitor,
        Role::Auditor,
        Role::SafetyCommittee,
        Role::System,
    ];

    /// As the ledger writes it.
    pub fn name(self) -> &'static str {
        match self {
            Role::DataManager => "data_manager",
            Role::Statistician => "statistician",
            Role::StudyChair => "study_chair",
            Role::Investigator => "investigator",
            Role::Coordinator => "coordinator",
            Role::Monitor => "monitor",
            Role::Auditor => "auditor",
            Role::SafetyCommittee => "safety_committee",
            Role::System => "system",
        }
    }

    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.name() == name)
    }

    /// Whether the role sees one site only.
    pub fn of_a_site(self) -> bool {
        matches!(self, Role::Investigator | Role::Coordinator)
    }
}

/// Something that a person may or may not do or see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    OpenStudy,
    AdoptProtocol,
    JoinSite,
    RecordApproval,
    GrantRole,
    RevokeRole,
    ImportData,
    GiveConsent,
    WithdrawConsent,
    Register,
    CancelRegistration,
    FindIneligible,
    GoOffTreatment,
    SaveForm,
    ReopenForm,
    DeclareNotApplicable,
    RaiseQuery,
    AnswerQuery,
    ReturnQuery,
    CloseQuery,
    HoldAccrual,
    ReleaseAccrual,
    HoldLook,
    RevealSeed,
    AdoptLetter,
    CommentLetter,
    SignLetter,
    IssueLetter,
    AskForLetter,
    HandOverLetter,
    WarnOfClock,
    /// Sites, approvals, accrual.
    SeeStudy,
    /// Participants with their forms and queries.
    SeeParticipants,
    /// The arm of one participant.
    SeeArm,
    /// Counts, imbalance, probabilities and draw of an allocation.
    SeeReplay,
    /// Results by arm, where a look or the study's nature allows them at all.
    SeeResultsByArm,
    SeeLedger,
    Verify,
}

/// How far a right reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    Nothing,
    OwnSite,
    Everything,
}

use Reach::{Everything as A, Nothing as N, OwnSite as S};

/// Role by action. Columns in the order of [`Role::ALL`].
#[rustfmt::skip]
pub const RIGHTS: &[(Action, [Reach; 9])] = &[
    //                              data stat chai inve coor moni audi safe syst
    (Action::OpenStudy,            [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::AdoptProtocol,        [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::JoinSite,             [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::RecordApproval,       [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::GrantRole,            [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::RevokeRole,           [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::ImportData,           [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::GiveConsent,          [A,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::WithdrawConsent,      [A,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::Register,             [A,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::CancelRegistration,   [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::FindIneligible,       [A,   N,   A,   N,   N,   N,   N,   N,   N]),
    (Action::GoOffTreatment,       [A,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::SaveForm,             [A,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::ReopenForm,           [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::DeclareNotApplicable, [A,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::RaiseQuery,           [A,   A,   A,   N,   N,   A,   N,   N,   A]),
    (Action::AnswerQuery,          [N,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::ReturnQuery,          [A,   N,   N,   N,   N,   A,   N,   N,   N]),
    (Action::CloseQuery,           [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::HoldAccrual,          [A,   N,   A,   N,   N,   N,   N,   A,   N]),
    (Action::ReleaseAccrual,       [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::HoldLook,             [A,   A,   N,   N,   N,   N,   N,   N,   N]),
    (Action::RevealSeed,           [A,   A,   N,   N,   N,   N,   N,   N,   N]),
    (Action::AdoptLetter,          [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::CommentLetter,        [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::SignLetter,           [N,   N,   A,   N,   N,   N,   N,   N,   N]),
    (Action::IssueLetter,          [A,   N,   N,   N,   N,   N,   N,   N,   N]),
    (Action::AskForLetter,         [N,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::HandOverLetter,       [N,   N,   N,   S,   S,   N,   N,   N,   N]),
    (Action::WarnOfClock,          [N,   N,   N,   N,   N,   N,   N,   N,   A]),
    (Action::SeeStudy,             [A,   A,   A,   A,   A,   A,   A,   A,   N]),
    (Action::SeeParticipants,      [A,   A,   A,   S,   S,   A,   A,   A,   N]),
    (Action::SeeArm,               [A,   A,   N,   S,   S,   N,   A,   A,   N]),
    (Action::SeeReplay,            [A,   A,   N,   N,   N,   N,   A,   N,   N]),
    (Action::SeeResultsByArm,      [A,   A,   N,   N,   N,   N,   A,   A,   N]),
    (Action::SeeLedger,            [A,   A,   N,   S,   S,   A,   A,   N,   N]),
    (Action::Verify,               [A,   A,   A,   A,   A,   A,   A,   A,   N]),
];

/// How far `role` may do or see this.
pub fn reach(role: Role, action: Action) -> Reach {
    let column = Role::ALL.iter().position(|r| *r == role);
    let row = RIGHTS.iter().find(|(a, _)| *a == action);
    row.zip(column).and_then(|((_, row), c)| row.get(c)).copied().unwrap_or(Reach::Nothing)
}

/// The table as text: rows are actions, columns roles.
pub fn matrix() -> String {
    use std::fmt::Write;
    let mut out = format!("{:<22}", "");
    Role::ALL.iter().for_each(|r| out.push_str(&format!(" {:<16}", r.name())));
    for (action, row) in RIGHTS {
        let _ = write!(out, "\n{:<22}", format!("{action:?}"));
        for reach in row {
            let word = match reach {
                Reach::Nothing => "-",
                Reach::OwnSite => "own site",
                Reach::Everything => "all",
            };
            let _ = write!(out, " {word:<16}");
        }
    }
    out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}
