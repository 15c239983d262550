//! SQL that only asks, told from SQL that changes, loads or writes something.

use crate::facts::args::Arg;
use crate::facts::gather::Gather;

/// Adds what a query does that `program` is given: one that is not known to ask alone is unknown.
pub(in crate::facts::programs) fn judge(program: &str, query: &Arg, gather: &mut Gather) {
    if !query.exact || !only_asks(&query.text) && !lists(&query.text) {
        gather.opaque(format!("`{program}` runs SQL that may do more than ask"));
    }
}

/// True for one statement that begins as a question and calls only functions that compute.
fn only_asks(query: &str) -> bool {
    let query = query.trim().trim_end_matches(';');
    let Some(bare) = without_texts(query) else { return false };
    let words: Vec<String> = bare
        .split(|c: char| c != '_' && !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let begins = words.first().is_some_and(|first| matches!(first.as_str(), "select" | "explain"));
    begins && !bare.contains(';') && !words.iter().any(|word| CHANGES.contains(&word.as_str())) && calls(&bare)
}

/// True for a command of the shell around the language that lists what there is.
fn lists(query: &str) -> bool {
    let mut words = query.split_whitespace();
    let plain = |word: &str| word.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    words.next().is_some_and(|first| LISTS.contains(&first)) && words.all(plain) && !query.contains('\n')
}

const LISTS: &[&str] = &[".tables", ".schema", ".indexes", ".databases", ".dbinfo", ".fullschema"];

/// True where what stands in front of each parenthesis is no function, or one that computes.
fn calls(bare: &str) -> bool {
    bare.match_indices('(').all(|(at, _)| {
        let before = bare.get(..at).unwrap_or_default().trim_end();
        let name = before.rsplit(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        name.is_empty() || COMPUTES.contains(&name.to_lowercase().as_str())
    })
}

/// True where a text may stand for a table: behind `from` it is compared with something, or one of a list.
fn names_a_table(bare: &str) -> bool {
    let lower = bare.to_lowercase();
    let from = lower.find("from").unwrap_or(lower.len());
    lower.match_indices("''").filter(|(at, _)| *at > from).any(|(at, _)| {
        let before = lower.get(..at).unwrap_or_default().trim_end();
        let listed =
            before.rfind('(').is_some_and(|open| before.get(..open).unwrap_or_default().trim_end().ends_with("in"));
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let compared =
            before.ends_with(['=', '<', '>']) || ["like", "glob", "and", "between", "then", "else"].contains(&word);
        !(compared || listed && before.ends_with(['(', ',']))
    })
}

/// The query with nothing in its quotes; `None` where quotes and comments make that doubtful.
fn without_texts(query: &str) -> Option<String> {
    let mut bare = String::new();
    let mut chars = query.chars();
    while let Some(c) = chars.next() {
        bare.push(c);
        if c == '\'' {
            chars.by_ref().find(|next| *next == c)?;
            bare.push(c);
        }
    }
    // A quoted name may be a function's, or a table's that reads files.
    let doubtful = bare.contains("--") || bare.contains("/*") || bare.contains(['"', '\\', '`', '$', '#', '[']);
    (!doubtful && !names_a_table(&bare)).then_some(bare)
}

const CHANGES: &[&str] = &[
    "into", "insert", "update", "delete", "drop", "create", "alter", "attach", "detach", "replace", "vacuum", "copy",
    "fsdir", "zipfile", "readfile", "writefile", "lsmode", "sqlite_dbpage", "load", "install", "grant", "revoke",
    "call", "do", "execute", "lock", "outfile", "dumpfile", "pragma",
];

const COMPUTES: &[&str] = &[
    "abs", "avg", "cast", "coalesce", "count", "date", "datetime", "exists", "from", "group_concat", "hex", "ifnull",
    "in", "and", "or", "not", "instr", "json_extract", "json_array_length", "julianday", "length", "lower", "ltrim",
    "max", "min", "nullif", "over", "random", "round", "rtrim", "select", "strftime", "substr", "sum", "time", "total",
    "trim", "typeof", "union", "upper", "values", "where", "when", "then", "else", "as", "on", "by", "having",
    "distinct",
];

#[cfg(test)]
mod tests {
    use super::only_asks;

    #[test]
    fn a_question_is_told_from_what_changes_or_loads() {
        for query in [
            "select count(*) from t",
            "SELECT name, max(x) FROM t WHERE y = 'drop; table' GROUP BY name;",
            "select * from t where id in (select id from u) limit 5",
            "select * from t where name in ('a', 'b') and x like '%y'",
        ] {
            assert!(only_asks(query), "{query}");
        }
        for query in [
            "drop table t",
            "select 1; drop table t",
            "select load_extension('./evil')",
            "select writefile('x', 'y')",
            "select * from readfile('/etc/passwd')",
            "select 1 into outfile 'x'",
            "select pg_read_file('/etc/passwd')",
            "select edit(x, 'sh') from t",
            "select data from fsdir where path = '/etc/passwd'",
            "select data from 'fsdir' where path = '/etc/passwd'",
            "select data from t, 'fsdir' where path = '/etc/passwd'",
            "select data from \"fsdir\" where path = '/etc/passwd'",
            "select \"load_extension\" ('x')",
            "with x as (delete from t returning *) select * from x",
            "attach 'x' as y",
            "",
        ] {
            assert!(!only_asks(query), "{query}");
        }
    }
}
