//! From the text of the file to the config.

use std::{collections::BTreeMap, sync::Arc};

use ccc_protocol::{Digest, duration, visible};
use ccc_toolcall::programs::{
    own::{Own, PROGRAMS_MAX, Taught},
    spec::ProgramSpec,
};
use toml::Spanned;

use super::{
    Audit, Bind, Config, Located, Password, Security, Smtp,
    action::{self, Declared},
    error::{ConfigError, Fault, Position},
    file::{ActionSpec, AuditTable, DesktopTable, File, SmtpTable},
};
use crate::{
    law::Desktop,
    limits::Limits,
    plan::Place,
    risk::patterns::{self, Patterns},
    volume::{Volume, Volumes},
};

/// Reads and checks a config file, as far as it can be without the machine it is for.
///
/// # Errors
/// Where each fault stands, and what to write instead.
pub fn read(text: &str) -> Result<Config, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| syntax_fault(text, &error))?;
    let config = Reading { text }.config(file)?;
    check(&config)?;
    Ok(config)
}

/// What can be checked before programs and volumes are looked up: every declaration, default and rule.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let as_written = |program: &str| Some(program.to_owned());
    let catalogue =
        action::catalogue(&config.actions, &config.limits, &as_written).map_err(|faults| ConfigError { faults })?;
    ConfigError::unless_none(action::check_defaults(&catalogue, &Volumes::default()))?;
    config.risk_law(&catalogue)?;
    config.fence_law()?;
    config.rulebook(&catalogue).map(drop)
}

fn syntax_fault(text: &str, error: &toml::de::Error) -> ConfigError {
    let message = error
        .message()
        .trim()
        .replace('\n', " ")
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key");
    match error.span() {
        Some(span) => Fault::at(Position::of(text, span.start), message).into(),
        None => Fault::anywhere(message).into(),
    }
}

struct Reading<'a> {
    text: &'a str,
}

impl Reading<'_> {
    fn config(&self, file: File) -> Result<Config, ConfigError> {
        check_limits(&file.limits)?;
        Ok(Config {
            bind: self.parse_opt(file.bind, str::parse::<Bind>)?,
            port: file.port,
            socket: file.socket,
            socket_mode: self.parse_opt(file.socket_mode, mode)?,
            socket_group: file.socket_group,
            hosts: file.hosts,
            allow_remote: file.allow_remote,
            secrets: file.secrets,
            data: file.data,
            mail_perms: file.mail_perms,
            policy_overrides: None,
            legacy_signatures: file.legacy_signatures,
            volumes: self.volumes(file.volumes, file.default_volume.as_deref())?,
            default_volume: file.default_volume,
            desktop: self.desktop(file.desktop)?,
            limits: file.limits,
            smtp: self.parse_opt_as(file.smtp, smtp)?,
            audit: self.audit(file.audit)?,
            programs: self.programs(file.programs)?,
            patterns: self.patterns(file.pattern)?,
            actions: self.in_file_order(file.actions).into_iter().map(|action| self.declared(action)).collect(),
            rules: file.rule.into_iter().map(|rule| self.located(rule)).collect(),
            risk: file.risk,
            sequences: file.sequence,
            digest: Some(Digest::of(self.text.as_bytes())),
            fence: file.fence,
        })
    }

    fn volumes(
        &self,
        volumes: BTreeMap<String, Spanned<String>>,
        default: Option<&str>,
    ) -> Result<Vec<(String, String)>, Fault> {
        let ordered = self.in_file_order(volumes);
        let mut checked = vec![];
        for Located { position, value: (container, host) } in &ordered {
            if host.is_empty() || host.contains('\0') {
                return Err(Fault::at(
                    *position,
                    format!("volume `{}` has no host directory", visible::escaped(container)),
                ));
            }
            checked.push(Volume::new(container, host).map_err(|error| Fault::at(*position, error.to_string()))?);
        }
        // A default may also be a volume of the command line: the server checks it again with all of them.
        let default = default.filter(|_| !checked.is_empty());
        match Volumes::new(checked, default) {
            Ok(_) | Err(crate::volume::VolumeError::Default(_)) => {
                Ok(ordered.into_iter().map(|volume| volume.value).collect())
            }
            Err(error) => Err(Fault::anywhere(error.to_string())),
        }
    }

    fn desktop(&self, table: DesktopTable) -> Result<Desktop, Fault> {
        let program = |place: Place, words: Option<Spanned<Vec<String>>>| {
            self.parse_opt_as(words, |words| {
                let (_, arguments) = words.split_first().ok_or_else(|| {
                    format!("`desktop.{}` is empty: write the program and its arguments", place.key())
                })?;
                place.arguments(arguments).map_err(|why| format!("`desktop.{}`: {why}", place.key()))?;
                Ok(words)
            })
        };
        Ok(Desktop {
            editor: program(Place::Editor, table.editor)?,
            browser: program(Place::Browser, table.browser)?,
            terminal: program(Place::Terminal, table.terminal)?,
            mail_from: None,
        })
    }

    fn audit(&self, table: AuditTable) -> Result<Audit, Fault> {
        Ok(Audit {
            key_file: table.key_file,
            checkpoint_file: table.checkpoint_file,
            checkpoint_command: table.checkpoint_command,
            checkpoint_seconds: self.parse_opt(table.checkpoint_every, |text| {
                match duration::parse_seconds(text)? {
                    0 => Err("`checkpoint_every` is 0: write a time such as `1m`".to_owned()),
                    seconds => Ok(seconds),
                }
            })?,
        })
    }

    fn patterns(&self, rows: Vec<Spanned<patterns::Spec>>) -> Result<Arc<Patterns>, ConfigError> {
        if rows.is_empty() {
            return Ok(Patterns::shipped());
        }
        let (positions, rows): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|row| self.located(row)).map(|row| (row.position, row.value)).unzip();
        let fault = |fault: patterns::Fault| match fault.at.and_then(|at| positions.get(at)) {
            Some(position) => Fault::at(*position, fault.what),
            None => Fault::anywhere(fault.what),
        };
        let patterns = Patterns::with(rows);
        patterns.map(Arc::new).map_err(|faults| ConfigError { faults: faults.into_iter().map(fault).collect() })
    }

    fn programs(&self, table: BTreeMap<String, Spanned<ProgramSpec>>) -> Result<Own, ConfigError> {
        if table.len() > PROGRAMS_MAX {
            return Err(Fault::anywhere(format!("`programs` teaches more than {PROGRAMS_MAX} programs")).into());
        }
        let mut faults = vec![];
        let mut taught = vec![];
        for Located { position, value: (name, spec) } in self.in_file_order(table) {
            let at = |why: &String| Fault::at(position, format!("program `{}`: {why}", visible::escaped(&name)));
            match Taught::read(&name, &spec) {
                Ok(program) => taught.push(program),
                Err(whys) => faults.extend(whys.iter().map(at)),
            }
        }
        ConfigError::unless_none(faults)?;
        Ok(taught.into_iter().collect())
    }

    fn declared(&self, located: Located<(String, ActionSpec)>) -> Located<Declared> {
        let (name, mut spec) = located.value;
        let params = self.in_file_order(std::mem::take(&mut spec.params));
        Located { position: located.position, value: Declared { name, spec, params } }
    }

    /// TOML tables have no order of their own; the file has.
    fn in_file_order<T>(&self, table: BTreeMap<String, Spanned<T>>) -> Vec<Located<(String, T)>> {
        let mut entries: Vec<_> = table.into_iter().collect();
        entries.sort_by_key(|(_, value)| value.span().start);
        entries.into_iter().map(|(key, value)| self.located(value).map(|value| (key, value))).collect()
    }

    fn located<T>(&self, spanned: Spanned<T>) -> Located<T> {
        Located { position: Position::of(self.text, spanned.span().start), value: spanned.into_inner() }
    }

    fn parse_opt<T>(
        &self,
        value: Option<Spanned<String>>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Fault> {
        self.parse_opt_as(value, |text| parse(&text))
    }

    fn parse_opt_as<S, T>(
        &self,
        value: Option<Spanned<S>>,
        parse: impl Fn(S) -> Result<T, String>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = value else { return Ok(None) };
        let Located { position, value } = self.located(value);
        parse(value).map(Some).map_err(|why| Fault::at(position, why))
    }
}

impl<T> Located<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Located<U> {
        Located { position: self.position, value: f(self.value) }
    }
}

/// `"0660"`: text, because TOML has no numbers that start with 0.
fn mode(text: &str) -> Result<u32, String> {
    let is_octal = matches!(text.len(), 3..=4) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| is_octal && *mode <= 0o777);
    mode.ok_or_else(|| {
        format!("`socket_mode` is `{}`: write three octal digits in quotes, such as `\"0660\"`", visible::escaped(text))
    })
}

#[expect(clippy::disallowed_methods, reason = "a line break would end the header; a sender's name may hold joiners")]
fn smtp(table: SmtpTable) -> Result<Smtp, String> {
    if table.host.is_empty() {
        return Err("`smtp.host` is empty: write the mail server's name".to_owned());
    }
    if table.from.is_empty() || table.from.chars().any(char::is_control) {
        return Err("`smtp.from` is no sender: write an address such as `agent@example.com`".to_owned());
    }
    if table.user.is_some() != table.password_file.is_some() {
        return Err("`smtp.user` and `smtp.password_file` belong together: write both or neither".to_owned());
    }
    let is_near = matches!(table.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    if table.security == Security::None && table.user.is_some() && !is_near {
        return Err("`smtp.security = \"none\"` would send the password readable: write `starttls` or `tls`".to_owned());
    }
    Ok(Smtp {
        host: table.host,
        port: table.port,
        security: table.security,
        user: table.user,
        password: table.password_file.map(Password::File),
        from: table.from,
    })
}

/// Limits that are 0 would let nothing through; those of which 0 means something are named here.
fn check_limits(limits: &Limits) -> Result<(), Fault> {
    const MAY_BE_ZERO: [&str; 9] = [
        "requests_per_minute_max", "body_bytes_per_request", "approver_connections_reserved", "denial_seconds",
        "open_watch_millis", "open_again_seconds", "grant_seconds_max", "reserve_bytes", "pair_seconds_max",
    ];
    let zero = limits.entries().into_iter().find(|(name, value)| *value == 0 && !MAY_BE_ZERO.contains(name));
    zero.map_or(Ok(()), |(name, _)| {
        Err(Fault::anywhere(format!("`limits.{name}` is 0, which lets nothing through: write a larger number")))
    })
}
