//! Paths by their text alone: made absolute, `.` and `..` taken out, and where they lie.

use ccc_protocol::beneath::lies_beneath;

use super::{Access, Place};

/// `text` seen from `base`: absolute, or from `~` where the home directory is not known. `None` where a file-name pattern may
/// stand for `..`.
pub(super) fn resolve(base: &str, text: &str, home: Option<&str>) -> Option<String> {
    let text = text.strip_prefix("file://").unwrap_or(text);
    let full = if let Some(rest) = text.strip_prefix('~') {
        from_home(rest, home)
    } else if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("{base}/{text}")
    };
    normalise(&full)
}

fn from_home(rest: &str, home: Option<&str>) -> String {
    match (rest.split_once('/').unwrap_or((rest, "")), home) {
        (("", path), Some(home)) => format!("{home}/{path}"),
        (("", path), None) => format!("~/{path}"),
        (("root", path), _) => format!("/root/{path}"),
        ((user, path), _) => format!("/home/{user}/{path}"),
    }
}

/// Takes `.`, `..` and empty components out; `..` at the top stays at the top.
fn normalise(path: &str) -> Option<String> {
    let (top, rest) = match path.strip_prefix("~/") {
        Some(rest) => ("~", rest),
        None => ("", path),
    };
    let mut kept: Vec<&str> = Vec::new();
    for component in rest.split('/') {
        match component {
            "" | "." => {}
            // One step above `~` is a directory of unknown name.
            ".." if kept.is_empty() && top == "~" => return None,
            // A link of the kernel leads elsewhere, and so does the step back from there.
            ".." if through_kernel_link(&kept) => return None,
            // `**` may stand for no directory at all.
            ".." if kept.last() == Some(&"**") => return None,
            ".." => drop(kept.pop()),
            pattern if may_be_parent(pattern) => return None,
            name => kept.push(name),
        }
    }
    let joined = kept.join("/");
    Some(if top.is_empty() || !joined.is_empty() { format!("{top}/{joined}") } else { top.to_owned() })
}

/// True for patterns such as `.*` and `.?`, which some shells fill in with `..`.
fn may_be_parent(component: &str) -> bool {
    component.len() <= 8 && component.starts_with(['.', '?', '[']) && component != "[" && {
        let mut rest = component.chars().filter(|c| !matches!(c, '.' | '*' | '?' | '[' | ']'));
        rest.next().is_none() && component.contains(['*', '?', '['])
    }
}

/// The home directory that a working directory shows: `/home/NAME`, `/Users/NAME`, `/root`.
pub(super) fn home_of(cwd: &str) -> Option<String> {
    let mut parts = cwd.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("root"), _) => Some("/root".to_owned()),
        (Some(top @ ("home" | "Users")), Some(name)) if !name.is_empty() => Some(format!("/{top}/{name}")),
        _ => None,
    }
}

/// True for a directory that is no project: the top, a home, or one that holds a system or all homes.
pub(super) fn is_too_wide(directory: &str) -> bool {
    let depth = directory.split('/').filter(|part| !part.is_empty()).count();
    let is_home = home_of(directory).is_some_and(|home| home == directory);
    depth == 0 || is_home || depth == 1 && SYSTEM.contains(&directory) || directory.starts_with('~') && depth == 1
}

/// True for `~`, a home directory and what holds it: everything a user has lies beneath.
pub(super) fn holds_a_home(path: &str) -> bool {
    let path = path.trim_end_matches("/**").trim_end_matches("/*");
    matches!(path, "" | "/" | "~" | "/home" | "/Users" | "/root" | "/etc")
        || home_of(path).is_some_and(|home| home == path)
}

/// Where `path` lies for a project at `project`.
pub(super) fn place(path: &str, project: Option<&str>) -> Place {
    if let Some(project) = project {
        if path == project {
            return Place::ProjectRoot;
        }
        if lies_beneath(path, project) {
            return Place::Project;
        }
    }
    let temporary = TEMPORARY.iter().any(|directory| path != *directory && lies_beneath(path, directory));
    if temporary { Place::Temporary } else { Place::Outside }
}

/// True for what lies in a directory of `/tmp`, of which the name is known and not one that others use there: an agent's own.
pub(super) fn is_own_temporary(path: &str) -> bool {
    let rest = TEMPORARY.iter().find_map(|directory| path.strip_prefix(directory)?.strip_prefix('/'));
    let Some((directory, name)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
    !name.is_empty()
        && !directory.starts_with('.')
        && !directory.contains(['*', '?', '['])
        && !OF_OTHERS.iter().any(|start| directory.starts_with(start))
}

/// Directories of other programs in `/tmp`, by the beginnings of their names.
const OF_OTHERS: &[&str] = &[
    "ssh-", "systemd-", "snap", "tmux-", "screen", "uscreens", "pulse-", "dbus-", "runtime-", "user", "gpg-",
    "keyring-", "hsperfdata", "com.apple.", "vmware-", "mysql", "docker",
];

/// True in `/dev/fd`, `/dev/stdin` and a process of `/proc`, whose entries are links that only the running kernel knows.
fn through_kernel_link(kept: &[&str]) -> bool {
    match kept {
        ["dev", "fd" | "stdin" | "stdout" | "stderr", ..] => true,
        ["proc", process, ..] => {
            *process == "self"
                || *process == "thread-self"
                || process.contains(|c: char| c.is_ascii_digit() || "*?[".contains(c))
        }
        _ => false,
    }
}

/// Devices that hold nothing and keep nothing, for whoever reads or writes them. Running, removing or giving one away is another matter.
pub(super) fn is_void(path: &str, access: Access) -> bool {
    match access {
        Access::Read => {
            matches!(path, "/dev/null" | "/dev/stdin" | "/dev/tty" | "/dev/zero" | "/dev/random" | "/dev/urandom")
                || path.strip_prefix("/dev/fd/").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
        }
        Access::Write => {
            matches!(path, "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/fd/1" | "/dev/fd/2")
        }
        Access::Delete | Access::Execute => false,
    }
}

/// A descriptor of the running program: what is read from it as code, or written to it, is not in the call.
pub(super) fn is_descriptor(path: &str) -> bool {
    matches!(path, "/dev/stdin" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/fd")
        || path.starts_with("/dev/fd/")
}

const TEMPORARY: &[&str] = &["/tmp", "/var/tmp", "/private/tmp"];

const SYSTEM: &[&str] = &[
    "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/private", "/proc", "/root",
    "/run", "/sbin", "/sys", "/tmp", "/usr", "/var", "/Users", "/System", "/Library", "/Applications", "/Volumes",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_taken_out_by_text_alone() {
        for (text, expected) in [
            ("a/./b//c", "/p/a/b/c"),
            ("../x", "/x"),
            ("../../../x", "/x"),
            ("/a/../b/", "/b"),
            (".", "/p"),
            ("~/x", "/home/me/x"),
            ("~", "/home/me"),
            ("~you/x", "/home/you/x"),
            ("*.rs", "/p/*.rs"),
            (".git/x", "/p/.git/x"),
        ] {
            assert_eq!(resolve("/p", text, Some("/home/me")).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(resolve("/p", "~/a/../b", None).as_deref(), Some("~/b"));
    }

    #[test]
    fn a_pattern_that_may_be_the_parent_is_unknown() {
        for text in [".*", ".?", "a/.*/b", ".[.]", "??", "[.][.]", "~/../x"] {
            let home = if text.starts_with('~') { None } else { Some("/home/me") };
            assert_eq!(resolve("/p", text, home), None, "{text}");
        }
    }

    #[test]
    fn a_project_ends_at_its_name() {
        assert_eq!(place("/p/x", Some("/p")), Place::Project);
        assert_eq!(place("/p", Some("/p")), Place::ProjectRoot);
        assert_eq!(place("/pq", Some("/p")), Place::Outside);
        assert_eq!(place("/tmp/x", Some("/p")), Place::Temporary);
        assert_eq!(place("/tmp", Some("/p")), Place::Outside);
    }

    #[test]
    fn homes_and_system_directories_are_no_projects() {
        for directory in ["/", "/home", "/home/me", "/root", "/etc", "~", "/Users/me"] {
            assert!(is_too_wide(directory), "{directory}");
        }
        for directory in ["/home/me/p", "/srv/p", "/workspace", "/root/p"] {
            assert!(!is_too_wide(directory), "{directory}");
        }
    }
}
