//! What the bridge does by itself: permissions and pins, kept in the ticket's own commit. Reads are answered anew for each
//! reader and leave nothing but their ticket.

use std::sync::Arc;

use ccc_protocol::{Digest, UserName, actions::SET_MAIL_PERMISSION};
use serde_json::{Map, Value, json};

use crate::{
    catalogue::effect::{Effect, Service},
    refusal::Refusal,
    ticket::Ticket,
};

use super::{Change, Cx, Desk, MailPermission, Setting, Submission};

impl Desk {
    /// What no policy can allow: refused at once, never queued.
    pub(super) fn check_service(&self, submission: &Submission, cx: Cx<'_>) -> Result<(), Refusal> {
        let params = &submission.asked.args.json;
        match submission.asked.action.effect {
            Effect::Bridge(Service::SetMailPermission) => may_set_mail(&submission.asked.caller, params, cx),
            Effect::Bridge(Service::GetMailPermissions) => may_read_mail(&submission.asked.caller, params, cx),
            Effect::Bridge(Service::PinTool) => names_its_digest(params),
            Effect::Mail => self.may_mail(&submission.asked.caller, params),
            _ => Ok(()),
        }
    }

    /// True where the caller holds a permission for this mail. Asked at submission and again right before the effect.
    ///
    /// # Errors
    /// 403 with the way to get one.
    pub fn may_mail(&self, caller: &UserName, params: &Map<String, Value>) -> Result<(), Refusal> {
        let (to, topic) = (text(params, "to").unwrap_or_default(), text(params, "topic"));
        if self.mail.allow(caller, to, topic) {
            return Ok(());
        }
        let about = topic.map_or_else(String::new, |topic| format!(" about `{topic}`"));
        Err(Refusal::not_allowed(format!(
            "`{caller}` has no permission to mail `{to}`{about}: somebody who may approve for `{caller}` can give it with {SET_MAIL_PERMISSION}"
        )))
    }

    /// Keeps what an accepted service changes.
    pub(super) fn keep_service(
        &mut self,
        service: Option<Service>,
        ticket: &Arc<Ticket>,
        cx: Cx<'_>,
        change: &mut Change,
    ) {
        let request = ticket.request();
        match service {
            service if is_replaced(service, cx) => {}
            Some(Service::SetMailPermission) => self.set_mail(&request.params, change),
            // Kept once: a form that is approved already keeps the ticket that approved it.
            Some(Service::PinTool) if self.pins.approved_by(&request.submitted_by, &request.params).is_none() => {
                self.pins = self.pins.with(&request.submitted_by, &request.params, request.id);
                change.settings.push(Setting::Pins(self.pins.clone()));
            }
            _ => {}
        }
    }

    fn set_mail(&mut self, params: &Map<String, Value>, change: &mut Change) {
        let Some((entry, allow)) = mail_entry(params) else { return };
        self.mail = self.mail.with(entry, allow);
        change.settings.push(Setting::Mail(self.mail.clone()));
    }
}

/// What a service's ticket ends with: a dry run says that nothing was changed.
pub(super) fn result_of(service: Service, cx: Cx<'_>) -> Option<Value> {
    is_replaced(Some(service), cx).then(|| json!({ "dry_run": true }))
}

/// A dry run changes nothing that outlives it: of the services, only who may mail whom does.
fn is_replaced(service: Option<Service>, cx: Cx<'_>) -> bool {
    cx.law.dry_run && matches!(service, Some(Service::SetMailPermission))
}

fn mail_entry(params: &Map<String, Value>) -> Option<(MailPermission, bool)> {
    let user = text(params, "target_user")?.parse().ok()?;
    let to = text(params, "to")?.to_owned();
    let topic = text(params, "topic").map(str::to_owned);
    Some((MailPermission { user, to, topic }, params.get("allow")?.as_bool()?))
}

fn may_set_mail(caller: &UserName, params: &Map<String, Value>, cx: Cx<'_>) -> Result<(), Refusal> {
    let target = text(params, "target_user").unwrap_or_default();
    let known = target.parse::<UserName>().ok().filter(|target| cx.law.users.may_approve(caller, target));
    match known {
        Some(_) => Ok(()),
        None => Err(Refusal::not_allowed(format!("you may not set mail permissions for `{target}`"))),
    }
}

fn may_read_mail(caller: &UserName, params: &Map<String, Value>, cx: Cx<'_>) -> Result<(), Refusal> {
    let Some(target) = text(params, "target_user") else { return Ok(()) };
    let known = target.parse::<UserName>().ok().filter(|target| cx.law.users.may_see(caller, target));
    match known {
        Some(_) => Ok(()),
        None => Err(Refusal::not_allowed(format!("you may not read mail permissions of `{target}`"))),
    }
}

fn names_its_digest(params: &Map<String, Value>) -> Result<(), Refusal> {
    let definition = params.get("definition").cloned().unwrap_or_default();
    if text(params, "digest") == Some(Digest::of_json(&definition).to_string().as_str()) {
        return Ok(());
    }
    Err(Refusal::invalid("digest", "parameter `digest` is not the SHA-256 of the canonical form of `definition`"))
}

fn text<'a>(params: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Value::as_str)
}
