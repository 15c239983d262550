//! What a declared action's program reaches: `confined`, `allow_read`, `allow_write`, `network`.

use ccc_protocol::{bodies::Confined, visible};

use super::file::ActionSpec;
use crate::catalogue::{Entry, Given, Kind, Param, Wanted};

/// Reads the four keys. Without any, a program is confined, offline, and reads what its paths lie in.
pub(super) fn declare(spec: &ActionSpec, params: &[Param]) -> Result<Wanted, String> {
    let confined = spec.confined.as_ref().map_or(Ok(Some(Confined::Full)), level)?;
    let adds = [
        ("allow_read", spec.allow_read.is_some()),
        ("allow_write", spec.allow_write.is_some()),
        ("network", spec.network.is_some()),
    ];
    if confined.is_none()
        && let Some((key, _)) = adds.iter().find(|(_, is_set)| *is_set)
    {
        return Err(format!("`{key}` adds nothing where `confined = false` keeps nothing back: leave one of them out"));
    }
    Ok(Wanted {
        confined,
        read: places("allow_read", spec.allow_read.as_deref(), params)?,
        write: places("allow_write", spec.allow_write.as_deref(), params)?,
        network: spec.network.unwrap_or(false),
        is_declared: spec.confined.is_some() || adds.iter().any(|(_, is_set)| *is_set),
    })
}

fn level(value: &toml::Value) -> Result<Option<Confined>, String> {
    match value {
        toml::Value::Boolean(true) => Ok(Some(Confined::Full)),
        toml::Value::Boolean(false) => Ok(None),
        toml::Value::String(word) if word == Confined::Full.word() => Ok(Some(Confined::Full)),
        toml::Value::String(word) if word == Confined::Files.word() => Ok(Some(Confined::Files)),
        _ => Err("`confined` is none of `true`, `\"files\"` and `false`".to_owned()),
    }
}

fn places(key: &str, texts: Option<&[String]>, params: &[Param]) -> Result<Vec<Given>, String> {
    texts.unwrap_or_default().iter().map(|text| place(text, params).map_err(|why| format!("`{key}`: {why}"))).collect()
}

fn place(text: &str, params: &[Param]) -> Result<Given, String> {
    if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return of_param(name, params);
    }
    let beneath = text.strip_prefix("~/").or_else(|| text.strip_prefix('/'));
    let is_plain = |rest: &str| rest.trim_end_matches('/').split('/').all(|part| !matches!(part, "" | "." | ".."));
    match beneath {
        Some(rest) if is_plain(rest) && !text.contains(['\0', '{', '}']) => {
            Ok(Given::Host(text.trim_end_matches('/').to_owned()))
        }
        _ => Err(format!(
            "`{}` is no place: write an absolute path, one beneath `~/`, or `{{name}}` for a path parameter",
            visible::escaped(text)
        )),
    }
}

fn of_param(name: &str, params: &[Param]) -> Result<Given, String> {
    match params.iter().find(|param| param.name == name).map(|param| &param.kind) {
        Some(Kind::Path(path)) => Ok(Given::Param { name: name.to_owned(), is_file: path.entry == Entry::File }),
        _ => Err(format!("`{{{}}}` is no path parameter of it", visible::escaped(name))),
    }
}
