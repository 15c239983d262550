//! The details on screen: read from the server, checked here, wrapped to the pane, scrolled, and how far they were seen.

use ccc_protocol::{TicketId, approval, bodies::Preview};

use super::Surface;
use crate::{
    console::armed::Lack,
    document::{self, Ids},
    text::{Row, Visible},
};

/// So many rows of a page stand on a terminal at once, where it is printed.
const PLAIN_ROWS: usize = 20;

/// How far the reading has come.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reading {
    /// Nothing is selected.
    #[default]
    Nothing,
    /// The server was asked.
    Loading,
    /// Whole, and its digests are right.
    Ready(Box<Preview>),
    /// The digests computed here are not those the ticket claims; nothing of it is shown.
    Inconsistent,
    /// It could not be read.
    Failed(Visible),
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct Details {
    of: Option<TicketId>,
    reading: Reading,
    rows: Vec<Row>,
    width: usize,
    height: usize,
    top: usize,
    /// Whether ids and digests are shown.
    ids: Ids,
    /// The row after the last one that has been on screen.
    seen: usize,
}

impl Details {
    /// Which ticket it is about.
    #[must_use]
    pub fn of(&self) -> Option<TicketId> {
        self.of
    }

    /// How far the reading has come.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// What was read, where it is whole and right.
    #[must_use]
    pub fn preview(&self) -> Option<&Preview> {
        match &self.reading {
            Reading::Ready(preview) => Some(preview),
            _ => None,
        }
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows on screen.
    pub fn visible(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().skip(self.top).take(self.height)
    }

    /// The number of the first row on screen, from 0.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// True where the last row has been on screen.
    #[must_use]
    pub fn end_seen(&self) -> bool {
        self.seen >= self.rows.len() && !self.rows.is_empty()
    }

    /// True where it is longer than the pane; line by line, than the smallest common terminal.
    #[must_use]
    pub fn is_longer_than(&self, surface: Surface) -> bool {
        let room = match surface {
            Surface::Screen => self.height,
            Surface::Plain => PLAIN_ROWS,
        };
        self.rows.len() > room
    }

    /// Why what is shown cannot be decided, as far as the details go.
    #[must_use]
    pub fn lack(&self) -> Option<Lack> {
        match self.reading {
            Reading::Ready(_) => None,
            Reading::Loading | Reading::Nothing => Some(Lack::Loading),
            Reading::Inconsistent => Some(Lack::Inconsistent),
            Reading::Failed(_) => Some(Lack::Unavailable),
        }
    }

    /// Turns to another ticket; true where it is one that must be read.
    pub fn turn_to(&mut self, id: Option<TicketId>) -> bool {
        if self.of == id {
            return false;
        }
        *self = Self { of: id, width: self.width, height: self.height, ids: self.ids, ..Self::default() };
        if id.is_some() {
            self.reading = Reading::Loading;
        }
        id.is_some()
    }

    /// Takes over what the server answered; an answer about another ticket is late and dropped.
    pub fn read(&mut self, id: TicketId, answer: Result<Box<Preview>, Visible>) {
        if self.of != Some(id) {
            return;
        }
        let before = self.plan_shown();
        self.reading = match answer {
            Ok(preview) if preview.ticket.id == id && approval::is_consistent(&preview) => Reading::Ready(preview),
            Ok(_) => Reading::Inconsistent,
            Err(why) => Reading::Failed(why),
        };
        if self.plan_shown() != before {
            self.top = 0;
            self.seen = 0;
        }
        self.lay_out();
    }

    fn plan_shown(&self) -> Option<ccc_protocol::Digest> {
        self.preview().map(|preview| preview.ticket.digest)
    }

    /// Tells the size of the pane, in cells.
    pub fn resize(&mut self, width: usize, height: usize) {
        if (self.width, self.height) != (width, height) {
            let seen_whole = self.end_seen();
            self.width = width;
            self.height = height;
            self.lay_out();
            self.seen = if seen_whole { self.rows.len() } else { self.seen.min(self.top + height) };
        }
    }

    /// Shows ids and digests, or leaves them out again. What was on screen before was on screen.
    pub fn toggle_ids(&mut self) {
        let seen_whole = self.end_seen();
        self.ids = if self.ids == Ids::Hidden { Ids::Shown } else { Ids::Hidden };
        self.lay_out();
        self.seen = if seen_whole { self.rows.len() } else { self.seen.min(self.top + self.height) };
    }

    fn lay_out(&mut self) {
        self.rows = match &self.reading {
            Reading::Ready(preview) => document::preview(preview, self.width, self.ids),
            _ => Vec::new(),
        };
        self.scroll_to(self.top);
    }

    /// Scrolls by so many rows.
    pub fn scroll(&mut self, rows: isize) {
        self.scroll_to(self.top.saturating_add_signed(rows));
    }

    /// Scrolls by pages, keeping a row in common.
    pub fn scroll_pages(&mut self, pages: isize) {
        let page = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        self.scroll(pages.saturating_mul(page));
    }

    /// Scrolls to this row, or as far as there is text.
    pub fn scroll_to(&mut self, row: usize) {
        self.top = row.min(self.rows.len().saturating_sub(self.height));
    }

    /// Tells that what is visible now was on screen.
    pub fn shown(&mut self) {
        self.seen = self.seen.max((self.top + self.height).min(self.rows.len()));
    }
}
