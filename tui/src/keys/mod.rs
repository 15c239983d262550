//! Keys and what they mean. One table holds every key; help, key bar, line console and remapping are all made from it.

mod chord;
mod map;
mod table;

pub use chord::{Chord, ChordError, Code};
pub use map::{KeyMap, KeyMapError};
pub use table::{Act, Context, KeyRow, TABLE, VIEWS};
