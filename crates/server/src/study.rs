//! One open study: the trial that decides and writes, what readers see of it, and what repeats are answered with.

use conduct::{Adopted, Answer, Command, Context, Event, Receipt, State, Trial, TrialError, Viewer};
use jiff::civil::Date;
use ledger::{Blob, Entry, Hash, LedgerError};
use report::letter::Letters;
use std::any::Any;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Page parts that are kept, by weight: a text weighs 1.
const KEPT: usize = 400;
/// The rows of one analysis, and of all with their curves, in texts.
pub const ROWS: usize = 4;
pub const RESULTS: usize = 32;
/// Earlier positions whose state is kept for readers.
const PAST: usize = 8;

/// What a reader sees: the state at one position, and the protocols by which it is read.
#[derive(Clone)]
pub struct Picture {
    pub state: Arc<State>,
    pub adopted: Arc<Adopted>,
}

/// What a command brought about, and the position of its last entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub answer: Answer,
    pub seq: u64,
}

/// Who sent which token: a repeat is answered with what the first brought about.
type Token = (String, String);

/// What a kept page part is a function of: position, cut-off, viewer, and which part in which language.
type Key = (u64, Date, String, String);

/// A kept part with its weight.
type Kept = (usize, Arc<dyn Any + Send + Sync>);

pub struct Study {
    pub name: String,
    trial: Arc<Trial>,
    /// The study's letters and what goes with them, where the server has them.
    texts: Option<Letters>,
    /// The head when this process opened the study.
    opened_at: u64,
    past: Mutex<BTreeMap<u64, Picture>>,
    /// One slot for each token; whoever holds the slot's lock is carrying the command out.
    tokens: Mutex<BTreeMap<Token, Arc<Mutex<Option<Done>>>>>,
    kept: Mutex<BTreeMap<Key, Kept>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Study {
    pub fn new(trial: Arc<Trial>, texts: Option<Letters>) -> Study {
        Study {
            texts,
            name: trial.study().to_owned(),
            opened_at: trial.head().seq,
            trial,
            past: Mutex::default(),
            tokens: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// A name for one write, put into a form when it is shown: where the ledger stood then, and chance.
    pub fn token(&self, chance: &str) -> String {
        format!("{}-{chance}", self.trial.head().seq)
    }

    /// What a token brought about before this process opened the study: looked up in the entries that were written
    /// after its form was shown. A token that does not tell when that was is looked up in all.
    fn earlier(&self, (person, request): &Token) -> Result<Option<Done>, LedgerError> {
        let shown_at = request.split_once('-').and_then(|(seq, _)| seq.parse::<u64>().ok()).unwrap_or(0);
        if shown_at >= self.opened_at {
            return Ok(None);
        }
        let (person, request) = (person.clone(), request.clone());
        let found = self.entries_kept(shown_at + 1..=self.opened_at, move |entry| {
            let same = entry.actor == person && entry.request.as_ref() == Some(&request);
            same.then(|| (entry.seq, conduct::read(entry).ok().flatten()))
        })?;
        let mut done = None;
        for (seq, event) in found {
            remember(done.get_or_insert(Done { answer: Answer::Done, seq }), seq, event.as_ref());
        }
        Ok(done)
    }

    /// The state now.
    pub fn now(&self) -> Picture {
        // Adopted first: it may already hold a version of which this state does not know yet, never the reverse.
        let state = self.trial.state();
        Picture { state, adopted: self.trial.adopted() }
    }

    /// The state at an earlier position: the present one when `seq` is none or not before it.
    pub fn at(&self, seq: Option<u64>) -> Result<Picture, TrialError> {
        let now = self.now();
        let Some(seq) = seq.filter(|seq| *seq < now.state.head.seq) else { return Ok(now) };
        if let Some(kept) = lock(&self.past).get(&seq) {
            return Ok(kept.clone());
        }
        let picture = Picture { state: Arc::new(self.trial.as_of(seq)?), adopted: now.adopted };
        let mut past = lock(&self.past);
        if past.len() >= PAST {
            past.pop_first();
        }
        past.insert(seq, picture.clone());
        Ok(picture)
    }

    /// Carries out a command; returns when it is on disk. A token that was used before changes nothing: the answer is
    /// what the first one brought about. Two of the same at once: the second waits for the first.
    pub fn execute(&self, command: &Command, context: &Context) -> Result<Done, TrialError> {
        self.execute_with(command, context, Vec::new())
    }

    /// As [`execute`](Study::execute), with the files that the event names.
    pub fn execute_with(
        &self,
        command: &Command,
        context: &Context,
        files: Vec<Blob>,
    ) -> Result<Done, TrialError> {
        let token = token(context);
        let slot =
            token.clone().map(|t| Arc::clone(lock(&self.tokens).entry(t).or_default())).unwrap_or_default();
        let mut slot = lock(&slot);
        if slot.is_none()
            && let Some(token) = &token
        {
            *slot = self.earlier(token)?;
        }
        if let Some(done) = &*slot {
            return Ok(done.clone());
        }
        let Receipt { answer, seqs } = self.trial.execute_with(command, context, files)?;
        let done = Done { answer, seq: seqs.end.saturating_sub(1) };
        *slot = Some(done.clone());
        Ok(done)
    }

    /// What this person's token brought about, if it was used before.
    pub fn repeated(&self, context: &Context) -> Option<Done> {
        let token = token(context)?;
        let slot = lock(&self.tokens).get(&token).cloned();
        match slot {
            Some(slot) => lock(&slot).clone(),
            None => self.earlier(&token).ok().flatten(),
        }
    }

    /// A part of a page, or the results it is made from, made once for each (position, cut-off, viewer, part). What
    /// weighs more makes room for itself at the cost of more others.
    pub fn cached<T: Send + Sync + 'static, E>(
        &self,
        picture: &Picture,
        day: Date,
        viewer: &Viewer,
        (part, weight): (&str, usize),
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let site = viewer.site.as_ref().map_or("", |s| s.as_str());
        let who = format!("{}\n{site}", viewer.role.name());
        let key = (picture.state.head.seq, day, who, part.to_owned());
        let kept = lock(&self.kept).get(&key).map(|(_, made)| Arc::clone(made));
        if let Some(kept) = kept.and_then(|k| k.downcast::<T>().ok()) {
            return Ok(kept);
        }
        let made: Arc<T> = Arc::new(make()?);
        let mut kept = lock(&self.kept);
        let mut weighs: usize = kept.values().map(|(w, _)| w).sum();
        while weighs + weight > KEPT {
            // Oldest positions go first: they are the least likely to be asked for again.
            let Some((_, (gone, _))) = kept.pop_first() else { break };
            weighs -= gone;
        }
        kept.insert(key, (weight, Arc::clone(&made) as Arc<dyn Any + Send + Sync>));
        Ok(made)
    }

    /// The entry `seq`, if it is there.
    pub fn entry(&self, seq: u64) -> Result<Option<Entry>, LedgerError> {
        Ok(self.entries(seq..=seq)?.pop())
    }

    pub fn entries(&self, range: RangeInclusive<u64>) -> Result<Vec<Entry>, LedgerError> {
        self.entries_kept(range, |entry| Some(entry.clone()))
    }

    /// What `keep` takes of each entry.
    fn entries_kept<T: Send + 'static>(
        &self,
        range: RangeInclusive<u64>,
        keep: impl Fn(&Entry) -> Option<T> + Send + 'static,
    ) -> Result<Vec<T>, LedgerError> {
        let name = self.name.clone();
        self.trial.reader().with(move |store| {
            let mut out = Vec::new();
            store.read(&name, *range.start(), *range.end(), &mut |entry| {
                out.extend(keep(&entry));
                Ok(())
            })?;
            Ok(out)
        })?
    }

    /// The entries with these numbers, read in one go.
    pub fn pick(&self, seqs: &[u64]) -> Result<BTreeMap<u64, Entry>, LedgerError> {
        let (name, seqs) = (self.name.clone(), seqs.to_vec());
        self.trial.reader().with(move |store| {
            let mut out = BTreeMap::new();
            for seq in seqs {
                store.read(&name, seq, seq, &mut |entry| {
                    out.insert(entry.seq, entry);
                    Ok(())
                })?;
            }
            Ok(out)
        })?
    }

    pub fn texts(&self) -> Option<&Letters> {
        self.texts.as_ref()
    }

    /// A file that an entry names.
    pub fn attachment(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let (name, hash) = (self.name.clone(), *hash);
        self.trial.handle().with(move |store| store.attachment(&name, &hash))?
    }

    /// The settings of the store on which durability rests.
    pub fn settings(&self) -> Result<Vec<ledger::Setting>, LedgerError> {
        self.trial.handle().with(|store| store.check_settings())?
    }

    /// Verifies the whole study.
    pub fn verify(&self) -> Result<conduct::Report, TrialError> {
        self.trial.verify()
    }
}

fn token(context: &Context) -> Option<Token> {
    context.request.as_ref().map(|r| (context.person.to_string(), r.clone()))
}

/// One more entry of a command that was answered before.
fn remember(done: &mut Done, seq: u64, event: Option<&Event>) {
    done.seq = seq;
    match (event, &mut done.answer) {
        // The arm follows its registration.
        (Some(Event::Allocated(a)), Answer::Registered { arm, .. }) => *arm = Some(a.arm.clone()),
        (Some(event), answer) if *answer == Answer::Done => {
            if let Some(found) = answer_of(event) {
                *answer = found;
            }
        }
        _ => {}
    }
}

fn answer_of(event: &Event) -> Option<Answer> {
    match event {
        Event::ConsentGiven { participant, .. } => Some(Answer::Participant(*participant)),
        Event::Registered(r) => Some(Answer::Registered { number: r.number, arm: None }),
        Event::RegistrationRefused { outcome, reasons, .. } => {
            Some(Answer::NotRegistered { outcome: *outcome, reasons: reasons.clone() })
        }
        Event::QueryRaised { query, .. } => Some(Answer::Query(*query)),
        _ => None,
    }
}
