//! Another law from now on: what a reload of config and secrets means to what stands.

use std::collections::BTreeSet;

use ccc_core::{desk::KnownUsers, law::Law, refusal::Refusal};
use ccc_protocol::{UserName, bodies::EntryKind};
use serde_json::{Map, json};

use super::{Front, Sitting};

impl Front {
    /// Puts a law in force, then ends what belonged to users that are gone or have another secret: their open tickets
    /// and grants, their yes to what waits, and grants whose makers lost the right; and asks the law again about everything that
    /// has not started. Gives who was cut off.
    ///
    /// # Errors
    /// 503 where the store does not accept writes. The law is in force all the same.
    pub async fn enact(&self, law: Law, users: KnownUsers) -> Result<BTreeSet<UserName>, Refusal> {
        self.lawbook.replace(law);
        let end = move |sitting: &mut Sitting<'_>| {
            let cx = sitting.cx;
            let cut_off = sitting.desk.meet_users(users, cx, sitting.change);
            sitting.desk.tighten(cx, sitting.change);
            let detail = Map::from_iter([("cut_off".to_owned(), json!(cut_off))]);
            sitting.desk.note(EntryKind::Reloaded, detail, sitting.cx, sitting.change);
            Ok(cut_off)
        };
        // A group that the clerk began before goes by the old law; once it is over, all go by the new.
        self.clerk.serve(None, |_| Ok(())).await?;
        self.read_all().await;
        self.clerk.serve(None, end).await
    }
}
