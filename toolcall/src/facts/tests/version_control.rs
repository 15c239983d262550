//! git commands whose other options turn a query into a change, or throw work away.

use super::{does, told_apart};
use crate::facts::Class;

#[test]
fn a_patch_is_only_looked_at_where_no_option_applies_it() {
    told_apart(
        &[
            "git apply --stat --apply evil.patch",
            "git apply --check --apply --unsafe-paths evil.patch",
            "git apply --check --appl evil.patch",
            "git apply --check --no-check evil.patch",
            "git apply --check --build-fake-ancestor=.envrc evil.patch",
            "git apply p.patch",
        ],
        &["git apply --check p.patch", "git apply --stat p.patch", "git apply --numstat p.patch", "git am --abort"],
    );
}

#[test]
fn an_option_that_is_taken_back_does_not_make_a_query() {
    told_apart(
        &[
            "git clean -n --no-dry-run -fdx",
            "git rm --cached --no-cached ../x",
            "git restore --staged --no-staged src/a.rs",
        ],
        &["git clean -n", "git clean --dry-run -d", "git rm --cached a.txt", "git restore --staged src/a.rs"],
    );
}

#[test]
fn a_setting_is_found_behind_the_options_with_values() {
    told_apart(
        &[
            "git config --comment color.x core.hooksPath evil",
            "git config --comm color.x core.hooksPath evil",
            "git config --c color.x core.hooksPath evil",
            "git config set --comment color.x core.hooksPath evil",
            "git config --type path core.hooksPath evil",
            "git config edit",
            "git config rename-section a b",
        ],
        &[
            "git config user.email", "git config user.name me", "git config set user.name me",
            "git config --get core.hooksPath", "git config --type bool --get core.bare",
        ],
    );
}

#[test]
fn work_thrown_away_is_told_from_work_switched() {
    for command in [
        "git switch -f main",
        "git switch --force main",
        "git switch --discard-changes main",
        "git switch -C main HEAD~3",
        "git switch --force-create main HEAD~3",
        "git checkout -B main HEAD~5",
        "git checkout HEAD~5 Makefile",
        "git checkout Makefile",
        "git checkout src/",
        "git checkout -p",
        "git branch -f main HEAD~5",
        "git branch --force main HEAD~5",
        "git branch -C a main",
        "git worktree add -B main sub HEAD~5",
        "git fetch . +HEAD~5:main",
        "git fetch --force . HEAD~5:main",
        "git pull . +HEAD~5:main",
        "git fetch -p . 'refs/heads/none/*:refs/heads/*'",
    ] {
        does(command, Class::Discards);
    }
    told_apart(
        &["git fetch --refmap=+refs/heads/*:refs/heads/* .", "git bisect view clean -fdx", "git bisect replay x"],
        &[
            "git switch main", "git switch -c x", "git switch -c x origin/main", "git checkout main",
            "git checkout HEAD", "git checkout JIRA-12", "git checkout -b x", "git checkout -b x origin/main",
            "git checkout -q --track origin/x", "git branch x", "git branch -d x", "git bisect start",
            "git bisect bad HEAD~2",
        ],
    );
}

#[test]
fn a_directory_of_a_repository_is_found_behind_the_options_with_values() {
    told_apart(
        &[
            "git init --separate-git-dir=/home/dev/x",
            "git init --separate-git-dir /home/dev/x",
            "git worktree add --lock --reason foo ../../x",
        ],
        &["git init", "git init sub", "git worktree add --lock --reason foo sub"],
    );
    does("git show --source HEAD:.env", Class::Credentials);
}

#[test]
fn a_query_that_starts_a_browser_or_pager_is_asked() {
    told_apart(&["git help -w log", "git help --web log", "git -p log"], &["git help log", "git --no-pager log"]);
}
