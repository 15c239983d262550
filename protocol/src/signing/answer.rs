//! The signature of an answer: bound to the request it answers, so that nobody
//! between the two can forge or swap one.

use AnswerRefusal::Forged;

use super::LABEL;
use super::head::{Fields, Sent, sent, write_combined};
use super::key::Key;
use super::request::{RequestMark, mac_of};
use super::sign::Base;
use super::structured::{Bare, Item, Member, Param, Value, dictionary};
use crate::content_digest::ContentDigest;

/// An answer about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct AnswerToSign<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The Content-Digest field; nothing for the head of an event stream alone.
    pub content_digest: Option<&'a str>,
    /// The Date field, which the answer to a stale request covers.
    pub date: Option<&'a str>,
    /// The signature of the request that this answers.
    pub request: RequestMark<'a>,
}

/// The fields that sign an answer.
pub type SignedAnswer = super::sign::SignedRequest;

/// Signs `answer` with the key of the user whose request it answers.
/// `created` is in Unix seconds.
#[must_use]
pub fn sign_answer(key: &Key, keyid: &str, answer: &AnswerToSign<'_>, created: i64) -> SignedAnswer {
    let mut base = Base::new();
    let (status, created) = (answer.status.to_string(), created.to_string());
    base.cover("\"@status\"", &status);
    base.cover_some("\"content-digest\"", answer.content_digest);
    base.cover(&["\"signature\";req;key=\"", answer.request.label, "\""].concat(), answer.request.value);
    base.cover_some("\"date\"", answer.date);
    base.sign(key, &[";created=", &created, ";keyid=\"", keyid, "\""].concat())
}

/// What an answer is expected to be, which settles what its signature covers.
#[derive(Debug, Clone, Copy)]
pub enum AnswerShape<'a> {
    /// An answer with this body, which may be empty.
    Whole(&'a [u8]),
    /// The head of an event stream.
    StreamHead,
}

/// An answer as it was received.
#[derive(Debug)]
pub struct ReceivedAnswer<'a, F: Fields + ?Sized> {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub fields: &'a F,
    /// The body, or that there is none to wait for.
    pub shape: AnswerShape<'a>,
}

/// What the signature of an answer that holds says beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAnswer {
    /// When the answer was made, in Unix seconds by the server's clock.
    pub created: i64,
    /// Whether the Date field is signed too, as in the answer to a stale request.
    pub covers_date: bool,
}

/// Why an answer is not taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefusal {
    /// There is no signature. For some statuses that says something, although
    /// nothing to act on.
    #[error("the answer is not signed")]
    Unsigned,
    /// There is a signature, and it does not hold.
    #[error("the answer's signature does not hold: {0}")]
    Forged(&'static str),
}

/// Checks that `answer` was made with `key` for the user `keyid`, for exactly
/// the request that `request` marks, and covers exactly what an answer covers:
/// `@status`, `content-digest` and the request's signature; `date` beside them
/// in a 401 alone.
///
/// # Errors
/// When the answer is unsigned, or signed in any other way.
pub fn verify_answer<F: Fields + ?Sized>(
    key: &Key,
    keyid: &str,
    request: RequestMark<'_>,
    answer: &ReceivedAnswer<'_, F>,
) -> Result<VerifiedAnswer, AnswerRefusal> {
    let input = only_member(answer.fields, "signature-input")?;
    let signature = only_member(answer.fields, "signature")?;
    let Value::List { items, params } = &input.value else {
        return Err(Forged("it has no list of components"));
    };
    let created = created_by(keyid, params)?;
    let (mut base, covers_date) = base_of(items, request, answer)?;
    base.extend_from_slice(b"\"@signature-params\": ");
    base.extend_from_slice(input.raw.as_bytes());
    let mac = mac_of(&signature).map_err(|_| Forged("it has no MAC of 32 bytes"))?;
    if !key.verifies(&base, &mac) {
        return Err(Forged("its MAC is wrong"));
    }
    digest_fits(answer)?;
    Ok(VerifiedAnswer { created, covers_date })
}

/// The one member of a dictionary field, which carries our label.
fn only_member<'a>(fields: &'a (impl Fields + ?Sized), name: &'a str) -> Result<Member<'a>, AnswerRefusal> {
    let text = match sent(fields, name) {
        Sent::Once(value) => std::str::from_utf8(value).map_err(|_| Forged("its fields are not ASCII text"))?,
        Sent::Never => return Err(AnswerRefusal::Unsigned),
        Sent::Often => return Err(Forged("its fields were sent more than once")),
    };
    let mut members = dictionary(text).map_err(Forged)?;
    match (members.pop(), members.pop()) {
        (Some(only), None) if only.key == LABEL => Ok(only),
        _ => Err(Forged("it does not hold the label `ccc` alone")),
    }
}

/// When the answer was made, if it was made for `keyid` and says nothing more.
fn created_by(keyid: &str, params: &[Param<'_>]) -> Result<i64, AnswerRefusal> {
    let [created, by] = params else {
        return Err(Forged("it has other parameters than `created` and `keyid`"));
    };
    match (created.key, created.value, by.key, by.value) {
        ("created", Bare::Integer(created), "keyid", Bare::String(name)) if name == keyid => Ok(created),
        _ => Err(Forged("its `created` or `keyid` is not what it has to be")),
    }
}

/// The signature base, in the order received, of a signature that covers
/// exactly what it has to, and whether that includes the date.
fn base_of<F: Fields + ?Sized>(
    items: &[Item<'_>],
    request: RequestMark<'_>,
    answer: &ReceivedAnswer<'_, F>,
) -> Result<(Vec<u8>, bool), AnswerRefusal> {
    let mut base = Vec::with_capacity(384);
    let mut covered = Covered::default();
    for item in items {
        base.extend_from_slice(item.raw.as_bytes());
        base.extend_from_slice(b": ");
        covered.write_value(item, request, answer, &mut base)?;
        base.push(b'\n');
    }
    let wanted = Covered {
        status: true,
        digest: matches!(answer.shape, AnswerShape::Whole(_)),
        request: true,
        date: covered.date && answer.status == 401,
    };
    if covered == wanted { Ok((base, covered.date)) } else { Err(Forged("it does not cover exactly what it has to")) }
}

/// What an answer's signature covers, each once.
#[derive(Debug, Default, PartialEq, Eq)]
struct Covered {
    status: bool,
    digest: bool,
    request: bool,
    date: bool,
}

impl Covered {
    fn write_value<F: Fields + ?Sized>(
        &mut self,
        item: &Item<'_>,
        request: RequestMark<'_>,
        answer: &ReceivedAnswer<'_, F>,
        base: &mut Vec<u8>,
    ) -> Result<(), AnswerRefusal> {
        let Bare::String(name) = item.bare else {
            return Err(Forged("it covers something that is not a component"));
        };
        let (seen, present) = match (name, item.params.as_slice()) {
            ("@status", []) => {
                base.extend_from_slice(answer.status.to_string().as_bytes());
                (&mut self.status, true)
            }
            ("content-digest", []) => (&mut self.digest, write_combined(answer.fields, name, base)),
            ("date", []) => (&mut self.date, write_combined(answer.fields, name, base)),
            ("signature", [req, key]) if refers_to(request, req, key) => {
                base.extend_from_slice(request.value.as_bytes());
                (&mut self.request, true)
            }
            _ => return Err(Forged("it covers something else than an answer's components")),
        };
        if !present || std::mem::replace(seen, true) {
            return Err(Forged("it covers something twice or something that was not sent"));
        }
        Ok(())
    }
}

fn refers_to(request: RequestMark<'_>, req: &Param<'_>, key: &Param<'_>) -> bool {
    req.key == "req" && req.value == Bare::Boolean(true) && key.key == "key" && key.value == Bare::String(request.label)
}

fn digest_fits<F: Fields + ?Sized>(answer: &ReceivedAnswer<'_, F>) -> Result<(), AnswerRefusal> {
    let AnswerShape::Whole(body) = answer.shape else {
        return Ok(());
    };
    let Sent::Once(field) = sent(answer.fields, "content-digest") else {
        return Err(Forged("its Content-Digest was not sent once"));
    };
    match ContentDigest::parse(field) {
        Ok(digest) if digest == ContentDigest::of(body) => Ok(()),
        _ => Err(Forged("its body is not the one that was signed")),
    }
}
