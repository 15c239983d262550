//! A confined line is the same line: shell, status, streams, signals, directory.

use std::{fs, io::Read as _, net::TcpListener, net::TcpStream, os::unix::process::ExitStatusExt as _};

use super::project::{Said, each, stderr, stdout};

#[test]
fn status_and_streams_are_the_lines_own() {
    each(|project| {
        let output = project.run("echo out; echo err >&2; (exit 7)");
        assert_eq!(
            (stdout(&output).as_str(), stderr(&output).as_str(), output.status.code()),
            ("out\n", "err\n", Some(7))
        );
        for (line, code) in
            [("true", 0), ("exit 3", 3), ("false || exit 9", 9), ("nothing-of-this-name 2>/dev/null", 127)]
        {
            assert_eq!(project.run(line).status.code(), Some(code), "{line}");
        }
    });
}

#[test]
fn a_line_with_every_sign_in_it_arrives_as_it_is() {
    each(|project| {
        let output = project.run(
            "x='a b'; printf '%s|' \"$x\" \"it's\" '$HOME' \"\\\"\" `echo t`; cat <<'E'\nline 'of' \"text\" $x\nE",
        );
        assert_eq!(stdout(&output), "a b|it's|$HOME|\"|t|line 'of' \"text\" $x\n");
    });
}

#[test]
fn a_signal_that_ends_it_is_told() {
    each(|project| {
        let id = project.hand("kill -TERM $$; sleep 60", &Said::default());
        let output = project.shell(&format!("exec {} call {id}", project.launcher(&[]))).output().unwrap();
        assert_eq!(output.status.signal(), Some(15), "{output:?}");
    });
}

#[test]
fn it_is_the_hosts_shell_in_the_calls_directory() {
    each(|project| {
        let output = project.run("echo $0; echo ${BASH_VERSION:+bash}; pwd; echo $HOME");
        let (app, home) = (project.text("home/app"), project.text("home"));
        assert_eq!(stdout(&output).lines().skip(1).collect::<Vec<_>>(), ["bash", &app, &home]);
    });
}

#[test]
fn it_starts_where_the_host_started_it_if_that_is_in_its_project() {
    each(|project| {
        let launcher = project.launcher(&[]);
        let app = project.text("home/app");
        let in_place = |place: &str| {
            let id = project.hand("pwd", &Said::default());
            project.shell(&format!("cd {place} && {launcher} call {id}")).output().unwrap()
        };
        assert_eq!(stdout(&in_place("src")), format!("{app}/src\n"));
        std::os::unix::fs::symlink("/etc", project.path("home/app/out")).unwrap();
        for elsewhere in ["/etc", "..", "out", "/"] {
            let output = in_place(elsewhere);
            assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""), "{elsewhere}: {output:?}");
        }
    });
}

#[test]
fn limits_of_the_hook_are_held() {
    each(|project| {
        for (limit, line) in [
            ("file-bytes-max=1000", "head -c 5000 /dev/zero >made 2>/dev/null"),
            ("memory-bytes-max=100000000", "python3 -c 'bytearray(200000000)' 2>/dev/null"),
            ("scratch-bytes-max=100000", "head -c 900000 /dev/zero >/tmp/made 2>/dev/null"),
        ] {
            assert_eq!(project.run(line).status.code(), Some(0), "{line}");
            let id = project.hand(line, &Said { limit: Some(limit), ..Said::default() });
            let output = project.shell(&format!("{} call {id}", project.launcher(&[]))).output().unwrap();
            assert!(!output.status.success() && output.status.code() != Some(125), "{limit}: {output:?}");
        }
    });
}

#[test]
fn programs_in_the_persons_cache_keep_no_call_from_running() {
    each(|project| {
        for dir in ["home/.cache", "home/.cache/copilot", "home/.cache/copilot/bin"] {
            project.dir(dir);
        }
        let id = project.hand("echo ran; ls ~/.cache/copilot 2>/dev/null; true", &Said::default());
        let host = format!("export PATH=$HOME/.cache/copilot/bin:$PATH; {} call {id}", project.launcher(&[]));
        assert_eq!(stdout(&project.shell(&host).output().unwrap()), "ran\n");
    });
}

#[test]
fn where_it_ends_is_handed_back_within_the_project_alone() {
    each(|project| {
        let launcher = project.launcher(&[]);
        let app = project.text("home/app");
        for (line, ends) in [
            ("cd src", format!("{app}/src")),
            ("cd src; false", app.clone()),
            ("cd /etc", app.clone()),
            ("cd src && ln -s /etc x && cd x", app.clone()),
            ("mkdir -p \"$(printf 'a\\nb')\" && cd a*b", app.clone()),
            ("cd src; echo /etc >~/.cache/.ccc-directory-*", format!("{app}/src")),
        ] {
            let id = project.hand(line, &Said { tells: true, ..Said::default() });
            let host = format!("{launcher} call {id} && cd \"$({launcher} left {id})\"; pwd -P");
            let output = project.shell(&host).output().unwrap();
            assert_eq!(stdout(&output).lines().last(), Some(ends.as_str()), "{line}: {output:?}");
        }
    });
}

#[test]
fn functions_of_the_hosts_snapshot_are_there() {
    each(|project| {
        for dir in ["home/.claude", "home/.claude/shell-snapshots"] {
            project.dir(dir);
        }
        project.file("home/.claude/shell-snapshots/snapshot-bash-1.sh", "greet() { echo hello $1; }\n");
        let id = project.hand("greet you", &Said::default());
        let snapshot = project.text("home/.claude/shell-snapshots/snapshot-bash-1.sh");
        let host =
            format!("source {snapshot} 2>/dev/null || true && eval '{} call {id}' < /dev/null", project.launcher(&[]));
        assert_eq!(stdout(&project.shell(&host).output().unwrap()), "hello you\n");
    });
}

#[test]
fn what_is_made_in_the_project_stays_and_nothing_else_does() {
    each(|project| {
        let before = project.listed();
        let output = project.run("echo a >made; echo b >/tmp/gone; echo c >~/gone; echo d >~/.cache/kept");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(!project.path("home/gone").exists() && !project.path("home/.cache").exists());
        let mut expected = [before, vec!["made".to_owned()]].concat();
        expected.sort();
        assert_eq!(project.listed(), expected, "no placeholder is left behind");
        assert_eq!(stdout(&project.run("cat ~/.cache/kept; cat made; ls /tmp/gone 2>&1 | wc -l")), "d\na\n1\n");
    });
}

#[test]
fn a_server_in_the_background_is_reached_and_reaches_nobody() {
    each(|project| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = format!(
            "import socket\ns = socket.create_server(('127.0.0.1', 0))\ntry:\n  socket.create_connection(('127.0.0.1', {port}), 5)\n  said = 'got out'\n\
             except OSError:\n  said = 'kept in'\nopen('port', 'w').write('%s %s' % (s.getsockname()[1], said))\nc, _ = s.accept()\nc.send(b'hello')\n"
        );
        project.file("home/app/serve.py", &script);
        let id = project.hand("python3 serve.py", &Said { background: true, ..Said::default() });
        let mut host = project.shell(&format!("exec {} call {id}", project.launcher(&[]))).spawn().unwrap();
        let told = loop {
            match fs::read_to_string(project.path("home/app/port")) {
                Ok(told) if told.contains(' ') => break told,
                _ => std::thread::yield_now(),
            }
            assert!(host.try_wait().unwrap().is_none(), "the server ended");
        };
        let (port, said) = told.split_once(' ').unwrap();
        assert_eq!(said, "kept in");
        let mut heard = String::new();
        TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap().read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "hello");
        host.wait().unwrap();
    });
}
