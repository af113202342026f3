//! What a text for participants must hold and must not: each rule looks at a text that is told, and each finding has
//! its place in the file.

use super::kind::{Kind, Rules};
use super::numbers::Format;
use super::readings::{Readings, Stretch};
use super::tell::{self, Line, Role, ToldBlock, ToldSection, Whole};
use super::text::{Element, LetterText, sentences};
use protocol::{Diagnostic, Part, Places};
use std::collections::{BTreeMap, BTreeSet};
use words::{Lang, Text};

/// A finding before it has its place: path in the file, byte of the text there.
pub type Finding = (Vec<Part>, usize, Diagnostic);

/// What the rules look at.
pub struct Look<'a> {
    pub kind: Kind,
    pub lang: Lang,
    pub text: &'a LetterText,
    pub whole: &'a Whole,
    pub readings: &'a Readings,
}

/// All findings on one text as it is told.
pub fn lint(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Found { all: look.whole.found.clone() };
    let rules = look.kind.rules();
    digits(look, &mut found);
    sentence_lengths(look, rules, &mut found);
    arms(look, &mut found);
    phrases(look, rules, &mut found);
    people(look, &mut found);
    shares(look, &mut found);
    registration(look, &mut found);
    links(look, &mut found);
    if rules.lay {
        terms(look, &mut found);
        frequencies(look, &mut found);
    }
    if rules.elements {
        elements(look, &mut found);
    }
    result_first(look, &mut found);
    if rules.readings && look.lang == Lang::Ja {
        readings(look, &mut found);
    }
    found.all
}

struct Found {
    all: Vec<Finding>,
}

impl Found {
    fn error(&mut self, path: &[Part], at: usize, code: &str, ja: String, en: String) -> &mut Diagnostic {
        self.push(path, at, Diagnostic::error(code, Text::new(ja, en)))
    }

    fn push(&mut self, path: &[Part], at: usize, diagnostic: Diagnostic) -> &mut Diagnostic {
        let n = self.all.len();
        self.all.push((path.to_vec(), at, diagnostic));
        // Just pushed; the slot is there.
        &mut self.all[n].2
    }
}

fn hint(found: &mut Diagnostic, ja: &str, en: &str) {
    found.hint = Some(Text::new(ja, en));
}

/// The findings with their places, each once.
pub fn placed(found: Vec<Finding>, places: &Places) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> = Vec::new();
    for (path, at, diagnostic) in found {
        let place = if at == 0 { places.at(&path) } else { places.within(&path, at, at + 1) };
        let diagnostic = diagnostic.at(place);
        if !out.contains(&diagnostic) {
            out.push(diagnostic);
        }
    }
    out.sort_by(|a, b| a.place.cmp(&b.place).then(a.code.cmp(&b.code)));
    out
}

/// The words of a line as the writer wrote them: numbers, arms and terms left out.
fn written(line: &Line) -> impl Iterator<Item = (&str, usize)> {
    line.bits.iter().filter(|b| matches!(b.kind, tell::Kind::Words | tell::Kind::Explained)).map(|b| {
        let at = if matches!(b.kind, tell::Kind::Words) { b.at } else { 0 };
        (b.text.as_str(), at)
    })
}

/// Each number is told by reference.
fn digits(look: &Look<'_>, found: &mut Found) {
    let typed: &[&str] = match look.lang {
        Lang::Ja => &[],
        Lang::En => &[
            "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
            "twenty", "thirty", "forty", "fifty", "hundred", "thousand", "twice", "half",
        ],
    };
    let title = std::iter::once(&look.whole.title);
    for line in look.whole.lines().into_iter().map(|l| l.1).chain(title) {
        // An address may hold digits; it is not prose.
        for (words, at) in written(line) {
            let mut rest = words.to_owned();
            for name in &look.text.names {
                rest = rest.replace(name.as_str(), &"_".repeat(name.len()));
            }
            if let Some(n) = rest.find(|c: char| c.is_numeric() && !is_kanji_digit(c)) {
                let d = found.error(
                    &line.path,
                    at + n,
                    "L0101",
                    "数字が直接書かれています。".to_owned(),
                    "A digit is typed into the text.".to_owned(),
                );
                hint(
                    d,
                    "numbers.yaml に数を定義し、{名前} で参照してください。数でない名称は names に加えます。",
                    "Define the number in numbers.yaml and write {name}; add names that hold a digit to `names`.",
                );
            }
            if let Some(n) = kanji_number(&rest) {
                found.error(
                    &line.path,
                    at + n,
                    "L0101",
                    "数が漢数字で直接書かれています。".to_owned(),
                    "A number is typed in kanji.".to_owned(),
                );
            }
            for word in typed {
                if let Some(n) = whole_word(&rest, word) {
                    let (ja, en) = (
                        format!("数が「{word}」と直接書かれています。"),
                        format!("The number \"{word}\" is typed into the text."),
                    );
                    found.error(&line.path, at + n, "L0101", ja, en);
                }
            }
        }
    }
}

fn is_kanji_digit(c: char) -> bool {
    "〇一二三四五六七八九十百千万億".contains(c)
}

/// Where kanji digits count something: 三人, 五年, 二倍. 一次 and 二次 are names of steps.
fn kanji_number(text: &str) -> Option<usize> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let counters = "人年倍割歳回名件例％%";
    chars.windows(2).find_map(|pair| {
        let [(at, a), (_, b)] = pair else { return None };
        (is_kanji_digit(*a) && counters.contains(*b)).then_some(*at)
    })
}

fn whole_word(text: &str, word: &str) -> Option<usize> {
    let lower = text.to_lowercase();
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut from = 0;
    while let Some(n) = lower.get(from..).and_then(|t| t.find(word)).map(|n| n + from) {
        let after = lower.get(n + word.len()..).and_then(|t| t.chars().next());
        if edge(lower.get(..n).and_then(|t| t.chars().next_back())) && edge(after) {
            return Some(n);
        }
        from = n + word.len();
    }
    None
}

fn sentence_lengths(look: &Look<'_>, rules: &Rules, found: &mut Found) {
    let (most, mean) = rules.sentence(look.lang);
    let (mut sum, mut count) = (0usize, 0usize);
    for (_, line, role) in look.whole.lines() {
        if role != Role::Sentences {
            continue;
        }
        for (_, sentence) in sentences(&line.plain(), look.lang) {
            let length = length(sentence, look.lang);
            sum += length;
            count += 1;
            if length > most {
                let start: String = sentence.trim().chars().take(16).collect();
                let d = found.error(
                    &line.path,
                    0,
                    "L0102",
                    format!("文が長すぎます（{length}字、上限{most}字）：「{start}…」"),
                    format!("A sentence is too long ({length} words, at most {most}): \"{start}…\""),
                );
                hint(d, "文を分けてください。", "Make it several sentences.");
            }
        }
    }
    if count > 0 && sum > mean * count {
        let now = sum as f64 / count as f64;
        found.error(
            &["sections".into()],
            0,
            "L0103",
            format!("文の長さの平均が{now:.1}字です（上限{mean}字）。"),
            format!("The mean sentence has {now:.1} words (at most {mean})."),
        );
    }
}

/// Characters in Japanese, words in English.
pub fn length(sentence: &str, lang: Lang) -> usize {
    match lang {
        Lang::Ja => sentence.chars().filter(|c| !c.is_whitespace()).count(),
        Lang::En => sentence.split_whitespace().count(),
    }
}

/// Arms have one name, and A comes before B.
fn arms(look: &Look<'_>, found: &mut Found) {
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

fn blocks(whole: &Whole) -> impl Iterator<Item = (usize, &ToldSection, &ToldBlock)> {
    whole.sections.iter().flat_map(|s| s.blocks.iter().enumerate().map(move |(i, b)| (i, s, b)))
}

/// Words that a text of this kind must not use.
fn phrases(look: &Look<'_>, rules: &Rules, found: &mut Found) {
    type Word = (&'static str, &'static str, &'static str);
    const STATISTICS: [Word; 12] = [
        ("ハザード", "統計の用語です", "a statistician's word"),
        ("p値", "統計の用語です", "a statistician's word"),
        ("P値", "統計の用語です", "a statistician's word"),
        ("ｐ値", "統計の用語です", "a statistician's word"),
        ("有意", "統計の用語です", "a statistician's word"),
        ("信頼区間", "統計の用語です", "a statistician's word"),
        ("hazard", "統計の用語です", "a statistician's word"),
        ("p-value", "統計の用語です", "a statistician's word"),
        ("p value", "統計の用語です", "a statistician's word"),
        ("significant", "統計の用語です", "a statistician's word"),
        ("confidence interval", "統計の用語です", "a statistician's word"),
        ("log-rank", "統計の用語です", "a statistician's word"),
    ];
    const CLAIMS: [Word; 16] = [
        ("画期的", "宣伝の言葉です", "a word of advertising"),
        ("奇跡", "宣伝の言葉です", "a word of advertising"),
        ("夢の", "宣伝の言葉です", "a word of advertising"),
        ("完治", "約束になります", "a promise"),
        (
            "がんが消え",
            "局所再発がないことは、がんが消えたことではありません",
            "no local relapse is not \"gone\"",
        ),
        (
            "がんは消え",
            "局所再発がないことは、がんが消えたことではありません",
            "no local relapse is not \"gone\"",
        ),
        ("がんが存在しない", "調べて見つからないことと同じではありません", "not the same as not found"),
        ("治療を変えて", "治療を勧める言葉です", "advice on treatment"),
        ("勧めします", "治療を勧める言葉です", "advice on treatment"),
        ("breakthrough", "宣伝の言葉です", "a word of advertising"),
        ("miracle", "宣伝の言葉です", "a word of advertising"),
        ("promising", "宣伝の言葉です", "a word of advertising"),
        ("cured", "約束になります", "a promise"),
        (
            "cancer has vanished",
            "局所再発がないことは、がんが消えたことではありません",
            "no local relapse is not \"gone\"",
        ),
        (
            "cancer is gone",
            "局所再発がないことは、がんが消えたことではありません",
            "no local relapse is not \"gone\"",
        ),
        ("you should", "治療を勧める言葉です", "advice on treatment"),
    ];
    let statistics: &[Word] = if rules.lay { &STATISTICS } else { &[] };
    for (_, line, _) in look.whole.lines() {
        let plain = line.plain().to_lowercase();
        for (word, ja, en) in statistics.iter().chain(&CLAIMS) {
            if plain.contains(&word.to_lowercase()) {
                let at =
                    written(line).find_map(|(t, at)| Some(at + t.to_lowercase().find(&word.to_lowercase())?));
                found.error(
                    &line.path,
                    at.unwrap_or(0),
                    "L0106",
                    format!("「{word}」は使えません（{ja}）。"),
                    format!("\"{word}\" is not for this text ({en})."),
                );
            }
        }
        if rules.lay {
            for (bit, name, format, _) in line.numbers() {
                if matches!(format, Format::P | Format::Decimal) {
                    found.error(
                        &line.path,
                        bit.at,
                        "L0106",
                        format!("「{name}」は統計の数値のまま示せません。"),
                        format!("\"{name}\" is not told as a bare statistic here."),
                    );
                }
            }
        }
    }
}

/// Nobody is named.
fn people(look: &Look<'_>, found: &mut Found) {
    const NOBODY: [&str; 14] = [
        "患者",
        "皆",
        "みな",
        "ご家族",
        "家族",
        "お客",
        "担当医",
        "医師",
        "代表",
        "娘",
        "息子",
        "お子",
        "親御",
        "方々",
    ];
    for (_, line, _) in look.whole.lines() {
        for (words, at) in written(line) {
            match look.lang {
                Lang::Ja => {
                    for title in ["さん", "様", "氏", "先生", "殿"] {
                        for (n, _) in words.match_indices(title) {
                            let before = &words[..n];
                            let named = before.chars().next_back().is_some_and(|c| {
                                super::readings::is_kanji(c) || ('\u{30A1}'..='\u{30FA}').contains(&c)
                            });
                            // 仕様, 同様, 模様 and the like are no address.
                            let word =
                                title == "様" && before.ends_with(['同', '仕', '模', '多', '一', '有', '異']);
                            if named && !word && !NOBODY.iter().any(|w| before.ends_with(w)) {
                                named_person(found, line, at + n);
                            }
                        }
                    }
                }
                Lang::En => {
                    for title in [
                        "Mr ",
                        "Mrs ",
                        "Ms ",
                        "Miss ",
                        "Mr. ",
                        "Mrs. ",
                        "Ms. ",
                        "Dr ",
                        "Dr. ",
                        "Prof. ",
                        "Professor ",
                    ] {
                        if let Some(n) = words.find(title) {
                            let next = words[n + title.len()..].chars().next();
                            if next.is_some_and(char::is_uppercase) {
                                named_person(found, line, at + n);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn named_person(found: &mut Found, line: &Line, at: usize) {
    let d = found.error(
        &line.path,
        at,
        "L0107",
        "個人の名前が書かれているようです。".to_owned(),
        "A person seems to be named.".to_owned(),
    );
    hint(
        d,
        "役割で書くか、手書きの欄にしてください。",
        "Name the role, or leave a line to be filled in by hand.",
    );
}

/// A percentage is never alone: the same number as so many of 100 stands in the same line.
fn frequencies(look: &Look<'_>, found: &mut Found) {
    for (_, line, _) in look.whole.lines() {
        let natural: BTreeSet<&str> = line
            .numbers()
            .filter(|(_, _, f, _)| matches!(f, Format::Frequency | Format::Of100))
            .map(|(_, name, _, _)| name)
            .collect();
        for (bit, name, format, _) in line.numbers() {
            if format == Format::Percent && !natural.contains(name) {
                found.error(
                    &line.path,
                    bit.at,
                    "L0108",
                    format!("割合「{name}」に「100人中何人」が添えられていません。"),
                    format!("The percentage \"{name}\" stands without \"so many in every 100\"."),
                );
            }
        }
        for (words, at) in written(line) {
            if let Some(n) = words.find(['%', '％']).or_else(|| words.find("パーセント")) {
                found.error(
                    &line.path,
                    at + n,
                    "L0108",
                    "百分率が直接書かれています。".to_owned(),
                    "A percentage is typed into the text.".to_owned(),
                );
            }
        }
    }
}

/// Whom a share is a share of is said in the same section, in people.
fn shares(look: &Look<'_>, found: &mut Found) {
    for section in &look.whole.sections {
        let lines: Vec<&Line> =
            section.blocks.iter().flat_map(|b| b.lines().into_iter().map(|l| l.0)).collect();
        let mut said: BTreeSet<u64> = BTreeSet::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for (_, name, format, told) in lines.iter().flat_map(|l| l.numbers()) {
            match (format, told) {
                (Format::Of, Some(told)) => {
                    said.extend(told.of.map(u64::from));
                    names.insert(name);
                }
                (Format::People, Some(told)) => said.extend(told.count.map(|n| n as u64)),
                (Format::Of | Format::People, None) => {
                    names.insert(name);
                }
                _ => {}
            }
        }
        for line in lines {
            for (bit, name, format, told) in line.numbers() {
                let there = match told.and_then(|t| t.of) {
                    Some(of) => said.contains(&u64::from(of)),
                    None => !names.is_empty(),
                };
                if format.is_share() && !there {
                    let d = found.error(
                        &line.path,
                        bit.at,
                        "L0109",
                        format!("割合「{name}」の分母（何人のうちか）が、この節に書かれていません。"),
                        format!("Whom \"{name}\" is a share of is not said in this section."),
                    );
                    hint(d, "{名前:of} で人数を書いてください。", "Say the number of people with {name:of}.");
                }
            }
        }
    }
}

/// "Registered" alone does not say when: this trial registers more than once.
fn registration(look: &Look<'_>, found: &mut Found) {
    for (_, line, _) in look.whole.lines() {
        let plain = line.plain();
        match look.lang {
            Lang::Ja => {
                for word in ["登録から", "登録して", "登録後", "登録時", "登録の時", "登録の日", "登録された"]
                {
                    for (n, _) in plain.match_indices(word) {
                        let before = &plain[..n];
                        if !["一次", "二次", "最初の", "はじめの"].iter().any(|w| before.ends_with(w))
                        {
                            which(found, line, word);
                        }
                    }
                }
            }
            Lang::En => {
                for word in ["since registration", "after registration", "at registration", "of registration"]
                {
                    if plain.contains(word) {
                        which(found, line, word);
                    }
                }
            }
        }
    }
}

fn which(found: &mut Found, line: &Line, word: &str) {
    found.error(
        &line.path,
        0,
        "L0110",
        format!("「{word}」では、一次登録か二次登録か分かりません。"),
        format!("\"{word}\" does not say which registration."),
    );
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

fn links(look: &Look<'_>, found: &mut Found) {
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
fn terms(look: &Look<'_>, found: &mut Found) {
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
fn elements(look: &Look<'_>, found: &mut Found) {
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
fn result_first(look: &Look<'_>, found: &mut Found) {
    let Some((i, section)) =
        look.text.sections.iter().enumerate().find(|(_, s)| s.elements.contains(&Element::Results))
    else {
        return;
    };
    let path: Vec<Part> = vec!["sections".into(), i.into(), "blocks".into(), 0usize.into()];
    let chosen = match section.blocks.first() {
        Some(super::text::Part::Choose(choose)) if choose.on != tell::READER => choose,
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
            Some(super::text::Part::P(text) | super::text::Part::Notice(text)) => {
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

/// Every run of kanji has its reading.
fn readings(look: &Look<'_>, found: &mut Found) {
    let mut told: BTreeMap<String, ()> = BTreeMap::new();
    for (_, line, _) in look.whole.lines() {
        let plain = line.plain();
        let stretches = look.readings.read(&plain);
        let mut at = 0;
        for stretch in &stretches {
            if let Stretch::Open(run) = stretch
                && told.insert((*run).to_owned(), ()).is_none()
            {
                let sentence = sentences(&plain, Lang::Ja)
                    .into_iter()
                    .find(|(from, s)| (*from..from + s.len()).contains(&at))
                    .map_or(plain.as_str(), |s| s.1);
                let d = found.error(
                    &line.path,
                    0,
                    "L0302",
                    format!("「{run}」の読みが表にありません：{}", sentence.trim()),
                    format!("No reading covers \"{run}\": {}", sentence.trim()),
                );
                hint(d, "readings.tsv に加えてください。", "Add it to readings.tsv.");
            }
            at += stretch.base().len();
        }
    }
}
