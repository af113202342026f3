//! A real browser walks the pages: the slider moves the figures, and somebody is registered with keyboard-like input.
//!
//! Needs `chromedriver` and `chromium`. Without them the test says so and passes, unless `SHIRUBE_BROWSER=required`.

use crate::common::{LETTER, STUDY, TODAY, app, at, study};
use conduct::{Context, LetterAct, Role};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a page may take to reach a state.
const PATIENCE: Duration = Duration::from_secs(30);

/// A WebDriver session (W3C WebDriver) over plain HTTP.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ask(self.port, "DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn ask(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(120))).map_err(|e| e.to_string())?;
    let body = if method == "POST" { body.to_string() } else { String::new() };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
    let mut all = Vec::new();
    let mut chunk = [0; 65536];
    loop {
        let n = stream.read(&mut chunk).map_err(|e| e.to_string())?;
        all.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&all);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|l| {
                let (name, value) = l.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            length.is_some_and(|length| body.len() >= length)
        });
        if n == 0 || whole {
            break;
        }
    }
    let text = String::from_utf8_lossy(&all);
    let (_, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
    let value: Value = serde_json::from_str(body.trim()).map_err(|e| format!("{e}: {body}"))?;
    let value = value["value"].clone();
    if value["error"].is_string() { Err(value.to_string()) } else { Ok(value) }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Browser {
    fn start() -> Option<Browser> {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut driver = match driver {
            Ok(driver) => driver,
            Err(e) => {
                assert_ne!(
                    std::env::var("SHIRUBE_BROWSER").as_deref(),
                    Ok("required"),
                    "no chromedriver: {e}"
                );
                eprintln!("not walked in a browser: no chromedriver ({e})");
                return None;
            }
        };
        let profile = tempfile::tempdir().unwrap();
        let options = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run", "--window-size=1200,1000",
            format!("--user-data-dir={}", profile.path().display()),
        ] } } } });
        let begun = Instant::now();
        loop {
            match ask(port, "POST", "/session", &options) {
                Ok(value) => {
                    let session = value["sessionId"].as_str().unwrap().to_owned();
                    return Some(Browser { driver, port, session, profile });
                }
                Err(e) if begun.elapsed() > PATIENCE => {
                    let _ = driver.kill();
                    let _ = driver.wait();
                    assert_ne!(
                        std::env::var("SHIRUBE_BROWSER").as_deref(),
                        Ok("required"),
                        "no browser: {e}"
                    );
                    eprintln!("not walked in a browser: {e}");
                    return None;
                }
                Err(_) => std::thread::yield_now(),
            }
        }
    }

    fn call(&self, path: &str, body: Value) -> Value {
        ask(self.port, "POST", &format!("/session/{}/{path}", self.session), &body).unwrap()
    }

    fn open(&self, url: &str) {
        self.call("url", json!({ "url": url }));
    }

    /// Runs a script's body and gives what it returns.
    fn run(&self, script: &str) -> Value {
        self.try_run(script).unwrap()
    }

    fn try_run(&self, script: &str) -> Result<Value, String> {
        let path = format!("/session/{}/execute/sync", self.session);
        ask(self.port, "POST", &path, &json!({ "script": script, "args": [] }))
    }

    fn element(&self, css: &str) -> String {
        let found = self.call("element", json!({ "using": "css selector", "value": css }));
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    fn click(&self, css: &str) {
        let id = self.element(css);
        self.call(&format!("element/{id}/click"), json!({}));
    }

    fn keys(&self, css: &str, text: &str) {
        let id = self.element(css);
        self.call(&format!("element/{id}/value"), json!({ "text": text }));
    }

    /// Waits until a script's expression is true.
    #[track_caller]
    fn wait(&self, expression: &str) {
        let begun = Instant::now();
        // While a page is being replaced, a script may find nothing of it.
        while self.try_run(&format!("return Boolean({expression});")) != Ok(Value::Bool(true)) {
            assert!(
                begun.elapsed() < PATIENCE,
                "never: {expression}\n{}",
                self.run("return document.body.innerText")
            );
            std::thread::yield_now();
        }
    }

    fn text(&self, css: &str) -> String {
        self.run(&format!("return document.querySelector({css:?}).innerText")).as_str().unwrap().to_owned()
    }
}

/// A server on a free port with a thread of its own.
fn serve() -> (SocketAddr, tempfile::TempDir) {
    serve_after(|_| {})
}

/// The same after something more was done.
fn serve_after(more: impl FnOnce(&conduct::Trial)) -> (SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let trial = study(&folder.path().join("try.db"));
    more(&trial);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            let _ = server::serve(listener, app(trial)).await;
        });
    });
    (receiver.recv().unwrap(), folder)
}

#[test]
fn a_browser_moves_the_cut_off_and_registers_somebody() {
    let (address, _folder) = serve();
    let Some(browser) = Browser::start() else { return };
    assert!(browser.profile.path().exists());
    let home = format!("http://{address}/en/{STUDY}");

    // The slider: figures and numbers move without loading the page again.
    browser.open(&home);
    browser.wait("!document.querySelector('.moment .run').hidden");
    browser.run("window.stays = true");
    let before = browser.text("#moves");
    browser.run(
        "const r = document.querySelector('.moment input[type=range]'); r.value = 100;
         r.dispatchEvent(new Event('input', { bubbles: true }));",
    );
    browser.wait("document.getElementById('moves').dataset.cutoff === '2020-04-10'");
    assert_ne!(browser.text("#moves"), before);
    assert_eq!(browser.run("return window.stays"), Value::Bool(true), "the page was not loaded again");
    browser.wait("location.search.includes('cutoff=2020-04-10')");
    // The address alone gives the same.
    let moved = browser.text("#moves");
    browser.open(browser.run("return location.href").as_str().unwrap());
    assert_eq!(browser.text("#moves"), moved);

    // Act as the investigator of Sapporo.
    browser.open(&home);
    browser.click(".stand summary");
    browser.run(
        "[...document.querySelectorAll('.cast button')].find(b => b.innerText.includes('inv011')).click()",
    );
    browser.wait("document.querySelector('.stand summary').innerText.includes('inv011')");

    // A participant whose consent is recorded, whose values give a verdict, who is registered.
    browser.open(&format!("{home}/participants/12/register/entry"));
    for (field, text) in [("age", "61"), ("creatinine", "2.4"), ("assessed_on-y", "2021")] {
        let id = if field.contains('-') { format!("#{field}") } else { format!("#{field}-in") };
        browser.keys(&id, text);
    }
    for (field, value) in [("assessed_on.m", "03"), ("assessed_on.d", "01")] {
        browser.run(&format!("document.querySelector('select[name=\"{field}\"]').value = '{value}'"));
    }
    browser.click("input[name=sex][value=female]");
    browser.keys("#ps-in", "1");
    browser.click("button[value=assess]");
    browser.wait("document.querySelector('#verdict .state.no')");
    let verdict = browser.text("#verdict");
    assert!(verdict.contains("I3") && verdict.contains("not met"), "{verdict}");
    browser.run("document.querySelector('#creatinine-in').value = ''");
    browser.keys("#creatinine-in", "1.1");
    browser.click("button[value=assess]");
    browser.wait("document.querySelector('input[name=confirmed]')");
    browser.click("input[name=confirmed]");
    browser.click("button[value=register]");
    browser.wait("location.pathname.endsWith('/registered/entry')");
    assert_eq!(browser.text("dd.big"), "11");

    // Nothing on the way asked for what the content policy forbids.
    let log = ask(
        browser.port,
        "POST",
        &format!("/session/{}/se/log", browser.session),
        &json!({ "type": "browser" }),
    )
    .unwrap();
    let severe: Vec<&Value> = log.as_array().unwrap().iter().filter(|l| l["level"] == "SEVERE").collect();
    assert!(severe.is_empty(), "{severe:?}");
}

#[test]
fn a_browser_follows_a_number_home_to_its_entry_and_a_value_forth_to_its_numbers() {
    let (address, _folder) = serve();
    let Some(browser) = Browser::start() else { return };
    for lang in ["en", "ja"] {
        let home = format!("http://{address}/{lang}/{STUDY}");
        // From a number in the report straight to its row, and on to the other numbers of its line.
        browser.open(&format!("{home}/report/document"));
        let told = browser.text("#a-os table a.home");
        browser.run("document.querySelector('#a-os table a.home').click()");
        browser.wait("location.pathname.endsWith('/results/os/row')");
        assert_eq!(browser.text("h1 b"), told);
        browser.run("[...document.querySelectorAll('dl a')].at(-1).click()");
        browser.wait(&format!("document.querySelector('h1 b').innerText !== '{told}'"));
        // From the report to the analysis, from the analysis to the row.
        browser.open(&format!("{home}/report/document"));
        browser.run("document.querySelector('#a-os a[target=_top]').click()");
        browser.wait("location.pathname.endsWith('/results/os')");
        browser.run(
            "[...document.querySelectorAll('#rows a')].find(a => a.href.includes('%7CA%7Cos%7C%7C%7Ccensored%7Ckaplan-meier')).click()",
        );
        browser.wait("document.querySelector('#parts')");
        // As many are behind the count as the count says.
        let censored = browser.text("h1 b").parse::<usize>().unwrap();
        let behind = browser.run("return document.querySelectorAll('#parts tbody tr').length");
        assert_eq!(behind.as_u64().map(|n| n as usize), Some(censored));
        assert!(censored > 0);
        // From the row to one participant's values, from there to the entry.
        browser.run(
            "[...document.querySelectorAll('#parts tbody tr')]
                 .find(r => !/day 0\\)|（0日）/.test(r.innerText)).querySelector('td:last-child a').click()",
        );
        browser.wait("document.querySelector('#behind .state.done')");
        let last = browser.text("#behind tbody tr:has(.state.done) td");
        browser.run("document.querySelector('#behind tbody tr:has(.state.done) td:last-child a').click()");
        browser.wait("/\\/ledger\\/\\d+$/.test(location.pathname)");
        assert!(browser.text("pre").contains(&last), "{last}: {}", browser.text("pre"));
        // Back from the value: the casebook's last day known enters the censorings that we came from.
        browser.run("history.back()");
        browser.wait("document.querySelector('#behind .state.done')");
        browser.run("document.querySelector('#behind tbody th a').click()");
        browser.wait("location.pathname.includes('/participants/') && location.hash.startsWith('#f-')");
        browser.run(
            "const form = document.querySelector(location.hash);
             form.querySelector(\"a[href*='item=contact_on'], a[href*='item=assessed_on']\").click()",
        );
        browser.wait("document.querySelector('#rows')");
        let back = "[...document.querySelectorAll('#rows a')].some(a => a.href.includes('%7CA%7Cos%7C%7C%7Ccensored%7Ckaplan-meier'))";
        assert_eq!(browser.run(&format!("return {back}")), Value::Bool(true));
    }
}

#[test]
fn a_browser_asks_a_participant_hands_the_letter_over_and_finds_it_in_the_log() {
    let (address, _folder) = serve_after(|trial| {
        let text = ledger::Hash::of(LETTER);
        let comment = LetterAct::Comment { text, comment: "none".into() };
        let sign = LetterAct::SignOff { text };
        for (person, role, letter) in [("dm", Role::DataManager, comment), ("chair", Role::StudyChair, sign)]
        {
            let context = Context::new(at(TODAY), person, role, [8; 32]);
            trial.execute(&conduct::Command::Letter { letter }, &context).unwrap();
        }
    });
    let Some(browser) = Browser::start() else { return };
    let home = format!("http://{address}/en/{STUDY}");
    browser.open(&home);
    browser.click(".stand summary");
    browser.run(
        "[...document.querySelectorAll('.cast button')].find(b => b.innerText.includes('inv011')).click()",
    );
    browser.wait("document.querySelector('.stand summary').innerText.includes('inv011')");
    browser.run("[...document.querySelectorAll('nav a, header a')].find(a => a.innerText.includes('Letters')).click()");
    browser.wait("document.querySelector('#people')");
    browser.click("#people a");
    browser.wait("document.querySelector('#one')");
    // A form that is not filled in is not sent.
    browser.click("#one form:first-of-type button");
    assert!(browser.run("return !document.querySelector('#handed')").as_bool().unwrap());
    browser.run(
        "document.querySelector('#one [name=vital]').value = 'alive';
         document.querySelector('#one [name=wishes]').value = 'yes';",
    );
    browser.click("#one form:first-of-type button");
    browser.wait("document.querySelector('#people td').innerText.includes('Alive')");
    browser.click("#people a");
    browser.wait("document.querySelector('#one [name=how]')");
    browser.keys("#one [name=how]", "at the visit");
    browser.click("#one form:last-of-type button");
    browser.wait("document.querySelector('#handed')");
    assert!(browser.text("#handed").contains("at the visit"));
    assert!(browser.text("#by-site").contains("Sapporo Hospital"));
    browser.open(&format!("http://{address}/ja/{STUDY}/letters"));
    assert!(browser.text("#by-site").contains("札幌病院") && browser.text("main").contains("お渡しの記録"));
}
