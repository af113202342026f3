//! `shirube verify`: the chain, the checkpoints, what stands beside the chain, every decision, every draw.

use crate::failure::{Answer, Failure};
use crate::{evidence, ledger_file, output, told};
use ledger::{Checkpoint, Fault, FaultKind, Hash, Mode, Store};
use std::path::PathBuf;
use words::{Lang, Text};

/// What a ledger is held against.
pub struct Wanted {
    pub ledger: String,
    pub study: Option<String>,
    pub checkpoint: Vec<PathBuf>,
    pub key: Vec<String>,
    pub head: Option<String>,
    pub seeds: Option<PathBuf>,
}

pub fn run(wanted: &Wanted, lang: Lang) -> Result<Answer, Failure> {
    let store = ledger_file::store(&wanted.ledger, Mode::ReadOnly, lang)?;
    let unusable = |e: ledger::LedgerError| Failure::Unusable(e.told().get(lang).to_owned());
    let seeds = ledger_file::seeds(&wanted.ledger, wanted.seeds.as_deref())?;
    let keys = wanted.key.iter().map(|k| evidence::verifier(k)).collect::<Result<Vec<_>, _>>()?;
    let checkpoints = evidence::checkpoints(&wanted.checkpoint, &keys)?;
    let printed = wanted.head.as_deref().map(head).transpose()?;
    let mut studies = store.studies().map_err(unusable)?;
    if studies.is_empty() && checkpoints.is_empty() {
        return Err(Failure::Unusable(format!("{}: the ledger holds no study", wanted.ledger)));
    }
    let there = studies.clone();
    if let Some(study) = &wanted.study {
        studies = vec![study.clone()];
    }
    let mut answer = Answer::Done;
    let mut fault = |found: Text| {
        answer = Answer::No;
        output::print(&told::finding(found.get(lang), lang)).map(drop)
    };
    // A checkpoint of a study that is gone is the very thing to say.
    for lost in checkpoints.iter().filter(|c| !there.iter().any(|s| c.is_of(s))) {
        let (origin, size) = (&lost.origin, lost.size);
        fault(Text::new(
            format!("チェックポイント {origin}({size} 番まで)の試験が台帳にありません。"),
            format!(
                "A checkpoint of {origin} up to entry {size} was given, but the ledger does not hold that study."
            ),
        ))?;
    }
    if let Some((seq, hash)) = printed {
        let found = studies.iter().map(|s| has(store.as_ref(), s, seq, &hash)).collect::<Result<Vec<_>, _>>();
        if !found.map_err(unusable)?.contains(&true) {
            fault(Text::new(
                format!("{seq} 番のハッシュは、示された {hash} ではありません。"),
                format!("Entry {seq} does not have the hash {hash} that was printed."),
            ))?;
        }
    }
    // What stands beside the chain is nobody's study.
    for stray in store.strays().map_err(unusable)? {
        fault(Fault::new("", 0, FaultKind::Stray(Box::new(stray))).told)?;
    }
    let beside = answer == Answer::No;
    // A checkpoint that was given is looked at, whichever study was named.
    studies.extend(
        there.into_iter().filter(|s| {
            wanted.study.as_ref().is_some_and(|w| w != s) && checkpoints.iter().any(|c| c.is_of(s))
        }),
    );
    for study in &studies {
        let signed: Vec<Checkpoint> = checkpoints.iter().filter(|c| c.is_of(study)).cloned().collect();
        let report = conduct::verify_against(store.as_ref(), study, seeds.as_ref(), &signed);
        if !report.holds() {
            answer = Answer::No;
        }
        output::print(&told::verified(&report, &signed, !keys.is_empty(), beside, lang))?;
    }
    if beside {
        let told = Text::new(
            "台帳に問題があります(最初の指摘を見てください)",
            "the ledger does NOT hold: see the first findings",
        );
        output::print(&told::conclusion(told.get(lang), lang))?;
    }
    Ok(answer)
}

/// Position and hash as a report prints them.
fn head(text: &str) -> Result<(u64, Hash), Failure> {
    let wrong = || Failure::Usage(format!("--head {text}: write SEQ/HASH, as the report prints them"));
    let (seq, hash) = text.split_once('/').ok_or_else(wrong)?;
    let seq: String = seq.chars().filter(|c| *c != ',').collect();
    Ok((seq.parse().map_err(|_| wrong())?, hash.parse().map_err(|_| wrong())?))
}

fn has(store: &dyn Store, study: &str, seq: u64, hash: &Hash) -> Result<bool, ledger::LedgerError> {
    let mut found = false;
    store.read(study, seq, seq, &mut |entry| {
        found = entry.hash == *hash;
        Ok(())
    })?;
    Ok(found)
}
