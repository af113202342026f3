//! Single conditions: an item, what it is, what it must be.

use super::phrase::yes_or_no;
use super::{Explainer, Explanation, outcome};
use crate::ast::Comparison;
use crate::built_in::Test;
use crate::eval::{Truth, V};
use crate::program::{Constant, Id, Node, Quantifier};
use crate::{Type, Value};
use words::{Lang, Text};

/// A condition on one subject.
pub(super) struct Atom {
    /// The node of the whole condition, and whether its opposite is meant.
    id: Id,
    negated: bool,
    subject: Id,
    must: Must,
}

/// What the subject must be.
enum Must {
    Compare(Comparison, Id),
    Among(Vec<Id>, bool),
    Be(bool),
    Test(Test, bool),
    Records(Quantifier, Id, bool),
}

/// What is asked, as the end of a sentence: "at least 20" / 「20以上」.
struct Demand {
    text: Text,
    /// Japanese adjectives end a sentence without であること.
    adjective: bool,
}

impl Demand {
    fn noun(ja: String, en: String) -> Demand {
        Demand { text: Text::new(ja, en), adjective: false }
    }

    /// 「20以上であること」, 「20より大きいこと」.
    fn must_ja(&self) -> String {
        if self.adjective {
            format!("{}こと", self.text.ja)
        } else {
            format!("{}であること", self.text.ja)
        }
    }
}

fn listed(options: &[Text]) -> Text {
    match options {
        [] => Text::default(),
        [only] => only.clone(),
        [a, b] => Text::new(format!("{}または{}", a.ja, b.ja), format!("{} or {}", a.en, b.en)),
        [most @ .., last] => {
            let ja = options.iter().map(|t| t.ja.as_str()).collect::<Vec<_>>().join("、");
            let en = most.iter().map(|t| t.en.as_str()).collect::<Vec<_>>().join(", ");
            Text::new(format!("{ja}のいずれか"), format!("{en} or {}", last.en))
        }
    }
}

impl<'e> Explainer<'e> {
    /// The condition at `id`, or its opposite, as a demand on one subject; `None` if it is not of that form.
    pub(super) fn atom(&self, id: Id, negated: bool) -> Option<Atom> {
        let constant = |id: &Id| matches!(self.program.node(*id), Node::Constant(_));
        let (subject, must) = match self.program.node(id) {
            Node::Compare(comparison, left, right) => {
                let comparison = if negated { comparison.negated() } else { *comparison };
                if constant(left) && !constant(right) {
                    (*right, Must::Compare(comparison.mirrored(), *left))
                } else {
                    (*left, Must::Compare(comparison, *right))
                }
            }
            Node::In(needle, options) => (*needle, Must::Among(options.to_vec(), negated)),
            Node::Item(_) | Node::Field { .. } => (id, Must::Be(!negated)),
            Node::Test(test, inner) => (*inner, Must::Test(*test, negated)),
            Node::Quantify(quantifier, list, predicate) => {
                (*list, Must::Records(*quantifier, *predicate, negated))
            }
            _ => return None,
        };
        Some(Atom { id, negated, subject, must })
    }

    fn truth(&self, atom: &Atom) -> Truth {
        let truth = self.evaluator.truth(atom.id, None);
        if atom.negated { truth.not() } else { truth }
    }

    pub(super) fn explain_atom(&self, atom: &Atom) -> Explanation {
        let truth = self.truth(atom);
        let text = match (&truth, &atom.must) {
            (Truth::Error(error), _) => error.message.clone(),
            (_, Must::Records(quantifier, predicate, negated)) => {
                self.records(atom, *quantifier, *predicate, *negated, &truth)
            }
            (_, must) => self.sentence(atom.subject, &self.demand(atom.subject, must, true), &truth),
        };
        Explanation { verdict: outcome(&truth), text, values: self.values(&[atom.id]), children: Vec::new() }
    }

    /// "PS is 3, must be 0 to 1" / 「PSは3（0〜1であること）」.
    fn sentence(&self, subject: Id, demand: &Demand, truth: &Truth) -> Text {
        let name = self.opening(subject);
        let state = self.state(subject);
        let (must_ja, en) = (demand.must_ja(), &demand.text.en);
        match truth {
            Truth::True if state == demand.text => Text::new(
                format!("{}は{}（条件に適合）", name.ja, state.ja),
                format!("{} is {}, as required", name.en, state.en),
            ),
            Truth::True => Text::new(
                format!("{}は{}（条件: {}、適合）", name.ja, state.ja, demand.text.ja),
                format!("{} is {}, as required: {en}", name.en, state.en),
            ),
            _ => Text::new(
                format!("{}は{}（{must_ja}）", name.ja, state.ja),
                format!("{} is {}, must be {en}", name.en, state.en),
            ),
        }
    }

    /// The present value of a subject, or why there is none.
    fn state(&self, subject: Id) -> Text {
        if let Some(Value::Missing(kind)) = self.evaluator.stored(subject, None) {
            return kind.text();
        }
        let value = self.evaluator.value(subject, None);
        let shown = self.show(&value, subject);
        if value.is_exact() || matches!(self.program.node(subject), Node::Item(_)) {
            return shown;
        }
        // A computed value that is open: say because of what.
        let open = self.open(subject, None);
        match value {
            V::Unknown => Text::new(
                format!("判定できない{}", open.ja),
                format!("not known{}", open.en.replacen(": ", " because ", 1)),
            ),
            _ => Text::new(
                format!("{}{}", shown.ja, open.ja),
                format!("{}{}", shown.en, open.en.replacen(": ", " because ", 1)),
            ),
        }
    }

    /// `values`: tell also the present value of what the subject is compared with.
    fn demand(&self, subject: Id, must: &Must, values: bool) -> Demand {
        match must {
            Must::Be(b) => Demand { text: yes_or_no(*b), adjective: false },
            Must::Compare(comparison, other) => self.bound(subject, *comparison, *other, values),
            Must::Among(options, negated) => {
                let options: Vec<Text> = options.iter().map(|o| self.constant(*o, subject)).collect();
                let list = listed(&options);
                if *negated {
                    let ja = options.iter().map(|t| t.ja.as_str()).collect::<Vec<_>>().join("、");
                    Demand::noun(format!("{ja}以外"), format!("other than {}", list.en))
                } else {
                    Demand { text: list, adjective: false }
                }
            }
            Must::Test(test, negated) => {
                let (ja, en) = match test {
                    Test::Known => ("入力済み", "known"),
                    Test::Missing => ("欠測", "missing"),
                    Test::Unknown => ("不明", "unknown"),
                    Test::NotDone => ("未実施", "not done"),
                    Test::NotApplicable => ("該当せず", "not applicable"),
                };
                if *negated {
                    Demand::noun(format!("「{ja}」以外"), format!("other than “{en}”"))
                } else {
                    Demand::noun(format!("「{ja}」"), en.to_owned())
                }
            }
            Must::Records(..) => Demand { text: Text::default(), adjective: false },
        }
    }

    /// A constant in words, with the labels and the unit of what it is compared with.
    fn constant(&self, id: Id, like: Id) -> Text {
        match self.program.node(id) {
            Node::Constant(_) => self.show(&self.evaluator.value(id, None), like),
            _ => self.describe(id),
        }
    }

    fn is_date(&self, id: Id) -> bool {
        match self.program.node(id) {
            Node::Constant(constant) => matches!(constant, Constant::Date(_)),
            Node::Item(slot) => self.dictionary.item(*slot).is_some_and(|i| i.kind == Type::Date),
            Node::Field { .. } => self.field(id).is_some_and(|f| f.kind == Type::Date),
            Node::Arithmetic(_, a, b) => self.is_date(*a) || self.is_date(*b),
            Node::Aggregate(_, _, each) => self.is_date(*each),
            Node::Call(_, arguments) => {
                matches!(self.program.node(id), Node::Call(f, _) if f.keeps_type())
                    && arguments.iter().any(|a| self.is_date(*a))
            }
            Node::If(_, a, b) => self.is_date(*a) || self.is_date(*b),
            _ => false,
        }
    }

    fn bound(&self, subject: Id, comparison: Comparison, other: Id, values: bool) -> Demand {
        let mut limit = self.constant(other, subject);
        if values && !matches!(self.program.node(other), Node::Constant(_)) {
            let now = self.state(other);
            limit = Text::new(format!("{}（{}）", limit.ja, now.ja), format!("{} ({})", limit.en, now.en));
        }
        let (ja, en) = (&limit.ja, &limit.en);
        let date = self.is_date(subject) || self.is_date(other);
        match comparison {
            Comparison::Equal => Demand { text: limit, adjective: false },
            Comparison::NotEqual => Demand::noun(format!("{ja}以外"), format!("other than {en}")),
            Comparison::GreaterOrEqual if date => {
                Demand::noun(format!("{ja}以降"), format!("on or after {en}"))
            }
            Comparison::Greater if date => Demand::noun(format!("{ja}より後"), format!("after {en}")),
            Comparison::LessOrEqual if date => {
                Demand::noun(format!("{ja}以前"), format!("on or before {en}"))
            }
            Comparison::Less if date => Demand::noun(format!("{ja}より前"), format!("before {en}")),
            Comparison::GreaterOrEqual => Demand::noun(format!("{ja}以上"), format!("at least {en}")),
            Comparison::LessOrEqual => Demand::noun(format!("{ja}以下"), format!("at most {en}")),
            Comparison::Less => Demand::noun(format!("{ja}未満"), format!("less than {en}")),
            Comparison::Greater => {
                let text = Text::new(format!("{ja}より大きい"), format!("more than {en}"));
                Demand { text, adjective: true }
            }
        }
    }

    /// Whether two demands are a lower and an upper bound of the same subject, both constant.
    pub(super) fn is_range(&self, a: &Atom, b: &Atom) -> bool {
        let bound = |atom: &Atom| match &atom.must {
            Must::Compare(comparison, other)
                if comparison.is_order() && matches!(self.program.node(*other), Node::Constant(_)) =>
            {
                Some(matches!(comparison, Comparison::Greater | Comparison::GreaterOrEqual))
            }
            _ => None,
        };
        let same = self.program.text(a.subject) == self.program.text(b.subject)
            || matches!((self.program.node(a.subject), self.program.node(b.subject)),
                (Node::Item(x), Node::Item(y)) if x == y);
        same && bound(a).zip(bound(b)).is_some_and(|(x, y)| x != y)
    }

    /// "Age is 84, must be 20 to 80": two bounds in one sentence.
    pub(super) fn explain_range(&self, a: &Atom, b: &Atom) -> Explanation {
        let truth = self.truth(a).and(self.truth(b));
        let is_low = |m: &Must| matches!(m, Must::Compare(c, _) if matches!(c, Comparison::Greater | Comparison::GreaterOrEqual));
        let (low, high) = if is_low(&a.must) { (a, b) } else { (b, a) };
        let demand = match (&low.must, &high.must) {
            (Must::Compare(Comparison::GreaterOrEqual, from), Must::Compare(Comparison::LessOrEqual, to)) => {
                let (to, from) = (self.constant(*to, a.subject), self.constant(*from, a.subject));
                let unit = self.unit(a.subject).map(|u| format!(" {u}")).unwrap_or_default();
                let bare = |s: &str| s.strip_suffix(&unit).unwrap_or(s).to_owned();
                Demand::noun(
                    format!("{}〜{}", bare(&from.ja), to.ja),
                    format!("{} to {}", bare(&from.en), to.en),
                )
            }
            (low, high) => {
                let (low, high) = (self.demand(a.subject, low, true), self.demand(a.subject, high, true));
                let ja = if low.adjective {
                    format!("{}、かつ{}", low.text.ja, high.text.ja)
                } else {
                    format!("{}{}", low.text.ja, high.text.ja)
                };
                Demand::noun(ja, format!("{} and {}", low.text.en, high.text.en))
            }
        };
        let text = match &truth {
            Truth::Error(error) => error.message.clone(),
            truth => self.sentence(a.subject, &demand, truth),
        };
        Explanation {
            verdict: outcome(&truth),
            text,
            values: self.values(&[a.id, b.id]),
            children: Vec::new(),
        }
    }

    /// "Target lesions: 1 of 2 records with Longest diameter at least 20 mm, must be all".
    fn records(
        &self,
        atom: &Atom,
        quantifier: Quantifier,
        predicate: Id,
        negated: bool,
        truth: &Truth,
    ) -> Text {
        let (mut all, mut hits, mut open) = (0, 0, 0);
        // Errors were told before.
        let complete = self.evaluator.walk(atom.subject, None, &mut |frame, belongs| {
            let holds = belongs.clone().and(self.evaluator.truth(predicate, Some(frame)));
            all += usize::from(!matches!(belongs, Truth::False));
            match holds {
                Truth::True => hits += 1,
                Truth::Unknown => open += 1,
                _ => {}
            }
            true
        });
        let (list, filter) = self.describe_list(atom.subject);
        let list = match filter {
            Some(filter) => {
                Text::new(format!("{}（{}）", list.ja, filter.ja), format!("{} with {}", list.en, filter.en))
            }
            None => list,
        };
        if let Some(Value::Missing(kind)) = self.evaluator.stored(atom.subject, None) {
            let kind = kind.text();
            return Text::new(format!("{}は{}", list.ja, kind.ja), format!("{} is {}", list.en, kind.en));
        }
        let clause = self.clause(predicate, false);
        let (ja, en) = match (quantifier, negated) {
            (Quantifier::Exists, false) => ("1件以上", "at least one"),
            (Quantifier::Exists, true) => ("0件", "none"),
            (Quantifier::All, false) => ("全件", "all"),
            (Quantifier::All, true) => ("全件でない", "not all"),
            (Quantifier::ExistsOne, false) => ("1件だけ", "exactly one"),
            (Quantifier::ExistsOne, true) => ("1件だけでない", "not exactly one"),
        };
        let must = match truth {
            Truth::True => Text::new(format!("条件: {ja}、適合"), format!("as required: {en}")),
            _ if ja.ends_with("ない") => Text::new(format!("{ja}こと"), format!("must be {en}")),
            _ => Text::new(format!("{ja}であること"), format!("must be {en}")),
        };
        let mut note = Text::default();
        if matches!(truth, Truth::Unknown) {
            if open > 0 {
                note = Text::new(format!("、{open}件は判定できない"), format!(", {open} cannot be told"));
            }
            if !matches!(complete, Ok(true)) {
                note = note.map(|lang, s| match lang {
                    Lang::Ja => format!("{s}、すべて記入されたか不明"),
                    Lang::En => format!("{s}, there may be more"),
                });
            }
        }
        Text::new(
            format!("{}: {all}件中{hits}件が「{}」に該当{}（{}）", list.ja, clause.ja, note.ja, must.ja),
            format!("{}: {hits} of {all} with {}{}, {}", list.en, clause.en, note.en, must.en),
        )
    }

    /// A condition as part of a sentence: "Longest diameter at least 20 mm" / 「長径が20 mm以上」.
    pub(super) fn clause(&self, id: Id, negated: bool) -> Text {
        match self.program.node(id) {
            Node::Not(inner) => self.clause(*inner, !negated),
            Node::And(parts) | Node::Or(parts) => {
                let conjunction = matches!(self.program.node(id), Node::And(_)) != negated;
                let parts: Vec<Text> = parts.iter().map(|p| self.clause(*p, negated)).collect();
                let join =
                    |lang: Lang, with: &str| parts.iter().map(|t| t.get(lang)).collect::<Vec<_>>().join(with);
                if conjunction {
                    Text::new(join(Lang::Ja, "、かつ"), join(Lang::En, " and "))
                } else {
                    Text::new(join(Lang::Ja, "、または"), join(Lang::En, " or "))
                }
            }
            _ => match self.atom(id, negated) {
                Some(Atom { must: Must::Records(..), .. }) | None => {
                    let source = self.program.text(id);
                    let source = if negated { format!("!({source})") } else { source.to_owned() };
                    Text::new(format!("条件「{source}」"), format!("“{source}”"))
                }
                Some(atom) => {
                    let (name, demand) =
                        (self.describe(atom.subject), self.demand(atom.subject, &atom.must, false));
                    Text::new(
                        format!("{}が{}", name.ja, demand.text.ja),
                        format!("{} {}", name.en, demand.text.en),
                    )
                }
            },
        }
    }
}
