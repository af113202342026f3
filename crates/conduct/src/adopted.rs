//! The protocol versions that a study has adopted, compiled, and which of them holds where.

use crate::ids::*;
use crate::reason::Reason;
use crate::state::{ProtocolVersion, Site, SiteApproval, State};
use jiff::civil::Date;
use ledger::{Hash, Store};
use protocol::Compiled;
use std::collections::BTreeMap;
use std::sync::Arc;
use words::Text;

/// Compiled protocol versions by the hash of their canonical bytes. A version that this engine no longer runs is
/// absent; what was decided under it cannot be decided again here.
#[derive(Clone, Debug, Default)]
pub struct Adopted {
    versions: BTreeMap<Hash, Arc<Compiled>>,
}

impl Adopted {
    pub fn new() -> Adopted {
        Adopted::default()
    }

    pub fn add(&mut self, compiled: Arc<Compiled>) {
        self.versions.insert(Hash(compiled.hash), compiled);
    }

    pub fn get(&self, hash: &Hash) -> Option<&Arc<Compiled>> {
        self.versions.get(hash)
    }

    /// The version adopted last: what views and analyses are made with.
    pub fn current(&self, state: &State) -> Option<&Arc<Compiled>> {
        self.get(&state.protocols.last()?.protocol)
    }

    /// The version that holds at a site on a day: of the versions in effect, the one adopted last for which the site
    /// has all papers that each version needs; else the last for which it once had them; where it never had them for
    /// any, the one adopted last, so that a refusal names what is missing for it. Before any version is in effect: none.
    pub fn in_force<'s>(
        &self,
        state: &'s State,
        site: &str,
        on: Date,
    ) -> Option<(&'s ProtocolVersion, &Arc<Compiled>)> {
        let site = state.sites.get(site);
        let in_effect = || {
            let versions = state.protocols.iter().rev().filter(|v| v.effective <= on);
            versions.filter_map(|v| Some((v, self.get(&v.protocol)?)))
        };
        let with = |papers: fn(&Site, &Compiled, Date) -> bool| {
            in_effect().find(|(_, compiled)| site.is_some_and(|s| papers(s, compiled, on)))
        };
        with(|s, c, on| per_version(c).all(|a| holds(s, c, a, on)))
            .or_else(|| with(|s, c, on| per_version(c).all(|a| held(s, c, a, on))))
            .or_else(|| in_effect().next())
    }
}

fn per_version(compiled: &Compiled) -> impl Iterator<Item = &str> {
    compiled.protocol.approvals.iter().filter(|(_, a)| a.per_version).map(|(id, _)| id.as_str())
}

/// Whether the site has, or once had, this kind of approval for this version.
fn held(site: &Site, compiled: &Compiled, approval: &str, on: Date) -> bool {
    papers(site, compiled, approval, on).next().is_some()
}

fn papers<'s>(
    site: &'s Site,
    compiled: &'s Compiled,
    approval: &'s str,
    on: Date,
) -> impl Iterator<Item = &'s SiteApproval> {
    let per_version = compiled.protocol.approvals.get(approval).is_none_or(|a| a.per_version);
    site.approvals.iter().filter(move |a| {
        a.approval == approval
            && (!per_version || a.version == compiled.protocol.version)
            && a.effective_from <= on
            && a.decided_on <= on
            && a.received_on <= on
    })
}

/// Whether the site has this kind of approval for this version on this day.
fn holds(site: &Site, compiled: &Compiled, approval: &str, on: Date) -> bool {
    papers(site, compiled, approval, on).any(|a| a.expires_on.is_none_or(|until| on <= until))
}

/// A site that never had a version's papers collects nothing under it. One whose paper has expired goes on following
/// its participants, and registers nobody.
pub(crate) fn never_approved(state: &State, compiled: &Compiled, site: &str, on: Date) -> Option<Reason> {
    let site_ = state.sites.get(site)?;
    let missing: Vec<&str> = per_version(compiled).filter(|a| !held(site_, compiled, a, on)).collect();
    let version = &compiled.protocol.version;
    let named = missing.join(", ");
    let reason = Reason::new(
        "approval_missing",
        format!("施設 {site} にはプロトコル第 {version} 版の承認({named})がないため、入力できません。"),
        format!(
            "Site {site} has no approval ({named}) for protocol version {version}, so nothing can be entered."
        ),
    );
    (!missing.is_empty()).then(|| reason.about(missing))
}

/// The papers that `step` asks of the site and that it does not have on the day: one reason for each.
pub(crate) fn missing_papers(
    state: &State,
    compiled: &Compiled,
    site: &str,
    step: &str,
    on: Date,
) -> Vec<Reason> {
    let (Some(found), Some(step)) = (state.sites.get(site), compiled.protocol.steps.get(step)) else {
        return Vec::new();
    };
    let needed = step.approvals.iter().filter(|a| !holds(found, compiled, a, on));
    needed
        .map(|approval| {
            let name = compiled.protocol.approvals.get(approval);
            let name = name.map_or(Text::same(approval), |a| Text::new(&a.ja, &a.en));
            let version = &compiled.protocol.version;
            let latest = found.approvals.iter().rfind(|a| a.approval == *approval && a.version == *version);
            let (ja, en) = match latest {
                Some(a) if a.expires_on.is_some_and(|until| until < on) => {
                    ("有効期限が切れています", "has expired")
                }
                Some(_) => ("まだ発効していません", "is not in effect yet"),
                None => ("登録されていません", "is missing"),
            };
            Reason::new(
                "approval_missing",
                format!("施設 {site} の「{}」(プロトコル第 {version} 版)が {on} の時点で{ja}。", name.ja),
                format!("\"{}\" of site {site} for protocol version {version} {en} on {on}.", name.en),
            )
            .about([approval.as_str()])
        })
        .collect()
}

/// The key under which a form is kept: a form that is filled once, at one visit of the schedule, belongs to that visit.
pub(crate) fn normal(compiled: &Compiled, key: &FormKey) -> FormKey {
    let mut key = key.clone();
    if key.visit.is_none() && !compiled.protocol.repeats(key.form.as_str()) {
        let visit = compiled.protocol.schedule.iter().find(|(_, v)| v.form == key.form.as_str());
        key.visit = visit.map(|(id, _)| id.as_str().into());
    }
    key
}

pub(crate) fn no_protocol() -> Reason {
    Reason::new(
        "no_protocol",
        "この日に有効なプロトコルの版がありません。",
        "No protocol version is in effect on this day.",
    )
}

pub(crate) fn no_step(step: &str) -> Reason {
    Reason::new(
        "no_step",
        format!("登録段階「{step}」はプロトコルにありません。"),
        format!("The protocol has no step \"{step}\"."),
    )
}

/// A protocol version from its blob.
pub(crate) fn stored(store: &dyn Store, study: &str, hash: &Hash) -> Result<Arc<Compiled>, Text> {
    let bytes = store.attachment(study, hash).map_err(|e| e.told())?;
    let bytes = bytes.ok_or_else(|| {
        Text::new("プロトコルの本文が台帳にありません。", "The protocol's text is not in the ledger.")
    })?;
    Compiled::from_canonical(&bytes)
        .map_err(|e| Text::new(format!("この版の Shirube では読めないプロトコルです({e})。"), format!("{e}")))
}
