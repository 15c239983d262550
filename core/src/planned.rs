//! A plan together with its digest, which is made with it and nowhere else.

use ccc_protocol::{Digest, approval, bodies::Plan};

/// What would happen, and what that is known by.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    plan: Plan,
    digest: Digest,
}

impl Planned {
    /// This plan.
    #[must_use]
    pub fn of(plan: Plan) -> Self {
        Self { digest: approval::plan_digest(&plan), plan }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Both.
    #[must_use]
    pub fn into_parts(self) -> (Plan, Digest) {
        (self.plan, self.digest)
    }
}
