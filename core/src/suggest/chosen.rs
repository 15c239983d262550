//! A rule, or a program's lines, for calls that a person chose.

use std::collections::{BTreeMap, BTreeSet};

use ccc_protocol::{Timestamp, bodies::Class};
use ccc_toolcall::facts::{self, UNSEEN};
use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

use super::{
    add::added,
    answered::{Answered, Seen},
    key::Key,
    make::{self, Covered, Suggestion, Tried},
    no_rule::NoRule,
};
use crate::{
    config,
    replay::{Call, Ready, Under},
};

/// So many rules are made at once.
const RULES_MAX: usize = 4;

/// The narrowest rule that covers these calls, each with when it was asked, under this config. Calls of several kinds get a rule a
/// kind: one for all would also let pass what mixes them. Of a program that is not known, its table, in which `does` is still empty
/// ([`program_that`] fills it in).
///
/// # Errors
/// Why there is none.
pub fn rule_for(seen: &Seen, calls: &[(Call, Timestamp)], config: &str) -> Result<Suggestion, NoRule> {
    let under = under(config)?;
    let ready = ready(&under, calls)?;
    if let Some(lines) = program(&under, calls, &ready) {
        return Ok(Suggestion::Program { lines, approved: approved(seen, calls) });
    }
    let mut kinds: BTreeMap<Key, Vec<Covered<'_>>> = BTreeMap::new();
    for covered in covered(calls, &ready) {
        kinds.entry(key(covered)?).or_default().push(covered);
    }
    if kinds.len() > RULES_MAX {
        return Err(NoRule::Unlike { kinds: kinds.len(), most: RULES_MAX });
    }
    let asked: Vec<Answered<'_>> = seen.asked().collect();
    let mut names: BTreeSet<String> = under.law().rulebook.rules().iter().map(|rule| rule.name.clone()).collect();
    let (mut made, mut blocks) = (vec![], vec![]);
    for (key, calls) in &kinds {
        let name = make::name(key, "made of answers", &names);
        let (lines, _) = make::rule(key, &name, calls, &asked, config, &under)?;
        names.insert(name.clone());
        made.push(name);
        blocks.push(lines);
    }
    let lines = blocks.join("\n");
    let tried = with_lines(&lines, seen, calls, config)?;
    Ok(Suggestion::Rule { name: made.join("; "), lines, approved: approved(seen, calls), tried })
}

/// A program's table with `does` filled in, in words of classes, and what the config with it would have decided.
///
/// # Errors
/// Why it cannot stand in the config so.
pub fn program_that(
    does: &str,
    lines: &str,
    seen: &Seen,
    calls: &[(Call, Timestamp)],
    config: &str,
) -> Result<(String, Tried), NoRule> {
    let lines = filled(lines, &classes(does)?)?;
    let tried = with_lines(&lines, seen, calls, config)?;
    Ok((lines, tried))
}

/// What the config with these lines would have decided of all that the calls' callers asked of their actions. It lets nothing pass
/// that was denied, and no grave example.
fn with_lines(lines: &str, seen: &Seen, calls: &[(Call, Timestamp)], config: &str) -> Result<Tried, NoRule> {
    let (_, with) = added(config, lines).map_err(NoRule::DoesNotFitIn)?;
    let under = under(config)?;
    let ready = ready(&under, calls)?;
    let with = make::holds(&with, &covered(calls, &ready), &under)?;
    let asked: Vec<Answered<'_>> = seen.asked().collect();
    let of: BTreeSet<(&str, &str)> =
        calls.iter().map(|(call, _)| (call.caller.as_str(), call.action.as_str())).collect();
    if of.is_empty() {
        return Err(NoRule::Nothing);
    }
    let tried = of.into_iter().map(|of| make::tried(of, &asked, &with, &under)).fold(Tried::default(), Tried::and);
    if tried.denied_passed > 0 { Err(NoRule::Denied) } else { Ok(tried) }
}

fn under(text: &str) -> Result<Under, NoRule> {
    let config = config::read(text).map_err(|error| NoRule::of_config(&error))?;
    Under::config(&config).map_err(|error| NoRule::of_config(&error))
}

fn ready(under: &Under, calls: &[(Call, Timestamp)]) -> Result<Vec<Ready>, NoRule> {
    calls.iter().map(|(call, _)| under.ready(call).map_err(NoRule::NotTaken)).collect()
}

fn covered<'a>(calls: &'a [(Call, Timestamp)], ready: &'a [Ready]) -> Vec<Covered<'a>> {
    let all = calls.iter().zip(ready);
    all.map(|((call, at), ready)| Covered { call, ready, at: *at }).collect()
}

fn key(covered: Covered<'_>) -> Result<Key, NoRule> {
    let unread = covered.ready.facts.as_ref().filter(|facts| !facts.is_readable());
    match unread {
        Some(facts) => Err(NoRule::Unread(facts.opaque.first().cloned().unwrap_or_default())),
        None => Key::of(covered.call, covered.ready).ok_or(NoRule::EachTime),
    }
}

/// How often people approved these very calls.
fn approved(seen: &Seen, calls: &[(Call, Timestamp)]) -> u64 {
    let is_chosen = |answered: &Answered<'_>| calls.iter().any(|(call, _)| call == answered.call);
    seen.asked().filter(is_chosen).map(|answered| answered.yes).sum()
}

/// The one program that all of these calls lack, as its table; none where they are known, or lack more than that.
fn program(under: &Under, calls: &[(Call, Timestamp)], ready: &[Ready]) -> Option<String> {
    let mut tables = BTreeSet::new();
    for ((call, _), ready) in calls.iter().zip(ready) {
        if ready.facts.as_ref()?.is_readable() {
            return None;
        }
        for block in facts::suggest(call.input("command")?, &under.law().knowledge()).split("\n\n") {
            // What only the running shell knows is no program's to explain.
            if block.contains(UNSEEN) {
                return None;
            }
            match make::table(block) {
                Some(table) => drop(tables.insert(table)),
                None if block.trim_end().ends_with("is known") => {}
                None => return None,
            }
        }
    }
    let mut tables = tables.into_iter();
    tables.next().filter(|_| tables.next().is_none())
}

/// The classes that were written, apart by blanks or commas.
fn classes(written: &str) -> Result<Vec<Class>, NoRule> {
    let known = || Class::ALL.map(Class::as_str).join(", ");
    let words: Vec<&str> = written.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(NoRule::NoClass { word: String::new(), known: known() });
    }
    let class = |word: &str| Class::ALL.into_iter().find(|class| class.as_str() == word);
    let named = words.into_iter().map(|word| class(word).ok_or_else(|| word.to_owned()));
    named.collect::<Result<_, _>>().map_err(|word| NoRule::NoClass { word, known: known() })
}

/// Every empty `does` of the table becomes these classes. It is done in the table and not in its text, in which an agent chose names.
fn filled(lines: &str, classes: &[Class]) -> Result<String, NoRule> {
    let mut table: DocumentMut =
        lines.parse().map_err(|error: toml_edit::TomlError| NoRule::DoesNotFitIn(error.message().to_owned()))?;
    let classes: Array = classes.iter().map(|class| class.as_str()).collect();
    fill(table.as_table_mut(), &classes);
    Ok(table.to_string())
}

fn fill(table: &mut dyn TableLike, classes: &Array) {
    for (key, item) in table.iter_mut() {
        let is_empty = item.as_array().is_some_and(Array::is_empty);
        if key.get() == "does" && is_empty {
            *item = Item::Value(Value::Array(classes.clone()));
        } else if let Some(inner) = item.as_table_like_mut() {
            fill(inner, classes);
        }
    }
}
