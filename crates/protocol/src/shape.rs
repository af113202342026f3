//! Whether a tree has the shape that a JSON Schema asks for, and the JSON that it stands for.
//!
//! The schema is the one that editors use, made from the model's types. All findings are collected: a part that is
//! wrong is replaced by a placeholder and remembered, so that later checks go on and stay silent about it.

use crate::diagnostic::{Diagnostic, did_you_mean, enough, listed};
use crate::tree::{Files, Kind, Node, Part, Path};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use words::{Decimal, Text};

/// Paths that hold a placeholder because what was written is wrong.
#[derive(Debug, Default)]
pub struct Broken(BTreeSet<Path>);

impl Broken {
    pub fn covers(&self, path: &[Part]) -> bool {
        (0..=path.len()).any(|n| self.0.contains(&path[..n]))
    }

    pub fn paths(&self) -> impl Iterator<Item = &[Part]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// Checks `node` against `schema` and gives the JSON that it stands for.
pub fn json(
    schema: &Value,
    node: &Node,
    files: &Files,
    found: &mut Vec<Diagnostic>,
    broken: &mut Broken,
) -> Value {
    let mut walk = Walk { defs: &schema["$defs"], files, found, broken, path: vec![] };
    walk.value(schema, node, "")
}

/// Removes from `value` what only repeats a default of `schema`, so that two ways of writing one protocol, and two
/// releases of which the later knows more fields, give the same bytes. What is left out is read back as the default,
/// so a default never changes its value.
pub fn without_defaults(schema: &Value, value: &mut Value) {
    strip(&schema["$defs"], schema, value);
}

/// The schema that `$ref` names, if it is a reference.
fn resolve<'s>(defs: &'s Value, schema: &'s Value) -> (&'s Value, Option<&'s str>) {
    match schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        Some(name) => (&defs[name], Some(name)),
        None => (schema, None),
    }
}

/// The ways of `anyOf` or `oneOf`, without null; a plain schema is its own only way.
fn ways<'s>(defs: &'s Value, schema: &'s Value) -> Vec<(&'s Value, Option<&'s str>)> {
    let (schema, name) = resolve(defs, schema);
    let name = name.or_else(|| schema["title"].as_str());
    match schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        Some(several) => several
            .iter()
            .filter(|s| s["type"] != "null")
            .flat_map(|s| ways(defs, s))
            .map(|(s, inner)| (s, inner.or(name)))
            .collect(),
        None => vec![(schema, name)],
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::String(s) => s == name,
        Value::Array(several) => several.iter().any(|s| s == name),
        _ => false,
    }
}

fn strip(defs: &Value, schema: &Value, value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (schema, _) in ways(defs, schema) {
                if let Some(properties) = schema["properties"].as_object() {
                    // A variant is told by its key: `survival: {...}`.
                    if !required(schema).iter().all(|key| object.contains_key(*key)) {
                        continue;
                    }
                    for (key, inner) in properties {
                        let Some(value) = object.get_mut(key) else { continue };
                        strip(defs, inner, value);
                        if inner.get("default") == Some(value) {
                            object.shift_remove(key);
                        }
                    }
                } else if schema["additionalProperties"].is_object() {
                    object.values_mut().for_each(|v| strip(defs, &schema["additionalProperties"], v));
                }
            }
        }
        Value::Array(values) => {
            for (schema, _) in ways(defs, schema).into_iter().filter(|(s, _)| has_type(s, "array")) {
                values.iter_mut().for_each(|v| strip(defs, &schema["items"], v));
            }
        }
        _ => {}
    }
}

fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

struct Walk<'a> {
    defs: &'a Value,
    files: &'a Files,
    found: &'a mut Vec<Diagnostic>,
    broken: &'a mut Broken,
    path: Path,
}

impl<'a> Walk<'a> {
    /// Tells a finding about the present path and gives the placeholder.
    fn wrong(&mut self, diagnostic: Diagnostic, node: &Node, schema: &Value) -> Value {
        let span = match node.kind {
            Kind::Scalar { .. } => node.span,
            _ => node.span_of(&[]),
        };
        if !enough(self.found) {
            self.found.push(diagnostic.at(self.files.place(span)));
        }
        self.broken.0.insert(self.path.clone());
        placeholder(self.defs, schema)
    }

    fn value(&mut self, schema: &'a Value, node: &Node, key: &str) -> Value {
        let ways = ways(self.defs, schema);
        if node.is_refused() {
            self.broken.0.insert(self.path.clone());
            return placeholder(self.defs, schema);
        }
        if node.is_empty() {
            let message = Text::new(
                format!("「{key}」の後に値がありません。"),
                format!("Nothing is written after \"{key}\"."),
            );
            let diagnostic = Diagnostic::error("P0204", message).expected(to_write(&ways)).hint(Text::new(
                "要らないのならキーごと消してください。",
                "Remove the key if it is not needed.",
            ));
            return self.wrong(diagnostic, node, schema);
        }
        match &node.kind {
            Kind::Scalar { text, plain } => self.scalar(schema, &ways, node, text, *plain),
            Kind::List(values) => match ways.iter().find(|(s, _)| has_type(s, "array")) {
                Some((list, _)) => self.list(&list["items"], values),
                None => self.kind(schema, &ways, node, Text::new("リスト", "a list")),
            },
            Kind::Map(_) => {
                match ways.iter().filter(|(s, _)| has_type(s, "object")).collect::<Vec<_>>()[..] {
                    [] => self.kind(
                        schema,
                        &ways,
                        node,
                        Text::new("「名前: 値」の集まり", "a map of `name: value`"),
                    ),
                    [&(object, name)] => self.object(object, name, node),
                    ref several => self.variant(schema, several, node),
                }
            }
        }
    }

    fn kind(&mut self, schema: &Value, ways: &[(&Value, Option<&str>)], node: &Node, seen: Text) -> Value {
        let expected = to_write(ways);
        let message = Text::new(
            format!("ここに{}は書けません。", seen.ja),
            format!("This is {}, which does not fit here.", seen.en),
        );
        self.wrong(Diagnostic::error("P0205", message).expected(expected), node, schema)
    }

    fn list(&mut self, items: &'a Value, values: &[Node]) -> Value {
        let mut out = vec![];
        for (i, value) in values.iter().enumerate() {
            self.path.push(Part::Index(i));
            out.push(self.value(items, value, "-"));
            self.path.pop();
        }
        Value::Array(out)
    }

    /// One of several kinds of map: told apart by the keys that each requires.
    fn variant(&mut self, schema: &Value, several: &[&(&'a Value, Option<&'a str>)], node: &Node) -> Value {
        let Kind::Map(entries) = &node.kind else { return Value::Null };
        let has = |key: &str| entries.iter().any(|(k, _)| k.text == key);
        let fits = |s: &Value| {
            let keys = required(s);
            !keys.is_empty() && keys.iter().all(|k| has(k))
        };
        let free = several.iter().find(|(s, _)| s["additionalProperties"].is_object());
        match several.iter().find(|(s, _)| fits(s)).or(free) {
            Some(&&(object, name)) => self.object(object, name, node),
            None => {
                let known: Vec<&str> = several.iter().flat_map(|(s, _)| required(s)).collect();
                let written = entries.first().map_or("", |(k, _)| k.text.as_str());
                let message = Text::new(
                    format!("「{written}」という種類はありません。"),
                    format!("There is no kind \"{written}\"."),
                );
                let known_text = listed(known.iter().copied());
                let diagnostic = Diagnostic::error("P0207", message)
                    .expected(Text::new(
                        format!("使えるもの: {}。", known_text.ja),
                        format!("Known: {}.", known_text.en),
                    ))
                    .maybe_hint(did_you_mean(written, known));
                self.wrong(diagnostic, node, schema)
            }
        }
    }

    fn object(&mut self, schema: &'a Value, name: Option<&str>, node: &Node) -> Value {
        let Kind::Map(entries) = &node.kind else { return Value::Null };
        let mut out = Map::new();
        if let (None, free @ Value::Object(_)) = (schema.get("properties"), &schema["additionalProperties"]) {
            for (key, value) in entries {
                self.path.push(Part::Key(key.text.clone()));
                out.insert(key.text.clone(), self.value(free, value, &key.text));
                self.path.pop();
            }
            return Value::Object(out);
        }
        let Some(properties) = schema["properties"].as_object() else { return Value::Object(out) };
        for (key, value) in entries {
            let Some(inner) = properties.get(&key.text) else {
                self.unknown_key(properties, name, key);
                continue;
            };
            self.path.push(Part::Key(key.text.clone()));
            let value = self.value(inner, value, &key.text);
            out.insert(key.text.clone(), value);
            self.path.pop();
        }
        for key in required(schema) {
            if !entries.iter().any(|(k, _)| k.text == key) {
                self.missing_key(
                    name,
                    key,
                    entries.iter().any(|(k, _)| matches!(&*k.text, "ja" | "en")),
                    node,
                );
                self.path.push(Part::Key(key.to_owned()));
                self.broken.0.insert(self.path.clone());
                self.path.pop();
                out.insert(key.to_owned(), placeholder(self.defs, &properties[key]));
            }
        }
        Value::Object(out)
    }

    fn unknown_key(&mut self, known: &Map<String, Value>, name: Option<&str>, key: &crate::tree::Key) {
        if enough(self.found) {
            return;
        }
        let thing = thing(name);
        let message = Text::new(
            format!("{}に「{}」というキーはありません。", thing.ja, key.text),
            format!("Unknown key \"{}\" in {}.", key.text, thing.en),
        );
        let names = listed(known.keys().map(String::as_str));
        let diagnostic = Diagnostic::error("P0201", message)
            .at(self.files.place(key.span))
            .expected(Text::new(format!("使えるキー: {}。", names.ja), format!("Known keys: {}.", names.en)))
            .maybe_hint(did_you_mean(&key.text, known.keys().map(String::as_str)));
        self.found.push(diagnostic);
    }

    fn missing_key(&mut self, name: Option<&str>, key: &str, other_language: bool, node: &Node) {
        if enough(self.found) {
            return;
        }
        let thing = thing(name);
        let place = self.files.place(node.span_of(&[]));
        let diagnostic = match key {
            "ja" | "en" if other_language => {
                let (ja, en) = if key == "ja" { ("日本語", "Japanese") } else { ("英語", "English") };
                Diagnostic::error(
                    "P0208",
                    Text::new(
                        format!("{}に{ja}（{key}）の文がありません。", thing.ja),
                        format!("The {en} text (`{key}`) of {} is missing.", thing.en),
                    ),
                )
                .hint(Text::new(
                    "人が読む文はすべて日本語と英語の両方を書きます。",
                    "Everything that people read is written in Japanese and in English.",
                ))
            }
            _ => Diagnostic::error(
                "P0203",
                Text::new(
                    format!("{}に必要なキー「{key}」がありません。", thing.ja),
                    format!("Key \"{key}\" is missing in {}.", thing.en),
                ),
            )
            .hint(Text::new(format!("「{key}: …」を書き足してください。"), format!("Add `{key}: …`."))),
        };
        self.found.push(diagnostic.at(place));
    }

    fn scalar(
        &mut self,
        schema: &Value,
        ways: &[(&Value, Option<&str>)],
        node: &Node,
        text: &str,
        plain: bool,
    ) -> Value {
        let choices: Vec<&str> = ways.iter().flat_map(|(s, _)| choices(s)).collect();
        if !choices.is_empty() {
            if choices.contains(&text) {
                return Value::String(text.to_owned());
            }
            let known = listed(choices.iter().copied());
            let message = Text::new(
                format!("「{text}」はここで選べる値ではありません。"),
                format!("\"{text}\" is not one of the values here."),
            );
            let diagnostic = Diagnostic::error("P0207", message)
                .expected(Text::new(format!("選べる値: {}。", known.ja), format!("One of: {}.", known.en)))
                .maybe_hint(did_you_mean(text, choices));
            // Which other keys belong here depends on this one.
            self.broken.0.insert(self.path[..self.path.len().saturating_sub(1)].to_vec());
            return self.wrong(diagnostic, node, schema);
        }
        let any = |kind: &str| ways.iter().map(|(s, _)| *s).find(|s| has_type(s, kind));
        if plain {
            if let (Some(_), Some(truth)) = (any("boolean"), truth(text)) {
                return Value::Bool(truth);
            }
            if let (Some(s), Ok(whole)) = (any("integer"), text.parse::<i64>()) {
                return self.in_range(s, node, Decimal::from(whole), Value::from(whole));
            }
            if let (Some(s), Ok(number)) = (any("number"), Decimal::from_str_exact(text)) {
                let float = text.parse::<f64>().ok();
                let exact = float.and_then(|f| Decimal::from_str_exact(&f.to_string()).ok()) == Some(number);
                let json = match (s["format"] == "decimal", float) {
                    (true, _) => Value::String(number.normalize().to_string()),
                    (false, Some(float)) if exact => Value::from(float),
                    _ => {
                        let message = Text::new(
                            format!("{text} は桁数が多すぎます。"),
                            format!("{text} has too many digits."),
                        );
                        let hint = Text::new(
                            "有効数字 15 桁までで書いてください。",
                            "Write at most 15 significant digits.",
                        );
                        return self.wrong(Diagnostic::error("P0212", message).hint(hint), node, schema);
                    }
                };
                return self.in_range(s, node, number, json);
            }
        }
        match any("string") {
            Some(s) => self.text(s, node, text),
            None => {
                let seen = Text::new(format!("「{text}」"), format!("\"{text}\""));
                let expected = expectation(ways);
                let message = Text::new(
                    format!("{}は{}ではありません。", seen.ja, expected.ja),
                    format!("{} is not {}.", seen.en, expected.en),
                );
                let mut diagnostic = Diagnostic::error("P0205", message).expected(to_write(ways));
                if !plain && (truth(text).is_some() || Decimal::from_str_exact(text).is_ok()) {
                    diagnostic = diagnostic
                        .hint(Text::new("引用符を外してください。", "Take the quotation marks off."));
                }
                self.wrong(diagnostic, node, schema)
            }
        }
    }

    fn in_range(&mut self, schema: &Value, node: &Node, number: Decimal, json: Value) -> Value {
        let limit = |key: &str| {
            let number = schema[key].as_number()?.to_string();
            Decimal::from_str_exact(&number).ok().map(|n| n.normalize())
        };
        let top = if schema["format"] == "uint32" { Some(Decimal::from(u32::MAX)) } else { None };
        let bounds = [
            (limit("minimum"), true, true),
            (limit("exclusiveMinimum"), true, false),
            (limit("maximum").or(top), false, true),
            (limit("exclusiveMaximum"), false, false),
        ];
        let fails = bounds.iter().any(|&(bound, low, closed)| {
            bound.is_some_and(|b| {
                let beyond = if low { number < b } else { number > b };
                beyond || (number == b && !closed)
            })
        });
        if !fails {
            return json;
        }
        let (mut ja, mut en) = (vec![], vec![]);
        for (bound, low, closed) in bounds {
            let Some(b) = bound else { continue };
            let (word_ja, word_en) = match (low, closed) {
                (true, true) => ("以上", "at least"),
                (true, false) => ("より大きい値", "more than"),
                (false, true) => ("以下", "at most"),
                (false, false) => ("より小さい値", "less than"),
            };
            ja.push(format!("{b} {word_ja}"));
            en.push(format!("{word_en} {b}"));
        }
        let message = Text::new(format!("{number} は範囲の外です。"), format!("{number} is out of range."));
        let expected = Text::new(
            format!("許される範囲: {}。", ja.join("、")),
            format!("Allowed: {}.", en.join(" and ")),
        );
        self.wrong(Diagnostic::error("P0206", message).expected(expected), node, schema)
    }

    fn text(&mut self, schema: &Value, node: &Node, text: &str) -> Value {
        let format = schema["format"].as_str().unwrap_or("");
        let refused = match format {
            "date" if text.parse::<jiff::civil::Date>().is_err() || text.len() != 10 => Some((
                "P0209",
                Text::new(format!("「{text}」は日付ではありません。"), format!("\"{text}\" is not a date.")),
                Text::new(
                    "2011-05-11 のように、暦にある日を書きます。",
                    "Write a day of the calendar as 2011-05-11.",
                ),
            )),
            "calendar-duration" if text.parse::<rules::Duration>().is_err() => Some((
                "P0210",
                Text::new(
                    format!("「{text}」は期間ではありません。"),
                    format!("\"{text}\" is not a length of time."),
                ),
                Text::new(
                    "「28 days」「2 weeks」「3 months」「5 years」のように書きます。",
                    "Write `28 days`, `2 weeks`, `3 months` or `5 years`.",
                ),
            )),
            _ if text.trim().is_empty() => Some((
                "P0211",
                Text::new("中身のない文字列です。", "The text is empty."),
                Text::new("文を書いてください。", "Write the text."),
            )),
            _ => None,
        };
        match refused {
            Some((code, message, expected)) => {
                self.wrong(Diagnostic::error(code, message).expected(expected), node, schema)
            }
            // The line end of a block is layout.
            None => Value::String(text.trim_end().to_owned()),
        }
    }
}

fn choices(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    listed.chain(schema.get("const")).filter_map(Value::as_str).collect()
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Something of the right type in place of what was wrong.
fn placeholder(defs: &Value, schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    let ways = ways(defs, schema);
    let Some(&(first, _)) = ways.first() else { return Value::Null };
    if let Some(choice) = choices(first).first() {
        return Value::String((*choice).to_owned());
    }
    let is = |kind| has_type(first, kind);
    if is("object") {
        let mut out = Map::new();
        for key in required(first) {
            out.insert(key.to_owned(), placeholder(defs, &first["properties"][key]));
        }
        return Value::Object(out);
    }
    match first["format"].as_str() {
        _ if is("array") => Value::Array(vec![]),
        _ if is("boolean") => Value::Bool(false),
        _ if is("integer") => first.get("minimum").cloned().unwrap_or(Value::from(0)),
        Some("decimal") => Value::String("0".into()),
        _ if is("number") => Value::from(0),
        Some("date") => Value::String("2000-01-01".into()),
        Some("calendar-duration") => Value::String("0 days".into()),
        _ => Value::String(String::new()),
    }
}

/// What to write here, as a sentence.
fn to_write(ways: &[(&Value, Option<&str>)]) -> Text {
    let what = expectation(ways);
    let objects = ways.iter().filter_map(|(s, _)| s["properties"].as_object()).collect::<Vec<_>>();
    let keys = match objects[..] {
        [object] if object.len() <= 4 => {
            let keys = object.keys().map(|key| format!("{key}: …")).collect::<Vec<_>>().join(", ");
            format!(" {{ {keys} }} ")
        }
        _ => String::new(),
    };
    let en = format!("Write {}{}", what.en, keys.trim_end());
    Text::new(format!("{}{keys}を書いてください。", what.ja), format!("{en}."))
}

/// What may stand here, in words.
fn expectation(ways: &[(&Value, Option<&str>)]) -> Text {
    let mut names: Vec<Text> = vec![];
    for (schema, name) in ways {
        let text = match schema["format"].as_str() {
            Some("date") => Text::new("日付", "a date"),
            Some("calendar-duration") => Text::new("期間", "a length of time"),
            _ if !choices(schema).is_empty() => {
                let known = listed(choices(schema));
                Text::new(known.ja, known.en)
            }
            _ if has_type(schema, "integer") => Text::new("整数", "a whole number"),
            _ if has_type(schema, "number") => Text::new("数", "a number"),
            _ if has_type(schema, "boolean") => Text::new("true か false", "true or false"),
            _ if has_type(schema, "string") => Text::new("文字列", "text"),
            _ if has_type(schema, "array") => Text::new("リスト", "a list"),
            _ => thing(*name),
        };
        if !names.contains(&text) {
            names.push(text);
        }
    }
    let join = |pick: fn(&Text) -> &str, or: &str| names.iter().map(pick).collect::<Vec<_>>().join(or);
    Text::new(join(|t| &t.ja, "または"), join(|t| &t.en, " or "))
}

/// What a part of the protocol is called, by the name of its type.
fn thing(name: Option<&str>) -> Text {
    const THINGS: &[(&str, &str, &str)] = &[
        ("Accrual", "登録計画", "the accrual plan"),
        ("Allocation", "割付", "an allocation"),
        ("Alpha", "有意水準", "the significance level"),
        ("Analysis", "解析", "an analysis"),
        ("AnalysisSet", "解析対象集団", "an analysis set"),
        ("Approval", "承認書類", "an approval"),
        ("Arm", "群", "an arm"),
        ("Baseline", "背景因子の表", "a baseline table"),
        ("Check", "論理チェック", "an edit check"),
        ("Criterion", "適格規準", "a criterion"),
        ("Design", "試験デザイン", "the design"),
        ("Document", "文書", "a document"),
        ("Dose", "用量", "a dose"),
        ("Endpoint", "エンドポイント", "an endpoint"),
        ("EndpointEvent", "イベント", "an event"),
        ("Entered", "入力値", "a value"),
        ("Expected", "期待する判定", "an expected verdict"),
        ("Exposure", "治療曝露の解析", "an analysis of exposure"),
        ("Fact", "事象", "a fact"),
        ("FactSource", "事象の出どころ", "the source of a fact"),
        ("Factor", "割付調整因子", "a balancing factor"),
        ("Form", "症例報告書", "a form"),
        ("Item", "項目", "an item"),
        ("Level", "因子の水準", "a level"),
        ("Proportion", "割合の解析", "a proportion"),
        ("Protocol", "プロトコル", "the protocol"),
        ("Published", "公表値", "a published number"),
        ("Range", "許容範囲", "a range"),
        ("RowName", "結果の行", "a result row"),
        ("Section", "セクション", "a section"),
        ("Step", "登録段階", "a registration step"),
        ("Survival", "生存時間解析", "a survival analysis"),
        ("TestPatient", "テスト患者", "a test patient"),
        ("Text", "日英の文", "a text in two languages"),
        ("Visit", "来院予定", "a visit"),
        ("VisitWindow", "来院の許容幅", "a visit window"),
        ("What", "解析の種類", "a kind of analysis"),
        ("Window", "登録可能期間", "a window"),
        ("WorstGrade", "最悪グレードの表", "a table of worst grades"),
    ];
    THINGS
        .iter()
        .find(|(n, ..)| Some(*n) == name)
        .map_or(Text::new("この部分", "this part"), |(_, ja, en)| Text::new(*ja, *en))
}
