//! Settings read as values, for those who look at them and change nothing.

use std::path::Path;

use serde_json::{Map, Value};
use toml_edit::{Document, Item, Table};

use crate::{files, jsontext};

/// What a settings file says, JSON (with comments or without) or by its name TOML; nothing where it is not there or not readable.
#[must_use]
pub fn value_in(path: &Path) -> Option<Value> {
    let text = files::read_if_any(path).ok()??;
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Document::parse(text.as_str()).ok().map(|document| of_table(&document));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&jsontext::plain(text)?).ok())
}

fn of_table(table: &Table) -> Value {
    Value::Object(table.iter().map(|(key, item)| (key.to_owned(), of_item(item))).collect())
}

fn of_item(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => of_value(value),
        Item::Table(table) => of_table(table),
        Item::ArrayOfTables(tables) => tables.iter().map(of_table).collect(),
    }
}

fn of_value(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Integer(number) => Value::from(*number.value()),
        toml_edit::Value::Float(number) => Value::from(*number.value()),
        toml_edit::Value::Boolean(is) => Value::from(*is.value()),
        toml_edit::Value::Datetime(time) => Value::from(time.value().to_string()),
        toml_edit::Value::Array(items) => items.iter().map(of_value).collect(),
        toml_edit::Value::InlineTable(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.to_owned(), of_value(value))).collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_settings_file_reads_as_the_same_value() {
        let directory = tempfile::tempdir().unwrap();
        let rows = [
            ("a.json", "{\"a\":{\"b\":[1,true]}}"),
            ("b.json", "\u{feff}{\"a\":{\"b\":[1,true]}}"),
            ("c.json", "// mine\n{\"a\":{\"b\":[1,true,]}}"),
            ("d.toml", "[a]\nb = [1, true]\n"),
            ("e.toml", "a = { b = [1, true] }\n"),
        ];
        for (name, text) in rows {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            assert_eq!(value_in(&path), Some(json!({"a": {"b": [1, true]}})), "{name}");
        }
        fs::write(directory.path().join("f.toml"), "a = = 1").unwrap();
        for name in ["none.json", "f.toml"] {
            assert_eq!(value_in(&directory.path().join(name)), None, "{name}");
        }
    }
}
