//! A web address in its one form: parsed once by the WHATWG rules, and from then on only what came out.
//!
//! The parser mends much silently (tabs, line breaks, backslashes, spaces around). What it would mend is refused here
//! first, so that a person reads what the agent wrote, and no second parser can read it otherwise.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::value::UrlArg;

/// Schemes that config cannot allow: they run code or open the host's own files.
pub const FORBIDDEN_SCHEMES: [&str; 6] = ["javascript", "vbscript", "data", "blob", "file", "view-source"];

/// The address in its one form, where its scheme is one of these.
///
/// # Errors
/// What is wrong with it, and what to write instead.
pub fn parse(text: &str, schemes: &[String]) -> Result<UrlArg, String> {
    refuse_what_parsers_mend(text)?;
    let url = Url::parse(text).map_err(|error| format!("{error}: write it in full, such as `https://example.com/`"))?;
    if !schemes.iter().any(|scheme| scheme == url.scheme()) {
        return Err(format!("its scheme is `{}`", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(USER_INFO.to_owned());
    }
    // A path without `//` (`mailto:`, `vscode:`) keeps its spaces when it is written again.
    if !url.as_str().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it holds a space: write `%20`".to_owned());
    }
    if url.host_str().is_some_and(|host| host.ends_with('.')) {
        return Err("its host ends with a dot: write it without".to_owned());
    }
    Ok(UrlArg {
        scheme: url.scheme().to_owned(),
        host: url.host_str().unwrap_or_default().to_ascii_lowercase(),
        port: url.port_or_known_default(),
        is_internal: is_internal(&url),
        text: url.into(),
    })
}

const USER_INFO: &str = "it holds user info before an `@`: write the address without";

#[expect(clippy::disallowed_methods, reason = "parsers drop controls, and escape whatever else is unseen")]
fn refuse_what_parsers_mend(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("it holds a control character, tab or line break: write it on one line".to_owned());
    }
    if text.contains('\\') {
        return Err("it holds a backslash: write `/`, or `%5C` where it is meant".to_owned());
    }
    if text.trim() != text {
        return Err("it has space around it: write it without".to_owned());
    }
    let (scheme, rest) =
        text.split_once(':').ok_or("it has no scheme: write it in full, such as `https://example.com/`")?;
    let is_hierarchical = matches!(&*scheme.to_ascii_lowercase(), "http" | "https" | "ws" | "wss" | "ftp");
    let authority = rest.strip_prefix("//");
    if is_hierarchical && authority.is_none_or(|authority| authority.starts_with('/')) {
        return Err(format!("it does not go on with `//` and a host: write `{scheme}://example.com/`"));
    }
    // An empty user (`https://@host`) leaves no trace in the parsed form.
    let authority = authority.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.contains('@') { Err(USER_INFO.to_owned()) } else { Ok(()) }
}

/// True for addresses and names that mean this machine or its own network, and for what has no host at all: such an
/// address is accepted by a rule only where the rule names it.
fn is_internal(url: &Url) -> bool {
    // A scheme of no network standard keeps its host as written; it is read once more as a browser would read it.
    let host = url.host_str().map(Host::parse);
    match host {
        Some(Ok(Host::Ipv4(address))) => is_internal_v4(address),
        Some(Ok(Host::Ipv6(address))) => is_internal_v6(address),
        Some(Ok(Host::Domain(name))) => is_internal_name(&name),
        Some(Err(_)) | None => true,
    }
}

/// The host as it reads in Unicode, where that differs from its ASCII form: shown to a person beside the ASCII form, never instead.
#[must_use]
pub fn host_in_unicode(host: &str) -> Option<String> {
    let unicode = url::quirks::domain_to_unicode(host);
    (!unicode.is_empty() && unicode != host).then_some(unicode)
}

/// Whether a host, in the form that rules and URLs carry it, is of this machine or its own network.
#[must_use]
pub fn is_internal_host(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Ipv4(address)) => is_internal_v4(address),
        Ok(Host::Ipv6(address)) => is_internal_v6(address),
        Ok(Host::Domain(name)) => is_internal_name(&name),
        Err(_) => true,
    }
}

/// Names that are never of the public network: those of RFC 6761, 6762, 8375 and 9476, those that home routers and
/// clouds use, and names without a dot, which only a local resolver knows.
fn is_internal_name(name: &str) -> bool {
    const SUFFIXES: [&str; 12] = [
        "localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa",
        "test", "alt",
    ];
    let name = name.trim_end_matches('.');
    let has_suffix =
        |suffix: &&str| name.strip_suffix(*suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || SUFFIXES.iter().any(has_suffix)
}

/// The special-purpose blocks of the IANA registry that are not globally reachable.
fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    if let Some(embedded) = embedded_v4(address) {
        return is_internal_v4(embedded);
    }
    let [a, b, ..] = address.segments();
    // 2000::/3 is all that is global unicast; within it, Teredo and documentation are not hosts of the network.
    a & 0xe000 != 0x2000 || (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || (a == 0x3fff && b < 0x1000)
}

/// The IPv4 address that an IPv6 address carries to a translator: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let halves = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(halves(high, low))
        }
        [0x2002, high, low, ..] => Some(halves(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ccc_protocol::visible;
    use proptest::prelude::*;

    use super::*;

    fn web() -> Vec<String> {
        vec!["http".to_owned(), "https".to_owned()]
    }

    fn parsed(text: &str) -> UrlArg {
        parse(text, &web()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn an_address_has_one_form() {
        for (text, one_form, host, port) in [
            ("https://example.com", "https://example.com/", "example.com", 443),
            ("HTTP://EXAMPLE.com:80/a/../b?q#f", "http://example.com/b?q#f", "example.com", 80),
            ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example", 443),
            ("http://example.com:8080/", "http://example.com:8080/", "example.com", 8080),
            ("https://EXAMPLE。com/", "https://example.com/", "example.com", 443),
            ("http://[2606:4700:0::1]/", "http://[2606:4700::1]/", "[2606:4700::1]", 80),
        ] {
            let url = parsed(text);
            assert_eq!((url.text.as_str(), url.host.as_str(), url.port), (one_form, host, Some(port)), "{text}");
        }
    }

    #[test]
    fn what_parsers_read_differently_is_refused() {
        for bad in [
            "", "example.com", "/a", "//example.com/", "https:example.com", "https:/example.com",
            "https:///example.com", "https:\\\\example.com", "https://example.com\\@evil.com/",
            "https://user@example.com/", "https://user:pw@example.com/", "https://@example.com/",
            "https://:@example.com/", " https://example.com", "https://example.com ", "https://exa\tmple.com/",
            "https://example.com/\n", "https://example.com/\0", "java\nscript:alert(1)", "https://exam ple.com/",
            "https://", "https://example.com./", "https://a.b:99999/", "https://[::1", "https://example.com/\u{85}",
            "https://\u{ad}/",
        ] {
            assert!(parse(bad, &web()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_declared_schemes_pass() {
        for bad in [
            "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "ssh://example.com",
            "vscode://x/y",
        ] {
            let error = parse(bad, &web()).unwrap_err();
            assert!(error.contains("its scheme is"), "{bad}: {error}");
        }
        let vscode = ["vscode".to_owned()];
        assert_eq!(parse("vscode://file/x", &vscode).unwrap().text, "vscode://file/x");
        assert_eq!(parse("vscode: --x y", &vscode).unwrap_err(), "it holds a space: write `%20`");
    }

    #[test]
    fn the_machine_and_its_network_are_internal_however_they_are_written() {
        for host in [
            "localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
            "0x7f.1", "0", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
            "100.64.0.1", "100.127.255.255", "192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[::1]",
            "[::]", "[fe80::1]", "[fc00::1]", "[fdff::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
            "[::127.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::]", "[2001:db8::1]", "printer.local",
            "metadata.google.internal", "router", "nas.lan", "x.home.arpa", "127。0。0。1", "①②⑦.0.0.1",
        ] {
            assert!(parsed(&format!("http://{host}/")).is_internal, "{host}");
        }
    }

    #[test]
    fn public_hosts_are_not_internal() {
        for host in [
            "example.com", "docs.rs", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1",
            "[2606:4700::1]", "[::ffff:8.8.8.8]", "local.example.com", "internal.example.com", "mylocal.example",
            "notlocalhost.com",
        ] {
            assert!(!parsed(&format!("http://{host}/")).is_internal, "{host}");
        }
    }

    #[test]
    fn a_scheme_of_its_own_hides_no_internal_host() {
        let own = vec!["vscode".to_owned()];
        for text in
            ["vscode://127.0.0.1/", "vscode://2130706433/", "vscode://localhost/", "vscode://LOCALHOST/", "vscode:///x"]
        {
            assert!(parse(text, &own).unwrap().is_internal, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser_and_the_one_form_is_stable(text in r"(https?://)?[a-z0-9.@:/\\\[\]%?#ü \t]{0,24}") {
            if let Ok(url) = parse(&text, &web()) {
                prop_assert!(url.text.is_ascii() && url.text.chars().all(visible::is_visible), "{}", url.text);
                prop_assert_eq!(parse(&url.text, &web()), Ok(url));
            }
        }
    }
}
