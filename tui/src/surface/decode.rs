//! What a terminal sends, taken apart: keys, pastes, clicks and focus; every other escape sequence is dropped whole.
//!
//! Terminals answer questions that another program asked and report what nobody asked for (`ESC[?997;1n`, `ESC]11;rgb:…`). None of
//! it is a key, and none may keep the keys after it from being read. A sequence that stops in the middle is given up after a
//! moment ([`Decoder::patience`]), so that nothing waits for its end. Pure: who calls it reads the terminal and the time.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::view::theme::Rgb;

/// A sequence comes whole within this time; an `ESC` alone so long is the key.
const SEQUENCE_WAIT: Duration = Duration::from_millis(50);
/// The same for a reply with a text in it.
const STRING_WAIT: Duration = Duration::from_millis(250);
/// The same for a paste, which may be long and come by a slow line.
const PASTE_WAIT: Duration = Duration::from_secs(1);
/// A paste is kept up to this many bytes; the rest of it is dropped.
const PASTE_BYTES_MAX: usize = 1024 * 1024;
/// Parameters of a sequence up to this many bytes are looked at.
const PARAMETERS_BYTES_MAX: usize = 64;
/// A reply about the background is shorter.
const COMMAND_BYTES_MAX: usize = 40;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Where in a sequence the last byte was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// A character of several bytes, so far.
    Character(Vec<u8>),
    Escape,
    /// After `ESC O`.
    Shifted,
    /// After `ESC [`: parameters so far.
    Control(Vec<u8>),
    /// After `ESC [ [`, with which the console of Linux begins F1 to F5.
    Function,
    /// The three bytes of a click in the oldest form: so many are to come.
    OldClick(u8),
    /// A text that ends with `ESC \`, or with BEL where it is an operating system command.
    Text {
        ends_with_bell: bool,
    },
    /// `ESC` within such a text.
    TextEscape,
    /// A paste in brackets, so far, and how much of its end came.
    Paste(Vec<u8>, usize),
}

/// The state machine.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    state: State,
    /// The operating system command that is read, as far as it may be the reply about the background.
    command: Vec<u8>,
    /// The background, as the terminal told it last.
    background: Option<Rgb>,
    /// Clicks are asked for, so that the oldest form of them may come.
    has_mouse: bool,
}

impl Decoder {
    /// Before anything was read.
    #[must_use]
    pub fn new(has_mouse: bool) -> Self {
        Self { has_mouse, ..Self::default() }
    }

    /// Takes what was read after this pause; what it means, in its order.
    pub fn feed(&mut self, bytes: &[u8], pause: Duration) -> Vec<Event> {
        let is_over = self.patience().is_some_and(|patience| patience <= pause);
        let mut out = if is_over { self.give_up() } else { Vec::new() };
        bytes.iter().for_each(|&byte| self.byte(byte, &mut out));
        out
    }

    /// How long to wait for more before [`Self::give_up`]; none where nothing is begun.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        match self.state {
            State::Ground => None,
            State::Text { .. } | State::TextEscape => Some(STRING_WAIT),
            State::Paste(..) => Some(PASTE_WAIT),
            _ => Some(SEQUENCE_WAIT),
        }
    }

    /// Nothing more came: an `ESC` alone is the key, a paste ends here, anything else that is begun is dropped.
    pub fn give_up(&mut self) -> Vec<Event> {
        match std::mem::take(&mut self.state) {
            State::Escape => vec![key(KeyCode::Esc, KeyModifiers::NONE)],
            State::Paste(text, _) => vec![paste(&text)],
            _ => vec![],
        }
    }

    /// The background that the terminal told since this was last asked for.
    pub fn background(&mut self) -> Option<Rgb> {
        self.background.take()
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<Event>) {
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(byte, KeyModifiers::NONE, out),
            State::Character(begun) => self.character(begun, byte, out),
            State::Escape => self.escape(byte, out),
            State::Shifted => match byte {
                b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S' => out.extend(cursor(byte, KeyModifiers::NONE)),
                0x40..=0x7e => {}
                other => self.ground(other, KeyModifiers::NONE, out),
            },
            State::Control(parameters) => self.control(parameters, byte, out),
            State::Function => match byte {
                b'A'..=b'E' => out.push(key(KeyCode::F(byte - b'A' + 1), KeyModifiers::NONE)),
                other => self.ground(other, KeyModifiers::NONE, out),
            },
            State::OldClick(more) if more > 1 => self.state = State::OldClick(more - 1),
            State::OldClick(_) => {}
            State::Text { ends_with_bell } => self.text(ends_with_bell, byte, out),
            State::TextEscape if byte == b'\\' => self.end_command(),
            State::TextEscape => self.escape(byte, out),
            State::Paste(text, matched) => self.paste(text, matched, byte, out),
        }
    }

    fn ground(&mut self, byte: u8, held: KeyModifiers, out: &mut Vec<Event>) {
        let control = |c: u8| key(KeyCode::Char(char::from(c)), held | KeyModifiers::CONTROL);
        match byte {
            0x1b => self.state = State::Escape,
            b'\r' => out.push(key(KeyCode::Enter, held)),
            b'\t' => out.push(key(KeyCode::Tab, held)),
            0x7f => out.push(key(KeyCode::Backspace, held)),
            0 => out.push(control(b' ')),
            1..=0x1a => out.push(control(byte - 1 + b'a')),
            0x1c..=0x1f => out.push(control(byte - 0x1c + b'4')),
            0x20..=0x7e => out.push(key(KeyCode::Char(char::from(byte)), held)),
            0xc2..=0xf4 => self.state = State::Character(vec![byte]),
            // The middle of a character whose beginning never came.
            _ => {}
        }
    }

    fn character(&mut self, mut begun: Vec<u8>, byte: u8, out: &mut Vec<Event>) {
        if !(0x80..=0xbf).contains(&byte) {
            return self.ground(byte, KeyModifiers::NONE, out);
        }
        begun.push(byte);
        let length = match begun.first() {
            Some(0xc2..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            _ => 4,
        };
        if begun.len() < length {
            self.state = State::Character(begun);
            return;
        }
        let c = std::str::from_utf8(&begun).ok().and_then(|text| text.chars().next());
        out.extend(c.filter(|c| !('\u{80}'..='\u{9f}').contains(c)).map(|c| key(KeyCode::Char(c), KeyModifiers::NONE)));
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<Event>) {
        match byte {
            b'[' => self.state = State::Control(Vec::new()),
            b'O' => self.state = State::Shifted,
            b']' => {
                self.command.clear();
                self.state = State::Text { ends_with_bell: true };
            }
            b'P' | b'X' | b'^' | b'_' => {
                self.command.clear();
                self.state = State::Text { ends_with_bell: false };
            }
            // The end of a text that was given up.
            b'\\' => {}
            b'\r' | b'\t' | 0x20..=0x7f => self.ground(byte, KeyModifiers::ALT, out),
            // Ctrl-c counts also right behind an `ESC`.
            other => {
                out.push(key(KeyCode::Esc, KeyModifiers::NONE));
                self.ground(other, KeyModifiers::NONE, out);
            }
        }
    }

    fn control(&mut self, mut parameters: Vec<u8>, byte: u8, out: &mut Vec<Event>) {
        match byte {
            b'[' if parameters.is_empty() => self.state = State::Function,
            b'M' if parameters.is_empty() && self.has_mouse => self.state = State::OldClick(3),
            0x20..=0x3f => {
                // One byte too many marks it as too long: it means nothing, and its end is still waited for.
                if parameters.len() <= PARAMETERS_BYTES_MAX {
                    parameters.push(byte);
                }
                self.state = State::Control(parameters);
            }
            b'~' if parameters == b"200" => self.state = State::Paste(Vec::new(), 0),
            0x40..=0x7e => out.extend(meaning(&parameters, byte, self.has_mouse)),
            // Nothing else may stand in a sequence: it is no more than begun.
            other => self.ground(other, KeyModifiers::NONE, out),
        }
    }

    fn text(&mut self, ends_with_bell: bool, byte: u8, out: &mut Vec<Event>) {
        match byte {
            0x07 if ends_with_bell => self.end_command(),
            0x1b => self.state = State::TextEscape,
            // No control stands in a text: a person who presses ctrl-c is heard.
            0..=0x06 | 0x08..=0x1f => self.ground(byte, KeyModifiers::NONE, out),
            other => {
                // What is longer is no such reply.
                if ends_with_bell && self.command.len() <= COMMAND_BYTES_MAX {
                    self.command.push(other);
                }
                self.state = State::Text { ends_with_bell };
            }
        }
    }

    fn end_command(&mut self) {
        self.background = background(&self.command).or(self.background);
        self.command.clear();
    }

    fn paste(&mut self, mut text: Vec<u8>, matched: usize, byte: u8, out: &mut Vec<Event>) {
        if PASTE_END.get(matched) == Some(&byte) {
            if matched + 1 == PASTE_END.len() {
                out.push(paste(&text));
            } else {
                self.state = State::Paste(text, matched + 1);
            }
            return;
        }
        text.extend(PASTE_END.iter().take(matched));
        // The end begins with the only `ESC` in it.
        let begins = usize::from(PASTE_END.first() == Some(&byte));
        if begins == 0 {
            text.push(byte);
        }
        text.truncate(PASTE_BYTES_MAX);
        self.state = State::Paste(text, begins);
    }
}

/// The background in a reply: `11;rgb:RRRR/GGGG/BBBB`, each part of one to four hexadecimal digits (xterm's control sequences).
fn background(command: &[u8]) -> Option<Rgb> {
    let text = std::str::from_utf8(command).ok()?.strip_prefix("11;")?;
    let parts = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
    let mut parts = parts.split('/').map(|part| {
        let most = (1_u32 << (4 * u32::try_from(part.len()).ok().filter(|length| (1..=4).contains(length))?)) - 1;
        let value = u32::from_str_radix(part.strip_prefix('+').map_or(part, |_| ""), 16).ok()?;
        u8::try_from(value * 255 / most).ok()
    });
    Some(Rgb(parts.next()??, parts.next()??, parts.next()??))
}

fn key(code: KeyCode, held: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, held))
}

fn paste(text: &[u8]) -> Event {
    Event::Paste(String::from_utf8_lossy(text).into_owned())
}

/// What a whole sequence means that began with `ESC [`; none where it is no key, click or change of focus.
fn meaning(parameters: &[u8], end: u8, has_mouse: bool) -> Option<Event> {
    if parameters.len() > PARAMETERS_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(parameters).ok()?;
    if let Some(place) = text.strip_prefix('<') {
        return click(place, end).filter(|_| has_mouse);
    }
    match (text, end) {
        ("", b'I') => return Some(Event::FocusGained),
        ("", b'O') => return Some(Event::FocusLost),
        ("", b'Z') => return Some(key(KeyCode::BackTab, KeyModifiers::SHIFT)),
        ("", _) => return cursor(end, KeyModifiers::NONE),
        _ => {}
    }
    let mut numbers = text.split(';');
    let first: u32 = numbers.next()?.split(':').next()?.parse().ok()?;
    let (held, kind) = modifiers(numbers.next().unwrap_or("1"))?;
    // A third number belongs to a report, or to a way of telling keys that was not asked for.
    if numbers.next().is_some() || kind == KeyEventKind::Release {
        return None;
    }
    match end {
        b'~' => Some(key(numbered(first)?, held)),
        b'u' => Some(key(coded(first)?, held)),
        // `R` tells where the cursor is.
        _ if first == 1 && end != b'R' => cursor(end, held),
        _ => None,
    }
}

fn modifiers(text: &str) -> Option<(KeyModifiers, KeyEventKind)> {
    let (mask, kind) = text.split_once(':').unwrap_or((text, "1"));
    let mask = mask.parse::<u8>().ok()?.checked_sub(1)?;
    let bits = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let held = bits.iter().filter(|(bit, _)| mask & bit != 0).fold(KeyModifiers::NONE, |held, (_, one)| held | *one);
    Some((held, if kind == "3" { KeyEventKind::Release } else { KeyEventKind::Press }))
}

fn cursor(end: u8, held: KeyModifiers) -> Option<Event> {
    let code = match end {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(end - b'P' + 1),
        _ => return None,
    };
    Some(key(code, held))
}

fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number - 10).ok()?),
        17..=21 => KeyCode::F(u8::try_from(number - 11).ok()?),
        23..=24 => KeyCode::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// A key told by its character's number, as terminals do that another program left so.
fn coded(number: u32) -> Option<KeyCode> {
    Some(match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        0..0x20 | 0x80..0xa0 | 0xe000..0xf900 => return None,
        other => KeyCode::Char(char::from_u32(other)?),
    })
}

/// A click or a turn of the wheel: `button;column;row`, counted from 1.
fn click(place: &str, end: u8) -> Option<Event> {
    let numbers: Vec<u16> = place.split(';').map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[button, column, row] = numbers.as_slice() else { return None };
    let kind = match (button & !0b1_1100, end) {
        (0, b'M') => MouseEventKind::Down(MouseButton::Left),
        (1, b'M') => MouseEventKind::Down(MouseButton::Middle),
        (2, b'M') => MouseEventKind::Down(MouseButton::Right),
        (64, b'M') => MouseEventKind::ScrollUp,
        (65, b'M') => MouseEventKind::ScrollDown,
        _ => return None,
    };
    let (column, row) = (column.checked_sub(1)?, row.checked_sub(1)?);
    Some(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}
