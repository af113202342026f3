//! What a row rests on, as items of forms and as events of registration, and where a participant's ledger has them.

use super::{Origin, Source};
use crate::Row;
use crate::needs::Needs;
use conduct::{FormKey, ParticipantView, View, WithdrawalScope};
use jiff::civil::Date;
use protocol::{Compiled, What};
use rules::{Dictionary, Rule, Type, Value};
use std::collections::BTreeSet;

/// What one row of an analysis reads of each participant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs {
    /// Form and item.
    pub fields: BTreeSet<(String, String)>,
    pub steps: BTreeSet<String>,
    pub allocations: BTreeSet<String>,
    /// Refused registrations count (the participant flow).
    pub refusals: bool,
    /// The step whose day is time 0.
    pub start: Option<String>,
}

impl Inputs {
    pub(crate) fn of_row(compiled: &Compiled, row: &Row) -> Inputs {
        let protocol = &compiled.protocol;
        let mut inputs = Inputs::default();
        let Some(analysis) = protocol.analyses.get(&row.analysis) else { return inputs };
        let needs = Needs::of_row(protocol, row);
        for set in &needs.sets {
            inputs.steps.extend(protocol.sets.get(set).map(|s| s.step.clone()));
            if let Some(rule) = compiled.sets.get(set) {
                inputs.rule(compiled, rule, None);
            }
        }
        match &analysis.what {
            What::Flow => {
                inputs.refusals = true;
                inputs.steps.extend(protocol.steps.keys().cloned());
                inputs.allocations.extend(protocol.allocation.keys().cloned());
            }
            What::Accrual => inputs.steps.extend([protocol.accrual.step.clone()]),
            What::Survival(plan) => {
                inputs.start = protocol.endpoints.get(&plan.endpoint).map(|e| e.from.clone());
                inputs.steps.extend(inputs.start.clone());
            }
            What::Sensitivity(plan) => {
                if let Some(What::Survival(base)) = protocol.analyses.get(&plan.of).map(|a| &a.what) {
                    inputs.start = protocol.endpoints.get(&base.endpoint).map(|e| e.from.clone());
                    inputs.steps.extend(inputs.start.clone());
                }
            }
            What::Baseline(_) | What::Exposure(_) | What::WorstGrade(_) | What::Proportion(_) => {}
        }
        inputs.allocations.extend(crate::plan::by(protocol, &analysis.what).map(str::to_owned));
        for fact in &needs.facts {
            let sources = protocol.facts.get(fact).map_or(&[][..], |f| f.from.as_slice());
            let rules = compiled.facts.get(fact);
            for (i, source) in sources.iter().enumerate() {
                inputs.field(compiled, &source.form, &source.date);
                if let Some(rule) = rules.and_then(|r| r.get(i)).and_then(Option::as_ref) {
                    inputs.rule(compiled, rule, Some(&source.form));
                }
            }
        }
        for path in &needs.paths {
            if let Some((form, item)) = path.split_once('.') {
                inputs.field(compiled, form, item);
            }
        }
        for id in &needs.rules {
            if let Some(rule) = compiled.analyses.get(id) {
                inputs.rule(compiled, rule, None);
            }
        }
        for id in &needs.records {
            let Some(What::WorstGrade(plan)) = protocol.analyses.get(id).map(|a| &a.what) else { continue };
            inputs.field(compiled, &plan.form, &plan.grade);
            inputs.field(compiled, &plan.form, &plan.term);
            if let Some(system) = &plan.system {
                inputs.field(compiled, &plan.form, system);
            }
            if let Some(rule) = compiled.analyses.get(id) {
                inputs.rule(compiled, rule, Some(&plan.form));
            }
        }
        inputs
    }

    /// An item, the condition under which it is asked, and what it is worked out from.
    fn field(&mut self, compiled: &Compiled, form: &str, item: &str) {
        let known = compiled.protocol.forms.get(form).is_some_and(|f| f.item(item).is_some());
        if !known || !self.fields.insert((form.to_owned(), item.to_owned())) {
            return;
        }
        if let Some(rules) = compiled.forms.get(form) {
            for rule in [rules.derive.get(item), rules.when.get(item)].into_iter().flatten() {
                self.rule(compiled, rule, Some(form));
            }
        }
    }

    /// Everything that a rule reads; `home` is the form at which it is at home.
    fn rule(&mut self, compiled: &Compiled, rule: &Rule, home: Option<&str>) {
        let dictionary: &Dictionary =
            home.and_then(|form| compiled.records.get(form)).unwrap_or(&compiled.dictionary);
        for item in rule.slots().iter().filter_map(|slot| dictionary.item(*slot)) {
            match &item.kind {
                // Of a list of records: the fields that the rule names.
                Type::List(record) if !item.path.contains('.') => {
                    let words: BTreeSet<&str> =
                        rule.source().split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
                    let named: Vec<&str> =
                        record.fields.iter().map(|f| f.name.as_str()).filter(|f| words.contains(f)).collect();
                    let dated_by = compiled.protocol.forms.get(&item.path).map(|f| f.dated_by.as_str());
                    let fields = if named.is_empty() { dated_by.into_iter().collect() } else { named };
                    for field in fields {
                        self.field(compiled, &item.path, field);
                    }
                }
                _ => match item.path.split_once('.') {
                    Some(("registered", step)) => self.steps.extend([step.to_owned()]),
                    Some(("participant", "arm")) => {
                        self.allocations.extend(compiled.protocol.allocation.keys().cloned());
                    }
                    Some((form, field)) => self.field(compiled, form, field),
                    None => {}
                },
            }
        }
    }

    /// The stored facts of one participant among these; `day`: the day that decided.
    pub(crate) fn sources(&self, view: &View<'_>, p: &ParticipantView<'_>, day: Option<Date>) -> Vec<Source> {
        let mut found: Vec<Source> = everything(view, p)
            .filter(|source| match &source.origin {
                Origin::Registered { step, .. } => self.steps.contains(step),
                Origin::Allocated { allocation, .. } => self.allocations.contains(allocation),
                Origin::Refused { .. } => self.refusals,
                // Withdrawals decide whether anything may be used at all.
                Origin::Withdrew { .. } => true,
                Origin::Value { form, item } => self.fields.contains(&(form.form.to_string(), item.clone())),
            })
            .collect();
        for source in &mut found {
            source.decides = match (day, &source.value, &source.origin) {
                (None, _, _) => true,
                (Some(day), Some(Value::Date(d)), _) => d.day() == Some(day),
                (Some(_), _, Origin::Registered { step, .. }) => self.start.as_ref() == Some(step),
                (Some(_), _, _) => false,
            };
        }
        found.sort_by(|a, b| (a.seq, &a.origin).cmp(&(b.seq, &b.origin)));
        found
    }
}

/// Everything stored of a participant that an analysis may rest on.
pub(crate) fn everything<'p>(
    view: &'p View<'_>,
    p: &'p ParticipantView<'_>,
) -> impl Iterator<Item = Source> + 'p {
    let protocol = &view.protocol().protocol;
    let source = |seq, origin, value| Source { seq, origin, value, decides: true };
    let registered = protocol.steps.keys().filter_map(move |step| {
        let r = p.registration(step).or_else(|| p.cancelled(step))?;
        Some(source(r.seq, Origin::Registered { step: step.clone(), on: r.on }, None))
    });
    let allocated = protocol.allocation.keys().filter_map(move |allocation| {
        let (on, seq) = (p.allocated_on(allocation)?, p.allocated_seq(allocation)?);
        p.arm(allocation)?;
        Some(source(seq, Origin::Allocated { allocation: allocation.clone(), on }, None))
    });
    let refused = view
        .attempts()
        .into_iter()
        .filter(move |a| a.participant == p.id())
        .map(move |a| source(a.seq, Origin::Refused { step: a.step.to_string(), on: a.on }, None));
    let withdrew = p.withdrawals().map(move |w| {
        let scope = match w.scope {
            WithdrawalScope::Treatment => "treatment",
            WithdrawalScope::FollowUp => "follow_up",
            WithdrawalScope::DataAndSpecimens => "data_and_specimens",
        };
        source(w.seq, Origin::Withdrew { scope: scope.to_owned(), on: w.on }, None)
    });
    let values = p.forms().iter().flat_map(move |(key, filled)| {
        filled.values.iter().filter_map(move |(item, given)| {
            let given = given.last()?;
            let key: FormKey = (*key).clone();
            Some(source(
                given.seq,
                Origin::Value { form: key, item: item.to_string() },
                Some(given.value.clone()),
            ))
        })
    });
    registered.chain(allocated).chain(refused).chain(withdrew).chain(values)
}
