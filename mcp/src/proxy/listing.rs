//! Tool definitions compared with what is trusted, and listed by the proxy itself where a client calls before it lists.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering, mpsc},
    time::Duration,
};

use ccc_protocol::Digest;

use super::{
    Proxy,
    call::Call,
    from_server::result_of,
    lock,
    table::Kind,
    tools::{Generation, Standing},
};
use crate::{
    answer,
    definition::{Definition, Page},
    id::Id,
    judge::{PinRequest, Trust},
};

/// Pages of one list that are asked for; a server that has more is not believed.
const PAGES_MAX: usize = 200;
/// How long one waiting ticket is listened to, alone and beside others.
const PIN_WAIT: [Duration; 2] = [Duration::from_secs(25), Duration::from_secs(2)];

impl Proxy {
    /// What is known of the call's tool; the server is asked where that is nothing, or not since its tools changed.
    pub(super) fn standing(self: &Arc<Self>, call: &Call) -> Standing {
        let known = self.tools().standing(&call.tool);
        if known != Standing::Unknown {
            return known;
        }
        let _one_at_a_time = lock(&self.listing);
        let known = self.tools().standing(&call.tool);
        if known != Standing::Unknown {
            return known;
        }
        if let Err(fault) = self.list_tools(call) {
            self.note(&format!("the tools could not be listed: {fault}"));
        }
        self.tools().standing(&call.tool)
    }

    /// Lists all tools in the name of the client's call.
    fn list_tools(self: &Arc<Self>, call: &Call) -> Result<(), String> {
        let mut cursor: Option<String> = None;
        let begun = self.tools().generation();
        let mut names = HashSet::new();
        for _ in 0..PAGES_MAX {
            let generation = self.tools().generation();
            let answer = self.ask_for_tools(cursor.as_deref(), call)?;
            let (_, result) = result_of(answer.as_bytes())?;
            let page = Page::read(result)?;
            self.inspect(&page, generation);
            names.extend(page.definitions().map(|definition| definition.name.clone()));
            match page.cursor {
                None => {
                    self.tools().keep_listed(&names, begun);
                    return Ok(());
                }
                next => cursor = next,
            }
        }
        Err(format!("more than {PAGES_MAX} pages"))
    }

    fn ask_for_tools(&self, cursor: Option<&str>, call: &Call) -> Result<String, String> {
        let id = Id::Text(format!("ccc-mcp:{}", self.own_ids.fetch_add(1, Ordering::Relaxed)));
        let (sender, answer) = mpsc::channel();
        let opened = self.table().open(&id, Kind::OwnTools(sender));
        opened.map_err(|_| "too many requests have no answer yet".to_owned())?;
        if !self.tell_server(&answer::list_tools(&id, cursor, call.meta.as_ref())) {
            self.table().cancel(&id);
        }
        let answered = answer.recv_timeout(Duration::from_secs(self.settings.limits.list_seconds_max));
        answered.map_err(|_| {
            self.table().cancel(&id);
            "the server did not answer".to_owned()
        })
    }

    /// The names on the page whose definitions are trusted. New and changed ones are asked about, each once.
    pub(super) fn inspect(self: &Arc<Self>, page: &Page<'_>, generation: Generation) -> HashSet<String> {
        let _one_at_a_time = lock(&self.pinning);
        let mut trusted = HashSet::new();
        let mut withheld = Vec::new();
        for definition in page.definitions() {
            if self.trust(definition, generation) == Trust::Approved {
                trusted.insert(definition.name.clone());
            } else {
                withheld.push(definition.name.as_str());
            }
        }
        if page.unreadable() > 0 {
            self.note(&format!(
                "withheld, because their definitions have more than one reading: {} tools",
                page.unreadable()
            ));
        }
        if !withheld.is_empty() {
            self.note(&format!("withheld until approved: {}", withheld.join(", ")));
            self.watch_pins();
        }
        trusted
    }

    fn trust(&self, definition: &Definition, generation: Generation) -> Trust {
        let digest = definition.digest();
        let known = self.tools().seen_again(definition, digest, generation);
        if let Some(trust) = known {
            return trust;
        }
        let trust = self.ask_about(definition, digest);
        self.tools().decided(definition, digest, trust.clone(), generation);
        trust
    }

    fn ask_about(&self, definition: &Definition, digest: Digest) -> Trust {
        let asked_max = self.settings.limits.definitions_asked_max;
        if self.definitions_asked.fetch_add(1, Ordering::Relaxed) >= asked_max {
            self.definitions_asked.fetch_sub(1, Ordering::Relaxed);
            let reason = format!("{asked_max} definitions of this server were asked about already");
            return Trust::Refused { reason, ticket: None };
        }
        let trust = self.judge.pin(&PinRequest {
            server: self.server.name.clone(),
            command: self.server.command.clone(),
            tool: definition.name.clone(),
            digest,
            definition: definition.members.clone(),
        });
        if matches!(trust, Trust::Refused { ticket: None, .. }) {
            // Nobody was asked: it may be tried again.
            self.definitions_asked.fetch_sub(1, Ordering::Relaxed);
        }
        trust
    }

    /// Has one thread listen for what people decide, as long as something waits for them.
    fn watch_pins(self: &Arc<Self>) {
        let mut watching = lock(&self.watching);
        if *watching {
            return;
        }
        // Held weakly: a proxy that is gone is not kept alive by what it waits for.
        let proxy = Arc::downgrade(self);
        let watch = move || while proxy.upgrade().is_some_and(|proxy| proxy.watch_one_round()) {};
        *watching = std::thread::Builder::new().spawn(watch).is_ok();
    }

    /// Listens to each waiting ticket for a while. False when none is left.
    fn watch_one_round(&self) -> bool {
        let mut watching = lock(&self.watching);
        let waiting = self.tools().waiting();
        *watching = !waiting.is_empty();
        drop(watching);
        let wait = PIN_WAIT.get(usize::from(waiting.len() > 1)).copied().unwrap_or_default();
        for ticket in &waiting {
            let trust = self.judge.wait_for_pin(*ticket, wait);
            if matches!(trust, Trust::Waiting(_)) {
                continue;
            }
            self.tools().settled(*ticket, &trust);
            if trust == Trust::Approved {
                self.tell_tools_changed();
            }
        }
        !waiting.is_empty()
    }

    /// In a session, the client is told; where requests stand for themselves, only on a subscription that it opened.
    fn tell_tools_changed(&self) {
        let subscription = self.table().subscription_to_tools();
        if subscription.is_some() || self.initialized.load(Ordering::Relaxed) {
            self.tell_client(&answer::tools_changed(subscription.as_ref()));
        }
    }
}
