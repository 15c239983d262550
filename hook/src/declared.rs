//! Who the person behind the agent is said to be. Where agents run under a
//! service account, `CCC_USER_ID_ENV` names the variable that holds it. It is
//! a hint beside the signature and decides nothing.

use std::env;

use ccc_protocol::visible;

/// The longest hint, in characters.
const CHARS_MAX: usize = 128;

/// The declared user, if the environment declares one.
#[must_use]
pub fn user() -> Option<String> {
    let name = env::var_os("CCC_USER_ID_ENV")?;
    if name.is_empty() || name.to_string_lossy().contains(['=', '\0']) {
        return None;
    }
    clean(&env::var(name).ok()?)
}

/// Printable characters only, of bounded length; nothing where nothing is left.
fn clean(value: &str) -> Option<String> {
    let value: String = value.chars().filter(|&c| visible::is_visible(c)).take(CHARS_MAX).collect();
    let value = value.trim().to_owned();
    Some(value).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_user_is_short_and_printable() {
        assert_eq!(clean(" ana@example.com\n").as_deref(), Some("ana@example.com"));
        assert_eq!(clean(" \u{1b}\u{202e}\u{61c}\u{3164}\u{2800} "), None);
        assert_eq!(clean(&"x".repeat(500)).unwrap().len(), CHARS_MAX);
    }
}
