//! No hand is that fast: keys that come together are a paste's, or a program's, and decide nothing.
//!
//! A terminal without bracketed paste, or a program that writes into it, types a whole text at once. A key that may decide is
//! therefore held back for [`BURST_MILLIS`], and acts only where no other key came that close before or after it. Fingers roll, so
//! of the letters of a word two may come together, three not. Pure: time is an argument.

use crate::keys::{Chord, Context};

/// Keys closer together than this come of no hand, milliseconds.
pub const BURST_MILLIS: u64 = 30;

/// How much a key can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It decides nothing, or stops something: it is never held back.
    Free,
    /// A letter of a word that approves.
    Letter,
    /// It may decide.
    Decides,
}

/// A key, where the keyboard was when it was pressed, and when that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    /// Which key.
    pub chord: Chord,
    /// Where the keyboard was.
    pub context: Context,
    /// When it came, milliseconds since the program started.
    pub at_millis: u64,
}

/// The keys of the last moment.
#[derive(Debug, Clone, Default)]
pub struct Burst {
    /// Not yet acted on, in their order: one key that may decide, or two letters.
    held: Vec<Pressed>,
    /// When the last two keys came, the last one first.
    came: [Option<u64>; 2],
    /// The keys of the burst under way that were discarded.
    ignored: Vec<Chord>,
}

impl Burst {
    /// The keys that were held back and came alone, by now.
    pub fn due(&mut self, now_millis: u64) -> Vec<Pressed> {
        self.held.extract_if(.., |key| !is_together(key.at_millis, now_millis)).collect()
    }

    /// When a key that is held back may act; none where none is.
    #[must_use]
    pub fn due_at(&self) -> Option<u64> {
        self.held.first().map(|key| key.at_millis.saturating_add(BURST_MILLIS))
    }

    /// Takes a key that was pressed after [`Self::due`] was asked for: true where it acts at once. Else it is held back or, with
    /// those that it came too close to, discarded.
    pub fn press(&mut self, key: Pressed, weight: Weight) -> bool {
        let before = self.came.iter().flatten().filter(|&&came| is_together(came, key.at_millis)).count();
        self.came = [Some(key.at_millis), self.came[0]];
        if before == 0 {
            self.ignored.clear();
        }
        let goes_on = weight == Weight::Letter && before < 2;
        if !goes_on {
            self.discard_held();
        }
        match weight {
            Weight::Free => {}
            Weight::Letter if goes_on => self.held.push(key),
            Weight::Decides if before == 0 => self.held.push(key),
            Weight::Letter | Weight::Decides => self.ignored.push(key.chord),
        }
        weight == Weight::Free
    }

    /// Something else came that is no hand's: what is held back came with it.
    pub fn discard_held(&mut self) {
        self.ignored.extend(self.held.drain(..).map(|key| key.chord));
    }

    /// Says of a key that was held back that it does nothing after all.
    pub fn ignore(&mut self, chord: Chord) {
        self.ignored.push(chord);
    }

    /// The keys of the burst under way, or of the last one, that were discarded.
    #[must_use]
    pub fn ignored(&self) -> &[Chord] {
        &self.ignored
    }
}

fn is_together(one_millis: u64, other_millis: u64) -> bool {
    one_millis.abs_diff(other_millis) < BURST_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::View;

    /// The keys that act, where these come at these times and time goes on after them.
    fn acting(weight: Weight, keys: &[(char, u64)]) -> String {
        let mut burst = Burst::default();
        let mut acted = String::new();
        let mut note = |keys: Vec<Pressed>| acted.extend(keys.iter().filter_map(|key| key.chord.typed()));
        for &(c, at_millis) in keys {
            note(burst.due(at_millis));
            let key = Pressed { chord: c.into(), context: View::Queue.into(), at_millis };
            assert!(!burst.press(key, weight));
        }
        note(burst.due(u64::MAX));
        acted
    }

    #[test]
    fn a_deciding_key_acts_where_it_came_alone() {
        assert_eq!(acting(Weight::Decides, &[('y', 0), ('n', 30), ('e', 60)]), "yne");
        assert_eq!(acting(Weight::Decides, &[('y', 0), ('n', 29), ('e', 58)]), "");
        assert_eq!(acting(Weight::Decides, &[('y', 0), ('n', 30), ('e', 59)]), "y");
    }

    #[test]
    fn two_letters_may_come_together_three_not() {
        assert_eq!(acting(Weight::Letter, &[('a', 0), ('b', 5), ('c', 100), ('d', 129)]), "abcd");
        assert_eq!(acting(Weight::Letter, &[('a', 0), ('b', 5), ('c', 29)]), "");
        assert_eq!(acting(Weight::Letter, &[('a', 0), ('b', 12), ('c', 24), ('d', 36), ('e', 48), ('f', 90)]), "f");
    }

    #[test]
    fn a_key_of_any_kind_takes_with_it_what_is_held_back() {
        let key = |c: char, at_millis| Pressed { chord: c.into(), context: View::Queue.into(), at_millis };
        let mut burst = Burst::default();
        assert!(!burst.press(key('y', 0), Weight::Decides));
        assert_eq!(burst.due_at(), Some(30));
        assert!(burst.press(key('!', 10), Weight::Free));
        assert_eq!(burst.ignored(), ['y'.into()]);
        assert_eq!(burst.due(1000), []);
    }
}
