//! The real agents, where they are installed: `CCC_AGENTS_BIN` names the
//! directory with their programs (`npm install` in `tests/agents` makes one). They
//! talk to a model of the test's own that asks for one shell command, with the
//! hook installed by `ccc-hook install`.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ccc_hook::prove::Model;
use ccc_hosts::host::Host;
use serde_json::{Value, json};

use crate::support::{Bridge, Home, Reply, actions, copied_to, run, ticket};

/// How long an agent may take over one run, in seconds.
const RUN_SECONDS_MAX: u64 = 120;

/// What the model asks for, and where it shows that it ran.
pub(crate) const COMMAND: &str = "echo hello > ran.txt";

const AGENTS: [Host; 7] =
    [Host::Claude, Host::Codex, Host::Gemini, Host::Copilot, Host::Kimi, Host::OpenCode, Host::Qwen];

#[test]
fn real_agents_run_what_is_released() {
    for agent in agents() {
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let seen = agent.asks_for_a_command(&bridge);
        assert!(seen.ran, "{}: {seen:?}", agent.host);
        let actions = bridge.actions();
        let call = actions.iter().find(|action| action["action"] == "use-tool").unwrap();
        assert_eq!((&call["tool"], &call["input"]["command"]), (&json!("Bash"), &json!(COMMAND)), "{}", agent.host);
        let tells_sessions = ![Host::OpenCode, Host::Qwen].contains(&agent.host);
        for event in tells_sessions.then_some("session-start").into_iter().chain(["prompt", "post-tool"]) {
            assert!(actions.iter().any(|action| action["event"] == event), "{}: {event}", agent.host);
        }
    }
}

#[test]
fn real_agents_do_not_run_what_is_denied_and_their_model_learns_why() {
    for agent in agents() {
        let by_person = json!({"decided_by": "ana", "reason": "not on a Friday"});
        let bridge = Bridge::start(move |_, received| answered(received, 403, "denied", &by_person));
        let seen = agent.asks_for_a_command(&bridge);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        assert!(seen.told_to_model.contains("not on a Friday"), "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_wait_for_a_person() {
    for agent in agents() {
        let asked = Arc::new(Mutex::new(0));
        let bridge = Bridge::start(move |_, received| {
            if received.body["action"] != "use-tool" {
                return answered(received, 200, "succeeded", &json!({}));
            }
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            let status = if *asked < 3 { (202, "queued") } else { (200, "released") };
            answered(received, status.0, status.1, &json!({}))
        });
        let seen = agent.asks_for_a_command(&bridge);
        assert!(seen.ran, "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_run_nothing_while_the_bridge_is_dead() {
    for agent in agents() {
        let seen = agent.asks_for_a_command_of_nobody();
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
    }
}

#[test]
fn real_agents_run_nothing_when_the_bridge_dies_at_the_call() {
    for agent in agents() {
        let bridge = Bridge::start(|_, received| match received.body["action"].as_str() {
            Some("use-tool") => Reply::Unsigned(503, json!({})),
            _ => answered(received, 200, "succeeded", &json!({})),
        });
        let seen = agent.asks_for_a_command(&bridge);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        assert!(seen.told_to_model.contains("refused, unverified"), "{}: {seen:?}", agent.host);
    }
}

#[test]
fn the_commands_of_claudes_skills_run_when_they_are_released_and_not_when_they_are_denied() {
    for agent in agents().into_iter().filter(|agent| agent.host == Host::Claude) {
        for (http, status) in [(200, "released"), (403, "denied")] {
            let bridge = Bridge::start(move |_, received| answered(received, http, status, &json!({})));
            let home = agent.installed(&bridge.url);
            allow_the_shell(&home);
            let project = home.path().join("project");
            fs::create_dir_all(project.join(".claude/skills/demo")).unwrap();
            let skill = "---\nname: demo\ndescription: demo\n---\nLook: !`echo skill > skill.txt`\n";
            fs::write(project.join(".claude/skills/demo/SKILL.md"), skill).unwrap();
            let seen = agent.run(&home, "/demo");
            assert_eq!(project.join("skill.txt").exists(), status == "released", "{seen:?}");
            let asked = bridge.actions().iter().any(|action| action["input"]["command"] == "echo skill > skill.txt");
            assert!(asked, "the bridge was asked about the skill's command: {:?}", bridge.actions());
        }
    }
}

/// Seen with 2.1.332: what the hook answers takes the place of what the tool gave back, for the host's own tools too.
#[test]
fn claudes_model_is_shown_masks_and_no_secrets() {
    for agent in agents().into_iter().filter(|agent| agent.host == Host::Claude) {
        let masks = json!({"secrets": [{"part": 0, "from": 4, "to": 14, "name": "GitHub token"}]});
        let bridge = Bridge::masking(masks, |_, received| answered(received, 200, "released", &json!({})));
        let home = agent.installed(&bridge.url);
        // Written so that the command itself does not hold what it prints.
        let seen = agent.run_asking(&home, "do it", &[r"printf 'KEY=\141\142cdefghij!'"]);
        assert!(bridge.handed_over().iter().any(|handed| handed["parts"][0] == "KEY=abcdefghij!"), "{seen:?}");
        assert!(seen.told_to_model.contains("KEY=[masked: GitHub token]!"), "{seen:?}");
        assert!(!seen.told_to_model.contains("abcdefghij"), "{seen:?}");
    }
}

/// Codex' patch in the form that its shell takes, which it applies itself.
const SHELL_PATCH: &str = "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: ran.txt\n+hello\n*** End Patch\nEOF";

#[test]
fn a_patch_that_codex_is_given_by_its_shell_is_asked_about() {
    for agent in agents().into_iter().filter(|agent| agent.host == Host::Codex) {
        for (http, status) in [(200, "released"), (403, "denied")] {
            let bridge = Bridge::start(move |_, received| answered(received, http, status, &json!({})));
            let home = agent.installed(&bridge.url);
            let seen = agent.run_asking(&home, "do it", &[SHELL_PATCH]);
            assert_eq!(seen.ran, status == "released", "{seen:?}");
            let actions = bridge.actions();
            let calls: Vec<_> = actions.iter().filter(|action| action["action"] == "use-tool").collect();
            let [call] = calls[..] else { panic!("{actions:?}") };
            assert_eq!((&call["tool"], &call["native"]), (&json!("Edit"), &json!("Bash")));
            assert_eq!(call["can"], Value::Null, "no other program could apply it");
        }
    }
}

#[test]
fn doctor_finds_in_the_real_agents_log_what_no_hook_saw() {
    for agent in agents().into_iter().filter(|agent| agent.host.profile().log.is_some()) {
        for (off, told) in [("", "log: 1 calls"), ("[features]\nhooks = false\n\n", "open: no hook saw 1 of 1 calls")] {
            let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
            let home = agent.installed(&bridge.url);
            let config = home.path().join(".codex/config.toml");
            fs::write(&config, format!("{off}{}", fs::read_to_string(&config).unwrap())).unwrap();
            let seen = agent.run_once(&home);
            assert!(seen.ran, "{}: {seen:?}", agent.host);
            let (_, words) = agent.hook_says(&home, &["doctor"]);
            assert!(words.contains(told), "{}: {words}", agent.host);
        }
    }
}

/// The host's own check of a skill's commands comes first; what it lets through is what the hook is asked about.
fn allow_the_shell(home: &Home) {
    let path = home.path().join(".claude/settings.json");
    let mut settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    settings["permissions"] = json!({"allow": ["Bash", "Edit", "Write"]});
    fs::write(path, settings.to_string()).unwrap();
}

#[test]
fn real_agents_run_nothing_when_the_hook_is_gone() {
    for agent in agents() {
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let home = agent.installed(&bridge.url);
        let program = home.path().join("ccc-hook");
        copied_to(&program);
        let secrets = home.secrets();
        let arguments = ["install", "--agent", agent.host.name(), "--secrets", secrets.to_str().unwrap()];
        let output = run(home.command(&program).args(arguments).env("PATH", agent.path()), b"");
        assert!(output.status.success(), "{output:?}");
        fs::remove_file(&program).unwrap();
        let seen = agent.run_once(&home);
        assert!(!seen.ran, "{}: {seen:?}", agent.host);
        // Some hosts do not even take the prompt when its recording hook is gone.
        let blocked = seen.told_to_model.contains("call blocked") || seen.told_to_model.is_empty();
        assert!(blocked, "{}: {seen:?}", agent.host);
    }
}

#[test]
fn prove_sees_that_real_agents_obey_the_installed_hook() {
    for agent in agents() {
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let home = agent.installed(&bridge.url);
        let words = agent.hook_says(&home, &["doctor", "--prove", "--yes"]);
        assert!(words.0 && words.1.contains("PROVEN"), "{}: {words:?}", agent.host);
        let words = agent.hook_says(&home, &["doctor"]);
        assert!(words.0 && words.1.contains("which is yours"), "{}: {words:?}", agent.host);
        let asked = bridge.actions().iter().filter(|action| action["action"] == "use-tool").count();
        assert_eq!(asked, 0, "{}: nobody is asked about a canary", agent.host);
    }
}

/// Settings with which a host passes over an installed hook, or not.
struct State {
    host: Host,
    scope: &'static str,
    file: &'static str,
    /// What becomes of the file; `PROJECT` in it stands for the project's directory.
    change: fn(&str) -> String,
    blind: bool,
}

const fn state(host: Host, scope: &'static str, file: &'static str, change: fn(&str) -> String, blind: bool) -> State {
    State { host, scope, file, change, blind }
}

#[rustfmt::skip]
const STATES: [State; 19] = [
    state(Host::Kimi, "--user", ".kimi-code/config.toml", |text| format!("{text}\n[[hooks]]\nevent = \"Stop\"\ncommand = \"true\"\nfoo = 1\n"), true),
    state(Host::Kimi, "--user", ".kimi-code/config.toml", |text| format!("{text}\n[[hooks]]\nevent = \"Stop\"\ncommand = \"true\"\n"), false),
    state(Host::Gemini, "--project", ".gemini/trustedFolders.json", |_| "{}".to_owned(), true),
    state(Host::Gemini, "--project", ".gemini/trustedFolders.json", |_| r#"{"PROJECT": "TRUST_FOLDER"}"#.to_owned(), false),
    state(Host::Copilot, "--project", ".copilot/config.json", |_| "{}".to_owned(), true),
    state(Host::Copilot, "--project", ".copilot/config.json", |_| r#"{"trustedFolders": ["PROJECT"]}"#.to_owned(), false),
    state(Host::Copilot, "--user", ".copilot/hooks/ccc-hook.json", |text| text.replacen('{', "{\"disableAllHooks\": true,", 1), true),
    state(Host::Copilot, "--user", ".copilot/settings.json", |_| r#"{"disableAllHooks": true}"#.to_owned(), false),
    state(Host::Claude, "--user", ".claude/settings.json", |text| text.replacen('{', "{\"cleanupPeriodDays\": \"abc\",", 1), true),
    state(Host::Claude, "--user", ".claude/settings.json", |text| text.replacen('{', "{\"cleanupPeriodDays\": 30,", 1), false),
    state(Host::Claude, "--user", ".claude/settings.json", |text| text.replacen('{', "{\"disableAllHooks\": true,", 1), true),
    state(Host::Codex, "--user", ".codex/config.toml", |text| format!("[features]\nhooks = false\n\n{text}"), true),
    state(Host::Qwen, "--user", ".qwen/settings.json", |text| text.replacen('{', "{\"disableAllHooks\": true,", 1), true),
    state(Host::Qwen, "--project", ".qwen/settings.json", |_| r#"{"security": {"folderTrust": {"enabled": true}}}"#.to_owned(), false),
    state(Host::Qwen, "--project", ".qwen/settings.json", |_| r#"{"security": {"folderTrust": {"enabled": false}}}"#.to_owned(), false),
    state(Host::OpenCode, "--project", ".config/opencode/opencode.json", |_| "{}".to_owned(), false),
    state(Host::Codex, "--user", ".codex/config.toml", |text| format!("[features]\nhooks = true\n\n{text}"), false),
    state(Host::Claude, "--user", ".claude/settings.json", |text| format!("\u{feff}{text}"), false),
    state(Host::Kimi, "--user", ".kimi-code/config.toml", |text| format!("\u{feff}{text}"), false),
];

#[test]
fn doctor_says_of_a_hook_what_the_real_agent_makes_of_it() {
    let agents = agents();
    for (at, state) in STATES.iter().enumerate() {
        let Some(agent) = agents.iter().find(|agent| agent.host == state.host) else { continue };
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let home = agent.installed_for(&bridge.url, state.scope);
        let file = home.path().join(state.file);
        let changed = (state.change)(&fs::read_to_string(&file).unwrap_or_default());
        let project = home.path().join("project").canonicalize().unwrap();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, changed.replace("PROJECT", project.to_str().unwrap())).unwrap();
        let (proven, seen) = agent.hook_says(&home, &["doctor", "--prove", "--yes"]);
        assert_eq!((proven, seen.contains("NOT BLOCKED")), (!state.blind, state.blind), "{at} {}: {seen}", agent.host);
        let (sees, told) = agent.hook_says(&home, &["doctor"]);
        assert_eq!((sees, told.contains("BLIND")), (!state.blind, state.blind), "{at} {}: {told}", agent.host);
    }
}

/// A launcher that writes down what it was handed and runs it nowhere.
const LAUNCHER: &str = r#"#!/bin/sh
case $1 in
probe) echo '{"level":"full","full":null,"files":null,"lacks":[]}' ;;
call) mv "$HOME/.local/state/ccc/calls/$2" handed.txt && echo launched ;;
esac
"#;

/// The agents that can be told to run another line.
fn rewriting_agents() -> impl Iterator<Item = Agent> {
    agents().into_iter().filter(|agent| agent.host.profile().rewrite.is_some())
}

impl Agent {
    /// Installed beside a launcher that runs nothing, with one more file of the person's settings.
    fn installed_with_launcher(&self, url: &str, more: Option<(&str, &str)>) -> Home {
        let directory = tempfile::tempdir().unwrap();
        let launcher = directory.path().join("ccc-confine");
        fs::write(&launcher, LAUNCHER).unwrap();
        self.installed_with(url, &launcher, more)
    }

    fn installed_with(&self, url: &str, launcher: &std::path::Path, more: Option<(&str, &str)>) -> Home {
        let home = Home::new(url, 60);
        let program = home.path().join("ccc-hook");
        copied_to(&program);
        fs::copy(launcher, home.path().join("ccc-confine")).unwrap();
        fs::set_permissions(home.path().join("ccc-confine"), fs::Permissions::from_mode(0o755)).unwrap();
        if let Some((name, text)) = more {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let secrets = home.secrets();
        let arguments = ["install", "--agent", self.host.name(), "--secrets", secrets.to_str().unwrap(), "--url", url];
        let output = run(home.command(&program).args(arguments).env("PATH", self.path()), b"");
        assert!(output.status.success(), "{output:?}");
        home
    }
}

/// A bridge that has a call confined where it is told that it can be, and releases it else.
fn confining() -> Bridge {
    Bridge::start(|_, received| {
        let can = received.body["can"] == json!(["confine"]);
        answered(received, 200, if can { "confined" } else { "released" }, &json!({}))
    })
}

#[test]
fn real_agents_run_what_is_confined_as_the_launchers_line() {
    for agent in rewriting_agents() {
        let bridge = confining();
        let home = agent.installed_with_launcher(&bridge.url, None);
        let seen = agent.run_once(&home);
        assert!(!seen.ran, "{}: its own line ran: {seen:?}", agent.host);
        let handed = String::from_utf8(fs::read(home.path().join("project/handed.txt")).unwrap()).unwrap();
        assert!(handed.contains(&format!("\0command={COMMAND}\0")), "{}: {handed:?}", agent.host);
        assert!(seen.told_to_model.contains("launched"), "{}: {seen:?}", agent.host);
        let after = bridge.actions().into_iter().find(|action| action["event"] == "post-tool").unwrap();
        assert_eq!(
            after["detail"]["confined"],
            Value::Null,
            "{}: what ran is what was handed out: {after}",
            agent.host
        );
    }
}

#[test]
fn copilots_project_hooks_beneath_the_root_of_a_repository_are_blind() {
    let Some(agent) = agents().into_iter().find(|agent| agent.host == Host::Copilot) else { return };
    let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
    let home = agent.installed_for(&bridge.url, "--project");
    let trusted = json!({"trustedFolders": [home.path().canonicalize().unwrap()]}).to_string();
    fs::create_dir_all(home.path().join(".copilot")).unwrap();
    fs::write(home.path().join(".copilot/config.json"), trusted).unwrap();
    let git = home.path().join("project/.git");
    fs::rename(git, home.path().join(".git")).unwrap();
    let (proven, seen) = agent.hook_says(&home, &["doctor", "--prove", "--yes"]);
    assert!(!proven && seen.contains("NOT BLOCKED"), "{seen}");
    let (sees, told) = agent.hook_says(&home, &["doctor"]);
    assert!(!sees && told.contains("reads the hooks of a project in"), "{told}");
}

/// Lines of a working day in one, and what none may do.
const DAY: &str = "make && python3 -c 'print(6*7)' && ./run.sh; frobnicate --all; cat ~/secret.txt; echo x >../outside.txt; mkdir .git/hooks; true";

#[test]
fn real_agents_work_in_their_project_and_reach_nothing_else() {
    let Some(launcher) = real_launcher() else { return };
    for agent in rewriting_agents() {
        let bridge = confining();
        let home = agent.installed_with(&bridge.url, &launcher, None);
        fs::write(home.path().join("secret.txt"), "the person's own words").unwrap();
        let project = home.path().join("project");
        fs::create_dir_all(project.join(".git")).unwrap();
        fs::write(project.join("Makefile"), "all:\n\techo made >made.txt\n").unwrap();
        fs::write(project.join("run.sh"), "#!/bin/sh\necho a script of the project\n").unwrap();
        fs::set_permissions(project.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        let seen = agent.run_asking(&home, "do it", &[DAY]);
        assert!(project.join("made.txt").exists(), "{}: {seen:?}", agent.host);
        for told in ["42", "a script of the project", "ran confined"] {
            assert!(seen.told_to_model.contains(told), "{} {told}: {seen:?}", agent.host);
        }
        assert!(!seen.told_to_model.contains("the person's own words"), "{}: {seen:?}", agent.host);
        assert!(!home.path().join("outside.txt").exists() && !project.join(".git/hooks").exists(), "{}", agent.host);
        let after = bridge.actions().into_iter().find(|action| action["event"] == "post-tool").unwrap();
        assert!(after["detail"]["confined"].as_str().unwrap().contains("kept from"), "{}: {after}", agent.host);
    }
}

/// The launcher that lies beside the hook, where it is built and has level `full`.
fn real_launcher() -> Option<PathBuf> {
    let launcher = PathBuf::from(env!("CARGO_BIN_EXE_ccc-hook")).with_file_name("ccc-confine");
    let probed = Command::new(&launcher).arg("probe").output().ok()?;
    let is_full = String::from_utf8_lossy(&probed.stdout).contains(r#""level":"full""#);
    if !is_full {
        eprintln!("NOT RUN: level full cannot be had here: {probed:?}");
    }
    is_full.then_some(launcher)
}

/// Rules and hooks of the person's own, in files beside ours.
#[rustfmt::skip]
const OWN: [(Host, &str, &str); 8] = [
    (Host::Claude, ".claude/settings.json", r#"{"permissions": {"deny": ["Bash(git push:*)"]}}"#),
    (Host::Claude, ".claude/settings.json", r#"{"permissions": {"ask": ["Bash(rm:*)"]}}"#),
    (Host::Codex, ".codex/rules/mine.rules", "prefix_rule(pattern=[\"git\", \"push\"], decision=\"forbidden\")\n"),
    (Host::Codex, ".codex/hooks.json", r#"{"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [{"type": "command", "command": "true"}]}]}}"#),
    (Host::Gemini, ".gemini/policies/mine.toml", "[[rule]]\ntoolName = \"run_shell_command\"\ncommandPrefix = \"git push\"\ndecision = \"deny\"\npriority = 900\n"),
    (Host::Gemini, ".gemini/settings.json", r#"{"tools": {"exclude": ["run_shell_command(git push)"]}}"#),
    (Host::Copilot, ".copilot/hooks/mine.json", r#"{"version": 1, "hooks": {"preToolUse": [{"type": "command", "bash": "true"}]}}"#),
    (Host::Copilot, ".copilot/settings.json", r#"{"sandbox": {"enabled": false}, "deniedUrls": ["http://x.example"]}"#),
];

#[test]
fn real_agents_with_rules_of_their_persons_run_no_other_line() {
    for agent in rewriting_agents() {
        for (_, file, text) in OWN.into_iter().filter(|(host, ..)| *host == agent.host) {
            let bridge = confining();
            let home = agent.installed_with_launcher(&bridge.url, Some((file, text)));
            let seen = agent.run_once(&home);
            let handed = home.path().join("project/handed.txt").exists();
            assert!(seen.ran && !handed, "{} {file}: {seen:?}", agent.host);
        }
    }
}

/// The answer to whatever the hook asks: events are recorded, and a tool call
/// ends as told.
pub(crate) fn answered(received: &crate::support::Received, http: u16, status: &str, differing: &Value) -> Reply {
    match received.body["action"].as_str() {
        None => Reply::Signed(200, actions()),
        Some("use-tool") if http == 403 => Reply::Signed(
            403,
            json!({"type": "urn:ccc:denied", "title": "denied", "status": 403, "detail": "denied", "instance": "r1",
                   "ticket": ticket(status, differing)}),
        ),
        Some("use-tool") => Reply::Signed(http, ticket(status, differing)),
        Some(_) => Reply::Signed(200, ticket("succeeded", &json!({"action": "record-event"}))),
    }
}

/// A program that is installed here.
pub(crate) struct Agent {
    pub(crate) host: Host,
    bin: PathBuf,
}

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) ran: bool,
    /// All that the model was sent.
    pub(crate) told_to_model: String,
    #[expect(dead_code, reason = "read by a person when a test fails")]
    output: Output,
}

pub(crate) fn agents() -> Vec<Agent> {
    let Some(bin) = std::env::var_os("CCC_AGENTS_BIN").map(PathBuf::from) else {
        eprintln!("no real agents: CCC_AGENTS_BIN names no directory with them");
        return Vec::new();
    };
    AGENTS
        .into_iter()
        .filter(|host| bin.join(host.program()).exists())
        .map(|host| Agent { host, bin: bin.clone() })
        .collect()
}

impl Agent {
    fn asks_for_a_command(&self, bridge: &Bridge) -> Seen {
        let home = self.installed(&bridge.url);
        self.run_once(&home)
    }

    /// Installed while there was a bridge, started when there is none.
    fn asks_for_a_command_of_nobody(&self) -> Seen {
        let bridge = Bridge::start(|_, received| answered(received, 200, "released", &json!({})));
        let home = self.installed(&bridge.url);
        let config = home.path().join(format!(".config/ccc/hook/{}.json", self.host));
        let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let away = fs::read_to_string(&config).unwrap().replace(&bridge.url, &format!("http://127.0.0.1:{unused}"));
        fs::write(&config, away).unwrap();
        self.run_once(&home)
    }

    fn installed(&self, url: &str) -> Home {
        self.installed_for(url, "--user")
    }

    /// A home with a project that is a repository of its own: some agents look for their project's root above them.
    pub(crate) fn home(url: &str) -> Home {
        let home = Home::new(url, 60);
        let git = home.path().join("project/.git");
        ["objects", "refs"].iter().for_each(|name| fs::create_dir_all(git.join(name)).unwrap());
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        home
    }

    /// `scope` as on the command line; the project is `project` in the home directory.
    fn installed_for(&self, url: &str, scope: &str) -> Home {
        let home = Self::home(url);
        let secrets = home.secrets();
        let (installed, words) =
            self.hook_says(&home, &["install", scope, "--secrets", secrets.to_str().unwrap(), "--url", url]);
        assert!(installed, "{words}");
        home
    }

    /// What a command of the hook about this agent says, in the project, and whether it did what it should.
    pub(crate) fn hook_says(&self, home: &Home, arguments: &[&str]) -> (bool, String) {
        let mut command = home.binary();
        command.args(arguments).args(["--agent", self.host.name()]);
        command.env("PATH", self.path()).current_dir(home.path().join("project"));
        let output = run(&mut command, b"");
        let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.success(), words)
    }

    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin.display())
    }

    pub(crate) fn run_once(&self, home: &Home) -> Seen {
        self.run(home, "do it")
    }

    fn run(&self, home: &Home, prompt: &str) -> Seen {
        self.run_asking(home, prompt, &[COMMAND])
    }

    /// With a model that asks for these commands in turn; `prompt` counts for Claude Code.
    pub(crate) fn run_asking(&self, home: &Home, prompt: &str, commands: &[&str]) -> Seen {
        let model = Model::start(commands).unwrap();
        let project = home.path().join("project");
        fs::create_dir_all(&project).unwrap();
        let mut command = match self.host {
            Host::Claude => self.claude(prompt),
            Host::Gemini => self.gemini(home),
            Host::Copilot => self.copilot(),
            Host::Kimi => self.kimi(&model, home),
            Host::OpenCode | Host::Qwen => self.as_on_trial(&model),
            _ => self.codex(&model, home),
        };
        command.env_clear().env("HOME", home.path()).env("PATH", self.path()).current_dir(&project);
        for (name, value) in [
            ("ANTHROPIC_BASE_URL", model.url()),
            ("ANTHROPIC_API_KEY", "none"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
            ("MODEL_KEY", "none"),
            ("GOOGLE_GEMINI_BASE_URL", model.url()),
            ("GEMINI_API_KEY", "none"),
            ("COPILOT_OFFLINE", "true"),
            ("COPILOT_PROVIDER_BASE_URL", &format!("{}/v1", model.url())),
            ("COPILOT_MODEL", "fake"),
            ("COPILOT_AUTO_UPDATE", "false"),
        ] {
            command.env(name, value);
        }
        let trial = self.host.profile().trial.filter(|_| [Host::OpenCode, Host::Qwen].contains(&self.host));
        for (name, value) in trial.map(|trial| (trial.environment)(model.url(), home.path())).unwrap_or_default() {
            command.env(name, value.unwrap_or_default());
        }
        let output = finished(command.stdin(Stdio::null()));
        Seen { ran: project.join("ran.txt").exists(), told_to_model: model.received(), output }
    }

    /// As `doctor --prove` runs it.
    fn as_on_trial(&self, model: &Model) -> Command {
        let trial = self.host.profile().trial.unwrap();
        let mut command = Command::new(self.bin.join(self.host.program()));
        command.args((trial.arguments)(model.url())).arg("do it");
        command
    }

    fn claude(&self, prompt: &str) -> Command {
        let mut command = Command::new(self.bin.join("claude"));
        command.args(["-p", prompt, "--model", "claude-sonnet-4-5"]);
        command
    }

    fn copilot(&self) -> Command {
        let mut command = Command::new(self.bin.join("copilot"));
        command.args(["-p", "do it", "--allow-all-tools"]);
        command
    }

    /// The key is chosen in the settings, beside what `install` wrote there.
    fn gemini(&self, home: &Home) -> Command {
        let path = home.path().join(".gemini/settings.json");
        let mut settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let auth = json!({"auth": {"selectedType": "gemini-api-key"}});
        if settings["security"] != auth {
            settings["security"] = auth;
            fs::write(path, settings.to_string()).unwrap();
        }
        let mut command = Command::new(self.bin.join("gemini"));
        command.args(["-p", "do it", "--approval-mode", "yolo", "--skip-trust"]);
        command
    }

    fn kimi(&self, model: &Model, home: &Home) -> Command {
        let config = home.path().join(".kimi-code/config.toml");
        let hooks = without_provider(&config);
        let provider = format!(
            "default_model = \"fake\"\n\n[providers.test]\ntype = \"openai\"\nbase_url = \"{}/v1\"\napi_key = \"none\"\n\n[models.fake]\nprovider = \"test\"\nmodel = \"fake\"\nmax_context_size = 100000\n{PROVIDER_END}{hooks}",
            model.url()
        );
        fs::write(config, provider).unwrap();
        let mut command = Command::new(self.bin.join("kimi"));
        command.args(["-p", "do it"]);
        command
    }

    fn codex(&self, model: &Model, home: &Home) -> Command {
        let config = home.path().join(".codex/config.toml");
        let trust = without_provider(&config);
        let provider = format!(
            "model = \"fake\"\nmodel_provider = \"test\"\n\n[model_providers.test]\nname = \"test\"\nbase_url = \"{}/v1\"\nenv_key = \"MODEL_KEY\"\nwire_api = \"responses\"\n{PROVIDER_END}{trust}",
            model.url()
        );
        fs::write(config, provider).unwrap();
        let mut command = Command::new(self.bin.join("codex"));
        command.args(["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "do it"]);
        command
    }
}

/// Behind the provider of one run, which the next replaces.
const PROVIDER_END: &str = "\n# end of the provider\n";

fn without_provider(config: &Path) -> String {
    let text = fs::read_to_string(config).unwrap_or_default();
    text.split_once(PROVIDER_END).map_or(text.clone(), |(_, rest)| rest.to_owned())
}

/// Runs to the end, or fails the test when it takes too long.
fn finished(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut streams = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let stdout = thread::spawn(move || read_all(&mut streams.0));
    let stderr = thread::spawn(move || read_all(&mut streams.1));
    let deadline = Instant::now() + Duration::from_secs(RUN_SECONDS_MAX);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    };
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

fn read_all(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}
