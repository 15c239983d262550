//! Signing a request, as our own clients do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::LABEL;
use super::key::Key;
use super::request::RequestMark;

/// A request about to be sent. What is given here is covered.
#[derive(Debug, Clone, Copy)]
pub struct RequestToSign<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The target in origin form.
    pub target: &'a str,
    /// The value of `@authority`: the Host field as [`super::authority`] gives it.
    pub authority: &'a str,
    /// The Content-Type field, when it is sent.
    pub content_type: Option<&'a str>,
    /// The Content-Digest field, when it is sent.
    pub content_digest: Option<&'a str>,
    /// The Idempotency-Key field, when it is sent.
    pub idempotency_key: Option<&'a str>,
}

/// Who signs, when, and what makes this signature unlike every other.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The user's name.
    pub keyid: &'a str,
    /// Unix seconds.
    pub created: i64,
    /// 8 to 128 characters that were never used before, without quotes or
    /// backslashes.
    pub nonce: &'a str,
}

/// The fields that sign a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The value of the Signature-Input field.
    pub signature_input: String,
    /// The value of the Signature field.
    pub signature: String,
}

impl SignedRequest {
    /// What the answer has to refer to.
    #[must_use]
    pub fn mark(&self) -> RequestMark<'_> {
        let value = self.signature.get(LABEL.len() + 1..).unwrap_or_default();
        RequestMark { label: LABEL, value }
    }
}

/// Signs `request`, covering method, authority, path, query and every field
/// that it names.
#[must_use]
pub fn sign_request(key: &Key, request: &RequestToSign<'_>, stamp: &Stamp<'_>) -> SignedRequest {
    let mut base = Base::new();
    let (path, query) = match request.target.find('?') {
        Some(at) => request.target.split_at(at),
        None => (request.target, ""),
    };
    base.cover("\"@method\"", request.method);
    base.cover("\"@authority\"", request.authority);
    base.cover("\"@path\"", path);
    base.cover_some("\"@query\"", Some(query).filter(|query| !query.is_empty()));
    base.cover_some("\"content-type\"", request.content_type);
    base.cover_some("\"content-digest\"", request.content_digest);
    base.cover_some("\"idempotency-key\"", request.idempotency_key);
    let Stamp { keyid, created, nonce } = stamp;
    base.sign(key, &format!(";created={created};keyid=\"{keyid}\";alg=\"hmac-sha256\";nonce=\"{nonce}\""))
}

/// A signature base that grows component by component.
pub(super) struct Base {
    lines: String,
    covered: String,
}

impl Base {
    /// Without components yet; most fit without growing.
    pub(super) fn new() -> Self {
        Self { lines: String::with_capacity(640), covered: String::with_capacity(256) }
    }

    pub(super) fn cover(&mut self, identifier: &str, value: &str) {
        if !self.covered.is_empty() {
            self.covered.push(' ');
        }
        self.covered.push_str(identifier);
        for part in [identifier, ": ", value, "\n"] {
            self.lines.push_str(part);
        }
    }

    pub(super) fn cover_some(&mut self, identifier: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.cover(identifier, value);
        }
    }

    pub(super) fn sign(mut self, key: &Key, params: &str) -> SignedRequest {
        let signature_input = [LABEL, "=(", &self.covered, ")", params].concat();
        let input = signature_input.get(LABEL.len() + 1..).unwrap_or_default();
        for part in ["\"@signature-params\": ", input] {
            self.lines.push_str(part);
        }
        let mac = key.mac(self.lines.as_bytes());
        let mut signature = String::with_capacity(64);
        for part in [LABEL, "=:"] {
            signature.push_str(part);
        }
        STANDARD.encode_string(mac, &mut signature);
        signature.push(':');
        SignedRequest { signature_input, signature }
    }
}
