//! What is on screen to be decided, and what it lacks before a key may decide it.

use ccc_protocol::{
    TicketId,
    bodies::{Shown, Status, Ticket, Word},
};

use super::{
    Areas, Model, Surface,
    dialog::{Dialog, Kind},
};
use crate::{
    console::armed::{Lack, Place, Subject, Target},
    document,
    keys::View,
    rules::Draft,
    wording::verdict,
};

/// Rows of a dialog beside those that name its tickets: edge, title, and at least two of its own.
const DIALOG_ROWS: usize = 4;
/// Rows of a dialog beside the lines of a rule and what it is made of: edge, title, and which key does it.
const RULE_ROWS: usize = 3;

impl Model {
    /// What is on screen to be decided: tickets as they were shown, never rows.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        match &self.dialog {
            Some(dialog) => self.subject_of(dialog),
            None if self.view == View::Queue => self.subject_of_row(),
            None => None,
        }
    }

    fn subject_of_row(&self) -> Option<Subject> {
        let ticket = self.queue.selected()?;
        let target = Target { id: ticket.id, digest: ticket.digest };
        let areas = self.areas();
        let line = if self.surface == Surface::Plain {
            0
        } else {
            u16::try_from(self.queue.cursor_line()).unwrap_or(u16::MAX)
        };
        let lacks = self
            .unheard()
            .or_else(|| self.queue.folded().map(|_| Lack::Folded))
            .or_else(|| self.lack(target))
            .or_else(|| self.not_on_screen(target, &areas))
            .or_else(|| self.unread(target));
        Some(Subject { targets: vec![target], place: Place::Row(line), lacks })
    }

    /// Without a connection a decision reaches nobody, and what is shown may be decided already.
    fn unheard(&self) -> Option<Lack> {
        self.connection.is_lost().then_some(Lack::Disconnected)
    }

    fn not_on_screen(&self, target: Target, areas: &Areas) -> Option<Lack> {
        let hidden = match self.surface {
            Surface::Screen => areas.details.is_empty() || !self.size.is_enough(),
            Surface::Plain => self.printed != Some(target),
        };
        hidden.then_some(Lack::Hidden)
    }

    fn unread(&self, target: Target) -> Option<Lack> {
        let careful = self.care_of(target.id).is_some();
        (careful && self.surface == Surface::Screen && !self.details.end_seen()).then_some(Lack::Unread)
    }

    /// The ticket as it is shown: with its details, where those are read, else as the list has it.
    fn as_shown(&self, id: TicketId) -> Option<&Ticket> {
        let preview = self.details.preview().map(|preview| &preview.ticket).filter(|ticket| ticket.id == id);
        preview.or_else(|| self.queue.ticket(id))
    }

    /// The word that is typed before this ticket is approved, where it deserves care.
    pub(in crate::console) fn care_of(&self, id: TicketId) -> Option<Word> {
        let is_long = self.details.of() == Some(id) && self.details.is_longer_than(self.surface);
        // The list may know of care that the details, read before, do not.
        let listed = self.queue.ticket(id).and_then(|ticket| verdict::word(ticket, is_long));
        self.as_shown(id).and_then(|ticket| verdict::word(ticket, is_long)).or(listed)
    }

    /// How a decision on this ticket names what was shown of it.
    pub(in crate::console) fn shown_of(&self, id: TicketId, typed: Option<Word>) -> Option<Shown> {
        self.as_shown(id).and_then(|ticket| verdict::shown(ticket, typed))
    }

    /// Why this ticket cannot be decided, wherever it is shown.
    fn lack(&self, target: Target) -> Option<Lack> {
        let waits = |id| {
            self.queue
                .ticket(id)
                .is_some_and(|ticket| ticket.status == Status::Queued && ticket.digest == target.digest)
        };
        if !waits(target.id) {
            return Some(Lack::Decided);
        }
        if self.deciding.contains(&target.id) {
            return Some(Lack::Deciding);
        }
        let is_shown = self.details.of() == Some(target.id);
        if !is_shown {
            return Some(Lack::Loading);
        }
        let fits = self.details.preview().is_none_or(|preview| preview.ticket.digest == target.digest);
        if fits { self.details.lack() } else { Some(Lack::Inconsistent) }
    }

    fn subject_of(&self, dialog: &Dialog) -> Option<Subject> {
        let decides = matches!(
            dialog.kind,
            Kind::Deny { .. }
                | Kind::Word { .. }
                | Kind::Confirm { .. }
                | Kind::Scope(_)
                | Kind::Edit { .. }
                | Kind::Bulk
        );
        let changes = matches!(
            dialog.kind,
            Kind::Loosen(_)
                | Kind::Undo { .. }
                | Kind::Panic { .. }
                | Kind::Stop { .. }
                | Kind::Install { .. }
                | Kind::Volume { .. }
        );
        if let Kind::Rule(Ok(draft)) = &dialog.kind {
            draft.file.as_ref()?;
            let lacks = self.rule_is_cut(dialog, draft).then_some(Lack::TooLong);
            return Some(Subject { targets: vec![], place: Place::Dialog(dialog.number), lacks });
        }
        if !decides && !changes {
            return None;
        }
        let mut targets = dialog.targets.clone();
        if let Kind::Scope(scope) = &dialog.kind {
            let own = self.unheard().or_else(|| self.lack_in_dialog(&targets));
            let beside: Vec<Target> = scope.approved_beside().collect();
            let lacks = own.or_else(|| beside.iter().find_map(|target| self.lack_of_marked(*target)));
            targets.extend(beside);
            return Some(Subject { targets, place: Place::Dialog(dialog.number), lacks });
        }
        let lacks = if changes { None } else { self.unheard().or_else(|| self.lack_in_dialog(&targets)) };
        Some(Subject { targets, place: Place::Dialog(dialog.number), lacks })
    }

    /// Lines are written only where all of them are on screen at once.
    fn rule_is_cut(&self, dialog: &Dialog, draft: &Draft) -> bool {
        let body = self.areas().body;
        let rows = document::rule(draft, body.width.into()).len() + dialog.summary.len() + RULE_ROWS;
        self.surface == Surface::Screen && (!self.size.is_enough() || rows > usize::from(body.height))
    }

    /// Marked tickets were checked when they were marked; a single one stands in the details.
    fn lack_in_dialog(&self, targets: &[Target]) -> Option<Lack> {
        let on_screen = self.surface == Surface::Screen;
        if on_screen && !self.size.is_enough() {
            return Some(Lack::Hidden);
        }
        if on_screen && targets.len() + DIALOG_ROWS > usize::from(self.areas().body.height) {
            return Some(Lack::Cut);
        }
        match targets {
            [target] if !self.queue.is_marked(target.id) => self.lack(*target).or_else(|| self.unread(*target)),
            many => many.iter().find_map(|target| self.lack_of_marked(*target)),
        }
    }

    fn lack_of_marked(&self, target: Target) -> Option<Lack> {
        let waits = |ticket: &&Ticket| ticket.status == Status::Queued && ticket.digest == target.digest;
        let still = self.queue.ticket(target.id).filter(waits);
        match (still, self.deciding.contains(&target.id)) {
            (None, _) => Some(Lack::Decided),
            (Some(_), true) => Some(Lack::Deciding),
            (Some(ticket), false) => (!verdict::may_be_marked(ticket)).then_some(Lack::Alone),
        }
    }
}
