//! The proxy, the MCP server and the bridge are each killed at each point of a call's way. Whatever happens afterwards, the
//! server got no call that nobody allowed, and none twice: it writes each down, on the disk, before it does anything.

use std::fs;

use ccc_protocol::bodies::{Status, Ticket};
use ccc_tests::mcp::{Client, Scene, is_refused, trusting, waiting};
use rustix::process::{Pid, Signal, kill_process};

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The bridge has not read it yet.
    Unjudged,
    /// A person is asked.
    Asked,
    /// A person has approved it; the proxy does not know.
    Approved,
    /// The server has it and has not answered.
    AtWork,
    /// The server has answered; the proxy has not read it.
    Answered,
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Proxy,
    Server,
    Bridge,
}

/// The call that is under way.
const CALL: &str = "once";

/// A call at some point of its way, and what is stopped there so that it stays.
struct UnderWay {
    scene: Scene,
    client: Client,
    server: Pid,
    allowed: bool,
    stopped: Vec<Pid>,
}

impl UnderWay {
    fn to(point: Point) -> Self {
        let scene = trusting();
        let mut client = Client::new(&scene, "100");
        client.call("echo", "before");
        let server = client.server();
        fs::remove_file(scene.file("go")).unwrap();
        fs::remove_file(scene.file("answered")).unwrap();
        let mut call = Self { scene, client, server, allowed: false, stopped: vec![] };
        call.go_on_to(point);
        call
    }

    fn go_on_to(&mut self, point: Point) {
        if point == Point::Unjudged {
            let bridge = Pid::from_raw(i32::try_from(self.scene.pid()).unwrap()).unwrap();
            self.stop(bridge);
        }
        self.client.begin("write", CALL);
        if point == Point::Unjudged {
            return;
        }
        let ticket = waiting(&self.scene, "use-tool");
        match point {
            Point::Unjudged | Point::Asked => {}
            Point::Approved => {
                self.stop_proxy();
                self.allow(&ticket);
            }
            Point::AtWork => {
                self.allow(&ticket);
                self.scene.until("the call at the server", || self.made().then_some(()));
            }
            Point::Answered => {
                self.allow(&ticket);
                self.scene.until("the call at the server", || self.made().then_some(()));
                self.stop_proxy();
                self.let_the_server_answer();
                self.scene.until("an answer", || self.scene.file("answered").exists().then_some(()));
            }
        }
    }

    fn made(&self) -> bool {
        self.scene.calls().iter().any(|call| call == CALL)
    }

    fn allow(&mut self, ticket: &Ticket) {
        assert_eq!(self.scene.approve("user", ticket).ticket().status, Status::Approved);
        self.allowed = true;
    }

    fn stop_proxy(&mut self) {
        self.stop(Pid::from_child(&self.client.proxy));
    }

    fn stop(&mut self, process: Pid) {
        kill_process(process, Signal::STOP).unwrap();
        self.stopped.push(process);
    }

    fn let_the_server_answer(&self) {
        fs::write(self.scene.file("go"), "").unwrap();
    }

    fn kill(&mut self, victim: Victim) {
        let killed = match victim {
            Victim::Proxy => {
                self.client.proxy.kill().unwrap();
                let killed = Pid::from_child(&self.client.proxy);
                self.client.proxy.wait().unwrap();
                killed
            }
            Victim::Server => {
                kill_process(self.server, Signal::KILL).unwrap();
                self.server
            }
            Victim::Bridge => {
                let killed = Pid::from_raw(i32::try_from(self.scene.pid()).unwrap()).unwrap();
                self.scene.bridge.kill();
                killed
            }
        };
        for stopped in self.stopped.drain(..).filter(|stopped| *stopped != killed) {
            kill_process(stopped, Signal::CONT).unwrap();
        }
        if victim == Victim::Bridge {
            self.scene.bridge.start_again();
        }
    }

    /// Everybody goes on, and another proxy of the same session makes the very same call, and again.
    fn go_on(&mut self) {
        self.let_the_server_answer();
        let mut again = Client::new(&self.scene, "0");
        for _ in 0..2 {
            again.call("write", CALL);
        }
        assert!(is_refused(&again.call("write", CALL), "queued"), "what was allowed is used up");
        again.end();
    }
}

fn whoever_is_killed_at(point: Point) {
    for victim in [Victim::Proxy, Victim::Server, Victim::Bridge] {
        let mut call = UnderWay::to(point);
        let made_before = call.made();
        assert_eq!(made_before, matches!(point, Point::AtWork | Point::Answered));
        call.kill(victim);
        call.go_on();
        let calls = call.scene.calls();
        let made = calls.iter().filter(|made| *made == CALL).count();
        assert!(made <= usize::from(call.allowed), "{victim:?} killed at {point:?}: {calls:?}");
        assert!(made >= usize::from(made_before), "the record is kept");
    }
}

#[test]
fn whoever_is_killed_before_a_call_is_judged_nothing_passes() {
    whoever_is_killed_at(Point::Unjudged);
}

#[test]
fn whoever_is_killed_while_a_person_is_asked_nothing_passes() {
    whoever_is_killed_at(Point::Asked);
}

#[test]
fn whoever_is_killed_after_the_approval_the_call_passes_once_or_never() {
    whoever_is_killed_at(Point::Approved);
}

#[test]
fn whoever_is_killed_while_the_server_works_the_call_is_not_made_again() {
    whoever_is_killed_at(Point::AtWork);
}

#[test]
fn whoever_is_killed_with_the_answer_on_its_way_the_call_is_not_made_again() {
    whoever_is_killed_at(Point::Answered);
}
