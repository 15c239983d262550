//! Text on its way to a screen: made visible, measured, wrapped.
//!
//! INVARIANT: a [`Visible`] holds no character that a terminal obeys or hides. Whatever somebody else wrote becomes one
//! through [`Untrusted`] alone, and nothing but a [`Visible`] is ever painted, printed or put into a title.

pub mod json;
mod reveal;
mod row;
mod visible;
mod wrap;

pub use reveal::{Untrusted, is_seen};
pub use row::{Piece, Row, Tone};
pub use visible::Visible;
pub use wrap::wrap;
