//! What an approver is shown: the plan that the ticket's digest covers, beside what helps to judge it.

use std::sync::Arc;

use ccc_core::{
    catalogue::{
        Kind, Param,
        effect::{Effect, Service},
    },
    desk::{Again, Cx, again},
    law::Law,
    params::url::{self, is_internal_host},
    policy::Needs,
    refusal::Refusal,
    ticket::Ticket,
};
use ccc_protocol::{
    TicketId,
    bodies::{self, Facts, FileView, PathView, Plan, Preview, Replaced, Status, UrlView},
};
use ccc_toolcall::facts::marks;
use serde_json::{Map, Value, json};

use crate::{authenticate::Caller, volumes};

use super::Front;

impl Front {
    /// `GET /queue/{id}/preview`.
    ///
    /// # Errors
    /// 404 where there is none that the caller may approve, 403 where it is the caller's own.
    pub async fn preview(&self, caller: &Caller, id: TicketId) -> Result<Preview, Refusal> {
        let ticket = self.find(caller.user(), id).await?;
        let law = self.law();
        if !law.users.may_approve(caller.user(), ticket.submitted_by()) {
            return Err(Refusal::not_allowed("only who may approve a ticket sees its preview"));
        }
        let before_edit = self.params_of(caller, ticket.request().replaces).await;
        let approved_before = self.params_of(caller, self.approved_before(&law, &ticket)).await;
        let mut approved_tool = self.params_of(caller, self.approved_tool(&ticket)).await;
        let approved_tool = approved_tool.as_mut().and_then(|params| params.remove("definition"));
        let urls = urls(&law, &ticket);
        let (files, mut warnings) = self.heads(caller, &law, &ticket).await?;
        warnings.extend(urls.iter().filter(|url| is_internal_host(&url.host)).map(internal));
        let facts = self.facts(caller, &ticket).await?;
        let replaced = self.replaced(caller, &law, &ticket).await?;
        let (view, changed, needs) = self.as_of_now(&ticket).await;
        let verdict = Some(ticket.verdict(&needs, &law.knowledge()));
        let waiting = self.waiting_for(&ticket, caller.user());
        let view = bodies::Ticket { verdict, assessed: ticket.assessed(), waiting, ..view };
        warnings.extend(changed);
        let marks = facts.as_ref().map(|facts| marks(&ticket.request().params, facts)).unwrap_or_default();
        Ok(Preview {
            marks,
            plan: ticket.request().plan.clone(),
            urls,
            files,
            facts,
            replaced,
            warnings,
            recent: self.shelf.read().recent.before(ticket.submitted_by(), id),
            before_edit,
            approved_before,
            approved_tool,
            ticket: view,
        })
    }

    /// The call's facts, read once for each ticket.
    async fn facts(&self, caller: &Caller, ticket: &Arc<Ticket>) -> Result<Option<Facts>, Refusal> {
        let (ticket, law) = (Arc::clone(ticket), self.law());
        let read = move || Ok(ticket.facts(&law.knowledge()).map(|facts| Facts::clone(&facts)));
        self.pool.run(Some(caller.user()), read).await
    }

    /// The head of each file that the plan names, and a warning for each that does not read.
    async fn heads(
        &self,
        caller: &Caller,
        law: &Arc<Law>,
        ticket: &Ticket,
    ) -> Result<(Vec<FileView>, Vec<String>), Refusal> {
        let wanted = paths(&ticket.request().plan).to_vec();
        let law = Arc::clone(law);
        self.pool.run(Some(caller.user()), move || Ok(heads(wanted, &law))).await
    }

    /// What lies where the call would write a whole file, for as long as that may still be kept from happening.
    async fn replaced(
        &self,
        caller: &Caller,
        law: &Arc<Law>,
        ticket: &Arc<Ticket>,
    ) -> Result<Option<Replaced>, Refusal> {
        if !ticket.request().judge_only || ticket.status() != Status::Queued {
            return Ok(None);
        }
        let Some(path) = written_whole(&ticket.request().params) else { return Ok(None) };
        let law = Arc::clone(law);
        let read = move || Ok(volumes::replaced(&path, &law.volumes, law.limits.compare_bytes_max));
        self.pool.run(Some(caller.user()), read).await
    }

    /// The ticket with what its approval needs by the rules of now, and a warning where that is more than when it was asked.
    async fn as_of_now(&self, ticket: &Arc<Ticket>) -> (bodies::Ticket, Option<String>, Needs) {
        let view = self.view(ticket).await;
        if ticket.status() != Status::Queued {
            return (view, None, ticket.needs().clone());
        }
        let (law, overrides) = (self.law(), Arc::clone(&self.shelf.read().overrides));
        let cx = Cx { law: &law, now: self.clock.now(), local: self.clock.local() };
        match again(ticket, &overrides, cx) {
            Ok(Again { needs, .. }) if needs == ticket.request().needs => (view, None, needs),
            Ok(Again { needs, rule, .. }) => {
                let warning = format!("the rules ask for more than when it was asked: {rule}");
                (with_needs(view, &needs), Some(warning), needs)
            }
            Err(reason) => {
                let warning = format!("the rules have changed since it was asked, and refuse it now: {reason}");
                (view, Some(warning), ticket.needs().clone())
            }
        }
    }

    async fn params_of(&self, caller: &Caller, id: Option<TicketId>) -> Option<Map<String, Value>> {
        let ticket = self.find(caller.user(), id?).await.ok()?;
        Some(ticket.request().params.clone())
    }

    /// The ticket that approved the tool which this call is of, where it is a tool of an MCP server.
    fn approved_tool(&self, ticket: &Ticket) -> Option<TicketId> {
        let request = ticket.request();
        let named = request.judge_only.then(|| request.params.get("tool")?.as_str()?.strip_prefix("mcp:"))??;
        let (server, tool) = named.split_once('/')?;
        let params = json!({ "server": server, "tool": tool });
        let published = self.shelf.read();
        published.pins.standing(&request.submitted_by, params.as_object()?).map(|pin| pin.ticket)
    }

    /// The ticket that approved the form in place of which another one is asked for. It is looked up here: whoever asks
    /// could show a harmless old text beside a new one.
    fn approved_before(&self, law: &Law, ticket: &Ticket) -> Option<TicketId> {
        let request = ticket.request();
        let effect = &law.catalogue.named(request.action.as_str())?.effect;
        if ticket.status().has_ended() || !matches!(effect, Effect::Bridge(Service::PinTool)) {
            return None;
        }
        let published = self.shelf.read();
        published.pins.standing(&request.submitted_by, &request.params).map(|pin| pin.ticket)
    }
}

/// The path of the file that a call writes whole, absolute.
fn written_whole(params: &Map<String, Value>) -> Option<String> {
    let input = params.get("input")?.as_object()?;
    let text = |names: &[&str]| names.iter().find_map(|name| input.get(*name)?.as_str());
    text(&["content", "file_text"])?;
    let path = text(&["file_path", "path"])?;
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    let cwd = params.get("cwd").and_then(Value::as_str).filter(|cwd| cwd.starts_with('/'))?;
    Some(format!("{}/{path}", cwd.trim_end_matches('/')))
}

fn with_needs(view: bodies::Ticket, needs: &Needs) -> bodies::Ticket {
    bodies::Ticket {
        needed: needs.count,
        needs_note: needs.justification,
        needs_roles: needs.roles.iter().cloned().collect(),
        grant_seconds_max: needs.grant_seconds_max,
        ..view
    }
}

fn paths(plan: &Plan) -> &[PathView] {
    match plan {
        Plan::Run { paths, .. } | Plan::Open { paths, .. } => paths,
        Plan::Mail { .. } | Plan::Bridge { .. } | Plan::Release { .. } => &[],
    }
}

fn urls(law: &Law, ticket: &Ticket) -> Vec<UrlView> {
    let request = ticket.request();
    let Some(action) = law.catalogue.named(request.action.as_str()) else { return vec![] };
    let view = |param: &Param| {
        let Kind::Url { schemes } = &param.kind else { return None };
        let url = url::parse(request.params.get(&param.name)?.as_str()?, schemes).ok()?;
        let host_unicode = url::host_in_unicode(&url.host);
        Some(UrlView { param: param.name.clone(), url: url.text, host: url.host, host_unicode })
    };
    action.params.iter().filter_map(view).collect()
}

fn internal(url: &UrlView) -> String {
    format!("`{}` names a host within this machine or network: {}", url.param, url.host)
}

fn heads(wanted: Vec<PathView>, law: &Law) -> (Vec<FileView>, Vec<String>) {
    let (mut files, mut warnings) = (vec![], vec![]);
    for path in wanted {
        match volumes::head(&path, &law.volumes, law.limits.preview_bytes_max) {
            Ok(Some(file)) => files.push(file),
            // A directory has no head.
            Ok(None) => {}
            Err(refusal) => warnings.push(format!("`{}`: {}", path.param, refusal.detail)),
        }
    }
    (files, warnings)
}
