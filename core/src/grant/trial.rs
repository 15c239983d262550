//! A grant that nobody has made yet, held against calls: what a person is told before they make it.
//!
//! It is judged by the actions and programs that ship: what an owner's config adds is not known here, and fits nothing. The server
//! judges each request anew.

use std::{collections::BTreeMap, sync::Arc};

use ccc_protocol::{GrantId, TicketId, Timestamp, bodies::Difference};

use super::Grant;
use crate::{
    config,
    replay::{Call, Under},
};

/// The grant, for any time.
#[derive(Debug)]
pub struct Trial {
    under: Under,
    grant: Grant,
}

impl Trial {
    /// Of this call, with these differences; none where the call is none that this version takes by itself.
    #[must_use]
    pub fn new(approved: &Call, differ: &BTreeMap<String, Difference>) -> Option<Self> {
        let under = Under::config(&config::read("").ok()?).ok()?;
        let ready = under.ready(approved).ok()?;
        let grant = Grant {
            id: GrantId::new(0, [0; 10]),
            user: approved.caller.clone(),
            action: approved.action.clone(),
            params: approved.params.clone(),
            differ: differ.clone(),
            until: Timestamp::from_seconds(1),
            uses: None,
            used: 0,
            made_by: vec![],
            made: Timestamp::default(),
            from: TicketId::new(0, [0; 10]),
            held: None,
            clock_moved_millis: 0,
            approved: ready.facts.map(Arc::new),
        };
        Some(Self { under, grant })
    }

    /// True where it would be leave for this call.
    #[must_use]
    pub fn fits(&self, call: &Call) -> bool {
        self.under.ready(call).is_ok_and(|ready| {
            self.grant.fits(&call.caller, &ready.action, &ready.args, ready.facts.as_ref(), Timestamp::default())
        })
    }
}
