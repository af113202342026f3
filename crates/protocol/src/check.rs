//! Whether the parts of a protocol fit together: names that meet, windows that can be kept, ratios that add up.

mod analyses;
mod estimands;
mod forms;
mod registration;
mod schedule;

use crate::Protocol;
use crate::diagnostic::{Diagnostic, did_you_mean, listed};
use crate::tree::Path;
use std::collections::BTreeMap;
use std::ops::Range;
use words::Text;

/// A finding about a part of the model, before it has a place in a file.
#[derive(Debug)]
pub struct Finding {
    pub path: Path,
    /// Bytes of the text at `path`, when a part of it is meant.
    pub inside: Option<Range<usize>>,
    /// The key is meant and not its value.
    pub on_key: bool,
    pub diagnostic: Diagnostic,
}

/// What a name may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    Step,
    Form,
    Arm,
    Fact,
    Endpoint,
    Set,
    Document,
    Approval,
    Allocation,
    Analysis,
    Intercurrent,
}

impl Named {
    fn words(self) -> Text {
        let (ja, en) = match self {
            Named::Step => ("登録段階", "registration step"),
            Named::Form => ("症例報告書", "form"),
            Named::Arm => ("群", "arm"),
            Named::Fact => ("事象（facts）", "fact"),
            Named::Endpoint => ("エンドポイント", "endpoint"),
            Named::Set => ("解析対象集団", "analysis set"),
            Named::Document => ("文書", "document"),
            Named::Approval => ("承認書類", "approval"),
            Named::Allocation => ("割付", "allocation"),
            Named::Analysis => ("解析", "analysis"),
            Named::Intercurrent => ("中間事象（intercurrent）", "intercurrent event"),
        };
        Text::new(ja, en)
    }
}

pub struct Checker<'a> {
    pub protocol: &'a Protocol,
    names: BTreeMap<Named, Vec<&'a str>>,
    pub found: Vec<Finding>,
}

/// All findings about `protocol`, except those of its rules.
pub fn check(protocol: &Protocol) -> Vec<Finding> {
    let p = protocol;
    fn keys<T>(map: &crate::Ordered<T>) -> Vec<&str> {
        map.keys().map(String::as_str).collect()
    }
    let names = BTreeMap::from([
        (Named::Step, keys(&p.steps)),
        (Named::Form, keys(&p.forms)),
        (Named::Arm, keys(&p.arms)),
        (Named::Fact, keys(&p.facts)),
        (Named::Endpoint, keys(&p.endpoints)),
        (Named::Set, keys(&p.sets)),
        (Named::Document, keys(&p.documents)),
        (Named::Approval, keys(&p.approvals)),
        (Named::Allocation, keys(&p.allocation)),
        (Named::Analysis, keys(&p.analyses)),
        (Named::Intercurrent, keys(&p.intercurrent)),
    ]);
    let mut checker = Checker { protocol, names, found: vec![] };
    checker.study();
    checker.forms();
    checker.steps();
    checker.allocations();
    checker.schedule();
    checker.facts();
    checker.endpoints();
    checker.analyses();
    checker.estimands();
    checker.published();
    checker.found
}

impl<'a> Checker<'a> {
    pub(crate) fn push(&mut self, path: Path, diagnostic: Diagnostic) {
        self.found.push(Finding { path, inside: None, on_key: false, diagnostic });
    }

    pub(crate) fn error(&mut self, path: Path, code: &str, message: Text, hint: Text) {
        self.push(path, Diagnostic::error(code, message).hint(hint));
    }

    pub(crate) fn key_error(&mut self, path: Path, code: &str, message: Text, hint: Text) {
        let diagnostic = Diagnostic::error(code, message).hint(hint);
        self.found.push(Finding { path, inside: None, on_key: true, diagnostic });
    }

    pub(crate) fn warning(&mut self, path: Path, code: &str, message: Text, hint: Text) {
        self.push(path, Diagnostic::warning(code, message).hint(hint));
    }

    /// Tells when `name` refers to nothing; true if it does refer to something.
    pub(crate) fn refers(&mut self, path: Path, kind: Named, name: &str) -> bool {
        let known = self.names.get(&kind).cloned().unwrap_or_default();
        if known.contains(&name) {
            return true;
        }
        let what = kind.words();
        self.unknown(path, &what, name, known);
        false
    }

    /// "There is no … called …", with what there is and the nearest of it.
    pub(crate) fn unknown(&mut self, path: Path, what: &Text, name: &str, known: Vec<&str>) {
        let message = Text::new(
            format!("「{name}」という{}はありません。", what.ja),
            format!("There is no {} \"{name}\".", what.en),
        );
        let all = listed(known.iter().copied());
        let diagnostic = Diagnostic::error("P0301", message)
            .expected(Text::new(format!("あるもの: {}。", all.ja), format!("Known: {}.", all.en)))
            .maybe_hint(did_you_mean(name, known));
        self.push(path, diagnostic);
    }

    /// An id that is written twice in a list.
    pub(crate) fn twice<'n>(&mut self, ids: impl Iterator<Item = (Path, &'n str)>) {
        let mut seen = std::collections::BTreeSet::new();
        for (path, id) in ids {
            if !seen.insert(id) {
                self.error(
                    path,
                    "P0302",
                    Text::new(
                        format!("id「{id}」が二度使われています。"),
                        format!("Id \"{id}\" is used twice."),
                    ),
                    Text::new(
                        "id はこのリストの中で一つずつにしてください。",
                        "Give each entry of this list an id of its own.",
                    ),
                );
            }
        }
    }
}
