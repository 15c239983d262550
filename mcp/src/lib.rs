//! `ccc-mcp`: policy and people between an MCP client and an MCP server, and the bridge's own actions as MCP tools.
//!
//! [`proxy`] stands between the two; who decides is behind [`judge`], which the [`bridge`] is. What crosses is read by [`frame`] and [`message`], with
//! [`id`]s kept apart by direction; [`definition`] is what a server says of its tools, [`results`] what may come back from them, and
//! [`answer`] what this program says itself.

pub mod answer;
pub mod args;
pub mod bridge;
pub mod config;
pub mod definition;
pub mod frame;
mod http;
pub mod id;

pub mod judge;
mod log;
pub mod message;
mod method;
mod patience;
pub mod proxy;
pub mod results;
pub mod serve;
mod token;

#[cfg(test)]
#[path = "../../client/tests/signed/mod.rs"]
mod signed;
