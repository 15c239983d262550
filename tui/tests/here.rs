//! The page that stands where nothing waits, and what a console that came with `--local` does on its own machine.

#![cfg(test)]

mod support;

use ccc_protocol::bodies::{AuditList, Status};
use ccc_queue::{
    console::{
        message::{Command, HereNews, Message, News},
        model::here::{Hook, Whose},
    },
    document::Container,
    text::Visible,
};
use serde_json::json;
use support::{Desk, NOON, here, id, plan, preview, ticket, ticket_with};

fn container() -> Container {
    let from_here = Visible::label("ccc-client '{}'");
    Container { options: vec!["-v /home/ana/project:/workspace".into(), "-e CCC_USER=agent".into()], from_here }
}

/// A console with `--local` whose queue was read and is empty.
fn local(server: Whose) -> Desk {
    let mut desk = Desk::new(120, 30);
    desk.take(Message::Local(Box::new(here(container(), server))));
    desk.queue(vec![], true);
    desk.asked.clear();
    desk
}

fn joined(offers: Option<&'static str>) -> Whose {
    let directory = Some(Visible::label("/home/ana/first"));
    Whose::Joined { process: Some(4711), directory, offers: offers.map(Visible::label) }
}

fn hook(title: &'static str, in_place: bool) -> Hook {
    let after = "{\n  \"hooks\": {}\n}\n".to_owned();
    let before = if in_place { after.clone() } else { String::new() };
    let settings = Visible::label("/home/ana/.claude/settings.json");
    Hook { agent: title.to_lowercase(), title: Visible::label(title), settings, before, after, in_place }
}

fn shows(desk: &Desk, words: &[&str]) {
    let screen = desk.screen();
    for word in words {
        assert!(screen.contains(word), "{word} in {screen}");
    }
}

#[test]
fn an_empty_queue_says_where_it_works_and_what_to_do_first() {
    let desk = local(Whose::Ours);
    shows(&desk, &["nothing waits", "/home/ana/project", "/home/ana/.config/ccc/config.toml", "server.log"]);
    shows(&desk, &["i  the hook", "c  how an agent's container", "d  two requests", "i hook", "d demo"]);
}

#[test]
fn elsewhere_it_offers_nothing_that_it_cannot_do() {
    let mut desk = Desk::new(120, 30);
    desk.queue(vec![], true);
    let screen = desk.screen();
    assert!(
        screen.contains("ccc-hook install") && !screen.contains("d demo") && !screen.contains("i hook"),
        "{screen}"
    );
    desk.keys("d");
    shows(&desk, &["not started with `--local`"]);
    assert!(desk.asked.is_empty(), "{:?}", desk.asked);
}

#[test]
fn what_agents_do_is_told_with_how_it_went_and_how_often() {
    let mut desk = local(Whose::Ours);
    let entry = |seq: u64, status: &str, command: &str| {
        json!({
            "seq": seq, "at": ccc_protocol::Timestamp::from_millis(NOON - 10_000), "kind": "submitted", "by": "agent",
            "about": "agent", "ticket": id(seq), "action": "use-tool", "status": status,
            "detail": { "params": { "tool": "Bash", "input": { "command": command } } },
        })
    };
    let entries = [
        entry(1, "released", "ls"),
        entry(2, "confined", "cargo test"),
        entry(3, "queued", "git push"),
        entry(4, "denied", "cat \u{1b}[2J/etc/shadow"),
        entry(5, "released", "pwd"),
    ];
    let entries = entries.into_iter().map(|entry| serde_json::from_value(entry).unwrap()).collect();
    desk.take(Message::News(News::Audit(Ok(AuditList { seq: 5, entries, next: None }))));
    shows(&desk, &["IN THE LAST 24h  2 passed  1 confined  1 asked  1 denied", "passed   agent  $ pwd"]);
    shows(&desk, &["confined agent  $ cargo test", "denied   agent  $ cat ␛[2J/etc/shadow"]);
}

#[test]
fn what_changes_is_shown_and_written_only_after_a_yes_that_settled() {
    let mut desk = local(Whose::Ours);
    let hooks = vec![hook("Claude", false), hook("Codex", true), hook("Qwen", false)];
    desk.take(Message::News(News::Here(HereNews::Hooks(Ok(hooks)))));
    shows(&desk, &["Claude (not yet), Codex (installed), Qwen (not yet)"]);
    desk.keys("i");
    shows(&desk, &["[x] Claude", "[ ] Codex", "in /home/ana/.claude/settings.json", "+  \"hooks\": {}"]);
    desk.keys("y");
    let installs = |desk: &Desk| desk.asked.iter().filter(|asked| matches!(asked, Command::InstallHooks(_))).count();
    assert_eq!(installs(&desk), 0, "a key that was typed ahead installs nothing");
    desk.wait(1000);
    desk.keys("j j space");
    desk.wait(1000);
    desk.keys("y");
    assert_eq!(desk.asked.last(), Some(&Command::InstallHooks(vec!["claude".into()])));
    desk.take(Message::News(News::Here(HereNews::Installed(Ok(vec!["claude: installed".into()])))));
    shows(&desk, &["claude: installed"]);
}

#[test]
fn settings_that_changed_under_the_question_are_looked_at_again() {
    let mut desk = local(Whose::Ours);
    desk.take(Message::News(News::Here(HereNews::Hooks(Ok(vec![hook("Claude", false)])))));
    desk.keys("i");
    desk.take(Message::News(News::Here(HereNews::Hooks(Ok(vec![hook("Claude", true)])))));
    desk.wait(1000);
    desk.keys("y");
    assert!(!desk.asked.iter().any(|asked| matches!(asked, Command::InstallHooks(_))), "{:?}", desk.asked);
    assert!(desk.model.dialog().is_none());
}

#[test]
fn a_demo_is_asked_for_and_nothing_else() {
    let mut desk = local(Whose::Ours);
    desk.keys("d");
    assert_eq!(desk.asked, [Command::Demo]);
    desk.waiting([1]);
    desk.keys("d");
    assert_eq!(desk.asked, [Command::Demo], "where something waits the key means nothing");
}

#[test]
fn the_containers_command_is_copied_whole_and_written_as_a_file() {
    let mut desk = local(Whose::Ours);
    desk.keys("c");
    shows(&desk, &["START THE AGENT'S CONTAINER WITH", "-v /home/ana/project:/workspace \\", "x copies"]);
    desk.keys("x w");
    assert_eq!(desk.asked, [Command::Copy(container().command()), Command::WriteContainer]);
    desk.take(Message::News(News::Here(HereNews::Written(Ok("/home/ana/c.sh".into())))));
    shows(&desk, &["run /home/ana/c.sh IMAGE"]);
}

#[test]
fn a_command_is_copied_as_it_was_seen_and_its_id_after_it() {
    let mut desk = Desk::new(120, 30);
    let input = json!({ "command": "ls \u{202e}x\nrm y" });
    let params = json!({ "tool": "Bash", "input": input, "cwd": "/w", "session": "s" });
    let made = plan(&["x"]);
    let ticket = ticket_with(1, "agent", "use-tool", &params, &made);
    desk.waits(preview(&ticket, &made));
    desk.keys("x");
    assert_eq!(desk.asked.last(), Some(&Command::Copy("ls ‹U+202E›x\nrm y".into())));
    shows(&desk, &["hidden characters written out"]);
    desk.keys("x");
    assert_eq!(desk.asked.last(), Some(&Command::Copy(id(1).to_string())));
    desk.keys("x");
    assert!(matches!(desk.asked.last(), Some(Command::Copy(text)) if text.starts_with("ls ")));
}

#[test]
fn leaving_says_what_stops_and_offers_to_let_the_server_run_on() {
    let mut desk = local(Whose::Ours);
    desk.waiting([1, 2, 3]);
    desk.keys("q");
    shows(&desk, &["3 requests wait", "agents with a hook are blocked", "q stops the server", "l lets it run on"]);
    assert!(desk.asked.is_empty(), "{:?}", desk.asked);
    desk.keys("esc");
    assert!(desk.model.dialog().is_none() && desk.asked.is_empty());
    desk.keys("q l");
    assert_eq!(desk.asked, [Command::QuitAlone]);
    desk.asked.clear();
    desk.keys("esc q q");
    assert_eq!(desk.asked, [Command::Quit]);
    desk.asked.clear();
    desk.keys("esc ctrl-c ctrl-c");
    assert_eq!(desk.asked, [Command::Quit], "ctrl-c asks and leaves as well");
}

#[test]
fn who_joined_a_server_leaves_at_once() {
    let mut desk = local(joined(None));
    shows(&desk, &["process 4711", "gives agents /home/ana/first"]);
    desk.keys("q");
    assert_eq!(desk.asked, [Command::Quit]);
}

#[test]
fn another_directory_is_offered_to_a_server_that_runs_and_added_after_a_yes() {
    let mut desk = local(joined(Some("/project")));
    shows(&desk, &["agents do not have it", "v  give agents this directory too, as /project"]);
    desk.keys("v");
    shows(&desk, &["\"/project\" = \"/home/ana/project\"", "every agent of this server"]);
    desk.keys("y");
    assert!(desk.asked.is_empty(), "typed ahead: {:?}", desk.asked);
    desk.wait(1000);
    desk.keys("y");
    assert_eq!(desk.asked, [Command::AddVolume]);
    desk.take(Message::News(News::Here(HereNews::VolumeAdded(Ok("/c.before".into())))));
    shows(&desk, &["added", "/c.before"]);
    desk.keys("v");
    shows(&desk, &["nothing to add"]);
}

#[test]
fn a_server_that_ended_is_told_with_how_and_when_it_comes_back() {
    let mut desk = local(Whose::Ours);
    let how = "signal: 9 (SIGKILL)".to_owned();
    desk.take(Message::News(News::Here(HereNews::ServerEnded { how, again_seconds: 2 })));
    shows(&desk, &["the server ended: signal: 9 (SIGKILL); it is started again in 2s"]);
    desk.take(Message::News(News::Here(HereNews::ServerBack)));
    shows(&desk, &["started again"]);
}

#[test]
fn what_ended_under_the_cursor_goes_with_esc_and_the_page_is_back() {
    let mut desk = local(Whose::Ours);
    desk.waiting([1]);
    let mut ended = ticket(1);
    ended.status = Status::Denied;
    desk.queue(vec![ended], false);
    assert!(!desk.screen().contains("nothing waits"), "{}", desk.screen());
    desk.keys("esc");
    shows(&desk, &["nothing waits"]);
}

#[test]
fn views_have_numbers_and_names_and_a_word_goes_on_by_itself() {
    let mut desk = Desk::new(120, 30);
    desk.waiting([1]);
    for (keys, view) in
        [("2", "[history]"), ("3", "[grants]"), ("4", "[policies]"), ("5", "[agents]"), ("1", "[queue]")]
    {
        desk.keys(keys);
        shows(&desk, &[view]);
    }
    desk.keys(":").types("grants").keys("enter");
    shows(&desk, &["[grants]"]);
    desk.keys(":").types("his").keys("tab enter");
    shows(&desk, &["[history]"]);
    desk.keys(":").types("scroll-").keys("tab");
    shows(&desk, &["scroll-down", "scroll-page-up"]);
    desk.keys("esc :").types("xyz").keys("tab");
    shows(&desk, &["no command begins so"]);
    desk.keys("esc :").types("q").keys("enter");
    assert_eq!(desk.asked, [Command::Quit]);
}

#[test]
fn completion_names_nothing_that_decides() {
    let mut desk = Desk::new(120, 30);
    desk.waiting([1]);
    for word in ["approve", "deny", "edit"] {
        desk.keys(":").types(word).keys("tab");
        shows(&desk, &["no command begins so"]);
        desk.keys("esc");
    }
}
