//! The tables beside the labels: ways to a treatment outside of them, and what makes a specimen adequate. A release made
//! before these tables existed has neither.

use super::*;
use crate::adequacy::{Accept, Check, Negative, Property};
use crate::routes::{Route, RouteKind};

/// What the rules of these tables may name.
pub(super) struct Known<'k> {
    pub dictionary: &'k Dictionary,
    pub functions: &'k Functions,
    pub drugs: &'k BTreeMap<String, Drug>,
    pub assays: &'k BTreeMap<String, Assay>,
    pub concepts: &'k BTreeMap<String, Concept>,
}

pub(super) fn routes(l: &mut Loader, files: &Files, known: &Known<'_>) -> Vec<Route> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let needs = ["route_id", "kind", "findings", "when", "opened", "seen_open", "known_from", "source"];
    l.rows(files, "routes.csv", &needs, |l, row| {
        l.twice(&mut seen, row, "route_id");
        l.source(row);
        let certainty = l.certainty(row);
        let place = l.jurisdiction(row);
        let kind = RouteKind::from_code(row.get("kind"));
        if kind.is_none() {
            l.unknown(row, "kind", row.get("kind"));
        }
        for drug in row.list("drugs").iter().filter(|d| !known.drugs.contains_key(*d)) {
            l.unknown(row, "drugs", drug);
        }
        let level = row.get("level").to_owned();
        if !["", "B", "C", "D"].contains(&level.as_str()) {
            l.unknown(row, "level", &level);
        }
        let (opened, seen_open, known_from) =
            (l.day(row, "opened"), l.day(row, "seen_open"), l.day(row, "known_from"));
        let closed = (!row.get("closed").is_empty()).then(|| l.day(row, "closed"));
        if seen_open < opened || closed.is_some_and(|c| c < seen_open) {
            let (ja, en) = (
                "開始日・確認日・終了日の順になっていません",
                "it is opened, then seen open, then closed: these days are in another order",
            );
            l.problem(Problem::new(row.place("seen_open"), "date", ja, en));
        }
        let when = match Rule::compile(row.get("when"), &Scope::new(known.dictionary), known.functions) {
            Ok(when) => when,
            Err(mistakes) => return mistakes.iter().for_each(|m| l.problem(mistake(row, "when", m))),
        };
        let (Some(place), Some(kind)) = (place, kind) else { return };
        out.push(Route {
            id: row.get("route_id").to_owned(),
            kind,
            place,
            findings: row.list("findings"),
            drugs: row.list("drugs"),
            level,
            when,
            opened,
            seen_open,
            closed,
            known_from,
            text: Text::new(row.get("ja"), row.get("en")),
            certainty,
            source: row.get("source").to_owned(),
            line: row.line,
        });
    });
    out
}

pub(super) fn checks(l: &mut Loader, files: &Files, known: &Known<'_>) -> Vec<Check> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let needs = ["check_id", "concepts", "assays", "property", "accept", "negative", "source"];
    l.rows(files, "adequacy.csv", &needs, |l, row| {
        l.twice(&mut seen, row, "check_id");
        l.source(row);
        let certainty = l.certainty(row);
        let concepts = row.list("concepts");
        for concept in concepts.iter().filter(|c| *c != "variant.*" && !known.concepts.contains_key(*c)) {
            l.unknown(row, "concepts", concept);
        }
        let assays = row.list("assays");
        for assay in assays.iter().filter(|a| !known.assays.contains_key(*a)) {
            l.unknown(row, "assays", assay);
        }
        if !["tissue", "blood"].contains(&row.get("specimen")) {
            l.unknown(row, "specimen", row.get("specimen"));
        }
        let property = Property::from_code(row.get("property"));
        let accept = property.and_then(|p| Accept::read(p, row.get("accept")));
        let negative = Negative::read(row.get("negative"));
        for (column, there) in [
            ("property", property.is_some()),
            ("accept", accept.is_some() || property.is_none()),
            ("negative", negative.is_some()),
        ] {
            if !there {
                l.unknown(row, column, row.get(column));
            }
        }
        let (Some(property), Some(accept), Some(negative)) = (property, accept, negative) else { return };
        out.push(Check {
            id: row.get("check_id").to_owned(),
            concepts,
            assays,
            specimen: row.get("specimen").to_owned(),
            property,
            accept,
            accept_text: row.get("accept").to_owned(),
            negative,
            certainty,
            text: Text::new(row.get("ja"), row.get("en")),
            action: Text::new(row.get("action_ja"), row.get("action_en")),
            source: row.get("source").to_owned(),
            line: row.line,
        });
    });
    out
}
