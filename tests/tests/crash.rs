//! The server is killed at random moments under the load of several clients: every answered ticket is there afterwards, and
//! nothing happened twice.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::TcpListener,
    os::unix::net::UnixListener,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use ccc_protocol::{
    TicketId,
    bodies::{Approve, ProblemType, Status, Ticket},
};
use ccc_tests::{
    bridge::{Bridge, Site, client_at},
    dice::Dice,
    kills::{
        Answered, AtEnd, a_while, all_tickets, appending, ask_until_answered, compare, dice, effects, kills,
        log_verifies, settle,
    },
    wire::{Ask, now},
};
use serde_json::json;

/// An effect that is accepted and one that is asked.
fn site() -> Site {
    let site = Site::new().on_socket();
    let config = format!(
        "[limits]\nrequests_per_minute_max = 0\nqueued_per_user_max = 50000\nqueued_max = 100000\n[actions.append]\n{}\n[actions.append-asked]\n{}",
        appending(site.home(), "auto-accept", ""),
        appending(site.home(), "queue", "")
    );
    site.config(config)
}

/// How many submit at a time.
const CLIENTS: usize = 16;

/// Submits word after word until it is over: half of them for two users each, half of them to be asked for.
fn submitter(url: &str, client: usize, answered: &Answered, over: &AtomicBool) {
    let user = if client.is_multiple_of(2) { "agent" } else { "other" };
    let action = if client % 4 < 2 { "append" } else { "append-asked" };
    for count in 0.. {
        let word = format!("{client}-{count}");
        let Some(id) = ask_until_answered(url, user, action, &word, over) else { return };
        answered.lock().unwrap().insert(word, id);
    }
}

/// Approves whatever waits, every second ticket of it, until it is over.
fn approver(url: &str, over: &AtomicBool) {
    let client = client_at(url, "user");
    while !over.load(Ordering::Relaxed) {
        let waiting = client.queue(None).map(|queue| queue.tickets).unwrap_or_default();
        for ticket in waiting.iter().filter(|ticket| ticket.status == Status::Queued && ticket.seq % 2 == 0) {
            // Lost on the way, or decided before the crash that hid the answer: the books are compared at the end.
            let _ = client.approve(ticket.id, &Approve { digest: ticket.digest, note: None, grant: None, shown: None });
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether somebody holds the data directory of a server that was killed.
fn is_held(bridge: &Bridge) -> bool {
    File::open(bridge.site().home().join("data/lock")).unwrap().try_lock().is_err()
}

/// Kills and starts the server again while clients work, then lets them finish.
fn crash_often(bridge: &mut Bridge, kills: u32, dice: &mut Dice) -> BTreeMap<String, TicketId> {
    let (answered, over) = (Answered::default(), AtomicBool::new(false));
    let url = bridge.url().to_owned();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (url, answered, over) = (&url, &answered, &over);
            scope.spawn(move || submitter(url, client, answered, over));
        }
        scope.spawn(|| approver(&url, &over));
        let _end = AtEnd(&over);
        let mut held = 0;
        for _ in 0..kills {
            thread::sleep(a_while(dice, 400));
            bridge.kill();
            held += u32::from(is_held(bridge));
            bridge.start_again();
        }
        println!("{held} of {kills} killed servers left their lock to a child");
    });
    answered.into_inner().unwrap()
}

/// How often a word of a ticket that stands so may have happened.
fn may_have_happened(ticket: &Ticket) -> std::ops::RangeInclusive<usize> {
    match ticket.status {
        Status::Succeeded => 1..=1,
        Status::Lost => 0..=1,
        Status::Queued => 0..=0,
        other => panic!("{:?} is {other}: {:?}", ticket.params, ticket.reason),
    }
}

#[test]
fn killed_at_any_moment_it_loses_no_answered_ticket_and_repeats_no_effect() {
    let mut bridge = site().start();
    let answered = crash_often(&mut bridge, kills(15), &mut dice());
    compare(&answered, &settle(&bridge), &effects(&bridge), may_have_happened);
}

#[test]
fn the_audit_chain_verifies_after_crashes() {
    let mut bridge = site().start();
    crash_often(&mut bridge, 5, &mut dice());
    let _ended = settle(&bridge);
    assert!(bridge.stop().success());
    log_verifies(&bridge);
}

/// Between `fork` and `exec` a child holds what the server held. Nobody can be killed at that moment on purpose, so this test
/// holds it in the child's place.
#[test]
fn what_a_killed_server_was_starting_keeps_no_server_from_starting() {
    let mut bridge = Site::new().on_socket().start();
    bridge.kill();
    let socket = bridge.site().home().join("ccc.sock");
    fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let lock = File::open(bridge.site().home().join("data/lock")).unwrap();
    lock.try_lock().unwrap();

    bridge.begin_again(&[]);
    let _ = bridge.hear("the socket is still held");
    drop(listener);
    let _ = bridge.hear("the data directory is still held");
    drop(lock);
    let _ = bridge.hear("listening on ");
    assert_eq!(bridge.get("agent", "/queue").status, 200);
}

#[test]
fn a_port_that_is_let_go_of_is_listened_on() {
    let mut bridge = Site::new().start();
    bridge.kill();
    let held = TcpListener::bind(bridge.url().strip_prefix("http://").unwrap()).unwrap();
    let port = held.local_addr().unwrap().port().to_string();

    bridge.begin_again(&["--port", &port]);
    let _ = bridge.hear("the address is still held");
    drop(held);
    let _ = bridge.hear(&format!("listening on {}", bridge.url()));
}

#[test]
fn a_request_that_was_captured_before_a_crash_is_no_good_after_it() {
    let mut bridge = site().start();
    let changing = Ask::post("/action", &json!({ "action": "append-asked", "word": "once" }).to_string());
    // A read leaves no trace to know it by: whatever was signed before the start is signed again by its client.
    let reading = Ask { created: now() - 2, ..Ask::get("/queue") };
    assert_eq!(bridge.send(&changing).status, 202);
    bridge.kill();
    bridge.start_again();
    // Known by its nonce, or refused as older than the server.
    assert_eq!(bridge.send(&changing).status, 401);
    bridge.send(&reading).refused(401, ProblemType::Stale);
    assert_eq!(all_tickets(&bridge).len(), 1);
    assert_eq!(bridge.client("agent").queue(None).unwrap().tickets.len(), 1, "our client signs again by itself");
}
