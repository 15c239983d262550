//! The terminal, taken and given back: on return, on error, on panic, on a signal, and around Ctrl-Z.

use std::{
    io::{self, BufWriter, Stdout, Write as _, stdout},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
};

use crossterm::{
    cursor::{Hide, Show},
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
        EnableMouseCapture,
    },
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH},
    iterator::Signals,
};

/// What ratatui draws on.
pub type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Room for a whole frame of a large terminal, so that it is one write, bytes.
const FRAME_BYTES: usize = 64 * 1024;

/// True while the terminal is ours; whoever finds it so and makes it false gives it back.
static TAKEN: AtomicBool = AtomicBool::new(false);
static PANIC_HOOK: Once = Once::new();

/// The terminal in our hands. Dropped, it is as it was.
#[derive(Debug)]
pub struct Held {
    mouse: bool,
}

impl Held {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where it is no terminal, or does not obey.
    pub fn take(mouse: bool) -> io::Result<Self> {
        give_back_on_panic();
        let held = Self { mouse };
        held.enter()?;
        Ok(held)
    }

    /// Something to draw on.
    ///
    /// # Errors
    /// Where the size cannot be told.
    pub fn screen(&self) -> io::Result<Screen> {
        Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, stdout())))
    }

    /// Takes the terminal, also when somebody else had it meanwhile.
    ///
    /// # Errors
    /// Where it does not obey.
    pub fn enter(&self) -> io::Result<()> {
        enable_raw_mode()?;
        // A title is pushed before ours is set, and popped when the terminal is given back (xterm's window operations).
        if !TAKEN.swap(true, Ordering::SeqCst) {
            write!(stdout(), "\x1b[22;2t")?;
        }
        // Where there is no alternate screen, or another program left it behind, old text must not stand among ours.
        execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All), EnableBracketedPaste, EnableFocusChange, Hide)?;
        if self.mouse { execute!(stdout(), EnableMouseCapture) } else { Ok(()) }
    }

    /// Asks the terminal for its background (OSC 11). It answers among the keys, or never.
    ///
    /// # Errors
    /// Where it cannot be written to.
    pub fn ask_background(&self) -> io::Result<()> {
        write!(stdout(), "\x1b]11;?\x1b\\")?;
        stdout().flush()
    }

    /// Stops the program as Ctrl-Z does, with the terminal given back, and takes it again when it goes on.
    ///
    /// # Errors
    /// Where the terminal does not obey.
    pub fn suspend(&self) -> io::Result<()> {
        give_back();
        stop()?;
        self.enter()
    }
}

/// Draws a frame that the terminal shows whole or not at all, where it knows synchronised updates (private mode 2026); elsewhere the
/// mode is passed over.
///
/// # Errors
/// Where the terminal cannot be written to.
pub fn draw(screen: &mut Screen, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
    // The marks go to standard output itself: a panic in `view` must leave nothing behind that is written after `give_back`.
    queue!(stdout(), BeginSynchronizedUpdate)?;
    screen.draw(view)?;
    execute!(stdout(), EndSynchronizedUpdate)
}

/// Stops the program until it is told to go on.
///
/// # Errors
/// Where the system does not stop it.
pub fn stop() -> io::Result<()> {
    signal_hook::low_level::emulate_default_handler(SIGTSTP)
}

impl Drop for Held {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once; every way out comes through here.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that does not obey, and every part is tried.
        let _ = execute!(
            stdout(),
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableFocusChange,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        let _ = write!(stdout(), "\x1b[23;2t");
        let _ = stdout().flush();
        let _ = disable_raw_mode();
    }
}

fn give_back_on_panic() {
    PANIC_HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End: as this signal would have ended the program.
    End(i32),
    /// The program goes on after it was stopped from outside.
    Continued,
    /// Stop, as asked from outside.
    Stop,
    /// The terminal has another size.
    Resized,
}

/// Turns signals into messages. A second one of the same kind ends the program at once, with the terminal given back.
///
/// # Errors
/// Where no handler can be set.
pub fn signals<M: Send + 'static>(to: Sender<M>, message: fn(Signal) -> M) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT, SIGTSTP, SIGWINCH])?;
    thread::spawn(move || {
        let mut asked_before = false;
        for signal in signals.forever() {
            let asked = match signal {
                SIGCONT => Signal::Continued,
                SIGTSTP => Signal::Stop,
                SIGWINCH => Signal::Resized,
                other => Signal::End(other),
            };
            let ends = matches!(asked, Signal::End(_));
            let unheard = to.send(message(asked)).is_err();
            if ends && (asked_before || unheard) {
                end_by(signal);
            }
            asked_before |= ends;
        }
    });
    Ok(())
}

/// Ends the program as this signal would have, with the terminal given back.
pub fn end_by(signal: i32) {
    give_back();
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}
