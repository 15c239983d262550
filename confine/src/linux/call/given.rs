//! What a call is given: its project to write, the system and the person's toolchains to read, a home directory of its own.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use super::{own::Own, shell::Shell};
use crate::{Call, Level, Limits, Network, Record, environment, system};

/// What of the home directory holds programs, libraries and downloaded sources, and no login. Read by name, so that a file of
/// secrets beside them is not given.
const TOOLCHAINS: &[&str] = &[
    ".cargo/bin", ".cargo/registry", ".cargo/git", ".cargo/config.toml", ".cargo/config", ".cargo/env", ".rustup",
    "go/bin", "go/pkg/mod", ".local/bin", ".local/lib", ".local/share/uv/python", ".local/share/uv/tools",
    ".local/share/mise/installs", ".local/share/pnpm", ".nvm/versions", ".nvm/alias", ".volta/bin", ".volta/tools",
    ".asdf/shims", ".asdf/installs", ".pyenv/shims", ".pyenv/versions", ".pyenv/bin", ".pyenv/libexec", ".rbenv/shims",
    ".rbenv/versions", ".gem/ruby", ".bun/bin", ".bun/install", ".deno/bin", ".sdkman/candidates", ".jdks",
    ".m2/repository", ".m2/wrapper", ".gradle/caches", ".gradle/wrapper", ".gradle/jdks", ".ghcup/bin", ".ghcup/ghc",
    ".config/git/ignore", ".config/git/attributes", ".opam", ".juliaup", ".dotnet", ".nuget/packages",
];
/// What lies beside a directory of programs where it is an installation.
const BESIDE_PROGRAMS: &[&str] = &["lib", "lib64", "libexec", "share", "include", "pyvenv.cfg", "conda-meta", "etc"];
/// Variables that say how programs of a toolchain work, beside the usual ones.
const PASSED: &[&str] = &[
    "CI", "COLUMNS", "LINES", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PAGER", "GIT_PAGER", "GIT_EDITOR",
    "EDITOR", "CLAUDECODE", "AI_AGENT", "CC", "CXX", "AR", "LD", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS",
    "MAKEFLAGS", "VIRTUAL_ENV", "CONDA_PREFIX", "JAVA_HOME", "GOROOT", "GOPATH", "GOFLAGS", "NODE_ENV", "NODE_PATH",
    "NVM_DIR", "DEBUG",
];
const PASSED_PREFIXES: &[&str] = &["CARGO_", "RUST", "PYTHON", "PYTEST_", "npm_config_", "CMAKE_", "PKG_CONFIG_"];
/// Directories of an installation that a variable names.
const INSTALLATIONS: &[&str] = &["JAVA_HOME", "GOROOT", "VIRTUAL_ENV", "CONDA_PREFIX"];
const TEMPORARY: &str = "/tmp";
const CACHE: &str = ".cache";
/// What holds what belongs to many.
const TOO_WIDE: &[&str] = &[
    "/", "/home", "/root", "/tmp", "/var", "/var/tmp", "/srv", "/mnt", "/media", "/run", "/boot", "/proc", "/sys",
    "/dev",
];

/// More processes than a build starts, and fewer than stop a machine.
const PROCESSES_MAX: u64 = 8192;
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
const SCRATCH_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

pub(crate) fn record(
    call: &Call,
    directory: &Path,
    home: &Path,
    state: &Path,
    own: &Own,
    kept: Vec<PathBuf>,
    shell: Shell,
) -> Record {
    let cache = home.join(CACHE);
    Record {
        args: shell.args,
        directory: directory.to_owned(),
        set: variables(home, &cache),
        pass: passed(),
        read: read(call, directory, home, &shell.program, shell.snapshot),
        write: vec![call.project.clone()],
        mapped: vec![(cache, own.caches())],
        scratch: vec![home.to_owned(), PathBuf::from(TEMPORARY)],
        read_only: kept,
        never: never(call, home, state),
        network: if call.is_background { Network::BindOnly } else { Network::Private },
        limits: limits(&call.limits),
        ..Record::new(Level::Full, shell.program)
    }
}

/// What the hook says, else the launcher's own; 0 is no limit.
fn limits(said: &Limits) -> Limits {
    let or = |said: Option<u64>, own: Option<u64>| said.or(own).filter(|limit| *limit > 0);
    Limits {
        processes_max: or(said.processes_max, Some(PROCESSES_MAX)),
        memory_bytes_max: or(said.memory_bytes_max, None),
        file_bytes_max: or(said.file_bytes_max, Some(FILE_BYTES_MAX)),
        scratch_bytes_max: or(said.scratch_bytes_max, Some(SCRATCH_BYTES_MAX)),
        ..Limits::default()
    }
}

fn variables(home: &Path, cache: &Path) -> Vec<(OsString, OsString)> {
    let in_cache = |name: &str| cache.join(name).into_os_string();
    let mut set: Vec<(OsString, OsString)> = vec![
        ("HOME".into(), home.into()),
        ("TMPDIR".into(), TEMPORARY.into()),
        ("npm_config_cache".into(), in_cache("npm")),
        ("GRADLE_USER_HOME".into(), in_cache("gradle")),
        // There is no network to wait for: what wants it fails at once, and not after a minute of trying.
        ("npm_config_fetch_retries".into(), "0".into()),
        ("CARGO_NET_RETRY".into(), "0".into()),
        ("PIP_RETRIES".into(), "0".into()),
    ];
    let of_gradle = home.join(".gradle/caches");
    set.extend(of_gradle.is_dir().then(|| ("GRADLE_RO_DEP_CACHE".into(), of_gradle.into_os_string())));
    set
}

/// The names of variables that are there and may be passed on; the launcher leaves out those that lead to keys or sockets.
fn passed() -> Vec<OsString> {
    let is_wanted = |name: &OsString| {
        name.to_str().is_some_and(|name| {
            environment::USUAL.contains(&name)
                || PASSED.contains(&name)
                || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        })
    };
    std::env::vars_os().map(|(name, _)| name).filter(is_wanted).collect()
}

fn read(call: &Call, directory: &Path, home: &Path, shell: &Path, snapshot: Option<PathBuf>) -> Vec<PathBuf> {
    let mut read = system::places();
    read.extend(TOOLCHAINS.iter().map(|place| home.join(place)));
    read.extend(installations());
    for programs in directories_of_programs(directory) {
        let beside =
            programs.parent().filter(|outer| outer.join("lib").is_dir() && *outer != home && outer.parent().is_some());
        read.extend(beside.into_iter().flat_map(|outer| BESIDE_PROGRAMS.iter().map(|name| outer.join(name))));
        read.push(programs);
    }
    read.push(shell.to_owned());
    // Where Claude Code keeps what its tasks in the background print.
    read.push(PathBuf::from(format!("/tmp/claude-{}", rustix::process::geteuid().as_raw())));
    read.extend(snapshot);
    // What leads through a link is given where it really lies, or not at all; a whole home directory never is.
    read.retain(|path| {
        let is_system = !path.starts_with(home) && system::places().contains(path);
        let real = fs::canonicalize(path).ok();
        // Calls have a cache of their own in the place of the person's: nothing of theirs is beneath it.
        let is_placed = !path.starts_with(&call.project) && !path.starts_with(home.join(CACHE));
        is_system || real.as_deref() == Some(path) && !home.starts_with(path) && is_placed
    });
    read
}

fn installations() -> impl Iterator<Item = PathBuf> {
    INSTALLATIONS.iter().filter_map(std::env::var_os).map(PathBuf::from).filter(|path| path.join("bin").is_dir())
}

/// Where the shell finds programs from this directory. An empty entry of `PATH` is the directory itself.
pub(crate) fn directories_of_programs(directory: &Path) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|path| directory.join(path).components().collect()).collect()
}

/// The bridge's and the hook's own places, and what calls keep.
fn never(call: &Call, home: &Path, state: &Path) -> Vec<PathBuf> {
    let usual = [home.join(".config/ccc"), home.join(".local/share/ccc"), "/etc/ccc".into(), "/run/ccc".into()];
    let usual = usual.into_iter().filter(|path| path.exists());
    let own = [state.join("calls")];
    call.never.iter().cloned().chain(usual).chain(own).chain(system::private_places()).collect()
}

/// Whether a directory may be a project: one that holds the home directory is none, nor is one of the launcher's own.
pub(crate) fn is_project(project: &Path, home: &Path, state: &Path) -> bool {
    let is_real = fs::canonicalize(project).is_ok_and(|real| real == project) && project.is_dir();
    let too_wide = home.starts_with(project) || TOO_WIDE.iter().any(|wide| project == Path::new(wide));
    let is_system = system::places().iter().any(|place| project.starts_with(place));
    is_real && !too_wide && !is_system && !project.starts_with(state) && !project.starts_with(home.join(".config"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn is_passed(name: &str) -> bool {
        environment::may_pass(OsStr::new(name))
    }

    #[test]
    fn what_is_passed_leads_to_no_key_and_no_socket() {
        for name in PASSED.iter().chain(environment::USUAL) {
            assert!(is_passed(name), "{name}");
        }
        for name in ["CARGO_REGISTRY_TOKEN", "npm_config__authToken", "PYTHONSTARTUP", "RUSTC_SOCK"] {
            assert!(!is_passed(name), "{name}");
        }
    }

    #[test]
    fn a_limit_is_the_hooks_else_the_launchers_and_none_at_zero() {
        let said = Limits { processes_max: Some(0), file_bytes_max: Some(7), ..Limits::default() };
        let found = limits(&said);
        assert_eq!((found.processes_max, found.memory_bytes_max, found.file_bytes_max), (None, None, Some(7)));
        assert_eq!(found.scratch_bytes_max, Some(SCRATCH_BYTES_MAX));
    }

    #[test]
    fn no_toolchain_brings_a_login() {
        for place in TOOLCHAINS {
            for login in [
                ".cargo/credentials.toml", ".m2/settings.xml", ".gradle/gradle.properties", ".npmrc", ".config", ".ssh",
            ] {
                assert!(!Path::new(login).starts_with(place), "{place} {login}");
            }
        }
    }
}
