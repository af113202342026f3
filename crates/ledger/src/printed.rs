//! A checkpoint as a page for a person, to be mailed or printed and kept; and a checkpoint found again in such a page.

use crate::checkpoint::{Checkpoint, NoteError, SIGNATURE, Verifier};
use words::{Text, thousands};

/// The page around a signed note: what it is, why to keep it, how to check it later. Plain text of at most 100 columns
/// but for the key and the signature; `on` is a day as the reader writes it.
pub fn page(note: &str, checkpoint: &Checkpoint, key: &Verifier, on: &str) -> Text {
    let Checkpoint { origin, size, .. } = checkpoint;
    let count = thousands(i64::try_from(*size).unwrap_or(i64::MAX));
    Text::new(
        format!(
            "台帳チェックポイント  {origin}  {count} 番まで  {on}\n\n\
             このまま保管してください。台帳を書き換えられる人の手が届かないところにあることが大切です。\n\
             台帳の最初の {count} 件がこの時点から書き換えられていないことを、後日、次の命令で確かめられます。\n\n    \
             shirube verify --ledger 台帳 --checkpoint このファイル --key 公開鍵\n\n\
             公開鍵は、このページとは別の経路で受け取り、次のものと同じであることを確かめてください。\n\n    \
             {key}\n\n\
             署名付きチェックポイント:\n\n{note}"
        ),
        format!(
            "Ledger checkpoint  {origin}  up to entry {count}  {on}\n\n\
             Keep this page as it is, out of the reach of whoever could rewrite the ledger.\n\
             That the first {count} entries are still the ones of this moment can be checked at any time with\n\n    \
             shirube verify --ledger LEDGER --checkpoint THIS-FILE --key KEY\n\n\
             Get the public key by another way than this page, and see that it is this one:\n\n    \
             {key}\n\n\
             The signed checkpoint:\n\n{note}"
        ),
    )
}

/// The signed notes in a text: a note by itself, a mail around it, a page of it typed in again. White space around
/// lines and marks of quotation (`>`) before them are passed over; whether a note is right is for
/// [`Checkpoint::open`] to say.
fn notes(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(|l| l.trim().trim_start_matches(['>', ' '])).collect();
    let mut found = Vec::new();
    let mut blocks = lines.split(|l| l.is_empty()).filter(|b| !b.is_empty());
    let Some(mut before) = blocks.next() else { return found };
    for block in blocks {
        let signed: Vec<&str> =
            block.iter().copied().take_while(|l| l.starts_with(SIGNATURE.trim_end())).collect();
        if !signed.is_empty() {
            // What was copied from a page may have its heading right above.
            let note = |text: &[&str]| format!("{}\n\n{}\n", text.join("\n"), signed.join("\n"));
            let last = before.split_at(before.len().saturating_sub(3)).1;
            let whole = note(before);
            found.push(if Checkpoint::unsigned(&whole).is_ok() { whole } else { note(last) });
        }
        before = block;
    }
    found
}

impl Checkpoint {
    /// Every checkpoint in a text, or in a mail as it was sent, each signed by one of `keys`. Without keys no signature is
    /// looked at: say so to whom you tell the result. A text without any checkpoint is refused.
    pub fn find(text: &str, keys: &[Verifier]) -> Result<Vec<Checkpoint>, NoteError> {
        let mut there = notes(text);
        if there.is_empty() {
            there = crate::mail::bodies(text).iter().flat_map(|body| notes(body)).collect();
        }
        let found: Vec<Checkpoint> = there
            .iter()
            .map(
                |note| {
                    if keys.is_empty() { Checkpoint::unsigned(note) } else { Checkpoint::open(note, keys) }
                },
            )
            .collect::<Result<_, _>>()?;
        if found.is_empty() { Err(NoteError::Form) } else { Ok(found) }
    }

    /// Whether this is a checkpoint of the study, by its origin's last part.
    pub fn is_of(&self, study: &str) -> bool {
        self.origin.strip_suffix(study).is_some_and(|signer| signer.len() > 1 && signer.ends_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Signer;
    use crate::hash::Hash;
    use base64::Engine;
    use words::Lang;

    fn signer() -> Signer {
        Signer::new("data-centre.example.org", &[7; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: signer().origin("JCOG1017"), size: 18_342, root: Hash::of(b"root") }
    }

    #[test]
    fn a_checkpoint_is_found_in_its_page_in_a_mail_and_in_a_quoted_reply() {
        let (note, keys) = (signer().sign(&checkpoint()), [signer().verifier()]);
        for lang in Lang::ALL {
            let page = page(&note, &checkpoint(), &keys[0], "2026-11-20").get(lang).to_owned();
            let mail = format!("Subject: x\r\n\r\n{}\r\n-- \r\nA. Person\r\n", page.replace('\n', "\r\n"));
            let reply: String = page.lines().map(|l| format!("> {l}\n")).collect();
            let indented: String = page.lines().map(|l| format!("   {l}  \n")).collect();
            let copied = format!("14. Ledger checkpoint\n{note}");
            for text in [note.clone(), page, mail, reply, indented, copied] {
                assert_eq!(Checkpoint::find(&text, &keys), Ok(vec![checkpoint()]), "{text}");
                assert_eq!(Checkpoint::find(&text, &[]), Ok(vec![checkpoint()]));
            }
        }
        let two = format!("{note}\n\n{note}");
        // As mail programs keep it: encoded for the way.
        let page = page(&note, &checkpoint(), &keys[0], "2026-11-20").ja;
        let head = "Subject: =?utf-8?b?5Y+w5biz?=\r\nContent-Transfer-Encoding: ";
        let base64 = base64::engine::general_purpose::STANDARD.encode(&page);
        let lines: Vec<&str> =
            base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let base64 = format!("{head}base64\r\n\r\n{}\r\n", lines.join("\r\n"));
        let quoted: String = note
            .bytes()
            .map(|b| match b {
                b'\n' => "\r\n".to_owned(),
                b'a'..=b'z' | b' ' | b'.' => char::from(b).to_string(),
                b => format!("={b:02X}"),
            })
            .collect();
        let soft = quoted.replacen("=", "=\r\n=", 3);
        for mail in [base64, format!("{head}quoted-printable\r\n\r\n{quoted}"), format!("text\r\n\r\n{soft}")]
        {
            assert_eq!(Checkpoint::find(&mail, &keys), Ok(vec![checkpoint()]), "{mail}");
        }
        assert_eq!(Checkpoint::find(&two, &keys).map(|f| f.len()), Ok(2));
    }

    #[test]
    fn a_page_with_an_altered_number_is_refused_with_the_key_and_a_text_without_checkpoint_always() {
        let (note, keys) = (signer().sign(&checkpoint()), [signer().verifier()]);
        let page = page(&note, &checkpoint(), &keys[0], "2026-11-20").en;
        let forged = page.replace("\n18342\n", "\n18341\n");
        assert_ne!(forged, page);
        assert_eq!(Checkpoint::find(&forged, &keys), Err(NoteError::WrongSignature));
        for text in ["", "a letter\n\nwithout one\n", "\u{2014} a dash\n\nmore"] {
            assert_eq!(Checkpoint::find(text, &keys), Err(NoteError::Form), "{text}");
            assert_eq!(Checkpoint::find(text, &[]), Err(NoteError::Form));
        }
    }

    #[test]
    fn an_origin_names_its_study_last() {
        assert!(checkpoint().is_of("JCOG1017"));
        assert!(!checkpoint().is_of("1017") && !checkpoint().is_of("JCOG101"));
        let bare = Checkpoint { origin: "/S".to_owned(), ..checkpoint() };
        assert!(!bare.is_of("S"), "without a signer's name it is nobody's");
    }
}
