//! What carrying out promises, with real programs.

use std::{
    ffi::OsString,
    fs,
    path::Path,
    sync::OnceLock,
    time::{Duration, Instant},
};

use ccc_core::{
    catalogue::Catalogue,
    law::{Desktop, Law},
    limits::Limits,
    policy::{Needs, Rulebook},
    ticket::{self, Opening, Permit, Request},
    user::Users,
    volume::{Volume, Volumes},
};
use ccc_protocol::{
    Digest, TicketId, Timestamp, UserName,
    bodies::{PathView, Risk},
};

use super::{
    Effects, Environment, Means, Order, Outcome, Plan, Stop, ledger::Ledger, open, openers::Openers, process::Start,
    run,
};
use crate::{confine::Confine, volumes::pinned};

struct Place {
    dir: tempfile::TempDir,
    law: Law,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let volume = pinned(Volume::new("/workspace", dir.path().to_str().unwrap()).unwrap());
        let law = Law {
            catalogue: Catalogue::built_in(),
            rulebook: Rulebook::default(),
            users: Users::default(),
            limits: Limits { output_bytes_max: 1000, open_watch_millis: 300, ..Limits::default() },
            volumes: Volumes::new(vec![volume], None).unwrap(),
            desktop: Desktop::default(),
            programs: ccc_toolcall::programs::own::Own::default(),
            risk: ccc_core::risk::RiskLaw::default(),
            config: None,
            patterns: ccc_core::risk::patterns::Patterns::shipped(),
            fence: ccc_core::fence::FenceLaw::default(),
            dry_run: false,
        };
        Self { dir, law }
    }

    fn host(&self, name: &str) -> String {
        fs::canonicalize(self.dir.path()).unwrap().join(name).to_str().unwrap().to_owned()
    }

    async fn sh(&self, script: &str, args: &[&str], timeout_seconds: u64) -> Outcome {
        run::run(&self.plan(script, args, None, timeout_seconds), means(&environment()), order(&self.law), None).await
    }

    fn plan(&self, script: &str, args: &[&str], dir: Option<&str>, timeout_seconds: u64) -> Plan {
        let (program, args) = shell(script, args);
        let paths = dir.map(|name| self.view(name)).into_iter().collect();
        let dir = dir.map(|name| self.host(name));
        Plan::Run { declaration: Digest::of(b""), program, args, dir, timeout_seconds, paths, confined: None }
    }

    fn view(&self, name: &str) -> PathView {
        let volume = fs::canonicalize(self.dir.path()).unwrap().to_str().unwrap().to_owned();
        PathView {
            param: "path".into(),
            container: format!("/workspace/{name}"),
            host: self.host(name),
            volume,
            content: None,
        }
    }
}

fn shell(script: &str, args: &[&str]) -> (String, Vec<String>) {
    let args = ["-c", script, "sh"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    ("/bin/sh".to_owned(), args)
}

/// Nothing here is confined.
fn means(environment: &Environment) -> Means<'_> {
    static NO_LAUNCHER: std::sync::LazyLock<Confine> = std::sync::LazyLock::new(Confine::unneeded);
    Means { environment, confine: &NO_LAUNCHER }
}

fn environment() -> Environment {
    let given = [
        ("PATH", "/usr/bin:/bin"),
        ("LC_ALL", "C"),
        ("CCC_SECRETS", "s"),
        ("LD_PRELOAD", "x"),
        ("SSH_AUTH_SOCK", "y"),
        ("XDG_RUNTIME_DIR", "/run/x"),
    ];
    Environment::allowed(given.map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

fn user() -> UserName {
    "agent".parse().unwrap()
}

/// Nobody ends it early.
fn order(law: &Law) -> Order<'_> {
    static AGENT: OnceLock<UserName> = OnceLock::new();
    Order { user: AGENT.get_or_init(user), law, stop: Stop::never() }
}

fn text<'a>(outcome: &'a Outcome, field: &str) -> &'a str {
    outcome.result.as_ref().unwrap()[field].as_str().unwrap()
}

/// True where the process runs; one that has ended and waits for its parent does not.
fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::yield_now();
    }
}

fn end(pid: &str) {
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

#[tokio::test]
async fn arguments_arrive_whole_and_are_never_parsed_again() {
    let outcome = Place::new().sh("printf '%s|' \"$@\"", &["a b", "$(id)", "*", "", "'\"; rm -rf /"], 10).await;
    assert!(outcome.succeeded, "{outcome:?}");
    assert_eq!(text(&outcome, "stdout"), "a b|$(id)|*||'\"; rm -rf /|");
    assert_eq!(outcome.result.unwrap()["exit_code"], 0);
}

#[tokio::test]
async fn the_environment_holds_what_is_allowed_and_standard_input_is_empty() {
    let outcome = Place::new().sh("env | cut -d= -f1 | sort; cat", &[], 10).await;
    let names: Vec<_> =
        text(&outcome, "stdout").lines().filter(|name| !matches!(*name, "_" | "PWD" | "OLDPWD" | "SHLVL")).collect();
    assert_eq!(names, ["LC_ALL", "PATH", "XDG_RUNTIME_DIR"]);
}

#[tokio::test]
async fn a_failing_program_says_how_it_ended_and_what_it_wrote() {
    let outcome = Place::new().sh("echo out; echo err >&2; exit 3", &[], 10).await;
    assert!(!outcome.succeeded);
    assert_eq!(outcome.reason.as_deref(), Some("`sh` ended with exit code 3"));
    assert_eq!((text(&outcome, "stdout"), text(&outcome, "stderr")), ("out\n", "err\n"));
    let killed = Place::new().sh("kill -SEGV $$", &[], 10).await;
    assert_eq!(killed.reason.as_deref(), Some("`sh` was ended by signal 11"));
}

#[tokio::test]
async fn a_missing_program_is_a_failed_ticket_with_a_sentence_without_host_path() {
    let place = Place::new();
    for program in ["/no/such/dir/tool", "tool"] {
        let Plan::Run { declaration, args, paths, .. } = place.plan("", &[], None, 1) else {
            panic!("a plan that runs")
        };
        let plan = Plan::Run {
            declaration,
            program: program.into(),
            args,
            dir: None,
            timeout_seconds: 1,
            paths,
            confined: None,
        };
        let outcome = run::run(&plan, means(&environment()), order(&place.law), None).await;
        let reason = outcome.reason.unwrap();
        assert!(
            !outcome.succeeded && reason.contains("`tool` is not on the host") && !reason.contains("/no/such"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn output_beyond_the_limit_is_dropped_marked_and_holds_nobody_up() {
    let outcome = Place::new()
        .sh("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; echo end >&2", &[], 60)
        .await;
    assert!(outcome.succeeded, "{:?}", outcome.reason);
    let stdout = text(&outcome, "stdout");
    assert!(stdout.len() <= 1000 && stdout.len() > 900 && stdout.ends_with("9\n"), "{}", stdout.len());
    assert_eq!(text(&outcome, "stderr"), "end\n");
    assert_eq!(outcome.result.unwrap()["truncated"], true);
}

#[tokio::test]
async fn the_whole_group_ends_at_the_time_limit_whoever_ignores_signals() {
    let place = Place::new();
    let pids = place.host("pids");
    let script = "trap '' TERM; (trap '' TERM; while :; do sleep 60; done) & echo $$ $! > \"$1.new\"; mv \"$1.new\" \"$1\"; while :; do sleep 60; done";
    let start = Instant::now();
    let outcome = place.sh(script, &[&pids], 1).await;
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(outcome.reason.as_deref(), Some("`sh` ran longer than 1 s and was ended"));
    assert_eq!(outcome.result.as_ref().unwrap()["timed_out"], true);
    for pid in fs::read_to_string(pids).unwrap().split_whitespace() {
        wait_until("the group has ended", || !is_running(pid));
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_holds_no_answer_up_and_its_group_ends_with_it() {
    let place = Place::new();
    let pids = place.host("pids");
    let outcome = place.sh("sleep 60 & echo $! > \"$1\"; echo done", &[&pids], 30).await;
    assert!(outcome.succeeded);
    assert_eq!(text(&outcome, "stdout"), "done\n");
    let pid = fs::read_to_string(pids).unwrap();
    wait_until("the child left behind has ended", || !is_running(pid.trim()));
}

#[tokio::test]
async fn a_child_that_leaves_the_group_and_keeps_the_stream_open_holds_no_answer_up() {
    if !Path::new("/usr/bin/setsid").exists() {
        eprintln!("no setsid here: not shown");
        return;
    }
    let place = Place::new();
    let pids = place.host("pids");
    let start = Instant::now();
    let outcome = place
        .sh(
            "setsid sh -c 'echo $$ > \"$1\"; exec sleep 60' sh \"$1\" & while [ ! -s \"$1\" ]; do :; done; echo done",
            &[&pids],
            40,
        )
        .await;
    assert!(outcome.succeeded && start.elapsed() < Duration::from_secs(20));
    assert_eq!(text(&outcome, "stdout"), "done\n");
    end(&fs::read_to_string(pids).unwrap());
}

#[tokio::test]
async fn a_program_starts_in_its_directory_and_its_output_names_the_containers_paths() {
    let place = Place::new();
    fs::create_dir(place.dir.path().join("app")).unwrap();
    let outcome = run::run(
        &place.plan("pwd -P; ls /proc/self/fd | wc -l", &[], Some("app"), 10),
        means(&environment()),
        order(&place.law),
        None,
    )
    .await;
    assert!(text(&outcome, "stdout").starts_with("/workspace/app\n"), "{outcome:?}");
}

#[tokio::test]
async fn a_directory_that_was_replaced_by_a_link_is_not_started_in() {
    let place = Place::new();
    fs::create_dir(place.dir.path().join("other")).unwrap();
    fs::create_dir(place.dir.path().join("app")).unwrap();
    let plan = place.plan("touch here", &[], Some("app"), 10);
    fs::remove_dir(place.dir.path().join("app")).unwrap();
    for target in ["other", "/tmp"] {
        std::os::unix::fs::symlink(target, place.dir.path().join("app")).unwrap();
        let outcome = run::run(&plan, means(&environment()), order(&place.law), None).await;
        assert_eq!(outcome.reason.as_deref(), Some("its working directory cannot be opened: nothing was run"));
        fs::remove_file(place.dir.path().join("app")).unwrap();
    }
    assert!(!place.dir.path().join("other/here").exists());
}

async fn opened(place: &Place, script: &str, args: &[&str]) -> Outcome {
    let (program, args) = shell(script, args);
    let plan = Plan::Open { declaration: Digest::of(b""), program, args, dir: None, paths: vec![] };
    let opened = Openers::default().open(&user(), Digest::of(b""), &place.law.limits).unwrap();
    open::open(&plan, &environment(), &place.law, opened).await
}

#[tokio::test]
async fn an_opener_that_fails_early_is_a_failure_and_one_that_goes_on_is_left_alone() {
    let place = Place::new();
    assert!(opened(&place, "exit 0", &[]).await.succeeded);
    let failed = opened(&place, "exit 4", &[]).await;
    assert_eq!(failed.reason.as_deref(), Some("`sh` ended with exit code 4"));
    let pids = place.host("pids");
    let going_on = opened(&place, "echo $$ > \"$1\"; exec sleep 60", &[&pids]).await;
    assert!(going_on.succeeded, "{going_on:?}");
    let pid = fs::read_to_string(pids).unwrap();
    assert!(is_running(pid.trim()));
    end(&pid);
}

fn permit(plan: &Plan) -> Permit {
    let digest = ccc_protocol::approval::plan_digest(plan);
    let request = Request {
        id: TicketId::new(1, [1; 10]),
        action: "run-it".parse().unwrap(),
        params: Default::default(),
        params_bytes: 0,
        submitted_by: "agent".parse().unwrap(),
        created: Timestamp::from_seconds(1),
        plan: plan.clone(),
        plan_digest: digest,
        digest,
        rule: String::new(),
        needs: Needs::plain(&Limits::default()),
        judge_only: false,
        risk: Risk::Normal,
        irreversible: false,
        call: None,
        replaces: None,
        approved_seconds_max: 60,
        let_in: None,
        known_hosts: None,
        left_out: None,
        assessed: None,
        config: None,
        reading: Default::default(),
    };
    ticket::open(request, Opening::Start).permit.unwrap()
}

fn effects(dry_run: bool) -> Effects {
    Effects {
        environment: environment(),
        mailer: None,
        confine: Confine::unneeded(),
        dry_run,
        openers: Openers::default(),
        ledger: None,
    }
}

#[tokio::test]
async fn a_permit_runs_its_own_plan_alone() {
    let place = Place::new();
    let shown = place.plan("true", &[], None, 10);
    let other = place.plan("touch \"$1\"", &[&place.host("ran")], None, 10);
    let outcome = effects(false).run(permit(&shown), &other, order(&place.law)).await;
    assert_eq!(outcome.reason.as_deref(), Some("what would run is no longer what was shown: nothing was run"));
    assert!(!place.dir.path().join("ran").exists());
    assert!(effects(false).run(permit(&other), &other, order(&place.law)).await.succeeded);
    assert!(place.dir.path().join("ran").exists());
}

#[tokio::test]
async fn a_dry_run_runs_nothing_and_says_so() {
    let place = Place::new();
    let plan = place.plan("touch \"$1\"", &[&place.host("ran")], None, 10);
    let outcome = effects(true).run(permit(&plan), &plan, order(&place.law)).await;
    assert_eq!(outcome.result.unwrap()["dry_run"], true);
    assert!(outcome.succeeded && !place.dir.path().join("ran").exists());
}

#[tokio::test]
async fn a_run_is_ended_with_its_whole_group_when_somebody_stops_it() {
    let place = Place::new();
    let plan = place.plan("sleep 600 & echo $! > \"$1\"; echo begun; wait", &[&place.host("pid")], None, 600);
    let (ends, stop) = tokio::sync::watch::channel(None);
    let order = Order { stop: Stop::when(stop), ..order(&place.law) };
    let environment = environment();
    let stopper = async {
        while fs::read_to_string(place.host("pid")).unwrap_or_default().trim().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        ends.send_replace(Some("stopped by ana".to_owned()));
    };
    let (outcome, ()) = tokio::join!(run::run(&plan, means(&environment), order, None), stopper);
    assert!(!outcome.succeeded);
    assert_eq!(outcome.reason.as_deref(), Some("stopped by ana"));
    assert_eq!(text(&outcome, "stdout"), "begun\n");
    let child = fs::read_to_string(place.host("pid")).unwrap();
    wait_until("the group ends", || !is_running(child.trim()));
}

#[tokio::test]
async fn what_was_stopped_before_it_began_never_begins() {
    let place = Place::new();
    let plan = place.plan("touch \"$1\"", &[&place.host("ran")], None, 10);
    let (_ends, stop) = tokio::sync::watch::channel(Some("stopped by ana".to_owned()));
    let order = Order { stop: Stop::when(stop), ..order(&place.law) };
    let outcome = effects(false).run(permit(&plan), &plan, order).await;
    assert!(outcome.reason.unwrap().starts_with("stopped by ana"));
    assert!(!place.dir.path().join("ran").exists());
}

#[tokio::test]
async fn a_run_that_its_server_left_behind_is_ended_by_the_next_one_when_its_time_is_over() {
    let place = Place::new();
    let ledger = Ledger::open(place.dir.path()).unwrap();
    let ticket = TicketId::new(1, [1; 10]);
    let plan = place.plan("echo $$ > \"$1\"; sleep 600", &[&place.host("pid")], None, 1);
    let (law, environment, next) = (place.law.clone(), environment(), ledger.clone());
    // Aborted in the middle, as a killed server is: the program goes on, and so does its record.
    let _written = std::mem::ManuallyDrop::new({
        let Plan::Run { program, args, .. } = &plan else { panic!("a plan that runs") };
        let start = super::process::Start { program, args, dir: None, volumes: &law.volumes, given: None };
        let process = start.start(&environment, std::process::Stdio::null).unwrap();
        (ledger.write(ticket, process.group.unwrap(), 1), process)
    });
    wait_until("it runs", || !fs::read_to_string(place.host("pid")).unwrap_or_default().trim().is_empty());
    let pid = fs::read_to_string(place.host("pid")).unwrap();
    assert!(is_running(pid.trim()) && place.dir.path().join("runs").join(ticket.to_string()).exists());
    next.end_over_time();
    let began = Instant::now();
    while is_running(pid.trim()) {
        assert!(began.elapsed() < Duration::from_secs(20), "it is ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let record = place.dir.path().join("runs").join(ticket.to_string());
    while record.exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "its record goes with it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_record_of_a_number_that_is_anothers_now_ends_nobody() {
    let place = Place::new();
    let ledger = Ledger::open(place.dir.path()).unwrap();
    let mut other = std::process::Command::new("/bin/sleep").arg("600").spawn().unwrap();
    let record = place.dir.path().join("runs").join(TicketId::new(1, [1; 10]).to_string());
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let told = serde_json::json!({
        "group": other.id(), "began_ticks": 1, "boot": boot.trim(), "timeout_seconds": 0
    });
    fs::write(&record, told.to_string()).unwrap();
    ledger.end_over_time();
    assert!(!record.exists() && is_running(&other.id().to_string()));
    other.kill().unwrap();
    other.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_group_is_signalled_before_its_leader_is_reaped_and_never_after() {
    let place = Place::new();
    let args = ["-c".to_owned(), "exit 3".to_owned()];
    let start = Start { program: "/bin/sh", args: &args, dir: None, volumes: &place.law.volumes, given: None };
    let process = start.start(&environment(), std::process::Stdio::null).unwrap();
    let stat = format!("/proc/{}/stat", process.child.id().unwrap());
    process.ended().await;
    let of_a_zombie = fs::read_to_string(&stat).unwrap();
    assert!(of_a_zombie.rsplit(") ").next().unwrap().starts_with('Z'), "its number is still its own: {of_a_zombie}");
    // Takes the process: nothing is left that could signal the group.
    assert_eq!(process.reap().await.unwrap().code(), Some(3));
    assert!(!Path::new(&stat).exists());
}
