//! What answers each path: a short function a path, one file a noun. Each takes a [`Call`], which holds a
//! [`Caller`]: there is no way here but through the signature.

mod action;
mod audit;
mod decision;
mod events;
mod grant;
mod output;
mod policy;
mod queue;
mod ticket;

use std::{pin::Pin, str::FromStr, time::Duration};

use ccc_core::{limits::Limits, refusal::Refusal};
use ccc_protocol::{Digest, TicketId, json, visible};
use hyper::{body::Bytes, header::HeaderName};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    answer::Answer,
    authenticate::Caller,
    desk::{Front, Patience},
    head::{Head, malformed},
    in_flight::InFlight,
    keyring::Keys,
    link::Link,
    query,
    route::Endpoint,
};

/// A request that was admitted, with its whole body.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub front: &'a Front,
    pub keys: &'a Keys,
    pub caller: Caller,
    /// The limits in force when it came.
    pub limits: &'a Limits,
    pub head: &'a Head,
    /// What the open segment of its path holds.
    pub name: &'a str,
    pub body: Bytes,
    /// What the body takes, until it has been decided about; none where it was read before it was known whose it is.
    pub room: Option<InFlight>,
    /// The body's, which a retry under the same idempotency key is told by.
    pub digest: Digest,
    pub link: &'a Link,
}

/// An endpoint at work, each in a box of its own: a connection keeps room for its answering future for as long as it lives,
/// which is 1.5 kB so, and 4.5 kB with the largest endpoint's within.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send + 'a>>;

/// Answers a request.
///
/// # Errors
/// Whatever the desk refuses, and what the body or query is not.
pub(crate) fn answer(endpoint: Endpoint, call: Call<'_>) -> Answering<'_> {
    match endpoint {
        Endpoint::Submit => Box::pin(action::submit(call)),
        Endpoint::Actions => Box::pin(action::list(call)),
        Endpoint::Queue => Box::pin(queue::list(call)),
        Endpoint::Ticket => Box::pin(ticket::show(call)),
        Endpoint::Preview => Box::pin(ticket::preview(call)),
        Endpoint::Cancel => Box::pin(ticket::cancel(call)),
        Endpoint::Approve => Box::pin(decision::approve(call)),
        Endpoint::Deny => Box::pin(decision::deny(call)),
        Endpoint::Edit => Box::pin(decision::edit(call)),
        Endpoint::Lift => Box::pin(decision::lift(call)),
        Endpoint::Stop => Box::pin(decision::stop(call)),
        Endpoint::Grants => Box::pin(grant::list(call)),
        Endpoint::Revoke => Box::pin(grant::revoke(call)),
        Endpoint::Policies => Box::pin(policy::list(call)),
        Endpoint::SetGroup => Box::pin(policy::set_group(call)),
        Endpoint::SetPolicy => Box::pin(policy::set_action(call)),
        Endpoint::Freeze => Box::pin(policy::freeze(call)),
        Endpoint::Audit => Box::pin(audit::list(call)),
        Endpoint::Events => Box::pin(events::open(call)),
        Endpoint::Outputs => Box::pin(output::hand_over(call)),
    }
}

impl Call<'_> {
    /// The body as the message it has to be.
    fn message<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        json::read_message(&self.body).map_err(|error| not_json(&error))
    }

    /// Nothing more than the path was sent, or an empty object.
    fn no_message(&self) -> Result<(), Refusal> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        if self.body.is_empty() {
            return Ok(());
        }
        self.message::<Nothing>().map(|_| ())
    }

    /// The path's open segment as the name of a `what`; another spelling names nothing.
    fn named<T: FromStr>(&self, what: &str) -> Result<T, Refusal> {
        let shown = || visible::excerpt(self.name, 80);
        self.name.parse().map_err(|_| Refusal::no_such(what, shown()))
    }

    fn ticket(&self) -> Result<TicketId, Refusal> {
        self.named("ticket")
    }

    fn no_query(&self) -> Result<(), Refusal> {
        query::read(self.head.query(), []).map(|_| ())
    }

    /// `?after=SEQ&limit=N`. A limit that a list cannot have is refused: a shorter list than was asked for would look like
    /// all there is.
    fn page(&self) -> Result<(Option<u64>, u64), Refusal> {
        let [after, limit] = query::read(self.head.query(), ["after", "limit"])?;
        Ok((after, self.limit(limit)?))
    }

    /// How many entries a list may have where so many were asked for.
    fn limit(&self, asked: Option<u64>) -> Result<u64, Refusal> {
        let list_max = self.limits.list_max;
        match asked {
            None => Ok(self.limits.list_default.min(list_max)),
            Some(limit) if (1..=list_max).contains(&limit) => Ok(limit),
            Some(_) => Err(malformed(format!("`limit` is a number from 1 to {list_max}"))),
        }
    }

    /// `Prefer: wait=SECONDS` (RFC 7240). A wait that no request may have is refused: an answer that came sooner than was asked
    /// for would look like all there is. Where this server holds answers less long, its clients ask again. Other preferences
    /// are passed over, as the RFC has it.
    fn wait(&self) -> Result<Option<Duration>, Refusal> {
        let Some(asked) = self.head.list(&PREFER).find_map(|one| preference(one, "wait")) else { return Ok(None) };
        let (own_max, asked_max) = (self.limits.wait_seconds_max, self.limits.wait_seconds_max.max(WAIT_SECONDS_MAX));
        match query::whole_number(&asked) {
            Some(seconds) if seconds <= asked_max => {
                let seconds = seconds.min(own_max);
                Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
            }
            _ => Err(malformed(format!("`wait` is a number of seconds from 0 to {asked_max}"))),
        }
    }
}

impl Call<'_> {
    /// How long this request may be held open, and with `Prefer: patience=SECONDS` how long its caller says to wait in all: more
    /// requests follow this one. It is told to people; what cannot be read is as if it had not been said.
    fn patience(&self, hold: Option<Duration>) -> Patience {
        let asked = self.head.list(&PREFER).find_map(|one| preference(one, "patience"));
        let seconds =
            asked.and_then(|asked| query::whole_number(&asked)).map(|seconds| seconds.min(PATIENCE_SECONDS_MAX));
        Patience { hold, in_all: seconds.map(Duration::from_secs) }
    }
}

/// Nobody waits longer.
const PATIENCE_SECONDS_MAX: u64 = 7 * 24 * 3600;

/// The longest wait that the protocol knows, whatever this server's own limit is.
const WAIT_SECONDS_MAX: u64 = 300;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What stands behind the preference's name, where it is this one.
fn preference(preference: &str, wanted: &str) -> Option<String> {
    let preference = preference.split(';').next()?;
    let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
    name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
}

fn not_json(error: &json::JsonError) -> Refusal {
    malformed(format!("the body has {error}"))
}

#[cfg(test)]
mod tests {
    use super::preference as asked;
    use crate::query::whole_number;

    #[test]
    fn a_wait_is_read_as_rfc_7240_writes_it() {
        for (preference, seconds) in [
            ("wait=10", Some(Some(10))),
            ("Wait = \"10\"", Some(Some(10))),
            ("wait=10; x=y", Some(Some(10))),
            ("wait=0", Some(Some(0))),
            ("wait=99999999999999999999", Some(None)),
            ("wait", Some(None)),
            ("wait=", Some(None)),
            ("wait=-1", Some(None)),
            ("wait=1e2", Some(None)),
            ("respond-async", None),
            ("handling=10", None),
        ] {
            assert_eq!(asked(preference, "wait").map(|asked| whole_number(&asked)), seconds, "{preference}");
        }
    }
}
