//! The messages that this program writes itself, in the form of the sender's protocol era.

use ccc_protocol::TicketId;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{id::Id, message::Malformed};

/// The member of `_meta` by which a request of the stateless era (from 2026-07-28 on) names its version.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// The member of `_meta` that says which subscription a notification of the stateless era belongs to.
const SUBSCRIPTION_KEY: &str = "io.modelcontextprotocol/subscriptionId";

/// Which form of the protocol a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// A session that `initialize` began.
    Session,
    /// Each request for itself; results name their type.
    Stateless,
}

impl Era {
    /// That of a request with these parameters.
    #[must_use]
    pub fn of(params: &Map<String, Value>) -> Self {
        match params.get("_meta").and_then(|meta| meta.get(VERSION_KEY)) {
            Some(_) => Self::Stateless,
            None => Self::Session,
        }
    }

    /// Marks a result as the whole of it, as the stateless era wants it.
    pub fn complete(self, result: &mut Map<String, Value>) {
        if self == Self::Stateless {
            result.insert("resultType".to_owned(), json!("complete"));
        }
    }
}

/// Why a tool call did not happen, for the agent that wanted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `denied`, `queued`, `withheld` or `invalid`.
    pub status: &'static str,
    /// Why.
    pub reason: String,
    /// The ticket that says so, or waits.
    pub ticket: Option<TicketId>,
    /// How to go on.
    pub next: String,
}

impl Refusal {
    /// The result of the call: an error that the model reads.
    ///
    /// `structured` is false for a tool with an output schema of its own: clients hold structured content against that schema, and
    /// would show their user a schema error in place of the reason.
    #[must_use]
    pub fn result(&self, era: Era, structured: bool) -> Value {
        let mut result = Map::new();
        result.insert("content".to_owned(), json!([{ "type": "text", "text": self.text() }]));
        result.insert("isError".to_owned(), json!(true));
        if structured {
            let terms =
                json!({ "status": self.status, "reason": self.reason, "ticket": self.ticket, "next": self.next });
            result.insert("structuredContent".to_owned(), terms);
        }
        era.complete(&mut result);
        Value::Object(result)
    }

    fn text(&self) -> String {
        let ticket = self.ticket.map(|id| format!(" (ticket {id})")).unwrap_or_default();
        format!("The call was not made. Status: {}{ticket}. Reason: {}. {}", self.status, self.reason, self.next)
    }
}

/// Answers a request with a result.
#[must_use]
pub fn result(id: &Id, result: &Value) -> Vec<u8> {
    line(&json!({ "jsonrpc": "2.0", "id": id.to_value(), "result": result }))
}

/// Answers a request with an error.
#[must_use]
pub fn error(id: Option<&Id>, code: i64, message: &str) -> Vec<u8> {
    line(&error_value(id, code, message))
}

/// Answers a batch: each of its requests gets the same error. One without any request gets a single error.
#[must_use]
pub fn batch_error(ids: &[Id], code: i64, message: &str) -> Vec<u8> {
    if ids.is_empty() {
        return error(None, code, message);
    }
    line(&ids.iter().map(|id| error_value(Some(id), code, message)).collect())
}

/// Answers what could not be read.
#[must_use]
pub fn malformed(malformed: &Malformed) -> Vec<u8> {
    error(malformed.id.as_ref(), malformed.code, &malformed.what)
}

/// Tells the client that its call still waits. `step` grows by one each time.
///
/// The progress stays far below one: the server's own, which follows once the call is passed on, must be greater.
#[must_use]
pub fn progress(token: &Value, step: u32, message: &str) -> Vec<u8> {
    line(&json!({
        "jsonrpc": "2.0", "method": "notifications/progress",
        "params": { "progressToken": token, "progress": f64::from(step) / 1e6, "message": message },
    }))
}

/// Tells the client to list the tools again; on the `subscription` it has open, in the stateless era.
#[must_use]
pub fn tools_changed(subscription: Option<&Id>) -> Vec<u8> {
    const METHOD: &str = "notifications/tools/list_changed";
    line(&match subscription {
        None => json!({ "jsonrpc": "2.0", "method": METHOD }),
        Some(id) => {
            let meta = json!({ (SUBSCRIPTION_KEY): id.to_value() });
            json!({ "jsonrpc": "2.0", "method": METHOD, "params": { "_meta": meta } })
        }
    })
}

/// Asks the server for a page of its tools, with the `_meta` of the client's request.
#[must_use]
pub fn list_tools(id: &Id, cursor: Option<&str>, meta: Option<&Value>) -> Vec<u8> {
    let mut params = Map::new();
    if let Some(cursor) = cursor {
        params.insert("cursor".to_owned(), json!(cursor));
    }
    if let Some(Value::Object(meta)) = meta {
        let mut meta = meta.clone();
        meta.remove("progressToken");
        params.insert("_meta".to_owned(), Value::Object(meta));
    }
    line(&json!({ "jsonrpc": "2.0", "id": id.to_value(), "method": "tools/list", "params": params }))
}

/// `whole` with `part`, which lies within it, replaced by `replacement`. `None` when it does not lie there.
#[must_use]
pub fn splice(whole: &str, part: &RawValue, replacement: &str) -> Option<Vec<u8>> {
    let start = (part.get().as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let head = whole.get(..start)?;
    let tail = whole.get(start.checked_add(part.get().len())?..)?;
    Some([head, replacement, tail].concat().into_bytes())
}

fn error_value(id: Option<&Id>, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.map(Id::to_value), "error": { "code": code, "message": message } })
}

fn line(message: &Value) -> Vec<u8> {
    message.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Era, Refusal, batch_error, list_tools, progress, result, splice, tools_changed};
    use crate::id::Id;
    use serde::Deserialize;
    use serde_json::{Value, json, value::RawValue};

    fn refusal() -> Refusal {
        Refusal { status: "denied", reason: "no uploads".into(), ticket: None, next: "Do without it.".into() }
    }

    fn value(line: &[u8]) -> Value {
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn a_refusal_says_why_and_how_to_go_on_in_text_and_in_structure() {
        let result = refusal().result(Era::Session, true);
        assert_eq!(result["isError"], json!(true));
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("no uploads") && text.contains("Do without it."), "{text}");
        assert_eq!(
            result["structuredContent"],
            json!({"status":"denied","reason":"no uploads","ticket":null,"next":"Do without it."})
        );
        assert_eq!(result.get("resultType"), None);
    }

    #[test]
    fn a_refusal_never_meets_a_schema_made_for_results() {
        assert_eq!(refusal().result(Era::Session, false).get("structuredContent"), None);
    }

    #[test]
    fn results_of_the_stateless_era_name_their_type() {
        assert_eq!(refusal().result(Era::Stateless, true)["resultType"], json!("complete"));
        let params = json!({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}});
        assert_eq!(Era::of(params.as_object().unwrap()), Era::Stateless);
        assert_eq!(Era::of(json!({"_meta":{}}).as_object().unwrap()), Era::Session);
    }

    #[test]
    fn ids_go_back_as_they_came() {
        assert_eq!(value(&result(&Id::Text("1".into()), &json!({})))["id"], json!("1"));
        assert_eq!(value(&result(&Id::Number(1), &json!({})))["id"], json!(1));
        let batch = value(&batch_error(&[Id::Number(1), Id::Text("a".into())], -32600, "x"));
        assert_eq!((&batch[0]["id"], &batch[1]["id"]), (&json!(1), &json!("a")));
        assert_eq!(value(&batch_error(&[], -32600, "x"))["id"], Value::Null);
    }

    #[test]
    fn progress_grows_and_stays_below_that_of_the_server() {
        let steps: Vec<f64> = (0..3)
            .map(|step| value(&progress(&json!("t"), step, "m"))["params"]["progress"].as_f64().unwrap())
            .collect();
        assert!(steps.is_sorted_by(|a, b| a < b) && steps.iter().all(|step| *step < 1.0), "{steps:?}");
    }

    #[test]
    fn a_changed_list_is_told_on_the_subscription() {
        assert_eq!(value(&tools_changed(None)).get("params"), None);
        let told = value(&tools_changed(Some(&Id::Text("listen:0".into()))));
        assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], json!("listen:0"));
    }

    #[test]
    fn a_list_of_our_own_carries_the_clients_meta_without_its_progress_token() {
        let meta = json!({"progressToken":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28"});
        let asked = value(&list_tools(&Id::Text("x".into()), Some("c"), Some(&meta)));
        assert_eq!(
            asked["params"],
            json!({"cursor":"c","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})
        );
    }

    #[test]
    fn a_part_is_replaced_and_all_else_stays_byte_for_byte() {
        #[derive(Deserialize)]
        struct Outer<'a> {
            #[serde(borrow)]
            b: &'a RawValue,
        }
        let text = r#"{ "a" : 1.0 , "b" : [ 2 ] , "c":"\u00e9" }"#;
        let outer: Result<Outer<'_>, _> = serde_json::from_str(text);
        let spliced = splice(text, outer.unwrap().b, "[]").unwrap();
        assert_eq!(String::from_utf8(spliced).unwrap(), r#"{ "a" : 1.0 , "b" : [] , "c":"\u00e9" }"#);
    }
}
