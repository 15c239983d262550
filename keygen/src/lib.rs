//! Makes secrets and the files that hold them: for `ccc-keygen`, and for the
//! console's first start.

mod file;
mod users;

pub use file::{FileError, write_private};
pub use users::{KeygenError, Pair, create, filter, random_secret, rotate};
