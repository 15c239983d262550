//! Mail: sent where a permission says so and as it was shown; who permits what; what a restart keeps.

use std::fs;

use ccc_protocol::bodies::{ProblemType, Status};
use ccc_tests::{
    bridge::{Bridge, Site},
    mail_server::{MailServer, UNKNOWN},
};
use serde_json::{Value, json};

fn mail(to: &str, topic: &str) -> Value {
    json!({ "action": "send-email", "to": to, "subject": "a build", "body": "it is done\n", "topic": topic })
}

fn permission(to: &str, topic: Option<&str>, allow: bool) -> Value {
    let mut body = json!({ "action": "set-mail-permission", "target_user": "agent", "to": to, "allow": allow });
    if let Some(topic) = topic {
        body["topic"] = topic.into();
    }
    body
}

fn permissions(bridge: &Bridge, user: &str) -> Value {
    bridge.submit(user, &json!({ "action": "get-mail-permissions" })).ticket().result.unwrap()["allowed"].clone()
}

#[test]
fn a_mail_is_sent_where_a_permission_says_so_and_the_servers_words_are_the_result() {
    let server = MailServer::start();
    let bridge = Bridge::with_config(server.config());
    let before = bridge.submit("agent", &mail("a@example.com", "builds")).refused(403, ProblemType::NotAllowed);
    assert!(before.detail.contains("set-mail-permission"), "{}", before.detail);
    assert_eq!(
        bridge.submit("user", &permission("a@example.com", Some("builds"), true)).ticket().status,
        Status::Succeeded
    );
    let sent = bridge.run("agent", &mail("a@example.com", "builds"));
    assert_eq!((sent.status, &sent.result.unwrap()["smtp"]), (Status::Succeeded, &json!("250 2.0.0 queued as 4711")));
    let received = server.received();
    assert_eq!((received.len(), received[0].to.as_str()), (1, "a@example.com"));
    for part in ["From: bridge@example.com", "Subject: a build", "it is done"] {
        assert!(received[0].text.contains(part), "{}", received[0].text);
    }
}

#[test]
fn a_permission_is_exact_but_for_a_topic_of_null() {
    let server = MailServer::start();
    let bridge = Bridge::with_config(server.config());
    bridge.submit("user", &permission("one@example.com", Some("builds"), true)).ticket();
    bridge.submit("user", &permission("any@example.com", None, true)).ticket();
    for (to, topic, fits) in [
        ("one@example.com", "builds", true),
        ("one@example.com", "Builds", false),
        ("one@example.com", "builds ", false),
        ("ONE@example.com", "builds", false),
        ("one@example.com.evil.example", "builds", false),
        ("any@example.com", "whatever", true),
    ] {
        let status = bridge.submit("agent", &mail(to, topic)).status;
        assert_eq!(status < 300, fits, "{to} {topic}: {status}");
    }
    bridge.submit("user", &permission("any@example.com", None, false)).ticket();
    bridge.submit("agent", &mail("any@example.com", "whatever")).refused(403, ProblemType::NotAllowed);
}

#[test]
fn only_who_may_approve_for_a_user_permits_their_mail() {
    let bridge = Bridge::with_config(MailServer::start().config());
    for who in ["agent", "other", "lead"] {
        let before = bridge.seq();
        bridge.submit(who, &permission("a@example.com", None, true)).refused(403, ProblemType::NotAllowed);
        assert_eq!(bridge.seq(), before, "{who}: no ticket, no queue entry");
    }
    let own = json!({ "action": "set-mail-permission", "target_user": "user", "to": "a@example.com", "allow": true });
    bridge.submit("user", &own).refused(403, ProblemType::NotAllowed);
    bridge.submit("user", &permission("a@example.com", None, true)).ticket();
    let entry = json!([{ "user": "agent", "to": "a@example.com", "topic": null }]);
    assert_eq!((permissions(&bridge, "agent"), permissions(&bridge, "dba")), (entry.clone(), entry));
    assert_eq!((permissions(&bridge, "other"), permissions(&bridge, "lead")), (json!([]), json!([])));
    let named = json!({ "action": "get-mail-permissions", "target_user": "agent" });
    bridge.submit("other", &named).refused(403, ProblemType::NotAllowed);
}

#[test]
fn permissions_outlive_a_restart_with_a_file_and_without() {
    for args in [&[][..], &["--mail-perms", "mail-perms.json"]] {
        let server = MailServer::start();
        let mut bridge = Site::new().config(server.config()).args(args).start();
        bridge.submit("user", &permission("a@example.com", None, true)).ticket();
        bridge.kill();
        bridge.start_again();
        assert_eq!(bridge.run("agent", &mail("a@example.com", "x")).status, Status::Succeeded, "{args:?}");
        let file = bridge.site().home().join("mail-perms.json");
        assert_eq!(file.exists(), !args.is_empty());
    }
}

#[test]
fn the_owners_file_wins_at_start_and_is_rewritten_after_each_change() {
    let server = MailServer::start();
    let mut bridge = Site::new().config(server.config()).args(&["--mail-perms", "mail-perms.json"]).start();
    let file = bridge.site().home().join("mail-perms.json");
    bridge.submit("user", &permission("a@example.com", Some("t"), true)).ticket();
    let read = || serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(read(), json!({ "allowed": [{ "user": "agent", "to": "a@example.com", "topic": "t" }] }));
    bridge.stop();
    fs::write(&file, r#"{"allowed":[{"user":"agent","to":"b@example.com","topic":null}]}"#).unwrap();
    bridge.start_again();
    assert_eq!(permissions(&bridge, "agent"), json!([{ "user": "agent", "to": "b@example.com", "topic": null }]));
    bridge.submit("agent", &mail("a@example.com", "t")).refused(403, ProblemType::NotAllowed);
}

#[test]
fn an_owners_file_behind_a_link_is_rewritten_where_it_lies() {
    let server = MailServer::start();
    let site = Site::new().config(server.config()).args(&["--mail-perms", "link.json"]);
    let (real, link) = (site.home().join("mail/perms.json"), site.home().join("link.json"));
    fs::create_dir(real.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let bridge = site.start();
    for to in ["a@example.com", "b@example.com"] {
        bridge.submit("user", &permission(to, None, true)).ticket();
        assert!(fs::read_to_string(&real).unwrap().contains(to));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

#[test]
fn a_permission_that_is_taken_back_before_the_effect_stops_a_mail_that_was_approved() {
    let server = MailServer::start();
    let config = format!("{}\n[actions.send-email]\npolicy = \"queue\"\n", server.config());
    let bridge = Bridge::with_config(config);
    bridge.submit("user", &permission("a@example.com", None, true)).ticket();
    let ticket = bridge.submit("agent", &mail("a@example.com", "x")).ticket();
    assert_eq!(ticket.status, Status::Queued);
    bridge.submit("user", &permission("a@example.com", None, false)).ticket();
    bridge.approve("user", &ticket);
    let ended = bridge.end_of("agent", ticket.id);
    assert_eq!((ended.status, server.received()), (Status::Failed, vec![]), "{:?}", ended.reason);
}

#[test]
fn what_the_mail_server_refuses_is_a_failed_ticket_that_says_so() {
    let server = MailServer::start();
    let bridge = Bridge::with_config(server.config());
    bridge.submit("user", &permission(UNKNOWN, None, true)).ticket();
    let refused = bridge.run("agent", &mail(UNKNOWN, "x"));
    assert_eq!(refused.status, Status::Failed);
    assert!(refused.reason.unwrap().contains("550"));
    assert_eq!(server.received(), []);
}

#[test]
fn nothing_smuggles_a_header_or_a_second_recipient() {
    let server = MailServer::start();
    let bridge = Bridge::with_config(server.config());
    bridge.submit("user", &permission("a@example.com", None, true)).ticket();
    let mut subject = mail("a@example.com", "x");
    subject["subject"] = "hi\r\nBcc: b@example.com".into();
    let mut other_end_of_line = mail("a@example.com", "x");
    other_end_of_line["body"] = "a\r.\r\nMAIL FROM:<eve@example.org>\r\n".into();
    let mut topic = mail("a@example.com", "x");
    topic["topic"] = "x\ny".into();
    for body in [
        subject,
        other_end_of_line,
        topic,
        mail("a@example.com, b@example.com", "x"),
        mail("A <a@example.com>", "x"),
        mail("a@example.com\n", "x"),
        mail("", "x"),
    ] {
        let before = bridge.seq();
        bridge.submit("agent", &body).refused(422, ProblemType::InvalidParameter);
        assert_eq!(bridge.seq(), before);
    }
    let mut dots = mail("a@example.com", "x");
    dots["body"] = "a\n.\nRCPT TO:<b@example.com>\n.\n".into();
    assert_eq!(bridge.run("agent", &dots).status, Status::Succeeded);
    let received = server.received();
    assert_eq!((received.len(), received[0].to.as_str()), (1, "a@example.com"), "one mail, whatever its text holds");
}

#[test]
fn a_subject_is_read_by_its_recipient_as_it_was_shown() {
    let server = MailServer::start();
    let bridge = Bridge::with_config(server.config());
    bridge.submit("user", &permission("a@example.com", None, true)).ticket();
    let mut encoded = mail("a@example.com", "x");
    encoded["subject"] = "=?utf-8?B?eW91IGFyZSBmaXJlZA==?=".into();
    let problem = bridge.submit("agent", &encoded).refused(422, ProblemType::InvalidParameter);
    assert_eq!(problem.param.as_deref(), Some("subject"));
    assert!(problem.detail.contains("`=?`") && problem.detail.contains("eW91IGFyZSBmaXJlZA"), "{}", problem.detail);
    let mut plain = mail("a@example.com", "x");
    plain["subject"] = "a = b? Grüße".into();
    assert_eq!(bridge.run("agent", &plain).status, Status::Succeeded);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_disabled_group_denies_all_three_mail_actions() {
    let bridge = Bridge::with_config(MailServer::start().config());
    bridge.submit("user", &permission("a@example.com", None, true)).ticket();
    assert_eq!(bridge.post("user", "/policies/group/email", &json!({ "enabled": false })).status, 200);
    bridge.submit("agent", &mail("a@example.com", "x")).refused(403, ProblemType::Denied);
    bridge.submit("agent", &json!({ "action": "get-mail-permissions" })).refused(403, ProblemType::Denied);
    assert_eq!(bridge.post("user", "/policies/group/email", &json!({ "enabled": true })).status, 200);
    assert_eq!(bridge.run("agent", &mail("a@example.com", "x")).status, Status::Succeeded);
}

#[test]
fn a_dry_run_sends_nothing_and_permits_nothing() {
    let server = MailServer::start();
    let bridge = Site::new().config(server.config()).args(&["--dry-run"]).start();
    let set = bridge.submit("user", &permission("a@example.com", None, true)).ticket();
    assert_eq!((set.status, &set.result.unwrap()["dry_run"]), (Status::Succeeded, &json!(true)));
    assert_eq!(permissions(&bridge, "user"), json!([]));
    bridge.submit("agent", &mail("a@example.com", "x")).refused(403, ProblemType::NotAllowed);
    assert_eq!(server.received(), []);
}

#[test]
fn a_permission_that_cannot_be_written_to_its_file_is_not_granted() {
    let server = MailServer::start();
    let mut bridge = Site::new().config(server.config()).args(&["--mail-perms", "mail-perms.json"]).start();
    let in_the_way = bridge.site().home().join("mail-perms.new");
    fs::create_dir(&in_the_way).unwrap();
    bridge.submit("user", &permission("a@example.com", None, true)).refused(503, ProblemType::Unavailable);
    fs::remove_dir(&in_the_way).unwrap();
    bridge.until("it serves again", || {
        (bridge.submit("agent", &json!({ "action": "list-actions" })).status == 200).then_some(())
    });
    assert_eq!(permissions(&bridge, "agent"), json!([]));
    bridge.submit("agent", &mail("a@example.com", "x")).refused(403, ProblemType::NotAllowed);
    bridge.kill();
    bridge.start_again();
    assert_eq!(permissions(&bridge, "agent"), json!([]), "nor after a restart");
}

#[test]
fn an_owners_edit_of_the_file_counts_at_once_and_is_told_to_whom_it_concerns() {
    let server = MailServer::start();
    let bridge = Site::new().config(server.config()).args(&["--mail-perms", "mail-perms.json"]).start();
    bridge.submit("user", &permission("a@example.com", None, true)).ticket();
    let file = bridge.site().home().join("mail-perms.json");
    fs::write(&file, r#"{"allowed":[{"user":"agent","to":"b@example.com","topic":null}]}"#).unwrap();
    let edited = json!([{ "user": "agent", "to": "b@example.com", "topic": null }]);
    bridge.until("the edit counts", || (permissions(&bridge, "agent") == edited).then_some(()));
    bridge.submit("agent", &mail("a@example.com", "x")).refused(403, ProblemType::NotAllowed);
    let told = |reader: &str| {
        let entries = bridge.get(reader, "/audit").json()["entries"].as_array().unwrap().clone();
        entries.into_iter().filter(|entry| entry["kind"] == "mail-permissions-read").collect::<Vec<_>>()
    };
    assert_eq!(told("user")[0]["detail"]["added"], edited);
    assert_eq!(told("lead"), Vec::<Value>::new(), "who may not ask for it is not told either");
}
