//! Which calls one rule may cover: those that differ in nothing but what a condition can hold.

use std::collections::BTreeSet;

use ccc_protocol::bodies::{Class, Facts, Place, Policy, Risk};

use crate::{
    catalogue::Effect,
    replay::{Call, Ready},
};

/// What all calls of one rule have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) caller: String,
    pub(super) action: String,
    pub(super) tool: Option<ToolKey>,
}

/// What tool calls of one rule have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ToolKey {
    pub(super) tool: String,
    /// The project that the host names.
    pub(super) project: Option<String>,
    /// Programs and their sub-commands, of which either all have one or none has.
    pub(super) commands: BTreeSet<(String, Option<String>)>,
    pub(super) has_paths: bool,
    pub(super) has_hosts: bool,
}

/// What a lasting rule may let pass. What leaves the machine, reaches beyond the project, takes rights or cannot be taken back is
/// a person's to answer each time.
const CLASSES: [Class; 11] = [
    Class::Reads,
    Class::VcsQuery,
    Class::VcsChange,
    Class::Builds,
    Class::Writes,
    Class::Deletes,
    Class::Runs,
    Class::Bookkeeping,
    Class::Loopback,
    Class::Network,
    Class::Server,
];
/// Kinds of call that must name what they touch.
const TOUCHING: [Class; 3] = [Class::Writes, Class::Deletes, Class::Runs];
/// Kinds of call that must name whom they talk to.
const TALKING: [Class; 2] = [Class::Loopback, Class::Network];

impl Key {
    /// Of this call; none where no lasting rule is offered for it.
    pub(super) fn of(call: &Call, ready: &Ready) -> Option<Self> {
        let tool = match &ready.facts {
            Some(facts) => Some(ToolKey::of(call, facts)?),
            None if is_grave(ready) || leaves_out(ready) => return None,
            None => None,
        };
        Some(Self { caller: call.caller.to_string(), action: call.action.to_string(), tool })
    }
}

/// What a person must look at each time, and what changes the bridge itself.
fn is_grave(ready: &Ready) -> bool {
    let action = &ready.action;
    action.irreversible
        || action.risk == Risk::High
        || action.floor.is_some_and(|floor| floor > Policy::AutoAccept)
        || matches!(action.effect, Effect::Bridge(_) | Effect::Mail | Effect::Release)
}

/// No condition says that a parameter is not given: a rule that left one out would let it be anything.
fn leaves_out(ready: &Ready) -> bool {
    ready.action.params.iter().any(|param| ready.args.named(&param.name).is_none())
}

impl ToolKey {
    fn of(call: &Call, facts: &Facts) -> Option<Self> {
        let commands: BTreeSet<_> =
            facts.commands.iter().map(|command| (command.program.clone(), command.subcommand.clone())).collect();
        let key = Self {
            tool: call.text("tool")?.to_owned(),
            project: call.text("project").map(str::to_owned),
            commands,
            has_paths: !facts.paths.is_empty(),
            has_hosts: !facts.hosts.is_empty(),
        };
        (is_plain(facts) && key.is_narrow(facts)).then_some(key)
    }

    /// True where conditions can hold the call to what it was.
    fn is_narrow(&self, facts: &Facts) -> bool {
        let subcommands = self.commands.iter().filter(|(_, subcommand)| subcommand.is_some()).count();
        let of_one_kind = subcommands == 0 || subcommands == self.commands.len();
        // Without a sub-command, a program's name alone says little: what it touches has to say the rest.
        let named = subcommands > 0 || self.has_paths || self.has_hosts || self.tool.starts_with("mcp:");
        let server_is_named = !facts.any(&[Class::Server]) || self.tool.starts_with("mcp:");
        of_one_kind
            && named
            && server_is_named
            && (self.has_paths || !facts.any(&TOUCHING))
            && (self.has_hosts || !facts.any(&TALKING))
    }
}

/// Nothing grave, nothing unread, nothing run by another program or elsewhere.
fn is_plain(facts: &Facts) -> bool {
    let changes = facts.any(&TOUCHING);
    let by_itself = facts.commands.iter().all(|command| command.via.is_empty() && !command.remote);
    let is_inside = |path: &ccc_protocol::bodies::PathFact| match path.place {
        Place::Project => true,
        Place::ProjectRoot => !changes,
        Place::Temporary | Place::Outside => false,
    };
    facts.is_readable()
        && facts.only(&CLASSES)
        && !(facts.network_upload || facts.interactive || facts.force_push)
        && by_itself
        && facts.paths.iter().all(is_inside)
}
