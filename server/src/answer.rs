//! What goes back: a status with one JSON body, or a stream of events; signed with the caller's key whenever the
//! request's signature was right.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use ccc_core::{limits::Limits, refusal::Refusal};
use ccc_protocol::{
    RequestId, Timestamp,
    bodies::{Problem, ProblemType, Status, Ticket},
    content_digest::{ContentDigest, SharedBeginning},
    http_date,
    signing::{AnswerToSign, sign_answer},
};
use hyper::{
    Response, StatusCode,
    body::{Body as HttpBody, Bytes, Frame, SizeHint},
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    authenticate::Signed,
    desk::{Front, NO_RESULT, Shown},
    events::EventStream,
    in_flight::InFlight,
    keyring::Known,
};

/// An answer that is not signed yet.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
    /// Of a whole body, where it is known already.
    digest: Option<ContentDigest>,
    /// What stands in the place of an empty content once it was written: see [`Answer::written`].
    unwritten: Option<Unwritten>,
}

/// A body that is too long to be written by the thread that serves everybody.
struct Unwritten(Box<dyn FnOnce() -> serde_json::Result<Vec<u8>> + Send>);

impl std::fmt::Debug for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unwritten")
    }
}

/// What follows an answer's head: known whole, or pushed as it comes.
#[derive(Debug)]
pub enum Content {
    /// JSON, or nothing where `HEAD` asked.
    Whole(Bytes),
    /// The same where it is long: sent piece by piece, and counted until its reader has taken it.
    Long(Bytes, InFlight),
    /// Server-sent events, until the stream's term is over.
    Events(EventStream),
}

impl Answer {
    /// 200 with this body.
    #[must_use]
    pub(crate) fn ok(body: impl Serialize + Send + 'static) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// The answer to `POST /action`: 200 for a ticket that ended, 202 for one that has not.
    ///
    /// # Errors
    /// 403 for a denied one.
    pub(crate) fn submitted(shown: Shown) -> Result<Self, Refusal> {
        let Shown { ticket, result } = shown;
        match (ticket.status, result) {
            (Status::Denied, _) => Err(denied(ticket)),
            (status, Some(result)) if status.has_ended() => Ok(Self::json_with_result(ticket, &result)),
            (status, _) if status.has_ended() => Ok(Self::json(StatusCode::OK, ticket)),
            _ => Ok(Self::json(StatusCode::ACCEPTED, ticket)),
        }
    }

    /// A refusal as the caller may know it. What only the log may know goes there, under the same request id.
    #[must_use]
    pub(crate) fn refused(refusal: Refusal, request: RequestId) -> Self {
        let (status, title) = meaning(refusal.kind);
        log(&refusal, status, request);
        let problem = Problem {
            kind: refusal.kind,
            title: title.to_owned(),
            status: status.as_u16(),
            detail: refusal.detail,
            instance: request.to_string(),
            param: refusal.param,
            ticket: refusal.ticket,
        };
        let mut answer = Self::json(status, problem);
        answer.put(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::METHOD_NOT_ALLOWED => answer.put(header::ALLOW, HeaderValue::from_static("GET, POST")),
            StatusCode::TOO_MANY_REQUESTS => answer.put(header::RETRY_AFTER, HeaderValue::from_static("5")),
            StatusCode::SERVICE_UNAVAILABLE => answer.put(header::RETRY_AFTER, HeaderValue::from_static("2")),
            _ => {}
        }
        answer
    }

    #[must_use]
    pub(crate) fn events(stream: EventStream) -> Self {
        let mut answer = Self::of(StatusCode::OK, Content::Events(stream), None);
        answer.put(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        answer.put(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }

    /// Written at once where that is little, else once somebody has it [written](Answer::written).
    fn json(status: StatusCode, body: impl Serialize + Send + 'static) -> Self {
        match written_at_once(&body) {
            Some(bytes) => Self::whole(status, bytes, None),
            None => {
                let unwritten = Unwritten(Box::new(move || written(&body)));
                Self { unwritten: Some(unwritten), ..Self::whole(status, vec![], None) }
            }
        }
    }

    /// The same with its body as it will be sent, written and digested in its user's turn; and with room for it, where it is
    /// long, among what the user has not read yet.
    ///
    /// # Errors
    /// 429 where the user leaves too much unread; 503 where it cannot be written.
    pub(crate) async fn written(mut self, front: &Front, user: &Known, limits: &Limits) -> Result<Self, Refusal> {
        if let Some(Unwritten(write)) = self.unwritten.take() {
            let write = move || {
                let bytes =
                    write().map_err(|error| Refusal::unavailable("the answer could not be written").because(error))?;
                let digest = ContentDigest::of(&bytes);
                Ok((bytes, digest))
            };
            let (bytes, digest) = front.aside_for(user.name(), usize::MAX, write).await?;
            (self.content, self.digest) = (Content::Whole(Bytes::from(bytes)), Some(digest));
        }
        self.content = match self.content {
            Content::Whole(bytes) if bytes.len() > PIECE_BYTES => {
                let room = user.share().answer_room(&bytes, limits).await?;
                Content::Long(bytes, room)
            }
            other => other,
        };
        Ok(self)
    }

    /// A ticket with a result that many tickets have. Where its JSON begins as expected, the result's bytes and their part of
    /// the digest are taken as they are; where it does not, the whole is written as any other answer: what is answered here
    /// is committed, and a shortcut is no reason to keep it from its caller.
    fn json_with_result(ticket: Ticket, result: &SharedBeginning) -> Self {
        let bytes = written(&ticket).unwrap_or_default();
        match bytes.strip_prefix(NO_RESULT) {
            Some(rest) => {
                let (bytes, digest) = result.followed_by(rest);
                Self::whole(StatusCode::OK, bytes, Some(digest))
            }
            None => Self::json(StatusCode::OK, Ticket { result: result_of(result), ..ticket }),
        }
    }

    fn whole(status: StatusCode, bytes: Vec<u8>, digest: Option<ContentDigest>) -> Self {
        let mut answer = Self::of(status, Content::Whole(Bytes::from(bytes)), digest);
        answer.put(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }

    fn of(status: StatusCode, content: Content, digest: Option<ContentDigest>) -> Self {
        Self { status, headers: HeaderMap::with_capacity(8), content, digest, unwritten: None }
    }

    fn put(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// The same, with the date that a signature may cover.
    #[must_use]
    pub(crate) fn dated(mut self, now: Timestamp) -> Self {
        self.put(header::DATE, text(http_date::format(u64::try_from(now.seconds()).unwrap_or_default())));
        self
    }

    /// The same without its body, as `HEAD` is answered: what is signed is what is sent.
    #[must_use]
    pub(crate) fn without_body(self) -> Self {
        Self { content: Content::Whole(Bytes::new()), digest: None, unwritten: None, ..self }
    }

    /// The answer to a request whose signature was not right, or to `GET /health`. What nobody had written before is written here:
    /// that is never long.
    #[must_use]
    pub(crate) fn unsigned(mut self) -> Response<Content> {
        if let Some(Unwritten(write)) = self.unwritten.take() {
            self.content = Content::Whole(write().unwrap_or_default().into());
        }
        let mut response = Response::new(self.content);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// The answer to a request whose signature was right, signed for that request alone.
    #[must_use]
    pub(crate) fn signed(mut self, request: &Signed<'_>, now: Timestamp) -> Response<Content> {
        let content_digest = match &self.content {
            Content::Whole(bytes) | Content::Long(bytes, _) => {
                Some(self.digest.unwrap_or_else(|| ContentDigest::of(bytes)).field())
            }
            Content::Events(_) => None,
        };
        let to_sign = AnswerToSign {
            status: self.status.as_u16(),
            content_digest: content_digest.as_deref(),
            date: self.headers.get(header::DATE).and_then(|date| date.to_str().ok()),
            request: request.mark(),
        };
        let user = request.user();
        let signature = sign_answer(user.key(), user.name().as_str(), &to_sign, now.seconds());
        if let Some(digest) = content_digest {
            self.put(CONTENT_DIGEST, text(digest));
        }
        self.put(SIGNATURE_INPUT, text(signature.signature_input));
        self.put(SIGNATURE, text(signature.signature));
        self.unsigned()
    }
}

/// The result that [`NO_RESULT`] gives way to, as a value.
fn result_of(beginning: &SharedBeginning) -> Option<Value> {
    let (object, _) = beginning.followed_by(b"}");
    serde_json::from_slice::<Value>(&object).ok()?.get_mut("result").map(Value::take)
}

/// As JSON. Most answers are about a ticket, which fits without growing.
fn written(body: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    serde_json::to_writer(&mut bytes, body)?;
    Ok(bytes)
}

/// The same, where it is no more than the thread that serves everybody writes.
fn written_at_once(body: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = AtOnce(Vec::with_capacity(1024));
    serde_json::to_writer(&mut bytes, body).ok().map(|()| bytes.0)
}

/// Takes so many bytes, and no more.
struct AtOnce(Vec<u8>);

const WRITTEN_AT_ONCE_BYTES_MAX: usize = 128 * 1024;

impl std::io::Write for AtOnce {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > WRITTEN_AT_ONCE_BYTES_MAX {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How much of a long body is given to the connection at a time: that takes more only as its reader does.
const PIECE_BYTES: usize = 64 * 1024;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// Everything that is made here is ASCII; a value that were not would be left empty and the signature fail.
fn text(value: String) -> HeaderValue {
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn denied(ticket: Ticket) -> Refusal {
    let by_a_person = ticket.decided_by.as_ref().map(|person| format!("by {person}, who gave no reason"));
    let why = ticket.reason.as_ref().or(by_a_person.as_ref()).unwrap_or(&ticket.rule);
    let again = ticket.denied_until.map(|until| format!("; the same request is answered so until {until}"));
    let detail = format!("`{}` was denied: {why}{}", ticket.action, again.unwrap_or_default());
    Refusal::new(ProblemType::Denied, detail).with_ticket(ticket)
}

/// The HTTP status and the title of each kind of refusal.
fn meaning(kind: ProblemType) -> (StatusCode, &'static str) {
    match kind {
        ProblemType::Malformed => (StatusCode::BAD_REQUEST, "not a request as the protocol describes it"),
        ProblemType::Method => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
        ProblemType::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too large"),
        ProblemType::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not plain JSON"),
        ProblemType::Unauthenticated => (StatusCode::UNAUTHORIZED, "not authenticated"),
        ProblemType::Stale => (StatusCode::UNAUTHORIZED, "signed at another time"),
        ProblemType::Denied => (StatusCode::FORBIDDEN, "denied"),
        ProblemType::NotAllowed => (StatusCode::FORBIDDEN, "not allowed"),
        ProblemType::NotFound => (StatusCode::NOT_FOUND, "not found"),
        ProblemType::Conflict => (StatusCode::CONFLICT, "conflict"),
        ProblemType::InvalidParameter => (StatusCode::UNPROCESSABLE_ENTITY, "invalid parameter"),
        ProblemType::Limit => (StatusCode::TOO_MANY_REQUESTS, "limit reached"),
        ProblemType::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "not available"),
        ProblemType::Full => (StatusCode::INSUFFICIENT_STORAGE, "no room for anything new"),
    }
}

fn log(refusal: &Refusal, status: StatusCode, request: RequestId) {
    let Refusal { detail, cause, .. } = refusal;
    let status = status.as_u16();
    match cause {
        Some(cause) if status >= 500 => tracing::error!(%request, status, detail, cause, "refused"),
        Some(cause) => tracing::warn!(%request, status, detail, cause, "refused"),
        None => tracing::debug!(%request, status, detail, "refused"),
    }
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Long(bytes, _) if bytes.is_empty() => Poll::Ready(None),
            // A copy: the last piece on its way would keep the whole.
            Self::Long(bytes, _) => {
                let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
                Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(&piece)))))
            }
            Self::Events(stream) => stream.poll_next(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) | Self::Long(bytes, _) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) | Self::Long(bytes, _) => SizeHint::with_exact(bytes.len() as u64),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_that_answers_again_says_until_when() {
        let digest = format!("sha-256:{}", "0".repeat(64));
        let mut ticket: Ticket = serde_json::from_value(serde_json::json!({
            "id": "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f", "seq": 1, "status": "denied", "action": "deploy", "params": {}, "submitted_by": "agent",
            "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest, "rule": "r", "needed": 1,
            "approvals": [], "decided_by": "user", "decided": "2026-03-07T12:00:00Z", "reason": "not now", "result": null,
            "denied_until": "2026-03-07T12:10:00Z",
        }))
        .unwrap();
        let refusal = denied(ticket.clone());
        assert_eq!(
            refusal.detail,
            "`deploy` was denied: not now; the same request is answered so until 2026-03-07T12:10:00Z"
        );
        assert!(refusal.ticket.is_some_and(|ticket| ticket.denied_until.is_some()));
        ticket.denied_until = None;
        assert_eq!(denied(ticket).detail, "`deploy` was denied: not now");
    }

    #[test]
    fn a_shared_result_reaches_its_caller_also_where_the_ticket_does_not_begin_as_expected() {
        let digest = format!("sha-256:{}", "0".repeat(64));
        let ticket = |result: Value| -> Ticket {
            serde_json::from_value(serde_json::json!({
                "id": "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f", "seq": 1, "status": "succeeded", "action": "list-actions", "params": {},
                "submitted_by": "agent", "created": "2026-03-07T12:00:00Z", "expires": null, "plan": digest, "digest": digest,
                "rule": "r", "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": result,
            }))
            .unwrap()
        };
        let list = SharedBeginning::of(br#"{"result":{"actions":[1]}"#.to_vec());
        for stored in [Value::Null, serde_json::json!("an earlier list")] {
            let shown = Shown { ticket: ticket(stored.clone()), result: Some(std::sync::Arc::new(list.clone())) };
            let answer = Answer::submitted(shown).unwrap();
            assert_eq!(answer.status, StatusCode::OK, "{stored}");
            let Content::Whole(bytes) = &answer.content else { panic!("a whole body") };
            assert!(answer.digest.is_none_or(|digest| digest == ContentDigest::of(bytes)));
            let told: Ticket = serde_json::from_slice(bytes).unwrap();
            assert_eq!(told, ticket(serde_json::json!({ "actions": [1] })), "{stored}");
        }
    }

    #[test]
    fn what_is_too_long_to_be_written_at_once_is_written_all_the_same() {
        let request = RequestId::new(1, [7; 10]);
        let long = "x".repeat(2 * WRITTEN_AT_ONCE_BYTES_MAX);
        let answer = Answer::refused(Refusal::limit(long.clone()), request);
        assert!(answer.unwritten.is_some());
        let Content::Whole(bytes) = answer.unsigned().into_body() else { panic!("a whole body") };
        assert_eq!(serde_json::from_slice::<Problem>(&bytes).unwrap().detail, long);
        assert!(Answer::refused(Refusal::limit("short"), request).unwritten.is_none());
    }

    #[test]
    fn a_limit_says_when_to_come_again_and_a_refusal_carries_its_request_id() {
        let request = RequestId::new(1, [7; 10]);
        let response = Answer::refused(Refusal::limit("too many"), request).unsigned();
        assert_eq!(response.status(), 429);
        assert!(response.headers().contains_key("retry-after"));
        let Content::Whole(bytes) = response.into_body() else { panic!("a whole body") };
        let problem: Problem = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((problem.status, problem.instance), (429, request.to_string()));
    }
}
