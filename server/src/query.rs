//! What stands behind the `?` of a request target: values by name, each at most once, none unknown.

use ccc_core::refusal::Refusal;
use ccc_protocol::visible;

use crate::head::malformed;

/// Reads `query`, whose parameters are `names`, in any order.
///
/// # Errors
/// When a parameter is unknown, given twice, or not a whole number.
pub(crate) fn read<const N: usize>(query: &str, names: [&str; N]) -> Result<[Option<u64>; N], Refusal> {
    let mut numbers = [None; N];
    let written = read_as_written(query, names)?;
    for ((number_of, written), name) in numbers.iter_mut().zip(written).zip(names) {
        *number_of = written.map(|written| number(name, written)).transpose()?;
    }
    Ok(numbers)
}

/// The same with each value as it stands there.
///
/// # Errors
/// When a parameter is unknown or given twice.
pub(crate) fn read_as_written<'a, const N: usize>(
    query: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], Refusal> {
    let mut values = [None; N];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = names.iter().zip(&mut values).find(|(known, _)| **known == name);
        let Some((_, place)) = place else {
            return Err(unknown(name, &names));
        };
        if place.replace(value).is_some() {
            return Err(malformed(format!("the query gives `{name}` twice; give it once")));
        }
    }
    Ok(values)
}

/// The value of `name` as a whole number.
///
/// # Errors
/// Where it is none, or one that not every JSON reader holds exactly.
pub(crate) fn number(name: &str, value: &str) -> Result<u64, Refusal> {
    whole_number(value)
        .ok_or_else(|| malformed(format!("the query's `{name}` is not a whole number from 0 to {NUMBER_MAX}")))
}

/// The text as a whole number of at most [`NUMBER_MAX`], in digits alone.
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= NUMBER_MAX)
}

/// As in bodies: larger ones are no longer exact in a double.
const NUMBER_MAX: u64 = (1 << 53) - 1;

fn unknown(name: &str, names: &[&str]) -> Refusal {
    let name = visible::excerpt(name, 80);
    match names {
        [] => malformed(format!("this path takes no query, not `{name}`")),
        _ => malformed(format!("the query's `{name}` is not known here; write {}", names.join(" or "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_name() {
        assert_eq!(read("limit=5&after=41", ["after", "limit"]).unwrap(), [Some(41), Some(5)]);
        assert_eq!(read("", ["after", "limit"]).unwrap(), [None, None]);
        assert_eq!(read("after=9007199254740991", ["after"]).unwrap(), [Some(NUMBER_MAX)]);
    }

    #[test]
    fn a_query_with_two_readings_is_refused() {
        for query in [
            "after=1&after=2", "after=", "after", "after=-1", "after=+1", "after=1%20", "after=99999999999999999999",
            "after=9007199254740992", "before=1", "After=1", "after=1;limit=2",
        ] {
            assert!(read(query, ["after", "limit"]).is_err(), "{query}");
        }
        assert!(read("x=1", []).is_err());
    }
}
