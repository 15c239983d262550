//! The wrappers and their options, as their manuals list them.

use crate::shell::{Assignment, SimpleCommand, Word};

/// A program that runs the program named in its arguments.
#[derive(Debug)]
pub(super) struct Wrapper {
    /// The program.
    pub(super) name: &'static str,
    /// The word that must follow it, as in `poetry run`.
    subcommand: Option<&'static str>,
    /// Options without a value.
    flags: &'static [&'static str],
    /// Options whose value is the next word, or is joined to them.
    values: &'static [&'static str],
    /// Words between the options and the command, as the time of `timeout`.
    operands: usize,
    /// `NAME=value` may stand before the command.
    assigns: bool,
}

/// What is under a wrapper.
pub(super) enum Peel {
    /// The command starts at this argument.
    Command {
        /// Index of the program among the arguments.
        at: usize,
        /// Variables that the wrapper sets.
        assignments: Vec<Assignment>,
    },
    /// The wrapper runs nothing.
    Nothing,
    /// An option that is not known here.
    Unknown,
}

/// How one option-like word is read.
enum Step {
    Words(usize),
    Unknown,
}

const fn plain(name: &'static str, flags: &'static [&'static str], values: &'static [&'static str]) -> Wrapper {
    Wrapper { name, subcommand: None, flags, values, operands: 0, assigns: false }
}

const fn runner(name: &'static str, subcommand: &'static str) -> Wrapper {
    Wrapper { name, subcommand: Some(subcommand), flags: &[], values: &[], operands: 0, assigns: false }
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        assigns: true,
        ..plain(
            "sudo",
            &[
                "-A", "-b", "-E", "-H", "-K", "-k", "-n", "-P", "-S", "-i", "-s", "--preserve-env",
                "--non-interactive", "--stdin", "--login", "--shell", "--set-home",
            ],
            &["-u", "-g", "-h", "-p", "-C", "-T", "-U", "-r", "-t", "--user", "--group", "--host", "--prompt"],
        )
    },
    plain("doas", &["-n", "-s", "-L"], &["-u", "-C"]),
    Wrapper {
        assigns: true,
        ..plain("env", &["-i", "-", "-0", "-v", "--ignore-environment", "--null", "--debug"], &["-u", "--unset"])
    },
    plain("nice", &["-0", "-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"], &["-n", "--adjustment"]),
    plain("nohup", &[], &[]),
    plain("setsid", &["-c", "-f", "-w", "--ctty", "--fork", "--wait"], &[]),
    plain("time", &["-p", "-v", "-l", "--portability", "--verbose"], &["-f", "--format"]),
    Wrapper {
        operands: 1,
        ..plain(
            "timeout",
            &["-v", "--verbose", "--foreground", "--preserve-status"],
            &["-k", "-s", "--kill-after", "--signal"],
        )
    },
    Wrapper {
        operands: 1,
        ..plain(
            "gtimeout",
            &["-v", "--verbose", "--foreground", "--preserve-status"],
            &["-k", "-s", "--kill-after", "--signal"],
        )
    },
    plain("stdbuf", &[], &["-i", "-o", "-e", "--input", "--output", "--error"]),
    plain("ionice", &["-t", "--ignore"], &["-c", "-n", "--class", "--classdata"]),
    plain("caffeinate", &["-d", "-i", "-m", "-s", "-u"], &["-t", "-w"]),
    plain("unbuffer", &["-p"], &[]),
    plain("exec", &["-c", "-l"], &["-a"]),
    plain("command", &["-p"], &[]),
    plain("builtin", &[], &[]),
    plain("busybox", &[], &[]),
    plain("toybox", &[], &[]),
    plain("noglob", &[], &[]),
    runner("poetry", "run"),
    Wrapper {
        flags: &[
            "-q", "--quiet", "--no-sync", "--frozen", "--locked", "--offline", "--exact", "--no-dev", "--all-extras",
            "--all-groups", "--no-project", "--all-packages",
        ],
        values: &["--extra", "--group", "--only-group", "--no-group", "--package"],
        ..runner("uv", "run")
    },
    runner("pipenv", "run"),
    runner("pdm", "run"),
    runner("rye", "run"),
    runner("hatch", "run"),
    runner("bundle", "exec"),
    runner("pnpm", "exec"),
    runner("mise", "exec"),
];

/// `xargs`; `-a`, which reads the names from a file, is left out, so that it is unknown.
pub(super) const XARGS: Wrapper = plain(
    "xargs",
    &["-0", "-r", "-t", "-x", "-i", "--null", "--no-run-if-empty", "--verbose", "--exit", "--replace"],
    &["-d", "-E", "-I", "-L", "-n", "-P", "-s", "--delimiter", "--max-args", "--max-procs", "--max-chars"],
);

/// `ssh`; its first operand is the host.
pub(super) const SSH: Wrapper = plain(
    "ssh",
    &[
        "-4", "-6", "-A", "-a", "-C", "-f", "-G", "-g", "-K", "-k", "-M", "-N", "-n", "-q", "-s", "-T", "-t", "-V",
        "-v", "-X", "-x", "-Y", "-y",
    ],
    &[
        "-B", "-b", "-c", "-D", "-E", "-e", "-F", "-I", "-i", "-J", "-L", "-l", "-m", "-O", "-o", "-P", "-p", "-Q",
        "-R", "-S", "-W", "-w",
    ],
);

impl Wrapper {
    /// The wrapper called `name`, if `command` is a call of one.
    pub(super) fn named(name: &str, command: &SimpleCommand) -> Option<&'static Self> {
        let first = command.args.first().and_then(Word::literal);
        // `command -v NAME` says where a program is and runs nothing.
        if name == "command" && matches!(first.as_deref(), Some("-v" | "-V")) {
            return None;
        }
        WRAPPERS.iter().find(|wrapper| {
            wrapper.name == name && (wrapper.subcommand.is_none() || wrapper.subcommand == first.as_deref())
        })
    }

    /// True where `name` is a wrapper whatever stands behind it.
    pub(super) fn always(name: &str) -> bool {
        WRAPPERS.iter().any(|wrapper| wrapper.name == name && wrapper.subcommand.is_none())
    }

    /// Finds the command under the wrapper.
    pub(super) fn peel(&self, command: &SimpleCommand) -> Peel {
        let Some(mut at) = self.operands(command) else { return Peel::Unknown };
        let mut assignments = Vec::new();
        while let Some(assignment) = command.args.get(at).filter(|_| self.assigns).and_then(assignment) {
            assignments.push(assignment);
            at += 1;
        }
        at += self.operands;
        if at < command.args.len() { Peel::Command { at, assignments } } else { Peel::Nothing }
    }

    /// Index of the first argument that is no option; `None` where an option is not known.
    pub(super) fn operands(&self, command: &SimpleCommand) -> Option<usize> {
        let mut at = usize::from(self.subcommand.is_some());
        loop {
            // What is not literal cannot be told from an option, but as a program's name it is unknown all the same.
            let Some(text) = command.args.get(at).and_then(Word::literal) else { return Some(at) };
            if text == "--" {
                return Some(at + 1);
            }
            if !text.starts_with('-') {
                return Some(at);
            }
            match self.step(&text) {
                Step::Words(words) => at += words,
                Step::Unknown => return None,
            }
        }
    }

    fn step(&self, text: &str) -> Step {
        if self.flags.contains(&text) {
            return Step::Words(1);
        }
        if self.values.contains(&text) {
            return Step::Words(2);
        }
        if text.starts_with("--") {
            let known =
                text.split_once('=').is_some_and(|(name, _)| self.values.contains(&name) || self.flags.contains(&name));
            return if known { Step::Words(1) } else { Step::Unknown };
        }
        self.cluster(text)
    }

    /// Single letters behind one dash, the last perhaps with its value.
    fn cluster(&self, text: &str) -> Step {
        let letters: Vec<char> = text.chars().skip(1).collect();
        for (nth, letter) in letters.iter().enumerate() {
            let option = format!("-{letter}");
            if self.values.contains(&option.as_str()) {
                return Step::Words(if nth + 1 == letters.len() { 2 } else { 1 });
            }
            if !self.flags.contains(&option.as_str()) {
                return Step::Unknown;
            }
        }
        Step::Words(1)
    }
}

/// `NAME=value` as an argument.
fn assignment(word: &Word) -> Option<Assignment> {
    let (name, _) = word.leading().split_once('=')?;
    let plain = !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    plain.then(|| Assignment {
        name: name.to_owned(),
        value: word.without_leading(name.len() + 1),
        each: false,
        listed: false,
    })
}
