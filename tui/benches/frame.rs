//! What a frame costs at 10 and at 100,000 waiting requests: the second must be within 1.2 times the first. The screen is 80 by 24,
//! whose list ten requests fill: what is compared is the same picture, made of few and of many.
//!
//! `cargo bench -p ccc-queue` prints the medians and exits with 1 where the promise is broken.

#![expect(clippy::panic, reason = "a benchmark that cannot be set up ends there")]

use std::{hint::black_box, process::ExitCode, time::Instant};

use ccc_protocol::{
    TicketId, Timestamp,
    bodies::{QueueList, Ticket},
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

/// What is promised.
const RATIO_MAX: f64 = 1.2;
/// Frames of a round, and rounds, of which the median counts.
const FRAMES: u32 = 200;
const ROUNDS: usize = 15;
const NOON: i64 = 1_772_884_800_000;

fn main() -> ExitCode {
    let mut few = Bench::new(10);
    let mut many = Bench::new(100_000);
    // By turns, so that whatever else the machine does hits both.
    let (mut at_few, mut at_many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        at_few.push(few.round());
        at_many.push(many.round());
    }
    let (few, many) = (median(at_few), median(at_many));
    let ratio = many / few;
    println!("frame at      10 waiting: {few:8.1} µs");
    println!("frame at 100,000 waiting: {many:8.1} µs   ({ratio:.2} times; at most {RATIO_MAX})");
    if ratio <= RATIO_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn median(mut micros: Vec<f64>) -> f64 {
    micros.sort_unstable_by(f64::total_cmp);
    micros.get(micros.len() / 2).copied().unwrap_or(0.0)
}

struct Bench {
    model: Model,
    terminal: Terminal<TestBackend>,
    millis: u64,
}

impl Bench {
    fn new(waiting: u64) -> Self {
        let size = Size { width: 80, height: 24 };
        let user = "user".parse().unwrap_or_else(|error| panic!("{error}"));
        let model = Model::new(user, Visible::label("http://localhost:3015"), Config::default(), Surface::Screen);
        let terminal =
            Terminal::new(TestBackend::new(size.width, size.height)).unwrap_or_else(|error| panic!("{error}"));
        let mut bench = Self { model, terminal, millis: 0 };
        bench.take(Message::Resize(size));
        let list = QueueList {
            seq: 1,
            tickets: (0..waiting).map(ticket).collect(),
            next: None,
            disk_full: false,
            config_fault: None,
            clock: None,
        };
        bench.take(Message::News(News::Queue(Ok(QueueRead { list, whole: true }))));
        bench
    }

    /// Microseconds of one frame: a message is taken, and everything on screen is drawn.
    fn round(&mut self) -> f64 {
        let begun = Instant::now();
        for _ in 0..FRAMES {
            self.take(Message::Tick);
            let (model, terminal) = (&self.model, &mut self.terminal);
            let drawn = terminal.draw(|frame| view::view(model, Theme::Dark, frame));
            black_box(drawn.is_ok());
        }
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(FRAMES)
    }

    fn take(&mut self, message: Message) {
        self.millis += 10;
        let now = Now { millis: self.millis, wall: Timestamp::from_millis(NOON) };
        black_box(update(&mut self.model, message, now));
    }
}

fn ticket(n: u64) -> Ticket {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    let digest = "sha-256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let ticket = json!({
        "id": TicketId::new(n, random), "seq": n, "status": "queued", "action": "open-browser",
        "params": { "url": format!("https://example.com/{n}") }, "submitted_by": "agent",
        "created": "2026-03-07T11:59:30Z", "expires": "2026-03-07T12:59:30Z", "plan": digest, "digest": digest,
        "rule": "open-browser: queue by default", "needed": 1, "approvals": [], "decided_by": null, "decided": null,
        "reason": null, "result": null,
    });
    serde_json::from_value(ticket).unwrap_or_else(|error| panic!("{error}"))
}
