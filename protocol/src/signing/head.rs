//! What of a request a signature can see.

/// The fields of a message's head.
pub trait Fields {
    /// The values of the field `name` (lower case), one for each time it was
    /// sent, in the order they came in.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]>;
}

/// Name and value pairs are fields; names are compared without case.
impl<N: AsRef<str>, V: AsRef<[u8]>> Fields for [(N, V)] {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(n, _)| n.as_ref().eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }
}

/// A request as it was received, without its body.
#[derive(Debug)]
pub struct RequestHead<'a, F: Fields + ?Sized> {
    /// The method, as received.
    pub method: &'a str,
    /// The request target, as received: the same bytes that are routed.
    pub target: &'a str,
    /// Whether a body follows. A body has to be covered by its digest.
    pub has_body: bool,
    /// The header fields.
    pub fields: &'a F,
}

impl<F: Fields + ?Sized> Clone for RequestHead<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Fields + ?Sized> Copy for RequestHead<'_, F> {}

/// The value of `@authority` for a Host field: lower case, without the default
/// port of plain HTTP (RFC 9421, section 2.2.3).
#[must_use]
pub fn authority(host: &str) -> String {
    let lower = host.to_ascii_lowercase();
    match lower.strip_suffix(":80") {
        Some(without) => without.to_owned(),
        None => lower,
    }
}

/// How often a field was sent.
pub(crate) enum Sent<'a> {
    Never,
    Once(&'a [u8]),
    Often,
}

pub(crate) fn sent<'a>(fields: &'a (impl Fields + ?Sized), name: &'a str) -> Sent<'a> {
    let mut values = fields.values(name);
    match (values.next(), values.next()) {
        (None, _) => Sent::Never,
        (Some(value), None) => Sent::Once(value),
        (Some(_), Some(_)) => Sent::Often,
    }
}

/// Appends the value of a field to a signature base: each value trimmed,
/// several joined by a comma and a space (RFC 9421, section 2.1). Says whether
/// the field was sent at all.
pub(crate) fn write_combined(fields: &(impl Fields + ?Sized), name: &str, base: &mut Vec<u8>) -> bool {
    let mut any = false;
    for value in fields.values(name) {
        if any {
            base.extend_from_slice(b", ");
        }
        any = true;
        base.extend_from_slice(value.trim_ascii());
    }
    any
}

#[cfg(test)]
mod tests {
    use super::{authority, write_combined};

    #[test]
    fn the_authority_is_lower_case_without_the_default_port() {
        assert_eq!(authority("LocalHost:80"), "localhost");
        assert_eq!(authority("127.0.0.1:8080"), "127.0.0.1:8080");
        assert_eq!(authority("[::1]:80"), "[::1]");
    }

    /// RFC 9421, section 2.1: the example of `X-OWS-Header` and `Cache-Control`.
    #[test]
    fn values_are_trimmed_and_joined() {
        let fields = [
            ("X-OWS-Header", "   Leading and trailing whitespace.   "),
            ("Cache-Control", "max-age=60"),
            ("cache-control", "    must-revalidate"),
            ("X-Empty-Header", ""),
        ];
        let value = |name| {
            let mut base = Vec::new();
            write_combined(&fields[..], name, &mut base).then(|| String::from_utf8(base).unwrap())
        };
        assert_eq!(value("x-ows-header").unwrap(), "Leading and trailing whitespace.");
        assert_eq!(value("cache-control").unwrap(), "max-age=60, must-revalidate");
        assert_eq!(value("x-empty-header").unwrap(), "");
        assert_eq!(value("absent"), None);
    }
}
