//! From a plan's distributions to values.

use crate::draw::Stream;
use crate::plan::{Constant, Gen};
use indexmap::IndexMap;
use jiff::ToSpan;
use jiff::civil::Date;
use protocol::{Item, ItemKind};
use rules::{List, Missing, Value};
use std::collections::BTreeMap;
use words::{Decimal, PartialDate};

/// What a generator gave, before it is written as the item asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawn {
    Number(f64),
    Text(String),
    Boolean(bool),
    Day(Date),
    Missing(Missing),
    Nothing,
    Records(Vec<IndexMap<String, Drawn>>),
}

impl Drawn {
    /// The level under which `by` looks this up.
    fn level(&self) -> String {
        match self {
            Drawn::Number(n) => n.to_string(),
            Drawn::Text(t) => t.clone(),
            Drawn::Boolean(b) => b.to_string(),
            Drawn::Day(d) => d.to_string(),
            Drawn::Missing(m) => m.to_string(),
            Drawn::Nothing | Drawn::Records(_) => String::new(),
        }
    }
}

/// A plan that asks for something that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    #[error("`{0}` is neither a variable of the person, nor a value of this form, nor `arm`")]
    NoVariable(String),
    #[error("variable `{var}` is `{level}`, for which `by` has no case and no else")]
    NoCase { var: String, level: String },
    #[error("`{0}` is not a day that a simulation knows: `today`, a step, or a latent event")]
    NoDay(String),
    #[error("a generator for {wanted} gave {got}")]
    NotA { wanted: &'static str, got: String },
    #[error("item `{item}` cannot take `{got}`")]
    Item { item: String, got: String },
    #[error("choice without positive weights")]
    EmptyChoice,
    #[error("item `{item}` tells of {day}; its form is of {today}")]
    Ahead { item: String, day: Date, today: Date },
}

/// What a generator can look at.
pub struct Sight<'a> {
    pub vars: &'a BTreeMap<String, Drawn>,
    /// Values of the form drawn so far.
    pub local: &'a IndexMap<String, Drawn>,
    /// Steps passed and latent events to come.
    pub days: &'a BTreeMap<String, Date>,
    /// Names in `days` that exist but not for this participant.
    pub known_days: &'a [String],
    pub arm: Option<&'a str>,
    pub today: Date,
    /// The day of this visit's form before.
    pub last: Option<Date>,
}

impl Sight<'_> {
    fn variable(&self, name: &str) -> Result<Drawn, GenerateError> {
        if name == "arm" {
            return Ok(self.arm.map_or(Drawn::Nothing, |a| Drawn::Text(a.to_owned())));
        }
        self.local
            .get(name)
            .or_else(|| self.vars.get(name))
            .cloned()
            .ok_or_else(|| GenerateError::NoVariable(name.to_owned()))
    }

    fn day(&self, name: &str) -> Result<Option<Date>, GenerateError> {
        match name {
            "today" => Ok(Some(self.today)),
            _ if self.days.contains_key(name) => Ok(self.days.get(name).copied()),
            _ if self.known_days.iter().any(|d| d == name) => Ok(None),
            _ => Err(GenerateError::NoDay(name.to_owned())),
        }
    }
}

/// Draws one value.
pub fn draw(gen_: &Gen, sight: &Sight, s: &mut Stream) -> Result<Drawn, GenerateError> {
    Ok(match gen_ {
        Gen::Is(Constant::Boolean(b)) => Drawn::Boolean(*b),
        Gen::Is(Constant::Number(n)) => Drawn::Number(*n),
        Gen::Is(Constant::Text(t)) => Drawn::Text(t.clone()),
        Gen::Choice(weights) => {
            let total: f64 = weights.values().sum();
            let mut u = s.unit() * total;
            let mut chosen = None;
            for (code, w) in weights {
                chosen = Some(code);
                if u < *w {
                    break;
                }
                u -= w;
            }
            Drawn::Text(chosen.filter(|_| total > 0.0).ok_or(GenerateError::EmptyChoice)?.clone())
        }
        Gen::Normal { mean, sd, min, max } => Drawn::Number(clamp(mean + sd * s.normal(), *min, *max)),
        Gen::Lognormal { median, sigma, min, max } => {
            Drawn::Number(clamp(median * (sigma * s.normal()).exp(), *min, *max))
        }
        Gen::Uniform { min, max } => Drawn::Number(min + (max - min) * s.unit()),
        Gen::Poisson(mean) => Drawn::Number(f64::from(s.poisson(*mean))),
        Gen::Chance(p) => Drawn::Boolean(s.chance(*p)),
        Gen::Var(name) => sight.variable(name)?,
        Gen::By { var, cases, otherwise } => {
            let level = sight.variable(var)?.level();
            match cases.get(&level).or(otherwise.as_deref()) {
                Some(g) => draw(g, sight, s)?,
                None => return Err(GenerateError::NoCase { var: var.clone(), level }),
            }
        }
        Gen::Day { of, plus } => match sight.day(of)? {
            None => Drawn::Nothing,
            Some(day) => {
                let plus = match plus {
                    Some(g) => number(g, sight, s)?.round() as i64,
                    None => 0,
                };
                Drawn::Day(later(day, plus))
            }
        },
        Gen::Happened { event, since_last, after, yes, no } => {
            let told = |d: Date| *since_last && sight.last.is_some_and(|last| d <= last);
            let first = after.as_deref().map(|a| sight.day(a)).transpose()?;
            let follows = |d: Date| first.is_none_or(|f| f.is_some_and(|f| d > f));
            let happened = sight.day(event)?.is_some_and(|d| d <= sight.today && !told(d) && follows(d));
            draw(if happened { yes } else { no }, sight, s)?
        }
        Gen::BornYearsBefore { years, of } => match sight.day(of)? {
            None => Drawn::Nothing,
            Some(day) => {
                let years = number(years, sight, s)?;
                Drawn::Day(later(day, -(years * 365.25).round() as i64))
            }
        },
        Gen::Missing(why) => Drawn::Missing(*why),
        Gen::Nothing => Drawn::Nothing,
        Gen::Sometimes { chance, then, otherwise } => {
            let first = s.chance(*chance);
            draw(if first { then } else { otherwise }, sight, s)?
        }
        Gen::Records { count, values } => {
            let n = number(count, sight, s)?.round().max(0.0) as usize;
            let mut records = Vec::with_capacity(n);
            for _ in 0..n {
                let mut local = sight.local.clone();
                let mut record = IndexMap::new();
                for (name, g) in values {
                    let v = draw(g, &Sight { local: &local, ..*sight }, s)?;
                    local.insert(name.clone(), v.clone());
                    record.insert(name.clone(), v);
                }
                records.push(record);
            }
            Drawn::Records(records)
        }
    })
}

/// Draws a number: days, counts.
pub fn number(g: &Gen, sight: &Sight, s: &mut Stream) -> Result<f64, GenerateError> {
    match draw(g, sight, s)? {
        Drawn::Number(n) => Ok(n),
        other => Err(GenerateError::NotA { wanted: "a number", got: format!("{other:?}") }),
    }
}

/// `day` and so many days on; stays at the calendar's ends.
pub fn later(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

fn clamp(x: f64, min: Option<f64>, max: Option<f64>) -> f64 {
    x.max(min.unwrap_or(f64::NEG_INFINITY)).min(max.unwrap_or(f64::INFINITY))
}

/// Writes what was drawn as the item asks. `None` for an item that is not touched.
pub fn value(item: &Item, drawn: &Drawn) -> Result<Option<Value>, GenerateError> {
    let wrong = || GenerateError::Item { item: item.id.clone(), got: format!("{drawn:?}") };
    Ok(Some(match (item.kind, drawn) {
        (_, Drawn::Nothing) => return Ok(None),
        (_, Drawn::Missing(why)) => Value::Missing(*why),
        (ItemKind::Integer, Drawn::Number(n)) => Value::Integer(n.round() as i64),
        (ItemKind::Integer, Drawn::Text(t)) => Value::Integer(t.parse().map_err(|_| wrong())?),
        (ItemKind::Decimal, Drawn::Number(n)) => {
            let decimal = Decimal::try_from(*n).map_err(|_| wrong())?;
            Value::Decimal(decimal.round_dp(u32::from(item.decimals.unwrap_or(1))))
        }
        (ItemKind::Code, Drawn::Text(code)) if item.codes.contains_key(code) => {
            Value::Code(code.as_str().into())
        }
        (ItemKind::Code, Drawn::Number(n)) if item.codes.contains_key(&n.to_string()) => {
            Value::Code(n.to_string().into())
        }
        (ItemKind::Code, Drawn::Boolean(b)) if item.codes.contains_key(&b.to_string()) => {
            Value::Code(b.to_string().into())
        }
        (ItemKind::Boolean, Drawn::Boolean(b)) => Value::Boolean(*b),
        (ItemKind::Text, Drawn::Text(t)) => Value::Text(t.as_str().into()),
        (ItemKind::Date, Drawn::Day(d)) => Value::Date(PartialDate::Day(*d)),
        (ItemKind::Group, Drawn::Records(records)) => {
            let mut list = List { complete: true, records: Vec::with_capacity(records.len()) };
            for r in records {
                let mut row = Vec::with_capacity(item.items.len());
                for field in &item.items {
                    let v = r.get(&field.id).map_or(Ok(None), |d| value(field, d))?;
                    row.push(v.unwrap_or(Value::Missing(Missing::NotYetKnown)));
                }
                list.records.push(row.into());
            }
            Value::List(list)
        }
        _ => return Err(wrong()),
    }))
}

/// The latest day that a value tells of.
pub fn latest(value: &Value) -> Option<Date> {
    match value {
        Value::Date(PartialDate::Day(d)) => Some(*d),
        Value::List(list) => list.records.iter().flat_map(|r| r.iter().filter_map(latest)).max(),
        _ => None,
    }
}
