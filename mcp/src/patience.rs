//! How long a client waits for an answer before it gives up: a receipt in time is worth more than an approval too late.

use std::time::Duration;

/// What is known of clients by their own names, as seconds that they wait for a tool call, less a margin. Where a client's
/// waiting can be set, the shortest default counts. Progress extends none of them.
const KNOWN: [(&str, u64); 4] = [("codex", 285), ("gemini", 570), ("inspector", 50), ("claude", 1500)];

/// What most clients of unknown name wait at least: the default of the common libraries is 60 s.
const UNKNOWN_SECONDS: u64 = 50;

/// How long calls wait for a person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    asked_for: Option<Duration>,
    client: Option<Duration>,
}

impl Patience {
    /// As the command line asks for it, or as long as the client allows.
    pub(crate) fn new(asked_for: Option<Duration>) -> Self {
        Self { asked_for, client: None }
    }

    /// The client has said what it is called.
    pub(crate) fn client_is(&mut self, name: &str) {
        let name = name.to_lowercase();
        let known = KNOWN.iter().find(|(known, _)| name.contains(known));
        self.client = known.map(|(_, seconds)| Duration::from_secs(*seconds));
    }

    /// How long a call waits from now on.
    pub(crate) fn wait(self) -> Duration {
        match (self.asked_for, self.client) {
            (Some(asked_for), Some(client)) => asked_for.min(client),
            (Some(asked_for), None) => asked_for,
            (None, Some(client)) => client,
            (None, None) => Duration::from_secs(UNKNOWN_SECONDS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Patience;
    use std::time::Duration;

    fn wait(asked_for: Option<u64>, client: Option<&str>) -> u64 {
        let mut patience = Patience::new(asked_for.map(Duration::from_secs));
        if let Some(client) = client {
            patience.client_is(client);
        }
        patience.wait().as_secs()
    }

    #[test]
    fn nobody_waits_longer_than_a_client_is_known_to() {
        assert!(wait(Some(3600), Some("codex-mcp-client")) < 300);
        assert!(wait(None, Some("inspector-cli")) < 60);
        assert!(wait(None, Some("Gemini-CLI")) < 600);
        assert!(wait(None, None) < 60);
    }

    #[test]
    fn what_was_asked_for_holds_where_the_client_allows_it() {
        assert_eq!(wait(Some(3600), Some("something new")), 3600);
        assert_eq!(wait(Some(7), Some("claude-code")), 7);
        assert_eq!(wait(Some(0), None), 0);
    }
}
