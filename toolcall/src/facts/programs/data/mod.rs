//! Judges a call by what its program's file says.

mod fit;

pub(super) use self::fit::words;
use self::fit::{Fit, fit};
use super::{Call, builds};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::{Access, Class, commands, hosts};
use crate::programs::form::{Form, Kind, List, Opt, Program, Value, Word};
use crate::programs::show::phrase;

/// Adds what the call does, or what of it is not known. A handler adds what the forms cannot say, and judges alone where there are none.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    if has_forms(program) {
        match fit(program, call.name, call.args) {
            Ok(fit) => call.does(&fit, gather),
            Err(why) => {
                match is_tame(fit::innermost(program, call.args)) {
                    true => call.unknown(gather, why),
                    false => gather.opaque(why),
                }
                call.mentions(gather);
            }
        }
    }
    let Some(name) = &program.handler else { return };
    match super::HANDLERS.iter().find(|(known, _)| known == name) {
        Some((_, handler)) => drop(handler(call, gather)),
        None => gather.opaque(format!("`{}` is judged by a handler that this build does not have", call.name)),
    }
}

/// False where a handler judges alone.
pub(super) fn has_forms(program: &Program) -> bool {
    !program.root.forms.is_empty() || !program.root.words.is_empty()
}

/// True where nothing that is known of it does more than read, build and run: what an option not known here adds is then code like
/// that of the project. What removes, sends or reaches the system is not made less of by an unknown option.
fn is_tame(word: &Word) -> bool {
    let does = |classes: &List<Class>| {
        classes
            .iter()
            .all(|class| matches!(class, Class::Reads | Class::VcsQuery | Class::Builds | Class::Runs | Class::Writes))
    };
    let is_about = |kind: &Kind| {
        !matches!(kind, Kind::Delete | Kind::Rights | Kind::Upload | Kind::Host | Kind::Url | Kind::Resource)
    };
    let option = |option: &Opt| {
        let of_value = match &option.value {
            Value::Needed(kind) | Value::Joined(kind) => is_about(kind),
            _ => true,
        };
        does(&option.does) && of_value
    };
    let form = |form: &Form| {
        does(&form.does) && form.options.iter().all(option) && form.operands.iter().all(|slot| is_about(&slot.kind))
    };
    word.options.iter().all(option) && word.forms.iter().all(form) && word.words.iter().all(is_tame)
}

/// Why the call fits no form of the program.
pub(super) fn misfit(call: &Call<'_>, program: &Program) -> Option<String> {
    fit(program, call.name, call.args).err()
}

impl Call<'_> {
    fn does(&self, fit: &Fit<'_>, gather: &mut Gather) {
        let called = std::iter::once(self.name).chain(fit.words.iter().copied()).collect::<Vec<_>>().join(" ");
        for class in fit.form.does.iter() {
            self.class(*class, &called, gather);
        }
        for (option, value) in &fit.options {
            for class in option.does.iter() {
                self.class(*class, &format!("{called} {}", option.name), gather);
            }
            if let (Value::Needed(kind) | Value::Joined(kind), Some(value)) = (&option.value, value) {
                self.argument(kind, value, gather);
            }
        }
        for (kind, operand) in &fit.operands {
            self.argument(kind, operand, gather);
        }
        if !fit.command.is_empty() {
            gather.opaque(format!("`{called}` runs a command that is not read here"));
        }
    }

    /// What builds or runs the project counts inside it alone.
    fn class(&self, class: Class, called: &str, gather: &mut Gather) {
        let reason = format!("`{called}` {}", phrase(class));
        match class {
            Class::Builds | Class::Runs => self.in_project(class, &reason, gather),
            Class::Unknown => gather.opaque(reason),
            class => gather.class(class, reason),
        }
    }

    fn argument(&self, kind: &Kind, arg: &Arg, gather: &mut Gather) {
        match kind {
            Kind::Name
            | Kind::Any
            | Kind::Word
            | Kind::Plain
            | Kind::Plus
            | Kind::Number
            | Kind::Target
            | Kind::Package
            | Kind::OneOf(_) => {}
            Kind::Text => self.address(arg, gather),
            Kind::Read => self.path(arg, Access::Read, gather),
            Kind::Tree => {
                self.path(arg, Access::Read, gather);
                self.wholes([arg], gather);
            }
            Kind::Write => self.path(arg, Access::Write, gather),
            Kind::Change => {
                self.path(arg, Access::Read, gather);
                self.path(arg, Access::Write, gather);
            }
            Kind::Rights => {
                if arg.text.starts_with("/dev") {
                    gather.class(Class::System, format!("`{}` gives a device to others", self.name));
                }
                self.path(arg, Access::Write, gather);
            }
            Kind::Delete => self.path(arg, Access::Delete, gather),
            Kind::Execute => self.path(arg, Access::Execute, gather),
            Kind::Project | Kind::Source => {
                // `--option=path`, as what stands behind `--` is for another program.
                let pieces = arg.text.split(['=', ',']).filter(|piece| builds::lies_elsewhere(piece));
                pieces.for_each(|piece| self.decides(&arg.with_text(piece), gather));
                self.decides(arg, gather);
            }
            Kind::Host | Kind::Url => self.host(arg, false, gather),
            Kind::Resource if arg.text.contains("://") => self.host(arg, false, gather),
            Kind::Resource => self.path(arg, Access::Read, gather),
            Kind::Upload => self.host(arg, true, gather),
            Kind::Shell => self.directories.iter().for_each(|directory| commands::judge(&arg.text, directory, gather)),
            Kind::Code => self.unknown(gather, format!("`{}` runs code that is not read here", self.name)),
            Kind::Command => gather.opaque(format!("`{}` runs another command", self.name)),
        }
    }

    fn host(&self, arg: &Arg, upload: bool, gather: &mut Gather) {
        let host = hosts::of_url(&arg.text).or_else(|| hosts::of_copy(&arg.text)).or_else(|| hosts::named(&arg.text));
        match host {
            Some(host) => gather.host(&host, upload),
            None => {
                gather.opaque(format!("`{}` contacts `{}`, which is no host that can be read", self.name, arg.shown()));
            }
        }
    }

    /// An address stands for a host that is contacted, whatever else the text is.
    fn address(&self, arg: &Arg, gather: &mut Gather) {
        if let Some(host) = hosts::of_url(&arg.text).or_else(|| hosts::of_copy(&arg.text)) {
            gather.host(&host, false);
        }
    }
}
