//! Tools made of the catalogue's declarations.

use ccc_protocol::{
    actions,
    bodies::{ActionInfo, ParamInfo, Policy},
};
use serde_json::{Map, Value, json};

use super::outcome;

/// The tool that Claude Code asks before its own tools: `--permission-prompt-tool mcp__NAME__approve`.
pub(super) const APPROVE: &str = "approve";
/// The tool that tells where a ticket stands.
pub(super) const LOOK: &str = "ticket-status";

/// What other edges ask for and an agent has no use for.
const FOR_EDGES: [&str; 3] = [actions::PIN_TOOL, actions::RECORD_EVENT, actions::START_SESSION];

/// The actions that are offered: those the caller may ask for, and that are done by asking.
pub(super) fn offered(actions: Vec<ActionInfo>) -> impl Iterator<Item = ActionInfo> {
    let is_own = |name: &str| FOR_EDGES.contains(&name) || name == APPROVE || name == LOOK;
    actions
        .into_iter()
        .filter(move |info| !info.judge_only && info.policy != Policy::AutoDeny && !is_own(info.action.as_str()))
}

/// All tools: the actions, and the two that go with them.
pub(super) fn tools(actions: Vec<ActionInfo>) -> Vec<Value> {
    offered(actions).map(|info| tool(&info)).chain([look(), approve()]).collect()
}

fn tool(info: &ActionInfo) -> Value {
    let policy = match info.policy {
        Policy::AutoAccept => "Done at once.",
        Policy::Confine => "Run confined, or a person is asked first.",
        Policy::Queue => "A person is asked first.",
        Policy::AutoDeny => "Refused.",
    };
    json!({
        "name": info.action,
        "description": format!("{}. {policy}", info.description.trim_end_matches('.')),
        "inputSchema": input_schema(&info.params),
        "outputSchema": outcome::schema(),
        "annotations": {
            "readOnlyHint": info.read_only,
            "destructiveHint": info.irreversible && !info.read_only,
            "idempotentHint": info.read_only,
            "openWorldHint": !info.read_only,
        },
    })
}

fn look() -> Value {
    json!({
        "name": LOOK,
        "description": "Where a ticket of yours stands, and what came of it.",
        "inputSchema": {
            "type": "object",
            "properties": { "ticket": { "type": "string", "format": "uuid", "description": "the ticket's id" } },
            "required": ["ticket"],
            "additionalProperties": false,
        },
        "outputSchema": outcome::schema(),
        "annotations": { "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false },
    })
}

/// It has no output schema: its host wants one text block and nothing structured.
fn approve() -> Value {
    json!({
        "name": APPROVE,
        "description": "For the coding agent's program, not for the agent: asks policy and people for leave for a tool call.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "tool_name": { "type": "string" },
                "input": { "type": "object" },
                "tool_use_id": { "type": "string" },
            },
            "required": ["tool_name", "input"],
        },
        "annotations": { "readOnlyHint": true, "destructiveHint": false, "idempotentHint": false, "openWorldHint": false },
    })
}

fn input_schema(params: &[ParamInfo]) -> Value {
    let properties: Map<String, Value> = params.iter().map(|param| (param.name.clone(), schema(param))).collect();
    let required: Vec<&str> = params.iter().filter(|param| param.required).map(|param| param.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn schema(param: &ParamInfo) -> Value {
    let mut schema = Map::new();
    let mut set = |key: &str, value: Value| schema.insert(key.to_owned(), value);
    let kind = match param.kind.as_str() {
        "bool" => "boolean",
        "integer" => "integer",
        "list" => "array",
        "object" => "object",
        _ => "string",
    };
    set("type", json!(kind));
    if let Some(description) = description(param) {
        set("description", json!(description));
    }
    let (least, most) = match kind {
        "integer" => ("minimum", "maximum"),
        "array" => ("minItems", "maxItems"),
        _ => ("minLength", "maxLength"),
    };
    param.min.map(|min| set(least, json!(min)));
    param.max.map(|max| set(most, json!(max)));
    if let Some(pattern) = param.pattern.as_deref().filter(|pattern| reads_the_same(pattern)) {
        set("pattern", json!(format!("^(?:{pattern})$")));
    }
    if !param.values.is_empty() {
        set("enum", json!(param.values));
    }
    match param.kind.as_str() {
        "url" => drop(set("format", json!("uri"))),
        "email" => drop(set("format", json!("email"))),
        _ => {}
    }
    if let Some(items) = &param.items {
        set("items", self::schema(items));
    }
    if let Some(default) = &param.default {
        set("default", default.clone());
    }
    Value::Object(schema)
}

fn description(param: &ParamInfo) -> Option<String> {
    let said = param.description.clone().into_iter();
    let path = (param.kind == "path").then(|| match param.path_kind.as_deref() {
        Some("file") => "a file, by its path in the agent's container".to_owned(),
        Some("dir") => "a directory, by its path in the agent's container".to_owned(),
        _ => "a path in the agent's container".to_owned(),
    });
    let schemes = (!param.schemes.is_empty()).then(|| format!("a URL with scheme {}", param.schemes.join(" or ")));
    let parts: Vec<String> = said.chain(path).chain(schemes).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// True for a pattern without anything that ECMAScript, which JSON Schema goes by, reads otherwise. The bridge checks all values anyway.
fn reads_the_same(pattern: &str) -> bool {
    pattern.is_ascii()
        && !["(?", "\\p", "\\P", "\\A", "\\z", "\\x{", "&&", "--", "~~", "[[", "[^["]
            .iter()
            .any(|odd| pattern.contains(odd))
}

#[cfg(test)]
mod tests {
    use super::tools;
    use ccc_protocol::bodies::ActionInfo;
    use serde_json::{Value, json};

    fn action(more: &Value) -> ActionInfo {
        let mut whole =
            json!({"action":"run-tests","description":"Run the tests.","group":"g","params":[],"policy":"queue"});
        whole.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        serde_json::from_value(whole).unwrap()
    }

    fn names(tools: &[Value]) -> Vec<&str> {
        tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn what_may_not_be_asked_for_or_is_for_edges_is_not_offered() {
        let all = tools(vec![
            action(&json!({})),
            action(&json!({"action":"forbidden","policy":"auto-deny"})),
            action(&json!({"action":"use-tool","judge_only":true})),
            action(&json!({"action":"pin-tool"})),
            action(&json!({"action":"approve"})),
        ]);
        assert_eq!(names(&all), ["run-tests", "ticket-status", "approve"]);
        assert_eq!(all[2].get("outputSchema"), None, "its host wants nothing structured");
    }

    #[test]
    fn parameters_become_a_schema() {
        let params = json!([
            {"name":"path","type":"path","required":true,"path_kind":"dir"},
            {"name":"filter","type":"string","required":false,"pattern":"[a-z0-9_:]{1,80}","max":80,"description":"which"},
            {"name":"count","type":"integer","required":false,"min":1,"max":9,"default":3},
            {"name":"mode","type":"enum","required":false,"values":["a","b"]},
            {"name":"urls","type":"list","required":false,"items":{"name":"","type":"url","required":true,"schemes":["https"]}},
            {"name":"odd","type":"string","required":false,"pattern":"\\p{L}+"},
        ]);
        let tool = &tools(vec![action(&json!({"params":params}))])[0];
        assert_eq!(
            tool["inputSchema"],
            json!({"type":"object","additionalProperties":false,"required":["path"],"properties":{
                "path":{"type":"string","description":"a directory, by its path in the agent's container"},
                "filter":{"type":"string","description":"which","maxLength":80,"pattern":"^(?:[a-z0-9_:]{1,80})$"},
                "count":{"type":"integer","minimum":1,"maximum":9,"default":3},
                "mode":{"type":"string","enum":["a","b"]},
                "urls":{"type":"array","items":{"type":"string","format":"uri","description":"a URL with scheme https"}},
                "odd":{"type":"string"},
            }})
        );
        assert_eq!(tool["description"], json!("Run the tests. A person is asked first."));
    }

    #[test]
    fn hints_follow_the_declaration() {
        let hints = |more: Value| tools(vec![action(&more)])[0]["annotations"].clone();
        assert_eq!(hints(json!({"read_only":true}))["readOnlyHint"], json!(true));
        assert_eq!(hints(json!({"irreversible":true}))["destructiveHint"], json!(true));
        let plain = hints(json!({}));
        assert_eq!((&plain["readOnlyHint"], &plain["destructiveHint"]), (&json!(false), &json!(false)));
    }
}
