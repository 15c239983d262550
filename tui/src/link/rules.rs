//! Rules, made and written on a thread of their own: the log that they are held against may be long.

use std::sync::mpsc::Receiver;

use ccc_protocol::{TicketId, approval, bodies::Ticket};

use super::shared::Shared;
use crate::{
    console::message::{Command, Deed, News},
    rules::{Config, Draft, Wanted, log::Log},
};

/// Makes and writes rules as they are asked for.
pub(super) fn make_all(shared: &Shared, config: &Config, asked: &Receiver<Command>) {
    let mut maker = Maker { shared, config, log: Log::default() };
    for command in asked {
        if let Some(news) = maker.take(command) {
            shared.post(news);
        }
    }
}

struct Maker<'a> {
    shared: &'a Shared,
    config: &'a Config,
    log: Log,
}

impl Maker<'_> {
    fn take(&mut self, command: Command) -> Option<News> {
        match command {
            Command::MakeRule { dialog, wanted } => Some(News::Rule(dialog, self.draft(&wanted).map(Box::new))),
            // Where there is none, nothing is offered, and nobody had asked.
            Command::OfferRule(wanted) => self.draft(&wanted).ok().map(|draft| News::Offer(Box::new(draft))),
            Command::WriteRule(draft) => {
                let written = self.write(&draft);
                let path = draft.file.unwrap_or_default();
                Some(News::Done(Deed::Rule(path), written))
            }
            Command::ReadNumbers => {
                let read = self.log.catch_up(&self.shared.bridge).map_err(|error| error.to_string());
                Some(News::Numbers(read.map(|()| Box::new(self.config.numbers(self.log.figures())))))
            }
            _ => None,
        }
    }

    fn draft(&mut self, wanted: &Wanted) -> Result<Draft, String> {
        let tickets = self.tickets(&wanted.tickets)?;
        self.config.draft(wanted, &tickets, self.log.seen())
    }

    fn write(&mut self, draft: &Draft) -> Result<(), String> {
        let tickets = self.tickets(&draft.wanted.tickets)?;
        self.config.write(draft, &tickets, self.log.seen()).map(drop)
    }

    /// The requests as they stand, each whole, and the log up to now.
    fn tickets(&mut self, ids: &[TicketId]) -> Result<Vec<Ticket>, String> {
        let bridge = &self.shared.bridge;
        self.log.catch_up(bridge).map_err(|error| error.to_string())?;
        let whole = |id: &TicketId| match bridge.preview(*id) {
            Ok(preview) if preview.ticket.id == *id && approval::is_consistent(&preview) => Ok(preview.ticket),
            Ok(_) => Err("what was sent does not fit its digest".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        ids.iter().map(whole).collect()
    }
}
