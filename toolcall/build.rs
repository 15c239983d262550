//! Compiles `programs/*.toml` into tables, so that nothing is parsed at start.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a build that cannot go on says why and ends")]
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the build reads files; the crate does not")]

#[path = "src/programs/spec.rs"]
#[expect(dead_code, unreachable_pub, reason = "the library, which includes it too, uses more of it")]
mod spec;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use spec::{FormSpec, OptSpec, ProgramSpec, StyleSpec, WordSpec};

/// The words of `ccc_protocol::bodies::Class`; a unit test holds that they are equal.
const CLASSES: &[&str] = &include!("src/programs/classes.in");

fn main() {
    println!("cargo::rerun-if-changed=programs");
    println!("cargo::rerun-if-changed=src/programs/spec.rs");
    println!("cargo::rerun-if-changed=src/programs/classes.in");
    let mut files: Vec<PathBuf> = fs::read_dir("programs").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut owner: BTreeMap<String, PathBuf> = BTreeMap::new();
    let specs: Vec<ProgramSpec> = files.iter().map(|path| read(path, &mut owner)).collect();
    let out = Path::new(&env::var_os("OUT_DIR").unwrap()).join("programs.rs");
    fs::write(out, written(&specs)).unwrap();
}

fn read(path: &Path, owner: &mut BTreeMap<String, PathBuf>) -> ProgramSpec {
    let fail = |what: String| -> ! { panic!("{}: {what}", path.display()) };
    let text = fs::read_to_string(path).unwrap();
    let spec: ProgramSpec = toml::from_str(&text).unwrap_or_else(|error| fail(error.to_string()));
    let mut faults = spec::faults(&spec, CLASSES);
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
    if !faults.is_empty() {
        fail(faults.join("\n"));
    }
    spec
}

fn written(specs: &[ProgramSpec]) -> String {
    let mut out = String::from("// Made by build.rs from programs/*.toml.\n");
    out.push_str("pub(super) static PROGRAMS: &[Program] = &[\n");
    specs.iter().for_each(|spec| writeln!(out, "{},", program(spec)).unwrap());
    out.push_str("];\n\n/// Names in order, each with its program.\npub(super) static NAMES: &[(&str, usize)] = &[\n");
    let mut names: Vec<(&str, usize)> = specs
        .iter()
        .enumerate()
        .flat_map(|(at, spec)| spec.names.iter().map(move |name| (name.as_str(), at)))
        .collect();
    names.sort_unstable();
    names.iter().for_each(|name| writeln!(out, "{name:?},").unwrap());
    out.push_str("];\n\n#[cfg(test)]\npub(super) static EXAMPLES: &[(&str, &str, &str)] = &[\n");
    for spec in specs {
        let name = spec.names.first().unwrap();
        for (call, classes) in &spec.examples {
            writeln!(out, "({name:?}, {call:?}, {classes:?}),").unwrap();
        }
    }
    out.push_str("];\n");
    out
}

fn program(spec: &ProgramSpec) -> String {
    let style = match spec.style {
        StyleSpec::Letters => "Letters",
        StyleSpec::First => "First",
        StyleSpec::Words => "Words",
        StyleSpec::None => "None",
    };
    let handler = spec.handler.as_ref().map_or("None".to_owned(), |name| format!("Some({})", text(name)));
    let root = WordSpec {
        harmless_options: spec.harmless_options,
        options: spec.options.clone(),
        operands: spec.operands.clone(),
        does: spec.does.clone(),
        forms: spec.forms.clone(),
        words: spec.words.clone(),
    };
    format!(
        "Program {{ names: {}, source: {}, version: {}, style: Style::{style}, at_files: {}, handler: {handler}, root: {} }}",
        list(spec.names.iter().map(|name| text(name))),
        text(&spec.source),
        text(&spec.version),
        spec.at_files,
        word("", &root)
    )
}

fn word(names: &str, spec: &WordSpec) -> String {
    let mut forms: Vec<String> = spec.forms.iter().map(form).collect();
    if let Some(does) = &spec.does {
        let operands = spec.operands.clone();
        forms.push(form(&FormSpec { operands, does: does.clone(), ..FormSpec::default() }));
    }
    format!(
        "Word {{ names: {}, options: {}, forms: {}, words: {}, harmless_options: {} }}",
        list(spec::names(names).into_iter().map(text)),
        options(&spec.options),
        list(forms.into_iter()),
        list(spec.words.iter().map(|(names, spec)| word(names, spec))),
        spec.harmless_options
    )
}

fn form(spec: &FormSpec) -> String {
    format!(
        "Form {{ options: {}, with: {}, operands: {}, does: {} }}",
        options(&spec.options),
        list(spec.with.iter().map(|name| text(name))),
        list(spec.operands.iter().map(|slot| self::slot(slot))),
        classes(&spec.does)
    )
}

fn options(options: &BTreeMap<String, OptSpec>) -> String {
    let each = options.iter().flat_map(|(names, spec)| {
        let (value, does) = match spec {
            OptSpec::Value(value) => (self::value(value), Vec::new()),
            OptSpec::OneOf(words) => {
                (format!("Value::Needed(Kind::OneOf({}))", list(words.iter().map(|word| text(word)))), Vec::new())
            }
            OptSpec::Table(table) => (self::value(&table.value), table.does.clone()),
        };
        let opt = move |name: &str| format!("Opt {{ name: {}, value: {value}, does: {} }}", text(name), classes(&does));
        spec::names(names).into_iter().map(opt).collect::<Vec<_>>()
    });
    list(each)
}

fn value(spec: &str) -> String {
    match spec.strip_suffix('?') {
        _ if spec == "flag" => "Value::Flag".to_owned(),
        Some(kind) => format!("Value::Joined({})", self::kind(kind)),
        None => format!("Value::Needed({})", kind(spec)),
    }
}

fn slot(spec: &str) -> String {
    let (kind, many) = match spec.chars().last() {
        Some('*') => (&spec[..spec.len() - 1], "Any"),
        Some('+') => (&spec[..spec.len() - 1], "Some"),
        Some('?') => (&spec[..spec.len() - 1], "Optional"),
        _ => (spec, "One"),
    };
    format!("Slot {{ kind: {}, many: Many::{many} }}", self::kind(kind))
}

fn kind(name: &str) -> String {
    if name.contains('|') {
        return format!("Kind::OneOf({})", list(name.split('|').map(text)));
    }
    format!("Kind::{}", camel(name))
}

fn classes(names: &[String]) -> String {
    list(names.iter().map(|name| format!("Class::{}", camel(name))))
}

fn camel(name: &str) -> String {
    name.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}

fn text(text: &str) -> String {
    format!("Cow::Borrowed({text:?})")
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("List::Static(&[{}])", items.collect::<Vec<_>>().join(", "))
}
