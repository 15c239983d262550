//! Keys and what they mean. One table holds every key; help, key bar, line console and remapping are all made from it.

mod chord;
mod context;
mod map;
mod table;

pub use chord::{Chord, ChordError, Code};
pub use context::{Context, View};
pub use map::{KeyMap, KeyMapError};
pub use table::{Act, KeyRow, TABLE};
