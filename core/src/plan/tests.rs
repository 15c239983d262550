//! Plans of built-in and declared actions, from JSON to arguments.

use ccc_protocol::{
    approval,
    bodies::{Confined, Plan},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::make;
use crate::{
    catalogue::Template,
    config,
    law::Law,
    params::{self, Arg, Args, PathQuestion, ResolvedPath},
    plan::fill,
    refusal::Refusal,
    user::Users,
    volume::{Volume, Volumes},
};

const CONFIG: &str = r#"
[desktop]
editor = ["code", "--wait", "{path}"]
browser = ["firefox"]

[smtp]
host = "localhost"
security = "none"
from = "agent@example.com"

[actions.run-tests]
params.path = { type = "path", kind = "dir", required = true }
params.filter = { type = "string" }
params.flags = { type = "list", items = { type = "string" } }
params.count = { type = "integer", default = 1 }
run = ["cargo", "test", "--manifest-path", "{path}/Cargo.toml", "--jobs={count}", "{filter?}", "{flags?}"]
dir = "path"
timeout = "10m"

[actions.look]
params.what = { type = "list", items = { type = "path" }, required = true }
params.words = { type = "list", items = { type = "string" }, required = true }
run = ["grep", "{what}", "--", "{words}"]
"#;

fn law() -> Law {
    let volumes =
        vec![Volume::new("/workspace", "/srv/volume").unwrap(), Volume::new("/home/claude", "/srv/home").unwrap()];
    let volumes = Volumes::new(volumes, None).unwrap();
    config::read(CONFIG).unwrap().law(Users::default(), volumes, |name| Some(format!("/usr/bin/{name}"))).unwrap()
}

/// What a server answers whose volumes hold no links.
fn resolved(law: &Law, question: &PathQuestion) -> ResolvedPath {
    let root = &law.volumes.at(question.lexical.volume).unwrap().host;
    let relative = &question.lexical.relative;
    ResolvedPath {
        volume: question.lexical.volume,
        relative: relative.clone(),
        container: law.volumes.container_path(question.lexical.volume, relative).unwrap(),
        host: if relative.is_empty() { root.clone() } else { format!("{root}/{relative}") },
        root: root.clone(),
        content: None,
    }
}

fn plan(action: &str, given: Value) -> Result<Plan, Refusal> {
    plan_under(&law(), action, given)
}

fn plan_under(law: &Law, action: &str, given: Value) -> Result<Plan, Refusal> {
    let action = law.catalogue.named(action).unwrap();
    let Value::Object(given) = given else { panic!("parameters are an object") };
    let draft = params::draft(action, given, &law.volumes)?;
    let answers = draft.paths().iter().map(|question| resolved(law, question)).collect();
    make(action, &draft.resolve(answers)?, law).map(|planned| planned.into_parts().0)
}

fn started(plan: Plan) -> (String, Vec<String>, Option<String>) {
    match plan {
        Plan::Run { program, args, dir, .. } | Plan::Open { program, args, dir, .. } => (program, args, dir),
        other => panic!("{other:?} starts nothing"),
    }
}

fn run(action: &str, given: Value) -> (String, Vec<String>, Option<String>) {
    started(plan(action, given).unwrap())
}

#[test]
fn places_are_filled_and_absent_ones_dropped() {
    let (program, args, dir) = run("run-tests", json!({ "path": "app" }));
    assert_eq!((program.as_str(), dir.as_deref()), ("/usr/bin/cargo", Some("/srv/volume/app")));
    assert_eq!(args, ["test", "--manifest-path", "/srv/volume/app/Cargo.toml", "--jobs=1"]);
    let (_, args, _) =
        run("run-tests", json!({ "path": "/workspace", "filter": "a b", "count": -2, "flags": ["x", "y z"] }));
    assert_eq!(args, ["test", "--manifest-path", "/srv/volume/Cargo.toml", "--jobs=-2", "a b", "x", "y z"]);
}

#[test]
fn values_are_never_read_again() {
    for inert in ["{path}", "{{", "%s", "$HOME", "`id`", "; rm -rf /", "\"", "a  b", "*", "a\u{200b}b", ""] {
        let (_, args, _) = run("run-tests", json!({ "path": "app", "filter": inert }));
        assert_eq!(args.last().map(String::as_str), Some(inert));
    }
}

#[test]
fn a_value_that_could_be_read_as_an_option_is_refused() {
    for given in [
        json!({ "path": "a", "filter": "--config=x" }),
        json!({ "path": "a", "filter": "-" }),
        json!({ "path": "a", "flags": ["ok", "-x"] }),
    ] {
        let refusal = plan("run-tests", given).unwrap_err();
        assert!(
            matches!(refusal.param.as_deref(), Some("filter" | "flags")) && refusal.detail.contains("starts with `-`"),
            "{}",
            refusal.detail
        );
    }
    // Behind `--` it cannot be.
    let (_, args, _) = run("look", json!({ "what": ["a", "b"], "words": ["-e", "--", "c"] }));
    assert_eq!(args, ["/srv/volume/a", "/srv/volume/b", "--", "-e", "--", "c"]);
}

#[test]
fn the_plan_shows_every_path_in_the_container_and_on_the_host() {
    let Plan::Run { paths, .. } = plan("run-tests", json!({ "path": "app" })).unwrap() else { panic!() };
    let shown: Vec<_> = paths
        .iter()
        .map(|path| (path.param.as_str(), path.container.as_str(), path.host.as_str(), path.volume.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("path", "/workspace/app", "/srv/volume/app", "/srv/volume"),
            ("{path}/Cargo.toml", "/workspace/app/Cargo.toml", "/srv/volume/app/Cargo.toml", "/srv/volume"),
        ]
    );
}

#[test]
fn openers_take_the_persons_own_programs() {
    let (program, args, dir) = run("edit-file", json!({ "filename": "/home/claude/a.txt" }));
    assert_eq!(
        (program.as_str(), args.as_slice(), dir),
        ("/usr/bin/code", &["--wait".to_owned(), "/srv/home/a.txt".to_owned()][..], None)
    );
    // A browser without a place for the address gets it last.
    let (program, args, _) = run("open-browser", json!({ "url": "HTTPS://Example.com" }));
    assert_eq!((program.as_str(), args.as_slice()), ("/usr/bin/firefox", &["https://example.com/".to_owned()][..]));
    // Without a path the terminal opens in the default volume.
    let (_, args, dir) = run("open-terminal", json!({}));
    assert_eq!((args.len(), dir.as_deref()), (if cfg!(target_os = "macos") { 3 } else { 0 }, Some("/srv/volume")));
}

#[test]
fn what_is_not_set_up_is_refused_with_what_to_set() {
    let mut law = law();
    law.desktop.editor = None;
    law.desktop.mail_from = None;
    let text = |name: &str, text: &str| (name.to_owned(), Arg::Text(text.to_owned()));
    let mail = Args {
        typed: vec![text("to", "a@b"), text("subject", "s"), text("body", "b"), text("topic", "t")],
        ..Args::default()
    };
    for (action, args, key) in [
        ("edit-file", Args::default(), r#"`editor = ["code", "{path}"]` under `[desktop]`"#),
        ("send-email", mail, "`from` under `[smtp]`"),
    ] {
        let refusal = make(law.catalogue.named(action).unwrap(), &args, &law).unwrap_err();
        assert!(refusal.detail.contains(key), "{}", refusal.detail);
        assert!(refusal.detail.contains(ccc_protocol::bodies::OWNERS_TASK), "{}", refusal.detail);
    }
}

#[test]
fn a_subject_that_its_recipient_would_decode_is_refused() {
    let given = json!({ "to": "a@example.com", "subject": "=?utf-8?B?eA==?=", "body": "b", "topic": "t" });
    let refusal = plan("send-email", given).unwrap_err();
    assert_eq!(refusal.param.as_deref(), Some("subject"));
    assert!(
        refusal.detail.contains("without `=?`") && refusal.detail.contains("`=?utf-8?B?eA==?=`"),
        "{}",
        refusal.detail
    );
}

#[test]
fn a_mail_is_planned_as_it_will_be_sent() {
    let given = json!({ "to": "you@example.org", "subject": "Hi", "body": "one\ntwo\n", "topic": "news" });
    let Plan::Mail { mail, topic, .. } = plan("send-email", given).unwrap() else { panic!() };
    assert_eq!(
        (mail.from.as_str(), mail.to.as_str(), mail.subject.as_str()),
        ("agent@example.com", "you@example.org", "Hi")
    );
    assert_eq!((mail.body.as_str(), topic.as_deref()), ("one\ntwo\n", Some("news")));
}

#[test]
fn the_same_request_under_another_declaration_is_another_plan() {
    let law = law();
    let changed = config::read(&CONFIG.replace("10m", "11m")).unwrap();
    let changed = changed.law(Users::default(), law.volumes.clone(), |name| Some(format!("/usr/bin/{name}"))).unwrap();
    let digest = |law: &Law, action: &str| {
        approval::plan_digest(&Plan::Release { declaration: law.catalogue.named(action).unwrap().declaration })
    };
    assert_ne!(digest(&law, "run-tests"), digest(&changed, "run-tests"));
    assert_eq!(digest(&law, "look"), digest(&changed, "look"));
}

#[test]
fn a_confined_plan_reaches_the_volumes_of_its_paths_and_what_its_declaration_adds() {
    let with = |more: &str| {
        let text = format!(
            "[actions.a]\nparams.d = {{ type = \"path\", kind = \"dir\" }}\nparams.f = {{ type = \"path\", kind = \"file\" }}\nrun = [\"x\", \"{{d?}}\", \"{{f?}}\"]\n{more}"
        );
        let volumes = law().volumes;
        config::read(&text).unwrap().law(Users::default(), volumes, |name| Some(format!("/usr/bin/{name}"))).unwrap()
    };
    let reach = |law: &Law, given: Value| {
        let Plan::Run { confined, .. } = plan_under(law, "a", given).unwrap() else { panic!() };
        confined
    };
    let silent = reach(&with(""), json!({ "d": "app" })).unwrap();
    assert_eq!((silent.level, silent.network), (Confined::Full, false));
    assert_eq!((silent.read, silent.write), (vec!["/srv/volume".to_owned()], vec![]));
    let both = "allow_read = [\"~/.cargo\"]\nallow_write = [\"{d}\", \"{f}\", \"/srv/out/\"]\nconfined = \"files\"\nnetwork = true";
    let told = reach(&with(both), json!({ "d": "app", "f": "/home/claude/notes/x" })).unwrap();
    assert_eq!((told.level, told.network), (Confined::Files, true));
    assert_eq!(told.read, ["/srv/volume", "/srv/home", "~/.cargo"]);
    assert_eq!(told.write, ["/srv/volume/app", "/srv/home/notes", "/srv/out"], "of a file, its directory");
    assert_eq!(reach(&with(both), json!({})).unwrap().write, ["/srv/out"], "what was not given gives nothing");
    assert_eq!(reach(&with("confined = false"), json!({ "d": "app" })), None);
}

proptest! {
    #[test]
    fn only_a_list_changes_how_many_arguments_there_are(values in prop::collection::vec("[ -~\u{e9}{}]{0,12}", 3), list in prop::collection::vec("[ -~]{0,6}", 0..4)) {
        let templates = ["--", "{a}", "x{b}y", "--c={c}{a}", "{list}"].map(|text| Template::parse(text).unwrap());
        let mut typed: Vec<_> = ["a", "b", "c"].iter().zip(&values).map(|(name, value)| ((*name).to_owned(), Arg::Text(value.clone()))).collect();
        typed.push(("list".to_owned(), Arg::List(list.iter().cloned().map(Arg::Text).collect())));
        let filled = fill::arguments(&templates, &Args { typed, json: Map::new(), beneath: vec![] }).unwrap();
        let [a, b, c] = <[String; 3]>::try_from(values).unwrap();
        let mut expected = vec!["--".to_owned(), a.clone(), format!("x{b}y"), format!("--c={c}{a}")];
        expected.extend(list);
        prop_assert_eq!(filled, expected);
    }
}
