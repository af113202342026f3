//! A case as a registry holds it and as a profile: two shapes of the same thing.
//!
//! The forms say by themselves what they hold. An item with a `concept` is one observation. In a group a row holds
//! observations of the concepts of its items; `measure` and `value` of a group `pdl1` are `pdl1.cps` or `pdl1.ic`, `gene`
//! and `result` are `variant.GENE`; the other items of the row (assay, days, what is stated of the specimen) belong to each
//! of them. `prior`, `ctdna` and `cgp_history` are the profile's own lists. What has no place goes into the group `more` as
//! it is, and what a row does not name into its item `other`: nothing is lost.

mod fill;
mod read;
mod write;

pub use fill::to_forms;
pub use read::from_forms;

use protocol::{Form, Item, ItemKind};
use rules::Value;
use std::collections::BTreeMap;

/// The values of one form by item.
pub type FormValues = BTreeMap<String, Value>;

/// Items of a row that say how an observation was made, under the name that a profile has for them.
const QUALIFIERS: [(&str, &str); 6] = [
    ("assay", "assay_id"),
    ("specimen", "specimen"),
    ("collected", "date"),
    ("reported", "reported"),
    ("kind", "kind"),
    ("hgvs", "hgvs"),
];

/// Where the observations of a concept stand in a group.
struct Place<'f> {
    form: &'f str,
    group: &'f Item,
    value: usize,
    /// An item of the row that says which concept it is, with what it says.
    says: Option<(usize, Value)>,
}

fn at(group: &Item, id: &str) -> Option<usize> {
    group.items.iter().position(|i| i.id == id)
}

fn place<'f>(forms: &[(&'f str, &'f Form)], concept: &str) -> Option<Place<'f>> {
    let groups = forms
        .iter()
        .flat_map(|(form, f)| f.items().filter(|i| i.kind == ItemKind::Group).map(|g| (*form, g)));
    for (form, group) in groups {
        let found = |value, says| Some(Place { form, group, value, says });
        if let Some(value) = group.items.iter().position(|i| i.concept.as_deref() == Some(concept)) {
            return found(value, None);
        }
        let (family, rest) = concept.split_once('.')?;
        match (family, at(group, "measure"), at(group, "value"), at(group, "gene"), at(group, "result")) {
            (family, Some(measure), Some(value), ..)
                if family == group.id
                    && group.items.get(measure).is_some_and(|i| i.codes.contains_key(rest)) =>
            {
                return found(value, Some((measure, Value::code(rest))));
            }
            ("variant", _, _, Some(gene), Some(result)) if group.id == "variants" => {
                return found(result, Some((gene, Value::text(rest))));
            }
            _ => {}
        }
    }
    None
}

/// Whether these forms hold cases for the panel.
pub fn holds_cases<'f>(forms: impl IntoIterator<Item = (&'f String, &'f Form)>) -> bool {
    let forms: Vec<(&str, &Form)> =
        forms.into_iter().filter(|(_, f)| !f.repeats).map(|(id, f)| (id.as_str(), f)).collect();
    ["her2.ihc", "variant.PIK3CA"].iter().all(|concept| place(&forms, concept).is_some())
}
