//! `shirube-verify`: checks a ledger file, a checkpoint or a proof, without the rest of Shirube.
//!
//! It checks what can be checked without the rules of the trial: the chain, the content, the erasures, the files, the
//! checkpoints. Whether each decision was right under the protocol is what `shirube verify` re-decides.
#![forbid(unsafe_code)]

mod arguments;
mod report;

use arguments::Arguments;
use ledger::{Checkpoint, Fault, FaultKind, Mode, NoteError, Proof, Store, Verifier, verify_against};
use report::{Finding, Report};
use std::process::ExitCode;
use words::Text;

/// Everything was checked and holds.
const HOLDS: u8 = 0;
/// Something does not hold; it was said what.
const FAULT: u8 = 1;
/// It could not be checked: wrong arguments, unreadable file, missing key.
const CANNOT: u8 = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::from(HOLDS),
        Err(e) => {
            let told = e.told();
            eprintln!("shirube-verify: {}", told.get(arguments::language()));
            return ExitCode::from(CANNOT);
        }
    };
    let mut report = Report::new(arguments.lang);
    let code = match run(&arguments, &mut report) {
        Ok(()) if report.faults == 0 => HOLDS,
        Ok(()) => FAULT,
        Err(why) => {
            eprintln!("shirube-verify: {}", why.get(arguments.lang));
            CANNOT
        }
    };
    ExitCode::from(code)
}

fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Text> {
    let keys = arguments.keys.iter().map(|k| key(k)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &arguments.proof {
        return prove(path, &keys, report);
    }
    if arguments.ledger.contains("://") {
        return Err(Text::new(
            "このプログラムが調べるのは台帳ファイルだけです。データベースの台帳は shirube verify で調べるか、ファイルに書き出してください。",
            "this program checks ledger files only; use shirube verify for a database, or export the study to a file",
        ));
    }
    let store = ledger::open(&arguments.ledger, Mode::ReadOnly).map_err(|e| e.told())?;
    let mut checkpoints = Vec::new();
    for path in &arguments.checkpoints {
        match Checkpoint::find(&text_of(path)?, &keys) {
            Ok(found) => checkpoints.extend(found),
            // Somebody altered it: that is what one wants to be told.
            Err(e @ NoteError::WrongSignature) => report.fault(&Fault {
                told: placed(path, e.told()),
                ..Fault::new("", 0, FaultKind::Rewritten { size: 0 })
            }),
            Err(e) => return Err(placed(path, e.told())),
        }
    }
    check(store.as_ref(), arguments, &checkpoints, !keys.is_empty(), report)
}

fn check(
    store: &dyn Store,
    arguments: &Arguments,
    checkpoints: &[Checkpoint],
    keyed: bool,
    report: &mut Report,
) -> Result<(), Text> {
    let there = store.studies().map_err(|e| e.told())?;
    let studies = if arguments.studies.is_empty() { there } else { arguments.studies.clone() };
    // A checkpoint of a study that is gone is the very thing to say.
    let gone = checkpoints.iter().filter(|c| !studies.iter().any(|s| c.is_of(s)));
    let gone = gone.map(|c| c.origin.split_once('/').map_or("", |(_, study)| study).to_owned());
    let studies: Vec<String> = studies.iter().cloned().chain(gone).collect();
    if studies.is_empty() {
        return Err(Text::new("台帳に試験がありません。", "There is no study in the ledger."));
    }
    for study in &studies {
        let signed: Vec<Checkpoint> = checkpoints.iter().filter(|c| c.is_of(study)).cloned().collect();
        let mut erased = Vec::new();
        let found = verify_against(store, study, &signed, &mut |entry| {
            if entry.is_erased() {
                erased.push(entry.seq);
            }
        });
        match found {
            Ok(verified) => {
                report.say(&Finding::Study { study, verified, erased: &erased, signed: &signed, keyed })
            }
            Err(fault) => report.fault(&fault),
        }
    }
    for stray in store.strays().map_err(|e| e.told())? {
        report.fault(&Fault::new("", 0, FaultKind::Stray(Box::new(stray))));
    }
    report.say(&Finding::End { studies: studies.len() });
    Ok(())
}

fn prove(path: &str, keys: &[Verifier], report: &mut Report) -> Result<(), Text> {
    let proof: Proof = serde_json::from_str(&text_of(path)?).map_err(|e| {
        placed(
            path,
            Text::new(format!("証明ファイルではありません({e})。"), format!("This is not a proof: {e}.")),
        )
    })?;
    match proof.check(keys) {
        Ok((checkpoint, entries)) => {
            report.say(&Finding::Shown { checkpoint: &checkpoint, entries: &entries })
        }
        Err((Some(seq), why)) => report.fault(&Fault {
            study: String::new(),
            seq,
            what: FaultKind::Hash,
            told: why.told().map(|_, words| format!("{seq}: {words}")),
        }),
        Err((None, why)) => return Err(placed(path, why.told())),
    }
    Ok(())
}

/// A key as it is written, or the path of a file that holds it.
fn key(given: &str) -> Result<Verifier, Text> {
    let text = if given.contains('+') { given.to_owned() } else { text_of(given)? };
    text.parse().map_err(|e: ledger::NoteError| placed(given, e.told()))
}

fn text_of(path: &str) -> Result<String, Text> {
    std::fs::read_to_string(path)
        .map_err(|e| Text::new(format!("「{path}」を読めません: {e}"), format!("{path} cannot be read: {e}")))
}

fn placed(path: &str, why: Text) -> Text {
    why.map(|_, words| format!("{path}: {words}"))
}
