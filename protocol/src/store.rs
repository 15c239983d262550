//! The server's database as others find it: what it is called and which form its tables have. The server writes it, and
//! `ccc-audit` reads it beside the server and without one.

/// The database's file name within the data directory.
pub const DATABASE: &str = "ccc.db";

/// The newest form of the tables that this version knows, as `PRAGMA user_version` has it. Forms count from 1.
pub const SCHEMA: i64 = 2;
