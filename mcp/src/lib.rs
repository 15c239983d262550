//! `ccc-mcp`: policy and people between an MCP client and an MCP server, and the bridge's own actions as MCP tools.
//!
//! [`proxy`] stands between the two; who decides is behind [`judge`]. What crosses is read by [`frame`] and [`message`], with
//! [`id`]s kept apart by direction; [`definition`] is what a server says of its tools, [`results`] what may come back from them, and
//! [`answer`] what this program says itself.

pub mod answer;
pub mod definition;
pub mod frame;
pub mod id;
pub mod judge;
pub mod message;
pub mod proxy;
pub mod results;
