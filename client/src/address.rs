//! Where the server is: a TCP address or a Unix socket.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

use ccc_protocol::visible;

use crate::stream::Stream;

/// Where a server listens, as `http://host:port` or `unix:///path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A host and a port.
    Tcp {
        /// The name, or the address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// The absolute path of a socket.
    Unix(PathBuf),
}

/// A text that is not the address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` {fault}; write it as `http://HOST:PORT` or `unix:///PATH`")]
pub struct AddressError {
    given: String,
    fault: &'static str,
}

impl Address {
    /// The value of the Host field.
    #[must_use]
    pub fn host(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Tcp { host, port } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                if *port == 80 { host } else { format!("{host}:{port}") }
            }
        }
    }

    /// Connects to the first of all places this address means that answers.
    pub(crate) fn connect(&self, deadline: Instant) -> io::Result<Stream> {
        match self {
            Self::Unix(path) => Stream::connect_unix(path),
            Self::Tcp { host, port } => connect_any(&resolve(host, *port)?, deadline),
        }
    }
}

fn connect_any(places: &[SocketAddr], deadline: Instant) -> io::Result<Stream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for place in places {
        match Stream::connect_tcp(place, deadline) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Every address of the host. `localhost` is both loopback addresses also
/// where nothing resolves names, as in a container without `/etc/hosts`.
fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    if !host.eq_ignore_ascii_case("localhost") {
        return found;
    }
    let mut places = found.unwrap_or_default();
    for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let place = SocketAddr::new(loopback, port);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fault = |fault| AddressError { given: visible::escaped(text), fault };
        if let Some(path) = text.strip_prefix("unix://") {
            return match path.starts_with('/') {
                true => Ok(Self::Unix(path.into())),
                false => Err(fault("has no absolute path")),
            };
        }
        if text.starts_with("https://") {
            return Err(fault("asks for TLS, which the bridge does not speak"));
        }
        let rest = text.strip_prefix("http://").ok_or_else(|| fault("is not the address of a bridge"))?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(authority).ok_or_else(|| fault("has no valid host and port"))?;
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

fn split_port(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, port)
        }
        None => {
            let at = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(at);
            let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            if host.is_empty() || !host.bytes().all(allowed) {
                return None;
            }
            (host, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
        None if port.is_empty() => 80,
        _ => return None,
    };
    Some((host, port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { .. } => write!(f, "http://{}", self.host()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, resolve};

    #[test]
    fn an_address_is_a_host_with_a_port_or_a_socket() {
        for (text, host, shown) in [
            ("http://localhost:3015", "localhost:3015", "http://localhost:3015"),
            ("http://192.168.2.99:3015/", "192.168.2.99:3015", "http://192.168.2.99:3015"),
            ("http://[::1]:3015", "[::1]:3015", "http://[::1]:3015"),
            ("http://host.docker.internal", "host.docker.internal", "http://host.docker.internal"),
            ("unix:///run/ccc.sock", "localhost", "unix:///run/ccc.sock"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.host(), host);
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for text in [
            "", "localhost:3015", "https://localhost:3015", "http://", "http://:3015", "http://a b:1",
            "http://user@host:1", "http://host:99999", "http://host:+1", "http://host:", "http://host:1/path",
            "http://host?x", "http://[::1", "http://[host]:1", "http://::1:3015", "unix://relative",
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains("write it as `http://HOST:PORT`"), "{text}: {error}");
        }
    }

    #[test]
    fn localhost_is_every_loopback_address() {
        let places = resolve("localhost", 1).unwrap();
        assert!(places.iter().any(std::net::SocketAddr::is_ipv4) && places.iter().any(std::net::SocketAddr::is_ipv6));
    }
}
