//! Package managers: what the project already names is part of building it, anything else is new software.

use super::{Call, builds};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class};

/// A package manager: its verbs by what they come to.
struct Manager {
    names: &'static [&'static str],
    /// Ask and change nothing.
    reads: &'static [&'static str],
    /// Build, test, or fetch what the project names.
    builds: &'static [&'static str],
    /// Fetch what the project names where no package is given, else add one.
    installs_if_named: &'static [&'static str],
    /// Add, remove or update software.
    installs: &'static [&'static str],
    /// Send something to the registry.
    uploads: &'static [&'static str],
    /// Change settings that last.
    settings: &'static [&'static str],
}

const fn manager(names: &'static [&'static str]) -> Manager {
    Manager { names, reads: &[], builds: &[], installs_if_named: &[], installs: &[], uploads: &[], settings: &[] }
}

const MANAGERS: &[Manager] = &[
    Manager {
        reads: &[
            "ls", "list", "ll", "la", "outdated", "view", "info", "show", "v", "explain", "why", "fund", "help",
            "root", "prefix", "bin", "doctor", "ping", "search", "query", "whoami", "licenses",
        ],
        builds: &[
            "test",
            "t",
            "tst",
            "start",
            "stop",
            "restart",
            "run",
            "run-script",
            "rum",
            "ci",
            "clean-install",
            "rebuild",
            "dedupe",
            "prune",
            "audit",
            "pack",
            "build",
            "dev",
            "lint",
            "typecheck",
            "format",
            "check",
            "workspaces",
            "workspace",
            "version",
        ],
        installs_if_named: &["install", "i", "in", "isntall"],
        installs: &[
            "add",
            "remove",
            "rm",
            "uninstall",
            "un",
            "unlink",
            "update",
            "up",
            "upgrade",
            "link",
            "dlx",
            "x",
            "exec",
            "create",
            "init",
            "import",
            "global",
            "patch",
            "self-update",
            "env",
            "install-test",
            "it",
        ],
        uploads: &[
            "publish",
            "unpublish",
            "deprecate",
            "dist-tag",
            "owner",
            "access",
            "token",
            "login",
            "adduser",
            "logout",
            "team",
            "org",
            "profile",
            "star",
            "hook",
        ],
        settings: &["config", "c", "set", "get", "set-script", "pkg", "edit", "completion"],
        ..manager(&["npm", "yarn", "pnpm", "bun"])
    },
    Manager {
        reads: &["list", "show", "freeze", "check", "index", "inspect", "help", "debug", "cache", "hash"],
        builds: &["wheel"],
        installs_if_named: &["install"],
        installs: &["uninstall", "download", "sync", "compile"],
        settings: &["config"],
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
        ..manager(&["uv", "poetry", "pipenv", "pdm", "rye", "hatch"])
    },
    Manager {
        reads: &["list", "show", "outdated", "check", "info", "platform"],
        builds: &["install", "package", "lock"],
        installs: &["add", "update", "remove", "init", "exec"],
        settings: &["config"],
        ..manager(&["bundle", "bundler"])
    },
    Manager {
        reads: &["list", "info", "search", "which", "env", "outdated", "specification"],
        builds: &["build"],
        installs: &["install", "update", "uninstall"],
        uploads: &["push", "yank", "signin", "owner"],
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
            "list",
            "search",
            "show",
            "info",
            "policy",
            "depends",
            "rdepends",
            "deps",
            "leaves",
            "outdated",
            "doctor",
            "uses",
            "query",
            "changelog",
            "showpkg",
        ],
        installs: &[
            "install",
            "remove",
            "update",
            "upgrade",
            "add",
            "del",
            "purge",
            "autoremove",
            "dist-upgrade",
            "tap",
            "cask",
            "reinstall",
            "uninstall",
            "link",
            "services",
        ],
        ..manager(&[
            "apt",
            "apt-get",
            "apt-cache",
            "brew",
            "dnf",
            "yum",
            "apk",
            "zypper",
            "snap",
            "port",
            "flatpak",
            "winget",
            "choco",
            "scoop",
        ])
    },
    Manager {
        reads: &["show", "which", "doc", "check"],
        installs: &[
            "install",
            "update",
            "toolchain",
            "target",
            "component",
            "default",
            "override",
            "self",
            "set",
            "uninstall",
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
            "pacman",
            "emerge",
            "nix-env",
            "nix",
            "nix-shell",
            "dpkg",
            "rpm",
            "npx",
            "pnpx",
            "bunx",
            "uvx",
            "nvm",
            "fnm",
            "volta",
            "asdf",
            "mise",
            "pyenv",
            "rbenv",
            "sdk",
            "luarocks",
            "cpan",
            "cpanm",
            "opam",
            "vcpkg",
            "conan",
            "easy_install",
            "pod",
            "carthage",
            "corepack",
        ])
    },
];

/// Options by which a package manager runs a program, or trusts another registry or place.
const ESCAPES: &[&str] = &[
    "--script-shell",
    "--node-options",
    "--shell",
    "--editor",
    "--viewer",
    "--git",
    "--registry",
    "--userconfig",
    "--globalconfig",
    "--onload-script",
    "--browser",
    "--proxy",
    "--https-proxy",
    "--location",
    "--index-url",
    "-i",
    "--extra-index-url",
    "--find-links",
    "--trusted-host",
    "--target",
    "--root",
    "--user",
    "--global",
    "-g",
    "--break-system-packages",
    "--index",
    "--default-index",
    "--config-file",
    "--python",
    "--install-option",
    "--global-option",
    "--config-settings",
    "--use-pep517",
    "--ignore-path",
    "--preload",
    "--require",
];

/// Options that name the project.
const PLACES: &[&str] = &[
    "--prefix",
    "-C",
    "--dir",
    "--cwd",
    "--directory",
    "--project",
    "--gemfile",
    "--working-dir",
    "--constraint",
    "-c",
];

/// Adds what a package manager does; false where the program is none.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    let Some(manager) = MANAGERS.iter().find(|manager| manager.names.contains(&call.name)) else { return false };
    if call.name == "uv" && call.args.first().is_some_and(|arg| arg.text == "pip") {
        return judge(&Call { name: "pip", args: call.args.get(1..).unwrap_or_default(), ..*call }, gather);
    }
    if ["npx", "pnpx", "bunx"].contains(&call.name) {
        local_tool(call, gather);
        return true;
    }
    let values: &[&str] = if call.name.starts_with("pip") {
        &["-r", "--requirement", "-e", "--editable", "-o", "--format"]
    } else {
        &[
            "-w",
            "--workspace",
            "--filter",
            "-F",
            "--loglevel",
            "--omit",
            "--include",
            "--group",
            "--extra",
            "--with",
            "--without",
            "--only",
            "--format",
            "--depth",
            "-j",
            "--jobs",
        ]
    };
    let own: Vec<Arg> = call.args.iter().take_while(|arg| arg.text != "--").cloned().collect();
    let parsed = options::read(&own, &[values, ESCAPES, PLACES], Style::Letters);
    if let Some(option) = parsed.first(ESCAPES) {
        call.runs_other(option, gather);
    }
    parsed.values(PLACES).iter().for_each(|place| call.decides(place, gather));
    manager.verb(call, &parsed, gather);
    true
}

impl Manager {
    fn verb(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        let verb = parsed.operands.first().filter(|arg| arg.exact).map_or("", |arg| arg.text.as_str());
        let said = format!("`{} {verb}`", call.name);
        let bare_yarn = verb.is_empty() && call.name == "yarn";
        if self.reads.contains(&verb) || verb.is_empty() && parsed.has(&["--version", "-v", "--help"]) {
            gather.class(Class::Reads, format!("{said} asks"));
        } else if self.builds.contains(&verb) || bare_yarn {
            self.build(call, parsed, gather);
        } else if self.installs_if_named.contains(&verb) {
            self.install(call, parsed, gather);
        } else if self.installs.contains(&verb) || self.installs.contains(&"") {
            gather.class(Class::Installs, format!("{said} adds or changes software"));
            call.mentions(gather);
        } else if self.uploads.contains(&verb) {
            gather.class(Class::Upload, format!("{said} sends something to the registry"));
        } else if self.settings.contains(&verb) {
            settings(call, parsed, gather);
        } else {
            gather.opaque(format!("{said} is not known here"));
        }
    }

    fn build(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        call.in_project(
            Class::Builds,
            &format!("`{}` builds, tests or fetches what the project names", call.name),
            gather,
        );
        parsed
            .operands
            .iter()
            .skip(1)
            .filter(|arg| arg.text.starts_with(['/', '~']) || arg.text.contains(".."))
            .for_each(|arg| call.decides(arg, gather));
        if let Some(script) = parsed.operands.iter().skip(1).find(|arg| builds::leaves(&arg.text) || !arg.exact) {
            gather.opaque(format!("the script `{}` may change what lies outside of the project", script.shown()));
        }
    }

    /// `install` of what the project names, or of something new.
    fn install(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        let lists = parsed.values(&["-r", "--requirement", "-e", "--editable"]);
        let given = parsed
            .operands
            .iter()
            .skip(1)
            .filter(|arg| !matches!(arg.text.as_str(), "." | ".[dev]" | ".[test]" | ".[tests]" | ".[all]"));
        let own_place = parsed.operands.len() > 1 || !lists.is_empty() || !call.name.starts_with("pip");
        if given.count() == 0 && own_place {
            call.in_project(Class::Builds, "fetches what the project names", gather);
            lists.iter().for_each(|list| {
                call.decides(&list.with_text(list.text.split('[').next().unwrap_or_default()), gather);
            });
        } else {
            gather.class(Class::Installs, format!("`{}` adds software that the project does not name", call.name));
        }
    }
}

fn settings(call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
    let second = parsed.operands.get(1).map_or("", |arg| arg.text.as_str());
    let first = parsed.operands.first().map_or("", |arg| arg.text.as_str());
    if first == "get" || ["get", "list", "ls", "debug"].contains(&second) {
        let secret =
            parsed.operands.iter().any(|arg| arg.text.contains("_auth") || arg.text.contains("assword") || !arg.exact);
        gather.class(
            if secret { Class::Credentials } else { Class::Reads },
            format!("`{}` prints its settings", call.name),
        );
    } else if first == "pkg" {
        call.path(&Arg::known("package.json"), Access::Write, gather);
    } else {
        gather.class(
            Class::Persistence,
            format!("`{}` changes settings by which it fetches and runs programs", call.name),
        );
    }
}

/// `npx TOOL`: a known tool of the project is that tool, any other name is fetched and run.
fn local_tool(call: &Call<'_>, gather: &mut Gather) {
    let rest = call
        .args
        .iter()
        .position(|arg| !matches!(arg.text.as_str(), "--no-install" | "--no" | "--offline" | "-y" | "--yes"));
    let at = rest.unwrap_or(call.args.len());
    let name = call.args.get(at).filter(|arg| arg.exact && !arg.is_option()).map_or("", |arg| arg.text.as_str());
    let args = call.args.get(at + 1..).unwrap_or_default();
    let known =
        !name.is_empty() && JAVASCRIPT_TOOLS.contains(&name) && builds::judge(&Call { name, args, ..*call }, gather);
    if !known {
        gather.class(Class::Installs, format!("`{}` fetches and runs a package", call.name));
        call.mentions(gather);
    }
}

/// Tools that a project of its kind has installed.
const JAVASCRIPT_TOOLS: &[&str] = &[
    "tsc",
    "vue-tsc",
    "svelte-check",
    "eslint",
    "prettier",
    "jest",
    "vitest",
    "mocha",
    "ava",
    "nyc",
    "c8",
    "webpack",
    "vite",
    "rollup",
    "esbuild",
    "next",
    "nuxt",
    "astro",
    "stylelint",
    "biome",
    "playwright",
    "cypress",
    "karma",
    "ng",
    "tsup",
    "turbo",
    "nx",
    "lerna",
    "react-scripts",
    "markdownlint",
];
