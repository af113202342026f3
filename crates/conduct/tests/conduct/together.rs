//! Many callers at once, and a disk that fails.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;
use ledger::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const BASELINE: &str = "assessed_on=2024-04-01, stage=II, progressed=false";

#[test]
fn of_registrations_at_the_same_moment_each_counts_those_before_it() {
    let garden = Garden::open();
    let on = date(2024, 4, 1);
    let ids: Vec<ParticipantId> = (0..64).map(|_| garden.enrolled("s1")).collect();
    let mut numbers: Vec<u32> = std::thread::scope(|scope| {
        let garden = &garden;
        let callers: Vec<_> = ids
            .chunks(8)
            .map(|mine| {
                scope.spawn(move || {
                    let mut numbers = Vec::new();
                    for id in mine {
                        match garden.register(*id, "s1", "randomise", on, BASELINE) {
                            Answer::Registered { number, .. } => numbers.push(number),
                            other => panic!("{other:?}"),
                        }
                        // What was answered is on the disk and in every view.
                        assert!(
                            garden
                                .trial
                                .state()
                                .participant(*id)
                                .unwrap()
                                .allocations
                                .contains_key("treatment")
                        );
                    }
                    numbers
                })
            })
            .collect();
        callers.into_iter().flat_map(|c| c.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=64).collect::<Vec<_>>());
    assert_eq!(garden.verified().draws_checked, 64);
}

#[test]
fn two_who_register_the_same_participant_get_one_registration_and_one_refusal() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    let on = date(2024, 4, 1);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let garden = &garden;
        let callers: Vec<_> = (0..6)
            .map(|_| scope.spawn(move || garden.register(id, "s1", "randomise", on, BASELINE)))
            .collect();
        callers.into_iter().map(|c| c.join().unwrap()).collect()
    });
    let registered = answers.iter().filter(|a| matches!(a, Answer::Registered { .. })).count();
    assert_eq!(registered, 1);
    assert_eq!(garden.trial.state().refused.len(), 5);
    garden.verified();
}

/// A store whose appends fail while the switch is on.
struct Flaky {
    memory: Memory,
    broken: Arc<AtomicBool>,
}

impl Store for Flaky {
    fn append(&mut self, batches: &[Batch<'_>]) -> Result<Vec<Appended>, LedgerError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(LedgerError::Full);
        }
        self.memory.append(batches)
    }
    fn head(&self, study: &str) -> Result<Head, LedgerError> {
        self.memory.head(study)
    }
    fn studies(&self) -> Result<Vec<String>, LedgerError> {
        self.memory.studies()
    }
    fn read(
        &self,
        study: &str,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.memory.read(study, from, to, each)
    }
    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        self.memory.blob(hash)
    }
    fn attachment(&self, study: &str, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        self.memory.attachment(study, hash)
    }
    fn redact(
        &mut self,
        study: &str,
        expected: u64,
        erase: &Erase,
        by: Draft,
    ) -> Result<Appended, LedgerError> {
        self.memory.redact(study, expected, erase, by)
    }
    fn adopt(
        &mut self,
        study: &str,
        next: &mut dyn FnMut() -> Result<Option<Entry>, LedgerError>,
        file: &mut Files<'_>,
    ) -> Result<Head, LedgerError> {
        self.memory.adopt(study, next, file)
    }
    fn strays(&self) -> Result<Vec<Stray>, LedgerError> {
        self.memory.strays()
    }
    fn check_settings(&self) -> Result<Vec<Setting>, LedgerError> {
        self.memory.check_settings()
    }
}

fn flaky() -> (Garden, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let store = Flaky { memory: Memory::new(), broken: broken.clone() };
    let start = centre(date(2024, 1, 10));
    let trial = Trial::create(Box::new(store), &loaded(&[]), Nature::Real, seeds(), &start).unwrap();
    let garden = Garden { trial };
    garden.site("s1");
    (garden, broken)
}

#[test]
fn a_commit_that_fails_leaves_the_state_as_before_and_the_next_goes_on_from_there() {
    let (garden, broken) = flaky();
    let id = garden.enrolled("s1");
    let before = garden.trial.state();
    let on = date(2024, 4, 1);
    let go = || garden.run(register(id, "randomise", on, BASELINE), &doctor("s1", on));
    broken.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(go(), Err(TrialError::Ledger(LedgerError::Full)));
        assert_eq!(garden.trial.state(), before);
    }
    broken.store(false, Ordering::SeqCst);
    assert!(matches!(go(), Ok(Answer::Registered { number: 1, .. })));
    garden.verified();
}

#[test]
fn a_disk_that_fails_under_many_callers_loses_nothing_that_was_answered() {
    let (garden, broken) = flaky();
    let on = date(2024, 4, 1);
    let ids: Vec<ParticipantId> = (0..48).map(|_| garden.enrolled("s1")).collect();
    let done: usize = std::thread::scope(|scope| {
        let (garden, broken) = (&garden, &broken);
        let switch = scope.spawn(move || {
            for n in 0..40 {
                broken.store(n % 2 == 0, Ordering::SeqCst);
                std::thread::yield_now();
            }
            broken.store(false, Ordering::SeqCst);
        });
        let callers: Vec<_> = ids
            .chunks(8)
            .map(|mine| {
                scope.spawn(move || {
                    let mut done = 0;
                    for id in mine {
                        // A failure is told; whoever asks again is registered once.
                        while garden.run(register(*id, "randomise", on, BASELINE), &doctor("s1", on)).is_err()
                        {
                        }
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        switch.join().unwrap();
        callers.into_iter().map(|c| c.join().unwrap()).sum()
    });
    assert_eq!(done, 48);
    let state = garden.trial.state();
    assert_eq!(state.numbers["randomise"].len(), 48);
    assert!(state.refused.is_empty());
    garden.verified();
}

#[test]
fn a_study_into_which_another_process_wrote_is_not_written_over() {
    let writer = ledger::actor::Writer::start(Box::new(Memory::new())).unwrap();
    let start = centre(date(2024, 1, 10));
    let first = Garden {
        trial: Trial::create_with(writer.handle(), &loaded(&[]), Nature::Real, seeds(), &start).unwrap(),
    };
    let second = Garden { trial: Trial::open_with(writer.handle(), "GARDEN", seeds()).unwrap() };
    first.site("s1");
    let join =
        || Command::JoinSite { site: "s2".into(), name: words::Text::same("s2"), country: "JP".into() };
    assert!(matches!(second.run(join(), &start), Err(TrialError::Ledger(LedgerError::Conflict { .. }))));
    // From then on it knows what the other wrote.
    assert_eq!(second.trial.state(), first.trial.state());
    second.run(join(), &start).unwrap();
    second.verified();
}
