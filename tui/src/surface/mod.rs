//! How the console meets a person: on a screen of cells, or line by line.

pub mod notify;
pub(crate) mod plain;
pub(crate) mod screen;
pub mod terminal;
