//! How each tone looks, in three ways: without colour, on a dark background, on a light one.
//!
//! Colours are those of the 256 that no palette changes: of the first 16 every terminal thinks differently, and some of them cannot
//! be read on its background. A test holds each against the backgrounds of five common palettes.

use ratatui::style::{Color, Modifier, Style};

use crate::{config::Colours, text::Tone};

/// One of the three ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Weight and underline alone.
    Plain,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
}

/// A colour as a terminal tells it, each part from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Theme {
    /// As the settings and the environment say: `NO_COLOR` set to anything means none (no-color.org), so does a dumb terminal.
    #[must_use]
    pub fn choose(colours: Colours, no_color: Option<&str>, term: Option<&str>) -> Self {
        let forbidden = no_color.is_some_and(|value| !value.is_empty()) || term == Some("dumb");
        match colours {
            _ if forbidden => Self::Plain,
            Colours::None => Self::Plain,
            Colours::Light => Self::Light,
            Colours::Auto | Colours::Dark => Self::Dark,
        }
    }

    /// The one for this background: light where black is read better on it than white.
    #[must_use]
    pub fn on(background: Rgb) -> Self {
        let (on_black, on_white) = (contrast(background, Rgb(0, 0, 0)), contrast(background, Rgb(255, 255, 255)));
        if on_black > on_white { Self::Light } else { Self::Dark }
    }

    /// How a tone looks.
    #[must_use]
    pub fn style(self, tone: Tone) -> Style {
        match self {
            Self::Plain if tone == Tone::Dim => Style::new().add_modifier(Modifier::DIM),
            Self::Plain => weight(tone),
            Self::Dark => weight(tone).fg(dark(tone)),
            Self::Light => weight(tone).fg(light(tone)),
        }
    }

    /// The row under the cursor.
    #[must_use]
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Title and key bar.
    #[must_use]
    pub fn bar(self) -> Style {
        match self {
            Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
            Self::Dark => Style::new().bg(Color::Indexed(235)),
            Self::Light => Style::new().bg(Color::Indexed(254)),
        }
    }

    /// What has the terminal's own colour elsewhere, on a bar: the terminal knows nothing of the bar's background.
    #[must_use]
    pub fn bar_text(self) -> Color {
        match self {
            Self::Plain => Color::Reset,
            Self::Dark => Color::Indexed(252),
            Self::Light => Color::Indexed(235),
        }
    }
}

fn weight(tone: Tone) -> Style {
    match tone {
        Tone::Strong | Tone::Title | Tone::Care | Tone::Bad | Tone::Danger => Style::new().add_modifier(Modifier::BOLD),
        Tone::Host => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        _ => Style::new(),
    }
}

fn dark(tone: Tone) -> Color {
    match tone {
        Tone::Plain | Tone::Strong | Tone::Agent => Color::Reset,
        Tone::Dim => Color::Indexed(246),
        Tone::Title => Color::Indexed(117),
        Tone::Name => Color::Indexed(80),
        Tone::Care => Color::Indexed(221),
        Tone::Host => Color::Indexed(213),
        Tone::Good | Tone::Added => Color::Indexed(114),
        Tone::Bad | Tone::Removed | Tone::Danger => Color::Indexed(203),
    }
}

/// Not even the terminal's own colour is read well on every light background.
fn light(tone: Tone) -> Color {
    match tone {
        Tone::Plain | Tone::Strong | Tone::Agent => Color::Indexed(235),
        Tone::Dim => Color::Indexed(240),
        Tone::Title | Tone::Name => Color::Indexed(25),
        Tone::Care => Color::Indexed(58),
        Tone::Host => Color::Indexed(90),
        Tone::Good | Tone::Added => Color::Indexed(22),
        Tone::Bad | Tone::Removed | Tone::Danger => Color::Indexed(124),
    }
}

/// The contrast of two colours as WCAG 2.2 reckons it, from 1 to 21.
#[must_use]
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

fn luminance(Rgb(red, green, blue): Rgb) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONES: [Tone; 13] = [
        Tone::Plain,
        Tone::Dim,
        Tone::Strong,
        Tone::Title,
        Tone::Name,
        Tone::Agent,
        Tone::Care,
        Tone::Danger,
        Tone::Good,
        Tone::Bad,
        Tone::Removed,
        Tone::Added,
        Tone::Host,
    ];

    /// Background and text of terminals as they come, dark and light.
    const PALETTES: [(&str, Theme, Rgb, Rgb); 10] = [
        ("xterm, reversed", Theme::Dark, Rgb(0, 0, 0), Rgb(255, 255, 255)),
        ("xterm", Theme::Light, Rgb(255, 255, 255), Rgb(0, 0, 0)),
        ("GNOME dark", Theme::Dark, Rgb(0x17, 0x14, 0x21), Rgb(0xd0, 0xcf, 0xcc)),
        ("GNOME light", Theme::Light, Rgb(255, 255, 255), Rgb(0x17, 0x14, 0x21)),
        ("VS Code dark", Theme::Dark, Rgb(0x1e, 0x1e, 0x1e), Rgb(0xcc, 0xcc, 0xcc)),
        ("VS Code light", Theme::Light, Rgb(255, 255, 255), Rgb(0x33, 0x33, 0x33)),
        ("Solarized dark", Theme::Dark, Rgb(0x00, 0x2b, 0x36), Rgb(0x83, 0x94, 0x96)),
        ("Solarized light", Theme::Light, Rgb(0xfd, 0xf6, 0xe3), Rgb(0x65, 0x7b, 0x83)),
        ("macOS Pro", Theme::Dark, Rgb(0, 0, 0), Rgb(0xf2, 0xf2, 0xf2)),
        ("macOS Basic", Theme::Light, Rgb(255, 255, 255), Rgb(0, 0, 0)),
    ];

    /// The colours behind 16: a cube of six levels a side, then 24 greys.
    fn rgb(color: Option<Color>, own: Rgb) -> Rgb {
        const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        match color {
            None | Some(Color::Reset) => own,
            Some(Color::Indexed(at @ 16..=231)) => {
                let level = |place: u8| LEVELS[usize::from((at - 16) / place % 6)];
                Rgb(level(36), level(6), level(1))
            }
            Some(Color::Indexed(at @ 232..)) => {
                let grey = 8 + 10 * (at - 232);
                Rgb(grey, grey, grey)
            }
            other => panic!("{other:?} is of the 16 that palettes change"),
        }
    }

    #[test]
    fn text_and_bars_can_be_read_in_five_palettes() {
        for (name, theme, background, own) in PALETTES {
            assert_eq!(Theme::on(background), theme, "{name}");
            let bar = rgb(theme.bar().bg, background);
            for tone in TONES {
                let style = theme.style(tone);
                assert!(!style.add_modifier.contains(Modifier::DIM), "{name}, {tone:?}: nobody knows how dim");
                let text = contrast(rgb(style.fg, own), background);
                assert!(text >= 4.5, "{name}, {tone:?}: {text:.2}");
                let on_bar = style.fg.filter(|fg| *fg != Color::Reset).unwrap_or_else(|| theme.bar_text());
                let text = contrast(rgb(Some(on_bar), own), bar);
                assert!(text >= 4.5, "{name}, {tone:?} on a bar: {text:.2}");
            }
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((contrast(Rgb(0, 0, 0), Rgb(255, 255, 255)) - 21.0).abs() < 0.001);
        assert!((contrast(Rgb(0x76, 0x76, 0x76), Rgb(255, 255, 255)) - 4.54).abs() < 0.005);
    }

    #[test]
    fn no_color_and_dumb_terminals_get_none() {
        assert_eq!(Theme::choose(Colours::Dark, Some("1"), None), Theme::Plain);
        assert_eq!(Theme::choose(Colours::Auto, None, Some("dumb")), Theme::Plain);
        assert_eq!(Theme::choose(Colours::Auto, Some(""), Some("xterm")), Theme::Dark);
        assert_eq!(Theme::choose(Colours::Light, None, None), Theme::Light);
    }

    #[test]
    fn the_plain_theme_names_no_colour() {
        for tone in [Tone::Plain, Tone::Care, Tone::Good, Tone::Bad, Tone::Agent, Tone::Host] {
            assert_eq!((Theme::Plain.style(tone).fg, Theme::Plain.style(tone).bg), (None, None));
        }
    }
}
