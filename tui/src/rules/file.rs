//! The config on this machine: read, and written whole or not at all.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use ccc_client::{Address, private_file};

/// Writes the file whole or not at all, with what it was beside it. Where it is no longer what was read, nothing is written.
pub(crate) fn put(file: &Path, config: &str, added: &str) -> io::Result<PathBuf> {
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
pub(crate) fn is_here(address: &Address) -> bool {
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
