//! Rules and grants over an agent's own tool calls.

use ccc_protocol::bodies::{Access, BESIDE_ARGUMENTS, Class, CommandFact, Difference, Facts, PathFact, Place, Policy};
use serde_json::json;

use super::world::{World, call, grant};
use crate::{params::value::Args, policy::Ruling};

fn command(program: &str, subcommand: Option<&str>) -> CommandFact {
    CommandFact {
        program: program.into(),
        subcommand: subcommand.map(Into::into),
        args: vec![],
        flags: vec![],
        via: vec![],
        remote: false,
    }
}

fn path(path: &str) -> PathFact {
    PathFact { path: path.into(), access: Access::Read, place: Place::Project }
}

fn commands(list: &[(&str, Option<&str>)]) -> Facts {
    let commands = list.iter().map(|(program, subcommand)| command(program, *subcommand)).collect();
    Facts { commands, classes: [(Class::VcsQuery, String::new())].into(), ..Facts::default() }
}

fn world(rules: &str, facts: Facts) -> World {
    World { action: "use-tool", facts: Some(facts), ..World::new(rules, call("Bash", json!({"command": "…"}))) }
}

fn rule(policy: &str, condition: &str) -> String {
    format!("[[rule]]\nname = '{policy}'\naction = 'use-tool'\npolicy = '{policy}'\n{condition}\n")
}

fn is_denied(world: &World) -> bool {
    matches!(world.decide().ruling, Ruling::Deny { .. })
}

#[test]
fn every_command_must_be_one_that_is_accepted() {
    let rules = rule(
        "auto-accept",
        "where.tool = 'Bash'\nwhere.command = { program = 'git', subcommand = ['status', 'git log'] }",
    );
    let ruling = |list: &[(&str, Option<&str>)]| world(&rules, commands(list)).decide().ruling;
    assert_eq!(ruling(&[("git", Some("git status")), ("git", Some("git log"))]), Ruling::Accept);
    assert_eq!(ruling(&[("git", Some("git status")), ("rm", None)]), Ruling::Queue);
    assert_eq!(ruling(&[("git", Some("git push"))]), Ruling::Queue);
    assert_eq!(ruling(&[("git", None)]), Ruling::Queue);
    assert_eq!(ruling(&[]), Ruling::Queue);
}

#[test]
fn one_command_is_enough_to_deny() {
    let rules = rule("auto-accept", "where.tool = 'Bash'") + &rule("auto-deny", "where.command.program = ['rm', 'dd']");
    assert!(is_denied(&world(&rules, commands(&[("ls", None), ("rm", None)]))));
    assert_eq!(world(&rules, commands(&[("ls", None)])).decide().ruling, Ruling::Accept);
}

#[test]
fn program_and_subcommand_are_asked_of_the_same_command() {
    let rules = rule("auto-deny", "where.command = { program = 'git', subcommand = 'push' }");
    assert!(!is_denied(&world(&rules, commands(&[("git", Some("git status")), ("npm", Some("npm push"))]))));
    assert!(is_denied(&world(&rules, commands(&[("ls", None), ("git", Some("git push"))]))));
}

#[test]
fn every_path_must_lie_where_it_is_accepted_and_one_is_enough_to_deny() {
    let touching = |paths: &[&str]| Facts { paths: paths.iter().map(|text| path(text)).collect(), ..Facts::default() };
    let inside = rule("auto-accept", "where.path.under = ['{cwd}', '/tmp']");
    assert_eq!(world(&inside, touching(&["/workspace/app/src", "/tmp/x"])).decide().ruling, Ruling::Accept);
    assert_eq!(world(&inside, touching(&["/workspace/app/src", "/workspace/other"])).decide().ruling, Ruling::Queue);
    assert_eq!(world(&inside, touching(&[])).decide().ruling, Ruling::Queue);
    let secrets = rule("auto-deny", "where.path.under = ['~/.ssh', '/etc']");
    for denied in ["~/.ssh/id_ed25519", "/etc/passwd", "~/.ssh"] {
        assert!(is_denied(&world(&secrets, touching(&["/workspace/app/src", denied]))), "{denied}");
    }
    assert!(!is_denied(&world(&secrets, touching(&["~/.sshx", "/workspace/etc"]))));
}

#[test]
fn a_rule_about_the_project_goes_by_what_the_facts_take_for_it() {
    let inside = rule("auto-accept", "where.path.under = '{project}'");
    let ruling = |project: Option<&str>, touched: &str| {
        let facts = Facts { project: project.map(str::to_owned), paths: vec![path(touched)], ..Facts::default() };
        world(&inside, facts).decide().ruling
    };
    assert_eq!(ruling(Some("/workspace"), "/workspace/lib/x"), Ruling::Accept);
    assert_eq!(ruling(Some("/workspace/app"), "/workspace/lib/x"), Ruling::Queue);
    assert_eq!(ruling(None, "/workspace/app/x"), Ruling::Queue);
}

#[test]
fn contacted_hosts_are_accepted_all_or_none_and_internal_ones_by_name_alone() {
    let contacting =
        |hosts: &[&str]| Facts { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), ..Facts::default() };
    let rules = rule("auto-accept", "where.host = ['*.crates.io', 'localhost', '*']");
    assert_eq!(world(&rules, contacting(&["static.crates.io", "localhost"])).decide().ruling, Ruling::Accept);
    assert_eq!(world(&rules, contacting(&["169.254.169.254"])).decide().ruling, Ruling::Queue);
    let by_tool = rule("auto-accept", "where.tool = 'Bash'");
    assert_eq!(world(&by_tool, contacting(&["10.0.0.1"])).decide().ruling, Ruling::Queue);
}

#[test]
fn every_class_must_be_named_to_accept_and_one_is_enough_to_queue() {
    let doing = |classes: &[Class]| Facts {
        classes: classes.iter().map(|class| (*class, String::new())).collect(),
        ..Facts::default()
    };
    let rules = rule("auto-accept", "where.class = ['reads', 'vcs-query']");
    assert_eq!(world(&rules, doing(&[Class::Reads, Class::VcsQuery])).decide().ruling, Ruling::Accept);
    assert_eq!(world(&rules, doing(&[Class::Reads, Class::Upload])).decide().ruling, Ruling::Queue);
    let all = World {
        own: Policy::AutoAccept,
        ..world(&rule("queue", "where.class = 'upload'"), doing(&[Class::Reads, Class::Upload]))
    };
    assert_eq!(all.decide().ruling, Ruling::Queue);
    assert!(world(&rule("queue", "where.class = 'uplod'"), doing(&[])).book().is_err());
}

#[test]
fn a_call_that_cannot_be_read_whole_is_always_asked() {
    let rules = rule("auto-accept", "");
    let unreadable = [
        Facts { opaque: vec!["eval".into()], ..commands(&[("ls", None)]) },
        Facts { too_large: true, ..commands(&[("ls", None)]) },
    ];
    for facts in unreadable {
        assert_eq!(world(&rules, facts).decide().ruling, Ruling::Queue);
    }
    assert_eq!(World { facts: None, ..world(&rules, Facts::default()) }.decide().ruling, Ruling::Queue);
    let denied = Facts { opaque: vec!["eval".into()], ..commands(&[("rm", None)]) };
    assert!(is_denied(&world(&rule("auto-deny", "where.command.program = 'rm'"), denied)));
}

#[test]
fn a_tool_of_an_mcp_server_passes_only_by_a_rule_that_names_it() {
    let asking = Facts {
        paths: vec![path("/workspace/a")],
        classes: [(Class::Server, String::new())].into(),
        ..Facts::default()
    };
    let ruling = |rules: &str, own| {
        let args = call("mcp:files/read_file", json!({"path": "/workspace/a"}));
        World { args, own, ..world(rules, asking.clone()) }.decide().ruling
    };
    let accepting = |condition: &str| ruling(&rule("auto-accept", condition), Policy::Queue);
    for named in ["where.tool = 'mcp:files/read_*'", "where.tool = ['Bash', 'mcp:files/*']"] {
        assert_eq!(accepting(named), Ruling::Accept, "{named}");
    }
    for unnamed in ["", "where.tool = '*'", "where.path.under = '/workspace'", "where.tool = 'mcp:other/*'"] {
        assert_eq!(accepting(unnamed), Ruling::Queue, "{unnamed}");
    }
    assert_eq!(ruling("", Policy::AutoAccept), Ruling::Queue, "nor by the action's own policy");
    let denied =
        rule("auto-accept", "where.tool = 'mcp:files/*'") + &rule("auto-deny", "where.path.under = '/workspace'");
    assert!(matches!(ruling(&denied, Policy::Queue), Ruling::Deny { .. }));
}

#[test]
fn a_grant_of_a_program_covers_that_program_in_that_directory_alone() {
    let approved = call("Bash", json!({"command": "cargo test"}));
    let mut grant = grant("use-tool", &approved.json);
    grant.differ = [("input".to_owned(), Difference::SameProgram("cargo test".into()))].into();
    let cargo = || Facts { project: Some("/workspace/app".into()), ..commands(&[("cargo", Some("cargo test"))]) };
    grant.approved = Some(cargo().into());
    let accepted = |facts: Facts, args| {
        World { grants: vec![grant.clone()], args, ..world("", facts) }.decide().ruling == Ruling::Accept
    };
    let other = call("Bash", json!({"command": "cargo test -p x"}));
    assert!(accepted(cargo(), other.clone()));
    assert!(!accepted(commands(&[("cargo", Some("cargo test")), ("curl", None)]), other.clone()));
    assert!(!accepted(commands(&[("cargo", Some("cargo publish"))]), other.clone()));
    assert!(!accepted(Facts { opaque: vec!["x".into()], ..cargo() }, other.clone()));
    assert!(!accepted(Facts { paths: vec![path("/workspace/elsewhere/Cargo.toml")], ..cargo() }, other.clone()));
    let mut elsewhere = other;
    elsewhere.json.insert("cwd".into(), json!("/workspace/other"));
    assert!(!accepted(cargo(), elsewhere));
}

#[test]
fn a_grant_of_a_tool_covers_that_tool_in_that_session_alone() {
    let approved = call("Edit", json!({"path": "a"}));
    let mut grant = grant("use-tool", &approved.json);
    grant.differ = [("input".to_owned(), Difference::SameTool("Edit".into()))].into();
    grant.approved = Some(Facts::default().into());
    let accepted = |args| {
        World { grants: vec![grant.clone()], args, ..world("", Facts::default()) }.decide().ruling == Ruling::Accept
    };
    assert!(accepted(call("Edit", json!({"path": "b"}))));
    assert!(!accepted(call("Write", json!({"path": "b"}))));
    let mut other = call("Edit", json!({"path": "b"}));
    other.json.insert("session".into(), json!("s2"));
    assert!(!accepted(other));
}

#[test]
fn a_grant_of_a_tool_covers_nothing_that_a_call_says_beside_its_arguments() {
    let input = |path: &str, state: Option<&str>| {
        let mut input = json!({"path": path});
        if let Some(state) = state {
            input[BESIDE_ARGUMENTS] = json!({"requestState": state});
        }
        call("mcp:files/write", input)
    };
    let accepted = |approved: &Args, args: &Args| {
        let mut grant = grant("use-tool", &approved.json);
        grant.differ = [("input".to_owned(), Difference::SameTool("mcp:files/write".into()))].into();
        grant.approved = Some(Facts::default().into());
        let decision = World { grants: vec![grant], args: args.clone(), ..world("", Facts::default()) }.decide();
        decision.ruling == Ruling::Accept
    };
    let (bare, told) = (input("a", None), input("a", Some("s")));
    assert!(accepted(&bare, &input("b", None)));
    assert!(!accepted(&bare, &input("b", Some("s"))));
    assert!(accepted(&told, &input("b", Some("s"))));
    assert!(!accepted(&told, &input("b", Some("t"))));
    assert!(!accepted(&told, &input("b", None)));
}

#[test]
fn explain_says_what_a_condition_wants_in_the_words_of_the_config() {
    for (condition, words) in [
        ("where.class = ['reads', 'vcs-change']", "`where.class` wants `reads`, `vcs-change`"),
        ("where.path.under = ['{cwd}', '{project}', '/tmp']", "`where.path.under` wants `{cwd}`, `{project}`, `/tmp`"),
        ("where.command = { program = 'rm' }", "`where.command` wants `rm`"),
        ("where.host = ['docs.rs', '*.example.org']", "`where.host` wants `docs.rs`, `*.example.org`"),
        (
            "where.time = { from = '09:30', to = '18:00', days = ['tue', 'sat'] }",
            "`where.time` wants 09:30 to 18:00 on tue, sat",
        ),
    ] {
        let trace = world(&rule("auto-accept", condition), Facts::default()).explain();
        assert_eq!(trace.rules[0].why.as_deref(), Some(words));
    }
}

/// Every class is written as a config has it, whatever its name in the code.
#[test]
fn explain_names_each_class_as_a_rule_does() {
    for class in Class::ALL {
        let condition = format!("where.class = '{}'", class.as_str());
        let trace = world(&rule("auto-accept", &condition), Facts::default()).explain();
        assert_eq!(trace.rules[0].why, Some(format!("`where.class` wants `{}`", class.as_str())));
    }
}
