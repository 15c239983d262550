//! What the twelve cases of docs/hosts/README.md ask of a real agent, beside those that `agents.rs` holds: allow, deny with a reason,
//! a slow approval, the bridge away, and the binary missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use ccc_hosts::host::Host;
use ccc_hosts::settings::place::{Places, Scope};
use serde_json::{Value, json};

use crate::agents::{Agent, COMMAND, Seen, agents, answered};
use crate::support::{Bridge, Home, TICKET, copied_to, run, script};

/// A bridge that answers the first tool call by the first of these, and so on, and every later one by the last.
fn in_turn(answers: &'static [(u16, &'static str)]) -> Bridge {
    let asked = Mutex::new(0);
    Bridge::start(move |_, received| {
        let mut asked = asked.lock().unwrap();
        let (http, status) = answers[(*asked).min(answers.len() - 1)];
        *asked += usize::from(received.body["action"] == "use-tool");
        answered(received, http, status, &json!({"decided_by": "ana", "reason": "not on a Friday"}))
    })
}

fn calls(bridge: &Bridge) -> Vec<Value> {
    bridge.actions().into_iter().filter(|action| action["action"] == "use-tool").collect()
}

impl Agent {
    /// Installed so, from a program in the home directory, which is removed or replaced there.
    fn installed_there(&self, url: &str, more: &[&str]) -> Home {
        let home = Self::home(url);
        self.install_into(&home, url, more);
        home
    }

    fn install_into(&self, home: &Home, url: &str, more: &[&str]) {
        let program = home.path().join("ccc-hook");
        copied_to(&program);
        let secrets = home.secrets();
        let mut command = home.command(&program);
        command.args(["install", "--agent", self.host.name(), "--secrets", secrets.to_str().unwrap(), "--url", url]);
        let output = run(command.args(more).env("PATH", self.path()), b"");
        assert!(output.status.success(), "{output:?}");
    }

    fn asks_twice(&self, home: &Home) -> Seen {
        self.run_asking(home, "do it", &[COMMAND, COMMAND])
    }
}

#[test]
fn a_persons_denial_while_real_agents_wait_reaches_their_model() {
    for agent in agents() {
        let bridge = in_turn(&[(202, "queued"), (202, "queued"), (403, "denied")]);
        let home = agent.installed_there(&bridge.url, &[]);
        let seen = agent.run_once(&home);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        assert!(seen.told_to_model.contains("denied by ana: not on a Friday"), "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_try_again_after_the_approval_and_the_same_call_runs() {
    for agent in agents() {
        let bridge = in_turn(&[(202, "queued"), (200, "released")]);
        let home = agent.installed_there(&bridge.url, &["--hold", "0"]);
        let seen = agent.asks_twice(&home);
        assert!(seen.told_to_model.contains(&format!("ccc-queue approve {TICKET}")), "{}: {seen:?}", agent.host);
        assert!(seen.ran, "{}: {seen:?}", agent.host);
        let calls = calls(&bridge);
        assert!(calls.len() == 2 && calls[0] == calls[1], "{}: the very same call: {calls:?}", agent.host);
    }
}

#[test]
fn real_agents_that_try_again_too_early_are_told_the_same_ticket() {
    for agent in agents() {
        let bridge = in_turn(&[(202, "queued")]);
        let home = agent.installed_there(&bridge.url, &["--hold", "0"]);
        let seen = agent.asks_twice(&home);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        let calls = calls(&bridge);
        assert!(calls.len() == 2 && calls[0] == calls[1], "{}: {calls:?}", agent.host);
        // The second request to the model repeats the first answer, the third has both.
        let told = seen.told_to_model.matches(&format!("ccc-queue approve {TICKET}")).count();
        assert!(told >= 3, "{}: {told}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_run_nothing_with_a_bad_config() {
    // Each fault with every host is in `answers.rs`: here one after the other, an agent each.
    let faults = [("{", 0o600), ("{}", 0o600), ("", 0o644)];
    for (agent, (text, mode)) in agents().into_iter().zip(faults.into_iter().cycle()) {
        let bridge = in_turn(&[(200, "released")]);
        let home = agent.installed_there(&bridge.url, &[]);
        let config = home.path().join(format!(".config/ccc/hook/{}.json", agent.host));
        if !text.is_empty() {
            fs::write(&config, text).unwrap();
        }
        fs::set_permissions(&config, fs::Permissions::from_mode(mode)).unwrap();
        let seen = agent.run_once(&home);
        assert!(!seen.ran, "{} {text:?} {mode:o}: {seen:?}", agent.host);
        assert!(calls(&bridge).is_empty(), "{}", agent.host);
    }
}

#[test]
fn real_agents_run_nothing_when_the_hook_is_killed_and_everything_once_it_is_there_again() {
    for agent in agents() {
        let bridge = in_turn(&[(200, "released")]);
        let home = agent.installed_there(&bridge.url, &[]);
        let program = home.path().join("ccc-hook");
        fs::remove_file(&program).unwrap();
        script(&program, "kill -KILL $$");
        let seen = agent.run_once(&home);
        assert!(!seen.ran, "{}: killed: {seen:?}", agent.host);
        fs::remove_file(&program).unwrap();
        copied_to(&program);
        let seen = agent.run_once(&home);
        assert!(seen.ran, "{}: again: {seen:?}", agent.host);
    }
}

/// Settings of a person's own, with what the test needs to run the agent.
fn own(host: Host) -> Option<&'static str> {
    match host {
        Host::Gemini => Some("{\n  \"security\": {\"auth\": {\"selectedType\": \"gemini-api-key\"}}\n}\n"),
        Host::Claude | Host::Qwen => Some("{ }\r\n"),
        Host::Kimi => Some("# mine\n"),
        _ => None,
    }
}

#[test]
fn after_real_agents_ran_the_uninstall_leaves_what_was_there_to_the_byte() {
    for agent in agents() {
        let bridge = in_turn(&[(200, "released")]);
        let home = Agent::home(&bridge.url);
        let settings = settings(&home, agent.host);
        if let Some(own) = own(agent.host) {
            fs::create_dir_all(settings.parent().unwrap()).unwrap();
            fs::write(&settings, own).unwrap();
        }
        agent.install_into(&home, &bridge.url, &[]);
        let installed = fs::read_to_string(&settings).unwrap();
        let seen = agent.run_once(&home);
        assert!(seen.ran, "{}: {seen:?}", agent.host);
        // What was put before ours meanwhile stays: Kimi's provider, for this run.
        let ran = fs::read_to_string(&settings).unwrap();
        let (done, words) = agent.hook_says(&home, &["uninstall"]);
        assert!(done, "{words}");
        let left = fs::read_to_string(&settings).ok();
        if agent.host == Host::Qwen {
            // It writes its settings in a form of its own when it starts.
            assert!(!ran.contains(&installed), "{ran}");
            let mut expected: Value = serde_json::from_str(&ran).unwrap();
            expected.as_object_mut().unwrap().remove("hooks");
            assert_eq!(serde_json::from_str::<Value>(&left.unwrap()).unwrap(), expected);
        } else {
            assert!(ran.contains(&installed), "{}: {ran}", agent.host);
            let expected = own(agent.host).map(|own| ran.replace(&installed, own));
            assert_eq!(left, expected, "{}", agent.host);
        }
        let left_of_ours = home.path().join(".config/ccc/hook").join(format!("{}.json", agent.host));
        assert!(!left_of_ours.exists(), "{}", agent.host);
    }
}

fn settings(home: &Home, host: Host) -> std::path::PathBuf {
    let at = |name: &str| Path::new(home.path()).join(name);
    let places = Places { home: home.path().to_owned(), project: at("project"), ours: at("ours"), moved: Vec::new() };
    places.settings(host, Scope::User).unwrap()
}
