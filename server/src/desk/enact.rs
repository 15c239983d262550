//! Another law from now on: what a reload of config and secrets means to what stands.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use ccc_core::{desk::KnownUsers, law::Law, refusal::Refusal};
use ccc_protocol::{UserName, bodies::EntryKind};
use serde_json::{Map, json};

use super::{Front, Sitting, shelf::Shelf};
use crate::setup::read_mail_permissions;

impl Front {
    /// Puts a law in force, then ends what belonged to users that are gone or have another secret: their open tickets
    /// and grants, their yes to what waits, and grants whose makers lost the right; and asks the law again about everything that
    /// has not started. Gives who was cut off.
    ///
    /// # Errors
    /// 503 where the store does not accept writes. The law is in force all the same.
    pub async fn enact(&self, law: Law, users: KnownUsers) -> Result<BTreeSet<UserName>, Refusal> {
        let patterns = Arc::clone(&law.patterns);
        // Made ready before the first call under the new law would have to wait for it.
        let ready = move || {
            patterns.make_ready();
            Ok(())
        };
        self.pool.run(None, ready).await?;
        self.lawbook.replace(law);
        self.config_fault.is_mended();
        let (mail_file, shelf) = (self.mail_file.clone(), Arc::clone(&self.shelf));
        let end = move |sitting: &mut Sitting<'_>| {
            let cx = sitting.cx;
            let cut_off = sitting.desk.meet_users(users, cx, sitting.change);
            sitting.desk.tighten(cx, sitting.change);
            adopt_edited_mail(mail_file.as_deref(), &shelf, sitting);
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

/// Takes up what the owner wrote into the mail permission file. The clerk's own thread writes that file, after each commit
/// that changes it: here, where it is read on that thread, it says what the last commit left, or something of the owner's.
fn adopt_edited_mail(file: Option<&Path>, shelf: &Shelf, sitting: &mut Sitting<'_>) {
    let Some(file) = file else { return };
    match read_mail_permissions(file.to_owned()) {
        Ok((_, mail)) if mail == shelf.read().mail => {}
        Ok((_, mail)) => sitting.desk.adopt_mail(mail, sitting.cx, sitting.change),
        Err(error) => tracing::error!(%error, "mail permissions stay as they were read before"),
    }
}
