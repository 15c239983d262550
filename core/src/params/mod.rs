//! Parameters of a request: given as JSON, checked against their declaration, each its own type.
//!
//! Two pure steps with the server between them: [`draft`] checks everything that text tells and asks which paths to
//! resolve; [`Draft::resolve`] takes the answers and gives [`Args`].

mod check;
mod draft;
mod drafting;
pub mod email;
pub mod given;
pub mod url;
pub mod value;
pub mod wanted;

pub use draft::{Draft, draft};
pub use drafting::PathQuestion;
pub use value::{Arg, Args, Beneath, LexicalPath, ResolvedPath, UrlArg};

#[cfg(test)]
mod tests;
