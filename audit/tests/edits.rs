//! Random logs, randomly edited: each kind of edit is told apart from the others with the checkpoints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use ccc_audit::{
    checkpoints::Checkpoints,
    entry::{Filed, Found, Place, Row},
    verify::{Category, Examination, Report, Terms},
};
use ccc_core::audit::{AuditKey, Chain, Checkpoint};
use ccc_protocol::{Timestamp, bodies::AuditEntry};
use proptest::{prelude::*, sample::Index};

const START: i64 = 1_772_884_800;

fn key() -> AuditKey {
    AuditKey::new(&[7; 32]).unwrap()
}

fn entry(kind: &str, at: i64) -> AuditEntry {
    serde_json::from_value(serde_json::json!({ "seq": 0, "at": Timestamp::from_seconds(at), "kind": kind })).unwrap()
}

/// A log, and its chain after each entry.
#[derive(Debug, Clone)]
struct Log {
    rows: Vec<(String, ccc_protocol::Digest)>,
    chains: Vec<Chain>,
}

impl Log {
    fn of(kinds: &[String]) -> Self {
        let mut log = Self { rows: vec![], chains: vec![Chain::default()] };
        kinds.iter().for_each(|kind| log.append(kind));
        log
    }

    fn append(&mut self, kind: &str) {
        let mut chain = *self.chains.last().unwrap();
        let sealed = chain.seal(entry(kind, START + i64::try_from(chain.seq).unwrap()));
        self.rows.push((sealed.json, sealed.hash));
        self.chains.push(chain);
    }

    fn cut(&mut self, length: usize) {
        self.rows.truncate(length);
        self.chains.truncate(length + 1);
    }

    /// A checkpoint behind each of these entries, as lines.
    fn checkpoints(&self, every: usize) -> String {
        let marked = self.chains.iter().skip(1).filter(|chain| chain.seq.is_multiple_of(every as u64));
        let last = self.chains.last();
        marked
            .chain(last)
            .map(|chain| serde_json::to_string(&Checkpoint::of(chain, chain.latest, &key())).unwrap() + "\n")
            .collect()
    }

    fn examine(&self, checkpoints: Option<&str>) -> Report {
        let later = Timestamp::from_seconds(START + 100_000);
        examine_at(&self.rows, checkpoints, later)
    }
}

fn examine_at(rows: &[(String, ccc_protocol::Digest)], checkpoints: Option<&str>, now: Timestamp) -> Report {
    let checkpoints = checkpoints.map(|text| Checkpoints::read(text.as_bytes(), &[key()]).unwrap());
    let mut examination = Examination::new(Terms { checkpoints, tail_seconds_max: 180 });
    for (index, (json, hash)) in rows.iter().enumerate() {
        let row = Row { place: Place::Line(index as u64 + 1), json: json.clone(), hash: *hash, filed: Filed::Nowhere };
        examination.push(Found::Row(row));
    }
    examination.finish(now)
}

fn logs() -> impl Strategy<Value = Log> {
    prop::collection::vec("[a-z]{1,8}", 4..40).prop_map(|kinds| Log::of(&kinds))
}

proptest! {
    // In this many cases each kind of edit meets the ends and the middle of logs.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_untouched_log_is_intact(log in logs(), every in 1_usize..10) {
        let report = log.examine(Some(&log.checkpoints(every)));
        prop_assert_eq!(report.category(), Category::Intact);
        prop_assert_eq!(report.covered_until, log.rows.len() as u64);
    }

    #[test]
    fn a_changed_byte_is_modified(mut log in logs(), row: Index, at: Index, flip in 1_u8..128) {
        let checkpoints = log.checkpoints(5);
        let (json, _) = &mut log.rows[row.index(log.chains.len() - 1)];
        let mut bytes = json.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = (bytes[at] ^ flip) & 0x7f;
        *json = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Modified);
        prop_assert_eq!(log.examine(None).category(), Category::Modified);
    }

    #[test]
    fn a_changed_hash_is_modified(mut log in logs(), row: Index) {
        let row = row.index(log.rows.len());
        log.rows[row].1 = ccc_protocol::Digest::of(b"other");
        prop_assert_eq!(log.examine(None).category(), Category::Modified);
    }

    #[test]
    fn deleted_entries_before_the_last_are_deleted(mut log in logs(), from: Index, to: Index) {
        let checkpoints = log.checkpoints(5);
        let last = log.rows.len() - 1;
        let (from, to) = (from.index(last), to.index(last));
        log.rows.drain(from.min(to)..=from.max(to));
        prop_assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Modified);
        prop_assert_eq!(log.examine(None).category(), Category::Modified);
    }

    #[test]
    fn a_repeated_entry_is_modified(mut log in logs(), row: Index, to: Index) {
        let row = log.rows[row.index(log.rows.len())].clone();
        let to = to.index(log.rows.len());
        log.rows.insert(to, row);
        prop_assert_eq!(log.examine(None).category(), Category::Modified);
    }

    #[test]
    fn swapped_entries_are_reordered(mut log in logs(), one: Index, other: Index) {
        let (one, other) = (one.index(log.rows.len()), other.index(log.rows.len()));
        prop_assume!(one != other);
        let checkpoints = log.checkpoints(5);
        log.rows.swap(one, other);
        prop_assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Reordered);
        // The same where the texts alone were swapped and the hashes stayed.
        let hash = log.rows[one].1;
        log.rows[one].1 = log.rows[other].1;
        log.rows[other].1 = hash;
        prop_assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Reordered);
    }

    #[test]
    fn a_shuffled_log_is_reordered(log in logs(), seed: u64) {
        let mut rows = log.rows.clone();
        let order = |(json, _): &(String, ccc_protocol::Digest)| ccc_protocol::Digest::of(format!("{seed}{json}").as_bytes());
        rows.sort_by_key(order);
        prop_assume!(rows != log.rows);
        let report = examine_at(&rows, Some(&log.checkpoints(5)), Timestamp::from_seconds(START + 100));
        prop_assert_eq!(report.category(), Category::Reordered);
    }

    #[test]
    fn a_cut_tail_is_truncated_with_checkpoints_and_cannot_show_without(mut log in logs(), keep: Index) {
        let checkpoints = log.checkpoints(5);
        log.cut(keep.index(log.rows.len()));
        prop_assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Truncated);
        prop_assert_eq!(log.examine(None).category(), Category::Intact);
    }

    #[test]
    fn a_fork_is_forked(mut log in logs(), keep: Index) {
        let checkpoints = log.checkpoints(5);
        let length = log.rows.len();
        log.cut(keep.index(length));
        while log.rows.len() < length + 3 {
            log.append("of-another-chain");
        }
        prop_assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Forked);
        prop_assert_eq!(log.examine(None).category(), Category::Intact);
    }

    #[test]
    fn a_valid_chain_of_its_own_is_replaced_also_with_checkpoints_of_its_own(log in logs(), other in logs()) {
        prop_assume!(log.rows[0] != other.rows[0]);
        let report = other.examine(Some(&log.checkpoints(1)));
        prop_assert_eq!(report.category(), Category::Forked);
        let forger = AuditKey::new(&[8; 32]).unwrap();
        let forged = Checkpoint::of(other.chains.last().unwrap(), Timestamp::from_seconds(START), &forger);
        let report = other.examine(Some(&serde_json::to_string(&forged).unwrap()));
        prop_assert_eq!(report.category(), Category::Forked);
    }

    #[test]
    fn entries_without_a_checkpoint_are_an_unsigned_tail_once_they_are_old(mut log in logs(), more in 1_usize..5) {
        let checkpoints = log.checkpoints(5);
        for _ in 0..more {
            log.append("later");
        }
        let first = START + i64::try_from(log.rows.len() - more).unwrap();
        let at = |seconds| examine_at(&log.rows, Some(&checkpoints), Timestamp::from_seconds(seconds)).category();
        prop_assert_eq!(at(first + 180), Category::Intact);
        prop_assert_eq!(at(first + 181), Category::UnsignedTail);
        prop_assert_eq!(at(first - 181), Category::UnsignedTail, "a time to come is no excuse");
    }
}

#[test]
fn a_clean_stop_is_followed_by_a_checkpoint() {
    let mut log = Log::of(&["a".to_owned()]);
    let checkpoints = log.checkpoints(1);
    log.append("server-stopped");
    let at = |seconds| examine_at(&log.rows, Some(&checkpoints), Timestamp::from_seconds(START + seconds)).category();
    assert_eq!(at(3), Category::Intact);
    assert_eq!(at(20), Category::UnsignedTail);
}

/// A log whose entries 3 to 7 are missing, with an entry after them that declares `detail` missing.
fn with_gap(from: u64, to: u64) -> Log {
    let mut log = Log::of(&["a".to_owned(), "b".to_owned()]);
    let mut chain = *log.chains.last().unwrap();
    chain.seq = 7;
    let mut declared = entry("gap-declared", START + 7);
    declared.detail = [("from".to_owned(), from.into()), ("to".to_owned(), to.into())].into_iter().collect();
    let sealed = chain.seal(declared);
    log.rows.push((sealed.json, sealed.hash));
    log.chains.push(chain);
    log.append("c");
    log
}

#[test]
fn a_gap_that_the_log_declares_is_told_from_one_that_it_does_not() {
    let log = with_gap(3, 7);
    assert_eq!(log.examine(Some(&log.checkpoints(1))).category(), Category::DeclaredGap);
    let log = with_gap(3, 6);
    assert_eq!(log.examine(Some(&log.checkpoints(1))).category(), Category::Modified);
}

#[test]
fn a_declared_gap_excuses_nothing_else() {
    let mut log = with_gap(3, 7);
    let checkpoints = log.checkpoints(1);
    log.rows.remove(0);
    assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Modified);
}

#[test]
fn torn_checkpoint_lines_prove_nothing_and_are_told() {
    let log = Log::of(&["a".to_owned()]);
    let checkpoints = format!("{{\"seq\":1,\"ha{}", log.checkpoints(1)) + &log.checkpoints(1);
    let report = log.examine(Some(&checkpoints));
    assert_eq!(report.category(), Category::Intact);
    assert_eq!(report.checkpoints.unwrap().unreadable.first, [1]);
}

#[test]
fn a_far_displaced_entry_of_a_long_log_is_reordered_in_bounded_memory() {
    let mut log = Log::of(&vec!["a".to_owned(); 70_000]);
    let checkpoints = log.checkpoints(1000);
    let moved = log.rows.remove(10);
    log.rows.insert(69_990, moved);
    assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Reordered);
    log.rows.remove(69_990);
    assert_eq!(log.examine(Some(&checkpoints)).category(), Category::Modified);
}

/// An entry of the clock's, with this detail.
fn of_clock(kind: &str, at: i64, detail: &serde_json::Value) -> AuditEntry {
    let at = Timestamp::from_seconds(at);
    serde_json::from_value(serde_json::json!({ "seq": 0, "at": at, "kind": kind, "detail": detail })).unwrap()
}

/// A log whose time goes back by an hour with an entry of this kind, which says that it was at `from` before.
fn back_by_an_hour(kind: &str, from: i64) -> Log {
    let mut log = Log::of(&["a".to_owned(), "b".to_owned()]);
    let mut chain = Chain { latest: Timestamp::default(), ..*log.chains.last().unwrap() };
    let detail = serde_json::json!({ "from": Timestamp::from_seconds(from), "ahead_millis": 0 });
    let sealed = chain.seal(of_clock(kind, START - 3600, &detail));
    log.rows.push((sealed.json, sealed.hash));
    log.chains.push(chain);
    log
}

#[test]
fn time_goes_back_where_the_clock_was_accepted_and_nowhere_else() {
    let category = |kind, from| back_by_an_hour(kind, from).examine(None).category();
    assert_eq!(category("clock-accepted", START + 5), Category::Intact);
    assert_eq!(category("clock-accepted", START), Category::Modified, "from before what was written");
    for kind in ["clock-stepped", "clock-held", "server-started", "a"] {
        assert_eq!(category(kind, START + 5), Category::Modified, "{kind}");
    }
}

#[test]
fn a_tail_is_as_old_as_the_clock_says_that_a_checkpoint_vouches_for() {
    const HOUR: i64 = 3600;
    let mut log = Log::of(&["a".to_owned()]);
    let append = |log: &mut Log, entry: AuditEntry| {
        let mut chain = *log.chains.last().unwrap();
        let sealed = chain.seal(entry);
        log.rows.push((sealed.json, sealed.hash));
        log.chains.push(chain);
    };
    append(&mut log, of_clock("clock-stepped", START + HOUR, &serde_json::json!({ "ahead_millis": HOUR * 1000 })));
    let vouched = log.checkpoints(1);
    append(&mut log, entry("a", START + HOUR + 5));
    let examined = |checkpoints: &str, now: i64| examine_at(&log.rows, Some(checkpoints), Timestamp::from_seconds(now));
    assert_eq!(examined(&vouched, START + 10).category(), Category::Intact);
    assert_eq!(examined(&vouched, START + 10 + HOUR).category(), Category::UnsignedTail, "an hour later by the clock");
    // What the tail says of itself excuses nothing.
    let first = vouched.lines().next().unwrap();
    assert_eq!(examined(first, START + 10).category(), Category::UnsignedTail);
}
