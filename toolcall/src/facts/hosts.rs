//! Hosts in arguments, IPv6 addresses in brackets: URLs, and `user@host:path` as scp, rsync and git write it.

use url::Url;

/// The host of a URL with `//`; `None` where there is none, or it cannot be read.
pub(super) fn of_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let remote = !matches!(url.scheme(), "file" | "data");
    url.host_str().filter(|host| remote && !host.is_empty()).map(str::to_lowercase)
}

/// The host of `curl`'s or `git`'s operand, which may leave the scheme out.
pub(super) fn of_operand(text: &str) -> Option<String> {
    if text.contains("://") {
        return of_url(text);
    }
    of_url(&format!("http://{text}")).filter(|_| !text.starts_with(['/', '.', '-', '~']))
}

/// The host of `[user@]host:path`.
pub(super) fn of_copy(text: &str) -> Option<String> {
    if text.contains("://") {
        return of_url(text);
    }
    let (host, _) = text.split_once(':')?;
    if host.contains('/') {
        return None;
    }
    named(host)
}

/// The host of `host/path@version`, as modules are named.
pub(super) fn of_module(text: &str) -> Option<String> {
    let (host, path) = text.split_once('/')?;
    (path.contains('@') && host.contains('.') && !host.starts_with('.')).then(|| named(host)).flatten()
}

/// The host of a repository's address, or of `host/owner/name`, but for the two that their own programs ask anyway.
pub(super) fn of_forge(text: &str) -> Option<String> {
    const OWN: &[&str] = &["github.com", "gitlab.com"];
    let of_path = || text.split_once('/').map(|(host, _)| host).filter(|host| host.contains('.')).and_then(named);
    of_copy(text).or_else(of_path).filter(|host| !OWN.contains(&host.as_str()))
}

/// The host of `[user@]host`.
pub(super) fn named(text: &str) -> Option<String> {
    if text.contains("://") {
        return of_url(text);
    }
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let is_bare_address = host.contains(':') && !host.starts_with('[');
    Some(if is_bare_address { format!("[{}]", host.to_lowercase()) } else { host.to_lowercase() })
}

/// True for names and addresses of this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || host.ends_with(".localhost") || address.is_some_and(|address| address.is_loopback())
}

/// True for the address of a page. Other schemes and a container engine's ports on this machine take commands.
pub(super) fn is_page(text: &str) -> bool {
    let guessed = !text.contains("://");
    let full = if guessed { format!("http://{text}") } else { text.to_owned() };
    let Ok(url) = Url::parse(&full) else { return false };
    let host = url.host_str().unwrap_or_default().to_lowercase();
    let other = guessed && GUESSED_SCHEMES.iter().any(|start| host.starts_with(start));
    let engine = is_loopback(&host) && url.port().is_some_and(|port| ENGINE_PORTS.contains(&port));
    matches!(url.scheme(), "http" | "https") && !other && !engine
}

/// Where an address has no scheme, `curl` takes one from the host's name.
const GUESSED_SCHEMES: &[&str] = &["ftp.", "dict.", "ldap.", "imap.", "smtp.", "pop3."];

/// Docker's and the kubelet's.
const ENGINE_PORTS: &[u16] = &[2375, 2376, 10250];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_their_programs_read_them() {
        assert_eq!(of_operand("https://Docs.RS/x?y").as_deref(), Some("docs.rs"));
        assert_eq!(of_operand("example.com/x").as_deref(), Some("example.com"));
        assert_eq!(of_operand("https://good.example@evil.example/").as_deref(), Some("evil.example"));
        assert_eq!(of_operand("http://[::1]:80/").as_deref(), Some("[::1]"));
        assert_eq!(of_operand("http://0x7f.1/").as_deref(), Some("127.0.0.1"));
        assert_eq!(of_copy("me@host.example:/x").as_deref(), Some("host.example"));
        assert_eq!(of_copy("./a:b"), None);
        assert_eq!(of_copy("git@github.com:a/b.git").as_deref(), Some("github.com"));
        assert_eq!(of_url("file:///etc/passwd"), None);
        assert_eq!(of_module("evil.example/x@latest").as_deref(), Some("evil.example"));
        assert_eq!(of_module("./x@latest"), None);
    }

    #[test]
    fn loopback_is_by_address() {
        assert!(["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "x.localhost"].into_iter().all(is_loopback));
        assert!(!["localhost.evil.example", "127.0.0.1.example", "10.0.0.1", "0.0.0.0"].into_iter().any(is_loopback));
    }
}
