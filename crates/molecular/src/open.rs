//! From the bytes of a file to text: plain, gzip or bgzip, with limits, and with truncation found.

use crate::note::{Note, both};
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;
use words::Text;

/// Unpacked size beyond which a file is refused, in bytes. A panel's file has a few megabytes.
pub const LIMIT: u64 = 512 * 1024 * 1024;

/// The empty block that ends every BGZF file (SAM specification, section 4.1.2).
const BGZF_END: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, 0x42, 0x43, 0x02, 0, 0x1b, 0, 0x03, 0, 0, 0, 0, 0,
    0, 0, 0, 0,
];

/// The text of a file. Refused: truncated or damaged gzip, more than [`LIMIT`] bytes, text that is not UTF-8, binary
/// variant files (BCF), an empty file.
pub fn text<'a>(bytes: &'a [u8], file: &str) -> Result<Cow<'a, str>, Box<Note>> {
    let unpacked = unpack(bytes, file)?;
    if unpacked.starts_with(b"BCF") {
        return Err(Box::new(Note::refused(
            "bcf",
            file,
            Text::new("これは BCF（バイナリ形式）です。", "This is BCF, the binary form."),
            Text::new("VCF に変換してください。", "Convert it to VCF."),
        )));
    }
    if unpacked.iter().all(u8::is_ascii_whitespace) {
        return Err(Box::new(Note::refused(
            "empty",
            file,
            Text::new("ファイルが空です。", "The file is empty."),
            Text::new("送付元に再送を依頼してください。", "Ask for it again."),
        )));
    }
    let not_text = |line: usize| {
        Box::new(
            Note::refused(
                "not_text",
                file,
                Text::new("UTF-8 の文字として読めない箇所があります。", "This is not UTF-8 text."),
                Text::new("UTF-8 で保存し直してください。", "Save it as UTF-8."),
            )
            .at(line),
        )
    };
    let line_of = |upto: &[u8]| upto.iter().filter(|b| **b == b'\n').count() + 1;
    let mark = "\u{feff}";
    match unpacked {
        Cow::Borrowed(b) => match std::str::from_utf8(b) {
            Ok(t) => Ok(Cow::Borrowed(t.strip_prefix(mark).unwrap_or(t))),
            Err(e) => Err(not_text(line_of(b.get(..e.valid_up_to()).unwrap_or_default()))),
        },
        Cow::Owned(b) => match String::from_utf8(b) {
            Ok(t) => Ok(Cow::Owned(t.strip_prefix(mark).map_or_else(|| t.clone(), str::to_owned))),
            Err(e) => {
                let upto = e.utf8_error().valid_up_to();
                Err(not_text(line_of(e.as_bytes().get(..upto).unwrap_or_default())))
            }
        },
    }
}

fn unpack<'a>(bytes: &'a [u8], file: &str) -> Result<Cow<'a, [u8]>, Box<Note>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let again = || Text::new("送付元に再送を依頼してください。", "Ask for the file again.");
    let bgzf = bytes.get(3) == Some(&4) && bytes.get(12..14) == Some(b"BC");
    if bgzf && !bytes.ends_with(&BGZF_END) {
        let what = Text::new(
            "bgzip のファイルが途中で切れています（終端のブロックがありません）。",
            "The bgzip file is cut off: its end marker is missing.",
        );
        return Err(Box::new(Note::refused("truncated", file, what, again())));
    }
    let mut out = Vec::new();
    if let Err(e) = MultiGzDecoder::new(bytes).take(LIMIT + 1).read_to_end(&mut out) {
        let why = e.to_string();
        let what = both!(
            "圧縮ファイルが壊れているか途中で切れています（{why}）。",
            "The compressed file is damaged or cut off ({why})."
        );
        return Err(Box::new(Note::refused("damaged", file, what, again())));
    }
    if out.len() as u64 > LIMIT {
        let limit = LIMIT / (1024 * 1024);
        let what = both!("展開すると {limit} MB を超えます。", "Unpacked it has more than {limit} MB.");
        let todo = Text::new(
            "パネルの対象遺伝子に絞ったファイルを用意してください。",
            "Give a file restricted to the panel's genes.",
        );
        return Err(Box::new(Note::refused("too_large", file, what, todo)));
    }
    Ok(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut e = GzEncoder::new(Vec::new(), Compression::default());
        e.write_all(bytes).unwrap();
        e.finish().unwrap()
    }

    #[test]
    fn plain_and_gzip_give_the_same_text() {
        assert_eq!(text(b"a\tb\n", "f").unwrap(), "a\tb\n");
        assert_eq!(text(&gz(b"a\tb\n"), "f").unwrap(), "a\tb\n");
        assert_eq!(text("\u{feff}a".as_bytes(), "f").unwrap(), "a");
    }

    #[test]
    fn a_cut_gzip_a_damaged_one_an_empty_file_and_bytes_that_are_no_text_are_refused_by_name() {
        let whole = gz("##fileformat=VCFv4.2\n".repeat(50).as_bytes());
        assert_eq!(text(&whole[..whole.len() - 9], "f").unwrap_err().code, "damaged");
        let mut bad = whole.clone();
        let n = bad.len();
        bad[n - 6] ^= 0xff;
        assert_eq!(text(&bad, "f").unwrap_err().code, "damaged");
        assert_eq!(text(b" \n", "f").unwrap_err().code, "empty");
        let note = text(b"ok\n\xff\xfe", "f").unwrap_err();
        assert_eq!((note.code, note.line), ("not_text", Some(2)));
        assert_eq!(text(&gz(b"BCF\x02\x02"), "f").unwrap_err().code, "bcf");
    }
}
