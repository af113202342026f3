//! The style sheet that pages, reports and figures share.

/// Design tokens, typography, tables, notices and figures. Pages add their own parts.
pub fn css() -> &'static str {
    include_str!("../../../assets/style/shirube.css")
}

/// Digits of equal width (see `assets/fonts`), small enough to travel inside a page: regular and bold, WOFF2.
pub const DIGITS: [(&str, u16, &[u8]); 2] = [
    ("ShirubeDigits-Regular.woff2", 400, include_bytes!("../../../assets/fonts/ShirubeDigits-Regular.woff2")),
    ("ShirubeDigits-Bold.woff2", 700, include_bytes!("../../../assets/fonts/ShirubeDigits-Bold.woff2")),
];

/// `@font-face` rules that carry the digits as data; the text face itself is the reader's or the server's.
pub fn digits_css() -> String {
    DIGITS
        .iter()
        .map(|(_, weight, bytes)| {
            format!(
                "@font-face{{font-family:\"Shirube Digits\";font-weight:{weight};unicode-range:U+30-39,U+2264-2265;\
                 src:url(data:font/woff2;base64,{}) format(\"woff2\")}}\n",
                base64(bytes)
            )
        })
        .collect()
}

/// The figure part of the style sheet with the light colours put in, for an SVG file that stands alone.
pub(crate) fn standalone() -> String {
    let css = css();
    let part = between(css, "/* begin figures */", "/* end figures */").unwrap_or_default();
    let tokens = between(css, ":root {", "}").unwrap_or_default();
    let mut out = part.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in tokens.lines() {
        if let Some((name, value)) = line.trim().trim_end_matches(';').split_once(": ") {
            out = out.replace(&format!("var({name})"), value);
        }
    }
    out
}

fn between<'a>(s: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let rest = s.split_once(from)?.1;
    rest.split_once(to).map(|(inner, _)| inner)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| chunk.get(i).copied().map_or(0u32, u32::from);
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = LETTERS.get((group >> (18 - 6 * i) & 63) as usize).copied().map_or('=', char::from);
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads_as_rfc_4648_does() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_figure_that_stands_alone_has_every_colour_in_it() {
        let style = standalone();
        assert!(!style.contains("var(") && style.contains("#1c4e80") && style.contains(".fig .curve"));
    }

    #[test]
    fn dark_and_print_define_every_colour_that_light_defines() {
        let blocks: Vec<&str> =
            css().split(":root {").skip(1).filter_map(|b| b.split_once('}')).map(|b| b.0).collect();
        let names = |b: &str| -> Vec<String> {
            let mut n: Vec<String> = b
                .lines()
                .filter(|l| l.contains('#'))
                .filter_map(|l| Some(l.trim().split_once(':')?.0.to_owned()))
                .collect();
            n.sort();
            n
        };
        assert_eq!(blocks.len(), 3);
        for block in &blocks[1..] {
            assert_eq!(names(blocks[0]), names(block));
        }
    }
}
