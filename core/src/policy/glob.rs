//! Globs over names, texts and hosts. `*` is any run of characters and `?` any one; `[a-z]` and `{a,b}` as usual.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

/// One glob. The forms that rules mostly use need no automaton.
#[derive(Debug, Clone)]
enum Glob {
    Anything,
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    General(Box<GlobMatcher>),
}

/// What a glob reads as something else than itself.
pub(crate) const META: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

impl Glob {
    fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a glob is empty: write `*` for anything".into());
        }
        let plain = |rest: &str| !rest.contains(META);
        Ok(match (text.strip_suffix('*'), text.strip_prefix('*')) {
            _ if text == "*" => Self::Anything,
            _ if plain(text) => Self::Exact(text.into()),
            (Some(head), _) if plain(head) => Self::Prefix(head.into()),
            (_, Some(tail)) if plain(tail) => Self::Suffix(tail.into()),
            _ => Self::General(Box::new(general(text)?)),
        })
    }

    fn fits(&self, value: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Exact(text) => **text == *value,
            Self::Prefix(head) => value.starts_with(&**head),
            Self::Suffix(tail) => value.ends_with(&**tail),
            Self::General(matcher) => matcher.is_match(value),
        }
    }
}

fn general(text: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(text)
        .literal_separator(false)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("`{text}` is no glob: {}", error.kind()))
}

/// Several globs; one that fits is enough.
#[derive(Debug, Clone)]
pub struct Globs {
    written: Vec<String>,
    globs: Vec<Glob>,
}

impl Globs {
    /// From the texts of a rule.
    ///
    /// # Errors
    /// A sentence where there is none, or one is no glob.
    pub fn new(written: &[String]) -> Result<Self, String> {
        if written.is_empty() {
            return Err("an empty list fits nothing: name what is meant, or leave the key out".into());
        }
        let globs = written.iter().map(|text| Glob::new(text)).collect::<Result<_, _>>()?;
        Ok(Self { written: written.to_vec(), globs })
    }

    /// True where one of them fits the whole value.
    #[must_use]
    pub fn fits(&self, value: &str) -> bool {
        self.globs.iter().any(|glob| glob.fits(value))
    }

    /// True where one of them that begins with `prefix` fits the whole value.
    #[must_use]
    pub fn fits_by_prefix(&self, value: &str, prefix: &str) -> bool {
        self.written.iter().zip(&self.globs).any(|(written, glob)| written.starts_with(prefix) && glob.fits(value))
    }

    /// True where one of them fits everything.
    #[must_use]
    pub fn fits_anything(&self) -> bool {
        self.globs.iter().any(|glob| matches!(glob, Glob::Anything))
    }

    /// The texts that fit, where each fits one text only.
    pub(super) fn exact_texts(&self) -> Option<Vec<&str>> {
        let exact = self.globs.iter().map(|glob| match glob {
            Glob::Exact(text) => Some(&**text),
            _ => None,
        });
        exact.collect()
    }

    /// As the rule has them.
    #[must_use]
    pub fn written(&self) -> &[String] {
        &self.written
    }
}

impl fmt::Display for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.written.join("`, `"))
    }
}

/// How far a list of hosts names one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// Not at all.
    Not,
    /// By a `*` that fits others too.
    ByWildcard,
    /// In full: what an internal host must be to be let pass.
    Exactly,
}

/// Globs over hosts, compared in ASCII (punycode) and lower case. `*.x` fits what is beneath `x`, not `x` itself.
#[derive(Debug, Clone)]
pub struct HostGlobs {
    written: Vec<String>,
    globs: Vec<Glob>,
}

impl HostGlobs {
    /// From the texts of a rule; Unicode labels are brought to punycode.
    ///
    /// # Errors
    /// A sentence where there is none, or one is no host.
    pub fn new(written: &[String]) -> Result<Self, String> {
        if written.is_empty() {
            return Err("an empty list of hosts fits nothing: name a host, or leave the key out".into());
        }
        let globs = written.iter().map(|text| host_glob(text)).collect::<Result<_, _>>()?;
        Ok(Self { written: written.to_vec(), globs })
    }

    /// How far this host is named. A trailing dot means the same host in the DNS and does not hide it.
    #[must_use]
    pub fn naming(&self, host: &str) -> Naming {
        let host = host.strip_suffix('.').unwrap_or(host);
        let naming = |glob: &Glob| match (glob.fits(host), glob) {
            (false, _) => Naming::Not,
            (true, Glob::Exact(_)) => Naming::Exactly,
            (true, _) => Naming::ByWildcard,
        };
        self.globs.iter().map(naming).max().unwrap_or(Naming::Not)
    }
}

/// What a host must be, or lie beneath, for a glob to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostKey<'a> {
    Exact(&'a str),
    Beneath(&'a str),
}

impl HostGlobs {
    /// The hosts and domains that fit, where each glob is one of these.
    pub(super) fn keys(&self) -> Option<Vec<HostKey<'_>>> {
        let keys = self.globs.iter().map(|glob| match glob {
            Glob::Exact(host) => Some(HostKey::Exact(host)),
            Glob::Suffix(tail) => tail.strip_prefix('.').map(HostKey::Beneath),
            Glob::Anything | Glob::Prefix(_) | Glob::General(_) => None,
        });
        keys.collect()
    }
}

impl fmt::Display for HostGlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.written.join("`, `"))
    }
}

/// A host pattern in its one ASCII form: wildcards stay, everything else is written by the WHATWG rules.
fn host_glob(text: &str) -> Result<Glob, String> {
    let invalid = || format!("`{text}` is no host: write `docs.rs`, `*.example.org` or `[::1]`");
    if text == "*" {
        return Ok(Glob::Anything);
    }
    let (is_wild, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
    if rest.contains(['*', '?']) {
        let is_host_text = |b: u8| b.is_ascii_alphanumeric() || b"-_.*?".contains(&b);
        return if text.bytes().all(is_host_text) { Glob::new(&text.to_ascii_lowercase()) } else { Err(invalid()) };
    }
    match url::Host::parse(rest.strip_suffix('.').unwrap_or(rest)).map_err(|_| invalid())? {
        url::Host::Domain(domain) if is_wild && !domain.is_empty() => Ok(Glob::Suffix(format!(".{domain}").into())),
        url::Host::Domain(domain) if !domain.is_empty() => Ok(Glob::Exact(domain.into())),
        url::Host::Ipv4(address) if !is_wild => Ok(Glob::Exact(address.to_string().into())),
        url::Host::Ipv6(address) if !is_wild => Ok(Glob::Exact(format!("[{address}]").into())),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(texts: &[&str]) -> Globs {
        Globs::new(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn hosts(texts: &[&str]) -> Result<HostGlobs, String> {
        HostGlobs::new(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_glob_fits_the_whole_value() {
        for (glob, good, bad) in [
            ("agent*", "agent-1", "my-agent"),
            ("*-db", "prod-db", "prod-db2"),
            ("deploy-?", "deploy-a", "deploy-ab"),
            ("a*b*c", "a/x/b-c", "abcd"),
            ("mcp:{git,hub}/*", "mcp:git/push/now", "mcp:svn/push"),
            ("run", "run", "runs"),
        ] {
            assert!(globs(&[glob]).fits(good), "{glob} {good}");
            assert!(!globs(&[glob]).fits(bad), "{glob} {bad}");
        }
    }

    #[test]
    fn what_is_no_glob_is_said() {
        for bad in ["", "a[", "{a,b"] {
            assert!(Globs::new(&[bad.to_owned()]).is_err(), "{bad:?}");
        }
        assert!(Globs::new(&[]).is_err());
    }

    #[test]
    fn a_wildcard_host_is_not_the_host_itself() {
        let list = hosts(&["*.rust-lang.org"]).unwrap();
        assert_eq!(list.naming("doc.rust-lang.org"), Naming::ByWildcard);
        assert_eq!(list.naming("a.b.rust-lang.org"), Naming::ByWildcard);
        assert_eq!(list.naming("rust-lang.org"), Naming::Not);
        assert_eq!(list.naming("evilrust-lang.org"), Naming::Not);
    }

    #[test]
    fn hosts_compare_in_ascii_whatever_the_rule_writes() {
        let list = hosts(&["MÜNCHEN.de", "*.bücher.example", "127.1", "[0:0::1]", "Docs.RS."]).unwrap();
        for host in ["xn--mnchen-3ya.de", "127.0.0.1", "[::1]", "docs.rs", "docs.rs."] {
            assert_eq!(list.naming(host), Naming::Exactly, "{host}");
        }
        assert_eq!(list.naming("a.xn--bcher-kva.example"), Naming::ByWildcard);
    }

    #[test]
    fn what_is_no_host_is_said() {
        for bad in ["https://docs.rs", "a b", "", "docs.rs/path", "*.", "*.127.0.0.1", "dö*cs.rs", "user@host"] {
            assert!(hosts(&[bad]).is_err(), "{bad:?}");
        }
    }
}
