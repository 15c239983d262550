//! The console on a screen: events in, frames out. One loop; everything it does is said by the model.

use std::{
    env,
    fs::File,
    io::{self, IsTerminal as _, Read, stdin, stdout},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use ccc_client::Bridge;
use crossterm::event::{Event, KeyEventKind, MouseEventKind};
use ratatui::backend::{Backend as _, ClearType};

use super::{
    Ended, clipboard,
    clock::Clock,
    decode::Decoder,
    notify::{self, Waiting},
    terminal::{self, Held, Screen, Signal},
};
use crate::{
    config::Colours,
    console::{
        message::{Command, Message, News},
        model::{Model, Now, Size},
        update,
    },
    keys::Chord,
    link::Link,
    local::Machine,
    rules,
    view::{
        self,
        theme::{Rgb, Theme},
    },
};

/// Room for what is read of the terminal at once, bytes.
const READ_BYTES: usize = 8 * 1024;
/// Ages and countdowns move on so often.
const TICK_MILLIS: u64 = 1000;
/// Events that are there already are all taken before the next frame, but not more than these.
const BATCH_MAX: usize = 1000;
/// How long a frame waits for the answer to a decision that was just sent. It mostly comes within this time, and a frame before it
/// would be drawn at the cost of those who make it, only to be drawn anew.
const ANSWER_MILLIS: u64 = 4;

/// What reaches the loop.
#[derive(Debug)]
enum Input {
    /// An event, and when it came.
    Terminal(Event, Now),
    /// The terminal's background.
    Background(Rgb),
    News(News),
    Signal(Signal),
    Gone,
}

struct Console {
    model: Model,
    theme: Theme,
    /// The theme is that of the terminal's own background, once it is told.
    follows_background: bool,
    clock: Clock,
    link: Link,
    /// Who does things on this machine, where the console came with `--local`.
    machine: Option<Arc<Machine>>,
    held: Held,
    screen: Screen,
    /// True where a decision was sent since the last frame.
    has_decided: bool,
    ended: Option<Ended>,
}

/// Runs the console until it is left.
///
/// # Errors
/// Where the terminal does not obey.
pub(crate) fn run(
    model: Model,
    first: Option<Message>,
    theme: Theme,
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
    let held = Held::take(model.config().mouse)?;
    terminal::signals(inputs.clone(), Input::Signal)?;
    let screen = held.screen()?;
    let clock = Clock::start();
    read_terminal(inputs, clock, Decoder::new(model.config().mouse))?;
    // What a terminal cannot answer it may print.
    let answers = env::var("TERM").is_ok_and(|term| !["linux", "vt", "cons"].iter().any(|name| term.starts_with(name)));
    let follows_background = answers && theme != Theme::Plain && model.config().colours == Colours::Auto;
    if follows_background {
        held.ask_background()?;
    }
    let mut console = Console {
        model,
        theme,
        follows_background,
        clock,
        link,
        machine,
        held,
        screen,
        has_decided: false,
        ended: None,
    };
    console.begin(first)?;
    console.main_loop(&received)
}

/// The terminal is read on a thread of its own, as the link's news must not wait for a key; another takes apart what was read, as an
/// `ESC` alone is known by nothing coming after it.
fn read_terminal(inputs: Sender<Input>, clock: Clock, mut decoder: Decoder) -> io::Result<()> {
    let mut terminal = open_terminal()?;
    let (sender, chunks) = channel();
    thread::spawn(move || {
        let mut buffer = [0; READ_BYTES];
        loop {
            match terminal.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count @ 1..) => {
                    let chunk = buffer.get(..count).unwrap_or_default().to_vec();
                    if sender.send((chunk, clock.now())).is_err() {
                        return;
                    }
                }
                Ok(_) | Err(_) => return,
            }
        }
    });
    thread::spawn(move || {
        let mut came = clock.now();
        loop {
            let chunk = match decoder.patience() {
                Some(patience) => chunks.recv_timeout(patience),
                None => chunks.recv().map_err(RecvTimeoutError::from),
            };
            let events = match chunk {
                Ok((bytes, at)) => {
                    let pause = Duration::from_millis(at.millis.saturating_sub(came.millis));
                    came = at;
                    decoder.feed(&bytes, pause)
                }
                Err(RecvTimeoutError::Timeout) => decoder.give_up(),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let background = decoder.background().map(Input::Background);
            if background.is_some_and(|background| inputs.send(background).is_err()) {
                return;
            }
            if events.into_iter().any(|event| inputs.send(Input::Terminal(event, came)).is_err()) {
                return;
            }
        }
        drop(inputs.send(Input::Gone));
    });
    Ok(())
}

/// Standard input, or where that is no terminal, the terminal that the program belongs to.
fn open_terminal() -> io::Result<Box<dyn Read + Send>> {
    if stdin().is_terminal() { Ok(Box::new(stdin())) } else { Ok(Box::new(File::open("/dev/tty")?)) }
}

impl Console {
    fn begin(&mut self, first: Option<Message>) -> io::Result<()> {
        let size = self.screen.size()?;
        self.take(Message::Resize(Size { width: size.width, height: size.height }))?;
        first.into_iter().try_for_each(|message| self.take(message))?;
        for command in update::begin() {
            self.run(command)?;
        }
        self.draw()
    }

    fn main_loop(&mut self, received: &Receiver<Input>) -> io::Result<Ended> {
        loop {
            match received.recv_timeout(self.patience()) {
                Ok(input) => {
                    self.batch(input, received)?;
                    self.release()?;
                    self.await_answer(received)?;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.take(Message::Tick)?;
                    self.await_answer(received)?;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(Ended::Left),
            }
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            self.draw()?;
        }
    }

    /// Until something on screen changes by time alone.
    fn patience(&self) -> Duration {
        let now = self.clock.now().millis;
        // A bar fills until keys count.
        let settles = self.model.armed().next_step_at(now).filter(|&settles| settles > now);
        let next = [settles, self.model.due_at()].into_iter().flatten().min();
        let millis = next.map_or(TICK_MILLIS, |next| next.saturating_sub(now).min(TICK_MILLIS));
        Duration::from_millis(millis.max(1))
    }

    fn batch(&mut self, first: Input, received: &Receiver<Input>) -> io::Result<()> {
        self.input(first)?;
        for input in received.try_iter().take(BATCH_MAX) {
            self.input(input)?;
        }
        Ok(())
    }

    /// A key that was held back acts when its time has come, however much news there is.
    fn release(&mut self) -> io::Result<()> {
        let now = self.clock.now().millis;
        if self.model.due_at().is_some_and(|due| due <= now) { self.take(Message::Tick) } else { Ok(()) }
    }

    /// Gives the answer to a decision a moment to come into the next frame. Whatever else comes is no reason to wait on.
    fn await_answer(&mut self, received: &Receiver<Input>) -> io::Result<()> {
        if !self.has_decided {
            return Ok(());
        }
        match received.recv_timeout(Duration::from_millis(ANSWER_MILLIS)) {
            Ok(input) => self.batch(input, received),
            Err(_) => Ok(()),
        }
    }

    fn input(&mut self, input: Input) -> io::Result<()> {
        match input {
            Input::Terminal(event, came) => match message(event) {
                Some(message) => self.take_at(message, came),
                None => Ok(()),
            },
            Input::Background(background) => {
                if self.follows_background {
                    self.theme = Theme::on(background);
                }
                Ok(())
            }
            Input::News(news) => self.take(Message::News(news)),
            Input::Signal(Signal::End(signal)) => {
                self.ended = Some(Ended::Signal(signal));
                Ok(())
            }
            Input::Signal(Signal::Stop) => self.run(Command::Suspend),
            Input::Signal(Signal::Continued) => {
                self.held.enter()?;
                self.take(Message::Resumed)
            }
            Input::Signal(Signal::Resized) => {
                let (width, height) = crossterm::terminal::size()?;
                self.take(Message::Resize(Size { width, height }))
            }
            Input::Gone => {
                self.ended = Some(Ended::Left);
                Ok(())
            }
        }
    }

    fn take(&mut self, message: Message) -> io::Result<()> {
        self.take_at(message, self.clock.now())
    }

    fn take_at(&mut self, message: Message, now: Now) -> io::Result<()> {
        let commands = update::update(&mut self.model, message, now);
        commands.into_iter().try_for_each(|command| self.run(command))
    }

    fn run(&mut self, command: Command) -> io::Result<()> {
        self.has_decided |= matches!(command, Command::Approve { .. } | Command::Deny { .. });
        let left = self.link.take(command);
        match left.and_then(|command| Machine::take_if_any(self.machine.as_deref(), command)) {
            None => Ok(()),
            Some(Command::Tell { waiting, arrived }) => {
                let told = Waiting { waiting, arrived };
                notify::run_command(&self.model.config().notify, told);
                notify::tell_terminal(&mut stdout(), &self.model.config().notify, told)
            }
            Some(Command::Redraw) => self.draw_anew(),
            Some(Command::Copy(text)) => clipboard::copy(&mut stdout(), &text),
            Some(Command::QuitAlone) => {
                self.ended = Some(Ended::LeftRunning);
                Ok(())
            }
            Some(Command::Suspend) => {
                self.held.suspend()?;
                self.take(Message::Resumed)
            }
            Some(Command::Quit) => {
                self.ended = Some(Ended::Left);
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    /// Forgets what the terminal shows. A new screen is made for it, as clearing the old one would ask the terminal where its cursor
    /// is, and wait for an answer that our own reader takes.
    fn draw_anew(&mut self) -> io::Result<()> {
        self.screen = self.held.screen()?;
        self.screen.backend_mut().clear_region(ClearType::All)
    }

    fn draw(&mut self) -> io::Result<()> {
        let (model, theme) = (&self.model, self.theme);
        terminal::draw(&mut self.screen, |frame| view::view(model, theme, frame))?;
        self.has_decided = false;
        self.take(Message::Drawn)
    }
}

/// What an event of the terminal means; none where it means nothing here. A released key is no key.
#[must_use]
pub fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Chord::from_event(key).map(Message::Key),
        Event::Key(_) => None,
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resize(Size { width, height })),
        Event::FocusGained => Some(Message::Focus(true)),
        Event::FocusLost => Some(Message::Focus(false)),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(_) => Some(Message::Click { column: mouse.column, line: mouse.row }),
            MouseEventKind::ScrollDown => Some(Message::Wheel(3)),
            MouseEventKind::ScrollUp => Some(Message::Wheel(-3)),
            _ => None,
        },
    }
}
