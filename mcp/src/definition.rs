//! What a server says of its tools, in a form that can be compared and trusted: the page of a `tools/list`, and each tool's digest.
//!
//! Everything in a definition counts, also members that this program does not know: a model may read them all.

use std::collections::BTreeMap;

use ccc_protocol::{
    Digest,
    json::{self, Limits},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{answer, token};

/// How deep objects and lists may lie in one another in a tool's definition; schemas are deeper than other messages.
const DEFINITION_DEPTH_MAX: usize = 64;

/// The member under which a definition carries its own text, where a number in it is one that readers round or spell differently.
const AS_WRITTEN: &str = "as the server wrote it";

/// How a server is reached, and under which name: part of what is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerName {
    /// The name in this proxy's command line.
    pub name: String,
    /// Its command line, or its address.
    pub command: Vec<String>,
}

/// One tool of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The tool's name.
    pub name: String,
    /// All that the server says of it. Where a number in it has no exact form, numbers are texts and the whole text stands beside
    /// them.
    pub members: Map<String, Value>,
}

impl Definition {
    /// The SHA-256 over the canonical form of the definition. Whose it is, and how that server is reached, stands beside it in a pin.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(&Value::Object(self.members.clone()))
    }

    /// True where the server declares what results look like.
    #[must_use]
    pub fn has_output_schema(&self) -> bool {
        self.members.contains_key("outputSchema")
    }
}

/// A page of a `tools/list`.
#[derive(Debug)]
pub struct Page<'a> {
    tools: &'a RawValue,
    items: Vec<Item<'a>>,
    /// Where the next page begins.
    pub cursor: Option<String>,
}

#[derive(Debug)]
struct Item<'a> {
    raw: &'a RawValue,
    definition: Option<Definition>,
}

impl<'a> Page<'a> {
    /// Reads the `result` of a `tools/list`. A tool that has more than one reading, or shares its name with another one of the
    /// page that is different, is there but has no definition: it can only be withheld.
    ///
    /// # Errors
    /// When it is no list of tools, or one with two readings.
    pub fn read(result: &'a RawValue) -> Result<Self, String> {
        let members: Members<'a> =
            serde_json::from_str(result.get()).map_err(|e| format!("not a list of tools: {e}"))?;
        let tools = members.tools.ok_or("not a list of tools")?;
        if members.others.keys().any(|name| folds_to(name, "tools")) {
            return Err("a list of tools with two spellings of `tools`".to_owned());
        }
        let raws: Vec<&RawValue> =
            serde_json::from_str(tools.get()).map_err(|e| format!("not a list of tools: {e}"))?;
        let mut items: Vec<Item<'a>> = raws.into_iter().map(|raw| Item { raw, definition: definition(raw) }).collect();
        drop_ambiguous(&mut items);
        Ok(Self { tools, items, cursor: members.cursor })
    }

    /// The tools that have one reading.
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.items.iter().filter_map(|item| item.definition.as_ref())
    }

    /// How many tools have more than one reading.
    pub fn unreadable(&self) -> usize {
        self.items.iter().filter(|item| item.definition.is_none()).count()
    }

    /// `line`, which the page was read from, with only those tools that `keep` says yes to. The very same bytes when that is all.
    #[must_use]
    pub fn keep(&self, line: &str, keep: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
        let kept: Vec<&str> = self
            .items
            .iter()
            .filter(|item| item.definition.as_ref().is_some_and(|definition| keep(&definition.name)))
            .map(|item| item.raw.get())
            .collect();
        if kept.len() == self.items.len() {
            return Some(line.as_bytes().to_vec());
        }
        answer::splice(line, self.tools, &format!("[{}]", kept.join(",")))
    }
}

/// The members of the result that matter. The others are only looked at by name.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    tools: Option<&'a RawValue>,
    #[serde(rename = "nextCursor")]
    cursor: Option<String>,
    #[serde(flatten)]
    others: BTreeMap<String, serde::de::IgnoredAny>,
}

/// True where a reader that matches names without regard to case takes `name` for `known`, and an exact one does not.
#[must_use]
pub fn folds_to(name: &str, known: &str) -> bool {
    name != known && name.to_uppercase().to_lowercase() == known
}

fn definition(raw: &RawValue) -> Option<Definition> {
    let members = members(raw.get()).or_else(|| inexact_members(raw))?;
    let name = members.get("name")?.as_str()?.to_owned();
    if name.is_empty() || members.keys().any(|member| folds_to(member, "name")) {
        return None;
    }
    Some(Definition { name, members })
}

fn members(text: &str) -> Option<Map<String, Value>> {
    let members = json::read_object(text.as_bytes(), Limits { depth_max: DEFINITION_DEPTH_MAX }).ok()?;
    (!members.contains_key(AS_WRITTEN)).then_some(members)
}

/// Those of a definition with a number that has no exact form, like a largest 64-bit integer: its digest is that of its text.
fn inexact_members(raw: &RawValue) -> Option<Map<String, Value>> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "name")]
        _is_a_text: String,
    }
    let quoted = token::replace(raw.get(), |token| (!token.starts_with('"')).then(|| format!("\"{token}\"")))?;
    let mut members = members(&quoted).filter(|_| serde_json::from_str::<Named>(raw.get()).is_ok())?;
    members.insert(AS_WRITTEN.to_owned(), Value::from(raw.get()));
    Some(members)
}

fn drop_ambiguous(items: &mut [Item<'_>]) {
    let mut first: BTreeMap<String, Definition> = BTreeMap::new();
    let mut ambiguous = Vec::new();
    for definition in items.iter().filter_map(|item| item.definition.as_ref()) {
        if first.get(&definition.name).is_some_and(|other| other != definition) {
            ambiguous.push(definition.name.clone());
        }
        first.entry(definition.name.clone()).or_insert_with(|| definition.clone());
    }
    for item in items {
        if item.definition.as_ref().is_some_and(|definition| ambiguous.contains(&definition.name)) {
            item.definition = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, folds_to};
    use serde_json::value::RawValue;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    fn names(page: &Page<'_>) -> Vec<String> {
        page.definitions().map(|definition| definition.name.clone()).collect()
    }

    fn digest(tool: &str) -> String {
        let text = format!("{{\"tools\":[{tool}]}}");
        let page = Page::read(raw(&text)).unwrap();
        page.definitions().next().unwrap().digest().to_string()
    }

    #[test]
    fn a_digest_does_not_depend_on_spelling_and_depends_on_all_else() {
        let plain = digest(r#"{"name":"a","description":"é","inputSchema":{"x":1}}"#);
        assert_eq!(digest(r#"{ "inputSchema":{"x":1.0},"description":"\u00e9","name":"\u0061"}"#), plain);
        for other in [
            r#"{"name":"a","description":"e","inputSchema":{"x":1}}"#,
            r#"{"name":"a","description":"é ","inputSchema":{"x":1}}"#,
            r#"{"name":"a","description":"é","inputSchema":{"x":2}}"#,
            r#"{"name":"a","description":"é","inputSchema":{"x":1},"outputSchema":{}}"#,
            r#"{"name":"a","description":"é","inputSchema":{"x":1},"annotations":{"readOnlyHint":true}}"#,
            r#"{"name":"a","description":"é","inputSchema":{"x":1},"_meta":{"x":1}}"#,
        ] {
            assert_ne!(digest(other), plain, "{other}");
        }
    }

    #[test]
    fn what_is_kept_whole_keeps_its_bytes() {
        let line =
            r#"{"jsonrpc":"2.0","id":1,"result":{ "tools" : [ {"name":"a"} , {"name":"b"} ] ,"nextCursor":"c"}}"#;
        let result = raw(line.split_once("\"result\":").unwrap().1.strip_suffix('}').unwrap());
        let page = Page::read(result).unwrap();
        assert_eq!(page.cursor.as_deref(), Some("c"));
        let kept = page.keep(line, |_| true).unwrap();
        assert_eq!(kept, line.as_bytes());
        let only_b = String::from_utf8(page.keep(line, |name| name == "b").unwrap()).unwrap();
        assert_eq!(only_b, r#"{"jsonrpc":"2.0","id":1,"result":{ "tools" : [{"name":"b"}] ,"nextCursor":"c"}}"#);
    }

    #[test]
    fn a_tool_with_two_readings_is_never_kept() {
        for tool in [
            r#"{"name":7,"x":1e308}"#,
            r#"{"name":"a","x":9223372036854775807,"x":1}"#,
            r#"{"name":"a","as the server wrote it":"x"}"#,
            r#"{"name":"a","name":"b"}"#,
            r#"{"name":"a","Name":"b"}"#,
            r#"{"name":""}"#,
            r#"{"name":7}"#,
            "7",
        ] {
            let line = format!("{{\"tools\":[{tool}]}}");
            let page = Page::read(raw(&line)).unwrap();
            assert_eq!((names(&page), page.unreadable()), (Vec::<String>::new(), 1), "{tool}");
            assert_eq!(page.keep(&line, |_| true).unwrap(), b"{\"tools\":[]}");
        }
    }

    #[test]
    fn a_definition_with_an_inexact_number_counts_by_its_text() {
        let digests: Vec<String> = ["9223372036854775807", "9223372036854775806", "1e308", "1e307", "\"1e308\"", "1"]
            .iter()
            .map(|number| digest(&format!(r#"{{"name":"a","outputSchema":{{"maximum":{number}}}}}"#)))
            .collect();
        assert_eq!(digests.iter().collect::<std::collections::BTreeSet<_>>().len(), digests.len());
        let line = r#"{"tools":[{"name":"a","inputSchema":{"maximum":9223372036854775807},"outputSchema":{}}]}"#;
        let page = Page::read(raw(line)).unwrap();
        let definition = page.definitions().next().unwrap();
        assert!(definition.has_output_schema());
        assert_eq!(definition.members["inputSchema"]["maximum"], "9223372036854775807");
        assert_eq!(page.keep(line, |_| true).unwrap(), line.as_bytes());
    }

    #[test]
    fn two_different_tools_of_one_name_are_both_withheld() {
        let text = r#"{"tools":[{"name":"a","title":"x"},{"name":"b"},{"name":"a","title":"y"}]}"#;
        assert_eq!(names(&Page::read(raw(text)).unwrap()), ["b"]);
        let same = r#"{"tools":[{"name":"a"},{"name":"a"}]}"#;
        assert_eq!(names(&Page::read(raw(same)).unwrap()), ["a", "a"]);
    }

    #[test]
    fn a_list_with_two_readings_is_no_list() {
        for text in [
            r#"{"tools":[],"tools":[]}"#, r#"{"tools":[],"Tools":[]}"#, r#"{"tools":{}}"#, "{}", "[]",
            r#"{"tools":null}"#,
        ] {
            assert!(Page::read(raw(text)).is_err(), "{text}");
        }
        assert!(folds_to("tool\u{17f}", "tools"), "the long s folds to s");
    }
}
