//! The table with a person's own keys put in.

use std::collections::{BTreeMap, HashMap};

use ccc_protocol::visible;

use super::{Act, Chord, ChordError, Code, Context, KeyRow, TABLE};

/// Which key asks for which act, and where.
#[derive(Debug, Clone)]
pub struct KeyMap {
    /// For each row of the table, in its order.
    chords: Vec<Vec<Chord>>,
    index: HashMap<(Context, Chord), usize>,
}

/// A remapping that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyMapError {
    /// No row has this name.
    #[error("no act is named `{0}`; `ccc-queue --keys` lists them")]
    NoSuchAct(String),
    /// The text names no key.
    #[error("{0}")]
    Chord(#[from] ChordError),
    /// Two acts on one key in one place.
    #[error("`{chord}` would mean both `{first}` and `{second}`; give one of them another key")]
    Twice {
        /// The key.
        chord: Chord,
        /// Who has it.
        first: &'static str,
        /// Who wants it too.
        second: &'static str,
    },
    /// A key that must never decide.
    #[error("`{name}` decides, and `{chord}` is pressed too easily for that; give it another key")]
    TooEasy {
        /// The row.
        name: &'static str,
        /// The key.
        chord: Chord,
    },
}

impl KeyMap {
    /// The table with these rows given other keys, by the names of the rows.
    ///
    /// # Errors
    /// Where a name or key does not exist, a key would mean two things, or Enter would decide.
    pub fn new(own: &BTreeMap<String, Vec<String>>) -> Result<Self, KeyMapError> {
        if let Some(name) = own.keys().find(|name| TABLE.iter().all(|row| row.name != name.as_str())) {
            return Err(KeyMapError::NoSuchAct(visible::escaped(name)));
        }
        let mut chords = TABLE.iter().map(|row| chords_of(row, own)).collect::<Result<Vec<_>, _>>()?;
        give_way(&mut chords, own);
        let index = index(&chords)?;
        Ok(Self { chords, index })
    }

    /// What this key asks for here.
    #[must_use]
    pub fn act(&self, context: Context, chord: Chord) -> Option<Act> {
        self.row(context, chord).map(|row| row.act)
    }

    /// The row that this key stands in here.
    #[must_use]
    pub fn row(&self, context: Context, chord: Chord) -> Option<&'static KeyRow> {
        self.index.get(&(context, chord)).and_then(|&at| TABLE.get(at))
    }

    /// The rows that hold here with their keys, in the order of the table; rows without a key are left out.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = (&'static KeyRow, &[Chord])> {
        let held = TABLE.iter().zip(&self.chords);
        held.filter(move |(row, chords)| row.contexts.contains(&context) && !chords.is_empty())
            .map(|(row, chords)| (row, chords.as_slice()))
    }

    /// The first key of an act in a place.
    #[must_use]
    pub fn key(&self, context: Context, act: Act) -> Option<Chord> {
        self.rows(context).find(|(row, _)| row.act == act).and_then(|(_, chords)| chords.first().copied())
    }
}

impl Default for KeyMap {
    /// The table as it is; tests hold that it has no conflict.
    fn default() -> Self {
        Self::new(&BTreeMap::new()).unwrap_or(Self { chords: Vec::new(), index: HashMap::new() })
    }
}

fn chords_of(row: &KeyRow, own: &BTreeMap<String, Vec<String>>) -> Result<Vec<Chord>, KeyMapError> {
    match own.get(row.name) {
        Some(keys) => keys.iter().map(|key| checked(row, key.parse()?)).collect(),
        None => row.keys.iter().map(|key| Ok(key.parse()?)).collect(),
    }
}

/// A convenience of ours leaves a key to what a person gave it to: a setting that was good before goes on being good.
fn give_way(chords: &mut [Vec<Chord>], own: &BTreeMap<String, Vec<String>>) {
    let taken: Vec<(&KeyRow, Vec<Chord>)> = TABLE
        .iter()
        .zip(chords.iter())
        .filter(|(row, _)| own.contains_key(row.name))
        .map(|(row, chords)| (row, chords.clone()))
        .collect();
    let rows = TABLE.iter().zip(chords).filter(|(row, _)| row.act.gives_way() && !own.contains_key(row.name));
    for (row, chords) in rows {
        let meet = |other: &KeyRow| other.contexts.iter().any(|context| row.contexts.contains(context));
        chords.retain(|chord| !taken.iter().any(|(other, taken)| meet(other) && taken.contains(chord)));
    }
}

/// A key of a person's own: Enter and Space never decide, wherever they are put.
fn checked(row: &KeyRow, chord: Chord) -> Result<Chord, KeyMapError> {
    let easy = matches!(chord.code, Code::Enter | Code::Char(' '));
    if row.decides && easy { Err(KeyMapError::TooEasy { name: row.name, chord }) } else { Ok(chord) }
}

fn index(chords: &[Vec<Chord>]) -> Result<HashMap<(Context, Chord), usize>, KeyMapError> {
    let mut index = HashMap::new();
    for (at, (row, chords)) in TABLE.iter().zip(chords).enumerate() {
        for (&context, &chord) in
            row.contexts.iter().flat_map(|context| chords.iter().map(move |chord| (context, chord)))
        {
            if let Some(before) = index.insert((context, chord), at) {
                let first = TABLE.get(before).map_or("", |row| row.name);
                return Err(KeyMapError::Twice { chord, first, second: row.name });
            }
        }
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::View;

    fn own(name: &str, key: &str) -> BTreeMap<String, Vec<String>> {
        BTreeMap::from([(name.to_owned(), vec![key.to_owned()])])
    }

    #[test]
    fn the_table_has_no_conflict_and_every_key_reads() {
        assert!(KeyMap::new(&BTreeMap::new()).is_ok(), "{:?}", KeyMap::new(&BTreeMap::new()).err());
    }

    #[test]
    fn every_name_stands_once() {
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn enter_never_approves() {
        let map = KeyMap::default();
        let approving = [Act::Approve, Act::ApproveScope, Act::Unfreeze, Act::Edit];
        for row in TABLE.iter().filter(|row| approving.contains(&row.act)) {
            for &context in row.contexts {
                assert_ne!(map.act(context, Code::Enter.into()), Some(row.act), "{} in {context:?}", row.name);
            }
        }
        assert!(matches!(KeyMap::new(&own("approve", "enter")), Err(KeyMapError::TooEasy { .. })));
        assert!(matches!(KeyMap::new(&own("approve", "space")), Err(KeyMapError::TooEasy { .. })));
    }

    #[test]
    fn a_remapped_key_moves_and_the_old_one_is_free() {
        let map = KeyMap::new(&own("approve", "ctrl-y")).unwrap();
        assert_eq!(map.act(Context::View(View::Queue), "ctrl-y".parse().unwrap()), Some(Act::Approve));
        assert_eq!(map.act(Context::View(View::Queue), 'y'.into()), None);
    }

    #[test]
    fn a_convenience_leaves_its_key_to_what_a_person_gave_it_to() {
        let map = KeyMap::new(&own("deny", "x")).unwrap();
        assert_eq!(map.act(Context::View(View::Queue), 'x'.into()), Some(Act::Deny));
        assert_eq!(map.act(Context::Container, 'x'.into()), None, "one key, one meaning");
        let map = KeyMap::new(&own("end-runs", "1")).unwrap();
        assert_eq!(map.act(Context::View(View::Grants), '1'.into()), Some(Act::StopRuns));
        assert!(KeyMap::new(&own("copy", "n")).is_err(), "what a person asks for twice is refused");
    }

    #[test]
    fn a_key_with_two_meanings_is_refused_by_name() {
        let error = KeyMap::new(&own("approve", "n")).unwrap_err().to_string();
        assert_eq!(error, "`n` would mean both `approve` and `deny`; give one of them another key");
    }

    #[test]
    fn a_deciding_row_in_a_text_place_has_no_plain_letter() {
        for row in TABLE.iter().filter(|row| row.decides) {
            for key in row.keys {
                let chord: Chord = key.parse().unwrap();
                let writes = chord.typed().is_some() && row.contexts.iter().any(|context| context.takes_text());
                assert!(!writes, "{}", row.name);
            }
        }
    }
}
