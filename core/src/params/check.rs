//! One value against its declared type.

use serde_json::Value;

use super::{drafting::Drafting, email, url, value::Arg};
use crate::{catalogue::Kind, refusal::Refusal};

/// A checked value whose paths are not resolved yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Drafted {
    /// As it will stay.
    Ready(Arg),
    /// The path that this question asks for.
    Path(usize),
    /// A list's items.
    List(Vec<Drafted>),
}

/// Checks `value`; `at` names it in errors, `param` is the parameter it belongs to.
pub(super) fn check(drafting: &mut Drafting<'_>, at: &str, kind: &Kind, value: &Value) -> Result<Drafted, Refusal> {
    let ready =
        |arg: Result<Arg, String>| arg.map(Drafted::Ready).map_err(|why| drafting.refusal(at, kind, value, &why));
    match (kind, value) {
        (Kind::Text { .. }, Value::String(text)) => ready(text_arg(kind, text)),
        (Kind::Bool, Value::Bool(truth)) => Ok(Drafted::Ready(Arg::Bool(*truth))),
        (Kind::Integer { min, max }, Value::Number(number)) => {
            ready(number.as_i64().filter(|n| is_within(*n, *min, *max)).map(Arg::Integer).ok_or_else(String::new))
        }
        (Kind::Enum(values), Value::String(text)) if values.contains(text) => {
            Ok(Drafted::Ready(Arg::Text(text.clone())))
        }
        (Kind::Path(path), Value::String(text)) => drafting.ask(path, text).map(Drafted::Path),
        (Kind::Url { schemes }, Value::String(text)) => ready(url::parse(text, schemes).map(Arg::Url)),
        (Kind::Email, Value::String(text)) => {
            ready(email::fault_of(text).map_or_else(|| Ok(Arg::Text(text.clone())), |fault| Err(fault.to_owned())))
        }
        (Kind::List { item, min, max }, Value::Array(values)) => {
            if !is_within(count(values.len()), *min, *max) {
                return Err(drafting.refusal(at, kind, value, &format!("it has {}", values.len())));
            }
            list_arg(drafting, at, item, values)
        }
        (Kind::Object, Value::Object(object)) => Ok(Drafted::Ready(Arg::Object(object.clone()))),
        _ => Err(drafting.refusal(at, kind, value, "")),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a text is passed on as it is, in any script; a control would steer the program that reads it"
)]
fn text_arg(kind: &Kind, text: &str) -> Result<Arg, String> {
    let Kind::Text { pattern, min, max, multiline } = kind else { return Err(String::new()) };
    if let Some(control) = text.chars().find(|c| c.is_control() && !(*multiline && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(format!("it holds the control character {}", control.escape_unicode()));
    }
    if let Some(steering) = text.chars().find(|c| !multiline && steers_a_line(*c)) {
        return Err(format!("it holds {}, which reorders or ends a line unseen", steering.escape_unicode()));
    }
    // Programs differ in whether it ends a line, and so in what the text says to them.
    if text.split("\r\n").any(|part| part.contains('\r')) {
        return Err("it holds a carriage return that no line feed follows".to_owned());
    }
    let length = count(text.chars().count());
    if !is_within(length, *min, *max) {
        return Err(format!("it has {length} characters"));
    }
    match pattern {
        Some(pattern) if !pattern.fits(text) => Err(String::new()),
        _ => Ok(Arg::Text(text.to_owned())),
    }
}

/// Unicode's `Bidi_Control` (UAX #9), and its line and paragraph separators: one line of text would be read otherwise than
/// it is, or be two.
fn steers_a_line(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn list_arg(drafting: &mut Drafting<'_>, at: &str, item: &Kind, values: &[Value]) -> Result<Drafted, Refusal> {
    let items = values
        .iter()
        .enumerate()
        .map(|(index, value)| check(drafting, &format!("{at} (item {})", index + 1), item, value));
    items.collect::<Result<_, _>>().map(Drafted::List)
}

fn is_within(number: i64, min: Option<i64>, max: Option<i64>) -> bool {
    min.is_none_or(|min| min <= number) && max.is_none_or(|max| number <= max)
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
