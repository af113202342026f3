//! The writer: one thread that owns a store and puts all waiting requests into one commit.
//!
//! A request is answered through a callback, so that a caller on any kind of thread or runtime can wait as it likes; a
//! caller that has gone away leaves nothing half done, since nobody but this thread touches the transaction.

use crate::error::LedgerError;
use crate::event::{Appended, Batch, Blob, Draft, Head};
use crate::hash::Hash;
use crate::store::{Store, admit};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

/// Greatest number of requests, and of payload and file bytes, that share one commit.
const GROUP: usize = 1024;
const GROUP_BYTES: usize = 32 << 20;

/// A [`Batch`] that owns what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub study: String,
    /// The seq of the study's head as the caller knew it. A caller may send the next request before the first is
    /// answered, expecting the head that the first will leave; should the first fail, the next is a conflict.
    pub expected: u64,
    pub drafts: Vec<Draft>,
    pub blobs: Vec<Blob>,
}

impl Request {
    fn batch(&self) -> Batch<'_> {
        Batch { study: &self.study, expected: self.expected, drafts: &self.drafts, blobs: &self.blobs }
    }

    fn bytes(&self) -> usize {
        self.drafts.iter().map(|d| d.payload.len()).sum::<usize>()
            + self.blobs.iter().map(|b| b.bytes().len()).sum::<usize>()
    }
}

/// Called once with the answer, whatever happens; mostly on the writer's thread: hand it on and return.
pub type Answer = Box<dyn FnOnce(Result<Appended, LedgerError>) + Send>;

/// Keeps the promise that an [`Answer`] is called: one that is lost on the way says that the writer has stopped.
struct Reply(Option<Answer>);

impl Reply {
    fn give(mut self, result: Result<Appended, LedgerError>) {
        self.call(result);
    }

    /// A caller's code must not take the writer down with it.
    fn call(&mut self, result: Result<Appended, LedgerError>) {
        if let Some(answer) = self.0.take() {
            quietly(|| answer(result));
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.call(Err(LedgerError::Closed));
    }
}

type Errand = Box<dyn FnOnce(&mut dyn Store) + Send>;

enum Job {
    Append(Request, Reply),
    /// Anything else that needs the store: reading, redacting.
    Errand(Errand),
    Stop,
}

/// The writer's thread. When it is dropped, it answers what is waiting, then ends.
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: Option<thread::JoinHandle<Box<dyn Store>>>,
}

/// A way to the writer; cheap to clone, and usable from many threads at once.
#[derive(Clone)]
pub struct Handle {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub fn start(store: Box<dyn Store>) -> Result<Writer, LedgerError> {
        let (jobs, waiting) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || serve(store, &waiting))
            .map_err(|e| LedgerError::Io { detail: e.to_string() })?;
        Ok(Writer { jobs, thread: Some(thread) })
    }

    pub fn handle(&self) -> Handle {
        Handle { jobs: self.jobs.clone() }
    }

    /// Answers what is waiting, ends the thread, and gives the store back.
    pub fn stop(mut self) -> Result<Box<dyn Store>, LedgerError> {
        let _ = self.jobs.send(Job::Stop);
        let thread = self.thread.take().ok_or(LedgerError::Closed)?;
        thread.join().map_err(|_| LedgerError::Closed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.jobs.send(Job::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Handle {
    /// Asks for an append; `then` gets the answer once it is durable. After the writer has stopped, `then` is called
    /// at once, on this thread.
    pub fn submit(&self, request: Request, then: Answer) {
        // A job that cannot be sent comes back and is dropped, and its reply says why.
        let _ = self.jobs.send(Job::Append(request, Reply(Some(then))));
    }

    /// Appends and waits for the answer.
    pub fn append(&self, request: Request) -> Result<Appended, LedgerError> {
        let (answer, wait) = mpsc::sync_channel(1);
        self.submit(request, Box::new(move |result| drop(answer.send(result))));
        wait.recv().unwrap_or(Err(LedgerError::Closed))
    }

    /// Runs `errand` on the writer's thread, between commits, and waits for what it gives.
    pub fn with<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut dyn Store) -> T + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (answer, wait) = mpsc::sync_channel(1);
        let job = Job::Errand(Box::new(move |store| drop(answer.send(errand(store)))));
        self.jobs.send(job).map_err(|_| LedgerError::Closed)?;
        wait.recv().map_err(|_| LedgerError::Closed)
    }
}

fn serve(store: Box<dyn Store>, waiting: &mpsc::Receiver<Job>) -> Box<dyn Store> {
    let mut desk = Desk::new(store);
    let mut open = true;
    while open {
        let Ok(first) = waiting.recv() else { break };
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Append(request, reply) => desk.put(request, reply),
                Job::Errand(errand) => {
                    // In the order in which they were asked for: an errand sees what was sent before it.
                    desk.commit();
                    quietly(|| errand(desk.store.as_mut()));
                }
                Job::Stop => open = false,
            }
            if !desk.is_full() {
                next = waiting.try_recv().ok();
            }
        }
        desk.commit();
    }
    desk.store
}

/// The writer without its thread: it takes requests, and puts those that wait into one commit when told to. What the
/// thread does is this in a loop; a simulation calls it step by step.
pub struct Desk {
    store: Box<dyn Store>,
    waiting: Vec<(Request, Reply)>,
    bytes: usize,
}

impl Desk {
    pub fn new(store: Box<dyn Store>) -> Desk {
        Desk { store, waiting: Vec::new(), bytes: 0 }
    }

    /// Lets a request wait for the next commit; one that is dropped with the desk is answered as refused.
    pub fn take(&mut self, request: Request, then: Answer) {
        self.put(request, Reply(Some(then)));
    }

    fn put(&mut self, request: Request, reply: Reply) {
        self.bytes += request.bytes();
        self.waiting.push((request, reply));
    }

    /// Whether more requests would make the next commit too large.
    fn is_full(&self) -> bool {
        self.waiting.len() >= GROUP || self.bytes >= GROUP_BYTES
    }

    /// Stores what waits in one commit, and answers each request.
    pub fn commit(&mut self) {
        self.bytes = 0;
        commit(self.store.as_mut(), std::mem::take(&mut self.waiting));
    }
}

/// A caller's code must not take the writer down with it.
fn quietly(callback: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(callback));
}

/// Stores the requests in one commit. One that cannot be stored is answered alone and does not hold up the rest.
fn commit(store: &mut dyn Store, mut group: Vec<(Request, Reply)>) {
    for attempt in 0.. {
        if group.is_empty() {
            return;
        }
        let mut foreseen = Foreseen::default();
        let (mut fit, mut replies, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (request, reply) in group.drain(..) {
            match foreseen.admit(store, &request) {
                Ok(()) => {
                    fit.push(request);
                    replies.push(reply);
                }
                Err(e) => refused.push((e, reply)),
            }
        }
        let batches: Vec<Batch<'_>> = fit.iter().map(Request::batch).collect();
        match if batches.is_empty() { Ok(Vec::new()) } else { store.append(&batches) } {
            Ok(done) => {
                for (reply, appended) in replies.into_iter().zip(done) {
                    reply.give(Ok(appended));
                }
            }
            // Another process moved a head in between: look again. The answer will then be a conflict of its own.
            Err(LedgerError::Conflict { .. }) if attempt < 100 => {
                group = fit.into_iter().zip(replies).collect()
            }
            Err(e) => {
                for reply in replies {
                    reply.give(Err(e.clone()));
                }
            }
        }
        for (why, reply) in refused {
            reply.give(Err(with_true_head(store, why)));
        }
    }
}

/// A conflict with a request that shared the commit could not yet know the head's hash.
fn with_true_head(store: &dyn Store, why: LedgerError) -> LedgerError {
    match why {
        LedgerError::Conflict { study, expected, head } => {
            let head = store.head(&study).unwrap_or(head);
            LedgerError::Conflict { study, expected, head }
        }
        why => why,
    }
}

/// What the store will hold after the requests that have been let in.
#[derive(Default)]
struct Foreseen {
    heads: BTreeMap<String, Head>,
    files: BTreeSet<(String, Hash)>,
}

impl Foreseen {
    /// Whether the request can be stored after those before it; if so, counts it in.
    fn admit(&mut self, store: &dyn Store, request: &Request) -> Result<(), LedgerError> {
        let study = &request.study;
        let head = match self.heads.get(study) {
            Some(head) => *head,
            None => store.head(study)?,
        };
        admit(&request.batch(), head, |h| {
            Ok(self.files.contains(&(study.clone(), *h)) || store.attachment(study, h)?.is_some())
        })?;
        // Only the seq is foreseen: the store makes the hash.
        self.heads.insert(study.clone(), Head { seq: head.seq + request.drafts.len() as u64, ..head });
        self.files.extend(request.blobs.iter().map(|b| (study.clone(), b.hash())));
        Ok(())
    }
}
