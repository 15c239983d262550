//! A panic anywhere in the work ends the process in the asking host's blocking form.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::env;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ccc_hook::last_resort::LastResort;
use ccc_hook::voice::Voice;
use ccc_hosts::answer::{Answer, Reason};
use ccc_hosts::host::Host;
use ccc_hosts::translate;

/// Tells the story below whom it panics for: the host, whether the event is known, and the thread.
const STORY: &str = "CCC_HOOK_TEST_PANIC";

/// Runs the story in a process of its own, which it ends.
fn panicking(host: Host, event: &str, thread: &str) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "panics_as_told", "--ignored", "--nocapture", "--test-threads=1"])
        .env(STORY, format!("{host} {event} {thread}"))
        .output()
        .unwrap()
}

#[test]
#[ignore = "ends its process: the tests of this file run it in one of its own"]
fn panics_as_told() {
    let story = env::var(STORY).unwrap();
    let [host, event, thread] = story.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let host = Host::ALL.into_iter().find(|one| one.to_string() == host).unwrap();
    let deadline = Instant::now() + Duration::from_secs(600);
    let resort = LastResort::arm(host, None, deadline, Voice::of_process()).unwrap();
    if event == "known" {
        resort.aim(host.profile().gate);
    }
    match thread {
        "main" => panic!("boom"),
        "other" => thread::spawn(|| panic!("boom")).join().unwrap(),
        _ => thread::scope(|scope| {
            let (busy, is_busy) = mpsc::channel();
            let resort = &resort;
            scope.spawn(move || {
                resort.aim(host.profile().gate);
                busy.send(()).unwrap();
                loop {
                    resort.aim(host.profile().gate);
                }
            });
            is_busy.recv().unwrap();
            panic!("boom")
        }),
    }
}

#[test]
fn a_panic_denies_in_the_hosts_own_form() {
    for (host, thread) in Host::ALL.into_iter().flat_map(|host| ["main", "other", "busy"].map(|thread| (host, thread)))
    {
        let output = panicking(host, "known", thread);
        let denial = Answer::Deny(Reason::new("ccc-hook failed inside; please report it"));
        let answer = translate::reply(host, host.profile().gate, &denial);
        assert_eq!(output.status.code(), Some(i32::from(answer.status)), "{host} {thread}");
        assert!(output.stdout.ends_with(&answer.stdout), "{host} {thread}: {output:?}");
        assert!(!answer.stdout.is_empty() || answer.status == 2, "{host}");
        assert_eq!(output.stderr, answer.stderr, "{host} {thread}");
    }
}

#[test]
fn a_panic_before_the_event_is_known_blocks_by_status() {
    for host in Host::ALL {
        let output = panicking(host, "unknown", "main");
        assert_eq!(output.status.code(), Some(2), "{host}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("ccc-hook failed inside"), "{host}");
    }
}
