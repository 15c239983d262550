//! A plan together with its digest, which is made with it and nowhere else.

use ccc_protocol::{Digest, approval, bodies::Plan};

/// What would happen, and what that is known by.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    plan: Plan,
    digest: Digest,
}

impl Planned {
    /// Digests the plan: the one place where the two come together.
    #[must_use]
    pub fn of(plan: Plan) -> Self {
        Self { digest: approval::plan_digest(&plan), plan }
    }

    /// What an approver is shown.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What a permit must fit.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Plan and digest, still of one another.
    #[must_use]
    pub fn into_parts(self) -> (Plan, Digest) {
        (self.plan, self.digest)
    }
}
