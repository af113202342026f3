//! A dry look before a registration: what would become of it, with the reason in words.

use crate::adopted::{Adopted, no_protocol, no_step, normal};
use crate::command::Context;
use crate::event::*;
use crate::gate::{judge, may_collect};
use crate::ids::*;
use crate::lawful::{Author, saved};
use crate::reason::{Reason, Refusal};
use crate::state::*;
use jiff::civil::Date;
use ledger::Hash;
use rules::Explanation;

/// What would become of a registration.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Of the criteria together: ineligible if one fails; otherwise it cannot be told if one cannot.
    pub outcome: Outcome,
    /// In the order of the protocol, each with the reason in words.
    pub criteria: Vec<(CriterionOutcome, Explanation)>,
    /// What stands in the way beside the criteria: consent, approval, window, cap, hold, a missing factor.
    pub reasons: Vec<Reason>,
    /// The protocol version under which it was judged.
    pub protocol: Hash,
}

impl Assessment {
    /// Whether a registration would succeed.
    pub fn passes(&self) -> bool {
        self.outcome == Outcome::Eligible && self.reasons.is_empty()
    }
}

/// A dry look before [`Command::Register`](crate::Command::Register): writes nothing. `values` are those of the step's
/// form that would be entered with it. Refused when there is nothing to judge: no such participant or step, or values
/// that the form does not take.
pub fn assess(
    adopted: &Adopted,
    state: &State,
    participant: ParticipantId,
    step: &str,
    on: Date,
    values: &Values,
    context: &Context,
) -> Result<Assessment, Refusal> {
    let author = Author::of(context, state);
    let site = author.participant(state, participant, crate::Action::Register)?.site.clone();
    let (_, compiled) = adopted.in_force(state, site.as_str(), on).ok_or_else(no_protocol)?;
    let found = compiled.protocol.steps.get(step).ok_or_else(|| no_step(step))?;
    let key = normal(compiled, &FormKey::once(&found.form));
    let mut after = state.clone();
    if may_collect(compiled, state, participant, step, on)
        && let Some(event) = saved(adopted, state, &author, participant, &key, values)?
    {
        crate::apply::happen(&mut after, state.head.seq + 1, context.now, &event);
    }
    let judged = judge(compiled, &after, participant, step, on).ok_or_else(|| no_step(step))?;
    let explained = judged.criteria.into_iter().zip(compiled.criteria.get(step).into_iter().flatten());
    let criteria = explained
        .map(|(outcome, c)| (outcome, c.rule.explain(&judged.environment.values, &compiled.dictionary)))
        .collect();
    Ok(Assessment {
        outcome: judged.outcome,
        criteria,
        reasons: judged.reasons,
        protocol: Hash(compiled.hash),
    })
}
