//! A study folder with its ledger, opened at one position and one cut-off.

use crate::failure::Failure;
use crate::options::At;
use crate::{evidence, ledger_file, told};
use analysis::Results;
use conduct::{Role, State, Trial, View, Viewer};
use ledger::Mode;
use protocol::{Compiled, Loaded};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use words::Lang;

/// A study folder that must be in order before anything else happens.
pub fn load(study: &Path, lang: Lang) -> Result<Loaded, Failure> {
    protocol::load(study)
        .map_err(|d| Failure::Refused(protocol::render(&d, lang, std::io::stderr().is_terminal())))
}

/// A study at (P, D), as the statistician sees it.
pub struct Opened {
    pub trial: Trial,
    pub state: Arc<State>,
    compiled: Arc<Compiled>,
    pub cutoff: Option<jiff::civil::Date>,
    lang: Lang,
    /// Numbers of other software that stand in the study folder, for the whole of the data.
    reference: Option<analysis::Reference>,
}

impl Opened {
    /// The folder must be the version that the ledger has adopted: another one is a draft, and a draft has no results.
    pub fn new(study: &Path, at: &At, lang: Lang) -> Result<Opened, Failure> {
        let loaded = load(study, lang)?;
        let trial = ledger_file::trial(&at.ledger, &loaded.compiled.protocol.study, Mode::ReadOnly, lang)?;
        let state = ledger_file::as_of(&trial, at.as_of.as_deref(), lang)?;
        let compiled =
            trial.adopted().current(&state).cloned().ok_or_else(|| {
                Failure::Refused(format!("{}: the ledger has adopted no protocol", at.ledger))
            })?;
        if compiled.hash != loaded.hash {
            return Err(Failure::Refused(match lang {
                Lang::Ja => format!(
                    "{} は台帳が採用したプロトコルではありません（第 {} 版を採用）。内容の変わったフォルダーは草案です。",
                    study.display(),
                    compiled.protocol.version
                ),
                Lang::En => format!(
                    "{} is not the protocol that the ledger has adopted (it adopted version {}); a changed folder is a draft",
                    study.display(),
                    compiled.protocol.version
                ),
            }));
        }
        let whole = at.cutoff.is_none() && at.as_of.is_none();
        let reference = if whole { reference(study)? } else { None };
        Ok(Opened { trial, state, compiled, cutoff: at.cutoff, lang, reference })
    }

    /// A checkpoint of the ledger as it is now, to be printed on a report.
    pub fn signed(&self, key: &Path) -> Result<String, Failure> {
        let (signer, study) = (evidence::signer(key)?, self.trial.study().to_owned());
        let signed = self.trial.handle().with(move |store| evidence::sign(store, &study, &signer, &[]));
        let (_, note) = signed.map_err(|e| Failure::Unusable(e.told().get(self.lang).to_owned()))??;
        Ok(note)
    }

    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    pub fn results(&self) -> Result<Results, Failure> {
        let mut found = results(&self.trial, &self.state, self.cutoff, self.lang)?;
        found.reference = self.reference.as_ref().and_then(|r| r.beside(&found));
        Ok(found)
    }
}

/// `reference.json` of a study folder, if it is there.
fn reference(study: &Path) -> Result<Option<analysis::Reference>, Failure> {
    let path = study.join("reference.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            analysis::Reference::read(&text).map(Some).map_err(|why| Failure::unusable(path.display(), why))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Failure::unusable(path.display(), e)),
    }
}

/// The planned analyses as the statistician sees them.
pub fn results(
    trial: &Trial,
    state: &State,
    cutoff: Option<jiff::civil::Date>,
    lang: Lang,
) -> Result<Results, Failure> {
    let viewer = Viewer::new("stat", Role::Statistician);
    let refused = |r: conduct::Refusal| Failure::Refused(told::reasons(&r, lang));
    let adopted = trial.adopted();
    let view = View::new(&adopted, state, cutoff, &viewer).map_err(refused)?;
    Ok(analysis::analyse(&view))
}
