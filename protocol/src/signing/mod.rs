//! Who sent this: HTTP Message Signatures (RFC 9421) with HMAC-SHA256, for
//! requests and for the answers to them. One module signs and verifies; both
//! sides use it.
//!
//! Reading a signature ([`SignatureOfRequest::read`]) applies the rules that
//! need no key, [`SignatureOfRequest::verify`] the one that does. Freshness and
//! replay are the caller's to ask about afterwards: this module has no clock
//! and no memory.

mod answer;
mod component;
mod head;
mod key;
mod refusal;
mod request;
mod sign;
pub(crate) mod structured;
mod target;

pub use answer::{
    AnswerRefusal, AnswerShape, AnswerToSign, ReceivedAnswer, SignedAnswer, VerifiedAnswer, sign_answer, verify_answer,
};
pub use head::{Fields, RequestHead, authority};
pub use key::Key;
pub use refusal::{Refusal, UNAUTHENTIC};
pub use request::{RequestMark, SignatureOfRequest};
pub use sign::{RequestToSign, SignedRequest, Stamp, sign_request};
pub use target::Target;

/// The label that our own signatures carry, and every signed answer.
pub const LABEL: &str = "ccc";

/// How far `created` may lie from the verifier's clock, before and after.
pub const WINDOW_SECONDS: i64 = 30;

/// The fewest characters of a nonce.
pub const NONCE_CHARS_MIN: usize = 8;

/// The most characters of a nonce.
pub const NONCE_CHARS_MAX: usize = 128;

/// The most characters of a key id, which is a user's name.
pub const KEYID_CHARS_MAX: usize = 64;

/// Whether `text` can be a key id: `[A-Za-z0-9._@-]{1,64}`.
#[must_use]
pub fn is_keyid(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b'-');
    (1..=KEYID_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}
