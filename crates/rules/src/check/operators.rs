//! Comparisons, membership and arithmetic: which types and units may meet.

use super::{Checker, LIST_HINT, Ty, Typed, Unit, is_literal};
use crate::Diagnostic;
use crate::Type;
use crate::ast::{Comparison, Expr, ExprKind, Operation, Span};
use crate::dictionary::quoted;
use crate::program::Node;
use words::Text;

impl Checker<'_> {
    pub(super) fn negative(&mut self, inner: &Expr, span: &Span) -> Typed {
        let typed = self.check(inner, None);
        if typed.ty.is_number() || typed.ty == Ty::Duration {
            let ty = typed.ty.clone();
            return self.add(Node::Negative(typed.id), span, ty);
        }
        let diagnostic = self.not_a_number(&typed.ty, &inner.span);
        self.fail(span, diagnostic)
    }

    pub(super) fn not_a_number(&self, ty: &Ty, span: &Span) -> Diagnostic {
        let (written, name) = (self.text(span), ty.name());
        Diagnostic::new(
            span.clone(),
            "type",
            format!("`{written}` の型は{}です", name.ja),
            format!("`{written}` is {}", name.en),
        )
        .expected(Type::Decimal { unit: None }.name())
    }

    pub(super) fn comparison(
        &mut self,
        comparison: Comparison,
        left: &Expr,
        right: &Expr,
        span: &Span,
    ) -> Typed {
        let (a, b) = self.pair(left, right, None);
        self.durations |= a.ty == Ty::Duration;
        let node = Node::Compare(comparison, a.id, b.id);
        if self.comparable(&a.ty, &b.ty, left, right, span) {
            if comparison.is_order()
                && let Some(diagnostic) = self.unordered(comparison, &a.ty, right, span)
            {
                return self.fail(span, diagnostic);
            }
            self.add(node, span, Ty::Boolean)
        } else {
            // What is said of the comparison is enough; it counts as a condition.
            self.add(node, span, Ty::Boolean)
        }
    }

    /// Whether two sides may be compared; if not, it is reported.
    pub(super) fn comparable(&mut self, a: &Ty, b: &Ty, left: &Expr, right: &Expr, span: &Span) -> bool {
        if a.is_bad() || b.is_bad() {
            return true;
        }
        let fits = match (a, b) {
            (Ty::Decimal(u), Ty::Decimal(v)) => {
                if units_fit(u, v) {
                    return true;
                }
                let diagnostic = unit_mismatch(u, v, self.text(&left.span), self.text(&right.span), span);
                self.diagnostics.push(diagnostic);
                return false;
            }
            (a, b) if a.is_number() && b.is_number() => true,
            (Ty::Code(a), Ty::Code(b)) => a.iter().any(|c| b.contains(c)),
            (Ty::List(_) | Ty::Values(..), _) | (_, Ty::List(_) | Ty::Values(..)) => false,
            (a, b) => a == b,
        };
        if !fits {
            let diagnostic = self.mismatch(a, b, left, right, span);
            self.diagnostics.push(diagnostic);
        }
        fits
    }

    fn mismatch(&self, a: &Ty, b: &Ty, left: &Expr, right: &Expr, span: &Span) -> Diagnostic {
        let (x, y) = (self.text(&left.span), self.text(&right.span));
        let (m, n) = (a.name(), b.name());
        let diagnostic = Diagnostic::new(
            span.clone(),
            "type",
            format!("比較できません: `{x}` は{}、`{y}` は{}です", m.ja, n.ja),
            format!("these cannot be compared: `{x}` is {}, but `{y}` is {}", m.en, n.en),
        );
        match (a, b) {
            (Ty::Code(codes), Ty::Integer | Ty::Decimal(_))
            | (Ty::Integer | Ty::Decimal(_), Ty::Code(codes)) => {
                let number = if matches!(a, Ty::Code(_)) { y } else { x };
                if codes.iter().any(|c| c == number) {
                    diagnostic.hint(
                        format!("コードは引用符で囲みます: `'{number}'`"),
                        format!("put a code in quotes: `'{number}'`"),
                    )
                } else {
                    diagnostic
                }
            }
            (Ty::Date, Ty::Integer | Ty::Decimal(_)) | (Ty::Integer | Ty::Decimal(_), Ty::Date) => diagnostic
                .hint(
                    "日数や年数は days_between、years_between で計算します",
                    "count with `days_between` or `years_between`",
                ),
            (Ty::Boolean, Ty::Text) | (Ty::Text, Ty::Boolean) => {
                diagnostic.hint("`true` または `false` と比較してください", "compare with `true` or `false`")
            }
            (Ty::List(_), _) | (_, Ty::List(_)) => diagnostic.hint(LIST_HINT.0, LIST_HINT.1),
            _ => diagnostic,
        }
    }

    /// Why values of this type have no order.
    fn unordered(&self, comparison: Comparison, ty: &Ty, right: &Expr, span: &Span) -> Option<Diagnostic> {
        let name = ty.name();
        let diagnostic = Diagnostic::new(
            span.clone(),
            "type",
            format!("{}に大小はありません", name.ja),
            format!("`{}` cannot compare {}", comparison.symbol(), name.en),
        );
        match ty {
            Ty::Code(codes) => {
                // Codes have no order of their own, but the list as written shows what is probably meant.
                let chosen = match &right.kind {
                    ExprKind::Text(code) => codes.iter().position(|c| c == code).map(|at| match comparison {
                        Comparison::Less => &codes[..at],
                        Comparison::LessOrEqual => &codes[..=at],
                        Comparison::Greater => &codes[at + 1..],
                        _ => &codes[at..],
                    }),
                    _ => None,
                };
                Some(match chosen {
                    Some(chosen) if !chosen.is_empty() => {
                        let list = quoted(chosen, ", ");
                        diagnostic.hint(
                            format!("当てはまるコードを並べてください: `in [{list}]`"),
                            format!("list the codes that are meant: `in [{list}]`"),
                        )
                    }
                    _ => diagnostic.hint(
                        "当てはまるコードを `in [ … ]` で並べてください",
                        "list the codes that are meant: `in [ … ]`",
                    ),
                })
            }
            Ty::Boolean | Ty::Text => Some(diagnostic),
            _ => None,
        }
    }

    pub(super) fn membership(&mut self, needle: &Expr, options: &Expr, span: &Span) -> Typed {
        let ExprKind::List(items) = &options.kind else {
            let list = self.check(options, None);
            let Ty::Values(each, each_id) = list.ty.clone() else {
                let needle = self.check(needle, None);
                if list.ty.is_bad() || needle.ty.is_bad() {
                    return self.bad(span);
                }
                let name = list.ty.name();
                let diagnostic = Diagnostic::new(
                    options.span.clone(),
                    "type",
                    format!("`in` の右側が{}です", name.ja),
                    format!("what follows `in` is {}", name.en),
                )
                .expected(Text::new(
                    "`[ … ]` または `リスト.map(x, x.項目)`",
                    "`[ … ]` or `list.map(x, x.field)`",
                ));
                return self.fail(span, diagnostic);
            };
            let found = self.check(needle, Some(&each));
            self.comparable(&found.ty, &each, needle, options, span);
            return self.add(Node::InRecords(found.id, list.id, each_id), span, Ty::Boolean);
        };
        if items.is_empty() {
            let diagnostic =
                Diagnostic::new(options.span.clone(), "type", "リストが空です", "this list is empty")
                    .expected(Text::new("1つ以上の値", "at least one value"));
            return self.fail(span, diagnostic);
        }
        // A literal takes its meaning from the first option that is not one. Each expression is checked once.
        let speaking = if is_literal(needle) { items.iter().position(|i| !is_literal(i)) } else { None };
        let meaning = speaking.and_then(|at| items.get(at)).map(|item| self.check(item, None));
        let found = self.check(needle, meaning.as_ref().map(|m| &m.ty));
        let mut ids = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let option = match &meaning {
                Some(meaning) if speaking == Some(at) => meaning.clone(),
                _ => self.check(item, Some(&found.ty)),
            };
            self.comparable(&found.ty, &option.ty, needle, item, &item.span);
            ids.push(option.id);
        }
        self.add(Node::In(found.id, ids.into()), span, Ty::Boolean)
    }

    pub(super) fn arithmetic(
        &mut self,
        operation: Operation,
        left: &Expr,
        right: &Expr,
        span: &Span,
    ) -> Typed {
        let a = self.check(left, if is_literal(left) { Some(&Ty::Duration) } else { None });
        // After a date, a text is a duration.
        let want = if a.ty == Ty::Date { Some(&Ty::Duration) } else { None };
        let b = self.check(right, want);
        let node = Node::Arithmetic(operation, a.id, b.id);
        let ty = match (operation, &a.ty, &b.ty) {
            (_, Ty::Bad, _) | (_, _, Ty::Bad) => return self.bad(span),
            (Operation::Add | Operation::Subtract, Ty::Date, Ty::Duration) => Ty::Date,
            (Operation::Add, Ty::Duration, Ty::Date) => Ty::Date,
            (Operation::Subtract, Ty::Date, Ty::Date) => {
                let (x, y) = (self.text(&left.span), self.text(&right.span));
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "type",
                    "日付から日付は引けません",
                    "a date cannot be taken from a date",
                )
                .hint(
                    format!("日数は `days_between({y}, {x})` と書きます"),
                    format!("for the days between write `days_between({y}, {x})`"),
                );
                return self.fail(span, diagnostic);
            }
            (_, m, n) if m.is_number() && n.is_number() => {
                match self.number(operation, m, n, left, right, span) {
                    Some(ty) => ty,
                    None => return self.bad(span),
                }
            }
            (_, m, n) => {
                let (x, y) = (self.text(&left.span), self.text(&right.span));
                let (m, n) = (m.name(), n.name());
                let symbol = operation.symbol();
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "type",
                    format!("`{symbol}` で計算できません: `{x}` は{}、`{y}` は{}です", m.ja, n.ja),
                    format!("`{symbol}` does not fit: `{x}` is {}, but `{y}` is {}", m.en, n.en),
                );
                let diagnostic = match (&a.ty, &b.ty) {
                    (Ty::Date, Ty::Integer) => diagnostic.hint(
                        format!("`{x} {symbol} '{y} days'` と書きます"),
                        format!("write `{x} {symbol} '{y} days'`"),
                    ),
                    _ => diagnostic,
                };
                return self.fail(span, diagnostic);
            }
        };
        self.add(node, span, ty)
    }

    /// The type of a sum, difference, product or quotient of numbers.
    fn number(
        &mut self,
        operation: Operation,
        a: &Ty,
        b: &Ty,
        left: &Expr,
        right: &Expr,
        span: &Span,
    ) -> Option<Ty> {
        let unit = |ty: &Ty| if let Ty::Decimal(unit) = ty { unit.clone() } else { Unit::Any };
        let (u, v) = (unit(a), unit(b));
        Some(match operation {
            Operation::Add | Operation::Subtract => {
                if *a == Ty::Integer && *b == Ty::Integer {
                    return Some(Ty::Integer);
                }
                if !units_fit(&u, &v) {
                    let diagnostic =
                        unit_mismatch(&u, &v, self.text(&left.span), self.text(&right.span), span);
                    self.diagnostics.push(diagnostic);
                    return None;
                }
                Ty::Decimal(if u == Unit::Any { v } else { u })
            }
            Operation::Multiply if *a == Ty::Integer && *b == Ty::Integer => Ty::Integer,
            Operation::Multiply => Ty::Decimal(match (u, v) {
                (Unit::Any | Unit::Of(None), other) | (other, Unit::Any | Unit::Of(None)) => other,
                _ => Unit::Any,
            }),
            Operation::Divide => Ty::Decimal(match (u, v) {
                (u, v) if u == v && u != Unit::Any => Unit::Of(None),
                (u, Unit::Any | Unit::Of(None)) => u,
                _ => Unit::Any,
            }),
        })
    }

    /// The common type of two branches or arguments.
    pub(super) fn unify(&mut self, a: &Ty, b: &Ty, span: &Span) -> Ty {
        match (a, b) {
            (Ty::Bad, _) | (_, Ty::Bad) => return Ty::Bad,
            (Ty::Decimal(u), Ty::Decimal(v)) if units_fit(u, v) => {
                return Ty::Decimal(if *u == Unit::Any { v.clone() } else { u.clone() });
            }
            (Ty::Decimal(u), Ty::Integer) | (Ty::Integer, Ty::Decimal(u)) => return Ty::Decimal(u.clone()),
            (Ty::List(_) | Ty::Values(..), _) => {}
            (a, b) if a == b => return a.clone(),
            _ => {}
        }
        let (m, n) = (a.name(), b.name());
        self.diagnostics.push(Diagnostic::new(
            span.clone(),
            "type",
            format!("型が異なります: {}と{}", m.ja, n.ja),
            format!("these are of different types: {} and {}", m.en, n.en),
        ));
        Ty::Bad
    }
}

/// Whether numbers with these units may meet.
fn units_fit(a: &Unit, b: &Unit) -> bool {
    a == b || *a == Unit::Any || *b == Unit::Any
}

fn unit_mismatch(a: &Unit, b: &Unit, x: &str, y: &str, span: &Span) -> Diagnostic {
    let named = |unit: &Unit| match unit {
        Unit::Of(Some(unit)) => Text::new(unit.clone(), format!("in {unit}")),
        _ => Text::new("単位なし", "without a unit"),
    };
    let (m, n) = (named(a), named(b));
    Diagnostic::new(
        span.clone(),
        "unit",
        format!("単位が異なります: `{x}` は{}、`{y}` は{}です", m.ja, n.ja),
        format!("the units differ: `{x}` is {}, but `{y}` is {}", m.en, n.en),
    )
    .hint(
        "同じ単位の派生項目に換算してから比べてください",
        "convert one of them in a derived item of the same unit",
    )
}
