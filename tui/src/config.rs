//! The console's own settings: `console.toml` in the configuration directory. All have a default; none touches what is decided.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::keys::{KeyMap, KeyMapError};

/// A larger file is no settings file.
const FILE_BYTES_MAX: usize = 65_536;

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// How rows are gathered at first.
    pub grouping: Grouping,
    /// Which colours.
    pub colours: Colours,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// How long `s` puts a ticket aside.
    pub snooze_minutes: u64,
    /// The reasons offered for a denial, the most common first.
    pub reasons: Vec<String>,
    /// How a person is told that something waits.
    pub notify: Notify,
    /// The keys.
    pub keys: KeyMap,
}

/// How rows are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// By who asked and in which session.
    #[default]
    Session,
    /// By who asked.
    Agent,
    /// Not at all: by age.
    None,
}

impl Grouping {
    /// The word in the config and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Agent => "agent",
            Self::None => "none",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Session, Self::Agent, Self::None].into_iter().find(|grouping| grouping.word() == word)
    }

    /// The next way, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Session => Self::Agent,
            Self::Agent => Self::None,
            Self::None => Self::Session,
        }
    }
}

/// Which colours are used. Nothing is ever told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    /// None where `NO_COLOR` is set or the terminal is dumb, else for a dark background.
    Auto,
    /// None.
    None,
    /// The sixteen, for a dark background.
    Dark,
    /// The sixteen, for a light background.
    Light,
}

/// How a person is told. Counts alone are told, never what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// Ring the terminal's bell.
    pub bell: bool,
    /// Ask the terminal for a notification of the desktop.
    pub desktop: Desktop,
    /// Put the count into the window's title.
    pub title: bool,
    /// Run this; `{waiting}` and `{new}` stand for the counts.
    pub command: Vec<String>,
}

/// How terminals are asked for a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Desktop {
    /// Not at all.
    Off,
    /// `OSC 9` (iTerm2, kitty, Windows Terminal, foot).
    Osc9,
    /// `OSC 777` (urxvt, foot, VTE).
    Osc777,
}

impl Default for Notify {
    fn default() -> Self {
        Self { bell: true, desktop: Desktop::Off, title: true, command: Vec::new() }
    }
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    group: String,
    colours: Colours,
    mouse: bool,
    snooze_minutes: u64,
    reasons: Vec<String>,
    notify: Notify,
    keys: BTreeMap<String, OneOrMore>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for File {
    fn default() -> Self {
        Self {
            group: Grouping::default().word().to_owned(),
            colours: Colours::Auto,
            mouse: false,
            snooze_minutes: 10,
            reasons: REASONS.iter().map(|&reason| reason.to_owned()).collect(),
            notify: Notify::default(),
            keys: BTreeMap::new(),
        }
    }
}

/// What most denials say.
const REASONS: [&str; 6] = [
    "not now: go on without it", "not needed: find a way without it", "too broad: ask for something narrower",
    "wrong target: look again", "ask me first in the conversation", "never do this here",
];

/// Settings that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("the settings `{path}` cannot be read: {cause}")]
    Unreadable {
        /// Where it is.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It is larger than settings ever are.
    #[error("the settings `{0}` are larger than {FILE_BYTES_MAX} bytes")]
    TooLarge(String),
    /// It is not TOML, or says what no setting is.
    #[error("{0}")]
    Malformed(#[from] toml::de::Error),
    /// No way to gather rows.
    #[error("`{0}` is no way to group; write `session`, `agent` or `none`")]
    Group(String),
    /// Snoozing for no time, or for ever.
    #[error("`snooze_minutes` is 1 to 1440, not `{0}`")]
    Snooze(u64),
    /// The keys.
    #[error("[keys]: {0}")]
    Keys(#[from] KeyMapError),
}

impl Config {
    /// From the file at this path; the defaults where there is none.
    ///
    /// # Errors
    /// Where it cannot be followed; it is never followed in part.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) if text.len() > FILE_BYTES_MAX => Err(ConfigError::TooLarge(path.display().to_string())),
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(ConfigError::Unreadable { path: path.display().to_string(), cause }),
        }
    }

    /// From its text.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::checked(toml::from_str(text)?)
    }

    fn checked(file: File) -> Result<Self, ConfigError> {
        let own = file.keys.into_iter().map(|(name, keys)| (name, keys.into_list())).collect();
        if !(1..=1440).contains(&file.snooze_minutes) {
            return Err(ConfigError::Snooze(file.snooze_minutes));
        }
        Ok(Self {
            grouping: Grouping::from_word(&file.group).ok_or(ConfigError::Group(file.group))?,
            colours: file.colours,
            mouse: file.mouse,
            snooze_minutes: file.snooze_minutes,
            reasons: file.reasons,
            notify: file.notify,
            keys: KeyMap::new(&own)?,
        })
    }
}

impl OneOrMore {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(key) => vec![key],
            Self::More(keys) => keys,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let file = File::default();
        Self {
            grouping: Grouping::default(),
            colours: file.colours,
            mouse: file.mouse,
            snooze_minutes: file.snooze_minutes,
            reasons: file.reasons,
            notify: file.notify,
            keys: KeyMap::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = Config::parse("").unwrap();
        assert_eq!((config.snooze_minutes, config.mouse, config.grouping), (10, false, Grouping::Session));
    }

    #[test]
    fn every_setting_is_read() {
        let text = "group = 'agent'\ncolours = 'light'\nmouse = true\nsnooze_minutes = 5\nreasons = ['no']\n\
                    [notify]\nbell = false\ndesktop = 'osc777'\ntitle = false\ncommand = ['notify-send', '{waiting}']\n\
                    [keys]\napprove = 'ctrl-y'\ndown = ['n', 'down']\ndeny = 'x'\n";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.grouping, Grouping::Agent);
        assert_eq!(config.notify.desktop, Desktop::Osc777);
        assert_eq!(config.reasons, ["no"]);
    }

    #[test]
    fn what_is_no_setting_is_refused_with_its_name() {
        assert!(Config::parse("colour = 'dark'").unwrap_err().to_string().contains("colour"));
        assert_eq!(
            Config::parse("group = 'x'").unwrap_err().to_string(),
            "`x` is no way to group; write `session`, `agent` or `none`"
        );
        assert!(Config::parse("[keys]\nyes = 'y'").unwrap_err().to_string().contains("no act is named `yes`"));
        assert!(Config::parse("snooze_minutes = 0").is_err());
    }
}
