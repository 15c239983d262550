//! What a list tells of parameters and results: enough for a row and a filter, and never more than so many bytes, however
//! large the request was. The whole is read one by one, at `GET /queue/{id}` and its preview. What is denied is kept in the
//! same form, beside the digest of the whole.

use serde_json::{Map, Value};

use super::{MailView, Plan};

/// Of one text that much is told, in bytes as JSON writes it: 400 characters of any script.
pub const TEXT_BYTES_MAX: usize = 1600;
/// Of one entry of a list, in bytes as JSON writes it; the marks of what was left out come on top.
pub const ENTRY_BYTES_MAX: usize = 8 * 1024;
/// Stands at the end of a text that was cut, and in the place of what was left out of an array or object.
pub const CUT: &str = "…";

/// Told before other names: rows are worded and gathered by them, and an agent chooses how many others there are.
const FIRST: [&str; 13] = [
    "tool", "session", "to", "subject", "input", "command", "file_path", "path", "url", "query", "pattern", "project",
    "cwd",
];

/// Copies values for one entry of a list while there is room for them.
#[derive(Debug)]
pub struct Abridge {
    left: usize,
    has_cut: bool,
}

impl Default for Abridge {
    fn default() -> Self {
        Self { left: ENTRY_BYTES_MAX, has_cut: false }
    }
}

impl Abridge {
    /// With room for so many bytes, as JSON writes them.
    #[must_use]
    pub fn with_room(bytes: usize) -> Self {
        Self { left: bytes, has_cut: false }
    }

    /// True where something was cut or left out.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        self.has_cut
    }

    /// As much of the object as there is room for, what rows are worded by first.
    #[must_use]
    pub fn object(&mut self, object: &Map<String, Value>) -> Map<String, Value> {
        let first = FIRST.iter().filter_map(|name| object.get_key_value(*name));
        let others = object.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
        let mut told = Map::new();
        for (name, value) in first.chain(others) {
            if !self.has_room_for_name(name) {
                self.has_cut = true;
                told.insert(CUT.to_owned(), CUT.into());
                break;
            }
            told.insert(name.clone(), self.value(value));
        }
        told
    }

    /// As much of the value as there is room for.
    #[must_use]
    pub fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(self.array(items)),
            Value::Object(object) => Value::Object(self.object(object)),
            plain => {
                self.left = self.left.saturating_sub(PLAIN_BYTES);
                plain.clone()
            }
        }
    }

    fn array(&mut self, items: &[Value]) -> Vec<Value> {
        let mut told = vec![];
        for item in items {
            if self.left <= PLAIN_BYTES {
                self.has_cut = true;
                told.push(CUT.into());
                break;
            }
            self.left -= MARKS_BYTES;
            told.push(self.value(item));
        }
        told
    }

    /// As much of the text as there is room for.
    #[must_use]
    pub fn text(&mut self, text: &str) -> String {
        let room = self.left.min(TEXT_BYTES_MAX);
        let mut bytes = 0;
        let end = text.char_indices().find(|(_, c)| {
            bytes += written(*c);
            bytes > room
        });
        self.left -= bytes.min(room);
        match end.and_then(|(end, _)| text.get(..end)) {
            Some(beginning) => {
                self.has_cut = true;
                format!("{beginning}{CUT}")
            }
            None => text.to_owned(),
        }
    }

    /// The plan with as much of its texts as there is room for. Another plan than the one its digest is of.
    #[must_use]
    pub fn plan(&mut self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        match &mut plan {
            Plan::Run { args, .. } | Plan::Open { args, .. } => *args = self.texts(args),
            Plan::Mail { mail, topic, .. } => {
                let MailView { to, subject, body, .. } = mail;
                for text in [to, subject, body].into_iter().chain(topic) {
                    *text = self.text(text);
                }
            }
            Plan::Bridge { .. } | Plan::Release { .. } => {}
        }
        plan
    }

    fn texts(&mut self, texts: &[String]) -> Vec<String> {
        let mut told = vec![];
        for text in texts {
            if self.left <= PLAIN_BYTES {
                self.has_cut = true;
                told.push(CUT.to_owned());
                break;
            }
            self.left -= MARKS_BYTES;
            told.push(self.text(text));
        }
        told
    }

    fn has_room_for_name(&mut self, name: &str) -> bool {
        // A name of a megabyte is not counted to its end.
        let mut left = self.left.saturating_sub(PLAIN_BYTES);
        for c in name.chars() {
            match left.checked_sub(written(c)) {
                Some(less) => left = less,
                None => return false,
            }
        }
        let has_room = left > 0;
        if has_room {
            self.left = left;
        }
        has_room
    }
}

/// True where `told` is `whole`, or a form that it was cut to: what is there is there, and marks stand for what is not.
#[must_use]
pub fn is_beginning(told: &Value, whole: &Value) -> bool {
    match (told, whole) {
        (Value::String(told), Value::String(whole)) => {
            told == whole || told.strip_suffix(CUT).is_some_and(|told| whole.starts_with(told))
        }
        (Value::Array(told), Value::Array(whole)) => {
            let (told, is_cut) = match told.split_last() {
                Some((last, rest)) if last == CUT && told.len() <= whole.len() => (rest, true),
                _ => (told.as_slice(), false),
            };
            (is_cut || told.len() == whole.len())
                && told.iter().zip(whole).all(|(told, whole)| is_beginning(told, whole))
        }
        (Value::Object(told), Value::Object(whole)) => object_is_beginning(told, whole),
        _ => told == whole,
    }
}

/// The same of parameters.
#[must_use]
pub fn object_is_beginning(told: &Map<String, Value>, whole: &Map<String, Value>) -> bool {
    let is_cut = told.len() < whole.len() + 1 && told.get(CUT).is_some_and(|mark| mark == CUT);
    (is_cut || told.len() == whole.len())
        && told
            .iter()
            .filter(|(name, _)| !is_cut || *name != CUT)
            .all(|(name, told)| whole.get(name).is_some_and(|whole| is_beginning(told, whole)))
}

/// A number, `true` or `null`, with the marks around it; also a name's quotes, colon and comma.
const PLAIN_BYTES: usize = 25;
/// Quotes and a comma.
const MARKS_BYTES: usize = 3;

/// How many bytes JSON writes for a character.
fn written(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn abridged(value: &Value) -> (Map<String, Value>, bool) {
        let mut abridge = Abridge::default();
        let told = abridge.object(value.as_object().unwrap());
        (told, abridge.has_cut())
    }

    #[test]
    fn what_is_short_stays_as_it_is() {
        let short = json!({ "tool": "Edit", "n": 1.5, "all": [null, true, { "a": "b" }], "text": "é\n\u{1}" });
        assert_eq!(abridged(&short), (short.as_object().unwrap().clone(), false));
    }

    #[test]
    fn however_large_and_whatever_its_shape_an_entry_is_small() {
        let million = 1_000_000;
        let mut deep = json!("x".repeat(million));
        for _ in 0..30 {
            deep = json!({ "a": [deep.clone()], "b": "y".repeat(5000) });
        }
        let names: Map<String, Value> = (0..100_000).map(|n| (format!("n{n}"), json!(n))).collect();
        for large in [
            json!({ "input": { "content": "x".repeat(million) } }),
            json!({ "controls": "\u{1}".repeat(million), "quotes": "\"".repeat(million), "wide": "𝕏".repeat(million / 4) }),
            json!({ "many": vec![0; million] }),
            json!({ "texts": vec!["z"; million / 2] }),
            json!({ "empty": vec![json!([]); million / 2] }),
            json!({ "x".repeat(million): 1 }),
            json!({ "deep": deep }),
            Value::Object(names),
        ] {
            let (told, has_cut) = abridged(&large);
            let bytes = serde_json::to_vec(&told).unwrap().len();
            assert!(has_cut && bytes <= ENTRY_BYTES_MAX + 1024, "{bytes} bytes");
        }
    }

    #[test]
    fn what_was_cut_is_a_beginning_of_the_whole_and_of_nothing_else() {
        let of = |text: &str, n: usize, name: &str| json!({ "text": text.repeat(5000), "n": vec![7; n], name: { "a": true } });
        let whole = of("x", 3, "last");
        let (told, has_cut) = abridged(&whole);
        assert!(has_cut && object_is_beginning(&told, whole.as_object().unwrap()));
        assert!(is_beginning(&whole, &whole));
        for other in [of("y", 3, "last"), of("x", 2, "last"), of("x", 4, "last"), of("x", 3, "other")] {
            assert!(!object_is_beginning(&told, other.as_object().unwrap()), "{:.80}", other.to_string());
        }
        let many = json!({ "many": vec!["z"; 50_000], "more": 1 });
        let (told, _) = abridged(&many);
        assert!(object_is_beginning(&told, many.as_object().unwrap()));
        assert!(!object_is_beginning(&told, json!({ "many": vec!["y"; 50_000], "more": 1 }).as_object().unwrap()));
        for (told, whole) in [(json!([1]), json!([1, 2])), (json!({}), json!({ "a": 1 })), (json!("a"), json!("ab"))] {
            assert!(!is_beginning(&told, &whole), "nothing is left out without a mark: {told}");
        }
    }

    #[test]
    fn a_plan_keeps_its_form_and_little_of_its_texts() {
        let (declaration, million) = (crate::Digest::of(b"declaration"), "x".repeat(1_000_000));
        let open = Plan::Open {
            declaration,
            program: "/usr/bin/xdg-open".to_owned(),
            args: vec![million.clone(); 3],
            dir: None,
            paths: vec![],
        };
        let mail = MailView { from: "a@b".to_owned(), to: "c@d".to_owned(), subject: "s".to_owned(), body: million };
        let mail = Plan::Mail { declaration, mail, topic: Some("t".to_owned()) };
        for plan in [open, mail] {
            let cut = Abridge::with_room(2048).plan(&plan);
            assert!(serde_json::to_vec(&cut).unwrap().len() < 4096);
            assert_eq!(std::mem::discriminant(&cut), std::mem::discriminant(&plan));
        }
    }

    #[test]
    fn what_a_row_is_worded_by_is_told_before_what_an_agent_puts_beside_it() {
        let mut input: Map<String, Value> = (0..5000).map(|n| (format!("a{n:04}"), json!("x".repeat(100)))).collect();
        input.insert("command".to_owned(), json!("rm -rf build"));
        let long = "d".repeat(4096);
        let (told, _) =
            abridged(&json!({ "cwd": long, "project": long, "tool": "Bash", "session": "s", "input": input }));
        assert_eq!(told["input"]["command"], "rm -rf build");
        assert_eq!((&told["tool"], &told["session"]), (&json!("Bash"), &json!("s")));
        let (told, _) = abridged(&json!({ "input": { "command": "é".repeat(5000) } }));
        let command = told["input"]["command"].as_str().unwrap();
        assert!(command.ends_with(CUT) && command.chars().count() > 400);
    }
}
