//! Code and places that a call hides: in arithmetic, in variables, in names, in directories that only the search knows.

use serde_json::json;

use super::{CWD, does, only};
use crate::facts::{Class, Limits, derive};

const HARMLESS: &[Class] =
    &[Class::Reads, Class::VcsQuery, Class::Builds, Class::Writes, Class::Deletes, Class::VcsChange];

fn unknown(commands: &[&str]) {
    commands.iter().for_each(|command| does(command, Class::Unknown));
}

fn pass(commands: &[&str]) {
    commands.iter().for_each(|command| only(command, HARMLESS));
}

#[test]
fn secrets_of_processes_and_parents_of_secrets_count() {
    for command in [
        "cat /proc/1/environ",
        "cat /proc/*/environ",
        "cat /proc/[0-9]*/environ",
        "cat /proc/$$/environ",
        "cat /proc/thread-self/environ",
        "cat /proc/self/task/*/environ",
        "cat /proc/self/*",
        "cat /proc/self/root/etc/x",
        "grep -r . /proc/self",
        "grep -ra TOKEN /proc",
        "grep -r token ~/.config",
        "grep -r token ~/.c*",
        "rg token ~/.config/*",
        "cp -r ~/.config x",
        "cat ~/.config/*/hosts.yml",
        "cat ~/.docker/*",
        "grep -r '' ~/.cargo",
        "grep -r x ~/.local/share",
        "cp -r /run x",
        "tar cf x.tar /run",
        "find ~/.docker -type f -exec cat {} +",
        "find ~/.config -name '*.yml' | xargs cat",
    ] {
        does(command, Class::Credentials);
    }
    for (tool, input) in [
        ("Read", json!({ "file_path": "/proc/1/environ" })),
        ("Grep", json!({ "pattern": "x", "path": "/home/dev/.config" })),
        ("Grep", json!({ "pattern": "x", "path": "/home/dev/.docker" })),
        ("Grep", json!({ "pattern": "x", "path": "/proc/self" })),
    ] {
        assert!(derive(tool, &input, CWD, Limits::default()).any(&[Class::Credentials]), "{tool} {input}");
    }
    pass(&[
        "cat /proc/cpuinfo /proc/meminfo",
        "rg processor /proc/cpuinfo",
        "cat /proc/self/status",
        "cat /proc/1/cmdline",
        "cat /etc/*-release",
        "grep -r foo .config library",
        "grep -r foo .cargo",
        "grep -rn foo ~/.cargo/registry/src",
        "ls ~/.config/nvim",
        "cat .config/*",
    ]);
}

#[test]
fn only_programs_that_print_names_of_files_hand_names_to_xargs() {
    unknown(&[
        "git grep -h . list.txt | xargs cat",
        "git grep x | xargs cat",
        "git grep -el . | xargs cat",
        "git grep -l --no-name-only x | xargs cat",
        "git log --name-only | xargs cat",
        "git show --name-only | xargs cat",
        "git diff --name-only --line-prefix=/etc/ | xargs cat",
        "git ls-files --format=/etc/x | xargs cat",
        "git ls-files $x | xargs cat",
        "git ls-files -s | xargs cat",
        "grep -rel . | xargs cat",
        "grep -l --label=/etc/x y < f | xargs cat",
        "rg -L x | xargs cat",
        "ls -l | xargs cat",
    ]);
    pass(&[
        "git grep -l x | xargs sed -n 1p",
        "git grep -il x -- '*.rs' | xargs wc -l",
        "git grep --name-only x | xargs grep y",
        "git ls-files '*.rs' | xargs wc -l",
        "git ls-files *.rs | xargs wc -l",
        "git diff --name-only HEAD~1 | xargs cat",
        "git diff --name-only --staged --diff-filter=d | xargs wc -l",
        "git diff-tree --no-commit-id --name-only -r HEAD | xargs cat",
        "git log --name-only --format= -n 3 | sort -u | xargs wc -l",
        "grep -rl x src | xargs wc -l",
        "grep -rEl x src | xargs wc -l",
        "rg -il x | xargs wc -l",
        "rg --files | xargs wc -l",
        "ls src | xargs echo",
        "ls -1t | head -3 | xargs cat",
        "find . -name '*.rs' | xargs wc -l",
    ]);
}

#[test]
fn formatters_are_asked_about_where_hooks_and_settings_are_named() {
    for command in [
        "prettier --write .github",
        "npx prettier --write '.github/**/*.yml'",
        "prettier -w .vscode/tasks.json",
        "ruff format .claude",
        "ruff check --fix .github/x.py",
        "black .claude/x.py",
        "python -m black .claude/x.py",
        "eslint --fix .github",
        "biome format --write .vscode",
        "shfmt -w .husky/pre-commit",
    ] {
        does(command, Class::Persistence);
    }
    pass(&[
        "prettier --write .",
        "prettier --write src",
        "prettier --check .github",
        "black --check .github",
        "ruff check .github",
        "ruff format src",
        "eslint .github",
        "black .",
    ]);
}

#[test]
fn files_by_which_editors_agents_and_interpreters_run_things_are_settings() {
    for path in [
        ".devcontainer.json",
        ".gitpod.yml",
        ".zed/tasks.json",
        ".kiro/hooks/x.json",
        ".roo/x",
        ".clinerules",
        ".exrc",
        ".nvim.lua",
        ".psqlrc",
        ".Rprofile",
        "x.code-workspace",
        ".venv/bin/activate",
        "node_modules/.bin/tsc",
    ] {
        let written = derive("Write", &json!({ "file_path": path }), CWD, Limits::default());
        assert!(written.any(&[Class::Persistence]), "{path}: {:?}", written.classes);
    }
    for path in ["AGENTS.md", "CLAUDE.md", "src/bin/x.rs", "bin/x", "node_modules/x/index.js", "devcontainer.md"] {
        let written = derive("Write", &json!({ "file_path": path }), CWD, Limits::default());
        assert!(written.only(&[Class::Writes]), "{path}: {:?}", written.classes);
    }
    pass(&["rm -rf node_modules .venv", ". .venv/bin/activate && pytest", "node_modules/.bin/eslint src"]);
}
