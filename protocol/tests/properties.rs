//! What holds for every text: nothing panics, and what is accepted is what
//! another reader would have read.

use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::secrets::Secrets;
use ccc_protocol::signing::{Key, RequestHead, RequestToSign, SignatureOfRequest, Stamp, sign_request};
use ccc_protocol::{hex, jcs, json};
use proptest::prelude::*;
use serde_json::Value;

/// Texts that look like JSON more often than random bytes do.
fn json_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\u0061\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "1", "1.0",
        "-0", "1e2", "9007199254740991", "9007199254740992", "0.1", "true", "null", " ", "\n", "\"", "\\", "x",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        (-1e15..1e15).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn read(text: &str) -> Option<Value> {
    json::read(text.as_bytes(), json::Limits::default()).ok()
}

proptest! {
    #[test]
    fn what_is_accepted_reads_alike_elsewhere(text in json_like()) {
        if let Some(value) = read(&text) {
            let other: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(jcs::to_string(&value), jcs::to_string(&other));
        }
    }

    #[test]
    fn the_canonical_form_reads_back_as_itself(value in value()) {
        let canonical = jcs::to_string(&value);
        let again = read(&canonical).unwrap();
        prop_assert_eq!(jcs::to_string(&again), canonical);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = json::read(&bytes, json::Limits::default());
        let _ = Secrets::parse(&bytes);
        let _ = ContentDigest::parse(&bytes);
        let _ = hex::decode(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_fields_make_the_verifier_panic_or_agree(
        target in "/[ -~]{0,20}",
        input in r#"[a-z]=\(("@?[a-z-]{1,10}"(;bs)? ?){0,5}\)(;[a-z]{1,8}(=("[ -~]{0,12}"|[0-9]{1,4}))?){0,5}"#,
        signature in "[a-z]=:[A-Za-z0-9+/]{43}=:",
    ) {
        let fields = [("signature-input", input.as_str()), ("signature", signature.as_str()), ("host", "x")];
        let head = RequestHead { method: "GET", target: &target, has_body: false, fields: &fields[..] };
        if let Ok(read) = SignatureOfRequest::read(&head) {
            prop_assert!(!read.verify(Some(&Key::new(b"key")), &head));
        }
    }

    #[test]
    fn what_our_signer_signs_our_verifier_accepts(
        path in "(/[a-z0-9._-]{1,8}[a-z0-9]){1,4}",
        query in prop::option::of("[a-z0-9=&%?/]{0,20}"),
        key in prop::option::of("\"[a-z0-9-]{1,36}\""),
        nonce in "[0-9a-f]{32}",
    ) {
        let target = query.map_or(path.clone(), |query| format!("{path}?{query}"));
        let request = RequestToSign {
            method: "GET",
            target: &target,
            authority: "localhost:3015",
            content_type: None,
            content_digest: None,
            idempotency_key: key.as_deref(),
        };
        let signed = sign_request(&Key::new(b"key"), &request, &Stamp { keyid: "agent", created: 1, nonce: &nonce });
        let mut fields = vec![
            ("host", "localhost:3015"),
            ("signature-input", &*signed.signature_input),
            ("signature", &*signed.signature),
        ];
        fields.extend(key.as_deref().map(|key| ("idempotency-key", key)));
        let head = RequestHead { method: "GET", target: &target, has_body: false, fields: &fields[..] };
        let read = SignatureOfRequest::read(&head).unwrap();
        prop_assert_eq!((read.keyid(), read.nonce()), ("agent", &*nonce));
        prop_assert_eq!(read.mark(), signed.mark());
        prop_assert!(read.verify(Some(&Key::new(b"key")), &head));
        prop_assert!(!read.verify(None, &head));
    }
}
