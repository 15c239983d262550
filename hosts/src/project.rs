//! Where the project of a call begins: an agent that goes into a directory of
//! its project is still in it, and most hosts say so beside `cwd`.
//!
//! Like `cwd` it is the host's word, told to the bridge and shown to whoever
//! decides; the agent's own commands do not set the host's environment.

use std::env;
use std::path::Path;

use ccc_protocol::beneath::{beneath, lies_beneath};

use crate::host::{Host, Named};

/// The project that the host names beside the document.
#[must_use]
pub fn named(host: Host) -> Option<String> {
    match host.profile().project {
        Named::Variable(name) => env::var(name).ok(),
        Named::HooksDirectory => env::current_dir().ok()?.to_str().map(ToOwned::to_owned),
        Named::Nowhere => None,
    }
}

/// True where a call runs outside of the project in a directory that its agent chose: its text does not say so, and rules about a
/// project would be held to that directory. Where a link leads counts.
#[must_use]
pub fn is_elsewhere(host: Host, cwd: &str) -> bool {
    let is_within = |project: &str| match Path::new(cwd).canonicalize() {
        Ok(real) => real.starts_with(project),
        Err(_) => lies_beneath(cwd, project),
    };
    host.profile().project == Named::HooksDirectory && !named(host).is_some_and(|project| is_within(&project))
}

/// `project`, where `cwd` lies beneath it. Anything else says nothing about
/// this call, and the directory itself says nothing new.
#[must_use]
pub fn around<'a>(project: &'a str, cwd: &str) -> Option<&'a str> {
    let project = project.trim_end_matches('/');
    let is_around = project.starts_with('/') && beneath(cwd, project).is_some_and(|names| !names.is_empty());
    is_around.then_some(project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_holds_the_working_directory_and_is_another() {
        assert_eq!(around("/home/dev/app/", "/home/dev/app/src/x"), Some("/home/dev/app"));
        for (project, cwd) in [
            ("/home/dev/app", "/home/dev/app"),
            ("/home/dev/app", "/home/dev/app/"),
            ("/home/dev/app", "/home/dev/apple"),
            ("/home/dev/app", "/home/dev"),
            ("dev", "dev/app"),
            ("", "/home/dev/app"),
            ("/", "/home/dev/app"),
        ] {
            assert_eq!(around(project, cwd), None, "{project} {cwd}");
        }
    }
}
