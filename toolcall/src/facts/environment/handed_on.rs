//! Variables that reach programs: set in front of one, or exported. Beside their names their values count, for any program may take
//! a variable for the file that it runs or writes, or the host that it asks.

use super::{changes, is_compiler, is_switch};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::hosts;

/// Adds what setting `name` to `value` changes. `handed_on` says that programs get the variable, and not the script alone.
pub(in crate::facts) fn judge(name: &str, value: &Arg, handed_on: bool, directories: &[String], gather: &mut Gather) {
    let upper = name.to_uppercase();
    if name == "PYTHONPATH" && value.exact && value.text.split(':').all(|part| is_own_module(part, directories, gather))
    {
        return;
    }
    if let Some(reason) = changes(name, value) {
        gather.opaque(reason);
    } else if handed_on || INHERITED.contains(&upper.as_str()) {
        if names_a_tool(&upper, value) {
            gather.opaque(format!("sets `{name}`, which changes what programs do"));
        } else {
            reach(name, value, directories, gather);
        }
    }
}

/// A value that leads out of the project, or that only the running shell knows; and one that leads to what lasts.
pub(in crate::facts) fn reach(name: &str, value: &Arg, directories: &[String], gather: &mut Gather) {
    let upper = name.to_uppercase();
    let informs = INFORMS.iter().any(|known| upper == *known || known.ends_with('_') && upper.starts_with(known));
    if !value.exact && !informs {
        return gather.opaque(format!("sets `{name}` to what is known only when it runs"));
    }
    if is_own_server(&upper, &value.text) {
        return;
    }
    if !informs && (value.text.contains("://") || value.text.contains(RUN_BY_SHELLS)) {
        return gather.opaque(format!("sets `{name}` to an address or to what a shell may run"));
    }
    for piece in value.text.split(|c: char| c.is_whitespace() || "=:,;'\"".contains(c)) {
        if leads_away(piece) && !is_harmless_place(name, piece, gather) {
            gather.opaque(format!("sets `{name}` to a place outside of the project"));
        }
        for directory in directories.iter().filter(|_| !piece.is_empty()) {
            gather.may_change(directory, piece);
        }
    }
}

/// True for a directory of the project, of which its tests load modules anyway.
fn is_own_module(path: &str, directories: &[String], gather: &Gather) -> bool {
    !path.is_empty() && directories.iter().all(|directory| gather.in_project(directory, path))
}

/// True for a path that does not lie beneath where it stands, also where an option is joined to it.
fn leads_away(piece: &str) -> bool {
    let joined = piece.starts_with(['-', '@']) && piece.contains(['/', '~']);
    joined || piece.starts_with(['/', '~']) || piece.split('/').any(|part| part == "..")
}

/// The project, a place of the system for what belongs there, and a temporary directory for what is only kept.
fn is_harmless_place(name: &str, piece: &str, gather: &Gather) -> bool {
    if piece.starts_with('/') && gather.in_project("/", piece) {
        return true;
    }
    let kept = TEMPORARY.contains(&name.to_uppercase().as_str());
    let own = |(named, places): &&(&str, &[&str])| *named == name && places.iter().any(|place| goes_on(piece, place));
    kept && piece.starts_with('/') && (gather.is_temporary("/", piece) || is_top(piece))
        || SYSTEM.iter().find(own).is_some()
}

fn is_top(piece: &str) -> bool {
    matches!(piece.trim_end_matches('/'), "/tmp" | "/var/tmp" | "/private/tmp")
}

/// True where a place goes on from the start of one that is known, also within a name: `openjdk` as `openjdk-17`.
fn goes_on(piece: &str, place: &str) -> bool {
    !piece.split('/').any(|part| part == "..") && piece.strip_prefix(place).is_some_and(|rest| !rest.starts_with('.'))
}

/// An address of a server on this machine, and nothing else. What is fetched to be run is asked also from there.
fn is_own_server(upper: &str, text: &str) -> bool {
    let fetched =
        ["REPO", "MIRROR", "DOWNLOAD", "_BASE_URL", "REGISTRY", "INDEX"].iter().any(|word| upper.contains(word));
    let one = text.matches("://").count() == 1
        && !fetched
        && !text.contains(|c: char| c.is_whitespace() || c != '&' && RUN_BY_SHELLS.contains(&c));
    one && hosts::of_url(text).is_some_and(|host| hosts::is_loopback(&host))
}

/// True for a variable whose name says that its value is a program, its arguments or a host.
fn names_a_tool(upper: &str, value: &Arg) -> bool {
    let text = value.text.as_str();
    let is_host = ["_HOST", "_HOSTS"].iter().any(|end| upper.ends_with(end));
    let plain = value.exact
        && (text.is_empty()
            || is_switch(value)
            || is_compiler(text)
            || matches!((upper, text), ("GOWORK", "off") | ("GOTOOLCHAIN", "local"))
            || is_host && (hosts::is_loopback(text) || text == "0.0.0.0")
            || is_arguments(upper) && text.split_whitespace().all(|word| VERBOSITY.contains(&word))
            || upper.ends_with("_PATH") && KEPT_AT.contains(&upper));
    !plain
        && (TOOLS.contains(&upper)
            || STARTS.iter().any(|start| upper.starts_with(start))
            || ENDS.iter().any(|end| upper.ends_with(end)))
}

fn is_arguments(upper: &str) -> bool {
    upper.ends_with("_ARGS") || upper.ends_with("_ADDOPTS")
}

const RUN_BY_SHELLS: [char; 8] = ['$', '`', ';', '|', '&', '<', '>', '\n'];

/// Words of arguments that only change how much is said.
const VERBOSITY: &[&str] = &["-v", "-vv", "-q", "-x", "-s", "--verbose", "--quiet", "--color=yes", "--color=no"];

/// Names that often are in the environment already: to set them is then to hand them on.
const INHERITED: &[&str] = &[
    "JAVA_HOME", "JAVACMD", "GOROOT", "GOPATH", "GOWORK", "GOCACHE", "GOMODCACHE", "GOTOOLCHAIN", "VIRTUAL_ENV",
    "CARGO_TARGET_DIR", "GRADLE_HOME", "GRADLE_USER_HOME", "MAVEN_HOME", "M2_HOME", "CONDA_PREFIX", "ANDROID_HOME",
    "ANDROID_SDK_ROOT", "NVM_DIR", "PNPM_HOME", "BUN_INSTALL", "DENO_DIR", "CHROME_BIN", "PUPPETEER_EXECUTABLE_PATH",
    "TMPDIR",
];

/// Names, and beginnings of names, whose values only inform: they are told, and not run.
const INFORMS: &[&str] = &[
    "CI", "COLUMNS", "LINES", "DEBUG", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "GIT_AUTHOR_",
    "GIT_COMMITTER_", "LANG", "LC_", "LOG_LEVEL", "NODE_ENV", "PORT", "RUST_BACKTRACE", "RUST_LOG", "SEED",
    "SOURCE_DATE_EPOCH", "TERM", "TZ",
];

/// Names of directories and files that are only kept: in a temporary directory they harm nobody.
const TEMPORARY: &[&str] = &[
    "TMPDIR", "TMP", "TEMP", "CARGO_TARGET_DIR", "GOCACHE", "GOTMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
    "COVERAGE_FILE", "LLVM_PROFILE_FILE", "RUFF_CACHE_DIR", "MYPY_CACHE_DIR", "CCACHE_DIR", "SCCACHE_DIR",
    "MPLCONFIGDIR",
];

/// Places of the system in which what a variable names lies, and where only the system's owner writes.
const SYSTEM: &[(&str, &[&str])] = &[
    (
        "JAVA_HOME",
        &[
            "/usr/lib/jvm/", "/opt/java/", "/Library/Java/JavaVirtualMachines/", "/usr/local/opt/openjdk",
            "/opt/homebrew/opt/openjdk",
        ],
    ),
    ("GOROOT", &["/usr/local/go", "/usr/lib/go"]),
    ("CUDA_HOME", &["/usr/local/cuda"]),
    ("LIBCLANG_PATH", &["/usr/lib/llvm", "/usr/lib/x86_64-linux-gnu", "/usr/lib64/llvm"]),
    ("CHROME_BIN", &["/usr/bin/chromium", "/usr/bin/google-chrome"]),
    ("PUPPETEER_EXECUTABLE_PATH", &["/usr/bin/chromium", "/usr/bin/google-chrome"]),
];

/// Files of a program's own, which it keeps and does not run.
const KEPT_AT: &[&str] = &["DB_PATH", "DATABASE_PATH", "DATA_PATH", "LOG_PATH", "OUTPUT_PATH", "LIBCLANG_PATH"];

/// Names of tools that build tools run in place of their own.
const TOOLS: &[&str] = &[
    "RUSTFMT", "RUSTDOC", "RUSTC", "CARGO", "CLIPPY_DRIVER", "PROTOC", "CMAKE", "CTEST", "CPACK", "NINJA", "MAKE",
    "MESON", "JAVA", "JAVAC", "JAVACMD", "NODE", "NPM", "NPX", "GO", "GCC", "CLANG", "CPP", "CXXCPP", "OBJC", "OBJCXX",
    "FC", "F77", "F90", "GFORTRAN", "NVCC", "CUDACXX", "HIPCXX", "HOSTCC", "HOSTCXX", "HOSTLD", "RANLIB", "STRIP",
    "OBJCOPY", "OBJDUMP", "READELF", "NM", "DLLTOOL", "WINDRES", "LIBTOOL", "YACC", "BISON", "LEX", "FLEX", "M4",
    "SWIG", "DOT", "SED", "AWK", "GREP", "PERL", "INSTALL", "TEX", "LATEX", "GOTOOLCHAIN", "GOWORK", "GOEXPERIMENT",
    "GOVCS", "GOINSECURE", "GOPRIVATE", "GONOPROXY", "GOAUTH", "GCCGO",
];

const STARTS: &[&str] = &["CC_", "CXX_", "AR_", "LD_", "RANLIB_", "CCACHE_PREFIX", "GCC_", "COMPILER_", "CLANG_"];

const ENDS: &[&str] = &[
    "_ADDOPTS", "_ARGS", "_LAUNCHER", "_HOST", "_HOSTS", "_MIRROR", "_PATH", "_CC", "_CXX", "_LD", "_AR", "_BIN",
    "_BINARY", "_EXE", "_EXECUTABLE", "_PROG", "_PROGRAM", "_COMPILER", "_TOOLCHAIN", "_TOOLCHAIN_FILE",
    "_INTERPRETER", "_DRIVER", "_GENERATOR", "_INIT", "_HOOK",
];
