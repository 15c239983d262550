//! How the console meets a person: on a screen of cells, or line by line.

pub mod clipboard;
mod clock;
pub mod decode;
mod lines;
pub mod notify;
pub(crate) mod plain;
pub mod screen;
pub mod terminal;

/// How the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The person left it.
    Left,
    /// The person left it, and the server is to run on.
    LeftRunning,
    /// A signal asked for it.
    Signal(i32),
}
