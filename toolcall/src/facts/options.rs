//! Options as `getopt_long` reads them: clusters of letters, `--name=value`, `--name value`, abbreviations, `--`.

use super::args::Arg;

/// An argument list, read.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Each option with its value, where it has one.
    pub(super) options: Vec<(String, Option<Arg>)>,
    /// What is no option.
    pub(super) operands: Vec<Arg>,
}

/// How options are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `-abc` is three options, `--name` one.
    Letters,
    /// `-name` is one option, as of `find`, `go` or `java`.
    Words,
}

/// Reads `args`; the options in `values` take one.
pub(super) fn read(args: &[Arg], values: &[&[&str]], style: Style) -> Parsed {
    let takes = |name: &str| values.iter().any(|some| some.iter().any(|option| matches(option, name)));
    let mut parsed = Parsed::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg.text == "--" && arg.exact {
            parsed.operands.extend(rest.cloned());
            break;
        }
        if !arg.is_option() {
            parsed.operands.push(arg.clone());
            continue;
        }
        for (name, value) in split(arg, &takes, style) {
            let next = value.is_none() && takes(&name);
            let value = if next { rest.next().cloned() } else { value };
            parsed.options.push((name, value));
        }
    }
    parsed
}

/// The options in one argument; a value joined to one goes with it.
fn split(arg: &Arg, takes: &dyn Fn(&str) -> bool, style: Style) -> Vec<(String, Option<Arg>)> {
    if arg.text.starts_with("--") || style == Style::Words {
        let (name, value) = arg
            .text
            .split_once('=')
            .map_or((arg.text.as_str(), None), |(name, value)| (name, Some(arg.with_text(value))));
        let value = if value.is_none() && !arg.exact { Some(arg.with_text("")) } else { value };
        return vec![(name.to_owned(), value)];
    }
    let mut options = Vec::new();
    for (at, letter) in arg.text.char_indices().skip(1) {
        let name = format!("-{letter}");
        let rest = arg.text.get(at + letter.len_utf8()..).unwrap_or_default();
        let takes_value = takes(&name);
        let value = (takes_value && (!rest.is_empty() || !arg.exact)).then(|| arg.with_text(rest));
        options.push((name, value));
        if takes_value {
            break;
        }
    }
    options
}

/// True where `given` is `option`, or an abbreviation of a long one.
pub(super) fn matches(option: &str, given: &str) -> bool {
    option == given || given.len() > 2 && given.starts_with("--") && option.starts_with(given)
}

impl Parsed {
    /// True where one of `options` is given.
    pub(super) fn has(&self, options: &[&str]) -> bool {
        self.first(options).is_some()
    }

    /// The first of `options` that is given, as written.
    pub(super) fn first(&self, options: &[&str]) -> Option<&str> {
        self.first_beside(options, &[])
    }

    /// As [`Self::first`]; what is written as one of `known` is that, and no abbreviation of another.
    pub(super) fn first_beside(&self, options: &[&str], known: &[&str]) -> Option<&str> {
        self.options
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !known.contains(name) && options.iter().any(|option| matches(option, name)))
    }

    /// The values of all of `options`.
    pub(super) fn values(&self, options: &[&str]) -> Vec<Arg> {
        let wanted = |name: &str| options.iter().any(|option| matches(option, name));
        self.options.iter().filter(|(name, _)| wanted(name)).filter_map(|(_, value)| value.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Parsed {
        let args: Vec<Arg> = text.split(' ').map(Arg::known).collect();
        read(&args, &[&["-o", "--output"]], Style::Letters)
    }

    #[test]
    fn values_are_found_however_they_are_written() {
        for text in ["-o x y", "-ro x y", "-rox y", "--output x y", "--output=x y", "--outp=x y", "y -o x", "-o x -- y"]
        {
            let parsed = of(text);
            assert_eq!(parsed.values(&["-o", "--output"]), [Arg::known("x")], "{text}");
            assert_eq!(parsed.operands, [Arg::known("y")], "{text}");
        }
    }

    #[test]
    fn after_two_dashes_nothing_is_an_option() {
        let parsed = of("-- -o x");
        assert!(parsed.options.is_empty());
        assert_eq!(parsed.operands.len(), 2);
    }
}
