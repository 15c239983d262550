//! The time, as an argument.

use ccc_protocol::Timestamp;

/// One moment, on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds since the program started; never goes back. What arms and re-arms is measured on this one.
    pub millis: u64,
    /// The time of day. What is shown as an age or a countdown is measured on this one.
    pub wall: Timestamp,
}
