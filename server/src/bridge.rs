//! The road of one request, on one screen: head → signature → admission → route → body → endpoint → signed answer.

use std::sync::Arc;

use ccc_core::{law::Law, limits::Limits, refusal::Refusal};
use ccc_protocol::{
    Digest, RequestId, Timestamp,
    bodies::{Health, ProblemType},
    content_digest::ContentDigest,
};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{self, HeaderName, HeaderValue},
};

use crate::{
    answer::{Answer, Content},
    authenticate::{self, Caller, Signed, Times},
    body::Upload,
    desk::Front,
    endpoints::{self, Call},
    head::{Head, Hosts},
    in_flight::InFlight,
    keyring::Keys,
    link::{Link, Phase},
    nonces::Nonces,
    random,
    route::{self, Endpoint, Found},
};

/// What every connection shares.
#[derive(Debug)]
pub struct Bridge {
    /// The desk, through which everything happens.
    pub front: Front,
    /// Who may sign, as of the last reload.
    pub keys: Keys,
    /// The nonces that no request may bring again.
    pub nonces: Arc<Nonces>,
    /// The names under which this server is asked for.
    pub hosts: Hosts,
    /// Whether the seed system's headers are taken, where they are enough.
    pub legacy_signatures: bool,
}

impl Bridge {
    /// Answers a request, whatever it is: a refusal is an answer too.
    pub async fn answer(&self, request: Request<Incoming>, link: &Link) -> Response<Content> {
        let (head, body) = Head::of(request);
        let mut upload = Upload::new(body);
        let mut response = self.answer_to(&head, &mut upload, link).await;
        if upload.is_unread() {
            link.leaves_unread();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn answer_to(&self, head: &Head, upload: &mut Upload, link: &Link) -> Response<Content> {
        let law = self.front.law();
        let fault = head.fault(&self.hosts, &law.limits);
        if fault.is_none() && is_health(head) {
            return health(self.front.is_disk_full());
        }
        let (fields, keyring) = (head.fields(), self.keys.current());
        match authenticate::authenticate(head, &fields, &keyring) {
            Ok(signed) => {
                link.belongs_to(&signed);
                let answer = match fault {
                    Some(fault) => Err(fault),
                    None => self.serve(&signed, head, upload, link, &law).await,
                };
                let answer = answer.unwrap_or_else(|refusal| self.refused(refusal));
                let answer = if head.method() == "HEAD" { answer.without_body() } else { answer };
                let answer = answer.written(&self.front, signed.user(), &law.limits).await;
                let answer = answer.unwrap_or_else(|refusal| self.refused(refusal));
                answer.signed(&signed, self.front.clock().now())
            }
            Err(_) if fault.is_none() && self.takes_legacy(head) => {
                // Boxed as endpoints are: no connection keeps room for what few ask.
                let answer = Box::pin(self.serve_legacy(head, upload, link, &law)).await;
                answer.unwrap_or_else(|refusal| self.refused(refusal)).unsigned()
            }
            Err(refusal) => {
                link.was_not_authentic();
                self.refused(fault.unwrap_or(refusal)).unsigned()
            }
        }
    }

    /// Serves a request whose signature is right.
    async fn serve(
        &self,
        signed: &Signed<'_>,
        head: &Head,
        upload: &mut Upload,
        link: &Link,
        law: &Law,
    ) -> Result<Answer, Refusal> {
        let caller = signed.admit(&self.nonces, &law.limits, self.times())?;
        caller.share().count_request(&law.limits, self.front.clock().now())?;
        let found = route::find(head.method(), head.path())?;
        let room =
            caller.share().body_room(longest(upload, found, &law.limits), self.front.bodies(), &law.limits).await?;
        let body = read(upload, link, found, &law.limits).await?;
        caller.share().count_body(body.len(), &law.limits, self.front.clock().now())?;
        self.call(found, caller, head, (body, Some(room)), link, &law.limits).await
    }

    /// Serves a request signed by the seed's headers. They sign the body, which has to be read first.
    async fn serve_legacy(&self, head: &Head, upload: &mut Upload, link: &Link, law: &Law) -> Result<Answer, Refusal> {
        let found = route::find(head.method(), head.path())?;
        let body =
            read(upload, link, found, &Limits { tool_body_bytes_max: law.limits.body_bytes_max, ..law.limits.clone() })
                .await?;
        let caller = authenticate::authenticate_legacy(
            &head.fields(),
            &body,
            &self.keys.current(),
            &self.nonces,
            &law.limits,
            self.times(),
        )?;
        caller.share().count_request(&law.limits, self.front.clock().now())?;
        caller.share().count_body(body.len(), &law.limits, self.front.clock().now())?;
        let user = Arc::clone(caller.known());
        let answer = self.call(found, caller, head, (body, None), link, &law.limits).await?;
        answer.written(&self.front, &user, &law.limits).await
    }

    async fn call(
        &self,
        found: Found<'_>,
        caller: Caller,
        head: &Head,
        (body, room): (Bytes, Option<InFlight>),
        link: &Link,
        limits: &Limits,
    ) -> Result<Answer, Refusal> {
        let to_digest = body.clone();
        let digest = move || Ok(ContentDigest::of(&to_digest));
        let content_digest = self.front.aside_for(caller.user(), body.len(), digest).await?;
        authenticate::check_body(head, &content_digest)?;
        let digest = Digest::from_bytes(*content_digest.sha256());
        let (front, keys, name) = (&self.front, &self.keys, found.name);
        let call = Call { front, keys, caller, limits, head, name, body, room, digest, link };
        endpoints::answer(found.route.endpoint, call).await
    }

    /// The seed's headers are enough for these two, and where the owner said so.
    fn takes_legacy(&self, head: &Head) -> bool {
        let enough = matches!((head.method(), head.target()), ("POST", "/action") | ("GET", "/queue"));
        self.legacy_signatures && enough && !head.has(&SIGNATURE)
    }

    fn refused(&self, refusal: Refusal) -> Answer {
        let (now, is_stale) = (self.front.clock().now(), refusal.kind == ProblemType::Stale);
        let answer = Answer::refused(refusal, request_id(now));
        if is_stale { answer.dated(now) } else { answer }
    }

    fn times(&self) -> Times {
        self.front.clock().times()
    }
}

const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// How many bytes the body has, as far as is known before it is read.
fn longest(upload: &Upload, found: Found<'_>, limits: &Limits) -> u64 {
    upload.bytes_max().unwrap_or(u64::MAX).min(bytes_max(found, limits))
}

fn bytes_max(found: Found<'_>, limits: &Limits) -> u64 {
    match found.route.endpoint {
        Endpoint::Submit | Endpoint::Edit | Endpoint::Outputs => limits.tool_body_bytes_max.max(limits.body_bytes_max),
        _ => limits.body_bytes_max,
    }
}

async fn read(upload: &mut Upload, link: &Link, found: Found<'_>, limits: &Limits) -> Result<Bytes, Refusal> {
    let bytes_max = bytes_max(found, limits);
    link.enter(Phase::Body);
    let body = upload.read(bytes_max).await;
    link.enter(Phase::Served);
    body
}

fn is_health(head: &Head) -> bool {
    head.method() == "GET" && head.target() == "/health"
}

fn health(is_disk_full: bool) -> Response<Content> {
    let status = if is_disk_full { Health::DISK_FULL } else { Health::OK };
    Answer::ok(Health { status: status.to_owned() }).unsigned()
}

/// A name for this request, under which a refusal and the log's cause of it are found together.
fn request_id(now: Timestamp) -> RequestId {
    RequestId::new(u64::try_from(now.millis()).unwrap_or_default(), random::bytes())
}
