//! `curl` and `wget`: what is fetched, what is sent, and where the answer goes.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::facts::{Access, Class, hosts};
use crate::programs::form::Program;

/// Options of `curl` by which data goes out.
const SENDS: &[&str] = &[
    "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "-F", "--form",
    "--form-string", "-T", "--upload-file", "--url-query",
];

/// Adds what a call of `curl` does.
pub(super) fn curl(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    if fit.values(&["-H", "--header"]).iter().any(is_authorization) {
        gather.class(Class::Credentials, "`curl` sends a login");
    }
    sent_files(call, &fit, gather);
    let asks = |arg: &Arg| arg.exact && ["GET", "HEAD", "OPTIONS"].contains(&arg.text.to_uppercase().as_str());
    let upload = fit.has(SENDS) || !fit.values(&["-X", "--request"]).iter().all(asks) || carries_unknown(&fit);
    let urls: Vec<Arg> = fit.operands().into_iter().chain(fit.values(&["--url"])).collect();
    answers(call, &fit, &urls, gather);
    contacted(call, &urls, upload, gather);
}

/// Adds what a call of `wget` does.
pub(super) fn wget(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(fit) = data::fitted(call, program, gather) else { return };
    if fit.values(&["--header"]).iter().any(is_authorization) {
        gather.class(Class::Credentials, "`wget` sends a login");
    }
    let urls = fit.operands();
    if !fit.has(&["-O", "--output-document", "--spider"]) {
        let into = fit.values(&["-P", "--directory-prefix"]);
        urls.iter().for_each(|url| named_by_address(call, url, &into, gather));
    }
    let sends = ["--post-data", "--post-file", "--method", "--body-data", "--body-file"];
    contacted(call, &urls, fit.has(&sends) || carries_unknown(&fit), gather);
}

/// True where a header or another option goes out with what only the running shell knows: perhaps a file's content.
fn carries_unknown(fit: &data::Fit<'_>) -> bool {
    fit.given().any(|(_, value)| value.is_some_and(|value| !value.exact))
}

/// Where `curl` writes what it gets, beside the files that its options name.
fn answers(call: &Call<'_>, fit: &data::Fit<'_>, urls: &[Arg], gather: &mut Gather) {
    let into = fit.values(&["--output-dir"]);
    let named = fit.values(&["-o", "--output"]);
    for (directory, name) in into.iter().flat_map(|directory| named.iter().map(move |name| (directory, name))) {
        call.path(&directory.with_text(&format!("{}/{}", directory.text, name.text)), Access::Write, gather);
    }
    if fit.has(&["-O", "--remote-name", "--remote-name-all"]) {
        urls.iter().for_each(|url| named_by_address(call, url, &into, gather));
    }
    let says_where = |format: &Arg| format.text.contains("%output") || format.text.starts_with('@');
    let formats = fit.values(&["-w", "--write-out"]);
    if named.iter().any(|name| name.text.contains('#')) || formats.iter().any(says_where) {
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
fn sent_files(call: &Call<'_>, fit: &data::Fit<'_>, gather: &mut Gather) {
    for (name, value) in fit.given().filter_map(|(name, value)| Some((name, value?))) {
        let text = value.text.as_str();
        let file = match name {
            "-T" | "--upload-file" => Some(text),
            "--data-urlencode" => text.split_once('@').map(|(_, file)| file),
            _ if SENDS.contains(&name) => text
                .strip_prefix('@')
                .or_else(|| text.split_once("=@").or_else(|| text.split_once("=<")).map(|(_, file)| file)),
            _ => text.strip_prefix('@'),
        };
        if let Some(file) = file.filter(|file| *file != "-") {
            call.path(&value.with_text(file.split(';').next().unwrap_or(file)), Access::Read, gather);
        }
    }
}

/// The hosts of `urls`; one that is not wholly known could carry anything out.
fn contacted(call: &Call<'_>, urls: &[Arg], upload: bool, gather: &mut Gather) {
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
