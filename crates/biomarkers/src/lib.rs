//! Classification rules for breast cancer biomarkers and treatment history, pure; functions that rules may call.
//!
//! Every answer is yes, no, or open with the names of the inputs that could settle it ([`Told`]). An assay is part of a
//! result: a result by another assay than the one that is asked for opens a question, it never answers it.
#![forbid(unsafe_code)]

mod functions;
mod gene;
mod her2;
mod history;
mod observation;
mod receptor;

pub use functions::{
    Vocabulary, field, her2_question, observation_record, register, sample_record, treatment_record, used_up,
};
pub use gene::{
    Call, GeneResult, Sample, altered, changed, emerged, esr1_mutated, fused, gbrca_pathogenic, is_gain,
    names_protein_change, short, wild_type,
};
pub use her2::{Adjudication, Category, Flag, Her2, Her2Question, Ihc, Ish, Method, Need as Her2Need, Needs};
pub use history::{History, Outcome, Setting, Treatment};
pub use observation::{Latest, Observation, Specimen, latest};
pub use receptor::{Band, Receptors, Subtype, subtype};

use rules::Missing;
use std::borrow::Cow;

/// One input that is not known, by the name under which it is reported: `her2.ish.ratio`, `pdl1.cps@22C3_PHARMDX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    pub name: Cow<'static, str>,
    pub why: Missing,
}

impl Need {
    pub fn new(name: impl Into<Cow<'static, str>>, why: Missing) -> Need {
        Need { name: name.into(), why }
    }
}

/// Yes, no, or open because of these inputs.
pub type Told = Result<bool, Vec<Need>>;

fn open<T>(name: impl Into<Cow<'static, str>>, why: Missing) -> Result<T, Vec<Need>> {
    Err(vec![Need::new(name, why)])
}
