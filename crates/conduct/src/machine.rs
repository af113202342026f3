//! State machines as tables: enforced by `decide`, tried pair by pair in tests, drawn by the book.

use crate::state::{FormStatus, QueryStatus};

/// What can be done to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormMove {
    /// Values are entered.
    Save,
    /// A stated value is changed, with a reason.
    Correct,
    /// The site says that everything has been entered.
    Complete,
    Reopen,
    /// The form will not come, with a reason.
    NotApplicable,
}

/// What can be done to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryMove {
    Answer,
    /// The answer does not settle it.
    Return,
    Close,
}

/// A form's states: nothing saved yet is `None`.
pub const FORM: &[(Option<FormStatus>, FormMove, FormStatus)] = &[
    (None, FormMove::Save, FormStatus::Incomplete),
    (None, FormMove::NotApplicable, FormStatus::NotApplicable),
    (Some(FormStatus::Incomplete), FormMove::Save, FormStatus::Incomplete),
    (Some(FormStatus::Incomplete), FormMove::Correct, FormStatus::Incomplete),
    (Some(FormStatus::Incomplete), FormMove::Complete, FormStatus::Complete),
    (Some(FormStatus::Complete), FormMove::Correct, FormStatus::Complete),
    (Some(FormStatus::Complete), FormMove::Reopen, FormStatus::Incomplete),
    (Some(FormStatus::NotApplicable), FormMove::Reopen, FormStatus::Incomplete),
];

pub const QUERY: &[(QueryStatus, QueryMove, QueryStatus)] = &[
    (QueryStatus::Open, QueryMove::Answer, QueryStatus::Answered),
    (QueryStatus::Open, QueryMove::Close, QueryStatus::Closed),
    (QueryStatus::Answered, QueryMove::Return, QueryStatus::Open),
    (QueryStatus::Answered, QueryMove::Close, QueryStatus::Closed),
];

/// Where a form goes; `None` when the table does not list the move.
pub fn form_after(from: Option<FormStatus>, by: FormMove) -> Option<FormStatus> {
    FORM.iter().find(|(f, m, _)| *f == from && *m == by).map(|(_, _, to)| *to)
}

pub fn query_after(from: QueryStatus, by: QueryMove) -> Option<QueryStatus> {
    QUERY.iter().find(|(f, m, _)| *f == from && *m == by).map(|(_, _, to)| *to)
}

/// The tables as Mermaid state diagrams by name, for the book.
pub fn diagrams() -> [(&'static str, String); 2] {
    let arrow = |from: &str, to: String, by: String| format!("    {from} --> {to}: {by}\n");
    let form = FORM.iter().map(|(from, by, to)| {
        let from = from.map_or("[*]".to_owned(), |f| format!("{f:?}"));
        arrow(&from, format!("{to:?}"), format!("{by:?}"))
    });
    let query =
        QUERY.iter().map(|(from, by, to)| arrow(&format!("{from:?}"), format!("{to:?}"), format!("{by:?}")));
    [
        ("form", form.fold("stateDiagram-v2\n".to_owned(), |all, line| all + &line)),
        (
            "query",
            query.fold("stateDiagram-v2\n    [*] --> Open: Raise\n".to_owned(), |all, line| all + &line),
        ),
    ]
}
