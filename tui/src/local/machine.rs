//! Who does things on this machine for a console that came with `--local`, apart from the connection.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use ccc_client::{Bridge, private_file};

use super::{demo::Demo, files::Files, hooks, server::Server, volume};
use crate::{
    console::message::{Command, HereNews},
    document::Container,
};

/// How something is told to the console.
pub(super) type Tell = Box<dyn Fn(HereNews) + Send + Sync>;

/// Where things are done.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) files: Files,
    pub(super) directory: PathBuf,
    /// The agent's own way to the bridge.
    pub(super) agent: Arc<Bridge>,
    pub(super) container: Container,
    /// The name under which this directory can be given to agents too.
    pub(super) volume: Option<String>,
}

/// This machine's end of the console.
#[derive(Debug)]
pub(crate) struct Machine {
    site: Arc<Site>,
    demo: Arc<Demo>,
    work: Mutex<Option<Sender<Command>>>,
    server: Mutex<Option<Server>>,
}

/// What becomes of the server.
#[derive(Debug)]
pub(crate) enum Left {
    /// It is not ours, or has ended.
    Nothing,
    /// It runs on.
    Running {
        /// Its process.
        process: u32,
    },
}

impl Machine {
    pub(super) fn new(site: Site, server: Option<Server>) -> Self {
        let demo = Arc::new(Demo::new(Arc::clone(&site.agent)));
        Self { site: Arc::new(site), demo, work: Mutex::new(None), server: Mutex::new(server) }
    }

    /// Begins to work, and to watch the server where it is ours.
    pub(crate) fn begin(&self, tell: impl Fn(HereNews) + Clone + Send + Sync + 'static) {
        let (work, asked) = channel();
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
        if let Some(server) = self.server.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            server.keep(Box::new(tell.clone()));
        }
        let (site, demo) = (Arc::clone(&self.site), Arc::clone(&self.demo));
        thread::spawn(move || do_all(&site, &demo, &asked, &tell));
    }

    /// As [`Self::take`], where there is a machine at all.
    pub(crate) fn take_if_any(machine: Option<&Self>, command: Command) -> Option<Command> {
        match machine {
            Some(machine) => machine.take(command),
            None => Some(command),
        }
    }

    /// Takes a command that is for this machine; others are given back.
    fn take(&self, command: Command) -> Option<Command> {
        match command {
            Command::LookForHooks
            | Command::InstallHooks(_)
            | Command::Demo
            | Command::WriteContainer
            | Command::AddVolume => {
                let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
                // The thread ends with the program.
                if let Some(work) = work.as_ref() {
                    let _ = work.send(command);
                }
                None
            }
            other => Some(other),
        }
    }

    /// Ends what the console began: demo requests are withdrawn, and the server ends or runs on.
    pub(crate) fn leave(self, let_run_on: bool) -> Left {
        self.demo.withdraw();
        let server = self.server.into_inner().unwrap_or_else(PoisonError::into_inner);
        match server {
            Some(server) if let_run_on => Left::Running { process: server.let_run_on() },
            _ => Left::Nothing,
        }
    }
}

/// Each in a thread of its own: agents are slow to tell what they are, and a demo does not wait for that.
fn do_all(
    site: &Arc<Site>,
    demo: &Arc<Demo>,
    asked: &Receiver<Command>,
    tell: &(impl Fn(HereNews) + Clone + Send + 'static),
) {
    for command in asked {
        let (site, demo, tell) = (Arc::clone(site), Arc::clone(demo), tell.clone());
        thread::spawn(move || perform(&site, &demo, command).into_iter().for_each(tell));
    }
}

fn perform(site: &Site, demo: &Arc<Demo>, command: Command) -> Option<HereNews> {
    Some(match command {
        Command::LookForHooks => HereNews::Hooks(hooks::look(&site.files, &site.agent)),
        Command::InstallHooks(agents) => HereNews::Installed(hooks::install(&site.files, &site.agent, &agents)),
        Command::Demo => HereNews::Demo(demo.ask(&site.directory)),
        Command::WriteContainer => HereNews::Written(write_container(site)),
        Command::AddVolume => HereNews::VolumeAdded(match &site.volume {
            Some(name) => volume::add(&site.files.config, name, &site.directory),
            None => Err("there is nothing to add".to_owned()),
        }),
        _ => return None,
    })
}

/// A file of the owner's, named like the directory: another project's has another.
fn write_container(site: &Site) -> Result<String, String> {
    let name = volume::plain_name(&site.directory).unwrap_or_else(|| "project".to_owned());
    let path = site.files.dir().join(format!("container-{name}.sh"));
    private_file::replace(&path, &site.container.script(), 0o700)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(path.display().to_string())
}
