//! What a server refuses to start with, each with the sentence that mends it; and where its settings come from.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of tests fails loudly")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use ccc_core::policy::{LocalTime, Overrides, Question, Ruling, Standing, Weekday, decide};
use ccc_server::parts::{Setup, SetupError, Surroundings, Wishes, report};

/// A home with a secrets file that only its owner can read.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("conf/secrets.json", &secrets("1", "2", r#","canApprove":["agent"]"#), 0o600);
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.0.path()).unwrap().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn around(&self) -> Surroundings {
        Surroundings {
            home: Some(self.path("home")),
            here: self.path("here"),
            path: vec!["/usr/bin".into(), "/bin".into()],
            ..Surroundings::default()
        }
    }

    /// Wishes with a config of this text and the secrets file beside it.
    fn wishes(&self, config: &str) -> Wishes {
        let text = format!("secrets = \"secrets.json\"\ndata = \"../data\"\n{config}");
        Wishes { config: Some(self.write("conf/bridge.toml", &text, 0o600)), ..Wishes::default() }
    }

    fn read(&self, wishes: &Wishes) -> Result<Setup, SetupError> {
        Setup::read(wishes, &self.around())
    }

    fn refusal(&self, wishes: &Wishes) -> String {
        self.read(wishes).map(|_| ()).expect_err("a refusal").to_string()
    }
}

fn secrets(user: &str, agent: &str, rights: &str) -> String {
    let (user, agent) = (user.repeat(64), agent.repeat(64));
    format!(r#"{{"users":{{"user":{{"secret":"{user}"{rights}}},"agent":{{"secret":"{agent}"}}}}}}"#)
}

#[test]
fn secrets_alone_are_enough() {
    let home = Home::new();
    let wishes = Wishes { secrets: Some(home.path("conf/secrets.json")), ..Wishes::default() };
    let setup = home.read(&wishes).unwrap();
    assert_eq!(setup.tcp.unwrap().to_string(), "127.0.0.1:3015");
    assert_eq!(setup.data, home.path("home/.local/share/ccc"));
    assert_eq!(setup.audit_key_file, home.path("home/.config/ccc/audit.key"));
    assert!(setup.law.volumes.is_empty());
    assert!(setup.law.catalogue.named("list-actions").is_some());
}

#[test]
fn a_flag_beats_the_file_and_paths_are_relative_to_who_names_them() {
    let home = Home::new();
    let mut wishes = home.wishes("bind = \"127.0.0.3\"\nport = 4000\nsocket = \"run/ccc.sock\"\n[volumes]\n\"/workspace\" = \"../filed\"\n\"/other\" = \"../other\"\n");
    let filed = home.read(&wishes).unwrap();
    assert_eq!(filed.tcp.unwrap().to_string(), "127.0.0.3:4000");
    assert_eq!(filed.socket.unwrap().path, home.path("conf/run/ccc.sock"));
    wishes.bind = Some("127.0.0.2".to_owned());
    wishes.port = Some(0);
    wishes.socket = Some("flag.sock".into());
    wishes.data = Some("flag-data".into());
    wishes.volumes = vec![("/workspace/".to_owned(), "flagged".into())];
    let flagged = home.read(&wishes).unwrap();
    assert_eq!(flagged.tcp.unwrap().to_string(), "127.0.0.2:0");
    assert_eq!(flagged.socket.as_ref().unwrap().path, home.path("here/flag.sock"));
    assert_eq!(flagged.data, home.path("here/flag-data"));
    let volumes: Vec<_> =
        flagged.law.volumes.iter().map(|volume| (volume.container(), Path::new(&volume.host).to_owned())).collect();
    assert_eq!(volumes[0], ("/workspace", home.path("here/flagged")));
    assert!(volumes[1].0 == "/other" && volumes.len() == 2, "{volumes:?}");
}

#[test]
fn a_config_where_configs_lie_is_read_without_being_named() {
    let home = Home::new();
    home.write("home/.config/ccc/secrets.json", &secrets("1", "2", ""), 0o600);
    home.write("home/.config/ccc/config.toml", "secrets = \"secrets.json\"\nport = 4321\n", 0o600);
    assert_eq!(home.read(&Wishes::default()).unwrap().tcp.unwrap().port(), 4321);
}

#[test]
fn a_seeds_config_is_read_with_its_keys() {
    let home = Home::new();
    home.write("conf/mail.json", r#"{"allowed":[{"user":"agent","to":"a@example.com","topic":null}]}"#, 0o600);
    home.write(
        "conf/overrides.json",
        r#"{"groups":{"calendar":"disabled"},"actions":{"open-browser":"auto-accept"}}"#,
        0o600,
    );
    let config = r#"{"secrets":"secrets.json","mail_perms":"mail.json","policy_overrides":"overrides.json","bind":"127.0.0.1","port":3016}"#;
    let wishes = Wishes { config: Some(home.write("conf/config.json", config, 0o600)), ..Wishes::default() };
    let setup = home.read(&wishes).unwrap();
    assert_eq!(setup.tcp.unwrap().port(), 3016);
    assert_eq!(setup.mail.unwrap().1.allowed.len(), 1);
    assert_eq!(setup.law.catalogue.named("open-browser").unwrap().policy.as_str(), "auto-accept");
    assert!(setup.warnings.iter().any(|warning| warning.contains("calendar")), "{:?}", setup.warnings);
}

#[test]
fn a_secrets_file_that_others_can_read_is_refused_with_the_line_that_mends_it() {
    let home = Home::new();
    for mode in [0o644, 0o640, 0o604] {
        let path = home.write("conf/secrets.json", &secrets("1", "2", ""), mode);
        assert!(home.refusal(&home.wishes("")).contains(&format!("chmod 600 {}", path.display())));
    }
}

#[test]
fn secrets_that_are_shared_short_or_approve_themselves_are_refused_and_never_shown() {
    let home = Home::new();
    for (text, word) in [
        (secrets("7", "7", ""), "secret"),
        (secrets("1", "2", r#","canApprove":["user"]"#), "canApprove"),
        (secrets("1", "2", "").replace(&"2".repeat(64), "topsecret"), "--rotate agent"),
    ] {
        home.write("conf/secrets.json", &text, 0o600);
        let refusal = home.refusal(&home.wishes(""));
        assert!(refusal.contains(word), "{refusal}");
        assert!(!refusal.contains(&"7".repeat(64)) && !refusal.contains("topsecret"), "{refusal}");
    }
}

#[test]
fn without_secrets_the_refusal_says_how_to_make_them() {
    let home = Home::new();
    assert!(home.refusal(&Wishes::default()).contains("ccc-keygen --create"));
    let missing = Wishes { secrets: Some(home.path("nowhere.json")), ..Wishes::default() };
    assert!(home.refusal(&missing).contains("ccc-keygen --create"));
}

#[test]
fn beyond_loopback_only_where_it_is_meant() {
    let home = Home::new();
    let mut wishes = home.wishes("bind = \"0.0.0.0\"");
    assert!(home.refusal(&wishes).contains("--allow-remote"));
    wishes.allow_remote = true;
    let setup = home.read(&wishes).unwrap();
    assert!(setup.warnings.iter().any(|warning| warning.contains("readable")), "{:?}", setup.warnings);
    assert!(home.read(&home.wishes("bind = \"0.0.0.0\"\nallow_remote = true")).is_ok());
    assert!(home.read(&home.wishes("bind = \"::1\"")).is_ok());
    assert!(home.refusal(&home.wishes("bind = \"\"")).contains("nothing to listen on"));
}

#[test]
fn a_volume_that_holds_what_agents_must_not_reach_is_refused_also_through_links() {
    let home = Home::new();
    fs::create_dir_all(home.path("data")).unwrap();
    fs::create_dir_all(home.path("here/innocent")).unwrap();
    symlink(home.path("conf"), home.path("here/link")).unwrap();
    home.write("mail/mail.json", r#"{"allowed":[]}"#, 0o600);
    home.write("post/password", "hunter2", 0o600);
    let config = "socket = \"../run/ccc.sock\"\nmail_perms = \"../mail/mail.json\"\n[smtp]\nhost = \"mail.example.com\"\nuser = \"a\"\npassword_file = \"../post/password\"\nfrom = \"a@example.com\"";
    let cases = [
        ("conf", "the secrets"),
        ("conf", "the config"),
        ("conf", "the audit key"),
        ("data", "the data"),
        ("mail", "the mail permissions"),
        ("post", "the mail password"),
        ("run", "the socket"),
        ("here/link", "the secrets"),
        ("", "the secrets"),
    ];
    for (volume, what) in cases {
        let mut wishes = home.wishes(config);
        wishes.volumes = vec![("/workspace".to_owned(), home.path(volume))];
        let refusal = home.refusal(&wishes);
        assert!(refusal.contains(what) && refusal.contains("/workspace="), "{volume}: {refusal}");
    }
    let mut wishes = home.wishes("");
    wishes.volumes = vec![("/workspace".to_owned(), home.path("here/innocent"))];
    assert!(home.read(&wishes).is_ok());
}

#[test]
fn a_volume_that_holds_a_link_on_the_way_to_what_agents_must_not_reach_is_refused() {
    let home = Home::new();
    home.wishes("");
    home.write("conf/mail.json", r#"{"allowed":[]}"#, 0o600);
    fs::create_dir_all(home.path("ws")).unwrap();
    for name in ["secrets.json", "bridge.toml", "mail.json"] {
        symlink(home.path("conf").join(name), home.path("ws").join(name)).unwrap();
    }
    symlink(home.path("conf"), home.path("ws/conf")).unwrap();
    symlink(home.path("ws/conf"), home.path("conf-by-ws")).unwrap();
    let volumes = vec![("/workspace".to_owned(), home.path("ws"))];
    let wishes = || Wishes { volumes: volumes.clone(), ..home.wishes("") };
    for (wishes, what) in [
        (Wishes { secrets: Some(home.path("ws/secrets.json")), ..wishes() }, "the secrets"),
        (Wishes { secrets: Some(home.path("ws/conf/secrets.json")), ..wishes() }, "the secrets"),
        (Wishes { secrets: Some(home.path("conf-by-ws/secrets.json")), ..wishes() }, "the secrets"),
        (
            Wishes {
                config: Some(home.path("ws/bridge.toml")),
                secrets: Some(home.path("conf/secrets.json")),
                ..wishes()
            },
            "the config",
        ),
        (Wishes { mail_perms: Some(home.path("ws/mail.json")), ..wishes() }, "the mail permissions"),
        (Wishes { data: Some(home.path("ws/conf/data")), ..wishes() }, "the data"),
    ] {
        let refusal = home.refusal(&wishes);
        assert!(refusal.contains(&format!("holds {what}")), "{what}: {refusal}");
    }
    assert!(home.read(&wishes()).is_ok());
}

#[test]
fn a_seeds_policy_overrides_lie_in_no_volume() {
    let home = Home::new();
    home.write("ws/overrides.json", r#"{"actions":{}}"#, 0o600);
    let config = r#"{"secrets":"secrets.json","policy_overrides":"../ws/overrides.json"}"#;
    let mut wishes = Wishes { config: Some(home.write("conf/config.json", config, 0o600)), ..Wishes::default() };
    assert!(home.read(&wishes).is_ok());
    wishes.volumes = vec![("/workspace".to_owned(), home.path("ws"))];
    assert!(home.refusal(&wishes).contains("holds the policy overrides"));
}

#[test]
fn a_volume_that_an_agent_could_replace_from_another_one_is_refused() {
    let home = Home::new();
    fs::create_dir_all(home.path("ws/inner")).unwrap();
    fs::create_dir_all(home.path("beside")).unwrap();
    symlink(home.path("ws/inner"), home.path("outer-link")).unwrap();
    symlink(home.path("beside"), home.path("ws/inner-link")).unwrap();
    symlink(home.path("ws/inner-link"), home.path("link-through")).unwrap();
    let volumes = |other: &str| {
        let volumes = vec![("/workspace".to_owned(), home.path("ws")), ("/out".to_owned(), home.path(other))];
        Wishes { volumes, ..home.wishes("") }
    };
    for other in ["ws/inner", "ws/late", "outer-link", "ws/inner-link", "link-through", "ws/inner/../../beside"] {
        let refusal = home.refusal(&volumes(other));
        assert!(refusal.contains("/out=") && refusal.contains("lies in the volume /workspace="), "{other}: {refusal}");
    }
    for other in ["beside", "ws", "ws2", "late"] {
        assert!(home.read(&volumes(other)).is_ok(), "{other}");
    }
}

#[test]
fn a_checkpoint_command_is_found_once_and_outside_the_volumes() {
    let home = Home::new();
    home.write("ws/push", "#!/bin/sh\n", 0o755);
    symlink(home.path("ws/push"), home.path("push")).unwrap();
    let wishes = |program: &str| Wishes {
        volumes: vec![("/workspace".to_owned(), home.path("ws"))],
        ..home.wishes(&format!("[audit]\ncheckpoint_command = [\"{program}\", \"-x\"]"))
    };
    for program in
        [home.path("ws/push"), home.path("push"), home.path("nowhere"), "no-such-program".into(), "./push".into()]
    {
        let refusal = home.refusal(&wishes(program.to_str().unwrap()));
        assert!(refusal.contains("`audit.checkpoint_command`"), "{refusal}");
    }
    let command = home.read(&wishes("sh")).unwrap().checkpoint_command.unwrap();
    assert!(command[0].starts_with('/') && command[0].ends_with("/sh") && command[1] == "-x", "{command:?}");
    assert!(home.refusal(&home.wishes("[audit]\ncheckpoint_command = []")).contains("is empty"));
}

#[test]
fn the_audit_key_does_not_lie_in_what_it_watches_over() {
    let home = Home::new();
    assert!(home.refusal(&home.wishes("[audit]\nkey_file = \"../data/audit.key\"")).contains("audit.key_file"));
}

#[test]
fn a_mail_password_that_others_can_read_is_refused() {
    let home = Home::new();
    let config =
        "[smtp]\nhost = \"mail.example.com\"\nuser = \"a\"\npassword_file = \"password\"\nfrom = \"a@example.com\"";
    assert!(home.refusal(&home.wishes(config)).contains("password"));
    home.write("conf/password", "hunter2hunter2\n", 0o644);
    let refusal = home.refusal(&home.wishes(config));
    assert!(refusal.contains("chmod 600") && !refusal.contains("hunter2"), "{refusal}");
    home.write("conf/password", "hunter2hunter2\n", 0o600);
    assert!(!format!("{:?}", home.read(&home.wishes(config)).unwrap()).contains("hunter2"));
}

#[test]
fn a_seeds_config_with_the_mail_password_in_it_is_refused_where_others_can_read_it() {
    let home = Home::new();
    let config = |auth: &str| {
        format!(
            r#"{{"secrets":"secrets.json","smtp":{{"host":"h","port":587,"secure":false{auth},"from":"a@example.com"}}}}"#
        )
    };
    let with = config(r#","auth":{"user":"a","pass":"hunter2"}"#);
    let wishes =
        |text: &str, mode| Wishes { config: Some(home.write("conf/config.json", text, mode)), ..Wishes::default() };
    let refusal = home.refusal(&wishes(&with, 0o644));
    assert!(
        refusal.contains("chmod 600") && refusal.contains("config.json") && !refusal.contains("hunter2"),
        "{refusal}"
    );
    assert!(home.read(&wishes(&with, 0o600)).is_ok());
    assert!(home.read(&wishes(&config(""), 0o644)).is_ok(), "no password, no secret");
}

#[test]
fn mail_permissions_that_fit_no_mail_are_warned_of() {
    let home = Home::new();
    let entries = r#"{"user":"agent","to":"not an address"},{"user":"ghost","to":"b@example.com"},{"user":"agent","to":"a@example.com"}"#;
    home.write("conf/mail.json", &format!(r#"{{"allowed":[{entries}]}}"#), 0o600);
    let warnings = home.read(&home.wishes("mail_perms = \"mail.json\"")).unwrap().warnings;
    let about: Vec<_> = warnings.iter().filter(|warning| warning.contains("mail.json")).collect();
    assert!(about.len() == 2, "{about:?}");
    assert!(about.iter().any(|warning| warning.contains("`not an address` is no mail address")), "{about:?}");
    assert!(about.iter().any(|warning| warning.contains("`ghost` is no user")), "{about:?}");
}

#[test]
fn a_config_that_does_not_parse_says_where() {
    let home = Home::new();
    let refusal = home.refusal(&home.wishes("prot = 3015"));
    assert!(refusal.contains("bridge.toml: line 3") && refusal.contains("prot"), "{refusal}");
}

/// Where there is no launcher nothing can be confined, and nothing is left unconfined silently.
#[test]
fn an_action_that_cannot_be_confined_here_is_refused_with_what_mends_it() {
    let home = Home::new();
    for confined in ["", "confined = true\n", "confined = \"files\"\n"] {
        let refusal = home.refusal(&home.wishes(&format!("[actions.a]\nrun = [\"true\"]\n{confined}")));
        for said in ["action `a`", "there is no `ccc-confine`", "`confined = false`"] {
            assert!(refusal.contains(said), "`{said}` in {refusal}");
        }
    }
    let open = home.wishes("[actions.a]\nrun = [\"true\"]\nconfined = false\n");
    assert!(home.read(&open).is_ok());
    // Nothing runs in a dry run.
    let dry = Wishes { dry_run: true, ..home.wishes("[actions.a]\nrun = [\"true\"]\n") };
    assert!(home.read(&dry).is_ok());
}

/// What a launcher says is what counts, and which actions ask for less than could be had.
#[test]
fn a_level_that_cannot_be_had_names_the_one_that_can_and_silent_actions_are_named() {
    let home = Home::new();
    let launcher = "#!/bin/sh\necho '{\"level\":\"files\",\"full\":\"no namespaces\",\"files\":null,\"lacks\":[]}'\n";
    home.write("bin/ccc-confine", launcher, 0o755);
    let around = Surroundings { beside: Some(home.path("bin")), ..home.around() };
    let read = |config: &str| Setup::read(&home.wishes(config), &around);
    let refusal = read("[actions.a]\nrun = [\"true\"]\n").map(drop).expect_err("a refusal").to_string();
    for said in ["`full`", "no namespaces", "`confined = \"files\"`"] {
        assert!(refusal.contains(said), "`{said}` in {refusal}");
    }
    let setup = read("[actions.told]\nrun = [\"true\"]\nconfined = \"files\"\n").unwrap();
    assert!(!setup.warnings.iter().any(|warning| warning.contains("`told`")), "{:?}", setup.warnings);
    home.write("bin/ccc-confine", &launcher.replace("\"no namespaces\"", "null"), 0o755);
    let setup = read("[actions.silent]\nrun = [\"true\"]\n").unwrap();
    assert!(setup.warnings.iter().any(|warning| warning.contains("`silent` runs confined")), "{:?}", setup.warnings);
}

#[test]
fn check_says_what_it_found_and_touches_nothing() {
    let home = Home::new();
    let config = "legacy_signatures = true\n[volumes]\n\"/workspace\" = \"../nowhere\"\n[[rule]]\nname = \"lost\"\naction = [\"no-such-action\"]\npolicy = \"queue\"\n";
    let report = report(&home.wishes(config), &home.around()).unwrap();
    for said in [
        "bridge.toml", "http://127.0.0.1:3015", "/workspace", "no directory", "rule `lost` can never match",
        "legacy_signatures", "user approves for agent",
    ] {
        assert!(report.contains(said), "`{said}` in\n{report}");
    }
    assert!(!report.contains(&"1".repeat(64)));
    assert!(!home.path("conf/audit.key").exists() && !home.path("data").exists());
}

#[test]
fn an_agents_tools_are_denied_the_bridges_own_files_wherever_they_lie() {
    let home = Home::new();
    let everything_passes = "[[rule]]\nname = \"pass\"\naction = \"use-tool\"\npolicy = \"auto-accept\"";
    let law = home.read(&home.wishes(everything_passes)).unwrap().law;
    let ruling = |command: String| {
        let action = law.catalogue.named("use-tool").unwrap();
        let input = serde_json::json!({ "command": command });
        let facts = ccc_toolcall::facts::derive("Bash", &input, "/project", &ccc_toolcall::facts::Knowledge::default());
        let (args, caller) = (ccc_core::params::Args::default(), "agent".parse().unwrap());
        let question = Question {
            caller: &caller,
            action,
            args: &args,
            facts: Some(&facts),
            risk: None,
            local: LocalTime { weekday: Weekday::Mon, minute_of_day: 0 },
            now: ccc_protocol::Timestamp::default(),
            users: &law.users,
            limits: &law.limits,
        };
        let standing = Standing { overrides: &Overrides::default(), denial: None, grants: &[] };
        decide(&question, &law.rulebook, &standing).ruling
    };
    assert_eq!(ruling("ls /project".to_owned()), Ruling::Accept);
    for file in ["conf/secrets.json", "conf/bridge.toml", "conf/audit.key", "data/ccc.db"] {
        let command = format!("cat {}", home.path(file).display());
        assert!(matches!(ruling(command), Ruling::Deny { .. }), "{file}");
    }
}
