//! The published vectors: what other implementations of the protocol and of
//! RFC 9421 sign, and what this one must make of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests fails loudly")]

use ccc_protocol::content_digest::ContentDigest;
use ccc_protocol::legacy::{self, LegacySignature};
use ccc_protocol::signing::{
    AnswerShape, AnswerToSign, Key, ReceivedAnswer, RequestHead, RequestMark, RequestToSign, SignatureOfRequest, Stamp,
    sign_answer, sign_request, verify_answer,
};
use serde_json::Value;

type Pairs = Vec<(String, String)>;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/signing.json")).unwrap()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_else(|| panic!("{key} is no text"))
}

fn key(vector: &Value) -> Key {
    Key::new(text(vector, "secret").as_bytes())
}

fn fields(vector: &Value) -> Pairs {
    let mut fields = vec![
        ("host".to_owned(), text(vector, "host").to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
        ("signature-input".to_owned(), text(vector, "signature_input").to_owned()),
        ("signature".to_owned(), text(vector, "signature").to_owned()),
    ];
    if let Some(digest) = vector["content_digest"].as_str() {
        fields.push(("content-digest".to_owned(), digest.to_owned()));
    }
    fields
}

fn head<'a>(vector: &'a Value, fields: &'a Pairs) -> RequestHead<'a, [(String, String)]> {
    RequestHead {
        method: text(vector, "method"),
        target: text(vector, "target"),
        has_body: !text(vector, "body").is_empty(),
        fields,
    }
}

#[test]
fn every_request_vector_verifies_over_the_published_base() {
    let vectors = vectors();
    let requests = vectors["rfc9421"].as_array().unwrap();
    assert_eq!(requests.len(), 4);
    for vector in requests {
        let name = text(vector, "name");
        let fields = fields(vector);
        let head = head(vector, &fields);
        let signature = SignatureOfRequest::read(&head).unwrap();
        let base = String::from_utf8(signature.base(&head).unwrap()).unwrap();
        assert_eq!(base, text(vector, "signature_base"), "{name}");
        assert!(signature.verify(Some(&key(vector)), &head), "{name}");
        assert!(!signature.verify(Some(&Key::new(b"another key")), &head), "{name}");
        assert!(!signature.verify(None, &head), "{name}");
    }
}

#[test]
fn every_body_vector_has_the_published_digest() {
    let vectors = vectors();
    for vector in vectors["rfc9421"].as_array().unwrap().iter().chain(vectors["answers"].as_array().unwrap()) {
        if let Some(digest) = vector["content_digest"].as_str() {
            let body = text(vector, "body").as_bytes();
            assert_eq!(ContentDigest::of(body).to_string(), digest);
        }
    }
}

#[test]
fn our_own_signer_makes_the_vector_that_covers_what_it_covers() {
    let vectors = vectors();
    let vector = vectors["rfc9421"].as_array().unwrap().iter().find(|v| v["name"] == "approve-authority").unwrap();
    let request = RequestToSign {
        method: text(vector, "method"),
        target: text(vector, "target"),
        authority: text(vector, "host"),
        content_type: Some("application/json"),
        content_digest: vector["content_digest"].as_str(),
        idempotency_key: None,
    };
    let stamp = Stamp { keyid: "user", created: 1_764_000_000, nonce: "77aa55cc33ee11ff" };
    let signed = sign_request(&key(vector), &request, &stamp);
    assert_eq!(signed.signature_input, text(vector, "signature_input"));
    assert_eq!(signed.signature, text(vector, "signature"));
}

#[test]
fn the_answer_vector_is_made_and_verified() {
    let vectors = vectors();
    let vector = &vectors["answers"][0];
    let request = &vectors["rfc9421"][0];
    assert_eq!(vector["request"], request["name"]);
    let mark = RequestMark { label: "ccc", value: &text(request, "signature")[4..] };
    let answer =
        AnswerToSign { status: 200, content_digest: vector["content_digest"].as_str(), date: None, request: mark };
    let signed = sign_answer(&key(vector), "agent", &answer, 1_764_000_001);
    assert_eq!(signed.signature_input, text(vector, "signature_input"));
    assert_eq!(signed.signature, text(vector, "signature"));

    let fields = [
        ("content-digest", text(vector, "content_digest")),
        ("signature-input", text(vector, "signature_input")),
        ("signature", text(vector, "signature")),
    ];
    let received =
        ReceivedAnswer { status: 200, fields: &fields[..], shape: AnswerShape::Whole(text(vector, "body").as_bytes()) };
    let verified = verify_answer(&key(vector), "agent", mark, &received).unwrap();
    assert_eq!(verified.created, 1_764_000_001);
}

#[test]
fn the_seeds_vectors_are_made_and_verified() {
    let vectors = vectors();
    let seeds = vectors["x_conduit"].as_array().unwrap();
    assert_eq!(seeds.len(), 2);
    for vector in seeds {
        let (timestamp, body) = (text(vector, "timestamp"), text(vector, "body").as_bytes());
        assert_eq!(legacy::sign(&key(vector), timestamp, body), text(vector, "signature"));
        let fields = [
            ("X-Conduit-User", "agent"),
            ("X-Conduit-Timestamp", timestamp),
            ("X-Conduit-Signature", text(vector, "signature")),
        ];
        let signature = LegacySignature::read(&fields[..]).unwrap().unwrap();
        assert!(signature.verify(Some(&key(vector)), body));
        assert!(!signature.verify(Some(&key(vector)), b"another body"));
        assert!(!signature.verify(None, body));
        assert!(signature.is_fresh(1_700_000_030_000) && !signature.is_fresh(1_700_000_030_001));
        assert!(signature.is_fresh(1_699_999_970_000) && !signature.is_fresh(1_699_999_969_999));
    }
}

/// RFC 9421, appendix B.2.5: `test-request` signed with `test-shared-secret`.
/// Its signature covers too little for a request of ours and carries no nonce,
/// so the MAC is checked over the base that the RFC prints.
#[test]
fn the_shared_secret_example_of_the_rfc_holds() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    let base = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\
        \"@authority\": example.com\n\
        \"content-type\": application/json\n\
        \"@signature-params\": (\"date\" \"@authority\" \"content-type\")\
        ;created=1618884473;keyid=\"test-shared-secret\"";
    let key = Key::new(&STANDARD.decode(secret).unwrap());
    assert_eq!(STANDARD.encode(key.mac(base.as_bytes())), "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
}
