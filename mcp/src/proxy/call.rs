//! A `tools/call` as the client wrote it, read so that its server reads it the same way.

use ccc_protocol::{
    bodies::BESIDE_ARGUMENTS,
    json::{self, Limits},
};
use serde_json::{Map, Value, value::RawValue};

use crate::{answer::Era, definition::folds_to};

/// How deep objects and lists may lie in one another in a call.
const CALL_DEPTH_MAX: usize = 64;
/// The member of `_meta` in which a client of the stateless era names itself.
const CLIENT_KEY: &str = "io.modelcontextprotocol/clientInfo";
/// What the protocol's own members of `_meta` begin with.
const PROTOCOL_PREFIX: &str = "io.modelcontextprotocol/";
/// Members of `_meta` by which a client numbers its attempts: the next attempt at the same call has another value.
const NUMBERS: [&str; 2] = ["claudecode/toolUseId", "traceparent"];
/// The longest such number, in bytes.
const NUMBER_BYTES_MAX: usize = 128;

/// What a client calls, and how it wants to hear of it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) tool: String,
    /// The arguments, with whatever else the server is told under [`BESIDE_ARGUMENTS`].
    pub(super) input: Map<String, Value>,
    pub(super) era: Era,
    /// Progress may be told under this token.
    pub(super) progress_token: Option<Value>,
    /// The client's `_meta`, for requests in its name.
    pub(super) meta: Option<Value>,
}

impl Call {
    /// Reads the parameters.
    ///
    /// # Errors
    /// When they name no tool, or have two readings.
    pub(super) fn read(params: Option<&RawValue>) -> Result<Self, String> {
        let mut params = object(params)?;
        for known in ["name", "arguments"] {
            if let Some(other) = params.keys().find(|member| folds_to(member, known)) {
                return Err(format!("`{other}` could be read as `{known}`"));
            }
        }
        let era = Era::of(&params);
        let mut input = match params.remove("arguments") {
            // Some clients write that there are none; the server reads the same.
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) if arguments.contains_key(BESIDE_ARGUMENTS) => {
                return Err(format!("`arguments` has a member `{BESIDE_ARGUMENTS}`, which names what is not in it"));
            }
            Some(Value::Object(arguments)) => arguments,
            Some(other) => return Err(format!("`arguments` is {} instead of an object", json::kind(&other))),
        };
        let tool = match params.remove("name") {
            Some(Value::String(name)) if !name.is_empty() => name,
            _ => return Err("`name` is not the name of a tool".to_owned()),
        };
        let meta = params.get("_meta").cloned();
        let progress_token = meta.as_ref().and_then(|meta| meta.get("progressToken")).filter(|token| is_token(token));
        let progress_token = progress_token.cloned();
        let beside = without_handling(params);
        if !beside.is_empty() {
            input.insert(BESIDE_ARGUMENTS.to_owned(), Value::Object(beside));
        }
        Ok(Self { tool, input, era, progress_token, meta })
    }

    /// How the client calls itself, where the call says it.
    pub(super) fn client(&self) -> Option<&str> {
        self.meta.as_ref()?.get(CLIENT_KEY)?.get("name")?.as_str()
    }
}

/// The parameters of a request, which has them or an empty object.
///
/// # Errors
/// When they are no object, or have two readings.
pub(super) fn object(params: Option<&RawValue>) -> Result<Map<String, Value>, String> {
    let Some(params) = params else { return Ok(Map::new()) };
    json::read_object(params.get().as_bytes(), Limits { depth_max: CALL_DEPTH_MAX })
        .map_err(|error| format!("the parameters cannot be read: {error}"))
}

/// The parameters beside name and arguments without what says only how the call is handled: all that is left is part of what is
/// asked for, also members that this program does not know.
fn without_handling(mut params: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(meta)) = params.get_mut("_meta") {
        meta.retain(|name, value| !is_handling(name, value));
        if meta.is_empty() {
            params.remove("_meta");
        }
    }
    params
}

fn is_handling(name: &str, value: &Value) -> bool {
    match name {
        "progressToken" => is_token(value),
        name => name.starts_with(PROTOCOL_PREFIX) || NUMBERS.contains(&name) && is_number(value),
    }
}

/// A number has no room for words.
fn is_number(value: &Value) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    value.as_str().is_some_and(|text| text.len() <= NUMBER_BYTES_MAX && text.bytes().all(plain))
}

fn is_token(value: &Value) -> bool {
    value.is_string() || value.is_i64()
}

#[cfg(test)]
mod tests {
    use super::{BESIDE_ARGUMENTS, Call};
    use crate::answer::Era;
    use serde_json::{Value, json, value::RawValue};

    fn read(text: &str) -> Result<Call, String> {
        Call::read(Some(serde_json::from_str::<&RawValue>(text).unwrap()))
    }

    #[test]
    fn a_call_is_read_whole() {
        let call = read(
            r#"{"name":"echo","arguments":{"m":1},"_meta":{"progressToken":"p",
            "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c"}}}"#,
        )
        .unwrap();
        assert_eq!((call.tool.as_str(), &Value::Object(call.input.clone())), ("echo", &json!({"m": 1})));
        assert_eq!(
            (call.era, call.progress_token.clone(), call.client()),
            (Era::Stateless, Some(json!("p")), Some("c"))
        );
        for none in [r#"{"name":"echo"}"#, r#"{"name":"echo","arguments":null}"#] {
            assert!(read(none).unwrap().input.is_empty(), "{none}");
        }
    }

    #[test]
    fn all_that_the_server_is_told_is_part_of_what_is_asked_for() {
        let bare = read(r#"{"name":"a","arguments":{"x":1}}"#).unwrap().input;
        for (beside, judged) in [
            (r#""inputResponses":{"q":{"action":"accept"}}"#, json!({"inputResponses": {"q": {"action": "accept"}}})),
            (r#""requestState":"s""#, json!({"requestState": "s"})),
            (r#""task":{"ttl":1}"#, json!({"task": {"ttl": 1}})),
            (r#""unheard":[1]"#, json!({"unheard": [1]})),
            (r#""_meta":{"progressToken":1,"com.example/as":"root"}"#, json!({"_meta": {"com.example/as": "root"}})),
            (r#""_meta":{"progressToken":{"as":"root"}}"#, json!({"_meta": {"progressToken": {"as": "root"}}})),
            (r#""_meta":{"traceparent":"as root"}"#, json!({"_meta": {"traceparent": "as root"}})),
            (r#""_meta":"as root""#, json!({"_meta": "as root"})),
        ] {
            let call = read(&format!(r#"{{"name":"a","arguments":{{"x":1}},{beside}}}"#)).unwrap();
            let expected = json!({"x": 1, (BESIDE_ARGUMENTS): judged});
            assert_eq!(Value::Object(call.input), expected, "{beside}");
        }
        for handling in [
            r#"{"progressToken":"p"}"#,
            r#"{"io.modelcontextprotocol/clientCapabilities":{}}"#,
            r#"{"claudecode/toolUseId":"toolu_1a0d0234bfe34369b2ecb9c6"}"#,
            r#"{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#,
        ] {
            let call = read(&format!(r#"{{"name":"a","arguments":{{"x":1}},"_meta":{handling}}}"#)).unwrap();
            assert_eq!(call.input, bare, "{handling}");
        }
    }

    #[test]
    fn a_call_with_two_readings_is_refused() {
        for text in [
            r#"{"name":"a","name":"b"}"#,
            r#"{"name":"a","Name":"b"}"#,
            r#"{"name":"a","arguments":{},"argument\u017f":{"x":1}}"#,
            r#"{"name":"a","arguments":{"x":1,"\u0078":2}}"#,
            r#"{"name":"a","arguments":{"x":9007199254740993}}"#,
            r#"{"name":"a","arguments":{"x":"\ud800"}}"#,
            r#"{"name":"a","arguments":{"beside the arguments":{"task":{}}}}"#,
            r#"{"name":"a","arguments":[]}"#,
            r#"{"name":"","arguments":{}}"#,
            r#"{"arguments":{}}"#,
            r#"["a"]"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(Call::read(None).is_err());
    }
}
