//! An import: read, check, build the whole study in memory through the law, verify it, and only then write it.

use crate::File;
use crate::check::{check, item};
use crate::decode::decode;
use crate::map::Map;
use crate::read::{Person, read};
use crate::table::{Table, table};
use conduct::{
    Answer, Command, Context, Nature, ParticipantId, Reason, Receipt, Role, Seeds, Trial, TrialError,
};
use jiff::Timestamp;
use ledger::{Blob, Hash, Head, LedgerError, Memory, Store};
use protocol::{Diagnostic, Loaded, Places, Protocol};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use words::Text;

/// What an import brought, or in a dry run would bring.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    pub file: Hash,
    pub map: Hash,
    pub rows: u64,
    pub participants: u32,
    /// By step.
    pub registered: BTreeMap<String, u32>,
    /// Arms that the file told.
    pub arms: u32,
    pub forms: u32,
    /// Of them, those in which something required is missing.
    pub incomplete: u32,
    /// Queries that the forms' checks and ranges raised.
    pub queries: u32,
    /// Columns that were left out.
    pub ignored: Vec<String>,
    /// What the map made up.
    pub constructed: Vec<Text>,
    pub head: Head,
    pub warnings: Vec<Diagnostic>,
}

/// How many of these are mistakes, in words.
fn mistakes(found: &[Diagnostic]) -> String {
    match found.iter().filter(|d| d.is_error()).count() {
        1 => "1 mistake".to_owned(),
        n => format!("{n} mistakes"),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// All mistakes; nothing was written.
    #[error("{} in file or map; nothing was taken over", mistakes(.0))]
    Wrong(Vec<Diagnostic>),
    /// The ledger holds the study. `same`: from the same file by the same map.
    #[error("the ledger holds {study} already{}; nothing was done", if *.same { ", from this file by this map" } else { "" })]
    Already { study: String, same: bool },
    #[error(transparent)]
    Trial(#[from] TrialError),
    #[error("{}", .0.told().en)]
    Ledger(LedgerError),
}

impl ImportError {
    /// What went wrong and what to do, in both languages.
    pub fn told(&self) -> Text {
        match self {
            ImportError::Wrong(found) => {
                let n = found.iter().filter(|d| d.is_error()).count();
                Text::new(
                    format!("ファイルか対応表に誤りが {n} 件あります。何も取り込んでいません。"),
                    self.to_string(),
                )
            }
            ImportError::Already { study, same: true } => Text::new(
                format!(
                    "台帳にはすでに {study} が、同じファイルと対応表から取り込まれています。何もしていません。"
                ),
                self.to_string(),
            ),
            ImportError::Already { study, same: false } => Text::new(
                format!(
                    "台帳にはすでに {study} があります。何もしていません。新しい台帳に取り込んでください。"
                ),
                format!("{self}; import into a new ledger"),
            ),
            ImportError::Trial(e) => e.told(),
            ImportError::Ledger(e) => e.told(),
        }
    }
}

/// Takes a CSV file over into a new study by a map. Without `store` nothing is written: a dry run. All of it, or none.
pub fn import(
    loaded: &Loaded,
    file: &File<'_>,
    map: &File<'_>,
    store: Option<&mut dyn Store>,
) -> Result<Imported, ImportError> {
    let protocol = &loaded.compiled.protocol;
    let (hash, map_hash) = (Hash::of(file.bytes), Hash::of(map.bytes));
    if let Some(store) = store.as_deref() {
        refuse_second(store, &protocol.study, hash, map_hash)?;
    }
    let mut found = Vec::new();
    let (parsed, written): (Map, Places) =
        protocol::read_yaml_placed(map.name, map.bytes).map_err(ImportError::Wrong)?;
    other_file(&parsed, &written, hash, &mut found);
    let text = decode(file, parsed.file.encoding, &mut found);
    let table = text.as_deref().and_then(|text| table(file.name, text, parsed.file.delimiter, &mut found));
    let Some(table) = table else { return Err(ImportError::Wrong(found)) };
    let Some(plan) = check(&parsed, &written, protocol, &table, &mut found) else {
        return Err(ImportError::Wrong(found));
    };
    let people = read(&plan, protocol, &table, &mut found);
    if found.iter().any(Diagnostic::is_error) {
        return Err(ImportError::Wrong(found));
    }
    let mut run = Run {
        map: &parsed,
        protocol,
        table: &table,
        at: plan.at,
        key: key(loaded, file, map),
        sent: 0,
        found: Vec::new(),
        done: Imported {
            file: hash,
            map: map_hash,
            rows: table.rows.len() as u64,
            participants: 0,
            registered: BTreeMap::new(),
            arms: 0,
            forms: 0,
            incomplete: 0,
            queries: 0,
            ignored: parsed.ignore.keys().cloned().collect(),
            constructed: constructed(&parsed),
            head: Head::GENESIS,
            warnings: found,
        },
    };
    let trial = run.open(loaded, file, map)?;
    for person in &people {
        run.person(&trial, person)?;
    }
    if !run.found.is_empty() {
        return Err(ImportError::Wrong(run.found));
    }
    let mut done = run.done;
    let state = trial.state();
    done.head = trial.head();
    done.queries = u32::try_from(state.queries.len()).unwrap_or(u32::MAX);
    let open = |p: &conduct::Participant| {
        p.forms.values().filter(|f| f.status == conduct::FormStatus::Incomplete).count()
    };
    done.incomplete = u32::try_from(state.participants.iter().map(open).sum::<usize>()).unwrap_or(u32::MAX);
    if let Some(store) = store {
        let study = protocol.study.clone();
        // The copy verifies the chain on its way into one transaction.
        let copied = with_memory(&trial, store, &study)?;
        if copied != done.head {
            let study = study.clone();
            return Err(ImportError::Ledger(LedgerError::Conflict {
                study,
                expected: done.head.seq,
                head: copied,
            }));
        }
    }
    Ok(done)
}

/// Copies the study out of the trial's memory, entry by entry.
fn with_memory(trial: &Trial, store: &mut dyn Store, study: &str) -> Result<Head, ImportError> {
    // The writer's thread owns the memory; the store stays here, so the study goes through a copy of its own.
    let name = study.to_owned();
    let copied = trial.handle().with(move |from| {
        let mut between = Memory::new();
        ledger::copy(from, &mut between, &name).map(|_| between)
    });
    let between = copied.map_err(ImportError::Ledger)?.map_err(ImportError::Ledger)?;
    ledger::copy(&between, store, study).map_err(ImportError::Ledger)
}

fn refuse_second(store: &dyn Store, study: &str, file: Hash, map: Hash) -> Result<(), ImportError> {
    if store.head(study).map_err(ImportError::Ledger)? == Head::GENESIS {
        return Ok(());
    }
    let (state, _) = conduct::load(store, study, u64::MAX)?;
    let same = state.imports.iter().any(|i| i.file == file && i.map == map);
    Err(ImportError::Already { study: study.to_owned(), same })
}

/// A map that was made for another file.
fn other_file(map: &Map, written: &Places, hash: Hash, found: &mut Vec<Diagnostic>) {
    let Some(told) = &map.file.sha256 else { return };
    if told.to_ascii_lowercase() != hash.to_string() {
        let message = Text::new(
            format!("この対応表は別のファイルのためのものです（このファイルの SHA-256 は {hash}）。"),
            format!("The map was made for another file; the SHA-256 of this one is {hash}."),
        );
        let hint = Text::new(
            "ファイルが正しければ、内容を確かめてから sha256 を書き換えてください。",
            "If this is the right file, look at what changed, then mend `sha256`.",
        );
        found.push(Diagnostic::error("X107", message).at(written.named(&["file", "sha256"])).hint(hint));
    }
}

fn constructed(map: &Map) -> Vec<Text> {
    map.day_zero.iter().filter_map(|z| z.constructed.clone()).collect()
}

/// What every salt is made from: the content of file, map and protocol, of which the ledger holds hashes only.
fn key(loaded: &Loaded, file: &File<'_>, map: &File<'_>) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix("shirube import salt 1\n");
    for part in [file.bytes, map.bytes, &loaded.canonical] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

struct Run<'r> {
    map: &'r Map,
    protocol: &'r Protocol,
    table: &'r Table<'r>,
    at: Timestamp,
    key: [u8; 32],
    sent: u64,
    found: Vec<Diagnostic>,
    done: Imported,
}

impl Run<'_> {
    fn context(&mut self) -> Context {
        self.sent += 1;
        let mut hash = Sha256::new_with_prefix("shirube import command 1\n");
        hash.update(self.key);
        hash.update(self.sent.to_be_bytes());
        Context::new(self.at, &self.map.recorded.by, Role::DataManager, hash.finalize().into())
    }

    /// The study with its sites, its people and the file from which the rest comes.
    fn open(&mut self, loaded: &Loaded, file: &File<'_>, map: &File<'_>) -> Result<Trial, ImportError> {
        let context = self.context();
        let memory = Box::new(Memory::new());
        let trial = Trial::create(memory, loaded, Nature::Completed, Seeds::default(), &context)?;
        for (id, person) in &self.map.people {
            let Some(role) = Role::from_name(&person.role) else { continue };
            if *id == self.map.recorded.by && role == Role::DataManager {
                continue;
            }
            let (person_id, name) = (id.as_str().into(), Text::new(&person.ja, &person.en));
            let command = Command::GrantRole { person: person_id, name, role, site: None };
            trial.execute(&command, &self.context())?;
        }
        for (id, site) in &self.map.sites {
            let (name, country) = (Text::new(&site.ja, &site.en), site.country.clone());
            trial.execute(&Command::JoinSite { site: id.as_str().into(), name, country }, &self.context())?;
        }
        let command = Command::ImportData {
            name: file.name.to_owned(),
            file: self.done.file,
            bytes: file.bytes.len() as u64,
            rows: self.done.rows,
            map: self.done.map,
            source: self.map.source.clone(),
            constructed: self.done.constructed.clone(),
        };
        trial.execute_with(&command, &self.context(), vec![Blob::new(map.bytes.to_vec())])?;
        Ok(trial)
    }

    /// One participant. What the law refuses is told at the rows it came from, and the next one is tried.
    fn person(&mut self, trial: &Trial, person: &Person) -> Result<(), ImportError> {
        let command = Command::ImportParticipant { site: person.site.clone(), key: person.key.clone() };
        let Some(receipt) = self.send(trial, &command, person.row, "")? else { return Ok(()) };
        let Answer::Participant(participant) = receipt.answer else { return Ok(()) };
        self.done.participants += 1;
        for step in &person.steps {
            let command = Command::ImportRegistration {
                participant,
                step: step.step.clone(),
                on: step.on,
                values: step.values.clone(),
                arm: step.arm.clone(),
            };
            let form = self.protocol.steps.get(step.step.as_str()).map_or("", |s| s.form.as_str());
            let Some(receipt) = self.send(trial, &command, person.row, form)? else { return Ok(()) };
            match receipt.answer {
                Answer::Registered { arm, .. } => {
                    *self.done.registered.entry(step.step.to_string()).or_default() += 1;
                    self.done.arms += u32::from(arm.is_some());
                    self.done.forms += 1;
                }
                Answer::NotRegistered { reasons, .. } => {
                    self.refused(trial, participant, person.row, form, step.step.as_str(), &reasons);
                    return Ok(());
                }
                _ => {}
            }
        }
        for (key, values, row) in &person.forms {
            let command =
                Command::SaveForm { participant, form: key.clone(), values: values.clone(), complete: true };
            let form = key.form.as_str().to_owned();
            if self.send(trial, &command, *row, &form)?.is_some() {
                self.done.forms += 1;
            }
        }
        Ok(())
    }

    /// Sends a command; a refusal is told at the row, in the columns of the items that it is about.
    fn send(
        &mut self,
        trial: &Trial,
        command: &Command,
        row: usize,
        form: &str,
    ) -> Result<Option<Receipt>, ImportError> {
        match trial.execute(command, &self.context()) {
            Ok(receipt) => Ok(Some(receipt)),
            Err(TrialError::Refused(refusal)) => {
                for reason in &refusal.reasons {
                    self.tell(row, form, reason);
                }
                Ok(None)
            }
            Err(e) => Err(e.into()),
        }
    }

    fn tell(&mut self, row: usize, form: &str, reason: &Reason) {
        let column = reason.about.iter().find_map(|about| {
            let about = about.rsplit('.').next().unwrap_or(about);
            item(self.protocol, form, about)?;
            let steps = self
                .map
                .steps
                .iter()
                .filter(|(id, _)| self.protocol.steps.get(*id).is_some_and(|s| s.form == form));
            let steps = steps.map(|(_, s)| &s.values);
            let forms = self.map.forms.iter().filter(|f| f.form == form).map(|f| &f.values);
            steps.chain(forms).find_map(|values| values.get(about)?.column.as_deref())
        });
        let fields = self.table.rows.get(row);
        let at = column.and_then(|c| self.table.column(c)).unwrap_or(0);
        let Some(field) = fields.and_then(|f| f.get(at)) else { return };
        let told = Text::new(
            format!("{}［{}］", reason.text.ja, reason.code),
            format!("{} [{}]", reason.text.en, reason.code),
        );
        self.found.push(Diagnostic::error("X501", told).at(self.table.place(field)));
    }

    /// A registration that the criteria or the gate refuse: the file holds somebody who could not be in the study.
    fn refused(
        &mut self,
        trial: &Trial,
        participant: ParticipantId,
        row: usize,
        form: &str,
        step: &str,
        reasons: &[Reason],
    ) {
        for reason in reasons {
            self.tell(row, form, reason);
        }
        let state = trial.state();
        let attempts = state.refused.iter().filter(|a| a.participant == participant);
        let Some(attempt) = attempts.last() else { return };
        for criterion in &attempt.criteria {
            let (ja, en) = match criterion.outcome {
                conduct::Outcome::Eligible => continue,
                conduct::Outcome::Ineligible => ("を満たしません", "is not met"),
                conduct::Outcome::CannotTell => ("は判定できません", "cannot be told"),
            };
            let words =
                self.protocol.steps.get(step).and_then(|s| s.criteria.iter().find(|c| c.id == criterion.id));
            let words = words.map_or(Text::same(&criterion.id), |c| Text::new(&c.ja, &c.en));
            let reason = Reason::new(
                &criterion.id,
                format!("規準「{}」{ja}。", words.ja),
                format!("The criterion \"{}\" {en}.", words.en),
            )
            .about(criterion.missing.iter().map(String::as_str));
            self.tell(row, form, &reason);
        }
    }
}
