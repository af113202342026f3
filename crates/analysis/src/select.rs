//! Picking rows by what they say.

use crate::{Results, Row};

/// Some rows of a run, in their order.
#[derive(Clone, Debug)]
pub struct Rows<'a>(Vec<&'a Row>);

impl Results {
    /// The rows of one planned analysis.
    pub fn of(&self, analysis: &str) -> Rows<'_> {
        Rows(self.rows.iter().filter(|r| r.analysis == analysis).collect())
    }

    /// The row with this [`Row::key`].
    pub fn row(&self, key: &str) -> Option<&Row> {
        let analysis = key.split('|').next().unwrap_or("");
        self.rows.iter().filter(|r| r.analysis.replace('|', "/") == analysis).find(|r| r.key() == key)
    }
}

impl<'a> Rows<'a> {
    pub fn new(rows: &'a [Row]) -> Rows<'a> {
        Rows(rows.iter().collect())
    }

    pub fn filter(&self, keep: impl Fn(&Row) -> bool) -> Rows<'a> {
        Rows(self.0.iter().copied().filter(|r| keep(r)).collect())
    }

    pub fn method(&self, method: &str) -> Rows<'a> {
        self.filter(|r| r.method == method)
    }

    pub fn variable(&self, variable: &str) -> Rows<'a> {
        self.filter(|r| r.variable == variable)
    }

    pub fn group(&self, group: Option<&str>) -> Rows<'a> {
        self.filter(|r| r.group.as_deref() == group)
    }

    pub fn level(&self, level: Option<&str>) -> Rows<'a> {
        self.filter(|r| r.level.as_deref() == level)
    }

    pub fn stat(&self, stat: &str) -> Rows<'a> {
        self.filter(|r| r.stat == stat)
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a Row> + '_ {
        self.0.iter().copied()
    }

    pub fn first(&self) -> Option<&'a Row> {
        self.0.first().copied()
    }

    /// The value of the first row with this statistic.
    pub fn value(&self, stat: &str) -> Option<f64> {
        self.0.iter().find(|r| r.stat == stat).and_then(|r| r.value)
    }

    /// The same as a count; `None` if it is not a whole number.
    pub fn count(&self, stat: &str) -> Option<u64> {
        self.value(stat).filter(|v| *v >= 0.0 && v.fract() == 0.0 && *v < 1e15).map(|v| v as u64)
    }

    /// The distinct levels, in order of first appearance.
    pub fn levels(&self) -> Vec<&'a str> {
        distinct(self.0.iter().filter_map(|r| r.level.as_deref()))
    }

    pub fn groups(&self) -> Vec<Option<&'a str>> {
        distinct(self.0.iter().map(|r| r.group.as_deref()))
    }

    pub fn variables(&self) -> Vec<&'a str> {
        distinct(self.0.iter().map(|r| r.variable.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}
