//! A console without a screen or a server: messages in, commands out, frames as text.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

pub(crate) mod scenes;

use std::collections::BTreeMap;

use ccc_protocol::{
    Digest, TicketId, Timestamp, approval,
    bodies::{OutOfStep, Plan, PolicyList, Preview, QueueList, Ticket},
};
use ccc_queue::{
    config::Config,
    console::{
        message::{Command, Message, News, QueueRead},
        model::{
            Model, Now, Size, Surface,
            here::{Here, Whose},
        },
        update::{begin, update},
    },
    document::Container,
    keys::Chord,
    text::Visible,
    view::{self, theme::Theme},
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use serde_json::{Value, json};

/// 2026-03-07T12:00:00Z, when all stories begin.
pub(crate) const NOON: i64 = 1_772_884_800_000;

/// Keys closer together than this are a burst, milliseconds; written here again on purpose.
pub(crate) const BURST: u64 = 30;

/// The id of the `n`th ticket.
pub(crate) fn id(n: u64) -> TicketId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    TicketId::new(u64::try_from(NOON).unwrap() - 60_000 + n, random)
}

/// A plan that opens something.
pub(crate) fn plan(args: &[&str]) -> Plan {
    Plan::Open {
        declaration: Digest::of(b"declaration"),
        program: "/usr/bin/xdg-open".into(),
        args: args.iter().map(ToString::to_string).collect(),
        dir: None,
        paths: Vec::new(),
    }
}

/// A ticket that waits, with right digests over `plan`.
pub(crate) fn ticket_with(n: u64, agent: &str, action: &str, params: &Value, plan: &Plan) -> Ticket {
    let mut ticket: Ticket = serde_json::from_value(json!({
        "id": id(n), "seq": n, "status": "queued", "action": action, "params": params, "submitted_by": agent,
        "created": Timestamp::from_millis(NOON - 30_000), "expires": Timestamp::from_millis(NOON + 3_570_000),
        "plan": approval::plan_digest(plan), "digest": Digest::of(b""), "rule": "open-browser: queue by default",
        "needed": 1, "approvals": [], "decided_by": null, "decided": null, "reason": null, "result": null,
        "grant_seconds_max": 3600,
    }))
    .unwrap();
    seal(&mut ticket);
    ticket
}

/// Computes the digest anew.
pub(crate) fn seal(ticket: &mut Ticket) {
    ticket.digest = approval::digest(ticket.id, &ticket.action, &ticket.params, ticket.plan, &ticket.submitted_by);
}

/// A ticket that opens a page.
pub(crate) fn ticket(n: u64) -> Ticket {
    let url = format!("https://example.com/{n}");
    ticket_with(n, "agent", "open-browser", &json!({ "url": url }), &plan_of(n))
}

/// What that ticket would do.
pub(crate) fn plan_of(n: u64) -> Plan {
    plan(&[&format!("https://example.com/{n}")])
}

/// The preview of a ticket.
pub(crate) fn preview(ticket: &Ticket, plan: &Plan) -> Preview {
    Preview {
        ticket: ticket.clone(),
        plan: plan.clone(),
        urls: Vec::new(),
        files: Vec::new(),
        facts: None,
        marks: Vec::new(),
        warnings: Vec::new(),
        recent: Vec::new(),
        before_edit: None,
        approved_before: None,
        approved_tool: None,
        replaced: None,
    }
}

/// What a console knows of its machine that came with `--local`.
pub(crate) fn here(container: Container, server: Whose) -> Here {
    Here {
        directory: Visible::label("/home/ana/project"),
        config: Visible::label("/home/ana/.config/ccc/config.toml"),
        log: Visible::label("/home/ana/.local/share/ccc/server.log"),
        server,
        container,
    }
}

/// A console.
pub(crate) struct Desk {
    pub(crate) model: Model,
    pub(crate) millis: u64,
    /// What the server would answer for each ticket.
    pub(crate) previews: BTreeMap<TicketId, Preview>,
    /// Everything asked for that is neither a reading nor a notification.
    pub(crate) asked: Vec<Command>,
    pub(crate) seq: u64,
    pub(crate) theme: Theme,
}

impl Desk {
    pub(crate) fn new(width: u16, height: u16) -> Self {
        Self::with(Config::default(), Surface::Screen, width, height)
    }

    pub(crate) fn with(config: Config, surface: Surface, width: u16, height: u16) -> Self {
        let model = Model::new("user".parse().unwrap(), Visible::label("http://localhost:3015"), config, surface);
        let mut desk =
            Self { model, millis: 0, previews: BTreeMap::new(), asked: Vec::new(), seq: 0, theme: Theme::Plain };
        drop(begin());
        desk.take(Message::Resize(Size { width, height }));
        desk.take(Message::News(News::Connected));
        desk
    }

    pub(crate) fn now(&self) -> Now {
        let wall = Timestamp::from_millis(NOON + i64::try_from(self.millis).unwrap());
        Now { millis: self.millis, wall }
    }

    /// One message, and previews answered at once; the readings and notifications that it asked for.
    pub(crate) fn take(&mut self, message: Message) -> Vec<Command> {
        let now = self.now();
        let commands = update(&mut self.model, message, now);
        for command in &commands {
            if let Command::ReadPreview(id) = command
                && let Some(preview) = self.previews.get(id).cloned()
            {
                let news = News::Preview(*id, Ok(Box::new(preview)));
                drop(update(&mut self.model, Message::News(news), now));
            }
        }
        let aside = |command: &Command| is_reading(command) || matches!(command, Command::Tell { .. });
        let (read, asked): (Vec<_>, Vec<_>) = commands.into_iter().partition(aside);
        self.asked.extend(asked);
        drop(update(&mut self.model, Message::Drawn, now));
        read
    }

    pub(crate) fn wait(&mut self, millis: u64) {
        self.millis += millis;
        // The bridge sends signs of life all the time.
        self.take(Message::News(News::Alive));
        self.take(Message::Tick);
    }

    /// A key, and the moment that it is held back for where it may decide.
    pub(crate) fn key(&mut self, chord: Chord) {
        self.take(Message::Key(chord));
        self.wait(BURST);
    }

    /// Presses keys, as the table writes them, one after the other.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ') {
            let chord: Chord = key.parse().unwrap();
            self.key(chord);
        }
        self
    }

    /// Types text, character by character.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.key(c.into());
        }
        self
    }

    pub(crate) fn queue(&mut self, tickets: Vec<Ticket>, whole: bool) {
        self.seq += 1;
        let list = QueueList { seq: self.seq, tickets, next: None, disk_full: false, config_fault: None, clock: None };
        self.take(Message::News(News::Queue(Ok(QueueRead { list, whole }))));
    }

    /// Nothing changed but how the server's time stands to its clock.
    pub(crate) fn queue_by(&mut self, clock: Option<OutOfStep>) {
        self.seq += 1;
        let list =
            QueueList { seq: self.seq, tickets: vec![], next: None, disk_full: false, config_fault: None, clock };
        self.take(Message::News(News::Queue(Ok(QueueRead { list, whole: false }))));
    }

    /// These tickets wait, each with a preview that fits.
    pub(crate) fn waiting(&mut self, numbers: impl IntoIterator<Item = u64>) {
        let tickets: Vec<Ticket> = numbers
            .into_iter()
            .map(|n| (ticket(n), plan_of(n)))
            .map(|(ticket, plan)| {
                self.previews.insert(ticket.id, preview(&ticket, &plan));
                ticket
            })
            .collect();
        self.queue(tickets, false);
    }

    /// This ticket waits, with this preview.
    pub(crate) fn waits(&mut self, preview: Preview) {
        let ticket = preview.ticket.clone();
        self.previews.insert(ticket.id, preview);
        self.queue(vec![ticket], false);
    }

    pub(crate) fn policies(&mut self, list: PolicyList) {
        self.take(Message::News(News::Policies(Ok(list))));
    }

    /// The decisions asked for so far.
    pub(crate) fn decisions(&self) -> Vec<&Command> {
        self.asked.iter().filter(|command| decides(command)).collect()
    }

    pub(crate) fn frame(&self) -> Buffer {
        let Size { width, height } = self.model.size();
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::view(&self.model, self.theme, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    pub(crate) fn screen(&self) -> String {
        lines(&self.frame()).join("\n")
    }
}

/// A buffer's rows as text, without spaces at their ends.
pub(crate) fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    (area.y..area.bottom())
        .map(|y| {
            let mut line = String::new();
            let mut skip = 0;
            for x in area.x..area.right() {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = unicode_width::UnicodeWidthStr::width(symbol).max(1);
                }
                skip -= 1;
            }
            line.trim_end().to_owned()
        })
        .collect()
}

pub(crate) fn is_reading(command: &Command) -> bool {
    matches!(
        command,
        Command::ReadQueue
            | Command::ReadPreview(_)
            | Command::ReadWaiting(_)
            | Command::ReadGrants
            | Command::ReadPolicies
            | Command::ReadActions
            | Command::ReadAudit { .. }
    )
}

pub(crate) fn decides(command: &Command) -> bool {
    matches!(command, Command::Approve { .. } | Command::Deny { .. } | Command::Edit { .. })
}
