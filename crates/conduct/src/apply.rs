//! Events to state: a pure fold that needs no protocol and never changes for a stored kind version.

use crate::codec::{EventError, read};
use crate::event::*;
use crate::ids::*;
use crate::letter::{AdoptedLetter, Asked, HandedOver, Letters};
use crate::machine::{FormMove, QueryMove, form_after, query_after};
use crate::state::*;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Entry, Hash};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes an entry into the state. Total: an event that no state allows (which `verify` names) changes as little as
/// it can and never panics.
pub fn apply(state: &mut State, entry: &Entry, event: &Event) {
    if state.study.is_empty() {
        state.study = entry.study.as_str().into();
    }
    happen(state, entry.seq, entry.at, event);
    state.head = entry.head();
}

/// Takes any entry of a study into the state, also the ledger's own kinds and entries that were erased.
pub fn fold(state: &mut State, entry: &Entry) -> Result<(), EventError> {
    match read(entry)? {
        Some(event) => apply(state, entry, &event),
        None => {
            if entry.is_erased() {
                Arc::make_mut(&mut state.erased).insert(entry.seq);
            }
            state.head = entry.head();
            state.last_at = Some(entry.at);
        }
    }
    Ok(())
}

/// What an event does, without its place in a chain.
pub(crate) fn happen(state: &mut State, seq: u64, at: Timestamp, event: &Event) {
    if let Event::StudyOpened { nature, timezone, seeds, .. } = event {
        state.opening = Some(Arc::new(Opening {
            nature: *nature,
            timezone: timezone.clone(),
            seeds: seeds.clone(),
            revealed: BTreeMap::new(),
            at,
        }));
    }
    let day = state.day(at);
    match event {
        Event::StudyOpened { .. } | Event::ClockWentBack { .. } => {}
        Event::ProtocolAdopted { version, protocol, effective, seeds } => {
            Arc::make_mut(&mut state.protocols).push(ProtocolVersion {
                version: version.clone(),
                protocol: *protocol,
                effective: *effective,
                seq,
            });
            if let Some(opening) = &mut state.opening {
                Arc::make_mut(opening).seeds.extend(seeds.iter().map(|(a, h)| (a.clone(), *h)));
            }
        }
        Event::AccrualHeld { step } => {
            state.held.insert(step.clone());
        }
        Event::AccrualReleased { step } => {
            state.held.remove(step);
        }
        Event::LookHeld { cutoff, opened, for_whom } => Arc::make_mut(&mut state.looks).push(Look {
            cutoff: *cutoff,
            opened: opened.clone(),
            for_whom: for_whom.clone(),
            at,
            seq,
        }),
        Event::SeedRevealed { allocation, seed } => {
            if let (Some(opening), Ok(seed)) = (&mut state.opening, seed.parse::<Hash>()) {
                Arc::make_mut(opening).revealed.insert(allocation.clone(), seed.0);
            }
        }
        Event::SiteJoined { site, name, country } => {
            let site_ =
                Site { name: name.clone(), country: country.clone(), joined: day, approvals: Vec::new() };
            Arc::make_mut(&mut state.sites).entry(site.clone()).or_insert(site_);
        }
        Event::ApprovalRecorded {
            site,
            approval,
            version,
            decided_on,
            effective_from,
            expires_on,
            document,
            received_on,
        } => {
            if let Some(site) = Arc::make_mut(&mut state.sites).get_mut(site) {
                site.approvals.push(SiteApproval {
                    approval: approval.clone(),
                    version: version.clone(),
                    decided_on: *decided_on,
                    effective_from: *effective_from,
                    expires_on: *expires_on,
                    received_on: *received_on,
                    document: *document,
                    seq,
                });
            }
        }
        Event::RoleGranted { person, name, role, site } => {
            let known = Arc::make_mut(&mut state.people).entry(person.clone());
            let known = known.or_insert_with(|| Person { name: name.clone(), roles: Vec::new() });
            known.name = name.clone();
            let held = (*role, site.clone());
            if !known.roles.contains(&held) {
                known.roles.push(held);
            }
        }
        Event::RoleRevoked { person, role, site } => {
            if let Some(person) = Arc::make_mut(&mut state.people).get_mut(person) {
                person.roles.retain(|held| *held != (*role, site.clone()));
            }
        }
        Event::DataImported { name, file, rows, map, source, constructed, .. } => {
            Arc::make_mut(&mut state.imports).push(Import {
                name: name.clone(),
                file: *file,
                rows: *rows,
                map: *map,
                source: source.clone(),
                constructed: constructed.clone(),
                at,
                seq,
            });
        }
        Event::ParticipantImported { participant, site, key, .. } => {
            if participant.0 as usize == state.participants.len() + 1 {
                let mut new = Participant::new(*participant, site.clone());
                new.imported = Some((seq, key.as_str().into()));
                state.participants.push(new);
            }
        }
        Event::AllocationImported { participant, allocation, arm, on, .. } => {
            let given = ArmGiven {
                arm: arm.clone(),
                chosen: arm.to_string(),
                seq,
                on: *on,
                factors: Vec::new(),
                imported: true,
            };
            with(state, *participant, |p| {
                p.allocations.insert(allocation.clone(), Arc::new(given));
            });
        }
        Event::ConsentGiven { participant, site, document, version, on, explained_by } => {
            if participant.0 as usize == state.participants.len() + 1 {
                state.participants.push(Participant::new(*participant, site.clone()));
            }
            let consent = Consent {
                document: document.clone(),
                version: version.clone(),
                on: *on,
                explained_by: explained_by.clone(),
                seq,
            };
            with(state, *participant, |p| add(&mut p.consents, consent));
        }
        Event::ConsentWithdrawn { participant, scope, on } => {
            with(state, *participant, |p| p.withdrawals.push(Withdrawal { scope: *scope, on: *on, seq }));
        }
        Event::Registered(r) => {
            let registration =
                Registration { number: r.number, on: r.on, seq, protocol: r.protocol, cancelled: false };
            state.numbers.entry(r.step.clone()).or_default().push(r.participant);
            *state.registered.entry(r.step.clone()).or_default() += 1;
            with(state, r.participant, |p| {
                p.registrations.insert(r.step.clone(), Arc::new(registration));
            });
        }
        Event::RegistrationRefused { participant, step, on, outcome, criteria, reasons, .. } => {
            state.refused.push(Attempt {
                participant: *participant,
                step: step.clone(),
                on: *on,
                at,
                seq,
                outcome: *outcome,
                criteria: criteria.clone(),
                reasons: reasons.clone(),
            });
        }
        Event::RegistrationCancelled { participant, step, number } => {
            let mut cancelled = false;
            with(state, *participant, |p| {
                let found = p.registrations.get_mut(step).filter(|r| r.number == *number && !r.cancelled);
                if let Some(r) = found.map(Arc::make_mut) {
                    r.cancelled = true;
                    cancelled = true;
                }
            });
            if let (true, Some(n)) = (cancelled, state.registered.get_mut(step)) {
                *n = n.saturating_sub(1);
            }
        }
        Event::Allocated(allocated) => allocate(state, seq, day, allocated),
        Event::FoundIneligible { participant, step, criterion } => {
            let mut first = Vec::new();
            with(state, *participant, |p| {
                if p.ineligible.is_empty() {
                    first.extend(p.allocations.iter().map(|(a, given)| (a.clone(), given.clone())));
                }
                p.ineligible.push((step.clone(), criterion.clone(), day));
            });
            for (allocation, given) in first {
                let table = Arc::make_mut(state.tables.entry(allocation).or_default());
                count(&mut table.ineligible, &given.factors, &given.chosen);
            }
        }
        Event::OffTreatment { participant, on, why } => {
            with(state, *participant, |p| p.off_treatment = Some((*on, why.clone(), seq)));
        }
        Event::FormSaved { participant, form, protocol, values, columns } => {
            with(state, *participant, |p| {
                let filled = p.forms.entry(form.clone()).or_insert_with(|| {
                    Arc::new(Filled {
                        status: FormStatus::Incomplete,
                        values: BTreeMap::new(),
                        opened: day,
                        seq,
                        protocol: *protocol,
                    })
                });
                let filled = Arc::make_mut(filled);
                filled.seq = seq;
                filled.protocol = *protocol;
                for (item, value) in values {
                    let columns = columns.get(item).map(|names| names.as_slice().into());
                    let given = Given { value: value.clone(), seq, columns };
                    add(filled.values.entry(item.clone()).or_default(), given);
                }
            });
        }
        Event::FormCompleted { participant, form } => {
            move_form(state, *participant, form, FormMove::Complete, seq, day)
        }
        Event::FormReopened { participant, form } => {
            move_form(state, *participant, form, FormMove::Reopen, seq, day)
        }
        Event::FormNotApplicable { participant, form } => {
            move_form(state, *participant, form, FormMove::NotApplicable, seq, day);
        }
        Event::QueryRaised { query, participant, form, item, check, text } => {
            let raised = Query {
                id: *query,
                participant: *participant,
                form: form.clone(),
                item: item.clone(),
                check: check.clone(),
                text: text.clone(),
                status: QueryStatus::Open,
                raised: (at, seq),
                answers: Vec::new(),
                returns: Vec::new(),
                closed: None,
            };
            state.queries.push(raised);
            with(state, *participant, |p| p.queries.push(*query));
        }
        Event::QueryAnswered { query, text } => {
            move_query(state, *query, QueryMove::Answer, |q| q.answers.push((text.clone(), at, seq)));
        }
        Event::QueryReturned { query, text } => {
            move_query(state, *query, QueryMove::Return, |q| q.returns.push((text.clone(), at, seq)));
        }
        Event::QueryClosed { query } => {
            move_query(state, *query, QueryMove::Close, |q| q.closed = Some((at, seq)));
        }
        Event::LetterAdopted(_)
        | Event::LetterCommented { .. }
        | Event::LetterSigned { .. }
        | Event::LetterIssued { .. }
        | Event::LetterAsked { .. }
        | Event::LetterHandedOver { .. } => {
            letters(Arc::make_mut(&mut state.letters), seq, at, day, event);
        }
    }
    state.last_at = Some(at);
}

/// Most of these rows never grow beyond one: no room is kept.
fn add<T>(row: &mut Vec<T>, thing: T) {
    row.reserve_exact(1);
    row.push(thing);
}

fn with(state: &mut State, id: ParticipantId, change: impl FnOnce(&mut Participant)) {
    if let Some(participant) = (id.0 as usize).checked_sub(1).and_then(|i| state.participants.get_mut(i)) {
        change(participant);
    }
}

fn move_form(
    state: &mut State,
    id: ParticipantId,
    key: &FormKey,
    by: FormMove,
    seq: u64,
    day: jiff::civil::Date,
) {
    with(state, id, |p| {
        let from = p.forms.get(key).map(|f| f.status);
        let Some(to) = form_after(from, by) else { return };
        let filled = p.forms.entry(key.clone()).or_insert_with(|| {
            Arc::new(Filled { status: to, values: BTreeMap::new(), opened: day, seq, protocol: Hash::ZERO })
        });
        let filled = Arc::make_mut(filled);
        filled.status = to;
        filled.seq = seq;
    });
}

fn move_query(state: &mut State, id: QueryId, by: QueryMove, note: impl FnOnce(&mut Query)) {
    if let Some(query) = (id.0 as usize).checked_sub(1).and_then(|i| state.queries.get_mut(i))
        && let Some(to) = query_after(query.status, by)
    {
        query.status = to;
        note(query);
    }
}

fn allocate(state: &mut State, seq: u64, day: jiff::civil::Date, a: &Allocated) {
    let table = Arc::make_mut(state.tables.entry(a.allocation.clone()).or_default());
    table.made += 1;
    count(&mut table.counts, &a.factors, &a.chosen);
    if let Some(place) = &a.block {
        let open = Arc::make_mut(table.blocks.entry(place.stratum.as_str().into()).or_default());
        if open.block != place.block {
            *open = OpenBlock { block: place.block, size: place.size, given: BTreeMap::new() };
        }
        *open.given.entry(a.chosen.as_str().into()).or_default() += 1;
    }
    let given = ArmGiven {
        arm: a.arm.clone(),
        chosen: a.chosen.clone(),
        seq,
        on: day,
        factors: a.factors.clone(),
        imported: false,
    };
    with(state, a.participant, |p| {
        p.allocations.insert(a.allocation.clone(), Arc::new(given));
    });
}

fn count(counts: &mut Counts, factors: &[(String, String)], arm: &str) {
    for (factor, level) in factors {
        let levels = Arc::make_mut(counts.entry(factor.as_str().into()).or_default());
        let arms = Arc::make_mut(levels.entry(level.as_str().into()).or_default());
        *arms.entry(arm.into()).or_default() += 1;
    }
}

impl Participant {
    fn new(id: ParticipantId, site: SiteId) -> Participant {
        Participant {
            id,
            site,
            consents: Vec::new(),
            withdrawals: Vec::new(),
            registrations: BTreeMap::new(),
            allocations: BTreeMap::new(),
            ineligible: Vec::new(),
            off_treatment: None,
            forms: BTreeMap::new(),
            queries: Vec::new(),
            imported: None,
        }
    }
}

/// Takes an event about letters into the state.
fn letters(letters: &mut Letters, seq: u64, at: Timestamp, day: Date, event: &Event) {
    match event {
        Event::LetterAdopted(adopted) => letters.texts.push(AdoptedLetter {
            adopted: adopted.clone(),
            at,
            seq,
            comments: Vec::new(),
            signed: None,
            issued: None,
        }),
        Event::LetterCommented { text, comment } => {
            if let Some(t) = letters.texts.iter_mut().find(|t| t.adopted.text == *text) {
                t.comments.push((comment.clone(), at, seq));
            }
        }
        Event::LetterSigned { text } => {
            if let Some(t) = letters.texts.iter_mut().find(|t| t.adopted.text == *text) {
                t.signed = Some((day, seq));
            }
        }
        Event::LetterIssued { text, .. } => {
            if let Some(t) = letters.texts.iter_mut().find(|t| t.adopted.text == *text) {
                t.issued = Some((day, seq));
            }
        }
        Event::LetterAsked { participant, vital, wishes, on } => {
            letters.asked.insert(*participant, Asked { vital: *vital, wishes: *wishes, on: *on, seq });
        }
        Event::LetterHandedOver { participant, text, on, how } => letters.handed.push(HandedOver {
            participant: *participant,
            text: *text,
            on: *on,
            how: how.clone(),
            seq,
        }),
        _ => {}
    }
}
