//! How far a grant of a tool call reaches when its words may differ: no class, no host and no path outside of the project that
//! the approved call did not have.

use ccc_protocol::{
    beneath::lies_beneath,
    bodies::{Class, CommandFact, Facts, PathFact},
};

use super::fits::origin;
use crate::params::url;

/// What an approval of one call is never stretched to; "exactly this" may repeat it.
const NEVER_BY_WIDENING: [Class; 6] =
    [Class::Credentials, Class::Privilege, Class::Persistence, Class::ForcePush, Class::HookSettings, Class::Bridge];

/// Kinds of call whose words say who is talked to, also where no host can be read from them: `git push backup`.
const TALKS: [Class; 3] = [Class::Loopback, Class::Network, Class::Upload];

/// Commands that talk to whom their words name, and are no kind of their own.
const TALKING: [&str; 4] = ["git fetch", "git pull", "git ls-remote", "git submodule"];

/// True where the call does nothing of another kind, elsewhere, or with others than the approved one.
pub(super) fn covers(approved: &Facts, given: &Facts) -> bool {
    let same_kind = given.classes.keys().all(|class| approved.classes.contains_key(class));
    let same_hosts = given.hosts.iter().all(|host| approved.hosts.contains(host));
    let ways = |facts: &Facts| [facts.network_upload, facts.interactive, facts.force_push];
    let same_ways = ways(given).into_iter().zip(ways(approved)).all(|(given, approved)| !given || approved);
    given.is_readable()
        && !given.any(&NEVER_BY_WIDENING)
        && same_kind
        && same_hosts
        && same_ways
        && given.paths.iter().all(|path| may_touch(path, approved, given))
        && (!talks(given) || given.commands.iter().all(|command| says_the_same(command, approved)))
}

/// In the project, or as the approved call did. What is sent out is what was approved, wherever it lies.
fn may_touch(path: &PathFact, approved: &Facts, given: &Facts) -> bool {
    let as_approved = approved.paths.iter().any(|known| known.path == path.path && known.access == path.access);
    let in_project = approved.project.as_deref().is_some_and(|project| lies_beneath(&path.path, project));
    as_approved || (in_project && !uploads(given))
}

fn uploads(facts: &Facts) -> bool {
    facts.network_upload || facts.any(&[Class::Upload])
}

fn talks(facts: &Facts) -> bool {
    let speaks = |command: &CommandFact| {
        command.remote || command.subcommand.as_deref().is_some_and(|words| TALKING.contains(&words))
    };
    uploads(facts) || facts.any(&TALKS) || facts.commands.iter().any(speaks)
}

/// Word for word a command of the approved call, but for what follows the host in an address.
fn says_the_same(command: &CommandFact, approved: &Facts) -> bool {
    approved.commands.iter().any(|known| {
        let same_words = known.args.len() == command.args.len()
            && known.args.iter().zip(&command.args).all(|(known, given)| known == given || same_origin(known, given));
        known.program == command.program && known.via == command.via && known.remote == command.remote && same_words
    })
}

fn same_origin(approved: &str, given: &str) -> bool {
    let origin = |text: &str| url::parse(text, &["http".to_owned(), "https".to_owned()]).ok().map(|url| origin(&url));
    origin(approved).is_some_and(|approved| origin(given) == Some(approved))
}
