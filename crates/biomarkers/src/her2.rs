//! HER2 in breast cancer: IHC score, ISH groups, the 20 cells, and the drug question (ASCO/CAP 2018, kept in 2023).
//!
//! The score and the drug question are different things: the score is what the pathologist reports, "low" and
//! "ultralow" are derived from it for a drug's label and may ask for one assay.

use crate::{Need as Input, Told};
use rules::Missing;
use words::Decimal;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ihc {
    Zero,
    One,
    Two,
    Three,
}

impl Ihc {
    pub const ALL: [Ihc; 4] = [Ihc::Zero, Ihc::One, Ihc::Two, Ihc::Three];

    pub fn code(self) -> &'static str {
        ["0", "1+", "2+", "3+"][self as usize]
    }

    pub fn from_code(code: &str) -> Option<Ihc> {
        Ihc::ALL.into_iter().find(|i| i.code() == code)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Dual,
    Single,
}

/// The decision inside the laboratory when a recount moves the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjudication {
    Positive,
    Negative,
}

/// In situ hybridisation as reported. `ratio` is HER2/CEP17, `copies` the mean HER2 signals per cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ish {
    pub method: Option<Method>,
    pub ratio: Option<Decimal>,
    pub copies: Option<Decimal>,
    /// Second, blinded count of 20 or more cells.
    pub recount_group: Option<u8>,
    pub adjudication: Option<Adjudication>,
}

/// An input of the classification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Ihc,
    Staining,
    Ratio,
    Copies,
    Recount,
    Adjudication,
}

impl Need {
    pub const ALL: [Need; 6] =
        [Need::Ihc, Need::Staining, Need::Ratio, Need::Copies, Need::Recount, Need::Adjudication];

    pub fn name(self) -> &'static str {
        match self {
            Need::Ihc => "her2.ihc",
            Need::Staining => "her2.ihc0_staining",
            Need::Ratio => "her2.ish.ratio",
            Need::Copies => "her2.ish.copies",
            Need::Recount => "her2.ish.recount_group",
            Need::Adjudication => "her2.adjudication",
        }
    }
}

/// A set of [`Need`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs(u8);

impl Needs {
    pub const NONE: Needs = Needs(0);

    pub fn of(all: &[Need]) -> Needs {
        Needs(all.iter().fold(0, |bits, need| bits | 1 << *need as u8))
    }

    pub fn with(self, other: Needs) -> Needs {
        Needs(self.0 | other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Need> {
        Need::ALL.into_iter().filter(move |need| self.0 & (1 << *need as u8) != 0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What the report should say beside the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// Footnote (a) of the table of 20 cells.
    IhcIshDiscordant,
    /// Footnote (b): negative, with the comment that the guideline asks for.
    NegativeWithComment,
}

impl Flag {
    pub fn code(self) -> &'static str {
        match self {
            Flag::IhcIshDiscordant => "ihc_ish_discordant",
            Flag::NegativeWithComment => "negative_with_comment",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Positive,
    Low,
    Ultralow,
    Null,
    Ihc0Unspecified,
    Undetermined,
}

impl Category {
    pub fn code(self) -> &'static str {
        match self {
            Category::Positive => "positive",
            Category::Low => "low",
            Category::Ultralow => "ultralow",
            Category::Null => "null",
            Category::Ihc0Unspecified => "ihc0_unspecified",
            Category::Undetermined => "undetermined",
        }
    }
}

/// The classification of one IHC score with one ISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Her2 {
    /// Positive, negative, or not to be told without the inputs.
    pub positive: Result<bool, Needs>,
    pub flag: Option<Flag>,
    pub ihc: Option<Ihc>,
    pub category: Category,
    /// What the category waits for.
    pub missing: Needs,
    /// The dual-probe group, when ratio and copies settle it.
    pub group: Option<u8>,
}

struct Cell {
    positive: Result<bool, Needs>,
    flag: Option<Flag>,
}

const TWO: Decimal = Decimal::TWO;
fn four() -> Decimal {
    Decimal::from(4)
}
fn six() -> Decimal {
    Decimal::from(6)
}

/// Which of the groups 1 to 5 the known numbers leave open, as bits 1 to 5.
fn groups(ratio: Option<Decimal>, copies: Option<Decimal>) -> u8 {
    let high = ratio.map(|r| r >= TWO);
    let group = |number: u8, ratio_high: bool, fits: &dyn Fn(Decimal) -> bool| {
        let possible = high.is_none_or(|h| h == ratio_high) && copies.is_none_or(fits);
        u8::from(possible) << number
    };
    group(1, true, &|c| c >= four())
        | group(2, true, &|c| c < four())
        | group(3, false, &|c| c >= six())
        | group(4, false, &|c| c >= four() && c < six())
        | group(5, false, &|c| c < four())
}

/// One of the 20 cells, or the column of ISH without IHC.
fn cell(ihc: Option<Ihc>, group: u8, ish: &Ish) -> Cell {
    let positive = |flag| Cell { positive: Ok(true), flag };
    let negative = |flag| Cell { positive: Ok(false), flag };
    let waits = |need| Cell { positive: Err(Needs::of(&[need])), flag: None };
    match (ihc, group) {
        (Some(Ihc::Three), 5) => positive(Some(Flag::IhcIshDiscordant)),
        (Some(Ihc::Three), _) | (Some(Ihc::Two), 1) | (None, 1) => positive(None),
        (Some(Ihc::Zero | Ihc::One), 1) => positive(Some(Flag::IhcIshDiscordant)),
        (_, 5) => negative(None),
        (Some(Ihc::Zero | Ihc::One), _) => negative(Some(Flag::NegativeWithComment)),
        (None, _) => waits(Need::Ihc),
        (Some(Ihc::Two), _) => match (ish.recount_group, ish.adjudication) {
            (None, _) => waits(Need::Recount),
            (Some(recount), _) if recount == group => {
                if group == 3 {
                    positive(None)
                } else {
                    negative(Some(Flag::NegativeWithComment))
                }
            }
            (Some(_), None) => waits(Need::Adjudication),
            (Some(_), Some(Adjudication::Positive)) => positive(None),
            (Some(_), Some(Adjudication::Negative)) => negative(Some(Flag::NegativeWithComment)),
        },
    }
}

fn dual(ihc: Option<Ihc>, ish: &Ish) -> (Cell, Option<u8>) {
    let open = groups(ish.ratio, ish.copies);
    let mut possible = (1..=5u8).filter(|g| open & (1 << g) != 0);
    let Some(first) = possible.next() else {
        // Cannot be: the groups cover every pair of numbers.
        return (Cell { positive: Err(Needs::of(&[Need::Ratio, Need::Copies])), flag: None }, None);
    };
    let mut agreed = cell(ihc, first, ish);
    let mut single = true;
    let mut settled = agreed.positive.is_ok();
    for group in possible {
        single = false;
        let other = cell(ihc, group, ish);
        settled &= other.positive == agreed.positive;
        if agreed.flag != other.flag {
            agreed.flag = None;
        }
    }
    if single || settled {
        return (agreed, single.then_some(first));
    }
    let mut needs = Needs::NONE;
    if ish.ratio.is_none() {
        needs = needs.with(Needs::of(&[Need::Ratio]));
    }
    if ish.copies.is_none() {
        needs = needs.with(Needs::of(&[Need::Copies]));
    }
    if ihc.is_none() {
        needs = needs.with(Needs::of(&[Need::Ihc]));
    }
    (Cell { positive: Err(needs), flag: None }, None)
}

fn single(ihc: Option<Ihc>, ish: &Ish, copies: Decimal) -> Cell {
    let flag_if = |discordant: bool| discordant.then_some(Flag::IhcIshDiscordant);
    if copies >= six() {
        return Cell { positive: Ok(true), flag: flag_if(matches!(ihc, Some(Ihc::Zero | Ihc::One))) };
    }
    if copies < four() {
        let positive = ihc == Some(Ihc::Three);
        return Cell { positive: Ok(positive), flag: flag_if(positive) };
    }
    match ihc {
        Some(Ihc::Three) => Cell { positive: Ok(true), flag: None },
        Some(Ihc::Zero | Ihc::One) => Cell { positive: Ok(false), flag: None },
        // The guideline asks for a dual probe: groups 1 and 4 are left, and the ratio is missing or there.
        Some(Ihc::Two) => dual(ihc, ish).0,
        None => Cell { positive: Err(Needs::of(&[Need::Ihc])), flag: None },
    }
}

impl Her2 {
    /// Classifies one score with one ISH. `staining`: whether an IHC 0 shows faint staining in some cells.
    pub fn classify(ihc: Option<Ihc>, staining: Option<bool>, ish: &Ish) -> Her2 {
        let (found, group) = match (ish.method, ish.ratio, ish.copies) {
            (Some(Method::Single), _, Some(copies)) => (single(ihc, ish, copies), None),
            (Some(Method::Single), _, None) | (_, None, None) => {
                let positive = match ihc {
                    Some(Ihc::Three) => Ok(true),
                    Some(Ihc::Zero | Ihc::One) => Ok(false),
                    Some(Ihc::Two) if ish.method == Some(Method::Single) => Err(Needs::of(&[Need::Copies])),
                    Some(Ihc::Two) => Err(Needs::of(&[Need::Ratio, Need::Copies])),
                    None => Err(Needs::of(&[Need::Ihc])),
                };
                (Cell { positive, flag: None }, None)
            }
            _ => dual(ihc, ish),
        };
        let (category, missing) = match (found.positive, ihc) {
            (Ok(true), _) => (Category::Positive, Needs::NONE),
            (Err(needs), _) => (Category::Undetermined, needs),
            (Ok(false), Some(Ihc::Zero)) => match staining {
                Some(true) => (Category::Ultralow, Needs::NONE),
                Some(false) => (Category::Null, Needs::NONE),
                None => (Category::Ihc0Unspecified, Needs::of(&[Need::Staining])),
            },
            (Ok(false), Some(_)) => (Category::Low, Needs::NONE),
            (Ok(false), None) => (Category::Undetermined, Needs::of(&[Need::Ihc])),
        };
        Her2 { positive: found.positive, flag: found.flag, ihc, category, missing, group }
    }
}

/// HER2 as a label asks for it: over all IHC results, and over those of the assay that the label names.
#[derive(Clone, Copy, Debug)]
pub struct Her2Question<'a> {
    /// The score that speaks over all assays.
    pub ihc: Option<Ihc>,
    /// The score that speaks among those of the assay; the same as `ihc` when the label names none.
    pub by_assay: Option<Ihc>,
    /// The assay that the label names.
    pub assay: Option<&'a str>,
    pub staining: Option<bool>,
    pub ish: Ish,
    /// Why an input is missing, in the order of [`Need::ALL`].
    pub why: [Missing; 6],
}

impl Her2Question<'_> {
    pub fn overall(&self) -> Her2 {
        Her2::classify(self.ihc, self.staining, &self.ish)
    }

    pub fn named(&self, needs: Needs) -> Vec<Input> {
        needs.iter().map(|need| Input::new(need.name(), self.why[need as usize])).collect()
    }

    /// HER2 positive or negative, by any assay.
    pub fn positive(&self) -> Told {
        self.overall().positive.map_err(|needs| self.named(needs))
    }

    fn restain(&self, assay: &str, overall: &Her2) -> Vec<Input> {
        let mut needs = vec![Input::new(format!("her2.ihc@{assay}"), self.why[Need::Ihc as usize])];
        // A positive result closes the question whatever the antibody.
        needs.extend(overall.positive.err().map(|open| self.named(open)).unwrap_or_default());
        needs
    }

    /// HER2-low: IHC 1+, or 2+ without amplification, by the assay that the label names.
    pub fn low(&self) -> Told {
        let overall = self.overall();
        if overall.positive == Ok(true) {
            return Ok(false);
        }
        match (self.by_assay, self.assay) {
            (None, Some(assay)) => Err(self.restain(assay, &overall)),
            (Some(Ihc::Zero | Ihc::Three), _) => Ok(false),
            (by, _) => {
                let by = Her2::classify(by, self.staining, &self.ish);
                match (by.positive, overall.positive) {
                    (Ok(true), _) => Ok(false),
                    (Ok(false), Ok(_)) if by.ihc.is_some() => Ok(true),
                    (Ok(false), Ok(_)) => Err(self.named(by.missing)),
                    (by, overall) => {
                        Err(self.named(by.err().unwrap_or_default().with(overall.err().unwrap_or_default())))
                    }
                }
            }
        }
    }

    /// HER2-ultralow: IHC 0 with faint staining in 10 percent of cells or fewer.
    pub fn ultralow(&self) -> Told {
        let overall = self.overall();
        if overall.positive == Ok(true) {
            return Ok(false);
        }
        match (self.by_assay, self.assay) {
            (None, Some(assay)) => Err(self.restain(assay, &overall)),
            (None, None) => Err(self.named(overall.missing)),
            (Some(Ihc::Zero), _) => match (self.staining, overall.positive) {
                (Some(false), _) => Ok(false),
                (Some(true), Ok(_)) => Ok(true),
                (Some(true), Err(needs)) => Err(self.named(needs)),
                (None, positive) => {
                    let needs = Needs::of(&[Need::Staining]).with(positive.err().unwrap_or_default());
                    Err(self.named(needs))
                }
            },
            (Some(_), _) => Ok(false),
        }
    }
}
