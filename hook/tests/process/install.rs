//! Installing, examining and removing, in a home directory of the test's own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use ccc_hook::setup;
use ccc_hosts::host::Host;
use serde_json::{Value, json};

use crate::support::{Bridge, Home, SECRET, copied_to, denial, is_leave, run, ticket, tool_call};

pub(crate) const MINE: &str = "{\n    \"theme\": \"dark\",\n    \"version\": 1\n}\n";
const MINE_TOML: &str = "# mine\ntheme = \"dark\" # keep\n";

pub(crate) fn settings(home: &Home, host: Host) -> PathBuf {
    home.path().join(match host {
        Host::Claude => ".claude/settings.json",
        Host::Codex => ".codex/hooks.json",
        Host::Gemini => ".gemini/settings.json",
        Host::Copilot => ".copilot/hooks/ccc-hook.json",
        Host::Kimi => ".kimi-code/config.toml",
        Host::Cursor => ".cursor/hooks.json",
        Host::OpenCode => ".config/opencode/plugins/ccc-hook.js",
        Host::Qwen => ".qwen/settings.json",
    })
}

fn mine(host: Host) -> &'static str {
    match host {
        Host::Kimi => MINE_TOML,
        // The whole file is ours: nothing of anybody else's can be in it.
        Host::OpenCode => "",
        _ => MINE,
    }
}

pub(crate) fn with_my_settings(url: &str) -> Home {
    let home = Home::new(url, 0);
    for host in Host::ALL {
        write(&settings(&home, host), mine(host));
    }
    home
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn command(home: &Home, arguments: &[&str]) -> Output {
    run(home.binary().args(arguments), b"")
}

pub(crate) fn install(home: &Home, url: &str, more: &[&str]) -> Output {
    let secrets = home.secrets();
    let arguments = ["install", "--secrets", secrets.to_str().unwrap(), "--url", url];
    command(home, &[&arguments, more].concat())
}

pub(crate) fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn knowing() -> Bridge {
    Bridge::saying(200, ticket("released", &json!({})))
}

/// The gate's command line as it stands in the settings.
fn gate(home: &Home, host: Host) -> String {
    let text = fs::read_to_string(settings(home, host)).unwrap();
    let found = ccc_hosts::settings::found_entries(host, Path::new("x"), &text).unwrap();
    let gate = host.profile().gate;
    found.into_iter().find(|(event, _)| event == gate).unwrap().1
}

/// Every file under the home directory, with its content.
pub(crate) fn files(home: &Home) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut left = vec![home.path().to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_installed_gates_and_what_is_uninstalled_is_as_it_was() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let installed = install(&home, &bridge.url, &["--all"]);
    assert!(installed.status.success(), "{}", words(&installed));
    for host in Host::ALL {
        let output = run(home.shell(&gate(&home, host)).current_dir("/"), &tool_call(host));
        assert!(is_leave(host, &output), "{host}: {output:?}");
    }
    let removed = command(&home, &["uninstall", "--all"]);
    assert!(removed.status.success(), "{}", words(&removed));
    for host in Host::ALL {
        assert_eq!(fs::read_to_string(settings(&home, host)).unwrap(), mine(host), "{host}");
    }
}

/// Settings as odd as hosts accept them.
fn odd(host: Host) -> Vec<&'static str> {
    let json = vec![
        "",
        "\n",
        "{}",
        "{ }\r\n",
        "{\"hooks\":{}}",
        "{ \"hooks\": { \"PreToolUse\": [ ], \"preToolUse\": [\n] }, \"a\": 1 }",
        "{\n  \"hooks\": {\n    \"BeforeTool\": []\n  }\n}\n",
        "{\"version\":1}",
        "\t{\r\n\t\t\"a\" : [ 1 ,2 ],\r\n\t\t\"hooks\" : { }\r\n\t}\r\n\r\n",
        "{\"hooks\":{\"Stop\":[]}}",
    ];
    match host {
        Host::OpenCode => vec!["", "\n"],
        Host::Gemini | Host::Qwen => {
            [json, vec!["// mine\n{\n  \"hooks\": {} // none\n}", "{ \"hooks\": { /* none yet */ } } // end"]].concat()
        }
        Host::Kimi => {
            vec!["", "\n", "a = 1", "a = 1\r\n# x\r\n", "\r\n\r\n[t]\r\na = 1", "# only words", "a = 1\n\n\n"]
        }
        _ => json,
    }
}

#[test]
fn every_file_is_as_it_was_to_the_byte_after_uninstalling_and_one_that_was_not_there_is_not_there() {
    let bridge = knowing();
    for host in Host::ALL {
        for before in odd(host).into_iter().map(Some).chain([None]) {
            let home = Home::new(&bridge.url, 0);
            if let Some(before) = before {
                write(&settings(&home, host), before);
            }
            for hold in ["60", "90"] {
                let installed = install(&home, &bridge.url, &["--agent", host.name(), "--hold", hold]);
                assert!(installed.status.success(), "{host} {before:?}: {}", words(&installed));
            }
            let removed = command(&home, &["uninstall", "--agent", host.name()]);
            assert!(removed.status.success(), "{host} {before:?}: {}", words(&removed));
            assert_eq!(fs::read_to_string(settings(&home, host)).ok().as_deref(), before, "{host}");
        }
    }
}

#[test]
fn a_file_that_changed_since_the_install_keeps_the_change_and_is_never_removed_unless_we_made_it() {
    let bridge = knowing();
    for host in Host::ALL {
        let home = Home::new(&bridge.url, 0);
        let path = settings(&home, host);
        let own = if [Host::Kimi, Host::OpenCode].contains(&host) { "" } else { "{}" };
        write(&path, own);
        install(&home, &bridge.url, &["--agent", host.name()]);
        write(&path, &format!("{}\n", fs::read_to_string(&path).unwrap()));
        command(&home, &["uninstall", "--agent", host.name()]);
        assert_eq!(fs::read_to_string(&path).unwrap().trim(), own, "{host}: it was there before");
        fs::remove_file(&path).unwrap();
        install(&home, &bridge.url, &["--agent", host.name()]);
        write(&path, &format!("{}\n", fs::read_to_string(&path).unwrap()));
        command(&home, &["uninstall", "--agent", host.name()]);
        assert!(!path.exists(), "{host}: nothing but ours was ever in it");
    }
}

/// What the record says since the install, in the words of a version that did not note who made a file.
fn as_an_older_version_wrote(home: &Home, backup: Option<&Path>) {
    let path = home.path().join(".config/ccc/hook/manifest.json");
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for install in manifest["installs"].as_array_mut().unwrap() {
        assert!(install.as_object_mut().unwrap().remove("created").is_some());
        install["backup"] = json!(backup);
    }
    fs::write(path, manifest.to_string()).unwrap();
}

#[test]
fn a_file_that_an_older_version_made_is_removed_where_nothing_is_left_in_it() {
    let bridge = knowing();
    for host in Host::ALL {
        // Also where this version installs again, and where the older one did and backed up what was its own.
        for (again, older_again) in [(None, false), (Some("60"), false), (Some("90"), false), (None, true)] {
            let home = Home::new(&bridge.url, 0);
            let path = settings(&home, host);
            install(&home, &bridge.url, &["--agent", host.name(), "--hold", "60"]);
            let backup = home.path().join("older");
            if older_again {
                fs::copy(&path, &backup).unwrap();
                install(&home, &bridge.url, &["--agent", host.name(), "--hold", "90"]);
            }
            as_an_older_version_wrote(&home, older_again.then_some(&*backup));
            if let Some(hold) = again {
                let installed = install(&home, &bridge.url, &["--agent", host.name(), "--hold", hold]);
                assert!(installed.status.success(), "{host}: {}", words(&installed));
            }
            write(&path, &format!("{}\n", fs::read_to_string(&path).unwrap()));
            let removed = command(&home, &["uninstall", "--agent", host.name()]);
            assert!(removed.status.success(), "{host}: {}", words(&removed));
            assert!(!path.exists(), "{host} {again:?} {older_again}: {:?}", fs::read_to_string(&path));
        }
    }
}

#[test]
fn a_file_that_was_there_before_an_older_version_stays() {
    let bridge = knowing();
    for host in Host::ALL {
        let home = Home::new(&bridge.url, 0);
        let path = settings(&home, host);
        let own = if [Host::Kimi, Host::OpenCode].contains(&host) { "" } else { "{}" };
        write(&path, own);
        install(&home, &bridge.url, &["--agent", host.name()]);
        let backup = home.path().join("older");
        fs::write(&backup, own).unwrap();
        as_an_older_version_wrote(&home, Some(&backup));
        command(&home, &["uninstall", "--agent", host.name()]);
        assert_eq!(fs::read_to_string(&path).unwrap(), own, "{host}");
    }
}

#[test]
fn what_was_installed_again_after_the_record_was_lost_is_taken_out_all_the_same() {
    let bridge = knowing();
    for host in Host::ALL {
        let home = with_my_settings(&bridge.url);
        install(&home, &bridge.url, &["--agent", host.name(), "--hold", "60"]);
        fs::remove_file(home.path().join(".config/ccc/hook/manifest.json")).unwrap();
        install(&home, &bridge.url, &["--agent", host.name(), "--hold", "90"]);
        command(&home, &["uninstall", "--agent", host.name()]);
        let left = fs::read_to_string(settings(&home, host)).unwrap();
        assert!(!left.contains("ccc-hook"), "{host}: {left}");
    }
}

#[test]
fn config_is_private_and_settings_are_backed_up() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--agent", "claude", "--hold", "60"]);
    let config = home.path().join(".config/ccc/hook/claude.json");
    assert_eq!(fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
    let mut config: Value = serde_json::from_str(&fs::read_to_string(config).unwrap()).unwrap();
    // Whether there is a launcher beside the program, and what it can do here, is the machine's affair.
    config.as_object_mut().unwrap().remove("confine");
    let secrets = home.secrets();
    assert_eq!(
        config,
        json!({"url": bridge.url, "secrets": secrets.to_str().unwrap(), "user": "agent", "hold_seconds": 60})
    );
    let backup = home.path().join(".claude/settings.json.before-ccc-hook.1");
    assert_eq!(fs::read_to_string(backup).unwrap(), MINE);
    assert!(fs::read_to_string(settings(&home, Host::Claude)).unwrap().contains("\"timeout\": 90"));
}

#[test]
fn a_backup_goes_with_the_uninstall_that_puts_everything_back_and_stays_where_something_changed() {
    let bridge = knowing();
    for changed in [false, true] {
        let home = with_my_settings(&bridge.url);
        let path = settings(&home, Host::Claude);
        for _ in 0..3 {
            install(&home, &bridge.url, &["--agent", "claude"]);
            if changed {
                write(&path, &fs::read_to_string(&path).unwrap().replace("dark", "light"));
            }
            command(&home, &["uninstall", "--agent", "claude"]);
        }
        let backup = home.path().join(".claude/settings.json.before-ccc-hook.1");
        assert_eq!(backup.exists(), changed);
        assert_eq!(fs::read_to_string(path).unwrap().contains("light"), changed);
    }
}

#[test]
fn installing_twice_writes_nothing_anew_and_keeps_the_agents_ids() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--all"]);
    let once = files(&home);
    let again = command(&home, &["install", "--all"]);
    assert!(again.status.success(), "{}", words(&again));
    assert!(words(&again).contains("already installed"));
    assert_eq!(files(&home), once);
    let agents = home.path().join(".config/ccc/hook/agents.json");
    let ids = fs::read_to_string(&agents).unwrap();
    command(&home, &["uninstall", "--all"]);
    install(&home, &bridge.url, &["--all"]);
    assert_eq!(fs::read_to_string(agents).unwrap(), ids);
}

#[test]
fn a_dry_run_shows_and_touches_nothing() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let before = files(&home);
    let output = install(&home, &bridge.url, &["--all", "--dry-run"]);
    assert!(output.status.success() && words(&output).contains("failClosed"), "{}", words(&output));
    assert_eq!(files(&home), before);
}

/// What a console shows before it asks.
#[test]
fn the_agents_found_are_told_with_what_would_change_and_whether_it_is_in_place() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let bin = home.path().join("bin");
    write(&bin.join("claude"), "");
    let secrets = home.secrets();
    let told = |more: &[&str]| {
        let arguments = ["install", "--secrets", secrets.to_str().unwrap(), "--url", &bridge.url, "--found"];
        let output = run(home.binary().env("PATH", &bin).args(arguments).args(more), b"");
        assert!(output.status.success(), "{}", words(&output));
        output
    };
    let list = |output: &Output| serde_json::from_slice::<Value>(&output.stdout).unwrap();
    let before = files(&home);
    let found = list(&told(&["--dry-run", "--json"]));
    assert_eq!(files(&home), before);
    let [only] = found.as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!(
        (&only["agent"], &only["title"], &only["in_place"]),
        (&json!("claude"), &json!("Claude Code"), &json!(false))
    );
    assert_eq!(only["before"], MINE);
    told(&[]);
    assert_eq!(fs::read_to_string(settings(&home, Host::Claude)).unwrap(), only["after"].as_str().unwrap());
    assert_eq!(list(&told(&["--dry-run", "--json"]))[0]["in_place"], true);
    let output = install(&home, &bridge.url, &["--found", "--json"]);
    assert!(!output.status.success() && words(&output).contains("--dry-run"), "{}", words(&output));
}

#[test]
fn nothing_is_touched_while_the_bridge_is_away_or_refuses_the_key() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refusing = Bridge::start(|_, _| crate::support::Reply::Unsigned(401, json!({})));
    let without = Bridge::start(|_, _| crate::support::Reply::Signed(200, json!({"actions": []})));
    for url in [&format!("http://127.0.0.1:{unused}"), &refusing.url, &without.url] {
        let home = with_my_settings(url);
        let before = files(&home);
        let output = install(&home, url, &["--all"]);
        assert!(!output.status.success());
        assert!(words(&output).contains("touched"), "{}", words(&output));
        assert_eq!(files(&home), before);
    }
}

#[test]
fn a_key_that_may_approve_or_a_file_of_several_keys_is_refused() {
    let bridge = knowing();
    let other = "ffffffffffffffffffffffffffffffff";
    let rows = [
        (
            json!({"users": {"agent": {"secret": SECRET, "canApprove": ["ana"]}, "ana": {"secret": other}}}),
            "may approve",
        ),
        (json!({"users": {"agent": {"secret": SECRET}, "ana": {"secret": other}}}), "other users' keys"),
    ];
    for (secrets, told) in rows {
        let home = with_my_settings(&bridge.url);
        fs::write(home.secrets(), secrets.to_string()).unwrap();
        let before = files(&home);
        let output = install(&home, &bridge.url, &["--agent", "claude", "--as", "agent"]);
        assert!(!output.status.success() && words(&output).contains(told), "{}", words(&output));
        assert_eq!(files(&home), before);
    }
}

#[test]
fn one_file_that_cannot_be_parsed_stops_all_and_is_told_with_its_place() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    write(&settings(&home, Host::Cursor), "{\n  \"version\": 1,,\n}");
    let before = files(&home);
    let output = install(&home, &bridge.url, &["--all"]);
    assert!(!output.status.success());
    assert!(words(&output).contains("hooks.json` is not valid: line 2, column 16"), "{}", words(&output));
    assert_eq!(files(&home), before);
}

#[test]
fn a_missing_binary_blocks_by_the_shell_guard() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--all"]);
    for host in Host::ALL.into_iter().filter(|host| *host != Host::Cursor) {
        let gone = gate(&home, host).replacen("ccc-hook", "ccc-gone", 1);
        let output = run(&mut home.shell(&gone), &tool_call(host));
        assert!(denial(host, &output).contains("call blocked"), "{host}: {output:?}");
    }
}

#[test]
fn a_killed_hook_blocks_by_the_shell_guard() {
    let home = with_my_settings("http://127.0.0.1:1");
    let bridge = knowing();
    install(&home, &bridge.url, &["--all"]);
    for host in Host::ALL.into_iter().filter(|host| *host != Host::Cursor) {
        let line = gate(&home, host);
        let guard = line.split_once(" || ").unwrap().1;
        let output = run(&mut home.shell(&format!("sh -c 'kill -9 $$' || {guard}")), b"");
        assert!(denial(host, &output).contains("call blocked"), "{host}");
    }
}

#[test]
fn status_tells_drift() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    assert!(words(&command(&home, &["status"])).contains("claude   not installed"));
    install(&home, &bridge.url, &["--all"]);
    let status = command(&home, &["status"]);
    assert!(status.status.success(), "{}", words(&status));
    assert!(!words(&status).contains("DRIFTED"));
    let file = settings(&home, Host::Claude);
    let changed = fs::read_to_string(&file).unwrap().replace("\"block\"", "\"continue\"");
    fs::write(&file, changed).unwrap();
    fs::write(settings(&home, Host::Gemini), MINE).unwrap();
    let status = command(&home, &["status"]);
    assert!(!status.status.success());
    assert!(words(&status).contains("claude   DRIFTED"), "{}", words(&status));
    assert!(words(&status).contains("gemini   GONE"), "{}", words(&status));
}

#[test]
fn doctor_proves_that_the_installed_command_gates() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--all"]);
    let report = words(&command(&home, &["doctor"]));
    for host in Host::ALL {
        assert!(report.contains(&format!("{:8} ADVISORY", host.name())), "{report}");
    }
    let reached = "canary: blocked through the installed command; the bridge knows this agent as `agent`";
    assert_eq!(report.matches(reached).count(), Host::ALL.len(), "{report}");
    let canaries = bridge.actions().iter().filter(|action| action["native"] == "ccc_hook_canary").count();
    assert_eq!(canaries, 0, "no ticket is made for a canary");
}

#[test]
fn doctor_says_what_is_blind_and_why() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    assert!(words(&command(&home, &["doctor", "--agent", "kimi"])).contains("kimi     BLIND"));
    install(&home, &bridge.url, &["--agent", "claude", "--agent", "gemini"]);
    let file = settings(&home, Host::Claude);
    let switched = fs::read_to_string(&file).unwrap().replacen('{', "{\"disableAllHooks\": true,", 1);
    fs::write(&file, switched).unwrap();
    let file = settings(&home, Host::Gemini);
    let emptied = fs::read_to_string(&file).unwrap().replace(&program(), "/bin/true");
    fs::write(&file, emptied).unwrap();
    let report = command(&home, &["doctor", "--agent", "claude", "--agent", "gemini"]);
    assert!(!report.status.success());
    assert!(words(&report).contains("claude   BLIND"), "{}", words(&report));
    assert!(words(&report).contains("`disableAllHooks`"), "{}", words(&report));
    assert!(words(&report).contains("gemini   BLIND"), "{}", words(&report));
}

#[test]
fn doctor_reads_the_version_of_the_agent_that_is_there() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let claude = home.path().join("bin/claude");
    let with_version = |version: &str, arguments: &[&str]| {
        write(&claude, &format!("#!/bin/sh\necho '{version}'\n"));
        fs::set_permissions(&claude, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
        run(home.binary().args(arguments).env("PATH", path), b"")
    };
    let secrets = home.secrets();
    let install = ["install", "--agent", "claude", "--secrets", secrets.to_str().unwrap(), "--url", &bridge.url];
    let doctor = ["doctor", "--agent", "claude"];
    for (version, level) in [
        ("2.1.197 (Claude Code)", "ADVISORY"),
        ("2.1.331 (Claude Code)", "ADVISORY"),
        ("2.1.332 (Claude Code)", "ENFORCED"),
    ] {
        let installed = with_version(version, &install);
        assert!(installed.status.success(), "{}", words(&installed));
        let report = with_version(version, &doctor);
        assert!(words(&report).contains(&format!("claude   {level}")), "{}", words(&report));
        let has_gate = fs::read_to_string(settings(&home, Host::Claude)).unwrap().contains("PreSkillShellCommand");
        assert_eq!(has_gate, level == "ENFORCED", "{version}");
    }
    with_version("2.1.331 (Claude Code)", &install);
    let updated = with_version("2.1.332 (Claude Code)", &doctor);
    assert!(!updated.status.success());
    let told = "installed for 2.1.331; 2.1.332 has PreSkillShellCommand too";
    assert!(words(&updated).contains(told), "{}", words(&updated));
}

/// The binary copied to this place, and what an install from there says.
fn installed_from(home: &Home, program: &Path, mode: u32) -> Output {
    copied_to(program);
    fs::set_permissions(program, fs::Permissions::from_mode(mode)).unwrap();
    let project = home.path().join("project");
    fs::create_dir_all(&project).unwrap();
    let secrets = home.secrets();
    let mut command = home.command(program);
    command.args(["install", "--agent", "claude", "--secrets", secrets.to_str().unwrap()]);
    run(command.args(["--url", &knowing().url]).current_dir(project), b"")
}

/// The home directories of these tests lie in the build's own directory, which is neither of temporary files nor, seen from them,
/// a project, and which their user alone may write.
#[test]
fn a_hook_is_installed_from_where_no_agent_writes() {
    let temporary = tempfile::tempdir().unwrap();
    let home = Home::new("http://127.0.0.1:1", 0);
    let in_home = |path: &str| home.path().join(path);
    let loose = in_home("loose");
    fs::create_dir(&loose).unwrap();
    fs::set_permissions(&loose, fs::Permissions::from_mode(0o775)).unwrap();
    let refused = [
        (temporary.path().join("ccc-hook"), 0o755, "lies among temporary files"),
        (in_home("project/bin/ccc-hook"), 0o755, "lies in the project"),
        (in_home("group/ccc-hook"), 0o775, "ccc-hook` can be changed by its group or by others"),
        (in_home("others/ccc-hook"), 0o757, "ccc-hook` can be changed by its group or by others"),
        (loose.join("bin/ccc-hook"), 0o755, "loose` can be changed by its group or by others"),
    ];
    let before = files(&home).len();
    for (program, mode, told) in refused {
        let output = installed_from(&home, &program, mode);
        let words = words(&output);
        assert!(!output.status.success() && words.contains(told) && words.contains("/usr/local/bin"), "{words}");
        fs::remove_file(setup::beside(&program)).unwrap();
        fs::remove_file(program).unwrap();
    }
    assert_eq!(files(&home).len(), before, "nothing is written");
    let gate = in_home("beside/ccc-hook");
    copied_to(&gate);
    fs::set_permissions(setup::beside(&gate), fs::Permissions::from_mode(0o775)).unwrap();
    let output = run(home.command(&gate).args(["install", "--agent", "claude", "--secrets", "x"]), b"");
    assert!(words(&output).contains("ccc-hook-setup` can be changed by its group or by others"), "{}", words(&output));
    let output = installed_from(&home, &in_home(".cargo/bin/ccc-hook"), 0o755);
    assert!(output.status.success(), "{}", words(&output));
    assert!(words(&output).contains("can be changed by your user"), "{}", words(&output));
}

#[test]
fn a_link_to_a_binary_among_temporary_files_is_no_better() {
    let temporary = tempfile::tempdir().unwrap();
    let home = Home::new("http://127.0.0.1:1", 0);
    let program = temporary.path().join("ccc-hook");
    copied_to(&program);
    let link = home.path().join("ccc-hook");
    std::os::unix::fs::symlink(&program, &link).unwrap();
    let secrets = home.secrets();
    let mut command = home.command(&link);
    let output = run(command.args(["install", "--agent", "claude", "--secrets", secrets.to_str().unwrap()]), b"");
    assert!(!output.status.success() && words(&output).contains("temporary"), "{}", words(&output));
}

/// What becomes of a file's text.
type Change = fn(&str) -> String;

/// A file beside the installs, what becomes of it, and the host that is blind with it.
#[rustfmt::skip]
const BLINDING: &[(Host, &str, &str, Change, &str)] = &[
    (Host::Kimi, "--user", ".kimi-code/config.toml",
     |text| format!("{text}\n[[hooks]]\nevent = \"Stop\"\ncommand = \"true\"\nfoo = 1\n"), "drops all hooks"),
    (Host::Gemini, "--project", ".gemini/trustedFolders.json", |_| "{}".to_owned(), "does not trust the folder"),
    (Host::Copilot, "--project", ".copilot/config.json", |_| "{}".to_owned(), "does not trust the folder"),
    (Host::Copilot, "--user", ".copilot/hooks/ccc-hook.json",
     |text| text.replacen('{', "{\"disableAllHooks\": true,", 1), "`disableAllHooks`"),
    (Host::Codex, "--user", ".codex/config.toml", |text| format!("[features]\nhooks = false\n{text}"), "`features.hooks`"),
    (Host::Claude, "--user", "bin/claude",
     |_| "#!/bin/sh\n[ \"$1\" = doctor ] || { echo 2.1.332; exit 0; }\nprintf 'Invalid settings\\n- %s/.claude/settings.json \u{203a} cleanupPeriodDays: no\\n' \"$HOME\"\n".to_owned(),
     "drops this whole file"),
    (Host::Codex, "--user", "bin/codex", |_| "#!/bin/sh\necho 'hooks  stable  false'\n".to_owned(), "codex features enable hooks"),
];

#[test]
fn doctor_calls_a_host_blind_that_passes_over_the_installed_hook() {
    let bridge = knowing();
    for (host, scope, file, change, told) in BLINDING {
        let home = Home::new(&bridge.url, 0);
        let project = home.path().join("project");
        fs::create_dir_all(&project).unwrap();
        let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
        let secrets = home.secrets();
        let named = ["--agent", host.name()];
        let say = |arguments: &[&str]| {
            let mut command = home.binary();
            command.args(arguments).args(named).current_dir(&project).env("PATH", &path);
            run(&mut command, b"")
        };
        let installed = say(&["install", scope, "--secrets", secrets.to_str().unwrap(), "--url", &bridge.url]);
        assert!(installed.status.success(), "{}", words(&installed));
        let before = say(&["doctor"]);
        assert!(scope == &"--project" || before.status.success(), "{host}: {}", words(&before));
        let file = home.path().join(file);
        write(&file, &change(&fs::read_to_string(&file).unwrap_or_default()));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let report = say(&["doctor"]);
        let words = words(&report);
        assert_eq!(report.status.code(), Some(1), "{host}: {words}");
        assert!(words.contains(&format!("{host:8} BLIND")) && words.contains(told), "{host}: {words}");
    }
}

#[test]
fn a_switch_that_copilot_does_not_read_is_no_switch() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--agent", "copilot"]);
    for file in [".copilot/settings.json", ".copilot/config.json", ".copilot/hooks/other.json"] {
        write(&home.path().join(file), "{\"version\": 1, \"disableAllHooks\": true}");
    }
    let report = command(&home, &["doctor", "--agent", "copilot"]);
    assert!(report.status.success() && words(&report).contains("copilot  ADVISORY"), "{}", words(&report));
}

#[test]
fn nothing_is_proven_without_a_yes_an_agent_and_a_bridge() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--agent", "kimi", "--agent", "cursor"]);
    assert!(words(&command(&home, &["doctor"])).contains("unproven: no real agent was seen to obey"));
    let without = command(&home, &["doctor", "--prove", "--agent", "kimi", "--agent", "cursor"]);
    assert_eq!(without.status.code(), Some(1));
    assert!(words(&without).contains("`kimi` is not found here"), "{}", words(&without));
    assert!(words(&without).contains("cursor   UNPROVEN"), "{}", words(&without));
    let started = home.path().join("started");
    let kimi = home.path().join("bin/kimi");
    write(&kimi, &format!("#!/bin/sh\n[ \"$1\" = --version ] && echo 2.1.0 || touch {}\n", started.display()));
    fs::set_permissions(&kimi, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
    let prove =
        |answer: &[u8]| run(home.binary().args(["doctor", "--prove", "--agent", "kimi"]).env("PATH", &path), answer);
    for answer in [&b""[..], b"n\n", b"maybe\n"] {
        let output = prove(answer);
        assert!(!output.status.success() && words(&output).contains("it was not started"), "{}", words(&output));
        assert!(!started.exists(), "{}", words(&output));
    }
    let output = prove(b"y\n");
    assert!(started.exists() && words(&output).contains("with your HOME"), "{}", words(&output));
    assert!(words(&output).contains("UNPROVEN") && !output.status.success(), "{}", words(&output));
}

#[test]
fn status_for_programs_carries_what_is_known_of_each_host() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--agent", "kimi"]);
    let output = command(&home, &["status", "--json"]);
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), Host::ALL.len());
    let kimi = rows.as_array().unwrap().iter().find(|row| row["agent"] == "kimi").unwrap();
    assert_eq!((&kimi["level"], &kimi["installs"][0]["state"]), (&json!("ADVISORY"), &json!("installed")));
    assert!(kimi["on_failure"].as_str().unwrap().contains("RUNS") && !kimi["open"].as_array().unwrap().is_empty());
}

#[test]
fn doctor_tells_a_gate_that_blocks_without_its_bridge() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--agent", "copilot"]);
    let config = home.path().join(".config/ccc/hook/copilot.json");
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = fs::read_to_string(&config).unwrap().replace(&bridge.url, &format!("http://127.0.0.1:{unused}"));
    fs::write(&config, away).unwrap();
    let report = words(&command(&home, &["doctor", "--agent", "copilot"]));
    assert!(report.contains("blocked, but not by the bridge: no bridge answers"), "{report}");
}

/// A `codex` that speaks just enough of its app-server's protocol to list one
/// hook of ours and one of somebody else's.
fn codex_that_lists(home: &Home, status: &str) -> String {
    let settings = settings(home, Host::Codex);
    let hook = |name: &str, command: &str| {
        json!({"key": format!("{}:{name}", settings.display()), "currentHash": format!("sha256:{name}"),
               "trustStatus": status, "sourcePath": settings, "command": command})
    };
    let ours = format!("{} --agent codex --event PreToolUse --config x", program());
    let hooks = json!([hook("pre_tool_use:0:0", &ours), hook("stop:0:0", "beep")]);
    let answer = json!({"id": 2, "result": {"data": [{"cwd": "/", "hooks": hooks}]}});
    let codex = home.path().join("bin/codex");
    let script = format!(
        "#!/bin/sh\nread line\necho '{{\"method\":\"news\"}}'\necho '{{\"id\":1,\"result\":{{}}}}'\nread line\nread line\necho '{answer}'\nread line\n"
    );
    write(&codex, &script);
    fs::set_permissions(&codex, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", home.path().join("bin").display())
}

#[test]
fn codex_is_told_to_trust_our_hooks_and_no_others_and_forgets_them_again() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let config = home.path().join(".codex/config.toml");
    fs::write(&config, MINE_TOML).unwrap();
    let path = codex_that_lists(&home, "untrusted");
    let secrets = home.secrets();
    let arguments = ["install", "--agent", "codex", "--secrets", secrets.to_str().unwrap(), "--url", &bridge.url];
    let output = run(home.binary().args(arguments).env("PATH", &path), b"");
    assert!(output.status.success() && words(&output).contains("trusts these hooks"), "{}", words(&output));
    let key = format!("{}:pre_tool_use:0:0", settings(&home, Host::Codex).display());
    let expected = format!("{MINE_TOML}\n[hooks.state.\"{key}\"]\ntrusted_hash = \"sha256:pre_tool_use:0:0\"\n");
    assert_eq!(fs::read_to_string(&config).unwrap(), expected);
    let removed = run(home.binary().args(["uninstall", "--agent", "codex"]).env("PATH", &path), b"");
    assert!(removed.status.success(), "{}", words(&removed));
    assert_eq!(fs::read_to_string(&config).unwrap(), MINE_TOML);
}

#[test]
fn doctor_calls_codex_blind_that_does_not_trust_the_hooks() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    install(&home, &bridge.url, &["--agent", "codex"]);
    for (status, level) in [("untrusted", "BLIND"), ("trusted", "ADVISORY")] {
        let path = codex_that_lists(&home, status);
        let report = run(home.binary().args(["doctor", "--agent", "codex"]).env("PATH", &path), b"");
        assert!(words(&report).contains(&format!("codex    {level}")), "{}", words(&report));
    }
}

#[test]
fn without_codex_the_step_that_is_left_is_told() {
    let bridge = knowing();
    let home = with_my_settings(&bridge.url);
    let output = install(&home, &bridge.url, &["--agent", "codex"]);
    assert!(output.status.success());
    assert!(words(&output).contains("NOT IN FORCE YET") && words(&output).contains("/hooks"), "{}", words(&output));
}

#[test]
fn a_projects_hook_lies_in_the_project() {
    let bridge = knowing();
    let home = Home::new(&bridge.url, 0);
    let output = install(&home, &bridge.url, &["--all", "--project"]);
    assert!(output.status.success(), "{}", words(&output));
    for file in [
        ".claude/settings.local.json", ".codex/hooks.json", ".gemini/settings.json", ".github/hooks/ccc-hook.json",
        ".cursor/hooks.json",
    ] {
        assert!(home.path().join(file).exists(), "{file}");
    }
    let kimi = install(&home, &bridge.url, &["--agent", "kimi", "--project"]);
    assert!(!kimi.status.success() && words(&kimi).contains("--project"));
    command(&home, &["uninstall", "--all"]);
    assert!(!home.path().join(".github/hooks/ccc-hook.json").exists(), "a file of ours alone goes");
}

#[test]
fn a_wrong_call_says_what_to_write_instead() {
    let home = Home::new("http://127.0.0.1:1", 0);
    let rows: [(&[&str], &str); 6] = [
        (&["install"], "--agent"),
        (&["install", "--agent", "emacs"], "claude, codex"),
        (&["install", "--agent", "claude", "--all"], "either"),
        (&["install", "--agent", "claude"], "--secrets FILE"),
        (&["session", "start", "--agent", "claude"], "--risk"),
        (&["session"], "session start"),
    ];
    for (arguments, told) in rows {
        let output = command(&home, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(words(&output).contains(told), "{arguments:?}: {}", words(&output));
    }
    assert!(words(&command(&home, &["--help"])).contains("Examples"));
    assert!(words(&command(&home, &["--version"])).starts_with("ccc-hook "));
}

fn program() -> String {
    fs::canonicalize(env!("CARGO_BIN_EXE_ccc-hook")).unwrap().to_str().unwrap().to_owned()
}
