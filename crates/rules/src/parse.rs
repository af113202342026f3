//! Tokens to a tree. Goes on after a mistake, so that one rule can show several.

use crate::Diagnostic;
use crate::ast::{Comparison, Expr, ExprKind, Name, Operation, Span};
use crate::lex::{Token, lex};
use words::Text;

/// Longest rule, in bytes.
pub(crate) const MAX_BYTES: usize = 8 * 1024;
/// Deepest nesting of the text and greatest height of the tree.
pub(crate) const MAX_HEIGHT: usize = 64;
/// Mistakes reported for one rule.
pub(crate) const MAX_DIAGNOSTICS: usize = 20;

/// Parses `source`; what is wrong is added to `diagnostics` and stands in the tree as [`ExprKind::Bad`].
pub(crate) fn parse(source: &str, diagnostics: &mut Vec<Diagnostic>) -> Expr {
    if source.len() > MAX_BYTES {
        diagnostics.push(
            Diagnostic::new(
                0..source.len(),
                "limit",
                format!("規則が長すぎます（{}バイト、上限{MAX_BYTES}バイト）", source.len()),
                format!("this rule is too long: {} bytes, at most {MAX_BYTES}", source.len()),
            )
            .hint("派生項目に分けてください", "split it with derived items"),
        );
        return bad(0..source.len());
    }
    let tokens = lex(source, diagnostics);
    let mut parser = Parser { source, tokens, at: 0, depth: 0, stopped: false, diagnostics };
    if parser.tokens.is_empty() {
        if parser.diagnostics.is_empty() {
            parser.diagnostics.push(Diagnostic::new(0..0, "syntax", "規則が空です", "this rule is empty"));
        }
        return bad(0..source.len());
    }
    let tree = parser.ternary();
    parser.rest();
    tree
}

fn bad(span: Span) -> Expr {
    Expr { kind: ExprKind::Bad, span, height: 1 }
}

struct Parser<'s, 'd> {
    source: &'s str,
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
    /// A limit was reached: everything that follows is silence.
    stopped: bool,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl Parser<'_, '_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|t| &t.0)
    }

    fn here(&self) -> Span {
        self.tokens.get(self.at).map_or(self.source.len()..self.source.len(), |t| t.1.clone())
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(s)) if *s == symbol);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, words: &[&str]) -> Option<(String, Span)> {
        let Some(Token::Name(name)) = self.peek() else { return None };
        if !words.iter().any(|w| name.eq_ignore_ascii_case(w)) {
            return None;
        }
        let found = (name.clone(), self.here());
        self.at += 1;
        Some(found)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.stopped {
            self.diagnostics.push(diagnostic);
        }
    }

    fn stop(&mut self, span: Span) -> Expr {
        self.report(
            Diagnostic::new(
                span.clone(),
                "limit",
                format!("入れ子が深すぎます（上限{MAX_HEIGHT}段）"),
                format!("this is nested too deeply; at most {MAX_HEIGHT} levels"),
            )
            .hint("派生項目に分けてください", "split it with derived items"),
        );
        self.stopped = true;
        self.at = self.tokens.len();
        bad(span)
    }

    fn node(&mut self, kind: ExprKind, span: Span) -> Expr {
        let below = match &kind {
            ExprKind::List(xs) | ExprKind::Call(_, xs) | ExprKind::And(xs) | ExprKind::Or(xs) => tallest(xs),
            ExprKind::Method(x, _, xs) => x.height.max(tallest(xs)),
            ExprKind::Not(x) | ExprKind::Negative(x) => x.height,
            ExprKind::Compare(_, a, b) | ExprKind::In(a, b) | ExprKind::Arithmetic(_, a, b) => {
                a.height.max(b.height)
            }
            ExprKind::If(a, b, c) => a.height.max(b.height).max(c.height),
            _ => 0,
        };
        if below >= MAX_HEIGHT { self.stop(span) } else { Expr { kind, span, height: below + 1 } }
    }

    /// Runs `inner` one level deeper.
    fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> Expr) -> Expr {
        if self.depth >= MAX_HEIGHT {
            let span = self.here();
            return self.stop(span);
        }
        self.depth += 1;
        let tree = inner(self);
        self.depth -= 1;
        tree
    }

    fn ternary(&mut self) -> Expr {
        self.deeper(|p| {
            let condition = p.or();
            if !p.symbol("?") {
                return condition;
            }
            let yes = p.ternary();
            if !p.close(":") {
                return bad(condition.span.start..yes.span.end);
            }
            let no = p.ternary();
            let span = condition.span.start..no.span.end;
            p.node(ExprKind::If(Box::new(condition), Box::new(yes), Box::new(no)), span)
        })
    }

    fn or(&mut self) -> Expr {
        self.chain("||", "or", Self::and, ExprKind::Or)
    }

    fn and(&mut self) -> Expr {
        self.chain("&&", "and", Self::relation, ExprKind::And)
    }

    /// `a op b op c` as one node with all its operands.
    fn chain(
        &mut self,
        symbol: &'static str,
        word: &'static str,
        operand: fn(&mut Self) -> Expr,
        make: fn(Vec<Expr>) -> ExprKind,
    ) -> Expr {
        let first = operand(self);
        let mut operands = vec![first];
        loop {
            if self.symbol(symbol) {
            } else if let Some((written, span)) = self.word(&[word]) {
                self.report(
                    Diagnostic::new(
                        span,
                        "word-operator",
                        format!("`{written}` は演算子ではありません"),
                        format!("`{written}` is not an operator"),
                    )
                    .hint(format!("`{symbol}` と書いてください"), format!("write `{symbol}`")),
                );
            } else {
                break;
            }
            let next = operand(self);
            operands.push(next);
        }
        if operands.len() == 1 {
            return operands.pop().unwrap_or_else(|| bad(0..0));
        }
        let span = operands[0].span.start..operands[operands.len() - 1].span.end;
        self.node(make(operands), span)
    }

    fn comparison(&mut self) -> Option<Option<Comparison>> {
        let Some(Token::Symbol(symbol)) = self.peek() else {
            return self.word(&["in"]).map(|_| None);
        };
        let (comparison, wrong) = match *symbol {
            "==" => (Comparison::Equal, None),
            "!=" => (Comparison::NotEqual, None),
            "<" => (Comparison::Less, None),
            "<=" => (Comparison::LessOrEqual, None),
            ">" => (Comparison::Greater, None),
            ">=" => (Comparison::GreaterOrEqual, None),
            "=>" => (Comparison::GreaterOrEqual, Some("=>")),
            "=<" => (Comparison::LessOrEqual, Some("=<")),
            "<>" => (Comparison::NotEqual, Some("<>")),
            _ => return None,
        };
        if let Some(wrong) = wrong {
            let (span, right) = (self.here(), comparison.symbol());
            self.report(
                Diagnostic::new(
                    span,
                    "operator",
                    format!("`{wrong}` という演算子はありません"),
                    format!("`{wrong}` is not an operator"),
                )
                .hint(format!("`{right}` と書いてください"), format!("write `{right}`")),
            );
        }
        self.at += 1;
        Some(Some(comparison))
    }

    fn relation(&mut self) -> Expr {
        let first = self.sum();
        let mut rest: Vec<(Option<Comparison>, Expr)> = Vec::new();
        while let Some(comparison) = self.comparison() {
            let operand = self.sum();
            rest.push((comparison, operand));
        }
        let Some(last) = rest.last() else { return first };
        let span = first.span.start..last.1.span.end;
        if rest.len() > 1 {
            let mut left = &first;
            let mut pairs = Vec::new();
            for (comparison, right) in &rest {
                let text = |e: &Expr| self.source.get(e.span.clone()).unwrap_or("").to_owned();
                pairs.push(format!(
                    "{} {} {}",
                    text(left),
                    comparison.map_or("in", Comparison::symbol),
                    text(right)
                ));
                left = right;
            }
            let instead = pairs.join(" && ");
            self.report(
                Diagnostic::new(
                    span.clone(),
                    "chained-comparison",
                    "比較を続けて書くことはできません",
                    "comparisons cannot be chained",
                )
                .hint(format!("`{instead}` と書いてください"), format!("write `{instead}`")),
            );
            return bad(span);
        }
        let Some((comparison, right)) = rest.pop() else { return first };
        let (left, right) = (Box::new(first), Box::new(right));
        self.node(
            match comparison {
                Some(comparison) => ExprKind::Compare(comparison, left, right),
                None => ExprKind::In(left, right),
            },
            span,
        )
    }

    fn sum(&mut self) -> Expr {
        let mut left = self.product();
        loop {
            let operation = if self.symbol("+") {
                Operation::Add
            } else if self.symbol("-") {
                Operation::Subtract
            } else {
                return left;
            };
            let right = self.product();
            let span = left.span.start..right.span.end;
            left = self.node(ExprKind::Arithmetic(operation, Box::new(left), Box::new(right)), span);
        }
    }

    fn product(&mut self) -> Expr {
        let mut left = self.unary();
        loop {
            let operation = if self.symbol("*") {
                Operation::Multiply
            } else if self.symbol("/") {
                Operation::Divide
            } else {
                return left;
            };
            let right = self.unary();
            let span = left.span.start..right.span.end;
            left = self.node(ExprKind::Arithmetic(operation, Box::new(left), Box::new(right)), span);
        }
    }

    fn unary(&mut self) -> Expr {
        let start = self.here();
        if self.symbol("!") {
            let inner = self.deeper(Self::unary);
            let span = start.start..inner.span.end;
            return self.node(ExprKind::Not(Box::new(inner)), span);
        }
        if self.symbol("-") {
            let inner = self.deeper(Self::unary);
            let span = start.start..inner.span.end;
            return self.node(ExprKind::Negative(Box::new(inner)), span);
        }
        // `not x` and `not (x)`; `not(x)` too, since no function has that name.
        if let Some((written, span)) = self.word(&["not"]) {
            self.report(
                Diagnostic::new(
                    span.clone(),
                    "word-operator",
                    format!("`{written}` は演算子ではありません"),
                    format!("`{written}` is not an operator"),
                )
                .hint("`!` を前に付け、全体を括弧で囲みます: `!( … )`", "write `!` before it: `!( … )`"),
            );
            let inner = self.deeper(Self::relation);
            let whole = span.start..inner.span.end;
            return self.node(ExprKind::Not(Box::new(inner)), whole);
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Expr {
        let mut expr = self.primary();
        while self.symbol(".") {
            let Some((name, span)) = self.name() else { return expr };
            if !self.symbol("(") {
                let whole = expr.span.start..span.end;
                if !matches!(expr.kind, ExprKind::Bad) {
                    self.report(
                        Diagnostic::new(
                            span,
                            "syntax",
                            format!("`.{name}` で値の一部を取り出すことはできません"),
                            format!("`.{name}` cannot be taken from this"),
                        )
                        .hint(
                            format!("記録の項目は `リスト.last({name})` のように書きます"),
                            format!("take a field of a list's records as in `list.last({name})`"),
                        ),
                    );
                }
                expr = bad(whole);
                continue;
            }
            let arguments = self.arguments(")");
            let whole = expr.span.start..self.before();
            expr = self.node(ExprKind::Method(Box::new(expr), Name { text: name, span }, arguments), whole);
        }
        expr
    }

    /// Where the last token ended.
    fn before(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.1.end)
    }

    fn name(&mut self) -> Option<(String, Span)> {
        let span = self.here();
        if let Some(Token::Name(name)) = self.peek() {
            let name = name.clone();
            self.at += 1;
            return Some((name, span));
        }
        if !matches!(self.peek(), Some(Token::Bad)) {
            self.report(Diagnostic::new(
                span,
                "syntax",
                "`.` の後に項目名がありません",
                "a name is missing after `.`",
            ));
        }
        None
    }

    fn primary(&mut self) -> Expr {
        let span = self.here();
        let Some(token) = self.peek().cloned() else {
            return self.missing_operand(span);
        };
        match token {
            Token::Integer(n) => self.leaf(ExprKind::Integer(n), span),
            Token::Decimal(n) => self.leaf(ExprKind::Decimal(n), span),
            Token::Text(s) => self.leaf(ExprKind::Text(s), span),
            Token::Bad => self.leaf(ExprKind::Bad, span),
            Token::Name(n) if n == "true" || n == "false" => self.leaf(ExprKind::Boolean(n == "true"), span),
            Token::Name(n) if ["and", "or", "in"].iter().any(|w| n.eq_ignore_ascii_case(w)) => {
                self.missing_operand(span)
            }
            Token::Name(n) => self.path(n, span),
            Token::Symbol("(") => {
                self.at += 1;
                let inner = self.ternary();
                self.close(")");
                Expr { span: span.start..self.before().max(span.end), ..inner }
            }
            Token::Symbol("[") => {
                self.at += 1;
                let items = self.arguments("]");
                let whole = span.start..self.before();
                self.node(ExprKind::List(items), whole)
            }
            Token::Symbol(_) => self.missing_operand(span),
        }
    }

    fn leaf(&mut self, kind: ExprKind, span: Span) -> Expr {
        self.at += 1;
        Expr { kind, span, height: 1 }
    }

    fn missing_operand(&mut self, span: Span) -> Expr {
        let written = self.source.get(span.clone()).unwrap_or("").to_owned();
        let diagnostic = if written.is_empty() {
            Diagnostic::new(span.clone(), "syntax", "規則が途中で終わっています", "the rule ends too early")
        } else {
            Diagnostic::new(
                span.clone(),
                "syntax",
                format!("`{written}` の前に値がありません"),
                format!("a value is missing before `{written}`"),
            )
        };
        self.report(diagnostic.expected(Text::new(
            "項目、数値、引用符で囲んだ文字列、または `(`",
            "an item, a number, a text in quotes, or `(`",
        )));
        bad(span.start..span.start)
    }

    fn path(&mut self, first: String, span: Span) -> Expr {
        self.at += 1;
        let start = span.start;
        let mut names = vec![Name { text: first, span }];
        loop {
            if self.symbol("(") {
                let arguments = self.arguments(")");
                let whole = start..self.before();
                return self.node(ExprKind::Call(names, arguments), whole);
            }
            if !self.symbol(".") {
                break;
            }
            let Some((text, span)) = self.name() else {
                return bad(start..self.before());
            };
            names.push(Name { text, span });
            if names.len() > MAX_HEIGHT {
                return self.stop(start..self.before());
            }
        }
        let whole = start..self.before();
        self.node(ExprKind::Path(names), whole)
    }

    /// Expressions up to and including the closing symbol.
    fn arguments(&mut self, closing: &'static str) -> Vec<Expr> {
        let mut out = Vec::new();
        if self.symbol(closing) {
            return out;
        }
        loop {
            out.push(self.ternary());
            if !self.symbol(",") {
                break;
            }
        }
        self.close(closing);
        out
    }

    /// Reads the closing symbol, or reports that it is missing and goes on behind the next one.
    fn close(&mut self, symbol: &'static str) -> bool {
        if self.symbol(symbol) {
            return true;
        }
        let span = self.here();
        let after_bad = matches!(self.peek(), Some(Token::Bad));
        if !after_bad {
            self.report(
                Diagnostic::new(
                    span,
                    "syntax",
                    format!("`{symbol}` がありません"),
                    format!("`{symbol}` is missing here"),
                )
                .expected(Text::same(format!("`{symbol}`"))),
            );
        }
        // Find the closing symbol of this level, so that what follows is still read.
        let mut open = 0usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Symbol("(" | "[") => open += 1,
                Token::Symbol(")" | "]") if open > 0 => open -= 1,
                Token::Symbol(s) if *s == symbol => {
                    self.at += 1;
                    return true;
                }
                Token::Symbol(")" | "]") => return false,
                _ => {}
            }
            self.at += 1;
        }
        false
    }

    /// Whatever stands after a complete expression.
    fn rest(&mut self) {
        let Some(token) = self.peek().cloned() else { return };
        if self.stopped || token == Token::Bad {
            return;
        }
        let span = self.here();
        let written = self.source.get(span.clone()).unwrap_or("").to_owned();
        let diagnostic = Diagnostic::new(
            span,
            "syntax",
            format!("`{written}` はここには書けません"),
            format!("`{written}` cannot stand here"),
        )
        .expected(Text::new(
            "規則の終わり、または `&&`、`||` などの演算子",
            "the end of the rule, or an operator such as `&&` or `||`",
        ));
        let instead = WORDS.iter().find(|(word, _)| written.eq_ignore_ascii_case(word));
        self.report(match instead {
            Some((_, instead)) => {
                diagnostic.hint(format!("`{instead}` と書いてください"), format!("write `{instead}`"))
            }
            None => diagnostic,
        });
    }
}

/// Words that people write between two values, and what the language has instead.
const WORDS: [(&str, &str); 5] = [
    ("is", "=="),
    ("equals", "=="),
    ("between", "x >= … && x <= …"),
    ("contains", "code in list.map(x, x.field)"),
    ("xor", "!="),
];

fn tallest(exprs: &[Expr]) -> usize {
    exprs.iter().map(|e| e.height).max().unwrap_or(0)
}
