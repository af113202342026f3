//! Verification: the chain, then every event judged again by the law and the protocol version that it names.

use crate::adopted::Adopted;
use crate::allocation::{Purpose, draw};
use crate::apply::{apply, fold};
use crate::codec::read;
use crate::command::Seeds;
use crate::event::*;
use crate::ids::*;
use crate::lawful::{Author, Law, lawful, sealed};
use crate::state::*;
use ledger::{Checkpoint, Entry, Erase, Hash, Head, REDACTION, Store};
use std::collections::BTreeMap;
use words::Text;

/// What verification found. The study holds when there are no findings.
#[derive(Clone, Debug)]
pub struct Report {
    pub study: String,
    pub head: Option<Head>,
    /// The root of the Merkle tree over all entries (RFC 6962), when the chain holds.
    pub root: Option<Hash>,
    pub entries: u64,
    pub findings: Vec<Finding>,
    /// Events judged again, with the same result.
    pub re_decided: u64,
    /// Events whose protocol version this engine does not run, or whose content was erased.
    pub cannot_recheck: u64,
    /// Protocol versions that this engine does not run, and why.
    pub unreadable: BTreeMap<Hash, Text>,
    /// What was erased, in the order in which it was.
    pub erasures: Vec<Erasure>,
    /// Draws repeated from a seed, with the same number.
    pub draws_checked: u64,
    /// Draws whose seed is still sealed.
    pub draws_sealed: u64,
    /// Arms that a file told: not drawn here, so not drawn again.
    pub arms_imported: u64,
    /// The state that the ledger gives, tables included.
    pub state: State,
}

/// An erasure on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The entry that records it.
    pub seq: u64,
    pub by: String,
    pub reason: Option<String>,
    /// Entries whose payload and reason were erased.
    pub seqs: Vec<u64>,
    /// How many attached files were.
    pub files: usize,
}

/// Something that is not as it must be. `seq` 0: about the study as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub seq: u64,
    pub told: Text,
}

impl Report {
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, seq: u64, ja: String, en: String) {
        self.findings.push(Finding { seq, told: Text::new(ja, en) });
    }

    /// Compares a state that was kept, with its allocation tables, with the one that the ledger gives.
    pub fn compare(&mut self, kept: &State) {
        if *kept == self.state {
            return;
        }
        let (ja, en) = if kept.tables != self.state.tables {
            (
                "割付の集計表が、台帳から作り直したものと一致しません。",
                "The allocation tables kept are not those that the ledger gives.",
            )
        } else {
            (
                "保持している状態が、台帳から作り直したものと一致しません。",
                "The state kept is not the one that the ledger gives.",
            )
        };
        self.find(0, ja.to_owned(), en.to_owned());
    }
}

struct Judge<'a> {
    store: &'a dyn Store,
    adopted: Adopted,
    state: State,
    report: Report,
    allocations: Vec<(u64, Allocated)>,
}

/// Verifies one study of a store. `seeds`: sealed seeds, if they are at hand; seeds that the study has revealed are used
/// anyway.
pub fn verify(store: &dyn Store, study: &str, seeds: Option<&Seeds>) -> Report {
    verify_against(store, study, seeds, &[])
}

/// As [`verify`], and the entries up to the size of each checkpoint must give its root.
pub fn verify_against(
    store: &dyn Store,
    study: &str,
    seeds: Option<&Seeds>,
    checkpoints: &[Checkpoint],
) -> Report {
    let mut judge = Judge {
        store,
        adopted: Adopted::new(),
        state: State { study: study.into(), ..State::default() },
        report: Report {
            study: study.to_owned(),
            head: None,
            root: None,
            entries: 0,
            findings: Vec::new(),
            re_decided: 0,
            cannot_recheck: 0,
            unreadable: BTreeMap::new(),
            erasures: Vec::new(),
            draws_checked: 0,
            draws_sealed: 0,
            arms_imported: 0,
            state: State::default(),
        },
        allocations: Vec::new(),
    };
    match ledger::verify_against(store, study, checkpoints, &mut |entry| judge.entry(entry)) {
        Ok(found) => (judge.report.head, judge.report.root) = (Some(found.head), Some(found.root)),
        Err(fault) => judge.report.findings.push(Finding { seq: fault.seq, told: fault.told }),
    }
    judge.unallocated();
    judge.draws(seeds);
    let Judge { mut report, state, .. } = judge;
    report.findings.sort_by_key(|f| f.seq);
    report.state = state;
    report
}

impl Judge<'_> {
    fn entry(&mut self, entry: &Entry) {
        self.report.entries += 1;
        let event = match read(entry) {
            Ok(Some(event)) => event,
            Ok(None) => {
                if entry.is_erased() {
                    self.report.cannot_recheck += 1;
                }
                self.erasure(entry);
                // Reading succeeded, so folding does.
                let _ = fold(&mut self.state, entry);
                return;
            }
            Err(e) => {
                let told = e.told();
                self.report.findings.push(Finding { seq: entry.seq, told });
                self.state.head = entry.head();
                return;
            }
        };
        if let Event::ProtocolAdopted { protocol, .. } = &event {
            match crate::adopted::stored(self.store, &self.state.study, protocol) {
                Ok(compiled) => self.adopted.add(compiled),
                Err(told) => {
                    self.report.unreadable.insert(*protocol, told);
                }
            }
        }
        self.clock(entry, &event);
        let site = entry.site.as_deref().map(SiteId::from);
        match Author::of_entry(entry, site.as_ref(), &self.state) {
            None => self.report.find(
                entry.seq,
                format!("{} 番: 役割「{}」はありません。", entry.seq, entry.role),
                format!("Entry {}: there is no role \"{}\".", entry.seq, entry.role),
            ),
            Some(author) => match lawful(&self.adopted, &self.state, &author, &event) {
                Law::Lawful => self.report.re_decided += 1,
                Law::Unchecked(version) => {
                    self.report.cannot_recheck += 1;
                    let told =
                        || Text::new("この版の記録がありません。", "There is no record of this version.");
                    self.report.unreadable.entry(version).or_insert_with(told);
                }
                // What was erased may be what the decision rested on.
                Law::Broken(_) if !self.state.erased.is_empty() => self.report.cannot_recheck += 1,
                Law::Broken(reasons) => {
                    for reason in reasons {
                        let (seq, kind, code) = (entry.seq, &entry.kind, &reason.code);
                        self.report.find(
                            seq,
                            format!("{seq} 番({kind}): {} [{code}]", reason.text.ja),
                            format!("Entry {seq} ({kind}): {} [{code}]", reason.text.en),
                        );
                    }
                }
            },
        }
        if let Event::Allocated(allocated) = &event {
            self.allocations.push((entry.seq, allocated.clone()));
        }
        if matches!(event, Event::AllocationImported { .. }) {
            self.report.arms_imported += 1;
        }
        apply(&mut self.state, entry, &event);
    }

    /// The chain has found it to be one that can be read.
    fn erasure(&mut self, entry: &Entry) {
        let payload = entry.payload.as_deref().filter(|_| entry.kind == REDACTION);
        let Some(erase) = payload.and_then(|p| serde_json::from_slice::<Erase>(p).ok()) else { return };
        self.report.erasures.push(Erasure {
            seq: entry.seq,
            by: entry.actor.clone(),
            reason: entry.reason.clone(),
            seqs: erase.seqs,
            files: erase.attachments.len(),
        });
    }

    /// A clock that went back has its warning first.
    fn clock(&mut self, entry: &Entry, event: &Event) {
        let back = self.state.last_at.is_some_and(|last| entry.at < last);
        if back && !matches!(event, Event::ClockWentBack { .. }) {
            self.report.find(
                entry.seq,
                format!("{} 番: 時刻が前の記録より前ですが、警告の記録がありません。", entry.seq),
                format!(
                    "Entry {}: its time lies before the entry before it, and no warning was written.",
                    entry.seq
                ),
            );
        }
    }

    /// Whoever passed a gate that allocates has an arm.
    fn unallocated(&mut self) {
        if !self.state.erased.is_empty() {
            return;
        }
        for p in self.state.participants.iter() {
            for (step, r) in p.registrations.iter().filter(|(_, r)| !r.cancelled) {
                let Some(compiled) = self.adopted.get(&r.protocol) else { continue };
                let allocation =
                    compiled.protocol.steps.get(step.as_str()).and_then(|s| s.allocate.as_deref());
                if let Some(allocation) = allocation.filter(|a| !p.allocations.contains_key(*a)) {
                    self.report.findings.push(Finding {
                        seq: r.seq,
                        told: Text::new(
                            format!(
                                "{} 番: 登録されましたが、割付「{allocation}」が記録されていません。",
                                r.seq
                            ),
                            format!(
                                "Entry {}: registered, but the allocation \"{allocation}\" is not there.",
                                r.seq
                            ),
                        ),
                    });
                }
            }
        }
    }

    fn draws(&mut self, given: Option<&Seeds>) {
        let Some(opening) = self.state.opening.clone() else { return };
        let mut seeds: BTreeMap<AllocationId, [u8; 32]> = opening.revealed.clone();
        for (allocation, seed) in given.into_iter().flat_map(|s| &s.0) {
            if opening.seeds.get(allocation).is_some_and(|hash| *hash == sealed(seed)) {
                seeds.insert(allocation.clone(), *seed);
            } else {
                self.report.find(
                    0,
                    format!("渡された割付「{allocation}」の種は、封印されたものではありません。"),
                    format!("The seed given for the allocation \"{allocation}\" is not the sealed one."),
                );
            }
        }
        for (seq, a) in std::mem::take(&mut self.allocations) {
            let Some(seed) = seeds.get(&a.allocation) else {
                self.report.draws_sealed += 1;
                continue;
            };
            let again = |purpose, total| {
                draw(seed, &self.state.study, a.allocation.as_str(), purpose, a.counter, total)
            };
            let mut same = again(Purpose::Arm, a.probability_total) == a.drawn;
            if let Some(place) = a.block.as_ref().filter(|b| b.position == 1)
                && let Some(compiled) = self.adopted.get(&a.protocol)
            {
                let sizes =
                    compiled.protocol.allocation.get(a.allocation.as_str()).map_or(&[][..], |s| &s.blocks);
                let size = usize::try_from(again(Purpose::BlockSize, sizes.len() as u64))
                    .ok()
                    .and_then(|i| sizes.get(i));
                same &= size == Some(&place.size);
            }
            if same {
                self.report.draws_checked += 1;
            } else {
                self.report.find(
                    seq,
                    format!("{seq} 番: 割付の乱数が、種から計算したものと一致しません。"),
                    format!("Entry {seq}: the number drawn is not the one that the seed gives."),
                );
            }
        }
    }
}
