//! Whether a specimen can carry the result that was read from it, by data: which property, what is accepted, what counts
//! as a negative.
//!
//! A negative from a specimen that fails a verified check is no answer: it is read as indeterminate, with what to do. A
//! positive stays and is flagged. What nobody stated is said to be unstated and changes nothing. A check of certainty M
//! or L is told as unverified and changes nothing either.

use crate::Problem;
use crate::knowledge::{Certainty, Knowledge};
use crate::profile::{Datum, Observation, State};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value as Json;
use words::{Decimal, Text};

/// What is stated of a specimen, beside the value of the observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// Percent of nuclei.
    TumourContent,
    FixationHours,
    Fixative,
    /// From taking the tissue to the report, if not stated.
    BlockAgeMonths,
    Decalcification,
    ColdIschaemiaMinutes,
    ViableCells,
    /// Share of tumour DNA in blood, 0 to 1.
    TumourFraction,
    Controls,
}

impl Property {
    const ALL: [(&'static str, Property, &'static [&'static str]); 9] = [
        ("tumour_content", Property::TumourContent, &[]),
        ("fixation_hours", Property::FixationHours, &[]),
        ("fixative", Property::Fixative, &["nbf10", "other"]),
        ("block_age_months", Property::BlockAgeMonths, &[]),
        ("decalcification", Property::Decalcification, &["none", "edta", "acid"]),
        ("cold_ischaemia_minutes", Property::ColdIschaemiaMinutes, &[]),
        ("viable_cells", Property::ViableCells, &[]),
        ("tumour_fraction", Property::TumourFraction, &[]),
        ("controls", Property::Controls, &["passed", "failed"]),
    ];

    pub fn from_code(code: &str) -> Option<Property> {
        Property::ALL.iter().find(|(c, ..)| *c == code).map(|(_, p, _)| *p)
    }

    pub fn code(self) -> &'static str {
        Property::ALL.iter().find(|(_, p, _)| *p == self).map_or("", |(c, ..)| c)
    }

    /// The codes it takes; none if it is a number, zero or more.
    pub fn codes(self) -> &'static [&'static str] {
        Property::ALL.iter().find(|(_, p, _)| *p == self).map_or(&[], |(_, _, codes)| codes)
    }

    /// The most that can be, where there is such a limit.
    fn most(self) -> Option<i64> {
        match self {
            Property::TumourContent => Some(100),
            Property::TumourFraction => Some(1),
            _ => None,
        }
    }
}

/// What a check accepts.
#[derive(Clone, Debug, PartialEq)]
pub enum Accept {
    AtLeast(Decimal),
    MoreThan(Decimal),
    AtMost(Decimal),
    Within(Decimal, Decimal),
    OneOf(Vec<String>),
}

impl Accept {
    /// `>=20`, `>0`, `<=36`, `6..72`, or codes separated by `|`.
    pub(crate) fn read(property: Property, text: &str) -> Option<Accept> {
        let number = |t: &str| t.trim().parse::<Decimal>().ok();
        if !property.codes().is_empty() {
            let own: Vec<String> = text.split('|').map(str::to_owned).collect();
            return own.iter().all(|c| property.codes().contains(&c.as_str())).then_some(Accept::OneOf(own));
        }
        if let Some(rest) = text.strip_prefix(">=") {
            return number(rest).map(Accept::AtLeast);
        }
        if let Some(rest) = text.strip_prefix("<=") {
            return number(rest).map(Accept::AtMost);
        }
        if let Some(rest) = text.strip_prefix('>') {
            return number(rest).map(Accept::MoreThan);
        }
        let (low, high) = text.split_once("..")?;
        Some(Accept::Within(number(low)?, number(high)?))
    }

    fn holds(&self, found: &Stated) -> bool {
        match (self, found) {
            (Accept::AtLeast(n), Stated::Number(x)) => x >= n,
            (Accept::MoreThan(n), Stated::Number(x)) => x > n,
            (Accept::AtMost(n), Stated::Number(x)) => x <= n,
            (Accept::Within(low, high), Stated::Number(x)) => (low..=high).contains(&x),
            (Accept::OneOf(codes), Stated::Code(code)) => codes.contains(code),
            _ => false,
        }
    }
}

/// Which values of a concept a poor specimen may have hidden something behind.
#[derive(Clone, Debug, PartialEq)]
pub enum Negative {
    Codes(Vec<String>),
    Below(Decimal),
}

impl Negative {
    /// `<10`, or codes separated by `|`.
    pub(crate) fn read(text: &str) -> Option<Negative> {
        match text.strip_prefix('<') {
            Some(rest) => rest.parse().ok().map(Negative::Below),
            None if text.is_empty() => None,
            None => Some(Negative::Codes(text.split('|').map(str::to_owned).collect())),
        }
    }

    fn is(&self, state: &State) -> bool {
        match (self, state) {
            (_, State::Absent) => true,
            (Negative::Codes(codes), State::Known(Datum::Code(code))) => codes.contains(code),
            (Negative::Below(limit), State::Known(Datum::Number(n))) => n < limit,
            _ => false,
        }
    }
}

/// One row of `adequacy.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub id: String,
    /// Concepts that it is about; `variant.*` are all genes.
    pub concepts: Vec<String>,
    /// Assays that it is about; every assay if empty.
    pub assays: Vec<String>,
    pub specimen: String,
    pub property: Property,
    pub accept: Accept,
    pub accept_text: String,
    pub negative: Negative,
    pub certainty: Certainty,
    pub text: Text,
    pub action: Text,
    pub source: String,
    pub line: u64,
}

impl Check {
    fn is_about(&self, concept: &str) -> bool {
        self.concepts.iter().any(|c| c == concept || (c == "variant.*" && concept.starts_with("variant.")))
    }

    fn applies(&self, concept: &str, assay: Option<&str>, specimen: &str) -> bool {
        self.is_about(concept)
            && self.specimen == specimen
            && (self.assays.is_empty() || assay.is_some_and(|a| self.assays.iter().any(|own| own == a)))
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    Fail,
    NotStated,
}

/// One check on one observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub check: String,
    pub property: Property,
    pub accept: String,
    pub found: Option<String>,
    pub outcome: Outcome,
    /// Whether the check itself is not verified: then it changes nothing.
    pub unverified: bool,
    pub text: Text,
    pub source: String,
}

/// What is to be said of a specimen as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    Adequate,
    /// A verified check fails.
    Inadequate,
    /// Only a check that nobody has verified fails.
    Doubtful,
    /// Nothing fails, and something that is asked was not stated.
    NotStated,
    /// No check is on file for this assay and specimen.
    NotJudged,
}

/// What the judgement does to the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    None,
    /// A negative that is read as indeterminate.
    NegativeOpen,
    /// A result that stays, with a flag.
    PositiveFlagged,
}

/// One observation's specimen, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    pub concept: String,
    pub assay_id: Option<String>,
    pub specimen: String,
    pub date: Option<String>,
    pub judgement: Judgement,
    pub effect: Effect,
    pub checks: Vec<Checked>,
    /// What to do, if something fails.
    pub action: Vec<Text>,
}

enum Stated {
    Number(Decimal),
    Code(String),
}

impl Stated {
    fn told(&self) -> String {
        match self {
            Stated::Number(n) => n.to_string(),
            Stated::Code(code) => code.clone(),
        }
    }
}

/// Whole months from one day to the other, if both are known to the day and in this order.
fn months(from: Option<Date>, to: Option<Date>) -> Option<i64> {
    let (from, to) = (from?, to?);
    if to < from {
        return None;
    }
    let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month() - from.month());
    Some(if to.day() < from.day() { months - 1 } else { months })
}

fn stated(observation: &Observation, property: Property) -> Option<Stated> {
    match observation.other.get(property.code()) {
        Some(Json::Number(n)) => {
            let text = n.to_string();
            text.parse().or_else(|_| Decimal::from_scientific(&text)).ok().map(Stated::Number)
        }
        Some(Json::String(code)) => Some(Stated::Code(code.clone())),
        _ if property == Property::BlockAgeMonths => {
            let day = |d: Option<words::PartialDate>| d.and_then(|d| d.day());
            months(day(observation.date), day(observation.reported)).map(|n| Stated::Number(n.into()))
        }
        _ => None,
    }
}

/// What is wrong with the properties that an observation states.
pub(crate) fn problems(place: &str, observation: &Observation) -> Vec<Problem> {
    let mut out = Vec::new();
    for (code, property, codes) in Property::ALL {
        let Some(found) = observation.other.get(code).filter(|v| !v.is_null()) else { continue };
        let fits = match stated(observation, property) {
            Some(Stated::Code(own)) => codes.contains(&own.as_str()),
            Some(Stated::Number(n)) => {
                codes.is_empty() && n >= Decimal::ZERO && property.most().is_none_or(|m| n <= m.into())
            }
            None => false,
        };
        if !fits {
            let wanted = match (codes, property.most()) {
                ([], Some(most)) => format!("0..{most}"),
                ([], None) => ">= 0".to_owned(),
                (codes, _) => codes.join(", "),
            };
            out.push(Problem::new(
                format!("{place}.{code}"),
                "value",
                format!("{found} はここに記入できる値（{wanted}）ではありません"),
                format!("{found} is not a value that may stand here ({wanted})"),
            ));
        }
    }
    out
}

impl Knowledge {
    /// Judges the specimen of an observation; `None` where there is no result, or no check knows of the concept. An assay
    /// that runs on one kind of specimen says which; where nothing does, pathology is of tissue.
    pub(crate) fn judge(&self, concept: &str, observation: &Observation) -> Option<Judged> {
        if !matches!(observation.state, State::Known(_) | State::Absent)
            || !self.adequacy.iter().any(|c| c.is_about(concept))
        {
            return None;
        }
        let assay = observation.assay_id.as_deref();
        let specimen = observation
            .specimen
            .as_deref()
            .or_else(|| self.implied_specimen(assay))
            .or_else(|| (!concept.starts_with("variant.")).then_some("tissue"))
            .unwrap_or("");
        let own: Vec<&Check> = self.adequacy.iter().filter(|c| c.applies(concept, assay, specimen)).collect();
        let mut out = Judged {
            concept: concept.to_owned(),
            assay_id: observation.assay_id.clone(),
            specimen: specimen.to_owned(),
            date: observation.date.map(|d| d.to_string()),
            judgement: Judgement::NotJudged,
            effect: Effect::None,
            checks: Vec::new(),
            action: Vec::new(),
        };
        let (mut failed, mut negative) = (false, false);
        for check in own {
            let found = stated(observation, check.property);
            let outcome = match &found {
                None => Outcome::NotStated,
                Some(found) if check.accept.holds(found) => Outcome::Pass,
                Some(_) => Outcome::Fail,
            };
            let unverified = check.certainty != Certainty::High;
            let own = match outcome {
                Outcome::Pass => Judgement::Adequate,
                Outcome::NotStated => Judgement::NotStated,
                Outcome::Fail if unverified => Judgement::Doubtful,
                Outcome::Fail => Judgement::Inadequate,
            };
            let weight = |j: Judgement| match j {
                Judgement::NotJudged => 0,
                Judgement::Adequate => 1,
                Judgement::NotStated => 2,
                Judgement::Doubtful => 3,
                Judgement::Inadequate => 4,
            };
            if weight(own) > weight(out.judgement) {
                out.judgement = own;
            }
            if outcome == Outcome::Fail {
                failed |= !unverified;
                negative |= !unverified && check.negative.is(&observation.state);
                if !out.action.contains(&check.action) {
                    out.action.push(check.action.clone());
                }
            }
            out.checks.push(Checked {
                check: check.id.clone(),
                property: check.property,
                accept: check.accept_text.clone(),
                found: found.map(|f| f.told()),
                outcome,
                unverified,
                text: check.text.clone(),
                source: check.source.clone(),
            });
        }
        out.effect = match (failed, negative) {
            (true, true) => Effect::NegativeOpen,
            (true, false) => Effect::PositiveFlagged,
            _ => Effect::None,
        };
        Some(out)
    }

    /// The specimen of an assay that runs on one kind only.
    pub(crate) fn implied_specimen(&self, assay: Option<&str>) -> Option<&'static str> {
        match self.assays.get(assay?)?.measures.as_str() {
            "variants(blood)" => Some("blood"),
            "variants(tissue)" => Some("tissue"),
            _ => None,
        }
    }
}

/// In words, for a page or a line.
pub fn judgement_text(judgement: Judgement) -> Text {
    match judgement {
        Judgement::Adequate => Text::new("適切", "adequate"),
        Judgement::Inadequate => Text::new("不適", "inadequate"),
        Judgement::Doubtful => Text::new("疑義あり［基準は未確認］", "doubtful [check unverified]"),
        Judgement::NotStated => Text::new("適否は不明（記載なし）", "adequacy not stated"),
        Judgement::NotJudged => Text::new("この検査法の基準は登録なし", "no check on file for this assay"),
    }
}

/// What the judgement does, in words.
pub fn effect_text(effect: Effect) -> Option<Text> {
    match effect {
        Effect::None => None,
        Effect::NegativeOpen => {
            Some(Text::new("陰性とは扱わず、判定不能とする", "the negative is read as indeterminate"))
        }
        Effect::PositiveFlagged => {
            Some(Text::new("結果はそのまま用い、注意を付す", "the result stands, with a flag"))
        }
    }
}
