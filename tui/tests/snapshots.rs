//! Every view at six sizes and in three ways of colouring. The text is one for all three: nothing is told by colour alone.
//!
//! Below the text stands how each row is styled, as runs of letters with their lengths; the legend says what a letter looks like
//! without colour, on dark and on light.

#![cfg(test)]

mod support;

use std::{collections::BTreeMap, fmt::Write as _};

use ccc_queue::view::theme::Theme;
use ratatui::{buffer::Buffer, style::Style};
use support::{Desk, lines, scenes::SCENES};

const SIZES: [(u16, u16); 6] = [(40, 10), (60, 16), (80, 24), (100, 30), (120, 40), (200, 60)];

const THREE: [(u16, u16); 3] = [(40, 10), (80, 24), (120, 40)];
const VERDICTS: [&str; 5] = ["grave-", "plain-", "pins", "ended-", "dialog-word-host"];

type Looks = [String; 3];

#[test]
fn every_view_at_six_sizes_and_in_three_colour_modes() {
    for (name, scene) in SCENES {
        // Requests by their verdicts stand at the smallest, the commonest and a large size.
        let is_small =
            |size: &&(u16, u16)| !VERDICTS.iter().any(|begins| name.starts_with(begins)) || THREE.contains(size);
        for (width, height) in SIZES.iter().filter(is_small) {
            let (width, height) = (*width, *height);
            let mut desk = Desk::new(width, height);
            scene(&mut desk);
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), picture(&mut desk));
        }
    }
}

fn picture(desk: &mut Desk) -> String {
    let frames = [Theme::Plain, Theme::Dark, Theme::Light].map(|theme| {
        desk.theme = theme;
        desk.frame()
    });
    let [plain, dark, light] = &frames;
    assert_eq!(lines(plain), lines(dark), "the text is the same with colours");
    assert_eq!(lines(plain), lines(light), "the text is the same with colours");
    format!("{}\n\n{}", lines(plain).join("\n"), styles(&frames))
}

fn styles(frames: &[Buffer; 3]) -> String {
    let mut letters: BTreeMap<Looks, char> = BTreeMap::new();
    let area = frames[0].area;
    let mut text = String::new();
    for y in area.y..area.bottom() {
        let row = (area.x..area.right()).map(|x| frames.each_ref().map(|frame| look(frame[(x, y)].style())));
        let mut runs: Vec<(Looks, usize)> = Vec::new();
        for looks in row {
            match runs.last_mut() {
                Some((last, count)) if *last == looks => *count += 1,
                _ => runs.push((looks, 1)),
            }
        }
        for (looks, count) in runs {
            let next = char::from(b'a' + u8::try_from(letters.len()).unwrap());
            let letter = *letters.entry(looks).or_insert(next);
            write!(text, "{letter}{count} ").unwrap();
        }
        text.push('\n');
    }
    let mut legend: Vec<_> =
        letters.into_iter().map(|(looks, letter)| format!("{letter} = {}", looks.join(" | "))).collect();
    legend.sort_unstable();
    format!("{text}\n{}\n", legend.join("\n"))
}

fn look(style: Style) -> String {
    let colour = |colour: Option<ratatui::style::Color>| {
        colour.map_or_else(|| "reset".to_owned(), |colour| colour.to_string().to_lowercase())
    };
    format!("{} on {} {:?}", colour(style.fg), colour(style.bg), style.add_modifier)
}
