//! Everything that is particular to one host, as data and a few pure functions.

use std::path::{Path, PathBuf};

use ccc_protocol::Timestamp;
use serde_json::Value;

use super::Role;
use super::rewrite::Rewrite;
use crate::answer::{Answer, Reply};
use crate::event::Event;
use crate::jsontext::Style;
use crate::settings::{Entry, place::Places};
use crate::tool::Tools;
use crate::translate::{Document, Problem};
use crate::version::Version;

/// One host. Its file beside this one fills it in.
pub struct Profile {
    /// The name used on the command line, in actions and in files.
    pub name: &'static str,
    /// The program that people start.
    pub program: &'static str,
    /// What the vendor calls the product.
    pub title: &'static str,
    /// Where it keeps a person's settings, beneath their home directory.
    pub home: &'static str,
    /// The variable by which it is told to keep them elsewhere.
    pub home_variable: Option<&'static str>,
    /// The person's settings file, beneath that directory.
    pub user_file: &'static str,
    /// The settings file of a project, beneath the project; `None` where it reads no hooks from projects.
    pub project_file: Option<&'static str>,
    /// How it tells the project of a call.
    pub project: Named,
    /// The events that are understood. An event not listed may be a gate, and so it blocks.
    pub events: &'static [(&'static str, Role)],
    /// The one gate that is asked about every tool call.
    ///
    /// Permission requests are understood too but not installed: they follow a gate that already decided, and a person would be
    /// asked twice.
    pub gate: &'static str,
    /// The gate at which leave takes the place of the answer that the host's own person would give to its prompt.
    pub permission: Option<&'static str>,
    /// The tools that its package brings.
    pub tools: Tools,
    /// The events to install, the gate first. None is listed that the host is not known to have: on some hosts one unknown name
    /// drops all hooks.
    pub installed: &'static [&'static str],
    /// Those of them that the host has only from this version on; an older one is not given them.
    pub since: &'static [(&'static str, Version)],
    /// How its settings file is written.
    pub format: Format,
    /// What the shell does when the hook at a gate ends badly, behind its command line.
    pub guard: &'static str,
    /// How it hands over its document.
    pub feed: Feed,
    /// Understands a document under an event in that role.
    pub read: fn(&Document<'_>, &str, Role) -> Result<Event, Problem>,
    /// The form of an answer at a gate.
    pub reply: fn(&str, &Answer) -> Reply,
    /// The form in which it is told to go on and to ask its own person, where it would.
    pub aside: fn() -> Reply,
    /// Options of its command line that give rules which its `allow` would go past: with one of them it is told to go on and no more.
    pub outranked: &'static [&'static str],
    /// The form in which it is told that an event was recorded.
    pub noted: fn(&str) -> Reply,
    /// The document of a call of this tool, in this session and directory, as it would send it.
    pub call: fn(tool: &str, session: &str, cwd: &str) -> Value,
    /// Where it keeps its MCP servers: the person's own file, then the project's.
    pub mcp_files: fn(&Places) -> Vec<PathBuf>,
    /// The settings by which all its hooks are turned off.
    pub switches: Switches,
    /// Why it passes over the hooks in this settings file, as far as files tell it: each reason with its mend.
    pub deaf: fn(&Places, &Path) -> Vec<String>,
    /// How its program is asked what it makes of its own settings, where it tells.
    pub checkup: Option<Checkup>,
    /// How its program is run against a model of ours; `None` where that is not known.
    pub trial: Option<Trial>,
    /// How a call of its shell is run confined; `None` where it takes no other input than the agent's.
    pub rewrite: Option<Rewrite>,
    /// True where a hook can tell its agent something when a session begins.
    pub tells_at_start: bool,
    /// The form in which it is told to show its model this in place of what a call gave back; `None` where it cannot be.
    pub masked: Option<fn(&str, &Value) -> Reply>,
    /// Where it logs the calls of its agents; `None` where it keeps no log that is read here.
    pub log: Option<Log>,
    /// What is known of it in this version; without one, what is safe to say.
    pub limits: fn(Option<Version>) -> Limits,
    /// The names of the subagents that its settings declare.
    pub subagents: fn(&Places) -> Vec<String>,
    /// True where it passes over hooks until it was told to trust them.
    pub trusts_hooks_by_name: bool,
}

impl Profile {
    /// The events to install where the host has this version.
    pub fn events_of(&self, version: Option<Version>) -> impl Iterator<Item = &'static &'static str> {
        let has = move |event: &&&'static str| {
            let since = self.since.iter().find(|(late, _)| late == *event);
            since.is_none_or(|(_, since)| version.is_some_and(|version| version >= *since))
        };
        self.installed.iter().filter(has)
    }
}

/// How a settings file is written.
#[derive(Clone, Copy)]
pub enum Format {
    /// An object with `hooks`, in it a list for each event.
    Json {
        /// With comments or without.
        style: Style,
        /// True where the file is invalid without a `version`.
        versioned: bool,
        /// An entry, at an event in that role, as it stands in the event's list.
        element: fn(&Entry, Role) -> Value,
    },
    /// `[[hooks]]` tables in TOML.
    TomlTables,
    /// A plugin that is ours as a whole.
    Plugin {
        /// The file, with an empty `const HOOKS = []` for the entries.
        template: &'static str,
    },
}

/// How a hook gets its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// On stdin.
    Stdin,
    /// By a here-document behind the command line, which therefore must be one simple command.
    HereDocument,
}

/// Settings that turn all hooks off.
pub struct Switches {
    /// The files in which they would stand, beside the one of the install.
    pub files: fn(&Places) -> Vec<PathBuf>,
    /// The switch that is set in these settings.
    pub set_in: fn(&Value) -> Option<&'static str>,
}

/// How a host tells the project of a call beside the directory that the call runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// In a variable of this name.
    Variable(&'static str),
    /// By starting its hook there. The agent chooses the directory that a call runs in.
    HooksDirectory,
    /// Not at all.
    Nowhere,
}

impl Switches {
    /// For a host without such settings.
    pub(super) const NONE: Self = Self { files: |_| Vec::new(), set_in: |_| None };
}

/// A host's own log of calls: files with a line of JSON for each thing that happened.
#[derive(Clone, Copy)]
pub struct Log {
    /// The field of a gate's document that names the call as the log does.
    pub use_id: &'static str,
    /// The directory beneath which it lies.
    pub directory: fn(&Places) -> PathBuf,
    /// True for the name of one of its files.
    pub is_file: fn(&str) -> bool,
    /// What a line of it tells.
    pub read: fn(&Value) -> Option<Logged>,
}

/// What a line of a host's log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logged {
    /// The session that the file is about, as the gate's documents name it.
    Session(String),
    /// A call that the agent made.
    Call {
        /// As the gate's document names it.
        id: String,
        /// The tool by the host's own name.
        tool: String,
        /// When.
        at: Timestamp,
    },
}

/// A command by which a host's program tells what it makes of its own settings.
#[derive(Clone, Copy)]
pub struct Checkup {
    /// The arguments.
    pub arguments: &'static [&'static str],
    /// Why it passes over the hooks in this settings file, read from what it prints: each reason with its mend.
    pub told: fn(printed: &str, settings: &Path) -> Vec<String>,
}

/// How a host's program is run once against a model of ours, as the person would run it but for endpoint and key.
#[derive(Clone, Copy)]
pub struct Trial {
    /// The arguments for the model at this address; the last is the prompt.
    pub arguments: fn(url: &str) -> Vec<String>,
    /// The variables that point it at the model; one without a value is taken away.
    pub environment: fn(url: &str, directory: &Path) -> Vec<Variable>,
    /// A settings file that must lie in the directory meanwhile.
    pub file: Option<TrialFile>,
}

/// An environment variable, and its value where it has one.
pub type Variable = (&'static str, Option<String>);

/// A settings file of a trial.
#[derive(Clone, Copy)]
pub struct TrialFile {
    /// Its name in the trial's directory.
    pub name: &'static str,
    /// What it says.
    pub text: fn() -> String,
}

/// What a hook is worth on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The hook does not fire: nothing is gated.
    Blind,
    /// The hook gates, and there are known ways past it.
    Advisory,
    /// The hook gates, and its own failures block too.
    Enforced,
}

/// What a host makes of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The best that an installed and firing hook can be there.
    pub level: Level,
    /// What happens when the hook crashes or times out.
    pub on_failure: &'static str,
    /// The ways past it.
    pub open: Vec<&'static str>,
}

/// What a shell does when the hook ends badly: it blocks, also when the binary is missing or was killed.
pub(super) const GUARD: &str = " || { echo 'ccc-hook failed: call blocked' >&2; exit 2; }";

/// What a host that is guarded by its shell alone makes of a failure.
pub(super) const GUARDED: &str = "a crash or a missing binary blocks by the shell guard; a call whose hook times out RUNS, so the hook's own deadline is shorter";

/// A handler in a group of its own, as Claude Code began and others took over; one about tools says that it is about all.
pub(super) fn grouped(role: Role, handler: &Value) -> Value {
    use super::Moment::PostTool;
    match role {
        Role::Gate | Role::Record(PostTool) => serde_json::json!({ "matcher": "*", "hooks": [handler] }),
        Role::Record(_) => serde_json::json!({ "hooks": [handler] }),
    }
}

/// A call's document in the fields that most hosts share.
pub(super) fn shared_call(gate: &str, tool: &str, session: &str, cwd: &str) -> Value {
    serde_json::json!({
        "session_id": session,
        "conversation_id": session,
        "hook_event_name": gate,
        "cwd": cwd,
        "workspace_roots": [cwd],
        "tool_name": tool,
        "tool_input": {},
    })
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("name", &self.name).finish_non_exhaustive()
    }
}
