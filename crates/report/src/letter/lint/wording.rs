//! Rules about words: numbers typed, long sentences, statisticians' words and promises, names, which registration.

use super::{Found, Look, hint, written};
use crate::letter::kind::Rules;
use crate::letter::numbers::Format;
use crate::letter::tell::{Line, Role};
use crate::letter::text::sentences;
use words::Lang;

/// Each number is told by reference.
pub(super) fn digits(look: &Look<'_>, found: &mut Found) {
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

pub(super) fn whole_word(text: &str, word: &str) -> Option<usize> {
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

pub(super) fn sentence_lengths(look: &Look<'_>, rules: &Rules, found: &mut Found) {
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

/// Words that a text of this kind must not use.
pub(super) fn phrases(look: &Look<'_>, rules: &Rules, found: &mut Found) {
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
                if matches!(format, Format::P | Format::Decimal | Format::Level) {
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
pub(super) fn people(look: &Look<'_>, found: &mut Found) {
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
                                crate::letter::readings::is_kanji(c) || ('\u{30A1}'..='\u{30FA}').contains(&c)
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

/// "Registered" alone does not say when: this trial registers more than once.
pub(super) fn registration(look: &Look<'_>, found: &mut Found) {
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
