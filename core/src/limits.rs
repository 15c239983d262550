//! Every limit of the bridge, with its unit in its name and its default.

use serde::Deserialize;

macro_rules! limits {
    ($(#[doc = $doc:literal] $name:ident: $default:expr,)*) => {
        /// The limits, as the `[limits]` table sets them.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $(#[doc = $doc] pub $name: u64,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// Each limit's name and value, in the order of declaration.
            #[must_use]
            pub fn entries(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }

            /// What each limit is about, in the same order.
            #[must_use]
            pub fn meanings() -> Vec<&'static str> {
                vec![$($doc.trim()),*]
            }
        }
    };
}

limits! {
    /// A request's body, in bytes.
    body_bytes_max: 64 * 1024,
    /// The body of a `use-tool` request, in bytes.
    tool_body_bytes_max: 1024 * 1024,
    /// Bodies that are read and not yet decided about, of all users, in bytes; a longer one waits for its turn.
    body_bytes_in_flight_max: 32 * 1024 * 1024,
    /// The same of one user.
    body_bytes_in_flight_per_user_max: 8 * 1024 * 1024,
    /// Answers to one user that were written and not yet read, in bytes; the next waits until there is room.
    answer_bytes_unread_per_user_max: 16 * 1024 * 1024,
    /// Threads that read tool calls and make lists, for one user after the other.
    pool_threads: 2,
    /// A request's head, in bytes.
    head_bytes_max: 16 * 1024,
    /// Header fields of a request.
    head_fields_max: 64,
    /// How long a peer may take over a request's head.
    head_seconds_max: 10,
    /// How long a peer may take over a request's body.
    body_seconds_max: 10,
    /// How long a connection may be idle between requests.
    idle_seconds_max: 75,
    /// Connections at a time.
    connections_max: 2048,
    /// Of those, connections kept for users with approval rights.
    approver_connections_reserved: 64,
    /// Open files and connections of the server, where the system's hard limit allows as many.
    descriptors_max: 65_536,
    /// Open tickets of one user.
    queued_per_user_max: 1000,
    /// Parameters of one user's open tickets, in bytes as JSON; the first is taken whatever its size.
    queued_bytes_per_user_max: 16 * 1024 * 1024,
    /// Open tickets of one user about the tools of one MCP server.
    pins_queued_per_server_max: 64,
    /// Open tickets of all users.
    queued_max: 10_000,
    /// Requests of one user in a minute; 0 is no limit.
    requests_per_minute_max: 6000,
    /// A body counts as one request more for each so many bytes; 0 counts requests alone.
    body_bytes_per_request: 16 * 1024,
    /// How long a ticket waits for a person.
    queue_seconds_max: 3600,
    /// How long an approved ticket may wait to be started.
    start_seconds_max: 60,
    /// How long an approved judge-only ticket waits to be taken by its caller.
    release_seconds_max: 3600,
    /// For how long the leave of a hook's call of an MCP tool answers `ccc-mcp proxy`, which asks about the same call; 0: it asks anew.
    pair_seconds_max: 5,
    /// Such calls of one user at a time.
    pairs_per_user_max: 64,
    /// How long a person's denial answers the same call.
    denial_seconds: 600,
    /// Sessions of one user whose doings are remembered; the one that was quiet the longest makes room.
    sessions_per_user_max: 256,
    /// Held answers of one user at a time.
    waits_per_user_max: 16,
    /// How long an answer is held.
    wait_seconds_max: 300,
    /// Event streams of one user at a time.
    streams_per_user_max: 4,
    /// How long an event stream lives.
    stream_seconds_max: 3600,
    /// Remembered nonces; full answers 429, none is forgotten early.
    nonces_max: 4_000_000,
    /// The longest grant.
    grant_seconds_max: 86_400,
    /// The most uses of one grant.
    grant_uses_max: 1000,
    /// Standing grants for one user.
    grants_per_user_max: 100,
    /// Programs running at a time.
    runs_max: 16,
    /// Of those, programs of one user at a time.
    runs_per_user_max: 12,
    /// How long a program may run where its action does not say.
    run_seconds_max: 600,
    /// Processes and threads of a confined program; at `files` those of its user count too. 0 is no limit.
    run_processes_max: 4096,
    /// Memory that one process of a confined program may write, in bytes; 0 is no limit.
    run_memory_bytes_max: 8 * 1024 * 1024 * 1024,
    /// The longest file that a confined program may write, in bytes; 0 is no limit.
    run_file_bytes_max: 4 * 1024 * 1024 * 1024,
    /// Each directory in memory that a confined program has for its own, in bytes.
    run_scratch_bytes_max: 1024 * 1024 * 1024,
    /// How much of a program's output is kept, for each of stdout and stderr.
    output_bytes_max: 64 * 1024,
    /// How long an opener is watched for an early failure, in milliseconds.
    open_watch_millis: 400,
    /// Programs open on the person's screen for one user at a time.
    openers_per_user_max: 16,
    /// How long the same, opened for the same user, opens nothing again.
    open_again_seconds: 5,
    /// How long a mail may take to be handed over.
    mail_seconds_max: 60,
    /// Parameters of a denied request that are kept whole, in bytes as JSON; of longer ones the digest and the beginning are.
    denied_bytes_max: 4096,
    /// Room in the data directory that is kept for decisions on a full disk, in bytes; 0 is none.
    reserve_bytes: 64 * 1024 * 1024,
    /// An agent's or approver's free text (reason, note), in bytes.
    note_bytes_max: 4096,
    /// A tool call's input that is analysed, in bytes, without what it writes into a file; more asks a person.
    analyse_bytes_max: 64 * 1024,
    /// Hosts of one user's tool calls that are remembered as seen before; the ones seen first are forgotten.
    known_hosts_per_user_max: 1000,
    /// The head of a file that a preview shows, in bytes.
    preview_bytes_max: 16 * 1024,
    /// A file that a tool call would replace, read whole for comparing it, in bytes; of a longer one the beginning is.
    compare_bytes_max: 128 * 1024,
    /// Entries of a list where the request names no limit.
    list_default: 500,
    /// Entries of a list at most.
    list_max: 5000,
    /// A page of a list, in bytes; an entry that is alone on its page may be longer.
    list_bytes_max: 4 * 1024 * 1024,
    /// Audit entries between two checkpoints.
    checkpoint_entries: 1000,
    /// How long the checkpoint command may take over one checkpoint.
    checkpoint_command_seconds_max: 60,
    /// How long an idempotency key is remembered.
    idempotency_seconds: 86_400,
}
