//! Lines behind a config, whose own lines stay as they are to the byte.

use toml_edit::DocumentMut;

use crate::config;

/// The config's text with these lines behind it.
///
/// # Errors
/// Why they cannot be added so: the text is no config, or what stands in it leaves no place for them.
pub fn add_lines(config: &str, lines: &str) -> Result<String, String> {
    let faults =
        |error: config::ConfigError| error.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    config::read(config).map_err(|error| format!("the config as it is cannot be read: {}", faults(error)))?;
    let gap = match config {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let added = format!("{config}{gap}{}\n", lines.trim_end());
    // Where `rule` is written as an array of values, another table of that name cannot follow: the parser says so.
    added.parse::<DocumentMut>().map_err(|error| format!("they do not fit in: {}", error.message()))?;
    config::read(&added).map_err(|error| format!("the config with them would be wrong: {}", faults(error)))?;
    Ok(added)
}
