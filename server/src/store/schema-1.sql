-- Version 1 of the store. Frozen: databases of this form lie on people's disks, and every later version is this one and
-- the steps of migrate.rs. Rowid tables whose keys only grow: an insert appends, whatever is stored already.

CREATE TABLE ticket (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    status TEXT NOT NULL,
    -- Until when a person's denial answers the same call, in milliseconds; null once it does not.
    denied_until INTEGER,
    body TEXT NOT NULL
) STRICT;
-- Not `IN`: SQLite would build its list anew for each row that is written. Queries say it in the same words.
CREATE INDEX ticket_open ON ticket(no) WHERE status = 'queued' OR status = 'approved' OR status = 'running';
CREATE INDEX ticket_denied ON ticket(denied_until) WHERE denied_until IS NOT NULL;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    hash BLOB NOT NULL,
    ticket BLOB,
    -- The nonce of the request that made this entry, so that a restart opens no window for its replay.
    nonce BLOB,
    nonce_until INTEGER
) STRICT;

CREATE TABLE standing_grant (id BLOB PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    body_digest BLOB NOT NULL,
    ticket BLOB NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_until ON idempotency(until);
