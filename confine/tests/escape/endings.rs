//! How a run ends: the program's own way, the watcher's, and the launcher's.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::ExitStatusExt},
    },
    process::{ChildStdout, Stdio},
    sync::mpsc,
    time::Duration,
};

use ccc_confine::{Defence, Level, Record};

use super::ground::{Ground, each, ended, started};

fn shell(ground: &Ground, script: &str) -> Record {
    Record { args: vec!["-c".into(), script.into()], program: "/bin/sh".into(), ..ground.record(&[]) }
}

#[test]
fn status_and_streams_are_the_programs_own() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let output = ground.run(&shell(ground, "echo out; echo err >&2; exit 42"), &[]);
            assert_eq!(output.status.code(), Some(42));
            assert_eq!(
                (output.stdout.as_slice(), output.stderr.as_slice()),
                (b"out\n".as_slice(), b"err\n".as_slice())
            );
        },
    );
}

#[test]
fn a_signal_that_ends_the_program_ends_the_launcher() {
    each(
        |_| Vec::new(),
        |ground, _| {
            for signal in [6, 9, 15] {
                let output = ground.run(&shell(ground, &format!("kill -{signal} $$")), &[]);
                assert_eq!(output.status.signal(), Some(signal), "{output:?}");
            }
        },
    );
}

#[test]
fn input_is_the_programs_own_where_the_record_comes_otherwise() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let record = ground.path("work/record");
            std::fs::write(&record, shell(ground, "cat").encode().unwrap()).unwrap();
            let who = if ground.who == super::ground::Who::Nobody { Some(65534) } else { None };
            std::os::unix::fs::chown(&record, who, who).unwrap();
            let run = |mode: u32| {
                std::fs::set_permissions(&record, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
                let mut launcher = std::process::Command::new(super::ground::launcher());
                launcher
                    .arg("run")
                    .arg(format!("--record={}", record.display()))
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped());
                ground.as_user(&mut launcher);
                let mut child = launcher.spawn().unwrap();
                let _ = child.stdin.take().unwrap().write_all(b"said");
                child.wait_with_output().unwrap()
            };
            assert_eq!(run(0o600).stdout, b"said");
            // A record that others may write gives what others want.
            assert_eq!(run(0o620).status.code(), Some(125));
        },
    );
}

#[test]
fn a_signal_to_the_launcher_reaches_the_program() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let record = shell(ground, "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
            let mut child = started(&mut ground.launcher(&[]), &record);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert_eq!(lines.next().unwrap().unwrap(), "ready");
            rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
                .unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), "caught");
            assert_eq!(ended(child).status.code(), Some(3));
        },
    );
}

#[test]
fn failures_of_the_launcher_can_be_told_apart() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let run = |program: &str| ground.run(&Record { program: program.into(), ..ground.record(&[]) }, &[]);
            let text = ground.file("work/text");
            for (program, status) in [("/nonexistent", 127), (text.to_str().unwrap(), 126)] {
                let output = run(program);
                assert_eq!(output.status.code(), Some(status), "{output:?}");
                let said = String::from_utf8(output.stderr).unwrap();
                assert!(
                    said.starts_with(&format!("ccc-confine: cannot start `{program}`: ")) && said.lines().count() == 1,
                    "{said}"
                );
            }
            let nowhere = Record { directory: "/nonexistent".into(), ..ground.record(&[]) };
            assert_eq!(ground.run(&nowhere, &[]).status.code(), Some(125));
        },
    );
}

/// A program can end with any status and write any line: only the launcher can say this.
#[test]
fn whoever_hands_over_a_socket_is_told_when_the_program_starts() {
    each(
        |_| Vec::new(),
        |ground, _| {
            for (program, is_told) in [("/usr/bin/true", true), ("/nonexistent", false)] {
                let (mut own, given) = UnixStream::pair().unwrap();
                let mut launcher = ground.launcher(&[]);
                let mut child = launcher.stdin(OwnedFd::from(given)).spawn().unwrap();
                drop(launcher);
                let record = Record { program: program.into(), args: Vec::new(), ..ground.record(&[]) };
                own.write_all(&record.encode().unwrap()).unwrap();
                let mut told = Vec::new();
                own.read_to_end(&mut told).unwrap();
                assert_eq!(told == ccc_confine::STARTED, is_told, "{program} {}", ground.level);
                child.wait().unwrap();
            }
        },
    );
}

/// Children in sessions of their own hold the output open: its end says that none is left.
#[test]
fn everything_ends_when_whoever_started_it_is_gone() {
    each(
        |_| vec![Defence::Watch],
        |ground, off| {
            for (off, ends) in [(&[][..], true), (off, false)] {
                let mut child = started(&mut ground.launcher(off), &ground.record(&["leave_behind"]));
                let end = Ending::of(child.stdout.take().unwrap());
                drop(child.stdin.take());
                assert_eq!(end.comes(if ends { 30.0 } else { 0.5 }), ends, "{} {:?}", ground.level, ground.who);
                end_all(&mut child, ground.level);
            }
        },
    );
}

#[test]
fn everything_ends_when_the_program_does() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let mut child = started(&mut ground.launcher(&[]), &ground.record(&["leave_behind_and_end"]));
            let end = Ending::of(child.stdout.take().unwrap());
            assert!(end.comes(30.0), "{} {:?}", ground.level, ground.who);
            assert_eq!(ended(child).status.code(), Some(0));
        },
    );
}

/// A server that is killed takes its launchers' pipes with it; a launcher that is killed takes the pid namespace.
#[test]
fn everything_ends_when_the_launcher_is_killed() {
    each(
        |_| Vec::new(),
        |ground, _| {
            if ground.level == Level::Files {
                return;
            }
            let mut child = started(&mut ground.launcher(&[]), &ground.record(&["leave_behind"]));
            let end = Ending::of(child.stdout.take().unwrap());
            child.kill().unwrap();
            assert!(end.comes(30.0), "{:?}", ground.who);
            child.wait().unwrap();
        },
    );
}

/// The launcher of the test that lacks its watch still ends all when it is asked to.
fn end_all(child: &mut std::process::Child, level: Level) {
    match level {
        Level::Full => child.kill().unwrap(),
        Level::Files => {
            let launcher = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process(launcher, rustix::process::Signal::TERM);
        }
    }
    child.wait().unwrap();
}

/// The end of an output, awaited on another thread once its first line was read.
struct Ending(mpsc::Receiver<()>);

impl Ending {
    fn of(output: ChildStdout) -> Self {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "left\n");
        let (says, hears) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = output.read_to_end(&mut Vec::new());
            let _ = says.send(());
        });
        Self(hears)
    }

    fn comes(&self, within_seconds: f64) -> bool {
        self.0.recv_timeout(Duration::from_secs_f64(within_seconds)).is_ok()
    }
}
