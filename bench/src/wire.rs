//! A request's real texts: what the protocol has a server digest, sign, store and send for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ccc_core::audit::chain;
use ccc_protocol::{bodies::AuditEntry, jcs};
use serde_json::{Value, json};

use crate::{
    http::{Answer, Line},
    server::{Server, signer},
    sign::Ask,
};

/// One request and its answer.
#[derive(Debug)]
pub struct Sample {
    /// The request, as it was sent.
    pub request: Vec<u8>,
    /// Its answer.
    pub answer: Answer,
    /// How much of the answer's body is the same for many: written and digested once.
    pub shared_bytes: usize,
    /// What a person would approve; empty where nothing is asked for.
    pub approved: Vec<u8>,
    /// The audit entry, in the form that is hashed; empty where nothing is stored.
    pub entry: Vec<u8>,
}

impl Sample {
    /// Of `POST /action`, as in goals 1 and 2.
    #[must_use]
    pub fn of_submission(bridge: &Server) -> Self {
        let request = signer("agent").signed(Ask::list_actions());
        let answer = Line::to(bridge.addr()).whole(&request);
        let ticket: Value = serde_json::from_slice(&answer.body).expect("a ticket");
        // The action list comes first.
        let shared_bytes = json!({ "result": ticket["result"] }).to_string().len() - 1;
        let approved = ["action", "id", "params", "plan", "submitted_by"];
        let approved: Value = approved.into_iter().map(|name| (name, ticket[name].clone())).collect();
        let entry = entry_of(bridge, &ticket).into_bytes();
        Self { request, answer, shared_bytes, approved: jcs::to_string(&approved).into_bytes(), entry }
    }

    /// Of `GET /queue`, as in goal 3.
    #[must_use]
    pub fn of_reading(bridge: &Server) -> Self {
        let request = signer("agent").signed(Ask::get("/queue"));
        let answer = Line::to(bridge.addr()).whole(&request);
        Self { request, answer, shared_bytes: 0, approved: vec![], entry: vec![] }
    }

    /// What of the answer's body is its own.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        self.answer.body.get(self.shared_bytes..).expect("a body after its beginning")
    }

    /// Its parts as files in this directory, for the floor.
    #[must_use]
    pub fn written(&self, dir: &Path) -> PathBuf {
        fs::create_dir(dir).expect("a directory");
        let beginning = self.answer.body.get(..self.shared_bytes).expect("a beginning");
        let parts =
            [("beginning", beginning), ("rest", self.rest()), ("approved", &self.approved), ("entry", &self.entry)];
        for (name, part) in parts {
            fs::write(dir.join(name), part).expect("written");
        }
        dir.to_owned()
    }
}

/// The audit entry of this ticket.
fn entry_of(bridge: &Server, ticket: &Value) -> String {
    let before = ticket["seq"].as_u64().expect("a number") - 1;
    let page =
        Line::to(bridge.addr()).json(&signer("user").signed(Ask::get(&format!("/audit?after={before}&limit=1"))));
    let entry: AuditEntry = serde_json::from_value(page["entries"][0].clone()).expect("an entry");
    chain::canonical(&entry)
}
