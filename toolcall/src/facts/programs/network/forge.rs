//! Programs of code forges and containers: asking is told from changing.

use crate::facts::gather::Gather;
use crate::facts::options::{self, Style};
use crate::facts::programs::Call;
use crate::facts::{Access, Class};

/// `gh` and `glab`: asking is a query of version control, all else changes what others see.
pub(super) fn forge(call: &Call<'_>, gather: &mut Gather) {
    let words: Vec<&str> =
        call.args.iter().filter(|arg| !arg.is_option()).take(2).map(|arg| arg.text.as_str()).collect();
    let verb = words.get(1).copied().unwrap_or_default();
    match words.first().copied().unwrap_or_default() {
        "api" => api(call, gather),
        "auth"
            if verb == "status"
                && !call.args.iter().any(|arg| arg.text.starts_with("-t") || arg.text.starts_with("--show")) =>
        {
            gather.class(Class::Reads, "asks who is logged in");
        }
        "auth" | "secret" | "ssh-key" | "gpg-key" => {
            gather.class(Class::Credentials, format!("`{}` uses or shows a login", call.name));
        }
        "alias" | "extension" | "config" => {
            gather.class(Class::Persistence, format!("`{}` changes what its commands run", call.name));
        }
        "status" | "search" | "version" | "help" => gather.class(Class::VcsQuery, format!("`{}` asks", call.name)),
        "pr" | "mr" if verb == "checkout" => gather.class(Class::VcsChange, "switches to somebody's branch"),
        "pr" | "mr" | "issue" | "run" | "repo" | "release" | "workflow" | "label" | "gist" | "project" | "ruleset"
        | "cache" | "variable"
            if ["view", "list", "ls", "diff", "checks", "status", "watch", "show", "check"].contains(&verb) =>
        {
            let opens = call.args.iter().any(|arg| ["-w", "--web"].contains(&arg.text.as_str()));
            gather.class(if opens { Class::System } else { Class::VcsQuery }, format!("`{}` asks", call.name));
        }
        _ => gather.class(Class::Upload, format!("`{}` changes what others see", call.name)),
    }
}

fn api(call: &Call<'_>, gather: &mut Gather) {
    let parsed = options::read(
        call.args,
        &[&[
            "-X", "--method", "-f", "-F", "--field", "--raw-field", "--input", "-H", "--header", "-q", "--jq", "-t",
            "--template", "--hostname", "--cache", "-p", "--preview",
        ]],
        Style::Letters,
    );
    let asks = parsed.values(&["-X", "--method"]).iter().all(|arg| arg.exact && arg.text.eq_ignore_ascii_case("GET"));
    let upload = !asks || parsed.has(&["-f", "-F", "--field", "--raw-field", "--input"]);
    gather.host("api.github.com", upload);
    call.paths(parsed.values(&["--input"]).iter().filter(|arg| arg.text != "-"), Access::Read, gather);
}

pub(super) fn containers(call: &Call<'_>, gather: &mut Gather) {
    let words: Vec<&str> =
        call.args.iter().filter(|arg| !arg.is_option()).take(2).map(|arg| arg.text.as_str()).collect();
    let asks = matches!(
        words.as_slice(),
        ["ps" | "images" | "logs" | "inspect" | "version" | "info" | "top" | "stats" | "port" | "diff" | "history", ..]
            | [
                "compose" | "container" | "image" | "volume" | "network" | "context",
                "ps" | "ls" | "logs" | "list" | "inspect" | "config" | "images"
            ]
    );
    let elsewhere = call
        .args
        .iter()
        .any(|arg| ["-H", "--host", "-c", "--context", "--config"].iter().any(|option| arg.text.starts_with(option)));
    if asks && !elsewhere {
        gather.class(Class::Reads, format!("`{}` asks about containers", call.name));
    } else {
        gather.class(Class::System, format!("`{}` starts, changes or fetches containers", call.name));
    }
}
