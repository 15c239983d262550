//! Where one path lies in another, by their text alone.

/// What of `path` lies beneath `dir`: its text from the first name on, empty where it is the directory itself. Both are absolute,
/// or from `~`. Names count whole (`/p/apple` does not lie in `/p/app`); what holds `.` or `..` lies nowhere, because what
/// those mean depends on links.
#[must_use]
pub fn beneath<'a>(path: &'a str, dir: &str) -> Option<&'a str> {
    let is_plain = |path: &str| is_rooted(path) && !path.split('/').any(|name| matches!(name, "." | ".."));
    if !is_plain(path) || !is_plain(dir) {
        return None;
    }
    let rest = path.strip_prefix(dir.trim_end_matches('/'))?;
    let names = rest.trim_start_matches('/');
    (rest.is_empty() || names.len() < rest.len()).then_some(names)
}

/// True where `path` is `dir` or lies [`beneath`] it.
#[must_use]
pub fn lies_beneath(path: &str, dir: &str) -> bool {
    beneath(path, dir).is_some()
}

fn is_rooted(path: &str) -> bool {
    path == "~" || path.starts_with("~/") || path.starts_with('/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_lies_beneath_by_whole_names() {
        for (path, dir, names) in [
            ("/p/app", "/p/app", ""),
            ("/p/app/", "/p/app", ""),
            ("/p/app", "/p/app/", ""),
            ("/p/app/a/b", "/p/app", "a/b"),
            ("/p/app/a/", "/p/app/", "a/"),
            ("/p/app//a", "/p/app", "a"),
            ("/a", "/", "a"),
            ("/", "/", ""),
            ("//a", "/", "a"),
            ("~", "~", ""),
            ("~/a", "~", "a"),
            ("~/a", "~/", "a"),
            ("/p/app/.a/..b", "/p/app", ".a/..b"),
        ] {
            assert_eq!(beneath(path, dir), Some(names), "{path} {dir}");
        }
    }

    #[test]
    fn anything_else_lies_nowhere() {
        for (path, dir) in [
            ("/p/apple", "/p/app"),
            ("/p", "/p/app"),
            ("/p/app/../x", "/p/app"),
            ("/p/app/..", "/p/app"),
            ("/p/app/./x", "/p/app"),
            ("/p/app/x", "/p/../p/app"),
            ("p/app/x", "p/app"),
            ("p/app/x", "/p/app"),
            ("/p/app", ""),
            ("", "/"),
            ("", ""),
            ("~/a", "/"),
            ("/a", "~"),
            ("~bob/a", "~"),
            ("~bob", "~bob"),
        ] {
            assert_eq!(beneath(path, dir), None, "{path} {dir}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_systems_own_reading(path in "(~|[/a.]{0,4})[/a.]{0,12}", dir in "(~|[/a.]{0,4})[/a.]{0,6}") {
            let [by_name, of] = [&path, &dir].map(std::path::Path::new);
            if let Some(names) = beneath(&path, &dir) {
                prop_assert!(by_name.starts_with(of) && !names.starts_with('/'));
                prop_assert_eq!(of.join(names), by_name);
            }
        }
    }
}
