//! What a confined program reaches, with these parameters.

use ccc_protocol::bodies::{PathView, Reach};

use crate::{
    catalogue::{Given, Wanted},
    params::{Arg, Args},
};

/// What is shown, covered by the digest, and given: the volumes that paths lie in, and what the declaration adds.
pub(super) fn of(wanted: &Wanted, args: &Args, paths: &[PathView]) -> Option<Reach> {
    let level = wanted.confined?;
    let mut read = vec![];
    for path in paths {
        push(&mut read, path.volume.clone());
    }
    places(&wanted.read, args).for_each(|place| push(&mut read, place));
    let mut write = vec![];
    places(&wanted.write, args).for_each(|place| push(&mut write, place));
    Some(Reach { level, read, write, network: wanted.network })
}

fn push(places: &mut Vec<String>, place: String) {
    if !places.contains(&place) {
        places.push(place);
    }
}

/// A parameter that was not given gives nothing.
fn places<'a>(given: &'a [Given], args: &'a Args) -> impl Iterator<Item = String> + 'a {
    given.iter().filter_map(|given| match given {
        Given::Host(path) => Some(path.clone()),
        Given::Param { name, is_file } => match args.named(name)? {
            Arg::Path(path) if *is_file => Some(directory_of(&path.host).to_owned()),
            Arg::Path(path) => Some(path.host.clone()),
            _ => None,
        },
    })
}

/// A file lies beneath its volume, so that its directory is the volume or lies beneath it.
fn directory_of(file: &str) -> &str {
    file.rsplit_once('/').map_or(file, |(directory, _)| directory)
}
