//! A study in memory and people who act in it.

use conduct::*;
use jiff::civil::{Date, date};
use ledger::{Memory, Store};
use protocol::Loaded;
use rules::Value;
use std::collections::BTreeMap;

pub const FILES: [(&str, &str); 7] = [
    ("protocol.yaml", include_str!("../study/protocol.yaml")),
    ("forms/enrolment.yaml", include_str!("../study/forms/enrolment.yaml")),
    ("forms/baseline.yaml", include_str!("../study/forms/baseline.yaml")),
    ("forms/follow_up.yaml", include_str!("../study/forms/follow_up.yaml")),
    ("forms/operation.yaml", include_str!("../study/forms/operation.yaml")),
    ("forms/adverse_event.yaml", include_str!("../study/forms/adverse_event.yaml")),
    ("forms/death.yaml", include_str!("../study/forms/death.yaml")),
];

/// The protocol with texts replaced; each must be there.
pub fn loaded(changes: &[(&str, &str)]) -> Loaded {
    let mut used = vec![false; changes.len()];
    let files: Vec<(&str, String)> = FILES
        .iter()
        .map(|(name, text)| {
            let mut text = (*text).to_owned();
            for (i, (from, to)) in changes.iter().enumerate() {
                used[i] |= text.contains(from);
                text = text.replace(from, to);
            }
            (*name, text)
        })
        .collect();
    assert!(used.iter().all(|u| *u), "a change found nothing to change");
    protocol::load_texts(files.iter().map(|(n, t)| (*n, t.as_bytes())))
        .unwrap_or_else(|e| panic!("{}", protocol::render(&e, words::Lang::En, false)))
}

pub fn seeds() -> Seeds {
    Seeds(BTreeMap::from([("treatment".into(), [42; 32])]))
}

/// Noon in Tokyo on a day of 2024.
pub fn noon(on: Date) -> jiff::Timestamp {
    on.at(12, 0, 0, 0).in_tz("Asia/Tokyo").unwrap().timestamp()
}

pub fn centre(on: Date) -> Context {
    Context::new(noon(on), "dm", Role::DataManager, [1; 32])
}

/// The physician of a site.
pub fn doctor(site: &str, on: Date) -> Context {
    Context::new(noon(on), &format!("dr-{site}"), Role::Investigator, [2; 32]).at_site(site)
}

pub fn values(text: &str) -> Values {
    let pairs = text.split(',').map(str::trim).filter(|p| !p.is_empty());
    pairs
        .map(|pair| {
            let (id, v) = pair.split_once('=').unwrap();
            let value = match v {
                "true" => Value::Boolean(true),
                "false" => Value::Boolean(false),
                "?" => Value::Missing(rules::Missing::Unknown),
                "-" => Value::NOT_YET_KNOWN,
                _ if v.parse::<i64>().is_ok() && v.len() < 4 => Value::Integer(v.parse().unwrap()),
                _ if v.contains('.') => Value::Decimal(v.parse().unwrap()),
                _ if v.parse::<words::PartialDate>().is_ok() => Value::Date(v.parse().unwrap()),
                _ if v.starts_with('\'') => Value::text(v.trim_matches('\'')),
                _ => Value::code(v),
            };
            (id.into(), value)
        })
        .collect()
}

pub const ELIGIBLE: &str = "seen_on=2024-02-01, age=55, ps=1, sex=female, pregnant=false, creatinine=0.8";

pub struct Garden {
    pub trial: Trial,
}

impl Garden {
    /// The study is open, sites s1 and s2 have their papers and physicians.
    pub fn open() -> Garden {
        Garden::open_as(Nature::Real, &[])
    }

    pub fn open_as(nature: Nature, changes: &[(&str, &str)]) -> Garden {
        Garden::made(Box::new(Memory::new()), nature, changes)
    }

    /// As [`open`](Garden::open), in a store of the caller's.
    pub fn within(store: Box<dyn Store>) -> Garden {
        Garden::made(store, Nature::Real, &[])
    }

    fn made(store: Box<dyn Store>, nature: Nature, changes: &[(&str, &str)]) -> Garden {
        let start = date(2024, 1, 10);
        let trial = Trial::create(store, &loaded(changes), nature, seeds(), &centre(start)).unwrap();
        let garden = Garden { trial };
        for site in ["s1", "s2"] {
            garden.site(site);
        }
        garden
    }

    pub fn site(&self, site: &str) {
        let start = date(2024, 1, 10);
        let ok = |command| drop(self.trial.execute(&command, &centre(start)).unwrap());
        ok(Command::JoinSite { site: site.into(), name: words::Text::same(site), country: "JP".into() });
        for approval in ["ethics", "start_notice"] {
            ok(paper(site, approval, "1.0", start));
        }
        ok(Command::GrantRole {
            person: format!("dr-{site}").as_str().into(),
            name: words::Text::new("医師", "Doctor"),
            role: Role::Investigator,
            site: Some(site.into()),
        });
    }

    pub fn run(&self, command: Command, context: &Context) -> Result<Answer, TrialError> {
        self.trial.execute(&command, context).map(|r| r.answer)
    }

    /// The codes of the refusal; the command must be refused and write nothing.
    pub fn refused(&self, command: Command, context: &Context) -> Vec<String> {
        let before = self.trial.head();
        match self.trial.execute(&command, context) {
            Err(TrialError::Refused(refusal)) => {
                assert_eq!(self.trial.head(), before, "a refusal wrote something");
                assert!(refusal.reasons.iter().all(|r| !r.text.ja.is_empty() && !r.text.en.is_empty()));
                refusal.reasons.into_iter().map(|r| r.code).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn consent(&self, site: &str, on: Date) -> ParticipantId {
        let command = Command::GiveConsent {
            site: site.into(),
            participant: None,
            document: "consent".into(),
            version: if on < date(2024, 7, 1) { "1.0" } else { "2.0" }.into(),
            on,
            explained_by: format!("dr-{site}").as_str().into(),
        };
        match self.run(command, &doctor(site, on)).unwrap() {
            Answer::Participant(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub fn register(&self, id: ParticipantId, site: &str, step: &str, on: Date, text: &str) -> Answer {
        self.run(register(id, step, on, text), &doctor(site, on)).unwrap()
    }

    /// Consents and enrols on 1 February 2024.
    pub fn enrolled(&self, site: &str) -> ParticipantId {
        let on = date(2024, 2, 1);
        let id = self.consent(site, on);
        assert!(matches!(self.register(id, site, "enrol", on, ELIGIBLE), Answer::Registered { .. }));
        id
    }

    /// Enrols, and is randomised on 1 April 2024.
    pub fn randomised(&self, site: &str) -> (ParticipantId, ArmId) {
        let id = self.enrolled(site);
        let on = date(2024, 4, 1);
        match self.register(id, site, "randomise", on, "assessed_on=2024-04-01, stage=II, progressed=false") {
            Answer::Registered { arm: Some(arm), .. } => (id, arm),
            other => panic!("{other:?}"),
        }
    }

    pub fn save(
        &self,
        id: ParticipantId,
        site: &str,
        form: FormKey,
        text: &str,
        on: Date,
    ) -> Result<Answer, TrialError> {
        let command = Command::SaveForm { participant: id, form, values: values(text), complete: true };
        self.run(command, &doctor(site, on))
    }

    pub fn view<T>(&self, cutoff: Option<Date>, viewer: &Viewer, look: impl FnOnce(&View<'_>) -> T) -> T {
        let (adopted, state) = (self.trial.adopted(), self.trial.state());
        look(&View::new(&adopted, &state, cutoff, viewer).unwrap())
    }

    /// Verifies, must hold.
    pub fn verified(&self) -> Report {
        let report = self.trial.verify().unwrap();
        assert!(report.holds(), "{:#?}", report.findings);
        report
    }
}

pub fn paper(site: &str, approval: &str, version: &str, on: Date) -> Command {
    Command::RecordApproval {
        site: site.into(),
        approval: approval.into(),
        version: version.into(),
        decided_on: on,
        effective_from: on,
        expires_on: None,
        document: None,
        received_on: on,
    }
}

pub fn register(participant: ParticipantId, step: &str, on: Date, text: &str) -> Command {
    Command::Register { participant, step: step.into(), on, values: values(text), confirmed: true }
}

pub fn visit(form: &str, visit: &str, number: u32) -> FormKey {
    FormKey { form: form.into(), visit: Some(visit.into()), number }
}

pub fn data_manager() -> Viewer {
    Viewer::new("dm", Role::DataManager)
}
