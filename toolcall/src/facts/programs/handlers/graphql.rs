//! Fields of a question: a query of GraphQL that only asks, told from one that changes something, and its variables.

use crate::facts::Class;
use crate::facts::args::Arg;
use crate::facts::gather::Gather;

/// Adds what a field `NAME=VALUE` does that `program` sends.
pub(in crate::facts::programs) fn judge(program: &str, field: &Arg, gather: &mut Gather) {
    let (name, value) = field.text.split_once('=').unwrap_or((&field.text, ""));
    let sends_file = value.starts_with('@') || !field.exact && value.is_empty();
    if sends_file || name == "query" && !(field.exact && only_asks(value)) {
        gather.class(Class::Upload, format!("`{program}` sends `{}`", field.shown()));
    }
}

/// True for queries alone: no operation of another kind stands at the top, and nothing that could hide one.
fn only_asks(query: &str) -> bool {
    let mut depth = 0_usize;
    let mut words = vec![String::new()];
    for c in query.chars() {
        match c {
            '#' | '"' if depth == 0 => return false,
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            c if depth == 0 && (c == '_' || c.is_ascii_alphanumeric()) => {
                words.last_mut().into_iter().for_each(|word| word.push(c));
                continue;
            }
            _ => {}
        }
        words.push(String::new());
    }
    let balanced = query.matches('{').count() == query.matches('}').count() && !query.contains(['#', '"']);
    let asks = words.iter().all(|word| !matches!(word.as_str(), "mutation" | "subscription"));
    // A brace in a text or a comment could end what was taken for an inner part.
    let plain = balanced || !query.contains("mutation") && !query.contains("subscription");
    query.trim_start().starts_with(['{', 'q', 'f']) && asks && plain
}

#[cfg(test)]
mod tests {
    use super::only_asks;

    #[test]
    fn questions_are_told_from_changes() {
        for query in [
            "{ viewer { login } }",
            "query { viewer { login } }",
            "query($n: Int!) { repository(owner: \"x\", name: \"y\") { issues(first: $n) { nodes { title } } } }",
            "\n  query Q { a }\n",
            "fragment F on X { a } query { ...F }",
        ] {
            assert!(only_asks(query), "{query}");
        }
        for query in [
            "mutation { deleteIssue(input: {id: 1}) { x } }",
            "query { a } mutation { b }",
            "query { a(x: \"}\") } mutation { b }",
            "{ a # {\n} mutation { b }",
            " subscription { x }",
            "@file",
            "",
        ] {
            assert!(!only_asks(query), "{query}");
        }
    }
}
