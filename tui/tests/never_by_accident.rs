//! The promise of docs/console.md as a property: whatever keys, pastes, clicks, resizes and news come in whatever order, a decision is
//! made only by an explicit key, on a ticket and digest that stood on screen, readable and undisturbed, for 400 ms.
//!
//! The judge looks at rendered screens and at what was sent in; it knows nothing of how the console arms its keys.

#![cfg(test)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use ccc_protocol::{
    TicketId,
    bodies::{Care, Gravity, Risk, Status, Ticket, Verdict},
};
use ccc_queue::{
    console::{
        message::{Command, Message, News, QueueRead, Trouble, Verb},
        model::Size,
    },
    keys::{Chord, Code, Context, View},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use support::{Desk, id, lines, plan_of, preview, ticket};

/// As docs/console.md says, and written here again on purpose.
const SETTLE: u64 = 400;
const HELD: u64 = 1000;

#[derive(Debug, Clone)]
enum Step {
    Key(&'static str),
    /// Back to the queue, a pause, and a key: what a person does who means it.
    Meant(&'static str),
    Letters(&'static str),
    /// What a person does who means to approve the grave one: to it, to its end, and its word.
    Careful,
    /// Out of dialogs and back to the queue, as a person would before deciding.
    Home,
    Paste(&'static str),
    Click(u16, u16),
    Focus(bool),
    Resize(u16, u16),
    Wait(u64),
    Arrives(u64),
    PreviewComes(u64),
    WrongPreview(u64),
    Leaves(u64),
    Lost,
    Back,
    Answered(u64, bool),
}

fn step() -> impl Strategy<Value = Step> {
    const KEYS: [&str; 32] = [
        "y", "y", "y", "y", "y", "y", "n", "n", "Y", "e", "s", "S", "space", "z", "!", "u", "j", "j", "k", "G",
        "enter", "enter", "]", "]", "tab", "/", ":", "v", "?", "ctrl-s", "right", "i",
    ];
    const SIZES: [(u16, u16); 8] = [(120, 30), (120, 40), (120, 24), (100, 20), (80, 24), (60, 14), (40, 10), (39, 9)];
    let number = 1_u64..7;
    prop_oneof![
        10 => (0..KEYS.len()).prop_map(|at| Step::Key(KEYS[at])),
        8 => Just(Step::Home),
        6 => prop_oneof![Just("y"), Just("n"), Just("e"), Just("Y"), Just("j")].prop_map(Step::Meant),
        2 => prop_oneof![Just("open-browser"), Just(WORD), Just("yes"), Just("approve y")].prop_map(Step::Letters),
        2 => Just(Step::Careful),
        1 => prop_oneof![Just("y"), Just("y\ny\r"), Just("open-browser"), Just(WORD)].prop_map(Step::Paste),
        1 => (0_u16..120, 0_u16..30).prop_map(|(column, line)| Step::Click(column, line)),
        1 => any::<bool>().prop_map(Step::Focus),
        1 => (0..SIZES.len()).prop_map(|at| Step::Resize(SIZES[at].0, SIZES[at].1)),
        12 => prop_oneof![Just(10), Just(150), Just(390), Just(410), Just(1100), Just(1100), Just(1100)].prop_map(Step::Wait),
        6 => number.clone().prop_map(Step::Arrives),
        1 => number.clone().prop_map(Step::PreviewComes),
        1 => number.clone().prop_map(Step::WrongPreview),
        1 => number.clone().prop_map(Step::Leaves),
        1 => Just(Step::Lost),
        1 => Just(Step::Back),
        2 => (number, any::<bool>()).prop_map(|(n, taken)| Step::Answered(n, taken)),
    ]
}

/// The third is of high risk by its declaration, the sixth grave by its verdict, the second deserves care where it is longer than
/// the screen; every fourth needs a note.
fn made(n: u64) -> Ticket {
    let mut ticket = ticket(n);
    match n {
        3 => ticket.risk = Risk::High,
        6 => ticket.verdict = Some(verdict(Gravity::Grave, Care::Always, WORD)),
        2 => ticket.verdict = Some(verdict(Gravity::Odd, Care::WhereLong, "unknown")),
        _ => {}
    }
    ticket.needs_note = n.is_multiple_of(4);
    ticket
}

/// The word of the grave one: a host.
const WORD: &str = "paste.example";

fn verdict(gravity: Gravity, care: Care, word: &str) -> Verdict {
    let (headline, short) = ("SENDS SECRETS TO ANOTHER MACHINE".to_owned(), "secrets out".to_owned());
    Verdict { gravity, headline, short, objects: vec!["sends data out".to_owned()], care, word: word.parse().unwrap() }
}

/// The word that must have been typed before this one is approved.
fn word_of(n: u64) -> Option<&'static str> {
    match n {
        3 => Some("open-browser"),
        6 => Some(WORD),
        _ => None,
    }
}

/// What a person could have seen.
struct Judge {
    desk: Desk,
    /// Since when each row of the screen has shown what it shows.
    since: BTreeMap<(usize, String), u64>,
    disturbed: u64,
    decided: Option<(u64, Chord)>,
    readable: BTreeSet<TicketId>,
    /// Those beside whose name the end of the details was on screen.
    ends: BTreeSet<u64>,
    /// Letters typed into the question in front that asks for a word.
    typed: String,
}

impl Judge {
    fn new() -> Self {
        let mut judge = Self {
            desk: Desk::new(120, 30),
            since: BTreeMap::new(),
            disturbed: 0,
            decided: None,
            readable: BTreeSet::new(),
            ends: BTreeSet::new(),
            typed: String::new(),
        };
        judge.look();
        [Step::Arrives(1), Step::Arrives(2), Step::Wait(1100)].iter().for_each(|step| judge.step(step));
        judge
    }

    /// Remembers since when every id has stood in its row.
    fn look(&mut self) {
        let now = self.desk.millis;
        let rows = lines(&self.desk.frame());
        if rows.iter().any(|row| row.contains("── end of this request ──")) && self.desk.model.dialog().is_none()
        {
            self.ends.extend((1..7).filter(|n| rows.iter().any(|row| row.contains(&short(*n)))));
        }
        let seen = rows.iter().enumerate().flat_map(|(at, row)| {
            (1..7).map(short).filter(move |name| row.contains(name.as_str())).map(move |name| (at, name))
        });
        self.since = seen.map(|spot| (spot.clone(), self.since.get(&spot).copied().unwrap_or(now))).collect();
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Key(key) => self.send(Message::Key(key.parse().unwrap())),
            Step::Letters(letters) => letters.chars().for_each(|c| self.send(Message::Key(c.into()))),
            Step::Meant(key) => {
                for step in [Step::Home, Step::Wait(1100), Step::Key(key), Step::Wait(410)] {
                    self.step(&step);
                }
            }
            Step::Careful => {
                for step in
                    [Step::Arrives(6), Step::Home, Step::Key("G"), Step::Wait(410), Step::Key("]"), Step::Wait(1100)]
                {
                    self.step(&step);
                }
                for step in [Step::Key("y"), Step::Wait(410), Step::Letters(WORD)] {
                    self.step(&step);
                }
            }
            Step::Home => {
                self.send(Message::Key(Code::Esc.into()));
                self.send(Message::Line("view queue".into()));
            }
            Step::Paste(text) => self.disturbing(Message::Paste((*text).into())),
            Step::Click(column, line) => self.disturbing(Message::Click { column: *column, line: *line }),
            Step::Focus(focused) => self.disturbing(Message::Focus(*focused)),
            Step::Resize(width, height) => self.disturbing(Message::Resize(Size { width: *width, height: *height })),
            Step::Wait(millis) => {
                self.desk.millis += millis;
                self.send(Message::Tick);
            }
            Step::Arrives(n) => {
                // The fifth is answered late: only when its preview comes by itself.
                if *n != 5 {
                    self.readable.insert(id(*n));
                    self.desk.previews.insert(id(*n), preview(&made(*n), &plan_of(*n)));
                }
                self.queue(made(*n));
            }
            Step::PreviewComes(n) => {
                self.readable.insert(id(*n));
                self.send(Message::News(News::Preview(id(*n), Ok(Box::new(preview(&made(*n), &plan_of(*n)))))));
            }
            Step::WrongPreview(n) => {
                self.desk.previews.remove(&id(*n));
                self.send(Message::News(News::Preview(id(*n), Ok(Box::new(preview(&made(*n), &plan_of(n + 1)))))));
            }
            Step::Leaves(n) => {
                let mut ticket = made(*n);
                ticket.status = Status::Expired;
                self.queue(ticket);
            }
            Step::Lost => self.send(Message::News(News::Lost { why: "away".into(), retry_seconds: 1 })),
            Step::Back => self.send(Message::News(News::Connected)),
            Step::Answered(n, taken) => self.answer(*n, *taken),
        }
    }

    fn answer(&mut self, n: u64, taken: bool) {
        let mut ticket = made(n);
        ticket.status = Status::Succeeded;
        let answer = if taken { Ok(Box::new(ticket)) } else { Err(Trouble { why: "no".into(), ticket: None }) };
        self.send(Message::News(News::Decided(Verb::Approve, id(n), answer)));
    }

    fn queue(&mut self, ticket: Ticket) {
        self.desk.seq += 1;
        let list = ccc_protocol::bodies::QueueList {
            seq: self.desk.seq,
            tickets: vec![ticket],
            next: None,
            disk_full: false,
            clock: None,
        };
        self.send(Message::News(News::Queue(Ok(QueueRead { list, whole: false }))));
    }

    fn disturbing(&mut self, message: Message) {
        self.disturbed = self.desk.millis;
        self.send(message);
    }

    fn send(&mut self, message: Message) {
        let context = self.desk.model.context();
        let key = if let Message::Key(chord) = message { Some(chord) } else { None };
        let before = self.desk.decisions().len();
        match key {
            Some(chord) if context == Context::Word => self.typed.extend(chord.typed()),
            _ if context == Context::Word => {}
            _ => self.typed.clear(),
        }
        self.desk.take(message);
        let decisions = self.desk.decisions();
        let made = decisions.get(before..).unwrap_or_default();
        made.iter().for_each(|command| self.judge(key, context, command));
        if !made.is_empty() {
            self.decided = key.map(|chord| (self.desk.millis, chord));
        }
        self.look();
    }

    fn judge(&self, key: Option<Chord>, context: Context, command: &Command) {
        DECISIONS.fetch_add(1, Ordering::Relaxed);
        let now = self.desk.millis;
        let chord = key.expect("only a key decides");
        let enter = chord.code == Code::Enter;
        let (leave, explicit) = match command {
            Command::Approve { leave, .. } => (leave, !enter && (chord == 'y'.into() || context == Context::Word)),
            Command::Deny { leave, .. } => (leave, enter && context == Context::Deny),
            Command::Edit { leave, .. } => (leave, chord.ctrl && context == Context::Edit),
            other => panic!("{other:?} is no decision"),
        };
        assert!(explicit, "{command:?} by {chord} in {context:?}");
        let n = (1..7).find(|n| id(*n) == leave.id()).expect("a ticket that was there");
        assert_eq!(leave.digest(), made(n).digest, "another digest than was shown");
        assert!(self.readable.contains(&leave.id()), "{command:?} before its preview could be read");
        let stood = self.since.iter().any(|((_, name), since)| *name == short(n) && since + SETTLE <= now);
        assert!(
            stood,
            "{command:?} at {now} on what had not stood on screen: {:?}\n{}",
            self.since,
            self.desk.screen()
        );
        assert!(self.disturbed == 0 || self.disturbed + SETTLE <= now, "{command:?} right after a disturbance");
        assert!(
            self.decided.is_none_or(|(decided, by)| decided == now || decided + HELD <= now || by != chord),
            "{command:?} by a held key"
        );
        assert!(made(n).risk != Risk::High || context != Context::View(View::Queue), "care was not asked for");
        if let (Command::Approve { shown, .. }, Some(word)) = (command, word_of(n)) {
            CAREFUL.fetch_add(1, Ordering::Relaxed);
            assert_eq!(context, Context::Word, "care was not asked for");
            assert!(self.typed.ends_with(word), "`{}` was typed, not `{word}`", self.typed);
            assert!(self.ends.contains(&n), "its end was not on screen");
            let told = shown.as_ref().and_then(|shown| shown.word.as_ref()).map(ccc_protocol::bodies::Word::as_str);
            assert_eq!(told, made(n).verdict.is_some().then_some(word), "the word goes with the approval");
        }
        if n == 2 && matches!(command, Command::Approve { .. }) {
            assert!(self.ends.contains(&n), "its end was not on screen");
        }
    }
}

/// The last eight characters of the id.
fn short(n: u64) -> String {
    let text = id(n).to_string();
    text[text.len() - 8..].to_owned()
}

static DECISIONS: AtomicUsize = AtomicUsize::new(0);
static CAREFUL: AtomicUsize = AtomicUsize::new(0);

#[test]
fn no_sequence_of_events_decides_without_an_armed_explicit_key() {
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let stories = proptest::collection::vec(step(), 10..60);
    runner
        .run(&stories, |steps| {
            let mut judge = Judge::new();
            steps.iter().for_each(|step| judge.step(step));
            Ok(())
        })
        .unwrap();
    // Else the property would hold of a console that decides nothing.
    assert!(DECISIONS.load(Ordering::Relaxed) > 20, "only {DECISIONS:?} decisions were made at all");
    assert!(CAREFUL.load(Ordering::Relaxed) > 3, "only {CAREFUL:?} grave ones were approved at all");
}
