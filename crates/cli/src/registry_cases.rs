//! Cases that a registry's ledger holds, as profiles.

use crate::failure::Failure;
use crate::{knowledge_files, ledger_file, told};
use conduct::{ParticipantView, Role, View, Viewer};
use ledger::Mode;
use panel::Profile;
use panel::registry::{FormValues, from_forms, holds_cases};
use std::collections::BTreeMap;
use words::Lang;

/// The profiles of all registered participants of a study whose forms hold cases, as the data centre sees them, by number.
/// A participant whose forms contradict themselves is a refusal: a case left out in silence would look like none.
pub fn cases(ledger: &str, study: Option<&str>, lang: Lang) -> Result<BTreeMap<u32, Profile>, Failure> {
    let study = match study {
        Some(study) => study.to_owned(),
        None => ledger_file::only_study(&*ledger_file::store(ledger, Mode::ReadOnly, lang)?, ledger, lang)?,
    };
    let trial = ledger_file::trial(ledger, &study, Mode::ReadOnly, lang)?;
    let (state, adopted) = (trial.state(), trial.adopted());
    let viewer = Viewer::new("data", Role::DataManager);
    let view =
        View::new(&adopted, &state, None, &viewer).map_err(|r| Failure::Refused(told::reasons(&r, lang)))?;
    let protocol = &view.protocol().protocol;
    if !holds_cases(&protocol.forms) {
        return Err(Failure::Refused(match lang {
            Lang::Ja => format!("{study} はエキスパートパネルの症例を登録する研究ではありません"),
            Lang::En => format!("{study} does not register cases for an expert panel"),
        }));
    }
    let mut out = BTreeMap::new();
    let registered =
        |p: &&ParticipantView<'_>| protocol.steps.keys().any(|step| p.registration(step).is_some());
    for p in view.participants().iter().filter(registered) {
        let mut values: BTreeMap<String, FormValues> = BTreeMap::new();
        for (id, form) in protocol.forms.iter().filter(|(id, _)| !protocol.repeats(id)) {
            for (_, record) in p.records(id) {
                let own = form.items().map(|i| i.id.clone()).zip(record.iter().cloned());
                values.entry(id.clone()).or_default().extend(own);
            }
        }
        let profile = from_forms(&values, &protocol.forms).map_err(|problems| {
            let of = format!("{study} {}", p.id());
            Failure::Refused(knowledge_files::told(&problems, Some(std::path::Path::new(&of)), lang))
        })?;
        out.insert(p.id().0, profile);
    }
    Ok(out)
}

/// One of them.
pub fn case(ledger: &str, study: Option<&str>, participant: u32, lang: Lang) -> Result<Profile, Failure> {
    cases(ledger, study, lang)?.remove(&participant).ok_or_else(|| {
        Failure::Refused(match lang {
            Lang::Ja => format!("{ledger}: 患者 {participant} は登録されていません"),
            Lang::En => format!("{ledger}: participant {participant} is not registered"),
        })
    })
}
