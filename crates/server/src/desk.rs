//! The panel's desk: one release of knowledge and the example cases that come with it.

use crate::error::Trouble;
use jiff::civil::Date;
use panel::{Files, Knowledge, Place, Problem, Profile};
use serde::Deserialize;
use std::sync::OnceLock;
use words::Text;

/// Synthetic cases, by the name in their address.
const CASES: &[(&str, &str)] = &[
    ("esr1", include_str!("../../../knowledge/breast/cases/a-esr1.json")),
    ("brain", include_str!("../../../knowledge/breast/cases/b-brain.json")),
    ("tnbc", include_str!("../../../knowledge/breast/cases/c-tnbc.json")),
    ("pending", include_str!("../../../knowledge/breast/cases/d-pending.json")),
    ("gbrca", include_str!("../../../knowledge/breast/cases/e-gbrca.json")),
    ("akt1", include_str!("../../../knowledge/breast/cases/f-akt1.json")),
];

pub struct Desk {
    pub knowledge: Knowledge,
    pub cases: Vec<Case>,
}

pub struct Case {
    pub name: &'static str,
    pub title: Text,
    pub as_of: Date,
    pub place: Place,
    pub profile: Profile,
}

#[derive(Deserialize)]
struct Written {
    title: Text,
    as_of: Date,
    jurisdiction: String,
    profile: serde_json::Value,
}

/// The desk, made when it is first asked for; a release that does not load is a broken program, and said so.
pub fn desk() -> Result<&'static Desk, Trouble> {
    static DESK: OnceLock<Result<Desk, String>> = OnceLock::new();
    DESK.get_or_init(open).as_ref().map_err(|what| Trouble::Broken(what.clone()))
}

fn open() -> Result<Desk, String> {
    let told = |problems: Vec<Problem>| {
        problems.iter().map(|p| p.told(words::Lang::En)).collect::<Vec<_>>().join("; ")
    };
    let knowledge = Knowledge::load(&Files::breast()).map_err(told)?;
    let mut cases = Vec::new();
    for (name, text) in CASES {
        let written: Written = serde_json::from_str(text).map_err(|e| format!("case {name}: {e}"))?;
        let place = Place::from_code(&written.jurisdiction).ok_or(format!("case {name}: place"))?;
        let profile = Profile::from_value(&written.profile).map_err(told)?;
        knowledge.patient(&profile, written.as_of).map_err(told)?;
        cases.push(Case { name, title: written.title, as_of: written.as_of, place, profile });
    }
    Ok(Desk { knowledge, cases })
}
