//! Stories: the real console in a pseudo-terminal, against a real bridge, told in a few lines each.
//!
//! A story begins with the promise it protects. Nothing sleeps for a result: what is waited for is a text on screen or a ticket's state.

use std::{
    cell::RefCell,
    io::{Read as _, Write as _},
    num::NonZero,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use ccc_protocol::{
    TicketId,
    bodies::{Status, Ticket},
};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::bridge::{Bridge, PATIENCE, Site, program, write_private};

/// Keys lie apart so far that they are taken for a hand's, and an `ESC` for the key.
const BETWEEN_KEYS: Duration = Duration::from_millis(80);

/// Actions that stories ask for, beside the built-in ones. None of them does anything.
const ACTIONS: &str = r#"
[desktop]
browser = ["/bin/true", "{url}"]
editor = ["/bin/true", "{path}"]
terminal = ["/bin/true"]

[limits]
queued_per_user_max = 100

[actions.greet]
description = "Says hello"
group = "words"
policy = "queue"
params.name = { type = "string", required = true }
params.reason = { type = "string" }
run = ["/bin/echo", "hello", "{name}"]
confined = false
timeout = "10s"

[actions.wipe]
description = "Takes everything away"
group = "words"
policy = "queue"
irreversible = true
params.what = { type = "string", required = true }
run = ["/bin/echo", "{what}"]
confined = false
timeout = "10s"

[actions.release]
description = "Publishes"
group = "words"
policy = "queue"
params.version = { type = "string", required = true }
run = ["/bin/echo", "{version}"]
confined = false
timeout = "10s"

[actions.fail]
description = "Ends badly"
group = "words"
policy = "queue"
run = ["/bin/false"]
confined = false
timeout = "10s"

[[rule]]
name = "a release needs two and a reason"
action = ["release"]
policy = "queue"
approve = { count = 2, justification = true }
"#;

/// A bridge, an agent that asks, and the promise that is protected.
pub struct Story {
    promise: &'static str,
    /// The bridge.
    pub bridge: Bridge,
}

impl Story {
    /// Begins.
    #[must_use]
    pub fn of(promise: &'static str) -> Self {
        Self { promise, bridge: Site::new().on_socket().config(ACTIONS).start() }
    }

    /// Begins before this bridge.
    #[must_use]
    pub fn before(promise: &'static str, bridge: Bridge) -> Self {
        Self { promise, bridge }
    }

    /// Begins with these lines of `[limits]`.
    #[must_use]
    pub fn limited(promise: &'static str, limits: &str) -> Self {
        let config = ACTIONS.replacen("[limits]\n", &format!("[limits]\n{limits}\n"), 1);
        Self { promise, bridge: Site::new().on_socket().config(config).start() }
    }

    /// Begins with these tables behind the usual config.
    #[must_use]
    pub fn under(promise: &'static str, tables: &str) -> Self {
        Self { promise, bridge: Site::new().on_socket().config(format!("{ACTIONS}\n{tables}")).start() }
    }

    /// The agent asks for an action; what waits.
    pub fn asks(&self, action: &Value) -> TicketId {
        self.bridge.submit("agent", action).ticket().id
    }

    /// The agent asks for an action and is denied at once.
    pub fn is_refused(&self, action: &Value) {
        let reply = self.bridge.submit("agent", action);
        assert_eq!(reply.status, 403, "{}: {}", self.promise, reply.text());
    }

    /// The agent asks for a page.
    pub fn asks_page(&self, path: &str) -> TicketId {
        self.asks(&json!({ "action": "open-browser", "url": format!("https://docs.rs/{path}") }))
    }

    /// The agent asks for a greeting.
    pub fn asks_greeting(&self, name: &str) -> TicketId {
        self.asks(&json!({ "action": "greet", "name": name }))
    }

    /// A coding agent asks for leave to run a command; its text may hold anything.
    pub fn asks_tool(&self, input: &Value) -> TicketId {
        self.asks(&json!({
            "action": "use-tool", "host": "claude", "tool": "Bash", "native": "Bash", "input": input, "cwd": "/workspace",
            "session": "session-1", "agent": "",
        }))
    }

    /// How the ticket stands.
    #[must_use]
    pub fn now(&self, id: TicketId) -> Ticket {
        self.bridge.look("user", id)
    }

    /// Waits until the ticket has ended, and checks how.
    pub fn ends(&self, id: TicketId, as_what: Status) -> Ticket {
        let ticket = self.bridge.end_of("agent", id);
        assert_eq!(ticket.status, as_what, "{}: {ticket:?}", self.promise);
        ticket
    }

    /// The ticket still waits.
    pub fn still_waits(&self, id: TicketId) {
        assert_eq!(self.now(id).status, Status::Queued, "{}", self.promise);
    }

    /// The console of `user`, 120 by 30.
    #[must_use]
    pub fn console(&self) -> Console {
        self.console_with(&Open::default())
    }

    /// A console opened so.
    #[must_use]
    pub fn console_with(&self, open: &Open) -> Console {
        Console::open(self, open)
    }

    /// Runs a command without a screen; its exit code, stdout and stderr.
    pub fn command(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = std::process::Command::new(program("ccc-queue"));
        command.env_clear().envs(self.environment("user")).args(args).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    fn environment(&self, user: &str) -> Vec<(String, String)> {
        let home = self.bridge.site().home();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        [
            ("HOME", text(home.to_owned())),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("CCC_SECRETS", text(home.join("secrets.json"))),
            ("CCC_USER", user.to_owned()),
            ("CONDUIT_URL", self.bridge.url().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// How a console is opened.
#[derive(Debug, Clone)]
pub struct Open {
    /// As whom.
    pub user: &'static str,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Beside what the environment says.
    pub args: Vec<String>,
    /// More environment.
    pub env: Vec<(&'static str, &'static str)>,
    /// The text of console.toml.
    pub settings: &'static str,
}

impl Default for Open {
    fn default() -> Self {
        Self { user: "user", size: (120, 30), args: vec![], env: vec![], settings: "" }
    }
}

impl Open {
    /// With so many columns and rows.
    #[must_use]
    pub fn sized(width: u16, height: u16) -> Self {
        Self { size: (width, height), ..Self::default() }
    }

    /// With these settings.
    #[must_use]
    pub fn settings(settings: &'static str) -> Self {
        Self { settings, ..Self::default() }
    }

    /// As this user.
    #[must_use]
    pub fn of(user: &'static str) -> Self {
        Self { user, ..Self::default() }
    }

    /// With these arguments.
    #[must_use]
    pub fn args(args: &[&str]) -> Self {
        Self { args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..Self::default() }
    }
}

/// What the terminal was asked for beside text.
#[derive(Debug, Default)]
struct Heard {
    bells: usize,
    titles: Vec<String>,
}

impl vt100::Callbacks for Heard {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles.push(String::from_utf8_lossy(title).into_owned());
    }
}

struct Terminal {
    parser: vt100::Parser<Heard>,
    bytes: Vec<u8>,
    ended: bool,
}

type Shared = Arc<(Mutex<Terminal>, Condvar)>;

/// A running console, as its person sees it.
pub struct Console {
    promise: &'static str,
    terminal: Shared,
    master: Box<dyn MasterPty + Send>,
    writer: RefCell<Box<dyn std::io::Write + Send>>,
    child: RefCell<Box<dyn Child + Send + Sync>>,
}

impl Console {
    fn open(story: &Story, open: &Open) -> Self {
        if !open.settings.is_empty() {
            let dir = story.bridge.site().home().join(".config/ccc");
            std::fs::create_dir_all(&dir).unwrap();
            write_private(&dir.join("console.toml"), open.settings);
        }
        let mut command = CommandBuilder::new(program("ccc-queue"));
        command.env_clear();
        story.environment(open.user).iter().for_each(|(name, value)| command.env(name, value));
        open.env.iter().for_each(|(name, value)| command.env(name, value));
        command.args(&open.args);
        command.cwd(story.bridge.site().home());
        Self::spawn(story.promise, command, open.size)
    }

    /// Runs a program in a terminal of its own.
    #[must_use]
    pub fn spawn(promise: &'static str, command: CommandBuilder, (width, height): (u16, u16)) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let size = |cells| NonZero::new(cells).unwrap();
        let parser = vt100::Parser::new_with_callbacks(size(height), size(width), 0, Heard::default());
        let terminal: Shared = Arc::new((Mutex::new(Terminal { parser, bytes: vec![], ended: false }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&terminal);
        thread::spawn(move || {
            let (mut buffer, mut held) = ([0; 65_536], Vec::new());
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut terminal = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                terminal.bytes.extend_from_slice(&buffer[..read]);
                held.extend_from_slice(&buffer[..read]);
                let rest = held.split_off(if read == 0 { held.len() } else { shown(&held) });
                terminal.parser.process(&held);
                held = rest;
                terminal.ended = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { promise, terminal, master: pair.master, writer: RefCell::new(writer), child: RefCell::new(child) }
    }

    /// Presses keys, as the key table writes them, no faster than a hand does.
    pub fn press(&self, keys: &str) -> &Self {
        keys.split(' ').for_each(|key| self.press_alone(&bytes_of(key)));
        self
    }

    /// Types text, no faster than a hand does.
    pub fn types(&self, text: &str) -> &Self {
        text.chars().for_each(|c| self.press_alone(c.encode_utf8(&mut [0; 4])));
        self
    }

    /// The console discards keys that come together: the pause is a part of what is pressed, and waits for nothing.
    fn press_alone(&self, key: &str) {
        thread::sleep(BETWEEN_KEYS);
        self.send(key.as_bytes());
    }

    /// Writes a line, with Enter.
    pub fn line(&self, text: &str) -> &Self {
        self.send(format!("{text}\r").as_bytes())
    }

    /// Pastes text, in the brackets that terminals put around it.
    pub fn pastes(&self, text: &str) -> &Self {
        self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes())
    }

    /// Sends bytes as they are.
    pub fn send(&self, bytes: &[u8]) -> &Self {
        let mut writer = self.writer.borrow_mut();
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
        self
    }

    /// Waits until the text stands on screen.
    pub fn sees(&self, text: &str) -> &Self {
        self.wait(text, |terminal| terminal.parser.screen().contents().contains(text));
        self
    }

    /// Waits until the text stands nowhere on screen.
    pub fn sees_no(&self, text: &str) -> &Self {
        self.wait(text, |terminal| !terminal.parser.screen().contents().contains(text));
        self
    }

    /// Presses `j` until the row under the cursor has the text.
    pub fn goes_down_to(&self, text: &str) -> &Self {
        let row = |terminal: &Terminal| {
            terminal.parser.screen().contents().lines().find(|line| line.starts_with('▶')).map(String::from)
        };
        loop {
            let before = row(&self.lock());
            if before.as_ref().is_some_and(|row| row.contains(text)) {
                return self;
            }
            self.press("j");
            self.wait(text, |terminal| row(terminal) != before);
        }
    }

    /// Waits until a key would decide on the ticket on screen.
    pub fn ready(&self) -> &Self {
        self.sees("◆ ready")
    }

    /// Waits until keys count where nothing on screen says so: the time the rules name, and as much again and more for a loaded machine
    /// that begins late to count it.
    pub fn settles(&self) -> &Self {
        thread::sleep(Duration::from_secs(1));
        self
    }

    /// The screen as text.
    #[must_use]
    pub fn screen(&self) -> String {
        self.lock().parser.screen().contents()
    }

    /// Looks at the state of the terminal.
    pub fn terminal<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.lock().parser.screen())
    }

    /// Every byte that the terminal was sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Waits until the terminal's bell rang.
    pub fn hears_bell(&self) -> &Self {
        self.wait("a bell", |terminal| terminal.parser.callbacks().bells > 0);
        self
    }

    /// Waits until the window bears this title.
    pub fn bears_title(&self, title: &str) -> &Self {
        self.wait(title, |terminal| terminal.parser.callbacks().titles.last().is_some_and(|last| last == title));
        self
    }

    /// Gives the terminal another size.
    pub fn resize(&self, width: u16, height: u16) -> &Self {
        let size = |cells| NonZero::new(cells).unwrap();
        self.lock().parser.screen_mut().set_size(size(height), size(width));
        self.master.resize(PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 }).unwrap();
        self
    }

    /// Sends the console a signal.
    pub fn signal(&self, signal: Signal) -> &Self {
        let pid = i32::try_from(self.child.borrow().process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        self
    }

    /// True while the terminal does not echo and hands over every key.
    #[must_use]
    pub fn is_raw(&self) -> bool {
        // `stty` asks the terminal behind its name; no settings are kept here that could be wrong.
        let tty = std::fs::File::open(self.master.tty_name().unwrap()).unwrap();
        let told = std::process::Command::new("stty").arg("-a").stdin(tty).output().unwrap();
        String::from_utf8_lossy(&told.stdout).contains("-icanon")
    }

    /// Waits until the program has ended, and all it wrote was read.
    pub fn ended(&self) -> ExitStatus {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.borrow_mut().try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "{}\nit does not end on\n{}", self.promise, self.screen());
            thread::sleep(Duration::from_millis(10));
        };
        self.wait("its end", |terminal| terminal.ended);
        status
    }

    fn lock(&self) -> MutexGuard<'_, Terminal> {
        self.terminal.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, what: &str, is_there: impl Fn(&Terminal) -> bool) {
        let begun = Instant::now();
        let mut terminal = self.lock();
        while !is_there(&terminal) {
            let gone = terminal.ended && what != "its end";
            let screen = || terminal.parser.screen().contents();
            assert!(!gone && begun.elapsed() < PATIENCE, "{}\nwaited for `{what}` on\n{}", self.promise, screen());
            terminal = self
                .terminal
                .1
                .wait_timeout(terminal, Duration::from_millis(200))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.borrow_mut().kill();
        let _ = self.child.borrow_mut().wait();
        if thread::panicking() {
            eprintln!("{}\nthe screen was\n{}", self.promise, self.screen());
        }
    }
}

/// How many bytes a terminal with synchronised updates shows: a frame that has begun is held until it is whole. A mark that may yet
/// become one is held too.
fn shown(bytes: &[u8]) -> usize {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";
    let last = |mark: &[u8]| bytes.windows(mark.len()).rposition(|window| window == mark);
    let unfinished = last(BEGIN).filter(|begin| last(END).is_none_or(|end| end < *begin));
    let partial = bytes.iter().rposition(|byte| *byte == b'\x1b').filter(|at| BEGIN.starts_with(&bytes[*at..]));
    unfinished.or(partial).unwrap_or_else(|| whole(bytes))
}

/// How many bytes are whole characters. The parser loses what stands behind a character that comes in two parts.
fn whole(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

/// What a terminal sends for a key.
fn bytes_of(key: &str) -> String {
    let control = |letter: char| char::from(u8::try_from(letter).unwrap() & 0x1f).to_string();
    match key {
        "enter" => "\r".into(),
        "esc" => "\x1b".into(),
        "space" => " ".into(),
        "tab" => "\t".into(),
        "shift-tab" => "\x1b[Z".into(),
        "backspace" => "\x7f".into(),
        "up" => "\x1b[A".into(),
        "down" => "\x1b[B".into(),
        "right" => "\x1b[C".into(),
        "left" => "\x1b[D".into(),
        "page-down" => "\x1b[6~".into(),
        "page-up" => "\x1b[5~".into(),
        "focus" => "\x1b[I".into(),
        "blur" => "\x1b[O".into(),
        other => match other.strip_prefix("ctrl-").and_then(|rest| rest.chars().next()) {
            Some(letter) => control(letter),
            None => other.into(),
        },
    }
}
