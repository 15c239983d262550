//! git commands whose other options turn a query into a change, or throw work away.

use super::{does, only, told_apart};
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

#[test]
fn files_that_git_reads_without_a_repository_are_read_whole() {
    for command in [
        "git diff --no-index /tmp/empty ~", "git diff --no-index -- /dev/null /", "git diff /dev/null ~",
        "git diff --no-index a ~/.netrc", "git -C ~ grep --no-index TOKEN", "git -C .. grep --no-index password",
        "git grep --no-index password ..", "git grep --no-index -e password ~",
    ] {
        does(command, Class::Credentials);
    }
    pass(&[
        "git diff --no-index a b", "git grep --no-index foo", "git grep --no-index -e foo src",
        "git diff HEAD~1 -- src",
    ]);
}

#[test]
fn a_file_behind_a_colon_is_read_as_it_was_recorded() {
    for command in [
        "git log -L 1,5:.env", "git log -L1,5:.env", "git log -L :main:.env", "git log -L '/x/,/y/:.env'",
        "git show -L 1,5:.env", "git -C config log -L 1,5:.env", "git show HEAD:.env",
        "git config --blob HEAD:.env --list", "git config --blob=HEAD:.env -l",
    ] {
        does(command, Class::Credentials);
    }
    does("git log -L 1,5:$f", Class::Unknown);
    pass(&["git log -L 1,5:src/main.rs", "git blame -L 1,5 src/main.rs", "git config --blob HEAD:.gitmodules -l"]);
}

#[test]
fn git_config_reads_the_file_that_it_is_given() {
    for command in [
        "git config -f ~/.pypirc --list",
        "git config --file=/etc/mysql/debian.cnf --get-regexp .",
        "git config get --file ~/.my.cnf client.password",
        "git config -f /etc/NetworkManager/system-connections/home.nmconnection -l",
        "git config -f /opt/some/server.ini -l",
        "git -C ~ config -f .pypirc -l",
        "git config --get http.extraheader",
        "git config get http.proxyPassword",
    ] {
        does(command, Class::Credentials);
    }
    does("git config -f \"$f\" -l", Class::Unknown);
    pass(&[
        "git config -f .gitmodules --list", "git config -f ~/.gitconfig -l", "git config -l",
        "git config --get user.name",
    ]);
}

#[test]
fn a_repository_that_an_agent_can_have_written_is_not_the_projects() {
    for command in [
        "git --git-dir=vendor/x.git --work-tree=. status",
        "git --git-dir vendor/x.git status",
        "git --git-dir=packages/a/.git log",
        "git -C vendor --git-dir=.git log",
        "git --git-dir=../.git status",
        "git --git-dir=$d status",
        "git --work-tree=/ status",
        "git --bare log",
        "echo x > x/HEAD",
        "cp a x/HEAD",
    ] {
        does(command, Class::Unknown);
    }
    does("git init --bare x; echo '[core] fsmonitor=id' >> x/config; cd x && git -C . status", Class::Persistence);
    pass(&[
        "git --git-dir=.git status", "git --git-dir .git --work-tree . log", "git --git-dir=$PWD/.git status",
        "cd src && git --git-dir=../.git log", "git -C src --git-dir=../.git log", "git --work-tree=src status",
        "git -C vendor/x status",
    ]);
    only("git init", &[Class::VcsChange]);
}

fn pass(commands: &[&str]) {
    commands.iter().for_each(|command| only(command, &[Class::Reads, Class::VcsQuery]));
}
