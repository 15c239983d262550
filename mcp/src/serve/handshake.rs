//! Which versions of the protocol are spoken, and what the server says of itself.

use serde_json::{Map, Value, json};

use crate::{answer::Era, id::Id};

/// The version spoken where a client asks for one that is not known.
const LATEST_SESSION_VERSION: &str = "2025-11-25";
/// The versions that begin with `initialize`.
const SESSION_VERSIONS: [&str; 4] = [LATEST_SESSION_VERSION, "2025-06-18", "2025-03-26", "2024-11-05"];
/// The version in which each request stands for itself.
const STATELESS_VERSION: &str = "2026-07-28";
/// In the stateless era: the version of the request is not spoken here.
const UNSUPPORTED_VERSION: i64 = -32022;

/// The answer to `initialize`.
pub(super) fn initialized(params: &Map<String, Value>) -> Map<String, Value> {
    let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
    let version = SESSION_VERSIONS.iter().find(|version| **version == asked).unwrap_or(&LATEST_SESSION_VERSION);
    Map::from_iter([
        ("protocolVersion".to_owned(), json!(version)),
        ("capabilities".to_owned(), json!({ "tools": {} })),
        ("serverInfo".to_owned(), server_info()),
        ("instructions".to_owned(), json!(INSTRUCTIONS)),
    ])
}

const INSTRUCTIONS: &str = "Each tool is an action on the host, decided by policy or by a person. A call that waits is told by progress; \
     one that is not decided in time answers with a ticket to look up later with `ticket-status`.";

/// The answer to `server/discover`.
pub(super) fn discovered() -> Map<String, Value> {
    let mut result = Map::from_iter([
        ("supportedVersions".to_owned(), json!([STATELESS_VERSION])),
        ("capabilities".to_owned(), json!({ "tools": {} })),
        ("instructions".to_owned(), json!(INSTRUCTIONS)),
        ("_meta".to_owned(), json!({ "io.modelcontextprotocol/serverInfo": server_info() })),
    ]);
    cacheable(Era::Stateless, &mut result);
    result
}

fn server_info() -> Value {
    json!({ "name": "ccc-mcp", "title": "Conduit bridge", "version": env!("CARGO_PKG_VERSION") })
}

/// Policies change at any time: nothing is to be kept.
pub(super) fn cacheable(era: Era, result: &mut Map<String, Value>) {
    if era == Era::Stateless {
        result.insert("ttlMs".to_owned(), json!(0));
        result.insert("cacheScope".to_owned(), json!("private"));
    }
}

/// The refusal of a stateless request in another version.
pub(super) fn wrong_version(id: &Id, params: &Map<String, Value>) -> Option<Vec<u8>> {
    let asked = params.get("_meta")?.get("io.modelcontextprotocol/protocolVersion")?;
    if asked == STATELESS_VERSION {
        return None;
    }
    let data = json!({ "supported": [STATELESS_VERSION], "requested": asked });
    let error =
        json!({ "code": UNSUPPORTED_VERSION, "message": "this protocol version is not spoken here", "data": data });
    Some(json!({ "jsonrpc": "2.0", "id": id.to_value(), "error": error }).to_string().into_bytes())
}

/// What the client calls itself: in `initialize`, or beside each stateless request.
pub(super) fn client_name(params: &Map<String, Value>) -> Option<&str> {
    let beside = || params.get("_meta")?.get("io.modelcontextprotocol/clientInfo");
    params.get("clientInfo").or_else(beside)?.get("name")?.as_str()
}
