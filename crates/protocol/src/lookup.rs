//! Questions that many ask of a protocol: which items there are, which forms repeat, which step follows which.

use crate::{Form, Item, ItemKind, Protocol, Step};
use words::Text;

impl Protocol {
    /// Whether a form may be filled more than once, so that rules see it as a list of records.
    pub fn repeats(&self, form: &str) -> bool {
        let mut visits = self.schedule.values().filter(|v| v.form == form);
        self.forms.get(form).is_some_and(|f| f.repeats)
            || visits.next().is_some_and(|first| first.every.is_some() || visits.next().is_some())
    }

    /// The form and item that `form.item` names, unless the form repeats.
    pub fn item(&self, path: &str) -> Option<(&str, &Item)> {
        let (form, item) = path.split_once('.')?;
        let (form, found) = self.forms.get_key_value(form)?;
        if self.repeats(form) { None } else { found.item(item).map(|item| (form.as_str(), item)) }
    }

    /// Paths of all items of forms that are filled once.
    pub fn single_paths(&self) -> Vec<String> {
        let once = self.forms.iter().filter(|(id, _)| !self.repeats(id));
        once.flat_map(|(id, form)| form.items().map(move |item| format!("{id}.{}", item.id))).collect()
    }

    /// The steps that come before `step`, nearest first. A circle is followed once.
    pub fn steps_before(&self, step: &str) -> Vec<&str> {
        let mut out: Vec<&str> = vec![];
        let mut at = self.steps.get(step).and_then(|s| s.after.as_deref());
        while let Some(name) = at {
            if out.contains(&name) {
                break;
            }
            out.push(name);
            at = self.steps.get(name).and_then(|s| s.after.as_deref());
        }
        out
    }

    /// The step that makes an allocation.
    pub fn allocating_step(&self, allocation: &str) -> Option<(&str, &Step)> {
        let found = self.steps.iter().find(|(_, s)| s.allocate.as_deref() == Some(allocation));
        found.map(|(id, step)| (id.as_str(), step))
    }
}

impl Form {
    /// All items of the form, in order, groups not entered.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.sections.iter().flat_map(|s| &s.items)
    }

    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items().find(|item| item.id == id)
    }

    pub fn title(&self) -> Text {
        Text::new(&self.ja, &self.en)
    }
}

impl Item {
    pub fn label(&self) -> Text {
        Text::new(&self.ja, &self.en)
    }
}

impl ItemKind {
    /// As it is written in the file.
    pub fn name(self) -> &'static str {
        match self {
            ItemKind::Integer => "integer",
            ItemKind::Decimal => "decimal",
            ItemKind::Code => "code",
            ItemKind::Boolean => "boolean",
            ItemKind::Text => "text",
            ItemKind::Date => "date",
            ItemKind::Group => "group",
        }
    }
}
