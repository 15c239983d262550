//! What a coding agent's tool call does, read from the call: the shell reader and the facts derived from it.
//!
//! Pure, like the core: it looks at no file, clock or environment (`clippy.toml` beside this crate forbids the calls), so that the same
//! call always reads the same. Of the house it uses the types of facts and verdicts in `protocol::bodies` and nothing else.

pub mod facts;
pub mod programs;
pub mod shell;
pub mod verdict;
