//! Goal 10: what changed since, among few and among many that wait.

use std::time::Instant;

use super::Bench;
use crate::{
    http::Line,
    report::Goal,
    sample::{Ratio, median, time},
    server::{Home, Server, signer},
    sign::{Ask, Signer},
};

/// The limits that so many pending tickets of one user need.
pub const RAISED: &str = "[limits]\nqueued_per_user_max = 20000\nqueued_max = 20000\nqueue_seconds_max = 36000\n";

/// What is said in the report of raised limits.
pub const RAISED_WORDS: &str =
    "`queued_per_user_max` and `queued_max` were raised to 20,000, `queue_seconds_max` to 36,000";

/// Puts tickets into the queue: pages to be opened, each another.
pub fn fill_queue(server: &Server, signer: &Signer, from: usize, to: usize) {
    let mut line = Line::to(server.addr());
    for n in from..to {
        let body = format!(r#"{{"action":"open-browser","url":"https://example.com/{n}"}}"#);
        let ticket = line.json(&signer.signed(Ask::post("/action", &body)));
        assert_eq!(ticket["status"], "queued", "a page waits for a person");
    }
}

/// Goal 10.
pub fn changes(bench: &mut Bench) {
    let many = bench.wishes.pick(1000, 10_000, 10_000);
    let config = format!("{RAISED}[desktop]\nbrowser = [\"true\", \"{{url}}\"]\n");
    let homes = [Home::new(&bench.builds).with_config(&config), Home::new(&bench.builds).with_config(&config)];
    let [few_server, many_server] = homes.each_ref().map(|home| home.bridge(&bench.builds, None));
    let (agent, user) = (signer("agent"), signer("user"));
    let mut few = Reader::with(&few_server, &agent, 10);
    let mut many_reader = Reader::with(&many_server, &agent, many);
    let (mut of_few, mut of_many) = (vec![], vec![]);
    for _ in 0..bench.wishes.rounds {
        of_many.push(many_reader.median_time(&user));
        of_few.push(few.median_time(&user));
    }
    let figures = format!("{} / {}", time(median(&of_many)), time(median(&of_few)));
    let what = format!("`GET /queue?after=SEQ`, 1 change, {many} pending against 10");
    bench.report.ratio("10", what, Ratio::of(&of_many, &of_few), Goal::AtMost(2.0), figures);
    bench.report.note(format!("goal 10: {RAISED_WORDS}"));
}

struct Reader {
    line: Line,
    target: String,
}

impl Reader {
    /// With so many pending, one of which changed since the sequence that is asked for.
    fn with(server: &Server, agent: &Signer, pending: usize) -> Self {
        fill_queue(server, agent, 0, pending - 1);
        let mut line = Line::to(server.addr());
        let seq = line.json(&agent.signed(Ask::get("/queue?limit=1")))["seq"].as_u64().expect("a sequence");
        fill_queue(server, agent, pending, pending + 1);
        let target = format!("/queue?after={seq}");
        let changed = line.json(&agent.signed(Ask::get(&target)));
        assert_eq!(changed["tickets"].as_array().map(Vec::len), Some(1), "one ticket changed");
        Self { line, target }
    }

    fn median_time(&mut self, user: &Signer) -> f64 {
        let requests: Vec<_> = (0..500).map(|_| user.signed(Ask::get(&self.target))).collect();
        let times = requests.iter().map(|request| {
            let begun = Instant::now();
            let (status, _) = self.line.ask(request);
            assert_eq!(status, 200, "a list");
            begun.elapsed().as_secs_f64()
        });
        median(&times.collect::<Vec<_>>())
    }
}
