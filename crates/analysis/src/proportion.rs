//! Shares of participants for whom a rule is true, with exact limits, and their difference between arms.

use crate::Row;
use crate::cohort::{Cohort, Person, Tri, listed};
use crate::draft::{Draft, refused, told};
use crate::set;
use protocol::{MissingCase, Proportion as Plan, Protocol};
use stats::inference::{Estimate, Level};
use stats::proportion::{BinomialMethod, Count, DifferenceMethod, binomial_interval, risk_difference};
use words::Text;

/// All rows of a planned proportion. Participants for whom the rule cannot be told are not in the denominator; they
/// are counted as missing and listed.
pub(crate) fn proportion(cohort: &Cohort, protocol: &Protocol, id: &str, plan: &Plan) -> Vec<Row> {
    again(cohort, protocol, id, plan, None, false, Draft::new(id, &plan.set, id, "clopper-pearson"))
}

/// What cannot be told, as a case takes it: yes is taken to be bad, and the reference arm (the first) goes the other way.
pub(crate) fn takes(missing: Option<MissingCase>, by: Option<&str>, arm: usize) -> Option<bool> {
    missing.map(|case| (case == MissingCase::Worst) != (by.is_some() && arm == 0))
}

/// Whether somebody counts: the rule's answer; with `taken`, yes or no for those for whom it cannot be told, and for
/// those of whom it is not true so far who no longer want to be followed.
pub(crate) fn answer(person: &Person, of: &str, taken: Option<bool>) -> Option<bool> {
    match person.rules.get(of) {
        Some(Tri::True) => Some(true),
        Some(Tri::False) if taken.is_some() && person.withdrew_follow_up.is_some() => taken,
        Some(Tri::False) => Some(false),
        Some(Tri::Unknown(_)) | None => taken,
    }
}

/// The rows of the proportion whose rule belongs to the analysis `of`, with what is missing taken at its worst or best.
pub(crate) fn again(
    cohort: &Cohort,
    protocol: &Protocol,
    of: &str,
    plan: &Plan,
    missing: Option<MissingCase>,
    switched: bool,
    draft: Draft,
) -> Vec<Row> {
    let Some(set) = set::members(cohort, protocol, &plan.set) else {
        return vec![set::undefined(&draft, "n")];
    };
    let mut rows = if switched { set.rows_of_switch(&draft) } else { set.rows(&draft) };
    let by = plan.by.as_deref();
    let arms = set::arms(protocol, by);
    let level = Level::two_sided(plan.level.to_string().parse().unwrap_or(0.95));
    let draft = draft.option("level", plan.level.normalize().to_string()).option(
        "denominator",
        if missing.is_some() { "all of the set" } else { "those of the set for whom the rule can be told" },
    );
    let mut counts = Vec::new();
    for (i, arm) in arms.iter().enumerate() {
        let taken = takes(missing, by, i);
        let (mut yes, mut no, mut unknown) = (0u64, 0u64, Vec::new());
        for person in set.members.iter().filter(|p| set::arm_of(p, by, &arms) == Some(i)) {
            if answer(person, of, taken) != answer(person, of, None) {
                unknown.push(person.id);
            }
            match answer(person, of, taken) {
                Some(true) => yes += 1,
                Some(false) => no += 1,
                None => unknown.push(person.id),
            }
        }
        let count = Count::new(yes, yes + no);
        let who = listed(&unknown);
        let warning = match (unknown.is_empty(), taken) {
            (true, _) => None,
            (false, None) => Some(Text::new(
                format!("判定できず分母から除いた患者：{}。", who.ja),
                format!("Cannot be told, not in the denominator: participants {}.", who.en),
            )),
            (false, Some(yes)) => Some(Text::new(
                format!(
                    "判定できない、または追跡を望まないため「{}」とみなした患者：{}。",
                    if yes { "あり" } else { "なし" },
                    who.ja
                ),
                format!(
                    "Cannot be told, or no longer followed, taken as {}: participants {}.",
                    if yes { "yes" } else { "no" },
                    who.en
                ),
            )),
        };
        let left_out = if taken.is_some() { 0 } else { unknown.len() };
        let draft = draft.group(arm.as_deref()).counted(count.n as usize, left_out).warn(warning);
        rows.push(draft.stat("n", Some(count.x as f64)));
        rows.push(draft.stat("denominator", Some(count.n as f64)));
        if count.n == 0 {
            let why =
                Text::new("判定できる患者がいません。", "There is no participant for whom it can be told.");
            rows.push(draft.none("share", why));
        } else {
            match binomial_interval(count, BinomialMethod::ClopperPearson, level) {
                Ok(e) => estimate(&e, "share", &draft, &mut rows),
                Err(e) => rows.push(draft.none("share", refused(&e))),
            }
            counts.push((arm.as_deref().unwrap_or(""), count));
        }
    }
    if let [(first, a), (second, b)] = counts.as_slice() {
        let draft = draft
            .method("miettinen-nurminen")
            .level(format!("{second}-{first}"))
            .counted((a.n + b.n) as usize, set.members.len().saturating_sub((a.n + b.n) as usize));
        match risk_difference(*b, *a, DifferenceMethod::MiettinenNurminen, level) {
            Ok(e) => estimate(&e, "difference", &draft, &mut rows),
            Err(e) => rows.push(draft.none("difference", refused(&e))),
        }
    }
    rows
}

fn estimate(e: &Estimate, stat: &str, draft: &Draft, rows: &mut Vec<Row>) {
    let draft = draft.warn(told(&e.warnings));
    rows.push(draft.stat(stat, Some(e.estimate)));
    rows.push(draft.stat("lower", Some(e.lower)));
    rows.push(draft.stat("upper", Some(e.upper)));
}
