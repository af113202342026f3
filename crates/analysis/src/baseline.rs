//! Characteristics: counts of codes, quantiles of numbers, what is missing by kind.

use crate::Row;
use crate::cohort::{Cohort, Person, level};
use crate::draft::Draft;
use crate::set::{self, Set};
use protocol::{Baseline as Plan, Item, ItemKind, Protocol};
use rules::{Missing, Value};
use stats::descriptive::quantile;
use words::Text;

/// All rows of a table of characteristics: each arm, then all together.
pub(crate) fn baseline(cohort: &Cohort, protocol: &Protocol, id: &str, plan: &Plan) -> Vec<Row> {
    let draft = Draft::new(id, &plan.set, "", "count");
    let Some(set) = set::members(cohort, protocol, &plan.set) else {
        return vec![set::undefined(&draft, "n")];
    };
    let (mut rows, groups) = opening(protocol, plan.by.as_deref(), &set, &draft);
    for path in &plan.items {
        item(protocol, path, &groups, &set.members, &draft, &mut rows);
    }
    rows
}

/// What a table by groups begins with: who is in the set, and how many are in each group.
pub(crate) fn opening<'a>(
    protocol: &Protocol,
    by: Option<&str>,
    set: &Set<'a>,
    draft: &Draft,
) -> (Vec<Row>, Vec<Group<'a>>) {
    let groups = groups(protocol, by, &set.members);
    let mut rows = set.rows(draft);
    rows.extend(groups.iter().map(|(group, people)| {
        draft.variable("participants").group(group.as_deref()).count("n", people.len())
    }));
    (rows, groups)
}

/// An arm, or none for all together, and who is in it.
pub(crate) type Group<'a> = (Option<String>, Vec<&'a Person>);

/// The arms that are compared, if any are, and all together.
fn groups<'a>(protocol: &Protocol, by: Option<&str>, members: &[&'a Person]) -> Vec<Group<'a>> {
    let arms = set::arms(protocol, by);
    let mut groups: Vec<Group<'a>> = Vec::new();
    if by.is_some() {
        for (i, arm) in arms.iter().enumerate() {
            let mine = members.iter().copied().filter(|p| set::arm_of(p, by, &arms) == Some(i)).collect();
            groups.push((arm.clone(), mine));
        }
    }
    groups.push((None, members.to_vec()));
    groups
}

/// The rows of one item in every group.
pub(crate) fn item(
    protocol: &Protocol,
    path: &str,
    groups: &[Group<'_>],
    members: &[&Person],
    draft: &Draft,
    rows: &mut Vec<Row>,
) {
    for (group, people) in groups {
        let draft = draft.variable(path).group(group.as_deref());
        let values: Vec<&Value> =
            people.iter().map(|p| p.values.get(path).unwrap_or(&Value::NOT_YET_KNOWN)).collect();
        match kind(protocol, path) {
            Kind::Number => numbers(&values, &draft, rows),
            Kind::Levels => {
                let seen: Vec<String> =
                    members.iter().filter_map(|p| p.values.get(path)).filter_map(level).collect();
                let levels = ordered_levels(protocol, path, seen.iter().map(String::as_str));
                counts(&values, &levels, &draft, rows);
            }
            Kind::Other => {
                let why =
                    Text::new("この型の項目は要約できません。", "An item of this type is not summarised.");
                rows.push(draft.none("n", why));
                continue;
            }
        }
        missing(&values, &draft, rows);
    }
}

enum Kind {
    Number,
    Levels,
    Other,
}

pub(crate) fn find_item<'a>(protocol: &'a Protocol, path: &str) -> Option<&'a Item> {
    let (form, id) = path.split_once('.')?;
    protocol.forms.get(form)?.sections.iter().flat_map(|s| &s.items).find(|i| i.id == id)
}

fn kind(protocol: &Protocol, path: &str) -> Kind {
    match find_item(protocol, path).map(|i| i.kind) {
        Some(ItemKind::Integer | ItemKind::Decimal) => Kind::Number,
        Some(ItemKind::Code | ItemKind::Boolean | ItemKind::Text) => Kind::Levels,
        Some(ItemKind::Date | ItemKind::Group) => Kind::Other,
        // participant.site and the like
        None => Kind::Levels,
    }
}

/// The levels of an item: its codes in the protocol's order (also those nobody has), or what was seen, sorted.
pub(crate) fn ordered_levels<'a>(
    protocol: &Protocol,
    path: &str,
    seen: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    match find_item(protocol, path) {
        Some(item) if item.kind == ItemKind::Code => item.codes.keys().cloned().collect(),
        Some(item) if item.kind == ItemKind::Boolean => vec!["true".to_owned(), "false".to_owned()],
        _ => {
            let mut levels: Vec<String> = seen.map(str::to_owned).collect();
            levels.sort();
            levels.dedup();
            levels
        }
    }
}

fn counts(values: &[&Value], levels: &[String], draft: &Draft, rows: &mut Vec<Row>) {
    let known: Vec<String> = values.iter().filter_map(|v| level(v)).collect();
    let draft = draft
        .counted(known.len(), values.len() - known.len())
        .option("denominator", "all of the set in the group");
    for code in levels {
        let n = known.iter().filter(|k| *k == code).count();
        let draft = draft.level(code.as_str());
        rows.push(draft.count("n", n));
        rows.push(share(&draft, n, values.len()));
    }
}

/// A share with its denominator; none of an empty group.
pub(crate) fn share(draft: &Draft, n: usize, of: usize) -> Row {
    if of == 0 {
        return draft.none("share", Text::new("分母が0人です。", "The denominator is 0."));
    }
    draft.stat("share", Some(n as f64 / of as f64))
}

fn numbers(values: &[&Value], draft: &Draft, rows: &mut Vec<Row>) {
    let known: Vec<f64> = values
        .iter()
        .filter_map(|v| match v {
            Value::Integer(n) => Some(*n as f64),
            Value::Decimal(d) => d.to_string().parse().ok(),
            _ => None,
        })
        .collect();
    quantiles(known, values.len(), draft, rows);
}

/// Five quantiles of the numbers that are known, among `of` participants.
pub(crate) fn quantiles(mut known: Vec<f64>, of: usize, draft: &Draft, rows: &mut Vec<Row>) {
    known.sort_by(f64::total_cmp);
    let draft = draft
        .method("quantiles")
        .counted(known.len(), of - known.len())
        .option("quantile", "averaging at steps (SAS PCTLDEF=5, R type 2)");
    rows.push(draft.count("n", known.len()));
    for (stat, p) in [("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0)] {
        rows.push(match quantile(&known, p) {
            Ok(q) => draft.stat(stat, Some(q)),
            Err(_) => draft.none(stat, Text::new("値がありません。", "There are no values.")),
        });
    }
}

fn missing(values: &[&Value], draft: &Draft, rows: &mut Vec<Row>) {
    for kind in Missing::ALL {
        let n = values.iter().filter(|v| v.missing() == Some(kind)).count();
        if n > 0 {
            let draft = draft
                .method("count")
                .level(format!("missing:{kind}"))
                .option("denominator", "all of the set in the group");
            rows.push(draft.count("n", n));
            rows.push(share(&draft, n, values.len()));
        }
    }
}
