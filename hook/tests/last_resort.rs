//! A panic anywhere in the work ends in the asking host's blocking form.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::io;
use std::time::{Duration, Instant};

use ccc_hook::host::Host;
use ccc_hook::last_resort::LastResort;
use ccc_hook::settings::entries;
use ccc_hook::translate;
use ccc_hook::verdict::{Answer, Verdict};
use ccc_hook::voice::Voice;

fn armed(host: Host, event: Option<&str>) -> LastResort {
    let nowhere = || Err(io::Error::from(io::ErrorKind::NotFound));
    let deadline = Instant::now() + Duration::from_secs(600);
    LastResort::arm(host, event, deadline, Voice::new(nowhere(), nowhere())).unwrap()
}

#[test]
fn a_panic_denies_in_the_hosts_own_form() {
    for host in Host::ALL {
        let resort = armed(host, None);
        resort.aim(entries::gate(host));
        let answer = resort.catching(|| panic!("boom"));
        let reason = answer.objection.clone().unwrap();
        assert_eq!(answer, translate::answer(host, entries::gate(host), &Verdict::Deny(reason)), "{host}");
        assert_eq!(answer.status, 0, "{host}");
    }
}

#[test]
fn a_panic_before_the_event_is_known_blocks_by_status() {
    for host in Host::ALL {
        let answer = armed(host, None).catching(|| panic!("boom"));
        assert_eq!((answer.status, answer.stdout.len()), (2, 0), "{host}");
        assert!(!answer.stderr.is_empty(), "{host}");
    }
}

#[test]
fn work_that_does_not_panic_is_answered_as_it_says() {
    let answer = armed(Host::Claude, Some("PreToolUse")).catching(Answer::silent);
    assert_eq!(answer, Answer::silent());
}
