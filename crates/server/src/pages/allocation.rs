//! How one arm was allocated: counts, imbalance, preferred arms, probabilities, draw. For auditor and statistician.

use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::shell::{Shell, page as render};
use crate::told::{self, Mark};
use askama::Template;
use axum::response::Response;
use conduct::{Action, Allocated, Event, ParticipantId};
use protocol::Protocol;
use words::{Arg, Lang};

#[derive(Template)]
#[template(path = "allocation.html")]
struct AllocationPage {
    s: Shell,
    book: String,
    participant: String,
    arm: String,
    algorithm: String,
    entry: String,
    seq: String,
    at: String,
    protocol: String,
    arms: Vec<String>,
    counts: Vec<Counts>,
    has_imbalance: bool,
    choice: Vec<Chance>,
    block: Option<String>,
    counter: String,
    drawn: String,
    check: Mark,
}

struct Counts {
    factor: String,
    level: String,
    counts: Vec<String>,
}

struct Chance {
    arm: String,
    chosen: bool,
    imbalance: String,
    preferred: bool,
    probability: String,
    range: String,
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must(Action::SeeReplay)?;
        let id = u32::try_from(ask.part_number("participant")?).map_err(|_| Trouble::Missing)?;
        let allocation = ask.part("allocation")?.to_owned();
        let view = ask.view()?;
        view.participant(ParticipantId(id)).ok_or(Trouble::Missing)?;
        let given = ask.picture.state.participant(ParticipantId(id)).ok_or(Trouble::Missing)?;
        let given = given.allocations.get(allocation.as_str()).ok_or(Trouble::Missing)?;
        let entry = ask.study.entry(given.seq)?.ok_or(Trouble::Missing)?;
        let Some(Event::Allocated(a)) = conduct::read(&entry).ok().flatten() else {
            return Err(Trouble::Missing);
        };
        let protocol = &ask.protocol()?.protocol;
        let (t, lang) = (ask.t, ask.t.0);
        let ranges = ranges(&a);
        let choice = a
            .arms
            .iter()
            .zip(&ranges)
            .enumerate()
            .map(|(i, (arm, range))| Chance {
                arm: virtual_arm(lang, protocol, arm),
                chosen: *arm == a.chosen,
                imbalance: a.imbalance.get(i).map(ToString::to_string).unwrap_or_default(),
                preferred: a.preferred.contains(arm),
                probability: probability(a.probabilities.get(i).copied().unwrap_or(0), a.probability_total),
                range: range.map(|(from, to)| format!("{} – {}", t.n(&from), t.n(&to))).unwrap_or_default(),
            })
            .collect();
        render(&AllocationPage {
            s: Shell::of(&ask, "participants"),
            book: ask.to(&format!("participants/{id}")),
            participant: t.with("participant-n", &id.to_string()).into_owned(),
            arm: told::arm_name(lang, protocol, a.arm.as_str()),
            algorithm: a.algorithm.clone(),
            entry: ask.to(&format!("ledger/{}", entry.seq)),
            seq: t.n(&entry.seq),
            at: ask.moment(&entry.at),
            protocol: a.protocol.to_string(),
            arms: a.arms.iter().map(|arm| virtual_arm(lang, protocol, arm)).collect(),
            counts: counts(&ask, protocol, &a),
            has_imbalance: !a.imbalance.is_empty(),
            choice,
            block: a.block.as_ref().map(|b| {
                t.fill(
                    "block-place",
                    &[
                        ("stratum", Arg::from(&b.stratum)),
                        ("block", b.block.into()),
                        ("size", b.size.into()),
                        ("position", b.position.into()),
                    ],
                )
                .into_owned()
            }),
            counter: t.n(&a.counter),
            drawn: t
                .with2("drawn-of", &t.n(&a.drawn), &t.n(&a.probability_total.saturating_sub(1)))
                .into_owned(),
            check: check(&ask, &a, &ranges),
        })
    })
    .await
}

/// For each arm the drawn numbers that give it, from 0 in the order of the arms; none for probability 0.
fn ranges(a: &Allocated) -> Vec<Option<(u64, u64)>> {
    let mut from = 0u64;
    a.probabilities
        .iter()
        .map(|n| {
            let range = (*n > 0).then(|| (from, from + n - 1));
            from += n;
            range
        })
        .collect()
}

/// Whether the drawn number lies where the chosen arm's probability lies, and the arm is that arm.
fn check(ask: &Ask, a: &Allocated, ranges: &[Option<(u64, u64)>]) -> Mark {
    let at = a.arms.iter().position(|arm| *arm == a.chosen);
    let range = at.and_then(|i| ranges.get(i).copied().flatten());
    let same = a.chosen.split('#').next() == Some(a.arm.as_str());
    if same && range.is_some_and(|(from, to)| from <= a.drawn && a.drawn <= to) {
        Mark::new("yes", ask.t.say("arm-agrees"))
    } else {
        Mark::new("no", ask.t.say("arm-differs"))
    }
}

fn probability(n: u64, total: u64) -> String {
    if total == 0 { String::new() } else { format!("{n}/{total} = {:.3}", n as f64 / total as f64) }
}

/// `A#2` is the second virtual arm of A.
fn virtual_arm(lang: Lang, protocol: &Protocol, arm: &str) -> String {
    match arm.split_once('#') {
        Some((arm, n)) => format!("{} #{n}", told::arm_name(lang, protocol, arm)),
        None => told::arm_name(lang, protocol, arm),
    }
}

fn counts(ask: &Ask, protocol: &Protocol, a: &Allocated) -> Vec<Counts> {
    a.factors
        .iter()
        .zip(&a.counts)
        .map(|((factor, level), counts)| {
            let (factor, level) = factor_names(ask, protocol, a.allocation.as_str(), factor, level);
            Counts { factor, level, counts: counts.iter().map(|n| ask.t.n(n)).collect() }
        })
        .collect()
}

/// A factor and its level in words: a site's name, a level of the protocol, or a code of the item.
fn factor_names(
    ask: &Ask,
    protocol: &Protocol,
    allocation: &str,
    factor: &str,
    level: &str,
) -> (String, String) {
    let lang = ask.t.0;
    if factor == "site" {
        return (ask.t.say("site").into_owned(), ask.site_name(&level.into()));
    }
    let declared = protocol
        .allocation
        .get(allocation)
        .and_then(|a| a.factors.iter().find(|f| f.item == factor))
        .and_then(|f| f.levels.iter().find(|l| l.id == level))
        .map(|l| told::name(lang, &l.ja, &l.en).to_owned());
    let item = factor.split_once('.').and_then(|(form, item)| {
        let form = protocol.forms.get(form)?;
        form.sections.iter().flat_map(|s| &s.items).find(|i| i.id == item)
    });
    let name = item.map_or_else(|| factor.to_owned(), |i| told::name(lang, &i.ja, &i.en).to_owned());
    let coded = item.and_then(|i| i.codes.get(level)).map(|w| ask.t.of(w).to_owned());
    (name, declared.or(coded).unwrap_or_else(|| level.to_owned()))
}
