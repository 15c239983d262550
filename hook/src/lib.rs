//! Coding agents ask a hook before each tool call. This crate turns that
//! question into a signed action and the decision into the one form that the
//! asking host obeys. Whatever fails on the way ends in the blocking form.

pub mod config;
pub mod declared;
pub mod event;
pub mod host;
pub mod input;
pub mod jsontext;
pub mod judge;
pub mod last_resort;
pub mod tool;
pub mod translate;
pub mod verdict;
pub mod voice;
