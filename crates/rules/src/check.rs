//! Types every expression against the dictionary and makes the compact tree.

mod call;
mod operators;

use crate::ast::{Expr, ExprKind, Name, Span};
use crate::diagnostic::nearest;
use crate::dictionary::quoted;
use crate::parse::{MAX_DIAGNOSTICS, parse};
use crate::program::{Constant, Id, Node, Program};
use crate::{Diagnostic, Functions, RecordType, Scope, Slot, Type};
use std::collections::BTreeSet;
use std::sync::Arc;
use words::{PartialDate, Text};

/// What to do with a list where a single value is needed.
const LIST_HINT: (&str, &str) = (
    "`size()`、`exists(x, …)`、`all(x, …)` を使ってください",
    "ask for `size()`, `exists(x, …)` or `all(x, …)`",
);

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
    /// Whether durations are compared somewhere, which may fail.
    durations: bool,
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
    suggest_labels(source, scope, &mut diagnostics);
    let readable = diagnostics.is_empty();
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
        durations: false,
    };
    let want = expected.map(Ty::of);
    let root = checker.check(&tree, want.as_ref());
    // The type of a text that was not read to its end says nothing.
    let result = if readable { checker.result(&tree, &root, expected) } else { None };
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
        // Nodes stand behind those that they refer to.
        let mut fallible: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut fails = node.may_fail() || matches!(node, Node::Compare(..)) && self.durations;
            node.below(&mut |below| fails |= fallible.get(below as usize).copied().unwrap_or(true));
            fallible.push(fails);
        }
        let path =
            |slot: &Slot| self.scope.dictionary.item(*slot).map_or("", |item| item.path.as_str()).into();
        Program {
            source: self.source.to_owned(),
            paths: slots.iter().map(path).collect(),
            slots,
            field_lists: self.field_lists,
            fallible,
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
        if matches!(root.ty, Ty::List(_) | Ty::Values(..)) {
            diagnostic = diagnostic.hint(LIST_HINT.0, LIST_HINT.1);
        } else if expected == Some(&Type::Boolean) {
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
        // More would not be shown, and looking for near names has its price.
        if self.diagnostics.len() >= MAX_DIAGNOSTICS {
            return self.bad(span);
        }
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
        if NULLS.contains(&path) {
            return diagnostic.hint(
                "欠測かどうかは `missing(項目)` で確かめます",
                "to ask whether a value is missing, write `missing(item)`",
            );
        }
        if let Some(literal) = ["true", "false"].into_iter().find(|l| path.eq_ignore_ascii_case(l)) {
            return diagnostic.did_you_mean(Some(literal));
        }
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
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) => true,
        ExprKind::If(_, yes, no) => is_literal(yes) && is_literal(no),
        _ => false,
    }
}

/// Where a label was written instead of a path, says the path.
fn suggest_labels(source: &str, scope: &Scope<'_>, diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics.iter_mut().filter(|d| d.code == "character") {
        let written = source.get(diagnostic.span.clone()).unwrap_or("");
        if let Some((_, item)) = scope.dictionary.iter().find(|(_, item)| item.label.ja == written) {
            *diagnostic = diagnostic.clone().did_you_mean(Some(&item.path));
        }
    }
}

/// Words of other languages for a missing value.
const NULLS: [&str; 6] = ["null", "NULL", "nil", "None", "NA", "NaN"];

fn is_code_somewhere(scope: &Scope<'_>, word: &str) -> bool {
    scope.dictionary.iter().any(|(_, item)| {
        if let Type::Code { codes } = &item.kind { codes.iter().any(|c| c == word) } else { false }
    })
}
