//! What may happen in a trial: command and state to events; events to state; who may see what.
//!
//! ```text
//! decide(&Adopted, &State, Command, &Context) -> Result<Decision, Refusal>
//! apply(&mut State, &Entry, &Event)                    needs no protocol
//! view(&Adopted, &State, D, &Viewer) -> View           what this person may see
//! ```
//! Nothing here reads a clock, a generator or a store; [`Trial`] is the thin loop that joins them to a ledger.
#![forbid(unsafe_code)]

mod adopted;
mod allocate;
pub mod allocation;
mod apply;
mod assess;
mod codec;
mod command;
mod decide;
mod environment;
mod event;
mod few;
mod gate;
mod ids;
mod lawful;
mod letter;
pub mod machine;
mod pack;
mod reason;
mod role;
mod shelf;
pub mod snapshot;
mod state;
mod trial;
mod values;
mod verify;
mod view;

pub use adopted::Adopted;
pub use allocate::next_allocation;
pub use apply::{apply, fold};
pub use assess::{Assessment, assess};
pub use codec::{EventError, KINDS, read, write};
pub use command::*;
pub use decide::{Decided, Decision, decide};
pub use environment::Record;
pub use event::*;
pub use ids::*;
pub use lawful::sealed;
pub use letter::*;
pub use reason::*;
pub use role::*;
pub use shelf::Shelf;
pub use state::*;
pub use trial::{Receipt, Trial, TrialError, entries, load};
pub use verify::{Erasure, Finding, Report, verify, verify_against};
pub use view::*;
