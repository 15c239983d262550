//! `suggest`: lasting rules of what was approved again and again, printed as the lines that go into the config, or written there.
//! The rules are made in `ccc_core::suggest`; the log is read as every approver reads it, and the config where it lies on this machine.

use std::{
    fs,
    io::{self, IsTerminal as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use ccc_client::{Address, Bridge, config_dir, private_file};
use ccc_core::suggest::{Seen, Suggestion, Tried, add_lines, suggest};
use ccc_protocol::{Timestamp, bodies::AuditList, exit};

use super::{ask, print};
use crate::{
    cli::{Stop, Suggest},
    text::{Row, Tone, Untrusted, Visible},
};

/// Of so many days.
const DAYS: i64 = 30;
const DAY_MILLIS: i64 = 86_400_000;

pub(super) fn run(bridge: &Bridge, wanted: &Suggest) -> Result<u8, Stop> {
    let file = wanted.config.clone().or_else(|| Some(config_dir()?.join("config.toml")).filter(|path| path.exists()));
    let config = file.as_deref().map(read).transpose()?;
    if config.is_none() {
        print::words(&Row::new().with(
            Tone::Plain,
            "no config on this machine: rules are made as if it were empty; name it with `--config FILE`",
        ));
    }
    let found = suggest(&seen(bridge)?, config.as_deref().unwrap_or_default()).map_err(|error| {
        let faults: Vec<String> = error.faults.iter().map(ToString::to_string).collect();
        Stop::usage(format!("the config cannot be read: {}", faults.join("; ")))
    })?;
    match (wanted.write, &file, &config) {
        (None, ..) => tell(&found, wanted.json),
        (Some(number), Some(file), Some(config)) => write(bridge, &found, number.get(), file, config),
        (Some(_), ..) => Err(Stop::usage("no config on this machine to write to; name it with `--config FILE`")),
    }
}

/// What was asked in the last days, and what people said.
fn seen(bridge: &Bridge) -> Result<Seen, Stop> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let since = Timestamp::from_millis(now.saturating_sub(DAYS * DAY_MILLIS));
    let mut seen = Seen::default();
    let mut after = Some(before(bridge, since)?);
    while let Some(seq) = after {
        let page = bridge.audit(Some(seq))?;
        for entry in &page.entries {
            // An entry always has a JSON form, and its kind stands in it as in the log.
            seen.take(&serde_json::to_string(entry).unwrap_or_default(), since);
        }
        after = page.next.filter(|next| *next > seq);
    }
    Ok(seen)
}

/// A number of the log behind which everything since then lies. Where the owner accepted the clock time goes back in it, and older
/// entries may come along.
fn before(bridge: &Bridge, since: Timestamp) -> Result<u64, Stop> {
    let first: AuditList = bridge.audit(Some(0))?;
    let is_old = |page: &AuditList| page.entries.first().is_some_and(|entry| entry.at < since);
    let (mut low, mut high) = (0, first.seq);
    if !is_old(&first) || first.next.is_none() {
        return Ok(0);
    }
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        match is_old(&bridge.audit(Some(middle))?) {
            true => low = middle,
            false => high = middle,
        }
    }
    Ok(low)
}

fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| Stop::usage(format!("the config {}: {error}", path.display())))
}

fn tell(found: &[Suggestion], json: bool) -> Result<u8, Stop> {
    if json {
        print::json(&found)?;
        return Ok(exit::SUCCEEDED);
    }
    if found.is_empty() {
        print::words(&Row::new().with(Tone::Plain, "nothing was approved so often that a rule would save questions"));
    }
    for (number, suggestion) in (1_u64..).zip(found) {
        let mut rows = vec![Row::new().with(Tone::Title, head(number, suggestion))];
        rows.extend(suggestion.lines().lines().map(|line| Row::new().with(Tone::Plain, Untrusted(line).line())));
        rows.push(Row::new());
        print::rows(&rows)?;
    }
    Ok(exit::SUCCEEDED)
}

/// A comment of TOML, so that what is printed can stand in the config as it is.
fn head(number: u64, suggestion: &Suggestion) -> Visible {
    let text = match suggestion {
        Suggestion::Rule { approved, tried: Tried { asked, passed, denied, denied_passed }, .. } => format!(
            "# {number}: approved {approved} times; in {DAYS} days it would have passed {passed} of {asked} asked, \
             {denied_passed} of {denied} denied"
        ),
        Suggestion::Program { approved, .. } => {
            format!("# {number}: approved {approved} times, and not known; say in `does` what it does")
        }
    };
    Untrusted(&text).line()
}

fn write(bridge: &Bridge, found: &[Suggestion], number: u64, file: &Path, config: &str) -> Result<u8, Stop> {
    if !is_here(bridge.address()) {
        return Err(Stop::usage(
            "the server is not on this machine: print the lines, and add them to its config there",
        ));
    }
    let place = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let Some(suggestion) = found.get(place) else {
        return Err(Stop::usage(format!("there is no suggestion {number}; `ccc-queue suggest` shows them")));
    };
    if matches!(suggestion, Suggestion::Program { .. }) {
        return Err(Stop::usage(
            "a program's lines are yours to write: `does` says what it does, and nobody else knows",
        ));
    }
    let added = add_lines(config, suggestion.lines()).map_err(Stop::usage)?;
    if !agrees(number, suggestion, file)? {
        return Ok(exit::queue::NOT_DONE);
    }
    let backup = put(file, config, &added).map_err(|error| Stop::usage(format!("nothing was written: {error}")))?;
    let told = format!("added to {}; as it was before: {}", file.display(), backup.display());
    print::words(&Row::new().with(Tone::Good, Untrusted(&told).line()));
    Ok(exit::SUCCEEDED)
}

/// Shown whole, then asked: a rule decides for longer than any answer.
fn agrees(number: u64, suggestion: &Suggestion, file: &Path) -> Result<bool, Stop> {
    if !io::stdin().is_terminal() {
        return Err(Stop::usage("there is no terminal to ask on; add the lines to the config yourself"));
    }
    let lines = suggestion.lines().lines().map(|line| Row::new().with(Tone::Plain, Untrusted(line).line()));
    print::rows(
        &std::iter::once(Row::new().with(Tone::Title, head(number, suggestion))).chain(lines).collect::<Vec<_>>(),
    )?;
    let question = format!("add this to {}? y, or anything else for no:", file.display());
    ask::answered(&Row::new().with(Tone::Plain, Untrusted(&question).line()), "y")
}

/// Writes the file whole or not at all, with what it was beside it. Where it is no longer what was read, nothing is written.
fn put(file: &Path, config: &str, added: &str) -> io::Result<PathBuf> {
    if fs::read_to_string(file)? != config {
        return Err(io::Error::other("the config was changed meanwhile; look again"));
    }
    let mode = fs::metadata(file)?.permissions().mode() & 0o7777;
    let mut backup = file.as_os_str().to_owned();
    backup.push(".before");
    let backup = PathBuf::from(backup);
    private_file::replace(&backup, config, mode)?;
    private_file::replace(file, added, mode)?;
    Ok(backup)
}

/// True where the server's own machine is this one.
fn is_here(address: &Address) -> bool {
    match address {
        Address::Tcp { host, .. } => {
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_replaced_whole_and_kept_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        fs::write(&file, "# old\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let backup = put(&file, "# old\n", "# old\n# new\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "# old\n# new\n");
        assert_eq!(fs::read_to_string(&backup).unwrap(), "# old\n");
        for path in [&file, &backup] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o640);
        }
        assert!(put(&file, "# old\n", "# other\n").is_err(), "somebody changed it");
        assert_eq!(fs::read_to_string(&file).unwrap(), "# old\n# new\n");
    }

    #[test]
    fn a_server_elsewhere_has_its_config_elsewhere() {
        for (url, here) in [
            ("http://localhost:3015", true),
            ("http://127.0.0.1:3015", true),
            ("http://[::1]:3015", true),
            ("unix:///run/ccc.sock", true),
            ("http://172.17.0.1:3015", false),
            ("http://host.example:3015", false),
        ] {
            assert_eq!(is_here(&url.parse().unwrap()), here, "{url}");
        }
    }
}
