//! The secrets file: who there is, with which secret, and whose actions they
//! may approve. Text in, text out: reading and writing files is the caller's.
//!
//! ```json
//! {"users":{"user":{"secret":"<64 hex>","canApprove":["agent"],"roles":["dba"]}}}
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::visible;

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::UserName;
use crate::json::{self, JsonError, Limits};
use crate::signing::{Key, is_keyid};

/// The fewest characters of a secret.
pub const SECRET_CHARS_MIN: usize = 32;

/// The largest secrets file that anybody reads, in bytes.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What a user signs with. Shown nowhere: neither by `Debug` nor by serde. Overwritten when it is let go of.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Box<str>>);

impl Secret {
    /// The secret that `text` is; nothing when it is too short to be one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (text.chars().count() >= SECRET_CHARS_MIN).then(|| Self(Zeroizing::new(text.into())))
    }

    /// The key to sign and verify with: the UTF-8 bytes of the text as it
    /// stands in the file.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::new(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One user of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the user signs with.
    pub secret: Secret,
    /// Whose actions this user may approve; never the user's own.
    pub can_approve: BTreeSet<UserName>,
    /// What this user is beside that, for rules that ask for a role.
    pub roles: BTreeSet<String>,
}

impl User {
    /// A user who may approve nobody's actions.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { secret, can_approve: BTreeSet::new(), roles: BTreeSet::new() }
    }
}

/// A checked secrets file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Secrets {
    users: BTreeMap<UserName, User>,
}

/// Why a text is not a secrets file. Names users, never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// The text is not JSON of the right shape.
    #[error("the secrets file has {0}")]
    Json(#[from] JsonError),
    /// Every fault of the file, a sentence each.
    #[error("{}", .0.join("\n"))]
    Faults(Vec<String>),
}

impl Secrets {
    /// Reads a secrets file.
    ///
    /// # Errors
    /// All faults at once, as sentences that say what to write instead.
    pub fn parse(text: &[u8]) -> Result<Self, SecretsError> {
        let mut file = json::read_object(text, Limits::default())?;
        let mut faults = Vec::new();
        let users = match file.remove("users") {
            Some(Value::Object(users)) => users,
            _ => return Err(SecretsError::Faults(vec![SHAPE.to_owned()])),
        };
        for key in file.keys() {
            faults.push(format!("unknown key `{}` beside `users`; {SHAPE}", shown(key)));
        }
        let users = users.into_iter().filter_map(|(name, entry)| read_user(&name, entry, &mut faults)).collect();
        Self::checked(users, faults)
    }

    /// A file of these users.
    ///
    /// # Errors
    /// When they cannot stand in one file together.
    pub fn of(users: BTreeMap<UserName, User>) -> Result<Self, SecretsError> {
        Self::checked(users, Vec::new())
    }

    fn checked(users: BTreeMap<UserName, User>, mut faults: Vec<String>) -> Result<Self, SecretsError> {
        faults.extend(shared_secrets(&users));
        for (name, user) in &users {
            faults.extend(approval_faults(name, user, &users));
        }
        if users.is_empty() && faults.is_empty() {
            faults.push("the secrets file holds no user; make one with `ccc-keygen --create NAME`".to_owned());
        }
        if faults.is_empty() { Ok(Self { users }) } else { Err(SecretsError::Faults(faults)) }
    }

    /// The user of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// All users, in the order of their names.
    pub fn users(&self) -> impl Iterator<Item = (&UserName, &User)> {
        self.users.iter()
    }

    /// The user of a file that holds one.
    #[must_use]
    pub fn only_user(&self) -> Option<(&UserName, &User)> {
        let mut users = self.users.iter();
        users.next().filter(|_| users.next().is_none())
    }

    /// Whether `approver` may approve what `caller` submits: never their own.
    #[must_use]
    pub fn may_approve(&self, approver: &str, caller: &str) -> bool {
        approver != caller && self.users.get(approver).is_some_and(|user| user.can_approve.contains(caller))
    }

    /// What the agent `name` gets: its own secret and roles, no right to approve and
    /// no other user. Nothing when there is no such user.
    #[must_use]
    pub fn filtered(&self, name: &str) -> Option<Self> {
        let (name, user) = self.users.get_key_value(name)?;
        let user = User { can_approve: BTreeSet::new(), ..user.clone() };
        Some(Self { users: BTreeMap::from([(name.clone(), user)]) })
    }

    /// The same users with another secret for `name`. Nothing when there is no
    /// such user, or another user has that secret.
    #[must_use]
    pub fn rotated(&self, name: &str, secret: Secret) -> Option<Self> {
        if self.users.values().any(|user| user.secret == secret) {
            return None;
        }
        let mut rotated = self.clone();
        rotated.users.get_mut(name)?.secret = secret;
        Some(rotated)
    }

    /// The text of the file. The one place where secrets leave memory: what it
    /// gives back belongs into a file that its owner alone can read.
    #[must_use]
    pub fn to_file(&self) -> Zeroizing<String> {
        let users = self.users.iter().map(|(name, user)| (name.as_str(), UserEntry::of(user))).collect();
        let file = SecretsFile { users };
        // Counted first: a buffer that grows leaves copies behind.
        let mut bytes = Counted(0);
        let mut text = Vec::new();
        if serde_json::to_writer_pretty(&mut bytes, &file).is_ok() {
            text.reserve_exact(bytes.0 + 1);
            // What was counted is written: a buffer takes all.
            let _ = serde_json::to_writer_pretty(&mut text, &file);
        }
        text.push(b'\n');
        Zeroizing::new(String::from_utf8(text).unwrap_or_default())
    }
}

const SHAPE: &str = r#"the secrets file is `{"users":{NAME:{"secret":TEXT,"canApprove":[NAME…],"roles":[ROLE…]}}}`"#;

/// The file as it is written, with the members in the order of their names.
#[derive(Serialize)]
struct SecretsFile<'a> {
    users: BTreeMap<&'a str, UserEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserEntry<'a> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    can_approve: &'a BTreeSet<UserName>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    roles: &'a BTreeSet<String>,
    secret: &'a str,
}

impl<'a> UserEntry<'a> {
    fn of(user: &'a User) -> Self {
        Self { can_approve: &user.can_approve, roles: &user.roles, secret: &user.secret.0 }
    }
}

/// Counts what would be written.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Read by hand: serde's messages would quote a secret that stands in the
/// wrong place.
fn read_user(name: &str, entry: Value, faults: &mut Vec<String>) -> Option<(UserName, User)> {
    let before = faults.len();
    let user_name = name.parse::<UserName>().map_err(|error| faults.push(error.to_string())).ok();
    let Value::Object(mut entry) = entry else {
        faults.push(format!("user `{}` is not an object; {SHAPE}", shown(name)));
        return None;
    };
    let secret = match entry.remove("secret") {
        Some(Value::String(text)) => Secret::new(&Zeroizing::new(text)),
        _ => None,
    };
    if secret.is_none() {
        faults.push(format!(
            "user `{}` has no secret of {SECRET_CHARS_MIN} characters or more; make one with `ccc-keygen --rotate {0}`",
            shown(name)
        ));
    }
    let can_approve = read_names(name, "canApprove", entry.remove("canApprove"), faults);
    let roles = read_names(name, "roles", entry.remove("roles"), faults);
    for key in entry.keys() {
        faults.push(format!("user `{}` has an unknown key `{}`; {SHAPE}", shown(name), shown(key)));
    }
    if faults.len() > before {
        return None;
    }
    let user =
        User { secret: secret?, can_approve: can_approve.iter().filter_map(|name| name.parse().ok()).collect(), roles };
    Some((user_name?, user))
}

fn read_names(user: &str, key: &str, value: Option<Value>, faults: &mut Vec<String>) -> BTreeSet<String> {
    let list = match value {
        None => return BTreeSet::new(),
        Some(Value::Array(list)) => list,
        Some(_) => Vec::from([Value::Null]),
    };
    let names = list.iter().map(|name| name.as_str().filter(|name| is_keyid(name)));
    match names.map(|name| name.map(str::to_owned)).collect() {
        Some(names) => names,
        None => {
            faults.push(format!(
                "`{key}` of user `{}` is not a list of names of 1 to 64 of A-Z a-z 0-9 . _ @ -",
                shown(user)
            ));
            BTreeSet::new()
        }
    }
}

fn shared_secrets(users: &BTreeMap<UserName, User>) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, (name, user)) in users.iter().enumerate() {
        for (other, _) in users.iter().skip(index + 1).filter(|(_, u)| u.secret == user.secret) {
            faults.push(format!(
                "users `{name}` and `{other}` have the same secret; give one a new one with `ccc-keygen --rotate {other}`"
            ));
        }
    }
    faults
}

fn approval_faults(name: &UserName, user: &User, users: &BTreeMap<UserName, User>) -> Vec<String> {
    user.can_approve
        .iter()
        .filter_map(|other| {
            if other == name {
                Some(format!("user `{name}` stands in its own `canApprove`; take it out, nobody approves their own actions"))
            } else if !users.contains_key(other) {
                Some(format!("`canApprove` of user `{name}` names `{other}`, who is not in the file; add that user or take the name out"))
            } else {
                None
            }
        })
        .collect()
}

fn shown(text: &str) -> String {
    visible::excerpt(text, 64)
}

#[cfg(test)]
mod tests {
    use super::{Secret, Secrets, SecretsError};

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn parse(users: &str) -> Result<Secrets, SecretsError> {
        let text = users.replace("$A", A).replace("$B", B);
        Secrets::parse(format!(r#"{{"users":{{{text}}}}}"#).as_bytes())
    }

    fn faults(users: &str) -> String {
        let error = parse(users).unwrap_err().to_string();
        assert!(!error.contains(A) && !error.contains("short"), "a secret in: {error}");
        error
    }

    #[test]
    fn a_file_survives_the_way_out_and_in() {
        let secrets =
            parse(r#""user":{"secret":"$A","canApprove":["agent"],"roles":["dba"]},"agent":{"secret":"$B"}"#).unwrap();
        assert_eq!(Secrets::parse(secrets.to_file().as_bytes()), Ok(secrets.clone()));
        assert!(secrets.may_approve("user", "agent"));
        assert!(!secrets.may_approve("agent", "user"));
        assert!(secrets.only_user().is_none());
    }

    #[test]
    fn the_file_is_written_as_people_read_it_and_in_one_piece_of_memory() {
        let text = format!(
            r#"{{"users":{{"user":{{"secret":"{A}","roles":["dba"],"canApprove":["agent"]}},"agent":{{"secret":"{B}"}}}}}}"#
        );
        let written = Secrets::parse(text.as_bytes()).unwrap().to_file();
        let wanted = [
            "{",
            "  \"users\": {",
            "    \"agent\": {",
            &format!("      \"secret\": \"{B}\""),
            "    },",
            "    \"user\": {",
            "      \"canApprove\": [",
            "        \"agent\"",
            "      ],",
            "      \"roles\": [",
            "        \"dba\"",
            "      ],",
            &format!("      \"secret\": \"{A}\""),
            "    }",
            "  }",
            "}",
            "",
        ];
        assert_eq!(*written, wanted.join("\n"));
        assert_eq!(written.capacity(), written.len(), "it never grew, which would have left a part of it behind");
    }

    #[test]
    fn a_filtered_file_carries_one_user_and_no_right() {
        let secrets =
            parse(r#""user":{"secret":"$A","canApprove":["agent"]},"agent":{"secret":"$B","canApprove":[]}"#).unwrap();
        let text = secrets.filtered("agent").unwrap().to_file();
        assert!(text.contains(B) && !text.contains(A) && !text.contains("canApprove"), "{}", *text);
        assert_eq!(Secrets::parse(text.as_bytes()).unwrap().only_user().unwrap().0.as_str(), "agent");
        assert!(secrets.filtered("user").unwrap().user("user").unwrap().can_approve.is_empty());
        assert_eq!(secrets.filtered("nobody"), None);
    }

    #[test]
    fn names_known_to_other_languages_are_plain_names() {
        let secrets = parse(r#""__proto__":{"secret":"$A"},"constructor":{"secret":"$B"}"#).unwrap();
        assert!(secrets.user("__proto__").is_some());
        assert!(secrets.user("toString").is_none());
        assert!(!secrets.may_approve("__proto__", "constructor"));
    }

    #[test]
    fn every_fault_is_a_sentence_that_says_what_to_do() {
        for (users, said) in [
            (r#""a":{"secret":"short"}"#, "make one with `ccc-keygen --rotate a`"),
            (r#""a":{"secret":7}"#, "no secret of 32 characters"),
            (r#""a":"short""#, "user `a` is not an object"),
            (r#""a":{"secret":"$A"},"b":{"secret":"$A"}"#, "users `a` and `b` have the same secret"),
            (r#""a":{"secret":"$A","canApprove":["a"]}"#, "in its own `canApprove`"),
            (r#""a":{"secret":"$A","canApprove":["b"]}"#, "names `b`, who is not in the file"),
            (r#""a":{"secret":"$A","canApprove":"b"}"#, "`canApprove` of user `a` is not a list"),
            (r#""a":{"secret":"$A","canApprove":["b c"]}"#, "`canApprove` of user `a` is not a list"),
            (r#""a":{"secret":"$A","roles":[1]}"#, "`roles` of user `a` is not a list"),
            (r#""a":{"secret":"$A","canapprove":["b"]}"#, "unknown key `canapprove`"),
            (r#""a b":{"secret":"$A"}"#, "not `a b`"),
            (r#""a":{"secret":"$A"},"a":{"secret":"$B"}"#, "a second `a`"),
            ("", "holds no user"),
        ] {
            let error = faults(users);
            assert!(error.contains(said), "{users}: {error}");
        }
        assert!(Secrets::parse(b"{}").unwrap_err().to_string().contains("the secrets file is"));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let error = faults(r#""a":{"secret":"short"},"b":{"secret":"$A","canApprove":["b","c"]}"#);
        assert_eq!(error.lines().count(), 3, "{error}");
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secrets = parse(r#""a":{"secret":"$A"}"#).unwrap();
        assert!(!format!("{secrets:?}").contains(A));
    }

    #[test]
    fn a_rotated_secret_takes_the_place_of_the_old_one() {
        let secrets = parse(r#""a":{"secret":"$A"}"#).unwrap();
        let rotated = secrets.rotated("a", Secret::new(B).unwrap()).unwrap();
        assert!(rotated.to_file().contains(B) && !rotated.to_file().contains(A));
        assert_eq!(secrets.rotated("b", Secret::new(B).unwrap()), None);
        assert_eq!(secrets.rotated("a", Secret::new(A).unwrap()), None);
    }
}
