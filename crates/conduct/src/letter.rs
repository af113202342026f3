//! Letters to the participants, press releases and summaries: which words were put before reviewers, what was said of
//! them, when they were signed off, who may be given them and who was.
//!
//! ```text
//! adopted -> commented (by the patient representatives) -> signed off -> letter: handed over, participant by participant
//!                                                                     -> press, summary: issued, not before the embargo's day
//! ```
//! New data or other words make a new version; the one that was signed off is never changed. A letter goes to somebody
//! only after a site has asked, since the sign-off, whether she lives and whether she (or her family) wishes to know.

use crate::ids::ParticipantId;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which text: `letter`, `press`, `summary`; the language; for whom it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterKey {
    pub kind: String,
    pub lang: String,
    pub reader: LetterReader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterReader {
    Participant,
    Bereaved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vital {
    Alive,
    Dead,
    /// Contact was lost: no letter is sent.
    Unknown,
}

/// The words as a reviewer reads them are the blob `text`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterAdopted {
    pub letter: LetterKey,
    /// Dense per letter from 1.
    pub version: u32,
    pub text: Hash,
    /// The results are those of this cut-off, as known at this position.
    pub cutoff: Date,
    pub position: u64,
    /// What the rules for texts found, and readings that no person has reviewed.
    pub findings: u32,
    pub unreviewed: u32,
    /// Press release and summary: the day before which nothing of it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embargo: Option<Date>,
}

/// What people do about letters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum LetterAct {
    Adopt {
        letter: LetterKey,
        text: Hash,
        cutoff: Date,
        position: u64,
        findings: u32,
        unreviewed: u32,
        #[serde(default)]
        embargo: Option<Date>,
    },
    /// What the patient representatives say of a text, also that they have nothing to say.
    Comment {
        text: Hash,
        comment: String,
    },
    SignOff {
        text: Hash,
    },
    /// A press release or summary leaves the group as final: to whom, or where it stands.
    Issue {
        text: Hash,
        how: String,
    },
    Ask {
        participant: ParticipantId,
        vital: Vital,
        wishes: bool,
        on: Date,
    },
    HandOver {
        participant: ParticipantId,
        text: Hash,
        on: Date,
        how: String,
    },
}

/// All about letters, folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Letters {
    /// In the order of adoption.
    pub texts: Vec<AdoptedLetter>,
    /// What each participant, or her family, was last asked.
    pub asked: BTreeMap<ParticipantId, Asked>,
    pub handed: Vec<HandedOver>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AdoptedLetter {
    pub adopted: LetterAdopted,
    pub at: Timestamp,
    pub seq: u64,
    pub comments: Vec<(String, Timestamp, u64)>,
    /// Day and entry of the sign-off.
    pub signed: Option<(Date, u64)>,
    /// Day and entry of the issue as final.
    pub issued: Option<(Date, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub vital: Vital,
    pub wishes: bool,
    pub on: Date,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HandedOver {
    pub participant: ParticipantId,
    pub text: Hash,
    pub on: Date,
    pub how: String,
    pub seq: u64,
}

impl Letters {
    /// The version of a text with these words.
    pub fn text(&self, hash: &Hash) -> Option<&AdoptedLetter> {
        self.texts.iter().find(|t| t.adopted.text == *hash)
    }

    /// The newest version of a letter.
    pub fn newest(&self, key: &LetterKey) -> Option<&AdoptedLetter> {
        self.texts.iter().rev().find(|t| t.adopted.letter == *key)
    }

    pub(crate) fn versions(&self, key: &LetterKey) -> u32 {
        self.texts.iter().filter(|t| t.adopted.letter == *key).count() as u32
    }
}
