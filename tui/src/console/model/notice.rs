//! What the console says to the person, and for how long it stays.

use super::{Model, Surface};
use crate::{
    console::armed::Refusal,
    text::{Tone, Visible},
};

/// The last thing said to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it went.
    pub tone: Tone,
    /// The words.
    pub text: Visible,
    /// What of it answers the person, and until when no news takes its place, by the monotonic clock.
    answer: Option<(Visible, u64)>,
}

/// How long the answer to what a person did stays where they can read it.
const ANSWER_STAYS_MILLIS: u64 = 3000;

impl Model {
    /// Says something to the person.
    pub(in crate::console) fn say(&mut self, tone: Tone, text: impl Into<Visible>) {
        self.notice = Some(Notice { tone, text: text.into(), answer: None });
    }

    /// "Too soon" stays long enough to be read, and no longer.
    pub(in crate::console) fn forget_early(&mut self) {
        let words = Refusal::Early.words();
        let is_read = |until_millis: u64| until_millis <= self.now.millis;
        if let Some(Notice { text, answer: Some((_, until_millis)), .. }) = &self.notice
            && text.as_str() == words
            && is_read(*until_millis)
        {
            self.notice = None;
        }
    }

    /// Answers what the person just did: for a while, no news takes its place.
    pub(in crate::console) fn answer(&mut self, tone: Tone, text: impl Into<Visible>) {
        let (text, until_millis) = (text.into(), self.now.millis.saturating_add(ANSWER_STAYS_MILLIS));
        self.notice = Some(Notice { tone, text: text.clone(), answer: Some((text, until_millis)) });
    }

    /// Says what came by itself. Printed line by line, nothing takes the place of anything.
    pub(in crate::console) fn report(&mut self, text: Visible) {
        match &mut self.notice {
            Some(Notice { text: said, answer: Some((answer, until_millis)), .. })
                if self.surface == Surface::Screen && self.now.millis < *until_millis =>
            {
                *said = answer.clone().then("; ").then(text);
            }
            _ => self.say(Tone::Plain, text),
        }
    }
}
