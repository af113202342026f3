//! The writer: shared commits, conflicts answered one by one, callers that vanish.

#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::{draft, fill};
use ledger::actor::{Request, Writer};
use ledger::*;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

/// Counts the commits below it, and can be told to fail.
#[derive(Clone, Default)]
struct Watched {
    inner: Arc<Mutex<Memory>>,
    commits: Arc<Mutex<Vec<usize>>>,
    fail: Arc<Mutex<Option<LedgerError>>>,
    gate: Arc<Mutex<()>>,
    /// The study into which another process writes one event just before the next commit that touches it.
    overtaken: Arc<Mutex<Option<&'static str>>>,
}

impl Store for Watched {
    fn append(&mut self, batches: &[Batch<'_>]) -> Result<Vec<Appended>, LedgerError> {
        let _open = self.gate.lock().unwrap();
        let mut overtaken = self.overtaken.lock().unwrap();
        if let Some(study) = overtaken.take_if(|s| batches.iter().any(|b| b.study == *s)) {
            let mut inner = self.inner.lock().unwrap();
            let head = inner.head(study).unwrap().seq;
            fill(&mut *inner, study, head + 1, head + 1);
        }
        if let Some(e) = self.fail.lock().unwrap().clone() {
            return Err(e);
        }
        let done = self.inner.lock().unwrap().append(batches)?;
        self.commits.lock().unwrap().push(batches.len());
        Ok(done)
    }
    fn head(&self, study: &str) -> Result<Head, LedgerError> {
        self.inner.lock().unwrap().head(study)
    }
    fn studies(&self) -> Result<Vec<String>, LedgerError> {
        self.inner.lock().unwrap().studies()
    }
    fn read(
        &self,
        study: &str,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.inner.lock().unwrap().read(study, from, to, each)
    }
    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        self.inner.lock().unwrap().blob(hash)
    }
    fn attachment(&self, study: &str, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        self.inner.lock().unwrap().attachment(study, hash)
    }
    fn redact(
        &mut self,
        study: &str,
        expected: u64,
        erase: &Erase,
        by: Draft,
    ) -> Result<Appended, LedgerError> {
        self.inner.lock().unwrap().redact(study, expected, erase, by)
    }
    fn adopt(
        &mut self,
        study: &str,
        next: &mut dyn FnMut() -> Result<Option<Entry>, LedgerError>,
        file: &mut Files<'_>,
    ) -> Result<Head, LedgerError> {
        self.inner.lock().unwrap().adopt(study, next, file)
    }
    fn strays(&self) -> Result<Vec<Stray>, LedgerError> {
        self.inner.lock().unwrap().strays()
    }
    fn check_settings(&self) -> Result<Vec<Setting>, LedgerError> {
        self.inner.lock().unwrap().check_settings()
    }
}

fn request(study: &str, expected: u64) -> Request {
    Request { study: study.into(), expected, drafts: vec![draft(expected + 1)], ..Request::default() }
}

/// Submits while the store is held back, so that all requests wait together; then gives the answers in order.
fn together(store: &Watched, requests: Vec<Request>) -> Vec<Result<Appended, LedgerError>> {
    let writer = Writer::start(Box::new(store.clone())).unwrap();
    let (sender, answers) = mpsc::channel();
    let held = store.gate.lock().unwrap();
    // The first request is taken alone; the others wait for it.
    writer.handle().submit(request("first", 0), Box::new(|_| ()));
    thread::sleep(std::time::Duration::from_millis(50));
    for (n, request) in requests.into_iter().enumerate() {
        let sender = sender.clone();
        writer.handle().submit(request, Box::new(move |result| sender.send((n, result)).unwrap()));
    }
    drop((held, sender));
    let mut all: Vec<_> = answers.iter().collect();
    all.sort_by_key(|(n, _)| *n);
    all.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn requests_that_wait_together_share_one_commit() {
    let store = Watched::default();
    let answers = together(&store, (0..64).map(|n| request(&format!("S{n}"), 0)).collect());
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(*store.commits.lock().unwrap(), [1, 64]);
}

#[test]
fn requests_may_be_sent_before_the_one_they_follow_is_answered() {
    let store = Watched::default();
    let answers = together(&store, (0..20).map(|n| request("S", n)).collect());
    assert_eq!(
        answers.iter().map(|a| a.as_ref().unwrap().head.seq).collect::<Vec<_>>(),
        Vec::from_iter(1..=20)
    );
    assert_eq!(*store.commits.lock().unwrap(), [1, 20]);
    verify(&store, "S", &mut |_| ()).unwrap();
}

#[test]
fn one_request_that_cannot_be_stored_does_not_hold_up_the_others() {
    let store = Watched::default();
    let unfit = Request { drafts: vec![Draft { actor: String::new(), ..draft(1) }], ..request("T", 0) };
    let answers = together(
        &store,
        vec![request("S", 0), request("S", 0), unfit, request("S", 1), request("S", 5), request("T", 0)],
    );
    let head = store.head("S").unwrap();
    let conflict = |expected| Err(LedgerError::Conflict { study: "S".into(), expected, head });
    assert!(answers[0].is_ok() && answers[3].is_ok() && answers[5].is_ok());
    assert_eq!(answers[1], conflict(0));
    assert!(matches!(answers[2], Err(LedgerError::Draft { field: "actor", .. })));
    assert_eq!(answers[4], conflict(5));
    assert_eq!((head.seq, store.head("T").unwrap().seq), (2, 1));
}

#[test]
fn what_follows_a_refused_request_of_the_same_study_is_a_conflict() {
    let store = Watched::default();
    let unfit = Request { drafts: vec![Draft { kind: String::new(), ..draft(1) }], ..request("S", 0) };
    let answers = together(&store, vec![unfit, request("S", 1)]);
    assert!(matches!(answers[1], Err(LedgerError::Conflict { expected: 1, head: Head::GENESIS, .. })));
}

#[test]
fn another_process_that_writes_in_between_makes_a_conflict_of_one_study_only() {
    // The store answers `head` as it was, then finds that somebody else was quicker.
    let store = Watched::default();
    let writer = Writer::start(Box::new(store.clone())).unwrap();
    let held = store.gate.lock().unwrap();
    let (sender, answers) = mpsc::channel();
    for study in ["S", "T"] {
        let sender = sender.clone();
        writer
            .handle()
            .submit(request(study, 0), Box::new(move |r| sender.send((study, r.is_ok())).unwrap()));
        thread::sleep(std::time::Duration::from_millis(20));
    }
    fill(&mut *store.inner.lock().unwrap(), "S", 1, 1);
    drop((held, sender));
    assert_eq!(answers.iter().collect::<BTreeSet<_>>(), [("S", false), ("T", true)].into());
}

#[test]
fn requests_that_shared_a_commit_with_one_that_was_overtaken_are_stored_all_the_same() {
    let store = Watched::default();
    *store.overtaken.lock().unwrap() = Some("S");
    let answers = together(&store, vec![request("R", 0), request("S", 0), request("T", 0)]);
    let head = store.head("S").unwrap();
    assert_eq!(
        (head.seq, &answers[1]),
        (1, &Err(LedgerError::Conflict { study: "S".into(), expected: 0, head }))
    );
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert_eq!(*store.commits.lock().unwrap(), [1, 2], "the others in one commit of their own");
}

#[test]
fn a_full_disk_is_told_to_all_and_the_writer_goes_on_when_there_is_room() {
    let store = Watched::default();
    *store.fail.lock().unwrap() = Some(LedgerError::Full);
    let writer = Writer::start(Box::new(store.clone())).unwrap();
    let handle = writer.handle();
    assert_eq!(handle.append(request("S", 0)), Err(LedgerError::Full));
    *store.fail.lock().unwrap() = None;
    assert_eq!(handle.append(request("S", 0)).unwrap().head.seq, 1);
}

#[test]
fn a_caller_that_panics_in_its_answer_does_not_stop_the_writer() {
    let writer = Writer::start(Box::new(Memory::new())).unwrap();
    writer.handle().submit(request("S", 0), Box::new(|_| panic!("a caller's mistake")));
    assert!(writer.handle().with(|_| -> () { panic!("another") }).is_err());
    assert_eq!(writer.handle().append(request("S", 1)).unwrap().head.seq, 2);
}

#[test]
fn every_request_is_answered_even_when_the_writer_stops() {
    let count = Arc::new(Mutex::new((0, 0)));
    let writer = Writer::start(Box::new(Memory::new())).unwrap();
    let handle = writer.handle();
    let callers: Vec<_> = (0..8)
        .map(|n| {
            let (handle, count) = (handle.clone(), count.clone());
            thread::spawn(move || {
                for i in 0..500 {
                    let count = count.clone();
                    let then = move |r: Result<Appended, LedgerError>| {
                        let mut count = count.lock().unwrap();
                        if r.is_ok() { count.0 += 1 } else { count.1 += 1 }
                    };
                    handle.submit(request(&format!("S{n}"), i), Box::new(then));
                }
            })
        })
        .collect();
    thread::sleep(std::time::Duration::from_millis(5));
    let store = writer.stop().unwrap();
    callers.into_iter().for_each(|c| c.join().unwrap());
    let (stored, refused) = *count.lock().unwrap();
    assert_eq!(stored + refused, 4000);
    let there: u64 = store.studies().unwrap().iter().map(|s| store.head(s).unwrap().seq).sum();
    assert_eq!(stored, there);
    assert_eq!(handle.append(request("S0", 0)), Err(LedgerError::Closed));
    assert!(handle.with(|_| ()).is_err());
}

#[test]
fn an_errand_sees_what_was_sent_before_it() {
    let writer = Writer::start(Box::new(Memory::new())).unwrap();
    let handle = writer.handle();
    for n in 0..50 {
        handle.submit(request("S", n), Box::new(|_| ()));
    }
    assert_eq!(handle.with(|store| store.head("S").unwrap().seq), Ok(50));
}

/// Ten thousand callers, of which most do not wait for their answer; on a real file.
#[test]
fn callers_that_vanish_leave_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    let writer = Writer::start(Box::new(Sqlite::open(&path, Mode::Create).unwrap())).unwrap();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    thread::scope(|scope| {
        for client in 0..8u64 {
            let (handle, acknowledged) = (writer.handle(), acknowledged.clone());
            scope.spawn(move || {
                let study = format!("S{client}");
                for n in 0..1250u64 {
                    let drafts = vec![draft(2 * n + 1), draft(2 * n + 2)];
                    let request = Request { study: study.clone(), expected: 2 * n, drafts, blobs: vec![] };
                    if n % 100 == 99 {
                        let done = handle.append(request).unwrap();
                        acknowledged.lock().unwrap().insert((study.clone(), done.head.seq));
                    } else {
                        handle.submit(request, Box::new(|_| ()));
                    }
                }
            });
        }
    });
    drop(writer);
    let store = Sqlite::open(&path, Mode::ReadOnly).unwrap();
    let heads = verify_all(&store, &mut |_| ()).unwrap();
    assert_eq!(heads.len(), 8);
    for (study, head) in &heads {
        assert_eq!(head.seq, 2500, "{study}: pairs stand or fall together");
    }
    assert!(acknowledged.lock().unwrap().iter().all(|(study, seq)| heads[study].seq >= *seq));
}
