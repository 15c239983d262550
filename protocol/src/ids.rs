//! Names and identifiers that cross the wire, each checked once when it is made.

use std::{borrow::Borrow, fmt, str::FromStr};

use crate::visible;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A name or identifier that is not of the form the protocol allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {wanted}, not `{given}`")]
pub struct NameError {
    what: &'static str,
    wanted: &'static str,
    given: String,
}

impl NameError {
    fn new(what: &'static str, wanted: &'static str, given: &str) -> Self {
        Self { what, wanted, given: visible::excerpt(given, 80) }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $wanted:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.into())) } else { Err(NameError::new($what, $wanted, text)) }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        text_form!($name);
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A version 7 UUID (RFC 9562) from milliseconds since the epoch and random bytes, so that ids sort by age.
            #[must_use]
            pub fn new(unix_millis: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid())
            }

            /// The sixteen bytes, as stored.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id that these stored bytes are.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The first `len` characters (at most 36), as lists show it.
            #[must_use]
            pub fn short(&self, len: usize) -> String {
                self.to_string().chars().take(len).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            /// Reads the hyphenated lower-case form only: one id has one spelling.
            fn from_str(text: &str) -> Result<Self, NameError> {
                let error = || NameError::new($what, "a lower-case hyphenated UUID", text);
                let id = Uuid::try_parse(text).map_err(|_| error())?;
                let mut buffer = [0; 36];
                let one_spelling = &*id.hyphenated().encode_lower(&mut buffer) == text;
                if one_spelling { Ok(Self(id)) } else { Err(error()) }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        deserialize_by_text!($name);
    };
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        deserialize_by_text!($name);
    };
}

macro_rules! deserialize_by_text {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name! {
    /// Who signs: the `keyid` of a signature and the key of the secrets file.
    UserName, "a user name", "1 to 64 of A-Z a-z 0-9 . _ @ -",
    |text| matches!(text.len(), 1..=64) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@-".contains(&b))
}

name! {
    /// The verb that somebody wants done.
    ActionName, "an action name", "1 to 64 of a-z 0-9 - _ ., starting with a letter",
    |text| {
        matches!(text.len(), 1..=64)
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    }
}

uuid_id! {
    /// One ticket.
    TicketId, "a ticket id"
}

uuid_id! {
    /// One grant.
    GrantId, "a grant id"
}

uuid_id! {
    /// One request: the `instance` of an error and the name under which the log has the cause.
    RequestId, "a request id"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_take_only_the_protocols_characters() {
        for good in ["a", "agent@host-1", "A.b_c", "__proto__", "constructor"] {
            assert_eq!(good.parse::<UserName>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "ä", "a/b", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<UserName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = TicketId::new(1_700_000_000_000, [7; 10]);
        let text = id.to_string();
        assert_eq!(text.parse::<TicketId>().unwrap(), id);
        assert!(text.to_uppercase().parse::<TicketId>().is_err());
        assert!(text.replace('-', "").parse::<TicketId>().is_err());
        assert!(format!("{{{text}}}").parse::<TicketId>().is_err());
    }

    #[test]
    fn a_name_error_shows_no_control_characters() {
        let error = "a\u{1b}[2J".parse::<UserName>().unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }

    #[test]
    fn ids_sort_by_age() {
        assert!(TicketId::new(1, [255; 10]) < TicketId::new(2, [0; 10]));
    }
}
