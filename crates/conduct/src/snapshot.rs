//! The folded state as bytes: a cache, so that a study opens without folding its whole ledger.
//!
//! It is keyed by what made it (study, head, and the sources of this engine's fold) and carries its own hash; what does
//! not fit is passed over and folded anew. It is not evidence: whoever can write it can forge it. So verification,
//! analyses and reports read the ledger alone, and [`Trial::verify`](crate::Trial::verify) compares what was opened
//! from a snapshot with what the ledger gives.

use crate::event::{CriterionOutcome, Nature, Outcome, WithdrawalScope};
use crate::ids::*;
use crate::letter::*;
use crate::pack::{Pack, Packer, Reader, packed, packed_choice};
use crate::reason::Reason;
use crate::role::Role;
use crate::shelf::Shelf;
use crate::state::*;
use ledger::Hash;
use sha2::{Digest, Sha256};

const MAGIC: &[u8] = b"shirube snapshot 1\n";

/// Everything that decides what a fold gives: a change of any of it makes other snapshots.
const SOURCES: &[&str] = &[
    env!("CARGO_PKG_VERSION"),
    include_str!("apply.rs"),
    include_str!("codec.rs"),
    include_str!("event.rs"),
    include_str!("ids.rs"),
    include_str!("letter.rs"),
    include_str!("machine.rs"),
    include_str!("pack.rs"),
    include_str!("reason.rs"),
    include_str!("role.rs"),
    include_str!("shelf.rs"),
    include_str!("snapshot.rs"),
    include_str!("state.rs"),
    include_str!("../../rules/src/value.rs"),
    include_str!("../../rules/src/duration.rs"),
    include_str!("../../words/src/date.rs"),
];

/// The engine's own version, finer than its number.
fn engine() -> Hash {
    let mut hash = Sha256::new();
    for source in SOURCES {
        hash.update((source.len() as u64).to_be_bytes());
        hash.update(source);
    }
    Hash(hash.finalize().into())
}

/// Participants that are read in one go: there are many, and as many hands read them as the machine has.
const CHUNK: usize = 1024;

/// The state as bytes: names, lengths of the parts, everything but the participants, the participants by chunks.
pub fn pack(state: &State) -> Vec<u8> {
    let mut to = Packer::default();
    State { participants: Shelf::default(), ..state.clone() }.pack(&mut to);
    let mut ends = vec![to.bytes.len()];
    let participants: Vec<&Participant> = state.participants.iter().collect();
    for some in participants.chunks(CHUNK) {
        to.number(some.len() as u64);
        some.iter().for_each(|p| p.pack(&mut to));
        ends.push(to.bytes.len());
    }
    let mut lengths = Packer::default();
    lengths.number(ends.len() as u64);
    ends.iter().zip([0].iter().chain(&ends)).for_each(|(end, start)| lengths.number((end - start) as u64));
    let body = [&engine().0, &to.names()[..], &lengths.bytes, &to.bytes].concat();
    [MAGIC, &Hash::of(&body).0, &body].concat()
}

/// The state, if these bytes are whole and this engine wrote them for this study. Whether its head is in the ledger is
/// for the caller to see.
pub fn unpack(bytes: &[u8], study: &str) -> Option<State> {
    let (hash, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(32)?;
    if Hash::of(body).0 != hash {
        return None;
    }
    let mut from = Reader::new(body, &[]);
    if Hash::unpack(&mut from)? != engine() {
        return None;
    }
    let names = from.all_names()?;
    let lengths: Vec<u64> = Pack::unpack(&mut from)?;
    let mut rest = from.rest();
    let mut parts = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (part, more) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        parts.push(part);
        rest = more;
    }
    let (first, chunks) = parts.split_first()?;
    let mut state: State = whole(first, &names)?;
    for participants in together(chunks, &names)? {
        participants.into_iter().for_each(|p| state.participants.push(p));
    }
    (rest.is_empty() && &*state.study == study).then_some(state)
}

fn whole<T: Pack>(part: &[u8], names: &[&str]) -> Option<T> {
    let mut from = Reader::new(part, names);
    let thing = T::unpack(&mut from)?;
    from.is_empty().then_some(thing)
}

/// The chunks in order, read by several threads.
fn together(chunks: &[&[u8]], names: &[&str]) -> Option<Vec<Vec<Participant>>> {
    let hands = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let each = chunks.len().div_ceil(hands).max(1);
    std::thread::scope(|scope| {
        let read = |some: &[&[u8]]| -> Option<Vec<Vec<Participant>>> {
            some.iter().map(|part| whole(part, names)).collect()
        };
        let threads: Vec<_> = chunks.chunks(each).map(|some| scope.spawn(move || read(some))).collect();
        let mut all = Vec::with_capacity(chunks.len());
        for thread in threads {
            all.extend(thread.join().ok()??);
        }
        Some(all)
    })
}

packed! {
    State {
        study, head, last_at, opening, protocols, sites, people, participants, numbers, registered, tables, queries,
        held, looks, imports, refused, erased, letters,
    }
    Opening { nature, timezone, seeds, revealed, at }
    ProtocolVersion { version, protocol, effective, seq }
    Site { name, country, joined, approvals }
    SiteApproval { approval, version, decided_on, effective_from, expires_on, received_on, document, seq }
    Person { name, roles }
    Participant {
        id, site, consents, withdrawals, registrations, allocations, ineligible, off_treatment, forms, queries, imported,
    }
    Consent { document, version, on, explained_by, seq }
    Withdrawal { scope, on, seq }
    Registration { number, on, seq, protocol, cancelled }
    ArmGiven { arm, chosen, seq, on, factors, imported }
    Filled { status, values, opened, seq, protocol }
    Given { value, seq, columns }
    Query { id, participant, form, item, check, text, status, raised, answers, returns, closed }
    Look { cutoff, opened, for_whom, at, seq }
    Attempt { participant, step, on, at, seq, outcome, criteria, reasons }
    Table { made, counts, ineligible, blocks }
    OpenBlock { block, size, given }
    CriterionOutcome { id, outcome, missing }
    Reason { code, text, about }
    FormKey { form, visit, number }
    Import { name, file, rows, map, source, constructed, at, seq }
    Letters { texts, asked, handed }
    LetterKey { kind, lang, reader }
    LetterAdopted { letter, version, text, cutoff, position, findings, unreviewed, embargo }
    AdoptedLetter { adopted, at, seq, comments, signed, issued }
    Asked { vital, wishes, on, seq }
    HandedOver { participant, text, on, how, seq }
}

packed_choice! {
    Nature { 0 Real, 1 Simulated, 2 Completed }
    WithdrawalScope { 0 Treatment, 1 FollowUp, 2 DataAndSpecimens }
    Outcome { 0 Eligible, 1 Ineligible, 2 CannotTell }
    FormStatus { 0 Incomplete, 1 Complete, 2 NotApplicable }
    QueryStatus { 0 Open, 1 Answered, 2 Closed }
    LetterReader { 0 Participant, 1 Bereaved }
    Vital { 0 Alive, 1 Dead, 2 Unknown }
    Role {
        0 DataManager, 1 Statistician, 2 StudyChair, 3 Investigator, 4 Coordinator, 5 Monitor, 6 Auditor,
        7 SafetyCommittee, 8 System,
    }
}

macro_rules! packed_name {
    ($($name:ident)*) => {$(
        impl Pack for $name {
            fn pack(&self, to: &mut Packer) {
                self.0.pack(to);
            }
            fn unpack(from: &mut Reader<'_>) -> Option<Self> {
                Pack::unpack(from).map($name)
            }
        }
    )*};
}
packed_name!(SiteId PersonId StepId FormId ItemId ArmId AllocationId VisitId ParticipantId QueryId);

impl<T: Pack + Clone> Pack for Shelf<T> {
    fn pack(&self, to: &mut Packer) {
        to.number(self.len() as u64);
        self.iter().for_each(|t| t.pack(to));
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Self> {
        let mut shelf = Shelf::default();
        for _ in 0..from.number()? {
            shelf.push(T::unpack(from)?);
        }
        Some(shelf)
    }
}
