//! Carries out what a permit allows, and says what was observed. No shell, an environment of its own, a process group of
//! its own, limits on time and output. It never touches the store.

mod control;
mod environment;
mod given;
mod ledger;
mod mail;
mod missing;
mod open;
mod openers;
mod output;
mod process;
mod run;
mod scratch;
mod stop;

use std::path::Path;

use ccc_core::{
    config::Smtp,
    law::Law,
    ticket::{Outcome, Permit},
};
use ccc_protocol::{Digest, UserName, approval, bodies::Plan};
use serde_json::json;

pub(crate) use self::stop::Stop;
use self::{
    environment::Environment,
    ledger::Ledger,
    mail::Mailer,
    openers::{Kept, Openers},
};
use crate::confine::Confine;

/// What programs are started by.
#[derive(Clone, Copy)]
struct Means<'a> {
    environment: &'a Environment,
    confine: &'a Confine,
}

/// What carries effects out.
#[derive(Debug)]
pub struct Effects {
    environment: Environment,
    mailer: Option<Mailer>,
    confine: Confine,
    dry_run: bool,
    openers: Openers,
    ledger: Option<Ledger>,
}

/// For whom a plan is carried out, by which law, and what may end it early.
#[derive(Debug)]
pub struct Order<'a> {
    /// Who asked for it.
    pub user: &'a UserName,
    /// The law in force.
    pub law: &'a Law,
    /// The word to end it.
    pub stop: Stop,
}

impl Effects {
    /// Effects by this mail server, in the allowed part of the server's own environment. A dry run replaces them by words.
    #[must_use]
    pub fn new(smtp: Option<Smtp>, dry_run: bool) -> Self {
        Self {
            environment: Environment::allowed(std::env::vars_os()),
            mailer: smtp.map(Mailer::new),
            confine: Confine::unneeded(),
            dry_run,
            openers: Openers::default(),
            ledger: None,
        }
    }

    /// The same, with a launcher for what is to be confined. Without one, what is to be is not run.
    #[must_use]
    pub fn confined_by(self, confine: Confine) -> Self {
        Self { confine, ..self }
    }

    /// The same, with what runs written down in this data directory; what an earlier server left running there is ended when its
    /// time is over.
    #[must_use]
    pub fn written_down(self, data: &Path) -> Self {
        let unwritten = |error| tracing::error!(%error, "runs are not written down: one would outlive a killed server");
        let ledger = Ledger::open(data).map_err(unwritten).ok();
        if let Some(ledger) = &ledger {
            ledger.end_over_time();
        }
        Self { ledger, ..self }
    }

    /// Runs this plan, if it is the one that the permit is for. Consumes the permit: it runs once.
    pub async fn run(&self, permit: Permit, plan: &Plan, order: Order<'_>) -> Outcome {
        let (allowed, ticket) = (permit.plan(), permit.ticket());
        drop(permit);
        if approval::plan_digest(plan) != allowed {
            return Outcome::failure("what would run is no longer what was shown: nothing was run");
        }
        if let Some(reason) = order.stop.has_come() {
            return Outcome::failure(format!("{reason}, before it began"));
        }
        if self.dry_run {
            return Outcome::success(json!({ "dry_run": true }));
        }
        match plan {
            Plan::Run { .. } => {
                let written = self.ledger.as_ref().map(|ledger| (ledger, ticket));
                let means = Means { environment: &self.environment, confine: &self.confine };
                run::run(plan, means, order, written).await
            }
            Plan::Open { .. } => self.open(plan, allowed, &order).await,
            Plan::Mail { mail, .. } => match &self.mailer {
                Some(mailer) => mailer.send(mail, order.law.limits.mail_seconds_max).await,
                None => Outcome::failure("this bridge has no mail server: its owner names one under `[smtp]`"),
            },
            // Done by the bridge itself within its commit, or by the caller: there is nothing to carry out here.
            Plan::Bridge { .. } | Plan::Release { .. } => {
                Outcome::failure("this action has no effect that the bridge runs")
            }
        }
    }
}

impl Effects {
    async fn open(&self, plan: &Plan, digest: Digest, order: &Order<'_>) -> Outcome {
        match self.openers.open(order.user, digest, &order.law.limits) {
            Ok(opened) => {
                let outcome = open::open(plan, &self.environment, order.law, opened).await;
                if !outcome.succeeded {
                    self.openers.failed(order.user, digest);
                }
                outcome
            }
            Err(Kept::OpenAlready) => Outcome::success(json!({ "opened": true, "already": true })),
            Err(Kept::Enough(open)) => Outcome::failure(format!(
                "{open} programs are open on the person's screen for you, the most there may be (`openers_per_user_max`)"
            )),
        }
    }
}

#[cfg(test)]
mod tests;
