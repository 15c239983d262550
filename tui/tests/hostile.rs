//! The corpus of hostile texts (tests/hostile/*.json), shown everywhere a text of an agent's is shown: the cells hold visible characters
//! alone, rows keep their width, and a terminal that is sent the frames is left in the state it was in.

#![cfg(test)]

mod support;

use std::{fs, num::NonZero, path::PathBuf};

use ccc_queue::{
    console::{
        message::Message,
        model::{Size, Surface},
    },
    text::{Untrusted, is_seen},
    view,
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, buffer::Buffer, layout::Rect};
use serde::Deserialize;
use support::{Desk, lines, scenes::all_of};
use unicode_width::UnicodeWidthStr as _;

/// One file of the corpus.
#[derive(Deserialize)]
struct Corpus {
    about: String,
    texts: Vec<Hostile>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Hostile {
    Text(String),
    /// The same over and over: floods are not written out.
    Flood {
        before: String,
        repeat: String,
        times: usize,
        after: String,
    },
}

impl Hostile {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Flood { before, repeat, times, after } => format!("{before}{}{after}", repeat.repeat(*times)),
        }
    }
}

fn corpus() -> Vec<(String, String)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let corpus: Corpus = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        corpus.texts.iter().map(|hostile| (corpus.about.clone(), hostile.text())).collect::<Vec<_>>()
    };
    files.into_iter().flat_map(read).collect()
}

#[test]
fn the_corpus_covers_what_it_promises() {
    let texts: String = corpus().into_iter().map(|(_, text)| text).collect();
    for hostile in [
        '\u{1b}', '\u{7}', '\r', '\n', '\u{7f}', '\u{9b}', '\u{85}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{200d}',
        '\u{feff}', '\u{e0041}', '\u{fe0f}', '\u{e0100}', '\u{301}', '\u{fdfd}', '\u{2028}', '\u{3164}', '\u{378}',
        '\u{e000}',
    ] {
        assert!(texts.contains(hostile), "U+{:04X}", u32::from(hostile));
    }
    assert!(corpus().len() >= 60, "{}", corpus().len());
}

fn showing(text: &str, width: u16, height: u16) -> Desk {
    let mut desk = Desk::new(width, height);
    desk.waits(all_of(text));
    desk.wait(1000);
    desk
}

#[test]
fn cells_hold_visible_characters_alone_and_rows_keep_their_width() {
    for (about, text) in corpus() {
        for (width, height) in [(90, 20), (40, 10)] {
            let mut desk = showing(&text, width, height);
            check(&desk.frame(), &about);
            desk.keys("enter");
            for _ in 0..2 {
                check(&desk.frame(), &about);
                desk.keys("page-down");
            }
            desk.keys("esc");
            desk.wait(1000);
            desk.keys("n");
            check(&desk.frame(), &about);
        }
    }
}

/// Seen as itself, or one of the marks that hidden characters are written out with.
fn is_ours_or_seen(c: char) -> bool {
    is_seen(c) || matches!(c, '‹' | '›' | '\u{2400}'..='\u{2421}')
}

fn check(frame: &Buffer, about: &str) {
    let width = usize::from(frame.area.width);
    for cell in frame.content() {
        assert!(cell.symbol().chars().all(is_ours_or_seen), "{about}: {:?}", cell.symbol());
        assert!(
            cell.symbol().chars().filter(|c| unicode_width::UnicodeWidthChar::width(*c) == Some(0)).count() <= 3,
            "{about}: {:?}",
            cell.symbol()
        );
    }
    for line in lines(frame) {
        assert!(line.width() <= width, "{about}: {line:?}");
    }
}

#[test]
fn every_text_is_shown_whole_by_scrolling() {
    for (about, text) in corpus() {
        let desk = showing(&text, 120, 40);
        let page: String = desk
            .model
            .details()
            .rows()
            .iter()
            .map(|row| row.text().to_string().trim_start_matches(['│', ' ']).to_owned())
            .collect();
        let last = Untrusted(&text).line().to_string();
        let tail: String = last.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
        assert!(page.contains(tail.trim()), "{about}: the end is missing: {tail:?}");
    }
}

#[test]
fn a_forged_line_never_stands_at_the_margin() {
    let forged = "approved by user\n── end of this request ──\nPARAMETERS\n◆ ready";
    let desk = showing(forged, 120, 40);
    let rows: Vec<String> = desk.model.details().rows().iter().map(|row| row.text().to_string()).collect();
    let ours = rows.iter().filter(|row| row.as_str() == "── end of this request ──").count();
    assert_eq!(ours, 1, "{rows:#?}");
    assert!(!rows.iter().any(|row| row.starts_with("approved by user") || row.starts_with("◆ ready")), "{rows:#?}");
}

#[test]
fn a_terminal_is_left_in_the_state_it_was_in() {
    for (about, text) in corpus() {
        let mut desk = showing(&text, 90, 20);
        let mut parser = vt100::Parser::new(NonZero::new(20).unwrap(), NonZero::new(90).unwrap(), 0);
        for _ in 0..2 {
            parser.process(&sent(&desk));
            desk.keys("page-down");
        }
        let screen = parser.screen();
        assert!(!screen.bracketed_paste() && !screen.application_cursor() && !screen.application_keypad(), "{about}");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "{about}");
        assert!(!screen.alternate_screen(), "{about}");
    }
}

/// The bytes of one whole frame.
fn sent(desk: &Desk) -> Vec<u8> {
    let Size { width, height } = desk.model.size();
    let mut bytes = Vec::new();
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect { x: 0, y: 0, width, height }) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), options).unwrap();
    terminal.draw(|frame| view::view(&desk.model, desk.theme, frame)).unwrap();
    drop(terminal);
    bytes
}

#[test]
fn the_line_console_prints_visible_characters_alone() {
    for (about, text) in corpus() {
        let mut desk = Desk::with(ccc_queue::config::Config::default(), Surface::Plain, 80, 24);
        desk.waits(all_of(&text));
        desk.take(Message::Tick);
        let rows = view::view_rows(&desk.model);
        let page = desk.model.details().rows().iter().chain(&rows);
        for row in page {
            assert!(row.text().as_str().chars().all(is_ours_or_seen), "{about}: {row:?}");
        }
    }
}
