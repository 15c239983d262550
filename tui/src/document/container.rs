//! How the agent's container is started.

use crate::text::{Row, Tone, Visible, wrap};

/// How an agent reaches this bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Options of `docker run`.
    pub options: Visible,
    /// A line of this machine's shell that asks as the agent does.
    pub from_here: Visible,
}

/// Both, wrapped to so many cells.
#[must_use]
pub fn container(container: &Container, width: usize) -> Vec<Row> {
    let lines = |text: &Visible| wrap(text, width).into_iter().map(|line| Row::new().with(Tone::Strong, line));
    let between = [Row::new(), Row::new().with(Tone::Plain, "or try it from a shell here:")];
    let last = [Row::new(), Row::new().with(Tone::Dim, "`:container` shows this again; it is printed at the end, too")];
    lines(&container.options).chain(between).chain(lines(&container.from_here)).chain(last).collect()
}
