//! Tools other than the shell: the paths and addresses in their inputs.

use serde_json::Value;

use super::gather::Gather;
use super::{Access, Class, commands, hosts, paths};

mod agents;

/// Begins the name of a tool whose host asks for its person's answer, in the place of that person.
const IN_THE_PERSONS_PLACE: &str = "permission:";

/// Adds the facts of a call of `tool`.
pub(super) fn judge(tool: &str, input: &Value, gather: &mut Gather) {
    match tool {
        "Bash" | "Shell" => shell(input, gather),
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" => file(tool, input, Access::Write, gather),
        "Delete" => file(tool, input, Access::Delete, gather),
        "Read" | "NotebookRead" => file(tool, input, Access::Read, gather),
        "Grep" | "Glob" | "LS" => search(tool, input, gather),
        "WebFetch" => fetch(input, gather),
        "WebSearch" => gather.class(Class::Network, "asks a search engine"),
        "apply_patch" => patch(input, gather),
        name if name.starts_with("mcp:") => server(name, input, gather),
        name => match name.strip_prefix(IN_THE_PERSONS_PLACE) {
            Some(asked) => answer(asked, gather),
            None => agents::judge(name, input, gather),
        },
    }
}

/// Whoever allows this answers in the person's place: a question gets no answer, a plan counts as approved.
fn answer(asked: &str, gather: &mut Gather) {
    gather.class(Class::Person, format!("to allow `{asked}` here answers in the place of the agent's own person"));
    gather.opaque(format!("what `{asked}` asks is for a person to answer"));
}

fn shell(input: &Value, gather: &mut Gather) {
    if input.get("dangerouslyDisableSandbox").is_some_and(|asked| *asked != Value::Bool(false)) {
        gather.class(Class::Privilege, "asks to run outside of its host's sandbox");
    }
    match given(input, COMMANDS).as_slice() {
        [Value::String(text)] => run(text, input, gather),
        [] => gather.opaque("the input has no command that can be read"),
        _ => gather.opaque("the input has several commands, or one that is no text"),
    }
}

/// Runs `text` where the input says and where the call is made. Which names of a directory a host heeds, and which of several, is
/// not known here: what counts is what the command would do in any of them.
fn run(text: &str, input: &Value, gather: &mut Gather) {
    let cwd = gather.cwd.clone();
    let named = given(input, DIRECTORIES);
    if named.len() > 1 {
        gather.opaque("the input names several working directories");
    }
    let mut starts: Vec<String> = Vec::new();
    for directory in named {
        match directory.as_str().and_then(|directory| paths::resolve(&cwd, directory, gather.home.as_deref())) {
            Some(start) => starts.push(start),
            None => gather.opaque("the input names a working directory that cannot be read"),
        }
    }
    starts.retain(|start| *start != cwd);
    // Several are unknown already: the text is read twice and no more.
    starts.truncate(1);
    starts.push(cwd);
    for start in starts {
        // The same programs wherever they start: they are listed once.
        gather.facts.commands.clear();
        commands::judge(text, &start, gather);
    }
}

fn file(tool: &str, input: &Value, access: Access, gather: &mut Gather) {
    let paths = named(input);
    for path in &paths {
        touch(path, access, gather);
    }
    // One host gives its patches as edits.
    let patched = texts(input, PATCHES).any(|text| text.contains("*** "));
    if patched {
        patch(input, gather);
    }
    if paths.is_empty() && !patched {
        gather.opaque(format!("the input of `{tool}` has no path"));
    }
    if paths.len() > 1 && access != Access::Read {
        gather.opaque(format!("the input of `{tool}` has several paths"));
    }
}

/// What a call puts into a file or takes out of it. Nothing here reads it.
pub(super) fn contents<'a>(tool: &str, input: &'a Value) -> impl Iterator<Item = &'a str> {
    let names: &[&str] = match tool {
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" => CONTENTS,
        _ => &[],
    };
    names.iter().filter_map(|name| input.get(name)?.as_str())
}

fn search(tool: &str, input: &Value, gather: &mut Gather) {
    let mut roots = named(input);
    if roots.is_empty() {
        roots.push(".");
    }
    let cwd = gather.cwd.clone();
    for root in roots {
        touch(root, Access::Read, gather);
        if tool == "Grep" {
            gather.whole(&cwd, root);
        }
        // Patterns of names: one may lead out of the root, or name a secret.
        let names: &[&str] = if tool == "Glob" { &["glob", "include", "pattern"] } else { &["glob", "include"] };
        for pattern in texts(input, names) {
            let base = if root.starts_with(['/', '~']) { root.to_owned() } else { format!("{cwd}/{root}") };
            if pattern.starts_with(['/', '~']) || pattern.contains("..") {
                touch(pattern, Access::Read, gather);
            }
            gather.implied(&base, pattern.trim_start_matches('!'), Access::Read);
        }
    }
}

/// A path as an agent's file tools take it: no shell fills in patterns.
fn touch(path: &str, access: Access, gather: &mut Gather) {
    let cwd = gather.cwd.clone();
    gather.path(&cwd, path, access);
}

/// An address of its own, and addresses in the text of a prompt: some hosts fetch those.
fn fetch(input: &Value, gather: &mut Gather) {
    let words = texts(input, &["url", "uri", "prompt"])
        .flat_map(|text| text.split(|c: char| c.is_whitespace() || "\"'<>()`,".contains(c)));
    let mut found = false;
    for address in words.filter(|word| word.contains(':')) {
        if let Some(host) = hosts::of_url(address) {
            found = true;
            gather.host(&host, false);
            if !hosts::is_page(address) {
                gather.opaque(format!("talks to `{host}` in another way than asking for a page"));
            }
        } else if address.starts_with("file:") {
            found = true;
            touch(address, Access::Read, gather);
        }
    }
    if !found {
        gather.opaque("the input has no address that can be read");
    }
}

/// Codex' patches: a header names each file.
fn patch(input: &Value, gather: &mut Gather) {
    let mut files = 0;
    for line in texts(input, PATCHES).flat_map(str::lines) {
        for (header, access) in HEADERS {
            if let Some(path) = line.trim_start().strip_prefix(header) {
                files += 1;
                touch(path.trim(), *access, gather);
            }
        }
    }
    if files == 0 {
        gather.opaque("the patch names no file");
    }
}

const HEADERS: &[(&str, Access)] = &[
    ("*** Add File:", Access::Write),
    ("*** Update File:", Access::Write),
    ("*** Delete File:", Access::Delete),
    ("*** Move to:", Access::Write),
];

/// An MCP tool does what its server pleases, so only a rule that names the tool lets it pass. The paths and addresses it is given
/// are known.
fn server(tool: &str, input: &Value, gather: &mut Gather) {
    strings(input, 0, &mut |text| {
        if let Some(host) = hosts::of_url(text) {
            gather.host(&host, false);
        } else if text.starts_with(['/', '~']) && text.len() > 1 && !text.contains('\n') {
            touch(text, Access::Read, gather);
        }
    });
    gather.class(Class::Server, format!("what `{tool}` does is its server's affair"));
}

/// Every string in a value, to a depth that JSON of the protocol cannot pass.
fn strings(value: &Value, depth: usize, each: &mut dyn FnMut(&str)) {
    const DEPTH_MAX: usize = 64;
    match value {
        Value::String(text) => each(text),
        Value::Array(items) if depth < DEPTH_MAX => items.iter().for_each(|item| strings(item, depth + 1, each)),
        Value::Object(fields) if depth < DEPTH_MAX => fields.values().for_each(|value| strings(value, depth + 1, each)),
        _ => {}
    }
}

const PATHS: &[&str] = &["file_path", "filePath", "path", "notebook_path", "absolute_path", "target_file", "dir_path"];
const LISTS: &[&str] = &["paths", "file_paths", "files", "include"];
const COMMANDS: &[&str] = &["command", "cmd", "script"];
const DIRECTORIES: &[&str] = &["directory", "dir_path", "workdir", "working_directory", "cwd"];
const PATCHES: &[&str] = &["command", "input", "patch"];
/// None of them stands in another list: what is read counts.
const CONTENTS: &[&str] = &[
    "content", "contents", "file_text", "new_source", "new_str", "new_string", "newString", "old_str", "old_string",
    "oldString",
];

/// All paths that an input names, each once.
fn named(input: &Value) -> Vec<&str> {
    let single = PATHS.iter().filter_map(|name| input.get(name)?.as_str());
    let listed = LISTS.iter().filter_map(|name| input.get(name)?.as_array()).flatten().filter_map(Value::as_str);
    let mut paths = Vec::new();
    for path in single.chain(listed) {
        if !paths.contains(&path) && paths.len() < PATHS_MAX {
            paths.push(path);
        }
    }
    paths
}

/// The most paths of one input; [`Gather`] calls more unknown.
const PATHS_MAX: usize = 513;

/// What an input says under these names, each value once. An agent may write several; which of them a host heeds is not known.
fn given<'a>(input: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    let mut values = Vec::new();
    for value in names.iter().filter_map(|name| input.get(name)).filter(|value| !value.is_null()) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The texts among them.
fn texts<'a>(input: &'a Value, names: &[&str]) -> impl Iterator<Item = &'a str> {
    given(input, names).into_iter().filter_map(Value::as_str)
}
