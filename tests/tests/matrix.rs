//! Who may ask what of the bridge, in which state of a ticket: one golden file that a person can review.
//!
//! The file is held to two things that know nothing of each other: the protocol's words, as [`expected`] puts them, and
//! what a real bridge answers to a real request for each cell.

use std::{collections::BTreeSet, fs, path::Path};

use ccc_protocol::bodies::{Status, Ticket};
use ccc_server::parts::ROUTES;
use ccc_tests::{
    bridge::{Bridge, Site},
    wire::Ask,
};
use serde_json::{Value, json};

/// Nobody signs nothing; `agent` submitted the ticket; `user` may approve for `agent`; `other` may approve for nobody;
/// `lead` may approve for somebody else.
const WHO: [&str; 5] = ["nobody", "other", "lead", "agent", "user"];

const TICKET_ROUTES: [&str; 8] = [
    "GET /queue/{id}", "GET /queue/{id}/preview", "POST /queue/{id}/approve", "POST /queue/{id}/deny",
    "POST /queue/{id}/edit", "POST /queue/{id}/cancel", "POST /queue/{id}/lift", "POST /queue/{id}/stop",
];

const OTHER_ROUTES: [&str; 13] = [
    "POST /action", "GET /actions", "GET /queue", "GET /events", "POST /outputs", "GET /grants",
    "POST /grants/{id}/revoke", "GET /policies", "POST /policies/group/{group}", "POST /policies/action/{action}",
    "POST /freeze", "GET /audit", "GET /health",
];

const HEADER: &str = "\
# Who may ask what, in which state of the ticket: the HTTP status of each answer.
# agent submitted the ticket, user may approve for agent, other for nobody, lead for somebody else; nobody signs nothing.
";

/// What the protocol says, by the endpoint's line in its table.
fn expected(route: &str, state: Option<Status>, who: &str) -> u16 {
    if route == "GET /health" {
        return 200;
    }
    if who == "nobody" {
        return 401;
    }
    match state {
        Some(state) => expected_of_ticket(route, state, who),
        None => expected_elsewhere(route, who),
    }
}

fn expected_of_ticket(route: &str, state: Status, who: &str) -> u16 {
    let (is_submitter, is_approver) = (who == "agent", who == "user");
    // "A ticket the caller may not see is also 404."
    if !is_submitter && !is_approver {
        return 404;
    }
    let for_whom = if route == "POST /queue/{id}/cancel" { is_submitter } else { is_approver };
    let fits_state = match route {
        "GET /queue/{id}" => return 200,
        "GET /queue/{id}/preview" => true,
        "POST /queue/{id}/cancel" => matches!(state, Status::Queued | Status::Approved),
        "POST /queue/{id}/lift" => state == Status::Denied,
        "POST /queue/{id}/stop" => state == Status::Running,
        "POST /queue/{id}/deny" => matches!(state, Status::Queued | Status::Approved),
        _ => state == Status::Queued,
    };
    match (for_whom, fits_state) {
        (false, _) => 403,
        (true, false) => 409,
        (true, true) => 200,
    }
}

fn expected_elsewhere(route: &str, who: &str) -> u16 {
    let has_approval_rights = matches!(who, "user" | "lead");
    match route {
        "POST /action" | "GET /actions" | "GET /queue" | "GET /events" | "POST /outputs" => 200,
        // The grant is for `agent`; whoever may not approve for it may not see it either.
        "POST /grants/{id}/revoke" => {
            if who == "user" {
                200
            } else {
                404
            }
        }
        _ => {
            if has_approval_rights {
                200
            } else {
                403
            }
        }
    }
}

fn rows() -> Vec<(&'static str, Option<Status>)> {
    let of_ticket = TICKET_ROUTES.iter().flat_map(|route| Status::ALL.map(|state| (*route, Some(state))));
    OTHER_ROUTES.iter().map(|route| (*route, None)).chain(of_ticket).collect()
}

/// The whole file, with this status in each cell.
fn table(mut cell: impl FnMut(&'static str, Option<Status>, &'static str) -> u16) -> String {
    let line = |route: &str, state: &str, cells: [String; 5]| {
        format!("{route:<34}{state:<11}{}\n", cells.map(|cell| format!("{cell:<8}")).concat().trim_end())
    };
    let mut text = HEADER.to_owned() + &line("# endpoint", "ticket", WHO.map(str::to_owned));
    for (route, state) in rows() {
        let cells = WHO.map(|who| cell(route, state, who).to_string());
        text += &line(route, state.map_or("-", Status::as_str), cells);
    }
    text
}

fn golden() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/permissions.txt")).unwrap()
}

#[track_caller]
fn assert_same(found: &str, what: &str) {
    let golden = golden();
    let differing: Vec<_> = golden.lines().zip(found.lines()).filter(|(one, two)| one != two).collect();
    assert!(
        differing.is_empty() && golden.lines().count() == found.lines().count(),
        "golden/permissions.txt and {what} differ:\n{differing:#?}\n{found}"
    );
}

#[test]
fn the_matrix_is_what_the_protocol_says() {
    assert_same(&table(expected), "the protocol");
}

#[test]
fn every_endpoint_has_its_rows_and_no_row_is_without_an_endpoint() {
    let routed: BTreeSet<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method.as_str(), route.path)).collect();
    let golden = golden();
    let endpoint = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let listed: BTreeSet<String> = golden
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(endpoint)
        .filter(|route| route != "GET /health")
        .collect();
    assert_eq!(listed, routed);
    for route in routed.iter().filter(|route| route.contains("/queue/{id}")) {
        let states = golden.lines().filter(|line| endpoint(line) == *route).count();
        assert_eq!(states, Status::ALL.len(), "{route}");
    }
}

#[test]
fn the_bridge_allows_exactly_what_the_matrix_says() {
    let mut world = World::start();
    let found = table(|route, state, who| match state {
        Some(state) => world.ask_about(route, state, who),
        None => world.ask(route, who),
    });
    assert_same(&found, "the bridge");
}

/// A bridge with a ticket for each row: one that a request may change is never used for another row.
struct World {
    bridge: Bridge,
    lost: Vec<Ticket>,
    made: u32,
    ticket: Option<(&'static str, Status, Ticket)>,
    grant: String,
}

impl World {
    fn start() -> Self {
        let site = Site::new();
        let config = format!(
            r#"
[limits]
runs_max = 64
runs_per_user_max = 64

[actions.succeed]
policy = "auto-accept"
params.number = {{ type = "integer" }}
run = ["true"]
confined = false

[actions.fail]
policy = "auto-accept"
params.number = {{ type = "integer" }}
run = ["false"]
confined = false

[actions.go-on]
policy = "auto-accept"
params.number = {{ type = "integer" }}
run = {}
confined = false

[actions.ask]
policy = "queue"
params.number = {{ type = "integer" }}
run = ["true"]
confined = false

[actions.ask-soon]
policy = "queue"
params.number = {{ type = "integer" }}
run = ["true"]
confined = false

[[rule]]
name = "code of the project"
action = "use-tool"
where.class = "runs"
policy = "confine"

[[rule]]
name = "soon is soon"
action = ["ask-soon"]
policy = "queue"
approve = {{ expires = "1s" }}
"#,
            site.run_until("enough")
        );
        let mut bridge = site.config(config).start();
        let run = |number: u32| bridge.submit("agent", &json!({ "action": "go-on", "number": number })).ticket();
        let lost = (1000..).take(TICKET_ROUTES.len()).map(run).collect();
        bridge.kill();
        bridge.start_again();
        let mut world = Self { bridge, lost, made: 0, ticket: None, grant: String::new() };
        world.grant = world.make_grant();
        world
    }

    fn make_grant(&mut self) -> String {
        let ticket = self.submit("ask");
        let body = json!({ "digest": ticket.digest, "grant": { "seconds": 600 } });
        assert_eq!(self.bridge.post("user", &format!("/queue/{}/approve", ticket.id), &body).status, 200);
        self.bridge.get("user", "/grants").json()["grants"][0]["id"].as_str().unwrap().to_owned()
    }

    fn submit(&mut self, action: &str) -> Ticket {
        self.made += 1;
        self.bridge.submit("agent", &json!({ "action": action, "number": self.made })).ticket()
    }

    fn tool_call(&mut self) -> (Value, Ticket) {
        self.made += 1;
        let call = json!({
            "action": "use-tool", "host": "h", "tool": "Bash", "native": "Bash", "input": { "number": self.made }, "cwd": "/workspace",
            "session": "s", "agent": "",
        });
        let ticket = self.bridge.submit("agent", &call).ticket();
        (call, self.bridge.approve("user", &ticket).ticket())
    }

    /// A call that runs code of the project, by somebody who can confine it.
    fn confined_call(&mut self) -> Ticket {
        self.made += 1;
        let input = json!({ "command": format!("./test.sh {}", self.made) });
        let call = json!({
            "action": "use-tool", "host": "h", "tool": "Bash", "native": "Bash", "input": input, "cwd": "/workspace",
            "session": "s", "agent": "", "can": ["confine"],
        });
        self.bridge.submit("agent", &call).ticket()
    }

    /// A ticket of the agent's in this state.
    fn ticket_in(&mut self, state: Status) -> Ticket {
        let ticket = match state {
            Status::Queued => self.submit("ask"),
            Status::Approved => self.tool_call().1,
            Status::Running => self.submit("go-on"),
            Status::Succeeded => self.submit("succeed"),
            Status::Failed => self.submit("fail"),
            Status::Released => {
                let (call, _) = self.tool_call();
                self.bridge.submit("agent", &call).ticket()
            }
            Status::Confined => self.confined_call(),
            Status::Denied => self.ended_by("user", "deny"),
            Status::Cancelled => self.ended_by("agent", "cancel"),
            Status::Expired => self.submit("ask-soon"),
            Status::Lost => self.lost.pop().expect("one for each row"),
        };
        let settled = if matches!(state, Status::Succeeded | Status::Failed | Status::Expired) {
            self.bridge.end_of("agent", ticket.id)
        } else {
            self.bridge.look("agent", ticket.id)
        };
        assert_eq!(settled.status, state);
        settled
    }

    fn ended_by(&mut self, who: &str, verb: &str) -> Ticket {
        let ticket = self.submit("ask");
        self.bridge.post(who, &format!("/queue/{}/{verb}", ticket.id), &json!({})).ticket()
    }

    /// One ticket serves a whole row: those who may not change it ask first, and where one of them could, the row shows it.
    fn ask_about(&mut self, route: &'static str, state: Status, who: &str) -> u16 {
        let known = self.ticket.take().filter(|(known, of, _)| (*known, *of) == (route, state));
        // A withdrawal is the submitter's, who asks before the approver: the approver gets a ticket of their own.
        let spent = route == "POST /queue/{id}/cancel" && who == "user" && state != Status::Lost;
        let ticket = match known {
            Some((.., ticket)) if !spent => ticket,
            _ => self.ticket_in(state),
        };
        let target = route.split_once(' ').unwrap().1.replace("{id}", &ticket.id.to_string());
        let ask = match route {
            "GET /queue/{id}" | "GET /queue/{id}/preview" => Ask::get(&target),
            "POST /queue/{id}/approve" => Ask::post(&target, &json!({ "digest": ticket.digest }).to_string()),
            "POST /queue/{id}/edit" => {
                Ask::post(&target, &json!({ "digest": ticket.digest, "params": ticket.params }).to_string())
            }
            _ => Ask::post(&target, "{}"),
        };
        self.ticket = Some((route, state, ticket));
        self.status(who, ask)
    }

    fn ask(&self, route: &str, who: &str) -> u16 {
        let target = route
            .split_once(' ')
            .unwrap()
            .1
            .replace("{id}", &self.grant)
            .replace("{group}", "email")
            .replace("{action}", "open-browser");
        self.status(
            who,
            match route {
                "POST /action" => Ask::post(&target, r#"{"action":"list-actions"}"#),
                "POST /policies/group/{group}" => Ask::post(&target, r#"{"enabled":true}"#),
                "POST /policies/action/{action}" => Ask::post(&target, r#"{"policy":null}"#),
                "POST /outputs" => {
                    Ask::post(&target, r#"{"host":"h","session":"s","agent":"main","tool":"Bash","parts":["x"]}"#)
                }
                "POST /freeze" => Ask::post(&target, r#"{"frozen":false}"#),
                post if post.starts_with("POST") => Ask::post(&target, "{}"),
                _ => Ask::get(&target),
            },
        )
    }

    fn status(&self, who: &str, ask: Ask) -> u16 {
        let is_open = ask.target == "/health";
        if who != "nobody" && !is_open {
            return self.bridge.send(&ask.of(who)).status;
        }
        let head: String = ask
            .head()
            .lines()
            .filter(|line| !line.starts_with("Signature"))
            .map(|line| format!("{line}\r\n"))
            .collect();
        self.bridge.peer().send(head).send(ask.body.unwrap_or_default()).reply().status
    }
}
