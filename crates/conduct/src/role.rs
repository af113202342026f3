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

    /// Whether the role sees one site only.
    pub fn of_a_site(self) -> bool {
        matches!(self, Role::Investigator | Role::Coordinator)
    }
}
