//! Judges a call by what its program's file says.

mod copies;
mod fit;

pub(super) use self::fit::{Fit, fit, leaves, words};
use super::{Call, handlers, lies_elsewhere};
use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::{Access, Class, commands, hosts};
use crate::programs::form::{Form, Kind, List, Opt, Program, Value, Word};
use crate::programs::{shipped, show::phrase};
use crate::shell::RedirectOp;

/// Adds what the call does, or what of it is not known. Where the file names a handler, that judges, by the file's forms where it has
/// some.
pub(super) fn judge(call: &Call<'_>, program: &Program, gather: &mut Gather) {
    let Some(name) = &program.handler else { return drop(fitted(call, program, gather)) };
    match handlers::named(name) {
        Some(handler) => handler(call, program, gather),
        None => gather.opaque(format!("`{}` is judged by a handler that this build does not have", call.name)),
    }
}

/// The form that the call fits, all that it says added; where it fits none, that is unknown.
pub(super) fn fitted<'a>(call: &Call<'a>, program: &'a Program, gather: &mut Gather) -> Option<Fit<'a>> {
    match fit(program, call.name, call.args) {
        Ok(fit) => {
            call.does(&fit, gather);
            Some(fit)
        }
        Err(why) => {
            match is_tame(fit::innermost(program, call.args)) {
                true => call.unknown(gather, why),
                false => gather.opaque(why),
            }
            call.mentions(gather);
            None
        }
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

/// What an interpreter takes as code: the kind of an option's value, of code that runs on this machine.
fn takes_code(word: &Word) -> Option<&Kind> {
    let of_forms = word.forms.iter().flat_map(|form| form.options.iter());
    let mut kinds = word.options.iter().chain(of_forms).filter_map(|option| match &option.value {
        Value::Needed(kind) | Value::Joined(kind) => Some(kind),
        _ => None,
    });
    kinds.find(|kind| matches!(kind, Kind::Code | Kind::Python | Kind::Javascript))
}

/// Why the call fits no form of the program.
pub(super) fn misfit(call: &Call<'_>, program: &Program) -> Option<String> {
    fit(program, call.name, call.args).err()
}

impl<'a> Call<'a> {
    fn does(&self, fit: &Fit<'a>, gather: &mut Gather) {
        let called = std::iter::once(self.name).chain(fit.words.iter().copied()).collect::<Vec<_>>().join(" ");
        for class in fit.form.does.iter() {
            self.class(*class, &called, gather);
        }
        for host in fit.form.contacts.iter() {
            gather.host(host, false);
        }
        for given in &fit.options {
            for class in given.option.does.iter() {
                self.class(*class, &format!("{called} {}", given.option.name), gather);
            }
            if let Some((kind, value)) = &given.value {
                self.argument(kind, value, gather);
            }
        }
        // What builds counts inside the project alone, and so do the names of what it builds.
        let builds = fit.form.does.contains(&Class::Builds);
        for (kind, operand) in &fit.operands {
            self.argument(kind, operand, gather);
            if builds && matches!(kind, Kind::Name | Kind::Text | Kind::Target) && lies_elsewhere(&operand.text) {
                self.decides(operand, gather);
            }
        }
        copies::judge(self, fit, gather);
        // What is sent is often named in a small language of its own: `name=@file`, `file://path`.
        if fit.form.does.iter().any(|class| matches!(class, Class::Upload | Class::Network | Class::System)) {
            self.guarded(gather);
        }
        if let Some((program, args)) = fit.command.split_first() {
            self.runs(program, args, gather);
        }
    }

    /// What builds or runs the project counts inside it alone.
    fn class(&self, class: Class, called: &str, gather: &mut Gather) {
        let reason = format!("`{called}` {}", phrase(class));
        match class {
            Class::Builds | Class::Runs => self.in_project(class, &reason, gather),
            Class::Unknown => gather.opaque(reason),
            Class::Interactive if self.is_sent() => {
                let why = format!("`{called}` does what it is sent");
                let takes = shipped(self.name).and_then(|program| takes_code(&program.root));
                match (takes, self.written_here()) {
                    (Some(kind), Some(code)) => self.argument(kind, &code, gather),
                    (Some(_), None) => self.unknown(gather, why),
                    (None, _) => gather.opaque(why),
                }
            }
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
            | Kind::Label
            | Kind::OneOf(_) => {}
            Kind::Glob if !arg.text.starts_with('!') => {
                self.directories.iter().for_each(|directory| gather.implied(directory, &arg.text, Access::Read));
            }
            Kind::Glob => {}
            Kind::Field => handlers::field(self.name, arg, gather),
            Kind::Forge => {
                if let Some(host) = hosts::of_forge(&arg.text) {
                    gather.host(&host, false);
                }
            }
            Kind::Text => self.address(arg, gather),
            Kind::Made if arg.text == "-" => {}
            Kind::Made => self.path(arg, Access::Write, gather),
            Kind::Read | Kind::File => self.path(arg, Access::Read, gather),
            Kind::Tree => {
                self.path(arg, Access::Read, gather);
                self.wholes([arg], gather);
            }
            Kind::Write => {
                // `OPTIONS:PATH`, as some programs have it.
                if arg.text.split(':').skip(1).any(lies_elsewhere) {
                    gather.opaque(format!("`{}` may write behind the colon in `{}`", self.name, arg.shown()));
                }
                self.path(arg, Access::Write, gather);
            }
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
            Kind::Mode if raises_rights(arg) => {
                gather.class(Class::Privilege, "lets a program run with its owner's rights");
            }
            Kind::Mode => {}
            Kind::From | Kind::Moved | Kind::To => copies::argument(self, kind, arg, gather),
            Kind::Prefix => self.path(&arg.with_text(&format!("{}*", arg.text)), Access::Write, gather),
            Kind::Packed => {
                self.argument(&Kind::Change, arg, gather);
                let ending = arg.text.rsplit('/').next().and_then(|name| name.rfind('.').map(|at| name.len() - at));
                let made = arg.text.get(..arg.text.len() - ending.unwrap_or(0)).unwrap_or(&arg.text);
                self.directories.iter().for_each(|directory| gather.implied(directory, made, Access::Write));
            }
            Kind::Delete => self.path(arg, Access::Delete, gather),
            Kind::Execute => self.path(arg, Access::Execute, gather),
            Kind::Project | Kind::Source | Kind::Handed => {
                // `--option=path`, as what stands behind `--` is for another program.
                let pieces = arg.text.split(['=', ',']).filter(|piece| lies_elsewhere(piece));
                pieces.for_each(|piece| self.decides(&arg.with_text(piece), gather));
                self.decides(arg, gather);
            }
            Kind::Host => self.host(arg, self.command.context.fed, gather),
            Kind::Url => self.host(arg, false, gather),
            Kind::Resource if arg.text.contains("://") => self.host(arg, false, gather),
            Kind::Resource => self.path(arg, Access::Read, gather),
            Kind::Upload => self.host(arg, true, gather),
            Kind::Python => handlers::python(self, arg, gather),
            Kind::Javascript => handlers::javascript(self, arg, gather),
            Kind::Jq => handlers::jq(self.name, arg, gather),
            Kind::Sql => handlers::sql(self.name, arg, gather),
            Kind::Shell => self.directories.iter().for_each(|directory| commands::judge(&arg.text, directory, gather)),
            Kind::Code => self.unknown(gather, format!("`{}` runs code that is not read here", self.name)),
            Kind::Command => gather.opaque(format!("`{}` runs another command", self.name)),
        }
    }

    pub(super) fn host(&self, arg: &Arg, upload: bool, gather: &mut Gather) {
        // A socket of this machine's, where clients of databases look for one.
        if arg.exact && arg.text.starts_with('/') {
            return self.path(arg, Access::Read, gather);
        }
        let host = hosts::of_url(&arg.text).or_else(|| hosts::of_copy(&arg.text)).or_else(|| hosts::named(&arg.text));
        match host {
            Some(host) => gather.host(&host, upload),
            None => {
                gather.opaque(format!("`{}` contacts `{}`, which is no host that can be read", self.name, arg.shown()));
            }
        }
    }

    /// True where its input comes from another command, a file or the call itself.
    fn is_sent(&self) -> bool {
        let input = |op| matches!(op, RedirectOp::Read | RedirectOp::HereDocument | RedirectOp::HereString);
        self.command.context.fed || self.command.redirects.iter().any(|redirect| input(redirect.op))
    }

    /// The one text that the call hands to the program.
    pub(super) fn written_here(&self) -> Option<Arg> {
        let [redirect] = self.command.redirects.as_slice() else { return None };
        let here = matches!(redirect.op, RedirectOp::HereDocument | RedirectOp::HereString);
        redirect.target.literal().filter(|_| here && !self.command.context.fed).map(Arg::known)
    }

    /// An address stands for a host that is contacted, whatever else the text is.
    fn address(&self, arg: &Arg, gather: &mut Gather) {
        let host =
            hosts::of_url(&arg.text).or_else(|| hosts::of_copy(&arg.text)).or_else(|| hosts::of_module(&arg.text));
        if let Some(host) = host {
            gather.host(&host, false);
        }
    }
}

/// True for a mode that may let a program run with its owner's rights: `4755`, `u+s`, `=6755`.
fn raises_rights(mode: &Arg) -> bool {
    let octal = |bits: &str| u32::from_str_radix(bits, 8).is_ok_and(|bits| bits & 0o6000 != 0);
    let text = mode.text.as_str();
    !mode.exact || text.split(['+', '-', '=', ',']).any(octal) || text.contains('s') && text.contains(['+', '='])
}
