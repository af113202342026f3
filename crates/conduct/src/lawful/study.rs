//! The law of events about the study, its sites and its people.

use super::{Author, Law, filled_in, future, sealed};
use crate::adopted::Adopted;
use crate::event::*;
use crate::ids::*;
use crate::reason::Reason;
use crate::role::Role;
use crate::state::*;
use jiff::civil::Date;
use ledger::Hash;
use std::collections::BTreeMap;

pub(super) fn lawful(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    event: &Event,
) -> Result<Law, Law> {
    let action = event.action();
    match event {
        Event::StudyOpened { .. } => {
            if state.opening.is_some() || state.head.seq != 0 {
                return Err(Reason::new(
                    "opened",
                    "試験はすでに開始されています。",
                    "The study is open already.",
                )
                .into());
            }
            if author.role != Role::DataManager {
                author.permit(state, action, None)?;
            }
            filled_in(author.person, "担当者", "the person")?;
        }
        Event::RoleGranted { person, role, site, .. } => {
            // The person who opens the study is its first data manager.
            let first = state.people.is_empty()
                && state.opening.is_some()
                && *role == Role::DataManager
                && author.role == *role
                && person.as_str() == author.person;
            if !first {
                author.permit(state, action, site.as_ref())?;
            }
            grant(state, person, *role, site.as_ref())?;
        }
        Event::RoleRevoked { person, role, site } => {
            author.permit(state, action, site.as_ref())?;
            if !state.people.get(person).is_some_and(|p| p.roles.contains(&(*role, site.clone()))) {
                return Err(Reason::new(
                    "role_not_held",
                    format!("{person} さんはこの役割を持っていません。"),
                    format!("{person} does not hold this role."),
                )
                .into());
            }
            let managers =
                state.people.values().filter(|p| p.roles.contains(&(Role::DataManager, None))).count();
            if *role == Role::DataManager && managers == 1 {
                return Err(Reason::new(
                    "last_data_manager",
                    "最後のデータマネージャーの役割は外せません。先に後任に付与してください。",
                    "The last data manager stays one. Grant the role to a successor first.",
                )
                .into());
            }
        }
        Event::ProtocolAdopted { version, protocol, effective, seeds } => {
            author.permit(state, action, None)?;
            adopt(adopted, state, version, protocol, *effective, seeds)?;
        }
        Event::AccrualHeld { step } | Event::AccrualReleased { step } => {
            author.permit(state, action, None)?;
            let hold = matches!(event, Event::AccrualHeld { .. });
            if let Some(compiled) = adopted.current(state)
                && !compiled.protocol.steps.contains_key(step.as_str())
            {
                return Err(crate::adopted::no_step(step.as_str()).into());
            }
            if state.held.contains(step) == hold {
                let (ja, en) = if hold {
                    ("登録はすでに中断中です。", "Accrual is on hold already.")
                } else {
                    ("登録は中断されていません。", "Accrual is not on hold.")
                };
                return Err(Reason::new("accrual_state", ja, en).into());
            }
        }
        Event::LookHeld { cutoff, opened, for_whom } => {
            author.permit(state, action, None)?;
            future(*cutoff, author.day, "データカットオフ", "The data cut-off")?;
            filled_in(opened, "開示した内容", "what was opened")?;
            filled_in(for_whom, "開示した相手", "for whom it was opened")?;
        }
        Event::SeedRevealed { allocation, seed } => {
            author.permit(state, action, None)?;
            reveal(adopted, state, allocation, seed)?;
        }
        Event::ClockWentBack { by_seconds } => {
            author.permit(state, action, None)?;
            if *by_seconds <= 0 || went_back(state, author.at) != Some(*by_seconds) {
                return Err(
                    Reason::new("clock", "時計は戻っていません。", "The clock did not go back.").into()
                );
            }
        }
        Event::SiteJoined { site, name, .. } => {
            author.permit(state, action, None)?;
            filled_in(site.as_str(), "施設コード", "the site's code")?;
            filled_in(&name.ja, "施設名", "the site's name")?;
            if state.sites.contains_key(site) {
                return Err(Reason::new(
                    "site_known",
                    format!("施設 {site} はすでに参加しています。"),
                    format!("Site {site} takes part already."),
                )
                .into());
            }
        }
        Event::ApprovalRecorded {
            site,
            approval,
            version,
            decided_on,
            effective_from,
            expires_on,
            received_on,
            ..
        } => {
            author.permit(state, action, Some(site))?;
            let dates = [*decided_on, *effective_from, *received_on];
            paper(adopted, state, author, site, (approval, version), dates, *expires_on)?;
        }
        _ => {}
    }
    Ok(Law::Lawful)
}

/// By how many seconds, at least one, the clock stands before the last entry.
pub(crate) fn went_back(state: &State, now: jiff::Timestamp) -> Option<i64> {
    let last = state.last_at.filter(|last| now < *last)?;
    Some((last.as_second() - now.as_second()).max(1))
}

fn grant(state: &State, person: &PersonId, role: Role, site: Option<&SiteId>) -> Result<(), Reason> {
    filled_in(person.as_str(), "担当者", "the person")?;
    if role == Role::System {
        return Err(Reason::new("role_system", "この役割は付与できません。", "This role is nobody's."));
    }
    if role.of_a_site() != site.is_some() {
        return Err(Reason::new(
            "role_site",
            "施設の役割には施設を指定し、それ以外の役割には指定しないでください。",
            "Name a site for a role of a site, and none for any other role.",
        ));
    }
    if let Some(site) = site.filter(|s| !state.sites.contains_key(*s)) {
        return Err(no_site(site));
    }
    if state.holds(person.as_str(), role, site) {
        return Err(Reason::new(
            "role_held",
            format!("{person} さんはすでにこの役割を持っています。"),
            format!("{person} holds this role already."),
        ));
    }
    Ok(())
}

pub(super) fn no_site(site: &SiteId) -> Reason {
    Reason::new(
        "no_site",
        format!("施設 {site} は参加していません。"),
        format!("Site {site} does not take part."),
    )
}

fn adopt(
    adopted: &Adopted,
    state: &State,
    version: &str,
    protocol: &Hash,
    effective: Date,
    seeds: &BTreeMap<AllocationId, Hash>,
) -> Result<(), Law> {
    let Some(opening) = &state.opening else {
        return Err(Reason::new("not_opened", "試験が開始されていません。", "The study is not open.").into());
    };
    let compiled = adopted.get(protocol).ok_or(Law::Unchecked(*protocol))?;
    let p = &compiled.protocol;
    let refuse = |code: &str, ja: String, en: String| Err(Law::from(Reason::new(code, ja, en)));
    if p.study != *state.study {
        return refuse(
            "other_study",
            format!("このプロトコルは試験「{}」のものです。", p.study),
            format!("This is the protocol of the study {}.", p.study),
        );
    }
    if p.version != version || p.effective != effective {
        return refuse(
            "other_version",
            format!("プロトコルには第 {} 版({})とあります。", p.version, p.effective),
            format!("The protocol says version {}, effective {}.", p.version, p.effective),
        );
    }
    if state.protocols.iter().any(|v| v.version == version || v.protocol == *protocol) {
        return refuse(
            "version_adopted",
            format!("第 {version} 版はすでに採用されています。"),
            format!("Version {version} was adopted before."),
        );
    }
    if Some(p.timezone.as_str()) != opening.timezone.iana_name() {
        return refuse(
            "timezone",
            "試験の時間帯は変えられません。".to_owned(),
            "The study's time zone cannot change.".to_owned(),
        );
    }
    let drawn = p.allocation.iter().filter(|(_, a)| a.method != protocol::AllocationMethod::Outside);
    let unsealed = drawn
        .map(|(id, _)| id)
        .find(|a| !opening.seeds.contains_key(a.as_str()) && !seeds.contains_key(a.as_str()));
    if let Some(allocation) = unsealed {
        return refuse(
            "seed_missing",
            format!("割付「{allocation}」の封印された乱数の種がありません。"),
            format!("There is no sealed seed for the allocation \"{allocation}\"."),
        );
    }
    if let Some(again) = seeds.keys().find(|a| opening.seeds.contains_key(*a)) {
        return refuse(
            "seed_again",
            format!("割付「{again}」の種はすでに封印されています。"),
            format!("The seed of the allocation \"{again}\" is sealed already."),
        );
    }
    Ok(())
}

fn reveal(adopted: &Adopted, state: &State, allocation: &AllocationId, seed: &str) -> Result<(), Reason> {
    let Some(opening) = &state.opening else {
        return Err(Reason::new("not_opened", "試験が開始されていません。", "The study is not open."));
    };
    let told = seed.parse::<Hash>().ok();
    if told.is_none() || told.map(|s| sealed(&s.0)).as_ref() != opening.seeds.get(allocation) {
        return Err(Reason::new(
            "seed_wrong",
            format!("割付「{allocation}」の封印された値と合いません。"),
            format!("This is not the sealed seed of the allocation \"{allocation}\"."),
        ));
    }
    if opening.revealed.contains_key(allocation) {
        return Err(Reason::new("seed_revealed", "すでに公開されています。", "It was revealed before."));
    }
    let step = adopted.current(state).and_then(|c| c.protocol.allocating_step(allocation.as_str()));
    if let Some((step, _)) = step.filter(|(step, _)| !state.held.contains(*step)) {
        return Err(Reason::new(
            "accrual_open",
            "登録が続いている間は、次の割付が予測できてしまうため種を公開できません。先に登録を止めてください。",
            "While accrual goes on, the seed would tell the next arm. Hold accrual first.",
        )
        .about([step]));
    }
    Ok(())
}

fn paper(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    site: &SiteId,
    (approval, version): (&str, &str),
    [decided_on, effective_from, received_on]: [Date; 3],
    expires_on: Option<Date>,
) -> Result<(), Law> {
    if !state.sites.contains_key(site) {
        return Err(no_site(site).into());
    }
    let Some(of) = state.protocols.iter().find(|v| v.version == version) else {
        return Err(Reason::new(
            "no_version",
            format!("プロトコル第 {version} 版は採用されていません。"),
            format!("Protocol version {version} was not adopted."),
        )
        .into());
    };
    let compiled = adopted.get(&of.protocol).ok_or(Law::Unchecked(of.protocol))?;
    if !compiled.protocol.approvals.contains_key(approval) {
        return Err(Reason::new(
            "no_approval_kind",
            format!("承認の種類「{approval}」はプロトコルにありません。"),
            format!("The protocol has no kind of approval \"{approval}\"."),
        )
        .into());
    }
    future(received_on, author.day, "受領日", "The day of receipt")?;
    let ordered = decided_on <= received_on && decided_on <= effective_from;
    if !ordered || expires_on.is_some_and(|until| until < effective_from) {
        return Err(Reason::new(
            "approval_dates",
            "日付の順が正しくありません(決定日 ≦ 受領日、決定日 ≦ 発効日 ≦ 有効期限)。",
            "The dates are out of order: decided ≤ received, decided ≤ in effect ≤ expires.",
        )
        .into());
    }
    Ok(())
}
