//! How each tone looks, in three ways: without colour, in sixteen colours on dark, in sixteen on light.

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

    /// How a tone looks.
    #[must_use]
    pub fn style(self, tone: Tone) -> Style {
        match self {
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
            Self::Dark => Style::new().bg(Color::DarkGray),
            Self::Light => Style::new().bg(Color::Gray),
        }
    }
}

fn weight(tone: Tone) -> Style {
    match tone {
        Tone::Strong | Tone::Title | Tone::Care | Tone::Bad | Tone::Danger => Style::new().add_modifier(Modifier::BOLD),
        Tone::Host => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Tone::Dim => Style::new().add_modifier(Modifier::DIM),
        _ => Style::new(),
    }
}

fn dark(tone: Tone) -> Color {
    match tone {
        Tone::Plain | Tone::Strong | Tone::Dim | Tone::Agent => Color::Reset,
        Tone::Title => Color::LightCyan,
        Tone::Name => Color::Cyan,
        Tone::Care => Color::LightYellow,
        Tone::Host => Color::LightMagenta,
        Tone::Good | Tone::Added => Color::LightGreen,
        Tone::Bad | Tone::Removed | Tone::Danger => Color::LightRed,
    }
}

fn light(tone: Tone) -> Color {
    match tone {
        Tone::Plain | Tone::Strong | Tone::Dim | Tone::Agent => Color::Reset,
        Tone::Title | Tone::Name => Color::Blue,
        Tone::Care | Tone::Host => Color::Magenta,
        Tone::Good | Tone::Added => Color::Green,
        Tone::Bad | Tone::Removed | Tone::Danger => Color::Red,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
