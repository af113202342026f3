//! Signed checkpoints: what leaves the system, so that a rewritten ledger no longer fits.
//!
//! A checkpoint is a text in the form of C2SP tlog-checkpoint (<https://c2sp.org/tlog-checkpoint>), signed as a C2SP
//! signed note (<https://c2sp.org/signed-note>) with Ed25519, so that other programs can check it, too.

use crate::hash::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use words::Text;

/// Ed25519 in a signed note.
const ED25519: u8 = 1;
/// What a signature line begins with: an em dash and a space.
pub(crate) const SIGNATURE: &str = "\u{2014} ";
/// Greatest length of a note, in bytes.
const MAX_NOTE: usize = 1 << 20;

/// A study's ledger up to a position: the number of its entries and the root of the Merkle tree over their hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose ledger of which study: `<name of the key>/<study>`.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// Who signs: a name, such as `data-centre.example.org`, and an Ed25519 key that is kept outside the database.
pub struct Signer {
    name: String,
    key: SigningKey,
}

/// The public half of a [`Signer`]; written `name+id+key`, as the signed note's specification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: VerifyingKey,
}

/// Why a checkpoint is not to be believed, or a key not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// The text is not in the form of a signed checkpoint.
    Form,
    /// No signature by any of the keys.
    Unsigned,
    /// A signature in the name of one of the keys is wrong.
    WrongSignature,
    /// The checkpoint is of another study.
    OtherOrigin,
    /// An entry is not in the ledger that was signed, or not as it is shown.
    NotIncluded,
    /// The text is not a key.
    Key,
    /// A key's name is empty, or holds white space or `+`.
    Name,
}

impl NoteError {
    pub fn told(self) -> Text {
        match self {
            NoteError::Form => Text::new(
                "署名付きチェックポイントの形式ではありません。",
                "This is not a signed checkpoint.",
            ),
            NoteError::Unsigned => Text::new(
                "与えられた鍵による署名がありません。",
                "The checkpoint carries no signature by any of the given keys.",
            ),
            NoteError::WrongSignature => Text::new(
                "署名が正しくありません。内容が書き換えられています。",
                "The signature is wrong: the checkpoint was altered.",
            ),
            NoteError::OtherOrigin => {
                Text::new("別の試験のチェックポイントです。", "The checkpoint is of another study.")
            }
            NoteError::NotIncluded => Text::new(
                "署名された台帳に、この内容の記録はありません。",
                "The entry is not in the ledger that was signed, or not as it is shown.",
            ),
            NoteError::Key => Text::new("鍵の形式ではありません。", "This is not a key."),
            NoteError::Name => Text::new(
                "鍵の名前には空白と「+」を使えません。",
                "A key's name must not be empty and must not hold white space or `+`.",
            ),
        }
    }
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told().en)
    }
}

impl std::error::Error for NoteError {}

fn named(name: &str) -> Result<String, NoteError> {
    let unfit = name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
    if unfit { Err(NoteError::Name) } else { Ok(name.to_owned()) }
}

impl Signer {
    /// `seed`: 32 random bytes, the private key of RFC 8032.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Signer, NoteError> {
        Ok(Signer { name: named(name)?, key: SigningKey::from_bytes(seed) })
    }

    pub fn verifier(&self) -> Verifier {
        Verifier { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The key as text, to be kept in a file that only the server's account may read.
    pub fn secret_text(&self) -> String {
        let key = BASE64.encode([&[ED25519], &self.key.to_bytes()[..]].concat());
        format!("PRIVATE+KEY+{}+{:08x}+{key}", self.name, self.verifier().id())
    }

    /// Reads what [`secret_text`](Signer::secret_text) wrote.
    pub fn from_secret_text(text: &str) -> Result<Signer, NoteError> {
        let rest = text.trim_end().strip_prefix("PRIVATE+KEY+").ok_or(NoteError::Key)?;
        let (name, id, seed) = key_parts(rest)?;
        let signer = Signer::new(name, &seed)?;
        if signer.verifier().id() == id { Ok(signer) } else { Err(NoteError::Key) }
    }

    /// What a checkpoint by this signer says where it comes from.
    pub fn origin(&self, study: &str) -> String {
        format!("{}/{study}", self.name)
    }

    /// The signed note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.key.sign(text.as_bytes());
        let line = BASE64.encode([&self.verifier().id().to_be_bytes(), &signature.to_bytes()[..]].concat());
        format!("{text}\n{SIGNATURE}{} {line}\n", self.name)
    }
}

/// `name+id+base64(algorithm, 32 bytes)`.
fn key_parts(text: &str) -> Result<(&str, u32, [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key);
    };
    let id = u32::from_str_radix(id, 16).map_err(|_| NoteError::Key)?;
    let bytes = BASE64.decode(key).map_err(|_| NoteError::Key)?;
    match bytes.split_first() {
        Some((&ED25519, key)) => Ok((name, id, key.try_into().map_err(|_| NoteError::Key)?)),
        _ => Err(NoteError::Key),
    }
}

impl Verifier {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256(name, newline, algorithm, public key).
    pub fn id(&self) -> u32 {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        digest.iter().take(4).fold(0, |id, b| id << 8 | u32::from(*b))
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode([&[ED25519], &self.key.as_bytes()[..]].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id())
    }
}

impl FromStr for Verifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Verifier, NoteError> {
        let (name, id, key) = key_parts(text.trim_end())?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| NoteError::Key)?;
        let verifier = Verifier { name: named(name)?, key };
        if verifier.id() == id { Ok(verifier) } else { Err(NoteError::Key) }
    }
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0))
    }

    /// The study, when the origin is that of one of `keys`.
    pub fn study<'a>(&'a self, keys: &[Verifier]) -> Option<&'a str> {
        keys.iter().find_map(|k| self.origin.strip_prefix(k.name())?.strip_prefix('/'))
    }

    /// Reads a signed note that carries a right signature by at least one of `keys`, in whose name its origin is.
    /// Signatures by others are passed over, a wrong one in the name of one of `keys` is refused.
    pub fn open(note: &str, keys: &[Verifier]) -> Result<Checkpoint, NoteError> {
        if note.len() > MAX_NOTE || note.contains(|c: char| c.is_control() && c != '\n') {
            return Err(NoteError::Form);
        }
        // The last empty line parts text and signatures.
        let at = note.rfind("\n\n").ok_or(NoteError::Form)? + 1;
        let (text, signatures) = (note.get(..at), note.get(at + 1..));
        let (Some(text), Some(signatures)) = (text, signatures) else { return Err(NoteError::Form) };
        if !signatures.ends_with('\n') {
            return Err(NoteError::Form);
        }
        let checkpoint = Checkpoint::parse(text)?;
        let mut signed = false;
        for line in signatures.lines() {
            let (name, value) =
                line.strip_prefix(SIGNATURE).and_then(|l| l.split_once(' ')).ok_or(NoteError::Form)?;
            let bytes = BASE64.decode(value).map_err(|_| NoteError::Form)?;
            let (id, signature) = bytes.split_at_checked(4).ok_or(NoteError::Form)?;
            let Some(key) = keys.iter().find(|k| k.name == name && k.id().to_be_bytes() == *id) else {
                continue;
            };
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::WrongSignature)?;
            key.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::WrongSignature)?;
            let own = checkpoint.origin.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
            signed |= own;
        }
        if signed { Ok(checkpoint) } else { Err(NoteError::Unsigned) }
    }

    /// Reads a note without looking at its signatures.
    pub(crate) fn unsigned(note: &str) -> Result<Checkpoint, NoteError> {
        let (text, _) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        Checkpoint::parse(text)
    }

    /// Origin, size, root; further lines are passed over, as the specification allows them.
    fn parse(text: &str) -> Result<Checkpoint, NoteError> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Form);
        };
        let plain = size == "0" || !size.starts_with('0');
        let digits = !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit());
        let root = BASE64.decode(root).ok().and_then(|b| Hash::from_slice(&b));
        match (root, size.parse()) {
            (Some(root), Ok(size))
                if plain && digits && !origin.is_empty() && lines.all(|l| !l.is_empty()) =>
            {
                Ok(Checkpoint { origin: origin.to_owned(), size, root })
            }
            _ => Err(NoteError::Form),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signer() -> Signer {
        Signer::new("data-centre.example.org", &[7; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: signer().origin("JCOG1017"), size: 18_342, root: Hash::of(b"root") }
    }

    /// The example of the specification of signed notes (<https://pkg.go.dev/golang.org/x/mod/sumdb/note>): key and note
    /// of "PeterNeumann".
    #[test]
    fn a_key_of_the_specifications_example_is_read_and_written() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: Verifier = text.parse().unwrap();
        assert_eq!((key.name(), key.id()), ("PeterNeumann", 0xc74f_20a3));
        assert_eq!(key.to_string(), text);
        let note = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let line =
            "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let bytes = BASE64.decode(line).unwrap();
        let signature = Signature::from_slice(&bytes[4..]).unwrap();
        assert_eq!(bytes[..4], key.id().to_be_bytes());
        key.key.verify_strict(note.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn a_signed_checkpoint_is_opened_with_its_key_only() {
        let note = signer().sign(&checkpoint());
        let lines: Vec<&str> = note.lines().collect();
        assert_eq!(lines[..2], ["data-centre.example.org/JCOG1017", "18342"]);
        assert_eq!((lines.len(), lines[3]), (5, ""));
        assert_eq!(Checkpoint::open(&note, &[signer().verifier()]), Ok(checkpoint()));
        assert_eq!(checkpoint().study(&[signer().verifier()]), Some("JCOG1017"));
        let other = Signer::new("data-centre.example.org", &[8; 32]).unwrap().verifier();
        assert_eq!(Checkpoint::open(&note, std::slice::from_ref(&other)), Err(NoteError::Unsigned));
        assert_eq!(Checkpoint::open(&note, &[other, signer().verifier()]), Ok(checkpoint()));
        assert_eq!(Checkpoint::open(&note, &[]), Err(NoteError::Unsigned));
    }

    #[test]
    fn a_witness_adds_its_signature_below() {
        let witness = Signer::new("study-chair.example.org", &[9; 32]).unwrap();
        let note = signer().sign(&checkpoint());
        let second = witness.sign(&checkpoint());
        let both = format!("{note}{}\n", second.lines().last().unwrap());
        assert_eq!(Checkpoint::open(&both, &[signer().verifier()]), Ok(checkpoint()));
        assert_eq!(Checkpoint::open(&both, &[signer().verifier(), witness.verifier()]), Ok(checkpoint()));
        // A witness cannot speak for another's ledger.
        assert_eq!(Checkpoint::open(&both, &[witness.verifier()]), Err(NoteError::Unsigned));
    }

    #[test]
    fn keys_are_written_and_read_back() {
        let text = signer().secret_text();
        assert_eq!(Signer::from_secret_text(&format!("{text}\n")).unwrap().verifier(), signer().verifier());
        assert_eq!(signer().verifier().to_string().parse(), Ok(signer().verifier()));
        for bad in ["", "a+b", "a+00000000+AQ==", &text, &text.replace("data", "date")] {
            assert_eq!(bad.parse::<Verifier>(), Err(NoteError::Key), "{bad}");
            assert!(bad == text || Signer::from_secret_text(bad).is_err());
        }
        for name in ["", "a b", "a+b", "a\n"] {
            assert_eq!(Signer::new(name, &[0; 32]).err(), Some(NoteError::Name));
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_in_a_checkpoint_is_refused() {
        let note = signer().sign(&checkpoint());
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(spoilt) = String::from_utf8(bytes) else { continue };
                assert!(Checkpoint::open(&spoilt, &[signer().verifier()]).is_err(), "byte {at} bit {bit}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in "[ -~\n\u{2014}]{0,200}") {
            prop_assert!(Checkpoint::open(&text, &[signer().verifier()]).is_err());
            let _ = text.parse::<Verifier>();
        }
    }
}
