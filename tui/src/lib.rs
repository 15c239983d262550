//! The console: what waits, what it would do, and a person's answer.
//!
//! Elm's shape by hand. [`console::message::Message`]s go in, [`console::message::Command`]s come out, [`console::update::update`] is
//! pure, [`view::view`] draws from the [`console::model::Model`] alone, and one module owns the connection. What may decide, and
//! when, is [`console::armed`]'s alone.

pub mod cli;
mod commands;
pub mod config;
pub mod console;
pub mod document;
pub mod keys;
mod link;
mod local;
mod program;
pub mod rules;
pub mod surface;
pub mod text;
pub mod view;
pub mod wording;

pub use program::run;
