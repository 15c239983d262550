//! `npx TOOL` and its kin: a known tool of the project is that tool, any other name is fetched and run.

use crate::facts::Class;
use crate::facts::gather::Gather;
use crate::facts::programs::Call;
use crate::programs::form::Program;

/// Adds what the tool does.
pub(super) fn judge(call: &Call<'_>, _: &Program, gather: &mut Gather) {
    const FLAGS: &[&str] = &["--no-install", "--no", "--offline", "-y", "--yes", "--prefer-offline", "--"];
    let at = call.args.iter().position(|arg| !FLAGS.contains(&arg.text.as_str())).unwrap_or(call.args.len());
    let args = call.args.get(at + 1..).unwrap_or_default();
    match call.args.get(at).filter(|arg| arg.exact && TOOLS.contains(&arg.text.as_str())) {
        Some(tool) => call.runs(tool, args, gather),
        None => {
            gather.class(Class::Installs, format!("`{}` fetches and runs a package", call.name));
            call.mentions(gather);
        }
    }
}

/// Tools that a project of its kind has installed.
const TOOLS: &[&str] = &[
    "tsc", "vue-tsc", "svelte-check", "eslint", "prettier", "jest", "vitest", "mocha", "ava", "nyc", "c8", "webpack",
    "vite", "rollup", "esbuild", "next", "nuxt", "astro", "stylelint", "biome", "playwright", "cypress", "karma", "ng",
    "tsup", "turbo", "nx", "lerna", "react-scripts", "markdownlint", "oxlint", "knip", "depcheck", "madge", "prisma",
    "drizzle-kit", "tailwindcss", "storybook", "htmlhint", "cspell", "wrangler", "expo", "lint-staged", "husky", "tsx",
    "markdownlint-cli2", "rimraf", "ncu", "tap", "postcss", "sass", "typedoc", "babel", "swc", "rspack", "nest",
    "gatsby", "ts-node", "concurrently", "cross-env", "publint", "size-limit", "commitlint", "attw", "dprint", "xo",
    "standard",
];
