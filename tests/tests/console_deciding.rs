//! Stories of deciding: what a key does, and to which request.

use ccc_protocol::bodies::{Difference, Status};
use ccc_tests::story::{Open, Story};
use serde_json::json;

#[test]
fn y_approves_what_is_on_screen() {
    let story = Story::of("`y` approves exactly the request on screen, and it runs");
    let asked = story.asks_greeting("Ada");
    let console = story.console();
    console.sees("hello").sees("Ada").ready();
    console.press("y");
    let ticket = story.ends(asked, Status::Succeeded);
    assert_eq!(ticket.decided_by.unwrap().as_str(), "user");
    console.sees("succeeded, approved by user");
}

#[test]
fn n_denies_with_a_listed_reason() {
    let story = Story::of("`n` denies, and the reason chosen reaches the agent");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.press("n").sees("◆ DENY, and say why");
    console.press("down enter");
    let ticket = story.ends(asked, Status::Denied);
    assert_eq!(ticket.reason.as_deref(), Some("not needed: find a way without it"));
}

#[test]
fn a_typed_reason_reaches_the_agent() {
    let story = Story::of("a reason typed by the person reaches the agent word for word");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.press("n").sees("◆ DENY");
    console.types("use the mirror, plëase").press("enter");
    assert_eq!(story.ends(asked, Status::Denied).reason.as_deref(), Some("use the mirror, plëase"));
}

#[test]
fn another_request_is_left_alone() {
    let story = Story::of("approving one request leaves every other waiting");
    let first = story.asks_page("first");
    let second = story.asks_page("second");
    let console = story.console();
    console.sees("2 waiting").ready();
    console.press("j").sees("docs.rs/second").sees_no("◆ ready").ready();
    console.press("y");
    story.ends(second, Status::Succeeded);
    story.still_waits(first);
}

#[test]
fn scope_grants_the_same_host() {
    let story = Story::of("`Y` grants more of the same, narrower than all, and the next one asks nobody");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.press("Y").sees("◆ APPROVE, and more of the same");
    console.press("right").sees("any page of https://docs.rs");
    console.press("y");
    story.ends(asked, Status::Succeeded);
    let next = story.asks_page("tokio");
    let ticket = story.ends(next, Status::Succeeded);
    assert!(ticket.rule.starts_with("grant "), "{}", ticket.rule);
    let elsewhere = story.asks(&json!({ "action": "open-browser", "url": "https://example.com/" }));
    story.still_waits(elsewhere);
    let grants = story.bridge.client("user").grants().unwrap().grants;
    assert_eq!(grants[0].differ.get("url"), Some(&Difference::SameHost("https://docs.rs".into())));
}

#[test]
fn scope_counts_its_uses() {
    let story = Story::of("a grant of so many uses ends with the last of them");
    let asked = story.asks_greeting("Ada");
    let console = story.console();
    console.ready();
    console.press("Y").sees("◆ APPROVE, and more of the same");
    console.press("down left left left").sees("1 more uses");
    console.press("y");
    story.ends(asked, Status::Succeeded);
    let next = story.asks_greeting("Ada");
    story.ends(next, Status::Succeeded);
    let third = story.asks_greeting("Ada");
    story.still_waits(third);
}

#[test]
fn a_grant_is_taken_back_with_z() {
    let story = Story::of("`z` ends the grant just made");
    let asked = story.asks_greeting("Ada");
    let console = story.console();
    console.ready();
    console.press("Y").sees("◆ APPROVE, and more of the same");
    console.press("y");
    story.ends(asked, Status::Succeeded);
    console.sees("more of the same: greet");
    console.press("z").sees("the grant has ended");
    let next = story.asks_greeting("Ada");
    story.still_waits(next);
}

#[test]
fn a_denial_is_remembered_and_taken_back_with_z() {
    let story = Story::of("a denial answers the same request again, until `z` takes it back");
    let asked = story.asks_greeting("Ada");
    let console = story.console();
    console.ready();
    console.press("n").sees("◆ DENY");
    console.press("enter").sees("denied by user");
    story.ends(asked, Status::Denied);
    story.is_refused(&json!({ "action": "greet", "name": "Ada" }));
    console.press("z").sees("the denial is lifted");
    let third = story.asks_greeting("Ada");
    story.still_waits(third);
}

#[test]
fn an_edit_makes_a_new_ticket_that_still_waits() {
    let story = Story::of("`e` replaces the request by an edited one, which waits for its own approval");
    let asked = story.asks_greeting("Ada");
    let console = story.console();
    console.ready();
    console.press("e").sees("◆ EDIT the parameters");
    console.press("down").press("ctrl-e").press("backspace backspace backspace").types("ne\"").press("ctrl-s");
    let old = story.bridge.client("user").ticket(asked).unwrap();
    console.sees("EDITED FROM").ready();
    let old = story.bridge.client("user").ticket(old.id).unwrap();
    let new = old.replaced_by.expect("linked");
    assert_eq!(old.status, Status::Denied);
    story.still_waits(new);
    console.press("y");
    assert_eq!(story.ends(new, Status::Succeeded).params["name"], "Ane");
}

#[test]
fn marked_requests_are_decided_one_by_one() {
    let story =
        Story::of("marked requests are approved one by one, each with a result of its own, and nothing is granted");
    let asked = ["a", "b", "c"].map(|path| story.asks_page(path));
    let console = story.console();
    console.sees("3 waiting");
    for marked in ["1 marked", "2 marked"] {
        console.ready();
        console.press("space").sees(marked);
    }
    console.ready();
    console.press("y").sees("◆ APPROVE each of these, once");
    console.press("y").sees("WHAT BECAME OF EACH");
    story.ends(asked[0], Status::Succeeded);
    story.ends(asked[1], Status::Succeeded);
    story.still_waits(asked[2]);
    assert!(story.bridge.client("user").grants().unwrap().grants.is_empty());
}

#[test]
fn marked_requests_are_denied_one_by_one() {
    let story = Story::of("marked requests are denied with one reason, each for itself");
    let asked = ["a", "b"].map(|path| story.asks_page(path));
    let console = story.console();
    for marked in ["1 marked", "2 marked"] {
        console.ready();
        console.press("space").sees(marked);
    }
    console.press("n").sees("◆ DENY");
    console.press("enter").sees("WHAT BECAME OF EACH");
    for id in asked {
        story.ends(id, Status::Denied);
    }
}

#[test]
fn two_people_are_needed_where_the_rule_says_so() {
    let story = Story::of("where two are needed the first approval counts and runs nothing, the second runs it");
    let asked = story.asks(&json!({ "action": "release", "version": "1.0" }));
    for (user, seen) in [("user", "1 of 2 needed"), ("dba", "approved by dba")] {
        let console = story.console_with(&Open::of(user));
        console.ready();
        console.press("y").sees("a note is required");
        console.types("tested").press("enter").sees("◆ APPROVE with this note");
        console.press("y").sees(seen);
    }
    let ticket = story.ends(asked, Status::Succeeded);
    assert_eq!(ticket.approvals.len(), 2);
    assert_eq!(ticket.approvals[0].note.as_deref(), Some("tested"));
}

#[test]
fn the_first_decision_wins() {
    let story = Story::of("of two people the first decides, and the other sees who it was");
    let asked = story.asks_page("serde");
    let first = story.console();
    let second = story.console_with(&Open::of("dba"));
    first.ready();
    second.ready();
    first.press("y");
    story.ends(asked, Status::Succeeded);
    second.sees("approved by user");
    assert_eq!(story.now(asked).decided_by.unwrap().as_str(), "user");
}

#[test]
fn snoozed_requests_are_put_aside_and_come_back() {
    let story = Story::of("`s` puts a request aside without deciding it, and `S` brings it back");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.press("s").sees("1 snoozed").sees_no("docs.rs/serde");
    console.press("S").sees("docs.rs/serde");
    story.still_waits(asked);
}

#[test]
fn panic_stops_everything_and_unfreeze_lets_go_on() {
    let story = Story::of("`!` `!` denies what waits and refuses what comes, until it is lifted");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.press("!").sees("STOP AGENTS");
    console.press("!").sees("stopped: grants ended");
    story.ends(asked, Status::Denied);
    story.is_refused(&json!({ "action": "list-actions" }));
    console.press("!").sees("◆ STOP AGENTS");
    console.press("u").sees("they may ask again");
    let next = story.asks_page("tokio");
    story.still_waits(next);
}

#[test]
fn a_failure_is_told_as_one() {
    let story = Story::of("what was approved and ended badly is told as failed, not as done");
    let asked = story.asks(&json!({ "action": "fail" }));
    let console = story.console();
    console.ready();
    console.press("y");
    story.ends(asked, Status::Failed);
    console.sees("failed, approved by user");
}

#[test]
fn scope_says_what_it_would_have_let_through() {
    let story = Story::of("before a grant is made, it says what it would have let through");
    for page in ["serde", "tokio"] {
        let asked = story.asks_page(page);
        let ticket = story.now(asked);
        assert_eq!(story.bridge.approve("dba", &ticket).status, 200);
        story.ends(asked, Status::Succeeded);
    }
    story.asks_page("hyper");
    let console = story.console();
    console.ready();
    console.press("Y").sees("let through 0 of 2 earlier");
    console.press("right").sees("let through 2 of 2 earlier");
}
