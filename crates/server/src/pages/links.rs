//! Addresses of pages within a study, and what an address names.

use crate::ask::{Ask, segment};
use crate::error::Trouble;
use conduct::{FormKey, ParticipantId, ParticipantView, View};
use report::Typesetter;

/// The participant that the address names, if this viewer may see it; otherwise it does not exist.
pub(crate) fn participant<'a>(ask: &Ask, view: &View<'a>) -> Result<ParticipantView<'a>, Trouble> {
    let id = u32::try_from(ask.part_number("participant")?).map_err(|_| Trouble::Missing)?;
    view.participant(ParticipantId(id)).ok_or(Trouble::Missing)
}

/// The address of one filling of a form.
pub(crate) fn form_href(ask: &Ask, id: ParticipantId, key: &FormKey) -> String {
    let mut out = ask.to_bare(&format!("participants/{id}/forms/{}", segment(key.form.as_str())));
    let mut more: Vec<String> = Vec::new();
    if let Some(visit) = &key.visit {
        more.push(format!("visit={}", segment(visit.as_str())));
    }
    if key.number > 1 {
        more.push(format!("number={}", key.number));
    }
    if !more.is_empty() {
        out.push('?');
        out.push_str(&more.join("&"));
    }
    out
}

/// The place of one filling on the page of its participant.
pub(crate) fn anchor(key: &FormKey) -> String {
    format!("f-{}-{}-{}", key.form, key.visit.as_ref().map_or("", |v| v.as_str()), key.number)
}

/// The address of the page that tells which results a value enters.
pub(crate) fn value_href(ask: &Ask, id: ParticipantId, key: &FormKey, item: &str) -> String {
    let number = key.number.to_string();
    let mut more = vec![("form", key.form.as_str()), ("item", item), ("number", number.as_str())];
    more.extend(key.visit.as_ref().map(|v| ("visit", v.as_str())));
    ask.to_with(&format!("participants/{id}/results"), &more)
}

/// The address of an analysis' rows.
pub(crate) fn analysis_href(ask: &Ask, id: &str) -> String {
    ask.to(&format!("results/{}", segment(id)))
}

/// The address of the page of a row, from the row's key.
pub(crate) fn key_href(ask: &Ask, key: &str, participant: Option<&str>) -> String {
    let analysis = key.split('|').next().unwrap_or_default();
    let mut more = vec![("row", key)];
    more.extend(participant.map(|id| ("participant", id)));
    ask.to_with(&format!("results/{}/row", segment(analysis)), &more)
}

/// Files of one name, each with its address. What the typesetter makes is offered where there is one.
pub(crate) fn files(ask: &Ask, stem: &str, kinds: &[&str]) -> Vec<(String, String)> {
    let here = kinds.iter().filter(|end| !["pdf", "png"].contains(*end) || Typesetter::available());
    here.map(|end| (end.to_uppercase(), ask.to(&format!("report/files/{stem}.{end}")))).collect()
}

/// The page to go back to: within this study only, so that no form can send anybody elsewhere.
pub(crate) fn back<'a>(ask: &Ask, wanted: Option<&'a String>) -> &'a str {
    let home = ask.to_bare("");
    match wanted {
        Some(to)
            if to == &home || to.starts_with(&format!("{home}/")) || to.starts_with(&format!("{home}?")) =>
        {
            to
        }
        _ => "..",
    }
}
