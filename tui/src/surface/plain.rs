//! The console line by line, for screen readers and terminals that can do nothing else. The same model, the same table, the same
//! rules: a line is a key's name or the key, details count as shown once they were printed whole, an empty line does nothing,
//! and what was typed before the page stood there is discarded, as are lines that come together, which are a paste's.

use std::{
    io::{self, Write as _},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::Duration,
};

use ccc_client::Bridge;

use super::{
    Ended,
    clock::Clock,
    lines::{self, Read},
    notify::{self, Waiting},
    terminal::{self, Signal},
};
use crate::{
    console::{
        armed::Target,
        message::{Command, Message, News},
        model::{Model, Notice, Size, connection::Connection, order::Group},
        update,
    },
    document::{self, Ids},
    keys::{Act, Chord, Context, KeyRow, TABLE, View},
    link::Link,
    local::Machine,
    rules,
    text::{Row, Tone, Untrusted, Visible},
    view, wording,
};

/// As wide as pages are made; a terminal wraps the rest.
const PAGE_CELLS: usize = 78;

enum Input {
    Read(Read),
    News(News),
    Signal(Signal),
}

struct Console {
    model: Model,
    clock: Clock,
    link: Link,
    /// Who does things on this machine, where the console came with `--local`.
    machine: Option<Arc<Machine>>,
    /// What was told last, so that only what is new is told.
    told: Told,
    /// The view that is printed once it was read.
    awaited: Option<View>,
    /// The lines of an edit, until a lone full stop.
    lines: Vec<String>,
    ended: Option<Ended>,
}

#[derive(Default)]
struct Told {
    connection: Option<&'static str>,
    notice: Option<Notice>,
    dialog: u64,
    page: Option<Target>,
    view: Option<View>,
    /// The row that stood for many, and for how many.
    folded: Option<(Group, usize)>,
}

/// Runs the line console until it is left.
///
/// # Errors
/// Where stdout cannot be written.
pub(crate) fn run(
    model: Model,
    first: Option<Message>,
    bridge: Arc<Bridge>,
    config: rules::Config,
    machine: Option<Arc<Machine>>,
) -> io::Result<Ended> {
    let (inputs, received) = channel();
    let posts = inputs.clone();
    if let Some(machine) = &machine {
        let posts = posts.clone();
        machine.begin(move |news| drop(posts.send(Input::News(News::Here(news)))));
    }
    let link = Link::start(bridge, config, Arc::new(move |news| drop(posts.send(Input::News(news)))));
    terminal::signals(inputs.clone(), Input::Signal)?;
    lines::read(inputs, Input::Read);
    let mut console = Console {
        model,
        clock: Clock::start(),
        link,
        machine,
        told: Told::default(),
        awaited: None,
        lines: Vec::new(),
        ended: None,
    };
    console.begin(first)?;
    console.main_loop(&received)
}

impl Console {
    fn begin(&mut self, first: Option<Message>) -> io::Result<()> {
        say("ccc-queue, line by line: write `help` for all words, `list` for what waits, `quit` to leave")?;
        self.take(Message::Resize(Size { width: 80, height: 24 }))?;
        first.into_iter().try_for_each(|message| self.take(message))?;
        for command in update::begin() {
            self.run(command)?;
        }
        Ok(())
    }

    fn main_loop(&mut self, received: &Receiver<Input>) -> io::Result<Ended> {
        loop {
            match received.recv_timeout(Duration::from_secs(1)) {
                Ok(Input::Read(Read::Line { text, together })) => self.line(&text, together)?,
                Ok(Input::News(news)) => self.news(news)?,
                Ok(Input::Signal(Signal::End(signal))) => return Ok(Ended::Signal(signal)),
                Ok(Input::Signal(Signal::Stop)) => terminal::stop()?,
                Ok(Input::Signal(Signal::Continued)) => self.take(Message::Resumed)?,
                Ok(Input::Signal(Signal::Resized)) => {}
                Ok(Input::Read(Read::End)) | Err(RecvTimeoutError::Disconnected) => return Ok(Ended::Left),
                Err(RecvTimeoutError::Timeout) => self.take(Message::Tick)?,
            }
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
        }
    }

    /// What the link says; a view that was turned to is printed once what it shows was read.
    fn news(&mut self, news: News) -> io::Result<()> {
        let is_due = matches!(
            (self.awaited, &news),
            (Some(View::Grants), News::Grants(_))
                | (Some(View::Policies | View::Agents), News::Policies(_))
                | (Some(View::History), News::Audit(_))
        );
        self.take(Message::News(news))?;
        if is_due {
            self.awaited = None;
            self.print(&view::view_rows(&self.model))?;
        }
        Ok(())
    }

    /// One line of the person's. What is said in answer is said also where it was said before.
    fn line(&mut self, line: &str, together: bool) -> io::Result<()> {
        let line = line.trim();
        self.told.notice = None;
        self.update(Message::Entered { together })?;
        let context = self.model.context();
        match line {
            "" => Ok(()),
            "leave" if self.model.dialog().is_some() => self.take(Message::Act(Act::Back)),
            _ if context.takes_text() => self.text(context, line),
            "list" => self.print(&view::view_rows(&self.model)),
            "show" if self.model.view() == View::Grants => self.print(&self.model.grant_page()),
            "show" if self.model.view() == View::History => self.print(&self.model.entry_page()),
            "show" => {
                self.told.page = None;
                self.told.folded = None;
                self.tell()
            }
            "help" | "?" => self.help(),
            _ => self.word(context, line),
        }
    }

    /// The words of the line console itself, then the table by name.
    fn help(&self) -> io::Result<()> {
        let mut rows: Vec<Row> = WORDS.iter().map(|(word, help)| named(Visible::label(word), help)).collect();
        let is_told = |row: &KeyRow| WORDS.iter().any(|(word, _)| word.split(' ').next() == Some(row.name));
        let in_a_view =
            |row: &&KeyRow| !is_told(row) && row.contexts.iter().any(|context| matches!(context, Context::View(_)));
        rows.extend(TABLE.iter().filter(in_a_view).map(|row| named(Visible::label(row.name), row.help)));
        self.print(&rows)
    }

    /// A key of the table, by its name or as it is pressed; else a command line.
    fn word(&mut self, context: Context, line: &str) -> io::Result<()> {
        let keys = &self.model.config().keys;
        let chord: Option<Chord> = line.parse().ok();
        let by_key = chord.and_then(|chord| keys.act(context, chord));
        let by_name = keys.rows(context).find(|(row, _)| row.name == line).map(|(row, _)| row.act);
        match by_key.or(by_name) {
            Some(Act::Filter | Act::CommandLine) => say("write `filter WORDS`, or the command itself"),
            Some(Act::Help) => self.help(),
            Some(act) => self.take(Message::Act(act)),
            None if self.model.dialog().is_some() => say("no such word here; `leave` leaves the question"),
            None => self.take(Message::Line(line.to_owned())),
        }
    }

    /// A line into the field of a question.
    fn text(&mut self, context: Context, line: &str) -> io::Result<()> {
        match context {
            Context::Deny => self.reason(line),
            Context::Note | Context::Does => {
                self.update(Message::Fill(line.to_owned()))?;
                self.take(Message::Act(Act::Accept))
            }
            Context::Word => {
                self.update(Message::Fill(String::new()))?;
                line.chars().try_for_each(|c| self.take(Message::Key(c.into())))?;
                let asks_still = self.model.context() == Context::Word && self.model.notice().is_none();
                if asks_still { say("that is not the word; `leave` leaves the question") } else { Ok(()) }
            }
            Context::Edit if line == "." => self.send_edit(),
            Context::Edit => {
                self.lines.push(line.to_owned());
                Ok(())
            }
            _ => self.take(Message::Act(Act::Back)),
        }
    }

    /// The number of a listed reason, or a reason in the person's words. It denies, as Enter on the screen does.
    fn reason(&mut self, line: &str) -> io::Result<()> {
        let reasons = self.model.config().reasons.len();
        let listed = line.parse::<usize>().ok().filter(|number| (1..=reasons).contains(number));
        self.update(match listed {
            Some(number) => Message::Choose(number - 1),
            None => Message::Fill(line.to_owned()),
        })?;
        self.take(Message::Act(Act::Send))
    }

    fn send_edit(&mut self) -> io::Result<()> {
        // Nothing new was written since it was refused: what stands there is sent again.
        if !self.lines.is_empty() {
            let text = std::mem::take(&mut self.lines).join("\n");
            self.update(Message::Fill(text))?;
        }
        self.take(Message::Act(Act::Send))
    }

    /// Takes a message and tells what came of it.
    fn take(&mut self, message: Message) -> io::Result<()> {
        self.update(message)?;
        self.tell()
    }

    /// Takes a message that is one part of an answer: what comes of the whole is told with the last.
    fn update(&mut self, message: Message) -> io::Result<()> {
        let commands = update::update(&mut self.model, message, self.clock.now());
        commands.into_iter().try_for_each(|command| self.run(command))
    }

    fn run(&mut self, command: Command) -> io::Result<()> {
        let left = self.link.take(command);
        match left.and_then(|command| Machine::take_if_any(self.machine.as_deref(), command)) {
            Some(Command::Tell { waiting, arrived }) => self.tell_waiting(Waiting { waiting, arrived }),
            Some(Command::Suspend) => terminal::stop(),
            Some(Command::Copy(text)) => self.print(&[Row::new().with(Tone::Plain, Untrusted(&text).line())]),
            Some(Command::QuitAlone) => {
                self.ended = Some(Ended::LeftRunning);
                Ok(())
            }
            Some(Command::Quit) => {
                self.ended = Some(Ended::Left);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn tell_waiting(&mut self, told: Waiting) -> io::Result<()> {
        notify::run_command(&self.model.config().notify, told);
        if told.arrived == 0 {
            return Ok(());
        }
        let new = Visible::number(told.arrived as u64)
            .then(" new; ")
            .then(Visible::number(told.waiting as u64))
            .then(" waiting");
        self.print(&[Row::new().with(Tone::Strong, new)])
    }

    /// Tells what is new since the last time: connection, words, question, page.
    fn tell(&mut self) -> io::Result<()> {
        self.tell_connection()?;
        self.tell_notice()?;
        self.tell_view()?;
        self.tell_dialog()?;
        self.tell_page()
    }

    fn tell_connection(&mut self) -> io::Result<()> {
        let words = match self.model.connection() {
            Connection::Connecting => "connecting",
            Connection::Live if self.model.quiet_seconds().is_some() => "the bridge is quiet",
            Connection::Live => "connected",
            Connection::Lost { refused: true, .. } => "the bridge refuses to tell what happens; trying again by itself",
            Connection::Lost { .. } => "no connection; trying again by itself",
        };
        if self.told.connection.replace(words) == Some(words) { Ok(()) } else { say(words) }
    }

    fn tell_notice(&mut self) -> io::Result<()> {
        let notice = self.model.notice().cloned();
        if self.told.notice == notice {
            return Ok(());
        }
        self.told.notice.clone_from(&notice);
        notice.map_or(Ok(()), |notice| self.print(&[Row::new().with(notice.tone, notice.text)]))
    }

    fn tell_view(&mut self) -> io::Result<()> {
        let view = self.model.view();
        match self.told.view.replace(view) {
            Some(before) if before != view && view == View::Queue => self.print(&view::view_rows(&self.model)),
            Some(before) if before != view => {
                self.awaited = Some(view);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn tell_dialog(&mut self) -> io::Result<()> {
        let Some(dialog) = self.model.dialog() else { return Ok(()) };
        if self.told.dialog == dialog.number {
            return Ok(());
        }
        self.told.dialog = dialog.number;
        self.lines.clear();
        self.print(&view::dialog_rows(&self.model, PAGE_CELLS))?;
        say(how_to_answer(self.model.context()))
    }

    /// The page of the ticket under the cursor, whole, once it was read and is right.
    fn tell_page(&mut self) -> io::Result<()> {
        let folded = self.model.queue().folded().map(|(group, count)| (group.clone(), count));
        if folded.is_some() && self.model.view() == View::Queue {
            let is_new = self.told.folded != folded || self.told.page.is_some();
            (self.told.page, self.told.folded) = (None, folded);
            let rows = view::folded_rows(&self.model).filter(|_| is_new);
            return rows.map_or(Ok(()), |rows| self.print(&rows));
        }
        let Some(preview) = self.model.details().preview() else { return Ok(()) };
        let target = Target { id: preview.ticket.id, digest: preview.ticket.digest };
        if self.told.page == Some(target) || self.model.view() != View::Queue {
            return Ok(());
        }
        self.told.page = Some(target);
        let mut rows = document::preview(preview, PAGE_CELLS, Ids::Shown);
        rows.extend(wording::waiting(&preview.ticket, self.clock.now().wall));
        rows.push(
            Row::new().with(Tone::Strong, "approve, deny, allow-similar, edit, snooze, mark, down, up, or help?"),
        );
        self.print(&rows)?;
        self.update(Message::Drawn)
    }

    fn print(&self, rows: &[Row]) -> io::Result<()> {
        let text: String = rows.iter().map(|row| row.text().to_string() + "\n").collect();
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

/// The words that are no row of the table.
const WORDS: [(&str, &str); 9] = [
    ("list", "the rows of the view"),
    ("show", "what is under the cursor, whole: a request, a grant, a line of the history"),
    ("view NAME", "queue, history, grants, policies or agents"),
    ("find ID", "to the request whose id begins or ends so"),
    ("filter WORDS", "show only what fits; without words all"),
    ("group HOW", "session, agent or none"),
    ("leave", "leave a question unanswered"),
    ("help", "this"),
    ("quit", "leave; what waits goes on waiting"),
];

/// A word and what it does, in columns.
fn named(word: Visible, help: &'static str) -> Row {
    Row::new().with(Tone::Name, word.padded(18)).with(Tone::Plain, help)
}

fn say(words: &'static str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", Untrusted(words).line())?;
    out.flush()
}

fn how_to_answer(context: Context) -> &'static str {
    match context {
        Context::Deny => "write the number of a reason, or a reason of your own; `leave` leaves",
        Context::Note => "write the note; `leave` leaves",
        Context::Word => "write the word; `leave` leaves",
        Context::Edit => "write the whole parameters anew, then a line with a full stop; `leave` leaves",
        Context::Scope => {
            "`up` and `down` choose a row, `narrower` and `wider` change it, `approve` approves; `leave` leaves"
        }
        Context::Panic => {
            "`choose` chooses, `up` and `down` move, `stop-now` stops, `resume` lets go on; `leave` leaves"
        }
        Context::Stop => "`choose` chooses, `up` and `down` move, `end-chosen` ends the chosen runs; `leave` leaves",
        Context::Install => "`choose` chooses, `up` and `down` move, `install-chosen` installs; `leave` leaves",
        Context::Volume => "`add-volume` adds it; `leave` leaves",
        Context::Leave => "`stop-server` or `leave-running`; `leave` stays here",
        Context::Does => "write what it does, in words of docs/programs.md such as `reads`; `leave` leaves",
        Context::Rule => "`write-rule` writes it, where this console may; `leave` leaves",
        Context::Confirm | Context::Bulk => "`approve` does it; `leave` leaves",
        _ => "`leave` leaves",
    }
}
