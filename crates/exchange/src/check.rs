//! Whether a map fits the protocol and the file's header: everything that does not, in its place in the map.

use crate::map::*;
use crate::table::Table;
use conduct::Role;
use jiff::Timestamp;
use protocol::{AllocationMethod, Diagnostic, Form, Item, ItemKind, Places, Protocol};
use std::collections::BTreeSet;
use words::Text;

/// A map that fits, with what it names looked up.
pub(crate) struct Plan<'m> {
    pub map: &'m Map,
    pub at: Timestamp,
}

struct Checker<'c> {
    map: &'c Map,
    protocol: &'c Protocol,
    table: &'c Table<'c>,
    written: &'c Places,
    used: BTreeSet<&'c str>,
    found: Vec<Diagnostic>,
}

/// The map as a plan, or all that is wrong with it.
pub(crate) fn check<'m>(
    map: &'m Map,
    written: &Places,
    protocol: &Protocol,
    table: &Table<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Plan<'m>> {
    let mut checker = Checker { map, protocol, table, written, used: BTreeSet::new(), found: Vec::new() };
    let at = checker.frame();
    checker.participants();
    checker.steps();
    checker.forms();
    checker.columns();
    let sound = !checker.found.iter().any(Diagnostic::is_error);
    found.append(&mut checker.found);
    at.filter(|_| sound).map(|at| Plan { map, at })
}

/// The item of a form, by the form's id.
pub(crate) fn item<'p>(protocol: &'p Protocol, form: &str, item: &str) -> Option<&'p Item> {
    protocol.forms.get(form)?.item(item)
}

impl<'c> Checker<'c> {
    fn wrong(&mut self, path: &[&str], code: &str, ja: String, en: String) {
        let at = self.written.named(path);
        self.found.push(Diagnostic::error(code, Text::new(ja, en)).at(at));
    }

    /// A key of the map that names nothing.
    fn nothing(&mut self, path: &[&str], what: (&str, &str), name: &str, known: Vec<String>) {
        let at = self.written.key(path);
        let message = Text::new(
            format!("{}「{name}」はありません。", what.0),
            format!("There is no {} \"{name}\".", what.1),
        );
        let known = if known.is_empty() { "—".to_owned() } else { known.join(", ") };
        let hint = Text::new(format!("あるもの: {known}。"), format!("There are: {known}."));
        self.found.push(Diagnostic::error("X302", message).at(at).hint(hint));
    }

    /// The study, the moment, the people.
    fn frame(&mut self) -> Option<Timestamp> {
        let (map, study) = (self.map, &self.protocol.study);
        if map.study != *study {
            self.wrong(
                &["study"],
                "X301",
                format!("この対応表は「{}」のものです（プロトコルは「{study}」）。", map.study),
                format!("This map is for {}, the protocol is that of {study}.", map.study),
            );
        }
        let at = map.recorded.at.parse::<Timestamp>().ok();
        if at.is_none() {
            self.wrong(
                &["recorded", "at"],
                "X303",
                "時刻を 2026-11-20T00:00:00Z のように書いてください。".to_owned(),
                "Write a moment like 2026-11-20T00:00:00Z.".to_owned(),
            );
        }
        for (id, person) in &map.people {
            let role = Role::from_name(&person.role);
            if role.is_none_or(|r| r.of_a_site() || r == Role::System) {
                let known = Role::ALL.into_iter().filter(|r| !r.of_a_site() && *r != Role::System);
                let known = known.map(|r| r.name().to_owned()).collect();
                self.nothing(&["people", id, "role"], ("役割", "role"), &person.role, known);
            }
        }
        let by = map.people.get(&map.recorded.by).and_then(|p| Role::from_name(&p.role));
        if by != Some(Role::DataManager) {
            self.wrong(
                &["recorded", "by"],
                "X304",
                format!("「{}」は people のデータマネージャーではありません。", map.recorded.by),
                format!("\"{}\" is no data manager under `people`.", map.recorded.by),
            );
        }
        at
    }

    fn participants(&mut self) {
        let map = self.map;
        self.column(&["participant", "key", "column"], &map.participant.key.column);
        self.source(&["participant", "site"], &map.participant.site, None);
        if let Some(zero) = &map.day_zero {
            if let Some(column) = &zero.column {
                self.column(&["day_zero", "column"], column);
            }
            if zero.column.is_some() == zero.date.is_some() {
                self.wrong(
                    &["day_zero"],
                    "X305",
                    "column か date のどちらか一方を書いてください。".to_owned(),
                    "Write either `column` or `date`.".to_owned(),
                );
            }
            if zero.date.is_some() && zero.constructed.is_none() {
                self.wrong(
                    &["day_zero", "date"],
                    "X306",
                    "全員に同じ日付は作られた日付です。constructed にそのことを書いてください。".to_owned(),
                    "One date for everybody is made up: say so under `constructed`.".to_owned(),
                );
            }
        }
        for (id, kind) in &map.rows {
            for column in kind.when.keys() {
                self.column(&["rows", id, "when", column], column);
            }
            if kind.when.is_empty() {
                self.wrong(
                    &["rows", id, "when"],
                    "X307",
                    "どの行かを列の値で示してください。".to_owned(),
                    "Say by the value of a column which rows these are.".to_owned(),
                );
            }
        }
    }

    fn steps(&mut self) {
        let (map, protocol) = (self.map, self.protocol);
        for (id, step) in &map.steps {
            let Some(found) = protocol.steps.get(id) else {
                let known = protocol.steps.keys().cloned().collect();
                self.nothing(&["steps", id], ("登録段階", "step"), id, known);
                continue;
            };
            self.source(&["steps", id, "on"], &step.on, None);
            let allocation = found.allocate.as_ref().and_then(|a| protocol.allocation.get(a));
            match (allocation, &step.arm) {
                (Some(a), _) if a.method != AllocationMethod::Outside => self.wrong(
                    &["steps", id],
                    "X308",
                    "この段階の割付はこのシステムで行う設定です。外で決まった割付はプロトコルに method: outside と書きます。".to_owned(),
                    "This step's arms are drawn by the program. An allocation decided elsewhere says `method: outside` in the protocol.".to_owned(),
                ),
                (Some(a), Some(arm)) => {
                    self.source(&["steps", id, "arm"], arm, None);
                    for (code, told) in &arm.codes {
                        if !matches!(told, protocol::Entered::Text(t) if a.ratio.contains_key(t)) {
                            let known = a.ratio.keys().cloned().collect();
                            let name = text_of(told);
                            self.nothing(&["steps", id, "arm", "codes", code], ("群", "arm"), &name, known);
                        }
                    }
                }
                (Some(_), None) => self.wrong(
                    &["steps", id],
                    "X309",
                    "この段階では群が決まります。arm にその列を書いてください。".to_owned(),
                    "This step gives an arm: name its column under `arm`.".to_owned(),
                ),
                (None, Some(_)) => self.wrong(
                    &["steps", id, "arm"],
                    "X310",
                    "この段階では割付を行いません。".to_owned(),
                    "This step gives no arm.".to_owned(),
                ),
                (None, None) => {}
            }
            self.values(&["steps", id, "values"], &found.form, &step.values);
        }
        let order: Vec<&String> = protocol.steps.keys().filter(|s| map.steps.contains_key(*s)).collect();
        let written: Vec<&String> = map.steps.keys().filter(|s| protocol.steps.contains_key(*s)).collect();
        if order != written {
            self.wrong(
                &["steps"],
                "X311",
                "登録段階はプロトコルの順に書いてください。".to_owned(),
                "Write the steps in the order of the protocol.".to_owned(),
            );
        }
    }

    fn forms(&mut self) {
        let (map, protocol) = (self.map, self.protocol);
        for (i, form) in map.forms.iter().enumerate() {
            let n = i.to_string();
            let Some(found) = protocol.forms.get(&form.form) else {
                let known = protocol.forms.keys().cloned().collect();
                self.nothing(&["forms", &n, "form"], ("症例報告書", "form"), &form.form, known);
                continue;
            };
            if protocol.steps.values().any(|s| s.form == form.form) {
                self.wrong(
                    &["forms", &n, "form"],
                    "X312",
                    "登録の用紙は steps の values に書いてください。".to_owned(),
                    "The form of a step is written under that step.".to_owned(),
                );
            }
            if let Some(visit) = form.visit.as_ref()
                && protocol.schedule.get(visit).is_none_or(|v| v.form != form.form)
            {
                let of = protocol.schedule.iter().filter(|(_, v)| v.form == form.form);
                let known = of.map(|(id, _)| id.clone()).collect();
                self.nothing(&["forms", &n, "visit"], ("来院", "visit"), visit, known);
            }
            if let Some(rows) = &form.rows {
                self.kind(&["forms", &n, "rows"], rows);
                let any = map.rows.get(rows).is_some_and(|r| r.count == Count::Any);
                if any && !found.repeats {
                    self.wrong(
                        &["forms", &n, "rows"],
                        "X313",
                        format!("「{}」は繰り返し記入する用紙ではないので、行は 1 つまでです。", found.ja),
                        format!("\"{}\" does not repeat, so there is one row at most.", found.en),
                    );
                }
            }
            self.values(&["forms", &n, "values"], &form.form, &form.values);
        }
    }

    /// The items of one form.
    fn values(&mut self, path: &[&str], form: &str, values: &'c Ordered<Source>) {
        let Some(found) = self.protocol.forms.get(form) else { return };
        for (id, source) in values {
            let path: Vec<&str> = path.iter().copied().chain([id.as_str()]).collect();
            let Some(item) = found.item(id) else {
                let known = found.items().map(|i| i.id.clone()).collect();
                self.nothing(&path, ("項目", "item"), id, known);
                continue;
            };
            if item.derive.is_some() || item.kind == ItemKind::Group {
                self.wrong(
                    &path,
                    "X314",
                    format!("「{}」は取り込めない項目です（計算される項目か、記録の集まり）。", item.ja),
                    format!("\"{}\" cannot be taken over: it is computed, or holds records.", item.en),
                );
            }
            self.source(&path, source, Some(item));
        }
        self.dated(path, found, values);
    }

    /// A form without its date would be neither counted nor forgotten.
    fn dated(&mut self, path: &[&str], form: &Form, values: &Ordered<Source>) {
        if !values.contains_key(&form.dated_by) {
            self.wrong(
                path,
                "X315",
                format!("この用紙の日付の項目「{}」がありません。", form.dated_by),
                format!("The item that dates this form, \"{}\", is not there.", form.dated_by),
            );
        }
    }

    fn source(&mut self, path: &[&str], source: &'c Source, item: Option<&Item>) {
        let ways = [source.column.is_some(), source.constant.is_some(), source.day_zero];
        if ways.iter().filter(|w| **w).count() != 1 {
            self.wrong(
                path,
                "X316",
                "column、constant、day_zero のうち 1 つを書いてください。".to_owned(),
                "Write one of `column`, `constant` and `day_zero`.".to_owned(),
            );
        }
        let under = |key: &'static str| path.iter().copied().chain([key]).collect::<Vec<&str>>();
        if let Some(column) = &source.column {
            self.column(&under("column"), column);
        }
        if let Some(rows) = &source.rows {
            self.kind(&under("rows"), rows);
        }
        let needs_zero = source.day_zero || source.days_after_day_zero;
        if needs_zero && self.map.day_zero.is_none() {
            self.wrong(
                path,
                "X317",
                "day_zero（起点の日）が書かれていません。".to_owned(),
                "There is no `day_zero` from which days count.".to_owned(),
            );
        }
        let Some(item) = item else { return };
        for (key, told) in
            source.codes.iter().map(|(k, v)| (Some(k), v)).chain(source.constant.iter().map(|v| (None, v)))
        {
            if let Err(expected) = item.read(told) {
                let at = match key {
                    Some(key) => under("codes").into_iter().chain([key.as_str()]).collect(),
                    None => under("constant"),
                };
                let place = self.written.named(&at);
                let message = Text::new(
                    format!("「{}」に「{}」は入りません。", item.ja, text_of(told)),
                    format!("\"{}\" does not take \"{}\".", item.en, text_of(told)),
                );
                let expected =
                    Text::new(format!("必要なもの: {}。", expected.ja), format!("It takes {}.", expected.en));
                self.found.push(Diagnostic::error("X318", message).at(place).expected(expected));
            }
        }
        if source.day_zero || source.days_after_day_zero {
            if item.kind != ItemKind::Date {
                self.wrong(
                    path,
                    "X319",
                    format!("「{}」は日付の項目ではありません。", item.ja),
                    format!("\"{}\" is no date.", item.en),
                );
            }
            return;
        }
        self.unit(&under("unit"), source, item);
    }

    /// The file's unit is said wherever the item has one, and another one is converted by a factor that is written.
    fn unit(&mut self, path: &[&str], source: &Source, item: &Item) {
        if source.column.is_none() {
            return;
        }
        match (&item.unit, &source.unit) {
            (Some(of), None) => self.wrong(
                path,
                "X320",
                format!("ファイルでの単位を書いてください（項目の単位は {of}）。"),
                format!("Say in which unit the file has it (the item is in {of})."),
            ),
            (Some(of), Some(unit)) if of != unit && source.factor.is_none() => self.wrong(
                path,
                "X321",
                format!("項目の単位は {of} です。{unit} から換算する factor を書いてください。"),
                format!("The item is in {of}: write the `factor` that converts {unit} to it."),
            ),
            (None, Some(unit)) => self.wrong(
                path,
                "X322",
                format!("この項目には単位がありません（{unit} と書かれています）。"),
                format!("This item has no unit, the map says {unit}."),
            ),
            _ => {}
        }
    }

    fn kind(&mut self, path: &[&str], name: &str) {
        if !self.map.rows.contains_key(name) {
            let known = self.map.rows.keys().cloned().collect();
            self.nothing(path, ("行の種類", "kind of rows"), name, known);
        }
    }

    /// A column that the map reads.
    fn column(&mut self, path: &[&str], name: &'c str) {
        self.used.insert(name);
        if self.table.column(name).is_none() {
            let known = self.table.header.iter().map(|f| f.text.clone()).collect();
            let at = self.written.named(path);
            let message = Text::new(
                format!("ファイルに列「{name}」がありません。"),
                format!("The file has no column \"{name}\"."),
            );
            let known: Vec<String> = known;
            let known = known.join(", ");
            let hint = Text::new(format!("ある列: {known}。"), format!("Its columns: {known}."));
            self.found.push(Diagnostic::error("X323", message).at(at).hint(hint));
        }
    }

    /// Each column is read or left out with a reason, never both and never neither.
    fn columns(&mut self) {
        let (map, table) = (self.map, self.table);
        for (column, why) in &map.ignore {
            if table.column(column).is_none() {
                let known = table.header.iter().map(|f| f.text.clone()).collect();
                self.nothing(&["ignore", column], ("列", "column"), column, known);
            }
            if self.used.contains(column.as_str()) {
                self.wrong(
                    &["ignore", column],
                    "X324",
                    format!("列「{column}」は読み取られており、除く列ではありません。"),
                    format!("The column \"{column}\" is read, so it is not left out."),
                );
            }
            if why.ja.trim().is_empty() || why.en.trim().is_empty() {
                self.wrong(
                    &["ignore", column],
                    "X325",
                    "除く理由を書いてください。".to_owned(),
                    "Give the reason for leaving it out.".to_owned(),
                );
            }
        }
        for field in &table.header {
            if !self.used.contains(field.text.as_str()) && !map.ignore.contains_key(&field.text) {
                let message = Text::new(
                    format!("列「{}」の行き先が対応表にありません。", field.text),
                    format!("The map loses the column \"{}\".", field.text),
                );
                let hint = Text::new(
                    "項目に対応させるか、ignore に理由とともに書いてください。",
                    "Map it to an item, or write it under `ignore` with the reason.",
                );
                self.found.push(Diagnostic::error("X326", message).at(table.place(field)).hint(hint));
            }
        }
    }
}

/// What was entered, as it is written.
fn text_of(entered: &protocol::Entered) -> String {
    use protocol::Entered as E;
    match entered {
        E::Boolean(b) => b.to_string(),
        E::Integer(n) => n.to_string(),
        E::Number(n) => n.to_string(),
        E::Text(t) => t.clone(),
        E::Missing(_) | E::Incomplete(_) | E::Records(_) => "…".to_owned(),
    }
}
