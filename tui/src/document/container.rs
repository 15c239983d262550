//! How the agent's container is started.

use crate::text::{Row, Tone, Untrusted, Visible, wrap};

/// How an agent reaches this bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Options of `docker run`, each with its value as a shell reads it.
    pub options: Vec<String>,
    /// A line of this machine's shell that asks as the agent does.
    pub from_here: Visible,
}

impl Container {
    /// The whole command, an option a line, for a shell.
    #[must_use]
    pub fn command(&self) -> String {
        format!("{START} \\\n{}  {IMAGE}", self.lines())
    }

    /// The same as a file to run: the image, and what to run in it, are its arguments.
    #[must_use]
    pub fn script(&self) -> String {
        format!(
            "#!/bin/sh\n\
             # Starts an agent's container: IMAGE [COMMAND...]. Written by `ccc-queue --local`.\n\
             [ $# -gt 0 ] || {{ echo \"usage: $0 IMAGE [COMMAND...]\" >&2; exit 2; }}\n\
             exec {START} \\\n{}  \"$@\"\n",
            self.lines()
        )
    }

    /// All options in one line.
    #[must_use]
    pub fn line(&self) -> Visible {
        Untrusted(&self.options.join(" ")).line()
    }

    fn lines(&self) -> String {
        self.options.iter().map(|option| format!("  {option} \\\n")).collect()
    }
}

const START: &str = "docker run --rm -it";
/// Stands for the image in what is copied.
const IMAGE: &str = "YOUR_AGENT_IMAGE";

/// The command, an option a line, and how to try it from here, wrapped to so many cells.
#[must_use]
pub fn container(container: &Container, width: usize) -> Vec<Row> {
    let lines = |text: &Visible| wrap(text, width).into_iter().map(|line| Row::new().with(Tone::Strong, line));
    let command = container.command();
    let command = command.lines().flat_map(|line| lines(&Untrusted(line).line()).collect::<Vec<_>>());
    let between = [Row::new(), Row::new().with(Tone::Plain, "or try it from a shell here:")];
    let last = [Row::new(), Row::new().with(Tone::Dim, "x copies the command, w writes it as a file to run")];
    command.chain(between).chain(lines(&container.from_here)).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_has_a_line_that_is_whole() {
        let options = vec!["-v '/a b:/workspace'".to_owned(), "-e CCC_USER=agent".to_owned()];
        let container = Container { options, from_here: Visible::label("ccc-client") };
        assert_eq!(
            container.command(),
            "docker run --rm -it \\\n  -v '/a b:/workspace' \\\n  -e CCC_USER=agent \\\n  YOUR_AGENT_IMAGE"
        );
        let rows: Vec<String> = super::container(&container, 80).iter().map(|row| row.text().to_string()).collect();
        assert!(rows.contains(&"  -v '/a b:/workspace' \\".to_owned()), "{rows:?}");
        assert!(container.script().starts_with("#!/bin/sh\n") && container.script().ends_with("  \"$@\"\n"));
    }
}
