//! Readings, made as they are asked for.

use std::sync::mpsc::Receiver;

use super::shared::Shared;
use crate::console::message::{Command, News};

/// Makes readings as they are asked for. Of previews that wait only the last is made, and likewise of who waits: the others
/// are off the screen again.
pub(super) fn read_all(shared: &Shared, asked: &Receiver<Command>) {
    while let Ok(first) = asked.recv() {
        let batch: Vec<Command> = std::iter::once(first).chain(asked.try_iter()).collect();
        let last_preview = batch.iter().rposition(|command| matches!(command, Command::ReadPreview(_)));
        let last_waiting = batch.iter().rposition(|command| matches!(command, Command::ReadWaiting(_)));
        for (at, command) in batch.into_iter().enumerate() {
            let stale = match command {
                Command::ReadPreview(_) => Some(at) != last_preview,
                Command::ReadWaiting(_) => Some(at) != last_waiting,
                _ => false,
            };
            if !stale {
                read(shared, &command);
            }
        }
    }
}

fn read(shared: &Shared, command: &Command) {
    let bridge = &shared.bridge;
    let news = match command {
        Command::ReadQueue => match shared.read_whole() {
            Ok(()) => return,
            Err(error) => News::Queue(Err(error.to_string())),
        },
        Command::ReadPreview(id) => {
            News::Preview(*id, bridge.preview(*id).map(Box::new).map_err(|error| error.to_string()))
        }
        Command::ReadWaiting(id) => News::Waiting(*id, bridge.ticket(*id).ok().and_then(|ticket| ticket.waiting)),
        Command::ReadGrants => News::Grants(bridge.grants().map_err(|error| error.to_string())),
        Command::ReadPolicies => News::Policies(bridge.policies().map_err(|error| error.to_string())),
        Command::ReadActions => News::Actions(bridge.actions().map_err(|error| error.to_string())),
        Command::ReadAudit { after } => News::Audit(bridge.audit(Some(*after)).map_err(|error| error.to_string())),
        _ => return,
    };
    shared.post(news);
}

#[cfg(test)]
mod tests {
    use std::{
        net::TcpListener,
        sync::{Arc, mpsc::channel},
    };

    use ccc_client::{Bridge, Identity};
    use ccc_protocol::secrets::Secrets;

    use super::*;

    /// A port that nobody listens on: it was free a moment ago, and is not handed out again at once.
    fn nobody() -> Bridge {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let user: ccc_protocol::UserName = "user".parse().unwrap();
        let secrets: Secrets = ccc_keygen::create(&[user], &[], &[]).unwrap();
        let identity = Identity::choose(&secrets, Some("user")).unwrap();
        Bridge::new(format!("http://127.0.0.1:{port}").parse().unwrap(), identity)
    }

    fn told(command: &Command) -> News {
        let (posts, posted) = channel();
        let shared = Shared::new(Arc::new(nobody()), Arc::new(move |news| posts.send(news).unwrap()));
        read(&shared, command);
        posted.try_recv().unwrap()
    }

    #[test]
    fn a_reading_that_fails_is_told_as_what_it_was_to_read() {
        assert!(matches!(told(&Command::ReadQueue), News::Queue(Err(_))), "{:?}", told(&Command::ReadQueue));
        assert!(matches!(told(&Command::ReadGrants), News::Grants(Err(_))));
        assert!(matches!(told(&Command::ReadPolicies), News::Policies(Err(_))));
        assert!(matches!(told(&Command::ReadActions), News::Actions(Err(_))));
        assert!(matches!(told(&Command::ReadAudit { after: 0 }), News::Audit(Err(_))));
    }
}
