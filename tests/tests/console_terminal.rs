//! Stories of the terminal: taken, shared, and given back as it was.

use ccc_protocol::bodies::Status;
use ccc_tests::{
    bridge::program,
    story::{Console, Open, Story},
};
use rustix::process::Signal;

fn is_given_back(console: &Console) {
    console.terminal(|screen| {
        assert!(!screen.alternate_screen(), "the alternate screen");
        assert!(!screen.bracketed_paste(), "bracketed paste");
        assert!(!screen.hide_cursor(), "the cursor");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    });
    let bytes = String::from_utf8_lossy(&console.bytes()).into_owned();
    assert!(bytes.contains("\x1b[?1004l"), "focus reports");
}

#[test]
fn every_frame_is_shown_whole() {
    let story = Story::of("a terminal that knows synchronised updates never shows half a frame");
    story.asks_page("serde");
    let console = story.console();
    console.sees("docs.rs/serde").ready();
    console.press("?").sees("HELP").press("q q");
    console.ended();
    let bytes = String::from_utf8_lossy(&console.bytes()).into_owned();
    let frames: Vec<&str> = bytes.split("\x1b[?2026h").collect();
    assert!(frames.len() > 2, "{bytes:?}");
    for (before, after) in frames.iter().skip(1).map(|frame| frame.split_once("\x1b[?2026l").expect("a frame ends")) {
        assert!(!after.contains("serde") && !after.contains("HELP"), "outside of a frame: {after:?} after {before:?}");
    }
    assert!(frames.iter().any(|frame| frame.contains("HELP")), "{bytes:?}");
}

#[test]
fn q_leaves_and_the_terminal_is_as_it_was() {
    let story = Story::of("`q` leaves with exit 0 and the terminal as it was");
    let console = story.console_with(&Open::settings("mouse = true"));
    console.sees("● live");
    assert!(console.is_raw());
    console.press("q");
    assert_eq!(console.ended().exit_code(), 0);
    is_given_back(&console);
}

#[test]
fn ctrl_c_leaves_from_anywhere() {
    let story = Story::of("Ctrl-C leaves, also out of a question, and decides nothing");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.press("n").sees("DENY").press("ctrl-c");
    assert_eq!(console.ended().exit_code(), 0);
    is_given_back(&console);
    story.still_waits(asked);
}

#[test]
fn sigterm_gives_the_terminal_back() {
    let story = Story::of("SIGTERM ends the console with the terminal as it was");
    let console = story.console();
    console.sees("● live").signal(Signal::TERM);
    assert_eq!(console.ended().exit_code(), 143);
    is_given_back(&console);
}

#[test]
fn sighup_gives_the_terminal_back() {
    let story = Story::of("SIGHUP ends the console with the terminal as it was");
    let console = story.console();
    console.sees("● live").signal(Signal::HUP);
    assert_eq!(console.ended().exit_code(), 129);
    is_given_back(&console);
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_goes_on() {
    let story = Story::of("Ctrl-Z gives the terminal back, and `fg` takes it again with what happened meanwhile");
    let console = story.console();
    console.sees("● live").press("ctrl-z").sees_no("● live");
    is_given_back(&console);
    let asked = story.asks_page("serde");
    console.signal(Signal::CONT).sees("docs.rs/serde").ready();
    console.terminal(|screen| assert!(screen.alternate_screen() && screen.bracketed_paste()));
    console.press("y");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn no_color_is_honoured() {
    let story = Story::of("with NO_COLOR no colour is ever sent");
    story.asks_page("serde");
    let open = Open { env: vec![("NO_COLOR", "1")], ..Open::default() };
    let console = story.console_with(&open);
    console.ready();
    let bytes = String::from_utf8_lossy(&console.bytes()).into_owned();
    let colours =
        |sgr: &str| sgr.split(';').any(|code| matches!(code.parse(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107)));
    let coloured: Vec<&str> = bytes
        .split("\x1b[")
        .filter_map(|part| part.split_once('m'))
        .map(|(sgr, _)| sgr)
        .filter(|sgr| colours(sgr))
        .collect();
    assert!(coloured.is_empty(), "{coloured:?}");
}

#[test]
fn the_smallest_screen_is_enough_to_decide() {
    let story = Story::of("on 40 by 10 a request can be read and decided");
    let asked = story.asks_page("serde");
    let console = story.console_with(&Open::sized(40, 10));
    console.sees("1 waiting").sees("open-browser").press("enter").sees("docs.rs/serde").ready();
    console.press("y");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn a_resize_draws_everything_anew() {
    let story = Story::of("after a resize everything fits the new size");
    story.asks_page("serde");
    let console = story.console();
    console.ready();
    console.resize(60, 24).sees("docs.rs/serde").sees("▶");
    console.resize(150, 40).sees("? help  q quit").ready();
}

#[test]
fn what_cannot_start_leaves_the_terminal_alone() {
    let story = Story::of("a console that cannot start says why in one line and never touches the terminal");
    let console = story.console_with(&Open::args(&["--user", "nobody"]));
    assert_eq!(console.ended().exit_code(), 2);
    assert!(console.screen().contains("no user `nobody`"), "{}", console.screen());
    assert!(!String::from_utf8_lossy(&console.bytes()).contains("\x1b[?1049h"));
}

#[test]
fn a_readable_secrets_file_is_refused_with_the_line_that_mends_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let story = Story::of("a secrets file that others can read is refused with the line that mends it");
    let path = story.bridge.site().home().join("loose.json");
    std::fs::copy(story.bridge.site().home().join("secrets.json"), &path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, said) = story.command(&["list", "--secrets", path.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let command = portable_pty::CommandBuilder::new(program("panics"));
    let console =
        Console::spawn("a panic leaves the terminal as it was, with its message in sight", command, (100, 30));
    console.sees("taken");
    assert!(console.is_raw());
    console.send(b"\n");
    assert_eq!(console.ended().exit_code(), 101);
    is_given_back(&console);
    assert!(console.screen().contains("told to panic"), "{}", console.screen());
}
