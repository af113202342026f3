//! Why a rule says what it says, as a tree that a clinician can read.

mod atom;
mod phrase;

use crate::eval::{Evaluator, Truth, Up};
use crate::program::{Custom, Id, Node, Program};
use crate::{Dictionary, Environment, Outcome, Slot, Type};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use words::Text;

/// A statement with the statements it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    pub verdict: Outcome,
    /// One sentence: "PS is 3, must be 0 to 1" / 「PSは3（0〜1であること）」. Of a conjunction that fails, the sentences
    /// of what fails; of one that cannot be told, the sentences of what is open.
    pub text: Text,
    /// The items that were looked at, each once, in the order in which the rule names them.
    pub values: Vec<Shown>,
    /// One for each condition that is joined by `&&` or `||`.
    pub children: Vec<Explanation>,
}

/// An item and its value, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub path: String,
    pub label: Text,
    pub value: Text,
}

pub(crate) fn explain(
    program: &Program,
    environment: &dyn Environment,
    dictionary: &Dictionary,
) -> Explanation {
    let evaluator = Evaluator { program, environment };
    let explainer = Explainer { evaluator, program, dictionary };
    if program.result == Type::Boolean {
        explainer.condition(program.root, false)
    } else {
        explainer.quantity()
    }
}

pub(crate) struct Explainer<'e> {
    pub evaluator: Evaluator<'e>,
    pub program: &'e Program,
    pub dictionary: &'e Dictionary,
}

fn outcome(truth: &Truth) -> Outcome {
    match truth {
        Truth::True => Outcome::True,
        Truth::False => Outcome::False,
        Truth::Unknown => Outcome::Unknown,
        Truth::Error(_) => Outcome::Error,
    }
}

impl<'e> Explainer<'e> {
    /// Explains a condition, or its opposite when `negated`.
    fn condition(&self, id: Id, negated: bool) -> Explanation {
        match self.program.node(id) {
            Node::Not(inner) => self.condition(*inner, !negated),
            Node::And(_) | Node::Or(_) => self.joined(id, negated),
            Node::If(condition, yes, no) => {
                let branch = match self.evaluator.truth(*condition, None) {
                    Truth::True => *yes,
                    Truth::False => *no,
                    _ => return self.fallback(id, negated),
                };
                let because = self.condition(*condition, false);
                let decides = self.condition(branch, negated);
                let text = decides.text.clone();
                Explanation {
                    verdict: decides.verdict,
                    text,
                    values: self.values(&[id]),
                    children: vec![because, decides],
                }
            }
            Node::Custom(custom)
                if self.program.result == Type::Boolean && custom.function.voice.is_some() =>
            {
                self.asked(id, custom, negated)
            }
            _ => self
                .atom(id, negated)
                .map_or_else(|| self.fallback(id, negated), |atom| self.explain_atom(&atom)),
        }
    }

    /// What is joined by `&&` (or by `||` under a negation), flattened through negations and parentheses.
    fn parts(&self, id: Id, negated: bool, conjunction: bool, out: &mut Vec<(Id, bool)>) {
        match self.program.node(id) {
            Node::Not(inner) => self.parts(*inner, !negated, conjunction, out),
            Node::And(parts) if conjunction != negated => {
                parts.iter().for_each(|p| self.parts(*p, negated, conjunction, out));
            }
            Node::Or(parts) if conjunction == negated => {
                parts.iter().for_each(|p| self.parts(*p, negated, conjunction, out));
            }
            _ => out.push((id, negated)),
        }
    }

    fn joined(&self, id: Id, negated: bool) -> Explanation {
        let conjunction = matches!(self.program.node(id), Node::And(_)) != negated;
        let mut parts = Vec::new();
        self.parts(id, negated, conjunction, &mut parts);
        let children = if conjunction {
            self.folded(&parts)
        } else {
            parts.iter().map(|(id, negated)| self.condition(*id, *negated)).collect()
        };
        let truth = self.evaluator.truth(id, None);
        let verdict = outcome(&if negated { truth.not() } else { truth });
        let mut only = children.into_iter();
        let (first, second) = (only.next(), only.next());
        let children: Vec<Explanation> = match (first, second) {
            // Two bounds of one item became one sentence: no need of a tree.
            (Some(only), None) => return only,
            (first, second) => first.into_iter().chain(second).chain(only).collect(),
        };
        let text = joined_text(&children, verdict, conjunction);
        Explanation { verdict, text, values: self.values(&[id]), children }
    }

    /// Children of a conjunction, with a lower and an upper bound of one item told together.
    fn folded(&self, parts: &[(Id, bool)]) -> Vec<Explanation> {
        let atoms: Vec<_> = parts.iter().map(|(id, negated)| self.atom(*id, *negated)).collect();
        let mut taken = vec![false; parts.len()];
        let mut out = Vec::new();
        for (at, (id, negated)) in parts.iter().enumerate() {
            if std::mem::replace(&mut taken[at], true) {
                continue;
            }
            let Some(atom) = &atoms[at] else {
                out.push(self.condition(*id, *negated));
                continue;
            };
            let partner = (at + 1..parts.len()).find(|other| {
                !taken[*other] && atoms[*other].as_ref().is_some_and(|o| self.is_range(atom, o))
            });
            match partner.and_then(|other| atoms[other].as_ref().map(|o| (other, o))) {
                Some((other, partner)) => {
                    taken[other] = true;
                    out.push(self.explain_range(atom, partner));
                }
                None => out.push(self.explain_atom(atom)),
            }
        }
        out
    }

    /// A condition that a function tells in its own words.
    fn asked(&self, id: Id, custom: &'e Custom, negated: bool) -> Explanation {
        let truth = self.evaluator.truth(id, None);
        let truth = if negated { truth.not() } else { truth };
        let asks = custom.function.voice.as_ref().map_or_else(Text::default, |voice| {
            self.evaluator.with_arguments(custom, None, |arguments, _, _| (voice.asks)(arguments))
        });
        let verdict = outcome(&truth);
        let text = match truth {
            Truth::Error(error) => error.message,
            Truth::True if negated => Text::new(
                format!("{}: 該当しない（条件に適合）", asks.ja),
                format!("{}: no, as required", asks.en),
            ),
            Truth::False if negated => Text::new(
                format!("{}: 該当（該当しないこと）", asks.ja),
                format!("{}: yes, must not be", asks.en),
            ),
            Truth::True => Text::new(format!("{}: 該当", asks.ja), format!("{}: yes", asks.en)),
            Truth::False => Text::new(format!("{}: 該当しない", asks.ja), format!("{}: no", asks.en)),
            Truth::Unknown => {
                let missing = self.evaluator.missing_at(id, None);
                let names = missing.iter().map(|m| &*m.path).collect::<Vec<_>>().join(", ");
                Text::new(
                    format!("{}: 判定できない（不足: {names}）", asks.ja),
                    format!("{}: cannot be told without {names}", asks.en),
                )
            }
        };
        Explanation { verdict, text, values: self.values(&[id]), children: Vec::new() }
    }

    /// For what has no phrase of its own: the source and what it says.
    fn fallback(&self, id: Id, negated: bool) -> Explanation {
        let truth = self.evaluator.truth(id, None);
        let truth = if negated { truth.not() } else { truth };
        let verdict = outcome(&truth);
        let source = self.program.text(id);
        let source = if negated { format!("!({source})") } else { source.to_owned() };
        let text = match truth {
            Truth::Error(error) => error.message,
            Truth::True => Text::new(format!("条件「{source}」を満たす"), format!("“{source}” holds")),
            Truth::False => {
                Text::new(format!("条件「{source}」を満たさない"), format!("“{source}” does not hold"))
            }
            Truth::Unknown => {
                let open = self.open(id, None);
                Text::new(
                    format!("条件「{source}」を判定できない{}", open.ja),
                    format!("“{source}” cannot be told{}", open.en),
                )
            }
        };
        Explanation { verdict, text, values: self.values(&[id]), children: Vec::new() }
    }

    /// An expression that is not a condition: what it is and its value.
    fn quantity(&self) -> Explanation {
        let root = self.program.root;
        let value = self.evaluator.value(root, None);
        let (subject, shown) = (self.opening(root), self.show(&value, root));
        let (verdict, text) = match value {
            crate::eval::V::Error(error) => (Outcome::Error, error.message),
            value if value.is_exact() => (
                Outcome::True,
                Text::new(format!("{}は{}", subject.ja, shown.ja), format!("{} is {}", subject.en, shown.en)),
            ),
            _ => {
                let open = self.open(root, None);
                (
                    Outcome::Unknown,
                    Text::new(
                        format!("{}を判定できない{}", subject.ja, open.ja),
                        format!("{} cannot be told{}", subject.en, open.en),
                    ),
                )
            }
        };
        Explanation { verdict, text, values: self.values(&[root]), children: Vec::new() }
    }

    /// The items below these nodes with their values.
    fn values(&self, roots: &[Id]) -> Vec<Shown> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for root in roots {
            self.items(*root, &mut seen, &mut out);
        }
        out.iter().filter_map(|slot| self.shown(*slot)).collect()
    }

    fn items(&self, id: Id, seen: &mut BTreeSet<Slot>, out: &mut Vec<Slot>) {
        if let Node::Item(slot) = self.program.node(id)
            && seen.insert(*slot)
        {
            out.push(*slot);
        }
        self.program.node(id).below(&mut |below| self.items(below, seen, out));
    }

    fn shown(&self, slot: Slot) -> Option<Shown> {
        let item = self.dictionary.item(slot)?;
        let value = self.stored_text(self.evaluator.environment.value(slot), &item.kind, &item.code_labels);
        Some(Shown { path: item.path.clone(), label: self.label(slot), value })
    }

    /// "; Serum creatinine is not yet known", for the items that keep node `id` from being told.
    fn open(&self, id: Id, up: Up<'e, '_>) -> Text {
        let missing = self.evaluator.missing_at(id, up);
        let told: Vec<Text> = missing.iter().map(|m| self.missing_text(m)).collect();
        if told.is_empty() {
            return Text::default();
        }
        let ja = told.iter().map(|t| t.ja.as_str()).collect::<Vec<_>>().join("、");
        let en = told.iter().map(|t| t.en.as_str()).collect::<Vec<_>>().join(", ");
        Text::new(format!("（{ja}）"), format!(": {en}"))
    }
}

/// The sentence of a conjunction or disjunction from those of its parts.
fn joined_text(children: &[Explanation], verdict: Outcome, conjunction: bool) -> Text {
    let of = |wanted: Outcome| {
        let told: Vec<&Text> = children.iter().filter(|c| c.verdict == wanted).map(|c| &c.text).collect();
        let ja = told.iter().map(|t| t.ja.as_str()).collect::<Vec<_>>().join("、");
        let en = told.iter().map(|t| t.en.as_str()).collect::<Vec<_>>().join("; ");
        Text::new(ja, en)
    };
    match (verdict, conjunction) {
        (Outcome::True, true) => Text::new(
            format!("{}条件をすべて満たす", children.len()),
            format!("all {} conditions are met", children.len()),
        ),
        (Outcome::False, false) => {
            let all = of(Outcome::False);
            Text::new(
                format!("いずれの条件も満たさない: {}", all.ja),
                format!("no condition is met: {}", all.en),
            )
        }
        (told, _) => of(told),
    }
}
