//! What a config may say, and what each mistake is answered with.

mod programs;

use ccc_protocol::bodies::{Policy, Risk};
use proptest::prelude::*;

use super::{Bind, Password, Security, missing_programs, read, read_seed_json, read_seed_overrides, starter};
use crate::{
    catalogue::{Catalogue, Effect, Kind},
    law::Law,
    limits::Limits,
    user::Users,
    volume::Volumes,
};

fn law(text: &str) -> Law {
    let config = read(text).unwrap_or_else(|error| panic!("{error}"));
    config.law(Users::default(), Volumes::default(), |name| Some(format!("/usr/bin/{name}"))).unwrap()
}

/// The example of the documentation, with every table.
const WHOLE: &str = r#"
bind = "::1"
port = 4000
socket = "/run/user/1000/ccc/ccc.sock"
socket_mode = "0660"
socket_group = "agents"
hosts = ["bridge.example"]
allow_remote = true
secrets = "secrets.json"
data = "data"
mail_perms = "mail-perms.json"
legacy_signatures = true
default_volume = "/home/claude"

[volumes]
"/workspace" = "~/agent/workspace"
"/home/claude" = "~/agent/claude-home"
"/a" = "/z"

[desktop]
editor = ["code", "{path}"]
browser = ["xdg-open", "{url}"]
terminal = ["x-terminal-emulator"]

[limits]
body_bytes_max = 1000

[smtp]
host = "mail.example.com"
port = 2525
security = "tls"
user = "agent"
password_file = "smtp-password"
from = "agent@example.com"

[audit]
key_file = "audit.key"
checkpoint_file = "/var/log/ccc"
checkpoint_command = ["logger", "-t", "ccc"]
checkpoint_every = "5m"

[actions.run-tests]
description = "Run the tests of a project in the workspace"
group = "build"
policy = "queue"
floor = "queue"
params.path   = { type = "path", kind = "dir", required = true }
params.filter = { type = "string", pattern = "[a-z0-9_:]{1,80}" }
params.a      = { type = "bool" }
run = ["cargo", "test", "--manifest-path", "{path}/Cargo.toml", "{filter?}"]
timeout = "10m"
risk = "high"
irreversible = true
start_seconds_max = 5

[actions.open-browser]
floor = "auto-deny"

[actions.edit-file]
policy = "queue"
group = "files"

[[rule]]
name = "docs need no question"
action = ["open-browser"]
caller = ["agent*"]
where.url.host = ["docs.rs", "*.rust-lang.org"]
policy = "auto-accept"

[[rule]]
name = "tests need a reason"
action = ["run-*"]
policy = "queue"
approve = { role = "dba", count = 2, justification = true, expires = "10m", grant_max = "15m" }
"#;

#[test]
fn every_key_is_read() {
    let config = read(WHOLE).unwrap();
    assert_eq!((config.bind, config.port), (Some(Bind::At("::1".parse().unwrap())), Some(4000)));
    assert_eq!((config.socket_mode, config.socket_group.as_deref()), (Some(0o660), Some("agents")));
    assert_eq!(
        (config.hosts.as_slice(), config.allow_remote, config.legacy_signatures),
        (&["bridge.example".to_owned()][..], true, true)
    );
    assert_eq!(
        (config.secrets.as_deref(), config.data.as_deref(), config.mail_perms.as_deref()),
        (Some("secrets.json"), Some("data"), Some("mail-perms.json"))
    );
    assert_eq!(config.limits, Limits { body_bytes_max: 1000, ..Limits::default() });
    let smtp = config.smtp.unwrap();
    assert_eq!(
        (smtp.port, smtp.security, smtp.password),
        (Some(2525), Security::Tls, Some(Password::File("smtp-password".to_owned())))
    );
    assert_eq!((config.audit.checkpoint_seconds, config.audit.key_file.as_deref()), (Some(300), Some("audit.key")));
}

#[test]
fn an_empty_file_is_a_config_with_every_default() {
    let config = read("").unwrap();
    assert_eq!((config.bind, config.port, config.secrets.as_deref(), config.allow_remote), (None, None, None, false));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(law("").catalogue.iter().count(), Catalogue::built_in().iter().count());
}

#[test]
fn volumes_and_parameters_keep_the_order_of_the_file() {
    let containers: Vec<_> = read(WHOLE).unwrap().volumes.into_iter().map(|(container, _)| container).collect();
    assert_eq!(containers, ["/workspace", "/home/claude", "/a"]);
    let law = law(WHOLE);
    let params: Vec<_> =
        law.catalogue.named("run-tests").unwrap().params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!(params, ["path", "filter", "a"]);
}

#[test]
fn a_declared_action_is_as_written() {
    let law = law(WHOLE);
    let action = law.catalogue.named("run-tests").unwrap();
    assert_eq!(
        (action.policy, action.floor, action.risk, action.irreversible),
        (Policy::Queue, Some(Policy::Queue), Risk::High, true)
    );
    assert_eq!((action.group.as_str(), action.start_seconds_max), ("build", Some(5)));
    let Effect::Run(command) = &action.effect else { panic!("{:?}", action.effect) };
    assert_eq!((command.program.as_str(), command.timeout_seconds), ("/usr/bin/cargo", 600));
    let Kind::Path(path) = &action.params[0].kind else { panic!() };
    assert_eq!(path.suffixes, ["Cargo.toml"]);
}

#[test]
fn built_in_actions_take_settings_and_nothing_else() {
    let law = law(WHOLE);
    let edit = law.catalogue.named("edit-file").unwrap();
    assert_eq!((edit.policy, edit.group.as_str(), edit.params.len()), (Policy::Queue, "files", 1));
    // A floor lifts a looser policy that nobody wrote.
    assert_eq!(law.catalogue.named("open-browser").unwrap().policy, Policy::AutoDeny);
    let before = Catalogue::built_in();
    assert_ne!(edit.declaration, before.named("edit-file").unwrap().declaration);
}

#[test]
fn a_program_that_is_nowhere_stays_a_bare_name_and_is_told() {
    let config = read("[actions.a]\nrun = [\"nowhere\"]\n[desktop]\neditor = [\"vi\"]").unwrap();
    let law = config
        .law(Users::default(), Volumes::default(), |name| (name != "nowhere").then(|| format!("/bin/{name}")))
        .unwrap();
    assert_eq!(missing_programs(&law), [("action `a`".to_owned(), "nowhere".to_owned())]);
    // A path is never kept unfound: what lies in a volume must not become runnable.
    let config = read("[actions.a]\nrun = [\"/volume/x\"]").unwrap();
    let error = config.law(Users::default(), Volumes::default(), |_| None).unwrap_err().to_string();
    assert!(error.starts_with("line 1, ") && error.contains("`/volume/x`") && error.contains("volume"), "{error}");
}

#[test]
fn every_mistake_says_where_it_is_and_what_to_write() {
    let action = |body: &str| format!("port = 1\n[actions.a]\n{body}\n");
    let param = |param: &str| action(&format!("params.p = {param}\nrun = [\"x\"]"));
    for (text, line, hints) in [
        ("prot = 1".to_owned(), 1, vec!["unknown key `prot`", "`port`"]),
        (action("run = [\"x\"]\nconfined = \"much\""), 2, vec!["`confined`", "`\"files\"`"]),
        (action("run = [\"x\"]\nconfined = false\nnetwork = true"), 2, vec!["`network`", "`confined = false`"]),
        (action("run = [\"x\"]\nallow_read = [\"here\"]"), 2, vec!["`allow_read`", "`here`", "absolute"]),
        (action("run = [\"x\"]\nallow_read = [\"~\"]"), 2, vec!["`~`"]),
        (action("run = [\"x\"]\nallow_write = [\"/\"]"), 2, vec!["`/`"]),
        (action("run = [\"x\"]\nallow_write = [\"/a/../etc\"]"), 2, vec!["`/a/../etc`"]),
        (action("run = [\"x\"]\nallow_write = [\"{p}\"]"), 2, vec!["`{p}`", "path parameter"]),
        ("[actions.edit-file]\nnetwork = true".to_owned(), 1, vec!["built in"]),
        ("port = \"x\"".to_owned(), 1, vec!["invalid type"]),
        ("port = 1\nport = 2".to_owned(), 2, vec!["duplicate"]),
        ("a = ".to_owned(), 1, vec!["expected"]),
        ("bind = \"here\"".to_owned(), 1, vec!["`here`", "`127.0.0.1`"]),
        ("socket_mode = \"rw\"".to_owned(), 1, vec!["`\"0660\"`"]),
        ("socket_mode = \"1777\"".to_owned(), 1, vec!["octal"]),
        ("[limits]\nqueue_max = 1".to_owned(), 2, vec!["unknown key `queue_max`", "`queued_max`"]),
        ("[limits]\nqueued_max = -1".to_owned(), 2, vec!["-1"]),
        ("[volumes]\nworkspace = \"/x\"".to_owned(), 2, vec!["`workspace`", "absolute"]),
        ("[volumes]\n\"/a\" = \"\"".to_owned(), 2, vec!["`/a`"]),
        ("[desktop]\neditor = []".to_owned(), 2, vec!["`desktop.editor`"]),
        ("[desktop]\neditor = [\"vi\", \"{file}\"]".to_owned(), 2, vec!["`{path}`"]),
        ("[smtp]\nhost = \"x\"\nfrom = \"a@b\"\nuser = \"u\"".to_owned(), 1, vec!["`smtp.password_file`"]),
        (
            "[smtp]\nhost = \"x\"\nfrom = \"a@b\"\nuser = \"u\"\npassword_file = \"p\"\nsecurity = \"none\"".to_owned(),
            1,
            vec!["readable"],
        ),
        ("[smtp]\nhost = \"x\"".to_owned(), 1, vec!["missing key `from`"]),
        ("[audit]\ncheckpoint_every = \"often\"".to_owned(), 2, vec!["`often`", "`10m`"]),
        (action("run = []"), 2, vec!["`run` is empty"]),
        (action("policy = \"queue\""), 2, vec!["it has no `run`"]),
        (action("run = [\"x\"]\npolicy = \"maybe\""), 4, vec!["`maybe`", "`auto-accept`"]),
        (
            action("run = [\"x\"]\npolicy = \"auto-accept\"\nfloor = \"queue\""),
            2,
            vec!["looser", "`policy = \"queue\"`"],
        ),
        (action("run = [\"x\"]\ntimeout = \"soon\""), 2, vec!["`soon`", "`10m`"]),
        (action("run = [\"x\"]\ntimeout = \"0s\""), 2, vec!["`timeout` is 0"]),
        (action("run = [\"x\"]\ngroup = \"A B\""), 2, vec!["`A B`"]),
        (action("run = [\"x\", \"{p}\"]"), 2, vec!["`p`", "add `params.p`"]),
        (action("run = [\"x\", \"{p\"]"), 2, vec!["`{name}`"]),
        (action("run = [\"{p}\"]"), 2, vec!["no program"]),
        (action("run = [\"./x\"]"), 2, vec!["absolute path"]),
        (action("params.p = { type = \"string\" }\nrun = [\"x\", \"{p}\"]"), 2, vec!["`{p?}`", "`required`"]),
        (
            action("params.p = { type = \"string\", required = true }\nrun = [\"sh\", \"-c\", \"echo {p}\"]"),
            2,
            vec!["script", "`\"$1\"`"],
        ),
        (
            action(
                "params.p = { type = \"string\", required = true }\nrun = [\"env\", \"/bin/bash\", \"-lc\", \"{p}\"]",
            ),
            2,
            vec!["script"],
        ),
        (
            action(
                "params.p = { type = \"list\", items = { type = \"bool\" }, required = true }\nrun = [\"x\", \"--p={p}\"]",
            ),
            2,
            vec!["stands alone"],
        ),
        (
            action(
                "params.p = { type = \"path\", required = true }\nparams.q = { type = \"string\", required = true }\nrun = [\"x\", \"{p}{q}\"]",
            ),
            2,
            vec!["right behind a path"],
        ),
        (
            action(
                "params.p = { type = \"path\", required = true }\nparams.q = { type = \"string\", required = true }\nrun = [\"x\", \"{p}/{q}\"]",
            ),
            2,
            vec!["plain fixed path"],
        ),
        (
            action(
                "params.p = { type = \"path\", required = true }\nparams.q = { type = \"string\", required = true }\nrun = [\"x\", \"{p}/a{q}\"]",
            ),
            2,
            vec!["plain fixed path"],
        ),
        (
            action("params.p = { type = \"path\", required = true }\nrun = [\"x\", \"{p}/../y\"]"),
            2,
            vec!["plain fixed path"],
        ),
        (
            action("params.p = { type = \"path\", required = true }\nrun = [\"x\", \"{p}.bak\"]"),
            2,
            vec!["another path"],
        ),
        (
            action("params.p = { type = \"path\", required = true }\nrun = [\"x\"]\ndir = \"p\""),
            2,
            vec!["`dir` is `p`", "`kind = \"dir\"`"],
        ),
        (param("{ type = \"text\" }"), 3, vec!["`text`", "`string`"]),
        (param("{ }"), 3, vec!["missing key `type`"]),
        (param("{ type = \"bool\", min = 1 }"), 3, vec!["`min`", "`bool`"]),
        (param("{ type = \"string\", patern = \"a\" }"), 3, vec!["unknown key `patern`", "`pattern`"]),
        (param("{ type = \"string\", pattern = \"(\" }"), 3, vec!["`pattern`", "unclosed group"]),
        (param("{ type = \"integer\", min = 2, max = 1 }"), 3, vec!["`min` 2 is above `max` 1"]),
        (param("{ type = \"enum\" }"), 3, vec!["`values = [\"a\", \"b\"]`"]),
        (param("{ type = \"path\", kind = \"folder\" }"), 3, vec!["`folder`", "`dir`"]),
        (param("{ type = \"path\", content = true }"), 3, vec!["`kind = \"file\"`"]),
        (param("{ type = \"url\", schemes = [\"file\"] }"), 3, vec!["`file`"]),
        (param("{ type = \"url\", schemes = [\"https:\"] }"), 3, vec!["without the colon"]),
        (param("{ type = \"list\" }"), 3, vec!["`items = { type = \"string\" }`"]),
        (
            param("{ type = \"list\", items = { type = \"list\", items = { type = \"bool\" } } }"),
            3,
            vec!["list of lists"],
        ),
        (param("{ type = \"bool\", required = true, default = true }"), 3, vec!["exclude each other"]),
        ("[actions.a]\nparams.action = { type = \"bool\" }\nrun = [\"x\"]".to_owned(), 2, vec!["parameter `action`"]),
        ("[actions.Aa]\nrun = [\"x\"]".to_owned(), 1, vec!["an action name", "`Aa`"]),
        ("[actions.edit-file]\nrun = [\"x\"]".to_owned(), 1, vec!["built in", "another name"]),
        ("[actions.edit-file]\nparams.x = { type = \"bool\" }".to_owned(), 1, vec!["built in"]),
        ("[[rule]]\nname = \"r\"\naction = \"*\"".to_owned(), 1, vec!["missing key `policy`"]),
        (
            "port = 1\n[[rule]]\nname = \"r\"\naction = \"open-browser\"\npolicy = \"queue\"\nwhere.uri.host = \"x\""
                .to_owned(),
            2,
            vec!["rule `r`", "`uri`", "url"],
        ),
    ] {
        let error = read(&text).expect_err(&text).to_string();
        assert!(error.starts_with(&format!("line {line}, column ")), "{text}\n→ {error}");
        for hint in hints {
            assert!(error.contains(hint), "{text}\n→ {error}\n`{hint}` is missing");
        }
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn mistakes_without_a_place_are_told_too() {
    for (text, hint) in [
        ("[limits]\nqueued_max = 0", "`limits.queued_max` is 0"),
        (
            "[actions.a]\nparams.p = { type = \"integer\", max = 3, default = 4 }\nrun = [\"x\"]",
            "action `a`, `default`: parameter `p`",
        ),
        ("[volumes]\n\"/a\" = \"/x\"\n\"/a/\" = \"/y\"", "two volumes lie at `/a`"),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(hint), "{error}");
    }
    assert!(read("[limits]\nrequests_per_minute_max = 0").is_ok());
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let error = read("[actions.b]\nrun = []\n[actions.a]\nrun = [\"./x\"]").unwrap_err();
    let lines: Vec<_> = error.faults.iter().filter_map(|fault| Some(fault.position?.line)).collect();
    assert_eq!(lines, [1, 3]);
}

#[test]
fn a_literal_argument_may_hold_what_a_script_may() {
    assert!(read("[actions.a]\nparams.p = { type = \"string\", required = true }\nrun = [\"sh\", \"-c\", \"echo \\\"$1\\\"\", \"sh\", \"{p}\"]").is_ok());
}

#[test]
fn the_seeds_config_is_read_with_the_seeds_keys() {
    let config = read_seed_json(
        r#"{"secrets":"secrets.json","mail_perms":"perms.json","policy_overrides":"o.json","bind":"0.0.0.0","port":3015,
            "smtp":{"host":"mail.example.com","port":587,"secure":false,"auth":{"user":"u","pass":"topsecret"},"from":"a@b"}}"#,
    )
    .unwrap();
    assert_eq!(
        (config.secrets.as_deref(), config.mail_perms.as_deref(), config.port),
        (Some("secrets.json"), Some("perms.json"), Some(3015))
    );
    assert_eq!(
        (config.bind, config.policy_overrides.as_deref()),
        (Some(Bind::At("0.0.0.0".parse().unwrap())), Some("o.json"))
    );
    let smtp = config.smtp.unwrap();
    assert_eq!(
        (smtp.security, smtp.password.clone()),
        (Security::StartTls, Some(Password::Inline("topsecret".to_owned())))
    );
    assert!(!format!("{smtp:?}").contains("topsecret"));
    let error = read_seed_json("{\n \"secret\": 1}").unwrap_err().to_string();
    assert!(
        error.starts_with("line 2, column ") && error.contains("unknown key `secret`") && error.contains("`secrets`"),
        "{error}"
    );
}

#[test]
fn the_seeds_overrides_become_the_actions_own_policies() {
    let overrides = read_seed_overrides(r#"{"groups":{"email":"disabled","calendar":"disabled"},"actions":{"open-browser":"auto-accept","x":"queue","send-email":"queue"}}"#).unwrap();
    let mut config = read_seed_json("{}").unwrap();
    assert_eq!(config.override_as_seed(&overrides), ["x", "calendar"]);
    let law = config.law(Users::default(), Volumes::default(), |name| Some(format!("/bin/{name}"))).unwrap();
    for (action, policy) in [
        ("open-browser", Policy::AutoAccept),
        ("send-email", Policy::AutoDeny),
        ("get-mail-permissions", Policy::AutoDeny),
        ("edit-file", Policy::AutoAccept),
    ] {
        assert_eq!(law.catalogue.named(action).unwrap().policy, policy, "{action}");
    }
}

#[test]
fn the_starter_config_parses_and_so_does_every_line_it_offers() {
    assert_eq!(read(starter()).unwrap().secrets.as_deref(), Some("secrets.json"));
    let offered: Vec<_> = starter().lines().map(|line| if is_setting(line) { &line[2..] } else { line }).collect();
    let config = read(&offered.join("\n")).unwrap_or_else(|error| panic!("{error}\n{}", offered.join("\n")));
    let law = config.law(Users::default(), Volumes::default(), |name| Some(format!("/bin/{name}"))).unwrap();
    assert!(
        law.catalogue.named("run-tests").is_some()
            && law.rulebook.rules().iter().any(|rule| rule.name == "docs need no question")
            && law.desktop.mail_from.is_some()
    );
}

/// A line that is TOML once its `# ` is gone, not a sentence.
fn is_setting(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("# ") else { return false };
    rest.starts_with(['[', '"']) || rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
}

proptest! {
    #[test]
    fn no_damage_to_a_file_breaks_the_reader(from in 0..WHOLE.len(), length in 0..200_usize, put in "[ -~]{0,8}") {
        let damaged: String = WHOLE.chars().take(from).chain(put.chars()).chain(WHOLE.chars().skip(from + length)).collect();
        if let Err(error) = read(&damaged) {
            prop_assert!(!error.faults.is_empty());
        }
    }
}
