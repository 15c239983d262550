//! One run of the hook: from the bytes on stdin to the one answer.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ccc_protocol::TicketId;
use ccc_protocol::actions::{CAN, OTHER_RAN};
use serde_json::{Map, Value};

use crate::canary;
use crate::config::{Config, ConfigError};
use crate::confine::{self, After, Can};
use crate::connection::Connection;
use crate::declared;
use crate::decoy;
use crate::fence::{self, Handed};
use crate::input::{self, InputError};
use crate::judge::{self, Bridge, Judged, Waiting};
use crate::last_resort::LastResort;
use crate::registry::Registry;
use crate::seen;
use crate::voice::Voice;
use ccc_hosts::answer::{Answer, Reason, Reply};
use ccc_hosts::event::{Event, MAIN_AGENT, Recorded};
use ccc_hosts::host::{Host, Moment};
use ccc_hosts::project;
use ccc_hosts::translate::{self, Problem, Question};

/// How long anything but waiting for a person may take, in seconds: less than
/// the time-out that `install` writes for recorded events, and less than any
/// that a host has of its own.
const START_SECONDS_MAX: u64 = 8;

/// The bridge is told of a directory alone, not that the agent chose it.
const ELSEWHERE: &str = "this call chose to run outside of the project: begin its command with `cd DIRECTORY &&` instead, so that it is judged";

/// What the installed command line says.
#[derive(Debug, Clone, Copy)]
pub struct Installed<'a> {
    /// For which host.
    pub host: Host,
    /// For which of its events.
    pub event: Option<&'a str>,
    /// The file that `install` wrote; without it everything is blocked.
    pub config: Option<&'a Path>,
}

/// Answers the hook document on stdin and returns the status to end with.
#[must_use]
pub fn run(installed: Installed<'_>) -> ExitCode {
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(START_SECONDS_MAX);
    let resort = match LastResort::arm(installed.host, installed.event, deadline, Voice::of_process()) {
        Ok(resort) => resort,
        Err(error) => return unarmed(&error),
    };
    let mut known = installed.event.map(ToOwned::to_owned);
    let answer = settle(installed, begun, &resort, &mut known)
        .unwrap_or_else(|failure| failure.reply(installed.host, known.as_deref()));
    resort.say(&answer)
}

fn unarmed(error: &io::Error) -> ExitCode {
    let reason = Reason::new(&format!("ccc-hook cannot guard itself: {error}"));
    ExitCode::from(Voice::of_process().block(&reason))
}

/// `known` is the event to answer in, also when a later step fails.
fn settle(
    installed: Installed<'_>,
    begun: Instant,
    resort: &LastResort,
    known: &mut Option<String>,
) -> Result<Reply, Failure> {
    let (mut question, document) = read(installed)?;
    resort.aim(&question.event);
    *known = Some(question.event.clone());
    let config = Config::load(installed.config.ok_or(Failure::NoConfig)?)?;
    if may_wait(&question.content) {
        resort.set_deadline(begun + config.own_limit())?;
    }
    if let (Event::Judge(_), Some(path)) = (&question.content, installed.config) {
        seen::note(question.host, &document, path);
    }
    let bridge = Arc::new(Connection::open(&config)?);
    with_stable_id(&mut question.content, installed.config);
    with_confinement(&mut question.content, &config, installed.config);
    match &question.content {
        Event::Judge(call) if !canary::is_asked(call) => {
            let path = installed.config.ok_or(Failure::NoConfig)?;
            if project::is_elsewhere(question.host, &call.cwd) {
                let why = Reason::new(ELSEWHERE);
                return Ok(translate::reply(question.host, &question.event, &Answer::Deny(why)));
            }
            if let Some(why) = confine::leads_out(&config, call) {
                return Ok(translate::reply(question.host, &question.event, &Answer::Deny(why)));
            }
            let can = Can::of(&config, path, &question.event, call, &document);
            let opened = |ticket| withdraws(resort, &bridge, ticket);
            decide_call(
                &question,
                &*bridge,
                &Waiting { deadline: Instant::now() + config.hold(), opened: &opened },
                &can,
            )
        }
        Event::Record(recorded) => {
            let reply = record(&question, recorded, &document, installed.config, &bridge)?;
            Ok(reply.unwrap_or_else(|| told_at_start(&question, recorded, config.canary.as_deref())))
        }
        Event::Judge(_) => sing(&question, &*bridge),
    }
}

/// What happened is written down, and what a tool gave back handed over before. `None`: the host is told nothing particular.
fn record(
    question: &Question,
    recorded: &Recorded,
    document: &Map<String, Value>,
    config: Option<&Path>,
    bridge: &Connection,
) -> Result<Option<Reply>, Failure> {
    let after = config.map_or(After::Nothing, |path| settle_after(recorded, document, path));
    let handed = fence::hand_over(bridge, &question.event, recorded, document);
    let entry = Event::Record(with_after(recorded, after, &handed));
    judge::record(bridge.road(), &entry.action(None)).map_err(Failure::NoAnswer)?;
    Ok(match (handed, after) {
        (Handed::Masked(reply), _) => Some(reply),
        (_, After::KeptFrom) => Some(translate::told(question.host, &question.event, confine::TOLD)),
        (_, After::Nothing | After::Other) => None,
    })
}

/// An agent that begins is told a marked value, where there is one.
fn told_at_start(question: &Question, recorded: &Recorded, canary: Option<&str>) -> Reply {
    let begins = recorded.moment == Moment::SessionStart && question.host.profile().tells_at_start;
    match canary.filter(|_| begins) {
        Some(canary) => translate::told(question.host, &question.event, &decoy::told_at_start(canary)),
        None => translate::noted(question.host, &question.event),
    }
}

/// Nobody is to decide about a call that was given up.
fn withdraws(resort: &LastResort, bridge: &Arc<Connection>, ticket: TicketId) {
    let bridge = Arc::clone(bridge);
    resort.when_stopped(move || bridge.withdraw(ticket));
}

/// What ran is not what was handed out: no call of this host is confined any more until `doctor` has looked.
fn settle_after(recorded: &Recorded, document: &Map<String, Value>, config: &Path) -> After {
    let after = confine::look_after(recorded, document);
    if after == After::Other {
        // Where that cannot be written down, the entry at the bridge says it all the same.
        let _ = confine::switch_off(config, recorded.host);
    }
    after
}

/// The entry says what came of a confined call, and where nobody looked at what it gave back.
fn with_after(recorded: &Recorded, after: After, handed: &Handed) -> Recorded {
    let word = match after {
        After::Nothing => None,
        After::Other => Some(OTHER_RAN),
        After::KeptFrom => Some("looks as if it was kept from something"),
    };
    let mut recorded = recorded.clone();
    recorded.detail.extend(word.map(|word| ("confined".to_owned(), Value::from(word))));
    if matches!(handed, Handed::Failed) {
        recorded.detail.insert("looked_at".to_owned(), Value::from(false));
    }
    recorded
}

/// A call that can be confined says so, and goes on as the launcher's line where the bridge wants it.
fn decide_call(question: &Question, bridge: &impl Bridge, waiting: &Waiting<'_>, can: &Can) -> Result<Reply, Failure> {
    let mut action = question.content.action(declared::user().as_deref());
    if let Some(fields) = action.as_object_mut().filter(|_| !can.words().is_empty()) {
        fields.insert(CAN.to_owned(), Value::from(can.words()));
    }
    let judged = judge::judge(bridge.road(), &action, waiting).map_err(Failure::NoAnswer)?;
    Ok(match (judged, can) {
        (Judged::Answered(answer), _) if answer.objection().is_none() && is_left_to_the_host(question) => {
            translate::aside(question.host, &question.event)
        }
        (Judged::Answered(answer), _) => {
            if let (Event::Judge(call), None) = (&question.content, answer.objection()) {
                confine::released(call);
            }
            translate::reply(question.host, &question.event, &answer)
        }
        (Judged::Confined, Can::Confine(confiner)) => {
            translate::rewritten(question.host, &question.event, &confiner.hand_over().map_err(Failure::NoAnswer)?)
        }
        (Judged::Confined, Can::Nothing | Can::NotNow) => {
            let why = Reason::new("the bridge wants this call to be confined, which it was not told can be done here");
            translate::reply(question.host, &question.event, &Answer::Deny(why))
        }
    })
}

/// What the agent asks its person is the person's, and their own rules stand beside the bridge's.
fn is_left_to_the_host(question: &Question) -> bool {
    let Event::Judge(call) = &question.content else { return false };
    call.asks_the_person() || confine::outranks_a_rule(question.host)
}

/// A person is waited for at a gate alone, and never for a canary.
fn may_wait(event: &Event) -> bool {
    matches!(event, Event::Judge(call) if !canary::is_asked(call))
}

/// An agent that begins is told with the id that it keeps.
fn with_stable_id(event: &mut Event, config: Option<&Path>) {
    let (Event::Record(recorded), Some(config)) = (event, config) else { return };
    let name = match recorded.moment {
        Moment::SessionStart => MAIN_AGENT,
        Moment::SubagentStart => recorded.detail.get("agent_type").and_then(Value::as_str).unwrap_or_default(),
        _ => return,
    };
    let agents = Registry::load(&config.with_file_name("agents.json"));
    if let Some(id) = agents.id(recorded.host, name) {
        recorded.detail.insert("stable_id".to_owned(), Value::from(id));
    }
}

/// A session that begins tells why its calls are not confined, for whoever wonders at a question.
fn with_confinement(event: &mut Event, config: &Config, config_path: Option<&Path>) {
    let (Event::Record(recorded), Some(path)) = (event, config_path) else { return };
    if recorded.moment == Moment::SessionStart
        && let Some(why) = confine::why_not(recorded.host, config, path)
    {
        recorded.detail.insert("not_confined".to_owned(), Value::from(why));
    }
}

fn read(installed: Installed<'_>) -> Result<(Question, Map<String, Value>), Failure> {
    let document = input::read_document(io::stdin().lock())?;
    let mut question = translate::read(installed.host, installed.event, &document)?;
    question.content.in_project(project::named(installed.host).as_deref());
    Ok((question, document))
}

/// The answer to a canary: always a denial, and who the bridge knows this agent as.
fn sing(question: &Question, bridge: &impl Bridge) -> Result<Reply, Failure> {
    let user = bridge.greet().map_err(Failure::NoAnswer)?;
    Ok(translate::reply(question.host, &question.event, &Answer::Deny(canary::reason(&user))))
}

/// Why there is no decision. Every text reaches the agent and its person.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line was changed or written by hand.
    #[error("the installed hook command has no `--config FILE`: run `ccc-hook install` again")]
    NoConfig,
    /// See [`InputError`].
    #[error(transparent)]
    Input(#[from] InputError),
    /// See [`Problem`].
    #[error(transparent)]
    Document(#[from] Problem),
    /// See [`ConfigError`].
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The deadline cannot be watched.
    #[error("ccc-hook cannot watch its deadline: {0}")]
    Unwatched(#[from] io::Error),
    /// The bridge gave no authentic answer.
    #[error("{0}")]
    NoAnswer(Reason),
}

impl Failure {
    /// In the host's own form, but for a host that is another one: all of them block on the status.
    fn reply(&self, host: Host, event: Option<&str>) -> Reply {
        match self {
            Self::Document(Problem::OtherAgent) => Reply::block(&self.reason()),
            _ => translate::blocked(host, event, self.reason()),
        }
    }

    fn reason(&self) -> Reason {
        Reason::new(&self.to_string())
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::NoAnswer(reason)
    }
}
