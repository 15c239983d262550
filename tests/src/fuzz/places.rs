//! Paths of the container and web addresses, as agents write them.

use ccc_core::{
    params::url::parse,
    volume::{Volume, Volumes},
};

/// A path that is taken lies beneath the volume that it is said to lie in, by any name.
///
/// # Panics
/// Where it does not.
pub fn paths(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let volumes = volumes();
    let Ok(located) = volumes.locate("path", text) else { return };
    let segments: Vec<&str> = located.relative.split('/').collect();
    assert!(located.relative.is_empty() || segments.iter().all(|segment| !segment.is_empty()), "{located:?}");
    assert!(segments.iter().all(|segment| !matches!(*segment, "." | "..")), "{located:?}");
    assert!(!located.relative.contains('\0') && located.relative.len() <= 4096, "{located:?}");
    let name = volumes.container_path(located.volume, &located.relative).expect("what was located has a name");
    assert_eq!(volumes.locate("path", &name).ok(), Some(located), "its name means the same place");
}

fn volumes() -> Volumes {
    let list = [("/workspace", "/srv/w"), ("/workspace/cache", "/srv/c"), ("/home/claude", "/srv/h")];
    let list = list.map(|(container, host)| Volume::new(container, host).unwrap());
    Volumes::new(list.to_vec(), Some("/home/claude")).unwrap()
}

/// An address that is taken names one host, to a plain reader of its one form too, and stays as it is when read again.
///
/// # Panics
/// Where it does not.
pub fn urls(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let schemes = ["http", "https", "vscode"].map(str::to_owned);
    let Ok(url) = parse(text, &schemes) else { return };
    assert_eq!(parse(&url.text, &schemes).as_ref(), Ok(&url), "the one form is stable");
    assert!(url.text.bytes().all(|b| b.is_ascii_graphic()), "{url:?}");
    let rest = url.text.strip_prefix(&format!("{}:", url.scheme)).expect("its own scheme");
    let Some(rest) = rest.strip_prefix("//") else { return };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    assert!(!authority.contains('@') && !authority.contains('\\'), "{url:?}");
    let written = authority.strip_suffix(&format!(":{}", url.port.unwrap_or(0))).unwrap_or(authority);
    assert_eq!(written.to_ascii_lowercase(), url.host, "one host");
}
