//! No path leads out of the volumes, and no answer says where they lie.

use std::{
    fs,
    os::unix::fs::symlink,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use ccc_protocol::bodies::{ProblemType, Status};
use ccc_tests::bridge::{Bridge, Site};
use serde_json::{Value, json};

const CONFIG: &str = r#"
[desktop]
editor = ["true", "{path}"]

[actions.read]
policy = "auto-accept"
params.file = { type = "path", kind = "file", required = true }
run = ["cat", "{file}"]
confined = false

[actions.read-later]
policy = "queue"
params.file = { type = "path", kind = "file", required = true, content = true }
run = ["cat", "{file}"]
confined = false

[actions.list]
policy = "auto-accept"
params.path = { type = "path", kind = "dir", required = true }
dir = "path"
run = ["ls"]
confined = false
"#;

/// A bridge whose home holds a secret beside the volume.
fn bridge() -> Bridge {
    let site = Site::new();
    fs::write(site.home().join("outside.txt"), "secret").unwrap();
    fs::create_dir(site.home().join("workspace2")).unwrap();
    fs::write(site.home().join("workspace2/outside.txt"), "secret").unwrap();
    fs::write(site.workspace().join("inside.txt"), "hello").unwrap();
    fs::create_dir(site.workspace().join("dir")).unwrap();
    site.config(CONFIG).start()
}

#[track_caller]
fn refused(bridge: &Bridge, body: &Value) {
    let before = bridge.seq();
    let problem = bridge.submit("agent", body).refused(422, ProblemType::InvalidParameter);
    assert_eq!(bridge.seq(), before, "{}", problem.detail);
}

fn reads(bridge: &Bridge, file: &str) -> Value {
    let ticket = bridge.run("agent", &json!({ "action": "read", "file": file }));
    assert_eq!(ticket.status, Status::Succeeded, "{file}: {:?}", ticket.reason);
    ticket.result.unwrap()["stdout"].clone()
}

#[test]
fn paths_beneath_a_volume_are_read_by_their_container_names() {
    let bridge = bridge();
    for file in
        ["/workspace/inside.txt", "inside.txt", "./inside.txt", "/workspace//inside.txt", "//workspace/./inside.txt"]
    {
        assert_eq!(reads(&bridge, file), "hello", "{file}");
    }
    let ticket = bridge.submit("agent", &json!({ "action": "read", "file": "inside.txt" })).ticket();
    assert_eq!(ticket.params["file"], "/workspace/inside.txt", "in canonical container form");
}

#[test]
fn no_spelling_leaves_the_volume() {
    let bridge = bridge();
    let home = bridge.site().home().display().to_string();
    for file in [
        "..",
        "../outside.txt",
        "/workspace/../outside.txt",
        "dir/../../outside.txt",
        "/workspace2/outside.txt",
        "/workspace/..%2foutside.txt",
        "..\\outside.txt",
        "/etc/passwd",
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd/outside.txt",
        "/proc/self/fd/3",
        "~/outside.txt",
        "file:///etc/passwd",
        "",
        "inside.txt\u{0}.png",
        "inside.txt\n",
        "/workspace\u{2215}inside.txt",
        &format!("{home}/outside.txt"),
        &format!("{home}/workspace/inside.txt"),
        &"a/".repeat(3000),
        "no-such-file",
    ] {
        // The path that the agent itself wrote may stand in the answer: it learns nothing by it.
        let before = bridge.seq();
        let ask = ccc_tests::wire::Ask::post("/action", &json!({ "action": "read", "file": file }).to_string());
        let reply = bridge.peer().send(ask.bytes()).reply();
        ask.verify(&reply).unwrap();
        reply.refused(422, ProblemType::InvalidParameter);
        assert_eq!(bridge.seq(), before);
        bridge.tells_no_host_path(&reply.text().replace(file, ""));
    }
}

#[test]
fn links_are_followed_within_the_volume_and_refused_where_they_leave_it() {
    let bridge = bridge();
    let (home, workspace) = (bridge.site().home(), bridge.site().workspace());
    symlink("inside.txt", workspace.join("good")).unwrap();
    assert_eq!(reads(&bridge, "good"), "hello");
    for (name, target) in [
        ("absolute", home.join("outside.txt")),
        ("relative", "../outside.txt".into()),
        ("etc", "/etc/passwd".into()),
        ("proc", "/proc/self/root/etc/passwd".into()),
        ("back", workspace.join("inside.txt")),
        ("loop", "loop".into()),
    ] {
        symlink(target, workspace.join(name)).unwrap();
        refused(&bridge, &json!({ "action": "read", "file": name }));
    }
    symlink("..", workspace.join("up")).unwrap();
    symlink("/", workspace.join("root")).unwrap();
    for file in ["up/outside.txt", "root/etc/passwd", "root/proc/self/environ"] {
        refused(&bridge, &json!({ "action": "read", "file": file }));
    }
    refused(&bridge, &json!({ "action": "list", "path": "up" }));
    refused(&bridge, &json!({ "action": "edit-file", "filename": "up/new.txt" }));
}

#[test]
fn a_file_is_a_file_and_a_directory_a_directory() {
    let bridge = bridge();
    refused(&bridge, &json!({ "action": "read", "file": "dir" }));
    refused(&bridge, &json!({ "action": "list", "path": "inside.txt" }));
    let fifo = bridge.site().workspace().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(fifo).status().unwrap().success());
    refused(&bridge, &json!({ "action": "read", "file": "fifo" }));
}

#[test]
fn without_a_volume_the_refusal_says_how_to_make_one() {
    let site = Site::new();
    let secrets = site.home().join("secrets.json");
    let bridge = site.start_by(&format!("ccc-server --secrets {} --port 0", secrets.display()));
    let problem = bridge
        .submit("agent", &json!({ "action": "edit-file", "filename": "a" }))
        .refused(422, ProblemType::InvalidParameter);
    assert!(problem.detail.contains("--volume /workspace=DIR"), "{}", problem.detail);
}

#[test]
fn what_changed_since_it_was_shown_is_not_run() {
    let bridge = bridge();
    let workspace = bridge.site().workspace();
    let ask = || bridge.submit("agent", &json!({ "action": "read-later", "file": "inside.txt" })).ticket();

    let ticket = ask();
    fs::write(workspace.join("inside.txt"), "something else").unwrap();
    bridge.approve("user", &ticket).ticket();
    let ended = bridge.end_of("agent", ticket.id);
    assert_eq!((ended.status, ended.result), (Status::Failed, None), "another content");

    let ticket = ask();
    fs::remove_file(workspace.join("inside.txt")).unwrap();
    symlink("../outside.txt", workspace.join("inside.txt")).unwrap();
    bridge.approve("user", &ticket).ticket();
    let ended = bridge.end_of("agent", ticket.id);
    assert_eq!((ended.status, ended.result), (Status::Failed, None), "a link that leaves the volume");
}

/// How long the directory is swapped at least; `CCC_SWAP_SECONDS=60` is the long form.
fn swap_for() -> Duration {
    let given = std::env::var("CCC_SWAP_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(given.unwrap_or(0))
}

#[test]
fn swapping_a_directory_for_a_link_while_it_is_listed_never_shows_the_outside() {
    let bridge = bridge();
    let (home, workspace) = (bridge.site().home().to_owned(), bridge.site().workspace());
    let (real, link, name) = (home.join("real"), home.join("link"), workspace.join("swapped"));
    fs::create_dir(&real).unwrap();
    fs::write(real.join("inner.txt"), "").unwrap();
    symlink(&home, &link).unwrap();
    fs::rename(&real, &name).unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = fs::rename(&name, &real).and_then(|()| fs::rename(&link, &name));
                let _ = fs::rename(&name, &link).and_then(|()| fs::rename(&real, &name));
            }
        });
        let (mut asked, mut listed, until) = (0, 0, Instant::now() + swap_for());
        while asked < 60 || Instant::now() < until {
            asked += 1;
            let reply = bridge.submit("agent", &json!({ "action": "list", "path": "swapped" }));
            if reply.status == 422 {
                continue;
            }
            let ended = bridge.end_of("agent", reply.ticket().id);
            let shown =
                ended.result.map(|result| result["stdout"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
            assert!(
                !shown.contains("secrets.json") && !shown.contains("outside.txt"),
                "the outside was listed: {shown}"
            );
            listed += usize::from(ended.status == Status::Succeeded);
        }
        over.store(true, Ordering::Relaxed);
        println!("{listed} of {asked} were listed");
    });
}

#[test]
fn a_volume_whose_directory_was_replaced_is_not_read_until_it_is_back() {
    let bridge = bridge();
    let (home, workspace) = (bridge.site().home(), bridge.site().workspace());
    fs::rename(&workspace, home.join("moved")).unwrap();
    symlink(home, &workspace).unwrap();
    for file in ["secrets.json", "outside.txt", "moved/inside.txt"] {
        let ask = json!({ "action": "read", "file": file });
        let problem = bridge.submit("agent", &ask).refused(503, ProblemType::Unavailable);
        assert!(problem.detail.contains("`/workspace`"), "{}", problem.detail);
    }
    fs::remove_file(&workspace).unwrap();
    fs::rename(home.join("moved"), &workspace).unwrap();
    assert_eq!(reads(&bridge, "inside.txt"), "hello");
}

#[test]
fn a_volume_that_holds_the_secrets_is_refused_at_start() {
    let site = Site::new();
    for (volume, what) in [("/workspace=.", "the secrets"), ("/workspace=workspace", "")] {
        let line = format!("ccc-server --secrets secrets.json --port 0 --volume {volume} --check");
        let output = site.shell(&line).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        match what {
            "" => assert_eq!(output.status.code(), Some(0), "{said}"),
            _ => assert!(output.status.code() == Some(2) && said.contains(what), "{said}"),
        }
    }
}
