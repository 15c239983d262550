//! `ccc-hook doctor --prove`: the real agent is run once against a small model on loopback, and a call that the bridge denies is seen
//! not to run. Nothing else proves that a host starts the hook and obeys it.

mod model;

use std::fs;
use std::io::{self, BufRead, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub use model::Model;

use crate::canary;
use crate::doctor::{self, Canary};
use ccc_hosts::host::{Host, Trial};
use ccc_hosts::manifest::{Install, Manifest, ManifestError};
use ccc_hosts::settings::place::Places;
use ccc_hosts::version::Version;

/// How long an agent may take, in seconds.
const RUN_SECONDS_MAX: u64 = 120;

/// What the agent is asked; its hooks may record it.
const PROMPT: &str = "ccc-hook doctor --prove: run the one command that you are told";

/// What came of a trial.
enum Verdict {
    /// The call was denied by way of the bridge and did not run.
    Proven,
    /// The agent ran it, or went on as if there were no hook.
    NotBlocked(String),
    /// Nothing can be said.
    Unproven(String),
}

/// Proves the installs of these hosts, each after a yes; `is_sure` where it was said before. True when all are proven.
///
/// # Errors
/// When the record of installs cannot be read or written, or the words not.
pub fn prove(
    hosts: &[Host],
    places: &Places,
    is_sure: bool,
    answers: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<bool, ManifestError> {
    let mut manifest = Manifest::load(&places.manifest())?;
    let chosen = |install: &&Install| hosts.iter().any(|host| host.name() == install.agent);
    let installs: Vec<Install> = manifest.installs.iter().filter(chosen).cloned().collect();
    let mut all_proven = !installs.is_empty();
    if installs.is_empty() {
        writeln!(out, "nothing is installed: ccc-hook install --agent NAME --secrets FILE")?;
    }
    for install in installs {
        let Ok(host) = install.agent.parse::<Host>() else { continue };
        let printed = doctor::program_line(host);
        let verdict = match ready(host, &install, places, printed.as_deref()) {
            Err(why) => Verdict::Unproven(why),
            Ok(trial) => {
                let folder = host.project_of(places, &install.settings).unwrap_or(&places.project);
                if is_sure || agreed(host, folder, answers, out)? {
                    tried(host, trial, folder, &places.ours)
                        .unwrap_or_else(|error| Verdict::Unproven(error.to_string()))
                } else {
                    Verdict::Unproven("it was not started".to_owned())
                }
            }
        };
        let proven = matches!(verdict, Verdict::Proven).then(|| version(printed.as_deref())).flatten();
        manifest.note_proof(&install.settings, proven);
        manifest.save(&places.manifest())?;
        all_proven &= matches!(verdict, Verdict::Proven);
        tell(host, &install, &verdict, printed.as_deref().unwrap_or_default(), out)?;
    }
    Ok(all_proven)
}

/// How to run the host, where everything else was seen to hold.
fn ready(host: Host, install: &Install, places: &Places, printed: Option<&str>) -> Result<Trial, String> {
    let trial = host.profile().trial.ok_or("it cannot be run against another model than its own")?;
    printed.ok_or_else(|| format!("`{}` is not found here", host.program()))?;
    match doctor::canary(host, install, &places.project) {
        Canary::Blocked(_) => Ok(trial),
        Canary::BlockedWithoutBridge(words) | Canary::Passed(words) => {
            Err(format!("the installed command alone does not hold: {words}"))
        }
    }
}

fn version(printed: Option<&str>) -> Option<Version> {
    Some(Version::in_words(printed?).unwrap_or(Version([0; 3])))
}

fn agreed(host: Host, folder: &Path, answers: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<bool> {
    writeln!(
        out,
        "{host}: starts {} (`{}`) once in {}, with your HOME, your settings and all other hooks in them. Its endpoint \
         and key alone are others: a small model of ccc-hook's own on 127.0.0.1, which asks for one harmless command \
         that the hook denies. It may write a session of its own.",
        host.title(),
        host.program(),
        folder.display()
    )?;
    write!(out, "Start it? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    writeln!(out)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn tell(host: Host, install: &Install, verdict: &Verdict, printed: &str, out: &mut dyn Write) -> io::Result<()> {
    let place = install.settings.display();
    match verdict {
        Verdict::Proven => {
            writeln!(out, "{host:8} PROVEN    {place}\n         a denied call did not run with {printed}")
        }
        Verdict::NotBlocked(what) => {
            writeln!(
                out,
                "{host:8} BLIND     {place}\n         NOT BLOCKED with {printed}: {what}; mend: see `ccc-hook doctor`"
            )
        }
        Verdict::Unproven(why) => writeln!(out, "{host:8} UNPROVEN  {place}\n         {why}"),
    }
}

fn tried(host: Host, trial: Trial, folder: &Path, ours: &Path) -> io::Result<Verdict> {
    let directory = Scratch::new(ours)?;
    let model = Model::start(&[canary::COMMAND])?;
    if let Some(file) = trial.file {
        fs::write(directory.path.join(file.name), (file.text)())?;
    }
    let mut command = Command::new(host.program());
    command.args((trial.arguments)(model.url())).arg(PROMPT).current_dir(folder);
    for (name, value) in (trial.environment)(model.url(), &directory.path) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = directory.path.join("output");
    let has_ended = ends(&mut command, &output)?;
    Ok(judged(&model, has_ended, &output))
}

fn judged(model: &Model, has_ended: bool, output: &Path) -> Verdict {
    let told = model.received();
    if told.contains(canary::RAN) {
        return Verdict::NotBlocked("the command ran".to_owned());
    }
    if told.contains(canary::REASON) {
        return Verdict::Proven;
    }
    if model.was_told_a_result() {
        return Verdict::Unproven("the command did not run, and not because of the hook".to_owned());
    }
    let said = fs::read_to_string(output).unwrap_or_default();
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned();
    let how = if has_ended { "it ended" } else { "it was stopped after two minutes" };
    Verdict::Unproven(format!("{how} before it used a tool; its last words: {last}"))
}

/// True where it ended by itself in time.
fn ends(command: &mut Command, output: &Path) -> io::Result<bool> {
    let file = fs::File::create(output)?;
    let mut child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
    let deadline = Instant::now() + Duration::from_secs(RUN_SECONDS_MAX);
    loop {
        if child.try_wait()?.is_some() {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A directory for one trial, gone with it. It is the person's own, as Gemini CLI wants it of what it reads settings from.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(ours: &Path) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = uuid::Builder::from_random_bytes(random).into_uuid().to_string();
        let path = ours.join(format!("trial-{name}"));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is harmless.
        let _ = fs::remove_dir_all(&self.path);
    }
}
