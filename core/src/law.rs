//! Everything that config and secrets say, read and checked once; replaced as a whole when they change.

use std::sync::Arc;

use ccc_protocol::Digest;
use ccc_toolcall::{facts::Knowledge, programs::own::Own};

use crate::{
    catalogue::Catalogue,
    fence::FenceLaw,
    limits::Limits,
    policy::Rulebook,
    risk::{RiskLaw, patterns::Patterns},
    user::Users,
    volume::Volumes,
};

/// One consistent knowledge of config and secrets.
#[derive(Debug, Clone)]
pub struct Law {
    /// What may be asked for.
    pub catalogue: Catalogue,
    /// The rules that refine policy.
    pub rulebook: Rulebook,
    /// Who there is, without their secrets.
    pub users: Users,
    /// Every limit, as `[limits]` sets it.
    pub limits: Limits,
    /// What agents see of the host.
    pub volumes: Volumes,
    /// The person's own programs, and the mail sender.
    pub desktop: Desktop,
    /// Programs that the owner taught, beside those that ship.
    pub programs: Own,
    /// What risk is reckoned by, and what follows from it.
    pub risk: RiskLaw,
    /// The digest of the config that it was read from, where there was one: entries carry it.
    pub config: Option<Digest>,
    /// Patterns of attack: those that ship and the owner's.
    pub patterns: Arc<Patterns>,
    /// What is done about what is found in what tools give back.
    pub fence: FenceLaw,
    /// True where everything is decided, queued and audited, and nothing is done.
    pub dry_run: bool,
}

impl Law {
    /// With what tool calls are read.
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        Knowledge {
            analyse_bytes_max: usize::try_from(self.limits.analyse_bytes_max).unwrap_or(usize::MAX),
            programs: self.programs.clone(),
        }
    }
}

/// The person's own programs: absolute path and argument templates, never a shell; and who mails come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desktop {
    /// `{path}` stands for the file.
    pub editor: Option<Vec<String>>,
    /// `{url}` stands for the address.
    pub browser: Option<Vec<String>>,
    /// Started in the directory.
    pub terminal: Option<Vec<String>>,
    /// The sender of mails; without it `send-email` cannot be asked for.
    pub mail_from: Option<String>,
}
