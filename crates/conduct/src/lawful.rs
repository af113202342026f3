//! What makes an event legal in the state before it. `decide` asks this of each event it proposes, `verify` of each
//! event that is stored: the law stands in one place.

mod import;
mod letter;
mod participant;
mod study;

pub(crate) use participant::{day_of_registration, saved};
pub(crate) use study::went_back;

use crate::adopted::{Adopted, no_protocol};
use crate::command::Context;
use crate::event::*;
use crate::ids::*;
use crate::reason::{Reason, Refusal};
use crate::role::{Action, Reach, Role, reach};
use crate::state::*;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Entry, Hash};
use protocol::Compiled;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The engine as the author of events.
pub(crate) const ENGINE: &str = "shirube";

/// Who writes an event, when and why.
#[derive(Clone, Copy)]
pub(crate) struct Author<'a> {
    pub at: Timestamp,
    /// The day of `at` in the study's time zone.
    pub day: Date,
    pub person: &'a str,
    pub role: Role,
    pub site: Option<&'a SiteId>,
    pub on_behalf: bool,
    pub reason: Option<&'a str>,
}

/// What the law says of an event.
#[derive(Debug)]
pub(crate) enum Law {
    Lawful,
    Broken(Vec<Reason>),
    /// This engine does not run the protocol version under which it was decided.
    Unchecked(Hash),
}

impl From<Reason> for Law {
    fn from(reason: Reason) -> Law {
        Law::Broken(vec![reason])
    }
}

impl<'a> Author<'a> {
    pub fn of(context: &'a Context, state: &State) -> Author<'a> {
        Author {
            at: context.now,
            day: state.day(context.now),
            person: context.person.as_str(),
            role: context.role,
            site: context.site.as_ref(),
            on_behalf: context.on_behalf.is_some(),
            reason: context.reason.as_deref().filter(|r| !r.trim().is_empty()),
        }
    }

    /// `site` is the entry's, as an id. `None` when the entry names no role of this release.
    pub fn of_entry(entry: &'a Entry, site: Option<&'a SiteId>, state: &State) -> Option<Author<'a>> {
        Some(Author {
            at: entry.at,
            day: state.day(entry.at),
            person: &entry.actor,
            role: Role::from_name(&entry.role)?,
            site,
            on_behalf: entry.on_behalf.is_some(),
            reason: entry.reason.as_deref().filter(|r| !r.trim().is_empty()),
        })
    }

    /// Whether this person may do this now, at this site where one is concerned.
    pub fn permit(&self, state: &State, action: Action, site: Option<&SiteId>) -> Result<(), Reason> {
        let denied = || {
            Reason::new(
                "not_permitted",
                "この操作をする権限がありません。",
                "You do not have the right to do this.",
            )
        };
        match reach(self.role, action) {
            Reach::Nothing => return Err(denied()),
            Reach::OwnSite if self.site.is_none() || (site.is_some() && self.site != site) => {
                return Err(denied());
            }
            Reach::OwnSite | Reach::Everything => {}
        }
        if self.role == Role::System {
            return if self.person == ENGINE { Ok(()) } else { Err(denied()) };
        }
        if state.holds(self.person, self.role, self.site) {
            return Ok(());
        }
        Err(Reason::new(
            "role_not_held",
            format!("{} さんに、この試験での役割「{}」は付与されていません。", self.person, self.role.name()),
            format!("{} does not hold the role {} in this study.", self.person, self.role.name()),
        ))
    }

    /// The participant, if the author may do this to them. Another site's participant is as one that does not exist.
    pub fn participant<'s>(
        &self,
        state: &'s State,
        id: ParticipantId,
        action: Action,
    ) -> Result<&'s Participant, Reason> {
        self.permit(state, action, None)?;
        let found = state.participant(id).filter(|p| self.permit(state, action, Some(&p.site)).is_ok());
        found.ok_or_else(|| {
            Reason::new(
                "no_participant",
                format!("患者 {id} は登録されていません。"),
                format!("There is no participant {id}."),
            )
        })
    }

    /// The reason that this kind of change must have.
    pub fn with_reason(&self) -> Result<(), Reason> {
        self.reason
            .map(|_| ())
            .ok_or_else(|| Reason::new("reason_needed", "理由を記入してください。", "Give a reason."))
    }
}

/// Whether `event` may happen to `state`, written by `author`.
pub(crate) fn lawful(adopted: &Adopted, state: &State, author: &Author<'_>, event: &Event) -> Law {
    let outcome = match event {
        Event::StudyOpened { .. }
        | Event::ProtocolAdopted { .. }
        | Event::AccrualHeld { .. }
        | Event::AccrualReleased { .. }
        | Event::LookHeld { .. }
        | Event::SeedRevealed { .. }
        | Event::ClockWentBack { .. }
        | Event::SiteJoined { .. }
        | Event::ApprovalRecorded { .. }
        | Event::RoleGranted { .. }
        | Event::RoleRevoked { .. } => study::lawful(adopted, state, author, event),
        Event::LetterAdopted(_)
        | Event::LetterCommented { .. }
        | Event::LetterSigned { .. }
        | Event::LetterIssued { .. }
        | Event::LetterAsked { .. }
        | Event::LetterHandedOver { .. } => letter::lawful(adopted, state, author, event),
        Event::DataImported { .. } | Event::ParticipantImported { .. } | Event::AllocationImported { .. } => {
            import::lawful(adopted, state, author, event)
        }
        _ => participant::lawful(adopted, state, author, event),
    };
    outcome.unwrap_or_else(|law| law)
}

/// The protocol version that holds for a participant's site on a day, which must be the one that the event names.
fn version<'a>(
    adopted: &'a Adopted,
    state: &State,
    site: &SiteId,
    on: Date,
    named: Option<&Hash>,
) -> Result<&'a Arc<Compiled>, Law> {
    if let Some(hash) = named.filter(|h| adopted.get(h).is_none()) {
        return Err(Law::Unchecked(*hash));
    }
    // A version that this engine does not run may be the one in force.
    if let Some(unknown) =
        state.protocols.iter().find(|v| v.effective <= on && adopted.get(&v.protocol).is_none())
    {
        let Some(compiled) = named.and_then(|h| adopted.get(h)) else {
            return Err(Law::Unchecked(unknown.protocol));
        };
        return Ok(compiled);
    }
    let (_, compiled) = adopted.in_force(state, site.as_str(), on).ok_or_else(|| Law::from(no_protocol()))?;
    match named {
        Some(hash) if hash.0 != compiled.hash => Err(Reason::new(
            "wrong_version",
            format!("この施設でこの日に有効な版は第 {} 版です。", compiled.protocol.version),
            format!("The version in force at this site on this day is {}.", compiled.protocol.version),
        )
        .into()),
        _ => Ok(compiled),
    }
}

/// SHA-256 of a sealed seed, as the opening event holds it.
pub fn sealed(seed: &[u8; 32]) -> Hash {
    Hash(Sha256::digest(seed).into())
}

pub(crate) fn future(day: Date, today: Date, what_ja: &str, what_en: &str) -> Result<(), Reason> {
    if day <= today {
        return Ok(());
    }
    Err(Reason::new(
        "date_future",
        format!("{what_ja}({day})が未来の日付です。"),
        format!("{what_en} ({day}) lies in the future."),
    ))
}

pub(crate) fn filled_in(text: &str, what_ja: &str, what_en: &str) -> Result<(), Reason> {
    if text.trim().is_empty() {
        let en = format!("Enter {what_en}.");
        return Err(Reason::new("empty", format!("{what_ja}を入力してください。"), en));
    }
    Ok(())
}

impl From<Law> for Result<(), Refusal> {
    fn from(law: Law) -> Self {
        match law {
            Law::Lawful => Ok(()),
            Law::Broken(reasons) => Err(Refusal { reasons }),
            Law::Unchecked(_) => Err(no_protocol().into()),
        }
    }
}
