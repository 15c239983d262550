//! Attempts to reach what a call is not given, or to have something run later.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
};

use ccc_confine::Defence;

use super::project::{Said, each, stderr, stdout};

#[test]
fn what_runs_later_or_is_secret_stays_unwritten() {
    each(|project| {
        for line in [
            "echo x 2>/dev/null >.git/hooks/pre-commit",
            "echo x 2>/dev/null >>.git/config",
            "mv .git git 2>/dev/null",
            "rm -rf .git 2>/dev/null",
            "echo x 2>/dev/null >>.env",
            "mv .env env 2>/dev/null",
        ] {
            project.kept_by(line, Defence::Kept);
            // What got through without the defence is put back for the next.
            fs::remove_dir_all(project.path("home/app")).unwrap();
            for name in ["home/app", "home/app/src", "home/app/.git", "home/app/.git/hooks"] {
                project.dir(name);
            }
            project.file("home/app/.git/config", "[core]\n");
            project.file("home/app/.env", "KEY=1\n");
        }
    });
}

#[test]
fn what_is_not_there_yet_cannot_be_made() {
    each(|project| {
        for (at, place) in
            [".vscode/tasks.json", ".claude/settings.local.json", ".husky/pre-push", ".github/workflows/ci.yml"]
                .iter()
                .enumerate()
        {
            let (dir, _) = place.rsplit_once('/').unwrap();
            project.kept_by(&format!("mkdir -p {dir} && echo x 2>/dev/null >{place}"), Defence::Kept);
            let top = place.split('/').next().unwrap();
            fs::remove_dir_all(project.path("home/app").join(top)).unwrap();
            assert_eq!(project.listed().len(), 3, "{at}");
        }
        for file in [".envrc", ".npmrc", ".mcp.json", ".gitmodules", "sitecustomize.py"] {
            project.kept_by(&format!("rmdir {file} 2>/dev/null; echo x 2>/dev/null >{file}"), Defence::Kept);
            fs::remove_file(project.path("home/app").join(file)).unwrap();
        }
    });
}

#[test]
fn repositories_and_settings_below_the_top_stay_unwritten_too() {
    each(|project| {
        for dir in [
            "home/app/lib", "home/app/lib/.git", "home/app/lib/.vscode", "home/app/node_modules",
            "home/app/node_modules/.bin",
        ] {
            project.dir(dir);
        }
        project.file("home/app/lib/server.pem", "x");
        for line in [
            "echo x 2>/dev/null >lib/.git/config",
            "echo x 2>/dev/null >lib/.vscode/tasks.json",
            "echo x 2>/dev/null >>lib/server.pem",
            "echo x 2>/dev/null >node_modules/.bin/eslint",
            "mv lib library 2>/dev/null",
        ] {
            project.kept_by(line, Defence::Kept);
        }
    });
}

#[test]
fn what_lies_deep_in_a_project_stays_unwritten_too() {
    each(|project| {
        let mut deep = "home/app".to_owned();
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", ".git"] {
            deep = format!("{deep}/{name}");
            project.dir(&deep);
        }
        // More entries than the first that a breadth-first look would see.
        let many: String = (0..5000).map(|at| format!("home/app/a/b/{at} ")).collect();
        many.split_whitespace().for_each(|name| fs::write(project.path(name), "").unwrap());
        project.kept_by("echo x 2>/dev/null >a/b/c/d/e/f/g/h/.git/config", Defence::Kept);
        project.kept_by("mv a/b/c/d/e/f/g/h a/b/c/d/e/f/g/i 2>/dev/null", Defence::Kept);
    });
}

#[test]
fn more_than_can_be_kept_lets_nothing_run() {
    each(|project| {
        (0..600).for_each(|at| fs::write(project.path(&format!("home/app/src/{at}.pem")), "").unwrap());
        let output = project.run("echo ran");
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""), "{output:?}");
        assert!(stderr(&output).contains("places") && stderr(&output).contains("a person can approve"), "{output:?}");
    });
}

#[test]
fn a_project_that_cannot_be_looked_through_lets_nothing_run() {
    each(|project| {
        project.dir("home/app/shut");
        project.dir("home/app/shut/.git");
        fs::set_permissions(project.path("home/app/shut"), fs::Permissions::from_mode(0o000)).unwrap();
        let output = project.run("chmod 700 shut && echo x >shut/.git/config");
        // Root looks through everything.
        let is_written = project.path("home/app/shut/.git/config").exists();
        assert!(!is_written && output.status.code() != Some(0), "{output:?}");
        fs::set_permissions(project.path("home/app/shut"), fs::Permissions::from_mode(0o755)).unwrap();
    });
}

#[test]
fn where_programs_are_looked_for_cannot_be_written() {
    each(|project| {
        project.dir("home/app/tools");
        let run = |path: &str| {
            let id = project.hand("echo x 2>/dev/null >tools/ls && echo got out", &Said::default());
            let host = format!("export PATH={path}:$PATH; {} call {id}", project.launcher(&[]));
            project.shell(&host).output().unwrap()
        };
        for path in [project.text("home/app/tools"), "tools".to_owned()] {
            let output = run(&path);
            assert_eq!(stdout(&output), "", "{path}: {output:?}");
            assert_ne!(output.status.code(), Some(125), "{path}: {output:?}");
        }
        // These cannot be kept: nothing runs.
        for path in [".", "", "src/../nowhere"] {
            let output = run(path);
            assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""), "{path}: {output:?}");
        }
    });
}

#[test]
fn a_link_in_the_place_of_what_is_kept_lets_nothing_run() {
    each(|project| {
        std::os::unix::fs::symlink("/tmp", project.path("home/app/.vscode")).unwrap();
        project.own("home/app/.vscode");
        let output = project.run("echo ran");
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""));
        assert!(stderr(&output).contains("it is a link"), "{output:?}");
    });
}

#[test]
fn calls_side_by_side_keep_each_others_placeholders() {
    each(|project| {
        // The first ends while the second still runs; it must not take the second's placeholders with it.
        let first = project.hand("echo first", &Said::default());
        let line = "touch begun; until [ -e ended ]; do sleep 0.02; done; mkdir .vscode 2>/dev/null; \
                    if echo x 2>/dev/null >.vscode/tasks.json; then echo got out; else echo kept in; fi";
        let second = project.hand(line, &Said::default());
        let launcher = project.launcher(&[]);
        let host = format!(
            "{launcher} call {second} & until [ -e begun ]; do sleep 0.02; done; {launcher} call {first}; touch ended; wait"
        );
        let output = project.shell(&host).output().unwrap();
        assert_eq!(stdout(&output), "first\nkept in\n", "{output:?}");
        fs::remove_file(project.path("home/app/begun")).unwrap();
        fs::remove_file(project.path("home/app/ended")).unwrap();
        assert_eq!(project.listed(), [".env", ".git", "src"]);
    });
}

#[test]
fn what_a_person_puts_into_a_placeholder_stays() {
    each(|project| {
        let line = "touch begun; until [ -e ended ]; do sleep 0.02; done";
        let id = project.hand(line, &Said::default());
        let host = format!(
            "{} call {id} & until [ -e begun ]; do sleep 0.02; done; echo mine >.idea/mine; touch ended; wait",
            project.launcher(&[])
        );
        project.shell(&host).output().unwrap();
        assert_eq!(fs::read_to_string(project.path("home/app/.idea/mine")).unwrap(), "mine\n");
        assert!(!project.path("home/app/.vscode").exists());
    });
}

#[test]
fn nothing_of_the_home_is_there() {
    each(|project| {
        project.file("home/.bashrc", "x");
        let secret = project.text("home/.ssh/id");
        let pid = std::process::id();
        for line in [
            format!("cat {secret}"),
            "cat ~/.bashrc".to_owned(),
            format!("cat /proc/self/root{secret} /proc/1/root{secret}"),
            format!("cat /proc/{pid}/environ /proc/{pid}/root{secret}"),
            format!("ln {secret} here && cat here"),
            format!("ln -s {secret} there && cat there"),
            "ls ~/.local/state/ccc/calls".to_owned(),
            "cat ~/.local/state/ccc/calls/*".to_owned(),
            "printenv A_TOKEN LD_AUDIT_X".to_owned(),
        ] {
            let output = project.run(&format!("{line} 2>/dev/null; true"));
            assert_eq!((stdout(&output).as_str(), output.status.code()), ("", Some(0)), "{line}: {output:?}");
        }
    });
}

#[test]
fn a_launcher_within_a_launcher_finds_no_call() {
    each(|project| {
        let inner = project.hand("cat ~/.ssh/id; echo ran", &Said::default());
        project.file("home/app/launcher", "");
        fs::copy(project.path("bin/ccc-confine"), project.path("home/app/launcher")).unwrap();
        let output = project.run(&format!("./launcher call {inner}; true"));
        assert_eq!(stdout(&output), "", "{output:?}");
        let output = project.run("mkdir -p ~/.local/state/ccc/calls; chmod 700 ~/.local/state/ccc/calls; ./launcher run --level=full --read=/usr -- /usr/bin/id; true");
        assert_eq!(stdout(&output), "", "{output:?}");
    });
}

#[test]
fn no_socket_of_anybody_is_reached() {
    each(|project| {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let _local = UnixListener::bind(project.path("home/app/agent.sock")).unwrap();
        project.own("home/app/agent.sock");
        for attempt in [
            format!("socket.create_connection(('127.0.0.1', {port}), 5)"),
            "socket.socket(socket.AF_UNIX).connect('agent.sock')".to_owned(),
            format!(
                "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.2', {port})); socket.create_connection(('10.0.0.1', 80), 5)"
            ),
        ] {
            let output =
                project.run(&format!("python3 -c \"import socket; {attempt}; print('got out')\" 2>/dev/null; true"));
            assert_eq!(stdout(&output), "", "{attempt}: {output:?}");
        }
        let own = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()); print('own')";
        assert_eq!(stdout(&project.run(&format!("python3 -c \"{own}\""))), "own\n", "its own loopback is there");
    });
}

#[test]
fn what_a_hook_says_is_private_is_not_there_though_it_lies_in_the_project() {
    each(|project| {
        project.dir("home/app/keys");
        project.file("home/app/keys/agent.json", "the key");
        let never = project.path("home/app/keys");
        let id = project.hand(
            "cat keys/agent.json 2>/dev/null; ls -A keys; true",
            &Said { never: Some(&never), ..Said::default() },
        );
        let output = project.shell(&format!("{} call {id}", project.launcher(&[]))).output().unwrap();
        assert_eq!((stdout(&output).as_str(), output.status.code()), ("", Some(0)), "{output:?}");
    });
}

#[test]
fn when_the_hosts_shell_is_killed_all_ends() {
    each(|project| {
        let line = "setsid sh -c 'touch alive; while :; do sleep 0.02; touch alive; done' & until [ -e alive ]; do sleep 0.02; done; touch begun; wait";
        let id = project.hand(line, &Said::default());
        let mut host = project.shell(&format!("exec {} call {id}", project.launcher(&[]))).spawn().unwrap();
        while !project.path("home/app/begun").exists() {
            assert!(host.try_wait().unwrap().is_none());
            std::thread::yield_now();
        }
        host.kill().unwrap();
        host.wait().unwrap();
        let changed = || fs::metadata(project.path("home/app/alive")).ok().and_then(|about| about.modified().ok());
        // It is touched every 20 ms for as long as anything lives: a second without is none that does.
        loop {
            let before = changed();
            std::thread::sleep(std::time::Duration::from_millis(1000));
            if changed() == before {
                break;
            }
        }
    });
}
