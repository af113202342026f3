//! Molecular profile, dated knowledge, treatment options and the class of each finding.
//!
//! The question: given this patient, on this date, in this place, what follows from each finding, why, and what is
//! missing? A [`Profile`] is read from JSON and checked against the concepts of a [`Knowledge`]; [`Knowledge::view`]
//! fixes the date and the place; [`View::options`] answers. Nothing reads a clock.
#![forbid(unsafe_code)]

pub mod adequacy;
mod bind;
mod consider;
mod findings;
mod knowledge;
pub mod lines;
mod options;
mod problem;
mod profile;
pub mod registry;
mod release;
mod routes;
mod strict;
mod told;

pub use bind::{Contradiction, Patient};
pub use consider::Considered;
pub use findings::{FindingClass, UnverifiedClass};
pub use knowledge::{
    Approval, Assay, Certainty, Concept, Consideration, Domain, Drug, Event, Evidence, Files, Knowledge,
    Label, Levels, Named, Place, Query, Regimen, Review, Standing, Status, TrialResult, View,
};
pub use options::{Options, RegimenOption, RuleFault, Unverified, Verdict};
pub use problem::Problem;
pub use profile::{Datum, Observation, Prior, Profile, Sample, State, Treatment};
pub use release::{Change, Touched, changes, compare, touched};
pub use routes::{OpenRoute, Route, RouteKind};
pub use told::{banner, flag_text, json, reason_text, signature, status_text, summary, text};
