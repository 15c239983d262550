//! Calls of a host's shell that are run confined: whether that can be had for this call, what is handed over to the launcher, and what
//! came of it.
//!
//! Every doubt about a line ends in saying that it cannot be confined now: the bridge then has a person asked. A call that was cleared to be confined
//! goes on as the launcher's line or not at all.

mod after;
mod against;
mod state;

use std::path::{Path, PathBuf};

use ccc_hosts::answer::Reason;
use ccc_hosts::event::ToolCall;
use ccc_hosts::host::{Host, Manner, Rewrite};
use ccc_protocol::Digest;
use ccc_protocol::actions::{CAN_CONFINE, CAN_NOT_NOW};
use ccc_protocol::beneath::lies_beneath;
use serde_json::{Map, Value};

use crate::config::{Config, Confine};
pub use after::{After, TOLD, look_after};
use state::{Handed, State, Trace};
pub use state::{is_off, switch_off, switch_on};

/// The longest line that is confined, in bytes: the launcher hands it to a shell as one argument.
const LINE_BYTES_MAX: usize = 100 * 1024;
/// What a shell may start in the background and leave running; confined it would end with the call.
const LEFT_RUNNING: [&str; 4] = ["nohup", "setsid", "disown", "coproc"];
/// What takes the shell to another directory.
const MOVES: [&str; 3] = ["cd", "pushd", "popd"];

/// A call that can be run confined.
#[derive(Debug)]
pub struct Confiner {
    confine: Confine,
    field: &'static str,
    state: State,
    input: Map<String, Value>,
    line: String,
    directory: String,
    project: String,
    is_background: bool,
    keeps_directory: bool,
    /// The name of this very call, where the host tells one; else what its event afterwards is known by.
    trace: Trace,
    never: Vec<PathBuf>,
}

/// What can be done with a call.
#[derive(Debug)]
pub enum Can {
    /// Nothing but letting it go on as it is: calls of this host are not run confined here.
    Nothing,
    /// Calls of this host are run confined, and this one cannot be: what would be confined is to be asked.
    NotNow,
    /// It can be run confined.
    Confine(Box<Confiner>),
}

impl Can {
    /// What can be done with this call: whether the host takes another line and nothing of its own stands against it, and whether
    /// the line can be handed over whole and did not fail confined a moment ago.
    #[must_use]
    pub fn of(
        config: &Config,
        config_path: &Path,
        event: &str,
        call: &ToolCall,
        document: &Map<String, Value>,
    ) -> Self {
        let (Some(confine), Some(rewrite)) = (&config.confine, rewrite_of(call.host)) else { return Self::Nothing };
        let project = call.project.clone().unwrap_or_else(|| call.cwd.clone());
        let is_had = event == call.host.profile().gate
            && call.native == rewrite.tool
            // What the host takes from its shell and does itself is no line that another program could run.
            && call.tool == SHELL
            && !state::is_off(config_path, call.host)
            && !against::anything(call.host, rewrite, Path::new(&project), document);
        if !is_had {
            return Self::Nothing;
        }
        let never = config_path.parent().map(Path::to_owned).into_iter().chain([config.secrets.clone()]);
        let confiner = Confiner::of(confine, rewrite, never.collect(), project, call, document);
        confiner.map_or(Self::NotNow, |confiner| Self::Confine(Box::new(confiner)))
    }

    /// What the bridge is told: the words of `can`.
    #[must_use]
    pub fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::NotNow => &[CAN_CONFINE, CAN_NOT_NOW],
            Self::Confine(_) => &[CAN_CONFINE],
        }
    }
}

impl Confiner {
    fn of(
        confine: &Confine,
        rewrite: &Rewrite,
        never: Vec<PathBuf>,
        project: String,
        call: &ToolCall,
        document: &Map<String, Value>,
    ) -> Option<Self> {
        let input = call.input.as_object()?.clone();
        let line = input.get(rewrite.line)?.as_str().filter(|line| can_be_handed_over(line))?.to_owned();
        let trace = Trace::of(rewrite, &call.session, &line, document)?;
        let manner = (rewrite.manner)(&input);
        let is_inside = project.starts_with('/') && lies_beneath(&call.cwd, &project);
        let state = State::of_person()?;
        if !is_inside || manner == Manner::Detached || state.was_refused(&key(&line, &call.cwd)) {
            return None;
        }
        Some(Self {
            confine: confine.clone(),
            field: rewrite.line,
            state,
            is_background: manner == Manner::Background,
            keeps_directory: rewrite.keeps_directory,
            input,
            line,
            directory: call.cwd.clone(),
            project,
            trace,
            never: never.into_iter().filter(|path| path.is_absolute()).collect(),
        })
    }

    /// Hands the call over, and gives the input with which the host is to go on: the agent's, with the launcher's line in place of
    /// its own.
    ///
    /// # Errors
    /// Where it cannot be handed over: nothing may go on.
    pub fn hand_over(&self) -> Result<Value, Reason> {
        let failed = |error: std::io::Error| Reason::new(&format!("this call cannot be run confined: {error}"));
        let id = state::new_id().map_err(failed)?;
        let tells = self.keeps_directory && !self.is_background && MOVES.iter().any(|word| has_word(&self.line, word));
        let wrapper = wrapper(&self.confine.launcher, &id, tells).map_err(failed)?;
        self.state.put_call(&id, &self.encoded(tells)).map_err(failed)?;
        let handed = Handed {
            id,
            wrapper: wrapper.clone(),
            key: key(&self.line, &self.directory),
            is_background: self.is_background,
        };
        self.state.note(&self.trace, &handed).map_err(failed)?;
        let mut input = self.input.clone();
        input.insert(self.field.to_owned(), Value::from(wrapper));
        Ok(Value::Object(input))
    }

    /// As `ccc-confine call` reads it (`confine/src/call.rs`).
    fn encoded(&self, tells: bool) -> Vec<u8> {
        let mut entries = vec![
            "ccc-call/2".to_owned(),
            format!("command={}", self.line),
            format!("project={}", self.project),
            format!("until={}", state::until_seconds()),
        ];
        entries.extend(self.is_background.then(|| "background=yes".to_owned()));
        entries.extend(tells.then(|| "tells-directory=yes".to_owned()));
        entries.extend(self.confine.limits().map(|(name, limit)| format!("{name}={limit}")));
        let mut bytes = entries.join("\0").into_bytes();
        for path in &self.never {
            bytes.extend([b"\0never=", path.as_os_str().as_encoded_bytes()].concat());
        }
        bytes.extend(b"\0end\0");
        bytes
    }
}

/// Why a tool of the host's own must not go on: a path within the project leads out of it, where confined calls may have made it a link.
/// None where calls are not confined here.
#[must_use]
pub fn leads_out(config: &Config, call: &ToolCall) -> Option<Reason> {
    config.confine.as_ref()?;
    let project = call.project.as_deref().unwrap_or(&call.cwd);
    let written = Path::new(project);
    let project = written.canonicalize().ok()?;
    let out = named_in(&call.input).into_iter().map(|text| Path::new(&call.cwd).join(text)).find(|path| {
        let parts: PathBuf = path.components().collect();
        (parts.starts_with(&project) || parts.starts_with(written))
            && real(&parts).is_none_or(|real| !real.starts_with(&project))
    })?;
    Some(Reason::new(&format!(
        "`{}` leads out of the project by a link: name the place that it leads to, so that it is judged",
        out.display()
    )))
}

/// Where a path leads, also where its end is not there yet. None where that cannot be told, as of a link to nowhere.
fn real(path: &Path) -> Option<PathBuf> {
    for outer in path.ancestors() {
        match outer.canonicalize() {
            Ok(real) => return Some(real.join(path.strip_prefix(outer).ok()?)),
            Err(_) if outer.symlink_metadata().is_ok() => return None,
            Err(_) => {}
        }
    }
    None
}

/// The shell of every host, by the common name.
const SHELL: &str = "Bash";

/// Fields in which tools of hosts name files.
const PATH_FIELDS: [&str; 7] = ["file_path", "path", "notebook_path", "dir_path", "absolute_path", "paths", "include"];
/// What stands before a file's name in a patch of Codex'.
const PATCH_HEADS: [&str; 4] = ["*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "];

/// The files that an input names, by a tool's own fields or in a patch. Of a pattern it is the directory that it begins in.
fn named_in(input: &Value) -> Vec<&str> {
    let fields = PATH_FIELDS.iter().filter_map(|field| input.get(*field));
    let texts = fields.flat_map(|value| match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    });
    let files = texts.filter_map(Value::as_str).filter_map(|path| path.split(['*', '?', '[', '{']).next());
    let patch = input.get("command").and_then(Value::as_str).into_iter().flat_map(str::lines);
    let patched = patch.filter_map(|line| PATCH_HEADS.iter().find_map(|head| line.trim_start().strip_prefix(head)));
    files.chain(patched.map(str::trim)).collect()
}

/// Forgets that this line was handed out as another one: it is released to run as it is.
pub fn released(call: &ToolCall) {
    let (Some(rewrite), Some(state)) = (rewrite_of(call.host), State::of_person()) else { return };
    let line = call.input.get(rewrite.line).and_then(Value::as_str);
    if let (None, Some(line)) = (rewrite.use_id, line) {
        state.forget_line(&call.session, line);
    }
}

/// One line that a person can read: the launcher, and an id that is good once.
fn wrapper(launcher: &Path, id: &str, tells: bool) -> std::io::Result<String> {
    let plain = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%=:,".contains(c));
    let launcher = launcher
        .to_str()
        .filter(plain)
        .ok_or_else(|| std::io::Error::other("the path of `ccc-confine` cannot stand in a line of a shell"))?;
    Ok(match tells {
        true => format!(r#"{launcher} call {id} && cd "$({launcher} left {id})""#),
        false => format!("{launcher} call {id}"),
    })
}

/// What the same call is known by when it comes again.
fn key(line: &str, directory: &str) -> String {
    Digest::of([line, "\0", directory].concat().as_bytes()).to_string().replace(':', "-")
}

/// One argument to a shell that says all, and leaves nothing running behind.
fn can_be_handed_over(line: &str) -> bool {
    let is_whole = !line.contains('\0') && line.len() <= LINE_BYTES_MAX && !line.trim().is_empty();
    is_whole && !leaves_running(line)
}

/// True where `&` stands for anything but `&&` and redirection, in whatever quotes.
fn leaves_running(line: &str) -> bool {
    let bytes = line.as_bytes();
    let at = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let is_lone = |place: usize| {
        let (before, after) = (at(place.checked_sub(1)), at(place.checked_add(1)));
        at(Some(place)) == b'&' && !matches!(before, b'&' | b'>' | b'<' | b'|') && !matches!(after, b'&' | b'>')
    };
    (0..bytes.len()).any(is_lone) || LEFT_RUNNING.iter().any(|word| has_word(line, word))
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-' && c != '.').any(|part| part == word)
}

/// A name that can be one of a file.
fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether calls of this host can be rewritten at all.
#[must_use]
pub fn rewrite_of(host: Host) -> Option<&'static Rewrite> {
    host.profile().rewrite.as_ref()
}

/// Whether a plain `allow` would go past a rule of the person's own.
#[must_use]
pub fn outranks_a_rule(host: Host) -> bool {
    against::a_rule_is_outranked(host)
}

/// What stands against it in this host's settings, for a person to read.
#[must_use]
pub fn against(host: Host, project: &Path) -> Option<String> {
    against::in_words(host, rewrite_of(host)?, project)
}

/// Why no call of this host is confined, in words; none where calls can be, and of a host that takes no other line.
#[must_use]
pub fn why_not(host: Host, config: &Config, path: &Path) -> Option<String> {
    let rewrite = rewrite_of(host)?;
    let project = std::env::current_dir().unwrap_or_default();
    match &config.confine {
        None => Some("no `ccc-confine` was found at the install that confines at level `full`".to_owned()),
        Some(_) if state::is_off(path, host) => {
            Some("another line ran than was handed out: run `ccc-hook doctor`".to_owned())
        }
        Some(_) => against::in_all_words(host, rewrite, &project).map(|what| format!("because of {what}")),
    }
}

/// How far this launcher can confine, by its own word: `full`, `files` or `none`.
#[must_use]
pub fn probed(launcher: &Path) -> Option<String> {
    let output = std::process::Command::new(launcher).arg("probe").stdin(std::process::Stdio::null()).output().ok()?;
    let said: Value = serde_json::from_slice(&output.stdout).ok()?;
    Some(said.get("level")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_outlive_its_call_is_not_confined() {
        for line in ["npm run dev &", "a & b", "nohup x", "(a&)", "echo '&'", "x & disown", "setsid y", "a &\nb"] {
            assert!(leaves_running(line), "{line}");
        }
        for line in ["a && b", "a >& b", "a 2>&1", "a &> b", "a |& b", "a", "echo disowned"] {
            assert!(!leaves_running(line), "{line}");
        }
    }

    #[test]
    fn a_wrapper_is_a_line_with_an_id_and_nothing_else() {
        let launcher = Path::new("/usr/local/bin/ccc-confine");
        assert_eq!(wrapper(launcher, "0a", false).unwrap(), "/usr/local/bin/ccc-confine call 0a");
        assert_eq!(
            wrapper(launcher, "0a", true).unwrap(),
            r#"/usr/local/bin/ccc-confine call 0a && cd "$(/usr/local/bin/ccc-confine left 0a)""#
        );
        for path in ["/a b/ccc-confine", "/a'/ccc-confine", "/$(x)/ccc-confine"] {
            assert!(wrapper(Path::new(path), "0a", false).is_err(), "{path}");
        }
    }

    #[test]
    fn a_word_is_one_between_signs() {
        assert!(has_word("x;cd /tmp", "cd") && has_word("(cd a)", "cd") && has_word("cd", "cd"));
        assert!(!has_word("abcd efg", "cd") && !has_word("cd-rom", "cd"));
    }
}
