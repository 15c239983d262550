//! One argument of a command: fixed text and places for parameters. Nothing is ever split or parsed again.

/// A parsed argument template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// In order.
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
