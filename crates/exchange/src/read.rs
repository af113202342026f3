//! From rows to what is to be entered of each participant: values with their types, or every mistake in its place.

use crate::check::{Plan, item};
use crate::map::*;
use crate::table::{Field, Table};
use conduct::{ArmId, FormKey, SiteId, StepId, Values};
use jiff::Span;
use jiff::civil::Date;
use protocol::{Diagnostic, Entered, Item, ItemKind, Protocol};
use rules::{Missing, Value};
use std::collections::BTreeMap;
use words::{Decimal, PartialDate, Text};

/// One participant as the file has them.
#[derive(Debug)]
pub(crate) struct Person {
    pub key: String,
    pub site: SiteId,
    pub steps: Vec<Registration>,
    pub forms: Vec<(FormKey, Values, usize)>,
    /// The first of the rows.
    pub row: usize,
}

#[derive(Debug)]
pub(crate) struct Registration {
    pub step: StepId,
    pub on: Date,
    pub arm: Option<ArmId>,
    pub values: Values,
}

/// One participant's rows, by kind; the name of a file without kinds is empty.
struct Rows {
    key: String,
    all: Vec<usize>,
    kinds: BTreeMap<String, Vec<usize>>,
}

struct Reader<'r> {
    plan: &'r Plan<'r>,
    protocol: &'r Protocol,
    table: &'r Table<'r>,
    found: Vec<Diagnostic>,
}

/// All participants in the order of the file; mistakes are added to `found`.
pub(crate) fn read(
    plan: &Plan<'_>,
    protocol: &Protocol,
    table: &Table<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Person> {
    let mut reader = Reader { plan, protocol, table, found: Vec::new() };
    let groups = reader.groups();
    let people = groups.iter().filter_map(|rows| reader.person(rows)).collect();
    let mut told = reader.found;
    told.sort_by(|a, b| a.place.cmp(&b.place));
    told.dedup();
    found.extend(told);
    people
}

impl<'r> Reader<'r> {
    fn field(&self, row: usize, column: &str) -> Option<&'r Field> {
        let column = self.table.column(column)?;
        self.table.rows.get(row)?.get(column)
    }

    fn wrong(&mut self, field: &Field, code: &str, ja: String, en: String) {
        let at = self.table.place(field);
        self.found.push(Diagnostic::error(code, Text::new(ja, en)).at(at));
    }

    fn first(&self, row: usize) -> Option<&'r Field> {
        self.table.rows.get(row).and_then(|r| r.first())
    }

    /// Rows by participant and kind, with every row that is too many, too few, or of no kind.
    fn groups(&mut self) -> Vec<Rows> {
        let map = self.plan.map;
        let mut order: Vec<Rows> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for row in 0..self.table.rows.len() {
            let Some(key) = self.field(row, &map.participant.key.column) else { continue };
            if key.text.trim().is_empty() || map.file.missing.contains_key(&key.text) {
                self.wrong(
                    key,
                    "X401",
                    "患者の番号がありません。".to_owned(),
                    "The row does not say whose it is.".to_owned(),
                );
                continue;
            }
            let at = *index.entry(key.text.clone()).or_insert_with(|| {
                order.push(Rows { key: key.text.clone(), all: Vec::new(), kinds: BTreeMap::new() });
                order.len() - 1
            });
            let kind = if map.rows.is_empty() { Some(String::new()) } else { self.kind(row) };
            if let (Some(kind), Some(rows)) = (kind, order.get_mut(at)) {
                rows.all.push(row);
                rows.kinds.entry(kind).or_default().push(row);
            }
        }
        for rows in &order {
            self.count(rows);
        }
        order
    }

    /// The one kind to which a row belongs.
    fn kind(&mut self, row: usize) -> Option<String> {
        let map = self.plan.map;
        let fits = |kind: &RowKind| {
            kind.when.iter().all(|(column, text)| self.field(row, column).is_some_and(|f| f.text == *text))
        };
        let fitting: Vec<&String> = map.rows.iter().filter(|(_, k)| fits(k)).map(|(id, _)| id).collect();
        match fitting.as_slice() {
            [one] => return Some((*one).clone()),
            several => {
                let column = map.rows.values().flat_map(|k| k.when.keys()).next();
                let field = column.and_then(|c| self.field(row, c)).or_else(|| self.first(row));
                let names = several.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
                let (ja, en) = if several.is_empty() {
                    (
                        "この行は対応表のどの種類の行でもありません。".to_owned(),
                        "This row is of no kind that the map knows.".to_owned(),
                    )
                } else {
                    (
                        format!("この行は複数の種類に当てはまります（{names}）。"),
                        format!("This row is of several kinds: {names}."),
                    )
                };
                if let Some(field) = field {
                    self.wrong(field, "X402", ja, en);
                }
            }
        }
        None
    }

    fn count(&mut self, rows: &Rows) {
        let map = self.plan.map;
        let one = RowKind { when: Ordered::new(), count: Count::One };
        let kinds: Vec<(&str, &RowKind)> = if map.rows.is_empty() {
            vec![("", &one)]
        } else {
            map.rows.iter().map(|(id, k)| (id.as_str(), k)).collect()
        };
        for (id, kind) in kinds {
            let there = rows.kinds.get(id).map_or(&[][..], Vec::as_slice);
            let named = if id.is_empty() { String::new() } else { format!(" ({id})") };
            if kind.count == Count::One && there.is_empty() {
                let Some(field) = rows.all.first().and_then(|r| self.first(*r)) else { continue };
                self.wrong(
                    field,
                    "X403",
                    format!("患者 {} の行{named}がありません。", rows.key),
                    format!("Participant {} has no row{named}.", rows.key),
                );
            }
            if kind.count != Count::Any
                && let Some(first) = there.first()
            {
                let line = self.table.line(*first);
                for row in there.iter().skip(1) {
                    let Some(field) = self.field(*row, &map.participant.key.column) else { continue };
                    self.wrong(
                        field,
                        "X404",
                        format!("患者 {} の行{named}が重複しています（最初は {line} 行目）。", rows.key),
                        format!(
                            "Participant {} has a second row{named}; the first is on line {line}.",
                            rows.key
                        ),
                    );
                }
            }
        }
    }

    fn person(&mut self, rows: &Rows) -> Option<Person> {
        let (map, protocol) = (self.plan.map, self.protocol);
        let row = *rows.all.first()?;
        let before = self.found.len();
        let zero = self.day_zero(rows);
        let site = self.site(rows);
        let mut person =
            Person { key: rows.key.clone(), site: site?, steps: Vec::new(), forms: Vec::new(), row };
        for (id, step) in &map.steps {
            let form = protocol.steps.get(id).map_or("", |s| s.form.as_str());
            let values = self.values(form, &step.values, rows, None, zero);
            let on = self.date(rows, &step.on, zero);
            let arm = step.arm.as_ref().and_then(|arm| self.word(rows, arm, "群", "arm"));
            let known = protocol.steps.get(id).and_then(|s| protocol.allocation.get(s.allocate.as_ref()?));
            if let (Some(arm), Some(known)) = (&arm, known)
                && !known.ratio.contains_key(arm)
            {
                self.not_one_of(rows, step.arm.as_ref(), "群", "arm", arm, known.ratio.keys());
            }
            if let Some(on) = on {
                let arm = arm.map(|a| a.as_str().into());
                person.steps.push(Registration { step: id.as_str().into(), on, arm, values });
            }
        }
        let mut numbers: BTreeMap<(String, Option<String>), u32> = BTreeMap::new();
        for form in &map.forms {
            let read: Vec<Option<usize>> = match &form.rows {
                Some(kind) => rows.kinds.get(kind).into_iter().flatten().map(|r| Some(*r)).collect(),
                None => vec![None],
            };
            for one in read {
                let number = numbers.entry((form.form.clone(), form.visit.clone())).or_default();
                *number += 1;
                let key = FormKey {
                    form: form.form.as_str().into(),
                    visit: form.visit.as_deref().map(Into::into),
                    number: *number,
                };
                let values = self.values(&form.form, &form.values, rows, one, zero);
                person.forms.push((key, values, one.unwrap_or(row)));
            }
        }
        (self.found.len() == before).then_some(person)
    }

    fn day_zero(&mut self, rows: &Rows) -> Option<Date> {
        let zero = self.plan.map.day_zero.as_ref()?;
        if let Some(date) = zero.date {
            return Some(date);
        }
        let column = zero.column.clone();
        let source = Source { column, format: zero.format, ..Source::default() };
        self.date(rows, &source, None)
    }

    fn site(&mut self, rows: &Rows) -> Option<SiteId> {
        let map = self.plan.map;
        let word = self.word(rows, &map.participant.site, "施設", "site")?;
        if !map.sites.contains_key(&word) {
            self.not_one_of(rows, Some(&map.participant.site), "施設", "site", &word, map.sites.keys());
            return None;
        }
        Some(word.as_str().into())
    }

    fn not_one_of<'k>(
        &mut self,
        rows: &Rows,
        source: Option<&Source>,
        ja: &str,
        en: &str,
        word: &str,
        known: impl Iterator<Item = &'k String>,
    ) {
        let known = known.cloned().collect::<Vec<_>>().join(", ");
        let row = rows.all.first().copied().unwrap_or(0);
        let column = source.and_then(|s| s.column.as_deref());
        let Some(field) = column.and_then(|c| self.field(row, c)).or_else(|| self.first(row)) else { return };
        self.wrong(
            field,
            "X405",
            format!("{ja}「{word}」はありません（{known}）。"),
            format!("There is no {en} \"{word}\"; there are: {known}."),
        );
    }

    /// The field from which a value is read: in one row, or alike in all rows that are looked at.
    fn from(&mut self, source: &Source, rows: &Rows, one: Option<usize>) -> Option<&'r Field> {
        let column = source.column.as_deref()?;
        let among: Vec<usize> = match (&source.rows, one) {
            (Some(kind), _) => rows.kinds.get(kind).cloned().unwrap_or_default(),
            (None, Some(row)) => vec![row],
            (None, None) => rows.all.clone(),
        };
        let first = among.first().and_then(|r| self.field(*r, column))?;
        for row in among.iter().skip(1) {
            let Some(other) = self.field(*row, column).filter(|f| f.text != first.text) else { continue };
            self.wrong(
                other,
                "X406",
                format!(
                    "患者 {} の「{column}」が行によって違います（{} 行目では「{}」）。",
                    rows.key, first.line, first.text
                ),
                format!(
                    "Participant {}: \"{column}\" differs between rows (\"{}\" on line {}).",
                    rows.key, first.text, first.line
                ),
            );
        }
        Some(first)
    }

    /// What the file says where it says that there is no value.
    fn missing(&self, source: &Source, field: &Field) -> Option<Missing> {
        let kind = source.missing.get(&field.text).or_else(|| self.plan.map.file.missing.get(&field.text))?;
        Some(match kind {
            Kind::NotYetKnown => Missing::NotYetKnown,
            Kind::Unknown => Missing::Unknown,
            Kind::NotDone => Missing::NotDone,
            Kind::NotApplicable => Missing::NotApplicable,
        })
    }

    /// A name that must be there: a site, an arm.
    fn word(&mut self, rows: &Rows, source: &Source, ja: &str, en: &str) -> Option<String> {
        if let Some(constant) = &source.constant {
            return Some(plain(constant));
        }
        let field = self.from(source, rows, None)?;
        if self.missing(source, field).is_some() || field.text.is_empty() {
            self.wrong(field, "X407", format!("{ja}がありません。"), format!("There is no {en}."));
            return None;
        }
        if source.codes.is_empty() {
            return Some(field.text.clone());
        }
        match source.codes.get(&field.text) {
            Some(told) => Some(plain(told)),
            None => {
                self.no_code(field, source);
                None
            }
        }
    }

    fn no_code(&mut self, field: &Field, source: &Source) {
        let known = source.codes.keys().cloned().collect::<Vec<_>>().join(", ");
        self.wrong(
            field,
            "X408",
            format!("「{}」は対応表の codes にありません（{known}）。", field.text),
            format!("\"{}\" is not among the map's codes: {known}.", field.text),
        );
    }

    /// A full date that must be there.
    fn date(&mut self, rows: &Rows, source: &Source, zero: Option<Date>) -> Option<Date> {
        if source.day_zero {
            return zero;
        }
        if let Some(Entered::Text(text)) = &source.constant {
            return text.parse().ok();
        }
        let field = self.from(source, rows, None)?;
        if let Some(missing) = self.missing(source, field) {
            let told = missing.text();
            self.wrong(
                field,
                "X407",
                format!("日付がありません（{}）。", told.ja),
                format!("There is no date ({}).", told.en),
            );
            return None;
        }
        match self.day(field, source, zero)?.day() {
            Some(day) => Some(day),
            None => {
                self.bad_date(field, source);
                None
            }
        }
    }

    fn day(&mut self, field: &Field, source: &Source, zero: Option<Date>) -> Option<PartialDate> {
        if source.days_after_day_zero {
            let days = field.text.parse::<i64>().ok().filter(|_| plain_number(&field.text));
            let day = days.and_then(|n| zero?.checked_add(Span::new().try_days(n).ok()?).ok());
            if day.is_none() && zero.is_some() {
                self.wrong(
                    field,
                    "X409",
                    format!("「{}」は日数ではありません。", field.text),
                    format!("\"{}\" is no number of days.", field.text),
                );
            }
            return day.map(PartialDate::from);
        }
        let read = parse_date(&field.text, source.format);
        if read.is_none() {
            self.bad_date(field, source);
        }
        read
    }

    fn bad_date(&mut self, field: &Field, source: &Source) {
        let format = match source.format {
            DateFormat::Iso => "YYYY-MM-DD",
            DateFormat::Slashes => "YYYY/M/D",
            DateFormat::Digits => "YYYYMMDD",
            DateFormat::DayFirst => "D/M/YYYY",
            DateFormat::MonthFirst => "M/D/YYYY",
        };
        self.wrong(
            field,
            "X410",
            format!("「{}」は {format} の日付ではありません。", field.text),
            format!("\"{}\" is no date like {format}.", field.text),
        );
    }

    /// The items of one form.
    fn values(
        &mut self,
        form: &str,
        sources: &Ordered<Source>,
        rows: &Rows,
        one: Option<usize>,
        zero: Option<Date>,
    ) -> Values {
        let mut values = Values::new();
        for (id, source) in sources {
            let Some(item) = item(self.protocol, form, id) else { continue };
            if let Some(value) = self.value(item, source, rows, one, zero) {
                values.insert(id.as_str().into(), value);
            }
        }
        values
    }

    fn value(
        &mut self,
        item: &Item,
        source: &Source,
        rows: &Rows,
        one: Option<usize>,
        zero: Option<Date>,
    ) -> Option<Value> {
        if source.day_zero {
            return zero.map(|d| Value::Date(d.into()));
        }
        if let Some(constant) = &source.constant {
            return item.read(constant).ok();
        }
        let field = self.from(source, rows, one)?;
        if let Some(missing) = self.missing(source, field) {
            return Some(Value::Missing(missing));
        }
        if !source.codes.is_empty() {
            let Some(told) = source.codes.get(&field.text) else {
                self.no_code(field, source);
                return None;
            };
            return item.read(told).ok();
        }
        if item.kind == ItemKind::Date {
            let day = self.day(field, source, zero)?;
            if day.day().is_none() && !item.partial {
                self.bad_date(field, source);
                return None;
            }
            return Some(Value::Date(day));
        }
        match typed(item, source, &field.text) {
            Some(value) => Some(value),
            None => {
                let expected = item.rule_type().name();
                let unspoken = field.text.is_empty();
                let (ja, en) = if unspoken {
                    (
                        "空欄です。値がないことの意味を対応表の missing に書いてください。".to_owned(),
                        "The field is empty; say under `missing` in the map what that means.".to_owned(),
                    )
                } else {
                    (
                        format!("「{}」は「{}」の値ではありません（{}）。", field.text, item.ja, expected.ja),
                        format!(
                            "\"{}\" is no value of \"{}\", which takes {}.",
                            field.text, item.en, expected.en
                        ),
                    )
                };
                self.wrong(field, "X411", ja, en);
                None
            }
        }
    }
}

/// The value that a field of this text is, for items other than dates.
fn typed(item: &Item, source: &Source, text: &str) -> Option<Value> {
    let number = || text.parse::<Decimal>().ok().filter(|_| plain_number(text));
    let scaled = |n: Decimal| source.factor.map_or(Some(n), |f| n.checked_mul(f)).map(|n| n.normalize());
    match item.kind {
        ItemKind::Integer => {
            let n = scaled(number()?)?;
            // `5.0` is not how a count is written.
            (n.is_integer() && (source.factor.is_some() || !text.contains('.')))
                .then(|| i64::try_from(n).ok())
                .flatten()
                .map(Value::Integer)
        }
        ItemKind::Decimal => {
            let n = number()?;
            Some(Value::Decimal(if source.factor.is_some() { scaled(n)? } else { n }))
        }
        ItemKind::Boolean => match text {
            "true" => Some(Value::Boolean(true)),
            "false" => Some(Value::Boolean(false)),
            _ => None,
        },
        ItemKind::Code | ItemKind::Text if !text.is_empty() => {
            item.read(&Entered::Text(text.to_owned())).ok()
        }
        ItemKind::Code | ItemKind::Text | ItemKind::Date | ItemKind::Group => None,
    }
}

/// Digits with at most a sign and a point: no spaces, no thousands, no exponent.
fn plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(part)
}

fn parse_date(text: &str, format: DateFormat) -> Option<PartialDate> {
    let numbers = |separator: char| -> Option<[i64; 3]> {
        let parts: Vec<&str> = text.split(separator).collect();
        let digits = |s: &&str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let [a, b, c] = parts.as_slice() else { return None };
        [a, b, c].into_iter().all(digits).then_some([a.parse().ok()?, b.parse().ok()?, c.parse().ok()?])
    };
    let day = |y: i64, m: i64, d: i64| {
        let date = Date::new(i16::try_from(y).ok()?, i8::try_from(m).ok()?, i8::try_from(d).ok()?).ok()?;
        (y >= 1800).then(|| PartialDate::from(date))
    };
    match format {
        DateFormat::Iso => text.parse().ok(),
        DateFormat::Slashes => numbers('/').and_then(|[y, m, d]| day(y, m, d)),
        DateFormat::DayFirst => numbers('/').and_then(|[d, m, y]| day(y, m, d)),
        DateFormat::MonthFirst => numbers('/').and_then(|[m, d, y]| day(y, m, d)),
        DateFormat::Digits => {
            let all = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
            let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
            if all { day(part(0, 4)?, part(4, 6)?, part(6, 8)?) } else { None }
        }
    }
}

fn plain(entered: &Entered) -> String {
    match entered {
        Entered::Text(text) => text.clone(),
        Entered::Integer(n) => n.to_string(),
        Entered::Boolean(b) => b.to_string(),
        Entered::Number(n) => n.to_string(),
        Entered::Missing(_) | Entered::Incomplete(_) | Entered::Records(_) => String::new(),
    }
}
