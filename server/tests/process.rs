//! The binary itself: where it says it listens, what it says when it does not start, signals and files that change.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails loudly")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpStream,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::{Duration, Instant},
};

use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::signing::{Key, RequestToSign, Stamp, sign_request};
use rustix::process::{Pid, Signal, kill_process};

/// A server in a home of its own.
struct Server {
    child: Child,
    said: BufReader<ChildStderr>,
    url: String,
}

fn secret(of: char) -> String {
    of.to_string().repeat(64)
}

fn write_secrets(home: &Path, agent: char) -> PathBuf {
    let path = home.join("secrets.json");
    let text = format!(
        r#"{{"users":{{"user":{{"secret":"{}","canApprove":["agent"]}},"agent":{{"secret":"{}"}}}}}}"#,
        secret('u'),
        secret(agent)
    );
    let new = home.join("secrets.new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, &path).unwrap();
    path
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ccc-server"));
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .current_dir(home)
        .args(args)
        .stdin(Stdio::null());
    command
}

fn output(home: &Path, args: &[&str]) -> Output {
    command(home, args).output().unwrap()
}

impl Server {
    fn start(home: &Path, args: &[&str]) -> Self {
        Self::start_by(command(home, args))
    }

    fn start_by(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let mut server = Self { child, said, url: String::new() };
        let line = server.until("listening on ");
        server.url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        server
    }

    /// The next line that holds this text.
    fn until(&mut self, text: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "no `{text}` in\n{all}");
            if line.contains(text) {
                return line;
            }
            all += &line;
        }
    }

    fn exchange(&self, request: &str) -> String {
        let mut answer = String::new();
        match self.url.strip_prefix("unix://") {
            Some(path) => read_all(UnixStream::connect(path).unwrap(), request, &mut answer),
            None => {
                let addr = self.url.strip_prefix("http://").unwrap();
                read_all(TcpStream::connect(addr).unwrap(), request, &mut answer);
            }
        }
        answer
    }

    fn status(&self, request: &str) -> u16 {
        self.exchange(request).split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_all(mut stream: impl std::io::Read + std::io::Write, request: &str, answer: &mut String) {
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_string(answer).unwrap();
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// `GET /queue`, signed as the agent with this secret.
fn queue(agent: char) -> String {
    signed(agent, 0, "GET", "")
}

/// `GET /queue`, or `POST /action` with this body, signed so many seconds ago.
fn signed(agent: char, ago: i64, method: &str, body: &str) -> String {
    signed_by("agent", agent, ago, method, body)
}

fn signed_by(name: &str, secret_of: char, ago: i64, method: &str, body: &str) -> String {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 40);
    let created =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().cast_signed() - ago;
    let nonce = format!("{:x}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let digest = ContentDigest::of(body.as_bytes()).to_string();
    let target = if method == "GET" { "/queue" } else { "/action" };
    let request = RequestToSign {
        method,
        target,
        authority: "localhost",
        content_type: None,
        content_digest: Some(&digest),
        idempotency_key: None,
    };
    let stamp = Stamp { keyid: name, created, nonce: &nonce };
    let signed = sign_request(&Key::new(secret(secret_of).as_bytes()), &request, &stamp);
    let (input, signature, length) = (signed.signature_input, signed.signature, body.len());
    format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Digest: {digest}\r\n\
         Content-Length: {length}\r\nSignature-Input: {input}\r\nSignature: {signature}\r\n\r\n{body}"
    )
}

#[test]
fn it_starts_with_secrets_alone_says_where_it_listens_and_ends_at_sigterm() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let mut server = Server::start(home.path(), &["--secrets", "secrets.json", "--port", "0"]);
    assert!(server.exchange(HEALTH).ends_with(r#"{"status":"ok"}"#));
    assert_eq!(server.status(&queue('a')), 200);
    let mode = |path: &str| fs::metadata(home.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".local/share/ccc"), mode(".config/ccc/audit.key")), (0o700, 0o600));
    server.signal(Signal::TERM);
    assert!(server.child.wait().unwrap().success());
    let mut rest = String::new();
    server.said.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains(&secret('a')), "{rest}");
}

#[test]
fn it_listens_on_a_unix_socket_for_its_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let mut server =
        Server::start(home.path(), &["--secrets", "secrets.json", "--bind", "", "--socket", "run/ccc.sock"]);
    assert!(server.url.starts_with("unix://"), "{}", server.url);
    assert_eq!(server.status(HEALTH), 200);
    assert_eq!(server.status(&queue('a')), 200);
    let socket = home.path().join("run/ccc.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    server.signal(Signal::INT);
    assert!(server.child.wait().unwrap().success());
    assert!(!socket.exists(), "the file goes with the server");
}

#[test]
fn a_changed_secrets_file_counts_at_once_and_a_broken_one_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let mut server = Server::start(home.path(), &["--secrets", "secrets.json", "--port", "0"]);
    write_secrets(home.path(), 'b');
    server.until("reloaded");
    assert_eq!((server.status(&queue('a')), server.status(&queue('b'))), (401, 200));
    fs::write(home.path().join("secrets.json"), "{").unwrap();
    server.until("not reloaded");
    assert_eq!(server.status(&queue('b')), 200);
}

#[test]
fn a_secrets_file_behind_a_link_counts_at_once_whether_its_target_changes_or_the_link() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    for (dir, agent) in [("one", 'a'), ("two", 'b')] {
        fs::create_dir(at(dir)).unwrap();
        write_secrets(&at(dir), agent);
    }
    symlink("one", at("current")).unwrap();
    symlink("current/secrets.json", at("secrets.json")).unwrap();
    let mut server = Server::start(home.path(), &["--secrets", "secrets.json", "--port", "0"]);
    assert_eq!(server.status(&queue('a')), 200);
    write_secrets(&at("one"), 'c');
    server.until("reloaded");
    assert_eq!((server.status(&queue('a')), server.status(&queue('c'))), (401, 200));
    symlink("two", at("next")).unwrap();
    fs::rename(at("next"), at("current")).unwrap();
    server.until("reloaded");
    assert_eq!((server.status(&queue('c')), server.status(&queue('b'))), (401, 200));
    write_secrets(&at("two"), 'd');
    server.until("reloaded");
    assert_eq!((server.status(&queue('b')), server.status(&queue('d'))), (401, 200));
}

#[test]
fn programs_inherit_no_descriptor_that_the_server_was_started_with() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let config = "[actions.inherit]\npolicy = \"auto-accept\"\nrun = [\"sh\", \"-c\", \"echo ran; cat <&9\"]\nconfined = false\n";
    fs::write(home.path().join("config.toml"), config).unwrap();
    let args = ["--config", "config.toml", "--secrets", "secrets.json", "--port", "0"];
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 9<secrets.json; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ccc-server")]).args(args);
    shell.env_clear().envs([("HOME", home.path().to_str().unwrap()), ("PATH", "/usr/bin:/bin")]);
    shell.current_dir(home.path());
    let server = Server::start_by(shell);
    let ask = signed('a', 0, "POST", r#"{"action":"inherit"}"#).replacen("Host:", "Prefer: wait=10\r\nHost:", 1);
    let answer = server.exchange(&ask);
    assert!(answer.contains(r"ran\n") && answer.contains("exit_code"), "{answer}");
    assert!(!answer.contains(&secret('a')) && !answer.contains(&secret('u')), "{answer}");
}

#[test]
fn sighup_reloads() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let mut server = Server::start(home.path(), &["--secrets", "secrets.json", "--port", "0"]);
    server.signal(Signal::HUP);
    server.until("reloaded");
    assert_eq!(server.status(&queue('a')), 200);
}

#[test]
fn a_data_directory_in_use_and_an_address_in_use_are_refused() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let server = Server::start(home.path(), &["--secrets", "secrets.json", "--port", "0"]);
    let same_data = output(home.path(), &["--secrets", "secrets.json", "--port", "0"]);
    assert_eq!(same_data.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&same_data.stderr).contains("in use"), "{same_data:?}");
    let port = server.url.rsplit(':').next().unwrap();
    let same_port = output(home.path(), &["--secrets", "secrets.json", "--port", port, "--data", "other"]);
    assert_eq!(same_port.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&same_port.stderr).contains("--port"), "{same_port:?}");
}

#[test]
fn a_database_of_a_newer_server_is_refused_in_a_sentence_that_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let args = ["--secrets", "secrets.json", "--port", "0", "--data", "data"];
    drop(Server::start(home.path(), &args));
    let database = rusqlite::Connection::open(home.path().join("data/ccc.db")).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    drop(database);
    let refused = output(home.path(), &args);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    let sentence = said.lines().find_map(|line| line.strip_prefix("ccc-server: ")).unwrap();
    assert!(sentence.contains("has schema 999") && sentence.ends_with(": start the newer version"), "{said}");
}

#[test]
fn a_wrong_call_or_an_unfit_file_is_exit_2_and_one_sentence() {
    let home = tempfile::tempdir().unwrap();
    let path = write_secrets(home.path(), 'a');
    for args in [
        &["--prot", "1"][..],
        &["--secrets", "missing.json"],
        &[],
        &["--secrets", "secrets.json", "--bind", "0.0.0.0"],
        &["--check", "--secrets", "missing.json"],
    ] {
        let output = output(home.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("ccc-server: ") && said.lines().count() == 1, "{args:?}: {said}");
        assert!(output.stdout.is_empty());
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = output(home.path(), &["--secrets", "secrets.json"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("chmod 600"));
    let check = output(home.path(), &["--check", "--secrets", "secrets.json"]);
    assert_eq!(check.status.code(), Some(2));
}

#[test]
fn check_help_and_version_print_and_exit_with_0() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    for (args, word) in [
        (&["--check", "--secrets", "secrets.json"][..], "listens on"),
        (&["--help"], "Examples"),
        (&["--version"], "ccc-server 0"),
    ] {
        let output = output(home.path(), args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(word), "{output:?}");
    }
    assert!(!home.path().join(".local").exists(), "nothing was made");
}

#[test]
fn no_restart_makes_a_captured_request_usable_again() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let args = ["--secrets", "secrets.json", "--port", "0"];
    let list = r#"{"action":"list-actions"}"#;
    let (changing, ahead) = (signed('a', 0, "POST", list), signed('a', -20, "POST", list));
    let mut first = Server::start(home.path(), &args);
    assert_eq!(first.status(&changing), 200);
    assert_eq!(first.status(&ahead), 200);
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let second = Server::start(home.path(), &args);
    assert_eq!(second.status(&changing), 401, "made before the start, or its nonce was in its commit");
    assert_eq!(second.status(&ahead), 401, "its nonce was in its commit");
    for method in ["GET", "POST"] {
        assert_eq!(second.status(&signed('a', 10, method, "")), 401, "what was signed before the start is stale");
    }
    assert_eq!(second.status(&signed('a', 0, "GET", "")), 200);
}

/// A server under these limits of `ulimit`, with this config.
fn limited(home: &Path, ulimits: &str, config: &str) -> Server {
    fs::write(home.join("config.toml"), config).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{ulimits}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_ccc-server")]);
    shell.args(["--config", "config.toml", "--secrets", "secrets.json", "--port", "0"]).stdin(Stdio::null());
    shell.env_clear().envs([("HOME", home.to_str().unwrap()), ("PATH", "/usr/bin:/bin")]).current_dir(home);
    Server::start_by(shell)
}

/// The soft limit of open files of a process.
fn open_files(pid: u32) -> u64 {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn the_limit_of_open_files_is_raised_for_the_server_and_not_for_programs() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    // Ends, and so succeeds, once it sees the limit that the server was started with.
    let script = "until [ $(ulimit -Sn) = 96 ]; do :; done; echo sees $(ulimit -Sn)";
    let config = format!(
        "[limits]\ndescriptors_max = 200\n[actions.see]\npolicy = \"auto-accept\"\nrun = [\"sh\", \"-c\", \"{script}\"]\nconfined = false\n"
    );
    let server = limited(home.path(), "ulimit -Sn 96", &config);
    assert_eq!(open_files(server.child.id()), 200, "as far as the config allows, whatever the hard limit is");
    let ask = signed('a', 0, "POST", r#"{"action":"see"}"#).replacen("Host:", "Prefer: wait=30\r\nHost:", 1);
    let answer = server.exchange(&ask);
    assert!(answer.contains("sees 96"), "{answer}");
}

#[test]
fn a_flood_of_strangers_at_a_low_limit_of_open_files_keeps_no_approver_out() {
    const WITHIN: Duration = Duration::from_secs(5);
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    // No time limit makes room: what makes it is that the oldest stranger goes.
    let server = limited(home.path(), "ulimit -n 128", "[limits]\nhead_seconds_max = 3600\n");
    let addr = server.url.strip_prefix("http://").unwrap();
    let mut strangers: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(addr).unwrap()).collect();
    for round in 0..100 {
        strangers.extend((0..3).map(|_| TcpStream::connect(addr).unwrap()));
        let began = Instant::now();
        assert_eq!(server.status(&signed_by("user", 'u', 0, "GET", "")), 200, "round {round}");
        assert!(began.elapsed() < WITHIN, "round {round}: {:?}", began.elapsed());
        strangers.drain(..3);
    }
}

#[test]
fn a_limit_of_file_sizes_ends_no_server() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    // In units of 512 bytes.
    let server = limited(home.path(), "ulimit -f 400", "");
    let list = r#"{"action":"list-actions"}"#;
    let refused = (0..2000).map(|_| server.status(&signed('a', 0, "POST", list))).find(|status| *status != 200);
    assert!(refused.is_some_and(|status| status >= 500), "{refused:?}");
    assert_eq!(server.status(HEALTH), 200, "it still answers");
}

#[test]
fn a_core_dump_shows_no_secret_because_there_is_none() {
    use std::os::unix::process::ExitStatusExt as _;
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let mut server = limited(home.path(), "ulimit -c unlimited || :", "");
    server.signal(Signal::ABORT);
    assert!(!server.child.wait().unwrap().core_dumped());
}

#[test]
fn no_new_audit_key_is_made_beside_a_log_unless_told() {
    let home = tempfile::tempdir().unwrap();
    write_secrets(home.path(), 'a');
    let args = ["--secrets", "secrets.json", "--port", "0"];
    drop(Server::start(home.path(), &args));
    let key = home.path().join(".config/ccc/audit.key");
    let old = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    for checked in [&args[..], &["--check", "--secrets", "secrets.json"]] {
        let refused = output(home.path(), checked);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("--new-audit-key"), "{refused:?}");
        assert!(!key.exists());
    }
    drop(Server::start(home.path(), &[&args[..], &["--new-audit-key"]].concat()));
    assert_ne!(fs::read(&key).unwrap(), old);
}
