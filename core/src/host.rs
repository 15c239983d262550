//! Which hosts are not the open internet: this machine, its network, and names that mean such.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for loopback, private, link-local, shared and otherwise special addresses (RFC 6890), and for names that by
/// convention resolve to such: `localhost`, single labels, `.local`, `.internal`, `.home.arpa`.
///
/// The host is ASCII and in lower case; an IPv6 address may stand in brackets. Names are not looked up: a public name may
/// still point inwards.
#[must_use]
pub fn is_internal(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => is_special_v4(address),
        Ok(IpAddr::V6(address)) => is_special_v6(address),
        Err(_) => is_local_name(host),
    }
}

fn is_local_name(host: &str) -> bool {
    const ENDINGS: [&str; 7] = [".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".localdomain"];
    !host.contains('.') || ENDINGS.iter().any(|ending| host.ends_with(ending))
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol_assignment = (a, b, c) == (192, 0, 0);
    let is_benchmark = a == 198 && (18..20).contains(&b);
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || is_shared
        || is_protocol_assignment
        || is_benchmark
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    let carried = address.to_ipv4_mapped().or_else(|| embedded_v4(address));
    let is_site_local = address.segments().first().is_some_and(|first| first & 0xffc0 == 0xfec0);
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast()
        || is_site_local
        || carried.is_some_and(is_special_v4)
}

/// The IPv4 address within a translated (64:ff9b::/96, RFC 6052) or 6to4 (2002::/16, RFC 3056) address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_and_local_names_are_internal() {
        for host in [
            "localhost", "localhost.", "a.localhost", "printer", "nas.local", "metadata.google.internal", "router.home.arpa",
            "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
            "[::1]", "::1", "[::]", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "[ff02::1]",
        ] {
            assert!(is_internal(host), "{host}");
        }
    }

    #[test]
    fn public_hosts_are_not() {
        for host in ["docs.rs", "localhost.example.org", "local.example", "8.8.8.8", "172.32.0.1", "[2606:4700::1111]", "100.128.0.1"] {
            assert!(!is_internal(host), "{host}");
        }
    }
}
