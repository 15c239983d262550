//! One covered component of a request: a header field or something derived
//! from the head (RFC 9421, section 2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::head::{Fields, RequestHead, Sent, authority, sent, write_combined};
use super::refusal::Refusal;
use super::structured::{Bare, Item, is_token_byte};
use super::target::Target;

/// A component that a signature covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Component<'a> {
    /// The identifier as it was received, with its parameters.
    raw: &'a str,
    name: &'a str,
    form: Form,
}

/// How the value goes into the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// `;bs`: each value apart, as bytes (section 2.1.3).
    Bytes,
}

impl<'a> Component<'a> {
    pub(crate) fn read(item: &Item<'a>) -> Result<Self, Refusal> {
        let Bare::String(name) = item.bare else {
            return Err(Refusal::malformed("a covered component is not a string in quotes"));
        };
        if !is_known(name) {
            return Err(Refusal::malformed(format!(
                "the covered component `{name}` is not known here; cover header fields by their lower-case names and `@method`, `@path`, `@query`, `@authority`, `@target-uri` or `@request-target`"
            )));
        }
        Ok(Self { raw: item.raw, name, form: form(name, item)? })
    }

    /// Whether this is the component `name` in the only form that counts as
    /// covering it: without parameters.
    pub(crate) fn covers(&self, name: &str) -> bool {
        self.name == name && self.form == Form::Plain
    }

    /// Whether both are the same component, however spelled.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.name == other.name && self.form == other.form
    }

    /// Appends this component's line to a signature base. Says whether it has
    /// a value: a field that was not sent has none.
    pub(crate) fn write_line<F: Fields + ?Sized>(
        &self,
        head: &RequestHead<'_, F>,
        target: &Target<'_>,
        base: &mut Vec<u8>,
    ) -> bool {
        base.extend_from_slice(self.raw.as_bytes());
        base.extend_from_slice(b": ");
        let present = self.write_value(head, target, base);
        base.push(b'\n');
        present
    }

    fn write_value<F: Fields + ?Sized>(
        &self,
        head: &RequestHead<'_, F>,
        target: &Target<'_>,
        base: &mut Vec<u8>,
    ) -> bool {
        match self.name {
            "@method" => base.extend_from_slice(head.method.as_bytes()),
            "@path" => base.extend_from_slice(target.path().as_bytes()),
            "@query" => base.extend_from_slice(target.query_component().as_bytes()),
            "@request-target" => base.extend_from_slice(target.raw().as_bytes()),
            "@authority" => return write_authority(head, base),
            "@target-uri" => {
                base.extend_from_slice(b"http://");
                let present = write_authority(head, base);
                base.extend_from_slice(target.raw().as_bytes());
                return present;
            }
            field if self.form == Form::Bytes => return write_bytes(head.fields, field, base),
            field => return write_combined(head.fields, field, base),
        }
        true
    }
}

fn form(name: &str, item: &Item<'_>) -> Result<Form, Refusal> {
    match item.params.as_slice() {
        [] => Ok(Form::Plain),
        [only] if only.key == "bs" && only.value == Bare::Boolean(true) && !name.starts_with('@') => Ok(Form::Bytes),
        _ => Err(Refusal::malformed(format!(
            "the covered component `{name}` has parameters that are not known here; cover it without"
        ))),
    }
}

fn is_known(name: &str) -> bool {
    match name.strip_prefix('@') {
        Some(derived) => matches!(derived, "method" | "path" | "query" | "authority" | "target-uri" | "request-target"),
        None => !name.is_empty() && name.bytes().all(|b| is_token_byte(b) && !b.is_ascii_uppercase()),
    }
}

fn write_authority<F: Fields + ?Sized>(head: &RequestHead<'_, F>, base: &mut Vec<u8>) -> bool {
    let Sent::Once(host) = sent(head.fields, "host") else {
        return false;
    };
    match std::str::from_utf8(host) {
        Ok(host) => base.extend_from_slice(authority(host.trim_ascii()).as_bytes()),
        Err(_) => return false,
    }
    true
}

fn write_bytes(fields: &(impl Fields + ?Sized), name: &str, base: &mut Vec<u8>) -> bool {
    let mut any = false;
    for value in fields.values(name) {
        if any {
            base.extend_from_slice(b", ");
        }
        any = true;
        base.push(b':');
        base.extend_from_slice(STANDARD.encode(value.trim_ascii()).as_bytes());
        base.push(b':');
    }
    any
}
