//! How far a program can be confined on this machine.

use std::fmt;

/// How a program is confined. Ordered: more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Landlock and seccomp alone, where namespaces are refused.
    Files,
    /// Namespaces and a root built of what is given, with Landlock and seccomp on top.
    Full,
}

impl Level {
    /// The word for it in records, output and config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Full => "full",
        }
    }

    /// The level of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Files, Self::Full].into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What trying it showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The best that can be had here; nothing where it is `None`.
    pub level: Option<Level>,
    /// Why `full` cannot be had, where it cannot.
    pub full: Option<String>,
    /// Why `files` cannot be had, where it cannot.
    pub files: Option<String>,
    /// What `files` does not stop on this kernel, in words.
    pub lacks: Vec<String>,
}

impl Probe {
    /// Nothing can be had, for one reason.
    pub fn none(reason: &str) -> Self {
        Self { level: None, full: Some(reason.to_owned()), files: Some(reason.to_owned()), lacks: Vec::new() }
    }

    /// As one line of JSON: `level` is `full`, `files` or `none`; `full` and `files` are null or the reason against them.
    pub fn json(&self) -> String {
        let lacks: Vec<String> = self.lacks.iter().map(|lack| quoted(lack)).collect();
        format!(
            r#"{{"level":"{}","full":{},"files":{},"lacks":[{}]}}"#,
            self.level.map_or("none", Level::name),
            reason(self.full.as_deref()),
            reason(self.files.as_deref()),
            lacks.join(",")
        )
    }
}

fn reason(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), quoted)
}

/// A JSON string (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_cannot_leave_its_string() {
        let probe = Probe::none("a \"b\" \\ \n");
        assert_eq!(
            probe.json(),
            r#"{"level":"none","full":"a \"b\" \\ \u000a","files":"a \"b\" \\ \u000a","lacks":[]}"#
        );
    }

    #[test]
    fn more_is_greater() {
        assert!(Level::Full > Level::Files);
        assert_eq!(Level::named("full"), Some(Level::Full));
        assert_eq!(Level::named("none"), None);
    }
}
