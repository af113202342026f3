//! What may happen in a trial: command and state to events; events to state; who may see what.
//!
//! ```text
//! decide(&Adopted, &State, Command, &Context) -> Result<Decision, Refusal>
//! apply(&mut State, &Entry, &Event)                    needs no protocol
//! view(&Adopted, &State, D, &Viewer) -> View           what this person may see
//! ```
//! Nothing here reads a clock, a generator or a store; [`Trial`] is the thin loop that joins them to a ledger.
#![forbid(unsafe_code)]

mod command;
mod event;
mod ids;
mod role;
mod state;

pub use command::*;
pub use event::*;
pub use ids::*;
pub use role::*;
pub use state::*;
