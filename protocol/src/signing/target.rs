//! The request target, which has one reading or is refused.

use super::refusal::Refusal;

/// A request target in origin form, checked: a path in which nothing is
/// encoded and nothing climbs, and what follows the first `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    raw: &'a str,
    query_at: Option<usize>,
}

impl<'a> Target<'a> {
    /// Checks `raw`, which goes unchanged into the signature base and the
    /// router.
    ///
    /// # Errors
    /// When it is not origin-form, or its path holds `%`, `//`, or a `.` or
    /// `..` segment.
    pub fn parse(raw: &'a str) -> Result<Self, Refusal> {
        let query_at = raw.find('?');
        let target = Self { raw, query_at };
        match fault(raw, target.path()) {
            None => Ok(target),
            Some(fault) => {
                Err(Refusal::malformed(format!("the request target {fault}; write it as `/path` or `/path?query`")))
            }
        }
    }

    /// The whole target as it was received.
    #[must_use]
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &'a str {
        let end = self.query_at.unwrap_or(self.raw.len());
        self.raw.get(..end).unwrap_or_default()
    }

    /// The query without its `?`; empty when there is a bare `?`, nothing when
    /// there is none.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.query_at.and_then(|at| self.raw.get(at + 1..))
    }

    /// The value of `@query`: the query with its `?`, or `?` alone when there
    /// is none (RFC 9421, section 2.2.7).
    pub(crate) fn query_component(&self) -> &'a str {
        self.query_at.and_then(|at| self.raw.get(at..)).unwrap_or("?")
    }
}

fn fault(raw: &str, path: &str) -> Option<&'static str> {
    if !raw.starts_with('/') {
        Some("does not start with `/`")
    } else if raw.bytes().any(|b| !b.is_ascii_graphic() || b == b'#') {
        Some("holds a character that does not belong there")
    } else if path.contains('%') {
        Some("holds a `%` in its path")
    } else if path.contains("//") {
        Some("holds `//` in its path")
    } else if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        Some("holds a `.` or `..` segment")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn path_and_query_part_at_the_first_question_mark() {
        let target = Target::parse("/queue?after=41?x").unwrap();
        assert_eq!((target.path(), target.query()), ("/queue", Some("after=41?x")));
        assert_eq!(target.query_component(), "?after=41?x");
        let bare = Target::parse("/queue?").unwrap();
        assert_eq!((bare.query(), bare.query_component()), (Some(""), "?"));
        let none = Target::parse("/queue").unwrap();
        assert_eq!((none.query(), none.query_component()), (None, "?"));
    }

    #[test]
    fn a_target_with_two_readings_is_refused() {
        for raw in [
            "", "*", "queue", "http://host/queue", "//queue", "/a//b", "/a/./b", "/a/../b", "/..", "/a/.", "/a%2fb",
            "/%61", "/a b", "/a#b", "/a\n", "/é", "?x",
        ] {
            let refusal = Target::parse(raw).unwrap_err();
            assert_eq!(refusal.status(), 400, "{raw}");
        }
        for raw in ["/", "/...", "/a.b/..c", "/queue?x=%2F..//./"] {
            assert!(Target::parse(raw).is_ok(), "{raw}");
        }
    }
}
