//! The command line.

use std::path::PathBuf;

use ccc_protocol::{ActionName, UserName, bodies::Status};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::{locate, since::Since};

/// Verifies, shows, exports and replays the audit log of ccc-server. Reads only; works beside a running server and without one.
#[derive(Debug, Parser)]
#[command(name = "ccc-audit", version, after_help = EXAMPLES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Is the log what was written?
    #[command(after_help = VERIFY_HELP)]
    Verify(Verify),
    /// What happened
    #[command(after_help = SHOW_HELP)]
    Show(Show),
    /// The log for other programs
    #[command(after_help = EXPORT_HELP)]
    Export(Export),
    /// What another config would have said to what was asked
    #[command(after_help = REPLAY_HELP)]
    Replay(Replay),
    /// How much is asked, and how it is answered
    #[command(after_help = STATS_HELP)]
    Stats(Stats),
}

/// Where entries come from.
#[derive(Debug, Clone, ClapArgs)]
pub struct From {
    /// The server's data directory [default: $XDG_DATA_HOME/ccc]
    #[arg(long, value_name = "DIR", conflicts_with = "export")]
    pub data: Option<PathBuf>,
    /// What `export --format jsonl` wrote, instead of a data directory
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
}

/// `verify`.
#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// Where entries come from.
    #[command(flatten)]
    pub from: From,
    /// The checkpoint file, or a copy that was kept elsewhere [default: checkpoints.jsonl in the data directory]
    #[arg(long, value_name = "FILE")]
    pub checkpoints: Option<PathBuf>,
    /// The server's audit key, which shows that the checkpoints are genuine; more than one after a change of keys
    /// [default: $XDG_CONFIG_HOME/ccc/audit.key with the default data directory]
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// For how many seconds entries may have no checkpoint
    #[arg(long, value_name = "SECONDS", default_value_t = TAIL_SECONDS_MAX)]
    pub tail_max: u64,
}

/// `show`.
#[derive(Debug, ClapArgs)]
pub struct Show {
    /// Where entries come from.
    #[command(flatten)]
    pub from: From,
    /// Which entries.
    #[command(flatten)]
    pub which: Which,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Go on with what is added
    #[arg(long, conflicts_with = "export")]
    pub follow: bool,
}

/// Which entries to show.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Which {
    /// Not before: `2026-03-07`, `2026-03-07T12:00:00Z`, or how long ago: `90s`, `15m`, `2h`, `7d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// Made by this user, or about them
    #[arg(long, value_name = "NAME")]
    pub user: Option<UserName>,
    /// About this action
    #[arg(long, value_name = "NAME")]
    pub action: Option<ActionName>,
    /// After which the ticket stood so: queued, approved, running, succeeded, failed, released, denied, expired,
    /// cancelled, lost
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<Status>,
}

/// `export`.
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// The server's data directory [default: $XDG_DATA_HOME/ccc]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How each entry is written
    #[arg(long, value_enum)]
    pub format: Format,
    /// A new file, readable by its owner alone [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `replay`.
#[derive(Debug, ClapArgs)]
pub struct Replay {
    /// Where entries come from.
    #[command(flatten)]
    pub from: From,
    /// The config to decide under
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Of requests not before: `2026-03-07`, `2026-03-07T12:00:00Z`, or how long ago: `12h`, `30d`
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub since: Since,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `stats`.
#[derive(Debug, ClapArgs)]
pub struct Stats {
    /// Where entries come from.
    #[command(flatten)]
    pub from: From,
    /// Of what happened not before: `2026-03-07`, `2026-03-07T12:00:00Z`, or how long ago: `12h`, `30d`
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub since: Since,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Entry and hash, a line each: what `verify --export` reads
    Jsonl,
    /// A table, safe to open in a spreadsheet
    Csv,
    /// Open Cybersecurity Schema Framework, class API Activity, a line each
    Ocsf,
}

/// A server makes a checkpoint at the latest a minute after the last; its clock and its look at it take their time.
const TAIL_SECONDS_MAX: u64 = 180;

impl From {
    /// The data directory that is meant.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(locate::default_data)
    }
}

fn status(word: &str) -> Result<Status, String> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == word);
    known.ok_or_else(|| format!("write one of {}", Status::ALL.map(Status::as_str).join(", ")))
}

const EXAMPLES: &str = "\
Examples:
  ccc-audit verify
  ccc-audit show --since 1h --user agent
  ccc-audit show --follow --json
  ccc-audit export --format csv --output audit.csv
  ccc-audit replay --config new.toml
  ccc-audit stats --since 7d";

const VERIFY_HELP: &str = "\
Examples:
  ccc-audit verify --key ~/.config/ccc/audit.key
  ccc-audit verify --data /srv/ccc --checkpoints /mnt/elsewhere/checkpoints.jsonl --key audit.key
  ccc-audit verify --export audit.jsonl --checkpoints checkpoints.jsonl

Exit codes:
  0 intact  2 usage, or not readable  10 modified or deleted  11 truncated  12 reordered
  13 forked or replaced  14 unsigned tail  15 declared gap";

const SHOW_HELP: &str = "\
Examples:
  ccc-audit show --since 2026-03-07 --status denied
  ccc-audit show --action send-email --json
  ccc-audit show --since 10m --follow";

const EXPORT_HELP: &str = "\
Examples:
  ccc-audit export --format jsonl --output audit.jsonl
  ccc-audit export --format ocsf | gzip > audit.ocsf.gz";

const REPLAY_HELP: &str = "\
Examples:
  ccc-audit replay --config new.toml
  ccc-audit replay --config ~/.config/ccc/config.toml --since 7d --json

Exit codes:
  0 nothing would change  2 usage, or not readable  20 something would change, and nothing would pass more easily
  21 something would pass more easily";

const STATS_HELP: &str = "\
Examples:
  ccc-audit stats
  ccc-audit stats --since 2026-03-01 --json";
