//! Users with fresh secrets.

use std::collections::BTreeMap;
use std::str::FromStr;

use ccc_protocol::{NameError, UserName, hex};
use ccc_protocol::{
    secrets::{Secret, Secrets, SecretsError, User},
    visible,
};
use zeroize::Zeroizing;

/// Why there are no such users.
#[derive(Debug, thiserror::Error)]
pub enum KeygenError {
    /// A name is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A text is not `NAME=VALUE[,VALUE…]`.
    #[error("`{0}` is not of the form `NAME=VALUE[,VALUE]`")]
    NotAPair(String),
    /// A user is named who is not there.
    #[error("there is no user `{name}`; there is {known}")]
    Unknown {
        /// The name as it was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A user is to be made twice.
    #[error("user `{0}` is named twice")]
    Twice(UserName),
    /// The users cannot stand in one file together.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The system gave no random bytes.
    #[error("no random bytes can be had: {0}")]
    Entropy(String),
}

/// A user and what belongs to it: `user=agent,agent2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The user.
    pub name: UserName,
    /// The names after the `=`.
    pub values: Vec<UserName>,
}

impl FromStr for Pair {
    type Err = KeygenError;

    fn from_str(text: &str) -> Result<Self, KeygenError> {
        let not_a_pair = || KeygenError::NotAPair(visible::escaped(text));
        let (name, values) = text.split_once('=').ok_or_else(not_a_pair)?;
        let values = values.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { name: name.parse()?, values })
    }
}

/// A new secret: 32 random bytes as 64 hexadecimal characters.
///
/// # Errors
/// When the system gives no random bytes.
pub fn random_secret() -> Result<Secret, KeygenError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| KeygenError::Entropy(error.to_string()))?;
    Secret::new(&Zeroizing::new(hex::encode(&*bytes))).ok_or_else(|| KeygenError::Entropy("too few of them".to_owned()))
}

/// Makes a file of these users, each with a new secret.
///
/// # Errors
/// When a user is named twice, or a right or role names nobody in the file.
pub fn create(names: &[UserName], can_approve: &[Pair], roles: &[Pair]) -> Result<Secrets, KeygenError> {
    let mut users = BTreeMap::new();
    for name in names {
        if users.insert(name.clone(), User::new(random_secret()?)).is_some() {
            return Err(KeygenError::Twice(name.clone()));
        }
    }
    for right in can_approve {
        let callers = right.values.iter().map(|caller| known(&users, caller)).collect::<Result<Vec<_>, _>>()?;
        user_mut(&mut users, &right.name)?.can_approve.extend(callers);
    }
    for role in roles {
        user_mut(&mut users, &role.name)?.roles.extend(role.values.iter().map(ToString::to_string));
    }
    Ok(Secrets::of(users)?)
}

/// The file for the agent `name` alone: no right to approve, no other user.
///
/// # Errors
/// When there is no such user.
pub fn filter(secrets: &Secrets, name: &UserName) -> Result<Secrets, KeygenError> {
    secrets.filtered(name.as_str()).ok_or_else(|| unknown(name, secrets.users().map(|(name, _)| name)))
}

/// The same users, with a new secret for `name`.
///
/// # Errors
/// When there is no such user, or the system gives no random bytes.
pub fn rotate(secrets: &Secrets, name: &UserName) -> Result<Secrets, KeygenError> {
    let secret = random_secret()?;
    secrets.rotated(name.as_str(), secret).ok_or_else(|| unknown(name, secrets.users().map(|(name, _)| name)))
}

fn known(users: &BTreeMap<UserName, User>, name: &UserName) -> Result<UserName, KeygenError> {
    if users.contains_key(name) { Ok(name.clone()) } else { Err(unknown(name, users.keys())) }
}

fn user_mut<'a>(users: &'a mut BTreeMap<UserName, User>, name: &UserName) -> Result<&'a mut User, KeygenError> {
    known(users, name)?;
    users.get_mut(name).ok_or_else(|| unknown(name, std::iter::empty()))
}

fn unknown<'a>(name: &UserName, users: impl Iterator<Item = &'a UserName>) -> KeygenError {
    let known: Vec<_> = users.map(|user| format!("`{user}`")).collect();
    KeygenError::Unknown { name: name.to_string(), known: known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::{Pair, create, filter, random_secret, rotate};
    use ccc_protocol::UserName;
    use ccc_protocol::secrets::Secrets;

    fn names(names: &[&str]) -> Vec<UserName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn made() -> Secrets {
        create(
            &names(&["user", "agent"]),
            &["user=agent".parse().unwrap()],
            &["user=dba,on-call".parse::<Pair>().unwrap()],
        )
        .unwrap()
    }

    #[test]
    fn users_get_secrets_rights_and_roles() {
        let secrets = made();
        assert!(secrets.may_approve("user", "agent") && !secrets.may_approve("agent", "user"));
        assert!(secrets.user("user").unwrap().roles.contains("on-call"));
        let json: serde_json::Value = serde_json::from_str(&secrets.to_file()).unwrap();
        let secret = json["users"]["agent"]["secret"].as_str().unwrap();
        assert!(secret.len() == 64 && secret.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(random_secret().unwrap(), random_secret().unwrap());
    }

    #[test]
    fn a_name_that_is_not_there_is_an_error() {
        let nobody = &names(&["nobody"])[0];
        for error in [
            create(&names(&["user"]), &["user=agent".parse().unwrap()], &[]).unwrap_err(),
            create(&names(&["user"]), &["agent=user".parse().unwrap()], &[]).unwrap_err(),
            create(&names(&["user"]), &[], &["agent=dba".parse().unwrap()]).unwrap_err(),
            filter(&made(), nobody).unwrap_err(),
            rotate(&made(), nobody).unwrap_err(),
        ] {
            assert!(error.to_string().contains("`user`"), "{error}");
        }
    }

    #[test]
    fn nobody_is_made_twice_or_approves_themselves() {
        assert!(create(&names(&["a", "a"]), &[], &[]).unwrap_err().to_string().contains("twice"));
        let own = create(&names(&["a"]), &["a=a".parse().unwrap()], &[]).unwrap_err().to_string();
        assert!(own.contains("nobody approves their own actions"), "{own}");
    }

    #[test]
    fn rotating_changes_one_secret() {
        let before = made();
        let after = rotate(&before, &names(&["agent"])[0]).unwrap();
        assert_ne!(before.user("agent").unwrap().secret, after.user("agent").unwrap().secret);
        assert_eq!(before.user("user"), after.user("user"));
    }

    #[test]
    fn a_pair_has_names_on_both_sides() {
        for text in ["user", "=agent", "user=", "user=a,,b", "a b=c"] {
            assert!(text.parse::<Pair>().is_err(), "{text}");
        }
    }
}
