//! The compact tree that is evaluated: nodes refer to each other by number, items by slot.

use crate::ast::{Comparison, Operation, Span};
use crate::built_in::{Standard, Test};
use crate::function::Function;
use crate::{Duration, RecordType, Slot, Type};
use jiff::civil::Date;
use std::sync::Arc;
use words::Decimal;

pub(crate) type Id = u32;

#[derive(Clone, Debug)]
pub(crate) enum Constant {
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    /// A code or a text.
    Text(Arc<str>),
    Date(Date),
    Duration(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Exists,
    ExistsOne,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Minimum,
    Maximum,
    First,
    Last,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Constant),
    Item(Slot),
    /// A field of the record of the macro that is `up` levels out.
    Field {
        up: usize,
        index: usize,
    },
    Not(Id),
    Negative(Id),
    And(Box<[Id]>),
    Or(Box<[Id]>),
    Compare(Comparison, Id, Id),
    In(Id, Box<[Id]>),
    /// Whether the needle is among the values of an expression over a list's records.
    InRecords(Id, Id, Id),
    Arithmetic(Operation, Id, Id),
    If(Id, Id, Id),
    Test(Test, Id),
    Call(Standard, Box<[Id]>),
    Custom(Arc<Custom>),
    /// Records of a list that meet a predicate. Stands only where a list is expected.
    Filter(Id, Id),
    Quantify(Quantifier, Id, Id),
    Size(Id),
    /// Over the values of an expression for each record.
    Aggregate(Aggregate, Id, Id),
}

impl Node {
    /// Whether this node itself, apart from what is below, may end in an error.
    pub fn may_fail(&self) -> bool {
        match self {
            Node::Arithmetic(..) | Node::Negative(_) | Node::Custom(_) => true,
            Node::Call(function, _) => matches!(function, Standard::Absolute | Standard::Round),
            Node::Aggregate(aggregate, ..) => *aggregate == Aggregate::Sum,
            _ => false,
        }
    }

    /// Calls `each` with the nodes right below, in the order of the source.
    pub fn below(&self, each: &mut dyn FnMut(Id)) {
        match self {
            Node::Constant(_) | Node::Item(_) | Node::Field { .. } => {}
            Node::Not(a) | Node::Negative(a) | Node::Test(_, a) | Node::Size(a) => each(*a),
            Node::And(parts) | Node::Or(parts) | Node::Call(_, parts) => parts.iter().for_each(|p| each(*p)),
            Node::Custom(custom) => custom.arguments.iter().for_each(|p| each(*p)),
            Node::Compare(_, a, b)
            | Node::Arithmetic(_, a, b)
            | Node::Filter(a, b)
            | Node::Quantify(_, a, b)
            | Node::Aggregate(_, a, b) => [a, b].into_iter().for_each(|p| each(*p)),
            Node::In(needle, options) => {
                each(*needle);
                options.iter().for_each(|p| each(*p));
            }
            Node::InRecords(a, b, c) | Node::If(a, b, c) => [a, b, c].into_iter().for_each(|p| each(*p)),
        }
    }
}

/// A call of a function that another crate registered.
#[derive(Debug)]
pub(crate) struct Custom {
    pub function: Arc<Function>,
    pub arguments: Box<[Id]>,
    /// For arguments that are lists.
    pub records: Box<[Option<Arc<RecordType>>]>,
}

#[derive(Debug)]
pub(crate) struct Program {
    pub source: String,
    pub nodes: Vec<Node>,
    /// The place of each node in the source.
    pub spans: Vec<Span>,
    /// Whether evaluation of each node may end in an error.
    pub fallible: Vec<bool>,
    pub root: Id,
    pub result: Type,
    /// Items read, each once, in order of slot.
    pub slots: Vec<Slot>,
    /// For each field node the item whose list its record is in.
    pub field_lists: Vec<(Id, Slot)>,
    /// Path of each of `slots`, for reports of what is missing.
    pub paths: Vec<Arc<str>>,
}

impl Program {
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub fn span(&self, id: Id) -> Span {
        self.spans[id as usize].clone()
    }

    pub fn text(&self, id: Id) -> &str {
        self.source.get(self.span(id)).unwrap_or("")
    }

    pub fn path(&self, slot: Slot) -> Arc<str> {
        self.slots.binary_search(&slot).ok().map_or_else(|| Arc::from(""), |i| self.paths[i].clone())
    }

    /// For a field of a record: the item that holds the list, and the number of the field.
    pub fn field_of(&self, id: Id) -> Option<(Slot, usize)> {
        let Node::Field { index, .. } = self.node(id) else { return None };
        self.field_lists.iter().find(|(field, _)| *field == id).map(|(_, slot)| (*slot, *index))
    }

    /// The item whose list a list node goes through, if it is one.
    pub fn origin(&self, list: Id) -> Option<Slot> {
        match self.node(list) {
            Node::Item(slot) => Some(*slot),
            Node::Filter(inner, _) => self.origin(*inner),
            _ => None,
        }
    }
}
