//! Carries out what a permit allows, and says what was observed. No shell, an environment of its own, a process group of
//! its own, limits on time and output. It never touches the store.

mod environment;
mod mail;
mod open;
mod output;
mod process;
mod run;

use ccc_core::{
    config::Smtp,
    law::Law,
    ticket::{Outcome, Permit},
};
use ccc_protocol::{approval, bodies::Plan};
use serde_json::json;

use self::{environment::Environment, mail::Mailer};

/// What carries effects out.
#[derive(Debug)]
pub struct Effects {
    environment: Environment,
    mailer: Option<Mailer>,
    dry_run: bool,
}

impl Effects {
    /// Effects by this mail server, in the allowed part of the server's own environment. A dry run replaces them by words.
    #[must_use]
    pub fn new(smtp: Option<Smtp>, dry_run: bool) -> Self {
        Self { environment: Environment::allowed(std::env::vars_os()), mailer: smtp.map(Mailer::new), dry_run }
    }

    /// Runs this plan, if it is the one that the permit is for. Consumes the permit: it runs once.
    pub async fn run(&self, permit: Permit, plan: &Plan, law: &Law) -> Outcome {
        let allowed = permit.plan();
        drop(permit);
        if approval::plan_digest(plan) != allowed {
            return Outcome::failure("what would run is no longer what was shown: nothing was run");
        }
        if self.dry_run {
            return Outcome::success(json!({ "dry_run": true }));
        }
        match plan {
            Plan::Run { .. } => run::run(plan, &self.environment, law).await,
            Plan::Open { .. } => open::open(plan, &self.environment, law).await,
            Plan::Mail { mail, .. } => match &self.mailer {
                Some(mailer) => mailer.send(mail, law.limits.mail_seconds_max).await,
                None => Outcome::failure("this bridge has no mail server: its owner names one under `[smtp]`"),
            },
            // Done by the bridge itself within its commit, or by the caller: there is nothing to carry out here.
            Plan::Bridge { .. } | Plan::Release { .. } => {
                Outcome::failure("this action has no effect that the bridge runs")
            }
        }
    }
}

#[cfg(test)]
mod tests;
