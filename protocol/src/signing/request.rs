//! The signature of a request: read by the rules that need no key, then
//! verified with one.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::component::Component;
use super::head::{Fields, RequestHead, Sent, sent};
use super::key::Key;
use super::refusal::Refusal;
use super::structured::{Bare, Member, Param, Value, dictionary};
use super::target::Target;
use super::{NONCE_CHARS_MAX, NONCE_CHARS_MIN, WINDOW_SECONDS, is_keyid};

/// A signature that binds what it has to, and of which it is not yet known
/// whether it is right.
#[derive(Debug)]
pub struct SignatureOfRequest<'a> {
    target: Target<'a>,
    components: Vec<Component<'a>>,
    /// The value of `@signature-params`: the member as it was received.
    params_raw: &'a str,
    params: Params<'a>,
    label: &'a str,
    /// The member of the Signature field as it was received, `:base64:`.
    value: &'a str,
    mac: [u8; 32],
}

/// What an answer's `;req` component refers to: the signature of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestMark<'a> {
    /// The label of the request's signature.
    pub label: &'a str,
    /// The signature itself, as `:base64:`.
    pub value: &'a str,
}

#[derive(Debug)]
struct Params<'a> {
    keyid: &'a str,
    created: i64,
    expires: Option<i64>,
    nonce: &'a str,
}

impl<'a> SignatureOfRequest<'a> {
    /// Reads the one signature of a request and checks what it covers.
    ///
    /// # Errors
    /// [`Refusal::Unsigned`] when there is none, [`Refusal::Malformed`] when
    /// request or signature have no reading or two, [`Refusal::Insufficient`]
    /// when the signature leaves open what it has to bind.
    pub fn read<F: Fields + ?Sized>(head: &RequestHead<'a, F>) -> Result<Self, Refusal> {
        let target = Target::parse(head.target)?;
        refuse_duplicates(head.fields)?;
        let (Some(input), Some(signature)) =
            (text_of(head.fields, "signature-input")?, text_of(head.fields, "signature")?)
        else {
            return Err(Refusal::Unsigned);
        };
        let input = only_member(input, "Signature-Input")?;
        let signature = only_member(signature, "Signature")?;
        if input.key != signature.key {
            return Err(Refusal::malformed("Signature and Signature-Input carry different labels"));
        }
        let Value::List { items, params } = input.value else {
            return Err(Refusal::malformed("Signature-Input is not a list of components in parentheses"));
        };
        let components = items.iter().map(Component::read).collect::<Result<Vec<_>, _>>()?;
        refuse_repeated(&components)?;
        require_covered(&components, head, &target)?;
        Ok(Self {
            target,
            components,
            params_raw: input.raw,
            params: Params::read(&params)?,
            label: input.key,
            mac: mac_of(&signature)?,
            value: signature.raw,
        })
    }

    /// Whether the signature is right for `key`, compared in constant time.
    /// Without a key, for a user nobody knows, the same work is done and the
    /// answer is no.
    #[must_use]
    pub fn verify<F: Fields + ?Sized>(&self, key: Option<&Key>, head: &RequestHead<'_, F>) -> bool {
        static NOBODY: LazyLock<Key> = LazyLock::new(|| Key::new(&[0; 64]));
        let base = self.base(head);
        let message = base.as_deref().unwrap_or_default();
        let right = key.unwrap_or(&NOBODY).verifies(message, &self.mac);
        right && key.is_some() && base.is_some()
    }

    /// The bytes that are signed (RFC 9421, section 2.5), or nothing when a
    /// covered field was not sent.
    #[must_use]
    pub fn base<F: Fields + ?Sized>(&self, head: &RequestHead<'_, F>) -> Option<Vec<u8>> {
        let mut base = Vec::with_capacity(512);
        let mut complete = true;
        for component in &self.components {
            complete &= component.write_line(head, &self.target, &mut base);
        }
        base.extend_from_slice(b"\"@signature-params\": ");
        base.extend_from_slice(self.params_raw.as_bytes());
        complete.then_some(base)
    }

    /// Whether the signature may still be used at `now` (Unix seconds):
    /// `created` within the window on both sides, `expires` not past.
    #[must_use]
    pub fn is_fresh(&self, now: i64) -> bool {
        is_fresh(self.params.created, self.params.expires, now)
    }

    /// The name of the user that is said to have signed.
    #[must_use]
    pub fn keyid(&self) -> &'a str {
        self.params.keyid
    }

    /// When the signature was made, in Unix seconds by the signer's clock.
    #[must_use]
    pub fn created(&self) -> i64 {
        self.params.created
    }

    /// Until when the signer lets it be used, in Unix seconds.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.params.expires
    }

    /// What makes this signature different from every other of its user.
    #[must_use]
    pub fn nonce(&self) -> &'a str {
        self.params.nonce
    }

    /// The target that the signature was checked against.
    #[must_use]
    pub fn target(&self) -> Target<'a> {
        self.target
    }

    /// The signature itself.
    #[must_use]
    pub fn mac(&self) -> &[u8; 32] {
        &self.mac
    }

    /// What the answer refers to as the request's signature.
    #[must_use]
    pub fn mark(&self) -> RequestMark<'a> {
        RequestMark { label: self.label, value: self.value }
    }

    /// The label that the signer chose.
    #[must_use]
    pub fn label(&self) -> &'a str {
        self.label
    }
}

/// Whether a signature made at `created` may be used at `now` (Unix seconds).
pub(crate) fn is_fresh(created: i64, expires: Option<i64>, now: i64) -> bool {
    let age = now.saturating_sub(created);
    (-WINDOW_SECONDS..=WINDOW_SECONDS).contains(&age) && expires.is_none_or(|at| now <= at)
}

impl<'a> Params<'a> {
    fn read(params: &[Param<'a>]) -> Result<Self, Refusal> {
        if let Some(alg) = find(params, "alg")
            && alg != Bare::String("hmac-sha256")
        {
            return Err(Refusal::insufficient(
                "the signature's `alg` is not `hmac-sha256`, the one algorithm known here",
            ));
        }
        Ok(Self {
            keyid: keyid(params)?,
            created: time(params, "created")?.ok_or_else(|| Refusal::insufficient("the signature has no `created`"))?,
            expires: time(params, "expires")?,
            nonce: nonce(params)?,
        })
    }
}

fn keyid<'a>(params: &[Param<'a>]) -> Result<&'a str, Refusal> {
    match find(params, "keyid") {
        Some(Bare::String(keyid)) if is_keyid(keyid) => Ok(keyid),
        Some(_) => Err(Refusal::malformed(
            "the signature's `keyid` is not a user name; write 1 to 64 of A-Z, a-z, 0-9 and `._@-`",
        )),
        None => Err(Refusal::insufficient("the signature has no `keyid`")),
    }
}

fn time(params: &[Param<'_>], key: &str) -> Result<Option<i64>, Refusal> {
    match find(params, key) {
        None => Ok(None),
        Some(Bare::Integer(seconds)) => Ok(Some(seconds)),
        Some(_) => Err(Refusal::malformed(format!("the signature's `{key}` is not a whole number of seconds"))),
    }
}

/// The nonce as it stands between its quotes: an escape has one spelling, so
/// two nonces are equal when their texts are.
fn nonce<'a>(params: &[Param<'a>]) -> Result<&'a str, Refusal> {
    match find(params, "nonce") {
        Some(Bare::String(nonce)) if is_nonce(nonce) => Ok(nonce),
        Some(Bare::String(_)) => Err(Refusal::insufficient(format!(
            "the signature's `nonce` does not have {NONCE_CHARS_MIN} to {NONCE_CHARS_MAX} characters"
        ))),
        Some(_) => Err(Refusal::malformed("the signature's `nonce` is not a string in quotes")),
        None => Err(Refusal::insufficient("the signature has no `nonce`")),
    }
}

fn is_nonce(text: &str) -> bool {
    let mut chars = text.chars();
    let mut count = 0;
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        }
        count += 1;
    }
    (NONCE_CHARS_MIN..=NONCE_CHARS_MAX).contains(&count)
}

fn find<'a>(params: &[Param<'a>], key: &str) -> Option<Bare<'a>> {
    params.iter().find(|param| param.key == key).map(|param| param.value)
}

/// INVARIANT: whatever decides what a request means is sent once at most.
fn refuse_duplicates(fields: &(impl Fields + ?Sized)) -> Result<(), Refusal> {
    for name in ["signature", "signature-input", "content-digest", "idempotency-key", "host"] {
        if matches!(sent(fields, name), Sent::Often) {
            return Err(Refusal::malformed(format!("the field `{name}` was sent more than once")));
        }
    }
    Ok(())
}

fn text_of<'a>(fields: &'a (impl Fields + ?Sized), name: &'a str) -> Result<Option<&'a str>, Refusal> {
    match sent(fields, name) {
        Sent::Once(value) => std::str::from_utf8(value)
            .map(Some)
            .map_err(|_| Refusal::malformed(format!("the field `{name}` is not ASCII text"))),
        Sent::Never => Ok(None),
        Sent::Often => Err(Refusal::malformed(format!("the field `{name}` was sent more than once"))),
    }
}

fn only_member<'a>(text: &'a str, field: &str) -> Result<Member<'a>, Refusal> {
    let mut members = dictionary(text)
        .map_err(|fault| Refusal::malformed(format!("the field {field} cannot be read: it holds {fault}")))?;
    match (members.pop(), members.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Refusal::Unsigned),
        (Some(_), Some(_)) => {
            Err(Refusal::malformed(format!("the field {field} holds more than one signature; send exactly one")))
        }
    }
}

pub(super) fn mac_of(signature: &Member<'_>) -> Result<[u8; 32], Refusal> {
    let wrong = || Refusal::malformed("the signature is not 32 bytes as `:base64:`");
    let Value::Item(item) = &signature.value else {
        return Err(wrong());
    };
    let (Bare::Bytes(encoded), true) = (item.bare, item.params.is_empty()) else {
        return Err(wrong());
    };
    let mut mac = [0; 32];
    match STANDARD.decode_slice(encoded, &mut mac) {
        Ok(32) => Ok(mac),
        _ => Err(wrong()),
    }
}

fn refuse_repeated(components: &[Component<'_>]) -> Result<(), Refusal> {
    for (index, component) in components.iter().enumerate() {
        if components.iter().skip(index + 1).any(|other| other.same(component)) {
            return Err(Refusal::malformed("the signature covers a component twice"));
        }
    }
    Ok(())
}

fn require_covered<F: Fields + ?Sized>(
    components: &[Component<'_>],
    head: &RequestHead<'_, F>,
    target: &Target<'_>,
) -> Result<(), Refusal> {
    let covers = |name: &str| components.iter().any(|component| component.covers(name));
    let was_sent = |name: &str| matches!(sent(head.fields, name), Sent::Once(_));
    let whole_target = covers("@target-uri") || covers("@request-target");
    let missing = if !covers("@method") {
        "@method"
    } else if !whole_target && !covers("@path") {
        "@path"
    } else if !whole_target && target.query().is_some() && !covers("@query") {
        "@query"
    } else if (head.has_body || was_sent("content-digest")) && !covers("content-digest") {
        "content-digest"
    } else if was_sent("idempotency-key") && !covers("idempotency-key") {
        "idempotency-key"
    } else {
        return Ok(());
    };
    Err(Refusal::insufficient(format!("the signature does not cover `{missing}`, without parameters")))
}
