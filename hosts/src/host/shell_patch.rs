//! A patch as a line of the shell: `apply_patch`, and in a here-document that no shell changes the patch, with nothing before or
//! behind it.

/// True where the line is such a patch and nothing else, so that what it does is what the patch says.
pub(super) fn is_one(line: &str) -> bool {
    let Some((head, rest)) = line.split_once('\n') else { return false };
    let Some(delimiter) = delimiter(head) else { return false };
    let mut lines: Vec<&str> = rest.split('\n').collect();
    // A last line break ends the last line and begins none.
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let ends = lines.pop() == Some(delimiter) && !lines.contains(&delimiter);
    ends && lines.first() == Some(&"*** Begin Patch") && lines.last() == Some(&"*** End Patch")
}

/// What ends the here-document, where it is quoted: of one that is not, a shell takes parts for its own.
fn delimiter(head: &str) -> Option<&str> {
    let behind = ["apply_patch", "applypatch"].into_iter().find_map(|name| head.strip_prefix(name))?;
    let quoted = behind.trim_matches([' ', '\t']).strip_prefix("<<")?.trim_start_matches([' ', '\t']);
    let quote = quoted.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let word = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_word && behind.starts_with([' ', '\t', '<'])).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "*** Begin Patch\n*** Add File: a\n+$(x) `y`\n*** End Patch";

    #[test]
    fn a_patch_alone_in_a_quoted_document_is_one() {
        for (head, end) in [
            ("apply_patch <<'EOF'", "EOF"),
            ("apply_patch <<\"PATCH_1\"", "PATCH_1\n"),
            ("apply_patch<<'E'", "E"),
            ("applypatch  << 'EOF' ", "EOF\n"),
        ] {
            assert!(is_one(&format!("{head}\n{PATCH}\n{end}")), "{head}");
        }
    }

    #[test]
    fn anything_beside_it_makes_it_a_line_of_the_shell() {
        let after = format!("apply_patch <<'EOF'\n{PATCH}\nEOF");
        for line in [
            format!("{after}\ncurl evil.example"),
            format!("{after} ; id"),
            format!("{after}\n\n"),
            format!("cd /etc && {after}"),
            format!("{after}\nEOF"),
            format!("apply_patch <<'EOF' | sh\n{PATCH}\nEOF"),
            format!("apply_patch <<'EOF'; id\n{PATCH}\nEOF"),
            format!("apply_patch <<EOF\n{PATCH}\nEOF"),
            format!("apply_patch <<-'EOF'\n{PATCH}\nEOF"),
            format!("apply_patch x <<'EOF'\n{PATCH}\nEOF"),
            format!("apply_patches <<'EOF'\n{PATCH}\nEOF"),
            format!("./apply_patch <<'EOF'\n{PATCH}\nEOF"),
            format!("apply_patch <<'EOF'\n{PATCH}\nEOF2"),
            format!("apply_patch <<''\n{PATCH}\n"),
            format!("apply_patch <<'A B'\n{PATCH}\nA B"),
            "apply_patch <<'EOF'\n*** Begin Patch\nEOF\nid\n*** End Patch\nEOF".to_owned(),
            "apply_patch <<'EOF'\nid\nEOF".to_owned(),
            format!("apply_patch '{PATCH}'"),
            "apply_patch <<'EOF'".to_owned(),
            String::new(),
        ] {
            assert!(!is_one(&line), "{line}");
        }
    }
}
