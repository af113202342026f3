//! The texts in a mail that was saved as it was sent: quoted-printable (RFC 2045, 6.7) and base64 (6.8) undone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// What the text may say once an encoding of mails is undone. Whether any of it means something is for the caller to see.
pub fn bodies(text: &str) -> Vec<String> {
    let mut found: Vec<String> = quoted_printable(text).into_iter().collect();
    let is_base64 = |line: &str| {
        !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
    };
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    for block in lines.split(|line| !is_base64(line)) {
        let bytes = BASE64.decode(block.concat()).ok().filter(|bytes| !bytes.is_empty());
        found.extend(bytes.and_then(|bytes| String::from_utf8(bytes).ok()));
    }
    found
}

fn quoted_printable(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_end();
        let (line, end) = line.strip_suffix('=').map_or((line, &b"\n"[..]), |soft| (soft, b""));
        let mut parts = line.split('=');
        bytes.extend(parts.next()?.bytes());
        for part in parts {
            let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            // What is not encoded stands as it is: the heads of a mail are in the text, too.
            bytes.push(byte.unwrap_or(b'='));
            bytes.extend(part.bytes().skip(if byte.is_some() { 2 } else { 0 }));
        }
        bytes.extend(end);
    }
    String::from_utf8(bytes).ok()
}
