//! A small made-up study in a real SQLite file, and the server in front of it.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use conduct::{
    AllocationId, Answer, Command, Context, FormKey, LetterAct, LetterKey, LetterReader, Nature,
    ParticipantId, Role, Seeds, Trial, Values,
};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use ledger::Blob;
use rules::{Missing, Value};
use server::App;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;
use words::Text;

pub const STUDY: &str = "TRY01";
/// The day on which the server stands: noon in Tokyo.
pub const TODAY: Date = date(2021, 3, 1);

pub fn at(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0).in_tz("Asia/Tokyo").unwrap().timestamp()
}

pub fn day(d: Date) -> Value {
    Value::Date(d.into())
}

/// Builds the study by commands, as people would.
pub struct Builder {
    pub trial: Trial,
    turn: u64,
}

/// People of the study: id, role, site.
pub const PEOPLE: &[(&str, Role, Option<&str>)] = &[
    ("stat", Role::Statistician, None),
    ("chair", Role::StudyChair, None),
    ("inv011", Role::Investigator, Some("011")),
    ("crc011", Role::Coordinator, Some("011")),
    ("inv012", Role::Investigator, Some("012")),
    ("inv013", Role::Investigator, Some("013")),
    ("monitor", Role::Monitor, None),
    ("auditor", Role::Auditor, None),
    ("safety", Role::SafetyCommittee, None),
];

impl Builder {
    pub fn new(file: &std::path::Path) -> Builder {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/web/study");
        let loaded =
            protocol::load(&folder).map_err(|d| protocol::render(&d, words::Lang::En, false)).unwrap();
        let store = ledger::open(file.to_str().unwrap(), ledger::Mode::Create).unwrap();
        let seeds = Seeds(BTreeMap::from([(AllocationId::from("main"), [7; 32])]));
        let context = Context::new(at(date(2020, 1, 6)), "dm", Role::DataManager, [1; 32]);
        let trial = Trial::create(store, &loaded, Nature::Simulated, seeds, &context).unwrap();
        Builder { trial, turn: 0 }
    }

    pub fn tell(&mut self, on: Date, who: (&str, Role, Option<&str>), command: Command) -> Answer {
        self.tell_because(on, who, command, None)
    }

    pub fn tell_because(
        &mut self,
        on: Date,
        (person, role, site): (&str, Role, Option<&str>),
        command: Command,
        reason: Option<&str>,
    ) -> Answer {
        self.turn += 1;
        let mut salt = [0; 32];
        salt[..8].copy_from_slice(&self.turn.to_le_bytes());
        let mut context = Context::new(at(on), person, role, salt);
        context.site = site.map(Into::into);
        context.reason = reason.map(str::to_owned);
        let told = format!("{command:?}");
        self.trial.execute(&command, &context).map_err(|e| format!("{e}: {told}")).unwrap().answer
    }

    fn staff(&mut self) {
        let dm = ("dm", Role::DataManager, None);
        let start = date(2020, 1, 6);
        for (id, ja, en) in [
            ("011", "札幌病院", "Sapporo Hospital"),
            ("012", "東京病院", "Tokyo Hospital"),
            ("013", "福岡病院", "Fukuoka Hospital"),
        ] {
            let command =
                Command::JoinSite { site: id.into(), name: Text::new(ja, en), country: "JP".into() };
            self.tell(start, dm, command);
            // Site 013 has joined and still waits for its ethics approval.
            if id != "013" {
                let command = Command::RecordApproval {
                    site: id.into(),
                    approval: "ethics".into(),
                    version: "1.0".into(),
                    decided_on: start,
                    effective_from: start,
                    expires_on: None,
                    document: None,
                    received_on: start,
                };
                self.tell(start, dm, command);
            }
        }
        for (person, role, site) in PEOPLE {
            let command = Command::GrantRole {
                person: (*person).into(),
                name: Text::new(format!("担当 {person}"), format!("Person {person}")),
                role: *role,
                site: site.map(Into::into),
            };
            self.tell(start, dm, command);
        }
    }

    /// Puts a letter in English before the reviewers; its words are no longer in any folder.
    fn letter(&mut self) {
        let letter =
            LetterKey { kind: "letter".into(), lang: "en".into(), reader: LetterReader::Participant };
        let words = Blob::new(LETTER.to_vec());
        let act = LetterAct::Adopt {
            letter,
            text: words.hash(),
            cutoff: date(2020, 12, 31),
            position: 100,
            findings: 0,
            unreviewed: 0,
            embargo: None,
        };
        let context = Context::new(at(date(2021, 2, 20)), "dm", Role::DataManager, [7; 32]);
        self.trial.execute_with(&Command::Letter { letter: act }, &context, vec![words]).unwrap();
    }

    pub fn consent(&mut self, on: Date, site: &str) -> ParticipantId {
        let inv = format!("inv{site}");
        let command = Command::GiveConsent {
            site: site.into(),
            participant: None,
            document: "consent".into(),
            version: "1.0".into(),
            on,
            explained_by: inv.as_str().into(),
        };
        match self.tell(on, (&inv, Role::Investigator, Some(site)), command) {
            Answer::Participant(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub fn register(&mut self, on: Date, site: &str, p: ParticipantId, step: &str, values: Values) -> Answer {
        let inv = format!("inv{site}");
        let command = Command::Register { participant: p, step: step.into(), on, values, confirmed: true };
        self.tell(on, (&inv, Role::Investigator, Some(site)), command)
    }

    pub fn save(&mut self, on: Date, site: &str, p: ParticipantId, form: FormKey, values: Values) {
        let inv = format!("inv{site}");
        let command = Command::SaveForm { participant: p, form, values, complete: true };
        self.tell(on, (&inv, Role::Investigator, Some(site)), command);
    }
}

pub fn values<const N: usize>(pairs: [(&str, Value); N]) -> Values {
    pairs.into_iter().map(|(item, value)| (item.into(), value)).collect()
}

pub fn entry_values(on: Date, sex: &str, creatinine: Option<&str>) -> Values {
    values([
        ("assessed_on", day(on)),
        ("sex", Value::code(sex)),
        ("age", Value::Integer(52)),
        ("ps", Value::Integer(0)),
        (
            "creatinine",
            creatinine.map_or(Value::Missing(Missing::NotDone), |c| Value::Decimal(c.parse().unwrap())),
        ),
        ("remark", Value::text("<b>&'\"</b> 乳房")),
    ])
}

pub fn follow_up(number: u32) -> FormKey {
    FormKey { form: "follow_up".into(), visit: Some("follow_up".into()), number }
}

/// Twelve participants at two sites; ten allocated, three dead, one with a query, one corrected value, one partial
/// date, one refused, one consented only.
pub fn study(file: &std::path::Path) -> Trial {
    let mut b = Builder::new(file);
    b.staff();
    let sites = ["011", "012"];
    for n in 0..10u32 {
        let site = sites[(n % 2) as usize];
        let on = date(2020, 2, 3) + (i64::from(n) * 9).days();
        let sex = if n % 3 == 0 { "male" } else { "female" };
        let p = b.consent(on, site);
        let answer = b.register(on, site, p, "entry", entry_values(on, sex, Some("0.9")));
        assert!(matches!(answer, Answer::Registered { .. }), "{answer:?}");
        let second = on + 61.days();
        let answer = b.register(
            second,
            site,
            p,
            "allocation",
            values([("assessed_on", day(second)), ("response", Value::code("stable"))]),
        );
        assert!(matches!(answer, Answer::Registered { arm: Some(_), .. }), "{answer:?}");
        if n % 3 != 2 {
            let contact = second + 92.days();
            let follow = values([
                (
                    "contact_on",
                    if n == 0 { Value::Date("2020-07-UK".parse().unwrap()) } else { day(contact) },
                ),
                ("weight", Value::Decimal("51.5".parse().unwrap())),
                ("progressed", Value::Boolean(n == 4)),
            ]);
            let mut follow = follow;
            if n == 4 {
                // After the last contact: the check raises a query.
                follow.insert("progressed_on".into(), day(contact + 5.days()));
            }
            b.save(contact + 3.days(), site, p, follow_up(1), follow);
        }
        if n == 1 {
            let corrected = values([("weight", Value::Decimal("53.2".parse().unwrap()))]);
            let command =
                Command::SaveForm { participant: p, form: follow_up(1), values: corrected, complete: false };
            b.tell_because(
                date(2020, 10, 1),
                ("crc011", Role::Coordinator, Some("011")).with_site(site),
                command,
                Some("カルテを再確認"),
            );
        }
        if n % 4 == 3 {
            b.save(
                date(2020, 12, 10),
                site,
                p,
                FormKey::once("death"),
                values([("died_on", day(date(2020, 11, 20) + i64::from(n).days()))]),
            );
        }
    }
    let on = date(2020, 12, 14);
    let refused = b.consent(on, "012");
    let mut values = entry_values(on, "female", None);
    values.insert("ps".into(), Value::Integer(3));
    let answer = b.register(on, "012", refused, "entry", values);
    assert!(matches!(answer, Answer::NotRegistered { .. }), "{answer:?}");
    b.consent(date(2021, 2, 15), "011");
    b.letter();
    b.trial
}

/// The words of the letter that is before the reviewers, as the ledger keeps them, and their hash.
pub const LETTER: &[u8] = b"{}";
pub const LETTER_HASH: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

trait AtSite<'a> {
    fn with_site(self, site: &'a str) -> (&'a str, Role, Option<&'a str>);
}

impl<'a> AtSite<'a> for (&'a str, Role, Option<&'a str>) {
    /// The investigator of a site, whichever person is written before.
    fn with_site(self, site: &'a str) -> (&'a str, Role, Option<&'a str>) {
        match site {
            "011" => self,
            _ => ("inv012", Role::Investigator, Some("012")),
        }
    }
}

/// The server with its study, asked without a network.
pub struct Web {
    pub router: Router,
    pub file: PathBuf,
    _folder: TempDir,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

pub fn app(trial: Trial) -> App {
    let mut app = App::new(Arc::new(|| at(TODAY))).unwrap();
    app.open(trial).unwrap();
    app
}

impl Web {
    pub fn new() -> Web {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("try.db");
        let trial = study(&file);
        Web { router: app(trial).router(), file, _folder: folder }
    }

    pub fn around(app: App, file: PathBuf, folder: TempDir) -> Web {
        Web { router: app.router(), file, _folder: folder }
    }

    /// Asks as `who` (`dm`, `inv011`, …).
    pub async fn get(&self, who: &str, path: &str) -> Reply {
        self.send(Request::get(path).header(header::COOKIE, cookie(who)).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, who: &str, path: &str, form: &[(&str, &str)]) -> Reply {
        let body: Vec<String> = form.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let request = Request::post(path)
            .header(header::COOKIE, cookie(who))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")))
            .unwrap();
        self.send(request).await
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), 64 << 20).await.unwrap();
        Reply { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

impl Reply {
    pub fn to(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |l| l.to_str().unwrap())
    }

    /// The value of the hidden field `name`, the first on the page.
    pub fn hidden(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let at =
            self.body.find(&marker).unwrap_or_else(|| panic!("no hidden field {name} in\n{}", self.body));
        self.body[at + marker.len()..].split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    pub fn has(&self, text: &str) {
        assert!(self.body.contains(text), "`{text}` is not in\n{}", self.body);
    }

    #[track_caller]
    pub fn lacks(&self, text: &str) {
        assert!(!self.body.contains(text), "`{text}` is in\n{}", self.body);
    }
}

/// The cookie by which the demonstration knows as whom one acts.
pub fn cookie(who: &str) -> String {
    let (role, site) = match PEOPLE.iter().find(|(p, ..)| *p == who) {
        Some((_, role, site)) => (*role, site.unwrap_or("")),
        None => (Role::DataManager, ""),
    };
    let key: String = format!("{who}\n{}\n{site}", role.name()).bytes().map(|b| format!("{b:02x}")).collect();
    format!("shirube_acts_as={key}")
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
