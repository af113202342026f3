//! The letter of JCOG1017 from simulated rows: its words, its rules, its variants.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use analysis::Results;
use protocol::{Compiled, Diagnostic};
use report::Document;
use report::document::{Block, Inline, plain};
use report::letter::{Ask, Draft, Kind, Letters, Reader, Standing, address};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use words::Lang;

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    here().join("../../studies/jcog1017")
}

fn files() -> BTreeMap<String, Vec<u8>> {
    let names = std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    let texts = ["letter.", "press.", "summary.", "numbers.", "readings."];
    names
        .filter(|n| texts.iter().any(|t| n.starts_with(t)))
        .map(|n| (n.clone(), std::fs::read(folder().join(n)).unwrap()))
        .collect()
}

fn letters() -> &'static Letters {
    static READ: LazyLock<Letters> = LazyLock::new(|| Letters::load(&folder()).unwrap().unwrap());
    &READ
}

fn compiled() -> &'static Compiled {
    static READ: LazyLock<Arc<Compiled>> = LazyLock::new(|| protocol::load(&folder()).unwrap().compiled);
    &READ
}

fn results() -> Results {
    serde_json::from_str(&std::fs::read_to_string(here().join("tests/data/letter.json")).unwrap()).unwrap()
}

fn draft(ask: Ask, results: &Results) -> Draft {
    letters().draft(ask, results, compiled()).unwrap_or_else(|d| {
        unreachable!("{}", protocol::render(&d, Lang::En, false));
    })
}

/// The words of a document as a screen reader says them, a line per block.
fn spoken(document: &Document) -> String {
    let mut out = format!("{}\n{}\n", document.nature, document.title);
    for block in &document.blocks {
        match block {
            Block::Heading { text, .. } => out += &format!("\n# {}\n", plain(text)),
            Block::Paragraph { text, .. } => out += &format!("{}\n", plain(text)),
            Block::List { items, .. } | Block::Notes { items } => {
                items.iter().for_each(|i| out += &format!("- {}\n", plain(i).replace('\n', " ")));
            }
            Block::Terms { terms } => {
                terms.iter().for_each(|(t, m)| out += &format!("= {}: {}\n", plain(t), plain(m)));
            }
            Block::Notice { text } => text.iter().for_each(|t| out += &format!("! {}\n", plain(t))),
            Block::Figure { figure } => out += &format!("[{}]\n", figure.alt()),
            Block::Table { table } => {
                let row = |cells: &[report::document::Cell]| -> String {
                    let texts = cells.iter().map(|c| format!("{} {}", c.text, c.under).trim().to_owned());
                    texts.collect::<Vec<_>>().join(" | ") + "\n"
                };
                out += &row(&table.head);
                table.rows.iter().for_each(|r| out += &row(&r.cells));
            }
            Block::PageBreak => {}
        }
    }
    out
}

fn asks() -> Vec<(String, Ask)> {
    let mut out = Vec::new();
    for (kind, lang) in letters().texts() {
        out.push((format!("{}.{lang}", kind.name()), Ask::new(kind, lang)));
        if kind == Kind::Letter {
            let reader = Reader::Bereaved;
            out.push((format!("bereaved.{lang}"), Ask { reader, ..Ask::new(kind, lang) }));
        }
    }
    out
}

#[test]
fn the_texts_of_the_study_follow_all_rules_in_every_variant() {
    let found = letters().check();
    assert!(found.is_empty(), "{}", protocol::render(&found, Lang::En, false));
    let there: Vec<_> = letters().texts().collect();
    assert!(there.contains(&(Kind::Letter, Lang::Ja)) && there.contains(&(Kind::Letter, Lang::En)));
}

#[test]
fn each_text_reads_as_it_was_reviewed() {
    for (name, ask) in asks() {
        let draft = draft(ask, &results());
        assert!(draft.findings.is_empty(), "{}", protocol::render(&draft.findings, Lang::En, false));
        insta::assert_snapshot!(name, spoken(&draft.document));
    }
}

/// Every digit that a reader sees came from a row, a constant of the protocol or a fact of the run.
#[test]
fn no_number_is_in_a_text_that_was_not_told_by_reference() {
    for (name, ask) in asks() {
        let draft = draft(Ask { standing: Standing::SignedOff, ..ask }, &results());
        let day =
            letters().embargo(Kind::Press).map(|d| words::calendar::day(d, ask.lang)).unwrap_or_default();
        let allowed: BTreeSet<&str> = draft
            .numbers
            .iter()
            .map(String::as_str)
            .chain(["HER2", "https://jrct.niph.go.jp", &day])
            .collect();
        let mut text = spoken(&draft.document);
        let mut longest: Vec<&str> = allowed.into_iter().collect();
        longest.sort_by_key(|n| std::cmp::Reverse(n.len()));
        longest.iter().for_each(|n| text = text.replace(n, "_"));
        assert!(!text.chars().any(|c| c.is_ascii_digit()), "{name}: {text}");
    }
}

#[test]
fn readings_stand_over_every_character_and_change_no_word() {
    let ja = draft(Ask::new(Kind::Letter, Lang::Ja), &results());
    let mut kanji = 0;
    let mut look = |words: &[Inline]| {
        for word in words {
            match word {
                Inline::Ruby { units } => {
                    kanji += 1;
                    assert!(
                        units.iter().all(|(b, r)| !b.is_empty() && (!r.is_empty() || b.chars().all(kana)))
                    );
                }
                other => assert!(
                    !other.plain().chars().any(report::letter::readings::is_kanji)
                        || matches!(other, Inline::Strong { .. }),
                    "{}",
                    other.plain()
                ),
            }
        }
    };
    for block in &ja.document.blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph { text, .. } => look(text),
            Block::List { items, .. } | Block::Notice { text: items } => items.iter().for_each(|i| look(i)),
            Block::Terms { terms } => terms.iter().for_each(|(a, b)| {
                look(a);
                look(b);
            }),
            Block::Table { table } => {
                for cell in table.head.iter().chain(table.rows.iter().flat_map(|r| &r.cells)) {
                    look(&cell.read);
                    assert_eq!(plain(&cell.read).replace('\n', " "), cell.text);
                }
            }
            _ => {}
        }
    }
    assert!(kanji > 500, "{kanji}");
    // in the page the words are unbroken, and the readings are marked as readings
    let page = report::page(&ja.document);
    assert!(page.contains("<ruby>原<rp>(</rp><rt>げん</rt><rp>)</rp></ruby><ruby>発"));
    let english = report::page(&draft(Ask::new(Kind::Letter, Lang::En), &results()).document);
    assert!(!english.contains("<ruby>"));
}

fn kana(c: char) -> bool {
    !report::letter::readings::is_kanji(c)
}

#[test]
fn a_reading_that_nobody_has_reviewed_is_counted_and_the_letter_stays_a_draft() {
    let ja = draft(Ask::new(Kind::Letter, Lang::Ja), &results());
    assert!(!ja.unreviewed.is_empty());
    assert!(ja.unreviewed.iter().any(|w| w == "原発巣"));
    let text = spoken(&ja.document);
    assert!(text.contains("これは草案です") && text.contains(&format!("{}語", ja.unreviewed.len())));
    assert!(ja.document.stamp[0].contains("草案"), "the word stands on every printed page");
    // the words under review do not depend on what stands around them
    let signed = Ask { standing: Standing::SignedOff, large: true, ..Ask::new(Kind::Letter, Lang::Ja) };
    let signed = draft(signed, &results());
    assert_eq!(signed.hash, ja.hash);
    assert!(!spoken(&signed.document).contains("草案"));
    // other words, another hash
    let bereaved = Ask { reader: Reader::Bereaved, ..Ask::new(Kind::Letter, Lang::Ja) };
    assert_ne!(draft(bereaved, &results()).hash, ja.hash);
}

/// Sets the value of the rows that an analysis, a method and a statistic name.
fn set(results: &mut Results, analysis: &str, method: &str, stat: &str, value: Option<f64>) {
    let mut n = 0;
    for row in &mut results.rows {
        if row.analysis == analysis && row.method == method && row.stat == stat {
            row.value = value;
            n += 1;
        }
    }
    assert!(n > 0, "{analysis} {method} {stat}");
}

fn main_result(results: &Results, lang: Lang) -> (String, String) {
    let draft = draft(Ask::new(Kind::Letter, lang), results);
    assert!(draft.findings.is_empty(), "{}", protocol::render(&draft.findings, Lang::En, false));
    let at = draft
        .document
        .blocks
        .iter()
        .position(|b| matches!(b, Block::Heading { id, .. } if id == "result"))
        .unwrap();
    let Block::Notice { text } = &draft.document.blocks[at + 1] else { unreachable!("no notice") };
    (draft.answers["main"].clone(), plain(&text[0]))
}

#[test]
fn the_first_sentence_of_the_results_is_chosen_by_the_rows() {
    let not_shown = results();
    let mut better = results();
    set(&mut better, "os", "log-rank", "p", Some(0.01));
    set(&mut better, "os", "cox", "hazard_ratio", Some(0.7));
    // A small one-sided p with the wrong direction shows nothing good.
    let mut odd = better.clone();
    set(&mut odd, "os", "cox", "hazard_ratio", Some(1.1));
    let mut worse = results();
    set(&mut worse, "os", "log-rank", "p", Some(0.99));
    set(&mut worse, "os", "cox", "hazard_ratio", Some(1.5));
    set(&mut worse, "os", "cox", "lower", Some(1.2));
    let mut unclear = results();
    for (method, stat) in [("log-rank", "p"), ("cox", "hazard_ratio"), ("cox", "lower"), ("cox", "upper")] {
        set(&mut unclear, "os", method, stat, None);
    }
    for (results, answer, ja, en) in [
        (&not_shown, "not_shown", "とはいえませんでした", "could not show"),
        (&odd, "not_shown", "とはいえませんでした", "could not show"),
        (&better, "better", "長く生きられることが分かりました", "lived longer"),
        (&worse, "worse", "短い", "shorter"),
        (&unclear, "not_estimable", "まだ判断できません", "cannot yet tell"),
    ] {
        let (chosen, said) = main_result(results, Lang::Ja);
        assert_eq!(chosen, answer);
        assert!(said.contains(ja), "{said}");
        let (_, said) = main_result(results, Lang::En);
        assert!(said.contains(en), "{said}");
    }
    let text = spoken(&draft(Ask::new(Kind::Letter, Lang::Ja), &unclear).document);
    assert!(!text.contains("倍と推定"), "nothing is told that could not be estimated");
}

/// "1.17 times" is one divided by the hazard ratio, whatever the five-year proportions are.
#[test]
fn the_ratio_is_the_inverse_of_the_hazard_ratio_and_not_a_ratio_of_proportions() {
    let mut published = results();
    set(&mut published, "os", "cox", "hazard_ratio", Some(0.857));
    for (group, share) in [("A", 0.554), ("B", 0.625)] {
        let rows = published.rows.iter_mut();
        let mut row = rows.filter(|r| {
            r.analysis == "os"
                && r.stat == "survival"
                && r.level.as_deref() == Some("5 years")
                && r.group.as_deref() == Some(group)
        });
        row.next().unwrap().value = Some(share);
    }
    let ja = spoken(&draft(Ask::new(Kind::Letter, Lang::Ja), &published).document);
    let en = spoken(&draft(Ask::new(Kind::Letter, Lang::En), &published).document);
    assert!(ja.contains("1.17倍") && en.contains("1.17 times"));
    assert!(!ja.contains("1.13") && !en.contains("1.13"));
    assert!(ja.contains("1.3倍") && en.contains("1.3 times"), "the goal set beforehand");
    assert!(ja.contains("割り算した数ではありません"));
    // "since registration" names which; no local relapse is not "no cancer"
    assert!(!ja.replace("一次登録", "").replace("二次登録", "").contains("登録から"));
    assert!(ja.contains("がんがなくなった方の割合ではありません"));
}

#[test]
fn what_the_letter_says_of_deaths_by_side_effects_is_chosen_by_the_rows() {
    let said = |results: &Results| spoken(&draft(Ask::new(Kind::Letter, Lang::En), results).document);
    assert!(said(&results()).contains("Nobody who had second registration died of a side effect"));
    let mut one = results();
    let mut rows =
        one.rows.iter_mut().filter(|r| r.analysis == "ae_surgery" && r.level.as_deref() == Some("5"));
    rows.find(|r| r.stat == "n").unwrap().value = Some(1.0);
    assert!(said(&one).contains("died of a side effect of drugs or surgery. We are deeply sorry."));
    set(&mut one, "ae_surgery", "worst-grade", "n", None);
    assert!(said(&one).contains("do not tell whether anybody died"));
}

#[test]
fn fewer_than_five_people_are_never_counted_out() {
    let mut few = results();
    for row in &mut few.rows {
        if row.analysis == "skin_ulcer" && row.group.as_deref() == Some("B") {
            match row.stat.as_str() {
                "n" => row.value = Some(3.0),
                "share" => row.value = Some(3.0 / 203.0),
                _ => {}
            }
        }
    }
    let ja = spoken(&draft(Ask::new(Kind::Letter, Lang::Ja), &few).document);
    let en = spoken(&draft(Ask::new(Kind::Letter, Lang::En), &few).document);
    assert!(ja.contains("| 5人未満") && !ja.contains("1.5%"), "{ja}");
    assert!(en.contains("| fewer than 5 people") && !en.contains("1.5%"), "{en}");
    // nor the few who are left over
    for row in &mut few.rows {
        if row.analysis == "skin_ulcer" && row.group.as_deref() == Some("B") {
            match row.stat.as_str() {
                "n" => row.value = Some(201.0),
                "share" => row.value = Some(201.0 / 203.0),
                _ => {}
            }
        }
    }
    let ja = draft(Ask::new(Kind::Letter, Lang::Ja), &few);
    assert!(spoken(&ja.document).contains("5人未満を除く全員"));
    assert!(!ja.findings.iter().any(|d| d.code == "L0302"), "its readings are there");
}

#[test]
fn without_a_row_or_with_results_that_are_not_open_nothing_half_told_comes_out() {
    let mut gone = results();
    gone.rows.retain(|r| r.analysis != "lrfs");
    let found = letters().draft(Ask::new(Kind::Letter, Lang::Ja), &gone, compiled()).unwrap_err();
    assert!(
        found.iter().any(|d| d.code == "L0201" && d.place.as_ref().is_some_and(|p| p.file == "numbers.yaml"))
    );
    let mut refused = results();
    refused.rows.retain(|r| r.group.is_none() && r.analysis == "flow");
    let mut row = refused.rows[0].clone();
    (row.analysis, row.method) = ("os".into(), "refused".into());
    row.warning =
        Some(words::Text::new("計画された解析の記録がありません。", "No planned look was recorded."));
    refused.rows.push(row);
    let found = letters().draft(Ask::new(Kind::Letter, Lang::En), &refused, compiled()).unwrap_err();
    assert!(found.iter().any(|d| d.message.en.contains("No planned look was recorded.")));
}

/// What the letter says when one file is changed: the findings, as code and place.
fn changed(name: &str, from: &str, to: &str) -> Vec<Diagnostic> {
    let mut files = files();
    files.retain(|n, _| !n.starts_with("press.") && !n.starts_with("summary."));
    let text = String::from_utf8(files[name].clone()).unwrap();
    assert!(text.contains(from), "{name} holds no {from}");
    files.insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
    match Letters::read(&files) {
        Ok(letters) => letters.check(),
        Err(found) => found,
    }
}

#[test]
fn each_rule_finds_the_text_that_breaks_it_and_says_where() {
    let ja = "letter.ja.yaml";
    let en = "letter.en.yaml";
    for (file, from, to, code) in [
        (ja, "参加の条件は、{youngest}から", "参加の条件は、20歳から", "L0101"),
        (ja, "参加の条件は、{youngest}から", "参加の条件は、５歳から", "L0101"),
        (ja, "そのうち{randomised}が", "そのうち三人が", "L0101"),
        (en, "From {from} to {to}", "From 2011 to {to}", "L0101"),
        (en, "At first everybody had", "At first four people had", "L0101"),
        (
            ja,
            "これを一次薬物療法といいます。",
            "これは、長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い一次薬物療法といいます。",
            "L0102",
        ),
        (en, "Then the groups were formed", &"and so on ".repeat(12), "L0102"),
        (ja, "手術をする群としない群", "A群とほかの群", "L0104"),
        (en, "A fair comparison was needed", "A comparison of Group B was needed", "L0104"),
        (ja, "'{arm:B}のほうが高い割合でした。偶", "'{arm:B}は{arm:A}より高い割合でした。偶", "L0105"),
        (ja, "結果がまちまちでした", "ハザード比がまちまちでした", "L0106"),
        (en, "did not agree with each other", "had p values of all kinds", "L0106"),
        (ja, "結果がまちまちでした", "画期的な結果でした", "L0106"),
        (ja, "これは、がんがなくなった方の割合ではありません", "がんが消えた方の割合です", "L0106"),
        (ja, "もう一度お知らせを", "山田花子さんがお知らせを", "L0107"),
        (en, "We will write again", "Dr Yamada will write again", "L0107"),
        (ja, "（{os_a:of}）：{os_a}'", "（{os_a:of}）：{os_a:percent}'", "L0108"),
        (ja, "結果がまちまちでした", "半分の％でした", "L0108"),
        (
            ja,
            "'{arm:A}（{lrfs_a:of}）：{lrfs_a}'\n          - '{arm:B}（{lrfs_b:of}）：{lrfs_b}'",
            "'{arm:A}：{lrfs_a}'\n          - '{arm:B}：{lrfs_b}'",
            "",
        ),
        (ja, "二次登録から{os_at}の時点", "登録から{os_at}の時点", "L0110"),
        (en, "at {os_at} after second registration", "at {os_at} after registration", "L0110"),
        (ja, "結果がまちまちでした", "結果は www.example.com にあります", "L0111"),
        ("numbers.yaml", "https://jcog.jp/", "https://example.com/", "L0111"),
        ("numbers.yaml", "https://jcog.jp/", "http://jcog.jp/", "L0111"),
        (ja, "全員が{term:drug}を", "全員が薬物療法を", "L0112"),
        (en, "{term:subtype}", "subtype", "L0112"),
        (ja, "elements: [follow_up]", "elements: []", "L0114"),
        (en, "elements: [sponsor]", "elements: []", "L0114"),
        (ja, "手術をすると長く生きられる、とはいえませんでした。", "手術について調べました。", "L0115"),
        (en, "We could not show that people live longer with surgery.", "We studied surgery.", "L0115"),
        (ja, "on: main", "on: local", ""),
        (ja, "{registered}が", "{registerd}が", "L0201"),
        (ja, "{registered}が", "{registered:often}が", "L0202"),
        (ja, "{registered}が", "{registeredが", "L0202"),
        (ja, "- '{arm:A}：{n_a}'", "- '{arm:C}：{n_a}'", "L0203"),
        (ja, "links: [jrct,", "links: [jrtc,", "L0203"),
        (ja, "            not_estimable: []", "            not_sure: []", "L0204"),
        (ja, "もう一度お知らせを", "もう一度、嚥下のお知らせを", "L0302"),
        (ja, "  - id: background", "  - id: backgrund", "L0003"),
        (ja, "  - id: background", "  - idd: background", "P0201"),
        ("readings.tsv", "行:おこな|った", "行:おこな|つた", "L0301"),
    ] {
        let found = changed(file, from, to);
        if code.is_empty() {
            continue;
        }
        let hit = found.iter().find(|d| d.code == code);
        let Some(hit) = hit else {
            unreachable!("{code} not found for {to:?}: {}", protocol::render(&found, Lang::En, false))
        };
        let place = hit.place.as_ref().unwrap();
        assert!(place.line > 1 || file == "readings.tsv" || code == "P0201", "{code}: {place:?}");
        assert!(place.file == file || code == "L0003", "{code}: {place:?}");
    }
    let mut files = files();
    files.remove("letter.en.yaml");
    assert!(Letters::read(&files).unwrap().check().iter().any(|d| d.code == "L0002"));
    files.remove("numbers.yaml");
    assert!(Letters::read(&files).unwrap_err().iter().any(|d| d.code == "L0001"));
}

/// Whom a share is a share of: nowhere in the section, and it is found.
#[test]
fn a_share_without_its_denominator_is_found() {
    let mut files = files();
    let text = String::from_utf8(files["letter.ja.yaml"].clone()).unwrap();
    let text = text.replace("（{os_a:of}）", "").replace("（{os_b:of}）", "");
    files.insert("letter.ja.yaml".to_owned(), text.into_bytes());
    assert!(Letters::read(&files).unwrap().check().iter().any(|d| d.code == "L0109"));
}

#[test]
fn an_address_leads_over_https_to_a_known_place() {
    for url in
        ["https://jrct.niph.go.jp/latest-detail/jRCTs031180151", "https://jcog.jp/", "https://ganjoho.jp/"]
    {
        assert!(address(url).is_ok(), "{url}");
    }
    for url in [
        "http://jcog.jp/",
        "https://jcog.jp.example.com/",
        "https://user@jcog.jp/",
        "https://jcog.jp:8080/",
        "https://jcog.jp/a b",
        "https://jcog.jp/<script>",
        "https://jcog.jp/../x",
        "javascript:alert(1)",
        "",
    ] {
        assert!(address(url).is_err(), "{url}");
    }
}

#[test]
fn hostile_words_print_as_themselves() {
    let hostile = "<script>alert(1)</script> #x *y* @z \\n $a$ 🎌 e\u{301} &amp; \"'";
    let mut files = files();
    let text = String::from_utf8(files["letter.en.yaml"].clone()).unwrap();
    let quoted = serde_json::to_string(&format!("{hostile} {{{{x}}.")).unwrap();
    let text = text.replacen(
        "- p: A fair comparison was needed, with surgery and without it.",
        &format!("- p: {quoted}"),
        1,
    );
    files.insert("letter.en.yaml".to_owned(), text.into_bytes());
    let letters = Letters::read(&files).unwrap();
    let draft = letters.draft(Ask::new(Kind::Letter, Lang::En), &results(), compiled()).unwrap();
    assert!(spoken(&draft.document).contains(&format!("{hostile} {{x}}.")));
    let page = report::page(&draft.document);
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    // A character that turns the direction of writing is refused where the file is read.
    let found = changed("letter.en.yaml", "A fair comparison", "A \u{202e}fair comparison");
    assert!(found.iter().any(|d| d.code == "P0119" && d.place.is_some()));
}

#[test]
fn every_character_of_the_texts_has_a_glyph() {
    let font = std::fs::read(here().join("../../assets/fonts/BIZUDPGothic-Regular.ttf")).unwrap();
    let face = ttf_parser::Face::parse(&font, 0).unwrap();
    for (name, ask) in asks() {
        let text = spoken(&draft(ask, &results()).document);
        for c in text.chars().filter(|c| !c.is_control()) {
            assert!(face.glyph_index(c).is_some(), "{name}: {c:?}");
        }
    }
    for entry in letters().readings().entries() {
        let all = entry.surface.chars().chain(entry.reading.chars()).chain(entry.plain.chars());
        all.for_each(|c| assert!(face.glyph_index(c).is_some(), "{c:?}"));
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    for (_, ask) in asks() {
        let (a, b) = (draft(ask, &results()), draft(ask, &results()));
        assert_eq!(a.hash, b.hash);
        assert_eq!(report::page(&a.document), report::page(&b.document));
    }
}

/// A text for the public says on its first page and in the foot of every one until when it is withheld, in both languages;
/// only one that the ledger says was issued does not.
#[test]
fn a_press_release_is_marked_until_it_was_issued() {
    let marks = [(Lang::Ja, "報道解禁", "2023年6月5日"), (Lang::En, "mbargo", "5 June 2023")];
    for kind in [Kind::Press, Kind::Summary] {
        for (lang, word, day) in marks {
            let made = |standing| draft(Ask { standing, ..Ask::new(kind, lang) }, &results()).document;
            for standing in [Standing::Draft, Standing::SignedOff] {
                let document = made(standing);
                let foot = document.stamp.join(" ");
                assert!(foot.contains(word) && foot.contains(day), "{foot}");
                assert!(spoken(&document).contains(word), "{kind:?} {lang}");
                let page = report::page(&document);
                assert!(page.matches(word).count() > 1 && page.contains(day));
            }
            let issued = made(Standing::Issued);
            assert!(!issued.stamp.join(" ").contains(word) && !spoken(&issued).contains(word));
        }
    }
    let letter = draft(Ask { standing: Standing::SignedOff, ..Ask::new(Kind::Letter, Lang::En) }, &results());
    assert!(!spoken(&letter.document).contains("mbargo"));
}

/// Another day of release is another version; the words alone do not tell.
#[test]
fn the_day_of_release_belongs_to_what_is_reviewed() {
    let with = |day: &str| {
        let mut files = files();
        let numbers = String::from_utf8(files["numbers.yaml"].clone()).unwrap();
        files.insert("numbers.yaml".into(), numbers.replace("embargo: 2023-06-05", day).into_bytes());
        let letters = Letters::read(&files).unwrap();
        let hash = |kind| letters.draft(Ask::new(kind, Lang::En), &results(), compiled()).unwrap().hash;
        (hash(Kind::Press), hash(Kind::Letter))
    };
    let (a, b) = (with("embargo: 2023-06-05"), with("embargo: 2023-06-06"));
    assert!(a.0 != b.0 && a.1 == b.1);
}
