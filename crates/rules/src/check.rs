//! Types every expression against the dictionary and makes the compact tree.

mod call;

use crate::ast::{Comparison, Expr, ExprKind, Name, Operation, Span};
use crate::diagnostic::nearest;
use crate::dictionary::quoted;
use crate::parse::{MAX_DIAGNOSTICS, parse};
use crate::program::{Constant, Id, Node, Program};
use crate::{Diagnostic, Functions, RecordType, Scope, Slot, Type};
pub(crate) use call::BuiltIn;
use std::collections::BTreeSet;
use std::sync::Arc;
use words::{PartialDate, Text};

/// Unit of a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unit {
    /// Takes the unit of what it meets: literals, whole numbers, products of two units.
    Any,
    Of(Option<String>),
}

/// Type of an expression while it is checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    /// Already reported; fits everywhere.
    Bad,
    Boolean,
    Integer,
    Decimal(Unit),
    Code(Arc<[String]>),
    Text,
    Date,
    Duration,
    List(Arc<RecordType>),
    /// `list.map(x, …)`: the list is the node, the expression over its records stands here.
    Values(Box<Ty>, Id),
}

impl Ty {
    fn of(kind: &Type) -> Ty {
        match kind {
            Type::Boolean => Ty::Boolean,
            Type::Integer => Ty::Integer,
            Type::Decimal { unit } => Ty::Decimal(Unit::Of(unit.clone())),
            Type::Code { codes } => Ty::Code(codes.clone()),
            Type::Text => Ty::Text,
            Type::Date => Ty::Date,
            Type::Duration => Ty::Duration,
            Type::List(record) => Ty::List(record.clone()),
        }
    }

    /// As the type of a result; `None` for what cannot be one.
    fn result(&self) -> Option<Type> {
        Some(match self {
            Ty::Bad | Ty::Values(..) => return None,
            Ty::Boolean => Type::Boolean,
            Ty::Integer => Type::Integer,
            Ty::Decimal(Unit::Any) => Type::Decimal { unit: None },
            Ty::Decimal(Unit::Of(unit)) => Type::Decimal { unit: unit.clone() },
            Ty::Code(codes) => Type::Code { codes: codes.clone() },
            Ty::Text => Type::Text,
            Ty::Date => Type::Date,
            Ty::Duration => Type::Duration,
            Ty::List(record) => Type::List(record.clone()),
        })
    }

    fn name(&self) -> Text {
        match self {
            Ty::Bad => Text::default(),
            Ty::Values(..) => Text::new("値のリスト", "a list of values"),
            other => other.result().map(|t| t.name()).unwrap_or_default(),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Ty::Integer | Ty::Decimal(_) | Ty::Bad)
    }

    fn is_bad(&self) -> bool {
        matches!(self, Ty::Bad)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub id: Id,
    pub ty: Ty,
}

/// A name that a macro gives to the record it stands at.
struct Variable {
    name: String,
    record: Arc<RecordType>,
    /// The item that holds the list, if it is not a list inside a record.
    list: Option<Slot>,
}

pub(crate) struct Checker<'a> {
    source: &'a str,
    scope: &'a Scope<'a>,
    functions: &'a Functions,
    diagnostics: Vec<Diagnostic>,
    nodes: Vec<Node>,
    spans: Vec<Span>,
    records: Vec<Option<Arc<RecordType>>>,
    variables: Vec<Variable>,
    field_lists: Vec<(Id, Slot)>,
}

/// Compiles `source`, or reports all its mistakes in the order of their places.
pub(crate) fn check(
    source: &str,
    scope: &Scope<'_>,
    functions: &Functions,
    expected: Option<&Type>,
) -> Result<Program, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let tree = parse(source, &mut diagnostics);
    let mut checker = Checker {
        source,
        scope,
        functions,
        diagnostics,
        nodes: Vec::new(),
        spans: Vec::new(),
        records: Vec::new(),
        variables: Vec::new(),
        field_lists: Vec::new(),
    };
    let want = expected.map(Ty::of);
    let root = checker.check(&tree, want.as_ref());
    let result = checker.result(&tree, &root, expected);
    match result {
        Some(result) if checker.diagnostics.is_empty() => Ok(checker.finish(root.id, result)),
        _ => {
            let mut all = checker.diagnostics;
            all.sort_by_key(|d| (d.span.start, d.span.end));
            all.dedup();
            all.truncate(MAX_DIAGNOSTICS);
            Err(all)
        }
    }
}

impl<'a> Checker<'a> {
    fn finish(self, root: Id, result: Type) -> Program {
        let slots: BTreeSet<Slot> = self
            .nodes
            .iter()
            .filter_map(|n| if let Node::Item(slot) = n { Some(*slot) } else { None })
            .collect();
        let slots: Vec<Slot> = slots.into_iter().collect();
        let path =
            |slot: &Slot| self.scope.dictionary.item(*slot).map_or("", |item| item.path.as_str()).into();
        Program {
            source: self.source.to_owned(),
            paths: slots.iter().map(path).collect(),
            slots,
            field_lists: self.field_lists,
            nodes: self.nodes,
            spans: self.spans,
            root,
            result,
        }
    }

    fn result(&mut self, tree: &Expr, root: &Typed, expected: Option<&Type>) -> Option<Type> {
        let found = root.ty.result();
        let fits = match (&root.ty, expected) {
            (Ty::Bad, _) => return None,
            (Ty::Values(..), _) => false,
            // A filtered list is not a value: it would have to be built.
            (Ty::List(_), _) => matches!(self.nodes[root.id as usize], Node::Item(_) | Node::Field { .. }),
            (_, None) => true,
            (Ty::Integer, Some(Type::Decimal { .. })) => true,
            (Ty::Decimal(unit), Some(Type::Decimal { unit: wanted })) => {
                *unit == Unit::Any || *unit == Unit::Of(wanted.clone())
            }
            (Ty::Code(codes), Some(Type::Code { codes: wanted })) => codes.iter().all(|c| wanted.contains(c)),
            (_, Some(wanted)) => found.as_ref() == Some(wanted),
        };
        if fits {
            return expected.cloned().or(found);
        }
        let wanted = expected.map(Type::name).unwrap_or(Text::new("1つの値", "a single value"));
        let (code, found) =
            (if expected == Some(&Type::Boolean) { "not-boolean" } else { "type" }, root.ty.name());
        let mut diagnostic = Diagnostic::new(
            tree.span.clone(),
            code,
            format!("この式の型は{}です", found.ja),
            format!("this is {}", found.en),
        )
        .expected(wanted);
        if expected == Some(&Type::Boolean) {
            diagnostic = diagnostic
                .hint("`==`、`>=` などで比較してください", "compare it, with `==` or `>=` for instance");
        }
        self.diagnostics.push(diagnostic);
        None
    }

    fn add(&mut self, node: Node, span: &Span, ty: Ty) -> Typed {
        let id = self.nodes.len() as Id;
        self.records.push(if let Ty::List(record) = &ty { Some(record.clone()) } else { None });
        self.nodes.push(node);
        self.spans.push(span.clone());
        Typed { id, ty }
    }

    fn bad(&mut self, span: &Span) -> Typed {
        self.add(Node::Constant(Constant::Boolean(false)), span, Ty::Bad)
    }

    fn fail(&mut self, span: &Span, diagnostic: Diagnostic) -> Typed {
        self.diagnostics.push(diagnostic);
        self.bad(span)
    }

    fn text(&self, span: &Span) -> &'a str {
        self.source.get(span.clone()).unwrap_or("")
    }

    /// Types an expression. `want` tells text literals what they stand for; whether the type fits is for the
    /// caller to see.
    fn check(&mut self, expr: &Expr, want: Option<&Ty>) -> Typed {
        let span = &expr.span;
        match &expr.kind {
            ExprKind::Bad => self.bad(span),
            ExprKind::Boolean(b) => self.add(Node::Constant(Constant::Boolean(*b)), span, Ty::Boolean),
            ExprKind::Integer(n) => self.add(Node::Constant(Constant::Integer(*n)), span, Ty::Integer),
            ExprKind::Decimal(n) => {
                self.add(Node::Constant(Constant::Decimal(*n)), span, Ty::Decimal(Unit::Any))
            }
            ExprKind::Text(text) => self.literal(text, span, want),
            ExprKind::List(_) => {
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "type",
                    "`[ … ]` は `in` の右側にだけ書けます",
                    "`[ … ]` can only stand after `in`",
                );
                self.fail(span, diagnostic)
            }
            ExprKind::Path(names) => self.path(names, span),
            ExprKind::Call(names, arguments) => self.call(names, arguments, span, want),
            ExprKind::Method(target, name, arguments) => {
                let target = self.check(target, None);
                self.method(target, name, arguments, span)
            }
            ExprKind::Not(inner) => {
                let inner = self.condition(inner);
                self.add(Node::Not(inner.id), span, Ty::Boolean)
            }
            ExprKind::Negative(inner) => self.negative(inner, span),
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                let ids = parts.iter().map(|p| self.condition(p).id).collect();
                let node = if matches!(expr.kind, ExprKind::And(_)) { Node::And(ids) } else { Node::Or(ids) };
                self.add(node, span, Ty::Boolean)
            }
            ExprKind::Compare(comparison, left, right) => self.comparison(*comparison, left, right, span),
            ExprKind::In(needle, options) => self.membership(needle, options, span),
            ExprKind::Arithmetic(operation, left, right) => self.arithmetic(*operation, left, right, span),
            ExprKind::If(condition, yes, no) => {
                let condition = self.condition(condition);
                let (yes_typed, no_typed) = self.pair(yes, no, want);
                let ty = self.unify(&yes_typed.ty, &no_typed.ty, span);
                self.add(Node::If(condition.id, yes_typed.id, no_typed.id), span, ty)
            }
        }
    }

    /// Types two expressions that must agree, so that a literal of one takes its meaning from the other.
    fn pair(&mut self, left: &Expr, right: &Expr, want: Option<&Ty>) -> (Typed, Typed) {
        if want.is_none() && is_literal(left) {
            let right = self.check(right, None);
            let left = self.check(left, Some(&right.ty));
            (left, right)
        } else {
            let left = self.check(left, want);
            let right = self.check(right, Some(want.unwrap_or(&left.ty)));
            (left, right)
        }
    }

    /// An expression that must be true or false.
    fn condition(&mut self, expr: &Expr) -> Typed {
        let typed = self.check(expr, None);
        if matches!(typed.ty, Ty::Boolean | Ty::Bad) {
            return typed;
        }
        let name = typed.ty.name();
        let written = self.text(&expr.span);
        let diagnostic = Diagnostic::new(
            expr.span.clone(),
            "not-boolean",
            format!("`{written}` の型は{}です", name.ja),
            format!("`{written}` is {}", name.en),
        )
        .expected(Type::Boolean.name())
        .hint("`==`、`>=` などで比較してください", "compare it, with `==` or `>=` for instance");
        self.fail(&expr.span, diagnostic)
    }

    fn literal(&mut self, text: &str, span: &Span, want: Option<&Ty>) -> Typed {
        let constant = |text: &str| Node::Constant(Constant::Text(text.into()));
        match want {
            Some(Ty::Code(codes)) => {
                if codes.iter().any(|c| c == text) {
                    return self.add(constant(text), span, Ty::Code(codes.clone()));
                }
                let near = nearest(text, codes.iter().map(String::as_str));
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "unknown-code",
                    format!("`{text}` というコードはありません"),
                    format!("there is no code `{text}`"),
                )
                .expected(Text::new(quoted(codes, "、"), quoted(codes, ", ")))
                .did_you_mean(near.map(|n| format!("'{n}'")).as_deref());
                self.fail(span, diagnostic)
            }
            Some(Ty::Date) => self.date_literal(text, span),
            Some(Ty::Duration) => self.duration_literal(text, span),
            _ => self.add(constant(text), span, Ty::Text),
        }
    }

    fn date_literal(&mut self, text: &str, span: &Span) -> Typed {
        match text.parse::<PartialDate>().ok().and_then(PartialDate::day) {
            Some(day) => self.add(Node::Constant(Constant::Date(day)), span, Ty::Date),
            None => {
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "date",
                    format!("`{text}` は日付ではありません"),
                    format!("`{text}` is not a date"),
                )
                .expected(Text::new("年-月-日（例: '2026-03-14'）", "year-month-day, such as '2026-03-14'"));
                self.fail(span, diagnostic)
            }
        }
    }

    fn duration_literal(&mut self, text: &str, span: &Span) -> Typed {
        match text.parse() {
            Ok(duration) => self.add(Node::Constant(Constant::Duration(duration)), span, Ty::Duration),
            Err(_) => {
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "duration",
                    format!("`{text}` は期間ではありません"),
                    format!("`{text}` is not a duration"),
                )
                .expected(Text::same("'28 days', '2 weeks', '3 months', '5 years'"));
                self.fail(span, diagnostic)
            }
        }
    }

    fn path(&mut self, names: &[Name], span: &Span) -> Typed {
        let joined = names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(".");
        if let Some((up, variable)) = self.variable(&names[0].text) {
            let (record, list) = (variable.record.clone(), variable.list);
            return self.field(up, record, list, names, span);
        }
        if let Some(slot) = self.scope.resolve(&joined) {
            let ty = self.scope.dictionary.item(slot).map_or(Ty::Bad, |item| Ty::of(&item.kind));
            return self.add(Node::Item(slot), span, ty);
        }
        let diagnostic = self.unknown_item(&joined, names, span);
        self.fail(span, diagnostic)
    }

    fn variable(&self, name: &str) -> Option<(usize, &Variable)> {
        self.variables.iter().rev().enumerate().find(|(_, v)| v.name == name)
    }

    /// The item that holds the list of a list node.
    fn origin(&self, list: Id) -> Option<Slot> {
        match &self.nodes[list as usize] {
            Node::Item(slot) => Some(*slot),
            Node::Filter(inner, _) => self.origin(*inner),
            _ => None,
        }
    }

    fn field(
        &mut self,
        up: usize,
        record: Arc<RecordType>,
        list: Option<Slot>,
        names: &[Name],
        span: &Span,
    ) -> Typed {
        let all = || record.fields.iter().map(|f| f.name.as_str());
        let listed = all().map(|f| format!("`{}.{f}`", names[0].text)).collect::<Vec<_>>();
        let fields = Text::new(listed.join("、"), listed.join(", "));
        match names {
            [_, name] => match record.field(&name.text) {
                Some((index, field)) => {
                    let typed = self.add(Node::Field { up, index }, span, Ty::of(&field.kind));
                    self.field_lists.extend(list.map(|slot| (typed.id, slot)));
                    typed
                }
                None => {
                    let diagnostic = Diagnostic::new(
                        name.span.clone(),
                        "unknown-field",
                        format!("記録に `{}` という項目はありません", name.text),
                        format!("the records have no field `{}`", name.text),
                    )
                    .expected(fields)
                    .did_you_mean(nearest(&name.text, all()));
                    self.fail(span, diagnostic)
                }
            },
            [name] => {
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "type",
                    format!("`{}` は1件の記録全体です", name.text),
                    format!("`{}` is a whole record", name.text),
                )
                .expected(fields);
                self.fail(span, diagnostic)
            }
            _ => {
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "unknown-field",
                    "記録の項目にさらに項目はありません",
                    "a field of a record has no fields of its own",
                );
                self.fail(span, diagnostic)
            }
        }
    }

    fn unknown_item(&self, path: &str, names: &[Name], span: &Span) -> Diagnostic {
        let diagnostic = Diagnostic::new(
            span.clone(),
            "unknown-item",
            format!("`{path}` という項目はありません"),
            format!("there is no item `{path}`"),
        );
        let items = || self.scope.dictionary.iter().map(|(_, item)| item.path.as_str());
        // The short name of an item of the home form, or of another form.
        let last = names.last().map_or(path, |n| n.text.as_str());
        fn short(path: &str) -> &str {
            path.rsplit('.').next().unwrap_or(path)
        }
        if names.len() == 1
            && let Some(elsewhere) = items().find(|p| short(p) == last)
        {
            return diagnostic.did_you_mean(Some(elsewhere));
        }
        let here = |p: &&str| {
            self.scope.home.is_some_and(|home| p.strip_prefix(home).is_some_and(|r| r.starts_with('.')))
        };
        let variables = self.variables.iter().map(|v| v.name.as_str());
        let near = nearest(path, items().filter(here).map(short).chain(variables).chain(items()))
            .or_else(|| nearest(last, items().map(short)).and_then(|s| items().find(|p| short(p) == s)));
        match near {
            Some(near) => diagnostic.did_you_mean(Some(near)),
            None if is_code_somewhere(self.scope, path) => diagnostic.hint(
                format!("コードは引用符で囲みます: `'{path}'`"),
                format!("put a code in quotes: `'{path}'`"),
            ),
            None => diagnostic,
        }
    }

    fn negative(&mut self, inner: &Expr, span: &Span) -> Typed {
        let typed = self.check(inner, None);
        if typed.ty.is_number() || typed.ty == Ty::Duration {
            let ty = typed.ty.clone();
            return self.add(Node::Negative(typed.id), span, ty);
        }
        let diagnostic = self.not_a_number(&typed.ty, &inner.span);
        self.fail(span, diagnostic)
    }

    fn not_a_number(&self, ty: &Ty, span: &Span) -> Diagnostic {
        let (written, name) = (self.text(span), ty.name());
        Diagnostic::new(
            span.clone(),
            "type",
            format!("`{written}` の型は{}です", name.ja),
            format!("`{written}` is {}", name.en),
        )
        .expected(Type::Decimal { unit: None }.name())
    }

    fn comparison(&mut self, comparison: Comparison, left: &Expr, right: &Expr, span: &Span) -> Typed {
        let (a, b) = self.pair(left, right, None);
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
    fn comparable(&mut self, a: &Ty, b: &Ty, left: &Expr, right: &Expr, span: &Span) -> bool {
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
            format!("these cannot be compared: `{x}` is {}, `{y}` is {}", m.en, n.en),
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
            (Ty::List(_), _) | (_, Ty::List(_)) => diagnostic.hint(
                "`size()`、`exists(x, …)`、`all(x, …)` を使ってください",
                "ask for `size()`, `exists(x, …)` or `all(x, …)`",
            ),
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

    fn membership(&mut self, needle: &Expr, options: &Expr, span: &Span) -> Typed {
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
        let meaning = if is_literal(needle) {
            items.iter().find(|i| !is_literal(i)).map(|i| {
                let silent = self.diagnostics.len();
                let ty = self.check(i, None).ty;
                self.diagnostics.truncate(silent);
                ty
            })
        } else {
            None
        };
        let found = self.check(needle, meaning.as_ref());
        let mut ids = Vec::with_capacity(items.len());
        for item in items {
            let option = self.check(item, Some(&found.ty));
            self.comparable(&found.ty, &option.ty, needle, item, &item.span);
            ids.push(option.id);
        }
        self.add(Node::In(found.id, ids.into()), span, Ty::Boolean)
    }

    fn arithmetic(&mut self, operation: Operation, left: &Expr, right: &Expr, span: &Span) -> Typed {
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
                    format!("`{symbol}` does not fit: `{x}` is {}, `{y}` is {}", m.en, n.en),
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
    fn unify(&mut self, a: &Ty, b: &Ty, span: &Span) -> Ty {
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
        Unit::Of(Some(unit)) => Text::same(unit.clone()),
        _ => Text::new("単位なし", "without a unit"),
    };
    let (m, n) = (named(a), named(b));
    Diagnostic::new(
        span.clone(),
        "unit",
        format!("単位が異なります: `{x}` は{}、`{y}` は{}です", m.ja, n.ja),
        format!("the units differ: `{x}` is in {}, `{y}` is in {}", m.en, n.en),
    )
    .hint(
        "同じ単位の派生項目に換算してから比べてください",
        "convert one of them in a derived item of the same unit",
    )
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) => true,
        ExprKind::If(_, yes, no) => is_literal(yes) && is_literal(no),
        _ => false,
    }
}

fn is_code_somewhere(scope: &Scope<'_>, word: &str) -> bool {
    scope.dictionary.iter().any(|(_, item)| {
        if let Type::Code { codes } = &item.kind { codes.iter().any(|c| c == word) } else { false }
    })
}
