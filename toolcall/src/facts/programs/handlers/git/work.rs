//! Branches, tags and the working tree: what switches or records, and what throws work away.

use super::Git;
use crate::facts::Access;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;

impl Git<'_> {
    pub(super) fn branch(&self, gather: &mut Gather) {
        let changes = [
            "-m", "-M", "-c", "-C", "-f", "-u", "-t", "--move", "--copy", "--force", "--track", "--set-upstream-to",
            "--unset-upstream", "--edit-description",
        ];
        if self.given.has(&["-D", "-f", "--force", "-M", "-C"]) {
            self.discards("removes or moves a branch, whatever it holds", gather);
        } else if self.given.has(&["-d", "--delete"]) {
            self.changes(gather);
        } else if self.given.operands.is_empty() && !self.given.has(&changes) || self.given.has(&["-l", "--list"]) {
            self.query(gather);
        } else {
            self.changes(gather);
        }
    }

    pub(super) fn tag(&self, gather: &mut Gather) {
        if self.given.has(&["-d", "--delete", "-f", "--force"]) {
            self.discards("removes or moves a tag", gather);
        } else if self.given.operands.is_empty() || self.given.has(&["-l", "--list", "-n", "--contains", "--points-at"])
        {
            self.query(gather);
        } else {
            self.changes(gather);
        }
    }

    pub(super) fn stash(&self, gather: &mut Gather) {
        match self.given.operands.first().map(|arg| arg.text.as_str()) {
            Some("list" | "show") => self.query(gather),
            Some("drop" | "clear") => self.discards("drops kept work", gather),
            None | Some("push" | "save" | "pop" | "apply" | "branch" | "create" | "store") => self.changes(gather),
            Some(_) => gather.opaque("`git stash` is called in a way that is not known here"),
        }
    }

    pub(super) fn worktree(&self, gather: &mut Gather) {
        match self.given.operands.first().map(|arg| arg.text.as_str()) {
            Some("add") => {
                if self.given.has(&["-B"]) {
                    self.discards("moves a branch, whatever it holds", gather);
                }
                self.changes(gather);
                self.call.paths(self.given.operands.iter().skip(1).take(1), Access::Write, gather);
            }
            Some("remove") => {
                if self.given.has(&["-f", "--force"]) {
                    self.discards("removes a working tree, whatever was changed in it", gather);
                }
                self.changes(gather);
                self.call.paths(self.given.operands.iter().skip(1), Access::Delete, gather);
            }
            _ => self.verb(&["list"], &["prune", "lock", "unlock"], gather),
        }
    }

    pub(super) fn checkout(&self, gather: &mut Gather) {
        let makes = self.given.has(&["-b", "-B", "--orphan"]);
        let dashes = self.call.args.iter().any(|arg| arg.text == "--");
        let file = |arg: &Arg| looks_like_a_file(&arg.text) || arg.pattern;
        // Behind what to switch to only files can stand.
        let files = self.given.operands.len() > 1 || self.given.operands.iter().any(file);
        if !makes && (dashes || files)
            || self.given.has(&["-f", "--force", "-p", "--patch", "--ours", "--theirs", "--pathspec-from-file"])
        {
            self.discards("puts files back and drops what was changed in them", gather);
        }
        if self.given.has(&["-B"]) {
            self.discards("moves a branch, whatever it holds", gather);
        }
        self.changes(gather);
    }

    pub(super) fn switch(&self, gather: &mut Gather) {
        if self.given.has(&["-f", "--force", "--discard-changes", "-C", "--force-create"]) {
            self.discards("drops what was changed, or moves a branch", gather);
        }
        self.changes(gather);
    }

    pub(super) fn restore(&self, gather: &mut Gather) {
        if !self.keeps(&["-S", "--staged"]) || self.given.has(&["-W", "--worktree"]) {
            self.discards("puts files back and drops what was changed in them", gather);
        }
        self.changes(gather);
    }

    pub(super) fn reset(&self, gather: &mut Gather) {
        if self.given.has(&["--hard", "--merge", "--keep"]) {
            self.discards("drops what was changed", gather);
        }
        self.changes(gather);
    }

    pub(super) fn clean(&self, gather: &mut Gather) {
        if self.keeps(&["-n", "--dry-run"]) {
            self.query(gather);
        } else {
            self.discards("removes files that were never recorded", gather);
        }
    }

    pub(super) fn rm(&self, gather: &mut Gather) {
        self.changes(gather);
        if !self.keeps(&["--cached"]) {
            self.call.paths(&self.given.operands, Access::Delete, gather);
        }
    }
}

/// True for what no branch is called; a directory or file without such a sign cannot be told from a branch here.
fn looks_like_a_file(text: &str) -> bool {
    let by_case = text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphabetic());
    text == "." || text.starts_with("./") || text.ends_with('/') || has_extension(text) || by_case && text != "HEAD"
}

/// True for `main.rs`, not for `v1.2`.
fn has_extension(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.')
        .is_some_and(|(_, end)| !end.is_empty() && !end.chars().any(|c| c.is_ascii_digit() && !name.contains("mp")))
}
