//! The Content-Digest field (RFC 9530), with SHA-256 alone: what binds a body
//! to the signature of its head.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::signing::structured::{Bare, Value, dictionary};

/// The SHA-256 digest of a message's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest([u8; 32]);

/// A beginning that many bodies share: its part of their digests is computed once.
#[derive(Debug, Clone)]
pub struct SharedBeginning {
    bytes: Vec<u8>,
    digested: Sha256,
}

/// Why a Content-Digest field cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Content-Digest field {0}; write it as `sha-256=:BASE64:`")]
pub struct ContentDigestError(&'static str);

impl ContentDigest {
    /// The digest of `body`.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// The digest that a SHA-256 computed piece by piece came to.
    #[must_use]
    pub fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Reads the value of the field. Other algorithms beside `sha-256` are
    /// ignored, as RFC 9530 has it.
    ///
    /// # Errors
    /// When the field is not a dictionary or has no `sha-256` of 32 bytes.
    pub fn parse(field: &[u8]) -> Result<Self, ContentDigestError> {
        let text = std::str::from_utf8(field).map_err(|_| ContentDigestError("is not ASCII"))?;
        let members = dictionary(text).map_err(|_| ContentDigestError("is not a dictionary of digests"))?;
        let member = members.iter().find(|member| member.key == "sha-256");
        let Some(Value::Item(item)) = member.map(|member| &member.value) else {
            return Err(ContentDigestError("has no `sha-256`"));
        };
        let mut digest = [0; 32];
        match item.bare {
            Bare::Bytes(encoded) if STANDARD.decode_slice(encoded, &mut digest) == Ok(32) => Ok(Self(digest)),
            _ => Err(ContentDigestError("has a `sha-256` that is not 32 bytes")),
        }
    }

    /// The value of the field.
    #[must_use]
    pub fn field(&self) -> String {
        let mut field = String::with_capacity(54);
        field.push_str("sha-256=:");
        STANDARD.encode_string(self.0, &mut field);
        field.push(':');
        field
    }

    /// The bare SHA-256.
    #[must_use]
    pub fn sha256(&self) -> &[u8; 32] {
        &self.0
    }
}

impl SharedBeginning {
    /// Of bodies that begin with these bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { digested: Sha256::new_with_prefix(&bytes), bytes }
    }

    /// The body that goes on with `rest`, and its digest.
    #[must_use]
    pub fn followed_by(&self, rest: &[u8]) -> (Vec<u8>, ContentDigest) {
        let digest = self.digested.clone().chain_update(rest).finalize();
        ([&self.bytes, rest].concat(), ContentDigest(digest.into()))
    }
}

/// Written as the value of the field.
impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{ContentDigest, SharedBeginning};

    /// RFC 9530, section 2 and appendix D: the digest of `{"hello": "world"}`
    /// and a line feed.
    const RFC: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

    #[test]
    fn the_example_of_the_rfc_is_made_and_read() {
        let digest = ContentDigest::of(b"{\"hello\": \"world\"}\n");
        assert_eq!(digest.to_string(), RFC);
        assert_eq!(ContentDigest::parse(RFC.as_bytes()), Ok(digest));
    }

    #[test]
    fn other_algorithms_are_passed_over() {
        let field = format!("sha-512=:AAAA:, {RFC}, md5=:AA==:");
        assert_eq!(ContentDigest::parse(field.as_bytes()).unwrap().to_string(), RFC);
    }

    #[test]
    fn a_field_without_one_sha256_is_refused() {
        for field in [
            "",
            "sha-256",
            "sha-256=abc",
            "sha-256=:AAAA:",
            "sha-512=:AAAA:",
            "sha-256=(:AAAA:)",
            "SHA-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg:",
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDh=:",
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
        ] {
            assert!(ContentDigest::parse(field.as_bytes()).is_err(), "{field}");
        }
    }

    #[test]
    fn a_body_with_a_shared_beginning_has_the_digest_of_its_bytes() {
        for length in [0, 1, 63, 64, 65, 5000] {
            let beginning = SharedBeginning::of(vec![b'b'; length]);
            for rest in [&b""[..], b"r", &[b'r'; 100]] {
                let (body, digest) = beginning.followed_by(rest);
                assert_eq!(body, [&vec![b'b'; length], rest].concat());
                assert_eq!(digest, ContentDigest::of(&body));
            }
        }
    }
}
