//! Figures, pages and text of a made-up study: whole, empty, with one patient, and refused by arm.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "helpers/collisions.rs"]
mod collisions;

use analysis::Results;
use protocol::Loaded;
use std::path::Path;
use words::Lang;

const CASES: [&str; 4] = ["full", "empty", "one_patient", "refused"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn study() -> Loaded {
    protocol::load(&here().join("tests/study")).unwrap()
}

fn results(name: &str) -> Results {
    let json = std::fs::read_to_string(here().join(format!("tests/data/{name}.json"))).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn each_figure_is_drawn_from_its_rows() {
    let (study, results) = (study(), results("full"));
    let p = &study.compiled.protocol;
    insta::assert_snapshot!("flow", report::figure::flow(&results.of("flow"), p, "flow").unwrap());
    insta::assert_snapshot!(
        "accrual",
        report::figure::accrual(&results.of("accrual"), p, "accrual").unwrap()
    );
    insta::assert_snapshot!("survival", report::figure::survival(&results.of("os"), p, "os").unwrap());
    // What a page leaves out for the curve's sake is not in the figure.
    let mut curves = results.clone();
    curves.rows.retain(|r| r.method != "cox-subgroup");
    assert!(curves.rows.len() < results.rows.len());
    assert_eq!(
        report::figure::survival(&curves.of("os"), p, "os").unwrap().svg(Lang::En),
        report::figure::survival(&results.of("os"), p, "os").unwrap().svg(Lang::En)
    );
    insta::assert_snapshot!("forest", report::figure::forest(&results.of("os"), p, "os").unwrap());
    let Some(protocol::What::WorstGrade(plan)) = p.analyses.get("ae").map(|a| &a.what) else { panic!("ae") };
    insta::assert_snapshot!("dots", report::figure::dots(&results.of("ae"), p, plan, "ae").unwrap());
    insta::assert_snapshot!(
        "butterfly",
        report::figure::butterfly(&results.of("ae"), p, plan, "ae").unwrap()
    );
    insta::assert_snapshot!("grades", report::figure::grades(&results.of("ae"), p, "ae").unwrap());
}

/// In the names and numbers of a real protocol, in both languages.
#[test]
fn no_text_of_a_figure_runs_into_another_or_out_of_the_frame() {
    let folder = here().join("../../studies/jcog1017");
    let loaded = protocol::load(&folder).unwrap();
    let plan = simulation::Plan::load(&folder).unwrap();
    let request = simulation::Request { seed: 1, participants: Some(150) };
    let (trial, _) = simulation::rehearse(&loaded, &plan, request, &mut |_, _| {}).unwrap();
    let (adopted, state) = (trial.adopted(), trial.state());
    let viewer = conduct::Viewer::new("st", conduct::Role::Statistician);
    let cutoff = jiff::civil::date(2023, 1, 31);
    let view = conduct::View::new(&adopted, &state, Some(cutoff), &viewer).unwrap();
    let results = analysis::analyse(&view);
    let mut drawn = 0;
    for lang in Lang::ALL {
        for figure in report::document(&results, &loaded.compiled, lang).figures() {
            assert_eq!(
                collisions::collisions(&figure.scene, lang),
                Vec::<String>::new(),
                "{}",
                figure.scene.id
            );
            drawn += 1;
        }
    }
    assert!(drawn > 20, "{drawn}");
}

/// A test of more than two arms is no test of one of their ratios: it has a line of its own, and says so in the figure.
#[test]
fn a_test_of_three_arms_stands_beside_none_of_the_ratios() {
    use report::document::Block;
    let (study, mut results) = (study(), results("full"));
    let ratios = results.rows.iter().filter(|r| r.analysis == "os" && r.method == "cox" && r.group.is_none());
    let third: Vec<_> = ratios
        .filter(|r| r.level.is_some())
        .cloned()
        .map(|mut r| {
            r.level = Some("C/A".into());
            r
        })
        .collect();
    assert!(!third.is_empty());
    results.rows.extend(third);
    let p = results.of("os").method("log-rank").value("p").unwrap();
    let p = words::number::p_value(p);
    let d = report::document(&results, &study.compiled, Lang::En);
    let tables =
        d.blocks.iter().filter_map(|b| if let Block::Table { table } = b { Some(table) } else { None });
    let table = tables.into_iter().find(|t| t.rows.iter().any(|r| r.cells[0].text == "C/A")).unwrap();
    let told: Vec<(&str, &str)> = table.rows.iter().map(|r| (&*r.cells[0].text, &*r.cells[4].text)).collect();
    assert_eq!(told, [("B/A", ""), ("C/A", ""), ("Between arms", p.as_str())]);
    let figure = report::figure::survival(&results.of("os"), &study.compiled.protocol, "os").unwrap();
    let figure = figure.to_string();
    assert!(figure.contains(", all 3 arms") && figure.contains("(C/A)"), "{figure}");
}

#[test]
fn the_short_report_says_the_main_numbers_in_both_languages() {
    let study = study();
    for name in CASES {
        for lang in Lang::ALL {
            insta::assert_snapshot!(
                format!("{name}.{lang}"),
                report::text(&results(name), &study.compiled, lang)
            );
        }
    }
}

#[test]
fn every_page_says_what_data_it_shows_and_what_it_is_a_function_of() {
    let study = study();
    for name in CASES {
        let results = results(name);
        for lang in Lang::ALL {
            let page = report::html(&results, &study.compiled, lang);
            assert!(page.contains(&format!("<html lang=\"{lang}\">")));
            assert!(page.contains(&format!("<p class=\"nature\">{}</p>", report::nature(&results, lang))));
            // on each printed page too
            assert!(page.contains("@bottom-left") && page.contains("MADEUP-01"));
            for fact in ["4,321", "0123456789abcdef", "2019", "shirube 0.1.0", "1.2"] {
                assert!(page.contains(fact), "{fact}");
            }
            assert_eq!(page, report::html(&results, &study.compiled, lang), "the same bytes");
        }
    }
}

#[test]
fn no_page_shows_a_broken_number_a_missing_message_or_markup_from_a_study() {
    let mut study = study();
    let mut compiled = study.compiled.protocol.clone();
    compiled.title.ja = "<script>alert(1)</script>".into();
    compiled.arms["A"].short = Some(words::Text::same("A<b>&\"'"));
    study.compiled = std::sync::Arc::new(recompiled(compiled));
    for name in CASES {
        for lang in Lang::ALL {
            let page = report::html(&results(name), &study.compiled, lang);
            for bad in ["NaN", "⟦", "<script", "A<b>", ">inf<", ">-inf<", "null"] {
                assert!(!page.contains(bad), "{name} {lang}: {bad}");
            }
        }
    }
}

/// One of each block, with words that would be commands in HTML or in a typesetter's markup.
fn every_block() -> report::Document {
    use report::document::{Block, Cell, Document, Figure, Form, Inline, Line, Manner, Table, words};
    let hostile = "# * <b> @x \\ $ _ ~ \u{5d0}\u{5d1} e\u{301} \"";
    let mut scene = report::Scene::new("f", 40.0, 20.0, words::Text::same(hostile));
    scene.text(report::scene::Role::Label, 1.0, 10.0, report::scene::Anchor::Start, words::Text::same("a<b"));
    Document {
        form: Form::Letter,
        lang: Lang::Ja,
        study: "S".into(),
        title: hostile.into(),
        nature: String::new(),
        facts: vec![("名".into(), hostile.into())],
        stamp: vec!["S".into(), hostile.into()],
        day: None,
        contents: false,
        blocks: vec![
            Block::heading(1, "one", hostile),
            Block::Paragraph {
                manner: Manner::Lead,
                text: vec![
                    Inline::Ruby {
                        units: vec![("無".into(), "む".into()), ("増悪".into(), "ぞうあく".into())],
                    },
                    Inline::Strong { text: words(hostile) },
                    Inline::Link { href: "https://jrct.mhlw.go.jp/".into(), text: words("jRCT") },
                    Inline::Link { href: "javascript:alert(1)".into(), text: words("no") },
                    Inline::Code { text: "a < b".into() },
                    Inline::Break,
                ],
            },
            Block::heading(2, "two", "二"),
            Block::list([hostile.to_owned()]),
            Block::Terms { terms: vec![(words("語"), words(hostile))] },
            Block::Table {
                table: Table {
                    caption: hostile.into(),
                    head: vec![Cell::words("x"), Cell::number("A").under("N=1")],
                    rows: vec![Line::new("", hostile, [hostile.to_owned()])],
                },
            },
            Block::Figure { figure: Figure::new(scene, Lang::Ja, hostile) },
            Block::notice(hostile),
            Block::Notes { items: vec![words(hostile)] },
            Block::PageBreak,
        ],
        home: report::document::Home::default(),
    }
}

#[test]
fn a_document_is_set_with_readings_and_links_and_no_markup_of_its_writers() {
    let page = report::page(&every_block());
    assert!(page.contains("<ruby>無<rp>(</rp><rt>む</rt><rp>)</rp></ruby><ruby>増悪<rp>"));
    assert!(page.contains("<a href=\"https://jrct.mhlw.go.jp/\">jRCT</a>no<code>a &lt; b</code><br>"));
    assert!(!page.contains("javascript") && !page.contains("<b> @x"));
    let written = page.replace("&#60;", "&lt;").replace("&#62;", "&gt;").replace("&#34;", "&quot;");
    let hostile = "# * &lt;b&gt; @x \\ $ _ ~ \u{5d0}\u{5d1} e\u{301} &quot;";
    assert_eq!(written.matches(hostile).count(), 14);
    assert!(page.contains("<main class=\"report letter\">") && !page.contains("<nav"));
    // as data for the typesetter: every block, figures drawn
    let json = serde_json::to_value(every_block()).unwrap();
    let kinds: Vec<&str> =
        json["blocks"].as_array().unwrap().iter().map(|b| b["block"].as_str().unwrap()).collect();
    assert_eq!(kinds[..4], ["heading", "paragraph", "heading", "list"]);
    assert!(json["blocks"][6]["figure"]["svg"].as_str().unwrap().starts_with("<svg "));
    assert_eq!(json["blocks"][1]["text"][0]["units"][1][1], "ぞうあく");
}

fn recompiled(protocol: protocol::Protocol) -> protocol::Compiled {
    let canonical = serde_json::to_vec(&protocol).unwrap();
    std::sync::Arc::into_inner(protocol::Compiled::from_canonical(&canonical).unwrap()).unwrap()
}

#[test]
fn nothing_to_analyse_is_said_in_words_instead_of_a_figure() {
    let study = study();
    let page = report::html(&results("empty"), &study.compiled, Lang::Ja);
    assert!(page.contains("解析対象の患者がいません。"));
    assert!(page.contains("適格性を確認した患者がまだいません。"));
    let page = report::html(&results("one_patient"), &study.compiled, Lang::En);
    assert!(page.contains("not estimable"));
    let page = report::html(&results("refused"), &study.compiled, Lang::En);
    assert!(page.contains("Results by arm are not shown. No planned look was recorded."));
    assert!(!page.contains("B surgery"), "no arm is named");
}

#[test]
fn every_figure_has_words_for_those_who_do_not_see_it_and_every_table_has_headers() {
    let study = study();
    let page = report::html(&results("full"), &study.compiled, Lang::Ja);
    let figures = page.matches("<svg ").count();
    assert_eq!(figures, 7);
    assert_eq!(page.matches("<title id=").count(), figures);
    assert_eq!(page.matches("<desc id=").count(), figures);
    assert!(!page.contains("-d\"></desc>"), "no description is empty");
    assert_eq!(page.matches("<table>").count(), page.matches("<thead>").count());
    assert!(page.contains("N=43") || page.contains("N=4"), "N stands in the column head");
}

/// What a reader sees comes from rows, the protocol or a message, so a template holds no digit outside its markup.
#[test]
fn no_number_is_typed_into_a_template() {
    for name in ["report.html", "section.html"] {
        let source = std::fs::read_to_string(here().join("templates").join(name)).unwrap();
        let mut text = String::new();
        let (mut depth, mut style) = (0i32, false);
        for piece in source.split_inclusive(['<', '>']) {
            style = (style || piece.starts_with("style")) && !piece.starts_with("/style");
            if depth == 0 && !style {
                text += piece;
            }
            depth = i32::from(piece.ends_with('<'));
        }
        assert!(!text.chars().any(|c| c.is_ascii_digit()), "{name}: {text}");
    }
}

/// BIZ UDPGothic 1.05, as Debian 12 installs it, draws ≤ as ≥ and ≥ as ≤ (`assets/fonts/README.md`).
#[test]
fn no_page_takes_the_signs_of_order_from_an_installed_typeface() {
    let sheets = [report::css(), include_str!("../../../assets/style/server.css")];
    for sheet in sheets {
        assert!(!sheet.contains("local("));
        for fonts in sheet.match_indices("\"BIZ UDPGothic\", ").map(|(at, _)| &sheet[..at]) {
            assert!(fonts.ends_with("\"Shirube Digits\", "), "{}", &fonts[fonts.len().saturating_sub(80)..]);
        }
    }
    for rules in [report::style::digits_css(), sheets[1].to_owned()] {
        assert_eq!(
            rules.matches("U+30-39,U+2264-2265").count() + rules.matches("U+30-39, U+2264-2265").count(),
            2
        );
    }
}

#[test]
fn every_character_of_the_messages_has_a_glyph_in_the_typeface() {
    for face in ["Regular", "Bold"] {
        let bytes =
            std::fs::read(here().join(format!("../../assets/fonts/BIZUDPGothic-{face}.ttf"))).unwrap();
        let face = ttf_parser::Face::parse(&bytes, 0).unwrap();
        for lang in Lang::ALL {
            let file = |name: String| std::fs::read_to_string(here().join(name)).unwrap();
            let messages = file(format!("words/{lang}.ftl")) + &file(format!("words/documents.{lang}.ftl"));
            for c in messages.chars().filter(|c| !c.is_control()) {
                assert!(face.glyph_index(c).is_some(), "{c} has no glyph");
            }
        }
    }
}

/// Every number that a reader meets is a result row in one of the ways in which rows are told, or stands in the
/// protocol or in what the report is a function of. Nothing is typed in by hand.
#[test]
fn every_number_of_a_report_is_a_row_or_a_constant_of_the_protocol() {
    let study = study();
    for name in CASES {
        let results = results(name);
        let mut known = Known::default();
        for row in &results.rows {
            known.row(row);
        }
        known.protocol(&study);
        // The allow-list: constants that stand in the messages themselves, such as the year of CONSORT.
        for lang in Lang::ALL {
            for file in [format!("words/{lang}.ftl"), format!("words/documents.{lang}.ftl")] {
                let messages = std::fs::read_to_string(here().join(file)).unwrap();
                messages.lines().filter_map(|l| l.split_once(" = ")).for_each(|(_, words)| known.text(words));
            }
        }
        // A comparison shows a row as the published number is written, and the difference of the two.
        for published in &study.compiled.protocol.published {
            let row = report::comparison::answer(&results, published).and_then(|r| r.value);
            let Some(here) = row.map(|v| report::comparison::like(published, v)) else { continue };
            let value = |text: &str| text.replace(',', "").replace('−', "-").parse::<f64>().ok();
            if let (Some(a), Some(b)) = (value(&published.value), value(&here)) {
                (0..=4).for_each(|places| known.text(&words::number::fixed(b - a, places)));
            }
            known.text(&here);
        }
        let compiled = &study.compiled;
        for lang in Lang::ALL {
            let beside = report::comparison::Beside::default();
            known.holds(name, &report::document(&results, compiled, lang));
            known.holds(name, &report::comparison::document(&results, compiled, &beside, lang));
            known.holds(name, &report::read::document(compiled, "shirube", lang));
            known.holds(name, &report::read::changes(compiled, compiled, "shirube", lang));
        }
    }
}

/// A table of exposure shows its rows and no other number, draws the durations, and says what no form collects.
#[test]
fn exposure_shows_its_rows_and_says_what_is_not_collected() {
    let study = study();
    let mut protocol = study.compiled.protocol.clone();
    let plan = serde_json::json!({ "ja": "治療曝露", "en": "Exposure", "what": { "exposure": {
        "set": "randomised", "by": "surgery", "form": "second", "start": "assessed_on", "end": "assessed_on" } } });
    protocol.analyses.insert("exposure".into(), serde_json::from_value(plan).unwrap());
    let compiled = recompiled(protocol);
    let mut results = results("full");
    let model = results.rows[0].clone();
    let mut add =
        |group: Option<&str>, variable: &str, level: Option<&str>, stat: &str, value: Option<f64>| {
            let quantile = level.is_none() && variable != "participants" && variable != "analysis_set";
            let mut row = model.clone();
            (row.analysis, row.set, row.variable) = ("exposure".into(), "randomised".into(), variable.into());
            (row.group, row.level) = (group.map(str::to_owned), level.map(str::to_owned));
            (row.stat, row.value, row.time) = (stat.into(), value, None);
            row.method = if quantile { "quantiles" } else { "count" }.into();
            (row.options, row.n, row.missing, row.warning) = (Vec::new(), None, None, None);
            if level == Some("not_collected") {
                row.warning =
                    Some(words::Text::new("投与量は収集していません。", "Doses are not collected."));
            }
            results.rows.push(row);
        };
    add(None, "analysis_set", None, "n", Some(77.0));
    for (group, n, shift) in [(Some("A"), 41.0, 0.0), (Some("B"), 36.0, 13.0), (None, 77.0, 7.0)] {
        add(group, "participants", None, "n", Some(n));
        for (stat, value) in
            [("n", n - 1.0), ("min", 3.0), ("q1", 91.0), ("median", 187.0), ("q3", 263.0), ("max", 731.0)]
        {
            add(group, "duration", None, stat, Some(value + shift));
        }
        add(group, "duration", Some("ongoing"), "n", Some(19.0));
        add(group, "duration", Some("ongoing"), "share", Some(0.34375));
        for (stat, value) in
            [("n", n), ("min", 0.3125), ("q1", 0.71875), ("median", 0.8125), ("q3", 0.96875), ("max", 1.0625)]
        {
            add(group, "dose_intensity", None, stat, Some(value));
        }
    }
    add(None, "cycles", Some("not_collected"), "value", None);
    let mut known = Known::default();
    results.rows.iter().for_each(|row| known.row(row));
    known.protocol(&study);
    for lang in Lang::ALL {
        for file in [format!("words/{lang}.ftl"), format!("words/documents.{lang}.ftl")] {
            let messages = std::fs::read_to_string(here().join(file)).unwrap();
            messages.lines().filter_map(|l| l.split_once(" = ")).for_each(|(_, words)| known.text(words));
        }
    }
    for (lang, words) in [
        (Lang::Ja, ["治療期間［日］", "相対用量強度［%］", "報告時点で継続中", "投与量は収集していません。"]),
        (
            Lang::En,
            [
                "Duration of treatment [days]",
                "Relative dose intensity [%]",
                "Still going on at the report",
                "Doses are not collected.",
            ],
        ),
    ] {
        let d = report::document(&results, &compiled, lang);
        known.holds("exposure", &d);
        let all: String = said(&d).into_iter().map(|s| s.1 + "\n").collect();
        for word in words {
            assert!(all.contains(word), "{word} is not in {all}");
        }
        assert!(
            all.contains("81.3") && all.contains("19 (34.4)"),
            "percent of a ratio and of a share: {all}"
        );
        let drawn = d.figures().find(|f| f.scene.id == "exposure-duration").unwrap();
        insta::assert_snapshot!(format!("durations.{lang}"), drawn.scene);
        // Nobody treated: said, not drawn.
        let mut nobody = results.clone();
        nobody.rows.retain(|r| r.analysis != "exposure" || r.variable == "analysis_set");
        assert!(
            !report::document(&nobody, &compiled, lang).figures().any(|f| f.scene.id.starts_with("exposure"))
        );
    }
}

#[derive(Clone, Default)]
struct Known(std::collections::BTreeSet<String>);

impl Known {
    /// Every number of a document is known, or a fact of its own head.
    fn holds(&self, name: &str, d: &report::Document) {
        let mut known = self.clone();
        d.facts.iter().for_each(|(_, value)| known.text(value));
        for (place, text) in said(d) {
            for number in digits(&text) {
                let title = &d.title;
                assert!(
                    known.0.contains(&number),
                    "{name} {} {title}, {place}: {number} in “{text}”",
                    d.lang
                );
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.0.extend(digits(text));
    }

    /// The protocol's own numbers; a share is told as a percentage too.
    fn protocol(&mut self, study: &Loaded) {
        let text = String::from_utf8(study.canonical.clone()).unwrap();
        for share in digits(&text).iter().filter_map(|d| d.parse::<f64>().ok()).filter(|v| *v < 1.0) {
            (0..=1).for_each(|places| self.text(&words::number::percent(share, places)));
        }
        self.text(&text);
    }

    fn row(&mut self, row: &analysis::Row) {
        let month = analysis::DAYS_PER_MONTH;
        let numbers = [row.value, row.time, row.n.map(f64::from), row.missing.map(f64::from)];
        for v in numbers.into_iter().flatten() {
            for scale in [1.0, 100.0, 1.0 / month, 1.0 / (12.0 * month)] {
                for decimals in 0..=4 {
                    self.text(&words::number::fixed(v * scale, decimals));
                    self.text(&words::number::percent_bare(v * scale / 100.0, decimals));
                }
            }
            self.text(&words::number::p_value(v));
        }
        let texts =
            [&row.level, &row.group].into_iter().flatten().chain([&row.variable, &row.stat, &row.method]);
        texts.for_each(|t| self.text(t));
        row.options.iter().for_each(|(k, v)| {
            self.text(k);
            self.text(v);
            if let Ok(level) = v.parse::<f64>() {
                self.text(&words::number::percent(level, 0));
            }
        });
        if let Some(w) = &row.warning {
            self.text(&w.ja);
            self.text(&w.en);
        }
    }
}

/// Every run of digits with its decimal point; the separator of thousands is no part of a number.
fn digits(text: &str) -> Vec<String> {
    let text = text.replace(',', "");
    let parts = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    parts.map(|p| p.trim_matches('.').to_owned()).filter(|p| p.chars().any(|c| c.is_ascii_digit())).collect()
}

/// A number that stands alone on an axis: up to ten steps of 1, 2 or 5 times a power of ten, and years.
fn is_tick(text: &str) -> bool {
    let Ok(v) = text.replace(',', "").parse::<f64>() else { return false };
    let steps = (-1..5).flat_map(|p| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(p)));
    let near = |x: f64| (x - x.round()).abs() < 1e-9;
    let year = (2000.0..2100.0).contains(&v) && v.fract() == 0.0;
    year || steps.into_iter().any(|s| near(v / s) && v / s <= 10.0)
}

/// All that a document says, with the place.
fn said(d: &report::Document) -> Vec<(String, String)> {
    use report::document::{Block, plain};
    let mut out = Vec::new();
    for (i, block) in d.blocks.iter().enumerate() {
        let mut add = |text: String| out.push((format!("block {i}"), text));
        match block {
            Block::Heading { text, .. } | Block::Paragraph { text, .. } => add(plain(text)),
            Block::List { items, .. } | Block::Notice { text: items } | Block::Notes { items } => {
                items.iter().for_each(|w| add(plain(w)));
            }
            Block::Terms { terms } => terms.iter().for_each(|(a, b)| add(plain(a) + " " + &plain(b))),
            Block::Table { table } => {
                add(table.caption.clone());
                let cells = table.head.iter().chain(table.rows.iter().flat_map(|r| &r.cells));
                cells.for_each(|c| add(format!("{} {}", c.text, c.under)));
            }
            Block::Figure { figure } => {
                add(figure.caption.clone());
                add(figure.alt().to_owned());
                for mark in &figure.scene.marks {
                    if let report::scene::Shape::Text { text, .. } = &mark.shape {
                        let text = text.get(d.lang);
                        if !is_tick(text) {
                            add(text.to_owned());
                        }
                    }
                }
            }
            Block::PageBreak => {}
        }
    }
    out
}

/// In a page that stands alone every number of a table leads to a line at its end, and the line tells set, method,
/// cut-off and how the way goes on.
#[test]
fn every_number_leads_to_a_line_that_tells_where_it_comes_from() {
    use report::document::Block;
    let study = study();
    let results = results("full");
    for lang in Lang::ALL {
        let d = report::document(&results, &study.compiled, lang);
        let page = report::page(&d);
        // Each cell of a planned analysis with a digit in it was made from a row.
        let mut planned = false;
        for block in &d.blocks {
            match block {
                Block::Heading { level: 1, id, .. } => planned = id.starts_with("a-"),
                Block::Table { table } if planned => {
                    for line in &table.rows {
                        for cell in line.cells.iter().skip(1).filter(|c| c.number) {
                            let number = cell.text.chars().any(|c| c.is_ascii_digit());
                            let of_nobody = cell.text == "0 (0.0)";
                            assert!(!number || of_nobody || !cell.rows.is_empty(), "{:?}", cell.text);
                        }
                    }
                }
                _ => {}
            }
        }
        let anchors: Vec<&str> =
            page.split("class=\"home\" href=\"#").skip(1).filter_map(|r| r.split('"').next()).collect();
        assert!(anchors.len() > 80, "{}", anchors.len());
        for anchor in anchors {
            assert_eq!(page.matches(&format!("<tr id=\"{anchor}\">")).count(), 1, "{anchor}");
        }
        // Every row but the steps of curves has a line, and each line one address.
        let lines: Vec<&report::home::Line> = d.home.parts.iter().flat_map(|p| &p.lines).collect();
        let told: usize = lines.iter().map(|l| l.values.len()).sum();
        let rows = results.rows.iter().filter(|r| r.level.as_deref() != Some("curve") && r.method != "scope");
        assert_eq!(told, rows.count());
        let addresses: std::collections::BTreeSet<&str> = lines.iter().map(|l| l.address.as_str()).collect();
        assert_eq!(addresses.len(), lines.len());
        for line in &lines {
            assert!(!line.method.is_empty() && !line.values.is_empty(), "{line:?}");
            assert!(results.rows.iter().any(|r| report::home::has_address(r, &line.address)));
        }
        assert!(page.contains("shirube follow STUDY --ledger LEDGER --cutoff 2019"));
        // Served, the same numbers lead to the server's pages, and the end is not needed.
        let row = |key: &str| format!("/row/{}", key.len());
        let analysis = |id: &str| format!("/analysis/{id}");
        let served = report::page_with(&d, &report::Ways { row: &row, analysis: &analysis });
        assert!(served.contains("href=\"/analysis/os\" target=\"_top\"") && !served.contains("id=\"home\""));
        assert_eq!(served.matches("class=\"home\"").count(), page.matches("class=\"home\"").count());
    }
    // Nothing leads behind a result that is not open.
    let refused = report::html(&self::results("refused"), &study.compiled, Lang::En);
    assert!(!refused.contains("id=\"home-os\""));
}
