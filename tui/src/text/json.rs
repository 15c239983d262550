//! Parameters as text to be edited, and back. Characters that nobody could see stand escaped, so that what is sent is what was read.

use ccc_protocol::{
    json::{self, Limits},
    visible,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::text::{Untrusted, Visible, is_seen};

/// Parameters as text to be edited.
#[must_use]
pub fn to_text(params: &Map<String, Value>) -> String {
    visible_json(params)
}

/// Indented JSON in visible characters alone; it reads back as what it was made of.
#[must_use]
pub fn visible_json(value: &impl Serialize) -> String {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".to_owned());
    visible::json_where(&pretty, is_seen)
}

/// The parameters, read the one way that JSON is read here.
///
/// # Errors
/// Says what is wrong and where.
pub fn from_text(text: &str) -> Result<Map<String, Value>, Visible> {
    json::read_object(text.as_bytes(), Limits::default()).map_err(|error| Untrusted(&error.to_string()).line())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_stands_escaped() {
        let params = from_text(r#"{"a":"x\u202ey"}"#).unwrap();
        assert_eq!(to_text(&params), "{\n  \"a\": \"x\\u202ey\"\n}");
    }

    #[test]
    fn what_is_no_object_is_refused_in_words() {
        assert!(!from_text("{\"a\":1,\"a\":2}").unwrap_err().is_empty());
        assert!(from_text("[1]").is_err());
    }

    proptest! {
        #[test]
        fn text_reads_back_as_it_was(value in any::<String>()) {
            let params = Map::from_iter([("k".to_owned(), Value::String(value))]);
            prop_assert_eq!(from_text(&to_text(&params)).unwrap(), params);
        }
    }
}
