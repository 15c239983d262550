//! Stories of accidents that do not happen: the rules of docs/console.md on the real console.

use std::{thread, time::Duration};

use ccc_protocol::bodies::Status;
use ccc_tests::story::{Open, Story};
use serde_json::json;

#[test]
fn keys_typed_before_the_console_opened_decide_nothing() {
    let story = Story::of("what was typed before the request stood on screen is discarded");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.send(b"yyyy");
    console.ready();
    story.still_waits(asked);
}

#[test]
fn enter_never_approves() {
    let story = Story::of("Enter never approves, however often it is pressed");
    let asked = story.asks_page("serde");
    let console = story.console();
    for _ in 0..5 {
        console.ready();
        console.press("enter");
    }
    console.press("esc").ready();
    story.still_waits(asked);
}

#[test]
fn pasted_keys_decide_nothing() {
    let story = Story::of("pasted text decides nothing");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.pastes("y\nyes\ny").sees("pasted text decides nothing");
    story.still_waits(asked);
}

#[test]
fn a_paste_without_brackets_decides_nothing() {
    let story = Story::of("keys that come as fast as a paste decide nothing, and it is said which were ignored");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.send(b"okay").sees("keys that came too fast were ignored: y");
    story.still_waits(asked);
}

#[test]
fn a_key_right_behind_a_paste_is_discarded() {
    let story = Story::of("a key right behind a paste is taken for a part of it");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.send(b"\x1b[200~y\x1b[201~y").sees("too soon");
    story.still_waits(asked);
}

#[test]
fn a_key_pressed_while_moving_decides_nothing() {
    let story = Story::of("a key pressed together with the one that moved the cursor decides nothing");
    let asked = ["a", "b"].map(|path| story.asks_page(path));
    let console = story.console();
    console.ready();
    console.send(b"jy");
    console.ready();
    asked.iter().for_each(|id| story.still_waits(*id));
}

#[test]
fn arrivals_leave_the_cursor_on_its_request() {
    let story = Story::of("requests that arrive never come under the cursor by themselves");
    story.asks_page("first");
    let chosen = story.asks_page("chosen");
    let console = story.console();
    console.sees("2 waiting").ready();
    console.press("j").sees("docs.rs/chosen");
    for n in 0..5 {
        story.asks_page(&format!("later-{n}"));
    }
    console.sees("7 waiting").ready();
    console.press("y");
    story.ends(chosen, Status::Succeeded);
    console.sees("6 waiting");
}

#[test]
fn a_held_key_decides_once() {
    let story = Story::of("a key that is held down decides on one request only");
    let asked = ["a", "b"].map(|path| story.asks_page(path));
    let console = story.console();
    console.sees("2 waiting").ready();
    console.press("y");
    // As keyboards repeat: first after 250 ms, then 20 times a second. The cursor is moved on meanwhile.
    thread::sleep(Duration::from_millis(250));
    for repeat in 0..60 {
        if repeat == 20 {
            story.ends(asked[0], Status::Succeeded);
            console.press("j");
        }
        console.press("y");
        thread::sleep(Duration::from_millis(50));
    }
    console.sees("docs.rs/b");
    story.still_waits(asked[1]);
}

#[test]
fn what_cannot_be_taken_back_needs_its_word() {
    let story = Story::of("what cannot be taken back is approved by its typed word, and by nothing less");
    let asked = story.asks(&json!({ "action": "wipe", "what": "all" }));
    let console = story.console();
    console.sees("CANNOT BE UNDONE").ready();
    console.press("y").sees("◆ APPROVE what deserves care").sees("type wipe to approve");
    console.press("enter").types("wip").sees("word wip").press("enter");
    story.still_waits(asked);
    console.types("e");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn the_word_cannot_be_pasted() {
    let story = Story::of("the word that approves is typed, never pasted");
    let asked = story.asks(&json!({ "action": "wipe", "what": "all" }));
    let console = story.console();
    console.ready();
    console.press("y").sees("◆ APPROVE what deserves care").sees("type wipe");
    console.pastes("wipe").sees("pasted text decides nothing");
    story.still_waits(asked);
}

#[test]
fn what_deserves_care_is_read_to_its_end_first() {
    let story = Story::of("what deserves care cannot be approved before its last line was on screen");
    let asked = story.asks(&json!({ "action": "wipe", "what": "x ".repeat(1500) }));
    let console = story.console();
    console.sees("read to its last line first");
    console.press("y").sees("read to its last line first").sees_no("type wipe");
    console.press("]").sees("end of this request").ready();
    console.press("y").sees("type wipe");
    story.still_waits(asked);
}

#[test]
fn what_deserves_care_is_never_decided_with_others() {
    let story = Story::of("what deserves care cannot be marked");
    story.asks(&json!({ "action": "wipe", "what": "all" }));
    let console = story.console();
    console.ready();
    console.press("space").sees("decided on its own").sees_no("1 marked");
}

#[test]
fn where_only_the_list_fits_details_come_first() {
    let story = Story::of("where only the list is on screen nothing can be decided before details were opened");
    let asked = story.asks_page("serde");
    let console = story.console_with(&Open::sized(60, 12));
    console.sees("open-browser").settles();
    console.press("y").sees("open its details first");
    story.still_waits(asked);
    console.press("enter").ready();
    console.press("y");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn below_the_smallest_screen_nothing_is_decided() {
    let story = Story::of("below 40 by 10 the console says so and decides nothing");
    let asked = story.asks_page("serde");
    let console = story.console_with(&Open::sized(39, 9));
    console.sees("needs 40×10").sees("1 waiting").settles();
    console.press("y");
    console.resize(120, 30).ready();
    story.still_waits(asked);
}

#[test]
fn a_click_selects_and_never_decides() {
    let story = Story::of("a click selects; the one that brings the window to the front does not even that");
    let asked = ["a", "b"].map(|path| story.asks_page(path));
    let console = story.console_with(&Open::settings("mouse = true"));
    console.sees("2 waiting").ready();
    // SGR mouse reports: button 0 at column 10, row 4, counted from 1.
    console.press("blur focus").send(b"\x1b[<0;10;4M\x1b[<0;10;4m").ready();
    console.sees("docs.rs/a");
    console.send(b"\x1b[<0;10;4M\x1b[<0;10;4m").sees("arg 1     https://docs.rs/b").ready();
    asked.iter().for_each(|id| story.still_waits(*id));
}

#[test]
fn what_another_decided_is_not_decided_again() {
    let story = Story::of("a request that another person decided stands there decided, and keys do nothing to it");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    assert_eq!(story.bridge.approve("dba", &story.now(asked)).status, 200);
    console.sees("approved by dba").settles();
    console.press("n").sees("it waits no longer").sees_no("DENY");
    assert_eq!(story.ends(asked, Status::Succeeded).decided_by.unwrap().as_str(), "dba");
}

#[test]
fn letters_of_a_filter_decide_nothing() {
    let story = Story::of("letters typed into the filter are letters");
    let asked = story.asks_page("yyy");
    let console = story.console();
    console.ready();
    console.press("/").types("yyyy").sees("nothing fits");
    console.press("esc").ready();
    story.still_waits(asked);
}

#[test]
fn a_command_line_cannot_decide() {
    let story = Story::of("the command line cannot decide, as it ends with Enter");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.types(":approve").press("enter").sees("has a key of its own");
    story.still_waits(asked);
}

#[test]
fn a_remapped_key_decides_and_the_old_one_does_not() {
    let story = Story::of("keys can be remapped, and the old key is free then");
    let asked = story.asks_page("serde");
    let console = story.console_with(&Open::settings("[keys]\napprove = 'ctrl-y'"));
    console.sees("ctrl-y approve").ready();
    console.press("y").settles();
    story.still_waits(asked);
    console.press("ctrl-y");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn enter_cannot_be_made_to_approve() {
    let story = Story::of("no setting makes Enter approve");
    let console = story.console_with(&Open::settings("[keys]\napprove = 'enter'"));
    assert_eq!(console.ended().exit_code(), 2);
    assert!(console.screen().contains("pressed too easily"), "{}", console.screen());
}

#[test]
fn nothing_is_decided_while_the_decision_is_on_its_way() {
    let story = Story::of("a second key while the first is on its way sends nothing");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.press("y y y n y");
    let ticket = story.ends(asked, Status::Succeeded);
    console.sees("succeeded").sees_no("DENY");
    assert_eq!(ticket.approvals.len(), 1);
}
