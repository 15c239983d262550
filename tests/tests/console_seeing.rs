//! Stories of what a person sees.

use ccc_protocol::bodies::{Policy, Status};
use ccc_tests::story::{Open, Story};
use serde_json::json;

#[test]
fn a_request_appears_by_itself() {
    let story = Story::of("a request is on screen as soon as it was committed, with a bell and the count in the title");
    let console = story.console();
    console.sees("● live").sees("nothing waits");
    story.asks_page("serde");
    console.sees("docs.rs/serde").sees("1 waiting").hears_bell().bears_title("ccc-queue: 1 waiting");
}

#[test]
fn what_was_asked_for_is_in_no_title_and_no_notification() {
    let story = Story::of("titles and notifications carry counts, never what was asked for");
    let console = story.console_with(&Open::settings("[notify]\ndesktop = 'osc777'"));
    console.sees("● live");
    story.asks_greeting("secret-name");
    console.sees("secret-name").bears_title("ccc-queue: 1 waiting");
    let bytes = String::from_utf8_lossy(&console.bytes()).into_owned();
    let told: Vec<&str> = bytes.split("\x1b]").skip(1).filter_map(|osc| osc.split(['\x07', '\x1b']).next()).collect();
    assert!(told.iter().any(|osc| osc.starts_with("777;notify")), "{told:?}");
    assert!(!told.iter().any(|osc| osc.contains("secret")), "{told:?}");
}

#[test]
fn a_persons_own_command_is_told_the_counts() {
    let story = Story::of("a command of the person's own is run when something waits");
    let console = story.console_with(&Open::settings("[notify]\ncommand = ['/bin/touch', 'told-{waiting}']"));
    console.sees("● live");
    story.asks_page("serde");
    console.sees("1 waiting");
    let file = story.bridge.site().home().join("told-1");
    let begun = std::time::Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < ccc_tests::bridge::PATIENCE, "the command was not run");
        std::thread::yield_now();
    }
}

#[test]
fn container_and_host_path_stand_one_under_the_other() {
    let story = Story::of("a path is shown as the agent knows it and as it lies on the host");
    std::fs::create_dir(story.bridge.site().workspace().join("app")).unwrap();
    story.asks(&json!({ "action": "open-terminal", "path": "/workspace/app" }));
    let console = story.console_with(&Open::sized(200, 40));
    let host = story.bridge.site().workspace().join("app");
    console.sees("container /workspace/app").sees(host.to_str().unwrap());
}

#[test]
fn a_host_is_shown_in_both_spellings() {
    let story = Story::of("a host in another script is shown raw and as punycode");
    story.asks(&json!({ "action": "open-browser", "url": "https://аррӏе.com/" }));
    let console = story.console();
    console.sees("xn--80ak6aa92e.com").sees("reads as").sees("аррӏе.com");
}

#[test]
fn the_command_line_is_shown_argument_by_argument() {
    let story = Story::of("each argument stands in a row of its own, as it will be passed");
    story.asks_greeting("a b; rm -rf /");
    let console = story.console();
    console.sees("program     /").sees("arg 1     hello").sees("arg 2     a b; rm -rf /");
}

#[test]
fn hostile_text_is_visible_and_does_nothing() {
    let story = Story::of("escape sequences of an agent's are shown, not obeyed");
    story.asks_tool(&json!({ "command": "a\u{1b}]0;owned\u{7}\u{1b}[2Jb\u{202e}c", "description": "\u{9b}31m" }));
    let console = story.console_with(&Open::sized(120, 60));
    console.sees("a␛]0;owned␇␛[2Jb‹U+202E›c").sees("‹U+009B›31m").bears_title("ccc-queue: 1 waiting");
    let bytes = String::from_utf8_lossy(&console.bytes()).into_owned();
    assert!(!bytes.contains("]0;owned\x07") && !bytes.contains('\u{202e}'));
}

#[test]
fn an_agents_own_reason_is_marked_as_untrusted() {
    let story = Story::of("what an agent says about its request stands apart, marked as unchecked");
    story.asks(&json!({ "action": "greet", "name": "Ada", "reason": "approved by user already" }));
    let console = story.console_with(&Open::sized(120, 40));
    console.sees("agent says, unchecked: approved by user already");
}

#[test]
fn the_rule_and_the_asker_are_shown() {
    let story = Story::of("details say which rule queued it, who asked, and what they asked before");
    let before = story.asks_greeting("before");
    story.bridge.client("agent").cancel(before).unwrap();
    story.asks(&json!({ "action": "release", "version": "1.0" }));
    let console = story.console_with(&Open::sized(120, 50));
    console
        .sees("a release needs two and a reason")
        .sees("from        agent, at ")
        .sees("before  cancelled")
        .sees("greet");
}

#[test]
fn long_details_are_whole_by_scrolling() {
    let story = Story::of("details are shown whole, however long they are");
    story.asks_tool(&json!({ "command": format!("{}the very end", "line\n".repeat(100)) }));
    let console = story.console();
    console.sees("101 lines").sees("read to its last line first");
    console.press("page-down").sees_no("101 lines");
    console.press("]").sees("end of this request").ready();
}

#[test]
fn the_history_tells_what_happened_and_is_searchable() {
    let story = Story::of("the history shows who decided what, and is searched by words");
    let asked = story.asks_greeting("Ada");
    let console = story.console();
    console.ready();
    console.press("y");
    story.ends(asked, Status::Succeeded);
    story.asks_page("serde");
    console.sees("1 waiting");
    console.press("tab").sees("✓ approved  you  greet").sees("? waits     open-browser");
    console.press("/").types("approved").sees_no("? waits     open-browser");
    console.press("enter").sees("✓ approved  you  greet").sees("filtered by approved");
}

#[test]
fn grants_show_time_and_uses_and_are_ended_there() {
    let story = Story::of("grants are shown with the time and uses left, and `z` ends the chosen one");
    let asked = story.asks_greeting("Ada");
    let console = story.console();
    console.ready();
    console.press("Y").sees("◆ APPROVE, and more of the same");
    console.press("y");
    story.ends(asked, Status::Succeeded);
    console.press("tab tab").sees("5 of 5").sees("name=Ada");
    story.ends(story.asks_greeting("Ada"), Status::Succeeded);
    console.sees("4 of 5");
    console.press("z").sees("no grant stands");
}

#[test]
fn policies_are_made_stricter_at_once() {
    let story = Story::of("a stricter policy holds at once");
    let console = story.console();
    console.sees("● live").press("tab tab tab").sees("open-browser").goes_down_to("open-browser");
    console.press("t").sees("override set: open-browser");
    story.is_refused(&json!({ "action": "open-browser", "url": "https://docs.rs/" }));
    assert_eq!(policy(&story, "open-browser"), Some(Policy::AutoDeny));
    console.press("l").sees("◆ LET MORE THROUGH");
    console.press("esc").sees_no("LET MORE THROUGH");
    assert_eq!(policy(&story, "open-browser"), Some(Policy::AutoDeny));
    console.press("l").sees("◆ LET MORE THROUGH");
    console.press("y").sees("override set");
    assert_eq!(policy(&story, "open-browser"), Some(Policy::Queue));
}

#[test]
fn a_freeze_is_seen_wherever_it_was_made() {
    let story =
        Story::of("agents that somebody stopped, or let go on, are counted in the title at once, though nothing waits");
    let console = story.console();
    console.sees("● live").sees("0 waiting");
    let bridge = story.bridge.client("user");
    let freeze = |frozen| bridge.freeze(&ccc_protocol::bodies::Freeze { users: None, frozen }).unwrap();
    freeze(true);
    console.sees("stopped");
    freeze(false);
    console.sees_no("stopped");
}

fn policy(story: &Story, action: &str) -> Option<Policy> {
    let list = story.bridge.client("user").policies().unwrap();
    list.groups.iter().flat_map(|group| &group.actions).find(|known| known.action.as_str() == action)?.overridden
}

#[test]
fn a_group_is_switched_off_and_on() {
    let story = Story::of("a group switched off denies its actions; switching it on again is asked about");
    let console = story.console();
    console
        .sees("● live")
        .press("tab tab tab")
        .sees("override")
        .press("space")
        .sees("off: every action of it is denied");
    let off = |story: &Story| {
        story.bridge.client("user").policies().unwrap().groups.iter().filter(|group| !group.enabled).count()
    };
    assert_eq!(off(&story), 1);
    console.press("e").sees("◆ LET MORE THROUGH");
    console.press("y").sees_no("off: every action of it is denied");
    assert_eq!(off(&story), 0);
}

#[test]
fn agents_are_listed_with_what_they_wait_for() {
    let story = Story::of("the agents' view counts what each waits for and says who is stopped");
    story.asks_page("a");
    story.asks_page("b");
    let console = story.console();
    console.sees("2 waiting").press("shift-tab").sees("may ask");
    console.press("!").sees("STOP AGENTS").press("!").sees_no("may ask");
}

#[test]
fn a_filter_shows_only_what_fits() {
    let story = Story::of("`/` shows only what fits, and Esc shows all again");
    story.asks_page("serde");
    story.asks_greeting("Ada");
    let console = story.console();
    console.sees("2 waiting").press("/").types("greet").sees_no("agent (2)").sees("agent (1)");
    console.press("enter").sees_no("FILTER").sees("filtered by greet").press("esc").sees("agent (2)");
}

#[test]
fn rows_are_gathered_in_three_ways() {
    let story = Story::of("`v` gathers by agent and session, by agent, or not at all");
    story.asks_page("serde");
    let console = story.console();
    console
        .sees("agent (1)")
        .press("v")
        .sees("grouped by: agent")
        .press("v")
        .sees("grouped by: none")
        .sees_no("agent (1)");
}

#[test]
fn help_is_made_from_the_keys_in_force() {
    let story = Story::of("help shows the keys in force, remapped ones too");
    let console = story.console_with(&Open { size: (120, 60), ..Open::settings("[keys]\nsnooze = 'ctrl-w'") });
    console
        .sees("● live")
        .press("?")
        .sees("ctrl-w")
        .sees("hide it for a while")
        .press("esc")
        .sees_no("put it aside for a while");
}

#[test]
fn a_ticket_is_found_by_its_id() {
    let story = Story::of("`:find` moves the cursor to the one ticket with that id");
    story.asks_page("first");
    let asked = story.asks_page("second");
    let console = story.console();
    console.sees("2 waiting").sees("arg 1     https://docs.rs/first");
    let id = asked.to_string();
    console.types(&format!(":find {}", &id[28..])).press("enter").sees("arg 1     https://docs.rs/second");
}

#[test]
fn the_connection_comes_back_by_itself_and_says_what_was_found() {
    let mut story = Story::of("a lost connection is shown, comes back by itself, and what changed meanwhile is said");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    story.bridge.stop();
    console.sees("no connection");
    story.bridge.start_again();
    story.asks_page("tokio");
    console.sees("● live").sees("back after").sees("2 waiting").ready();
    console.press("y");
    story.ends(asked, Status::Succeeded);
}

#[test]
fn a_console_opened_before_its_server_connects_later() {
    let mut story = Story::of("a console opened before its server waits for it");
    story.bridge.stop();
    let console = story.console();
    console.sees("no connection").sees("no bridge answers");
    story.bridge.start_again();
    console.sees("● live");
}

#[test]
fn what_the_agent_withdraws_leaves_the_list() {
    let story = Story::of("a request that its agent withdraws leaves the list by itself");
    let asked = story.asks_page("serde");
    let console = story.console();
    console.ready();
    story.bridge.client("agent").cancel(asked).unwrap();
    console.sees("0 waiting").sees("cancelled");
}

#[test]
fn every_request_comes_on_screen_by_itself() {
    // How soon is measured by the benchmarks: a shared machine would fail or pass a time limit by its own load.
    let story = Story::of("what is committed is on screen without a key: nothing on the way waits for one");
    let console = story.console();
    console.sees("● live");
    for n in 1..=10 {
        story.asks_page(&format!("page-{n}"));
        console.sees(&format!("{n} waiting"));
    }
}
