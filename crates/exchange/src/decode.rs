//! Bytes to text, by the encoding that the map declares and no other.

use crate::File;
use crate::map::Encoding;
use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
use protocol::{Diagnostic, Place};
use words::Text;

/// No larger file is read, in bytes.
const LARGEST: usize = 512 << 20;

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::ShiftJis => "shift_jis",
            Encoding::Windows1252 => "windows-1252",
        }
    }
}

/// The text of a file, without a byte order mark. What is odd but harmless is told as a warning in `found`; `None` when
/// there is no text, with the errors in `found`.
pub(crate) fn decode(file: &File<'_>, declared: Encoding, found: &mut Vec<Diagnostic>) -> Option<String> {
    let bytes = file.bytes;
    let error =
        |code: &str, ja: String, en: String| Diagnostic::error(code, Text::new(ja, en)).at(whole(file.name));
    if bytes.len() > LARGEST {
        let mb = LARGEST >> 20;
        found.push(error(
            "X101",
            format!("ファイルが {mb} MB を超えています。"),
            format!("The file is larger than {mb} MB."),
        ));
        return None;
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        found.push(
            error(
                "X102",
                "ファイルは UTF-16 か、文字のファイルではありません。".to_owned(),
                "The file is UTF-16, or no text at all.".to_owned(),
            )
            .hint(Text::new("UTF-8 の CSV として保存し直してください。", "Save it as CSV in UTF-8.")),
        );
        return None;
    }
    let (bytes, marked) = match bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let utf8 = std::str::from_utf8(bytes);
    let foreign = !bytes.is_ascii();
    if declared != Encoding::Utf8 && (marked || foreign && utf8.is_ok()) {
        found.push(
            error(
                "X103",
                format!("対応表では {} ですが、ファイルは UTF-8 です。", declared.name()),
                format!("The map says {}, but the file is UTF-8.", declared.name()),
            )
            .hint(Text::new("「encoding: utf-8」としてください。", "Write `encoding: utf-8`.")),
        );
        return None;
    }
    if marked {
        let told = Text::new(
            "ファイルの先頭に BOM（UTF-8 の印）があります。データではないので除きました。",
            "The file begins with a byte order mark (UTF-8). It is no data and was left out.",
        );
        found.push(Diagnostic::warning("X104", told).at(whole(file.name)));
    }
    let text = match declared {
        Encoding::Utf8 => match utf8 {
            Ok(text) => Some(text.to_owned()),
            Err(_) => {
                found.extend(not_utf8(file.name, bytes));
                None
            }
        },
        Encoding::ShiftJis => legacy(file.name, bytes, SHIFT_JIS, "Shift_JIS", found),
        Encoding::Windows1252 => legacy(file.name, bytes, WINDOWS_1252, "windows-1252", found),
    }?;
    let damaged: Vec<Diagnostic> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains('\u{fffd}'))
        .map(|(n, line)| {
            let column = line.chars().take_while(|c| *c != '\u{fffd}').count() + 1;
            Diagnostic::error(
                "X106",
                Text::new(
                    "「\u{fffd}」は、前の変換で失われた文字の跡です。",
                    "\"\u{fffd}\" is what an earlier conversion left of a lost character.",
                ),
            )
            .at(place(file.name, n + 1, column, 1, line))
        })
        .collect();
    let sound = damaged.is_empty();
    found.extend(damaged);
    sound.then_some(text)
}

/// Text in an older encoding; every line that is not, is told.
fn legacy(
    name: &str,
    bytes: &[u8],
    encoding: &'static encoding_rs::Encoding,
    told: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let (text, bad) = encoding.decode_without_bom_handling(bytes);
    if !bad {
        return Some(text.into_owned());
    }
    for (n, line) in text.lines().enumerate().filter(|(_, l)| l.contains('\u{fffd}')) {
        let column = line.chars().take_while(|c| *c != '\u{fffd}').count() + 1;
        let message = Text::new(
            format!("{told} の文字ではないバイトがあります。"),
            format!("There is a byte that is no character of {told}."),
        );
        found.push(Diagnostic::error("X105", message).at(place(name, n + 1, column, 1, line)));
    }
    None
}

/// Every line that is not UTF-8, with a guess at what the file is. The guess is told, never taken.
fn not_utf8(name: &str, bytes: &[u8]) -> Vec<Diagnostic> {
    let (japanese, bad) = SHIFT_JIS.decode_without_bom_handling(bytes);
    let kana = japanese.chars().any(|c| matches!(c, 'ぁ'..='ヿ' | '一'..='龥'));
    let guess = if !bad && kana { "shift_jis" } else { "windows-1252" };
    let lines = bytes.split(|b| *b == b'\n').enumerate();
    lines
        .filter_map(|(n, line)| {
            let at = std::str::from_utf8(line).err()?.valid_up_to();
            let byte = line.get(at).copied().unwrap_or(0);
            let column = String::from_utf8_lossy(line.get(..at).unwrap_or_default()).chars().count() + 1;
            let shown = String::from_utf8_lossy(line);
            let message = Text::new(
                format!("UTF-8 の文字ではないバイト（0x{byte:02X}）があります。"),
                format!("The byte 0x{byte:02X} is no character of UTF-8."),
            );
            let hint = Text::new(
                format!("ファイルは {guess} かもしれません。確かめて「encoding: {guess}」としてください。"),
                format!("The file may be {guess}; make sure, and declare `encoding: {guess}`."),
            );
            let place = place(name, n + 1, column, 1, shown.trim_end_matches('\r'));
            Some(Diagnostic::error("X105", message).at(place).hint(hint))
        })
        .collect()
}

/// A finding about a file as a whole.
pub(crate) fn whole(file: &str) -> Place {
    Place { file: file.to_owned(), line: 1, column: 1, excerpt: String::new(), from: 1, width: 1 }
}

/// A place in a line; characters that are not seen are replaced.
pub(crate) fn place(file: &str, line: usize, column: usize, width: usize, text: &str) -> Place {
    const AROUND: usize = 200;
    let from = column.saturating_sub(AROUND).max(1);
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    Place {
        file: file.to_owned(),
        line,
        column,
        excerpt: text.chars().skip(from - 1).take(2 * AROUND).map(shown).collect(),
        from,
        width: width.max(1),
    }
}
