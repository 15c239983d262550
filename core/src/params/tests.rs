//! From JSON to checked parameters: what passes, what is refused, and in which words.

use std::sync::LazyLock;

use ccc_protocol::{Digest, visible};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Arg, Args, PathQuestion, ResolvedPath, draft};
use crate::{
    catalogue::{Action, Catalogue},
    config,
    refusal::Refusal,
    user::Users,
    volume::{Volume, Volumes},
};

const CONFIG: &str = r#"
[actions.all]
params.text = { type = "string", pattern = "[a-z ]+", min = 2, max = 5 }
params.note = { type = "string", multiline = true }
params.flag = { type = "bool" }
params.number = { type = "integer", min = 1, max = 5 }
params.colour = { type = "enum", values = ["red", "green"] }
params.dir = { type = "path", kind = "dir" }
params.bound = { type = "path", kind = "file", content = true }
params.page = { type = "url", schemes = ["https"] }
params.mail = { type = "email" }
params.list = { type = "list", items = { type = "integer", max = 9 }, min = 1, max = 2 }
params.files = { type = "list", items = { type = "path" } }
params.kept = { type = "string", default = "as it is" }
run = ["true", "{dir?}/a/b.toml", "{dir?}/a/b.toml"]
"#;

fn volumes() -> Volumes {
    let volume = |container: &str| Volume::new(container, format!("/host{container}")).unwrap();
    Volumes::new(vec![volume("/workspace"), volume("/workspace/in/a")], None).unwrap()
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        let found = |name: &str| Some(format!("/bin/{name}"));
        config::read(CONFIG).unwrap().law(Users::default(), volumes(), found).unwrap().catalogue
    });
    &CATALOGUE
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn content() -> Digest {
    Digest::of(b"content")
}

fn answer(question: &PathQuestion) -> ResolvedPath {
    let container = volumes().container_path(question.lexical.volume, &question.lexical.relative).unwrap();
    ResolvedPath {
        volume: question.lexical.volume,
        relative: question.lexical.relative.clone(),
        host: format!("/host{container}"),
        root: volumes().at(question.lexical.volume).unwrap().host.clone(),
        container,
        content: question.kind.content.then(content),
    }
}

fn checked(action: &Action, given: Value) -> Result<Args, Refusal> {
    let draft = draft(action, object(given), &volumes())?;
    let answers = draft.paths().iter().map(answer).collect();
    draft.resolve(answers)
}

fn all(given: Value) -> Result<Args, Refusal> {
    checked(catalogue().named("all").unwrap(), given)
}

#[test]
fn every_type_takes_its_values_in_canonical_form() {
    let given = json!({
        "text": "ab c", "note": "a\n\tb", "flag": false, "number": 5, "colour": "green", "dir": "./x//y/",
        "page": "HTTPS://EXAMPLE.com:443/a/../b", "mail": "a@example.com", "list": [1, 9], "files": ["a", "/workspace/b"],
    });
    let args = all(given).unwrap();
    let canonical = json!({
        "text": "ab c", "note": "a\n\tb", "flag": false, "number": 5, "colour": "green", "dir": "/workspace/x/y",
        "page": "https://example.com/b", "mail": "a@example.com", "list": [1, 9], "files": ["/workspace/a", "/workspace/b"],
        "kept": "as it is",
    });
    assert_eq!(Value::Object(args.json.clone()), canonical);
    let order: Vec<_> = args.typed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(order, ["text", "note", "flag", "number", "colour", "dir", "page", "mail", "list", "files", "kept"]);
    assert_eq!(args.named("number"), Some(&Arg::Integer(5)));
    assert!(matches!(args.named("page"), Some(Arg::Url(url)) if url.host == "example.com" && url.port == Some(443)));
}

#[test]
fn an_error_names_the_parameter_what_was_given_and_what_is_wanted() {
    for (given, param, texts) in [
        (
            json!({ "text": 7 }),
            "text",
            vec!["parameter `text` takes", "2 to 5 characters", "`[a-z ]+`", "the number `7`"],
        ),
        (json!({ "text": "a" }), "text", vec!["the string `a`", "it has 1 characters"]),
        (json!({ "text": "abcdef" }), "text", vec!["it has 6 characters"]),
        (json!({ "text": "ABC" }), "text", vec!["`[a-z ]+`", "the string `ABC`"]),
        (json!({ "text": "ab\n" }), "text", vec!["control character \\u{a}", r"`ab\n`"]),
        (json!({ "text": null }), "text", vec!["null (leave it out instead)"]),
        (json!({ "note": "a\u{0}" }), "note", vec!["control character \\u{0}"]),
        (json!({ "note": "a\u{1b}[2J" }), "note", vec!["control character \\u{1b}"]),
        (json!({ "note": "a\u{9b}" }), "note", vec!["control character"]),
        (json!({ "flag": "true" }), "flag", vec!["`true` or `false`", "the string `true`"]),
        (json!({ "number": 6 }), "number", vec!["a whole number from 1 to 5", "the number `6`"]),
        (json!({ "number": 1.5 }), "number", vec!["`1.5`"]),
        (json!({ "number": "3" }), "number", vec!["the string `3`"]),
        (json!({ "colour": "blue" }), "colour", vec!["one of `red`, `green`", "the string `blue`"]),
        (json!({ "colour": "Red" }), "colour", vec!["one of `red`, `green`"]),
        (json!({ "dir": 1 }), "dir", vec!["the path of a directory", "the number `1`"]),
        (json!({ "dir": "/etc" }), "dir", vec!["`/etc`", "`/workspace`"]),
        (json!({ "dir": "a/../b" }), "dir", vec!["`..`"]),
        (json!({ "page": "http://example.com" }), "page", vec!["a web address with `https`", "its scheme is `http`"]),
        (json!({ "page": "https://u@example.com" }), "page", vec!["user info"]),
        (json!({ "mail": "A <a@b.c>" }), "mail", vec!["one bare mail address", "only the address itself"]),
        (json!({ "list": [] }), "list", vec!["a list of 1 to 2 items", "it has 0"]),
        (json!({ "list": [1, 2, 3] }), "list", vec!["it has 3"]),
        (json!({ "list": [1, 10] }), "list", vec!["`list` (item 2)", "the number `10`"]),
        (json!({ "list": 1 }), "list", vec!["a list", "the number `1`"]),
        (json!({ "files": ["a", "/b"] }), "files", vec!["`files`", "`/b`"]),
        (json!({ "other": 1 }), "other", vec!["unknown parameter `other`", "`text`, `note`"]),
        (json!({ "dir.content": "x" }), "dir.content", vec!["unknown parameter"]),
    ] {
        let refusal = all(given.clone()).expect_err(&given.to_string());
        assert_eq!(refusal.param.as_deref(), Some(param), "{given}");
        for text in texts {
            assert!(refusal.detail.contains(text), "{given}: `{text}` is missing in: {}", refusal.detail);
        }
        assert!(
            !refusal.detail.contains("/host") && refusal.detail.chars().all(visible::is_visible),
            "{}",
            refusal.detail
        );
    }
}

#[test]
fn a_missing_parameter_is_named_with_what_it_takes() {
    let catalogue = Catalogue::built_in();
    for (action, param, wanted) in [
        ("open-browser", "url", "a web address"),
        ("send-email", "to", "one bare mail address"),
        ("edit-file", "filename", "the path of a file"),
    ] {
        let refusal = checked(catalogue.named(action).unwrap(), json!({})).unwrap_err();
        assert_eq!(refusal.param.as_deref(), Some(param));
        assert!(refusal.detail.contains("is missing") && refusal.detail.contains(wanted), "{}", refusal.detail);
    }
    let refusal = checked(catalogue.named("list-actions").unwrap(), json!({ "x": 1 })).unwrap_err();
    assert!(refusal.detail.contains("takes no parameters"), "{}", refusal.detail);
}

#[test]
fn a_mail_takes_line_breaks_in_its_body_alone() {
    let catalogue = Catalogue::built_in();
    let action = catalogue.named("send-email").unwrap();
    let mail = |name: &str, value: &str| {
        let mut mail = json!({ "to": "a@b.c", "subject": "s", "body": "b", "topic": "t" });
        mail[name] = json!(value);
        checked(action, mail)
    };
    assert!(mail("body", "one\r\ntwo\n\tthree").is_ok());
    assert!(mail("body", "\u{200f}שלום\u{2028}").is_ok() && mail("subject", "שלום").is_ok());
    for (name, value) in [
        ("to", "a@b.c\nBcc: x@y.z"),
        ("subject", "s\r\nBcc: x@y.z"),
        ("topic", "t\n"),
        ("body", "b\0"),
        ("body", "a\r.\r\nMAIL FROM:<x@y.z>"),
        ("body", "a\r\r\n"),
        ("body", "a\r"),
        ("subject", "s\u{85}"),
        ("subject", "invoice \u{202e}fdp.exe"),
        ("subject", "\u{2066}s"),
        ("topic", "t\u{2028}u"),
        ("topic", "t\u{200f}"),
    ] {
        assert_eq!(mail(name, value).unwrap_err().param.as_deref(), Some(name), "{value:?}");
    }
}

#[test]
fn what_the_command_puts_behind_a_path_is_resolved_whole_and_once() {
    let catalogue = catalogue();
    let given = object(json!({ "dir": "in" }));
    let draft = draft(catalogue.named("all").unwrap(), given, &volumes()).unwrap();
    let asked: Vec<_> = draft
        .paths()
        .iter()
        .map(|question| (question.suffix.as_deref(), question.lexical.volume, question.lexical.relative.as_str()))
        .collect();
    // `/workspace/in/a` is another volume.
    assert_eq!(asked, [(None, 0, "in"), (Some("a/b.toml"), 1, "b.toml")]);
    let answers = draft.paths().iter().map(answer).collect();
    let args = draft.resolve(answers).unwrap();
    assert_eq!(args.beneath("dir", "a/b.toml").unwrap().container, "/workspace/in/a/b.toml");
}

#[test]
fn a_bound_file_is_known_by_its_content() {
    let args = all(json!({ "bound": "a.sql" })).unwrap();
    assert_eq!(args.json.get("bound.content"), Some(&json!(content().to_string())));
    // What comes back from an edited ticket is compared, not believed.
    assert!(all(json!({ "bound": "a.sql", "bound.content": content().to_string() })).is_ok());
    for changed in [
        json!({ "bound": "a.sql", "bound.content": Digest::of(b"other").to_string() }),
        json!({ "bound.content": content().to_string() }),
    ] {
        assert!(all(changed).unwrap_err().detail.contains("look at it again"));
    }
}

#[test]
fn answers_that_do_not_fit_the_questions_are_never_taken() {
    let catalogue = catalogue();
    let asked = || draft(catalogue.named("all").unwrap(), object(json!({ "bound": "a" })), &volumes()).unwrap();
    let right = answer(&asked().paths()[0]);
    let elsewhere = ResolvedPath { volume: 1, ..right.clone() };
    let unbound = ResolvedPath { content: None, ..right.clone() };
    for answers in [vec![], vec![elsewhere], vec![unbound], vec![right.clone(), right.clone()]] {
        assert!(asked().resolve(answers).is_err());
    }
    assert!(asked().resolve(vec![right]).is_ok());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        r"[a-z/:.@\\ -]{0,16}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_breaks_a_check_and_what_passed_passes_again(
        name in prop::sample::select(vec!["text", "note", "flag", "number", "colour", "dir", "bound", "page", "mail", "list", "files", "kept"]),
        value in any_json(),
    ) {
        if let Ok(args) = all(json!({ name: value })) {
            prop_assert_eq!(all(Value::Object(args.json.clone())).unwrap(), args);
        }
    }
}
