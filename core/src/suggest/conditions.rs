//! The conditions of a rule: as narrow as the calls that it has to cover.

use std::collections::BTreeSet;

use ccc_protocol::bodies::{Class, Facts};

use super::{
    escape::{as_directory, as_glob, as_host, listed, quoted},
    key::{Key, ToolKey},
};
use crate::{
    params::{Arg, UrlArg},
    replay::Ready,
};

/// So many different values are named one by one. Of more paths, the directory that they share is named; of more of anything
/// else no rule is made.
const VALUES_MAX: usize = 4;
/// A directory is named for what lies in it where it has at least so many segments: never a whole home or a whole system's part.
const SEGMENTS_MIN: usize = 3;

/// The lines between `action` and `policy`; none where no line is narrow enough.
pub(super) fn lines(key: &Key, calls: &[&Ready]) -> Option<Vec<String>> {
    let caller = format!("caller = {}", quoted(&as_glob(&key.caller)?));
    let rest = match &key.tool {
        Some(tool) => of_tool(tool, calls)?,
        None => of_params(calls)?,
    };
    Some([vec![caller], rest].concat())
}

fn of_tool(key: &ToolKey, calls: &[&Ready]) -> Option<Vec<String>> {
    let facts = || calls.iter().filter_map(|ready| ready.facts.as_ref());
    let mut lines = vec![format!("where.tool = {}", quoted(&as_glob(&key.tool)?))];
    if let Some(project) = &key.project {
        lines.push(format!("where.project = {}", quoted(&as_glob(project)?)));
    }
    // A project is what the host says it is; where a call runs says more than what it names.
    let cwds: BTreeSet<&str> = calls.iter().map(|ready| cwd(ready)).collect::<Option<_>>()?;
    lines.push(format!("where.cwd = {}", listed(&each(cwds.into_iter(), as_glob)?)));
    lines.extend(command(key)?);
    let classes: BTreeSet<Class> = facts().flat_map(|facts| facts.classes.keys().copied()).collect();
    let classes: Vec<String> = classes.into_iter().map(|class| class.as_str().to_owned()).collect();
    lines.push(format!("where.class = {}", listed(&classes)));
    if key.has_paths {
        let paths: BTreeSet<&str> = facts().flat_map(|facts| &facts.paths).map(|fact| fact.path.as_str()).collect();
        lines.push(format!("where.path.under = {}", listed(&directories(&paths, project(facts()))?)));
    }
    if key.has_hosts {
        let hosts: BTreeSet<&String> = facts().flat_map(|facts| &facts.hosts).collect();
        lines.push(format!("where.host = {}", listed(&each(hosts.into_iter(), |host| as_host(host))?)));
    }
    Some(lines)
}

fn cwd(ready: &Ready) -> Option<&str> {
    match ready.args.named("cwd")? {
        Arg::Text(cwd) => Some(cwd),
        _ => None,
    }
}

/// `None` where no pattern names it; no line where nothing is run.
fn command(key: &ToolKey) -> Option<Option<String>> {
    if key.commands.is_empty() {
        return Some(None);
    }
    let programs: BTreeSet<&String> = key.commands.iter().map(|(program, _)| program).collect();
    let subcommands: BTreeSet<&String> =
        key.commands.iter().filter_map(|(_, subcommand)| subcommand.as_ref()).collect();
    let program = format!("program = {}", listed(&each(programs.into_iter(), |name| as_glob(name))?));
    Some(Some(match subcommands.is_empty() {
        true => format!("where.command = {{ {program} }}"),
        false => {
            let subcommand = listed(&each(subcommands.into_iter(), |name| as_glob(name))?);
            format!("where.command = {{ {program}, subcommand = {subcommand} }}")
        }
    }))
}

fn project<'a>(mut facts: impl Iterator<Item = &'a Facts>) -> Option<&'a str> {
    facts.next()?.project.as_deref()
}

/// The paths themselves where they are few, else the directory that they share, within the project.
fn directories(paths: &BTreeSet<&str>, within: Option<&str>) -> Option<Vec<String>> {
    if paths.len() <= VALUES_MAX {
        return paths.iter().map(|path| as_directory(path)).collect();
    }
    let shared = shared_directory(paths)?;
    let is_inside = within.is_none_or(|project| ccc_protocol::beneath::lies_beneath(&shared, project));
    let is_deep = shared.split('/').filter(|segment| !segment.is_empty()).count() >= SEGMENTS_MIN;
    (is_inside && is_deep).then(|| as_directory(&shared)).flatten().map(|shared| vec![shared])
}

fn shared_directory(paths: &BTreeSet<&str>) -> Option<String> {
    let mut paths = paths.iter().map(|path| path.split('/').collect::<Vec<_>>());
    let mut shared = paths.next()?;
    shared.pop();
    for path in paths {
        let same = shared.iter().zip(&path).take_while(|(one, other)| one == other).count();
        shared.truncate(same);
    }
    Some(shared.join("/"))
}

/// A condition on each parameter that has one.
fn of_params(calls: &[&Ready]) -> Option<Vec<String>> {
    let action = &calls.first()?.action;
    let mut lines = vec![];
    for param in &action.params {
        let mut args = vec![];
        for ready in calls {
            match ready.args.named(&param.name)? {
                Arg::List(items) => args.extend(items),
                arg => args.push(arg),
            }
        }
        // `where.time` and its like are no parameters.
        lines.extend(
            of_args(&args)?
                .into_iter()
                .map(|(suffix, wanted)| format!("where.param.{}{suffix} = {wanted}", quoted(&param.name))),
        );
    }
    Some(lines)
}

/// What one parameter was, as lines of a condition on it. A list that is always empty has none to be held to.
fn of_args(args: &[&Arg]) -> Option<Vec<(&'static str, String)>> {
    let one = |wanted: String| Some(vec![("", wanted)]);
    match args.first()? {
        Arg::Text(_) => {
            let texts: BTreeSet<&str> = all(args, |arg| match arg {
                Arg::Text(text) => Some(text.as_str()),
                _ => None,
            })?;
            one(listed(&each(texts.into_iter(), as_glob)?))
        }
        Arg::Bool(_) => {
            let flags: BTreeSet<bool> = all(args, |arg| match arg {
                Arg::Bool(flag) => Some(*flag),
                _ => None,
            })?;
            match flags.iter().copied().collect::<Vec<_>>().as_slice() {
                [flag] => one(flag.to_string()),
                _ => Some(vec![]),
            }
        }
        Arg::Integer(_) => {
            let numbers: BTreeSet<i64> = all(args, |arg| match arg {
                Arg::Integer(number) => Some(*number),
                _ => None,
            })?;
            let (min, max) = (numbers.first()?, numbers.last()?);
            one(if min == max { min.to_string() } else { format!("{{ min = {min}, max = {max} }}") })
        }
        Arg::Path(_) => {
            // A volume's own root is all there is in it.
            let paths: BTreeSet<&str> = all(args, |arg| match arg {
                Arg::Path(path) if !path.relative.is_empty() => Some(path.container.as_str()),
                _ => None,
            })?;
            Some(vec![(".under", listed(&directories(&paths, None)?))])
        }
        Arg::Url(_) => of_urls(&all(args, |arg| match arg {
            Arg::Url(url) => Some(Address::of(url)),
            _ => None,
        })?),
        Arg::List(_) | Arg::Object(_) => None,
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Address<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Address<'a> {
    fn of(url: &'a UrlArg) -> Self {
        Self { scheme: &url.scheme, host: &url.host, port: url.port }
    }
}

fn of_urls(addresses: &BTreeSet<Address<'_>>) -> Option<Vec<(&'static str, String)>> {
    let hosts: BTreeSet<&str> = addresses.iter().map(|address| address.host).collect();
    let schemes: BTreeSet<&str> = addresses.iter().map(|address| address.scheme).collect();
    let ports: BTreeSet<u16> = addresses.iter().map(|address| address.port).collect::<Option<_>>()?;
    let ports = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Some(vec![
        (".host", listed(&each(hosts.into_iter(), as_host)?)),
        (".scheme", listed(&each(schemes.into_iter(), as_host)?)),
        (".port", format!("[{ports}]")),
    ])
}

/// Each value, where each is of the kind.
fn all<'a, T: Ord>(args: &[&'a Arg], of: impl Fn(&'a Arg) -> Option<T>) -> Option<BTreeSet<T>> {
    args.iter().map(|arg| of(arg)).collect()
}

/// Each value as a pattern, where they are few and each has one.
fn each<T>(values: impl ExactSizeIterator<Item = T>, of: impl Fn(T) -> Option<String>) -> Option<Vec<String>> {
    if values.len() > VALUES_MAX { None } else { values.map(of).collect() }
}
