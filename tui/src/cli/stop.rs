//! Why the program ends before its work is done: the words, and the exit code.

use ccc_client::CallError;
use ccc_protocol::exit;

/// Why the program ends before its work is done.
#[derive(Debug)]
pub(crate) struct Stop {
    /// What a person reads; nothing is printed where it is empty.
    pub(crate) words: String,
    /// The code to exit with.
    pub(crate) code: u8,
}

impl Stop {
    /// The command was called wrongly, or what it names is no use.
    pub(crate) fn usage(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: exit::USAGE }
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self { code: error.exit_code(), words: error.to_string() }
    }
}
