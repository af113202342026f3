//! Names that must not be confused with each other.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $id:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $id(pub Arc<str>);

        impl $id {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $id {
            fn from(s: &str) -> Self {
                $id(s.into())
            }
        }
        impl std::borrow::Borrow<str> for $id {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(/// A participating site's code.
    SiteId);
name!(/// An account, as the ledger names a person.
    PersonId);
name!(/// A step of the protocol.
    StepId);
name!(/// A form of the protocol.
    FormId);
name!(/// An item of a form.
    ItemId);
name!(/// An arm. Code that serves blinded people must not be able to name one: it reaches them through `view` alone.
    ArmId);
name!(/// An allocation of the protocol.
    AllocationId);
name!(/// A visit of the schedule.
    VisitId);

/// A participant's number in the ledger, dense from 1, given at the first consent. Not a registration number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParticipantId(pub u32);

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A query's number within the study, dense from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueryId(pub u32);

/// Which filling of a form: the visit it belongs to (none for a form outside the schedule) and its number,
/// dense from 1 within participant, form and visit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FormKey {
    pub form: FormId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub number: u32,
}

fn first() -> u32 {
    1
}
fn is_first(n: &u32) -> bool {
    *n == 1
}

impl FormKey {
    pub fn once(form: &str) -> FormKey {
        FormKey { form: form.into(), visit: None, number: 1 }
    }
}
