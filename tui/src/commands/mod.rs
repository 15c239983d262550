//! The commands without a screen: `list`, `show`, `approve`, `deny`, `grants`, `revoke`, `resume`,
//! `policies`, `watch`, `suggest`.
//! Data goes to stdout, words to stderr; what others wrote is made visible on both.

mod ask;
mod decide;
mod find;
mod print;
mod suggest;
mod tell;
mod watch;

use ccc_client::Bridge;
use ccc_protocol::exit;

use crate::cli::{Stop, Task};

/// Does one of them; the code to exit with.
pub(crate) fn run(bridge: &Bridge, task: &Task) -> Result<u8, Stop> {
    match task {
        Task::List { json } => tell::list(bridge, *json),
        Task::Show { id, json } => tell::show(bridge, id, *json),
        Task::Grants { json } => tell::grants(bridge, *json),
        Task::Resume { user } => decide::resume(bridge, user),
        Task::Policies { json } => tell::policies(bridge, *json),
        Task::Watch { json } => watch::watch(bridge, *json),
        Task::Suggest(wanted) => suggest::run(bridge, wanted),
        Task::Approve { id, terms, asked } => decide::approve(bridge, id, terms, asked),
        Task::Deny { id, reason, asked } => decide::deny(bridge, id, reason.as_deref(), asked),
        Task::Stop { id } => decide::stop(bridge, id),
        Task::Revoke { id } => decide::revoke(bridge, id),
        Task::Screen | Task::Plain => Ok(exit::SUCCEEDED),
    }
}
