//! What the text of a call shows before anybody decides: read with its facts, away from the thread that serves everybody.

use super::patterns::Matched;

/// The signs in a call's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextSigns {
    /// The patterns that it fits.
    pub matched: Vec<Matched>,
    /// Where a marked value stands in it that nobody should have read, in words.
    pub canary: Option<String>,
}
