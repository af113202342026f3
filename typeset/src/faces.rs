//! The typefaces inside the program, and which characters they can show.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use typst::foundations::Bytes;
use typst::layout::Abs;
use typst::text::{Font, FontBook, FontInstance, FontVariant, FontVariations};
use typst::utils::LazyHash;
use unicode_normalization::UnicodeNormalization;

/// BIZ UDPGothic, and its digits and signs of order at one width (`assets/fonts/README.md`).
pub const FILES: [&[u8]; 4] = [
    include_bytes!("../../assets/fonts/ShirubeDigits-Regular.ttf"),
    include_bytes!("../../assets/fonts/ShirubeDigits-Bold.ttf"),
    include_bytes!("../../assets/fonts/BIZUDPGothic-Regular.ttf"),
    include_bytes!("../../assets/fonts/BIZUDPGothic-Bold.ttf"),
];

pub struct Faces {
    pub fonts: Vec<Font>,
    pub book: LazyHash<FontBook>,
    /// The text face as it is set where nothing is said of it.
    text: Option<FontInstance>,
    /// A bit for each character that every weight of the text face has: a font's own list is searched from its start.
    shown: Vec<u64>,
}

impl Faces {
    pub fn new() -> Faces {
        let fonts: Vec<Font> = FILES.iter().filter_map(|data| Font::new(Bytes::new(*data), 0)).collect();
        let book = LazyHash::new(FontBook::from_fonts(&fonts));
        let of = |f: &Font| {
            let mut bits = Vec::new();
            for c in f.info().coverage.iter() {
                let (word, bit) = (c as usize / 64, c % 64);
                if bits.len() <= word {
                    bits.resize(word + 1, 0u64);
                }
                if let Some(word) = bits.get_mut(word) {
                    *word |= 1 << bit;
                }
            }
            bits
        };
        let weights = fonts.iter().filter(|f| f.info().family == "BIZ UDPGothic").map(of);
        let both = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a & b).collect();
        let shown = weights.reduce(both).unwrap_or_default();
        let text = fonts.iter().find(|f| f.info().family == "BIZ UDPGothic").cloned();
        let regular = (FontVariant::default(), Abs::pt(10.0), FontVariations::default());
        let text = text.map(|font| font.instantiate(regular.0, regular.1, &regular.2));
        Faces { fonts, book, text, shown }
    }

    /// Whether every weight of the text face has a glyph.
    pub fn shows(&self, c: char) -> bool {
        let c = c as usize;
        self.shown.get(c / 64).is_some_and(|word| word >> (c % 64) & 1 == 1)
    }
}

impl Faces {
    /// How wide words are in the text face, in em. Readings are set by it: to measure each of a thousand of them in the
    /// template takes most of a letter's time.
    pub fn width(&self, words: &str) -> f64 {
        let advance = |c: char| {
            let text = self.text.as_ref()?;
            text.x_advance(text.ttf().glyph_index(c)?.0).map(|em| em.get())
        };
        words.chars().map(|c| advance(c).unwrap_or(1.0)).sum()
    }
}

/// How far a reading may stand from the middle of its own characters, in em of these, so that the readings of a piece
/// are set as one run.
const ASIDE: f64 = 0.15;
/// So many units stay together at most: between pieces a line may break.
const TOGETHER: usize = 3;

/// Puts into every run with readings its `pieces`: text as it is, or where readings and base stand, in em of the base.
/// A piece is one box of the page, and boxes are most of a letter's time.
pub fn place_readings(faces: &Faces, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| place_readings(faces, item)),
        Value::Object(fields) => {
            if fields.get("run").and_then(Value::as_str) == Some("ruby") {
                let units = fields.get("units").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let pieces = pieces(faces, units);
                fields.insert("pieces".into(), pieces.into());
                return;
            }
            fields.values_mut().for_each(|field| place_readings(faces, field));
        }
        _ => {}
    }
}

fn pieces(faces: &Faces, units: &[Value]) -> Vec<Value> {
    let word = |unit: &Value, i: usize| unit.get(i).and_then(Value::as_str).unwrap_or_default().to_owned();
    let units: Vec<(String, String)> = units.iter().map(|u| (word(u, 0), word(u, 1))).collect();
    let mut pieces = Vec::new();
    for group in units.chunk_by(|a, b| a.1.is_empty() == b.1.is_empty()) {
        if group.iter().all(|(_, reading)| reading.is_empty()) {
            pieces.push(group.iter().map(|(base, _)| base.as_str()).collect::<String>().into());
            continue;
        }
        let size = group.len().div_ceil(group.len().div_ceil(TOGETHER));
        pieces.extend(group.chunks(size).map(|chunk| piece(faces, chunk)));
    }
    pieces
}

/// Each reading stands over the middle of its base, or, where that is all but the same, over the middle of the piece.
fn piece(faces: &Faces, units: &[(String, String)]) -> Value {
    let wide: Vec<(f64, f64)> =
        units.iter().map(|(base, reading)| (faces.width(base), faces.width(reading) * 0.5)).collect();
    let whole: f64 = wide.iter().map(|(base, over)| base.max(*over)).sum();
    let readings: f64 = wide.iter().map(|(_, over)| over).sum();
    let (mut slot, mut joined, mut aside) = (0.0, (whole - readings) / 2.0, 0.0_f64);
    let (mut over, mut under) = (Vec::new(), Vec::new());
    for ((base, reading), (base_wide, over_wide)) in units.iter().zip(&wide) {
        let room = base_wide.max(*over_wide);
        let at = slot + (room - over_wide) / 2.0;
        aside = aside.max((joined - at).abs());
        over.push((at, *over_wide, reading.clone()));
        under.push((slot + (room - base_wide) / 2.0, *base_wide, base.clone()));
        slot += room;
        joined += over_wide;
    }
    if aside <= ASIDE {
        let all = units.iter().map(|(_, reading)| reading.as_str()).collect();
        over = vec![((whole - readings) / 2.0, readings, all)];
    }
    let (lead, over, over_end) = gaps(over);
    let (begin, under, under_end) = gaps(under);
    json!({ "lead": lead, "over": over, "back": near(begin - over_end), "under": under, "tail": near(whole - under_end) })
}

/// Runs at their places as runs with what lies between: where the first begins, the runs with the gap before each (none
/// before the first; runs that touch are one), and where the last ends.
fn gaps(placed: Vec<(f64, f64, String)>) -> (f64, Vec<(f64, String)>, f64) {
    let begin = placed.first().map_or(0.0, |(at, ..)| *at);
    let (mut runs, mut end): (Vec<(f64, String)>, f64) = (Vec::new(), begin);
    for (at, wide, words) in placed {
        let gap = near(at - end);
        match runs.last_mut() {
            Some((_, before)) if gap == 0.0 => before.push_str(&words),
            _ => runs.push((gap, words)),
        }
        end = at + wide;
    }
    (near(begin), runs, end)
}

/// To a ten thousandth of an em, which nobody sees, so that nothing hangs on the last bit of a sum.
fn near(em: f64) -> f64 {
    let round = (em * 1e4).round() / 1e4;
    if round == 0.0 { 0.0 } else { round }
}

/// Characters without a glyph, how often they were met, and the field of the first.
pub type Unprintable = BTreeMap<char, (usize, String)>;

/// Makes every string of a document one that the typefaces can print. A PDF for archives and for screen readers must
/// hold no empty box, so a character without a glyph becomes its code in brackets, and is told.
pub fn printable(faces: &Faces, document: &mut Value) -> Unprintable {
    let mut missing = Unprintable::new();
    walk(faces, document, &mut String::new(), &mut missing);
    missing
}

fn walk(faces: &Faces, value: &mut Value, at: &mut String, missing: &mut Unprintable) {
    let length = at.len();
    match value {
        Value::String(text) => {
            if let Some(clean) = clean(faces, text, at, missing) {
                *text = clean;
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                at.push_str(&format!("[{i}]"));
                walk(faces, item, at, missing);
                at.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields.iter_mut().filter(|(name, _)| *name != "href" && *name != "id") {
                if length > 0 {
                    at.push('.');
                }
                at.push_str(name);
                walk(faces, item, at, missing);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

/// `None` where the text can be printed as it is.
fn clean(faces: &Faces, text: &str, at: &str, missing: &mut Unprintable) -> Option<String> {
    let good = |c: char| c == '\n' || (faces.shows(c) && !combining(c) && !c.is_control());
    if text.is_ascii() && !text.chars().any(|c| c.is_control() && c != '\n') || text.chars().all(good) {
        return None;
    }
    // A letter and its mark become one character where there is one (Unicode normalisation form C): the same text.
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            '\n' => out.push(c),
            '\t' | '\u{a0}' => out.push(' '),
            '\u{2010}' | '\u{2011}' => out.push('-'),
            c if unseen(c) => {}
            c if faces.shows(c) && !c.is_control() => out.push(c),
            c => {
                let found = missing.entry(c).or_insert_with(|| (0, at.to_owned()));
                found.0 += 1;
                out.push_str(&format!("‹U+{:04X}›", c as u32));
            }
        }
    }
    Some(out)
}

fn combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}')
}

/// Characters that direct or join others and show nothing themselves, and control characters.
fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}
