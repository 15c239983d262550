//! What the views keep while the world changes around them: the row under the cursor, what was written, what is known.

#![cfg(test)]

mod support;

use ccc_protocol::{
    Timestamp,
    bodies::{OutOfStep, Status, Waiting},
};
use ccc_queue::{
    console::{
        message::{Command, Message, News, Trouble, Verb},
        model::{dialog::Kind, here::Whose},
    },
    document::Container,
    wording::summary,
};
use serde_json::json;
use support::{
    Desk, NOON, here, id, plan,
    scenes::{npm_test, pins, policy_list},
    ticket, ticket_with,
};

fn desk(numbers: impl IntoIterator<Item = u64>) -> Desk {
    let mut desk = Desk::new(120, 30);
    desk.waiting(numbers);
    desk.wait(1000);
    desk
}

#[test]
fn what_could_not_be_read_is_read_when_somebody_answers_again() {
    let mut desk = desk([1]);
    desk.take(Message::News(News::Lost { why: "no bridge answers".into(), retry_seconds: 1 }));
    desk.take(Message::News(News::Preview(id(1), Err("no bridge answers".into()))));
    assert!(desk.screen().contains("cannot be read"), "{}", desk.screen());
    assert!(desk.take(Message::News(News::Connected)).contains(&Command::ReadPreview(id(1))));
    desk.wait(400);
    assert!(desk.screen().contains("◆ ready"), "{}", desk.screen());
}

#[test]
fn a_clock_that_was_set_back_is_told_and_stays_in_sight_until_it_is_in_step() {
    let mut desk = desk([1]);
    desk.queue_by(Some(OutOfStep { ahead_millis: 7_200_000, held: false }));
    assert!(desk.screen().contains("clock set back") && desk.screen().contains("by 2h"), "{}", desk.screen());
    desk.queue_by(Some(OutOfStep { ahead_millis: 7_200_000, held: true }));
    let screen = desk.screen();
    assert!(screen.contains("clock behind: approvals held") && screen.contains("lies behind its log"), "{screen}");
    desk.queue_by(None);
    let screen = desk.screen();
    assert!(!screen.contains("clock behind") && screen.contains("in step"), "{screen}");
}

#[test]
fn a_queue_that_cannot_be_read_is_told_and_what_was_read_before_stays() {
    let mut desk = desk([1]);
    desk.take(Message::News(News::Queue(Err("no bridge answers".into()))));
    assert!(desk.screen().contains("no bridge answers"), "{}", desk.screen());
    assert_eq!(desk.model.queue().selected().map(|ticket| ticket.id), Some(id(1)));
}

#[test]
fn the_cursor_stays_on_its_policy_when_a_filter_comes_and_goes() {
    let mut desk = Desk::new(120, 30);
    desk.keys("tab tab tab");
    desk.policies(policy_list());
    desk.keys("/").types("send").keys("enter");
    assert!(under_the_cursor(&desk).contains("email"), "{}", desk.screen());
    desk.keys("j");
    assert!(under_the_cursor(&desk).contains("send-email"), "{}", desk.screen());
    desk.keys("esc");
    assert!(under_the_cursor(&desk).contains("send-email"), "{}", desk.screen());
    desk.policies(policy_list());
    assert!(under_the_cursor(&desk).contains("send-email"), "{}", desk.screen());
}

fn under_the_cursor(desk: &Desk) -> String {
    desk.screen().lines().find(|line| line.starts_with('▶')).unwrap_or_default().to_owned()
}

#[test]
fn esc_steps_back_in_the_view_on_screen_and_in_no_other() {
    let mut desk = desk([1, 2]);
    desk.keys("space tab /").types("denied").keys("enter");
    desk.keys("esc");
    assert!(desk.model.history().filter().is_empty());
    assert_eq!(desk.model.queue().marked().len(), 1);
}

#[test]
fn views_without_a_filter_say_so_and_leave_the_queue_alone() {
    let mut desk = desk([1]);
    desk.keys("tab tab /");
    assert!(desk.model.dialog().is_none());
    assert!(desk.screen().contains("not filtered"), "{}", desk.screen());
    desk.keys(":").types("filter nothing").keys("enter");
    assert!(desk.model.queue().filter().is_empty());
}

#[test]
fn a_refused_edit_stands_there_again_with_what_was_written_and_why() {
    let mut desk = desk([1]);
    desk.keys("e");
    desk.wait(400);
    let written = "{\"url\": \"https://example.org/\"}";
    desk.take(Message::Fill(written.into()));
    desk.keys("ctrl-s");
    assert!(desk.model.dialog().is_none());
    refused(&mut desk, Verb::Edit, "parameter `url` is not allowed here", None);
    let Some(Kind::Edit { field, fault: Some(_) }) = desk.model.dialog().map(|dialog| &dialog.kind) else {
        panic!("{}", desk.screen())
    };
    assert_eq!(field.text(), written);
    desk.keys("ctrl-s");
    assert_eq!(desk.decisions().len(), 1, "a dialog that came by itself settles first");
    desk.wait(1000);
    desk.keys("ctrl-s");
    assert_eq!(desk.decisions().len(), 2);
}

fn refused(desk: &mut Desk, verb: Verb, why: &str, ticket: Option<ccc_protocol::bodies::Ticket>) {
    let trouble = Trouble { why: why.into(), ticket: ticket.map(Box::new) };
    desk.take(Message::News(News::Decided(verb, id(1), Err(trouble))));
}

#[test]
fn whoever_approved_already_is_told_so_and_sends_nothing_twice() {
    let mut desk = desk([1]);
    desk.keys("y");
    let mut half = ticket(1);
    half.needed = 2;
    half.approvals = vec![
        serde_json::from_value(serde_json::json!({ "by": "user", "at": "2026-03-07T12:00:00Z", "note": null }))
            .unwrap(),
    ];
    let read = desk.take(Message::News(News::Decided(Verb::Approve, id(1), Ok(Box::new(half)))));
    assert!(read.contains(&Command::ReadPreview(id(1))), "the details name who approved");
    desk.wait(2000);
    desk.keys("y");
    assert_eq!(desk.decisions().len(), 1);
    assert!(desk.screen().contains("waits for another person"), "{}", desk.screen());
}

#[test]
fn a_refusal_names_somebody_else_only_where_somebody_decided() {
    let mut desk = desk([1]);
    desk.keys("y");
    refused(&mut desk, Verb::Approve, "your approval counts already", Some(ticket(1)));
    assert!(desk.screen().contains("your approval counts already"), "{}", desk.screen());
    assert!(!desk.screen().contains("somebody was first"), "{}", desk.screen());
}

#[test]
fn a_freeze_of_anothers_is_asked_for_and_stands_in_the_title() {
    let mut desk = desk([1]);
    assert!(desk.take(Message::News(News::Connected)).contains(&Command::ReadPolicies));
    desk.policies(policy_list());
    assert!(desk.screen().contains("1 agent stopped"), "{}", desk.screen());
}

#[test]
fn details_scroll_to_their_last_row_and_no_further() {
    let mut desk = Desk::new(100, 30);
    (support::scenes::SCENES.iter().find(|(name, _)| *name == "grants").unwrap().1)(&mut desk);
    desk.keys("]");
    assert!(desk.screen().contains("MORE OF THE SAME"), "what fits stays: {}", desk.screen());
    let mut small = Desk::new(60, 16);
    (support::scenes::SCENES.iter().find(|(name, _)| *name == "grants").unwrap().1)(&mut small);
    small.keys("enter ]");
    assert!(small.screen().contains("end of this grant"), "{}", small.screen());
}

#[test]
fn how_the_container_is_started_is_whole_by_scrolling() {
    let mut desk = Desk::new(40, 10);
    let options = vec!["-v /a/long/path:/workspace".to_owned(); 12];
    let from_here = ccc_queue::text::Untrusted("ccc-client 'last of all'").line();
    desk.take(Message::Local(Box::new(here(Container { options, from_here }, Whose::Ours))));
    desk.keys(":").types("container").keys("enter");
    assert!(!desk.screen().contains("last of all"), "{}", desk.screen());
    desk.keys("page-down page-down");
    assert!(desk.screen().contains("last of all"), "{}", desk.screen());
    desk.keys("q");
    assert!(desk.model.dialog().is_none());
}

#[test]
fn stopping_begins_at_the_agent_under_the_cursor() {
    let mut desk = desk([1]);
    desk.keys("tab tab tab tab");
    desk.policies(policy_list());
    desk.keys("j !");
    let Some(Kind::Panic { agents, at }) = desk.model.dialog().map(|dialog| &dialog.kind) else {
        panic!("{}", desk.screen())
    };
    let chosen: Vec<usize> = (0..agents.len()).filter(|&at| agents.get(at).is_some_and(|one| one.chosen)).collect();
    assert_eq!(chosen, [*at]);
    assert_eq!(agents.get(*at).map(|one| one.agent.as_str()), Some("builder"));
}

#[test]
fn what_has_ended_is_not_put_aside() {
    let mut desk = desk([1]);
    let mut ended = ticket(1);
    ended.status = Status::Expired;
    desk.queue(vec![ended], false);
    desk.keys("s");
    assert_eq!(desk.model.queue().snoozed(), 0);
    assert!(!desk.screen().contains("snoozed"), "{}", desk.screen());
}

#[test]
fn the_list_leaves_out_what_lies_before_the_project_and_says_so() {
    let call = |path: &str, cwd: &str, project: Option<&str>| {
        let mut params = json!({ "tool": "Edit", "input": { "file_path": path }, "cwd": cwd });
        if let Some(project) = project {
            params["project"] = json!(project);
        }
        ticket_with(1, "agent", "use-tool", &params, &plan(&[]))
    };
    let listed = |path: &str, cwd: &str, project| summary::in_list(&call(path, cwd, project)).to_string();
    assert_eq!(listed("/home/dev/app/src/a.rs", "/home/dev/app", None), "Edit: …/app/src/a.rs");
    assert_eq!(listed("/home/dev/app/b.rs", "/home/dev/app/src", Some("/home/dev/app/")), "Edit: …/app/b.rs");
    // What a call says of its project hides nothing of a path that a person would look for.
    assert_eq!(listed("/home/dev/.ssh/id", "/home/dev/.ssh", None), "Edit: …/.ssh/id");
    for (path, cwd) in [
        ("/home/dev/apple/a.rs", "/home/dev/app"),
        ("/home/dev/app", "/home/dev/app"),
        ("/etc/passwd", "/etc"),
        ("/etc/passwd", "/"),
        ("/etc/passwd", ""),
        ("a.rs", "/home/dev/app"),
    ] {
        assert_eq!(listed(path, cwd, None), format!("Edit: {path}"), "{cwd}");
    }
    // Wherever something is decided by its summary, that is whole.
    let edit = call("/home/dev/app/a.rs", "/home/dev/app", None);
    assert_eq!(summary::summary(&edit).to_string(), "Edit: /home/dev/app/a.rs");
}

#[test]
fn many_tools_of_a_server_are_one_row_that_decides_nothing_until_it_is_opened() {
    let mut desk = Desk::new(120, 40);
    pins(&mut desk);
    let screen = desk.screen();
    assert!(screen.contains("30 tools of github to approve") && screen.contains("│ tool_30"), "{screen}");
    assert_eq!(desk.model.queue().order().len(), 2, "a head and a row");
    desk.keys("y n e space");
    assert!(desk.asked.is_empty() && desk.model.dialog().is_none() && desk.model.queue().marked().is_empty());
    assert!(desk.screen().contains("this row stands for several: open it"), "{}", desk.screen());
    desk.keys("enter");
    assert_eq!((desk.model.queue().order().len(), desk.model.is_open()), (31, false));
    desk.wait(1000);
    desk.keys("y");
    let [Command::Approve { leave, .. }] = desk.asked.as_slice() else { panic!("{:?}", desk.asked) };
    assert_eq!(leave.id(), id(1), "the one on screen, and no other");
    desk.keys("esc");
    assert_eq!(desk.model.queue().order().len(), 2);
}

#[test]
fn a_request_that_is_looked_for_opens_the_row_that_it_stands_behind() {
    let mut desk = Desk::new(120, 40);
    pins(&mut desk);
    desk.take(Message::Line(format!("find {}", id(17))));
    assert_eq!(desk.model.queue().selected().map(|ticket| ticket.id), Some(id(17)));
    assert!(under_the_cursor(&desk).contains("github/tool_17"), "{}", desk.screen());
}

#[test]
fn a_bridge_that_says_nothing_is_told_of_and_one_that_refuses_says_why() {
    let mut desk = desk([1]);
    let later = |desk: &mut Desk, millis: u64| {
        desk.millis += millis;
        desk.take(Message::Tick);
        desk.screen()
    };
    assert!(later(&mut desk, 4999).contains("● live"));
    assert!(later(&mut desk, 1).contains("● quiet 5s"));
    assert!(later(&mut desk, 7000).contains("● quiet 12s"));
    desk.take(Message::News(News::Alive));
    assert!(desk.screen().contains("● live"));
    let why = "you listen to 4 streams, the most at a time (`streams_per_user_max`)";
    desk.take(Message::News(News::Refused { why: why.into(), retry_seconds: 4 }));
    let screen = desk.screen();
    assert!(screen.contains("✗ refused, again in 4s") && screen.contains(why), "{screen}");
    assert!(!screen.contains("◆ ready"), "{screen}");
}

#[test]
fn undo_names_what_it_takes_back_and_asks_where_that_is_not_on_screen() {
    let mut desk = desk([1, 2]);
    desk.keys("n");
    desk.wait(1000);
    desk.keys("enter");
    desk.asked.clear();
    let mut denied = ticket(1);
    (denied.status, denied.decided_by) = (Status::Denied, Some("user".parse().unwrap()));
    desk.take(Message::News(News::Decided(Verb::Deny, id(1), Ok(Box::new(denied)))));
    desk.wait(1000);
    desk.keys("j");
    desk.wait(1000);
    desk.keys("z");
    let screen = desk.screen();
    assert!(screen.contains("lifts your denial of 00000001 open-browser https://example.com/1"), "{screen}");
    assert!(desk.asked.is_empty());
    desk.keys("y");
    assert!(desk.asked.is_empty(), "the question settles first");
    desk.keys("esc");
    desk.wait(1000);
    desk.keys("z");
    desk.wait(1000);
    desk.keys("y");
    assert_eq!(desk.asked, [Command::Lift(id(1))]);
    assert!(desk.screen().contains("lifting the denial of 00000001 open-browser https://example.com/1"));
    desk.wait(1000);
    desk.keys("z");
    assert!(desk.screen().contains("nothing of yours to undo"), "{}", desk.screen());
}

#[test]
fn undo_of_what_is_on_screen_is_done_at_once_and_named() {
    let mut desk = desk([1]);
    desk.keys("n");
    desk.wait(1000);
    desk.keys("enter");
    desk.asked.clear();
    let mut denied = ticket(1);
    (denied.status, denied.decided_by) = (Status::Denied, Some("user".parse().unwrap()));
    desk.take(Message::News(News::Decided(Verb::Deny, id(1), Ok(Box::new(denied)))));
    desk.wait(1000);
    desk.keys("z");
    assert_eq!(desk.asked, [Command::Lift(id(1))]);
}

#[test]
fn arrows_move_in_the_policies_and_a_key_of_its_own_tightens() {
    let mut desk = Desk::new(120, 30);
    desk.keys("tab tab tab");
    desk.policies(policy_list());
    desk.keys("down down up down right left down up");
    assert!(desk.asked.is_empty() && desk.model.dialog().is_none(), "{:?}", desk.asked);
    assert!(under_the_cursor(&desk).contains("open-browser"), "{}", desk.screen());
    desk.keys("up t");
    assert!(matches!(desk.asked.as_slice(), [Command::SetPolicy { .. }]), "{:?}", desk.asked);
    desk.keys("down l");
    assert!(desk.screen().contains("LET MORE THROUGH"), "{}", desk.screen());
}

#[test]
fn too_soon_stays_long_enough_to_be_read_and_the_wait_is_a_bar_that_fills() {
    let mut desk = Desk::new(120, 30);
    desk.waiting([1]);
    let bar = |desk: &mut Desk, millis: u64| {
        desk.wait(millis);
        let screen = desk.screen();
        let row =
            screen.lines().find(|line| line.contains("◇ ") || line.contains("◆ ready")).unwrap_or_default().to_owned();
        row.split("│ ").nth(1).unwrap_or_default().split("  ").next().unwrap_or_default().to_owned()
    };
    let shown = [0, 100, 100, 100, 100].map(|millis| bar(&mut desk, millis));
    assert_eq!(shown, ["◇ ░░░░ wait", "◇ █░░░ wait", "◇ ██░░ wait", "◇ ███░ wait", "◆ ready"]);
    desk.take(Message::Focus(true));
    desk.keys("y");
    assert!(desk.screen().contains("too soon after the screen changed"), "{}", desk.screen());
    desk.wait(2900);
    assert!(desk.screen().contains("too soon after the screen changed"), "{}", desk.screen());
    desk.wait(200);
    assert!(!desk.screen().contains("too soon"), "{}", desk.screen());
}

#[test]
fn it_is_told_whether_the_agent_still_waits_and_looked_at_again_and_again() {
    let mut desk = Desk::new(120, 30);
    let mut call = npm_test();
    let until = Some(Timestamp::from_millis(NOON + 480_000));
    call.ticket.waiting = Some(Waiting { here: true, until });
    desk.waits(call.clone());
    assert!(desk.screen().contains("claude waits, 8m left"), "{}", desk.screen());
    desk.millis += 4999;
    assert!(!desk.take(Message::Tick).contains(&Command::ReadWaiting(call.ticket.id)));
    desk.millis += 1;
    assert!(desk.take(Message::Tick).contains(&Command::ReadWaiting(call.ticket.id)));
    desk.take(Message::News(News::Waiting(call.ticket.id, Some(Waiting { here: false, until: None }))));
    assert!(desk.screen().contains("claude has gone: an answer counts when it asks again"), "{}", desk.screen());
    desk.take(Message::News(News::Lost { why: "away".into(), retry_seconds: 1 }));
    assert!(!desk.screen().contains("claude has gone"), "nobody knows: {}", desk.screen());
    desk.take(Message::News(News::Connected));
    // Another request on screen: this one is asked about no more.
    desk.waiting([7]);
    desk.take(Message::Line(format!("find {}", id(7))));
    desk.millis += 5000;
    assert!(desk.take(Message::Tick).is_empty());
}
