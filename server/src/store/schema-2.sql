-- From schema 1 to 2: in which start of the machine entries were made, and how the server's time followed from the time since that.
CREATE TABLE clock (
    -- The number of the first entry of the stretch.
    from_seq INTEGER PRIMARY KEY,
    boot TEXT NOT NULL,
    -- The server's time at the machine's start, in milliseconds since the epoch.
    offset_millis INTEGER NOT NULL,
    -- How far it is ahead of the wall clock, as was last told.
    ahead_millis INTEGER NOT NULL,
    -- 1 where grants and untaken approvals are held.
    is_held INTEGER NOT NULL,
    -- The server's time before, where it went back.
    back_from INTEGER
) STRICT;
