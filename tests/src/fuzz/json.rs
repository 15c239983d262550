//! Our reader of JSON beside another: whatever it takes, the other takes too and reads the same.

use ccc_protocol::{
    jcs,
    json::{Limits, read},
};
use serde_json::Value;

/// Whatever is read, is read alike by another parser, and its canonical form reads back as itself.
///
/// # Panics
/// Where two readers see two values.
pub fn json(input: &[u8]) {
    let Ok(ours) = read(input, Limits::default()) else { return };
    let theirs: Value = serde_json::from_slice(input).expect("the other reader takes it too");
    assert!(same(&ours, &theirs), "two readings: {ours} and {theirs}");
    let canonical = jcs::to_string(&ours);
    assert_eq!(read(canonical.as_bytes(), Limits::default()).as_ref(), Ok(&ours), "{canonical}");
}

/// Equal, where numbers are compared as the doubles that they are.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(key, ours)| theirs.get(key).is_some_and(|theirs| same(ours, theirs)))
        }
        (ours, theirs) => ours == theirs,
    }
}
