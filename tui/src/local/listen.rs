//! Where the server is, or will listen: where the command line says, else where its config does.

use std::{ffi::OsString, fs, net::IpAddr, path::Path};

use ccc_client::{Address, AddressError, DEFAULT_URL};
use serde::Deserialize;

use super::files::Files;
use crate::cli::Stop;

/// An address, and the options with which a server listens there.
#[derive(Debug)]
pub(super) struct Road {
    pub(super) address: Address,
    pub(super) options: Vec<OsString>,
}

/// What of the config matters here. The rest is the server's to read, and its faults are the server's to tell.
#[derive(Debug, Default, Deserialize)]
struct Listens {
    bind: Option<String>,
    port: Option<u16>,
    socket: Option<String>,
}

/// By this URL where there is one, else by the config.
pub(super) fn road(files: &Files, url: Option<&str>) -> Result<Road, Stop> {
    let read = |text: &str| text.parse().map_err(|error: AddressError| Stop::usage(error.to_string()));
    let address = match url {
        Some(url) => read(url)?,
        None => {
            let text = fs::read_to_string(&files.config).unwrap_or_default();
            configured(&toml::from_str(&text).unwrap_or_default(), files.dir(), read)?
        }
    };
    // Said on the command line, where nothing of the environment counts more.
    let options: Vec<OsString> = match &address {
        Address::Tcp { host, port } => {
            vec!["--bind".into(), bound(host)?.into(), "--port".into(), port.to_string().into()]
        }
        Address::Unix(path) => vec!["--bind".into(), "".into(), "--socket".into(), path.into()],
    };
    Ok(Road { address, options })
}

fn configured(config: &Listens, dir: &Path, read: impl Fn(&str) -> Result<Address, Stop>) -> Result<Address, Stop> {
    match (config.bind.as_deref(), config.port, &config.socket) {
        (Some(""), _, Some(socket)) => Ok(Address::Unix(beside(dir, socket))),
        (Some(""), ..) => Err(Stop::usage("the config has `bind = \"\"` and no `socket`: nobody could be answered")),
        (_, Some(0), _) => {
            Err(Stop::usage("the config has `port = 0`: `--local` needs a port that is known; name one"))
        }
        (None, None, _) => read(DEFAULT_URL),
        (bind, port, _) => {
            let default: Address = read(DEFAULT_URL)?;
            let Address::Tcp { host, port: usual } = default else { return Ok(default) };
            let host = bind.map_or(host, |bind| match bind.parse::<IpAddr>() {
                // Listening everywhere, it is reached here too.
                Ok(ip) if ip.is_unspecified() => "localhost".to_owned(),
                _ => bind.to_owned(),
            });
            Ok(Address::Tcp { host, port: port.unwrap_or(usual) })
        }
    }
}

/// A path as the server reads it in its config.
fn beside(dir: &Path, text: &str) -> std::path::PathBuf {
    let home = text.strip_prefix("~/").zip(std::env::var_os("HOME"));
    home.map_or_else(|| dir.join(text), |(rest, home)| Path::new(&home).join(rest))
}

/// The address to bind for a server that is to be reached at this host.
fn bound(host: &str) -> Result<String, Stop> {
    match host {
        "localhost" => Ok("127.0.0.1".to_owned()),
        host if host.parse::<IpAddr>().is_ok() => Ok(host.to_owned()),
        other => Err(Stop::usage(format!("`--local` is for this machine: `{other}` is another's name"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn road_of(config: &str, url: Option<&str>) -> Result<(String, Vec<String>), String> {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::in_dir(dir.path());
        fs::write(&files.config, config).unwrap();
        let road = road(&files, url).map_err(|stop| stop.words)?;
        let options = road.options.into_iter().map(|option| option.into_string().unwrap());
        let here = dir.path().to_str().unwrap();
        Ok((road.address.to_string().replace(here, "DIR"), options.map(|option| option.replace(here, "DIR")).collect()))
    }

    #[test]
    fn the_config_says_where_unless_the_command_line_does() {
        for (config, url, address, options) in [
            ("", None, "http://localhost:3015", vec!["--bind", "127.0.0.1", "--port", "3015"]),
            ("port = 4000", None, "http://localhost:4000", vec!["--bind", "127.0.0.1", "--port", "4000"]),
            ("bind = '127.0.0.2'", None, "http://127.0.0.2:3015", vec!["--bind", "127.0.0.2", "--port", "3015"]),
            ("bind = '0.0.0.0'", None, "http://localhost:3015", vec!["--bind", "127.0.0.1", "--port", "3015"]),
            ("bind = ''\nsocket = 'run/s'", None, "unix://DIR/run/s", vec!["--bind", "", "--socket", "DIR/run/s"]),
            (
                "port = 4000",
                Some("http://127.0.0.1:5000"),
                "http://127.0.0.1:5000",
                vec!["--bind", "127.0.0.1", "--port", "5000"],
            ),
            ("no toml at all", None, "http://localhost:3015", vec!["--bind", "127.0.0.1", "--port", "3015"]),
        ] {
            let options = options.into_iter().map(str::to_owned).collect();
            assert_eq!(road_of(config, url), Ok((address.to_owned(), options)), "{config} {url:?}");
        }
    }

    #[test]
    fn where_nobody_could_be_found_nothing_is_started() {
        for (config, url, said) in [
            ("bind = ''", None, "no `socket`"),
            ("port = 0", None, "port = 0"),
            ("", Some("http://bridge.example:3015"), "this machine"),
        ] {
            let error = road_of(config, url).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
