//! A parameter's declaration: `params.path = { type = "path", kind = "dir", required = true }`.

use crate::{
    catalogue::{Entry, Kind, Param, PathKind, template::is_param_name},
    params::url::FORBIDDEN_SCHEMES,
    pattern::WholePattern,
};
use ccc_protocol::visible;

use super::file::ParamSpec;

const TYPES: &str = "`string`, `bool`, `integer`, `enum`, `path`, `url`, `email` or `list`";

/// The parameter that this declares.
pub(super) fn declare(name: &str, spec: &ParamSpec) -> Result<Param, String> {
    if !is_param_name(name) || name == "action" {
        return Err(
            "no parameter can have this name: write a-z 0-9 _ -, starting with a letter, and not `action`".to_owned()
        );
    }
    let required = spec.required.unwrap_or(false);
    if required && spec.default.is_some() {
        return Err("`required` and `default` exclude each other: keep one of them".to_owned());
    }
    let default =
        spec.default.as_ref().map(serde_json::to_value).transpose().map_err(|error| format!("`default`: {error}"))?;
    Ok(Param { name: name.to_owned(), kind: kind(spec)?, required, default, description: spec.description.clone() })
}

fn kind(spec: &ParamSpec) -> Result<Kind, String> {
    check_keys(spec)?;
    if let (Some(min), Some(max)) = (spec.min, spec.max)
        && min > max
    {
        return Err(format!("`min` {min} is above `max` {max}"));
    }
    Ok(match spec.kind_word.as_str() {
        "string" => text(spec)?,
        "bool" => Kind::Bool,
        "integer" => Kind::Integer { min: spec.min, max: spec.max },
        "enum" => Kind::Enum(values(spec)?),
        "path" => Kind::Path(path(spec)?),
        "url" => Kind::Url { schemes: schemes(spec)? },
        "email" => Kind::Email,
        _ => Kind::List { item: Box::new(item(spec)?), min: spec.min, max: spec.max },
    })
}

/// Refuses an unknown type, and keys that mean nothing for this one.
fn check_keys(spec: &ParamSpec) -> Result<(), String> {
    let own: &[&str] = match spec.kind_word.as_str() {
        "string" => &["pattern", "min", "max", "multiline"],
        "integer" => &["min", "max"],
        "bool" | "email" => &[],
        "enum" => &["values"],
        "path" => &["kind", "must_exist", "content"],
        "url" => &["schemes"],
        "list" => &["items", "min", "max"],
        other => return Err(format!("`{}` is no type: write {TYPES}", visible::escaped(other))),
    };
    let foreign = written_keys(spec).find(|key| !own.contains(key));
    foreign.map_or(Ok(()), |key| Err(format!("`{key}` means nothing for the type `{}`: leave it out", spec.kind_word)))
}

fn written_keys(spec: &ParamSpec) -> impl Iterator<Item = &'static str> {
    let keys = [
        ("pattern", spec.pattern.is_some()),
        ("min", spec.min.is_some()),
        ("max", spec.max.is_some()),
        ("multiline", spec.multiline.is_some()),
        ("values", spec.values.is_some()),
        ("kind", spec.kind.is_some()),
        ("must_exist", spec.must_exist.is_some()),
        ("content", spec.content.is_some()),
        ("schemes", spec.schemes.is_some()),
        ("items", spec.items.is_some()),
    ];
    keys.into_iter().filter_map(|(key, is_written)| is_written.then_some(key))
}

fn text(spec: &ParamSpec) -> Result<Kind, String> {
    let pattern = spec.pattern.as_deref().map(WholePattern::new).transpose();
    // The explanation's last line says what is wrong; those before it draw the place.
    let pattern = pattern
        .map_err(|error| format!("`pattern`: {}", error.to_string().lines().last().unwrap_or_default().trim()))?;
    Ok(Kind::Text { pattern, min: spec.min, max: spec.max, multiline: spec.multiline.unwrap_or(false) })
}

#[expect(
    clippy::disallowed_methods,
    reason = "an owner may use any words, joiners of their script among them; a control is a slip"
)]
fn values(spec: &ParamSpec) -> Result<Vec<String>, String> {
    let values = spec.values.clone().unwrap_or_default();
    if values.is_empty() || values.iter().any(|value| value.is_empty() || value.chars().any(char::is_control)) {
        return Err("an `enum` needs its words: write `values = [\"a\", \"b\"]`".to_owned());
    }
    Ok(values)
}

fn path(spec: &ParamSpec) -> Result<PathKind, String> {
    let entry = match spec.kind.as_deref() {
        Some("file") => Entry::File,
        Some("dir") => Entry::Dir,
        Some("any") | None => Entry::Any,
        Some(other) => {
            return Err(format!("`{}` is no kind of path: write `file`, `dir` or `any`", visible::escaped(other)));
        }
    };
    let content = spec.content.unwrap_or(false);
    let must_exist = spec.must_exist.unwrap_or(true);
    if content && (entry != Entry::File || !must_exist) {
        return Err(
            "`content` binds a file that is there: write `kind = \"file\"` beside it, and no `must_exist = false`"
                .to_owned(),
        );
    }
    Ok(PathKind { entry, must_exist, content, suffixes: vec![] })
}

fn schemes(spec: &ParamSpec) -> Result<Vec<String>, String> {
    let Some(written) = &spec.schemes else { return Ok(vec!["http".to_owned(), "https".to_owned()]) };
    let schemes: Vec<_> = written.iter().map(|scheme| scheme.to_ascii_lowercase()).collect();
    if let Some(forbidden) = schemes.iter().find(|scheme| FORBIDDEN_SCHEMES.contains(&scheme.as_str())) {
        return Err(format!(
            "`schemes` cannot hold `{forbidden}`: such an address runs code or opens the host's own files"
        ));
    }
    let is_scheme = |scheme: &String| {
        scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
    };
    if schemes.is_empty() || !schemes.iter().all(is_scheme) {
        return Err("`schemes` is a list of schemes without the colon: write `schemes = [\"https\"]`".to_owned());
    }
    Ok(schemes)
}

fn item(spec: &ParamSpec) -> Result<Kind, String> {
    let item = spec
        .items
        .as_deref()
        .ok_or("a `list` needs to know what each item is: write `items = { type = \"string\" }`")?;
    if item.required.is_some() || item.default.is_some() || item.description.is_some() {
        return Err("`items` takes a type and its limits alone".to_owned());
    }
    match kind(item)? {
        Kind::List { .. } => {
            Err("a list of lists cannot be passed as arguments: write a list of another type".to_owned())
        }
        Kind::Path(path) if path.content => {
            Err("`content` binds one file: use a `path` parameter of its own".to_owned())
        }
        kind => Ok(kind),
    }
}
