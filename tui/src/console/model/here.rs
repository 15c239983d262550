//! What a console that came with `--local` knows of its own machine: directory, files, whose server it is, which agents there are.

use crate::{document::Container, text::Visible};

/// This machine, as far as the console set it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// The directory that the console was started in.
    pub directory: Visible,
    /// The server's config.
    pub config: Visible,
    /// What the server said, as a file.
    pub log: Visible,
    /// Whose server answers.
    pub server: Whose,
    /// How an agent's container is started.
    pub container: Container,
}

/// Whose server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// This console's: it works on this console's directory and ends with it, unless it is let run on.
    Ours,
    /// One that was running already.
    Joined {
        /// Which process it is, where that is known.
        process: Option<u32>,
        /// The directory that it gives to agents, where that is known.
        directory: Option<Visible>,
        /// The name under which this directory could be given to agents too; none where they have it already.
        offers: Option<Visible>,
    },
}

impl Here {
    /// True where the server ends with this console.
    #[must_use]
    pub fn ends_with_us(&self) -> bool {
        self.server == Whose::Ours
    }
}

/// What an install of the hook would do for one coding agent, or has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The agent's name, for `ccc-hook --agent`.
    pub agent: String,
    /// What its vendor calls it.
    pub title: Visible,
    /// Its settings file.
    pub settings: Visible,
    /// The settings as they are.
    pub before: String,
    /// The settings as they would be.
    pub after: String,
    /// True where settings and the hook's own config are as they should be.
    pub in_place: bool,
}
