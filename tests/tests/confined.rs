//! An action of the owner's reaches what its paths lie in and what its declaration adds, whatever happens to a path after it was
//! checked.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use ccc_protocol::bodies::{Confined, Plan, Preview, Status, Ticket};
use ccc_tests::{
    bridge::{Bridge, Site},
    site::program,
};
use serde_json::{Value, json};

/// Levels that can be had here. The others are said not to have run.
fn levels() -> Vec<Confined> {
    let output = Command::new(program("ccc-confine")).arg("probe").output().unwrap();
    let probed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let levels = [Confined::Full, Confined::Files].into_iter().filter(|level| probed[level.word()].is_null());
    let levels: Vec<Confined> = levels.collect();
    if levels.len() < 2 {
        eprintln!("NOT RUN at every level: {probed}");
    }
    levels
}

/// The value of `confined` for a level.
fn word(level: Confined) -> String {
    format!("\"{}\"", level.word())
}

/// A home with a secret beside the volume, and a file and a directory in it.
fn site() -> Site {
    let site = Site::new();
    fs::create_dir_all(site.home().join("beside")).unwrap();
    fs::write(site.home().join("beside/note"), "the owner's secret").unwrap();
    fs::create_dir(site.workspace().join("dir")).unwrap();
    fs::write(site.workspace().join("dir/note"), "an agent's note").unwrap();
    site
}

fn stdout(ticket: &Ticket) -> &str {
    ticket.result.as_ref().unwrap()["stdout"].as_str().unwrap()
}

/// A program that waits for a word before it opens the file it was given, so that the exchange comes after every check.
fn late_reader(home: &Path, confined: &str) -> String {
    let home = home.display();
    format!(
        "[actions.read]\npolicy = \"auto-accept\"\nparams.file = {{ type = \"path\", kind = \"file\", required = true }}\n\
         run = [\"sh\", \"-c\", \"echo ready >'{home}/gate/ready'; until [ -e '{home}/gate/go' ]; do sleep 0.02; done; cat \\\"$1\\\"\", \"late\", \"{{file}}\"]\n\
         {confined}\n"
    )
}

/// What the agent reads when it exchanges a directory for a link between the last check and the opening.
fn read_after_an_exchange(confined: impl Fn(&str) -> String) -> Ticket {
    let site = site();
    let home = fs::canonicalize(site.home()).unwrap();
    fs::create_dir(home.join("gate")).unwrap();
    let gate = home.join("gate").display().to_string();
    let config = late_reader(&home, &confined(&gate));
    let bridge = site.config(config).start();
    let workspace = home.join("workspace");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bridge.until("the program waits", || home.join("gate/ready").exists().then_some(()));
            fs::rename(workspace.join("dir"), workspace.join("away")).unwrap();
            symlink(home.join("beside"), workspace.join("dir")).unwrap();
            fs::write(home.join("gate/go"), "now\n").unwrap();
        });
        bridge.run("agent", &json!({ "action": "read", "file": "dir/note" }))
    })
}

#[test]
fn a_directory_that_is_exchanged_after_the_check_leads_nowhere() {
    let open = read_after_an_exchange(|_| "confined = false".to_owned());
    assert_eq!(stdout(&open), "the owner's secret", "without confinement the attack succeeds, so it is one");
    for level in levels() {
        let given = |gate: &str| format!("confined = {}\nallow_write = [\"{gate}\"]", word(level));
        let ticket = read_after_an_exchange(given);
        assert!(!stdout(&ticket).contains("secret"), "{level:?} {ticket:?}");
        assert_eq!(ticket.status, Status::Failed, "{level:?} {ticket:?}");
    }
}

/// The attack as an agent makes it: exchanges in a loop, and asks again and again.
#[test]
fn exchanges_in_a_loop_show_nothing_of_the_outside() {
    let attack_seconds = 3;
    for level in levels() {
        let site = site();
        let workspace = fs::canonicalize(site.workspace()).unwrap();
        symlink(fs::canonicalize(site.home()).unwrap().join("beside"), workspace.join("link")).unwrap();
        let config = format!(
            "[actions.read]\npolicy = \"auto-accept\"\nparams.file = {{ type = \"path\", kind = \"file\", required = true }}\n\
             run = [\"cat\", \"{{file}}\"]\nconfined = {}\n",
            word(level)
        );
        let bridge = site.config(config).start();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let read = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    exchange(&workspace.join("dir"), &workspace.join("link"));
                }
            });
            let began = Instant::now();
            let mut read = vec![];
            while began.elapsed() < Duration::from_secs(attack_seconds) {
                let reply = bridge.submit("agent", &json!({ "action": "read", "file": "dir/note" }));
                if let Ok(ticket) = serde_json::from_slice::<Ticket>(&reply.body) {
                    let ended = bridge.end_of("agent", ticket.id);
                    read.extend(ended.result.map(|result| result.to_string()));
                }
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            read
        });
        assert!(read.iter().any(|result| result.contains("an agent's note")), "{level:?}: nothing was ever read");
        assert!(!read.iter().any(|result| result.contains("secret")), "{level:?}");
    }
}

fn exchange(one: &Path, other: &Path) {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

const WRITER: &str = r#"
policy = "auto-accept"
params.path = { type = "path", kind = "dir", required = true }
dir = "path"
run = ["sh", "-c", "echo written >new && cat new"]
"#;

#[test]
fn what_it_reads_it_does_not_write_unless_its_declaration_says_so() {
    for level in levels() {
        let (confined, bridge) = (word(level), site());
        let config = format!(
            "[actions.keeps]\nconfined = {confined}{WRITER}\n[actions.writes]\nconfined = {confined}\nallow_write = [\"{{path}}\"]{WRITER}"
        );
        let bridge = bridge.config(config).start();
        let keeps = bridge.run("agent", &json!({ "action": "keeps", "path": "dir" }));
        assert_eq!(keeps.status, Status::Failed, "{keeps:?}");
        assert!(!bridge.site().workspace().join("dir/new").exists());
        let writes = bridge.run("agent", &json!({ "action": "writes", "path": "dir" }));
        assert_eq!((writes.status, stdout(&writes)), (Status::Succeeded, "written\n"), "{writes:?}");
        assert!(bridge.site().workspace().join("dir/new").exists());
    }
}

#[test]
fn it_has_a_home_and_a_place_for_temporary_files_of_its_own_and_leaves_nothing_there() {
    for level in levels() {
        let script =
            "cat ~/beside/note 2>/dev/null; echo home >~/x && echo tmp >$TMPDIR/x && cat ~/x $TMPDIR/x; basename $HOME";
        let config = format!(
            "[actions.own]\npolicy = \"auto-accept\"\nrun = [\"sh\", \"-c\", '{script}']\nconfined = {}\n",
            word(level)
        );
        let bridge = site().config(config).start();
        let ticket = bridge.run("agent", &json!({ "action": "own" }));
        assert!(stdout(&ticket).starts_with("home\ntmp\n"), "{ticket:?}");
        assert!(!bridge.site().home().join("x").exists());
        if level == Confined::Files {
            let own = std::env::temp_dir().join(stdout(&ticket).lines().last().unwrap());
            assert!(own.file_name().unwrap().to_string_lossy().starts_with("ccc-run-"), "{own:?}");
            bridge.until("the directories of the run are gone", || (!own.exists()).then_some(()));
        }
    }
}

#[test]
fn the_network_is_there_where_the_declaration_says_so() {
    for level in levels() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connect = format!("import socket; socket.create_connection((\"127.0.0.1\", {port}), 5)");
        let action = |name: &str, more: &str| {
            format!(
                "[actions.{name}]\npolicy = \"auto-accept\"\nrun = [\"/usr/bin/python3\", \"-c\", '{connect}']\nconfined = {}\n{more}\n",
                word(level)
            )
        };
        let config = action("offline", "") + &action("online", "network = true");
        let bridge = site().config(config).start();
        assert_eq!(bridge.run("agent", &json!({ "action": "offline" })).status, Status::Failed);
        let online = bridge.run("agent", &json!({ "action": "online" }));
        assert_eq!(online.status, Status::Succeeded, "{online:?}");
    }
}

/// Whoever adds the home that they lie in.
#[test]
fn the_bridges_own_files_are_never_given() {
    for level in levels() {
        let site = site();
        let home = fs::canonicalize(site.home()).unwrap();
        let read = |name: &str, file: &str| {
            let (home, confined) = (home.display(), word(level));
            format!(
                "[actions.{name}]\npolicy = \"auto-accept\"\nrun = [\"sh\", \"-c\", \"cat {home}/{file} 2>/dev/null\"]\nconfined = {confined}\nallow_read = [\"{home}\"]\n"
            )
        };
        let files = [
            ("note", "beside/note"),
            ("secrets", "secrets.json"),
            ("config", "config.toml"),
            ("data", "data/ccc.db"),
            ("key", "audit.key"),
        ];
        let config: String = files.iter().map(|(name, file)| read(name, file)).collect();
        let bridge = site.config(config).start();
        for (name, file) in files {
            assert!(home.join(file).exists(), "{file}");
            let ticket = bridge.run("agent", &json!({ "action": name }));
            assert_eq!(ticket.status == Status::Succeeded, name == "note", "{level:?} {ticket:?}");
        }
    }
}

#[test]
fn what_it_reaches_is_shown_to_whoever_decides_and_told_by_list_and_explain() {
    let Some(level) = levels().first().copied() else { return };
    let config = format!(
        "[actions.build]\npolicy = \"queue\"\nparams.path = {{ type = \"path\", kind = \"dir\", required = true }}\n\
         run = [\"true\", \"{{path}}\"]\nconfined = {}\nallow_read = [\"~/.cargo\"]\nallow_write = [\"{{path}}\"]\nnetwork = true\n\
         [actions.open]\npolicy = \"queue\"\nrun = [\"true\"]\nconfined = false\n",
        word(level)
    );
    let bridge = site().config(config).start();
    let reply = bridge.submit("agent", &json!({ "action": "build", "path": "dir" }));
    let ticket: Ticket = serde_json::from_slice(&reply.body).unwrap();
    let preview: Preview =
        serde_json::from_slice(&bridge.get("user", &format!("/queue/{}/preview", ticket.id)).body).unwrap();
    let Plan::Run { confined: Some(reach), .. } = preview.plan else { panic!("{:?}", preview.plan) };
    let workspace = fs::canonicalize(bridge.site().workspace()).unwrap().display().to_string();
    assert_eq!(reach.level, level);
    assert_eq!(reach.read, [workspace.clone(), "~/.cargo".to_owned()]);
    assert_eq!(reach.write, [format!("{workspace}/dir")]);
    assert!(reach.network);
    let listed: Value = serde_json::from_slice(&bridge.get("agent", "/actions").body).unwrap();
    let told = |name: &str| {
        let actions = listed["actions"].as_array().unwrap();
        actions.iter().find(|action| action["action"] == name).unwrap()["confined"].clone()
    };
    assert_eq!((told("build"), told("open"), told("open-browser")), (json!(level.word()), json!("no"), Value::Null));
    let explained = bridge.run("agent", &json!({ "action": "explain", "request": { "action": "open" } }));
    assert_eq!(explained.result.unwrap()["confined"], "no");
}

#[test]
fn a_guess_at_what_was_missing_names_the_key_that_gives_it() {
    for level in levels() {
        let elsewhere = tempfile::tempdir_in("/var/tmp").unwrap();
        let file = fs::canonicalize(elsewhere.path()).unwrap().join("note");
        let config = format!(
            "[actions.reads]\npolicy = \"auto-accept\"\nrun = [\"cat\", \"{}\"]\nconfined = {level}\n\
             [actions.fails]\npolicy = \"auto-accept\"\nrun = [\"sh\", \"-c\", \"echo broken; exit 3\"]\nconfined = {level}\n",
            file.display(),
            level = word(level)
        );
        let bridge = site().config(config).start();
        let told = |name: &str| bridge.run("agent", &json!({ "action": name })).result.unwrap()["confined"].clone();
        assert_eq!(told("reads"), format!("confined: {} may be missing: add it to allow_read", file.display()));
        assert_eq!(told("fails"), Value::Null);
    }
}

/// A child in a session of its own is in no process group that a server could end, and a server that is killed ends nobody.
#[test]
fn a_run_of_a_server_that_was_killed_ends_with_all_that_it_started() {
    let left = Left::by_a_killed_server("confined = false");
    assert!(left.is_there(), "without confinement it lives on, so there is something to end");
    left.let_go();
    for level in levels() {
        let left = Left::by_a_killed_server(&format!("confined = {}\nallow_write = [\"{{path}}\"]", word(level)));
        left.bridge.until("all that was started has ended", || (!left.is_there()).then_some(()));
    }
}

/// What a server has left behind that was killed while an action ran: two processes that each wait for a line of a pipe, which they
/// hold open for both ways.
struct Left {
    bridge: Bridge,
    pipe: PathBuf,
}

impl Left {
    fn by_a_killed_server(confined: &str) -> Self {
        let site = site();
        let dir = fs::canonicalize(site.workspace()).unwrap().join("dir");
        let script = "setsid sh -c \"exec 3<>hold; echo >child; read x <&3\" & exec 3<>hold; echo >parent; read x <&3";
        let config = format!(
            "[actions.stays]\npolicy = \"auto-accept\"\nparams.path = {{ type = \"path\", kind = \"dir\", required = true }}\n\
             dir = \"path\"\nrun = [\"sh\", \"-c\", '{script}']\n{confined}\n"
        );
        assert!(Command::new("mkfifo").arg(dir.join("hold")).status().unwrap().success());
        let mut bridge = site.config(config).start();
        bridge.submit("agent", &json!({ "action": "stays", "path": "dir" }));
        for name in ["child", "parent"] {
            bridge.until("both have started", || dir.join(name).exists().then_some(()));
        }
        bridge.kill();
        Self { bridge, pipe: dir.join("hold") }
    }

    /// Who opens a pipe for writing that nobody holds open for reading is refused.
    fn is_there(&self) -> bool {
        use rustix::fs::{Mode, OFlags, open};
        open(&self.pipe, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()).is_ok()
    }

    fn let_go(&self) {
        fs::write(&self.pipe, "go\ngo\n").unwrap();
        self.bridge.until("they have ended", || (!self.is_there()).then_some(()));
    }
}
