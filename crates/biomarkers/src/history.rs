//! Earlier treatment: what was given, in which setting, how it ended. Absence counts only when the list is complete.

use crate::{Need, Told};
use rules::Missing;
use words::Decimal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Adjuvant,
    Neoadjuvant,
    Metastatic,
}

impl Setting {
    pub const CODES: [&'static str; 3] = ["adjuvant", "neoadjuvant", "metastatic"];

    pub fn from_code(code: &str) -> Option<Setting> {
        match code {
            "adjuvant" => Some(Setting::Adjuvant),
            "neoadjuvant" => Some(Setting::Neoadjuvant),
            "metastatic" => Some(Setting::Metastatic),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Progression,
    Completed,
    Toxicity,
    Ongoing,
}

impl Outcome {
    pub const CODES: [&'static str; 4] = ["progression", "completed", "toxicity", "ongoing"];

    pub fn from_code(code: &str) -> Option<Outcome> {
        match code {
            "progression" => Some(Outcome::Progression),
            "completed" => Some(Outcome::Completed),
            "toxicity" => Some(Outcome::Toxicity),
            "ongoing" => Some(Outcome::Ongoing),
            _ => None,
        }
    }
}

/// One regimen that was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Treatment<'a> {
    /// Each drug with its classes: `|letrozole|ET|AI|NSAI|;|palbociclib|CDK46i|`.
    pub drugs: &'a str,
    pub setting: Option<Setting>,
    pub outcome: Option<Outcome>,
    /// From the end of (neo)adjuvant treatment to recurrence.
    pub months_to_recurrence: Option<Decimal>,
}

impl Treatment<'_> {
    /// Whether a drug, or a drug of a class, was part of it. `any` is every treatment.
    pub fn contains(&self, what: &str) -> bool {
        what == "any"
            || self.drugs.match_indices(what).any(|(at, _)| {
                let end = at + what.len();
                self.drugs[..at].ends_with('|') && self.drugs[end..].starts_with('|')
            })
    }

    /// Whether it was nothing but drugs of a class (LHRH agonists beside endocrine drugs do not count).
    pub fn is_only(&self, what: &str) -> bool {
        let inside = |drug: &str, class: &str| drug.split('|').any(|part| part == class);
        let mut own =
            self.drugs.split(';').filter(|d| !d.is_empty() && !inside(d, "LHRH_agonist")).peekable();
        own.peek().is_some() && own.all(|drug| inside(drug, what))
    }

    fn is_early(&self) -> Option<bool> {
        self.setting.map(|s| s != Setting::Metastatic)
    }
}

/// The list of treatments, and whether it is known to be complete.
pub struct History<'a, I: Iterator<Item = Treatment<'a>> + Clone> {
    pub complete: bool,
    pub treatments: I,
}

/// What one treatment says: yes, no, or open because of one of its fields.
type Item = Result<bool, &'static str>;

impl<'a, I: Iterator<Item = Treatment<'a>> + Clone> History<'a, I> {
    /// Whether at least `n` treatments are so.
    pub fn at_least(&self, n: usize, holds: impl Fn(&Treatment<'a>) -> Item) -> Told {
        let (mut yes, mut open) = (0usize, 0usize);
        for treatment in self.treatments.clone() {
            match holds(&treatment) {
                Ok(true) => yes += 1,
                Ok(false) => {}
                Err(_) => open += 1,
            }
        }
        if yes >= n {
            return Ok(true);
        }
        if self.complete && yes + open < n {
            return Ok(false);
        }
        let mut needs: Vec<Need> = Vec::new();
        for field in self.treatments.clone().filter_map(|t| holds(&t).err()) {
            if !needs.iter().any(|need| need.name == field) {
                needs.push(Need::new(field, Missing::NotYetKnown));
            }
        }
        if !self.complete {
            needs.push(Need::new("prior.complete", Missing::NotYetKnown));
        }
        Err(needs)
    }

    pub fn had(&self, what: &str) -> Told {
        self.at_least(1, |t| Ok(t.contains(what)))
    }

    pub fn had_in(&self, what: &str, setting: Setting) -> Told {
        self.at_least(1, |t| in_setting(t, what, setting))
    }

    /// At least `n` regimens with it, in one setting or in any.
    pub fn regimens(&self, n: usize, what: &str, setting: Option<Setting>) -> Told {
        self.at_least(n, |t| match setting {
            None => Ok(t.contains(what)),
            Some(setting) => in_setting(t, what, setting),
        })
    }

    /// Progression on it, or recurrence during adjuvant treatment or within 12 months of its end.
    pub fn progressed_on(&self, what: &str) -> Told {
        self.at_least(1, |t| if t.contains(what) { failed(t) } else { Ok(false) })
    }

    /// Progression on it while it was given for metastatic disease.
    pub fn progressed_in(&self, what: &str, setting: Setting) -> Told {
        self.at_least(1, |t| {
            and(in_setting(t, what, setting), || {
                t.outcome.map(|o| o == Outcome::Progression).ok_or("prior.outcome")
            })
        })
    }

    /// Progression on a treatment that was nothing but drugs of the class.
    pub fn progressed_on_alone(&self, what: &str) -> Told {
        self.at_least(1, |t| if t.contains(what) && t.is_only(what) { failed(t) } else { Ok(false) })
    }

    /// Progression on a treatment that held both.
    pub fn progressed_on_both(&self, one: &str, other: &str) -> Told {
        self.at_least(1, |t| if t.contains(one) && t.contains(other) { failed(t) } else { Ok(false) })
    }

    /// Progression on it, or recurrence after it at any time.
    pub fn relapsed_after(&self, what: &str) -> Told {
        self.at_least(1, |t| match (t.contains(what), t.is_early(), t.outcome) {
            (false, ..) => Ok(false),
            (true, _, Some(Outcome::Progression)) | (true, Some(true), _) => Ok(true),
            (true, Some(false), Some(_)) => Ok(false),
            (true, Some(false), None) => Err("prior.outcome"),
            (true, None, _) => Err("prior.setting"),
        })
    }

    /// Recurrence during adjuvant treatment with it, or within so many months of the end of (neo)adjuvant treatment.
    pub fn recurred_within(&self, what: &str, months: i64) -> Told {
        self.at_least(1, |t| match (t.contains(what), t.setting) {
            (false, _) | (true, Some(Setting::Metastatic)) => Ok(false),
            (true, None) => Err("prior.setting"),
            (true, Some(Setting::Adjuvant)) if t.outcome == Some(Outcome::Progression) => Ok(true),
            (true, Some(_)) => within(t, months),
        })
    }

    /// Given for metastatic disease, or recurrence as in [`recurred_within`](Self::recurred_within): asked together,
    /// because one treatment whose setting nobody states may answer yes either way.
    pub fn advanced_or_recurred(&self, what: &str, months: i64) -> Told {
        self.at_least(1, |t| match (t.contains(what), t.setting) {
            (false, _) => Ok(false),
            (true, Some(Setting::Metastatic)) => Ok(true),
            (true, Some(Setting::Adjuvant)) if t.outcome == Some(Outcome::Progression) => Ok(true),
            (true, None) if within(t, months) != Ok(true) => Err("prior.setting"),
            (true, _) => within(t, months),
        })
    }

    /// A treatment that holds both is being given, without progression.
    pub fn on_now(&self, one: &str, other: &str) -> Told {
        self.at_least(1, |t| {
            if t.contains(one) && t.contains(other) {
                t.outcome.map(|o| o == Outcome::Ongoing).ok_or("prior.outcome")
            } else {
                Ok(false)
            }
        })
    }

    /// At least `n` treatments for metastatic disease beside endocrine-based ones.
    pub fn further_lines(&self, n: usize) -> Told {
        self.at_least(
            n,
            |t| if t.contains("ET") { Ok(false) } else { in_setting(t, "any", Setting::Metastatic) },
        )
    }

    /// Whether disease progressed on it: the regimen is used up. Open when it was given and nobody says how it ended.
    pub fn used_up(&self, drug: &str) -> Told {
        let ended = self.at_least(1, |t| {
            if t.contains(drug) {
                t.outcome.map(|o| o == Outcome::Progression).ok_or("prior.outcome")
            } else {
                Ok(false)
            }
        });
        // What is not on a list that may be incomplete does not count as given.
        ended.or_else(|mut needs| {
            needs.retain(|need| need.name != "prior.complete");
            if needs.is_empty() { Ok(false) } else { Err(needs) }
        })
    }
}

fn and(first: Item, second: impl FnOnce() -> Item) -> Item {
    match first {
        Ok(false) => Ok(false),
        Ok(true) => second(),
        open => match second() {
            Ok(false) => Ok(false),
            _ => open,
        },
    }
}

fn in_setting(t: &Treatment<'_>, what: &str, setting: Setting) -> Item {
    if !t.contains(what) {
        return Ok(false);
    }
    t.setting.map(|s| s == setting).ok_or("prior.setting")
}

fn within(t: &Treatment<'_>, months: i64) -> Item {
    t.months_to_recurrence.map(|m| m <= Decimal::from(months)).ok_or("prior.months_to_recurrence")
}

/// Progression, or recurrence within 12 months of (neo)adjuvant treatment.
fn failed(t: &Treatment<'_>) -> Item {
    match (t.outcome, t.is_early()) {
        (Some(Outcome::Progression), _) => Ok(true),
        (_, Some(true)) => within(t, 12),
        (Some(_), Some(false)) => Ok(false),
        (None, _) => Err("prior.outcome"),
        (Some(_), None) => Err("prior.setting"),
    }
}
