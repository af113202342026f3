//! Queries: the site looks, corrects and answers; the data manager closes.

use super::{Act, Run, SimulationError, items};
use crate::generate::later;
use conduct::{Command, QueryId, QueryStatus, Role};
use jiff::Timestamp;
use protocol::{Item, ItemKind};
use rules::Value;
use words::Decimal;

impl Run<'_> {
    /// New queries go on the agenda of the site that must answer.
    pub(super) fn see_queries(&mut self, at: Timestamp) -> Result<(), SimulationError> {
        let state = self.trial.state();
        let all = state.queries.len();
        for q in self.known_queries..all {
            self.summary.queries += 1;
            let Some(query) = state.queries.get(q).cloned() else { continue };
            let Some(&who) = self.by_id.get(&query.participant) else { continue };
            let mut s = self.stream(who, &format!("query {q}"));
            if s.chance(self.plan.noise.unanswered) {
                continue;
            }
            let today = self.day(at);
            let wait = self.days(who, &self.plan.noise.answer, today, &format!("answer {q}"))?.max(1);
            self.put(later(today, wait), who as u32, "answer", Act::Answer { query: query.id.0 });
        }
        self.known_queries = all;
        Ok(())
    }

    /// The site looks at its source, corrects what it finds wrong, and answers.
    pub(super) fn answer(&mut self, at: Timestamp, query: u32) -> Result<(), SimulationError> {
        let state = self.trial.state();
        let Some(q) = state.queries.get(query as usize - 1).cloned() else { return Ok(()) };
        let Some(&who) = self.by_id.get(&q.participant) else { return Ok(()) };
        if q.status != QueryStatus::Open || self.withdrawn[who] {
            return Ok(());
        }
        let mut context = self.person_at(at, who, Role::Coordinator);
        let now = state
            .participants
            .get(q.participant.0 as usize - 1)
            .and_then(|p| p.forms.get(&q.form).and_then(|f| f.value(q.item.as_str()).cloned()));
        let slipped = self
            .protocol
            .forms
            .get(q.form.form.as_str())
            .and_then(|f| items(f).find(|i| i.id == q.item.as_str()))
            .and_then(|i| corrected(i, now.as_ref()?));
        let text = match slipped {
            Some(value) => {
                context.reason = Some("転記誤り / Transcription error".to_owned());
                let values = [(q.item.clone(), value)].into_iter().collect();
                let command = Command::SaveForm {
                    participant: q.participant,
                    form: q.form.clone(),
                    values,
                    complete: true,
                };
                self.send(command, context.clone())?;
                context.reason = None;
                "原資料を確認し訂正しました。 / Checked against the source and corrected."
            }
            None => "原資料のとおりです。 / As in the source.",
        };
        self.send(Command::AnswerQuery { query: QueryId(query), text: text.to_owned() }, context)?;
        let today = self.day(at);
        let wait = self.days(who, &self.plan.noise.close, today, &format!("close {query}"))?.max(1);
        self.put(later(today, wait), who as u32, "close", Act::Close { query });
        Ok(())
    }

    pub(super) fn close(&mut self, at: Timestamp, query: u32) -> Result<(), SimulationError> {
        self.send(Command::CloseQuery { query: QueryId(query) }, self.manager(at)).map(|_| ())
    }
}

/// The value as it should have been, when the hand slipped by a factor of ten.
fn corrected(item: &Item, value: &Value) -> Option<Value> {
    let range = item.range.as_ref()?;
    let max = range.max?;
    match (item.kind, value) {
        (ItemKind::Integer, Value::Integer(n)) if Decimal::from(*n) > max => Some(Value::Integer(n / 10)),
        (ItemKind::Decimal, Value::Decimal(d)) if *d > max => {
            Some(Value::Decimal((d / Decimal::TEN).normalize()))
        }
        _ => None,
    }
}
