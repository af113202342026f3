//! What the tests share: the built-in knowledge, patients as JSON, questions.

use panel::*;
use serde_json::Value as Json;
use std::sync::LazyLock;

pub static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| {
    Knowledge::load(&Files::breast())
        .unwrap_or_else(|p| panic!("{}", p.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
});

pub fn day(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

pub fn place(code: &str) -> Place {
    Place::from_code(code).unwrap()
}

pub fn query(as_of: &str, at: &str) -> Query {
    Query { as_of: day(as_of), place: place(at), known_at: None }
}

pub fn patient(profile: &Json, as_of: &str) -> Patient {
    let profile = Profile::from_value(profile).unwrap();
    KNOWLEDGE.patient(&profile, day(as_of)).unwrap()
}

pub fn options(profile: &Json, as_of: &str, at: &str) -> Options {
    KNOWLEDGE.view(query(as_of, at)).options(&patient(profile, as_of))
}

pub fn option<'o>(options: &'o Options, id: &str) -> &'o RegimenOption {
    options.regimens.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("no regimen {id}"))
}

pub fn finding<'o>(options: &'o Options, name: &str) -> &'o FindingClass {
    options
        .findings
        .iter()
        .find(|f| f.finding == name)
        .unwrap_or_else(|| panic!("no finding {name}: {:?}", options.findings))
}
