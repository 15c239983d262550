//! The head of a request, and what is wrong with it whoever sent it: a request has one meaning or is refused.

use std::collections::BTreeSet;

use ccc_core::{limits::Limits, refusal::Refusal};
use ccc_protocol::{bodies::ProblemType, content_digest::ContentDigest, signing, visible};
use hyper::{
    Method, Request,
    body::{Body as _, Incoming},
    header::{self, HeaderMap, HeaderName},
    http::request::Parts,
};

/// A request without its body.
#[derive(Debug)]
pub struct Head {
    parts: Parts,
    has_body: bool,
}

impl Head {
    /// Parts a request into head and body.
    pub fn of(request: Request<Incoming>) -> (Self, Incoming) {
        let (parts, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        (Self { parts, has_body }, body)
    }

    /// As it was sent, in the case it was sent in.
    #[must_use]
    pub fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    /// Path and query as they were received: the bytes that are signed are the bytes that are routed.
    #[must_use]
    pub fn target(&self) -> &str {
        self.parts.uri.path_and_query().map_or("", |target| target.as_str())
    }

    /// What stands before `?`, not decoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The query without its `?`; empty where there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// True where a body follows.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.has_body
    }

    /// The header fields as signatures see them.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields(&self.parts.headers)
    }

    /// The text of a field that may be sent once.
    ///
    /// # Errors
    /// When it was sent more than once or is not ASCII text.
    pub fn field(&self, name: &HeaderName) -> Result<Option<&str>, Refusal> {
        let mut values = self.parts.headers.get_all(name).iter();
        let first = values.next();
        if values.next().is_some() {
            return Err(malformed(format!("the field `{name}` was sent more than once; send it once")));
        }
        let text = first.map(|value| value.to_str()).transpose();
        text.map_err(|_| malformed(format!("the field `{name}` is not ASCII text")))
    }

    /// True where this field was sent.
    #[must_use]
    pub fn has(&self, name: &HeaderName) -> bool {
        self.parts.headers.contains_key(name)
    }

    /// All values of a list field that are text.
    pub fn list<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a str> {
        let values = self.parts.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
    }

    /// The digest that the sender signed for the body; none where the field was not sent.
    ///
    /// # Errors
    /// When the field cannot be read.
    pub fn content_digest(&self) -> Result<Option<ContentDigest>, Refusal> {
        let field = self.parts.headers.get("content-digest");
        let digest = field.map(|value| ContentDigest::parse(value.as_bytes())).transpose();
        digest.map_err(|error| malformed(error.to_string()))
    }

    /// What is wrong with this head, whoever sent it.
    #[must_use]
    pub fn fault(&self, hosts: &Hosts, limits: &Limits) -> Option<Refusal> {
        let headers = &self.parts.headers;
        if headers.contains_key(header::ORIGIN) {
            return Some(Refusal::not_allowed("requests of web pages are not taken: there is an `Origin` field"));
        }
        if !matches!(self.parts.method, Method::GET | Method::POST) {
            let detail = format!("there is no method `{}` here; use GET or POST", self.parts.method);
            return Some(Refusal::new(ProblemType::Method, detail));
        }
        if self.parts.uri.authority().is_some() {
            return Some(malformed("the request target is a whole URL; write it as `/path` or `/path?query`"));
        }
        if headers.len() as u64 > limits.head_fields_max {
            return Some(malformed(format!("the request has more than {} header fields", limits.head_fields_max)));
        }
        self.body_fault().or_else(|| self.host_fault(hosts))
    }

    fn body_fault(&self) -> Option<Refusal> {
        let media_type = |detail: String| Some(Refusal::new(ProblemType::MediaType, detail));
        if self.parts.headers.contains_key(header::CONTENT_ENCODING) {
            return media_type("the body is encoded; send it without `Content-Encoding`".to_owned());
        }
        if self.has_body && self.parts.method == Method::GET {
            return Some(malformed("a GET request has no body here; send it without"));
        }
        match self.field(&header::CONTENT_TYPE) {
            Err(refusal) => Some(refusal),
            Ok(Some(given)) if self.has_body && !is_json(given) => {
                media_type(format!("the body is `{}`; send `application/json`", shown(given)))
            }
            Ok(_) => None,
        }
    }

    fn host_fault(&self, hosts: &Hosts) -> Option<Refusal> {
        match self.field(&header::HOST) {
            Err(refusal) => Some(refusal),
            Ok(Some(host)) if hosts.hold(host.trim_ascii()) => None,
            Ok(Some(host)) => Some(malformed(format!(
                "the Host `{}` is not this server's; add it to `hosts` in its config",
                shown(host)
            ))),
            Ok(None) => Some(malformed("there is no Host field; send the server's name as Host")),
        }
    }
}

/// Header fields as signatures see them.
#[derive(Debug)]
pub struct Fields<'a>(&'a HeaderMap);

impl signing::Fields for Fields<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        // A request has few fields: looking them over costs less than hashing a name.
        self.0.iter().filter(move |(field, _)| field.as_str() == name).map(|(_, value)| value.as_bytes())
    }
}

/// The names under which this server is asked for: a page that points a name of its own at this address is refused.
#[derive(Debug, Clone, Default)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// Loopback names, the addresses that are bound, and the names that config adds; each with any port, or, where
    /// config writes one, with that port alone.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let loopback = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        Self(loopback.into_iter().chain(names).map(|name| signing::authority(&name)).collect())
    }

    /// True where a Host field names this server.
    #[must_use]
    pub fn hold(&self, host: &str) -> bool {
        let name = without_port(host);
        self.has(name) || (name.len() < host.len() && self.has(host))
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
            || (name.bytes().any(|b| b.is_ascii_uppercase()) && self.0.contains(&name.to_ascii_lowercase()))
    }
}

/// A Host field without its port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let only_utf8 = |part: &str| {
        part.is_empty() || part.eq_ignore_ascii_case("charset=utf-8") || part.eq_ignore_ascii_case("charset=\"utf-8\"")
    };
    media_type.eq_ignore_ascii_case("application/json") && parts.all(only_utf8)
}

/// What a stranger wrote, short and without anything that is not plain text.
fn shown(text: &str) -> String {
    visible::excerpt(text, 80)
}

pub(crate) fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal::new(ProblemType::Malformed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_its_name_whatever_the_port_unless_config_says_one() {
        let hosts = Hosts::new([
            "host.docker.internal".to_owned(),
            "Bridge.example:8080".to_owned(),
            "192.168.2.99".to_owned(),
        ]);
        for good in [
            "localhost", "LocalHost:3015", "127.0.0.1:3015", "[::1]:3015", "[::1]", "host.docker.internal:1",
            "bridge.example:8080", "192.168.2.99:3015",
        ] {
            assert!(hosts.hold(good), "{good}");
        }
        for bad in [
            "", "evil.example", "localhost.evil.example", "bridge.example", "bridge.example:81", "127.0.0.1.nip.io",
            "localhost:3015:1", "localhost:x", "user@localhost", "::1",
        ] {
            assert!(!hosts.hold(bad), "{bad}");
        }
    }

    #[test]
    fn plain_json_is_taken_and_nothing_else() {
        for good in [
            "application/json", "Application/JSON", "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "", "text/plain", "application/json; charset=utf-16", "application/x-www-form-urlencoded",
            "application/jsonp", "multipart/form-data",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
