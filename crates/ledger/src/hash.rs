//! SHA-256 digests and the one way in which fields are laid out under them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// A SHA-256 digest; written as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Thirty-two zero bytes: what stands before the first entry of every study.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The plain SHA-256 of `bytes`, as `sha256sum` prints it; attachments are addressed by it.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// Reads exactly 32 bytes; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Hash> {
        bytes.try_into().ok().map(Hash)
    }

    /// The first eight digits: enough to recognise a head on a printed page, not to prove it.
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 lowercase hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest; write 64 digits 0-9, a-f")]
pub struct NotAHash(pub String);

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(s: &str) -> Result<Hash, NotAHash> {
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let mut out = [0; 32];
        if s.len() == 64 {
            let read = out.iter_mut().zip(s.as_bytes().chunks_exact(2)).all(|(to, pair)| {
                let [high, low] = pair else { return false };
                let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return false };
                *to = high << 4 | low;
                true
            });
            if read {
                return Ok(Hash(out));
            }
        }
        Err(NotAHash(s.to_owned()))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Hash, D::Error> {
        std::borrow::Cow::<str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Feeds fields to SHA-256 so that no two different field lists give the same bytes: every text carries its length,
/// every optional field a byte that says whether it is there, every number a fixed width.
pub(crate) struct Fields(Sha256);

impl Fields {
    /// `domain` is a constant that names what is hashed and its format version.
    pub fn new(domain: &'static str) -> Fields {
        Fields(Sha256::new_with_prefix(domain))
    }

    pub fn raw(mut self, bytes: &[u8]) -> Fields {
        self.0.update(bytes);
        self
    }

    pub fn bytes(self, bytes: &[u8]) -> Fields {
        self.raw(&(bytes.len() as u64).to_be_bytes()).raw(bytes)
    }

    pub fn optional(self, text: Option<&str>) -> Fields {
        match text {
            None => self.raw(&[0]),
            Some(text) => self.raw(&[1]).bytes(text.as_bytes()),
        }
    }

    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_hexadecimal_and_read_back() {
        // FIPS 180-4, example "abc".
        let abc = Hash::of(b"abc");
        assert_eq!(abc.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(abc.to_string().parse(), Ok(abc));
        assert_eq!(serde_json::from_str::<Hash>(&serde_json::to_string(&abc).unwrap()).unwrap(), abc);
    }

    #[test]
    fn what_is_not_a_digest_is_refused() {
        let upper = Hash::of(b"abc").to_string().to_uppercase();
        for text in ["", "ba78", &upper, &"é".repeat(32), &"g".repeat(64)] {
            assert_eq!(text.parse::<Hash>(), Err(NotAHash(text.into())));
        }
    }
}
