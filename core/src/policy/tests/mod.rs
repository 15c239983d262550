//! Promises of policy, each shown on a small world built from the same texts that a config has.

mod confine;
mod lints;
mod model;
mod rules;
mod tool_calls;
mod world;
