//! The names of the built-in actions, which every program knows without asking. What each takes and does is declared in
//! `core/src/catalogue/builtin.rs`; a test there holds the two against each other.

/// Open a file in the person's editor.
pub const EDIT_FILE: &str = "edit-file";
/// Open a web page in the person's browser.
pub const OPEN_BROWSER: &str = "open-browser";
/// Open a terminal in a directory.
pub const OPEN_TERMINAL: &str = "open-terminal";
/// Send a mail, where a permission for it exists.
pub const SEND_EMAIL: &str = "send-email";
/// Allow or forbid a user's mails to a recipient.
pub const SET_MAIL_PERMISSION: &str = "set-mail-permission";
/// Show which mails may be sent.
pub const GET_MAIL_PERMISSIONS: &str = "get-mail-permissions";
/// List what may be asked for.
pub const LIST_ACTIONS: &str = "list-actions";
/// Tell what policy would do with a request, without doing it.
pub const EXPLAIN: &str = "explain";
/// Use one of a coding agent's own tools: judged here, done by the agent.
pub const USE_TOOL: &str = "use-tool";
/// The parameter of `use-tool` that says what else than letting a call go on the asking program can do with it.
pub const CAN: &str = "can";
/// What `record-event` says in `detail.confined` of a call that did not run as the line that was handed out for it.
pub const OTHER_RAN: &str =
    "what ran is not what was handed out: calls are not confined until `ccc-hook doctor` passes";
/// The word of [`CAN`] of a program that has calls run confined.
pub const CAN_CONFINE: &str = "confine";
/// The word beside [`CAN_CONFINE`] of a call that cannot be run so, or was kept from something when it was: what would be confined is asked.
pub const CAN_NOT_NOW: &str = "not-now";
/// Write down what a coding agent's host told.
pub const RECORD_EVENT: &str = "record-event";
/// Let a session of a coding agent begin.
pub const START_SESSION: &str = "start-session";
/// Approve the present form of an MCP server's tool.
pub const PIN_TOOL: &str = "pin-tool";

/// All of them.
pub const ALL: [&str; 12] = [
    EDIT_FILE, OPEN_BROWSER, OPEN_TERMINAL, SEND_EMAIL, SET_MAIL_PERMISSION, GET_MAIL_PERMISSIONS, LIST_ACTIONS,
    EXPLAIN, USE_TOOL, RECORD_EVENT, START_SESSION, PIN_TOOL,
];
