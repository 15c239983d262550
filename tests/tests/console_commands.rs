//! Stories of the commands without a screen.

use ccc_protocol::bodies::{Status, Ticket};
use ccc_tests::story::{Open, Story};

#[test]
fn list_tells_what_waits() {
    let story = Story::of("`list` tells what waits, in a line each, data on stdout");
    let asked = story.asks_page("serde");
    let (code, out, said) = story.command(&["list"]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(out.contains(&asked.to_string()) && out.contains("docs.rs/serde"), "{out}");
    let (_, json, _) = story.command(&["list", "--json"]);
    let tickets: Vec<Ticket> = serde_json::from_str(&json).unwrap();
    assert_eq!(tickets.iter().map(|ticket| ticket.id).collect::<Vec<_>>(), [asked]);
}

#[test]
fn json_on_a_terminal_obeys_nothing_either() {
    let story = Story::of("what `--json` prints reads back as it was, and no terminal obeys it");
    story.asks_tool(&serde_json::json!({ "command": "a\u{202e}\u{9b}b" }));
    let (_, json, _) = story.command(&["list", "--json"]);
    assert!(json.is_ascii(), "{json}");
    let tickets: Vec<Ticket> = serde_json::from_str(&json).unwrap();
    assert_eq!(tickets[0].params["input"]["command"], "a\u{202e}\u{9b}b");
}

#[test]
fn show_tells_all_and_the_digest() {
    let story = Story::of("`show` tells what would happen, whole, and the digest to approve it by");
    let asked = story.asks_page("serde");
    let (code, out, _) = story.command(&["show", &asked.to_string()]);
    assert_eq!(code, 0);
    let digest = story.now(asked).digest.to_string();
    assert!(out.contains("WHAT WOULD HAPPEN") && out.contains(&format!("--digest {digest}")), "{out}");
}

#[test]
fn a_part_of_an_id_is_enough_when_it_is_unique() {
    let story = Story::of("the end of an id is enough where it fits one, and refused where it fits none");
    let asked = story.asks_page("serde").to_string();
    assert_eq!(story.command(&["show", &asked[28..]]).0, 0);
    let (code, _, said) = story.command(&["show", "ffffffff"]);
    assert_eq!(code, 7);
    assert!(said.contains("no ticket that waits"), "{said}");
}

#[test]
fn yes_decides_by_whole_id_and_digest() {
    let story = Story::of("`--yes` decides without a question, by the whole id and the digest that was seen");
    let asked = story.asks_page("serde");
    let digest = story.now(asked).digest.to_string();
    let (code, out, _) = story.command(&["approve", &asked.to_string(), "--yes", "--digest", &digest]);
    assert_eq!(code, 0, "{out}");
    story.ends(asked, Status::Succeeded);
    let (code, _, said) = story.command(&["approve", &asked.to_string(), "--yes", "--digest", &digest]);
    assert_eq!(code, 1);
    assert!(said.contains("approved by user"), "{said}");
}

#[test]
fn another_digest_decides_nothing() {
    let story = Story::of("`--yes` with another digest than the ticket's decides nothing");
    let asked = story.asks_page("serde");
    let other = story.now(story.asks_page("tokio")).digest.to_string();
    let (code, _, said) = story.command(&["approve", &asked.to_string(), "--yes", "--digest", &other]);
    assert_eq!(code, 7);
    assert!(said.contains("no longer what you saw"), "{said}");
    story.still_waits(asked);
}

#[test]
fn without_a_terminal_nothing_is_asked_or_decided() {
    let story = Story::of("without a terminal to ask on, `approve` and `deny` decide nothing");
    let asked = story.asks_page("serde");
    for verb in ["approve", "deny"] {
        let (code, _, said) = story.command(&[verb, &asked.to_string()]);
        assert_eq!(code, 2);
        assert!(said.contains("--yes"), "{said}");
    }
    story.still_waits(asked);
}

#[test]
fn approve_asks_on_the_terminal() {
    let story = Story::of("`approve` prints what it decides and asks; `y` approves, Enter alone does not");
    let asked = story.asks_page("serde");
    let id = asked.to_string();
    let refused = story.console_with(&Open::args(&["approve", &id]));
    refused.sees("WHAT WOULD HAPPEN").sees("[y/N]").settles();
    refused.line("");
    assert_eq!(refused.ended().exit_code(), 1);
    story.still_waits(asked);
    let agreed = story.console_with(&Open::args(&["approve", &id]));
    agreed.sees("[y/N]").settles();
    agreed.line("y");
    assert_eq!(agreed.ended().exit_code(), 0);
    story.ends(asked, Status::Succeeded);
}

#[test]
fn an_answer_typed_ahead_is_discarded() {
    let story = Story::of("an answer typed before the question could be read is discarded");
    let asked = story.asks_page("serde");
    let console = story.console_with(&Open::args(&["approve", &asked.to_string()]));
    console.line("y").sees("is discarded").settles();
    console.line("n");
    assert_eq!(console.ended().exit_code(), 1);
    story.still_waits(asked);
}

#[test]
fn deny_carries_its_reason() {
    let story = Story::of("`deny --reason` reaches the agent");
    let asked = story.asks_page("serde");
    let digest = story.now(asked).digest.to_string();
    let args = ["deny", &asked.to_string(), "--yes", "--digest", &digest, "--reason", "use the mirror"];
    assert_eq!(story.command(&args).0, 0);
    assert_eq!(story.ends(asked, Status::Denied).reason.as_deref(), Some("use the mirror"));
}

#[test]
fn what_was_approved_can_be_denied_until_it_is_taken() {
    let story = Story::of("`deny` reaches what was approved and nobody took");
    let call = serde_json::json!({
        "action": "use-tool", "host": "claude", "tool": "Bash", "native": "Bash", "cwd": "/workspace", "session": "s",
        "agent": "main", "input": { "command": "frobnicate" },
    });
    let ticket = story.bridge.submit("agent", &call).ticket();
    story.bridge.approve("user", &ticket).ticket();
    let args = ["deny", &ticket.id.to_string(), "--yes", "--digest", &ticket.digest.to_string()];
    assert_eq!(story.command(&args).0, 0);
    story.ends(ticket.id, Status::Denied);
    assert_eq!(story.bridge.submit("agent", &call).status, 403, "the agent came too late for it");
}

#[test]
fn a_grant_is_made_listed_and_revoked() {
    let story = Story::of("`approve --for --uses` grants, `grants` lists it, `revoke` ends it");
    let asked = story.asks_greeting("Ada");
    let digest = story.now(asked).digest.to_string();
    let args = ["approve", &asked.to_string(), "--yes", "--digest", &digest, "--for", "15m", "--uses", "3"];
    assert_eq!(story.command(&args).0, 0);
    story.ends(asked, Status::Succeeded);
    let (_, out, _) = story.command(&["grants"]);
    assert!(out.contains("3 uses left") && out.contains("name=Ada"), "{out}");
    let (code, _, said) = story.command(&["revoke", &out[..36]]);
    assert_eq!(code, 0, "{said}");
    story.still_waits(story.asks_greeting("Ada"));
}

#[test]
fn policies_are_told() {
    let story = Story::of("`policies` tells groups, actions and what holds for whom");
    let (code, out, _) = story.command(&["policies"]);
    assert_eq!(code, 0);
    assert!(out.contains("desktop") && out.contains("open-browser") && out.contains("agent: queue"), "{out}");
}

#[test]
fn watch_tells_what_comes_and_goes() {
    let story = Story::of("`watch` tells each change as it happens");
    let console = story.console_with(&Open { size: (200, 30), ..Open::args(&["watch"]) });
    let asked = story.asks_page("serde");
    console.sees("docs.rs/serde");
    assert_eq!(story.bridge.approve("dba", &story.now(asked)).status, 200);
    console.sees("approved by dba");
}

#[test]
fn an_absent_server_is_exit_6() {
    let mut story = Story::of("where no server answers the command says so and exits 6");
    story.bridge.stop();
    let (code, out, said) = story.command(&["list"]);
    assert_eq!((code, out.as_str()), (6, ""));
    assert!(said.contains("no bridge answers"), "{said}");
}
