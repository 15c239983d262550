//! The package managers that are known, with their verbs.

/// A package manager: its verbs by what they come to.
pub(super) struct Manager {
    pub(super) names: &'static [&'static str],
    /// Ask and change nothing.
    pub(super) reads: &'static [&'static str],
    /// Build, test, or fetch what the project names.
    pub(super) builds: &'static [&'static str],
    /// Fetch what the project names where no package is given, else add one.
    pub(super) installs_if_named: &'static [&'static str],
    /// Add, remove or update software.
    pub(super) installs: &'static [&'static str],
    /// Send something to the registry.
    pub(super) uploads: &'static [&'static str],
    /// Change settings that last.
    pub(super) settings: &'static [&'static str],
    /// Options with a value of no interest. What is a flag of one of the managers would hide the script behind it.
    pub(super) values: &'static [&'static str],
    /// Options whose value is a path that is written.
    pub(super) writes: &'static [&'static str],
}

const fn manager(names: &'static [&'static str]) -> Manager {
    Manager {
        names,
        reads: &[],
        builds: &[],
        installs_if_named: &[],
        installs: &[],
        uploads: &[],
        settings: &[],
        values: &[],
        writes: &[],
    }
}

pub(super) const MANAGERS: &[Manager] = &[
    Manager {
        reads: &[
            "ls", "list", "ll", "la", "outdated", "view", "info", "show", "v", "explain", "why", "fund", "help",
            "root", "prefix", "bin", "doctor", "ping", "search", "query", "whoami", "licenses",
        ],
        builds: &[
            "test", "t", "tst", "start", "stop", "restart", "run", "run-script", "rum", "ci", "clean-install",
            "rebuild", "dedupe", "prune", "audit", "pack", "build", "dev", "lint", "typecheck", "format", "check",
            "version",
        ],
        installs_if_named: &["install", "i", "in", "isntall"],
        installs: &[
            "add", "remove", "rm", "uninstall", "un", "unlink", "update", "up", "upgrade", "link", "dlx", "x", "exec",
            "create", "init", "import", "global", "patch", "self-update", "env", "install-test", "it",
        ],
        uploads: &[
            "publish", "unpublish", "deprecate", "dist-tag", "owner", "access", "token", "login", "adduser", "logout",
            "team", "org", "profile", "star", "hook",
        ],
        settings: &["config", "c", "set", "get", "set-script", "pkg", "edit", "completion"],
        writes: &["--pack-destination"],
        ..manager(&["npm", "yarn", "pnpm", "bun"])
    },
    Manager {
        reads: &["list", "show", "freeze", "check", "index", "inspect", "help", "debug", "cache", "hash"],
        installs_if_named: &["install", "wheel"],
        installs: &["uninstall", "download", "sync", "compile"],
        settings: &["config"],
        values: &["-r", "--requirement", "-e", "--editable", "--format"],
        writes: &["--report", "--log", "-w", "--wheel-dir", "--src", "--cache-dir", "-t"],
        ..manager(&["pip", "pip3", "pipx"])
    },
    Manager {
        reads: &["tree", "version", "help", "show", "search", "env", "check", "about"],
        builds: &["sync", "lock", "venv", "build", "export", "install", "format"],
        installs: &[
            "add", "remove", "tool", "pip", "python", "update", "self", "init", "new", "run", "shell", "upgrade",
        ],
        uploads: &["publish"],
        settings: &["config", "source", "auth"],
        values: &["--group", "--extra", "--with", "--without", "--format"],
        writes: &["-o", "--output", "--output-file", "--out-dir"],
        ..manager(&["uv", "poetry", "pipenv", "pdm", "rye", "hatch"])
    },
    Manager {
        reads: &["list", "show", "outdated", "check", "info", "platform"],
        builds: &["install", "package", "lock"],
        installs: &["add", "update", "remove", "init", "exec"],
        settings: &["config"],
        values: &["-j", "--jobs", "--with", "--without"],
        ..manager(&["bundle", "bundler"])
    },
    Manager {
        reads: &["list", "info", "search", "which", "env", "outdated", "specification"],
        builds: &["build"],
        installs: &["install", "update", "uninstall"],
        uploads: &["push", "yank", "signin", "owner"],
        writes: &["-o", "--output"],
        ..manager(&["gem"])
    },
    Manager {
        reads: &["show", "info", "validate", "outdated", "licenses", "depends", "why", "diagnose"],
        builds: &["install", "dump-autoload", "run-script", "test", "check-platform-reqs", "audit"],
        installs: &["require", "update", "remove", "global", "create-project"],
        settings: &["config"],
        ..manager(&["composer"])
    },
    Manager {
        reads: &[
            "list", "search", "show", "info", "policy", "depends", "rdepends", "deps", "leaves", "outdated", "doctor",
            "uses", "query", "changelog", "showpkg",
        ],
        installs: &[
            "install", "remove", "update", "upgrade", "add", "del", "purge", "autoremove", "dist-upgrade", "tap",
            "cask", "reinstall", "uninstall", "link", "services",
        ],
        ..manager(&[
            "apt", "apt-get", "apt-cache", "brew", "dnf", "yum", "apk", "zypper", "snap", "port", "flatpak", "winget",
            "choco", "scoop",
        ])
    },
    Manager {
        reads: &["show", "which", "doc", "check"],
        installs: &[
            "install", "update", "toolchain", "target", "component", "default", "override", "self", "set", "uninstall",
        ],
        ..manager(&["rustup"])
    },
    Manager {
        reads: &["list", "info", "search", "config"],
        installs: &["install", "create", "update", "remove", "env", "activate", "run"],
        ..manager(&["conda", "mamba", "micromamba"])
    },
    Manager {
        installs: &[""],
        ..manager(&[
            "pacman", "emerge", "nix-env", "nix", "nix-shell", "dpkg", "rpm", "npx", "pnpx", "bunx", "uvx", "nvm",
            "fnm", "volta", "asdf", "mise", "pyenv", "rbenv", "sdk", "luarocks", "cpan", "cpanm", "opam", "vcpkg",
            "conan", "easy_install", "pod", "carthage", "corepack",
        ])
    },
];
