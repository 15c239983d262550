//! The seed system's headers: `X-Conduit-Signature` is the HMAC-SHA256 of
//! `timestamp + "." + body`. They bind neither method nor path, and carry no
//! nonce, which is why a server takes them only where its owner asks for it.

use crate::hex;
use crate::signing::{Fields, Key, Refusal, UNAUTHENTIC, WINDOW_SECONDS, is_keyid};

/// The header that names the user.
pub const USER_FIELD: &str = "x-conduit-user";

/// The header with the time, in milliseconds since 1970.
pub const TIMESTAMP_FIELD: &str = "x-conduit-timestamp";

/// The header with the MAC, in lower-case hexadecimal.
pub const SIGNATURE_FIELD: &str = "x-conduit-signature";

/// A signature in the seed's headers, read and not yet verified.
#[derive(Debug, Clone, Copy)]
pub struct LegacySignature<'a> {
    user: &'a str,
    /// The timestamp as it was received, which is what is signed.
    timestamp: &'a str,
    timestamp_ms: i64,
    mac: [u8; 32],
}

impl<'a> LegacySignature<'a> {
    /// Reads the seed's headers; nothing when none of them was sent.
    ///
    /// # Errors
    /// When some are missing, were sent twice, or cannot be read.
    pub fn read(fields: &'a (impl Fields + ?Sized)) -> Result<Option<Self>, Refusal> {
        let user = only(fields, USER_FIELD)?;
        let timestamp = only(fields, TIMESTAMP_FIELD)?;
        let signature = only(fields, SIGNATURE_FIELD)?;
        match (user, timestamp, signature) {
            (None, None, None) => Ok(None),
            (Some(user), Some(timestamp), Some(signature)) => Self::from_parts(user, timestamp, signature).map(Some),
            _ => Err(Refusal::Unsigned),
        }
    }

    fn from_parts(user: &'a str, timestamp: &'a str, signature: &str) -> Result<Self, Refusal> {
        let mac = hex::decode(signature).and_then(|bytes| bytes.try_into().ok());
        let digits = !timestamp.is_empty() && timestamp.bytes().all(|b| b.is_ascii_digit());
        match (mac, timestamp.parse()) {
            (Some(mac), Ok(timestamp_ms)) if digits && is_keyid(user) => {
                Ok(Self { user, timestamp, timestamp_ms, mac })
            }
            _ => Err(Refusal::Malformed(format!("the `{SIGNATURE_FIELD}` fields cannot be read; {UNAUTHENTIC}"))),
        }
    }

    /// The user that is said to have signed.
    #[must_use]
    pub fn user(&self) -> &'a str {
        self.user
    }

    /// When the signature was made, in milliseconds since 1970.
    #[must_use]
    pub fn timestamp_ms(&self) -> i64 {
        self.timestamp_ms
    }

    /// The signature itself: each is taken once.
    #[must_use]
    pub fn mac(&self) -> &[u8; 32] {
        &self.mac
    }

    /// Whether the signature is right for `key` and `body`, in constant time.
    /// Without a key the same work is done and the answer is no.
    #[must_use]
    pub fn verify(&self, key: Option<&Key>, body: &[u8]) -> bool {
        let nobody = Key::new(&[0; 64]);
        let parts = [self.timestamp.as_bytes(), b".", body];
        let right = key.unwrap_or(&nobody).verifies_parts(&parts, &self.mac);
        right && key.is_some()
    }

    /// Whether the signature may still be used at `now_ms` (Unix milliseconds).
    #[must_use]
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        let age_ms = now_ms.saturating_sub(self.timestamp_ms);
        age_ms.unsigned_abs() <= WINDOW_SECONDS.unsigned_abs() * 1000
    }
}

/// The value of `X-Conduit-Signature` for a body sent at `timestamp_ms`.
#[must_use]
pub fn sign(key: &Key, timestamp_ms: &str, body: &[u8]) -> String {
    hex::encode(&key.mac_parts(&[timestamp_ms.as_bytes(), b".", body]))
}

fn only<'a>(fields: &'a (impl Fields + ?Sized), name: &'a str) -> Result<Option<&'a str>, Refusal> {
    let mut values = fields.values(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::Malformed(format!("the field `{name}` was sent more than once")));
    }
    first
        .map(std::str::from_utf8)
        .transpose()
        .map_err(|_| Refusal::Malformed(format!("the field `{name}` is not ASCII text")))
}
