//! The key under which a client may send the same request again: `Idempotency-Key: "<uuid>"`.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// A user's key for one request, with one spelling whatever case it was sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct IdempotencyKey(Uuid);

/// A field value that is not a UUID in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Idempotency-Key is not a UUID in quotes; write it as `\"0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f\"`")]
pub(crate) struct IdempotencyKeyError;

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(field: &str) -> Result<Self, IdempotencyKeyError> {
        let text =
            field.trim_ascii().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(IdempotencyKeyError)?;
        let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
        id.map(Self).ok_or(IdempotencyKeyError)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_uuid_in_quotes() {
        let key: IdempotencyKey = "\"0198E6A2-7B1C-7D3E-8F40-5A6B7C8D9E0F\"".parse().unwrap();
        assert_eq!(key.to_string(), "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f");
        for bad in [
            "",
            "\"\"",
            "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f",
            "\"0198e6a27b1c7d3e8f405a6b7c8d9e0f\"",
            "\"x\"",
            "\"{0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f}\"",
            "\"",
        ] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(IdempotencyKeyError), "{bad}");
        }
    }
}
