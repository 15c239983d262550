//! The console itself, without a terminal and without a server: a [`message::Message`] goes in, [`message::Command`]s come out, and
//! [`model::Model`] is all that it knows in between.

pub mod armed;
pub mod burst;
pub mod message;
pub mod model;
pub mod update;
