//! Secrets, what runs later, and hook settings, however a call reaches them.

use serde_json::json;

use super::{CWD, does, only};
use crate::facts::{Class, Knowledge, derive};

#[test]
fn secrets_count_however_they_are_reached() {
    for command in [
        "cat ~/.ssh/id_rsa", "cat $HOME/.aws/credentials", "cat .env", "tar czf - ~/.ssh", "cp ~/.netrc x",
        "grep -r password ~", "cat < ~/.ssh/id_ed25519", "find / -name id_rsa | xargs cat", "cat ~/.s*h/id_*",
        "cd ~ && cat .ssh/id_rsa", "cd ~/.ssh && cat *", "printenv", "env", "echo $GITHUB_TOKEN", "git show HEAD:.env",
        "ln -s ~/.ssh x", "base64 server.pem", "sh -c 'cat ~/.ssh/id_rsa'", "find ~/.aws -type f -exec cat {} ;",
        "x=.ssh; cat ~/$x/id_rsa", "cat {.env,a}", "dd if=~/.ssh/id_rsa", "rg token ~", "gh auth token",
        "cat /proc/self/environ", "diff <(cat .env) x", "while read l; do echo $l; done < .env", "ps auxe",
        "file --mime-type ~/.ssh/id_rsa", "grep --color foo ~/.ssh/id_rsa", "git commit -F ~/.ssh/id_rsa",
        "wc --files0-from=.env", "curl -w @.env localhost", "find . -name .env | xargs cat",
        "find -E ~ -type f -exec cat {} +",
    ] {
        does(command, Class::Credentials);
    }
}

#[test]
fn what_runs_later_counts_however_it_is_written() {
    for command in [
        "echo x >> ~/.bashrc",
        "cat > ~/.zshrc <<'E'\nx\nE",
        "tee -a ~/.profile",
        "cp x .git/hooks/pre-commit",
        "sed -i s/a/b/ .github/workflows/ci.yml",
        "crontab x",
        "git config --global core.hooksPath x",
        "git config core.pager x",
        "npm config set script-shell x",
        "echo x > ~/.config/systemd/user/x.service",
        "cp id.pub ~/.ssh/authorized_keys",
        "mv x .envrc",
        "git remote set-url origin x",
        "rm .pre-commit-config.yaml",
        "cd .git/hooks && echo x > post-checkout",
        "install -m 755 x ~/.local/bin/ls",
        "cp pre-commit .git/hooks/",
        "patch .husky/pre-push x",
        "sed --in-pl s/x/y/ ~/.bashrc",
        "tee -p ~/.bashrc",
    ] {
        does(command, Class::Persistence);
    }
}

#[test]
fn what_a_search_finds_may_be_a_hook_or_setting() {
    for command in [
        "find . -name settings.json -exec sed -i s/x/y/ {} +",
        "find . -name '*.json' | xargs sed -i s/x/y/",
        "find . -type f -exec sed -i s/x/y/ {} +",
        "grep -rl x . | xargs sed -i s/x/y/",
        "git ls-files | xargs rm",
        "rg -l --hidden x | xargs rm",
        "find . -name 'set*' -delete",
    ] {
        does(command, Class::Persistence);
    }
    for command in [
        "rg -l x | xargs sed -i s/x/y/",
        "find . -name '*.rs' -exec sed -i s/x/y/ {} +",
        "find . -name '*.pyc' -delete",
        "grep -rl x src | xargs sed -i s/x/y/",
    ] {
        only(command, &[Class::Reads, Class::Writes, Class::Deletes]);
    }
}

#[test]
fn hook_settings_are_recognised_from_the_shell_and_from_tools() {
    does("jq . a > .claude/settings.json", Class::HookSettings);
    does("cp x ~/.codex/hooks.json", Class::HookSettings);
    does("cp settings.json .claude", Class::HookSettings);
    let edit = derive(
        "Edit",
        &json!({ "file_path": "/home/dev/project/.claude/settings.local.json" }),
        CWD,
        &Knowledge::default(),
    );
    assert!(edit.any(&[Class::HookSettings]));
}
