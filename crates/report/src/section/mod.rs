//! Each planned analysis as a part of a page.

pub(crate) mod agreement;
mod characteristics;
mod conventions;
mod counts;
mod exposure;
pub(crate) mod published;
pub(crate) mod sensitivity;
mod survival;

use crate::document::Figure;
use crate::figure;
use crate::page::{Cell, Section, Told};
use crate::scene::Scene;
use crate::{phrase, say};
use analysis::{Results, Row, Rows};
use protocol::{Protocol, What};
use words::{Arg, Lang, number, thousands};

/// What all sections are made from.
#[derive(Clone, Copy)]
pub(crate) struct Sheet<'a> {
    pub results: &'a Results,
    pub protocol: &'a Protocol,
    pub lang: Lang,
}

/// All sections in the order of the protocol, then the comparison with published numbers and the conventions.
pub(crate) fn all(sheet: Sheet<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = sheet.protocol.analyses.keys().filter_map(|id| one(sheet, id)).collect();
    sections.extend(published::section(sheet));
    sections.extend(agreement::section(sheet));
    sections.extend(conventions::section(sheet));
    sections
}

/// The section of one planned analysis; `None` if the protocol has no such analysis.
pub(crate) fn one(sheet: Sheet<'_>, id: &str) -> Option<Section> {
    let planned = sheet.protocol.analyses.get(id)?;
    let rows = sheet.results.of(id);
    let title = match sheet.lang {
        Lang::Ja => planned.ja.clone(),
        Lang::En => planned.en.clone(),
    };
    let mut section = Section { id: format!("a-{id}"), title, ..Section::default() };
    if let Some(refused) = rows.method("refused").first() {
        let why = refused.warning.as_ref().map(|w| w.get(sheet.lang).to_owned()).unwrap_or_default();
        section.notice = Some(sheet.fill("by-arm-refused", &[("why", Arg::Text(&why))]));
        if !matches!(planned.what, What::Flow) {
            return Some(section);
        }
    }
    let set = match &planned.what {
        What::Baseline(p) => Some(&p.set),
        What::Survival(p) => Some(&p.set),
        What::WorstGrade(p) => Some(&p.set),
        What::Exposure(p) => Some(&p.set),
        What::Proportion(p) => Some(&p.set),
        What::Flow | What::Accrual | What::Sensitivity(_) => None,
    };
    section.lead.extend(set.map(|set| sheet.set(set, &rows)));
    match &planned.what {
        What::Flow => counts::flow(sheet, id, &rows, &mut section),
        What::Accrual => counts::accrual(sheet, id, &rows, &mut section),
        What::Baseline(_) => characteristics::baseline(sheet, &rows, &mut section),
        What::Survival(plan) => survival::survival(sheet, id, plan, planned.primary, &rows, &mut section),
        What::WorstGrade(plan) => characteristics::grades(sheet, id, plan, &rows, &mut section),
        What::Exposure(plan) => exposure::exposure(sheet, id, plan, &rows, &mut section),
        What::Proportion(_) => characteristics::proportion(sheet, id, &rows, &mut section),
        What::Sensitivity(plan) => sensitivity::sensitivity(sheet, id, plan, &rows, &mut section),
    }
    if section.notice.is_none() {
        section.notes.extend(warnings(sheet, &rows));
    }
    Some(section)
}

impl<'a> Sheet<'a> {
    pub(crate) fn say(&self, key: &str) -> String {
        say::get(self.lang, key)
    }

    pub(crate) fn fill(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        say::fill(self.lang, key, args)
    }

    pub(crate) fn arm(&self, id: Option<&str>) -> String {
        figure::arm(self.protocol, id).get(self.lang).to_owned()
    }

    pub(crate) fn figure(&self, scene: Scene, caption: &str) -> Figure {
        Figure::new(scene, self.lang, self.say(caption))
    }

    /// A column of an arm, with its N in the header.
    pub(crate) fn column(&self, id: Option<&str>, n: Option<u64>) -> Cell {
        let n = n.map_or(number::NONE.to_owned(), |n| thousands(n as i64));
        Cell::number(self.arm(id)).under(format!("N={n}"))
    }

    /// Which set an analysis is of, and how many are in it: the denominator by name.
    fn set(&self, id: &str, rows: &Rows<'_>) -> String {
        let n = rows.variable("analysis_set").level(None).count("n").unwrap_or(0);
        let set = phrase::set(self.protocol, id);
        self.fill("survival-lead", &[("set", Arg::Text(set.get(self.lang))), ("n", n.into())])
    }

    /// A number of a row; where there is none, "not estimable" or "not reached".
    pub(crate) fn value(&self, row: Option<&Row>, show: impl Fn(f64) -> String) -> Told {
        let text = match row.and_then(|r| r.value) {
            Some(v) => show(v),
            None => self.none(row),
        };
        Told { text, rows: row.iter().map(|r| r.key()).collect() }
    }

    fn none(&self, row: Option<&Row>) -> String {
        let not_reached =
            row.and_then(|r| r.warning.as_ref()).is_some_and(|w| w.en.starts_with("Not reached"));
        match row {
            None => number::NONE.to_owned(),
            Some(_) if not_reached => self.say("not-reached"),
            Some(_) => self.say("not-estimable"),
        }
    }

    /// `12 (29.3)`: count and percentage.
    pub(crate) fn share(&self, rows: &Rows<'_>) -> Told {
        let n = self.value(rows.stat("n").first(), |v| number::fixed(v, 0));
        match rows.stat("share").first() {
            None => n,
            Some(row) if row.value.is_none() => n.parens(&number::NONE.into()),
            row => n.parens(&self.value(row, |v| number::percent_bare(v, 1))),
        }
    }

    /// Limits from the statistics `lower` and `upper` of some rows.
    pub(crate) fn limits(
        &self,
        rows: &Rows<'_>,
        lower: &str,
        upper: &str,
        show: impl Fn(f64) -> String,
    ) -> Told {
        let limit = |stat: &str| {
            let row = rows.stat(stat).first();
            row.map(|r| self.value(Some(r), &show))
        };
        let (l, u) = (limit(lower), limit(upper));
        let words = |told: &Option<Told>| told.as_ref().map(|t| t.text.clone());
        let text = match (words(&l), words(&u)) {
            // Twice the same words say no more than once.
            (Some(l), Some(u)) if l == u && rows.value(lower).is_none() => l,
            (l, u) => number::interval(l, u, self.lang),
        };
        Told::from_all(text, l.iter().chain(&u))
    }
}

/// What rows warn of, each once: warnings of rows that have a value, or of those that are counts of what is missing.
fn warnings(sheet: Sheet<'_>, rows: &Rows<'_>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for row in rows.iter() {
        let Some(warning) = &row.warning else { continue };
        let words = warning.get(sheet.lang).to_owned();
        // "Not reached" stands in the cell itself; the whole curve repeats what its planned times say.
        let in_cell = warning.en.starts_with("Not reached") || warning.en == "Not estimable.";
        let in_curve = row.level.as_deref() == Some("curve");
        if !in_cell && !in_curve && row.method != "refused" && !seen.contains(&words) {
            seen.push(words);
        }
    }
    seen
}
