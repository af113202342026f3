//! Oestrogen and progesterone receptor, and the subtype (ASCO/CAP 2020).

use crate::{Need, Told};
use rules::Missing;
use words::Decimal;

/// Percent of stained tumour nuclei, as reported; never rounded before it is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Receptors {
    pub er: Result<Decimal, Missing>,
    pub pgr: Result<Decimal, Missing>,
}

/// What an ER percentage is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    Negative,
    /// 1 to 10 percent.
    Low,
    Positive,
}

impl Band {
    pub fn of(percent: Decimal) -> Band {
        if percent < Decimal::ONE {
            Band::Negative
        } else if percent <= Decimal::TEN {
            Band::Low
        } else {
            Band::Positive
        }
    }
}

impl Receptors {
    pub fn er_positive(&self) -> Told {
        match self.er {
            Ok(er) => Ok(er >= Decimal::ONE),
            Err(why) => crate::open("er.percent", why),
        }
    }

    /// HR positive is ER or PgR at 1 percent or more; negative needs both known below.
    pub fn hr_positive(&self) -> Told {
        let positive = |percent: &Result<Decimal, Missing>| percent.is_ok_and(|p| p >= Decimal::ONE);
        if positive(&self.er) || positive(&self.pgr) {
            return Ok(true);
        }
        let mut needs = Vec::new();
        if let Err(why) = self.er {
            needs.push(Need::new("er.percent", why));
        }
        if let Err(why) = self.pgr {
            needs.push(Need::new("pgr.percent", why));
        }
        if needs.is_empty() { Ok(false) } else { Err(needs) }
    }
}

/// The subtype's code, or what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtype {
    pub code: &'static str,
    pub missing: Vec<Need>,
}

/// The subtype from the receptors and the HER2 result (positive, negative or open).
pub fn subtype(receptors: &Receptors, her2: &Told) -> Subtype {
    let mut missing = Vec::new();
    let hr = receptors.hr_positive().map_err(|needs| missing.extend(needs)).ok();
    // PgR alone makes HR positive; whether it is the low band still hangs on ER.
    let low = match (hr, receptors.er) {
        (Some(true), Ok(er)) => Some(Band::of(er) == Band::Low),
        (Some(true), Err(why)) => {
            missing.push(Need::new("er.percent", why));
            None
        }
        _ => Some(false),
    };
    let her2 = her2.as_ref().map_err(|needs| missing.extend(needs.iter().cloned())).ok();
    let code = match (hr, low, her2) {
        (Some(true), Some(false), Some(false)) => "HR+/HER2-",
        (Some(true), Some(true), Some(false)) => "HR+(ER-low)/HER2-",
        (Some(true), Some(false), Some(true)) => "HR+/HER2+",
        (Some(true), Some(true), Some(true)) => "HR+(ER-low)/HER2+",
        (Some(false), _, Some(true)) => "HR-/HER2+",
        (Some(false), _, Some(false)) => "TNBC",
        _ => "undetermined",
    };
    Subtype { code, missing }
}
