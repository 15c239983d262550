//! The console: what waits, what it would do, and a person's answer.
//!
//! Elm's shape by hand. [`message::Message`]s go in, [`message::Command`]s come out, [`update::update`] is pure, [`view::view`]
//! draws from the [`model::Model`] alone, and one module owns the connection. What may decide, and when, is [`armed`]'s alone.

pub mod args;
pub mod armed;
mod commands;
pub mod config;
mod connect;
pub mod document;
pub mod edit;
pub mod keys;
mod link;
mod local;
pub mod message;
pub mod model;
pub mod notify;
pub mod now;
pub mod paint;
mod plain;
mod program;
pub mod scope;
mod screen;
pub mod span;
pub mod summary;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;

pub use program::run;
