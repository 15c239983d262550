//! Whether what is on screen is true now.

/// How the link stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Connection {
    /// The first try is under way.
    #[default]
    Connecting,
    /// Hints arrive; the list is up to date.
    Live,
    /// No answer; what is shown may be old.
    Lost {
        /// Why, in words.
        why: String,
        /// Since when, on the program's clock in milliseconds.
        since_millis: u64,
        /// When the next try is made, likewise.
        retry_at_millis: u64,
        /// True where the bridge is there and refuses.
        refused: bool,
    },
}

/// A bridge that said nothing for so long is told of: it sends a sign of life every two seconds.
pub const QUIET_MILLIS: u64 = 5000;

impl Connection {
    /// True where the bridge does not answer.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }
}
