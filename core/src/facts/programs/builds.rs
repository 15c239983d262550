//! Build tools, compilers, test runners, linters: they run what the project holds, and so count only inside it.

mod compilers;
mod tools;

use self::compilers::COMPILERS;
use self::tools::{TOOLS, Tool};
use super::Call;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::options::{self, Parsed, Style};
use crate::facts::{Access, Class, environment};

/// Names of targets and scripts that leave the project.
const LEAVES: &[&str] = &["deploy", "publish", "release", "upload", "push", "ship", "promote", "provision"];

/// Adds what a build tool does; false where the program is none.
pub(super) fn judge(call: &Call<'_>, gather: &mut Gather) -> bool {
    let Some(tool) = TOOLS.iter().chain(COMPILERS).find(|tool| tool.names.contains(&call.name)) else { return false };
    let own: Vec<Arg> = call.args.iter().filter(|arg| !arg.text.starts_with('+')).cloned().collect();
    let parsed = options::read(&own, &[tool.values, tool.decides, tool.writes, tool.escapes], tool.style);
    tool.options(call, &parsed, gather);
    match tool.class(&parsed) {
        Some(class @ (Class::Builds | Class::Runs)) => {
            call.in_project(class, &format!("`{}` builds, checks or runs the project", call.name), gather);
        }
        Some(class) => gather
            .class(class, format!("`{}` {}", call.name, parsed.operands.first().map_or("", |arg| arg.text.as_str()))),
        None => gather.opaque(format!("this call of `{}` is not known here", call.name)),
    }
    if tool.verbs.is_empty() {
        targets(call, &parsed, gather);
    }
    stays_inside(call, &parsed, gather);
    true
}

impl Tool {
    fn options(&self, call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
        let before_program =
            |(name, _): &&(String, Option<Arg>)| self.escapes.iter().any(|escape| escapes(escape, name, self.style));
        if let Some((option, _)) = parsed.options.iter().find(before_program) {
            call.runs_other(option, gather);
        }
        parsed.values(self.decides).iter().for_each(|value| call.decides(value, gather));
        call.paths(&parsed.values(self.writes), Access::Write, gather);
    }

    fn class(&self, parsed: &Parsed) -> Option<Class> {
        if self.verbs.is_empty() {
            return Some(Class::Builds);
        }
        let verb = parsed.operands.first().filter(|arg| arg.exact)?;
        let found = self.verbs.iter().find(|(verbs, _)| verbs.contains(&verb.text.as_str()))?;
        Some(found.1)
    }
}

/// True where `name` is the option, or carries its value joined to it as compilers and `go` allow.
fn escapes(option: &str, name: &str, style: Style) -> bool {
    let joined = style == Style::Words && name.starts_with(option) && (option.len() > 2 || !option.starts_with("--"));
    options::matches(option, name)
        || joined
        || name.strip_prefix("--").is_some_and(|long| style == Style::Words && option.strip_prefix('-') == Some(long))
}

/// Targets of `make` and its kin: names that leave the project, and settings.
fn targets(call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
    for operand in &parsed.operands {
        if leaves(&operand.text) || call.name.ends_with("make") && operand.text.contains("install") {
            gather.opaque(format!("`{} {}` may change what lies outside of the project", call.name, operand.shown()));
        }
        let setting = operand.text.split_once('=');
        if setting.is_some_and(|(name, value)| value.contains(['$', '`']) || name.starts_with('.'))
            && call.name.ends_with("make")
        {
            gather.opaque(format!("`{}` gets a setting that it expands", call.name));
        }
        if let Some(reason) = setting.and_then(|(name, value)| environment::changes(name, &operand.with_text(value))) {
            gather.opaque(reason);
        }
    }
}

/// True for a target or script whose name says that it sends something out.
pub(super) fn leaves(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| LEAVES.contains(&part))
}

/// Files that are built or run from elsewhere are not the project's.
fn stays_inside(call: &Call<'_>, parsed: &Parsed, gather: &mut Gather) {
    let values = parsed.options.iter().filter_map(|(_, value)| value.as_ref());
    for operand in parsed.operands.iter().chain(values.filter(|value| !value.text.starts_with("/tmp/"))) {
        let path = operand.text.split("::").next().unwrap_or_default();
        let elsewhere = path.starts_with(['/', '~']) || path.contains("..");
        if elsewhere && !path.contains("...") {
            call.decides(&operand.with_text(path), gather);
        } else if operand.text.starts_with('@') && call.name.ends_with(['c', '+']) {
            gather.opaque(format!("`{}` takes its options from a file", call.name));
        }
    }
}
