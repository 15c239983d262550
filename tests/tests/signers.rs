//! Signers that are not ours: the Python and JavaScript packages `http-message-signatures`, and `curl` with the seed's headers.
//!
//! The packages are installed beside the built tests when they are first needed. A machine without Python, Node or their
//! registries fails here, unless `CCC_TESTS_WITHOUT_PEERS=1` says that this is known.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use ccc_protocol::{legacy, signing::Key};
use ccc_tests::{
    bridge::{Bridge, program, secret},
    wire::now,
};
use serde_json::{Value, json};

const PYTHON_PACKAGE: &str = "http-message-signatures==3.0.0";
const NODE_PACKAGE: &str = "http-message-signatures@1.0.6";

/// Two tests do not install into one place at a time.
static INSTALLING: Mutex<()> = Mutex::new(());

/// A program that signs: its command up to the arguments of the request.
struct Signer(Vec<PathBuf>, PathBuf);

impl Signer {
    /// Status and body of one request.
    fn send(&self, bridge: &Bridge, user: &str, key: &str, request: &[&str]) -> (u16, Value) {
        let (program, script) = self.0.split_first().unwrap();
        let output = Command::new(program)
            .args(script)
            .args([bridge.url(), user, key])
            .args(request)
            .current_dir(&self.1)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (status, body) = text.trim().split_once(' ').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap())
    }
}

/// What cannot be tried here, said loudly: a failure unless the owner of the machine knows.
fn cannot(what: &str, why: &str) {
    eprintln!("NOT TRIED: {what}: {why}");
    let is_known = std::env::var("CCC_TESTS_WITHOUT_PEERS").is_ok_and(|value| value == "1");
    assert!(is_known, "{what} could not be tried ({why}); set CCC_TESTS_WITHOUT_PEERS=1 to go on without");
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// A directory beside the built programs.
fn place(name: &str) -> PathBuf {
    let place = program("ccc-server").parent().unwrap().parent().unwrap().join("signers").join(name);
    fs::create_dir_all(&place).unwrap();
    place
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signers").join(name)
}

fn python() -> Result<Signer, String> {
    let _alone = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let place = place("python");
    let python = place.join("bin/python");
    let has = |python: &Path| run(Command::new(python).args(["-c", "import http_message_signatures"])).is_ok();
    if !has(&python) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PYTHON_PACKAGE]))?;
    }
    Ok(Signer(vec![python, script("sign.py")], place))
}

fn node() -> Result<Signer, String> {
    let _alone = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let place = place("node");
    run(Command::new("node").arg("--version"))?;
    if !place.join("node_modules/http-message-signatures/package.json").exists() {
        fs::write(place.join("package.json"), "{\"private\":true}").unwrap();
        run(Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", NODE_PACKAGE])
            .current_dir(&place))?;
    }
    Ok(Signer(vec!["node".into(), script("sign.mjs")], place))
}

/// What any signer has to be able to do.
fn does_the_main_job(signer: &Signer) {
    let bridge = Bridge::start();
    let page = json!({ "action": "open-browser", "url": "https://example.com/" }).to_string();
    let agent = secret("agent");
    let (status, ticket) = signer.send(&bridge, "agent", &agent, &["POST", "/action", &page]);
    assert_eq!((status, &ticket["status"]), (202, &json!("queued")), "{ticket}");
    let (status, queue) = signer.send(&bridge, "user", &secret("user"), &["GET", "/queue?after=0&limit=10"]);
    assert_eq!((status, &queue["tickets"][0]["id"]), (200, &ticket["id"]), "{queue}");
    let target = format!("/queue/{}/deny", ticket["id"].as_str().unwrap());
    let (status, denied) = signer.send(&bridge, "user", &secret("user"), &["POST", &target, r#"{"reason":"no"}"#]);
    assert_eq!((status, &denied["decided_by"]), (200, &json!("user")), "{denied}");
    let (status, problem) = signer.send(&bridge, "agent", &secret("other"), &["POST", "/action", &page]);
    assert_eq!((status, &problem["type"]), (401, &json!("urn:ccc:unauthenticated")), "a wrong key is a wrong key");
}

#[test]
fn the_python_package_signs_requests_that_the_bridge_takes() {
    match python() {
        Ok(signer) => does_the_main_job(&signer),
        Err(why) => cannot("the PyPI package http-message-signatures", &why),
    }
}

#[test]
fn the_npm_package_signs_requests_that_the_bridge_takes() {
    match node() {
        Ok(signer) => does_the_main_job(&signer),
        Err(why) => cannot("the npm package http-message-signatures", &why),
    }
}

/// `curl` with the seed's headers, `later` milliseconds from now.
fn curl(bridge: &Bridge, method: &str, target: &str, body: &str, later: i64) -> Result<u16, String> {
    let timestamp = (now() * 1000 + later).to_string();
    let signature = legacy::sign(&Key::new(secret("agent").as_bytes()), &timestamp, body.as_bytes());
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--output", "-", "--write-out", "\n%{http_code}", "--max-time", "60", "--request", method]);
    for field in [
        "X-Conduit-User: agent".to_owned(),
        format!("X-Conduit-Timestamp: {timestamp}"),
        format!("X-Conduit-Signature: {signature}"),
    ] {
        command.args(["--header", &field]);
    }
    if !body.is_empty() {
        command.args(["--header", "Content-Type: application/json", "--data-binary", body]);
    }
    let output = run(command.arg(format!("{}{target}", bridge.url())))?;
    let text = String::from_utf8(output.stdout).unwrap();
    Ok(text.lines().last().unwrap().parse().unwrap())
}

#[test]
fn curl_with_the_seeds_headers_asks_and_reads_the_queue_where_the_owner_said_so_and_decides_nothing() {
    if let Err(why) = run(Command::new("curl").arg("--version")) {
        return cannot("curl", &why);
    }
    let page = json!({ "action": "open-browser", "url": "https://example.com/" }).to_string();
    let closed = Bridge::start();
    assert_eq!(curl(&closed, "POST", "/action", &page, 0), Ok(401), "off unless asked for");
    let bridge = Bridge::with_config("legacy_signatures = true\n");
    assert!(bridge.heard().contains("legacy_signatures"), "the server warns at start");
    // The window reaches both ways: what is signed a second ahead was not signed before this server began.
    assert_eq!(curl(&bridge, "POST", "/action", &page, 1001), Ok(202));
    assert_eq!(curl(&bridge, "GET", "/queue", "", 1002), Ok(200));
    let id = bridge.get("user", "/queue").json()["tickets"][0]["id"].as_str().unwrap().to_owned();
    for (method, target, body) in [
        ("POST", format!("/queue/{id}/cancel"), "{}"),
        ("POST", format!("/queue/{id}/approve"), "{}"),
        ("GET", format!("/queue/{id}"), ""),
        ("GET", "/audit".to_owned(), ""),
    ] {
        assert_eq!(curl(&bridge, method, &target, body, 1003), Ok(401), "{method} {target}");
    }
    let permission = r#"{"action":"set-mail-permission","target_user":"agent","to":"a@example.com","allow":true}"#;
    assert_eq!(curl(&bridge, "POST", "/action", permission, 1004), Ok(403));
    assert_eq!(curl(&bridge, "POST", "/action", &page, -40_000), Ok(401), "too old");
}
