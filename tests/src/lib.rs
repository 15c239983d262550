//! What the tests share: the reference model beside the real desk, and harnesses that start real bridges and drive real binaries.

pub mod bridge;
pub mod claude;
pub mod dice;
pub mod fuzz;
pub mod kills;
pub mod load;
pub mod mail_server;
pub mod mcp;
pub mod recording;
pub mod simulate;
pub mod site;
pub mod stepped_clock;
pub mod story;
pub mod wire;
