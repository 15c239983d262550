//! Entries in TOML: `[mcp_servers.NAME]`, as Codex CLI has them.

use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

use super::{BY_URL, Config, InstallError, Launch, NO_COMMAND, Wrapping, had_empty_args, wrapped_args};

const SERVERS: &str = "mcp_servers";

pub(super) fn servers(config: &Config) -> Result<Vec<String>, InstallError> {
    let document = parse(config)?;
    let servers = document.get(SERVERS).and_then(Item::as_table_like);
    Ok(servers.map(|servers| servers.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default())
}

pub(super) fn changed(config: &Config, server: &str, wrapping: Option<&Wrapping>) -> Result<String, InstallError> {
    let mut document = parse(config)?;
    let servers = document.get_mut(SERVERS).and_then(Item::as_table_like_mut);
    let Some(entry) = servers.and_then(|servers| servers.get_mut(server)).and_then(Item::as_table_like_mut) else {
        return Err(config.unfit(server, NO_COMMAND));
    };
    without(config, server, entry)?;
    if let Some(wrapping) = wrapping {
        with(config, server, entry, wrapping)?;
    }
    Ok(document.to_string())
}

fn without(config: &Config, server: &str, entry: &mut dyn TableLike) -> Result<(), InstallError> {
    let launch = launch(config, server, entry)?;
    let Some(count) = wrapped_args(&launch.program, &launch.args) else { return Ok(()) };
    let args = entry.get_mut("args").and_then(Item::as_array_mut);
    let Some(args) = args else { return Ok(()) };
    // As it was spelled, escapes and all.
    let program = args.get(count).cloned();
    let first = args.get(0).map(|item| item.decor().clone());
    (0..=count).for_each(|_| drop(args.remove(0)));
    if let (Some(decor), Some(item)) = (first, args.get_mut(0)) {
        *item.decor_mut() = decor;
    }
    if args.is_empty() && had_empty_args(&launch.args) {
        let gap = program.as_ref().and_then(|program| program.decor().suffix()).cloned();
        args.set_trailing(gap.unwrap_or_else(|| args.trailing().clone()));
    } else if args.is_empty() {
        entry.remove("args");
    }
    if let Some(program) = program {
        set_program(entry, program);
    }
    Ok(())
}

fn with(config: &Config, server: &str, entry: &mut dyn TableLike, wrapping: &Wrapping) -> Result<(), InstallError> {
    launch(config, server, entry)?;
    let program = entry.get("command").and_then(Item::as_value).cloned().unwrap_or_else(|| "".into()).decorated("", "");
    let words = |was_empty| wrapping.words(was_empty).into_iter().map(Value::from).chain([program]);
    match entry.get_mut("args").and_then(Item::as_array_mut) {
        None => drop(entry.insert("args", Item::Value(Value::Array(words(false).collect::<Array>())))),
        Some(args) => put_in_front(args, words(args.is_empty()).collect()),
    }
    set_program(entry, wrapping.program.as_str().into());
    Ok(())
}

/// The first word takes the place and layout of the first item there was, which then stands like one that follows another.
fn put_in_front(args: &mut Array, words: Vec<Value>) {
    let first = args.get(0).map(|item| item.decor().clone());
    let later = args.get(1).map(|item| item.decor().clone()).or_else(|| first.clone()).unwrap_or_default();
    if let Some(item) = args.get_mut(0) {
        let prefix = later.prefix().cloned().unwrap_or_else(|| " ".into());
        item.decor_mut().set_prefix(prefix);
    }
    for (index, mut item) in words.into_iter().enumerate() {
        let prefix = if index == 0 { first.as_ref() } else { Some(&later) }.and_then(|decor| decor.prefix().cloned());
        item.decor_mut().set_prefix(prefix.unwrap_or_else(|| if index == 0 { "".into() } else { " ".into() }));
        args.insert_formatted(index, item);
    }
}

fn set_program(entry: &mut dyn TableLike, program: Value) {
    if let Some(value) = entry.get_mut("command").and_then(Item::as_value_mut) {
        let decor = value.decor().clone();
        *value = program;
        *value.decor_mut() = decor;
    }
}

fn launch(config: &Config, server: &str, entry: &dyn TableLike) -> Result<Launch, InstallError> {
    if entry.get("command").is_none() && entry.get("url").is_some() {
        return Err(config.unfit(server, BY_URL));
    }
    let program = entry.get("command").and_then(Item::as_str).map(str::to_owned);
    let args = match entry.get("args") {
        None => Some(Vec::new()),
        Some(args) => {
            args.as_array().and_then(|args| args.iter().map(|item| item.as_str().map(str::to_owned)).collect())
        }
    };
    match (program, args) {
        (Some(program), Some(args)) => Ok(Launch { program, args }),
        _ => Err(config.unfit(server, NO_COMMAND)),
    }
}

fn parse(config: &Config) -> Result<DocumentMut, InstallError> {
    config
        .text
        .parse()
        .map_err(|error: toml_edit::TomlError| config.unparsable(error.to_string().trim().replace('\n', " ")))
}
