//! In which lines of a config its rules stand.

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
struct Rules {
    #[serde(default)]
    rule: Vec<Spanned<Rule>>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
}

/// Each rule's name and the line that it begins in, from 1, in their order; nothing of what does not read.
pub(super) fn of_rules(config: &str) -> Vec<(String, usize)> {
    let rules = toml::from_str::<Rules>(config).map(|read| read.rule).unwrap_or_default();
    let line = |rule: &Spanned<Rule>| config.get(..rule.span().start).unwrap_or_default().matches('\n').count() + 1;
    rules.into_iter().map(|rule| (line(&rule), rule.into_inner().name)).map(|(line, name)| (name, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_stands_where_its_table_begins() {
        let config = "# mine\n[limits]\n\n[[rule]]\nname = \"a\"\naction = \"x\"\n\n# more\n[[rule]]\nname = \"b\"\n";
        assert_eq!(of_rules(config), [("a".to_owned(), 4), ("b".to_owned(), 9)]);
        assert_eq!(of_rules("not = toml = at all"), []);
    }
}
