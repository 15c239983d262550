//! JSON in its one canonical form (RFC 8785, the JSON Canonicalization
//! Scheme): what digests and the audit chain are computed over.

use serde_json::{Map, Number, Value};

use crate::json::INTEGER_MAX;

/// The canonical form of `value`.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut text = String::with_capacity(128);
    write(value, &mut text);
    text
}

/// Appends the canonical form of `value` to `text`.
pub fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => write_number(number, text),
        Value::String(string) => write_string(string, text),
        Value::Array(list) => write_list(list, text),
        Value::Object(object) => write_object(object, text),
    }
}

fn write_list(list: &[Value], text: &mut String) {
    text.push('[');
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(']');
}

/// Keys are in the order of their UTF-16 code units (section 3.2.3), which
/// differs from the order of their UTF-8 bytes, in which a map holds them, only
/// where there are some from U+E000 on.
fn write_object(object: &Map<String, Value>, text: &mut String) {
    if object.keys().all(|key| key.bytes().all(|byte| byte < FIRST_BYTE_OF_U_E000)) {
        return write_members(object.iter(), text);
    }
    let mut members: Vec<(&String, &Value)> = object.iter().collect();
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    write_members(members.into_iter(), text);
}

/// What the characters whose UTF-8 and UTF-16 sort differently begin with, at least.
const FIRST_BYTE_OF_U_E000: u8 = 0xee;

fn write_members<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, text: &mut String) {
    text.push('{');
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_string(key, text);
        text.push(':');
        write(value, text);
    }
    text.push('}');
}

/// An object of known members, written one after the other without being held
/// as a [`Value`] first.
#[derive(Debug)]
pub struct ObjectWriter {
    text: String,
    latest: &'static str,
}

impl ObjectWriter {
    /// An object without members yet.
    #[must_use]
    pub fn begin() -> Self {
        Self { text: String::with_capacity(512), latest: "" }
    }

    /// Adds a string. Names are given in their canonical order.
    #[must_use]
    pub fn string(mut self, name: &'static str, value: &str) -> Self {
        self.name(name);
        write_string(value, &mut self.text);
        self
    }

    /// Adds a string where there is one.
    #[must_use]
    pub fn some_string(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(name, value),
            None => self,
        }
    }

    /// Adds an object.
    #[must_use]
    pub fn object(mut self, name: &'static str, value: &Map<String, Value>) -> Self {
        self.name(name);
        write_object(value, &mut self.text);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: u64) -> Self {
        self.name(name);
        write_number(&value.into(), &mut self.text);
        self
    }

    /// The whole object.
    #[must_use]
    pub fn end(mut self) -> String {
        self.text.push_str(if self.latest.is_empty() { "{}" } else { "}" });
        self.text
    }

    fn name(&mut self, name: &'static str) {
        debug_assert!(self.latest < name && name.is_ascii(), "`{name}` comes before `{}`", self.latest);
        self.text.push(if self.latest.is_empty() { '{' } else { ',' });
        self.latest = name;
        write_string(name, &mut self.text);
        self.text.push(':');
    }
}

/// Every number is a double, spelled as ECMAScript spells it (section
/// 3.2.2.3). Whole numbers that a double holds exactly need no detour.
fn write_number(number: &Number, text: &mut String) {
    match number.as_i64() {
        Some(whole) if (-INTEGER_MAX..=INTEGER_MAX).contains(&whole) => {
            text.push_str(&whole.to_string());
        }
        _ => {
            let double = number.as_f64().unwrap_or_default();
            text.push_str(ryu_js::Buffer::new().format_finite(double));
        }
    }
}

/// Only what must be escaped is (section 3.2.2.2).
fn write_string(string: &str, text: &mut String) {
    text.push('"');
    // Most strings hold nothing to escape, and are looked over without a branch for each byte.
    if string.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        write_escaped(string, text);
    } else {
        text.push_str(string);
    }
    text.push('"');
}

fn write_escaped(string: &str, text: &mut String) {
    let mut rest = string;
    // What needs an escape is one byte long, and no byte of a longer character.
    while let Some((plain, escaped, after)) = split_at_escape(rest) {
        text.push_str(plain);
        write_escape(escaped, text);
        rest = after;
    }
    text.push_str(rest);
}

fn split_at_escape(string: &str) -> Option<(&str, u8, &str)> {
    let at = string.bytes().position(is_escaped)?;
    Some((string.get(..at)?, *string.as_bytes().get(at)?, string.get(at + 1..)?))
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escape(character: u8, text: &mut String) {
    match character {
        b'"' => text.push_str("\\\""),
        b'\\' => text.push_str("\\\\"),
        0x8 => text.push_str("\\b"),
        b'\t' => text.push_str("\\t"),
        b'\n' => text.push_str("\\n"),
        0xc => text.push_str("\\f"),
        b'\r' => text.push_str("\\r"),
        control => {
            text.push_str("\\u00");
            text.push_str(&crate::hex::encode(&[control]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectWriter, to_string};
    use serde_json::{Value, json};

    #[test]
    fn an_object_written_member_by_member_is_the_same() {
        let inner = json!({ "\u{fb33}": [1.5, "\u{7}\"\\é\n"], "\u{1f600}": null, "a": {} });
        let written = ObjectWriter::begin()
            .string("a", "tab\tend")
            .some_string("b", None)
            .number("n", 9_007_199_254_740_991)
            .object("o", inner.as_object().unwrap())
            .some_string("z", Some("\u{1f}"))
            .end();
        let same = json!({ "z": "\u{1f}", "o": inner, "n": 9_007_199_254_740_991_u64, "a": "tab\tend" });
        assert_eq!(written, to_string(&same));
        assert_eq!(ObjectWriter::begin().end(), "{}");
    }

    /// RFC 8785, section 3.2.2 (input) and 3.2.3 (output).
    #[test]
    fn the_sample_of_the_rfc_comes_out_as_printed_there() {
        let input: Value = serde_json::from_str(
            r#"{
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }"#,
        )
        .unwrap();
        assert_eq!(
            to_string(&input),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    /// RFC 8785, section 3.2.3: sorting by UTF-16 code units.
    #[test]
    fn keys_sort_by_their_utf16_units() {
        let input = json!({
            "\u{20ac}": "Euro Sign",
            "\r": "Carriage Return",
            "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\u{1f600}": "Emoji: Grinning Face",
            "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let sorted = to_string(&input);
        let order = [
            "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
            "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
        ];
        let places: Vec<_> = order.iter().map(|value| sorted.find(value).unwrap()).collect();
        assert!(places.is_sorted(), "{sorted}");
    }

    /// RFC 8785, appendix B: IEEE 754 bits and their spelling.
    #[test]
    fn the_number_table_of_the_rfc_holds() {
        for (bits, spelled) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(to_string(&json!(f64::from_bits(bits))), spelled, "{bits:x}");
        }
    }

    #[test]
    fn integers_beyond_a_double_are_written_as_the_double_they_become() {
        assert_eq!(to_string(&json!(u64::MAX)), "18446744073709552000");
        assert_eq!(to_string(&json!(-42)), "-42");
    }

    #[test]
    fn controls_are_escaped_and_nothing_else() {
        assert_eq!(
            to_string(&json!("\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}/é\u{2028}")),
            "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}/é\u{2028}\""
        );
    }
}
