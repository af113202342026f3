//! The program as another one speaks with it, and the PDF that comes back, looked at with tools that are not ours.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

struct Program {
    child: Child,
    from: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start() -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_typeset"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        Program { child, from }
    }

    fn ask(&mut self, request: &Value) -> (Value, Vec<u8>) {
        let to = self.child.stdin.as_mut().unwrap();
        writeln!(to, "{request}").unwrap();
        to.flush().unwrap();
        let mut head = String::new();
        self.from.read_line(&mut head).unwrap();
        let head: Value = serde_json::from_str(&head).unwrap();
        let mut bytes = vec![0; usize::try_from(head["bytes"].as_u64().unwrap()).unwrap()];
        self.from.read_exact(&mut bytes).unwrap();
        (head, bytes)
    }

    fn set(&mut self, document: &Value) -> (Value, Vec<u8>) {
        self.ask(&json!({ "set": document, "labels": { "contents": "目次", "notes": "注" } }))
    }

    fn pdf(&mut self, document: &Value) -> Vec<u8> {
        let (head, bytes) = self.set(document);
        assert!(head.get("error").is_none(), "{head}");
        bytes
    }

    fn refuses(&mut self, document: &Value) -> String {
        let (head, bytes) = self.set(document);
        assert!(bytes.is_empty());
        head["error"]["said"].as_str().unwrap_or_else(|| panic!("was set: {head}")).to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn text(s: &str) -> Value {
    json!([{ "run": "text", "text": s }])
}

fn paragraph(words: Value) -> Value {
    json!({ "block": "paragraph", "text": words, "manner": "plain" })
}

fn document(blocks: Vec<Value>) -> Value {
    json!({
        "form": "report", "lang": "ja", "study": "S-1", "title": "題名", "nature": "合成データ",
        "facts": [["試験", "S-1"]], "stamp": ["S-1", "台帳 42番まで（3f9a）", "shirube 0.1.0"], "day": [2023, 1, 31],
        "contents": false, "blocks": blocks
    })
}

const SVG: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 60" width="200" height="60"><rect x="10" y="10" width="80" height="20" fill="#1c4e80"/><text x="10" y="50" font-family="'Shirube Digits','BIZ UDPGothic'" font-size="13">図 42 ≤ 50</text></svg>"##;

fn table(rows: usize) -> Value {
    let rows: Vec<Value> = (0..rows)
        .map(|i| {
            json!({ "class": if i % 10 == 0 { "head" } else { "sub" }, "cells": [
                { "text": format!("項目 {i}"), "under": "", "number": false },
                { "text": if i % 10 == 0 { String::new() } else { format!("{i}.5") }, "under": "", "number": true } ] })
        })
        .collect();
    json!({ "block": "table", "table": { "caption": "表題", "head": [
        { "text": "見出し", "under": "", "number": false }, { "text": "A群", "under": "N=12", "number": true } ],
        "rows": rows } })
}

fn figure() -> Value {
    json!({ "block": "figure", "figure": { "id": "f", "svg": SVG, "width": 200.0, "height": 60.0,
        "alt": "棒が一つ。", "caption": "図の説明" } })
}

fn ruby() -> Value {
    json!([
        { "run": "text", "text": "主な副作用は" },
        { "run": "ruby", "units": [["好中球", "こうちゅうきゅう"], ["減少", "げんしょう"]] },
        { "run": "text", "text": "でした。" }
    ])
}

/// One of every block.
fn everything() -> Value {
    document(vec![
        json!({ "block": "heading", "level": 1, "id": "one", "text": text("はじめに") }),
        paragraph(ruby()),
        json!({ "block": "heading", "level": 2, "id": "two", "text": text("細目") }),
        paragraph(json!([
            { "run": "strong", "text": text("強調") }, { "run": "break" }, { "run": "code", "text": "age >= 20 && ps <= 1" },
            { "run": "link", "href": "https://jrct.mhlw.go.jp/", "text": text("jRCT") },
            { "run": "link", "href": "#one", "text": text("前の章") },
            { "run": "link", "href": "javascript:alert(1)", "text": text("リンクでない") }
        ])),
        json!({ "block": "list", "ordered": false, "items": [text("一つ"), text("二つ")] }),
        json!({ "block": "list", "ordered": true, "items": [text("第一"), text("第二")] }),
        json!({ "block": "terms", "terms": [[text("無増悪生存割合"), text("増悪せずに生存している人の割合")]] }),
        table(120),
        figure(),
        json!({ "block": "notice", "text": [text("大切なこと")] }),
        json!({ "block": "notes", "items": [text("注意書き")] }),
        json!({ "block": "page_break" }),
        json!({ "block": "paragraph", "text": text("終わり"), "manner": "end" }),
    ])
}

fn kept(name: &str, pdf: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, pdf).unwrap();
    path
}

/// Standard output of a tool; a tool that is missing fails the test with its name.
fn tool(name: &str, arguments: &[&str], file: &Path) -> String {
    let run = Command::new(name).args(arguments).arg(file).output();
    let out = run.unwrap_or_else(|e| panic!("{name}: {e}; ./test installs it"));
    let told = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{name}: {told}{}", String::from_utf8_lossy(&out.stderr));
    told
}

/// The text of the structure tree, in reading order, without white space.
fn spoken(file: &Path) -> String {
    let told = tool("pdfinfo", &["-struct-text"], file);
    let quoted =
        told.lines().filter_map(|l| l.trim().strip_prefix('"')?.strip_suffix('"').map(str::to_owned));
    quoted.collect::<String>().chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn the_same_document_gives_the_same_bytes_also_from_another_process() {
    let mut first = Program::start();
    let a = first.pdf(&everything());
    assert!(a == first.pdf(&everything()) && a == Program::start().pdf(&everything()));
    let mut other = everything();
    other["stamp"][1] = json!("台帳 43番まで（77aa）");
    assert!(a != first.pdf(&other));
}

#[test]
fn a_pdf_is_sound_tagged_titled_and_carries_its_fonts() {
    let file = kept("everything.pdf", &Program::start().pdf(&everything()));
    tool("qpdf", &["--check"], &file);
    let info = tool("pdfinfo", &[], &file);
    let line = |name: &str| {
        info.lines().find_map(|l| Some(l.strip_prefix(name)?.trim().to_owned())).unwrap_or_default()
    };
    assert_eq!(line("Tagged:"), "yes");
    assert_eq!(line("Title:"), "S-1 — 題名");
    assert!(line("CreationDate:").contains("2023"), "{info}");
    let subtype = tool("pdfinfo", &["-meta"], &file);
    assert!(
        subtype.contains("<pdfaid:part>2</pdfaid:part>")
            && subtype.contains("<pdfaid:conformance>A</pdfaid:conformance>")
    );
    assert!(subtype.contains("<pdfuaid:part>1</pdfuaid:part>"));
    let fonts = tool("pdffonts", &[], &file);
    let fonts: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(fonts.len() >= 3);
    for font in fonts {
        assert!(font.contains("BIZUDPGothic") || font.contains("ShirubeDigits"), "{font}");
        let words: Vec<&str> = font.split_whitespace().collect();
        let emb = words.iter().position(|w| *w == "yes" || *w == "no").unwrap();
        assert_eq!(words[emb..emb + 3], ["yes", "yes", "yes"], "embedded, subset, readable: {font}");
    }
    let look = r#"
import pikepdf, sys
pdf = pikepdf.open(sys.argv[1]); root = pdf.Root
assert str(root.Lang).startswith('ja'), root.Lang
assert root.MarkInfo.Marked
alts, headers = [], 0
def walk(node):
    global headers
    if isinstance(node, pikepdf.Array):
        for kid in node: walk(kid)
    elif isinstance(node, pikepdf.Dictionary):
        if '/Alt' in node: alts.append(str(node.Alt))
        if node.get('/S') == '/TH': headers += 1
        if '/K' in node: walk(node.K)
walk(root.StructTreeRoot.K)
assert '棒が一つ。' in alts, alts
assert headers >= 100, headers
print(len(pdf.pages))
"#;
    let out = Command::new("/usr/bin/python3").args(["-c", look]).arg(&file).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8(out.stdout).unwrap().trim().parse::<u32>().unwrap() >= 4);
}

#[test]
fn every_page_names_ledger_cutoff_and_engine_and_a_table_repeats_its_header() {
    let file = kept("pages.pdf", &Program::start().pdf(&everything()));
    let pages = tool("pdftotext", &["-layout", "-enc", "UTF-8"], &file);
    assert!(pages.is_empty() || !pages.contains("panicked"));
    let text = std::fs::read_to_string(file.with_extension("txt")).unwrap();
    let pages: Vec<&str> = text.split('\u{c}').filter(|p| !p.trim().is_empty()).collect();
    assert!(pages.len() >= 4);
    for page in &pages {
        let page: String = page.chars().filter(|c| !c.is_whitespace()).collect();
        for part in ["台帳42番まで（3f9a）", "shirube0.1.0", "合成データ"] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }
    assert!(
        pages.iter().filter(|p| p.contains("見出し")).count() >= 3,
        "the header stands on each page of the table"
    );
}

/// Readings are seen and not spoken: the structure holds the plain sentence.
#[test]
fn a_screen_reader_meets_the_plain_sentence_without_its_readings() {
    for form in ["report", "letter", "large_print"] {
        let mut d = document(vec![paragraph(ruby())]);
        d["form"] = json!(form);
        let file = kept(&format!("ruby-{form}.pdf"), &Program::start().pdf(&d));
        let said = spoken(&file);
        assert!(said.contains("主な副作用は好中球減少でした。"), "{said}");
        assert!(!said.contains("こうちゅうきゅう"), "{said}");
        let seen = tool("pdftotext", &["-raw"], &file);
        assert!(seen.is_empty());
        let seen = std::fs::read_to_string(file.with_extension("txt")).unwrap();
        assert!(seen.contains("こうちゅうきゅう"), "the reading is there to be seen");
    }
}

/// Also in headers, cells and the first column, with right-to-left words, emoji and combining marks around.
#[test]
fn a_cell_shows_its_readings_and_speaks_the_plain_words() {
    let cell = |read: Value| json!({ "text": "好中球減少", "under": "", "number": false, "read": read });
    let plain =
        json!({ "text": "\u{5e9}\u{5dc}\u{5d5}\u{5dd} 👩🏽‍⚕️ か\u{3099} <#*>", "under": "", "number": false });
    let mut d =
        document(vec![json!({ "block": "table", "table": { "caption": "", "head": [cell(ruby()), plain],
        "rows": [{ "class": "", "cells": [cell(ruby()), cell(ruby())] }] } })]);
    d["form"] = json!("letter");
    let file = kept("ruby-cells.pdf", &Program::start().pdf(&d));
    let said = spoken(&file);
    assert_eq!(said.matches("主な副作用は好中球減少でした。").count(), 3, "{said}");
    assert!(!said.contains("こうちゅうきゅう") && said.contains("が<#*>"), "{said}");
    tool("pdftotext", &["-raw"], &file);
    let seen = std::fs::read_to_string(file.with_extension("txt")).unwrap();
    assert_eq!(seen.matches("こうちゅうきゅう").count(), 3, "{seen}");
    tool("qpdf", &["--check"], &file);
}

#[test]
fn hostile_words_print_as_themselves() {
    let hostile =
        r##"#let x = 1 * _a_ `b` <c> @d \e $f$ [g] {h} "i" 'j' ~ -- ... // /* = + - http://k/ #panic()"##;
    let mut d = everything();
    d["title"] = json!(hostile);
    d["study"] = json!("#set");
    d["stamp"] = json!([hostile]);
    d["facts"] = json!([["*", hostile]]);
    let cell = |s: &str| json!({ "text": s, "under": s, "number": true });
    d["blocks"] = json!([
        { "block": "heading", "level": 1, "id": "h", "text": text(hostile) },
        paragraph(text(hostile)),
        { "block": "table", "table": { "caption": hostile, "head": [cell(hostile), cell("x")],
          "rows": [{ "class": "", "cells": [cell(hostile), cell("#1")] }] } },
        { "block": "terms", "terms": [[text(hostile), text(hostile)]] },
        { "block": "notice", "text": [text(hostile)] },
    ]);
    let file = kept("hostile.pdf", &Program::start().pdf(&d));
    let plain: String = hostile.chars().filter(|c| !c.is_whitespace()).collect();
    let said = spoken(&file);
    assert!(said.matches(&plain).count() >= 6, "{said}");
    tool("qpdf", &["--check"], &file);
}

#[test]
fn a_character_without_a_glyph_is_named_and_one_with_marks_is_composed() {
    let mut program = Program::start();
    let d =
        document(vec![paragraph(text("𠮷田 😀 \u{5d0}\u{5d1} Jose\u{301} か\u{3099} a\u{200b}b\u{200f}c"))]);
    let (head, pdf) = program.set(&d);
    let warnings = head["warnings"].to_string();
    for code in ["U+20BB7", "U+1F600", "U+05D0", "U+05D1"] {
        assert!(warnings.contains(code), "{warnings}");
    }
    assert!(warnings.contains("blocks[0].text[0].text"), "{warnings}");
    let said = spoken(&kept("glyphs.pdf", &pdf));
    assert!(said.contains("‹U+20BB7›田‹U+1F600›‹U+05D0›‹U+05D1›José") && said.contains("abc"), "{said}");
    assert!(said.contains('が') || said.contains("か\u{3099}"), "{said}");
}

#[test]
fn what_cannot_be_set_is_refused_with_its_field_and_row() {
    let mut program = Program::start();
    let mut d = everything();
    d["blocks"][7]["table"]["rows"][3]["cells"][1]["text"] = json!(12);
    assert!(
        program.refuses(&d).contains("blocks[7].table.rows[3].cells[1].text: expected text, found a number")
    );
    let mut d = everything();
    let long = json!([{ "text": "a", "under": "", "number": false }, { "text": "b", "under": "", "number": false },
        { "text": "c", "under": "", "number": false }]);
    d["blocks"][7]["table"]["rows"][2]["cells"] = long;
    assert!(program.refuses(&d).contains("blocks[7].table.rows[2]: 3 cells under a header of 2 columns"));
    let mut d = everything();
    d["blocks"][8]["figure"]["alt"] = json!(" ");
    assert!(program.refuses(&d).contains("blocks[8].figure.alt"));
    let mut d = everything();
    d["blocks"][8]["figure"]["svg"] = json!("<svg");
    let told = program.refuses(&d);
    assert!(told.contains("blocks[8]") && told.contains("document.typ"), "{told}");
    let mut d = everything();
    d["blocks"][0]["block"] = json!("marquee");
    assert!(program.refuses(&d).contains("`marquee` is none of heading"));
    d["lang"] = json!("fr");
    assert!(program.refuses(&d).contains("lang: expected one of ja, en"));
    assert!(program.refuses(&json!({})).contains("form"));
    // and it is still alive
    assert!(program.pdf(&everything()).starts_with(b"%PDF-1.7"));
    let (head, _) = program.ask(&json!({ "sing": 1 }));
    assert!(head["error"]["said"].as_str().unwrap().contains("expected `set`, `paint` or `hello`"));
}

/// Where the topmost ink of a sign stands: 0 at its left edge, 1 at its right one.
fn topmost_ink(width: usize, dark: &[bool]) -> f64 {
    let rows: Vec<&[bool]> = dark.chunks(width).collect();
    let columns: Vec<usize> = (0..width).filter(|x| rows.iter().any(|r| r[*x])).collect();
    let (left, right) = (columns[0] as f64, *columns.last().unwrap() as f64);
    let top = rows.iter().find(|r| r.iter().any(|d| *d)).unwrap();
    let ink: Vec<f64> = (0..width).filter(|x| top[*x]).map(|x| x as f64).collect();
    (ink.iter().sum::<f64>() / ink.len() as f64 - left) / (right - left)
}

/// BIZ UDPGothic 1.05 has ≤ and ≥ exchanged (`assets/fonts/README.md`): the arms of ≤ open to the right.
#[test]
fn less_or_equal_opens_to_the_right_and_greater_or_equal_to_the_left() {
    let mut program = Program::start();
    for (sign, right) in [("≤", true), ("≥", false)] {
        let mut d = document(vec![]);
        for field in ["study", "nature"] {
            d[field] = json!("");
        }
        d["title"] = json!(sign);
        (d["facts"], d["stamp"]) = (json!([]), json!([""]));
        let file = kept("sign.pdf", &program.pdf(&d));
        let image = Command::new("pdftoppm").args(["-r", "300", "-gray"]).arg(&file).output().unwrap().stdout;
        // PGM: P5, width height, 255, bytes; the sign stands alone in the upper half
        let head: Vec<&[u8]> = image.splitn(4, |b| b.is_ascii_whitespace()).collect();
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().parse::<usize>().unwrap();
        let (width, rest) = (number(head[1]), head[3]);
        let height = number(head[2]);
        let pixels = &rest[rest.len() - width * height..];
        let dark: Vec<bool> = pixels[..width * (height / 2)].iter().map(|p| *p < 128).collect();
        let at = topmost_ink(width, &dark);
        assert!(if right { at > 0.7 } else { at < 0.3 }, "{sign} in the PDF: {at}");
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'><text x='10' y='80' font-size='80' font-family='\"Shirube Digits\",\"BIZ UDPGothic\"'>{sign}</text></svg>"
        );
        let (head, png) = program.ask(&json!({ "paint": svg, "scale": 2 }));
        assert!(head.get("error").is_none() && png.starts_with(b"\x89PNG"), "{head}");
    }
}

#[test]
fn a_figure_is_painted_as_png_with_its_words() {
    let mut program = Program::start();
    let (head, png) = program.ask(&json!({ "paint": SVG, "scale": 2 }));
    assert!(head.get("error").is_none(), "{head}");
    assert_eq!(&png[16..24], [0, 0, 1, 144, 0, 0, 0, 120], "400 × 120 pixels");
    let without = SVG.replace("図 42 ≤ 50", "");
    let (_, bare) = program.ask(&json!({ "paint": without, "scale": 2 }));
    assert!(png.len() > bare.len() + 300, "the words are painted");
    let (head, _) = program.ask(&json!({ "paint": "<svg", "scale": 2 }));
    assert!(head["error"]["said"].as_str().unwrap().contains("paint"));
    let (head, _) = program.ask(&json!({ "paint": SVG, "scale": 1e6 }));
    assert!(head["error"]["said"].as_str().unwrap().contains("too many"));
}
