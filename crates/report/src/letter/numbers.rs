//! `numbers.yaml`: the numbers that the texts of a study may tell, by name, and the questions on which sentences turn.
//!
//! A number is a result row, a constant of the protocol, or a fact of the run. Nothing else: a text holds no digit.

use analysis::{DAYS_PER_MONTH, Results, Row};
use indexmap::IndexMap;
use jiff::civil::Date;
use protocol::{Compiled, Protocol};
use schemars::JsonSchema;
use serde::Deserialize;
use words::{Lang, Text, calendar, number, thousands};

/// Fewer people than this are not counted out in a text that everybody may read.
pub const SMALL: u64 = 5;

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// By name, as the texts call them.
    pub numbers: IndexMap<String, Number>,
    /// By name; the texts hold a variant for each answer.
    #[serde(default)]
    pub questions: IndexMap<String, Question>,
    /// Addresses to which a text may send a reader.
    #[serde(default)]
    pub links: IndexMap<String, Link>,
    /// For a press release and a summary: nothing is told before this day.
    #[serde(default)]
    pub embargo: Option<Date>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// The one result row that these words find.
    #[serde(default)]
    pub row: Option<RowRef>,
    /// A constant of the protocol by its path: `design.hr`, `accrual.from`.
    #[serde(default)]
    pub protocol: Option<String>,
    /// A limit written in a criterion's rule.
    #[serde(default)]
    pub criterion: Option<CriterionRef>,
    /// A fact of the run.
    #[serde(default)]
    pub run: Option<RunFact>,
    /// One divided by it: a ratio of hazards told as how many times longer.
    #[serde(default)]
    pub inverse: bool,
    /// How it is told where a text does not say otherwise.
    #[serde(rename = "as")]
    pub format: Format,
}

/// What is not named is not asked, but a row without `group` is one of all together; `level: none` finds rows without one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowRef {
    pub analysis: String,
    #[serde(default)]
    pub variable: Option<String>,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub level: Option<String>,
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub set: Option<String>,
    pub stat: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CriterionRef {
    pub step: String,
    pub id: String,
    /// Which number of the rule, from 1.
    pub number: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunFact {
    Study,
    Cutoff,
    Embargo,
}

/// How a number is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// 「205人」, "205 people"; 1 to 4 only as "fewer than 5".
    People,
    /// 「100人中25人（24.9%）」: the natural frequency first.
    Frequency,
    /// 「100人中25人」 alone.
    Of100,
    /// 「24.9%」: only beside a natural frequency of the same number.
    Percent,
    /// How many were counted for it: 「205人」.
    Of,
    /// 「1.17倍」.
    Times,
    /// 「1.3倍」.
    TimesShort,
    /// 「20歳」.
    Age,
    /// A length of time: 「5年」, 「3か月」.
    Span,
    /// A number of days told in years: 「5.8年」.
    Years,
    Day,
    Month,
    /// As it is: identifiers.
    Words,
    /// A bare decimal of three places, for professional readers.
    Decimal,
    /// A p-value, for professional readers.
    P,
    /// A confidence level: 「90%」.
    Level,
    /// A whole number of the protocol, such as a grade; never a result.
    Whole,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The answer while a number that it rests on cannot be told.
    pub unknown: String,
    /// In order: the first whose comparisons all hold. `p < alpha`, `ratio > 1`; only 0 and 1 may be written as digits.
    pub answers: IndexMap<String, Vec<String>>,
}

impl Question {
    pub fn names(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.answers.keys().map(String::as_str).collect();
        if !all.contains(&self.unknown.as_str()) {
            all.push(&self.unknown);
        }
        all
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Parts in braces are numbers of this file told as words: `https://jrct.niph.go.jp/latest-detail/{jrct}`.
    pub url: String,
    pub ja: String,
    pub en: String,
}

/// A number with what stands behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub value: Option<Value>,
    /// The people behind a share.
    pub count: Option<f64>,
    /// Whom it is a share of.
    pub of: Option<u32>,
    /// Why there is no value.
    pub why: Option<Text>,
    /// The result row's statistic.
    pub stat: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Day(Date),
    Span(Text),
    Words(String),
}

impl Number {
    /// What this number is now. `Err` says what the file has wrong; a row that cannot be estimated is no error.
    pub fn find(&self, results: &Results, compiled: &Compiled, embargo: Option<Date>) -> Result<Told, Text> {
        let mut told = self.source(results, &compiled.protocol, embargo)?;
        if self.inverse {
            told.value = match told.value {
                Some(Value::Number(x)) if x != 0.0 && x.is_finite() => Some(Value::Number(1.0 / x)),
                Some(Value::Number(_)) | None => None,
                Some(_) => return Err(Text::new("逆数にできる数ではありません。", "This has no inverse.")),
            };
        }
        Ok(told)
    }

    fn source(&self, results: &Results, protocol: &Protocol, embargo: Option<Date>) -> Result<Told, Text> {
        let none = Told { value: None, count: None, of: None, why: None, stat: None };
        let one = |value: Value| Told { value: Some(value), ..none.clone() };
        match (&self.row, &self.protocol, &self.criterion, self.run) {
            (Some(row), None, None, None) => row.find(results),
            (None, Some(path), None, None) => constant(protocol, path).map(one),
            (None, None, Some(criterion), None) => criterion.find(protocol).map(|x| one(Value::Number(x))),
            (None, None, None, Some(fact)) => Ok(match fact {
                RunFact::Study => one(Value::Words(results.study.clone())),
                RunFact::Cutoff => one(Value::Day(results.cutoff)),
                RunFact::Embargo => Told { value: embargo.map(Value::Day), ..none },
            }),
            _ => Err(Text::new(
                "row、protocol、criterion、run のどれか1つを書きます。",
                "Write exactly one of row, protocol, criterion and run.",
            )),
        }
    }
}

impl RowRef {
    fn matches(&self, row: &Row) -> bool {
        let same =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|w| Some(w) == found);
        row.analysis == self.analysis
            && row.stat == self.stat
            && row.group == self.group
            && same(&self.variable, Some(&row.variable))
            && match self.level.as_deref() {
                Some("none") => row.level.is_none(),
                _ => same(&self.level, row.level.as_deref()),
            }
            && same(&self.method, Some(&row.method))
            && same(&self.set, Some(&row.set))
    }

    fn find(&self, results: &Results) -> Result<Told, Text> {
        let mut found = results.rows.iter().filter(|r| self.matches(r));
        let Some(row) = found.next() else {
            let refused = results.rows.iter().find(|r| r.analysis == self.analysis && r.method == "refused");
            if let Some(why) = refused.and_then(|r| r.warning.clone()) {
                return Err(why);
            }
            return Err(Text::new(
                format!("解析「{}」にこの結果の行がありません。", self.analysis),
                format!("The analysis \"{}\" has no such row.", self.analysis),
            ));
        };
        if found.next().is_some() {
            return Err(Text::new(
                "結果の行が複数あり、どれか決まりません。",
                "Several result rows answer to this; say more of the one that is meant.",
            ));
        }
        let beside = |stat: &str| {
            results.rows.iter().find(|r| {
                r.stat == stat
                    && (&r.analysis, &r.group, &r.variable, &r.level, &r.set, &r.method)
                        == (&row.analysis, &row.group, &row.variable, &row.level, &row.set, &row.method)
            })
        };
        let count = if row.stat == "n" { row.value } else { beside("n").and_then(|r| r.value) };
        Ok(Told {
            value: row.value.filter(|v| v.is_finite()).map(Value::Number),
            count: count.filter(|_| row.stat == "n" || row.stat == "share"),
            of: row.n,
            why: row.warning.clone(),
            stat: Some(row.stat.clone()),
        })
    }
}

impl CriterionRef {
    fn find(&self, protocol: &Protocol) -> Result<f64, Text> {
        let rule = protocol
            .steps
            .get(&self.step)
            .and_then(|s| s.criteria.iter().find(|c| c.id == self.id))
            .map(|c| c.rule.as_str())
            .ok_or_else(|| {
                Text::new(
                    format!("規準 {} {} はありません。", self.step, self.id),
                    format!("There is no criterion {} {}.", self.step, self.id),
                )
            })?;
        let numbers =
            rule.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|n| n.parse::<f64>().ok());
        numbers.into_iter().nth(self.number.wrapping_sub(1)).ok_or_else(|| {
            Text::new(
                format!("規準 {} に {} 番目の数はありません。", self.id, self.number),
                format!("The rule of {} has no number {}.", self.id, self.number),
            )
        })
    }
}

/// A constant of the protocol by its path in the canonical form.
fn constant(protocol: &Protocol, path: &str) -> Result<Value, Text> {
    let whole = serde_json::to_value(protocol).unwrap_or_default();
    let found = path.split('.').try_fold(&whole, |node, part| match part.parse::<usize>() {
        Ok(i) if node.is_array() => node.get(i),
        _ => node.get(part),
    });
    let told = match found {
        Some(serde_json::Value::Number(n)) => n.as_f64().map(Value::Number),
        Some(serde_json::Value::String(s)) => Some(if let Ok(day) = s.parse::<Date>() {
            Value::Day(day)
        } else if let Ok(x) = s.parse::<f64>() {
            Value::Number(x)
        } else if let Ok(span) = s.parse::<rules::Duration>() {
            Value::Span(span.text())
        } else {
            Value::Words(s.clone())
        }),
        _ => None,
    };
    told.ok_or_else(|| {
        Text::new(
            format!("プロトコルに「{path}」という値はありません。"),
            format!("The protocol has no value \"{path}\"."),
        )
    })
}

impl Format {
    pub const ALL: [(&'static str, Format); 17] = [
        ("people", Format::People),
        ("frequency", Format::Frequency),
        ("of100", Format::Of100),
        ("percent", Format::Percent),
        ("of", Format::Of),
        ("times", Format::Times),
        ("times_short", Format::TimesShort),
        ("age", Format::Age),
        ("span", Format::Span),
        ("years", Format::Years),
        ("day", Format::Day),
        ("month", Format::Month),
        ("words", Format::Words),
        ("decimal", Format::Decimal),
        ("p", Format::P),
        ("level", Format::Level),
        ("whole", Format::Whole),
    ];

    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// Tells a share of people, so that whom it is a share of must be said.
    pub fn is_share(self) -> bool {
        matches!(self, Format::Frequency | Format::Of100 | Format::Percent)
    }

    /// A number as this kind of reader may be told it; `None` where the kind of value does not fit.
    pub fn tell(self, told: &Told, lang: Lang) -> Option<String> {
        let missing = || match lang {
            Lang::Ja => "推定できません".to_owned(),
            Lang::En => "could not be estimated".to_owned(),
        };
        if self == Format::Of {
            return Some(people(f64::from(told.of?), lang));
        }
        let x = match &told.value {
            None => return Some(missing()),
            Some(Value::Number(x)) => *x,
            Some(Value::Day(day)) => {
                return match self {
                    Format::Day => Some(calendar::day(*day, lang)),
                    Format::Month => Some(calendar::month(day.year(), day.month(), lang)),
                    _ => None,
                };
            }
            Some(Value::Span(span)) => return (self == Format::Span).then(|| span.get(lang).to_owned()),
            Some(Value::Words(words)) => return (self == Format::Words).then(|| words.clone()),
        };
        let few_of = |n: f64| n > 0.0 && n < SMALL as f64;
        let small = told.count.is_some_and(few_of);
        // Who is left over may not be counted out either.
        let rest = told.count.zip(told.of).is_some_and(|(n, of)| few_of(f64::from(of) - n));
        let share = (0.0..=1.0).contains(&x);
        Some(match (self, lang) {
            (Format::People, _) if x >= 0.0 && x.fract() == 0.0 => people(x, lang),
            (Format::Frequency | Format::Of100 | Format::Percent, _) if small => few(lang),
            (Format::Frequency | Format::Of100 | Format::Percent, Lang::Ja) if rest => {
                format!("{SMALL}人未満を除く全員")
            }
            (Format::Frequency | Format::Of100 | Format::Percent, Lang::En) if rest => {
                format!("all but fewer than {SMALL} people")
            }
            (Format::Frequency, Lang::Ja) if share => {
                format!("{}（{}）", of_100(x, lang), number::percent(x, 1))
            }
            (Format::Frequency, Lang::En) if share => {
                format!("{} ({})", of_100(x, lang), number::percent(x, 1))
            }
            (Format::Of100, _) if share => of_100(x, lang),
            (Format::Percent, _) if share => number::percent(x, 1),
            (Format::Times, Lang::Ja) => format!("{}倍", number::fixed(x, 2)),
            (Format::Times, Lang::En) => format!("{} times", number::fixed(x, 2)),
            (Format::TimesShort, Lang::Ja) => format!("{}倍", number::fixed(x, 1)),
            (Format::TimesShort, Lang::En) => format!("{} times", number::fixed(x, 1)),
            (Format::Age, Lang::Ja) => format!("{}歳", number::fixed(x, 0)),
            (Format::Age, Lang::En) => number::fixed(x, 0),
            (Format::Years, Lang::Ja) => format!("{}年", number::fixed(x / (12.0 * DAYS_PER_MONTH), 1)),
            (Format::Years, Lang::En) => format!("{} years", number::fixed(x / (12.0 * DAYS_PER_MONTH), 1)),
            (Format::Decimal, _) => number::fixed(x, 3),
            (Format::Whole, _) if told.stat.is_none() => number::fixed(x, 0),
            (Format::Level, _) if share => number::percent(x, 0),
            (Format::P, _) if share => number::p_value(x),
            _ => return None,
        })
    }

    /// As long as the real thing, for looking over a text before there are results.
    pub fn sample(self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Format::People | Format::Of => ("205人", "205 people"),
            Format::Frequency => ("100人中25人（24.9%）", "25 in every 100 people (24.9%)"),
            Format::Of100 => ("100人中25人", "25 in every 100 people"),
            Format::Percent => ("24.9%", "24.9%"),
            Format::Times => ("1.17倍", "1.17 times"),
            Format::TimesShort => ("1.3倍", "1.3 times"),
            Format::Age => ("20歳", "20"),
            Format::Span => ("5年", "5 years"),
            Format::Years => ("5.8年", "5.8 years"),
            Format::Day => ("2023年1月31日", "31 January 2023"),
            Format::Month => ("2023年1月", "January 2023"),
            Format::Words => ("AB1234", "AB1234"),
            Format::Decimal | Format::P => ("0.857", "0.857"),
            Format::Level => ("95%", "95%"),
            Format::Whole => ("3", "3"),
        };
        match lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }
}

fn few(lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{SMALL}人未満"),
        Lang::En => format!("fewer than {SMALL} people"),
    }
}

fn people(n: f64, lang: Lang) -> String {
    let whole = n as u64;
    let told = thousands(i64::try_from(whole).unwrap_or(i64::MAX));
    match lang {
        _ if whole > 0 && whole < SMALL => few(lang),
        Lang::Ja => format!("{told}人"),
        Lang::En => format!("{told} people"),
    }
}

/// Rounded half away from zero; what is not nobody and not everybody is never rounded to it.
fn of_100(share: f64, lang: Lang) -> String {
    let whole = number::percent_bare(share, 0);
    match (lang, whole.as_str()) {
        (Lang::Ja, "0") if share > 0.0 => "100人中1人未満".to_owned(),
        (Lang::En, "0") if share > 0.0 => "fewer than 1 in every 100 people".to_owned(),
        (Lang::Ja, "100") if share < 1.0 => "100人中99人を超える人数".to_owned(),
        (Lang::En, "100") if share < 1.0 => "more than 99 in every 100 people".to_owned(),
        (Lang::Ja, n) => format!("100人中{n}人"),
        (Lang::En, n) => format!("{n} in every 100 people"),
    }
}
