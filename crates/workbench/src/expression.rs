//! Row-wise expressions for derived columns and filters.
//!
//! Column names (dots are part of a name), numbers, 'text', `+ - * / ( )`, `== != < <= > >=`, `log()`, `exp()`,
//! `ifelse(condition, a, b)` and `row` (row number in the file, from 1). A condition counts as 1 or 0; anything
//! computed from a missing value is missing.
use crate::WorkbenchError;
use crate::table::{Column, Table};

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Text(String),
    Row,
    Column(String),
    Negative(Box<Node>),
    Binary(Op, Box<Node>, Box<Node>),
    Log(Box<Node>),
    Exp(Box<Node>),
    IfElse(Box<Node>, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Op(Op),
    Open,
    Close,
    Comma,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Missing,
    Number(f64),
    Text(String),
}

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    node: Node,
}

impl Expression {
    pub fn parse(text: &str) -> Result<Expression, WorkbenchError> {
        let refuse = |why: String| WorkbenchError::Expression { text: text.to_string(), why };
        let tokens = tokens(text).map_err(refuse)?;
        let mut parser = Parser { tokens, next: 0 };
        let node = parser.comparison().map_err(refuse)?;
        if parser.next < parser.tokens.len() {
            return Err(refuse("something is left over after the expression".into()));
        }
        Ok(Expression { text: text.to_string(), node })
    }

    /// The expression on every row; the result is text only when every value is.
    pub fn column(&self, table: &Table) -> Result<Column, WorkbenchError> {
        let values: Vec<Value> =
            (0..table.rows()).map(|r| self.value(&self.node, table, r)).collect::<Result<_, _>>()?;
        if values.iter().any(|v| matches!(v, Value::Text(_))) {
            return values
                .into_iter()
                .map(|v| match v {
                    Value::Missing => Ok(None),
                    Value::Text(t) => Ok(Some(t)),
                    Value::Number(_) => Err(self.refuse("numbers and texts in one column")),
                })
                .collect::<Result<_, _>>()
                .map(Column::Text);
        }
        Ok(Column::Number(
            values
                .into_iter()
                .map(|v| match v {
                    Value::Number(x) => Some(x),
                    _ => None,
                })
                .collect(),
        ))
    }

    /// Row numbers where the condition is true; missing is not true.
    pub fn true_rows(&self, table: &Table) -> Result<Vec<usize>, WorkbenchError> {
        match self.column(table)? {
            Column::Number(v) => Ok((0..v.len()).filter(|&r| v[r].is_some_and(|x| x != 0.0)).collect()),
            Column::Text(_) => Err(self.refuse("a condition is needed, not a text")),
        }
    }

    fn refuse(&self, why: &str) -> WorkbenchError {
        WorkbenchError::Expression { text: self.text.clone(), why: why.to_string() }
    }

    fn value(&self, node: &Node, table: &Table, row: usize) -> Result<Value, WorkbenchError> {
        let number = |node: &Node| -> Result<Option<f64>, WorkbenchError> {
            match self.value(node, table, row)? {
                Value::Missing => Ok(None),
                Value::Number(x) => Ok(Some(x)),
                Value::Text(_) => Err(self.refuse("a number is needed where a text stands")),
            }
        };
        // What is not a number (0 / 0, log(-1)) is missing, as in R.
        let wrap = |x: Option<f64>| x.filter(|v| !v.is_nan()).map_or(Value::Missing, Value::Number);
        Ok(match node {
            Node::Number(x) => Value::Number(*x),
            Node::Text(t) => Value::Text(t.clone()),
            Node::Row => Value::Number((row + 1) as f64),
            Node::Column(name) => match table.need(name)? {
                Column::Number(v) => wrap(v[row]),
                Column::Text(v) => v[row].clone().map_or(Value::Missing, Value::Text),
            },
            Node::Negative(a) => wrap(number(a)?.map(|x| -x)),
            Node::Log(a) => wrap(number(a)?.map(f64::ln)),
            Node::Exp(a) => wrap(number(a)?.map(f64::exp)),
            Node::IfElse(c, a, b) => match number(c)? {
                None => Value::Missing,
                Some(0.0) => self.value(b, table, row)?,
                Some(_) => self.value(a, table, row)?,
            },
            Node::Binary(op, a, b) => {
                let (a, b) = (self.value(a, table, row)?, self.value(b, table, row)?);
                match (a, b) {
                    (Value::Missing, _) | (_, Value::Missing) => Value::Missing,
                    (Value::Number(a), Value::Number(b)) => Value::Number(arithmetic(*op, a, b)),
                    (Value::Text(a), Value::Text(b)) => match op {
                        Op::Eq => Value::Number(f64::from(u8::from(a == b))),
                        Op::Ne => Value::Number(f64::from(u8::from(a != b))),
                        _ => return Err(self.refuse("texts can only be compared for equality")),
                    },
                    _ => return Err(self.refuse("a number is compared with a text")),
                }
            }
        })
    }
}

fn arithmetic(op: Op, a: f64, b: f64) -> f64 {
    let truth = |t: bool| f64::from(u8::from(t));
    match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Eq => truth(a == b),
        Op::Ne => truth(a != b),
        Op::Lt => truth(a < b),
        Op::Le => truth(a <= b),
        Op::Gt => truth(a > b),
        Op::Ge => truth(a >= b),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        let start = i;
        i += 1;
        match c {
            _ if c.is_whitespace() => {}
            '(' => out.push(Token::Open),
            ')' => out.push(Token::Close),
            ',' => out.push(Token::Comma),
            '+' => out.push(Token::Op(Op::Add)),
            '-' => out.push(Token::Op(Op::Sub)),
            '*' => out.push(Token::Op(Op::Mul)),
            '/' => out.push(Token::Op(Op::Div)),
            '=' | '!' | '<' | '>' => {
                let two = chars.get(i) == Some(&'=');
                i += usize::from(two);
                out.push(Token::Op(match (c, two) {
                    ('=', true) => Op::Eq,
                    ('!', true) => Op::Ne,
                    ('<', true) => Op::Le,
                    ('>', true) => Op::Ge,
                    ('<', false) => Op::Lt,
                    ('>', false) => Op::Gt,
                    _ => return Err(format!("{c} is not an operator")),
                }));
            }
            '\'' | '"' => {
                let end = chars[i..].iter().position(|&x| x == c).ok_or("a text is not closed")?;
                out.push(Token::Text(chars[i..i + end].iter().collect()));
                i += end + 1;
            }
            _ if c.is_ascii_digit() || c == '.' && chars.get(i).is_some_and(char::is_ascii_digit) => {
                while i < chars.len()
                    && (chars[i].is_ascii_digit()
                        || matches!(chars[i], '.' | 'e' | 'E')
                        || matches!(chars[i], '+' | '-') && matches!(chars[i - 1], 'e' | 'E'))
                {
                    i += 1;
                }
                let word: String = chars[start..i].iter().collect();
                out.push(Token::Number(word.parse().map_err(|_| format!("{word} is not a number"))?));
            }
            _ if c.is_alphabetic() || c == '_' || c == '.' => {
                while i < chars.len() && (chars[i].is_alphanumeric() || matches!(chars[i], '_' | '.')) {
                    i += 1;
                }
                out.push(Token::Name(chars[start..i].iter().collect()));
            }
            _ => return Err(format!("{c} cannot be read")),
        }
    }
    Ok(out)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self, token: &Token) -> Result<(), String> {
        if self.peek() == Some(token) {
            self.next += 1;
            return Ok(());
        }
        let what = match token {
            Token::Open => "(",
            Token::Close => ")",
            _ => ",",
        };
        Err(format!("{what} is missing"))
    }

    fn operator(&mut self, among: &[Op]) -> Option<Op> {
        match self.peek() {
            Some(Token::Op(op)) if among.contains(op) => {
                let op = *op;
                self.next += 1;
                Some(op)
            }
            _ => None,
        }
    }

    fn comparison(&mut self) -> Result<Node, String> {
        let left = self.sum()?;
        match self.operator(&[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge]) {
            None => Ok(left),
            Some(op) => Ok(Node::Binary(op, Box::new(left), Box::new(self.sum()?))),
        }
    }

    fn sum(&mut self) -> Result<Node, String> {
        let mut left = self.product()?;
        while let Some(op) = self.operator(&[Op::Add, Op::Sub]) {
            left = Node::Binary(op, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Node, String> {
        let mut left = self.unary()?;
        while let Some(op) = self.operator(&[Op::Mul, Op::Div]) {
            left = Node::Binary(op, Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, String> {
        if self.operator(&[Op::Sub]).is_some() {
            return Ok(Node::Negative(Box::new(self.unary()?)));
        }
        let token = self.peek().cloned().ok_or("the expression ends too early")?;
        self.next += 1;
        Ok(match token {
            Token::Number(x) => Node::Number(x),
            Token::Text(t) => Node::Text(t),
            Token::Open => {
                let inner = self.comparison()?;
                self.take(&Token::Close)?;
                inner
            }
            Token::Name(name) if self.peek() == Some(&Token::Open) => {
                self.next += 1;
                let first = Box::new(self.comparison()?);
                let node = match name.as_str() {
                    "log" => Node::Log(first),
                    "exp" => Node::Exp(first),
                    "ifelse" => {
                        self.take(&Token::Comma)?;
                        let yes = Box::new(self.comparison()?);
                        self.take(&Token::Comma)?;
                        Node::IfElse(first, yes, Box::new(self.comparison()?))
                    }
                    _ => return Err(format!("{name}() is not known")),
                };
                self.take(&Token::Close)?;
                node
            }
            Token::Name(name) if name == "row" => Node::Row,
            Token::Name(name) => Node::Column(name),
            _ => return Err("a value is missing".into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::from_csv("status,ph.ecog,sex\n1,NA,F\n2,0,M\n3,2,NA\n".as_bytes()).unwrap()
    }

    fn numbers(text: &str) -> Vec<Option<f64>> {
        match Expression::parse(text).unwrap().column(&table()).unwrap() {
            Column::Number(v) => v,
            Column::Text(_) => panic!("numbers expected"),
        }
    }

    #[test]
    fn expressions_follow_the_rules_of_the_reference_records() {
        assert_eq!(numbers("status == 2"), [Some(0.0), Some(1.0), Some(0.0)]);
        assert_eq!(numbers("1 + (status - 1) / 2"), [Some(1.0), Some(1.5), Some(2.0)]);
        assert_eq!(numbers("ph.ecog * 2"), [None, Some(0.0), Some(4.0)]);
        assert_eq!(numbers("sex == 'M'"), [Some(0.0), Some(1.0), None]);
        assert_eq!(
            numbers("ifelse(status == 1, row, ifelse(status == 3, -2, 0))"),
            [Some(1.0), Some(0.0), Some(-2.0)]
        );
        assert_eq!(numbers("log(1e0)"), [Some(0.0); 3]);
        assert_eq!(Expression::parse("ph.ecog >= 0").unwrap().true_rows(&table()).unwrap(), [1, 2]);
    }

    #[test]
    fn an_expression_that_cannot_be_read_says_why() {
        for bad in ["status ==", "foo(1)", "(status", "status = 1", "sex < 'M'", "sex + 1", "nowhere"] {
            let outcome = Expression::parse(bad).and_then(|e| e.column(&table()));
            assert!(outcome.is_err(), "{bad}");
        }
    }
}
