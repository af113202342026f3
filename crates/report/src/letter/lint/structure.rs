//! Rules about the whole: arms, links, terms, the ten elements, the result first.

use super::wording::whole_word;
use super::{Found, Look, blocks, hint, written};
use crate::letter::tell::{self, Line, Role, ToldBlock};
use crate::letter::text::{self, Element, sentences};
use protocol::{Diagnostic, Part};
use std::collections::BTreeSet;
use words::{Lang, Text};

/// Arms have one name, and A comes before B.
pub(super) fn arms(look: &Look<'_>, found: &mut Found) {
    let order: Vec<&str> = look.text.arms.keys().map(String::as_str).collect();
    let rank = |id: &str| order.iter().position(|o| *o == id);
    for (section, line, role) in look.whole.lines() {
        if role == Role::Glossary {
            continue;
        }
        for (words, at) in written(line) {
            for id in &order {
                let names = match look.lang {
                    Lang::Ja => vec![format!("{id}群")],
                    Lang::En => vec![
                        format!("Group {id}"),
                        format!("group {id}"),
                        format!("Arm {id}"),
                        format!("arm {id}"),
                    ],
                };
                for name in names {
                    if let Some(n) = words.find(&name) {
                        found.error(
                            &line.path,
                            at + n,
                            "L0104",
                            format!(
                                "群の呼び名は {{arm:{id}}} と書いてください（いつも同じ呼び名にするため）。"
                            ),
                            format!("Write {{arm:{id}}}, so that the arm always has the same name."),
                        );
                    }
                }
            }
        }
        for (_, sentence) in split_bits(line, look.lang) {
            let ranks: Vec<usize> = sentence
                .iter()
                .filter_map(|b| match &b.kind {
                    tell::Kind::Arm { id } => rank(id),
                    _ => None,
                })
                .collect();
            let mut first: Vec<usize> = Vec::new();
            ranks.into_iter().for_each(|r| {
                if !first.contains(&r) {
                    first.push(r);
                }
            });
            if first.windows(2).any(|w| w[0] > w[1]) {
                found.error(
                    &line.path,
                    0,
                    "L0105",
                    format!("「{}」の中で群の順序が入れ替わっています。", section.heading.plain()),
                    format!("The arms change their order within \"{}\".", section.heading.plain()),
                );
            }
        }
    }
    for (_, _, block) in blocks(look.whole) {
        if let ToldBlock::Table { head, .. } = block {
            let ranks: Vec<usize> = head
                .iter()
                .flat_map(|l| l.bits.iter())
                .filter_map(|b| if let tell::Kind::Arm { id } = &b.kind { rank(id) } else { None })
                .collect();
            if ranks.windows(2).any(|w| w[0] > w[1]) {
                found.error(
                    &head[0].path,
                    0,
                    "L0105",
                    "表の列で群の順序が入れ替わっています。".to_owned(),
                    "The arms change their order in the columns of a table.".to_owned(),
                );
            }
        }
    }
}

/// The bits of a line sentence by sentence.
fn split_bits(line: &Line, lang: Lang) -> Vec<(usize, Vec<&tell::Bit>)> {
    let mut out: Vec<(usize, Vec<&tell::Bit>)> = vec![(0, Vec::new())];
    for bit in &line.bits {
        let stops = matches!(bit.kind, tell::Kind::Words)
            .then(|| match lang {
                Lang::Ja => bit.text.contains(['。', '！', '？']),
                Lang::En => bit.text.contains(". ") || bit.text.ends_with('.'),
            })
            .unwrap_or(false);
        if let Some(last) = out.last_mut() {
            last.1.push(bit);
        }
        if stops {
            out.push((bit.at, vec![bit]));
        }
    }
    out
}

/// Where a reader may be sent.
const HOSTS: [&str; 10] = [
    "jrct.niph.go.jp",
    "jrct.mhlw.go.jp",
    "www.umin.ac.jp",
    "center6.umin.ac.jp",
    "jcog.jp",
    "www.jcog.jp",
    "ganjoho.jp",
    "clinicaltrials.gov",
    "euclinicaltrials.eu",
    "doi.org",
];

pub(super) fn links(look: &Look<'_>, found: &mut Found) {
    for (_, _, block) in blocks(look.whole) {
        let ToldBlock::Links(all) = block else { continue };
        for (url, line) in all {
            if let Err((ja, en)) = address(url) {
                found.error(
                    &line.path,
                    0,
                    "L0111",
                    format!("リンク「{url}」：{ja}"),
                    format!("The link \"{url}\": {en}"),
                );
            }
        }
    }
    for (_, line, _) in look.whole.lines() {
        for (words, at) in written(line) {
            if let Some(n) = words.find("://").or_else(|| words.find("www.")) {
                let d = found.error(
                    &line.path,
                    at + n,
                    "L0111",
                    "アドレスが直接書かれています。".to_owned(),
                    "An address is typed into the text.".to_owned(),
                );
                hint(
                    d,
                    "numbers.yaml の links に加えて links で示してください。",
                    "Add it to `links` of numbers.yaml.",
                );
            }
        }
    }
}

/// Whether an address is one to which a letter may lead: https, a known host, no port, no user, plain characters.
pub fn address(url: &str) -> Result<(), (&'static str, &'static str)> {
    let Some(rest) = url.strip_prefix("https://") else {
        return Err(("https:// で始まりません。", "it does not begin with https://."));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if !HOSTS.contains(&host) {
        return Err((
            "許可された行き先ではありません。",
            "its host is not on the list of places to send a reader to.",
        ));
    }
    if !url.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#&=%+".contains(c)) || url.contains("..") {
        return Err(("使えない文字があります。", "it holds characters that an address has not."));
    }
    Ok(())
}

/// A term is explained where it is read first.
pub(super) fn terms(look: &Look<'_>, found: &mut Found) {
    let mut explained: BTreeSet<&str> = BTreeSet::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (_, line, role) in look.whole.lines() {
        if role == Role::Glossary {
            continue;
        }
        for bit in &line.bits {
            match &bit.kind {
                tell::Kind::Term { id } => {
                    if let Some(term) = look.text.glossary.iter().find(|t| t.id == *id)
                        && !explained.insert(&term.id)
                    {
                        let d = found.push(
                            &line.path,
                            bit.at,
                            Diagnostic::warning(
                                "L0113",
                                Text::new(
                                    format!("「{}」は前に説明しています。", term.term),
                                    format!("\"{}\" was explained before.", term.term),
                                ),
                            ),
                        );
                        hint(
                            d,
                            "2回目からは語だけを書きます。",
                            "From the second time on, write the word alone.",
                        );
                    }
                }
                tell::Kind::Words | tell::Kind::Explained => {
                    for term in &look.text.glossary {
                        let hit = match look.lang {
                            Lang::Ja => bit.text.find(&term.term),
                            Lang::En => whole_word(&bit.text, &term.term.to_lowercase()),
                        };
                        let inside_longer = look.text.glossary.iter().any(|t| {
                            t.term.len() > term.term.len()
                                && t.term.contains(&term.term)
                                && bit.text.contains(&t.term)
                        });
                        if let Some(n) = hit.filter(|_| !inside_longer)
                            && !explained.contains(term.id.as_str())
                            && told.insert(&term.id)
                        {
                            let d = found.error(
                                &line.path,
                                if matches!(bit.kind, tell::Kind::Words) { bit.at + n } else { 0 },
                                "L0112",
                                format!("用語「{}」が説明なしに使われています。", term.term),
                                format!("The term \"{}\" is used before it is explained.", term.term),
                            );
                            d.hint = Some(Text::same(format!("{{term:{}}}", term.id)));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let unused = look.text.glossary.iter().enumerate().filter(|(_, t)| !explained.contains(t.id.as_str()));
    for (i, term) in unused {
        if !told.contains(term.id.as_str()) {
            let path: Vec<Part> = vec!["glossary".into(), i.into()];
            found.push(
                &path,
                0,
                Diagnostic::warning(
                    "L0113",
                    Text::new(
                        format!("用語「{}」は本文で説明されていません。", term.term),
                        format!("The term \"{}\" is not explained anywhere in the text.", term.term),
                    ),
                ),
            );
        }
    }
    if !blocks(look.whole).any(|(_, _, b)| matches!(b, ToldBlock::Glossary { .. }))
        && !look.text.glossary.is_empty()
    {
        found.error(
            &["glossary".into()],
            0,
            "L0112",
            "用語集（glossary のブロック）が本文にありません。".to_owned(),
            "No block shows the glossary.".to_owned(),
        );
    }
}

/// The ten elements of Annex V.
pub(super) fn elements(look: &Look<'_>, found: &mut Found) {
    let said: BTreeSet<Element> = look
        .whole
        .sections
        .iter()
        .filter(|s| s.blocks.iter().any(|b| b.lines().iter().any(|(l, _)| !l.plain().trim().is_empty())))
        .flat_map(|s| s.elements.iter().copied())
        .collect();
    for (element, ja, en) in Element::ALL {
        if !said.contains(&element) {
            found.error(
                &["sections".into()],
                0,
                "L0114",
                format!("欠かせない項目「{ja}」がありません。"),
                format!("One of the ten elements is missing: {en}."),
            );
        }
    }
}

/// The answer of the main question stands in the first lines of the results, whatever it is.
pub(super) fn result_first(look: &Look<'_>, found: &mut Found) {
    let Some((i, section)) =
        look.text.sections.iter().enumerate().find(|(_, s)| s.elements.contains(&Element::Results))
    else {
        return;
    };
    let path: Vec<Part> = vec!["sections".into(), i.into(), "blocks".into(), 0usize.into()];
    let chosen = match section.blocks.first() {
        Some(text::Part::Choose(choose)) if choose.on != tell::READER => choose,
        _ => {
            found.error(
                &path,
                0,
                "L0115",
                "結果の節の最初は、主たる結果の文（結果によって選ばれる文）でなければなりません。".to_owned(),
                "The results must begin with the main result, in words that the result rows choose."
                    .to_owned(),
            );
            return;
        }
    };
    for (answer, blocks) in &chosen.answers {
        let says = match blocks.first() {
            Some(text::Part::P(text) | text::Part::Notice(text)) => {
                sentences(text, look.lang).first().map(|s| s.1.to_owned())
            }
            _ => None,
        };
        let Some(says) = says else {
            let mut path = path.clone();
            path.extend(["choose".into(), "answers".into(), Part::from(answer)]);
            found.error(
                &path,
                0,
                "L0115",
                format!("「{answer}」のときの最初の文がありません。"),
                format!("The answer \"{answer}\" does not begin with a sentence."),
            );
            continue;
        };
        // Answers of which the name says no must say no in their first sentence.
        let no = answer.starts_with("not_") || answer == "worse";
        let denies = match look.lang {
            Lang::Ja => ["ません", "短", "できず"].iter().any(|w| says.contains(w)),
            Lang::En => ["not", "no", "shorter", "cannot"].iter().any(|w| whole_word(&says, w).is_some()),
        };
        if no && !denies {
            let mut path = path.clone();
            path.extend(["choose".into(), "answers".into(), Part::from(answer), 0usize.into()]);
            found.error(
                &path,
                0,
                "L0115",
                "良くない結果、または分からない結果が、最初の文で言われていません。".to_owned(),
                "A negative or unclear result is not said in the first sentence.".to_owned(),
            );
        }
    }
}
