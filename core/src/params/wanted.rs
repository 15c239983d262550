//! What a parameter takes, in words for an error.

use crate::catalogue::{Entry, Kind};

/// What values of this type look like: `a whole number from 1 to 5`.
#[must_use]
pub fn words(kind: &Kind) -> String {
    match kind {
        Kind::Text { pattern, min, max, multiline } => {
            let what = if *multiline { "text" } else { "one line of text" };
            let fits = pattern.as_ref().map(|pattern| format!(" that fits `{}`", pattern.as_str())).unwrap_or_default();
            format!("{what}{}{fits}", range(" of", *min, *max, " characters"))
        }
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Integer { min, max } => format!("a whole number{}", range("", *min, *max, "")),
        Kind::Enum(values) => one_of(values),
        Kind::Path(path) => match path.entry {
            Entry::File => "the path of a file".to_owned(),
            Entry::Dir => "the path of a directory".to_owned(),
            Entry::Any => "the path of a file or directory".to_owned(),
        },
        Kind::Url { schemes } => format!("a web address with {}", one_of(schemes)),
        Kind::Email => "one bare mail address, such as `name@example.com`".to_owned(),
        Kind::List { item, min, max } => format!("a list{}, each {}", range(" of", *min, *max, " items"), words(item)),
        Kind::Object => "an object".to_owned(),
    }
}

/// ` from 1 to 5`, ` of at most 5 characters`.
fn range(of: &str, min: Option<i64>, max: Option<i64>, unit: &str) -> String {
    match (min, max) {
        (None, None) => String::new(),
        (Some(min), None) => format!("{of} at least {min}{unit}"),
        (None, Some(max)) => format!("{of} at most {max}{unit}"),
        (Some(min), Some(max)) if of.is_empty() => format!(" from {min} to {max}"),
        (Some(min), Some(max)) => format!("{of} {min} to {max}{unit}"),
    }
}

fn one_of(values: &[String]) -> String {
    match values {
        [one] => format!("`{one}`"),
        many => format!("one of `{}`", many.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::WholePattern;

    #[test]
    fn limits_are_named() {
        let text = |min, max| Kind::Text { pattern: None, min, max, multiline: false };
        let fitting = Kind::Text {
            pattern: Some(WholePattern::new("[a-z]+").unwrap()),
            min: None,
            max: Some(8),
            multiline: true,
        };
        for (kind, wanted) in [
            (text(None, None), "one line of text"),
            (text(Some(1), Some(80)), "one line of text of 1 to 80 characters"),
            (fitting, "text of at most 8 characters that fits `[a-z]+`"),
            (Kind::Integer { min: Some(1), max: Some(5) }, "a whole number from 1 to 5"),
            (Kind::Integer { min: Some(0), max: None }, "a whole number at least 0"),
            (Kind::Enum(vec!["a".into(), "b".into()]), "one of `a`, `b`"),
            (
                Kind::List { item: Box::new(Kind::Bool), min: None, max: Some(2) },
                "a list of at most 2 items, each `true` or `false`",
            ),
        ] {
            assert_eq!(words(&kind), wanted);
        }
    }
}
