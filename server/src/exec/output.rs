//! What a program wrote, up to a limit, and in the container's names.

use ccc_core::volume::Volumes;
use ccc_protocol::bodies::PathView;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The first bytes of a stream.
#[derive(Debug, Default)]
pub(super) struct Captured {
    bytes: Vec<u8>,
    /// True where there was more.
    pub(super) truncated: bool,
}

impl Captured {
    /// Reads to the end, so that the writer never waits, and keeps the first `bytes_max`. What was read so far is kept
    /// where reading is given up half way.
    pub(super) async fn fill(&mut self, stream: Option<impl AsyncRead + Unpin>, bytes_max: usize) {
        let Some(mut stream) = stream else { return };
        let mut chunk = vec![0; 8192];
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            let room = bytes_max.saturating_sub(self.bytes.len());
            self.bytes.extend(chunk.iter().take(read.min(room)));
            self.truncated |= read > room;
        }
    }

    /// As it came, for the log.
    pub(super) fn plain(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// As text. Where it was cut, the last line goes too: half a path would not be known for one.
    pub(super) fn text(&self, names: &Names) -> String {
        let end = self.bytes.iter().rposition(|byte| *byte == b'\n').filter(|_| self.truncated);
        let bytes = end.and_then(|end| self.bytes.get(..=end)).unwrap_or(&self.bytes);
        names.in_container(&String::from_utf8_lossy(bytes))
    }
}

/// The host's names of the volumes, and the container's for each: the longest first.
#[derive(Debug)]
pub(super) struct Names(Vec<(String, String)>);

impl Names {
    pub(super) fn new(volumes: &Volumes, paths: &[PathView]) -> Self {
        let mut names: Vec<(String, String)> = vec![];
        for volume in volumes.iter() {
            let container = volume.container().to_owned();
            names.push((volume.host.trim_end_matches('/').to_owned(), container.clone()));
            names.extend(volume.root.iter().map(|root| (root.path.clone(), container.clone())));
        }
        names.extend(paths.iter().map(|path| (path.host.clone(), path.container.clone())));
        names.retain(|(host, _)| !host.is_empty() && host != "/");
        names.sort_by_key(|(host, _)| std::cmp::Reverse(host.len()));
        names.dedup();
        Self(names)
    }

    /// The text with each host path of a volume written as the container has it.
    pub(super) fn in_container(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (host, container)| replace(&text, host, container))
    }
}

/// Replaces whole leading segments: `/srv/ws` in `/srv/ws/a` but not in `/srv/ws2`.
fn replace(text: &str, host: &str, container: &str) -> String {
    let mut parts = text.split(host);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'));
        // `/` alone as a container root would double the slash that follows.
        let name = if container == "/" && rest.starts_with('/') { "" } else { container };
        out.push_str(if goes_on { host } else { name });
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use ccc_core::volume::Volume;

    use super::*;

    fn names() -> Names {
        let volumes = vec![
            Volume::new("/workspace", "/no/such/ws").unwrap(),
            Volume::new("/workspace/vendor", "/no/such/ws/v").unwrap(),
        ];
        Names::new(&Volumes::new(volumes, None).unwrap(), &[])
    }

    #[test]
    fn host_paths_become_the_containers() {
        for (host, container) in [
            ("/no/such/ws/src/main.rs:3: error", "/workspace/src/main.rs:3: error"),
            ("in '/no/such/ws'.", "in '/workspace'."),
            ("/no/such/ws/v/x", "/workspace/vendor/x"),
            ("/no/such/ws2/x /no/such/ws-old", "/no/such/ws2/x /no/such/ws-old"),
        ] {
            assert_eq!(names().in_container(host), container);
        }
    }

    #[tokio::test]
    async fn output_is_kept_up_to_its_limit_and_cut_at_a_line() {
        let mut captured = Captured::default();
        captured.fill(Some(&b"one\ntwo\nthree\n"[..]), 10).await;
        assert!(captured.truncated);
        assert_eq!(captured.text(&names()), "one\ntwo\n");
        let mut whole = Captured::default();
        whole.fill(Some(&b"one\ntwo"[..]), 7).await;
        assert!(!whole.truncated);
        assert_eq!(whole.text(&names()), "one\ntwo");
    }
}
