//! Lines behind a config, whose own lines stay as they are to the byte.

use toml_edit::DocumentMut;

use crate::config::{self, Config, ConfigError};

/// The config's text with these lines behind it.
///
/// # Errors
/// Why they cannot be added so: the text is no config, or what stands in it leaves no place for them.
pub fn add_lines(config: &str, lines: &str) -> Result<String, String> {
    config::read(config).map_err(|error| format!("the config as it is cannot be read: {}", faults(&error)))?;
    added(config, lines).map(|(text, _)| text)
}

/// The same for a text that is known to be a config, and what the whole says.
pub(super) fn added(config: &str, lines: &str) -> Result<(String, Config), String> {
    let gap = match config {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let text = format!("{config}{gap}{}\n", lines.trim_end());
    // Where `rule` is written as an array of values, another table of that name cannot follow: the parser says so.
    text.parse::<DocumentMut>().map_err(|error| format!("they do not fit in: {}", error.message()))?;
    let read = config::read(&text);
    let read = read.map_err(|error| format!("the config with them would be wrong: {}", faults(&error)))?;
    Ok((text, read))
}

fn faults(error: &ConfigError) -> String {
    error.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
