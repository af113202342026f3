//! The way to PostgreSQL breaks: the link is cut in the middle of a message, the server ends without its shutdown.

#![cfg(all(feature = "postgres", unix))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::server::{Database, server};
use common::{batch, draft, slow};
use ledger::*;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

fn rounds(short: u64, long: u64) -> u64 {
    if slow() { long } else { short }
}

/// Passes bytes on until its allowance is used up, then cuts both ways.
fn pass(mut from: UnixStream, mut to: UnixStream, allowance: &AtomicI64) {
    let mut buffer = [0; 4096];
    while let Ok(n) = from.read(&mut buffer) {
        let left = allowance.fetch_sub(n as i64, Ordering::SeqCst);
        let passed = n.min(usize::try_from(left).unwrap_or(0));
        if to.write_all(&buffer[..passed]).is_err() || passed < n || n == 0 {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// A folder with a socket that leads to the server's, as long as the allowance (in bytes) lasts.
fn proxy(real: PathBuf, allowance: Arc<AtomicI64>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = UnixStream::connect(real.join(".s.PGSQL.5432")) else { continue };
            let (c, s) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let (one, other) = (allowance.clone(), allowance.clone());
            thread::spawn(move || pass(client, server, &one));
            thread::spawn(move || pass(s, c, &other));
        }
    });
    folder
}

fn host(url: &str) -> PathBuf {
    url.split("host=").nth(1).unwrap().split('&').next().unwrap().into()
}

/// Everything acknowledged is there, in pairs, and the chain holds; gives the head's seq.
fn sound(store: &dyn Store, acknowledged: u64) -> u64 {
    let head = store.head("S").unwrap();
    if head != Head::GENESIS {
        verify_all(store, &mut |_| ()).unwrap();
    }
    assert!(head.seq >= acknowledged, "acknowledged {acknowledged}, there {}", head.seq);
    assert_eq!(head.seq % 2, 0, "half a batch");
    head.seq
}

#[test]
fn a_link_that_is_cut_anywhere_loses_nothing_that_was_acknowledged() {
    let Some(db) = Database::new() else { return };
    let allowance = Arc::new(AtomicI64::new(0));
    let real = host(&db.program);
    let folder = proxy(real.clone(), allowance.clone());
    let through = db.program.replace(real.to_str().unwrap(), folder.path().to_str().unwrap());
    let direct = Postgres::open(&db.program, Mode::ReadOnly).unwrap();
    let (mut acknowledged, mut cuts, mut unsure) = (0, 0, 0);
    for round in 0..rounds(25, 200) {
        allowance.store(1_000_000, Ordering::SeqCst);
        let mut store = Postgres::open(&through, Mode::Existing).unwrap();
        // Cut at another byte of an append's talk each time: about 1,500 bytes for a pair.
        allowance.store(((round * 389) % 6_000) as i64, Ordering::SeqCst);
        let mut n = sound(&direct, acknowledged);
        loop {
            match store.append(&[batch("S", n, &[draft(n + 1), draft(n + 2)])]) {
                Ok(done) => n = done[0].head.seq,
                Err(e) => {
                    assert!(matches!(e, LedgerError::Disconnected { .. }), "{e:?}");
                    cuts += 1;
                    break;
                }
            }
        }
        // The store itself, with the link back, goes on from what there is.
        allowance.store(1_000_000, Ordering::SeqCst);
        let now = store.head("S").unwrap().seq;
        unsure += u64::from(now > n);
        // Every append up to `n` was acknowledged.
        assert!(now == n || now == n + 2, "the last append is there whole, or not at all");
        acknowledged =
            store.append(&[batch("S", now, &[draft(now + 1), draft(now + 2)])]).unwrap()[0].head.seq;
    }
    println!(
        "figures: {cuts} cuts, {acknowledged} events; {unsure} appends were stored although their answer was lost"
    );
    assert_eq!(sound(&direct, acknowledged), acknowledged);
    assert_eq!(cuts, rounds(25, 200));
}

/// A server of its own, which may be crashed.
struct OwnServer(String);

impl OwnServer {
    fn tool(arguments: &[&str]) -> String {
        let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/postgres-test.sh");
        let done = Command::new(tool).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        OwnServer::tool(&["stop", &self.0]);
    }
}

#[test]
fn a_server_that_crashes_loses_nothing_that_was_acknowledged() {
    if server().is_none() {
        return;
    }
    let own = OwnServer(OwnServer::tool(&["start"]));
    let mut store = Postgres::open(&own.0, Mode::Create).unwrap();
    let mut acknowledged = 0;
    for round in 0..rounds(2, 25) {
        let url = own.0.clone();
        let crash = thread::spawn(move || {
            thread::sleep(std::time::Duration::from_millis(30 + (round * 37) % 200));
            OwnServer::tool(&["crash", &url]);
        });
        let mut n = acknowledged;
        while let Ok(done) = store.append(&[batch("S", n, &[draft(n + 1), draft(n + 2)])]) {
            (n, acknowledged) = (done[0].head.seq, done[0].head.seq);
        }
        crash.join().unwrap();
        // The same store finds its way back by itself.
        let there = sound(&store, acknowledged);
        assert!(there <= acknowledged + 2);
        acknowledged =
            store.append(&[batch("S", there, &[draft(there + 1), draft(there + 2)])]).unwrap()[0].head.seq;
    }
    println!("figures: {acknowledged} events over {} crashes, nothing lost", rounds(2, 25));
}
