//! Reading the files of a setup. A file that others can read is refused where it holds a secret.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ccc_core::{
    config::{self, Config, Password, Smtp},
    desk::MailPermissions,
};
use ccc_protocol::{private_file::Exposure, secrets::Secrets, visible};
use zeroize::Zeroizing;

use super::SetupError;
use crate::private_file::{self, Content};

/// The config, and what would expose a secret in it; a `.json` has the seed's keys.
pub(super) fn read_config(path: &Path) -> Result<(Config, Option<Exposure>), SetupError> {
    let Content { bytes, exposure } = private_file::read_any(path).map_err(unreadable("the config", path))?;
    let text = text("the config", path, &bytes)?;
    let is_seeds = path.extension().is_some_and(|extension| extension == "json");
    let config = if is_seeds { config::read_seed_json(&text) } else { config::read(&text) };
    config
        .map(|config| (config, exposure))
        .map_err(|error| SetupError(error.faults.iter().map(|fault| format!("{}: {fault}", path.display())).collect()))
}

/// Takes the seed's policy overrides in. Gives a sentence for each that means nothing here.
pub(super) fn adopt_seed_overrides(config: &mut Config, path: &Path) -> Result<Vec<String>, SetupError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(format!("the policy overrides {} cannot be read: {error}", path.display()).into()),
    };
    let overrides = config::read_seed_overrides(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let unknown = config.override_as_seed(&overrides);
    Ok(unknown
        .into_iter()
        .map(|name| format!("{}: `{}` is no action or group here", path.display(), visible::escaped(&name)))
        .collect())
}

/// The secrets file, which only its owner can read.
pub(super) fn read_secrets(path: &Path) -> Result<Secrets, SetupError> {
    let shown = path.display();
    let content = private_file::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no secrets file {shown}; make one with `ccc-keygen --create user,agent --can-approve user=agent --output {shown}`"),
        _ => format!("the secrets file {shown} cannot be read: {error}"),
    })?;
    owners_alone("the secrets file", path, content.exposure)?;
    Secrets::parse(&content.bytes)
        .map_err(|error| SetupError(error.to_string().lines().map(|line| format!("{shown}: {line}")).collect()))
}

/// The mail server with its password read, so that a missing file shows now and not at the first mail. One that stands in
/// the config itself, as the seed has it, makes that a private file.
pub(super) fn with_password(
    smtp: Smtp,
    file: Option<&Path>,
    config: Option<(&Path, Option<Exposure>)>,
) -> Result<Smtp, SetupError> {
    let Some(path) = file else {
        if let (Some(_), Some((config, exposure))) = (&smtp.password, config) {
            owners_alone("the config, which holds the mail password", config, exposure)?;
        }
        return Ok(smtp);
    };
    let what = "the mail password";
    let Content { bytes, exposure } = private_file::read(path).map_err(unreadable(what, path))?;
    owners_alone(what, path, exposure)?;
    let password = text(what, path, &bytes)?.lines().next().unwrap_or_default().to_owned();
    Ok(Smtp { password: Some(Password::Inline(password)), ..smtp })
}

fn owners_alone(what: &str, path: &Path, exposure: Option<Exposure>) -> Result<(), SetupError> {
    match exposure {
        None => Ok(()),
        Some(Exposure::Open) => Err(format!("others can read {what}; run `chmod 600 {}`", path.display()).into()),
        Some(exposure) => Err(format!("{what} {} cannot be used: {exposure}", path.display()).into()),
    }
}

/// The file wins over what is stored; one that is not there yet permits nothing.
pub(crate) fn read_mail_permissions(path: PathBuf) -> Result<(PathBuf, MailPermissions), SetupError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, MailPermissions::default())),
        Err(error) => return Err(format!("the mail permissions {} cannot be read: {error}", path.display()).into()),
    };
    match serde_json::from_str(&text) {
        Ok(permissions) => Ok((path, permissions)),
        Err(error) => Err(format!(
            "{}: {error}; write `{{\"allowed\":[{{\"user\":NAME,\"to\":ADDRESS,\"topic\":TEXT or null}}]}}`",
            path.display()
        )
        .into()),
    }
}

fn text(what: &str, path: &Path, bytes: &[u8]) -> Result<Zeroizing<String>, SetupError> {
    let text = std::str::from_utf8(bytes).map(|text| Zeroizing::new(text.to_owned()));
    text.map_err(|error| unreadable(what, path)(io::Error::other(error)))
}

fn unreadable(what: &str, path: &Path) -> impl Fn(io::Error) -> SetupError {
    move |error| format!("{what} {} cannot be read: {error}", path.display()).into()
}
