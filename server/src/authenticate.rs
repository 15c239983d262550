//! Who sent this. The only way to a [`Caller`], and so to every endpoint, is through a signature that was right,
//! fresh and never seen before.
//!
//! Three steps, each with its own type: [`authenticate`] checks the MAC before the body is read and gives a
//! [`Signed`], which is enough to sign an answer; [`Signed::admit`] checks freshness and replay and gives the
//! [`Caller`]; the body is compared with the signed digest when it is read.

use std::sync::Arc;

use ccc_core::{limits::Limits, refusal::Refusal};
use ccc_protocol::{
    Timestamp, UserName,
    bodies::ProblemType,
    content_digest::ContentDigest,
    legacy::LegacySignature,
    signing::{self, RequestHead, RequestMark, SignatureOfRequest, UNAUTHENTIC, WINDOW_SECONDS},
};

use crate::{
    head::{Fields, Head},
    keyring::{Keyring, Known},
    nonces::{self, Nonces, Tag, Use},
    shares::Share,
    store::Nonce,
};

/// A user whose request was signed rightly, in time, and for the first time. Private fields, and no constructor but
/// the check: who holds one need not ask again.
#[derive(Debug, Clone)]
pub struct Caller {
    user: Arc<Known>,
    tag: Tag,
    created: i64,
    legacy: bool,
}

impl Caller {
    /// Whose key signed.
    #[must_use]
    pub fn user(&self) -> &UserName {
        self.user.name()
    }

    /// What the request's nonce is remembered as, and until when: a changing request's is part of its commit.
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        Nonce {
            user: Some(self.user().clone()),
            tag: self.tag,
            until: Timestamp::from_seconds(self.created.saturating_add(WINDOW_SECONDS)),
        }
    }

    /// When the request was signed, in Unix seconds by the signer's times.
    #[must_use]
    pub fn created_seconds(&self) -> i64 {
        self.created
    }

    /// True where the seed system's headers signed it, which bind neither method nor path.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }

    /// True where the user may approve for anybody.
    #[must_use]
    pub fn approves(&self) -> bool {
        self.user.approves()
    }

    /// What the user has taken of waits, streams and requests, which its limits count.
    #[must_use]
    pub fn share(&self) -> &Arc<Share> {
        self.user.share()
    }

    /// The user as the keyring held it when the request came.
    #[must_use]
    pub fn known(&self) -> &Arc<Known> {
        &self.user
    }
}

/// A request whose MAC was right. It may still be stale or a replay; its answer can be signed.
#[derive(Debug)]
pub struct Signed<'a> {
    user: Arc<Known>,
    signature: SignatureOfRequest<'a>,
}

/// Checks the signature of a request's head in constant time. An unknown user costs the same work as a wrong key and
/// gets the same answer.
///
/// # Errors
/// 400 where head or signature have two readings, 401 where the signature is missing, wrong or binds too little.
pub fn authenticate<'a>(head: &'a Head, fields: &'a Fields<'a>, keyring: &Keyring) -> Result<Signed<'a>, Refusal> {
    let request = RequestHead { method: head.method(), target: head.target(), has_body: head.has_body(), fields };
    let signature = SignatureOfRequest::read(&request).map_err(|refusal| unreadable(&refusal))?;
    let user = keyring.user(signature.keyid());
    let right = signature.verify(user.map(|user| user.key()), &request);
    match user {
        Some(user) if right => Ok(Signed { user: Arc::clone(user), signature }),
        _ => Err(unauthentic()),
    }
}

impl Signed<'_> {
    /// Lets the request in, once and in time. What was signed before this server began is stale: whether it was used
    /// then is not known of everything. Of what changed something it is, also within the second of the start, since
    /// such nonces are in their commits.
    ///
    /// # Errors
    /// When the request is stale, was admitted before, or there is no room to remember it.
    pub fn admit(&self, nonces: &Nonces, limits: &Limits, times: Times) -> Result<Caller, Refusal> {
        let (created, now) = (self.signature.created(), times.now.seconds());
        if created < times.started.seconds() || !self.signature.is_fresh(now) {
            return Err(stale(created, now));
        }
        let tag = nonces::tag(self.signature.keyid(), self.signature.nonce().as_bytes());
        let caller = Caller { user: Arc::clone(&self.user), tag, created, legacy: false };
        caller.use_once(nonces, limits, times)
    }

    /// Whose key signed, fresh or not: the answer is signed with it.
    #[must_use]
    pub fn user(&self) -> &Known {
        &self.user
    }

    /// What the answer's signature refers to.
    #[must_use]
    pub fn mark(&self) -> RequestMark<'_> {
        self.signature.mark()
    }
}

/// Whether `body` is the one whose digest the head carries, which the signature covers wherever it is sent.
///
/// # Errors
/// When it is another, or the field cannot be read.
pub(crate) fn check_body(head: &Head, body: &ContentDigest) -> Result<(), Refusal> {
    match head.content_digest()? {
        Some(signed) if signed != *body => {
            Err(Refusal::new(ProblemType::Unauthenticated, "the body is not the one whose Content-Digest was signed"))
        }
        _ => Ok(()),
    }
}

/// The server's two times, as they were read together.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// When this server began: what was signed before is stale.
    pub started: Timestamp,
    /// The server's time as the request came, which freshness is held against.
    pub now: Timestamp,
    /// How often the server's time went back before it was read.
    pub turn: u64,
}

/// Checks the seed system's headers, which sign the body: only where the owner asked for it (`legacy_signatures`),
/// and only for the two endpoints that the router lets through.
///
/// # Errors
/// 401 where they are missing, wrong, stale or used before.
pub(crate) fn authenticate_legacy(
    fields: &Fields<'_>,
    body: &[u8],
    keyring: &Keyring,
    nonces: &Nonces,
    limits: &Limits,
    times: Times,
) -> Result<Caller, Refusal> {
    let signature = LegacySignature::read(fields).map_err(|refusal| unreadable(&refusal))?.ok_or_else(unauthentic)?;
    let user = keyring.user(signature.user());
    let right = signature.verify(user.map(|user| user.key()), body);
    let (Some(user), true) = (user, right) else {
        return Err(unauthentic());
    };
    let created = signature.timestamp_ms().div_euclid(1000);
    if created < times.started.seconds() || !signature.is_fresh(times.now.millis()) {
        return Err(stale(created, times.now.seconds()));
    }
    let tag = nonces::tag(signature.user(), signature.mac());
    Caller { user: Arc::clone(user), tag, created, legacy: true }.use_once(nonces, limits, times)
}

impl Caller {
    /// One kind of caller leaves a quarter of the memory to the other: no flood of an agent's keeps an approver out.
    fn use_once(self, nonces: &Nonces, limits: &Limits, times: Times) -> Result<Self, Refusal> {
        let max = if self.approves() { limits.nonces_max } else { limits.nonces_max - limits.nonces_max / 4 };
        let now = times.now.seconds();
        match nonces.remember_in(times.turn, self.created, self.tag, now, max) {
            Use::First => Ok(self),
            Use::Stale => Err(stale(self.created, now)),
            Use::Again => Err(Refusal::new(
                ProblemType::Unauthenticated,
                "this signature was used before; sign again with a new nonce",
            )),
            Use::Full => Err(Refusal::limit("too many requests within the signature window; send fewer")),
        }
    }
}

fn unreadable(refusal: &signing::Refusal) -> Refusal {
    let kind = match refusal.status() {
        400 => ProblemType::Malformed,
        _ => ProblemType::Unauthenticated,
    };
    Refusal::new(kind, refusal.to_string())
}

/// The one text for a missing signature, an unknown user and a wrong key.
fn unauthentic() -> Refusal {
    Refusal::new(ProblemType::Unauthenticated, UNAUTHENTIC)
}

fn stale(created: i64, now: i64) -> Refusal {
    let detail = format!(
        "the request was signed at {created} and it is {now} here (Unix seconds); sign again by the Date of this answer"
    );
    Refusal::new(ProblemType::Stale, detail)
}
