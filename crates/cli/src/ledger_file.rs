//! Ledgers as the command line names them, and the seed file beside them.

use crate::failure::Failure;
use conduct::{Seeds, State, Trial};
use jiff::Timestamp;
use ledger::{Mode, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use words::Lang;

/// Opens a store. Nothing is created unless `mode` says so.
pub fn store(name: &str, mode: Mode, lang: Lang) -> Result<Box<dyn Store>, Failure> {
    ledger::open(name, mode).map_err(|e| Failure::Unusable(e.told().get(lang).to_owned()))
}

/// The one study of a ledger; several need to be told apart by the study folder.
pub fn only_study(store: &dyn Store, name: &str, lang: Lang) -> Result<String, Failure> {
    let mut studies = studies(store, lang)?;
    let held = held(&studies, lang);
    match (studies.pop(), studies.len()) {
        (Some(study), 0) => Ok(study),
        (None, _) => Err(Failure::Unusable(format!("{name}: {held}"))),
        (Some(_), _) => Err(Failure::Usage(match lang {
            Lang::Ja => format!("{name}: {held}。どの試験かを指定してください"),
            Lang::En => format!("{name}: {held}; name one"),
        })),
    }
}

fn studies(store: &dyn Store, lang: Lang) -> Result<Vec<String>, Failure> {
    store.studies().map_err(|e| Failure::Unusable(e.told().get(lang).to_owned()))
}

fn held(studies: &[String], lang: Lang) -> String {
    match (studies, lang) {
        ([], Lang::Ja) => "台帳に試験がありません".to_owned(),
        ([], Lang::En) => "the ledger holds no study".to_owned(),
        (some, Lang::Ja) => format!("台帳にある試験は {} です", some.join("、")),
        (some, Lang::En) => format!("the ledger holds {}", some.join(", ")),
    }
}

/// Folds a study from its ledger, with the seeds beside it when they are there.
pub fn trial(name: &str, study: &str, mode: Mode, lang: Lang) -> Result<Trial, Failure> {
    let (store, seeds) = (store(name, mode, lang)?, seeds(name, None)?.unwrap_or_default());
    let others = studies(&*store, lang)?;
    Trial::open(store, study, seeds).map_err(|e| {
        let told = e.told();
        Failure::Unusable(match (&e, lang) {
            (conduct::TrialError::NoStudy(_), Lang::Ja) => {
                format!("{name}: {}{}。", told.ja, held(&others, lang))
            }
            (conduct::TrialError::NoStudy(_), Lang::En) => {
                format!("{name}: {}; {}", told.en, held(&others, lang))
            }
            _ => format!("{name}: {}", told.get(lang)),
        })
    })
}

/// The state as it stood at a position (a whole number) or a time.
pub fn as_of(trial: &Trial, text: Option<&str>, lang: Lang) -> Result<Arc<State>, Failure> {
    let Some(text) = text else { return Ok(trial.state()) };
    let told = |e: conduct::TrialError| Failure::Unusable(e.told().get(lang).to_owned());
    if let Ok(seq) = text.parse::<u64>() {
        let head = trial.state().head.seq;
        if seq == 0 || seq > head {
            return Err(Failure::Usage(format!("--as-of {seq}: the ledger runs from 1 to {head}")));
        }
        return trial.as_of(seq).map(Arc::new).map_err(told);
    }
    let at: Timestamp = text.parse().map_err(|_| {
        Failure::Usage(format!(
            "--as-of {text}: write a ledger position (42) or a time (2020-12-31T15:00:00Z)"
        ))
    })?;
    let seq = position(trial, at).map_err(told)?;
    if seq == 0 {
        return Err(Failure::Usage(format!("--as-of {text}: the ledger begins later")));
    }
    trial.as_of(seq).map(Arc::new).map_err(told)
}

/// The last position written at or before a time. Order is by position: where the clock went back, later entries of an
/// earlier time are after it all the same.
fn position(trial: &Trial, at: Timestamp) -> Result<u64, conduct::TrialError> {
    let (study, head) = (trial.study().to_owned(), trial.head().seq);
    let found = trial.handle().with(move |store| {
        let mut last = 0;
        store.read(&study, 1, head, &mut |entry| {
            if entry.at <= at {
                last = entry.seq;
            }
            Ok(())
        })?;
        Ok::<u64, ledger::LedgerError>(last)
    });
    Ok(found??)
}

fn seed_path(ledger: &str) -> Option<PathBuf> {
    (!ledger.contains("://")).then(|| PathBuf::from(format!("{ledger}.seed")))
}

/// The sealed seeds from the file named, or else from the file beside the ledger, if there is one.
pub fn seeds(ledger: &str, named: Option<&Path>) -> Result<Option<Seeds>, Failure> {
    let Some(path) = named.map(Path::to_owned).or_else(|| seed_path(ledger)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => from_text(&text).map(Some).map_err(|why| Failure::unusable(path.display(), why)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(e) => Err(Failure::unusable(path.display(), e)),
    }
}

/// Writes the seed file, readable by its owner only. An existing one is never overwritten with other seeds.
pub fn keep_seeds(ledger: &str, seeds: &Seeds) -> Result<(), Failure> {
    let Some(path) = seed_path(ledger) else { return Ok(()) };
    write_private(&path, &to_text(seeds)).map_err(|e| Failure::unusable(path.display(), e))
}

/// One line per allocation: its id and the seed in hexadecimal digits.
fn to_text(seeds: &Seeds) -> String {
    seeds.0.iter().map(|(id, seed)| format!("{id} {}\n", ledger::Hash(*seed))).collect()
}

fn from_text(text: &str) -> Result<Seeds, String> {
    let mut seeds = Seeds::default();
    for (n, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        let seed = words
            .next()
            .zip(words.next())
            .and_then(|(id, hex)| Some((id, hex.parse::<ledger::Hash>().ok()?)));
        let Some((id, seed)) = seed else {
            return Err(format!("line {}: expected an allocation's id and 64 hexadecimal digits", n + 1));
        };
        seeds.0.insert(id.into(), seed.0);
    }
    Ok(seeds)
}

/// A file that only its owner may read; an existing one is refused.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    write_private_bytes(path, text.as_bytes())
}

fn write_private_bytes(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Where a study's snapshot is kept: in `folder`, or beside a ledger that is a file.
pub fn snapshot_path(ledger: &str, study: &str, folder: Option<&Path>) -> Option<PathBuf> {
    let of_study = ledger::Hash::of(study.as_bytes()).short();
    match folder {
        Some(folder) => {
            let of_ledger = ledger::Hash::of(ledger.as_bytes()).short();
            Some(folder.join(format!("{of_ledger}-{of_study}.snapshot")))
        }
        None if ledger.contains("://") => None,
        None => Some(PathBuf::from(format!("{ledger}-{of_study}.snapshot"))),
    }
}

/// The state of a snapshot, if there is one that fits this engine and study.
pub fn kept(path: &Path, study: &str) -> Option<State> {
    conduct::snapshot::unpack(&std::fs::read(path).ok()?, study)
}

/// Writes a snapshot, readable by its owner only: it holds what the ledger holds.
pub fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    let _ = std::fs::remove_file(&part);
    write_private_bytes(&part, bytes)?;
    std::fs::rename(&part, path)
}

/// Removes the snapshot beside a ledger.
pub fn forget_snapshot(ledger: &str, study: &str) -> Result<(), Failure> {
    let Some(path) = snapshot_path(ledger, study, None) else { return Ok(()) };
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Failure::unusable(path.display(), e)),
        _ => Ok(()),
    }
}
