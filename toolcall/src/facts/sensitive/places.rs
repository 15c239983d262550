//! Where secrets lie, and what decides what runs later: places by their directories and names, in lower case.

use crate::facts::Class;

/// A sequence of components, and what lies there.
pub(super) struct Rule {
    pub(super) class: Class,
    pub(super) on_read: bool,
    pub(super) what: &'static str,
    /// Patterns of components, `/` between them; a leading `/` ties them to the top.
    pub(super) places: &'static [&'static str],
}

const fn secret(what: &'static str, places: &'static [&'static str]) -> Rule {
    Rule { class: Class::Credentials, on_read: true, what, places }
}

const fn lasting(what: &'static str, places: &'static [&'static str]) -> Rule {
    Rule { class: Class::Persistence, on_read: false, what, places }
}

pub(super) const RULES: &[Rule] = &[
    secret(
        "keys for SSH, GPG or passwords",
        &[".ssh", ".gnupg", ".password-store", ".keychain", "library/keychains", ".local/share/keyrings"],
    ),
    secret(
        "access to a cloud or registry",
        &[
            ".aws", ".azure", ".kube", ".oci", ".config/gcloud", ".config/gh", ".config/hub", ".config/doctl",
            ".docker/config.json", ".cargo/credentials*", ".cargo/credentials.toml", ".gem/credentials",
            ".m2/settings.xml", ".terraform.d", ".config/op", ".config/rclone", ".config/heroku", ".config/netlify",
            ".fly", ".config/git/credentials", ".config/glab-cli", ".config/tea", ".config/lab", ".config/hcloud",
            ".config/scw", ".config/linode-cli", ".config/flyctl", ".config/stripe", ".config/supabase",
            ".config/turso", ".config/containers/auth.json", ".terraformrc", ".terraform.rc",
            ".pulumi/credentials.json", ".vercel", ".local/share/com.vercel.cli", ".config/.wrangler",
            ".wrangler/config", ".cloudflared", ".railway", ".config/ngrok", ".ngrok2", ".snowflake", ".databrickscfg",
            ".dbt/profiles.yml", ".config/snowsql", ".snowsql", ".bluemix", ".aliyun", ".tccli", ".ibmcloud",
            ".kaggle", ".huggingface/token", ".cache/huggingface/token", ".config/wandb", ".sentryclirc",
            ".config/doppler", ".doppler", ".infisical", ".config/sops", ".config/age", ".mc/config.json",
            ".config/mc", ".config/kaggle", ".wandb", ".config/configstore", ".config/glab", ".stripe", ".jira.d",
            ".config/snowflake", ".config/argocd", ".argocd", ".config/helm/registry",
            ".config/helm/repositories.yaml", "/etc/kubernetes", "/etc/rancher", "/run/user/*/containers/auth.json",
            ".dockercfg", ".config/rbw", ".config/exercism", ".config/asciinema", ".local/share/atuin",
            ".config/ngrok", ".jupyter", ".ipython", ".config/databricks", ".config/fly", ".config/render",
            ".config/vercel", ".config/cloudflare", ".minio", ".config/pulumi", ".config/heroku", ".openstack",
            ".config/openstack", ".config/jira", ".config/jenkins", ".config/pgcli", ".config/mycli",
            ".config/litecli", ".dbeaver*", "dbeaverdata", ".config/gh-copilot", ".config/circleci",
            ".circleci/cli.yml", ".travis", ".consul-token", ".nomad-token", ".passwd-s3fs", ".netlify",
            ".serverlessrc", ".expo/state.json",
        ],
    ),
    secret(
        "a login of a package manager",
        &[
            ".yarnrc.yml", ".gradle/gradle.properties", ".config/pip", ".pip/pip.conf", ".nuget/nuget.config",
            ".nuget/nuget", ".composer/auth.json", ".config/composer/auth.json", ".bundle/config", ".hex/hex.config",
            ".pub-cache/credentials.json", ".config/dart/pub-credentials.json", ".config/uv",
            ".local/share/uv/credentials", ".config/pypoetry/auth.toml", ".conan/.conan.db",
            ".conan2/credentials.json", ".cabal/config", ".sbt/.credentials", ".ivy2/.credentials",
            ".m2/settings-security.xml", ".config/nuget", ".condarc", "/etc/pip.conf", ".config/pdm", ".config/hatch",
            ".renviron", ".julia/servers", ".local/share/hatch", ".config/npm", ".config/yarn", ".config/luarocks",
            ".luarocks", ".gem/gem_credentials",
        ],
    ),
    secret(
        "a wallet, or keys to one",
        &[
            ".config/solana", ".ethereum", ".bitcoin", ".electrum", ".monero", ".foundry/keystores",
            ".near-credentials", ".config/sui", ".aptos", ".cosmos",
        ],
    ),
    secret(
        "mail and messages",
        &[
            ".msmtprc", ".config/msmtp", ".fetchmailrc", ".getmailrc", ".mbsyncrc", ".offlineimaprc", ".muttrc",
            ".mutt", ".config/neomutt", ".thunderbird", ".config/evolution", ".config/signal", ".config/slack",
            ".config/discord", ".purple", ".irssi", ".config/hexchat", ".weechat", ".config/weechat", ".config/aerc",
            ".config/himalaya", ".config/telegram*", ".local/share/telegramdesktop",
        ],
    ),
    secret(
        "a store of passwords",
        &[
            ".config/1password", ".1password", ".config/bitwarden*", ".config/keepassxc", ".config/enpass",
            ".lastpass", ".config/gopass", ".local/share/gopass", ".authinfo*", ".config/sops-age",
            "/etc/networkmanager", "/etc/wpa_supplicant", "/etc/mysql/debian.cnf", "/etc/openvpn", "/etc/wireguard",
            "/var/lib/docker", ".smbcredentials", ".credentials", ".vault_pass*", ".ansible/vault_pass*", ".lftp",
            ".config/filezilla", ".vnc", ".putty", ".config/remmina", ".age", ".config/openvpn", "*.ovpn",
            ".xauthority", ".iceauthority", ".config/pulse/cookie", "/tmp/krb5cc_*", "/tmp/ssh-*", ".subversion/auth",
            ".svn/auth", ".hgrc", ".rediscli_auth", ".mylogin.cnf", ".mongorc.js", ".mongoshrc.js",
        ],
    ),
    secret(
        "an agent's own login",
        &[
            ".claude/.credentials.json", ".claude.json", ".config/openai", ".openai", ".anthropic",
            ".config/anthropic", ".local/share/opencode/auth.json", ".qwen/oauth_creds.json", ".config/goose", ".grok",
            ".codex/auth.json", ".gemini/oauth_creds.json", ".gemini/google_accounts.json", ".copilot/config.json",
            ".config/github-copilot", ".kimi-code/credentials*", ".kimi/config.toml", ".kimi/credentials*",
            ".cursor/mcp.json", ".cursor/auth.json", ".config/cursor/auth.json", ".continue/config*",
            ".aider.conf.yml", ".config/zed/settings.json", ".config/code/user/globalstorage",
            ".config/cursor/user/globalstorage", ".ollama/id_*",
        ],
    ),
    secret(
        "passwords of the system",
        &[
            "/etc/shadow*", "/etc/gshadow*", "/etc/sudoers*", "/etc/ssl/private", "/etc/ssh", "/etc/krb5.keytab",
            "/var/run/secrets", "/run/secrets",
        ],
    ),
    secret(
        "the memory or environment of a process",
        &[
            "/proc/*/environ", "/proc/*/mem", "/proc/*/task/*/environ", "/proc/*/task/*/mem",
            // All of the system once more, where a path says nothing of what it leads to.
            "/proc/*/root", "/proc/*/task/*/root", "/proc/kcore", "/dev/mem", "/dev/kmem",
        ],
    ),
    secret(
        "a disk, or what a person types, says and sees, without the system between",
        &[
            "/dev/sd*", "/dev/hd*", "/dev/vd*", "/dev/xvd*", "/dev/nvme*", "/dev/mmcblk*", "/dev/dm-*", "/dev/md*",
            "/dev/loop*", "/dev/disk*", "/dev/rdisk*", "/dev/mapper", "/dev/block", "/dev/input", "/dev/hidraw*",
            "/dev/video*", "/dev/snd", "/dev/port", "/dev/vcs*",
        ],
    ),
    secret(
        "a browser's profile",
        &[
            ".mozilla", ".config/google-chrome", ".config/chromium", ".config/bravesoftware",
            "library/application support/google", "library/cookies",
        ],
    ),
    secret(
        "what a person typed before",
        &[
            ".local/share/fish/fish_history", ".lesshst", ".viminfo", ".local/share/nvim/shada", ".irb_history",
            ".rdbg_history", ".php_history", ".dbshell", ".mongodb/mongosh", ".julia/logs/repl_history.jl",
            ".local/share/powershell", ".ghc/ghci_history", ".config/nushell/history*", ".local/state/bash/history",
            ".zsh_sessions", ".bash_sessions",
        ],
    ),
    lasting("keys that let others in", &[".ssh"]),
    lasting(
        "a shell's start-up file",
        &[
            ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".bashrc.d", ".profile",
            ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".oh-my-zsh", ".kshrc", ".cshrc", ".tcshrc",
            ".login", ".inputrc", ".config/fish", ".xprofile", ".xinitrc", ".xsession", ".xsessionrc",
            ".pam_environment", ".config/environment.d", ".envrc", ".config/direnv", "/etc/profile*", "/etc/bash*",
            "/etc/zsh*", "/etc/environment",
        ],
    ),
    lasting(
        "a hook or setting of version control",
        &[
            ".git", ".githooks", ".husky", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "lefthook.yml",
            "lefthook.yaml", ".lefthook.yml", ".gitconfig", ".config/git", "/etc/gitconfig", ".hg/hgrc", ".hgrc",
            ".gitmodules",
        ],
    ),
    lasting(
        "CI",
        &[
            ".github", ".gitlab-ci.yml", ".gitlab-ci.yaml", ".circleci", "jenkinsfile", ".travis.yml",
            "azure-pipelines.yml", ".buildkite", "bitbucket-pipelines.yml", ".drone.yml", ".woodpecker*",
            "appveyor.yml", ".appveyor.yml", ".teamcity", ".forgejo", ".gitea", "cloudbuild.yaml", "codefresh.yml",
            "codeowners",
        ],
    ),
    lasting(
        "an agent's or editor's settings",
        &[
            ".claude", ".claude.json", ".mcp.json", "mcp.json", ".codex", ".gemini", ".cursor", ".cursorrules",
            ".copilot", ".kimi-code", ".kimi", ".continue", ".aider.conf.yml", ".windsurf", ".config/opencode",
            "opencode.json", ".vscode", ".idea", "*.code-workspace", ".devcontainer", ".devcontainer.json",
            ".gitpod.yml", ".gitpod.dockerfile", ".zed", ".fleet", ".kiro", ".roo", ".roomodes", ".clinerules",
            ".cline", ".kilocode", ".windsurfrules", ".augment", ".amazonq", ".junie", ".qwen", ".trae", ".opencode",
            "/etc/claude-code", "/etc/codex", "/etc/gemini-cli", "/etc/github-copilot", "/etc/cursor",
        ],
    ),
    lasting(
        "a service or timer",
        &[
            "/etc/cron*", "/etc/anacrontab", "/var/spool/cron", "/etc/systemd", "/usr/lib/systemd", "/lib/systemd",
            ".config/systemd", ".local/share/systemd", "library/launchagents", "library/launchdaemons",
            ".config/autostart", "/etc/xdg/autostart", "/etc/init.d", "/etc/init", "/etc/rc.local", "/etc/rc.d",
            "/etc/udev", ".local/share/applications",
        ],
    ),
    lasting(
        "what the system loads or whom it trusts",
        &[
            "/etc/ld.so*", "/etc/pam*", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf",
            "/etc/nsswitch.conf", "/etc/sudoers*", "/etc/apt", "/etc/ssl", "/usr/local/share/ca-certificates",
            "/etc/modprobe.d", "/etc/sysctl*", "/proc/sys",
        ],
    ),
    lasting(
        "settings by which a tool runs programs",
        &[
            ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".cargo/config", ".cargo/config.toml", ".pip",
            ".config/pip", "pip.conf", ".pypirc", ".vimrc", ".vim", ".exrc", ".nvimrc", ".nvim.lua", ".lvimrc",
            ".dir-locals.el", ".psqlrc", ".sqliterc", ".duckdbrc", ".mongoshrc.js", ".rprofile", ".renviron",
            ".latexmkrc", ".pryrc", ".iex.exs", ".ghci", ".config/nvim", ".emacs", ".emacs.d", ".config/emacs",
            ".tmux.conf", ".screenrc", ".pdbrc", ".pythonrc", "sitecustomize.py", "usercustomize.py", ".gdbinit",
            ".lldbinit", ".gemrc", ".irbrc", ".perldb", ".wgetrc", ".curlrc", ".config/curlrc", ".mise.toml",
            "mise.toml", ".rustup/toolchains", ".cargo/bin", ".local/bin", ".docker/cli-plugins",
        ],
    ),
    lasting(
        "a tool installed in the project, which is known by its name",
        &["node_modules/.bin", "venv/bin", ".venv/bin", "env/bin", "vendor/bin"],
    ),
    Rule {
        class: Class::HookSettings,
        on_read: false,
        what: "the file in which an agent's hooks are set",
        places: &[
            ".claude/settings.json", ".claude/settings.local.json", ".codex/hooks.json", ".codex/config.toml",
            ".gemini/settings.json", ".copilot/hooks", ".copilot/settings.json", ".github/hooks",
            ".kimi-code/config.toml", ".cursor/hooks.json", "/etc/claude-code", "/etc/codex", "/etc/gemini-cli",
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
