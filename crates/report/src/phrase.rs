//! Short phrases that figures, tables and text share, made from rows and the protocol's words.

use crate::say;
use analysis::Rows;
use protocol::{Item, ItemKind, Protocol, Section};
use words::{Lang, Text, number};

/// `0.86 (0.69–1.07)`, alike in both languages so that columns align.
pub(crate) fn parens(value: &str, inside: &str) -> String {
    format!("{value} ({inside})")
}

/// Full sentences, one after the other.
pub(crate) fn sentences(parts: &[Text]) -> Text {
    let join = |lang: Lang, stop: &str| -> String {
        parts
            .iter()
            .map(|p| p.get(lang).trim())
            .filter(|p| !p.is_empty())
            .map(|p| format!("{}{stop}", p.trim_end_matches(['.', '。'])))
            .collect()
    };
    Text::new(join(Lang::Ja, "。"), join(Lang::En, ". ").trim_end().to_owned())
}

/// The named option of the first row that has it.
pub(crate) fn option<'a>(rows: &Rows<'a>, name: &str) -> Option<&'a str> {
    rows.iter().flat_map(|r| &r.options).find(|(k, _)| k == name).map(|(_, v)| v.as_str())
}

/// The confidence level as a percentage: `90%`.
pub(crate) fn level(rows: &Rows<'_>) -> Option<Text> {
    let level: f64 = option(rows, "level")?.parse().ok()?;
    let decimals = if (level * 100.0).fract().abs() < 1e-9 { 0 } else { 1 };
    Some(Text::same(number::percent(level, decimals)))
}

/// The planned comparison in lines: 「ハザード比（B/A）0.857（90%信頼区間 0.686–1.072）」 for each arm against the reference,
/// then the log-rank test, which of more than two arms says that it compares all of them.
pub(crate) fn comparison(rows: &Rows<'_>) -> Vec<Text> {
    let cox = rows.filter(|r| r.method == "cox" && r.group.is_none());
    let contrasts = cox.levels();
    let ratios = contrasts.iter().filter_map(|contrast| hazard_ratio(&cox, contrast));
    let test = log_rank(rows).map(|test| match contrasts.len() {
        0 | 1 => test,
        n => {
            say::text_with("phrase-of-all-arms", &[("n", &Text::same((n + 1).to_string())), ("test", &test)])
        }
    });
    ratios.chain(test).collect()
}

fn hazard_ratio(cox: &Rows<'_>, contrast: &str) -> Option<Text> {
    let cox = cox.level(Some(contrast));
    let value = cox.value("hazard_ratio")?;
    let level = level(&cox).unwrap_or_default();
    let limits = |lang| {
        let digits = |stat: &str| cox.value(stat).map(|v| number::fixed(v, 3));
        number::interval(digits("lower"), digits("upper"), lang)
    };
    let (ja, en) = (limits(Lang::Ja), limits(Lang::En));
    let hr = Text::same(number::fixed(value, 3));
    let contrast = Text::same(contrast);
    Some(say::text_with(
        "phrase-hazard-ratio",
        &[("hr", &hr), ("level", &level), ("limits", &Text::new(ja, en)), ("contrast", &contrast)],
    ))
}

/// 「log-rank検定（片側）p=0.1283」
fn log_rank(rows: &Rows<'_>) -> Option<Text> {
    let test = rows.filter(|r| r.method == "log-rank" || r.method == "stratified log-rank");
    let p = test.stat("p").first()?;
    let p_text = number::p_value(p.value?);
    let p_text = if p_text.starts_with(['<', '>']) { format!("p{p_text}") } else { format!("p={p_text}") };
    let one = option(&test, "sided") == Some("one");
    let stratified = p.method == "stratified log-rank";
    let key = match (one, stratified) {
        (true, false) => "phrase-log-rank-one",
        (false, false) => "phrase-log-rank-two",
        (true, true) => "phrase-log-rank-one-stratified",
        (false, true) => "phrase-log-rank-two-stratified",
    };
    Some(say::text_with(key, &[("p", &Text::same(p_text))]))
}

/// The words of a duration as a row's level writes it (`5 years`); `None` where it is no duration.
pub(crate) fn duration(level: &str) -> Option<Text> {
    level.parse::<rules::Duration>().ok().map(rules::Duration::text)
}

/// An item of any form by path (`form.item`, or `participant.site` and the like).
pub(crate) fn find_item<'a>(protocol: &'a Protocol, path: &str) -> Option<&'a Item> {
    let (form, id) = path.split_once('.')?;
    let sections: &[Section] = &protocol.forms.get(form)?.sections;
    sections.iter().flat_map(|s| &s.items).find(|i| i.id == id)
}

pub(crate) fn item(protocol: &Protocol, path: &str) -> Text {
    match find_item(protocol, path) {
        Some(item) => Text::new(&item.ja, &item.en),
        None if path == "duration" => say::text("exposure-duration"),
        None if path == "dose_intensity" => say::text("exposure-dose-intensity"),
        None if path == "participant.site" || path == "site" => say::text("site"),
        None => Text::same(path),
    }
}

/// A level of an item: the code's words, yes or no, a factor's level.
pub(crate) fn code(protocol: &Protocol, path: &str, code: &str) -> Text {
    if let Some(item) = find_item(protocol, path) {
        if let Some(words) = item.codes.get(code) {
            return words.clone();
        }
        if item.kind == ItemKind::Boolean {
            return say::text(if code == "true" { "yes" } else { "no" });
        }
    }
    let levels = protocol
        .allocation
        .values()
        .flat_map(|a| &a.factors)
        .filter(|f| f.item == path)
        .flat_map(|f| &f.levels);
    levels.into_iter().find(|l| l.id == code).map_or_else(|| Text::same(code), |l| Text::new(&l.ja, &l.en))
}

/// A unit as people write it: UCUM's `a` is a year.
pub(crate) fn unit(lang: Lang, unit: Option<&str>) -> Option<String> {
    Some(match (unit?, lang) {
        ("a", Lang::Ja) => "歳".to_owned(),
        ("a", Lang::En) => "years".to_owned(),
        ("years", Lang::Ja) => "年".to_owned(),
        ("mo" | "months", Lang::Ja) => "か月".to_owned(),
        ("mo", Lang::En) => "months".to_owned(),
        ("d", Lang::Ja) => "日".to_owned(),
        ("d", Lang::En) => "days".to_owned(),
        ("/mm3" | "/uL", _) => "/mm³".to_owned(),
        ("10*4/mm3" | "10*4/uL", Lang::Ja) => "万/mm³".to_owned(),
        ("10*4/mm3" | "10*4/uL", Lang::En) => "×10,000/mm³".to_owned(),
        (other, _) => other.replace(['{', '}'], ""),
    })
}

/// An arm as it is told to professionals: its id and full name.
pub(crate) fn arm_name(protocol: &Protocol, arm: &str, lang: Lang) -> String {
    protocol
        .arms
        .get(arm)
        .map_or_else(|| arm.to_owned(), |a| format!("{arm} {}", if lang == Lang::Ja { &a.ja } else { &a.en }))
}

/// A value of an item in the reader's words. `columns` names the columns of a list as it was stored.
pub(crate) fn value(item: &Item, value: &rules::Value, columns: Option<&[String]>, lang: Lang) -> String {
    use rules::Value;
    match value {
        Value::Missing(kind) => kind.text().get(lang).to_owned(),
        Value::Boolean(b) => say::get(lang, if *b { "yes" } else { "no" }),
        Value::Integer(n) => n.to_string(),
        Value::Decimal(d) => d.to_string(),
        Value::Code(code) => item.codes.get(&**code).map_or(code.to_string(), |w| w.get(lang).to_owned()),
        Value::Text(s) => s.to_string(),
        Value::Date(d) => words::calendar::partial(*d, lang),
        Value::Duration(d) => d.text().get(lang).to_owned(),
        Value::List(list) => {
            let record = |record: &[Value]| {
                let cells = record.iter().enumerate().filter_map(|(at, value_here)| {
                    let part = match columns {
                        Some(names) => item.items.iter().find(|i| names.get(at) == Some(&i.id)),
                        None => item.items.get(at),
                    }?;
                    let name = if lang == Lang::Ja { &part.ja } else { &part.en };
                    Some(format!("{name}: {}", self::value(part, value_here, None, lang)))
                });
                cells.collect::<Vec<_>>().join("; ")
            };
            let mut lines: Vec<String> = list.records.iter().map(|r| record(r)).collect();
            if lines.is_empty() {
                lines.push(say::get(lang, "no-records"));
            }
            if !list.complete {
                lines.push(say::get(lang, "records-so-far"));
            }
            lines.join("\n")
        }
    }
}

pub(crate) fn set(protocol: &Protocol, id: &str) -> Text {
    protocol.sets.get(id).map_or_else(|| Text::same(id), |s| Text::new(&s.ja, &s.en))
}

pub(crate) fn step(protocol: &Protocol, id: &str) -> Text {
    protocol.steps.get(id).map_or_else(|| Text::same(id), |s| s.title())
}

/// A method as rows write it.
pub(crate) fn method(name: &str) -> Text {
    let key = format!("method-{}", name.replace(' ', "-"));
    if say::has(&key) { say::text(&key) } else { Text::same(name) }
}

/// Facts in words, any of which counts.
pub(crate) fn facts(protocol: &Protocol, ids: &[String]) -> Text {
    let titles: Vec<Text> = ids
        .iter()
        .map(|id| protocol.facts.get(id).map_or_else(|| Text::same(id), |f| Text::new(&f.ja, &f.en)))
        .collect();
    let join = |lang: Lang, joint: &str| titles.iter().map(|t| t.get(lang)).collect::<Vec<_>>().join(joint);
    Text::new(join(Lang::Ja, "・"), join(Lang::En, " or "))
}

/// Where a participant stands at the cut-off (`follow_up` rows).
pub(crate) fn state(protocol: &Protocol, state: &str) -> Text {
    reason(protocol, "", state)
}

/// Why somebody left the flow (`…/reason` of flow rows): a criterion, a fact, or one of the fixed reasons.
pub(crate) fn reason(protocol: &Protocol, step: &str, reason: &str) -> Text {
    if let Some(id) = reason.strip_prefix("criterion:") {
        let criterion = protocol.steps.get(step).and_then(|s| s.criteria.iter().find(|c| c.id == id));
        return match criterion {
            Some(c) => say::text_with(
                "reason-criterion",
                &[("id", &Text::same(id)), ("text", &Text::new(&c.ja, &c.en))],
            ),
            None => Text::same(id),
        };
    }
    // What a form gives as the reason.
    if let Some((path, found)) = reason.strip_prefix("item:").and_then(|r| r.split_once('=')) {
        return code(protocol, path, found);
    }
    if let Some(id) = reason.strip_prefix("fact:") {
        return protocol.facts.get(id).map_or_else(|| Text::same(id), |f| Text::new(&f.ja, &f.en));
    }
    let key = format!("reason-{}", reason.replace('_', "-"));
    if say::has(&key) { say::text(&key) } else { Text::same(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_once() {
        let t = sentences(&[Text::new("一つ。", "One."), Text::default(), Text::new("二つ", "Two")]);
        assert_eq!(t, Text::new("一つ。二つ。", "One. Two."));
    }
}
