//! What a person may see of a study at (P, D): P is the position to which the state was folded, D the cut-off day.
//!
//! Nobody reads a study around this.

mod expected;
mod facts;
mod participant;

pub(crate) use expected::due;
pub use expected::{Expectation, Expected, Overdue};
pub use facts::FactFound;
pub use participant::ParticipantView;

use crate::adopted::{Adopted, missing_papers};
use crate::event::*;
use crate::ids::*;
use crate::reason::{Reason, Refusal};
use crate::role::{Action, Reach, Role, reach};
use crate::state::*;
use jiff::civil::Date;
use ledger::{Entry, Head};
use protocol::Compiled;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use words::Text;

/// A person as a reader of one study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub person: PersonId,
    pub role: Role,
    /// For a role of one site.
    pub site: Option<SiteId>,
}

impl Viewer {
    pub fn new(person: &str, role: Role) -> Viewer {
        Viewer { person: person.into(), role, site: None }
    }

    pub fn at_site(mut self, site: &str) -> Viewer {
        self.site = Some(site.into());
        self
    }

    /// Whether the study has granted this role to this person, and not taken it away.
    pub fn is_granted(&self, state: &State) -> bool {
        state.holds(self.person.as_str(), self.role, self.site.as_ref())
    }

    /// Whether this person may do or see `action` at `site`.
    pub fn may(&self, action: Action, site: &SiteId) -> bool {
        match reach(self.role, action) {
            Reach::Everything => true,
            Reach::OwnSite => self.site.as_ref() == Some(site),
            Reach::Nothing => false,
        }
    }
}

/// One study as one person may see it.
pub struct View<'a> {
    adopted: &'a Adopted,
    state: &'a State,
    compiled: &'a Compiled,
    cutoff: Option<Date>,
    viewer: Viewer,
    // Each worked out for a page that asks for it.
    participants: OnceLock<Vec<ParticipantView<'a>>>,
    registered: OnceLock<Registered<'a>>,
    overdue: OnceLock<(Date, Vec<Overdue<'a>>)>,
}

/// Registrations that hold, by site and step.
type Registered<'a> = BTreeMap<&'a SiteId, BTreeMap<StepId, u32>>;

/// A site with its papers and numbers.
#[derive(Clone, Debug)]
pub struct SiteView<'a> {
    pub id: &'a SiteId,
    pub site: &'a Site,
    /// Per step: registrations of this site that hold, up to the cut-off.
    pub registered: BTreeMap<StepId, u32>,
}

/// The first day that tells of a participant: of the consent; of one taken over from a file, who has none here, of the
/// registration.
fn begins(p: &Participant) -> Option<Date> {
    let consents = p.consents.iter().map(|c| c.on);
    consents.chain(p.registrations.values().map(|r| r.on)).min()
}

impl<'a> View<'a> {
    /// Refused before the study has adopted a protocol that this engine runs. Whether the viewer's role was granted
    /// is for the caller to check ([`Viewer::is_granted`]): whoever holds the file of a ledger may read it all.
    pub fn new(
        adopted: &'a Adopted,
        state: &'a State,
        cutoff: Option<Date>,
        viewer: &Viewer,
    ) -> Result<View<'a>, Refusal> {
        let compiled = adopted.current(state).ok_or_else(|| {
            Reason::new(
                "no_protocol",
                "この試験のプロトコルを、この版の Shirube では読めません。",
                "This release of Shirube cannot run the study's protocol, or none was adopted.",
            )
        })?;
        Ok(View {
            adopted,
            state,
            compiled,
            cutoff,
            viewer: viewer.clone(),
            participants: OnceLock::new(),
            registered: OnceLock::new(),
            overdue: OnceLock::new(),
        })
    }

    pub fn study(&self) -> &'a str {
        &self.state.study
    }

    pub fn nature(&self) -> Option<Nature> {
        self.state.nature()
    }

    pub fn head(&self) -> Head {
        self.state.head
    }

    pub fn cutoff(&self) -> Option<Date> {
        self.cutoff
    }

    /// The protocol version adopted last.
    pub fn protocol(&self) -> &'a Compiled {
        self.compiled
    }

    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The day on which the last event was written, in the study's time zone.
    pub fn last_day(&self) -> Option<Date> {
        self.state.last_at.map(|at| self.state.day(at))
    }

    /// Whether the viewer may do or see this, at least at a site of theirs.
    pub fn may(&self, action: Action) -> bool {
        match reach(self.viewer.role, action) {
            Reach::Everything => true,
            Reach::OwnSite => self.viewer.site.is_some(),
            Reach::Nothing => false,
        }
    }

    /// Sites that joined by the cut-off. Every role sees all of them: which hospitals take part is no secret.
    pub fn sites(&self) -> Vec<SiteView<'a>> {
        if !self.may(Action::SeeStudy) {
            return Vec::new();
        }
        let sites = self.state.sites.iter().filter(|(_, s)| self.cutoff.is_none_or(|d| s.joined <= d));
        let registered = self.registered();
        sites
            .map(|(id, site)| SiteView {
                id,
                site,
                registered: registered.get(id).cloned().unwrap_or_default(),
            })
            .collect()
    }

    /// Registrations of the whole study at a step, up to the cut-off: how many there are is no secret.
    pub fn registrations(&self, step: &str) -> u32 {
        let joined =
            |id: &SiteId| self.state.sites.get(id).is_some_and(|s| self.cutoff.is_none_or(|d| s.joined <= d));
        let counted = self.registered().iter().filter(|(id, _)| self.may(Action::SeeStudy) && joined(id));
        counted.filter_map(|(_, steps)| steps.get(step)).sum()
    }

    fn registered(&self) -> &Registered<'a> {
        self.registered.get_or_init(|| {
            let mut registered = Registered::new();
            for p in self.state.participants.iter() {
                for (step, r) in &p.registrations {
                    if !r.cancelled && self.cutoff.is_none_or(|d| r.on <= d) {
                        let steps = registered.entry(&p.site).or_default();
                        match steps.get_mut(step) {
                            Some(n) => *n += 1,
                            None => drop(steps.insert(step.clone(), 1)),
                        }
                    }
                }
            }
            registered
        })
    }

    /// Papers that a site lacks for a step on a day, as a registration would be refused.
    pub fn missing_papers(&self, site: &SiteId, step: &str, on: Date) -> Vec<Reason> {
        match self.adopted.in_force(self.state, site.as_str(), on) {
            Some((_, compiled)) => missing_papers(self.state, compiled, site.as_str(), step, on),
            None => Vec::new(),
        }
    }

    /// The participants that this viewer may see, who had consented by the cut-off.
    pub fn participants(&self) -> &[ParticipantView<'a>] {
        self.participants.get_or_init(|| {
            let all = (0..self.state.participants.len()).into_par_iter();
            all.filter_map(|at| self.shown(self.state.participants.get(at)?)).collect()
        })
    }

    /// One of [`participants`](Self::participants).
    pub fn participant(&self, id: ParticipantId) -> Option<ParticipantView<'a>> {
        self.shown(self.state.participant(id)?)
    }

    fn shown(&self, p: &'a Participant) -> Option<ParticipantView<'a>> {
        let seen = self.viewer.may(Action::SeeParticipants, &p.site)
            && self.cutoff.is_none_or(|d| begins(p).is_some_and(|on| on <= d));
        let sees_arm = self.viewer.may(Action::SeeArm, &p.site);
        seen.then(|| ParticipantView::new(self.compiled, p, self.cutoff, sees_arm))
    }

    /// What is due, overdue, done or ended on the cut-off day, or without a cut-off on `today`.
    pub fn expected(&self, today: Date) -> Vec<Expected> {
        let day = self.cutoff.unwrap_or(today);
        // Each participant by itself, in order; reading the forms of all of them is most of what a page takes.
        self.participants().par_iter().flat_map_iter(|p| p.afresh().expected(day)).collect()
    }

    /// Of [`expected`](Self::expected) what is overdue.
    pub fn overdue(&self, today: Date) -> Cow<'_, [Overdue<'a>]> {
        let day = self.cutoff.unwrap_or(today);
        let all = || self.participants().par_iter().flat_map_iter(|p| p.afresh().overdue(day)).collect();
        let (kept, overdue) = self.overdue.get_or_init(|| (day, all()));
        if *kept == day { Cow::Borrowed(overdue) } else { Cow::Owned(all()) }
    }

    /// Queries that were raised by the cut-off, of participants that the viewer may see.
    pub fn queries(&self) -> Vec<&'a Query> {
        let seen = |q: &&Query| {
            self.participant(q.participant).is_some_and(|p| !p.hides(&q.form))
                && self.cutoff.is_none_or(|d| self.state.day(q.raised.0) <= d)
        };
        self.state.queries.iter().filter(seen).collect()
    }

    /// All about letters, of participants that the viewer may see.
    pub fn letters(&self) -> crate::letter::Letters {
        let mut letters = self.state.letters.as_ref().clone();
        letters.asked.retain(|id, _| self.participant(*id).is_some());
        letters.handed.retain(|h| self.participant(h.participant).is_some());
        letters
    }

    /// Registrations that were refused by the cut-off.
    pub fn attempts(&self) -> Vec<&'a Attempt> {
        let seen =
            |a: &&Attempt| self.participant(a.participant).is_some() && self.cutoff.is_none_or(|d| a.on <= d);
        self.state.refused.iter().filter(seen).collect()
    }

    /// Steps at which accrual is held.
    pub fn held(&self) -> impl Iterator<Item = &'a StepId> {
        self.state.held.iter()
    }

    pub fn looks(&self) -> &'a [Look] {
        &self.state.looks
    }

    /// Files from which data were taken over.
    pub fn imports(&self) -> &'a [Import] {
        &self.state.imports
    }

    pub fn people(&self) -> &'a BTreeMap<PersonId, Person> {
        &self.state.people
    }

    pub fn versions(&self) -> &'a [ProtocolVersion] {
        &self.state.protocols
    }

    /// Whether results by arm may be shown: always in a simulated or completed study; in a real one only to roles that
    /// the look names or the authorisation table lists, and only when a look was held at exactly this cut-off.
    pub fn results_by_arm(&self) -> Result<(), Refusal> {
        match self.nature() {
            Some(Nature::Simulated | Nature::Completed) => return Ok(()),
            Some(Nature::Real) | None => {}
        }
        let held: Vec<&Look> =
            self.state.looks.iter().filter(|l| self.cutoff.is_some_and(|d| l.cutoff == d)).collect();
        if held.is_empty() {
            let day = self.cutoff.map_or("—".to_owned(), |d| d.to_string());
            return Err(Reason::new(
                "no_look",
                format!(
                    "データカットオフ {day} について計画された中間・主たる解析の記録がないため、群別の結果は示せません。"
                ),
                format!("No planned look was recorded for the data cut-off {day}, so results by arm are not shown."),
            )
            .into());
        }
        let named = |l: &&Look| {
            l.for_whom
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|w| w == self.viewer.role.name())
        };
        if self.may(Action::SeeResultsByArm) || held.iter().any(named) {
            return Ok(());
        }
        Err(Reason::new(
            "look_not_for_you",
            "この解析の群別の結果は、あなたの役割には開示されていません。",
            "The look at this cut-off was not opened for your role.",
        )
        .into())
    }

    /// Whether the viewer may see this entry of the ledger. What tells how an arm was chosen is for the few who check
    /// it; whoever may not see arms does not see entries that tell them either.
    pub fn may_see_entry(&self, entry: &Entry, event: &Event) -> bool {
        if self.cutoff.is_some_and(|d| self.state.day(entry.at) > d) {
            return false;
        }
        let everything = match reach(self.viewer.role, Action::SeeLedger) {
            Reach::Nothing => return false,
            Reach::Everything => true,
            Reach::OwnSite => false,
        };
        if matches!(event, Event::Allocated(_)) {
            return self.may(Action::SeeReplay);
        }
        if matches!(event, Event::AllocationImported { .. }) && !self.may(Action::SeeArm) {
            return false;
        }
        match self.concerns(event) {
            Concern::Participant(id, form) => {
                let found = self.participant(id);
                // The trail stays whole where data may no longer be used.
                found.is_some_and(|p| form.is_none_or(|f| !p.keeps_arm(f)))
            }
            Concern::Site(site) => everything || self.viewer.site.as_ref() == Some(site),
            Concern::Study => true,
            Concern::Centre => everything,
        }
    }

    /// The participant whom an event is about, if it is about one.
    pub fn participant_of(&self, event: &Event) -> Option<ParticipantId> {
        match self.concerns(event) {
            Concern::Participant(id, _) => Some(id),
            _ => None,
        }
    }

    fn concerns<'e>(&self, event: &'e Event) -> Concern<'e>
    where
        'a: 'e,
    {
        match event {
            Event::StudyOpened { .. }
            | Event::ProtocolAdopted { .. }
            | Event::AccrualHeld { .. }
            | Event::AccrualReleased { .. } => Concern::Study,
            Event::LookHeld { .. } | Event::SeedRevealed { .. } | Event::ClockWentBack { .. } => {
                Concern::Centre
            }
            Event::SiteJoined { site, .. } | Event::ApprovalRecorded { site, .. } => Concern::Site(site),
            Event::RoleGranted { site, .. } | Event::RoleRevoked { site, .. } => match site {
                Some(site) => Concern::Site(site),
                None => Concern::Centre,
            },
            Event::DataImported { .. } => Concern::Study,
            Event::ParticipantImported { participant, .. }
            | Event::AllocationImported { participant, .. } => Concern::Participant(*participant, None),
            Event::ConsentGiven { participant, .. }
            | Event::ConsentWithdrawn { participant, .. }
            | Event::RegistrationRefused { participant, .. }
            | Event::RegistrationCancelled { participant, .. }
            | Event::FoundIneligible { participant, .. }
            | Event::OffTreatment { participant, .. } => Concern::Participant(*participant, None),
            Event::Registered(r) => Concern::Participant(r.participant, None),
            Event::Allocated(a) => Concern::Participant(a.participant, None),
            Event::FormSaved { participant, form, .. }
            | Event::FormCompleted { participant, form }
            | Event::FormReopened { participant, form }
            | Event::FormNotApplicable { participant, form }
            | Event::QueryRaised { participant, form, .. } => Concern::Participant(*participant, Some(form)),
            Event::QueryAnswered { query, .. }
            | Event::QueryReturned { query, .. }
            | Event::QueryClosed { query } => match self.state.query(*query) {
                Some(q) => Concern::Participant(q.participant, Some(&q.form)),
                None => Concern::Centre,
            },
            Event::LetterAdopted(_)
            | Event::LetterCommented { .. }
            | Event::LetterSigned { .. }
            | Event::LetterIssued { .. } => Concern::Study,
            Event::LetterAsked { participant, .. } | Event::LetterHandedOver { participant, .. } => {
                Concern::Participant(*participant, None)
            }
        }
    }

    /// The title of a step in both languages.
    pub fn step_title(&self, step: &str) -> Text {
        self.compiled.protocol.steps.get(step).map_or(Text::same(step), |s| s.title())
    }
}

/// Whom an event is about.
enum Concern<'e> {
    Study,
    Centre,
    Site(&'e SiteId),
    Participant(ParticipantId, Option<&'e FormKey>),
}
