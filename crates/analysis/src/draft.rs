//! Writing rows: what an analysis' rows have in common is said once.

use crate::Row;
use jiff::civil::Date;
use stats::{StatsError, Warning};
use words::Text;

/// A row without its statistic.
#[derive(Clone, Debug)]
pub(crate) struct Draft(Row);

impl Draft {
    pub(crate) fn new(analysis: &str, set: &str, variable: &str, method: &str) -> Draft {
        Draft(Row {
            analysis: analysis.to_owned(),
            set: set.to_owned(),
            group: None,
            variable: variable.to_owned(),
            level: None,
            time: None,
            stat: String::new(),
            value: None,
            method: method.to_owned(),
            options: Vec::new(),
            n: None,
            missing: None,
            warning: None,
            cutoff: Date::ZERO,
            seq: 0,
        })
    }

    pub(crate) fn variable(&self, variable: &str) -> Draft {
        self.with(|r| r.variable = variable.to_owned())
    }

    pub(crate) fn group(&self, group: Option<&str>) -> Draft {
        self.with(|r| r.group = group.map(str::to_owned))
    }

    pub(crate) fn level(&self, level: impl Into<String>) -> Draft {
        self.with(|r| r.level = Some(level.into()))
    }

    pub(crate) fn time(&self, time: f64) -> Draft {
        self.with(|r| r.time = Some(time))
    }

    pub(crate) fn method(&self, method: &str) -> Draft {
        self.with(|r| r.method = method.to_owned())
    }

    pub(crate) fn option(&self, name: &str, value: impl Into<String>) -> Draft {
        self.with(|r| r.options.push((name.to_owned(), value.into())))
    }

    pub(crate) fn counted(&self, n: usize, missing: usize) -> Draft {
        self.with(|r| {
            r.n = u32::try_from(n).ok();
            r.missing = u32::try_from(missing).ok();
        })
    }

    pub(crate) fn warn(&self, warning: Option<Text>) -> Draft {
        self.with(|r| {
            r.warning = match (r.warning.take(), warning) {
                (Some(a), Some(b)) => {
                    Some(Text::new(format!("{} {}", a.ja, b.ja), format!("{} {}", a.en, b.en)))
                }
                (a, b) => a.or(b),
            }
        })
    }

    fn with(&self, change: impl FnOnce(&mut Row)) -> Draft {
        let mut draft = self.clone();
        change(&mut draft.0);
        draft
    }

    /// The row with its number. What is not finite is no number and says so.
    pub(crate) fn stat(&self, stat: &str, value: Option<f64>) -> Row {
        let mut row = self.0.clone();
        row.stat = stat.to_owned();
        row.value = value.filter(|v| v.is_finite());
        if row.value.is_none() && row.warning.is_none() {
            row.warning = Some(Text::new("推定不能。", "Not estimable."));
        }
        row
    }

    pub(crate) fn count(&self, stat: &str, n: usize) -> Row {
        self.stat(stat, Some(n as f64))
    }

    /// In place of a result: why there is none.
    pub(crate) fn none(&self, stat: &str, why: Text) -> Row {
        self.warn(Some(why)).stat(stat, None)
    }
}

/// What a method remarked, in both languages.
pub(crate) fn told(warnings: &[Warning]) -> Option<Text> {
    let all: Vec<Text> = warnings.iter().map(warning).collect();
    let join = |pick: fn(&Text) -> &str| all.iter().map(pick).collect::<Vec<_>>().join(" ");
    (!all.is_empty()).then(|| Text::new(join(|t| &t.ja), join(|t| &t.en)))
}

fn warning(w: &Warning) -> Text {
    let ja = match w {
        Warning::BeyondLastObservation { .. } => "最後の観察時点より後のため、最後の値を延長しています。",
        Warning::EmptyGroup { .. } => "対象者のいない群があります。",
        Warning::NoEvents => "イベントがありません。",
        Warning::StrataWithoutInformation { .. } => "1群のみ、またはイベントのない層は情報に寄与しません。",
        Warning::CollinearColumns { .. } => "他の変数から決まる変数を除きました。",
        Warning::InfiniteCoefficient { .. } => {
            "ハザード比が0または無限大に発散し、推定できません（一方の群にイベントがない等）。"
        }
        Warning::RobustForFractionalWeights => "重みが整数でないためロバスト分散を用いました。",
        Warning::NoLimits { .. } => "信頼限界は計算できません。",
        Warning::Overflow { .. } => "表現できる範囲を超えました。",
        Warning::Note(_) => "",
    };
    let en = match w {
        // Groups and columns are numbered inside the method; a reader knows arms by name.
        Warning::EmptyGroup { .. } => "A group has no participants.".to_owned(),
        Warning::BeyondLastObservation { .. } => {
            "After the last observation: the last value is carried on.".to_owned()
        }
        Warning::InfiniteCoefficient { .. } => {
            "The hazard ratio runs to 0 or infinity and cannot be estimated (for example no event in one arm).".to_owned()
        }
        Warning::CollinearColumns { .. } => "A term that follows from the others was dropped.".to_owned(),
        other => {
            let s = other.to_string();
            let mut c = s.chars();
            let s: String = c.next().map(|f| f.to_uppercase().chain(c).collect()).unwrap_or_default();
            if s.ends_with('.') { s } else { s + "." }
        }
    };
    Text::new(if ja.is_empty() { en.clone() } else { ja.to_owned() }, en)
}

/// Why a method has no answer, in both languages.
pub(crate) fn refused(e: &StatsError) -> Text {
    let ja = match e {
        StatsError::NoRows => "対象者がいません。".to_owned(),
        StatsError::NoEvents { .. } => "イベントがないため推定できません。".to_owned(),
        StatsError::OneGroup { .. } => "データのある群が1つのみのため、比較できません。".to_owned(),
        StatsError::NoVariance { .. } => "分散が0のため計算できません。".to_owned(),
        StatsError::NoConvergence { .. } => "計算が収束しませんでした。".to_owned(),
        other => format!("計算できません（{other}）。"),
    };
    let en = match e {
        StatsError::NoRows => "There are no participants.".to_owned(),
        StatsError::NoEvents { .. } => "There are no events, so it cannot be estimated.".to_owned(),
        StatsError::OneGroup { .. } => "Only one arm holds data, so there is nothing to compare.".to_owned(),
        other => format!("Cannot be computed: {other}."),
    };
    Text::new(ja, en)
}
