//! Calls: functions of the language, functions of other crates, and macros over lists.

use super::{Checker, Ty, Typed, Unit};
use crate::ast::{Expr, ExprKind, Name, Span};
use crate::built_in::{BuiltIn, Standard, Test};
use crate::diagnostic::nearest;
use crate::function::{Function, Kind};
use crate::program::{Aggregate, Custom, Id, Node, Quantifier};
use crate::{Diagnostic, RecordType};
use std::sync::Arc;
use words::Text;

/// Macros inside macros, at most.
const MAX_MACROS: usize = 3;

/// What may be asked of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Macro {
    Quantify(Quantifier),
    Filter,
    Map,
    Size,
    Count,
    Aggregate(Aggregate),
}

const MACROS: [(&str, Macro); 12] = [
    ("all", Macro::Quantify(Quantifier::All)),
    ("exists", Macro::Quantify(Quantifier::Exists)),
    ("exists_one", Macro::Quantify(Quantifier::ExistsOne)),
    ("filter", Macro::Filter),
    ("map", Macro::Map),
    ("size", Macro::Size),
    ("count", Macro::Count),
    ("sum", Macro::Aggregate(Aggregate::Sum)),
    ("min", Macro::Aggregate(Aggregate::Minimum)),
    ("max", Macro::Aggregate(Aggregate::Maximum)),
    ("first", Macro::Aggregate(Aggregate::First)),
    ("last", Macro::Aggregate(Aggregate::Last)),
];

/// What other languages call our macros.
const OTHER_NAMES: [(&str, &str); 7] = [
    ("any", "exists"),
    ("some", "exists"),
    ("every", "all"),
    ("length", "size"),
    ("len", "size"),
    ("where", "filter"),
    ("select", "map"),
];

impl Checker<'_> {
    /// `f(x)`, `space.f(x)`, `list.all(x, …)`.
    pub(super) fn call(
        &mut self,
        names: &[Name],
        arguments: &[Expr],
        span: &Span,
        want: Option<&Ty>,
    ) -> Typed {
        let joined = names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(".");
        if let [name] = names
            && let Some(built_in) = BuiltIn::named(&name.text)
        {
            return self.built_in(built_in, name, arguments, span, want);
        }
        if let Some(function) = self.functions.custom(&joined).cloned() {
            return self.custom(&function, &[], arguments, span);
        }
        let [receiver @ .., method] = names else { return self.bad(span) };
        if let (Some(first), Some(last)) = (receiver.first(), receiver.last()) {
            let target = self.path(receiver, &(first.span.start..last.span.end));
            return self.method(target, method, arguments, span);
        }
        let diagnostic = self.unknown_function(method);
        self.fail(span, diagnostic)
    }

    fn unknown_function(&self, name: &Name) -> Diagnostic {
        let diagnostic = Diagnostic::new(
            name.span.clone(),
            "unknown-function",
            format!("`{}` という関数はありません", name.text),
            format!("there is no function `{}`", name.text),
        );
        if MACROS.iter().any(|(m, _)| *m == name.text) {
            return diagnostic.hint(
                format!("リストの後に書きます: `リスト.{}( … )`", name.text),
                format!("it stands after a list: `list.{}( … )`", name.text),
            );
        }
        diagnostic.did_you_mean(nearest(&name.text, self.functions.names()))
    }

    /// `target.name(…)`: a macro over a list, or a registered function with the target as first argument.
    pub(super) fn method(&mut self, target: Typed, name: &Name, arguments: &[Expr], span: &Span) -> Typed {
        if target.ty.is_bad() {
            return self.bad(span);
        }
        let found = MACROS.iter().find(|(m, _)| *m == name.text).map(|(_, m)| *m);
        if let Some(found) = found
            && let Ty::List(_) | Ty::Values(..) = target.ty
        {
            return self.over_list(found, target, name, arguments, span);
        }
        if let Some(function) = self.functions.custom(&name.text).cloned() {
            return self.custom(&function, &[target], arguments, span);
        }
        let kind = target.ty.name();
        let diagnostic = match (found, &target.ty) {
            (Some(_), _) => Diagnostic::new(
                span.clone(),
                "type",
                format!("`{}` はリストにだけ使えますが、これは{}です", name.text, kind.ja),
                format!("`{}` is for lists, and this is {}", name.text, kind.en),
            ),
            (None, Ty::List(_) | Ty::Values(..)) => Diagnostic::new(
                name.span.clone(),
                "unknown-function",
                format!("リストに `{}` という関数はありません", name.text),
                format!("lists have no function `{}`", name.text),
            )
            .expected(Text::same(MACROS.map(|(m, _)| m).join(", ")))
            .did_you_mean(
                OTHER_NAMES
                    .iter()
                    .find(|(other, _)| *other == name.text)
                    .map(|(_, ours)| *ours)
                    .or_else(|| nearest(&name.text, MACROS.iter().map(|m| m.0))),
            ),
            (None, _) => self.unknown_function(name),
        };
        self.fail(span, diagnostic)
    }

    fn over_list(
        &mut self,
        found: Macro,
        list: Typed,
        name: &Name,
        arguments: &[Expr],
        span: &Span,
    ) -> Typed {
        let wrong_count = |usage: &str| {
            Diagnostic::new(
                span.clone(),
                "arguments",
                format!("`{}` の書き方が違います", name.text),
                format!("`{}` is not written like this", name.text),
            )
            .expected(Text::new(
                usage.replace("list", "リスト").replace("condition", "条件").replace("field", "項目"),
                usage.to_owned(),
            ))
        };
        // What was made by `map` has only values.
        if let Ty::Values(each_type, each) = &list.ty {
            return match (found, arguments) {
                (Macro::Size | Macro::Count, []) => self.add(Node::Size(list.id), span, Ty::Integer),
                (Macro::Aggregate(aggregate), []) => {
                    self.aggregate(aggregate, list.id, *each, (**each_type).clone(), span, span)
                }
                _ => {
                    let usage = format!("`list.map(x, …).{}()`", name.text);
                    let usable =
                        ["size", "sum", "min", "max", "first", "last", "count"].contains(&name.text.as_str());
                    let diagnostic = if usable {
                        wrong_count(&usage)
                    } else {
                        Diagnostic::new(
                            name.span.clone(),
                            "type",
                            format!("`map` の結果に `{}` は使えません", name.text),
                            format!("`{}` cannot follow `map`", name.text),
                        )
                        .hint("`map` の前に書いてください", "write it before `map`")
                    };
                    self.fail(span, diagnostic)
                }
            };
        }
        let Ty::List(record) = list.ty.clone() else { return self.bad(span) };
        match (found, arguments) {
            (Macro::Size | Macro::Count, []) => self.add(Node::Size(list.id), span, Ty::Integer),
            (Macro::Quantify(quantifier), [variable, predicate]) => {
                let predicate = self.each(list.id, &record, variable, |c| c.condition(predicate));
                self.add(Node::Quantify(quantifier, list.id, predicate.id), span, Ty::Boolean)
            }
            (Macro::Filter | Macro::Count, [variable, predicate]) => {
                let predicate = self.each(list.id, &record, variable, |c| c.condition(predicate));
                let filtered = self.add(Node::Filter(list.id, predicate.id), span, Ty::List(record));
                if found == Macro::Count {
                    self.add(Node::Size(filtered.id), span, Ty::Integer)
                } else {
                    filtered
                }
            }
            (Macro::Map, [variable, each]) => {
                let each = self.each(list.id, &record, variable, |c| c.check(each, None));
                match each.ty {
                    Ty::Bad => self.bad(span),
                    ty => Typed { id: list.id, ty: Ty::Values(Box::new(ty), each.id) },
                }
            }
            (Macro::Aggregate(aggregate), [variable, each]) => {
                let place = each.span.clone();
                let each = self.each(list.id, &record, variable, |c| c.check(each, None));
                self.aggregate(aggregate, list.id, each.id, each.ty, &place, span)
            }
            // A field by its name alone.
            (Macro::Aggregate(aggregate), [Expr { kind: ExprKind::Path(names), span: place, .. }])
                if names.len() == 1 =>
            {
                let record_name = Name { text: String::new(), span: place.clone() };
                let each =
                    self.field(0, record, self.origin(list.id), &[record_name, names[0].clone()], place);
                self.aggregate(aggregate, list.id, each.id, each.ty, place, span)
            }
            (Macro::Size, _) => {
                let diagnostic = wrong_count("`list.size()`");
                self.fail(span, diagnostic)
            }
            (Macro::Aggregate(_), _) => {
                let usage = format!("`list.{0}(field)`, `list.{0}(x, x.field)`", name.text);
                let diagnostic = wrong_count(&usage);
                self.fail(span, diagnostic)
            }
            _ => {
                let usage = format!("`list.{}(x, condition)`", name.text);
                let diagnostic = wrong_count(&usage);
                self.fail(span, diagnostic)
            }
        }
    }

    /// Checks the body of a macro, with a name for the record it stands at.
    fn each(
        &mut self,
        list: Id,
        record: &Arc<RecordType>,
        variable: &Expr,
        body: impl FnOnce(&mut Self) -> Typed,
    ) -> Typed {
        let ExprKind::Path(names) = &variable.kind else {
            return self.no_variable(&variable.span);
        };
        let [name] = names.as_slice() else {
            return self.no_variable(&variable.span);
        };
        if self.variables.len() >= MAX_MACROS {
            let diagnostic = Diagnostic::new(
                variable.span.clone(),
                "limit",
                format!("リストの入れ子は{MAX_MACROS}段までです"),
                format!("lists can be nested {MAX_MACROS} deep at most"),
            );
            return self.fail(&variable.span, diagnostic);
        }
        let form = format!("{}.", name.text);
        let is_form = self.scope.dictionary.iter().any(|(_, item)| item.path.starts_with(&form));
        if is_form || self.scope.resolve(&name.text).is_some() || self.variable(&name.text).is_some() {
            self.diagnostics.push(
                Diagnostic::new(
                    name.span.clone(),
                    "shadow",
                    format!("`{}` という名前はすでに使われています", name.text),
                    format!("the name `{}` is already taken", name.text),
                )
                .hint("記録には別の名前を付けてください", "give the record another name"),
            );
        }
        let list = self.origin(list);
        self.variables.push(super::Variable { name: name.text.clone(), record: record.clone(), list });
        let typed = body(self);
        self.variables.pop();
        typed
    }

    fn no_variable(&mut self, span: &Span) -> Typed {
        let diagnostic = Diagnostic::new(
            span.clone(),
            "arguments",
            "ここには記録に付ける名前を書きます",
            "a name for the record belongs here",
        )
        .hint("例: `リスト.exists(x, x.項目 > 0)`", "as in `list.exists(x, x.field > 0)`");
        self.fail(span, diagnostic)
    }

    fn aggregate(&mut self, what: Aggregate, list: Id, each: Id, ty: Ty, place: &Span, span: &Span) -> Typed {
        let fits = match what {
            Aggregate::Sum => ty.is_number(),
            Aggregate::Minimum | Aggregate::Maximum => ty.is_number() || ty == Ty::Date,
            Aggregate::First | Aggregate::Last => !matches!(ty, Ty::List(_) | Ty::Values(..)),
        };
        if ty.is_bad() {
            return self.bad(span);
        }
        if !fits {
            let diagnostic = self.not_a_number(&ty, place);
            return self.fail(span, diagnostic);
        }
        self.add(Node::Aggregate(what, list, each), span, ty)
    }

    fn built_in(
        &mut self,
        what: BuiltIn,
        name: &Name,
        arguments: &[Expr],
        span: &Span,
        want: Option<&Ty>,
    ) -> Typed {
        match (what, arguments) {
            (BuiltIn::Between(function), [from, to]) => {
                let ids = [self.argument(from, &Ty::Date), self.argument(to, &Ty::Date)];
                self.add(Node::Call(function, ids.into()), span, Ty::Integer)
            }
            (BuiltIn::Date, [Expr { kind: ExprKind::Text(text), span: place, .. }]) => {
                self.date_literal(text, place)
            }
            (BuiltIn::Duration, [Expr { kind: ExprKind::Text(text), span: place, .. }]) => {
                self.duration_literal(text, place)
            }
            (BuiltIn::Date | BuiltIn::Duration, [other]) => {
                let diagnostic = Diagnostic::new(
                    other.span.clone(),
                    "arguments",
                    format!("`{}` には引用符で囲んだ文字列を渡します", name.text),
                    format!("`{}` takes a text in quotes", name.text),
                );
                self.fail(span, diagnostic)
            }
            (BuiltIn::Test(test), [inner]) => self.test(test, name, inner, span),
            (BuiltIn::Least(function), [first, rest @ ..]) if !rest.is_empty() => {
                let first_typed = self.check(first, want);
                let mut ty = first_typed.ty.clone();
                let mut ids = vec![first_typed.id];
                for argument in rest {
                    let next = self.check(argument, Some(&ty));
                    ty = self.unify(&ty, &next.ty, &argument.span);
                    ids.push(next.id);
                }
                if ty.is_bad() {
                    return self.bad(span);
                }
                if !ty.is_number() && ty != Ty::Date {
                    let diagnostic = self.not_a_number(&ty, &first.span);
                    return self.fail(span, diagnostic);
                }
                self.add(Node::Call(function, ids.into()), span, ty)
            }
            (BuiltIn::Round, [number]) => {
                let (number, ty) = self.numeric(number);
                self.add(Node::Call(Standard::Round, [number].into()), span, decimal(ty))
            }
            (BuiltIn::Round, [number, places]) => {
                let (number, ty) = self.numeric(number);
                if !matches!(places.kind, ExprKind::Integer(0..=28)) {
                    let diagnostic = Diagnostic::new(
                        places.span.clone(),
                        "arguments",
                        "小数点以下の桁数は0から28の整数で書きます",
                        "the number of decimals is a whole number from 0 to 28",
                    );
                    return self.fail(span, diagnostic);
                }
                let places = self.check(places, None);
                self.add(Node::Call(Standard::Round, [number, places.id].into()), span, decimal(ty))
            }
            (BuiltIn::Absolute, [number]) => {
                let (number, ty) = self.numeric(number);
                self.add(Node::Call(Standard::Absolute, [number].into()), span, ty)
            }
            (BuiltIn::Count | BuiltIn::Size, [list]) if !matches!(list.kind, ExprKind::List(_)) => {
                let typed = self.check(list, None);
                match typed.ty {
                    Ty::Bad => self.bad(span),
                    Ty::List(_) | Ty::Values(..) => self.add(Node::Size(typed.id), span, Ty::Integer),
                    Ty::Boolean if what == BuiltIn::Count => {
                        self.add(Node::Call(Standard::CountTrue, [typed.id].into()), span, Ty::Integer)
                    }
                    other => {
                        let found = other.name();
                        let diagnostic = Diagnostic::new(
                            list.span.clone(),
                            "type",
                            format!("`{}` はリストに使いますが、これは{}です", name.text, found.ja),
                            format!("`{}` takes a list, and this is {}", name.text, found.en),
                        );
                        self.fail(span, diagnostic)
                    }
                }
            }
            (BuiltIn::Count, [_, _, ..]) => {
                let ids = arguments.iter().map(|a| self.condition(a).id).collect();
                self.add(Node::Call(Standard::CountTrue, ids), span, Ty::Integer)
            }
            _ => {
                let usage = usage(what, &name.text);
                let diagnostic = Diagnostic::new(
                    span.clone(),
                    "arguments",
                    format!("`{}` の引数が違います", name.text),
                    format!("`{}` does not take these arguments", name.text),
                )
                .expected(Text::same(usage));
                self.fail(span, diagnostic)
            }
        }
    }

    fn numeric(&mut self, expr: &Expr) -> (Id, Ty) {
        let typed = self.check(expr, None);
        if typed.ty.is_number() {
            return (typed.id, typed.ty);
        }
        let diagnostic = self.not_a_number(&typed.ty, &expr.span);
        (self.fail(&expr.span, diagnostic).id, Ty::Bad)
    }

    /// An argument of exactly this type.
    fn argument(&mut self, expr: &Expr, wanted: &Ty) -> Id {
        let typed = self.check(expr, Some(wanted));
        if typed.ty.is_bad() || typed.ty == *wanted {
            return typed.id;
        }
        let diagnostic = self.not_a_number(&typed.ty, &expr.span).expected(wanted.name());
        self.fail(&expr.span, diagnostic).id
    }

    fn test(&mut self, test: Test, name: &Name, inner: &Expr, span: &Span) -> Typed {
        let typed = self.check(inner, None);
        if typed.ty.is_bad() {
            return self.bad(span);
        }
        if !matches!(self.nodes[typed.id as usize], Node::Item(_) | Node::Field { .. })
            || matches!(typed.ty, Ty::Values(..))
        {
            let diagnostic = Diagnostic::new(
                inner.span.clone(),
                "arguments",
                format!("`{}` には項目を渡します", name.text),
                format!("`{}` asks about an item", name.text),
            )
            .expected(Text::new("項目、または記録の項目", "an item, or a field of a record"));
            return self.fail(span, diagnostic);
        }
        self.add(Node::Test(test, typed.id), span, Ty::Boolean)
    }

    /// A call of a registered function; `first` are arguments that stand before the parenthesis.
    fn custom(
        &mut self,
        function: &Arc<Function>,
        first: &[Typed],
        arguments: &[Expr],
        span: &Span,
    ) -> Typed {
        let signature = &function.signature;
        if first.len() + arguments.len() != signature.parameters.len() {
            let names: Vec<&str> = signature.parameters.iter().map(|p| p.0.as_str()).collect();
            let usage = format!("`{}({})`", function.name, names.join(", "));
            let diagnostic = Diagnostic::new(
                span.clone(),
                "arguments",
                format!("`{}` の引数の数が違います", function.name),
                format!("`{}` takes another number of arguments", function.name),
            )
            .expected(Text::same(usage));
            return self.fail(span, diagnostic);
        }
        let mut typed: Vec<(Typed, Span)> = first.iter().map(|t| (t.clone(), span.clone())).collect();
        for (argument, (_, kind)) in arguments.iter().zip(&signature.parameters[first.len()..]) {
            let found = self.check(argument, literal_meaning(kind).as_ref());
            typed.push((found, argument.span.clone()));
        }
        for ((found, place), (_, kind)) in typed.iter().zip(&signature.parameters) {
            if !found.ty.is_bad() && !takes(kind, &found.ty, &self.nodes[found.id as usize]) {
                let diagnostic = self.not_a_number(&found.ty, place).expected(kind_name(kind));
                self.diagnostics.push(diagnostic);
            }
        }
        let mut ids: Vec<Id> = typed.iter().map(|(t, _)| t.id).collect();
        for input in &signature.inputs {
            match self.scope.resolve(input) {
                Some(slot) => {
                    let ty = self.scope.dictionary.item(slot).map_or(Ty::Bad, |i| Ty::of(&i.kind));
                    ids.push(self.add(Node::Item(slot), span, ty).id);
                }
                None => self.diagnostics.push(Diagnostic::new(
                    span.clone(),
                    "unknown-item",
                    format!("`{}` が使う項目 `{input}` がありません", function.name),
                    format!("`{}` reads the item `{input}`, which does not exist here", function.name),
                )),
            }
        }
        let records = ids.iter().map(|id| self.records[*id as usize].clone()).collect();
        let call = Custom { function: function.clone(), arguments: ids.into(), records };
        self.add(Node::Custom(Arc::new(call)), span, Ty::of(&signature.returns))
    }
}

fn decimal(ty: Ty) -> Ty {
    match ty {
        Ty::Integer => Ty::Decimal(Unit::Any),
        other => other,
    }
}

/// What a text literal stands for where this kind is taken.
fn literal_meaning(kind: &Kind) -> Option<Ty> {
    match kind {
        Kind::Code(codes) => Some(Ty::Code(codes.clone())),
        Kind::Date => Some(Ty::Date),
        Kind::Duration => Some(Ty::Duration),
        _ => None,
    }
}

fn takes(kind: &Kind, ty: &Ty, node: &Node) -> bool {
    match kind {
        Kind::Boolean => *ty == Ty::Boolean,
        Kind::Integer => *ty == Ty::Integer,
        Kind::Number => ty.is_number(),
        Kind::Text => matches!(ty, Ty::Text | Ty::Code(_)),
        Kind::Code(codes) => matches!(ty, Ty::Code(found) if found.iter().all(|c| codes.contains(c))),
        Kind::Date => *ty == Ty::Date,
        Kind::Duration => *ty == Ty::Duration,
        // A filtered list would have to be built.
        Kind::List => matches!((ty, node), (Ty::List(_), Node::Item(_) | Node::Field { .. })),
    }
}

fn kind_name(kind: &Kind) -> Text {
    use crate::Type;
    match kind {
        Kind::Boolean => Type::Boolean.name(),
        Kind::Integer => Type::Integer.name(),
        Kind::Number => Type::Decimal { unit: None }.name(),
        Kind::Text => Type::Text.name(),
        Kind::Code(codes) => Type::Code { codes: codes.clone() }.name(),
        Kind::Date => Type::Date.name(),
        Kind::Duration => Type::Duration.name(),
        Kind::List => Text::new("繰り返し記録のリスト（項目名で）", "a list of records, by its path"),
    }
}

fn usage(what: BuiltIn, name: &str) -> String {
    match what {
        BuiltIn::Between(_) if name == "age" => "`age(birth, on)`".into(),
        BuiltIn::Between(_) => format!("`{name}(from, to)`"),
        BuiltIn::Date => "`date('2026-03-14')`".into(),
        BuiltIn::Duration => "`duration('3 months')`".into(),
        BuiltIn::Test(_) => format!("`{name}(item)`"),
        BuiltIn::Least(_) => format!("`{name}(a, b, …)`"),
        BuiltIn::Round => "`round(x)`, `round(x, 1)`".into(),
        BuiltIn::Absolute => "`abs(x)`".into(),
        BuiltIn::Count => "`count(list)`, `count(condition, condition, …)`".into(),
        BuiltIn::Size => "`size(list)`".into(),
    }
}
