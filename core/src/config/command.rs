//! The command of a declared action: `run = ["cargo", "test", "--manifest-path", "{path}/Cargo.toml", "{filter?}"]`.

use crate::catalogue::{Command, Entry, Kind, Param, Part, Template, Wanted};
use ccc_protocol::visible;

/// The command that these words are. What it puts behind path parameters is noted in their declarations.
pub(super) fn declare(
    run: &[String],
    dir: Option<&str>,
    timeout_seconds: u64,
    params: &mut [Param],
    found: impl Fn(&str) -> Option<String>,
) -> Result<Command, String> {
    let (program, words) = run.split_first().ok_or("`run` is empty: write the program and its arguments")?;
    let program = find(program, found).map_err(|why| format!("`run`: {why}"))?;
    let args = words.iter().map(|word| Template::parse(word)).collect::<Result<Vec<_>, _>>();
    let args = args.map_err(|error| format!("`run`: {error}"))?;
    for template in &args {
        check(template, params).map_err(|why| format!("`run`: `{template}` {why}"))?;
        note_suffixes(template, params);
    }
    refuse_scripts(run, &args)?;
    let dir_param = dir.map(|name| dir_param(name, params)).transpose()?;
    Ok(Command { program, args, dir_param, timeout_seconds, reach: Wanted::default() })
}

/// The program's absolute path; its name as written where nothing of that name was found, so that running it fails with a sentence.
pub(super) fn find(program: &str, found: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    if program.is_empty() || program.contains(['{', '}', '\0']) {
        return Err(format!("`{}` is no program: write its name or absolute path", visible::escaped(program)));
    }
    let has_path = program.contains('/');
    if has_path && !program.starts_with(['/', '~']) {
        return Err(format!("`{program}` depends on where the server was started: write its absolute path"));
    }
    match found(program) {
        Some(absolute) => Ok(absolute),
        // A path that was found wanting must not be kept: it could be run.
        None if has_path => {
            Err(format!("`{program}` is not there, or lies in a volume, where an agent could replace it"))
        }
        None => Ok(program.to_owned()),
    }
}

fn check(template: &Template, params: &[Param]) -> Result<(), String> {
    for name in template.places() {
        let param = params.iter().find(|param| param.name == name);
        let param =
            param.ok_or_else(|| format!("has a place for `{name}`, which is no parameter: add `params.{name}`"))?;
        let may_lack = !param.required && param.default.is_none();
        if may_lack && !template.optional {
            return Err(format!(
                "stays empty where `{name}` is not given: write `{{{name}?}}`, or give the parameter `required` or a `default`"
            ));
        }
        let is_list = matches!(param.kind, Kind::List { .. });
        if is_list && template.alone().is_none() {
            return Err(format!("mixes the list `{name}` with other text: a list stands alone in its argument"));
        }
    }
    template.parts.windows(2).try_for_each(|pair| match pair {
        [Part::Place(name), next] if is_path(name, params) => check_behind_path(next, template),
        _ => Ok(()),
    })
}

/// Behind a path, only a fixed path beneath it, or something that no path goes on with, keeps it within its volume.
fn check_behind_path(next: &Part, template: &Template) -> Result<(), String> {
    match next {
        Part::Place(_) => {
            Err("puts a value right behind a path, which could lead anywhere: write it as an argument of its own"
                .to_owned())
        }
        Part::Text(text) if text.starts_with('/') => {
            let is_last = template.parts.last() == Some(next);
            let is_plain = text.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | ".."));
            if is_last && is_plain {
                Ok(())
            } else {
                Err("puts more than a plain fixed path behind a path: write one like `{path}/Cargo.toml`".to_owned())
            }
        }
        Part::Text(text) if text.starts_with([':', ',', ';', '=']) => Ok(()),
        Part::Text(_) => Err("makes another path of a path: write `/`, `:` or nothing behind it".to_owned()),
    }
}

fn is_path(name: &str, params: &[Param]) -> bool {
    params.iter().any(|param| param.name == name && matches!(param.kind, Kind::Path(_)))
}

fn note_suffixes(template: &Template, params: &mut [Param]) {
    for pair in template.parts.windows(2) {
        let [Part::Place(name), Part::Text(text)] = pair else { continue };
        let Some(suffix) = text.strip_prefix('/') else { continue };
        for param in params.iter_mut().filter(|param| param.name == *name) {
            if let Kind::Path(path) = &mut param.kind
                && !path.suffixes.iter().any(|known| known == suffix)
            {
                path.suffixes.push(suffix.to_owned());
            }
        }
    }
}

/// A value inside a shell's script would be parsed again: as its own argument (`"$1"`) it would not.
fn refuse_scripts(run: &[String], args: &[Template]) -> Result<(), String> {
    const SHELLS: [&str; 9] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "busybox"];
    let is_shell = |word: &String| word.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name));
    let Some(shell) = run.iter().position(is_shell) else { return Ok(()) };
    let takes_script = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('c');
    // The word at `n` is the template at `n - 1`, so that each word meets the template behind it.
    let behind = run.iter().zip(args).skip(shell + 1);
    let script =
        behind.filter(|(word, _)| takes_script(word)).map(|(_, next)| next).find(|next| next.places().next().is_some());
    script.map_or(Ok(()), |script| {
        Err(format!("`run`: `{script}` would be read again as a script: write `\"$1\"` there, and the value as an argument behind"))
    })
}

fn dir_param(name: &str, params: &[Param]) -> Result<String, String> {
    let param = params.iter().find(|param| param.name == name);
    let is_dir = |param: &Param| matches!(&param.kind, Kind::Path(path) if path.entry == Entry::Dir && path.must_exist);
    match param.filter(|param| is_dir(param) && (param.required || param.default.is_some())) {
        Some(param) => Ok(param.name.clone()),
        None => Err(format!(
            "`dir` is `{name}`: write the name of a `path` parameter with `kind = \"dir\"` that is always given"
        )),
    }
}
