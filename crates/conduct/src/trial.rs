//! The thin loop that joins `decide` and `apply` to a ledger.
//!
//! Commands are decided one at a time on the state ahead of the disk and answered when they are on it, so that many
//! callers share a commit and each sees those before it. Readers get the state that is on the disk.

use crate::adopted::{Adopted, stored};
use crate::apply::{apply, fold};
use crate::codec::{EventError, read, write};
use crate::command::*;
use crate::decide::{Decision, decide, open};
use crate::event::*;
use crate::ids::*;
use crate::reason::Refusal;
use crate::state::*;
use ledger::actor::{Handle, Request, Writer};
use ledger::{Blob, Draft, Entry, Hash, Head, LedgerError, REDACTION, Store, seal};
use protocol::Loaded;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use words::Text;

/// One study under way.
pub struct Trial {
    study: Arc<str>,
    handle: Handle,
    /// Another way to the same store, on which long readings hold up no command.
    reader: Handle,
    /// Here when this trial started the writer itself.
    _writer: Option<Writer>,
    desk: Mutex<Desk>,
    drained: Condvar,
    passed: Mutex<Passed>,
}

/// States at earlier positions, from which [`as_of`](Trial::as_of) goes on. They share with each other what did not
/// change.
struct Passed {
    /// Entries between two states.
    stride: u64,
    states: BTreeMap<u64, State>,
}

/// Entries between two earlier states that are kept, in a study that is not too long for it.
const STRIDE: u64 = 6_250;
/// So many earlier states are kept; of a longer study every second one, or every fourth, …
const PASSED: usize = 24;

impl Passed {
    fn every(stride: u64) -> Passed {
        Passed { stride, states: BTreeMap::new() }
    }

    /// Keeps a state on the way, if it is one of those to keep. What it has in common with `later`, a state that is held
    /// anyway, is held once.
    fn see(&mut self, state: &mut State, later: Option<&State>) {
        if state.head.seq.is_multiple_of(self.stride) {
            if let Some(later) = later {
                state.share_with(later);
            }
            self.states.insert(state.head.seq, state.clone());
            self.thin();
        }
    }

    fn join(&mut self, other: Passed) {
        self.stride = self.stride.max(other.stride);
        self.states.extend(other.states);
        self.thin();
    }

    fn thin(&mut self) {
        while self.states.len() > PASSED {
            self.stride *= 2;
            let stride = self.stride;
            self.states.retain(|seq, _| seq.is_multiple_of(stride));
        }
    }
}

struct Desk {
    adopted: Arc<Adopted>,
    seeds: Arc<Seeds>,
    /// What is on the disk.
    durable: Arc<State>,
    /// With what was sent to the disk and not yet answered.
    ahead: State,
    in_flight: usize,
    /// A commit failed: nothing new is sent until everything under way is answered.
    broken: bool,
    unreadable: Vec<(Hash, Text)>,
}

/// What was done, and where it stands in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    pub answer: Answer,
    /// The entries written, if any.
    pub seqs: std::ops::Range<u64>,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrialError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{}", .0.told().en)]
    Ledger(LedgerError),
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("the ledger holds no study {0}")]
    NoStudy(String),
    #[error("the study {0} is in the ledger already")]
    Exists(String),
    #[error("`{0}` is not a time zone")]
    TimeZone(String),
}

impl From<LedgerError> for TrialError {
    fn from(e: LedgerError) -> Self {
        TrialError::Ledger(e)
    }
}

impl TrialError {
    /// What went wrong and what to do, in both languages.
    pub fn told(&self) -> Text {
        match self {
            TrialError::Refused(r) => Text::new(
                r.reasons.iter().map(|x| x.text.ja.as_str()).collect::<Vec<_>>().join("\n"),
                r.reasons.iter().map(|x| x.text.en.as_str()).collect::<Vec<_>>().join("\n"),
            ),
            TrialError::Ledger(e) => e.told(),
            TrialError::Event(e) => e.told(),
            TrialError::NoStudy(s) => Text::new(format!("台帳に試験「{s}」はありません。"), self.to_string()),
            TrialError::Exists(s) => {
                Text::new(format!("台帳にはすでに試験「{s}」があります。"), self.to_string())
            }
            TrialError::TimeZone(z) => {
                Text::new(format!("「{z}」という時間帯はありません。"), self.to_string())
            }
        }
    }
}

/// Drafts and the entries that they will become.
struct Sealed {
    drafts: Vec<Draft>,
    entries: Vec<Entry>,
}

impl Trial {
    /// Opens a new study in a store: its first data manager is the person of the context, its first protocol `loaded`.
    pub fn create(
        store: Box<dyn Store>,
        loaded: &Loaded,
        nature: Nature,
        seeds: Seeds,
        context: &Context,
    ) -> Result<Trial, TrialError> {
        let writer = Writer::start(store)?;
        let mut trial = Trial::create_with(writer.handle(), loaded, nature, seeds, context)?;
        trial._writer = Some(writer);
        Ok(trial)
    }

    /// As [`create`](Trial::create), on a store that others write to as well.
    pub fn create_with(
        handle: Handle,
        loaded: &Loaded,
        nature: Nature,
        seeds: Seeds,
        context: &Context,
    ) -> Result<Trial, TrialError> {
        let protocol = &loaded.compiled.protocol;
        let zone = jiff::tz::TimeZone::get(&protocol.timezone);
        let zone = zone.map_err(|_| TrialError::TimeZone(protocol.timezone.clone()))?;
        let study = protocol.study.clone();
        let name = study.clone();
        if handle.with(move |store| store.head(&name))?? != Head::GENESIS {
            return Err(TrialError::Exists(study));
        }
        let trial = Trial::empty(handle, &study, seeds);
        let mut adopted = Adopted::new();
        adopted.add(loaded.compiled.clone());
        {
            let mut desk = trial.desk();
            let decision = open(&adopted, &study, &loaded.compiled, nature, zone, context, &desk.seeds)?;
            desk.adopted = Arc::new(adopted);
            let receipt =
                trial.send(desk, vec![(decision, context)], vec![Blob::new(loaded.canonical.clone())]);
            receipt?;
        }
        Ok(trial)
    }

    /// Opens a study that is in the store.
    pub fn open(store: Box<dyn Store>, study: &str, seeds: Seeds) -> Result<Trial, TrialError> {
        let writer = Writer::start(store)?;
        let mut trial = Trial::open_with(writer.handle(), study, seeds)?;
        trial._writer = Some(writer);
        Ok(trial)
    }

    /// As [`open`](Trial::open), on a store that others write to as well. One process alone decides for a study.
    pub fn open_with(handle: Handle, study: &str, seeds: Seeds) -> Result<Trial, TrialError> {
        Trial::resume(handle, study, seeds, None)
    }

    /// As [`open_with`](Trial::open_with), from a state that a [`snapshot`](crate::snapshot) kept: only what was written
    /// after it is folded. A state that is not on the way to the ledger's head is passed over.
    pub fn resume(
        handle: Handle,
        study: &str,
        seeds: Seeds,
        kept: Option<State>,
    ) -> Result<Trial, TrialError> {
        let trial = Trial::empty(handle, study, seeds);
        let name = study.to_owned();
        let kept = kept.unwrap_or_default();
        let ((state, adopted, unreadable), passed) = trial.handle.with(move |store| {
            let mut passed = Passed::every(STRIDE);
            let state = continued(store, &name, &kept, u64::MAX, &mut |state| passed.see(state, None))?;
            Ok::<_, TrialError>((with_protocols(store, state), passed))
        })??;
        trial.passed().join(passed);
        if state.head == Head::GENESIS {
            return Err(TrialError::NoStudy(study.to_owned()));
        }
        {
            let mut desk = trial.desk();
            desk.adopted = Arc::new(adopted);
            desk.ahead = state.clone();
            desk.durable = Arc::new(state);
            desk.unreadable = unreadable;
        }
        Ok(trial)
    }

    fn empty(handle: Handle, study: &str, seeds: Seeds) -> Trial {
        let state = State { study: study.into(), ..State::default() };
        let desk = Desk {
            adopted: Arc::default(),
            seeds: Arc::new(seeds),
            durable: Arc::new(state.clone()),
            ahead: state,
            in_flight: 0,
            broken: false,
            unreadable: Vec::new(),
        };
        let (desk, drained) = (Mutex::new(desk), Condvar::new());
        let passed = Mutex::new(Passed::every(STRIDE));
        Trial { study: study.into(), reader: handle.clone(), handle, _writer: None, desk, drained, passed }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Whoever panicked with the lock had not yet changed anything that is half done.
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        while desk.broken {
            if desk.in_flight == 0 {
                self.start_over(&mut desk);
            } else {
                desk = self.drained.wait(desk).unwrap_or_else(PoisonError::into_inner);
            }
        }
        desk
    }

    /// After a failed commit: what is on the disk is the truth, also where a commit that was called failed is there
    /// after all, or another process has written. While the disk cannot be read the last state known stays.
    fn start_over(&self, desk: &mut Desk) {
        let (name, known) = (self.study.to_string(), desk.durable.clone());
        let found = self.handle.with(move |store| match store.head(&name) {
            Ok(head) if head != known.head => {
                let state = continued(store, &name, &known, u64::MAX, &mut |_| ())?;
                Ok(Some(with_protocols(store, state)))
            }
            Ok(_) => Ok(None),
            Err(e) => Err(TrialError::from(e)),
        });
        if let Ok(Ok(Some((state, adopted, unreadable)))) = found {
            desk.durable = Arc::new(state);
            desk.adopted = Arc::new(adopted);
            desk.unreadable = unreadable;
        }
        desk.ahead = desk.durable.as_ref().clone();
        desk.broken = false;
    }

    pub fn study(&self) -> &str {
        &self.study
    }

    /// The state that is on the disk.
    pub fn state(&self) -> Arc<State> {
        self.desk().durable.clone()
    }

    pub fn adopted(&self) -> Arc<Adopted> {
        self.desk().adopted.clone()
    }

    pub fn head(&self) -> Head {
        self.desk().durable.head
    }

    /// The way to the store by which this trial writes.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The way to the store for reading entries and files.
    pub fn reader(&self) -> &Handle {
        &self.reader
    }

    /// Reads by another connection to the same store from now on: questions about the past, verification and lists of
    /// entries then hold up no command.
    pub fn reading_by(mut self, reader: Handle) -> Trial {
        self.reader = reader;
        self
    }

    /// Adopted protocol versions that this release cannot run, with the reason.
    pub fn unreadable(&self) -> Vec<(Hash, Text)> {
        self.desk().unreadable.clone()
    }

    /// Decides a command, writes its events, and answers when they are on the disk.
    pub fn execute(&self, command: &Command, context: &Context) -> Result<Receipt, TrialError> {
        self.execute_with(command, context, Vec::new())
    }

    /// As [`execute`](Trial::execute), with the files that the event names, such as an approval's document.
    pub fn execute_with(
        &self,
        command: &Command,
        context: &Context,
        files: Vec<Blob>,
    ) -> Result<Receipt, TrialError> {
        let desk = self.desk();
        let decision = decide(&desk.adopted, &desk.ahead, command, context, &desk.seeds)?;
        let done = self.send(desk, vec![(decision, context)], files)?;
        done.into_iter().next().ok_or_else(|| LedgerError::Closed.into())
    }

    /// Decides commands one after the other, each in the state that the ones before leave, and writes their events in
    /// one commit. A command that is refused writes nothing and does not hold up the others.
    pub fn execute_all(
        &self,
        commands: Vec<(Command, Context)>,
    ) -> Result<Vec<Result<Receipt, Refusal>>, TrialError> {
        let desk = self.desk();
        let (adopted, seeds) = (desk.adopted.clone(), desk.seeds.clone());
        let mut ahead = desk.ahead.clone();
        let (mut decided, mut refused) = (Vec::new(), Vec::new());
        for (command, context) in &commands {
            match decide(&adopted, &ahead, command, context, &seeds) {
                Ok(decision) => {
                    sealed(&mut ahead, &decision, context)?;
                    decided.push((decision, context));
                    refused.push(None);
                }
                Err(refusal) => refused.push(Some(refusal)),
            }
        }
        let mut done = self.send(desk, decided, Vec::new())?.into_iter();
        let answers = refused.into_iter().map(|refusal| match refusal {
            Some(refusal) => Ok(Err(refusal)),
            None => done.next().map(Ok).ok_or(LedgerError::Closed.into()),
        });
        answers.collect()
    }

    /// Adopts another version of the protocol. `seeds` are the sealed seeds of allocations that come with it.
    pub fn adopt(&self, loaded: &Loaded, seeds: Seeds, context: &Context) -> Result<Receipt, TrialError> {
        let mut desk = self.desk();
        let mut adopted = desk.adopted.as_ref().clone();
        adopted.add(loaded.compiled.clone());
        let mut all = seeds;
        all.0.extend(desk.seeds.0.iter().map(|(a, s)| (a.clone(), *s)));
        let command = Command::AdoptProtocol { protocol: Hash(loaded.hash) };
        let decision = decide(&adopted, &desk.ahead, &command, context, &all)?;
        (desk.adopted, desk.seeds) = (Arc::new(adopted), Arc::new(all));
        let done = self.send(desk, vec![(decision, context)], vec![Blob::new(loaded.canonical.clone())])?;
        done.into_iter().next().ok_or_else(|| LedgerError::Closed.into())
    }

    /// The state as it was known at position `seq`. States on the way are kept, so that the next question near one of
    /// them is answered from there.
    pub fn as_of(&self, seq: u64) -> Result<State, TrialError> {
        let name = self.study.to_string();
        let (from, stride) = {
            let passed = self.passed();
            let from = passed.states.range(..=seq).next_back();
            (from.map(|(_, s)| s.clone()).unwrap_or_default(), passed.stride)
        };
        let later = self.state();
        let (state, passed) = self.reader.with(move |store| {
            let mut passed = Passed::every(stride);
            let state = continued(store, &name, &from, seq, &mut |s| passed.see(s, Some(&later)))?;
            Ok::<_, TrialError>((state, passed))
        })??;
        self.passed().join(passed);
        Ok(state)
    }

    /// Keeps an earlier state for every `stride` entries, where so many states can be kept.
    pub fn remembering_every(self, stride: u64) -> Trial {
        {
            let mut passed = self.passed();
            *passed = Passed::every(stride.max(1));
        }
        self
    }

    /// After a study was opened from a snapshot: reads the ledger once more from its beginning, in short turns, so that
    /// the first question about an earlier position need not. In the end what the ledger gives takes the place of what
    /// the snapshot gave; whether they were the same is told. Ends by itself.
    pub fn recall(&self) -> Result<bool, TrialError> {
        let (head, mut seq) = (self.head().seq, STRIDE);
        while seq < head {
            self.as_of(seq)?;
            seq += self.passed().stride;
        }
        let mut same = true;
        // While somebody writes, the head moves on meanwhile; then the two share less memory, and nothing else.
        for _ in 0..5 {
            let now = self.state();
            let given = self.as_of(now.head.seq)?;
            same &= given == *now;
            let mut desk = self.desk();
            if desk.in_flight == 0 && desk.durable.head == given.head {
                desk.ahead = given.clone();
                desk.durable = Arc::new(given);
                break;
            }
        }
        Ok(same)
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Verifies the study in the store, with the seeds at hand, and that the state kept here is the one that the ledger
    /// gives.
    pub fn verify(&self) -> Result<crate::verify::Report, TrialError> {
        let (seeds, live, name) = {
            let desk = self.desk();
            (desk.seeds.clone(), desk.durable.clone(), self.study.to_string())
        };
        let report = self.reader.with(move |store| {
            let mut report = crate::verify::verify(store, &name, Some(&seeds));
            // What was written since the state was looked at belongs to it.
            let mut kept = live.as_ref().clone();
            let read = store.read(&name, kept.head.seq + 1, report.state.head.seq, &mut |entry| {
                // What cannot be folded is a finding already.
                let _ = fold(&mut kept, &entry);
                Ok(())
            });
            report.compare(&kept);
            read.map(|()| report)
        })??;
        Ok(report)
    }

    /// Sends decisions to the disk in one commit and waits for it.
    fn send(
        &self,
        mut desk: MutexGuard<'_, Desk>,
        decisions: Vec<(Decision, &Context)>,
        blobs: Vec<Blob>,
    ) -> Result<Vec<Receipt>, TrialError> {
        let expected = desk.ahead.head.seq;
        let mut ahead = desk.ahead.clone();
        let (mut drafts, mut receipts) = (Vec::new(), Vec::new());
        for (decision, context) in decisions {
            let first = ahead.head.seq + 1;
            let mut sealed = sealed(&mut ahead, &decision, context)?;
            drafts.append(&mut sealed.drafts);
            receipts.push(Receipt { answer: decision.answer, seqs: first..ahead.head.seq + 1 });
        }
        if drafts.is_empty() {
            return Ok(receipts);
        }
        let study = self.study.to_string();
        let (answer, wait) = mpsc::sync_channel(1);
        // Sent under the lock: requests reach the writer in the order in which they were decided.
        self.handle.submit(
            Request { study, expected, drafts, blobs },
            Box::new(move |result| drop(answer.send(result))),
        );
        desk.ahead = ahead.clone();
        desk.in_flight += 1;
        drop(desk);
        let result = wait.recv().unwrap_or(Err(LedgerError::Closed));
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.in_flight -= 1;
        let outcome = match result {
            Ok(appended) if appended.head == ahead.head => {
                if desk.durable.head.seq < ahead.head.seq {
                    desk.durable = Arc::new(ahead);
                }
                Ok(receipts)
            }
            // The store's chain is not the one that was decided on: another process has written.
            Ok(appended) => {
                desk.broken = true;
                Err(LedgerError::Conflict { study: self.study.to_string(), expected, head: appended.head }
                    .into())
            }
            Err(e) => {
                desk.broken = true;
                Err(e.into())
            }
        };
        drop(desk);
        self.drained.notify_all();
        outcome
    }
}

/// Seals a decision's events after the state's head and takes them in.
fn sealed(state: &mut State, decision: &Decision, context: &Context) -> Result<Sealed, EventError> {
    let mut out = Sealed { drafts: Vec::new(), entries: Vec::new() };
    for decided in &decision.events {
        let (kind, kind_version, payload) = write(&decided.event)?;
        let (actor, role) = decided.author(context);
        let own = !decided.by_engine;
        let draft = Draft {
            at: context.now,
            actor: actor.to_owned(),
            role: role.name().to_owned(),
            site: context.site.as_ref().filter(|_| own && role.of_a_site()).map(SiteId::to_string),
            on_behalf: context.on_behalf.as_ref().filter(|_| own).map(PersonId::to_string),
            kind: kind.to_owned(),
            kind_version,
            payload,
            reason: context.reason.clone().filter(|r| own && !r.trim().is_empty()),
            meaning: context.meaning.clone().filter(|_| own),
            request: context.request.clone(),
            attachments: attachments(&decided.event),
            salt: salt(&context.salt, state.head.seq + 1),
        };
        let study = state.study.clone();
        let entry = seal(&study, &state.head, draft.clone());
        apply(state, &entry, &decided.event);
        out.drafts.push(draft);
        out.entries.push(entry);
    }
    Ok(out)
}

/// The files that an event rests on.
fn attachments(event: &Event) -> Vec<Hash> {
    match event {
        Event::ProtocolAdopted { protocol, .. } => vec![*protocol],
        Event::ApprovalRecorded { document: Some(document), .. } => vec![*document],
        Event::DataImported { map, .. } => vec![*map],
        Event::LetterAdopted(adopted) => vec![adopted.text],
        _ => Vec::new(),
    }
}

/// Each event's salt, from the command's: SHA-256("shirube salt 1\n", salt, seq as 8 bytes, big endian).
fn salt(of: &[u8; 32], seq: u64) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix("shirube salt 1\n");
    hash.update(of);
    hash.update(seq.to_be_bytes());
    hash.finalize().into()
}

type Folded = (State, Adopted, Vec<(Hash, Text)>);

/// The state with the protocol versions that it knows. One that cannot be run is left out and told.
fn with_protocols(store: &dyn Store, state: State) -> Folded {
    let (mut adopted, mut unreadable) = (Adopted::new(), Vec::new());
    for version in state.protocols.iter() {
        match stored(store, &state.study, &version.protocol) {
            Ok(compiled) => adopted.add(compiled),
            Err(told) => unreadable.push((version.protocol, told)),
        }
    }
    (state, adopted, unreadable)
}

/// Reads a study up to `to`, on from an earlier state; from the beginning when that state is not of this ledger, or when
/// something was erased after it, which it then still holds. `each` sees every state on the way.
fn continued(
    store: &dyn Store,
    study: &str,
    from: &State,
    to: u64,
    each: &mut dyn FnMut(&mut State),
) -> Result<State, TrialError> {
    let mut state = State { study: study.into(), ..State::default() };
    if from.head.seq > 0 && from.head.seq <= to && is_on_the_way(store, study, from.head)? {
        state = from.clone();
    }
    let start = state.head.seq;
    let (mut failed, mut erased) = (None, false);
    let read = store.read(study, start + 1, to, &mut |entry| {
        if start > 0 && entry.kind == REDACTION {
            erased = true;
            return Err(LedgerError::Closed);
        }
        fold(&mut state, &entry).map_err(|e| {
            let told = e.told();
            failed = Some(e);
            LedgerError::Reader(told)
        })?;
        each(&mut state);
        Ok(())
    });
    if erased {
        return continued(store, study, &State::default(), to, each);
    }
    if let Some(e) = failed {
        return Err(e.into());
    }
    read?;
    Ok(state)
}

/// Whether the study's entry at this position has this hash: then everything before it is what it was.
fn is_on_the_way(store: &dyn Store, study: &str, head: Head) -> Result<bool, LedgerError> {
    let mut there = false;
    store.read(study, head.seq, head.seq, &mut |entry| {
        there = entry.hash == head.hash;
        Ok(())
    })?;
    Ok(there)
}

/// Folds a study straight from a store, for readers that decide nothing.
pub fn load(store: &dyn Store, study: &str, to: u64) -> Result<(State, Adopted), TrialError> {
    let state = continued(store, study, &State::default(), to, &mut |_| ())?;
    if state.head == Head::GENESIS {
        return Err(TrialError::NoStudy(study.to_owned()));
    }
    let (state, adopted, _) = with_protocols(store, state);
    Ok((state, adopted))
}

/// The entries of a study with their events, in order, for lists of the ledger.
pub fn entries(
    store: &dyn Store,
    study: &str,
    range: std::ops::RangeInclusive<u64>,
    each: &mut dyn FnMut(&Entry, Option<&Event>),
) -> Result<(), TrialError> {
    let mut failed = None;
    let done = store.read(study, *range.start(), *range.end(), &mut |entry| match read(&entry) {
        Ok(event) => {
            each(&entry, event.as_ref());
            Ok(())
        }
        Err(e) => {
            let told = e.told();
            failed = Some(e);
            Err(LedgerError::Reader(told))
        }
    });
    match failed {
        Some(e) => Err(e.into()),
        None => Ok(done?),
    }
}
