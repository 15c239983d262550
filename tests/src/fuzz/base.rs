//! The signature base, made a second time by another implementation, written from RFC 9421 alone and without a thought for speed.
//!
//! Input: a head as HTTP writes it, lines ended by line feeds.

use ccc_protocol::signing::{Key, RequestHead, SignatureOfRequest, authority};

use crate::wire::Ask;

/// A head taken apart by hand.
pub(super) struct PlainHead {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) fields: Vec<(String, String)>,
}

impl PlainHead {
    /// Reads a head the simplest way there is: a request line and `name: value` lines up to an empty one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut fields = vec![];
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
        }
        Some(Self { method, target, fields })
    }

    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// What counts as space around a field's value.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\u{c}'];

/// Whatever our verifier reads as a signature, both implementations make the same bytes of it.
///
/// # Panics
/// Where they do not, or where reading panics.
pub fn signature_base(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(plain) = PlainHead::read(text) else { return };
    let head = RequestHead {
        method: &plain.method,
        target: &plain.target,
        has_body: plain.method == "POST",
        fields: &plain.fields[..],
    };
    let Ok(signature) = SignatureOfRequest::read(&head) else { return };
    let ours = signature.base(&head);
    let theirs = base_of(&plain);
    assert_eq!(
        ours.as_deref().map(String::from_utf8_lossy),
        theirs.as_deref().map(|base| base.into()),
        "two bases for one head"
    );
    let key = Key::new(b"a key that nobody signed this with");
    let right = theirs.is_some_and(|base| key.verifies(base.as_bytes(), signature.mac()));
    assert_eq!(signature.verify(Some(&key), &head), right);
    assert!(!signature.verify(None, &head), "nobody's key verified something");
}

/// The base of the one signature that a head carries; nothing where a covered field was not sent.
fn base_of(head: &PlainHead) -> Option<String> {
    let input = head.values("signature-input").concat();
    let (_, params) = input.trim_matches(' ').split_once('=')?;
    let params = params.trim_end_matches([' ', '\t']);
    let list = &params[1..params.find(')')?];
    let mut base = String::new();
    for identifier in list.split(' ').filter(|word| !word.is_empty()) {
        base += &format!("{identifier}: {}\n", value_of(identifier, head)?);
    }
    Some(base + &format!("\"@signature-params\": {params}"))
}

fn value_of(identifier: &str, head: &PlainHead) -> Option<String> {
    let (name, as_bytes) = match identifier.split_once(';') {
        None => (identifier, false),
        Some((name, _)) => (name, !identifier.ends_with("=?0")),
    };
    let (path, query) = head.target.split_once('?').map_or((&*head.target, None), |(path, query)| (path, Some(query)));
    let host = || head.values("host").first().map(|host| authority(host.trim_matches(BLANKS)));
    Some(match name.trim_matches('"') {
        "@method" => head.method.clone(),
        "@path" => path.to_owned(),
        "@query" => format!("?{}", query.unwrap_or_default()),
        "@request-target" => head.target.clone(),
        "@authority" => host()?,
        "@target-uri" => format!("http://{}{}", host()?, head.target),
        field => {
            let values = head.values(field);
            let trimmed = values.iter().map(|value| value.trim_matches(BLANKS));
            let shown: Vec<String> = trimmed
                .map(|value| if as_bytes { format!(":{}:", base64(value.as_bytes())) } else { value.to_owned() })
                .collect();
            (!values.is_empty()).then(|| shown.join(", "))?
        }
    })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let joined = group.iter().fold(0_u32, |joined, byte| joined << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(joined >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Requests as our own clients sign them, and as others may.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let ours = [
        Ask::get("/queue?after=41&limit=2").head(),
        Ask::post("/action", r#"{"action":"list-actions"}"#).with("content-type", "application/json").head(),
        Ask::post("/queue/x/deny", "{}").with("idempotency-key", "\"00000000-0000-4000-8000-000000000000\"").head(),
    ];
    let components = [
        r#""@request-target" "@method" "x-a""#,
        r#""@method" "@path" "@authority" "x-a";bs"#,
        r#""@target-uri" "@method"  "x-b""#,
        r#""@path" "@query" "@method""#,
    ];
    let others = components.map(|covered| {
        let params = r#";created=1764000000;keyid="agent";alg="hmac-sha256";nonce="5f1c2ad0b7e94c6f""#;
        format!(
            "GET /queue?a=b HTTP/1.1\nHost: LocalHost:80\nX-A:  one \nx-a: two\nX-B:\nSignature-Input: sig=({covered}){params}\n\
             Signature: sig=:/wUGgExO73vL39WHOLHx+KYFa8VLOF91xwYgPF18FGM=:\n\n"
        )
    });
    ours.into_iter().chain(others).map(String::into_bytes).collect()
}
