//! Every command line of the seed system works unchanged, told as its README tells them, in an empty home.

use std::{fs, process::Output};

use ccc_tests::{
    bridge::{Bridge, Site},
    story::Console,
};
use portable_pty::CommandBuilder;
use serde_json::{Value, json};

/// Where the README's bridge is; each test's has a port of its own.
const SEEDS_URL: &str = "http://192.168.2.99:3015";

/// A home after `ccc-keygen --create user,agent`, its secrets edited as the README says, the agent's file made from it.
fn home() -> Site {
    let site = Site::of_a_new_user().env("CONDUIT_PORT", "0").env("VISUAL", "true");
    succeeds(&site, "ccc-keygen --create user,agent");
    let secrets = site.home().join("secrets.json");
    let mut file: Value = serde_json::from_str(&fs::read_to_string(&secrets).unwrap()).unwrap();
    file["users"]["user"]["canApprove"] = json!(["agent"]);
    fs::write(&secrets, file.to_string()).unwrap();
    succeeds(&site, "ccc-keygen --filter agent --output agent-secrets.json");
    // The seed's volume map lay in its source; here it lies in the config.
    fs::create_dir_all(site.home().join("agent/workspace")).unwrap();
    fs::create_dir_all(site.home().join(".config/ccc")).unwrap();
    let config = "[volumes]\n\"/workspace\" = \"~/agent/workspace\"\n[desktop]\nbrowser = [\"true\", \"{url}\"]\n";
    fs::write(site.home().join(".config/ccc/config.toml"), config).unwrap();
    site
}

#[track_caller]
fn succeeds(site: &Site, line: &str) -> String {
    let output = site.shell(line).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a client's line with the README's address standing for this bridge's.
fn client(bridge: &Bridge, line: &str) -> Output {
    let line = format!("export CONDUIT_URL={SEEDS_URL}\n{line}").replace(SEEDS_URL, bridge.url());
    bridge.site().shell(&line).output().unwrap()
}

/// The ticket that a client's line prints, which ends well.
#[track_caller]
fn ticket(bridge: &Bridge, line: &str) -> Value {
    let output = client(bridge, line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {said}"))
}

#[test]
fn the_secrets_file_is_the_seeds_and_the_filtered_one_holds_the_agent_alone() {
    let site = home();
    let agent: Value =
        serde_json::from_str(&fs::read_to_string(site.home().join("agent-secrets.json")).unwrap()).unwrap();
    let names: Vec<_> = agent["users"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["agent"]);
    let secret = agent["users"]["agent"]["secret"].as_str().unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(agent["users"]["agent"].get("canApprove").cloned().unwrap_or(json!([])), json!([]));
}

#[test]
fn the_clients_lines_work_by_flags_environment_and_over_several_arguments() {
    let bridge = home().start_by("ccc-server --secrets secrets.json");
    let listed = ticket(
        &bridge,
        &format!(
            "ccc-client --secrets agent-secrets.json --user agent --url {SEEDS_URL} '{{\"action\": \"list-actions\"}}'"
        ),
    );
    let names: Vec<&str> =
        listed["result"]["actions"].as_array().unwrap().iter().filter_map(|action| action["action"].as_str()).collect();
    for name in [
        "list-actions", "edit-file", "open-browser", "open-terminal", "send-email", "set-mail-permission",
        "get-mail-permissions",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let edited = ticket(
        &bridge,
        r#"ccc-client --secrets agent-secrets.json --user agent '{"action": "edit-file", "filename": "/workspace/foo.mjs"}'"#,
    );
    assert_eq!(edited["params"], json!({ "filename": "/workspace/foo.mjs" }));
    let exported =
        format!("export CCC_SECRETS=$HOME/agent-secrets.json\nexport CCC_USER=agent\nexport CONDUIT_URL={SEEDS_URL}\n");
    assert_eq!(
        ticket(&bridge, &format!("{exported}ccc-client '{{\"action\": \"list-actions\"}}'"))["action"],
        "list-actions"
    );
    let spread = ticket(
        &bridge,
        &format!(r#"{exported}ccc-client '{{"action": "edit-file",' '"filename": "/workspace/foo.mjs"}}'"#),
    );
    assert_eq!(spread["params"], edited["params"]);
}

#[test]
fn a_queued_action_waits_in_the_queue_manager_and_y_lets_it_run() {
    let bridge = home().start_by("ccc-server --secrets secrets.json");
    let asked = ticket(
        &bridge,
        r#"ccc-client --secrets agent-secrets.json --user agent '{"action": "open-browser", "url": "https://example.com"}'"#,
    );
    assert_eq!(
        (asked["status"].as_str(), asked["params"]["url"].as_str()),
        (Some("queued"), Some("https://example.com/"))
    );
    let id = asked["id"].as_str().unwrap();
    let console = console(&bridge, &format!("ccc-queue --secrets secrets.json --user user --url {}", bridge.url()));
    console.sees("open-browser").sees("https://example.com/").ready().send(b"y");
    let ended = ticket(&bridge, &format!("ccc-client --secrets agent-secrets.json --user agent --id {id} --wait 60"));
    assert_eq!(ended["status"], "succeeded");
    console.send(b"q");
    assert!(console.ended().success());
}

#[test]
fn mail_permissions_live_in_the_seeds_file() {
    let mut bridge = home().start_by("ccc-server --secrets secrets.json --mail-perms mail-perms.json");
    let set = |topic: &str| {
        format!(
            r#"ccc-client --secrets secrets.json --user user '{{"action": "set-mail-permission", "target_user": "agent", "to": "a@example.com", "allow": true{topic}}}'"#
        )
    };
    let get = "ccc-client --secrets agent-secrets.json --user agent '{\"action\": \"get-mail-permissions\"}'";
    ticket(&bridge, &set(r#", "topic": "builds""#));
    ticket(&bridge, &set(""));
    let allowed = json!([
        { "user": "agent", "to": "a@example.com", "topic": null },
        { "user": "agent", "to": "a@example.com", "topic": "builds" },
    ]);
    let file: Value =
        serde_json::from_str(&fs::read_to_string(bridge.site().home().join("mail-perms.json")).unwrap()).unwrap();
    assert_eq!((&file["allowed"], &ticket(&bridge, get)["result"]["allowed"]), (&allowed, &allowed));
    bridge.kill();
    bridge.start_again();
    assert_eq!(ticket(&bridge, get)["result"]["allowed"], allowed);
    let own = client(
        &bridge,
        r#"ccc-client --secrets agent-secrets.json --user agent '{"action": "set-mail-permission", "target_user": "agent", "to": "a@example.com", "allow": true}'"#,
    );
    assert_eq!(own.status.code(), Some(7), "the agent permits itself nothing");
}

#[test]
fn environment_and_dry_run_are_the_seeds() {
    let site = home()
        .env("CONDUIT_BIND", "127.0.0.1")
        .env("CONDUIT_ROOT", "/workspace")
        .env("CONDUIT_MAIL_PERMS", "perms.json");
    let bridge = site.start_by("ccc-server --secrets secrets.json --dry-run");
    assert!(bridge.heard().contains("/workspace"), "CONDUIT_ROOT is printed: {}", bridge.heard());
    let edited = ticket(
        &bridge,
        r#"ccc-client --secrets agent-secrets.json --user agent '{"action": "edit-file", "filename": "foo.mjs"}'"#,
    );
    assert_eq!((&edited["result"]["dry_run"], &edited["status"]), (&json!(true), &json!("succeeded")));
}

#[test]
fn the_config_of_newer_seeds_is_read_with_its_keys_relative_to_it() {
    let site = home();
    let place = site.home().join("etc");
    fs::create_dir(&place).unwrap();
    let config = json!({
        "secrets": "../secrets.json", "mail_perms": "mail-perms.json", "policy_overrides": "overrides.json",
        "smtp": { "host": "127.0.0.1", "port": 1, "secure": false, "from": "bridge@example.com" },
        "bind": "127.0.0.1", "port": 0,
    });
    fs::write(place.join("config.json"), config.to_string()).unwrap();
    fs::write(place.join("mail-perms.json"), r#"{"allowed":[{"user":"agent","to":"a@example.com","topic":null}]}"#)
        .unwrap();
    fs::write(place.join("overrides.json"), r#"{"groups":{"calendar":"disabled"},"actions":{"list-actions":"queue"}}"#)
        .unwrap();
    let bridge = site.start_by("ccc-server --config etc/config.json --data data");
    let get = "ccc-client --secrets agent-secrets.json --user agent '{\"action\": \"get-mail-permissions\"}'";
    assert_eq!(ticket(&bridge, get)["result"]["allowed"][0]["to"], "a@example.com");
    let listed =
        ticket(&bridge, "ccc-client --secrets agent-secrets.json --user agent '{\"action\": \"list-actions\"}'");
    assert_eq!(listed["status"], "queued", "the seed's override holds");
    let mail = client(
        &bridge,
        r#"ccc-client --secrets agent-secrets.json --user agent --wait 60 '{"action": "send-email", "to": "a@example.com", "subject": "s", "body": "b", "topic": "t"}'"#,
    );
    let mail: Value = serde_json::from_slice(&mail.stdout).unwrap();
    assert_eq!(mail["status"], "failed", "its mail server is asked, and is not there");
}

/// A line of a shell on a terminal of its own.
fn console(bridge: &Bridge, line: &str) -> Console {
    let shell = bridge.site().shell(&format!("exec {line}"));
    let mut command = CommandBuilder::new(shell.get_program());
    command.args(shell.get_args());
    command.env_clear();
    for (name, value) in shell.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.env("TERM", "xterm-256color");
    command.cwd(bridge.site().home());
    Console::spawn("the seed's queue manager shows what waits, and y lets it run", command, (120, 30))
}
