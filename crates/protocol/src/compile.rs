//! A protocol with its dictionary and all of its rules compiled: what the other crates run.

use crate::check::Finding;
use crate::diagnostic::{Diagnostic, Severity};
use crate::tree::{Path, path};
use crate::{ItemKind, Protocol, What};
use rules::{
    Dictionary, Environment, Field, Functions, Item, RecordType, Rule, Scope, Slot, Type, Value, Values,
    Verdict,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use words::Text;

/// Everything that runs from one protocol version.
#[derive(Debug)]
pub struct Compiled {
    pub protocol: Protocol,
    /// SHA-256 of the canonical JSON.
    pub hash: [u8; 32],
    /// `form.item` for forms filled once; `form` (a list of records) for forms that repeat; `participant.site`,
    /// `participant.arm`, `registered.<step>`, and `on`: the day of the registration or form being judged.
    pub dictionary: Dictionary,
    /// For each repeating form the dictionary extended by `form.item` for the record being judged. Slots of
    /// `dictionary` keep their numbers; evaluate in a [`RecordEnvironment`].
    pub records: BTreeMap<String, Dictionary>,
    /// By step, in the order of the protocol.
    pub criteria: BTreeMap<String, Vec<CompiledCriterion>>,
    pub forms: BTreeMap<String, CompiledForm>,
    /// By visit: whether it is expected, if there is a condition.
    pub visits: BTreeMap<String, Rule>,
    /// By allocation, by factor: the levels' rules; empty where the item's own codes are the levels.
    pub levels: BTreeMap<String, Vec<Vec<(String, Rule)>>>,
    /// By fact, by source: the condition, if there is one. For a repeating form it is about one record.
    pub facts: BTreeMap<String, Vec<Option<Rule>>>,
    /// By analysis set: the condition, if there is one.
    pub sets: BTreeMap<String, Rule>,
    /// By analysis: the rule of a proportion, or the condition on records of a table of grades, if there is one.
    pub analyses: BTreeMap<String, Rule>,
    /// Derived items of forms filled once, each after those that it reads.
    derived: Vec<(Slot, Rule)>,
}

#[derive(Clone, Debug)]
pub struct CompiledCriterion {
    pub id: String,
    /// What must hold: an exclusion is compiled turned round, so that its explanation says what must not be.
    pub rule: Rule,
}

#[derive(Debug, Default)]
pub struct CompiledForm {
    pub repeats: bool,
    /// By item id; items without conditions and derivations have no entry.
    pub when: BTreeMap<String, Rule>,
    pub derive: BTreeMap<String, Rule>,
    pub checks: Vec<CompiledCheck>,
    /// Of a form filled once: where each of its items stands in the dictionary, in the order of the form.
    pub slots: Vec<Option<Slot>>,
    /// Derived items of a repeating form as field numbers, each after those that it reads.
    derived: Vec<(usize, Rule)>,
}

#[derive(Clone, Debug)]
pub struct CompiledCheck {
    pub id: String,
    pub item: String,
    pub rule: Rule,
}

/// The values of a participant, and of one record of a repeating form.
#[derive(Clone, Copy, Debug)]
pub struct RecordEnvironment<'a> {
    pub base: &'a Values,
    /// How many items `Compiled::dictionary` has.
    pub first: usize,
    /// Values in the order of the record's fields.
    pub record: &'a [Value],
}

impl Environment for RecordEnvironment<'_> {
    fn value(&self, slot: Slot) -> &Value {
        match (slot.0 as usize).checked_sub(self.first) {
            None => self.base.get(slot),
            Some(field) => self.record.get(field).unwrap_or(&Value::NOT_YET_KNOWN),
        }
    }
}

/// Why stored bytes are not a protocol that this engine runs.
#[derive(Debug, thiserror::Error)]
pub enum BadProtocol {
    #[error("the stored protocol cannot be read: {0}")]
    Unreadable(String),
    #[error("this engine refuses the stored protocol: {} ({})", .0.message.en, .0.code)]
    Refused(Box<Diagnostic>),
}

impl Compiled {
    /// The protocol that a ledger has adopted, from its canonical JSON. The hash is that of these very bytes.
    ///
    /// It was checked when it was loaded; only what running needs is asked again, so that a release with stricter
    /// checks still opens every ledger.
    pub fn from_canonical(bytes: &[u8]) -> Result<Arc<Compiled>, BadProtocol> {
        Compiled::from_canonical_with(bytes, &Functions::standard())
    }

    /// As [`from_canonical`](Self::from_canonical), with more functions that rules may call.
    pub fn from_canonical_with(bytes: &[u8], functions: &Functions) -> Result<Arc<Compiled>, BadProtocol> {
        let protocol: Protocol =
            serde_json::from_slice(bytes).map_err(|e| BadProtocol::Unreadable(e.to_string()))?;
        let mut found = vec![];
        let compiled =
            compile(protocol, Sha256::digest(bytes).into(), functions, BTreeSet::new(), &mut found);
        match (found.into_iter().map(|f| f.diagnostic).find(Diagnostic::is_error), compiled) {
            (None, Some(compiled)) => Ok(Arc::new(compiled)),
            (Some(error), _) => Err(BadProtocol::Refused(Box::new(error))),
            (None, None) => Err(BadProtocol::Unreadable("no rules".into())),
        }
    }

    /// The verdict on each criterion of a step, in the order of the protocol. An exclusion that is true is False here:
    /// True always means "does not stand in the way".
    pub fn judge(&self, step: &str, environment: &dyn Environment) -> Vec<(&CompiledCriterion, Verdict)> {
        let criteria = self.criteria.get(step).map_or(&[][..], Vec::as_slice);
        criteria.iter().map(|c| (c, c.rule.verdict(environment))).collect()
    }

    /// Computes the derived items of all forms that are filled once. A bug in a rule gives "unknown" and the error.
    pub fn settle(&self, values: &mut Values) -> Vec<rules::RuleError> {
        let mut errors = vec![];
        for (slot, rule) in &self.derived {
            let value = rule.value(values).unwrap_or_else(|error| {
                errors.push(error);
                Value::Missing(rules::Missing::Unknown)
            });
            values.put(*slot, value);
        }
        errors
    }

    /// Computes the derived items of one record of a repeating form.
    pub fn settle_record(&self, form: &str, base: &Values, record: &mut [Value]) -> Vec<rules::RuleError> {
        let mut errors = vec![];
        for (field, rule) in self.forms.get(form).map_or(&[][..], |f| &f.derived) {
            let value = rule.value(&self.in_record(base, record)).unwrap_or_else(|error| {
                errors.push(error);
                Value::Missing(rules::Missing::Unknown)
            });
            if let Some(place) = record.get_mut(*field) {
                *place = value;
            }
        }
        errors
    }

    /// Where the rules of a repeating form are evaluated.
    pub fn in_record<'a>(&self, base: &'a Values, record: &'a [Value]) -> RecordEnvironment<'a> {
        RecordEnvironment { base, first: self.dictionary.len(), record }
    }

    /// The fields of a record of a repeating form: its items in order, then `visit`.
    pub fn record_type(&self, form: &str) -> Option<Arc<RecordType>> {
        match self.dictionary.get(form).map(|item| &item.kind) {
            Some(Type::List(record)) => Some(record.clone()),
            _ => None,
        }
    }

    /// The form as the protocol has it, with its compiled rules.
    pub fn form(&self, id: &str) -> Option<(&crate::Form, &CompiledForm)> {
        self.protocol.forms.get(id).zip(self.forms.get(id))
    }
}

/// Compiles all rules; findings join `found`. Nothing is given if any rule or name is wrong.
///
/// Rules that name anything `doubtful` are left alone: it was told what is wrong with the item.
pub(crate) fn compile(
    protocol: Protocol,
    hash: [u8; 32],
    functions: &Functions,
    mut doubtful: BTreeSet<String>,
    found: &mut Vec<Finding>,
) -> Option<Compiled> {
    let (before, told) = (found.len(), !doubtful.is_empty());
    let mut out = Compiled {
        dictionary: Dictionary::new(),
        records: BTreeMap::new(),
        criteria: BTreeMap::new(),
        forms: BTreeMap::new(),
        visits: BTreeMap::new(),
        levels: BTreeMap::new(),
        facts: BTreeMap::new(),
        sets: BTreeMap::new(),
        analyses: BTreeMap::new(),
        derived: vec![],
        hash,
        protocol,
    };
    {
        let p = &out.protocol;
        let (mut dictionary, mut records) = (Dictionary::new(), BTreeMap::new());
        fill(p, &mut dictionary, &mut records, &mut doubtful, found);
        let mut compiler = Compiler {
            protocol: p,
            dictionary: &dictionary,
            records: &records,
            functions,
            doubtful,
            skipped: false,
            found,
        };
        out.criteria = compiler.criteria();
        (out.forms, out.derived) = compiler.forms();
        out.visits = compiler.each(&p.schedule, |v| v.when.as_deref(), |id| path!["schedule", id, "when"]);
        out.sets = compiler.each(&p.sets, |s| s.when.as_deref(), |id| path!["sets", id, "when"]);
        out.levels = compiler.levels();
        out.facts = compiler.facts();
        out.analyses = compiler.analyses();
        if compiler.skipped && !told && !found.iter().any(|f| f.diagnostic.is_error()) {
            // A rule that does not run must never pass for one that holds.
            let message = Text::new(
                "規則の 1 つが、ない用紙か使えない用紙に書かれています。",
                "A rule stands at a form that is not there or cannot be used.",
            );
            let diagnostic = Diagnostic::error("P0322", message);
            found.push(Finding { path: path![], inside: None, on_key: false, diagnostic });
        }
        for (id, form) in out.forms.iter_mut().filter(|(_, form)| !form.repeats) {
            let items = p.forms.get(id).into_iter().flat_map(crate::Form::items);
            form.slots = items.map(|item| dictionary.slot(&format!("{id}.{}", item.id))).collect();
        }
        (out.dictionary, out.records) = (dictionary, records);
    }
    let wrong = found[before..].iter().any(|f| f.diagnostic.severity == Severity::Error);
    (!wrong).then_some(out)
}

/// Enters every item into the dictionary. Ids that cannot be entered were told by `check`.
fn fill(
    p: &Protocol,
    dictionary: &mut Dictionary,
    records: &mut BTreeMap<String, Dictionary>,
    doubtful: &mut BTreeSet<String>,
    found: &mut Vec<Finding>,
) {
    let arms = Item {
        code_labels: p.arms.iter().map(|(id, arm)| (id.clone(), Text::new(&arm.ja, &arm.en))).collect(),
        ..Item::new(
            "participant.arm",
            Type::codes(p.arms.keys().cloned()),
            Text::new("割付群", "Allocated arm"),
        )
    };
    let mut items: Vec<(Path, Item)> = vec![
        (path![], Item::new("participant.site", Type::Text, Text::new("参加施設", "Site"))),
        (path![], Item::new("on", Type::Date, Text::new("当日", "The day"))),
    ];
    if !p.arms.is_empty() {
        items.push((path!["arms"], arms));
    }
    for (id, step) in &p.steps {
        let label = Text::new(format!("{}の日", step.ja), format!("Day of {}", step.en));
        items.push((path!["steps", id], Item::new(&format!("registered.{id}"), Type::Date, label)));
    }
    for (id, form) in &p.forms {
        if p.repeats(id) {
            let mut fields: Vec<Field> = form.items().map(crate::Item::field).collect();
            fields.push(Field::new("visit", Type::Text, Text::new("来院", "Visit")));
            items.push((
                path!["forms", id],
                Item::new(id, Type::List(Arc::new(RecordType::new(fields))), form.title()),
            ));
        } else {
            for item in form.items() {
                items.push((path!["forms", id], entry(&format!("{id}.{}", item.id), item.field())));
            }
        }
    }
    for (path, item) in items {
        let names: Vec<String> = match &item.kind {
            Type::List(record) => record.fields.iter().map(|f| f.name.clone()).collect(),
            _ => item.path.split('.').map(str::to_owned).collect(),
        };
        if let Err(error) = dictionary.add(item) {
            doubtful.extend(names);
            let told = found.iter().any(|f| f.diagnostic.is_error());
            if !told {
                let message = Text::new(
                    format!("項目表に載せられません: {error}。"),
                    format!("Not a usable item: {error}."),
                );
                found.push(Finding {
                    path,
                    inside: None,
                    on_key: true,
                    diagnostic: Diagnostic::error("P0320", message),
                });
            }
        }
    }
    for (id, _) in p.forms.iter().filter(|(id, _)| p.repeats(id)) {
        let Some(Type::List(record)) = dictionary.get(id).map(|item| item.kind.clone()) else { continue };
        let mut extended = dictionary.clone();
        for field in &record.fields {
            // A field that is there twice was told already.
            let _ = extended.add(entry(&format!("{id}.{}", field.name), field.clone()));
        }
        records.insert(id.clone(), extended);
    }
}

fn entry(path: &str, field: Field) -> Item {
    Item { path: path.to_owned(), kind: field.kind, label: field.label, code_labels: field.code_labels }
}

/// Words of the rule language as a sentence with a capital and a stop.
fn sentence(text: &Text) -> Text {
    let stop = |s: &str, stop: &str| {
        if s.ends_with(['。', '.', '?', '？', '!']) { s.to_owned() } else { format!("{s}{stop}") }
    };
    let mut en = stop(&text.en, ".");
    if let Some(first) = en.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Text::new(stop(&text.ja, "。"), en)
}

struct Compiler<'a> {
    protocol: &'a Protocol,
    dictionary: &'a Dictionary,
    records: &'a BTreeMap<String, Dictionary>,
    functions: &'a Functions,
    doubtful: BTreeSet<String>,
    /// A rule was left alone.
    skipped: bool,
    found: &'a mut Vec<Finding>,
}

impl<'a> Compiler<'a> {
    /// Compiles a rule written at `path`, at home in form `home`.
    fn rule(&mut self, path: Path, source: &str, home: Option<&str>, kind: &Type) -> Option<Rule> {
        let dictionary = home.and_then(|form| self.records.get(form)).unwrap_or(self.dictionary);
        let mut words = source.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let nowhere = home.is_some_and(|form| !self.protocol.forms.contains_key(form));
        if nowhere || words.any(|word| self.doubtful.contains(word)) {
            self.skipped = true;
            return None;
        }
        match Rule::compile_value(source, &Scope { dictionary, home }, self.functions, Some(kind)) {
            Ok(rule) => Some(rule),
            Err(diagnostics) => {
                for d in diagnostics {
                    let expected = d
                        .expected
                        .map(|e| Text::new(format!("書けるもの: {}", e.ja), format!("Expected: {}", e.en)));
                    let diagnostic = Diagnostic {
                        expected: expected.map(|e| sentence(&e)),
                        hint: d.hint.map(|h| sentence(&h)),
                        ..Diagnostic::error(&format!("rule/{}", d.code), sentence(&d.message))
                    };
                    self.found.push(Finding {
                        path: path.clone(),
                        inside: Some(d.span),
                        on_key: false,
                        diagnostic,
                    });
                }
                None
            }
        }
    }

    fn truth(&mut self, path: Path, source: &str, home: Option<&str>) -> Option<Rule> {
        self.rule(path, source, home, &Type::Boolean)
    }

    /// Tells when a rule of a step reads what nobody can know at that time: then nobody would ever be registered.
    fn at_hand(&mut self, at: &Path, step: &str, rule: &Rule) {
        let p = self.protocol;
        let before = p.steps_before(step);
        let mut late = vec![];
        for item in rule.slots().iter().filter_map(|slot| self.dictionary.item(*slot)) {
            let (first, second) = item.path.split_once('.').unwrap_or((&item.path, ""));
            let known = match first {
                "on" => true,
                "registered" => before.contains(&second),
                "participant" if second == "arm" => {
                    before.iter().any(|s| p.steps.get(*s).is_some_and(|s| s.allocate.is_some()))
                }
                "participant" => true,
                form => {
                    let of = |s: &str| p.steps.get(s).is_some_and(|s| s.form == form);
                    let bound = p.steps.values().any(|s| s.form == form);
                    let mut visits = p.schedule.values().filter(|v| v.form == form).peekable();
                    let free = visits.peek().is_none() && !bound && !before.is_empty();
                    free || of(step)
                        || before.iter().any(|s| of(s))
                        || visits.any(|v| before.contains(&v.anchor.as_str()))
                }
            };
            if !known {
                late.push(item.path.as_str());
            }
        }
        if late.is_empty() {
            return;
        }
        let items = late.join(", ");
        let message = Text::new(
            format!("この登録の時点では {items} を知りようがなく、判定できないままになります。"),
            format!("{items} cannot be known yet at this registration; the rule would stay undecided."),
        );
        let hint = Text::new(
            "この登録段階の用紙か、前の登録段階までの用紙の項目を使ってください。",
            "Use items of this step's form, or of forms of earlier steps and their visits.",
        );
        let diagnostic = Diagnostic::error("P0420", message).hint(hint);
        self.found.push(Finding { path: at.clone(), inside: None, on_key: false, diagnostic });
    }

    fn each<T>(
        &mut self,
        map: &'a crate::Ordered<T>,
        source: impl Fn(&T) -> Option<&str>,
        path: impl Fn(&String) -> Path,
    ) -> BTreeMap<String, Rule> {
        let with = map.iter().filter_map(|(id, part)| source(part).map(|s| (id, s)));
        with.filter_map(|(id, source)| self.truth(path(id), source, None).map(|rule| (id.clone(), rule)))
            .collect()
    }

    fn criteria(&mut self) -> BTreeMap<String, Vec<CompiledCriterion>> {
        let mut out = BTreeMap::new();
        for (step, s) in &self.protocol.steps {
            let mut criteria = vec![];
            if self.records.contains_key(&s.form) {
                // A form of many records has no one answer; that is told where the step names it.
                self.skipped = true;
                continue;
            }
            for (i, c) in s.criteria.iter().enumerate() {
                let at = path!["steps", step, "criteria", i, "rule"];
                let rule = self.truth(at.clone(), &c.rule, Some(&s.form));
                if let Some(rule) = &rule {
                    self.at_hand(&at, step, rule);
                }
                let rule = match rule {
                    // On lines of its own: the rule may end with a remark.
                    Some(_) if c.exclude => self.truth(at, &format!("!(\n{}\n)", c.rule), Some(&s.form)),
                    rule => rule,
                };
                criteria.extend(rule.map(|rule| CompiledCriterion { id: c.id.clone(), rule }));
            }
            out.insert(step.clone(), criteria);
        }
        out
    }

    fn forms(&mut self) -> (BTreeMap<String, CompiledForm>, Vec<(Slot, Rule)>) {
        let mut out = BTreeMap::new();
        let mut once: Vec<(Slot, Rule, Path)> = vec![];
        for (id, form) in &self.protocol.forms {
            let repeats = self.records.contains_key(id);
            let mut compiled = CompiledForm { repeats, ..CompiledForm::default() };
            let mut fields: Vec<(Slot, Rule, Path)> = vec![];
            for (s, section) in form.sections.iter().enumerate() {
                for (i, item) in section.items.iter().enumerate() {
                    let at = |key| path!["forms", id, "sections", s, "items", i, key];
                    if let Some(source) = &item.when
                        && let Some(rule) = self.truth(at("when"), source, Some(id))
                    {
                        compiled.when.insert(item.id.clone(), rule);
                    }
                    if let (Some(source), false) = (&item.derive, item.kind == ItemKind::Group)
                        && let Some(rule) = self.rule(at("derive"), source, Some(id), &item.rule_type())
                    {
                        compiled.derive.insert(item.id.clone(), rule.clone());
                        let dictionary = self.records.get(id).unwrap_or(self.dictionary);
                        let slot = dictionary.slot(&format!("{id}.{}", item.id));
                        let list = if repeats { &mut fields } else { &mut once };
                        list.extend(slot.map(|slot| (slot, rule, at("derive"))));
                    }
                }
            }
            for (c, check) in form.checks.iter().enumerate() {
                let rule = self.truth(path!["forms", id, "checks", c, "rule"], &check.rule, Some(id));
                let named = |rule| CompiledCheck { id: check.id.clone(), item: check.item.clone(), rule };
                compiled.checks.extend(rule.map(named));
            }
            let first = self.dictionary.len();
            let fields = self.in_order(fields).into_iter();
            compiled.derived =
                fields.map(|(slot, rule)| ((slot.0 as usize).saturating_sub(first), rule)).collect();
            out.insert(id.clone(), compiled);
        }
        (out, self.in_order(once))
    }

    /// Derived items, each after those that it reads; a circle is told.
    fn in_order(&mut self, mut open: Vec<(Slot, Rule, Path)>) -> Vec<(Slot, Rule)> {
        let mut out = vec![];
        while !open.is_empty() {
            let waiting: BTreeSet<Slot> = open.iter().map(|(slot, ..)| *slot).collect();
            let (ready, rest): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(_, rule, _)| !rule.slots().iter().any(|s| waiting.contains(s)));
            if ready.is_empty() {
                for (_, _, path) in rest {
                    let message = Text::new(
                        "計算項目どうしが互いを必要としていて、計算できません。",
                        "Derived items need each other, so none of them can be computed.",
                    );
                    let hint = Text::new(
                        "循環をたどり、どれか 1 つを入力する項目にしてください。",
                        "Follow the circle and make one of them an item that is entered.",
                    );
                    let diagnostic = Diagnostic::error("P0321", message).hint(hint);
                    self.found.push(Finding { path, inside: None, on_key: false, diagnostic });
                }
                return out;
            }
            out.extend(ready.into_iter().map(|(slot, rule, _)| (slot, rule)));
            open = rest;
        }
        out
    }

    fn levels(&mut self) -> BTreeMap<String, Vec<Vec<(String, Rule)>>> {
        let mut out = BTreeMap::new();
        for (id, allocation) in &self.protocol.allocation {
            let mut factors = vec![];
            for (f, factor) in allocation.factors.iter().enumerate() {
                let home = factor.item.split_once('.').map(|(form, _)| form);
                let mut levels = vec![];
                for (l, level) in factor.levels.iter().enumerate() {
                    let at = path!["allocation", id, "factors", f, "levels", l, "rule"];
                    let rule = self.truth(at.clone(), &level.rule, home);
                    if let (Some(rule), Some((step, _))) = (&rule, self.protocol.allocating_step(id)) {
                        self.at_hand(&at, step, rule);
                    }
                    levels.extend(rule.map(|rule| (level.id.clone(), rule)));
                }
                factors.push(levels);
            }
            out.insert(id.clone(), factors);
        }
        out
    }

    fn facts(&mut self) -> BTreeMap<String, Vec<Option<Rule>>> {
        let mut out = BTreeMap::new();
        for (id, fact) in &self.protocol.facts {
            let mut sources = vec![];
            for (i, source) in fact.from.iter().enumerate() {
                let when = source.when.as_deref();
                sources.push(when.and_then(|rule| {
                    self.truth(path!["facts", id, "from", i, "when"], rule, Some(&source.form))
                }));
            }
            out.insert(id.clone(), sources);
        }
        out
    }

    fn analyses(&mut self) -> BTreeMap<String, Rule> {
        let mut out = BTreeMap::new();
        for (id, analysis) in &self.protocol.analyses {
            let at = |kind: &str, key: &str| path!["analyses", id, "what", kind, key];
            let rule = match &analysis.what {
                What::Proportion(p) => self.truth(at("proportion", "rule"), &p.rule, None),
                What::WorstGrade(w) => {
                    let when = w.when.as_deref();
                    when.and_then(|rule| self.truth(at("worst_grade", "when"), rule, Some(&w.form)))
                }
                _ => None,
            };
            out.extend(rule.map(|rule| (id.clone(), rule)));
        }
        out
    }
}
