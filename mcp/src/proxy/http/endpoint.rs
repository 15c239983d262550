//! Where a server behind HTTP is.

use std::{
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs},
    str::FromStr,
    time::Duration,
};

use ccc_protocol::visible;

/// How long a connection may take to be made.
const CONNECT_SECONDS_MAX: u64 = 10;

/// The address of a server, by `http://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
    /// Path and query.
    pub(super) target: String,
    given: String,
}

/// Why a text is not the address of a server that can be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// TLS is another program's work.
    #[error(
        "`{0}` needs TLS, which ccc-mcp does not speak; start a TLS forwarder on this machine and give its `http://127.0.0.1:PORT/…`"
    )]
    Tls(String),
    /// Not a URL of the kind wanted.
    #[error("`{0}` is not the address of an MCP server; write `http://HOST:PORT/PATH`")]
    Malformed(String),
    /// Anybody on the way could read and change what is said.
    #[error(
        "`{0}` is beyond this machine, and http:// can be read and changed on the way; write `--allow-remote` if that network may"
    )]
    Remote(String),
}

impl Endpoint {
    /// The address, unless it leads beyond this machine.
    ///
    /// # Errors
    /// When it does and `allow_remote` is false.
    pub fn checked(self, allow_remote: bool) -> Result<Self, EndpointError> {
        let ip = self.name().parse::<IpAddr>();
        let local = self.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
        if local || allow_remote { Ok(self) } else { Err(EndpointError::Remote(self.given)) }
    }

    /// The host alone.
    #[must_use]
    pub fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The value of the Host field.
    pub(super) fn host(&self) -> String {
        if self.port == 80 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Connects to the first place this address means that answers.
    pub(super) fn connect(&self) -> std::io::Result<TcpStream> {
        let places: Vec<SocketAddr> = (self.name(), self.port).to_socket_addrs()?.collect();
        let mut last = std::io::ErrorKind::NotFound.into();
        for place in &places {
            match TcpStream::connect_timeout(place, Duration::from_secs(CONNECT_SECONDS_MAX)) {
                Ok(stream) => return stream.set_nodelay(true).map(|()| stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let malformed = || EndpointError::Malformed(visible::excerpt(text, 200));
        if text.starts_with("https://") {
            return Err(EndpointError::Tls(text.to_owned()));
        }
        let rest = text.strip_prefix("http://").ok_or_else(malformed)?;
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || rest.contains(['#', '@', '\\']) {
            return Err(malformed());
        }
        let start = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = (rest.get(..start).unwrap_or_default(), rest.get(start..).unwrap_or_default());
        let (host, port) = split_port(authority).ok_or_else(malformed)?;
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { host: host.to_ascii_lowercase(), port, target, given: text.to_owned() })
    }
}

fn split_port(authority: &str) -> Option<(&str, u16)> {
    let end_of_host = authority.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match authority.get(end_of_host..)?.find(':') {
        Some(colon) => (authority.get(..end_of_host + colon)?, authority.get(end_of_host + colon + 1..)?.parse().ok()?),
        None => (authority, 80),
    };
    (!host.is_empty() && (host.starts_with('[') || !host.contains(':'))).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError};

    fn read(text: &str) -> Result<Endpoint, EndpointError> {
        text.parse()
    }

    #[test]
    fn an_address_is_taken_apart() {
        let endpoint = read("http://LocalHost:8080/mcp?x=1").unwrap();
        assert_eq!((endpoint.host(), endpoint.target.as_str()), ("localhost:8080".to_owned(), "/mcp?x=1"));
        let endpoint = read("http://[::1]").unwrap();
        assert_eq!((endpoint.host(), endpoint.target.as_str()), ("[::1]".to_owned(), "/"));
    }

    #[test]
    fn tls_is_refused_with_the_way_out() {
        assert!(matches!(read("https://example.com/mcp"), Err(EndpointError::Tls(_))));
        for text in
            ["ftp://x", "http://", "http://:80", "http://a@b/", "http://a:99999/", "http://a/\r\nx", "http://::1/"]
        {
            assert!(matches!(read(text), Err(EndpointError::Malformed(_))), "{text:?}");
        }
    }

    #[test]
    fn beyond_this_machine_needs_to_be_asked_for() {
        for local in ["http://localhost/", "http://127.0.0.1:1/", "http://[::1]:1/"] {
            read(local).unwrap().checked(false).unwrap();
        }
        for remote in ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/"] {
            assert!(matches!(read(remote).unwrap().checked(false), Err(EndpointError::Remote(_))), "{remote}");
            read(remote).unwrap().checked(true).unwrap();
        }
    }
}
