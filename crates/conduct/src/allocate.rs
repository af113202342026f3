//! One allocation of one participant: factor values from the forms, counts from the tables, the draw from the seed.

use crate::allocation::{self, Blocks, Purpose, Rng, Scheme, arm_at, minimise, next_block, place};
use crate::environment::Environment;
use crate::event::{Allocated, BlockPlace};
use crate::ids::*;
use crate::reason::Reason;
use crate::state::*;
use protocol::{Allocation, AllocationMethod, Compiled, Measure, Unequal};
use rules::{Value, Verdict};
use words::Text;

/// Where drawn numbers come from: the sealed seed, or an event that tells them.
pub(crate) enum Source<'a> {
    Seed(&'a [u8; 32]),
    Told { drawn: u64, size: Option<u32> },
}

/// The levels of the factors in order; otherwise one reason for each factor that has none.
pub(crate) fn factors(
    compiled: &Compiled,
    id: &str,
    participant: &Participant,
    environment: &Environment,
) -> Result<Vec<(String, String)>, Vec<Reason>> {
    let Some(allocation) = compiled.protocol.allocation.get(id) else {
        return Err(vec![no_allocation(id)]);
    };
    let (mut found, mut reasons) = (Vec::new(), Vec::new());
    for (index, factor) in allocation.factors.iter().enumerate() {
        let rules = compiled.levels.get(id).and_then(|f| f.get(index)).map_or(&[][..], Vec::as_slice);
        match level(compiled, &factor.item, rules, participant, environment) {
            Ok(level) => found.push((factor.item.clone(), level)),
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() { Ok(found) } else { Err(reasons) }
}

fn no_allocation(id: &str) -> Reason {
    Reason::new(
        "no_allocation",
        format!("割付「{id}」はプロトコルにありません。"),
        format!("The protocol has no allocation \"{id}\"."),
    )
}

/// An arm that is decided elsewhere cannot be drawn.
pub(crate) fn outside(id: &str) -> Reason {
    Reason::new(
        "allocation_outside",
        format!("割付「{id}」はこのシステムの外で決められます。群は取り込みで受け取ります。"),
        format!("The allocation \"{id}\" is decided elsewhere; its arms come in by an import only."),
    )
}

fn level(
    compiled: &Compiled,
    item: &str,
    rules: &[(String, rules::Rule)],
    participant: &Participant,
    environment: &Environment,
) -> Result<String, Reason> {
    let label = compiled.dictionary.get(item).map_or(Text::same(item), |i| i.label.clone());
    let missing = |paths: &[String]| {
        Reason::new(
            "factor_missing",
            format!("割付調整因子「{}」の値がないため、割付できません。入力してください。", label.ja),
            format!(
                "The allocation factor \"{}\" has no value, so nobody can be allocated. Enter it.",
                label.en
            ),
        )
        .about(paths.iter().map(String::as_str))
    };
    if !rules.is_empty() {
        let mut open = Vec::new();
        for (id, rule) in rules {
            match rule.verdict(&environment.values) {
                // An earlier level that cannot be told may be the right one.
                Verdict::True if open.is_empty() => return Ok(id.clone()),
                Verdict::True | Verdict::False => {}
                Verdict::Unknown(items) => open.extend(items.iter().map(|m| m.path.to_string())),
                Verdict::Error(_) => open.push(item.to_owned()),
            }
        }
        open.sort();
        open.dedup();
        if !open.is_empty() {
            return Err(missing(&open));
        }
        return Err(Reason::new(
            "factor_no_level",
            format!("割付調整因子「{}」の値は、どの水準にも当てはまりません。", label.ja),
            format!("The value of the allocation factor \"{}\" belongs to none of its levels.", label.en),
        )
        .about([item]));
    }
    if item == "site" || item == "participant.site" {
        return Ok(participant.site.to_string());
    }
    match compiled.dictionary.slot(item).map(|slot| environment.values.get(slot)) {
        Some(Value::Code(code)) => Ok(code.to_string()),
        Some(Value::Boolean(b)) => Ok(b.to_string()),
        _ => Err(missing(&[item.to_owned()])),
    }
}

/// The next allocation of an arm to this participant: counts from the state's tables, the draw from the seed. For
/// studying a scheme, and for measuring; a trial allocates through `decide` alone. `factors`: item and
/// level of each factor, in the protocol's order.
pub fn next_allocation(
    compiled: &Compiled,
    state: &State,
    participant: ParticipantId,
    allocation: &str,
    factors: Vec<(String, String)>,
    seed: &[u8; 32],
) -> Result<Allocated, Reason> {
    allocate(compiled, state, participant, allocation, factors, &Source::Seed(seed))
}

/// The allocation that `source` gives now. `factors` as [`factors`] found them.
pub(crate) fn allocate(
    compiled: &Compiled,
    state: &State,
    participant: ParticipantId,
    id: &str,
    factors: Vec<(String, String)>,
    source: &Source<'_>,
) -> Result<Allocated, Reason> {
    let scheme = compiled.protocol.allocation.get(id).ok_or_else(|| no_allocation(id))?;
    let empty = Table::default();
    let table = state.tables.get(id).map_or(&empty, |t| t);
    let draw = |purpose, total| match (source, purpose) {
        (Source::Seed(seed), _) => Rng::new(seed, &state.study, id, purpose).draw(table.made, total),
        (Source::Told { drawn, .. }, _) => *drawn,
    };
    let broken = |why: String| {
        Reason::new(
            "allocation_scheme",
            format!("割付の設定では割付できません({why})。"),
            format!("The allocation scheme cannot allocate: {why}."),
        )
    };
    let mut out = Allocated {
        participant,
        allocation: id.into(),
        arm: "".into(),
        protocol: ledger::Hash(compiled.hash),
        algorithm: String::new(),
        factors,
        counts: Vec::new(),
        arms: Vec::new(),
        imbalance: Vec::new(),
        preferred: Vec::new(),
        probabilities: Vec::new(),
        probability_total: 0,
        counter: table.made,
        drawn: 0,
        chosen: String::new(),
        block: None,
    };
    let of: Vec<usize>;
    match scheme.method {
        AllocationMethod::Outside => return Err(outside(id)),
        AllocationMethod::Minimisation => {
            let ready = minimisation(scheme).map_err(|e| broken(e.to_string()))?;
            out.algorithm = "minimisation/1".to_owned();
            out.counts = out.factors.iter().map(|(f, l)| counts(scheme, table, f, l, &ready.arms)).collect();
            let choice = minimise(&ready, &out.counts).map_err(|e| broken(e.to_string()))?;
            out.preferred = choice.preferred.iter().filter_map(|i| ready.arms.get(*i).cloned()).collect();
            (out.imbalance, out.probabilities) = (choice.imbalance, choice.probabilities);
            out.probability_total = choice.total;
            (out.arms, of) = (ready.arms, ready.of);
        }
        AllocationMethod::Blocks => {
            let ratio = scheme.ratio.iter().map(|(a, r)| (a.as_str(), *r));
            let ready = Blocks::new(ratio, &scheme.blocks).map_err(|e| broken(e.to_string()))?;
            out.algorithm = "blocks/1".to_owned();
            let stratum = out.factors.iter().map(|(_, l)| l.as_str()).collect::<Vec<_>>().join(" / ");
            let open = table.blocks.get(stratum.as_str()).map(|b| b.as_ref().clone()).unwrap_or_default();
            let (block, size, given) = if open.taken() < open.size {
                (open.block, open.size, open.given)
            } else {
                let size = match source {
                    Source::Seed(_) => next_block(&ready, draw(Purpose::BlockSize, ready.sizes.len() as u64)),
                    Source::Told { size, .. } => size.filter(|s| ready.sizes.contains(s)),
                };
                let size = size.ok_or_else(|| broken("no block of this size".to_owned()))?;
                (open.block + 1, size, Default::default())
            };
            let taken: Vec<u32> =
                ready.arms.iter().map(|a| given.get(a.as_str()).copied().unwrap_or(0)).collect();
            let offered =
                place(&ready, size, &taken).ok_or_else(|| broken("the open block is full".to_owned()))?;
            out.counts = vec![taken.clone()];
            (out.probabilities, out.probability_total) = (offered.left, offered.total);
            out.block = Some(BlockPlace { stratum, block, size, position: taken.iter().sum::<u32>() + 1 });
            of = (0..ready.arms.len()).collect();
            out.arms = ready.arms;
        }
    }
    out.drawn = draw(Purpose::Arm, out.probability_total);
    let chosen = arm_at(&out.probabilities, out.drawn)
        .ok_or_else(|| broken("the drawn number is too large".to_owned()))?;
    out.chosen = out.arms.get(chosen).cloned().unwrap_or_default();
    let arm = of.get(chosen).and_then(|i| scheme.ratio.get_index(*i)).map(|(arm, _)| arm.as_str());
    out.arm = arm.ok_or_else(|| broken("no such arm".to_owned()))?.into();
    Ok(out)
}

/// A protocol's minimisation made ready.
pub(crate) fn minimisation(scheme: &Allocation) -> Result<Scheme, allocation::SchemeError> {
    Scheme::new(
        scheme.ratio.iter().map(|(a, r)| (a.as_str(), *r)),
        scheme.factors.iter().map(|f| f.weight),
        scheme.measure == Measure::Variance,
        scheme.unequal == Unequal::VirtualArms,
        scheme.follow.unwrap_or_default(),
        scheme.deterministic,
    )
}

fn counts(scheme: &Allocation, table: &Table, factor: &str, level: &str, arms: &[String]) -> Vec<u32> {
    let of = |counts: &Counts, arm: &str| {
        counts.get(factor).and_then(|l| l.get(level)).and_then(|a| a.get(arm)).copied().unwrap_or(0)
    };
    arms.iter()
        .map(|arm| {
            let left_out = if scheme.count_ineligible { 0 } else { of(&table.ineligible, arm) };
            of(&table.counts, arm).saturating_sub(left_out)
        })
        .collect()
}
