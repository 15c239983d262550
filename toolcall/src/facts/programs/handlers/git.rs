//! git: what asks, what records, what throws away, what sends.

mod global;
mod work;

use self::global::{before_subcommand, changes_what_runs, setting};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::{Call, data};
use crate::facts::{Access, Class, hosts};
use crate::programs::form::Program;

/// Adds what a git command does.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some((at, directories)) = before_subcommand(call, gather) else { return };
    if at >= call.args.len() {
        return gather.class(Class::Reads, "`git` prints its help");
    }
    let inner = Call { args: call.args.get(at..).unwrap_or_default(), directories: &directories, ..*call };
    let Some(fit) = data::fitted(&inner, program, gather) else { return };
    let options = fit.given().map(|(name, value)| (name.to_owned(), value.cloned()));
    let given = Given { options: options.collect(), operands: fit.operands() };
    Git { call: &inner, name: fit.words.first().copied().unwrap_or_default(), given }.judge(gather);
}

/// A git command without the options before it.
struct Git<'a> {
    call: &'a Call<'a>,
    name: &'a str,
    given: Given,
}

/// What stands behind the command's name.
struct Given {
    /// Each option with its value, where it has one.
    options: Vec<(String, Option<Arg>)>,
    /// What is no option.
    operands: Vec<Arg>,
}

impl Given {
    /// True where one of `options` is given.
    fn has(&self, options: &[&str]) -> bool {
        self.first(options).is_some()
    }

    /// The first of `options` that is given.
    fn first(&self, options: &[&str]) -> Option<&str> {
        self.options.iter().map(|(name, _)| name.as_str()).find(|name| options.contains(name))
    }

    /// The values of all of `options`.
    fn values(&self, options: &[&str]) -> Vec<Arg> {
        let wanted = self.options.iter().filter(|(name, _)| options.contains(&name.as_str()));
        wanted.filter_map(|(_, value)| value.clone()).collect()
    }
}

/// Ask and change nothing, whatever their options but those of [`ESCAPES`].
const QUERIES: &[&str] = &[
    "status", "log", "diff", "show", "blame", "annotate", "rev-parse", "rev-list", "ls-files", "ls-tree", "cat-file",
    "describe", "shortlog", "grep", "name-rev", "merge-base", "diff-tree", "diff-index", "diff-files", "for-each-ref",
    "show-ref", "show-branch", "count-objects", "fsck", "var", "check-ignore", "check-attr", "check-ref-format",
    "whatchanged", "cherry", "range-diff", "version", "help", "verify-commit", "verify-tag", "ls-remote",
    "get-tar-commit-id", "patch-id", "stripspace", "column", "merge-tree",
];

/// Record or switch, and can be undone from the repository itself.
const CHANGES: &[&str] = &[
    "add", "stage", "commit", "merge", "cherry-pick", "revert", "mv", "init", "am", "apply", "rebase", "notes",
    "bisect", "fetch", "pull", "sparse-checkout", "rerere",
];

/// What `git bisect` does itself; its other verbs run what they are given.
const BISECTS: &[&str] = &["start", "bad", "good", "new", "old", "skip", "reset", "log", "terms", "next", "help"];

/// Options with which git runs a program that they name, or writes where they say.
const ESCAPES: &[&str] = &[
    "--ext-diff", "--textconv", "--open-files-in-pager", "--upload-pack", "--receive-pack", "--exec", "--template",
    "--filters", "--tool", "--extcmd", "--separate-git-dir", "--build-fake-ancestor", "--refmap",
];

impl Git<'_> {
    fn judge(&self, gather: &mut Gather) {
        if self.call.directories.iter().any(|directory| gather.is_filled(directory)) {
            gather.opaque("the repository came with files that this call copies, perhaps with settings by which git runs programs");
        }
        let files = ["-F", "--file", "-t", "--pathspec-from-file", "--contents", "--add-file"];
        self.call.paths(
            self.given.values(&files).iter().filter(|arg| arg.text != "-" && self.name != "config"),
            Access::Read,
            gather,
        );
        if let Some(option) = self
            .given
            .first(ESCAPES)
            .filter(|option| *option != "--template" || self.name == "clone" || self.name == "init")
        {
            self.call.runs_other(option, gather);
        }
        match self.name {
            "diff" | "grep" if self.given.has(&["--no-index", "-O"]) => self.beyond_repository(gather),
            name if QUERIES.contains(&name) => self.query(gather),
            "symbolic-ref" if self.only(&["--short", "-q", "--quiet"]) && self.given.operands.len() == 1 => {
                self.query(gather);
            }
            "hash-object" if self.only(&["--stdin", "--no-filters"]) => {
                self.query(gather);
                self.call.paths(&self.given.operands, Access::Read, gather);
            }
            "branch" => self.branch(gather),
            "tag" => self.tag(gather),
            "remote" => self.remote(gather),
            "stash" => self.stash(gather),
            "reflog" => self.verb(&["", "show", "exists"], &[], gather),
            "worktree" => self.worktree(gather),
            "config" => self.config(gather),
            "submodule" => self.verb(&["", "status", "summary"], &[], gather),
            "lfs" => self.verb(&["ls-files", "status", "version"], &[], gather),
            "update-index" if self.given.has(&["--refresh"]) && self.given.operands.is_empty() => self.query(gather),
            "checkout" => self.checkout(gather),
            "switch" => self.switch(gather),
            "restore" => self.restore(gather),
            "reset" => self.reset(gather),
            "clean" => self.clean(gather),
            "rm" => self.rm(gather),
            "clone" => self.clone_from(gather),
            "push" => self.push(gather),
            "format-patch" | "archive" => self.packs(gather),
            "credential" => gather.class(Class::Credentials, "`git credential` prints secrets"),
            "gc" | "repack" | "prune" | "update-ref" | "filter-branch" | "filter-repo" | "replace" => {
                self.discards("rewrites or drops history", gather);
            }
            name if CHANGES.contains(&name) => self.change(gather),
            name => gather.opaque(format!("`git {name}` is not known here; it may be an alias")),
        }
    }

    fn asks(&self, gather: &mut Gather) {
        self.call.in_project(Class::VcsQuery, &format!("`git {}` asks the repository", self.name), gather);
    }

    fn query(&self, gather: &mut Gather) {
        self.asks(gather);
        // `-L START,END:FILE` prints the lines of a file as they came to be.
        for range in self.given.values(&["-L"]) {
            self.recorded(&range, gather);
        }
        // `git diff` compares files of the disk where one lies outside of the repository.
        if self.name == "diff" {
            self.call.wholes(&self.given.operands, gather);
        }
        self.call.paths(&self.given.values(&["--output"]), Access::Write, gather);
        for operand in &self.given.operands {
            let path = operand.text.rsplit(':').next().unwrap_or_default();
            self.call.directories.iter().for_each(|directory| gather.implied(directory, path, Access::Read));
        }
        if self.name == "help" && self.given.has(&["-w", "--web"]) {
            self.call.runs_other("-w", gather);
        }
        if self.name == "ls-remote" {
            self.remotes(gather);
        }
    }

    /// `REVISION:FILE` is read, as it was recorded.
    fn recorded(&self, arg: &Arg, gather: &mut Gather) {
        let Some((_, path)) = arg.text.rsplit_once(':') else { return };
        if !arg.exact {
            return gather.opaque(format!("`git {}` prints a file that is known only when it runs", self.name));
        }
        self.call.directories.iter().for_each(|directory| gather.implied(directory, path, Access::Read));
    }

    /// True where one of `options` is given and no later `--no-…` takes it back.
    fn keeps(&self, options: &[&str]) -> bool {
        let takes_back = |name: &str| {
            options
                .iter()
                .filter_map(|option| option.strip_prefix("--"))
                .any(|long| name.strip_prefix("--no-") == Some(long))
        };
        self.given.has(options) && !self.given.options.iter().any(|(name, _)| takes_back(name))
    }

    /// True where no option but these is given, and all that is given is known.
    fn only(&self, options: &[&str]) -> bool {
        let known = |(name, value): &(String, Option<Arg>)| value.is_none() && options.contains(&name.as_str());
        self.given.options.iter().all(known) && self.call.args.iter().all(|arg| arg.exact)
    }

    fn changes(&self, gather: &mut Gather) {
        self.call.in_project(Class::VcsChange, &format!("`git {}` changes the local repository", self.name), gather);
    }

    fn discards(&self, what: &str, gather: &mut Gather) {
        gather.class(Class::Discards, format!("`git {}` {what}", self.name));
    }

    fn change(&self, gather: &mut Gather) {
        self.changes(gather);
        let verb = self.given.operands.first().map(|arg| arg.text.as_str());
        match (self.name, verb) {
            ("bisect", verb) if !verb.is_none_or(|verb| BISECTS.contains(&verb)) => {
                gather.opaque(format!("`git bisect {}` can run another command", verb.unwrap_or_default()));
            }
            ("rebase", _) if self.given.has(&["-x"]) => self.call.runs_other("--exec", gather),
            ("fetch" | "pull", _) => self.fetch(gather),
            ("init", _) if self.given.has(&["--bare"]) => {
                gather.class(Class::Persistence, "makes a bare repository, by whose settings git runs programs");
                self.call.paths(&self.given.operands, Access::Write, gather);
            }
            ("init", Some(_)) | ("mv", _) => self.call.paths(&self.given.operands, Access::Write, gather),
            ("add" | "stage" | "commit" | "apply" | "am", _) => {
                for operand in &self.given.operands {
                    self.call
                        .directories
                        .iter()
                        .for_each(|directory| gather.implied(directory, &operand.text, Access::Read));
                }
            }
            _ => {}
        }
        let looks = match self.name {
            // `--apply` undoes what the others say, wherever it stands.
            "apply" => self.keeps(&["--check", "--stat", "--numstat", "--summary"]) && !self.given.has(&["--apply"]),
            "am" => self.given.has(&["--abort"]),
            _ => true,
        };
        if !looks {
            gather.opaque("changes files whose names only the patch knows");
        }
    }

    /// Fetching moves local branches where an operand says so, and with force loses what stood there.
    fn fetch(&self, gather: &mut Gather) {
        self.remotes(gather);
        let refs = self.given.operands.iter().skip(1).map(|arg| arg.text.as_str());
        let local = |text: &str| text.split_once(':').is_some_and(|(_, to)| !to.starts_with("refs/remotes/"));
        let forced = self.given.has(&["-f", "--force", "-p", "--prune", "-u", "--update-head-ok"]);
        if refs.into_iter().any(|text| local(text) && (forced || text.starts_with('+'))) {
            self.discards("moves or drops branches, whatever they hold", gather);
        }
    }

    /// Operands that name another repository by its address.
    fn remotes(&self, gather: &mut Gather) {
        for (nth, operand) in self.given.operands.iter().enumerate() {
            if operand.text.contains("::") {
                gather.opaque("git's transport helpers run programs");
            } else if !operand.exact {
                gather.opaque("the other repository is known only when it runs");
            } else if let Some(host) =
                hosts::of_copy(&operand.text).filter(|_| nth == 0 || operand.text.contains("://"))
            {
                gather.host(&host, false);
            } else if operand.text.starts_with(['/', '.', '~']) {
                self.call.decides(operand, gather);
            }
        }
    }

    fn beyond_repository(&self, gather: &mut Gather) {
        gather.class(Class::Reads, "`git` compares or searches files");
        if self.given.has(&["-O"]) {
            self.call.runs_other("-O", gather);
        }
        let pattern = self.name == "grep" && !self.given.has(&["-e", "-f"]);
        let mut files: Vec<Arg> = self.given.operands.iter().skip(usize::from(pattern)).cloned().collect();
        if files.is_empty() {
            files.push(Arg::known("."));
        }
        self.call.paths(&files, Access::Read, gather);
        self.call.wholes(&files, gather);
    }

    fn remote(&self, gather: &mut Gather) {
        match self.given.operands.first().map(|arg| arg.text.as_str()) {
            None | Some("show" | "get-url") => self.query(gather),
            Some("prune" | "update") => self.changes(gather),
            Some(_) => {
                gather.class(Class::Persistence, "changes where the repository is fetched from and sent to");
                self.given
                    .operands
                    .iter()
                    .skip(1)
                    .filter_map(|arg| hosts::of_copy(&arg.text))
                    .for_each(|host| gather.host(&host, false));
            }
        }
    }

    /// A subcommand whose first word says whether it asks or changes; what is in neither list is not known.
    fn verb(&self, queries: &[&str], changes: &[&str], gather: &mut Gather) {
        let verb = self.given.operands.first().map_or("", |arg| arg.text.as_str());
        if queries.contains(&verb) {
            self.query(gather);
        } else if changes.contains(&verb) {
            self.changes(gather);
        } else {
            gather.opaque(format!("`git {} {verb}` may run programs, drop work or contact others", self.name));
        }
    }

    fn config(&self, gather: &mut Gather) {
        let reads = ["--get", "--get-all", "--get-regexp", "--get-urlmatch", "-l", "--list", "--show-origin"];
        let changes = [
            "--add", "--unset", "--unset-all", "--replace-all", "--remove-section", "--rename-section", "-e", "--edit",
            "-f", "--file", "--global", "--system",
        ];
        let mut operands: Vec<&str> = self.given.operands.iter().map(|arg| arg.text.as_str()).collect();
        let verbs = ["get", "list", "set", "unset", "edit", "rename-section", "remove-section"];
        let verb = operands.first().copied().filter(|verb| verbs.contains(verb));
        if verb.is_some() {
            operands.remove(0);
        }
        let asks = self.given.has(&reads) || matches!(verb, Some("get" | "list"));
        if asks || operands.len() < 2 && verb.is_none() && !self.given.has(&changes) {
            self.settings_read(gather);
            if operands.iter().any(|key| is_secret_key(key)) {
                gather.class(Class::Credentials, "prints a setting that holds a secret");
            }
            return self.asks(gather);
        }
        gather.class(Class::VcsChange, "changes a setting of the repository");
        if self.given.has(&changes) || operands.len() < 2 || verb.is_some_and(|verb| verb != "set") {
            return gather.class(Class::Persistence, "changes git's settings beyond this repository, or drops them");
        }
        let given = operands.join("=");
        setting(&given, "config", gather);
        if changes_what_runs(&given).is_some() {
            gather.class(Class::Persistence, "changes a setting by which git runs programs");
        }
    }

    /// Where settings are read from beside the repository's own files. Another program's file of such a form is its secrets.
    fn settings_read(&self, gather: &mut Gather) {
        for file in self.given.values(&["-f", "--file"]).iter().filter(|file| file.text != "-") {
            self.call.path(file, Access::Read, gather);
            let inside = self.call.directories.iter().all(|directory| gather.in_project(directory, &file.text));
            if !inside && !file.text.ends_with("/.gitconfig") {
                gather.class(Class::Credentials, format!("prints `{}`, settings of another program", file.shown()));
            }
        }
        for blob in self.given.values(&["--blob"]) {
            self.recorded(&blob, gather);
        }
    }

    fn clone_from(&self, gather: &mut Gather) {
        gather.class(Class::VcsChange, "copies a repository");
        for value in self.given.values(&["-c", "--config"]) {
            setting(&value.text, "clone -c", gather);
        }
        if self.given.has(&["-u", "--upload-pack", "--template"]) {
            self.call.runs_other("--upload-pack", gather);
        }
        let Some(from) = self.given.operands.first() else { return };
        self.remotes(gather);
        let named =
            from.text.trim_end_matches('/').trim_end_matches(".git").rsplit(['/', ':']).next().unwrap_or_default();
        let into = self.given.operands.get(1).cloned().unwrap_or_else(|| from.with_text(named));
        self.call.path(&into, Access::Write, gather);
    }

    fn push(&self, gather: &mut Gather) {
        let forced = self.given.has(&["-f", "--force", "--force-with-lease", "--mirror", "--delete", "-d", "--prune"]);
        let forces = |arg: &Arg| arg.text.starts_with(['+', ':']);
        if forced || self.given.operands.iter().any(forces) {
            gather.class(Class::ForcePush, "`git push` overwrites or removes what others have");
        }
        gather.class(Class::Upload, "`git push` sends the repository's history");
        self.remotes(gather);
    }

    fn packs(&self, gather: &mut Gather) {
        self.query(gather);
        if self.given.has(&["--remote"]) {
            self.call.runs_other("--remote", gather);
        }
        self.call.paths(&self.given.values(&["-o", "--output-directory"]), Access::Write, gather);
        if self.name == "format-patch" && !self.given.has(&["--stdout"]) {
            gather.class(Class::Writes, "writes patches");
        }
    }
}

/// Settings that are secrets: headers with tokens, passwords of proxies and of mail.
fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase();
    ["extraheader", "password", "pass", "token", "secret", "cookie", "apikey"].iter().any(|part| key.contains(part))
}
