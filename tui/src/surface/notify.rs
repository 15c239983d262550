//! Telling a person that something waits: bell, desktop notification, window title, a command of their own.
//! Counts alone are told. What was asked for never leaves the console.

use std::{
    io::{self, Write},
    process::{Command as Process, Stdio},
    thread,
};

use crate::config::{Desktop, Notify};

/// How many wait, and how many of them are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// All.
    pub waiting: usize,
    /// New since a person was last told.
    pub arrived: usize,
}

/// What the terminal is sent.
///
/// # Errors
/// Where it does not take it.
pub fn tell_terminal(out: &mut impl Write, settings: &Notify, told: Waiting) -> io::Result<()> {
    let Waiting { waiting, arrived } = told;
    if settings.title {
        write!(out, "\x1b]2;ccc-queue: {waiting} waiting\x1b\\")?;
    }
    if arrived > 0 {
        match settings.desktop {
            Desktop::Off => {}
            Desktop::Osc9 => write!(out, "\x1b]9;{waiting} waiting for your answer\x1b\\")?,
            Desktop::Osc777 => write!(out, "\x1b]777;notify;ccc-queue;{waiting} waiting for your answer\x1b\\")?,
        }
        if settings.bell {
            out.write_all(b"\x07")?;
        }
    }
    out.flush()
}

/// Runs the person's own command, and waits for it elsewhere. One that cannot be run is not told: nobody looks there.
pub fn run_command(settings: &Notify, told: Waiting) {
    let filled = |text: &String| {
        text.replace("{waiting}", &told.waiting.to_string()).replace("{new}", &told.arrived.to_string())
    };
    let Some((program, args)) = settings.command.split_first().filter(|_| told.arrived > 0) else { return };
    let mut process = Process::new(program);
    process.args(args.iter().map(filled)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Ok(mut child) = process.spawn() {
        thread::spawn(move || child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(settings: &Notify, told: Waiting) -> String {
        let mut out = Vec::new();
        tell_terminal(&mut out, settings, told).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn counts_are_told_and_nothing_else() {
        let settings = Notify { desktop: Desktop::Osc777, ..Notify::default() };
        let told = sent(&settings, Waiting { waiting: 3, arrived: 1 });
        assert_eq!(
            told,
            "\x1b]2;ccc-queue: 3 waiting\x1b\\\x1b]777;notify;ccc-queue;3 waiting for your answer\x1b\\\x07"
        );
    }

    #[test]
    fn nothing_rings_when_something_only_left() {
        assert_eq!(sent(&Notify::default(), Waiting { waiting: 2, arrived: 0 }), "\x1b]2;ccc-queue: 2 waiting\x1b\\");
    }

    #[test]
    fn what_is_switched_off_is_silent() {
        let settings = Notify { bell: false, title: false, desktop: Desktop::Off, command: Vec::new() };
        assert_eq!(sent(&settings, Waiting { waiting: 2, arrived: 2 }), "");
    }
}
