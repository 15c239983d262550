//! Code and places that a call hides: in arithmetic, in variables, in names, in directories that only the search knows.

use serde_json::json;

use super::{CWD, does, only, told_apart};
use crate::facts::{Class, Knowledge, derive};

const HARMLESS: &[Class] =
    &[Class::Reads, Class::VcsQuery, Class::Builds, Class::Writes, Class::Deletes, Class::VcsChange];

fn unknown(commands: &[&str]) {
    commands.iter().for_each(|command| does(command, Class::Unknown));
}

fn pass(commands: &[&str]) {
    commands.iter().for_each(|command| only(command, HARMLESS));
}

#[test]
fn an_expansion_that_runs_its_value_is_unknown() {
    unknown(&[
        "x='$(touch ../out/a)'; echo ${x@P}", "x='$(touch ../out/a)'; echo \"${x@P}\"", "x=('$(id)'); echo ${x[0]@P}",
        "x=('$(id)'); echo ${x[$i]@P}", "echo ${x:-${y@P}}", "echo \"${x@\\\nP}\"", "x='a[$(id)]'; echo ${!x}",
        "x='$(id)'; echo ${(e)x}", "x='a[0+$(id)]'; ls",
    ]);
    pass(&[
        "x=a; echo ${x@Q} ${x^^} ${x@U}",
        "echo ${x:-default} \"${y:-}\" ${z:+set}",
        "f=a.rs; echo ${f%.rs} ${f##*/} ${#f}",
        "a=(1 2); for i in \"${!a[@]}\"; do echo $i; done",
        "echo ${a[@]} ${a[0]} ${#a[@]} $! ${!}",
        "x='[a] $(b)'; echo \"$x\"",
    ]);
}

#[test]
fn arithmetic_on_what_is_not_known_is_unknown() {
    unknown(&[
        "read x < f; echo $((x))",
        "read -r x < f; echo $(( 1 + x ))",
        "x=$(cat f); [[ $x -eq 0 ]]",
        "x=$(cat f); [[ 0 -lt x ]] && ls",
        "[[ $(cat f) -gt 3 ]]",
        "x=$(cat f); let x",
        "x=$(cat f); let \"y = x + 1\"",
        "builtin let \"$(cat f)\"",
        "declare -i n; n=$(cat f)",
        "declare -i n=$(cat f)",
        "declare -ri n=$(cat f)",
        "x=$(cat f); echo ${a[$x]}",
        "x=$(cat f); echo ${a[x]}",
        "x=$(cat f); echo ${#a[$x]}",
        "x=$(cat f); echo ${y:$x}",
        "x=$(cat f); echo \"${y:0:x}\"",
        "x=$(cat f); echo ${@:x}",
        "x=$(cat f); a[x]=1",
        "x=$(cat f); a=([x]=1)",
        "x=$(cat f); echo $a[$x]",
        "x=$(cat f); (( x > 1 ))",
        "x=$(cat f); for ((i=x; i<3; i++)); do ls; done",
        "x=$(cat f); case $((x)) in 1) ls;; esac",
        "x=$(cat f); cat <<E\n$((x))\nE",
        "x=$(cat f); echo ${y:-$((x))}",
        "x=$(cat f); y=x; echo $((y))",
        "x=$(cat f); y=$x; echo $((y))",
        "x=$(cat f); echo $((${x}))",
        "x=$(cat f); echo $((${x%a}))",
        "x=$(cat f); [[ -v a[$x] ]]",
        "x=$(cat f); [ -v \"a[$x]\" ]",
        "x=$(cat f); echo \"$a[1] $b[$x]\"",
        "x=$(cat f); unset \"$x\"",
        "read \"$x\" < f",
        "x=$(cat f); exit $x",
        "for x in $(cat f); do echo $((x)); done",
        "while read x; do ((n+=x)); done < f",
        "mapfile -t x < f; echo $((x))",
        ": ${x:=$(cat f)}; echo $((x))",
        "echo $(( $(cat f) ))",
        "echo $(( a[\\$(id)] ))",
        "bash -c 'echo $(($1))' _ \"$(cat f)\"",
        "set -- \"$(cat f)\"; echo $(($1))",
        "x=$(cat f) bash -c 'echo $((x))'",
        ". ./f; echo $((x))",
        "x=$(date +%s; cat f); echo $((x))",
        "x=$(wc -l f); echo $((x))",
        "RANDOM=$(cat f)",
        "printf %d \"$(cat f)\"",
        "x=$(cat f); printf '%s %05d\\n' a \"$x\"",
        "printf '%s %d' $(cat f)",
        "ksh -c 'x=$(cat f); [ $x -eq 0 ]'",
    ]);
    pass(&[
        "echo $((i+1))",
        "echo $((1 + 2 * 3)) $((0x1f))",
        "for i in 1 2 3; do echo $((i*2)); done",
        "for i in {1..5}; do echo $((i*2)); done",
        "for i in $(seq 1 5); do echo $((i*2)); done",
        "for ((i=0; i<3; i++)); do echo $i; done",
        "i=0; while [ $i -lt 5 ]; do echo $i; i=$((i+1)); done",
        "i=0; while ((i < 3)); do ((i++)); done",
        "x=5; y=x; echo $((y))",
        "n=3; let n++; let 'n = n + 1'; echo $n",
        "declare -i n=5; n=7; echo $((n))",
        "export N=5; echo $((N*2))",
        "[[ -n $x ]] && echo yes",
        "x=$(cat f); [[ -n $x ]] && [[ $x == a* ]]",
        "x=$(cat f); [ \"$x\" = a ]",
        "[[ $? -eq 0 ]] || echo failed",
        "ls; [[ ${PIPESTATUS[0]} -eq 0 ]]",
        "a=(1 2); [[ ${#a[@]} -gt 1 ]] && echo ${a[1]}",
        "n=$(wc -l < f); [[ $n -gt 3 ]] && echo $((n-1))",
        "n=$(git ls-files | wc -l); echo $((n * 2))",
        "start=$(date +%s); cargo test; echo $(( $(date +%s) - start ))",
        "n=$(nproc 2>/dev/null); echo $((n / 2))",
        "x=abcdef; echo ${x:0:3} ${x: -2} ${x:1}",
        "ls; rc=$?; exit $rc",
        "exit 1",
        "x=$(cat f); printf '%s %d%%\\n' \"$x\" 5",
        "for i in 1 2; do printf '%03d\\n' $i; done",
        "x=$(cat f); [ $x -eq 0 ]",
        "x=$(cat f); [ -v x ] && [[ -v x ]]",
        "sleep $((RANDOM % 5)); head -n $((n+1)) f",
        "for f in *.rs; do n=$(wc -l < \"$f\"); echo \"$f: $((n))\"; done",
        "if [[ $(git status --porcelain | wc -l) -gt 0 ]]; then git diff; fi",
        "while read -r line; do echo \"$line\"; done < f",
        "a=(x y); for i in 0 1; do echo \"${a[$i]} ${a[i]} ${a[@]:1}\"; done",
        "unset x y",
        "x=$(cat f); wait $x",
        "echo \"$name[INFO]\" \"[$x][$y]\"",
    ]);
}

#[test]
fn variables_that_change_programs_count_however_they_are_set() {
    unknown(&[
        ": ${GIT_EXTERNAL_DIFF:=./x}; export GIT_EXTERNAL_DIFF; git diff",
        ": ${LD_PRELOAD=./x.so}; export LD_PRELOAD; ls",
        "echo \"${PAGER:=./x}\"",
        "case ${BASH_ENV:=./x} in a) ls;; esac",
        "cat <<E\n${GIT_SSH_COMMAND:=./x}\nE",
        "echo ${a:-${PATH:=./x}}",
        "set -k; git diff GIT_EXTERNAL_DIFF='sh -c x'",
        "set -ek; git diff",
        "set -o keyword; git diff",
        "set -eo keyword; git diff",
        "set $x; git diff",
        "set -A path ./x; ls",
        "declare -n x=PATH; x=./x; ls",
        "typeset -gn x=PATH; x=./x; ls",
        "BASH_ENV=1 bash -c ls",
        "GIT_CONFIG_GLOBAL=1 git status",
        "LD_LIBRARY_PATH=1 ls",
        "GIT_DIR=1 git status",
        "GIT_EXTERNAL_DIFF=true git diff",
        "LD_AUDIT=1 ls",
        "RUSTC_WRAPPER=1 cargo build",
        "export BASH_ENV=1",
        "((BASH_ENV = 1)); export BASH_ENV",
        "let GIT_DIR=1",
        "functions[ls]='curl x|sh'; ls",
        "functions=(ls 'curl x|sh'); ls",
        "aliases[ls]='curl x|sh'",
        "commands[ls]=./x; ls",
        "export 'PATH+=:x'",
        "ls {BASH_ENV}>x; bash -c ls",
        "read 'PATH[0]' < f",
    ]);
    pass(&[
        "set -e; ls", "ls {fd}>x", "set -euo pipefail; cargo test", "set -x +u; ls", "set -o pipefail -o errexit; ls",
        "set -- a b; echo $1", ": ${x:=5} ${LOG:=debug}; echo $x", ": ${GIT_PAGER:=cat}; git log", "declare -a xs; ls",
        "declare -r x=5", "GIT_TRACE=1 git status", "GIT_TERMINAL_PROMPT=0 git status", "RUSTC_WRAPPER= cargo build",
        "CARGO_BUILD_JOBS=4 cargo build", "PYTHONFAULTHANDLER=1 pytest", "npm_config_yes=true npm test",
        "MALLOC_ARENA_MAX=2 cargo test", "SECONDS=0; ls; echo $SECONDS",
    ]);
}

#[test]
fn what_a_search_runs_where_it_found_something_is_unknown() {
    unknown(&[
        "find ../other -maxdepth 1 -name Cargo.toml -execdir rm -rf src \\;",
        "find ../other -name Makefile -execdir make \\;",
        "find . -name pre-commit.sample -execdir cp /tmp/x pre-commit \\;",
        "find . -name x -okdir rm y \\;",
        "find . -name x -exec cp y {}/../../z \\;",
    ]);
    pass(&[
        "find . -name '*.rs' -exec grep -l foo {} +",
        "find src -type f -exec head -1 {} \\;",
        "find . -name '*.o' -exec rm {} +",
    ]);
}

#[test]
fn a_hook_is_one_in_whatever_directory_it_was_found() {
    for command in [
        "find . -type d -name hooks -exec cp evil {}/pre-commit \\;",
        "find . -type d -name 'hook*' -exec cp evil {}/x \\;",
        "find . -name workflows -exec cp evil {}/x.yml \\;",
        "find . -type d -exec cp evil {}/x.yml \\;",
        "find . -type d -empty -exec cp evil {}/x.yml \\;",
        "find . -name .git -exec cp evil {}/info/x \\;",
        "find . -type d -name hooks | xargs -I{} cp evil {}/x",
        "find .git/hooks src -type d -exec cp evil {}/pre-commit \\;",
        "find .git/hooks src -type d | xargs -I{} cp evil {}/pre-commit",
    ] {
        does(command, Class::Persistence);
    }
    pass(&[
        "find src -type d -exec touch {}/.gitkeep \\;",
        "find . -type d -name fixtures -exec touch {}/x.txt \\;",
        "find . -type d -name hooks -exec ls {} \\;",
    ]);
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
        assert!(derive(tool, &input, CWD, &Knowledge::default()).any(&[Class::Credentials]), "{tool} {input}");
    }
    pass(&[
        "cat /proc/cpuinfo /proc/meminfo", "rg processor /proc/cpuinfo", "cat /proc/self/status",
        "cat /proc/1/cmdline", "cat /etc/*-release", "grep -r foo .config library", "grep -r foo .cargo",
        "grep -rn foo ~/.cargo/registry/src", "ls ~/.config/nvim", "cat .config/*",
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
fn blanks_in_names_do_not_lead_out_of_the_project() {
    unknown(&[
        "find 'x ' -type f | xargs rm -f",
        "find 'x ' -type f | xargs -n10 rm -f",
        "find 'x ' -type f | xargs -P 10 rm -f",
        "find 'x /home' -type f | xargs cat",
        "x='x '; find \"$x\" -type f | xargs rm -f",
        "find 'x ' -type f | xargs sh -c 'rm $0'",
        "git ls-files 'x ' | xargs rm",
        "mkdir -p 'x /home/dev'",
        "touch 'x /home/dev/notes'",
        "echo a > 'x ../y'",
        "touch 'x --pre=sh'",
    ]);
    let written = derive("Write", &json!({ "file_path": "x /home/dev/notes" }), CWD, &Knowledge::default());
    assert!(written.any(&[Class::Unknown]));
    pass(&[
        "find . -name '*.pyc' | xargs rm -f",
        "find 'My Documents' -type f -print0 | xargs -0 wc -l",
        "find 'My Documents' -type f -print0 | xargs -r0n1 wc -l",
        "find 'My Documents' -type f | xargs -d '\\n' wc -l",
        "grep -rl x src | xargs sed -i 's/a b/c/'",
        "mkdir -p 'My Documents/a b'",
        "touch 'Report - 2024.txt'",
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
        "prettier --write .", "prettier --write src", "prettier --check .github", "black --check .github",
        "ruff check .github", "ruff format src", "eslint .github", "black .",
    ]);
}

#[test]
fn files_by_which_editors_agents_and_interpreters_run_things_are_settings() {
    for path in [
        ".devcontainer.json", ".gitpod.yml", ".zed/tasks.json", ".kiro/hooks/x.json", ".roo/x", ".clinerules", ".exrc",
        ".nvim.lua", ".psqlrc", ".Rprofile", "x.code-workspace", ".venv/bin/activate", "node_modules/.bin/tsc",
    ] {
        let written = derive("Write", &json!({ "file_path": path }), CWD, &Knowledge::default());
        assert!(written.any(&[Class::Persistence]), "{path}: {:?}", written.classes);
    }
    for path in ["AGENTS.md", "CLAUDE.md", "src/bin/x.rs", "bin/x", "node_modules/x/index.js", "devcontainer.md"] {
        let written = derive("Write", &json!({ "file_path": path }), CWD, &Knowledge::default());
        assert!(written.only(&[Class::Writes]), "{path}: {:?}", written.classes);
    }
    pass(&["rm -rf node_modules .venv", ". .venv/bin/activate && pytest", "node_modules/.bin/eslint src"]);
}

#[test]
fn names_that_are_printed_or_taken_by_lines_are_not_taken_apart() {
    told_apart(
        &[
            "ls src | xargs -I{} -n1 cat 'mod {}'",
            "ls src | xargs -I{} -L1 cat 'mod {}'",
            "ls -1 src | xargs -I{} sh -c 'cat {}'",
            "ls -1 src | xargs -I{} rm -rf /home/dev/{}",
            "find . -name '* *' | xargs rm",
        ],
        &[
            "ls -1 src | xargs -I{} echo \"mod {};\"",
            "ls src | xargs -I % printf 'pub mod %s\\n' 'a %'",
            "ls src | xargs -I{} grep -n 'x' 'src/{}'",
        ],
    );
}
