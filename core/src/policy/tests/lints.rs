//! What `lint` finds.

use ccc_protocol::bodies::Policy;
use serde_json::json;

use super::world::{World, args, name, users};
use crate::{
    policy::lint,
    user::{User, Users},
};

fn found(rules: &str, floor: Option<Policy>) -> Vec<String> {
    let world = World { floor, ..World::new(rules, args(json!({}))) };
    lint(&world.book().unwrap(), &world.catalogue(), &users())
}

#[track_caller]
fn assert_found(rules: &str, said: &str) {
    let found = found(rules, Some(Policy::Queue));
    assert!(found.iter().any(|sentence| sentence.contains(said)), "wanted {said:?}, found {found:?}");
}

#[test]
fn rules_that_never_match_are_found() {
    let rule = |rest: &str| format!("[[rule]]\nname = 'r'\n{rest}\n");
    assert_found(&rule("action = 'deploy-*'\npolicy = 'queue'"), "no action is named `deploy-*`");
    assert_found(&rule("action = 'visit'\ncaller = 'nobody'\npolicy = 'queue'"), "no user is named `nobody`");
    assert_found(&rule("action = 'visit'\npolicy = 'auto-accept'\nwhere.ulr = 'x'"), "has no parameter `ulr`");
    assert_found(
        &rule("action = ['visit', 'open-terminal']\npolicy = 'queue'\nwhere.url.host = 'x.org'"),
        "can never match `open-terminal`",
    );
}

#[test]
fn rules_that_something_stricter_outdoes_are_found() {
    let accept = "[[rule]]\nname = 'yes'\naction = 'visit'\npolicy = 'auto-accept'\nwhere.deep = true\n";
    assert_found(accept, "never looser than its floor, queue");
    let deny = "[[rule]]\nname = 'no'\naction = 'vis*'\npolicy = 'auto-deny'\n";
    assert_found(&format!("{accept}{deny}"), "rule `yes` never decides: rule `no` says auto-deny");
    let own = deny.replace("'vis*'", "'vis*'\ncaller = 'ada'");
    assert!(!found(&format!("{accept}{own}"), None).iter().any(|sentence| sentence.contains("never decides")));
}

#[test]
fn rules_that_let_everything_pass_are_found() {
    assert_found("[[rule]]\nname = 'r'\naction = '*'\npolicy = 'auto-accept'\n", "accepts every action");
    assert_found("[[rule]]\nname = 'r'\naction = 'use-tool'\npolicy = 'auto-accept'\n", "accepts every `use-tool`");
}

#[test]
fn needs_that_nobody_meets_are_found() {
    let asking = |asks: &str| format!("[[rule]]\nname = 'r'\naction = 'visit'\npolicy = 'queue'\napprove = {asks}\n");
    assert_found(&asking("{ role = 'cfo' }"), "asks for 1 approvers with the role cfo, and there are 0");
    assert_found(&asking("{ count = 3 }"), "asks for 3 approvers, and there are 2");
    assert_eq!(found(&asking("{ role = 'dba' }"), None), Vec::<String>::new());
}

#[test]
fn approval_cycles_are_found_once() {
    let approves =
        |list: &[&str]| User { can_approve: list.iter().map(|user| name(user)).collect(), ..User::default() };
    let users = Users::new([
        (name("a"), approves(&["b"])),
        (name("b"), approves(&["c"])),
        (name("c"), approves(&["a", "d"])),
        (name("d"), approves(&[])),
    ]);
    let world = World::new("", args(json!({})));
    let found = lint(&world.book().unwrap(), &world.catalogue(), &users);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("`a`, `b`, `c` may approve for each other"), "{found:?}");
}
