//! From what a file says of a program to the form that calls are fitted to.
//!
//! The build takes the shipped files through here, and config an owner's, so that both mean the same.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::form::{Form, Kind, List, Many, Opt, Program, Slot, Style, Text, Value, Word};
use super::spec::{Extent, FormSpec, OptSpec, ProgramSpec, StyleSpec, WordSpec, faults, names};
use super::{CLASSES, Class, class_named};

impl ProgramSpec {
    /// The program, checked whole.
    ///
    /// # Errors
    /// Everything that is wrong with it, each in a sentence that says what to do.
    pub fn compiled(&self, extent: Extent) -> Result<Program, Vec<String>> {
        let faults = faults(self, extent, CLASSES);
        if faults.is_empty() { self.program().map_err(|fault| vec![fault]) } else { Err(faults) }
    }

    fn program(&self) -> Result<Program, String> {
        let root = WordSpec {
            harmless_options: self.harmless_options,
            options: self.options.clone(),
            operands: self.operands.clone(),
            does: self.does.clone(),
            contacts: self.contacts.clone(),
            forms: self.forms.clone(),
            words: self.words.clone(),
        };
        Ok(Program {
            names: self.names.iter().map(|name| text(name)).collect(),
            source: text(&self.source),
            version: text(&self.version),
            style: self.style.into(),
            at_files: self.at_files,
            handler: self.handler.as_deref().map(text),
            root: word("", &root)?,
        })
    }
}

impl From<StyleSpec> for Style {
    fn from(spec: StyleSpec) -> Self {
        match spec {
            StyleSpec::Letters => Self::Letters,
            StyleSpec::First => Self::First,
            StyleSpec::Words => Self::Words,
            StyleSpec::None => Self::None,
        }
    }
}

/// The plain form comes last: it takes what none of the others does.
fn word(key: &str, spec: &WordSpec) -> Result<Word, String> {
    let plain = spec.does.as_ref().map(|does| FormSpec {
        operands: spec.operands.clone(),
        does: does.clone(),
        contacts: spec.contacts.clone(),
        ..FormSpec::default()
    });
    Ok(Word {
        names: names(key).into_iter().map(text).collect(),
        options: options(&spec.options)?,
        forms: spec.forms.iter().chain(&plain).map(form).collect::<Result<_, _>>()?,
        words: spec.words.iter().map(|(key, spec)| word(key, spec)).collect::<Result<_, _>>()?,
        harmless_options: spec.harmless_options,
    })
}

fn form(spec: &FormSpec) -> Result<Form, String> {
    Ok(Form {
        options: options(&spec.options)?,
        with: spec.with.iter().map(|name| text(name)).collect(),
        operands: spec.operands.iter().map(|slot| self::slot(slot)).collect::<Result<_, _>>()?,
        does: classes(&spec.does)?,
        contacts: spec.contacts.iter().map(|host| text(host)).collect(),
    })
}

/// One option a name: all names of a key take and do the same.
fn options(table: &BTreeMap<String, OptSpec>) -> Result<List<Opt>, String> {
    let mut options = Vec::new();
    for (key, spec) in table {
        let (value, does) = match spec {
            OptSpec::Value(value) => (self::value(value)?, Vec::new().into()),
            OptSpec::OneOf(words) => (Value::Needed(one_of(words.iter().map(String::as_str))), Vec::new().into()),
            OptSpec::Table(table) => (self::value(&table.value)?, classes(&table.does)?),
        };
        let named = |name: &str| Opt { name: text(name), value: value.clone(), does: List::clone(&does) };
        options.extend(names(key).into_iter().map(named));
    }
    Ok(options.into())
}

fn value(spec: &str) -> Result<Value, String> {
    if let Some((first, second)) = spec.split_once(' ') {
        return Ok(Value::Two(vec![kind(first)?, kind(second)?].into()));
    }
    Ok(match spec.strip_suffix('?') {
        _ if spec == "flag" => Value::Flag,
        Some(kind) => Value::Joined(self::kind(kind)?),
        None => Value::Needed(kind(spec)?),
    })
}

fn slot(spec: &str) -> Result<Slot, String> {
    let suffixes = [('*', Many::Any), ('+', Many::Some), ('?', Many::Optional)];
    let found = suffixes.into_iter().find_map(|(suffix, many)| Some((spec.strip_suffix(suffix)?, many)));
    let (kind, many) = found.unwrap_or((spec, Many::One));
    Ok(Slot { kind: self::kind(kind)?, many })
}

fn kind(name: &str) -> Result<Kind, String> {
    if let Some(word) = name.strip_prefix('=') {
        return Ok(one_of([word].into_iter()));
    }
    if name.contains('|') {
        return Ok(one_of(name.split('|')));
    }
    let known = Kind::NAMED.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| kind.clone()).ok_or_else(|| format!("`{name}` is no kind"))
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> Kind {
    Kind::OneOf(words.map(text).collect())
}

fn classes(names: &[String]) -> Result<List<Class>, String> {
    names.iter().map(|name| class_named(name).ok_or_else(|| format!("`{name}` is no class"))).collect()
}

fn text(text: &str) -> Text {
    Cow::Owned(text.to_owned())
}
