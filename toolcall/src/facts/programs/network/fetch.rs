//! `curl` and `wget`: what is fetched, what is sent, and where the answer goes.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::programs::Call;
use crate::facts::{Access, Class, hosts};

const SENDS: &[&str] = &[
    "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "-F", "--form",
    "--form-string", "-T", "--upload-file", "--url-query",
];
const CURL_WRITES: &[&str] = &[
    "-o", "--output", "-D", "--dump-header", "-c", "--cookie-jar", "--trace", "--trace-ascii", "--stderr",
    "--output-dir", "--etag-save", "--libcurl", "--hsts", "--alt-svc",
];
const CURL_ESCAPES: &[&str] = &[
    "-K", "--config", "--unix-socket", "--abstract-unix-socket", "--connect-to", "--resolve", "--dns-servers",
    "--doh-url", "--engine", "-Q", "--quote", "-x", "--proxy", "--preproxy", "--socks4", "--socks4a", "--socks5",
    "--socks5-hostname", "--telnet-option", "--mail-from", "--mail-rcpt", "--interface", "--proto-default", "--next",
    "-:", "--variable", "--expand-url", "--expand-data",
];
const CURL_SECRETS: &[&str] = &[
    "-n", "--netrc", "--netrc-file", "--netrc-optional", "-u", "--user", "-E", "--cert", "--key", "--oauth2-bearer",
    "-b", "--cookie", "--delegation", "--aws-sigv4", "--proxy-user", "-U",
];
const CURL_VALUES: &[&str] = &[
    "-X", "--request", "-H", "--header", "-A", "--user-agent", "-e", "--referer", "-m", "--max-time",
    "--connect-timeout", "--retry", "--retry-delay", "--retry-max-time", "-w", "--write-out", "-r", "--range",
    "--limit-rate", "-y", "-Y", "-z", "-C", "--continue-at", "--cacert", "--capath", "--ciphers", "--max-redirs",
    "--max-filesize", "--proto", "--proto-redir", "--tls-max", "-t", "--url",
];

pub(super) fn curl(call: &Call<'_>, gather: &mut Gather) {
    let parsed =
        options::read(call.args, &[SENDS, CURL_WRITES, CURL_ESCAPES, CURL_SECRETS, CURL_VALUES], Style::Letters);
    if let Some(option) = parsed.first(CURL_ESCAPES) {
        call.runs_other(option, gather);
    }
    if parsed.has(CURL_SECRETS) || parsed.values(&["-H", "--header"]).iter().any(is_authorization) {
        gather.class(Class::Credentials, "`curl` sends a login");
    }
    sent_files(call, &parsed, gather);
    let method = parsed.values(&["-X", "--request"]);
    let asks = |arg: &Arg| arg.exact && ["GET", "HEAD", "OPTIONS"].contains(&arg.text.to_uppercase().as_str());
    let upload = parsed.has(SENDS) || !method.iter().all(asks) || carries_unknown(&parsed);
    let urls: Vec<Arg> = parsed.operands.iter().cloned().chain(parsed.values(&["--url"])).collect();
    answers(call, &parsed, &urls, gather);
    contacted(call, &urls, upload, gather);
}

/// True where a header or another option goes out with what only the running shell knows: perhaps a file's content.
fn carries_unknown(parsed: &Parsed) -> bool {
    parsed.options.iter().any(|(_, value)| value.as_ref().is_some_and(|value| !value.exact))
}

/// Where `curl` writes what it gets.
fn answers(call: &Call<'_>, parsed: &Parsed, urls: &[Arg], gather: &mut Gather) {
    call.paths(parsed.values(CURL_WRITES).iter().filter(|arg| arg.text != "-"), Access::Write, gather);
    let into = parsed.values(&["--output-dir"]);
    let named = parsed.values(&["-o", "--output"]);
    for (directory, name) in into.iter().flat_map(|directory| named.iter().map(move |name| (directory, name))) {
        call.path(&directory.with_text(&format!("{}/{}", directory.text, name.text)), Access::Write, gather);
    }
    if parsed.has(&["-O", "--remote-name", "--remote-name-all"]) {
        urls.iter().for_each(|url| named_by_address(call, url, &into, gather));
    }
    let says_where = |format: &Arg| format.text.contains("%output") || format.text.starts_with('@');
    if parsed.has(&["-J", "--remote-header-name"])
        || named.iter().any(|name| name.text.contains('#'))
        || parsed.values(&["-w", "--write-out"]).iter().any(says_where)
    {
        gather.opaque("`curl` writes a file whose name is not in the call");
    }
}

/// The file that is named as the address ends, in the directories `into`.
fn named_by_address(call: &Call<'_>, url: &Arg, into: &[Arg], gather: &mut Gather) {
    let address = url.text.split(['?', '#']).next().unwrap_or_default();
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    let name = path.split_once('/').and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default();
    if name.contains(['%', '{', '[', '\\']) {
        return gather.opaque(format!("`{}` writes a file whose name is not in the call", call.name));
    }
    let here = [Arg::known(".")];
    for directory in if into.is_empty() { &here } else { into } {
        call.path(&directory.with_text(&format!("{}/{name}", directory.text)), Access::Write, gather);
    }
}

fn is_authorization(header: &Arg) -> bool {
    let lower = header.text.to_lowercase();
    ["authorization:", "cookie:", "x-api-key:", "private-token:", "x-auth"].iter().any(|start| lower.starts_with(start))
        || lower.starts_with('@')
}

/// `-d @FILE`, `-F name=@FILE`, `-T FILE`.
fn sent_files(call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
    for (_, value) in &parsed.options {
        if let Some((value, file)) = value.as_ref().and_then(|value| Some((value, value.text.strip_prefix('@')?))) {
            call.path(&value.with_text(file), Access::Read, gather);
        }
    }
    call.paths(parsed.values(&["-T", "--upload-file"]).iter().filter(|arg| arg.text != "-"), Access::Read, gather);
    for value in parsed.values(SENDS) {
        let file = value
            .text
            .strip_prefix('@')
            .or_else(|| value.text.split_once("=@").or_else(|| value.text.split_once("=<")).map(|(_, file)| file));
        if let Some(file) = file.filter(|file| *file != "-") {
            call.path(&value.with_text(file.split(';').next().unwrap_or(file)), Access::Read, gather);
        }
    }
}

/// The hosts of `urls`; one that is not wholly known could carry anything out.
pub(super) fn contacted(call: &Call<'_>, urls: &[Arg], upload: bool, gather: &mut Gather) {
    if urls.is_empty() {
        gather.opaque(format!("`{}` contacts a host that is known only when it runs", call.name));
    }
    for url in urls {
        if let Some(file) = url.text.strip_prefix("file://") {
            call.path(&url.with_text(file), Access::Read, gather);
            continue;
        }
        match hosts::of_operand(&url.text).filter(|_| !is_ambiguous(&url.text)) {
            Some(host) if url.exact => {
                gather.host(&host, upload);
                if !hosts::is_page(&url.text) {
                    gather.opaque(format!("`{}` talks to `{host}` in another way than asking for a page", call.name));
                }
            }
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

/// True for addresses that programs read in different ways: user names, backslashes, what is not ASCII.
fn is_ambiguous(url: &str) -> bool {
    let authority =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    authority.contains(['@', '\\', '{', '[']) && !authority.starts_with('[')
        || !authority.is_ascii()
        || url.contains('\\')
}

pub(super) fn wget(call: &Call<'_>, gather: &mut Gather) {
    const SENDS: &[&str] = &["--post-data", "--post-file", "--method", "--body-data", "--body-file"];
    const WRITES: &[&str] = &[
        "-O", "--output-document", "-o", "--output-file", "-a", "--append-output", "-P", "--directory-prefix",
        "--save-cookies", "--warc-file", "--rejected-log", "--hsts-file",
    ];
    // Flags by which the server says how files are named.
    const NAMES: &[&str] = &[
        "-r", "--recursive", "-m", "--mirror", "-p", "--page-requisites", "-x", "--force-directories",
        "--content-disposition", "--trust-server-names", "--input-metalink", "--metalink-over-http",
    ];
    const ESCAPES: &[&str] = &["-i", "--input-file", "--config", "-e", "--execute", "--use-askpass", "--base", "-B"];
    const SECRETS: &[&str] =
        &["--user", "--password", "--load-cookies", "--http-user", "--http-password", "--certificate", "--private-key"];
    let parsed = options::read(
        call.args,
        &[
            SENDS,
            WRITES,
            ESCAPES,
            SECRETS,
            &[
                "-U", "--user-agent", "--header", "--referer", "--default-page", "-t", "--tries", "-T", "--timeout",
                "-w", "--wait", "-A", "-R", "-l", "--level", "-Q",
            ],
        ],
        Style::Letters,
    );
    if let Some(option) = parsed.first(ESCAPES) {
        call.runs_other(option, gather);
    }
    if parsed.has(SECRETS) || parsed.values(&["--header"]).iter().any(is_authorization) {
        gather.class(Class::Credentials, "`wget` sends a login");
    }
    call.paths(&parsed.values(&["--post-file", "--body-file"]), Access::Read, gather);
    call.paths(parsed.values(WRITES).iter().filter(|arg| arg.text != "-"), Access::Write, gather);
    if parsed.has(NAMES) {
        gather.opaque("`wget` writes files whose names are not in the call");
    }
    if !parsed.has(&["-O", "--output-document", "--spider"]) {
        let into = parsed.values(&["-P", "--directory-prefix"]);
        let pages =
            parsed.values(&["--default-page"]).into_iter().map(|page| page.with_text(&format!("/{}", page.text)));
        parsed.operands.iter().cloned().chain(pages).for_each(|url| named_by_address(call, &url, &into, gather));
    }
    contacted(call, &parsed.operands, parsed.has(SENDS) || carries_unknown(&parsed), gather);
}
