//! Virtual participants and sites that send commands like real ones.
//!
//! `simulation.yaml` says who comes, what they are like and what happens to them; the run sends the same commands that
//! a site would, in order of time, through `conduct`. Same seed, same ledger. What a simulation was tuned to is stated
//! in the plan's `calibration`.
#![forbid(unsafe_code)]

mod draw;
mod generate;
mod latent;
mod load;
mod person;
mod plan;
mod run;

pub use draw::Stream;
pub use generate::GenerateError;
pub use load::PlanFileError;
pub use plan::{FormPlan, Plan};
pub use run::{Request, SimulationError, Summary, rehearse, seeds, simulate};
