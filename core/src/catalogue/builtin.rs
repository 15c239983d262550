//! The built-in actions, with the policies of the seed system. Config may change their policy, floor, risk and group, nothing else.

use ccc_protocol::{
    ActionName, Digest,
    actions::{self as names, CAN, CAN_CONFINE, CAN_NOT_NOW},
    bodies::{Policy, Risk},
};
use serde_json::{Value, json};

use super::{
    action::Action,
    effect::{Effect, Opener, Service},
    param::{Entry, Kind, Param, PathKind},
};
use crate::pattern::WholePattern;

/// The group of what happens on the person's screen.
pub const DESKTOP: &str = "desktop";
/// The group of mail and its permissions; switched off, none of its three actions works.
pub const EMAIL: &str = "email";
/// The group of what the bridge itself knows and keeps.
pub const BRIDGE: &str = "bridge";
/// The group of coding agents' own tools.
pub const AGENT: &str = "agent";

/// All of them, not yet sealed: a [`Catalogue`](super::Catalogue) does that when it takes them.
#[must_use]
pub fn actions() -> Vec<Action> {
    [desktop(), email(), bridge(), agent()].into_iter().flatten().collect()
}

fn desktop() -> Vec<Action> {
    let editor = Effect::Open(Opener::Editor { param: "filename".to_owned() });
    let browser = Effect::Open(Opener::Browser { param: "url".to_owned() });
    let terminal = Effect::Open(Opener::Terminal { param: "path".to_owned() });
    let url = Kind::Url { schemes: vec!["http".to_owned(), "https".to_owned()] };
    vec![
        action(names::EDIT_FILE, "Open a file in the person's editor", DESKTOP, Policy::AutoAccept, editor)
            .taking([required("filename", path(Entry::File, false), "the file; it need not be there yet")]),
        action(names::OPEN_BROWSER, "Open a web page in the person's browser", DESKTOP, Policy::Queue, browser)
            .taking([required("url", url, "the page")]),
        action(names::OPEN_TERMINAL, "Open a terminal in a directory", DESKTOP, Policy::Queue, terminal).taking([
            with_default(
                "path",
                path(Entry::Dir, true),
                json!("."),
                "the directory; the default volume where it is not given",
            ),
        ]),
    ]
}

fn email() -> Vec<Action> {
    let get = Effect::Bridge(Service::GetMailPermissions);
    let set = Effect::Bridge(Service::SetMailPermission);
    vec![
        action(
            names::SEND_EMAIL,
            "Send a mail, where a permission for caller, recipient and topic exists",
            EMAIL,
            Policy::AutoAccept,
            Effect::Mail,
        )
        .taking([
            required("to", Kind::Email, "the one recipient"),
            required("subject", line(1, 500), "the subject line"),
            required("body", text(), "the text"),
            required("topic", line(1, 200), "a label that permissions match; the agent chooses it"),
        ]),
        action(
            names::SET_MAIL_PERMISSION,
            "Allow or forbid a user's mails to a recipient",
            EMAIL,
            Policy::AutoAccept,
            set,
        )
        .taking([
            required("target_user", user(), "the user, for whom you may approve"),
            required("to", Kind::Email, "the recipient"),
            required("allow", Kind::Bool, "true to allow, false to take it back"),
            optional("topic", line(1, 200), "the topic; any where it is not given"),
        ]),
        action(names::GET_MAIL_PERMISSIONS, "Show which mails may be sent", EMAIL, Policy::AutoAccept, get)
            .taking([optional("target_user", user(), "one user; all that you may see where it is not given")]),
    ]
}

fn bridge() -> Vec<Action> {
    let service = Effect::Bridge;
    vec![
        action(
            names::LIST_ACTIONS,
            "List what may be asked for",
            BRIDGE,
            Policy::AutoAccept,
            service(Service::ListActions),
        ),
        action(
            names::EXPLAIN,
            "Tell what policy would do with a request, and why, without doing it",
            BRIDGE,
            Policy::AutoAccept,
            service(Service::Explain),
        )
        .taking([required("request", Kind::Object, "the body of a request: an action and its parameters")]),
    ]
}

fn agent() -> Vec<Action> {
    vec![use_tool(), record_event(), start_session(), pin_tool()]
}

fn use_tool() -> Action {
    action(names::USE_TOOL, "Use one of a coding agent's own tools", AGENT, Policy::Queue, Effect::Release).taking([
        required("host", line(1, 64), "the coding agent's program"),
        required("tool", line(1, 512), "the tool, by its common name"),
        required("native", line(1, 512), "the tool, by the name that the host gives it"),
        required("input", Kind::Object, "the whole input"),
        required("cwd", line(0, 4096), "the working directory, in the agent's container"),
        optional(
            "project",
            line(1, 4096),
            "the project's directory, where the host names one that holds the working directory",
        ),
        required("session", line(0, 256), "the session"),
        required("agent", line(0, 256), "the agent or subagent within the session"),
        optional(
            "declared_user",
            line(1, 256),
            "whom the session claims to belong to; the signature alone says who asks",
        ),
        optional(
            CAN,
            Kind::List {
                item: Box::new(Kind::Enum(vec![CAN_CONFINE.to_owned(), CAN_NOT_NOW.to_owned()])),
                min: Some(1),
                max: Some(2),
            },
            "what else than letting the call go on as it is the asking program can do with it",
        ),
    ])
}

fn record_event() -> Action {
    action(
        names::RECORD_EVENT,
        "Write down what a coding agent's host told",
        AGENT,
        Policy::AutoAccept,
        Effect::Bridge(Service::RecordEvent),
    )
    .taking([
        required("host", line(1, 64), "the coding agent's program"),
        required("event", line(1, 128), "what happened"),
        required("session", line(0, 256), "the session"),
        required("agent", line(0, 256), "the agent or subagent within the session"),
        required("detail", Kind::Object, "what belongs to the event"),
    ])
}

fn start_session() -> Action {
    let risk = Kind::Enum(vec!["low".to_owned(), "high".to_owned()]);
    action(
        names::START_SESSION,
        "Let a session of a coding agent begin",
        AGENT,
        Policy::Queue,
        Effect::Bridge(Service::StartSession),
    )
    .taking([
        optional("host", line(1, 64), "the coding agent's program"),
        required("session", line(1, 256), "the session"),
        required("risk", risk, "how much care it deserves"),
        optional("purpose", text(), "what it is for"),
    ])
}

fn pin_tool() -> Action {
    let digest = fitting(r"sha-256:[0-9a-f]{64}");
    action(
        names::PIN_TOOL,
        "Approve the present form of an MCP server's tool",
        AGENT,
        Policy::Queue,
        Effect::Bridge(Service::PinTool),
    )
    .taking([
        required("server", line(1, 256), "the MCP server, by its name in the agent's config"),
        required("command", line(0, 4096), "how the server is started or reached"),
        required("tool", line(1, 512), "the tool"),
        required("digest", digest, "the SHA-256 of the canonical JSON of `definition`"),
        required("definition", Kind::Object, "name, description and schema as the server gives them"),
    ])
}

fn action(name: &str, description: &str, group: &str, policy: Policy, effect: Effect) -> Action {
    Action {
        name: known_name(name),
        description: description.to_owned(),
        group: group.to_owned(),
        policy,
        floor: None,
        params: vec![],
        effect,
        risk: Risk::Normal,
        irreversible: false,
        start_seconds_max: None,
        // Sealed when the catalogue takes it.
        declaration: Digest::of(b""),
        constant_plan: None,
    }
}

impl Action {
    fn taking(mut self, params: impl IntoIterator<Item = Param>) -> Self {
        self.params = params.into_iter().collect();
        self
    }
}

#[expect(clippy::expect_used, reason = "the names are constants, and a test reads them all")]
fn known_name(name: &str) -> ActionName {
    name.parse().expect("the name of a built-in action")
}

#[expect(clippy::expect_used, reason = "the patterns stand in this file, and a test compiles them all")]
fn fitting(pattern: &str) -> Kind {
    let pattern = WholePattern::new(pattern).expect("a pattern of this file");
    Kind::Text { pattern: Some(pattern), min: None, max: None, multiline: false }
}

fn user() -> Kind {
    fitting(r"[A-Za-z0-9._@-]{1,64}")
}

/// Text without any control character.
fn line(min: i64, max: i64) -> Kind {
    Kind::Text { pattern: None, min: Some(min), max: Some(max), multiline: false }
}

/// Text with line breaks; its length is bounded by the request's.
fn text() -> Kind {
    Kind::Text { pattern: None, min: None, max: None, multiline: true }
}

fn path(entry: Entry, must_exist: bool) -> Kind {
    Kind::Path(PathKind { entry, must_exist, content: false, suffixes: vec![] })
}

fn required(name: &str, kind: Kind, description: &str) -> Param {
    Param { name: name.to_owned(), kind, required: true, default: None, description: Some(description.to_owned()) }
}

fn optional(name: &str, kind: Kind, description: &str) -> Param {
    Param { required: false, ..required(name, kind, description) }
}

fn with_default(name: &str, kind: Kind, default: Value, description: &str) -> Param {
    Param { default: Some(default), ..optional(name, kind, description) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn the_seeds_actions_have_the_seeds_policies_and_parameters() {
        let catalogue = Catalogue::built_in();
        type Case = (&'static str, Policy, &'static [(&'static str, bool)]);
        let cases: [Case; 7] = [
            ("list-actions", Policy::AutoAccept, &[]),
            ("edit-file", Policy::AutoAccept, &[("filename", true)]),
            ("open-browser", Policy::Queue, &[("url", true)]),
            ("open-terminal", Policy::Queue, &[("path", false)]),
            ("send-email", Policy::AutoAccept, &[("to", true), ("subject", true), ("body", true), ("topic", true)]),
            (
                "set-mail-permission",
                Policy::AutoAccept,
                &[("target_user", true), ("to", true), ("allow", true), ("topic", false)],
            ),
            ("get-mail-permissions", Policy::AutoAccept, &[("target_user", false)]),
        ];
        for (name, policy, params) in cases {
            let action = catalogue.named(name).unwrap();
            let found: Vec<_> = action.params.iter().map(|param| (param.name.as_str(), param.required)).collect();
            assert_eq!((action.policy, found.as_slice()), (policy, params), "{name}");
        }
    }

    #[test]
    fn the_names_that_every_program_knows_are_those_of_the_catalogue() {
        let catalogue = Catalogue::built_in();
        let declared: BTreeSet<_> = catalogue.iter().map(|action| action.name.as_str()).collect();
        assert_eq!(declared, BTreeSet::from(names::ALL));
    }

    #[test]
    fn switching_off_the_email_group_reaches_all_three_mail_actions() {
        let catalogue = Catalogue::built_in();
        let email: Vec<_> =
            catalogue.iter().filter(|action| action.group == EMAIL).map(|action| action.name.as_str()).collect();
        assert_eq!(email, ["get-mail-permissions", "send-email", "set-mail-permission"]);
    }

    #[test]
    fn what_an_agent_does_itself_waits_for_a_person_by_default() {
        let catalogue = Catalogue::built_in();
        for name in ["use-tool", "start-session", "pin-tool"] {
            assert_eq!(catalogue.named(name).unwrap().policy, Policy::Queue, "{name}");
        }
        let judged: Vec<_> =
            catalogue.iter().filter(|action| action.is_judge_only()).map(|action| action.name.as_str()).collect();
        assert_eq!(judged, ["use-tool"]);
    }
}
