//! One argument of a command: fixed text and places for parameters. Nothing is ever split or parsed again.

use std::fmt;

use ccc_protocol::visible;

/// One argument as the declaration writes it: what parameters are put in is never read as a template again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Fixed text and places in turn; two texts never stand side by side.
    pub parts: Vec<Part>,
    /// True where any place is written `{name?}`: the whole argument is dropped when that parameter was not given.
    pub optional: bool,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Fixed text.
    Text(String),
    /// The value of a parameter.
    Place(String),
}

/// Text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{template}` {fault}")]
pub struct TemplateError {
    template: String,
    fault: &'static str,
}

const UNCLOSED: &str = "opens a `{` that nothing closes: write `{name}`, or `{{` for the character itself";
const UNOPENED: &str = "closes a `}` that nothing opened: write `}}` for the character itself";
const NO_NAME: &str =
    "has a place without a parameter's name: write `{name}` or `{name?}`, or `{{` for the character itself";
const NUL: &str = "holds a NUL character, which no argument can carry";

impl Template {
    /// Reads `{name}`, `{name?}` and fixed text; `{{` and `}}` stand for the characters themselves.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let fault = |fault| TemplateError { template: visible::escaped(text), fault };
        if text.contains('\0') {
            return Err(fault(NUL));
        }
        let mut template = Self { parts: vec![], optional: false };
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, found) = rest.split_at(at);
            template.push_text(before);
            rest = template.read_brace(found).map_err(fault)?;
        }
        template.push_text(rest);
        Ok(template)
    }

    /// The parameters it has places for, in order.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Place(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text, where it has no places.
    #[must_use]
    pub fn fixed(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The parameter, where the whole argument is one place.
    #[must_use]
    pub fn alone(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Place(name)] => Some(name),
            _ => None,
        }
    }

    /// Reads what starts with a brace and gives what is behind it.
    fn read_brace<'a>(&mut self, found: &'a str) -> Result<&'a str, &'static str> {
        for (doubled, single) in [("{{", "{"), ("}}", "}")] {
            if let Some(rest) = found.strip_prefix(doubled) {
                self.push_text(single);
                return Ok(rest);
            }
        }
        let inner = found.strip_prefix('{').ok_or(UNOPENED)?;
        let (place, rest) = inner.split_once('}').ok_or(UNCLOSED)?;
        let name = place.strip_suffix('?').unwrap_or(place);
        if !is_param_name(name) {
            return Err(NO_NAME);
        }
        self.optional |= name != place;
        self.parts.push(Part::Place(name.to_owned()));
        Ok(rest)
    }

    fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }
}

/// As written, up to where the `?` stands: what digests of declarations are made from.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let question = if self.optional { "?" } else { "" };
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::Place(name) => write!(f, "{{{name}{question}}}")?,
            }
        }
        Ok(())
    }
}

/// True for a name that a parameter can have: 1 to 64 of `a-z 0-9 _ -`, starting with a letter.
#[must_use]
pub fn is_param_name(name: &str) -> bool {
    matches!(name.len(), 1..=64)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn place(name: &str) -> Part {
        Part::Place(name.to_owned())
    }

    #[test]
    fn places_and_fixed_text_are_told_apart() {
        let cases: [(&str, Vec<Part>, bool); 8] = [
            ("", vec![], false),
            ("test", vec![text("test")], false),
            ("{path}", vec![place("path")], false),
            ("{filter?}", vec![place("filter")], true),
            ("{path}/Cargo.toml", vec![place("path"), text("/Cargo.toml")], false),
            ("--a={a}:{b?}", vec![text("--a="), place("a"), text(":"), place("b")], true),
            ("{{{a}}}", vec![text("{"), place("a"), text("}")], false),
            ("%s $HOME `x` {{}}", vec![text("%s $HOME `x` {}")], false),
        ];
        for (written, parts, optional) in cases {
            assert_eq!(Template::parse(written), Ok(Template { parts, optional }), "{written}");
        }
    }

    #[test]
    fn a_stray_brace_is_an_error_that_says_what_to_write() {
        for (bad, hint) in [
            ("{", "`{{`"),
            ("a{b", "`{name}`"),
            ("}", "`}}`"),
            ("{}", "`{name?}`"),
            ("{a b}", "`{name}`"),
            ("{?}", "`{name?}`"),
        ] {
            let error = Template::parse(bad).unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")) && error.contains(hint), "{error}");
        }
        assert!(Template::parse("a\0").is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader_and_what_was_read_is_written_back(written in "[{}?a-c/ -]{0,12}") {
            if let Ok(template) = Template::parse(&written) {
                prop_assert_eq!(Template::parse(&template.to_string()), Ok(template));
            }
        }
    }
}
