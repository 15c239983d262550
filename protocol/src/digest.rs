//! A SHA-256 digest as tickets carry it: `sha-256:` and 64 lower-case hex characters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::{hex, inline::Inline, jcs};

/// A SHA-256 digest of what a person approves, or of the plan behind it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

const PREFIX: &str = "sha-256:";

impl Digest {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of the canonical form (RFC 8785) of a JSON value.
    #[must_use]
    pub fn of_json(value: &serde_json::Value) -> Self {
        Self::of(jcs::to_string(value).as_bytes())
    }

    /// From the 32 bytes, as stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> String {
        self.written().as_str().to_owned()
    }

    fn written(&self) -> Inline<72> {
        let mut digits = [[0; 2]; 32];
        for (digits, byte) in digits.iter_mut().zip(self.0) {
            *digits = hex::digits(byte);
        }
        let mut text = Inline::new();
        text.push(PREFIX.as_bytes());
        text.push(digits.as_flattened());
        text
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written().as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is `sha-256:` and 64 lower-case hex characters")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let hex_part = text.strip_prefix(PREFIX).ok_or(DigestError)?;
        if hex_part.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(DigestError);
        }
        let bytes = hex::decode(hex_part).ok_or(DigestError)?;
        bytes.try_into().map(Self).map_err(|_| DigestError)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.written().as_str())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_the_protocol_says() {
        // The digest of "hello", from FIPS 180-4 implementations everywhere.
        let text = "sha-256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(Digest::of(b"hello").to_string(), text);
        assert_eq!(text.parse(), Ok(Digest::of(b"hello")));
    }

    #[test]
    fn has_one_spelling() {
        let upper = "sha-256:2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824";
        assert_eq!(upper.parse::<Digest>(), Err(DigestError));
        assert_eq!("sha-256:2cf2".parse::<Digest>(), Err(DigestError));
    }
}
