//! What is wrong with a rule, where, and what to write instead.

use std::ops::Range;
use words::Text;

/// One mistake in the text of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Bytes of the source that are at fault; may be empty, then it is the place where something is missing.
    pub span: Range<usize>,
    /// Stable name of the kind of mistake.
    pub code: &'static str,
    pub message: Text,
    pub expected: Option<Text>,
    pub hint: Option<Text>,
}

impl Diagnostic {
    pub(crate) fn new(
        span: Range<usize>,
        code: &'static str,
        ja: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Diagnostic { span, code, message: Text::new(ja, en), expected: None, hint: None }
    }

    pub(crate) fn expected(mut self, expected: Text) -> Self {
        self.expected = Some(expected);
        self
    }

    pub(crate) fn hint(mut self, ja: impl Into<String>, en: impl Into<String>) -> Self {
        self.hint = Some(Text::new(ja, en));
        self
    }

    /// Adds "did you mean" if there is something near.
    pub(crate) fn did_you_mean(self, near: Option<&str>) -> Self {
        match near {
            Some(near) => self.hint(format!("`{near}` ではありませんか"), format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

/// The candidate that differs least from `word`, if it is near enough to be a slip of the hand.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = word.chars().take(65).flat_map(char::to_lowercase).collect();
    if wanted.len() > 64 {
        return None;
    }
    // Codes such as `0` and `2+` are all near each other: a short word must agree but for its case.
    let allowed = match wanted.len() {
        0..=2 => 0,
        n => 1 + n / 4,
    };
    candidates
        .map(|c| (distance(&wanted, &c.chars().flat_map(char::to_lowercase).collect::<Vec<_>>()), c))
        .filter(|(d, _)| *d <= allowed)
        .min()
        .map(|(_, c)| c)
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    if a.len().abs_diff(b.len()) > 20 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mut best =
                (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_finds_its_word_and_another_word_does_not() {
        let words = ["menopausal_status", "age", "sex", "er_percent"];
        assert_eq!(nearest("menopasual_status", words.into_iter()), Some("menopausal_status"));
        assert_eq!(nearest("agee", words.into_iter()), Some("age"));
        assert_eq!(nearest("Sex", words.into_iter()), Some("sex"));
        assert_eq!(nearest("haemoglobin", words.into_iter()), None);
    }
}
