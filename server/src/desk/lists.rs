//! The use cases that only read: what waits, what is granted, what holds, what happened.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
};

use ccc_core::{
    catalogue::{Action, Effect, Service},
    law::Law,
    params::Args,
    policy::{self, Overrides, Question, Ruling, Standing},
    refusal::Refusal,
    ticket::Ticket,
    user::Users,
};
use ccc_protocol::{
    GrantId, TicketId, UserName,
    bodies::{
        self, ActionList, ActionPolicy, AuditEntry, AuditList, EntryKind, GrantList, GroupPolicies, Held, Hint, Policy,
        PolicyList, QueueList, Status,
    },
    content_digest::SharedBeginning,
};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::{authenticate::Caller, clock::Clock};

use super::{Front, Lawbook, Posted, audience::News, page::Page, readings::Basis};

impl Front {
    /// `GET /actions`: what there is, with the policy in force for the caller.
    pub fn actions(&self, caller: &Caller) -> ActionList {
        self.in_force(&self.law(), &self.shelf.read().overrides).action_list(caller.user())
    }

    /// `GET /queue`: open tickets in the order of their last change; with `after`, what changed since, ended tickets too.
    ///
    /// # Errors
    /// 503 where the store does not answer.
    pub async fn queue(&self, caller: &Caller, after: Option<u64>, limit: u64) -> Result<QueueList, Refusal> {
        match after {
            None => self.open_queue(caller.user(), limit).await,
            Some(after) => self.changed_queue(caller.user(), after, limit).await,
        }
    }

    async fn open_queue(&self, user: &UserName, limit: u64) -> Result<QueueList, Refusal> {
        let law = self.law();
        let (seq, clock, visible) = {
            let published = self.shelf.read();
            let tickets = published.by_change.values().filter_map(|id| published.open.get(id));
            let visible: Vec<_> = tickets
                .filter(|ticket| law.users.may_see(user, ticket.submitted_by()))
                .take(usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1))
                .cloned()
                .collect();
            (published.seq, published.clock, visible)
        };
        self.read_these(&visible).await;
        let bytes = visible.len().saturating_mul(ENTRY_BYTES);
        let (front, reader) = (self.clone(), user.clone());
        let list = move || {
            let page = Page::new(limit, law.limits.list_bytes_max);
            let (tickets, next) = page_of(visible, page, |ticket| front.listed(ticket, &reader));
            let config_fault = front.config_fault_for(&reader);
            Ok(QueueList { seq, tickets, next, disk_full: front.is_disk_full(), config_fault, clock })
        };
        self.aside_for(user, bytes, list).await
    }

    async fn changed_queue(&self, user: &UserName, after: u64, limit: u64) -> Result<QueueList, Refusal> {
        let law = self.law();
        // What is committed later than this number is told by the next question.
        let (seq, clock) = self.shelf.read().as_of();
        if after >= seq {
            let config_fault = self.config_fault_for(user);
            let disk_full = self.is_disk_full();
            return Ok(QueueList { seq, tickets: vec![], next: None, disk_full, config_fault, clock });
        }
        let (changed, read_to) = self.archive.changed_after(user, after, seq).await?;
        // A ticket that changed more than once stands in the place of its last change.
        let last: HashMap<TicketId, u64> = changed.iter().map(|(at, id)| (*id, *at)).collect();
        let mut page = Page::new(limit, law.limits.list_bytes_max);
        // By the number of the change that was read: the ticket itself may have changed again meanwhile.
        let mut told = after;
        for (count, (at, id)) in changed.into_iter().enumerate() {
            if count.is_multiple_of(ENTRIES_AT_ONCE) {
                tokio::task::yield_now().await;
            }
            let ticket = if last.get(&id) == Some(&at) { self.as_published(user, id).await? } else { None };
            let visible = ticket.filter(|ticket| law.users.may_see(user, ticket.submitted_by()));
            if let Some(open) = visible.as_ref().filter(|ticket| !ticket.status().has_ended()) {
                self.read_these(std::slice::from_ref(open)).await;
            }
            if visible.is_some_and(|ticket| !page.take(self.listed(&ticket, user))) {
                return Ok(QueueList {
                    seq,
                    tickets: page.into_entries(),
                    next: Some(told),
                    disk_full: self.is_disk_full(),
                    config_fault: self.config_fault_for(user),
                    clock,
                });
            }
            told = at;
        }
        Ok(QueueList {
            seq,
            tickets: page.into_entries(),
            next: (read_to < seq).then_some(read_to),
            disk_full: self.is_disk_full(),
            config_fault: self.config_fault_for(user),
            clock,
        })
    }

    async fn as_published(&self, by: &UserName, id: TicketId) -> Result<Option<Arc<Ticket>>, Refusal> {
        let open = self.shelf.read().open.get(&id).cloned();
        match open {
            Some(open) => Ok(Some(open)),
            None => self.archive.ticket(Some(by), id).await,
        }
    }

    fn listed(&self, ticket: &Ticket, reader: &UserName) -> bodies::Ticket {
        let verdict = self.verdict_at_hand(ticket, reader);
        let assessed = verdict.as_ref().and_then(|_| ticket.assessed());
        let waiting = self.waiting_for(ticket, reader);
        bodies::Ticket { denied_until: self.denied_until(ticket), verdict, assessed, waiting, ..ticket.listed() }
    }

    /// What the ticket comes to, for who may approve it. One whose call was not read before (it ended before this start) has none in
    /// a list; its preview has.
    fn verdict_at_hand(&self, ticket: &Ticket, reader: &UserName) -> Option<bodies::Verdict> {
        let law = self.law();
        let knowledge = law.knowledge();
        let is_shown = law.users.may_approve(reader, ticket.submitted_by()) && ticket.is_read(&knowledge);
        is_shown.then(|| ticket.verdict(ticket.needs(), &knowledge))
    }

    /// `GET /grants`: the standing grants of the users the caller may approve for, from the one behind `after` on.
    ///
    /// # Errors
    /// 403 without approval rights.
    pub fn grants(&self, caller: &Caller, after: Option<GrantId>, limit: u64) -> Result<GrantList, Refusal> {
        let law = self.law();
        if !law.users.has_approval_rights(caller.user()) {
            return Err(Refusal::not_allowed("grants are shown to users with approval rights"));
        }
        let published = self.shelf.read();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = published.grants.range((from, Bound::Unbounded));
        let mut page = Page::new(limit, law.limits.list_bytes_max);
        let (mut told, mut next) = (None, None);
        for (id, grant) in later.filter(|(_, grant)| law.users.may_approve(caller.user(), &grant.user)) {
            if !page.take(grant.listed()) {
                next = told;
                break;
            }
            told = Some(*id);
        }
        Ok(GrantList { seq: published.seq, grants: page.into_entries(), next })
    }

    /// `GET /policies`: what holds for the users the caller may approve for.
    ///
    /// # Errors
    /// 403 without approval rights.
    pub fn policies(&self, caller: &Caller) -> Result<PolicyList, Refusal> {
        let law = self.law();
        if !law.users.has_approval_rights(caller.user()) {
            return Err(Refusal::not_allowed("policies are shown to users with approval rights"));
        }
        let published = self.shelf.read();
        Ok(policy_list(&self.in_force(&law, &published.overrides), caller.user(), published.seq, &published.held))
    }

    /// `GET /audit`: entries about the users the caller may approve for, what others set for those users at run time, and what
    /// is of the caller's own doing.
    ///
    /// # Errors
    /// 403 without approval rights, 503 where the store does not answer.
    pub async fn audit(&self, caller: &Caller, after: u64, limit: u64) -> Result<AuditList, Refusal> {
        let law = self.law();
        if !law.users.has_approval_rights(caller.user()) {
            return Err(Refusal::not_allowed("the audit log is shown to users with approval rights"));
        }
        let seq = self.shelf.read().seq;
        let (reader, bytes_max) = (caller.user().clone(), law.limits.list_bytes_max);
        let shown = move |entry: &mut AuditEntry| is_shown(entry, &reader, &law.users);
        let (entries, read_to) = self.archive.entries_after(caller.user(), after, limit, bytes_max, shown).await?;
        let read_to = read_to.unwrap_or(seq);
        Ok(AuditList { seq, entries, next: (read_to < seq).then_some(read_to) })
    }

    /// `GET /events`: hints about what this caller may see, from `last` on where it is given, else from now on.
    ///
    /// # Errors
    /// 503 where the store does not answer.
    pub async fn hints(&self, caller: &Caller, last: Option<u64>) -> Result<Hints, Refusal> {
        let news = self.waiting.audience.join(caller.user(), &self.posts, &self.lawbook);
        let (newest, missed) = match last {
            Some(last) => (last, self.archive.posted_after(caller.user(), last, self.law().limits.list_max).await?),
            None => (self.shelf.read().seq, vec![]),
        };
        let waiting = missed.into_iter().rev().collect();
        Ok(Hints { user: caller.user().clone(), lawbook: self.lawbook.clone(), newest, waiting, news })
    }

    fn in_force<'a>(&'a self, law: &'a Law, overrides: &'a Overrides) -> InForce<'a> {
        InForce { law, overrides, clock: &self.clock }
    }

    /// The action list that answers this ticket, as it was written for its user before, or is now. None where it asks for
    /// something else.
    pub(super) fn written_list(&self, ticket: &Ticket) -> Option<Arc<SharedBeginning>> {
        let law = self.law();
        if ticket.status() != Status::Succeeded || service_of(&law, ticket) != Some(Service::ListActions) {
            return None;
        }
        let overrides = Arc::clone(&self.shelf.read().overrides);
        let basis = Basis { law, overrides, local: self.clock.local() };
        self.lists.of(ticket.submitted_by(), basis, |basis| {
            self.in_force(&basis.law, &basis.overrides).action_list(ticket.submitted_by())
        })
    }

    /// What the bridge itself answers to a ticket that only reads: made anew for each reader, never stored. Explanations may
    /// meet a slow file system, and are [`Front::explained`].
    pub(super) fn reading(&self, ticket: &Ticket) -> Option<Value> {
        if ticket.status() != Status::Succeeded {
            return None;
        }
        let law = self.law();
        let service = service_of(&law, ticket)?;
        let (user, params) = (ticket.submitted_by(), &ticket.request().params);
        match service {
            Service::ListActions => {
                let overrides = Arc::clone(&self.shelf.read().overrides);
                serde_json::to_value(self.in_force(&law, &overrides).action_list(user)).ok()
            }
            Service::GetMailPermissions => {
                let target = params.get("target_user").and_then(Value::as_str);
                let readable =
                    |of: &UserName| law.users.may_see(user, of) && target.is_none_or(|target| target == of.as_str());
                let published = self.shelf.read();
                Some(json!({ "allowed": published.mail.about(readable).collect::<Vec<_>>() }))
            }
            _ => None,
        }
    }
}

/// As many as go on the page, and where to read on. Open tickets were denied by nobody, so that no denial is looked for.
fn page_of(
    visible: Vec<Arc<Ticket>>,
    mut page: Page<bodies::Ticket>,
    listed: impl Fn(&Ticket) -> bodies::Ticket,
) -> (Vec<bodies::Ticket>, Option<u64>) {
    let mut told = None;
    for ticket in visible {
        if !page.take(listed(&ticket)) {
            return (page.into_entries(), told);
        }
        told = Some(ticket.seq());
    }
    (page.into_entries(), None)
}

/// What an entry of a list counts for, to tell a list that takes its time from one that does not: some thirty are made at once.
const ENTRY_BYTES: usize = 128;
/// After how many entries others are served.
const ENTRIES_AT_ONCE: usize = 16;

/// Whether this approver is shown the entry; of several users it names, those they may approve for.
fn is_shown(entry: &mut AuditEntry, reader: &UserName, users: &Users) -> bool {
    if entry.by.as_ref() == Some(reader) {
        return true;
    }
    if let Some(about) = &entry.about {
        return users.may_approve(reader, about);
    }
    if entry.kind == EntryKind::MailPermissionsRead {
        return keep_readable_mail(entry, reader, users);
    }
    // What the server itself does every approver may know.
    let Some(by) = &entry.by else { return true };
    if let Some(Value::Array(frozen)) = entry.detail.get_mut("users") {
        let named = |user: &Value| user.as_str().and_then(|user| user.parse().ok());
        frozen.retain(|user| named(user).is_some_and(|user| users.may_approve(reader, &user)));
        return !frozen.is_empty();
    }
    users.share_somebody(reader, by)
}

/// Of permissions that came or went, those of users that the reader may ask about; nothing where there is none.
fn keep_readable_mail(entry: &mut AuditEntry, reader: &UserName, users: &Users) -> bool {
    let user = |permission: &Value| permission.get("user")?.as_str()?.parse::<UserName>().ok();
    let mut is_empty = true;
    for key in ["added", "removed"] {
        let Some(Value::Array(permissions)) = entry.detail.get_mut(key) else { continue };
        permissions.retain(|permission| user(permission).is_some_and(|user| users.may_see(reader, &user)));
        is_empty &= permissions.is_empty();
    }
    !is_empty
}

fn service_of(law: &Law, ticket: &Ticket) -> Option<Service> {
    match law.catalogue.named(ticket.request().action.as_str())?.effect {
        Effect::Bridge(service) => Some(service),
        _ => None,
    }
}

/// The policy that holds for a caller where no rule asks for a parameter: the question without parameters.
struct InForce<'a> {
    law: &'a Law,
    overrides: &'a Overrides,
    clock: &'a Clock,
}

impl InForce<'_> {
    fn action_list(&self, caller: &UserName) -> ActionList {
        ActionList { actions: self.law.catalogue.infos(|action| self.policy(caller, action)) }
    }

    fn policy(&self, caller: &UserName, action: &Action) -> Policy {
        let question = Question {
            caller,
            action,
            args: &Args::default(),
            facts: None,
            risk: None,
            local: self.clock.local(),
            now: self.clock.now(),
            users: &self.law.users,
            limits: &self.law.limits,
        };
        let standing = Standing { overrides: self.overrides, denial: None, grants: &[] };
        match policy::decide(&question, &self.law.rulebook, &standing).ruling {
            Ruling::Accept => Policy::AutoAccept,
            Ruling::Confine => Policy::Confine,
            Ruling::Queue => Policy::Queue,
            Ruling::Deny { .. } | Ruling::DeniedBefore { .. } => Policy::AutoDeny,
        }
    }
}

fn policy_list(now: &InForce<'_>, caller: &UserName, seq: u64, held: &[Held]) -> PolicyList {
    let InForce { law, overrides, .. } = now;
    let own = overrides.by.get(caller).cloned().unwrap_or_default();
    let users: Vec<UserName> =
        law.users.named(caller).map(|user| user.can_approve.iter().cloned().collect()).unwrap_or_default();
    let mut groups: BTreeMap<&str, Vec<ActionPolicy>> = BTreeMap::new();
    for action in law.catalogue.iter() {
        let effective = users.iter().map(|user| (user.clone(), now.policy(user, action))).collect();
        groups.entry(&action.group).or_default().push(ActionPolicy {
            action: action.name.clone(),
            own: action.policy,
            floor: action.floor,
            overridden: own.actions.get(&action.name).copied(),
            effective,
        });
    }
    let group = |(group, actions): (&str, Vec<ActionPolicy>)| GroupPolicies {
        enabled: !own.disabled_groups.contains(group),
        group: group.to_owned(),
        actions,
    };
    PolicyList {
        seq,
        frozen: users.iter().filter(|user| overrides.frozen_by(user).is_some()).cloned().collect(),
        held: held.iter().filter(|held| users.contains(&held.user) && is_on(held, now)).cloned().collect(),
        groups: groups.into_iter().map(group).collect(),
        users,
    }
}

fn is_on(held: &Held, now: &InForce<'_>) -> bool {
    held.until.is_none_or(|until| now.clock.now() < until)
}

/// Hints for one listener: what was missed first, then what comes, each checked against what the listener may see now.
#[derive(Debug)]
pub struct Hints {
    user: UserName,
    lawbook: Lawbook,
    newest: u64,
    /// What is to be told, newest first.
    waiting: Vec<Posted>,
    news: broadcast::Receiver<News>,
}

impl Hints {
    /// The next hint. None where the server ends, or this listener fell so far behind that hints were lost: it comes back
    /// with the last one it saw.
    pub async fn next(&mut self) -> Option<Hint> {
        loop {
            if let Some(hint) = self.next_here() {
                return Some(hint);
            }
            let news = self.news.recv().await.ok()?;
            self.waiting = news.iter().rev().cloned().collect();
        }
    }

    /// The next hint of those that came together with the last one.
    pub fn next_here(&mut self) -> Option<Hint> {
        while let Some(posted) = self.waiting.pop() {
            if posted.seq > self.newest && posted.may_be_seen_by(&self.user, &self.lawbook.current().users) {
                self.newest = posted.seq;
                return Some(Hint { seq: posted.seq, kind: posted.kind, id: posted.id });
            }
        }
        None
    }
}

impl Posted {
    /// As the streams tell of a committed entry.
    #[must_use]
    pub(crate) fn of_entry(entry: &AuditEntry) -> Self {
        let grant =
            || entry.detail.get("grant").or_else(|| entry.detail.get("id")).and_then(Value::as_str).map(str::to_owned);
        Self {
            seq: entry.seq,
            kind: entry.kind.clone(),
            id: if entry.kind.is_about_a_grant() { grant() } else { entry.ticket.as_ref().map(TicketId::to_string) },
            about: entry.about.clone(),
            by: entry.by.clone(),
        }
    }

    pub(super) fn of(sealed: &ccc_core::audit::Sealed) -> Self {
        Self::of_entry(&sealed.entry)
    }
}
