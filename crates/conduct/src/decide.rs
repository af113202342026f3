//! What a command brings about: events, or a refusal. Pure; the law of each event is in `lawful`.

use crate::adopted::{Adopted, no_protocol, no_step, normal};
use crate::allocate::{Source, allocate};
use crate::command::*;
use crate::environment::Reading;
use crate::event::*;
use crate::gate::{judge, may_collect};
use crate::ids::*;
use crate::lawful::{Author, ENGINE, Law, day_of_registration, lawful, saved, sealed, went_back};
use crate::letter::{LetterAct, LetterAdopted};
use crate::reason::{Reason, Refusal};
use crate::role::{Action, Role};
use crate::state::*;
use crate::values;
use jiff::civil::Date;
use ledger::Hash;
use protocol::Compiled;
use std::sync::Arc;

/// Events that stand or fall together, and what to tell the person.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub events: Vec<Decided>,
    pub answer: Answer,
}

/// One event, and whether it is the person's or the engine's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    pub event: Event,
    pub by_engine: bool,
}

impl Decided {
    /// The actor and role of the entry.
    pub fn author<'c>(&self, context: &'c Context) -> (&'c str, Role) {
        if self.by_engine { (ENGINE, Role::System) } else { (context.person.as_str(), context.role) }
    }
}

/// Decides a command in a state. Nothing is written; a refusal says everything that stands in the way.
pub fn decide(
    adopted: &Adopted,
    state: &State,
    command: &Command,
    context: &Context,
    seeds: &Seeds,
) -> Result<Decision, Refusal> {
    let mut desk = Desk::new(adopted, state, context);
    let answer = desk.command(command, seeds)?;
    Ok(desk.done(answer))
}

/// The events that open a study: it, its first data manager, its first protocol version.
pub(crate) fn open(
    adopted: &Adopted,
    study: &str,
    compiled: &Compiled,
    nature: Nature,
    timezone: jiff::tz::TimeZone,
    context: &Context,
    seeds: &Seeds,
) -> Result<Decision, Refusal> {
    let state = State { study: study.into(), ..State::default() };
    let mut desk = Desk::new(adopted, &state, context);
    let of = compiled.protocol.allocation.keys().map(|id| AllocationId::from(id.as_str()));
    let hashes = of.filter_map(|id| seeds.0.get(&id).map(|s| (id.clone(), sealed(s)))).collect();
    desk.tell(Event::StudyOpened {
        nature,
        timezone,
        seeds: hashes,
        engine: format!("shirube {}", env!("CARGO_PKG_VERSION")),
    })?;
    desk.tell(Event::RoleGranted {
        person: context.person.clone(),
        name: words::Text::same(context.person.as_str()),
        role: Role::DataManager,
        site: None,
    })?;
    desk.tell(Event::ProtocolAdopted {
        version: compiled.protocol.version.clone(),
        protocol: Hash(compiled.hash),
        effective: compiled.protocol.effective,
        seeds: Default::default(),
    })?;
    Ok(desk.done(Answer::Done))
}

/// Where an arm comes from at a registration that gives one.
enum Arms<'s> {
    Drawn(&'s Seeds),
    /// By an imported file.
    Told(Option<ArmId>),
}

/// A decision in the making: the state as it will be after the events so far.
struct Desk<'a> {
    adopted: &'a Adopted,
    context: &'a Context,
    state: State,
    events: Vec<Decided>,
}

impl<'a> Desk<'a> {
    fn new(adopted: &'a Adopted, state: &State, context: &'a Context) -> Desk<'a> {
        let mut desk = Desk { adopted, context, state: state.clone(), events: Vec::new() };
        if let Some(by_seconds) = went_back(state, context.now) {
            desk.push(Event::ClockWentBack { by_seconds }, true);
        }
        desk
    }

    /// A warning about the clock alone is not worth an entry.
    fn done(mut self, answer: Answer) -> Decision {
        if self.events.iter().all(|d| matches!(d.event, Event::ClockWentBack { .. })) {
            self.events.clear();
        }
        Decision { events: self.events, answer }
    }

    fn author(&self) -> Author<'a> {
        Author::of(self.context, &self.state)
    }

    fn today(&self) -> Date {
        self.state.day(self.context.now)
    }

    /// The person's event, if the law allows it.
    fn tell(&mut self, event: Event) -> Result<(), Refusal> {
        let law = lawful(self.adopted, &self.state, &self.author(), &event);
        Result::from(law)?;
        self.push(event, false);
        Ok(())
    }

    /// An event that has been judged already.
    fn push(&mut self, event: Event, by_engine: bool) {
        let seq = self.state.head.seq + 1;
        crate::apply::happen(&mut self.state, seq, self.context.now, &event);
        self.state.head.seq = seq;
        self.events.push(Decided { event, by_engine });
    }

    /// The version in force at the participant's site today.
    fn compiled(&self, participant: ParticipantId, action: Action) -> Result<Arc<Compiled>, Refusal> {
        let p = self.author().participant(&self.state, participant, action)?;
        let found = self.adopted.in_force(&self.state, p.site.as_str(), self.today());
        Ok(found.map(|(_, c)| c.clone()).ok_or_else(no_protocol)?)
    }

    fn key(&self, participant: ParticipantId, form: &FormKey, action: Action) -> Result<FormKey, Refusal> {
        Ok(normal(self.compiled(participant, action)?.as_ref(), form))
    }

    fn command(&mut self, command: &Command, seeds: &Seeds) -> Result<Answer, Refusal> {
        let event = match command.clone() {
            Command::AdoptProtocol { protocol } => {
                self.author().permit(&self.state, Action::AdoptProtocol, None)?;
                let compiled = self.adopted.get(&protocol).ok_or_else(no_protocol)?;
                let sealed_before = self.state.opening.as_ref().map(|o| &o.seeds);
                let new = compiled.protocol.allocation.keys().map(|id| AllocationId::from(id.as_str()));
                let new = new.filter(|id| sealed_before.is_none_or(|s| !s.contains_key(id)));
                let hashes = new.filter_map(|id| seeds.0.get(&id).map(|s| (id.clone(), sealed(s)))).collect();
                Event::ProtocolAdopted {
                    version: compiled.protocol.version.clone(),
                    protocol,
                    effective: compiled.protocol.effective,
                    seeds: hashes,
                }
            }
            Command::JoinSite { site, name, country } => Event::SiteJoined { site, name, country },
            Command::RecordApproval {
                site,
                approval,
                version,
                decided_on,
                effective_from,
                expires_on,
                document,
                received_on,
            } => Event::ApprovalRecorded {
                site,
                approval,
                version,
                decided_on,
                effective_from,
                expires_on,
                document,
                received_on,
            },
            Command::ImportData { name, file, bytes, rows, map, source, constructed } => {
                Event::DataImported { name, file, bytes, rows, map, source, constructed }
            }
            Command::ImportParticipant { site, key } => {
                let participant = ParticipantId(self.state.participants.len() as u32 + 1);
                self.tell(Event::ParticipantImported { participant, site, import: self.import(), key })?;
                return Ok(Answer::Participant(participant));
            }
            Command::ImportRegistration { participant, step, on, values, arm } => {
                self.author().permit(&self.state, Action::ImportData, None)?;
                return self.register(participant, &step, on, &values, true, &Arms::Told(arm));
            }
            Command::GrantRole { person, name, role, site } => {
                Event::RoleGranted { person, name, role, site }
            }
            Command::RevokeRole { person, role, site } => Event::RoleRevoked { person, role, site },
            Command::GiveConsent { site, participant, document, version, on, explained_by } => {
                let next = ParticipantId(self.state.participants.len() as u32 + 1);
                let participant = participant.unwrap_or(next);
                if participant == next && command.names_participant() {
                    return Err(Refusal::from(Reason::new(
                        "no_participant",
                        format!("患者 {participant} は登録されていません。"),
                        format!("There is no participant {participant}."),
                    )));
                }
                self.tell(Event::ConsentGiven { participant, site, document, version, on, explained_by })?;
                return Ok(Answer::Participant(participant));
            }
            Command::WithdrawConsent { participant, scope, on } => {
                Event::ConsentWithdrawn { participant, scope, on }
            }
            Command::Register { participant, step, on, values, confirmed } => {
                return self.register(participant, &step, on, &values, confirmed, &Arms::Drawn(seeds));
            }
            Command::CancelRegistration { participant, step } => {
                let p = self.author().participant(&self.state, participant, Action::CancelRegistration)?;
                let number = p.registration(step.as_str()).map_or(0, |r| r.number);
                Event::RegistrationCancelled { participant, step, number }
            }
            Command::FindIneligible { participant, step, criterion } => {
                Event::FoundIneligible { participant, step, criterion }
            }
            Command::GoOffTreatment { participant, on, why } => Event::OffTreatment { participant, on, why },
            Command::SaveForm { participant, form, values, complete } => {
                return self.save(participant, &form, &values, complete);
            }
            Command::ReopenForm { participant, form } => {
                let form = self.key(participant, &form, Action::ReopenForm)?;
                Event::FormReopened { participant, form }
            }
            Command::DeclareNotApplicable { participant, form } => {
                let form = self.key(participant, &form, Action::DeclareNotApplicable)?;
                Event::FormNotApplicable { participant, form }
            }
            Command::RaiseQuery { participant, form, item, text } => {
                let query = self.next_query();
                let form = self.key(participant, &form, Action::RaiseQuery)?;
                self.tell(Event::QueryRaised { query, participant, form, item, check: String::new(), text })?;
                return Ok(Answer::Query(query));
            }
            Command::AnswerQuery { query, text } => Event::QueryAnswered { query, text },
            Command::ReturnQuery { query, text } => Event::QueryReturned { query, text },
            Command::CloseQuery { query } => Event::QueryClosed { query },
            Command::HoldAccrual { step } => Event::AccrualHeld { step },
            Command::ReleaseAccrual { step } => Event::AccrualReleased { step },
            Command::HoldLook { cutoff, opened, for_whom } => Event::LookHeld { cutoff, opened, for_whom },
            Command::Letter { letter } => letter_event(&self.state, letter),
            Command::RevealSeed { allocation } => {
                let seed = seeds.0.get(&allocation).map_or(String::new(), |s| Hash(*s).to_string());
                Event::SeedRevealed { allocation, seed }
            }
        };
        self.tell(event)?;
        Ok(Answer::Done)
    }

    fn next_query(&self) -> QueryId {
        QueryId(self.state.queries.len() as u32 + 1)
    }

    /// Saves what differs; then the engine raises what its checks find.
    fn enter(&mut self, participant: ParticipantId, form: &FormKey, values: &Values) -> Result<(), Refusal> {
        let author = self.author();
        let Some(event) = saved(self.adopted, &self.state, &author, participant, form, values)? else {
            return Ok(());
        };
        let Event::FormSaved { form, values, protocol, .. } = event.clone() else { return Ok(()) };
        self.push(event, false);
        let (Some(compiled), Some(p)) = (self.adopted.get(&protocol), self.state.participant(participant))
        else {
            return Ok(());
        };
        let environment = Reading::all(compiled, p, None).environment();
        for doubt in values::doubts(compiled, &self.state, p, &form, &values, &environment) {
            let query = self.next_query();
            let (form, item, check, text) = (doubt.form, doubt.item, doubt.check, doubt.text);
            self.push(Event::QueryRaised { query, participant, form, item, check, text }, true);
        }
        Ok(())
    }

    fn save(
        &mut self,
        participant: ParticipantId,
        form: &FormKey,
        values: &Values,
        complete: bool,
    ) -> Result<Answer, Refusal> {
        self.enter(participant, form, values)?;
        let form = self.key(participant, form, Action::SaveForm)?;
        let status = self.state.participant(participant).and_then(|p| p.forms.get(&form)).map(|f| f.status);
        if !complete || status == Some(FormStatus::Complete) {
            return Ok(Answer::Done);
        }
        match lawful(
            self.adopted,
            &self.state,
            &self.author(),
            &Event::FormCompleted { participant, form: form.clone() },
        ) {
            Law::Lawful => {
                self.push(Event::FormCompleted { participant, form }, false);
                Ok(Answer::Done)
            }
            // Values are kept; what is missing keeps the form open.
            Law::Broken(reasons) if reasons.iter().all(|r| r.code == "required") => {
                Ok(Answer::SavedIncomplete { reasons })
            }
            law => Result::from(law).map(|()| Answer::Done),
        }
    }

    fn register(
        &mut self,
        participant: ParticipantId,
        step: &StepId,
        on: Date,
        values: &Values,
        confirmed: bool,
        arms: &Arms<'_>,
    ) -> Result<Answer, Refusal> {
        let author = self.author();
        let site = author.participant(&self.state, participant, Action::Register)?.site.clone();
        day_of_registration(&self.state, &author, on)?;
        let (_, compiled) = self.adopted.in_force(&self.state, site.as_str(), on).ok_or_else(no_protocol)?;
        let compiled = compiled.clone();
        let found = compiled.protocol.steps.get(step.as_str()).ok_or_else(|| no_step(step.as_str()))?;
        if !confirmed {
            return Err(Reason::new(
                "not_confirmed",
                "判定の表示を確認してから登録してください。",
                "Read the verdict and confirm it; nothing is registered before.",
            )
            .into());
        }
        // Without the papers or the consent nothing is collected, not even for the attempt.
        if may_collect(&compiled, &self.state, participant, step.as_str(), on) {
            self.enter(participant, &FormKey::once(&found.form), values)?;
        }
        let judged = judge(&compiled, &self.state, participant, step.as_str(), on)
            .ok_or_else(|| no_step(step.as_str()))?;
        let protocol = Hash(compiled.hash);
        if judged.outcome != Outcome::Eligible || !judged.reasons.is_empty() {
            let (outcome, criteria, reasons) = (judged.outcome, judged.criteria, judged.reasons);
            let answer = Answer::NotRegistered { outcome, reasons: reasons.clone() };
            let step = step.clone();
            self.push(
                Event::RegistrationRefused { participant, step, on, protocol, outcome, criteria, reasons },
                false,
            );
            return Ok(answer);
        }
        let number = self.state.numbers.get(step).map_or(0, |n| n.len()) as u32 + 1;
        let registered =
            Registered { participant, step: step.clone(), number, on, protocol, criteria: judged.criteria };
        self.push(Event::Registered(registered), false);
        let mut arm = None;
        match (&found.allocate, judged.factors, arms) {
            (Some(id), Some(factors), Arms::Drawn(seeds)) => {
                let seed = self.seed(&compiled, id, seeds)?;
                let source = Source::Seed(&seed);
                let allocated = allocate(&compiled, &self.state, participant, id, factors, &source)?;
                arm = Some(allocated.arm.clone());
                self.push(Event::Allocated(allocated), false);
            }
            (Some(id), Some(_), Arms::Told(Some(told))) => {
                let (allocation, arm_told, import) = (id.as_str().into(), told.clone(), self.import());
                self.tell(Event::AllocationImported {
                    participant,
                    allocation,
                    arm: arm_told,
                    on,
                    protocol,
                    import,
                })?;
                arm = Some(told.clone());
            }
            (Some(id), _, Arms::Told(None)) => return Err(crate::allocate::outside(id).into()),
            (None, _, Arms::Told(Some(told))) => {
                return Err(Reason::new(
                    "step_without_arm",
                    "この登録段階では割付を行いません。",
                    "This step gives no arm.",
                )
                .about([told.as_str()])
                .into());
            }
            _ => {}
        }
        // The gate's form has told what it is for; if nothing required is open it is complete.
        let form = normal(&compiled, &FormKey::once(&found.form));
        let completed = Event::FormCompleted { participant, form };
        if matches!(lawful(self.adopted, &self.state, &self.author(), &completed), Law::Lawful) {
            self.push(completed, false);
        }
        Ok(Answer::Registered { number, arm })
    }

    /// The entry of the file that is being taken over; 0, which no law accepts, when there is none.
    fn import(&self) -> u64 {
        self.state.imports.last().map_or(0, |i| i.seq)
    }

    /// The sealed seed, if it is the one to which the study is bound.
    fn seed(&self, compiled: &Compiled, allocation: &str, seeds: &Seeds) -> Result<[u8; 32], Refusal> {
        let scheme = compiled.protocol.allocation.get(allocation);
        if scheme.is_some_and(|s| s.method == protocol::AllocationMethod::Outside) {
            return Err(crate::allocate::outside(allocation).into());
        }
        let bound = self.state.opening.as_ref().and_then(|o| o.seeds.get(allocation));
        let seed = seeds.0.get(allocation);
        match (seed, bound) {
            (Some(seed), Some(bound)) if sealed(seed) == *bound => Ok(*seed),
            (None, _) => Err(Reason::new(
                "seed_missing",
                format!("割付「{allocation}」の封印された乱数の種が手元にないため、割付できません。"),
                format!("The sealed seed of the allocation \"{allocation}\" is not at hand, so nobody can be allocated."),
            )
            .into()),
            _ => Err(Reason::new(
                "seed_wrong",
                format!("割付「{allocation}」の種が、試験開始時に封印されたものと違います。"),
                format!("The seed of the allocation \"{allocation}\" is not the one sealed when the study opened."),
            )
            .into()),
        }
    }
}

impl Command {
    /// Whether a consent says of whom it is.
    fn names_participant(&self) -> bool {
        matches!(self, Command::GiveConsent { participant: Some(_), .. })
    }
}

/// The event that an act about a letter asks for.
fn letter_event(state: &State, act: LetterAct) -> Event {
    match act {
        LetterAct::Adopt { letter, text, cutoff, position, findings, unreviewed, embargo } => {
            let version = state.letters.versions(&letter) + 1;
            Event::LetterAdopted(LetterAdopted {
                letter,
                version,
                text,
                cutoff,
                position,
                findings,
                unreviewed,
                embargo,
            })
        }
        LetterAct::Comment { text, comment } => Event::LetterCommented { text, comment },
        LetterAct::SignOff { text } => Event::LetterSigned { text },
        LetterAct::Issue { text, how } => Event::LetterIssued { text, how },
        LetterAct::Ask { participant, vital, wishes, on } => {
            Event::LetterAsked { participant, vital, wishes, on }
        }
        LetterAct::HandOver { participant, text, on, how } => {
            Event::LetterHandedOver { participant, text, on, how }
        }
    }
}
