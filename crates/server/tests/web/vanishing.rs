//! Clients that vanish in the middle of a request: nothing is half done, and the server goes on answering.

use crate::common::*;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

fn requests() -> u64 {
    if std::env::var("SHIRUBE_SLOW").is_ok_and(|v| v == "1") { 10_000 } else { 240 }
}

/// A consent as a browser posts it; every one with a token of its own.
fn request(n: u64) -> Vec<u8> {
    let body = format!(
        "token=v{n}&site=011&version=1.0&on.y=2021&on.m=02&on.d={:02}&explained_by=inv011",
        1 + n % 28
    );
    format!(
        "POST /en/{STUDY}/register?document=consent HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\
         Connection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        cookie("inv011"),
        body.len()
    )
    .into_bytes()
}

/// The participant of an answer that acknowledges a consent.
fn acknowledged(answer: &str) -> Option<u32> {
    let to = answer.lines().find_map(|l| l.strip_prefix("location: "))?;
    to.split("/participants/").nth(1)?.split('/').next()?.parse().ok()
}

#[test]
fn clients_that_vanish_in_the_middle_of_a_request_leave_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("try.db");
    let trial = std::sync::Arc::new(study(&file));
    let before = trial.state().participants.len();
    let mut app = server::App::new(std::sync::Arc::new(|| at(TODAY))).unwrap();
    app.open(trial.clone()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(server::serve(listener, app));
    let (answered, sent_whole) = (Mutex::new(BTreeSet::new()), Mutex::new(0));
    std::thread::scope(|scope| {
        for client in 0..8 {
            let (answered, sent_whole) = (&answered, &sent_whole);
            scope.spawn(move || {
                for n in (client..requests()).step_by(8) {
                    let bytes = request(n);
                    // SplitMix64's last steps: another place each time, every fourth request whole.
                    let mix = (n ^ (n >> 3)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33;
                    let cut = if n % 4 == 0 { bytes.len() } else { mix as usize % (bytes.len() + 1) };
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.write_all(&bytes[..cut]).unwrap();
                    if cut == bytes.len() {
                        *sent_whole.lock().unwrap() += 1;
                    }
                    match n % 8 {
                        // Waits for the answer.
                        0 => {
                            let mut answer = String::new();
                            stream.read_to_string(&mut answer).unwrap();
                            let id = acknowledged(&answer).unwrap_or_else(|| panic!("{answer}"));
                            assert!(answered.lock().unwrap().insert(id), "{id} was given twice");
                        }
                        // Goes while the server works on it.
                        4 => std::thread::sleep(Duration::from_micros(mix % 3000)),
                        _ => {}
                    }
                }
            });
        }
    });
    // One more, to the end, by which time all that was sent before has been dealt with or given up.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&request(requests())).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let last = acknowledged(&answer).unwrap_or_else(|| panic!("{answer}"));
    let report = trial.verify().unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    let state = report.state;
    let (answered, sent_whole) = (answered.into_inner().unwrap(), sent_whole.into_inner().unwrap());
    let given = state.participants.len() - before;
    assert!(
        answered.iter().chain([&last]).all(|id| state.participant(conduct::ParticipantId(*id)).is_some())
    );
    assert!(state.participants.iter().all(|p| p.consents.len() == 1), "a participant without consent");
    assert!(given > answered.len() && given <= sent_whole + 1, "{given} of {sent_whole}");
    println!(
        "figures: {} requests, {sent_whole} sent whole, {given} consents stored, {} acknowledged and each there",
        requests() + 1,
        answered.len() + 1
    );
}
