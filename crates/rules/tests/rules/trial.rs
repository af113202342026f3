//! A small trial to ask rules of.

use rules::*;
use std::sync::Arc;
use words::Text;

pub struct Trial {
    pub dictionary: Dictionary,
    pub values: Values,
    pub functions: Functions,
}

pub fn decimal(s: &str) -> Value {
    Value::Decimal(words::Decimal::from_str_exact(s).unwrap())
}

pub fn day(s: &str) -> Value {
    Value::Date(s.parse().unwrap())
}

/// Items of a breast cancer trial.
pub fn dictionary() -> Dictionary {
    let mut d = Dictionary::new();
    let lesion = RecordType::new([
        Field::new("site", Type::codes(["breast", "liver", "bone", "lung"]), Text::new("部位", "Site")),
        Field::new("size", Type::decimal("mm"), Text::new("長径", "Longest diameter")),
        Field::new("seen_on", Type::Date, Text::new("検出日", "Date seen")),
    ]);
    let mut sex = Item::new("sex", Type::codes(["female", "male"]), Text::new("性別", "Sex"));
    sex.code_labels.insert("female".into(), Text::new("女性", "female"));
    sex.code_labels.insert("male".into(), Text::new("男性", "male"));
    for item in [
        sex,
        Item::new("age", Type::Integer, Text::new("年齢", "Age")),
        Item::new("ps", Type::codes(["0", "1", "2", "3", "4"]), Text::new("PS", "PS")),
        Item::new("creatinine", Type::decimal("mg/dL"), Text::new("血清クレアチニン", "Serum creatinine")),
        Item::new("platelets", Type::decimal("10^4/mm3"), Text::new("血小板数", "Platelet count")),
        Item::new("consented", Type::Boolean, Text::new("文書同意", "Written consent")),
        Item::new("pregnant", Type::Boolean, Text::new("妊娠", "Pregnant")),
        Item::new("birth", Type::Date, Text::new("生年月日", "Date of birth")),
        Item::new("registered_on", Type::Date, Text::new("登録日", "Date of registration")),
        Item::new("scan_on", Type::Date, Text::new("CT撮影日", "Date of CT")),
        Item::new("lesions", Type::List(Arc::new(lesion)), Text::new("標的病変", "Target lesions")),
        Item::new("note", Type::Text, Text::new("備考", "Remarks")),
        Item::new("treatment", Type::Duration, Text::new("治療期間", "Time on treatment")),
        Item::new("baseline.weight", Type::decimal("kg"), Text::new("体重", "Weight")),
        Item::new("week12.weight", Type::decimal("kg"), Text::new("体重", "Weight")),
    ] {
        d.add(item).unwrap();
    }
    d
}

pub fn lesion(site: &str, size: &str, seen_on: &str) -> Arc<[Value]> {
    [Value::code(site), decimal(size), day(seen_on)].into()
}

impl Trial {
    /// All items known.
    pub fn new() -> Trial {
        let dictionary = dictionary();
        let values = Values::new(&dictionary);
        let mut trial = Trial { dictionary, values, functions: Functions::standard() };
        for (path, value) in [
            ("sex", Value::code("female")),
            ("age", Value::Integer(65)),
            ("ps", Value::code("1")),
            ("creatinine", decimal("1.2")),
            ("platelets", decimal("21.3")),
            ("consented", Value::Boolean(true)),
            ("pregnant", Value::Boolean(false)),
            ("birth", day("1960-05-20")),
            ("registered_on", day("2026-03-14")),
            ("scan_on", day("2026-03-01")),
            ("note", Value::text("")),
            ("treatment", Value::Duration("3 months".parse().unwrap())),
            ("baseline.weight", decimal("52.4")),
            ("week12.weight", decimal("50.1")),
        ] {
            trial.set(path, value);
        }
        let records = vec![lesion("liver", "12.5", "2026-03-01"), lesion("bone", "30", "2026-03-02")];
        trial.set("lesions", Value::List(List { complete: true, records }));
        trial
    }

    pub fn set(&mut self, path: &str, value: Value) {
        self.values.set(&self.dictionary, path, value).unwrap();
    }

    pub fn rule(&self, source: &str) -> Rule {
        Rule::compile(source, &Scope::at(&self.dictionary, "baseline"), &self.functions)
            .unwrap_or_else(|d| panic!("{source}: {d:#?}"))
    }

    pub fn value_rule(&self, source: &str) -> Rule {
        Rule::compile_value(source, &Scope::at(&self.dictionary, "baseline"), &self.functions, None)
            .unwrap_or_else(|d| panic!("{source}: {d:#?}"))
    }

    pub fn verdict(&self, source: &str) -> Verdict {
        self.rule(source).verdict(&self.values)
    }

    /// Paths of what is missing, of a rule that must be unknown.
    pub fn missing(&self, source: &str) -> Vec<String> {
        match self.verdict(source) {
            Verdict::Unknown(missing) => missing.into_iter().map(|m| m.path.to_string()).collect(),
            other => panic!("{source} is {other:?}"),
        }
    }

    pub fn diagnostics(&self, source: &str) -> Vec<Diagnostic> {
        match Rule::compile(source, &Scope::at(&self.dictionary, "baseline"), &self.functions) {
            Ok(_) => Vec::new(),
            Err(diagnostics) => diagnostics,
        }
    }
}
