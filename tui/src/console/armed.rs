//! Never by accident: when a key may decide, and on what.
//!
//! A decision is made of a [`Leave`], and only [`Armed::fire`] makes one: for exactly the ticket and digest on screen, once they
//! have stood there unchanged and untouched for [`SETTLE_MILLIS`], wholly readable. The rules are written down in docs/console.md.
//! Pure: time is an argument.

use ccc_protocol::{Digest, TicketId};

use crate::keys::Chord;

/// What is new or has moved must stand so long before a key decides on it.
pub const SETTLE_MILLIS: u64 = 400;
/// The wait is shown in so many steps.
pub const SETTLE_STEPS: u64 = 4;
/// The key that decided must be silent so long before it decides again: longer than any keyboard waits before it repeats a held key.
pub const HELD_MILLIS: u64 = 1000;

/// One ticket as it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Which.
    pub id: TicketId,
    /// What it would do, and with which parameters.
    pub digest: Digest,
}

/// What is on screen to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// One ticket, or the marked ones.
    pub targets: Vec<Target>,
    /// Where it is shown; the same ticket elsewhere is shown anew.
    pub place: Place,
    /// Why it cannot be decided, however long it stands there.
    pub lacks: Option<Lack>,
}

/// Where a subject is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the list, at this line of the screen, with its details beside it.
    Row(u16),
    /// In a dialog: which one, counted from the start of the program.
    Dialog(u64),
}

/// What is missing before a ticket may be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`words` says of each what it is")]
pub enum Lack {
    Disconnected,
    Hidden,
    Loading,
    Unavailable,
    Inconsistent,
    Deciding,
    Decided,
    Unread,
    Cut,
    TooLong,
    Alone,
    Folded,
}

impl Lack {
    /// What a person reads.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Disconnected => "no connection to the bridge: nothing can be decided until it is back",
            Self::Hidden => "open its details first",
            Self::Loading => "its details are still being read",
            Self::Unavailable => "its details cannot be read, so it cannot be decided here",
            Self::Inconsistent => "what was sent does not fit its digest, so it cannot be decided",
            Self::Deciding => "a decision is on its way",
            Self::Decided => "it waits no longer",
            Self::Cut => "the screen is too small to show all of them: mark fewer",
            Self::TooLong => "the screen is too small to show all of it",
            Self::Alone => "one of them deserves care and is decided on its own",
            Self::Folded => "this row stands for several: open it, each is decided for itself",
            Self::Unread => "deserves care: read to its last line first",
        }
    }
}

/// Proof that a person decided on this ticket as it was shown. Made by [`Armed::fire`] alone, and spent by value: it goes into
/// one command, and so decides once.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a decision that a person made is sent"]
pub struct Leave {
    target: Target,
}

impl Leave {
    /// Which ticket.
    #[must_use]
    pub fn id(&self) -> TicketId {
        self.target.id
    }

    /// As which it was shown.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.target.digest
    }
}

/// Why a key did not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is on screen to be decided.
    Nothing,
    /// Something is missing.
    Lacks(Lack),
    /// It has not stood still long enough; the key was discarded and the wait began anew.
    Early,
    /// The key may still be held from the decision before.
    Held,
}

impl Refusal {
    /// What a person reads.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing is selected",
            Self::Lacks(lack) => lack.words(),
            Self::Early => "too soon after the screen changed: that key was discarded",
            Self::Held => "let go of the key first",
        }
    }
}

/// The state machine.
#[derive(Debug, Clone, Default)]
pub struct Armed {
    subject: Option<Subject>,
    /// Since when nothing disturbed it, in milliseconds.
    quiet_since: u64,
    /// The key that decided last, and until when it is taken to be held still. A line of the line console is no key.
    held: Option<(Chord, u64)>,
}

impl Armed {
    /// Tells what is on screen now. Anything new, moved, or newly complete starts the wait.
    pub fn show(&mut self, subject: Option<Subject>, now_millis: u64) {
        if self.subject != subject {
            self.subject = subject;
            self.quiet_since = now_millis;
        }
    }

    /// Something happened that a person may not have been ready for: a paste, a resize, a change of focus.
    pub fn disturb(&mut self, now_millis: u64) {
        self.quiet_since = self.quiet_since.max(now_millis);
    }

    /// What is on screen.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// Whether a deciding key would count now, changing nothing.
    ///
    /// # Errors
    /// Says why not.
    pub fn state(&self, now_millis: u64) -> Result<&Subject, Refusal> {
        let subject = self.subject.as_ref().ok_or(Refusal::Nothing)?;
        if let Some(lack) = subject.lacks {
            return Err(Refusal::Lacks(lack));
        }
        if now_millis < self.quiet_since.saturating_add(SETTLE_MILLIS) { Err(Refusal::Early) } else { Ok(subject) }
    }

    /// When [`Self::state`] may next change by time alone.
    #[must_use]
    pub fn settles_at(&self) -> u64 {
        self.quiet_since.saturating_add(SETTLE_MILLIS)
    }

    /// How much of the wait is over, of so many steps; none where nothing waits for it alone.
    #[must_use]
    pub fn settled(&self, now_millis: u64) -> Option<usize> {
        let passed = now_millis.saturating_sub(self.quiet_since);
        let waits = matches!(self.state(now_millis), Err(Refusal::Early));
        waits.then(|| usize::try_from(passed * SETTLE_STEPS / SETTLE_MILLIS).unwrap_or_default())
    }

    /// When [`Self::settled`] next changes by time alone.
    #[must_use]
    pub fn next_step_at(&self, now_millis: u64) -> Option<u64> {
        let step_millis = SETTLE_MILLIS / SETTLE_STEPS;
        let steps = self.settled(now_millis)? as u64 + 1;
        Some(self.quiet_since.saturating_add(steps * step_millis))
    }

    /// A deciding key was pressed that only opens a dialog: the targets it is about. The time is when the key was pressed, which is
    /// earlier than now where it was held back: what appeared meanwhile is not what it was pressed for.
    ///
    /// # Errors
    /// Says why the key did not count. The key is discarded, and the wait begins anew.
    pub fn press(&mut self, key: Option<Chord>, now_millis: u64) -> Result<Vec<Target>, Refusal> {
        let is_held = self.held.is_some_and(|(held, until)| key == Some(held) && now_millis < until);
        let state = if is_held { Err(Refusal::Held) } else { self.state(now_millis) };
        let pressed = state.map(|subject| subject.targets.clone());
        if pressed.is_err() {
            self.disturb(now_millis);
        }
        if is_held {
            self.hold(key, now_millis);
        }
        pressed
    }

    fn hold(&mut self, key: Option<Chord>, now_millis: u64) {
        self.held = key.map(|key| (key, now_millis.saturating_add(HELD_MILLIS)));
    }

    /// A key was pressed that decides: leave for each target on screen.
    ///
    /// # Errors
    /// As [`Self::press`].
    pub fn fire(&mut self, key: Option<Chord>, now_millis: u64) -> Result<Vec<Leave>, Refusal> {
        let targets = self.press(key, now_millis)?;
        self.disturb(now_millis);
        self.hold(key, now_millis);
        Ok(targets.into_iter().map(|target| Leave { target }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Code;

    const Y: Option<Chord> = Some(Chord { code: Code::Char('y'), ctrl: false, alt: false });

    fn subject(n: u8, lacks: Option<Lack>) -> Subject {
        let target = Target { id: TicketId::from_bytes([n; 16]), digest: Digest::from_bytes([n; 32]) };
        Subject { targets: vec![target], place: Place::Row(3), lacks }
    }

    fn showing(subject: Subject, at: u64) -> Armed {
        let mut armed = Armed::default();
        armed.show(Some(subject), at);
        armed
    }

    #[test]
    fn a_key_counts_only_after_the_row_has_settled() {
        let mut armed = showing(subject(1, None), 1000);
        assert_eq!(armed.fire(Y, 1399), Err(Refusal::Early));
        let leave = armed.fire(Y, 1399 + SETTLE_MILLIS).unwrap();
        assert_eq!(leave.first().map(Leave::id), Some(TicketId::from_bytes([1; 16])));
    }

    #[test]
    fn a_key_typed_too_early_starts_the_wait_anew() {
        let mut armed = showing(subject(1, None), 0);
        for at in [100, 300, 500, 700, 900] {
            assert_eq!(armed.fire(Y, at), Err(Refusal::Early));
        }
    }

    #[test]
    fn another_digest_another_line_or_another_dialog_is_shown_anew() {
        let moved = Subject { place: Place::Row(4), ..subject(1, None) };
        let boxed = Subject { place: Place::Dialog(1), ..subject(1, None) };
        for changed in [subject(2, None), moved, boxed] {
            let mut armed = showing(subject(1, None), 0);
            armed.show(Some(changed), 5000);
            assert_eq!(armed.fire(Y, 5001), Err(Refusal::Early));
        }
    }

    #[test]
    fn the_same_shown_again_goes_on_settling() {
        let mut armed = showing(subject(1, None), 0);
        armed.show(Some(subject(1, None)), 399);
        assert!(armed.fire(Y, 400).is_ok());
    }

    #[test]
    fn nothing_that_lacks_something_is_ever_decided() {
        let mut armed = showing(subject(1, Some(Lack::Loading)), 0);
        assert_eq!(armed.fire(Y, 60_000), Err(Refusal::Lacks(Lack::Loading)));
        armed.show(Some(subject(1, None)), 60_000);
        assert_eq!(armed.fire(Y, 60_001), Err(Refusal::Early));
    }

    #[test]
    fn a_held_key_never_decides_twice() {
        let mut armed = showing(subject(1, None), 0);
        assert!(armed.fire(Y, 1000).is_ok());
        armed.show(Some(subject(2, None)), 1010);
        // The slowest keyboards wait 660 ms before they repeat, then repeat faster than 10 a second.
        for at in (1660..8000).step_by(90) {
            assert!(armed.fire(Y, at).is_err(), "at {at}");
        }
        assert!(armed.fire(Y, 8000 + HELD_MILLIS).is_ok());
    }

    #[test]
    fn another_key_need_not_wait_for_the_one_that_decided() {
        let mut armed = showing(subject(1, None), 0);
        assert!(armed.fire(Y, 1000).is_ok());
        armed.show(Some(subject(2, None)), 1010);
        assert!(armed.press(Some('n'.into()), 1410).is_ok());
    }

    #[test]
    fn a_paste_or_resize_starts_the_wait_anew() {
        let mut armed = showing(subject(1, None), 0);
        armed.disturb(5000);
        assert_eq!(armed.fire(Y, 5100), Err(Refusal::Early));
    }
}
