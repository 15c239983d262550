//! One bare mail address: RFC 5321's `Mailbox` without quoted parts, comments, display names, address literals or non-ASCII.

/// The longest address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// The longest local part, in bytes (section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// The longest label of a domain, in bytes (RFC 1035 section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// What is wrong with it as one bare address; none where nothing is.
#[must_use]
pub fn fault_of(text: &str) -> Option<&'static str> {
    let Some((local, domain)) = text.split_once('@') else { return Some("it has no `@`") };
    if text.len() > ADDRESS_BYTES_MAX || local.len() > LOCAL_BYTES_MAX {
        Some("it is longer than a mail address can be")
    } else if text.contains(|c: char| ",;<>\"()[]:\\ ".contains(c)) {
        Some("only the address itself is taken: no name, no quotes, no second recipient")
    } else if !local.split('.').all(is_atom) {
        Some("what stands before the `@` is no plain mailbox name")
    } else if !domain.split('.').all(is_label) {
        Some("what stands behind the `@` is no domain name in ASCII")
    } else {
        None
    }
}

/// `atext` of RFC 5322 section 3.2.3.
fn is_atom(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
}

/// A label of a host name (RFC 1123 section 2.1).
fn is_label(text: &str) -> bool {
    matches!(text.len(), 1..=LABEL_BYTES_MAX)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_addresses_pass() {
        for good in ["a@b", "user@example.com", "first.last+tag@mail.example.org", "o'brien@x-y.co", "A_1@EXAMPLE.com"]
        {
            assert_eq!(fault_of(good), None, "{good}");
        }
    }

    #[test]
    fn anything_that_could_name_another_recipient_is_refused() {
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@@b",
            "a@b@c",
            "a b@c",
            "a@b c",
            "a@b,c@d",
            "a@b;c@d",
            "<a@b>",
            "A <a@b>",
            "\"a b\"@c",
            "a@b\r\nBcc: x@y",
            "a@b\n",
            "\ta@b",
            "a@[127.0.0.1]",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@b.",
            "a@.b",
            "a@-b",
            "a@b-",
            "ä@b",
            "a@ä.de",
            "a(c)@b",
            "a@b\0",
            "a%@b:c",
            &format!("{}@b", "a".repeat(65)),
            &format!("a@{}", "b".repeat(64)),
            &format!("a@{}", ["b".repeat(60).as_str(); 5].join(".")),
        ] {
            assert!(fault_of(bad).is_some(), "{bad:?}");
        }
    }
}
