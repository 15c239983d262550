//! Coding agents ask a hook before each tool call. This crate turns that
//! question into a signed action and the decision into the one form that the
//! asking host obeys. Whatever fails on the way ends in the blocking form.

pub mod canary;
pub mod cli;
pub mod codex_trust;
pub mod config;
pub mod confine;
pub mod connection;
pub mod declared;
pub mod decoy;
pub mod doctor;
pub mod entries;
pub mod fence;
pub mod footing;
pub mod hook_line;
pub mod input;
pub mod install;
pub mod judge;
pub mod last_resort;
pub mod prove;
pub mod registry;
pub mod run;
pub mod seen;
pub mod session;
pub mod setup;
pub mod status;
pub mod uninstall;
pub mod voice;
