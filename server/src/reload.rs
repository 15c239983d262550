//! Reloading: on SIGHUP, or when a file that was read has changed. What does not parse is reported, and the old stays.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ccc_core::audit::AuditKey;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::timeout,
};

use crate::{
    args::Wishes,
    bridge::Bridge,
    keyring::Keyring,
    places::{self, Surroundings},
    setup::Setup,
};

/// How long a file must have been left alone: editors write in several steps.
const QUIET: Duration = Duration::from_millis(200);

/// The files that a setup was read from, and what to do when one changes.
#[derive(Debug)]
pub(crate) struct Reload {
    /// What was asked for on the command line, which holds on.
    pub wishes: Wishes,
    /// Where the process stands, which holds on.
    pub around: Surroundings,
    /// What is in force, and what changes are told against.
    pub setup: Setup,
}

/// What tells that there is a reason to reload.
#[derive(Debug)]
pub(crate) struct Reasons {
    hangup: Option<Signal>,
    changed: mpsc::Sender<()>,
    changes: mpsc::Receiver<()>,
    /// Tells of changes for as long as it is kept; none where the system does not tell.
    watcher: Option<RecommendedWatcher>,
}

impl Reasons {
    /// The next reason. Several at once are one.
    async fn next(&mut self) {
        let Self { hangup, changes, .. } = self;
        let hangup = async {
            match hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        let change = async {
            changes.recv().await;
            while let Ok(Some(())) = timeout(QUIET, changes.recv()).await {}
        };
        tokio::select! {
            () = hangup => {}
            () = change => {}
        }
    }

    /// Looks out for changes of these files from now on. What was looked at before is let go last, so that nothing is missed.
    fn watch(&mut self, files: &[PathBuf]) {
        self.watcher = watch(files, self.changed.clone());
    }
}

impl Reload {
    /// Begins to look out for reasons.
    #[must_use]
    pub(crate) fn reasons(&self) -> Reasons {
        let (changed, changes) = mpsc::channel(1);
        let hangup = signal(SignalKind::hangup()).map_err(|error| tracing::warn!(%error, "no reload on SIGHUP")).ok();
        let watcher = watch(&self.files(), changed.clone());
        Reasons { hangup, changed, changes, watcher }
    }

    /// Reloads whenever there is a reason to, for as long as it is polled.
    pub(crate) async fn keep(mut self, mut reasons: Reasons, bridge: Arc<Bridge>, key: AuditKey) {
        loop {
            reasons.next().await;
            // A link may lead elsewhere now. Before the reading: what changes meanwhile is another reason.
            reasons.watch(&self.files());
            self.reload(&bridge, &key).await;
        }
    }

    /// Reads everything again and puts it in force, or says why not.
    async fn reload(&mut self, bridge: &Bridge, key: &AuditKey) {
        match Setup::read(&self.wishes, &self.around) {
            Ok(setup) => self.enact(setup, bridge, key).await,
            Err(error) => {
                for fault in &error.0 {
                    tracing::error!("not reloaded, what was read before stays: {fault}");
                }
                if let Err(refusal) = bridge.front.refuse_reload(&error.0).await {
                    tracing::error!(cause = refusal.cause, "the log does not have it: {}", refusal.detail);
                }
            }
        }
    }

    async fn enact(&mut self, setup: Setup, bridge: &Bridge, key: &AuditKey) {
        for what in self.setup.needs_restart(&setup) {
            tracing::warn!("{what} changed: it counts at the next start");
        }
        let keyring = Keyring::new(&setup.secrets, &bridge.keys.current());
        let users = keyring.fingerprints(key);
        // Keys first: whoever is cut off gets nothing more in while their tickets end.
        bridge.keys.replace(keyring);
        match bridge.front.enact(setup.law.clone(), users).await {
            Ok(cut_off) => tracing::info!(?cut_off, "reloaded"),
            Err(refusal) => tracing::error!(
                cause = refusal.cause,
                "reloaded, but what users left open could not be ended: {}",
                refusal.detail
            ),
        }
        for warning in &setup.warnings {
            tracing::warn!("{warning}");
        }
        self.setup = setup;
    }

    /// Config, secrets and mail permissions, with each link on the way to them.
    fn files(&self) -> Vec<PathBuf> {
        let mail = self.setup.mail.as_ref().map(|(path, _)| path);
        let files = [Some(&self.setup.secrets_file), self.setup.config_file.as_ref(), mail];
        files.into_iter().flatten().flat_map(|file| places::way(file)).collect()
    }
}

/// Watches the directories of these files: a file that is replaced, as editors do, is another file.
fn watch(files: &[PathBuf], changed: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let names: Vec<PathBuf> = files.to_vec();
    let tell = move |event: notify::Result<notify::Event>| {
        let about = |event: &notify::Event| {
            !event.kind.is_access() && event.paths.iter().any(|path| names.iter().any(|name| same_file(name, path)))
        };
        if event.is_ok_and(|event| about(&event)) {
            // A reload that is due already covers this one too.
            let _ = changed.try_send(());
        }
    };
    let unnoticed = |error| tracing::warn!(%error, "changed files are not noticed; send SIGHUP to reload");
    let mut watcher = notify::recommended_watcher(tell).map_err(unnoticed).ok()?;
    for dir in files.iter().filter_map(|file| file.parent()).collect::<BTreeSet<_>>() {
        if let Err(error) = watcher.watch(dir, RecursiveMode::NonRecursive) {
            unnoticed(error);
        }
    }
    Some(watcher)
}

/// By its name: the directory is the one that is watched, under whatever path the watcher tells it.
fn same_file(file: &Path, told: &Path) -> bool {
    file.file_name() == told.file_name()
}
