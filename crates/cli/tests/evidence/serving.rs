//! Two processes on one ledger: the second stands by, takes over when the first is killed, and knows everything that
//! was acknowledged; and studies spread over processes.

use super::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A database of its own on the server that `SHIRUBE_TEST_POSTGRES` names.
pub struct Database {
    pub url: String,
    admin: String,
    name: String,
}

impl Database {
    /// `None`, and it is said, when there is no server to test on; a failure where there must be one.
    pub fn new() -> Option<Database> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(admin) = std::env::var("SHIRUBE_TEST_POSTGRES") else {
            assert!(std::env::var_os("SHIRUBE_REQUIRE_POSTGRES").is_none(), "no PostgreSQL to test on");
            eprintln!("not run: SHIRUBE_TEST_POSTGRES is not set");
            return None;
        };
        let name = format!("cli{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut client = postgres::Client::connect(&admin, postgres::NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).unwrap();
        let url = admin.replacen("/postgres?", &format!("/{name}?"), 1);
        assert_ne!(url, admin);
        Some(Database { url, admin, name })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut client) = postgres::Client::connect(&self.admin, postgres::NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// A running `shirube serve`; killed when it is dropped.
struct Server {
    child: Child,
    lines: mpsc::Receiver<String>,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shirube"))
            .arg("serve")
            .args(arguments)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|l| drop(sender.send(l))));
        Server { child, lines, address: String::new() }
    }

    /// The first line that holds `words`.
    fn says(&self, words: &str) -> String {
        loop {
            let line =
                self.lines.recv_timeout(Duration::from_secs(120)).unwrap_or_else(|_| panic!("no {words}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    fn serving(mut self) -> Server {
        let line = self.says("http://");
        self.address = line.split("//").nth(1).unwrap().split('/').next().unwrap().to_owned();
        self
    }

    /// Killed as `kill -9` does it.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Status and whole answer; `None` when the server went away before it answered.
    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer))
    }

    /// Gives a consent; the participant's number when it was acknowledged.
    fn consent(&self, n: usize) -> Option<u32> {
        let fields = [
            ("token", format!("t{n}")),
            ("site", "H01".to_owned()),
            ("version", "1.0".to_owned()),
            ("on.y", "2019".to_owned()),
            ("on.m", format!("{:02}", n / 28 % 12 + 1)),
            ("on.d", format!("{:02}", n % 28 + 1)),
            ("explained_by", "inv-H01".to_owned()),
        ];
        let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let (status, answer) = self.ask("POST", "/en/JCOG1017/register?document=consent", &body.join("&"))?;
        assert_eq!(status, 303, "{answer}");
        let to = answer.lines().find_map(|l| l.strip_prefix("location: ")).unwrap();
        Some(to.split("/participants/").nth(1)?.split(['/', '?']).next()?.parse().unwrap())
    }

    fn knows(&self, participant: u32) -> bool {
        let page = self.ask("GET", &format!("/en/JCOG1017/participants/{participant}"), "");
        page.is_some_and(|(status, _)| status == 200)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves `ledger` with one process and a second that stands by, kills the first while clients write, again and again.
fn taken_over(ledger: &str, more: &[&str], rounds: usize) {
    let arguments = [&["--ledger", ledger][..], more].concat();
    let mut first = Server::start(&arguments).serving();
    let (mut acknowledged, mut longest) = (Vec::new(), Duration::ZERO);
    for round in 0..rounds {
        let second = Server::start(&arguments);
        second.says("standing by");
        for n in 0..5 {
            acknowledged.push(first.consent(round * 100 + n).unwrap());
        }
        let killed = std::thread::scope(|scope| {
            let (first_address, round) = (first.address.clone(), round);
            let clients: Vec<_> = (0..4)
                .map(|c| {
                    let address = first_address.clone();
                    scope.spawn(move || {
                        let (_, lines) = mpsc::channel();
                        let asked = Command::new("true").spawn().unwrap();
                        let server = Server { child: asked, lines, address };
                        (0..20)
                            .map_while(|n| server.consent(round * 100 + 10 + c * 20 + n))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(150 + 37 * round as u64));
            first.kill();
            let killed = Instant::now();
            clients.into_iter().for_each(|c| acknowledged.extend(c.join().unwrap()));
            killed
        });
        first = second.serving();
        longest = longest.max(killed.elapsed());
        for participant in &acknowledged {
            assert!(first.knows(*participant), "participant {participant} was acknowledged and is gone");
        }
        let mut seen = acknowledged.clone();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), acknowledged.len(), "a number was given twice");
    }
    first.kill();
    assert!(done(&["verify", "--ledger", ledger]).contains("the ledger holds"));
    println!(
        "figures: {rounds} takeovers, {} consents acknowledged, each is there; the longest took {:.1} s",
        acknowledged.len(),
        longest.as_secs_f64()
    );
}

fn rounds() -> usize {
    if std::env::var("SHIRUBE_SLOW").is_ok_and(|v| v == "1") { 10 } else { 2 }
}

#[test]
fn a_process_that_stands_by_takes_over_from_one_that_is_killed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "a.db");
    taken_over(&ledger, &[], rounds());
}

#[test]
fn a_process_that_stands_by_takes_over_from_one_that_is_killed_on_postgresql() {
    let Some(db) = Database::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "a.db");
    done(&["ledger", "copy", &ledger, "--ledger", &db.url]);
    taken_over(&db.url, &["--seeds", &format!("{ledger}.seed")], rounds());
}

#[test]
fn studies_of_one_database_are_served_by_two_processes() {
    let Some(db) = Database::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    for study in ["JCOG1017", "SECOND"] {
        let ledger = at(folder.path(), study);
        let path = folder.path().join(format!("{study} protocol"));
        copied(&root().join("studies/jcog1017"), &path);
        let protocol = std::fs::read_to_string(path.join("protocol.yaml")).unwrap();
        let protocol = protocol.replacen("study: JCOG1017", &format!("study: {study}"), 1);
        std::fs::write(path.join("protocol.yaml"), protocol).unwrap();
        let path = path.to_str().unwrap();
        done(&["simulate", path, "--seed", "1", "--ledger", &ledger, "--participants", "10"]);
        done(&["ledger", "copy", &ledger, "--ledger", &db.url]);
    }
    let one = Server::start(&["--ledger", &db.url, "--study", "JCOG1017"]).serving();
    let other = Server::start(&["--ledger", &db.url, "--study", "SECOND"]).serving();
    let asks = |server: &Server, study: &str| server.ask("GET", &format!("/en/{study}"), "").unwrap().0;
    assert_eq!((asks(&one, "JCOG1017"), asks(&other, "SECOND")), (200, 200));
    assert_eq!((asks(&one, "SECOND"), asks(&other, "JCOG1017")), (404, 404), "each serves its own");
    // A third that wants all of them waits.
    let third = Server::start(&["--ledger", &db.url]);
    third.says("standing by");
    drop((one, other));
    let third = third.serving();
    assert_eq!((asks(&third, "JCOG1017"), asks(&third, "SECOND")), (200, 200));
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(drop).unwrap()
        }
    }
}
