//! Programs that talk to other machines.

mod fetch;
mod forge;

use self::fetch::{contacted, curl, wget};
use self::forge::{containers, forge};
use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Style};
use crate::facts::{Access, Class, hosts};

/// Adds what the program does; false where it is none of these.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    match call.name {
        "curl" => curl(call, gather),
        "wget" | "wget2" => wget(call, gather),
        "http" | "https" | "httpie" | "xh" | "aria2c" => other_client(call, gather),
        "ssh" | "mosh" | "autossh" => ssh(call, gather),
        "scp" => copy(call, &SCP, gather),
        "rsync" => copy(call, &RSYNC, gather),
        "sftp" | "ftp" | "lftp" | "telnet" | "tftp" => conversation(call, gather),
        "nc" | "ncat" | "netcat" | "socat" => socket(call, gather),
        "dig" | "nslookup" | "host" | "ping" | "ping6" | "traceroute" | "tracepath" | "mtr" | "whois" | "drill" => {
            lookup(call, gather);
        }
        "gh" | "glab" | "hub" => forge(call, gather),
        "docker" | "podman" | "nerdctl" => containers(call, gather),
        "psql" | "mysql" | "mariadb" | "sqlite3" | "mongo" | "mongosh" | "redis-cli" | "cqlsh"
        | "clickhouse-client" | "duckdb" => {
            gather.class(Class::System, format!("`{}` talks to a database", call.name));
            gather.class(Class::Interactive, format!("`{}` may take further commands", call.name));
        }
        name if CLOUDS.contains(&name) => {
            gather.class(Class::System, format!("`{name}` changes things on other machines"));
            gather.class(Class::Network, format!("`{name}` talks to other machines"));
        }
        _ => return false,
    }
    true
}

const CLOUDS: &[&str] = &[
    "aws", "gcloud", "gsutil", "bq", "az", "kubectl", "oc", "k9s", "minikube", "kind", "terraform", "tofu", "pulumi",
    "heroku", "vercel", "netlify", "fly", "flyctl", "doctl", "linode-cli", "hcloud", "ansible", "ansible-playbook",
    "salt", "puppet", "chef", "packer", "vagrant", "nomad", "consul", "eksctl", "serverless", "sls", "sam", "cdk",
    "wrangler", "supabase", "firebase", "railway", "render", "ngrok", "cloudflared", "tailscale", "rclone", "restic",
    "borg", "s3cmd", "mc", "ipfs", "docker-compose", "docker-machine", "skaffold", "tilt", "argocd", "flux",
    "istioctl", "twine", "cargo-publish", "svn", "hg", "cvs", "claude", "codex", "gemini", "copilot", "cursor-agent",
    "kimi", "aider", "opencode", "ollama", "llm",
];

/// Clients whose arguments are a small language: only their hosts are taken, and they may send.
fn other_client(call: &Call<'_>, gather: &mut Gather) {
    let urls: Vec<Arg> = call.args.iter().filter(|arg| arg.text.contains("://")).cloned().collect();
    contacted(call, &urls, true, gather);
}

fn ssh(call: &Call<'_>, gather: &mut Gather) {
    let values: &[&str] = &[
        "-B", "-b", "-c", "-D", "-E", "-e", "-F", "-I", "-i", "-J", "-L", "-l", "-m", "-O", "-o", "-P", "-p", "-Q",
        "-R", "-S", "-W", "-w",
    ];
    // Options end at the host: what follows is the other machine's.
    let own = options::read(call.args, &[values], Style::Letters);
    match own.operands.first().filter(|arg| arg.exact).and_then(|arg| hosts::named(&arg.text)) {
        Some(host) => gather.host(&host, call.command.context.fed),
        None => gather.opaque("`ssh` contacts a host that is known only when it runs"),
    }
    if own.has(&["-o", "-F", "-L", "-R", "-D", "-W", "-w", "-S", "-O", "-J", "-E", "-I"]) {
        call.runs_other("-o", gather);
    }
    if own.operands.len() > 1 {
        gather.opaque("runs a command on another machine");
    } else {
        gather.class(Class::Interactive, "`ssh` without a command takes further commands");
    }
}

/// How a program that copies between machines is called.
struct Copies {
    values: &'static [&'static str],
    escapes: &'static [&'static str],
}

const SCP: Copies = Copies { values: &["-c", "-i", "-l", "-P"], escapes: &["-o", "-S", "-F", "-D", "-J", "-X"] };
const RSYNC: Copies = Copies {
    values: &[
        "-f", "--filter", "--exclude", "--include", "--chmod", "--chown", "--max-size", "--min-size", "--bwlimit",
        "--timeout", "-B", "--port", "--out-format", "--info",
    ],
    escapes: &[
        "-e", "--rsh", "--rsync-path", "--files-from", "--password-file", "--log-file", "--write-batch",
        "--read-batch", "--daemon", "-M", "--remote-option", "--partial-dir", "--temp-dir", "-T", "--backup-dir",
        "--compare-dest", "--link-dest", "--copy-dest",
    ],
};

fn copy(call: &Call<'_>, copies: &Copies, gather: &mut Gather) {
    let parsed = options::read(call.args, &[copies.values, copies.escapes], Style::Letters);
    if let Some(option) = parsed.first(copies.escapes) {
        call.runs_other(option, gather);
    }
    let last = parsed.operands.last().map_or(0, |arg| arg.word);
    let (from, to): (Vec<Arg>, Vec<Arg>) = parsed.operands.iter().cloned().partition(|arg| arg.word != last);
    let remote = |arg: &Arg| hosts::of_copy(&arg.text);
    to.iter().filter_map(remote).for_each(|host| gather.host(&host, true));
    from.iter().filter_map(remote).for_each(|host| gather.host(&host, false));
    let local = |args: &[Arg]| -> Vec<Arg> { args.iter().filter(|arg| remote(arg).is_none()).cloned().collect() };
    call.paths(&local(&from), Access::Read, gather);
    call.wholes(&local(&from), gather);
    call.paths(&local(&to), Access::Write, gather);
    let contents = from.iter().any(|arg| arg.text.ends_with('/') || arg.text.ends_with("/.") || arg.pattern);
    if contents
        && local(&to).iter().any(|arg| call.directories.iter().any(|directory| gather.is_project(directory, &arg.text)))
    {
        gather.opaque("copies files whose names are not in the call over the project's");
    }
    if parsed.options.iter().any(|(name, _)| name.starts_with("--del") || name == "--remove-source-files") {
        call.paths(local(&to).iter().chain(&local(&from)), Access::Delete, gather);
    }
}

fn conversation(call: &Call<'_>, gather: &mut Gather) {
    gather.class(Class::Interactive, format!("`{}` takes further commands", call.name));
    match call.first().and_then(hosts::named) {
        Some(host) => gather.host(&host, true),
        None => gather.opaque(format!("`{}` contacts a host that is known only when it runs", call.name)),
    }
}

fn socket(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-p", "-w", "-s", "-i", "-q", "-e", "-c", "-x", "-X"]], Style::Letters);
    let host =
        parsed.operands.first().filter(|arg| arg.exact && call.name != "socat").and_then(|arg| hosts::named(&arg.text));
    if parsed.has(&["-e", "-c", "-x", "-X", "--exec", "--sh-exec", "--lua-exec"]) || call.name == "socat" {
        call.runs_other("-e", gather);
    }
    match host {
        Some(host) if parsed.has(&["-z"]) => gather.host(&host, false),
        Some(host) => gather.host(&host, true),
        None => gather.class(Class::Upload, format!("`{}` opens a connection", call.name)),
    }
    if parsed.has(&["-l"]) {
        gather.class(Class::System, "waits for connections from other machines");
    }
}

/// A looked-up name reaches other machines, and can carry data in itself.
fn lookup(call: &Call<'_>, gather: &mut Gather) {
    gather.class(Class::Network, format!("`{}` asks other machines", call.name));
    for arg in call.args.iter().filter(|arg| !arg.is_option()) {
        match hosts::named(arg.text.trim_start_matches('@')).filter(|_| arg.exact) {
            Some(host) if host.contains(['.', ':']) || host == "localhost" => gather.host(&host, false),
            Some(_) => {}
            None => gather.opaque(format!("`{}` asks for a name that is known only when it runs", call.name)),
        }
    }
}
