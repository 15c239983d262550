//! Small logs and what they come to.

use serde_json::json;

use super::*;

fn count(entries: &[serde_json::Value]) -> Figures {
    let mut counting = Counting::since("2026-03-01T00:00:00Z".parse().unwrap());
    entries.iter().for_each(|entry| counting.take(&entry.to_string()));
    counting.finish(&ccc_toolcall::facts::Knowledge::default())
}

fn id(number: u8) -> String {
    format!("0198e6a2-7b1c-7d3e-8f40-0000000000{number:02x}")
}

fn asked(number: u8, at: &str, by: &str, command: &str) -> serde_json::Value {
    let params = json!({ "tool": "Bash", "input": { "command": command }, "cwd": "/p" });
    submitted(number, at, by, "queued", &params)
}

fn submitted(number: u8, at: &str, by: &str, status: &str, params: &serde_json::Value) -> serde_json::Value {
    json!({ "seq": number, "at": at, "kind": "submitted", "by": by, "about": by, "ticket": id(number), "action": "use-tool",
        "status": status, "detail": { "params": params } })
}

fn step(number: u8, at: &str, kind: &str, by: Option<&str>) -> serde_json::Value {
    json!({ "seq": 99, "at": at, "kind": kind, "by": by, "about": "a", "ticket": id(number), "action": "use-tool", "status": kind })
}

#[test]
fn each_word_of_a_status_is_counted_under_what_it_means_and_an_unknown_one_under_its_own() {
    let of = |number, status| submitted(number, "2026-03-07T12:00:00Z", "a", status, &json!({}));
    let figures = count(&[
        of(1, "queued"),
        of(2, "released"),
        of(3, "succeeded"),
        of(4, "denied"),
        of(5, "confined"),
        of(6, "put-off"),
    ]);
    let outcome = |word| figures.all.of(word);
    assert_eq!(["passed", "confined", "asked", "denied", "put-off"].map(outcome), [2, 1, 1, 1, 1]);
    assert_eq!(figures.all.requests, 6);
}

#[test]
fn each_rule_that_decided_is_counted_once_a_request() {
    let of = |number, rule: &str| {
        let mut entry = submitted(number, "2026-03-07T12:00:00Z", "a", "released", &json!({}));
        entry["detail"]["rule"] = json!(rule);
        entry
    };
    let figures = count(&[
        of(1, "rule `builds`"),
        of(2, "edited; rules `builds`, `reads`, `no uploads` and 2 more"),
        of(3, "use-tool: queue by default"),
        of(4, "override to queue by ada"),
    ]);
    assert_eq!(
        figures.rules,
        [("builds", 2), ("no uploads", 1), ("reads", 1)].map(|(name, times)| (name.to_owned(), times)).into()
    );
}

#[test]
fn asks_are_told_by_active_hour_and_agent() {
    let figures = count(&[
        asked(1, "2026-03-07T12:00:00Z", "a", "make x"),
        asked(2, "2026-03-07T12:59:59Z", "a", "make x"),
        asked(3, "2026-03-07T15:10:00Z", "a", "make x"),
        submitted(4, "2026-03-07T12:30:00Z", "b", "released", &json!({})),
    ]);
    let of = |name: &str| &figures.agents[name];
    assert_eq!((of("a").active_hours, of("a").asks_per_active_hour), (2, 1.5));
    assert_eq!((of("b").active_hours, of("b").asks_per_active_hour), (1, 0.0));
    assert_eq!((figures.all.active_hours, figures.all.asks_per_active_hour), (2, 1.5));
}

#[test]
fn a_persons_first_word_decides_and_the_agents_own_is_none() {
    let figures = count(&[
        asked(1, "2026-03-07T12:00:00Z", "a", "make x"),
        step(1, "2026-03-07T12:00:00.900Z", "approved", Some("user")),
        step(1, "2026-03-07T12:09:00Z", "approved", Some("other")),
        asked(2, "2026-03-07T12:00:00Z", "a", "make x"),
        step(2, "2026-03-07T12:00:05Z", "denied", Some("user")),
        asked(3, "2026-03-07T12:00:00Z", "a", "make x"),
        step(3, "2026-03-07T12:00:07Z", "approved", Some("user")),
        asked(4, "2026-03-07T12:00:00Z", "a", "make x"),
        step(4, "2026-03-07T12:00:08Z", "cancelled", Some("a")),
        asked(5, "2026-03-07T12:00:00Z", "a", "make x"),
        step(5, "2026-03-07T13:00:00Z", "expired", None),
        asked(6, "2026-03-07T12:00:00Z", "a", "make x"),
        step(6, "2026-03-07T12:00:01Z", "approved", Some("user")),
        step(6, "2026-03-07T13:00:00Z", "expired", None),
    ]);
    let Answers { decided, median_millis, under_one_second, share_under_one_second, expired_unseen } = figures.answers;
    assert_eq!((decided, median_millis), (4, Some(3000)));
    assert_eq!((under_one_second, share_under_one_second), (1, 0.25));
    assert_eq!(expired_unseen, 1, "what was approved and not taken up in time was seen");
}

#[test]
fn the_shapes_asked_most_are_told_whatever_else_differs() {
    let mut entries: Vec<_> =
        (0..12).map(|number| asked(number, "2026-03-07T12:00:00Z", "a", &format!("program{number} x"))).collect();
    entries.push(asked(20, "2026-03-07T12:00:00Z", "a", "git push origin one"));
    entries.push(asked(21, "2026-03-07T12:00:00Z", "b", "git push origin two"));
    let figures = count(&entries);
    assert_eq!(figures.most_asked.len(), SHAPES_TOLD);
    assert_eq!(figures.most_asked[0], Shape { shape: "Bash git push".to_owned(), times: 2 });
}

#[test]
fn what_was_before_is_not_counted_and_what_does_not_read_is_told() {
    let mut counting = Counting::since("2026-03-01T00:00:00Z".parse().unwrap());
    counting.take(&asked(1, "2026-02-28T23:59:59Z", "a", "make").to_string());
    counting.take("{");
    counting.skip();
    let figures = counting.finish(&ccc_toolcall::facts::Knowledge::default());
    assert_eq!((figures.all.requests, figures.unreadable), (0, 2));
}
