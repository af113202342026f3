//! A figure as shapes and words, before any format: the same scene becomes SVG for pages and drawing commands for
//! PDF, and is compared as text in tests.

use std::fmt::{self, Write};
use words::{Lang, Text};

/// A figure. Coordinates are CSS pixels, y downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Unique on a page; letters, digits, `-`.
    pub id: String,
    pub width: f64,
    pub height: f64,
    pub title: Text,
    /// What the figure shows, in words, for those who do not see it; made from the same rows.
    pub description: Text,
    pub marks: Vec<Mark>,
}

/// One shape with its role, which decides how it looks, and the series that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub role: Role,
    pub series: Option<u8>,
    pub shape: Shape,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Line { from: (f64, f64), to: (f64, f64) },
    Rect { x: f64, y: f64, width: f64, height: f64 },
    Path { points: Vec<(f64, f64)>, closed: bool },
    Disc { x: f64, y: f64, radius: f64 },
    Text { x: f64, y: f64, anchor: Anchor, text: Text },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// What a mark is. The name is its CSS class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Axis,
    Grid,
    /// A line to compare with: hazard ratio 1, a planned time.
    Reference,
    Curve,
    Censor,
    Band,
    Bar,
    Whisker,
    Point,
    Box,
    /// A box beside the main way.
    Side,
    Arrow,
    ArrowHead,
    Label,
    /// A label of less weight.
    Soft,
    Strong,
    /// Words on a dark bar.
    Over,
    /// A reading over a character, at 7 px.
    Reading,
    /// An area that belongs to a series; its pattern is drawn over it.
    Fill,
    /// Lines of a pattern.
    Hatch,
    /// A symbol of a series.
    Mark,
    /// An open symbol.
    Open,
}

impl Role {
    fn class(self) -> &'static str {
        match self {
            Role::Axis => "axis",
            Role::Grid => "grid",
            Role::Reference => "reference",
            Role::Curve => "curve",
            Role::Censor => "censor",
            Role::Band => "band",
            Role::Bar => "bar",
            Role::Whisker => "whisker",
            Role::Point => "point",
            Role::Box => "box",
            Role::Side => "side",
            Role::Arrow => "arrow",
            Role::ArrowHead => "head",
            Role::Label => "label",
            Role::Soft => "soft",
            Role::Strong => "strong",
            Role::Over => "over",
            Role::Reading => "reading",
            Role::Fill => "fill",
            Role::Hatch => "hatch",
            Role::Mark => "mark",
            Role::Open => "open",
        }
    }
}

impl Scene {
    pub fn new(id: &str, width: f64, height: f64, title: Text) -> Scene {
        let id = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Scene { id, width, height, title, description: Text::default(), marks: Vec::new() }
    }

    pub fn line(&mut self, role: Role, series: Option<u8>, from: (f64, f64), to: (f64, f64)) {
        self.marks.push(Mark { role, series, shape: Shape::Line { from, to } });
    }

    pub fn rect(&mut self, role: Role, series: Option<u8>, x: f64, y: f64, width: f64, height: f64) {
        self.marks.push(Mark { role, series, shape: Shape::Rect { x, y, width, height } });
    }

    pub fn path(&mut self, role: Role, series: Option<u8>, points: Vec<(f64, f64)>, closed: bool) {
        if points.len() > 1 {
            self.marks.push(Mark { role, series, shape: Shape::Path { points, closed } });
        }
    }

    pub fn disc(&mut self, role: Role, series: Option<u8>, x: f64, y: f64, radius: f64) {
        self.marks.push(Mark { role, series, shape: Shape::Disc { x, y, radius } });
    }

    /// The symbol of a series: disc, square, triangle, diamond, so that series differ without colour.
    pub fn symbol(&mut self, series: u8, x: f64, y: f64, size: f64) {
        let (role, s, r) = (Role::Mark, Some(series), size / 2.0);
        match series % 4 {
            0 => self.disc(role, s, x, y, r),
            1 => self.rect(role, s, x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
            2 => {
                self.path(role, s, vec![(x, y - r * 1.15), (x + r * 1.1, y + r), (x - r * 1.1, y + r)], true)
            }
            _ => {
                let d = r * 1.25;
                self.path(role, s, vec![(x, y - d), (x + d, y), (x, y + d), (x - d, y)], true);
            }
        }
    }

    /// A filled area with the pattern of its series: plain, diagonal, upright, crossed.
    pub fn area(&mut self, series: u8, x: f64, y: f64, width: f64, height: f64) {
        let s = Some(series);
        self.rect(Role::Fill, s, x, y, width, height);
        let (right, bottom, step) = (x + width, y + height, 6.0);
        if series % 4 == 1 || series % 4 == 3 {
            // lines x + y = c, cut at the edges
            let mut c = x + y + step;
            while c < right + bottom {
                let from = if c - y <= right { (c - y, y) } else { (right, c - right) };
                let to = if c - x <= bottom { (x, c - x) } else { (c - bottom, bottom) };
                self.line(Role::Hatch, s, from, to);
                c += step;
            }
        }
        if series % 4 == 3 {
            let mut c = x - bottom + step;
            while c < right - y {
                let from = if c + y >= x { (c + y, y) } else { (x, x - c) };
                let to = if c + bottom <= right { (c + bottom, bottom) } else { (right, right - c) };
                self.line(Role::Hatch, s, from, to);
                c += step;
            }
        }
        if series % 4 == 2 {
            let mut at = x + step / 2.0;
            while at < right {
                self.line(Role::Hatch, s, (at, y), (at, bottom));
                at += step;
            }
        }
    }

    pub fn text(&mut self, role: Role, x: f64, y: f64, anchor: Anchor, text: Text) {
        self.marks.push(Mark { role, series: None, shape: Shape::Text { x, y, anchor, text } });
    }

    /// For a page that has the style sheet: colours follow the page, light, dark or print.
    pub fn svg(&self, lang: Lang) -> String {
        self.render(lang, None)
    }

    /// For a file of its own: the light colours are inside, and the digits with ≤ and ≥, which an installed face may
    /// have the wrong way round.
    pub fn svg_file(&self, lang: Lang) -> String {
        self.render(lang, Some(&(crate::style::digits_css() + &crate::style::standalone())))
    }

    /// For the typesetter, which has the faces: the light colours are inside.
    pub fn svg_print(&self, lang: Lang) -> String {
        // The face of the digits has no space, and here the text face is the right one for ≤ and ≥ too.
        self.render(lang, Some(&crate::style::standalone().replace("\"Shirube Digits\", ", "")))
    }

    fn render(&self, lang: Lang, style: Option<&str>) -> String {
        let mut out = String::with_capacity(64 * self.marks.len() + 512);
        let (w, h, id) = (num(self.width), num(self.height), &self.id);
        let _ = write!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="fig" lang="{lang}" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{}</title><desc id="{id}-d">{}</desc>"#,
            escape(self.title.get(lang)),
            escape(self.description.get(lang)),
        );
        if let Some(style) = style {
            let _ =
                write!(out, "<style>{style}</style><rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>");
        }
        for mark in &self.marks {
            mark.svg(&mut out, lang);
        }
        out.push_str("</svg>\n");
        out
    }
}

impl Mark {
    fn svg(&self, out: &mut String, lang: Lang) {
        let series = self.series.map_or_else(String::new, |s| format!(" s{s}"));
        let class = format!("class=\"{}{series}\"", self.role.class());
        let _ = match &self.shape {
            Shape::Line { from, to } => write!(
                out,
                r#"<line {class} x1="{}" y1="{}" x2="{}" y2="{}"/>"#,
                num(from.0),
                num(from.1),
                num(to.0),
                num(to.1)
            ),
            Shape::Rect { x, y, width, height } => write!(
                out,
                r#"<rect {class} x="{}" y="{}" width="{}" height="{}"/>"#,
                num(*x),
                num(*y),
                num(*width),
                num(*height)
            ),
            Shape::Path { points, closed } => {
                let d = path_data(points);
                write!(out, r#"<path {class} d="{d}{}"/>"#, if *closed { "Z" } else { "" })
            }
            Shape::Disc { x, y, radius } => {
                write!(out, r#"<circle {class} cx="{}" cy="{}" r="{}"/>"#, num(*x), num(*y), num(*radius))
            }
            Shape::Text { x, y, anchor, text } => {
                let anchor = match anchor {
                    Anchor::Start => "",
                    Anchor::Middle => " text-anchor=\"middle\"",
                    Anchor::End => " text-anchor=\"end\"",
                };
                let words = escape(text.get(lang));
                write!(out, r#"<text {class} x="{}" y="{}"{anchor}>{words}</text>"#, num(*x), num(*y))
            }
        };
    }
}

/// One line per mark, in drawing order: what tests compare.
impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}x{}", self.id, num(self.width), num(self.height))?;
        writeln!(f, "title {} | {}", self.title.ja, self.title.en)?;
        writeln!(f, "alt {} | {}", self.description.ja, self.description.en)?;
        for mark in &self.marks {
            write!(f, "{}", mark.role.class())?;
            if let Some(s) = mark.series {
                write!(f, ".{s}")?;
            }
            match &mark.shape {
                Shape::Line { from, to } => {
                    writeln!(f, " line {},{} {},{}", num(from.0), num(from.1), num(to.0), num(to.1))?
                }
                Shape::Rect { x, y, width, height } => {
                    writeln!(f, " rect {},{} {}x{}", num(*x), num(*y), num(*width), num(*height))?
                }
                Shape::Path { points, closed } => {
                    writeln!(f, " path {}{}", path_data(points), if *closed { "Z" } else { "" })?
                }
                Shape::Disc { x, y, radius } => {
                    writeln!(f, " disc {},{} {}", num(*x), num(*y), num(*radius))?
                }
                Shape::Text { x, y, anchor, text } => {
                    let words = if text.ja == text.en {
                        text.en.clone()
                    } else {
                        format!("{} | {}", text.ja, text.en)
                    };
                    writeln!(f, " text {},{} {anchor:?} {words}", num(*x), num(*y))?
                }
            }
        }
        Ok(())
    }
}

/// Absolute moves; a horizontal or vertical step takes one number.
fn path_data(points: &[(f64, f64)]) -> String {
    let mut d = String::new();
    let mut before: Option<(String, String)> = None;
    for &(x, y) in points {
        let (x, y) = (num(x), num(y));
        let _ = match &before {
            None => write!(d, "M{x} {y}"),
            Some((px, py)) if *px == x && *py == y => Ok(()),
            Some((px, _)) if *px == x => write!(d, "V{y}"),
            Some((_, py)) if *py == y => write!(d, "H{x}"),
            Some(_) => write!(d, "L{x} {y}"),
        };
        before = Some((x, y));
    }
    d
}

/// A coordinate to a hundredth, in the shortest form. What is not finite never reaches a figure's file.
fn num(x: f64) -> String {
    if !x.is_finite() {
        return "0".to_owned();
    }
    let s = format!("{x:.2}");
    let s = s.trim_end_matches('0').trim_end_matches('.');
    if s == "-0" { "0".to_owned() } else { s.to_owned() }
}

pub(crate) fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no place for control characters.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Width of `s` in the typeface, in pixels at `size` pixels: BIZ UDPGothic Regular with its digits at one width;
/// characters beyond ASCII count as full width.
pub fn measure(s: &str, size: f64) -> f64 {
    let thousandths: u32 = s
        .chars()
        .map(|c| match c {
            ' '..='~' => ASCII.get(c as usize - 32).copied().map_or(1000, u32::from),
            '–' | '（' | '）' => 500,
            '、' | '。' => 600,
            _ => 1000,
        })
        .sum();
    f64::from(thousandths) * size / 1000.0
}

/// The wider of the two languages.
pub fn measure_text(t: &Text, size: f64) -> f64 {
    measure(&t.ja, size).max(measure(&t.en, size))
}

/// Advance widths of U+0020 to U+007E in thousandths of an em (BIZ UDPGothic Regular 1.051, table hmtx).
const ASCII: [u16; 95] = [
    333, 330, 470, 920, 800, 1000, 890, 290, 490, 490, 500, 840, 310, 480, 310, 500, 760, 760, 760, 760, 760,
    760, 760, 760, 760, 760, 310, 310, 840, 840, 840, 775, 980, 760, 770, 800, 840, 700, 660, 840, 820, 420,
    540, 750, 600, 980, 820, 860, 740, 890, 760, 710, 700, 840, 740, 980, 800, 720, 750, 500, 500, 500, 500,
    305, 500, 650, 710, 640, 710, 690, 500, 670, 700, 320, 380, 630, 330, 940, 700, 680, 710, 710, 450, 590,
    470, 700, 580, 880, 600, 610, 580, 520, 440, 520, 500,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_a_study_cannot_break_out_of_the_figure() {
        let mut scene = Scene::new("a b\"<", 10.0, 10.0, Text::same("<&>"));
        scene.text(Role::Label, 1.0, 2.0, Anchor::Start, Text::same("</text><script>\u{7}\"'"));
        let svg = scene.svg(Lang::En);
        assert!(!svg.contains("<script>"));
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt; &quot;'"));
        assert!(svg.contains("id=\"a-b---t\""));
    }

    #[test]
    fn a_figure_never_holds_a_coordinate_that_is_not_a_number() {
        let mut scene = Scene::new("x", f64::NAN, 10.0, Text::default());
        scene.line(Role::Axis, None, (f64::INFINITY, 0.0), (1.0, -0.001));
        let svg = scene.svg(Lang::En);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert!(svg.contains(r#"y2="0""#));
    }
}
