//! Stories of the line console: the same powers, the same rules, no screen.

use ccc_protocol::bodies::Status;
use ccc_tests::story::{Console, Open, Story};
use serde_json::json;

fn plain(story: &Story) -> Console {
    story.console_with(&Open { size: (100, 100), ..Open::args(&["--plain"]) })
}

const ASKED: &str = "or help?";

#[test]
fn a_line_approves_what_was_printed() {
    let story = Story::of("the line console prints the request whole, and `approve` approves it");
    let asked = story.asks_greeting("Ada");
    let console = plain(&story);
    console.sees("arg 2     Ada").sees("end of this request").sees(ASKED).settles();
    console.line("approve");
    story.ends(asked, Status::Succeeded);
    console.sees("succeeded, approved by user");
}

#[test]
fn the_keys_of_the_screen_are_words_here_too() {
    let story = Story::of("the keys of the screen work as lines of the line console");
    let asked = story.asks_greeting("Ada");
    let console = plain(&story);
    console.sees(ASKED).settles();
    console.line("y");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn empty_lines_do_nothing() {
    let story = Story::of("an empty line does nothing in the line console");
    let asked = story.asks_greeting("Ada");
    let console = plain(&story);
    console.sees(ASKED).settles();
    console.line("").line("").line("list").sees("▶");
    story.still_waits(asked);
}

#[test]
fn lines_typed_ahead_are_discarded() {
    let story = Story::of("a line typed before the request was printed is discarded");
    let console = plain(&story);
    console.sees("connected");
    let asked = story.asks_greeting("Ada");
    console.line("approve").line("approve").sees(ASKED).settles();
    console.line("list").sees("▶");
    story.still_waits(asked);
}

#[test]
fn lines_that_come_together_decide_nothing() {
    let story = Story::of("in the line console a paste of several lines decides nothing, whatever its lines say");
    let asked = story.asks_greeting("Ada");
    let console = plain(&story);
    console.sees(ASKED).settles();
    console.send(b"some text\ry\rapprove\r").sees("too soon");
    console.settles();
    console.send(b"y\rlist\r").sees("too soon").settles();
    story.still_waits(asked);
    console.line("y");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn help_names_the_words_and_the_same_answer_comes_twice() {
    let story = Story::of("in the line console `help` names words, and every line is answered");
    let console = plain(&story);
    console.sees("connected").line("help").sees("undo").sees("find ID");
    let count = |text: &str| String::from_utf8_lossy(&console.bytes()).matches(text).count();
    console.line("nonsense").sees("no such command here").settles();
    let before = count("no such command here");
    console.line("nonsense").settles();
    assert_eq!(count("no such command here"), before + 1);
}

#[test]
fn a_denial_takes_a_number_or_words() {
    let story = Story::of("in the line console a denial takes the number of a reason, or words");
    let asked = ["Ada", "Bob"].map(|name| story.asks_greeting(name));
    let console = plain(&story);
    console.sees(ASKED).settles();
    console.line("deny").sees("write the number of a reason").settles();
    console.line("2").sees("denied by user");
    assert_eq!(story.ends(asked[0], Status::Denied).reason.as_deref(), Some("not needed: find a way without it"));
    console.line("down").sees("arg 2     Bob").settles();
    console.line("deny").settles().settles();
    console.line("ask me tomorrow");
    assert_eq!(story.ends(asked[1], Status::Denied).reason.as_deref(), Some("ask me tomorrow"));
}

#[test]
fn care_asks_for_the_word_here_too() {
    let story = Story::of("in the line console too, what deserves care is approved by its word");
    let asked = story.asks(&json!({ "action": "wipe", "what": "all" }));
    let console = plain(&story);
    console.sees(ASKED).settles();
    console.line("approve").sees("type wipe to approve").settles();
    console.line("y").settles();
    story.still_waits(asked);
    console.line("wipe");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn hostile_text_is_visible_here_too() {
    let story = Story::of("the line console shows hostile text and obeys none of it");
    story.asks_tool(&json!({ "command": "a\u{1b}[2J\u{202e}b" }));
    let console = plain(&story);
    console.sees("a␛[2J‹U+202E›b");
    assert!(!String::from_utf8_lossy(&console.bytes()).contains('\u{202e}'));
}

#[test]
fn an_arrival_is_announced_and_changes_nothing_shown() {
    let story = Story::of("an arrival is announced by count, and what was printed stays what is decided");
    let first = story.asks_greeting("Ada");
    let console = plain(&story);
    console.sees(ASKED).settles();
    story.asks_greeting("Bob");
    console.sees("1 new; 2 waiting").settles();
    console.line("y");
    story.ends(first, Status::Succeeded);
}

#[test]
fn all_views_and_help_are_there() {
    let story = Story::of("every view and the whole key table are there in the line console");
    let console = plain(&story);
    console.sees("connected").line("view policies").sees("open-browser");
    console.line("view grants").sees("nothing here");
    console.line("help").sees("approve more of the same");
    console.line("quit");
    assert_eq!(console.ended().exit_code(), 0);
}

#[test]
fn an_edit_is_written_line_by_line() {
    let story = Story::of("parameters are edited in the line console by writing them anew");
    let asked = story.asks_greeting("Ada");
    let console = plain(&story);
    console.sees(ASKED).settles();
    console.line("edit").sees("a line with a full stop").settles();
    console.line("{ \"name\":").line("\"Eve\" }").settles();
    console.line(".").sees("EDITED FROM");
    let new = story.bridge.client("user").ticket(asked).unwrap().replaced_by.expect("linked");
    assert_eq!(story.now(new).params["name"], "Eve");
}

#[test]
fn a_dumb_terminal_gets_the_line_console() {
    let story = Story::of("a terminal that moves no cursor gets the line console without being asked for it");
    story.asks_page("serde");
    let console = story.console_with(&Open { env: vec![("TERM", "dumb")], ..Open::default() });
    console.sees("line by line").sees("docs.rs/serde");
}
