//! A `tools/call` as the client wrote it, read so that its server reads it the same way.

use ccc_protocol::json::{self, Limits};
use serde_json::{Map, Value, value::RawValue};

use crate::{answer::Era, definition::folds_to};

/// How deep objects and lists may lie in one another in a call.
const CALL_DEPTH_MAX: usize = 64;
/// The member of `_meta` in which a client of the stateless era names itself.
const CLIENT_KEY: &str = "io.modelcontextprotocol/clientInfo";

/// What a client calls, and how it wants to hear of it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: Map<String, Value>,
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
        let arguments = match params.remove("arguments") {
            None => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(other) => return Err(format!("`arguments` is {} instead of an object", json::kind(&other))),
        };
        let tool = match params.remove("name") {
            Some(Value::String(name)) if !name.is_empty() => name,
            _ => return Err("`name` is not the name of a tool".to_owned()),
        };
        let meta = params.remove("_meta");
        let progress_token = meta.as_ref().and_then(|meta| meta.get("progressToken")).filter(|token| is_token(token));
        Ok(Self { tool, arguments, era, progress_token: progress_token.cloned(), meta })
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

fn is_token(value: &Value) -> bool {
    value.is_string() || value.is_i64()
}

#[cfg(test)]
mod tests {
    use super::Call;
    use crate::answer::Era;
    use serde_json::{json, value::RawValue};

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
        assert_eq!((call.tool.as_str(), &call.arguments["m"]), ("echo", &json!(1)));
        assert_eq!(
            (call.era, call.progress_token.clone(), call.client()),
            (Era::Stateless, Some(json!("p")), Some("c"))
        );
        assert!(read(r#"{"name":"echo"}"#).unwrap().arguments.is_empty());
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
            r#"{"name":"a","arguments":null}"#,
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
