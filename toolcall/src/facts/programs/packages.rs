//! Package managers: what the project already names is part of building it, anything else is new software.

mod managers;

use self::managers::{MANAGERS, Manager};
use super::{Call, builds};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class};

/// Options by which a package manager runs a program, or trusts another registry or place.
const ESCAPES: &[&str] = &[
    "--script-shell", "--node-options", "--shell", "--editor", "--viewer", "--git", "--registry", "--userconfig",
    "--globalconfig", "--onload-script", "--browser", "--proxy", "--https-proxy", "--location", "--index-url", "-i",
    "--extra-index-url", "--find-links", "--trusted-host", "--target", "--root", "--user", "--global", "-g",
    "--break-system-packages", "--index", "--default-index", "--config-file", "--python", "--install-option",
    "--global-option", "--config-settings", "--use-pep517", "--ignore-path", "--preload", "--require",
];

/// Options that name the project.
const PLACES: &[&str] = &[
    "--prefix", "-C", "--dir", "--cwd", "--directory", "--project", "--gemfile", "--working-dir", "--constraint", "-c",
];

/// True for calls that list toolchains or what belongs to them, and nothing else.
fn lists_toolchains(call: &Call<'_>) -> bool {
    let words: Vec<&str> = call.args.iter().filter(|arg| arg.exact).map(|arg| arg.text.as_str()).collect();
    call.name == "rustup"
        && words.len() == call.args.len()
        && matches!(
            words.as_slice(),
            ["toolchain", "list"]
                | ["toolchain", "list", "-v"]
                | ["target" | "component", "list"]
                | ["target" | "component", "list", "--installed"]
        )
}

/// Adds what a package manager does; false where the program is none.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    if lists_toolchains(call) {
        gather.class(Class::Reads, "lists what is installed");
        return true;
    }
    let Some(manager) = MANAGERS.iter().find(|manager| manager.names.contains(&call.name)) else { return false };
    if call.name == "uv" && call.args.first().is_some_and(|arg| arg.text == "pip") {
        return judge(&Call { name: "pip", args: call.args.get(1..).unwrap_or_default(), ..*call }, gather);
    }
    if ["npx", "pnpx", "bunx"].contains(&call.name) {
        local_tool(call, gather);
        return true;
    }
    if call.name == "yarn"
        && let Some(rest) = within_workspaces(call.args)
    {
        return judge(&Call { args: rest, ..*call }, gather);
    }
    let own = call.args.split(|arg| arg.text == "--").next().unwrap_or_default();
    if let Some(arg) = own.iter().find(|arg| !arg.exact) {
        gather.opaque(format!("`{}` gets `{}`, which may become any option or script", call.name, arg.shown()));
    }
    let handed = call.args.get(own.len()..).unwrap_or_default();
    handed_on(call, handed, gather);
    let values = [manager.values, script_values(call.name), manager.writes, ESCAPES, PLACES];
    let parsed = options::read(own, &values, Style::Letters);
    call.paths(&parsed.values(manager.writes), Access::Write, gather);
    if let Some(option) = parsed.first_beside(ESCAPES, manager.values) {
        call.runs_other(option, gather);
    }
    parsed.values(PLACES).iter().for_each(|place| call.decides(place, gather));
    if handed.len() > 1 && matches!(parsed.operands.as_slice(), [verb] if verb.text.starts_with("ru")) {
        gather.opaque(format!("the script that `{}` runs stands behind `--`", call.name));
    }
    manager.verb(call, &parsed, gather);
    true
}

/// Options with a value that differ between managers with the same verbs.
fn script_values(name: &str) -> &'static [&'static str] {
    match name {
        "npm" => &["-w", "--workspace", "--loglevel", "--omit", "--include", "--depth"],
        "pnpm" => &["-F", "--filter", "--loglevel", "--depth"],
        "bun" => &["-F", "--filter"],
        _ => &[],
    }
}

/// What `yarn` does in one workspace (`workspace NAME …`) or in all of them (`workspaces run …`).
fn within_workspaces(args: &[Arg]) -> Option<&[Arg]> {
    let (first, rest) = args.split_first()?;
    match first.text.as_str() {
        "workspace" => rest.get(1..),
        "workspaces" if rest.first().is_some_and(|verb| verb.text == "foreach") => {
            let flags = rest.iter().skip(1).take_while(|arg| arg.is_option()).count();
            rest.get(flags + 1..)
        }
        "workspaces" => Some(rest),
        _ => None,
    }
}

/// What stands behind `--` goes to a script of the project, which may load what it names.
fn handed_on(call: &Call<'_>, args: &[Arg], gather: &mut Gather) {
    for arg in args {
        let path = arg.text.split_once('=').map_or(arg.text.as_str(), |(_, value)| value);
        if !arg.exact || builds::lies_elsewhere(path) {
            call.decides(&arg.with_text(path), gather);
        }
    }
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
            call.unknown(gather, format!("{said} is not known here"));
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
        if parsed.operands.len() > 1 && parsed.operands.first().is_some_and(|verb| verb.text == "pack") {
            gather.class(Class::Installs, format!("`{} pack` fetches what it is given", call.name));
        }
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

/// `npx`, as a handler of its file.
pub(super) fn npx(call: &Call<'_>, gather: &mut Gather) -> bool {
    local_tool(call, gather);
    true
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
        !name.is_empty() && JAVASCRIPT_TOOLS.contains(&name) && super::tool(&Call { name, args, ..*call }, gather);
    if !known {
        gather.class(Class::Installs, format!("`{}` fetches and runs a package", call.name));
        call.mentions(gather);
    }
}

/// Tools that a project of its kind has installed.
const JAVASCRIPT_TOOLS: &[&str] = &[
    "tsc", "vue-tsc", "svelte-check", "eslint", "prettier", "jest", "vitest", "mocha", "ava", "nyc", "c8", "webpack",
    "vite", "rollup", "esbuild", "next", "nuxt", "astro", "stylelint", "biome", "playwright", "cypress", "karma", "ng",
    "tsup", "turbo", "nx", "lerna", "react-scripts", "markdownlint",
];
