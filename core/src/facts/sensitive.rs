//! Paths that hold secrets, or decide what runs later. Compared without regard to case, as some file systems do.

use super::Class;

/// Why a path matters, beyond where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sensitive {
    /// What touching it comes to.
    pub(super) class: Class,
    /// True where reading it matters; else only changing it does.
    pub(super) on_read: bool,
    /// What it is.
    pub(super) what: &'static str,
}

/// Everything that `path` (absolute, or from `~`) matters for.
pub(super) fn sensitive(path: &str) -> Vec<Sensitive> {
    let lower = path.to_lowercase();
    let components: Vec<&str> = lower.split('/').filter(|component| !component.is_empty()).collect();
    let mut found: Vec<Sensitive> = RULES.iter().filter(|rule| rule.fits(&components)).map(Rule::sensitive).collect();
    if holds_secret(components.last().copied().unwrap_or_default()) {
        found.push(Sensitive { class: Class::Credentials, on_read: true, what: "a file of secrets" });
    }
    found
}

/// A sequence of components, and what lies there.
struct Rule {
    class: Class,
    on_read: bool,
    what: &'static str,
    /// Patterns of components, `/` between them; a leading `/` ties them to the top.
    places: &'static [&'static str],
}

impl Rule {
    fn sensitive(&self) -> Sensitive {
        Sensitive { class: self.class, on_read: self.on_read, what: self.what }
    }

    fn fits(&self, components: &[&str]) -> bool {
        self.places.iter().any(|place| match place.strip_prefix('/') {
            Some(place) => begins(components, place),
            None => (0..components.len()).any(|start| begins(components.get(start..).unwrap_or_default(), place)),
        })
    }
}

fn begins(components: &[&str], place: &str) -> bool {
    let mut rest = components.iter();
    place.split('/').all(|pattern| rest.next().is_some_and(|component| component_fits(component, pattern)))
}

/// A component against a pattern of ours (`*` at one end), and a component that is itself a pattern against our name.
fn component_fits(component: &str, pattern: &str) -> bool {
    if let Some(start) = pattern.strip_suffix('*') {
        return component.starts_with(start);
    }
    if let Some(end) = pattern.strip_prefix('*') {
        return component.ends_with(end);
    }
    component == pattern || component.contains(['*', '?', '[']) && could_become(component, pattern)
}

/// True where the shell may put `name` in the place of `component`. A pattern that says almost nothing (`*`) counts only for names
/// that it is clearly written for, else every `cat *` would be one of secrets.
fn could_become(component: &str, name: &str) -> bool {
    let known = component.split(['*', '?', '[']).next().unwrap_or_default();
    let said = if name.starts_with('.') { 1 } else { 2 };
    known.len() >= said && name.starts_with(known) && wildcard(component, name)
}

/// `*`, `?` and `[…]` (any one character) against a whole name.
fn wildcard(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = one_for_class(pattern);
    let name: Vec<char> = name.chars().collect();
    // Row by row: which lengths of `name` the pattern so far can have taken.
    let mut taken = vec![false; name.len() + 1];
    if let Some(first) = taken.first_mut() {
        *first = true;
    }
    for c in pattern {
        let mut next = vec![false; name.len() + 1];
        let mut open = false;
        for (at, slot) in next.iter_mut().enumerate() {
            let here = taken.get(at).copied().unwrap_or(false);
            let before = at > 0 && taken.get(at - 1).copied().unwrap_or(false);
            open |= here;
            *slot = match c {
                '*' => open,
                '?' => before,
                c => before && at > 0 && name.get(at - 1) == Some(&c),
            };
        }
        taken = next;
    }
    taken.last().copied().unwrap_or(false)
}

fn one_for_class(pattern: &str) -> Vec<char> {
    let mut out = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '[' && chars.clone().any(|c| c == ']') {
            chars.by_ref().find(|c| *c == ']');
            out.push('?');
        } else {
            out.push(c);
        }
    }
    out
}

/// True for names by which secrets go, wherever they lie.
fn holds_secret(name: &str) -> bool {
    let environment = name == ".env" || name.starts_with(".env.") && !HARMLESS_ENV.iter().any(|end| name.ends_with(end)) || could_become(name, ".env");
    let key = [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk"].iter().any(|end| name.ends_with(end));
    let named = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"].iter().any(|id| component_fits(name, id));
    let public = name.ends_with(".pub.key") || name.ends_with("cacert.pem");
    environment || named || key && !public || SECRET_NAMES.iter().any(|secret| component_fits(name, secret))
}

const HARMLESS_ENV: &[&str] = &[".example", ".sample", ".template", ".dist", ".defaults"];

const SECRET_NAMES: &[&str] = &[
    "credentials", "credentials.json", "credentials.toml", "credentials.yml", "credentials.yaml", "secrets.json", "filtered-secrets.json", "secrets.yml",
    "secrets.yaml", "secrets.toml", "secrets.env", "service-account*", "service_account*", ".htpasswd", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc",
    ".pypirc", ".git-credentials", ".vault-token", ".boto", ".s3cfg", ".bash_history", ".zsh_history", ".python_history", ".psql_history",
    ".node_repl_history", ".mysql_history", ".sqlite_history", "wallet.dat", "login.keychain-db", "master.key", "terraform.tfvars", "*.tfstate",
];

const fn secret(what: &'static str, places: &'static [&'static str]) -> Rule {
    Rule { class: Class::Credentials, on_read: true, what, places }
}

const fn lasting(what: &'static str, places: &'static [&'static str]) -> Rule {
    Rule { class: Class::Persistence, on_read: false, what, places }
}

const RULES: &[Rule] = &[
    secret("keys for SSH, GPG or passwords", &[".ssh", ".gnupg", ".password-store", ".keychain", "library/keychains", ".local/share/keyrings"]),
    secret(
        "access to a cloud or registry",
        &[
            ".aws", ".azure", ".kube", ".oci", ".config/gcloud", ".config/gh", ".config/hub", ".config/doctl", ".docker/config.json", ".cargo/credentials*",
            ".gem/credentials", ".m2/settings.xml", ".terraform.d", ".config/op", ".config/rclone", ".config/heroku", ".config/netlify", ".fly", ".config/git/credentials",
        ],
    ),
    secret(
        "an agent's own login",
        &[".claude/.credentials.json", ".codex/auth.json", ".gemini/oauth_creds.json", ".gemini/google_accounts.json", ".copilot/config.json", ".config/github-copilot", ".kimi-code/credentials*"],
    ),
    secret("passwords of the system", &["/etc/shadow*", "/etc/gshadow*", "/etc/sudoers*", "/etc/ssl/private", "/etc/ssh", "/etc/krb5.keytab", "/var/run/secrets", "/run/secrets"]),
    secret("the memory or environment of a process", &["/proc/self/environ", "/proc/self/mem", "/proc/kcore", "/dev/mem", "/dev/kmem"]),
    secret("a browser's profile", &[".mozilla", ".config/google-chrome", ".config/chromium", ".config/bravesoftware", "library/application support/google", "library/cookies"]),
    lasting("keys that let others in", &[".ssh"]),
    lasting(
        "a shell's start-up file",
        &[
            ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".bashrc.d", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin",
            ".zlogout", ".oh-my-zsh", ".kshrc", ".cshrc", ".tcshrc", ".login", ".inputrc", ".config/fish", ".xprofile", ".xinitrc", ".xsession", ".xsessionrc",
            ".pam_environment", ".config/environment.d", ".envrc", ".config/direnv", "/etc/profile*", "/etc/bash*", "/etc/zsh*", "/etc/environment",
        ],
    ),
    lasting(
        "a hook or setting of version control",
        &[
            ".git", ".githooks", ".husky", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".gitconfig",
            ".config/git", "/etc/gitconfig", ".hg/hgrc", ".hgrc", ".gitmodules",
        ],
    ),
    lasting(
        "CI",
        &[
            ".github", ".gitlab-ci.yml", ".gitlab-ci.yaml", ".circleci", "jenkinsfile", ".travis.yml", "azure-pipelines.yml", ".buildkite",
            "bitbucket-pipelines.yml", ".drone.yml", ".woodpecker*", "appveyor.yml", ".appveyor.yml", ".teamcity", ".forgejo", ".gitea", "cloudbuild.yaml",
            "codefresh.yml", "codeowners",
        ],
    ),
    lasting(
        "an agent's or editor's settings",
        &[
            ".claude", ".claude.json", ".mcp.json", "mcp.json", ".codex", ".gemini", ".cursor", ".cursorrules", ".copilot", ".kimi-code", ".kimi", ".continue",
            ".aider.conf.yml", ".windsurf", ".config/opencode", "opencode.json", ".vscode", ".idea", ".devcontainer", "/etc/claude-code", "/etc/codex",
            "/etc/gemini-cli", "/etc/github-copilot", "/etc/cursor",
        ],
    ),
    lasting(
        "a service or timer",
        &[
            "/etc/cron*", "/etc/anacrontab", "/var/spool/cron", "/etc/systemd", "/usr/lib/systemd", "/lib/systemd", ".config/systemd", ".local/share/systemd",
            "library/launchagents", "library/launchdaemons", ".config/autostart", "/etc/xdg/autostart", "/etc/init.d", "/etc/init", "/etc/rc.local", "/etc/rc.d",
            "/etc/udev", ".local/share/applications",
        ],
    ),
    lasting(
        "what the system loads or whom it trusts",
        &[
            "/etc/ld.so*", "/etc/pam*", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/sudoers*", "/etc/apt",
            "/etc/ssl", "/usr/local/share/ca-certificates", "/etc/modprobe.d", "/etc/sysctl*", "/proc/sys",
        ],
    ),
    lasting(
        "settings by which a tool runs programs",
        &[
            ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".cargo/config", ".cargo/config.toml", ".pip", ".config/pip", "pip.conf", ".pypirc", ".vimrc",
            ".vim", ".config/nvim", ".emacs", ".emacs.d", ".config/emacs", ".tmux.conf", ".screenrc", ".pdbrc", ".pythonrc", "sitecustomize.py",
            "usercustomize.py", ".gdbinit", ".lldbinit", ".gemrc", ".irbrc", ".perldb", ".wgetrc", ".curlrc", ".config/curlrc", ".mise.toml", "mise.toml",
            ".rustup/toolchains", ".cargo/bin", ".local/bin", ".docker/cli-plugins",
        ],
    ),
    Rule {
        class: Class::HookSettings,
        on_read: false,
        what: "the file in which an agent's hooks are set",
        places: &[
            ".claude/settings.json", ".claude/settings.local.json", ".codex/hooks.json", ".codex/config.toml", ".gemini/settings.json", ".copilot/hooks",
            ".copilot/settings.json", ".github/hooks", ".kimi-code/config.toml", ".cursor/hooks.json", "/etc/claude-code", "/etc/codex", "/etc/gemini-cli",
            "/etc/github-copilot", "/etc/cursor",
        ],
    },
    Rule {
        class: Class::Bridge,
        on_read: true,
        what: "the bridge's own files",
        places: &[".config/ccc", ".local/share/ccc", "/run/user/*/ccc", "/run/ccc", "/etc/ccc"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(path: &str, read: bool) -> Vec<Class> {
        sensitive(path).into_iter().filter(|s| s.on_read || !read).map(|s| s.class).collect()
    }

    #[test]
    fn secrets_are_found_where_they_lie_and_by_name() {
        for path in [
            "~/.ssh/id_rsa", "/home/me/.aws/credentials", "/root/.netrc", "/p/.env", "/p/.env.production", "/p/tls/server.pem", "/etc/shadow",
            "/home/me/.docker/config.json", "/HOME/ME/.SSH/config", "/home/me/.s*/x", "/home/me/.ss?/id_*", "/p/.e[n]v", "/proc/self/environ", "/p/secrets.json",
        ] {
            assert!(classes(path, true).contains(&Class::Credentials), "{path}");
        }
    }

    #[test]
    fn ordinary_files_are_not_sensitive() {
        for path in ["/p/src/main.rs", "/p/*", "/p/*.rs", "/p/src/*", "/p/.env.example", "/p/docs/ssh.md", "/p/environment.ts", "/p/gitignore", "/p/src/key.rs", "/p/package.json", "/p/*.json", "/p/s*.rs"] {
            assert_eq!(sensitive(path), [], "{path}");
        }
    }

    #[test]
    fn what_runs_later_matters_when_it_is_changed() {
        for path in [
            "~/.bashrc", "/p/.git/hooks/pre-commit", "/p/.github/workflows/ci.yml", "/p/.claude/commands/x.md", "/etc/cron.d/x", "/home/me/.config/systemd/user/x.service", "/p/.envrc",
            "/p/.husky/pre-push", "/p/.vscode/tasks.json",
        ] {
            assert!(classes(path, false).contains(&Class::Persistence), "{path}");
            assert!(!classes(path, true).contains(&Class::Persistence), "{path}");
        }
    }

    #[test]
    fn hook_settings_and_the_bridge_are_classes_of_their_own() {
        assert!(classes("/p/.claude/settings.local.json", false).contains(&Class::HookSettings));
        assert!(classes("~/.codex/config.toml", false).contains(&Class::HookSettings));
        assert!(classes("~/.config/ccc/config.toml", true).contains(&Class::Bridge));
        assert!(classes("/run/user/1000/ccc/ccc.sock", true).contains(&Class::Bridge));
    }
}
