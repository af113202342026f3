//! From a number to the participants, values and ledger entries behind it, and from a value to every number that it enters.
//!
//! A [`Tracer`] reads the same view as the analysis did, so it shows nobody more than the row itself did. Of a row that
//! counts (`n`, `events`, `at_risk`, ...) it names exactly those counted; of an estimate everybody who entered, with what
//! they contributed, and those who were left out.

mod inputs;
mod who;
pub(crate) use who::Placed;
#[cfg(test)]
pub(crate) use who::tests::led_home;

use crate::cohort::Cohort;
use crate::needs::Needs;
use crate::{Results, Row, gather};
use conduct::{FormKey, ParticipantId, View};
use inputs::Inputs;
use jiff::civil::Date;
use rules::Value;
use words::Text;

/// Follows rows home and values forth, as one viewer may see them.
pub struct Tracer<'v, 'a> {
    view: &'v View<'a>,
    cohort: Cohort,
    by_arm: Result<(), Text>,
}

/// Who stands behind a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub cutoff: Date,
    pub seq: u64,
    /// The row is a count, and `parts` are exactly those counted.
    pub counts: bool,
    /// In the order of their numbers.
    pub parts: Vec<Part>,
}

/// One participant behind a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub id: ParticipantId,
    pub site: String,
    /// The arm, in an analysis by arm.
    pub group: Option<String>,
    pub contribution: Contribution,
}

/// What somebody contributes to a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Contribution {
    /// Counted: has the code, the grade, the property.
    Counted,
    /// In the denominator, not counted.
    Otherwise,
    /// Days from the endpoint's start.
    Event {
        days: f64,
    },
    Competing {
        days: f64,
    },
    Censored {
        days: f64,
    },
    /// A value that enters a median or a table.
    Value(String),
    /// Not in the analysis: `ineligible`, `missing:partial_date:death`, `missing:not_allocated`, ...
    LeftOut(String),
}

/// One stored fact that went into a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The ledger entry that tells who, when and why.
    pub seq: u64,
    pub origin: Origin,
    /// The value as it holds now; none for what is not a value of a form.
    pub value: Option<Value>,
    /// It carries the day that decided this participant's time; always true where nothing is timed.
    pub decides: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Registered { step: String, on: Date },
    Allocated { allocation: String, on: Date },
    Refused { step: String, on: Date },
    Withdrew { scope: String, on: Date },
    Value { form: FormKey, item: String },
}

impl Contribution {
    /// As a person reads it. Reasons of exclusion stay codes; the report has words for them.
    pub fn text(&self) -> Text {
        let day = |ja: &str, en: &str, d: f64| Text::new(format!("{ja}（{d}日）"), format!("{en} (day {d})"));
        match self {
            Contribution::Counted => Text::new("数えた", "Counted"),
            Contribution::Otherwise => Text::new("該当せず", "Not counted, in the denominator"),
            Contribution::Event { days } => day("イベント", "Event", *days),
            Contribution::Competing { days } => day("競合イベント", "Competing event", *days),
            Contribution::Censored { days } => day("打切り", "Censored", *days),
            Contribution::Value(v) => Text::same(v),
            Contribution::LeftOut(why) => Text::new(format!("除外（{why}）"), format!("Left out ({why})")),
        }
    }

    /// The day from the endpoint's start, where there is one.
    pub fn days(&self) -> Option<f64> {
        match self {
            Contribution::Event { days }
            | Contribution::Competing { days }
            | Contribution::Censored { days } => Some(*days),
            _ => None,
        }
    }
}

impl<'v, 'a> Tracer<'v, 'a> {
    /// Reads everybody once, for all planned analyses.
    pub fn new(view: &'v View<'a>) -> Tracer<'v, 'a> {
        let protocol = &view.protocol().protocol;
        let needs = Needs::of(protocol, protocol.analyses.keys().map(String::as_str));
        Tracer { view, cohort: gather::cohort(view, &needs), by_arm: gather::by_arm(view) }
    }

    /// Reads only what the analysis with this id needs: enough for its rows.
    pub fn of(view: &'v View<'a>, analysis: &str) -> Tracer<'v, 'a> {
        let needs = Needs::of(&view.protocol().protocol, [analysis]);
        Tracer { view, cohort: gather::cohort(view, &needs), by_arm: gather::by_arm(view) }
    }

    /// Who stands behind a row. Nobody behind a row that tells why there is no result.
    pub fn row(&self, row: &Row) -> Trace {
        let protocol = &self.view.protocol().protocol;
        let (counts, mut placed) = who::behind(&self.cohort, protocol, &self.by_arm, row);
        placed.sort_by_key(|p| p.person.id);
        let parts = placed.into_iter().map(|p| Part {
            id: ParticipantId(p.person.id),
            site: p.person.site.clone(),
            group: p.group,
            contribution: p.contribution,
        });
        Trace { cutoff: self.cohort.cutoff, seq: self.view.head().seq, counts, parts: parts.collect() }
    }

    /// The stored facts of one participant that the row rests on, by ledger entry. A derived item leads to the items from
    /// which it is worked out. Empty for somebody who is not behind the row.
    pub fn sources(&self, row: &Row, id: ParticipantId) -> Vec<Source> {
        let part = self.row(row).parts.into_iter().find(|p| p.id == id);
        let (Some(part), Some(p)) = (part, self.view.participant(id)) else { return Vec::new() };
        let inputs = Inputs::of_row(self.view.protocol(), row);
        let start = inputs.start.as_ref().and_then(|step| p.registration(step)).map(|r| r.on);
        let day = part
            .contribution
            .days()
            .zip(start)
            .and_then(|(days, start)| start.checked_add(jiff::Span::new().days(days as i64)).ok());
        inputs.sources(self.view, &p, day)
    }

    /// The rows of `results` that a value enters: those behind which its participant stands and which rest on the item.
    /// Of a curve only the numbers beside it and its table, not each step.
    pub fn rows<'r>(
        &self,
        results: &'r Results,
        id: ParticipantId,
        form: &FormKey,
        item: &str,
    ) -> Vec<&'r Row> {
        let given = self.view.participant(id).and_then(|p| p.filled(form)).and_then(|f| f.value(item));
        if given.is_none() {
            return Vec::new();
        }
        self.rows_where(results, id, |inputs| inputs.fields.contains(&(form.form.to_string(), item.into())))
    }

    /// The rows that a ledger entry enters: through the values that it gave and that still hold, the registration, the
    /// allocation, the refusal or the withdrawal that it records. Empty when nothing of it holds or is analysed.
    pub fn entry<'r>(&self, results: &'r Results, seq: u64) -> Vec<&'r Row> {
        let holds =
            |p: &&conduct::ParticipantView<'_>| inputs::everything(self.view, p).any(|s| s.seq == seq);
        let Some(p) = self.view.participants().iter().find(holds) else { return Vec::new() };
        self.rows_where(results, p.id(), |inputs| {
            inputs.sources(self.view, p, None).iter().any(|s| s.seq == seq)
        })
    }

    fn rows_where<'r>(
        &self,
        results: &'r Results,
        id: ParticipantId,
        rests: impl Fn(&Inputs) -> bool,
    ) -> Vec<&'r Row> {
        let compiled = self.view.protocol();
        // Who stands behind a row is decided person by person: one is looked at by themselves.
        let alone = who::alone(&self.cohort, id.0);
        let behind = |row: &Row| !who::behind(&alone, &compiled.protocol, &self.by_arm, row).1.is_empty();
        // Most rows of an analysis rest on the same.
        let mut known: Vec<(&str, Needs, bool)> = Vec::new();
        let mut found = Vec::new();
        for row in results.rows.iter().filter(|r| r.level.as_deref() != Some("curve")) {
            let needs = Needs::of_row(&compiled.protocol, row);
            let at = known.iter().position(|(a, n, _)| *a == row.analysis && *n == needs);
            let rests = match at.and_then(|i| known.get(i)) {
                Some((_, _, rests)) => *rests,
                None => {
                    let rests = rests(&Inputs::of_row(compiled, row));
                    known.push((&row.analysis, needs, rests));
                    rests
                }
            };
            if rests && behind(row) {
                found.push(row);
            }
        }
        found
    }
}
