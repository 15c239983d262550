//! The one way to the server and back: sign, send, verify, and try again where
//! that cannot do anything twice.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ccc_protocol::bodies::{Problem, ProblemType};
use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::http_date;
use ccc_protocol::signing::{
    AnswerRefusal, AnswerShape, Key, ReceivedAnswer, RequestToSign, SignedRequest, Stamp, Target, VerifiedAnswer,
    authority, sign_request, verify_answer,
};
use ccc_protocol::{UserName, visible};

use crate::address::Address;
use crate::answer::{self, Answer, Disbelieved};
use crate::clock::Clock;
use crate::connection::{Broken, Connection};
use crate::entropy;
use crate::error::CallError;
use crate::http1::{AnswerHead, Framing};
use crate::identity::Identity;
use crate::request::{Method, Repeat, Request};

/// How far the clock may be off for a decision to be signed again unasked.
const DECISION_CORRECTION_SECONDS_MAX: i64 = 300;

/// The longest `Retry-After` that is honoured.
const RETRY_AFTER_SECONDS_MAX: u64 = 60;

/// How often a request is sent again after its connection was lost; one that
/// waits is sent again until its deadline.
const REPEATS_MAX: u32 = 8;

/// A server and a user to it. Usable from several threads: each call has a
/// connection of its own, kept for the next one.
#[derive(Debug)]
pub struct Bridge {
    address: Address,
    host: String,
    user: UserName,
    key: Key,
    clock: Clock,
    /// How long it may be away while it is asked, where that is not until the request's deadline.
    away_max: Option<Duration>,
    kept: Mutex<Option<Connection>>,
}

/// What is different from one try of a request to the next.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    repeats: u32,
    clock_was_corrected: bool,
    /// Since when every try failed.
    away_since: Option<Instant>,
}

impl Bridge {
    /// The server at `address`, spoken to as `identity`.
    #[must_use]
    pub fn new(address: Address, identity: Identity) -> Self {
        Self {
            host: address.host(),
            address,
            user: identity.user,
            key: identity.key,
            clock: Clock::default(),
            away_max: None,
            kept: Mutex::new(None),
        }
    }

    /// The same, given up on where it went away during a request and is not back after so long: for a caller who would rather be
    /// told than wait.
    #[must_use]
    pub fn missed_for(self, away_max: Duration) -> Self {
        Self { away_max: Some(away_max), ..self }
    }

    /// Who this speaks as.
    #[must_use]
    pub fn user(&self) -> &UserName {
        &self.user
    }

    /// Where the server is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request and gives back its authentic answer.
    ///
    /// A stale signature is made again once with the server's time. A lost
    /// connection is taken up again where the request may be repeated. A
    /// signed `Retry-After` is honoured where the request asked to wait.
    ///
    /// # Errors
    /// When no answer came that can be believed.
    pub fn call(&self, request: &Request<'_>) -> Result<Answer, CallError> {
        Target::parse(request.target).map_err(|refusal| CallError::BadTarget(refusal.to_string()))?;
        let mut tries = Tries::default();
        loop {
            let begun = Instant::now();
            match self.attempt(request) {
                Ok((head, answer, verified)) => {
                    let again = self.mend_clock(request, &head, &answer, verified, &mut tries)?
                        || pause_as_told(request, &head);
                    if !again {
                        return Ok(answer);
                    }
                }
                Err(error) => {
                    let error = self.unless_missed(&mut tries, begun, error)?;
                    pause_for_repeat(request, &mut tries, error)?;
                }
            }
        }
    }

    /// The error of a try that began then, where it is not one too many.
    fn unless_missed(&self, tries: &mut Tries, begun: Instant, error: CallError) -> Result<CallError, CallError> {
        let Some(away_max) = self.away_max else { return Ok(error) };
        // It was there meanwhile: what took so long was held.
        if begun.elapsed() > away_max {
            (tries.away_since, tries.repeats) = (None, 0);
        }
        let since = *tries.away_since.get_or_insert_with(Instant::now);
        if since.elapsed() + pause_before(tries.repeats) > away_max { Err(error) } else { Ok(error) }
    }

    /// Sends a request once.
    fn attempt(&self, request: &Request<'_>) -> Result<(AnswerHead, Answer, VerifiedAnswer), CallError> {
        let mut connection = self.connection(request.deadline)?;
        let (head, framing, signed) = self.exchange(&mut connection, request)?;
        let body = connection.read_body(framing, request.deadline).map_err(|broken| self.no_answer(broken))?;
        let (answer, verified) = self.believe(&head, body, &signed)?;
        if head.keeps_alive() {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
        Ok((head, answer, verified))
    }

    /// Sends a request and reads the head of its answer.
    pub(crate) fn exchange(
        &self,
        connection: &mut Connection,
        request: &Request<'_>,
    ) -> Result<(AnswerHead, Framing, SignedRequest), CallError> {
        let (bytes, signed) = self.sign(request)?;
        connection.send(&bytes, request.deadline).map_err(|cause| self.no_answer(cause.into()))?;
        let (head, framing) = connection.read_head(request.deadline).map_err(|broken| self.no_answer(broken))?;
        Ok((head, framing, signed))
    }

    /// The kept connection when it is still good, else a new one.
    pub(crate) fn connection(&self, deadline: Instant) -> Result<Connection, CallError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut connection) = kept
            && connection.is_reusable()
        {
            return Ok(connection);
        }
        self.connect(deadline)
    }

    pub(crate) fn connect(&self, deadline: Instant) -> Result<Connection, CallError> {
        self.address
            .connect(deadline)
            .map(Connection::new)
            .map_err(|cause| CallError::Unreachable { address: self.address.to_string(), cause })
    }

    /// The bytes of a request, signed now.
    fn sign(&self, request: &Request<'_>) -> Result<(Vec<u8>, SignedRequest), CallError> {
        let digest = request.body.map(|body| ContentDigest::of(body).field());
        let to_sign = RequestToSign {
            method: request.method.as_str(),
            target: request.target,
            authority: &authority(&self.host),
            content_type: request.body.map(|_| "application/json"),
            content_digest: digest.as_deref(),
            idempotency_key: request.idempotency_key,
        };
        let nonce = entropy::nonce()?;
        let stamp = Stamp { keyid: self.user.as_str(), created: self.clock.now(), nonce: &nonce };
        let signed = sign_request(&self.key, &to_sign, &stamp);
        Ok((self.write(request, &to_sign, &signed), signed))
    }

    fn write(&self, request: &Request<'_>, signed_over: &RequestToSign<'_>, signed: &SignedRequest) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", request.method.as_str(), request.target);
        let mut field = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                for part in [name, ": ", value, "\r\n"] {
                    head.push_str(part);
                }
            }
        };
        let body = request.body.unwrap_or_default();
        let length = (request.method == Method::Post).then(|| body.len().to_string());
        let patience = request.patience_seconds.map(|seconds| format!(", patience={seconds}")).unwrap_or_default();
        let prefer = request.wait_left().map(|seconds| format!("wait={seconds}{patience}"));
        let last_event = request.last_event_id.map(|id| id.to_string());
        field("host", Some(&self.host));
        field("content-type", signed_over.content_type);
        field("content-length", length.as_deref());
        field("content-digest", signed_over.content_digest);
        field("idempotency-key", request.idempotency_key);
        field("prefer", prefer.as_deref());
        field("last-event-id", last_event.as_deref());
        field("signature-input", Some(&signed.signature_input));
        field("signature", Some(&signed.signature));
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }

    /// The answer, if it is one to this request.
    pub(crate) fn believe(
        &self,
        head: &AnswerHead,
        body: Vec<u8>,
        signed: &SignedRequest,
    ) -> Result<(Answer, VerifiedAnswer), CallError> {
        let by = (&self.key, self.user.as_str());
        Answer::verify(by, signed.mark(), head.status, head.fields.as_slice(), body)
            .map_err(|Disbelieved { why, body }| not_believed(why, head.status, || said(&body)))
    }

    /// Whether the head of an event stream is the answer to this request.
    pub(crate) fn believe_stream(&self, head: &AnswerHead, signed: &SignedRequest) -> Result<(), CallError> {
        let received =
            ReceivedAnswer { status: head.status, fields: head.fields.as_slice(), shape: AnswerShape::StreamHead };
        match verify_answer(&self.key, self.user.as_str(), signed.mark(), &received) {
            Ok(_) => Ok(()),
            Err(why) => Err(not_believed(why, head.status, String::new)),
        }
    }

    /// Sets the clock by the answer to a stale request; whether to sign again.
    pub(crate) fn mend_clock(
        &self,
        request: &Request<'_>,
        head: &AnswerHead,
        answer: &Answer,
        verified: VerifiedAnswer,
        tries: &mut Tries,
    ) -> Result<bool, CallError> {
        let is_stale = || answer.problem().is_ok_and(|problem| problem.kind == ProblemType::Stale);
        if tries.clock_was_corrected || head.status != 401 || !verified.covers_date || !is_stale() {
            return Ok(false);
        }
        let Some(server_now) = once(head, "date").and_then(http_date::parse) else {
            return Ok(false);
        };
        let seconds = self.clock.correct(server_now);
        tries.clock_was_corrected = true;
        if request.repeat == Repeat::Never && seconds.abs() > DECISION_CORRECTION_SECONDS_MAX {
            return Err(CallError::ClockOff { seconds });
        }
        Ok(true)
    }

    pub(crate) fn no_answer(&self, broken: Broken) -> CallError {
        broken.into_error(&self.address.to_string())
    }
}

/// The value of a field that was sent once.
fn once<'a>(head: &'a AnswerHead, name: &str) -> Option<&'a str> {
    head.fields.only(name).ok().flatten()
}

/// What an answer that does not verify says: without a signature, for some statuses that it was refused by somebody; else
/// nothing.
fn not_believed(why: AnswerRefusal, status: u16, detail: impl FnOnce() -> String) -> CallError {
    match why {
        AnswerRefusal::Unsigned if matches!(status, 400 | 401 | 413 | 415 | 429 | 503) => {
            CallError::RefusedUnverified { status, detail: detail() }
        }
        AnswerRefusal::Unsigned | AnswerRefusal::Forged(_) => CallError::NotAuthentic(why),
    }
}

/// What a stranger's problem says, short and visible.
fn said(body: &[u8]) -> String {
    const CHARS_MAX: usize = 200;
    answer::body::<Problem>(body).map(|problem| visible::excerpt(&problem.detail, CHARS_MAX)).unwrap_or_default()
}

/// Pauses before a request is sent again, or gives back why it is not.
fn pause_for_repeat(request: &Request<'_>, tries: &mut Tries, error: CallError) -> Result<(), CallError> {
    let was_lost = matches!(error, CallError::Lost { .. });
    // A server that was never there is not waited for; one that went away may be back.
    let may_be_back = tries.repeats > 0 && matches!(error, CallError::Unreachable { .. });
    let pause = pause_before(tries.repeats);
    let time_left = Instant::now() + pause < request.deadline;
    let repeats_left = request.waits() || tries.repeats < REPEATS_MAX;
    if request.repeat == Repeat::Never || !(was_lost || may_be_back) || !repeats_left || !time_left {
        return Err(error);
    }
    tries.repeats += 1;
    thread::sleep(pause);
    Ok(())
}

fn pause_before(repeats: u32) -> Duration {
    Duration::from_millis(100) * 2_u32.pow(repeats.min(6))
}

/// Pauses as a signed 429 or 503 tells, where the request asked to wait;
/// whether it did.
fn pause_as_told(request: &Request<'_>, head: &AnswerHead) -> bool {
    if !request.waits() || !matches!(head.status, 429 | 503) {
        return false;
    }
    let Some(seconds) = once(head, "retry-after").and_then(|text| text.parse::<u64>().ok()) else {
        return false;
    };
    let pause = Duration::from_secs(seconds.max(1));
    if seconds > RETRY_AFTER_SECONDS_MAX || Instant::now() + pause >= request.deadline {
        return false;
    }
    thread::sleep(pause);
    true
}
