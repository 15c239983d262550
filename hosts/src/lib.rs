//! The coding agents on a machine: what each is called, where its settings lie, how its hook documents read and how it is answered,
//! and how its settings are edited without touching anything else in them.
//!
//! A host is one file in `host/` and one row in `host/mod.rs`. Everything particular to it stands in its [`host::Profile`]; no other
//! code asks which host it is.

pub mod answer;
pub mod event;
pub mod files;
pub mod host;
pub mod jsontext;
pub mod manifest;
pub mod mcp_servers;
pub mod output;
pub mod project;
pub mod settings;
pub mod tool;
pub mod translate;
pub mod undo;
pub mod version;
