//! What is given, against what is private, read-only, or the launcher's own.

use std::{fs, os::unix::fs::symlink, process::Stdio};

use ccc_confine::{Defence, Level, Record};

use super::ground::{Ground, each, launcher};

const NEVER: fn(Level) -> Vec<Defence> = |_| vec![Defence::Never];

/// A record that gives `outside` for reading, and `private` beneath it never.
fn around(ground: &Ground, attempt: &[&str], private: &str) -> Record {
    let mut record = ground.record(attempt);
    record.read.push(ground.path("outside"));
    record.never.push(ground.path(private));
    record
}

#[test]
fn a_private_file_in_what_may_be_read() {
    each(NEVER, |ground, off| {
        let record = around(ground, &["read", &ground.text("outside/secret")], "outside/secret");
        ground.kept_by(&record, off);
        let beside = Record { args: ground.record(&["read", &ground.text("outside/dir/secret")]).args, ..record };
        assert!(ground.gets_through(&beside, &[]), "what lies beside it is given");
    });
}

#[test]
fn a_private_directory_in_what_may_be_read() {
    each(NEVER, |ground, off| {
        ground.kept_by(&around(ground, &["read", &ground.text("outside/dir/secret")], "outside/dir"), off);
        // By another name of the same place.
        symlink(ground.path("outside/dir"), ground.path("outside/alias")).unwrap();
        ground.kept_by(&around(ground, &["read", &ground.text("outside/dir/secret")], "outside/alias"), off);
    });
}

#[test]
fn what_is_private_wins_over_what_is_given_beneath_it() {
    each(NEVER, |ground, off| {
        let mut record = around(ground, &["read", &ground.text("outside/dir/secret")], "outside");
        record.read.push(ground.path("outside/dir"));
        record.write.push(ground.path("outside/dir"));
        ground.kept_by(&record, off);
    });
}

/// A directory is given entry by entry by more descriptors than a program may hold.
#[test]
fn many_places_under_a_low_limit_of_open_files() {
    each(NEVER, |ground, _| {
        for number in 0..150 {
            ground.file(&format!("outside/{number}"));
        }
        let private = around(ground, &["read", &ground.text("outside/149")], "outside/secret");
        let mut command = std::process::Command::new("sh");
        let script = "ulimit -Sn 64; exec \"$0\" run --control=0";
        command.args(["-c", script]).arg(launcher());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        ground.as_user(&mut command);
        let output = super::ground::ended(super::ground::started(&mut command, &private));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    });
}

/// A server that starts later, or a file that its owner replaces.
#[test]
fn a_private_file_that_appears_or_is_replaced_while_the_program_runs() {
    each(NEVER, |ground, off| {
        for private in ["outside/later", "outside/secret"] {
            let record = around(ground, &["exchange", "1", &ground.text(private)], private);
            let (from, to) = (ground.path("outside/new"), ground.path(private));
            fs::write(ground.path("outside/read"), "").unwrap();
            let replacing = super::ground::Meanwhile::does(move || {
                fs::write(&from, super::ground::SECRET).unwrap();
                fs::rename(&from, &to).unwrap();
            });
            // The attempt itself ends as broken where nothing could ever be read.
            let seen = ground.run(&record, &[]);
            assert!(!String::from_utf8_lossy(&seen.stdout).contains("got"), "{seen:?}");
            assert!(ground.gets_through(&record, off));
            drop(replacing);
        }
    });
}

#[test]
fn what_is_private_in_what_may_be_written() {
    each(NEVER, |ground, off| {
        ground.directory("work/private");
        ground.file("work/private/secret");
        ground.file("work/file");
        let with = |attempt: &[&str], private: &str| {
            let mut record = ground.record(attempt);
            record.directory = "/".into();
            record.never.push(ground.path(private));
            record
        };
        ground.kept_by(&with(&["read", &ground.text("work/private/secret")], "work/private"), off);
        ground.kept_by(&with(&["write", &ground.text("work/private/secret")], "work/private"), off);
        ground.kept_by(&with(&["read", &ground.text("work/file")], "work/file"), off);
        ground
            .kept_by(&with(&["rename", &ground.text("work/private"), &ground.text("work/moved")], "work/private"), off);
    });
}

/// At `full` it could be made, and nothing could be seen of it until then. At `files` nothing new can be made beside it.
#[test]
fn what_is_private_and_not_there_in_what_may_be_written() {
    each(NEVER, |ground, _| {
        let mut record = ground.record(&["create", &ground.text("work/later")]);
        record.directory = "/".into();
        record.never.push(ground.path("work/later"));
        let output = ground.run(&record, &[]);
        let expected = if ground.level == Level::Full { 125 } else { 77 };
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
    });
}

#[test]
fn what_is_read_only_in_what_may_be_written() {
    let off = |level| if level == Level::Full { vec![Defence::ReadOnlyMounts] } else { vec![Defence::LandlockFiles] };
    each(off, |ground, off| {
        ground.directory("work/sub");
        ground.directory("work/sub/.git");
        ground.file("work/sub/.git/hook");
        let with =
            |attempt: &[&str]| Record { read_only: vec![ground.path("work/sub/.git")], ..ground.record(attempt) };
        let with = |attempt: &[&str]| Record { directory: "/".into(), ..with(attempt) };
        assert!(ground.gets_through(&with(&["read", &ground.text("work/sub/.git/hook")]), &[]));
        ground.kept_by(&with(&["write", &ground.text("work/sub/.git/hook")]), off);
        ground.kept_by(&with(&["create", &ground.text("work/sub/.git/new")]), off);
    });
}

/// Renamed out of the way, or with what holds it, another could be made in its place.
#[test]
fn what_is_read_only_stays_where_it_is() {
    each(
        |_| Vec::new(),
        |ground, _| {
            ground.directory("work/sub");
            ground.directory("work/sub/inner");
            ground.directory("work/sub/inner/.git");
            for moved in ["work/sub/inner/.git", "work/sub/inner", "work/sub"] {
                let mut record = ground.record(&["rename", &ground.text(moved), &ground.text("work/moved")]);
                record.directory = "/".into();
                assert!(ground.gets_through(&record, &[]), "{moved} can be renamed while nothing in it is kept");
                fs::rename(ground.path("work/moved"), ground.path(moved)).unwrap();
                record.read_only.push(ground.path("work/sub/inner/.git"));
                assert!(!ground.gets_through(&record, &[]), "{moved}");
            }
        },
    );
}

#[test]
fn a_given_path_that_leads_through_a_link() {
    each(
        |_| Vec::new(),
        |ground, _| {
            symlink(ground.path("outside"), ground.path("work/link")).unwrap();
            let mut record = ground.record(&["read", &ground.text("outside/dir/secret")]);
            record.write.push(ground.path("work/link/dir"));
            let output = ground.run(&record, &[]);
            assert_eq!(output.status.code(), Some(125), "{output:?}");
            assert!(
                String::from_utf8_lossy(&output.stderr).contains("is a link; give the path that it leads to"),
                "{output:?}"
            );
        },
    );
}

#[test]
fn a_launcher_that_what_it_runs_could_write() {
    each(
        |_| vec![Defence::LauncherFile],
        |ground, off| {
            let mut record = ground.record(&["write", &ground.text("work/x")]);
            record.write.push(launcher().parent().unwrap().to_owned());
            let output = ground.run(&record, &[]);
            assert_eq!(output.status.code(), Some(125), "{output:?}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("is given for writing"), "{output:?}");
            assert!(ground.gets_through(&record, off));
        },
    );
}

#[test]
fn directories_of_its_own() {
    each(
        |_| Vec::new(),
        |ground, _| {
            let home = ground.path("outside/home");
            let mut record = ground.record(&["create", home.join("new").to_str().unwrap()]);
            record.scratch.push(home.clone());
            assert!(ground.gets_through(&record, &[]));
            assert!(!home.exists(), "nothing of it is left");
            ground.directory("outside/home");
            ground.file("outside/home/secret");
            record.args = ground.record(&["read", home.join("secret").to_str().unwrap()]).args;
            match ground.level {
                // Another directory of that name.
                Level::Full => assert!(!ground.gets_through(&record, &[])),
                // What is there is somebody's, and is neither given nor removed.
                Level::Files => assert_eq!(ground.run(&record, &[]).status.code(), Some(125)),
            }
            assert!(home.join("secret").exists());
        },
    );
}

#[test]
fn variables_that_lead_out() {
    each(
        |_| vec![Defence::Environment],
        |ground, off| {
            let names = ["LD_PRELOAD", "SSH_AUTH_SOCK", "MY_TOKEN", "DOCKER_HOST", "CCC_SECRETS", "HARMLESS"];
            let attempt: Vec<&str> = ["variables"].into_iter().chain(names).collect();
            let mut record = ground.record(&attempt);
            record.pass = names.iter().filter(|name| **name != "HARMLESS").map(Into::into).collect();
            let run = |off: &[Defence]| {
                let mut launcher = ground.launcher(off);
                launcher.envs(names.map(|name| (name, "/nonexistent")));
                super::ground::verdict(&super::ground::ended(super::ground::started(&mut launcher, &record)), off)
            };
            assert!(!run(&[]));
            assert!(run(off));
        },
    );
}
