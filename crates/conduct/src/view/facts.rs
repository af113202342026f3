//! Dated facts, found in forms: death, progression, last contact.

use super::participant::ParticipantView;
use jiff::civil::Date;
use protocol::{FactSource, Take};
use rules::{Value, Verdict};
use words::PartialDate;

/// What the forms say of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactFound {
    On(Date),
    /// It happened, on a day that is not fully known.
    Within(PartialDate),
    /// No form tells of it.
    Absent,
    /// A form may tell of it, but these items are missing.
    Unknown(Vec<String>),
}

impl ParticipantView<'_> {
    /// The fact as far as it is dated up to the cut-off. A record that tells of it wins over records that leave it
    /// open; where none does and one leaves it open, it is unknown.
    pub fn fact(&self, id: &str) -> FactFound {
        let Some(fact) = self.compiled.protocol.facts.get(id) else { return FactFound::Absent };
        let (mut found, mut open): (Vec<PartialDate>, Vec<String>) = Default::default();
        for (index, source) in fact.from.iter().enumerate() {
            let when = self.compiled.facts.get(id).and_then(|w| w.get(index)).and_then(Option::as_ref);
            self.look(source, when, &mut found, &mut open);
        }
        open.sort();
        open.dedup();
        let best = match fact.take {
            Take::First => found.iter().min_by_key(|d| (d.earliest(), d.latest())),
            Take::Last => found.iter().max_by_key(|d| (d.latest(), d.earliest())),
        };
        match best {
            None if open.is_empty() => FactFound::Absent,
            None => FactFound::Unknown(open),
            Some(best) => {
                // A day is told only if no other date can come before (after) it.
                let certain = best.day().filter(|day| {
                    found.iter().all(|d| match fact.take {
                        Take::First => d.earliest() >= *day,
                        Take::Last => d.latest() <= *day,
                    })
                });
                certain.map_or(FactFound::Within(*best), FactFound::On)
            }
        }
    }

    fn look(
        &self,
        source: &FactSource,
        when: Option<&rules::Rule>,
        found: &mut Vec<PartialDate>,
        open: &mut Vec<String>,
    ) {
        let path = || format!("{}.{}", source.form, source.date);
        if self.straddling().iter().any(|k| k.form.as_str() == source.form) {
            let dated_by = self.compiled.protocol.forms.get(&source.form).map_or("", |f| f.dated_by.as_str());
            open.push(format!("{}.{dated_by}", source.form));
        }
        if self.given(&source.form).next().is_none() {
            return;
        }
        let mut judge = |verdict: Verdict, date: Option<&Value>| match (verdict, date) {
            (Verdict::True, Some(Value::Date(date))) => {
                match self.cutoff.map_or(Some(true), |d| date.on_or_before(d)) {
                    Some(true) => found.push(*date),
                    Some(false) => {}
                    None => open.push(path()),
                }
            }
            (Verdict::True, _) => open.push(path()),
            (Verdict::False, _) => {}
            (Verdict::Unknown(missing), _) => open.extend(missing.iter().map(|m| m.path.to_string())),
            (Verdict::Error(_), _) => open.push(path()),
        };
        if !self.is_read()
            && let Some(told) = self.alone(source, when)
        {
            told.into_iter().for_each(|(verdict, date)| judge(verdict, date.as_ref()));
            return;
        }
        let environment = self.full();
        if let Some(records) = environment.records.get(source.form.as_str()) {
            let Some(kind) = self.compiled.record_type(&source.form) else { return };
            let date = kind.field(&source.date).map(|(index, _)| index);
            for (_, record) in records {
                let inside = self.compiled.in_record(&environment.values, record);
                judge(when.map_or(Verdict::True, |w| w.verdict(&inside)), date.and_then(|i| record.get(i)));
            }
        } else {
            let slot = self.compiled.dictionary.slot(&path());
            let verdict = when.map_or(Verdict::True, |w| w.verdict(&environment.values));
            judge(verdict, slot.map(|s| environment.values.get(s)));
        }
    }

    /// What each filling of the source's form says: whether it tells of the fact, and the date; none where that rests on
    /// more than a few values.
    fn alone(
        &self,
        source: &FactSource,
        when: Option<&rules::Rule>,
    ) -> Option<Vec<(Verdict, Option<Value>)>> {
        let reading = self.reading();
        if let Some(kind) = self.compiled.record_type(&source.form) {
            let date = kind.field(&source.date).map(|(index, _)| index);
            let records = self.given(&source.form);
            return records.map(|(_, f)| reading.of_record(&source.form, f, when, date)).collect();
        }
        let verdict = match when {
            Some(rule) => reading.verdict(rule)?,
            None => Verdict::True,
        };
        let date = match self.compiled.dictionary.slot(&format!("{}.{}", source.form, source.date)) {
            Some(slot) => Some(reading.value(slot)?),
            None => None,
        };
        Some(vec![(verdict, date)])
    }

    /// The day after which nothing more is expected: the earliest that an ending fact, or a withdrawal from follow-up,
    /// can have been.
    pub(crate) fn ended(&self) -> Option<Date> {
        let facts = self.compiled.protocol.facts.iter().filter(|(_, f)| f.ends);
        let facts = facts.filter_map(|(id, _)| self.fact_day(id));
        let left =
            self.withdrawals().filter(|w| w.scope != crate::event::WithdrawalScope::Treatment).map(|w| w.on);
        facts.chain(left).min()
    }

    /// The first day on which the fact can have been, if it is known to have been.
    pub(super) fn fact_day(&self, id: &str) -> Option<Date> {
        match self.fact(id) {
            FactFound::On(day) => Some(day),
            FactFound::Within(partial) => Some(partial.earliest()),
            FactFound::Absent | FactFound::Unknown(_) => None,
        }
    }
}
