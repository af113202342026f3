//! Knowledge: regimens, dated facts about their approval, and labels as rules.

mod load;
mod standing;

pub use load::Files;
pub(crate) use load::{OBSERVATION_FIELDS, VARIANT};
pub use standing::{Query, Standing, Status, View};

use jiff::civil::Date;
use rules::{Dictionary, Functions, Rule, Slot};
use std::collections::BTreeMap;
use words::PartialDate;

/// How sure a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// A source was read.
    High,
    /// Stated from general knowledge.
    Moderate,
    /// Unclear, conflicting, or an absence.
    Low,
}

impl Certainty {
    pub fn code(self) -> &'static str {
        ["H", "M", "L"][self as usize]
    }
}

/// A jurisdiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Jp,
    Us,
    Eu,
}

impl Place {
    pub const ALL: [Place; 3] = [Place::Jp, Place::Us, Place::Eu];

    pub fn code(self) -> &'static str {
        ["JP", "US", "EU"][self as usize]
    }

    pub fn from_code(code: &str) -> Option<Place> {
        Place::ALL.into_iter().find(|p| p.code() == code)
    }
}

/// What happened to an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Filed,
    PriorityReview,
    TargetDate,
    CommitteePositive,
    CommitteeNegative,
    ReviewExtended,
    Approved,
    ApprovedAccelerated,
    ConvertedRegular,
    Extended,
    RestrictionLifted,
    Withdrawn,
    Listed,
    Launched,
    ExpectedListing,
    CdxApproved,
    CdxInsured,
    SafetyNotice,
    InForceSeen,
    NoneFound,
}

impl Event {
    const CODES: [(&'static str, Event); 20] = [
        ("filed", Event::Filed),
        ("priority_review", Event::PriorityReview),
        ("target_date", Event::TargetDate),
        ("committee_positive", Event::CommitteePositive),
        ("committee_negative", Event::CommitteeNegative),
        ("review_extended", Event::ReviewExtended),
        ("approved", Event::Approved),
        ("approved_accelerated", Event::ApprovedAccelerated),
        ("converted_regular", Event::ConvertedRegular),
        ("extended", Event::Extended),
        ("restriction_lifted", Event::RestrictionLifted),
        ("withdrawn", Event::Withdrawn),
        ("listed", Event::Listed),
        ("launched", Event::Launched),
        ("expected_listing", Event::ExpectedListing),
        ("cdx_approved", Event::CdxApproved),
        ("cdx_insured", Event::CdxInsured),
        ("safety_notice", Event::SafetyNotice),
        ("in_force_seen", Event::InForceSeen),
        ("none_found", Event::NoneFound),
    ];

    pub fn from_code(code: &str) -> Option<Event> {
        Event::CODES.iter().find(|(c, _)| *c == code).map(|(_, e)| *e)
    }

    pub fn code(self) -> &'static str {
        Event::CODES.iter().find(|(_, e)| *e == self).map_or("", |(c, _)| c)
    }

    /// Whether the indication is in force from this event on.
    pub fn starts(self) -> bool {
        matches!(
            self,
            Event::Approved
                | Event::ApprovedAccelerated
                | Event::ConvertedRegular
                | Event::Extended
                | Event::RestrictionLifted
                | Event::InForceSeen
        )
    }

    /// A statement about the future; it says something on the day on which it is made, not on the day of which it speaks.
    pub fn is_plan(self) -> bool {
        matches!(self, Event::TargetDate | Event::ExpectedListing)
    }
}

/// One combination in one indication.
#[derive(Clone, Debug, PartialEq)]
pub struct Regimen {
    pub id: String,
    pub label: String,
    /// Drugs and classes of drugs; the first leads.
    pub drugs: Vec<String>,
    pub indication: String,
    pub indication_ja: String,
    pub prior_requirement: String,
    pub certainty: Certainty,
    pub note: String,
}

impl Regimen {
    /// The indication in the reader's language.
    pub fn indication_in(&self, lang: words::Lang) -> &str {
        match lang {
            words::Lang::Ja => &self.indication_ja,
            words::Lang::En => &self.indication,
        }
    }

    /// The drug whose use and progression uses the regimen up.
    pub fn leading_drug(&self) -> &str {
        self.drugs.first().map_or("", String::as_str)
    }
}

/// One event of one regimen in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    pub id: String,
    /// Place of the regimen in [`Knowledge::regimens`].
    pub regimen: usize,
    pub place: Place,
    pub event: Event,
    pub date: PartialDate,
    pub known_from: Date,
    pub population: String,
    pub assay: Option<String>,
    pub certainty: Certainty,
    pub source: String,
    pub source_kind: String,
    pub note: String,
    pub line: u64,
}

impl Approval {
    /// The first day on which the event has effect: of a month or a year the last day, of a plan the day on which it was
    /// made known.
    pub fn effective(&self) -> Date {
        if self.event.is_plan() { self.known_from } else { self.date.latest() }
    }
}

/// The population of a label as a rule, from some events on.
#[derive(Clone, Debug)]
pub struct Label {
    pub id: String,
    pub regimen: usize,
    pub place: Place,
    /// Ids of the approvals with which this wording begins; none for a filing.
    pub since: Vec<String>,
    pub certainty: Certainty,
    pub rule: Rule,
    pub note: String,
    pub line: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drug {
    pub id: String,
    pub name: words::Text,
    pub classes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assay {
    pub id: String,
    pub label: String,
    pub measures: String,
    pub role: String,
    pub certainty: Certainty,
}

/// What kind of value a concept has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    Boolean,
    Integer {
        low: i64,
        high: i64,
    },
    Decimal {
        low: i64,
        high: Option<i64>,
    },
    Code(Vec<String>),
    /// Kept by a structure of its own: the history, the series of samples.
    List,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concept {
    pub name: String,
    pub domain: Domain,
    pub unit: String,
    /// Whether its results carry an assay and are therefore kept as a list of observations.
    pub by_assay: bool,
    pub note: String,
    /// The item of the dictionary; of `variant.*` the one list of all genes.
    pub slot: Slot,
}

/// A finding and the regimens that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub finding: String,
    pub regimens: Vec<usize>,
}

/// One reported endpoint of one trial in one population.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialResult {
    pub regimen: usize,
    pub trial: String,
    pub nct: String,
    pub population: String,
    pub endpoint: String,
    pub unit: String,
    pub experimental: String,
    pub control: String,
    pub hr: String,
    /// Lower and upper limit, empty if not on file.
    pub interval: (String, String),
    pub certainty: Certainty,
    pub source: String,
}

/// What should be weighed beside the labels: local treatment, order, safety, comorbidity, values. Never a score.
#[derive(Clone, Debug)]
pub struct Consideration {
    pub id: String,
    pub kind: String,
    /// The regimens that it is about; none if it is about the patient.
    pub regimens: Vec<usize>,
    pub when: Rule,
    /// The day on which it could be known; none if it is older than anything that is asked.
    pub known_from: Option<Date>,
    pub text: words::Text,
    pub certainty: Certainty,
    pub source: String,
}

/// One item of published evidence about a gene (CIViC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub id: String,
    pub gene: String,
    /// A change such as `E542K`, or `MUTATION` for any.
    pub variant: String,
    pub disease: String,
    pub drugs: Vec<String>,
    pub supports: bool,
    pub level: String,
    pub resistance: bool,
    pub known_from: Date,
    pub source: String,
}

/// One person's review of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub row: String,
    /// Who entered the row.
    pub curator: String,
    pub reviewer: String,
    pub date: Date,
}

/// A basis of evidence on three scales. A map is data with a curator, not code.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Levels {
    pub basis: String,
    /// Japan: A to F, R.
    pub jp: String,
    pub escat: String,
    pub amp: String,
    /// Whether the map has not been verified.
    pub unverified: bool,
}

/// One release of knowledge: checked, its labels compiled.
pub struct Knowledge {
    pub regimens: Vec<Regimen>,
    pub approvals: Vec<Approval>,
    pub labels: Vec<Label>,
    pub drugs: BTreeMap<String, Drug>,
    pub assays: BTreeMap<String, Assay>,
    pub concepts: BTreeMap<String, Concept>,
    pub findings: Vec<Named>,
    pub results: Vec<TrialResult>,
    pub considerations: Vec<Consideration>,
    pub evidence: Vec<Evidence>,
    pub levels: Vec<Levels>,
    /// Ways to a treatment outside of the labels.
    pub routes: Vec<crate::Route>,
    /// What makes a specimen adequate.
    pub adequacy: Vec<crate::adequacy::Check>,
    pub reviews: Vec<Review>,
    pub dictionary: Dictionary,
    pub functions: Functions,
    /// The day up to which the files are complete.
    pub complete_to: Date,
    /// Days after [`Knowledge::complete_to`] on which the knowledge locks.
    pub stale_after_days: i32,
    pub version: String,
}

impl Knowledge {
    /// Why questions about this day are not answered any more: the files have not been kept up to it.
    pub fn stale(&self, query: Query) -> Option<words::Text> {
        let last = self.complete_to.checked_add(jiff::Span::new().days(self.stale_after_days)).ok()?;
        let (to, day) = (self.complete_to, query.as_of);
        (day > last).then(|| {
            words::Text::new(
                format!("知識は {to} までしか確認されておらず、{day} の判断には使えません。新しい版を入れるか、承知のうえで --allow-stale を付けてください"),
                format!("the knowledge is complete to {to} only and locked for {day}; install a newer release, or ask with --allow-stale knowing it"),
            )
        })
    }

    pub fn regimen(&self, id: &str) -> Option<usize> {
        self.regimens.iter().position(|r| r.id == id)
    }

    pub fn approval(&self, id: &str) -> Option<&Approval> {
        self.approvals.iter().find(|a| a.id == id)
    }
}
