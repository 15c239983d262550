//! What becomes of neighbours' approval rules: the text that is written, that it reads as rules, and that it decides no
//! looser than what was read.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use ccc_core::{
    config::{read, starter},
    import::{Imported, jamjet, sentinel},
    law::Law,
    params::value::{Arg, Args},
    policy::{Decision, LocalTime, Overrides, Question, Ruling, Standing, Weekday, decide},
    user::{User, Users},
    volume::Volumes,
};
use ccc_protocol::{Timestamp, UserName};
use ccc_toolcall::facts;
use serde_json::{Value, json};

/// The example of AI Sentinel's documentation.
const SENTINEL: &str = r#"{
    "backend": "sqlite",
    "databasePath": "/var/lib/ai-sentinel/approvals.db",
    "defaultGrantMinutes": 15,
    "tools": {
        "delete_database": { "role": "DBA" },
        "send_payment": { "role": "Treasury", "grantMinutes": 5, "requireJustification": true },
        "deploy_*": { "role": "DeployApprover" }
    }
}"#;

const SENTINEL_RULES: &str = r#"# Rules from an AI Sentinel approval config.
# They belong at the end of the config file of ccc-server.
#
# `backend` sqlite has no equivalent: ccc-server keeps tickets and grants in its own database.
#
# `databasePath` `/var/lib/ai-sentinel/approvals.db` has no equivalent.
#
# Approvers need these as `roles` in the secrets file, beside `canApprove`: `DBA`, `DeployApprover`, `Treasury`.
#
# No grant begins by itself: an approver gives one with an approval, for at most `grant_max`.
#
# A tool that no pattern names keeps the policy of `use-tool`: a person is asked where no rule lets it pass.

[[rule]]
name = "sentinel 1: delete_database"
action = "use-tool"
where.tool = ["delete_database", "mcp:delete_database", "mcp:*/delete_database", "mcp:*__delete_database"]
policy = "queue"
approve = { role = "DBA", justification = true, grant_max = "15m" }

[[rule]]
name = "sentinel 1: delete_database, by the host's own name"
action = "use-tool"
where.native = ["delete_database"]
policy = "queue"
approve = { role = "DBA", justification = true, grant_max = "15m" }

[[rule]]
name = "sentinel 2: deploy_*"
action = "use-tool"
where.tool = ["deploy_*", "mcp:deploy_*", "mcp:*/deploy_*", "mcp:*__deploy_*"]
policy = "queue"
approve = { role = "DeployApprover", justification = true, grant_max = "15m" }

[[rule]]
name = "sentinel 2: deploy_*, by the host's own name"
action = "use-tool"
where.native = ["deploy_*"]
policy = "queue"
approve = { role = "DeployApprover", justification = true, grant_max = "15m" }

[[rule]]
name = "sentinel 3: send_payment"
action = "use-tool"
where.tool = ["send_payment", "mcp:send_payment", "mcp:*/send_payment", "mcp:*__send_payment"]
policy = "queue"
approve = { role = "Treasury", justification = true, grant_max = "5m" }

[[rule]]
name = "sentinel 3: send_payment, by the host's own name"
action = "use-tool"
where.native = ["send_payment"]
policy = "queue"
approve = { role = "Treasury", justification = true, grant_max = "5m" }
"#;

const JAMJET_RULES: &str = r#"# Rules from a JamJet policy.
# They belong at the end of the config file of ccc-server.
#
# `audit` has no equivalent: every decision is in the audit log in the data directory.
#
# rule 1 (allow: `database.*`) comes before rule 2 (block: `*.drop_?`): for a tool that both match, the first decides there, the stricter here.
#
# A call that cannot be read whole is asked, also where a rule lets its tool pass.
#
# A tool that no rule matches passes there; here it keeps the policy of `use-tool`, and a person is asked. To let such tools pass, add a rule with `where.tool = "*"` and `policy = "auto-accept"`.

[[rule]]
name = "jamjet 1: database.*"
action = "use-tool"
where.tool = ["database.*", "mcp:pg/database.*"]
policy = "auto-accept"

[[rule]]
name = "jamjet 2: *.drop_?"
action = "use-tool"
where.tool = ["*.drop_?"]
policy = "auto-deny"
reason = "your user's policy blocks tools named like `*.drop_?`"

[[rule]]
name = "jamjet 2: *.drop_?, by the host's own name"
action = "use-tool"
where.native = ["*.drop_?"]
policy = "auto-deny"
reason = "your user's policy blocks tools named like `*.drop_?`"

[[rule]]
name = "jamjet 3: payments.refund"
action = "use-tool"
where.tool = ["payments.refund", "mcp:payments.refund", "mcp:*/payments.refund", "mcp:*__payments.refund"]
policy = "queue"

[[rule]]
name = "jamjet 3: payments.refund, by the host's own name"
action = "use-tool"
where.native = ["payments.refund"]
policy = "queue"
"#;

fn jamjet(policy: Value, servers: &[&str]) -> Result<Imported, String> {
    let policy: jamjet::Policy = serde_json::from_value(policy).map_err(|error| error.to_string())?;
    let servers: Vec<String> = servers.iter().map(|server| (*server).to_owned()).collect();
    jamjet::import(&policy, &servers).map_err(|error| error.to_string())
}

fn law(config: &str) -> Law {
    let agent: UserName = "agent".parse().unwrap();
    let person = User { can_approve: [agent.clone()].into(), ..User::default() };
    let users = Users::new([(agent, User::default()), ("ada".parse().unwrap(), person)]);
    let config = read(config).unwrap();
    config.law(users, Volumes::default(), |name| Some(format!("/bin/{name}"))).unwrap()
}

/// What these rules and the starter rules decide about a call of a tool with this common and this host's own name.
fn decision(imported: &Imported, tool: &str, native: &str) -> Decision {
    let law = law(&format!("{}\n{}", starter(), imported.toml()));
    let input = json!({ "file_path": "/workspace/app/a.rs" });
    let facts = facts::derive(tool, &input, "/workspace/app", &facts::Knowledge::default());
    let given = json!({ "host": "claude", "tool": tool, "native": native, "input": input, "cwd": "/workspace/app", "session": "s", "agent": "main" });
    let json = given.as_object().unwrap().clone();
    let typed = json.iter().map(|(name, value)| match value {
        Value::Object(fields) => (name.clone(), Arg::Object(fields.clone())),
        value => (name.clone(), Arg::Text(value.as_str().unwrap().to_owned())),
    });
    let args = Args { typed: typed.collect(), json: json.clone(), beneath: vec![] };
    let caller: UserName = "agent".parse().unwrap();
    let question = Question {
        caller: &caller,
        action: law.catalogue.named("use-tool").unwrap(),
        args: &args,
        facts: Some(&facts),
        risk: None,
        local: LocalTime { weekday: Weekday::Wed, minute_of_day: 12 * 60 },
        now: Timestamp::from_seconds(1_800_000_000),
        users: &law.users,
        limits: &law.limits,
    };
    decide(&question, &law.rulebook, &Standing { overrides: &Overrides::default(), denial: None, grants: &[] })
}

fn word(decision: &Decision) -> &'static str {
    match decision.ruling {
        Ruling::Accept => "accept",
        Ruling::Queue => "queue",
        Ruling::Confine => "confine",
        Ruling::Deny { .. } | Ruling::DeniedBefore { .. } => "deny",
    }
}

#[test]
fn a_sentinel_config_becomes_rules_that_ask_its_roles() {
    let imported = sentinel::import(SENTINEL).unwrap();
    assert_eq!(imported.toml(), SENTINEL_RULES);
    assert_eq!(law(&imported.toml()).rulebook.rules().len(), 6);
}

#[test]
fn a_sentinel_tool_is_asked_by_each_of_its_names() {
    let imported = sentinel::import(
        r#"{"backend":"none","tools":{"MultiEdit":{"role":"DBA","requireJustification":false,"grantMinutes":2},"drop_*":{"role":"DBA"}}}"#,
    )
    .unwrap();
    for (tool, native) in [
        ("Edit", "MultiEdit"),
        ("mcp:pg/drop_all", "mcp__pg__drop_all"),
        ("mcp:drop_all", "drop_all"),
        ("mcp:a__b__drop_all", "mcp__a__b__drop_all"),
        ("drop_all", "drop_all"),
    ] {
        let decision = decision(&imported, tool, native);
        assert_eq!((word(&decision), decision.needs.roles.contains("DBA")), ("queue", true), "{tool} {native}");
    }
    let needs = decision(&imported, "Edit", "MultiEdit").needs;
    assert_eq!((needs.justification, needs.grant_seconds_max), (false, 120));
    let needs = decision(&imported, "mcp:pg/drop_all", "drop_all").needs;
    assert_eq!((needs.justification, needs.grant_seconds_max), (true, 900), "the documented defaults");
    assert_eq!(word(&decision(&imported, "Edit", "Edit")), "accept", "as the starter rules have it");
}

#[test]
fn what_sentinel_forbids_is_refused() {
    for (config, said) in [
        (r#"{"backend":"redis","tools":{}}"#, "`backend` is `redis`: write `none`"),
        (r#"{"tools":{}}"#, "backend"),
        (r#"{"backend":"sqlite","tools":{}}"#, "needs a `databasePath`"),
        (r#"{"backend":"entra-pim","tenantId":" ","tools":{}}"#, "needs a `tenantId`"),
        (r#"{"backend":"none","tools":{"x":{"role":"  "}}}"#, "`tools`: `x`: `role` is empty"),
        (r#"{"backend":"none","tools":{"x":{}}}"#, "role"),
        (r#"{"backend":"none","defaultGrantMinutes":0}"#, "`defaultGrantMinutes` is 0"),
        (r#"{"backend":"none","tools":{"x":{"role":"A","grantMinutes":-1}}}"#, "`grantMinutes` is -1"),
        (r#"{"backend":"none","tools":{"x":{"role":"${ROLE}"}}}"#, "`${ROLE}` is not expanded here"),
        (r#"{"backend":"none","tools":{"${TOOL}":{"role":"A"}}}"#, "not expanded here"),
        (r#"{"backend":"${BACKEND}"}"#, "`backend` is `${BACKEND}`"),
        (r#"{"backend":"none","tools":{"":{"role":"A"}}}"#, "the pattern is empty"),
        (r#"{"backend":"none","tools":{"x":{"role":"A"},"x":{"role":"B"}}}"#, "x"),
        (r#"{"backend":"none","tools":{"x":{"role":"A","requireJustifcation":false}}}"#, "requireJustifcation"),
        ("[]", ""),
    ] {
        let error = sentinel::import(config).unwrap_err().to_string();
        assert!(error.contains(said), "{config}: {error}");
    }
}

#[test]
fn what_stays_behind_of_a_sentinel_config_is_said() {
    let imported = sentinel::import(
        r#"{"backend":"entra-pim","tenantId":"${TENANT}","includeConversationContext":false,"defaultGrantMinutes":2000,
            "defaultJustificationTemplate":"a\nb","tools":{"a*":{"role":"A"},"*b":{"role":"B"}}}"#,
    )
    .unwrap();
    for said in [
        "no directory is asked",
        "`tenantId` `${TENANT}` has no equivalent. Its `${…}` was not expanded.",
        "`defaultJustificationTemplate` `a\\nb` has no equivalent.",
        "`includeConversationContext`",
        "`grant_seconds_max`, 86400 s",
        "`*b` and `a*` can fit the same tool",
    ] {
        assert!(imported.notes().iter().any(|note| note.contains(said)), "{said}: {:#?}", imported.notes());
    }
    assert_eq!(law(&imported.toml()).rulebook.rules().len(), 4, "no note breaks out of its comment");
}

#[test]
fn a_jamjet_policy_becomes_rules_of_the_same_effect() {
    let policy = json!({
        "version": 1,
        "rules": [
            { "match": "database.*", "action": "allow" },
            { "match": "*.drop_?", "action": "block" },
            { "match": "payments.refund", "action": "require_approval" },
        ],
        "audit": { "destination": "~/.jamjet/audit", "rotate_daily": true },
    });
    let imported = jamjet(policy, &["pg"]).unwrap();
    assert_eq!(imported.toml(), JAMJET_RULES);
    assert_eq!(law(&imported.toml()).rulebook.rules().len(), 5);
}

/// The cases of the format's own conformance suite that tell evaluators apart, with what they become here.
#[test]
fn a_jamjet_policy_is_never_looser_here_than_there() {
    let rule = |pattern: &str, action: &str| json!({ "match": pattern, "action": action });
    for (rules, tool, there, here) in [
        (vec![rule("*delete*", "block")], "database.delete_all_customers", "deny", "deny"),
        (vec![rule("shell.exec", "block")], "shell.exec", "deny", "deny"),
        (vec![rule("database.read_*", "allow")], "database.read_orders", "accept", "accept"),
        (vec![rule("payments.*", "require_approval")], "payments.refund", "queue", "queue"),
        (vec![rule("*", "allow"), rule("*delete*", "block")], "database.delete_x", "accept", "deny"),
        (vec![rule("*delete*", "block")], "database.read_orders", "accept", "queue"),
        (vec![rule("slack.send_message", "audit")], "slack.send_message", "accept", "accept"),
        (vec![rule("db.delete_?", "block")], "db.delete_x", "deny", "deny"),
        (vec![rule("db.delete_?", "block")], "db.delete_users", "accept", "queue"),
        (vec![], "any.tool", "accept", "queue"),
        (vec![rule("*delete", "block")], "mass.delete", "deny", "deny"),
        (vec![rule("slack.*", "audit"), rule("slack.send_message", "block")], "slack.send_message", "accept", "deny"),
        (
            vec![rule("payments.*", "require_approval"), rule("payments.refund", "block")],
            "payments.refund",
            "queue",
            "deny",
        ),
        (
            vec![rule("payments.refund", "block"), rule("payments.*", "require_approval")],
            "payments.refund",
            "deny",
            "deny",
        ),
        (vec![rule("*delete*", "block")], "Delete_all", "accept", "queue"),
    ] {
        let imported = jamjet(json!({ "version": 1, "rules": rules }), &["pg"]).unwrap();
        let found = decision(&imported, &format!("mcp:pg/{tool}"), &format!("mcp__pg__{tool}"));
        assert_eq!(word(&found), here, "{rules:?} {tool}");
        let strictness = ["accept", "queue", "deny"];
        let rank = |word: &str| strictness.iter().position(|known| *known == word);
        assert!(rank(here) >= rank(there), "{rules:?} {tool}");
    }
}

#[test]
fn a_jamjet_allow_lets_tools_of_named_servers_alone_pass() {
    let policy = json!({ "version": 1, "rules": [{ "match": "read_*", "action": "allow" }] });
    let named = jamjet(policy.clone(), &["p*"]).unwrap();
    for (tool, expected) in [
        ("mcp:p*/read_x", "accept"),
        ("mcp:pg/read_x", "queue"),
        ("mcp:evil/read_x", "queue"),
        ("mcp:evil/p*/read_x", "queue"),
    ] {
        assert_eq!(word(&decision(&named, tool, "read_x")), expected, "{tool}");
    }
    let unnamed = jamjet(policy, &[]).unwrap();
    assert_eq!(word(&decision(&unnamed, "mcp:pg/read_x", "read_x")), "queue");
    assert!(unnamed.notes().iter().any(|note| note.contains("`--server NAME`")));
}

#[test]
fn what_jamjet_forbids_is_refused() {
    let one = |rule: Value| json!({ "version": 1, "rules": [rule] });
    for (policy, said) in [
        (json!({ "version": 2, "rules": [] }), "`version` is 2"),
        (json!({ "rules": [] }), "version"),
        (json!({ "version": 1 }), "rules"),
        (json!({ "version": 1, "rules": {} }), "sequence"),
        (one(json!({ "match": "*", "action": "maybe" })), "rule 1: `action` is `maybe`"),
        (one(json!({ "match": 1, "action": "allow" })), "string"),
        (one(json!({ "action": "allow" })), "match"),
        (one(json!({ "match": "", "action": "block" })), "rule 1: `match` is empty"),
        (one(json!({ "match": "*", "action": "block", "unless": "x" })), "unless"),
        (json!({ "policy": { "blocked_tools": ["*delete*"] } }), "policy"),
    ] {
        let error = jamjet(policy.clone(), &[]).unwrap_err();
        assert!(error.contains(said), "{policy}: {error}");
    }
}

#[test]
fn what_stays_behind_of_a_jamjet_policy_is_said() {
    let policy = json!({
        "version": 1,
        "rules": [{ "match": "payments.*", "action": "require_approval", "approval_timeout": 600 }],
        "budgets": { "default": { "max_usd": 1.0 } },
        "threat": { "on_first_seen": "allow" },
    });
    let notes = jamjet(policy, &[]).unwrap().notes().join("\n");
    for said in ["`approval_timeout`", "`budgets`", "`threat`", "A tool that no rule matches passes there"] {
        assert!(notes.contains(said), "{said}: {notes}");
    }
    assert!(!notes.contains("--server"), "{notes}");
}
