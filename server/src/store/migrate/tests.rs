use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _};

use ccc_core::{
    audit::{Chain, chain::link},
    clock::Stretch,
    desk::Change,
    limits::Limits,
};
use ccc_protocol::{
    Digest, Timestamp,
    bodies::{AuditEntry, EntryKind},
};
use rusqlite::{params, types::Value};

use super::*;
use crate::store::{RequestKey, Writer, open_by, reader};

/// What later releases could do: a new table filled from an old one, a new column, an index.
const LATER: &[Step] = &[
    |database| {
        database.execute_batch(
            "CREATE TABLE ended (ticket BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
             INSERT INTO ended SELECT id FROM ticket WHERE status = 'succeeded';
             ALTER TABLE standing_grant ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;",
        )
    },
    |database| database.execute_batch("CREATE INDEX audit_ticket ON audit(ticket) WHERE ticket IS NOT NULL"),
];

/// A directory with a database of schema 1, as its server left it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.data()).unwrap();
        let database = home.database();
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        database.execute_batch(FIRST).unwrap();
        database.pragma_update(None, "user_version", 1).unwrap();
        fill(&database);
        home
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn database(&self) -> Connection {
        Connection::open(self.data().join("ccc.db")).unwrap()
    }

    fn copy(&self) -> PathBuf {
        self.data().join("ccc.db.schema-1")
    }

    fn files(&self) -> BTreeSet<String> {
        let files = fs::read_dir(self.data()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        // SQLite's own beside an open database.
        names.filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).collect()
    }

    fn bring_up(&self, steps: &[Step]) -> Result<Writer, StoreError> {
        open_by(&Migration { steps, ..Migration::of(&self.data()) })
    }

    /// Nothing happened.
    fn assert_as_it_was(&self) {
        assert_eq!(self.files(), BTreeSet::from(["ccc.db".to_owned()]));
        let database = self.database();
        assert_eq!(schema::of(&database).unwrap(), Schema::Of(1));
        assert_eq!(tables(&database), tables(&Home::new().database()));
    }
}

/// Rows of every table, and a log whose entries are chained.
fn fill(database: &Connection) {
    database.execute_batch("BEGIN").unwrap();
    let mut chain = Chain::default();
    for number in 0..400_u32 {
        let entry = AuditEntry {
            seq: 0,
            at: Timestamp::from_seconds(1_764_000_000 + i64::from(number)),
            kind: EntryKind::Submitted,
            by: Some("agent".parse().unwrap()),
            about: None,
            ticket: None,
            action: None,
            status: None,
            detail: [("note".to_owned(), "n".repeat(200).into())].into_iter().collect(),
        };
        let (sealed, id) = (chain.seal(entry), [number.to_be_bytes(); 4].concat());
        let columns = params![sealed.entry.seq.cast_signed(), sealed.json, sealed.hash.as_bytes(), id, [7_u8; 16]];
        database.execute("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, 1764000000000)", columns).unwrap();
        let status = if number % 2 == 0 { "succeeded" } else { "denied" };
        database
            .execute("INSERT INTO ticket (id, status, body) VALUES (?1, ?2, '{\"id\":1}')", params![id, status])
            .unwrap();
    }
    database
        .execute("INSERT INTO idempotency VALUES ('agent', 'key', ?1, ?2, 5)", params![[2_u8; 32], [3_u8; 16]])
        .unwrap();
    database
        .execute_batch(
            "INSERT INTO standing_grant VALUES (x'01', '{}');
             INSERT INTO setting VALUES ('a-setting', '{\"a\":1}');
             COMMIT;",
        )
        .unwrap();
}

/// Every row of the tables of schema 1, column by column.
fn tables(database: &Connection) -> Vec<Vec<Value>> {
    let mut rows = vec![];
    for query in [
        "SELECT no, id, status, denied_until, body FROM ticket ORDER BY no",
        "SELECT seq, entry, hash, ticket, nonce, nonce_until FROM audit ORDER BY seq",
        "SELECT id, body FROM standing_grant ORDER BY id",
        "SELECT name, body FROM setting ORDER BY name",
        "SELECT user, key, body_digest, ticket, until FROM idempotency ORDER BY user, key",
    ] {
        let mut statement = database.prepare(query).unwrap();
        let width = statement.column_count();
        let read = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect()).unwrap();
        rows.extend(read.map(Result::unwrap));
    }
    rows
}

/// How many entries the log has, each with the hash that the one before gives it.
fn verified(database: &Connection) -> u64 {
    let mut statement = database.prepare("SELECT entry, hash FROM audit ORDER BY seq").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, [u8; 32]>(1)?))).unwrap();
    let (mut head, mut count) = (Chain::default().head, 0);
    for row in rows {
        let (entry, hash) = row.unwrap();
        head = link(head, entry.as_bytes());
        assert_eq!(head, Digest::from_bytes(hash));
        count += 1;
    }
    count
}

fn objects(database: &Connection) -> BTreeSet<(String, String)> {
    let mut statement = database.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_database_of_schema_1_keeps_its_rows_and_its_log_and_a_copy_of_it_is_kept() {
    let home = Home::new();
    let before = tables(&home.database());
    let store = home.bring_up(LATER).unwrap();
    let key = RequestKey { user: "agent".parse().unwrap(), key: "key".to_owned(), body: Digest::of(b"") };
    assert_eq!(store.answered(&key).unwrap().unwrap().body, Digest::from_bytes([2; 32]), "it is read as before");
    assert_eq!(reader(&home.data()).unwrap().entries_after(398, 10).unwrap().len(), 2);

    let database = home.database();
    assert_eq!(schema::of(&database).unwrap(), Schema::Of(3));
    assert!(tables(&database) == before, "no row is another");
    assert_eq!(verified(&database), 400);
    assert_eq!(database.query_row("SELECT count(*) FROM ended", [], |row| row.get::<_, i64>(0)).unwrap(), 200);

    assert_eq!(home.files(), BTreeSet::from(["ccc.db".to_owned(), "ccc.db.schema-1".to_owned()]));
    assert_eq!(fs::metadata(home.copy()).unwrap().permissions().mode() & 0o7777, 0o600);
    let copy = Connection::open(home.copy()).unwrap();
    assert_eq!(schema::of(&copy).unwrap(), Schema::Of(1));
    assert!(tables(&copy) == before);
    assert_eq!(verified(&copy), 400);
}

#[test]
fn schema_2_keeps_how_time_went_and_a_database_of_schema_1_begins_to() {
    let home = Home::new();
    let before = tables(&home.database());
    let store = home.bring_up(STEPS).unwrap();
    let latest = store.latest().unwrap();
    assert_eq!(latest.at, Timestamp::from_seconds(1_764_000_399));
    assert_eq!(latest.stretch, None, "nobody knows when the machine was started then");
    assert!(tables(&home.database()) == before);
    assert_eq!(verified(&home.database()), 400);

    let boot = "f0d3b1a2-0000-4000-8000-000000000001".to_owned();
    let first = Stretch { from_seq: 401, boot, offset_millis: 1_763_999_000_000, ..Stretch::default() };
    let back_from = Some(Timestamp::from_seconds(1_764_007_200));
    let accepted =
        Stretch { from_seq: 500, offset_millis: -5, ahead_millis: 7, is_held: true, back_from, ..first.clone() };
    for stretch in [first, accepted] {
        let change = Change { stretches: vec![stretch.clone()], ..Change::default() };
        store.begin().unwrap();
        store.write(&change, &[], &Limits::default()).unwrap();
        store.commit().unwrap();
        assert_eq!(store.latest().unwrap().stretch, Some(stretch));
    }
}

#[test]
fn idempotency_keys_are_kept_as_long_as_before_where_the_clock_is_set_forward() {
    let home = Home::new();
    let store = home.bring_up(STEPS).unwrap();
    let until = || home.database().query_row("SELECT until FROM idempotency", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(until(), 5);
    store.begin().unwrap();
    store.write(&Change { moved_millis: 7_200_000, ..Change::default() }, &[], &Limits::default()).unwrap();
    store.commit().unwrap();
    assert_eq!(until(), 7_200_005);
}

#[test]
fn a_database_that_is_up_to_date_is_left_alone() {
    let home = Home::new();
    drop(home.bring_up(LATER).unwrap());
    fs::remove_file(home.copy()).unwrap();
    let before = objects(&home.database());
    drop(home.bring_up(LATER).unwrap());
    assert_eq!(objects(&home.database()), before);
    assert_eq!(home.files(), BTreeSet::from(["ccc.db".to_owned()]), "and no copy is made of it");
}

#[test]
fn a_new_database_is_one_that_was_brought_up() {
    let (new, old) = (Home(tempfile::tempdir().unwrap()), Home::new());
    fs::create_dir(new.data()).unwrap();
    drop(new.bring_up(LATER).unwrap());
    drop(old.bring_up(LATER).unwrap());
    assert_eq!(objects(&new.database()), objects(&old.database()));
    assert_eq!(schema::of(&new.database()).unwrap(), Schema::Of(3));
    assert_eq!(new.files(), BTreeSet::from(["ccc.db".to_owned()]), "there was nothing to copy");
}

#[test]
fn schema_1_is_what_the_first_servers_made() {
    // A change of a word here is a database on somebody's disk that is not what the steps expect: add a step instead.
    assert_eq!(
        Digest::of(FIRST.as_bytes()).to_string(),
        "sha-256:13e5b1cee3990a0ebacb97ed01f579c55b51d2916658903bee7b01c88fae2a09"
    );
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let home = Home::new();
    drop(home.bring_up(LATER).unwrap());
    let bytes = || fs::read(home.data().join("ccc.db")).unwrap();
    let before = bytes();
    let error = home.bring_up(&LATER[..1]).unwrap_err();
    assert!(matches!(&error, StoreError::Newer { found: 3, known: 2, copy: Some(copy), .. } if *copy == home.copy()));
    let said = error.to_string();
    assert!(said.contains("start the newer version, or go back to ") && said.contains("ccc.db.schema-1"), "{said}");
    assert!(bytes() == before);
    fs::remove_file(home.copy()).unwrap();
    assert!(home.bring_up(&[]).unwrap_err().to_string().ends_with("start the newer version"));
}

#[test]
fn a_database_of_somebody_else_is_refused_and_left_alone() {
    let home = Home(tempfile::tempdir().unwrap());
    fs::create_dir(home.data()).unwrap();
    home.database().execute_batch("CREATE TABLE bookmark (url TEXT)").unwrap();
    let before = fs::read(home.data().join("ccc.db")).unwrap();
    assert!(matches!(home.bring_up(LATER), Err(StoreError::Foreign(_))));
    assert!(fs::read(home.data().join("ccc.db")).unwrap() == before);
}

#[test]
fn without_room_for_the_copy_nothing_begins() {
    let home = Home::new();
    let pages: i64 = home.database().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    assert!(pages * 4096 > 64 * 1024, "the copy counts, not the reserve alone");
    let short = Migration { steps: LATER, free_bytes: |_| Ok(RESERVE_BYTES + 64 * 1024), data: &home.data() };
    let error = open_by(&short).unwrap_err();
    assert!(matches!(error, StoreError::NoRoom { found: 1, known: 3, .. }), "{error}");
    assert!(error.to_string().ends_with("free some space and start again; nothing was changed"), "{error}");
    home.assert_as_it_was();
    assert!(free_bytes(&home.data()).unwrap() > 0, "as the system counts it");
}

#[test]
fn a_copy_that_cannot_be_written_whole_leaves_no_half_and_nothing_begins() {
    let home = Home::new();
    let path = home.data().join("ccc.db");
    home.database().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let whole = fs::read(&path).unwrap();
    // A page in the middle that the copy comes to when the first tables are written already.
    let mut torn = whole.clone();
    let page = whole.len() / 4096 / 2 * 4096;
    torn[page..page + 4096].fill(0xa5);
    fs::write(&path, torn).unwrap();
    let error = home.bring_up(LATER).unwrap_err();
    assert!(matches!(error, StoreError::NotCopied { found: 1, known: 3, .. }), "{error}");
    fs::write(&path, whole).unwrap();
    home.assert_as_it_was();
}

#[test]
fn a_step_that_fails_takes_back_those_before_it() {
    const FAILING: &[Step] = &[LATER[0], |database| database.execute_batch("INSERT INTO nowhere VALUES (1)")];
    let home = Home::new();
    let error = home.bring_up(FAILING).unwrap_err();
    assert!(matches!(error, StoreError::NotBroughtUp { found: 1, known: 3, .. }), "{error}");
    fs::remove_file(home.copy()).unwrap();
    home.assert_as_it_was();
    drop(reader(&home.data()).unwrap());
}

#[test]
fn a_power_cut_between_the_copy_and_the_commit_does_not_stop_the_next_start() {
    // What the disk holds while the second step runs, as a cut would leave it.
    const CUT: &[Step] = &[LATER[0], |database| {
        LATER[1](database)?;
        let data = Path::new(database.path().unwrap()).parent().unwrap();
        let disk = data.with_file_name("cut");
        fs::create_dir(&disk).unwrap();
        for file in fs::read_dir(data).unwrap() {
            let file = file.unwrap().path();
            fs::copy(&file, disk.join(file.file_name().unwrap())).unwrap();
        }
        Ok(())
    }];
    let home = Home::new();
    let before = tables(&home.database());
    drop(home.bring_up(CUT).unwrap());
    fs::remove_dir_all(home.data()).unwrap();
    fs::rename(home.0.path().join("cut"), home.data()).unwrap();
    assert!(home.copy().is_file());
    assert_eq!(schema::of(&home.database()).unwrap(), Schema::Of(1));
    // And a cut within the copying, of a start before that.
    fs::write(home.data().join("ccc.db.schema-1.half"), "SQLite format 3\0 and no more").unwrap();

    drop(home.bring_up(LATER).unwrap());
    let database = home.database();
    assert_eq!((schema::of(&database).unwrap(), verified(&database)), (Schema::Of(3), 400));
    assert!(tables(&database) == before);
    assert_eq!(home.files(), BTreeSet::from(["ccc.db".to_owned(), "ccc.db.schema-1".to_owned()]));
    assert!(tables(&Connection::open(home.copy()).unwrap()) == before);
}
