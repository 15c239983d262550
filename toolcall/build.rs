//! Compiles `programs/*.toml` into tables, so that nothing is parsed at start.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a build that cannot go on says why and ends")]
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the build reads files; the crate does not")]

#[path = "src/programs/compile.rs"]
#[expect(unreachable_pub, reason = "the library, which includes it too, shows more of it")]
mod compile;
#[path = "src/programs/form.rs"]
#[expect(dead_code, unreachable_pub, reason = "the library, which includes it too, uses more of it")]
mod form;
#[path = "src/programs/spec.rs"]
#[expect(dead_code, unreachable_pub, reason = "the library, which includes it too, uses more of it")]
mod spec;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use form::{Form, Kind, List, Opt, Program, Slot, Text, Value, Word};
use spec::{Extent, ProgramSpec};

/// The words of `ccc_protocol::bodies::Class`; a unit test holds that they are equal.
const CLASSES: &[&str] = &include!("src/programs/classes.in");

/// Stands for `ccc_protocol::bodies::Class`, which the build does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class(&'static str);

fn class_named(name: &str) -> Option<Class> {
    CLASSES.iter().find(|class| **class == name).map(|class| Class(class))
}

fn main() {
    println!("cargo::rerun-if-changed=programs");
    for source in ["classes.in", "compile.rs", "form.rs", "spec.rs"] {
        println!("cargo::rerun-if-changed=src/programs/{source}");
    }
    let mut files: Vec<PathBuf> = fs::read_dir("programs").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut owner: BTreeMap<String, PathBuf> = BTreeMap::new();
    let programs: Vec<_> = files.iter().map(|path| read(path, &mut owner)).collect();
    let out = Path::new(&env::var_os("OUT_DIR").unwrap()).join("programs.rs");
    fs::write(out, written(&programs)).unwrap();
}

/// The program in this file, and its examples.
fn read(path: &Path, owner: &mut BTreeMap<String, PathBuf>) -> (Program, Vec<(String, String)>) {
    let fail = |what: String| -> ! { panic!("{}: {what}", path.display()) };
    let text = fs::read_to_string(path).unwrap();
    let spec: ProgramSpec = toml::from_str(&text).unwrap_or_else(|error| fail(error.to_string()));
    let mut faults = Vec::new();
    for (field, value) in [("source", &spec.source), ("version", &spec.version)] {
        if value.is_empty() {
            faults.push(format!("`{field}` is missing: name the manual that this was written from"));
        }
    }
    if spec.names.is_empty() || spec.examples.is_empty() {
        faults.push("`names` or `examples` is missing".to_owned());
    }
    for name in &spec.names {
        if let Some(other) = owner.insert(name.clone(), path.to_owned()) {
            faults.push(format!("`{name}` stands in {} too", other.display()));
        }
    }
    match spec.compiled(Extent::Whole) {
        Ok(program) if faults.is_empty() => (program, spec.examples),
        compiled => {
            faults.extend(compiled.err().into_iter().flatten());
            fail(faults.join("\n"))
        }
    }
}

fn written(programs: &[(Program, Vec<(String, String)>)]) -> String {
    let mut out = String::from("// Made by build.rs from programs/*.toml.\n");
    out.push_str("pub(super) static PROGRAMS: &[Program] = &[\n");
    programs.iter().for_each(|(program, _)| writeln!(out, "{},", program.code()).unwrap());
    out.push_str("];\n\n/// Names in order, each with its program.\npub(super) static NAMES: &[(&str, usize)] = &[\n");
    let mut names: Vec<(&str, usize)> = programs
        .iter()
        .enumerate()
        .flat_map(|(at, (program, _))| program.names.iter().map(move |name| (name.as_ref(), at)))
        .collect();
    names.sort_unstable();
    names.iter().for_each(|name| writeln!(out, "{name:?},").unwrap());
    out.push_str("];\n\n#[cfg(test)]\npub(super) static EXAMPLES: &[(&str, &str, &str)] = &[\n");
    for (program, examples) in programs {
        let name = program.names.first().unwrap();
        for (call, classes) in examples {
            writeln!(out, "({name:?}, {call:?}, {classes:?}),").unwrap();
        }
    }
    out.push_str("];\n");
    out
}

/// A value as the Rust text of a constant.
trait Code {
    fn code(&self) -> String;
}

impl Code for Program {
    fn code(&self) -> String {
        let Self { names, source, version, style, at_files, handler, root } = self;
        let handler = handler.as_ref().map_or("None".to_owned(), |name| format!("Some({})", name.code()));
        format!(
            "Program {{ names: {}, source: {}, version: {}, style: Style::{style:?}, at_files: {at_files}, handler: {handler}, root: {} }}",
            names.code(),
            source.code(),
            version.code(),
            root.code()
        )
    }
}

impl Code for Word {
    fn code(&self) -> String {
        let Self { names, options, forms, words, harmless_options } = self;
        format!(
            "Word {{ names: {}, options: {}, forms: {}, words: {}, harmless_options: {harmless_options} }}",
            names.code(),
            options.code(),
            forms.code(),
            words.code()
        )
    }
}

impl Code for Form {
    fn code(&self) -> String {
        let Self { options, with, operands, does, contacts } = self;
        format!(
            "Form {{ options: {}, with: {}, operands: {}, does: {}, contacts: {} }}",
            options.code(),
            with.code(),
            operands.code(),
            does.code(),
            contacts.code()
        )
    }
}

impl Code for Opt {
    fn code(&self) -> String {
        let Self { name, value, does } = self;
        format!("Opt {{ name: {}, value: {}, does: {} }}", name.code(), value.code(), does.code())
    }
}

impl Code for Value {
    fn code(&self) -> String {
        match self {
            Self::Flag => "Value::Flag".to_owned(),
            Self::Needed(kind) => format!("Value::Needed({})", kind.code()),
            Self::Joined(kind) => format!("Value::Joined({})", kind.code()),
            Self::Two(kinds) => format!("Value::Two({})", kinds.code()),
        }
    }
}

impl Code for Slot {
    fn code(&self) -> String {
        format!("Slot {{ kind: {}, many: Many::{:?} }}", self.kind.code(), self.many)
    }
}

impl Code for Kind {
    fn code(&self) -> String {
        match self {
            Self::OneOf(words) => format!("Kind::OneOf({})", words.code()),
            plain => format!("Kind::{plain:?}"),
        }
    }
}

impl Code for Class {
    fn code(&self) -> String {
        let camel = self.0.split('-').map(|part| part[..1].to_uppercase() + &part[1..]);
        format!("Class::{}", camel.collect::<String>())
    }
}

impl Code for Text {
    fn code(&self) -> String {
        format!("Cow::Borrowed({self:?})")
    }
}

impl<T: Code> Code for List<T> {
    fn code(&self) -> String {
        let items: Vec<String> = self.iter().map(Code::code).collect();
        format!("List::Static(&[{}])", items.join(", "))
    }
}
