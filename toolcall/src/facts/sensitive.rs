//! Paths that hold secrets, or decide what runs later. Compared without regard to case, as some file systems do.

mod places;

use self::places::{RULES, Rule};
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

/// Everything that `path` (absolute, or from `~`) matters for. With `elsewhere` it lies outside of the project, where `*` in a place of
/// secrets stands for them; a project has directories of the same names.
pub(super) fn sensitive(path: &str, elsewhere: bool) -> Vec<Sensitive> {
    let lower = path.to_lowercase();
    let components: Vec<&str> = lower.split('/').filter(|component| !component.is_empty()).collect();
    let mut found: Vec<Sensitive> = RULES
        .iter()
        .filter(|rule| rule.fits(&components, elsewhere && rule.class == Class::Credentials))
        .map(Rule::sensitive)
        .collect();
    if holds_secret(components.last().copied().unwrap_or_default()) {
        found.push(Sensitive { class: Class::Credentials, on_read: true, what: "a file of secrets" });
    }
    found
}

/// True for the plans and the memory that Claude Code keeps for itself: text that it reads again, and nothing that runs or is obeyed as
/// a setting.
pub(super) fn is_agents_note(path: &str) -> bool {
    let name_is_plain = |name: &str| {
        let stem = name.strip_suffix(".md").unwrap_or_default();
        !stem.is_empty()
            && stem.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c))
            && !stem.starts_with(['-', '.', ' '])
    };
    let mut from_the_end = path.rsplit('/');
    let mut next = || from_the_end.next().unwrap_or_default();
    if !name_is_plain(next()) {
        return false;
    }
    match next() {
        "plans" => next() == ".claude",
        "memory" => !next().contains(['*', '?', '[']) && next() == "projects" && next() == ".claude",
        _ => false,
    }
}

/// True where what lies at this pattern of a path, anywhere beneath a project, may be something that runs later.
pub(super) fn may_last(pattern: &str) -> bool {
    let lower = pattern.to_lowercase();
    let lasting = |name: &str| LASTING_NAMES.iter().any(|known| wildcard(name, known));
    lower.is_empty() || lower.split('/').any(|name| !name.starts_with("[!.]") && lasting(name))
}

/// True where a place of secrets lies beneath `path`.
pub(super) fn holds_secrets(path: &str) -> bool {
    let lower = path.to_lowercase();
    let components: Vec<&str> =
        lower.split('/').filter(|component| !component.is_empty() && *component != "*").collect();
    RULES
        .iter()
        .filter(|rule| rule.on_read && rule.class == Class::Credentials)
        .any(|rule| rule.lies_beneath(&components))
}

/// Names that hooks, CI and settings go by.
const LASTING_NAMES: &[&str] = &[
    "hooks", "workflows", "settings.json", "settings.local.json", "hooks.json", "config.toml", "config.json", "config",
    "mcp.json", ".mcp.json", "tasks.json", "launch.json", "ci.yml", "ci.yaml", "main.yml", "test.yml", "release.yml",
    "pre-commit", "pre-push", "post-checkout", "post-commit", "commit-msg", "prepare-commit-msg", ".envrc", ".bashrc",
    ".npmrc", ".gitmodules", ".git", ".github", ".claude", ".codex", ".gemini", ".cursor", ".husky", ".vscode",
    "skill.md", "codeowners", "devcontainer.json",
];

impl Rule {
    fn sensitive(&self) -> Sensitive {
        Sensitive { class: self.class, on_read: self.on_read, what: self.what }
    }

    fn fits(&self, components: &[&str], patterns: bool) -> bool {
        self.places.iter().any(|place| match place.strip_prefix('/') {
            Some(place) => begins(components, place, patterns),
            None => {
                (0..components.len()).any(|start| begins(components.get(start..).unwrap_or_default(), place, patterns))
            }
        })
    }

    /// True where one of the places is in the directory of these components.
    fn lies_beneath(&self, components: &[&str]) -> bool {
        let parent = |components: &[&str], place: &str| {
            if !components.first().is_some_and(|first| may_begin(first, place)) {
                return false;
            }
            let place: Vec<&str> = place.split('/').collect();
            let along = || components.iter().zip(&place);
            components.len() < place.len()
                && along().all(|(component, pattern)| match *pattern {
                    "*" => is_process(component),
                    pattern => component_fits(component, pattern),
                })
        };
        self.places.iter().any(|place| match place.strip_prefix('/') {
            Some(place) => parent(components, place),
            None => (0..components.len()).any(|start| parent(components.get(start..).unwrap_or_default(), place)),
        })
    }
}

/// A directory of `/proc` that is a process or thread.
fn is_process(component: &str) -> bool {
    matches!(component, "self" | "thread-self")
        || component.chars().all(|c| c.is_ascii_digit())
        || component.contains(['*', '?', '['])
}

fn begins(components: &[&str], place: &str, patterns: bool) -> bool {
    if !components.first().is_some_and(|first| may_begin(first, place)) {
        return false;
    }
    let mut rest = components.iter();
    place.split('/').enumerate().all(|(nth, pattern)| {
        // Where what is before it was named, `*` is clearly written for what lies there.
        rest.next().is_some_and(|component| {
            component_fits(component, pattern) || patterns && nth > 0 && may_be(component, pattern)
        })
    })
}

/// False where the first characters say already that a place does not begin with this component.
fn may_begin(component: &str, place: &str) -> bool {
    let first = component.bytes().next();
    first == place.bytes().next() || first.is_some_and(|b| b"*?[".contains(&b)) || place.starts_with('*')
}

/// True where the shell may put a name that fits a pattern of ours in the place of `component`, a pattern itself.
fn may_be(component: &str, pattern: &str) -> bool {
    let name = pattern.trim_end_matches('*');
    let hidden = name.starts_with('.') && !component.starts_with('.');
    component.contains(['*', '?', '[']) && !hidden && component != "**" && wildcard(component, name)
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
    let harmless =
        HARMLESS_ENV.iter().any(|part| name.ends_with(part) || name.starts_with(part.trim_start_matches('.')));
    let environment = name == ".env"
        || name.strip_prefix(".env").is_some_and(|rest| rest.starts_with(['.', '~', '-', '_'])) && !harmless
        || name.ends_with(".env") && !name.contains(['*', '?', '[']) && !harmless
        || could_become(name, ".env");
    let key =
        [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk"].iter().any(|end| name.ends_with(end));
    let named = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"]
        .iter()
        .any(|id| component_fits(name, id));
    let public = name.ends_with(".pub.key") || name.ends_with("cacert.pem");
    environment
        || named
        || key && !public
        || SECRET_NAMES.iter().any(|secret| component_fits(name, secret) || fits_within(name, secret))
}

/// A name against a pattern of ours with a `*` between other text, of which there are few: this is slow.
fn fits_within(name: &str, pattern: &str) -> bool {
    pattern.trim_matches('*').contains('*') && wildcard(pattern, name)
}

const HARMLESS_ENV: &[&str] = &[".example", ".sample", ".template", ".dist", ".defaults"];

const SECRET_NAMES: &[&str] = &[
    "credentials", "credentials.json", "credentials.toml", "credentials.yml", "credentials.yaml", "secrets.json",
    "filtered-secrets.json", "secrets.yml", "secrets.yaml", "secrets.toml", "secrets.env", "service-account*",
    "service_account*", ".htpasswd", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc", ".git-credentials",
    ".vault-token", ".boto", ".s3cfg", ".bash_history", ".zsh_history", ".python_history", ".psql_history",
    ".node_repl_history", ".mysql_history", ".sqlite_history", "wallet.dat", "login.keychain-db", "master.key",
    "terraform.tfvars", "*.tfstate", ".envrc", "client_secret*.json", "*adminsdk*.json", "wp-config.php",
    "credentials.yml.enc", ".dockercfg", ".vault_pass*", "vault_pass*", "*.agekey", "secring.gpg", "*.kubeconfig",
    "kubeconfig", "token.json", "storagestate.json", "cookies.sqlite", "login data", "key4.db", "logins.json",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(path: &str, read: bool) -> Vec<Class> {
        sensitive(path, false).into_iter().filter(|s| s.on_read || !read).map(|s| s.class).collect()
    }

    #[test]
    fn secrets_are_found_where_they_lie_and_by_name() {
        for path in [
            "~/.ssh/id_rsa", "/home/me/.aws/credentials", "/root/.netrc", "/p/.env", "/p/.env.production",
            "/p/tls/server.pem", "/etc/shadow", "/home/me/.docker/config.json", "/HOME/ME/.SSH/config",
            "/home/me/.s*/x", "/home/me/.ss?/id_*", "/p/.e[n]v", "/proc/self/environ", "/p/secrets.json",
        ] {
            assert!(classes(path, true).contains(&Class::Credentials), "{path}");
        }
    }

    #[test]
    fn ordinary_files_are_not_sensitive() {
        for path in [
            "/p/src/main.rs", "/p/*", "/p/*.rs", "/p/src/*", "/p/.env.example", "/p/docs/ssh.md", "/p/environment.ts",
            "/p/gitignore", "/p/src/key.rs", "/p/package.json", "/p/*.json", "/p/s*.rs",
        ] {
            assert_eq!(sensitive(path, false), [], "{path}");
        }
    }

    #[test]
    fn what_runs_later_matters_when_it_is_changed() {
        for path in [
            "~/.bashrc",
            "/p/.git/hooks/pre-commit",
            "/p/.github/workflows/ci.yml",
            "/p/.claude/commands/x.md",
            "/etc/cron.d/x",
            "/home/me/.config/systemd/user/x.service",
            "/p/.envrc",
            "/p/.husky/pre-push",
            "/p/.vscode/tasks.json",
        ] {
            assert!(classes(path, false).contains(&Class::Persistence), "{path}");
            assert!(!classes(path, true).contains(&Class::Persistence), "{path}");
        }
    }

    #[test]
    fn an_agents_notes_are_its_plans_and_memory_and_nothing_beside_them() {
        for path in [
            "~/.claude/plans/fuzzy-hopping-owl.md",
            "/home/me/.claude/projects/-home-me-app/memory/MEMORY.md",
            "/home/me/.claude/projects/-home-me-app/memory/user role.md",
        ] {
            assert!(is_agents_note(path), "{path}");
        }
        for path in [
            "~/.claude/CLAUDE.md",
            "~/.claude/settings.json",
            "~/.claude/plans/x.sh",
            "~/.claude/plans/*.md",
            "~/.claude/plans/--x.md",
            "~/.claude/plans/deeper/x.md",
            "~/.claude/agents/x.md",
            "~/.claude/projects/*/memory/MEMORY.md",
            "~/.claude/projects/a/b/memory/MEMORY.md",
            "/p/plans/x.md",
        ] {
            assert!(!is_agents_note(path), "{path}");
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
