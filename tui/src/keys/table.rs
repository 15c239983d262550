//! The table: every act a key can ask for, its keys, where they hold, and how help and key bar name it.

use Context::{
    Bulk, CommandLine, Confirm, Container, Deny, Does, Edit, Filter, Help, Idle, Install, Leave, Note, Panic, Results,
    Rule, Scope, Stop, Volume, Word,
};

use super::context::{AGENTS, Context, GRANTS, HISTORY, POLICIES, QUEUE, View};

/// What a person wants, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the table says of each what it does")]
pub enum Act {
    Approve,
    Deny,
    ApproveScope,
    Edit,
    Snooze,
    Wake,
    Mark,
    TakeBack,
    Rule,
    Numbers,
    NextWaiting,
    Panic,
    Unfreeze,
    StopRuns,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    ScrollUp,
    ScrollDown,
    ScrollPageUp,
    ScrollPageDown,
    ScrollFirst,
    ScrollLast,
    Open,
    Back,
    NextView,
    PreviousView,
    View(View),
    Install,
    Demo,
    Container,
    Volume,
    Copy,
    WriteFile,
    LeaveRunning,
    Complete,
    Filter,
    CommandLine,
    Regroup,
    Refresh,
    Ids,
    Help,
    Redraw,
    Suspend,
    Quit,
    Toggle,
    SwitchGroup,
    Looser,
    Stricter,
    Send,
    Accept,
    CursorLeft,
    CursorRight,
    CursorUp,
    CursorDown,
    CursorStart,
    CursorEnd,
    EraseLeft,
    EraseRight,
    NewLine,
}

impl Act {
    /// True for what is also reached another way: its key goes to whatever a person gives it to.
    #[must_use]
    pub fn gives_way(self) -> bool {
        matches!(
            self,
            Self::View(_) | Self::Copy | Self::WriteFile | Self::Install | Self::Demo | Self::Container | Self::Volume
        )
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct KeyRow {
    /// What it asks for.
    pub act: Act,
    /// Its name in the config and in the line console.
    pub name: &'static str,
    /// The keys it has unless the config says otherwise, as [`super::Chord`] writes them.
    pub keys: &'static [&'static str],
    /// Where they hold.
    pub contexts: &'static [Context],
    /// What it does, for help.
    pub help: &'static str,
    /// Its word in the key bar; none where the bar has no room for it.
    pub bar: Option<&'static str>,
    /// True where it can end in an approval, a denial, an edit or an end of a freeze. Never on Enter, but for a denial's reason.
    pub decides: bool,
}

/// Wherever no question is in front.
const VIEWS: &[Context] = &[QUEUE, HISTORY, GRANTS, POLICIES, AGENTS, Idle];
const TEXTS: &[Context] = &[Deny, Note, Word, Edit, Does, Filter, CommandLine];
const DIALOGS: &[Context] = &[
    Deny, Note, Word, Confirm, Scope, Edit, Bulk, Results, Panic, Stop, Rule, Does, Help, Container, Install, Volume,
    Leave, Filter, CommandLine,
];
const LISTS: &[Context] = &[QUEUE, HISTORY, GRANTS, POLICIES, AGENTS, Scope, Panic, Stop, Help, Container, Install];
const EVERYWHERE: &[Context] = &[
    QUEUE, HISTORY, GRANTS, POLICIES, AGENTS, Idle, Deny, Note, Word, Confirm, Scope, Edit, Bulk, Results, Panic, Stop,
    Rule, Does, Help, Container, Install, Volume, Leave, Filter, CommandLine,
];

const fn row(
    act: Act,
    name: &'static str,
    keys: &'static [&'static str],
    contexts: &'static [Context],
    bar: Option<&'static str>,
    help: &'static str,
) -> KeyRow {
    KeyRow { act, name, keys, contexts, help, bar, decides: false }
}

const fn deciding(
    act: Act,
    name: &'static str,
    keys: &'static [&'static str],
    contexts: &'static [Context],
    bar: Option<&'static str>,
    help: &'static str,
) -> KeyRow {
    KeyRow { act, name, keys, contexts, help, bar, decides: true }
}

/// Every key of the console.
pub const TABLE: &[KeyRow] = &[
    // Deciding.
    deciding(
        Act::Approve,
        "approve",
        &["y"],
        &[QUEUE, Confirm, Scope, Bulk],
        Some("approve"),
        "approve this, once; with marks, each marked one",
    ),
    deciding(Act::Deny, "deny", &["n"], &[QUEUE], Some("deny"), "deny it, with a reason that reaches the agent"),
    deciding(
        Act::ApproveScope,
        "allow-similar",
        &["Y"],
        &[QUEUE],
        Some("allow similar"),
        "approve more of the same: how far, how long, how often",
    ),
    deciding(
        Act::Edit,
        "edit",
        &["e"],
        &[QUEUE],
        Some("edit"),
        "change the parameters; a new ticket takes this one's place",
    ),
    row(Act::Ids, "ids", &["i"], &[QUEUE], None, "details: ids, digests and the session, or not"),
    row(Act::Snooze, "snooze", &["s"], &[QUEUE], Some("snooze"), "hide it for a while"),
    row(Act::Wake, "wake", &["S"], &[QUEUE], None, "bring back all that was snoozed"),
    row(Act::Mark, "mark", &["space"], &[QUEUE], Some("mark"), "mark it, to decide several one by one"),
    row(
        Act::TakeBack,
        "undo",
        &["z"],
        &[QUEUE, GRANTS, Idle],
        Some("undo"),
        "end the grant just made or chosen, or lift the denial just made",
    ),
    row(
        Act::Numbers,
        "numbers",
        &["#"],
        VIEWS,
        None,
        "how much is asked and how it is answered, and how often each rule decided",
    ),
    row(Act::NextWaiting, "next-waiting", &["N"], VIEWS, None, "to the next request that waits, from wherever you are"),
    row(Act::Rule, "rule", &["R"], &[QUEUE, GRANTS], None, "make a lasting rule of it, or of all that are marked"),
    deciding(Act::Approve, "write-rule", &["y"], &[Rule], Some("write"), "put the lines shown into the config"),
    row(
        Act::Panic,
        "stop",
        &["!"],
        VIEWS,
        Some("stop"),
        "stop agents: revoke grants, deny what waits, refuse what comes",
    ),
    row(Act::Panic, "stop-now", &["!"], &[Panic], Some("stop"), "stop the chosen agents now"),
    deciding(Act::Unfreeze, "resume", &["u"], &[Panic], Some("resume"), "let the chosen agents ask again"),
    deciding(Act::Send, "send", &["enter"], &[Deny], Some("deny"), "deny, for the reason shown"),
    row(Act::StopRuns, "end-runs", &["X"], VIEWS, None, "what runs, and which of it to end: asks first"),
    row(Act::StopRuns, "end-chosen", &["X"], &[Stop], Some("stop"), "end the chosen runs"),
    deciding(
        Act::Send,
        "send-edit",
        &["ctrl-s"],
        &[Edit],
        Some("send"),
        "replace the ticket by the edited one, which then waits for approval",
    ),
    row(
        Act::Accept,
        "accept",
        &["enter"],
        &[Note, Does, Filter, CommandLine],
        Some("go on"),
        "done writing; never approves",
    ),
    // Where nothing waits.
    row(Act::Install, "install", &["i"], &[Idle], Some("hook"), "install the hook of the coding agents found here"),
    deciding(Act::Approve, "install-chosen", &["y"], &[Install], Some("install"), "write what is shown"),
    row(Act::Container, "container", &["c"], &[Idle], Some("container"), "how an agent's container is started"),
    row(Act::Demo, "demo", &["d"], &[Idle], Some("demo"), "two requests without effect, to approve and to deny"),
    row(Act::Volume, "volume", &["v"], &[Idle], None, "give agents this directory too, where the server has another"),
    deciding(Act::Approve, "add-volume", &["y"], &[Volume], Some("add it"), "write what is shown"),
    row(
        Act::Copy,
        "copy",
        &["x"],
        &[QUEUE, HISTORY, Container, Rule, Results],
        None,
        "copy the command, or again: the id; of a rule its lines (through the terminal, OSC 52)",
    ),
    row(Act::WriteFile, "write-file", &["w"], &[Container], Some("as a file"), "write it as a file to run"),
    // Moving.
    row(Act::Down, "down", &["j", "down"], LISTS, None, "next row"),
    row(Act::Up, "up", &["k", "up"], LISTS, None, "row before"),
    row(Act::First, "first", &["g", "home"], VIEWS, None, "first row"),
    row(Act::Last, "last", &["G", "end"], VIEWS, None, "last row"),
    row(Act::PageDown, "page-down", &["ctrl-f"], VIEWS, None, "a page of rows down"),
    row(Act::PageUp, "page-up", &["ctrl-b"], VIEWS, None, "a page of rows up"),
    row(Act::ScrollDown, "scroll-down", &["J", "shift-down"], &[QUEUE, HISTORY, GRANTS], None, "details: a line down"),
    row(Act::ScrollUp, "scroll-up", &["K", "shift-up"], &[QUEUE, HISTORY, GRANTS], None, "details: a line up"),
    row(
        Act::ScrollPageDown,
        "scroll-page-down",
        &["page-down", "ctrl-d"],
        &[QUEUE, HISTORY, GRANTS, Help, Container, Install],
        Some("more"),
        "details: a page down",
    ),
    row(
        Act::ScrollPageUp,
        "scroll-page-up",
        &["page-up", "ctrl-u"],
        &[QUEUE, HISTORY, GRANTS, Help, Container, Install],
        None,
        "details: a page up",
    ),
    row(Act::ScrollFirst, "scroll-first", &["["], &[QUEUE, HISTORY, GRANTS], None, "details: to the first line"),
    row(Act::ScrollLast, "scroll-last", &["]"], &[QUEUE, HISTORY, GRANTS], None, "details: to the last line"),
    row(
        Act::Open,
        "open",
        &["enter", "right", "l"],
        &[QUEUE, HISTORY, GRANTS],
        Some("open"),
        "details over the whole screen; never decides",
    ),
    row(
        Act::Back,
        "back",
        &["esc", "left", "h"],
        &[QUEUE, HISTORY, GRANTS, AGENTS],
        None,
        "back to the list; then: drop the marks, end the filter",
    ),
    // Views.
    row(
        Act::NextView,
        "next-view",
        &["tab"],
        VIEWS,
        Some("views"),
        "next view: queue, history, grants, policies, agents",
    ),
    row(Act::PreviousView, "previous-view", &["shift-tab"], VIEWS, None, "view before"),
    row(Act::View(View::Queue), "queue", &["1"], VIEWS, None, "to the queue"),
    row(Act::View(View::History), "history", &["2"], VIEWS, None, "to the history"),
    row(Act::View(View::Grants), "grants", &["3"], VIEWS, None, "to the grants"),
    row(Act::View(View::Policies), "policies", &["4"], VIEWS, None, "to the policies"),
    row(Act::View(View::Agents), "agents", &["5"], VIEWS, None, "to the agents"),
    row(Act::Filter, "filter", &["/"], VIEWS, Some("filter"), "show only what fits the words"),
    row(
        Act::CommandLine,
        "command",
        &[":"],
        VIEWS,
        None,
        "write a command: any name of this table that decides nothing, and `view NAME`, `group HOW`, `find ID`",
    ),
    row(Act::Complete, "complete", &["tab"], &[CommandLine], Some("complete"), "as far as the word can only go on so"),
    row(Act::Regroup, "regroup", &["v"], &[QUEUE], None, "group by agent and session, by agent, or not at all"),
    row(Act::Refresh, "refresh", &["r"], VIEWS, Some("refresh"), "read everything anew"),
    row(Act::Help, "help", &["?"], VIEWS, Some("help"), "this help"),
    // Policies.
    row(
        Act::Toggle,
        "toggle",
        &["space"],
        &[POLICIES],
        Some("switch"),
        "a group: on or off; an action: its next override",
    ),
    row(Act::SwitchGroup, "switch-group", &["e"], &[POLICIES], Some("on/off"), "the group of this row: on or off"),
    row(Act::Looser, "looser", &["l"], &[POLICIES], Some("looser"), "override one step looser; asks before it loosens"),
    row(Act::Stricter, "stricter", &["t"], &[POLICIES], Some("stricter"), "override one step stricter"),
    row(Act::Back, "back-policies", &["esc", "left", "h"], &[POLICIES], None, "end the filter"),
    // Forms.
    row(Act::Toggle, "choose", &["space"], &[Panic, Stop, Install], Some("choose"), "choose or leave out this one"),
    row(Act::Looser, "narrower", &["left", "h"], &[Scope], Some("narrower"), "a narrower choice, or less"),
    row(Act::Stricter, "wider", &["right", "l"], &[Scope], Some("wider"), "a wider choice, or more"),
    row(Act::CursorUp, "previous-reason", &["up"], &[Deny], None, "the reason before"),
    row(Act::CursorDown, "next-reason", &["down"], &[Deny], Some("reasons"), "the next reason"),
    row(Act::CursorUp, "row-up", &["up"], &[Edit], None, "cursor a row up"),
    row(Act::CursorDown, "row-down", &["down"], &[Edit], None, "cursor a row down"),
    row(Act::CursorLeft, "cursor-left", &["left"], TEXTS, None, "cursor left"),
    row(Act::CursorRight, "cursor-right", &["right"], TEXTS, None, "cursor right"),
    row(Act::CursorStart, "cursor-start", &["home", "ctrl-a"], TEXTS, None, "cursor to the start of the row"),
    row(Act::CursorEnd, "cursor-end", &["end", "ctrl-e"], TEXTS, None, "cursor to the end of the row"),
    row(Act::EraseLeft, "erase-left", &["backspace"], TEXTS, None, "erase the character before the cursor"),
    row(Act::EraseRight, "erase-right", &["delete"], TEXTS, None, "erase the character at the cursor"),
    row(Act::NewLine, "new-line", &["enter"], &[Edit], None, "a new line"),
    row(Act::Back, "leave", &["esc"], DIALOGS, Some("leave"), "leave, changing nothing"),
    row(Act::Back, "done", &["q", "enter"], &[Help, Container, Results], None, "back to the list"),
    row(Act::Quit, "stop-server", &["q"], &[Leave], Some("stop it and leave"), "stop the server and leave"),
    row(
        Act::LeaveRunning,
        "leave-running",
        &["l"],
        &[Leave],
        Some("let it run on and leave"),
        "leave, and let the server run on",
    ),
    // The program.
    row(Act::Redraw, "redraw", &["ctrl-l"], EVERYWHERE, None, "draw everything anew"),
    row(
        Act::Suspend,
        "suspend",
        &["ctrl-z"],
        EVERYWHERE,
        None,
        "put the console into the background; `fg` brings it back",
    ),
    row(Act::Quit, "quit", &["q", "ctrl-c"], VIEWS, Some("quit"), "leave the console; what waits goes on waiting"),
    row(Act::Quit, "quit-anywhere", &["ctrl-c"], DIALOGS, None, "leave the console"),
];
