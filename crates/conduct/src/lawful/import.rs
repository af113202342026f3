//! The law of data that are taken over from a file: only in a study opened as completed, only by the data centre.

use super::study::no_site;
use super::{Author, Law, filled_in};
use crate::adopted::Adopted;
use crate::event::*;
use crate::reason::Reason;
use crate::state::*;
use protocol::AllocationMethod;

pub(super) fn lawful(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    event: &Event,
) -> Result<Law, Law> {
    author.permit(state, event.action(), None)?;
    if state.nature() != Some(Nature::Completed) {
        return Err(Reason::new(
            "not_completed",
            "データの取り込みは、「終了した試験」として開始した試験でのみ行えます。",
            "Only a study that was opened as completed takes over data from a file.",
        )
        .into());
    }
    match event {
        Event::DataImported { name, source, .. } => {
            filled_in(name, "ファイル名", "the file's name")?;
            filled_in(&source.ja, "出典", "where the file is from")?;
            filled_in(&source.en, "出典(英語)", "where the file is from, in English")?;
        }
        Event::ParticipantImported { participant, site, import, key } => {
            known(state, *import)?;
            filled_in(key, "元データでの番号", "what the file calls the participant")?;
            if !state.sites.contains_key(site) {
                return Err(no_site(site).into());
            }
            let same =
                |p: &Participant| p.imported.as_ref().is_some_and(|(seq, k)| **k == **key && *seq > *import);
            if participant.0 as usize != state.participants.len() + 1 || state.participants.iter().any(same) {
                return Err(Reason::new(
                    "imported_before",
                    format!("元データの患者「{key}」はすでに取り込まれています。"),
                    format!("The file's participant \"{key}\" has been taken over before."),
                )
                .into());
            }
        }
        Event::AllocationImported { participant, allocation, arm, on, protocol, import } => {
            known(state, *import)?;
            let p = author.participant(state, *participant, event.action())?;
            let compiled = adopted.get(protocol).ok_or(Law::Unchecked(*protocol))?;
            let scheme = compiled.protocol.allocation.get(allocation.as_str());
            let outside = scheme.filter(|s| s.method == AllocationMethod::Outside);
            if !outside.is_some_and(|s| s.ratio.contains_key(arm.as_str())) {
                return Err(not_outside(arm.as_str()).into());
            }
            if p.allocations.contains_key(allocation) {
                return Err(Reason::new(
                    "already_allocated",
                    "すでに割付を受けています。",
                    "Allocated before.",
                )
                .into());
            }
            let step = compiled.protocol.allocating_step(allocation.as_str()).map(|(id, _)| id);
            let registered = step.and_then(|s| p.registration(s));
            if !registered.is_some_and(|r| r.on == *on && r.protocol == *protocol) {
                return Err(Reason::new(
                    "not_registered",
                    "割付を行う段階に登録されていません。",
                    "Not registered at the step that allocates.",
                )
                .into());
            }
        }
        _ => {}
    }
    Ok(Law::Lawful)
}

/// An arm that no allocation takes from outside.
fn not_outside(arm: &str) -> Reason {
    Reason::new(
        "allocation_not_outside",
        format!("群「{arm}」を外部から受け取る割付(method: outside)がありません。"),
        format!("No allocation takes the arm \"{arm}\" from outside (method: outside)."),
    )
}

/// The entry told before must be the last file that was taken over.
fn known(state: &State, import: u64) -> Result<(), Reason> {
    if state.imports.last().is_some_and(|i| i.seq == import) {
        return Ok(());
    }
    Err(Reason::new(
        "no_import",
        "取り込み元のファイルが記録されていません。",
        "No file was recorded from which this is taken.",
    ))
}
