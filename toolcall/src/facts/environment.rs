//! Variables that change what a program does when they are set for it.

mod handed_on;

pub(super) use self::handed_on::{judge, reach};
use super::args::Arg;

/// Why setting `name` to `value` changes what programs do; `None` for a variable that only informs.
pub(super) fn changes(name: &str, value: &Arg) -> Option<String> {
    if harmless_value(name, value) {
        return None;
    }
    let upper = name.to_uppercase();
    if is_switch(value) && !EXACT.contains(&upper.as_str()) && is_switched(&upper, value) {
        return None;
    }
    let loaded = EXACT.contains(&upper.as_str())
        || INTEGERS.contains(&upper.as_str()) && !is_switch(value)
        || TABLES.contains(&name)
        || PREFIXES.iter().any(|start| upper.starts_with(start))
            && !HARMLESS.iter().any(|start| upper.starts_with(start))
        || SUFFIXES.iter().any(|end| upper.ends_with(end));
    loaded.then(|| format!("sets `{name}`, which changes what programs do"))
}

/// A value that turns something on or off, or counts.
fn is_switch(value: &Arg) -> bool {
    value.exact && (value.text.chars().all(|c| c.is_ascii_digit()) || SWITCHES.contains(&value.text.as_str()))
}

/// True for a variable that is turned on or off. Others name a file or a program, and `1` and `true` are names of such, too; nothing
/// is none.
fn is_switched(upper: &str, value: &Arg) -> bool {
    let says_so = |word: &str| SWITCHED.contains(&word);
    !upper.ends_with("REJECT_UNAUTHORIZED")
        && (value.text.is_empty() || SWITCHED.contains(&upper) || upper.split('_').any(says_so))
}

/// Known uses of such variables that change nothing but output or caution.
fn harmless_value(name: &str, value: &Arg) -> bool {
    let text = value.text.as_str();
    let words = || text.split_whitespace();
    value.exact
        && match name {
            "PAGER" | "GIT_PAGER" | "MANPAGER" | "SYSTEMD_PAGER" | "GH_PAGER" | "AWS_PAGER" => {
                matches!(text, "" | "cat")
            }
            "EDITOR" | "GIT_EDITOR" | "VISUAL" | "GIT_SEQUENCE_EDITOR" => matches!(text, "true" | ":" | "cat"),
            "IFS" => matches!(text, "" | "\n" | "," | ":" | "\t"),
            "RUSTFLAGS" | "RUSTDOCFLAGS" => compiles_alike(text),
            "CC" | "CXX" | "LD" | "AR" | "AS" | "RANLIB" | "HOSTCC" | "HOSTCXX" => is_compiler(text),
            "GOPROXY" | "GOWORK" => text == "off",
            "GOTOOLCHAIN" => text == "local",
            "NODE_OPTIONS" => words().all(|word| {
                word.starts_with("--max-old-space-size=")
                    || matches!(
                        word,
                        "--no-warnings" | "--experimental-vm-modules" | "--enable-source-maps" | "--trace-warnings"
                    )
            }),
            "PYTHONPATH" => text.split(':').all(|part| !part.starts_with(['/', '~']) && !part.contains("..")),
            "GOFLAGS" => words()
                .all(|word| matches!(word, "-mod=mod" | "-mod=vendor" | "-mod=readonly" | "-count=1" | "-v" | "-race")),
            "CFLAGS" | "CXXFLAGS" | "CPPFLAGS" => words().all(|word| {
                matches!(word.get(..2), Some("-O" | "-g" | "-D" | "-I" | "-W" | "-s")) && !word.starts_with("-Wl")
            }),
            _ => false,
        }
}

/// Flags of `rustc` that lint, or change how code is generated, but not what is run or linked.
fn compiles_alike(flags: &str) -> bool {
    const GENERATION: &[&str] = &[
        "target-cpu=", "target-feature=", "opt-level=", "debuginfo=", "codegen-units=", "debug-assertions=", "panic=",
    ];
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_+.,=\"".contains(c));
    let generates = |text: &str| GENERATION.iter().any(|start| text.starts_with(start)) && plain(text);
    let mut words = flags.split_whitespace();
    while let Some(word) = words.next() {
        let known = match word {
            "-C" => words.next().is_some_and(generates),
            "--cfg" => words.next().is_some_and(|cfg| plain(cfg) && !cfg.starts_with('-')),
            _ => {
                matches!(word.get(..2), Some("-D" | "-W" | "-A"))
                    || word.strip_prefix("-C").is_some_and(generates)
                    || word.strip_prefix("--cfg=").is_some_and(plain)
                    || word.chars().all(|c| c.is_ascii_lowercase() || "-_:".contains(c)) && !word.starts_with('-')
            }
        };
        if !known {
            return false;
        }
    }
    true
}

/// The bare name of a compiler or one of its tools, perhaps with a version: `clang-17`.
pub(super) fn is_compiler(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "cc", "c++", "gcc", "g++", "clang", "clang++", "ld", "lld", "mold", "ar", "gcc-ar", "llvm-ar", "as", "ranlib",
    ];
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let base = name.rsplit_once('-').filter(|(_, version)| digits(version)).map_or(name, |(base, _)| base);
    NAMES.contains(&base)
}

/// Values that turn something on or off and name nothing.
const SWITCHES: &[&str] = &["true", "false", "yes", "no", "on", "off"];

/// Variables, and words in the names of variables, that take a switch or a number.
const SWITCHED: &[&str] = &[
    "ACTIVE", "ARENA", "AUTO", "BACKTRACE", "BOOTSTRAP", "BREAK", "CHECK", "COLOR", "COLORS", "CONCURRENCY", "COUNT",
    "DEBUG", "DEPTH", "DISABLE", "DISABLED", "ENABLE", "ENABLED", "FORCE", "FROZEN", "FUND", "IGNORE", "INCREMENTAL",
    "JOBS", "LEVEL", "LIMIT", "LOCKED", "LOGLEVEL", "MAX", "NO", "NOSYSTEM", "NOW", "OFFLINE", "PARALLEL",
    "PRODUCTION", "PROGRESS", "PROMPT", "QUIET", "RETRIES", "RETRY", "SKIP", "STRICT", "THREADS", "TIMEOUT", "TRACE",
    "TRACE2", "USE", "VERBOSE", "WARNINGS", "WITHOUT", "YES", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE",
    "PYTHONFAULTHANDLER", "PYTHONNOUSERSITE", "PYTHONOPTIMIZE", "PYTHONPROFILEIMPORTTIME", "PYTHONSAFEPATH",
    "PYTHONTRACEMALLOC", "PYTHONVERBOSE",
];

/// Variables that hold numbers: a shell evaluates what they are set to as arithmetic, which can run commands.
const INTEGERS: &[&str] = &["RANDOM", "SRANDOM", "SECONDS", "LINENO", "OPTIND", "HISTCMD"];

/// Tables of one shell: to set them is to set what names mean.
const TABLES: &[&str] = &[
    "functions", "dis_functions", "aliases", "dis_aliases", "galiases", "dis_galiases", "saliases", "dis_saliases",
    "commands", "options", "nameddirs", "chpwd_functions", "zshexit_functions", "module_path",
];

const EXACT: &[&str] = &[
    "PATH", "IFS", "HOME", "ENV", "CDPATH", "SHELL", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "CLASSPATH",
    "CC", "CXX", "LD", "AR", "AS", "LINKER", "MAKE", "MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "LESSOPEN", "LESSCLOSE",
    "LESS", "MAVEN_OPTS", "GRADLE_OPTS", "JAVA_OPTS", "BROWSER", "DISPLAY", "XDG_CONFIG_HOME", "TAR_OPTIONS",
    "POSIXLY_CORRECT", "RSYNC_RSH", "CVS_RSH", "GOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB", "GOBIN", "GOENV",
    "SUDO_ASKPASS", "TERMINFO", "OPENSSL_CONF", "CURL_HOME", "WGETRC", "INPUTRC", "MANOPT", "FCEDIT", "KUBECONFIG",
    "DOCKER_HOST", "DOCKER_CONTEXT", "TMPPREFIX", "ZDOTDIR", "FPATH",
];

const PREFIXES: &[&str] = &[
    "LD_", "DYLD_", "BASH_", "GIT_", "SSH_", "SSL_", "NODE_", "NPM_", "YARN_", "PNPM_", "PYTHON", "PIP_", "UV_",
    "PERL5", "RUBY", "BUNDLE_", "GEM_", "CARGO_", "RUSTC", "RUSTUP_", "_JAVA", "JAVA_TOOL", "JDK_JAVA", "GCONV_",
    "MALLOC_", "GLIBC_", "PKG_CONFIG", "CCC_", "CLAUDE_", "CODEX_", "GEMINI_", "COPILOT_", "CURSOR_", "KIMI_",
    "CONDUIT_", "ANTHROPIC_", "OPENAI_", "LUA_", "PHP", "DOTNET_STARTUP", "CORECLR_", "COR_", "ELECTRON_RUN",
];

/// Exceptions of the prefixes above: they set names, colours, places beneath the project or caution.
const HARMLESS: &[&str] = &[
    "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "GIT_MERGE_AUTOEDIT", "NODE_ENV",
    "NODE_NO_WARNINGS", "NODE_DISABLE_COLORS", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED",
    "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONWARNINGS", "CARGO_TERM_", "CARGO_INCREMENTAL", "CARGO_NET_OFFLINE",
    "CARGO_TARGET_DIR", "CARGO_PROFILE_", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT", "RUBYOPT_NONE",
];

const SUFFIXES: &[&str] = &[
    "PAGER", "EDITOR", "VISUAL", "_WRAPPER", "_OPTIONS", "_OPTS", "FLAGS", "_COMMAND", "_CMD", "_PROXY", "_REGISTRY",
    "INDEX_URL", "_PRELOAD", "_ASKPASS", "STARTUP", "_PLUGINS", "_RUNNER", "_LINKER", "_CONFIG", "_CONFIG_PATH",
    "_CONFIG_FILE", "_CONF", "_RC", "RCFILE", "_SHELL", "REJECT_UNAUTHORIZED",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_load_code_are_told_from_those_that_inform() {
        for (name, value) in [
            ("LD_PRELOAD", "./x.so"),
            ("PATH", ".:x"),
            ("BASH_ENV", "x"),
            ("GIT_SSH_COMMAND", "x"),
            ("NODE_OPTIONS", "--require ./x.js"),
            ("PAGER", "sh -c x"),
            ("RUSTC_WRAPPER", "./x"),
            ("https_proxy", "http://x"),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", "./x"),
            ("RUSTFLAGS", "-C linker=./x"),
            ("PYTHONPATH", "/tmp/x"),
            ("npm_config_registry", "x"),
            ("PYTHONSTARTUP", "x"),
            ("IFS", "/"),
            ("RIPGREP_CONFIG_PATH", "./x"),
            ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
            ("path", "./x"),
        ] {
            assert!(changes(name, &Arg::known(value)).is_some(), "{name}");
        }
        for (name, value) in [
            ("RUST_LOG", "debug"),
            ("RUST_BACKTRACE", "1"),
            ("CI", "true"),
            ("NODE_ENV", "test"),
            ("FOO", "/etc"),
            ("GIT_PAGER", "cat"),
            ("RUSTFLAGS", "-D warnings"),
            ("CARGO_TARGET_DIR", "target/x"),
            ("PYTHONPATH", "src:lib"),
            ("DATABASE_URL", "postgres://localhost/x"),
            ("IFS", ""),
            ("GIT_TRACE", "1"),
            ("ESLINT_USE_FLAT_CONFIG", "true"),
        ] {
            assert_eq!(changes(name, &Arg::known(value)), None, "{name}");
        }
    }
}
