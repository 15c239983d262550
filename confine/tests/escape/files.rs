//! Files that were not given, by every way to a file.

use std::{fs, os::unix::fs::symlink};

use ccc_confine::{Defence, Level};

use super::ground::{Bystander, Ground, Meanwhile, SECRET, Who, each, exchange, is_root, walls};

const FILES: &[Defence] = &[Defence::LandlockFiles];

#[test]
fn a_file_outside_by_its_path() {
    each(walls(FILES), |ground, off| ground.kept_by(&ground.record(&["read", &ground.text("outside/secret")]), off));
}

#[test]
fn a_file_outside_by_a_link_in_what_is_given() {
    each(walls(FILES), |ground, off| {
        symlink(ground.path("outside/secret"), ground.path("work/link")).unwrap();
        ground.kept_by(&ground.record(&["read", &ground.text("work/link")]), off);
    });
}

/// The attack that this crate is for: a directory of the workspace is exchanged with a link, in a loop, by the agent outside.
#[test]
fn a_directory_that_is_exchanged_with_a_link() {
    each(walls(FILES), |ground, off| {
        let (dir, link) = (ground.directory("work/dir"), ground.path("work/link"));
        fs::write(dir.join("secret"), "nothing to see").unwrap();
        symlink(ground.path("outside/dir"), &link).unwrap();
        let _exchanging = Meanwhile::does(move || exchange(&dir, &link));
        ground.kept_by(&ground.record(&["exchange", "0.5", &ground.text("work/dir/secret")]), off);
    });
}

/// The same in its long form, with as many exchangers as it takes to have the secret at once without the defence.
#[test]
#[ignore = "takes a minute for each level and user"]
fn a_directory_that_is_exchanged_with_a_link_by_four_for_a_minute() {
    each(walls(FILES), |ground, off| {
        let places = [1, 2, 3, 4].map(|at| {
            let (dir, link) = (ground.directory(&format!("work/dir{at}")), ground.path(&format!("work/link{at}")));
            fs::write(dir.join("secret"), "nothing to see").unwrap();
            symlink(ground.path("outside/dir"), &link).unwrap();
            (dir, link)
        });
        let _exchanging = places.map(|(dir, link)| Meanwhile::does(move || exchange(&dir, &link)));
        let paths = [1, 2, 3, 4].map(|at| ground.text(&format!("work/dir{at}/secret")));
        let attempt = |seconds| -> Vec<String> {
            ["exchange", seconds].into_iter().map(str::to_owned).chain(paths.clone()).collect()
        };
        let record = |seconds| ground.record(&attempt(seconds).iter().map(String::as_str).collect::<Vec<_>>());
        let kept = ground.run(&record("60"), &[]);
        println!("{:?} {:?}: {}", ground.level, ground.who, String::from_utf8_lossy(&kept.stdout).trim());
        assert!(!super::ground::verdict(&kept, &[]));
        assert!(super::ground::verdict(&ground.run(&record("60"), off), off));
    });
}

#[test]
fn a_file_outside_through_the_roots_of_processes() {
    each(walls(FILES), |ground, off| {
        let _bystander = Bystander::new(ground);
        ground.kept_by(&ground.record(&["through_proc", &ground.text("outside/secret")]), off);
    });
}

#[test]
fn the_environment_and_open_files_of_processes_outside() {
    each(walls(&[Defence::LandlockFiles, Defence::LandlockScope, Defence::Capabilities]), |ground, off| {
        let file = fs::File::open(ground.path("outside/secret")).unwrap();
        let mut sleep = std::process::Command::new("/usr/bin/sleep");
        let _bystander = Bystander::with(ground, sleep.arg("600").env("HELD", SECRET).stderr(file));
        ground.kept_by(&ground.record(&["of_processes"]), off);
    });
}

#[test]
fn a_hard_link_to_a_file_outside() {
    each(walls(FILES), |ground, off| {
        ground.kept_by(&ground.record(&["hard_link", &ground.text("outside/secret"), &ground.text("work/hard")]), off);
    });
}

#[test]
fn writing_creating_and_truncating_outside() {
    each(walls(FILES), |ground, off| {
        for attempt in ["write", "truncate"] {
            ground.kept_by(&ground.record(&[attempt, &ground.text("outside/secret")]), off);
        }
        ground.kept_by(&ground.record(&["create", &ground.text("outside/new")]), off);
        ground.kept_by(&ground.record(&["rename", &ground.text("outside/secret"), &ground.text("work/moved")]), off);
    });
}

#[test]
fn modes_and_times_of_files_outside() {
    // Landlock lets them be changed. At `files` the filter does not; at `full` the path leads nowhere.
    let off = |level| if level == Level::Full { vec![Defence::Namespaces] } else { vec![Defence::Calls] };
    each(off, |ground, off| {
        for attempt in ["chmod", "chmod_by_descriptor", "times"] {
            ground.kept_by(&ground.record(&[attempt, &ground.text("outside/secret")]), off);
        }
    });
}

/// Its owner may change the mode of a file that was only given for reading, where no mount says otherwise. Root owns the machine's.
#[test]
fn modes_of_files_that_root_was_given_for_reading() {
    let off = |level| match level {
        Level::Full => vec![Defence::ReadOnlyMounts],
        Level::Files => vec![Defence::Calls],
    };
    each(off, |ground, off| {
        let mut record = ground.record(&["chmod_open", &ground.text("outside/secret")]);
        record.read.push(ground.path("outside"));
        if ground.level == Level::Files && !(is_root() && ground.who == Who::Self_) {
            assert!(ground.gets_through(&record, &[]));
            return;
        }
        ground.kept_by(&record, off);
    });
}

#[test]
fn modes_by_path_where_the_record_lets_them() {
    each(walls(&[]), |ground, _| {
        ground.file("work/own");
        let mut record = ground.record(&["chmod", &ground.text("work/own")]);
        assert_eq!(ground.gets_through(&record, &[]), ground.level == Level::Full);
        record.modes_by_path = true;
        assert!(ground.gets_through(&record, &[]));
    });
}

#[test]
fn what_is_given_for_reading_is_not_written() {
    let off = |level| match level {
        Level::Full => vec![Defence::ReadOnlyMounts, Defence::LandlockFiles],
        Level::Files => vec![Defence::LandlockFiles],
    };
    each(off, |ground, off| {
        ground.file("outside/read");
        for attempt in ["write", "truncate"] {
            let mut record = ground.record(&[attempt, &ground.text("outside/read")]);
            record.read.push(ground.path("outside"));
            ground.kept_by(&record, off);
        }
    });
}

#[test]
fn a_descriptor_that_was_left_open() {
    each(walls(&[Defence::Descriptors]), |ground, off| {
        let file = fs::File::open(ground.path("outside/secret")).unwrap();
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&file).to_string();
        ground.kept_by(&ground.record(&["descriptor", &number]), off);
    });
}

#[test]
fn a_program_that_runs_as_root_by_its_mode() {
    if !is_root() {
        eprintln!("NOT RUN: only root can make a set-user-id program");
        return;
    }
    let off =
        [Defence::NoNewPrivileges, Defence::Calls, Defence::Sockets, Defence::LandlockFiles, Defence::LandlockScope];
    for level in super::ground::levels() {
        let ground = Ground::new(level, super::ground::Who::Nobody);
        let id = ground.path("work/id");
        fs::copy("/usr/bin/id", &id).unwrap();
        fs::set_permissions(&id, std::os::unix::fs::PermissionsExt::from_mode(0o4755)).unwrap();
        let off: Vec<Defence> = off.into_iter().chain([Defence::Namespaces]).collect();
        ground.kept_by(&ground.record(&["run_as", &ground.text("work/id")]), &off);
    }
}
