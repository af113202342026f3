//! Words for items, values and expressions.

use super::Explainer;
use crate::ast::Operation;
use crate::built_in::Standard;
use crate::eval::V;
use crate::missing::{MissingItem, Part};
use crate::program::{Aggregate, Constant, Id, Node};
use crate::{Field, Slot, Type, Value};
use jiff::civil::Date;
use std::collections::BTreeMap;
use words::{Lang, PartialDate, Text, calendar};

pub(super) fn both(of: impl Fn(Lang) -> String) -> Text {
    Text::new(of(Lang::Ja), of(Lang::En))
}

fn partial(d: PartialDate) -> Text {
    both(|lang| calendar::partial(d, lang))
}

pub(super) fn yes_or_no(b: bool) -> Text {
    if b { Text::new("「はい」", "yes") } else { Text::new("「いいえ」", "no") }
}

fn with_unit(number: String, unit: Option<&str>) -> Text {
    match unit {
        Some("%") => Text::same(format!("{number}%")),
        Some(unit) => Text::same(format!("{number} {unit}")),
        None => Text::same(number),
    }
}

fn joined(texts: &[Text]) -> Text {
    let ja = texts.iter().map(|t| t.ja.as_str()).collect::<Vec<_>>().join("、");
    Text::new(ja, texts.iter().map(|t| t.en.as_str()).collect::<Vec<_>>().join(", "))
}

impl Explainer<'_> {
    /// The label of an item, with its path when another item of the rule has the same label.
    pub(super) fn label(&self, slot: Slot) -> Text {
        let Some(item) = self.dictionary.item(slot) else { return Text::default() };
        if item.label.is_empty() {
            return Text::same(item.path.clone());
        }
        let same = |other: &Slot| {
            *other != slot && self.dictionary.item(*other).is_some_and(|o| o.label == item.label)
        };
        if self.program.slots.iter().any(same) {
            return item.label.map(|lang, label| match lang {
                Lang::Ja => format!("{label}（{}）", item.path),
                Lang::En => format!("{label} ({})", item.path),
            });
        }
        item.label.clone()
    }

    pub(super) fn field(&self, id: Id) -> Option<&Field> {
        let (list, index) = self.program.field_of(id)?;
        match &self.dictionary.item(list)?.kind {
            Type::List(record) => record.fields.get(index),
            _ => None,
        }
    }

    /// The type and the code labels of an item or field, seen through functions that keep them.
    fn declared(&self, id: Id) -> Option<(&Type, &BTreeMap<String, Text>)> {
        match self.program.node(id) {
            Node::Item(slot) => self.dictionary.item(*slot).map(|i| (&i.kind, &i.code_labels)),
            Node::Field { .. } => self.field(id).map(|f| (&f.kind, &f.code_labels)),
            Node::Aggregate(_, _, each) => self.declared(*each),
            Node::Negative(inner) => self.declared(*inner),
            Node::Call(Standard::Round | Standard::Absolute, arguments) => self.declared(*arguments.first()?),
            Node::Call(Standard::Minimum | Standard::Maximum, arguments) => {
                arguments.iter().find_map(|a| self.declared(*a))
            }
            Node::If(_, yes, no) => self.declared(*yes).or_else(|| self.declared(*no)),
            Node::Arithmetic(Operation::Add | Operation::Subtract, left, right) => {
                self.declared(*left).or_else(|| self.declared(*right))
            }
            // A multiple of something has its unit.
            Node::Arithmetic(_, left, right) if self.is_constant(*right) => self.declared(*left),
            Node::Arithmetic(Operation::Multiply, left, right) if self.is_constant(*left) => {
                self.declared(*right)
            }
            _ => None,
        }
    }

    pub(super) fn unit(&self, id: Id) -> Option<&str> {
        match self.declared(id)?.0 {
            Type::Decimal { unit } => unit.as_deref(),
            _ => None,
        }
    }

    /// A value in words; `like` is the expression whose unit and code labels it has.
    pub(super) fn show(&self, value: &V<'_>, like: Id) -> Text {
        match value {
            V::Unknown => Text::new("不明", "not known"),
            V::Error(error) => error.message.clone(),
            V::Boolean(b) => yes_or_no(*b),
            V::Integer(n) => with_unit(n.to_string(), self.unit(like)),
            V::Decimal(n) => with_unit(n.to_string(), self.unit(like)),
            V::Between(low, high) => {
                let unit = self.unit(like);
                let (some_low, some_high) = (*low > words::Decimal::MIN, *high < words::Decimal::MAX);
                match (some_low, some_high) {
                    (true, true) => with_unit(low.to_string(), None).map(|lang, l| {
                        let high = with_unit(high.to_string(), unit);
                        match lang {
                            Lang::Ja => format!("{l}〜{}のいずれか", high.ja),
                            Lang::En => format!("somewhere from {l} to {}", high.en),
                        }
                    }),
                    (true, false) => {
                        let low = with_unit(low.to_string(), unit);
                        Text::new(format!("{}以上", low.ja), format!("at least {}", low.en))
                    }
                    (false, true) => {
                        let high = with_unit(high.to_string(), unit);
                        Text::new(format!("{}以下", high.ja), format!("at most {}", high.en))
                    }
                    _ => Text::new("不明", "not known"),
                }
            }
            V::Text(s) => self.code(s, like),
            V::Shared(s) => self.code(s, like),
            V::Date(first, last) => show_date(*first, *last),
            V::Duration(d) => d.text(),
            V::List(list) => list_text(list),
        }
    }

    fn code(&self, code: &str, like: Id) -> Text {
        let labelled = self.declared(like).and_then(|(kind, labels)| match kind {
            Type::Code { .. } => Some(labels.get(code).cloned().unwrap_or_else(|| Text::same(code))),
            _ => None,
        });
        labelled.unwrap_or_else(|| Text::new(format!("「{code}」"), format!("“{code}”")))
    }

    /// A stored value in words.
    pub(super) fn stored_text(&self, value: &Value, kind: &Type, labels: &BTreeMap<String, Text>) -> Text {
        let unit = if let Type::Decimal { unit } = kind { unit.as_deref() } else { None };
        match value {
            Value::Missing(kind) => kind.text(),
            Value::Boolean(true) => Text::new("はい", "yes"),
            Value::Boolean(false) => Text::new("いいえ", "no"),
            Value::Integer(n) => with_unit(n.to_string(), unit),
            Value::Decimal(n) => with_unit(n.to_string(), unit),
            Value::Code(code) => labels.get(&**code).cloned().unwrap_or_else(|| Text::same(code.to_string())),
            Value::Text(text) => Text::same(text.to_string()),
            Value::Date(d) => partial(*d),
            Value::Duration(d) => d.text(),
            Value::List(list) => list_text(list),
        }
    }

    /// An expression as a noun: "Age", "3 × Upper limit of AST".
    pub(super) fn describe(&self, id: Id) -> Text {
        let program = self.program;
        match program.node(id) {
            Node::Constant(_) => self.show(&self.evaluator.value(id, None), id),
            Node::Item(slot) => self.label(*slot),
            Node::Field { .. } => match self.field(id) {
                Some(field) if !field.label.is_empty() => field.label.clone(),
                _ => Text::same(program.text(id)),
            },
            Node::Negative(inner) => self.describe(*inner).map(|_, s| format!("−{s}")),
            Node::Arithmetic(operation, left, right) => self.describe_arithmetic(*operation, *left, *right),
            Node::Call(function, arguments) => self.describe_call(id, *function, arguments),
            Node::Size(list) => {
                let (list, filter) = self.describe_list(*list);
                match filter {
                    Some(filter) => Text::new(
                        format!("{}（{}）の件数", list.ja, filter.ja),
                        format!("number of {} with {}", list.en, filter.en),
                    ),
                    None => Text::new(format!("{}の件数", list.ja), format!("number of {}", list.en)),
                }
            }
            Node::Aggregate(aggregate, list, each) => {
                let each = self.describe(*each);
                let (list, filter) = self.describe_list(*list);
                let list = match filter {
                    Some(filter) => Text::new(
                        format!("{}（{}）", list.ja, filter.ja),
                        format!("{} with {}", list.en, filter.en),
                    ),
                    None => list,
                };
                let (ja, en) = match aggregate {
                    Aggregate::Sum => ("の合計", "total"),
                    Aggregate::Minimum => ("の最小", "least"),
                    Aggregate::Maximum => ("の最大", "greatest"),
                    Aggregate::First => ("（最初の記録）", "first"),
                    Aggregate::Last => ("（最後の記録）", "last"),
                };
                Text::new(format!("{}の{}{ja}", list.ja, each.ja), format!("{en} {} of {}", each.en, list.en))
            }
            _ => Text::new(format!("「{}」", program.text(id)), format!("“{}”", program.text(id))),
        }
    }

    /// The same at the beginning of a sentence.
    pub(super) fn opening(&self, id: Id) -> Text {
        let text = self.describe(id);
        if matches!(self.program.node(id), Node::Item(_) | Node::Field { .. } | Node::Arithmetic(..)) {
            return text;
        }
        let mut letters = text.en.chars();
        let en =
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
        Text { ja: text.ja, en }
    }

    pub(super) fn is_constant(&self, id: Id) -> bool {
        matches!(self.program.node(id), Node::Constant(_))
    }

    fn describe_arithmetic(&self, operation: Operation, left: Id, right: Id) -> Text {
        let factor = matches!(operation, Operation::Multiply | Operation::Divide);
        // Parentheses only where the order of calculation asks for them.
        let operand = |id: Id, second: bool| {
            let text = self.describe(id);
            let needs = match self.program.node(id) {
                Node::Arithmetic(Operation::Add | Operation::Subtract, ..) => {
                    factor || second && operation == Operation::Subtract
                }
                Node::Arithmetic(..) => second && operation == Operation::Divide,
                _ => false,
            };
            if needs { Text::new(format!("（{}）", text.ja), format!("({})", text.en)) } else { text }
        };
        let (a, b) = (operand(left, false), operand(right, true));
        let symbol = match operation {
            Operation::Add | Operation::Subtract if self.is_duration(right) => {
                let (ja, en) = if operation == Operation::Add { ("後", "after") } else { ("前", "before") };
                return Text::new(format!("{}の{}{ja}", a.ja, b.ja), format!("{} {en} {}", b.en, a.en));
            }
            Operation::Add => "+",
            Operation::Subtract => "−",
            Operation::Multiply => "×",
            Operation::Divide => "÷",
        };
        Text::new(format!("{} {symbol} {}", a.ja, b.ja), format!("{} {symbol} {}", a.en, b.en))
    }

    fn is_duration(&self, id: Id) -> bool {
        match self.program.node(id) {
            Node::Constant(constant) => matches!(constant, Constant::Duration(_)),
            _ => self.declared(id).is_some_and(|(kind, _)| *kind == Type::Duration),
        }
    }

    fn describe_call(&self, id: Id, function: Standard, arguments: &[Id]) -> Text {
        let given: Vec<Text> = arguments.iter().map(|a| self.describe(*a)).collect();
        let all = joined(&given);
        let (Some(a), b) = (given.first(), given.get(1)) else { return Text::same(self.program.text(id)) };
        match (function, b) {
            (Standard::Years, Some(b)) if self.program.text(id).starts_with("age") => {
                Text::new(format!("{}時点の年齢", b.ja), format!("age on {}", b.en))
            }
            (Standard::Years, Some(b)) => Text::new(
                format!("{}から{}までの年数", a.ja, b.ja),
                format!("years from {} to {}", a.en, b.en),
            ),
            (Standard::Months, Some(b)) => Text::new(
                format!("{}から{}までの月数", a.ja, b.ja),
                format!("months from {} to {}", a.en, b.en),
            ),
            (Standard::Days, Some(b)) => Text::new(
                format!("{}から{}までの日数", a.ja, b.ja),
                format!("days from {} to {}", a.en, b.en),
            ),
            (Standard::Round, _) => Text::new(format!("{}（四捨五入）", a.ja), format!("{} (rounded)", a.en)),
            (Standard::Absolute, _) => {
                Text::new(format!("{}の絶対値", a.ja), format!("absolute value of {}", a.en))
            }
            (Standard::Minimum, _) => {
                Text::new(format!("{}のうち最小の値", all.ja), format!("the least of {}", all.en))
            }
            (Standard::Maximum, _) => {
                Text::new(format!("{}のうち最大の値", all.ja), format!("the greatest of {}", all.en))
            }
            (Standard::CountTrue, _) => Text::new(
                format!("{}条件のうち満たす数", arguments.len()),
                format!("number of the {} conditions that hold", arguments.len()),
            ),
            _ => Text::same(self.program.text(id)),
        }
    }

    /// The list itself, and the conditions of its filters.
    pub(super) fn describe_list(&self, list: Id) -> (Text, Option<Text>) {
        match self.program.node(list) {
            Node::Filter(inner, predicate) => {
                let condition = self.clause(*predicate, false);
                let (list, outer) = self.describe_list(*inner);
                let condition = match outer {
                    Some(outer) => Text::new(
                        format!("{}かつ{}", outer.ja, condition.ja),
                        format!("{} and {}", outer.en, condition.en),
                    ),
                    None => condition,
                };
                (list, Some(condition))
            }
            _ => (self.describe(list), None),
        }
    }

    /// "Serum creatinine is not yet known", for what is missing.
    pub(super) fn missing_text(&self, missing: &MissingItem) -> Text {
        let label = self.label(missing.slot);
        let why = missing.why.text();
        let field = |field: usize| match self.dictionary.item(missing.slot).map(|i| &i.kind) {
            Some(Type::List(record)) => record.fields.get(field).map(|f| f.label.clone()).unwrap_or_default(),
            _ => Text::default(),
        };
        match missing.part {
            Part::Value => {
                Text::new(format!("{}は{}", label.ja, why.ja), format!("{} is {}", label.en, why.en))
            }
            Part::DayOfDate => {
                Text::new(format!("{}の一部が不明", label.ja), format!("part of {} is unknown", label.en))
            }
            Part::Records => Text::new(
                format!("{}がすべて記入されたか不明", label.ja),
                format!("{} may have more records", label.en),
            ),
            Part::AnyRecord => Text::new(
                format!("{}に該当する記録がない", label.ja),
                format!("{} has no such record", label.en),
            ),
            Part::Field { record, field: f } => {
                let f = field(f);
                Text::new(
                    format!("{}{}件目の{}は{}", label.ja, record + 1, f.ja, why.ja),
                    format!("{} of {} record {} is {}", f.en, label.en, record + 1, why.en),
                )
            }
            Part::DayOfField { record, field: f } => {
                let f = field(f);
                Text::new(
                    format!("{}{}件目の{}の一部が不明", label.ja, record + 1, f.ja),
                    format!("part of {} of {} record {} is unknown", f.en, label.en, record + 1),
                )
            }
        }
    }
}

fn show_date(first: Date, last: Date) -> Text {
    match (first == Date::MIN, last == Date::MAX) {
        (false, false) => crate::eval::partial(first, last).map_or_else(
            || {
                let (a, b) = (both(|l| calendar::day(first, l)), both(|l| calendar::day(last, l)));
                Text::new(
                    format!("{}〜{}のいずれか", a.ja, b.ja),
                    format!("somewhere from {} to {}", a.en, b.en),
                )
            },
            partial,
        ),
        (false, true) => {
            let day = both(|l| calendar::day(first, l));
            Text::new(format!("{}以降", day.ja), format!("{} or later", day.en))
        }
        (true, false) => {
            let day = both(|l| calendar::day(last, l));
            Text::new(format!("{}以前", day.ja), format!("{} or earlier", day.en))
        }
        _ => Text::new("不明", "not known"),
    }
}

fn list_text(list: &crate::List) -> Text {
    let n = list.records.len();
    let s = if n == 1 { "" } else { "s" };
    if list.complete {
        Text::new(format!("{n}件"), format!("{n} record{s}"))
    } else {
        Text::new(format!("{n}件（未完了）"), format!("{n} record{s}, not complete"))
    }
}
