//! What is handed over is run once, by its owner, in time.

use std::{fs, os::unix::fs::PermissionsExt};

use ccc_confine::Defence;

use super::project::{Said, each, stderr, stdout};

#[test]
fn an_id_is_good_once() {
    each(|project| {
        let id = project.hand("echo ran", &Said::default());
        let twice = |off: &[Defence]| format!("{0} call {id}; {0} call {id}", project.launcher(off));
        let output = project.shell(&twice(&[])).output().unwrap();
        assert_eq!(stdout(&output), "ran\n");
        assert!(stderr(&output).contains("it was run already"), "{output:?}");
        assert_eq!(output.status.code(), Some(125));
        let id = project.hand("echo ran", &Said::default());
        let twice = format!("{0} call {id}; {0} call {id}", project.launcher(&[Defence::Once]));
        assert_eq!(stdout(&project.shell(&twice).output().unwrap()), "ran\nran\n", "without taking it");
    });
}

#[test]
fn of_many_that_take_one_id_at_once_one_runs_it() {
    each(|project| {
        let id = project.hand("echo ran", &Said::default());
        let one = format!("{} call {id} 2>/dev/null & ", project.launcher(&[]));
        let output = project.shell(&(one.repeat(8) + "wait")).output().unwrap();
        assert_eq!(stdout(&output), "ran\n");
    });
}

#[test]
fn only_an_id_names_a_call() {
    each(|project| {
        let id = project.hand("echo ran", &Said::default());
        let calls = project.text("home/.local/state/ccc/calls");
        for args in [
            format!("{calls}/{id}"),
            format!("../calls/{id}"),
            format!("{id} x"),
            String::new(),
            id.to_uppercase() + "X",
        ] {
            let output = project.shell(&format!("{} call {args}", project.launcher(&[]))).output().unwrap();
            assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""), "{args}");
        }
    });
}

#[test]
fn what_others_may_write_is_not_run() {
    each(|project| {
        for mode in [0o644, 0o660, 0o606] {
            let id = project.hand("echo ran", &Said::default());
            let file = project.path(&format!("home/.local/state/ccc/calls/{id}"));
            fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
            let output = project.shell(&format!("{} call {id}", project.launcher(&[]))).output().unwrap();
            assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""), "{mode:o}");
        }
        let id = project.hand("echo ran", &Said::default());
        let calls = project.path("home/.local/state/ccc/calls");
        fs::set_permissions(&calls, fs::Permissions::from_mode(0o755)).unwrap();
        let output = project.shell(&format!("{} call {id}", project.launcher(&[]))).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""));
    });
}

#[test]
fn what_was_handed_over_long_ago_is_not_run() {
    each(|project| {
        let id = project.hand("echo ran", &Said { seconds: -1, ..Said::default() });
        let output = project.shell(&format!("{} call {id}", project.launcher(&[]))).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""));
        assert!(stderr(&output).contains("too long ago"));
    });
}

#[test]
fn a_home_or_the_system_is_no_project() {
    each(|project| {
        let home = project.text("home");
        for place in [home.as_str(), "/", "/tmp", "/usr/lib"] {
            let id = project.hand("echo ran", &Said::default());
            let name = format!("home/.local/state/ccc/calls/{id}");
            let app = project.text("home/app");
            let text = fs::read_to_string(project.path(&name)).unwrap();
            fs::write(project.path(&name), text.replace(&format!("project={app}"), &format!("project={place}")))
                .unwrap();
            let output = project.shell(&format!("{} call {id}", project.launcher(&[]))).output().unwrap();
            assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""), "{place}");
        }
    });
}
