//! What keys do to tickets: the rules of docs/console.md, one test a rule, on the whole pure console.

#![cfg(test)]

mod support;

use ccc_protocol::bodies::{Risk, Status, Ticket};
use ccc_queue::console::{
    message::{Command, Deed, Message, News, QueueRead, Trouble, Verb},
    model::{Size, dialog::Kind},
};
use serde_json::json;
use support::{Desk, id, plan_of, preview, ticket, ticket_with};

fn desk(numbers: impl IntoIterator<Item = u64>) -> Desk {
    let mut desk = Desk::new(120, 30);
    desk.waiting(numbers);
    desk.wait(1000);
    desk
}

fn approved(desk: &Desk) -> Vec<ccc_protocol::TicketId> {
    let ids = desk.asked.iter().filter_map(|command| match command {
        Command::Approve { leave, .. } => Some(leave.id()),
        _ => None,
    });
    ids.collect()
}

#[test]
fn y_approves_the_ticket_and_digest_on_screen() {
    let mut desk = desk([1, 2]);
    desk.keys("y");
    let [Command::Approve { leave, note: None, grant: None, .. }] = desk.asked.as_slice() else {
        panic!("{:?}", desk.asked)
    };
    assert_eq!((leave.id(), leave.digest()), (id(1), ticket(1).digest));
}

#[test]
fn a_key_right_after_the_row_appeared_is_discarded() {
    let mut desk = Desk::new(120, 30);
    desk.waiting([1]);
    desk.wait(300);
    desk.keys("y");
    assert!(desk.decisions().is_empty());
    assert!(desk.screen().contains("too soon"), "{}", desk.screen());
}

#[test]
fn a_new_row_under_the_cursor_is_armed_anew() {
    let mut desk = desk([1, 2]);
    desk.keys("j y");
    assert!(desk.decisions().is_empty());
    desk.wait(400);
    desk.keys("y");
    assert_eq!(approved(&desk), [id(2)]);
}

#[test]
fn the_list_never_moves_another_ticket_under_the_cursor() {
    let mut desk = desk([5, 6]);
    desk.keys("j");
    desk.wait(1000);
    let line = desk.model.queue().cursor_line();
    desk.waiting([1, 2, 3, 4]);
    assert_eq!(desk.model.queue().selected().map(|ticket| ticket.id), Some(id(6)));
    desk.wait(1000);
    desk.keys("y");
    assert_eq!(approved(&desk), [id(6)]);
    assert!(desk.model.queue().cursor_line() >= line);
}

#[test]
fn a_row_that_had_to_go_off_the_screen_is_told_of_and_comes_back_with_the_cursors_next_step() {
    let mut desk = desk([5, 6]);
    desk.wait(1000);
    desk.waiting([1, 2]);
    assert!(desk.screen().contains("4 waiting, 2 above"), "{}", desk.screen());
    desk.keys("j");
    assert_eq!(desk.model.queue().top(), 0);
    assert!(!desk.screen().contains("above"), "{}", desk.screen());
}

#[test]
fn an_ended_row_under_the_cursor_hides_nothing_that_there_is_room_for() {
    let mut desk = desk([5]);
    let mut ended = ticket(5);
    ended.status = Status::Expired;
    desk.queue(vec![ended], false);
    desk.waiting([1, 2]);
    assert_eq!(desk.model.queue().top(), 0, "{}", desk.screen());
}

#[test]
fn enter_opens_and_never_approves() {
    let mut desk = desk([1]);
    desk.keys("enter enter enter");
    desk.wait(1000);
    desk.keys("enter");
    assert!(desk.decisions().is_empty());
    assert!(desk.model.is_open());
}

#[test]
fn pasted_keys_decide_nothing_and_start_the_wait_anew() {
    let mut desk = desk([1]);
    desk.take(Message::Paste("yyyy\ny".into()));
    desk.keys("y");
    assert!(desk.decisions().is_empty());
    desk.wait(400);
    desk.keys("y");
    assert_eq!(approved(&desk), [id(1)]);
}

#[test]
fn the_click_that_brings_the_window_to_the_front_does_nothing() {
    let mut desk = desk([1, 2]);
    desk.take(Message::Focus(false));
    desk.take(Message::Focus(true));
    desk.take(Message::Click { column: 5, line: 3 });
    assert_eq!(desk.model.queue().selected().map(|ticket| ticket.id), Some(id(1)));
    desk.take(Message::Click { column: 5, line: 3 });
    assert_eq!(desk.model.queue().selected().map(|ticket| ticket.id), Some(id(2)));
    assert!(desk.decisions().is_empty());
}

#[test]
fn nothing_is_decidable_before_its_preview_is_there() {
    let mut desk = Desk::new(120, 30);
    desk.queue(vec![ticket(1)], false);
    desk.wait(5000);
    desk.keys("y n Y e space");
    assert!(desk.decisions().is_empty());
    assert!(desk.model.dialog().is_none());
    assert!(desk.screen().contains("still being read"), "{}", desk.screen());
}

#[test]
fn a_preview_whose_plan_is_not_the_digests_is_neither_shown_nor_decidable() {
    let mut desk = Desk::new(120, 30);
    desk.waits(preview(&ticket(1), &plan_of(2)));
    desk.wait(5000);
    desk.keys("y");
    assert!(desk.decisions().is_empty());
    let screen = desk.screen();
    assert!(screen.contains("does not fit its digest") && !screen.contains("example.com/2"), "{screen}");
}

#[test]
fn a_preview_of_another_digest_than_the_lists_is_not_decidable() {
    let mut desk = Desk::new(120, 30);
    let mut listed = ticket(1);
    listed.digest = ticket(2).digest;
    desk.previews.insert(id(1), preview(&ticket(1), &plan_of(1)));
    desk.queue(vec![listed], false);
    desk.wait(5000);
    desk.keys("y");
    assert!(desk.decisions().is_empty());
}

#[test]
fn where_only_the_list_is_on_screen_nothing_is_decidable() {
    let mut desk = Desk::new(60, 12);
    desk.waiting([1]);
    desk.wait(1000);
    desk.keys("y");
    assert!(desk.decisions().is_empty());
    desk.keys("enter");
    desk.wait(400);
    desk.keys("y");
    assert_eq!(approved(&desk), [id(1)]);
}

#[test]
fn below_the_smallest_screen_nothing_is_decidable() {
    let mut desk = desk([1]);
    desk.take(Message::Resize(Size { width: 39, height: 30 }));
    desk.wait(1000);
    desk.keys("y");
    assert!(desk.decisions().is_empty());
    assert!(desk.screen().contains("needs 40×10"), "{}", desk.screen());
}

fn careful(desk: &mut Desk) {
    let mut ticket = ticket(1);
    ticket.risk = Risk::High;
    desk.waits(preview(&ticket, &plan_of(1)));
    desk.wait(1000);
}

#[test]
fn what_deserves_care_is_approved_by_its_typed_word_alone() {
    let mut desk = Desk::new(120, 40);
    careful(&mut desk);
    desk.keys("y");
    assert!(desk.decisions().is_empty());
    desk.wait(1000);
    desk.types("open-browse").keys("enter");
    assert!(desk.decisions().is_empty());
    desk.types("r");
    assert_eq!(approved(&desk), [id(1)]);
}

#[test]
fn a_changed_tool_is_shown_as_what_goes_and_what_comes() {
    let mut desk = Desk::new(120, 60);
    let definition = |text: &str| json!({ "command": "npx files", "definition": { "description": text } });
    let mut preview = preview(&ticket(1), &plan_of(1));
    preview.ticket.params = definition("reads and sends").as_object().unwrap().clone();
    support::seal(&mut preview.ticket);
    preview.approved_before = definition("reads").as_object().cloned();
    desk.waits(preview);
    desk.wait(1000);
    let screen = desk.screen();
    assert!(screen.contains("CHANGED SINCE IT WAS APPROVED"), "{screen}");
    let shows = |sign: &str, text: &str| screen.lines().any(|line| line.contains(sign) && line.contains(text));
    assert!(shows("-", r#""description": "reads""#) && shows("+", r#""description": "reads and sends""#), "{screen}");
}

#[test]
fn the_word_cannot_be_pasted() {
    let mut desk = Desk::new(120, 40);
    careful(&mut desk);
    desk.keys("y");
    desk.wait(1000);
    desk.take(Message::Paste("open-browser".into()));
    assert!(desk.decisions().is_empty());
}

#[test]
fn the_word_is_never_filled_in_by_another_way_than_typing() {
    let mut desk = Desk::new(120, 40);
    careful(&mut desk);
    desk.keys("y");
    desk.wait(1000);
    desk.take(Message::Fill("open-browse".into()));
    desk.types("r");
    assert!(desk.decisions().is_empty());
    desk.take(Message::Fill(String::new()));
    desk.types("open-browser");
    assert_eq!(approved(&desk), [id(1)]);
}

#[test]
fn what_deserves_care_must_be_read_to_its_last_line_first() {
    let mut desk = Desk::new(120, 12);
    careful(&mut desk);
    desk.keys("enter");
    desk.wait(1000);
    desk.keys("y");
    assert!(desk.model.dialog().is_none());
    assert!(desk.screen().contains("last line"), "{}", desk.screen());
    desk.keys("]");
    desk.wait(1000);
    desk.keys("y");
    assert!(desk.model.dialog().is_some());
}

#[test]
fn a_denial_carries_the_chosen_reason() {
    let mut desk = desk([1]);
    desk.keys("n");
    desk.wait(400);
    desk.keys("down enter");
    let [Command::Deny { leave, reason, .. }] = desk.asked.as_slice() else { panic!("{:?}", desk.asked) };
    assert_eq!((leave.id(), reason.as_deref()), (id(1), Some("not needed: find a way without it")));
}

#[test]
fn a_typed_reason_is_sent_as_it_was_typed() {
    let mut desk = desk([1]);
    desk.keys("n");
    desk.wait(400);
    desk.types("use the mirror").keys("enter");
    let [Command::Deny { reason, .. }] = desk.asked.as_slice() else { panic!("{:?}", desk.asked) };
    assert_eq!(reason.as_deref(), Some("use the mirror"));
}

#[test]
fn scope_asks_for_no_more_than_the_ticket_allows() {
    let mut desk = desk([1]);
    desk.keys("Y");
    desk.wait(400);
    desk.keys("right right right right right right y");
    let [Command::Approve { grant: Some(grant), .. }] = desk.asked.as_slice() else { panic!("{:?}", desk.asked) };
    assert_eq!(grant.seconds, 3600);
    assert_eq!(grant.uses, Some(5));
    assert!(grant.params.is_empty());
}

#[test]
fn no_scope_where_grants_are_forbidden() {
    let mut desk = Desk::new(120, 30);
    let mut ticket = ticket(1);
    ticket.grant_seconds_max = 0;
    desk.waits(preview(&ticket, &plan_of(1)));
    desk.wait(1000);
    desk.keys("Y");
    assert!(desk.model.dialog().is_none());
}

#[test]
fn marked_tickets_are_decided_one_by_one_with_a_result_each() {
    let mut desk = desk([1, 2, 3]);
    desk.keys("space");
    desk.wait(400);
    desk.keys("space");
    desk.wait(400);
    desk.keys("y");
    desk.wait(400);
    desk.keys("y");
    assert_eq!(approved(&desk), [id(1), id(2)]);
    let mut taken = ticket(1);
    taken.status = Status::Succeeded;
    desk.take(Message::News(News::Decided(Verb::Approve, id(1), Ok(Box::new(taken)))));
    let trouble = Trouble { why: "already decided".into(), ticket: None };
    desk.take(Message::News(News::Decided(Verb::Approve, id(2), Err(trouble))));
    let screen = desk.screen();
    assert!(screen.contains("✓ open-browser") && screen.contains("✗ already decided"), "{screen}");
}

#[test]
fn what_deserves_care_cannot_be_marked() {
    let mut desk = Desk::new(120, 40);
    careful(&mut desk);
    desk.keys("space");
    assert!(desk.model.queue().marked().is_empty());
}

#[test]
fn an_edit_sends_the_whole_parameters_and_the_digest_on_screen() {
    let mut desk = desk([1]);
    desk.keys("e");
    desk.wait(400);
    let Some(Kind::Edit { field, .. }) = desk.model.dialog().map(|dialog| &dialog.kind) else {
        panic!("{}", desk.screen())
    };
    assert!(field.text().contains("https://example.com/1"));
    desk.take(Message::Fill("{\"url\": \"https://example.org/\"}".into()));
    desk.keys("ctrl-s");
    let [Command::Edit { leave, params }] = desk.asked.as_slice() else { panic!("{:?}", desk.asked) };
    assert_eq!((leave.digest(), params.get("url")), (ticket(1).digest, Some(&json!("https://example.org/"))));
}

#[test]
fn what_the_list_has_cut_is_edited_whole() {
    let mut desk = desk([1]);
    let cut = json!({ "url": "https://exam…" }).as_object().unwrap().clone();
    desk.queue(vec![ccc_protocol::bodies::Ticket { params: cut, abridged: true, ..ticket(1) }], false);
    desk.wait(1000);
    desk.keys("e");
    desk.wait(400);
    let Some(Kind::Edit { field, .. }) = desk.model.dialog().map(|dialog| &dialog.kind) else {
        panic!("{}", desk.screen())
    };
    assert!(field.text().contains("https://example.com/1"), "{}", field.text());
}

#[test]
fn a_queue_that_was_not_read_is_never_said_to_be_empty() {
    let mut desk = Desk::new(120, 30);
    assert!(!desk.screen().contains("nothing waits"), "before the first reading: {}", desk.screen());
    desk.queue(vec![], true);
    assert!(desk.screen().contains("nothing waits"), "{}", desk.screen());
    desk.take(Message::News(News::Queue(Err("the answer is too long".into()))));
    let told = |desk: &Desk| {
        let plain =
            ccc_queue::view::view_rows(&desk.model).iter().map(|row| row.text().to_string()).collect::<String>();
        let screen = desk.screen();
        for text in [plain, screen] {
            assert!(text.contains("could not be read") && !text.contains("nothing waits"), "{text}");
        }
    };
    told(&desk);
    assert!(desk.screen().contains("? waiting"), "{}", desk.screen());
    desk.queue(vec![], true);
    desk.take(Message::News(News::Lost { why: "refused".into(), retry_seconds: 1 }));
    told(&desk);
}

#[test]
fn without_a_connection_nothing_is_ready_and_nothing_is_said_of_what_waits() {
    let mut desk = desk([1]);
    desk.wait(1000);
    assert!(desk.screen().contains("◆ ready"), "{}", desk.screen());
    desk.take(Message::News(News::Lost { why: "away".into(), retry_seconds: 1 }));
    desk.wait(1000);
    assert!(!desk.screen().contains("ready") && desk.screen().contains("no connection"), "{}", desk.screen());
    desk.keys("y");
    assert!(desk.asked.is_empty(), "{:?}", desk.asked);
    let mut empty = self::desk([]);
    empty.take(Message::News(News::Lost { why: "away".into(), retry_seconds: 1 }));
    let screen = empty.screen();
    assert!(!screen.contains("nothing waits") && !screen.contains("0 waiting"), "{screen}");
}

#[test]
fn a_full_disk_of_the_server_is_told_and_stays_in_sight() {
    let mut desk = desk([1]);
    let mut read = |seq, disk_full| {
        let list = ccc_protocol::bodies::QueueList {
            seq,
            tickets: vec![],
            next: None,
            disk_full,
            config_fault: None,
            clock: None,
        };
        desk.take(Message::News(News::Queue(Ok(QueueRead { list, whole: false }))));
        desk.screen()
    };
    let first = read(2, true);
    assert!(first.contains("disk is full: it takes nothing new") && first.contains(", disk full"), "{first}");
    assert!(read(3, true).contains(", disk full"), "as long as it is");
    let after = read(4, false);
    assert!(after.contains("has room again") && !after.contains(", disk full"), "{after}");
}

#[test]
fn an_edit_that_is_no_json_is_told_and_not_sent() {
    let mut desk = desk([1]);
    desk.keys("e");
    desk.wait(400);
    desk.types("x").keys("ctrl-s");
    assert!(desk.decisions().is_empty());
    assert!(desk.model.dialog().is_some());
}

#[test]
fn the_first_decision_wins_and_the_other_person_sees_who_and_when() {
    let mut desk = desk([1]);
    let mut decided = ticket(1);
    decided.status = Status::Denied;
    decided.decided_by = Some("bob".parse().unwrap());
    decided.decided = Some(ccc_protocol::Timestamp::from_millis(support::NOON));
    decided.expires = None;
    desk.queue(vec![decided], false);
    let screen = desk.screen();
    assert!(screen.contains("denied by bob at 2026-03-07T12:00:00Z"), "{screen}");
    desk.wait(1000);
    desk.keys("y");
    assert!(desk.decisions().is_empty());
}

#[test]
fn a_held_key_decides_once() {
    let mut desk = desk([1, 2]);
    desk.keys("y j");
    for _ in 0..100 {
        desk.wait(30);
        desk.keys("y");
    }
    assert_eq!(approved(&desk), [id(1)]);
}

#[test]
fn a_command_line_cannot_decide() {
    let mut desk = desk([1]);
    for name in ["approve", "deny", "allow-similar", "edit"] {
        desk.keys(":").types(name).keys("enter");
        desk.wait(500);
    }
    assert!(desk.decisions().is_empty());
    assert!(desk.model.dialog().is_none());
}

#[test]
fn panic_stops_all_agents_with_two_presses_and_no_wait() {
    let mut desk = desk([1]);
    desk.keys("! !");
    assert_eq!(desk.asked.last(), Some(&Command::Freeze { users: Vec::new(), frozen: true }));
}

#[test]
fn a_denial_of_mine_can_be_taken_back() {
    let mut desk = desk([1]);
    desk.keys("n");
    desk.wait(400);
    desk.keys("enter z");
    assert_eq!(desk.asked.last(), Some(&Command::Lift(id(1))));
}

#[test]
fn snoozed_tickets_come_back_by_themselves() {
    let mut desk = desk([1, 2]);
    desk.keys("s");
    assert_eq!(desk.model.queue().snoozed(), 1);
    assert!(!desk.screen().contains("example.com/1"), "{}", desk.screen());
    desk.wait(600_000);
    assert_eq!(desk.model.queue().snoozed(), 0);
}

#[test]
fn after_an_absence_what_was_found_is_said() {
    let mut desk = desk([1]);
    desk.take(Message::News(News::Lost { why: "no bridge answers".into(), retry_seconds: 1 }));
    desk.wait(12_000);
    let mut lost = ticket(1);
    lost.status = Status::Lost;
    desk.previews.insert(id(2), preview(&ticket(2), &plan_of(2)));
    desk.queue(vec![lost, ticket(2)], false);
    desk.take(Message::News(News::Connected));
    let screen = desk.screen();
    assert!(screen.contains("back after 12s: 1 new, 1 lost"), "{screen}");
}

#[test]
fn the_answer_to_a_person_is_not_pushed_away_by_news_that_come_right_after() {
    let mut desk = desk([1, 2]);
    let grant = ccc_protocol::GrantId::new(1, [1; 10]);
    let came_of_it = |desk: &mut Desk, n| {
        let (status, decided_by) = (Status::Succeeded, Some("user".parse().unwrap()));
        desk.queue(vec![ccc_protocol::bodies::Ticket { status, decided_by, seq: 9, ..ticket(n) }], false);
    };
    let trouble = Trouble { why: "it needs another person".into(), ticket: None };
    desk.take(Message::News(News::Decided(Verb::Approve, id(1), Err(trouble))));
    came_of_it(&mut desk, 1);
    let screen = desk.screen();
    assert!(screen.contains("it needs another person; ") && screen.contains(": succeeded"), "{screen}");
    desk.take(Message::News(News::Done(Deed::Revoke(grant), Ok(()))));
    came_of_it(&mut desk, 1);
    let screen = desk.screen();
    assert!(screen.contains("the grant has ended; ") && screen.contains(": succeeded"), "{screen}");
    desk.wait(3000);
    came_of_it(&mut desk, 2);
    let screen = desk.screen();
    assert!(!screen.contains("the grant has ended") && screen.contains(": succeeded"), "{screen}");
}

/// A ticket of this action that runs.
fn running(n: u64, action: &str) -> Ticket {
    let plan = plan_of(n);
    let mut ticket = ticket_with(n, "agent", action, &json!({}), &plan);
    ticket.status = Status::Running;
    ticket
}

#[test]
fn what_runs_is_ended_only_where_it_was_asked_about_and_chosen() {
    let mut desk = desk([1]);
    desk.keys("X");
    assert!(desk.model.dialog().is_none(), "nothing runs");
    desk.queue(vec![running(2, "build"), running(3, "send-email"), running(4, "build")], false);
    desk.keys("X");
    let screen = desk.screen();
    assert!(screen.contains("END WHAT RUNS") && screen.contains("cannot be stopped"), "{screen}");
    desk.wait(400);
    desk.keys("X");
    assert!(desk.asked.is_empty(), "none is chosen: {:?}", desk.asked);
    // The mail is left out however often it is chosen.
    desk.keys("space down space down down");
    desk.wait(400);
    desk.keys("X");
    assert_eq!(desk.asked, [Command::Stop(id(2))]);
}

#[test]
fn a_freeze_is_sent_first_and_only_then_is_asked_about_what_runs() {
    let mut desk = desk([1]);
    desk.queue(vec![running(2, "build"), running(3, "edit-file")], false);
    desk.keys("! !");
    assert_eq!(desk.asked, [Command::Freeze { users: Vec::new(), frozen: true }]);
    assert!(desk.model.dialog().is_none(), "nothing stands between the keys and the freeze");
    desk.take(Message::News(News::Done(Deed::Freeze(true), Ok(()))));
    assert!(desk.screen().contains("END WHAT RUNS"), "{}", desk.screen());
    desk.wait(400);
    desk.keys("X");
    assert_eq!(desk.asked.last(), Some(&Command::Stop(id(2))));
    assert_eq!(desk.asked.len(), 2, "what opens on the screen is not stopped");
}

#[test]
fn a_ticket_whose_approval_counts_no_longer_waits_again() {
    let mut desk = desk([1]);
    let mut approved = ticket(1);
    approved.status = Status::Approved;
    desk.queue(vec![approved], false);
    assert_eq!(desk.model.queue().waiting(), 0);
    desk.waiting([1]);
    assert_eq!(desk.model.queue().waiting(), 1);
}
