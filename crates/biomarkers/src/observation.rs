//! Several observations of one concept: which of them speaks.

use rules::Missing;
use words::PartialDate;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Specimen {
    Tissue,
    Blood,
}

/// One result of one test, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation<'a, T> {
    pub value: Result<T, Missing>,
    pub assay: Option<&'a str>,
    pub specimen: Option<Specimen>,
    pub date: Option<PartialDate>,
}

impl<T> Observation<'_, T> {
    /// Whether this observation was surely made before the other.
    pub fn is_before(&self, other: &Self) -> bool {
        matches!((self.date, other.date), (Some(a), Some(b)) if a.latest() < b.earliest())
    }
}

/// The observation that speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latest<T> {
    Known(T),
    /// Nobody has a result; why.
    Missing(Missing),
    /// Results that differ and of which none is surely the latest.
    Contradiction,
}

impl<T> Latest<T> {
    pub fn known(self) -> Option<T> {
        match self {
            Latest::Known(value) => Some(value),
            _ => None,
        }
    }

    pub fn why(&self) -> Missing {
        match self {
            Latest::Missing(why) => *why,
            _ => Missing::Unknown,
        }
    }
}

/// The latest result. Results without a date, and results whose dates cannot be ordered, must agree.
pub fn latest<'a, T: Copy + PartialEq>(all: impl Iterator<Item = Observation<'a, T>> + Clone) -> Latest<T> {
    let known = || all.clone().filter(|o| o.value.is_ok());
    let mut found: Option<T> = None;
    for one in known() {
        let Ok(value) = one.value else { continue };
        // The common case of one observation needs no comparison.
        if known().any(|other| one.is_before(&other)) {
            continue;
        }
        match found {
            Some(before) if before != value => return Latest::Contradiction,
            _ => found = Some(value),
        }
    }
    match found {
        Some(value) => Latest::Known(value),
        None => Latest::Missing(
            all.filter_map(|o| o.value.err()).reduce(Missing::join).unwrap_or(Missing::NotYetKnown),
        ),
    }
}
