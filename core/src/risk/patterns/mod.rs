//! Known patterns of attack in the text of a call: the third dimension.

/// A pattern that a call's text fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The pattern's name.
    pub id: String,
    /// How much it counts, 1 to 3.
    pub weight: u8,
    /// Why, in words.
    pub reason: String,
}
