//! Programs that talk to other machines.

use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class, hosts};

/// Adds what the program does; false where it is none of these.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    match call.name {
        "curl" => curl(call, gather),
        "wget" | "wget2" => wget(call, gather),
        "http" | "https" | "httpie" | "xh" | "aria2c" => other_client(call, gather),
        "ssh" | "mosh" | "autossh" => ssh(call, gather),
        "scp" => copy(call, SCP, gather),
        "rsync" => copy(call, RSYNC, gather),
        "sftp" | "ftp" | "lftp" | "telnet" | "tftp" => conversation(call, gather),
        "nc" | "ncat" | "netcat" | "socat" => socket(call, gather),
        "dig" | "nslookup" | "host" | "ping" | "ping6" | "traceroute" | "tracepath" | "mtr" | "whois" | "drill" => lookup(call, gather),
        "gh" | "glab" | "hub" => forge(call, gather),
        "docker" | "podman" | "nerdctl" => containers(call, gather),
        "psql" | "mysql" | "mariadb" | "sqlite3" | "mongo" | "mongosh" | "redis-cli" | "cqlsh" | "clickhouse-client" | "duckdb" => {
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
    "aws", "gcloud", "gsutil", "bq", "az", "kubectl", "oc", "k9s", "minikube", "kind", "terraform", "tofu", "pulumi", "heroku", "vercel", "netlify", "fly", "flyctl", "doctl", "linode-cli", "hcloud", "ansible",
    "ansible-playbook", "salt", "puppet", "chef", "packer", "vagrant", "nomad", "consul", "eksctl", "serverless", "sls", "sam", "cdk", "wrangler", "supabase", "firebase", "railway", "render", "ngrok", "cloudflared",
    "tailscale", "rclone", "restic", "borg", "s3cmd", "mc", "ipfs", "docker-compose", "docker-machine", "skaffold", "tilt", "argocd", "flux", "istioctl", "twine", "cargo-publish", "svn", "hg", "cvs", "claude",
    "codex", "gemini", "copilot", "cursor-agent", "kimi", "aider", "opencode", "ollama", "llm",
];

const SENDS: &[&str] = &[
    "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "-F", "--form", "--form-string", "-T", "--upload-file", "--url-query",
];
const CURL_WRITES: &[&str] = &["-o", "--output", "-D", "--dump-header", "-c", "--cookie-jar", "--trace", "--trace-ascii", "--stderr", "--output-dir", "--etag-save", "--libcurl", "--hsts", "--alt-svc"];
const CURL_ESCAPES: &[&str] = &[
    "-K", "--config", "--unix-socket", "--abstract-unix-socket", "--connect-to", "--resolve", "--dns-servers", "--doh-url", "--engine", "-Q", "--quote", "-x", "--proxy", "--preproxy", "--socks4", "--socks4a",
    "--socks5", "--socks5-hostname", "--telnet-option", "--mail-from", "--mail-rcpt", "--interface", "--next", "-:", "--variable", "--expand-url", "--expand-data",
];
const CURL_SECRETS: &[&str] = &["-n", "--netrc", "--netrc-file", "--netrc-optional", "-u", "--user", "-E", "--cert", "--key", "--oauth2-bearer", "-b", "--cookie", "--delegation", "--aws-sigv4", "--proxy-user", "-U"];
const CURL_VALUES: &[&str] = &[
    "-X", "--request", "-H", "--header", "-A", "--user-agent", "-e", "--referer", "-m", "--max-time", "--connect-timeout", "--retry", "--retry-delay", "--retry-max-time", "-w", "--write-out", "-r", "--range",
    "--limit-rate", "-y", "-Y", "-z", "-C", "--continue-at", "--cacert", "--capath", "--ciphers", "--max-redirs", "--max-filesize", "--proto", "--proto-redir", "--tls-max", "-t", "--url",
];

fn curl(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[SENDS, CURL_WRITES, CURL_ESCAPES, CURL_SECRETS, CURL_VALUES], Style::Letters);
    if let Some(option) = parsed.first(CURL_ESCAPES) {
        call.runs_other(option, gather);
    }
    if parsed.has(CURL_SECRETS) || parsed.values(&["-H", "--header"]).iter().any(is_authorization) {
        gather.class(Class::Credentials, "`curl` sends a login");
    }
    call.paths(parsed.values(CURL_WRITES).iter().filter(|arg| arg.text != "-"), Access::Write, gather);
    if parsed.has(&["-O", "--remote-name", "--remote-name-all", "-J", "--remote-header-name"]) {
        call.path(&Arg::known("."), Access::Write, gather);
    }
    sent_files(call, &parsed, gather);
    let method = parsed.values(&["-X", "--request"]);
    let asks = |arg: &Arg| arg.exact && ["GET", "HEAD", "OPTIONS"].contains(&arg.text.to_uppercase().as_str());
    let upload = parsed.has(SENDS) || !method.iter().all(asks);
    let urls: Vec<Arg> = parsed.operands.iter().cloned().chain(parsed.values(&["--url"])).collect();
    contacted(call, &urls, upload, gather);
}

fn is_authorization(header: &Arg) -> bool {
    let lower = header.text.to_lowercase();
    ["authorization:", "cookie:", "x-api-key:", "private-token:", "x-auth"].iter().any(|start| lower.starts_with(start)) || lower.starts_with('@')
}

/// `-d @FILE`, `-F name=@FILE`, `-T FILE`.
fn sent_files(call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
    call.paths(parsed.values(&["-T", "--upload-file"]).iter().filter(|arg| arg.text != "-"), Access::Read, gather);
    for value in parsed.values(SENDS) {
        let file = value.text.strip_prefix('@').or_else(|| value.text.split_once("=@").or_else(|| value.text.split_once("=<")).map(|(_, file)| file));
        if let Some(file) = file.filter(|file| *file != "-") {
            call.path(&value.with_text(file.split(';').next().unwrap_or(file)), Access::Read, gather);
        }
    }
}

/// The hosts of `urls`; one that is not wholly known could carry anything out.
fn contacted(call: &Call<'_>, urls: &[Arg], upload: bool, gather: &mut Gather) {
    if urls.is_empty() {
        gather.opaque(format!("`{}` contacts a host that is known only when it runs", call.name));
    }
    for url in urls {
        if let Some(file) = url.text.strip_prefix("file://") {
            call.path(&url.with_text(file), Access::Read, gather);
            continue;
        }
        match hosts::of_operand(&url.text) {
            Some(host) if url.exact => gather.host(&host, upload),
            Some(host) if url.text.matches('/').count() > 2 => {
                gather.host(&host, true);
                gather.opaque("part of the address is known only when it runs");
            }
            _ => {
                gather.class(Class::Network, format!("`{}` contacts other machines", call.name));
                gather.opaque(format!("`{}` contacts a host that is known only when it runs", call.name));
            }
        }
    }
    if upload {
        gather.class(Class::Upload, format!("`{}` sends data", call.name));
    }
}

fn wget(call: &Call<'_>, gather: &mut Gather) {
    const SENDS: &[&str] = &["--post-data", "--post-file", "--method", "--body-data", "--body-file"];
    const WRITES: &[&str] = &["-O", "--output-document", "-o", "--output-file", "-a", "--append-output", "-P", "--directory-prefix", "--save-cookies", "--warc-file", "--rejected-log"];
    const ESCAPES: &[&str] = &["-i", "--input-file", "--config", "-e", "--execute", "--use-askpass", "--base", "-B"];
    const SECRETS: &[&str] = &["--user", "--password", "--load-cookies", "--http-user", "--http-password", "--certificate", "--private-key"];
    let parsed = options::read(call.args, &[SENDS, WRITES, ESCAPES, SECRETS, &["-U", "--user-agent", "--header", "-t", "--tries", "-T", "--timeout", "-w", "--wait", "-A", "-R", "-l", "--level", "-Q"]], Style::Letters);
    if let Some(option) = parsed.first(ESCAPES) {
        call.runs_other(option, gather);
    }
    if parsed.has(SECRETS) || parsed.values(&["--header"]).iter().any(is_authorization) {
        gather.class(Class::Credentials, "`wget` sends a login");
    }
    call.paths(&parsed.values(&["--post-file", "--body-file"]), Access::Read, gather);
    let written = parsed.values(WRITES);
    call.paths(written.iter().filter(|arg| arg.text != "-"), Access::Write, gather);
    if written.is_empty() && !parsed.has(&["--spider"]) {
        call.path(&Arg::known("."), Access::Write, gather);
    }
    contacted(call, &parsed.operands, parsed.has(SENDS), gather);
}

/// Clients whose arguments are a small language: only their hosts are taken, and they may send.
fn other_client(call: &Call<'_>, gather: &mut Gather) {
    let urls: Vec<Arg> = call.args.iter().filter(|arg| arg.text.contains("://")).cloned().collect();
    contacted(call, &urls, true, gather);
}

fn ssh(call: &Call<'_>, gather: &mut Gather) {
    let values: &[&str] = &["-B", "-b", "-c", "-D", "-E", "-e", "-F", "-I", "-i", "-J", "-L", "-l", "-m", "-O", "-o", "-P", "-p", "-Q", "-R", "-S", "-W", "-w"];
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
    values: &["-f", "--filter", "--exclude", "--include", "--chmod", "--chown", "--max-size", "--min-size", "--bwlimit", "--timeout", "-B", "--port", "--out-format", "--info"],
    escapes: &["-e", "--rsh", "--rsync-path", "--files-from", "--password-file", "--log-file", "--write-batch", "--read-batch", "--daemon", "-M", "--remote-option", "--partial-dir", "--temp-dir", "-T", "--backup-dir", "--compare-dest", "--link-dest", "--copy-dest"],
};

fn copy(call: &Call<'_>, copies: Copies, gather: &mut Gather) {
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
    let host = parsed.operands.first().filter(|arg| arg.exact && call.name != "socat").and_then(|arg| hosts::named(&arg.text));
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

/// `gh` and `glab`: asking is a query of version control, all else changes what others see.
fn forge(call: &Call<'_>, gather: &mut Gather) {
    let words: Vec<&str> = call.args.iter().filter(|arg| !arg.is_option()).take(2).map(|arg| arg.text.as_str()).collect();
    let verb = words.get(1).copied().unwrap_or_default();
    match words.first().copied().unwrap_or_default() {
        "api" => api(call, gather),
        "auth" if verb == "status" && !call.args.iter().any(|arg| arg.text.starts_with("-t") || arg.text.starts_with("--show")) => gather.class(Class::Reads, "asks who is logged in"),
        "auth" | "secret" | "ssh-key" | "gpg-key" => gather.class(Class::Credentials, format!("`{}` uses or shows a login", call.name)),
        "alias" | "extension" | "config" => gather.class(Class::Persistence, format!("`{}` changes what its commands run", call.name)),
        "status" | "search" | "version" | "help" => gather.class(Class::VcsQuery, format!("`{}` asks", call.name)),
        "pr" | "mr" if verb == "checkout" => gather.class(Class::VcsChange, "switches to somebody's branch"),
        "pr" | "mr" | "issue" | "run" | "repo" | "release" | "workflow" | "label" | "gist" | "project" | "ruleset" | "cache" | "variable"
            if ["view", "list", "ls", "diff", "checks", "status", "watch", "show", "check"].contains(&verb) =>
        {
            let opens = call.args.iter().any(|arg| ["-w", "--web"].contains(&arg.text.as_str()));
            gather.class(if opens { Class::System } else { Class::VcsQuery }, format!("`{}` asks", call.name));
        }
        _ => gather.class(Class::Upload, format!("`{}` changes what others see", call.name)),
    }
}

fn api(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(call.args, &[&["-X", "--method", "-f", "-F", "--field", "--raw-field", "--input", "-H", "--header", "-q", "--jq", "-t", "--template", "--hostname", "--cache", "-p", "--preview"]], Style::Letters);
    let asks = parsed.values(&["-X", "--method"]).iter().all(|arg| arg.exact && arg.text.eq_ignore_ascii_case("GET"));
    let upload = !asks || parsed.has(&["-f", "-F", "--field", "--raw-field", "--input"]);
    gather.host("api.github.com", upload);
    call.paths(parsed.values(&["--input"]).iter().filter(|arg| arg.text != "-"), Access::Read, gather);
}

fn containers(call: &Call<'_>, gather: &mut Gather) {
    let words: Vec<&str> = call.args.iter().filter(|arg| !arg.is_option()).take(2).map(|arg| arg.text.as_str()).collect();
    let asks = match words.as_slice() {
        ["ps" | "images" | "logs" | "inspect" | "version" | "info" | "top" | "stats" | "port" | "diff" | "history", ..] => true,
        ["compose" | "container" | "image" | "volume" | "network" | "context", "ps" | "ls" | "logs" | "list" | "inspect" | "config" | "images"] => true,
        _ => false,
    };
    let elsewhere = call.args.iter().any(|arg| ["-H", "--host", "-c", "--context", "--config"].iter().any(|option| arg.text.starts_with(option)));
    if asks && !elsewhere {
        gather.class(Class::Reads, format!("`{}` asks about containers", call.name));
    } else {
        gather.class(Class::System, format!("`{}` starts, changes or fetches containers", call.name));
    }
}
