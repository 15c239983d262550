//! `[fence]`: what is done about findings, and where nothing is looked for.

use ccc_protocol::bodies::{Facts, FenceAnswer, Finding, FindingKind, Level};
use serde::Deserialize;

use crate::policy::glob::Globs;

/// `[fence]` as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FenceSpec {
    mask: bool,
    injection: Option<FenceAnswer>,
    exfiltration: Option<FenceAnswer>,
    secret: Option<FenceAnswer>,
    obfuscation: Option<FenceAnswer>,
    except: ExceptSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ExceptSpec {
    paths: Vec<String>,
    hosts: Vec<String>,
}

/// What is done about findings.
#[derive(Debug, Clone)]
pub struct FenceLaw {
    /// True where secrets are masked in what tools give back, where the host lets a hook do that.
    pub mask: bool,
    injection: FenceAnswer,
    exfiltration: FenceAnswer,
    secret: FenceAnswer,
    obfuscation: FenceAnswer,
    paths: Option<Globs>,
    hosts: Option<Globs>,
}

impl Default for FenceLaw {
    fn default() -> Self {
        Self {
            mask: false,
            injection: FenceAnswer::Monitor,
            exfiltration: FenceAnswer::Monitor,
            secret: FenceAnswer::Log,
            obfuscation: FenceAnswer::Monitor,
            paths: None,
            hosts: None,
        }
    }
}

impl FenceSpec {
    /// What it comes to.
    ///
    /// # Errors
    /// A sentence where a glob is none.
    pub fn law(&self) -> Result<FenceLaw, String> {
        let usual = FenceLaw::default();
        let globs = |key: &str, written: &[String]| match written {
            [] => Ok(None),
            written => Globs::new(written).map(Some).map_err(|fault| format!("`fence.except.{key}`: {fault}")),
        };
        Ok(FenceLaw {
            mask: self.mask,
            injection: self.injection.unwrap_or(usual.injection),
            exfiltration: self.exfiltration.unwrap_or(usual.exfiltration),
            secret: self.secret.unwrap_or(usual.secret),
            obfuscation: self.obfuscation.unwrap_or(usual.obfuscation),
            paths: globs("paths", &self.except.paths)?,
            hosts: globs("hosts", &self.except.hosts)?,
        })
    }
}

impl FenceLaw {
    /// What is done about these findings: the strictest of each. What is only likely gets one step less than its kind's answer. A canary
    /// that was read has the session's next calls asked about, whatever else is configured; one on its way is the call's affair
    /// (`risk/after.rs`).
    #[must_use]
    pub fn answer(&self, findings: &[Finding]) -> FenceAnswer {
        findings.iter().map(|finding| self.answer_to(finding)).max().unwrap_or(FenceAnswer::Log)
    }

    fn answer_to(&self, finding: &Finding) -> FenceAnswer {
        let full = match finding.kind {
            FindingKind::Injection => self.injection,
            FindingKind::Exfiltration => self.exfiltration,
            FindingKind::Secret => self.secret,
            FindingKind::Obfuscation => self.obfuscation,
            FindingKind::Canary => return FenceAnswer::Escalate,
        };
        if finding.severity >= Level::High { full } else { one_less(full) }
    }

    /// True where nothing is looked for in what such a call gives back: all that it reads is excepted, and everything about it is known.
    #[must_use]
    pub fn excepts(&self, facts: &Facts) -> bool {
        let fit = |globs: &Option<Globs>, value: &str| globs.as_ref().is_some_and(|globs| globs.fits(value));
        let names_something = !facts.paths.is_empty() || !facts.hosts.is_empty();
        facts.is_readable()
            && names_something
            && facts.paths.iter().all(|fact| fit(&self.paths, &fact.path))
            && facts.hosts.iter().all(|host| fit(&self.hosts, host))
    }
}

fn one_less(answer: FenceAnswer) -> FenceAnswer {
    match answer {
        FenceAnswer::Emergency => FenceAnswer::Escalate,
        FenceAnswer::Escalate => FenceAnswer::Monitor,
        FenceAnswer::Monitor | FenceAnswer::Log => FenceAnswer::Log,
    }
}
