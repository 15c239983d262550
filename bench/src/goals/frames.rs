//! Goal 9: what a console's frame costs, with little and with much that waits, drawn in this process.

use std::time::Instant;

use ccc_protocol::{
    Digest, TicketId, Timestamp, approval,
    bodies::{Plan, QueueList, Ticket},
};
use ccc_queue::{
    config::Config,
    console::{
        message::{Message, News, QueueRead},
        model::{Model, Now, Size, Surface},
        update::update,
    },
    text::Visible,
    view::{self, theme::Theme},
};
use ratatui::{Terminal, backend::TestBackend};
use serde_json::json;

use super::Bench;
use crate::{
    report::Goal,
    sample::{Ratio, median, time},
};

const WALL: i64 = 1_772_884_800_000;
const FRAMES: usize = 50;

/// Goal 9.
pub fn frames(bench: &mut Bench) {
    let many = bench.wishes.pick(10_000, 100_000, 100_000);
    // Ten fill the list of the small screen. On the large one they leave it mostly blank, and blank cells are cheap: there a
    // screenful tells what many cost beside the picture itself.
    for (few_pending, columns, lines) in [(10, 80, 24), (10, 200, 60), (60, 200, 60)] {
        let (mut few, mut much) = (Console::with(few_pending, columns, lines), Console::with(many, columns, lines));
        let (mut of_few, mut of_much) = (vec![], vec![]);
        for _ in 0..bench.wishes.rounds {
            of_much.push(much.median_frame());
            of_few.push(few.median_frame());
        }
        let figures = format!("{} / {}", time(median(&of_much)), time(median(&of_few)));
        let what = format!("a console's frame at {columns}×{lines}, {many} pending against {few_pending}");
        bench.report.ratio("9", what, Ratio::of(&of_much, &of_few), Goal::AtMost(1.2), figures);
    }
}

struct Console {
    model: Model,
    terminal: Terminal<TestBackend>,
    millis: u64,
}

impl Console {
    fn with(pending: usize, width: u16, height: u16) -> Self {
        let server = Visible::label("http://localhost:3015");
        let model = Model::new("user".parse().expect("a name"), server, Config::default(), Surface::Screen);
        let terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
        let mut console = Self { model, terminal, millis: 0 };
        console.take(Message::Resize(Size { width, height }));
        console.take(Message::News(News::Connected));
        let tickets = (1..=pending as u64).map(ticket).collect();
        console.take(Message::News(News::Queue(Ok(QueueRead {
            list: QueueList {
                seq: pending as u64,
                tickets,
                next: None,
                disk_full: false,
                config_fault: None,
                clock: None,
            },
            whole: true,
        }))));
        console
    }

    fn take(&mut self, message: Message) {
        let wall = Timestamp::from_millis(WALL + self.millis.cast_signed());
        // What it asks for is answered by nobody here.
        drop(update(&mut self.model, message, Now { millis: self.millis, wall }));
    }

    /// One frame: time passes, and everything is drawn anew.
    fn frame(&mut self) -> f64 {
        self.millis += 250;
        let begun = Instant::now();
        self.take(Message::Tick);
        self.terminal.draw(|frame| view::view(&self.model, Theme::Plain, frame)).expect("drawn");
        begun.elapsed().as_secs_f64()
    }

    fn median_frame(&mut self) -> f64 {
        let frames: Vec<f64> = (0..FRAMES).map(|_| self.frame()).collect();
        median(&frames)
    }
}

fn ticket(n: u64) -> Ticket {
    let plan = Plan::Open {
        declaration: Digest::of(b"declaration"),
        program: "/usr/bin/xdg-open".into(),
        args: vec![format!("https://example.com/{n}")],
        dir: None,
        paths: vec![],
    };
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    let mut ticket: Ticket = serde_json::from_value(json!({
        "id": TicketId::new(WALL as u64, random), "seq": n, "status": "queued", "action": "open-browser",
        "params": { "url": format!("https://example.com/{n}") }, "submitted_by": format!("agent{}", n % 5),
        "created": Timestamp::from_millis(WALL - 30_000), "expires": Timestamp::from_millis(WALL + 3_570_000),
        "plan": approval::plan_digest(&plan), "digest": Digest::of(b""), "rule": "open-browser: queue by default",
        "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
    }))
    .expect("a ticket");
    ticket.digest = approval::digest(ticket.id, &ticket.action, &ticket.params, ticket.plan, &ticket.submitted_by);
    ticket
}
