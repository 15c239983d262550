//! Who speaks: a user of a secrets file that nobody else can read.

use std::path::Path;

use ccc_protocol::private_file::Exposure;
use ccc_protocol::secrets::{self, Secrets, SecretsError};
use ccc_protocol::signing::Key;
use ccc_protocol::{UserName, visible};

use crate::private_file::{self, PrivateFileError};

/// A user and the key to sign with.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The user's name.
    pub user: UserName,
    /// The user's key.
    pub key: Key,
}

/// Why there is nobody to speak as.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read.
    #[error("the secrets file `{path}` cannot be read: {cause}")]
    Unreadable {
        /// The path as it was given.
        path: String,
        /// What the system said, or what it is instead.
        cause: PrivateFileError,
    },
    /// Others can read the file.
    #[error("others can read the secrets file `{path}`; make it yours alone with\n  chmod 600 {path}")]
    Exposed {
        /// The path as it was given.
        path: String,
    },
    /// The file is not a secrets file.
    #[error("{path}: {cause}")]
    Invalid {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        cause: SecretsError,
    },
    /// The user is not in the file.
    #[error("there is no user `{user}` in the secrets file; it holds {known}")]
    UnknownUser {
        /// The name as it was given.
        user: String,
        /// The names that there are.
        known: String,
    },
    /// The user may approve.
    #[error(
        "`{0}` may approve, and an agent must not hold such a key: give it a user of its own (`ccc-keygen --filter agent`)"
    )]
    Approver(String),
    /// Other users' keys lie in the file.
    #[error("the secrets file holds other users' keys too: `ccc-keygen --filter {0}` makes one with this user alone")]
    OthersKeys(String),
    /// The file holds several users and none was named.
    #[error(
        "the secrets file holds {known}; name the one that is meant, or give a file that holds it alone (`ccc-keygen --filter NAME`)"
    )]
    WhichUser {
        /// The names that there are.
        known: String,
    },
}

/// Reads a secrets file, refusing one that others can read.
///
/// # Errors
/// When it cannot be read, others can read it, or it is not a secrets file.
pub fn read_secrets(path: &Path) -> Result<Secrets, IdentityError> {
    let shown = || path.display().to_string();
    let text = private_file::read(path, secrets::FILE_BYTES_MAX).map_err(|cause| match cause {
        PrivateFileError::Exposed(Exposure::Open) => IdentityError::Exposed { path: shown() },
        cause => IdentityError::Unreadable { path: shown(), cause },
    })?;
    Secrets::parse(&text).map_err(|cause| IdentityError::Invalid { path: shown(), cause })
}

impl Identity {
    /// The user `name` of the file, or its only one.
    ///
    /// # Errors
    /// When there is no such user, or none was named and there are several.
    pub fn choose(secrets: &Secrets, name: Option<&str>) -> Result<Self, IdentityError> {
        let known = || {
            let names: Vec<_> = secrets.users().map(|(name, _)| format!("`{name}`")).collect();
            names.join(", ")
        };
        let chosen = match name {
            Some(name) => secrets
                .users()
                .find(|(user, _)| user.as_str() == name)
                .ok_or_else(|| IdentityError::UnknownUser { user: visible::escaped(name), known: known() })?,
            None => secrets.only_user().ok_or_else(|| IdentityError::WhichUser { known: known() })?,
        };
        Ok(Self { user: chosen.0.clone(), key: chosen.1.secret.key() })
    }

    /// The user of a file that is an agent's alone: whoever holds an approver's key approves its own calls.
    ///
    /// # Errors
    /// As [`Identity::choose`]; and when the user may approve, or other users' keys lie in the file.
    pub fn of_agent(secrets: &Secrets, name: Option<&str>) -> Result<Self, IdentityError> {
        let agent = Self::choose(secrets, name)?;
        let user = agent.user.to_string();
        if secrets.user(&user).is_some_and(|user| !user.can_approve.is_empty()) {
            return Err(IdentityError::Approver(user));
        }
        if secrets.only_user().is_none() {
            return Err(IdentityError::OthersKeys(user));
        }
        Ok(agent)
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, IdentityError, read_secrets};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const TWO: &str = r#"{"users":{"user":{"secret":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"agent":{"secret":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}}}"#;

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_line_that_mends_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.json");
        fs::write(&path, TWO).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read_secrets(&path).unwrap_err();
            assert!(matches!(error, IdentityError::Exposed { .. }), "{mode:o}");
            assert!(error.to_string().ends_with(&format!("chmod 600 {}", path.display())));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_secrets(&path).unwrap().users().count(), 2);
    }

    #[test]
    fn the_user_may_be_left_out_when_there_is_one() {
        let secrets = ccc_protocol::secrets::Secrets::parse(TWO.as_bytes()).unwrap();
        assert_eq!(Identity::choose(&secrets, Some("agent")).unwrap().user.as_str(), "agent");
        let one = secrets.filtered("agent").unwrap();
        assert_eq!(Identity::choose(&one, None).unwrap().user.as_str(), "agent");
        let which = Identity::choose(&secrets, None).unwrap_err().to_string();
        assert!(which.contains("`agent`, `user`") && which.contains("--filter"), "{which}");
        let unknown = Identity::choose(&secrets, Some("x")).unwrap_err().to_string();
        assert!(unknown.contains("no user `x`"), "{unknown}");
    }

    #[test]
    fn an_agent_signs_with_a_key_of_its_own_that_lies_alone() {
        let read = |text: &str| ccc_protocol::secrets::Secrets::parse(text.as_bytes()).unwrap();
        let two = read(TWO);
        assert!(
            matches!(Identity::of_agent(&two, Some("agent")), Err(IdentityError::OthersKeys(user)) if user == "agent")
        );
        assert_eq!(Identity::of_agent(&two.filtered("agent").unwrap(), None).unwrap().user.as_str(), "agent");
        let approves = read(&TWO.replacen('}', r#","canApprove":["agent"]}"#, 1));
        assert!(
            matches!(Identity::of_agent(&approves, Some("user")), Err(IdentityError::Approver(user)) if user == "user")
        );
    }
}
