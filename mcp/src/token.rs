//! The texts and numbers of JSON as they are written, for what changes one and leaves all else as it is.

use std::ops::Range;

/// Where the texts (also those that name members) and the numbers of `json` stand, in order. It must be JSON.
pub(crate) fn tokens(json: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let bytes = json.as_bytes();
        let start = at + bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'))?;
        at = end_of_token(bytes, start);
        Some(start..at)
    })
}

/// `json` with each token that `change` has something else for in place of it; `None` where it has nothing.
pub(crate) fn replace(json: &str, change: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut changed = String::new();
    let mut copied = 0;
    for range in tokens(json) {
        let Some(token) = json.get(range.clone()).and_then(&change) else { continue };
        changed.push_str(json.get(copied..range.start).unwrap_or_default());
        changed.push_str(&token);
        copied = range.end;
    }
    changed.push_str(json.get(copied..).unwrap_or_default());
    (copied > 0).then_some(changed)
}

fn end_of_token(json: &[u8], start: usize) -> usize {
    let rest = json.get(start + 1..).unwrap_or_default();
    if json.get(start) != Some(&b'"') {
        let is_within = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        return start + 1 + rest.iter().take_while(|byte| is_within(byte)).count();
    }
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.map_or(json.len(), |end| start + 1 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::{replace, tokens};

    #[test]
    fn texts_and_numbers_are_found_whole() {
        let json = r#"{"a\"":[-1.5e+3,true,"b\\"],"é":null , "":0}"#;
        let found: Vec<&str> = tokens(json).map(|range| &json[range]).collect();
        assert_eq!(found, [r#""a\"""#, "-1.5e+3", r#""b\\""#, r#""é""#, r#""""#, "0"]);
    }

    #[test]
    fn what_is_not_replaced_keeps_its_bytes() {
        let one = |token: &str| (token == "1").then(|| "\"one\"".to_owned());
        assert_eq!(replace(r#"[ 1, "1" ,1.0,1]"#, one).unwrap(), r#"[ "one", "1" ,1.0,"one"]"#);
        assert_eq!(replace("[2]", one), None);
    }
}
