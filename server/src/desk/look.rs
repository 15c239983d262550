//! What a tool gave back is looked at behind the answer: whoever handed it over does not wait for what is found, unless there is
//! something to be masked.

use ccc_core::{
    fence::{self, Found, Output},
    law::Law,
    refusal::Refusal,
};
use ccc_protocol::{
    bodies::{Facts, FindingKind, Mask, Masks, ToolOutput},
    signing::Key,
};
use ccc_toolcall::facts;
use serde_json::json;

use crate::{authenticate::Caller, in_flight::InFlight};

use super::{Front, front::nonce};

impl Front {
    /// `POST /outputs`.
    ///
    /// # Errors
    /// Where whoever asks waits, and it could not be looked at or written down.
    pub(crate) async fn look_at(
        &self,
        caller: &Caller,
        output: ToolOutput,
        room: Option<InFlight>,
    ) -> Result<Masks, Refusal> {
        let (front, caller) = (self.clone(), caller.clone());
        let waits = output.masks && self.law().fence.mask;
        let look = async move {
            let masks = front.look_behind(&caller, output).await;
            drop(room);
            masks
        };
        if waits {
            return look.await;
        }
        tokio::spawn(async move {
            if let Err(refusal) = look.await {
                tracing::warn!(cause = refusal.cause, "what a tool gave back could not be looked at");
            }
        });
        Ok(Masks::default())
    }

    /// In its turn, away from the thread that serves everybody; what is found is committed as all else is.
    async fn look_behind(&self, caller: &Caller, output: ToolOutput) -> Result<Masks, Refusal> {
        let (law, key) = (self.law(), caller.known().key().clone());
        let session = output.session.clone();
        let look = move || Ok(looked(&output, &law, &key));
        let found = self.looks.run(Some(caller.user()), look).await?;
        let masks = masks(&found);
        if !found.findings.is_empty() {
            let (user, findings) = (caller.user().clone(), found.findings);
            let work = move |sitting: &mut super::Sitting<'_>| {
                let answer = sitting.cx.law.fence.answer(&findings);
                sitting.desk.found(&user, &session, &findings, answer, sitting.cx, sitting.change);
                Ok(())
            };
            self.clerk.serve(nonce(caller), work).await?;
        }
        Ok(masks)
    }
}

fn looked(output: &ToolOutput, law: &Law, key: &Key) -> Found {
    let facts = facts_of(output, law);
    let parts: Vec<&str> = output.parts.iter().map(String::as_str).collect();
    let place = place(output, &facts);
    let mut found = fence::look(Output { parts: &parts, place: &place }, key);
    if law.fence.excepts(&facts) {
        // A canary lies where nobody has an exception.
        found.findings.retain(|finding| finding.kind == FindingKind::Canary);
    }
    found
}

fn facts_of(output: &ToolOutput, law: &Law) -> Facts {
    let ToolOutput { tool, input, cwd, host, .. } = output;
    let params = json!({ "host": host, "tool": tool, "native": tool, "input": input, "cwd": cwd });
    params.as_object().map(|params| facts::of_request(params, &law.knowledge())).unwrap_or_default()
}

/// Where it came from, in a word: the first host or path that was read, else the tool.
fn place(output: &ToolOutput, facts: &Facts) -> String {
    let path = facts.paths.first().map(|fact| fact.path.clone());
    match facts.hosts.first().cloned().or(path) {
        Some(place) => place,
        None if output.tool.is_empty() => "a prompt".to_owned(),
        None => output.tool.clone(),
    }
}

fn masks(found: &Found) -> Masks {
    let mask = |shown: &fence::Shown| Mask {
        part: shown.part,
        from: shown.range.start,
        to: shown.range.end,
        name: shown.name.to_owned(),
    };
    Masks { secrets: found.secrets.iter().map(mask).collect() }
}
