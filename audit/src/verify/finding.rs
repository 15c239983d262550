//! What can be wrong with a log, and which of several things wrong names the whole.

use std::fmt;

use ccc_protocol::{TicketId, Timestamp, exit};

use crate::{checkpoints::Lines, entry::Place};

/// The most findings that are kept to be told; the rest is counted.
const FINDINGS_MAX: usize = 20;

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// What stands there is not what was written there.
    Modified {
        /// Where.
        place: Place,
        /// Why it cannot be.
        why: String,
    },
    /// These entries are missing between others.
    Deleted {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The log is in more pieces than can be told apart.
    Scattered,
    /// An entry came after later ones.
    Reordered {
        /// Its number.
        seq: u64,
        /// Where it was found.
        place: Place,
    },
    /// A checkpoint saw another entry under this number.
    Forked {
        /// The number.
        seq: u64,
        /// The checkpoint's line.
        line: u32,
    },
    /// Checkpoints that were not made with the audit key.
    ForgedCheckpoints {
        /// Their lines.
        lines: Lines,
    },
    /// A checkpoint saw an entry beyond the last one.
    Truncated {
        /// The last entry there is.
        last: u64,
        /// The entry that the checkpoint saw.
        checkpoint: u64,
    },
    /// A ticket's row does not say what the log says of it.
    Ticket {
        /// Which; none where it is the number of tickets that does not fit.
        id: Option<TicketId>,
        /// What does not fit.
        why: String,
    },
    /// What approvers set does not stand as the log says.
    Setting {
        /// What does not fit.
        why: String,
    },
    /// These entries have no checkpoint, though they should by now.
    UnsignedTail {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// True where the log ends with a clean stop, which a checkpoint always follows.
        stopped: bool,
    },
    /// These entries are missing, and the log says so.
    DeclaredGap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// When the log said so.
        at: Timestamp,
    },
}

/// What a log is, in one word. Of several findings the last in this order names the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Nothing is wrong with what could be checked.
    Intact,
    /// It says itself what is missing.
    DeclaredGap,
    /// Nobody vouches for its end.
    UnsignedTail,
    /// The log is sound, and the tickets beside it; what stands there as set by approvers is not.
    SettingModified,
    /// The log is sound, a ticket beside it is not. Behind what is wrong with the log itself, which would explain it.
    TicketModified,
    /// Its end was cut off.
    Truncated,
    /// It is another log.
    Forked,
    /// It is all there, in another order.
    Reordered,
    /// Entries were modified, added or deleted.
    Modified,
}

/// What was found, worst known, the first few kept.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
    worst: Option<Category>,
}

impl Finding {
    /// The category it belongs to.
    #[must_use]
    pub fn category(&self) -> Category {
        match self {
            Self::Modified { .. } | Self::Deleted { .. } | Self::Scattered => Category::Modified,
            Self::Reordered { .. } => Category::Reordered,
            Self::Forked { .. } | Self::ForgedCheckpoints { .. } => Category::Forked,
            Self::Truncated { .. } => Category::Truncated,
            Self::Ticket { .. } => Category::TicketModified,
            Self::Setting { .. } => Category::SettingModified,
            Self::UnsignedTail { .. } => Category::UnsignedTail,
            Self::DeclaredGap { .. } => Category::DeclaredGap,
        }
    }
}

impl Category {
    /// The exit code that says it.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Intact => exit::SUCCEEDED,
            Self::DeclaredGap => exit::audit::DECLARED_GAP,
            Self::UnsignedTail => exit::audit::UNSIGNED_TAIL,
            Self::Truncated => exit::audit::TRUNCATED,
            Self::Forked => exit::audit::FORKED,
            Self::Reordered => exit::audit::REORDERED,
            Self::SettingModified | Self::TicketModified | Self::Modified => exit::audit::MODIFIED,
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intact => "intact",
            Self::DeclaredGap => "declared gap",
            Self::UnsignedTail => "unsigned tail",
            Self::SettingModified => "setting modified",
            Self::TicketModified => "ticket modified",
            Self::Truncated => "truncated",
            Self::Forked => "forked or replaced",
            Self::Reordered => "reordered",
            Self::Modified => "modified or deleted",
        })
    }
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        let category = finding.category();
        let is_worse = self.worst.is_none_or(|worst| category > worst);
        self.worst = self.worst.max(Some(category));
        if self.kept.len() < FINDINGS_MAX {
            self.kept.push(finding);
        } else {
            self.more += 1;
            // What names the whole is told, however late it was found.
            if let (true, Some(last)) = (is_worse, self.kept.last_mut()) {
                *last = finding;
            }
        }
    }

    /// Those that were kept, in the order they were found.
    #[must_use]
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// The one word for all of them.
    #[must_use]
    pub fn category(&self) -> Category {
        self.worst.unwrap_or(Category::Intact)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Modified { place, why } => write!(f, "{place}: {why}"),
            Self::Deleted { from, to } => write!(f, "{} missing", Entries(*from, *to)),
            Self::Scattered => f.write_str("the entries are in more pieces than can be told apart"),
            Self::Reordered { seq, place } => write!(f, "{place}: entry {seq} comes after later ones"),
            Self::Forked { seq, line } => {
                write!(f, "entry {seq} is not the one that the checkpoint in line {line} saw")
            }
            Self::ForgedCheckpoints { lines } => write!(
                f,
                "{} not made with the key given, in line {}: the wrong key, or the file was replaced",
                Counted(lines.count, "checkpoint"),
                list(&lines.first)
            ),
            Self::Truncated { last: 0, checkpoint } => {
                write!(f, "the log is empty; a checkpoint saw entry {checkpoint}")
            }
            Self::Truncated { last, checkpoint } => {
                write!(f, "the log ends with entry {last}; a checkpoint saw entry {checkpoint}")
            }
            Self::Ticket { id: Some(id), why } => write!(f, "ticket {id}: {why}"),
            Self::Ticket { id: None, why } | Self::Setting { why } => f.write_str(why),
            Self::UnsignedTail { from, to, stopped } => {
                let since = if *stopped { ", and the server was stopped in order" } else { ", and should by now" };
                write!(f, "{} no checkpoint{since}", Entries(*from, *to).have())
            }
            Self::DeclaredGap { from, to, at } => {
                write!(f, "{} missing, which the log declared at {at}", Entries(*from, *to))
            }
        }
    }
}

/// A run of entries in words.
struct Entries(u64, u64);

impl Entries {
    fn have(&self) -> String {
        if self.0 == self.1 {
            format!("entry {} has", self.0)
        } else {
            format!("entries {} to {} have", self.0, self.1)
        }
    }
}

impl fmt::Display for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 {
            write!(f, "entry {} is", self.0)
        } else {
            write!(f, "entries {} to {} are", self.0, self.1)
        }
    }
}

/// So many of something.
pub(super) struct Counted<'a>(pub(super) u64, pub(super) &'a str);

impl fmt::Display for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (1, "entry") => f.write_str("1 entry"),
            (count, "entry") => write!(f, "{count} entries"),
            (1, thing) => write!(f, "1 {thing}"),
            (count, thing) => write!(f, "{count} {thing}s"),
        }
    }
}

pub(super) fn list(lines: &[u32]) -> String {
    lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
